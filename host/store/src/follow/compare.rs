//! Compares two databases, row by row.

use std::sync::Arc;
use std::time::Duration;

use stepwell_engine::StoreError;

use super::feed;
use super::rows::{self, Cell, Cells};
use super::tables::{TABLES, Table};
use crate::store::{Database, SqlStore};

/// The differences that a result names.
const NAMED: usize = 100;
/// The number of times that a row is read again while the follower has not seen its last change, and the pause
/// before each.
const AGAIN: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// The result of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Compared {
    /// The rows that both databases have.
    pub rows: u64,
    /// The number of rows that differ.
    pub differing: u64,
    /// The first 100 of them.
    pub differences: Vec<Difference>,
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// The table.
    pub table: &'static str,
    /// The values of the key.
    pub key: Vec<String>,
    /// The columns with other values; empty when one database lacks the row.
    pub columns: Vec<&'static str>,
    /// Whether the leading database has the row.
    pub leading: bool,
    /// Whether the following database has the row.
    pub following: bool,
}

/// Compares all rows. Rows that change meanwhile are compared again when the follower has seen the change.
///
/// # Errors
/// Fails when a store fails.
#[allow(private_bounds, reason = "only the databases of this crate can be compared")]
pub async fn compare<A: Database, B: Database>(
    leading: &Arc<SqlStore<A>>,
    following: &Arc<SqlStore<B>>,
) -> Result<Compared, StoreError> {
    let mut compared = Compared::default();
    for table in TABLES {
        let (mut left, mut right) = (Rows::new(leading, table), Rows::new(following, table));
        loop {
            let (a, b) = (left.first().await?, right.first().await?);
            let Some(key) = [&a, &b].into_iter().flatten().map(|row| key_of(table, row)).min() else { break };
            let of = |row: Option<Cells>| row.filter(|row| key_of(table, row) == key);
            let (a, b) = (of(a), of(b));
            if a.is_some() {
                left.take();
            }
            if b.is_some() {
                right.take();
            }
            let (a, b) = match a == b {
                true => (a, b),
                false => settled(leading, following, table, &key).await?,
            };
            match differs(table, &key, a.as_ref(), b.as_ref()) {
                None => compared.rows += u64::from(a.is_some()),
                Some(difference) => {
                    compared.differing += 1;
                    if compared.differences.len() < NAMED {
                        compared.differences.push(difference);
                    }
                }
            }
        }
    }
    Ok(compared)
}

fn key_of(table: &Table, row: &Cells) -> Cells {
    row.iter().take(table.keys).cloned().collect()
}

/// Reads a row of both databases until they agree, or until nothing about the row waits for the follower.
async fn settled<A: Database, B: Database>(
    leading: &SqlStore<A>,
    following: &SqlStore<B>,
    table: &'static Table,
    key: &Cells,
) -> Result<(Option<Cells>, Option<Cells>), StoreError> {
    let wanted: Vec<String> = key.iter().map(text).collect();
    let mut again = 0;
    loop {
        let noted = wanted.clone();
        let waits = leading.0.read(move |db, _| feed::is_noted(db, table.name, &noted)).await?;
        let (of_leading, of_following) = (vec![key.clone()], vec![key.clone()]);
        let b = following.0.read(move |db, _| rows::of_keys(db, table, &of_following)).await?.pop();
        let a = leading.0.read(move |db, _| rows::of_keys(db, table, &of_leading)).await?.pop();
        let (a, b) = (a.map(plain), b.map(plain));
        if a == b || again >= AGAIN || (!waits && again >= 2) {
            return Ok((a, b));
        }
        again += 1;
        tokio::time::sleep(PAUSE).await;
    }
}

fn differs(table: &Table, key: &Cells, a: Option<&Cells>, b: Option<&Cells>) -> Option<Difference> {
    if a == b {
        return None;
    }
    let columns = match (a, b) {
        (Some(a), Some(b)) => {
            let pairs = table.columns.iter().zip(a.iter().zip(b));
            pairs.filter(|(_, (a, b))| a != b).map(|(column, _)| column.name).collect()
        }
        _ => Vec::new(),
    };
    let key = key.iter().map(text).collect();
    Some(Difference { table: table.name, key, columns, leading: a.is_some(), following: b.is_some() })
}

/// Returns a value of a key as text.
fn text(cell: &Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Int(value) => value.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Bytes(bytes) => format!("{} bytes", bytes.len()),
    }
}

/// Returns the row with the texts that PostgreSQL stores: without NUL.
fn plain(row: Cells) -> Cells {
    let plain = |cell| match cell {
        Cell::Text(text) if text.contains('\0') => Cell::Text(text.replace('\0', "\u{fffd}")),
        other => other,
    };
    row.into_iter().map(plain).collect()
}

/// The rows of a table in the order of their keys, page by page.
struct Rows<'s, D> {
    store: &'s SqlStore<D>,
    table: &'static Table,
    page: std::collections::VecDeque<Cells>,
    last: Option<Cells>,
    ended: bool,
}

impl<'s, D: Database> Rows<'s, D> {
    fn new(store: &'s SqlStore<D>, table: &'static Table) -> Self {
        Self { store, table, page: Default::default(), last: None, ended: false }
    }

    /// Returns the next row, which stays the next one until it is taken.
    async fn first(&mut self) -> Result<Option<Cells>, StoreError> {
        if self.page.is_empty() && !self.ended {
            let (table, after) = (self.table, self.last.clone());
            let page = self.store.0.read(move |db, _| rows::page(db, table, after.as_ref())).await?;
            self.last = page.last().map(|row| key_of(table, row)).or(self.last.take());
            self.ended = page.is_empty();
            self.page = page.into_iter().map(plain).collect();
        }
        Ok(self.page.front().cloned())
    }

    fn take(&mut self) {
        self.page.pop_front();
    }
}
