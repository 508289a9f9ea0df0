//! Values that a column or a parameter would change silently: they are refused, and the message names the place and
//! the fix. The texts that the rules accept are compared with what the database then holds.

use serde_json::{Value, json};
use stepwell_tests::servers::{self, Database, PASSWORD};

use crate::support::{Running, Site, told};

const POLICY: &str = "profile: large\nsql: [{connection: db, mode: ddl, scripts: true}]\nfiles:
- {mount: /in, source: in, access: read}
- {mount: /out, source: out, access: write}";

async fn sites() -> Vec<(&'static str, Running, Option<Database>)> {
    let with_files = |site: Site| site.file("in/.here", "").file("out/.here", "");
    let site = with_files(Site::new()).database("db.sqlite", "CREATE TABLE unused (n)");
    let site = site.config("connections: {db: {type: sqlite, path: db.sqlite}}");
    let mut sites = vec![("sqlite", site.policy("sql, data_processing", POLICY).host().await, None)];
    for database in [servers::postgres().await, servers::mysql().await].into_iter().flatten() {
        let site = with_files(Site::new()).file("password", PASSWORD);
        let site = site.config(&format!("connections: {{db: {}}}", database.connection("")));
        sites.push((database.kind, site.policy("sql, data_processing", POLICY).host().await, Some(database)));
    }
    sites
}

fn step(config: &Value) -> Value {
    let mut step = json!({"type": "sql", "connection_name": "db"});
    step.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    step
}

async fn done(site: &Running, config: Value) -> Value {
    let end = site.step(step(&config)).await;
    assert!(end.outcome.is_success(), "{config}: {}", told(&end));
    end.produced.output.clone()
}

/// The type of a column, a value of a file, and what the column then shows, or a part of the refusal.
type Case = (&'static str, &'static str, Result<&'static str, &'static str>);

const POSTGRES: &[Case] = &[
    ("varchar(3)", "abc", Ok("abc")),
    ("varchar(3)", "abc  ", Err("ends in spaces beyond 3 characters")),
    ("char(3)", "abc  ", Err("ends in spaces beyond 3 characters")),
    ("\"char\"", "a", Ok("a")),
    ("\"char\"", "abc", Err("keeps 1 byte")),
    ("name", "a234567890123456789012345678901234567890123456789012345678901234", Err("keeps 63 bytes")),
    ("numeric(5,2)", "1.500", Ok("1.50")),
    ("numeric(5,2)", "1.005", Err("keeps 2")),
    ("numeric(3,-1)", "150", Ok("150")),
    ("numeric(3,-1)", "149", Err("rounds to 1 zero before the point")),
    ("money", "1.50", Ok("$1.50")),
    ("money", "1.005", Err("keeps 2")),
    ("int", "007", Ok("7")),
    ("int", "7.5", Err("holds whole numbers")),
    ("oid", "-1", Err("is negative")),
    ("real", "0.1", Ok("0.1")),
    ("real", "16777217", Err("more digits than a float")),
    ("float8", "0.30000000000000004", Ok("0.30000000000000004")),
    ("float8", "9007199254740993", Err("more digits than a float")),
    ("date", "2026-01-31", Ok("2026-01-31")),
    ("date", "2026-01-31 10:00", Err("has a time")),
    ("date", "01.02.2026", Err("write it as `2026-01-31`")),
    ("date", "2026-01-31 101112", Err("more than one way")),
    ("time(0)", "10:20:30", Ok("10:20:30")),
    ("time(0)", "10:20:30.5", Err("keeps 0")),
    ("time", "2026-01-31 10:20:30", Err("has a day")),
    ("time", "10:20:30+02", Err("has a zone")),
    ("timestamp(0)", "2026-01-31T10:20:30Z", Ok("2026-01-31 10:20:30")),
    ("timestamp(0)", "2026-01-31 10:20:30.5", Err("keeps 0")),
    ("timestamp", "2026-01-31 10:20:60", Err("after 59")),
    ("timestamp", "2026-01-31 10:20:30 America/New_York", Err("has a zone")),
    ("interval", "1 day 02:00:00.5", Ok("1 day 02:00:00.5")),
    ("interval hour", "3 hours", Ok("03:00:00")),
    ("interval hour", "1:30", Err("has small units")),
    ("interval second(0)", "00:00:01.5", Err("has more digits")),
    ("interval", "1.5 months", Err("a fraction of a month")),
    ("bit(3)", "101", Ok("101")),
    ("bit(3)", "10101", Err("bit string length 5")),
    ("json", "{\"a\": 1, \"a\": 2}", Ok("{\"a\": 1, \"a\": 2}")),
    ("jsonb", "{\"a\": 1, \"a\": 2}", Err("has the key `a` twice")),
    ("bytea", "00ff", Ok("\\x00ff")),
    ("bytea", "hello", Err("is not hexadecimal")),
    ("int[]", "[1, null, 3]", Ok("{1,NULL,3}")),
    ("numeric(5,2)[]", "[1.005]", Err("item 1: `1.005` has more digits")),
    ("date[]", "{\"2026-01-31 10:00\"}", Err("has a time")),
    ("tsrange", "[2026-01-31 10:00+02,)", Err("has a zone")),
];

