//! Failures of commands, and the exit codes of all commands.

use std::process::ExitCode;

use stepwell::HostError;
use stepwell::engine::lock::LockError;
use stepwell::engine::{Diagnostic, StoreError};
use stepwell::sandbox::ComponentError;

/// The exit codes of all commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The command succeeds.
    Success,
    /// The run fails, or a check finds a problem.
    RunFailed,
    /// The input is wrong, or the service refuses the request.
    BadInput,
    /// Stepwell itself fails.
    Platform,
    /// The run is cancelled.
    Cancelled,
    /// A command that `locks with` ran has this exit code.
    OfCommand(u8),
}

impl Exit {
    /// The exit codes of Stepwell in their order.
    pub const ALL: [Self; 5] =
        [Self::Success, Self::RunFailed, Self::BadInput, Self::Platform, Self::Cancelled];

    /// Returns the number.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::RunFailed => 1,
            Self::BadInput => 2,
            Self::Platform => 3,
            Self::Cancelled => 130,
            Self::OfCommand(code) => code,
        }
    }

    /// Returns the meaning of the code, for the help of each command and for `docs/cli.md`.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::RunFailed => {
                "a run failed, timed out or expired; or a check found a problem (`doctor`, `health`, `audit verify`, \
                `connections test`, `convert --check-run`, `convert --compare`, `locks check`, `locks validate`, \
                `step check-script`, `step test-script`)"
            }
            Self::BadInput => {
                "the command line or a file is wrong, or the request is refused; commands for several ids have changed \
                the others"
            }
            Self::Platform => {
                "Stepwell itself failed: the store, the disk or the engine; the service cannot be reached; or another \
                process runs the run; or a lock of `locks with` was lost"
            }
            Self::Cancelled => "the run was cancelled, also by Ctrl-C",
            Self::OfCommand(_) => "the exit code of the command that `locks with` ran",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Returns the exit codes as the last section of each command's help. Lines have at most 100 columns.
pub(crate) fn exit_codes() -> String {
    let mut text = "Exit codes:".to_owned();
    for exit in Exit::ALL {
        let mut line = format!("  {:<3}", exit.code());
        for word in exit.meaning().split(' ') {
            if line.len() + 1 + word.len() > 100 {
                text.push_str(&format!("\n{line}"));
                line = " ".repeat(5);
            }
            line.push_str(&format!(" {word}"));
        }
        text.push_str(&format!("\n{line}"));
    }
    text
}

/// Returns the exit codes as a table for `docs/cli.md`.
pub fn exit_codes_table() -> String {
    let row = |exit: Exit| format!("| {} | {} |\n", exit.code(), exit.meaning());
    format!("| exit code | meaning |\n|---|---|\n{}", Exit::ALL.map(row).concat())
}

/// The reason why a command fails, with its exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub exit: Exit,
    pub message: String,
    /// Whether the service cannot be reached, or the connection broke. A later try may succeed.
    pub lost: bool,
}

impl Failure {
    /// Returns the failure for wrong input.
    pub fn input(message: impl Into<String>) -> Self {
        Self { exit: Exit::BadInput, message: message.into(), lost: false }
    }

    /// Returns the failure for a wrong option.
    pub fn option(name: &str, message: impl Into<String>) -> Self {
        HostError::Invalid(Diagnostic::without_place(name, message.into()).into()).into()
    }

    /// Returns the failure of Stepwell itself, or of the way to it.
    pub fn platform(message: impl Into<String>) -> Self {
        Self { exit: Exit::Platform, message: message.into(), lost: false }
    }

    /// Joins failures: the messages of all, with the exit code of the first.
    pub fn joined(failures: &[Self]) -> Option<Self> {
        let first = failures.first()?;
        let messages: Vec<String> = failures.iter().map(Self::shown).collect();
        Some(Self { exit: first.exit, message: messages.join("\n\n"), lost: false })
    }

    /// Returns the text for standard error. The text of a problem with a place already names it an error.
    pub fn shown(&self) -> String {
        let message = &self.message;
        match message.starts_with("error: ") || message.contains("--> ") {
            true => message.clone(),
            false => format!("error: {message}"),
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
        HostError::Component(ComponentError::Host(_))
        | HostError::Lock(
            LockError::Busy | LockError::Moved | LockError::Unavailable(_) | LockError::Failed(_),
        ) => Exit::Platform,
        HostError::Invalid(_)
        | HostError::Lock(_)
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
        HostError::Store(_) | HostError::Illegal(_) | HostError::Busy(_) => Exit::Platform,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_is_shown_as_an_error_once() {
        let place = Failure::option("--var", "wrong");
        let (plain, joined) = (Failure::input("first"), Failure::platform("second"));
        let all = Failure::joined(&[plain, place, joined]).unwrap();
        assert_eq!(all.exit, Exit::BadInput);
        assert_eq!(all.shown(), "error: first\n\nerror: wrong\n  --> --var\n\nerror: second");
        assert!(Failure::joined(&[]).is_none());
    }

    #[test]
    fn the_exit_codes_fit_a_terminal() {
        let text = exit_codes();
        assert!(text.lines().all(|line| line.len() <= 100), "{text}");
        for exit in Exit::ALL {
            assert!(text.contains(&format!("\n  {:<3} ", exit.code())), "{text}");
        }
    }
}
