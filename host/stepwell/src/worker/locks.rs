//! The locks of a run: its worker takes them before an attempt, notices their loss, and releases them after the commit
//! with which their place ended.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};
use stepwell_engine::clock::{self, Timestamp};
use stepwell_engine::job::approval;
use stepwell_engine::job::locks::{LockUse, OnTimeout};
use stepwell_engine::job::{Scope, Work, render};
use stepwell_engine::lock::{Acquire, Answer, Command, End, Held, LockError, Name, Want};
use stepwell_engine::policy::{Capability, Denial, Grant};
use stepwell_engine::run::{
    Event, LockPlace, Locking, RunState, StepKey, StepStatus, TakenLock, named_locks, shortest_park,
};
use stepwell_engine::store::Next;
use stepwell_engine::{Outcome, Produced, Receipt, StepDefinition, StepEnd, job, project};

use super::{Left, Worker};
use crate::HostError;
use crate::audit::of_attempt;
use crate::run_locks::RunLocks;

/// The pause of a run whose locks cannot be read when its worker takes it over.
const UNREADABLE: chrono::Duration = chrono::Duration::seconds(5);
/// The shortest time that a ticket waits further when its back end has another clock.
const SKEW: std::time::Duration = std::time::Duration::from_secs(1);

impl Worker<'_> {
    /// Takes the locks of a place, or lets it wait for them, or ends it without them.
    pub(super) async fn take_locks(&mut self, place: LockPlace, at: Timestamp) -> Result<(), HostError> {
        if let Some(step) =
            place.filter(|_| !self.state.is_gate(place) && self.state.locking(place).is_none())
            && self.state.group(step).is_none()
            && let Some(definition) = self.state.definition(step).cloned()
        {
            match self.skipped(step, &definition).await {
                Ok(Some(reason)) => {
                    return self.push(Event::StepSkipped { step: self.state.key(step), reason, at });
                }
                Ok(None) => {}
                Err(outcome) => return self.refuse_locks(place, outcome, at),
            }
        }
        let locks = match self.wanted(place).await? {
            Ok(locks) => locks,
            Err(outcome) => return self.refuse_locks(place, outcome, at),
        };
        let wants: Vec<Want> = locks.iter().map(|(_, want)| want.clone()).collect();
        let project = self.hold.locks.project.clone();
        let request = self.request_for_locks(place, wants.clone());
        self.places.entry(place).or_default();
        let answer = self.runs.ctx.locks.run(&project, Command::Acquire(Box::new(request)), at).await;
        let step = self.place_key(place);
        match answer {
            Ok(Answer::Acquired { held, .. }) => {
                let locks = taken(&locks, &held);
                self.push(Event::LocksTaken { step, locks, at })?;
                self.expect_locks();
                Ok(())
            }
            Ok(Answer::Waiting { until, .. } | Answer::Resting { again: until, .. }) => {
                self.await_locks(place, wants, until, at).await
            }
            Ok(Answer::Busy { why }) => {
                let message = format!("{} is not free: {why}", named_locks(&wants));
                self.refuse_locks(place, Outcome::LockTimeout { message }, at)
            }
            Ok(Answer::Ended { how: End::TimedOut, .. }) => {
                let message = self.timed_out(place, &wants, at).await;
                self.refuse_locks(place, Outcome::LockTimeout { message }, at)
            }
            Ok(Answer::Ended { how: End::Deadlock(cycle), .. }) => {
                let message = format!("the wait for {} was part of a deadlock: {cycle}", named_locks(&wants));
                self.refuse_locks(place, Outcome::Deadlock { message }, at)
            }
            // The ticket ended before the run knew that it had the locks, or belongs to an earlier form of the request.
            Ok(_) | Err(LockError::TicketUsed(_)) => {
                self.leave(place).await;
                let why = format!("the ticket for {} ended", named_locks(&wants));
                self.push(Event::LocksLost { step, why, at })
            }
            Err(error) if error.is_temporary() || matches!(error, LockError::Failed(_)) => {
                self.postpone(place, &error, at)
            }
            Err(error @ LockError::Limit { .. }) => {
                self.refuse_locks(place, Outcome::LockTimeout { message: error.to_string() }, at)
            }
            Err(error) => {
                let message = format!("`locks`: {error}");
                self.refuse_locks(place, Outcome::InvalidConfig { message }, at)
            }
        }
    }

    fn request_for_locks(&self, place: LockPlace, wants: Vec<Want>) -> Acquire {
        let wait = self.state.lock_wait(place);
        let owner = self.state.lock_owner(place);
        let mut request = Acquire::new(&self.state.lock_ticket(place), owner, wants);
        request.wait = Some(wait.wait).filter(|wait| !wait.is_zero());
        request.priority = wait.priority;
        request.lease = Some(self.runs.ctx.lock_lease());
        let (job, id) = (&self.state.run.job.id, &self.state.run.execution_id);
        request.metadata.insert("job".to_owned(), job.as_str().into());
        request.metadata.insert("run".to_owned(), id.as_str().into());
        if let Some(step) = place.and_then(|step| self.state.steps.get(step)) {
            request.metadata.insert("step".to_owned(), Value::from(&*step.path));
        }
        request
    }

    /// Lets a place wait for its ticket, unless it does already. Frees locks that a run left when it ended.
    async fn await_locks(
        &mut self,
        place: LockPlace,
        wants: Vec<Want>,
        until: Timestamp,
        at: Timestamp,
    ) -> Result<(), HostError> {
        for want in &wants {
            let project = self.hold.locks.project.clone();
            if let Ok(view) = self.runs.ctx.locks.show(&project, &want.name, at).await {
                for holder in view.holders.iter().filter(|holder| holder.actor != self.hold.locks.owner.actor)
                {
                    self.runs.ctx.release_leftover(&project, &holder.actor, &holder.session).await;
                }
            }
        }
        let waits = matches!(self.state.locking(place), Some(Locking::Waits { until, .. }) if *until > at);
        if waits {
            return Ok(());
        }
        // The back end may have another clock.
        let until = until.max(clock::later(at, SKEW));
        self.push(Event::LocksAwaited { step: self.place_key(place), wants, at, until })
    }

    /// Asks again later, because the back end does not answer.
    fn postpone(&mut self, place: LockPlace, error: &LockError, at: Timestamp) -> Result<(), HostError> {
        let since = match self.state.locking(place) {
            Some(Locking::Rests { since, .. }) => *since,
            _ => at,
        };
        let until = clock::later(at, shortest_park((at - since).to_std().unwrap_or_default()));
        let why = format!("the store of locks: {error}");
        tracing::warn!("{why}");
        self.push(Event::LocksPostponed { step: self.place_key(place), why, at, until })
    }

    /// Returns the locks of a place with their names filled in, or the outcome of a place that may not have them.
    async fn wanted(
        &self,
        place: LockPlace,
    ) -> Result<Result<Vec<(Option<String>, Want)>, Outcome>, HostError> {
        let grant = match self.grant_of_locks(place).await? {
            Ok(grant) => grant,
            Err(outcome) => return Ok(Err(outcome)),
        };
        let scope = place.map_or_else(|| self.state.scope_of_job(), |step| self.state.scope(step));
        let locks = self.state.locks_of(place);
        let fill = |work: &Work| locks.iter().map(|lock| filled(lock, &scope, &grant, work)).collect();
        Ok(self.runs.ctx.evaluated(&self.state.run.job.id, fill).await)
    }

    /// Returns the grant that decides about the locks of a place.
    async fn grant_of_locks(&self, place: LockPlace) -> Result<Result<Arc<Grant>, Outcome>, HostError> {
        let preparation = self.runs.ctx.preparation();
        let run = &self.state.run;
        let component = |step: &StepDefinition| !job::is_of_the_engine(&step.step_type);
        let found = place.and_then(|index| Some((index, self.state.definition(index)?.clone())));
        let grant = match &found {
            Some((index, step)) if component(step) => match preparation.component(&self.state, step).await? {
                Ok(component) => preparation.grant_of(&self.state, *index, step, &component),
                Err(outcome) => return Ok(Err(outcome)),
            },
            found => {
                let step = found.as_ref().map(|(_, step)| &**step);
                preparation.decide_locks(project::of(&run.job.id), run.job.definition(), step).map(Arc::new)
            }
        };
        Ok(grant.map_err(|denial| denied(&denial)))
    }

    /// Ends a place without its locks.
    fn refuse_locks(&mut self, place: LockPlace, outcome: Outcome, at: Timestamp) -> Result<(), HostError> {
        let timed_out = matches!(outcome, Outcome::LockTimeout { .. });
        let skips = timed_out && self.state.lock_wait(place).on_timeout == OnTimeout::Skip;
        let reason = format!("its locks were not free in time: {}", outcome.message());
        let Some(step) = place.filter(|_| !self.state.is_gate(place)) else {
            let begun = self.state.steps.iter().any(|step| step.attempt > 0);
            if place.is_none() && skips && !begun && self.state.verdict.is_none() {
                return self.push(Event::Cancelled { at, why: Some(format!("skipped: {reason}")) });
            }
            return self.push(Event::LocksRefused { step: self.place_key(place), outcome, at });
        };
        let key = self.state.key(step);
        let number = self.state.steps.get(step).map_or(0, |step| step.attempt) + 1;
        if skips && number == 1 {
            return self.push(Event::StepSkipped { step: key, reason, at });
        }
        let end = StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() };
        let path = self.state.steps.get(step).map_or_else(String::new, |step| step.path.to_string());
        self.audit_rows.extend(of_attempt(&self.state, &path, (number, at), &end));
        self.push(Event::StepStarted { step: key.clone(), attempt: number, at })?;
        self.push(Event::StepEnded { step: key, attempt: number, end: Arc::new(end), at })
    }

    /// Describes a wait that ran out, with those who have the locks now.
    async fn timed_out(&self, place: LockPlace, wants: &[Want], at: Timestamp) -> String {
        let wait = stepwell_engine::quantity::Span::new(self.state.lock_wait(place).wait);
        let mut held = Vec::new();
        for want in wants {
            let view = self.runs.ctx.locks.show(&self.hold.locks.project, &want.name, at).await;
            let holders = view.map(|view| view.holders).unwrap_or_default();
            held.extend(holders.first().map(|holder| {
                format!(
                    "`{}` holds `{}` since {}",
                    shown(&holder.actor, &holder.part),
                    want.name,
                    clock::short(holder.since)
                )
            }));
        }
        let held = if held.is_empty() { String::new() } else { format!(": {}", held.join("; ")) };
        format!("{} did not become free within {wait}{held}", named_locks(wants))
    }

    fn place_key(&self, place: LockPlace) -> Option<StepKey> {
        place.map(|step| self.state.key(step))
    }
}