const MYSQL: &[Case] = &[
    ("year", "2026", Ok("2026")),
    ("year", "0000", Ok("0000")),
    ("year", "0", Err("is no year of four digits")),
    ("year", "26", Err("is no year of four digits")),
    ("set('a','b')", "a,b", Ok("a,b")),
    ("set('a','b')", "b,a", Err("has another order")),
    ("set('a','b')", "3", Err("has other names")),
    ("enum('x','y')", "x", Ok("x")),
    ("enum('x','y')", "1", Err("is none of its names")),
    ("enum('x','y')", "X", Err("holds `x`, `y`")),
    ("int(5) zerofill", "00042", Ok("00042")),
    ("int", "1.5", Err("holds whole numbers")),
    ("int", "1.0", Ok("1")),
    ("float", "0.1", Ok("0.1")),
    ("float", "16777217", Err("more digits than a float")),
    ("float(7,2)", "1.239", Err("keeps 2")),
    ("double", "12345678901234567890", Err("more digits than a float")),
    ("bit(8)", "53", Ok("53")),
    ("bit(8)", "b'101'", Err("write the bits as a number")),
    ("time", "-100:20:30", Ok("-100:20:30")),
    ("time", "10:20:30.5", Err("keeps 0")),
    ("time", "2026-01-31 10:20:30", Err("has a day")),
    ("time", "1020", Err("more than one way")),
    ("timestamp", "2026-01-31 10:20:30.5", Err("keeps 0")),
    ("timestamp", "1969-12-31 10:00:00", Err("Incorrect datetime value")),
    ("datetime", "01.02.26", Err("more than one way")),
    ("date", "2026-01-31 10:00:00", Err("has a time")),
    ("date", "260131", Err("more than one way")),
    ("char(5)", "ab", Ok("ab")),
    ("char(5)", "ab ", Err("ends in spaces")),
    ("varchar(3)", "abc  ", Err("line 2, column `v`")),
    ("varchar(9)", "abc  ", Ok("abc  ")),
    ("decimal(5,2)", "1.005", Err("keeps 2")),
    ("json", "nope", Err("valid JSON only")),
];

const SQLITE: &[Case] = &[
    ("INTEGER", "007", Ok("7")),
    ("INTEGER", "1.5", Ok("1.5")),
    ("INTEGER", "1.0", Ok("1")),
    ("INTEGER", "1e3", Ok("1000")),
    ("REAL", "1.5", Ok("1.5")),
    ("REAL", "12345678901234567", Err("declare the column as TEXT")),
    ("DECIMAL(10,2)", "12345678901234567890.10", Err("declare the column as TEXT")),
    ("STRING", "abc", Ok("abc")),
    ("STRING", "007", Err("looks like a number")),
    ("uuid", "12e3", Err("looks like a number")),
    ("TEXT", "007", Ok("007")),
    ("TEXT", "12345678901234567890.10", Ok("12345678901234567890.10")),
    ("date", "2026-01-31", Ok("2026-01-31")),
];

/// Makes the table of a case again.
async fn table(site: &Running, of: &str) {
    let script = format!("DROP TABLE IF EXISTS t; CREATE TABLE t (v {of})");
    done(site, json!({"script": script, "transaction": false})).await;
}

/// What the column of the table shows.
async fn shown(kind: &str, site: &Running, of: &str) -> String {
    let shown = match (kind, of) {
        ("postgres", _) => "v::text",
        ("mysql", "bit(8)") => "CAST(v + 0 AS char)",
        ("mysql", _) => "CAST(v AS char)",
        _ => "CAST(v AS text)",
    };
    let rows = done(site, json!({"query": format!("SELECT {shown} AS v FROM t")})).await;
    rows[0]["v"].as_str().unwrap_or_default().to_owned()
}

