//! The life of a run: admission, claims, commits and its end.

use std::sync::Arc;

use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::{Job, OnConflict};
use stepwell_engine::run::{Event, RunStatus};
use stepwell_engine::store::{
    Audit, Change, Checkpoint, ClaimQuery, Commit, Expect, Idempotency, Inserted, Kind, NewRun, Next,
    Renewal, RunRow, Source, Standing,
};

use crate::journal::{self, Page};
use crate::phase::Phase;
use crate::shared::Shared;
use crate::sql::{Row, Sql, failed, json, micros, params, time, until};
use crate::{audit, records};

/// The time in milliseconds for which a count of waiting runs is valid: when it says that the queue is full,
/// and otherwise. Other processes also admit runs.
const COUNTED_FULL_MS: i64 = 1000;
const COUNTED_MS: i64 = 10_000;

/// A run to insert, with its JSON.
pub(crate) struct New {
    pub run: NewRun,
    pub text: String,
    pub audit: Vec<Audit>,
    /// Other changes of the same transaction.
    pub changes: Vec<Change>,
}

/// A commit, with its journal entry in written form.
pub(crate) struct Entry {
    pub commit: Commit,
    pub events: Option<String>,
    pub logs: Option<String>,
}

impl Entry {
    pub fn of(commit: Commit) -> Result<Self, StoreError> {
        let events = (!commit.events.is_empty()).then(|| json(&commit.events)).transpose()?;
        let logs = (!commit.logs.is_empty()).then(|| json(&commit.logs)).transpose()?;
        Ok(Self { commit, events, logs })
    }
}

/// A claimed run, as read from the store.
pub(crate) struct Taken {
    pub id: String,
    pub run: Journal,
    /// `None` when the definition cannot be read.
    pub job: Option<Arc<Job>>,
    pub fence: u64,
    pub cancel: Option<String>,
}

/// The source of a run's history.
pub(crate) enum Journal {
    /// This process inserted the run, and nothing has happened since.
    Fresh(Box<NewRun>),
    /// The rows of the journal.
    Stored(Page),
}

/// Inserts `run`; `text` is its JSON.
pub(crate) fn insert(
    db: &dyn Sql,
    shared: &Shared,
    run: &NewRun,
    text: &str,
    audit: &[Audit],
) -> Result<Inserted, StoreError> {
    if let Some(idempotency) = &run.idempotency
        && let Some(id) = replayed(db, idempotency)?
    {
        return Err(StoreError::Replayed(id));
    }
    let mut inserted = Inserted::default();
    if let Some(key) = &run.key
        && key.on_conflict != OnConflict::Queue
    {
        lock_key(db, &key.name)?;
        let sql = "SELECT execution_id FROM runs WHERE key = $1 AND (holds = 1 OR phase < 5) ORDER BY rank";
        let active: Vec<String> = db.many(sql, params![&key.name])?;
        let over = (active.len() + 1).saturating_sub(usize::try_from(key.limit).unwrap_or(usize::MAX));
        match key.on_conflict {
            OnConflict::CancelNewest => inserted.cancelled = over > 0,
            _ => inserted.to_cancel = active.into_iter().take(over).collect(),
        }
    }
    check_room(db, shared, run)?;
    shared.define(db, &run.job, db.lease_time(run.created_at)?)?;
    add(db, run, inserted.cancelled)?;
    let mut events = run.inherited.clone();
    if inserted.cancelled {
        let why =
            Some(format!("the concurrency key `{}` is taken", run.key.as_ref().map_or("", |key| &key.name)));
        events.push(Event::Cancelled { at: run.created_at, why });
    }
    let events = (!events.is_empty()).then(|| json(&events)).transpose()?;
    let sql = "INSERT INTO journal (execution_id, fence, n, lines, run, events) VALUES ($1, 0, 0, 0, $2, $3)";
    db.execute(sql, params![&run.execution_id, text, &events])?;
    for id in &inserted.to_cancel {
        cancel(db, id, &format!("replaced by the run {}", run.execution_id), run.created_at)?;
    }
    audit::audit(db, audit)?;
    Ok(inserted)
}

