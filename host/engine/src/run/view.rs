//! A run as clients see it: the response of `POST /api/v2/jobs/execute`.

use chrono::SecondsFormat;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::preview::{SHOWN, preview};
use super::{RunState, RunStatus, StepStatus, group};
use crate::clock::Timestamp;
use crate::outcome::{Outcome, Receipt, shorten};

/// The response of `POST /api/v2/jobs/execute`, which `stepwell run --output json` prints.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RunView {
    /// Whether the run succeeded.
    pub success: bool,
    /// The result in one sentence.
    pub message: String,
    /// The id of the run.
    pub execution_id: String,
    /// The id of the job.
    pub job_id: String,
    /// The display name of the job.
    pub job_name: String,
    /// The status of the run.
    pub status: RunStatus,
    /// The actor who cancelled the run, and the reason. Absent when it was not cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel: Option<String>,
    /// The time zone of the job.
    pub timezone: String,
    /// The time at which the run is, or was, due to begin (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    pub due_at: String,
    /// The time at which a begun run that waits continues: the next attempt, the next check of a parked step,
    /// or the end of the time for an approval. Null for every other run.
    #[schemars(extend("format" = "date-time"))]
    pub wakes_at: Option<String>,
    /// The time at which the run began (RFC 3339, UTC). Null for a run that has not begun: it waits, expired,
    /// or was cancelled before.
    #[schemars(extend("format" = "date-time"))]
    pub start_time: Option<String>,
    /// The time at which the run ended. Null while it runs.
    #[schemars(extend("format" = "date-time"))]
    pub end_time: Option<String>,
    /// The time from start to end, in seconds.
    pub duration_seconds: f64,
    /// The steps of the run.
    pub steps: Vec<StepView>,
    /// Number of steps. A group is not a step; each of its members is one, per item.
    pub step_count: usize,
    /// Number of steps that succeeded.
    pub successful_steps: usize,
    /// Number of steps that failed or timed out.
    pub failed_steps: usize,
    /// Number of steps that did not run: their condition was false, or the run ended before their turn.
    pub skipped_steps: usize,
    /// Number of steps that were cancelled.
    pub cancelled_steps: usize,
}

/// Maximum bytes of the values of all steps that are shown with a run.
pub(super) const SHOWN_IN_ALL: usize = 1 << 20;
/// Maximum bytes of a sentence about a step that is shown with a run; fewer if there are many steps.
pub(super) const SENTENCE: usize = 16 << 10;
const SHORT_SENTENCE: usize = 1 << 10;

/// A step as clients see it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct StepView {
    /// The id of the step.
    pub step_id: String,
    /// The display name of the step.
    pub step_name: String,
    /// The step type.
    pub step_type: String,
    /// The status of the step.
    pub status: StepStatus,
    /// The time from the start of the first attempt to the end of the last, in seconds.
    pub duration_seconds: f64,
    /// The summary of a success, or the problem of a failure.
    pub output: String,
    /// The output of a successful step for later steps: `${{ steps.ID.output }}`; for a group also after a failure.
    /// At most 64 KiB of it, and 1 MiB for all steps of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Whether `value` is incomplete. `GET /api/v2/runs/{id}/steps/{step}/output` returns all of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub value_truncated: bool,
    /// Bytes of the whole value, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_bytes: Option<u64>,
    /// Number of items of the whole value, if it is a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_items: Option<u64>,
    /// Facts about the work: at most 64 KiB, and 1 MiB for all steps of the run.
    pub metadata: Map<String, Value>,
    /// Whether `metadata` is incomplete.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub metadata_truncated: bool,
    /// Number of attempts that began.
    pub attempts: u32,
    /// The outcome of the last attempt, by class. Null before its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The cost of the last attempt. Null before its end, and for a group: its members have receipts.
    pub receipt: Option<Receipt>,
    /// The branches of a group, in the order of the job: at most 1,000 steps of all groups of the run, and 1,000
    /// further ones in branches with a failed step. Absent for a step that is not a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branches: Option<Vec<BranchView>>,
    /// Whether the branches of the group run one after the other, because parallel execution is off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_order: bool,
    /// Number of further branches, which are not shown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_branches: usize,
    /// The steps of the group's `finally`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finally: Vec<StepView>,
}

