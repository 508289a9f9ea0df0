//! The host side of every interface. Each call checks the grant in its first line.

mod bodies;
pub(crate) mod breaker;
pub(crate) mod calls;
pub(crate) mod capability;
pub(crate) mod clocks;
pub(crate) mod columns;
pub(crate) mod connect;
pub(crate) mod context;
mod engines;
mod file_sizes;
mod file_streams;
pub(crate) mod files;
pub(crate) mod held;
pub(crate) mod http;
pub(crate) mod log;
pub(crate) mod lookups;
pub(crate) mod messages;
pub(crate) mod passage;
pub(crate) mod process;
pub(crate) mod sql;
pub(crate) mod stdio;
mod target;
pub(crate) mod waiting;

#[cfg(test)]
mod addresses;
