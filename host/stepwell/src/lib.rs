//! Embeds Stepwell: jobs whose steps run as sandboxed WebAssembly components.
//!
//! ```no_run
//! # async fn example() -> Result<(), stepwell::HostError> {
//! let host = stepwell::Host::builder().data_dir("data").policy_file("policy.yaml").build()?;
//! host.register(std::fs::read("hello_step.wasm").unwrap_or_default()).await?;
//! let job = host.parse("job.yaml", "{id: greet, steps: [{id: hi, type: hello, who: you}]}").await?;
//! let run = host.execute(job.job, Default::default()).await?;
//! println!("{}", run.message);
//! # Ok(()) }
//! ```
//!
//! [`Host::builder`] wires the engine, the sandbox and a store. Nothing is global, no logger is set up, and
//! no clock is read but the one that the builder was given.

mod asking;
mod audit;
mod builder;
mod components;
mod editors;
mod error;
mod explain;
mod guests;
mod house;
mod jobs;
mod node;
mod operate;
mod prepare;
mod private;
mod process;
mod reading;
mod service;
mod shares;
mod stats;
mod steps;
mod stores;
mod telemetry;
mod warm;
mod worker;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde_json::Value;
use stepwell_engine::clock::{Clock, Timestamp};
use stepwell_engine::document::{Document, is_template, pending};
use stepwell_engine::job::{self, Catalog, Parsed, Read};
use stepwell_engine::policy::{Denial, Grant, PolicySet};
use stepwell_engine::queue::QueueFile;
use stepwell_engine::run::{Admission, RunState, RunView};
use stepwell_engine::store::{Claim, LogPlace, LogRecord, RunFilter, RunRow};
use stepwell_engine::{
    Configuration, JobDefinition, Manifest, StepDefinition, StepRunner, Store, StoreError, project, weight,
};
use stepwell_sandbox::{ComponentError, Issue, Pace, Sandbox};
use tokio_util::sync::CancellationToken;

use node::Node;
use prepare::KnownSteps;
use stepwell_engine::trace::Spans;
use telemetry::Measures;
use worker::Left;

pub use asking::ApprovedStep;
pub use audit::{AuditReport, Expected};
use builder::Sources;
pub use builder::{HostBuilder, SystemClock};
pub use error::{HostError, argument};
pub use explain::{Cause, Explanation};
pub use house::{CleanUpOptions, CleanedUp};
pub use jobs::{Backfill, BackfillPlan, BackfillState, Preview, StoredJob};
pub use node::{Admitted, Follow};
pub use operate::{Asking, Decided};
pub use service::Service;
pub use stats::{Health, JobStats, Metrics, Part, QueueLevel, QueueStatus};
pub use steps::{Activated, RefusedJob, Registration, StepVersion};
pub use stepwell_engine as engine;
pub use stepwell_sandbox as sandbox;
pub use stepwell_store as store;
pub use warm::{Readiness, Warmed};
pub use worker::{Notice, Observer};

/// Jobs, steps and runs of one process. Cheap to clone: clones are the same host.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

/// What the clones of a host share.
#[doc(hidden)]
pub struct Inner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) runner: Arc<dyn StepRunner>,
    pub(crate) sandbox: Arc<Sandbox>,
    settings: RwLock<Arc<Settings>>,
    /// Where the settings come from.
    sources: Sources,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where runs have their directories, and workers their locks.
    pub(crate) base: PathBuf,
    /// Holds `base` where the embedder named no directory.
    _temporary: Option<tempfile::TempDir>,
    pub(crate) deterministic: Option<u64>,
    pub(crate) node: Node,
    pub(crate) known: KnownSteps,
    /// Whether the store outlives this process, and so needs the components of its runs.
    pub(crate) keeps_components: bool,
    /// The file of the store, which is made with the first run; none for other stores.
    pub(crate) store_file: Option<PathBuf>,
    pub(crate) measures: Measures,
    pub(crate) spans: Option<Arc<dyn Spans>>,
    /// Whether a service compiles steps before anybody waits for them.
    pub(crate) compile_ahead: bool,
    /// Whether steps run in this process.
    pub(crate) runs_guests: bool,
}

