//! The use of the mounts of one attempt: bytes, files, and handles.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::vec::IntoIter;

use stepwell_engine::policy::{Access, Limits, MountSource};
use stepwell_engine::workspace::Refused;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{self, ErrorCode};

use crate::host::file_sizes::{Found, Meter, Open, Size, Traffic};
use crate::mounts::Mounted;
use crate::reached::{Of, Reached};

/// Maximum number of written files in a receipt.
const MOST_WRITTEN: usize = 100;

/// The use of the mounts of one attempt.
#[derive(Debug)]
pub(crate) struct FileUse {
    pub(super) mounts: Vec<Arc<Meter>>,
    total: Arc<Meter>,
    pub(super) open: HashMap<u32, Open>,
    /// Files that are open for writing, by their identity: each handle of a file must see the effects
    /// of the others.
    sizes: HashMap<u64, Weak<Size>>,
    /// Directory listings: the host holds the remaining entries of each.
    pub(super) lists: HashMap<u32, IntoIter<FsResult<types::DirectoryEntry>>>,
    /// Number of files and directories, without those in the host's own mounts.
    entries: u64,
    max_entries: u64,
    max_open: usize,
    pub(super) traffic: Arc<Traffic>,
    /// The handles of the empty mount: a guest gets one each time that it asks for the mounts.
    pub(super) roots: BTreeSet<u32>,
    /// Files of the workspace that were opened for writing, if the step is in a group.
    pub written: BTreeSet<String>,
    /// The denials that were written to the log.
    pub(super) logged: BTreeSet<String>,
    reached: Reached,
}

impl FileUse {
    /// Makes meters for the mounts, in the order of the preopens.
    pub fn new(mounts: &[Mounted], limits: &Limits, reached: &Reached) -> Self {
        let mount = |mounted: &Mounted| {
            let grant = &mounted.grant;
            let (used, limit) = match &grant.source {
                MountSource::Host(_) => (0, limits.file_bytes.0),
                MountSource::Scratch(size) | MountSource::Workspace(size) => (mounted.used.bytes, size.0),
            };
            Arc::new(Meter {
                at: grant.mount.clone(),
                writable: grant.access == Access::Write,
                used: AtomicU64::new(used),
                limit,
                name: limit_of(&grant.source, limits),
                reached: reached.clone(),
                writes: mounted.writes.clone(),
            })
        };
        let total = Meter {
            at: String::new(),
            writable: true,
            used: AtomicU64::new(0),
            limit: limits.file_bytes.0,
            name: "file_bytes",
            reached: reached.clone(),
            writes: None,
        };
        Self {
            mounts: mounts.iter().map(mount).collect(),
            total: Arc::new(total),
            written: BTreeSet::new(),
            open: HashMap::new(),
            sizes: HashMap::new(),
            lists: HashMap::new(),
            entries: mounts.iter().map(|mounted| mounted.used.entries).sum(),
            max_entries: limits.file_count.0,
            max_open: usize::try_from(limits.file_handles.0).unwrap_or(usize::MAX),
            traffic: Arc::default(),
            roots: BTreeSet::new(),
            logged: BTreeSet::new(),
            reached: reached.clone(),
        }
    }

    /// Returns the bytes read and written.
    pub fn traffic(&self) -> (u64, u64) {
        (self.traffic.read.load(Ordering::Relaxed), self.traffic.written.load(Ordering::Relaxed))
    }

    /// Reserves room for one more file or directory.
    pub(super) fn create(&mut self) -> FsResult<()> {
        if self.entries >= self.max_entries {
            let message =
                format!("the mounts of the step may have {} files and directories", self.max_entries);
            return self.refuse(Of::Names, "file_count", message);
        }
        self.entries += 1;
        self.reached.granted(Of::Names, 1);
        Ok(())
    }

