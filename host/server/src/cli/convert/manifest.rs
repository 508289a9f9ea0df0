//! The manifest of a conversion: a journal with one JSON line per record. An intent is durable before its change,
//! so that after a crash the journal and the files together say what happened.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{Error, ErrorKind, Read, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk::{self, Content};
use crate::failure::Failure;

/// The folder of manifests and stored originals in the target folder.
pub(super) const FOLDER: &str = ".stepwell-convert";
/// The version of the format.
const VERSION: u32 = 1;
/// The maximum size of a manifest, in bytes.
const MAX_MANIFEST: u64 = 64 << 20;

/// A record of the journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub(super) enum Record {
    /// A conversion begins or continues.
    Begin { version: u32, at: String, batch: Option<String> },
    /// A change is about to happen.
    Intent(Intent),
    /// The change with this number has happened.
    Done { number: u64 },
    /// The change with this number has not happened, and does not count.
    Void { number: u64 },
    /// The conversion is complete.
    End { at: String, converted: u64 },
    /// The changes before are taken back.
    RolledBack { at: String },
}

/// A change of one job file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Intent {
    pub number: u64,
    /// The legacy file, as the command named it.
    pub source: String,
    /// The digest of the legacy file, which is also the name of its copy.
    pub original: Copied,
    /// The new file, relative to the target folder.
    pub output: String,
    pub output_digest: String,
    /// The file that the new one replaces.
    pub replaced: Option<Copied>,
    /// The legacy file relative to the target folder, if the new file takes its place under another name.
    pub removes: Option<String>,
    /// The folders that the change creates, the outermost first.
    pub folders: Vec<String>,
}

/// A file that has a copy in the folder of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Copied {
    pub digest: String,
    pub mode: u32,
}

/// The changes that a manifest has.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The changes since the last rollback, in their order.
    pub intents: Vec<Intent>,
    /// The numbers of those that are complete.
    pub done: BTreeSet<u64>,
    /// Whether the last record is a rollback.
    pub rolled_back: bool,
    /// Whether the last conversion ended.
    pub ended: bool,
    next: u64,
    /// The length of the whole lines, in bytes.
    length: u64,
}

impl History {
    /// Reads a manifest. A last line without an end is the trace of a crash, and does not count.
    pub fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let failed = |why: String| Failure::input(format!("{}: {why}", path.display()));
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error.to_string())),
        };
        let mut text = String::new();
        let read = file.take(MAX_MANIFEST + 1).read_to_string(&mut text);
        read.map_err(|error| failed(error.to_string()))?;
        if text.len() as u64 > MAX_MANIFEST {
            return Err(failed(format!("the manifest is larger than {MAX_MANIFEST} bytes")));
        }
        let mut history = Self::default();
        for (i, line) in text.split_inclusive('\n').enumerate() {
            let Some(whole) = line.strip_suffix('\n') else { break };
            let record = serde_json::from_str(whole)
                .map_err(|error| failed(format!("line {} is no record of a manifest: {error}", i + 1)))?;
            history.add(record).map_err(|why| failed(format!("line {}: {why}", i + 1)))?;
            history.length += line.len() as u64;
        }
        Ok(Some(history))
    }

    fn add(&mut self, record: Record) -> Result<(), String> {
        self.rolled_back = false;
        match record {
            Record::Begin { version: VERSION, .. } => self.ended = false,
            Record::Begin { version, .. } => {
                return Err(format!("version {version} of the format is unknown"));
            }
            Record::Intent(intent) => {
                self.next = self.next.max(intent.number.saturating_add(1));
                self.intents.push(intent);
            }
            Record::Done { number } => drop(self.done.insert(number)),
            Record::Void { number } => self.intents.retain(|intent| intent.number != number),
            Record::End { .. } => self.ended = true,
            Record::RolledBack { .. } => {
                self.intents.clear();
                self.done.clear();
                (self.rolled_back, self.ended) = (true, false);
            }
        }
        Ok(())
    }

    /// Returns the changes that the journal does not call complete.
    pub fn pending(&self) -> Vec<Intent> {
        self.intents.iter().filter(|intent| !self.done.contains(&intent.number)).cloned().collect()
    }
}

/// The folder of a conversion: one process at a time changes the target folder.
#[derive(Debug)]
pub(super) struct Store {
    /// The target folder.
    pub to: PathBuf,
    folder: PathBuf,
    _lock: File,
}

impl Store {
    /// Opens the folder beside the new files, and creates it if it is missing.
    pub fn open(to: &Path) -> Result<Self, Failure> {
        let folder = to.join(FOLDER);
        let failed = |error: Error| Failure::input(format!("{}: {error}", folder.display()));
        if fs::symlink_metadata(&folder).is_ok_and(|found| found.is_symlink()) {
            return Err(failed(Error::new(ErrorKind::InvalidInput, "it is a symbolic link")));
        }
        for dir in ["kept", "temporary"] {
            fs::create_dir_all(folder.join(dir)).map_err(failed)?;
        }
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"));
        let lock = lock.map_err(failed)?;
        if lock.try_lock().is_err() {
            let message = format!("another `stepwell convert` works in {}", to.display());
            return Err(Failure::platform(message));
        }
        // Files of a process that was killed.
        for entry in fs::read_dir(folder.join("temporary")).map_err(failed)?.flatten() {
            let _ = fs::remove_file(entry.path());
        }
        Ok(Self { to: to.to_owned(), folder, _lock: lock })
    }

