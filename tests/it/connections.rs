//! Named connections: their configuration, the output of `stepwell connections`, TLS, and malicious servers.

use std::process::Command;
use std::time::Duration;

use stepwell_tests::certificates::Authority;
use stepwell_tests::servers::{self, PASSWORD};
use stepwell_tests::tds::SqlServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::Site;

#[test]
fn a_configuration_says_what_is_wrong_with_a_connection() {
    for (connection, why) in [
        ("{type: postgres, database: d, user: u}", "missing key `host` of a `postgres` connection"),
        ("{type: mysql, host: h, path: x.db}", "`path` is for `sqlite`: a `mysql` connection has `host`"),
        ("{type: sqlite}", "missing key `path`"),
        ("{type: sqlite, path: w.db, host: h}", "`host` is for servers, and `sqlite` is a file"),
        ("{type: mssql, host: h, database: d, user: u, role: r}", "`mssql` has no roles"),
        ("{type: postgres, host: h, database: d, user: u, password: plain}", "where the secret comes from"),
        ("{type: postgres, host: h, database: d, user: 'store:x'}", "there is no `secret_store`"),
        ("{type: postgres, host: h, database: d, user: u, tls: off}", "`off` is not a known value"),
        (
            "{type: postgres, host: h, database: d, user: u, tls: disable, tls_ca: w.db}",
            "certificates do nothing",
        ),
        ("{type: postgres, host: h, database: d, user: u, tls_ca: none.pem}", "there is no file"),
        ("{type: postgres, host: h, database: d, user: u, pool: 0}", "0"),
        ("{type: oracle, host: h}", "is not a known value"),
        ("{type: postgres, hots: h}", "did you mean `host`?"),
    ] {
        let site = Site::new()
            .database("w.db", "CREATE TABLE t (n)")
            .config(&format!("connections: {{c: {connection}}}"));
        let error = site.try_host().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(why) && error.contains("config.yaml:1:"), "{connection}: {error}");
    }
}

#[test]
fn sections_may_be_files_of_their_own() {
    let site = || {
        Site::new()
            .database("w.db", "CREATE TABLE t (n)")
            .file("connections.yaml", "connections: {w: {type: sqlite, path: w.db}}")
            .file("step_types.yaml", "step_types: {http: {enabled: false}}")
    };
    let host = site().config("{}").try_host().unwrap();
    assert_eq!(host.configuration().connections.keys().collect::<Vec<_>>(), ["w"]);
    assert!(!host.configuration().step_types["http"].enabled);
    for (site, why) in [
        (
            site().config("connections: {w: {type: sqlite, path: w.db}}"),
            "the configuration file has this name, too",
        ),
        (
            site()
                .file("step_types.yaml", "secrets: {}\nconnections: {x: {type: sqlite, path: w.db}}")
                .config("{}"),
            "holds `step_types` and nothing else",
        ),
        (
            site().file("connections.yaml", "connections: {w: {type: sqlite, path: none.db}}").config("{}"),
            "connections.yaml:1:",
        ),
    ] {
        let error = site.try_host().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(why), "{error}");
    }
}

#[tokio::test]
async fn the_command_lists_and_tests_connections() {
    let Some(postgres) = servers::postgres().await else { return };
    let ruler = SqlServer::start(true).await;
    let dir = tempfile::tempdir().unwrap();
    rusqlite::Connection::open(dir.path().join("w.db")).unwrap().execute_batch("CREATE TABLE t (n)").unwrap();
    std::fs::write(dir.path().join("password"), PASSWORD).unwrap();
    let admin = postgres.connection("").replace(&format!("user: {}", postgres.name), "user: postgres");
    let config = format!(
        "connections:\n  file: {{type: sqlite, path: w.db}}\n  works: {}\n  rules: {admin}\n  allowed: {}\n  \
         ruler: {{type: mssql, host: 127.0.0.1, port: {}, database: d, user: u, password: 'file:password', tls: disable}}\n  \
         gone: {{type: mysql, host: 127.0.0.1, port: 1, database: d, user: u, tls: disable}}\n",
        postgres.connection("read_only: true"),
        admin.replace('}', ", allow_superuser: true}"),
        ruler.port,
    );
    std::fs::write(dir.path().join("stepwell.yaml"), config).unwrap();
    let command = async |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stepwell-under-test"));
        command.arg("connections").args(args).arg("--config").arg(dir.path().join("stepwell.yaml"));
        command.arg("--data-dir").arg(dir.path().join("data"));
        let done = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let shown =
            format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(!shown.contains(PASSWORD), "{shown}");
        (done.status.code(), shown)
    };
    let (code, shown) = command(&["list"]).await;
    assert_eq!(code, Some(0), "{shown}");
    for part in
        [&format!("127.0.0.1:{}/{}", postgres.port, postgres.name), "w.db", "postgres", "mssql", "yes"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let (code, shown) = command(&["test"]).await;
    assert_eq!(code, Some(1), "{shown}");
    for part in [
        "file: works",
        "SQLite 3.",
        "works: works",
        "PostgreSQL ",
        "rules: does not work: the login of `rules` can do everything to the server",
        "allowed: works",
        "ruler: does not work: the login of `ruler`",
        "gone: does not work: ",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(command(&["test", "file", "works"]).await.0, Some(0));
    let (code, shown) = command(&["test", "none"]).await;
    assert_eq!((code, shown.contains("there is no connection `none`")), (Some(1), true), "{shown}");
}

#[tokio::test]
async fn tls_checks_the_server_and_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new(&dir.path().join("ours"));
    let stranger = Authority::new(&dir.path().join("other"));
    let databases = [servers::postgres_with_tls(&authority).await, servers::mysql_with_tls(&authority).await];
    for database in databases.into_iter().flatten() {
        for (host, roots, works) in [
            ("localhost", &authority, true),
            ("127.0.0.1", &authority, false),
            ("localhost", &stranger, false),
        ] {
            let connection =
                database.connection(&format!("tls: verify, tls_ca: '{}'", roots.roots().display()));
            let connection = connection.replace("'127.0.0.1'", &format!("'{host}'"));
            let site =
                Site::new().file("password", PASSWORD).config(&format!("connections: {{db: {connection}}}"));
            let found = site.host().await.host.sandbox().connections().test("db").await;
            assert_eq!(found.is_ok(), works, "{} {host}: {found:?}", database.kind);
        }
    }
}

