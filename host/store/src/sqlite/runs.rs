//! Runs: admitted, claimed, moved, ended.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};
use stepwell_engine::StoreError;
use stepwell_engine::clock::{self, Timestamp};
use stepwell_engine::job::{Job, OnConflict};
use stepwell_engine::run::{Event, RunStatus};
use stepwell_engine::store::{
    Audit, Claim, ClaimQuery, Commit, Expect, Inserted, Kind, LogRecord, NewRun, Next, Renewal, RunFilter,
    RunRow, Source, Standing,
};

use super::{Shared, execute, json, lock, many, micros, one, parse, records, time};

const READY: i64 = 1;
const WAITING: i64 = 2;
const BLOCKED: i64 = 4;
const ENDED: i64 = 5;

/// How long a count of waiting runs is trusted, in milliseconds.
const COUNTED_MS: i64 = 1000;

/// What a commit adds to the journal, as it is written there.
pub(super) struct Body {
    events: Option<String>,
    logs: Option<String>,
    lines: usize,
}

impl Body {
    pub fn of(commit: &Commit) -> Result<Self, StoreError> {
        let events = (!commit.events.is_empty()).then(|| json(&commit.events)).transpose()?;
        let logs = (!commit.logs.is_empty()).then(|| json(&commit.logs)).transpose()?;
        Ok(Self { events, logs, lines: commit.logs.len() })
    }
}

/// A run that was claimed, as it was read.
pub(super) struct Taken {
    run: Journal,
    job: Arc<Job>,
    fence: u64,
    cancel: Option<String>,
}

/// Where what is known of a run comes from.
enum Journal {
    /// This process inserted it, and nothing has happened since.
    Fresh(Box<NewRun>),
    /// Its rows.
    Stored(Vec<JournalRow>),
}

/// The run, in its first row, and what happened.
type JournalRow = (Option<String>, Option<String>);

impl Taken {
    pub fn claim(self) -> Result<Claim, StoreError> {
        let (run, events) = match self.run {
            Journal::Fresh(run) => (*run, Vec::new()),
            Journal::Stored(rows) => read(rows, self.job)?,
        };
        Ok(Claim { run, events, fence: self.fence, cancel: self.cancel })
    }
}

