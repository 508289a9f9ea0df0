//! A connection to Redis: one server or a cluster, with bounded answers.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo as _,
    RedisConnectionInfo, RedisError, Value,
};
use thiserror::Error;
use tokio::sync::Mutex;

use crate::format::{Hidden, MAX_VALUE_BYTES, RawValue};

/// The reads of an empty value after which it is empty, and not that of a key that another client sets meanwhile.
const EMPTY_READS: usize = 3;

/// The port of a URL without one.
const PORT: u16 = 6379;
/// The longest wait for a connection, and for an answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// The most keys that a listing reads, and the keys of one step of it.
const MAX_KEYS: usize = 1_000_000;
const KEYS_PER_STEP: usize = 500;

/// Deletes a key when it still has a value, and sets it when it still has a value. One key each, so that a cluster
/// can run them.
const DELETE_IF: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";
const SET_IF: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) return 1 end return 0";

/// The place of Redis, as the flags of Atlantis name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisSettings {
    /// `redis-host`.
    pub host: String,
    /// `redis-port`.
    pub port: u16,
    /// `redis-username`, or empty.
    pub username: String,
    /// `redis-password`, or empty.
    pub password: Hidden,
    /// `redis-db`. A cluster has only database 0.
    pub db: i64,
    /// `redis-tls-enabled` and `redis-insecure-skip-verify`.
    pub tls: Tls,
    /// `redis-cluster-addresses`, each as `host:port`. When there is one, `host` and `port` do not count.
    pub cluster: Vec<String>,
}

impl Default for RedisSettings {
    fn default() -> Self {
        Self {
            host: "localhost".to_owned(),
            port: 6379,
            username: String::new(),
            password: Hidden::default(),
            db: 0,
            tls: Tls::Off,
            cluster: Vec::new(),
        }
    }
}

const FORM: &str = "redis://USER:PASSWORD@HOST:PORT/DATABASE, or rediss:// for TLS; the nodes of a cluster are \
                    several HOST:PORT, separated by commas";

/// Reads a URL: `redis://USER:PASSWORD@HOST:PORT/DATABASE`, or `rediss://` for TLS. Several hosts, separated by commas,
/// are the nodes of a cluster. `?insecure=true` accepts any certificate.
impl FromStr for RedisSettings {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (is_encrypted, rest) = match (base.strip_prefix("redis://"), base.strip_prefix("rediss://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err(format!("the Redis of Atlantis has a URL: {FORM}")),
        };
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (username, password) = login.split_once(':').unwrap_or((login, ""));
        let tls = match (is_encrypted, query) {
            (false, "") => Tls::Off,
            (true, "") => Tls::On,
            (true, "insecure=true") => Tls::Unverified,
            _ => return Err("only `rediss://` has a parameter, `insecure=true`".to_owned()),
        };
        let db = match database {
            "" => 0,
            text => i64::from(text.parse::<u16>().map_err(|_| "a database of Redis is a number".to_owned())?),
        };
        let mut nodes = hosts.split(',').map(node).collect::<Result<Vec<_>, _>>()?;
        if nodes.len() > 1 && db > 0 {
            return Err("a cluster has only the database 0: leave the number out".to_owned());
        }
        let cluster = match nodes.len() {
            0 | 1 => Vec::new(),
            _ => nodes.iter().map(|(host, port)| format!("{host}:{port}")).collect(),
        };
        let (host, port) = nodes.pop().unwrap_or_else(|| ("localhost".to_owned(), PORT));
        let (username, password) = (decoded(username)?, Hidden::new(decoded(password)?));
        Ok(Self { host, port, username, password, db, tls, cluster })
    }
}

/// Shows the URL without the login.
impl fmt::Display for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls == Tls::Off { "redis" } else { "rediss" };
        let one = format!("{}:{}", self.host, self.port);
        let nodes = if self.cluster.is_empty() { one } else { self.cluster.join(",") };
        write!(f, "{scheme}://{nodes}/{}", self.db)
    }
}