/// What the operator said, as it is now: [`Host::reload`] reads it again.
pub(crate) struct Settings {
    pub policies: PolicySet,
    pub config: Arc<Configuration>,
    pub queues: QueueFile,
    /// SHA-256 of what the files say, wherever they are.
    pub digest: String,
}

impl Inner {
    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Deref for Host {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// Time for the steps' own checks of a job, all together.
const CHECKS: Duration = Duration::from_secs(20);

/// The pause before a run of this process that another one holds for a moment is claimed again.
const HELD_BRIEFLY: Duration = Duration::from_millis(50);

/// Lines of a log that are read at once.
const LOG_PAGE: u32 = 1000;

impl Host {
    /// How a host is set up.
    pub fn builder() -> HostBuilder {
        HostBuilder::default()
    }

    /// Adds a step from the bytes of its component, for this process; it takes the place of one of the same type.
    /// [`Host::register_for_all`] adds one for every process that uses the store.
    ///
    /// # Errors
    /// When it is no component, not a step, or bears the name of a built-in one.
    pub async fn register(&self, wasm: Vec<u8>) -> Result<Arc<Manifest>, HostError> {
        self.register_here(wasm, false).await
    }

    /// The same; with `replace` it may take the place of a built-in step, without the grants of policies that name
    /// that step.
    ///
    /// # Errors
    /// As [`Host::register`].
    pub async fn register_here(&self, wasm: Vec<u8>, replace: bool) -> Result<Arc<Manifest>, HostError> {
        let component = self.examined(wasm).await?;
        self.may_replace(&component, replace)?;
        let manifest = component.manifest().clone();
        self.sandbox.add(component);
        self.node.generation.fetch_add(1, Ordering::Relaxed);
        Ok(manifest)
    }

    /// Counts the changes of what jobs are checked against: settings and steps.
    pub fn generation(&self) -> u64 {
        self.node.generation.load(Ordering::Relaxed)
    }

    /// The sandbox, for what this type does not offer.
    pub fn sandbox(&self) -> &Arc<Sandbox> {
        &self.sandbox
    }

    /// Reads a job file and checks everything that can be known before the run, by the steps' own
    /// `validate` too.
    ///
    /// # Errors
    /// Every problem, each with its place.
    pub async fn parse(&self, name: &str, text: &str) -> Result<Parsed, HostError> {
        self.parse_for(project::DEFAULT, name, text).await
    }

    /// The same for a job of a project: with the policies of that project. The job is named as the text does.
    ///
    /// # Errors
    /// As [`Host::parse`].
    pub async fn parse_for(&self, project: &str, name: &str, text: &str) -> Result<Parsed, HostError> {
        self.fresh_steps().await?;
        let read = self.read_in_turn(text.len(), || job::read(name, text, &self.catalog()));
        let read = read.map_err(HostError::Invalid)?;
        self.checked(project, read).await
    }

    /// The same for a job that stands at `pointer` of a document.
    ///
    /// # Errors
    /// As [`Host::parse`].
    pub async fn parse_in(
        &self,
        project: &str,
        document: Document,
        pointer: &str,
    ) -> Result<Parsed, HostError> {
        self.fresh_steps().await?;
        let bytes = weight([&document.value]);
        let read = self.read_in_turn(bytes, || job::read_in(document, pointer, &self.catalog()));
        self.checked(project, read).await
    }

    /// Adds what the steps themselves and the policies say.
    async fn checked(&self, project: &str, read: Read) -> Result<Parsed, HostError> {
        let Read { parsed, problems: mut found } = read;
        let Some(parsed) = parsed.filter(|_| !found.is_full()) else { return Err(HostError::Invalid(found)) };
        let wrong: Vec<String> =
            found.0.iter().filter(|found| !found.warning).map(|found| found.pointer.clone()).collect();
        // A step whose own part has errors is not asked: it would say the same in other words.
        let is_sound = |step: usize| {
            let at = format!("{}{}/", parsed.pointer, parsed.job.pointer_of(step));
            !wrong.iter().any(|wrong| format!("{wrong}/").starts_with(&at))
        };
        // Compiling has its own bounds, and is no time of a check. What does not compile says so below.
        for (_, step) in parsed.job.all_steps().enumerate().filter(|(i, _)| is_sound(*i)) {
            if self.sandbox.manifest(&step.step_type).is_some() {
                self.fetch(&step.step_type).await?;
                let _ = self.sandbox.warm_up(&step.step_type, Pace::Wanted).await;
            }
        }
        let mut time = pin!(tokio::time::sleep(CHECKS));
        for (i, step) in parsed.job.all_steps().enumerate().filter(|(i, _)| is_sound(*i)) {
            let Some(manifest) = self.sandbox.manifest(&step.step_type) else { continue };
            let issues = tokio::select! {
                biased;
                issues = self.validated(&step.step_type, step, &manifest) => issues,
                () = &mut time => {
                    let at = format!("{}{}/type", parsed.pointer, parsed.job.pointer_of(i));
                    let message = format!(
                        "the steps' own checks of this job take more than {} s; this one, of `{}`, was the last to begin",
                        CHECKS.as_secs(),
                        step.step_type
                    );
                    found.0.push(parsed.document.error(&at, message));
                    break;
                }
            };
            let issues = match issues {
                Err(HostError::Component(ComponentError::Failed(why))) => {
                    let at = format!("{}{}/type", parsed.pointer, parsed.job.pointer_of(i));
                    found.0.push(parsed.document.error(&at, format!("step `{}`: {why}", step.id)));
                    continue;
                }
                issues => issues?,
            };
            for issue in issues {
                let at = format!("{}{}{}", parsed.pointer, parsed.job.pointer_of(i), issue.pointer);
                let diagnostic = parsed.document.error(&at, issue.message);
                found.0.push(if issue.warning { diagnostic.as_warning() } else { diagnostic });
            }
        }
        let grants = self.grants_for(project, &parsed.job).into_iter().enumerate();
        for (index, (step, grant)) in grants.filter(|(index, _)| is_sound(*index)) {
            let at = format!("{}{}/type", parsed.pointer, parsed.job.pointer_of(index));
            let Some(manifest) = self.sandbox.manifest(&step.step_type) else { continue };
            match grant {
                Err(denial) => {
                    found.0.push(refused(&parsed, &at, &denial));
                }
                Ok(grant) => {
                    found.0.extend(not_granted(&parsed, index, step, &manifest, &grant));
                    let lacking = grant.lacking();
                    found.0.extend(lacking.iter().map(|denial| refused(&parsed, &at, denial).as_warning()));
                    found.0.extend(grant.shortfall().map(|short| {
                        parsed.document.error(&at, short.message).help(short.help).as_warning()
                    }));
                }
            }
        }
        if found.has_errors() {
            return Err(HostError::Invalid(found.sorted()));
        }
        Ok(Parsed { warnings: found, ..parsed })
    }

    /// What the component of `reference` has against the configuration of a step, as JSON pointers and messages.
    pub(crate) async fn validated(
        &self,
        reference: &str,
        step: &StepDefinition,
        manifest: &Manifest,
    ) -> Result<Vec<Issue>, HostError> {
        let left_out = self.settings().config.left_out(&step.step_type);
        let config = Value::Object(step.config_for(manifest, left_out));
        let config = manifest.config_schema.fitted(&config).into_owned();
        let (sandbox, reference) = (self.sandbox.clone(), reference.to_owned());
        let name = reference.clone();
        let check = async move { sandbox.validate(&reference, &config, pending(&config)).await };
        Ok(self.among_guests(&name, check).await?)
    }

    /// What policy grants to each step of a job.
    pub fn grants<'j>(&self, job: &'j JobDefinition) -> Vec<(&'j StepDefinition, Result<Grant, Denial>)> {
        self.grants_for(project::of(&job.id), job)
    }

    fn grants_for<'j>(
        &self,
        project: &str,
        job: &'j JobDefinition,
    ) -> Vec<(&'j StepDefinition, Result<Grant, Denial>)> {
        job.all_steps().map(|step| (step, self.decide(project, job, step))).collect()
    }

