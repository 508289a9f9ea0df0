//! Connections to SQL Server: an emulated one, and a real one if `STEPWELL_TEST_MSSQL_URL` names it
//! (`mssql://user:password@host:1433/database`, with `?tls=disable` for a connection without TLS).

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stepwell::engine::StepEnd;
use stepwell_tests::servers::PASSWORD;
use stepwell_tests::tds::SqlServer;
use tokio_util::sync::CancellationToken;

use crate::support::{Running, Site, Unwatched, told};

async fn site(server: &SqlServer, grant: &str) -> Running {
    let connection = format!(
        "{{type: mssql, host: 127.0.0.1, port: {}, database: d, user: u, password: 'file:password', tls: disable}}",
        server.port
    );
    host(PASSWORD, &connection, grant).await
}

async fn host(password: &str, connection: &str, grant: &str) -> Running {
    Site::new()
        .file("password", password)
        .config(&format!("connections: {{db: {connection}}}"))
        .policy(
            "sql",
            &format!(
                "profile: large\nsql: [{{connection: db, {grant}}}]\nfiles: [{{mount: /workspace, workspace: 8MiB, access: write}}]"
            ),
        )
        .host()
        .await
}

async fn sql(site: &Running, config: Value) -> StepEnd {
    let mut step = json!({"type": "sql", "connection_name": "db"});
    step.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    site.step(step).await
}

/// Returns the statements besides the start of every session.
fn asked(server: &SqlServer) -> Vec<String> {
    let own = ["IS_SRVROLEMEMBER", "SET LOCK_TIMEOUT"];
    server.take().into_iter().filter(|text| !own.iter().any(|own| text.contains(own))).collect()
}

#[tokio::test]
async fn values_of_sql_server_keep_their_types_and_reads_are_rolled_back() {
    let server = SqlServer::start(false).await;
    let site = site(&server, "mode: read").await;
    let end =
        sql(&site, json!({"query": "SELECT * FROM every_type WHERE i = :n", "parameters": {"n": 1}})).await;
    assert_eq!(
        end.produced.output,
        json!([
            {
                "i": "9007199254740993", "t": "ä", "d": "-123456789012345678901.2345", "b": true, "f": 0.5,
                "day": "2025-09-01", "at": "2025-09-01T14:30:22.5", "zoned": "2025-09-01T12:30:22Z",
                "id": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "raw": "00ff", "m": "12.5000",
            },
            {
                "i": null, "t": null, "d": null, "b": null, "f": null, "day": null, "at": null, "zoned": null,
                "id": null, "raw": null, "m": null,
            },
        ]),
        "{}",
        told(&end)
    );
    let statements = asked(&server);
    assert_eq!(
        statements,
        [
            "BEGIN TRANSACTION",
            "SELECT * FROM every_type WHERE i = @P1",
            "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION"
        ]
    );
}

#[tokio::test]
async fn what_the_gate_refuses_never_reaches_sql_server() {
    let server = SqlServer::start(false).await;
    let read = site(&server, "mode: read").await;
    let write = site(&server, "mode: write").await;
    for (site, query, why) in [
        (&read, "DELETE FROM t", "SQL_WRITE_NOT_GRANTED"),
        (&read, "SELECT 1 DELETE FROM t", "SQL_WRITE_NOT_GRANTED"),
        (&read, "SELECT * INTO u FROM t", "SQL_WRITE_NOT_GRANTED"),
        (&write, "EXEC xp_cmdshell 'dir'", "SQL_STATEMENT_NOT_GRANTED"),
        (&write, "SELECT * FROM OPENROWSET('a', 'b', 'c')", "SQL_STATEMENT_NOT_GRANTED"),
        (&write, "DELETE FROM t; DELETE FROM u", "SQL_SCRIPT_NOT_GRANTED"),
    ] {
        let end = sql(site, json!({"query": query})).await;
        assert!(told(&end).contains(why), "{query}: {}", told(&end));
    }
    let texts: Vec<String> = asked(&server).into_iter().filter(|text| !text.contains("TRAN")).collect();
    assert!(texts.is_empty(), "{texts:?}");
}

/// What the step asks for when a table does not exist.
const TABLES: &str = "SELECT TABLE_SCHEMA + '.' + TABLE_NAME FROM INFORMATION_SCHEMA.TABLES ORDER BY 1";

