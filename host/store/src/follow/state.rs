//! The row of a database that says who decides.

use stepwell_engine::StoreError;
use strum::{EnumString, IntoStaticStr};

use crate::sql::{Row, Sql, failed, params};

/// The tables in SQLite. A sequence number is never used again, so that a note which is removed is not confused with
/// a later one.
pub(crate) const SQLITE: &str = "
    CREATE TABLE changes (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        tab TEXT NOT NULL,
        k1  TEXT NOT NULL,
        k2  TEXT,
        k3  TEXT
    ) STRICT;
    CREATE INDEX changes_by_key ON changes (k1);
    CREATE TABLE store_state (
        id       INTEGER PRIMARY KEY,
        store    TEXT NOT NULL,
        epoch    INTEGER NOT NULL,
        role     TEXT NOT NULL,
        peer     TEXT NOT NULL,
        fence    INTEGER NOT NULL,
        applying INTEGER NOT NULL,
        copied   TEXT NOT NULL,
        position INTEGER NOT NULL
    ) STRICT;
    INSERT INTO store_state VALUES (1, lower(hex(randomblob(16))), 0, 'single', '', 0, 0, '', 0);
";

/// The tables in PostgreSQL.
pub(crate) const POSTGRES: &str = r#"
    CREATE TABLE changes (
        seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        tab TEXT COLLATE "C" NOT NULL,
        k1  TEXT COLLATE "C" NOT NULL,
        k2  TEXT COLLATE "C",
        k3  TEXT COLLATE "C"
    );
    CREATE INDEX changes_by_key ON changes (k1);
    CREATE TABLE store_state (
        id       BIGINT PRIMARY KEY,
        store    TEXT NOT NULL,
        epoch    BIGINT NOT NULL,
        role     TEXT NOT NULL,
        peer     TEXT NOT NULL,
        fence    BIGINT NOT NULL,
        applying BIGINT NOT NULL,
        copied   TEXT NOT NULL,
        position BIGINT NOT NULL
    );
    INSERT INTO store_state VALUES (1, replace(gen_random_uuid()::text, '-', ''), 0, 'single', '', 0, 0, '', 0);
"#;

/// The part of a database in a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// There is no switch.
    Single,
    /// It decides, and notes what changes.
    Leading,
    /// It accepts no writes, and its last changes are on their way. It can still lead again.
    Sealed,
    /// It has passed on everything. The other one leads, or is about to.
    Handed,
    /// It gets the changes of the other one.
    Following,
    /// The switch is over, and the other one has taken over.
    Retired,
}

/// The row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The identity of the database, which it has had since its schema was created.
    pub store: String,
    /// The number of the change of leadership. The higher one counts.
    pub epoch: u64,
    /// The part of the database in the switch.
    pub role: Role,
    /// The identity of the other database. Empty without a switch.
    pub peer: String,
    /// The number of the follower: only the newest one may write.
    pub fence: u64,
    /// The table and the key up to which the first copy has come, or empty before and after it.
    pub copied: String,
    /// The number of the last note of the other database that is applied here.
    pub position: u64,
}

/// Reads the row. With `lock`, no other transaction can change it before this one ends.
pub(super) fn read(db: &dyn Sql, lock: bool) -> Result<State, StoreError> {
    let lock = if lock && db.locks_rows() { " FOR UPDATE" } else { "" };
    let sql = format!(
        "SELECT store, epoch, role, peer, fence, copied, position FROM store_state WHERE id = 1{lock}"
    );
    let found = db.rows(&sql, &[], of_row)?.into_iter().next();
    found.ok_or_else(|| failed("the database does not say who decides: its table `store_state` is empty"))
}

fn of_row(row: Row<'_>) -> Result<State, StoreError> {
    let role: String = row.get(2)?;
    Ok(State {
        store: row.get(0)?,
        epoch: row.get(1)?,
        role: role.parse().map_err(|_| failed(format!("the role `{role}` in `store_state` is unknown")))?,
        peer: row.get(3)?,
        fence: row.get(4)?,
        copied: row.get(5)?,
        position: row.get(6)?,
    })
}

/// Writes the row.
pub(super) fn write(db: &dyn Sql, state: &State) -> Result<(), StoreError> {
    let role: &'static str = state.role.into();
    let sql =
        "UPDATE store_state SET epoch = $1, role = $2, peer = $3, fence = $4, copied = $5, position = $6
        WHERE id = 1";
    let row = params![state.epoch, role, &state.peer, state.fence, &state.copied, state.position];
    db.execute(sql, row).map(drop)
}