    /// Admits a job: keeps it as a run that is due now, for the one who calls [`Host::resume`], and gives the run's
    /// id. [`Host::enqueue`] leaves it to a service instead.
    ///
    /// # Errors
    /// When the job is disabled, a variable is not the job's, or the store failed.
    pub async fn submit(
        &self,
        job: JobDefinition,
        variables: BTreeMap<String, Value>,
    ) -> Result<String, HostError> {
        let admission = Admission { variables, queued: false, ..Admission::default() };
        Ok(self.enqueue(&Arc::new(job.into()), admission, None, None).await?.execution_id)
    }

    /// Admits a job and runs it to its end, in this task.
    ///
    /// # Errors
    /// As [`Host::submit`] and [`Host::resume`]. A job that fails is no error: the view says so.
    pub async fn execute(
        &self,
        job: JobDefinition,
        variables: BTreeMap<String, Value>,
    ) -> Result<RunView, HostError> {
        let id = self.submit(job, variables).await?;
        let state = self.resume(&id, &worker::Silent, CancellationToken::new()).await?;
        self.view(&state).await
    }

    /// Moves a run until it has ended: from its beginning, or from the first unfinished step when an earlier
    /// process died. A finished step never runs again. Cancelling `cancel` ends the run as cancelled.
    ///
    /// # Errors
    /// When there is no such run, another process moves it, or the store failed. The state of a run that
    /// failed is no error.
    pub async fn resume(
        &self,
        execution_id: &str,
        observer: &dyn Observer,
        cancel: CancellationToken,
    ) -> Result<RunState, HostError> {
        let beat = self.beat();
        self.key_is_free(execution_id).await?;
        let mut began = false;
        loop {
            let claim = match self.claim(execution_id).await {
                // Another process cancels it, or decides about its approval, and gives it back.
                Err(StoreError::Claimed(..)) if began => {
                    tokio::time::sleep(HELD_BRIEFLY).await;
                    if self.store.row(execution_id).await?.status.is_terminal() {
                        return self.run(execution_id).await;
                    }
                    continue;
                }
                claim => claim?,
            };
            began = true;
            let (state, left) = self.work(claim, observer, cancel.clone()).await?;
            let Left::Until(due) = left else {
                drop(beat);
                return Ok(state);
            };
            if self.pause(execution_id, due, &cancel).await? {
                return self.run(execution_id).await;
            }
        }
    }

