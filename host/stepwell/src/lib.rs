//! Embeds Stepwell: jobs whose steps run as sandboxed WebAssembly components.
//!
//! ```no_run
//! # async fn example() -> Result<(), stepwell::HostError> {
//! let host = stepwell::Host::builder().data_dir("data").policy_file("policy.yaml").build()?;
//! host.register(std::fs::read("hello_step.wasm").unwrap_or_default()).await?;
//! let job = host.parse("job.yaml", "{id: greet, steps: [{id: hi, type: hello, who: you}]}").await?;
//! let run = host.run(job.job, Default::default()).await?;
//! println!("{}", run.message);
//! # Ok(()) }
//! ```
//!
//! [`Host::builder`] connects the engine, the sandbox and a store. The library has no global state, sets up
//! no logger, and reads no clock except the one given to the builder.

mod access;
mod admit;
mod approvals;
mod asking;
mod atlantis;
mod audit;
mod backfills;
mod builder;
mod check;
mod clean_up;
mod coming;
mod components;
mod context;
mod dead_letters;
mod decisions;
mod editors;
mod engines;
mod error;
mod evaluate;
mod explain;
mod guests;
mod house;
mod jobs;
mod keys;
mod locks;
mod node;
mod parallel;
mod prepare;
mod private;
mod process;
mod queues;
mod reading;
mod remote;
mod run_locks;
mod runs;
mod scheduler;
mod schedules;
mod service;
mod sessions;
mod shares;
mod steps;
mod stores;
mod system;
mod telemetry;
mod timeline;
mod turns;
mod versions;
mod waiting;
mod warm;
mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::Parsed;
use stepwell_engine::run::RunView;
use stepwell_engine::{Configuration, JobDefinition, Manifest, project};
use stepwell_sandbox::Sandbox;
use tokio_util::sync::CancellationToken;

use context::Context;

pub use access::{Access, By, COMMAND, Caller, Identity, Role};
pub use admit::{Admitted, Retry};
pub use approvals::{Approvals, Asking, Decided};
pub use asking::ApprovedStep;
pub use atlantis::{
    AtlantisError, AtlantisService, LockCounts, MigrationState, MigrationStep, TryLocks, command_time,
    installation, locking,
};
pub use audit::{AuditLog, AuditReport, Expected};
pub use backfills::{Backfill, BackfillPlan, BackfillState};
pub use builder::{HostBuilder, SystemClock};
pub use clean_up::{CleanUpOptions, CleanedUp};
pub use coming::{Coming, ComingFire, ComingFires};
pub use dead_letters::DeadLetters;
pub use decisions::Granting;
pub use engines::EngineHealth;
pub use error::{HostError, argument};
pub use explain::{Cause, Explanation, LockHolder};
pub use guests::take_short_turns;
pub use jobs::{Jobs, StoredJob};
pub use keys::{ApiKey, FoundKey, KeyHashes, NewKey, everywhere, hash, id_of};
pub use locks::{Deadlock, EventFilter, EventPage, LockFollow, LockService};
pub use parallel::ParallelOverride;
pub use queues::{Closure, QueueLevel, QueueStatus, Queues};
pub use remote::{
    Claimed, Heartbeat, LONGEST_POLL, MOST_CAPACITY, NewWorker, RegisteredWorker, RemoteWorker,
    RemoteWorkers, WorkItem, WorkResult,
};
pub use runs::Runs;
pub use schedules::{Preview, Schedules};
pub use service::Service;
pub use sessions::{Holder, Opened, Session, Sessions};
pub use steps::{Activated, RefusedJob, Registration, StepVersion, Steps};
pub use stepwell_atlantis as legacy;
pub use stepwell_engine as engine;
pub use stepwell_sandbox as sandbox;
pub use stepwell_store as store;
pub use system::{Health, HourStats, JobStats, Metrics, Part, System};
pub use timeline::{AttemptTimes, StepLimits, Timeline};
pub use turns::in_turns_of;
pub use versions::{JobVersion, VersionOfJob};
pub use waiting::Follow;
pub use warm::{Readiness, Warmed};
pub use worker::{Notice, Observer};

