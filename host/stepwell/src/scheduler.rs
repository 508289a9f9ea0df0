//! The scheduler: fires the due schedules of the queues that this process is the scheduler of.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::contain::contained;
use stepwell_engine::run::{Admission, admit};
use stepwell_engine::schedule::{self, Decision, Fire, RunOverlap, Timetable, Watch};
use stepwell_engine::store::{FireBatch, LedgerRow, NewFire, ScheduleRow, Source};

use crate::HostError;
use crate::schedules::{Schedules, unreadable};
use crate::service::POLL;

/// The maximum interval between two rounds of a scheduler that counts as watching.
const BREAK: Duration = Duration::from_secs(5);
/// The number of schedules that the scheduler fires per transaction.
const SCHEDULES: u32 = 256;
/// The maximum number of fires of one schedule per transaction.
const FIRES: usize = 500;

/// The result of a round of the scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fired {
    /// Everything that was due has fired.
    All,
    /// More may be due.
    More,
    /// The fires of some schedules could not be written.
    NotAll,
}

impl Schedules {
    /// Fires the due schedules of the queues that this process is the scheduler of, and sleeps until the
    /// next.
    pub(crate) async fn schedule_loop(&self) {
        let mut timetables = Timetables::default();
        let notify = self.ctx.node.schedules.clone();
        let lease = self.ctx.settings().config.service.lease.0;
        let mut leased: Option<Timestamp> = None;
        // The time since which the scheduler has been watching, and the time of its last round.
        let mut watching: Option<(Timestamp, Timestamp)> = None;
        while !self.ctx.is_draining() {
            let now = self.ctx.clock.now();
            let unbroken =
                watching.filter(|(_, looked)| (now - *looked).to_std().unwrap_or_default() < BREAK);
            let since = unbroken.map_or(now, |(since, _)| since);
            // A process that was suspended for long may find that another process has taken over.
            if leased.is_none_or(|at| (now - at).to_std().unwrap_or(lease) >= lease / 5) {
                match self.ctx.store.lease_schedulers(self.ctx.worker(), now, self.ctx.lease_from(now)).await
                {
                    Ok(queues) => {
                        leased = Some(now);
                        *self.ctx.node.leases.lock() = queues;
                    }
                    Err(error) => tracing::warn!("scheduler: {error}"),
                }
            }
            let fired = self.fire_due(&mut timetables, since).await;
            if fired.is_ok() {
                watching = Some((since, now));
            }
            let filled = self.fill_backfills(&mut timetables).await;
            let pause = match (fired, filled) {
                (Ok(Fired::More), _) | (_, Ok(true)) => continue,
                (Err(error), _) | (_, Err(error)) => {
                    tracing::warn!("scheduler: {error}");
                    POLL
                }
                // The schedules that failed are still due.
                (Ok(Fired::NotAll), _) => POLL,
                _ => {
                    let next = self.ctx.store.next_schedule(Some(self.ctx.worker())).await.ok().flatten();
                    let until =
                        next.map_or(POLL, |next| (next - self.ctx.clock.now()).to_std().unwrap_or_default());
                    // If a due schedule did not fire, it now belongs to another scheduler.
                    until.clamp(Duration::from_millis(2), POLL)
                }
            };
            if self.ctx.sleep_or(&notify, pause).await {
                // A queue without schedules may now have one.
                leased = None;
            }
        }
    }

    /// Fires the due schedules, as a scheduler that has been watching since `since`.
    pub(crate) async fn fire_due(
        &self,
        timetables: &mut Timetables,
        since: Timestamp,
    ) -> Result<Fired, HostError> {
        let now = self.ctx.clock.now();
        let rows = self.ctx.store.due_schedules(self.ctx.worker(), now, SCHEDULES).await?;
        let mut more = rows.len() == SCHEDULES as usize;
        let mut batches = Vec::new();
        for row in rows {
            let batch = self.batch(&row, timetables, Watch { since, now });
            more |= batch.next.is_some_and(|next| next <= now);
            batches.push(batch);
        }
        Ok(match (self.fire_apart(batches).await?, more) {
            (false, _) => Fired::NotAll,
            (true, true) => Fired::More,
            (true, false) => Fired::All,
        })
    }

    /// Fires batches in one transaction, or, if that fails, each on its own: a schedule whose fires cannot be
    /// written does not stop the others. Returns whether all were written.
    async fn fire_apart(&self, mut batches: Vec<FireBatch>) -> Result<bool, HostError> {
        let error = match self.fire(&mut batches).await {
            Ok(()) => return Ok(true),
            Err(error) => error,
        };
        if matches!(&error, HostError::Store(error) if error.is_temporary()) {
            return Err(error);
        }
        let mut all = true;
        for batch in batches {
            let job = batch.job_id.clone();
            if let Err(error) = self.fire(&mut [batch]).await {
                self.ctx.measures.schedule_failed();
                tracing::error!(job = %job, "the fires of the schedule cannot be written: {error}");
                all = false;
            }
        }
        Ok(all)
    }

