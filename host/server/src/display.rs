//! Texts of steps, without characters that could control the terminal.

use stepwell::engine::store::LogRecord;

/// Text in one line, without what could steer a terminal: control characters, and marks that reorder text.
pub(crate) fn plain(text: &str) -> String {
    let harmful = |c: char| {
        c.is_control() && c != '\t'
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
    };
    let shown = |c: char| match c {
        '\n' | '\r' => ' ',
        c if harmful(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// Several lines, each as [`plain`].
pub(crate) fn plain_lines(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}

/// Bytes that arrive in parts, as text without characters that could control a terminal.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// The start of a character whose rest is in the next part.
    begun: Vec<u8>,
}

impl Shown {
    /// Returns the next part.
    pub fn part(&mut self, bytes: &[u8]) -> String {
        self.begun.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.begun) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.begun.len(),
        };
        let rest = self.begun.split_off(whole);
        let text = String::from_utf8_lossy(&std::mem::replace(&mut self.begun, rest)).into_owned();
        text.split_inclusive('\n')
            .map(|line| match line.strip_suffix('\n') {
                Some(line) => plain(line.trim_end_matches('\r')) + "\n",
                None => plain(line),
            })
            .collect()
    }
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
        let mut shown = Shown::default();
        let parts: String =
            "ä\u{9b}31m\n\u{1b}]0;x".as_bytes().chunks(1).map(|part| shown.part(part)).collect();
        assert_eq!(parts, "ä\u{fffd}31m\n\u{fffd}]0;x");
        assert_eq!(shown.part(b"\xff\r\n"), "\u{fffd}\n");
        assert_eq!(plain_lines("a\n\u{1b}b"), "a\n\u{fffd}b");
    }
}
