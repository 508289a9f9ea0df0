//! The settings as Stepwell uses them: one structure for both worlds.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

pub use stepwell_engine::config::Criterion;

/// The settings of locks. The default is the behaviour of Atlantis.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The longest wait for a lock. Zero does not wait, as Atlantis.
    pub timeout: Duration,
    /// The tries after the first, while the wait lasts.
    pub retries: u32,
    /// The store of the legacy locks.
    pub backend: Backend,
    /// True when the enhanced system takes part. It turns all other settings off.
    pub enabled: bool,
    /// True for the answers of Atlantis, also from the enhanced system.
    pub compatibility: bool,
    /// The features.
    pub features: Features,
    /// The way from one system to the other.
    pub migration: Migration,
}

/// A store of Atlantis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Display, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Backend {
    /// A file.
    #[default]
    BoltDb,
    /// A server.
    Redis,
}

/// The features. All are off, except metrics and the health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features {
    /// Waiters come in the order of their priorities.
    pub priority_queue: bool,
    /// Cycles of waits are found and resolved.
    pub deadlock_detection: bool,
    /// Refused locks are tried again.
    pub retries: bool,
    /// A wait has its own time.
    pub timeouts: bool,
    /// Several locks at once.
    pub batch: bool,
    /// Tickets instead of waits.
    pub asynchronous: bool,
    /// A stream of events.
    pub events: bool,
    /// Metrics.
    pub metrics: bool,
    /// The health check.
    pub health: bool,
    /// Endpoints for debugging.
    pub debug: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            priority_queue: false,
            deadlock_detection: false,
            retries: false,
            timeouts: false,
            batch: false,
            asynchronous: false,
            events: false,
            metrics: true,
            health: true,
            debug: false,
        }
    }
}

/// The way from the legacy system to the enhanced one.
#[derive(Debug, Clone, PartialEq)]
pub struct Migration {
    /// The mode.
    pub mode: Mode,
    /// True when differences are logged.
    pub logs: bool,
    /// The part of the locks that the enhanced system serves in `gradual`, from 0 to 100.
    pub percentage: u8,
    /// The locks that it serves before all others.
    pub canary: Vec<Criterion>,
    /// True when the legacy system serves what the enhanced one cannot.
    pub fallback: bool,
    /// The system that serves in `blue-green`.
    pub active: System,
    /// True when the health of the active system is checked.
    pub checks_health: bool,
    /// True when a bad health makes the legacy system the active one.
    pub rolls_back: bool,
    /// The part of failed operations, from 0 to 1, at which it does.
    pub threshold: f64,
}

impl Default for Migration {
    fn default() -> Self {
        Self {
            mode: Mode::Off,
            logs: false,
            percentage: 0,
            canary: Vec::new(),
            fallback: true,
            active: System::Legacy,
            checks_health: true,
            rolls_back: true,
            threshold: 0.05,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::ZERO,
            retries: 0,
            backend: Backend::BoltDb,
            enabled: false,
            compatibility: true,
            features: Features::default(),
            migration: Migration::default(),
        }
    }
}

/// The modes of a migration.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Display, EnumString, IntoStaticStr, Serialize, Deserialize,
)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The legacy system alone.
    #[default]
    Off,
    /// Both systems decide, and the answer of the legacy one counts.
    Shadow,
    /// A part of the locks is served by the enhanced system.
    Gradual,
    /// One of the systems serves all locks.
    BlueGreen,
}

/// The systems.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Display,
    EnumString,
    IntoStaticStr,
    Serialize,
    Deserialize,
)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// The locks of Atlantis.
    #[default]
    Legacy,
    /// The locks of Stepwell.
    Enhanced,
}

impl System {
    /// The system that this one is not.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Legacy => Self::Enhanced,
            Self::Enhanced => Self::Legacy,
        }
    }
}
