//! Admission: from a job to a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Event, RunState, StepStatus};
use crate::clock::Timestamp;
use crate::job::{Job, Part, Scope, approval, render, set_variable};
use crate::levels::TooDeep;
use crate::store::{Key, NewRun, Source};
use crate::trace::Trace;

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

/// Returns the results of the steps before the failed step, as far as the job still has them, unchanged
/// and in this order; nothing when no step failed. In an edited job, an approval and everything after
/// it is not inherited.
fn inherited(old: &RunState, job: &Job) -> Vec<Event> {
    let Some(failed) = old.restart_step() else { return Vec::new() };
    let edited = old.run.job.digest() != job.digest();
    let mut events = Vec::new();
    let top = old.run.job.plan().top().iter().zip(job.plan().top());
    for (before, now) in top {
        let (Some(index), Some(node)) = (old.fixed(*before), job.plan().node(*now)) else { break };
        // An approval is for the job as it was, and a result belongs to the step as it was.
        let same = old.definition(index).is_some_and(|before| **before == *node.definition);
        let approval =
            |index: usize| old.definition(index).is_some_and(|step| step.step_type == approval::TYPE);
        let approved = edited && (approval(index) || old.within(index).into_iter().any(approval));
        if !same || approved || node.part != Part::Steps {
            break;
        }
        let is_last = index == failed;
        if is_last && old.group(index).is_none() {
            break;
        }
        inherit(old, index, &mut events);
        if is_last {
            break;
        }
    }
    events
}

/// Adds the results of a step, and those of the branches of a group that ended well.
fn inherit(old: &RunState, index: usize, events: &mut Vec<Event>) {
    let Some(state) = old.steps.get(index) else { return };
    let step = old.key(index);
    if let Some(group) = old.group(index) {
        let (items, in_order, at) = (group.items.clone(), group.in_order, run_end(old));
        events.push(Event::GroupStarted { step, attempt: 1, items, in_order, at });
        for branch in 0..group.branches.len() {
            for member in old.sequence(index, branch) {
                let may_fail = old.definition(member).is_some_and(|member| member.continue_on_failure);
                let ended = old.steps.get(member).is_some_and(|member| match member.status {
                    StepStatus::Success => true,
                    StepStatus::Skipped => member.ended_at.is_some(),
                    _ => may_fail && member.end.is_some(),
                });
                if !ended {
                    break;
                }
                inherit(old, member, events);
            }
        }
        if state.status == StepStatus::Success {
            old.finally_of(index).into_iter().for_each(|member| inherit(old, member, events));
        }
        return;
    }
    events.push(match (&state.end, state.ended_at) {
        (Some(end), Some(at)) => {
            Event::StepInherited { step, end: end.clone(), at, bound: state.bound.clone() }
        }
        _ => {
            Event::SkipInherited { step, reason: state.reason.clone().unwrap_or_default(), at: run_end(old) }
        }
    });
}

fn run_end(old: &RunState) -> Timestamp {
    old.ended_at.unwrap_or(old.run.created_at)
}

/// Returns the id of the `number`th run of a second: `exec_20250901_143022_001`.
pub fn execution_id(now: Timestamp, number: u32) -> String {
    format!("exec_{}_{number:03}", now.format("%Y%m%d_%H%M%S"))
}