/// Returns the run that an earlier request with the same idempotency key started.
pub(crate) fn replayed(db: &dyn Sql, idempotency: &Idempotency) -> Result<Option<String>, StoreError> {
    let sql = "SELECT execution_id, fingerprint FROM runs WHERE idempotency = $1";
    match db.one::<(String, Option<String>)>(sql, params![&idempotency.key])? {
        Some((id, print)) if Some(&idempotency.fingerprint) == print.as_ref() => Ok(Some(id)),
        Some((id, _)) => Err(StoreError::KeyReused(id)),
        None => Ok(None),
    }
}

/// Locks a concurrency key, so that only one transaction at a time checks its holders and acts on the result.
fn lock_key(db: &dyn Sql, key: &str) -> Result<(), StoreError> {
    db.lock(&format!("key {key}"))
}

/// Returns the initial phase of a run.
pub(crate) fn first_phase(run: &NewRun) -> Phase {
    if run.scheduled_time > run.created_at { Phase::Waiting } else { Phase::Ready }
}

fn add(db: &dyn Sql, run: &NewRun, cancelled: bool) -> Result<(), StoreError> {
    let phase = if cancelled { Phase::Ended } else { first_phase(run) };
    let status = if cancelled { RunStatus::Cancelled } else { RunStatus::Queued };
    let idempotency = run.idempotency.as_ref();
    let sql = "INSERT INTO runs (execution_id, job_id, digest, queue, phase, status, priority, rank, due_at, scheduled_at,
        expires_at, created_at, updated_at, ended_at, key, key_limit, scheduled, idempotency, fingerprint)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, $11, $12, $13, $14, $15, $16, $17)
        ON CONFLICT (execution_id) DO NOTHING";
    let row = params![
        &run.execution_id,
        &run.job.id,
        run.job.digest(),
        &run.queue,
        phase.number(),
        status.name(),
        run.priority,
        micros(run.rank),
        micros(run.scheduled_time),
        micros(run.expires_at()),
        micros(run.created_at),
        cancelled.then(|| micros(run.created_at)),
        run.key.as_ref().map(|key| &key.name),
        run.key.as_ref().map(|key| key.limit),
        i64::from(matches!(run.source, Source::Schedule { .. })),
        idempotency.map(|found| &found.key),
        idempotency.map(|found| &found.fingerprint),
    ];
    match db.execute(sql, row)? {
        0 => Err(StoreError::Exists(run.execution_id.clone())),
        _ => Ok(()),
    }
}

/// Returns whether this process knows that the queue has room, without a count. Records that one more run
/// arrives.
pub(crate) fn has_room(shared: &Shared, run: &NewRun) -> bool {
    let Some(queue) = run.queue.as_ref().filter(|_| run.max_waiting < u64::MAX) else { return true };
    let mut counts = shared.waiting.lock();
    let Some((count, at)) = counts.get_mut(queue) else { return false };
    let age = (run.created_at - *at).num_milliseconds();
    if *count >= run.max_waiting || *count > run.max_waiting / 2 && age >= COUNTED_MS {
        return false;
    }
    *count += 1;
    true
}

/// Refuses a run when its queue is full. The cost of a count grows with the length of the queue, so the count
/// is cached. It is renewed at most once per second when it says "full", or when it is some seconds old and
/// says "half full".
fn check_room(db: &dyn Sql, shared: &Shared, run: &NewRun) -> Result<(), StoreError> {
    if has_room(shared, run) {
        return Ok(());
    }
    let Some(queue) = run.queue.as_ref() else { return Ok(()) };
    let known = shared.waiting.lock().get(queue).copied();
    let (count, at) = match known {
        Some((count, at))
            if count >= run.max_waiting && (run.created_at - at).num_milliseconds() < COUNTED_FULL_MS =>
        {
            (count, at)
        }
        _ => {
            // Conditions that always hold lead SQLite to the partial index of each phase. By the queue alone, it would
            // read the ended runs, too.
            let sql = "SELECT (SELECT COUNT(*) FROM runs WHERE queue = $1 AND phase = 1 AND rank >= $2)
                + (SELECT COUNT(*) FROM runs WHERE queue = $1 AND phase = 2 AND due_at >= $2)
                + (SELECT COUNT(*) FROM runs WHERE queue || '' = $1 AND phase = 4 AND key >= '')";
            (db.one(sql, params![queue, i64::MIN])?.unwrap_or(0), run.created_at)
        }
    };
    let full = count >= run.max_waiting;
    shared.waiting.lock().insert(queue.clone(), (count + u64::from(!full), at));
    if full { Err(StoreError::QueueFull(queue.clone(), run.max_waiting)) } else { Ok(()) }
}