/// `run` is inserted; `text` is its JSON.
pub(super) fn insert(
    transaction: &Connection,
    shared: &Shared,
    run: &NewRun,
    text: &str,
    audit: Option<&Audit>,
) -> Result<Inserted, StoreError> {
    if let Some(idempotency) = &run.idempotency {
        let sql = "SELECT execution_id, fingerprint FROM runs WHERE idempotency = ?1";
        let found =
            one(transaction, sql, [&idempotency.key], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
        match found {
            Some((id, print)) if Some(&idempotency.fingerprint) == Option::<String>::as_ref(&print) => {
                return Err(StoreError::Replayed(id));
            }
            Some((id, _)) => return Err(StoreError::KeyReused(id)),
            None => {}
        }
    }
    let mut inserted = Inserted::default();
    if let Some(key) = &run.key
        && key.on_conflict != OnConflict::Queue
    {
        let sql = "SELECT execution_id FROM runs WHERE key = ?1 AND (holds = 1 OR phase < 5) ORDER BY rank";
        let active: Vec<String> = many(transaction, sql, [&key.name], |row| row.get(0))?;
        let over = (active.len() + 1).saturating_sub(usize::try_from(key.limit).unwrap_or(usize::MAX));
        match key.on_conflict {
            OnConflict::CancelNewest => inserted.cancelled = over > 0,
            _ => inserted.to_cancel = active.into_iter().take(over).collect(),
        }
    }
    check_room(transaction, shared, run)?;
    shared.define(transaction, &run.job)?;
    add(transaction, run, inserted.cancelled)?;
    let mut events = run.inherited.clone();
    if inserted.cancelled {
        let why =
            Some(format!("the concurrency key `{}` is taken", run.key.as_ref().map_or("", |key| &key.name)));
        events.push(Event::Cancelled { at: run.created_at, why });
    }
    let events = (!events.is_empty()).then(|| json(&events)).transpose()?;
    let sql = "INSERT INTO journal (execution_id, lines, run, events) VALUES (?1, 0, ?2, ?3)";
    execute(transaction, sql, params![run.execution_id, text, events])?;
    for id in &inserted.to_cancel {
        cancel(transaction, id, &format!("replaced by the run {}", run.execution_id), run.created_at)?;
    }
    records::audit(transaction, audit)?;
    Ok(inserted)
}

fn add(transaction: &Connection, run: &NewRun, cancelled: bool) -> Result<(), StoreError> {
    let phase = match run.scheduled_time > run.created_at {
        _ if cancelled => ENDED,
        true => WAITING,
        false => READY,
    };
    let status = if cancelled { RunStatus::Cancelled } else { RunStatus::Queued };
    let idempotency = run.idempotency.as_ref();
    let sql = "INSERT INTO runs (execution_id, job_id, digest, queue, phase, status, priority, rank, due_at,
        expires_at, created_at, updated_at, ended_at, key, key_limit, scheduled, idempotency, fingerprint)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
        ON CONFLICT (execution_id) DO NOTHING";
    let row = params![
        run.execution_id,
        run.job.id,
        run.job.digest(),
        run.queue,
        phase,
        status.name(),
        run.priority,
        micros(run.rank),
        micros(run.scheduled_time),
        micros(run.expires_at()),
        micros(run.created_at),
        cancelled.then(|| micros(run.created_at)),
        run.key.as_ref().map(|key| &key.name),
        run.key.as_ref().map(|key| key.limit),
        matches!(run.source, Source::Schedule { .. }),
        idempotency.map(|found| &found.key),
        idempotency.map(|found| &found.fingerprint),
    ];
    match execute(transaction, sql, row)? {
        0 => Err(StoreError::Exists(run.execution_id.clone())),
        _ => Ok(()),
    }
}

/// Refuses a run when its queue is full. Counting costs as much as the queue is long, so the count is kept, and only
/// ever too high: it is taken anew when it says "full", once a second at most.
fn check_room(transaction: &Connection, shared: &Shared, run: &NewRun) -> Result<(), StoreError> {
    let Some(queue) = run.queue.as_ref().filter(|_| run.max_waiting < u64::MAX) else { return Ok(()) };
    let mut counts = lock(&shared.waiting);
    let known = counts.get(queue).copied();
    let (count, at) = match known {
        Some((count, at))
            if count < run.max_waiting || (run.created_at - at).num_milliseconds() < COUNTED_MS =>
        {
            (count, at)
        }
        _ => {
            let sql = "SELECT (SELECT COUNT(*) FROM runs WHERE queue = ?1 AND phase = 1)
                + (SELECT COUNT(*) FROM runs WHERE queue = ?1 AND phase = 2)
                + (SELECT COUNT(*) FROM runs WHERE queue = ?1 AND phase = 4)";
            (one(transaction, sql, [queue], |row| row.get(0))?.unwrap_or(0), run.created_at)
        }
    };
    if count >= run.max_waiting {
        counts.insert(queue.clone(), (count, at));
        return Err(StoreError::QueueFull(queue.clone(), run.max_waiting));
    }
    counts.insert(queue.clone(), (count + 1, at));
    Ok(())
}

