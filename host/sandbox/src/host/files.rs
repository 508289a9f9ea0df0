//! `wasi:filesystem/types` with the limits that it lacks: bytes, files, handles, and no links.
//!
//! The threat: a guest fills the disk (also with holes), opens a file that blocks a thread (a FIFO), or
//! leaves a link that leads the next reader elsewhere. wasmtime-wasi does everything else: each method here
//! checks, and then calls the one below.
//!
//! A guest's library finds the mount of a path itself, and fails without a call if there is none. So that the
//! host sees such a path, and can report that policy does not grant it, there is one additional mount, `/`,
//! which is empty.

mod usage;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use stepwell_engine::policy::{Denial, Grant};
use wasmtime::component::{HasData, Resource};
use wasmtime_wasi::FsPerms;
use wasmtime_wasi::filesystem::{Descriptor, Dir, OpenMode, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, ErrorCode, HostDescriptor, HostDirectoryEntryStream,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use super::file_sizes::{Found, LISTED, Open, depth_of, listed_bytes};
use super::file_streams::{GuardedInput, GuardedOutput};
use super::held::ByHandle;
use super::log::LogBook;
use crate::guest::{Calls, Guest};
use crate::reached::Of;
use crate::tree::MAX_DEPTH;

pub(crate) use usage::{FileUse, limit_of};

/// Maximum number of denials of files that are written to the log; all of them are counted.
const MOST_LOGGED: usize = 32;

/// The interface with its checks.
pub(crate) struct GuardedFiles;

impl HasData for GuardedFiles {
    type Data<'a> = Guarded<'a>;
}

/// One call.
pub(crate) struct Guarded<'a> {
    below: WasiFilesystemCtxView<'a>,
    files: &'a mut FileUse,
    by_handle: &'a mut ByHandle,
    grant: &'a Grant,
    log: &'a mut LogBook,
    calls: &'a mut Calls,
}

impl Guest {
    pub fn guarded_files(&mut self) -> Guarded<'_> {
        Guarded {
            below: WasiFilesystemCtxView { ctx: self.wasi.filesystem(), table: &mut self.table },
            files: &mut self.states.files,
            by_handle: &mut self.by_handle,
            grant: &self.states.context.grant,
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
            self.files.opened(descriptor, mount, None, (0, String::new()));
        }
        directories.extend(self.nothing()?);
        Ok(directories)
    }
}

impl Guarded<'_> {
    /// Returns the empty mount. Every operation on it is refused here; if one were to pass, its target is not
    /// a directory.
    fn nothing(&mut self) -> wasmtime::Result<Option<(Fd, String)>> {
        let Ok(file) = std::fs::File::open("/dev/null") else { return Ok(None) };
        let dir = Dir::new(file, FsPerms::ReadOnly, OpenMode::READ, false);
        let descriptor = self.below.table.push(Descriptor::Dir(dir))?;
        self.files.roots.insert(descriptor.rep());
        Ok(Some((descriptor, "/".to_owned())))
    }

    fn is_nothing(&self, fd: &Fd) -> bool {
        self.files.roots.contains(&fd.rep())
    }

    /// Counts a denial, and writes it to the log once.
    fn deny(&mut self, denial: &Denial) {
        self.calls.note(denial.rule);
        if self.files.logged.len() < MOST_LOGGED && self.files.logged.insert(denial.what.clone()) {
            self.log.denied(denial);
        }
    }

    /// Refuses a path outside of every mount.
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

    /// Passes on the result of an operation in a mount. If it is not permitted, the mount is read-only or the
    /// path leaves it.
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

