//! The builder of a host.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{SubsecRound, Utc};
use parking_lot::RwLock;
use sha2::{Digest, Sha256};
use stepwell_builtins::BUILTINS;
use stepwell_engine::clock::{Clock, Timestamp};
use stepwell_engine::config::SECTION_FILES;
use stepwell_engine::document::{Diagnostic, Diagnostics, MAX_BYTES};
use stepwell_engine::job::Catalog;
use stepwell_engine::lock::{Locks, MemoryLocks};
use stepwell_engine::policy::{Policy, PolicySet};
use stepwell_engine::queue::QueueFile;
use stepwell_engine::system::read_text;
use stepwell_engine::trace::Spans;
use stepwell_engine::{Configuration, Manifest, StepRunner, Store};
use stepwell_sandbox::{CompilerProgram, EngineOptions, Sandbox, SandboxOptions};

use crate::atlantis::{Parts, Site};
use crate::context::{Context, Settings};
use crate::engines::LastAnswer;
use crate::node::Node;
use crate::parallel::{self, ParallelOverride};
use crate::prepare::KnownSteps;
use crate::telemetry::Measures;
use crate::{Host, HostError, atlantis, private, stores};

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "the one clock that everything else is given")]
    fn now(&self) -> Timestamp {
        // Stores have a precision of one microsecond, so a time is the same before and after it is stored.
        Utc::now().trunc_subsecs(6)
    }
}

/// The settings of a new host. Each setting has a working default.
#[derive(Default)]
pub struct HostBuilder {
    data_dir: Option<PathBuf>,
    cache_dir: Option<PathBuf>,
    scratch_dir: Option<PathBuf>,
    store: Option<Arc<dyn Store>>,
    locks: Option<Arc<dyn Locks>>,
    policies: Vec<Policy>,
    policy_files: Vec<PathBuf>,
    config_file: Option<PathBuf>,
    clock: Option<Arc<dyn Clock>>,
    engine: EngineOptions,
    deterministic: Option<u64>,
    without_builtins: bool,
    queues: QueueFile,
    queue_file: Option<PathBuf>,
    runner: Option<Arc<dyn StepRunner>>,
    sandbox: Option<Arc<Sandbox>>,
    store_url: Option<String>,
    default_data_dir: Option<PathBuf>,
    spans: Option<Arc<dyn Spans>>,
    compile_on_demand: bool,
    parallel: Option<bool>,
    compiler: Option<CompilerProgram>,
}

