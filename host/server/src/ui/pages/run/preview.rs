//! The start of a file as a table, a tree or text. Markup of steps is shown as text and never rendered.

use maud::{Markup, html};
use stepwell::engine::document::cut;
use stepwell::engine::label::is_hidden;

use crate::ui::{show, values};

/// The bytes of a file that a preview reads.
pub(super) const MOST: usize = 512 << 10;
/// The bytes of text that a preview shows.
const TEXT: usize = 64 << 10;
/// The rows, the columns and the characters of a cell of a preview of CSV.
const ROWS: usize = 100;
const COLUMNS: usize = 40;
const CELL: usize = 200;

/// The kind of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Image,
    Csv,
    Json,
    Text,
    Parquet,
    Binary,
}

impl Kind {
    /// Returns the kind of a file, from its name and its first bytes.
    pub fn of(path: &str, start: &[u8]) -> Self {
        let end = path.rsplit_once('.').map_or("", |(_, end)| end).to_lowercase();
        if image(start).is_some() {
            return Self::Image;
        }
        if start.starts_with(b"PAR1") {
            return Self::Parquet;
        }
        if start.contains(&0) || !is_text(start) {
            return Self::Binary;
        }
        match end.as_str() {
            "csv" | "tsv" => Self::Csv,
            "json" => Self::Json,
            _ => Self::Text,
        }
    }
}

/// Returns whether bytes are UTF-8, apart from a character that is cut at the end.
fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true)
}

/// Returns the media type of an image that pages show, from its first bytes.
pub(super) fn image(start: &[u8]) -> Option<&'static str> {
    let begins = |bytes: &[u8]| start.starts_with(bytes);
    match () {
        () if begins(b"\x89PNG\r\n\x1a\n") => Some("image/png"),
        () if begins(b"\xff\xd8\xff") => Some("image/jpeg"),
        () if begins(b"GIF87a") || begins(b"GIF89a") => Some("image/gif"),
        () if begins(b"RIFF") && start.get(8..12) == Some(b"WEBP") => Some("image/webp"),
        () => None,
    }
}

/// Shows the start of a file.
pub(super) fn shown(path: &str, kind: Kind, bytes: &[u8], length: u64) -> Markup {
    let is_whole = bytes.len() as u64 >= length;
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    match kind {
        Kind::Json if is_whole => match serde_json::from_str(text) {
            Ok(value) => values::value(&value, "Content of the file"),
            Err(_) => plain(text, length),
        },
        Kind::Csv => csv(path, text, is_whole),
        Kind::Json | Kind::Text => plain(text, length),
        Kind::Parquet => binary("The Parquet file is too large for a preview."),
        Kind::Image => binary("The image is too large to show."),
        Kind::Binary => binary("The file is not text, so it has no preview."),
    }
}

fn binary(said: &str) -> Markup {
    html! { p { (said) " Download it to see its content." } }
}

fn plain(text: &str, length: u64) -> Markup {
    let end = (0..=TEXT.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let start: String = text
        .get(..end)
        .unwrap_or_default()
        .chars()
        .map(|c| if !matches!(c, '\n' | '\t') && is_hidden(c) && c != '\r' { '\u{fffd}' } else { c })
        .filter(|c| *c != '\r')
        .collect();
    html! {
        pre.code tabindex="0" { (start) }
        @if (end as u64) < length { p.muted { "The page shows the first " (show::bytes(end as u64)) " of " (show::bytes(length)) "." } }
    }
}

fn csv(path: &str, text: &str, is_whole: bool) -> Markup {
    let first = text.lines().next().unwrap_or_default();
    let count = |mark: char| first.matches(mark).count();
    let mark = if path.to_lowercase().ends_with(".tsv") {
        '\t'
    } else {
        [',', ';', '\t', '|'].into_iter().rev().max_by_key(|mark| count(*mark)).unwrap_or(',')
    };
    let mut rows = records(text, mark, ROWS + 1).into_iter();
    let Some(head) = rows.next() else {
        return html! { p.muted { "The file is empty." } };
    };
    let rows: Vec<Vec<String>> = rows.collect();
    html! {
        (values::grid(&head, &rows, "Rows of the file"))
        @if rows.len() >= ROWS || !is_whole { p.muted { "The page shows the first " (show::counted(rows.len(), "row")) "." } }
    }
}

/// Splits CSV (RFC 4180) into its first records.
fn records(text: &str, mark: char, most: usize) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field): (Vec<Vec<String>>, Vec<String>, String) =
        (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut is_new) = (false, true);
    let mut characters = text.chars().peekable();
    let end = |row: &mut Vec<String>, field: &mut String| {
        if row.len() < COLUMNS {
            row.push(cut(field, CELL));
        }
        field.clear();
    };
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' if quoted || is_new => quoted = !quoted,
            '\n' if !quoted => {
                end(&mut row, &mut field);
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            c if c == mark && !quoted => end(&mut row, &mut field),
            c => field.push(c),
        }
        is_new = !quoted && (c == mark || c == '\n');
        if rows.len() >= most {
            return rows;
        }
    }
    if !field.is_empty() || !row.is_empty() {
        end(&mut row, &mut field);
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_follows_from_the_content() {
        for (path, start, kind) in [
            ("a.csv", &b"a,b\n"[..], Kind::Csv),
            ("a.png", b"\x89PNG\r\n\x1a\n\0", Kind::Image),
            ("a.png", b"<svg onload=alert(1)>", Kind::Text),
            ("a.svg", b"<svg onload=alert(1)>", Kind::Text),
            ("a.html", b"<script>alert(1)</script>", Kind::Text),
            ("a.txt", b"GIF89a<script>", Kind::Image),
            ("a.json", b"{}", Kind::Json),
            ("a.parquet", b"PAR1\0\0", Kind::Parquet),
            ("a.txt", b"a\0b", Kind::Binary),
            ("a.txt", b"\xff\xfe", Kind::Binary),
            ("a.txt", b"cut \xc3", Kind::Text),
            ("a", b"", Kind::Text),
        ] {
            assert_eq!(Kind::of(path, start), kind, "{path} {start:?}");
        }
    }

    #[test]
    fn csv_is_split_as_its_writer_meant_it() {
        let text = "a;b\r\n\"x;\"\"1\"\"\";\"two\nlines\"\n;\n";
        let rows = records(text, ';', 10);
        assert_eq!(rows, [vec!["a", "b"], vec!["x;\"1\"", "two\nlines"], vec!["", ""]]);
        let shown = csv("t.csv", text, true).into_string();
        assert!(shown.contains("<th scope=\"col\">b</th>") && shown.contains("two\nlines"), "{shown}");
        assert_eq!(records(&"\"".repeat(1_000_000), ',', 10).len(), 1);
        let wide = csv("t.csv", &format!("{}\n", "x,".repeat(100_000)), false).into_string();
        assert!(wide.len() < 10_000 && wide.contains("first 0 rows"));
    }

    #[test]
    fn markup_of_a_step_is_text() {
        let shown = shown("a.html", Kind::Text, b"<script>alert(1)</script>\x1b[2J", 100).into_string();
        assert!(
            shown.contains("&lt;script&gt;")
                && !shown.contains('\u{1b}')
                && shown.contains("first 29B of 100B"),
            "{shown}"
        );
        let json = super::shown("a.json", Kind::Json, b"[{\"a\": \"<b>\"}]", 14).into_string();
        assert!(json.contains("<th scope=\"col\">a</th>") && json.contains("&lt;b&gt;"), "{json}");
    }
}
