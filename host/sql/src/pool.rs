//! The connections of the configuration. Their sessions with servers stay open for a while between uses.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use stepwell_engine::Configuration;
use stepwell_engine::config::{Connection as Configured, Database, Engines, Setting, Tls};
use stepwell_engine::policy::{Rule, SqlMode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::task::AbortOnDropHandle;

use crate::serve::{Driver, serve};
use crate::{Connection, Error, Totals, mssql, mysql, postgres, spark, sqlite, tls};

/// The time for which an unused session stays open.
const IDLE: Duration = Duration::from_secs(60);

/// The time limit for the settings of a session.
const LOGIN: Duration = Duration::from_secs(10);

/// The maximum number of threads for a SQLite file.
const SQLITE_THREADS: usize = 32;

/// The excess of the server's own time limit over the host's. It takes effect only if the host process
/// is gone.
pub(crate) const BACKSTOP: Duration = Duration::from_secs(1);

/// Resolves a secret by its reference.
pub type Resolve = Arc<dyn Fn(&str) -> Result<String, String> + Send + Sync>;

/// The access that a client of a connection has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The mode of its statements.
    pub mode: SqlMode,
    /// Whether a call may run several statements.
    pub scripts: bool,
    /// The maximum number of rows of one result.
    pub rows: u64,
    /// The time limit of one statement.
    pub timeout: Duration,
    /// The maximum idle time of an open transaction, since its locks block others.
    pub idle: Duration,
}

impl Access {
    pub(crate) fn nothing() -> Self {
        Self { mode: SqlMode::Read, scripts: false, rows: 0, timeout: Duration::ZERO, idle: Duration::ZERO }
    }
}

/// A server and the login for it, with secrets in place of their references.
pub(crate) struct Server {
    pub host: String,
    pub port: u16,
    pub database: String,
    pub user: String,
    pub password: Option<String>,
    pub role: Option<String>,
    pub tls: bool,
    pub tls_ca: Option<PathBuf>,
    /// Spark: where files of statements may lie, and the settings of each session.
    pub paths: Vec<String>,
    pub settings: BTreeMap<String, String>,
}

/// A session that has just begun.
pub(crate) struct Opened {
    pub driver: Box<dyn Driver>,
    pub version: String,
    pub superuser: bool,
}

/// The result of a connection test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// The version that the server reports.
    pub version: String,
    /// The duration of the login.
    pub took: Duration,
}

/// The connections of a configuration.
pub struct Connections {
    config: Arc<Configuration>,
    resolve: Resolve,
    pools: Mutex<BTreeMap<String, Arc<Pool>>>,
}

struct Pool {
    sessions: Arc<Semaphore>,
    idle: Mutex<Vec<(Instant, Box<dyn Driver>)>>,
}

impl Connections {
    /// Creates the connections of the configuration without opening any.
    pub fn new(config: Arc<Configuration>, resolve: Resolve) -> Self {
        tls::install_provider();
        Self { config, resolve, pools: Mutex::default() }
    }

    /// Returns the engines of the configuration.
    pub fn engines(&self) -> &Engines {
        &self.config.engines
    }

    /// Opens a connection within the bounds of both `access` and the configuration.
    ///
    /// # Errors
    /// The errors reveal no addresses or logins. Those are in the log.
    pub async fn open(&self, name: &str, access: Access, totals: Arc<Totals>) -> Result<Connection, Error> {
        let unknown = || Error::denied(Rule::SqlNotGranted, format!("there is no connection `{name}`"));
        let configured = self.config.connections.get(name).ok_or_else(unknown)?;
        let access = bounded(access, configured);
        let place = totals.place(name)?;
        let (work, requests) = mpsc::channel(1);
        let pool = self.pool(name, configured);
        let permit = tokio::time::timeout(access.timeout, pool.sessions.clone().acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return Err(Error::Unavailable(format!(
                "all {} sessions of `{name}` are in use",
                sessions(configured)
            )));
        };
        if configured.kind == Database::Sqlite {
            let path = configured.path.clone().unwrap_or_default();
            sqlite::open(path, name, access.clone(), requests, permit).await?;
        } else {
            let driver = self.session(&pool, name, configured, &access).await?;
            tokio::spawn(use_session(driver, requests, pool, permit, access.idle));
        }
        Ok(Connection { name: name.to_owned(), kind: configured.kind, access, totals, work, _place: place })
    }

