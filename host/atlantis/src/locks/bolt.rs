//! The locks in the BoltDB file of Atlantis.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::error::{LegacyError, Phrase};
use super::stored::{Damaged, Listing, StoredLock};
use super::{LegacyLocks, ProjectLocks, Reach, Repaired, Report, Restored, TryLock, Unlocked, repair};
use crate::bolt::{BoltFile, Contents, Edit, Entries, FileError, Reading};
use crate::format::{
    CommandLock, CommandName, GoTime, Identity, PlanStatus, ProjectLock, ProjectStatus, Pull, PullStatus,
    RawValue, command_key, pull_key,
};

/// The name of the file in the data directory of Atlantis.
pub const FILE_NAME: &str = "atlantis.db";
const LOCKS: &str = "runLocks";
const PULLS: &str = "pulls";
const COMMANDS: &str = "globalLocks";

const FAILED: Phrase = "DB transaction failed";
/// The same words, as Atlantis writes them for the locks of commands.
const COMMAND_FAILED: Phrase = "db transaction failed";

/// The locks in a BoltDB file.
///
/// The file is open and locked only during an operation. While Atlantis runs, it holds the file: changes fail after a
/// second with the process that holds it, and [`Reading::Beside`] still reads.
#[derive(Debug)]
pub struct BoltLocks {
    file: BoltFile,
    reading: Reading,
    /// One operation at a time, in their order: it moves into the thread of the operation, so that one whose future is
    /// dropped ends before the next begins.
    turn: Arc<Mutex<()>>,
}

impl BoltLocks {
    /// The locks in a file, or in the file of a data directory.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>, reading: Reading) -> Self {
        let mut path = path.into();
        if path.is_dir() {
            path.push(FILE_NAME);
        }
        Self { file: BoltFile::at(path), reading, turn: Arc::default() }
    }

    /// Makes the file with its buckets, unless it exists.
    ///
    /// # Errors
    /// Fails when the file cannot be written, or another process holds it.
    pub async fn create(&self) -> Result<(), FileError> {
        let file = self.file.clone();
        let make = move || file.create(&[LOCKS, PULLS, COMMANDS].map(str::as_bytes));
        tokio::task::spawn_blocking(make).await.unwrap_or_else(|error| Err(self.ended(&error)))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Reads the whole file.
    ///
    /// # Errors
    /// Fails when the file is held, absent, too large, or no BoltDB file.
    pub async fn contents(&self) -> Result<Contents, FileError> {
        let (file, reading) = (self.file.clone(), self.reading);
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let read = move || {
            let _turn = turn;
            file.read(reading)
        };
        let read = tokio::task::spawn_blocking(read).await;
        read.unwrap_or_else(|error| Err(self.ended(&error)))
    }

    /// Checks the whole file, and changes nothing.
    ///
    /// # Errors
    /// As [`Self::contents`].
    pub async fn report(&self) -> Result<Report, FileError> {
        let contents = self.contents().await?;
        Ok(Report::of_file(&contents, &listing(&contents)))
    }

    async fn view<R>(&self, phrase: Phrase, view: impl FnOnce(&Contents) -> R) -> Result<R, LegacyError> {
        let contents = self.contents().await.map_err(|error| LegacyError::store(phrase, error))?;
        // Damage of a page may hide a lock, so a lock that is not found is not known to be free.
        match contents
            .faults
            .iter()
            .find(|fault| fault.is_damage() && !matches!(fault, crate::bolt::Fault::Meta { .. }))
        {
            None => Ok(view(&contents)),
            Some(fault) => {
                let path = self.file.path().to_owned();
                Err(LegacyError::store(phrase, FileError::Damaged { path, fault: fault.clone() }))
            }
        }
    }

    async fn change<R: Send + 'static>(
        &self,
        phrase: Phrase,
        decide: impl FnOnce(&Contents) -> Result<(Vec<Edit>, R), LegacyError> + Send + 'static,
    ) -> Result<R, LegacyError> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let file = self.file.clone();
        let change = move || {
            let _turn = turn;
            file.change(|contents| match decide(contents) {
                Ok((edits, result)) => (edits, Ok(result)),
                Err(error) => (Vec::new(), Err(error)),
            })
        };
        let changed = tokio::task::spawn_blocking(change).await;
        changed
            .unwrap_or_else(|error| Err(self.ended(&error)))
            .map_err(|error| LegacyError::store(phrase, error))
            .flatten()
    }

    /// Stores a value under its current key, and deletes the old key, in one change.
    pub(super) async fn rekey(&self, from: &str, to: &str) -> Result<Repaired, LegacyError> {
        let (from, to) = (from.to_owned(), to.to_owned());
        let decide = move |contents: &Contents| {
            let read = value(contents, LOCKS, &from).map(|raw| StoredLock::read(&from, raw));
            let taken = value(contents, LOCKS, &to).is_some();
            Ok(match repair::of_old_key(read, &to, taken) {
                Ok(raw) => (vec![put(LOCKS, &to, raw), delete(LOCKS, &from)], Repaired::Done),
                Err(reason) => (Vec::new(), Repaired::Left(reason)),
            })
        };
        self.change(FAILED, decide).await
    }

    /// Deletes a key.
    pub(super) async fn delete_key(&self, key: &str) -> Result<Repaired, LegacyError> {
        let key = key.to_owned();
        let decide = move |contents: &Contents| {
            Ok(match value(contents, LOCKS, &key) {
                Some(_) => (vec![delete(LOCKS, &key)], Repaired::Done),
                None => (Vec::new(), Repaired::Left(repair::GONE.to_owned())),
            })
        };
        self.change(FAILED, decide).await
    }

    /// A panic in the library that makes the next state. The file is as before.
    fn ended(&self, error: &tokio::task::JoinError) -> FileError {
        let problem = if error.is_panic() { "the library panicked" } else { "the process is ending" };
        FileError::Refused { path: self.file.path().to_owned(), problem: problem.to_owned() }
    }
}

