//! The engines that run queries over large data: this process, and a Spark.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::connection::{Connection, Database, Setting, Tls};
use super::{Configuration, SecretRef, Service};
use crate::document::{Diagnostics, Document};
use crate::quantity::Bytes;

/// The name of the connection that `remote` makes.
pub const CONNECTION: &str = "spark";

/// The beginning of the address of a Connect server.
const SCHEME: &str = "sc://";

/// The maximum number of shared directories.
const MAX_SHARED: usize = 100;

/// The engines of steps that process data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Engines {
    /// The Spark that runs queries over large data. Default: none; all queries run in their sandbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spark: Option<SparkEngine>,
    /// The engine within the sandbox of each step.
    pub local: LocalEngine,
}

/// A Spark for queries over large data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SparkEngine {
    /// Whether steps may use it. Default: true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The name of a connection of the type `spark`. A policy has to grant it to a step in `sql`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// In place of `connection`: the address of a Connect server, `sc://HOST:PORT/;token=env:NAME;use_ssl=true`. It
    /// makes a connection with the name `spark`. The token is a reference to a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// Another name of `remote`, for configurations of the earlier orchestrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master: Option<String>,
    /// The size of all inputs from which `engine: auto` prefers Spark. Default: 1GiB; below it, the local engine has
    /// ended before Spark has begun.
    #[serde(default = "min_bytes")]
    pub min_bytes: Bytes,
    /// Directories of this machine that Spark sees too, each with its path on Spark's side: `{/mnt/lake:
    /// /shared/lake}`. Queries run on Spark only if all their inputs are in such directories. Default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shared: BTreeMap<String, String>,
}

/// The engine within the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LocalEngine {
    /// Whether queries may run in their sandbox. Default: true. Without it, a query that Spark cannot run fails.
    pub enabled: bool,
    /// Another name of `service.workers`, for configurations of the earlier orchestrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub max_workers: Option<u32>,
}

impl Default for LocalEngine {
    fn default() -> Self {
        Self { enabled: true, max_workers: None }
    }
}

fn yes() -> bool {
    true
}

fn min_bytes() -> Bytes {
    Bytes::new(1 << 30)
}

impl SparkEngine {
    /// Returns the name of the connection.
    pub fn connection(&self) -> &str {
        self.connection.as_deref().unwrap_or(CONNECTION)
    }

    /// Returns the path of a file of this machine on Spark's side, if Spark sees the file.
    pub fn locate(&self, file: &Path) -> Option<String> {
        let found = self.shared.iter().filter_map(|(here, there)| {
            let below = file.strip_prefix(here).ok()?.to_str()?;
            Some((here.len(), format!("{}/{below}", there.trim_end_matches('/'))))
        });
        // The innermost directory decides.
        found.max_by_key(|(length, _)| *length).map(|(_, path)| path.trim_end_matches('/').to_owned())
    }
}

impl Engines {
    /// Returns the Spark that steps may use.
    pub fn spark(&self) -> Option<&SparkEngine> {
        self.spark.as_ref().filter(|spark| spark.enabled)
    }
}

impl Configuration {
    /// Adds what the engines stand for: a connection, and the number of workers.
    pub(super) fn add_engines(&mut self, dir: &Path, document: &Document, problems: &mut Diagnostics) {
        let mut wrong = |at: &str, message: String| {
            problems.0.push(document.error(&format!("/engines{at}"), message));
        };
        if let Some(workers) = self.engines.local.max_workers {
            let other = self.service.workers;
            if other != Service::default().workers && other != workers {
                let message = format!("`service.workers` is {other}: remove one of the two");
                wrong("/local/max_workers", message);
            }
            self.service.workers = workers;
        }
        let Some(spark) = &mut self.engines.spark else { return };
        let shared = std::mem::take(&mut spark.shared).into_iter();
        spark.shared = shared.map(|(here, there)| (dir.join(here).display().to_string(), there)).collect();
        if spark.shared.len() > MAX_SHARED {
            wrong("/spark/shared", format!("an engine has at most {MAX_SHARED} shared directories"));
        }
        let key = if spark.remote.is_some() { "/spark/remote" } else { "/spark/master" };
        match (&spark.connection, spark.remote.as_ref().or(spark.master.as_ref())) {
            _ if spark.remote.is_some() && spark.master.is_some() => {
                wrong("/spark/master", "write `remote` or `master`, and not both".to_owned());
            }
            (Some(_), Some(_)) => {
                wrong(key, "write `connection` or `remote`, and not both".to_owned());
            }
            (None, None) if spark.enabled => {
                let message = "write the `connection` or the `remote` of the Spark";
                wrong("/spark", message.to_owned());
            }
            (None, Some(remote)) => match connection(remote) {
                Ok(mut made) => {
                    made.paths = spark.shared.values().cloned().collect();
                    made.check("/engines/spark", dir, document, problems);
                    if self.connections.insert(CONNECTION.to_owned(), made).is_some() {
                        let message = "the connection `spark` exists: write `connection: spark`";
                        problems.0.push(document.error(&format!("/engines{key}"), message));
                    }
                }
                Err(why) => wrong(key, why),
            },
            _ => {}
        }
    }

