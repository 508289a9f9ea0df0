//! From a job to a run.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::clock::Timestamp;
use crate::job::JobDefinition;
use crate::store::NewRun;

/// Why a job is not admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdmitError {
    /// `enabled: false`.
    #[error("the job `{0}` is not enabled; set `enabled: true` in its file to run it")]
    Disabled(String),
    /// A variable that the job does not have.
    #[error("the job has no variable `{name}`; {known}")]
    UnknownVariable {
        /// The variable.
        name: String,
        /// What there is, in words.
        known: String,
    },
}

/// Makes a run of a job that is due now.
///
/// # Errors
/// When the job is disabled, or a variable is not the job's.
pub fn admit(
    job: JobDefinition,
    variables: BTreeMap<String, Value>,
    execution_id: String,
    now: Timestamp,
) -> Result<NewRun, AdmitError> {
    if !job.enabled {
        return Err(AdmitError::Disabled(job.id));
    }
    let mut all = job.vars.clone();
    for (name, value) in variables {
        let Some(known) = all.get_mut(&name) else {
            let known = match job.vars.keys().cloned().collect::<Vec<_>>() {
                names if names.is_empty() => "it has none: declare it under `vars`".to_owned(),
                names => format!("it has {}", names.join(", ")),
            };
            return Err(AdmitError::UnknownVariable { name, known });
        };
        *known = value;
    }
    let variables = all.into_iter().collect();
    Ok(NewRun { execution_id, job, variables, created_at: now, scheduled_time: now })
}

/// The id of the `number`th run of a second: `exec_20250901_143022_001`.
pub fn execution_id(now: Timestamp, number: u32) -> String {
    format!("exec_{}_{number:03}", now.format("%Y%m%d_%H%M%S"))
}
