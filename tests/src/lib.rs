//! The harness of the integration tests, and the emulator of an OpenID provider.

pub mod certificates;
pub mod histories;
pub mod openid;
pub mod oracle;
pub mod partner;
pub mod proxy;
pub mod servers;
pub mod simulator;
pub mod spark;
pub mod tds;
pub mod terminal;
pub mod web;

use std::path::PathBuf;

/// The Azure DevOps emulator, which `stepwell demo` also uses.
pub use stepwell_emulator::azure_devops;

use stepwell::engine::StoreError;
use stepwell::engine::run::Event;
use stepwell::engine::store::prelude::*;
use stepwell::engine::store::{Loaded, NewRun};

/// Returns the root of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Loads a run with its complete history.
///
/// # Errors
/// Fails when there is no such run, or when the store fails.
pub async fn load(store: &dyn Store, execution_id: &str) -> Result<(NewRun, Vec<Event>), StoreError> {
    let Loaded { run, mut events, mut next } = store.load(execution_id).await?;
    while let Some(place) = next {
        let page = store.events(execution_id, place).await?;
        events.extend(page.events);
        next = page.next;
    }
    Ok((run, events))
}

/// Returns the component of a guest from the build of the built-in steps.
pub fn guest(name: &str) -> PathBuf {
    root().join("target/guests/wasm32-wasip2/release").join(format!("{name}.wasm"))
}