/// The entries of a bucket. A bucket that does not exist has none.
fn entries<'c>(contents: &'c Contents, bucket: &str) -> impl Iterator<Item = (&'c [u8], &'c RawValue)> {
    contents
        .buckets
        .get(bucket.as_bytes())
        .into_iter()
        .flat_map(Entries::iter)
        .map(|(key, raw)| (key.as_slice(), raw))
}

fn value<'c>(contents: &'c Contents, bucket: &str, key: &str) -> Option<&'c RawValue> {
    contents.buckets.get(bucket.as_bytes())?.get(key.as_bytes())
}

fn put(bucket: &'static str, key: &str, value: RawValue) -> Edit {
    Edit { bucket, key: key.as_bytes().to_vec(), value: Some(value) }
}

fn delete(bucket: &'static str, key: &str) -> Edit {
    Edit { bucket, key: key.as_bytes().to_vec(), value: None }
}

fn listing(contents: &Contents) -> Listing {
    Listing::read(entries(contents, LOCKS).map(|(key, raw)| (String::from_utf8_lossy(key).into_owned(), raw)))
}

/// Finds a lock under its current key, or else under its old one. An old key can be the current key of another lock,
/// so `occupied` says which lock is at the current key.
struct Found {
    lock: Option<StoredLock>,
    occupied: Option<StoredLock>,
}

fn find(contents: &Contents, of: &Identity) -> Result<Found, Damaged> {
    let read = |key: &str| value(contents, LOCKS, key).map(|raw| StoredLock::read(key, raw)).transpose();
    let occupied = read(&of.key())?;
    // A damaged value at the old key is no reason to refuse: it is most probably the current key of another lock.
    let old = || read(&of.old_key()).ok().flatten().filter(|old| old.is_of(of));
    let lock = occupied.clone().filter(|lock| lock.is_of(of)).or_else(old);
    Ok(Found { lock, occupied })
}

