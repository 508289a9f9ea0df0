//! Where Stepwell keeps runs: in memory, or in a SQLite file.
//!
//! The contract is [`stepwell_engine::Store`]; one conformance suite (in `tests/`) runs over every store.

mod memory;
mod sqlite;

pub use memory::MemoryStore;
pub use sqlite::SqliteStore;
