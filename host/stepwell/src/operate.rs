//! What people do to runs: cancel, retry, approve, redrive, pause.

use std::sync::Arc;

use serde_json::Value;
use stepwell_engine::StoreError;
use stepwell_engine::job::Job;
use stepwell_engine::job::approval::Approval;
use stepwell_engine::run::{Effect, Event, RunState, RunStatus, apply, next, retry_of};
use stepwell_engine::store::{
    Audit, Change, Commit, DeadLetter, Expect, Kind, Next, Record, Resolution, RunFilter, RunRow, Wake,
};

use crate::service::QueueRecord;
use crate::worker::Silent;
use crate::{Admitted, Host, HostError};

/// Files and directories of a workspace that is copied for a retry.
const MOST_FILES: usize = 100_000;

/// What somebody decided about an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What.
    pub approved: bool,
    /// Who.
    pub by: String,
    /// Their roles.
    pub roles: Vec<&'static str>,
    /// In their words.
    pub comment: String,
}

impl Host {
    /// Cancels a run. One that runs is stopped: its guest, and what the host does for it. One that waits has ended
    /// when this returns.
    ///
    /// # Errors
    /// When there is no such run, it has ended, or the store failed.
    pub async fn cancel(&self, execution_id: &str, why: &str, audit: Audit) -> Result<RunRow, HostError> {
        let row = self.store.row(execution_id).await?;
        if row.status.is_terminal() {
            return Err(HostError::Refused(format!(
                "the run {execution_id} has ended: {}",
                row.status.name()
            )));
        }
        let now = self.clock.now();
        self.store.request_cancel(execution_id, why, now, Some(audit)).await?;
        self.cancel_held(&[execution_id.to_owned()], why);
        if row.claimed_until.is_none_or(|until| until <= now) {
            // Nobody has it: it need not wait for a worker. Where that fails, one ends it.
            let claim = self.store.claim_run(execution_id, self.worker(), now, self.lease_from(now)).await;
            if let Ok(claim) = claim {
                self.work(claim, &Silent, Default::default()).await?;
            }
        }
        self.wake(row.queue.as_deref());
        self.tell_queues(row.queue);
        self.store.announce(Wake::Claims);
        Ok(self.store.row(execution_id).await?)
    }

    /// Runs a run that has ended again, as a new run: from its failed step on, or from the start; as the job was, or
    /// as it is now. A run without a failed step starts from the beginning, and [`Admitted::note`] says so.
    ///
    /// # Errors
    /// When there is no such run, it has not ended, or it cannot be admitted.
    pub async fn retry(
        &self,
        execution_id: &str,
        from_start: bool,
        job: Option<Arc<Job>>,
        audit: Audit,
    ) -> Result<Admitted, HostError> {
        let old = self.run(execution_id).await?;
        if !old.status.is_terminal() {
            return Err(HostError::Refused(format!(
                "the run {execution_id} has not ended: it is {}",
                old.status.name()
            )));
        }
        let job = job.unwrap_or_else(|| old.run.job.clone());
        let run = retry_of(&old, &job, from_start, String::new(), self.clock.now())?;
        let inherits = !run.inherited.is_empty();
        let note = (!from_start && old.restart_step().is_none()).then(|| {
            format!("every step of {execution_id} succeeded, so the new run starts from the beginning")
        });
        let audit = Audit { detail: format!("of {execution_id}"), ..audit };
        // Its files are there before anybody can take it.
        let copy = |id: &str| if inherits { self.copy_workspace(execution_id, id) } else { Ok(()) };
        Ok(Admitted { note, ..self.insert(run, None, Some(audit), copy).await? })
    }

    /// Copies what the finished steps left for those that follow.
    fn copy_workspace(&self, from: &str, to: &str) -> Result<(), HostError> {
        let (from, to) = (self.workspace(from), self.workspace(to));
        if !from.is_dir() {
            return Ok(());
        }
        stepwell_sandbox::tree::copy(&from, &to, MOST_FILES)
            .map_err(|error| HostError::File { path: to, error })
    }

