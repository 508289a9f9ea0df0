//! Admission: from a job to a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::RunState;
use super::inherit::inherited;
use crate::clock::Timestamp;
use crate::job::{Job, Reads, Scope, Work, render, set_variable};
use crate::levels::TooDeep;
use crate::store::{Key, NewRun, Source};
use crate::trace::Trace;
use crate::weight::weight;

/// The reason why a job is not admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdmitError {
    /// The job has `enabled: false`.
    #[error("the job `{0}` is not enabled; set `enabled: true` in its file to run it")]
    Disabled(String),
    /// The job has no such variable.
    #[error("the job has no variable `{name}`; {known}")]
    UnknownVariable {
        /// The name of the variable.
        name: String,
        /// The known variables, in words.
        known: String,
    },
    /// A variable gets a value of another type than its default.
    #[error("the variable `{name}` must be {expected}, and {given} is not")]
    WrongType {
        /// The name of the variable.
        name: String,
        /// The type of its default, in words.
        expected: &'static str,
        /// The value, cut if it is long.
        given: String,
    },
    /// A variable gets a value with too many levels.
    #[error("the variable `{name}` {deep}")]
    TooDeep {
        /// The name of the variable.
        name: String,
        /// The bound.
        deep: TooDeep,
    },
    /// The concurrency key cannot be filled in.
    #[error("`concurrency.key`: {0}")]
    Key(String),
    /// The time zone of the job has no queue, and queues are not created on demand.
    #[error("there is no queue `{0}`: list it in timezone_queues.yaml, or set `on_demand: true` there")]
    NoQueue(String),
}

/// The parameters of an admission.
#[derive(Debug, Clone, PartialEq)]
pub struct Admission {
    /// Values for variables.
    pub variables: BTreeMap<String, Value>,
    /// The due time of the run. `None` means now.
    pub due: Option<Timestamp>,
    /// The priority of the run. `None` means the priority of the job.
    pub priority: Option<u8>,
    /// The origin of the run.
    pub source: Source,
    /// Whether the run waits in the queue of the job's time zone; otherwise it belongs to the submitter.
    pub queued: bool,
    /// The trace of the run. `None` starts a new one.
    pub trace: Option<Trace>,
}

impl Default for Admission {
    fn default() -> Self {
        Self {
            variables: BTreeMap::new(),
            due: None,
            priority: None,
            source: Source::Api,
            queued: true,
            trace: None,
        }
    }
}

/// Makes a run of a job.
///
/// # Errors
/// Fails when the job is disabled, a variable does not belong to the job, or the concurrency key cannot be
/// filled in.
pub fn admit(
    job: &Arc<Job>,
    admission: Admission,
    execution_id: String,
    now: Timestamp,
) -> Result<NewRun, AdmitError> {
    if !job.enabled {
        return Err(AdmitError::Disabled(job.id.clone()));
    }
    let mut all = job.vars.clone();
    for (name, value) in admission.variables {
        set_variable(&mut all, &name, value)?;
    }
    let mut run = NewRun::of(job.clone(), &execution_id, now);
    run.variables = all;
    run.scheduled_time = admission.due.unwrap_or(now);
    run.priority = admission.priority.unwrap_or(job.priority).min(9);
    run.source = admission.source;
    run.trace = admission.trace;
    run.queue = admission.queued.then(|| job.timezone.clone());
    run.key = key(&run)?;
    Ok(run)
}

/// Maximum bytes of a concurrency key: the store saves it with each run that has it.
const MAX_KEY: usize = 1_024;
/// Maximum bytes of the variables that a concurrency key reads. The scheduler and the API fill keys in, so that takes
/// little time.
const MAX_KEY_VARIABLES: usize = 64 << 10;

