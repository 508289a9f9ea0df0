//! The report of a conversion.

use std::collections::BTreeSet;

use serde::Serialize;
use stepwell::engine::document::cut;
use stepwell::engine::quantity::counted;
use stepwell::engine::{Diagnostic, Diagnostics};

use super::verdict::Comparison;
use crate::display::plain;

/// The most warnings and problems per file in a report.
pub(super) const MOST_LINES: usize = 20;
/// The most characters of a message.
const LONGEST: usize = 600;

/// The result of a whole conversion.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub dry_run: bool,
    /// The target folder.
    pub to: String,
    pub summary: Summary,
    pub batches: Vec<BatchReport>,
    pub files: Vec<FileReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
}

/// The number of entries with each result.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    pub files: usize,
    /// The number of entries: a file counts with each job that it holds. The other numbers count entries, too.
    pub entries: usize,
    pub converted: usize,
    pub unchanged: usize,
    pub refused: usize,
    pub other: usize,
    pub skipped: usize,
    pub warnings: usize,
}

/// The files of a batch.
#[derive(Debug, Serialize)]
pub(super) struct BatchReport {
    /// The value of `--batch-by`. `None` for jobs without one.
    pub batch: Option<String>,
    pub files: usize,
    /// The number of entries, of which the numbers below count each.
    pub entries: usize,
    pub converted: usize,
    pub refused: usize,
    /// The manifest, for `--rollback`.
    pub manifest: Option<String>,
}

/// The result for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// A new file was written, or would be by a conversion that is no dry run.
    Converted,
    /// An earlier conversion wrote the same new file.
    Unchanged,
    /// A person has to change the file, the policy or the configuration.
    Refused,
    /// The file is no legacy job.
    Other,
    /// The path was not read.
    Skipped,
}

/// The result for one file, or for one entry of a file that holds several.
#[derive(Debug, Serialize)]
pub(super) struct FileReport {
    pub file: String,
    /// The number of the entry in a file that holds several, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<usize>,
    /// The place of the entry.
    #[serde(skip)]
    at: (u64, u64),
    pub status: Status,
    pub job_id: Option<String>,
    /// The new file, as messages show it.
    pub output: Option<String>,
    pub batch: Option<String>,
    /// The reason for a file that is no legacy job, or was not read.
    pub reason: Option<String>,
    pub warnings: Vec<Line>,
    pub problems: Vec<Line>,
    /// The number of warnings and problems that the report leaves out.
    pub left_out: usize,
    /// The result of `--check-run`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunReport>,
}

/// The run of a converted job.
#[derive(Debug, Serialize)]
pub(super) struct RunReport {
    pub success: bool,
    pub status: String,
    pub duration_seconds: f64,
    /// The last output of the run, or the reason why it did not start.
    pub output: String,
}

/// A warning or a problem in a legacy file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    /// The line, from 1. 0 for the whole file.
    pub line: u64,
    pub column: u64,
    pub message: String,
    pub fix: Option<String>,
}

impl From<Diagnostic> for Line {
    fn from(found: Diagnostic) -> Self {
        let Diagnostic { line, column, message, help, .. } = found;
        Self { line, column, message: cut(&message, LONGEST), fix: help.map(|help| cut(&help, LONGEST)) }
    }
}

impl Line {
    /// Makes a problem of the whole file.
    pub fn whole(message: impl Into<String>, fix: &str) -> Self {
        Self { line: 0, column: 0, message: cut(&message.into(), LONGEST), fix: Some(fix.to_owned()) }
    }
}

impl FileReport {
    pub fn new(file: &str, status: Status) -> Self {
        Self {
            file: file.to_owned(),
            entry: None,
            at: (0, 0),
            status,
            job_id: None,
            output: None,
            batch: None,
            reason: None,
            warnings: Vec::new(),
            problems: Vec::new(),
            left_out: 0,
            run: None,
        }
    }

    /// Makes the report of an entry of a file, at its line and column.
    pub fn of_entry(file: &str, entry: usize, at: (u64, u64)) -> Self {
        Self { entry: Some(entry), at, ..Self::new(file, Status::Converted) }
    }

    /// Returns a report about the same entry without results.
    pub fn emptied(self, status: Status) -> Self {
        Self { entry: self.entry, at: self.at, ..Self::new(&self.file, status) }
    }

    /// Returns the name of the file, with the number of its entry.
    pub fn name(&self) -> String {
        match self.entry {
            Some(entry) => format!("{}, entry {entry}", self.file),
            None => self.file.clone(),
        }
    }

