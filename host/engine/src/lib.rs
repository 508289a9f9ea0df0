//! The definition of a Stepwell job, and the rules by which a run moves forward.
//!
//! This crate knows no WebAssembly, no SQL and no HTTP, and reads no clock. Data flows one way:
//! [`job::parse`] turns text into a [`JobDefinition`], [`run::admit`] makes a run of it, [`policy::decide`]
//! turns a step and the operator's policy into a [`policy::Grant`], a [`StepRunner`] runs the attempt, and
//! [`run::apply`] moves the run forward. The traits [`Store`], [`StepRunner`] and [`Clock`] hide all effects,
//! such as databases, sandboxes and terminals.

pub mod action;
pub mod clock;
pub mod config;
pub mod contain;
pub mod descriptor;
pub mod document;
pub mod identity;
pub mod job;
pub mod label;
pub mod levels;
pub mod lock;
mod outcome;
pub mod policy;
pub mod project;
pub mod quantity;
pub mod queue;
pub mod reference;
pub mod rollout;
pub mod run;
pub mod schedule;
pub mod step;
pub mod store;
pub mod system;
pub mod trace;
pub mod values;
mod weight;
pub mod wildcard;
pub mod workspace;

pub use clock::Clock;
pub use config::Configuration;
pub use document::{Diagnostic, Diagnostics};
pub use job::{Job, JobDefinition, StepDefinition};
pub use outcome::{
    EngineName, EngineUse, FailureKind, Outcome, Produced, Receipt, StepEnd, TimeOf, raise, shorten,
};
pub use reference::StepRef;
pub use step::{Manifest, StepRequest, StepRunner, StepSink};
pub use store::{Store, StoreError};
pub use weight::weight;
