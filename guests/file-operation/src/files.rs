//! The operations on files: copy, move, delete, mkdir, list and checksum.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::Digest;
use stepwell_sdk::prelude::serde_json::{Map, Value, json};
use stepwell_sdk::text::counted;
use stepwell_sdk::values::bytes_text;
use stepwell_sdk::{Failure, Output, StepResult, context};

use crate::config::{Algorithm, FileOperation, absolute, io_failure};
use crate::select::{Selection, select, walk};

/// The maximum number of names in an output.
const LISTED: usize = 1000;

/// The files of an operation.
#[derive(Debug, Default)]
pub struct Touched {
    pub files: u64,
    pub bytes: u64,
    pub paths: Vec<PathBuf>,
}

impl Touched {
    pub fn add(&mut self, path: &Path, bytes: u64) {
        (self.files, self.bytes) = (self.files + 1, self.bytes + bytes);
        if self.paths.len() < LISTED {
            self.paths.push(path.to_owned());
        }
    }

    pub fn output(self, verb: &str) -> Output {
        let (files, bytes) = (counted(self.files, "file"), counted(self.bytes, "byte"));
        Output::new(format!("{verb} {files}, {bytes}"))
            .value(json!({"files": self.files, "bytes": self.bytes, "paths": self.paths}))
            .metadata("files", self.files)
            .metadata("bytes", self.bytes)
    }
}

pub fn copy(step: &FileOperation) -> StepResult {
    let (selection, mut touched) = (select(&step.path, step.max_files())?, Touched::default());
    for (from, to) in targets(step, &selection)? {
        let metadata = fs::symlink_metadata(&from).map_err(|error| io_failure(&from, &error))?;
        if !metadata.is_dir() {
            copy_file(step, &from, &to, &mut touched)?;
            continue;
        }
        if !step.recursive {
            if selection.pattern {
                continue;
            }
            return Err(Failure::failed(format!("{} is a directory: say `recursive: true`", from.display())));
        }
        if to.starts_with(&from) {
            return Err(Failure::failed(format!("{} lies within {}", to.display(), from.display())));
        }
        make(&to)?;
        walk(&from, true, step.max_files(), &mut |path, metadata| {
            let below = to.join(path.strip_prefix(&from).unwrap_or(path));
            if metadata.is_dir() { make(&below) } else { copy_file(step, path, &below, &mut touched) }
        })?;
    }
    Ok(touched.output("Copied"))
}

/// Returns the target of each selected file.
fn targets(step: &FileOperation, selection: &Selection) -> Result<Vec<(PathBuf, PathBuf)>, Failure> {
    let to = step.target();
    let within = selection.pattern || step.into_directory();
    if within {
        make(&to)?;
    }
    let place = |from: &PathBuf| match within {
        true => to.join(selection.name(from)),
        false => to.clone(),
    };
    Ok(selection.found.iter().map(|from| (from.clone(), place(from))).collect())
}

fn make(directory: &Path) -> Result<(), Failure> {
    fs::create_dir_all(directory).map_err(|error| io_failure(directory, &error))
}

fn copy_file(step: &FileOperation, from: &Path, to: &Path, touched: &mut Touched) -> Result<(), Failure> {
    cancelled()?;
    let mut source = open(from)?;
    if let Some(above) = to.parent() {
        make(above)?;
    }
    let bytes = write_whole(to, step.overwrite, |target| io::copy(&mut source, target))?;
    touched.add(to, bytes);
    Ok(())
}

/// Opens a file for reading, and reports a path that is not a file.
pub fn open(path: &Path) -> Result<File, Failure> {
    let metadata = fs::symlink_metadata(path).map_err(|error| io_failure(path, &error))?;
    if !metadata.is_file() {
        return Err(Failure::failed(format!("{} is not a file", path.display())));
    }
    File::open(path).map_err(|error| io_failure(path, &error))
}

pub fn cancelled() -> Result<(), Failure> {
    match context::is_cancelled() {
        true => Err(Failure::cancelled("the run is cancelled")),
        false => Ok(()),
    }
}

/// Writes a file completely or not at all: it writes a temporary file next to the target and renames it at
/// the end.
pub fn write_whole<T>(
    path: &Path,
    overwrite: bool,
    write: impl FnOnce(&mut File) -> io::Result<T>,
) -> Result<T, Failure> {
    if !overwrite && fs::symlink_metadata(path).is_ok() {
        return Err(Failure::failed(format!("{} is there: say `overwrite: true`", path.display())));
    }
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&part)?;
        let value = write(&mut file)?;
        file.flush()?;
        drop(file);
        fs::rename(&part, path)?;
        Ok(value)
    })();
    written.map_err(|error| {
        // The file may not exist.
        let _ = fs::remove_file(&part);
        io_failure(path, &error)
    })
}

pub fn rename(step: &FileOperation) -> StepResult {
    let (selection, mut touched) = (select(&step.path, step.max_files())?, Touched::default());
    for (from, to) in targets(step, &selection)? {
        cancelled()?;
        let metadata = fs::symlink_metadata(&from).map_err(|error| io_failure(&from, &error))?;
        if !step.overwrite && fs::symlink_metadata(&to).is_ok() {
            return Err(Failure::failed(format!("{} is there: say `overwrite: true`", to.display())));
        }
        if let Some(above) = to.parent() {
            make(above)?;
        }
        match fs::rename(&from, &to) {
            Ok(()) => touched.add(&to, if metadata.is_file() { metadata.len() } else { 0 }),
            // The target is on another mount.
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices && metadata.is_file() => {
                copy_file(step, &from, &to, &mut touched)?;
                fs::remove_file(&from).map_err(|error| {
                    // If the source cannot be removed, the file must not exist in two places.
                    let _ = fs::remove_file(&to);
                    io_failure(&from, &error)
                })?;
            }
            Err(error) => return Err(io_failure(&from, &error)),
        }
    }
    Ok(touched.output("Moved"))
}

