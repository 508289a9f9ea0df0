//! Limits of a SQLite connection that messages name.

/// The maximum number of bytes of one value or row.
pub(crate) const LENGTH: i32 = 1 << 20;

/// The maximum number of virtual machine instructions that a statement may compile to. Beyond that, SQLite
/// reports "out of memory".
pub(crate) const INSTRUCTIONS: i32 = 250_000;
