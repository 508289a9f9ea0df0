//! Steps that are registered while the service runs. They are in the store, so that every node has them.
//!
//! The store has two kinds of records for them: a step type with its versions and its active version, and a
//! component with its description. A process fetches the bytes when a run needs them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stepwell_engine::clock::Timestamp;
use stepwell_engine::descriptor::vendor;
use stepwell_engine::identity::Who;
use stepwell_engine::job::{self, Catalog};
use stepwell_engine::reference::{StepRef, compare_versions};
use stepwell_engine::step::Origin;
use stepwell_engine::store::{Audit, Change, Expect, Kind, Record, Wake};
use stepwell_engine::{Manifest, StoreError};
use stepwell_sandbox::{Component, Stored};

use crate::HostError;
use crate::context::Context;

mod refusal;
mod removal;
mod rollback;

use refusal::refusal;

/// A step type in the store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StepRecord {
    /// The active component.
    digest: String,
    at: Timestamp,
    /// Whether it takes precedence over the built-in step of this name.
    #[serde(default)]
    replaces: bool,
    /// All versions, the latest registration last. Empty when an older program wrote the record.
    #[serde(default)]
    versions: Vec<VersionRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct VersionRecord {
    version: String,
    digest: String,
    at: Timestamp,
    by: String,
    bytes: usize,
}

/// The options of a registration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Registration {
    /// Whether it may replace a built-in step. It does not get the grants of policies that name that step.
    pub replace: bool,
    /// Whether to register it even if stored jobs would become invalid, or another component has the same
    /// version.
    pub force: bool,
}

/// The result of a registration or a rollback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Activated {
    /// The step type.
    pub step_type: String,
    /// The version that is now active.
    pub version: String,
    /// The digest of its component: `sha256:...`.
    pub digest: String,
    /// The previously active version. Null when there was none.
    pub previous: Option<String>,
    /// Stored jobs that are invalid with this version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedJob>,
}

/// A step of a stored job that a version of its type refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RefusedJob {
    /// The id of the job.
    pub job_id: String,
    /// The id of the step.
    pub step_id: String,
    /// The reason.
    pub message: String,
}

/// A version of a step type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StepVersion {
    /// The version number.
    pub version: String,
    /// The digest of its component: `sha256:...`.
    pub digest: String,
    /// Whether a job that names no version gets this version.
    pub active: bool,
    /// The source: `built_in`, `registered` in the store, or `local` for `--step` or `steps` of
    /// the configuration.
    pub source: &'static str,
    /// The time of the registration.
    pub registered_at: Option<Timestamp>,
    /// The actor who registered it.
    pub registered_by: Option<String>,
}

/// The maximum number of registered step types.
const MOST: u32 = 1000;
/// The maximum number of versions of a step type.
const MOST_VERSIONS: usize = 100;
/// The maximum number of refused jobs in a list.
const MOST_REFUSED: usize = 100;
/// The maximum number of refused jobs in a message.
const MOST_SHOWN: usize = 20;

/// The step types of a host.
#[derive(Clone)]
pub struct Steps {
    pub(crate) ctx: Arc<Context>,
}

impl Steps {
    /// Adds a step to this process only, like [`crate::Host::register`]. With `replace`, the component may
    /// replace a built-in step, without the grants of policies that name that step.
    ///
    /// # Errors
    /// Returns the errors of [`Steps::register`].
    pub async fn register_here(&self, wasm: Vec<u8>, replace: bool) -> Result<Arc<Manifest>, HostError> {
        let component = self.examined(wasm).await?;
        self.may_replace(&component, replace)?;
        let manifest = component.manifest().clone();
        self.ctx.sandbox.add(component);
        self.ctx.node.generation.fetch_add(1, Ordering::Relaxed);
        Ok(manifest)
    }

