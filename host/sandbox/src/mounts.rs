//! The directories behind the mounts of an attempt: created before it, measured after it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use stepwell_engine::policy::capability::Files;
use stepwell_engine::policy::{Access, Limits, MountGrant, MountSource};
use stepwell_engine::quantity::Bytes;
use stepwell_engine::workspace::Writes;
use stepwell_engine::{Outcome, Receipt, StepRequest};
use wasmtime::component::Linker;
use wasmtime_wasi::p2::bindings::filesystem;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::guest::Guest;
use crate::host::capability::{Hosted, Parts};
use crate::host::files::{FileUse, GuardedFiles, limit_of};
use crate::program::Mount;
use crate::scratch::{Private, Scratch};
use crate::tree::{self, Measured};

/// A directory behind a mount.
pub(crate) struct Mounted {
    pub grant: MountGrant,
    pub path: PathBuf,
    /// The content before the attempt.
    pub used: Measured,
    /// The files that the branches of the run write there.
    pub writes: Option<Writes>,
    /// Deletes a scratch directory when this is dropped.
    _scratch: Option<Private>,
}

impl Mounted {
    /// Describes the mount for programs.
    pub fn of_programs(&self, limits: &Limits) -> Mount {
        let limit = limit_of(&self.grant.source, limits);
        let (place, path, access) = (self.grant.mount.clone(), self.path.clone(), self.grant.access);
        Mount { place, path, access, bytes: self.bytes(), limit }
    }

    /// Returns the maximum size. `None` for a directory of the host.
    fn bytes(&self) -> Option<u64> {
        match self.grant.source {
            MountSource::Scratch(limit) | MountSource::Workspace(limit) => Some(limit.0),
            MountSource::Host(_) => None,
        }
    }

    /// Returns the excess in the directory. A program's files in a workspace would outlive the attempt, so
    /// the excess is deleted.
    fn exceeded(&self, limits: &Limits, programs: bool) -> Option<Exceeded> {
        let mount = &self.grant.mount;
        // Files that another step left there, which was allowed to, do not count against this step.
        let most = self.bytes()?.max(self.used.bytes);
        let names = if programs { limits.file_count.0.max(self.used.entries) } else { u64::MAX };
        let size = Bytes::new(most);
        let (limit, message) = match tree::measure_up_to(&self.path, names) {
            Ok(found) if found.entries > names => {
                ("file_count", format!("more than {names} files and directories are in {mount}"))
            }
            Ok(found) if found.bytes > most => (
                limit_of(&self.grant.source, limits),
                format!("{} bytes are in {mount}, which may hold {size}", found.bytes),
            ),
            Ok(_) => return None,
            Err(error) => {
                tracing::warn!("the mount {mount}: {}: {error}", self.path.display());
                ("file_depth", format!("{mount} has too many directories within each other to be measured"))
            }
        };
        let trimmed = match self.grant.source {
            MountSource::Workspace(_) if programs => match tree::trim(&self.path, most, names) {
                Ok(true) => {
                    format!("the most recently written files in {mount} were deleted, until the rest fit")
                }
                Ok(false) => format!("everything in {mount} was deleted"),
                Err(error) => {
                    tracing::error!("the mount {mount}: {}: {error}", self.path.display());
                    format!("{mount} cannot be emptied; the service's log has the reason")
                }
            },
            _ => String::new(),
        };
        Some(Exceeded { limit, message, trimmed })
    }
}

/// The excess in a mount.
pub(crate) struct Exceeded {
    limit: &'static str,
    message: String,
    /// The deletion that followed.
    trimmed: String,
}

impl Exceeded {
    /// Describes the excess for the log.
    pub fn explain(&self) -> String {
        if self.trimmed.is_empty() {
            self.message.clone()
        } else {
            format!("{}; {}", self.message, self.trimmed)
        }
    }

    /// Returns the end of an attempt with the excess: replaces a success, and an end that is over a
    /// limit already.
    pub fn end(self, outcome: Outcome) -> Outcome {
        let (limit, mut message) = match outcome {
            Outcome::Succeeded => (self.limit.to_owned(), self.message),
            Outcome::OverLimit { limit, message } => (limit, message),
            other => return other,
        };
        if !self.trimmed.is_empty() {
            message = format!("{message}; {}", self.trimmed);
        }
        Outcome::OverLimit { limit, message }
    }
}

