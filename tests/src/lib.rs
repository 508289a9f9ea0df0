//! The harness of the integration tests, and the Azure DevOps emulator.

pub mod azure_devops;
pub mod certificates;
pub mod proxy;
pub mod servers;
pub mod simulator;
pub mod tds;
pub mod terminal;
pub mod web;

use std::path::PathBuf;

/// The root of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The component of a guest that the build of the built-in steps has made.
pub fn guest(name: &str) -> PathBuf {
    root().join("target/guests/wasm32-wasip2/release").join(format!("{name}.wasm"))
}
