//! `stepwell convert`: converts legacy job files, checks and compares the new jobs, and takes a conversion back.
//!
//! `engine::job::convert` converts a text. This module finds the files (`find`), sorts them into batches (`items`,
//! `batch`), has each new job checked against policy and connections, and writes it (`apply`, `disk`) with a journal
//! (`manifest`), by which an interrupted conversion continues or `rollback` restores the files.

mod apply;
mod batch;
mod disk;
mod find;
mod html;
mod items;
mod manifest;
mod progress;
mod report;
mod rollback;
mod runs;
mod verdict;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use stepwell::SystemClock;
use stepwell::engine::clock::Clock;
use stepwell::engine::quantity::counted;

use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::{ConvertArgs, Output};
use crate::cli::client::{Call, Client};
use crate::failure::Failure;
use crate::{Exit, print};
use apply::Change;
use items::{Batch, Item};
use manifest::{Journal, Record, Store};
use progress::Progress;
use report::{BatchReport, FileReport, Line, Report, RunReport, Status, Summary};
use runs::Systems;
use verdict::{Comparison, Decision, NotCompared, Pair};

/// Converts files, or takes a conversion back.
pub(crate) async fn convert(args: &ConvertArgs) -> Ends {
    if let Some(problem) = odd_options(args) {
        return Err(problem);
    }
    if let Some(manifest) = &args.rollback {
        return rollback::rollback(manifest, args.force, args.api.output);
    }
    let to =
        args.to.as_deref().ok_or_else(|| Failure::input("name the folder for the new files: --to DIR"))?;
    let store = match args.dry_run {
        true => None,
        false => Some(open(to)?),
    };
    let files = find::find(&args.files, to)?;
    let (batches, rest) = items::batches(files, args.batch_by.as_deref(), args.batch.as_deref());
    let client = Client::new(&args.api).await?;
    let systems = match args.check_run || args.compare {
        true => Some(Systems::new(args, &client).await?),
        false => None,
    };
    let mut work = Work {
        args,
        to,
        client: &client,
        systems,
        store,
        written: Store::outputs(to)?,
        pairs: Vec::new(),
        not_compared: Vec::new(),
    };
    let mut report = Report {
        dry_run: args.dry_run,
        to: to.display().to_string(),
        summary: Summary::default(),
        batches: Vec::new(),
        files: rest,
        comparison: None,
    };
    show(args.api.output, &report.files);
    for batch in batches {
        let (of_batch, files) = work.batch(batch).await?;
        show(args.api.output, &files);
        report.batches.push(of_batch);
        report.files.extend(files);
    }
    if args.compare {
        report.comparison = Some(Comparison::of(work.pairs, work.not_compared));
    }
    report.sum();
    end(args, &report)
}

/// Returns the refusal of options that would have no effect.
fn odd_options(args: &ConvertArgs) -> Option<Failure> {
    let refused = |name: &str, message: &str| Some(Failure::option(name, message));
    let converts = args.rollback.is_none();
    let of_conversion = [
        (args.dry_run, "--dry-run"),
        (args.report.is_some(), "--report"),
        (args.overwrite, "--overwrite"),
        (args.batch_by.is_some(), "--batch-by"),
        (args.batch.is_some(), "--batch"),
        (args.check_run, "--check-run"),
        (args.compare, "--compare"),
        (args.legacy_server.is_some(), "--legacy-server"),
    ];
    let beside_rollback = of_conversion.into_iter().find(|(given, _)| *given && !converts);
    let is_report = |path: &Path| matches!(path.extension().and_then(|e| e.to_str()), Some("json" | "html"));
    match () {
        () if beside_rollback.is_some() => refused(
            beside_rollback.map_or("", |(_, name)| name),
            "this option has no effect on --rollback: leave it out",
        ),
        () if args.force && converts => refused("--force", "this option is for --rollback: leave it out"),
        () if converts && args.files.is_empty() => {
            Some(Failure::input("name the legacy files, or folders of them, or a manifest with --rollback"))
        }
        () if args.batch.is_some() && args.batch_by.is_none() => refused(
            "--batch",
            "name the key of the batches with --batch-by, for instance metadata.criticality",
        ),
        () if args.legacy_server.is_some() && !args.compare => {
            refused("--legacy-server", "this option is for --compare: leave it out")
        }
        () if args.legacy_key_file.is_some() && args.legacy_server.is_none() => {
            refused("--legacy-key-file", "name the system of the key with --legacy-server")
        }
        () if args.report.as_deref().is_some_and(|path| !is_report(path)) => {
            refused("--report", "the name of a report ends with .json or .html")
        }
        () => None,
    }
}

