//! Explains why a run does not continue.

mod locks;
mod waits;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stepwell_engine::clock::{self, Timestamp};
use stepwell_engine::job::approval::Approval;
use stepwell_engine::project;
use stepwell_engine::run::{GroupBound, RunState, RunStatus, cancelled};
use stepwell_engine::store::{Kind, Resolution, Standing};

use crate::HostError;
use crate::queues::QueueRecord;
use crate::runs::Runs;
use crate::worker::work::working;
pub use locks::LockHolder;
use waits::{wait, work_in_words};

/// The reason why a run does not continue, or how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// The id of the run.
    pub execution_id: String,
    /// The status of the run.
    pub status: RunStatus,
    /// The explanation in one sentence.
    pub summary: String,
    /// The causes of the delay, the most important first. Empty when there are none.
    pub causes: Vec<Cause>,
    /// The parts that this response omits, and how to get them. Absent when it is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A cause of the delay of a run, and its fix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// The run is not due yet.
    NotDue {
        /// The due time.
        due_at: Timestamp,
        /// The fix.
        fix: String,
    },
    /// An operator paused the queue of the run.
    QueuePaused {
        /// The name of the queue.
        queue: String,
        /// The actor and the reason.
        by: String,
        /// The fix.
        fix: String,
    },
    /// A pause window of the queue stops new runs.
    QueueClosed {
        /// The name of the queue.
        queue: String,
        /// The time at which the queue opens.
        until: Timestamp,
        /// The fix.
        fix: String,
    },
    /// The queue has no free slot.
    QueueFull {
        /// The name of the queue.
        queue: String,
        /// Number of running runs of the queue.
        running: u64,
        /// Maximum number of running runs of the queue.
        concurrency: u32,
        /// The fix.
        fix: String,
    },
    /// Other runs of the queue go first.
    Behind {
        /// The name of the queue.
        queue: String,
        /// Number of runs that go first.
        ahead: u64,
        /// The fix.
        fix: String,
    },
    /// The concurrency key of the run is in use.
    KeyTaken {
        /// The concurrency key.
        key: String,
        /// Maximum number of runs that may hold the key.
        limit: u32,
        /// The runs that hold the key.
        holders: Vec<String>,
        /// The fix.
        fix: String,
    },
    /// A lock of the job, of a group or of a step is not free.
    LockHeld {
        /// The path of the step or group. Absent for a lock of the job.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<String>,
        /// The name of the lock.
        lock: String,
        /// The holders, the earliest first, at most 10. Empty when others wait in front for all their locks.
        holders: Vec<LockHolder>,
        /// The place of the run in the queue of the lock, from 1.
        position: usize,
        /// Number of all who wait for the lock.
        waiting: usize,
        /// The end of the wait.
        until: Timestamp,
        /// The fix.
        fix: String,
    },
    /// Branches of a group wait for others.
    GroupWaits {
        /// The path of the group.
        step: String,
        /// Number of branches that run.
        running: usize,
        /// Number of all branches.
        branches: usize,
        /// The bound: `max_parallel: 3`, the attempts that the run may have, or that parallel execution is off.
        bound: String,
        /// The fix.
        fix: String,
    },
    /// An attempt failed, and the next one is not due yet.
    RetryWaits {
        /// The id of the step.
        step: String,
        /// The time of the next attempt.
        wakes_at: Timestamp,
        /// The message of the last attempt.
        message: String,
        /// The fix.
        fix: String,
    },
    /// The run needs an approval.
    ApprovalMissing {
        /// The id of the step.
        step: String,
        /// The message to the approvers.
        message: String,
        /// The actors who may decide.
        approvers: Vec<String>,
        /// The time at which the approval times out.
        until: Timestamp,
        /// The fix.
        fix: String,
    },
    /// A step waits for something outside.
    Parked {
        /// The id of the step.
        step: String,
        /// The thing that the step waits for.
        waits_for: String,
        /// The time of the next check.
        wakes_at: Timestamp,
        /// The fix.
        fix: String,
    },
    /// A step waits for a worker outside of Stepwell, or for its result.
    WorkWaits {
        /// The id of the step.
        step: String,
        /// The function that does the work.
        function: String,
        /// The number of workers that know the function and are not silent.
        workers: usize,
        /// The name of the worker that has the work. Absent while none has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        worker: Option<String>,
        /// The end of the wait, or of the time of the worker.
        until: Timestamp,
        /// The fix.
        fix: String,
    },
    /// Policy denies a step, now or when its turn comes.
    GrantMissing {
        /// The id of the step.
        step: String,
        /// The rule, or the missing capability.
        rule: String,
        /// The denial in words.
        message: String,
        /// The fix.
        fix: String,
    },
    /// No service is running.
    NoWorker {
        /// The time at which a service was last active.
        last_seen: Option<Timestamp>,
        /// The fix.
        fix: String,
    },
    /// The worker of the run does not respond, and its claim has not expired.
    WorkerSilent {
        /// The name of the worker.
        worker: String,
        /// The time at which another worker takes over.
        until: Timestamp,
        /// The fix.
        fix: String,
    },
    /// The run is being cancelled, and a step is still cleaning up.
    Cancelling {
        /// The actor and the reason.
        why: String,
        /// The fix.
        fix: String,
    },
    /// The run failed, timed out or expired.
    Ended {
        /// The final status.
        status: RunStatus,
        /// The step that failed, if one did.
        step: Option<String>,
        /// The reason.
        message: String,
        /// The fix.
        fix: String,
    },
}

