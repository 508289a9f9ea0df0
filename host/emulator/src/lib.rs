//! Emulators of the services that sample jobs and tests call: Azure DevOps, and a market with exchange rates.
//!
//! They listen on 127.0.0.1 only. `stepwell demo` and the tests start them; a service never does.

pub mod azure_devops;
pub mod market;

mod png;
mod serve;
