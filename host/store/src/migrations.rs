//! The versions of the schema, as one list for SQLite and PostgreSQL.
//!
//! A migration has a text for each database. A new database gets all of them, one after another, and an older
//! one gets those that it lacks. SQLite does so when a file is opened (`sqlite::schema`), PostgreSQL while
//! nodes of two versions may run (`postgres::schema`).

use stepwell_engine::StoreError;

use crate::sql::failed;
use crate::{follow, locks, postgres, sqlite};

/// A migration of the schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The resulting version.
    pub version: u32,
    /// The minimum version of this list that a program must know to work with the result. It matters where
    /// programs of several versions use one database.
    pub works_since: u32,
    /// The statements for SQLite.
    pub sqlite: &'static str,
    /// The statements for PostgreSQL.
    pub postgres: &'static str,
}

/// Every migration, in order.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        works_since: 1,
        sqlite: sqlite::schema::FIRST,
        postgres: postgres::schema::FIRST,
    },
    Migration {
        version: 2,
        works_since: 1,
        sqlite: "ALTER TABLE runs ADD COLUMN scheduled_at INTEGER",
        postgres: "ALTER TABLE runs ADD COLUMN scheduled_at BIGINT",
    },
    // The first row that this program adds to the audit log links the rows before it. A row that an older program
    // adds later is outside the chain, and a check of the log reports it.
    Migration {
        version: 3,
        works_since: 1,
        sqlite: sqlite::schema::THIRD,
        postgres: postgres::schema::THIRD,
    },
    Migration { version: 4, works_since: 1, sqlite: FOURTH, postgres: FOURTH },
    Migration { version: 5, works_since: 1, sqlite: locks::TABLES, postgres: locks::TABLES },
    Migration { version: 6, works_since: 1, sqlite: SIXTH, postgres: SIXTH },
    Migration { version: 7, works_since: 1, sqlite: follow::SQLITE, postgres: follow::POSTGRES },
];

/// Lists by status visit only runs with that status, and figures by hour only runs that ended in these hours.
const FOURTH: &str = "
    CREATE INDEX runs_open ON runs (status, execution_id) WHERE phase < 5;
    CREATE INDEX runs_unsuccessful ON runs (status, execution_id)
        WHERE status = 'failed' OR status = 'timeout' OR status = 'expired' OR status = 'cancelled';
    CREATE INDEX runs_by_end ON runs (ended_at, status, job_id) WHERE ended_at IS NOT NULL;
";

/// Each filter of a list has an index, so that a list with few matches does not visit all rows.
const SIXTH: &str = "
    CREATE INDEX runs_by_queue ON runs (queue, execution_id) WHERE queue IS NOT NULL;
    CREATE INDEX schedules_by_queue ON schedules (queue, job_id);
    CREATE INDEX ledger_by_job ON ledger (job_id, due_at, nominal);
    CREATE INDEX ledger_by_decision ON ledger (decision, due_at, job_id, nominal);
";

/// Returns the version that the last migration results in.
pub(crate) fn newest(migrations: &[Migration]) -> u32 {
    migrations.last().map_or(0, |migration| migration.version)
}

/// Returns the migrations that a database of this version lacks, in order.
pub(crate) fn missing(migrations: &[Migration], version: u32) -> impl Iterator<Item = &Migration> {
    migrations.iter().filter(move |migration| migration.version > version)
}

/// Refuses a database whose schema needs a program that knows more migrations than this one.
pub(crate) fn works(version: u32, works_since: u32, known: u32) -> Result<(), StoreError> {
    if works_since <= known {
        return Ok(());
    }
    Err(failed(format!(
        "its schema has version {version}, which needs a Stepwell that knows {works_since}, and this one knows {known}: upgrade it"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_from_one_without_gaps() {
        for (index, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.version as usize, index + 1);
            assert!(migration.works_since <= migration.version);
        }
        for (version, lacks) in [(0, 7), (1, 6), (4, 3), (7, 0), (9, 0)] {
            assert_eq!(missing(MIGRATIONS, version).count(), lacks, "{version}");
        }
        assert!(works(9, 3, 3).is_ok() && works(9, 4, 3).is_err());
    }
}