/// What SQL Server would change is refused before the load begins.
#[tokio::test]
async fn a_load_that_sql_server_would_change_is_refused() {
    let server = SqlServer::start(false).await;
    let site = site(&server, "mode: write").await;
    for (column, value, why) in [
        ("amount", "1.005", "keeps 2"),
        ("count", "7.5", "holds whole numbers"),
        ("day", "2026-01-31 10:00", "has a time"),
        ("at", "2026-01-31 10:20:30.124", "end in 0, 3 or 7"),
        ("moment", "2026-01-31 10:20:30.1234", "keeps 3"),
        ("flag", "5", "is neither 0 nor 1"),
        ("word", "Ж", "has the character `Ж`"),
        ("word", "abc ", "ends in spaces"),
        ("price", "1.23456", "keeps 4"),
        ("ratio", "16777217", "more digits than a float"),
        ("id", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-more", "longer than a UUID"),
    ] {
        let job = json!({"id": "test", "workspace": "1MiB", "steps": [
            {"id": "load", "type": "sql", "connection_name": "db", "load": {"file": "in.csv", "table": "dbo.t"}},
        ]});
        let parsed = site.host.parse("job.yaml", &job.to_string()).await.unwrap();
        let id = site.host.runs().submit(parsed.job, Default::default()).await.unwrap();
        std::fs::create_dir_all(site.host.runs().workspace(&id)).unwrap();
        std::fs::write(site.host.runs().workspace(&id).join("in.csv"), format!("{column}\n{value}\n"))
            .unwrap();
        let state = site.host.runs().resume(&id, &Unwatched, CancellationToken::new()).await.unwrap();
        let message = told(state.steps[0].end.as_ref().unwrap());
        let place = format!("in.csv, line 2, column `{column}`: `{value}`");
        assert!(message.contains(&place) && message.contains(why), "{column}: {message}");
        assert!(asked(&server).iter().all(|text| !text.contains("INSERT")), "{column}");
    }
}

#[tokio::test]
async fn statements_scripts_procedures_and_loads_of_sql_server() {
    let server = SqlServer::start(false).await;
    let site = site(&server, "mode: ddl, scripts: true").await;
    let rollback = "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION";
    for (config, outcome, statements) in [
        (
            json!({"query": "UPDATE t SET a = ? WHERE b = ?", "parameters": [1, "x"]}),
            "1",
            vec!["UPDATE t SET a = @P1 WHERE b = @P2"],
        ),
        (json!({"procedure": "dbo.p", "parameters": {"a": 1}}), "[]", vec!["EXEC dbo.p @a = @P1"]),
        (
            json!({"query": "DELETE FROM t WHERE a IN (:l) OR a NOT IN (:e)", "parameters": {"l": [1, 2], "e": []}}),
            "1",
            vec![
                "DELETE FROM t WHERE a IN (@P1, @P2) OR a NOT IN (SELECT CAST(NULL AS nvarchar(1)) WHERE 1 = 0)",
            ],
        ),
        (
            json!({"script": "CREATE TABLE t (a int)\nGO\nINSERT INTO t VALUES (1)\nGO 2\n"}),
            "3 statements",
            vec![
                "BEGIN TRANSACTION",
                "CREATE TABLE t (a int)",
                "INSERT INTO t VALUES (1)",
                "INSERT INTO t VALUES (1)",
                "COMMIT TRANSACTION",
            ],
        ),
        (
            json!({"script": "SELECT 1\nGO\nSELECT * FROM missing"}),
            // The server counts from the start of the batch, on line 3.
            "statement 2 of the script, line 9: Invalid object name 'missing' (208)",
            vec!["BEGIN TRANSACTION", "SELECT 1", "SELECT * FROM missing", rollback, TABLES],
        ),
        (
            json!({"query": "SELECT * FROM missing"}),
            "line 7: Invalid object name 'missing' (208): check the name",
            vec!["SELECT * FROM missing", TABLES],
        ),
    ] {
        let end = sql(&site, config.clone()).await;
        let shown = format!(
            "{} {} {}",
            told(&end),
            end.produced.summary,
            end.produced.metadata.get("affected_rows").unwrap_or(&Value::Null)
        );
        assert!(shown.contains(outcome), "{config}: {shown}");
        assert_eq!(asked(&server), statements, "{config}");
    }
    let job = json!({"id": "test", "workspace": "1MiB", "steps": [
        {"id": "load", "type": "sql", "connection_name": "db", "load": {"file": "in.csv", "table": "dbo.t"}},
    ]});
    let parsed = site.host.parse("job.yaml", &job.to_string()).await.unwrap();
    let id = site.host.runs().submit(parsed.job, Default::default()).await.unwrap();
    std::fs::create_dir_all(site.host.runs().workspace(&id)).unwrap();
    std::fs::write(site.host.runs().workspace(&id).join("in.csv"), "a,b\n1,x\n2,\n").unwrap();
    let state = site.host.runs().resume(&id, &Unwatched, CancellationToken::new()).await.unwrap();
    let end = state.steps[0].end.as_ref().unwrap();
    assert_eq!(end.produced.metadata["row_count"], 2, "{}", told(end));
    assert_eq!(
        asked(&server),
        [
            "SELECT [a], [b] FROM [dbo].[t] WHERE 1 = 0",
            "SELECT system_type_name FROM sys.dm_exec_describe_first_result_set(N'SELECT [a], [b] FROM [dbo].[t] WHERE 1 = 0', NULL, 0) WHERE is_hidden = 0 ORDER BY column_ordinal",
            "BEGIN TRANSACTION",
            "INSERT INTO [dbo].[t] ([a], [b]) VALUES (@P1, @P2), (@P3, @P4)",
            "COMMIT TRANSACTION"
        ]
    );
}

#[tokio::test]
async fn sql_server_is_told_to_stop() {
    let server = SqlServer::start(false).await;
    let site = site(&server, "mode: read, timeout: 1s, rows: 1000").await;
    let started = Instant::now();
    let end = sql(&site, json!({"query": "SELECT * FROM SLEEP"})).await;
    assert!(told(&end).contains("ran longer than its timeout"), "{}", told(&end));
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(server.take().contains(&"attention".to_owned()));
    let end = sql(&site, json!({"query": "SELECT * FROM numbers"})).await;
    assert!(told(&end).contains("more than 1000 rows"), "{}", told(&end));
    assert!(server.take().contains(&"attention".to_owned()));
}

#[tokio::test]
async fn a_login_that_rules_sql_server_is_refused() {
    let server = SqlServer::start(true).await;
    let site = site(&server, "mode: read").await;
    let why = site.host.sandbox().connections().test("db").await.unwrap_err();
    assert!(why.contains("allow_superuser: true"), "{why}");
    let end = sql(&site, json!({"query": "SELECT 1"})).await;
    assert!(told(&end).contains("the log of the service says which"), "{}", told(&end));
}

#[tokio::test]
async fn a_real_sql_server() {
    let Ok(address) = std::env::var("STEPWELL_TEST_MSSQL_URL") else {
        eprintln!("skipped: no SQL Server here: name one by STEPWELL_TEST_MSSQL_URL");
        return;
    };
    let url = url::Url::parse(&address).unwrap();
    let tls = if url.query() == Some("tls=disable") { "disable" } else { "verify" };
    let connection = format!(
        "{{type: mssql, host: '{}', port: {}, database: '{}', user: '{}', password: 'file:password', tls: {tls}, allow_superuser: true}}",
        url.host_str().unwrap(),
        url.port().unwrap_or(1433),
        url.path().trim_start_matches('/'),
        url.username()
    );
    let site =
        host(url.password().unwrap_or_default(), &connection, "mode: ddl, scripts: true, timeout: 2s").await;
    let table = format!("stepwell_{}", std::process::id());
    for (config, wanted) in [
        (
            json!({"script": format!("CREATE TABLE {table} (n int, price decimal(10,2), at datetimeoffset)\nGO\nINSERT INTO {table} VALUES (1, 12.5, '2025-09-01T14:30:22+02:00')")}),
            None,
        ),
        (
            json!({"query": format!("SELECT * FROM {table} WHERE n = :n"), "parameters": {"n": 1}}),
            Some(json!([{"n": 1, "price": "12.50", "at": "2025-09-01T12:30:22Z"}])),
        ),
        (
            json!({"query": format!("UPDATE {table} SET n = ?"), "parameters": [2], "expect": {"rows": 1}}),
            None,
        ),
        (json!({"query": format!("DROP TABLE {table}")}), None),
    ] {
        let end = sql(&site, config.clone()).await;
        assert!(end.outcome.is_success(), "{config}: {}", told(&end));
        if let Some(wanted) = wanted {
            assert_eq!(end.produced.output, wanted);
        }
    }
    let slow = "WITH x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x WHERE n < 2000000000) SELECT max(n) FROM x OPTION (MAXRECURSION 0)";
    let end = sql(&site, json!({"query": slow})).await;
    assert!(told(&end).contains("ran longer than its timeout"), "{}", told(&end));
}
