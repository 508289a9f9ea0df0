//! An installation of Atlantis, and the settings of the way from its locks to those of Stepwell.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::Setting;
use crate::document::{Diagnostics, Document};

/// The location of an installation of Atlantis: its file or its Redis.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Atlantis {
    /// The BoltDB file of Atlantis, or its data directory with `atlantis.db`; relative to the configuration file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The Redis of Atlantis: a URL (`redis://USER:PASSWORD@HOST:PORT/DATABASE`, or `rediss://` for TLS), or a
    /// reference to a secret that holds the URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<Setting>,
    /// The project whose locks take over from those of Atlantis. Default: `default`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Whether the operations on the lock of `apply` are absent, as with the flag of Atlantis of this name.
    /// Default: false.
    pub disable_global_apply_lock: bool,
}

impl Atlantis {
    /// Returns the project whose locks take over.
    pub fn project(&self) -> &str {
        self.project.as_deref().unwrap_or(crate::project::DEFAULT)
    }

    /// Reports problems that the schema does not see.
    pub(super) fn check(
        &self,
        has_project: &dyn Fn(&str) -> bool,
        document: &Document,
        problems: &mut Diagnostics,
    ) {
        let message = match (&self.file, &self.redis) {
            (None, None) => "`atlantis` names the `file` of Atlantis or its `redis`: add one of the two",
            (Some(_), Some(_)) => {
                "`atlantis.file` and `atlantis.redis`: Atlantis has its locks in one of the two; remove the other"
            }
            _ => "",
        };
        if !message.is_empty() {
            problems.0.push(document.error("/atlantis", message));
        }
        if let Some(name) = self.project.as_ref().filter(|name| !has_project(name)) {
            let message = format!("there is no project `{name}` under `projects`");
            problems.0.push(document.error("/atlantis/project", message));
        }
    }
}

/// The settings of the way from the locks of Atlantis to those of Stepwell. The names come from a proposal to
/// Atlantis, which Atlantis itself does not know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct EnhancedLocking {
    /// Whether the locks of Stepwell take part. While it is false, the rest of this section has no effect. Default:
    /// false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The store of Atlantis: `boltdb` or `redis`. Default: the one that `atlantis` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    /// Whether locks behave as those of Atlantis in both systems. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_mode: Option<bool>,
    /// The same as `feature-flags.priority-queuing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_queue: Option<bool>,
    /// The same as `feature-flags.deadlock-detection`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadlock_detection: Option<bool>,
    /// Whether a refused lock is tried again, `locks.retries` times. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<bool>,
    /// The same as `feature-flags.enhanced-metrics`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<bool>,
    /// The features, each of which can be switched on or off.
    #[serde(skip_serializing_if = "is_default")]
    pub feature_flags: FeatureFlags,
    /// The way from one system to the other.
    #[serde(skip_serializing_if = "is_default")]
    pub migration: LockMigration,
}

/// The features of `enhanced-locking`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct FeatureFlags {
    /// Whether a request may say how long it waits. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enhanced_timeouts: Option<bool>,
    /// Whether one request may take several locks. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_operations: Option<bool>,
    /// Whether a request may leave a ticket in place of a connection. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub async_operations: Option<bool>,
    /// Whether requests that wait come in the order of their priorities. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_queuing: Option<bool>,
    /// Whether cycles of requests that wait are found and resolved. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadlock_detection: Option<bool>,
    /// Whether clients can follow the events of locks. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_streaming: Option<bool>,
    /// Whether there are metrics of both systems. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enhanced_metrics: Option<bool>,
    /// Whether the health of both systems is compared. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_checks: Option<bool>,
    /// Whether the API has operations for debugging. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debug_endpoints: Option<bool>,
}

/// The way from the locks of Atlantis to those of Stepwell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct LockMigration {
    /// The mode: `off`, `shadow`, `gradual` or `blue-green`. Default: `off`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The former name of `validation-enabled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_mode: Option<bool>,
    /// Whether both systems are compared, which belongs to the mode `shadow`. Default: as the mode says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_enabled: Option<bool>,
    /// Whether different answers are logged. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison_logging: Option<bool>,
    /// The share of the locks that Stepwell serves in the mode `gradual`, from 0 to 100. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic_percentage: Option<i64>,
    /// The locks that Stepwell serves before all others in the mode `gradual`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary_criteria: Option<Vec<Criterion>>,
    /// Whether Atlantis serves a new lock that Stepwell cannot serve. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_enabled: Option<bool>,
    /// The system that serves all locks in the mode `blue-green`: `legacy` or `enhanced`. Default: `legacy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_system: Option<String>,
    /// Whether the health of the active system is checked. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_enabled: Option<bool>,
    /// Whether Atlantis takes over again when the health is bad. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automatic_rollback: Option<bool>,
    /// The part of failed operations, from 0 to 1, above which it does. Default: 0.05.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback_threshold: Option<Number>,
}

/// A set of locks that Stepwell serves first. A criterion with several fields needs all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Criterion {
    /// The name of a project of Atlantis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_name: Option<String>,
    /// A workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// A group of users: a team of the version control system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_group: Option<String>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