fn damaged(phrase: Phrase) -> impl FnOnce(Damaged) -> LegacyError {
    move |Damaged { key, problem }| LegacyError::Damaged { phrase, key, problem }
}

#[async_trait]
impl ProjectLocks for BoltLocks {
    async fn try_lock(&self, lock: &ProjectLock) -> Result<TryLock, LegacyError> {
        let fresh = StoredLock::fresh(lock);
        let decide = move |contents: &Contents| {
            let damaged = damaged("DB transaction failed: failed to deserialize current lock");
            let found = find(contents, &fresh.lock.identity()).map_err(damaged)?;
            match found.lock.or(found.occupied) {
                Some(current) => Ok((Vec::new(), TryLock { acquired: false, current })),
                None => {
                    let edit = put(LOCKS, &fresh.key, fresh.raw.clone());
                    Ok((vec![edit], TryLock { acquired: true, current: fresh }))
                }
            }
        };
        self.change(FAILED, decide).await
    }

    async fn unlock(&self, of: &Identity) -> Result<Option<StoredLock>, LegacyError> {
        let of = of.clone();
        let decide = move |contents: &Contents| {
            let damaged = damaged("DB transaction failed: failed to deserialize lock");
            let lock = find(contents, &of).map_err(damaged)?.lock;
            Ok((lock.iter().map(|lock| delete(LOCKS, &lock.key)).collect(), lock))
        };
        self.change(FAILED, decide).await
    }

    async fn unlock_if_owned_by_pull(
        &self,
        of: &Identity,
        pull: i64,
    ) -> Result<Option<StoredLock>, LegacyError> {
        let of = of.clone();
        let decide = move |contents: &Contents| {
            let damaged = damaged("DB transaction failed: failed to deserialize lock");
            let lock = find(contents, &of).map_err(damaged)?.lock.filter(|lock| lock.lock.pull.num == pull);
            Ok((lock.iter().map(|lock| delete(LOCKS, &lock.key)).collect(), lock))
        };
        self.change(FAILED, decide).await
    }

    async fn unlock_by_pull(&self, repo: &str, pull: i64, reach: Reach) -> Result<Unlocked, LegacyError> {
        let repo = repo.to_owned();
        let decide = move |contents: &Contents| {
            let unlocked = listing(contents).by_pull(&repo, pull, reach);
            let unlocked = unlocked.map_err(damaged("deserializing lock"))?;
            Ok((unlocked.deleted.iter().map(|lock| delete(LOCKS, &lock.key)).collect(), unlocked))
        };
        self.change(FAILED, decide).await
    }

    async fn list(&self) -> Result<Listing, LegacyError> {
        self.view(FAILED, listing).await
    }

    async fn get(&self, of: &Identity) -> Result<Option<StoredLock>, LegacyError> {
        let found = self.view("getting lock data", |contents| find(contents, of)).await?;
        Ok(found.map_err(damaged("deserializing lock"))?.lock)
    }

    async fn restore(&self, key: &str, raw: &RawValue) -> Result<Restored, LegacyError> {
        let lock = StoredLock::read(key, raw).map_err(damaged("failed to deserialize lock"))?;
        let decide = move |contents: &Contents| {
            let damaged = damaged("DB transaction failed: failed to deserialize current lock");
            if value(contents, LOCKS, &lock.key) == Some(&lock.raw) {
                return Ok((Vec::new(), Restored::Present));
            }
            let found = find(contents, &lock.lock.identity()).map_err(damaged)?;
            let at_key =
                value(contents, LOCKS, &lock.key).and_then(|raw| StoredLock::read(&lock.key, raw).ok());
            match found.lock.or(found.occupied).or(at_key) {
                Some(current) => Ok((Vec::new(), Restored::Occupied(Box::new(current)))),
                None => Ok((vec![put(LOCKS, &lock.key, lock.raw.clone())], Restored::Stored)),
            }
        };
        self.change(FAILED, decide).await
    }
}

