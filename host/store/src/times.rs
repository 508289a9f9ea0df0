//! Schedules, the leases of their schedulers, and the ledger of fires.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::Job;
use stepwell_engine::schedule::{Decision, RunOverlap};
use stepwell_engine::store::{
    FireBatch, Fired, LedgerFilter, LedgerRow, NewFire, NextFire, QueueRow, ScheduleFilter, ScheduleRow,
};
use stepwell_engine::{StoreError, project};

use crate::shared::Shared;
use crate::sql::{Param, Row, Sql, json, micros, params, time, until};
use crate::{audit, runs};

pub(crate) fn put(db: &dyn Sql, shared: &Shared, row: &ScheduleRow) -> Result<(), StoreError> {
    shared.define(db, &row.job, db.lease_time(row.made)?)?;
    let sql = "INSERT INTO schedules (job_id, queue, digest, made, cursor, next, paused)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (job_id) DO UPDATE SET queue = $2, digest = $3, made = $4, cursor = $5, next = $6";
    let row = params![
        &row.job_id,
        &row.job.timezone,
        row.job.digest(),
        micros(row.made),
        micros(row.cursor),
        row.next.map(micros),
        &row.paused
    ];
    db.execute(sql, row).map(drop)
}

pub(crate) fn pause(db: &dyn Sql, job_id: &str, paused: Option<&str>) -> Result<(), StoreError> {
    match db.execute("UPDATE schedules SET paused = $1 WHERE job_id = $2", params![paused, job_id])? {
        0 => Err(StoreError::NoRecord("schedule", job_id.to_owned())),
        _ => Ok(()),
    }
}

struct Columns {
    job_id: String,
    digest: String,
    made: i64,
    cursor: i64,
    next: Option<i64>,
    paused: Option<String>,
}

fn columns(row: Row<'_>) -> Result<Columns, StoreError> {
    Ok(Columns {
        job_id: row.get(0)?,
        digest: row.get(1)?,
        made: row.get(2)?,
        cursor: row.get(3)?,
        next: row.get(4)?,
        paused: row.get(5)?,
    })
}

fn schedule(db: &dyn Sql, shared: &Shared, columns: Columns) -> Result<ScheduleRow, StoreError> {
    let Columns { job_id, digest, made, cursor, next, paused } = columns;
    let job = shared.job(db, &digest)?.unwrap_or_else(|| Arc::new(Job::unreadable(&job_id)));
    Ok(ScheduleRow { job_id, job, made: time(made), cursor: time(cursor), next: next.map(time), paused })
}

pub(crate) fn get(db: &dyn Sql, shared: &Shared, job_id: &str) -> Result<Option<ScheduleRow>, StoreError> {
    let sql = "SELECT job_id, digest, made, cursor, next, paused FROM schedules WHERE job_id = $1";
    let found = db.rows(sql, params![job_id], columns)?.into_iter().next();
    found.map(|found| schedule(db, shared, found)).transpose()
}

pub(crate) fn next_fires(db: &dyn Sql, job_ids: &[String]) -> Result<Vec<NextFire>, StoreError> {
    let mut found = Vec::new();
    for job_id in job_ids {
        let sql = "SELECT next, paused FROM schedules WHERE job_id = $1";
        if let Some((next, paused)) = db.one::<(Option<i64>, Option<String>)>(sql, params![job_id])? {
            found.push(NextFire { job_id: job_id.clone(), next: next.map(time), paused });
        }
    }
    Ok(found)
}

pub(crate) fn list(
    db: &dyn Sql,
    shared: &Shared,
    filter: &ScheduleFilter,
) -> Result<Vec<ScheduleRow>, StoreError> {
    let (mut wanted, mut values) = (of_project(filter.project.as_deref()), Vec::new());
    for (condition, value) in [("queue =", &filter.queue), ("job_id >", &filter.after)] {
        if let Some(value) = value {
            values.push(Param::from(value));
            wanted.push_str(&format!(" AND {condition} ${}", values.len()));
        }
    }
    values.push(Param::from(filter.limit));
    let order = if filter.by_next { "AND next IS NOT NULL ORDER BY next, job_id" } else { "ORDER BY job_id" };
    let sql = format!(
        "SELECT job_id, digest, made, cursor, next, paused FROM schedules WHERE TRUE {wanted} {order} LIMIT ${}",
        values.len()
    );
    let found = db.rows(&sql, &values, columns)?;
    found.into_iter().map(|found| schedule(db, shared, found)).collect()
}

/// A lease is a row. A scheduler that finds no row, or an expired one, takes the lease.
pub(crate) fn lease(
    db: &dyn Sql,
    holder: &str,
    now: Timestamp,
    ends: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let lease = db.lease_time(now)?;
    let sql =
        "INSERT INTO leases (queue, holder, ends) SELECT DISTINCT queue, $1, $2 FROM schedules WHERE TRUE
        ON CONFLICT (queue) DO UPDATE SET holder = $1, ends = $2 WHERE leases.holder = $1 OR leases.ends <= $3
        RETURNING queue";
    db.many(sql, params![holder, until(lease, now, ends), lease])
}

