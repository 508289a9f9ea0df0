//! The locks of Stepwell, through the interface of Atlantis.
//!
//! A lock of Atlantis is an exclusive lock of Stepwell without a lease, named after its key. Jobs and other clients of
//! Stepwell can wait for it by that name. The value with its token is not in the lock, which lists show, but in
//! [`Values`], by the id of the ticket: it is stored before the ticket takes the lock, and deleted after the release.
//! So a lock that is held always has its value, and a crash in between leaves at most a value without a lock.

mod values;
mod waiting;

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use data_encoding::HEXLOWER;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use stepwell_engine::clock::{Clock, Timestamp};
use stepwell_engine::lock::{
    Acquire, Answer, Command, ListFilter, LockError, LockView, Locks, Mode, Name, Owner, Want,
};

use super::error::{LegacyError, Phrase, Unserved};
use super::stored::{Damaged, Listing, StoredLock};
use super::{ProjectLocks, Reach, Restored, TryLock, Unlocked, Wait};
use crate::format::{Identity, ProjectLock, RawValue};

pub use values::{MemoryValues, StoredValue, Values, ValuesError};

/// The actor that holds the locks of Atlantis.
const ACTOR: &str = "atlantis";
/// The beginning of the name of a lock, and that of a lock whose key cannot be a name.
const PREFIX: &str = "atlantis/";
const DIGEST_PREFIX: &str = "atlantis#";
const FAILED: Phrase = "db transaction failed";
/// The tries of a change while the lock changes at the same time.
const TRIES: u32 = 5;
/// The locks of one read.
const PAGE: u32 = 1_000;
/// The most characters of a name in the data of a lock, which lists show.
const SHOWN: usize = 100;
/// The age at which a value without a lock is deleted: no request that stored it still runs.
const ORPHANED: Duration = Duration::from_secs(600);

/// The locks of a project of Stepwell that stand for locks of Atlantis.
pub struct EnhancedLocks {
    locks: Arc<dyn Locks>,
    values: Arc<dyn Values>,
    clock: Arc<dyn Clock>,
    project: String,
    /// Whether the locks of a pull request belong together, so that deadlocks of pull requests are found.
    has_sessions: bool,
}

/// The holder of a lock.
enum Holder {
    /// A pull request.
    Pull { ticket: String, token: u64 },
    /// Another client of Stepwell.
    Stranger(String),
}

/// The lock that a ticket wants to store.
struct Wanted<'l> {
    name: Name,
    lock: &'l StoredLock,
}

/// Returns the name of the lock of Stepwell that stands for a lock of Atlantis. A key that cannot be
/// a name, because it is too long or has characters that no reader sees, has its digest as its name.
fn name_of(key: &str) -> Result<Name, LegacyError> {
    let digest = || format!("{DIGEST_PREFIX}{}", HEXLOWER.encode(&Sha256::digest(key)));
    Name::new(&format!("{PREFIX}{key}")).or_else(|_| Name::new(&digest())).map_err(failed)
}

/// A failure that has changed nothing.
fn failed(source: impl Into<Box<dyn StdError + Send + Sync>>) -> LegacyError {
    LegacyError::store(FAILED, Unserved(source.into()))
}

/// A failure after which the lock may be held.
fn uncertain(error: LockError) -> LegacyError {
    LegacyError::store(FAILED, error)
}

fn damaged(Damaged { key, problem }: Damaged) -> LegacyError {
    LegacyError::Damaged { phrase: "failed to deserialize current lock", key, problem }
}

fn is_of_atlantis(view: &LockView) -> bool {
    view.name.starts_with(PREFIX) || view.name.starts_with(DIGEST_PREFIX)
}

/// Returns the session of a pull request. Its digest, since names can have characters that no session has.
fn session(lock: &ProjectLock) -> String {
    let of = format!("{}#{}", lock.project.repo_full_name, lock.pull.num);
    HEXLOWER.encode(&Sha256::digest(of))
}

