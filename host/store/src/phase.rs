//! The phases of runs.

/// The next possible change of a run. Statements contain the numbers as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A worker may claim it.
    Ready = 1,
    /// It is ready at its due time.
    Waiting = 2,
    /// A worker has it.
    Claimed = 3,
    /// It waits for its concurrency key.
    Blocked = 4,
    Ended = 5,
}

impl Phase {
    /// Returns the number in the database.
    pub fn number(self) -> i64 {
        self as i64
    }
}
