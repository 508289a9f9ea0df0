//! Schedules and the fire ledger.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};
use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::schedule::{Decision, RunOverlap};
use stepwell_engine::store::{FireBatch, Fired, LedgerFilter, LedgerRow, NewFire, QueueRow, ScheduleRow};

use super::{Shared, execute, json, many, micros, one, runs, time};

pub(super) fn put(transaction: &Connection, shared: &Shared, row: &ScheduleRow) -> Result<(), StoreError> {
    shared.define(transaction, &row.job)?;
    let sql =
        "INSERT INTO schedules (job_id, digest, made, cursor, next, paused) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT DO UPDATE SET digest = ?2, made = ?3, cursor = ?4, next = ?5";
    let row = params![
        row.job_id,
        row.job.digest(),
        micros(row.made),
        micros(row.cursor),
        row.next.map(micros),
        row.paused
    ];
    execute(transaction, sql, row).map(drop)
}

pub(super) fn pause(transaction: &Connection, job_id: &str, paused: Option<&str>) -> Result<(), StoreError> {
    match execute(transaction, "UPDATE schedules SET paused = ?2 WHERE job_id = ?1", params![job_id, paused])?
    {
        0 => Err(StoreError::NoRecord("schedule", job_id.to_owned())),
        _ => Ok(()),
    }
}

const COLUMNS: &str = "job_id, digest, made, cursor, next, paused";

type Columns = (String, String, i64, i64, Option<i64>, Option<String>);

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn schedule(connection: &Connection, shared: &Shared, columns: Columns) -> Result<ScheduleRow, StoreError> {
    let (job_id, digest, made, cursor, next, paused) = columns;
    let job = shared.job(connection, &digest)?;
    Ok(ScheduleRow { job_id, job, made: time(made), cursor: time(cursor), next: next.map(time), paused })
}

pub(super) fn get(
    connection: &Connection,
    shared: &Shared,
    job_id: &str,
) -> Result<Option<ScheduleRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM schedules WHERE job_id = ?1");
    one(connection, &sql, [job_id], columns)?.map(|found| schedule(connection, shared, found)).transpose()
}

pub(super) fn due(
    connection: &Connection,
    shared: &Shared,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<ScheduleRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM schedules WHERE next <= ?1 ORDER BY next LIMIT ?2");
    let found = many(connection, &sql, params![micros(now), limit], columns)?;
    found.into_iter().map(|found| schedule(connection, shared, found)).collect()
}

pub(super) fn fire(
    transaction: &Connection,
    shared: &Shared,
    batches: &[FireBatch],
) -> Result<Vec<Fired>, StoreError> {
    batches.iter().map(|batch| fire_one(transaction, shared, batch)).collect()
}

fn fire_one(transaction: &Connection, shared: &Shared, batch: &FireBatch) -> Result<Fired, StoreError> {
    let mut fired = Fired::default();
    if let Some(expected) = batch.expect {
        let sql = "UPDATE schedules SET cursor = ?3, next = ?4 WHERE job_id = ?1 AND cursor = ?2";
        let row = params![batch.job_id, micros(expected), micros(batch.cursor), batch.next.map(micros)];
        if execute(transaction, sql, row)? == 0 {
            return Ok(Fired { stale: true, ..fired });
        }
    }
    for fire in &batch.fires {
        fire_run(transaction, shared, fire, batch.expect.is_some(), &mut fired)?;
    }
    Ok(fired)
}

