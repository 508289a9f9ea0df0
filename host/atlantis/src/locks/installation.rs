//! The store of an installation of Atlantis, whichever of the two it is: its report, backups and repairs.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::BASE64;
use serde_json::json;
use thiserror::Error;

use super::report::Repair;
use super::{BoltLocks, LegacyError, LegacyLocks, RedisFailure, RedisLocks, RedisSettings, Report};
use crate::bolt::{FileError, Reading};

/// The store of an installation.
#[derive(Debug, Clone)]
pub enum Installation {
    /// A file.
    File(Arc<BoltLocks>),
    /// A server or a cluster.
    Redis(Arc<RedisLocks>, String),
}

/// A failure of a report, a backup or a repair.
#[derive(Debug, Error)]
pub enum InstallationError {
    /// The locks cannot be read or changed.
    #[error(transparent)]
    Locks(#[from] LegacyError),
    /// The file cannot be read or changed.
    #[error(transparent)]
    File(#[from] FileError),
    /// Redis cannot be read or changed.
    #[error(transparent)]
    Redis(#[from] RedisFailure),
    /// The backup cannot be written.
    #[error("the backup {path} cannot be written, so nothing was repaired: {error}", path = path.display())]
    Backup {
        /// The file.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
}

/// The result of a repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repaired {
    /// It is done.
    Done,
    /// It was not done, for this reason. Nothing is changed.
    Left(String),
}

impl Installation {
    /// The store in a file, or in the file of a data directory. Reads do not need the lock of the file.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::File(Arc::new(BoltLocks::at(path, Reading::Beside)))
    }

    /// The store in Redis, which is connected at the first operation.
    #[must_use]
    pub fn redis(settings: RedisSettings) -> Self {
        let place = settings.to_string();
        Self::Redis(Arc::new(RedisLocks::new(settings)), place)
    }

    /// The interface of Atlantis.
    #[must_use]
    pub fn locks(&self) -> Arc<dyn LegacyLocks> {
        match self {
            Self::File(locks) => locks.clone(),
            Self::Redis(locks, _) => locks.clone(),
        }
    }

    /// Checks all locks, and changes nothing.
    ///
    /// # Errors
    /// Fails when the store cannot be read.
    pub async fn report(&self) -> Result<Report, InstallationError> {
        Ok(match self {
            Self::File(locks) => locks.report().await?,
            Self::Redis(locks, _) => locks.report().await?,
        })
    }

    /// Copies everything that Stepwell could change into a new file that only its owner reads, because values hold
    /// tokens. A file is copied as a whole. Of Redis, each lock is a line of JSON with its key and its value.
    ///
    /// # Errors
    /// Fails when the store cannot be read, or the backup exists or cannot be written.
    pub async fn back_up(&self, to: &Path) -> Result<(), InstallationError> {
        match self {
            Self::File(locks) => {
                let (from, copy) = (locks.path().to_owned(), to.to_owned());
                let copied = tokio::task::spawn_blocking(move || copied(&from, &copy)).await;
                copied
                    .unwrap_or_else(|error| Err(io::Error::other(error)))
                    .map_err(|error| backup(to, error))?;
                // A copy that was made during a change is no backup.
                if let Err(error) = BoltLocks::at(to, Reading::Locked).contents().await {
                    let _ = std::fs::remove_file(to);
                    return Err(error.into());
                }
            }
            Self::Redis(locks, _) => {
                let mut text = String::new();
                for (key, raw) in locks.raw_locks().await? {
                    let line = json!({"key": key, "value_base64": BASE64.encode(raw.expose())});
                    text.push_str(&format!("{line}\n"));
                }
                let write = || {
                    let mut file = private(to)?;
                    file.write_all(text.as_bytes())?;
                    file.sync_all()
                };
                write().map_err(|error| backup(to, error))?;
            }
        }
        Ok(())
    }

    /// Stores a value under its current key, and deletes the old key.
    ///
    /// # Errors
    /// Fails when the store cannot be read or changed.
    pub async fn rekey(&self, from: &str, to: &str) -> Result<Repaired, InstallationError> {
        Ok(match self {
            Self::File(locks) => locks.rekey(from, to).await?,
            Self::Redis(locks, _) => locks.rekey(from, to).await?,
        })
    }

    /// Deletes one of several keys that hold the same lock. Another key still holds it afterwards.
    ///
    /// # Errors
    /// Fails when the store cannot be read or changed.
    pub async fn release_duplicate(&self, key: &str) -> Result<Repaired, InstallationError> {
        let report = self.report().await?;
        let is_duplicate = report.findings.iter().any(|finding| match &finding.repair {
            Some(Repair::Release { keys }) => keys.iter().any(|known| known == key),
            _ => false,
        });
        if !is_duplicate {
            return Ok(Repaired::Left("no other key holds the same lock".to_owned()));
        }
        Ok(match self {
            Self::File(locks) => locks.delete_key(key).await?,
            Self::Redis(locks, _) => locks.delete_key(key).await?,
        })
    }
}

/// Shows the file, or the address without a password.
impl fmt::Display for Installation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(locks) => write!(f, "{}", locks.path().display()),
            Self::Redis(_, place) => f.write_str(place),
        }
    }
}

fn backup(path: &Path, error: io::Error) -> InstallationError {
    InstallationError::Backup { path: path.to_owned(), error }
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn copied(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    let mut copy = private(to)?;
    io::copy(&mut source, &mut copy)?;
    copy.sync_all()
}