pub fn delete(step: &FileOperation) -> StepResult {
    let mut touched = Touched::default();
    let selection = match select(&step.path, step.max_files()) {
        Err(failure) if step.missing_ok && failure.kind == stepwell_sdk::FailureKind::NotFound => {
            return Ok(touched.output("Deleted"));
        }
        selection => selection?,
    };
    for path in &selection.found {
        cancelled()?;
        // A pattern may have matched both a directory and its contents.
        let Ok(metadata) = fs::symlink_metadata(path) else { continue };
        if !metadata.is_dir() {
            fs::remove_file(path).map_err(|error| io_failure(path, &error))?;
            touched.add(path, metadata.len());
            continue;
        }
        if !step.recursive {
            if selection.pattern {
                continue;
            }
            return Err(Failure::failed(format!("{} is a directory: say `recursive: true`", path.display())));
        }
        let mut within = Vec::new();
        walk(path, true, step.max_files(), &mut |path, metadata| {
            within.push((path.to_owned(), metadata.is_dir(), metadata.len()));
            Ok(())
        })?;
        // Deeper entries go first.
        within.sort_by(|a, b| b.0.cmp(&a.0));
        for (path, directory, bytes) in within {
            let gone = if directory { fs::remove_dir(&path) } else { fs::remove_file(&path) };
            gone.map_err(|error| io_failure(&path, &error))?;
            if !directory {
                touched.add(&path, bytes);
            }
        }
        fs::remove_dir(path).map_err(|error| io_failure(path, &error))?;
    }
    Ok(touched.output("Deleted"))
}

pub fn mkdir(step: &FileOperation) -> StepResult {
    let path = absolute(&step.path);
    make(&path)?;
    Ok(Output::new(format!("{} is there", path.display())).value(json!({"path": path})))
}

pub fn list(step: &FileOperation) -> StepResult {
    let mut entries = Vec::new();
    let mut add = |path: &Path, metadata: &fs::Metadata| {
        let kind = match () {
            () if metadata.is_dir() => "directory",
            () if metadata.is_file() => "file",
            () => "other",
        };
        let modified = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        entries.push(json!({"path": path, "type": kind, "bytes": metadata.len(),
            "modified": modified.map(|since| since.as_secs())}));
        Ok(())
    };
    let selection = match select(&step.path, step.max_files()) {
        // A pattern without matches results in an empty list.
        Err(failure) if failure.message.starts_with("nothing matches") => None,
        selection => Some(selection?),
    };
    for path in selection.iter().flat_map(|selection| &selection.found) {
        let metadata = fs::symlink_metadata(path).map_err(|error| io_failure(path, &error))?;
        match selection.as_ref().is_some_and(|selection| selection.pattern) || !metadata.is_dir() {
            true => add(path, &metadata)?,
            false => walk(path, false, step.max_files(), &mut add)?,
        }
    }
    entries.sort_by(|a, b| a["path"].as_str().cmp(&b["path"].as_str()));
    let count = entries.len();
    let noun = if count == 1 { "entry" } else { "entries" };
    Ok(Output::new(format!("{count} {noun}")).value(entries).metadata("files", count))
}

pub fn checksum(step: &FileOperation) -> StepResult {
    let selection = select(&step.path, step.max_files())?;
    let algorithm = step.algorithm.unwrap_or(Algorithm::Sha256);
    let mut sums = Map::new();
    for path in &selection.found {
        cancelled()?;
        if selection.pattern && path.is_dir() {
            continue;
        }
        let sum = sum(algorithm, &mut open(path)?).map_err(|error| io_failure(path, &error))?;
        if let Some(expected) = &step.expect
            && !expected.trim().eq_ignore_ascii_case(&sum)
        {
            let name = algorithm.name();
            return Err(Failure::failed(format!("{}: its {name} is {sum}, not {expected}", path.display())));
        }
        sums.insert(path.to_string_lossy().into_owned(), sum.into());
    }
    let count = sums.len();
    let value = match (selection.pattern, sums.values().next()) {
        (false, Some(Value::String(sum))) => json!(sum),
        _ => sums.into(),
    };
    Ok(Output::new(counted(count as u64, "checksum")).value(value).metadata("algorithm", algorithm.name()))
}

fn sum(algorithm: Algorithm, file: &mut File) -> io::Result<String> {
    match algorithm {
        Algorithm::Md5 => digest(md5::Md5::new(), file),
        Algorithm::Sha1 => digest(sha1::Sha1::new(), file),
        Algorithm::Sha256 => digest(sha2::Sha256::new(), file),
        Algorithm::Sha512 => digest(sha2::Sha512::new(), file),
    }
}

fn digest(mut digest: impl Digest, file: &mut File) -> io::Result<String> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(bytes_text(&digest.finalize()));
        }
        let (read, _) = buffer.split_at(count);
        digest.update(read);
    }
}
