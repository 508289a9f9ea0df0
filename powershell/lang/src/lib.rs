//! An interpreter of the PowerShell 7 language, without any input or output of its own.
//!
//! Everything that a script reads or changes outside goes through a [`Host`]: files, the clock, the
//! environment, HTTP. The language, the table of .NET types, the cmdlets and the formatting of
//! objects are here.
//!
//! Source of the behaviour: the documentation of PowerShell 7 and .NET, and what a PowerShell 7.0.13 was
//! measured to do. A script begins in the culture en-US.

pub mod check;
pub mod cmdlets;
pub mod eval;
pub mod format;
pub mod host;
pub mod needs;
pub mod pester;
pub mod provider;
pub mod script;
pub mod types;

pub use host::{Host, Stream};
pub use ps_syntax as syntax;
pub use ps_value as value;
pub use ps_value::Value;
pub use script::{Ending, Script};