#[async_trait]
impl LegacyLocks for BoltLocks {
    async fn lock_command(&self, command: CommandName, time: GoTime) -> Result<CommandLock, LegacyError> {
        let decide = move |contents: &Contents| {
            let key = command_key(command);
            if value(contents, COMMANDS, &key).is_some() {
                return Err(LegacyError::Exists);
            }
            let lock = CommandLock { unix_time: time.instant().timestamp(), command };
            Ok((vec![put(COMMANDS, &key, RawValue::new(lock.to_json()))], lock))
        };
        self.change(COMMAND_FAILED, decide).await
    }

    async fn unlock_command(&self, command: CommandName) -> Result<(), LegacyError> {
        let decide = move |contents: &Contents| {
            let key = command_key(command);
            value(contents, COMMANDS, &key).ok_or(LegacyError::Missing)?;
            Ok((vec![delete(COMMANDS, &key)], ()))
        };
        self.change(COMMAND_FAILED, decide).await
    }

    async fn check_command_lock(&self, command: CommandName) -> Result<Option<CommandLock>, LegacyError> {
        let key = command_key(command);
        let raw = self.view(COMMAND_FAILED, |contents| value(contents, COMMANDS, &key).cloned()).await?;
        let lock = raw.map(|raw| CommandLock::parse(raw.expose())).transpose();
        lock.map_err(|error| {
            damaged("failed to deserialize UserConfig")(Damaged { key, problem: error.to_string() })
        })
    }

    async fn pull_status(&self, pull: &Pull) -> Result<Option<PullStatus>, LegacyError> {
        let key = pull_key(pull)?;
        let raw = self.view(FAILED, |contents| value(contents, PULLS, &key).cloned()).await?;
        let status = raw.map(|raw| PullStatus::parse(raw.expose())).transpose();
        status.map_err(|error| damaged(PULL_DAMAGED)(Damaged { key, problem: error.to_string() }))
    }

    async fn delete_pull_status(&self, pull: &Pull) -> Result<(), LegacyError> {
        let key = pull_key(pull)?;
        let decide = move |contents: &Contents| {
            Ok((value(contents, PULLS, &key).map(|_| delete(PULLS, &key)).into_iter().collect(), ()))
        };
        self.change(FAILED, decide).await
    }

    async fn update_project_status(
        &self,
        pull: &Pull,
        workspace: &str,
        dir: &str,
        status: PlanStatus,
    ) -> Result<(), LegacyError> {
        let (key, workspace, dir) = (pull_key(pull)?, workspace.to_owned(), dir.to_owned());
        let decide = move |contents: &Contents| {
            let Some(raw) = value(contents, PULLS, &key) else { return Ok((Vec::new(), ())) };
            let damaged = |error: crate::format::FormatError| {
                damaged(PULL_DAMAGED)(Damaged { key: key.clone(), problem: error.to_string() })
            };
            let mut current = PullStatus::parse_whole(raw.expose()).map_err(damaged)?;
            current.set(&workspace, &dir, status);
            Ok((vec![put(PULLS, &key, RawValue::new(current.to_json()))], ()))
        };
        self.change(FAILED, decide).await
    }

    async fn update_pull_with_results(
        &self,
        pull: &Pull,
        results: &[ProjectStatus],
    ) -> Result<PullStatus, LegacyError> {
        let (key, pull, results) = (pull_key(pull)?, pull.clone(), results.to_vec());
        let decide = move |contents: &Contents| {
            // Atlantis replaces a status that it cannot read.
            let current =
                value(contents, PULLS, &key).and_then(|raw| PullStatus::parse_whole(raw.expose()).ok());
            let next = PullStatus::after(current, &pull, &results);
            let edit = put(PULLS, &key, RawValue::new(next.to_json()));
            Ok((vec![edit], next.without_clone_url()))
        };
        self.change(FAILED, decide).await
    }
}

const PULL_DAMAGED: Phrase = "DB transaction failed: deserializing pull";