/// A branch of a group as clients see it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct BranchView {
    /// The id of the branch; for an item, the path of the group and the number of the item, from 0:
    /// `each_file[3]`.
    pub branch_id: String,
    /// The key of the item, if the items come from an object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `pending`, `running`, `success`, `failed`, `skipped` or `cancelled`. A branch with one step has the status
    /// of that step.
    pub status: &'static str,
    /// The steps of the branch. Their ids are paths: `each_file[3].load`.
    pub steps: Vec<StepView>,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl From<&RunState> for RunView {
    fn from(state: &RunState) -> Self {
        Self::of(state, None)
    }
}

impl RunView {
    /// Makes the view of a run, with the reason for its cancellation, past or pending.
    pub fn of(state: &RunState, cancel: Option<String>) -> Self {
        let job = &state.run.job;
        let alone = || {
            let alone = |index: &usize| state.definition(*index).is_some_and(|step| step.group.is_none());
            state.known().filter(alone).filter_map(|index| state.steps.get(index))
        };
        let count = |wanted: &[StepStatus]| alone().filter(|step| wanted.contains(&step.status)).count();
        let was_cancelled = format!("was {}", cancelled(cancel.as_deref()));
        let verdict = match state.status {
            RunStatus::Queued => "is queued",
            RunStatus::Running => "is running",
            RunStatus::Waiting => "waits for another attempt",
            RunStatus::Parked => "waits for something outside",
            RunStatus::Success => "completed successfully",
            RunStatus::Failed => "failed",
            RunStatus::Cancelled => &was_cancelled,
            RunStatus::Timeout => "ran out of time",
            RunStatus::Expired => "did not begin in time",
        };
        Self {
            success: state.status == RunStatus::Success,
            message: match &state.fault {
                Some(fault) => format!("Job {} {verdict}: internal error: {fault}", job.name),
                None if let Some(refused) = state.locks_refused() => {
                    format!("Job {} {verdict}: {}", job.name, refused.message())
                }
                None => format!("Job {} {verdict}", job.name),
            },
            execution_id: state.run.execution_id.clone(),
            job_id: job.id.clone(),
            job_name: job.name.clone(),
            status: state.status,
            cancel,
            timezone: job.timezone.clone(),
            due_at: rfc3339(state.run.scheduled_time),
            wakes_at: state.wakes_at().map(rfc3339),
            start_time: state.started_at.map(rfc3339),
            end_time: state.ended_at.map(rfc3339),
            duration_seconds: seconds(state.started_at, state.ended_at),
            steps: steps(state),
            step_count: alone().count(),
            successful_steps: count(&[StepStatus::Success]),
            failed_steps: count(&[StepStatus::Failed, StepStatus::Timeout]),
            skipped_steps: count(&[StepStatus::Skipped]),
            cancelled_steps: count(&[StepStatus::Cancelled]),
        }
    }
}

impl RunView {
    /// Returns the view without outputs and metadata.
    #[must_use]
    pub fn without_values(mut self) -> Self {
        self.steps.iter_mut().for_each(StepView::drop_values);
        self
    }
}

/// Describes a cancelled run, with the actor and the reason.
pub fn cancelled(why: Option<&str>) -> String {
    match why {
        None => "cancelled".to_owned(),
        // Actions of people are stored as `cancelled by NAME: REASON`.
        Some(why) if why.starts_with("cancelled") => why.to_owned(),
        Some(why) => format!("cancelled: {why}"),
    }
}

/// Returns the views of all steps, whose values together are bounded.
fn steps(state: &RunState) -> Vec<StepView> {
    let mut room = Room {
        value: SHOWN_IN_ALL,
        metadata: SHOWN_IN_ALL,
        text: SHOWN_IN_ALL,
        members: MEMBERS_IN_ALL,
        failed: MEMBERS_IN_ALL,
    };
    state.top().filter_map(|index| StepView::of(state, index, &mut room)).collect()
}

/// Maximum number of members of groups that are shown with a run, and of further ones in branches with a failed
/// step.
const MEMBERS_IN_ALL: usize = 1_000;

/// Bytes that are left for the remaining steps of a run.
struct Room {
    value: usize,
    metadata: usize,
    text: usize,
    members: usize,
    failed: usize,
}

impl Room {
    /// Takes the room for the steps of a branch, if there is any.
    fn admits(&mut self, state: &RunState, steps: &[usize]) -> bool {
        let room = match steps.len() <= self.members {
            true => &mut self.members,
            false if steps.len() <= self.failed && state.has_failed(steps) => &mut self.failed,
            false => return false,
        };
        *room -= steps.len();
        true
    }
}