impl HostBuilder {
    /// Sets the directory of the store and of the workspaces of runs. Default: runs in memory and workspaces
    /// in a temporary directory, which are both removed with the host.
    #[must_use]
    pub fn data_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(dir.into());
        self
    }

    /// Sets the data directory to use when neither [`HostBuilder::data_dir`] nor the configuration names one.
    #[must_use]
    pub fn default_data_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.default_data_dir = Some(dir.into());
        self
    }

    /// Sets the directory of compiled components, which only this user can read. Default: `components` in the
    /// data directory. Without a data directory, each process compiles them itself.
    #[must_use]
    pub fn cache_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(dir.into());
        self
    }

    /// Sets the directory for the scratch directories of steps and the home directories of the programs that
    /// they start. They are removed after the attempt, or when the next process starts. Default: `scratch` in
    /// the data directory.
    #[must_use]
    pub fn scratch_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.scratch_dir = Some(dir.into());
        self
    }

    /// Sets a custom store. Default: SQLite in the data directory, or memory.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Sets a custom back end of locks. Default: locks in the Redis of the configuration, or in the database of the
    /// store, and with a custom store, in the memory of this process.
    #[must_use]
    pub fn locks(mut self, locks: Arc<dyn Locks>) -> Self {
        self.locks = Some(locks);
        self
    }

    /// Adds a policy file. Default: steps get the profile `standard` and no capability.
    #[must_use]
    pub fn policy_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.policy_files.push(path.into());
        self
    }

    /// Adds parsed policies ([`Policy::parse`]) to those from files.
    #[must_use]
    pub fn policies(mut self, policies: impl IntoIterator<Item = Policy>) -> Self {
        self.policies.extend(policies);
        self
    }

    /// Sets the configuration file with connections, organizations and secrets. If `connections.yaml`,
    /// `azure_devops.yaml` and `step_types.yaml` exist beside it, each of them supplies one section. Default:
    /// none of them.
    #[must_use]
    pub fn config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.config_file = Some(path.into());
        self
    }

    /// Sets the clock. Default: the operating system's clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Sets the options of the WebAssembly engine. Default: pooling allocator.
    #[must_use]
    pub fn engine(mut self, options: EngineOptions) -> Self {
        self.engine = options;
        self
    }

    /// Gives steps fixed clocks (from the run's scheduled time) and random numbers (from `seed`, the step and
    /// the attempt), so that each execution of the same run behaves the same. Default: real clocks and random
    /// numbers.
    #[must_use]
    pub fn deterministic(mut self, seed: u64) -> Self {
        self.deterministic = Some(seed);
        self
    }

    /// Removes the built-in steps. Default: they are available.
    #[must_use]
    pub fn without_builtins(mut self) -> Self {
        self.without_builtins = true;
        self
    }

    /// Switches parallel execution of groups on or off, whatever the environment and the configuration say.
    #[must_use]
    pub fn parallel_execution(mut self, on: bool) -> Self {
        self.parallel = Some(on);
        self
    }

    /// Sets the queues. Default: one for each time zone that jobs name, created on demand.
    #[must_use]
    pub fn queues(mut self, queues: QueueFile) -> Self {
        self.queues = queues;
        self
    }

    /// Sets the file `timezone_queues.yaml`, in place of [`HostBuilder::queues`].
    #[must_use]
    pub fn queue_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.queue_file = Some(path.into());
        self
    }

    /// Shares the sandbox of another host with the same configuration, including its steps and compiled
    /// components. Default: a separate sandbox.
    #[must_use]
    pub fn sandbox(mut self, sandbox: Arc<Sandbox>) -> Self {
        self.sandbox = Some(sandbox);
        self
    }

    /// Sets a runner to use instead of the sandbox, for simulations and tests of schedules that run no guest.
    /// Default: the sandbox.
    #[must_use]
    pub fn runner(mut self, runner: Arc<dyn StepRunner>) -> Self {
        self.runner = Some(runner);
        self
    }

    /// Sets the receiver of the spans of runs, attempts and their calls. Default: none, without tracing.
    #[must_use]
    pub fn spans(mut self, spans: Arc<dyn Spans>) -> Self {
        self.spans = Some(spans);
        self
    }

    /// Compiles each step when a run first needs it. Default: a service compiles all steps in the background
    /// after its start ([`crate::Steps::readiness`]).
    #[must_use]
    pub fn compile_on_demand(mut self) -> Self {
        self.compile_on_demand = true;
        self
    }

    /// Sets a program that compiles other users' components in a separate process, which has its own limits
    /// and can be killed. The program calls [`stepwell_sandbox::compile_for_parent`]. Default: this process
    /// compiles them, and limits only their structure.
    #[must_use]
    pub fn compiler(mut self, program: CompilerProgram) -> Self {
        self.compiler = Some(program);
        self
    }

    /// Sets a PostgreSQL store by its URL. Default: the store in the configuration.
    #[must_use]
    pub fn store_url(mut self, url: impl Into<String>) -> Self {
        self.store_url = Some(url.into());
        self
    }

    /// Reads the current configuration from the files.
    ///
    /// # Errors
    /// Returns every problem of the files.
    pub fn configuration(&self) -> Result<Arc<Configuration>, HostError> {
        Ok(self.sources().read()?.config)
    }

    /// Reads the current settings of the queues from the files.
    ///
    /// # Errors
    /// Returns every problem of the files.
    pub fn queue_settings(&self) -> Result<QueueFile, HostError> {
        Ok(self.sources().read()?.queues)
    }

    /// Returns the setting of parallel execution that counts more than the configuration.
    ///
    /// # Errors
    /// Fails when the environment variable is neither `true` nor `false`.
    pub fn parallel_override(&self) -> Result<Option<ParallelOverride>, HostError> {
        match self.parallel {
            Some(on) => Ok(Some(ParallelOverride { on, variable: None })),
            None => parallel::by_environment(),
        }
    }

    fn sources(&self) -> Sources {
        Sources {
            policies: self.policies.clone(),
            policy_files: self.policy_files.clone(),
            config_file: self.config_file.clone(),
            queues: self.queues.clone(),
            queue_file: self.queue_file.clone(),
        }
    }

    /// Builds the host.
    ///
    /// # Errors
    /// Returns every problem of the policy and configuration files, or the failure of a store or cache.
    pub fn build(self) -> Result<Host, HostError> {
        let sources = self.sources();
        let settings = sources.read()?;
        let parallel = self.parallel_override()?;
        let config = settings.config.clone();
        let data_dir = self.data_dir.or_else(|| config.data_dir.clone()).or(self.default_data_dir);
        let temporary = match data_dir {
            Some(_) => None,
            None => Some(
                tempfile::tempdir().map_err(|error| HostError::File { path: std::env::temp_dir(), error })?,
            ),
        };
        if let Some(dir) = &data_dir {
            private::directory(dir);
        }
        let base =
            temporary.as_ref().map(|dir| dir.path().to_owned()).or(data_dir.clone()).unwrap_or_default();
        let cache_dir = self.cache_dir.or_else(|| data_dir.as_ref().map(|dir| dir.join("components")));
        let sandbox = match self.sandbox {
            Some(shared) => shared,
            None => {
                let config = Configuration::clone(&config);
                let scratch_dir = self.scratch_dir.or_else(|| Some(base.join("scratch")));
                let options = SandboxOptions {
                    cache_dir,
                    config,
                    engine: self.engine,
                    compiler: self.compiler,
                    scratch_dir,
                };
                let sandbox = Sandbox::new(options)?;
                if !self.without_builtins {
                    add_builtins(&sandbox)?;
                }
                Arc::new(sandbox)
            }
        };
        misspelt(&config, &sandbox)?;
        // A store that ends with the process needs no components for later, nor does a host with another runner.
        let lasts =
            self.store.is_some() || self.store_url.is_some() || config.store.is_some() || data_dir.is_some();
        let has_guests = self.runner.is_none();
        let store_file = match (&self.store, &self.store_url, &config.store) {
            (None, None, None) => data_dir.as_deref().map(stores::file_in),
            _ => None,
        };
        let stores::Opened { store, locks } =
            opened(self.store, &settings, self.store_url.as_deref(), data_dir.as_deref())?;
        let (locks, measures) = (self.locks.unwrap_or(locks), Measures::default());
        locks.measure(measures.locks.clone());
        // Other threads would not follow the clock of a test that has its own runner.
        let has_threads = has_guests || self.clock.is_none();
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let parts = Parts { store: store.clone(), locks: locks.clone(), clock: clock.clone() };
        let atlantis = Site::open(&config, parts)?;
        let context = Context {
            store,
            locks,
            atlantis,
            runner: self.runner.unwrap_or_else(|| sandbox.clone()),
            sandbox,
            settings: RwLock::new(Arc::new(settings)),
            sources,
            clock,
            base,
            _temporary: temporary,
            deterministic: self.deterministic,
            node: Node::default(),
            known: KnownSteps::default(),
            keeps_components: lasts && has_guests,
            store_file,
            measures,
            spark: LastAnswer::default(),
            spans: self.spans,
            compile_ahead: !self.compile_on_demand && has_guests,
            has_threads,
            parallel,
        };
        Ok(Host { ctx: Arc::new(context) })
    }
}