/// T-38: servers that send nonsense cause errors, and nothing worse. `STEPWELL_TEST_FRAMES` sets the number
/// of connections.
#[tokio::test]
async fn a_server_that_sends_nonsense_is_an_error() {
    let rounds: u64 =
        std::env::var("STEPWELL_TEST_FRAMES").ok().and_then(|count| count.parse().ok()).unwrap_or(150);
    for kind in ["postgres", "mysql", "mssql"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut seed = 1;
            while let Ok((mut stream, _)) = listener.accept().await {
                seed += 1;
                tokio::spawn(async move {
                    let mut random = Random(seed);
                    if kind == "mysql" {
                        let _ = stream.write_all(&handshake()).await;
                    }
                    let mut request = [0; 4096];
                    let _ = stream.read(&mut request).await;
                    let _ = stream.write_all(&nonsense(kind, &mut random)).await;
                    // Some servers hang up, and some stay.
                    if random.below(2) == 0 {
                        let _ =
                            tokio::time::timeout(Duration::from_millis(50), stream.read(&mut request)).await;
                        let _ = stream.write_all(&nonsense(kind, &mut random)).await;
                    }
                });
            }
        });
        let config = format!(
            "connections: {{db: {{type: {kind}, host: 127.0.0.1, port: {port}, database: d, user: u, password: 'file:password', tls: disable}}}}"
        );
        let site = Site::new().file("password", PASSWORD).config(&config).host().await;
        for round in 0..rounds {
            let test = site.host.sandbox().connections().test("db");
            let found = tokio::time::timeout(Duration::from_secs(15), test).await;
            let error = found.unwrap_or_else(|_| panic!("{kind} {round} hangs")).unwrap_err();
            assert!(!error.contains(PASSWORD), "{error}");
        }
    }
}

struct Random(u64);

impl Random {
    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn bytes(&mut self, count: u64) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

/// The first message of a MySQL server.
fn handshake() -> Vec<u8> {
    let mut body = b"\x0a8.0.0\0\x01\0\0\0abcdefgh\0".to_vec();
    body.extend([0xff, 0xf7, 0x21, 2, 0, 0xff, 0x81, 21]);
    body.extend([0; 10]);
    body.extend(b"ijklmnopqrst\0mysql_native_password\0");
    let mut packet = vec![body.len() as u8, 0, 0, 0];
    packet.extend(body);
    packet
}

/// Frames of the protocol with random content, after a start that may be correct.
fn nonsense(kind: &str, random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    if random.below(4) == 0 {
        let count = random.below(300);
        return random.bytes(count);
    }
    if kind == "postgres" && random.below(2) == 0 {
        // The login works, and the server is ready.
        out.extend(b"R\0\0\0\x08\0\0\0\0K\0\0\0\x0c\0\0\0\x01\0\0\0\x02Z\0\0\0\x05I");
    }
    for _ in 0..1 + random.below(6) {
        let count = random.below(40);
        let body = random.bytes(count);
        let length = if random.below(8) == 0 { random.next() as u32 } else { body.len() as u32 };
        match kind {
            "postgres" => {
                out.push(b"RSKZTDCEN1t2nAvW"[random.below(16) as usize]);
                out.extend(length.wrapping_add(4).to_be_bytes());
            }
            "mysql" => {
                out.extend(&length.to_le_bytes()[..3]);
                out.push(random.below(5) as u8);
            }
            _ => {
                out.extend([4, random.below(2) as u8]);
                out.extend((length as u16).wrapping_add(8).to_be_bytes());
                out.extend([0, 0, 1, 0]);
            }
        }
        out.extend(body);
    }
    out
}
