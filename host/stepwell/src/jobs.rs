//! Jobs that are kept, their schedules, and backfills.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::Job;
use stepwell_engine::schedule::{self, Decision, Nominal, RunOverlap, Timetable, Watch, zone};
use stepwell_engine::store::{
    Audit, Change, Expect, FireBatch, Kind, LedgerFilter, LedgerRow, NewFire, Record, ScheduleRow, Source,
};
use stepwell_engine::{Diagnostic, JobDefinition, StoreError};

use crate::service::Timetables;
use crate::{Host, HostError, editors};

/// A stored job.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredJob {
    /// What it does.
    pub job: Arc<Job>,
    /// Counts its changes, from 1.
    pub version: u64,
    /// Its schedule, if it has one.
    pub schedule: Option<ScheduleRow>,
}

/// A future fire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Preview {
    /// The nominal time: wall time with its offset.
    pub nominal: String,
    /// The due time (UTC), including its jitter.
    pub due_at: Timestamp,
    /// The decision: `admitted`, `gap`, `coalesced` or `blackout`.
    pub decision: Decision,
    /// The reason, and the effect of a clock change on the fire.
    pub note: String,
}

/// A backfill of a range of past fires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Backfill {
    /// The id of the backfill.
    pub id: String,
    /// The id of the job.
    pub job_id: String,
    /// The start of the range.
    pub from: Timestamp,
    /// The end of the range, exclusive.
    pub to: Timestamp,
    /// The status of the backfill.
    pub state: BackfillState,
    /// Number of fires in the range to run.
    pub total: u64,
    /// Number of decided fires.
    pub done: u64,
    /// The time before which every fire is decided.
    pub cursor: Timestamp,
    /// The priority of its runs.
    pub priority: u8,
    /// The actor who started it.
    pub by: String,
    /// The same actor, as `by` of the audit log.
    #[serde(default)]
    pub identity: String,
    /// The time at which it was started.
    pub created_at: Timestamp,
}

/// The status of a backfill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackfillState {
    /// Its runs are being admitted.
    Running,
    /// All of its runs are admitted.
    Done,
    /// The backfill was cancelled; admitted runs continue.
    Cancelled,
}

impl BackfillState {
    /// The name as it stands in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The plan of a backfill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BackfillPlan {
    /// Fires that would run: at most the first 1000.
    pub to_run: Vec<Preview>,
    /// Number of fires that would run.
    pub total: u64,
    /// Number of fires in the range that have run already.
    pub ran_already: usize,
}

/// Most fires that are shown at once.
const MOST_SHOWN: usize = 1000;
/// Most fires of one backfill.
const MOST: usize = 100_000;
/// Jobs that are read at once, and bytes of their definitions after which a list ends.
const JOBS: usize = 16;
const MOST_BYTES: usize = 4 << 20;
/// Fires that a backfill admits in one go.
const CHUNK: usize = 100;

impl Host {
    /// Keeps a job, and its schedule with it. Fires that have come by the old schedule are decided first.
    ///
    /// # Errors
    /// When the version is another, the schedule is no schedule, or the store failed.
    pub async fn put_job(
        &self,
        job: &Arc<Job>,
        expect: Expect,
        audit: Audit,
    ) -> Result<StoredJob, HostError> {
        if let Some(old) = self.store.schedule(&job.id).await? {
            self.catch_up(&old).await?;
        }
        if let Ok(same) = self.job(&job.id).await
            && same.job.digest() == job.digest()
            && expect.allows(same.version)
        {
            // Nothing changes, so nothing gets another version.
            return Ok(same);
        }
        let now = self.clock.now();
        let by = audit.by.clone();
        let value: Value = serde_json::from_str(job.text()).unwrap_or_default();
        let state = if job.schedule.is_some() { "scheduled" } else { "on_demand" };
        let mut changes = vec![
            Change::Put { kind: Kind::Job, id: job.id.clone(), state: state.to_owned(), value, expect },
            Change::Audit(audit),
        ];
        let old = self.store.schedule(&job.id).await?;
        let row = match self.timetable(job, now)? {
            Some(timetable) => {
                // A schedule that has not changed goes on where it was.
                let kept = old
                    .as_ref()
                    .filter(|old| old.job.schedule == job.schedule && old.job.timezone == job.timezone);
                let (made, cursor) = kept.map_or((now, now), |old| (old.made, old.cursor));
                let timetable =
                    if kept.is_some() { self.timetable(job, made)?.unwrap_or(timetable) } else { timetable };
                let next = job.enabled.then(|| timetable.next(cursor)).flatten();
                let next = next.and_then(|group| group.first().map(|first| first.at));
                let paused = old.and_then(|old| old.paused);
                Some(ScheduleRow { job_id: job.id.clone(), job: job.clone(), made, cursor, next, paused })
            }
            None => None,
        };
        changes.push(match &row {
            Some(row) => Change::PutSchedule(row.clone()),
            None => Change::RemoveSchedule(job.id.clone()),
        });
        for _ in 0..editors::TRIES {
            let edited = self.edited_by(job, &by).await?;
            match self.store.write(changes.iter().cloned().chain([edited]).collect()).await {
                // Somebody else stored the job meanwhile: who they are is not lost.
                Err(StoreError::Conflict(what, _) | StoreError::AlreadyThere(what, _))
                    if what == Kind::Editors.name() => {}
                written => {
                    written?;
                    self.schedules_changed();
                    return self.job(&job.id).await;
                }
            }
        }
        Err(StoreError::Conflict(Kind::Job.name(), job.id.clone()).into())
    }

