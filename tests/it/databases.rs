//! The step `sql` and its connections, against real databases.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stepwell::engine::{Outcome, StepEnd};
use stepwell_tests::servers::{self, Database, PASSWORD};
use tokio_util::sync::CancellationToken;

use crate::support::{Running, Site, Unwatched, one_step, told};

const FILES: &str = "files: [{mount: /workspace, workspace: 64MiB, access: write}]";

/// Returns the available servers.
async fn all() -> Vec<Database> {
    [servers::postgres().await, servers::mysql().await].into_iter().flatten().collect()
}

/// Makes a host with the connection `db`, and a policy with this grant.
async fn site(database: &Database, more: &str, grant: &str) -> Running {
    Site::new()
        .file("password", PASSWORD)
        .config(&format!("connections: {{db: {}}}", database.connection(more)))
        .policy("sql", &format!("profile: large\nsql: [{{connection: db, {grant}}}]\n{FILES}"))
        .host()
        .await
}

/// The same with a SQLite file.
async fn sqlite(content: &str, grant: &str) -> Running {
    Site::new()
        .database("db.sqlite", content)
        .config("connections: {db: {type: sqlite, path: db.sqlite}}")
        .policy("sql", &format!("profile: large\nsql: [{{connection: db, {grant}}}]\n{FILES}"))
        .host()
        .await
}

async fn sql(site: &Running, config: Value) -> StepEnd {
    site.step(step(config)).await
}

fn step(config: Value) -> Value {
    let mut step = json!({"type": "sql", "connection_name": "db"});
    step.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    step
}

async fn rows(site: &Running, query: &str) -> Value {
    let end = sql(site, json!({"query": query})).await;
    assert!(end.outcome.is_success(), "{query}: {}", told(&end));
    end.produced.output.clone()
}

#[tokio::test]
async fn values_keep_their_types() {
    for database in all().await {
        let (query, wanted) = match database.kind {
            "postgres" => (
                r#"SELECT 1::int2 a, 9007199254740993 b, 12.50::numeric(10,2) c, 0.1::real d, 'ä' e, '\x00ff'::bytea f,
                   true g, date '2025-09-01' h, time '14:30:22.5' i, timestamp '2025-09-01 14:30:22' j,
                   timestamptz '2025-09-01 14:30:22+02' k, uuid 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11' l,
                   jsonb '{"a": [1]}' m, NULL n, ARRAY[[1,2],[3,NULL]] o, interval '1 day 2:03:04.5' p,
                   inet '10.1.2.3/8' q, inet '::1' u, bit '101' r, timetz '14:30:22+02' s, ARRAY['a"b', NULL] t"#,
                json!([{
                    "a": 1, "b": "9007199254740993", "c": "12.50", "d": 0.1, "e": "ä", "f": "00ff", "g": true,
                    "h": "2025-09-01", "i": "14:30:22.5", "j": "2025-09-01T14:30:22", "k": "2025-09-01T12:30:22Z",
                    "l": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "m": {"a": [1]}, "n": null, "o": [[1, 2], [3, null]],
                    "p": "1 day 02:03:04.5", "q": "10.1.2.3/8", "r": "101", "s": "14:30:22+02:00", "t": ["a\"b", null], "u": "::1",
                }]),
            ),
            _ => {
                database
                    .fill(&[
                        "CREATE TABLE v (a TINYINT(1), b BIGINT UNSIGNED, c DECIMAL(10,2), d FLOAT, e VARCHAR(9), \
                         f VARBINARY(9), g BIT(9), h DATE, i TIME(1), j DATETIME, k TIMESTAMP, l BLOB, m YEAR)",
                        "SET time_zone = '+02:00'",
                        "INSERT INTO v VALUES (true, 18446744073709551615, 12.5, 0.1, 'ä', x'00ff', b'101', '2025-09-01', \
                         '-100:30:22.5', '2025-09-01 14:30:22', '2025-09-01 14:30:22', 'x', 2025)",
                    ])
                    .await;
                (
                    "SELECT *, NULL AS n FROM v",
                    json!([{
                        "a": true, "b": "18446744073709551615", "c": "12.50", "d": 0.1, "e": "ä", "f": "00ff", "g": 5,
                        "h": "2025-09-01", "i": "-100:30:22.5", "j": "2025-09-01T14:30:22", "k": "2025-09-01T12:30:22Z",
                        "l": "78", "m": 2025, "n": null,
                    }]),
                )
            }
        };
        let site = site(&database, "", "mode: read").await;
        assert_eq!(rows(&site, query).await, wanted, "{}", database.kind);
    }
}

