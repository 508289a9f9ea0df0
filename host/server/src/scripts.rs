//! `stepwell step test-script` and `stepwell step check-script`: scripts of PowerShell, without a job of the user's.
//!
//! A script runs as a `powershell` step does, in the same sandbox: the folder is mounted read-only, a scratch directory
//! is there to write to, and there is nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use console::style;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::Deserialize;
use serde_json::{Value, json};
use stepwell::engine::StepEnd;
use stepwell::engine::policy::Policy;
use stepwell::engine::run::{Event, RunState};
use stepwell::{Host, HostError, Notice, Observer};
use tokio_util::sync::CancellationToken;

use crate::cli::{CheckScriptArgs, Output, TestScriptArgs};
use crate::display::plain;
use crate::{Exit, file_error, print};

/// Where the folder of the scripts is in the sandbox.
const MOUNT: &str = "/scripts";

pub(crate) async fn test(args: &TestScriptArgs) -> Result<Exit, HostError> {
    let root = root(args.root.as_deref(), &args.paths)?;
    let mut files = Vec::new();
    for path in &args.paths {
        test_files(path, &mut files)?;
    }
    let runner = Runner::new(&root)?;
    let mut report = Report::new("stepwell step test-script");
    let mut total = Counts::default();
    let mut broken = 0;
    for file in &files {
        let name = runner.name(file)?;
        print(&format!("{}", style(&name).bold()));
        let config = json!({ "action": "test", "script_path": format!("{MOUNT}/{name}"),
            "tags": args.tag, "exclude_tags": args.exclude_tag });
        let end = runner.run(config, true).await?;
        let found = TestRun::of(&end);
        if let Some(message) = &found.broken {
            broken += 1;
            print(&format!("  {} {}", style("[-]").red(), plain(message)));
        }
        total.add(&found.counts);
        report.add_test_suite(suite(&name, &found));
    }
    if let Some(path) = &args.junit {
        let xml =
            report.to_string().map_err(|error| file_error(path.clone(), std::io::Error::other(error)))?;
        fs::write(path, xml).map_err(|error| file_error(path.clone(), error))?;
    }
    print(&total.told(files.len(), broken));
    Ok(if total.bad() == 0 && broken == 0 { Exit::Success } else { Exit::RunFailed })
}

pub(crate) async fn check(args: &CheckScriptArgs) -> Result<Exit, HostError> {
    let root = root(args.root.as_deref(), &args.paths)?;
    let runner = Runner::new(&root)?;
    let mut scripts: Vec<Checked> = Vec::new();
    for path in &args.paths {
        let name = runner.name(path)?;
        let config = json!({ "action": "check", "script_path": format!("{MOUNT}/{name}") });
        let end = runner.run(config, false).await?;
        if !end.outcome.is_success() {
            return Err(file_error(path.clone(), std::io::Error::other(end.outcome.message())));
        }
        let found = end.produced.output.get("scripts").cloned().unwrap_or_default();
        let found: Vec<Checked> = serde_json::from_value(found)
            .map_err(|error| file_error(path.clone(), std::io::Error::other(error)))?;
        scripts.extend(found);
    }
    for script in &mut scripts {
        if let Some(name) = script.path.strip_prefix(MOUNT) {
            script.path = name.trim_start_matches('/').to_owned();
        }
    }
    let runs = scripts.iter().filter(|script| script.runs).count();
    match args.output {
        Output::Json => {
            let report = json!({ "runs": runs, "total": scripts.len(), "scripts": scripts });
            print(&serde_json::to_string_pretty(&report).unwrap_or_default());
        }
        Output::Text => print(&told(&scripts, runs)),
    }
    Ok(if runs == scripts.len() { Exit::Success } else { Exit::RunFailed })
}

/// What `action: check` says of a script.
#[derive(Debug, Deserialize, serde::Serialize)]
struct Checked {
    path: String,
    runs: bool,
    uses: Vec<String>,
    findings: Vec<Finding>,
}

#[derive(Debug, Deserialize, serde::Serialize)]
struct Finding {
    line: u64,
    column: u64,
    lack: String,
    name: String,
    message: String,
    foreseen: bool,
}

fn told(scripts: &[Checked], runs: usize) -> String {
    let mut lines = Vec::new();
    let mut lacking: BTreeMap<&str, usize> = BTreeMap::new();
    for script in scripts {
        let uses = if script.uses.is_empty() {
            String::new()
        } else {
            format!(", asks for {}", script.uses.join(", "))
        };
        let verdict = match script.findings.iter().any(|finding| finding.lack == "syntax") {
            true => style("does not parse").red(),
            false if script.runs => style("runs as it is").green(),
            false => style("needs something else").yellow(),
        };
        lines.push(format!("{}: {verdict}{}", plain(&script.path), plain(&uses)));
        for finding in script.findings.iter().filter(|finding| !finding.foreseen) {
            lines.push(format!("  {}:{}  {}", finding.line, finding.column, plain(&finding.message)));
        }
        let mut names: Vec<&str> =
            script.findings.iter().filter(|f| !f.foreseen).map(|f| f.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            *lacking.entry(name).or_default() += 1;
        }
    }
    lines.push(String::new());
    let others = scripts.len() - runs;
    lines.push(match others {
        0 => format!("{runs} of {} run as they are", scripts.len()),
        _ => format!(
            "{runs} of {} run as they are; here is what the others need, and how many of them:",
            scripts.len()
        ),
    });
    let mut lacking: Vec<_> = lacking.into_iter().collect();
    lacking.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    lines.extend(lacking.into_iter().map(|(name, count)| format!("{count:>6}  {}", plain(name))));
    lines.join("\n")
}

