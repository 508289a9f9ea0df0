//! Runs steps as WebAssembly components: the only crate that knows wasmtime.
//!
//! [`Sandbox::register`] accepts a component and asks it to describe itself. [`StepRunner::run`] runs one
//! attempt in a fresh store with finite fuel, memory, wall clock, output and capabilities, and classifies its
//! end. The sandbox never talks to a store of runs: reports of a step go to the request's sink.

mod attempt;
mod bounded;
mod cache;
mod classify;
mod compile;
mod compiler_process;
mod component_error;
#[cfg(target_os = "linux")]
mod confine;
#[cfg(target_os = "linux")]
mod control_group;
mod credentials;
mod debug_info;
mod engine;
mod guest;
mod host;
mod limiter;
mod mask;
mod mounts;
mod organization;
pub mod own_files;
mod program;
mod reached;
mod registry;
mod scratch;
pub mod secrets;
mod structure;
#[cfg(target_os = "linux")]
mod system_calls;
mod trap;
pub mod tree;
#[cfg(target_os = "linux")]
mod watchdog;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use data_encoding::HEXLOWER;
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use serde_json::Value;
use sha2::{Digest, Sha256};
use stepwell_engine::config::SecretRef;
use stepwell_engine::job::Catalog;
use stepwell_engine::policy::{Capability, Profile};
use stepwell_engine::step::{Need, Origin};
use stepwell_engine::{
    Configuration, Manifest, Outcome, Produced, Receipt, StepEnd, StepRequest, StepRunner, descriptor,
};
use stepwell_sql::Connections;
use wasmtime::component::{HasSelf, Linker};
use wasmtime_wasi::p2::bindings::io;

use crate::credentials::Credentials;
use crate::guest::bindings::exports::stepwell::step::step;
use crate::guest::bindings::stepwell::step::types;
use crate::guest::{Guest, bindings};
use crate::host::breaker::Breakers;
use crate::host::capability;
use crate::host::http::Outbound;
use crate::host::lookups::{Lookups, system_lookup};
use crate::host::waiting::Waiting;
use crate::registry::{Registered, Registry};
use crate::scratch::Scratch;

/// The bounds of programs that this machine can enforce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramBounds {
    /// The version of Landlock's interface. 0 for none.
    pub landlock: i32,
    /// The bounds that it cannot enforce; each program then needs a rule with `allow_weaker: true`.
    pub weaker: Vec<String>,
    /// The reason why there are no control groups, with paths of this machine, for its operator.
    pub without_groups: Option<String>,
}

impl ProgramBounds {
    /// Returns the bounds that this machine can enforce.
    #[cfg(target_os = "linux")]
    pub fn here() -> Self {
        let without_groups = control_group::ControlGroups::here().err().map(str::to_owned);
        Self { landlock: confine::landlock_version(), weaker: confine::weaker(), without_groups }
    }

    /// Returns the bounds that this machine can enforce.
    #[cfg(not(target_os = "linux"))]
    pub fn here() -> Self {
        Self { landlock: 0, weaker: vec!["programs run on Linux only".to_owned()], without_groups: None }
    }
}

pub use compile::{MAX_COMPONENT_BYTES, Pace};
pub use compiler_process::{CompilerProgram, compile_for_parent};
pub use component_error::ComponentError;
pub use engine::{Allocator, EngineOptions};
pub use host::breaker::Circuit;
pub use organization::Answered;
pub use registry::{Component, Stored};
pub use stepwell_sql as sql;

/// The interface that a step exports.
pub const INTERFACE: &str = "stepwell:step/step@0.1.0";

/// The options of a sandbox.
#[derive(Debug, Clone, Default)]
pub struct SandboxOptions {
    /// The cache of compiled components between processes. Default: none, they are compiled each time.
    pub cache_dir: Option<PathBuf>,
    /// Connections, organizations and secrets. Default: none.
    pub config: Configuration,
    /// The settings of the engine.
    pub engine: EngineOptions,
    /// The program that compiles components that did not come with this program, in a process that has limits
    /// and can be killed. Default: none, this process compiles them.
    pub compiler: Option<CompilerProgram>,
    /// The directory of attempts' scratch directories and programs' homes. Default: in the system's directory
    /// for temporary files.
    pub scratch_dir: Option<PathBuf>,
}

/// An objection of a step to a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// JSON pointer to the value.
    pub pointer: String,
    /// The problem.
    pub message: String,
    /// Whether the job is accepted anyway.
    pub warning: bool,
}

/// Maximum number of issues that are accepted from one check.
const MAX_ISSUES: usize = 100;

