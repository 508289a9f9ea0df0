//! `stepwell step test-script`: the results of tests, on the terminal and as JUnit.

use std::fs;

use console::style;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::Deserialize;
use serde_json::json;
use stepwell::HostError;
use stepwell::engine::StepEnd;
use stepwell::engine::action::Action;
use stepwell::engine::quantity::counted;

use super::Runner;
use crate::cli::args::TestScriptArgs;
use crate::display::plain;
use crate::{Exit, file_error, print, print_painted};

pub(crate) async fn test(args: &TestScriptArgs) -> Result<Exit, HostError> {
    let runner = Runner::new(&args.scripts, Action::Test).await?;
    let mut files = Vec::new();
    for path in &args.scripts.paths {
        runner.languages.files(path, &mut files)?;
    }
    let mut report = Report::new("stepwell step test-script");
    let mut total = Counts::default();
    let mut broken = 0;
    for (language, file) in &files {
        let name = runner.name(file)?;
        print_painted(&style(plain(&name)).bold().to_string());
        let tags = json!({ "tags": args.tag, "exclude_tags": args.exclude_tag });
        let end = runner.run(language, &name, tags, true).await?;
        let found = TestRun::of(&end);
        if let Some(message) = &found.broken {
            broken += 1;
            print_painted(&format!("  {} {}", style("[-]").red(), plain(message)));
        }
        total.add(&found.counts);
        report.add_test_suite(suite(&name, &found));
    }
    if let Some(path) = &args.junit {
        let xml =
            report.to_string().map_err(|error| file_error(path.clone(), std::io::Error::other(error)))?;
        fs::write(path, xml).map_err(|error| file_error(path.clone(), error))?;
    }
    print(&total.summary(files.len(), broken));
    Ok(if total.bad() == 0 && broken == 0 { Exit::Success } else { Exit::RunFailed })
}

/// The result of `action: test` for a file.
#[derive(Debug, Default)]
struct TestRun {
    tests: Vec<Test>,
    counts: Counts,
    /// The reason why the file itself did not end well.
    broken: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Test {
    groups: Vec<String>,
    name: String,
    outcome: String,
    message: String,
    file: String,
    line: u64,
    seconds: f64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
    inconclusive: u64,
    not_implemented: u64,
    not_run: u64,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        for (count, more) in [
            (&mut self.passed, other.passed),
            (&mut self.failed, other.failed),
            (&mut self.skipped, other.skipped),
            (&mut self.inconclusive, other.inconclusive),
            (&mut self.not_implemented, other.not_implemented),
            (&mut self.not_run, other.not_run),
        ] {
            *count = count.saturating_add(more);
        }
    }

    fn bad(&self) -> u64 {
        self.failed.saturating_add(self.inconclusive).saturating_add(self.not_implemented)
    }

    fn summary(&self, files: usize, broken: usize) -> String {
        let total = self.passed.saturating_add(self.skipped).saturating_add(self.bad());
        let mut parts = vec![format!("{} passed", self.passed)];
        for (count, what) in [
            (self.failed, "failed"),
            (self.skipped, "skipped"),
            (self.inconclusive, "inconclusive"),
            (self.not_implemented, "not implemented here"),
            (self.not_run, "not chosen"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        let broken =
            if broken == 0 { String::new() } else { format!("; {broken} of the files did not end well") };
        let (tests, files) = (counted(total, "test"), counted(files, "file"));
        format!("\n{tests} in {files}: {}{broken}", parts.join(", "))
    }
}

impl TestRun {
    fn of(end: &StepEnd) -> Self {
        // A success has them in its output, a failure in its metadata.
        let part =
            |name: &str| end.produced.output.get(name).or_else(|| end.produced.metadata.get(name)).cloned();
        let tests = part("tests").and_then(|tests| serde_json::from_value(tests).ok());
        let counts = part("counts").and_then(|counts| serde_json::from_value(counts).ok());
        match (tests, counts) {
            (Some(tests), Some(counts)) => {
                let (tests, counts): (Vec<Test>, Counts) = (tests, counts);
                let bad = counts.bad() > 0;
                let broken = (!end.outcome.is_success() && !bad).then(|| end.outcome.message());
                Self { tests, counts, broken }
            }
            _ => Self { broken: Some(end.outcome.message()), ..Self::default() },
        }
    }
}

fn suite(name: &str, found: &TestRun) -> TestSuite {
    let mut suite = TestSuite::new(name);
    for test in &found.tests {
        let status = match test.outcome.as_str() {
            "passed" => TestCaseStatus::success(),
            "skipped" => TestCaseStatus::skipped(),
            outcome => {
                let kind = if outcome == "failed" { NonSuccessKind::Failure } else { NonSuccessKind::Error };
                let mut status = TestCaseStatus::non_success(kind);
                let place = if test.file.is_empty() {
                    String::new()
                } else {
                    format!("\nat {}:{}", test.file, test.line)
                };
                status
                    .set_message(test.message.clone())
                    .set_type(outcome)
                    .set_description(format!("{}{place}", test.message));
                status
            }
        };
        let mut case = TestCase::new(test.name.clone(), status);
        case.set_classname(if test.groups.is_empty() { name.to_owned() } else { test.groups.join(".") });
        case.set_time(std::time::Duration::try_from_secs_f64(test.seconds).unwrap_or_default());
        suite.add_test_case(case);
    }
    if let Some(message) = &found.broken {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(message.clone());
        suite.add_test_case(TestCase::new("(the file)", status));
    }
    suite
}
