//! Real database servers: one that a variable names, the server of this machine, or one started from
//! installed programs in a temporary directory. Each test gets its own database and login there.

use std::hash::{BuildHasher, RandomState};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use tempfile::TempDir;

use crate::certificates::Authority;

/// The password of the tests' logins, which must not appear anywhere.
pub const PASSWORD: &str = "canary-4f1d9b7e2c80";

/// A database on a server, with a login that owns only this database.
pub struct Database {
    pub kind: &'static str,
    pub host: String,
    pub port: u16,
    /// The name of the database and of the login.
    pub name: String,
    admin: Admin,
    _server: Option<Started>,
}

#[derive(Clone)]
enum Admin {
    Postgres(Box<tokio_postgres::Config>),
    Mysql(Box<mysql_async::Opts>),
}

/// A server that this process started and that ends with it.
struct Started {
    child: Child,
    _dir: TempDir,
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Creates a database on PostgreSQL. If there is no server, prints a line and returns `None`.
pub async fn postgres() -> Option<Database> {
    let local = || "host=127.0.0.1 port=5432 user=postgres dbname=postgres connect_timeout=2".to_owned();
    let named = std::env::var("STEPWELL_TEST_POSTGRES_URL");
    let mut config: tokio_postgres::Config = named.clone().unwrap_or_else(|_| local()).parse().unwrap();
    let mut server = None;
    if named.is_err() && config.connect(tokio_postgres::NoTls).await.is_err() {
        let (started, port) = start_postgres(None)?;
        server = Some(started);
        config = format!("host=127.0.0.1 port={port} user=postgres dbname=postgres").parse().unwrap();
        wait(async || config.connect(tokio_postgres::NoTls).await.is_ok()).await;
    }
    Some(postgres_database(config, server).await)
}

/// Creates a database on a separate PostgreSQL for this process, with TLS as `localhost`.
pub async fn postgres_with_tls(authority: &Authority) -> Option<Database> {
    let (server, port) = start_postgres(Some(authority))?;
    let config: tokio_postgres::Config =
        format!("host=127.0.0.1 port={port} user=postgres dbname=postgres").parse().unwrap();
    wait(async || config.connect(tokio_postgres::NoTls).await.is_ok()).await;
    Some(postgres_database(config, Some(server)).await)
}

/// Creates a database on a separate MariaDB for this process, with TLS as `localhost`.
pub async fn mysql_with_tls(authority: &Authority) -> Option<Database> {
    let (server, port) = start_mariadb(Some(authority))?;
    let opts =
        mysql_async::Opts::from_url(&format!("mysql://root@127.0.0.1:{port}/mysql?prefer_socket=false"))
            .unwrap();
    wait(async || mysql_async::Conn::new(opts.clone()).await.is_ok()).await;
    Some(mysql_database(opts, Some(server)).await)
}

async fn postgres_database(config: tokio_postgres::Config, server: Option<Started>) -> Database {
    let name = unique();
    let port = config.get_ports()[0];
    let host = match &config.get_hosts()[0] {
        tokio_postgres::config::Host::Tcp(host) => host.clone(),
        tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
    };
    let database = Database {
        kind: "postgres",
        host,
        port,
        name,
        admin: Admin::Postgres(Box::new(config)),
        _server: server,
    };
    let name = &database.name;
    database
        .admin(&[
            &format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'"),
            &format!("CREATE DATABASE {name} OWNER {name}"),
        ])
        .await;
    database
}

/// A separate PostgreSQL for this process, with a standby that has every commit before it is acknowledged.
pub struct Pair {
    primary: Option<Started>,
    standby: Started,
    data: PathBuf,
    bin: PathBuf,
    pub ports: [u16; 2],
}

impl Pair {
    /// Starts both servers. Returns `None` if the programs are not installed.
    pub async fn start() -> Option<Self> {
        let bin = postgres_programs()?;
        let (primary, port) = start_postgres(None)?;
        let reachable = async |port: u16| postgres_at(port).connect(tokio_postgres::NoTls).await.is_ok();
        wait(async || reachable(port).await).await;
        let (dir, second) = (tempfile::tempdir().unwrap(), free_port());
        let copy = dir.path().join("data");
        let status = unprivileged(&bin.join("pg_basebackup"), dir.path())
            .args([
                "-h",
                "127.0.0.1",
                "-U",
                "postgres",
                "-R",
                "-X",
                "stream",
                "-c",
                "fast",
                "-p",
                &port.to_string(),
                "-D",
            ])
            .arg(&copy)
            .status();
        assert!(status.unwrap().success());
        // The standby reconnects to its primary at once, since commits wait for it.
        let settings = ["wal_retrieve_retry_interval=100ms".to_owned()];
        let child = run_postgres(&bin, dir.path(), &copy, second, &settings);
        let standby = Started { child, _dir: dir };
        wait(async || reachable(second).await).await;
        let client = connect(&postgres_at(port)).await;
        client.batch_execute("ALTER SYSTEM SET synchronous_standby_names = '*'").await.unwrap();
        client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
        let data = primary._dir.path().join("data");
        Some(Self { primary: Some(primary), standby, data, bin, ports: [port, second] })
    }

