//! Settings of locks.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Setting;
use crate::document::{Diagnostics, Document};
use crate::lock::{Detect, Settings, Victim};
use crate::quantity::Span;

/// Settings of the locks of all projects. Processes that share a store use the same ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LockSettings {
    /// The waiting time that one level of priority is worth. A request that waits is overtaken only by those that
    /// arrive within nine of these times. Default: 60s, as for queues of runs. From 1s, since clocks differ, to 24h,
    /// since a request waits that long for more urgent ones.
    pub aging: Span,
    /// The reaction to a deadlock: `resolve` reorders a queue or ends one wait, `report` only adds an event, and
    /// `off` does not search. Default: `resolve`.
    pub detect: Detect,
    /// The wait that a deadlock ends: that of the `youngest` session, the one with the `lowest_priority`, or that of
    /// the session with the `fewest_locks`. Default: `youngest`, which has the least work to lose.
    pub victim: Victim,
    /// Redis 6 or later as the store of locks: a URL (`redis://USER:PASSWORD@HOST:PORT/DATABASE`, or `rediss://` for
    /// TLS), or a reference to a secret that holds the URL. Default: the locks are in the store of runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<Setting>,
    /// The longest wait for a lock of Atlantis, such as `30s`, at most `24h`. Default: none; a lock has to be free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// The number of further tries to take a lock of Atlantis, 0 to 100. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<i64>,
}

impl Default for LockSettings {
    fn default() -> Self {
        let Settings { aging, detect, victim } = Settings::default();
        Self { aging: Span::new(aging), detect, victim, redis: None, timeout: None, retries: None }
    }
}

impl LockSettings {
    /// Returns the settings of a back end.
    pub fn settings(&self) -> Settings {
        Settings { aging: self.aging.0, detect: self.detect, victim: self.victim }
    }

    /// Reports problems that the schema does not see.
    pub(super) fn check(&self, document: &Document, problems: &mut Diagnostics) {
        let bounds = Duration::from_secs(1)..=Duration::from_secs(24 * 3600);
        if !bounds.contains(&self.aging.0) {
            let message = "`aging` must be from 1s, since clocks differ, to 24h, since a request waits that long for more urgent ones";
            problems.0.push(document.error("/locks/aging", message));
        }
    }
}