    /// Registers a component for every process that uses the store. It becomes the active version of its
    /// type. Other versions stay available to jobs that name them and to runs that started with them.
    ///
    /// # Errors
    /// Fails when the component is not a step, its type is built in or reserved, stored jobs would be invalid
    /// with it and `how` does not force it, or the store fails.
    pub async fn register(
        &self,
        wasm: Vec<u8>,
        how: Registration,
        audit: Audit,
    ) -> Result<Activated, HostError> {
        let component = self.examined(wasm).await?;
        let name = component.manifest().type_name.clone();
        self.refresh().await?;
        self.may_change(&name, &audit)?;
        if self.ctx.sandbox.local(&name).is_some() {
            return Err(HostError::Refused(format!(
                "the step type `{name}` comes with `steps` of the configuration or `--step` here, which takes precedence over registered steps; change it there"
            )));
        }
        self.may_replace(&component, how.replace)?;
        let (mut said, expect) = self.step_record(&name).await?;
        let previous = said.version_of(&said.digest);
        self.add_version(&mut said, &component, how, audit.who()).await?;
        let refused = self.refused_jobs(&component).await?;
        if !refused.is_empty() && !how.force {
            return Err(HostError::Refused(refusal(&component, &refused)));
        }
        let wasm = component.wasm().map(|wasm| wasm.to_vec()).unwrap_or_default();
        self.ctx.store.put_component(component.digest(), wasm).await?;
        said.digest = component.digest().to_owned();
        said.at = self.ctx.clock.now();
        said.replaces = self.ctx.sandbox.built_in(&name).is_some();
        let version = component.manifest().version.clone();
        let audit =
            Audit { target: name.clone(), detail: format!("{version} {}", component.digest()), ..audit };
        let changes = vec![self.description(&component), put(&name, &said, expect), Change::Audit(audit)];
        self.ctx.store.write(changes).await?;
        self.ctx.node.stored.lock().insert(component.digest().to_owned());
        let digest = component.digest().to_owned();
        self.ctx.sandbox.know(component);
        self.refresh().await?;
        self.ctx.store.announce(Wake::Steps);
        Ok(Activated { step_type: name, version, digest, previous, refused })
    }

    /// Adds the component at the end of the versions.
    async fn add_version(
        &self,
        said: &mut StepRecord,
        component: &Component,
        how: Registration,
        by: &str,
    ) -> Result<(), HostError> {
        let (name, version) = (&component.manifest().type_name, &component.manifest().version);
        let digest = component.digest();
        let other = said.versions.iter().find(|known| known.version == *version && known.digest != digest);
        if let Some(other) = other.filter(|_| !how.force) {
            return Err(HostError::Refused(format!(
                "version {version} of `{name}` is registered with another component ({}): raise the version, or use `--force` to have two components of one version",
                other.digest
            )));
        }
        let types = self.ctx.store.count(Kind::Step, STATE).await?;
        if said.versions.is_empty() && types >= u64::from(MOST) {
            return Err(HostError::Refused(format!("{MOST} step types are registered; remove one first")));
        }
        said.versions.retain(|known| known.digest != digest);
        if said.versions.len() >= MOST_VERSIONS {
            return Err(HostError::Refused(format!(
                "{MOST_VERSIONS} versions of `{name}` are registered; remove one first: `stepwell steps remove {name}@VERSION`"
            )));
        }
        said.versions.push(VersionRecord {
            version: version.clone(),
            digest: digest.to_owned(),
            at: self.ctx.clock.now(),
            by: by.to_owned(),
            bytes: component.wasm().map_or(0, |wasm| wasm.len()),
        });
        Ok(())
    }

    /// Returns the error for a change of a step that is not registered.
    fn not_registered(&self, step_type: &str, done: &str) -> HostError {
        match self.ctx.sandbox.find(step_type) {
            Some(found) if found.origin() == Origin::BuiltIn => HostError::Refused(format!(
                "`{step_type}` is a built-in step and cannot be {done}; `step_types: {{{step_type}: {{enabled: false}}}}` in the configuration turns it off"
            )),
            Some(_) => HostError::Refused(format!(
                "`{step_type}` comes with `steps` of the configuration or `--step` and cannot be {done} here; change it there"
            )),
            None if job::is_of_the_engine(step_type) => {
                HostError::Refused(format!("`{step_type}` is a part of the engine and cannot be {done}"))
            }
            None => StoreError::NoRecord(Kind::Step.name(), step_type.to_owned()).into(),
        }
    }

    /// Refuses a change of a step type whose vendor the configuration reserves for other users.
    fn may_change(&self, step_type: &str, audit: &Audit) -> Result<(), HostError> {
        let settings = self.ctx.settings();
        let reserved = vendor(step_type).and_then(|name| Some((name, settings.config.vendors.get(name)?)));
        let Some((vendor, said)) = reserved else { return Ok(()) };
        let names = said.registered_by.iter().filter_map(|name| Who::parse(name).ok());
        if names.into_iter().any(|who| who.is(&audit.actor())) {
            return Ok(());
        }
        let who = match said.registered_by.as_slice() {
            [] => "`steps` of the configuration alone brings its step types".to_owned(),
            names => format!("only {} may change its step types", names.join(", ")),
        };
        Err(HostError::Refused(format!(
            "`{step_type}`: the vendor `{vendor}` is reserved in the configuration (`vendors.{vendor}`): {who}"
        )))
    }

