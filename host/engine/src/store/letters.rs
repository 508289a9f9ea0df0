//! Dead letters: runs that need attention.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::VariantNames;

use crate::clock::Timestamp;
use crate::outcome::Outcome;
use crate::run::RunStatus;

/// A run that failed, timed out or expired, and needs attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetter {
    /// The id of the run.
    pub execution_id: String,
    /// The id of the job.
    pub job_id: String,
    /// The final status of the run.
    pub status: RunStatus,
    /// The step that failed, if one did.
    pub step_id: Option<String>,
    /// The class of its outcome.
    pub class: String,
    /// The problem in words.
    pub message: String,
    /// The steps that failed, in the order of the job: for a group, those of its branches. At most 100.
    #[serde(default)]
    pub failed: Vec<FailedStep>,
    /// Number of steps that failed.
    #[serde(default)]
    pub failed_count: usize,
    /// The time at which the run ended.
    pub at: Timestamp,
    /// The resolution. Null while the dead letter is open.
    #[serde(default)]
    pub resolution: Option<Resolution>,
}

impl DeadLetter {
    /// Returns the classes that a dead letter can have: those of outcomes, and the status of a run that ended without
    /// one.
    pub fn classes() -> Vec<&'static str> {
        let of_runs = RunStatus::ALL.iter().filter(|status| status.is_dead()).map(|status| status.name());
        let mut classes = Outcome::VARIANTS.to_vec();
        classes.extend(of_runs);
        classes.sort_unstable();
        classes.dedup();
        classes
    }
}

/// A step that made a run fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailedStep {
    /// The path of the step: `load`, or `each_file[3].load` for an item of a group.
    pub step_id: String,
    /// The class of its outcome.
    pub class: String,
    /// The problem in words: at most 300 bytes.
    pub message: String,
}

/// The resolution of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "as", rename_all = "snake_case")]
pub enum Resolution {
    /// The run was started again.
    Redriven {
        /// The id of the new run.
        execution_id: String,
        /// The actor.
        by: String,
        /// The time of the resolution.
        at: Timestamp,
    },
    /// The dead letter was discarded.
    Discarded {
        /// The reason given.
        reason: String,
        /// The actor.
        by: String,
        /// The time of the resolution.
        at: Timestamp,
    },
}

impl Resolution {
    /// Describes the resolution, and the next command for the run `execution_id`.
    pub fn next_step(&self, execution_id: &str) -> String {
        match self {
            // The retry is being admitted.
            Self::Redriven { execution_id: new, by, .. } if new.is_empty() => {
                format!("{by} is redriving it now: `stepwell runs list` shows the new run")
            }
            Self::Redriven { execution_id: new, by, .. } => format!(
                "{by} redrove it as {new}: `stepwell explain {new}` shows how that run stands; if that one failed, \
                `stepwell dead-letters redrive {new}` runs it again"
            ),
            Self::Discarded { reason, by, .. } => {
                let why = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
                format!("{by} discarded it{why}: `stepwell runs retry {execution_id}` runs it again anyway")
            }
        }
    }
}
