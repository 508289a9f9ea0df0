//! The run as seen by a running step: its inputs, its state and its progress reports.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::Failure;
#[cfg(target_arch = "wasm32")]
use crate::bindings::stepwell::context::context as wit;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::context as wit;

/// The reason for a failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// Policy denies the call; the value is the id of the rule.
    Denied(String),
    /// The value is larger than this many bytes.
    TooLarge(u64),
    /// The name or the value is malformed.
    Invalid(String),
    /// The host cannot serve the call at the moment.
    Unavailable(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(rule) => write!(f, "denied by policy ({rule})"),
            Self::TooLarge(limit) => write!(f, "larger than the limit of {limit} bytes"),
            Self::Invalid(why) | Self::Unavailable(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {}

impl From<wit::Error> for Error {
    fn from(error: wit::Error) -> Self {
        match error {
            wit::Error::Denied(rule) => Self::Denied(rule),
            wit::Error::TooLarge(limit) => Self::TooLarge(limit),
            wit::Error::Invalid(why) => Self::Invalid(why),
            wit::Error::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Denied(_) => Self::denied(message),
            Error::Unavailable(_) => Self::unavailable(message),
            Error::TooLarge(_) | Error::Invalid(_) => Self::failed(message),
        }
    }
}

/// Returns the output of an earlier step, or `None` if that step was skipped or has not run.
///
/// # Errors
/// [`Error::Denied`] when policy does not let this step read it.
pub fn output(step_id: &str) -> Result<Option<Value>, Error> {
    wit::get_output(step_id)?.map(|json| parse(&json)).transpose()
}

/// Returns a variable of the run.
///
/// # Errors
/// [`Error::Denied`] when policy does not let this step read it.
pub fn variable(name: &str) -> Result<Option<Value>, Error> {
    wit::get_variable(name)?.map(|json| parse(&json)).transpose()
}

/// Sets a variable for later steps. The variable takes effect when this attempt succeeds.
///
/// # Errors
/// [`Error::Denied`] when policy does not let this step write it, [`Error::TooLarge`] when the value is too
/// large.
pub fn set_variable(name: &str, value: &impl Serialize) -> Result<(), Error> {
    let json = serde_json::to_string(value).map_err(|e| Error::Invalid(e.to_string()))?;
    Ok(wit::set_variable(name, &json)?)
}

/// Returns the time left before the host stops this attempt.
pub fn remaining() -> std::time::Duration {
    std::time::Duration::from_millis(wit::remaining_ms())
}

/// Parks the step, which then runs again after `after`. A step that keeps parking itself waits longer than
/// that.
///
/// Save the data for the next call with [`save_checkpoint`], then return any success. A parked run holds no
/// worker and no memory.
///
/// # Errors
/// Fails outside a run.
pub fn park(after: std::time::Duration, reason: &str) -> Result<(), Error> {
    Ok(wit::park(u64::try_from(after.as_millis()).unwrap_or(u64::MAX), reason)?)
}

/// Returns the bytes of linear memory that this attempt may use in total.
pub fn memory_limit() -> u64 {
    wit::memory_limit()
}

/// Returns whether the run is being cancelled. If so, stop the work you started elsewhere, and return.
pub fn is_cancelled() -> bool {
    wit::is_cancelled()
}

/// Reports progress for a progress bar.
pub fn progress(done: u64, total: Option<u64>, message: &str) {
    wit::report_progress(&wit::Progress { done, total, message: message.to_owned() });
}

/// Returns the last checkpoint that an earlier attempt of this step saved.
///
/// # Errors
/// [`Error::Invalid`] when [`save_checkpoint`] did not save it.
pub fn load_checkpoint() -> Result<Option<Value>, Error> {
    wit::load_checkpoint()?.map(|json| parse(&json)).transpose()
}

/// Saves a checkpoint for later attempts of this step and replaces the previous one. When the call returns,
/// the checkpoint is on disk. After ten calls within a second, each further call waits for its turn.
///
/// # Errors
/// [`Error::TooLarge`] beyond 64 KiB, [`Error::Unavailable`] when the store failed.
pub fn save_checkpoint(value: &impl Serialize) -> Result<(), Error> {
    let json = serde_json::to_string(value).map_err(|e| Error::Invalid(e.to_string()))?;
    Ok(wit::save_checkpoint(&json)?)
}

fn parse(json: &str) -> Result<Value, Error> {
    serde_json::from_str(json).map_err(|e| Error::Invalid(e.to_string()))
}
