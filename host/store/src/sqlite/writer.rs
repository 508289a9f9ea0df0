//! The only thread that writes. It combines all waiting writes into one transaction.

use std::collections::VecDeque;
use std::sync::mpsc;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use stepwell_engine::StoreError;

use super::checkpoint::Checkpoints;
use crate::follow::MOVED;

/// The maximum number of writes in one transaction. It bounds how long the first write waits for the last.
const MAX_GROUP: usize = 512;

/// The bytes of a small write. A larger one does not share a transaction with small ones, which would wait for it.
const SMALL: usize = 64 << 10;
/// The bytes of larger writes in one transaction.
const LARGE_GROUP: usize = 1 << 20;

/// A write within a transaction. It may run again after a rollback.
type Write = Box<dyn Fn(&Connection) -> Result<Reply, StoreError> + Send>;

/// Sends the answer to the caller.
type Reply = Box<dyn FnOnce() + Send>;

/// A write, and the callback for its failure. The caller waits until the write is on disk.
pub(super) struct Job {
    pub write: Write,
    /// The bytes that it writes, if they can be many.
    pub bytes: usize,
    pub failed: Box<dyn FnOnce(StoreError) + Send>,
}

/// The results of the writes in a transaction that is on disk, in order.
type Written = Vec<Result<Reply, StoreError>>;

/// Takes the waiting writes, runs them in a few transactions, and replies when each is on disk. Large writes take turns
/// with all small ones that wait.
pub(super) fn write_groups(
    connection: &mut Connection,
    mut checkpoints: Checkpoints,
    jobs: &mpsc::Receiver<Job>,
) {
    let mut large = VecDeque::new();
    loop {
        let first = match large.is_empty() {
            true => match jobs.recv() {
                Ok(first) => Some(first),
                Err(_) => return,
            },
            false => None,
        };
        let waiting = first.into_iter().chain(jobs.try_iter().take(MAX_GROUP - 1));
        let (more, small): (Vec<Job>, Vec<Job>) = waiting.partition(|job| job.bytes > SMALL);
        large.extend(more);
        let mut bytes = 0;
        let mut fits = |job: &Job| {
            bytes += job.bytes;
            bytes <= LARGE_GROUP.max(job.bytes)
        };
        let count = large.iter().take_while(|job| fits(job)).count();
        let next = large.drain(..count).collect();
        for group in [small, next] {
            if !group.is_empty() {
                let large = group.iter().map(|job| job.bytes).filter(|bytes| *bytes > SMALL).sum();
                write_group(connection, group);
                checkpoints.after_commit(connection, large);
            }
        }
    }
}

/// Runs writes in one transaction, and replies when it is on disk.
fn write_group(connection: &mut Connection, group: Vec<Job>) {
    let mut taken = Vec::new();
    let written = match together(connection, group.into_iter(), &mut taken) {
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
    if error.to_string() == MOVED {
        return StoreError::Moved;
    }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    #[test]
    fn small_writes_do_not_wait_for_all_large_ones() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stepwell.db");
        let mut connection = super::super::connect(&path).unwrap();
        let (order, (sender, jobs)) = (Arc::new(Mutex::new(Vec::new())), mpsc::channel());
        let send = |number: usize, bytes: usize| {
            let (ended, sender) = (order.clone(), sender.clone());
            let write: Write = Box::new(move |_| {
                let ended = ended.clone();
                Ok(Box::new(move || ended.lock().push(number)))
            });
            let failed = Box::new(|error| panic!("{error}"));
            sender.send(Job { write, bytes, failed }).unwrap();
        };
        let large = LARGE_GROUP / 2;
        for (number, bytes) in [(1, large), (2, 9), (3, large), (4, 5 * large), (5, 0), (6, SMALL)] {
            send(number, bytes);
        }
        drop(sender);
        let checkpoints = Checkpoints::start(&path, &connection).unwrap();
        write_groups(&mut connection, checkpoints, &jobs);
        assert_eq!(*order.lock(), [2, 5, 6, 1, 3, 4]);
    }
}