    /// Decides about the approval that a run waits for.
    ///
    /// # Errors
    /// When the run waits for none, this person may not decide, or the store failed.
    pub async fn decide_approval(
        &self,
        execution_id: &str,
        step_id: &str,
        decided: Decided,
        audit: Audit,
    ) -> Result<RunState, HostError> {
        let state = self.run(execution_id).await?;
        let waiting = |state: &RunState| match next(state) {
            Some(Effect::AwaitApproval { step, .. }) => state
                .run
                .job
                .step(step)
                .filter(|found| found.id == step_id)
                .map(|found| (step, found.clone())),
            _ => None,
        };
        let none = || {
            HostError::Refused(format!(
                "the step `{step_id}` of {execution_id} is not waiting for an approval"
            ))
        };
        let (_, definition) = waiting(&state).ok_or_else(none)?;
        if !Approval::of(&definition).is_some_and(|approval| approval.may_decide(&decided.by, &decided.roles))
        {
            return Err(HostError::Refused(format!(
                "{} is not among the approvers of `{step_id}`",
                decided.by
            )));
        }
        let now = self.clock.now();
        let claim = self.store.claim_run(execution_id, self.worker(), now, self.lease_from(now)).await?;
        let (queue, fence) = (claim.run.queue.clone(), claim.fence);
        let mut state = RunState::replay(claim.run, &claim.events)?;
        let back = |state: &RunState, events: Vec<Event>, next: Next| Commit {
            execution_id: execution_id.to_owned(),
            fence,
            number: 1,
            events,
            logs: Vec::new(),
            status: Some(state.status),
            started_at: state.started_at,
            dead: (next == Next::End).then(|| crate::worker::dead_letter(state, now)).flatten(),
            next,
            at: now,
        };
        let Some((step, _)) = waiting(&state) else {
            self.store.commit(back(&state, Vec::new(), Next::Wait(now))).await?;
            return Err(none());
        };
        let Decided { approved, by, comment, .. } = decided;
        let event = Event::ApprovalDecided { step, approved, by: Some(by), comment, at: now };
        apply(&mut state, &event)?;
        let next = if state.status.is_terminal() { Next::End } else { Next::Wait(now) };
        let free = self.store.commit(back(&state, vec![event], next)).await?;
        self.store.write(vec![Change::Audit(audit)]).await?;
        self.wake(free.iter().chain(&queue).map(String::as_str));
        self.tell_queues(free.into_iter().chain(queue));
        self.moved(&state);
        Ok(state)
    }

