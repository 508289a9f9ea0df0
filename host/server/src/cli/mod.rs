//! The command line.
//!
//! `args` declares the commands, `commands` has the behaviour of each, and the other modules are what they
//! share. Most commands are clients of the REST API: of the service that `--server` names, or in this process
//! over the store of this node, beside a service that runs on it. What they print as JSON is the API's
//! answer.

pub(crate) mod args;
mod client;
pub(crate) mod commands;
mod convert;
mod files;
pub(crate) mod host;
mod output;

mod waiting;

use crate::Exit;
use crate::failure::Failure;

pub(crate) use args::Cli;

/// The result of a command: its exit code, or the reason of its failure.
type Ends = Result<Exit, Failure>;
