//! The errors of the legacy interface, with the texts of Atlantis.

use std::error::Error as StdError;

use thiserror::Error;

use super::server::RedisFailure;
use crate::bolt::FileError;
use crate::format::IllegalName;

/// The words with which Atlantis begins the error of an operation. They differ between stores and operations.
pub type Phrase = &'static str;

/// A failure of the legacy interface. Its text is that of Atlantis, except where Atlantis prints the contents of a
/// value, which may hold a token.
#[derive(Debug, Error)]
pub enum LegacyError {
    /// The command is locked already.
    #[error("db transaction failed: lock already exists")]
    Exists,
    /// The command is not locked.
    #[error("db transaction failed: no lock exists")]
    Missing,
    /// The key has fewer parts than a key of Atlantis.
    #[error("invalid key format")]
    Key,
    /// A name cannot be part of the key of a pull request.
    #[error(transparent)]
    Name(#[from] IllegalName),
    /// A value is not readable. Nothing is changed.
    #[error("{phrase}: {problem} (key {key:?})")]
    Damaged {
        /// The words of Atlantis.
        phrase: Phrase,
        /// The key.
        key: String,
        /// The problem, without the text of the value.
        problem: String,
    },
    /// A client of Stepwell that is no pull request holds the lock, or waits for it.
    #[error(
        "`{by}` holds the lock {key:?} in Stepwell, or waits for it: it is free when that client has released it"
    )]
    Stranger {
        /// The key.
        key: String,
        /// The client.
        by: String,
    },
    /// The wait for a lock ended, because it was part of a deadlock.
    #[error("the wait for the lock {key:?} ended, because it was part of a deadlock: {cycle}")]
    Deadlock {
        /// The key.
        key: String,
        /// The requests that waited for each other.
        cycle: String,
    },
    /// The store failed.
    #[error("{phrase}: {source}")]
    Store {
        /// The words of Atlantis.
        phrase: Phrase,
        /// The reason.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The lock changed at each of several tries.
    #[error("{phrase}: the lock changed at each of {tries} tries, try again")]
    Busy {
        /// The words of Atlantis.
        phrase: Phrase,
        /// The number of tries.
        tries: u32,
    },
}

impl LegacyError {
    /// True when the store could not serve the request, and nothing has changed in it.
    #[must_use]
    pub fn is_unserved(&self) -> bool {
        let Self::Store { source, .. } = self else { return false };
        match (source.downcast_ref::<RedisFailure>(), source.downcast_ref::<FileError>()) {
            (Some(failure), _) => !matches!(failure, RedisFailure::Timeout | RedisFailure::Ended(_)),
            (_, Some(error)) => !matches!(error, FileError::Io { action: "write", .. }),
            (None, None) => source.is::<Unserved>(),
        }
    }

    pub(super) fn store(phrase: Phrase, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Store { phrase, source: source.into() }
    }
}

/// A failure of Stepwell's locks that has changed nothing.
#[derive(Debug, Error)]
#[error("{0}")]
pub(super) struct Unserved(pub Box<dyn StdError + Send + Sync>);
