//! From the bytes of a component to code that runs, once per component and machine.
//!
//! The threat: a component that is cheap to send and dear to compile, and a cache file that somebody
//! else wrote, since what is in it runs outside the sandbox. So sizes are checked first, and a cached file
//! counts only when its keyed hash is right; the key and the files are readable by their owner alone.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bytes::Bytes;
use tokio::sync::{OnceCell, oneshot};
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::INTERFACE;
use crate::debug_info;
use crate::guest::Guest;
use crate::guest::bindings::StepPre;

/// Largest component: more than any toolchain makes today.
pub const MAX_COMPONENT_BYTES: usize = 64 << 20;

/// Why a component cannot be a step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComponentError {
    /// It is no component.
    #[error("{0}")]
    NotAComponent(String),
    /// It is a component of another world.
    #[error("{0}")]
    WrongWorld(String),
    /// It breaks a bound.
    #[error("{0}")]
    TooLarge(String),
    /// It failed while it was asked for something.
    #[error("{0}")]
    Failed(String),
    /// What it says about itself does not hold: each problem names the field and the fix.
    #[error("the component does not describe a step:\n  {}", .0.join("\n  "))]
    Descriptor(Vec<String>),
    /// The platform failed.
    #[error("{0}")]
    Host(String),
}

/// A component that is ready to be instantiated.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub pre: StepPre<Guest>,
}

impl Prepared {
    /// Whether the component imports an interface whose name begins so.
    pub fn imports(&self, engine: &Engine, prefix: &str) -> bool {
        let component = self.pre.instance_pre().component();
        component.component_type().imports(engine).any(|(name, _)| name.starts_with(prefix))
    }
}

type Slot = Arc<OnceCell<Prepared>>;

/// How much of the machine a compilation may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Somebody waits for it: every core, below what serves requests.
    Wanted,
    /// Nobody waits yet: half of the cores, and only when they have nothing else to do.
    Background,
}

impl Pace {
    /// Threads, and how nice they are.
    fn threads(self) -> (usize, i32) {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        match self {
            Self::Wanted => (cores, 10),
            Self::Background => ((cores / 2).max(1), 19),
        }
    }
}

/// Compiles components, each once.
pub(crate) struct Compiler {
    engine: Engine,
    linker: Arc<Linker<Guest>>,
    cache: Option<Cache>,
    prepared: Mutex<BTreeMap<String, Slot>>,
}

impl Compiler {
    pub fn new(
        engine: Engine,
        linker: Linker<Guest>,
        cache_dir: Option<&Path>,
    ) -> Result<Self, ComponentError> {
        let cache = cache_dir.map(|dir| Cache::open(dir, &engine)).transpose()?;
        Ok(Self { engine, linker: Arc::new(linker), cache, prepared: Mutex::default() })
    }

    /// Whether the component is compiled: in memory, or in the cache.
    pub fn is_ready(&self, digest: &str) -> bool {
        self.is_loaded(digest) || self.cache.as_ref().is_some_and(|cache| cache.path(digest).exists())
    }

    /// Whether the component can be instantiated at once.
    pub fn is_loaded(&self, digest: &str) -> bool {
        let prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        prepared.get(digest).is_some_and(|slot| slot.initialized())
    }

    fn slot(&self, digest: &str) -> Slot {
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        prepared.entry(digest.to_owned()).or_default().clone()
    }

    /// The component, loaded or compiled. Callers that come at the same time wait for the first; a caller
    /// never waits for another component.
    pub async fn prepare(&self, digest: &str, wasm: &Bytes, pace: Pace) -> Result<Prepared, ComponentError> {
        let slot = self.slot(digest);
        if let Some(prepared) = slot.get() {
            return Ok(prepared.clone());
        }
        let (engine, linker, cache) = (self.engine.clone(), self.linker.clone(), self.cache.clone());
        let (digest, wasm) = (digest.to_owned(), wasm.clone());
        // A task of its own: a caller that goes away does not stop it for the others.
        let prepared = tokio::spawn(async move {
            let work = move || load_or_compile(&engine, &linker, cache.as_ref(), &digest, &wasm, pace);
            slot.get_or_try_init(|| in_a_thread(work)).await.cloned()
        });
        prepared.await.unwrap_or_else(|error| Err(ComponentError::Host(format!("compiling failed: {error}"))))
    }
}

