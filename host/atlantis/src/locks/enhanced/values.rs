//! The values of the locks that Stepwell serves.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use stepwell_engine::clock::Timestamp;

use crate::format::RawValue;

/// A lock as it is stored: its key, which may be an old one, and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredValue {
    /// The key of Atlantis.
    pub key: String,
    /// The bytes, tokens included.
    pub raw: RawValue,
    /// The time at which it was stored.
    pub at: Timestamp,
}

/// The values of locks, by the ids of their tickets. They hold tokens, so no list and no log shows them.
#[async_trait]
pub trait Values: Send + Sync {
    /// Stores a value.
    async fn put(&self, ticket: &str, value: StoredValue) -> Result<(), ValuesError>;

    /// Returns a value.
    async fn get(&self, ticket: &str) -> Result<Option<StoredValue>, ValuesError>;

    /// Returns all values.
    async fn all(&self) -> Result<BTreeMap<String, StoredValue>, ValuesError>;

    /// Deletes a value, if there is one.
    async fn delete(&self, ticket: &str) -> Result<(), ValuesError>;
}

/// The reason why values cannot be read or written.
pub type ValuesError = Box<dyn StdError + Send + Sync>;

/// Values in memory, for tests and for programs that embed Stepwell.
#[derive(Debug, Default)]
pub struct MemoryValues(Mutex<BTreeMap<String, StoredValue>>);

impl MemoryValues {
    fn values(&self) -> MutexGuard<'_, BTreeMap<String, StoredValue>> {
        // The map is changed by single calls that do not panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Values for MemoryValues {
    async fn put(&self, ticket: &str, value: StoredValue) -> Result<(), ValuesError> {
        self.values().insert(ticket.to_owned(), value);
        Ok(())
    }

    async fn get(&self, ticket: &str) -> Result<Option<StoredValue>, ValuesError> {
        Ok(self.values().get(ticket).cloned())
    }

    async fn all(&self) -> Result<BTreeMap<String, StoredValue>, ValuesError> {
        Ok(self.values().clone())
    }

    async fn delete(&self, ticket: &str) -> Result<(), ValuesError> {
        self.values().remove(ticket);
        Ok(())
    }
}
