//! The job file's configuration of a `file_operation` step, and the step itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stepwell_sdk::prelude::{serde_json, serde_json::json};
use stepwell_sdk::{Failure, Invocation, Issue, Need, Output, Pending, Step, StepResult, context};

use crate::{archive, files};

/// Configuration of `file_operation`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileOperation {
    /// The operation to run.
    pub operation: Operation,
    /// The file or directory. The path is relative to `/workspace`, or absolute within a granted mount.
    /// `copy`, `move`, `delete`, `list`, `checksum` and `compress` also accept a pattern: `in/*.csv`,
    /// `logs/**/*.gz` (`*` and `?` stay within a directory).
    pub path: String,
    /// The target: a file, or a directory if it exists as one, if it ends with `/`, or if `path` is a pattern.
    #[serde(default)]
    pub to: Option<String>,
    /// Whether to replace existing files. Default: false, which overwrites nothing.
    #[serde(default)]
    pub overwrite: bool,
    /// Whether `copy` and `delete` include directories with all their contents. Default: false.
    #[serde(default)]
    pub recursive: bool,
    /// Whether `delete` succeeds when the file or directory does not exist. Default: false.
    #[serde(default)]
    pub missing_ok: bool,
    /// The format of an archive. Default: from the extension of `to` (`compress`) or `path` (`extract`).
    #[serde(default)]
    pub format: Option<Format>,
    /// The algorithm of `checksum`. `md5` and `sha1` detect accidental changes but not attacks. Default:
    /// `sha256`.
    #[serde(default)]
    pub algorithm: Option<Algorithm>,
    /// The required checksum of the file, in hexadecimal. The step fails on any other checksum.
    #[serde(default)]
    pub expect: Option<String>,
    /// The maximum number of bytes that `extract` writes, as a protection against decompression bombs.
    /// Default: 1 GiB.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub max_bytes: Option<u64>,
    /// The maximum number of files in one operation. Default: 10000.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_files: Option<u64>,
    /// The number of seconds between two checks of `wait`. The step holds no worker in between. Default: 30.
    #[serde(default)]
    #[schemars(range(min = 1, max = 3600))]
    pub every: Option<f64>,
    /// The number of seconds after which `wait` fails as timed out. Default: 86400, a day.
    #[serde(default)]
    #[schemars(range(min = 0, max = 31_536_000))]
    pub wait_timeout: Option<f64>,
}

/// An operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Copies a file, a directory, or the matches of a pattern.
    Copy,
    /// Moves or renames files or directories.
    Move,
    /// Deletes files or directories.
    Delete,
    /// Creates a directory and its parents. An existing directory is not a failure.
    Mkdir,
    /// Lists a directory or the matches of a pattern.
    List,
    /// Computes the checksums of files.
    Checksum,
    /// Packs files into an archive.
    Compress,
    /// Unpacks an archive into a directory.
    Extract,
    /// Waits until a file exists.
    Wait,
}

/// The format of an archive, or of one compressed file (`gz`, `zst`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Format {
    #[serde(rename = "zip")]
    Zip,
    #[serde(rename = "tar")]
    Tar,
    #[serde(rename = "tar.gz")]
    TarGz,
    #[serde(rename = "tar.zst")]
    TarZst,
    #[serde(rename = "gz")]
    Gz,
    #[serde(rename = "zst")]
    Zst,
}

impl Format {
    /// Returns the format that the extension indicates.
    fn of(path: &str) -> Option<Self> {
        let path = path.to_ascii_lowercase();
        [
            (".zip", Self::Zip),
            (".tar", Self::Tar),
            (".tar.gz", Self::TarGz),
            (".tgz", Self::TarGz),
            (".tar.zst", Self::TarZst),
            (".gz", Self::Gz),
            (".zst", Self::Zst),
        ]
        .into_iter()
        .find_map(|(extension, format)| path.ends_with(extension).then_some(format))
    }
}

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

impl Algorithm {
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }
}

/// The time at which `wait` began, in milliseconds since 1970.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    since: u64,
}

impl Step for FileOperation {
    const TYPE: &str = "file_operation";
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &str = "Copies, moves, deletes, lists, checks, packs and unpacks files";
    const NEEDS: &[Need] = &[Need::new("files", "reach the files")];

