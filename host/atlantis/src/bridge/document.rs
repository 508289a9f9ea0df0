//! The settings as an installation writes them: `locks` and `enhanced-locking` of its configuration.

use serde::Deserialize;
use stepwell_engine::config::{EnhancedLocking, LockSettings};

/// The part of the configuration that is about locks. Its unknown keys are errors, and other parts do not matter.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Document {
    pub(super) locks: LockSettings,
    pub(super) enhanced_locking: EnhancedLocking,
}