    /// Decides about what has come of one schedule.
    async fn catch_up(&self, row: &ScheduleRow) -> Result<(), HostError> {
        let mut row = row.clone();
        let mut timetables = Timetables::default();
        while row.next.is_some_and(|next| next <= self.clock.now()) {
            let batch = self.batch(&row, &mut timetables, Watch::always(self.clock.now()));
            (row.cursor, row.next) = (batch.cursor, batch.next);
            self.fire(vec![batch]).await?;
        }
        Ok(())
    }

    /// A stored job.
    ///
    /// # Errors
    /// When there is none of that id, or the store failed.
    pub async fn job(&self, id: &str) -> Result<StoredJob, HostError> {
        let missing = || StoreError::NoRecord(Kind::Job.name(), id.to_owned());
        let record = self.store.record(Kind::Job, id).await?.ok_or_else(missing)?;
        self.stored(record).await
    }

    async fn stored(&self, record: Record) -> Result<StoredJob, HostError> {
        let definition: JobDefinition = serde_json::from_value(record.value)
            .map_err(|error| StoreError::Failed(format!("the job {} cannot be read: {error}", record.id)))?;
        let schedule = self.store.schedule(&record.id).await?;
        Ok(StoredJob { job: Arc::new(definition.into()), version: record.version, schedule })
    }

