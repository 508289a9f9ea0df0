//! The report of a conversion.

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

/// The number of files with each result.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    pub files: usize,
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

/// The result for one file.
#[derive(Debug, Serialize)]
pub(super) struct FileReport {
    pub file: String,
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

    /// Adds what a conversion found, warnings and problems.
    pub fn found(&mut self, found: Diagnostics) {
        for diagnostic in found.0 {
            let is_warning = diagnostic.warning;
            self.line(diagnostic.into(), is_warning);
        }
    }

    /// Adds a problem, for which the file is refused.
    pub fn refuse(&mut self, problem: Line) {
        self.status = Status::Refused;
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
        plain(&format!("{}: {text}", self.file))
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

impl Report {
    /// Counts the files.
    pub fn sum(&mut self) {
        let count = |status: Status| self.files.iter().filter(|file| file.status == status).count();
        self.summary = Summary {
            files: self.files.len(),
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
        let Summary { files, converted, unchanged, refused, other, skipped, warnings } = &self.summary;
        let done = if self.dry_run { "would be converted" } else { "converted" };
        let mut text = format!(
            "{}: {converted} {done}, {unchanged} unchanged, {refused} refused, {other} no legacy job, {skipped} skipped; {}",
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
