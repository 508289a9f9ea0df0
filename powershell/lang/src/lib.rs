//! PowerShell 7 for its hosts: an interpreter with every cmdlet, and the check of a script before it runs.
//!
//! Source of the behaviour: the documentation of PowerShell 7 and .NET, and the measured behaviour of
//! PowerShell 7.0.13. A script starts with the culture en-US.
//!
//! The crate must not contain behaviour of the language: it only assembles the crates below it.

#![allow(missing_docs, reason = "where the name says everything, documentation would only repeat it")]

pub mod check;
mod session;

pub use ps_cmdlets::json;
pub use ps_pester as pester;
pub use ps_runtime::eval::{self, Interp};
pub use ps_runtime::host::{self, Host, Stream};
pub use ps_runtime::script::{Ending, Script};
pub use ps_runtime::{cmdlet, needs, types};
pub use ps_syntax as syntax;
pub use ps_value as value;
pub use ps_value::Value;
pub use session::{cmdlets, interpreter};
