//! The restrictions of a database session: its role, its login, its place, the memory of its statements.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use stepwell::engine::policy::SqlMode;
use stepwell::engine::{Configuration, StepEnd};
use stepwell::sandbox::sql::{Access, Connection, Connections, Error, Totals};
use stepwell_tests::certificates::Authority;
use stepwell_tests::servers::{self, Database, PASSWORD};

use crate::support::{Running, Site, told};

async fn site(database: &Database, more: &str, grant: &str) -> Running {
    Site::new()
        .file("password", PASSWORD)
        .config(&format!("connections: {{db: {}}}", database.connection(more)))
        .policy("sql", &format!("profile: large\nsql: [{{connection: db, {grant}}}]"))
        .host()
        .await
}

async fn sql(site: &Running, mut config: Value) -> StepEnd {
    config["type"] = json!("sql");
    config["connection_name"] = json!("db");
    site.step(config).await
}

/// A function of the database may leave the role, in any mode: the session ends with that statement.
#[tokio::test]
async fn a_session_that_leaves_its_role_is_closed() {
    let Some(database) = servers::postgres().await else { return };
    let (role, name) = (format!("{}_weak", database.name), &database.name);
    database.admin(&[&format!("CREATE ROLE {role}"), &format!("GRANT {role} TO {name}")]).await;
    let leaves = |name: &str, local: bool| {
        format!(
            "CREATE FUNCTION {name}() RETURNS text LANGUAGE sql AS $$SELECT set_config('role', 'none', {local})$$"
        )
    };
    database
        .fill(&[
            &leaves("leaves", false),
            &leaves("leaves_for_now", true),
            "CREATE FUNCTION leaves_behind() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN PERFORM set_config('role', 'none', false); RETURN NEW; END $$",
            "CREATE TABLE t (n int)",
            "CREATE TRIGGER leaves AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION leaves_behind()",
            "GRANT ALL ON t TO public",
        ])
        .await;
    let who = json!({"query": "SELECT current_user AS who, pg_backend_pid() AS id"});
    for (grant, config) in [
        ("mode: read", json!({"query": "SELECT leaves()"})),
        ("mode: read", json!({"query": "SELECT leaves(), count(*) FROM generate_series(1, 5000)"})),
        ("mode: write", json!({"query": "SELECT leaves()"})),
        ("mode: write", json!({"query": "INSERT INTO t VALUES (1)"})),
        ("mode: write, scripts: true", json!({"script": "SELECT leaves(); SELECT 1"})),
        (
            "mode: write, scripts: true",
            json!({"script": "SELECT leaves_for_now(); INSERT INTO t VALUES (1)"}),
        ),
        ("mode: ddl", json!({"query": "DO $$ BEGIN PERFORM set_config('role', 'none', false); END $$"})),
    ] {
        let site = site(&database, &format!("pool: 1, role: {role}"), grant).await;
        let before = sql(&site, who.clone()).await.produced.output;
        assert_eq!(before[0]["who"], json!(role), "{config}");
        let end = sql(&site, config.clone()).await;
        assert!(told(&end).contains("SQL_ROLE_LEFT"), "{grant} {config}: {}", told(&end));
        let after = sql(&site, who.clone()).await.produced.output;
        assert_eq!(after[0]["who"], json!(role), "{config}");
        assert_ne!(after[0]["id"], before[0]["id"], "{config}: the session is used again");
    }
    // Failures, and statements that leave no role, stay unchanged.
    let site = site(&database, &format!("pool: 1, role: {role}"), "mode: write").await;
    for (query, why) in [("SELECT 1/0 AS x", "division by zero"), ("SELECT * FROM missing", "missing")] {
        let end = sql(&site, json!({"query": query})).await;
        assert!(told(&end).contains(why), "{query}: {}", told(&end));
    }
    drop(site);
    database.fill(&[&format!("DROP OWNED BY {role}"), &format!("DROP ROLE {role}")]).await;
}

/// With other rules for strings, the server reads another statement than the gate.
#[tokio::test]
async fn a_session_that_reads_strings_otherwise_is_closed() {
    let Some(database) = servers::postgres().await else { return };
    database
        .fill(&["CREATE FUNCTION other_strings() RETURNS text LANGUAGE sql AS \
                 $$SELECT set_config('standard_conforming_strings', 'off', false)$$"])
        .await;
    let change = "SELECT other_strings()";
    let which = json!({"query": "SELECT pg_backend_pid() AS id, current_setting('standard_conforming_strings') AS rule"});
    for (grant, config) in [
        ("mode: write", json!({"query": change})),
        (
            "mode: write, scripts: true",
            json!({"script": format!("{change}; SELECT '\\'', pg_notify('a', 'b') --'")}),
        ),
    ] {
        let site = site(&database, "pool: 1", grant).await;
        let before = sql(&site, which.clone()).await.produced.output;
        let end = sql(&site, config.clone()).await;
        assert!(told(&end).contains("SQL_ROLE_LEFT"), "{grant} {config}: {}", told(&end));
        let after = sql(&site, which.clone()).await.produced.output;
        assert_eq!(after[0]["rule"], "on");
        assert_ne!(after[0]["id"], before[0]["id"], "{config}: the session is used again");
    }
}

