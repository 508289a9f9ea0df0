//! The error of a failed statement: the problem, its place, and the fix, the same for every database and
//! without a driver's words.

use serde_json::{Value, json};
use stepwell_tests::servers::{self, Database, PASSWORD};

use crate::support::{Running, Site, told};

const CONTENT: &[&str] = &[
    "CREATE TABLE t (id int PRIMARY KEY, name varchar(5) NOT NULL, n numeric(5,2) CHECK (n < 900))",
    "CREATE TABLE u (id int REFERENCES t (id), day date)",
    "INSERT INTO t VALUES (1, 'a', 1.50)",
];

/// Texts that no message shows: the words of drivers, of Rust and of the system.
const INNARDS: &[&str] = &[
    "::",
    "Error {",
    "Some(",
    "None",
    "Db(",
    "ErrorCode",
    "rusqlite",
    "sqlite3_",
    "tokio",
    "mysql_async",
    "tiberius",
    "os error",
    "check the manual",
    "thread '",
    "SqlInput",
    "DbError",
    "Kind",
    ".rs",
];

async fn sites() -> Vec<(&'static str, Running, Option<Database>)> {
    let policy = "sql: [{connection: db, mode: ddl, scripts: true}]";
    let site = Site::new().database("db.sqlite", &(CONTENT.join(";") + "; PRAGMA foreign_keys = ON"));
    let site = site.config("connections: {db: {type: sqlite, path: db.sqlite}}").policy("sql", policy);
    let mut sites = vec![("sqlite", site.host().await, None)];
    for database in [servers::postgres().await, servers::mysql().await].into_iter().flatten() {
        database.fill(CONTENT).await;
        if database.kind == "postgres" {
            for table in ["t", "u"] {
                database.fill(&[&format!("ALTER TABLE {table} OWNER TO {}", database.name)]).await;
            }
        }
        let site = Site::new().file("password", PASSWORD);
        let site = site.config(&format!("connections: {{db: {}}}", database.connection("")));
        sites.push((database.kind, site.policy("sql", policy).host().await, Some(database)));
    }
    sites
}

fn step(config: &Value) -> Value {
    let mut step = json!({"type": "sql", "connection_name": "db"});
    step.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    step
}