/// The looks of a worker at its locks, and their ends.
impl Worker<'_> {
    /// Returns whether the run has locks.
    pub(super) fn has_locks(&self) -> bool {
        self.state.run.job.plan().has_locks()
    }

    /// Returns whether this process may run what a place needs its locks for. The job and groups run no attempt.
    pub(super) fn has_place(&mut self, place: LockPlace, starting: usize) -> bool {
        self.state.is_gate(place) || self.has_permit(starting)
    }

    /// Returns whether a ticket of the run waits.
    pub(super) fn awaits_locks(&self) -> bool {
        self.state.lock_waits().next().is_some()
    }

    /// Compares the locks of a run that this worker has just claimed with those that the back end knows. Returns the time
    /// of the next try when the back end does not answer: nothing may run before that.
    pub(super) async fn resume_locks(&mut self) -> Result<Option<Left>, HostError> {
        let at = self.now();
        self.places = self.state.lockings().map(|(place, _)| (place, Vec::new())).collect();
        let Some(held) = self.verify_locks(at).await? else {
            let until = at + UNREADABLE;
            self.commit(Next::Wait(until)).await?;
            return Ok(Some(Left::Until(until)));
        };
        self.release_unknown(&held, at).await;
        self.look_at_waits(at).await?;
        Ok(None)
    }

    /// Looks at the tickets that wait, and at the locks that the run holds.
    pub(super) async fn look_at_locks(&mut self) -> Result<(), HostError> {
        let at = self.now();
        let may_hold = self.tokens().next().is_some() || self.state.lock_waits().next().is_some();
        if may_hold && let Some(held) = self.verify_locks(at).await? {
            self.release_unknown(&held, at).await;
        }
        self.look_at_waits(at).await
    }

    /// Handles locks that were lost since the last call.
    pub(super) async fn take_losses(&mut self) -> Result<(), HostError> {
        let lost = self.hold.locks.take_lost();
        if lost.is_empty() {
            return Ok(());
        }
        let at = self.now();
        self.lose_where(|token| lost.contains(&token), at).await
    }

    /// Renews the leases of the run, and handles those of its locks that it does not hold any more. Returns the locks that
    /// it holds. `None` when the back end does not answer.
    async fn verify_locks(&mut self, at: Timestamp) -> Result<Option<Vec<Held>>, HostError> {
        let (project, lease) = (self.hold.locks.project.clone(), self.runs.ctx.lock_lease());
        let renew = Command::Renew { owner: self.hold.locks.owner.clone(), lease };
        let held = match self.runs.ctx.locks.run(&project, renew, at).await {
            Ok(Answer::Extended(held)) => held,
            Ok(_) => Vec::new(),
            Err(error) => {
                tracing::warn!("cannot read the locks of the run: {error}");
                return Ok(None);
            }
        };
        let kept: BTreeSet<u64> = held.iter().map(|held| held.token).collect();
        self.lose_where(|token| !kept.contains(&token), at).await?;
        self.expect_locks();
        Ok(Some(held))
    }

    /// Lets the places lose their locks that hold one of these tokens.
    async fn lose_where(&mut self, is_lost: impl Fn(u64) -> bool, at: Timestamp) -> Result<(), HostError> {
        let lost: Vec<(LockPlace, TakenLock, Vec<TakenLock>)> = self
            .state
            .lockings()
            .filter_map(|(place, locking)| match locking {
                Locking::Held(locks) => {
                    let first = locks.iter().find(|lock| is_lost(lock.token))?.clone();
                    let kept = locks.iter().filter(|lock| !is_lost(lock.token)).cloned().collect();
                    Some((place, first, kept))
                }
                _ => None,
            })
            .collect();
        for (place, first, kept) in lost {
            self.lose(place, &first, kept, at).await?;
        }
        Ok(())
    }

    /// Lets a place lose its locks: the attempts within it end, and it takes the locks again before anything else runs.
    async fn lose(
        &mut self,
        place: LockPlace,
        first: &TakenLock,
        kept: Vec<TakenLock>,
        at: Timestamp,
    ) -> Result<(), HostError> {
        let project = self.hold.locks.project.clone();
        let check = self.runs.ctx.locks.check(&project, &first.name, first.token, at).await;
        let why = check.map(|check| check.why).unwrap_or_default();
        let why = match why.is_empty() {
            true => format!("the lock `{}` with token {} was lost", first.name, first.token),
            false => format!("the lock `{}` was lost: {why}", first.name),
        };
        tracing::warn!("{why}");
        self.release(kept).await;
        self.places.remove(&place);
        for (step, attempt) in &mut self.attempts {
            if self.state.is_within(*step, place) {
                attempt.lose_lock(&why);
            }
        }
        self.end_parked(place, &why, at)?;
        // The failure of a step may have ended the place.
        if matches!(self.state.locking(place), Some(Locking::Held(_))) {
            self.push(Event::LocksLost { step: self.place_key(place), why, at })?;
        }
        self.expect_locks();
        Ok(())
    }

    /// Ends the parked steps of a place that loses its locks: the work that they began may continue elsewhere with the
    /// old tokens.
    fn end_parked(&mut self, place: LockPlace, why: &str, at: Timestamp) -> Result<(), HostError> {
        let parked = |state: &RunState| {
            let is_parked = |index: &usize| {
                let step = state.steps.get(*index);
                step.is_some_and(|step| step.status == StepStatus::Parked && step.attempt > 0)
                    && state.is_within(*index, place)
                    && !state.awaits_own_locks(*index)
                    && state.definition(*index).is_some_and(|step| step.step_type != approval::TYPE)
            };
            (0..state.steps.len()).find(is_parked)
        };
        while let Some(step) = parked(&self.state).filter(|_| !self.state.status.is_terminal()) {
            let (key, attempt) =
                (self.state.key(step), self.state.steps.get(step).map_or(1, |step| step.attempt + 1));
            let outcome = Outcome::LockLost { message: why.to_owned() };
            let end = StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() };
            self.push(Event::StepStarted { step: key.clone(), attempt, at })?;
            self.push(Event::StepEnded { step: key, attempt, end: Arc::new(end), at })?;
        }
        Ok(())
    }

    /// Handles the tickets that wait no longer.
    async fn look_at_waits(&mut self, at: Timestamp) -> Result<(), HostError> {
        if self.hold.cancel.is_cancelled() {
            return Ok(());
        }
        let idle = |place: &LockPlace| !self.state.runs_within_place(*place);
        let waits: Vec<LockPlace> = self.state.lock_waits().filter(idle).collect();
        for place in waits {
            let ticket = self.state.lock_ticket(place);
            match self.runs.ctx.locks.ticket(&self.hold.locks.project, &ticket).await {
                Ok(Answer::Waiting { .. } | Answer::Resting { .. }) => {}
                Err(error) if error.is_temporary() || matches!(error, LockError::Failed(_)) => {}
                _ => self.take_locks(place, at).await?,
            }
        }
        Ok(())
    }

    /// Releases locks of places that have ended: a worker died between the commit and the release.
    async fn release_unknown(&mut self, held: &[Held], at: Timestamp) {
        let known: BTreeSet<u64> = self.tokens().collect();
        let (project, by) = (self.hold.locks.project.clone(), self.hold.locks.owner.actor.clone());
        for Held { name, token, .. } in held.iter().filter(|held| !known.contains(&held.token)) {
            let Ok(view) = self.runs.ctx.locks.show(&project, name, at).await else { continue };
            let Some(holder) = view.holders.into_iter().find(|holder| holder.token == *token) else {
                continue;
            };
            let place = if holder.part.is_empty() { None } else { self.state.lock_place(&holder.part) };
            // The next request for the locks of this place gets them, if there is one: a process that stalled may have
            // taken them for a step that has ended by now.
            let is_open =
                place.and_then(|index| self.state.steps.get(index)).is_none_or(|step| step.is_open());
            if is_open && holder.ticket == self.state.lock_ticket(place) {
                continue;
            }
            let release = Command::Release { name: name.clone(), token: *token, by: by.clone() };
            let _ = self.runs.ctx.locks.run(&project, release, at).await;
        }
    }

    /// Returns the tokens of the run.
    fn tokens(&self) -> impl Iterator<Item = u64> + '_ {
        self.state.lockings().flat_map(|(_, locking)| match locking {
            Locking::Held(locks) => locks.iter().map(|lock| lock.token).collect::<Vec<_>>(),
            _ => Vec::new(),
        })
    }

    /// Tells the renewals which tokens the run holds.
    fn expect_locks(&mut self) {
        for (place, locking) in self.state.lockings() {
            if let Locking::Held(locks) = locking {
                self.places.insert(place, locks.to_vec());
            }
        }
        let until = clock::later(self.now(), self.runs.ctx.lock_lease());
        self.hold.locks.expect(self.tokens().collect(), until);
    }

    /// Releases the locks of the places that have ended with the last commit.
    pub(super) async fn leave_ended(&mut self) {
        if self.places.is_empty() {
            return;
        }
        let state = &self.state;
        let is_gone = |place: &LockPlace| state.locking(*place).is_none();
        // A step within a group keeps its locks until its own end.
        let has_inner = |place: &LockPlace| {
            let inner = self.places.keys().flatten().filter(|step| Some(**step) != *place);
            inner.copied().any(|step| !is_gone(&Some(step)) && state.is_within(step, *place))
        };
        let ended = self.places.keys().copied().filter(|place| is_gone(place) && !has_inner(place));
        let ended: Vec<LockPlace> = ended.collect();
        if ended.is_empty() {
            return;
        }
        for place in ended {
            self.leave(place).await;
        }
        self.expect_locks();
    }

    /// Releases everything that a place holds or waits for.
    async fn leave(&mut self, place: LockPlace) {
        let (project, owner) = (self.hold.locks.project.clone(), self.state.lock_owner(place));
        if self.state.is_gate(place) && !self.state.status.is_terminal() {
            // The steps within it keep their locks.
            let (ticket, by) = (self.state.lock_ticket(place), owner.actor);
            let _ = self.runs.ctx.locks.run(&project, Command::Cancel { ticket, by }, self.now()).await;
            let held = self.places.remove(&place).unwrap_or_default();
            return self.release(held).await;
        }
        if self.runs.ctx.leave_locks(&project, owner).await {
            self.places.remove(&place);
        }
    }

    /// Releases single locks. Some of them may be lost already.
    async fn release(&self, locks: Vec<TakenLock>) {
        let RunLocks { project, owner, .. } = &self.hold.locks;
        for TakenLock { name, token, .. } in locks {
            let release = Command::Release { name, token, by: owner.actor.clone() };
            let _ = self.runs.ctx.locks.run(project, release, self.now()).await;
        }
    }

    /// Releases everything that a run with locks has, after its end.
    pub(super) async fn leave_all(&mut self) {
        if self.has_locks() {
            let (project, owner) = (self.hold.locks.project.clone(), self.hold.locks.owner.clone());
            self.hold.locks.expect(BTreeSet::new(), self.now());
            self.runs.ctx.leave_locks(&project, owner).await;
        }
    }

    /// Prepares the locks of a run for a wait until then, and returns the time until which it may wait.
    pub(super) async fn park_locks(&mut self, until: Timestamp) -> Timestamp {
        if !self.has_locks() {
            return until;
        }
        let now = self.now();
        let mut until = until;
        if self.awaits_locks() {
            until = self.runs.ctx.lock_look(self.state.run.queue.is_some(), until, now);
        }
        if self.tokens().next().is_none() {
            return until;
        }
        let (until, lease) = self.runs.ctx.lock_pause(until, now);
        let (project, owner) = (self.hold.locks.project.clone(), self.hold.locks.owner.clone());
        // The next worker compares: without this renewal, it may have to take the locks again.
        if let Err(error) = self.runs.ctx.locks.run(&project, Command::Renew { owner, lease }, now).await {
            tracing::warn!("cannot renew the locks of the run for its wait: {error}");
        }
        until
    }

    /// Wakes a run that waits for locks when one of its tickets changed while the run was being released.
    pub(super) async fn wake_if_granted(&self) {
        for place in self.state.lock_waits() {
            let ticket = self.state.lock_ticket(place);
            let answer = self.runs.ctx.locks.ticket(&self.hold.locks.project, &ticket).await;
            if !matches!(answer, Ok(Answer::Waiting { .. } | Answer::Resting { .. }) | Err(_)) {
                return self.runs.ctx.wake_run(&self.hold.execution_id).await;
            }
        }
    }
}

