//! The notes of changed rows, which triggers write.

use stepwell_engine::StoreError;

use super::tables::{Column, TABLES, Table};
use crate::sql::{Param, Sql, params};

/// The text of the error of a write to a database that does not lead.
pub(crate) const MOVED: &str = "stepwell: the store has moved";
/// The code of this error in PostgreSQL.
pub(crate) const MOVED_CODE: &str = "SW001";

/// A changed row, as a trigger has noted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub seq: u64,
    pub table: String,
    /// The values of the key, as text.
    pub key: Vec<String>,
}

/// Adds the triggers to every table.
pub(super) fn install(db: &dyn Sql) -> Result<(), StoreError> {
    for table in TABLES {
        let statements = if db.locks_rows() { postgres(table) } else { sqlite(table) };
        for sql in statements {
            db.execute(&sql, &[])?;
        }
    }
    Ok(())
}

/// Removes the triggers and the notes.
pub(super) fn remove(db: &dyn Sql) -> Result<(), StoreError> {
    for Table { name, .. } in TABLES {
        for event in ["insert", "update", "delete"] {
            let on = if db.locks_rows() { format!(" ON {name}") } else { String::new() };
            db.execute(&format!("DROP TRIGGER IF EXISTS noted_{name}_{event}{on}"), &[])?;
        }
        if db.locks_rows() {
            db.execute(&format!("DROP FUNCTION IF EXISTS note_{name}()"), &[])?;
        }
    }
    db.execute("DELETE FROM changes", &[]).map(drop)
}

fn sqlite(table: &Table) -> Vec<String> {
    let name = table.name;
    let events = [("insert", "NEW"), ("update", "NEW"), ("delete", "OLD")];
    let trigger = |(event, row): (&str, &str)| {
        let key = three(table.key(), |column| format!("{row}.{}", column.name));
        format!(
            "CREATE TRIGGER IF NOT EXISTS noted_{name}_{event} AFTER {event} ON {name} BEGIN
                SELECT RAISE(ABORT, '{MOVED}') FROM store_state WHERE id = 1 AND role <> 'leading' AND applying = 0;
                INSERT INTO changes (tab, k1, k2, k3) SELECT '{name}', {key}
                    FROM store_state WHERE id = 1 AND role = 'leading';
            END"
        )
    };
    events.into_iter().map(trigger).collect()
}

/// A writer locks the table of notes before it reads who leads, so that a change of leadership, which takes a
/// stronger lock, waits for the writers before it and is seen by those after it.
fn postgres(table: &Table) -> Vec<String> {
    let name = table.name;
    let key = three(table.key(), |column| format!("{}::text", column.name));
    let mut statements = vec![format!(
        "CREATE OR REPLACE FUNCTION note_{name}() RETURNS trigger LANGUAGE plpgsql AS $note$
        DECLARE
            leads boolean;
            follows boolean;
        BEGIN
            LOCK TABLE changes IN ROW EXCLUSIVE MODE;
            SELECT role = 'leading', applying = 1 INTO leads, follows FROM store_state WHERE id = 1;
            IF follows THEN
                RETURN NULL;
            END IF;
            IF NOT leads THEN
                RAISE EXCEPTION '{MOVED}' USING ERRCODE = '{MOVED_CODE}';
            END IF;
            INSERT INTO changes (tab, k1, k2, k3) SELECT '{name}', {key} FROM noted;
            RETURN NULL;
        END $note$"
    )];
    for (event, rows) in [("insert", "NEW"), ("update", "NEW"), ("delete", "OLD")] {
        statements.push(format!("DROP TRIGGER IF EXISTS noted_{name}_{event} ON {name}"));
        statements.push(format!(
            "CREATE TRIGGER noted_{name}_{event} AFTER {event} ON {name} REFERENCING {rows} TABLE AS noted
            FOR EACH STATEMENT EXECUTE FUNCTION note_{name}()"
        ));
    }
    statements
}

/// Returns the three columns of a note: those of the key, and null for the rest.
fn three(key: &[Column], of: impl Fn(&Column) -> String) -> String {
    let mut columns: Vec<String> = key.iter().map(of).collect();
    columns.resize(3, "NULL".to_owned());
    columns.join(", ")
}

/// Waits for all writers, and keeps others from writing until the end of this transaction.
pub(super) fn stop_writers(db: &dyn Sql) -> Result<(), StoreError> {
    if db.locks_rows() {
        // Writers that come later wait behind this lock, so it gives up soon.
        db.execute("SET LOCAL lock_timeout = '300ms'", &[])?;
        db.execute("LOCK TABLE changes IN EXCLUSIVE MODE", &[])?;
    }
    Ok(())
}

/// Returns the oldest notes.
pub(super) fn oldest(db: &dyn Sql, limit: usize) -> Result<Vec<Note>, StoreError> {
    let sql = "SELECT seq, tab, k1, k2, k3 FROM changes ORDER BY seq LIMIT $1";
    db.rows(sql, params![limit], |row| {
        let key: [Option<String>; 3] = [row.get(2)?, row.get(3)?, row.get(4)?];
        Ok(Note { seq: row.get(0)?, table: row.get(1)?, key: key.into_iter().flatten().collect() })
    })
}

/// Returns whether a change is noted: of this run, or any change.
pub(crate) fn lacks(db: &dyn Sql, execution_id: Option<&str>) -> Result<bool, StoreError> {
    let found: Option<u64> = match execution_id {
        Some(id) => db.one(
            "SELECT seq FROM changes WHERE k1 = $1 AND (tab = 'runs' OR tab = 'journal') LIMIT 1",
            params![id],
        )?,
        None => db.one("SELECT seq FROM changes LIMIT 1", &[])?,
    };
    Ok(found.is_some())
}

/// Returns whether a change of this row is noted.
pub(super) fn is_noted(db: &dyn Sql, table: &str, key: &[String]) -> Result<bool, StoreError> {
    let column = |index: usize| key.get(index).map_or("", String::as_str);
    let sql = "SELECT seq FROM changes
        WHERE k1 = $1 AND tab = $2 AND COALESCE(k2, '') = $3 AND COALESCE(k3, '') = $4 LIMIT 1";
    Ok(db.one::<u64>(sql, params![column(0), table, column(1), column(2)])?.is_some())
}

/// Returns the number of notes and the number of the newest one.
pub(super) fn waiting(db: &dyn Sql) -> Result<(u64, u64), StoreError> {
    Ok(db.one("SELECT COUNT(*), COALESCE(MAX(seq), 0) FROM changes", &[])?.unwrap_or_default())
}

/// Removes notes.
pub(super) fn forget(db: &dyn Sql, notes: &[u64]) -> Result<(), StoreError> {
    // A few lengths of the list, so that there are few statements.
    for part in notes.chunks(256) {
        let last = part.last().copied().unwrap_or_default();
        let length = part.len().next_power_of_two();
        let values: Vec<Param<'_>> =
            part.iter().copied().chain(std::iter::repeat(last)).take(length).map(Param::from).collect();
        let list: Vec<String> = (1..=length).map(|number| format!("${number}")).collect();
        db.execute(&format!("DELETE FROM changes WHERE seq IN ({})", list.join(", ")), &values)?;
    }
    Ok(())
}