/// The jobs, steps and runs of one process, as services on one store. Clones are cheap and share the host, as
/// do the services that it returns.
#[derive(Clone)]
pub struct Host {
    ctx: Arc<Context>,
}

impl Host {
    /// Returns a builder, with a default for every setting.
    pub fn builder() -> HostBuilder {
        HostBuilder::default()
    }

    /// Adds a step to this process from the bytes of its component. It replaces a step of the same type.
    /// [`Steps::register`] adds one for every process that uses the store.
    ///
    /// # Errors
    /// Fails when the bytes are not a component, the component is not a step, or it has the name of a
    /// built-in step.
    pub async fn register(&self, wasm: Vec<u8>) -> Result<Arc<Manifest>, HostError> {
        self.ctx.steps().register_here(wasm, false).await
    }

    /// Reads a job file and checks everything that can be checked before the run, including the `validate`
    /// functions of its steps.
    ///
    /// # Errors
    /// Returns all problems, each with its place.
    pub async fn parse(&self, name: &str, text: &str) -> Result<Parsed, HostError> {
        self.ctx.jobs().parse_for(project::DEFAULT, name, text).await
    }

    /// Admits a job and runs it to its end in this task.
    ///
    /// # Errors
    /// Returns the errors of [`Runs::submit`] and [`Runs::resume`], and fails when the host has shut down. A
    /// failed run is not an error: the view shows it.
    pub async fn run(
        &self,
        job: JobDefinition,
        variables: BTreeMap<String, Value>,
    ) -> Result<RunView, HostError> {
        if self.ctx.is_draining() {
            return Err(HostError::Refused("this host has shut down".to_owned()));
        }
        let id = self.ctx.runs().submit(job, variables).await?;
        let state = self.ctx.runs().resume(&id, &worker::Silent, CancellationToken::new()).await?;
        self.ctx.runs().view(&state).await
    }

    /// Starts the service: queues, schedules, backfills and clean-up, in tasks of the current tokio runtime.
    ///
    /// # Errors
    /// Fails when the store cannot be read, this host already serves, or it has shut down.
    pub async fn serve(&self) -> Result<Service, HostError> {
        Service::start(self.ctx.clone()).await
    }

    /// Ends the work of this host: its service, and the runs of [`Host::run`] and [`Runs::resume`]. No step starts,
    /// and running steps may continue for `limit`. Then they are interrupted, which takes at most 5 seconds more, and
    /// 10 if the store does not answer. Runs that have not ended are released: another process continues them, or
    /// the next start with the same store does. Returns the number of runs that were interrupted in a step; this
    /// step runs again.
    ///
    /// The host still answers questions, for instance about the state of a run. A second call returns at once.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), stepwell::HostError> {
    /// use std::time::Duration;
    ///
    /// let host = stepwell::Host::builder().compile_on_demand().build()?;
    /// host.serve().await?;
    /// // Until the program is to end.
    /// let interrupted = host.shutdown(Duration::from_secs(10)).await;
    /// assert_eq!(interrupted, 0);
    /// # Ok(()) }
    /// ```
    pub async fn shutdown(&self, limit: Duration) -> usize {
        self.ctx.drain(limit).await
    }

    /// Reloads policies, queues and the configuration, and applies all changes except those to connections,
    /// organizations, secrets, stores, locks, directories and the number of workers. Returns the changed settings
    /// that need a restart.
    ///
    /// # Errors
    /// Returns all problems of the files. The settings then stay unchanged.
    pub fn reload(&self) -> Result<Vec<&'static str>, HostError> {
        self.ctx.reload()
    }

    /// Returns the current time of the host's clock.
    pub fn now(&self) -> Timestamp {
        self.ctx.clock.now()
    }

    /// Returns the configuration in force.
    pub fn configuration(&self) -> Arc<Configuration> {
        self.ctx.settings().config.clone()
    }

    /// Returns the sandbox, for functions that the services do not offer.
    pub fn sandbox(&self) -> &Arc<Sandbox> {
        &self.ctx.sandbox
    }
}
