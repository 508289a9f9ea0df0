//! Approvals that runs wait for: the users who may decide, and the effect of a decision.

use std::sync::Arc;

use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::document::cut;
use stepwell_engine::identity::Actor;
use stepwell_engine::job::approval::Approval;
use stepwell_engine::job::{StepDefinition, Work};
use stepwell_engine::project;
use stepwell_engine::run::{Bound, Event, Replay, RunState, RunStatus, StepStatus, apply};
use stepwell_engine::store::{Audit, Change, Claim, Commit, Next, RunFilter, Source};

use crate::HostError;
use crate::context::Context;
use crate::worker::decisions::Decision;

/// An approver's decision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decided {
    /// Whether the step is approved.
    pub approved: bool,
    /// The identity that decides, as in the audit log.
    pub by: String,
    /// The name of the key, or the display name from the provider.
    pub name: String,
    /// Values of the provider's roles claim.
    pub groups: Vec<String>,
    /// The roles of the identity.
    pub roles: Vec<&'static str>,
    /// A comment; may be empty.
    pub comment: String,
    /// The digest that the decision refers to. `None` if the request names none.
    pub digest: Option<String>,
}

impl Decided {
    fn actor(&self) -> Actor<'_> {
        Actor { identity: &self.by, name: &self.name, groups: &self.groups, roles: &self.roles }
    }

    /// Returns the identity for display.
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
    /// The step that needs the approval.
    pub step: usize,
}

/// The pending approvals of a host.
#[derive(Clone)]
pub struct Approvals {
    pub(crate) ctx: Arc<Context>,
}

impl Approvals {
    /// Approves or rejects the step at which a run waits. The decision and its row of the audit log are one
    /// transaction. A refused decision is also in the audit log.
    ///
    /// # Errors
    /// Fails when the run waits for no approval, this identity may not decide, or the store fails.
    pub async fn decide(
        &self,
        execution_id: &str,
        step_id: &str,
        decided: Decided,
        audit: Audit,
    ) -> Result<RunState, HostError> {
        let row = audit.clone();
        match self.try_to_decide(execution_id, step_id, decided, audit).await {
            // A decision that comes too late is refused, too: the run has ended, another decision was faster, or
            // another process works on the run at this moment.
            Err(
                error @ (HostError::Refused(_)
                | HostError::Store(StoreError::Claimed(..) | StoreError::Stale(_))),
            ) => {
                let detail = cut(&format!("step {step_id}: {error}"), MAX_DETAIL);
                let row = Audit { action: "approval.refuse".to_owned(), detail, ..row };
                self.ctx.store.write(vec![Change::Audit(row)]).await?;
                Err(error)
            }
            done => done,
        }
    }

    async fn try_to_decide(
        &self,
        execution_id: &str,
        step_id: &str,
        decided: Decided,
        audit: Audit,
    ) -> Result<RunState, HostError> {
        let state = self.ctx.runs().get(execution_id).await?;
        let Some((step, until, definition)) = asks(&state, step_id) else {
            return Err(not_asking(&state, step_id));
        };
        if let Some(why) = self.may_not_decide(&state, step, &definition, &decided).await? {
            return Err(HostError::Refused(why));
        }
        let now = self.ctx.clock.now();
        let bound = state.steps.get(step).and_then(|step| step.bound.as_ref());
        let digest = bound.map_or("unknown".to_owned(), |bound| bound.digest());
        let said = if decided.comment.is_empty() { String::new() } else { format!(": {}", decided.comment) };
        let audit = Audit { detail: format!("step {step_id}, {digest}{said}"), ..audit };
        let decision = Decision {
            step: step_id.to_owned(),
            until,
            approved: decided.approved,
            by: decided.shown(),
            comment: decided.comment,
            at: now,
        };
        match self.ctx.store.claim_run(execution_id, self.ctx.worker(), now, self.ctx.lease_from(now)).await {
            Err(StoreError::Claimed(..)) if !state.is_top(step) => {
                decision.leave(&self.ctx, execution_id, audit).await?;
                self.wait_for_worker(execution_id, &decision).await
            }
            claim => self.apply(claim?, decision, vec![audit]).await,
        }
    }

