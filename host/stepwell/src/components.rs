//! The components of runs: those that a run starts with, and where each node finds them when the run
//! continues.
//!
//! A run is admitted with the digest of the component of each of its steps. An upgrade of a step, or of the
//! program with its built-in steps, therefore affects only runs that are admitted later. A run that is parked
//! for a week continues with its original components, on any node. The components of a run are in the store
//! before the run is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::{approval, unknown_type};
use stepwell_engine::reference::type_of;
use stepwell_engine::step::{Origin, Pin};
use stepwell_engine::store::{Change, Expect, Kind, NewRun};
use stepwell_engine::{JobDefinition, Manifest, StoreError};
use stepwell_sandbox::{Component, ComponentError};

use crate::HostError;
use crate::steps::Steps;

/// What the store knows of a component beside its bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ComponentRecord {
    pub manifest: Manifest,
    pub origin: Origin,
    pub at: Timestamp,
}

/// The result of the search for the component of a step.
pub(crate) enum Found {
    Component(Component),
    /// The job names what there is not.
    Unknown(String),
    /// The run began with a component that cannot be had any more: the platform's fault.
    Gone(String),
}

impl Steps {
    /// The components that the steps of a job mean now, by the types as it names them.
    pub(crate) fn pins(&self, job: &JobDefinition) -> BTreeMap<String, Pin> {
        let types: BTreeSet<&str> = job.all_steps().map(|step| step.step_type.as_str()).collect();
        let pin = |step_type: &str| {
            let found = self.ctx.sandbox.find(step_type)?;
            let (digest, version) = (found.digest().to_owned(), found.manifest().version.clone());
            Some((step_type.to_owned(), Pin { digest, version }))
        };
        types.into_iter().filter(|step_type| *step_type != approval::TYPE).filter_map(pin).collect()
    }

    /// Puts the components of runs that are about to be admitted into the store: each once, by its digest.
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
        let new = new(&self.ctx.node.kept.lock());
        for digest in new {
            // Of many runs that come at once, one writes the bytes.
            let _one = self.ctx.node.keeping.lock().await;
            if self.ctx.node.kept.lock().contains(&digest) {
                continue;
            }
            if self.ctx.store.record(Kind::Component, &digest).await?.is_none() {
                self.keep_component(&digest).await?;
            }
            self.ctx.node.kept.lock().insert(digest);
        }
        Ok(())
    }

    async fn keep_component(&self, digest: &str) -> Result<(), StoreError> {
        let Some(component) = self.ctx.sandbox.by_digest(digest) else { return Ok(()) };
        let Some(wasm) = component.wasm() else { return Ok(()) };
        self.ctx.store.put_component(digest, wasm.to_vec()).await?;
        self.ctx.store.write(vec![self.description(&component)]).await
    }

    /// The record of a component.
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

    /// What the store knows of a component.
    pub(crate) async fn described(&self, digest: &str) -> Result<Option<ComponentRecord>, StoreError> {
        let record = self.ctx.store.record(Kind::Component, digest).await?;
        Ok(record.and_then(|record| serde_json::from_value(record.value).ok()))
    }

    /// The component that a step of a run began with, ready to run; of runs that older programs admitted, the current
    /// one.
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
                "the component of `{name}` {} ({}) that this run began with is neither in this program nor in the store; a retry of the run takes the current version",
                pin.version, pin.digest
            )),
            Err(HostError::Component(error)) => Found::Gone(format!(
                "the component of `{name}` {} ({}) that this run began with cannot be used here: {error}",
                pin.version, pin.digest
            )),
            Err(error) => return Err(error),
        })
    }

    /// Why there is no such step type.
    pub(crate) fn unknown(&self, step_type: &str) -> String {
        let (message, help) = unknown_type(step_type, &self.ctx.catalog());
        help.map_or_else(|| message.clone(), |help| format!("{message}; {help}"))
    }

    /// Has the component of a step type ready: its bytes are fetched from the store when this process lacks them.
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

    /// The component of a digest with its bytes; none when it is nowhere.
    pub(crate) async fn load(&self, digest: &str) -> Result<Option<Component>, HostError> {
        let here = || self.ctx.sandbox.by_digest(digest).filter(|found| found.wasm().is_some());
        if let Some(found) = here() {
            return Ok(Some(found));
        }
        let slot = self.ctx.node.loading.lock().entry(digest.to_owned()).or_default().clone();
        // Of those who need it at once, one fetches and compiles it. Other components do not wait.
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

    /// Examines a component.
    pub(crate) async fn examined(&self, wasm: Vec<u8>) -> Result<Component, ComponentError> {
        let (sandbox, digest) = (self.ctx.sandbox.clone(), stepwell_sandbox::digest(&wasm));
        self.ctx.among_guests(&digest, async move { sandbox.examine(wasm).await }).await
    }

    /// Whether a component bears the name of a built-in step, and is another.
    pub(crate) fn replaces_builtin(&self, component: &Component) -> bool {
        let name = &component.manifest().type_name;
        component.origin() != Origin::BuiltIn && self.ctx.sandbox.built_in(name).is_some()
    }
}

/// Locks by digest, so that a component is fetched once.
pub(crate) type Loading = parking_lot::Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>;
