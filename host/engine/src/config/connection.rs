//! Named connections to databases.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{SecretRef, spark};
use crate::document::{Diagnostics, Document};
use crate::quantity::{Count, Span};

/// A SQL connection. Its `type` decides which keys it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// The kind of database.
    #[serde(rename = "type")]
    pub kind: Database,
    /// `sqlite` only: the file, relative to the configuration file. It must exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Name or address of the server. A value that begins with `/` is a Unix socket: its directory for
    /// `postgres`, the socket itself for `mysql`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Setting>,
    /// The port. Default: 5432, 3306, 1433 or 15002, the port of the `type`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
    /// The name of the database on the server. `spark`: the schema of names without one; optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<Setting>,
    /// The user name of the login. `spark`: the name that the server shows; optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Setting>,
    /// The password. Default: none, for servers that ask for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretRef>,
    /// `spark` only: the token of the login, sent as `Authorization: Bearer`. Default: none, for servers that ask
    /// for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<SecretRef>,
    /// `spark` only: the directories below which statements may read and write files, as the server names them: shared
    /// paths, and object stores such as `s3a://bucket/data`. Default: none; statements reach tables only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub paths: Vec<String>,
    /// `spark` only: settings of each session, for instance `spark.sql.shuffle.partitions: "8"`. Default: the server's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// `postgres` and `mysql` only: the role that statements run under, by `SET ROLE`. Default: the role of
    /// the login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z_][A-Za-z0-9_]{0,62}$"))]
    pub role: Option<String>,
    /// The encryption of the connection. Default: `verify`, because the password is sent over it; a Unix
    /// socket has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// Certificates (PEM) to trust in place of the system's; relative to the configuration file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_ca: Option<PathBuf>,
    /// Maximum number of sessions of this process at one time; further callers wait. Default: 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub pool: Option<u32>,
    /// Whether statements may change nothing, whatever policy grants. Default: false.
    #[serde(default)]
    pub read_only: bool,
    /// Whether the login may have full control of the server: a superuser, or a login that reads and writes
    /// its files. Default: false; such a login is refused, because no check of statements could restrict it.
    #[serde(default)]
    pub allow_superuser: bool,
    /// Limits that no policy exceeds. Default: the limits of the policy.
    #[serde(default, skip_serializing_if = "ConnectionLimits::is_empty")]
    pub limits: ConnectionLimits,
}

/// Limits of a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConnectionLimits {
    /// Maximum number of rows of one result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Count>,
    /// Maximum time of one statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
}

impl ConnectionLimits {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Database {
    /// A SQLite file.
    Sqlite,
    /// PostgreSQL, or a server that speaks its protocol.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    /// Microsoft SQL Server and Azure SQL.
    Mssql,
    /// Apache Spark, by Spark Connect.
    Spark,
}

impl Database {
    /// Returns the name as files spell it.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the default port of its servers.
    pub fn port(self) -> u16 {
        match self {
            Self::Sqlite => 0,
            Self::Postgres => 5432,
            Self::Mysql => 3306,
            Self::Mssql => 1433,
            Self::Spark => 15_002,
        }
    }
}

/// The encryption of a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Encrypted. The server's certificate and the name in it are checked.
    #[default]
    Verify,
    /// Unencrypted: for a server on this machine or behind a trusted network.
    Disable,
}

/// A text, or a reference to a secret (`env:NAME`, `file:PATH`, `store:NAME`) that holds the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Setting(#[schemars(length(min = 1))] pub String);

impl Setting {
    /// Returns the reference, if the setting is one.
    pub fn reference(&self) -> Option<SecretRef> {
        let refers = ["env:", "file:", "store:"].iter().any(|kind| self.0.starts_with(kind));
        refers.then(|| SecretRef(self.0.clone()))
    }
}

impl Connection {
    /// Returns a connection of a kind with no other setting.
    pub(super) fn of(kind: Database) -> Self {
        Self {
            kind,
            path: None,
            host: None,
            port: None,
            database: None,
            user: None,
            password: None,
            token: None,
            paths: Vec::new(),
            settings: BTreeMap::new(),
            role: None,
            tls: None,
            tls_ca: None,
            pool: None,
            read_only: false,
            allow_superuser: false,
            limits: ConnectionLimits::default(),
        }
    }