    /// Refuses a component that has the name of a built-in step, unless `replace` is set.
    pub(crate) fn may_replace(&self, component: &Component, replace: bool) -> Result<(), HostError> {
        let name = &component.manifest().type_name;
        let Some(built_in) = self.ctx.sandbox.built_in(name) else { return Ok(()) };
        if built_in == component.digest() {
            return Err(HostError::Refused(format!(
                "the step type `{name}` comes with the service, and this is the same component"
            )));
        }
        let settings = self.ctx.settings();
        let chosen = settings.config.step_types.get(name).and_then(|said| said.digest.as_deref());
        if replace || chosen == Some(component.digest()) {
            return Ok(());
        }
        Err(HostError::Refused(format!(
            "the step type `{name}` comes with the service; choose another name, or let this component take its place with `--replace` (`replace=true`), without the grants of policies that name `{name}`"
        )))
    }

    /// Returns the record of a step type, and the expectation for its next write.
    async fn step_record(&self, step_type: &str) -> Result<(StepRecord, Expect), HostError> {
        let Some(record) = self.ctx.store.record(Kind::Step, step_type).await? else {
            return Ok((StepRecord::default(), Expect::Absent));
        };
        let version = record.version;
        Ok((self.read_step(record).await?, Expect::Version(version)))
    }

    /// Reads a record of a step type. Records of older programs have no versions.
    async fn read_step(&self, record: Record) -> Result<StepRecord, HostError> {
        let mut said: StepRecord = serde_json::from_value(record.value)
            .map_err(|error| StoreError::Failed(format!("the step {} cannot be read: {error}", record.id)))?;
        if said.versions.is_empty() {
            let component = self.load(&said.digest).await?;
            let version = component.as_ref().map(|found| found.manifest().version.clone());
            said.versions.push(VersionRecord {
                version: version.unwrap_or_default(),
                digest: said.digest.clone(),
                at: said.at,
                by: String::new(),
                bytes: component.as_ref().and_then(Component::wasm).map_or(0, |wasm| wasm.len()),
            });
        }
        Ok(said)
    }

    /// Returns the steps of stored jobs that a component would refuse if it were the newest of its type, by
    /// its schema or by its own `validate`.
    async fn refused_jobs(&self, component: &Component) -> Result<Vec<RefusedJob>, HostError> {
        self.ctx.sandbox.know(component.clone());
        let mut refused = Vec::new();
        let mut after = String::new();
        loop {
            let jobs = self.ctx.jobs().list(&after, 500).await?;
            let Some(last) = jobs.last() else { return Ok(refused) };
            after.clone_from(&last.job.id);
            for job in &jobs {
                for step in job.job.all_steps().filter(|step| self.would_get(&step.step_type, component)) {
                    let mut refusal = |message| {
                        let (job_id, step_id) = (job.job.id.clone(), step.id.clone());
                        refused.push(RefusedJob { job_id, step_id, message });
                    };
                    if let Some(message) = self.objection(step, component).await? {
                        refusal(message);
                    }
                    if refused.len() >= MOST_REFUSED {
                        return Ok(refused);
                    }
                }
            }
        }
    }

    /// Returns whether a step of this type would get the component once it is active.
    fn would_get(&self, step_type: &str, component: &Component) -> bool {
        let manifest = component.manifest();
        let Ok(reference) = StepRef::parse(step_type) else { return false };
        if reference.type_name != manifest.type_name
            || !reference.matches(&manifest.version, component.digest())
        {
            return false;
        }
        // Another version may be newer.
        step_type == reference.type_name
            || self
                .ctx
                .sandbox
                .find(step_type)
                .is_none_or(|found| compare_versions(&found.manifest().version, &manifest.version).is_le())
    }

    /// Returns the objection of a component to the configuration of a step, if it has one.
    async fn objection(
        &self,
        step: &stepwell_engine::StepDefinition,
        component: &Component,
    ) -> Result<Option<String>, HostError> {
        let manifest = component.manifest();
        let config = step.config_for(manifest, self.ctx.catalog().left_out(&step.step_type));
        let problems = manifest.config_schema.problems(&config.into());
        let shown = |pointer: &str, message: &str| match pointer {
            "" => message.to_owned(),
            pointer => format!("{pointer}: {message}"),
        };
        if let Some(problem) = problems.first() {
            return Ok(Some(shown(&problem.pointer, &problem.message)));
        }
        let reference = format!("{}@{}", manifest.type_name, component.digest());
        let own = self.ctx.jobs().validated(&reference, step, manifest).await?;
        let error = own.iter().find(|issue| !issue.warning);
        Ok(error.map(|issue| shown(&issue.pointer, &issue.message)))
    }