/// The binary values match the text that PostgreSQL itself writes.
#[tokio::test]
async fn values_of_postgres_are_what_it_writes_itself() {
    let Some(database) = servers::postgres().await else { return };
    let site = site(&database, "", "mode: read").await;
    for (kind, values) in [
        (
            "numeric",
            "0, 1, -1, 0.1, 10000, 9999, 99999999.0001, 1e-20, 123456789012345678901234567890.5, 0.00, -0.0050, 1e30, 'NaN', 'Infinity'",
        ),
        (
            "date",
            "'2000-01-01', '1999-12-31', '1900-02-28', '2400-02-29', '0001-01-01', '9999-12-31', 'infinity', '-infinity'",
        ),
        (
            "interval",
            "'0', '-1 day', '1 month -1 day', '-1:02:03.5', '13 months', '0.000001 s', '-0.5 s', '100:00:00'",
        ),
        ("time", "'00:00', '24:00', '23:59:59.999999', '12:00:00.1'"),
        ("uuid", "'00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'"),
        ("inet", "'10.0.0.0/8', 'fe80::/10'"),
        ("cidr", "'10.0.0.1/32', 'fe80::/10'"),
        ("macaddr", "'08:00:2b:01:02:03'"),
        ("varbit", "'1', '10101010101', ''"),
        ("real", "0.1, 1e-30, 16777216, -3.4e38"),
    ] {
        let list: Vec<String> = values.split(", ").map(|value| format!("({}::{kind})", value)).collect();
        let query = format!("SELECT v, v::text AS shown FROM (VALUES {}) AS t (v)", list.join(", "));
        for row in rows(&site, &query).await.as_array().unwrap() {
            let found = match &row["v"] {
                Value::Number(number) => number.as_f64().unwrap() as f32 as f64,
                other => other.as_str().unwrap().parse().unwrap_or(f64::MIN),
            };
            let shown = row["shown"].as_str().unwrap();
            let same = if kind == "real" {
                found == f64::from(shown.parse::<f32>().unwrap())
            } else {
                // `shown` has the style of the session, which Stepwell sets.
                row["v"].as_str().unwrap() == shown
            };
            assert!(same, "{kind}: {row}");
        }
    }
    // Also where the statement is more than a SELECT, and within its order.
    let write = self::site(&database, "", "mode: ddl").await;
    for (query, wanted) in [
        ("CREATE TABLE spots (id int, p point)", Value::Null),
        (
            "INSERT INTO spots VALUES (2, '(2,2)'), (1, '(1,1)'), (3, NULL) RETURNING p, id -- the spots",
            json!([{"p": "(2,2)", "id": 2}, {"p": "(1,1)", "id": 1}, {"p": null, "id": 3}]),
        ),
        (
            "SELECT id, p FROM spots WHERE id <> :n ORDER BY id DESC LIMIT 2;",
            json!([{"id": 3, "p": null}, {"id": 2, "p": "(2,2)"}]),
        ),
        ("WITH s AS (SELECT p FROM spots) SELECT p FROM s WHERE p ~= point '(1,1)'", json!([{"p": "(1,1)"}])),
        ("(VALUES (point '(1,2)')) ORDER BY 1::text", json!([{"column1": "(1,2)"}])),
        ("UPDATE spots SET p = NULL WHERE id = 1 RETURNING p", json!([{"p": null}])),
    ] {
        let mut config = json!({"query": query});
        if query.contains(":n") {
            config["parameters"] = json!({"n": 1});
        }
        let end = sql(&write, config).await;
        assert!(end.outcome.is_success(), "{query}: {}", told(&end));
        assert_eq!(end.produced.output, wanted, "{query}");
    }
}

