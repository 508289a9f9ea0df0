//! Explains what steps of a run wait for: a person, a worker outside of Stepwell, something else outside, or a time.

use stepwell_engine::clock::{self, Timestamp};
use stepwell_engine::job::approval::Approval;
use stepwell_engine::run::{RunState, StepStatus};

use super::{Cause, SHOWN_WAITS};
use crate::HostError;
use crate::remote::item::{Found, OPEN, work_id};
use crate::runs::Runs;
use crate::worker::work::working;

impl Runs {
    /// Returns the steps whose work waits for a worker, or which a worker has.
    pub(super) async fn of_work(&self, state: &RunState) -> Result<Vec<Cause>, HostError> {
        let (id, remote) = (&state.run.execution_id, self.ctx.remote_workers());
        let mut causes = Vec::new();
        for index in working(state).take(SHOWN_WAITS) {
            let Some(step) = state.steps.get(index).map(|step| step.path.to_string()) else { continue };
            let Some(found) = Found::read(&*self.ctx.store, &work_id(id, &step)).await? else { continue };
            let item = found.item;
            let workers = remote.that_know(&item.project, &item.function).await?;
            let lease = item.lease.filter(|_| found.state != OPEN);
            let fix = match (&lease, workers) {
                (Some(_), _) => {
                    format!("none needed: the worker ends the work; `stepwell runs cancel {id}` ends the run")
                }
                (None, 0) => format!("start a worker that registers the function `{}`", item.function),
                (None, _) => "none needed: a worker takes the work when it has room for it".to_owned(),
            };
            causes.push(Cause::WorkWaits {
                step,
                function: item.function,
                workers,
                until: lease.as_ref().map_or(item.wait_until, |lease| lease.ends_at),
                worker: lease.map(|lease| lease.name),
                fix,
            });
        }
        Ok(causes)
    }
}

/// Says which worker has the work of a step, or how many know its function.
pub(super) fn work_in_words(
    (step, function): (&str, &str),
    worker: Option<&str>,
    workers: usize,
    until: Timestamp,
) -> String {
    let until = clock::short(until);
    match (worker, workers) {
        (Some(worker), _) => format!(
            "step `{step}`: the worker {worker} runs the function `{function}` until {until} at the latest"
        ),
        (None, 1) => format!(
            "step `{step}` waits for a worker with the function `{function}` until {until}; 1 worker knows it"
        ),
        (None, count) => {
            format!(
                "step `{step}` waits for a worker with the function `{function}` until {until}; {count} workers know it"
            )
        }
    }
}

/// Returns the thing that a step waits for.
pub(super) fn wait(state: &RunState, index: usize, due: Timestamp) -> Option<Cause> {
    let (definition, found) = (state.definition(index)?, state.steps.get(index)?);
    let (id, step) = (&state.run.execution_id, found.path.to_string());
    if let Some(approval) = Approval::of(definition) {
        let fix =
            format!("`stepwell approvals approve {id} {step}`, or `stepwell approvals reject {id} {step}`");
        let message = found.reason.clone().unwrap_or_default();
        return Some(Cause::ApprovalMissing {
            step,
            message,
            approvers: approval.approvers,
            until: due,
            fix,
        });
    }
    if found.status == StepStatus::Parked {
        let waits_for = found.reason.clone().unwrap_or_default();
        let slowed = match (found.slowed, found.first_parked) {
            (true, Some(since)) => format!(
                " (later than it requested: the host has called it {} times since {}, and the pauses grow with the \
                time that it waits)",
                found.attempt,
                clock::short(since)
            ),
            _ => String::new(),
        };
        let fix = format!(
            "none needed: the step checks again then{slowed}; `stepwell runs cancel {id}` ends the run"
        );
        return Some(Cause::Parked { step, waits_for, wakes_at: due, fix });
    }
    let message = found.end.as_ref().map(|end| end.outcome.message()).unwrap_or_default();
    let fix = "none needed: the next attempt starts then".to_owned();
    Some(Cause::RetryWaits { step, wakes_at: due, message, fix })
}
