//! The step `powershell`: a script of PowerShell 7, run by an interpreter in the sandbox.
//!
//! The interpreter is `ps-lang`, which does no input or output; here its [`ps_lang::Host`] is made of what policy has
//! granted: mounts, the clock, the log.

mod check;
mod config;
mod host;
mod pwsh;
mod run;
mod test;

pub use config::Powershell;

stepwell_sdk::export_step!(Powershell);