/// Lists, objects and long numbers as parameters, and values that do not fit.
#[tokio::test]
async fn a_parameter_takes_the_type_of_its_place_or_is_refused_by_name() {
    for database in all().await {
        let postgres = database.kind == "postgres";
        let site = site(&database, "", "mode: read").await;
        let numbers = "(SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) AS t";
        let count = |condition: &str| format!("SELECT count(*) AS v FROM {numbers} WHERE n {condition}");
        let mut cases = vec![
            (count("IN (:l)"), json!({"l": [1, 3, 9]}), json!(2)),
            (count("IN (:l)"), json!({"l": []}), json!(0)),
            (count("NOT IN (:l)"), json!({"l": []}), json!(3)),
            (count("NOT IN (:l) AND n IN (:l)"), json!({"l": [1]}), json!(0)),
            (count("IN (:l)"), json!({"l": ["1", "2"]}), json!(2)),
        ];
        if postgres {
            let one = |text: &str, parameters: Value, wanted: Value| {
                (format!("SELECT {text} AS v"), parameters, wanted)
            };
            cases.extend([
                (count("= ANY(:l)"), json!({"l": [1, 3, 9]}), json!(2)),
                (count("= ANY($1)"), json!([[1, 3, 9]]), json!(2)),
                (count("IN ($1) AND n > $2"), json!([[1, 3], 1]), json!(1)),
                one("'{\"a\": 1}'::jsonb = :j", json!({"j": {"a": 1}}), json!(true)),
                one("'[1, [2]]'::jsonb = :j", json!({"j": [1, [2]]}), json!(true)),
                one("ARRAY[[1,2],[3,4]] = :a", json!({"a": [[1, 2], [3, 4]]}), json!(true)),
                one("ARRAY['a\"b', 'NULL', NULL] = :a", json!({"a": ["a\"b", "NULL", null]}), json!(true)),
                one("'\\x00ff'::bytea = :b", json!({"b": "00ff"}), json!(true)),
                one("12345678901234567890.10 = :d", json!({"d": "12345678901234567890.10"}), json!(true)),
                one(
                    "uuid 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' = :u",
                    json!({"u": "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"}),
                    json!(true),
                ),
                one(":t || ''", json!({"t": "00123"}), json!("00123")),
            ]);
        } else {
            cases.push(("SELECT JSON_LENGTH(:l) AS v".to_owned(), json!({"l": [1, 2]}), json!(2)));
        }
        for (query, parameters, wanted) in cases {
            let end = sql(&site, json!({"query": query, "parameters": parameters})).await;
            assert_eq!(end.produced.output[0]["v"], wanted, "{} {query}: {}", database.kind, told(&end));
        }
        let wrong = match postgres {
            true => vec![
                (
                    "SELECT 5 = :n",
                    json!({"n": "abc"}),
                    "the parameter `:n` is `abc`, and the database expects the type `int4`",
                ),
                (
                    "SELECT date '2026-01-01' = :d",
                    json!({"d": "2026-13-01"}),
                    "`:d` is `2026-13-01`, and the database expects the type `date`",
                ),
                ("SELECT 5 = $1", json!([[1]]), "`$1` is `[1]`, and the database expects the type `int4`"),
                ("SELECT :t || ''", json!({"t": {"a": 1}}), "CAST(:name AS jsonb)"),
                ("SELECT 5 IN (:l, 6)", json!({"l": [1]}), "write it alone"),
            ],
            false => vec![
                ("SELECT 5 IN (:l, 6)", json!({"l": [1]}), "write it alone"),
                ("SELECT 5 IN (:l)", json!({"l": [[1]]}), "a list or an object as item 1"),
            ],
        };
        for (query, parameters, why) in wrong {
            let end = sql(&site, json!({"query": query, "parameters": parameters})).await;
            assert!(told(&end).contains(why), "{} {query}: {}", database.kind, told(&end));
        }
    }
}