fn take(room: &mut usize, bytes: u64) {
    *room = room.saturating_sub(usize::try_from(bytes).unwrap_or(SHOWN).min(SHOWN));
}

impl StepView {
    /// Returns the view of the step at `index`, with as much of it as there is room for.
    fn of(state: &RunState, index: usize, room: &mut Room) -> Option<Self> {
        let (definition, step) = (state.definition(index)?, state.steps.get(index)?);
        let began = state.started_at.unwrap_or_default();
        let mut value = state.output(index).map(|output| preview(output, room.value.min(SHOWN)));
        if let (Some(value), Some(cut)) = (&mut value, step.cut)
            && let Some(bytes) = cut.output_bytes
        {
            (value.bytes, value.items, value.truncated) = (bytes, cut.output_items, true);
        }
        take(&mut room.value, value.as_ref().map_or(0, |value| value.bytes));
        let metadata = step.end.as_ref().map(|end| Value::Object(end.produced.metadata.clone()));
        let metadata = preview(&metadata.unwrap_or_default(), room.metadata.min(SHOWN));
        take(&mut room.metadata, metadata.bytes);
        let mut output = step.message();
        let longest = room.text.clamp(SHORT_SENTENCE, SENTENCE);
        take(&mut room.text, output.len() as u64);
        shorten(&mut output, longest);
        Some(Self {
            step_id: step.path.to_string(),
            step_name: definition.name.clone(),
            step_type: definition.step_type.clone(),
            status: step.status,
            // Results of an earlier run take no time of this one.
            duration_seconds: seconds(step.started_at.map(|at| at.max(began)), step.ended_at),
            output,
            value_truncated: value.as_ref().is_some_and(|value| value.truncated),
            value_bytes: value.as_ref().map(|value| value.bytes),
            value_items: value.as_ref().and_then(|value| value.items),
            value: value.map(|value| value.value),
            metadata_truncated: metadata.truncated || step.cut.is_some_and(|cut| cut.metadata),
            metadata: match metadata.value {
                Value::Object(metadata) => metadata,
                _ => Map::new(),
            },
            attempts: step.attempt,
            outcome: step.end.as_ref().map(|end| end.outcome.shortened(longest)),
            receipt: step.end.as_ref().filter(|_| definition.group.is_none()).map(|end| end.receipt.clone()),
            branches: None,
            in_order: false,
            more_branches: 0,
            finally: Vec::new(),
        })
        .map(|view| view.with_branches(state, index, room))
    }

    fn drop_values(&mut self) {
        self.value_truncated |= self.value.take().is_some();
        self.metadata_truncated |= !std::mem::take(&mut self.metadata).is_empty();
        let branches = self.branches.iter_mut().flatten().flat_map(|branch| &mut branch.steps);
        branches.chain(&mut self.finally).for_each(Self::drop_values);
    }

    /// Adds the branches of a group, as many as there is room for.
    fn with_branches(mut self, state: &RunState, index: usize, room: &mut Room) -> Self {
        let Some(members) = state.members(index) else { return self };
        let group = state.group(index);
        let count = match group {
            Some(group) => group.branches.len(),
            None if members.fan_out => 0,
            None => members.branches.len(),
        };
        let mut branches = Vec::new();
        for branch in 0..count {
            let steps = state.sequence(index, branch);
            if !room.admits(state, &steps) {
                continue;
            }
            let items = group.and_then(|group| group.items.as_ref());
            branches.push(BranchView {
                branch_id: group::branch_name(state, index, branch),
                key: items.and_then(|items| items.get(branch)?.key.clone()),
                status: group::shown(state, index, branch),
                steps: steps.into_iter().filter_map(|step| Self::of(state, step, room)).collect(),
            });
        }
        self.in_order = group.is_some_and(|group| group.in_order);
        self.more_branches = count - branches.len();
        self.branches = Some(branches);
        self.finally =
            state.finally_of(index).into_iter().filter_map(|step| Self::of(state, step, room)).collect();
        self
    }
}

/// Formats a time: `2025-09-01T14:30:22.123456Z`.
pub(super) fn rfc3339(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn seconds(from: Option<Timestamp>, to: Option<Timestamp>) -> f64 {
    let Some((from, to)) = from.zip(to) else { return 0.0 };
    // Round to whole microseconds: a difference of two binary fractions has meaningless digits.
    let micros = (to - from).num_microseconds().unwrap_or(i64::MAX).max(0);
    micros as f64 / 1e6
}