/// Maximum characters of the text of an issue.
const MAX_ISSUE_CHARS: usize = 2000;

/// Runs steps, each attempt in a separate store.
pub struct Sandbox {
    engine: engine::StepEngine,
    compiler: compile::Compiler,
    outbound: Arc<Outbound>,
    connections: Arc<Connections>,
    scratch: Arc<Scratch>,
    steps: RwLock<Registry>,
}

impl Sandbox {
    /// Sets up the engine.
    ///
    /// # Errors
    /// Fails when the engine does not start, or the cache cannot be used or is open to others.
    pub fn new(options: SandboxOptions) -> Result<Self, ComponentError> {
        let host = |error: wasmtime::Error| ComponentError::Host(format!("{error:#}"));
        let engine =
            engine::StepEngine::new(&options.engine, options.config.service.workers).map_err(host)?;
        let linker = link(&engine.engine).map_err(host)?;
        let compiler = compile::Compiler::new(
            engine.engine.clone(),
            linker,
            options.cache_dir.as_deref(),
            options.compiler,
        )?;
        let config = Arc::new(options.config);
        let of_secrets = config.clone();
        let resolve = move |reference: &str| {
            Ok(secrets::read(&of_secrets, &SecretRef(reference.to_owned()))?.expose().to_owned())
        };
        let connections = Arc::new(Connections::new(config.clone(), Arc::new(resolve)));
        let outbound = Outbound {
            breakers: Breakers::new(config.circuit_breaker.clone()),
            credentials: Credentials::new(config),
            lookups: Lookups::new(Box::new(system_lookup)),
        };
        let scratch_dir =
            options.scratch_dir.unwrap_or_else(|| std::env::temp_dir().join("stepwell-scratch"));
        // A program begins in a directory below it, and relative names would mean another place there.
        let scratch_dir = std::path::absolute(&scratch_dir).unwrap_or(scratch_dir);
        Ok(Self {
            engine,
            compiler,
            outbound: Arc::new(outbound),
            connections,
            scratch: Arc::new(Scratch::new(scratch_dir)),
            steps: RwLock::default(),
        })
    }

    /// Adds a component under the type that it names itself, and compiles it if necessary. It replaces a
    /// component of the same type.
    ///
    /// # Errors
    /// Fails when the bytes are not a component, are not a step, or do not describe themselves.
    pub async fn register(&self, wasm: impl Into<Bytes>) -> Result<Arc<Manifest>, ComponentError> {
        let component = self.examine(wasm).await?;
        let manifest = component.manifest().clone();
        self.write().add_local(component);
        Ok(manifest)
    }

    /// Examines a component without adding it, and compiles it if necessary.
    ///
    /// # Errors
    /// As [`Sandbox::register`], with every problem of its descriptor.
    pub async fn examine(&self, wasm: impl Into<Bytes>) -> Result<Component, ComponentError> {
        let component = self.described(wasm.into(), Origin::Registered).await?;
        let problems = descriptor::problems(component.manifest());
        match problems.is_empty() {
            true => Ok(component),
            false => Err(ComponentError::Descriptor(problems)),
        }
    }

    /// Adds a component that was examined when it was registered, without a type that selects it. Stricter
    /// rules for descriptors in a later version do not stop runs that began with it.
    ///
    /// # Errors
    /// Fails when the component no longer works with this engine.
    pub async fn load(&self, wasm: impl Into<Bytes>, origin: Origin) -> Result<Component, ComponentError> {
        let component = self.described(wasm.into(), origin).await?;
        self.write().know(component.clone());
        Ok(component)
    }

    async fn described(&self, wasm: Bytes, origin: Origin) -> Result<Component, ComponentError> {
        let digest = digest(&wasm);
        let prepared = self.compiler.prepare(&digest, &wasm, origin, Pace::Wanted).await?;
        let described =
            self.pure(&prepared, async |step, store| step.stepwell_step_step().call_describe(store).await);
        let wrong = |why: String| {
            ComponentError::WrongWorld(format!("the component does not describe itself: {why}"))
        };
        let manifest = manifest(described.await.map_err(wrong)?).map_err(wrong)?;
        // Policy decides by the needs of a step, so a component must list each interface of Stepwell
        // that it imports.
        for capability in Capability::ALL.iter().filter(|capability| capability.is_ours()) {
            let asks = manifest.needs.iter().any(|need| need.capability == *capability);
            if !asks && prepared.imports(&self.engine.engine, &format!("stepwell:{capability}/")) {
                return Err(wrong(format!(
                    "it imports `stepwell:{capability}` and does not name `{capability}` among its needs"
                )));
            }
        }
        Ok(Component::known(manifest, &digest, origin, Some(wasm)))
    }

