//! Where runs are kept: SQLite, in a file or in memory. The only crate that knows SQL, beside the sandbox's SQL
//! capability.

mod sqlite;

pub use sqlite::SqliteStore;