    /// A run that no queue holds back waits for nobody: when its concurrency key is taken, it does not begin.
    async fn key_is_free(&self, execution_id: &str) -> Result<(), HostError> {
        let standing = self.store.standing(execution_id, self.clock.now()).await?;
        let Some((key, limit, holders)) = standing.key else { return Ok(()) };
        if holders.iter().any(|id| id == execution_id) || holders.len() < limit as usize {
            return Ok(());
        }
        let held = holders.join(", ");
        Err(HostError::Refused(format!(
            "the concurrency key `{key}` is held by {held}; `stepwell run --resume {execution_id}` when it is free"
        )))
    }

    /// Waits until a run is due, or somebody approves or cancels it; tells whether it has ended meanwhile.
    async fn pause(
        &self,
        execution_id: &str,
        due: Timestamp,
        cancel: &CancellationToken,
    ) -> Result<bool, HostError> {
        while !cancel.is_cancelled() {
            let now = self.clock.now();
            let row = self.store.row(execution_id).await?;
            // Whoever decides about an approval holds the run for a moment.
            let free = row.claimed_until.is_none() && row.wakes_at.is_none_or(|at| at <= now);
            if row.status.is_terminal() || free || due <= now || row.cancel.is_some() {
                return Ok(row.status.is_terminal());
            }
            let pause = (due - now).to_std().unwrap_or_default().min(Duration::from_millis(500));
            tokio::select! {
                biased;
                () = cancel.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        Ok(false)
    }

    /// Takes a run for this process.
    async fn claim(&self, execution_id: &str) -> Result<Claim, StoreError> {
        let now = self.clock.now();
        let claim =
            |now| self.store.claim_run(execution_id, self.worker(), now, self.lease_from(self.clock.now()));
        match claim(now).await {
            Err(StoreError::Claimed(id, until)) => {
                // Its holder may be a process of this machine that died.
                self.bury_dead_workers().await?;
                match claim(self.clock.now()).await {
                    Err(StoreError::Claimed(..)) => Err(StoreError::Claimed(id, until)),
                    claimed => claimed,
                }
            }
            claimed => claimed,
        }
    }

    /// Runs, newest first.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRow>, HostError> {
        Ok(self.store.list(filter).await?)
    }

    /// The log of a run.
    ///
    /// # Errors
    /// When there is no such run.
    pub async fn logs(&self, execution_id: &str) -> Result<Vec<LogRecord>, HostError> {
        self.store.row(execution_id).await?;
        let (mut records, mut place) = (Vec::new(), LogPlace::default());
        loop {
            let page = self.store.log_page(execution_id, place, LOG_PAGE).await?;
            if page.records.is_empty() {
                return Ok(records);
            }
            records.extend(page.records);
            place = page.next;
        }
    }

    /// The store, for what this type does not offer.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// The current time, by the host's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The configuration.
    pub fn configuration(&self) -> Arc<Configuration> {
        self.settings().config.clone()
    }

    /// Reads policies, queues and the configuration again, and takes over what can change while the service runs: all
    /// but connections, organizations, secrets, stores, directories and the number of workers. Tells which of these
    /// have changed, and need a restart.
    ///
    /// # Errors
    /// Every problem of the files; then everything stays as it was.
    pub fn reload(&self) -> Result<Vec<&'static str>, HostError> {
        let mut new = self.sources.read()?;
        let old = self.settings();
        let mut config = Configuration::clone(&new.config);
        let kept = config.keep_fixed(&old.config);
        if !kept.is_empty() {
            // No command that reads the files has these settings.
            new = self.sources.with(config, vec![format!("kept: {kept:?}")])?;
        }
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        node::lock(&self.known).clear();
        self.node.generation.fetch_add(1, Ordering::Relaxed);
        Ok(kept)
    }

