//! The locks in the Redis of Atlantis.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::error::{LegacyError, Phrase};
use super::server::{RedisFailure, RedisSettings, Server};
use super::stored::{Damaged, Listing, StoredLock};
use super::{LegacyLocks, ProjectLocks, Reach, Repaired, Report, Restored, TryLock, Unlocked, repair};
use crate::format::{
    CommandLock, CommandName, GoTime, Identity, PlanStatus, ProjectLock, ProjectStatus, Pull, PullStatus,
    RawValue, command_key, escaped_glob, pull_key,
};

/// The prefixes of the keys. Pull requests have none.
const LOCKS: &str = "pr/";
const COMMANDS: &str = "global/";

const FAILED: Phrase = "db transaction failed";
const LOCK_DAMAGED: Phrase = "failed to deserialize current lock";
const PULL_DAMAGED: Phrase = "db transaction failed: deserializing pull";
/// The tries of a change whose key changes at the same time.
const TRIES: u32 = 5;
/// The values that are read at the same time, and the longest time of a listing, which is that of Atlantis.
const READS: usize = 64;
const LISTING_TIMEOUT: Duration = Duration::from_secs(120);

/// The locks in Redis 6 or later.
///
/// Atlantis reads a key and then writes it, so two of its processes can take one lock. This store takes a lock with
/// `SET NX` and deletes one with a comparison on the server, each on one key, so a cluster works.
#[derive(Debug)]
pub struct RedisLocks {
    server: Server,
}

/// A lock that is found, and the lock that is at its current key.
struct Found {
    lock: Option<StoredLock>,
    occupied: Option<StoredLock>,
}

fn failed(phrase: Phrase) -> impl Fn(RedisFailure) -> LegacyError {
    move |failure| LegacyError::store(phrase, failure)
}

fn damaged(phrase: Phrase) -> impl FnOnce(Damaged) -> LegacyError {
    move |Damaged { key, problem }| LegacyError::Damaged { phrase, key, problem }
}

impl RedisLocks {
    /// The locks of a server or a cluster, which is connected at the first operation.
    #[must_use]
    pub fn new(settings: RedisSettings) -> Self {
        Self { server: Server::new(settings) }
    }

    /// Checks the connection.
    ///
    /// # Errors
    /// Fails when Redis cannot be reached, or refuses the login.
    pub async fn ping(&self) -> Result<(), RedisFailure> {
        self.server.ping().await
    }

    /// Checks all locks, and changes nothing.
    ///
    /// # Errors
    /// Fails when Redis does.
    pub async fn report(&self) -> Result<Report, LegacyError> {
        self.list().await.map(|listing| Report::of(&listing))
    }

    /// The keys and the values of all locks, damaged ones included.
    pub(super) async fn raw_locks(&self) -> Result<Vec<(String, RawValue)>, LegacyError> {
        let mut found = Vec::new();
        for key in self.server.keys(&format!("{LOCKS}*")).await.map_err(failed(FAILED))? {
            match self.server.get(&key).await {
                Ok(Some(raw)) => found.push((String::from_utf8_lossy(&key).into_owned(), raw)),
                Ok(None) | Err(RedisFailure::WrongType) => {}
                Err(failure) => return Err(failed(FAILED)(failure)),
            }
        }
        Ok(found)
    }

    /// Stores a value under its current key, and then deletes the old key.
    pub(super) async fn rekey(&self, from: &str, to: &str) -> Result<Repaired, LegacyError> {
        let read = self.read(from).await?;
        let is_taken = self.read(to).await?.is_some();
        let raw = match repair::of_old_key(read, to, is_taken) {
            Ok(raw) => raw,
            Err(reason) => return Ok(Repaired::Left(reason)),
        };
        if !self.server.set_new(&format!("{LOCKS}{to}"), &raw).await.map_err(failed(FAILED))? {
            return Ok(Repaired::Left(repair::TAKEN.to_owned()));
        }
        match self.server.delete_if(&format!("{LOCKS}{from}"), &raw).await.map_err(failed(FAILED))? {
            true => Ok(Repaired::Done),
            // The lock was released under its old key meanwhile, so the copy must not hold it.
            false => {
                self.server.delete_if(&format!("{LOCKS}{to}"), &raw).await.map_err(failed(FAILED))?;
                Ok(Repaired::Left(repair::GONE.to_owned()))
            }
        }
    }

