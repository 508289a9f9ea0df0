//! The components of runs: those that a run starts with, and those that each node loads when the run
//! continues.
//!
//! A run is admitted with the digest of the component of each of its steps. An upgrade of a step, or of the
//! program with its built-in steps, therefore affects only runs that are admitted later. A run that is parked
//! for a week continues with its original components, on any node. The store has the components of a run
//! before it has the run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::{self, unknown_type};
use stepwell_engine::reference::type_of;
use stepwell_engine::step::{Origin, Pin};
use stepwell_engine::store::{Change, Expect, Kind, NewRun};
use stepwell_engine::{JobDefinition, Manifest, StoreError};
use stepwell_sandbox::{Component, ComponentError};

use crate::HostError;
use crate::steps::Steps;

/// The description of a component in the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ComponentRecord {
    pub manifest: Manifest,
    pub origin: Origin,
    pub at: Timestamp,
}

/// The result of the search for the component of a step.
pub(crate) enum Found {
    Component(Component),
    /// The step type does not exist.
    Unknown(String),
    /// The component that the run began with no longer exists: a fault of the platform.
    Gone(String),
}

impl Steps {
    /// Returns the components that are now active for the steps of a job, by step type.
    pub(crate) fn pins(&self, job: &JobDefinition) -> BTreeMap<String, Pin> {
        let types: BTreeSet<&str> = job.all_steps().map(|step| step.step_type.as_str()).collect();
        let pin = |step_type: &str| {
            let found = self.ctx.sandbox.find(step_type)?;
            let (digest, version) = (found.digest().to_owned(), found.manifest().version.clone());
            Some((step_type.to_owned(), Pin { digest, version }))
        };
        types.into_iter().filter(|step_type| !job::is_of_the_engine(step_type)).filter_map(pin).collect()
    }

    /// Stores the components of runs that are about to be admitted, each once per digest.
    pub(crate) async fn keep_components(
        &self,
        runs: impl IntoIterator<Item = &NewRun>,
    ) -> Result<(), StoreError> {
        if !self.ctx.keeps_components {
            return Ok(());
        }
        let pins = runs.into_iter().flat_map(|run| run.components.values());
        let new = |kept: &BTreeSet<String>| {
            let digests = pins.map(|pin| &pin.digest).filter(|digest| !kept.contains(*digest));
            digests.cloned().collect::<BTreeSet<String>>()
        };
        let new = new(&self.ctx.node.stored.lock());
        for digest in new {
            // When many runs arrive at once, one of them writes the bytes.
            let _one = self.ctx.node.storing.lock().await;
            if self.ctx.node.stored.lock().contains(&digest) {
                continue;
            }
            if self.ctx.store.record(Kind::Component, &digest).await?.is_none() {
                self.keep_component(&digest).await?;
            }
            self.ctx.node.stored.lock().insert(digest);
        }
        Ok(())
    }

    async fn keep_component(&self, digest: &str) -> Result<(), StoreError> {
        let Some(component) = self.ctx.sandbox.by_digest(digest) else { return Ok(()) };
        let Some(wasm) = component.wasm() else { return Ok(()) };
        self.ctx.store.put_component(digest, wasm.to_vec()).await?;
        self.ctx.store.write(vec![self.description(&component)]).await
    }

    /// Returns the change that stores the description of a component.
    pub(crate) fn description(&self, component: &Component) -> Change {
        let record = ComponentRecord {
            manifest: Manifest::clone(component.manifest()),
            origin: component.origin(),
            at: self.ctx.clock.now(),
        };
        Change::Put {
            kind: Kind::Component,
            id: component.digest().to_owned(),
            state: "kept".to_owned(),
            value: serde_json::to_value(record).unwrap_or_default(),
            expect: Expect::Any,
        }
    }

    /// Returns the description of a component in the store.
    pub(crate) async fn described(&self, digest: &str) -> Result<Option<ComponentRecord>, StoreError> {
        let record = self.ctx.store.record(Kind::Component, digest).await?;
        Ok(record.and_then(|record| serde_json::from_value(record.value).ok()))
    }

