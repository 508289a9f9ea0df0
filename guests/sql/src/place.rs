//! The positions of a load's rows in its file. Database errors count rows, and messages name lines.

use stepwell_sdk::Failure;

/// The line of the file on which each row begins. An entry covers the rows up to the next entry; each of them
/// begins one line after the previous row.
#[derive(Debug, Default)]
pub struct Lines(Vec<(u64, u64)>);

/// The maximum number of entries. Messages name later rows by their number.
const MAX_LINES: usize = 100_000;

impl Lines {
    /// Records the line on which a row begins; 0 if the file has no lines.
    pub fn note(&mut self, row: u64, line: u64) {
        if line == 0 {
            return;
        }
        let expected = self.0.last().map(|(from, begin)| begin + (row - from));
        if expected != Some(line) && self.0.len() < MAX_LINES {
            self.0.push((row, line));
        }
    }

    fn of(&self, row: u64) -> Option<u64> {
        let after = self.0.partition_point(|(from, _)| *from <= row);
        let (from, line) = self.0.get(after.checked_sub(1)?)?;
        (self.0.len() < MAX_LINES || after < self.0.len()).then(|| line + (row - from))
    }

    /// Formats a row as a position in the file.
    fn shown(&self, first: u64, last: u64) -> String {
        match (self.of(first), self.of(last)) {
            (Some(from), Some(_)) if first == last => format!("line {from}"),
            (Some(from), Some(to)) => format!("lines {from} to {to}"),
            _ if first == last => format!("row {first}"),
            _ => format!("rows {first} to {last}"),
        }
    }

    /// Adds the position in the file to a failure in which the database names a row:
    /// ``row 3: column `a`: ...``.
    pub fn place(&self, file: &str, mut failure: Failure) -> Failure {
        let Some((place, why)) = failure.message.split_once(": ") else { return failure };
        let rows = match place.strip_prefix("row ") {
            Some(row) => row.parse().ok().map(|row| (row, row)),
            None => place
                .strip_prefix("rows ")
                .and_then(|rows| rows.split_once(" to "))
                .and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?))),
        };
        if let Some((first, last)) = rows {
            let before = if why.starts_with("column `") { ", " } else { ": " };
            failure.message = format!("{file}, {}{before}{why}", self.shown(first, last));
        }
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_a_database_refuses_is_named_by_its_line() {
        let mut lines = Lines::default();
        // The second row contains a quoted line break.
        for (row, line) in [(1, 2), (2, 3), (3, 5), (4, 6)] {
            lines.note(row, line);
        }
        for (message, placed) in [
            ("row 1: too long", "in.csv, line 2: too long"),
            ("row 3: column `a`: no number", "in.csv, line 5, column `a`: no number"),
            ("row 4: no", "in.csv, line 6: no"),
            ("rows 1 to 3: no", "in.csv, lines 2 to 5: no"),
            ("the server is gone", "the server is gone"),
            ("row of nothing", "row of nothing"),
        ] {
            assert_eq!(lines.place("in.csv", Failure::failed(message)).message, placed);
        }
        let none = Lines::default();
        assert_eq!(none.place("in.parquet", Failure::failed("row 7: no")).message, "in.parquet, row 7: no");
    }
}
