//! The identity of a step in the events of a run.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::job::Job;

/// The identity of a step in a run. Journals contain it, so it never depends on the order in which steps run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum StepKey {
    /// The number of the step in the job. Earlier versions wrote it, for jobs without groups.
    Number(usize),
    /// The path: `load`, or `each_file[3].load` for the fourth item of a group.
    Path(Arc<str>),
}

impl StepKey {
    /// Returns the path of the step.
    pub fn path(&self, job: &Job) -> String {
        match self {
            Self::Number(number) => {
                job.plan().node(*number).map(|node| node.definition.id.clone()).unwrap_or_default()
            }
            Self::Path(path) => path.to_string(),
        }
    }
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
