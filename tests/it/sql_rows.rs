//! Resources of the host that a database server can affect: rows of a gigabyte, idle transactions, details of
//! errors, roles.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use stepwell::engine::Configuration;
use stepwell::engine::policy::SqlMode;
use stepwell::sandbox::sql::{Access, Connection, Connections, Control, Error, Parameters, Totals};
use stepwell_tests::certificates::Authority;
use stepwell_tests::servers::{self, Database, PASSWORD};
use stepwell_tests::tds::SqlServer;

use crate::support::{Site, told};

fn connections(connection: &str) -> Connections {
    let config = format!("connections: {{db: {connection}}}");
    let config = Configuration::parse("config.yaml", &config, std::path::Path::new("/")).unwrap();
    Connections::new(Arc::new(config), Arc::new(|_| Ok(PASSWORD.to_owned())))
}

async fn open(connections: &Connections, mode: SqlMode, idle: Duration) -> Result<Connection, Error> {
    let timeout = Duration::from_secs(60);
    let access = Access { mode, scripts: true, rows: 100_000, timeout, idle };
    connections.open("db", access, Arc::new(Totals::new(u64::MAX, 1 << 30))).await
}

/// Reads to the end, and returns the number of rows.
async fn read(connection: &Connection, text: &str) -> Result<usize, Error> {
    let none = Parameters::Positional(Vec::new());
    let mut rows = connection.query(text.to_owned(), none, Duration::from_secs(60)).await?;
    let mut read = 0;
    loop {
        match rows.next(1_000).await?.len() {
            0 => return Ok(read),
            count => read += count,
        }
    }
}

