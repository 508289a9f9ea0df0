//! The installation of Atlantis that the configuration names, and the settings of its locks.

use std::collections::BTreeMap;
use std::env;
use std::sync::Arc;

use stepwell_atlantis::bridge::{self, Backend, Bridge, Problem};
use stepwell_atlantis::locks::{EnhancedLocks, Installation, LegacyLocks, RedisSettings};
use stepwell_engine::clock::Clock;
use stepwell_engine::config::{Atlantis, EnhancedLocking};
use stepwell_engine::lock::Locks;
use stepwell_engine::{Configuration, Diagnostic, Diagnostics, Store};
use stepwell_sandbox::secrets;
use tokio::sync::Mutex;

use super::control::Owned;
use super::measures::AtlantisMeasures;
use super::values::StoredValues;
use crate::HostError;

/// The features of the reference that the locks of Atlantis do not have here, each with its two keys and the way to it.
const ELSEWHERE: [(&str, &str); 2] = [
    (
        "enhanced-locking.feature-flags.async-operations",
        "a request for a lock of Atlantis has no ticket: send requests that outlast a connection to `POST /api/v2/locks`, and leave this key out",
    ),
    (
        "enhanced-locking.feature-flags.event-streaming",
        "`GET /api/v2/lock-events` streams the events of all locks that Stepwell serves: leave this key out",
    ),
];

/// An installation of Atlantis, and the locks of Stepwell that can take over from it.
pub(crate) struct Site {
    pub bridge: Bridge,
    pub installation: Installation,
    pub legacy: Arc<dyn LegacyLocks>,
    pub enhanced: Arc<EnhancedLocks>,
    /// The project of the locks of Stepwell.
    pub project: String,
    /// Whether the lock of `apply` can be changed.
    pub has_apply_lock: bool,
    /// The right to decide, while this process has it. One operation at a time takes or renews it.
    pub owned: Mutex<Option<Owned>>,
    pub measures: Arc<AtlantisMeasures>,
}

/// The parts of a host that a site uses.
pub(crate) struct Parts {
    pub store: Arc<dyn Store>,
    pub locks: Arc<dyn Locks>,
    pub clock: Arc<dyn Clock>,
}

impl Site {
    /// Opens the installation that the configuration names. Nothing is read yet.
    pub fn open(config: &Configuration, parts: Parts) -> Result<Option<Self>, HostError> {
        let Some(atlantis) = &config.atlantis else { return Ok(None) };
        let bridge = locking(config).map_err(invalid)?;
        let installation = installation_of(config, atlantis)?;
        let Parts { store, locks, clock } = parts;
        let values = Arc::new(StoredValues { store });
        let project = atlantis.project().to_owned();
        let enhanced = EnhancedLocks::new(locks, values, clock, project.clone());
        let enhanced = enhanced.with_sessions(bridge.settings.features.deadlock_detection);
        Ok(Some(Self {
            legacy: installation.locks(),
            installation,
            enhanced: Arc::new(enhanced),
            project,
            has_apply_lock: !atlantis.disable_global_apply_lock,
            owned: Mutex::new(None),
            measures: Arc::default(),
            bridge,
        }))
    }
}

/// Checks the settings of the locks of Atlantis. The environment counts only beside settings in the file.
pub(crate) fn check(config: &Configuration) -> Result<(), HostError> {
    let is_set = config.atlantis.is_some()
        || config.enhanced_locking != EnhancedLocking::default()
        || config.locks.timeout.is_some()
        || config.locks.retries.is_some();
    if is_set {
        locking(config).map_err(invalid)?;
    }
    if let Some(atlantis) = config.atlantis.as_ref().filter(|atlantis| is_literal(atlantis)) {
        installation_of(config, atlantis)?;
    }
    Ok(())
}

fn is_literal(atlantis: &Atlantis) -> bool {
    atlantis.redis.as_ref().is_none_or(|redis| redis.reference().is_none())
}

fn invalid(problems: Vec<Problem>) -> HostError {
    let diagnostic = |problem: &Problem| Diagnostic::without_place("the configuration", problem.to_string());
    HostError::Invalid(Diagnostics(problems.iter().map(diagnostic).collect()))
}

/// Reads the settings of the locks of Atlantis: those of the configuration, and those of the environment.
///
/// # Errors
/// Returns all problems, each with the keys that it is about.
pub fn locking(config: &Configuration) -> Result<Bridge, Vec<Problem>> {
    let variable = |name: &str| Some((name.to_owned(), env::var(name).ok().filter(|text| !text.is_empty())?));
    let environment: BTreeMap<String, String> =
        bridge::VARIABLES.iter().filter_map(|name| variable(name)).collect();
    let mut bridge = bridge::of(&config.locks, &config.enhanced_locking, &environment)?;
    let problem = |keys: [&str; 2], message: &str| Problem {
        keys: keys.map(str::to_owned).into_iter().filter(|key| !key.is_empty()).collect(),
        message: message.to_owned(),
    };
    let mut problems = Vec::new();
    match &config.atlantis {
        None if bridge.settings.enabled => problems.push(problem(
            ["enhanced-locking.enabled", "atlantis"],
            "there is no installation of Atlantis: name its `file` or its `redis`",
        )),
        None => {}
        Some(atlantis) => {
            let (place, backend) = match atlantis.redis {
                Some(_) => ("atlantis.redis", Backend::Redis),
                None => ("atlantis.file", Backend::BoltDb),
            };
            let named = bridge.mapping.iter_mut().find(|mapped| mapped.setting == "backend");
            if let Some(named) = named.filter(|_| bridge.settings.backend != backend) {
                match named.origin {
                    "default" => named.value = backend.to_string(),
                    _ => problems.push(problem(
                        [named.key, place],
                        &format!("one is {} and the other is {backend}", bridge.settings.backend),
                    )),
                }
            }
            bridge.settings.backend = backend;
        }
    }
    let features = bridge.settings.features;
    let asked = [features.asynchronous, features.events];
    for ((key, way), _) in ELSEWHERE.iter().zip(asked).filter(|(_, is_on)| *is_on && bridge.settings.enabled)
    {
        problems.push(problem([key, ""], way));
    }
    if problems.is_empty() { Ok(bridge) } else { Err(problems) }
}

/// Returns the installation of Atlantis that the configuration names, if it names one.
///
/// # Errors
/// Fails when the secret with the URL of Redis cannot be read, and for a wrong URL.
pub fn installation(config: &Configuration) -> Result<Option<Installation>, HostError> {
    config.atlantis.as_ref().map(|atlantis| installation_of(config, atlantis)).transpose()
}

fn installation_of(config: &Configuration, atlantis: &Atlantis) -> Result<Installation, HostError> {
    let wrong =
        |message: String| HostError::Invalid(Diagnostic::without_place("atlantis.redis", message).into());
    match (&atlantis.redis, &atlantis.file) {
        (Some(redis), _) => {
            let url = secrets::text(config, redis).map_err(wrong)?;
            let settings: RedisSettings = url.parse().map_err(wrong)?;
            Ok(Installation::redis(settings))
        }
        (None, Some(file)) => Ok(Installation::file(file)),
        (None, None) => Err(wrong("`atlantis` names the `file` of Atlantis or its `redis`".to_owned())),
    }
}