    /// Logs in as a step would, and returns the server's answer.
    ///
    /// # Errors
    /// Returns the problem, for the operator.
    pub async fn test(&self, name: &str) -> Result<Tested, String> {
        let configured = self.config.connections.get(name).ok_or_else(|| {
            format!("there is no connection `{name}`; `stepwell connections list` lists the connections")
        })?;
        #[allow(clippy::disallowed_methods, reason = "a duration is measured")]
        let started = Instant::now();
        if configured.kind == Database::Sqlite {
            let version = sqlite::version(configured.path.as_deref().unwrap_or("".as_ref()))?;
            return Ok(Tested { version, took: started.elapsed() });
        }
        let access = bounded(Access { timeout: IDLE, ..Access::nothing() }, configured);
        let mut opened = self.connect(name, configured).await?;
        begin(opened.driver.as_mut(), &access).await.map_err(|error| error.to_string())?;
        // Servers that hold sessions for a while would collect those of regular tests.
        opened.driver.reset().await;
        Ok(Tested { version: opened.version, took: started.elapsed() })
    }

    fn pool(&self, name: &str, configured: &Configured) -> Arc<Pool> {
        let mut pools = self.pools.lock();
        let make =
            || Pool { sessions: Arc::new(Semaphore::new(sessions(configured))), idle: Mutex::default() };
        pools.entry(name.to_owned()).or_insert_with(|| Arc::new(make())).clone()
    }

    /// Returns an idle session, or a new one.
    async fn session(
        &self,
        pool: &Pool,
        name: &str,
        configured: &Configured,
        access: &Access,
    ) -> Result<Box<dyn Driver>, Error> {
        loop {
            let kept = pool.idle.lock().pop();
            let Some((_, mut driver)) = kept else { break };
            // The server may have closed it meanwhile.
            if begin(driver.as_mut(), access).await.is_ok() {
                return Ok(driver);
            }
        }
        let connecting = tokio::time::timeout(access.timeout, self.connect(name, configured));
        let opened = connecting.await.unwrap_or_else(|_| Err("it does not answer in time".to_owned()));
        let mut driver = match opened {
            Ok(opened) => opened.driver,
            Err(why) => {
                tracing::warn!(connection = name, "cannot connect: {why}");
                return Err(Error::Unavailable(format!("cannot connect to `{name}`: {}", reason(&why))));
            }
        };
        begin(driver.as_mut(), access).await?;
        Ok(driver)
    }

    async fn connect(&self, name: &str, configured: &Configured) -> Result<Opened, String> {
        let server = self.server(configured)?;
        // Drivers have panicked on data from servers. Such a panic becomes an error here.
        let kind = configured.kind;
        let connecting = AbortOnDropHandle::new(tokio::spawn(async move {
            match kind {
                Database::Postgres => postgres::connect(&server).await,
                Database::Mysql => mysql::connect(&server).await,
                Database::Mssql => mssql::connect(&server).await,
                Database::Spark => spark::connect(&server).await,
                Database::Sqlite => Err("a file has no server".to_owned()),
            }
        }));
        let opened = connecting
            .await
            .unwrap_or_else(|_| Err("the server sent what the driver cannot read".to_owned()))?;
        if opened.superuser && !configured.allow_superuser {
            return Err(format!(
                "the login of `{name}` can do everything to the server, or reads and writes its files: log in as a user \
                 with fewer rights, or set `allow_superuser: true`"
            ));
        }
        Ok(opened)
    }

    fn server(&self, configured: &Configured) -> Result<Server, String> {
        let read = |setting: &Option<Setting>| match setting {
            None => Ok(String::new()),
            Some(setting) => match setting.reference() {
                Some(secret) => (self.resolve)(&secret.0),
                None => Ok(setting.0.clone()),
            },
        };
        let host = read(&configured.host)?;
        Ok(Server {
            tls: configured.tls() == Tls::Verify && !host.starts_with('/'),
            host,
            port: configured.port(),
            database: read(&configured.database)?,
            user: read(&configured.user)?,
            password: configured
                .password
                .as_ref()
                .or(configured.token.as_ref())
                .map(|password| (self.resolve)(&password.0))
                .transpose()?,
            role: configured.role.clone(),
            tls_ca: configured.tls_ca.clone(),
            paths: configured.paths.clone(),
            settings: configured.settings.clone(),
        })
    }
}