/// Returns the peak memory of this process in MiB, and first resets it if `reset` is set.
fn peak(reset: bool) -> u64 {
    if reset {
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() >> 10
}

/// Checks a row that is too long, a row that is not, and many rows that together exceed the limit of one row.
async fn rows_are_bounded(connections: &Connections, long: &[&str], fits: &[(&str, usize)]) {
    let idle = Duration::from_secs(30);
    for text in long {
        let connection = open(connections, SqlMode::Read, idle).await.unwrap();
        let before = peak(true);
        let error = read(&connection, text).await.unwrap_err();
        let grown = peak(false) - before;
        println!("{text}: {grown} MiB");
        assert!(
            matches!(&error, Error::Limit(limit) if limit.message.contains("a row of the result")),
            "{text}: {error:?}"
        );
        assert!(grown < 128, "{text}: the memory grew by {grown} MiB");
        // The statement has ended on the server, and the session is not reused.
        let connection = open(connections, SqlMode::Read, idle).await.unwrap();
        assert_eq!(read(&connection, fits[0].0).await, Ok(fits[0].1), "{text}");
    }
    for (text, count) in fits {
        let connection = open(connections, SqlMode::Read, idle).await.unwrap();
        assert_eq!(read(&connection, text).await, Ok(*count), "{text}");
    }
}

const LONG_POSTGRES: &[&str] = &[
    "SELECT repeat('x', 1000000000)",
    "SELECT repeat('x', 20000000) FROM generate_series(1, 50)",
    "SELECT repeat('x', 9000000), repeat('y', 9000000)",
    "SELECT array_agg(repeat('x', 1000000)) FROM generate_series(1, 500)",
];
const FITS_POSTGRES: &[(&str, usize)] = &[
    ("SELECT 1", 1),
    ("SELECT repeat('x', 16000000)", 1),
    ("SELECT repeat('x', 1000000) FROM generate_series(1, 100)", 100),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_a_gigabyte_of_postgresql_stays_there() {
    let Some(database) = servers::postgres().await else { return };
    rows_are_bounded(&connections(&database.connection("")), LONG_POSTGRES, FITS_POSTGRES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_a_gigabyte_of_postgresql_over_tls_stays_there() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new(dir.path());
    let Some(mut database) = servers::postgres_with_tls(&authority).await else { return };
    database.host = "localhost".to_owned();
    let more = format!("tls: verify, tls_ca: '{}'", authority.roots().display());
    rows_are_bounded(&connections(&database.connection(&more)), LONG_POSTGRES, FITS_POSTGRES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_a_gigabyte_of_mysql_stays_there() {
    let dir = tempfile::tempdir().unwrap();
    let Some(database) = servers::mysql_with_tls(&Authority::new(dir.path())).await else { return };
    database.admin(&["SET GLOBAL max_allowed_packet = 1073741824"]).await;
    rows_are_bounded(
        &connections(&database.connection("")),
        &["SELECT repeat('x', 1000000000)", "SELECT repeat('x', 9000000), repeat('y', 9000000)"],
        &[
            ("SELECT 1", 1),
            ("SELECT repeat('x', 16000000)", 1),
            ("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT repeat('x', 1000000) FROM n", 100),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_a_gigabyte_of_sql_server_stays_there() {
    let server = SqlServer::start(false).await;
    let connection = format!(
        "{{type: mssql, host: 127.0.0.1, port: {}, database: d, user: u, password: 'file:password', tls: disable}}",
        server.port
    );
    rows_are_bounded(
        &connections(&connection),
        &["SELECT * FROM huge"],
        &[("SELECT * FROM numbers", 10_000), ("SELECT * FROM large_rows", 64)],
    )
    .await;
}

/// The locks of a transaction that is idle for long are released.
async fn idle_transactions_end(connections: &Connections, lock: &str, try_lock: &str) {
    let short = Duration::from_secs(1);
    let idle = open(connections, SqlMode::Write, short).await.unwrap();
    let none = || Parameters::Positional(Vec::new());
    let (wait, text) = (Duration::from_secs(20), |text: &str| text.to_owned());
    idle.control(Control::Begin, wait).await.unwrap();
    idle.execute(text(lock), none(), wait).await.unwrap();
    // A busy transaction continues.
    for _ in 0..4 {
        tokio::time::sleep(short / 2).await;
        read(&idle, "SELECT 1").await.unwrap();
    }
    let begun = Instant::now();
    let other = open(connections, SqlMode::Write, short).await.unwrap();
    let mut locked = other.execute(text(try_lock), none(), wait).await;
    while locked.is_err() && begun.elapsed() < Duration::from_secs(10) {
        locked = other.execute(text(try_lock), none(), wait).await;
    }
    locked.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let error = read(&idle, "SELECT 1").await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable(why) if why.contains("transaction")), "{error:?}");
    // Without a transaction, a session may wait.
    let patient = open(connections, SqlMode::Write, short).await.unwrap();
    read(&patient, "SELECT 1").await.unwrap();
    tokio::time::sleep(short * 3).await;
    read(&patient, "SELECT 1").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_does_nothing_ends() {
    let table = "CREATE TABLE t (n int)";
    if let Some(database) = servers::postgres().await {
        database.fill(&[table, "INSERT INTO t VALUES (1)", "GRANT ALL ON t TO public"]).await;
        let update = "UPDATE t SET n = n + 1";
        idle_transactions_end(&connections(&database.connection("")), update, update).await;
    }
    if let Some(database) = servers::mysql().await {
        database.fill(&[table, "INSERT INTO t VALUES (1)"]).await;
        let update = "UPDATE t SET n = n + 1";
        idle_transactions_end(&connections(&database.connection("")), update, update).await;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db.sqlite");
    rusqlite::Connection::open(&path).unwrap().execute_batch(table).unwrap();
    let connection = format!("{{type: sqlite, path: {}}}", path.display());
    let insert = "INSERT INTO t VALUES (1)";
    idle_transactions_end(&connections(&connection), insert, insert).await;
}

/// An attempt uses two sessions of a server, and its neighbors the others.
#[tokio::test]
async fn an_attempt_takes_two_sessions_of_a_connection() {
    let Some(database) = servers::postgres().await else { return };
    let connections = connections(&database.connection("pool: 3"));
    let access = || Access {
        mode: SqlMode::Read,
        scripts: false,
        rows: 1,
        timeout: Duration::from_secs(5),
        idle: Duration::from_secs(5),
    };
    let totals = Arc::new(Totals::new(100, 100));
    let one = connections.open("db", access(), totals.clone()).await.unwrap();
    let two = connections.open("db", access(), totals.clone()).await.unwrap();
    let three = connections.open("db", access(), totals).await.err();
    assert!(matches!(&three, Some(Error::Limit(limit)) if limit.message.contains("at most 2")), "{three:?}");
    let other = connections.open("db", access(), Arc::new(Totals::new(100, 100))).await.unwrap();
    drop((one, two, other));
}

/// Details contain the values of rows that a step may not read.
#[tokio::test]
async fn details_of_errors_are_for_the_operator() {
    let Some(database) = servers::postgres().await else { return };
    database
        .fill(&[
            "CREATE TABLE t (n int PRIMARY KEY, secret text CHECK (length(secret) > 3))",
            "INSERT INTO t VALUES (7, 'canary-5150')",
            "GRANT ALL ON t TO public",
        ])
        .await;
    let site = Site::new()
        .file("password", PASSWORD)
        .config(&format!("connections: {{db: {}}}", database.connection("")))
        .policy("sql", "profile: large\nsql: [{connection: db, mode: write}]")
        .host()
        .await;
    for (query, expected) in [
        ("INSERT INTO t SELECT n, secret || 'x' FROM t", "duplicate key"),
        ("UPDATE t SET secret = left(secret, 2)", "check constraint"),
        ("SELECT secrets FROM t", "secrets"),
    ] {
        let end = site.step(json!({"type": "sql", "connection_name": "db", "query": query})).await;
        let told = told(&end);
        assert!(told.contains(expected), "{query}: {told}");
        for hidden in ["canary", "(7)", "Failing row", "already exists", "Perhaps", "ca,"] {
            assert!(!told.contains(hidden), "{query}: {told}");
        }
    }
}

async fn logs_in(database: &Database) -> Result<usize, String> {
    let connections = connections(&database.connection(""));
    match open(&connections, SqlMode::Read, Duration::from_secs(30)).await {
        Ok(connection) => read(&connection, "SELECT 1").await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// Rights that a login gets by a role count, also if another role gives it the role.
#[tokio::test]
async fn logins_of_mysql_that_can_get_more_rights_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let Some(database) = servers::mysql_with_tls(&Authority::new(dir.path())).await else { return };
    let name = &database.name;
    database
        .admin(&[
            "CREATE ROLE files",
            "GRANT FILE ON *.* TO files",
            "CREATE ROLE outer_role",
            "GRANT files TO outer_role",
            "CREATE ROLE harmless",
            "GRANT SELECT ON *.* TO harmless",
        ])
        .await;
    for (right, refused) in [
        ("files".to_owned(), true),
        ("outer_role".to_owned(), true),
        ("harmless".to_owned(), false),
        ("SELECT, SHOW VIEW ON *.*".to_owned(), false),
        ("CREATE USER ON *.*".to_owned(), true),
        ("RELOAD ON *.*".to_owned(), true),
        ("CONNECTION ADMIN ON *.*".to_owned(), true),
        ("UPDATE ON mysql.*".to_owned(), true),
        ("INSERT ON mysql.global_priv".to_owned(), true),
    ] {
        database.admin(&[&format!("GRANT {right} TO {name}@'%'")]).await;
        let found = logs_in(&database).await;
        match refused {
            true => assert!(
                found.as_ref().is_err_and(|why| why.contains("too many rights")),
                "{right}: {found:?}"
            ),
            false => assert_eq!(found, Ok(1), "{right}"),
        }
        database.admin(&[&format!("REVOKE {right} FROM {name}@'%'")]).await;
        assert_eq!(logs_in(&database).await, Ok(1), "{right} is taken back");
    }
    // A role that is active from the start.
    database
        .admin(&[&format!("GRANT files TO {name}@'%'"), &format!("SET DEFAULT ROLE files FOR {name}@'%'")])
        .await;
    assert!(logs_in(&database).await.is_err_and(|why| why.contains("too many rights")));
}