/// Returns the store of the builder with locks in memory, or else that of the settings.
fn opened(
    store: Option<Arc<dyn Store>>,
    settings: &Settings,
    url: Option<&str>,
    data_dir: Option<&Path>,
) -> Result<stores::Opened, HostError> {
    let Some(store) = store else { return stores::open(settings, url, data_dir) };
    let config = &settings.config;
    let memory = || Arc::new(MemoryLocks::new(config.locks.settings()));
    let locks = stores::redis(config)?.unwrap_or_else(|| memory());
    Ok(stores::Opened { store, locks })
}

fn add_builtins(sandbox: &Sandbox) -> Result<(), HostError> {
    for builtin in BUILTINS {
        let manifest: Manifest = serde_json::from_str(builtin.manifest)
            .map_err(|error| HostError::File { path: builtin.name.into(), error: error.into() })?;
        sandbox.register_known(manifest, builtin.digest, builtin.wasm);
    }
    Ok(())
}

/// The files of the settings.
pub(crate) struct Sources {
    policies: Vec<Policy>,
    policy_files: Vec<PathBuf>,
    config_file: Option<PathBuf>,
    queues: QueueFile,
    queue_file: Option<PathBuf>,
}

impl Sources {
    /// Reads all files.
    pub fn read(&self) -> Result<Settings, HostError> {
        let mut texts = Vec::new();
        let config = match &self.config_file {
            Some(path) => {
                let mut files = vec![(name(path), read(path)?)];
                for (section, _) in SECTION_FILES {
                    let beside = dir_of(path).join(section);
                    if beside != *path && beside.is_file() {
                        files.push((name(&beside), read(&beside)?));
                    }
                }
                texts.extend(files.iter().map(|(_, text)| text.clone()));
                Configuration::parse_all(&files, dir_of(path)).map_err(HostError::Invalid)?
            }
            None => Configuration::default(),
        };
        stores::check(&config)?;
        atlantis::check(&config)?;
        self.with(config, texts)
    }

