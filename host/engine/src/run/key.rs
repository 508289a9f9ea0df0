//! The identity of a step in the events of a run.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The identity of a step in a run. Journals contain it, so it never depends on the order in which steps run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum StepKey {
    /// The number of the step in the job. Earlier versions wrote it, for jobs without groups.
    Number(usize),
    /// The path: `load`, or `each_file[3].load` for the fourth item of a group.
    Path(Arc<str>),
}

impl From<&str> for StepKey {
    fn from(path: &str) -> Self {
        Self::Path(path.into())
    }
}

impl fmt::Display for StepKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Path(path) => f.write_str(path),
        }
    }
}