    /// Returns the path of a batch's manifest.
    pub fn manifest(&self, batch: Option<&str>) -> PathBuf {
        self.folder.join(name_of(batch))
    }

    pub fn temporary(&self) -> PathBuf {
        self.folder.join("temporary")
    }

    /// Stores a copy of a file under its digest.
    pub fn keep(&self, content: &Content) -> Result<Copied, Error> {
        let digest = content.digest();
        let path = self.folder.join("kept").join(&digest);
        let known = disk::content(&path)?;
        if known.is_none_or(|known| known.digest() != digest) {
            disk::write(&self.temporary(), &path, &content.bytes, 0o600)?;
        }
        Ok(Copied { digest, mode: content.mode })
    }

    /// Returns the content of a copy, if it still has its digest.
    pub fn kept(&self, copied: &Copied) -> Result<Content, Error> {
        let damaged = || {
            Error::new(
                ErrorKind::InvalidData,
                format!("the stored copy {} is damaged or gone", copied.digest),
            )
        };
        if copied.digest.len() != 64 || !copied.digest.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(damaged());
        }
        let found = disk::content(&self.folder.join("kept").join(&copied.digest))?.ok_or_else(damaged)?;
        match found.digest() == copied.digest {
            true => Ok(Content { mode: copied.mode, ..found }),
            false => Err(damaged()),
        }
    }

    /// Returns the new files of all manifests of the folder, each with its digests.
    pub fn outputs(to: &Path) -> Result<BTreeMap<String, Vec<String>>, Failure> {
        let mut outputs: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let Ok(entries) = fs::read_dir(to.join(FOLDER)) else { return Ok(outputs) };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.extension().is_some_and(|extension| extension == "jsonl")
                && let Some(history) = History::read(&path)?
            {
                for intent in history.intents {
                    outputs.entry(intent.output).or_default().push(intent.output_digest);
                }
            }
        }
        Ok(outputs)
    }
}

/// Returns the file name of a batch's manifest. The name of a batch may be any text, so a digest keeps names apart.
fn name_of(batch: Option<&str>) -> String {
    let Some(batch) = batch else { return "manifest.jsonl".to_owned() };
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=40).contains(&batch.len()) && batch.chars().all(is_plain) {
        return format!("manifest-{batch}.jsonl");
    }
    let slug: String = batch.to_lowercase().chars().filter(|c| is_plain(*c)).take(32).collect();
    let digest = disk::digest(batch.as_bytes());
    format!("manifest-{slug}_{}.jsonl", digest.get(..8).unwrap_or_default())
}

/// A manifest that is open for changes.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    pub path: PathBuf,
    pub history: History,
}

impl Journal {
    /// Opens a manifest, and removes what a crash left of its last line.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let failed = |error: Error| Failure::platform(format!("{}: {error}", path.display()));
        let history = History::read(path)?.unwrap_or_default();
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(failed)?;
        file.set_len(history.length).map_err(failed)?;
        drop(file);
        let file = OpenOptions::new().append(true).open(path).map_err(failed)?;
        Ok(Self { file, path: path.to_owned(), history })
    }

    /// Returns the number of the next change.
    pub fn next(&self) -> u64 {
        self.history.next
    }

    /// Adds a record. It is durable when this returns.
    pub fn add(&mut self, record: Record) -> Result<(), Error> {
        let line = serde_json::to_string(&record).map_err(Error::other)?;
        self.file.write_all(format!("{line}\n").as_bytes())?;
        self.file.sync_data()?;
        self.history.add(record).map_err(Error::other)
    }

    /// Adds the record of a start.
    pub fn begin(&mut self, at: String, batch: Option<String>) -> Result<(), Error> {
        self.add(Record::Begin { version: VERSION, at, batch })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intent(number: u64) -> Intent {
        let original = Copied { digest: "0".repeat(64), mode: 0o644 };
        let (source, output, output_digest) = ("a.json".to_owned(), "a.yaml".to_owned(), "1".repeat(64));
        Intent {
            number,
            source,
            original,
            output,
            output_digest,
            replaced: None,
            removes: None,
            folders: Vec::new(),
        }
    }

    #[test]
    fn a_torn_last_line_is_no_record() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("manifest.jsonl");
        let mut journal = Journal::open(&path).unwrap();
        journal.begin("now".to_owned(), None).unwrap();
        journal.add(Record::Intent(intent(0))).unwrap();
        let whole = fs::read(&path).unwrap();
        journal.add(Record::Done { number: 0 }).unwrap();
        let all = fs::read(&path).unwrap();
        for end in whole.len()..all.len() {
            fs::write(&path, &all[..end]).unwrap();
            let again = Journal::open(&path).unwrap();
            assert_eq!(again.history.pending(), [intent(0)]);
            assert_eq!(again.next(), 1);
            assert_eq!(fs::read(&path).unwrap(), whole, "the torn line is gone");
        }
        fs::write(&path, "{\"record\": \"odd\"}\n").unwrap();
        assert!(Journal::open(&path).is_err());
    }

    #[test]
    fn each_batch_has_a_manifest() {
        assert_eq!(name_of(None), "manifest.jsonl");
        assert_eq!(name_of(Some("low")), "manifest-low.jsonl");
        assert!(name_of(Some("../x")).starts_with("manifest-x_"));
        assert_ne!(name_of(Some("Low")), name_of(Some("LOW")));
    }
}
