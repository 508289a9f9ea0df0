//! From a job to a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Event, RunState};
use crate::clock::Timestamp;
use crate::job::{Job, Part, Scope, render, set_variable};
use crate::store::{Key, NewRun, Source};
use crate::trace::Trace;

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
    /// A variable gets a value of another type than its default has.
    #[error("the variable `{name}` must be {expected}, and {given} is not")]
    WrongType {
        /// The variable.
        name: String,
        /// The type of its default, in words.
        expected: &'static str,
        /// The value, cut where it is long.
        given: String,
    },
    /// The concurrency key cannot be filled in.
    #[error("`concurrency.key`: {0}")]
    Key(String),
    /// There is no queue for the job's zone, and none is made on demand.
    #[error("there is no queue `{0}`: list it in timezone_queues.yaml, or set `on_demand: true` there")]
    NoQueue(String),
}

/// How a run comes to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Admission {
    /// Variables to set.
    pub variables: BTreeMap<String, Value>,
    /// When the run is due; now when none.
    pub due: Option<Timestamp>,
    /// How urgent it is; as the job says when none.
    pub priority: Option<u8>,
    /// What it comes from.
    pub source: Source,
    /// Whether it waits in the queue of the job's zone, or is for the one who submits it.
    pub queued: bool,
    /// The trace that it belongs to; a new one when none.
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
/// When the job is disabled, a variable is not the job's, or the concurrency key cannot be filled in.
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

/// Bytes of a concurrency key: it is kept with each run that has it.
const MAX_KEY: usize = 1_024;

fn key(run: &NewRun) -> Result<Option<Key>, AdmitError> {
    let Some(concurrency) = &run.job.concurrency else { return Ok(None) };
    let mut scope = Scope { vars: run.variables.clone(), ..Scope::default() };
    for (name, value) in [("id", &run.job.id), ("name", &run.job.name), ("timezone", &run.job.timezone)] {
        scope.job.insert(name.to_owned(), value.as_str().into());
    }
    let rendered = render(&Value::from(concurrency.key.as_str()), &scope)
        .map_err(|error| AdmitError::Key(error.to_string()))?;
    let name = rendered.as_str().map_or_else(|| rendered.to_string(), str::to_owned);
    if name.len() > MAX_KEY {
        let why = format!("it has {} bytes, of at most {MAX_KEY}", name.len());
        return Err(AdmitError::Key(why));
    }
    // Another project's key of that name is another key.
    let name = crate::project::qualified(crate::project::of(&run.job.id), &name);
    Ok(Some(Key { name, limit: concurrency.limit, on_conflict: concurrency.on_conflict }))
}

/// Makes a run that retries one that has ended: with its variables, and from the step that failed on with the results
/// of the steps before. A run without a failed step starts from the beginning.
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
    // Variables that the edited job still has.
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

/// What happened to the steps before the one that failed, as far as the job still has them, unchanged and in this order;
/// nothing when no step failed. Of an edited job nothing is inherited from an approval on.
fn inherited(old: &RunState, job: &Job) -> Vec<Event> {
    let Some(failed) = old.restart_step() else { return Vec::new() };
    let edited = old.run.job.digest() != job.digest();
    let mut events = Vec::new();
    let before = old.run.job.all_steps().zip(&old.steps).enumerate().take(failed);
    for (step, (definition, state)) in before {
        // An approval is for the job as it was, and a result is that of the step as it was.
        let same = job.step(step).is_some_and(|now| now == definition);
        let approved = edited && definition.step_type == crate::job::approval::TYPE;
        if !same || approved || job.part_of(step) != Part::Steps {
            break;
        }
        events.push(match (&state.end, state.ended_at) {
            (Some(end), Some(at)) => {
                Event::StepInherited { step, end: end.clone(), at, bound: state.bound.clone() }
            }
            _ => Event::SkipInherited {
                step,
                reason: state.reason.clone().unwrap_or_default(),
                at: run_end(old),
            },
        });
    }
    events
}

fn run_end(old: &RunState) -> Timestamp {
    old.ended_at.unwrap_or(old.run.created_at)
}

/// The id of the `number`th run of a second: `exec_20250901_143022_001`.
pub fn execution_id(now: Timestamp, number: u32) -> String {
    format!("exec_{}_{number:03}", now.format("%Y%m%d_%H%M%S"))
}