/// Claims runs of a queue. Only one transaction at a time claims in a queue, so that its concurrency limit
/// holds.
pub(crate) fn claim(db: &dyn Sql, shared: &Shared, query: &ClaimQuery) -> Result<Vec<Taken>, StoreError> {
    let queue = query.queue.as_str();
    db.lock(&format!("queue {queue}"))?;
    let lease = db.lease_time(query.now)?;
    let sql = "UPDATE runs SET phase = 1 WHERE queue = $1 AND phase = 2 AND due_at <= $2";
    db.execute(sql, params![queue, micros(query.now)])?;
    let sql = "SELECT execution_id FROM runs WHERE queue = $1 AND phase = 3 AND claimed_until <= $2
        ORDER BY claimed_until, execution_id LIMIT $3";
    let expired: Vec<String> = db.many(sql, params![queue, lease, query.limit])?;
    let sql = "SELECT COUNT(*) FROM runs WHERE queue = $1 AND phase = 3 AND claimed_until > $2";
    let running: u32 = db.one(sql, params![queue, lease])?.unwrap_or(0);
    let free = "(phase = 1 OR phase = 3 AND claimed_until <= $3)";
    let until = until(lease, query.now, query.until);
    let claimer = Claimer { free, worker: &query.worker, now: lease, until };
    let take = |id: &str| take(db, shared, id, &claimer);
    let mut taken = Vec::new();
    for id in &expired {
        taken.extend(take(id)?);
    }
    let room = query.concurrency.saturating_sub(running).min(query.limit) as usize;
    while taken.len() < room {
        let sql = "SELECT execution_id, key, key_limit, holds FROM runs
            WHERE queue = $1 AND phase = 1 AND ($2 OR started_at IS NOT NULL OR cancel IS NOT NULL)
            ORDER BY rank LIMIT $3";
        let wanted = room - taken.len();
        let ready: Vec<(String, Option<String>, Option<u32>, bool)> =
            db.many(sql, params![queue, query.open, wanted])?;
        let found = ready.len();
        for (id, key, limit, holds) in ready {
            if let Some(key) = key.filter(|_| !holds) {
                lock_key(db, &key)?;
                if holders(db, &key)?.len() >= limit.unwrap_or(1) as usize {
                    db.execute(
                        "UPDATE runs SET phase = 4 WHERE execution_id = $1 AND phase = 1",
                        params![&id],
                    )?;
                    continue;
                }
            }
            taken.extend(take(&id)?);
        }
        if found < wanted {
            break;
        }
    }
    Ok(taken)
}

fn holders(db: &dyn Sql, key: &str) -> Result<Vec<String>, StoreError> {
    db.many("SELECT execution_id FROM runs WHERE key = $1 AND holds = 1 ORDER BY execution_id", params![key])
}

/// The worker that claims a run, which must still meet the condition `free`, and the time of its lease.
struct Claimer<'q> {
    free: &'q str,
    worker: &'q str,
    now: i64,
    until: i64,
}

fn take(db: &dyn Sql, shared: &Shared, id: &str, claimer: &Claimer<'_>) -> Result<Option<Taken>, StoreError> {
    let Claimer { free, worker, now, until } = *claimer;
    let sql = format!(
        "UPDATE runs SET phase = 3, fence = fence + 1, worker = $1, claimed_until = $2,
        holds = CASE WHEN key IS NULL THEN 0 ELSE 1 END WHERE {free} AND execution_id = $4
        RETURNING fence, cancel, digest"
    );
    let Some((fence, cancel, digest)) =
        db.one::<(u64, Option<String>, String)>(&sql, params![worker, until, now, id])?
    else {
        return Ok(None);
    };
    let job = shared.job(db, &digest)?;
    let run = match shared.fresh(id, fence) {
        Some(run) => Journal::Fresh(Box::new(run)),
        None => Journal::Stored(journal::page(db, id, None, true)?),
    };
    Ok(Some(Taken { id: id.to_owned(), run, job, fence, cancel }))
}

