//! PowerShell 7 as its hosts see it: an interpreter with every cmdlet, and the check of a script that has not run.
//!
//! Source of the behaviour: the documentation of PowerShell 7 and .NET, and what a PowerShell 7.0.13 was
//! measured to do. A script begins in the culture en-US.
//!
//! The crate must not have behaviour of the language: it only puts the crates below it together.

#![allow(missing_docs, reason = "where the name says it, a line of documentation would only repeat it")]

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
