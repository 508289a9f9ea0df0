//! Locks as a store holds them: the key, the bytes, and what they say.

use super::{Reach, Unlocked};
use crate::format::{FormatError, Hidden, Identity, KeyForm, ProjectLock, RawValue};

/// A lock with the key and the bytes that a store has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLock {
    /// The key, without the prefix of Redis. It may be an old one.
    pub key: String,
    /// The form of the key.
    pub form: KeyForm,
    /// The lock, without its clone URL.
    pub lock: ProjectLock,
    /// The bytes of the value.
    pub raw: RawValue,
}

/// A key whose value is not the lock that the key promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// The key, without the prefix of Redis.
    pub key: String,
    /// The problem, without the text of the value.
    pub problem: String,
}

/// All locks of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The locks, by key.
    pub locks: Vec<StoredLock>,
    /// The keys with values that are not readable.
    pub damaged: Vec<Damaged>,
}

impl StoredLock {
    /// Reads a value, and compares its lock with the key.
    pub(crate) fn read(key: &str, raw: &RawValue) -> Result<Self, Damaged> {
        let damaged = |problem: String| Damaged { key: key.to_owned(), problem };
        let lock =
            ProjectLock::parse(raw.expose()).map_err(|error: FormatError| damaged(error.to_string()))?;
        let identity = lock.identity();
        match identity.form_of(key) {
            KeyForm::Other => Err(damaged(format!("the value is the lock {:?}", identity.key()))),
            form => Ok(Self { key: key.to_owned(), form, lock, raw: raw.clone() }),
        }
    }

    /// A lock under its current key, as Atlantis writes it.
    pub(crate) fn fresh(lock: &ProjectLock) -> Self {
        let raw = RawValue::new(lock.to_json());
        let mut lock = lock.clone();
        lock.pull.base_repo.clone_url = Hidden::default();
        Self { key: lock.identity().key(), form: KeyForm::Current, lock, raw }
    }

    /// True when this is the lock of a project and a workspace. Atlantis compares keys, so this does, too.
    #[must_use]
    pub fn is_of(&self, identity: &Identity) -> bool {
        self.lock.identity().key() == identity.key()
    }
}

impl Listing {
    /// The bytes of the keys and the values.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let bytes = self.locks.iter().map(|lock| lock.key.len() + lock.raw.len());
        u64::try_from(bytes.sum::<usize>()).unwrap_or(u64::MAX)
    }

    /// Reads the values of all keys.
    pub(crate) fn read<'v>(values: impl IntoIterator<Item = (String, &'v RawValue)>) -> Self {
        let mut listing = Self::default();
        values.into_iter().for_each(|(key, raw)| listing.push(StoredLock::read(&key, raw)));
        listing
    }

    pub(crate) fn push(&mut self, read: Result<StoredLock, Damaged>) {
        match read {
            Ok(lock) => self.locks.push(lock),
            Err(damaged) => self.damaged.push(damaged),
        }
    }
}

impl Listing {
    /// The locks that closing a pull request deletes, and those of other repositories that it spares.
    ///
    /// A damaged value in reach may be such a lock, so it is an error, as in Atlantis.
    pub(crate) fn by_pull(self, repo: &str, pull: i64, reach: Reach) -> Result<Unlocked, Damaged> {
        let mut unlocked = Unlocked::default();
        let is_in_reach = |key: &str| match (key.strip_prefix(repo), reach) {
            (Some(rest), Reach::Repository) => rest.starts_with('/'),
            (found, Reach::Prefix) => found.is_some(),
            (None, Reach::Repository) => false,
        };
        if let Some(damaged) = self.damaged.into_iter().find(|damaged| is_in_reach(&damaged.key)) {
            return Err(damaged);
        }
        for lock in
            self.locks.into_iter().filter(|lock| lock.lock.pull.num == pull && lock.key.starts_with(repo))
        {
            match reach == Reach::Prefix || lock.lock.project.repo_full_name == repo {
                true => unlocked.deleted.push(lock),
                false => unlocked.spared.push(lock),
            }
        }
        Ok(unlocked)
    }
}
