//! The location of a Redis server, and the settings of its connections.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;

/// The time limit of a command, with all its tries.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// The time limit of a connect, and of an answer.
pub(super) const ANSWER: Duration = Duration::from_secs(3);

/// The port of a URL without one.
const PORT: u16 = 6379;
/// The bytes of a prefix, which is part of each key.
const PREFIX_BYTES: usize = 64;
const FORM: &str = "redis://USER:PASSWORD@HOST:PORT/DATABASE, or rediss:// for a connection with TLS";

/// The location of locks in Redis, from a URL: `redis://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETERS`, or `rediss://`
/// for a connection with TLS.
///
/// The parameters are `prefix` (the first part of each key; default `stepwell`), `cluster=true` (the hosts, separated
/// by commas, are nodes of a Redis cluster) and `sslrootcert` (a file of certificates to trust in place of the
/// system's).
#[derive(Clone)]
pub struct RedisSettings {
    pub(super) nodes: Vec<(String, u16)>,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) database: i64,
    pub(super) tls: bool,
    pub(super) tls_ca: Option<PathBuf>,
    pub(super) cluster: bool,
    pub(super) prefix: String,
    /// The URL without its password.
    pub(super) place: String,
    pub(super) callers_time: bool,
}

impl RedisSettings {
    /// Measures leases by the caller's clock. This is for simulations, whose time is not the server's.
    #[must_use]
    pub fn callers_time(mut self) -> Self {
        self.callers_time = true;
        self
    }

    /// Returns the URL without its password.
    pub fn place(&self) -> &str {
        &self.place
    }
}

impl FromStr for RedisSettings {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (tls, rest) = match (base.strip_prefix("redis://"), base.strip_prefix("rediss://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err(format!("the locks in Redis have a URL: {FORM}")),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let nodes = hosts.split(',').map(node).collect::<Result<Vec<_>, _>>()?;
        let Parameters { cluster, prefix, tls_ca } = query.parse()?;
        let database = match path {
            "" => 0,
            text => text.parse::<u16>().map_err(|_| format!("/{text}: a database of Redis has a number"))?,
        };
        if cluster && database > 0 {
            return Err(format!("/{database}: a cluster has only the database 0; leave the number out"));
        }
        if nodes.len() > 1 && !cluster {
            return Err("several hosts are the nodes of a cluster: add `?cluster=true`".to_owned());
        }
        if tls_ca.is_some() && !tls {
            return Err("sslrootcert: only a connection with TLS needs it; use rediss://".to_owned());
        }
        let scheme = if tls { "rediss" } else { "redis" };
        let at = if user.is_empty() { String::new() } else { format!("{user}@") };
        let database_shown = if database == 0 { String::new() } else { format!("/{database}") };
        Ok(Self {
            nodes,
            user: decoded("user", user)?,
            password: decoded("password", password)?,
            database: i64::from(database),
            tls,
            tls_ca,
            cluster,
            prefix,
            place: format!("{scheme}://{at}{hosts}{database_shown}"),
            callers_time: false,
        })
    }
}

/// The parameters of a URL.
struct Parameters {
    cluster: bool,
    prefix: String,
    tls_ca: Option<PathBuf>,
}

impl FromStr for Parameters {
    type Err = String;

    fn from_str(query: &str) -> Result<Self, String> {
        let mut parameters = Self { cluster: false, prefix: "stepwell".to_owned(), tls_ca: None };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (key, value) {
                ("cluster", "true") => parameters.cluster = true,
                ("cluster", "false") => parameters.cluster = false,
                ("cluster", other) => return Err(format!("cluster={other}: there is `true` and `false`")),
                ("sslrootcert", path) => parameters.tls_ca = Some(decoded("sslrootcert", path)?.into()),
                ("prefix", prefix) => prefix.clone_into(&mut parameters.prefix),
                (other, _) => {
                    return Err(format!("{other}: there is `cluster`, `prefix` and `sslrootcert`"));
                }
            }
        }
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let prefix = &parameters.prefix;
        if prefix.is_empty() || prefix.len() > PREFIX_BYTES || !prefix.bytes().all(is_plain) {
            return Err(format!("prefix={prefix}: up to {PREFIX_BYTES} letters, digits, `-`, `_` and `.`"));
        }
        Ok(parameters)
    }
}