    /// Waits until the worker that holds a run has applied a decision. If the worker releases the run meanwhile,
    /// this process applies it.
    ///
    /// # Errors
    /// Fails when the step stops waiting for another reason, or the worker takes too long.
    async fn wait_for_worker(&self, execution_id: &str, decision: &Decision) -> Result<RunState, HostError> {
        for _ in 0..WAITS {
            tokio::time::sleep(WAIT).await;
            let state = self.ctx.runs().get(execution_id).await?;
            if decision.asked(&state).is_none() {
                decision.remove(&self.ctx, execution_id).await?;
                let is_applied = decision.is_applied(&state);
                return if is_applied { Ok(state) } else { Err(not_asking(&state, &decision.step)) };
            }
            let now = self.ctx.clock.now();
            let claim =
                self.ctx.store.claim_run(execution_id, self.ctx.worker(), now, self.ctx.lease_from(now));
            let Ok(claim) = claim.await else { continue };
            let applied = self.apply(claim, decision.clone(), Vec::new()).await;
            decision.remove(&self.ctx, execution_id).await?;
            // The worker may have applied it just before it released the run.
            if !matches!(applied, Err(HostError::Refused(_))) {
                return applied;
            }
        }
        Err(HostError::Busy(format!(
            "the decision about the step `{}` of {execution_id} is stored, but the process that holds the run has not applied it yet; `stepwell runs show {execution_id}` shows when it has",
            decision.step
        )))
    }

    /// Applies a decision to a claimed run, and releases the run.
    async fn apply(
        &self,
        claim: Claim,
        decision: Decision,
        audit: Vec<Audit>,
    ) -> Result<RunState, HostError> {
        let execution_id = claim.run.execution_id.clone();
        let (execution_id, now) = (execution_id.as_str(), decision.at);
        let (queue, fence) = (claim.run.queue.clone(), claim.fence);
        let mut replay = Replay::new(claim.run);
        replay.add(&claim.events);
        self.ctx.runs().read_on(execution_id, claim.next, |events| replay.add(&events)).await?;
        let mut state = replay.end()?;
        let back = |state: &RunState, events: Vec<Event>, next: Next, audit: Vec<Audit>| Commit {
            execution_id: execution_id.to_owned(),
            fence,
            number: 1,
            events,
            logs: Vec::new(),
            forget_checkpoints: Vec::new(),
            status: Some(state.status),
            started_at: state.started_at,
            dead: (next == Next::End).then(|| crate::worker::dead_letter(state, now)).flatten(),
            audit,
            next,
            at: now,
        };
        let Some(step) = decision.asked(&state) else {
            self.ctx.store.commit(back(&state, Vec::new(), Next::Wait(now), Vec::new())).await?;
            return Err(not_asking(&state, &decision.step));
        };
        let event = decision.event(state.key(step), now);
        apply(&mut state, &event)?;
        let next = if state.status.is_terminal() { Next::End } else { Next::Wait(now) };
        let free = self.ctx.store.commit(back(&state, vec![event], next, audit)).await?;
        if next == Next::End && state.run.job.plan().has_locks() {
            let owner = state.lock_owner(None);
            self.ctx.leave_locks(project::of(&state.run.job.id), owner).await;
        }
        self.ctx.wake(free.iter().chain(&queue).map(String::as_str));
        self.ctx.announce_queues(free.into_iter().chain(queue));
        self.ctx.notify_waiters(&state);
        self.ctx.logged(execution_id);
        Ok(state)
    }

