//! The use of the mounts of one attempt: bytes, files, and handles.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::vec::IntoIter;

use stepwell_engine::policy::{Access, Limits, MountGrant, MountSource};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{self, ErrorCode};

use crate::host::file_sizes::{Found, Meter, Open, Size, Traffic};
use crate::reached::{Of, Reached};
use crate::tree::Measured;

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
    /// The empty mount.
    pub(super) root: Option<u32>,
    /// The denials that were written to the log.
    pub(super) logged: BTreeSet<String>,
    reached: Reached,
}

impl FileUse {
    /// Makes meters for the mounts in the order of the preopens. `used` is the present content of each.
    pub fn new(mounts: &[(MountGrant, Measured)], limits: &Limits, reached: &Reached) -> Self {
        let meter = |at: &str, writable: bool, used: u64, limit: u64, name| {
            let (used, reached) = (AtomicU64::new(used), reached.clone());
            Arc::new(Meter { at: at.to_owned(), writable, used, limit, name, reached })
        };
        let mount = |(mount, used): &(MountGrant, Measured)| {
            let (used, limit) = match &mount.source {
                MountSource::Host(_) => (0, limits.file_bytes.0),
                MountSource::Scratch(size) | MountSource::Workspace(size) => (used.bytes, size.0),
            };
            let name = limit_of(&mount.source, limits);
            meter(&mount.mount, mount.access == Access::Write, used, limit, name)
        };
        Self {
            mounts: mounts.iter().map(mount).collect(),
            total: meter("", true, 0, limits.file_bytes.0, "file_bytes"),
            open: HashMap::new(),
            sizes: HashMap::new(),
            lists: HashMap::new(),
            entries: mounts.iter().map(|(_, used)| used.entries).sum(),
            max_entries: limits.file_count.0,
            max_open: usize::try_from(limits.file_handles.0).unwrap_or(usize::MAX),
            traffic: Arc::default(),
            root: None,
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
        depth: usize,
    ) {
        let traffic = self.traffic.clone();
        self.open.insert(descriptor.rep(), Open { mount, size, depth, traffic });
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
