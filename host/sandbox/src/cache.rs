//! Compiled components on disk.
//!
//! The threat: the content of such a file runs outside the sandbox. A file counts only when its keyed hash is
//! correct, and only its owner can read the key and the files.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{Hash, Hasher};
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use stepwell_engine::system::why;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::component_error::ComponentError;
use crate::own_files::{NO_LINKS, open_own, read_or_make_key, write_private};

/// Maximum bytes of compiled code in a cache, over all versions of the program.
const MOST_CACHED: u64 = 4 << 30;

/// The maximum time to wait for another process, which is longer than the time of a compilation.
const WAIT: Duration = Duration::from_secs(200);
/// The time between two attempts to lock a file.
const PAUSE: Duration = Duration::from_millis(20);

/// Locks a file that another process may hold.
fn locked_within(file: File, limit: Duration) -> std::io::Result<File> {
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if waited < limit => {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Compiled components on disk.
#[derive(Clone)]
pub(crate) struct Cache {
    pub dir: PathBuf,
    key: [u8; 32],
    /// A hash of wasmtime's version and of every setting that affects the code.
    compatibility: u64,
}

impl Cache {
    pub fn open(dir: &Path, engine: &Engine) -> Result<Self, ComponentError> {
        let host = |what: &str, error: std::io::Error| {
            ComponentError::Host(format!(
                "the cache of compiled components: cannot {what} {}: {}",
                dir.display(),
                why(&error)
            ))
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|e| host("make", e))?;
        let found = fs::symlink_metadata(dir).map_err(|e| host("read", e))?;
        if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
            return Err(ComponentError::Host(format!(
                "the cache of compiled components, {}, is a link or belongs to another user, and its content runs as native code: name a directory of this user's",
                dir.display()
            )));
        }
        if found.mode() & 0o077 != 0 {
            return Err(ComponentError::Host(format!(
                "the cache of compiled components, {}, is open to other users, and its content runs as native code: run chmod 700 on it",
                dir.display()
            )));
        }
        let mut hasher = std::hash::DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let key = read_or_make_key(&dir.join("key")).map_err(|e| host("use the key in", e))?;
        Ok(Self { dir: dir.to_owned(), key, compatibility: hasher.finish() })
    }

    pub fn path(&self, digest: &str) -> PathBuf {
        let digest = digest.strip_prefix("sha256:").unwrap_or(digest);
        self.dir.join(format!("{digest}-{:016x}.cwasm", self.compatibility))
    }

    /// Returns the keyed hash of a compiled component, bound to its source.
    fn hasher(&self, digest: &str) -> blake3::Hasher {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(digest.as_bytes()).update(&self.compatibility.to_le_bytes());
        hasher
    }

    pub fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let path = self.path(digest);
        let file = open_own(&path).ok()?;
        let mut tag = [0; 32];
        open_own(&path.with_extension("tag")).ok()?.read_exact(&mut tag).ok()?;
        // Hash and map the same open file, even if its name now belongs to another file.
        let opened = format!("/proc/self/fd/{}", file.as_raw_fd());
        let mut hasher = self.hasher(digest);
        hasher.update_mmap(&opened).ok()?;
        // The comparison takes constant time.
        if hasher.finalize() != blake3::Hash::from_bytes(tag) {
            tracing::warn!("{} is not what this cache wrote; it is compiled again", path.display());
            return None;
        }
        #[allow(
            clippy::disallowed_methods,
            reason = "used files stay when the cache is full; nothing else reads the times"
        )]
        let now = std::time::SystemTime::now();
        let _ = file.set_modified(now);
        let component = map_code(engine, &opened);
        component.inspect_err(|error| tracing::warn!("{}: {error:#}", path.display())).ok()
    }

    /// Waits until no other process compiles the component, for at most [`WAIT`]: that process may be stopped.
    ///
    /// # Errors
    /// Fails when the lock is not free by then, or cannot be made.
    pub fn lock(&self, digest: &str) -> std::io::Result<File> {
        let path = self.path(digest).with_extension("lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600).custom_flags(NO_LINKS);
        let file = options.open(path)?;
        locked_within(file, WAIT)
    }

    pub fn store(&self, digest: &str, code: &[u8]) -> std::io::Result<()> {
        let path = self.path(digest);
        let tag = self.hasher(digest).update(code).finalize();
        write_private(&path.with_extension("tag"), tag.as_bytes())?;
        write_private(&path, code)?;
        self.shrink(&path)
    }

    /// Moves a file of compiled code into the cache.
    pub fn adopt(&self, digest: &str, code: tempfile::NamedTempFile) -> std::io::Result<()> {
        let path = self.path(digest);
        let mut hasher = self.hasher(digest);
        hasher.update_mmap(code.path())?;
        write_private(&path.with_extension("tag"), hasher.finalize().as_bytes())?;
        code.persist(&path).map_err(|error| error.error)?;
        self.shrink(&path)
    }

    /// Removes the least recently used code while there is too much. Running code stays mapped.
    fn shrink(&self, new: &Path) -> std::io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir)?.flatten() {
            let (path, metadata) = (entry.path(), entry.metadata()?);
            if path.extension().is_some_and(|extension| extension == "cwasm") && path != new {
                files.push((metadata.mtime(), metadata.len(), path));
            }
        }
        files.sort();
        let mut sum: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, path) in files {
            if sum <= MOST_CACHED {
                break;
            }
            sum -= bytes;
            fs::remove_file(&path)?;
            // The tag and the lock without the code are harmless.
            let _ = fs::remove_file(path.with_extension("tag"));
            let _ = fs::remove_file(path.with_extension("lock"));
        }
        Ok(())
    }
}

