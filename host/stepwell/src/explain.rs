//! Why is my run not running?

use schemars::JsonSchema;
use serde::Serialize;
use stepwell_engine::clock::{self, Timestamp};
use stepwell_engine::job::approval::Approval;
use stepwell_engine::run::{Effect, RunState, RunStatus, StepStatus, next};
use stepwell_engine::store::{Kind, Standing};

use crate::service::{QueueRecord, WorkerRecord};
use crate::{Host, HostError};

/// Why a run does not go on, or how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Explanation {
    /// The run.
    pub execution_id: String,
    /// Where it stands.
    pub status: RunStatus,
    /// One sentence.
    pub summary: String,
    /// What keeps it, the most important first; empty when nothing does.
    pub causes: Vec<Cause>,
}

/// Something that keeps a run from going on, and what mends it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// It is not due yet.
    NotDue {
        /// When it is.
        due_at: Timestamp,
        /// What mends it.
        mend: String,
    },
    /// An operator paused its queue.
    QueuePaused {
        /// The queue.
        queue: String,
        /// Who, and why.
        by: String,
        /// What mends it.
        mend: String,
    },
    /// A window of its queue keeps runs from beginning.
    QueueClosed {
        /// The queue.
        queue: String,
        /// When it opens.
        until: Timestamp,
        /// What mends it.
        mend: String,
    },
    /// As many runs of its queue run as may.
    QueueFull {
        /// The queue.
        queue: String,
        /// Runs of it that run.
        running: u64,
        /// Runs of it that may.
        concurrency: u32,
        /// What mends it.
        mend: String,
    },
    /// Others go before it.
    Behind {
        /// The queue.
        queue: String,
        /// How many.
        ahead: u64,
        /// What mends it.
        mend: String,
    },
    /// Its concurrency key is taken.
    KeyTaken {
        /// The key.
        key: String,
        /// How many runs may hold it.
        limit: u32,
        /// Those that do.
        holders: Vec<String>,
        /// What mends it.
        mend: String,
    },
    /// An attempt failed, and the next one has its time.
    RetryWaits {
        /// The step.
        step: String,
        /// When.
        due_at: Timestamp,
        /// How the last attempt ended.
        message: String,
        /// What mends it.
        mend: String,
    },
    /// Somebody has to decide.
    ApprovalMissing {
        /// The step.
        step: String,
        /// What is asked.
        message: String,
        /// Who may decide.
        approvers: Vec<String>,
        /// When its time is over.
        until: Timestamp,
        /// What mends it.
        mend: String,
    },
    /// A step waits for something outside.
    Parked {
        /// The step.
        step: String,
        /// What for.
        waits_for: String,
        /// When it looks again.
        due_at: Timestamp,
        /// What mends it.
        mend: String,
    },
    /// Policy refuses a step, now or when its turn comes.
    GrantMissing {
        /// The step.
        step: String,
        /// The rule, or the capability that is not granted.
        rule: String,
        /// In words.
        message: String,
        /// What mends it.
        mend: String,
    },
    /// Nobody serves its queue.
    NoWorker {
        /// When somebody last did.
        last_seen: Option<Timestamp>,
        /// What mends it.
        mend: String,
    },
    /// Its worker died, and its claim has not expired.
    WorkerSilent {
        /// Who.
        worker: String,
        /// When another one takes over.
        until: Timestamp,
        /// What mends it.
        mend: String,
    },
    /// It is to be cancelled, and a step is still cleaning up.
    Cancelling {
        /// Who, and why.
        why: String,
        /// What mends it.
        mend: String,
    },
    /// It has ended, and not well.
    Ended {
        /// The step that failed, if one did.
        step: Option<String>,
        /// How.
        message: String,
        /// What mends it.
        mend: String,
    },
}

/// A process that has not said for that long that it is alive is not counted on.
const ALIVE: chrono::Duration = chrono::Duration::seconds(15);

impl Host {
    /// What keeps a run from going on, and what mends it.
    ///
    /// # Errors
    /// When there is no such run, or the store failed.
    pub async fn explain(&self, execution_id: &str) -> Result<Explanation, HostError> {
        let now = self.clock.now();
        let standing = self.store.standing(execution_id, now).await?;
        let state = self.run(execution_id).await?;
        let mut causes = self.of_state(&state, now);
        if !state.status.is_terminal() {
            if let Some(why) = &standing.row.cancel {
                let mend =
                    "it ends by itself when the step has stopped, after its grace period at the latest"
                        .to_owned();
                causes.insert(0, Cause::Cancelling { why: why.clone(), mend });
            }
            causes.extend(self.of_queue(&state, &standing, now).await?);
            causes.extend(self.of_policy(&state));
        }
        let status = state.status;
        let summary = match (status, causes.first()) {
            (RunStatus::Running, None) => "it runs".to_owned(),
            (RunStatus::Success, _) => "it has ended: success".to_owned(),
            (_, Some(cause)) => cause.in_words(),
            (_, None) => "nothing keeps it: a worker takes it now".to_owned(),
        };
        Ok(Explanation { execution_id: execution_id.to_owned(), status, summary, causes })
    }