    /// Reads the other files. `texts` are the files that `config` was read from.
    pub fn with(&self, config: Configuration, mut texts: Vec<String>) -> Result<Settings, HostError> {
        let mut policies = self.policies.clone();
        texts.extend(policies.iter().map(|policy| serde_json::to_string(policy).unwrap_or_default()));
        // Policy files of the builder replace those of the configuration.
        let files = if self.policy_files.is_empty() { &config.policies } else { &self.policy_files };
        for path in files {
            let text = read(path)?;
            policies.extend(Policy::parse(&name(path), &text, dir_of(path)).map_err(HostError::Invalid)?);
            texts.push(text);
        }
        let policies = PolicySet::new(policies, &config).map_err(HostError::Policy)?;
        let beside = self.config_file.as_ref().map(|path| dir_of(path).join("timezone_queues.yaml"));
        let file = self.queue_file.as_ref().or(config.queues.as_ref());
        let queues = match file.or(beside.as_ref().filter(|path| path.is_file())) {
            Some(path) => {
                let text = read(path)?;
                let queues = QueueFile::parse(&name(path), &text).map_err(HostError::Invalid)?;
                texts.push(text);
                queues
            }
            None => self.queues.clone(),
        };
        Ok(Settings { policies, config: Arc::new(config), queues, digest: digest(&mut texts) })
    }
}

/// Returns the SHA-256 digest of texts in any order.
pub(crate) fn digest(texts: &mut [String]) -> String {
    texts.sort_unstable();
    let mut all = Sha256::new();
    for text in texts.iter() {
        // The lengths mark the boundaries between texts.
        all.update((text.len() as u64).to_le_bytes());
        all.update(text);
    }
    data_encoding::HEXLOWER.encode(&all.finalize())
}

/// Refuses defaults for keys that a step type does not have.
fn misspelt(config: &Configuration, sandbox: &Sandbox) -> Result<(), HostError> {
    let mut problems = Diagnostics::default();
    for (step_type, said) in &config.step_types {
        let Some(manifest) = sandbox.manifest(step_type) else { continue };
        for key in said.defaults.keys().filter(|key| !manifest.takes(key)) {
            let place = format!("step_types.{step_type}.defaults.{key}");
            problems.0.push(Diagnostic::without_place(&place, format!("`{step_type}` has no such key")));
        }
    }
    if problems.has_errors() { Err(HostError::Invalid(problems.sorted())) } else { Ok(()) }
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

fn read(path: &Path) -> Result<String, HostError> {
    read_text(path, MAX_BYTES).map_err(|error| HostError::File { path: path.to_owned(), error })
}

fn dir_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}