    /// Deletes a key.
    pub(super) async fn delete_key(&self, key: &str) -> Result<Repaired, LegacyError> {
        let left = || Ok(Repaired::Left(repair::GONE.to_owned()));
        let Some(lock) = self.read(key).await?.and_then(Result::ok) else { return left() };
        if self.delete(&lock).await? { Ok(Repaired::Done) } else { left() }
    }

    async fn read(&self, key: &str) -> Result<Option<Result<StoredLock, Damaged>>, LegacyError> {
        let raw = match self.server.get(format!("{LOCKS}{key}").as_bytes()).await {
            Ok(raw) => raw,
            Err(RedisFailure::WrongType) => {
                return Ok(Some(Err(Damaged {
                    key: key.to_owned(),
                    problem: RedisFailure::WrongType.to_string(),
                })));
            }
            Err(failure) => return Err(failed(FAILED)(failure)),
        };
        Ok(raw.map(|raw| StoredLock::read(key, &raw)))
    }

    async fn find(&self, of: &Identity, phrase: Phrase) -> Result<Found, LegacyError> {
        let occupied = self.read(&of.key()).await?.transpose().map_err(damaged(phrase))?;
        if let Some(lock) = occupied.clone().filter(|lock| lock.is_of(of)) {
            return Ok(Found { lock: Some(lock), occupied });
        }
        // A damaged value at the old key is no reason to refuse: it is most probably the current key of another lock.
        let old = self.read(&of.old_key()).await?.and_then(Result::ok).filter(|old| old.is_of(of));
        Ok(Found { lock: old, occupied })
    }

    /// Reads the values of all keys that match a pattern.
    async fn listed(&self, pattern: &str) -> Result<Listing, LegacyError> {
        let listing = async {
            let keys = self.server.keys(pattern).await?;
            let read = |key: Vec<u8>| async move {
                match self.server.get(&key).await {
                    Ok(raw) => Ok((key, Ok(raw))),
                    Err(RedisFailure::WrongType) => Ok((key, Err(RedisFailure::WrongType))),
                    Err(failure) => Err(failure),
                }
            };
            stream::iter(keys).map(read).buffered(READS).try_collect::<Vec<_>>().await
        };
        let values = tokio::time::timeout(LISTING_TIMEOUT, listing).await.map_err(|_| RedisFailure::Timeout);
        let mut listing = Listing::default();
        for (key, value) in values.flatten().map_err(failed(FAILED))? {
            let key = String::from_utf8_lossy(key.get(LOCKS.len()..).unwrap_or_default()).into_owned();
            match value {
                Ok(Some(raw)) => listing.push(StoredLock::read(&key, &raw)),
                // Deleted since the key was found.
                Ok(None) => {}
                Err(failure) => listing.push(Err(Damaged { key, problem: failure.to_string() })),
            }
        }
        Ok(listing)
    }

    /// Deletes the lock that `find` finds while `is_wanted`.
    async fn release(
        &self,
        of: &Identity,
        is_wanted: impl Fn(&StoredLock) -> bool,
    ) -> Result<Option<StoredLock>, LegacyError> {
        for _ in 0..TRIES {
            let found = self.find(of, LOCK_DAMAGED).await?.lock.filter(&is_wanted);
            let Some(lock) = found else { return Ok(None) };
            if self.delete(&lock).await? {
                return Ok(Some(lock));
            }
        }
        Err(LegacyError::Busy { phrase: FAILED, tries: TRIES })
    }