/// Reads `HOST` or `HOST:PORT`; an IPv6 address is in brackets.
fn node(text: &str) -> Result<(String, u16), String> {
    let wrong = || format!("a host of Redis is HOST:PORT: {FORM}");
    let has_port = text.rfind(':').is_some_and(|colon| text.rfind(']').is_none_or(|bracket| bracket < colon));
    let (host, port) = match text.rsplit_once(':').filter(|_| has_port) {
        Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
        None => (text, PORT),
    };
    if host.is_empty() { Err(wrong()) } else { Ok((host.to_owned(), port)) }
}

fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(|text| text.into_owned()).map_err(|_| "the login is not UTF-8".to_owned())
}

/// The encryption of the connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tls {
    /// None.
    #[default]
    Off,
    /// TLS with a certificate that the roots of the system vouch for.
    On,
    /// TLS with any certificate.
    Unverified,
}

/// A failure of Redis. No message contains a value.
#[derive(Debug, Error)]
pub enum RedisFailure {
    /// The settings contradict each other.
    #[error("{0}")]
    Settings(String),
    /// There is no connection.
    #[error("failed to connect to redis at {address}: {problem}")]
    Connect {
        /// The address.
        address: String,
        /// The reason.
        problem: String,
    },
    /// Redis did not answer in time. A change may have happened.
    #[error("Redis did not answer within {} s; a change may have happened", ANSWER_TIMEOUT.as_secs())]
    Timeout,
    /// The connection ended before the answer. A change may have happened.
    #[error("the connection to Redis ended: {0}; a change may have happened")]
    Ended(String),
    /// Redis refused, for example because it is full (`OOM`) or a replica (`READONLY`). Nothing has changed.
    #[error("Redis refuses: {0}")]
    Refused(String),
    /// The key holds another type than a text.
    #[error("the key holds no text")]
    WrongType,
    /// The answer is not the one that the command has.
    #[error("Redis gave an unexpected answer")]
    Unexpected,
    /// There are more keys than what is read.
    #[error("there are more than {MAX_KEYS} keys")]
    TooMany,
}

impl From<RedisError> for RedisFailure {
    fn from(error: RedisError) -> Self {
        if error.is_timeout() {
            return Self::Timeout;
        }
        match (error.code(), error.kind()) {
            (Some("WRONGTYPE"), _) => Self::WrongType,
            // The library describes the value in these messages.
            (_, ErrorKind::Parse | ErrorKind::UnexpectedReturnType) => Self::Unexpected,
            (_, ErrorKind::Io) => Self::Ended(error.to_string()),
            (Some(code), _) => Self::Refused(format!("{code} {}", error.detail().unwrap_or_default())),
            (None, _) => Self::Refused(error.to_string()),
        }
    }
}

