//! `wasi:filesystem/types` with the bounds that it lacks: bytes, files, handles, and no links.
//!
//! The threat: a guest that fills the disk (also with holes), opens what blocks a thread (a FIFO), or
//! leaves a link behind that leads the next reader elsewhere. Everything else is wasmtime-wasi's: each
//! method here checks, and then calls the one below.
//!
//! A guest's library looks for the mount of a path by itself, and gives up without a call where there is none. So
//! that the host sees such a path, and can say that policy does not grant it, there is one mount more, `/`, in which
//! there is nothing.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use stepwell_engine::policy::{Access, Denial, Grant, Limits, MountGrant, MountSource};
use wasmtime::component::{HasData, Resource};
use wasmtime_wasi::FsPerms;
use wasmtime_wasi::filesystem::{Descriptor, Dir, OpenMode, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, ErrorCode, HostDescriptor, HostDirectoryEntryStream,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use super::file_streams::{GuardedInput, GuardedOutput};
use super::log::LogBook;
use crate::guest::{Calls, Guest};

/// Refusals of files that are written to the log; all of them are counted.
const MOST_TOLD: usize = 32;

/// What the mounts of one attempt have been used for.
#[derive(Debug)]
pub(crate) struct FileUse {
    mounts: Vec<Arc<Meter>>,
    total: Arc<Meter>,
    open: HashMap<u32, Open>,
    created: u64,
    max_created: u64,
    max_open: usize,
    traffic: Arc<Traffic>,
    /// The mount in which there is nothing.
    root: Option<u32>,
    /// What the log has been told of.
    told: BTreeSet<String>,
}

/// A mount: what is in it, in bytes, against a limit.
#[derive(Debug)]
pub(super) struct Meter {
    at: String,
    writable: bool,
    used: AtomicU64,
    limit: u64,
}

/// Bytes that went either way.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    pub read: AtomicU64,
    pub written: AtomicU64,
}

/// What is known of an open file or directory.
#[derive(Debug, Clone)]
pub(super) struct Open {
    mount: Arc<Meter>,
    total: Arc<Meter>,
    pub size: Arc<AtomicU64>,
    pub traffic: Arc<Traffic>,
}

impl Meter {
    fn charge(&self, bytes: u64) -> bool {
        let fits = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= self.limit);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    fn refund(&self, bytes: u64) {
        let less = |used: u64| Some(used.saturating_sub(bytes));
        // `less` never refuses.
        let _ = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

impl Open {
    /// Makes room for a file that will be `size` bytes long. Holes count: they can be filled later.
    pub fn grow_to(&self, size: u64) -> Result<(), io::Error> {
        let growth = size.saturating_sub(self.size.load(Ordering::Relaxed));
        if growth == 0 {
            return Ok(());
        }
        if !self.mount.charge(growth) {
            return Err(quota());
        }
        if !self.total.charge(growth) {
            self.mount.refund(growth);
            return Err(quota());
        }
        self.size.fetch_max(size, Ordering::Relaxed);
        Ok(())
    }

    fn shrunk(&self, bytes: u64) {
        self.mount.refund(bytes);
        self.total.refund(bytes);
    }
}

/// Linux's number for "disk quota exceeded": wasmtime-wasi translates numbers, and not kinds.
const EDQUOT: i32 = 122;

/// "Disk quota exceeded", as the operating system says it.
fn quota() -> io::Error {
    io::Error::from_raw_os_error(EDQUOT)
}

impl FileUse {
    /// Meters for the mounts in the order of the preopens; `used` is what is in each already.
    pub fn new(mounts: &[(MountGrant, u64)], limits: &Limits) -> Self {
        let meter = |at: &str, writable: bool, used: u64, limit: u64| {
            Arc::new(Meter { at: at.to_owned(), writable, used: AtomicU64::new(used), limit })
        };
        let mount = |(mount, used): &(MountGrant, u64)| {
            let (used, limit) = match &mount.source {
                MountSource::Host(_) => (0, limits.file_bytes.0),
                MountSource::Scratch(size) | MountSource::Workspace(size) => (*used, size.0),
            };
            meter(&mount.mount, mount.access == Access::Write, used, limit)
        };
        Self {
            mounts: mounts.iter().map(mount).collect(),
            total: meter("", true, 0, limits.file_bytes.0),
            open: HashMap::new(),
            created: 0,
            max_created: limits.file_count.0,
            max_open: usize::try_from(limits.file_handles.0).unwrap_or(usize::MAX),
            traffic: Arc::default(),
            root: None,
            told: BTreeSet::new(),
        }
    }

    /// Bytes read and written.
    pub fn traffic(&self) -> (u64, u64) {
        (self.traffic.read.load(Ordering::Relaxed), self.traffic.written.load(Ordering::Relaxed))
    }

    fn create(&mut self) -> FsResult<()> {
        self.created += 1;
        if self.created > self.max_created { Err(ErrorCode::Quota.into()) } else { Ok(()) }
    }

    fn opened(&mut self, descriptor: &Resource<Descriptor>, mount: Arc<Meter>, size: u64) {
        let (total, traffic) = (self.total.clone(), self.traffic.clone());
        let open = Open { mount, total, size: Arc::new(AtomicU64::new(size)), traffic };
        self.open.insert(descriptor.rep(), open);
    }

    fn of(&self, descriptor: &Resource<Descriptor>) -> FsResult<Open> {
        self.open.get(&descriptor.rep()).cloned().ok_or_else(|| ErrorCode::BadDescriptor.into())
    }
}

/// The interface with its checks.
pub(crate) struct GuardedFiles;

impl HasData for GuardedFiles {
    type Data<'a> = Guarded<'a>;
}

/// One call.
pub(crate) struct Guarded<'a> {
    below: WasiFilesystemCtxView<'a>,
    files: &'a mut FileUse,
    grant: &'a Grant,
    log: &'a mut LogBook,
    calls: &'a mut Calls,
}

impl Guest {
    pub fn guarded_files(&mut self) -> Guarded<'_> {
        Guarded {
            below: WasiFilesystemCtxView { ctx: self.wasi.filesystem(), table: &mut self.table },
            files: &mut self.files,
            grant: &self.context.grant,
            log: &mut self.log,
            calls: &mut self.calls,
        }
    }
}

