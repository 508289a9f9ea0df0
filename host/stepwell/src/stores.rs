//! Opens the store that the settings name, and the locks beside it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use stepwell_engine::config::Setting;
use stepwell_engine::lock::{self, Locks};
use stepwell_engine::{Configuration, Diagnostic, Diagnostics, Store};
use stepwell_sandbox::secrets;
use stepwell_store::{
    PinnedStores, PostgresSettings, PostgresStore, RedisLocks, RedisSettings, SqlLocks, SqliteStore,
};

use crate::HostError;
use crate::context::Settings;

/// A store, and the locks: in its database, or in Redis.
pub(crate) struct Opened {
    pub store: Arc<dyn Store>,
    pub locks: Arc<dyn Locks>,
}

/// Opens the store of the URL, of the configuration, or SQLite in the data directory, with the stores that
/// queues are pinned to.
pub(crate) fn open(
    settings: &Settings,
    url: Option<&str>,
    data_dir: Option<&Path>,
) -> Result<Opened, HostError> {
    let config = &settings.config;
    let rules = config.locks.settings();
    let Opened { store: home, locks } = match (url, &config.store, data_dir) {
        (Some(url), ..) => with_locks(postgres("--store", url)?, rules),
        (None, Some(setting), _) => with_locks(postgres("store", &text(config, "store", setting)?)?, rules),
        (None, None, Some(dir)) => sqlite(SqliteStore::new(file_in(dir)), rules),
        (None, None, None) => sqlite(SqliteStore::in_memory(), rules),
    };
    let locks = redis(config)?.unwrap_or(locks);
    let mut pinned: BTreeMap<String, Arc<dyn Store>> = BTreeMap::new();
    let mut queues = BTreeMap::new();
    for (queue, patch) in &settings.queues.queues {
        let Some(name) = &patch.store else { continue };
        let place = format!("queues.{queue}.store");
        let Some(setting) = config.stores.get(name) else {
            let message = format!("there is no store `{name}`: add it under `stores` in the configuration");
            return Err(HostError::Invalid(Diagnostic::without_place(&place, message).into()));
        };
        if !pinned.contains_key(name) {
            let at = format!("stores.{name}");
            pinned.insert(name.clone(), postgres(&at, &text(config, &at, setting)?)?);
        }
        queues.insert(queue.clone(), name.clone());
    }
    if pinned.is_empty() {
        return Ok(Opened { store: home, locks });
    }
    Ok(Opened { store: Arc::new(PinnedStores::new(home, pinned, queues)), locks })
}

fn sqlite(store: SqliteStore, rules: lock::Settings) -> Opened {
    let store = Arc::new(store);
    Opened { locks: Arc::new(SqlLocks::new(store.clone(), rules)), store }
}

fn with_locks(store: Arc<PostgresStore>, rules: lock::Settings) -> Opened {
    Opened { locks: Arc::new(SqlLocks::new(store.clone(), rules)), store }
}

/// Returns the locks in the Redis that the configuration names, which is connected at the first command.
pub(crate) fn redis(config: &Configuration) -> Result<Option<Arc<dyn Locks>>, HostError> {
    const PLACE: &str = "locks.redis";
    let Some(setting) = &config.locks.redis else { return Ok(None) };
    let problem = |error| HostError::Invalid(Diagnostic::without_place(PLACE, error).into());
    let redis = text(config, PLACE, setting)?.parse::<RedisSettings>().map_err(problem)?;
    Ok(Some(Arc::new(RedisLocks::new(redis, config.locks.settings()))))
}

/// Checks the URLs of the stores and of Redis, except those that secrets hold.
pub(crate) fn check(config: &Configuration) -> Result<(), HostError> {
    let stores = config.stores.iter().map(|(name, setting)| (format!("stores.{name}"), setting));
    let all = stores.chain(config.store.iter().map(|setting| ("store".to_owned(), setting)));
    let wrong = |(place, setting): (String, &Setting)| {
        let error = PostgresSettings::from_str(&setting.0).err()?;
        Some(Diagnostic::without_place(&place, error))
    };
    let literal = all.filter(|(_, setting)| setting.reference().is_none());
    let redis = config.locks.redis.iter().filter(|setting| setting.reference().is_none());
    let redis = redis.filter_map(|setting| RedisSettings::from_str(&setting.0).err());
    let redis = redis.map(|error| Diagnostic::without_place("locks.redis", error));
    let problems = Diagnostics(literal.filter_map(wrong).chain(redis).collect());
    if problems.has_errors() { Err(HostError::Invalid(problems.sorted())) } else { Ok(()) }
}

/// Returns the path of the store's file in a data directory.
pub(crate) fn file_in(data_dir: &Path) -> PathBuf {
    data_dir.join("stepwell.db")
}

fn text(config: &Configuration, place: &str, setting: &Setting) -> Result<String, HostError> {
    secrets::text(config, setting)
        .map_err(|message| HostError::Invalid(Diagnostic::without_place(place, message).into()))
}

fn postgres(place: &str, url: &str) -> Result<Arc<PostgresStore>, HostError> {
    match PostgresStore::new(url) {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => Err(HostError::Invalid(Diagnostic::without_place(place, error.to_string()).into())),
    }
}