/// Loads a value as CSV or as NDJSON, and returns the message or what the column shows.
async fn loaded(kind: &str, site: &Running, of: &str, value: &str, file: &str) -> Result<String, String> {
    table(site, of).await;
    let content = match file {
        "x.csv" => format!("v\n\"{}\"\n", value.replace('"', "\"\"")),
        _ => format!("\n{}\n", json!({"v": value})),
    };
    std::fs::write(site.path().join("in").join(file), content).unwrap();
    let end = site.step(step(&json!({"load": {"file": format!("/in/{file}"), "table": "t"}}))).await;
    if !end.outcome.is_success() {
        return Err(told(&end));
    }
    Ok(shown(kind, site, of).await)
}

#[tokio::test]
async fn a_column_holds_a_value_as_it_is_or_the_load_fails() {
    let mut wrong = Vec::new();
    for (kind, site, _database) in sites().await {
        let cases = match kind {
            "postgres" => POSTGRES,
            "mysql" => MYSQL,
            _ => SQLITE,
        };
        for (of, value, wanted) in cases {
            for file in ["x.csv", "x.ndjson"] {
                let found = loaded(kind, &site, of, value, file).await;
                let place = format!("/in/{file}, line 2, column `v`: ");
                let fits = match (&found, wanted) {
                    (Ok(found), Ok(wanted)) => found == wanted,
                    (Err(found), Err(wanted)) => {
                        (found.contains(&place) || wanted.contains("line 2")) && found.contains(wanted)
                    }
                    _ => false,
                };
                if !fits {
                    wrong.push(format!("{kind} {of} `{value}` {file}: {found:?}\n  not {wanted:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A load that the step stops is cancelled on the server; the cancellation stops no later statement.
#[tokio::test]
async fn a_stopped_load_stops_no_later_statement() {
    for (kind, site, _database) in sites().await.into_iter().filter(|(kind, ..)| *kind == "postgres") {
        for _ in 0..100 {
            let stopped = loaded(kind, &site, "varchar(3)", "abcd", "x.csv").await;
            assert!(stopped.as_ref().is_err_and(|why| why.contains("line 2")), "{stopped:?}");
        }
    }
}

/// The same values as parameters of an INSERT and an UPDATE.
#[tokio::test]
async fn a_column_holds_a_parameter_as_it_is_or_the_statement_fails() {
    // The names of these columns, and lists as arrays, are known to loads only; a text is not a number of bits.
    let only_loads =
        |of: &str| ["enum", "set", "bit(8)"].iter().any(|name| of.starts_with(name)) || of.ends_with("[]");
    let mut wrong = Vec::new();
    for (kind, site, _database) in sites().await {
        let cases = match kind {
            "postgres" => POSTGRES,
            "mysql" => MYSQL,
            _ => SQLITE,
        };
        for (of, value, wanted) in cases.iter().filter(|(of, ..)| !only_loads(of)) {
            table(&site, of).await;
            let insert = json!({"query": "INSERT INTO t (v) VALUES (:v)", "parameters": {"v": value}});
            let end = site.step(step(&insert)).await;
            let fits = match (end.outcome.is_success(), wanted) {
                (true, Ok(wanted)) => shown(kind, &site, of).await == *wanted,
                (success, wanted) => success == wanted.is_ok(),
            };
            if !fits {
                wrong.push(format!("{kind} {of} `{value}`: {}\n  not {wanted:?}", told(&end)));
            }
        }
        table(&site, "varchar(3)").await;
        done(&site, json!({"query": "INSERT INTO t VALUES ('a')"})).await;
        let update =
            json!({"query": "UPDATE t SET v = :v WHERE v = :w", "parameters": {"v": "abc  ", "w": "a"}});
        let end = site.step(step(&update)).await;
        // SQLite has no lengths.
        if end.outcome.is_success() != (kind == "sqlite") {
            wrong.push(format!("{kind}: {}", told(&end)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn lists_of_ndjson_fill_arrays_of_postgres() {
    let Some(database) = servers::postgres().await else { return };
    let site = Site::new().file("password", PASSWORD).file("out/.here", "").file(
        "in/x.ndjson",
        "{\"id\": 1, \"n\": [1, null, 3], \"t\": [\"a b\", \"NULL\", \"\"], \"j\": [{\"a\": 1.50}]}\n{\"id\": 2, \"n\": [[1], [2]], \"t\": []}\n",
    );
    let site = site.config(&format!("connections: {{db: {}}}", database.connection("")));
    let site = site.policy("sql", POLICY).host().await;
    done(&site, json!({"query": "CREATE TABLE t (id int, n int[], t text[], j jsonb)"})).await;
    done(&site, json!({"load": {"file": "/in/x.ndjson", "table": "t"}})).await;
    let rows = done(&site, json!({"query": "SELECT * FROM t ORDER BY id"})).await;
    let wanted = json!([
        {"id": 1, "n": [1, null, 3], "t": ["a b", "NULL", ""], "j": [{"a": "1.50"}]},
        {"id": 2, "n": [[1], [2]], "t": [], "j": null},
    ]);
    assert_eq!(rows, wanted);
}

/// A parameter, its place, and what the statement returns, or a part of the refusal.
#[tokio::test]
async fn a_parameter_of_postgres_arrives_as_it_is_or_is_refused() {
    let Some(database) = servers::postgres().await else { return };
    let site = Site::new().file("password", PASSWORD).file("in/.here", "").file("out/.here", "");
    let site = site.config(&format!("connections: {{db: {}}}", database.connection("")));
    let site = site.policy("sql", POLICY).host().await;
    for (place, value, wanted) in [
        (":p::text", json!(1.0), Ok("1.0")),
        (":p::numeric::text", json!(1.0), Ok("1.0")),
        (":p::int::text", json!(1.0), Ok("1")),
        (":p::numeric::text", json!("1.005"), Ok("1.005")),
        (":p::date::text", json!("2026-01-31T00:00:00Z"), Ok("2026-01-31")),
        (":p::date::text", json!("2026-01-31 10:00"), Err("it has a time, and the type holds days only")),
        (":p::date::text", json!("01.02.2026"), Err("write it as `2026-01-31`")),
        (":p::timestamp::text", json!("2026-01-31T10:00:00+02:00"), Err("it has a zone")),
        (":p::timestamptz::text", json!("2026-01-31T10:00:00.1234567Z"), Err("keeps 6")),
        (":p::time::text", json!("2026-01-31 10:00"), Err("it has a day")),
        (":p::interval::text", json!("1.5 months"), Err("a fraction of a month")),
        (":p::\"char\"::text", json!("abc"), Err("keeps 1 byte")),
        (":p::name::text", json!("n".repeat(64)), Err("keeps 63 bytes")),
        (":p::money::text", json!("1.005"), Err("keeps 2")),
        (":p::float8::text", json!(9_007_199_254_740_993_i64), Err("more digits than a float")),
        (":p::jsonb::text", json!("{\"a\": 1, \"a\": 2}"), Err("the key `a` twice")),
        ("(:p::date[])::text", json!(["2026-01-31 10:00"]), Err("it has a time")),
        (":p::tsrange::text", json!("[2026-01-31 10:00+02,)"), Err("it has a zone")),
    ] {
        let query = format!("SELECT {place} AS v");
        let end = site.step(step(&json!({"query": query, "parameters": {"p": value}}))).await;
        match wanted {
            Ok(wanted) => assert_eq!(end.produced.output[0]["v"], wanted, "{place}: {}", told(&end)),
            Err(part) => {
                let message = told(&end);
                assert!(!end.outcome.is_success(), "{place} {value}");
                assert!(
                    message.contains("the parameter `:p`") && message.contains(part),
                    "{place}: {message}"
                );
            }
        }
    }
}

#[tokio::test]
async fn results_keep_what_json_has_no_form_for() {
    let postgres = [
        ("'[0:2]={1,2,3}'::int[]", json!("[0:2]={1,2,3}")),
        ("'[0:1]={\"a b\",NULL}'::text[]", json!("[0:1]={\"a b\",NULL}")),
        ("'[-1:0][2:2]={{1.50},{2}}'::numeric[]", json!("[-1:0][2:2]={{1.50},{2}}")),
        ("'{1,2}'::int[]", json!([1, 2])),
        ("'{\"a\": 1, \"a\": 2}'::json", json!("{\"a\": 1, \"a\": 2}")),
        ("ARRAY['{\"a\": 1, \"a\": 2}'::json]", json!("[{\"a\": 1, \"a\": 2}]")),
    ];
    let mysql = [
        ("z FROM odd_values", json!("00042")),
        ("d FROM odd_values", json!("00001.50")),
        ("y FROM odd_values", json!("0000")),
        ("IFNULL(b, b'0') FROM odd_values", json!(53)),
        ("COALESCE(b, 0b1) FROM odd_values", json!(53)),
        ("IF(z > 0, b, b'1') FROM odd_values", json!(53)),
        ("CASE WHEN z > 0 THEN b ELSE b'1' END FROM odd_values", json!(53)),
        ("IFNULL(b, b) FROM odd_values", json!(53)),
        ("GREATEST(b, b) FROM odd_values", json!(53)),
    ];
    for (kind, site, _database) in sites().await {
        let cases: &[(&str, Value)] = match kind {
            "postgres" => &postgres,
            "mysql" => &mysql,
            _ => &[],
        };
        if kind == "mysql" {
            let table =
                "CREATE TABLE odd_values (z int(5) zerofill, d decimal(7,2) zerofill, y year, b bit(8))";
            done(&site, json!({"query": table})).await;
            done(&site, json!({"query": "INSERT INTO odd_values VALUES (42, 1.5, '0000', 53)"})).await;
        }
        for (expression, wanted) in cases {
            let query = match expression.split_once(" FROM odd") {
                Some((value, _)) => format!("SELECT {value} AS v FROM odd_values"),
                _ => format!("SELECT {expression} AS v"),
            };
            let rows = done(&site, json!({"query": query})).await;
            assert_eq!(&rows[0]["v"], wanted, "{kind} {query}");
        }
    }
}

#[tokio::test]
async fn messages_name_the_place_and_what_exists() {
    for (kind, site, _database) in sites().await {
        done(&site, json!({"script": "CREATE TABLE orders (id int, name varchar(9))"})).await;
        std::fs::write(site.path().join("in/x.csv"), "id,nope\n1,2\n").unwrap();
        for (config, parts) in [
            (
                json!({"load": {"file": "/in/x.csv", "table": "orders"}}),
                &["/in/x.csv, line 1, column `nope`: ", "it has `id`, `name`"][..],
            ),
            (
                json!({"load": {"file": "/in/x.csv", "table": "orders", "mode": "replace"}}),
                &["/in/x.csv, line 1, column `nope`: "],
            ),
            (
                json!({"query": "SELECT * FROM order_lines"}),
                &["order_lines", "the connection `db` has", "`orders`"],
            ),
            (json!({"script": "SELECT 1; SELECT * FROM order_lines"}), &["statement 2", "`orders`"]),
            (json!({"load": {"file": "/in/x.csv", "table": "order_lines"}}), &["order_lines", "`orders`"]),
        ] {
            let end = site.step(step(&config)).await;
            let message = told(&end);
            assert!(!end.outcome.is_success(), "{kind} {config}");
            assert!(parts.iter().all(|part| message.contains(part)), "{kind} {config}: {message}");
        }
    }
}

#[tokio::test]
async fn an_output_that_fails_leaves_no_file() {
    let site = Site::new().database("db.sqlite", "CREATE TABLE t (v); INSERT INTO t VALUES (1), ('x')");
    let site = site.file("in/.here", "").file("out/.here", "");
    let site = site.config("connections: {db: {type: sqlite, path: db.sqlite}}");
    let site = site.policy("sql, data_processing", POLICY).host().await;
    let query = "SELECT CASE WHEN rowid > 4000 THEN 'x' ELSE rowid END AS v FROM \
                 (WITH RECURSIVE r (rowid) AS (SELECT 1 UNION ALL SELECT rowid + 1 FROM r LIMIT 5000) SELECT * FROM r)";
    let values = json!([{"column": "v", "max": 3000}]);
    for (file, config) in [
        ("x.parquet", json!({"query": query, "output": "/out/x.parquet"})),
        ("x.csv", json!({"query": query, "output": "/out/x.csv", "expect": {"values": values}})),
        ("x.ndjson.gz", json!({"query": query, "output": "/out/x.ndjson.gz", "expect": {"values": values}})),
    ] {
        let end = site.step(step(&config)).await;
        assert!(!end.outcome.is_success(), "{file}");
        assert!(!site.path().join("out").join(file).exists(), "{file}: {}", told(&end));
    }
    let failing = json!({
        "type": "data_processing", "inputs": {"t": "/out/t.csv"}, "output": "/out/y.parquet",
        "query": "SELECT CAST(v AS INT) AS v FROM t",
    });
    std::fs::write(site.path().join("out/t.csv"), "v\n1\nx\n").unwrap();
    let end = site.step(failing).await;
    assert!(!end.outcome.is_success(), "{}", told(&end));
    assert!(!site.path().join("out/y.parquet").exists(), "{}", told(&end));
}