    /// Stops the primary as an operator does, and starts it again.
    pub async fn restart(&mut self) {
        let Some(mut primary) = self.primary.take() else { return };
        Command::new("kill").args(["-INT", &primary.child.id().to_string()]).status().unwrap();
        primary.child.wait().unwrap();
        let dir = primary._dir.path().to_owned();
        primary.child = run_postgres(&self.bin, &dir, &self.data, self.ports[0], &[]);
        self.primary = Some(primary);
    }

    /// Removes the primary for good and promotes the standby.
    pub async fn fail_over(&mut self) {
        // Dropping the server kills it.
        self.primary = None;
        let client = connect(&postgres_at(self.ports[1])).await;
        client.batch_execute("SELECT pg_promote()").await.unwrap();
        assert!(self.standby.child.try_wait().unwrap().is_none());
    }
}

fn postgres_at(port: u16) -> tokio_postgres::Config {
    format!("host=127.0.0.1 port={port} user=postgres dbname=postgres").parse().unwrap()
}

/// Creates a database on MariaDB or MySQL. If there is no server, prints a line and returns `None`.
pub async fn mysql() -> Option<Database> {
    let named = std::env::var("STEPWELL_TEST_MYSQL_URL");
    let local = "mysql://root@127.0.0.1:3306/mysql?prefer_socket=false".to_owned();
    let url = |url: &str| mysql_async::Opts::from_url(url).unwrap();
    let mut opts = url(named.as_ref().unwrap_or(&local));
    let mut server = None;
    if named.is_err() && mysql_async::Conn::new(opts.clone()).await.is_err() {
        let (started, port) = start_mariadb(None)?;
        server = Some(started);
        opts = url(&format!("mysql://root@127.0.0.1:{port}/mysql?prefer_socket=false"));
        wait(async || mysql_async::Conn::new(opts.clone()).await.is_ok()).await;
    }
    Some(mysql_database(opts, server).await)
}

async fn mysql_database(opts: mysql_async::Opts, server: Option<Started>) -> Database {
    let (host, port) = (opts.ip_or_hostname().to_owned(), opts.tcp_port());
    let database = Database {
        kind: "mysql",
        host,
        port,
        name: unique(),
        admin: Admin::Mysql(Box::new(opts)),
        _server: server,
    };
    let name = &database.name;
    database
        .admin(&[
            &format!("CREATE DATABASE {name}"),
            &format!("CREATE USER {name}@'%' IDENTIFIED BY '{PASSWORD}'"),
            &format!("GRANT ALL ON {name}.* TO {name}@'%'"),
        ])
        .await;
    database
}

impl Database {
    /// Returns the connection for a configuration file, with additional keys.
    pub fn connection(&self, more: &str) -> String {
        let Self { kind, host, port, name, .. } = self;
        let more = if more.is_empty() { String::new() } else { format!(", {more}") };
        let tls = if more.contains("tls") { "" } else { ", tls: disable" };
        format!(
            "{{type: {kind}, host: '{host}', port: {port}, database: {name}, user: {name}, password: 'file:password'{tls}{more}}}"
        )
    }

