//! Where runs are kept: SQLite, in a file or in memory, and PostgreSQL. The only crate that knows SQL, beside the
//! databases that steps use.

mod audit;
mod journal;
mod logs;
mod pinned;
mod postgres;
mod records;
mod runs;
mod shared;
mod sql;
mod sqlite;
mod store;
mod times;

pub use pinned::PinnedStores;
pub use postgres::{MIGRATIONS, Migration, PostgresStore, Settings as PostgresSettings};
pub use sqlite::SqliteStore;