    /// Returns the reason to refuse this decision, or `None` when it is allowed.
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
                "the digest {digest} does not match the request of `{id}`: list the approvals, and use the digest that they show"
            )));
        }
        if !decided.approved {
            return Ok(None);
        }
        if approval.separation {
            let run = &state.run;
            if run.started_by.is_empty() && matches!(run.source, Source::Api | Source::Retry { .. }) {
                return Ok(Some(
                    "the user who started the run is unknown, so `separation` does not allow an approval"
                        .to_owned(),
                ));
            }
            let involved = run.started_by.contains(&decided.by)
                || self.ctx.jobs().editors(&run.job).await?.contains(&decided.by);
            if involved {
                let why = "started the run or edited its job, and `separation` requires another approver";
                return Ok(Some(format!("{} {why}", decided.shown())));
            }
        }
        let message = asked.and_then(|step| step.reason.clone()).unwrap_or_default();
        let preparation = self.ctx.preparation();
        let bind = |work: &Work| preparation.bound(state, step, &message, work);
        let now = match self.ctx.evaluated(&state.run.job.id, bind).await {
            Ok(now) => now,
            Err(why) => return Ok(Some(why.to_owned())),
        };
        let changed = |(id, digest): (&String, &String)| {
            let before = bound.and_then(|bound| bound.steps.get(id));
            before.is_some_and(|before| before != digest).then(|| id.clone())
        };
        let changed: Vec<String> = now.steps.iter().filter_map(changed).collect();
        Ok((!changed.is_empty()).then(|| {
            format!(
                "the configuration of {} changed after `{id}` requested the approval: reject it and retry the run to request a new approval",
                changed.join(", ")
            )
        }))
    }

    /// Lists the runs older than `before` that wait for an approval, newest first: all, or those of a
    /// project. Reads at most `limit` waiting runs, and returns the last of them if there are more.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn list(
        &self,
        project: Option<&str>,
        before: Option<String>,
        limit: u32,
    ) -> Result<(Vec<Asking>, Option<String>), HostError> {
        // A run that works on other branches of a group may wait for an approval, too.
        let mut rows = Vec::new();
        for status in [RunStatus::Parked, RunStatus::Running, RunStatus::Waiting] {
            let (project, before) = (project.map(str::to_owned), before.clone());
            let filter = RunFilter { status: Some(status), project, before, limit, ..RunFilter::default() };
            rows.extend(self.ctx.store.list(&filter).await?);
        }
        rows.sort_by(|a, b| b.execution_id.cmp(&a.execution_id));
        rows.truncate(limit as usize);
        let more = rows.len() >= limit as usize;
        let last = rows.last().map(|row| row.execution_id.clone()).filter(|_| more);
        let mut waiting = Vec::new();
        for row in rows {
            // While a run without groups waits for an approval, the request is its last event.
            let asks = match self.ctx.store.latest(&row.execution_id).await {
                Ok((job, events)) => {
                    let in_group =
                        |number: &usize| job.plan().node(*number).is_some_and(|node| node.parent.is_some());
                    job.plan().approvals().iter().any(in_group)
                        || matches!(events.last(), Some(Event::ApprovalRequested { .. }))
                }
                Err(StoreError::NotFound(_)) => false,
                Err(error) => return Err(error.into()),
            };
            if !asks {
                continue;
            }
            let state = match self.ctx.runs().shown(&row.execution_id).await {
                // The run was removed during the loop.
                Err(HostError::Store(StoreError::NotFound(_))) => continue,
                // A worker ends a run that cannot be read. The list shows the others.
                Err(HostError::Illegal(_)) => continue,
                found => found?,
            };
            let steps: Vec<usize> = awaited(&state).map(|(step, _)| step).take(MOST_ASKED).collect();
            waiting.extend(steps.into_iter().map(|step| Asking { state: state.clone(), step }));
        }
        Ok((waiting, last))
    }
}

/// Pauses of a decision that waits for the worker of its run, and their number.
const WAIT: std::time::Duration = std::time::Duration::from_millis(250);
const WAITS: u32 = 40;
/// Maximum bytes of the reason in the row of a refused decision: the name of a step may be of any length.
const MAX_DETAIL: usize = 1000;
/// Maximum number of approvals of one run in a list.
const MOST_ASKED: usize = 100;

/// Returns the approvals that a run waits for, with the ends of their time.
pub(crate) fn awaited(state: &RunState) -> impl Iterator<Item = (usize, Timestamp)> + '_ {
    state.waits().filter(|(step, _)| {
        let parked = state.steps.get(*step).is_some_and(|step| step.status == StepStatus::Parked);
        parked && state.definition(*step).is_some_and(|step| Approval::of(step).is_some())
    })
}

/// Returns the step with that path and the end of its time, if the run waits for its approval.
pub(crate) fn asks(state: &RunState, step_id: &str) -> Option<(usize, Timestamp, Arc<StepDefinition>)> {
    let is =
        |(step, _): &(usize, Timestamp)| state.steps.get(*step).is_some_and(|step| &*step.path == step_id);
    let (step, until) = awaited(state).find(is)?;
    Some((step, until, state.definition(step)?.clone()))
}

/// Returns the reason why a run does not wait for the approval of a step.
pub(crate) fn not_asking(state: &RunState, step_id: &str) -> HostError {
    let execution_id = &state.run.execution_id;
    if !state.steps.iter().any(|step| &*step.path == step_id) {
        return HostError::NoStep(execution_id.clone(), step_id.to_owned());
    }
    HostError::Refused(format!(
        "the step `{step_id}` of {execution_id} is not waiting for an approval; `stepwell approvals list` lists those that wait"
    ))
}
