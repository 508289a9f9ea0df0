//! Why a host did not do what it was asked for.

use std::path::PathBuf;

use stepwell_engine::run::{AdmitError, IllegalEvent};
use stepwell_engine::system::why;
use stepwell_engine::{Diagnostics, StoreError};
use stepwell_sandbox::ComponentError;

/// Why the host did not do it.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// A file of the user's has problems.
    #[error("{0}")]
    Invalid(Diagnostics),
    /// The policies and the configuration do not fit together.
    #[error("{}", .0.join("\n"))]
    Policy(Vec<String>),
    /// A file cannot be read or written.
    #[error("{path}: {}", why(.error))]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        error: std::io::Error,
    },
    /// The job is not admitted.
    #[error(transparent)]
    Admit(#[from] AdmitError),
    /// A component cannot be a step.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// The store failed, or has no such run.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The record of a run contradicts itself.
    #[error("the record of the run is damaged: {0}")]
    Illegal(#[from] IllegalEvent),
    /// A run has no such step.
    #[error("the run {0} has no step `{1}`")]
    NoStep(String, String),
    /// An argument has a value that it must not have.
    #[error("{}", argument(.0, .1))]
    Argument(&'static str, String),
    /// The caller may not do it.
    #[error("{0}")]
    Forbidden(String),
    /// It cannot be done in the state that things are in.
    #[error("{0}")]
    Refused(String),
}

/// The message about an invalid argument: `` `to` must be after `from` ``.
pub fn argument(name: &str, why: &str) -> String {
    let colon = if why.starts_with("must ") { "" } else { ":" };
    format!("`{name}`{colon} {why}")
}
