//! Scans rows without quotes, which is most of most files: 64 bytes at a time, and no row twice.

use crate::marks::{BLOCK, ends_and_quotes};
use crate::rows::Row;
use crate::scan::{Field, Signs};

/// The bytes that a scan looks for, and the place where it stops.
pub(crate) struct Plain {
    pub(crate) signs: Signs,
    /// The number of fields of a row.
    pub(crate) width: usize,
    /// The number of rows in the list at which the scan ends.
    pub(crate) rows: usize,
    /// The number of fields in the list at which the scan ends after a row.
    pub(crate) fields: usize,
}

impl Plain {
    /// Appends the rows from `start` that have no quotes and the right number of fields, and returns the
    /// start of the first other row. `line` is the number of the first line.
    pub(crate) fn scan(
        &self,
        text: &[u8],
        start: usize,
        line: u64,
        fields: &mut Vec<Field>,
        rows: &mut Vec<Row>,
    ) -> usize {
        let (mut row, mut field) = (start, start);
        let (mut first, begun) = (fields.len(), rows.len());
        let mut base = start;
        'blocks: while let Some(block) = text.get(base..).and_then(|rest| rest.first_chunk::<BLOCK>()) {
            let (mut ends, quotes) = ends_and_quotes(block, self.signs.delimiter, self.signs.quote);
            // Only the ends before the first quote.
            ends &= (quotes & quotes.wrapping_neg()).wrapping_sub(1);
            while ends != 0 {
                let end = base + ends.trailing_zeros() as usize;
                ends &= ends - 1;
                if end < field {
                    // The second byte of a line end.
                    continue;
                }
                fields.push(Field::plain(field, end));
                field = end + 1;
                let sign = text.get(end).copied();
                if sign == Some(self.signs.delimiter) {
                    continue;
                }
                if sign == Some(b'\r') {
                    match text.get(field) {
                        Some(b'\n') => field += 1,
                        Some(_) => {}
                        None => break 'blocks,
                    }
                }
                let width = fields.len() - first;
                if width != self.width || end == row {
                    break 'blocks;
                }
                rows.push(Row { first, line: line + (rows.len() - begun) as u64 });
                (row, first) = (field, fields.len());
                if rows.len() >= self.rows || first > self.fields {
                    break 'blocks;
                }
            }
            if quotes != 0 {
                break;
            }
            base += BLOCK;
        }
        fields.truncate(first);
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNS: Signs = Signs { delimiter: b',', quote: Some(b'"'), escape: None };

    /// The rows as text, with their lines, and the rest of the text.
    fn scanned(text: &str, width: usize) -> (Vec<(u64, Vec<&str>)>, &str) {
        let (mut fields, mut rows) = (Vec::new(), Vec::new());
        let plain = Plain { signs: SIGNS, width, rows: 100, fields: 1000 };
        let end = plain.scan(text.as_bytes(), 0, 7, &mut fields, &mut rows);
        let shown = |field: &Field| std::str::from_utf8(field.of(text.as_bytes())).unwrap();
        let rows = rows
            .iter()
            .map(|row| (row.line, fields[row.first..row.first + width].iter().map(shown).collect()));
        (rows.collect(), &text[end..])
    }

    #[test]
    fn rows_end_before_the_first_that_is_not_plain() {
        let tail = "x".repeat(64);
        for (text, width, rows, rest) in [
            ("a,b\nc,d\n", 2, vec![(7, vec!["a", "b"]), (8, vec!["c", "d"])], ""),
            ("a,b\r\nc,\r\n", 2, vec![(7, vec!["a", "b"]), (8, vec!["c", ""])], ""),
            ("a,b\rc,d\r", 2, vec![(7, vec!["a", "b"]), (8, vec!["c", "d"])], ""),
            ("a,b\nc,\"d\"\ne,f\n", 2, vec![(7, vec!["a", "b"])], "c,\"d\"\ne,f\n"),
            ("a,b\nc\nd,e\n", 2, vec![(7, vec!["a", "b"])], "c\nd,e\n"),
            ("a\n\nb\n", 1, vec![(7, vec!["a"])], "\nb\n"),
            ("a,b\nc,d", 2, vec![(7, vec!["a", "b"])], "c,d"),
        ] {
            let text = format!("{text}{tail}");
            assert_eq!(scanned(&text, width), (rows, format!("{rest}{tail}").as_str()), "{text:?}");
        }
    }

    #[test]
    fn rows_cross_blocks() {
        for length in 1..200 {
            let row = format!("{},{}\r\n", "a".repeat(length), "b".repeat(length / 2));
            let text = row.repeat(5) + &"x".repeat(64);
            let (rows, rest) = scanned(&text, 2);
            assert_eq!((rows.len(), rest.len()), (5, 64), "{length}");
            assert!(rows.iter().all(|(_, row)| row[0].len() == length && row[1].len() == length / 2));
        }
    }
}