/// A failing statement: the databases, the configuration, and the parts of the message.
type Case<'a> = (&'a [&'a str], Value, &'a [&'a str]);

const ALL: &[&str] = &["sqlite", "postgres", "mysql"];
const SERVERS: &[&str] = &["postgres", "mysql"];
const SQLITE: &[&str] = &["sqlite"];
const POSTGRES: &[&str] = &["postgres"];
const MYSQL: &[&str] = &["mysql"];

fn cases() -> Vec<Case<'static>> {
    let query = |text: &str| json!({"query": text});
    vec![
        (ALL, query("SELECT *\nFORM t"), &["line 2: ", "FORM", "syntax error"]),
        (ALL, query("SELECT id,\n  name\nFROM t WHERE"), &["syntax error"]),
        (ALL, query("SELECT * FROM missing"), &["missing", "check the name"]),
        (POSTGRES, query("SELECT 1\nFROM missing"), &["line 2: ", "as in \"Orders\""]),
        (ALL, query("SELECT nope FROM t"), &["nope", "check the name; a text stands in single quotes"]),
        (ALL, query("SELECT id FROM t JOIN u ON t.id = u.id"), &["ambiguous", "as in t.id"]),
        (ALL, query("SELECT nofunction(1)"), &["nofunction", "check the name and its arguments"]),
        (POSTGRES, query("SELECT name, count(*) FROM t"), &["GROUP BY"]),
        (ALL, query("INSERT INTO t VALUES (1, 'b', 1)"), &["a row with this key exists"]),
        (ALL, query("INSERT INTO t VALUES (2, NULL, 1)"), &["name", "give the column a value or a DEFAULT"]),
        (ALL, query("INSERT INTO t VALUES (2, 'b', 950)"), &["t"]),
        (SERVERS, query("INSERT INTO u VALUES (9, NULL)"), &["write the row that it points to first"]),
        (SERVERS, query("INSERT INTO t VALUES (2, 'abcdefg', 1)"), &["shorten the value"]),
        (SERVERS, query("INSERT INTO t VALUES (2, 'b', 12345)"), &["take a wider type"]),
        (SERVERS, query("INSERT INTO u VALUES (1, 'someday?')"), &["someday?"]),
        (ALL, query("CREATE TABLE t (n int)"), &["exists", "choose another name"]),
        (POSTGRES, query("SELECT 1 / 0"), &["write a / NULLIF(b, 0)"]),
        (POSTGRES, query("SELECT 1 = 'a'::text"), &["CAST(x AS type)"]),
        (
            POSTGRES,
            query("SELECT CASE WHEN true THEN 1 ELSE date '2026-01-01' END"),
            &["write CAST(x AS type)"],
        ),
        (SQLITE, query("SELECT abs(1, 2)"), &["check the name and its arguments"]),
        (SQLITE, query("SELECT 9223372036854775807 + abs(-9223372036854775807 - 1)"), &["integer overflow"]),
        (MYSQL, query("SELECT 18446744073709551615 + 1"), &["take a wider type"]),
        (MYSQL, query("INSERT INTO t VALUES (2, 'b', 'x')"), &["x", "n"]),
        (ALL, query("SELECT 'a"), &["is not closed"]),
        (SQLITE, query("SELECT 'a\0b'"), &["the character NUL in it: take it out"]),
        (SQLITE, json!({"script": "SELECT 1;\nSELECT 'a\0b'"}), &["the character NUL in it: take it out"]),
        (MYSQL, query("SHOW GRANTS"), &["denied by policy: `SHOW GRANTS` is not for steps"]),
        (MYSQL, query("SHOW CREATE USER"), &["is not for steps"]),
        (MYSQL, query("SELECT * FROM mysql.global_priv"), &["holds accounts and their passwords"]),
        (MYSQL, query("CREATE TABLE x (n int) DATA DIRECTORY='/tmp'"), &["names a directory of the server"]),
        (SERVERS, query("SELECT 1,\n 'a"), &["line 2: `'a` is not closed by `'`"]),
        (ALL, json!({"query": "SELECT :a", "parameters": {"b": 1}}), &["parameter `:"]),
        (
            POSTGRES,
            json!({"query": "SELECT 5 = :n", "parameters": {"n": "abc"}}),
            &["the parameter `:n` is `abc`", "`int4`"],
        ),
        (POSTGRES, json!({"query": "SELECT :n", "parameters": {"n": [1]}}), &["`:n`", "CAST(:name AS"]),
        (
            ALL,
            json!({"script": "SELECT 1;\n\n-- the second\nSELECT 2;\nSELECT nope\n  FROM t;"}),
            &["statement 3 of the script, line 5: ", "nope"],
        ),
        (
            ALL,
            json!({"script": "SELECT 1;\nINSERT INTO t\nVALUES (1, 'b', 1)"}),
            &["statement 2 of the script, line 2: "],
        ),
        (
            ALL,
            json!({"script": "SELECT 1;\n\n  SELECT\n* FORM t;"}),
            &["statement 2 of the script, line 4: ", "FORM"],
        ),
        (ALL, json!({"load": {"file": "/nowhere/a.csv", "table": "t"}}), &["cannot read /nowhere/a.csv: "]),
        (SQLITE, json!({"procedure": "p"}), &["SQLite has no procedures"]),
        (SERVERS, json!({"procedure": "nothing.p"}), &["nothing"]),
    ]
}

#[tokio::test]
async fn a_statement_that_fails_says_what_where_and_what_to_write_instead() {
    let mut wrong = Vec::new();
    for (kind, site, _database) in sites().await {
        for (kinds, config, parts) in cases() {
            if !kinds.contains(&kind) {
                continue;
            }
            let end = site.step(step(&config)).await;
            let message = told(&end);
            let lacks = parts.iter().filter(|part| !message.contains(**part));
            let shows = INNARDS
                .iter()
                .filter(|word| message.contains(**word) && !config.to_string().contains(**word));
            let problems: Vec<String> = lacks
                .map(|part| format!("lacks `{part}`"))
                .chain(shows.map(|word| format!("shows `{word}`")))
                .collect();
            if end.outcome.is_success() || !problems.is_empty() {
                wrong.push(format!("{kind} {config}:\n  {message}\n  {}", problems.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `BIT` of MySQL and MariaDB is the same number, however a statement selects it.
#[tokio::test]
async fn bits_are_numbers_however_they_are_selected() {
    let Some(database) = servers::mysql().await else { return };
    database
        .fill(&[
            "CREATE TABLE bits (k int, b1 bit(1), b8 bit(8) NOT NULL, b64 bit(64))",
            "INSERT INTO bits VALUES (1, b'1', 53, ~0), (1, b'0', 5, 7), (2, NULL, 200, 0), (2, b'1', 48, NULL)",
            "CREATE VIEW shown AS SELECT k, COALESCE(b8, 0 + b8) AS v, MAX(b8) AS m FROM bits GROUP BY k, b8",
            "CREATE FUNCTION five() RETURNS bit(8) DETERMINISTIC RETURN 53",
        ])
        .await;
    let site = Site::new().file("password", PASSWORD);
    let site = site.config(&format!("connections: {{db: {}}}", database.connection("")));
    let site = site.policy("sql", "sql: [{connection: db, mode: read}]").host().await;
    let all = "5,48,53,200";
    for (query, wanted) in [
        ("SELECT b8 AS v FROM bits ORDER BY k, b8", "5,53,48,200"),
        ("SELECT b8 AS v FROM bits ORDER BY b8 + 0", all),
        ("SELECT (SELECT b8 FROM bits WHERE b8 = 5) AS v", "5"),
        ("SELECT (SELECT b8 FROM bits WHERE b8 = 53) AS v", "53"),
        ("SELECT (SELECT b1 FROM bits WHERE b8 = 53) AS v", "1"),
        ("SELECT (SELECT b64 FROM bits WHERE b8 = 53) AS v", "18446744073709551615"),
        ("SELECT (SELECT b64 FROM bits WHERE b8 = 5) AS v", "7"),
        ("SELECT MAX(b8) AS v FROM bits WHERE k = 1", "53"),
        ("SELECT MIN(b8) AS v FROM bits", "5"),
        ("SELECT COALESCE(b8, b8) AS v FROM bits ORDER BY b8", all),
        ("SELECT IF(k = 1, b8, b8) AS v FROM bits ORDER BY b8", all),
        ("SELECT CASE WHEN true THEN b8 END AS v FROM bits ORDER BY b8", all),
        ("SELECT DISTINCT b8 AS v FROM bits ORDER BY b8", all),
        ("SELECT b8 AS v FROM bits GROUP BY b8", all),
        ("SELECT MAX(b8) AS v FROM bits GROUP BY k ORDER BY k", "53,200"),
        ("SELECT MAX(b8) AS v FROM bits GROUP BY k WITH ROLLUP", "53,200,200"),
        ("SELECT v FROM (SELECT b8 AS v FROM bits) q ORDER BY v", all),
        ("SELECT v FROM (SELECT COALESCE(b8, b8) AS v FROM bits) q ORDER BY v + 0", all),
        ("SELECT v FROM (SELECT MAX(b8) AS v FROM bits) q", "200"),
        ("WITH c AS (SELECT b8 AS v FROM bits) SELECT v FROM c ORDER BY v", all),
        ("WITH c AS (SELECT b8 AS v FROM bits) SELECT (SELECT MIN(v) FROM c) AS v", "5"),
        ("SELECT b8 AS v FROM bits WHERE k = 1 UNION SELECT b8 FROM bits ORDER BY 1", all),
        (
            "SELECT b8 AS v FROM bits WHERE k = 1 UNION ALL SELECT COALESCE(b8, b8) FROM bits WHERE b8 = 48",
            "53,5,48",
        ),
        (
            "SELECT (SELECT b8 FROM bits WHERE b8 = 53) AS v UNION ALL SELECT b8 FROM bits WHERE b8 = 5",
            "53,5",
        ),
        ("SELECT MAX(b8) OVER (PARTITION BY k) AS v FROM bits ORDER BY k, b8", "53,53,200,200"),
        ("SELECT LAG(b8, 0) OVER (ORDER BY b8) AS v FROM bits ORDER BY b8", all),
        ("SELECT FIRST_VALUE(b8) OVER (ORDER BY k, b8 DESC) AS v FROM bits WHERE k = 1", "53,53"),
        ("SELECT COALESCE(MAX(b8) OVER (), 0) AS v FROM bits LIMIT 1", "200"),
        ("SELECT (SELECT b8 FROM bits WHERE b8 = 5) AS v, ROW_NUMBER() OVER () AS n FROM bits LIMIT 1", "5"),
        ("SELECT v FROM shown ORDER BY v + 0", all),
        ("SELECT m AS v FROM shown ORDER BY m", all),
        ("SELECT five() AS v", "53"),
        ("SELECT b.b8 AS v FROM bits a LEFT JOIN bits b ON a.b8 = b.b8 ORDER BY 1", all),
        ("SELECT CAST(b8 AS UNSIGNED) AS v FROM bits ORDER BY 1", all),
        ("SELECT b8 + 0 AS v FROM bits ORDER BY 1", all),
    ] {
        let end = site.step(step(&json!({"query": query}))).await;
        let rows = end.produced.output.as_array().unwrap_or_else(|| panic!("{query}: {}", told(&end)));
        let shown = |row: &Value| row["v"].as_str().map_or_else(|| row["v"].to_string(), str::to_owned);
        assert_eq!(rows.iter().map(shown).collect::<Vec<_>>().join(","), wanted, "{query}");
    }
}