    /// Returns the component that a step of a run began with, ready to run. Runs that older programs admitted
    /// get the current component.
    pub(crate) async fn component_of(&self, run: &NewRun, step_type: &str) -> Result<Found, HostError> {
        let (pin, name) = match run.components.get(step_type) {
            Some(pin) => (pin.clone(), type_of(step_type).to_owned()),
            None => match self.ctx.sandbox.find(step_type) {
                None => return Ok(Found::Unknown(self.unknown(step_type))),
                Some(found) if found.wasm().is_some() => return Ok(Found::Component(found)),
                Some(found) => {
                    let (digest, version) = (found.digest().to_owned(), found.manifest().version.clone());
                    (Pin { digest, version }, found.manifest().type_name.clone())
                }
            },
        };
        Ok(match self.load(&pin.digest).await {
            Ok(Some(component)) => Found::Component(component),
            Ok(None) => Found::Gone(format!(
                "the component of `{name}` {} ({}) of this run is neither in this program nor in the store; a retry of the run uses the current version",
                pin.version, pin.digest
            )),
            Err(HostError::Component(error)) => Found::Gone(format!(
                "the component of `{name}` {} ({}) of this run cannot be used here: {error}",
                pin.version, pin.digest
            )),
            Err(error) => return Err(error),
        })
    }

    /// Returns the error message for an unknown step type.
    pub(crate) fn unknown(&self, step_type: &str) -> String {
        let (message, help) = unknown_type(step_type, &self.ctx.catalog());
        help.map_or_else(|| message.clone(), |help| format!("{message}; {help}"))
    }

    /// Makes the component of a step type available: fetches its bytes from the store when this process lacks
    /// them.
    ///
    /// # Errors
    /// Fails when the store fails, or lacks the component.
    pub(crate) async fn fetch(&self, step_type: &str) -> Result<(), HostError> {
        let Some(found) = self.ctx.sandbox.find(step_type).filter(|found| found.wasm().is_none()) else {
            return Ok(());
        };
        let digest = found.digest();
        match self.load(digest).await? {
            Some(_) => Ok(()),
            None => Err(StoreError::Failed(format!(
                "the component {digest} of the step `{step_type}` is missing from it"
            ))
            .into()),
        }
    }

    /// Returns the component with this digest and its bytes, or `None` when neither this process nor the
    /// store has it.
    pub(crate) async fn load(&self, digest: &str) -> Result<Option<Component>, HostError> {
        let here = || self.ctx.sandbox.by_digest(digest).filter(|found| found.wasm().is_some());
        if let Some(found) = here() {
            return Ok(Some(found));
        }
        let slot = self.ctx.node.loading.lock().entry(digest.to_owned()).or_default().clone();
        // Concurrent callers fetch and compile a component once. Other components do not wait.
        let _one = slot.lock().await;
        if let Some(found) = here() {
            return Ok(Some(found));
        }
        let loaded = self.load_from_store(digest).await;
        self.ctx.node.loading.lock().remove(digest);
        loaded
    }

    async fn load_from_store(&self, digest: &str) -> Result<Option<Component>, HostError> {
        let Some(wasm) = self.ctx.store.component(digest).await? else { return Ok(None) };
        if stepwell_sandbox::digest(&wasm) != digest {
            return Err(StoreError::Failed(format!("the component {digest} is damaged there")).into());
        }
        let origin = self.described(digest).await?.map_or(Origin::Registered, |record| record.origin);
        let sandbox = self.ctx.sandbox.clone();
        Ok(Some(self.ctx.among_guests(digest, async move { sandbox.load(wasm, origin).await }).await?))
    }

    /// Reads and checks a component.
    pub(crate) async fn examined(&self, wasm: Vec<u8>) -> Result<Component, ComponentError> {
        let (sandbox, digest) = (self.ctx.sandbox.clone(), stepwell_sandbox::digest(&wasm));
        self.ctx.among_guests(&digest, async move { sandbox.examine(wasm).await }).await
    }

    /// Returns whether a component has the name of a built-in step, but is a different component.
    pub(crate) fn replaces_builtin(&self, component: &Component) -> bool {
        let name = &component.manifest().type_name;
        component.origin() != Origin::BuiltIn && self.ctx.sandbox.built_in(name).is_some()
    }
}

/// Locks by digest, so that a component is fetched only once.
pub(crate) type Loading = parking_lot::Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>;
