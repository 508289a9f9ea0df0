//! Divides files into parts of about the same size.

use std::ops::Range;

/// One of several parts of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    part: u64,
    parts: u64,
}

/// A range of the bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// The number of the first line.
    pub(crate) line: u64,
}

/// The first byte of a row, and the number of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) at: u64,
    pub(crate) line: u64,
}

impl Share {
    /// Creates the share of a part, which begins at 0.
    pub fn new(part: u32, parts: u32) -> Self {
        Self { part: part.into(), parts: parts.max(1).into() }
    }

    /// Returns the numbers below `total` that belong to this part.
    pub fn of(self, total: u64) -> Range<u64> {
        let at = |part: u64| {
            let at = u128::from(total) * u128::from(part) / u128::from(self.parts);
            u64::try_from(at).map_or(total, |at| at.min(total))
        };
        at(self.part)..at(self.part + 1)
    }

    /// Returns the part of each file, for files in a row.
    pub fn of_files(self, sizes: &[u64]) -> Vec<Range<u64>> {
        let all = self.of(sizes.iter().sum());
        let mut before = 0;
        let mut ranges = Vec::with_capacity(sizes.len());
        for size in sizes {
            let local = |at: u64| at.saturating_sub(before).min(*size);
            ranges.push(local(all.start)..local(all.end));
            before += size;
        }
        ranges
    }
}

impl Piece {
    /// The whole file.
    pub(crate) const WHOLE: Self = Self { start: 0, end: u64::MAX, line: 1 };

    /// Creates the piece from one place to another. Without a place, it begins or ends with the file.
    pub(crate) fn between(start: Option<Place>, end: Option<Place>) -> Self {
        let whole = Self::WHOLE;
        Self {
            start: start.map_or(whole.start, |place| place.at),
            end: end.map_or(whole.end, |place| place.at),
            line: start.map_or(whole.line, |place| place.line),
        }
    }

    /// Returns whether the piece begins with the file.
    pub(crate) fn is_first(self) -> bool {
        self.start == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_every_byte_once() {
        for parts in [1, 2, 3, 7, 64] {
            for sizes in [vec![], vec![0], vec![1], vec![5, 0, 3, 1000], vec![u64::MAX >> 8; 3]] {
                let mut ends = vec![0; sizes.len()];
                for part in 0..parts {
                    for (end, range) in ends.iter_mut().zip(Share::new(part, parts).of_files(&sizes)) {
                        assert!(range.is_empty() || range.start == *end, "{sizes:?} {part} of {parts}");
                        *end = range.end.max(*end);
                    }
                }
                assert_eq!(ends, sizes);
            }
        }
    }
}