    /// Adds a component whose manifest and digest are known, without compiling it: for components that come
    /// with the program.
    pub fn register_known(&self, manifest: Manifest, digest: &str, wasm: impl Into<Bytes>) {
        let component = Component::known(manifest.into(), digest, Origin::BuiltIn, Some(wasm.into()));
        self.write().add_built_in(component);
    }

    /// Adds an examined component as the choice of this process's operator. It replaces a component of the
    /// same type.
    pub fn add(&self, component: Component) {
        self.write().add_local(component);
    }

    /// Adds a component that only its digest selects.
    pub fn know(&self, component: Component) {
        self.write().know(component);
    }

    /// Applies the store's data about a step type, and returns whether they changed. Running
    /// attempts continue.
    pub fn set_stored(&self, step_type: &str, stored: Option<Stored>) -> bool {
        self.write().set_stored(step_type, stored)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Registry> {
        self.steps.write()
    }

    fn read(&self) -> RwLockReadGuard<'_, Registry> {
        self.steps.read()
    }

    /// Returns the component that a step type selects: `acme/invoice`, with a version (`@1.2`) or a
    /// digest (`@sha256:...`).
    pub fn find(&self, step_type: &str) -> Option<Component> {
        self.read().find(step_type).cloned()
    }

    /// Returns the component with a digest.
    pub fn by_digest(&self, digest: &str) -> Option<Component> {
        self.read().by_digest(digest).cloned()
    }

    /// Drops components that belong to no step type and that no run has used since the last call, with their
    /// code. A run that needs one again loads it from the store.
    pub fn retire(&self) {
        let mut registry = self.write();
        registry.retire();
        self.compiler.forget(|digest| registry.has(digest));
    }

    /// Returns the components of a step type, the newest version first, and whether each is the active one.
    pub fn components(&self, step_type: &str) -> Vec<(Component, bool)> {
        self.read().versions(step_type)
    }

    /// Returns the digest of the built-in step with this name.
    pub fn built_in(&self, step_type: &str) -> Option<String> {
        self.read().built_in(step_type).map(str::to_owned)
    }

    /// Returns the digest of the step with this name that the operator of this process chose.
    pub fn local(&self, step_type: &str) -> Option<String> {
        self.read().local(step_type).map(str::to_owned)
    }

    /// Returns the digest of the component of a step type: `sha256:...`.
    pub fn digest(&self, step_type: &str) -> Option<String> {
        self.find(step_type).map(|found| found.digest().to_owned())
    }

    /// Returns the databases of the configuration.
    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Returns the number of open circuit breakers of each project with a server that has failed.
    pub fn open_circuits(&self) -> Vec<(String, usize)> {
        #[allow(clippy::disallowed_methods, reason = "an open breaker ends with real time")]
        self.outbound.breakers.open(std::time::Instant::now())
    }

    /// Returns the bytes of the component of a step type, if this process has them.
    pub fn component(&self, step_type: &str) -> Option<Bytes> {
        self.find(step_type)?.wasm().cloned()
    }

    /// Returns whether a step of this type would have to wait for its component to be compiled.
    pub fn needs_compiling(&self, step_type: &str) -> bool {
        self.find(step_type).is_some_and(|found| !self.compiler.is_ready(found.digest()))
    }

    /// Returns the code of a component.
    pub(crate) async fn prepared(
        &self,
        component: &Registered,
        pace: Pace,
    ) -> Result<compile::Prepared, ComponentError> {
        let Some(wasm) = component.wasm.get() else {
            let (name, digest) = (&component.manifest.type_name, &component.digest);
            return Err(ComponentError::Host(format!(
                "the component {digest} of `{name}` has not been loaded from the store"
            )));
        };
        self.compiler.prepare(&component.digest, wasm, component.origin, pace).await
    }

    /// Loads the component of a step type, and compiles it if necessary, so that its first attempt does
    /// not wait.
    ///
    /// # Errors
    /// Fails when there is no such step type, or the component does not compile.
    pub async fn warm_up(&self, step_type: &str, pace: Pace) -> Result<(), ComponentError> {
        let missing = || ComponentError::Host(format!("there is no step type `{step_type}`"));
        let found = self.find(step_type).ok_or_else(missing)?;
        self.prepared(&found.0, pace).await.map(drop)
    }

    /// Returns whether the component of a step type is compiled and loaded.
    pub fn is_loaded(&self, step_type: &str) -> bool {
        self.find(step_type).is_some_and(|found| self.compiler.is_loaded(found.digest()))
    }