/// A thread of its own, and none of the runtime's: a process that ends does not wait for it.
async fn in_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ComponentError> + Send + 'static,
) -> Result<T, ComponentError> {
    let (sender, done) = oneshot::channel();
    let thread = thread::Builder::new().name("compile".to_owned()).spawn(move || {
        // A caller that is gone has no use for the answer.
        let _ = sender.send(work());
    });
    let failed = |error: &dyn std::fmt::Display| ComponentError::Host(format!("compiling failed: {error}"));
    thread.map_err(|error| failed(&error))?;
    done.await.unwrap_or_else(|error| Err(failed(&error)))
}

/// Compiles in a pool of its own. In rayon's global pool, a small component would wait until every
/// function of a large one is compiled.
fn in_own_pool<T: Send>(pace: Pace, work: impl FnOnce() -> T + Send) -> T {
    let (threads, niceness) = pace.threads();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|_| "compile".to_owned())
        .start_handler(move |_| lower_priority(niceness))
        .build();
    match pool {
        Ok(pool) => pool.install(work),
        Err(error) => {
            tracing::warn!("compiling with the priority of everything else: {error}");
            work()
        }
    }
}

#[cfg(target_os = "linux")]
fn lower_priority(niceness: i32) {
    // On Linux this is the priority of the calling thread.
    if let Err(error) = rustix::process::nice(niceness) {
        tracing::debug!("cannot lower the priority of a compiling thread: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn lower_priority(_: i32) {}

fn load_or_compile(
    engine: &Engine,
    linker: &Linker<Guest>,
    cache: Option<&Cache>,
    digest: &str,
    wasm: &[u8],
    pace: Pace,
) -> Result<Prepared, ComponentError> {
    let component = match cache.and_then(|cache| cache.load(engine, digest)) {
        Some(component) => component,
        None => compile_into(engine, cache, digest, wasm, pace)?,
    };
    if component.resources_required().is_none() {
        return Err(ComponentError::WrongWorld(
            "the component imports modules or instances of modules".to_owned(),
        ));
    }
    let pre =
        linker.instantiate_pre(&component).map_err(|error| ComponentError::WrongWorld(world(&error)))?;
    let pre = StepPre::new(pre).map_err(|error| ComponentError::WrongWorld(world(&error)))?;
    Ok(Prepared { pre })
}

/// Compiles a component, once for all processes that share the cache.
fn compile_into(
    engine: &Engine,
    cache: Option<&Cache>,
    digest: &str,
    wasm: &[u8],
    pace: Pace,
) -> Result<Component, ComponentError> {
    let Some(cache) = cache else { return in_own_pool(pace, || compile(engine, wasm)) };
    // Without the lock it is compiled all the same, at worst twice. The lock ends with its file.
    let _lock = cache.lock(digest).inspect_err(|error| tracing::debug!("no lock on the cache: {error}"));
    if let Some(component) = cache.load(engine, digest) {
        return Ok(component);
    }
    let component = in_own_pool(pace, || compile(engine, wasm))?;
    if let Err(error) = cache.store(digest, &component) {
        tracing::warn!("a compiled component was not cached: {error}");
    }
    Ok(component)
}

fn world(error: &wasmtime::Error) -> String {
    format!(
        "the component is not a step: {error:#} (a step exports `{INTERFACE}` and imports WASI 0.2 and `stepwell:*`; see wit/README.md)"
    )
}

fn compile(engine: &Engine, wasm: &[u8]) -> Result<Component, ComponentError> {
    if wasm.len() > MAX_COMPONENT_BYTES {
        let message =
            format!("the component is {} bytes long; the limit is {MAX_COMPONENT_BYTES}", wasm.len());
        return Err(ComponentError::TooLarge(message));
    }
    match wasm.get(..8) {
        Some([0, b'a', b's', b'm', 0x0d, 0, 1, 0]) => {}
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => {
            return Err(ComponentError::NotAComponent(
                "this is a core WebAssembly module and not a component: build for the target wasm32-wasip2"
                    .to_owned(),
            ));
        }
        _ => {
            return Err(ComponentError::NotAComponent(
                "this is not WebAssembly: a component begins with the bytes 00 61 73 6d 0d 00 01 00"
                    .to_owned(),
            ));
        }
    }
    Component::from_binary(engine, &debug_info::bounded(wasm))
        .map_err(|error| ComponentError::NotAComponent(format!("the component is not valid: {error:#}")))
}

/// Compiled components on disk.
#[derive(Clone)]
struct Cache {
    dir: PathBuf,
    key: [u8; 32],
    /// Changes with wasmtime's version and every setting that the code depends on.
    compatibility: u64,
}

impl Cache {
    fn open(dir: &Path, engine: &Engine) -> Result<Self, ComponentError> {
        let host = |what: &str, error: std::io::Error| {
            ComponentError::Host(format!(
                "the cache of compiled components: cannot {what} {}: {error}",
                dir.display()
            ))
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|e| host("make", e))?;
        let found = fs::metadata(dir).map_err(|e| host("read", e))?;
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

    fn path(&self, digest: &str) -> PathBuf {
        let digest = digest.strip_prefix("sha256:").unwrap_or(digest);
        self.dir.join(format!("{digest}-{:016x}.cwasm", self.compatibility))
    }

    /// The keyed hash of a compiled component, bound to what it was compiled from.
    fn hasher(&self, digest: &str) -> blake3::Hasher {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(digest.as_bytes()).update(&self.compatibility.to_le_bytes());
        hasher
    }

    fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let path = self.path(digest);
        let file = File::open(&path).ok()?;
        let tag = fs::read(path.with_extension("tag")).ok()?;
        let tag: [u8; 32] = tag.try_into().ok()?;
        // One open file for both looks: what is hashed is what is mapped, even when the name moves on.
        let opened = format!("/proc/self/fd/{}", file.as_raw_fd());
        let mut hasher = self.hasher(digest);
        hasher.update_mmap(&opened).ok()?;
        // Compares in constant time.
        if hasher.finalize() != blake3::Hash::from_bytes(tag) {
            tracing::warn!("{} is not what this cache wrote; it is compiled anew", path.display());
            return None;
        }
        // SAFETY: the file comes from `Component::serialize` of an engine with the same compatibility hash,
        // which the keyed hash over it vouches for. It is in a directory of this user alone, and is
        // never written to once it has its name.
        #[allow(unsafe_code, reason = "the one place where compiled code is loaded; see SAFETY")]
        let component = unsafe { Component::deserialize_file(engine, &opened) };
        component.inspect_err(|error| tracing::warn!("{}: {error:#}", path.display())).ok()
    }

    /// Waits until no other process compiles the component.
    fn lock(&self, digest: &str) -> std::io::Result<File> {
        let path = self.path(digest).with_extension("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
        file.lock()?;
        Ok(file)
    }

    fn store(&self, digest: &str, component: &Component) -> std::io::Result<()> {
        let code = component.serialize().map_err(std::io::Error::other)?;
        let path = self.path(digest);
        let tag = self.hasher(digest).update(&code).finalize();
        write_private(&path.with_extension("tag"), tag.as_bytes())?;
        write_private(&path, &code)
    }
}

/// Writes a file for this user alone, whole or not at all.
fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut unique = [0; 8];
    getrandom::fill(&mut unique).map_err(std::io::Error::other)?;
    let temporary = path.with_extension(format!("{:016x}.tmp", u64::from_le_bytes(unique)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(content)?;
    drop(file);
    fs::rename(temporary, path)
}

fn read_or_make_key(path: &Path) -> std::io::Result<[u8; 32]> {
    if !path.exists() {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(std::io::Error::other)?;
        // Two processes may come here at once: the first link wins, both read it.
        let temporary = path.with_extension(format!("{}", std::process::id()));
        write_private(&temporary, &key)?;
        let linked = fs::hard_link(&temporary, path);
        fs::remove_file(&temporary)?;
        match linked {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    let mut key = [0; 32];
    File::open(path)?.read_exact(&mut key)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{EngineOptions, StepEngine};

    fn engine() -> Engine {
        StepEngine::new(&EngineOptions::default(), 1).unwrap().engine
    }

    #[test]
    fn what_is_no_component_is_told_apart() {
        let engine = engine();
        for (bytes, word) in [
            (&b"hello"[..], "not WebAssembly"),
            (b"\0asm\x01\0\0\0", "core WebAssembly module"),
            (b"\0asm\x0d\0\x01\0garbage", "not valid"),
            (b"", "not WebAssembly"),
        ] {
            let error = compile(&engine, bytes).err().unwrap().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn a_cached_file_counts_only_when_its_tag_is_right() {
        let engine = engine();
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(&dir.path().join("components"), &engine).unwrap();
        let component = Component::from_binary(&engine, b"\0asm\x0d\0\x01\0").unwrap();
        cache.store("sha256:aa", &component).unwrap();
        assert!(cache.load(&engine, "sha256:aa").is_some());
        // The same code under another name, and code with one bit flipped.
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
}