pub(crate) fn claim_run(
    db: &dyn Sql,
    shared: &Shared,
    id: &str,
    worker: &str,
    now: Timestamp,
    ends: Timestamp,
) -> Result<Taken, StoreError> {
    let lease = db.lease_time(now)?;
    let free = "(phase <> 3 OR claimed_until <= $3)";
    let claimer = Claimer { free, worker, now: lease, until: until(lease, now, ends) };
    match take(db, shared, id, &claimer)? {
        Some(taken) => Ok(taken),
        None => {
            let held = row(db, id)?.claimed_until.unwrap_or(now);
            Err(StoreError::Claimed(id.to_owned(), held))
        }
    }
}

pub(crate) fn renew(
    db: &dyn Sql,
    claims: &[(String, u64)],
    now: Timestamp,
    ends: Timestamp,
) -> Result<Vec<Renewal>, StoreError> {
    let ends = until(db.lease_time(now)?, now, ends);
    let sql = "UPDATE runs SET claimed_until = $1 WHERE execution_id = $2 AND fence = $3 AND phase = 3 RETURNING cancel";
    let renewed = claims.iter().map(|(id, fence)| {
        let found = db.one::<Option<String>>(sql, params![ends, id, *fence])?;
        Ok(found.map_or(Renewal::Lost, Renewal::Kept))
    });
    renewed.collect()
}

pub(crate) fn expire(db: &dyn Sql, worker: &str, now: Timestamp) -> Result<u64, StoreError> {
    let now = db.lease_time(now)?;
    db.execute("DELETE FROM leases WHERE holder = $1", params![worker])?;
    let sql = "UPDATE runs SET claimed_until = $1 WHERE worker = $2 AND phase = 3 AND claimed_until > $1";
    db.execute(sql, params![now, worker])
}

/// Releases a claim.
const RELEASE: &str = "UPDATE runs SET phase = $1, status = COALESCE($2, status), updated_at = $3,
    started_at = COALESCE(started_at, $4), due_at = COALESCE($5, due_at),
    ended_at = CASE WHEN $1 = 5 THEN $3 END, worker = NULL, claimed_until = NULL,
    holds = CASE WHEN $1 = 5 THEN 0 ELSE holds END
    WHERE execution_id = $6 AND fence = $7 AND phase = 3
    RETURNING key, CASE WHEN cancel IS NULL THEN 0 ELSE 1 END, queue";

/// Returns the phase of the run after a commit that releases the claim.
pub(crate) fn next_phase(commit: &Commit) -> Option<Phase> {
    match commit.next {
        Next::Keep => None,
        Next::Wait(due) if due <= commit.at => Some(Phase::Ready),
        Next::Wait(_) => Some(Phase::Waiting),
        Next::End => Some(Phase::Ended),
    }
}

/// Returns the time at which the run is due again.
pub(crate) fn next_due(commit: &Commit) -> Option<i64> {
    match commit.next {
        Next::Wait(due) => Some(micros(due)),
        _ => None,
    }
}

/// Appends events and leaves the row of the run unchanged. The row is locked when read, so that no other
/// process claims the run meanwhile.
macro_rules! keep {
    ($lock:literal) => {
        concat!(
            "INSERT INTO journal (execution_id, fence, n, lines, events, logs) SELECT $1, $2, $3, $4, $5, $6
            FROM runs WHERE execution_id = $1 AND fence = $2 AND phase = 3",
            $lock,
            " ON CONFLICT (execution_id, fence, n) DO NOTHING"
        )
    };
}