    /// Returns the URL of the database for its login. Each test uses few sessions, since many tests share a
    /// server.
    pub fn url(&self) -> String {
        let Self { host, port, name, .. } = self;
        match host.starts_with('/') {
            true => format!("postgres://{name}:{PASSWORD}@/{name}?host={host}&port={port}"),
            false => format!("postgres://{name}:{PASSWORD}@{host}:{port}/{name}?sslmode=disable&pool=8"),
        }
    }

    /// Runs statements as the server's administrator, outside the database.
    pub async fn admin(&self, statements: &[&str]) {
        run(&self.admin, statements).await;
    }

    /// Runs statements as the administrator, in the database.
    pub async fn fill(&self, statements: &[&str]) {
        let admin = match &self.admin {
            Admin::Postgres(config) => {
                Admin::Postgres(Box::new((**config).clone().dbname(&self.name).to_owned()))
            }
            Admin::Mysql(opts) => {
                let opts = mysql_async::OptsBuilder::from_opts((**opts).clone()).db_name(Some(&self.name));
                Admin::Mysql(Box::new(opts.into()))
            }
        };
        run(&admin, statements).await;
    }

    /// Returns the statements that the server currently runs for the login, as the server shows them.
    pub async fn running(&self) -> Vec<String> {
        match &self.admin {
            Admin::Postgres(config) => {
                let client = connect(config).await;
                let query = "SELECT query FROM pg_stat_activity WHERE usename = $1 AND state <> 'idle'";
                client.query(query, &[&self.name]).await.unwrap().iter().map(|row| row.get(0)).collect()
            }
            Admin::Mysql(opts) => {
                let mut conn = mysql_async::Conn::new((**opts).clone()).await.unwrap();
                let query = format!(
                    "SELECT info FROM information_schema.processlist WHERE user = '{}' AND info IS NOT NULL",
                    self.name
                );
                conn.query(query).await.unwrap()
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (admin, name) = (self.admin.clone(), self.name.clone());
        let statements = match self.kind {
            "postgres" => vec![format!("DROP DATABASE {name} WITH (FORCE)"), format!("DROP ROLE {name}")],
            _ => vec![format!("DROP DATABASE {name}"), format!("DROP USER {name}@'%'")],
        };
        // Use a separate runtime: the database may be dropped within the runtime of the test.
        let _ = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(run(&admin, &statements.iter().map(String::as_str).collect::<Vec<_>>()));
        })
        .join();
    }
}

async fn connect(config: &tokio_postgres::Config) -> tokio_postgres::Client {
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn run(admin: &Admin, statements: &[&str]) {
    match admin {
        Admin::Postgres(config) => {
            let client = connect(config).await;
            for statement in statements {
                client.batch_execute(statement).await.unwrap();
            }
        }
        Admin::Mysql(opts) => {
            let mut conn = mysql_async::Conn::new((**opts).clone()).await.unwrap();
            for statement in statements {
                conn.query_drop(*statement).await.unwrap();
            }
            conn.disconnect().await.unwrap();
        }
    }
}

/// Returns the name of a new database. A test that was killed may have left one, and another process may get its
/// number.
fn unique() -> String {
    format!("stepwell_{:016x}", RandomState::new().hash_one(std::process::id()))
}

/// Reports a missing server: a line locally, a failure in CI.
pub(crate) fn missing(what: &str, variable: &str) {
    let message = format!("no {what} here: start one, install its programs, or name one by {variable}");
    assert!(std::env::var_os("CI").is_none(), "{message}");
    eprintln!("skipped: {message}");
}

/// Returns the directory of the PostgreSQL programs.
pub(crate) fn postgres_programs() -> Option<PathBuf> {
    let bin = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"));
    let found = bin.filter(|bin| bin.join("initdb").exists()).max();
    if found.is_none() {
        missing("PostgreSQL", "STEPWELL_TEST_POSTGRES_URL");
    }
    found
}

fn start_postgres(tls: Option<&Authority>) -> Option<(Started, u16)> {
    let bin = postgres_programs()?;
    let (dir, port) = (tempfile::tempdir().unwrap(), free_port());
    let data = dir.path().join("data");
    let files = tls.map(|authority| keys(authority, dir.path()));
    let status = unprivileged(&bin.join("initdb"), dir.path())
        .args(["-A", "trust", "-U", "postgres", "-D"])
        .arg(&data)
        .stdout(Stdio::null())
        .status();
    assert!(status.unwrap().success());
    let settings = files.map_or(Vec::new(), |(certificate, key)| {
        vec!["ssl=on".to_owned(), format!("ssl_cert_file={certificate}"), format!("ssl_key_file={key}")]
    });
    let child = run_postgres(&bin, dir.path(), &data, port, &settings);
    Some((Started { child, _dir: dir }, port))
}

pub(crate) fn run_postgres(bin: &Path, dir: &Path, data: &Path, port: u16, settings: &[String]) -> Child {
    let mut server = unprivileged(&bin.join("postgres"), dir);
    for setting in settings {
        server.args(["-c", setting]);
    }
    server
        .args(["-c", "fsync=off", "-p", &port.to_string(), "-k"])
        .arg(dir)
        .arg("-D")
        .arg(data)
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn start_mariadb(tls: Option<&Authority>) -> Option<(Started, u16)> {
    let find = |name: &str| {
        ["/usr/bin", "/usr/sbin"].iter().map(|dir| Path::new(dir).join(name)).find(|path| path.exists())
    };
    let (Some(install), Some(server)) = (find("mariadb-install-db"), find("mariadbd")) else {
        missing("MariaDB", "STEPWELL_TEST_MYSQL_URL");
        return None;
    };
    let (dir, port) = (tempfile::tempdir().unwrap(), free_port());
    let data = format!("--datadir={}", dir.path().join("data").display());
    let made = unprivileged(&install, dir.path())
        .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", &data])
        .stdout(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    let files = tls.map(|authority| keys(authority, dir.path()));
    let mut server = unprivileged(&server, dir.path());
    server.arg("--no-defaults");
    if let Some((certificate, key)) = files {
        server.args([format!("--ssl-cert={certificate}"), format!("--ssl-key={key}")]);
    }
    let child = server
        .args(["--bind-address=127.0.0.1", &data, &format!("--port={port}")])
        .arg(format!("--socket={}", dir.path().join("socket").display()))
        .stderr(Stdio::null())
        .spawn();
    Some((Started { child: child.unwrap(), _dir: dir }, port))
}

/// Creates a certificate for `localhost` and its key, in files that a server can read.
fn keys(authority: &Authority, dir: &Path) -> (String, String) {
    let (certificate, key) = authority.issue("localhost");
    let take = |file: PathBuf, name: &str| {
        let to = dir.join(name);
        std::fs::copy(file, &to).unwrap();
        std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o600)).unwrap();
        to.display().to_string()
    };
    (take(certificate, "server.pem"), take(key, "server.key"))
}

/// Runs the program as an unprivileged user, since servers refuse to run as root. The user gets the
/// directory.
pub(crate) fn unprivileged(program: &PathBuf, dir: &Path) -> Command {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0");
    if !root {
        return Command::new(program);
    }
    assert!(Command::new("chown").arg("-R").arg("nobody").arg(dir).status().unwrap().success());
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--clear-groups", "--regid=nogroup"]).arg(program);
    command
}

pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn wait(ready: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !ready().await {
        assert!(started.elapsed() < Duration::from_secs(60), "the server does not start");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