    /// What the run's own record says.
    fn of_state(&self, state: &RunState, now: Timestamp) -> Vec<Cause> {
        let id = &state.run.execution_id;
        let name =
            |step: usize| state.run.job.steps.get(step).map(|step| step.id.clone()).unwrap_or_default();
        if state.status.is_dead() {
            let Some(dead) = crate::worker::dead_letter(state, now) else { return Vec::new() };
            let mend = format!("`stepwell dead-letters redrive {id}` runs it again from the failed step");
            return vec![Cause::Ended { step: dead.step_id, message: dead.message, mend }];
        }
        match next(state) {
            Some(Effect::AwaitApproval { step, until }) => {
                let approval = state.run.job.steps.get(step).and_then(Approval::of);
                let asked = state.steps.get(step).and_then(|step| step.reason.clone());
                let mend = format!("`stepwell approvals approve {id} {}`, or reject", name(step));
                vec![Cause::ApprovalMissing {
                    step: name(step),
                    message: asked.unwrap_or_default(),
                    approvers: approval.map(|approval| approval.approvers).unwrap_or_default(),
                    until,
                    mend,
                }]
            }
            Some(Effect::RunStep { step, not_before: Some(due_at), .. }) if due_at > now => {
                let Some(found) = state.steps.get(step) else { return Vec::new() };
                if found.status == StepStatus::Parked {
                    let waits_for = found.reason.clone().unwrap_or_default();
                    let mend = format!("it looks again by itself; `stepwell runs cancel {id}` ends it");
                    return vec![Cause::Parked { step: name(step), waits_for, due_at, mend }];
                }
                let message = found.end.as_ref().map(|end| end.outcome.message()).unwrap_or_default();
                let mend = "the next attempt begins by itself then".to_owned();
                vec![Cause::RetryWaits { step: name(step), due_at, message, mend }]
            }
            _ => Vec::new(),
        }
    }