    /// Reports problems of the engines that concern connections, which may be in another file.
    pub(super) fn check_engines(&self, document: &Document, problems: &mut Diagnostics) {
        let Some(spark) = self.engines.spark.as_ref().filter(|spark| spark.connection.is_some()) else {
            return;
        };
        let mut wrong = |at: &str, message: String| {
            problems.0.push(document.error(&format!("/engines/spark/{at}"), message));
        };
        let name = spark.connection();
        match self.connections.get(name) {
            None => wrong("connection", format!("there is no connection `{name}` under `connections`")),
            Some(found) if found.kind != Database::Spark => {
                let message =
                    format!("`{name}` has the type `{}`, and an engine has `spark`", found.kind.name());
                wrong("connection", message);
            }
            Some(found) => {
                let below = |there: &String| {
                    found.paths.iter().any(|path| {
                        let path = path.trim_end_matches('/');
                        there.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                    })
                };
                for (here, there) in spark.shared.iter().filter(|(_, there)| !below(there)) {
                    let message = format!(
                        "`{here}`: `{there}` is not below one of the `paths` of the connection `{name}`"
                    );
                    wrong("shared", message);
                }
            }
        }
    }
}

/// Reads the address of a Connect server (spark.apache.org/docs/latest/spark-connect-overview.html).
fn connection(remote: &str) -> Result<Connection, String> {
    let Some(rest) = remote.strip_prefix(SCHEME) else {
        return Err(format!(
            "`{remote}` is not the address of a Connect server: start one with this master \
             (`sbin/start-connect-server.sh --master {remote}`), and write its address, `sc://HOST:15002`"
        ));
    };
    let (address, parameters) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            let number = port.parse::<u16>().ok().filter(|port| *port > 0);
            (host, Some(number.ok_or_else(|| format!("`{port}` is not a port"))?))
        }
        _ => (address, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || host.contains(['@', ';', '=', ' ']) {
        return Err("write an address such as `sc://HOST:15002`".to_owned());
    }
    let mut made = Connection {
        host: Some(Setting(host.to_owned())),
        port,
        tls: Some(Tls::Disable),
        ..Connection::of(Database::Spark)
    };
    for parameter in parameters.split(';').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some(("token", token)) => {
                let reference = Setting(token.to_owned()).reference();
                let token: SecretRef = reference.ok_or(
                    "the token stands in a file that others read: write a reference, such as `token=env:SPARK_TOKEN`",
                )?;
                // As in the clients of Spark, a token goes over TLS.
                (made.token, made.tls) = (Some(token), Some(Tls::Verify));
            }
            Some(("use_ssl", "true")) => made.tls = Some(Tls::Verify),
            Some(("use_ssl", "false")) if made.token.is_none() => made.tls = Some(Tls::Disable),
            Some(("user_id", user)) if !user.is_empty() => made.user = Some(Setting(user.to_owned())),
            _ => {
                let name = parameter.split('=').next().unwrap_or_default();
                return Err(format!(
                    "the parameter `{name}` does not fit: write `token=env:NAME`, `use_ssl=true` or `user_id=NAME`"
                ));
            }
        }
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Configuration, Vec<String>> {
        let problems = |found: Diagnostics| found.0.iter().map(|one| one.message.clone()).collect();
        Configuration::parse("stepwell.yaml", text, Path::new("/etc/stepwell")).map_err(problems)
    }

    #[test]
    fn an_address_makes_a_connection() {
        let config = parsed(
            "engines:\n  spark: {remote: 'sc://spark.example.com:15003/;token=env:TOKEN;user_id=etl', min_bytes: 2GiB, \
             shared: {/mnt/lake: /shared/lake}}\n  local: {enabled: true, max_workers: 4}\n",
        )
        .unwrap();
        let made = &config.connections[CONNECTION];
        assert_eq!((made.kind, made.port(), made.tls()), (Database::Spark, 15_003, Tls::Verify));
        assert_eq!(made.host, Some(Setting("spark.example.com".to_owned())));
        assert_eq!(made.token, Some(SecretRef("env:TOKEN".to_owned())));
        assert_eq!(made.paths, ["/shared/lake"]);
        assert_eq!(config.service.workers, 4);
        let spark = config.engines.spark().unwrap();
        assert_eq!((spark.connection(), spark.min_bytes.0), (CONNECTION, 2 << 30));
        let plain = parsed("engines: {spark: {master: 'sc://localhost'}}").unwrap();
        assert_eq!(plain.connections[CONNECTION].tls(), Tls::Disable);
        assert!(parsed("engines: {spark: {enabled: false}}").unwrap().engines.spark().is_none());
    }

    #[test]
    fn the_innermost_shared_directory_locates_a_file() {
        let shared = [("/mnt", "s3a://all"), ("/mnt/lake", "/shared/lake/"), ("/data", "/data")];
        let shared = shared.into_iter().map(|(here, there)| (here.to_owned(), there.to_owned())).collect();
        let spark = SparkEngine {
            enabled: true,
            connection: None,
            remote: None,
            master: None,
            min_bytes: min_bytes(),
            shared,
        };
        for (file, wanted) in [
            ("/mnt/lake/a/b.parquet", Some("/shared/lake/a/b.parquet")),
            ("/mnt/lake", Some("/shared/lake")),
            ("/mnt/lakes/a", Some("s3a://all/lakes/a")),
            ("/data/x", Some("/data/x")),
            ("/database/x", None),
            ("/etc/passwd", None),
        ] {
            assert_eq!(spark.locate(Path::new(file)).as_deref(), wanted, "{file}");
        }
    }

    #[test]
    fn a_wrong_engine_names_its_fix() {
        let sqlite = "connections: {db: {type: spark, host: h, tls: disable, paths: [/shared]}}\n";
        for (engines, wanted) in [
            ("spark: {enabled: true}", "write the `connection` or the `remote`"),
            ("spark: {remote: 'local[*]'}", "start one with this master"),
            ("spark: {remote: 'spark://host:7077'}", "start one with this master"),
            ("spark: {remote: 'sc://host:0'}", "`0` is not a port"),
            ("spark: {remote: 'sc://'}", "write an address"),
            ("spark: {remote: 'sc://user@host'}", "write an address"),
            ("spark: {remote: 'sc://host/;token=abc'}", "write a reference"),
            ("spark: {remote: 'sc://host/;session_id=1'}", "`session_id` does not fit"),
            ("spark: {remote: 'sc://host/;token=env:A;use_ssl=false'}", "`use_ssl` does not fit"),
            ("spark: {remote: 'sc://host', connection: db}", "and not both"),
            ("spark: {remote: 'sc://host', shared: {/a: b}}", "a path is a directory"),
            ("spark: {remote: 'sc://host', master: 'sc://host'}", "`remote` or `master`"),
            ("spark: {connection: nope}", "there is no connection `nope`"),
            ("spark: {connection: db, shared: {/a: /sharedness}}", "is not below one of the `paths`"),
        ] {
            let found = parsed(&format!("{sqlite}engines: {{{engines}}}")).unwrap_err();
            assert!(found.iter().any(|message| message.contains(wanted)), "{engines}: {found:?}");
        }
        let found = parsed("service: {workers: 8}\nengines: {local: {max_workers: 4}}").unwrap_err();
        assert!(found[0].contains("`service.workers` is 8"), "{found:?}");
        let twice = "connections: {spark: {type: spark, host: h, tls: disable}}\nengines: {spark: {remote: 'sc://h'}}";
        assert!(parsed(twice).unwrap_err()[0].contains("the connection `spark` exists"));
    }
}