    /// Adds what a conversion found, warnings and problems.
    pub fn found(&mut self, found: Diagnostics) {
        for diagnostic in found.0 {
            let is_warning = diagnostic.warning;
            self.line(diagnostic.into(), is_warning);
        }
    }

    /// Adds a problem, for which the file is refused.
    pub fn refuse(&mut self, mut problem: Line) {
        self.status = Status::Refused;
        if problem.line == 0 {
            (problem.line, problem.column) = self.at;
        }
        self.line(problem, false);
    }

    /// Adds a line. Every problem has a fix, if only a general one.
    fn line(&mut self, mut line: Line, is_warning: bool) {
        if !is_warning && line.fix.is_none() {
            line.fix = Some("correct this place of the legacy file, and convert it again".to_owned());
        }
        let list = if is_warning { &mut self.warnings } else { &mut self.problems };
        match list.len() < MOST_LINES {
            true => list.push(line),
            false => self.left_out += 1,
        }
    }

    /// Returns the result in one line, for standard output.
    pub fn shown(&self) -> String {
        let warnings = match self.warnings.len() {
            0 => String::new(),
            count => format!(" ({})", counted(count, "warning")),
        };
        let output = self.output.as_deref().unwrap_or_default();
        let text = match self.status {
            Status::Converted => format!("converted to {output}{warnings}"),
            Status::Unchanged => format!("unchanged, {output} is up to date{warnings}"),
            Status::Refused => {
                format!("refused ({})", counted(self.problems.len() + self.problems_left(), "problem"))
            }
            Status::Other => format!("no legacy job: {}", self.reason.as_deref().unwrap_or_default()),
            Status::Skipped => format!("skipped: {}", self.reason.as_deref().unwrap_or_default()),
        };
        plain(&format!("{}: {text}", self.name()))
    }

    fn problems_left(&self) -> usize {
        if self.problems.len() == MOST_LINES { self.left_out } else { 0 }
    }

    /// Returns the warnings and problems for standard error, one per line.
    pub fn details(&self) -> Vec<String> {
        let line = |level: &str, line: &Line| {
            let place = match line.line {
                0 => self.file.clone(),
                number => format!("{}:{number}:{}", self.file, line.column),
            };
            let fix = line.fix.as_deref().map_or_else(String::new, |fix| format!("; fix: {fix}"));
            plain(&format!("{level}: {place}: {}{fix}", line.message))
        };
        let mut all: Vec<String> = self.problems.iter().map(|problem| line("error", problem)).collect();
        all.extend(self.warnings.iter().map(|warning| line("warning", warning)));
        if self.left_out > 0 {
            all.push(plain(&format!("{}: {} more", self.file, self.left_out)));
        }
        all
    }
}

/// Returns the number of files that reports are about.
pub(super) fn distinct(reports: &[FileReport]) -> usize {
    reports.iter().map(|report| report.file.as_str()).collect::<BTreeSet<_>>().len()
}

impl Report {
    /// Counts the files.
    pub fn sum(&mut self) {
        let count = |status: Status| self.files.iter().filter(|file| file.status == status).count();
        self.summary = Summary {
            files: distinct(&self.files),
            entries: self.files.len(),
            converted: count(Status::Converted),
            unchanged: count(Status::Unchanged),
            refused: count(Status::Refused),
            other: count(Status::Other),
            skipped: count(Status::Skipped),
            warnings: self.files.iter().map(|file| file.warnings.len()).sum(),
        };
    }

    /// Returns the last lines for standard output.
    pub fn shown(&self) -> String {
        let Summary { files, entries, converted, unchanged, refused, other, skipped, warnings } =
            &self.summary;
        let done = if self.dry_run { "would be converted" } else { "converted" };
        let entries = match entries == files {
            true => String::new(),
            false => format!(" with {entries} entries"),
        };
        let mut text = format!(
            "{}{entries}: {converted} {done}, {unchanged} unchanged, {refused} refused, {other} no legacy job, {skipped} skipped; {}",
            counted(files, "file"),
            counted(warnings, "warning")
        );
        for batch in self.batches.iter().filter(|batch| batch.manifest.is_some()) {
            let name = batch.batch.as_ref().map_or_else(String::new, |name| format!(" of the batch {name}"));
            text.push_str(&format!("\nmanifest{name}: {}", batch.manifest.as_deref().unwrap_or_default()));
        }
        if let Some(comparison) = &self.comparison {
            text.push_str(&format!("\n{}", comparison.shown()));
        }
        crate::display::plain_lines(&text)
    }
}