/// A login that can become any role administers its server, whatever its name.
#[tokio::test]
async fn logins_that_can_get_more_rights_are_refused() {
    let Some(database) = servers::postgres().await else { return };
    let (name, files) = (&database.name, format!("{}_files", database.name));
    database
        .admin(&[
            &format!("CREATE ROLE {files} NOINHERIT"),
            &format!("GRANT pg_read_server_files TO {files}"),
        ])
        .await;
    for (give, take) in [
        (format!("ALTER ROLE {name} CREATEROLE"), format!("ALTER ROLE {name} NOCREATEROLE")),
        (format!("ALTER ROLE {name} REPLICATION"), format!("ALTER ROLE {name} NOREPLICATION")),
        (format!("ALTER ROLE {name} SUPERUSER"), format!("ALTER ROLE {name} NOSUPERUSER")),
        (format!("GRANT {files} TO {name}"), format!("REVOKE {files} FROM {name}")),
    ] {
        let query = json!({"query": "SELECT 1 AS one"});
        database.admin(&[&give]).await;
        let end = sql(&site(&database, "", "mode: read").await, query.clone()).await;
        assert!(told(&end).contains("its login has too many rights"), "{give}: {}", told(&end));
        let end = sql(&site(&database, "allow_superuser: true", "mode: read").await, query.clone()).await;
        assert!(end.outcome.is_success(), "{give}: {}", told(&end));
        database.admin(&[&take]).await;
        let end = sql(&site(&database, "", "mode: read").await, query).await;
        assert!(end.outcome.is_success(), "{take}: {}", told(&end));
    }
    database.admin(&[&format!("DROP ROLE {files}")]).await;
}

/// Modes of the server that contain other modes do not change the end of strings.
#[tokio::test]
async fn strings_of_mysql_end_in_the_same_place_whatever_the_mode_of_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let Some(database) = servers::mysql_with_tls(&Authority::new(dir.path())).await else { return };
    for mode in [
        "ANSI",
        "ORACLE",
        "MSSQL",
        "DB2",
        "MAXDB",
        "POSTGRESQL",
        "ANSI_QUOTES,NO_BACKSLASH_ESCAPES",
        "ANSI,ORACLE,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES",
    ] {
        database.admin(&[&format!("SET GLOBAL sql_mode = '{mode}'")]).await;
        let site = site(&database, "", "mode: read").await;
        let end = sql(&site, json!({"query": r#"SELECT "a\" , get_lock('y',0) -- " AS v"#})).await;
        assert_eq!(
            end.produced.output,
            json!([{"v": "a\" , get_lock('y',0) -- "}]),
            "{mode}: {}",
            told(&end)
        );
        let end = sql(&site, json!({"query": r"SELECT 'a\' , 1' AS v"})).await;
        assert_eq!(end.produced.output, json!([{"v": "a' , 1"}]), "{mode}: {}", told(&end));
    }
}

async fn open(connections: &Connections, totals: &Arc<Totals>) -> Result<Connection, Error> {
    let access = Access {
        mode: SqlMode::Read,
        scripts: false,
        rows: 10,
        timeout: Duration::from_millis(200),
        idle: Duration::from_secs(1),
    };
    connections.open("db", access, totals.clone()).await
}

/// Open SQLite files have separate threads, and an attempt has few of them.
#[test]
fn connections_to_sqlite_take_no_thread_from_others() {
    let dir = tempfile::tempdir().unwrap();
    rusqlite::Connection::open(dir.path().join("db.sqlite"))
        .unwrap()
        .execute_batch("CREATE TABLE t (n)")
        .unwrap();
    let text = "connections: {db: {type: sqlite, path: db.sqlite}}";
    let config = Configuration::parse("config.yaml", text, dir.path()).unwrap();
    let connections = Connections::new(Arc::new(config), Arc::new(|_| Err("no secret".to_owned())));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let totals = || Arc::new(Totals::new(100, 100));
        let attempt = totals();
        let first = open(&connections, &attempt).await.unwrap();
        let second = open(&connections, &attempt).await.unwrap();
        let other = tokio::time::timeout(Duration::from_secs(20), tokio::task::spawn_blocking(|| 7)).await;
        assert_eq!(other.unwrap().unwrap(), 7);
        let third = open(&connections, &attempt).await.err();
        assert!(
            matches!(&third, Some(Error::Limit(limit)) if limit.message.contains("at most 2 connections")),
            "{third:?}"
        );
        drop(second);
        let second = open(&connections, &attempt).await.unwrap();
        // Other attempts have their own, up to the process's maximum for the file.
        let mut others = Vec::new();
        let full = loop {
            match open(&connections, &totals()).await {
                Ok(connection) => others.push(connection),
                Err(error) => break error,
            }
        };
        assert_eq!(others.len(), 30);
        assert!(matches!(&full, Error::Unavailable(why) if why.contains("all 32 sessions")), "{full}");
        drop((first, second, others));
        open(&connections, &attempt).await.unwrap();
    });
}

