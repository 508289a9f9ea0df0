//! A connection to Redis, one server or a cluster, with bounded waits.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use redis::aio::{MultiplexedConnection, PubSub};
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _,
    RedisConnectionInfo, RedisError, TlsCertificates, Value,
};
use stepwell_engine::system::{MAX_CERTIFICATES, read_file, why};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::failure::{Fault, fault};
use super::settings::{ANSWER, RedisSettings};

/// Whether this process has warned about a server without an append-only file.
static WARNED: Once = Once::new();

/// The pause after a failed connect, and the number of times that it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const DOUBLINGS: u32 = 5;
/// The oldest version of Redis whose scripts may read the time before they write.
const OLDEST: u32 = 6;

/// A Redis server or cluster, which is connected when it is needed.
pub(super) struct Server {
    pub settings: RedisSettings,
    /// Held by the task that connects.
    door: Mutex<Door>,
    /// Whether a connect has just failed. Requests are then refused at once.
    closed: Arc<AtomicBool>,
}

#[derive(Default)]
struct Door {
    connection: Option<Connection>,
    /// The number of connections before this one.
    number: u64,
    failures: u32,
    why: Option<Fault>,
}

#[derive(Clone)]
enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Server {
    pub fn new(settings: RedisSettings) -> Self {
        Self { settings, door: Mutex::default(), closed: Arc::default() }
    }

    /// Sends a request, and returns the answer.
    pub async fn ask(&self, command: &Cmd) -> Result<Value, Fault> {
        let (connection, number) = self.connected().await?;
        let answer = async {
            match connection {
                Connection::One(mut one) => one.send_packed_command(command).await,
                Connection::Cluster(mut cluster) => command.query_async(&mut cluster).await,
            }
        };
        let answer = match timeout(ANSWER, answer).await {
            Ok(answer) => answer.and_then(Value::extract_error).map_err(|error| self.fault(&error)),
            Err(_) => {
                Err(Fault::Lost(format!("{} did not answer within {} s", self.place(), ANSWER.as_secs())))
            }
        };
        let is_single = !self.settings.cluster;
        if matches!(answer, Err(Fault::Lost(_))) || is_single && matches!(answer, Err(Fault::Refused(_))) {
            // The name of the server may lead to another one now.
            let mut door = self.door.lock().await;
            if door.number == number {
                door.connection = None;
            }
        }
        answer
    }

    fn place(&self) -> &str {
        &self.settings.place
    }

    fn fault(&self, error: &RedisError) -> Fault {
        fault(self.place(), error)
    }

    /// Returns the connection and its number. After a failed connect, no task tries again for a while.
    async fn connected(&self) -> Result<(Connection, u64), Fault> {
        let mut door = self.door.lock().await;
        if let Some(connection) = &door.connection {
            return Ok((connection.clone(), door.number));
        }
        if let Some(why) = door.why.clone().filter(|_| self.closed.load(Ordering::Relaxed)) {
            return Err(why);
        }
        let connected = timeout(ANSWER, self.connect()).await;
        let late =
            |_| Fault::Refused(format!("no connection to {} within {} s", self.place(), ANSWER.as_secs()));
        match connected.map_err(late).and_then(|connected| connected) {
            Ok(connection) => {
                door.number += 1;
                (door.failures, door.why) = (0, None);
                door.connection = Some(connection.clone());
                Ok((connection, door.number))
            }
            Err(why) => {
                // Processes that failed together must not return together.
                let pause = FIRST_PAUSE * 2u32.pow(door.failures.min(DOUBLINGS));
                let pause = pause.mul_f64(0.5 + fastrand::f64());
                door.failures += 1;
                door.why = Some(why.clone());
                self.closed.store(true, Ordering::Relaxed);
                let closed = self.closed.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(pause).await;
                    closed.store(false, Ordering::Relaxed);
                });
                Err(why)
            }
        }
    }

    async fn connect(&self) -> Result<Connection, Fault> {
        if self.settings.cluster {
            let failed = |error: RedisError| self.unreachable(&error);
            let connection = self.cluster()?.get_async_connection().await.map_err(failed)?;
            let mut asked = connection.clone();
            let all = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
            let answer =
                asked.route_command(redis::cmd("INFO"), all).await.map_err(|error| self.fault(&error))?;
            for (_, info) in answer.into_map_iter().into_iter().flatten() {
                self.check(&info)?;
            }
            return Ok(Connection::Cluster(connection));
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(ANSWER))
            .set_response_timeout(Some(ANSWER));
        let connected = self.client(0)?.get_multiplexed_async_connection_with_config(&config).await;
        let mut connection = connected.map_err(|error| self.unreachable(&error))?;
        let info = connection.send_packed_command(&redis::cmd("INFO")).await.and_then(Value::extract_error);
        self.check(&info.map_err(|error| self.fault(&error).of_read())?)?;
        Ok(Connection::One(connection))
    }

    /// Checks that a server serves locks well.
    fn check(&self, info: &Value) -> Result<(), Fault> {
        let text = match info {
            Value::BulkString(bytes) => String::from_utf8_lossy(bytes),
            Value::VerbatimString { text, .. } => text.as_str().into(),
            _ => return Err(Fault::Broken(format!("{} did not answer as Redis does", self.place()))),
        };
        check(self.place(), &text, self.settings.cluster)
    }

    /// Opens a connection for announcements.
    pub async fn listener(&self) -> Result<PubSub, Fault> {
        // In a cluster, each node passes on the announcements of all.
        let node = fastrand::usize(..self.settings.nodes.len().max(1));
        let client = self.client(node)?;
        match timeout(ANSWER, client.get_async_pubsub()).await {
            Ok(listener) => listener.map_err(|error| self.unreachable(&error)),
            Err(_) => Err(Fault::Lost(format!("no connection to {}", self.place()))),
        }
    }

    fn client(&self, node: usize) -> Result<Client, Fault> {
        let info = self.infos()?.into_iter().nth(node);
        let info = info.ok_or_else(|| Fault::Broken("the URL of Redis names no host".to_owned()))?;
        let client = match self.certificates()? {
            Some(certificates) => Client::build_with_tls(info, certificates),
            None => Client::open(info),
        };
        client.map_err(|error| self.unreachable(&error))
    }

    fn cluster(&self) -> Result<ClusterClient, Fault> {
        let RedisSettings { user, password, .. } = &self.settings;
        // The library would also repeat requests that the server may have run.
        let mut builder = ClusterClientBuilder::new(self.infos()?)
            .connection_timeout(ANSWER)
            .response_timeout(ANSWER)
            .tcp_settings(tcp())
            .retries(0);
        if !user.is_empty() {
            builder = builder.username(user);
        }
        if !password.is_empty() {
            builder = builder.password(password);
        }
        if let Some(certificates) = self.certificates()? {
            builder = builder.certs(certificates);
        }
        builder.build().map_err(|error| self.unreachable(&error))
    }

    /// Returns the nodes with the login.
    fn infos(&self) -> Result<Vec<ConnectionInfo>, Fault> {
        let RedisSettings { nodes, user, password, database, tls, .. } = &self.settings;
        let mut login = RedisConnectionInfo::default();
        if !user.is_empty() {
            login = login.set_username(user);
        }
        if !password.is_empty() {
            login = login.set_password(password);
        }
        if *database > 0 {
            login = login.set_db(*database);
        }
        if *tls {
            // The library uses the provider of the process. A failure means that there is one.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let info = |(host, port): &(String, u16)| {
            let (host, port) = (host.clone(), *port);
            let address = match tls {
                true => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
                false => ConnectionAddr::Tcp(host, port),
            };
            let info = address.into_connection_info().map_err(|error| self.unreachable(&error))?;
            Ok(info.set_redis_settings(login.clone()).set_tcp_settings(tcp()))
        };
        nodes.iter().map(info).collect()
    }

    fn certificates(&self) -> Result<Option<TlsCertificates>, Fault> {
        let Some(path) = &self.settings.tls_ca else { return Ok(None) };
        let text = read_file(path, MAX_CERTIFICATES);
        let text = text.map_err(|error| Fault::Broken(format!("{}: {}", path.display(), why(&error))))?;
        Ok(Some(TlsCertificates { client_tls: None, root_cert: Some(text) }))
    }

    /// Describes a failure to connect.
    fn unreachable(&self, error: &RedisError) -> Fault {
        let (place, text) = (self.place(), error.to_string().to_lowercase());
        if error.code().is_some() || error.kind() == redis::ErrorKind::AuthenticationFailed {
            return self.fault(error).of_read();
        }
        let fix = match () {
            () if text.contains("certificate") => {
                "the certificate of the server is not valid for its name, or its authority is unknown; name the authority by `sslrootcert`"
            }
            () if error.is_connection_refusal() => "it refuses connections",
            () if error.is_timeout() => "it does not answer",
            () if text.contains("lookup") => "its name has no address",
            () => "it cannot be reached, or does not speak the protocol of Redis (for TLS, use rediss://)",
        };
        Fault::Refused(format!("no connection to {place}: {fix}"))
    }
}

