//! Why a command ends without a result, and with which exit code.

use stepwell::HostError;
use stepwell::engine::{Diagnostic, StoreError};
use stepwell::sandbox::ComponentError;

use crate::Exit;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub exit: Exit,
    pub message: String,
    /// Whether a service could not be reached, or was lost: it may be there again in a moment.
    pub lost: bool,
}

impl Failure {
    /// The input is wrong.
    pub fn input(message: impl Into<String>) -> Self {
        Self { exit: Exit::BadInput, message: message.into(), lost: false }
    }

    /// An option is wrong.
    pub fn option(name: &str, message: impl Into<String>) -> Self {
        HostError::Invalid(Diagnostic::without_place(name, message.into()).into()).into()
    }

    /// Stepwell itself, or the way to it, failed.
    pub fn platform(message: impl Into<String>) -> Self {
        Self { exit: Exit::Platform, message: message.into(), lost: false }
    }

    /// What standard error shows. Problems with a place say themselves that they are errors.
    pub fn shown(&self) -> String {
        match self.message.contains("--> ") {
            true => self.message.clone(),
            false => format!("error: {}", self.message),
        }
    }
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        Self { exit: exit_of(&error), message: error.to_string(), lost: false }
    }
}

fn exit_of(error: &HostError) -> Exit {
    match error {
        HostError::Component(ComponentError::Host(_)) => Exit::Platform,
        HostError::Invalid(_)
        | HostError::Policy(_)
        | HostError::File { .. }
        | HostError::Admit(_)
        | HostError::Component(_)
        | HostError::Argument(..)
        | HostError::Refused(_)
        | HostError::Forbidden(_)
        | HostError::NoStep(..)
        | HostError::Store(
            StoreError::NotFound(_)
            | StoreError::NoRecord(..)
            | StoreError::Conflict(..)
            | StoreError::AlreadyThere(..),
        ) => Exit::BadInput,
        HostError::Store(_) | HostError::Illegal(_) => Exit::Platform,
    }
}