impl Guarded<'_> {
    /// Returns the object behind a name. `None` if there is none.
    async fn found(&mut self, fd: &Fd, path: &str) -> Option<Found> {
        let flags = types::PathFlags::empty();
        let stat = self.below.stat_at(same(fd), flags, path.to_owned()).await.ok()?;
        let hash = self.below.metadata_hash_at(same(fd), flags, path.to_owned()).await.ok()?;
        Some(Found { kind: stat.type_, size: stat.size, links: stat.link_count, identity: hash.lower })
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

/// Returns a second handle to the same descriptor, for a call below.
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
        let above = self.files.of(&fd)?;
        let depth = depth_of(above.depth, &path);
        self.files.room()?;
        let found = self.below.stat_at(same(&fd), path_flags, path.clone()).await.ok();
        let name = above.mount.path(&above.path, &path);
        let (mut before, mut is_file, mut makes) = (0, false, false);
        match &found {
            Some(stat) => match stat.type_ {
                types::DescriptorType::RegularFile => (before, is_file) = (stat.size, true),
                types::DescriptorType::Directory | types::DescriptorType::SymbolicLink => {}
                // A FIFO or a device would block a thread of the host.
                _ => return Err(ErrorCode::NotPermitted.into()),
            },
            None => makes = open_flags.contains(types::OpenFlags::CREATE),
        }
        if makes || is_file && writes {
            self.files.take(&above.mount, &name)?;
        }
        if makes {
            self.files.create()?;
        }
        let opened = self.below.open_at(same(&fd), path_flags, path.clone(), open_flags, flags).await;
        if makes && opened.is_err() {
            self.files.gone();
        }
        let opened = self.permitted(&fd, &path, writes, opened)?;
        let size = match self.below.table.get(&opened)? {
            Descriptor::File(_) if writes => {
                let identity = self.below.metadata_hash(same(&opened)).await?.lower;
                Some(self.files.size(identity, &above.mount, before))
            }
            _ => None,
        };
        if let Some(size) = size.as_ref().filter(|_| open_flags.contains(types::OpenFlags::TRUNCATE)) {
            size.shrink_to(0);
        }
        self.files.opened(&opened, above.mount, size, (depth, name));
        Ok(opened)
    }

    async fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        self.within(&fd, &path, true)?;
        if depth_of(self.files.of(&fd)?.depth, &path) > MAX_DEPTH {
            let message = format!("a mount has at most {MAX_DEPTH} directories within each other");
            return self.files.refuse(Of::Names, "file_depth", message);
        }
        self.files.create()?;
        let made = self.below.create_directory_at(same(&fd), path.clone()).await;
        if made.is_err() {
            self.files.gone();
        }
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
        self.files.take(&open.mount, &open.mount.path(&open.path, &path))?;
        let found = self.found(&fd, &path).await;
        let removed = self.below.unlink_file_at(same(&fd), path.clone()).await;
        self.permitted(&fd, &path, true, removed)?;
        self.files.gone();
        if let Some(found) = found {
            self.files.removed(&found, &open.mount);
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
        if let Some(known) = &open.size {
            known.shrink_to(size);
        }
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
        // Another descriptor may get the same number.
        self.files.roots.remove(&fd.rep());
        HostDescriptor::drop(&mut self.below, fd)
    }

    // Most of the following methods check nothing.

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
        self.files.room()?;
        // The names are counted before they are read, because a directory of the host may have any
        // number of them.
        let Descriptor::Dir(dir) = self.below.table.get(&fd)? else {
            return Err(ErrorCode::NotDirectory.into());
        };
        let (dir, most) = (dir.dir.clone(), self.grant.limits().host_bytes.0);
        let bytes =
            tokio::task::spawn_blocking(move || listed_bytes(&dir, most)).await.map_err(FsError::trap)?;
        let bytes = bytes.map_err(|error| FsError::from(ErrorCode::from(error)))?;
        self.by_handle.has_room_for(bytes).map_err(FsError::trap)?;
        let list = self.below.read_directory(fd).await?;
        let (mut entries, mut bytes) = (Vec::new(), 0);
        loop {
            let next = self.below.read_directory_entry(Resource::new_borrow(list.rep())).await.transpose();
            let Some(entry) = next else { break };
            bytes += (entry.as_ref().map_or(0, |entry| entry.name.len()) + LISTED) as u64;
            entries.push(entry);
        }
        self.by_handle.set(list.rep(), bytes).map_err(FsError::trap)?;
        self.files.lists.insert(list.rep(), entries.into_iter());
        Ok(list)
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
            // Looking for a file is not a use of it: as with a missing directory, the answer is that there is
            // no such file.
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
        self.permitted(&fd, &path, true, removed)?;
        self.files.gone();
        Ok(())
    }

    async fn rename_at(&mut self, fd: Fd, old_path: String, new_fd: Fd, new_path: String) -> FsResult<()> {
        self.within(&fd, &old_path, true)?;
        self.within(&new_fd, &new_path, true)?;
        // Between mounts, the bytes would move from one quota to another.
        let (from, to) = (self.files.of(&fd)?, self.files.of(&new_fd)?);
        if !Arc::ptr_eq(&from.mount, &to.mount) {
            return Err(ErrorCode::CrossDevice.into());
        }
        let (found, replaced) = (self.found(&fd, &old_path).await, self.found(&new_fd, &new_path).await);
        let is_directory = found.as_ref().is_some_and(|found| found.kind == types::DescriptorType::Directory);
        // The content of a directory would become deeper, too. A program that may not move it copies it.
        if is_directory && depth_of(to.depth, &new_path) > depth_of(from.depth, &old_path) {
            return Err(ErrorCode::CrossDevice.into());
        }
        for (open, path) in [(&from, &old_path), (&to, &new_path)] {
            self.files.take(&open.mount, &open.mount.path(&open.path, path))?;
        }
        let moved = self.below.rename_at(same(&fd), old_path.clone(), new_fd, new_path).await;
        self.permitted(&fd, &old_path, true, moved)?;
        let same_file =
            |replaced: &Found| found.as_ref().is_some_and(|found| found.identity == replaced.identity);
        if let Some(replaced) = replaced.filter(|replaced| !same_file(replaced)) {
            self.files.gone();
            if replaced.kind == types::DescriptorType::RegularFile {
                self.files.removed(&replaced, &to.mount);
            }
        }
        Ok(())
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
        self.files.lists.get_mut(&stream.rep()).and_then(Iterator::next).transpose()
    }

    fn drop(&mut self, stream: Resource<types::DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.files.lists.remove(&stream.rep());
        self.by_handle.free(stream.rep());
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
