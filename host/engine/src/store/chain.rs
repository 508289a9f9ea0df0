//! The chain of hashes over the audit log.
//!
//! Each row has a number in the chain, without gaps, and a hash over the hash before it, its number, its time and its
//! text. A row that is changed, removed, added or moved breaks the chain there. Who can write the whole database can
//! also write a new chain: only a head that is kept elsewhere shows that.

use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The ends of the chain, as the store has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// The last row that the retention removed; 0 when it removed none.
    pub cut: u64,
    /// The hash of that row.
    pub cut_hash: String,
    /// The newest row.
    pub last: u64,
    /// Its hash.
    pub last_hash: String,
    /// Rows that are not in the chain yet: a program of an earlier version wrote them.
    pub open: u64,
}

/// A row, as the chain covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The number of the row in the log.
    pub seq: u64,
    /// Its number in the chain.
    pub number: u64,
    /// The time that the retention goes by, in microseconds.
    pub at: i64,
    /// The row, as JSON.
    pub text: String,
    /// The hash that it has.
    pub hash: String,
}

/// The hash of a row.
pub fn link(before: &str, number: u64, at: i64, text: &str) -> String {
    let mut digest = Sha256::new();
    // The first three have no line end, so that no two rows have one text.
    digest.update(format!("stepwell audit 1\n{before}\n{number}\n{at}\n"));
    digest.update(text);
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first row that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Broken {
    /// The number of the row in the log; 0 when the row is missing.
    pub seq: u64,
    /// Its number in the chain.
    pub number: u64,
    /// What is wrong.
    pub why: String,
}

/// Follows the chain, row by row.
#[derive(Debug, Clone)]
pub struct Walk {
    /// The number of the last row that is right.
    pub number: u64,
    /// Its hash.
    pub hash: String,
}

impl Walk {
    /// Begins after what the retention removed.
    pub fn new(chain: &Chain) -> Self {
        Self { number: chain.cut, hash: chain.cut_hash.clone() }
    }

    /// Takes the next row.
    ///
    /// # Errors
    /// Why the chain is broken there.
    pub fn step(&mut self, row: &Link) -> Result<(), Broken> {
        let broken = |seq, number, why: &str| Err(Broken { seq, number, why: why.to_owned() });
        let next = self.number + 1;
        if row.number != next {
            return broken(0, next, "the row is missing");
        }
        if row.hash != link(&self.hash, row.number, row.at, &row.text) {
            return broken(row.seq, next, "the row was changed, or a row before it was replaced");
        }
        (self.number, self.hash) = (row.number, row.hash.clone());
        Ok(())
    }

    /// Whether the chain ends where the store says.
    ///
    /// # Errors
    /// Why it does not.
    pub fn end(&self, chain: &Chain) -> Result<(), Broken> {
        let why = if self.number < chain.last {
            "the newest rows are missing"
        } else if self.hash != chain.last_hash {
            "the newest row is another one"
        } else {
            return Ok(());
        };
        let number = (self.number + 1).min(chain.last);
        Err(Broken { seq: 0, number, why: why.to_owned() })
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
        // What the retention removed is known by its last hash.
        let cut = Chain { cut: 2, cut_hash: sound[1].hash.clone(), ..chain };
        assert_eq!(walk(&cut, &sound[2..]), Ok(()));
        assert!(walk(&cut, &sound[1..]).is_err() && walk(&cut, &sound[3..]).is_err());
    }
}