    async fn delete(&self, lock: &StoredLock) -> Result<bool, LegacyError> {
        self.server.delete_if(&format!("{LOCKS}{}", lock.key), &lock.raw).await.map_err(failed(FAILED))
    }

    /// Stores a lock under its key, unless the lock is held or the key is in use.
    async fn take(&self, lock: &StoredLock) -> Result<Option<StoredLock>, LegacyError> {
        let (identity, key) = (lock.lock.identity(), format!("{LOCKS}{}", lock.key));
        for _ in 0..TRIES {
            let found = self.find(&identity, LOCK_DAMAGED).await?;
            if let Some(current) = found.lock.or(found.occupied) {
                return Ok(Some(current));
            }
            if self.server.set_new(&key, &lock.raw).await.map_err(failed(FAILED))? {
                return Ok(None);
            }
            // The key is in use since the read, or it is the current key of another lock.
            if let Some(current) = self.read(&lock.key).await? {
                return current.map(Some).map_err(damaged(LOCK_DAMAGED));
            }
        }
        Err(LegacyError::Busy { phrase: FAILED, tries: TRIES })
    }

    async fn pull_value(&self, key: &str, phrase: Phrase) -> Result<Option<RawValue>, LegacyError> {
        self.server.get(key.as_bytes()).await.map_err(failed(phrase))
    }

    /// Replaces the status of a pull request with one that `next` makes of it. `None` leaves it.
    async fn change_pull<R>(
        &self,
        key: &str,
        next: impl Fn(Option<&RawValue>) -> Result<Option<(RawValue, R)>, LegacyError>,
    ) -> Result<Option<R>, LegacyError> {
        let write_failed = || failed("db transaction failed: DB Transaction failed");
        for _ in 0..TRIES {
            let current = self.pull_value(key, FAILED).await?;
            let Some((value, result)) = next(current.as_ref())? else { return Ok(None) };
            let is_written = match &current {
                Some(current) => self.server.set_if(key, current, &value).await,
                None => self.server.set_new(key, &value).await,
            };
            if is_written.map_err(write_failed())? {
                return Ok(Some(result));
            }
        }
        Err(LegacyError::Busy { phrase: FAILED, tries: TRIES })
    }
}

fn global(command: CommandName) -> String {
    format!("{COMMANDS}{}", command_key(command))
}

#[async_trait]
impl ProjectLocks for RedisLocks {
    async fn try_lock(&self, lock: &ProjectLock) -> Result<TryLock, LegacyError> {
        let fresh = StoredLock::fresh(lock);
        Ok(match self.take(&fresh).await? {
            Some(current) => TryLock { acquired: false, current },
            None => TryLock { acquired: true, current: fresh },
        })
    }

    async fn unlock(&self, of: &Identity) -> Result<Option<StoredLock>, LegacyError> {
        self.release(of, |_| true).await
    }

    async fn unlock_if_owned_by_pull(
        &self,
        of: &Identity,
        pull: i64,
    ) -> Result<Option<StoredLock>, LegacyError> {
        self.release(of, |lock| lock.lock.pull.num == pull).await
    }

    async fn unlock_by_pull(&self, repo: &str, pull: i64, reach: Reach) -> Result<Unlocked, LegacyError> {
        let listing = self.listed(&format!("{LOCKS}{}*", escaped_glob(repo))).await?;
        let found = listing.by_pull(repo, pull, reach).map_err(damaged("failed to deserialize lock"))?;
        let mut unlocked = Unlocked { deleted: Vec::new(), spared: found.spared };
        for lock in found.deleted {
            // A lock that changed meanwhile is held by another pull request now.
            if self.delete(&lock).await? {
                unlocked.deleted.push(lock);
            }
        }
        Ok(unlocked)
    }

    async fn list(&self) -> Result<Listing, LegacyError> {
        self.listed(&format!("{LOCKS}*")).await
    }