fn fire_run(
    transaction: &Connection,
    shared: &Shared,
    fire: &NewFire,
    scheduled: bool,
    fired: &mut Fired,
) -> Result<(), StoreError> {
    let mut row = fire.row.clone();
    let sql = "SELECT execution_id IS NOT NULL FROM ledger WHERE job_id = ?1 AND nominal = ?2";
    let there: Option<bool> = one(transaction, sql, params![row.job_id, row.nominal], |row| row.get(0))?;
    // A fire has one row and at most one run: what has run does not run again, and only a backfill goes back.
    if there.is_some_and(|ran| ran || scheduled || fire.run.is_none()) {
        return Ok(());
    }
    if let Some(run) = &fire.run {
        let sql = "SELECT execution_id FROM runs WHERE job_id = ?1 AND scheduled = 1 AND phase < 5";
        let active: Vec<String> = match fire.overlap {
            RunOverlap::Allow => Vec::new(),
            _ => many(transaction, sql, [&row.job_id], |row| row.get(0))?,
        };
        match (fire.overlap, active.first()) {
            (RunOverlap::Forbid, Some(other)) => {
                row.decision = Decision::Overlap;
                row.reason = format!("the run {other} has not ended, and the overlap rule is `forbid`");
                row.execution_id = None;
            }
            (rule, _) => match runs::insert(transaction, shared, run, &json(run)?, None) {
                Ok(inserted) => {
                    if rule == RunOverlap::Replace {
                        for id in &active {
                            let why = format!("replaced by the run {}", run.execution_id);
                            runs::cancel(transaction, id, &why, row.decided_at)?;
                        }
                        fired.to_cancel.extend(active);
                    }
                    fired.to_cancel.extend(inserted.to_cancel);
                    fired.runs.push(run.execution_id.clone());
                }
                Err(error @ StoreError::QueueFull(..)) => {
                    row.decision = Decision::Refused;
                    row.reason = error.to_string();
                    row.execution_id = None;
                }
                Err(error) => return Err(error),
            },
        }
    }
    let sql = "INSERT INTO ledger (job_id, nominal, due_at, decision, reason, execution_id, decided_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT DO UPDATE SET decision = ?4, reason = ?5, execution_id = ?6, decided_at = ?7";
    let row = params![
        row.job_id,
        row.nominal,
        micros(row.due_at),
        row.decision.name(),
        row.reason,
        row.execution_id,
        micros(row.decided_at)
    ];
    execute(transaction, sql, row).map(drop)
}

pub(super) fn ledger(connection: &Connection, filter: &LedgerFilter) -> Result<Vec<LedgerRow>, StoreError> {
    let sql = "SELECT job_id, nominal, due_at, decision, reason, execution_id, decided_at FROM ledger
        WHERE (?1 IS NULL OR job_id = ?1) AND (?2 IS NULL OR decision = ?2) AND (?3 IS NULL OR due_at >= ?3)
        AND (?4 IS NULL OR due_at < ?4) AND (?5 IS NULL OR (due_at, job_id, nominal) < (?5, ?6, ?7))
        ORDER BY due_at DESC, job_id DESC, nominal DESC LIMIT ?8";
    let (at, job, nominal) = match filter.after.clone() {
        Some((at, job, nominal)) => (Some(micros(at)), Some(job), Some(nominal)),
        None => (None, None, None),
    };
    let row = params![
        filter.job_id,
        filter.decision.map(Decision::name),
        filter.from.map(micros),
        filter.to.map(micros),
        at,
        job,
        nominal,
        filter.limit
    ];
    many(connection, sql, row, |row| {
        let decision: String = row.get(3)?;
        Ok(LedgerRow {
            job_id: row.get(0)?,
            nominal: row.get(1)?,
            due_at: time(row.get(2)?),
            decision: Decision::ALL.into_iter().find(|d| d.name() == decision).unwrap_or(Decision::Refused),
            reason: row.get(4)?,
            execution_id: row.get(5)?,
            decided_at: time(row.get(6)?),
        })
    })
}

pub(super) fn queues(connection: &Connection, now: Timestamp) -> Result<Vec<QueueRow>, StoreError> {
    // One look for each phase, so that its partial index does it: runs that have ended are not looked at.
    let sql = "SELECT queue, 1, COUNT(*) FROM runs WHERE phase = 1 GROUP BY queue
        UNION ALL SELECT queue, 1, COUNT(*) FROM runs WHERE phase = 2 AND due_at <= ?1 GROUP BY queue
        UNION ALL SELECT queue, 2, COUNT(*) FROM runs WHERE phase = 2 AND due_at > ?1 GROUP BY queue
        UNION ALL SELECT queue, 3, COUNT(*) FROM runs WHERE phase = 3 GROUP BY queue
        UNION ALL SELECT queue, 4, COUNT(*) FROM runs WHERE phase = 4 GROUP BY queue";
    let counts: Vec<(Option<String>, u8, u64)> =
        many(connection, sql, [micros(now)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut queues: BTreeMap<String, QueueRow> = BTreeMap::new();
    for (queue, phase, count) in counts {
        let Some(queue) = queue else { continue };
        let row = queues.entry(queue.clone()).or_insert_with(|| QueueRow { queue, ..QueueRow::default() });
        match phase {
            1 => row.ready += count,
            2 => row.waiting += count,
            3 => row.running += count,
            _ => row.blocked += count,
        }
    }
    for (queue, row) in &mut queues {
        let sql = "SELECT due_at FROM runs WHERE queue = ?1 AND phase = 1 ORDER BY rank LIMIT 1";
        row.oldest = one(connection, sql, [queue], |row| row.get(0))?.map(time);
    }
    Ok(queues.into_values().collect())
}