/// The note that the explanation omits some causes.
const LEFT_OUT: &str = "the settings of this command differ from those of the running service, so causes that come \
    from policies, the configuration or queues are left out: ask the service (--server URL), or pass the --policy, \
    --config, --queues and --step options that `stepwell serve` has";

/// The bound of a group whose branches run one after the other.
const OFF: &str = "parallel execution is off";

impl Runs {
    /// Explains what delays a run, and how to fix it. Causes that come from policies, the configuration and
    /// the settings of queues depend on the settings of the service. If this process has different settings
    /// from every running service, they are left out, and `note` says so.
    ///
    /// # Errors
    /// Fails when there is no such run, or the store fails.
    pub async fn explain(&self, execution_id: &str) -> Result<Explanation, HostError> {
        let now = self.ctx.clock.now();
        let standing = self.ctx.store.standing(execution_id, now).await?;
        let state = self.shown(execution_id).await?;
        let letter = match state.status.is_dead() {
            true => self.ctx.dead_letters().get(execution_id).await.ok(),
            false => None,
        };
        let resolution = letter.as_ref().and_then(|(letter, _)| letter.resolution.as_ref());
        let (mut causes, mut note) = (self.of_state(&state, resolution, now), None);
        if !state.status.is_terminal() {
            if let Some(why) = &standing.row.cancel {
                let fix =
                    "none needed: it ends when the step has stopped, at the latest after its grace period"
                        .to_owned();
                causes.insert(0, Cause::Cancelling { why: why.clone(), fix });
            }
            note = self.ctx.system().differs_from_services().await?.then(|| LEFT_OUT.to_owned());
            causes.extend(self.of_work(&state).await?);
            causes.extend(self.of_locks(&state, now).await?);
            causes.extend(self.of_queue(&state, &standing, now).await?);
            if note.is_none() {
                causes.extend(self.of_policy(&state));
            } else {
                causes.retain(|cause| !cause.is_of_settings());
            }
        }
        let summary = summary(&state, &causes, note.is_some(), standing.row.cancel.as_deref());
        Ok(Explanation { execution_id: execution_id.to_owned(), status: state.status, summary, causes, note })
    }

    /// Returns the causes in the run's own state.
    fn of_state(&self, state: &RunState, resolution: Option<&Resolution>, now: Timestamp) -> Vec<Cause> {
        let id = &state.run.execution_id;
        if state.status.is_dead() {
            let Some(dead) = crate::worker::dead_letter(state, now) else { return Vec::new() };
            let fix = match (resolution, state.status) {
                (Some(resolution), _) => resolution.next_step(id),
                (None, RunStatus::Expired) => format!("`stepwell dead-letters redrive {id}` runs it now"),
                (None, _) => {
                    format!("`stepwell dead-letters redrive {id}` runs it again from the failed step")
                }
            };
            let message = match state.status {
                RunStatus::Expired => format!("it did not start within {}", state.run.job.queue_timeout),
                _ => dead.message,
            };
            return vec![Cause::Ended { status: state.status, step: dead.step_id, message, fix }];
        }
        let is_approval = |(step, _): &(usize, Timestamp)| {
            state.definition(*step).is_some_and(|step| Approval::of(step).is_some())
        };
        // The locks that a step waits for are causes of their own.
        let waits = state.waits().filter(|(step, due)| *due > now && !state.awaits_own_locks(*step));
        // So is the work of workers.
        let works: BTreeSet<usize> = working(state).collect();
        let waits = waits.filter(|(step, _)| !works.contains(step));
        // An approval needs a person, the others continue by themselves.
        let (approvals, others): (Vec<_>, Vec<_>) = waits.partition(is_approval);
        let waits = approvals.into_iter().chain(others).take(SHOWN_WAITS);
        let waits = waits.filter_map(|(step, due)| wait(state, step, due));
        waits.chain(self.of_groups(state)).collect()
    }