#[tokio::test]
async fn columns_of_one_name_are_refused_or_renamed() {
    let site = sqlite("CREATE TABLE t (n)", "mode: read").await;
    let query = "SELECT 1 AS id, 2 AS id, 3 AS other, 4 AS id, 5 AS id_2";
    for output in [json!(null), json!("x.csv"), json!("x.ndjson"), json!("x.parquet")] {
        let mut config = json!({"query": query});
        if !output.is_null() {
            config["output"] = output;
        }
        let end = sql(&site, config).await;
        assert!(told(&end).contains("several columns named `id`: name each with `AS`"), "{}", told(&end));
    }
    let end = sql(&site, json!({"query": query, "duplicates": "rename"})).await;
    assert_eq!(end.produced.output, json!([{"id": 1, "id_3": 2, "other": 3, "id_4": 4, "id_2": 5}]));
}

#[tokio::test]
async fn parameters_are_bound_by_the_server() {
    for database in all().await {
        let site = site(&database, "", "mode: read").await;
        let (text, number, date, listed) = match database.kind {
            "postgres" => (
                "SELECT :t::text AS v",
                "SELECT :n::numeric AS v",
                "SELECT :d::date + 1 AS v",
                "SELECT $1::text || $2::text AS v",
            ),
            _ => (
                "SELECT :t AS v",
                "SELECT CAST(:n AS DECIMAL(12,3)) AS v",
                "SELECT CAST(:d AS DATE) + INTERVAL 1 DAY AS v",
                "SELECT CONCAT(?, ?) AS v",
            ),
        };
        for (query, parameters, wanted) in [
            (text, json!({"t": "'; DROP TABLE t; --"}), json!("'; DROP TABLE t; --")),
            (text, json!({"t": null}), Value::Null),
            (number, json!({"n": 12.345}), json!("12.345")),
            (date, json!({"d": "2025-02-28"}), json!("2025-03-01")),
            (listed, json!(["a", "b"]), json!("ab")),
        ] {
            let end = sql(&site, json!({"query": query, "parameters": parameters})).await;
            assert_eq!(end.produced.output[0]["v"], wanted, "{} {query}: {}", database.kind, told(&end));
        }
        for (parameters, why) in
            [(json!({}), "`:t` has no value"), (json!({"t": 1, "u": 2}), "no parameter `:u`")]
        {
            let end = sql(&site, json!({"query": text, "parameters": parameters})).await;
            assert!(told(&end).contains(why), "{}: {}", database.kind, told(&end));
        }
    }
}

/// T-32 to T-36: the permitted statements.
#[tokio::test]
async fn a_statement_does_what_its_mode_allows_and_no_more() {
    for database in all().await {
        database.fill(&["CREATE TABLE t (n int)", "INSERT INTO t VALUES (1)"]).await;
        if database.kind == "postgres" {
            database
                .fill(&[
                    &format!("ALTER TABLE t OWNER TO {}", database.name),
                    // A function that changes something behind a SELECT.
                    "CREATE FUNCTION sneaky() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (2) RETURNING n'",
                ])
                .await;
        }
        let read = site(&database, "", "mode: read").await;
        let write = site(&database, "", "mode: write").await;
        let ceiling = site(&database, "read_only: true", "mode: read").await;
        let ddl = site(&database, "", "mode: ddl").await;
        for (site, query, why) in [
            (&read, "INSERT INTO t VALUES (2)", "SQL_WRITE_NOT_GRANTED"),
            (&ceiling, "DELETE FROM t", "SQL_WRITE_NOT_GRANTED"),
            (&read, "SELECT 1; DELETE FROM t", "several statements"),
            (&write, "DROP TABLE t", "SQL_STATEMENT_NOT_GRANTED"),
            (&ddl, "SET ROLE postgres", "SQL_STATEMENT_NOT_GRANTED"),
            (&ddl, "COMMIT", "SQL_STATEMENT_NOT_GRANTED"),
            (&ddl, "SELECT * FROM missing", "missing"),
        ] {
            let end = sql(site, json!({"query": query})).await;
            assert!(told(&end).contains(why), "{} {query}: {}", database.kind, told(&end));
        }
        if database.kind == "postgres" {
            // The server refuses what a check of words cannot see.
            let end = sql(&read, json!({"query": "SELECT sneaky()"})).await;
            assert!(told(&end).contains("SQL_WRITE_NOT_GRANTED"), "{}", told(&end));
            let end = sql(&ddl, json!({"query": "SELECT pg_read_file('/etc/passwd')"})).await;
            assert!(told(&end).contains("SQL_STATEMENT_NOT_GRANTED"), "{}", told(&end));
        }
        for (site, query, changed) in [
            (&write, "INSERT INTO t VALUES (5), (6)", 2),
            (&write, "UPDATE t SET n = n + 1 WHERE n = 5", 1),
            (&ddl, "CREATE TABLE u (n int)", 0),
            (&ddl, "DROP TABLE u", 0),
        ] {
            let end = sql(site, json!({"query": query})).await;
            assert!(end.outcome.is_success(), "{} {query}: {}", database.kind, told(&end));
            assert_eq!(end.produced.metadata["affected_rows"], json!(changed), "{} {query}", database.kind);
        }
        assert_eq!(
            rows(&read, "SELECT n FROM t ORDER BY n").await,
            json!([{"n": 1}, {"n": 6}, {"n": 6}]),
            "{}",
            database.kind
        );
    }
}