/// Opens the target folder, and completes what an interrupted conversion left.
fn open(to: &Path) -> Result<Store, Failure> {
    fs::create_dir_all(to).map_err(|error| Failure::input(format!("{}: {error}", to.display())))?;
    let store = Store::open(to)?;
    let completed = apply::settle_all(&store)?;
    if completed > 0 {
        say!("an interrupted conversion continues: {} completed", counted(completed, "file"));
    }
    Ok(store)
}

/// Prints the results of files.
fn show(output: Output, files: &[FileReport]) {
    for file in files {
        for line in file.details() {
            say!("{line}");
        }
        if output == Output::Text {
            print(&file.shown());
        }
    }
}

/// Writes the report, and ends the command.
fn end(args: &ConvertArgs, report: &Report) -> Ends {
    let json = serde_json::to_string_pretty(report).unwrap_or_default();
    if let Some(path) = &args.report {
        let text = match path.extension().is_some_and(|extension| extension == "html") {
            true => html::page(report),
            false => format!("{json}\n"),
        };
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let written = disk::write(dir, path, text.as_bytes(), 0o644);
        written.map_err(|error| Failure::input(format!("{}: {error}", path.display())))?;
    }
    match args.api.output {
        Output::Json => print(&json),
        Output::Text => print(&report.shown()),
    }
    let failed = report.files.iter().filter_map(|file| file.run.as_ref()).any(|run| !run.success);
    let goes_back = report.comparison.as_ref().is_some_and(|found| found.decision == Decision::RollBack);
    Ok(match () {
        () if failed || goes_back => Exit::RunFailed,
        () if report.summary.refused > 0 => Exit::BadInput,
        () => Exit::Success,
    })
}

/// The conversion of files.
struct Work<'a> {
    args: &'a ConvertArgs,
    to: &'a Path,
    client: &'a Client,
    systems: Option<Systems<'a>>,
    /// The folder of manifests. `None` in a dry run.
    store: Option<Store>,
    /// The outputs of earlier conversions with their digests.
    written: BTreeMap<String, Vec<String>>,
    pairs: Vec<Pair>,
    not_compared: Vec<NotCompared>,
}