    /// Returns the groups in which branches wait for others.
    fn of_groups(&self, state: &RunState) -> Vec<Cause> {
        let (job, queue) = (&state.run.job, state.run.queue.as_deref());
        let most = self.ctx.attempts_per_run(queue);
        let attempts = match self.ctx.attempts_of_queue(queue) {
            _ if state.running().count() < most => {
                "the free `service.workers`, or `limits.parallel_attempts` of the policy".to_owned()
            }
            Some(of_queue) if of_queue as usize == most => format!("`max_parallel: {most}` of the queue"),
            _ => format!("`service.run_attempts: {most}`"),
        };
        let waits = state.waiting_groups().take(SHOWN_WAITS).map(|waiting| {
            let (bound, fix) = match waiting.bound {
                GroupBound::InOrder => (
                    OFF.to_owned(),
                    self.ctx.parallel_off(project::of(&job.id), job).map_or_else(
                        || "parallel execution was off when the group began, and is on now".to_owned(),
                        |place| place.fix(),
                    ),
                ),
                GroupBound::MaxParallel(most) => (
                    format!("max_parallel: {most}"),
                    "a larger `max_parallel` runs more branches at the same time".to_owned(),
                ),
                GroupBound::Attempts => {
                    (attempts.clone(), "a larger bound runs more branches at the same time".to_owned())
                }
            };
            Cause::GroupWaits {
                step: waiting.path.to_string(),
                running: waiting.running,
                branches: waiting.branches,
                bound,
                fix: format!("none needed: its turn comes; {fix}"),
            }
        });
        waits.collect()
    }

    /// Returns the causes in the run's queue and its concurrency key.
    async fn of_queue(
        &self,
        state: &RunState,
        standing: &Standing,
        now: Timestamp,
    ) -> Result<Vec<Cause>, HostError> {
        let (row, mut causes) = (&standing.row, Vec::new());
        if let (Some(worker), Some(until)) = (&row.worker, row.claimed_until) {
            // Workers renew claims five times per lease.
            let renewed = clock::earlier(until, self.ctx.settings().config.service.lease.0);
            let silent = now > clock::later(renewed, self.ctx.settings().config.service.lease.0 / 2);
            if worker != self.ctx.worker() && silent && row.queue.is_some() {
                let fix = "none needed: another worker takes over then, if one is running".to_owned();
                causes.push(Cause::WorkerSilent { worker: worker.clone(), until, fix });
            }
            return Ok(causes);
        }
        if state.status == RunStatus::Queued && row.due_at > now {
            let fix = format!(
                "none needed: it starts then; `stepwell runs cancel {}` removes it",
                row.execution_id
            );
            causes.push(Cause::NotDue { due_at: row.due_at, fix });
        }
        let Some(queue) = row.queue.clone() else {
            let fix = format!("`stepwell run --resume {}` continues it", row.execution_id);
            causes.push(Cause::NoWorker { last_seen: None, fix });
            return Ok(causes);
        };
        if standing.blocked
            && let Some((key, limit, holders)) = standing.key.clone()
        {
            let fix = match holders.first() {
                Some(first) => {
                    format!("wait until one of them ends, or end one with `stepwell runs cancel {first}`")
                }
                None => "none needed: a slot is free and this run gets it".to_owned(),
            };
            causes.push(Cause::KeyTaken { key, limit, holders, fix });
        }
        causes.extend(self.of_queue_itself(&queue, state, standing, now).await?);
        Ok(causes)
    }

