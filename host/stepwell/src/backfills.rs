//! Backfills: runs for past fires.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::contain::contained_future;
use stepwell_engine::run::Admission;
use stepwell_engine::schedule::{self, Decision, RunOverlap, Timetable};
use stepwell_engine::store::{
    Audit, Change, Expect, FireBatch, Kind, LedgerFilter, Record, ScheduleRow, Source,
};

use crate::HostError;
use crate::scheduler::Timetables;
use crate::schedules::{MOST_SHOWN, Preview, Schedules, shown};

/// A backfill: a range of past fires that Stepwell runs now.
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
    /// Number of fires that have been decided.
    pub done: u64,
    /// Every fire before this time has been decided.
    pub cursor: Timestamp,
    /// The priority of its runs.
    pub priority: u8,
    /// The name of the user or key that started the backfill.
    pub by: String,
    /// The identity of that user or key, as in `by` of the audit log.
    #[serde(default)]
    pub identity: String,
    /// The time at which the backfill was created.
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
    /// The backfill was cancelled. Runs that it had admitted continue.
    Cancelled,
}

impl BackfillState {
    /// Returns the name, as in JSON.
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
    /// Number of fires in the range that already have a run.
    pub ran_already: usize,
}

/// The maximum number of fires of one backfill.
const MOST: usize = 100_000;
/// The number of fires that a backfill admits per transaction.
const CHUNK: usize = 100;

impl Schedules {
    /// Returns the fires that a backfill of a range would run.
    ///
    /// # Errors
    /// Fails when the job has no schedule, the range is wrong, or the store fails.
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
        let now = self.ctx.clock.now();
        for (name, at) in [("from", from), ("to", to)] {
            schedule::check_range(at, now).map_err(|why| HostError::Argument(name, why))?;
        }
        if to <= from {
            return Err(HostError::Argument("to", "must be after `from`".to_owned()));
        }
        if from > now {
            let message = "must be in the past: the schedule runs the later fires";
            return Err(HostError::Argument("from", message.to_owned()));
        }
        let none = || {
            HostError::Refused(format!("the job `{job_id}` has no schedule: there is nothing to backfill"))
        };
        let row = self.ctx.jobs().get(job_id).await?.schedule.ok_or_else(none)?;
        let timetable = self.timetable_of(&row)?;
        Ok((row, timetable))
    }

    /// Returns the fires of the range that have a run.
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
        let rows = self.ctx.store.ledger(&filter).await?;
        Ok(rows.into_iter().filter(|row| row.execution_id.is_some()).map(|row| row.nominal).collect())
    }

    /// Runs the fires of a range that have no run yet.
    ///
    /// # Errors
    /// Returns the errors of [`Schedules::plan_backfill`].
    pub async fn start_backfill(
        &self,
        job_id: &str,
        from: Timestamp,
        to: Timestamp,
        priority: u8,
        audit: Audit,
    ) -> Result<Backfill, HostError> {
        let plan = self.plan_backfill(job_id, from, to).await?;
        let now = self.ctx.clock.now();
        let backfill = Backfill {
            id: self.ctx.next_id(now).replacen("exec_", "fill_", 1),
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
        self.ctx.store.write(vec![put(&backfill, Expect::Absent), Change::Audit(audit)]).await?;
        self.ctx.schedules_changed();
        Ok(backfill)
    }

    /// Stops a backfill. Runs that it has already admitted continue.
    ///
    /// # Errors
    /// Fails when there is no such backfill, it has ended, or the store fails.
    pub async fn cancel_backfill(&self, id: &str, audit: Audit) -> Result<Backfill, HostError> {
        let (mut backfill, version) = self.backfill(id).await?;
        if backfill.state != BackfillState::Running {
            return Err(HostError::Refused(format!("the backfill `{id}` is {}", backfill.state.name())));
        }
        backfill.state = BackfillState::Cancelled;
        self.ctx.store.write(vec![put(&backfill, Expect::Version(version)), Change::Audit(audit)]).await?;
        Ok(backfill)
    }

    /// Returns a backfill and its version.
    ///
    /// # Errors
    /// Fails when there is no such backfill, or the store fails.
    pub async fn backfill(&self, id: &str) -> Result<(Backfill, u64), HostError> {
        let missing = || StoreError::NoRecord(Kind::Backfill.name(), id.to_owned());
        let record = self.ctx.store.record(Kind::Backfill, id).await?.ok_or_else(missing)?;
        Ok((read(&record)?, record.version))
    }

    /// Lists backfills by id, after `after`.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn backfills(&self, after: &str, limit: u32) -> Result<Vec<Backfill>, HostError> {
        self.ctx.store.records(Kind::Backfill, None, after, limit).await?.iter().map(read).collect()
    }

    /// Admits the next runs of each backfill. Returns whether more remain.
    pub(crate) async fn fill_backfills(&self, timetables: &mut Timetables) -> Result<bool, HostError> {
        let mut more = false;
        for record in self.ctx.store.records(Kind::Backfill, Some("running"), "", 100).await? {
            let id = record.id.clone();
            match contained_future(self.fill(record, timetables)).await {
                Ok(Ok(continues)) => more |= continues,
                Ok(Err(HostError::Store(error))) if error.is_temporary() => return Err(error.into()),
                // A backfill that fails does not stop the others.
                Ok(Err(error)) => tracing::error!("the backfill {id} makes no progress: {error}"),
                Err(panicked) => tracing::error!("the backfill {id} makes no progress: {}", panicked.0),
            }
        }
        Ok(more)
    }

    /// Admits the next runs of a backfill. Returns whether there are more.
    async fn fill(&self, record: Record, timetables: &mut Timetables) -> Result<bool, HostError> {
        let mut backfill: Backfill = read(&record)?;
        let Some(row) = self.ctx.store.schedule(&backfill.job_id).await? else {
            // The job or its schedule was removed.
            backfill.state = BackfillState::Cancelled;
            self.ctx.store.write(vec![put(&backfill, Expect::Version(record.version))]).await?;
            return Ok(false);
        };
        let timetable = timetables.of(self, &row)?;
        let now = self.ctx.clock.now();
        let end = backfill.to.min(row.cursor);
        let fires = schedule::backfill(&timetable, backfill.cursor, end, CHUNK);
        let id = &backfill.id;
        let priority = Some(backfill.priority);
        let admission = |nominal| Admission {
            source: Source::Backfill { id: id.clone(), nominal },
            priority,
            ..Admission::default()
        };
        let ran = self.ran(&backfill.job_id, backfill.cursor, end).await?;
        let new = fires
            .iter()
            .filter(|fire| !ran.contains(&fire.nominal.name()))
            .map(|fire| {
                let mut new = self.new_fire(&row, fire, admission, RunOverlap::Allow, now);
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
            audit: None,
        };
        self.fire(&mut [batch]).await?;
        match fires.last().filter(|_| fires.len() >= CHUNK) {
            Some(last) => backfill.cursor = last.nominal.at + chrono::Duration::milliseconds(1),
            None => backfill.state = BackfillState::Done,
        }
        let continues = backfill.state == BackfillState::Running;
        match self.ctx.store.write(vec![put(&backfill, Expect::Version(record.version))]).await {
            // Another process cancelled the backfill.
            Err(StoreError::Conflict(..) | StoreError::AlreadyThere(..)) => {}
            written => written?,
        }
        Ok(continues)
    }
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
