//! The chain of hashes over the audit log.
//!
//! Each row has a number in the chain, without gaps, and a hash over the previous hash, its number, its time
//! and its text. A changed, removed, added or moved row breaks the chain at that point. A program that can
//! write the whole database can also write a new chain: only a head that is saved elsewhere reveals that.

use data_encoding::HEXLOWER;
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::quantity::counted;

/// The ends of the chain, according to the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// The last row that the retention removed. 0 when it removed none.
    pub cut: u64,
    /// The hash of that row.
    pub cut_hash: String,
    /// The newest row.
    pub last: u64,
    /// The hash of the newest row.
    pub last_hash: String,
    /// Rows that are not in the chain yet, because a program of an earlier version wrote them before the chain
    /// began.
    pub open: u64,
    /// The first row outside a chain that has begun.
    pub outside: Option<Outside>,
}

/// A row that no program of Stepwell wrote: the chain has begun, and the row has no number in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outside {
    /// The number of the row in the log.
    pub seq: u64,
    /// The number in the log of the last row of the chain before it. 0 when there is none.
    pub after: u64,
    /// The number of that row in the chain.
    pub after_number: u64,
}

impl Outside {
    /// Returns the problem, with its place.
    pub fn broken(self) -> Broken {
        Broken {
            number: self.after_number + 1,
            seq: Some(self.seq),
            after: (self.after > 0).then_some(self.after),
            why: "the row was added from outside: it has no number in the chain".to_owned(),
            help: COMPARE.to_owned(),
        }
    }
}

/// A row, as the chain covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The number of the row in the log.
    pub seq: u64,
    /// The number of the row in the chain.
    pub number: u64,
    /// The time that the retention uses, in microseconds.
    pub at: i64,
    /// The row, as JSON.
    pub text: String,
    /// The stored hash of the row.
    pub hash: String,
}

/// Computes the hash of a row.
pub fn link(before: &str, number: u64, at: i64, text: &str) -> String {
    let mut digest = Sha256::new();
    // The first three contain no line break, so that no two rows have the same text.
    digest.update(format!("stepwell audit 1\n{before}\n{number}\n{at}\n"));
    digest.update(text);
    HEXLOWER.encode(&digest.finalize())
}

/// The first row that differs from the row as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Broken {
    /// The number of the row in the chain, from 1.
    pub number: u64,
    /// The number of the row in the log, as `GET /api/v2/audit` shows it; null when the row is missing.
    pub seq: Option<u64>,
    /// The number in the log of the last correct row before it. Null when there is none.
    pub after: Option<u64>,
    /// The problem.
    pub why: String,
    /// The fix.
    pub help: String,
}

/// The advice for a changed row.
const COMPARE: &str =
    "compare it with a backup of the store, and find out who could write to the database in between";
/// The advice for missing rows at the end.
const RESTORED: &str = "if the store was restored from a backup, rows since then are lost; otherwise find out who could write to the database";

/// A check of the chain, row by row.
#[derive(Debug, Clone)]
pub struct Walk {
    /// The number of the last correct row.
    pub number: u64,
    /// The hash of that row.
    pub hash: String,
    /// The number of that row in the log, once there is such a row.
    seq: Option<u64>,
}

impl Walk {
    /// Begins after the rows that the retention removed.
    pub fn new(chain: &Chain) -> Self {
        Self { number: chain.cut, hash: chain.cut_hash.clone(), seq: None }
    }

    /// Checks the next row.
    ///
    /// # Errors
    /// Returns why the chain is broken at that row.
    pub fn step(&mut self, row: &Link) -> Result<(), Broken> {
        let next = self.number + 1;
        if row.number != next {
            let why = match (self.seq, self.number) {
                (Some(_), _) => "the row is missing",
                (None, 0) => "the first row of the log is missing",
                (None, _) => "the first row after those that the retention removed is missing",
            };
            return Err(self.broken(next, None, why, COMPARE));
        }
        if row.hash != link(&self.hash, row.number, row.at, &row.text) {
            let why = match self.seq {
                Some(_) => "the row was changed, or a row before it was replaced",
                None => "the row, which is the first, was changed, or rows before it were removed",
            };
            return Err(self.broken(next, Some(row.seq), why, COMPARE));
        }
        (self.number, self.hash, self.seq) = (row.number, row.hash.clone(), Some(row.seq));
        Ok(())
    }

