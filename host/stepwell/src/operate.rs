//! What people do to runs: cancel, retry, approve, redrive, pause.

use std::sync::Arc;

use serde_json::Value;
use stepwell_engine::StoreError;
use stepwell_engine::identity::Actor;
use stepwell_engine::job::approval::Approval;
use stepwell_engine::job::{Job, StepDefinition};
use stepwell_engine::run::{Bound, Effect, Event, Replay, RunState, RunStatus, apply, next, retry_of};
use stepwell_engine::store::{
    Audit, Change, Commit, DeadLetter, Expect, Kind, Next, Record, Resolution, RunFilter, RunRow, Source,
    Wake,
};

use crate::service::QueueRecord;
use crate::worker::Silent;
use crate::{Admitted, Host, HostError};

/// Files and directories of a workspace that is copied for a retry.
const MOST_FILES: usize = 100_000;

/// What somebody decided about an approval.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decided {
    /// What.
    pub approved: bool,
    /// Who, as the audit log names them.
    pub by: String,
    /// The name of their key, or the one that their provider shows.
    pub name: String,
    /// Values of the provider's roles claim.
    pub groups: Vec<String>,
    /// Their roles.
    pub roles: Vec<&'static str>,
    /// In their words.
    pub comment: String,
    /// The digest of what they saw; none when they do not say.
    pub digest: Option<String>,
}

impl Decided {
    fn actor(&self) -> Actor<'_> {
        Actor { identity: &self.by, name: &self.name, groups: &self.groups, roles: &self.roles }
    }

    /// Who, for people.
    fn shown(&self) -> String {
        if self.name.is_empty() || self.name == self.by {
            self.by.clone()
        } else {
            format!("{} ({})", self.name, self.by)
        }
    }
}

