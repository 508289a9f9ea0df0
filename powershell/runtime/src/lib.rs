//! The interpreter of PowerShell: scopes, evaluation, pipelines, the members of .NET types, providers, the
//! formatting of objects. It does no input or output itself: everything that a script reads or changes
//! outside goes through a [`host::Host`].
//!
//! The crate must not know any cmdlet: a [`registry::Registry`] has those of a session. The state of other
//! parts in an interpreter is a [`parts::Part`].

#![allow(missing_docs, reason = "where the name says everything, documentation would only repeat it")]

pub mod cmdlet;
pub mod eval;
pub mod format;
pub mod host;
pub mod host_object;
pub mod modules;
pub mod needs;
pub mod parts;
pub mod paths;
pub mod provider;
pub mod registry;
pub mod script;
pub mod types;