/// Reports the excess in a step's own directories, because programs write there without the host. Scratch
/// directories are then deleted, on a thread that may wait.
pub(crate) async fn over_quota(
    mounts: Vec<Mounted>,
    limits: &Limits,
    succeeded: bool,
    programs: bool,
) -> Option<Exceeded> {
    if mounts.iter().all(|mounted| matches!(mounted.grant.source, MountSource::Host(_))) {
        return None;
    }
    let limits = limits.clone();
    let look = move || {
        if !succeeded && !programs {
            return None;
        }
        let found = mounts.iter().filter_map(|mounted| mounted.exceeded(&limits, programs));
        // Trim every mount.
        found.collect::<Vec<_>>().into_iter().next()
    };
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}

/// Returns the directories behind the mounts of a request.
pub(crate) fn mount(request: &StepRequest, scratch: &Scratch) -> Result<Vec<Mounted>, Outcome> {
    // Only the log names directories of this machine.
    let fault = |mount: &str, path: &Path, error: &std::io::Error| {
        tracing::error!("the mount {mount}: {}: {error}", path.display());
        let message = format!(
            "the directory behind the mount {mount} cannot be used ({}); the service's log names it",
            error.kind()
        );
        Outcome::HostFault { message }
    };
    let mut mounted = Vec::new();
    for grant in request.grant.files() {
        let mut writes = None;
        let (path, used, private) = match &grant.source {
            MountSource::Host(path) => {
                match fs::metadata(path) {
                    Ok(found) if found.is_dir() => {}
                    Ok(_) => return Err(fault(&grant.mount, path, &ErrorKind::NotADirectory.into())),
                    Err(error) => return Err(fault(&grant.mount, path, &error)),
                }
                (path.clone(), Measured::default(), None)
            }
            MountSource::Scratch(_) => {
                let made = scratch.make().map_err(|error| fault(&grant.mount, scratch.place(), &error))?;
                (made.path().to_owned(), Measured::default(), Some(made))
            }
            MountSource::Workspace(_) => {
                let Some(workspace) = request.workspace.clone() else { continue };
                let path = workspace.dir;
                make_private(&path).map_err(|error| fault(&grant.mount, &path, &error))?;
                if let Some(below) = workspace.branch_dir.filter(|_| grant.access == Access::Write) {
                    make_below(&path, &below).map_err(|error| fault(&grant.mount, &path, &error))?;
                }
                let used = tree::measure(&path).map_err(|error| fault(&grant.mount, &path, &error))?;
                writes = workspace.writes;
                (path, used, None)
            }
        };
        mounted.push(Mounted { grant: grant.clone(), path, used, writes, _scratch: private });
    }
    Ok(mounted)
}

fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Creates a directory in a workspace. A program may have left a link there, which must not lead elsewhere.
fn make_below(workspace: &Path, below: &str) -> std::io::Result<()> {
    cap_std::fs::Dir::open_ambient_dir(workspace, cap_std::ambient_authority())?.create_dir_all(below)
}

impl Hosted for Files {
    type State = FileUse;

    fn prepare(parts: &Parts<'_>, wasi: &mut WasiCtxBuilder) -> wasmtime::Result<()> {
        for mounted in &parts.setup.mounts {
            let perms = match mounted.grant.access {
                Access::Read => FsPerms::ReadOnly,
                Access::Write => FsPerms::ReadWrite,
            };
            wasi.preopened_dir(&mounted.path, &mounted.grant.mount, perms)?;
        }
        Ok(())
    }

    fn state(parts: &mut Parts<'_>) -> FileUse {
        FileUse::new(&parts.setup.mounts, parts.limits, parts.reached)
    }

    fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
        filesystem::types::add_to_linker::<Guest, GuardedFiles>(linker, Guest::guarded_files)?;
        filesystem::preopens::add_to_linker::<Guest, GuardedFiles>(linker, Guest::guarded_files)
    }

    fn write(state: &FileUse, receipt: &mut Receipt) {
        let (read, written) = state.traffic();
        receipt.bytes_in += read;
        receipt.bytes_out += written;
        receipt.workspace_files.clone_from(&state.written);
    }
}