/// T-37: a statement ends at its limits, and does not continue at the server.
#[tokio::test]
async fn what_runs_too_long_or_brings_too_much_ends_at_the_server_too() {
    for database in all().await {
        let (sleep, endless, many) = match database.kind {
            "postgres" => (
                "SELECT pg_sleep(60)",
                "WITH RECURSIVE x (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 2000000000) SELECT count(*) FROM x",
                "SELECT generate_series(1, 100000000) AS n",
            ),
            _ => (
                "SELECT SLEEP(60)",
                "SELECT count(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c",
                "SELECT a.column_name FROM information_schema.columns a, information_schema.columns b",
            ),
        };
        let site = site(&database, "pool: 2", "mode: read, rows: 1000, timeout: 1s").await;
        for (config, why) in [
            (json!({"query": sleep}), "over_limit: the statement ran longer than its timeout"),
            (json!({"query": endless}), "over_limit: the statement ran longer"),
            (json!({"query": many}), "more than 1000 rows"),
        ] {
            let started = Instant::now();
            let end = sql(&site, config.clone()).await;
            assert!(told(&end).contains(why), "{} {config}: {}", database.kind, told(&end));
            assert!(started.elapsed() < Duration::from_secs(20), "{} {config}", database.kind);
            quiet(&database).await;
        }
        // Rows beyond `max_rows` are dropped, and the connection works for the next statement.
        let end = sql(&site, json!({"query": many, "max_rows": 10})).await;
        assert_eq!(end.produced.metadata["truncated"], true, "{}", told(&end));
        quiet(&database).await;
        // A run that is cancelled.
        let site = self::site(&database, "pool: 2", "mode: read").await;
        let cancel = CancellationToken::new();
        let job = one_step(step(json!({"query": sleep})));
        let (state, ()) = tokio::join!(site.watched(&job, &Unwatched, cancel.clone()), async {
            while database.running().await.iter().all(|query| !query.contains("60")) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            cancel.cancel();
        });
        assert!(matches!(state.steps[0].end.as_ref().unwrap().outcome, Outcome::Cancelled));
        quiet(&database).await;
        assert_eq!(rows(&site, "SELECT 1 AS one").await, json!([{"one": 1}]), "{}", database.kind);
    }
}

