//! The only thread that writes. It combines all waiting writes into one transaction.

use std::sync::mpsc;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use stepwell_engine::StoreError;

/// The maximum number of writes in one transaction. It bounds how long the first write waits for the last.
const MAX_GROUP: usize = 512;

/// A write within a transaction. It may run again after a rollback.
type Write = Box<dyn Fn(&Connection) -> Result<Reply, StoreError> + Send>;

/// Sends the answer to the caller.
type Reply = Box<dyn FnOnce() + Send>;

/// A write, and the callback for its failure. The caller waits until the write is on disk.
pub(super) struct Job {
    pub write: Write,
    pub failed: Box<dyn FnOnce(StoreError) + Send>,
}

/// The results of the writes in a transaction that is on disk, in order.
type Written = Vec<Result<Reply, StoreError>>;

/// Takes the waiting writes, runs them in one transaction, and replies when it is on disk.
pub(super) fn write_groups(connection: &mut Connection, jobs: &mpsc::Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let mut taken = Vec::new();
        let group = std::iter::once(first).chain(jobs.try_iter().take(MAX_GROUP - 1));
        let written = match together(connection, group, &mut taken) {
            Ok(None) => apart(connection, &taken),
            Ok(Some(written)) => Ok(written),
            Err(error) => Err(error),
        };
        match written {
            Ok(written) => {
                for (job, result) in taken.into_iter().zip(written) {
                    match result {
                        Ok(reply) => reply(),
                        Err(error) => (job.failed)(error),
                    }
                }
            }
            Err(error) => taken.into_iter().for_each(|job| (job.failed)(error.clone())),
        }
    }
}

/// Runs all writes in one transaction. It returns nothing when one of them failed halfway, which is rare: a
/// write checks its conditions before it writes.
fn together(
    connection: &mut Connection,
    group: impl Iterator<Item = Job>,
    taken: &mut Vec<Job>,
) -> Result<Option<Written>, StoreError> {
    let transaction = match begin(connection) {
        Ok(transaction) => transaction,
        Err(error) => {
            taken.extend(group);
            return Err(error);
        }
    };
    let mut written = Vec::new();
    for job in group {
        let changes = transaction.total_changes();
        let result = (job.write)(&transaction);
        taken.push(job);
        if result.is_err() && (transaction.is_autocommit() || transaction.total_changes() != changes) {
            return Ok(None);
        }
        written.push(result);
    }
    transaction.commit().map_err(|error| failure(&error))?;
    Ok(Some(written))
}

/// Runs all writes in one transaction, each of which succeeds or fails independently.
fn apart(connection: &mut Connection, taken: &[Job]) -> Result<Written, StoreError> {
    let mut transaction = begin(connection)?;
    let mut written = Vec::new();
    for job in taken {
        let savepoint = transaction.savepoint().map_err(|error| failure(&error))?;
        let result = match (job.write)(&savepoint) {
            // SQLite has rolled everything back, as it does when the disk is full.
            Err(error) if savepoint.is_autocommit() => return Err(error),
            Ok(reply) => savepoint.commit().map(|()| reply).map_err(|error| failure(&error)),
            Err(error) => Err(error),
        };
        written.push(result);
    }
    transaction.commit().map_err(|error| failure(&error))?;
    Ok(written)
}

fn begin(connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| failure(&error))
}

/// Classifies a SQLite failure. Some failures are temporary.
pub(super) fn failure(error: &rusqlite::Error) -> StoreError {
    use ErrorCode::{CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, ReadOnly, SystemIoFailure};
    match error.sqlite_error_code() {
        Some(DiskFull | ReadOnly | SystemIoFailure | DatabaseBusy | DatabaseLocked | CannotOpen) => {
            StoreError::Unavailable(describe(error))
        }
        _ => StoreError::Failed(describe(error)),
    }
}

/// Returns the problem that SQLite reports, and its fix.
pub(super) fn describe(error: &rusqlite::Error) -> String {
    let advice = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk of the store is full: free space there",
        Some(ErrorCode::ReadOnly) => {
            "the store is read-only: make its disk and its file writable for this user"
        }
        Some(ErrorCode::SystemIoFailure) => "the store's file cannot be read or written: look at its disk",
        Some(ErrorCode::CannotOpen) => {
            "the store's file cannot be opened: look at its directory, and at the rights of this user there"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "the store is locked by another process: one process at a time writes to a file"
        }
        Some(ErrorCode::DatabaseCorrupt) => "the store's file is damaged: restore it from a backup",
        Some(ErrorCode::NotADatabase) => {
            "the file is no store: name another one, or restore it from a backup"
        }
        Some(ErrorCode::OutOfMemory) => "the machine has no memory left for it",
        _ => return error.to_string(),
    };
    advice.to_owned()
}
