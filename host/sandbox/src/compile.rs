//! Compiles the bytes of a component, once per component and machine.
//!
//! The threat: a component that is cheap to send and expensive to compile, and a cache file that another user
//! wrote, because its content runs outside the sandbox. So sizes and structure are checked first, components
//! that did not come with the program are compiled in a separate process if there is one, and a cached file
//! counts only when its keyed hash is correct (`crate::cache`).

use std::collections::{BTreeMap, HashMap};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use parking_lot::Mutex;
use stepwell_engine::step::Origin;
use stepwell_engine::system::why;
use tokio::sync::{OnceCell, Semaphore, oneshot};
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::INTERFACE;
use crate::cache::{Cache, map_code};
use crate::compiler_process::CompilerProgram;
use crate::component_error::ComponentError;
use crate::guest::Guest;
use crate::guest::bindings::StepPre;
use crate::{debug_info, structure};

/// Maximum size of a component: larger than any toolchain produces today.
pub const MAX_COMPONENT_BYTES: usize = 64 << 20;

/// Maximum number of calls of one component at one time that belong to no run: each may need the memory of
/// the profile `large`.
const PURE_CALLS: usize = 2;

/// Maximum number of components whose refusal is remembered.
const MOST_REFUSED: usize = 1000;

/// A component that is ready to be instantiated.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub pre: StepPre<Guest>,
    /// Number of linear memories of an instance.
    pub memories: u32,
    /// Permits for calls of the component that belong to no run.
    pub pure: Arc<Semaphore>,
}

impl Prepared {
    /// Returns whether the component imports an interface whose name starts with `prefix`.
    pub fn imports(&self, engine: &Engine, prefix: &str) -> bool {
        let component = self.pre.instance_pre().component();
        component.component_type().imports(engine).any(|(name, _)| name.starts_with(prefix))
    }
}

type Slot = Arc<OnceCell<Prepared>>;

/// The share of the machine that a compilation may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// A caller waits for it: every core, with a lower priority than serving requests.
    Wanted,
    /// No caller waits yet: half of the cores, and only when they are idle.
    Background,
}

impl Pace {
    /// Returns the number of threads and their niceness.
    pub(crate) fn threads(self) -> (usize, i32) {
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
    program: Option<CompilerProgram>,
    /// Permits for compiling strangers' components: other strangers' components wait, built-in ones do not.
    turns: Arc<Semaphore>,
    prepared: Mutex<BTreeMap<String, Slot>>,
    /// The errors of components that cannot be compiled, for an immediate answer to repeated requests.
    refused: Arc<Mutex<HashMap<String, ComponentError>>>,
}

impl Compiler {
    pub fn new(
        engine: Engine,
        linker: Linker<Guest>,
        cache_dir: Option<&Path>,
        program: Option<CompilerProgram>,
    ) -> Result<Self, ComponentError> {
        let cache = cache_dir.map(|dir| Cache::open(dir, &engine)).transpose()?;
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            engine,
            linker: Arc::new(linker),
            cache,
            program,
            turns: Arc::new(Semaphore::new((cores / 2).max(1))),
            prepared: Mutex::default(),
            refused: Arc::default(),
        })
    }

    /// Returns whether the component is compiled: in memory, or in the cache.
    pub fn is_ready(&self, digest: &str) -> bool {
        self.is_loaded(digest) || self.cache.as_ref().is_some_and(|cache| cache.path(digest).exists())
    }

    /// Returns whether the component can be instantiated at once.
    pub fn is_loaded(&self, digest: &str) -> bool {
        let prepared = self.prepared.lock();
        prepared.get(digest).is_some_and(|slot| slot.initialized())
    }

    /// Drops the code of components that are not `used` from memory; it stays in the cache.
    pub fn forget(&self, used: impl Fn(&str) -> bool) {
        let mut prepared = self.prepared.lock();
        prepared.retain(|digest, slot| !slot.initialized() || used(digest));
    }

    fn slot(&self, digest: &str) -> Slot {
        let mut prepared = self.prepared.lock();
        prepared.entry(digest.to_owned()).or_default().clone()
    }

    /// Returns the component, loaded or compiled. Concurrent callers wait for the first one. A caller never
    /// waits for another component, unless both come from strangers and must be compiled.
    pub async fn prepare(
        &self,
        digest: &str,
        wasm: &Bytes,
        origin: Origin,
        pace: Pace,
    ) -> Result<Prepared, ComponentError> {
        let slot = self.slot(digest);
        if let Some(prepared) = slot.get() {
            return Ok(prepared.clone());
        }
        let refused = self.refused.clone();
        if let Some(error) = refused.lock().get(digest) {
            return Err(error.clone());
        }
        let work = Work {
            engine: self.engine.clone(),
            linker: self.linker.clone(),
            cache: self.cache.clone(),
            program: self.program.clone().filter(|_| origin != Origin::BuiltIn),
            digest: digest.to_owned(),
            wasm: wasm.clone(),
            origin,
            pace,
        };
        let turns = self.turns.clone();
        // A separate task, so that a caller that goes away does not stop it for the others.
        let prepared = tokio::spawn(async move {
            let load = async move {
                let _turn = match work.needs_turn() {
                    true => Some(turns.acquire_owned().await),
                    false => None,
                };
                in_a_thread(move || work.load_or_compile()).await
            };
            slot.get_or_try_init(|| load).await.cloned()
        });
        let prepared = prepared
            .await
            .unwrap_or_else(|error| Err(ComponentError::Host(format!("compiling failed: {error}"))));
        if let Err(error) = &prepared
            && !matches!(error, ComponentError::Host(_))
        {
            let mut refused = refused.lock();
            if refused.len() >= MOST_REFUSED {
                refused.clear();
            }
            refused.insert(digest.to_owned(), error.clone());
        }
        prepared
    }
}

