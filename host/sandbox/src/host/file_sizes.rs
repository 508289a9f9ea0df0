//! Sizes of files: the quota of a mount, the size of each open file, and the depth of directories.

use rustix::fs::{Mode, OFlags};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use stepwell_engine::quantity::Bytes;
use stepwell_engine::workspace::{Writes, plain};
use wasmtime_wasi::p2::bindings::filesystem::types;

use crate::reached::{Of, Reached};

/// The used bytes of one mount, or of all mounts together, and their limit.
#[derive(Debug)]
pub(super) struct Meter {
    /// The path of the mount in the step. Empty for all mounts.
    pub at: String,
    pub writable: bool,
    pub used: AtomicU64,
    pub limit: u64,
    /// The name of the limit.
    pub name: &'static str,
    pub reached: Reached,
    /// The files that the branches of the run write there.
    pub writes: Option<Writes>,
}

impl Meter {
    /// Returns the path of a name below a directory, from the root of the mount. Empty where nothing needs it.
    pub fn path(&self, above: &str, name: &str) -> String {
        if self.writes.is_some() { plain(&format!("{above}/{name}")) } else { String::new() }
    }
}

/// Bytes read and written.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    pub read: AtomicU64,
    pub written: AtomicU64,
}

/// The facts about an open file or directory.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub mount: Arc<Meter>,
    /// The size of a file that is open for writing.
    pub size: Option<Arc<Size>>,
    /// Number of directories above it in its mount.
    pub depth: usize,
    /// The path from the root of its mount. Empty where nothing needs it.
    pub path: Arc<str>,
    pub traffic: Arc<Traffic>,
}

/// The size of a file that is open for writing, shared by its handles.
#[derive(Debug)]
pub(super) struct Size {
    pub bytes: AtomicU64,
    /// Whether the file has lost its name: its bytes are free when its last handle is closed.
    pub removed: AtomicBool,
    pub mount: Arc<Meter>,
    pub total: Arc<Meter>,
}

impl Drop for Size {
    fn drop(&mut self) {
        if *self.removed.get_mut() {
            self.shrink_to(0);
        }
    }
}

impl Size {
    /// Reserves room for a growth by that many bytes. Holes count, because they can be filled later.
    pub fn grow_to(&self, bytes: u64) -> Result<(), io::Error> {
        let growth = bytes.saturating_sub(self.bytes.load(Ordering::Relaxed));
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
        self.bytes.fetch_max(bytes, Ordering::Relaxed);
        self.total.reached.granted(Of::Space, growth);
        Ok(())
    }

    /// Returns the bytes beyond that size.
    pub fn shrink_to(&self, bytes: u64) {
        let before = self.bytes.fetch_min(bytes, Ordering::Relaxed);
        let less = before.saturating_sub(bytes);
        self.mount.refund(less);
        self.total.refund(less);
    }
}

/// The object behind a name, before the name is removed.
pub(super) struct Found {
    pub kind: types::DescriptorType,
    pub size: u64,
    pub links: u64,
    pub identity: u64,
}

impl Meter {
    pub fn charge(&self, bytes: u64) -> bool {
        let fits = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= self.limit);
        let charged = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok();
        if !charged {
            let limit = Bytes::new(self.limit);
            let message = match self.at.as_str() {
                "" => format!(
                    "the mounts of the step may grow by {limit} in all, and {bytes} bytes more do not fit"
                ),
                at => format!("{at} may hold {limit}, and {bytes} bytes more do not fit"),
            };
            self.reached.refused(Of::Space, self.name, message, bytes);
        }
        charged
    }

    pub fn refund(&self, bytes: u64) {
        let less = |used: u64| Some(used.saturating_sub(bytes));
        // `less` never fails.
        let _ = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

impl Open {
    /// Reserves room for a file of `bytes` bytes. The call itself refuses files that are not open
    /// for writing.
    pub fn grow_to(&self, bytes: u64) -> Result<(), io::Error> {
        self.size.as_ref().map_or(Ok(()), |size| size.grow_to(bytes))
    }

    /// Returns the known length of the file.
    pub fn len(&self) -> u64 {
        self.size.as_ref().map_or(0, |size| size.bytes.load(Ordering::Relaxed))
    }
}

/// Returns the number of directories above the target of a path that begins at depth `start`.
pub(super) fn depth_of(start: usize, path: &str) -> usize {
    path.split('/').fold(start, |depth, part| match part {
        "" | "." => depth,
        ".." => depth.saturating_sub(1),
        _ => depth + 1,
    })
}

/// Linux's error number for "disk quota exceeded": wasmtime-wasi translates numbers, not kinds.
const EDQUOT: i32 = 122;

/// Returns "disk quota exceeded" as an error of the operating system.
fn quota() -> io::Error {
    io::Error::from_raw_os_error(EDQUOT)
}

/// Size of an entry of a directory listing, besides its name.
pub(super) const LISTED: usize = 128;

/// Returns the bytes of a directory listing. Stops counting beyond `most`.
pub(super) fn listed_bytes(dir: &std::fs::File, most: u64) -> std::io::Result<u64> {
    let mut bytes = 0;
    // The handle itself may be a path-only handle.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let list = rustix::fs::openat(dir, ".", flags, Mode::empty())?;
    for entry in rustix::fs::Dir::new(list)? {
        bytes += (entry?.file_name().to_bytes().len() + LISTED) as u64;
        if bytes > most {
            break;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_as_deep_as_its_names() {
        for (start, path, depth) in
            [(0, "a", 1), (2, "a/b", 4), (2, "./a//b/", 4), (2, "../a", 2), (1, "../../../a", 1), (3, ".", 3)]
        {
            assert_eq!(depth_of(start, path), depth, "{start} {path}");
        }
    }

    #[test]
    fn all_handles_of_a_file_share_its_size_and_its_bytes_come_back_once() {
        let meter = |limit| {
            let (used, name, reached) = (AtomicU64::new(0), "file_bytes", Reached::default());
            Arc::new(Meter { at: String::new(), writable: true, used, limit, name, reached, writes: None })
        };
        let (mount, total) = (meter(100), meter(1_000));
        let size = || Size {
            bytes: AtomicU64::new(0),
            removed: AtomicBool::new(false),
            mount: mount.clone(),
            total: total.clone(),
        };
        let used = || (mount.used.load(Ordering::Relaxed), total.used.load(Ordering::Relaxed));
        let file = Arc::new(size());
        let other = file.clone();
        file.grow_to(100).unwrap();
        file.shrink_to(0);
        assert_eq!(used(), (0, 0));
        other.grow_to(80).unwrap();
        assert_eq!((used(), file.grow_to(101).is_err()), ((80, 80), true));
        file.removed.store(true, Ordering::Relaxed);
        drop(file);
        assert_eq!(used(), (80, 80), "a handle is still open");
        drop(other);
        assert_eq!(used(), (0, 0));
    }
}
