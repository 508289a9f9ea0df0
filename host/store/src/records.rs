//! Records, components, and the cleanup.

use serde_json::Value;
use stepwell_engine::StoreError;
use stepwell_engine::store::{Change, CleanUp, Expect, Kind, Record};

use crate::audit::{self, audit};
use crate::shared::{Shared, UNUSED_MICROS};
use crate::sql::{Sql, json, micros, params, parse};
use crate::{runs, times};

/// Makes all changes. Rows of the audit log come last, since adding one locks the end of the chain until the
/// transaction ends.
pub(crate) fn changes(db: &dyn Sql, shared: &Shared, changes: &[Change]) -> Result<(), StoreError> {
    changes.iter().try_for_each(|found| change(db, shared, found))?;
    let rows = changes.iter().filter_map(|change| match change {
        Change::Audit(row) => Some(row),
        _ => None,
    });
    audit(db, rows)
}

fn change(db: &dyn Sql, shared: &Shared, change: &Change) -> Result<(), StoreError> {
    match change {
        Change::Put { kind, id, state, value, expect } => put(db, *kind, id, state, value, *expect),
        Change::Remove { kind, id, expect } => remove(db, *kind, id, *expect),
        Change::PutSchedule(row) => times::put(db, shared, row),
        Change::PauseSchedule { job_id, paused } => times::pause(db, job_id, paused.as_deref()),
        Change::RemoveSchedule(job_id) => {
            db.execute("DELETE FROM schedules WHERE job_id = $1", params![job_id]).map(drop)
        }
        Change::Audit(_) => Ok(()),
    }
}

pub(crate) fn put(
    db: &dyn Sql,
    kind: Kind,
    id: &str,
    state: &str,
    value: &Value,
    expect: Expect,
) -> Result<(), StoreError> {
    check(db, kind, id, expect)?;
    let sql = "INSERT INTO records (kind, id, state, version, value) VALUES ($1, $2, $3, 1, $4)
        ON CONFLICT (kind, id) DO UPDATE SET state = $3, version = records.version + 1, value = $4";
    db.execute(sql, params![kind.name(), id, state, &json(value)?]).map(drop)
}

fn remove(db: &dyn Sql, kind: Kind, id: &str, expect: Expect) -> Result<(), StoreError> {
    check(db, kind, id, expect)?;
    db.execute("DELETE FROM records WHERE kind = $1 AND id = $2", params![kind.name(), id]).map(drop)
}

fn check(db: &dyn Sql, kind: Kind, id: &str, expect: Expect) -> Result<(), StoreError> {
    if expect == Expect::Any {
        return Ok(());
    }
    db.lock(&format!("{} {id}", kind.name()))?;
    let sql = "SELECT version FROM records WHERE kind = $1 AND id = $2";
    let found: Option<u64> = db.one(sql, params![kind.name(), id])?;
    match (expect, found) {
        (Expect::Absent, None) | (Expect::Present, Some(_)) => Ok(()),
        (Expect::Version(wanted), Some(found)) if wanted == found => Ok(()),
        (Expect::Present | Expect::Version(_), None) => Err(StoreError::NoRecord(kind.name(), id.to_owned())),
        (Expect::Absent, Some(_)) => Err(StoreError::AlreadyThere(kind.name(), id.to_owned())),
        _ => Err(StoreError::Conflict(kind.name(), id.to_owned())),
    }
}

pub(crate) fn get(db: &dyn Sql, kind: Kind, id: &str) -> Result<Option<Record>, StoreError> {
    let sql = "SELECT id, state, version, value FROM records WHERE kind = $1 AND id = $2";
    db.one(sql, params![kind.name(), id])?.map(|found| record(kind, found)).transpose()
}

pub(crate) fn list(
    db: &dyn Sql,
    kind: Kind,
    state: Option<&str>,
    after: &str,
    limit: u32,
) -> Result<Vec<Record>, StoreError> {
    let sql = "SELECT id, state, version, value FROM records
        WHERE kind = $1 AND id > $2 AND ($3 IS NULL OR state = $3) ORDER BY id LIMIT $4";
    let found: Vec<Columns> = db.many(sql, params![kind.name(), after, state, limit])?;
    found.into_iter().map(|found| record(kind, found)).collect()
}

pub(crate) fn count(db: &dyn Sql, kind: Kind, state: &str) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) FROM records WHERE kind = $1 AND state = $2";
    Ok(db.one(sql, params![kind.name(), state])?.unwrap_or(0))
}

type Columns = (String, String, u64, String);

fn record(kind: Kind, (id, state, version, value): Columns) -> Result<Record, StoreError> {
    Ok(Record { kind, id, state, version, value: parse(&value)? })
}

pub(crate) fn put_component(db: &dyn Sql, digest: &str, wasm: &[u8]) -> Result<(), StoreError> {
    let sql = "INSERT INTO components (digest, wasm) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING";
    db.execute(sql, params![digest, wasm]).map(drop)
}

pub(crate) fn component(db: &dyn Sql, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
    db.one("SELECT wasm FROM components WHERE digest = $1", params![digest])
}

pub(crate) fn clean_up(db: &dyn Sql, query: &CleanUp) -> Result<Vec<String>, StoreError> {
    let gone = old_runs(db, query)?;
    if query.dry_run {
        return Ok(gone);
    }
    for id in &gone {
        for table in ["journal", "runs"] {
            db.execute(&format!("DELETE FROM {table} WHERE execution_id = $1"), params![id])?;
        }
        remove(db, Kind::DeadLetter, id, Expect::Any)?;
    }
    db.execute("DELETE FROM ledger WHERE due_at < $1", params![micros(query.ledger_before)])?;
    if !gone.is_empty() {
        let sql = "DELETE FROM definitions WHERE used_at < $1 AND digest NOT IN (SELECT digest FROM runs)
            AND digest NOT IN (SELECT digest FROM schedules)";
        db.execute(sql, params![db.lease_time(query.now)? - UNUSED_MICROS])?;
    }
    audit::cut(db, query.audit_before)?;
    audit::audit(db, &query.audit)?;
    Ok(gone)
}

/// Returns the runs to remove.
fn old_runs(db: &dyn Sql, query: &CleanUp) -> Result<Vec<String>, StoreError> {
    let free = if query.include_dead {
        String::new()
    } else {
        let kind = Kind::DeadLetter.name();
        format!(
            "AND NOT EXISTS (SELECT 1 FROM records WHERE kind = '{kind}' AND state = 'open' AND id = execution_id)"
        )
    };
    // A run ends after it was created, so only ids up to that time are candidates.
    let sql = format!(
        "SELECT execution_id FROM runs WHERE execution_id < $1 AND phase = 5 AND ended_at < $2 {free} LIMIT $3"
    );
    let bound = runs::first_id(query.runs_before + chrono::Duration::seconds(1));
    let mut gone: Vec<String> = db.many(&sql, params![&bound, micros(query.runs_before), query.limit])?;
    let many = "SELECT job_id FROM runs GROUP BY job_id HAVING COUNT(*) > $1";
    let sql = format!(
        "SELECT execution_id FROM runs WHERE job_id = $1 AND phase = 5 {free}
        ORDER BY execution_id DESC LIMIT $2 OFFSET $3"
    );
    for job in db.many::<String>(many, params![query.runs_per_job])? {
        gone.extend(db.many::<String>(&sql, params![&job, query.limit, query.runs_per_job])?);
    }
    gone.sort_unstable();
    gone.dedup();
    Ok(gone)
}