/// Prepares a session for its next client, in the time that a login has.
async fn begin(driver: &mut dyn Driver, access: &Access) -> Result<(), Error> {
    let begun = tokio::time::timeout(access.timeout.min(LOGIN), driver.begin_use(access)).await;
    begun.unwrap_or_else(|_| Err(Error::Unavailable("the server does not answer in time".to_owned())))
}

/// Returns the reason for a failed login that a step may learn: no host, no login, no password.
fn reason(why: &str) -> &'static str {
    let why = why.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| why.contains(word));
    match () {
        () if has(&["connection refused"]) => "connection refused",
        () if has(&["failed to lookup", "name or service not known", "no such host"]) => {
            "its host cannot be resolved"
        }
        () if has(&["does not answer", "timed out", "timeout"]) => "it does not answer in time",
        () if has(&["unknown database", "cannot open database"])
            || has(&["database "]) && has(&["does not exist"]) =>
        {
            "unknown database"
        }
        () if has(&["authentication failed", "access denied", "login failed", "no pg_hba.conf entry"])
            || has(&["refused the login"])
            || has(&["role "]) && has(&["does not exist"]) =>
        {
            "wrong login"
        }
        () if has(&["certificate", "tls", "ssl"]) => "TLS failed; the log of the service says why",
        () if has(&["allow_superuser"]) => "its login has too many rights; the log of the service says which",
        () => "the log of the service says why",
    }
}

/// Returns the maximum number of concurrent sessions of a connection. A SQLite session is a thread of this
/// process and burdens no server.
fn sessions(configured: &Configured) -> usize {
    if configured.kind == Database::Sqlite { SQLITE_THREADS } else { configured.pool() }
}

/// Restricts the access to the connection's own bounds.
fn bounded(access: Access, configured: &Configured) -> Access {
    let limits = &configured.limits;
    Access {
        mode: if configured.read_only { SqlMode::Read } else { access.mode },
        rows: access.rows.min(limits.rows.map_or(u64::MAX, |rows| rows.0)),
        timeout: access.timeout.min(limits.timeout.map_or(Duration::MAX, |timeout| timeout.0)),
        scripts: access.scripts,
        idle: access.idle,
    }
}

/// Serves until no client is left, and keeps the session for the next client.
async fn use_session(
    driver: Box<dyn Driver>,
    requests: mpsc::Receiver<crate::serve::Work>,
    pool: Arc<Pool>,
    permit: OwnedSemaphorePermit,
    idle: Duration,
) {
    if let Some(driver) = serve(driver, requests, idle).await {
        #[allow(clippy::disallowed_methods, reason = "the age of a session is measured")]
        let now = Instant::now();
        pool.idle.lock().push((now, driver));
        tokio::spawn(close_idle(Arc::downgrade(&pool)));
    }
    drop(permit);
}

/// Closes sessions that have been unused for long enough.
async fn close_idle(pool: Weak<Pool>) {
    tokio::time::sleep(IDLE).await;
    if let Some(pool) = pool.upgrade() {
        let mut idle = pool.idle.lock();
        idle.retain(|(since, _)| since.elapsed() < IDLE);
    }
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn a_step_learns_why_a_login_failed_and_nothing_of_the_server() {
        for (why, expected) in [
            ("error connecting to server: Connection refused (os error 111)", "connection refused"),
            ("FATAL: database \"nope\" does not exist", "unknown database"),
            ("ERROR 42000 (1049): Unknown database 'nope'", "unknown database"),
            ("FATAL: password authentication failed for user \"me\"", "wrong login"),
            ("FATAL: role \"me\" does not exist", "wrong login"),
            ("ERROR 28000 (1045): Access denied for user 'me'@'10.0.0.1'", "wrong login"),
            (
                "failed to lookup address information: Name or service not known",
                "its host cannot be resolved",
            ),
            ("it does not answer within 10 s", "it does not answer in time"),
            ("the server refused the login", "wrong login"),
            ("something else at 10.0.0.1", "the log of the service says why"),
        ] {
            assert_eq!(reason(why), expected, "{why}");
        }
    }
}