#[tokio::test]
async fn statements_of_sqlite_take_a_bounded_part_of_the_memory() {
    let endless = "WITH RECURSIVE x (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x)";
    let wide: Vec<String> = (0..200).map(|column| format!("zeroblob(5000) AS c{column}")).collect();
    let site = |grant: &str, limits: &str| {
        Site::new()
            .database("db.sqlite", "CREATE TABLE t (n)")
            .config("connections: {db: {type: sqlite, path: db.sqlite}}")
            .policy("sql", &format!("profile: large\nsql: [{{connection: db, {grant}}}]\n{limits}"))
            .host()
    };
    let sorts = site("mode: read", "").await;
    for (query, why) in [
        ("SELECT zeroblob(8388608) AS a".to_owned(), "more than 1048576 bytes, the most for SQLite"),
        (
            format!("{endless} SELECT randomblob(100000) AS a FROM x ORDER BY a LIMIT 5000000"),
            "of SQLite's memory",
        ),
        (
            format!("{endless} SELECT count(*) AS a FROM (SELECT DISTINCT randomblob(100000) FROM x)"),
            "of SQLite's memory",
        ),
    ] {
        let end = sql(&sorts, json!({"query": query})).await;
        assert!(told(&end).contains(why), "{query}: {}", told(&end));
    }
    // The memory is free again.
    let end = sql(&sorts, json!({"query": "SELECT 1 AS one"})).await;
    assert!(end.outcome.is_success(), "{}", told(&end));
    // A row counts before it is complete, and an opening counts as a statement.
    let narrow = site("mode: read", "limits: {sql_bytes: 64KiB}").await;
    let end = sql(&narrow, json!({"query": format!("SELECT {}", wide.join(", "))})).await;
    assert!(told(&end).contains("more than 65536 bytes of rows"), "{}", told(&end));
    for (limit, passes) in [(1, false), (2, true)] {
        let site = site("mode: read", &format!("limits: {{sql_statements: {limit}}}")).await;
        let end = sql(&site, json!({"query": "SELECT 1 AS one"})).await;
        assert_eq!(end.outcome.is_success(), passes, "{limit}: {}", told(&end));
        assert!(passes || told(&end).contains("more than 1 statement"), "{}", told(&end));
    }
}

/// SQLite expands a statement while it prepares it, before it runs an instruction.
#[tokio::test]
async fn a_statement_of_sqlite_that_expands_ends_and_others_continue() {
    let twice = |level: usize| {
        let before = level - 1;
        format!("a{level} AS (SELECT * FROM a{before} UNION ALL SELECT * FROM a{before})")
    };
    let all: Vec<String> = (1..=25).map(twice).collect();
    let expands = format!("WITH a0 AS (SELECT 1 x), {} SELECT count(*) FROM a25", all.join(", "));
    let site = Site::new()
        .database("db.sqlite", &format!("CREATE TABLE t (n); CREATE VIEW v AS {expands}"))
        .config("connections: {db: {type: sqlite, path: db.sqlite}}")
        .policy("sql", "profile: large\nsql: [{connection: db, mode: read}]")
        .host()
        .await;
    let memory = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let before = memory();
    let from_view = json!({"query": "SELECT * FROM v"});
    let sorts = json!({"query": "SELECT value FROM json_each('[3, 1, 2]') ORDER BY value"});
    let (text, view, other) =
        tokio::join!(sql(&site, json!({"query": expands})), sql(&site, from_view), sql(&site, sorts));
    for end in [text, view] {
        assert!(told(&end).contains("of SQLite's memory"), "{}", told(&end));
    }
    assert!(other.outcome.is_success(), "{}", told(&other));
    assert!(memory() - before < 600 << 10, "{} KiB", memory() - before);
    let end = sql(&site, json!({"query": "SELECT 1 AS one"})).await;
    assert!(end.outcome.is_success(), "{}", told(&end));
}
