//! The schema of the SQLite file, and how a file gets it.
//!
//! One process has the file, so that a migration needs no second version that works with its result.

use rusqlite::{Connection, TransactionBehavior};

use crate::migrations::{MIGRATIONS, missing, newest};

/// The difference between a file's `user_version` and the number of its last migration: a file of migration 1
/// has 4.
const OFFSET: u32 = 3;
/// A file of this `user_version` was written by a program before migration 1. Lower numbers were development
/// versions before 0.1.
const OLDEST: u32 = 3;

/// Returns the `user_version` of a file that is up to date.
pub(super) fn version() -> u32 {
    OFFSET + newest(MIGRATIONS)
}

/// `phase` determines the next possible change of a run: 1 ready, 2 waiting for its time, 3 claimed, 4
/// waiting for its concurrency key, 5 ended. The indexes are partial, so that a run is only in the indexes
/// that it needs now.
///
/// `due_at` is the time at which the run is claimed next. `scheduled_at` is the time at which it was first
/// due, which no retry and no pause changes.
///
/// `journal` is the history of a run in order: first the run as it was admitted, then the additions of each
/// commit. `fence` is the claim of the commit, and `n` its number within the claim, so that a retried commit
/// exists only once. The table grows only at its end, and the rows of `runs` are small, so a transaction
/// writes few pages, which determine its cost. `lines` is the number of log lines of a row. It is -1 in the
/// row that holds the checkpoint of a run. There is at most one such row, which moves to the end with each
/// save.
pub(crate) const FIRST: &str = "
    CREATE TABLE definitions (
        digest  TEXT PRIMARY KEY,
        job     TEXT NOT NULL,
        used_at INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE runs (
        execution_id  TEXT PRIMARY KEY,
        job_id        TEXT NOT NULL,
        digest        TEXT NOT NULL,
        queue         TEXT,
        phase         INTEGER NOT NULL,
        status        TEXT NOT NULL,
        priority      INTEGER NOT NULL,
        rank          INTEGER NOT NULL,
        due_at        INTEGER NOT NULL,
        expires_at    INTEGER NOT NULL,
        created_at    INTEGER NOT NULL,
        started_at    INTEGER,
        ended_at      INTEGER,
        updated_at    INTEGER NOT NULL,
        fence         INTEGER NOT NULL DEFAULT 0,
        worker        TEXT,
        claimed_until INTEGER,
        key           TEXT,
        key_limit     INTEGER,
        holds         INTEGER NOT NULL DEFAULT 0,
        cancel        TEXT,
        scheduled     INTEGER NOT NULL,
        idempotency   TEXT,
        fingerprint   TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX runs_ready ON runs (queue, rank) WHERE phase = 1;
    CREATE INDEX runs_waiting ON runs (queue, due_at) WHERE phase = 2;
    CREATE INDEX runs_claimed ON runs (queue, claimed_until) WHERE phase = 3;
    CREATE INDEX runs_blocked ON runs (key, rank) WHERE phase = 4;
    CREATE INDEX runs_holding ON runs (key) WHERE holds = 1;
    CREATE INDEX runs_scheduled ON runs (job_id) WHERE scheduled = 1 AND phase < 5;
    CREATE INDEX runs_parked ON runs (execution_id) WHERE status = 'parked';
    CREATE INDEX runs_by_job ON runs (job_id, execution_id);
    CREATE UNIQUE INDEX runs_idempotency ON runs (idempotency) WHERE idempotency IS NOT NULL;
    CREATE TABLE journal (
        seq          INTEGER PRIMARY KEY,
        execution_id TEXT NOT NULL,
        lines        INTEGER NOT NULL,
        run          TEXT,
        events       TEXT,
        logs         TEXT,
        fence        INTEGER NOT NULL DEFAULT 0,
        n            INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE UNIQUE INDEX journal_by_commit ON journal (execution_id, fence, n);
    CREATE TABLE schedules (
        job_id    TEXT PRIMARY KEY,
        digest    TEXT NOT NULL,
        made      INTEGER NOT NULL,
        cursor    INTEGER NOT NULL,
        next      INTEGER,
        paused    TEXT,
        queue     TEXT NOT NULL DEFAULT ''
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX schedules_due ON schedules (next) WHERE next IS NOT NULL;
    CREATE TABLE ledger (
        job_id       TEXT NOT NULL,
        nominal      TEXT NOT NULL,
        due_at       INTEGER NOT NULL,
        decision     TEXT NOT NULL,
        reason       TEXT NOT NULL,
        execution_id TEXT,
        decided_at   INTEGER NOT NULL,
        PRIMARY KEY (job_id, nominal)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX ledger_by_time ON ledger (due_at, job_id, nominal);
    CREATE TABLE records (
        kind    TEXT NOT NULL,
        id      TEXT NOT NULL,
        state   TEXT NOT NULL,
        version INTEGER NOT NULL,
        value   TEXT NOT NULL,
        PRIMARY KEY (kind, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE audit (
        seq  INTEGER PRIMARY KEY,
        at   INTEGER NOT NULL,
        row  TEXT NOT NULL
    ) STRICT;
    CREATE TABLE leases (
        queue  TEXT PRIMARY KEY,
        holder TEXT NOT NULL,
        ends   INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE components (
        digest TEXT PRIMARY KEY,
        wasm   BLOB NOT NULL
    ) STRICT;
";

/// `journal_checkpoint` finds the journal row with the checkpoint of a run. The other statements chain the rows
/// of the audit log.
pub(crate) const THIRD: &str = "
    CREATE INDEX journal_checkpoint ON journal (execution_id) WHERE lines < 0;
    ALTER TABLE audit ADD COLUMN n INTEGER;
    ALTER TABLE audit ADD COLUMN hash TEXT;
    CREATE UNIQUE INDEX audit_by_number ON audit (n) WHERE n IS NOT NULL;
    CREATE INDEX audit_open ON audit (seq) WHERE n IS NULL;
    CREATE INDEX audit_by_time ON audit (at);
    CREATE TABLE audit_chain (
        id        INTEGER PRIMARY KEY,
        cut       INTEGER NOT NULL,
        cut_hash  TEXT NOT NULL,
        last      INTEGER NOT NULL,
        last_hash TEXT NOT NULL
    ) STRICT;
    INSERT INTO audit_chain VALUES (1, 0, '', 0, '');
";

/// Brings a file of the `user_version` [`OLDEST`] to migration 1.
const FROM_OLDEST: &str = "
    ALTER TABLE definitions ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE journal ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE journal ADD COLUMN n INTEGER NOT NULL DEFAULT 0;
    UPDATE journal SET n = seq;
    DROP INDEX journal_by_run;
    CREATE UNIQUE INDEX journal_by_commit ON journal (execution_id, fence, n);
    ALTER TABLE schedules ADD COLUMN queue TEXT NOT NULL DEFAULT '';
    UPDATE schedules SET queue = COALESCE(
        (SELECT json_extract(job, '$.timezone') FROM definitions WHERE definitions.digest = schedules.digest), 'UTC');
    CREATE TABLE leases (
        queue  TEXT PRIMARY KEY,
        holder TEXT NOT NULL,
        ends   INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE components (
        digest TEXT PRIMARY KEY,
        wasm   BLOB NOT NULL
    ) STRICT;
";

/// Brings the schema up to date.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let found = |connection: &Connection| -> rusqlite::Result<u32> {
        connection.pragma_query_value(None, "user_version", |row| row.get(0))
    };
    if found(connection)? == version() {
        return Ok(());
    }
    // Another process may also be migrating, so check again under the lock.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = found(&transaction)?;
    let has = match found {
        0 => 0,
        OLDEST => {
            transaction.execute_batch(FROM_OLDEST)?;
            1
        }
        1..OLDEST => {
            return Err(refused("it was written by a development version before 0.1: move it away"));
        }
        newer if newer > version() => {
            return Err(refused(&format!("it was written by a newer version of Stepwell (schema {newer})")));
        }
        known => known - OFFSET,
    };
    for migration in missing(MIGRATIONS, has) {
        transaction.execute_batch(migration.sqlite)?;
    }
    transaction.pragma_update(None, "user_version", version())?;
    transaction.commit()
}

fn refused(message: &str) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(1), Some(message.to_owned()))
}