impl preopens::Host for Guarded<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let mut directories = preopens::Host::get_directories(&mut self.below)?;
        let mounts = self.files.mounts.clone();
        for ((descriptor, _), mount) in directories.iter().zip(mounts) {
            self.files.opened(descriptor, mount, 0);
        }
        directories.extend(self.nothing()?);
        Ok(directories)
    }
}

impl Guarded<'_> {
    /// The mount in which there is nothing. Each operation on it is refused here; should one get past, what is
    /// behind it is no directory.
    fn nothing(&mut self) -> wasmtime::Result<Option<(Fd, String)>> {
        let Ok(file) = std::fs::File::open("/dev/null") else { return Ok(None) };
        let dir = Dir::new(file, FsPerms::ReadOnly, OpenMode::READ, false);
        let descriptor = self.below.table.push(Descriptor::Dir(dir))?;
        self.files.root = Some(descriptor.rep());
        Ok(Some((descriptor, "/".to_owned())))
    }

    fn is_nothing(&self, fd: &Fd) -> bool {
        self.files.root == Some(fd.rep())
    }

    /// Counts a refusal, and tells the log of it once.
    fn deny(&mut self, denial: &Denial) {
        self.calls.note(denial.rule);
        if self.files.told.len() < MOST_TOLD && self.files.told.insert(denial.what.clone()) {
            self.log.denied(denial);
        }
    }

    /// Refuses what is in no mount.
    fn within(&mut self, fd: &Fd, path: &str, writes: bool) -> FsResult<()> {
        if !self.is_nothing(fd) {
            return Ok(());
        }
        let path = path.trim_start_matches("./").trim_start_matches('/');
        let path = if path == "." { "/".to_owned() } else { format!("/{path}") };
        let denial = self.grant.refuse_file(&path, writes);
        self.deny(&denial);
        Err(ErrorCode::Access.into())
    }

    /// The answer to an operation in a mount. Where it is not permitted, the mount is read-only or the path leads
    /// out of it.
    fn permitted<T>(&mut self, fd: &Fd, path: &str, writes: bool, answer: FsResult<T>) -> FsResult<T> {
        let refused = |error: &FsError| matches!(error.downcast_ref(), Some(ErrorCode::NotPermitted));
        if let Err(error) = &answer
            && refused(error)
            && let Ok(open) = self.files.of(fd)
        {
            let at = &open.mount.at;
            let path = format!("{at}/{path}");
            let denial = match writes && !open.mount.writable {
                true => self.grant.refuse_change(&path, at),
                false => self.grant.refuse_escape(&path),
            };
            self.deny(&denial);
        }
        answer
    }
}

impl types::Host for Guarded<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        self.below.convert_error_code(error)
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        self.below.filesystem_error_code(error)
    }
}

type Fd = Resource<Descriptor>;

/// A second handle to the same descriptor, for a call below.
fn same(fd: &Fd) -> Fd {
    Resource::new_borrow(fd.rep())
}

