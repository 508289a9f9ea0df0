//! The state that all services share: the store, the clock, the settings, the sandbox, and the state of this
//! process.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::RwLock;
use serde_json::{Map, Value};
use stepwell_engine::clock::{self, Clock, Timestamp};
use stepwell_engine::job::{self, Catalog};
use stepwell_engine::lock::Locks;
use stepwell_engine::policy::PolicySet;
use stepwell_engine::quantity::Bytes;
use stepwell_engine::queue::QueueFile;
use stepwell_engine::schedule::Calendars;
use stepwell_engine::trace::Spans;
use stepwell_engine::{Configuration, Manifest, StepRunner, Store};
use stepwell_sandbox::Sandbox;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::HostError;
use crate::access::Access;
use crate::approvals::Approvals;
use crate::atlantis::{AtlantisService, Site};
use crate::audit::AuditLog;
use crate::builder::{self, Sources};
use crate::dead_letters::DeadLetters;
use crate::engines::LastAnswer;
use crate::jobs::Jobs;
use crate::locks::LockService;
use crate::node::Node;
use crate::parallel::ParallelOverride;
use crate::prepare::{KnownSteps, Preparation};
use crate::queues::Queues;
use crate::remote::RemoteWorkers;
use crate::runs::Runs;
use crate::schedules::Schedules;
use crate::sessions::Sessions;
use crate::steps::Steps;
use crate::system::System;
use crate::telemetry::Measures;

/// The state that all services of a host share.
pub(crate) struct Context {
    pub store: Arc<dyn Store>,
    /// The locks with names, of all processes that use the store.
    pub locks: Arc<dyn Locks>,
    /// The installation of Atlantis that the configuration names.
    pub atlantis: Option<Site>,
    pub runner: Arc<dyn StepRunner>,
    pub sandbox: Arc<Sandbox>,
    pub settings: RwLock<Arc<Settings>>,
    /// The sources of the settings.
    pub sources: Sources,
    pub clock: Arc<dyn Clock>,
    /// The directory with the workspaces of runs and the lock files of workers.
    pub base: PathBuf,
    /// The temporary directory of `base`, if the embedder named no directory.
    pub _temporary: Option<tempfile::TempDir>,
    pub deterministic: Option<u64>,
    pub node: Node,
    pub known: KnownSteps,
    /// Whether the store outlives this process, and so needs the components of its runs.
    pub keeps_components: bool,
    /// The file of the store, which the first run creates. `None` for other stores.
    pub store_file: Option<PathBuf>,
    pub measures: Measures,
    /// The last answer of the Spark of the configuration.
    pub spark: LastAnswer,
    pub spans: Option<Arc<dyn Spans>>,
    /// Whether a service compiles steps before a run needs them.
    pub compile_ahead: bool,
    /// Whether a service runs steps on threads of their own.
    pub has_threads: bool,
    /// The setting of parallel execution that counts more than the configuration.
    pub parallel: Option<ParallelOverride>,
}

/// The current contents of the operator's files. [`crate::Host::reload`] reads them again.
pub(crate) struct Settings {
    pub policies: PolicySet,
    pub config: Arc<Configuration>,
    pub queues: QueueFile,
    /// The SHA-256 digest of the contents of the files, independent of their paths.
    pub digest: String,
}

