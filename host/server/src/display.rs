//! Texts of steps, without characters that could control the terminal.

use stepwell::engine::label::is_hidden;
use stepwell::engine::store::LogRecord;

/// Text in one line, without the characters that could steer a terminal, or reorder or hide text.
pub(crate) fn plain(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\r' => ' ',
        c if c != '\t' && is_hidden(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// Several lines, each as [`plain`].
pub(crate) fn plain_lines(text: &str) -> String {
    text.split('\n').map(plain).collect::<Vec<_>>().join("\n")
}

/// Cleans bytes for a terminal piece by piece, each line as [`plain`]. A character may be spread over two pieces.
pub(crate) struct Cleaner {
    /// The beginning of a character.
    cut: Vec<u8>,
}

impl Cleaner {
    pub const fn new() -> Self {
        Self { cut: Vec::new() }
    }

    /// Returns the next piece of text.
    pub fn clean(&mut self, bytes: &[u8]) -> String {
        let mut all = std::mem::take(&mut self.cut);
        all.extend_from_slice(bytes);
        let mut text = String::with_capacity(all.len());
        let mut pieces = all.utf8_chunks().peekable();
        while let Some(piece) = pieces.next() {
            text.push_str(&plain_lines(piece.valid()));
            let invalid = piece.invalid();
            match pieces.peek().is_none() && is_beginning(invalid) {
                true => self.cut = invalid.to_vec(),
                false if invalid.is_empty() => {}
                false => text.push('\u{fffd}'),
            }
        }
        text
    }
}

/// Returns whether more bytes can complete these to a character.
fn is_beginning(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// A line of log as text.
pub(crate) fn log_line(record: &LogRecord) -> String {
    let at = record.at.format("%Y-%m-%dT%H:%M:%S%.3fZ");
    let field = |(name, value): (&String, &serde_json::Value)| {
        format!(" {name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let fields: Vec<String> = record.line.fields.iter().map(field).collect();
    let LogRecord { step_id, attempt, line, .. } = record;
    plain(&format!("{at} {} {step_id}/{attempt} {}{}", line.level, line.message, fields.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_cannot_steer_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\n\u{202e}c\tä"), "a\u{fffd}[2Jb \u{fffd}c\tä");
        assert_eq!(plain_lines("a\n\u{1b}b"), "a\n\u{fffd}b");
        assert_eq!(plain("\u{9b}31m\u{2028}\u{e0041}\u{7f}"), "\u{fffd}31m\u{fffd}\u{fffd}\u{fffd}");
    }

    #[test]
    fn bytes_are_cleaned_however_they_are_cut() {
        let bytes = b"\xc3\xa4\r\n\x1b]0;x\x07\tb\xffc\xc2\x9b1m\xe2\x80\xaed\rFAKE\n\n\xf0\x9f\x98\x80";
        let expected = "\u{e4} \n\u{fffd}]0;x\u{fffd}\tb\u{fffd}c\u{fffd}1m\u{fffd}d FAKE\n\n\u{1f600}";
        for size in [1, 2, 3, 100] {
            let mut cleaner = Cleaner::new();
            let text: String = bytes.chunks(size).map(|piece| cleaner.clean(piece)).collect();
            let text = text.replace(" \n", "\n");
            assert_eq!(text, expected.replace(" \n", "\n"), "in pieces of {size}");
        }
    }
}
