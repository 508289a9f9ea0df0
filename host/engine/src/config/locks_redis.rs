//! The place of the locks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Setting;

/// The settings of locks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LockSettings {
    /// Redis 6 or later as the store of locks: a URL (`redis://USER:PASSWORD@HOST:PORT/DATABASE`, or `rediss://` for
    /// TLS), or a reference to a secret that holds the URL. Default: the locks are in the store of runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<Setting>,
}