    /// Runs that wait for an approval: the run, the step, what is asked, and until when.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn approvals(&self, limit: u32) -> Result<Vec<(RunState, usize)>, HostError> {
        let filter = RunFilter { status: Some(RunStatus::Parked), limit, ..RunFilter::default() };
        let mut waiting = Vec::new();
        for row in self.store.list(&filter).await? {
            let state = self.run(&row.execution_id).await?;
            if let Some(Effect::AwaitApproval { step, .. }) = next(&state) {
                waiting.push((state, step));
            }
        }
        Ok(waiting)
    }

    /// Dead letters by run, after `after`; of a state (`open`, `redriven`, `discarded`), when one is given.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn dead_letters(
        &self,
        state: Option<&str>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, HostError> {
        self.store.records(Kind::DeadLetter, state, after, limit).await?.iter().map(letter).collect()
    }

    /// A dead letter.
    ///
    /// # Errors
    /// When there is none of that run, or the store failed.
    pub async fn dead_letter(&self, execution_id: &str) -> Result<(DeadLetter, u64), HostError> {
        let missing = || StoreError::NoRecord(Kind::DeadLetter.name(), execution_id.to_owned());
        let record = self.store.record(Kind::DeadLetter, execution_id).await?.ok_or_else(missing)?;
        Ok((letter(&record)?, record.version))
    }

    /// Runs a dead letter again, with an edited job if one is given.
    ///
    /// # Errors
    /// As [`Host::retry`]; when it has been dealt with.
    pub async fn redrive(
        &self,
        execution_id: &str,
        from_start: bool,
        job: Option<Arc<Job>>,
        audit: Audit,
    ) -> Result<Admitted, HostError> {
        let (mut letter, version) = self.open_letter(execution_id).await?;
        let (by, at) = (audit.by.clone(), audit.at);
        // It is taken first: of two who redrive it, one gets it.
        letter.resolution = Some(Resolution::Redriven { execution_id: String::new(), by: by.clone(), at });
        self.store.write(vec![put(&letter, "redriven", Expect::Version(version))]).await?;
        match self.retry(execution_id, from_start, job, audit).await {
            Ok(admitted) => {
                letter.resolution =
                    Some(Resolution::Redriven { execution_id: admitted.execution_id.clone(), by, at });
                self.store.write(vec![put(&letter, "redriven", Expect::Any)]).await?;
                Ok(admitted)
            }
            Err(error) => {
                letter.resolution = None;
                self.store.write(vec![put(&letter, "open", Expect::Any)]).await?;
                Err(error)
            }
        }
    }

    /// Puts a dead letter aside.
    ///
    /// # Errors
    /// When there is none of that run, it has been dealt with, or the store failed.
    pub async fn discard(
        &self,
        execution_id: &str,
        reason: &str,
        audit: Audit,
    ) -> Result<DeadLetter, HostError> {
        let (mut letter, version) = self.open_letter(execution_id).await?;
        letter.resolution =
            Some(Resolution::Discarded { reason: reason.to_owned(), by: audit.by.clone(), at: audit.at });
        self.store
            .write(vec![put(&letter, "discarded", Expect::Version(version)), Change::Audit(audit)])
            .await?;
        Ok(letter)
    }

    async fn open_letter(&self, execution_id: &str) -> Result<(DeadLetter, u64), HostError> {
        let (letter, version) = self.dead_letter(execution_id).await?;
        match letter.resolution {
            None => Ok((letter, version)),
            Some(resolution) => Err(HostError::Refused(format!(
                "the dead letter `{execution_id}` is resolved: {}",
                resolution.next_step(execution_id)
            ))),
        }
    }

    /// Pauses a queue, or resumes it: while it is paused no run begins, and those that have begun go on.
    ///
    /// # Errors
    /// When there is no such queue, or the store failed.
    pub async fn pause_queue(
        &self,
        queue: &str,
        paused: Option<String>,
        audit: Audit,
    ) -> Result<(), HostError> {
        if queue.parse::<chrono_tz::Tz>().is_err() || self.settings().queues.settings(queue).is_none() {
            return Err(StoreError::NoRecord(Kind::Queue.name(), queue.to_owned()).into());
        }
        let state = if paused.is_some() { "paused" } else { "open" };
        let value = serde_json::to_value(QueueRecord { paused }).unwrap_or(Value::Null);
        let put = Change::Put {
            kind: Kind::Queue,
            id: queue.to_owned(),
            state: state.to_owned(),
            value,
            expect: Expect::Any,
        };
        self.store.write(vec![put, Change::Audit(audit)]).await?;
        self.refresh_pause(queue).await;
        self.wake([queue]);
        Ok(())
    }
}

fn letter(record: &Record) -> Result<DeadLetter, HostError> {
    let read = serde_json::from_value(record.value.clone());
    Ok(read.map_err(|error| {
        StoreError::Failed(format!("the dead letter {} cannot be read: {error}", record.id))
    })?)
}

fn put(letter: &DeadLetter, state: &str, expect: Expect) -> Change {
    Change::Put {
        kind: Kind::DeadLetter,
        id: letter.execution_id.clone(),
        state: state.to_owned(),
        value: serde_json::to_value(letter).unwrap_or_default(),
        expect,
    }
}
