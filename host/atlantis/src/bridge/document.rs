//! The settings as an installation writes them: `locks` and `enhanced-locking` of its configuration.

use serde::Deserialize;

/// The part of the configuration that is about locks. Its unknown keys are errors, and other parts do not matter.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Document {
    pub(super) locks: Locks,
    pub(super) enhanced_locking: Enhanced,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Locks {
    pub(super) timeout: Option<String>,
    pub(super) retries: Option<i64>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Enhanced {
    pub(super) enabled: Option<bool>,
    pub(super) backend: Option<String>,
    pub(super) compatibility_mode: Option<bool>,
    pub(super) priority_queue: Option<bool>,
    pub(super) deadlock_detection: Option<bool>,
    pub(super) retries: Option<bool>,
    pub(super) metrics: Option<bool>,
    pub(super) feature_flags: Flags,
    pub(super) migration: Migration,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Flags {
    pub(super) enhanced_timeouts: Option<bool>,
    pub(super) batch_operations: Option<bool>,
    pub(super) async_operations: Option<bool>,
    pub(super) priority_queuing: Option<bool>,
    pub(super) deadlock_detection: Option<bool>,
    pub(super) event_streaming: Option<bool>,
    pub(super) enhanced_metrics: Option<bool>,
    pub(super) health_checks: Option<bool>,
    pub(super) debug_endpoints: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Migration {
    pub(super) mode: Option<String>,
    pub(super) validation_mode: Option<bool>,
    pub(super) validation_enabled: Option<bool>,
    pub(super) comparison_logging: Option<bool>,
    pub(super) traffic_percentage: Option<i64>,
    pub(super) canary_criteria: Option<Vec<Criterion>>,
    pub(super) fallback_enabled: Option<bool>,
    pub(super) active_system: Option<String>,
    pub(super) health_check_enabled: Option<bool>,
    pub(super) automatic_rollback: Option<bool>,
    pub(super) rollback_threshold: Option<f64>,
}

/// A set of locks that the enhanced system serves first. A criterion with several fields needs all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Criterion {
    /// The name of a project.
    pub project_name: Option<String>,
    /// A workspace.
    pub workspace: Option<String>,
    /// A group of users: a team of the version control system.
    pub user_group: Option<String>,
}