/// Runs work on a separate thread outside of the runtime: a process that ends does not wait for it.
async fn in_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ComponentError> + Send + 'static,
) -> Result<T, ComponentError> {
    let (sender, done) = oneshot::channel();
    let thread = thread::Builder::new().name("compile".to_owned()).spawn(move || {
        // A caller that is gone does not need the answer.
        let _ = sender.send(work());
    });
    let failed = |error: &dyn std::fmt::Display| ComponentError::Host(format!("compiling failed: {error}"));
    thread.map_err(|error| failed(&error))?;
    done.await.unwrap_or_else(|error| Err(failed(&error)))
}

/// Compiles in a separate pool. In rayon's global pool, a small component would wait until every function of
/// a large one is compiled.
pub(crate) fn in_pool<T: Send>(threads: usize, niceness: i32, work: impl FnOnce() -> T + Send) -> T {
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
    // On Linux this sets the priority of the calling thread.
    if let Err(error) = rustix::process::nice(niceness) {
        tracing::debug!("cannot lower the priority of a compiling thread: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn lower_priority(_: i32) {}

/// A component that must be loaded or compiled.
struct Work {
    engine: Engine,
    linker: Arc<Linker<Guest>>,
    cache: Option<Cache>,
    program: Option<CompilerProgram>,
    digest: String,
    wasm: Bytes,
    origin: Origin,
    pace: Pace,
}

impl Work {
    /// Returns whether the component comes from a stranger and must be compiled.
    fn needs_turn(&self) -> bool {
        self.origin != Origin::BuiltIn
            && self.cache.as_ref().is_none_or(|cache| !cache.path(&self.digest).exists())
    }

    fn load_or_compile(&self) -> Result<Prepared, ComponentError> {
        let cached = self.cache.as_ref().and_then(|cache| cache.load(&self.engine, &self.digest));
        let component = match cached {
            Some(component) => component,
            None => self.compile_once()?,
        };
        let Some(resources) = component.resources_required() else {
            return Err(ComponentError::WrongWorld(
                "the component imports modules or instances of modules".to_owned(),
            ));
        };
        let wrong = |error: wasmtime::Error| ComponentError::WrongWorld(world(&error));
        let pre = self.linker.instantiate_pre(&component).map_err(wrong)?;
        Ok(Prepared {
            pre: StepPre::new(pre).map_err(wrong)?,
            memories: resources.num_memories,
            pure: Arc::new(Semaphore::new(PURE_CALLS)),
        })
    }

    /// Compiles a component once for all processes that share the cache.
    fn compile_once(&self) -> Result<Component, ComponentError> {
        let Some(cache) = &self.cache else { return self.compile(None) };
        // Without the lock, the component is compiled anyway, at worst twice. The lock ends with its file.
        let lock = cache.lock(&self.digest);
        let _lock = lock.inspect_err(|error| tracing::debug!("no lock on the cache: {error}"));
        match cache.load(&self.engine, &self.digest) {
            Some(component) => Ok(component),
            None => self.compile(Some(cache)),
        }
    }

    fn compile(&self, cache: Option<&Cache>) -> Result<Component, ComponentError> {
        check(&self.wasm)?;
        if self.origin != Origin::BuiltIn {
            structure::check(&self.wasm)?;
        }
        if let Some(program) = &self.program {
            return self.compile_apart(program, cache);
        }
        let (threads, niceness) = self.pace.threads();
        let compiled = in_pool(threads, niceness, || {
            Component::from_binary(&self.engine, &debug_info::bounded(&self.wasm))
        });
        let component = compiled.map_err(|error| invalid(&error))?;
        let code = |component: &Component| component.serialize().map_err(std::io::Error::other);
        if let Some(cache) = cache
            && let Err(error) = code(&component).and_then(|code| cache.store(&self.digest, &code))
        {
            tracing::warn!("a compiled component was not cached: {error}");
        }
        Ok(component)
    }

    /// Compiles in another process, which writes to a file of the cache or to a temporary file.
    fn compile_apart(
        &self,
        program: &CompilerProgram,
        cache: Option<&Cache>,
    ) -> Result<Component, ComponentError> {
        let failed = |error: std::io::Error| {
            ComponentError::Host(format!("a compiled component cannot be written: {}", why(&error)))
        };
        let code = match cache {
            Some(cache) => tempfile::Builder::new().suffix(".tmp").tempfile_in(&cache.dir),
            None => tempfile::NamedTempFile::new(),
        };
        let code = code.map_err(failed)?;
        program.compile(&self.wasm, self.pace, code.reopen().map_err(failed)?)?;
        if let Some(cache) = cache {
            cache.adopt(&self.digest, code).map_err(failed)?;
            let lost = || ComponentError::Host("a compiled component is not in the cache".to_owned());
            return cache.load(&self.engine, &self.digest).ok_or_else(lost);
        }
        let opened = format!("/proc/self/fd/{}", code.as_file().as_raw_fd());
        map_code(&self.engine, &opened).map_err(|error| {
            ComponentError::Host(format!("a compiled component cannot be loaded: {error:#}"))
        })
    }
}

fn world(error: &wasmtime::Error) -> String {
    format!(
        "the component is not a step: {error:#} (a step exports `{INTERFACE}` and imports WASI 0.2 and `stepwell:*`; see wit/README.md)"
    )
}

/// Refuses bytes that are not a component.
fn check(wasm: &[u8]) -> Result<(), ComponentError> {
    if wasm.len() > MAX_COMPONENT_BYTES {
        let message =
            format!("the component is {} bytes long; the limit is {MAX_COMPONENT_BYTES}", wasm.len());
        return Err(ComponentError::TooLarge(message));
    }
    match wasm.get(..8) {
        Some([0, b'a', b's', b'm', 0x0d, 0, 1, 0]) => Ok(()),
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => Err(ComponentError::NotAComponent(
            "this is a core WebAssembly module and not a component: build for the target wasm32-wasip2"
                .to_owned(),
        )),
        _ => Err(ComponentError::NotAComponent(
            "this is not WebAssembly: a component begins with the bytes 00 61 73 6d 0d 00 01 00".to_owned(),
        )),
    }
}

fn invalid(error: &wasmtime::Error) -> ComponentError {
    ComponentError::NotAComponent(format!("the component is not valid: {error:#}"))
}

/// Compiles a component to bytes that another process can load.
pub(crate) fn precompile(engine: &Engine, wasm: &[u8]) -> Result<Vec<u8>, ComponentError> {
    check(wasm)?;
    engine.precompile_component(&debug_info::bounded(wasm)).map_err(|error| invalid(&error))
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
            let error = precompile(&engine, bytes).err().unwrap().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
