//! The interface of Atlantis to its locks, and its two stores.

mod bolt;
mod enhanced;
mod error;
mod installation;
mod redis;
mod repair;
mod report;
mod server;
mod stored;

use std::time::Duration;

use async_trait::async_trait;

pub use self::redis::RedisLocks;
pub use bolt::BoltLocks;
pub use enhanced::{EnhancedLocks, MemoryValues, StoredValue, Values, ValuesError};
pub use error::{LegacyError, Phrase};
pub use installation::{Installation, InstallationError, Repaired};
pub use report::{Finding, FindingKind, Repair, Report, Severity};
pub use server::{RedisFailure, RedisSettings, Tls};
pub use stored::{Damaged, Listing, StoredLock};

use crate::format::{
    CommandLock, CommandName, GoTime, Identity, PlanStatus, ProjectLock, ProjectStatus, Pull, PullStatus,
    RawValue,
};

/// The answer to [`ProjectLocks::try_lock`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TryLock {
    /// True when the caller has the lock now.
    pub acquired: bool,
    /// The lock as it is stored now: that of the caller, or the one in its way.
    pub current: StoredLock,
}

/// The repositories whose locks [`ProjectLocks::unlock_by_pull`] deletes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reach {
    /// The repository with exactly this name.
    #[default]
    Repository,
    /// Every repository whose name begins with this name, as Atlantis does: closing pull request 5 of `org/infra`
    /// also deletes the locks of pull request 5 of `org/infra-prod`.
    Prefix,
}

/// The answer to [`ProjectLocks::unlock_by_pull`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unlocked {
    /// The locks that are deleted.
    pub deleted: Vec<StoredLock>,
    /// The locks of other repositories that Atlantis would have deleted, too. They are unchanged.
    pub spared: Vec<StoredLock>,
}

/// The answer to [`ProjectLocks::restore`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restored {
    /// The lock is stored under its key, byte for byte.
    Stored,
    /// The same bytes are there already.
    Present,
    /// Another lock is there, and it is unchanged.
    Occupied(Box<StoredLock>),
}

/// A wait in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// The longest time.
    pub limit: Duration,
    /// The priority, from 0 to 9, where 9 is the most urgent.
    pub priority: u8,
}

/// The locks of projects, with the answers of Atlantis and the texts of its errors.
///
/// There is no priority, no lease, no wait and no detection of deadlocks. The differences to Atlantis are in
/// `docs/atlantis.md`: a lock under an old key counts, a damaged value is an error and not a free lock, and no message
/// contains the text of a value.
#[async_trait]
pub trait ProjectLocks: Send + Sync {
    /// Takes a lock, unless another holds it.
    async fn try_lock(&self, lock: &ProjectLock) -> Result<TryLock, LegacyError>;

    /// Deletes a lock under the key at which it is stored, and returns it. Returns `None` when it is free.
    async fn unlock(&self, of: &Identity) -> Result<Option<StoredLock>, LegacyError>;

    /// As [`Self::unlock`], but only when a pull request holds the lock.
    async fn unlock_if_owned_by_pull(
        &self,
        of: &Identity,
        pull: i64,
    ) -> Result<Option<StoredLock>, LegacyError>;

    /// Deletes the locks of a pull request. Fails before it deletes any when a lock in reach is damaged.
    async fn unlock_by_pull(&self, repo: &str, pull: i64, reach: Reach) -> Result<Unlocked, LegacyError>;

    /// Returns all locks, and the keys whose values are not readable.
    async fn list(&self) -> Result<Listing, LegacyError>;

    /// Returns a lock, or `None` when it is free.
    async fn get(&self, of: &Identity) -> Result<Option<StoredLock>, LegacyError>;

    /// Stores a lock that comes from another store, byte for byte, unless the lock is held.
    async fn restore(&self, key: &str, value: &RawValue) -> Result<Restored, LegacyError>;

    /// Returns a client other than a pull request that holds a lock or waits for it. Only the locks of Stepwell have
    /// such clients.
    async fn stranger(&self, _of: &Identity) -> Result<Option<String>, LegacyError> {
        Ok(None)
    }

    /// As [`Self::try_lock`], in a queue for as long as the request waits. Only the locks of Stepwell have a queue; any
    /// other store answers at once.
    async fn lock_within(&self, lock: &ProjectLock, _wait: &Wait) -> Result<TryLock, LegacyError> {
        self.try_lock(lock).await
    }

    /// As [`Self::unlock`], for a key as Atlantis shows it.
    async fn unlock_key(&self, key: &str) -> Result<Option<StoredLock>, LegacyError> {
        self.unlock(&Identity::of_key(key).ok_or(LegacyError::Key)?).await
    }

    /// As [`Self::get`], for a key as Atlantis shows it.
    async fn get_key(&self, key: &str) -> Result<Option<StoredLock>, LegacyError> {
        self.get(&Identity::of_key(key).ok_or(LegacyError::Key)?).await
    }
}

/// All that Atlantis stores: the locks of projects, those of commands, and the status of pull requests.
#[async_trait]
pub trait LegacyLocks: ProjectLocks {
    /// Locks a command for the whole installation.
    async fn lock_command(&self, command: CommandName, time: GoTime) -> Result<CommandLock, LegacyError>;

    /// Deletes the lock of a command.
    async fn unlock_command(&self, command: CommandName) -> Result<(), LegacyError>;

    /// Returns the lock of a command.
    async fn check_command_lock(&self, command: CommandName) -> Result<Option<CommandLock>, LegacyError>;

    /// Returns the status of a pull request.
    async fn pull_status(&self, pull: &Pull) -> Result<Option<PullStatus>, LegacyError>;

    /// Deletes the status of a pull request.
    async fn delete_pull_status(&self, pull: &Pull) -> Result<(), LegacyError>;

    /// Sets the status of one project of a pull request. Does nothing for a pull request without a status.
    async fn update_project_status(
        &self,
        pull: &Pull,
        workspace: &str,
        dir: &str,
        status: PlanStatus,
    ) -> Result<(), LegacyError>;

    /// Merges results of a command into the status of a pull request, and returns the new status.
    async fn update_pull_with_results(
        &self,
        pull: &Pull,
        results: &[ProjectStatus],
    ) -> Result<PullStatus, LegacyError>;
}