/// Maps compiled code into this process.
#[allow(unsafe_code, reason = "the one place where compiled code is loaded; see SAFETY")]
pub(crate) fn map_code(engine: &Engine, path: &str) -> wasmtime::Result<Component> {
    // SAFETY: `Component::serialize` or `Engine::precompile_component` wrote the file, for an engine with the
    // same settings. Either the keyed hash over it confirms that, or this process has just had it written to
    // a file that only its user can open. Nothing writes to the file once it has its name.
    unsafe { Component::deserialize_file(engine, path) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{EngineOptions, StepEngine};

    fn engine() -> Engine {
        StepEngine::new(&EngineOptions::default(), 1).unwrap().engine
    }

    /// A process that compiles may be stopped while it holds the lock.
    #[test]
    fn the_wait_for_another_process_ends() {
        let dir = tempfile::tempdir().unwrap();
        let open = || File::create(dir.path().join("lock")).unwrap();
        let held = locked_within(open(), Duration::ZERO).unwrap();
        let error = locked_within(open(), 2 * PAUSE).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
        drop(held);
        assert!(locked_within(open(), Duration::ZERO).is_ok());
    }

    #[test]
    fn a_cached_file_counts_only_when_its_tag_is_right() {
        let engine = engine();
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(&dir.path().join("components"), &engine).unwrap();
        let component = Component::from_binary(&engine, b"\0asm\x0d\0\x01\0").unwrap();
        cache.store("sha256:aa", &component.serialize().unwrap()).unwrap();
        assert!(cache.load(&engine, "sha256:aa").is_some());
        // The same code under another name, and code with one flipped bit.
        fs::copy(cache.path("sha256:aa"), cache.path("sha256:bb")).unwrap();
        fs::copy(
            cache.path("sha256:aa").with_extension("tag"),
            cache.path("sha256:bb").with_extension("tag"),
        )
        .unwrap();
        assert!(cache.load(&engine, "sha256:bb").is_none());
        let mut code = fs::read(cache.path("sha256:aa")).unwrap();
        *code.last_mut().unwrap() ^= 1;
        fs::write(cache.path("sha256:aa"), code).unwrap();
        assert!(cache.load(&engine, "sha256:aa").is_none());
        assert_eq!(fs::metadata(&cache.dir).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_cache_of_somebody_else_is_not_used() {
        let place = tempfile::tempdir().unwrap();
        let engine = engine();
        let opened = |name: &str| Cache::open(&place.path().join(name), &engine).err().map(|e| e.to_string());
        assert_eq!(opened("own"), None);
        std::os::unix::fs::symlink("own", place.path().join("link")).unwrap();
        assert!(opened("link").unwrap().contains("is a link or belongs to another user"));
        // A key that is a link, or that others can write.
        let key = place.path().join("own/key");
        fs::rename(&key, place.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("../elsewhere", &key).unwrap();
        assert!(opened("own").unwrap().contains("cannot use the key"));
        fs::remove_file(&key).unwrap();
        fs::copy(place.path().join("elsewhere"), &key).unwrap();
        fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
        assert!(opened("own").unwrap().contains("not a file of this user's alone"));
        fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(opened("own"), None);
        if rustix::process::geteuid().is_root() {
            for path in [place.path().join("own"), key] {
                std::os::unix::fs::chown(&path, Some(12_345), None).unwrap();
                assert!(opened("own").is_some(), "{}", path.display());
                std::os::unix::fs::chown(&path, Some(0), None).unwrap();
            }
        } else {
            eprintln!("skipped: only root can give a directory to another user");
        }
    }
}
