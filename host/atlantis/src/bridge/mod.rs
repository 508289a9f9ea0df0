//! Settings of both worlds, `locks` of Atlantis and `enhanced-locking`, as one structure. Settings that contradict
//! each other are errors that name both keys.

mod document;
pub mod duration;
mod settings;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Number, Value};
use stepwell_engine::config::{EnhancedLocking, LockMigration, LockSettings};

pub use settings::{Backend, Criterion, Features, Migration, Mode, Settings, System};

use document::Document;

/// The variables of the environment that count.
pub const VARIABLES: [&str; 3] = [TIMEOUT_VARIABLE, RETRIES_VARIABLE, BACKEND_VARIABLE];
const TIMEOUT_VARIABLE: &str = "ATLANTIS_LOCK_TIMEOUT";
const RETRIES_VARIABLE: &str = "ATLANTIS_LOCK_RETRIES";
const BACKEND_VARIABLE: &str = "ATLANTIS_LOCKING_DB_TYPE";
/// The most tries and canary criteria.
const MAX_RETRIES: i64 = 100;
const MAX_CRITERIA: usize = 100;

/// A problem of the settings, with the keys that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The keys, one or two.
    pub keys: Vec<String>,
    /// The problem.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.keys.join("` and `"), self.message)
    }
}

/// A setting with its origin and its meaning in Stepwell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mapped {
    /// The key.
    pub key: &'static str,
    /// The value in use.
    pub value: String,
    /// The origin: `file`, the name of a variable, or `default`.
    pub origin: &'static str,
    /// The field of Stepwell's settings.
    pub setting: &'static str,
}

/// The settings in use, with the origin of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Bridge {
    /// The settings.
    pub settings: Settings,
    /// The origin of each.
    pub mapping: Vec<Mapped>,
}

/// Reads the settings of a configuration and of the environment.
///
/// # Errors
/// Returns all problems: unknown keys, values out of range, and keys that contradict each other.
pub fn read(configuration: &Value, environment: &BTreeMap<String, String>) -> Result<Bridge, Vec<Problem>> {
    let nothing = Value::Object(Map::new());
    let configuration = if configuration.is_null() { &nothing } else { configuration };
    let document: Document = serde_path_to_error::deserialize(configuration).map_err(|error| {
        let key = error.path().to_string();
        vec![Problem { keys: vec![key], message: error.inner().to_string() }]
    })?;
    of(&document.locks, &document.enhanced_locking, environment)
}

/// Reads the settings of the sections `locks` and `enhanced-locking`, and of the environment.
///
/// # Errors
/// Returns all problems: values out of range, and keys that contradict each other.
pub fn of(
    locks: &LockSettings,
    enhanced: &EnhancedLocking,
    environment: &BTreeMap<String, String>,
) -> Result<Bridge, Vec<Problem>> {
    let document = Document { locks: locks.clone(), enhanced_locking: enhanced.clone() };
    let mut reader = Reader { environment, problems: Vec::new(), mapping: Vec::new() };
    let settings = reader.settings(&document);
    if settings.enabled {
        contradictions(&settings, &document, &mut reader.problems);
    }
    match reader.problems.is_empty() {
        true => Ok(Bridge { settings, mapping: reader.mapping }),
        false => Err(reader.problems),
    }
}

/// Sets one key of a configuration, as `enhanced-locking.enabled=false`, and checks the result.
///
/// # Errors
/// Fails for a text without `=`, a key of another part of the configuration, or problems of the result.
pub fn set(
    configuration: &mut Value,
    assignment: &str,
    environment: &BTreeMap<String, String>,
) -> Result<Bridge, Vec<Problem>> {
    let problem =
        |key: &str, message: &str| vec![Problem { keys: vec![key.to_owned()], message: message.to_owned() }];
    let (key, text) =
        assignment.split_once('=').ok_or_else(|| problem(assignment, "expected `key=value`"))?;
    let parts: Vec<&str> = key.split('.').collect();
    let (Some(("locks" | "enhanced-locking", _)), Some(last), 2..=3) =
        (parts.split_first().map(|(first, rest)| (*first, rest)), parts.last(), parts.len())
    else {
        return Err(problem(key, "expected a key of `locks` or `enhanced-locking`"));
    };
    let mut next = configuration.clone();
    let mut place = &mut next;
    for part in parts.iter().take(parts.len() - 1) {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        let object =
            place.as_object_mut().ok_or_else(|| problem(key, "its parent is not a group of settings"))?;
        place = object.entry(*part).or_insert(Value::Null);
    }
    if place.is_null() {
        *place = Value::Object(Map::new());
    }
    let object =
        place.as_object_mut().ok_or_else(|| problem(key, "its parent is not a group of settings"))?;
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    object.insert((*last).to_owned(), value);
    let bridge = read(&next, environment)?;
    *configuration = next;
    Ok(bridge)
}