    /// Refuses an operation because of a limit. The guest gets no message; the end of the attempt shows it.
    pub(super) fn refuse(&self, of: Of, limit: &'static str, message: String) -> FsResult<()> {
        self.reached.refused(of, limit, message, 1);
        Err(ErrorCode::Quota.into())
    }

    /// Releases the room of a file or directory that was removed, or was not created.
    pub(super) fn gone(&mut self) {
        self.entries = self.entries.saturating_sub(1);
    }

    /// Takes a file of the workspace for writing, by its path there.
    pub(super) fn take(&mut self, mount: &Meter, path: &str) -> FsResult<()> {
        let Some(writes) = &mount.writes else { return Ok(()) };
        match writes.claim(path) {
            Ok(()) => {
                if self.written.len() < MOST_WRITTEN {
                    self.written.insert(path.to_owned());
                }
                Ok(())
            }
            Err(Refused::By(other)) => {
                let file = writes.shown(path);
                self.reached.conflicting(format!(
                    "WORKSPACE_CONFLICT: the steps `{other}` and `{}` write the same file of the workspace, `{file}`, and are in different branches; write to `${{{{ run.branch_dir }}}}`, or put both into one branch",
                    writes.writer.step
                ));
                Err(ErrorCode::Busy.into())
            }
            Err(Refused::TooMany) => {
                let message = "the branches of the run write too many files of the workspace".to_owned();
                self.refuse(Of::Names, "file_count", message)
            }
        }
    }

    /// Returns the size of a file that is open for writing, shared by all its handles. `bytes` is the size if
    /// no other handle is open.
    pub(super) fn size(&mut self, identity: u64, mount: &Arc<Meter>, bytes: u64) -> Arc<Size> {
        if let Some(size) = self.sizes.get(&identity).and_then(Weak::upgrade) {
            return size;
        }
        self.sizes.retain(|_, size| size.strong_count() > 0);
        let (mount, total) = (mount.clone(), self.total.clone());
        let size =
            Arc::new(Size { bytes: AtomicU64::new(bytes), removed: AtomicBool::new(false), mount, total });
        self.sizes.insert(identity, Arc::downgrade(&size));
        size
    }

    /// Handles the removal of the last name of a file: its bytes are free when its last handle is closed.
    pub(super) fn removed(&self, found: &Found, mount: &Meter) {
        if found.links > 1 {
            return;
        }
        match self.sizes.get(&found.identity).and_then(Weak::upgrade) {
            Some(size) => size.removed.store(true, Ordering::Relaxed),
            None => {
                mount.refund(found.size);
                self.total.refund(found.size);
            }
        }
    }

    /// Reserves room for one more open file, directory or listing.
    pub(super) fn room(&self) -> FsResult<()> {
        if self.open.len() + self.lists.len() >= self.max_open {
            let message = format!("the step may have {} files and directories open at once", self.max_open);
            return self.refuse(Of::Open, "file_handles", message);
        }
        self.reached.granted(Of::Open, 1);
        Ok(())
    }

    pub(super) fn opened(
        &mut self,
        descriptor: &Resource<Descriptor>,
        mount: Arc<Meter>,
        size: Option<Arc<Size>>,
        (depth, path): (usize, String),
    ) {
        let traffic = self.traffic.clone();
        self.open.insert(descriptor.rep(), Open { mount, size, depth, path: path.into(), traffic });
    }

    pub(super) fn of(&self, descriptor: &Resource<Descriptor>) -> FsResult<Open> {
        self.open.get(&descriptor.rep()).cloned().ok_or_else(|| ErrorCode::BadDescriptor.into())
    }
}

/// Returns the name of the limit of a mount: its own size, if that is smaller than the growth that all mounts
/// may have.
pub(crate) fn limit_of(source: &MountSource, limits: &Limits) -> &'static str {
    match source {
        MountSource::Workspace(size) if *size < limits.file_bytes => "files.workspace",
        MountSource::Scratch(size) if *size < limits.file_bytes => "files.scratch",
        _ => "file_bytes",
    }
}
