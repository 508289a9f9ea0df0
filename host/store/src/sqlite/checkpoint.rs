//! Copies the write-ahead log into the file.
//!
//! A thread of its own copies, so that writers wait for the disk as long as their own pages take, and not for those of
//! all others. SQLite begins again at the start of the log when a write finds everything copied. While writes never stop, there is always
//! something left, so the writer copies the rest once the log is long.

use std::cell::Cell;
use std::ffi::c_int;
use std::path::Path;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use rusqlite::Connection;
use rusqlite::hooks::Wal;

/// The number of pages after which the thread copies: 12 MiB. A smaller number would repeatedly copy pages that many runs
/// share.
const PART: c_int = 3000;
/// The bytes of large writes after which the thread copies: they share few pages, and the disk should never have much to
/// write at once.
const LARGE: usize = 1 << 20;
/// The number of pages after which the thread copies all the time, until the rest is small enough for the writer: 64 MiB.
const LONG: c_int = 16_000;
/// The number of pages that the writer copies: 1 MiB.
const REST: c_int = 256;
/// The number of pages after which the writer waits until everything is copied, so that the log does not grow without
/// bounds on a slow disk: 256 MiB.
const LONGEST: c_int = 4 * LONG;

thread_local! {
    /// The number of pages in the log after the last commit of this thread.
    static PAGES: Cell<c_int> = const { Cell::new(0) };
}

/// Asks the thread to copy. When the value is dropped, the thread ends.
pub(super) struct Checkpoints {
    wake: mpsc::SyncSender<()>,
    /// The number of pages of the log that the thread has copied.
    copied: Arc<AtomicI32>,
    /// The length of the log at the last request.
    asked: c_int,
    /// The bytes of large writes since then.
    large: usize,
}

impl Checkpoints {
    /// Starts the thread, and notes the length of the log after each commit of `writer`, which must only be used by one
    /// thread.
    pub fn start(path: &Path, writer: &Connection) -> rusqlite::Result<Self> {
        writer.wal_hook(Some(|_: &Wal, pages| {
            PAGES.set(pages);
            Ok(())
        }));
        let copier = super::connect(path)?;
        let (wake, woken) = mpsc::sync_channel(1);
        let copied = Arc::new(AtomicI32::new(0));
        let so_far = copied.clone();
        let copies = move || {
            while woken.recv().is_ok() {
                so_far.store(copy(&copier, "PASSIVE"), Ordering::Release);
            }
        };
        thread::Builder::new()
            .name("stepwell-copier".to_owned())
            .spawn(copies)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        Ok(Self { wake, copied, asked: 0, large: 0 })
    }

    /// Copies, or asks the thread to, when the log has become long since the last time. Called after each commit, with
    /// the bytes of its large writes.
    pub fn after_commit(&mut self, writer: &Connection, large: usize) {
        self.large = self.large.saturating_add(large);
        let pages = PAGES.get();
        if pages < self.asked {
            // SQLite has begun again at the start.
            self.asked = 0;
            self.copied.store(0, Ordering::Release);
        }
        let is_long = pages >= LONG;
        if pages >= LONGEST {
            copy(writer, "FULL");
        } else if is_long && pages - self.copied.load(Ordering::Acquire) <= REST {
            // It copies nothing while the thread does.
            copy(writer, "PASSIVE");
        }
        if pages >= self.asked + PART || self.large >= LARGE || is_long {
            (self.asked, self.large) = (pages, 0);
            // The thread is busy when it has not taken the last request yet.
            let _ = self.wake.try_send(());
        }
    }
}

/// Copies as much of the log as no reader needs, and returns the number of pages that are copied. A failure concerns no
/// write: the pages are in the log.
fn copy(connection: &Connection, mode: &str) -> c_int {
    let copied = connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| row.get(2));
    copied.unwrap_or_else(|error| {
        tracing::debug!("the write-ahead log is copied later: {error}");
        0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One write follows another at once, so that SQLite never finds everything copied by itself.
    #[test]
    fn the_log_begins_again_while_writes_never_stop() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stepwell.db");
        let writer = super::super::connect(&path).unwrap();
        writer.execute_batch("CREATE TABLE t (x BLOB)").unwrap();
        let mut checkpoints = Checkpoints::start(&path, &writer).unwrap();
        let (mut longest, mut begun) = (0, 0);
        for _ in 0..400 {
            let before = PAGES.get();
            writer.execute("INSERT INTO t VALUES (randomblob(500000))", []).unwrap();
            longest = longest.max(PAGES.get());
            begun += u32::from(PAGES.get() < before);
            checkpoints.after_commit(&writer, 0);
        }
        assert!(begun > 0 && longest < LONGEST, "begun again {begun} times; {longest} pages");
        let rows: i64 = writer.query_row("SELECT COUNT(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 400);
    }
}