impl HostDescriptor for Guarded<'_> {
    async fn open_at(
        &mut self,
        fd: Fd,
        path_flags: types::PathFlags,
        path: String,
        open_flags: types::OpenFlags,
        flags: types::DescriptorFlags,
    ) -> FsResult<Fd> {
        let writes = flags
            .intersects(types::DescriptorFlags::WRITE | types::DescriptorFlags::MUTATE_DIRECTORY)
            || open_flags.intersects(types::OpenFlags::CREATE | types::OpenFlags::TRUNCATE);
        self.within(&fd, &path, writes)?;
        let mount = self.files.of(&fd)?.mount;
        if self.files.open.len() >= self.files.max_open {
            return Err(ErrorCode::Quota.into());
        }
        let found = self.below.stat_at(same(&fd), path_flags, path.clone()).await.ok();
        let mut size = 0;
        match &found {
            Some(stat) => match stat.type_ {
                types::DescriptorType::RegularFile => size = stat.size,
                types::DescriptorType::Directory | types::DescriptorType::SymbolicLink => {}
                // A FIFO or a device would pin a thread of the host.
                _ => return Err(ErrorCode::NotPermitted.into()),
            },
            None if open_flags.contains(types::OpenFlags::CREATE) => self.files.create()?,
            None => {}
        }
        let truncate = open_flags.contains(types::OpenFlags::TRUNCATE);
        let opened = self.below.open_at(same(&fd), path_flags, path.clone(), open_flags, flags).await;
        let opened = self.permitted(&fd, &path, writes, opened)?;
        self.files.opened(&opened, mount, if truncate { 0 } else { size });
        if truncate {
            self.files.of(&opened)?.shrunk(size);
        }
        Ok(opened)
    }

    async fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        self.within(&fd, &path, true)?;
        self.files.create()?;
        let made = self.below.create_directory_at(same(&fd), path.clone()).await;
        self.permitted(&fd, &path, true, made)
    }

    async fn link_at(&mut self, _: Fd, _: types::PathFlags, _: String, _: Fd, _: String) -> FsResult<()> {
        Err(ErrorCode::NotPermitted.into())
    }

    async fn symlink_at(&mut self, _: Fd, _: String, _: String) -> FsResult<()> {
        Err(ErrorCode::NotPermitted.into())
    }

    async fn unlink_file_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        self.within(&fd, &path, true)?;
        let open = self.files.of(&fd)?;
        let stat = self.below.stat_at(same(&fd), types::PathFlags::empty(), path.clone()).await;
        let removed = self.below.unlink_file_at(same(&fd), path.clone()).await;
        self.permitted(&fd, &path, true, removed)?;
        if let Ok(stat) = stat
            && stat.link_count <= 1
        {
            open.shrunk(stat.size);
        }
        Ok(())
    }

    async fn write(&mut self, fd: Fd, data: Vec<u8>, offset: u64) -> FsResult<u64> {
        let open = self.files.of(&fd)?;
        open.grow_to(offset.saturating_add(data.len() as u64)).map_err(|_| ErrorCode::Quota)?;
        let written = self.below.write(fd, data, offset).await?;
        open.traffic.written.fetch_add(written, Ordering::Relaxed);
        Ok(written)
    }

    fn write_via_stream(&mut self, fd: Fd, offset: u64) -> FsResult<Resource<DynOutputStream>> {
        let open = self.files.of(&fd)?;
        let stream = self.below.write_via_stream(fd, offset)?;
        self.guard_output(stream, open, Some(offset))
    }

    fn append_via_stream(&mut self, fd: Fd) -> FsResult<Resource<DynOutputStream>> {
        let open = self.files.of(&fd)?;
        let stream = self.below.append_via_stream(fd)?;
        self.guard_output(stream, open, None)
    }

    async fn set_size(&mut self, fd: Fd, size: u64) -> FsResult<()> {
        let open = self.files.of(&fd)?;
        open.grow_to(size).map_err(|_| ErrorCode::Quota)?;
        self.below.set_size(fd, size).await?;
        let before = open.size.swap(size, Ordering::Relaxed);
        open.shrunk(before.saturating_sub(size));
        Ok(())
    }

    async fn read(&mut self, fd: Fd, len: u64, offset: u64) -> FsResult<(Vec<u8>, bool)> {
        let (data, end) = self.below.read(fd, len, offset).await?;
        self.files.traffic.read.fetch_add(data.len() as u64, Ordering::Relaxed);
        Ok((data, end))
    }

    fn read_via_stream(&mut self, fd: Fd, offset: u64) -> FsResult<Resource<DynInputStream>> {
        let stream = self.below.read_via_stream(fd, offset)?;
        let below = self.below.table.delete(stream)?;
        let guarded: DynInputStream = Box::new(GuardedInput { below, traffic: self.files.traffic.clone() });
        Ok(self.below.table.push(guarded)?)
    }

    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        self.files.open.remove(&fd.rep());
        HostDescriptor::drop(&mut self.below, fd)
    }

    // Nothing to check in most of what follows.

    async fn advise(&mut self, fd: Fd, offset: u64, len: u64, advice: types::Advice) -> FsResult<()> {
        self.below.advise(fd, offset, len, advice).await
    }

    async fn sync_data(&mut self, fd: Fd) -> FsResult<()> {
        self.below.sync_data(fd).await
    }

    async fn sync(&mut self, fd: Fd) -> FsResult<()> {
        self.below.sync(fd).await
    }

    async fn get_flags(&mut self, fd: Fd) -> FsResult<types::DescriptorFlags> {
        self.below.get_flags(fd).await
    }

    async fn get_type(&mut self, fd: Fd) -> FsResult<types::DescriptorType> {
        self.below.get_type(fd).await
    }

    async fn set_times(
        &mut self,
        fd: Fd,
        atim: types::NewTimestamp,
        mtim: types::NewTimestamp,
    ) -> FsResult<()> {
        self.below.set_times(fd, atim, mtim).await
    }

    async fn read_directory(&mut self, fd: Fd) -> FsResult<Resource<types::DirectoryEntryStream>> {
        self.within(&fd, ".", false)?;
        self.below.read_directory(fd).await
    }

    async fn stat(&mut self, fd: Fd) -> FsResult<types::DescriptorStat> {
        self.below.stat(fd).await
    }

    async fn stat_at(
        &mut self,
        fd: Fd,
        flags: types::PathFlags,
        path: String,
    ) -> FsResult<types::DescriptorStat> {
        if self.is_nothing(&fd) {
            // To look for a file is no use of it: as with a directory that is not there, the answer is that there is none.
            let _ = self.within(&fd, &path, false);
            return Err(ErrorCode::NoEntry.into());
        }
        let found = self.below.stat_at(same(&fd), flags, path.clone()).await;
        self.permitted(&fd, &path, false, found)
    }

    async fn set_times_at(
        &mut self,
        fd: Fd,
        flags: types::PathFlags,
        path: String,
        atim: types::NewTimestamp,
        mtim: types::NewTimestamp,
    ) -> FsResult<()> {
        self.within(&fd, &path, true)?;
        let set = self.below.set_times_at(same(&fd), flags, path.clone(), atim, mtim).await;
        self.permitted(&fd, &path, true, set)
    }

    async fn readlink_at(&mut self, fd: Fd, path: String) -> FsResult<String> {
        self.within(&fd, &path, false)?;
        let link = self.below.readlink_at(same(&fd), path.clone()).await;
        self.permitted(&fd, &path, false, link)
    }

    async fn remove_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        self.within(&fd, &path, true)?;
        let removed = self.below.remove_directory_at(same(&fd), path.clone()).await;
        self.permitted(&fd, &path, true, removed)
    }

    async fn rename_at(&mut self, fd: Fd, old_path: String, new_fd: Fd, new_path: String) -> FsResult<()> {
        self.within(&fd, &old_path, true)?;
        self.within(&new_fd, &new_path, true)?;
        // Between mounts the bytes would move from one quota to another.
        if !Arc::ptr_eq(&self.files.of(&fd)?.mount, &self.files.of(&new_fd)?.mount) {
            return Err(ErrorCode::CrossDevice.into());
        }
        let moved = self.below.rename_at(same(&fd), old_path.clone(), new_fd, new_path).await;
        self.permitted(&fd, &old_path, true, moved)
    }

    async fn is_same_object(&mut self, a: Fd, b: Fd) -> wasmtime::Result<bool> {
        self.below.is_same_object(a, b).await
    }

    async fn metadata_hash(&mut self, fd: Fd) -> FsResult<types::MetadataHashValue> {
        self.below.metadata_hash(fd).await
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Fd,
        flags: types::PathFlags,
        path: String,
    ) -> FsResult<types::MetadataHashValue> {
        self.within(&fd, &path, false)?;
        let hash = self.below.metadata_hash_at(same(&fd), flags, path.clone()).await;
        self.permitted(&fd, &path, false, hash)
    }
}

impl HostDirectoryEntryStream for Guarded<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<types::DirectoryEntryStream>,
    ) -> FsResult<Option<types::DirectoryEntry>> {
        self.below.read_directory_entry(stream).await
    }

    fn drop(&mut self, stream: Resource<types::DirectoryEntryStream>) -> wasmtime::Result<()> {
        HostDirectoryEntryStream::drop(&mut self.below, stream)
    }
}

impl Guarded<'_> {
    fn guard_output(
        &mut self,
        stream: Resource<DynOutputStream>,
        open: Open,
        position: Option<u64>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let below = self.below.table.delete(stream)?;
        let guarded: DynOutputStream = Box::new(GuardedOutput { below, open, position });
        Ok(self.below.table.push(guarded)?)
    }
}
