//! The schema in PostgreSQL, and its changes while nodes of two versions run.
//!
//! A change takes two steps (expand and contract). One release adds the tables and columns that the next
//! release needs, in a way that the previous release can work with. Only a later release removes unused
//! parts. Each migration names the oldest version that can work with its result. An older node does not
//! start, and reports the reason.

use stepwell_engine::StoreError;

use super::session::Session;
use crate::migrations::{Migration, missing, newest, works};
use crate::sql::failed;

/// The same schema as in SQLite (`sqlite::schema` explains the phases and the journal), with 64-bit numbers
/// throughout, so that the same statements work. Texts compare byte by byte, as in SQLite. Rows of `runs`
/// move with each phase, so their pages keep free space, and dead rows are removed early.
pub(crate) const FIRST: &str = r#"
    CREATE TABLE definitions (
        digest  TEXT COLLATE "C" PRIMARY KEY,
        job     TEXT NOT NULL,
        used_at BIGINT NOT NULL
    );
    CREATE TABLE runs (
        execution_id  TEXT COLLATE "C" PRIMARY KEY,
        job_id        TEXT COLLATE "C" NOT NULL,
        digest        TEXT COLLATE "C" NOT NULL,
        queue         TEXT COLLATE "C",
        phase         BIGINT NOT NULL,
        status        TEXT NOT NULL,
        priority      BIGINT NOT NULL,
        rank          BIGINT NOT NULL,
        due_at        BIGINT NOT NULL,
        expires_at    BIGINT NOT NULL,
        created_at    BIGINT NOT NULL,
        started_at    BIGINT,
        ended_at      BIGINT,
        updated_at    BIGINT NOT NULL,
        fence         BIGINT NOT NULL DEFAULT 0,
        worker        TEXT,
        claimed_until BIGINT,
        key           TEXT COLLATE "C",
        key_limit     BIGINT,
        holds         BIGINT NOT NULL DEFAULT 0,
        cancel        TEXT,
        scheduled     BIGINT NOT NULL,
        idempotency   TEXT COLLATE "C",
        fingerprint   TEXT
    ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0);
    CREATE INDEX runs_ready ON runs (queue, rank) WHERE phase = 1;
    CREATE INDEX runs_waiting ON runs (queue, due_at) WHERE phase = 2;
    CREATE INDEX runs_claimed ON runs (queue, claimed_until) WHERE phase = 3;
    CREATE INDEX runs_blocked ON runs (key, rank) WHERE phase = 4;
    CREATE INDEX runs_keyed ON runs (queue) WHERE phase = 1 AND key IS NOT NULL AND holds = 0;
    CREATE INDEX runs_holding ON runs (key) WHERE holds = 1;
    CREATE INDEX runs_scheduled ON runs (job_id) WHERE scheduled = 1 AND phase < 5;
    CREATE INDEX runs_parked ON runs (execution_id) WHERE status = 'parked';
    CREATE INDEX runs_by_job ON runs (job_id, execution_id);
    CREATE UNIQUE INDEX runs_idempotency ON runs (idempotency) WHERE idempotency IS NOT NULL;
    CREATE TABLE journal (
        execution_id TEXT COLLATE "C" NOT NULL,
        fence        BIGINT NOT NULL,
        n            BIGINT NOT NULL,
        lines        BIGINT NOT NULL,
        run          TEXT,
        events       TEXT,
        logs         TEXT,
        PRIMARY KEY (execution_id, fence, n)
    );
    CREATE TABLE schedules (
        job_id TEXT COLLATE "C" PRIMARY KEY,
        queue  TEXT COLLATE "C" NOT NULL,
        digest TEXT COLLATE "C" NOT NULL,
        made   BIGINT NOT NULL,
        cursor BIGINT NOT NULL,
        next   BIGINT,
        paused TEXT
    );
    CREATE INDEX schedules_due ON schedules (next) WHERE next IS NOT NULL;
    CREATE TABLE leases (
        queue  TEXT COLLATE "C" PRIMARY KEY,
        holder TEXT COLLATE "C" NOT NULL,
        ends   BIGINT NOT NULL
    );
    CREATE TABLE ledger (
        job_id       TEXT COLLATE "C" NOT NULL,
        nominal      TEXT COLLATE "C" NOT NULL,
        due_at       BIGINT NOT NULL,
        decision     TEXT NOT NULL,
        reason       TEXT NOT NULL,
        execution_id TEXT,
        decided_at   BIGINT NOT NULL,
        PRIMARY KEY (job_id, nominal)
    );
    CREATE INDEX ledger_by_time ON ledger (due_at, job_id, nominal);
    CREATE TABLE records (
        kind    TEXT COLLATE "C" NOT NULL,
        id      TEXT COLLATE "C" NOT NULL,
        state   TEXT NOT NULL,
        version BIGINT NOT NULL,
        value   TEXT NOT NULL,
        PRIMARY KEY (kind, id)
    );
    CREATE TABLE audit (
        seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at  BIGINT NOT NULL,
        row TEXT NOT NULL
    );
    CREATE TABLE components (
        digest TEXT COLLATE "C" PRIMARY KEY,
        wasm   BYTEA NOT NULL
    );