/// Waits until no statement of Stepwell runs, at most one second.
async fn quiet(database: &Database) {
    let started = Instant::now();
    loop {
        let running = database.running().await;
        if running.is_empty() {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(1), "{}: {running:?} runs on", database.kind);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// T-19: one session after another, and the second sees nothing of the first.
#[tokio::test]
async fn a_session_is_clean_when_the_next_step_gets_it() {
    for database in all().await {
        let site = site(&database, "pool: 1", "mode: ddl, scripts: true").await;
        let id = match database.kind {
            "postgres" => "SELECT pg_backend_pid() AS id",
            _ => "SELECT CONNECTION_ID() AS id",
        };
        let first = rows(&site, id).await;
        for leave in ["CREATE TEMPORARY TABLE left_behind (n int)", "CREATE TABLE kept (n int)"] {
            let end = sql(&site, json!({"query": leave})).await;
            assert!(end.outcome.is_success(), "{} {leave}: {}", database.kind, told(&end));
        }
        // A transaction without an end: the statement after it fails.
        let end = sql(&site, json!({"script": "INSERT INTO kept VALUES (1); SELECT * FROM missing"})).await;
        assert!(told(&end).contains("statement 2 of the script"), "{}", told(&end));
        let end = sql(&site, json!({"query": "SELECT * FROM left_behind"})).await;
        assert!(told(&end).contains("left_behind"), "{}: {}", database.kind, told(&end));
        assert_eq!(
            rows(&site, "SELECT count(*) AS n FROM kept").await,
            json!([{"n": 0}]),
            "{}",
            database.kind
        );
        assert_eq!(rows(&site, id).await, first, "{}: it is the same session", database.kind);
    }
}

/// The configuration of a connection applies, whatever policy grants.
#[tokio::test]
async fn a_connection_has_its_own_role_and_bounds() {
    for database in all().await {
        let (role, name) = (format!("{}_r", database.name), &database.name);
        let who = match database.kind {
            "postgres" => {
                let make = [format!("CREATE ROLE {role}"), format!("GRANT {role} TO {name}")];
                database.admin(&make.each_ref().map(String::as_str)).await;
                "SELECT current_user AS who"
            }
            _ => {
                let make = [format!("CREATE ROLE {role}"), format!("GRANT {role} TO {name}@'%'")];
                database.admin(&make.each_ref().map(String::as_str)).await;
                "SELECT CURRENT_ROLE() AS who"
            }
        };
        let more = format!("pool: 1, role: {role}, limits: {{rows: 5, timeout: 1s}}");
        let site = site(&database, &more, "mode: read, rows: 1000, timeout: 20s").await;
        let sleep = if database.kind == "postgres" { "SELECT pg_sleep(20)" } else { "SELECT SLEEP(20)" };
        let many = "SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6";
        for _ in 0..2 {
            assert_eq!(rows(&site, who).await, json!([{"who": role}]), "{}", database.kind);
            let end = sql(&site, json!({"query": many})).await;
            assert!(told(&end).contains("more than 5 rows"), "{}: {}", database.kind, told(&end));
            let end = sql(&site, json!({"query": sleep})).await;
            assert!(told(&end).contains("ran longer than its timeout"), "{}: {}", database.kind, told(&end));
        }
        drop(site);
        quiet(&database).await;
        database.admin(&[&format!("DROP ROLE {role}")]).await;
    }
}

#[tokio::test]
async fn a_pool_makes_whoever_comes_later_wait() {
    for database in all().await {
        let site = site(&database, "pool: 1", "mode: read").await;
        let sleep = if database.kind == "postgres" { "SELECT pg_sleep(0.6)" } else { "SELECT SLEEP(0.6)" };
        let started = Instant::now();
        let (a, b) = tokio::join!(sql(&site, json!({"query": sleep})), sql(&site, json!({"query": sleep})));
        assert!(a.outcome.is_success() && b.outcome.is_success(), "{} {}", told(&a), told(&b));
        assert!(started.elapsed() >= Duration::from_millis(1_200), "{}", database.kind);
    }
}

#[tokio::test]
async fn scripts_run_where_policy_says_so_and_say_what_each_statement_did() {
    let script = "CREATE TABLE s (n int); -- first\nINSERT INTO s VALUES (1), (2);\nSELECT * FROM s;\nUPDATE s SET n = 3 WHERE n = 1;";
    let mut sites =
        vec![("sqlite", sqlite("", "mode: ddl, scripts: true").await, sqlite("", "mode: ddl").await)];
    let databases = all().await;
    for database in &databases {
        sites.push((
            database.kind,
            site(database, "", "mode: ddl, scripts: true").await,
            site(database, "", "mode: ddl").await,
        ));
    }
    for (kind, with, without) in sites {
        let end = sql(&without, json!({"script": script})).await;
        assert!(told(&end).contains("SQL_SCRIPT_NOT_GRANTED"), "{kind}: {}", told(&end));
        let end = sql(&with, json!({"script": script})).await;
        assert!(end.outcome.is_success(), "{kind}: {}", told(&end));
        let done: Vec<_> = end
            .produced
            .output
            .as_array()
            .unwrap()
            .iter()
            .map(|s| (s["affected_rows"].clone(), s["row_count"].clone()))
            .collect();
        assert_eq!(
            done,
            [(json!(0), json!(0)), (json!(2), json!(0)), (json!(0), json!(2)), (json!(1), json!(0))],
            "{kind}"
        );
        // All or nothing.
        let end =
            sql(&with, json!({"script": "INSERT INTO s VALUES (9); INSERT INTO missing VALUES (1)"})).await;
        assert!(told(&end).contains("statement 2 of the script"), "{kind}: {}", told(&end));
        assert_eq!(rows(&with, "SELECT n FROM s ORDER BY n").await, json!([{"n": 2}, {"n": 3}]), "{kind}");
        // Each statement separately.
        let end = sql(&with, json!({"script": "INSERT INTO s VALUES (9); INSERT INTO missing VALUES (1)", "transaction": false})).await;
        assert!(told(&end).contains("statement 2 of the script"), "{kind}: {}", told(&end));
        assert_eq!(rows(&with, "SELECT count(*) AS n FROM s").await, json!([{"n": 3}]), "{kind}");
    }
}

#[tokio::test]
async fn procedures_are_called_with_their_parameters() {
    for database in all().await {
        let (make, second) = match database.kind {
            "postgres" => (
                "CREATE PROCEDURE add_one(a int, INOUT b int) LANGUAGE plpgsql AS $$ BEGIN INSERT INTO p VALUES (a); b := a + b; END $$",
                json!({"a": 2, "b": 5}),
            ),
            _ => (
                "DELIMITER //\nCREATE PROCEDURE add_one(a int, b int) BEGIN INSERT INTO p VALUES (a); SELECT a + b AS b; END //",
                json!([2, 5]),
            ),
        };
        let site = site(&database, "", "mode: ddl, scripts: true").await;
        let end =
            sql(&site, json!({"script": format!("CREATE TABLE p (n int);\n{make}"), "transaction": false}))
                .await;
        assert!(end.outcome.is_success(), "{}: {}", database.kind, told(&end));
        for (parameters, wanted) in [(json!([1, 41]), 42), (second, 7)] {
            let end = sql(&site, json!({"procedure": "add_one", "parameters": parameters})).await;
            assert_eq!(end.produced.output, json!([{"b": wanted}]), "{}: {}", database.kind, told(&end));
        }
        assert_eq!(rows(&site, "SELECT n FROM p ORDER BY n").await, json!([{"n": 1}, {"n": 2}]));
    }
}

#[tokio::test]
async fn what_is_expected_fails_the_step_and_undoes_its_statement() {
    let content = "CREATE TABLE e (n int, day varchar(10))";
    let fill = "INSERT INTO e VALUES (1, '2025-09-01'), (2, NULL)";
    let mut sites = vec![("sqlite", sqlite(&format!("{content}; {fill}"), "mode: write").await)];
    let databases = all().await;
    for database in &databases {
        database.fill(&[content, fill]).await;
        if database.kind == "postgres" {
            database.fill(&[&format!("ALTER TABLE e OWNER TO {}", database.name)]).await;
        }
        sites.push((database.kind, site(database, "", "mode: write").await));
    }
    for (kind, site) in sites {
        for (config, why) in [
            (
                json!({"query": "SELECT * FROM e", "expect": {"rows": 2, "values": [{"column": "n", "min": 1}]}}),
                None,
            ),
            (
                json!({"query": "SELECT * FROM e", "expect": {"rows": {"min": 3}}}),
                Some("2 rows returned, and 3 or more must be"),
            ),
            (
                json!({"query": "SELECT * FROM e ORDER BY n", "expect": {"values": [{"column": "day", "not_null": true}]}}),
                Some("`day` is NULL in row 2"),
            ),
            (json!({"query": "DELETE FROM e", "expect": {"rows": 1}}), Some("2 rows changed, and 1 must be")),
        ] {
            let end = sql(&site, config.clone()).await;
            match why {
                None => assert!(end.outcome.is_success(), "{kind} {config}: {}", told(&end)),
                Some(why) => assert!(told(&end).contains(why), "{kind} {config}: {}", told(&end)),
            }
        }
        assert_eq!(rows(&site, "SELECT count(*) AS n FROM e").await, json!([{"n": 2}]), "{kind}");
    }
}

#[tokio::test]
async fn files_are_loaded_whole_or_not_at_all() {
    let content = "CREATE TABLE l (id int PRIMARY KEY, name varchar(40), price numeric(10,2), day date)";
    let mut sites = vec![("sqlite", sqlite(content, "mode: write").await)];
    let databases = all().await;
    for database in &databases {
        database.fill(&[content]).await;
        if database.kind == "postgres" {
            database.fill(&[&format!("ALTER TABLE l OWNER TO {}", database.name)]).await;
        }
        sites.push((database.kind, site(database, "", "mode: write").await));
    }
    let wanted = json!([
        {"id": 1, "name": "tab\tand \\N", "day": "2025-09-01"},
        {"id": 2, "name": null, "day": null},
    ]);
    for (kind, site) in sites {
        // One job writes the file in each format from the rows that the first has loaded, and loads it again.
        let csv = "id,name,price,day\n1,\"tab\tand \\N\",12.50,2025-09-01\n2,,0.05,\n";
        let all = "SELECT id, name, price, day FROM l ORDER BY id";
        let job = json!({"id": "test", "workspace": "8MiB", "steps": [
            {"id": "seed", "type": "sql", "connection_name": "db", "query": "INSERT INTO l VALUES (7, NULL, NULL, NULL)"},
            {"id": "csv", "type": "sql", "connection_name": "db", "load": {"file": "in.csv", "table": "l", "mode": "replace"}, "expect": {"rows": 2}},
            {"id": "ndjson", "type": "sql", "connection_name": "db", "query": all, "output": "out.ndjson"},
            {"id": "ndjson_in", "type": "sql", "connection_name": "db", "load": {"file": "out.ndjson", "table": "l", "mode": "replace"}},
            {"id": "parquet", "type": "sql", "connection_name": "db", "query": all, "output": "out.parquet"},
            {"id": "parquet_in", "type": "sql", "connection_name": "db", "load": {"file": "out.parquet", "table": "l", "mode": "replace"}},
            {"id": "result", "type": "sql", "connection_name": "db", "query": "SELECT id, name, day FROM l ORDER BY id"},
            {"id": "twice", "type": "sql", "connection_name": "db", "load": {"file": "in.csv", "table": "l"}},
        ]});
        let parsed = site.host.parse("job.yaml", &job.to_string()).await.unwrap();
        let id = site.host.runs().submit(parsed.job, Default::default()).await.unwrap();
        let workspace = site.host.runs().workspace(&id);
        std::fs::create_dir_all(&workspace).unwrap();
        std::fs::write(workspace.join("in.csv"), csv).unwrap();
        let state = site.host.runs().resume(&id, &Unwatched, CancellationToken::new()).await.unwrap();
        let ends: Vec<_> = state
            .steps
            .iter()
            .map(|step| step.end.as_ref().map(|end| told(end)).unwrap_or_default())
            .collect();
        assert_eq!(
            state.steps[6].end.as_ref().map(|end| end.produced.output.clone()),
            Some(wanted.clone()),
            "{kind}: {ends:#?}"
        );
        // A load that conflicts with an existing row leaves the table unchanged.
        assert!(ends[7].starts_with("failed"), "{kind}: {ends:#?}");
        assert_eq!(rows(&site, "SELECT count(*) AS n FROM l").await, json!([{"n": 2}]), "{kind}");
    }
}
