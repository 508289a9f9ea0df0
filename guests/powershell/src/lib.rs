//! The `powershell` step: runs a PowerShell 7 script in an interpreter in the sandbox.
//!
//! The interpreter is `ps-lang`, which does no input or output. This crate implements its [`ps_lang::Host`]
//! on the capabilities that policy grants: mounts, the clock, the log.

mod check;
mod config;
mod host;
mod pwsh;
mod run;
mod test;

pub use config::Powershell;

stepwell_sdk::export_step!(Powershell);