    /// Jobs by id, after `after`: at most `limit`, and fewer where they are long. There are no more when none comes.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn jobs(&self, after: &str, limit: u32) -> Result<Vec<StoredJob>, HostError> {
        let (mut jobs, mut bytes, mut after) = (Vec::new(), 0, after.to_owned());
        while bytes <= MOST_BYTES && jobs.len() < limit as usize {
            let chunk = (limit as usize).saturating_sub(jobs.len()).min(JOBS);
            let records = self.store.records(Kind::Job, None, &after, chunk as u32).await?;
            if records.is_empty() {
                break;
            }
            for record in records {
                after.clone_from(&record.id);
                let stored = self.stored(record).await?;
                bytes += stored.job.text().len();
                jobs.push(stored);
            }
        }
        Ok(jobs)
    }

    /// Removes a job and its schedule. Its runs and its ledger stay.
    ///
    /// # Errors
    /// When there is none of that id, the version is another, or the store failed.
    pub async fn delete_job(&self, id: &str, expect: Expect, audit: Audit) -> Result<(), HostError> {
        let changes = vec![
            Change::Remove { kind: Kind::Job, id: id.to_owned(), expect },
            Change::RemoveSchedule(id.to_owned()),
            Change::Audit(audit),
        ];
        Ok(self.store.write(changes).await?)
    }

    /// Pauses a schedule, or resumes it. What comes meanwhile is noted in the ledger as paused.
    ///
    /// # Errors
    /// When the job has no schedule, or the store failed.
    pub async fn pause_schedule(
        &self,
        job_id: &str,
        paused: Option<String>,
        audit: Audit,
    ) -> Result<(), HostError> {
        if let Some(row) = self.store.schedule(job_id).await? {
            self.catch_up(&row).await?;
        }
        let pause = Change::PauseSchedule { job_id: job_id.to_owned(), paused };
        self.store.write(vec![pause, Change::Audit(audit)]).await?;
        self.schedules_changed();
        Ok(())
    }

    /// The timetable of a job; none when it has no schedule.
    pub(crate) fn timetable(
        &self,
        job: &JobDefinition,
        made: Timestamp,
    ) -> Result<Option<Timetable>, HostError> {
        let Some(schedule) = &job.schedule else { return Ok(None) };
        let zone = job.timezone.parse().unwrap_or(chrono_tz::UTC);
        Timetable::new(&job.id, schedule, zone, &self.settings().config.calendars, made).map(Some).map_err(
            |problems| {
                let told = problems.into_iter().map(|(key, message)| {
                    Diagnostic::without_place(&format!("the job {}, schedule {key}", job.id), message)
                });
                HostError::Invalid(stepwell_engine::Diagnostics(told.collect()))
            },
        )
    }

    /// The next fires of a job.
    ///
    /// # Errors
    /// When its schedule is no schedule, or it is asked for too many fires, or for those of another age.
    pub fn preview(
        &self,
        job: &JobDefinition,
        from: Timestamp,
        count: usize,
    ) -> Result<Vec<Preview>, HostError> {
        if !(1..=MOST_SHOWN).contains(&count) {
            let message = format!("must be between 1 and {MOST_SHOWN}, not {count}");
            return Err(HostError::Argument("count", message));
        }
        schedule::check_range(from, self.clock.now()).map_err(|why| HostError::Argument("from", why))?;
        let Some(timetable) = self.timetable(job, from)? else { return Ok(Vec::new()) };
        let mut coming = Vec::new();
        let mut after = from;
        while coming.len() < count {
            let Some(group) = timetable.next(after) else { break };
            let Some(at) = group.first().map(|first| first.at) else { break };
            coming.extend(
                schedule::backfill(&timetable, at, at + chrono::Duration::milliseconds(1), count).iter().map(
                    |fire| {
                        let mut shown = shown(&fire.nominal, fire.decision, &fire.reason);
                        shown.due_at = timetable.due_at(&fire.nominal);
                        shown
                    },
                ),
            );
            after = at;
        }
        coming.truncate(count);
        Ok(coming)
    }

    /// The changes of the clocks of a job's zone that its next fires may meet: when, and by how much.
    pub fn transitions(&self, job: &JobDefinition, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, i32)> {
        let zone = job.timezone.parse().unwrap_or(chrono_tz::UTC);
        // A year of hours is looked through in microseconds.
        let to = to.min(from + chrono::Duration::days(400));
        zone::changes(zone, from, to).into_iter().map(|(at, before, after)| (at, after - before)).collect()
    }

    /// Rows of the fire ledger, the latest fire first.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn ledger(&self, filter: &LedgerFilter) -> Result<Vec<LedgerRow>, HostError> {
        Ok(self.store.ledger(filter).await?)
    }

    /// Has one run of a job at a time to come, with its row in the ledger.
    ///
    /// # Errors
    /// As [`Host::enqueue`].
    pub async fn schedule_once(
        &self,
        job: &Arc<Job>,
        at: Timestamp,
        audit: Audit,
    ) -> Result<String, HostError> {
        let now = self.clock.now();
        schedule::check_once(at, now).map_err(|why| HostError::Argument("scheduled_time", why))?;
        let zone: chrono_tz::Tz = job.timezone.parse().unwrap_or(chrono_tz::UTC);
        let nominal = Nominal { wall: at.with_timezone(&zone).fixed_offset(), at, transition: None };
        let row = ScheduleRow {
            job_id: job.id.clone(),
            job: job.clone(),
            made: now,
            cursor: now,
            next: None,
            paused: None,
        };
        let fire =
            schedule::Fire { nominal, decision: Decision::Admitted, reason: "once".to_owned(), due: at };
        // Several at one time are several fires: the number tells them apart.
        let id = loop {
            let mut new = self.new_fire(&row, &fire, |_| Source::Api, None, RunOverlap::Allow, now);
            new.run.iter_mut().for_each(|run| run.started_by.push(audit.by.clone()));
            let Some(id) = new.row.execution_id.clone() else {
                return Err(HostError::Refused(new.row.reason));
            };
            let new =
                NewFire { row: LedgerRow { nominal: format!("{} {id}", new.row.nominal), ..new.row }, ..new };
            let batch =
                FireBatch { job_id: job.id.clone(), expect: None, cursor: now, next: None, fires: vec![new] };
            match self.fire(vec![batch]).await {
                // Another process made a run with this id in this second.
                Err(HostError::Store(StoreError::Exists(_))) => {}
                fired => break fired.map(|()| id)?,
            }
        };
        let audit = Audit { target: id.clone(), ..audit };
        self.store.write(vec![Change::Audit(audit)]).await?;
        match self.store.row(&id).await {
            Err(StoreError::NotFound(_)) => {
                let full =
                    self.settings().queues.settings(&job.timezone).map_or(0, |settings| settings.max_waiting);
                Err(StoreError::QueueFull(job.timezone.clone(), full).into())
            }
            row => Ok(row?.execution_id),
        }
    }

    /// What a backfill of that range would run.
    ///
    /// # Errors
    /// When the job has no schedule, the range is wrong, or the store failed.
    pub async fn plan_backfill(
        &self,
        job_id: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<BackfillPlan, HostError> {
        let (row, timetable) = self.backfilled(job_id, from, to).await?;
        let fires = schedule::backfill(&timetable, from, to.min(row.cursor), MOST + 1);
        if fires.len() > MOST {
            let message = format!("the range has more than {MOST} fires: run it in smaller ranges");
            return Err(HostError::Argument("to", message));
        }
        let ran = self.ran(job_id, from, to).await?;
        let mut plan = BackfillPlan { to_run: Vec::new(), total: 0, ran_already: 0 };
        for fire in fires.iter().filter(|fire| fire.decision == Decision::Backfilled) {
            match ran.contains(&fire.nominal.name()) {
                true => plan.ran_already += 1,
                false => {
                    plan.total += 1;
                    if plan.to_run.len() < MOST_SHOWN {
                        plan.to_run.push(shown(&fire.nominal, fire.decision, &fire.reason));
                    }
                }
            }
        }
        Ok(plan)
    }

    async fn backfilled(
        &self,
        job_id: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<(ScheduleRow, Timetable), HostError> {
        let now = self.clock.now();
        for (name, at) in [("from", from), ("to", to)] {
            schedule::check_range(at, now).map_err(|why| HostError::Argument(name, why))?;
        }
        if to <= from {
            return Err(HostError::Argument("to", "must be after `from`".to_owned()));
        }
        if from > now {
            let message = "must be in the past: the schedule itself runs what is to come";
            return Err(HostError::Argument("from", message.to_owned()));
        }
        let none = || {
            HostError::Refused(format!("the job `{job_id}` has no schedule: there is nothing to backfill"))
        };
        let row = self.job(job_id).await?.schedule.ok_or_else(none)?;
        let timetable = self.timetable(&row.job, row.made)?.ok_or_else(none)?;
        Ok((row, timetable))
    }

    /// Fires of the range that have a run.
    async fn ran(
        &self,
        job_id: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<std::collections::BTreeSet<String>, HostError> {
        let filter = LedgerFilter {
            job_id: Some(job_id.to_owned()),
            from: Some(from),
            to: Some(to),
            limit: u32::MAX,
            ..LedgerFilter::default()
        };
        let rows = self.store.ledger(&filter).await?;
        Ok(rows.into_iter().filter(|row| row.execution_id.is_some()).map(|row| row.nominal).collect())
    }

    /// Runs the fires of a range that have no run yet.
    ///
    /// # Errors
    /// As [`Host::plan_backfill`].
    pub async fn start_backfill(
        &self,
        job_id: &str,
        from: Timestamp,
        to: Timestamp,
        priority: u8,
        audit: Audit,
    ) -> Result<Backfill, HostError> {
        let plan = self.plan_backfill(job_id, from, to).await?;
        let now = self.clock.now();
        let backfill = Backfill {
            id: self.next_id(now).replacen("exec_", "fill_", 1),
            job_id: job_id.to_owned(),
            from,
            to,
            state: BackfillState::Running,
            total: plan.total,
            done: 0,
            cursor: from,
            priority: priority.min(9),
            by: audit.who().to_owned(),
            identity: audit.by.clone(),
            created_at: now,
        };
        let audit = Audit { detail: backfill.id.clone(), ..audit };
        self.store.write(vec![put(&backfill, Expect::Absent), Change::Audit(audit)]).await?;
        self.schedules_changed();
        Ok(backfill)
    }

    /// Stops a backfill; what it has admitted runs.
    ///
    /// # Errors
    /// When there is none of that id, it has ended, or the store failed.
    pub async fn cancel_backfill(&self, id: &str, audit: Audit) -> Result<Backfill, HostError> {
        let (mut backfill, version) = self.backfill(id).await?;
        if backfill.state != BackfillState::Running {
            return Err(HostError::Refused(format!("the backfill `{id}` is {}", backfill.state.name())));
        }
        backfill.state = BackfillState::Cancelled;
        self.store.write(vec![put(&backfill, Expect::Version(version)), Change::Audit(audit)]).await?;
        Ok(backfill)
    }

    /// A backfill, and its version.
    ///
    /// # Errors
    /// When there is none of that id, or the store failed.
    pub async fn backfill(&self, id: &str) -> Result<(Backfill, u64), HostError> {
        let missing = || StoreError::NoRecord(Kind::Backfill.name(), id.to_owned());
        let record = self.store.record(Kind::Backfill, id).await?.ok_or_else(missing)?;
        Ok((read(&record)?, record.version))
    }

    /// Backfills by id, after `after`.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn backfills(&self, after: &str, limit: u32) -> Result<Vec<Backfill>, HostError> {
        self.store.records(Kind::Backfill, None, after, limit).await?.iter().map(read).collect()
    }

    /// Admits the next runs of each backfill; tells whether there is more to do.
    pub(crate) async fn fill_backfills(&self, timetables: &mut Timetables) -> Result<bool, HostError> {
        let mut more = false;
        for record in self.store.records(Kind::Backfill, Some("running"), "", 100).await? {
            let mut backfill: Backfill = read(&record)?;
            let row = self.store.schedule(&backfill.job_id).await?;
            let Some((row, timetable)) =
                row.and_then(|row| Some((timetables.of(self, &row)?, row))).map(|(t, r)| (r, t))
            else {
                // Its job, or the schedule, was removed.
                backfill.state = BackfillState::Cancelled;
                self.store.write(vec![put(&backfill, Expect::Version(record.version))]).await?;
                continue;
            };
            let now = self.clock.now();
            let end = backfill.to.min(row.cursor);
            let fires = schedule::backfill(&timetable, backfill.cursor, end, CHUNK);
            let id = &backfill.id;
            let source = |nominal: String| Source::Backfill { id: id.clone(), nominal };
            let ran = self.ran(&backfill.job_id, backfill.cursor, end).await?;
            let new = fires
                .iter()
                .filter(|fire| !ran.contains(&fire.nominal.name()))
                .map(|fire| {
                    let mut new =
                        self.new_fire(&row, fire, source, Some(backfill.priority), RunOverlap::Allow, now);
                    if let Some(run) = &mut new.run {
                        run.started_by.push(backfill.identity.clone());
                    }
                    new
                })
                .collect::<Vec<_>>();
            backfill.done += new.iter().filter(|fire| fire.run.is_some()).count() as u64;
            let batch = FireBatch {
                job_id: backfill.job_id.clone(),
                expect: None,
                cursor: now,
                next: None,
                fires: new,
            };
            self.fire(vec![batch]).await?;
            match fires.last().filter(|_| fires.len() >= CHUNK) {
                Some(last) => backfill.cursor = last.nominal.at + chrono::Duration::milliseconds(1),
                None => backfill.state = BackfillState::Done,
            }
            more |= backfill.state == BackfillState::Running;
            match self.store.write(vec![put(&backfill, Expect::Version(record.version))]).await {
                // Somebody cancelled it meanwhile.
                Err(StoreError::Conflict(..) | StoreError::AlreadyThere(..)) => {}
                written => written?,
            }
        }
        Ok(more)
    }

    /// What a change of the clocks does to a wall time of a zone; none when it is an ordinary one.
    pub fn clock_note(&self, text: &str, timezone: &str) -> Option<String> {
        zone::clock_note(text, timezone.parse().unwrap_or(chrono_tz::UTC))
    }

    /// A time as people write it, in the zone of a job.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn time_in(&self, text: &str, timezone: &str) -> Result<Timestamp, HostError> {
        let zone = timezone.parse().unwrap_or(chrono_tz::UTC);
        schedule::parse_time(text, zone).map_err(HostError::Refused)
    }
}

fn shown(nominal: &Nominal, decision: Decision, reason: &str) -> Preview {
    let decision = if decision == Decision::Backfilled { Decision::Admitted } else { decision };
    let note = if reason.is_empty() { nominal.note().to_owned() } else { reason.to_owned() };
    Preview { nominal: nominal.name(), due_at: nominal.at, decision, note }
}

fn put(backfill: &Backfill, expect: Expect) -> Change {
    Change::Put {
        kind: Kind::Backfill,
        id: backfill.id.clone(),
        state: backfill.state.name().to_owned(),
        value: serde_json::to_value(backfill).unwrap_or_default(),
        expect,
    }
}

fn read(record: &Record) -> Result<Backfill, HostError> {
    let read = serde_json::from_value(record.value.clone());
    Ok(read
        .map_err(|error| StoreError::Failed(format!("the backfill {} cannot be read: {error}", record.id)))?)
}
