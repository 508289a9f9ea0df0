//! The locks of Atlantis: its formats, its BoltDB file and its Redis keys, and the migration from them.

pub mod bolt;
pub mod bridge;
pub mod format;
pub mod locks;
pub mod migration;