    async fn of_queue_itself(
        &self,
        queue: &str,
        state: &RunState,
        standing: &Standing,
        now: Timestamp,
    ) -> Result<Vec<Cause>, HostError> {
        let mut causes = Vec::new();
        let queue = queue.to_owned();
        let begun = state.status != RunStatus::Queued;
        let record = self.ctx.store.record(Kind::Queue, &queue).await?;
        let said: QueueRecord =
            record.and_then(|record| serde_json::from_value(record.value).ok()).unwrap_or_default();
        if let Some(by) = said.paused.filter(|_| !begun) {
            let fix = format!("`stepwell queues resume {queue}`");
            causes.push(Cause::QueuePaused { queue: queue.clone(), by, fix });
        }
        let zone = queue.parse().unwrap_or(chrono_tz::UTC);
        let settings = self.ctx.settings().queues.settings(&queue).unwrap_or_default();
        if let Some(until) = settings.closed_until(zone, now).filter(|_| !begun) {
            let fix =
                "none needed: the window ends then; to change it, edit `paused` in timezone_queues.yaml \
                and reload the service (SIGHUP)"
                    .to_owned();
            causes.push(Cause::QueueClosed { queue: queue.clone(), until, fix });
        }
        if standing.running >= u64::from(settings.concurrency) {
            let (running, concurrency) = (standing.running, settings.concurrency);
            let fix =
                "wait until one of them ends, or raise `concurrency` in timezone_queues.yaml and reload \
                the service (SIGHUP)"
                    .to_owned();
            causes.push(Cause::QueueFull { queue: queue.clone(), running, concurrency, fix });
        }
        let due = standing.row.wakes_at.unwrap_or(standing.row.due_at) <= now;
        if standing.ahead > 0 && due && !standing.blocked {
            let fix = "none needed: its turn comes; a run with a higher `priority` starts earlier".to_owned();
            causes.push(Cause::Behind { queue: queue.clone(), ahead: standing.ahead, fix });
        }
        if !self.ctx.is_serving() && !self.ctx.system().is_served(now).await {
            let last_seen = self.ctx.system().last_seen().await?;
            let fix = "start a service: `stepwell serve`".to_owned();
            causes.insert(0, Cause::NoWorker { last_seen, fix });
        }
        Ok(causes)
    }

    /// Returns the steps that policy will deny.
    fn of_policy(&self, state: &RunState) -> Vec<Cause> {
        let mut causes = Vec::new();
        // The steps of items have no place of their own before their group begins.
        let is_open = |id: &str| {
            let known = state.position_of(id).and_then(|index| state.steps.get(index));
            known.is_none_or(stepwell_engine::run::StepState::is_open)
        };
        for (step, grant) in self.ctx.preparation().grants_of_run(&state.run) {
            if stepwell_engine::job::is_of_the_engine(&step.step_type) || !is_open(&step.id) {
                continue;
            }
            let Err(denial) = grant else { continue };
            let (rule, message) = (denial.rule.id().to_owned(), denial.message);
            // SIGHUP reloads policies. Other changes of the configuration need a restart.
            let fix = match denial.help.as_str() {
                "" => format!("change the policy of `{}`, then reload the service (SIGHUP)", step.step_type),
                help => format!("{help}; then reload the service (SIGHUP)"),
            };
            causes.push(Cause::GrantMissing { step: step.id.clone(), rule, message, fix });
        }
        causes
    }
}

/// Returns the explanation in one sentence.
fn summary(state: &RunState, causes: &[Cause], incomplete: bool, cancel: Option<&str>) -> String {
    match (state.status, causes.first()) {
        (RunStatus::Success, _) => "succeeded".to_owned(),
        (_, Some(cause)) if cause.is_of_a_step() && state.running().next().is_some() => {
            let paths = state.running().filter_map(|step| state.steps.get(step));
            let mut names: Vec<String> = paths.take(NAMED).map(|step| format!("`{}`", step.path)).collect();
            let more = state.running().count() - names.len();
            names.extend((more > 0).then(|| format!("{more} more")));
            format!("{}; running: {}", cause.in_words(), names.join(", "))
        }
        (_, Some(cause)) => cause.in_words(),
        (RunStatus::Cancelled, None) => cancelled(cancel),
        (RunStatus::Running, None) => "running".to_owned(),
        (_, None) if incomplete => "no cause found apart from those that are left out".to_owned(),
        (_, None) => "ready; a worker will start it shortly".to_owned(),
    }
}

