//! The location of a PostgreSQL server and the connection settings.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::session::chain;
use crate::migrations::{MIGRATIONS, Migration};

/// The time limit of a statement, of a connect, and of the wait for a free session.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The location of the store, from a URL in libpq's format:
/// `postgres://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETERS`.
///
/// Stepwell's own parameters are `schema` (the schema of the tables; default `stepwell`) and `pool` (the
/// maximum number of concurrent sessions of this process; default 16). `sslmode` is `disable` or
/// `verify-full`. Without it, the connection to a server on this machine is unencrypted, and any other server
/// must present a valid certificate. `sslrootcert` names a file of certificates to trust in place of the
/// system's. Several hosts are tried in turn, and the one that accepts writes is used.
#[derive(Clone)]
pub struct Settings {
    pub(super) config: Config,
    pub(super) tls: bool,
    pub(super) tls_ca: Option<PathBuf>,
    pub(super) schema: String,
    pub(super) pool: usize,
    /// The URL without its password.
    pub(super) place: String,
    pub(super) callers_time: bool,
    pub(super) migrations: &'static [Migration],
}

impl Settings {
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

    /// Replaces the migrations of this version, for tests of upgrades.
    #[must_use]
    pub fn migrations(mut self, migrations: &'static [Migration]) -> Self {
        self.migrations = migrations;
        self
    }
}

impl FromStr for Settings {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        if !base.starts_with("postgres://") && !base.starts_with("postgresql://") {
            return Err("the store is a URL: postgres://USER:PASSWORD@HOST/DATABASE".to_owned());
        }
        let (mut mode, mut tls_ca, mut schema, mut pool, mut rest) = (None, None, None, None, Vec::new());
        for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match key {
                "sslmode" => mode = Some(value),
                "sslrootcert" => tls_ca = Some(PathBuf::from(value.replace("%2F", "/"))),
                "schema" => schema = Some(value.to_owned()),
                "pool" => pool = Some(value),
                _ => rest.push(format!("{key}={value}")),
            }
        }
        let mut config: Config = format!("{base}?{}", rest.join("&"))
            .parse()
            .map_err(|error| format!("the URL of the store: {}", chain(&error)))?;
        let local = config.get_hosts().iter().all(|host| match host {
            Host::Tcp(name) => ["localhost", "127.0.0.1", "::1"].contains(&name.as_str()),
            Host::Unix(_) => true,
        });
        let tls = match mode {
            None => !local,
            Some("disable") => false,
            Some("require" | "verify-ca" | "verify-full") => true,
            Some(other) => {
                return Err(format!("sslmode={other}: there is `disable` and `verify-full`"));
            }
        };
        let schema = schema.unwrap_or_else(|| "stepwell".to_owned());
        if !schema.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            || schema.is_empty()
        {
            return Err(format!("schema={schema}: lower-case letters, digits and `_`"));
        }
        let pool = match pool {
            None => 16,
            Some(text) => match text.parse() {
                Ok(pool @ 2..=1000) => pool,
                _ => return Err(format!("pool={text}: a number from 2 to 1000")),
            },
        };
        config
            .application_name("stepwell")
            .connect_timeout(PATIENCE / 2)
            .keepalives_idle(Duration::from_secs(10))
            .tcp_user_timeout(PATIENCE)
            .ssl_mode(if tls { SslMode::Require } else { SslMode::Disable });
        if config.get_hosts().len() > 1 {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        Ok(Self {
            tls,
            tls_ca,
            schema,
            pool,
            place: place(base),
            config,
            callers_time: false,
            migrations: MIGRATIONS,
        })
    }
}

/// Returns the URL without its password.
fn place(base: &str) -> String {
    let Some((scheme, rest)) = base.split_once("://") else { return base.to_owned() };
    match rest.rsplit_once('@') {
        Some((login, host)) => {
            let user = login.split_once(':').map_or(login, |(user, _)| user);
            format!("{scheme}://{user}@{host}")
        }
        None => base.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_and_how() {
        for (url, expected) in [
            ("postgres://ann:s3cret@db.example/jobs", "postgres://ann@db.example/jobs true stepwell 16"),
            ("postgres://localhost/jobs?schema=x&pool=4", "postgres://localhost/jobs false x 4"),
            ("postgresql://a:1,b:2/jobs?sslmode=disable", "postgresql://a:1,b:2/jobs false stepwell 16"),
            ("postgres:///jobs?host=/run/postgresql", "postgres:///jobs false stepwell 16"),
        ] {
            let found = Settings::from_str(url).unwrap();
            assert_eq!(format!("{} {} {} {}", found.place, found.tls, found.schema, found.pool), expected);
        }
        for (url, expected) in [
            ("mysql://x/y", "the store is a URL"),
            ("postgres://x/y?sslmode=maybe", "`disable` and `verify-full`"),
            ("postgres://x/y?pool=1", "from 2 to 1000"),
            ("postgres://x/y?schema=A-b", "lower-case letters"),
            ("postgres://x/y?colour=red", "colour"),
        ] {
            let error = Settings::from_str(url).err().unwrap();
            assert!(error.contains(expected), "{url}: {error}");
        }
    }
}
