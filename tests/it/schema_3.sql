-- A store of schema 3, with a run that has begun and a schedule.
CREATE TABLE definitions (
    digest TEXT PRIMARY KEY,
    job    TEXT NOT NULL
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
    logs         TEXT
) STRICT;
CREATE INDEX journal_by_run ON journal (execution_id);
CREATE TABLE schedules (
    job_id    TEXT PRIMARY KEY,
    digest    TEXT NOT NULL,
    made      INTEGER NOT NULL,
    cursor    INTEGER NOT NULL,
    next      INTEGER,
    paused    TEXT
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
    seq INTEGER PRIMARY KEY,
    at  INTEGER NOT NULL,
    row TEXT NOT NULL
) STRICT;
INSERT INTO definitions (digest, job) VALUES ('d1', '{"id":"job","timezone":"Europe/Berlin","steps":[{"id":"a","type":"sql","query":"SELECT 1"}]}');
INSERT INTO runs (execution_id, job_id, digest, queue, phase, status, priority, rank, due_at, expires_at, created_at,
    started_at, updated_at, fence, worker, claimed_until, scheduled)
    VALUES ('old', 'job', 'd1', 'Europe/Berlin', 3, 'running', 0, 1, 1, 9000000000000000, 1, 1, 1, 2, 'w', 1, 0);
INSERT INTO journal (execution_id, lines, run) VALUES ('old', 0, '{"execution_id":"old","created_at":"2025-09-01T14:30:22Z","scheduled_time":"2025-09-01T14:30:22Z","queue":"Europe/Berlin","priority":0,"rank":"2025-09-01T14:30:22Z","source":{"from":"api"}}');
INSERT INTO journal (execution_id, lines, events) VALUES ('old', 0, '[{"event":"started","at":"2025-09-01T14:30:22Z"}]');
INSERT INTO journal (execution_id, lines, events, logs) VALUES ('old', 1, '[{"event":"step_started","step":0,"attempt":1,"at":"2025-09-01T14:30:23Z"}]', '[{"at":"2025-09-01T14:30:23Z","step_id":"a","attempt":1,"level":"info","message":"text"}]');
INSERT INTO schedules (job_id, digest, made, cursor, next, paused) VALUES ('job', 'd1', 1, 1, 2, NULL);
PRAGMA user_version = 3;