#[derive(Clone)]
enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// A Redis server or cluster, which is connected when it is needed.
pub(super) struct Server {
    settings: RedisSettings,
    connection: Mutex<Option<Connection>>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Server {
    pub(super) fn new(settings: RedisSettings) -> Self {
        Self { settings, connection: Mutex::new(None) }
    }

    /// A value, or `None` for a key that does not exist. Reads at most one byte more than the longest value.
    pub(super) async fn get(&self, key: &[u8]) -> Result<Option<RawValue>, RedisFailure> {
        for _ in 0..EMPTY_READS {
            match self.ask(redis::cmd("GETRANGE").arg(key).arg(0).arg(MAX_VALUE_BYTES)).await? {
                Value::BulkString(bytes) if !bytes.is_empty() => return Ok(Some(RawValue::new(bytes))),
                // Also the answer for a key that does not exist.
                Value::BulkString(_) => match self.ask(redis::cmd("EXISTS").arg(key)).await? {
                    Value::Int(0) => return Ok(None),
                    // The value is empty, or another client has just set the key.
                    Value::Int(1) => {}
                    _ => return Err(RedisFailure::Unexpected),
                },
                _ => return Err(RedisFailure::Unexpected),
            }
        }
        Ok(Some(RawValue::new([])))
    }

    /// Sets a key that does not exist. Returns false for one that does.
    pub(super) async fn set_new(&self, key: &str, value: &RawValue) -> Result<bool, RedisFailure> {
        match self.ask(redis::cmd("SET").arg(key).arg(value.expose()).arg("NX")).await? {
            Value::Okay => Ok(true),
            Value::Nil => Ok(false),
            _ => Err(RedisFailure::Unexpected),
        }
    }

    /// Sets a key that still has a value.
    pub(super) async fn set_if(
        &self,
        key: &str,
        old: &RawValue,
        new: &RawValue,
    ) -> Result<bool, RedisFailure> {
        let mut command = redis::cmd("EVAL");
        command.arg(SET_IF).arg(1).arg(key).arg(old.expose()).arg(new.expose());
        self.changed(&command).await
    }

    /// Deletes a key that still has a value.
    pub(super) async fn delete_if(&self, key: &str, value: &RawValue) -> Result<bool, RedisFailure> {
        self.changed(redis::cmd("EVAL").arg(DELETE_IF).arg(1).arg(key).arg(value.expose())).await
    }

    /// Deletes a key.
    pub(super) async fn delete(&self, key: &str) -> Result<bool, RedisFailure> {
        self.changed(redis::cmd("DEL").arg(key)).await
    }

    async fn changed(&self, command: &Cmd) -> Result<bool, RedisFailure> {
        match self.ask(command).await? {
            Value::Int(count) => Ok(count > 0),
            _ => Err(RedisFailure::Unexpected),
        }
    }

    /// The keys that match a pattern, in order, on all servers of a cluster.
    pub(super) async fn keys(&self, pattern: &str) -> Result<Vec<Vec<u8>>, RedisFailure> {
        let mut found = std::collections::BTreeSet::new();
        for node in self.primaries().await? {
            let mut cursor = b"0".to_vec();
            loop {
                let mut command = redis::cmd("SCAN");
                command.arg(&cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(KEYS_PER_STEP);
                let answer = self.ask_node(&command, node.as_ref()).await?;
                let (next, keys) = page(answer).ok_or(RedisFailure::Unexpected)?;
                found.extend(keys);
                if found.len() > MAX_KEYS {
                    return Err(RedisFailure::TooMany);
                }
                if next == b"0" {
                    break;
                }
                cursor = next;
            }
        }
        Ok(found.into_iter().collect())
    }

    /// The primary servers of a cluster, or one `None` for a single server.
    async fn primaries(&self) -> Result<Vec<Option<SingleNodeRoutingInfo>>, RedisFailure> {
        let Connection::Cluster(mut cluster) = self.connected().await? else { return Ok(vec![None]) };
        let all = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
        let Value::Map(answers) = cluster.route_command(redis::cmd("PING"), all).await? else {
            return Err(RedisFailure::Unexpected);
        };
        let node = |address: &Value| {
            let text = match address {
                Value::BulkString(bytes) => str::from_utf8(bytes).ok()?,
                Value::SimpleString(text) => text.as_str(),
                _ => return None,
            };
            let (host, port) = text.rsplit_once(':')?;
            Some(SingleNodeRoutingInfo::ByAddress { host: host.to_owned(), port: port.parse().ok()? })
        };
        let nodes = answers.iter().map(|(address, _)| node(address).map(Some));
        nodes.collect::<Option<Vec<_>>>().ok_or(RedisFailure::Unexpected)
    }

    /// Checks the connection.
    pub(super) async fn ping(&self) -> Result<(), RedisFailure> {
        self.ask(&redis::cmd("PING")).await.map(drop)
    }

    async fn ask(&self, command: &Cmd) -> Result<Value, RedisFailure> {
        self.ask_node(command, None).await
    }

    async fn ask_node(
        &self,
        command: &Cmd,
        node: Option<&SingleNodeRoutingInfo>,
    ) -> Result<Value, RedisFailure> {
        let connection = self.connected().await?;
        let answer = async {
            match (connection, node) {
                (Connection::One(mut one), _) => one.send_packed_command(command).await,
                (Connection::Cluster(mut cluster), None) => command.query_async(&mut cluster).await,
                (Connection::Cluster(mut cluster), Some(node)) => {
                    cluster.route_command(command.clone(), RoutingInfo::SingleNode(node.clone())).await
                }
            }
        };
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, answer).await.map_err(|_| RedisFailure::Timeout);
        let answer =
            answer.and_then(|answer| answer.and_then(Value::extract_error).map_err(RedisFailure::from));
        if matches!(answer, Err(RedisFailure::Ended(_) | RedisFailure::Timeout)) {
            // The next command connects again.
            self.connection.lock().await.take();
        }
        answer
    }

    async fn connected(&self) -> Result<Connection, RedisFailure> {
        let mut slot = self.connection.lock().await;
        if let Some(connection) = &*slot {
            return Ok(connection.clone());
        }
        let connection = tokio::time::timeout(CONNECT_TIMEOUT, self.connect());
        let connection = connection.await.map_err(|_| self.unreachable("no connection within 5 s"))??;
        *slot = Some(connection.clone());
        Ok(connection)
    }

    async fn connect(&self) -> Result<Connection, RedisFailure> {
        if self.settings.tls != Tls::Off {
            // Only the first of a process counts, and any will do.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let failed = |error: RedisError| self.unreachable(&error.to_string());
        if self.settings.cluster.is_empty() {
            let client = Client::open(self.info(&self.settings.host, self.settings.port)?).map_err(failed)?;
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(CONNECT_TIMEOUT))
                .set_response_timeout(Some(ANSWER_TIMEOUT));
            let connection = client.get_multiplexed_async_connection_with_config(&config).await;
            return connection.map(Connection::One).map_err(failed);
        }
        let mut nodes = Vec::new();
        for address in
            self.settings.cluster.iter().map(|address| address.trim()).filter(|address| !address.is_empty())
        {
            let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
            let (host, port) = parts.ok_or_else(|| {
                RedisFailure::Settings(format!("the cluster address {address:?} is not `host:port`"))
            })?;
            nodes.push(self.info(host, port)?);
        }
        if nodes.is_empty() {
            return Err(RedisFailure::Settings(
                "redis cluster addresses provided but all are empty".to_owned(),
            ));
        }
        let mut builder = ClusterClientBuilder::new(nodes)
            .connection_timeout(CONNECT_TIMEOUT)
            .response_timeout(ANSWER_TIMEOUT)
            .retries(3);
        builder = if self.settings.username.is_empty() {
            builder
        } else {
            builder.username(&self.settings.username)
        };
        builder = if self.settings.password.is_empty() {
            builder
        } else {
            builder.password(self.settings.password.expose())
        };
        let client = builder.build().map_err(failed)?;
        client.get_async_connection().await.map(Connection::Cluster).map_err(failed)
    }

    fn info(&self, host: &str, port: u16) -> Result<ConnectionInfo, RedisFailure> {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let address = match self.settings.tls {
            Tls::Off => ConnectionAddr::Tcp(host, port),
            tls => ConnectionAddr::TcpTls { host, port, insecure: tls == Tls::Unverified, tls_params: None },
        };
        let mut login = RedisConnectionInfo::default();
        if !self.settings.username.is_empty() {
            login = login.set_username(&self.settings.username);
        }
        if !self.settings.password.is_empty() {
            login = login.set_password(self.settings.password.expose());
        }
        if self.settings.cluster.is_empty() {
            login = login.set_db(self.settings.db);
        }
        let info = address.into_connection_info().map_err(|error| self.unreachable(&error.to_string()))?;
        Ok(info.set_redis_settings(login))
    }

    fn unreachable(&self, problem: &str) -> RedisFailure {
        let RedisSettings { host, port, cluster, .. } = &self.settings;
        let address = if cluster.is_empty() {
            format!("{host}:{port}")
        } else {
            format!("cluster nodes {}", cluster.join(", "))
        };
        RedisFailure::Connect { address, problem: problem.to_owned() }
    }
}

/// The cursor and the keys of an answer to `SCAN`.
fn page(answer: Value) -> Option<(Vec<u8>, Vec<Vec<u8>>)> {
    let Value::Array(parts) = answer else { return None };
    let [Value::BulkString(cursor), Value::Array(keys)] = <[Value; 2]>::try_from(parts).ok()? else {
        return None;
    };
    let keys = keys.into_iter().map(|key| match key {
        Value::BulkString(key) => Some(key),
        _ => None,
    });
    Some((cursor, keys.collect::<Option<_>>()?))
}