impl Cause {
    /// Returns the explanation in one sentence.
    pub fn in_words(&self) -> String {
        match self {
            Self::NotDue { due_at, .. } => format!("not due until {}", clock::short(*due_at)),
            Self::QueuePaused { queue, by, .. } => format!("queue {queue} is paused ({by})"),
            Self::QueueClosed { queue, until, .. } => {
                format!("queue {queue} is closed until {}", clock::short(*until))
            }
            Self::QueueFull { queue, running, concurrency, .. } => {
                format!("queue {queue} is full: {running} of {concurrency} slots in use")
            }
            Self::Behind { queue, ahead: 1, .. } => format!("1 run of queue {queue} goes first"),
            Self::Behind { queue, ahead, .. } => format!("{ahead} runs of queue {queue} go first"),
            Self::KeyTaken { key, limit, holders, .. } => {
                let holders = holders.join(", ");
                format!("concurrency key `{key}` is taken: its limit is {limit}, held by {holders}")
            }
            Self::LockHeld { step, lock, holders, position, waiting, .. } => {
                locks::in_words((step.as_deref(), lock), holders, *position, *waiting)
            }
            Self::GroupWaits { step, running, branches, bound, .. } if bound == OFF => {
                format!("group `{step}`: {running} of {branches} running, because {OFF}")
            }
            Self::GroupWaits { step, running, branches, bound, .. } => {
                format!("group `{step}`: {running} of {branches} running, bound by {bound}")
            }
            Self::RetryWaits { step, wakes_at, message, .. } => {
                let at = clock::short(*wakes_at);
                format!("step `{step}` failed ({message}); the next attempt starts at {at}")
            }
            Self::ApprovalMissing { step, approvers, until, .. } => {
                let (approvers, until) = (approvers.join(", "), clock::short(*until));
                format!("step `{step}` waits for approval by {approvers} until {until}")
            }
            Self::Parked { step, waits_for, wakes_at, .. } => {
                let at = clock::short(*wakes_at);
                match waits_for.parse::<Timestamp>() {
                    Ok(until) => format!("step `{step}` waits until {}", clock::short(until)),
                    Err(_) => format!("step `{step}` waits for {waits_for}; next check at {at}"),
                }
            }
            Self::WorkWaits { step, function, workers, worker, until, .. } => {
                work_in_words((step, function), worker.as_deref(), *workers, *until)
            }
            Self::GrantMissing { step, rule, message, .. } => {
                format!("step `{step}` is denied by policy: {message} [{rule}]")
            }
            Self::NoWorker { last_seen: Some(seen), .. } => {
                format!("no service is running; the last one was seen at {}", clock::short(*seen))
            }
            Self::NoWorker { .. } => "no service is running".to_owned(),
            Self::WorkerSilent { worker, until, .. } => {
                let until = clock::short(*until);
                format!("its worker {worker} does not respond; its claim expires at {until}")
            }
            Self::Cancelling { why, .. } => format!("being cancelled ({why})"),
            Self::Ended { status: RunStatus::Timeout, message, .. } => format!("timed out: {message}"),
            Self::Ended { status: RunStatus::Expired, message, .. } => format!("expired: {message}"),
            Self::Ended { message, .. } => format!("failed: {message}"),
        }
    }

    /// Returns whether the cause is one step that waits, beside which others may run.
    fn is_of_a_step(&self) -> bool {
        matches!(
            self,
            Self::RetryWaits { .. }
                | Self::ApprovalMissing { .. }
                | Self::Parked { .. }
                | Self::WorkWaits { .. }
                | Self::LockHeld { step: Some(_), .. }
        )
    }

    /// Returns whether the cause follows from policies, the configuration or the settings of queues.
    fn is_of_settings(&self) -> bool {
        matches!(self, Self::QueueClosed { .. } | Self::QueueFull { .. } | Self::GrantMissing { .. })
    }

    /// Returns the fix.
    pub fn fix(&self) -> &str {
        match self {
            Self::NotDue { fix, .. }
            | Self::QueuePaused { fix, .. }
            | Self::QueueClosed { fix, .. }
            | Self::QueueFull { fix, .. }
            | Self::Behind { fix, .. }
            | Self::KeyTaken { fix, .. }
            | Self::LockHeld { fix, .. }
            | Self::GroupWaits { fix, .. }
            | Self::RetryWaits { fix, .. }
            | Self::ApprovalMissing { fix, .. }
            | Self::Parked { fix, .. }
            | Self::WorkWaits { fix, .. }
            | Self::GrantMissing { fix, .. }
            | Self::NoWorker { fix, .. }
            | Self::WorkerSilent { fix, .. }
            | Self::Cancelling { fix, .. }
            | Self::Ended { fix, .. } => fix,
        }
    }
}

/// Number of running steps that the summary names.
const NAMED: usize = 3;

/// Maximum number of waiting steps that an explanation shows.
const SHOWN_WAITS: usize = 10;
