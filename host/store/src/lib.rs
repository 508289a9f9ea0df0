//! The stores of runs: SQLite, in a file or in memory, and PostgreSQL; and the locks in these or in Redis. In addition
//! to `stepwell-sql`, which serves the databases of steps, this is the only crate that uses SQL.

mod audit;
mod follow;
mod journal;
mod listing;
mod locks;
mod logs;
mod migrations;
mod phase;
mod pinned;
mod postgres;
mod records;
mod runs;
mod shared;
mod sql;
mod sqlite;
mod store;
mod switched;
mod times;

pub use follow::{Compared, Difference, Follower, Pass, Role, State, SwitchError, compare};
pub use locks::{RedisLocks, RedisSettings, SqlLocks};
pub use migrations::{MIGRATIONS, Migration};
pub use pinned::PinnedStores;
pub use postgres::{PostgresStore, Settings as PostgresSettings};
pub use sqlite::SqliteStore;
pub use switched::{Decides, Side, SwitchedStore, Watcher};