    /// Returns the allocator of the memory of instances.
    pub fn allocator(&self) -> Allocator {
        self.engine.allocator
    }

    /// Returns the objections of the step itself to a configuration. A template fills in the values at the
    /// JSON pointers `pending` later.
    ///
    /// # Errors
    /// Fails when there is no such step type, or the component does not answer.
    pub async fn validate(
        &self,
        step_type: &str,
        config: &Value,
        pending: Vec<String>,
    ) -> Result<Vec<Issue>, ComponentError> {
        let missing = || ComponentError::Host(format!("there is no step type `{step_type}`"));
        let found = self.find(step_type).ok_or_else(missing)?;
        let prepared = self.prepared(&found.0, Pace::Wanted).await?;
        let config = config.to_string();
        let issues = self
            .pure(&prepared, async |step, store| {
                step.stepwell_step_step().call_validate(store, &config, &pending).await
            })
            .await
            .map_err(|why| {
                ComponentError::Failed(format!(
                    "`{step_type}` failed while it checked its configuration: {why}"
                ))
            })?;
        let convert = |issue: types::Issue| Issue {
            warning: matches!(issue.severity, types::Severity::Warning),
            pointer: issue.pointer,
            message: issue.message.chars().take(MAX_ISSUE_CHARS).collect(),
        };
        Ok(issues.into_iter().take(MAX_ISSUES).map(convert).collect())
    }
}

#[async_trait]
impl StepRunner for Sandbox {
    async fn run(&self, request: StepRequest) -> StepEnd {
        match self.by_digest(request.grant.component()) {
            Some(component) => self.attempt(&component.0, request).await,
            None => {
                let (name, digest) = (&request.step_type, request.grant.component());
                let message =
                    format!("this process does not have the component {digest} of the step type `{name}`");
                StepEnd {
                    outcome: Outcome::HostFault { message },
                    produced: Produced::default(),
                    receipt: Receipt::default(),
                }
            }
        }
    }
}

impl Catalog for Sandbox {
    fn manifest(&self, step_type: &str) -> Option<Arc<Manifest>> {
        self.find(step_type).map(|found| found.manifest().clone())
    }

    fn types(&self) -> Vec<String> {
        self.read().types()
    }

    fn versions(&self, type_name: &str) -> Vec<String> {
        let shown = |(component, active): (Component, bool)| {
            let version = &component.manifest().version;
            if active { format!("{version} (active)") } else { version.clone() }
        };
        self.components(type_name).into_iter().map(shown).collect()
    }
}

/// Returns the digest of a component: `sha256:...`.
pub fn digest(wasm: &[u8]) -> String {
    format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(wasm)))
}

/// Links all of WASI 0.2 and `wasi:http`, because toolchains import interfaces that they never use, and
/// Stepwell's own interfaces. A call that is not granted returns an error.
fn link(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    // Functions with limits replace those without.
    linker.allow_shadowing(true);
    io::poll::add_to_linker::<Guest, Waiting>(&mut linker, Guest::timed)?;
    io::streams::add_to_linker::<Guest, Waiting>(&mut linker, Guest::timed)?;
    capability::link(&mut linker)?;
    linker.allow_shadowing(false);
    bindings::stepwell::log::log::add_to_linker::<Guest, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    Ok(linker)
}

fn manifest(described: step::Descriptor) -> Result<Arc<Manifest>, String> {
    let name = described.type_name;
    if !descriptor::is_type_name(&name) {
        let name: String = name.chars().take(100).collect();
        return Err(format!("{name:?} is not a type name: write for instance `acme/invoice_check`"));
    }
    let config_schema: Value =
        serde_json::from_str(&described.config_schema).map_err(|e| format!("its schema is not JSON: {e}"))?;
    if !config_schema.is_object() {
        return Err("its schema is not a JSON object".to_owned());
    }
    let need = |(index, need): (usize, types::Need)| {
        let capability = descriptor::capability(index, &need.capability)?;
        Ok(Need { capability, purpose: need.purpose, optional: need.optional })
    };
    let needs = described.needs.into_iter().enumerate().map(need).collect::<Result<_, String>>()?;
    Ok(Arc::new(Manifest {
        type_name: name,
        version: described.version,
        summary: described.summary,
        config_schema: config_schema.into(),
        needs,
        profile: match described.profile {
            types::Profile::Tiny => Profile::Tiny,
            types::Profile::Standard => Profile::Standard,
            types::Profile::Large => Profile::Large,
        },
        idempotent: described.idempotent,
    }))
}