fn key(run: &NewRun) -> Result<Option<Key>, AdmitError> {
    let Some(concurrency) = &run.job.concurrency else { return Ok(None) };
    let reads = Reads::of_text(concurrency.key.clone());
    let read: Vec<_> = run.variables.iter().filter(|(name, _)| reads.may_name_variable(name)).collect();
    if weight(read.iter().map(|(_, value)| *value)) >= MAX_KEY_VARIABLES {
        let why = format!("the variables that it reads have {} KiB or more", MAX_KEY_VARIABLES >> 10);
        return Err(AdmitError::Key(why));
    }
    let vars = read.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut scope = Scope { vars: Arc::new(vars), ..Scope::default() };
    for (name, value) in [("id", &run.job.id), ("name", &run.job.name), ("timezone", &run.job.timezone)] {
        scope.job.insert(name.to_owned(), value.as_str().into());
    }
    let rendered = render(&Value::from(concurrency.key.as_str()), &scope, &Work::short())
        .map_err(|error| AdmitError::Key(error.to_string()))?;
    let name = rendered.as_str().map_or_else(|| rendered.to_string(), str::to_owned);
    if name.len() > MAX_KEY {
        let why = format!("it has {} bytes, of at most {MAX_KEY}", name.len());
        return Err(AdmitError::Key(why));
    }
    // The same key of another project is a different key.
    let name = crate::project::qualified(crate::project::of(&run.job.id), &name);
    Ok(Some(Key { name, limit: concurrency.limit, on_conflict: concurrency.on_conflict }))
}

/// Makes a run that retries an ended run, with its variables. It starts at the failed step, with the results
/// of the steps before it. If no step failed, it starts from the beginning.
///
/// # Errors
/// As [`admit`].
pub fn retry_of(
    old: &RunState,
    job: &Arc<Job>,
    from_start: bool,
    execution_id: String,
    now: Timestamp,
) -> Result<NewRun, AdmitError> {
    let source = Source::Retry { of: old.run.execution_id.clone() };
    let admission = Admission { source, priority: Some(old.run.priority), ..Admission::default() };
    let mut run = admit(job, admission, execution_id, now)?;
    // Keep the variables that the edited job still has.
    for (name, value) in &old.run.variables {
        if let Some(known) = run.variables.get_mut(name) {
            *known = value.clone();
        }
    }
    run.key = key(&run)?;
    run.started_by.clone_from(&old.run.started_by);
    if !from_start {
        run.inherited = inherited(old, job);
    }
    Ok(run)
}

/// Returns the id of the `number`th run of a second: `exec_20250901_143022_001`.
pub fn execution_id(now: Timestamp, number: u32) -> String {
    format!("exec_{}_{number:03}", now.format("%Y%m%d_%H%M%S"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::job::JobDefinition;

    /// A key reads short variables. The others may have any size.
    #[test]
    fn a_concurrency_key_reads_short_variables() {
        for (key, expected) in [
            ("${{ vars.region }}", Ok("eu")),
            ("${{ vars.long | length }}", Err("64 KiB or more")),
            ("${{ vars['lo' ~ 'ng'] | length }}", Err("64 KiB or more")),
            ("${{ vars | length }}", Err("64 KiB or more")),
        ] {
            let vars = json!({"region": "eu", "long": "x".repeat(100 << 10)});
            let job = json!({"id": "j", "vars": vars, "concurrency": {"key": key},
                "steps": [{"id": "s", "type": "x"}]});
            let job: Arc<Job> = Arc::new(serde_json::from_value::<JobDefinition>(job).unwrap().into());
            let admitted = admit(&job, Admission::default(), "exec_1".to_owned(), Timestamp::UNIX_EPOCH);
            match (admitted, expected) {
                (Ok(run), Ok(name)) => assert!(run.key.unwrap().name.ends_with(name), "{key}"),
                (Err(error), Err(why)) => assert!(error.to_string().contains(why), "{key}: {error}"),
                (found, expected) => panic!("{key}: {found:?}, {expected:?}"),
            }
        }
    }
}