struct Reader<'e> {
    environment: &'e BTreeMap<String, String>,
    problems: Vec<Problem>,
    mapping: Vec<Mapped>,
}

impl Reader<'_> {
    fn problem(&mut self, keys: &[&str], message: impl Into<String>) {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        self.problems.push(Problem { keys, message: message.into() });
    }

    fn map(
        &mut self,
        key: &'static str,
        value: impl fmt::Display,
        origin: &'static str,
        setting: &'static str,
    ) {
        self.mapping.push(Mapped { key, value: value.to_string(), origin, setting });
    }

    fn settings(&mut self, document: &Document) -> Settings {
        let enhanced = &document.enhanced_locking;
        let default = Settings::default();
        let backend = enhanced.backend.as_deref();
        Settings {
            timeout: self.timeout(document.locks.timeout.as_deref()),
            retries: self.retries(document.locks.retries),
            backend: self.backend(backend),
            enabled: self.flag("enhanced-locking.enabled", enhanced.enabled, default.enabled, "enabled"),
            compatibility: self.flag(
                "enhanced-locking.compatibility-mode",
                enhanced.compatibility_mode,
                default.compatibility,
                "compatibility",
            ),
            features: self.features(enhanced),
            migration: self.migration(&enhanced.migration),
        }
    }

    fn features(&mut self, enhanced: &EnhancedLocking) -> Features {
        let (flags, default) = (&enhanced.feature_flags, Features::default());
        Features {
            priority_queue: self.either(
                ("enhanced-locking.priority-queue", enhanced.priority_queue),
                ("enhanced-locking.feature-flags.priority-queuing", flags.priority_queuing),
                default.priority_queue,
                "features.priority_queue",
            ),
            deadlock_detection: self.either(
                ("enhanced-locking.deadlock-detection", enhanced.deadlock_detection),
                ("enhanced-locking.feature-flags.deadlock-detection", flags.deadlock_detection),
                default.deadlock_detection,
                "features.deadlock_detection",
            ),
            metrics: self.either(
                ("enhanced-locking.metrics", enhanced.metrics),
                ("enhanced-locking.feature-flags.enhanced-metrics", flags.enhanced_metrics),
                default.metrics,
                "features.metrics",
            ),
            retries: self.flag(
                "enhanced-locking.retries",
                enhanced.retries,
                default.retries,
                "features.retries",
            ),
            timeouts: self.feature("enhanced-timeouts", flags.enhanced_timeouts, default.timeouts),
            batch: self.feature("batch-operations", flags.batch_operations, default.batch),
            asynchronous: self.feature("async-operations", flags.async_operations, default.asynchronous),
            events: self.feature("event-streaming", flags.event_streaming, default.events),
            health: self.feature("health-checks", flags.health_checks, default.health),
            debug: self.feature("debug-endpoints", flags.debug_endpoints, default.debug),
        }
    }

    fn migration(&mut self, migration: &LockMigration) -> Migration {
        let default = Migration::default();
        let canary = migration.canary_criteria.clone().unwrap_or_default();
        let is_empty = |criterion: &Criterion| *criterion == Criterion::default();
        if canary.len() > MAX_CRITERIA || canary.iter().any(is_empty) {
            let message = format!("expected at most {MAX_CRITERIA} criteria, each with a field");
            self.problem(&["enhanced-locking.migration.canary-criteria"], message);
        }
        self.either(
            ("enhanced-locking.migration.validation-mode", migration.validation_mode),
            ("enhanced-locking.migration.validation-enabled", migration.validation_enabled),
            migration.mode.as_deref() == Some("shadow"),
            "migration.mode",
        );
        Migration {
            mode: self.word("enhanced-locking.migration.mode", migration.mode.as_deref(), "migration.mode"),
            logs: self.flag(
                "enhanced-locking.migration.comparison-logging",
                migration.comparison_logging,
                default.logs,
                "migration.logs",
            ),
            percentage: self.percentage(migration.traffic_percentage),
            canary,
            fallback: self.flag(
                "enhanced-locking.migration.fallback-enabled",
                migration.fallback_enabled,
                default.fallback,
                "migration.fallback",
            ),
            active: self.word(
                "enhanced-locking.migration.active-system",
                migration.active_system.as_deref(),
                "migration.active",
            ),
            checks_health: self.flag(
                "enhanced-locking.migration.health-check-enabled",
                migration.health_check_enabled,
                default.checks_health,
                "migration.checks_health",
            ),
            rolls_back: self.flag(
                "enhanced-locking.migration.automatic-rollback",
                migration.automatic_rollback,
                default.rolls_back,
                "migration.rolls_back",
            ),
            threshold: self.threshold(migration.rollback_threshold.as_ref().and_then(Number::as_f64)),
        }
    }

    fn flag(&mut self, key: &'static str, value: Option<bool>, default: bool, setting: &'static str) -> bool {
        let used = value.unwrap_or(default);
        self.map(key, used, if value.is_some() { "file" } else { "default" }, setting);
        used
    }

    fn feature(&mut self, name: &'static str, value: Option<bool>, default: bool) -> bool {
        let (key, setting) = match name {
            "enhanced-timeouts" => ("enhanced-locking.feature-flags.enhanced-timeouts", "features.timeouts"),
            "batch-operations" => ("enhanced-locking.feature-flags.batch-operations", "features.batch"),
            "async-operations" => {
                ("enhanced-locking.feature-flags.async-operations", "features.asynchronous")
            }
            "event-streaming" => ("enhanced-locking.feature-flags.event-streaming", "features.events"),
            "health-checks" => ("enhanced-locking.feature-flags.health-checks", "features.health"),
            _ => ("enhanced-locking.feature-flags.debug-endpoints", "features.debug"),
        };
        self.flag(key, value, default, setting)
    }

    /// A setting with two names. Both may be set when they agree.
    fn either(
        &mut self,
        (key, value): (&'static str, Option<bool>),
        (other_key, other): (&'static str, Option<bool>),
        default: bool,
        setting: &'static str,
    ) -> bool {
        if let (Some(one), Some(two)) = (value, other)
            && one != two
        {
            self.problem(
                &[key, other_key],
                format!("one is {one} and the other is {two}; they are the same setting"),
            );
        }
        match (value, other) {
            (None, Some(_)) => self.flag(other_key, other, default, setting),
            _ => self.flag(key, value, default, setting),
        }
    }

    fn word<T: FromStr + Default + fmt::Display>(
        &mut self,
        key: &'static str,
        value: Option<&str>,
        setting: &'static str,
    ) -> T {
        let read = value.map(T::from_str);
        if let (Some(Err(_)), Some(text)) = (&read, value) {
            let words = match setting {
                "migration.mode" => "`off`, `shadow`, `gradual` or `blue-green`",
                _ => "`legacy` or `enhanced`",
            };
            self.problem(&[key], format!("expected {words}, not {text:?}"));
        }
        let used = read.and_then(Result::ok).unwrap_or_default();
        self.map(key, &used, if value.is_some() { "file" } else { "default" }, setting);
        used
    }

    /// A setting of the file and of the environment. Both may be set when they agree.
    fn outside<T: PartialEq + Copy + fmt::Display>(
        &mut self,
        (key, file): (&'static str, Option<T>),
        (variable, environment): (&'static str, Option<T>),
        default: T,
        setting: &'static str,
    ) -> T {
        if let (Some(one), Some(two)) = (file, environment)
            && one != two
        {
            self.problem(
                &[key, variable],
                format!("one is {one} and the other is {two}; remove one of them"),
            );
        }
        match (environment, file) {
            (Some(value), _) => self.map(variable, value, variable, setting),
            (None, Some(value)) => self.map(key, value, "file", setting),
            (None, None) => self.map(key, default, "default", setting),
        }
        environment.or(file).unwrap_or(default)
    }

    fn timeout(&mut self, file: Option<&str>) -> Duration {
        let variable = self.environment.get(TIMEOUT_VARIABLE).cloned();
        let mut read = |key: &str, text: Option<&str>| {
            let value = text.and_then(|text| duration::parse(text).map(Shown));
            if let (Some(text), None) = (text, value) {
                self.problem(
                    &[key],
                    format!("expected a duration of at most 24h, such as `30s`, not {text:?}"),
                );
            }
            value
        };
        let file = read("locks.timeout", file);
        let variable = read(TIMEOUT_VARIABLE, variable.as_deref());
        self.outside(("locks.timeout", file), (TIMEOUT_VARIABLE, variable), Shown(Duration::ZERO), "timeout")
            .0
    }

    fn retries(&mut self, file: Option<i64>) -> u32 {
        let variable = self.environment.get(RETRIES_VARIABLE).cloned();
        let number = variable.as_deref().map(|text| text.parse::<i64>().unwrap_or(-1));
        let mut read = |key: &str, number: Option<i64>| {
            let value = number.filter(|number| (0..=MAX_RETRIES).contains(number));
            if number.is_some() && value.is_none() {
                self.problem(&[key], format!("expected a whole number from 0 to {MAX_RETRIES}"));
            }
            value.and_then(|number| u32::try_from(number).ok())
        };
        let file = read("locks.retries", file);
        let variable = read(RETRIES_VARIABLE, number);
        self.outside(("locks.retries", file), (RETRIES_VARIABLE, variable), 0, "retries")
    }

    fn backend(&mut self, file: Option<&str>) -> Backend {
        let variable = self.environment.get(BACKEND_VARIABLE).cloned();
        let mut read = |key: &str, text: Option<&str>| {
            let value = text.and_then(|text| Backend::from_str(text).ok());
            if let (Some(text), None) = (text, value) {
                self.problem(&[key], format!("expected `boltdb` or `redis`, not {text:?}"));
            }
            value
        };
        let file = read("enhanced-locking.backend", file);
        let variable = read(BACKEND_VARIABLE, variable.as_deref());
        let keys = (("enhanced-locking.backend", file), (BACKEND_VARIABLE, variable));
        self.outside(keys.0, keys.1, Backend::BoltDb, "backend")
    }

    fn percentage(&mut self, value: Option<i64>) -> u8 {
        let key = "enhanced-locking.migration.traffic-percentage";
        let used = u8::try_from(value.unwrap_or(0)).ok().filter(|value| *value <= 100);
        if used.is_none() {
            self.problem(&[key], "expected a whole number from 0 to 100");
        }
        let used = used.unwrap_or(0);
        self.map(key, used, if value.is_some() { "file" } else { "default" }, "migration.percentage");
        used
    }

    fn threshold(&mut self, value: Option<f64>) -> f64 {
        let key = "enhanced-locking.migration.rollback-threshold";
        let used = value.unwrap_or(Migration::default().threshold);
        if !(0.0..=1.0).contains(&used) {
            self.problem(&[key], "expected a number from 0 to 1; 0.05 is 5% of the operations");
        }
        self.map(key, used, if value.is_some() { "file" } else { "default" }, "migration.threshold");
        used
    }
}

#[derive(Clone, Copy, PartialEq)]
struct Shown(Duration);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&duration::text(self.0))
    }
}