/// Returns a lock with its name filled in, if policy grants it.
fn filled(
    lock: &LockUse,
    scope: &Scope,
    grant: &Grant,
    work: &Work,
) -> Result<(Option<String>, Want), Outcome> {
    let invalid = |why: String| Outcome::InvalidConfig { message: format!("`locks`: {why}") };
    let name =
        render(&Value::from(lock.name.as_str()), scope, work).map_err(|error| invalid(error.to_string()))?;
    let name = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
    let name = Name::new(&name).map_err(|error| invalid(error.to_string()))?;
    if let Some(denial) = grant.refuse_name(Capability::Locks, name.as_str()) {
        return Err(denied(&denial));
    }
    Ok((lock.key().map(str::to_owned), Want::new(name, lock.mode)))
}

fn denied(denial: &Denial) -> Outcome {
    Outcome::Denied { rule: denial.rule.id().to_owned(), message: denial.in_full() }
}

/// Returns the locks with their tokens.
fn taken(locks: &[(Option<String>, Want)], held: &[Held]) -> Vec<TakenLock> {
    let token = |name: &Name| held.iter().find(|held| held.name == *name).map_or(0, |held| held.token);
    let taken = locks.iter().map(|(key, want)| TakenLock {
        key: key.clone(),
        name: want.name.clone(),
        mode: want.mode,
        token: token(&want.name),
    });
    taken.collect()
}

/// Names a holder for people.
pub(crate) fn shown(actor: &str, part: &str) -> String {
    if part.is_empty() { actor.to_owned() } else { format!("{actor} ({part})") }
}

/// Adds the locks that a step sees to the variables that it can read.
pub(super) fn with_locks(
    variables: Arc<Map<String, Value>>,
    locks: Map<String, Value>,
) -> Arc<Map<String, Value>> {
    if locks.is_empty() {
        return variables;
    }
    let mut all = Map::clone(&variables);
    all.extend(locks.into_iter().map(|(key, lock)| (format!("locks.{key}"), lock)));
    Arc::new(all)
}
