//! Steps that are registered while the service runs: kept in the store by digest, so that every node has them.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};
use stepwell_engine::clock::Timestamp;
use stepwell_engine::store::{Audit, Change, Expect, Kind, Wake};
use stepwell_sandbox::Component;

use crate::node::lock;
use crate::{Host, HostError};

/// A step in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct StepRecord {
    digest: String,
    at: Timestamp,
}

/// Steps that are registered at most.
const MOST: u32 = 1000;

impl Host {
    /// Registers a component for every process that uses the store; it takes the place of one of the same type that was
    /// registered so before. Gives its type and digest.
    ///
    /// # Errors
    /// When it is no step, when its type is one that processes bring along, or the store failed.
    pub async fn register_for_all(&self, wasm: Vec<u8>, audit: Audit) -> Result<(String, String), HostError> {
        let component = self.sandbox.examine(wasm).await?;
        let name = component.manifest().type_name.clone();
        if self.is_own(&name) {
            return Err(HostError::Refused(format!(
                "the step type `{name}` comes with the service, and is not replaced"
            )));
        }
        let digest = component.digest().to_owned();
        self.store.put_component(&digest, component.wasm().to_vec()).await?;
        let record = StepRecord { digest: digest.clone(), at: self.clock.now() };
        let put = Change::Put {
            kind: Kind::Step,
            id: name.clone(),
            state: "registered".to_owned(),
            value: serde_json::to_value(record).unwrap_or_default(),
            expect: Expect::Any,
        };
        let audit = Audit { target: name.clone(), detail: digest.clone(), ..audit };
        self.store.write(vec![put, Change::Audit(audit)]).await?;
        self.take_over(component);
        self.store.announce(Wake::Steps);
        Ok((name, digest))
    }

    /// Removes a step that was registered so. Runs that need it say that it is missing.
    ///
    /// # Errors
    /// When there is none of that name, or the store failed.
    pub async fn unregister_for_all(&self, step_type: &str, audit: Audit) -> Result<(), HostError> {
        let gone = Change::Remove { kind: Kind::Step, id: step_type.to_owned(), expect: Expect::Present };
        self.store.write(vec![gone, Change::Audit(audit)]).await?;
        self.store.announce(Wake::Steps);
        self.look_for_steps().await
    }

    /// Whether the type comes with this process.
    fn is_own(&self, step_type: &str) -> bool {
        self.sandbox.digest(step_type).is_some() && !lock(&self.node.registered).contains_key(step_type)
    }

    fn take_over(&self, component: Component) {
        let (name, digest) = (component.manifest().type_name.clone(), component.digest().to_owned());
        self.sandbox.add(component);
        lock(&self.node.registered).insert(name, digest);
        self.node.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes over what others have registered and removed.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn look_for_steps(&self) -> Result<(), HostError> {
        let mut wanted = BTreeMap::new();
        for record in self.store.records(Kind::Step, None, "", MOST).await? {
            if let Ok(step) = serde_json::from_value::<StepRecord>(record.value) {
                wanted.insert(record.id, step.digest);
            }
        }
        let known = lock(&self.node.registered).clone();
        for name in known.keys().filter(|name| !wanted.contains_key(*name)) {
            self.sandbox.remove(name);
            lock(&self.node.registered).remove(name);
            self.node.generation.fetch_add(1, Ordering::Relaxed);
        }
        for (name, digest) in wanted {
            // One that this process brings along is its operator's choice.
            if known.get(&name) == Some(&digest) || self.is_own(&name) {
                continue;
            }
            let Some(wasm) = self.store.component(&digest).await? else {
                tracing::error!("the component {digest} of the step `{name}` is missing");
                continue;
            };
            match self.sandbox.examine(wasm).await {
                Ok(component) if component.digest() == digest && component.manifest().type_name == name => {
                    self.take_over(component);
                }
                Ok(_) => {
                    tracing::error!("the component of the step `{name}` is not the one that was registered")
                }
                Err(error) => tracing::error!("the step `{name}` cannot be registered here: {error}"),
            }
        }
        Ok(())
    }
}