    fn broken(&self, number: u64, seq: Option<u64>, why: &str, help: &str) -> Broken {
        Broken { number, seq, after: self.seq, why: why.to_owned(), help: help.to_owned() }
    }

    /// Reports a row that an earlier check printed as its head and that is now missing: nothing is in its
    /// place, or a row with another hash.
    pub fn replaced(&self, number: u64, chain: &Chain) -> Broken {
        if number > chain.last {
            let why = format!(
                "the log ends with row {}, and the expected row {number} is missing: the newest rows were removed, or this is another or an older copy of the log",
                chain.last
            );
            return self.broken(number, None, &why, RESTORED);
        }
        let why = "the row has another hash than expected: the log was rewritten since";
        Broken { after: None, ..self.broken(number, None, why, COMPARE) }
    }

    /// Checks that the chain ends where the store says.
    ///
    /// # Errors
    /// Returns why it does not.
    pub fn end(&self, chain: &Chain) -> Result<(), Broken> {
        if self.number < chain.last {
            let rows = counted(chain.last, "row");
            let why = format!("the newest rows are missing: there should be {rows} in the chain");
            return Err(self.broken(self.number + 1, None, &why, RESTORED));
        }
        if self.hash != chain.last_hash {
            let why = "the newest row is not the row that was added last";
            return Err(self.broken(chain.last, self.seq, why, COMPARE));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: u64) -> (Chain, Vec<Link>) {
        let (mut hash, mut rows) = (String::new(), Vec::new());
        for number in 1..=count {
            let (at, text) = (1000 + number as i64, format!("{{\"n\":{number}}}"));
            hash = link(&hash, number, at, &text);
            rows.push(Link { seq: number + 5, number, at, text, hash: hash.clone() });
        }
        (Chain { last: count, last_hash: hash, ..Chain::default() }, rows)
    }

    fn walk(chain: &Chain, rows: &[Link]) -> Result<(), Broken> {
        let mut walk = Walk::new(chain);
        rows.iter().try_for_each(|row| walk.step(row))?;
        walk.end(chain)
    }

    #[test]
    fn the_chain_names_the_first_row_that_was_touched() {
        let (chain, sound) = rows(5);
        assert_eq!(walk(&chain, &sound), Ok(()));
        type Touch = fn(&mut Vec<Link>);
        let touches: [(&str, Touch, u64); 7] = [
            ("changed", |rows| rows[2].text.push(' '), 3),
            ("its time changed", |rows| rows[2].at += 1, 3),
            ("removed", |rows| drop(rows.remove(1)), 2),
            ("the newest removed", |rows| drop(rows.pop()), 5),
            ("the oldest removed", |rows| drop(rows.remove(0)), 1),
            ("swapped", |rows| rows.swap(1, 2), 2),
            (
                "replaced with a hash of its own",
                |rows| {
                    rows[3].text = "{}".to_owned();
                    rows[3].hash = link(&rows[2].hash, 4, rows[3].at, "{}");
                },
                5,
            ),
        ];
        for (what, touch, number) in touches {
            let mut rows = sound.clone();
            touch(&mut rows);
            assert_eq!(walk(&chain, &rows).map_err(|broken| broken.number), Err(number), "{what}");
        }
        // The last hash identifies the rows that the retention removed.
        let cut = Chain { cut: 2, cut_hash: sound[1].hash.clone(), ..chain };
        assert_eq!(walk(&cut, &sound[2..]), Ok(()));
        assert!(walk(&cut, &sound[1..]).is_err() && walk(&cut, &sound[3..]).is_err());
    }
}