pub(super) fn claim(
    transaction: &Connection,
    shared: &Shared,
    query: &ClaimQuery,
) -> Result<Vec<Taken>, StoreError> {
    let (queue, now) = (query.queue.as_str(), micros(query.now));
    let sql = "UPDATE runs SET phase = 1 WHERE queue = ?1 AND phase = 2 AND due_at <= ?2";
    execute(transaction, sql, params![queue, now])?;
    let sql = "SELECT execution_id FROM runs WHERE queue = ?1 AND phase = 3 AND claimed_until <= ?2 LIMIT ?3";
    let expired: Vec<String> = many(transaction, sql, params![queue, now, query.limit], |row| row.get(0))?;
    let take = |id: &str| take(transaction, shared, id, &query.worker, query.until);
    let mut taken = expired.iter().map(|id| take(id)).collect::<Result<Vec<Taken>, StoreError>>()?;
    let sql = "SELECT COUNT(*) FROM runs WHERE queue = ?1 AND phase = 3 AND claimed_until > ?2";
    let running: u32 = one(transaction, sql, params![queue, now], |row| row.get(0))?.unwrap_or(0);
    let room = query.concurrency.saturating_sub(running).min(query.limit) as usize;
    while taken.len() < room {
        let sql = "SELECT execution_id, key, key_limit, holds FROM runs
            WHERE queue = ?1 AND phase = 1 AND (?2 OR started_at IS NOT NULL OR cancel IS NOT NULL)
            ORDER BY rank LIMIT ?3";
        let wanted = room - taken.len();
        let ready: Vec<(String, Option<String>, Option<u32>, bool)> =
            many(transaction, sql, params![queue, query.open, wanted as i64], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?;
        let found = ready.len();
        for (id, key, limit, holds) in ready {
            if let Some(key) = key.filter(|_| !holds)
                && holders(transaction, &key)?.len() >= limit.unwrap_or(1) as usize
            {
                execute(transaction, "UPDATE runs SET phase = 4 WHERE execution_id = ?1", [&id])?;
                continue;
            }
            taken.push(take(&id)?);
        }
        if found < wanted {
            break;
        }
    }
    Ok(taken)
}

fn holders(transaction: &Connection, key: &str) -> Result<Vec<String>, StoreError> {
    many(transaction, "SELECT execution_id FROM runs WHERE key = ?1 AND holds = 1", [key], |row| row.get(0))
}

fn take(
    transaction: &Connection,
    shared: &Shared,
    id: &str,
    worker: &str,
    until: Timestamp,
) -> Result<Taken, StoreError> {
    let sql = "UPDATE runs SET phase = 3, fence = fence + 1, worker = ?2, claimed_until = ?3,
        holds = (key IS NOT NULL) WHERE execution_id = ?1 RETURNING fence, cancel, digest";
    let (fence, cancel, digest): (u64, Option<String>, String) =
        one(transaction, sql, params![id, worker, micros(until)], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .ok_or_else(|| StoreError::NotFound(id.to_owned()))?;
    let job = shared.job(transaction, &digest)?;
    let run = match lock(&shared.fresh).remove(id).filter(|_| fence == 1) {
        Some(run) => Journal::Fresh(Box::new(run)),
        None => Journal::Stored(journal(transaction, id)?),
    };
    Ok(Taken { run, job, fence, cancel })
}

pub(super) fn claim_run(
    transaction: &Connection,
    shared: &Shared,
    id: &str,
    worker: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Taken, StoreError> {
    let row = row(transaction, id)?;
    match row.claimed_until {
        Some(held) if held > now => Err(StoreError::Claimed(id.to_owned(), held)),
        _ => take(transaction, shared, id, worker, until),
    }
}

pub(super) fn renew(
    transaction: &Connection,
    claims: &[(String, u64)],
    until: Timestamp,
) -> Result<Vec<Renewal>, StoreError> {
    let sql = "UPDATE runs SET claimed_until = ?3 WHERE execution_id = ?1 AND fence = ?2 AND phase = 3 RETURNING cancel";
    let renewed = claims.iter().map(|(id, fence)| {
        let found = one(transaction, sql, params![id, fence, micros(until)], |row| row.get(0))?;
        Ok(found.map_or(Renewal::Lost, Renewal::Kept))
    });
    renewed.collect()
}

pub(super) fn expire(transaction: &Connection, worker: &str, now: Timestamp) -> Result<u64, StoreError> {
    let sql = "UPDATE runs SET claimed_until = ?2 WHERE worker = ?1 AND phase = 3 AND claimed_until > ?2";
    Ok(execute(transaction, sql, params![worker, micros(now)])? as u64)
}

pub(super) fn commit(
    transaction: &Connection,
    commit: &Commit,
    body: &Body,
) -> Result<Vec<String>, StoreError> {
    let Commit { execution_id: id, fence, status, at, .. } = commit;
    let stale = || StoreError::Stale(id.clone());
    let phase = match commit.next {
        Next::Keep if status.is_none() => {
            // Most commits only add what happened: the run's row stays as it is.
            let sql = "INSERT INTO journal (execution_id, lines, events, logs) SELECT ?1, ?3, ?4, ?5
                FROM runs WHERE execution_id = ?1 AND fence = ?2 AND phase = 3";
            let row = params![id, fence, body.lines, body.events, body.logs];
            return match execute(transaction, sql, row)? {
                0 => Err(stale()),
                _ => Ok(Vec::new()),
            };
        }
        Next::Keep => {
            let sql = "UPDATE runs SET status = ?3, updated_at = ?4, started_at = COALESCE(started_at, ?5)
                WHERE execution_id = ?1 AND fence = ?2 AND phase = 3";
            let (status, started) = (status.map(RunStatus::name), commit.started_at.map(micros));
            return match execute(transaction, sql, params![id, fence, status, micros(*at), started])? {
                0 => Err(stale()),
                _ => append(transaction, id, body).map(|()| Vec::new()),
            };
        }
        Next::Wait(due) if due <= *at => READY,
        Next::Wait(_) => WAITING,
        Next::End => ENDED,
    };
    let due = match commit.next {
        Next::Wait(due) => Some(micros(due)),
        _ => None,
    };
    let sql = "UPDATE runs SET phase = ?3, status = COALESCE(?4, status), updated_at = ?5,
        started_at = COALESCE(started_at, ?6), due_at = COALESCE(?7, due_at),
        ended_at = CASE WHEN ?3 = 5 THEN ?5 END, worker = NULL, claimed_until = NULL,
        holds = CASE WHEN ?3 = 5 THEN 0 ELSE holds END
        WHERE execution_id = ?1 AND fence = ?2 AND phase = 3 RETURNING key, cancel IS NOT NULL, queue";
    let (status, started) = (status.map(RunStatus::name), commit.started_at.map(micros));
    let row = params![id, fence, phase, status, micros(*at), started, due];
    let released = one(transaction, sql, row, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let (key, cancelling, queue): (Option<String>, bool, Option<String>) = released.ok_or_else(stale)?;
    append(transaction, id, body)?;
    let mut free = Vec::new();
    if phase == ENDED {
        if let Some(key) = key {
            free = hand_on(transaction, &key)?;
        }
        if let Some(dead) = &commit.dead {
            let value = serde_json::to_value(dead).map_err(|error| StoreError::Failed(error.to_string()))?;
            records::put(transaction, Kind::DeadLetter, id, "open", &value, Expect::Any)?;
        }
    } else if cancelling {
        // It was asked for while the worker gave the run back.
        execute(transaction, "UPDATE runs SET phase = 1 WHERE execution_id = ?1", [id])?;
        free.extend(queue);
    }
    Ok(free)
}

fn append(transaction: &Connection, id: &str, body: &Body) -> Result<(), StoreError> {
    if body.events.is_none() && body.logs.is_none() {
        return Ok(());
    }
    let sql = "INSERT INTO journal (execution_id, lines, events, logs) VALUES (?1, ?2, ?3, ?4)";
    execute(transaction, sql, params![id, body.lines, body.events, body.logs]).map(drop)
}

/// Gives a free slot of a concurrency key to the next run that waits for it; tells its queue.
fn hand_on(transaction: &Connection, key: &str) -> Result<Vec<String>, StoreError> {
    let held = holders(transaction, key)?.len();
    let sql = "SELECT execution_id, key_limit, queue FROM runs WHERE key = ?1 AND phase = 4 ORDER BY rank";
    let blocked: Vec<(String, u32, Option<String>)> =
        many(transaction, sql, [key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut free = Vec::new();
    for (id, _, queue) in blocked
        .into_iter()
        .enumerate()
        .filter(|(i, (_, limit, _))| held + i < *limit as usize)
        .map(|(_, found)| found)
    {
        execute(transaction, "UPDATE runs SET phase = 1 WHERE execution_id = ?1", [&id])?;
        free.extend(queue);
    }
    Ok(free)
}

pub(super) fn cancel(
    transaction: &Connection,
    id: &str,
    why: &str,
    now: Timestamp,
) -> Result<RunRow, StoreError> {
    let sql =
        "UPDATE runs SET cancel = COALESCE(cancel, ?2), due_at = CASE WHEN phase = 2 THEN ?3 ELSE due_at END,
        phase = CASE WHEN phase IN (2, 4) THEN 1 ELSE phase END WHERE execution_id = ?1 AND phase < 5";
    execute(transaction, sql, params![id, why, micros(now)])?;
    row(transaction, id)
}

fn journal(connection: &Connection, id: &str) -> Result<Vec<JournalRow>, StoreError> {
    let sql = "SELECT run, events FROM journal WHERE execution_id = ?1 ORDER BY seq";
    many(connection, sql, [id], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The run and what happened, from its rows.
fn read(rows: Vec<JournalRow>, job: Arc<Job>) -> Result<(NewRun, Vec<Event>), StoreError> {
    let (mut run, mut events) = (None, Vec::new());
    for (admitted, happened) in rows {
        if let Some(text) = admitted {
            run = Some(parse::<NewRun>(&text)?);
        }
        if let Some(text) = happened {
            events.extend(parse::<Vec<Event>>(&text)?);
        }
    }
    let run = run.ok_or_else(|| StoreError::Failed("a run has no beginning in the journal".to_owned()))?;
    Ok((NewRun { job, ..run }, events))
}

pub(super) fn load(
    connection: &Connection,
    shared: &Shared,
    id: &str,
) -> Result<(NewRun, Vec<Event>), StoreError> {
    let sql = "SELECT digest FROM runs WHERE execution_id = ?1";
    let digest: String =
        one(connection, sql, [id], |row| row.get(0))?.ok_or_else(|| StoreError::NotFound(id.to_owned()))?;
    let job = shared.job(connection, &digest)?;
    read(journal(connection, id)?, job)
}

const ROW: &str =
    "execution_id, job_id, queue, status, priority, created_at, due_at, started_at, ended_at, updated_at,
    worker, claimed_until, cancel";

fn of_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    let at = |index| row.get(index).map(time);
    let maybe = |index| row.get::<_, Option<i64>>(index).map(|found| found.map(time));
    Ok(RunRow {
        execution_id: row.get(0)?,
        job_id: row.get(1)?,
        queue: row.get(2)?,
        // What another version wrote and this one does not know is shown as running, and left alone.
        status: RunStatus::of(&row.get::<_, String>(3)?).unwrap_or(RunStatus::Running),
        priority: row.get(4)?,
        created_at: at(5)?,
        due_at: at(6)?,
        started_at: maybe(7)?,
        ended_at: maybe(8)?,
        updated_at: at(9)?,
        worker: row.get(10)?,
        claimed_until: maybe(11)?,
        cancel: row.get(12)?,
    })
}

pub(super) fn row(connection: &Connection, id: &str) -> Result<RunRow, StoreError> {
    let sql = format!("SELECT {ROW} FROM runs WHERE execution_id = ?1");
    one(connection, &sql, [id], of_row)?.ok_or_else(|| StoreError::NotFound(id.to_owned()))
}

/// How long before its end a run may have been made, for the bound of a search by end: 31 days.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 3600);

pub(super) fn list(connection: &Connection, filter: &RunFilter) -> Result<Vec<RunRow>, StoreError> {
    // Only what is asked for is in the text, so that SQLite can use an index.
    let mut wanted = vec!["TRUE".to_owned()];
    let mut values: Vec<Value> = Vec::new();
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        wanted.push(format!("{condition} ?{}", values.len()));
    };
    if let Some(job) = &filter.job_id {
        add("job_id =", job.clone().into());
    }
    if let Some(queue) = &filter.queue {
        add("queue =", queue.clone().into());
    }
    if let Some(before) = &filter.before {
        add("execution_id <", before.clone().into());
    }
    if let Some(since) = filter.ended_since {
        add("ended_at >=", micros(since).into());
        add("execution_id >=", first_id(clock::earlier(since, LONGEST)).into());
    }
    add("TRUE LIMIT", i64::from(filter.limit).into());
    let limit = wanted.pop().unwrap_or_default();
    if let Some(status) = filter.status {
        // As text: a partial index is used only for what the statement says.
        wanted.push(format!("status = '{}'", status.name()));
    }
    // Ids begin with their time, so that their order is that of age.
    let (wanted, limit) = (wanted.join(" AND "), limit.replacen("TRUE ", "", 1));
    let sql = format!("SELECT {ROW} FROM runs WHERE {wanted} ORDER BY execution_id DESC {limit}");
    many(connection, &sql, params_from_iter(values), of_row)
}

/// The smallest id of a run that was made at or after `at`.
pub(super) fn first_id(at: Timestamp) -> String {
    at.format("exec_%Y%m%d_%H%M%S").to_string()
}

pub(super) fn standing(connection: &Connection, id: &str, now: Timestamp) -> Result<Standing, StoreError> {
    let row = row(connection, id)?;
    let sql = "SELECT phase, rank, key, key_limit FROM runs WHERE execution_id = ?1";
    let (phase, rank, key, limit): (i64, i64, Option<String>, Option<u32>) =
        one(connection, sql, [id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
            .ok_or_else(|| StoreError::NotFound(id.to_owned()))?;
    let sql = "SELECT COUNT(*) FROM runs WHERE queue = ?1 AND phase = 1 AND (rank, execution_id) < (?2, ?3)";
    let ahead = one(connection, sql, params![row.queue, rank, id], |row| row.get(0))?.unwrap_or(0);
    let sql = "SELECT COUNT(*) FROM runs WHERE queue = ?1 AND phase = 3 AND claimed_until > ?2";
    let running = one(connection, sql, params![row.queue, micros(now)], |row| row.get(0))?.unwrap_or(0);
    let key = match key {
        Some(key) => {
            let held = holders(connection, &key)?;
            Some((key, limit.unwrap_or(1), held))
        }
        None => None,
    };
    Ok(Standing { row, blocked: phase == BLOCKED, ahead, running, key })
}

pub(super) fn logs(
    connection: &Connection,
    id: &str,
    after: u64,
    limit: u32,
) -> Result<Vec<LogRecord>, StoreError> {
    row(connection, id)?;
    let sql = "SELECT seq, lines FROM journal WHERE execution_id = ?1 AND lines > 0 ORDER BY seq";
    let rows: Vec<(i64, u64)> = many(connection, sql, [id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (mut seq, mut records) = (0, Vec::new());
    for (row, lines) in rows {
        if seq + lines <= after || records.len() >= limit as usize {
            seq += lines;
            continue;
        }
        let text: Option<String> =
            one(connection, "SELECT logs FROM journal WHERE seq = ?1", [row], |row| row.get(0))?.flatten();
        for record in parse::<Vec<LogRecord>>(text.as_deref().unwrap_or("[]"))? {
            seq += 1;
            records.push(LogRecord { seq, ..record });
        }
    }
    records.retain(|record| record.seq > after);
    records.truncate(limit as usize);
    Ok(records)
}