    /// Settings and steps by which this process decides, as a digest: processes with the same one decide alike.
    pub(crate) fn settings_digest(&self) -> String {
        let mut parts = vec![self.settings().digest.clone()];
        for step_type in self.sandbox.types() {
            parts.push(format!("{step_type} {}", self.sandbox.digest(&step_type).unwrap_or_default()));
        }
        builder::digest(&mut parts)
    }

    /// Whether this process begins nothing new, since it is about to end.
    pub fn is_draining(&self) -> bool {
        self.node.draining.is_cancelled()
    }

    /// Writes a file of the data directory that this user alone can read; gives its path.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_private(&self, name: &str, text: &str) -> Result<PathBuf, HostError> {
        let path = self.base.join(name);
        let written = private::make(&self.base).and_then(|()| private::write(&path, text));
        written.map(|()| path.clone()).map_err(|error| HostError::File { path, error })
    }

    /// The names of the policies in force.
    pub fn policy_names(&self) -> Vec<String> {
        self.settings().policies.names()
    }

    /// The directory that the steps of a run share.
    pub fn workspace(&self, execution_id: &str) -> PathBuf {
        self.base.join("runs").join(execution_id).join("workspace")
    }
}

/// What policy refuses, at its place in the job.
fn refused(parsed: &Parsed, at: &str, denial: &Denial) -> stepwell_engine::Diagnostic {
    let message = format!("denied by policy: {} [{}]", denial.message, denial.rule);
    let mut diagnostic = parsed.document.error(at, message);
    diagnostic.rule = Some(denial.rule.id().to_owned());
    if denial.help.is_empty() { diagnostic } else { diagnostic.help(denial.help.clone()) }
}

/// What the configuration of a step names and policy does not grant: a connection, a program, an organization.
fn not_granted(
    parsed: &Parsed,
    index: usize,
    step: &StepDefinition,
    manifest: &Manifest,
    grant: &Grant,
) -> Vec<stepwell_engine::Diagnostic> {
    let named = manifest.names(&step.config).into_iter();
    let known =
        named.filter(|(property, ..)| step.config.get(property).is_some_and(|name| !is_template(name)));
    let denied = known.filter_map(|(property, capability, name)| {
        let denial = grant.refuse_name(capability, name)?;
        let at = format!("{}{}/{property}", parsed.pointer, parsed.job.pointer_of(index));
        Some(refused(parsed, &at, &denial))
    });
    denied.collect()
}
