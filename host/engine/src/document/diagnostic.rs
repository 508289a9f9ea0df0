//! Problems in files, and their display.

use std::fmt;

use super::cut;
use super::secret::masked;

/// Maximum number of problems shown per file. If there are more, the last entry says so.
pub const MAX_PROBLEMS: usize = 100;

/// Maximum bytes of a message in a diagnostic: it may quote a value of any size.
const MAX_MESSAGE: usize = 600;
/// Maximum characters of a help text.
const MAX_HELP: usize = 4_000;
/// The entry after the shown problems.
pub(crate) const MORE: &str = "there are more problems; fix these first";
/// Maximum characters of a line that are shown, around the problem.
const MAX_SNIPPET: usize = 200;

/// One problem, with its place and, where known, its fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the problem is only a warning, which does not stop the job from running.
    pub warning: bool,
    /// The problem.
    pub message: String,
    /// The fix.
    pub help: Option<String>,
    /// The name of the file.
    pub file: String,
    /// The line, from 1. 0 when the problem has no place.
    pub line: u64,
    /// The column, from 1.
    pub column: u64,
    /// The text of that line around the column.
    pub snippet: String,
    /// The position of the column in `snippet`, in characters from 0.
    pub(super) caret: usize,
    /// The value, as a JSON pointer (RFC 6901) into the document. Empty for the whole document.
    pub pointer: String,
    /// The rule of policy that denies the value, if one does.
    pub rule: Option<String>,
}

/// Problems in one or more files, in the order of their places. Displayed one after another, with snippets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostic {
    /// Makes a problem at a place of a file. `shown` is that line or the part of it around the place, and the
    /// position of the place in it, in characters from 0.
    pub fn at(file: &str, (line, column): (u64, u64), shown: (&str, usize), message: &str) -> Self {
        let (snippet, caret) = around(shown.0, shown.1);
        let snippet = masked(&snippet);
        Self { line, column, snippet, caret, ..Self::without_place(file, cut(message, MAX_MESSAGE)) }
    }

    /// Makes a problem that concerns the whole file.
    pub fn without_place(file: &str, message: String) -> Self {
        Self {
            warning: false,
            message,
            help: None,
            file: file.to_owned(),
            line: 0,
            column: 0,
            snippet: String::new(),
            caret: 0,
            pointer: String::new(),
            rule: None,
        }
    }

    /// Adds the fix.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(cut(&help.into(), MAX_HELP));
        self
    }

    /// Turns the problem into a warning.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.warning = true;
        self
    }
}

/// Returns the part of a line around a column (from 0), and the position of the column in it.
fn around(line: &str, column: usize) -> (String, usize) {
    if line.len() <= MAX_SNIPPET {
        return (line.to_owned(), column);
    }
    let from = column.saturating_sub(MAX_SNIPPET / 2);
    let mut rest = line.chars().skip(from);
    let mut snippet: String = rest.by_ref().take(MAX_SNIPPET).collect();
    if rest.next().is_some() {
        snippet.push_str("...");
    }
    match from {
        0 => (snippet, column),
        _ => (format!("...{snippet}"), column - from + 3),
    }
}

impl Diagnostics {
    /// Returns whether a problem stops the job from running.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|d| !d.warning)
    }

    /// Returns whether there are more problems than can be shown, so that looking for more is useless.
    pub fn is_full(&self) -> bool {
        self.0.len() > MAX_PROBLEMS
    }

    /// Sorts the problems by place. When there are too many, errors stay before warnings, and earlier
    /// problems before later ones.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        // The problems may have been sorted and cut before.
        let had_more = self.0.iter().any(|diagnostic| diagnostic.message == MORE);
        self.0.retain(|diagnostic| diagnostic.message != MORE);
        self.0.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        if had_more || self.is_full() {
            if self.has_errors() {
                self.0.retain(|diagnostic| !diagnostic.warning);
            }
            self.0.truncate(MAX_PROBLEMS);
            if let Some(last) = self.0.last() {
                let more = Diagnostic::without_place(&last.file, MORE.to_owned());
                let more = Diagnostic { warning: last.warning, ..more };
                self.0.push(more);
            }
        }
        self
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = if self.warning { "warning" } else { "error" };
        writeln!(f, "{level}: {}", self.message)?;
        if self.line == 0 {
            write!(f, "  --> {}", self.file)?;
        } else {
            let number = self.line.to_string();
            let gutter = " ".repeat(number.len());
            let indent = " ".repeat(self.caret.min(2 * MAX_SNIPPET));
            writeln!(f, "{gutter}--> {}:{}:{}", self.file, self.line, self.column)?;
            writeln!(f, "{gutter} |")?;
            writeln!(f, "{number} | {}", self.snippet)?;
            write!(f, "{gutter} | {indent}^")?;
        }
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_shown_around_the_problem() {
        let line = format!("{}here{}", "a".repeat(1_000), "b".repeat(1_000));
        let shown = Diagnostic::at("x.json", (1, 1_001), (&line, 1_000), "wrong").to_string();
        let lines: Vec<&str> = shown.lines().collect();
        let caret = lines[4].find('^').unwrap();
        assert!(lines[3].get(caret..).unwrap().starts_with("here"), "{shown}");
        assert!(shown.len() < 600 && shown.contains("x.json:1:1001"), "{shown}");
        // The line ends before its column, as in a file that ends too early.
        assert!(Diagnostic::at("x.json", (1, 9_000), (&line, 8_999), "wrong").to_string().len() < 700);
    }

    #[test]
    fn of_many_problems_the_first_errors_stay() {
        let problem = |n| Diagnostic { line: n, ..Diagnostic::without_place("x", format!("problem {n}")) };
        let mut all: Vec<Diagnostic> = (1..=300).map(problem).collect();
        all.iter_mut().take(150).for_each(|diagnostic| diagnostic.warning = true);
        let sorted = Diagnostics(all).sorted();
        assert_eq!(sorted.0.len(), MAX_PROBLEMS + 1);
        assert_eq!(sorted.0[0].message, "problem 151");
        assert_eq!(sorted.0[MAX_PROBLEMS].message, MORE);
        assert_eq!(sorted.clone().sorted(), sorted);
        assert!(sorted.0.iter().all(|diagnostic| !diagnostic.warning));
    }
}