macro_rules! services {
    ($($(#[$doc:meta])* $accessor:ident: $service:ident;)*) => {
        impl Context {
            $($(#[$doc])* pub fn $accessor(self: &Arc<Self>) -> $service {
                $service { ctx: self.clone() }
            })*
        }

        impl crate::Host {
            $($(#[$doc])* pub fn $accessor(&self) -> $service {
                self.ctx.$accessor()
            })*
        }
    };
}

services! {
    /// Returns the service for runs: admission, progress, results, logs, and the reasons why a run does not
    /// continue.
    runs: Runs;
    /// Returns the service for stored jobs, and for the check of a job before it is stored or run.
    jobs: Jobs;
    /// Returns the service for schedules, their ledger, and backfills.
    schedules: Schedules;
    /// Returns the service for queues: their pauses and the number of their runs.
    queues: Queues;
    /// Returns the service for approvals that runs wait for.
    approvals: Approvals;
    /// Returns the service for dead letters: runs that failed, timed out or expired, and need attention.
    dead_letters: DeadLetters;
    /// Returns the service for locks with names.
    locks: LockService;
    /// Returns the service for the locks of an installation of Atlantis.
    atlantis: AtlantisService;
    /// Returns the service for workers outside of Stepwell, and for their work.
    remote_workers: RemoteWorkers;
    /// Returns the service for sessions of people who use the web UI.
    sessions: Sessions;
    /// Returns the service for step types and their components.
    steps: Steps;
    /// Returns the service for API keys, roles and projects.
    access: Access;
    /// Returns the service for the audit log.
    audit: AuditLog;
    /// Returns the service for health, metrics, retention, and this process.
    system: System;
}

impl Context {
    /// Returns the component that decides grants, and renders configurations.
    pub fn preparation(self: &Arc<Self>) -> Preparation {
        Preparation { ctx: self.clone() }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn settings(&self) -> Arc<Settings> {
        self.settings.read().clone()
    }

    /// Returns the number of changes of settings and steps so far. A job that was checked before a change
    /// needs a new check.
    pub fn generation(&self) -> u64 {
        self.node.generation.load(Ordering::Relaxed)
    }

    /// Returns a digest of the settings and steps of this process. Processes with the same digest make the
    /// same decisions.
    pub fn settings_digest(&self) -> String {
        let mut parts = vec![self.settings().digest.clone()];
        for step_type in self.sandbox.types() {
            parts.push(format!("{step_type} {}", self.sandbox.digest(&step_type).unwrap_or_default()));
        }
        builder::digest(&mut parts)
    }

    /// Returns whether this process starts nothing new, because it is about to end.
    pub fn is_draining(&self) -> bool {
        self.node.draining.is_cancelled()
    }

    /// Returns whether this process serves queues.
    pub fn is_serving(&self) -> bool {
        self.node.serving.get().is_some() && !self.is_draining()
    }

    /// Returns the directory that the steps of a run share.
    pub fn workspace(&self, execution_id: &str) -> PathBuf {
        self.base.join("runs").join(execution_id).join("workspace")
    }

    /// Returns the maximum number of bytes that one run may write to the store.
    pub fn run_bytes(&self) -> Bytes {
        self.settings().config.service.run_bytes
    }

    /// Returns the maximum number of attempts of one run at one time.
    pub fn attempts_per_run(&self, queue: Option<&str>) -> usize {
        let of_all = self.settings().config.service.run_attempts;
        self.attempts_of_queue(queue).map_or(of_all, |most| most.min(of_all)) as usize
    }

    /// Returns the `max_parallel` of a queue.
    pub fn attempts_of_queue(&self, queue: Option<&str>) -> Option<u32> {
        self.settings().queues.settings(queue?)?.max_parallel
    }

    /// Returns the maximum number of steps of one run, with those of all items.
    pub fn steps_per_run(&self) -> usize {
        self.settings().config.service.run_steps as usize
    }

    /// Returns the time at which a claim made at `now` expires.
    pub fn lease_from(&self, now: Timestamp) -> Timestamp {
        clock::later(now, self.settings().config.service.lease.0)
    }

    /// Sleeps until the time has passed or `notify` wakes it. Returns whether it was woken.
    pub async fn sleep_or(&self, notify: &Notify, time: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.node.draining.cancelled() => false,
            woken = timeout(time, notify.notified()) => woken.is_ok(),
        }
    }

    /// Returns the names that jobs may use.
    pub fn catalog(self: &Arc<Self>) -> StepCatalog {
        StepCatalog(self.clone())
    }

    /// Reads the files of the settings again, for [`crate::Host::reload`].
    pub fn reload(&self) -> Result<Vec<&'static str>, HostError> {
        let mut new = self.sources.read()?;
        let old = self.settings();
        let mut config = Configuration::clone(&new.config);
        let kept = config.keep_fixed(&old.config);
        if !kept.is_empty() {
            // A command that reads the files has different settings.
            new = self.sources.with(config, vec![format!("kept: {kept:?}")])?;
        }
        *self.settings.write() = Arc::new(new);
        self.known.lock().clear();
        self.node.generation.fetch_add(1, Ordering::Relaxed);
        Ok(kept)
    }
}

/// The catalog of step types, and of the calendars of the configuration.
pub(crate) struct StepCatalog(Arc<Context>);

impl Catalog for StepCatalog {
    fn manifest(&self, step_type: &str) -> Option<Arc<Manifest>> {
        self.0.sandbox.manifest(step_type)
    }
    fn types(&self) -> Vec<String> {
        let mut types = self.0.sandbox.types();
        types.extend(job::TYPES_OF_THE_ENGINE.map(str::to_owned));
        types.sort();
        types
    }
    fn versions(&self, type_name: &str) -> Vec<String> {
        self.0.sandbox.versions(type_name)
    }
    fn left_out(&self, step_type: &str) -> Map<String, Value> {
        self.0.settings().config.left_out(step_type)
    }
    fn group_depth(&self) -> usize {
        self.0.settings().config.service.group_depth as usize
    }
    fn calendars(&self) -> Calendars {
        self.0.settings().config.calendars.clone()
    }
}