    /// Applies the registrations, rollbacks and removals of other processes.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn refresh(&self) -> Result<(), HostError> {
        // Before the first run there is no file, and a read must not create it.
        if self.ctx.store_file.as_ref().is_some_and(|path| !path.exists()) {
            return Ok(());
        }
        let mut wanted = BTreeMap::new();
        for record in self.ctx.store.records(Kind::Step, None, "", MOST).await? {
            let name = record.id.clone();
            match self.read_step(record).await {
                Ok(step) => drop(wanted.insert(name, step)),
                Err(HostError::Store(error)) if error.is_temporary() => return Err(error.into()),
                Err(error) => tracing::error!("the step `{name}` cannot be used here: {error}"),
            }
        }
        let known = self.ctx.node.registered.lock().clone();
        let mut changed = false;
        for name in known.keys().filter(|name| !wanted.contains_key(*name)) {
            changed |= self.ctx.sandbox.set_stored(name, None);
        }
        for (name, said) in &wanted {
            if known.get(name) != Some(said) {
                changed |= self.take_over(name, said).await?;
            }
        }
        *self.ctx.node.registered.lock() = wanted;
        if changed {
            self.ctx.node.generation.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn take_over(&self, name: &str, said: &StepRecord) -> Result<bool, HostError> {
        for version in &said.versions {
            let digest = version.digest.as_str();
            if self.ctx.sandbox.by_digest(digest).is_some() {
                continue;
            }
            match self.described(digest).await? {
                Some(record) if record.manifest.type_name == name => {
                    self.ctx.sandbox.know(Component::known(
                        record.manifest.into(),
                        digest,
                        record.origin,
                        None,
                    ));
                }
                _ => tracing::error!("the component {digest} of the step `{name}` is missing in the store"),
            }
        }
        let stored = Stored {
            versions: said.versions.iter().map(|version| version.digest.clone()).collect(),
            active: said.digest.clone(),
            replaces: said.replaces,
        };
        Ok(self.ctx.sandbox.set_stored(name, Some(stored)))
    }

    /// Refreshes the registered steps. A service is notified of changes; other processes check at most once
    /// per second.
    pub(crate) async fn fresh(&self) -> Result<(), HostError> {
        let now = self.ctx.clock.now();
        let recent = |at: &Timestamp| (now - *at).abs() < TimeDelta::seconds(1);
        if self.ctx.is_serving() || self.ctx.node.refreshed_at.lock().as_ref().is_some_and(recent) {
            return Ok(());
        }
        self.refresh().await?;
        *self.ctx.node.refreshed_at.lock() = Some(now);
        Ok(())
    }

    /// Returns the step types, with the descriptions of their active versions.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn list(&self) -> Result<Vec<Arc<Manifest>>, HostError> {
        self.fresh().await?;
        Ok(self.ctx.sandbox.types().iter().filter_map(|name| self.ctx.sandbox.manifest(name)).collect())
    }

    /// Returns the names that jobs may use: the step types, and the calendars of the configuration.
    pub fn catalog(&self) -> impl Catalog + use<> {
        self.ctx.catalog()
    }

    /// Returns the component of a step type, which may include a version or a digest, with its bytes.
    ///
    /// # Errors
    /// Fails when there is no such component, or the store fails.
    pub async fn component(&self, step_type: &str) -> Result<Component, HostError> {
        self.fresh().await?;
        self.fetch(step_type).await?;
        self.ctx.sandbox.find(step_type).ok_or_else(|| HostError::Refused(self.unknown(step_type)))
    }

    /// Returns the versions of a step type, newest first. Empty when there is no such type.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn versions(&self, step_type: &str) -> Result<Vec<StepVersion>, HostError> {
        self.fresh().await?;
        let registered = self.ctx.node.registered.lock().get(step_type).cloned().unwrap_or_default();
        let local = self.ctx.sandbox.local(step_type);
        let shown = |(component, active): (Component, bool)| {
            let digest = component.digest();
            let said = registered.versions.iter().find(|version| version.digest == digest);
            let source = match component.origin() {
                _ if local.as_deref() == Some(digest) => "local",
                Origin::BuiltIn => "built_in",
                Origin::Registered => "registered",
            };
            StepVersion {
                version: component.manifest().version.clone(),
                digest: digest.to_owned(),
                active,
                source,
                registered_at: said.map(|said| said.at),
                registered_by: said.map(|said| said.by.clone()).filter(|by| !by.is_empty()),
            }
        };
        Ok(self.ctx.sandbox.components(step_type).into_iter().map(shown).collect())
    }
}

/// The state in the records of step types.
const STATE: &str = "registered";

impl StepRecord {
    fn version_of(&self, digest: &str) -> Option<String> {
        let found = self.versions.iter().find(|version| version.digest == digest);
        found.map(|version| version.version.clone())
    }
}

fn put(step_type: &str, said: &StepRecord, expect: Expect) -> Change {
    Change::Put {
        kind: Kind::Step,
        id: step_type.to_owned(),
        state: STATE.to_owned(),
        value: serde_json::to_value(said).unwrap_or_default(),
        expect,
    }
}
