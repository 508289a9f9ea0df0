//! Records, the audit log, and what is removed.

use rusqlite::{Connection, params};
use serde_json::Value;
use stepwell_engine::StoreError;
use stepwell_engine::store::{Audit, AuditRow, Change, CleanUp, Expect, Kind, Record};

use super::{Shared, execute, json, many, micros, one, parse, runs, times};

pub(super) fn change(transaction: &Connection, shared: &Shared, change: &Change) -> Result<(), StoreError> {
    match change {
        Change::Put { kind, id, state, value, expect } => put(transaction, *kind, id, state, value, *expect),
        Change::Remove { kind, id, expect } => remove(transaction, *kind, id, *expect),
        Change::PutSchedule(row) => times::put(transaction, shared, row),
        Change::PauseSchedule { job_id, paused } => times::pause(transaction, job_id, paused.as_deref()),
        Change::RemoveSchedule(job_id) => {
            execute(transaction, "DELETE FROM schedules WHERE job_id = ?1", [job_id]).map(drop)
        }
        Change::Audit(row) => audit(transaction, Some(row)),
    }
}

pub(super) fn put(
    transaction: &Connection,
    kind: Kind,
    id: &str,
    state: &str,
    value: &Value,
    expect: Expect,
) -> Result<(), StoreError> {
    check(transaction, kind, id, expect)?;
    let sql = "INSERT INTO records (kind, id, state, version, value) VALUES (?1, ?2, ?3, 1, ?4)
        ON CONFLICT DO UPDATE SET state = ?3, version = version + 1, value = ?4";
    execute(transaction, sql, params![kind.name(), id, state, json(value)?]).map(drop)
}

fn remove(transaction: &Connection, kind: Kind, id: &str, expect: Expect) -> Result<(), StoreError> {
    check(transaction, kind, id, expect)?;
    execute(transaction, "DELETE FROM records WHERE kind = ?1 AND id = ?2", [kind.name(), id]).map(drop)
}

fn check(transaction: &Connection, kind: Kind, id: &str, expect: Expect) -> Result<(), StoreError> {
    if expect == Expect::Any {
        return Ok(());
    }
    let sql = "SELECT version FROM records WHERE kind = ?1 AND id = ?2";
    let found: Option<u64> = one(transaction, sql, [kind.name(), id], |row| row.get(0))?;
    match (expect, found) {
        (Expect::Absent, None) | (Expect::Present, Some(_)) => Ok(()),
        (Expect::Version(wanted), Some(found)) if wanted == found => Ok(()),
        (Expect::Present | Expect::Version(_), None) => Err(StoreError::NoRecord(kind.name(), id.to_owned())),
        _ => Err(StoreError::Conflict(kind.name(), id.to_owned())),
    }
}

pub(super) fn get(connection: &Connection, kind: Kind, id: &str) -> Result<Option<Record>, StoreError> {
    let sql = "SELECT id, state, version, value FROM records WHERE kind = ?1 AND id = ?2";
    one(connection, sql, [kind.name(), id], columns)?.map(|found| record(kind, found)).transpose()
}

pub(super) fn list(
    connection: &Connection,
    kind: Kind,
    state: Option<&str>,
    after: &str,
    limit: u32,
) -> Result<Vec<Record>, StoreError> {
    let sql = "SELECT id, state, version, value FROM records
        WHERE kind = ?1 AND id > ?2 AND (?3 IS NULL OR state = ?3) ORDER BY id LIMIT ?4";
    let found = many(connection, sql, params![kind.name(), after, state, limit], columns)?;
    found.into_iter().map(|found| record(kind, found)).collect()
}

type Columns = (String, String, u64, String);

fn columns(row: &rusqlite::Row<'_>) -> rusqlite::Result<Columns> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

fn record(kind: Kind, (id, state, version, value): Columns) -> Result<Record, StoreError> {
    Ok(Record { kind, id, state, version, value: parse(&value)? })
}

pub(super) fn audit(transaction: &Connection, row: Option<&Audit>) -> Result<(), StoreError> {
    let Some(row) = row else { return Ok(()) };
    execute(transaction, "INSERT INTO audit (at, row) VALUES (?1, ?2)", params![micros(row.at), json(row)?])
        .map(drop)
}

pub(super) fn audit_rows(
    connection: &Connection,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let sql = "SELECT seq, row FROM audit WHERE ?1 IS NULL OR seq < ?1 ORDER BY seq DESC LIMIT ?2";
    let rows: Vec<(u64, String)> =
        many(connection, sql, params![before, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.into_iter().map(|(seq, row)| Ok(AuditRow { seq, audit: parse(&row)? })).collect()
}

pub(super) fn clean_up(transaction: &Connection, query: &CleanUp) -> Result<Vec<String>, StoreError> {
    // A run ended after it was made: only ids of that time and before are looked at.
    let sql =
        "SELECT execution_id FROM runs WHERE execution_id < ?3 AND phase = 5 AND ended_at < ?1 LIMIT ?2";
    let bound = runs::first_id(query.runs_before + chrono::Duration::seconds(1));
    let mut gone: Vec<String> =
        many(transaction, sql, params![micros(query.runs_before), query.limit, bound], |row| row.get(0))?;
    let sql = "SELECT job_id FROM runs GROUP BY job_id HAVING COUNT(*) > ?1";
    for job in many::<String>(transaction, sql, [query.runs_per_job], |row| row.get(0))? {
        let sql = "SELECT execution_id FROM runs WHERE job_id = ?1 AND phase = 5
            ORDER BY execution_id DESC LIMIT ?2 OFFSET ?3";
        let over = params![job, query.limit, query.runs_per_job];
        gone.extend(many::<String>(transaction, sql, over, |row| row.get(0))?);
    }
    gone.sort_unstable();
    gone.dedup();
    for id in &gone {
        for table in ["journal", "runs"] {
            execute(transaction, &format!("DELETE FROM {table} WHERE execution_id = ?1"), [id])?;
        }
        remove(transaction, Kind::DeadLetter, id, Expect::Any)?;
    }
    execute(transaction, "DELETE FROM ledger WHERE due_at < ?1", [micros(query.ledger_before)])?;
    execute(transaction, "DELETE FROM audit WHERE at < ?1", [micros(query.audit_before)])?;
    if gone.is_empty() {
        return Ok(gone);
    }
    let sql = "DELETE FROM definitions WHERE digest NOT IN (SELECT digest FROM runs)
        AND digest NOT IN (SELECT digest FROM schedules)";
    execute(transaction, sql, [])?;
    Ok(gone)
}