/// What `action: test` says of a file.
#[derive(Debug, Default)]
struct TestRun {
    tests: Vec<Test>,
    counts: Counts,
    /// Why the file itself ended badly.
    broken: Option<String>,
}

#[derive(Debug, Deserialize)]
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
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.inconclusive += other.inconclusive;
        self.not_implemented += other.not_implemented;
        self.not_run += other.not_run;
    }

    fn bad(&self) -> u64 {
        self.failed + self.inconclusive + self.not_implemented
    }

    fn told(&self, files: usize, broken: usize) -> String {
        let total = self.passed + self.skipped + self.bad();
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
        let counted =
            |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let (tests, files) = (counted(total as usize, "test"), counted(files, "file"));
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

/// Runs a `powershell` step over a folder.
struct Runner {
    host: Host,
    root: PathBuf,
}

impl Runner {
    fn new(root: &Path) -> Result<Self, HostError> {
        let policy = json!({
            "policy": 1, "name": "scripts", "steps": ["powershell"], "profile": "large",
            "files": [
                { "mount": MOUNT, "source": root, "access": "read" },
                { "mount": "/workspace", "scratch": "256MiB", "access": "write" },
            ],
        });
        let policies =
            Policy::parse("the policy of scripts", &policy.to_string(), root).map_err(HostError::Invalid)?;
        let host = Host::builder().cache_dir(crate::cli::cache_dir()).policies(policies).build()?;
        Ok(Self { host, root: root.to_owned() })
    }

    /// The path of a script below the root.
    fn name(&self, path: &Path) -> Result<String, HostError> {
        let full = full(path)?;
        let below = full.strip_prefix(&self.root).map_err(|_| {
            let root = self.root.display();
            file_error(path.to_owned(), std::io::Error::other(format!("it is not below {root}: give --root")))
        })?;
        Ok(below.display().to_string())
    }

    async fn run(&self, mut config: Value, shown: bool) -> Result<StepEnd, HostError> {
        if let Some(config) = config.as_object_mut() {
            config.insert("id".into(), "script".into());
            config.insert("type".into(), "powershell".into());
        }
        let job = json!({ "id": "script", "steps": [config] }).to_string();
        let parsed = self.host.parse("the script's job", &job).await?;
        let id = self.host.submit(parsed.job, BTreeMap::new()).await?;
        let watch = Watch { shown, end: Mutex::default() };
        self.host.resume(&id, &watch, CancellationToken::new()).await?;
        let end = watch.end.into_inner().unwrap_or_else(PoisonError::into_inner);
        end.ok_or_else(|| HostError::Refused("the step did not run".to_owned()))
    }
}

/// Prints what a script prints, and keeps how it ended.
struct Watch {
    shown: bool,
    end: Mutex<Option<StepEnd>>,
}

impl Observer for Watch {
    fn notice(&self, _: &RunState, _: usize, notice: Notice<'_>) {
        match notice {
            Notice::Log(line) if self.shown => print(&marked(&plain(&line.message))),
            Notice::Preparing(what) => eprintln!("{}", plain(what)),
            Notice::Event(Event::StepEnded { end, .. }) => {
                *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(StepEnd::clone(end));
            }
            _ => {}
        }
    }
}

/// A line of results, with its mark in colour.
fn marked(line: &str) -> String {
    for (mark, shown) in [
        ("[+]", style("[+]").green()),
        ("[-]", style("[-]").red()),
        ("[!]", style("[!]").yellow()),
        ("[?]", style("[?]").yellow()),
    ] {
        if let Some((indent, rest)) = line.split_once(mark)
            && indent.trim().is_empty()
        {
            return format!("{indent}{shown}{rest}");
        }
    }
    line.to_owned()
}

fn full(path: &Path) -> Result<PathBuf, HostError> {
    fs::canonicalize(path).map_err(|error| file_error(path.to_owned(), error))
}

/// The folder that scripts see: the one that was given; else the current one, when all of them are below it; else the
/// first one's own.
fn root(given: Option<&Path>, paths: &[PathBuf]) -> Result<PathBuf, HostError> {
    if let Some(given) = given {
        return full(given);
    }
    let mut all = Vec::new();
    for path in paths {
        all.push(full(path)?);
    }
    let here = full(Path::new("."))?;
    if all.iter().all(|path| path.starts_with(&here)) {
        return Ok(here);
    }
    Ok(match all.first() {
        Some(first) if first.is_dir() => first.clone(),
        Some(first) => first.parent().unwrap_or(first).to_owned(),
        None => here,
    })
}

/// The files of tests in a folder and below, by Pester's rule for their names; a file is itself.
fn test_files(path: &Path, found: &mut Vec<PathBuf>) -> Result<(), HostError> {
    if !path.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let fail = |error| file_error(path.to_owned(), error);
    let mut entries = fs::read_dir(path).map_err(fail)?.collect::<Result<Vec<_>, _>>().map_err(fail)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().to_lowercase();
        let kind = entry.file_type().map_err(fail)?;
        if kind.is_dir() && !name.starts_with('.') {
            test_files(&entry.path(), found)?;
        } else if kind.is_file() && name.ends_with(".tests.ps1") {
            found.push(entry.path());
        }
    }
    Ok(())
}
