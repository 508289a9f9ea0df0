//! Passes the rows of a statement in batches to a reader that may be slow, within limits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use stepwell_engine::quantity::counted;
use tokio::sync::{mpsc, oneshot};

use crate::{Column, Error, Value};

/// The maximum number of rows in one batch, and the number of bytes after which a smaller batch is sent.
pub(crate) const BATCH_ROWS: usize = 2048;
const BATCH_BYTES: u64 = 256 << 10;

/// A batch of rows by column. A vector per row would cost another allocation for each row.
pub(crate) type Batch = Result<Vec<Vec<Value>>, Error>;

/// The maximum number of connections with one name that an attempt has open at once.
const OPEN: usize = 2;

/// The total rows and bytes that one attempt reads and loads, and its open connections.
#[derive(Debug)]
pub struct Totals {
    rows: AtomicU64,
    max_rows: u64,
    bytes: AtomicU64,
    max_bytes: u64,
    open: Mutex<BTreeMap<String, usize>>,
}

/// One of the open connections of an attempt.
pub(crate) struct Place {
    totals: Arc<Totals>,
    name: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.totals.open.lock();
        if let Some(count) = open.get_mut(&self.name) {
            *count = count.saturating_sub(1);
        }
    }
}

impl Totals {
    /// Creates empty totals with these limits.
    pub fn new(max_rows: u64, max_bytes: u64) -> Self {
        Self {
            rows: AtomicU64::new(0),
            max_rows,
            bytes: AtomicU64::new(0),
            max_bytes,
            open: Mutex::default(),
        }
    }

    /// Returns the number of bytes so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Takes one of the places for connections of this name, until it is dropped.
    pub(crate) fn place(self: &Arc<Self>, name: &str) -> Result<Place, Error> {
        let mut open = self.open.lock();
        let count = open.entry(name.to_owned()).or_default();
        if *count >= OPEN {
            let message =
                format!("a step has at most {OPEN} connections to `{name}` open at once: close one of them");
            return Err(Error::limit("sql_connections", message));
        }
        *count += 1;
        drop(open);
        Ok(Place { totals: self.clone(), name: name.to_owned() })
    }

    /// Counts a row.
    pub(crate) fn add(&self, row: &[Value]) -> Result<u64, Error> {
        self.row()?;
        self.value(row.iter().map(Value::size).sum())
    }

    fn row(&self) -> Result<(), Error> {
        if self.rows.fetch_add(1, Ordering::Relaxed) >= self.max_rows {
            let message = format!(
                "results and loads of the step have more than {} in all",
                counted(self.max_rows, "row")
            );
            return Err(Error::limit("sql_rows", message));
        }
        Ok(())
    }

    fn value(&self, size: u64) -> Result<u64, Error> {
        if self.bytes.fetch_add(size, Ordering::Relaxed) + size > self.max_bytes {
            let message = format!(
                "results and loads of the step have more than {} bytes of rows in all",
                self.max_bytes
            );
            return Err(Error::limit("sql_bytes", message));
        }
        Ok(size)
    }
}

/// Returns the number of rows after which a batch of so many columns is full: each value counts at least eight bytes.
fn capacity(columns: usize) -> usize {
    let columns = u64::try_from(columns).unwrap_or(u64::MAX).max(1);
    usize::try_from(BATCH_BYTES / 8 / columns + 1).unwrap_or(BATCH_ROWS).min(BATCH_ROWS)
}

/// Receives the rows of a result.
pub(crate) struct Sink {
    /// The receiver of the columns.
    pub started: Option<oneshot::Sender<Result<Vec<Column>, Error>>>,
    /// The receiver of the rows; `None` when they are only counted.
    pub batches: Option<mpsc::Sender<Batch>>,
    pub max_rows: u64,
    pub totals: Arc<Totals>,
    pub rows: u64,
    pub bytes: u64,
    /// The columns of rows that have not been sent.
    pub batch: Vec<Vec<Value>>,
}

impl Sink {
    /// Creates a sink that counts rows and discards them.
    pub fn counting(max_rows: u64, totals: Arc<Totals>) -> Self {
        Self { started: None, batches: None, max_rows, totals, rows: 0, bytes: 0, batch: Vec::new() }
    }