/// A run that waits for an approval.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The run.
    pub state: RunState,
    /// The step that asks.
    pub step: usize,
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

    /// Decides about the approval that a run waits for. The decision and its row of the audit log are one transaction; a
    /// decision that is refused leaves a row, too.
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
        let Some((step, definition)) = asks(&state, step_id) else {
            return Err(not_asking(execution_id, step_id));
        };
        if let Some(why) = self.may_not_decide(&state, step, &definition, &decided).await? {
            let detail = format!("step {step_id}: {why}");
            let row = Audit { action: "approval.refuse".to_owned(), detail, ..audit };
            self.store.write(vec![Change::Audit(row)]).await?;
            return Err(HostError::Refused(why));
        }
        let now = self.clock.now();
        let claim = self.store.claim_run(execution_id, self.worker(), now, self.lease_from(now)).await?;
        let (queue, fence) = (claim.run.queue.clone(), claim.fence);
        let mut replay = Replay::new(claim.run);
        replay.add(&claim.events);
        self.read_on(execution_id, claim.next, |events| replay.add(&events)).await?;
        let mut state = replay.end()?;
        let back = |state: &RunState, events: Vec<Event>, next: Next, audit: Vec<Audit>| Commit {
            execution_id: execution_id.to_owned(),
            fence,
            number: 1,
            events,
            logs: Vec::new(),
            forget_checkpoint: false,
            status: Some(state.status),
            started_at: state.started_at,
            dead: (next == Next::End).then(|| crate::worker::dead_letter(state, now)).flatten(),
            audit,
            next,
            at: now,
        };
        let Some((step, _)) = asks(&state, step_id) else {
            self.store.commit(back(&state, Vec::new(), Next::Wait(now), Vec::new())).await?;
            return Err(not_asking(execution_id, step_id));
        };
        let bound = state.steps.get(step).and_then(|step| step.bound.as_ref());
        let digest = bound.map_or("unknown".to_owned(), |bound| bound.digest());
        let said = if decided.comment.is_empty() { String::new() } else { format!(": {}", decided.comment) };
        let audit = Audit { detail: format!("step {step_id}, {digest}{said}"), ..audit };
        let (approved, by) = (decided.approved, Some(decided.shown()));
        let event = Event::ApprovalDecided { step, approved, by, comment: decided.comment, at: now };
        apply(&mut state, &event)?;
        let next = if state.status.is_terminal() { Next::End } else { Next::Wait(now) };
        let free = self.store.commit(back(&state, vec![event], next, vec![audit])).await?;
        self.wake(free.iter().chain(&queue).map(String::as_str));
        self.tell_queues(free.into_iter().chain(queue));
        self.moved(&state);
        self.logged(execution_id);
        Ok(state)
    }

    /// Why somebody may not decide so.
    async fn may_not_decide(
        &self,
        state: &RunState,
        step: usize,
        definition: &StepDefinition,
        decided: &Decided,
    ) -> Result<Option<String>, HostError> {
        let id = &definition.id;
        let approval = Approval::of(definition).filter(|approval| approval.may_decide(&decided.actor()));
        let Some(approval) = approval else {
            return Ok(Some(format!("{} is not among the approvers of `{id}`", decided.shown())));
        };
        let asked = state.steps.get(step);
        let bound = asked.and_then(|step| step.bound.as_deref());
        if let Some(digest) = &decided.digest
            && bound.map(Bound::digest).as_ref() != Some(digest)
        {
            return Ok(Some(format!(
                "`{id}` asks for something else than {digest}: list the approvals, and decide about what they show"
            )));
        }
        if !decided.approved {
            return Ok(None);
        }
        if approval.separation {
            let run = &state.run;
            if run.started_by.is_empty() && matches!(run.source, Source::Api | Source::Retry { .. }) {
                return Ok(Some(
                    "who started the run is not known, so `separation` lets no one approve it".to_owned(),
                ));
            }
            let involved =
                run.started_by.contains(&decided.by) || self.editors(&run.job).await?.contains(&decided.by);
            if involved {
                let why = "started the run or edited its job, and `separation` leaves the approval to others";
                return Ok(Some(format!("{} {why}", decided.shown())));
            }
        }
        let message = asked.and_then(|step| step.reason.clone()).unwrap_or_default();
        let now = self.bound(state, step, &message);
        let changed = |(id, digest): (&String, &String)| {
            let before = bound.and_then(|bound| bound.steps.get(id));
            before.is_some_and(|before| before != digest).then(|| id.clone())
        };
        let changed: Vec<String> = now.steps.iter().filter_map(changed).collect();
        Ok((!changed.is_empty()).then(|| {
            format!(
                "the configuration of {} has changed since `{id}` asked: reject it and retry the run, which asks again",
                changed.join(", ")
            )
        }))
    }

    /// Runs that wait for an approval, newest first, before the run `before`: those of a project, when it is given. Looks
    /// through at most `limit` runs that wait for anything, and tells where it stopped when there are more.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn approvals(
        &self,
        project: Option<&str>,
        before: Option<String>,
        limit: u32,
    ) -> Result<(Vec<Asking>, Option<String>), HostError> {
        let project = project.map(str::to_owned);
        let status = Some(RunStatus::Parked);
        let filter = RunFilter { status, project, before, limit, ..RunFilter::default() };
        let rows = self.store.list(&filter).await?;
        let more = rows.len() >= limit as usize;
        let last = rows.last().map(|row| row.execution_id.clone()).filter(|_| more);
        let mut waiting = Vec::new();
        for row in rows {
            // Who waits for an approval has done nothing since it asked.
            let asks = match self.store.latest(&row.execution_id).await {
                Ok((_, events)) => matches!(events.last(), Some(Event::ApprovalRequested { .. })),
                Err(StoreError::NotFound(_)) => false,
                Err(error) => return Err(error.into()),
            };
            if !asks {
                continue;
            }
            let state = match self.shown(&row.execution_id).await {
                // It was removed meanwhile.
                Err(HostError::Store(StoreError::NotFound(_))) => continue,
                found => found?,
            };
            if let Some(Effect::AwaitApproval { step, .. }) = next(&state) {
                waiting.push(Asking { state, step });
            }
        }
        Ok((waiting, last))
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
        let (by, at) = (audit.who().to_owned(), audit.at);
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
        letter.resolution = Some(Resolution::Discarded {
            reason: reason.to_owned(),
            by: audit.who().to_owned(),
            at: audit.at,
        });
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

/// The step of that id, when the run waits for its approval.
pub(crate) fn asks(state: &RunState, step_id: &str) -> Option<(usize, StepDefinition)> {
    let Some(Effect::AwaitApproval { step, .. }) = next(state) else { return None };
    let definition = state.run.job.step(step).filter(|found| found.id == step_id)?;
    Some((step, definition.clone()))
}

pub(crate) fn not_asking(execution_id: &str, step_id: &str) -> HostError {
    HostError::Refused(format!("the step `{step_id}` of {execution_id} is not waiting for an approval"))
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