"#;

/// `journal_checkpoint` finds the journal row with the checkpoint of a run (`lines` is -1 there). A program
/// that does not know about checkpoints reads this row as the event that it is. The other statements chain
/// the rows of the audit log.
pub(crate) const THIRD: &str = "
    CREATE INDEX journal_checkpoint ON journal (execution_id) WHERE lines < 0;
    ALTER TABLE audit ADD COLUMN n BIGINT, ADD COLUMN hash TEXT;
    CREATE UNIQUE INDEX audit_by_number ON audit (n) WHERE n IS NOT NULL;
    CREATE INDEX audit_open ON audit (seq) WHERE n IS NULL;
    CREATE INDEX audit_by_time ON audit (at);
    CREATE TABLE audit_chain (
        id        BIGINT PRIMARY KEY,
        cut       BIGINT NOT NULL,
        cut_hash  TEXT NOT NULL,
        last      BIGINT NOT NULL,
        last_hash TEXT NOT NULL
    );
    INSERT INTO audit_chain VALUES (1, 0, '', 0, '')";

/// Brings the schema up to date. One process migrates, and the others wait.
pub(super) async fn migrate(
    session: &Session,
    schema: &str,
    migrations: &[Migration],
) -> Result<(), StoreError> {
    let known = newest(migrations);
    // A login that may not create a schema can use an existing schema that is up to date.
    let there = session.rows("SELECT to_regclass('schema_versions') IS NOT NULL", &[]).await?;
    if there.first().is_some_and(|row| row.try_get(0).unwrap_or(false)) {
        let (version, works_since) = version(session).await?;
        if version >= known {
            return works(version, works_since, known);
        }
    }
    session
        .long_batch(&format!(
            "SET lock_timeout = 0; SET statement_timeout = 0; BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('migrate {schema}', 0));
            CREATE SCHEMA IF NOT EXISTS {schema};
            CREATE TABLE IF NOT EXISTS schema_versions (
                version BIGINT PRIMARY KEY, works_since BIGINT NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT now())"
        ))
        .await?;
    let done = apply(session, migrations, known).await;
    match &done {
        Ok(()) => session.batch("COMMIT").await?,
        Err(_) => session.roll_back().await,
    }
    session.prepare_for_use(schema).await?;
    done
}

async fn apply(session: &Session, migrations: &[Migration], known: u32) -> Result<(), StoreError> {
    let (mut version, works_since) = version(session).await?;
    works(version, works_since, known)?;
    for next in missing(migrations, version) {
        let Migration { version: to, works_since, postgres: sql, .. } = next;
        tracing::info!("the schema goes from version {version} to {to}");
        session.long_batch(sql).await?;
        let note = format!("INSERT INTO schema_versions (version, works_since) VALUES ({to}, {works_since})");
        session.batch(&note).await?;
        version = *to;
    }
    Ok(())
}

/// Checks that this program still works with the schema: another one may have migrated it.
pub(super) async fn check(session: &Session, migrations: &[Migration]) -> Result<(), StoreError> {
    let (version, works_since) = version(session).await?;
    works(version, works_since, newest(migrations))
}

async fn version(session: &Session) -> Result<(u32, u32), StoreError> {
    let sql = "SELECT version, works_since FROM schema_versions ORDER BY version DESC LIMIT 1";
    let rows = session.rows(sql, &[]).await?;
    let Some(row) = rows.first() else { return Ok((0, 0)) };
    let get = |index: usize| row.try_get::<_, i64>(index).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    Ok((get(0).map_err(failed)?, get(1).map_err(failed)?))
}
