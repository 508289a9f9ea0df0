//! The errors of a host.

use std::path::PathBuf;

use stepwell_engine::lock::LockError;
use stepwell_engine::run::{AdmitError, IllegalEvent};
use stepwell_engine::system::why;
use stepwell_engine::{Diagnostics, StoreError};
use stepwell_sandbox::ComponentError;

/// The error of an operation of a host.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// A file of the user has problems.
    #[error("{0}")]
    Invalid(Diagnostics),
    /// The policies and the configuration contradict each other.
    #[error("{}", .0.join("\n"))]
    Policy(Vec<String>),
    /// A file cannot be read or written.
    #[error("{path}: {}", why(.error))]
    File {
        /// The file.
        path: PathBuf,
        /// The error from the operating system.
        error: std::io::Error,
    },
    /// The job is not admitted.
    #[error(transparent)]
    Admit(#[from] AdmitError),
    /// A component is not a valid step.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// The store failed, or has no such run.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The events of a run contradict each other.
    #[error("the stored events of the run are damaged: {0}")]
    Illegal(#[from] IllegalEvent),
    /// A command about locks is refused, or their back end failed.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A run has no such step.
    #[error("the run {0} has no step `{1}`; `stepwell runs show {0}` shows its steps")]
    NoStep(String, String),
    /// The value of an argument is invalid.
    #[error("{}", argument(.0, .1))]
    Argument(&'static str, String),
    /// The caller lacks the permission for the operation.
    #[error("{0}")]
    Forbidden(String),
    /// The process has too much other work at the moment; the same request may work later.
    #[error("{0}")]
    Busy(String),
    /// The current state does not allow the operation.
    #[error("{0}")]
    Refused(String),
}

/// Returns the message about an invalid argument: `` `to` must be after `from` ``.
pub fn argument(name: &str, why: &str) -> String {
    let colon = if why.starts_with("must ") { "" } else { ":" };
    format!("`{name}`{colon} {why}")
}