    async fn get(&self, of: &Identity) -> Result<Option<StoredLock>, LegacyError> {
        Ok(self.find(of, "deserializing lock").await?.lock)
    }

    async fn restore(&self, key: &str, raw: &RawValue) -> Result<Restored, LegacyError> {
        let lock = StoredLock::read(key, raw).map_err(damaged("failed to deserialize lock"))?;
        Ok(match self.take(&lock).await? {
            None => Restored::Stored,
            Some(current) if current.raw == *raw && current.key == key => Restored::Present,
            Some(current) => Restored::Occupied(Box::new(current)),
        })
    }
}

#[async_trait]
impl LegacyLocks for RedisLocks {
    async fn lock_command(&self, command: CommandName, time: GoTime) -> Result<CommandLock, LegacyError> {
        let lock = CommandLock { unix_time: time.instant().timestamp(), command };
        let is_new = self.server.set_new(&global(command), &RawValue::new(lock.to_json())).await;
        if is_new.map_err(failed(FAILED))? { Ok(lock) } else { Err(LegacyError::Exists) }
    }

    async fn unlock_command(&self, command: CommandName) -> Result<(), LegacyError> {
        let was_locked = self.server.delete(&global(command)).await.map_err(failed(FAILED))?;
        if was_locked { Ok(()) } else { Err(LegacyError::Missing) }
    }

    async fn check_command_lock(&self, command: CommandName) -> Result<Option<CommandLock>, LegacyError> {
        let key = global(command);
        let raw = self.server.get(key.as_bytes()).await.map_err(failed(FAILED))?;
        let lock = raw.map(|raw| CommandLock::parse(raw.expose())).transpose();
        lock.map_err(|error| {
            damaged("failed to deserialize Lock")(Damaged { key, problem: error.to_string() })
        })
    }

    async fn pull_status(&self, pull: &Pull) -> Result<Option<PullStatus>, LegacyError> {
        let key = pull_key(pull)?;
        let raw = self.pull_value(&key, "db transaction failed: db transaction failed").await?;
        let status = raw.map(|raw| PullStatus::parse(raw.expose())).transpose();
        status.map_err(|error| damaged(PULL_DAMAGED)(Damaged { key, problem: error.to_string() }))
    }

    async fn delete_pull_status(&self, pull: &Pull) -> Result<(), LegacyError> {
        let deleted = self.server.delete(&pull_key(pull)?).await;
        deleted.map(drop).map_err(failed("db transaction failed: DB Transaction failed"))
    }

    async fn update_project_status(
        &self,
        pull: &Pull,
        workspace: &str,
        dir: &str,
        status: PlanStatus,
    ) -> Result<(), LegacyError> {
        let key = pull_key(pull)?;
        let next = |current: Option<&RawValue>| {
            let Some(current) = current else { return Ok(None) };
            let read = PullStatus::parse_whole(current.expose());
            let mut next = read.map_err(|error| {
                damaged("deserializing pull")(Damaged { key: key.clone(), problem: error.to_string() })
            })?;
            next.set(workspace, dir, status);
            Ok(Some((RawValue::new(next.to_json()), ())))
        };
        self.change_pull(&key, next).await.map(drop)
    }

    async fn update_pull_with_results(
        &self,
        pull: &Pull,
        results: &[ProjectStatus],
    ) -> Result<PullStatus, LegacyError> {
        let next = |current: Option<&RawValue>| {
            // Atlantis replaces a status that it cannot read.
            let current = current.and_then(|current| PullStatus::parse_whole(current.expose()).ok());
            let next = PullStatus::after(current, pull, results);
            Ok(Some((RawValue::new(next.to_json()), next.without_clone_url())))
        };
        let status = self.change_pull(&pull_key(pull)?, next).await?;
        status.ok_or(LegacyError::Busy { phrase: FAILED, tries: TRIES })
    }
}