pub(crate) fn commit(db: &dyn Sql, entry: &Entry) -> Result<Vec<String>, StoreError> {
    let commit = &entry.commit;
    let Commit { execution_id: id, fence, number, status, at, .. } = commit;
    if !commit.forget_checkpoints.is_empty() && holds(db, id, *fence)? {
        for place in &commit.forget_checkpoints {
            let sql = "DELETE FROM journal WHERE execution_id = $1 AND lines < 0 AND lines = $2";
            db.execute(sql, params![id, lines_of(*place)])?;
        }
    }
    let (name, started) = (status.map(RunStatus::name), commit.started_at.map(micros));
    let Some(phase) = next_phase(commit) else {
        if name.is_none() {
            // Most commits are of this kind.
            let sql = if db.locks_rows() { keep!(" FOR UPDATE") } else { keep!("") };
            let row = params![id, *fence, *number, commit.logs.len(), &entry.events, &entry.logs];
            let added = db.execute(sql, row)?;
            return if added == 0 { written(db, commit) } else { noted(db, commit) };
        }
        let sql = "UPDATE runs SET status = $1, updated_at = $2, started_at = COALESCE(started_at, $3)
            WHERE execution_id = $4 AND fence = $5 AND phase = 3";
        return match db.execute(sql, params![name, micros(*at), started, id, *fence])? {
            0 => written(db, commit),
            _ => append(db, entry).and_then(|()| noted(db, commit)),
        };
    };
    let row = params![phase.number(), name, micros(*at), started, next_due(commit), id, *fence];
    let Some((key, cancelling, queue)) = db.one::<Released>(RELEASE, row)? else {
        return written(db, commit);
    };
    append(db, entry)?;
    let mut free = Vec::new();
    if phase == Phase::Ended {
        if let Some(key) = key {
            free = hand_on(db, &key)?;
        }
        if let Some(dead) = &commit.dead {
            let value = serde_json::to_value(dead).map_err(failed)?;
            records::put(db, Kind::DeadLetter, id, "open", &value, Expect::Any)?;
        }
    } else if cancelling {
        // The cancellation arrived while the worker released the run.
        db.execute("UPDATE runs SET phase = 1 WHERE execution_id = $1", params![id])?;
        free.extend(queue);
    }
    audit::audit(db, &commit.audit)?;
    Ok(free)
}

/// Returns whether that claim still exists. No other process claims the run until this transaction ends.
fn holds(db: &dyn Sql, id: &str, fence: u64) -> Result<bool, StoreError> {
    let lock = if db.locks_rows() { " FOR UPDATE" } else { "" };
    let sql = format!("SELECT fence FROM runs WHERE execution_id = $1 AND fence = $2 AND phase = 3{lock}");
    Ok(db.one::<u64>(&sql, params![id, fence])?.is_some())
}

/// Returns the value of `lines` in the journal row of a checkpoint.
fn lines_of(place: u32) -> i64 {
    -1 - i64::from(place)
}

/// Writes the checkpoint of a step and replaces the previous one at its place. It is a row of the journal with
/// negative `lines`, after the start of the attempt that saved it.
pub(crate) fn save_checkpoint(db: &dyn Sql, checkpoint: &Checkpoint) -> Result<(), StoreError> {
    let Checkpoint { execution_id: id, fence, number, place, step, data } = checkpoint;
    let lines = lines_of(*place);
    if !holds(db, id, *fence)? {
        return was_written(db, id, *fence, *number);
    }
    let sql =
        "DELETE FROM journal WHERE execution_id = $1 AND lines < 0 AND lines = $2 AND (fence, n) <> ($3, $4)";
    db.execute(sql, params![id, lines, *fence, *number])?;
    let sql = "INSERT INTO journal (execution_id, fence, n, lines, events) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (execution_id, fence, n) DO NOTHING";
    let event = Event::CheckpointSaved { step: step.clone(), data: data.clone() };
    db.execute(sql, params![id, *fence, *number, lines, &json(&[event])?]).map(drop)
}

/// Adds the rows of a commit to the audit log.
fn noted(db: &dyn Sql, commit: &Commit) -> Result<Vec<String>, StoreError> {
    audit::audit(db, &commit.audit)?;
    Ok(Vec::new())
}

/// The row of a run that ends or waits: its key, whether it has to be cancelled, and its queue.
type Released = (Option<String>, bool, Option<String>);

/// A commit that finds no claim is stale, or is a retry of a commit that was already written.
fn written(db: &dyn Sql, commit: &Commit) -> Result<Vec<String>, StoreError> {
    was_written(db, &commit.execution_id, commit.fence, commit.number).map(|()| Vec::new())
}

fn was_written(db: &dyn Sql, id: &str, fence: u64, number: u64) -> Result<(), StoreError> {
    let sql = "SELECT n FROM journal WHERE execution_id = $1 AND fence = $2 AND n = $3";
    match db.one::<i64>(sql, params![id, fence, number])? {
        Some(_) => Ok(()),
        None => Err(StoreError::Stale(id.to_owned())),
    }
}

fn append(db: &dyn Sql, Entry { commit, events, logs }: &Entry) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO journal (execution_id, fence, n, lines, events, logs) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (execution_id, fence, n) DO NOTHING";
    let lines = commit.logs.len();
    db.execute(sql, params![&commit.execution_id, commit.fence, commit.number, lines, events, logs]).map(drop)
}