    /// What its queue and its key say.
    async fn of_queue(
        &self,
        state: &RunState,
        standing: &Standing,
        now: Timestamp,
    ) -> Result<Vec<Cause>, HostError> {
        let (row, mut causes) = (&standing.row, Vec::new());
        if let (Some(worker), Some(until)) = (&row.worker, row.claimed_until) {
            // Claims are renewed five times as often as they expire.
            let renewed = clock::earlier(until, self.settings().config.service.lease.0);
            let silent = now > clock::later(renewed, self.settings().config.service.lease.0 / 2);
            if worker != self.worker() && silent && row.queue.is_some() {
                let mend = "another worker takes it over by itself then".to_owned();
                causes.push(Cause::WorkerSilent { worker: worker.clone(), until, mend });
            }
            return Ok(causes);
        }
        if state.status == RunStatus::Queued && row.due_at > now {
            let mend =
                format!("it begins by itself then; `stepwell runs cancel {}` removes it", row.execution_id);
            causes.push(Cause::NotDue { due_at: row.due_at, mend });
        }
        let Some(queue) = row.queue.clone() else {
            let mend = format!("`stepwell run --resume {}` goes on with it", row.execution_id);
            causes.push(Cause::NoWorker { last_seen: None, mend });
            return Ok(causes);
        };
        if standing.blocked
            && let Some((key, limit, holders)) = standing.key.clone()
        {
            let mend = match holders.first() {
                Some(first) => {
                    format!("it begins when one of them ends; `stepwell runs cancel {first}` ends one")
                }
                None => "a slot is free, and is handed to it".to_owned(),
            };
            causes.push(Cause::KeyTaken { key, limit, holders, mend });
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
        let record = self.store.record(Kind::Queue, &queue).await?;
        let said: QueueRecord =
            record.and_then(|record| serde_json::from_value(record.value).ok()).unwrap_or_default();
        if let Some(by) = said.paused.filter(|_| !begun) {
            let mend = format!("`stepwell queues resume {queue}`");
            causes.push(Cause::QueuePaused { queue: queue.clone(), by, mend });
        }
        let zone = queue.parse().unwrap_or(chrono_tz::UTC);
        let settings = self.settings().queues.settings(&queue).unwrap_or_default();
        if let Some(until) = settings.closed_until(zone, now).filter(|_| !begun) {
            let mend = "it opens by itself then; `paused` in timezone_queues.yaml says when".to_owned();
            causes.push(Cause::QueueClosed { queue: queue.clone(), until, mend });
        }
        if standing.running >= u64::from(settings.concurrency) {
            let (running, concurrency) = (standing.running, settings.concurrency);
            let mend =
                "it begins when one of them ends; or raise `concurrency` in timezone_queues.yaml".to_owned();
            causes.push(Cause::QueueFull { queue: queue.clone(), running, concurrency, mend });
        }
        if standing.ahead > 0 && standing.row.due_at <= now && !standing.blocked {
            let mend = "it comes by itself; a higher `priority` comes earlier".to_owned();
            causes.push(Cause::Behind { queue: queue.clone(), ahead: standing.ahead, mend });
        }
        if !self.is_serving() && !self.somebody_serves(now).await {
            let last_seen = self.last_seen().await?;
            let mend = "start one: `stepwell serve`".to_owned();
            causes.insert(0, Cause::NoWorker { last_seen, mend });
        }
        Ok(causes)
    }

    /// Steps that policy will refuse.
    fn of_policy(&self, state: &RunState) -> Vec<Cause> {
        let mut causes = Vec::new();
        let open = self.grants(state.run.job.definition()).into_iter().zip(&state.steps);
        for ((step, grant), _) in open.filter(|(_, state)| state.is_open()) {
            if step.step_type == stepwell_engine::job::approval::TYPE {
                continue;
            }
            let Err(denial) = grant else { continue };
            let (rule, message) = (denial.rule.to_owned(), denial.message);
            let mend = match denial.help.as_str() {
                "" => format!("change what is said of `{}` in the policy or the configuration", step.step_type),
                help => format!("{help}; then send SIGHUP to `stepwell serve`"),
            };
            causes.push(Cause::GrantMissing { step: step.id.clone(), rule, message, mend });
        }
        causes
    }

    /// Whether another process has lately said that it works on runs.
    pub(crate) async fn somebody_serves(&self, now: Timestamp) -> bool {
        let seen = self.last_seen().await.ok().flatten();
        seen.is_some_and(|seen| now - seen <= ALIVE)
    }

    /// When any worker last said that it is alive.
    async fn last_seen(&self) -> Result<Option<Timestamp>, HostError> {
        let records = self.store.records(Kind::Worker, None, "", 10_000).await?;
        let seen = |value| serde_json::from_value::<WorkerRecord>(value).ok().map(|worker| worker.seen);
        Ok(records.into_iter().filter_map(|record| seen(record.value)).max())
    }
}

impl Cause {
    /// One sentence.
    pub fn in_words(&self) -> String {
        match self {
            Self::NotDue { due_at, .. } => format!("it is due at {due_at}"),
            Self::QueuePaused { queue, by, .. } => format!("the queue {queue} is paused ({by})"),
            Self::QueueClosed { queue, until, .. } => format!("the queue {queue} is closed until {until}"),
            Self::QueueFull { queue, running, concurrency, .. } => {
                format!("{running} runs of the queue {queue} run, of {concurrency} that may")
            }
            Self::Behind { queue, ahead, .. } => format!("{ahead} runs go before it in the queue {queue}"),
            Self::KeyTaken { key, holders, .. } => {
                format!("the concurrency key `{key}` is held by {}", holders.join(", "))
            }
            Self::RetryWaits { step, due_at, message, .. } => {
                format!("`{step}` failed ({message}), and is tried again at {due_at}")
            }
            Self::ApprovalMissing { step, approvers, until, .. } => {
                format!("`{step}` waits for an approval by {} until {until}", approvers.join(", "))
            }
            Self::Parked { step, waits_for, due_at, .. } => {
                format!("`{step}` waits for {waits_for}, and looks again at {due_at}")
            }
            Self::GrantMissing { step, rule, message, .. } => {
                format!("policy refuses `{step}`: {message} [{rule}]")
            }
            Self::NoWorker { last_seen: Some(seen), .. } => {
                format!("nobody works on runs; the last one did at {seen}")
            }
            Self::NoWorker { .. } => "nobody works on it".to_owned(),
            Self::WorkerSilent { worker, until, .. } => {
                format!("its worker {worker} is silent; another one takes over at {until}")
            }
            Self::Cancelling { why, .. } => format!("it is being cancelled ({why})"),
            Self::Ended { message, .. } => format!("it has ended: {message}"),
        }
    }

    /// What mends it.
    pub fn mend(&self) -> &str {
        match self {
            Self::NotDue { mend, .. }
            | Self::QueuePaused { mend, .. }
            | Self::QueueClosed { mend, .. }
            | Self::QueueFull { mend, .. }
            | Self::Behind { mend, .. }
            | Self::KeyTaken { mend, .. }
            | Self::RetryWaits { mend, .. }
            | Self::ApprovalMissing { mend, .. }
            | Self::Parked { mend, .. }
            | Self::GrantMissing { mend, .. }
            | Self::NoWorker { mend, .. }
            | Self::WorkerSilent { mend, .. }
            | Self::Cancelling { mend, .. }
            | Self::Ended { mend, .. } => mend,
        }
    }
}