/// Reads `host`, `host:port` or `[address]:port`.
fn node(text: &str) -> Result<(String, u16), String> {
    let has_port = !text.ends_with(']');
    let (host, port) = match text.rsplit_once(':').filter(|_| has_port) {
        Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0)),
        None => (text, Some(PORT)),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match port {
        Some(port) if !host.is_empty() => Ok((host.to_owned(), port)),
        _ => Err(format!("`{text}` is not a host with a port: the locks in Redis have a URL: {FORM}")),
    }
}

/// Decodes a part of the URL. An error does not show it, since it may be a password.
fn decoded(name: &str, text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Into::into).map_err(|_| format!("the {name} in the URL of Redis is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_and_how() {
        for (url, expected) in [
            ("redis://localhost", "redis://localhost localhost:6379 db 0 prefix stepwell"),
            (
                "redis://ann:s%40cret@redis.example:7000/3?prefix=test-1",
                "redis://ann@redis.example:7000/3 redis.example:7000 db 3 prefix test-1 ann s@cret",
            ),
            ("redis://:s3cret@h", "redis://h h:6379 db 0 prefix stepwell  s3cret"),
            ("rediss://[::1]:7", "rediss://[::1]:7 ::1:7 db 0 prefix stepwell tls"),
            ("rediss://h?sslrootcert=a%2Fb.pem", "rediss://h h:6379 db 0 prefix stepwell tls a/b.pem"),
            ("redis://a:1,b:2/?cluster=true", "redis://a:1,b:2 a:1,b:2 db 0 prefix stepwell cluster"),
        ] {
            let found = RedisSettings::from_str(url).unwrap();
            let nodes: Vec<String> =
                found.nodes.iter().map(|(host, port)| format!("{host}:{port}")).collect();
            let mut shown = format!("{} {} db {}", found.place(), nodes.join(","), found.database);
            shown += &format!(" prefix {}", found.prefix);
            shown += if found.tls { " tls" } else { "" };
            shown += if found.cluster { " cluster" } else { "" };
            shown += &found.tls_ca.map_or(String::new(), |path| format!(" {}", path.display()));
            if !found.password.is_empty() {
                shown += &format!(" {} {}", found.user, found.password);
            }
            assert_eq!(shown, expected, "{url}");
            assert!(!found.place.contains("cret"), "{}", found.place);
        }
    }

    #[test]
    fn a_wrong_url_has_an_error_with_the_fix_and_without_the_password() {
        for (url, expected) in [
            ("postgres://h/x", "the locks in Redis have a URL: redis://USER"),
            ("redis://u:s3cret@", "`` is not a host with a port"),
            ("redis://h:99999", "`h:99999` is not a host with a port"),
            ("redis://h/x", "/x: a database of Redis has a number"),
            ("redis://h/2?cluster=true", "a cluster has only the database 0"),
            ("redis://a,b", "add `?cluster=true`"),
            ("redis://h?cluster=maybe", "there is `true` and `false`"),
            ("redis://h?colour=red", "colour: there is `cluster`, `prefix` and `sslrootcert`"),
            ("redis://h?prefix=a:b", "letters, digits"),
            ("redis://h?sslrootcert=x", "use rediss://"),
            ("redis://u:%ffs3cret@h", "the password in the URL of Redis is not UTF-8"),
        ] {
            let error = RedisSettings::from_str(url).err().unwrap();
            assert!(error.contains(expected) && !error.contains("s3cret"), "{url}: {error}");
        }
    }
}
