//! Rows of any table, as they are read from one database and written to another.

use std::collections::BTreeMap;

use stepwell_engine::StoreError;

use super::tables::{Column, Kind, Table};
use crate::sql::{self, Param, Sql, failed};

/// The value of a column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Cell {
    /// Reads a value of a note.
    pub fn parse(column: &Column, text: &str) -> Result<Self, StoreError> {
        Ok(match column.kind {
            Kind::Int => Self::Int(text.parse().map_err(|_| failed(format!("a note has the key `{text}`")))?),
            _ => Self::Text(text.to_owned()),
        })
    }

    fn of(row: sql::Row<'_>, index: usize, kind: Kind) -> Result<Self, StoreError> {
        Ok(match kind {
            Kind::Int => row.get::<Option<i64>>(index)?.map_or(Self::Null, Self::Int),
            Kind::Text => row.get::<Option<String>>(index)?.map_or(Self::Null, Self::Text),
            Kind::Bytes => Self::Bytes(row.get(index)?),
        })
    }

    fn param(&self, kind: Kind) -> Param<'_> {
        match self {
            Self::Int(value) => Param::Int(Some(*value)),
            Self::Text(text) => Param::Text(Some(text)),
            Self::Bytes(bytes) => Param::Bytes(bytes),
            Self::Null if kind == Kind::Int => Param::Int(None),
            Self::Null => Param::Text(None),
        }
    }

    /// Returns the bytes that the value takes.
    pub fn len(&self) -> usize {
        match self {
            Self::Null => 0,
            Self::Int(_) => 8,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

/// The values of a key, or of a whole row, in the order of the table's columns.
pub(super) type Cells = Vec<Cell>;

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

/// Returns `($1, $2), ($3, $4)` and so on.
fn places(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let list: Vec<String> = (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
        format!("({})", list.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

fn params<'r>(columns: &[Column], rows: impl Iterator<Item = &'r Cells>) -> Vec<Param<'r>> {
    let kinds: Vec<Kind> = columns.iter().map(|column| column.kind).collect();
    rows.flat_map(|row| row.iter().zip(kinds.clone()).map(|(cell, kind)| cell.param(kind))).collect()
}

fn read(db: &dyn Sql, table: &Table, sql: &str, values: &[Param<'_>]) -> Result<Vec<Cells>, StoreError> {
    db.rows(sql, values, |row| {
        table.columns.iter().enumerate().map(|(index, column)| Cell::of(row, index, column.kind)).collect()
    })
}

/// Returns the rows with these keys. At most [`Table::rows`] keys.
pub(super) fn of_keys(db: &dyn Sql, table: &Table, keys: &[Cells]) -> Result<Vec<Cells>, StoreError> {
    let Some(last) = keys.last() else { return Ok(Vec::new()) };
    // A few lengths of the list, so that there are few statements.
    let length = keys.len().next_power_of_two();
    let sql = format!(
        "SELECT {} FROM {} WHERE ({}) IN (VALUES {})",
        names(table.columns),
        table.name,
        names(table.key()),
        places(length, table.keys)
    );
    let keys = keys.iter().chain(std::iter::repeat(last)).take(length);
    read(db, table, &sql, &params(table.key(), keys))
}

/// Returns the first rows after a key, in the order of keys. Texts compare byte by byte in each database.
pub(super) fn page(db: &dyn Sql, table: &Table, after: Option<&Cells>) -> Result<Vec<Cells>, StoreError> {
    let ordered = |column: &Column| match column.kind {
        Kind::Text if db.locks_rows() => format!("{} COLLATE \"C\"", column.name),
        _ => column.name.to_owned(),
    };
    let key: Vec<String> = table.key().iter().map(ordered).collect();
    let key = key.join(", ");
    let (wanted, values) = match after {
        Some(after) => (
            format!("WHERE ({key}) > {}", places(1, table.keys)),
            params(table.key(), std::iter::once(after)),
        ),
        None => (String::new(), Vec::new()),
    };
    let sql = format!(
        "SELECT {} FROM {} {wanted} ORDER BY {key} LIMIT {}",
        names(table.columns),
        table.name,
        table.rows
    );
    read(db, table, &sql, &values)
}

/// Inserts or replaces rows. No two of them may have the same key.
pub(super) fn put(db: &dyn Sql, table: &Table, rows: &[Cells]) -> Result<(), StoreError> {
    let key = names(table.key());
    let changed: Vec<String> =
        table.others().iter().map(|column| format!("{0} = excluded.{0}", column.name)).collect();
    let change = match changed.is_empty() {
        true => "NOTHING".to_owned(),
        false => format!("UPDATE SET {}", changed.join(", ")),
    };
    // The log of audits has numbers that PostgreSQL gives otherwise.
    let own = if db.locks_rows() && table.name == "audit" { "OVERRIDING SYSTEM VALUE" } else { "" };
    let mut rest = rows;
    while !rest.is_empty() {
        // A few lengths of the list, so that there are few statements.
        let length = 1 << rest.len().min(64).ilog2();
        let (part, next) = rest.split_at(length);
        let sql = format!(
            "INSERT INTO {} ({}) {own} VALUES {} ON CONFLICT ({key}) DO {change}",
            table.name,
            names(table.columns),
            places(length, table.columns.len())
        );
        db.execute(&sql, &params(table.columns, part.iter()))?;
        rest = next;
    }
    Ok(())
}

/// Removes rows.
pub(super) fn remove(db: &dyn Sql, table: &Table, keys: &[Cells]) -> Result<(), StoreError> {
    let Some(last) = keys.last() else { return Ok(()) };
    let length = keys.len().next_power_of_two();
    let sql = format!(
        "DELETE FROM {} WHERE ({}) IN (VALUES {})",
        table.name,
        names(table.key()),
        places(length, table.keys)
    );
    let keys = keys.iter().chain(std::iter::repeat(last)).take(length);
    db.execute(&sql, &params(table.key(), keys)).map(drop)
}

/// Continues the numbers that the database gives, after rows that came with theirs.
pub(super) fn continue_numbers(db: &dyn Sql) -> Result<(), StoreError> {
    if db.locks_rows() {
        let sql = "SELECT setval(pg_get_serial_sequence('audit', 'seq'),
            GREATEST((SELECT COALESCE(MAX(seq), 0) FROM audit) + 1, 1), false)";
        db.one::<i64>(sql, &[])?;
    }
    Ok(())
}

/// The rows of a batch, as they are in the source: keys without a row are those of removed rows.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// By the place of the table in the list, and by key.
    pub tables: BTreeMap<usize, BTreeMap<Cells, Option<Cells>>>,
    pub bytes: usize,
}