    /// Announces the columns of the rows.
    ///
    /// # Errors
    /// Fails when the receiver is gone.
    pub fn columns(&mut self, columns: Vec<Column>) -> Result<(), Error> {
        match self.started.take() {
            Some(started) => started.send(Ok(columns)).map_err(|_| Error::Stopped),
            None => Ok(()),
        }
    }

    /// Takes the values out of `row`, and returns a batch when one is ready to send.
    ///
    /// # Errors
    /// Fails when a limit is reached.
    pub fn add(&mut self, row: &mut Vec<Value>) -> Result<Option<Vec<Vec<Value>>>, Error> {
        self.value(row.iter().map(Value::size).sum())?;
        self.add_counted(row)
    }

    /// Counts a value before it is copied.
    ///
    /// # Errors
    /// Fails when a limit is reached.
    pub fn value(&mut self, size: u64) -> Result<(), Error> {
        self.bytes += self.totals.value(size)?;
        Ok(())
    }

    /// Like [`Sink::add`], for values that were counted individually.
    ///
    /// # Errors
    /// Fails when a limit is reached.
    pub fn add_counted(&mut self, row: &mut Vec<Value>) -> Result<Option<Vec<Vec<Value>>>, Error> {
        self.rows += 1;
        if self.rows > self.max_rows {
            let message =
                format!("the result has more than {}: narrow the query", counted(self.max_rows, "row"));
            return Err(Error::limit("sql.rows", message));
        }
        self.totals.row()?;
        if self.batches.is_none() {
            row.clear();
            return Ok(None);
        }
        if self.batch.is_empty() {
            let rows = capacity(row.len());
            self.batch = row.iter().map(|_| Vec::with_capacity(rows)).collect();
        }
        for (column, value) in self.batch.iter_mut().zip(row.drain(..)) {
            column.push(value);
        }
        let rows = self.batch.first().map_or(0, Vec::len);
        let full = rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES;
        Ok(full.then(|| self.rest()))
    }

    /// Returns the rows that have not been sent.
    pub fn rest(&mut self) -> Vec<Vec<Value>> {
        self.bytes = 0;
        std::mem::take(&mut self.batch)
    }

    /// Takes a row, and waits while the reader is behind.
    ///
    /// # Errors
    /// Fails when a limit is reached, or when the reader is gone.
    pub async fn push(&mut self, row: &mut Vec<Value>) -> Result<(), Error> {
        match self.add(row)? {
            Some(batch) => self.send(batch).await,
            None => Ok(()),
        }
    }

    /// Sends the remaining rows.
    ///
    /// # Errors
    /// Fails when the reader is gone.
    pub async fn finish(&mut self) -> Result<(), Error> {
        let rest = self.rest();
        if rest.is_empty() { Ok(()) } else { self.send(rest).await }
    }

    async fn send(&self, batch: Vec<Vec<Value>>) -> Result<(), Error> {
        match &self.batches {
            Some(batches) => batches.send(Ok(batch)).await.map_err(|_| Error::Stopped),
            None => Ok(()),
        }
    }

    /// Reports the error to the reader after the rows so far.
    pub async fn fail(&mut self, error: Error) {
        let rest = self.rest();
        // A dropped reader does not need the error.
        if let Some(started) = self.started.take() {
            let _ = started.send(Err(error));
        } else if let Some(batches) = &self.batches {
            if !rest.is_empty() {
                let _ = batches.send(Ok(rest)).await;
            }
            let _ = batches.send(Err(error)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_room_for_the_rows_that_it_can_get() {
        for columns in [1, 10, 16, 17, 1_000, 50_000] {
            let (batches, _receiver) = mpsc::channel(1);
            let totals = Arc::new(Totals::new(u64::MAX, u64::MAX));
            let mut sink = Sink { batches: Some(batches), ..Sink::counting(u64::MAX, totals) };
            let mut rows = 0;
            let room = loop {
                let full = sink.add(&mut vec![Value::Null; columns]).unwrap();
                rows += 1;
                match full {
                    Some(batch) => break batch[0].capacity(),
                    None => assert!(sink.batch[0].capacity() <= BATCH_ROWS),
                }
            };
            assert!(rows <= room && room <= rows + 1, "{columns} columns: {rows} rows in {room} places");
        }
    }
}
