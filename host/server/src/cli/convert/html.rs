//! The report as a page. Every text in it comes from files that may be hostile; maud escapes each.

use maud::{DOCTYPE, Markup, html};

use super::report::{FileReport, Line, Report, Status};
use super::verdict::{Comparison, Decision};
use crate::display::plain;

const STYLE: &str = "body{font-family:system-ui,sans-serif;margin:2rem;max-width:75rem}table{border-collapse:collapse;width:100%}\
td,th{border:1px solid #bbb;padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
.refused{background:#fde8e8}.converted{background:#e9f7ec}.fix{color:#444}";

/// Returns the whole page.
pub(super) fn page(report: &Report) -> String {
    let summary = &report.summary;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                // The page has no scripts, and loads nothing.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { "Conversion of legacy jobs" }
                style { (STYLE) }
            }
            body {
                h1 { "Conversion of legacy jobs" }
                @if report.dry_run { p { "This was a dry run: it wrote no job file." } }
                p { "New files: " code { (plain(&report.to)) } }
                table {
                    tr { th { "files" } th { "entries" } th { "converted" } th { "unchanged" } th { "refused" } th { "no legacy job" } th { "skipped" } th { "warnings" } }
                    tr {
                        td { (summary.files) } td { (summary.entries) } td { (summary.converted) } td { (summary.unchanged) } td { (summary.refused) }
                        td { (summary.other) } td { (summary.skipped) } td { (summary.warnings) }
                    }
                }
                @if let Some(comparison) = &report.comparison { (compared(comparison)) }
                h2 { "Batches" }
                table {
                    tr { th { "batch" } th { "files" } th { "entries" } th { "converted" } th { "refused" } th { "manifest" } }
                    @for batch in &report.batches {
                        tr {
                            td { (plain(batch.batch.as_deref().unwrap_or("-"))) } td { (batch.files) } td { (batch.entries) } td { (batch.converted) }
                            td { (batch.refused) } td { (plain(batch.manifest.as_deref().unwrap_or("-"))) }
                        }
                    }
                }
                h2 { "Files" }
                table {
                    tr { th { "file" } th { "job" } th { "result" } th { "problems and warnings" } }
                    @for file in &report.files { (row(file)) }
                }
            }
        }
    }
    .into_string()
}

fn row(file: &FileReport) -> Markup {
    let (class, result) = match file.status {
        Status::Converted => ("converted", "converted"),
        Status::Unchanged => ("converted", "unchanged"),
        Status::Refused => ("refused", "refused"),
        Status::Other => ("other", "no legacy job"),
        Status::Skipped => ("other", "skipped"),
    };
    html! {
        tr class=(class) {
            td { (plain(&file.name())) @if let Some(output) = &file.output { br; "→ " (plain(output)) } }
            td { (plain(file.job_id.as_deref().unwrap_or("-"))) }
            td {
                (result)
                @if let Some(reason) = &file.reason { ": " (plain(reason)) }
                @if let Some(run) = &file.run { br; "run: " (plain(&run.status)) " " (plain(&run.output)) }
            }
            td {
                @for problem in &file.problems { (line("error", problem)) }
                @for warning in &file.warnings { (line("warning", warning)) }
                @if file.left_out > 0 { p { "and " (file.left_out) " more" } }
            }
        }
    }
}

fn line(level: &str, line: &Line) -> Markup {
    html! {
        p {
            b { (level) } " "
            @if line.line > 0 { "line " (line.line) ", column " (line.column) ": " }
            (plain(&line.message))
            @if let Some(fix) = &line.fix { br; span class="fix" { "fix: " (plain(fix)) } }
        }
    }
}

fn compared(comparison: &Comparison) -> Markup {
    let decision = match comparison.decision {
        Decision::Continue => "continue",
        Decision::RollBack => "roll back",
        Decision::Undecided => "undecided",
    };
    html! {
        h2 { "Comparison: " (decision) }
        @if !comparison.triggers.is_empty() {
            ul { @for trigger in &comparison.triggers { li { (trigger.in_words()) } } }
        }
        table {
            tr { th { "job" } th { "legacy" } th { "converted" } th { "differences" } }
            @for pair in &comparison.pairs {
                tr {
                    td { (plain(&pair.job_id)) }
                    td { (plain(&pair.legacy.status)) " in " (format!("{:.2}", pair.legacy.duration_seconds)) " s" }
                    td { (plain(&pair.converted.status)) " in " (format!("{:.2}", pair.converted.duration_seconds)) " s" }
                    td { @for difference in &pair.differences { p { (plain(difference)) } } }
                }
            }
            @for one in &comparison.not_compared {
                tr { td { (plain(&one.file)) } td colspan="3" { "not compared: " (plain(&one.reason)) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::convert::report::Summary;

    #[test]
    fn hostile_texts_are_escaped() {
        let hostile = "<script>alert('x')</script>\u{1b}[31m";
        let mut file = FileReport::new(hostile, Status::Refused);
        file.refuse(Line::whole(hostile, hostile));
        file.job_id = Some(hostile.to_owned());
        let (to, summary) = (hostile.to_owned(), Summary::default());
        let mut report =
            Report { dry_run: false, to, summary, batches: Vec::new(), files: vec![file], comparison: None };
        report.sum();
        let page = page(&report);
        assert!(
            !page.contains("<script") && !page.contains('\u{1b}') && page.contains("&lt;script&gt;"),
            "{page}"
        );
    }
}