    /// Returns the port of the server.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(self.kind.port())
    }

    /// Returns the encryption of the connection.
    pub fn tls(&self) -> Tls {
        self.tls.unwrap_or_default()
    }

    /// Returns the maximum number of sessions at one time. Four leave a small server usable for others.
    pub fn pool(&self) -> usize {
        self.pool.unwrap_or(4) as usize
    }

    /// Returns the settings that refer to secrets, with their keys.
    pub fn references(&self) -> Vec<(&'static str, SecretRef)> {
        let settings = [("host", &self.host), ("database", &self.database), ("user", &self.user)];
        let found =
            settings.into_iter().filter_map(|(key, setting)| Some((key, setting.as_ref()?.reference()?)));
        let secrets = [("password", &self.password), ("token", &self.token)];
        let secrets = secrets.into_iter().filter_map(|(key, secret)| Some((key, secret.clone()?)));
        found.chain(secrets).collect()
    }

    /// Completes paths and reports problems.
    pub(super) fn check(&mut self, at: &str, dir: &Path, document: &Document, problems: &mut Diagnostics) {
        for path in [&mut self.path, &mut self.tls_ca].into_iter().flatten() {
            *path = dir.join(&*path);
        }
        for setting in [&mut self.host, &mut self.database, &mut self.user].into_iter().flatten() {
            relative(&mut setting.0, dir);
        }
        for secret in [&mut self.password, &mut self.token].into_iter().flatten() {
            relative(&mut secret.0, dir);
        }
        let mut wrong = |key: &str, message: String| {
            problems.0.push(document.error(&format!("{at}{key}"), message));
        };
        let kind = self.kind.name();
        let server = [
            ("host", self.host.is_some()),
            ("port", self.port.is_some()),
            ("database", self.database.is_some()),
            ("user", self.user.is_some()),
            ("password", self.password.is_some()),
            ("tls", self.tls.is_some()),
            ("tls_ca", self.tls_ca.is_some()),
            ("pool", self.pool.is_some()),
            ("role", self.role.is_some()),
            ("allow_superuser", self.allow_superuser),
        ];
        if self.kind == Database::Sqlite {
            for (key, _) in server.into_iter().filter(|(_, given)| *given) {
                wrong(
                    &format!("/{key}"),
                    format!("`{key}` is for servers, and `sqlite` is a file: remove it"),
                );
            }
            if self.path.is_none() {
                wrong("", "missing key `path`: the file of a `sqlite` connection".to_owned());
            }
        } else {
            if self.path.is_some() {
                wrong("/path", format!("`path` is for `sqlite`: a `{kind}` connection has `host`"));
            }
            let required: &[&str] = match self.kind {
                Database::Spark => &["host"],
                _ => &["host", "database", "user"],
            };
            for (key, given) in server.into_iter().filter(|(key, _)| required.contains(key)) {
                if !given {
                    wrong("", format!("missing key `{key}` of a `{kind}` connection"));
                }
            }
            if self.kind == Database::Mssql && self.role.is_some() {
                wrong(
                    "/role",
                    "`mssql` has no roles to switch to: give the login the rights that it needs".to_owned(),
                );
            }
            if self.tls_ca.is_some() && self.tls() == Tls::Disable {
                wrong(
                    "/tls_ca",
                    "certificates do nothing with `tls: disable`: remove one of the two".to_owned(),
                );
            }
        }
        for (key, message) in spark::problems(self) {
            wrong(&format!("/{key}"), message);
        }
        for (key, path) in [("path", &self.path), ("tls_ca", &self.tls_ca)] {
            if let Some(path) = path.as_ref().filter(|path| !path.is_file()) {
                wrong(&format!("/{key}"), format!("there is no file {}", path.display()));
            }
        }
    }
}

/// Makes a `file:` reference absolute, from the directory of the configuration.
pub(super) fn relative(reference: &mut String, dir: &Path) {
    if let Some(path) = reference.strip_prefix("file:") {
        *reference = format!("file:{}", dir.join(path).display());
    }
}
