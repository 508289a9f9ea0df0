//! Opens, reads and changes a BoltDB file beside the programs that use it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use thiserror::Error;

use super::commit::{self, Edit};
use super::hold::{self, Access, Holder, Refused};
use super::walk::{self, Contents, Fault, NoMeta};

/// The largest file that is read. It is read into memory as a whole.
const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;
/// The bytes that hold both meta pages at the largest page size.
const META_BYTES: usize = 2 * 65_536;
/// The tries to read a file beside a writer, and the pause between two of them.
const SNAPSHOT_TRIES: usize = 20;
const SNAPSHOT_PAUSE: Duration = Duration::from_millis(10);

/// The way to read a file that another process may hold. Atlantis holds its file as long as it runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reading {
    /// Takes the lock of the file, waits for up to one second, and fails when a writer holds it.
    #[default]
    Locked,
    /// Reads without the lock, as of the last change. BoltDB does not write to the pages of the last change, so the
    /// copy is consistent when no change ended during the read, which is checked.
    Beside,
}

/// A failure of a file.
#[derive(Debug, Error)]
pub enum FileError {
    /// Another process holds the file.
    #[error("{path} is in use by {holder}: stop it, or read beside it", path = path.display())]
    Held {
        /// The file.
        path: PathBuf,
        /// The process.
        holder: Holder,
    },
    /// The operating system refused.
    #[error("cannot {action} {path}: {error}", path = path.display())]
    Io {
        /// The action.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
    /// The file is larger than what is read.
    #[error("{path} has {bytes} bytes, and at most {MAX_FILE_BYTES} are read", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The bytes.
        bytes: u64,
    },
    /// The file is no BoltDB file, or both meta pages are damaged.
    #[error("{path} is not a readable BoltDB file: {error}; restore it from a backup", path = path.display())]
    NoMeta {
        /// The file.
        path: PathBuf,
        /// The damage.
        error: NoMeta,
    },
    /// The file is damaged, so it is not changed.
    #[error("{path} is damaged and is not changed: {fault}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first damage.
        fault: Fault,
    },
    /// The file does not store its free pages, so it is not changed.
    #[error("{path} does not store its list of free pages: start and stop Atlantis once, which writes it", path = path.display())]
    NoFreePages {
        /// The file.
        path: PathBuf,
    },
    /// Changes of other processes ended during each try to read the file.
    #[error("{path} changed during {SNAPSHOT_TRIES} reads in a row: try again", path = path.display())]
    Changing {
        /// The file.
        path: PathBuf,
    },
    /// The library made something else than the change. The file is as before.
    #[error("{path} is not changed, because its next state would be wrong: {problem}", path = path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The problem.
        problem: String,
    },
}

/// A BoltDB file by its path. It is open only during a read or a change, so that Atlantis can start at any time.
#[derive(Debug, Clone)]
pub struct BoltFile {
    path: PathBuf,
}

impl BoltFile {
    /// A file at a path, which is opened later.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Fails when the file is held, too large, absent, or no BoltDB file. Other damage is in the contents.
    pub fn read(&self, reading: Reading) -> Result<Contents, FileError> {
        let file = self.open(OpenOptions::new().read(true))?;
        match reading {
            Reading::Locked => {
                self.lock(&file, Access::Read)?;
                self.parse(&self.bytes(&file)?)
            }
            Reading::Beside => self.snapshot(&file),
        }
    }

    /// Reads the file and makes the changes that `decide` derives from its contents, as one change that is complete
    /// or absent after a crash. The lock of the file covers both.
    ///
    /// # Errors
    /// Fails when the file is held, or damaged, or cannot be written.
    pub fn change<R>(&self, decide: impl FnOnce(&Contents) -> (Vec<Edit>, R)) -> Result<R, FileError> {
        let file = self.open(OpenOptions::new().read(true).write(true))?;
        self.lock(&file, Access::Write)?;
        let before = self.bytes(&file)?;
        let contents = self.sound(&before)?;
        let (edits, result) = decide(&contents);
        if !edits.is_empty() {
            let next = commit::next(&before, &contents, &edits).map_err(|problem| self.refused(problem))?;
            commit::write(&file, &before, &next).map_err(|error| self.io("write", error))?;
        }
        Ok(result)
    }

    /// Makes the file with the buckets of Atlantis, for its owner only, unless it exists.
    ///
    /// # Errors
    /// Fails when the file cannot be written.
    pub fn create(&self, buckets: &[&[u8]]) -> Result<(), FileError> {
        let file =
            self.open(OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600))?;
        self.lock(&file, Access::Write)?;
        if file.metadata().map_err(|error| self.io("read", error))?.len() == 0 {
            let image = commit::fresh(buckets).map_err(|problem| self.refused(problem))?;
            let written = file.write_all_at(&image, 0).and_then(|()| file.sync_all());
            written.map_err(|error| self.io("write", error))?;
        }
        Ok(())
    }

    fn open(&self, options: &OpenOptions) -> Result<File, FileError> {
        options.open(&self.path).map_err(|error| self.io("open", error))
    }

    fn lock(&self, file: &File, access: Access) -> Result<(), FileError> {
        hold::lock(file, access).map_err(|refused| match refused {
            Refused::Held(holder) => FileError::Held { path: self.path.clone(), holder },
            Refused::Failed(error) => self.io("lock", error),
        })
    }

    fn bytes(&self, file: &File) -> Result<Vec<u8>, FileError> {
        let bytes = file.metadata().map_err(|error| self.io("read", error))?.len();
        if bytes > MAX_FILE_BYTES {
            return Err(FileError::TooLarge { path: self.path.clone(), bytes });
        }
        let mut content = vec![0; usize::try_from(bytes).unwrap_or_default()];
        file.read_exact_at(&mut content, 0).map_err(|error| self.io("read", error))?;
        Ok(content)
    }

    fn snapshot(&self, file: &File) -> Result<Contents, FileError> {
        for _ in 0..SNAPSHOT_TRIES {
            let bytes = self.bytes(file)?;
            let change = walk::last_change(&bytes);
            let mut metas = vec![0; META_BYTES.min(bytes.len())];
            file.read_exact_at(&mut metas, 0).map_err(|error| self.io("read", error))?;
            if change == walk::last_change(&metas) {
                return self.parse(&bytes);
            }
            thread::sleep(SNAPSHOT_PAUSE);
        }
        Err(FileError::Changing { path: self.path.clone() })
    }

    fn parse(&self, bytes: &[u8]) -> Result<Contents, FileError> {
        walk::read(bytes).map_err(|error| FileError::NoMeta { path: self.path.clone(), error })
    }

    /// The contents of a file that can be changed.
    fn sound(&self, bytes: &[u8]) -> Result<Contents, FileError> {
        let contents = self.parse(bytes)?;
        if let Some(fault) = contents.faults.iter().find(|fault| fault.forbids_changes()) {
            return Err(FileError::Damaged { path: self.path.clone(), fault: fault.clone() });
        }
        match contents.stores_free_pages {
            true => Ok(contents),
            false => Err(FileError::NoFreePages { path: self.path.clone() }),
        }
    }

    fn io(&self, action: &'static str, error: io::Error) -> FileError {
        FileError::Io { action, path: self.path.clone(), error }
    }

    fn refused(&self, problem: String) -> FileError {
        FileError::Refused { path: self.path.clone(), problem }
    }
}
