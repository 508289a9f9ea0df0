//! The one thread that writes, and takes everything that waits into one transaction.

use std::sync::mpsc;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use stepwell_engine::StoreError;

/// Most writes in one transaction: bounds how long the first of them waits for the last.
const MAX_GROUP: usize = 512;

/// A write within a transaction.
type Write = Box<dyn FnOnce(&Connection) -> Result<Reply, StoreError> + Send>;

/// Answers the one who waits.
type Reply = Box<dyn FnOnce() + Send>;

/// A write, and the one who waits for it to be on disk.
pub(super) struct Job {
    pub write: Write,
    pub failed: Box<dyn FnOnce(StoreError) + Send>,
}

/// Takes what waits, writes it in one transaction, and answers when that is on disk.
pub(super) fn write_groups(connection: &mut Connection, jobs: &mpsc::Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let group = std::iter::once(first).chain(jobs.try_iter().take(MAX_GROUP - 1));
        let (mut done, mut waiting) = (Vec::new(), Vec::new());
        let committed = (|| {
            let mut transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
                Ok(transaction) => transaction,
                Err(error) => {
                    waiting.extend(group.map(|job| job.failed));
                    return Err(error);
                }
            };
            for job in group {
                // Each write stands or falls alone.
                let savepoint = transaction.savepoint()?;
                match (job.write)(&savepoint) {
                    Ok(reply) => {
                        waiting.push(job.failed);
                        savepoint.commit()?;
                        done.push(reply);
                    }
                    Err(error) => {
                        drop(savepoint);
                        (job.failed)(error);
                    }
                }
            }
            transaction.commit()
        })();
        match committed {
            Ok(()) => done.into_iter().for_each(|reply| reply()),
            Err(error) => waiting.into_iter().for_each(|failed| failed(failure(&error))),
        }
    }
}

/// What a failure of SQLite means: some pass by themselves.
pub(super) fn failure(error: &rusqlite::Error) -> StoreError {
    use ErrorCode::{CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, ReadOnly, SystemIoFailure};
    match error.sqlite_error_code() {
        Some(DiskFull | ReadOnly | SystemIoFailure | DatabaseBusy | DatabaseLocked | CannotOpen) => {
            StoreError::Unavailable(error.to_string())
        }
        _ => StoreError::Failed(error.to_string()),
    }
}