impl Work<'_> {
    /// Converts the files of a batch.
    async fn batch(&mut self, batch: Batch) -> Result<(BatchReport, Vec<FileReport>), Failure> {
        let Batch { name, mut items } = batch;
        let progress = Progress::start(name.as_deref(), items.len());
        let path = self.store.as_ref().map(|store| store.manifest(name.as_deref()));
        let mut journal = path.as_deref().map(Journal::open).transpose()?;
        let mut begun = false;
        for group in items.chunk_by_mut(|a, b| Arc::ptr_eq(&a.candidate, &b.candidate)) {
            if let Some(item) = group.first() {
                progress.file(&item.candidate.name);
            }
            for item in &mut *group {
                self.check(item).await?;
            }
            self.place(group, journal.as_mut(), (&mut begun, name.as_deref()))?;
            for item in group {
                self.try_out(item).await;
                progress.done();
            }
        }
        let files: Vec<FileReport> = items.into_iter().map(|item| item.report).collect();
        progress.finish();
        let count = |status: Status| files.iter().filter(|file| file.status == status).count();
        let converted = count(Status::Converted);
        if let Some(journal) = journal.as_mut().filter(|journal| begun && !journal.history.ended) {
            let (at, converted) = (SystemClock.now().to_rfc3339(), converted as u64);
            journal.add(Record::End { at, converted }).map_err(|error| broken(&journal.path, &error))?;
        }
        let has_changes = |journal: &&Journal| !journal.history.intents.is_empty();
        let manifest = journal.as_ref().filter(has_changes).map(|journal| journal.path.display().to_string());
        if let (Some(journal), None) = (&journal, &manifest)
            && journal.next() == 0
        {
            // A batch without changes leaves no manifest.
            let _ = fs::remove_file(&journal.path);
        }
        let refused = count(Status::Refused);
        let count = report::distinct(&files);
        let entries = files.len();
        Ok((BatchReport { batch: name, files: count, entries, converted, refused, manifest }, files))
    }

    /// Checks the new job against policy and connections. Problems have their places in the legacy file.
    async fn check(&self, item: &mut Item) -> Result<(), Failure> {
        let Some(job) = &item.job else { return Ok(()) };
        let call = Call::to(&Operation::validateJob, &[]).body(job.text.clone());
        let problems = match self.client.judged(call).await? {
            Ok(answer) => {
                for warning in answer.get("warnings").and_then(Value::as_array).into_iter().flatten() {
                    item.report.found(problem_of(job, warning).as_warning().into());
                }
                return Ok(());
            }
            Err(problems) => problems,
        };
        for problem in &problems {
            let is_warning = problem.get("severity").is_some_and(|severity| severity == "warning");
            let found = problem_of(job, problem);
            item.report.found(if is_warning { found.as_warning() } else { found }.into());
        }
        item.report.status = Status::Refused;
        item.job = None;
        Ok(())
    }

    /// Writes the new files of a file, or finds out why not.
    fn place(
        &mut self,
        group: &mut [Item],
        mut journal: Option<&mut Journal>,
        (begun, batch): (&mut bool, Option<&str>),
    ) -> Result<(), Failure> {
        let mut changes = Vec::new();
        for (i, item) in group.iter_mut().enumerate() {
            changes.extend(self.change(item).map(|change| (i, change)));
        }
        apply::as_a_whole(group, &mut changes);
        for (i, change) in changes {
            let Some(item) = group.get_mut(i) else { continue };
            if change.is_nothing() {
                item.report.status = Status::Unchanged;
                continue;
            }
            let (Some(store), Some(journal), Some(job)) = (&self.store, journal.as_deref_mut(), &item.job)
            else {
                continue;
            };
            if !*begun {
                let begin = journal.begin(SystemClock.now().to_rfc3339(), batch.map(str::to_owned));
                begin.map_err(|error| broken(&journal.path, &error))?;
                *begun = true;
            }
            let applied = change.apply(store, journal, &item.candidate, &job.text);
            applied.map_err(|error| broken(&item.candidate.path, &error))?;
        }
        Ok(())
    }

    /// Finds the change that writes the new file of a job, or refuses the job.
    fn change(&self, item: &mut Item) -> Option<Change> {
        let job = item.job.as_ref()?;
        let change = match apply::change(self.to, &item.candidate, (&item.output, &job.text), &self.written) {
            Ok(change) => change,
            Err(error) => {
                item.report.refuse(Line::whole(
                    error.to_string(),
                    "choose another folder with --to, or remove the link",
                ));
                item.job = None;
                return None;
            }
        };
        let shown = self.to.join(&change.output).display().to_string();
        if change.is_foreign && !self.args.overwrite {
            let message = format!("`{shown}` exists and differs");
            item.report.refuse(Line::whole(
                message,
                "move that file, or replace it with --overwrite, which stores a copy",
            ));
            item.job = None;
            return None;
        }
        if change.is_foreign {
            let found = stepwell::engine::Diagnostic::without_place(
                "",
                format!("`{shown}` existed, and is replaced"),
            );
            item.report.found(found.help("the rollback restores it").as_warning().into());
        }
        item.report.output = Some(shown);
        Some(change)
    }

    /// Runs the job, as the options say.
    async fn try_out(&mut self, item: &mut Item) {
        let Some(systems) = &self.systems else { return };
        let name = item.report.name();
        let text = item.entry.as_ref().map_or(item.candidate.text.as_str(), |entry| entry.text.as_str());
        let Some(job) = &item.job else {
            if self.args.compare {
                self.not_compared.push(NotCompared { file: name, reason: "it is not converted".to_owned() });
            }
            return;
        };
        let legacy = match self.args.compare {
            true => Some(systems.legacy(&name, text, &job.id).await),
            false => None,
        };
        if let Some(Err(reason)) = &legacy
            && !self.args.check_run
        {
            self.not_compared.push(NotCompared { file: name, reason: reason.clone() });
            return;
        }
        let converted = systems.converted(&name, &job.text, &job.job).await;
        if self.args.check_run {
            item.report.run = Some(run_report(&converted));
        }
        match (legacy, converted) {
            (Some(Ok(legacy)), Ok(converted)) => {
                let pair = Pair::new(name, job.id.clone(), item.criticality.clone(), (legacy, converted));
                self.pairs.push(pair);
            }
            (Some(Err(reason)), _) | (Some(Ok(_)), Err(reason)) => {
                self.not_compared.push(NotCompared { file: name, reason });
            }
            (None, _) => {}
        }
    }
}

fn run_report(ran: &Result<verdict::Ran, String>) -> RunReport {
    match ran {
        Ok(ran) => RunReport {
            success: ran.success,
            status: ran.status.clone(),
            duration_seconds: ran.duration_seconds,
            output: stepwell::engine::document::cut(&ran.output, 200),
        },
        Err(reason) => RunReport {
            success: false,
            status: "not run".to_owned(),
            duration_seconds: 0.0,
            output: reason.clone(),
        },
    }
}

/// Returns a problem of the API at its place in the legacy file.
fn problem_of(
    job: &stepwell::engine::job::convert::Converted,
    problem: &Value,
) -> stepwell::engine::Diagnostic {
    let text = |key: &str| problem.get(key).and_then(Value::as_str).unwrap_or_default();
    let found = job.error(text("pointer"), text("message"));
    match text("help") {
        "" => found,
        help => found.help(help),
    }
}

fn broken(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!(
        "{}: {error}; the conversion stops, and continues when the same command runs again",
        path.display()
    );
    Failure::platform(message)
}