/// Passes a free slot of a concurrency key to the next run that waits for it. Returns the queue of that run.
fn hand_on(db: &dyn Sql, key: &str) -> Result<Vec<String>, StoreError> {
    lock_key(db, key)?;
    let held = holders(db, key)?.len();
    let sql = "SELECT execution_id, key_limit, queue FROM runs WHERE key = $1 AND phase = 4 ORDER BY rank";
    let blocked: Vec<(String, u32, Option<String>)> = db.many(sql, params![key])?;
    let mut free = Vec::new();
    let next = blocked.into_iter().enumerate().filter(|(i, (_, limit, _))| held + i < *limit as usize);
    for (_, (id, _, queue)) in next {
        db.execute("UPDATE runs SET phase = 1 WHERE execution_id = $1 AND phase = 4", params![&id])?;
        free.extend(queue);
    }
    Ok(free)
}

pub(crate) fn cancel(db: &dyn Sql, id: &str, why: &str, now: Timestamp) -> Result<RunRow, StoreError> {
    let sql =
        "UPDATE runs SET cancel = COALESCE(cancel, $1), due_at = CASE WHEN phase = 2 THEN $2 ELSE due_at END,
        phase = CASE WHEN phase IN (2, 4) THEN 1 ELSE phase END WHERE execution_id = $3 AND phase < 5";
    db.execute(sql, params![why, micros(now), id])?;
    row(db, id)
}

pub(crate) const ROW: &str =
    "execution_id, job_id, queue, status, priority, created_at, COALESCE(scheduled_at, due_at), started_at, ended_at,
    updated_at, worker, claimed_until, cancel, CASE WHEN phase = 2 AND started_at IS NOT NULL THEN due_at END";

pub(crate) fn of_row(row: Row<'_>) -> Result<RunRow, StoreError> {
    let at = |index| row.get(index).map(time);
    let maybe = |index| row.get::<Option<i64>>(index).map(|found| found.map(time));
    Ok(RunRow {
        execution_id: row.get(0)?,
        job_id: row.get(1)?,
        queue: row.get(2)?,
        // A status from another version that this one does not know is shown as running and left unchanged.
        status: RunStatus::of(&row.get::<String>(3)?).unwrap_or(RunStatus::Running),
        priority: row.get(4)?,
        created_at: at(5)?,
        due_at: at(6)?,
        started_at: maybe(7)?,
        ended_at: maybe(8)?,
        updated_at: at(9)?,
        worker: row.get(10)?,
        claimed_until: maybe(11)?,
        cancel: row.get(12)?,
        wakes_at: maybe(13)?,
    })
}

pub(crate) fn row(db: &dyn Sql, id: &str) -> Result<RunRow, StoreError> {
    let sql = format!("SELECT {ROW} FROM runs WHERE execution_id = $1");
    let found = db.rows(&sql, params![id], of_row)?.into_iter().next();
    found.ok_or_else(|| StoreError::NotFound(id.to_owned()))
}

/// Returns the smallest id of a run that was created at or after `at`.
pub(crate) fn first_id(at: Timestamp) -> String {
    at.format("exec_%Y%m%d_%H%M%S").to_string()
}

pub(crate) fn standing(db: &dyn Sql, id: &str, now: Timestamp) -> Result<Standing, StoreError> {
    let row = row(db, id)?;
    let sql = "SELECT phase, rank, key, key_limit FROM runs WHERE execution_id = $1";
    let (phase, rank, key, limit): (i64, i64, Option<String>, Option<u32>) =
        db.one(sql, params![id])?.ok_or_else(|| StoreError::NotFound(id.to_owned()))?;
    let sql = "SELECT COUNT(*) FROM runs WHERE queue = $1 AND phase = 1 AND (rank, execution_id) < ($2, $3)";
    let ahead = db.one(sql, params![&row.queue, rank, id])?.unwrap_or(0);
    let sql = "SELECT COUNT(*) FROM runs WHERE queue = $1 AND phase = 3 AND claimed_until > $2";
    let running = db.one(sql, params![&row.queue, db.lease_time(now)?])?.unwrap_or(0);
    let key = key.map(|key| holders(db, &key).map(|held| (key, limit.unwrap_or(1), held))).transpose()?;
    Ok(Standing { row, blocked: phase == Phase::Blocked.number(), ahead, running, key })
}