fn tcp() -> TcpSettings {
    TcpSettings::default().set_nodelay(true).set_user_timeout(ANSWER * 2)
}

/// Checks the description that a server gives of itself.
fn check(place: &str, info: &str, as_cluster: bool) -> Result<(), Fault> {
    let pairs = info.lines().filter_map(|line| line.trim_end().split_once(':'));
    let known: BTreeMap<&str, &str> = pairs.collect();
    let get = |key: &str| known.get(key).copied().unwrap_or_default();
    let version = get("redis_version");
    if version.split('.').next().and_then(|major| major.parse().ok()).is_none_or(|major: u32| major < OLDEST)
    {
        let version = version.chars().filter(char::is_ascii_graphic).take(20).collect::<String>();
        return Err(Fault::Broken(format!(
            "{place} has version `{version}`; locks need Redis {OLDEST} or later"
        )));
    }
    if get("role") == "slave" {
        return Err(Fault::Refused(format!(
            "{place} is a read-only replica: name the primary, or wait for the end of the failover"
        )));
    }
    if get("cluster_enabled") == "1" && !as_cluster {
        return Err(Fault::Broken(format!("{place} is part of a cluster: add `?cluster=true` to the URL")));
    }
    let policy = get("maxmemory_policy");
    if policy.starts_with("allkeys-") && get("maxmemory") != "0" {
        return Err(Fault::Broken(format!(
            "{place} deletes keys when its memory is full (`maxmemory-policy {policy}`), and would lose locks: set `noeviction`"
        )));
    }
    if get("aof_enabled") == "0" {
        // Each connection of the process finds the same.
        WARNED.call_once(|| {
            tracing::warn!(
                "{place} has no append-only file, so a restart may lose locks: set `appendonly yes` and `appendfsync always`"
            );
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_would_lose_locks_is_refused() {
        let good = "redis_version:7.0.15\r\nrole:master\r\nmaxmemory:9\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\ncluster_enabled:0\r\n";
        assert_eq!(check("r", good, false), Ok(()));
        for (from, to, expected) in [
            ("7.0.15", "5.0.7", "version `5.0.7`; locks need Redis 6 or later"),
            ("redis_version", "x", "version ``"),
            ("master", "slave", "read-only replica"),
            ("cluster_enabled:0", "cluster_enabled:1", "add `?cluster=true`"),
            ("noeviction", "allkeys-lru", "`maxmemory-policy allkeys-lru`"),
        ] {
            let error = check("r", &good.replace(from, to), false).unwrap_err().into_error().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(check("r", &good.replace("noeviction", "volatile-lru"), true), Ok(()));
        assert_eq!(
            check("r", &good.replace("y:9", "y:0").replace("noeviction", "allkeys-lru"), true),
            Ok(())
        );
    }
}
