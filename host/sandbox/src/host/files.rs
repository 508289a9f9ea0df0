//! `wasi:filesystem/types` with the bounds that it lacks: bytes, files, handles, and no links.
//!
//! The threat: a guest that fills the disk (also with holes), opens what blocks a thread (a FIFO), or
//! leaves a link behind that leads the next reader elsewhere. Everything else is wasmtime-wasi's: each
//! method here checks, and then calls the one below.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use stepwell_engine::policy::{Limits, MountGrant, MountSource};
use wasmtime::component::{HasData, Resource};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, ErrorCode, HostDescriptor, HostDirectoryEntryStream,
};
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, FsError, FsResult, InputStream, OutputStream, Pollable, StreamError,
    StreamResult,
};

use crate::guest::Guest;

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
}

/// Bytes against a limit.
#[derive(Debug)]
struct Meter {
    used: AtomicU64,
    limit: u64,
}

/// Bytes that went either way.
#[derive(Debug, Default)]
struct Traffic {
    read: AtomicU64,
    written: AtomicU64,
}

/// What is known of an open file or directory.
#[derive(Debug, Clone)]
struct Open {
    mount: Arc<Meter>,
    total: Arc<Meter>,
    size: Arc<AtomicU64>,
    traffic: Arc<Traffic>,
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
    fn grow_to(&self, size: u64) -> Result<(), io::Error> {
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
        let meter = |used: u64, limit: u64| Arc::new(Meter { used: AtomicU64::new(used), limit });
        Self {
            mounts: mounts
                .iter()
                .map(|(mount, used)| match &mount.source {
                    MountSource::Host(_) => meter(0, limits.file_bytes.0),
                    MountSource::Scratch(size) | MountSource::Workspace(size) => meter(*used, size.0),
                })
                .collect(),
            total: meter(0, limits.file_bytes.0),
            open: HashMap::new(),
            created: 0,
            max_created: limits.file_count.0,
            max_open: usize::try_from(limits.file_handles.0).unwrap_or(usize::MAX),
            traffic: Arc::default(),
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
}

impl Guest {
    pub fn guarded_files(&mut self) -> Guarded<'_> {
        Guarded {
            below: WasiFilesystemCtxView { ctx: self.wasi.filesystem(), table: &mut self.table },
            files: &mut self.files,
        }
    }
}

impl preopens::Host for Guarded<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let directories = preopens::Host::get_directories(&mut self.below)?;
        let mounts = self.files.mounts.clone();
        for ((descriptor, _), mount) in directories.iter().zip(mounts) {
            self.files.opened(descriptor, mount, 0);
        }
        Ok(directories)
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
        let opened = self.below.open_at(fd, path_flags, path, open_flags, flags).await?;
        self.files.opened(&opened, mount, if truncate { 0 } else { size });
        if truncate {
            self.files.of(&opened)?.shrunk(size);
        }
        Ok(opened)
    }

    async fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        self.files.create()?;
        self.below.create_directory_at(fd, path).await
    }

    async fn link_at(&mut self, _: Fd, _: types::PathFlags, _: String, _: Fd, _: String) -> FsResult<()> {
        Err(ErrorCode::NotPermitted.into())
    }

    async fn symlink_at(&mut self, _: Fd, _: String, _: String) -> FsResult<()> {
        Err(ErrorCode::NotPermitted.into())
    }

    async fn unlink_file_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let open = self.files.of(&fd)?;
        let stat = self.below.stat_at(same(&fd), types::PathFlags::empty(), path.clone()).await;
        self.below.unlink_file_at(fd, path).await?;
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

    // Nothing to check in what follows.

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
        self.below.stat_at(fd, flags, path).await
    }

    async fn set_times_at(
        &mut self,
        fd: Fd,
        flags: types::PathFlags,
        path: String,
        atim: types::NewTimestamp,
        mtim: types::NewTimestamp,
    ) -> FsResult<()> {
        self.below.set_times_at(fd, flags, path, atim, mtim).await
    }

    async fn readlink_at(&mut self, fd: Fd, path: String) -> FsResult<String> {
        self.below.readlink_at(fd, path).await
    }

    async fn remove_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        self.below.remove_directory_at(fd, path).await
    }

    async fn rename_at(&mut self, fd: Fd, old_path: String, new_fd: Fd, new_path: String) -> FsResult<()> {
        // Between mounts the bytes would move from one quota to another.
        if !Arc::ptr_eq(&self.files.of(&fd)?.mount, &self.files.of(&new_fd)?.mount) {
            return Err(ErrorCode::CrossDevice.into());
        }
        self.below.rename_at(fd, old_path, new_fd, new_path).await
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
        self.below.metadata_hash_at(fd, flags, path).await
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

struct GuardedInput {
    below: DynInputStream,
    traffic: Arc<Traffic>,
}

#[async_trait]
impl Pollable for GuardedInput {
    async fn ready(&mut self) {
        self.below.ready().await;
    }
}

#[async_trait]
impl InputStream for GuardedInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let data = self.below.read(size)?;
        self.traffic.read.fetch_add(data.len() as u64, Ordering::Relaxed);
        Ok(data)
    }

    // The default would read ahead in pieces of 4 KiB, each on another thread.
    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        let data = self.below.blocking_read(size).await?;
        self.traffic.read.fetch_add(data.len() as u64, Ordering::Relaxed);
        Ok(data)
    }

    async fn cancel(&mut self) {
        self.below.cancel().await;
    }
}

struct GuardedOutput {
    below: DynOutputStream,
    open: Open,
    /// Where the next byte goes; at the end of the file when appending.
    position: Option<u64>,
}

impl GuardedOutput {
    /// Makes room for the data; how much it is.
    fn charge(&self, data: &Bytes) -> StreamResult<u64> {
        let len = data.len() as u64;
        let start = self.position.unwrap_or_else(|| self.open.size.load(Ordering::Relaxed));
        let grown = self.open.grow_to(start.saturating_add(len));
        grown.map(|()| len).map_err(|error| StreamError::LastOperationFailed(error.into()))
    }

    fn written(&mut self, len: u64) {
        self.open.traffic.written.fetch_add(len, Ordering::Relaxed);
        self.position = self.position.map(|position| position.saturating_add(len));
    }
}

#[async_trait]
impl Pollable for GuardedOutput {
    async fn ready(&mut self) {
        self.below.ready().await;
    }
}

#[async_trait]
impl OutputStream for GuardedOutput {
    fn write(&mut self, data: Bytes) -> StreamResult<()> {
        let len = self.charge(&data)?;
        self.below.write(data)?;
        self.written(len);
        Ok(())
    }

    async fn blocking_write_and_flush(&mut self, data: Bytes) -> StreamResult<()> {
        let len = self.charge(&data)?;
        self.below.blocking_write_and_flush(data).await?;
        self.written(len);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.below.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.below.check_write()
    }

    async fn cancel(&mut self) {
        self.below.cancel().await;
    }
}