/// Returns the pull request, for lists of Stepwell. Names come from people, so they are shortened.
fn shown(lock: &ProjectLock) -> Map<String, Value> {
    let short = |text: &str| Value::from(text.chars().take(SHOWN).collect::<String>());
    let fields = [
        ("repository", short(&lock.project.repo_full_name)),
        ("path", short(&lock.project.path)),
        ("workspace", short(&lock.workspace)),
        ("pull", lock.pull.num.into()),
        ("user", short(&lock.user.username)),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

impl EnhancedLocks {
    /// The locks of a project.
    #[must_use]
    pub fn new(
        locks: Arc<dyn Locks>,
        values: Arc<dyn Values>,
        clock: Arc<dyn Clock>,
        project: impl Into<String>,
    ) -> Self {
        Self { locks, values, clock, project: project.into(), has_sessions: false }
    }

    /// Whether the locks of a pull request belong together, so that deadlocks of pull requests are found. Default: no.
    #[must_use]
    pub fn with_sessions(mut self, has_sessions: bool) -> Self {
        self.has_sessions = has_sessions;
        self
    }

    /// Deletes the values that a crash has left without a lock. Returns their number.
    ///
    /// # Errors
    /// Fails when the locks or the values cannot be read or written.
    pub async fn sweep(&self) -> Result<usize, LegacyError> {
        // The values come first: a lock that is taken meanwhile then has no value among them.
        let values = self.values.all().await.map_err(failed)?;
        let held: BTreeSet<String> =
            self.views().await?.into_iter().filter_map(|view| ticket(&view)).collect();
        let now = self.clock.now();
        let is_old = |at: Timestamp| TimeDelta::from_std(ORPHANED).is_ok_and(|age| now - at > age);
        let mut swept = 0;
        for (ticket, _) in values.iter().filter(|(ticket, value)| !held.contains(*ticket) && is_old(value.at))
        {
            self.values.delete(ticket).await.map_err(failed)?;
            swept += 1;
        }
        Ok(swept)
    }

    /// Returns the views of all locks that stand for locks of Atlantis.
    async fn views(&self) -> Result<Vec<LockView>, LegacyError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let filter = ListFilter { prefix: ACTOR.to_owned(), after: after.take(), limit: PAGE };
            let page = self.locks.list(&self.project, &filter, self.clock.now()).await.map_err(failed)?;
            let is_last = page.len() < PAGE as usize;
            after = page.last().map(|view| Name::new(&view.name)).transpose().map_err(failed)?;
            all.extend(page.into_iter().filter(is_of_atlantis));
            if is_last {
                return Ok(all);
            }
        }
    }

    async fn view(&self, name: &Name) -> Result<Option<LockView>, LegacyError> {
        match self.locks.show(&self.project, name, self.clock.now()).await {
            Ok(view) => Ok(Some(view)),
            Err(LockError::UnknownLock(_)) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    async fn holder(&self, name: &Name) -> Result<Option<Holder>, LegacyError> {
        Ok(self.view(name).await?.and_then(|view| {
            let holder = view.holders.into_iter().next()?;
            Some(match holder.actor == ACTOR {
                true => Holder::Pull { ticket: holder.ticket, token: holder.token },
                false => Holder::Stranger(holder.actor),
            })
        }))
    }

    /// Returns the lock that a ticket holds. `None` when its value is gone, because it was released meanwhile.
    async fn stored(&self, ticket: &str) -> Result<Option<StoredLock>, LegacyError> {
        let Some(value) = self.values.get(ticket).await.map_err(failed)? else { return Ok(None) };
        StoredLock::read(&value.key, &value.raw).map(Some).map_err(damaged)
    }

    /// Stores a lock, unless it is held.
    async fn take(&self, lock: &StoredLock) -> Result<Option<StoredLock>, LegacyError> {
        let wanted = Wanted { name: name_of(&lock.lock.identity().key())?, lock };
        for _ in 0..TRIES {
            match self.holder(&wanted.name).await? {
                Some(Holder::Stranger(by)) => {
                    return Err(LegacyError::Stranger { key: lock.key.clone(), by });
                }
                Some(Holder::Pull { ticket, .. }) => match self.stored(&ticket).await? {
                    Some(current) => return Ok(Some(current)),
                    None => self.without_value(&wanted.name, &ticket).await?,
                },
                None if self.acquire(&wanted).await? => return Ok(None),
                None => {}
            }
        }
        Err(LegacyError::Busy { phrase: FAILED, tries: TRIES })
    }

    /// A ticket had no value. That is right for a ticket that was released since, and damage for one that still holds
    /// the lock.
    async fn without_value(&self, name: &Name, ticket: &str) -> Result<(), LegacyError> {
        match self.holder(name).await? {
            Some(Holder::Pull { ticket: now, .. }) if now == ticket => {
                let problem =
                    "Stepwell holds the lock, and its value is lost; `stepwell locks force-release` frees it";
                Err(damaged(Damaged { key: name.to_string(), problem: problem.to_owned() }))
            }
            _ => Ok(()),
        }
    }

    /// Takes a free lock. Returns false when another client was faster.
    async fn acquire(&self, Wanted { name, lock }: &Wanted<'_>) -> Result<bool, LegacyError> {
        let request = self.request(name, lock);
        let ticket = request.ticket.clone();
        match self.sent(request, lock).await? {
            Answer::Acquired { .. } => Ok(true),
            _ => {
                self.values.delete(&ticket).await.map_err(failed)?;
                Ok(false)
            }
        }
    }

    /// The request for a lock that does not wait.
    fn request(&self, name: &Name, lock: &StoredLock) -> Acquire {
        let ticket = format!("atlantis_{:032x}", fastrand::u128(..));
        let session = if self.has_sessions { session(&lock.lock) } else { String::new() };
        let wants = vec![Want::new(name.clone(), Mode::Exclusive)];
        let mut request = Acquire::new(&ticket, Owner::new(ACTOR, &session), wants);
        request.reason = format!("pull request {}", lock.lock.pull.num);
        request.metadata = shown(&lock.lock);
        request
    }

    /// Stores the value of a lock, and sends the request for it.
    async fn sent(&self, request: Acquire, lock: &StoredLock) -> Result<Answer, LegacyError> {
        let (now, ticket) = (self.clock.now(), request.ticket.clone());
        let value = StoredValue { key: lock.key.clone(), raw: lock.raw.clone(), at: now };
        self.values.put(&ticket, value).await.map_err(failed)?;
        match self.locks.run(&self.project, Command::Acquire(Box::new(request)), now).await {
            Ok(answer) => Ok(answer),
            // It may have taken effect, so the value stays.
            Err(error @ (LockError::Unavailable(_) | LockError::Failed(_))) => Err(uncertain(error)),
            Err(refused) => {
                self.values.delete(&ticket).await.map_err(failed)?;
                Err(failed(refused))
            }
        }
    }

    /// Releases a lock while `is_wanted`.
    async fn release(
        &self,
        of: &Identity,
        is_wanted: impl Fn(&StoredLock) -> bool + Send + Sync,
    ) -> Result<Option<StoredLock>, LegacyError> {
        let name = name_of(&of.key())?;
        for _ in 0..TRIES {
            let Some(Holder::Pull { ticket, token }) = self.holder(&name).await? else { return Ok(None) };
            let Some(lock) = self.stored(&ticket).await? else {
                self.without_value(&name, &ticket).await?;
                continue;
            };
            if !is_wanted(&lock) {
                return Ok(None);
            }
            let release = Command::Release { name: name.clone(), token, by: ACTOR.to_owned() };
            match self.locks.run(&self.project, release, self.clock.now()).await {
                Ok(_) => {
                    // A value that stays is deleted by the next sweep.
                    let _ = self.values.delete(&ticket).await;
                    return Ok(Some(lock));
                }
                Err(error) if !self.is_released(&name, &ticket).await => return Err(failed(error)),
                // Another request released it, or an operator took it away.
                Err(_) => {}
            }
        }
        Err(LegacyError::Busy { phrase: FAILED, tries: TRIES })
    }

    /// True when a ticket is known not to hold a lock any more.
    async fn is_released(&self, name: &Name, ticket: &str) -> bool {
        match self.holder(name).await {
            Ok(Some(Holder::Pull { ticket: now, .. })) => now != ticket,
            Ok(_) => true,
            Err(_) => false,
        }
    }
}

/// Returns the ticket of the pull request that holds a lock.
fn ticket(view: &LockView) -> Option<String> {
    let holder = view.holders.first().filter(|holder| holder.actor == ACTOR)?;
    Some(holder.ticket.clone())
}

#[async_trait]
impl ProjectLocks for EnhancedLocks {
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
        let found = self.list().await?.by_pull(repo, pull, reach).map_err(damaged)?;
        let mut unlocked = Unlocked { deleted: Vec::new(), spared: found.spared };
        for lock in found.deleted {
            // Another pull request may hold it by now.
            let is_same = |now: &StoredLock| now.raw == lock.raw;
            unlocked.deleted.extend(self.release(&lock.lock.identity(), is_same).await?);
        }
        Ok(unlocked)
    }

    async fn list(&self) -> Result<Listing, LegacyError> {
        let views = self.views().await?;
        let values = self.values.all().await.map_err(failed)?;
        let mut listing = Listing::default();
        for (ticket, name) in views.iter().filter_map(|view| Some((ticket(view)?, &view.name))) {
            match values.get(&ticket) {
                Some(value) => listing.push(StoredLock::read(&value.key, &value.raw)),
                None => {
                    // It was taken since the values were read, or released since the locks were.
                    let name = Name::new(name).map_err(failed)?;
                    match self.stored(&ticket).await? {
                        Some(lock) => listing.push(Ok(lock)),
                        None => self.without_value(&name, &ticket).await?,
                    }
                }
            }
        }
        listing.locks.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(listing)
    }

    async fn get(&self, of: &Identity) -> Result<Option<StoredLock>, LegacyError> {
        let name = name_of(&of.key())?;
        for _ in 0..TRIES {
            let Some(Holder::Pull { ticket, .. }) = self.holder(&name).await? else { return Ok(None) };
            match self.stored(&ticket).await? {
                Some(lock) => return Ok(Some(lock)),
                None => self.without_value(&name, &ticket).await?,
            }
        }
        Err(LegacyError::Busy { phrase: FAILED, tries: TRIES })
    }

    async fn restore(&self, key: &str, raw: &RawValue) -> Result<Restored, LegacyError> {
        let lock = StoredLock::read(key, raw).map_err(damaged)?;
        Ok(match self.take(&lock).await? {
            None => Restored::Stored,
            Some(current) if current.raw == *raw && current.key == key => Restored::Present,
            Some(current) => Restored::Occupied(Box::new(current)),
        })
    }

    async fn lock_within(&self, lock: &ProjectLock, wait: &Wait) -> Result<TryLock, LegacyError> {
        self.waited(lock, wait).await
    }

    async fn stranger(&self, of: &Identity) -> Result<Option<String>, LegacyError> {
        let Some(view) = self.view(&name_of(&of.key())?).await? else { return Ok(None) };
        let holders = view.holders.into_iter().map(|holder| holder.actor).filter(|actor| actor != ACTOR);
        Ok(holders.chain(view.queue.into_iter().map(|waiter| waiter.actor)).next())
    }
}
