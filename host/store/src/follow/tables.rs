//! The tables that a follower copies, and their columns.

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    pub name: &'static str,
    /// The number of columns of the key, which are the first ones.
    pub keys: usize,
    pub columns: &'static [Column],
    /// The maximum number of rows to read at once: fewer where rows are large.
    pub rows: usize,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column {
    pub name: &'static str,
    pub kind: Kind,
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Text,
    Bytes,
}

const fn int(name: &'static str) -> Column {
    Column { name, kind: Kind::Int }
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text }
}

const fn bytes(name: &'static str) -> Column {
    Column { name, kind: Kind::Bytes }
}

/// Rows of a small size.
const SMALL: usize = 128;
/// Rows of some megabytes.
const LARGE: usize = 8;

/// Every table with data. A definition comes before the runs that use it, and a run before its journal.
pub(super) const TABLES: &[Table] = &[
    Table { name: "components", keys: 1, columns: &[text("digest"), bytes("wasm")], rows: 1 },
    Table {
        name: "definitions",
        keys: 1,
        columns: &[text("digest"), text("job"), int("used_at")],
        rows: LARGE,
    },
    Table {
        name: "records",
        keys: 2,
        columns: &[text("kind"), text("id"), text("state"), int("version"), text("value")],
        rows: LARGE,
    },
    Table {
        name: "schedules",
        keys: 1,
        columns: &[
            text("job_id"),
            text("queue"),
            text("digest"),
            int("made"),
            int("cursor"),
            int("next"),
            text("paused"),
        ],
        rows: SMALL,
    },
    Table { name: "leases", keys: 1, columns: &[text("queue"), text("holder"), int("ends")], rows: SMALL },
    Table {
        name: "runs",
        keys: 1,
        columns: &[
            text("execution_id"),
            text("job_id"),
            text("digest"),
            text("queue"),
            int("phase"),
            text("status"),
            int("priority"),
            int("rank"),
            int("due_at"),
            int("scheduled_at"),
            int("expires_at"),
            int("created_at"),
            int("started_at"),
            int("ended_at"),
            int("updated_at"),
            int("fence"),
            text("worker"),
            int("claimed_until"),
            text("key"),
            int("key_limit"),
            int("holds"),
            text("cancel"),
            int("scheduled"),
            text("idempotency"),
            text("fingerprint"),
        ],
        rows: SMALL,
    },
    Table {
        name: "journal",
        keys: 3,
        columns: &[
            text("execution_id"),
            int("fence"),
            int("n"),
            int("lines"),
            text("run"),
            text("events"),
            text("logs"),
        ],
        rows: LARGE,
    },
    Table {
        name: "ledger",
        keys: 2,
        columns: &[
            text("job_id"),
            text("nominal"),
            int("due_at"),
            text("decision"),
            text("reason"),
            text("execution_id"),
            int("decided_at"),
        ],
        rows: SMALL,
    },
    Table {
        name: "audit",
        keys: 1,
        columns: &[int("seq"), int("at"), text("row"), int("n"), text("hash")],
        rows: SMALL,
    },
    Table {
        name: "audit_chain",
        keys: 1,
        columns: &[int("id"), int("cut"), text("cut_hash"), int("last"), text("last_hash")],
        rows: SMALL,
    },
    Table {
        name: "lock_projects",
        keys: 1,
        columns: &[text("project"), int("last_token"), int("last_event"), int("names"), int("waiting")],
        rows: SMALL,
    },
    Table {
        name: "lock_names",
        keys: 2,
        columns: &[text("project"), text("name"), int("last_token"), int("closed_until"), int("used_at")],
        rows: SMALL,
    },
    Table {
        name: "lock_tickets",
        keys: 2,
        columns: &[
            text("project"),
            text("id"),
            text("actor"),
            text("session"),
            int("open"),
            int("due"),
            text("ticket"),
        ],
        rows: SMALL,
    },
    Table {
        name: "lock_places",
        keys: 3,
        columns: &[text("project"), text("name"), text("ticket")],
        rows: SMALL,
    },
    Table {
        name: "lock_tokens",
        keys: 2,
        columns: &[text("project"), int("token"), text("ticket")],
        rows: SMALL,
    },
    Table {
        name: "lock_events",
        keys: 2,
        columns: &[text("project"), int("number"), text("event")],
        rows: SMALL,
    },
];

impl Table {
    /// Returns the table of this name, with its place in the list.
    pub fn of(name: &str) -> Option<(usize, &'static Self)> {
        TABLES.iter().enumerate().find(|(_, table)| table.name == name)
    }

    /// Returns the columns of the key.
    pub fn key(&self) -> &'static [Column] {
        self.columns.get(..self.keys).unwrap_or_default()
    }

    /// Returns the columns outside of the key.
    pub fn others(&self) -> &'static [Column] {
        self.columns.get(self.keys..).unwrap_or_default()
    }
}