pub(crate) fn due(
    db: &dyn Sql,
    shared: &Shared,
    holder: &str,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<ScheduleRow>, StoreError> {
    let sql = "SELECT job_id, digest, made, cursor, next, paused FROM schedules
        WHERE next <= $1 AND queue IN (SELECT queue FROM leases WHERE holder = $2 AND ends > $3)
        ORDER BY next LIMIT $4";
    let found = db.rows(sql, params![micros(now), holder, db.lease_time(now)?, limit], columns)?;
    found.into_iter().map(|found| schedule(db, shared, found)).collect()
}

pub(crate) fn fire(db: &dyn Sql, shared: &Shared, batches: &[FireBatch]) -> Result<Vec<Fired>, StoreError> {
    batches.iter().map(|batch| fire_one(db, shared, batch)).collect()
}

fn fire_one(db: &dyn Sql, shared: &Shared, batch: &FireBatch) -> Result<Fired, StoreError> {
    let mut fired = Fired::default();
    if let Some(expected) = batch.expect {
        let sql = "UPDATE schedules SET cursor = $1, next = $2 WHERE job_id = $3 AND cursor = $4";
        let row = params![micros(batch.cursor), batch.next.map(micros), &batch.job_id, micros(expected)];
        if db.execute(sql, row)? == 0 {
            return Ok(Fired { stale: true, ..fired });
        }
    } else {
        db.lock(&format!("ledger {}", batch.job_id))?;
    }
    for fire in &batch.fires {
        fire_run(db, shared, fire, batch.expect.is_some(), &mut fired)?;
    }
    audit::audit(db, &batch.audit)?;
    Ok(fired)
}

fn fire_run(
    db: &dyn Sql,
    shared: &Shared,
    fire: &NewFire,
    scheduled: bool,
    fired: &mut Fired,
) -> Result<(), StoreError> {
    let mut row = fire.row.clone();
    let sql = "SELECT execution_id FROM ledger WHERE job_id = $1 AND nominal = $2";
    let there: Option<Option<String>> = db.one(sql, params![&row.job_id, &row.nominal])?;
    let there = there.map(|run| run.is_some());
    // A fire has one row and at most one run. A fire that has run does not run again, and only a backfill can
    // add a run to an existing row.
    if there.is_some_and(|ran| ran || scheduled || fire.run.is_none()) {
        return Ok(());
    }
    if let Some(run) = &fire.run {
        let sql = "SELECT execution_id FROM runs WHERE job_id = $1 AND scheduled = 1 AND phase < 5";
        let active: Vec<String> = match fire.overlap {
            RunOverlap::Allow => Vec::new(),
            _ => db.many(sql, params![&row.job_id])?,
        };
        match (fire.overlap, active.first()) {
            (RunOverlap::Forbid, Some(other)) => {
                row.decision = Decision::Overlap;
                row.reason = format!("the run {other} has not ended, and the overlap rule is `forbid`");
                row.execution_id = None;
            }
            (rule, _) => match runs::insert(db, shared, run, &json(run)?, &[]) {
                Ok(inserted) => {
                    if rule == RunOverlap::Replace {
                        for id in &active {
                            let why = format!("replaced by the run {}", run.execution_id);
                            runs::cancel(db, id, &why, row.decided_at)?;
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
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (job_id, nominal) DO UPDATE SET decision = $4, reason = $5, execution_id = $6, decided_at = $7";
    let row = params![
        &row.job_id,
        &row.nominal,
        micros(row.due_at),
        row.decision.name(),
        &row.reason,
        &row.execution_id,
        micros(row.decided_at)
    ];
    db.execute(sql, row).map(drop)
}

pub(crate) fn ledger(db: &dyn Sql, filter: &LedgerFilter) -> Result<Vec<LedgerRow>, StoreError> {
    // The text contains only the requested conditions, so that an index can be used.
    let (mut wanted, mut values) = (vec!["TRUE".to_owned()], Vec::new());
    let mut add = |condition: &str, value| {
        values.push(value);
        wanted.push(format!("{condition} ${}", values.len()));
    };
    if let Some(job) = &filter.job_id {
        add("job_id =", Param::from(job));
    }
    if let Some(decision) = filter.decision {
        add("decision =", Param::from(decision.name()));
    }
    if let Some(from) = filter.from {
        add("due_at >=", Param::from(micros(from)));
    }
    if let Some(to) = filter.to {
        add("due_at <", Param::from(micros(to)));
    }
    if let Some((at, job, nominal)) = &filter.after {
        let first = values.len() + 1;
        values.extend([Param::from(micros(*at)), Param::from(job), Param::from(nominal)]);
        wanted.push(format!("(due_at, job_id, nominal) < (${first}, ${}, ${})", first + 1, first + 2));
    }
    values.push(Param::from(filter.limit));
    let (wanted, limit) = (wanted.join(" AND "), values.len());
    let sql = format!(
        "SELECT job_id, nominal, due_at, decision, reason, execution_id, decided_at FROM ledger
        WHERE {wanted} ORDER BY due_at DESC, job_id DESC, nominal DESC LIMIT ${limit}"
    );
    db.rows(&sql, &values, |row| {
        let decision: String = row.get(3)?;
        Ok(LedgerRow {
            job_id: row.get(0)?,
            nominal: row.get(1)?,
            due_at: time(row.get(2)?),
            decision: Decision::of(&decision).unwrap_or(Decision::Refused),
            reason: row.get(4)?,
            execution_id: row.get(5)?,
            decided_at: time(row.get(6)?),
        })
    })
}

/// Returns the contents of each queue, limited to one project if one is given.
pub(crate) fn queues(
    db: &dyn Sql,
    project: Option<&str>,
    now: Timestamp,
) -> Result<Vec<QueueRow>, StoreError> {
    // One query per phase, so that its partial index serves it: the queries do not visit ended runs. The empty text and
    // the missing condition that `queue` has a value keep SQLite from the indexes by job and by queue, which have them.
    let own = of_project(project).replace("job_id", "(job_id || '')");
    let sql = format!(
        "SELECT queue, 1, COUNT(*) FROM runs WHERE phase = 2 AND due_at <= $1 {own} GROUP BY queue
        UNION ALL SELECT queue, 2, COUNT(*) FROM runs WHERE phase = 2 AND due_at > $1 {own} GROUP BY queue
        UNION ALL SELECT queue, 3, COUNT(*) FROM runs WHERE phase = 3 {own} GROUP BY queue
        UNION ALL SELECT queue, 4, COUNT(*) FROM runs WHERE phase = 4 {own} GROUP BY queue"
    );
    let counts: Vec<(Option<String>, u8, u64)> = db.many(&sql, params![micros(now)])?;
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
    for (ready, begun) in [("TRUE", false), ("(started_at IS NOT NULL OR cancel IS NOT NULL)", true)] {
        let sql = format!(
            "SELECT queue, priority, COUNT(*), MIN(due_at) FROM runs WHERE phase = 1
            AND {ready} {own} GROUP BY queue, priority ORDER BY queue, priority"
        );
        for (queue, priority, count, oldest) in db.many::<(Option<String>, u8, u64, i64)>(&sql, &[])? {
            let Some(queue) = queue else { continue };
            let new = || QueueRow { queue: queue.clone(), ..QueueRow::default() };
            let row = queues.entry(queue.clone()).or_insert_with(new);
            if begun {
                row.begun.push((priority, count, time(oldest)));
            } else {
                row.ready += count;
                row.levels.push((priority, count, time(oldest)));
            }
        }
    }
    let sql = format!("SELECT queue, MIN(due_at) FROM runs WHERE phase = 4 {own} GROUP BY queue");
    for (queue, oldest) in db.many::<(Option<String>, i64)>(&sql, &[])? {
        if let Some(row) = queue.and_then(|queue| queues.get_mut(&queue)) {
            row.oldest_blocked = Some(time(oldest));
        }
    }
    Ok(queues.into_values().collect())
}

/// Returns the condition that a run or a schedule belongs to a project. A name has only letters, digits and `-`, and is
/// checked before use.
pub(crate) fn of_project(project: Option<&str>) -> String {
    let plain = |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    match project {
        None => String::new(),
        Some(project::DEFAULT) => "AND job_id NOT LIKE '%/%'".to_owned(),
        // `0` follows `/`.
        Some(name) if plain(&name) => format!("AND job_id >= '{name}/' AND job_id < '{name}0'"),
        Some(_) => "AND FALSE".to_owned(),
    }
}

pub(crate) fn next_schedule(db: &dyn Sql, holder: Option<&str>) -> Result<Option<Timestamp>, StoreError> {
    let next: Option<Option<i64>> = match holder {
        Some(holder) => {
            let sql = "SELECT MIN(next) FROM schedules WHERE next IS NOT NULL
                AND queue IN (SELECT queue FROM leases WHERE holder = $1)";
            db.one(sql, params![holder])?
        }
        None => db.one("SELECT MIN(next) FROM schedules WHERE next IS NOT NULL", &[])?,
    };
    Ok(next.flatten().map(time))
}

pub(crate) fn next_due(
    db: &dyn Sql,
    queue: &str,
    after: Option<Timestamp>,
) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT MIN(at) FROM (
        SELECT MIN(due_at) AS at FROM runs WHERE queue = $1 AND phase = 2 AND due_at > $2 UNION ALL
        SELECT MIN(claimed_until) FROM runs WHERE queue = $1 AND phase = 3 AND claimed_until > $2 UNION ALL
        SELECT due_at FROM (SELECT due_at FROM runs WHERE queue = $1 AND phase = 1 ORDER BY rank LIMIT 1) AS first
        WHERE due_at > $2) AS all_of_them";
    let next: Option<Option<i64>> = db.one(sql, params![queue, after.map_or(i64::MIN, micros)])?;
    Ok(next.flatten().map(time))
}

pub(crate) fn overdue(db: &dyn Sql, now: Timestamp, limit: u32) -> Result<Vec<String>, StoreError> {
    let sql =
        "SELECT execution_id FROM runs WHERE phase IN (1, 4) AND started_at IS NULL AND expires_at <= $1
        LIMIT $2";
    db.many(sql, params![micros(now), limit])
}