    fn validate(&self, _: &Pending) -> Vec<Issue> {
        use Operation::{Checksum, Compress, Copy, Delete, Extract, Move, Wait};
        let mut issues = Vec::new();
        let on = |operations: &[Operation]| operations.contains(&self.operation);
        for (key, given, taken) in [
            ("to", self.to.is_some(), on(&[Copy, Move, Compress, Extract])),
            ("overwrite", self.overwrite, on(&[Copy, Move, Compress, Extract])),
            ("recursive", self.recursive, on(&[Copy, Delete])),
            ("missing_ok", self.missing_ok, on(&[Delete])),
            ("format", self.format.is_some(), on(&[Compress, Extract])),
            ("algorithm", self.algorithm.is_some(), on(&[Checksum])),
            ("expect", self.expect.is_some(), on(&[Checksum])),
            ("max_bytes", self.max_bytes.is_some(), on(&[Extract])),
            ("every", self.every.is_some(), on(&[Wait])),
            ("wait_timeout", self.wait_timeout.is_some(), on(&[Wait])),
        ] {
            if given && !taken {
                let name = format!("{:?}", self.operation).to_lowercase();
                let message = format!("`{name}` does not take `{key}`");
                issues.push(Issue::at(format!("/{key}"), message).concerns("/operation"));
            }
        }
        if self.to.is_none() && on(&[Copy, Move, Compress, Extract]) {
            issues.push(Issue::at("", "missing key `to`").concerns("/operation"));
        }
        if on(&[Compress, Extract]) && self.to.is_some() && self.format().is_none() {
            let message = "the format does not follow from the extension: give `format` (zip, tar, tar.gz, tar.zst, gz, zst)";
            let decides = ["/operation", "/path", "/to"];
            issues.push(decides.into_iter().fold(Issue::at("/path", message), Issue::concerns));
        }
        issues
    }

    fn run(self, _: &Invocation) -> StepResult {
        match self.operation {
            Operation::Copy => files::copy(&self),
            Operation::Move => files::rename(&self),
            Operation::Delete => files::delete(&self),
            Operation::Mkdir => files::mkdir(&self),
            Operation::List => files::list(&self),
            Operation::Checksum => files::checksum(&self),
            Operation::Compress => archive::compress(&self),
            Operation::Extract => archive::extract(&self),
            Operation::Wait => self.wait(),
        }
    }
}

impl FileOperation {
    pub fn format(&self) -> Option<Format> {
        let named = match self.operation {
            Operation::Extract => Some(self.path.as_str()),
            _ => self.to.as_deref(),
        };
        self.format.or_else(|| Format::of(named?))
    }

    pub fn max_files(&self) -> usize {
        usize::try_from(self.max_files.unwrap_or(10_000)).unwrap_or(usize::MAX)
    }

    /// Returns the path of `to`.
    pub fn target(&self) -> PathBuf {
        absolute(self.to.as_deref().unwrap_or_default())
    }

    /// Returns whether `to` names a directory.
    pub fn into_directory(&self) -> bool {
        self.to.as_deref().is_some_and(|to| to.ends_with('/')) || self.target().is_dir()
    }

    fn wait(&self) -> StepResult {
        let (path, now) = (absolute(&self.path), now());
        let since = match context::load_checkpoint()? {
            Some(note) => serde_json::from_value::<Note>(note).map_or(now, |note| note.since),
            None => {
                context::save_checkpoint(&Note { since: now })?;
                now
            }
        };
        let waited = now.saturating_sub(since) / 1000;
        match fs::metadata(&path) {
            Ok(found) if found.is_file() => {
                return Ok(Output::new(format!("{} is there after {waited} s", path.display()))
                    .value(json!({"file": path, "bytes": found.len()}))
                    .metadata("bytes", found.len()));
            }
            Ok(_) => return Err(Failure::failed(format!("{} is there, and is not a file", path.display()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_failure(&path, &error)),
        }
        if context::is_cancelled() {
            return Err(Failure::cancelled("the run is cancelled"));
        }
        let end = since.saturating_add(millis(self.wait_timeout.unwrap_or(86_400.0)));
        if now >= end {
            return Err(Failure::timed_out(format!("{} did not appear in {waited} s", path.display())));
        }
        let pause = millis(self.every.unwrap_or(30.0)).min(end - now);
        context::park(Duration::from_millis(pause), &format!("the file {}", path.display()))?;
        Ok(Output::new(""))
    }
}

/// Resolves a path relative to the workspace unless it is absolute.
pub fn absolute(given: &str) -> PathBuf {
    Path::new("/workspace").join(given)
}

/// Explains the failure of a path.
pub fn io_failure(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("{}: {}", path.display(), stepwell_sdk::files::why(error));
    match error.kind() {
        std::io::ErrorKind::NotFound => Failure::not_found(message),
        std::io::ErrorKind::PermissionDenied => Failure::denied(message),
        _ => Failure::failed(message),
    }
}

fn millis(seconds: f64) -> u64 {
    Duration::try_from_secs_f64(seconds).map_or(u64::MAX / 4, |time| time.as_millis() as u64)
}

/// Returns the milliseconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