    /// Decides about the due fires of a schedule. A schedule that cannot be evaluated waits for a minute, and
    /// stops no other schedule.
    pub(crate) fn batch(&self, row: &ScheduleRow, timetables: &mut Timetables, watch: Watch) -> FireBatch {
        let why = match contained(|| self.decided(row, timetables, watch)) {
            Ok(Ok(batch)) => return batch,
            // For instance, the configuration has lost a calendar of the schedule.
            Ok(Err(error)) => error.to_string(),
            Err(panicked) => format!("a fault of Stepwell: {}", panicked.0),
        };
        self.ctx.measures.schedule_failed();
        tracing::error!(job = %row.job_id, "the schedule of the job cannot be evaluated, and waits: {why}");
        FireBatch {
            job_id: row.job_id.clone(),
            expect: Some(row.cursor),
            cursor: row.cursor,
            next: Some(watch.now + chrono::Duration::minutes(1)),
            fires: Vec::new(),
            audit: None,
        }
    }

    fn decided(
        &self,
        row: &ScheduleRow,
        timetables: &mut Timetables,
        watch: Watch,
    ) -> Result<FireBatch, HostError> {
        let schedule = row.job.schedule.as_ref().ok_or_else(|| unreadable(row))?;
        let timetable = timetables.of(self, row)?;
        let due = schedule::due(&timetable, schedule, row.cursor, row.paused.as_deref(), watch, FIRES);
        let admission = |nominal| Admission { source: Source::Schedule { nominal }, ..Admission::default() };
        let fires =
            due.fires.iter().map(|fire| self.new_fire(row, fire, admission, schedule.overlap, watch.now));
        Ok(FireBatch {
            job_id: row.job_id.clone(),
            expect: Some(row.cursor),
            cursor: due.cursor,
            fires: fires.collect(),
            audit: None,
            next: due.next,
        })
    }

    /// Creates a fire: its row, and its run if the decision admits one.
    pub(crate) fn new_fire(
        &self,
        schedule: &ScheduleRow,
        fire: &Fire,
        admission: impl Fn(String) -> Admission,
        overlap: RunOverlap,
        now: Timestamp,
    ) -> NewFire {
        let nominal = fire.nominal.name();
        let mut row = LedgerRow {
            job_id: schedule.job_id.clone(),
            nominal: nominal.clone(),
            due_at: fire.nominal.at,
            decision: fire.decision,
            reason: match fire.reason.as_str() {
                "" => fire.nominal.note().to_owned(),
                reason => reason.to_owned(),
            },
            execution_id: None,
            decided_at: now,
        };
        if !matches!(fire.decision, Decision::Admitted | Decision::Backfilled) {
            return NewFire { row, run: None, overlap };
        }
        let admission = Admission { due: Some(fire.due), ..admission(nominal) };
        let admitted = admit(&schedule.job, admission, self.ctx.next_id(now), now).map_err(HostError::from);
        match admitted.and_then(|run| self.ctx.runs().ranked(run)) {
            Ok(run) => {
                row.execution_id = Some(run.execution_id.clone());
                NewFire { row, run: Some(run), overlap }
            }
            Err(error) => {
                row.decision = Decision::Refused;
                row.reason = error.to_string();
                NewFire { row, run: None, overlap }
            }
        }
    }

    /// Writes fires and their runs. Another process may have created a run with the same id in the same second:
    /// then the runs of `batches` get new ids.
    pub(crate) async fn fire(&self, batches: &mut [FireBatch]) -> Result<(), HostError> {
        loop {
            match self.fire_as_numbered(batches.to_vec()).await {
                Err(HostError::Store(StoreError::Exists(_))) => self.number_again(batches),
                fired => return fired,
            }
        }
    }

    fn number_again(&self, batches: &mut [FireBatch]) {
        for fire in batches.iter_mut().flat_map(|batch| &mut batch.fires) {
            if let Some(run) = &mut fire.run {
                run.execution_id = self.ctx.next_id(run.created_at);
                fire.row.execution_id = Some(run.execution_id.clone());
            }
        }
    }

    /// Writes fires and their runs. Fails when another process has created a run with one of the ids.
    pub(crate) async fn fire_as_numbered(&self, batches: Vec<FireBatch>) -> Result<(), HostError> {
        if batches.is_empty() {
            return Ok(());
        }
        let queues: BTreeSet<String> =
            batches.iter().flat_map(|b| &b.fires).filter_map(|f| f.run.as_ref()?.queue.clone()).collect();
        let runs = batches.iter().flat_map(|batch| &batch.fires).filter_map(|fire| fire.run.as_ref());
        self.ctx.steps().keep_components(runs).await?;
        for fired in self.ctx.timed("fire", self.ctx.store.fire(batches)).await? {
            self.ctx.cancel_held(&fired.to_cancel, "replaced by a later run");
        }
        queues.iter().for_each(|queue| self.ctx.serve_queue(queue));
        self.ctx.wake(queues.iter().map(String::as_str));
        self.ctx.announce_queues(queues);
        Ok(())
    }
}

/// The cached timetables, by job and by the time of the last change of the schedule.
#[derive(Default)]
pub(crate) struct Timetables(HashMap<(String, Timestamp), Arc<Timetable>>);

impl Timetables {
    /// The maximum number of cached timetables. A new one takes microseconds.
    const MOST: usize = 200_000;

    pub(crate) fn of(
        &mut self,
        schedules: &Schedules,
        row: &ScheduleRow,
    ) -> Result<Arc<Timetable>, HostError> {
        let key = (row.job.digest().to_owned(), row.made);
        if let Some(found) = self.0.get(&key) {
            return Ok(found.clone());
        }
        let timetable = Arc::new(schedules.timetable_of(row)?);
        if self.0.len() >= Self::MOST {
            self.0.clear();
        }
        self.0.insert(key, timetable.clone());
        Ok(timetable)
    }
}
