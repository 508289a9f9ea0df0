//! Directories that live as long as an attempt: scratch mounts, and homes of programs.
//!
//! Each process has a separate directory in the given one, and holds a lock beside it. A free lock belongs to
//! a process that has ended: the next process to start deletes its directory, and removes the lock last.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::tree;

/// Number of names that are tried for a directory.
const TRIES: usize = 16;
/// Number of digits in the name of a process's directory.
const DIGITS: usize = 16;

/// The place of a process's directories.
#[derive(Debug)]
pub(crate) struct Scratch {
    dir: PathBuf,
    own: Mutex<Option<Arc<Own>>>,
}

/// The directory of this process. It is deleted with the last directory in it.
#[derive(Debug)]
struct Own {
    path: PathBuf,
    lock: PathBuf,
    /// The lock.
    _locked: File,
}

/// A directory that is deleted when this is dropped.
#[derive(Debug)]
pub(crate) struct Private {
    path: PathBuf,
    /// The directory of the process, which must outlive this one.
    _own: Arc<Own>,
}

impl Scratch {
    /// Makes directories in `dir`, which is created with the first of them. Directories of ended processes
    /// are deleted.
    pub fn new(dir: PathBuf) -> Self {
        if dir.is_dir() && is_trusted(&dir) {
            let there = dir.clone();
            let sweeping = std::thread::Builder::new().name("stepwell-sweep".to_owned());
            // Without a thread for it, the next start deletes them.
            let _ = sweeping.spawn(move || sweep(&there));
        }
        Self { dir, own: Mutex::default() }
    }

    /// Makes an empty directory for the service's user only.
    ///
    /// # Errors
    /// Returns an error with the place, for the log.
    pub fn make(&self) -> io::Result<Private> {
        let own = self.own()?;
        let path = fresh(|name| {
            let path = own.path.join(name);
            private(&path)?;
            Ok(path)
        })?;
        Ok(Private { path, _own: own })
    }

    /// Returns the place of the directories.
    pub fn place(&self) -> &Path {
        &self.dir
    }

    fn own(&self) -> io::Result<Arc<Own>> {
        let mut own = self.own.lock();
        if let Some(own) = &*own
            && own.path.is_dir()
        {
            return Ok(own.clone());
        }
        let made = Arc::new(Own::make(&self.dir)?);
        *own = Some(made.clone());
        Ok(made)
    }
}

impl Own {
    fn make(dir: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        if !is_trusted(dir) {
            return Err(io::Error::other("it belongs to another user, who could change what is in it"));
        }
        fresh(|name| {
            let (path, lock) = (dir.join(name), dir.join(format!("{name}.lock")));
            let mut options = OpenOptions::new();
            let locked = options.write(true).create_new(true).mode(0o600).open(&lock)?;
            // Another process may have mistaken it for that of an ended process, and then removes it.
            match locked.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::AlreadyExists.into()),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            private(&path)?;
            Ok(Self { path, lock, _locked: locked })
        })
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        remove(&self.path, &self.lock);
    }
}

impl Private {
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        if let Err(error) = tree::remove(&self.path) {
            tracing::warn!("cannot delete {}: {error}; the next start deletes it", self.path.display());
        }
    }
}

/// Makes something under an unused name.
fn fresh<T>(mut make: impl FnMut(&str) -> io::Result<T>) -> io::Result<T> {
    for _ in 0..TRIES {
        let mut unique = [0; 8];
        getrandom::fill(&mut unique).map_err(|_| io::Error::other("the system has no random numbers"))?;
        match make(&format!("{:016x}", u64::from_le_bytes(unique))) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made,
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Returns whether a directory belongs to this user or to the system.
fn is_trusted(dir: &Path) -> bool {
    let own = [0, rustix::process::geteuid().as_raw()];
    fs::metadata(dir).is_ok_and(|found| own.contains(&found.uid()))
}

/// Makes a directory, which must not exist.
fn private(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Deletes the directories of processes that have ended.
fn sweep(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let id = name.strip_suffix(".lock").unwrap_or(name);
        let is_ours = id.len() == DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (path, lock) = (dir.join(id), dir.join(format!("{id}.lock")));
        if !is_ours {
            continue;
        }
        if name == id {
            // A lock is created before its directory, and removed after it.
            if !lock.exists() && path.is_dir() {
                remove(&path, &lock);
            }
            continue;
        }
        let Ok(opened) = OpenOptions::new().write(true).open(&lock) else { continue };
        if opened.try_lock().is_ok() {
            remove(&path, &lock);
        }
    }
}

/// Deletes the directory of a process and then its lock.
fn remove(path: &Path, lock: &Path) {
    let removed = match tree::remove(path) {
        Ok(()) => fs::remove_file(lock),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!("cannot delete {}: {error}; the next start tries again", path.display());
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(dir: &Path) -> usize {
        fs::read_dir(dir).unwrap().count()
    }

    #[test]
    fn a_directory_goes_with_its_attempt_and_the_rest_with_the_process() {
        let base = tempfile::tempdir().unwrap();
        let dir = base.path().join("new/scratch");
        let scratch = Scratch::new(dir.clone());
        let (one, other) = (scratch.make().unwrap(), scratch.make().unwrap());
        assert_ne!(one.path(), other.path());
        fs::create_dir_all(one.path().join("a/b")).unwrap();
        let path = one.path().to_owned();
        drop(one);
        assert!(!path.exists() && other.path().is_dir());
        drop(scratch);
        assert!(other.path().is_dir(), "an attempt that still runs has its directory");
        drop(other);
        assert_eq!(entries(&dir), 0);
    }

    #[test]
    fn what_ended_processes_left_is_deleted_and_nothing_else() {
        let base = tempfile::tempdir().unwrap();
        let dir = base.path();
        let living = Scratch::new(dir.join("none"));
        drop(living);
        let living = Scratch { dir: dir.to_owned(), own: Mutex::default() };
        let kept = living.make().unwrap();
        // A process that ended: its lock file exists, and no process holds the lock.
        for id in ["0123456789abcdef", "fedcba9876543210"] {
            fs::create_dir_all(dir.join(id).join("deep/er")).unwrap();
            fs::write(dir.join(id).join("file"), "x").unwrap();
        }
        fs::write(dir.join("0123456789abcdef.lock"), "").unwrap();
        // A process that crashed before it made its directory, and files of others.
        fs::write(dir.join("00000000000000aa.lock"), "").unwrap();
        fs::create_dir(dir.join("somebody's")).unwrap();
        fs::write(dir.join("notes"), "x").unwrap();
        sweep(dir);
        assert!(kept.path().is_dir());
        assert_eq!(entries(dir), 4, "its directory and lock, and the files of others");
        sweep(dir);
        assert_eq!(entries(dir), 4);
    }

    #[test]
    fn no_two_directories_are_the_same() {
        let base = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(base.path().to_owned());
        let made: Vec<_> = (0..100).map(|_| scratch.make().unwrap()).collect();
        assert_eq!(entries(made[0].path().parent().unwrap()), 100);
        assert!(private(made[0].path()).is_err(), "an existing directory is not taken");
    }
}