/// Finds settings that contradict each other. While the enhanced system is off, no other setting of it counts, so
/// that `enhanced-locking.enabled=false` is always a way back.
fn contradictions(settings: &Settings, document: &Document, problems: &mut Vec<Problem>) {
    let Settings { features, migration, .. } = settings;
    let mut add = |one: &str, two: &str, message: &str| {
        let keys = [one, two].map(|key| format!("enhanced-locking.{key}")).to_vec();
        problems.push(Problem { keys, message: message.to_owned() });
    };
    let changing = [
        ("priority-queue", features.priority_queue),
        ("deadlock-detection", features.deadlock_detection),
        ("retries", features.retries),
        ("feature-flags.enhanced-timeouts", features.timeouts),
    ];
    for (key, _) in changing.iter().filter(|(_, is_on)| *is_on && settings.compatibility) {
        add(
            "compatibility-mode",
            key,
            "in compatibility mode, locks behave as those of Atlantis; turn one of them off",
        );
    }
    let written = &document.enhanced_locking.migration;
    let has_share = migration.percentage > 0 || !migration.canary.is_empty();
    let share =
        if migration.percentage > 0 { "migration.traffic-percentage" } else { "migration.canary-criteria" };
    if has_share && migration.mode != Mode::Gradual {
        add("migration.mode", share, "only the mode `gradual` divides the locks");
    }
    if migration.active == System::Enhanced && migration.mode != Mode::BlueGreen {
        add("migration.mode", "migration.active-system", "only the mode `blue-green` has an active system");
    }
    if written.automatic_rollback == Some(true) && !migration.checks_health {
        add(
            "migration.automatic-rollback",
            "migration.health-check-enabled",
            "a rollback follows from the health check",
        );
    }
    if written.automatic_rollback == Some(true) && !migration.fallback {
        add(
            "migration.automatic-rollback",
            "migration.fallback-enabled",
            "a rollback falls back to the legacy system",
        );
    }
    if migration.checks_health && written.health_check_enabled == Some(true) && !features.health {
        add("migration.health-check-enabled", "feature-flags.health-checks", "the health check is off");
    }
    for (key, validates) in [
        ("migration.validation-mode", written.validation_mode),
        ("migration.validation-enabled", written.validation_enabled),
    ] {
        if validates.is_some_and(|validates| validates != (migration.mode == Mode::Shadow))
            && migration.mode != Mode::Off
        {
            add("migration.mode", key, "the mode `shadow` compares both systems, and no other mode does");
        }
    }
    if features.retries && settings.retries == 0 {
        let keys = vec!["enhanced-locking.retries".to_owned(), "locks.retries".to_owned()];
        problems.push(Problem { keys, message: "retries are on, and their number is 0".to_owned() });
    }
}
