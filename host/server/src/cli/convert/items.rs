//! The files of a conversion with what they hold, in batches.

use std::collections::BTreeMap;

use serde_json::Value;
use stepwell::engine::job::convert::{Converted, Found, convert};

use super::apply::output_of;
use super::batch;
use super::find::{Candidate, Files};
use super::report::{FileReport, Line, Status};

/// A file on the way to its report.
pub(super) struct Item {
    pub candidate: Candidate,
    pub report: FileReport,
    /// The new job, until something refuses it.
    pub job: Option<Box<Converted>>,
    /// The value for `metadata.criticality`, whichever key makes the batches.
    pub criticality: Option<String>,
}

/// The files with the same value of the batch key.
pub(super) struct Batch {
    pub name: Option<String>,
    pub items: Vec<Item>,
}

/// The key that says how critical a job is.
const CRITICALITY: &str = "metadata.criticality";

/// Converts the texts of all files, and sorts them into batches. Returns the reports of files without a job, too.
pub(super) fn batches(files: Files, key: Option<&str>, only: Option<&str>) -> (Vec<Batch>, Vec<FileReport>) {
    let mut reports = Vec::new();
    for skipped in files.skipped {
        let mut report = FileReport::new(&skipped.name, Status::Skipped);
        match skipped.unreadable {
            true => {
                report.refuse(Line::whole(skipped.reason, "write the file as UTF-8 text of at most 4 MiB"))
            }
            false => report.reason = Some(skipped.reason),
        }
        reports.push(report);
    }
    let mut found: BTreeMap<(usize, String), Batch> = BTreeMap::new();
    let mut seen = Seen::default();
    for candidate in files.candidates {
        let (mut item, value) = match item(candidate) {
            Ok(found) => found,
            Err(report) => {
                reports.push(*report);
                continue;
            }
        };
        let name = key.and_then(|key| batch::of(&value, key));
        if only.is_some_and(|only| name.as_deref() != Some(only)) {
            let mut report = FileReport::new(&item.candidate.name, Status::Skipped);
            report.reason = Some("it belongs to another batch".to_owned());
            report.batch = name;
            reports.push(report);
            continue;
        }
        item.criticality = batch::of(&value, CRITICALITY);
        item.report.batch.clone_from(&name);
        seen.check(&mut item);
        let place = batch::rank(name.as_deref());
        found.entry(place).or_insert_with(|| Batch { name, items: Vec::new() }).items.push(item);
    }
    (found.into_values().collect(), reports)
}

/// Converts one file. Returns the item with the value of its job, or the report of a file without one.
fn item(candidate: Candidate) -> Result<(Item, Value), Box<FileReport>> {
    let mut report = FileReport::new(&candidate.name, Status::Converted);
    let (job, value) = match convert(&candidate.name, &candidate.text) {
        Found::Other(reason) => {
            report.status = Status::Other;
            report.reason = Some(reason);
            return Err(Box::new(report));
        }
        Found::Refused(refused) => {
            report.status = Status::Refused;
            report.job_id = refused.id;
            report.found(refused.problems);
            (None, refused.value)
        }
        Found::Job(job) => {
            report.job_id = Some(job.id.clone());
            report.found(job.warnings.clone());
            let value = job.job.clone();
            (Some(job), value)
        }
    };
    Ok((Item { candidate, report, job, criticality: None }, value))
}

/// The new files and the ids of jobs so far, each with its legacy file.
#[derive(Default)]
struct Seen {
    outputs: BTreeMap<String, String>,
    ids: BTreeMap<String, String>,
}

impl Seen {
    /// Refuses a job whose new file or id another one has.
    fn check(&mut self, item: &mut Item) {
        let Some(job) = &item.job else { return };
        let name = &item.candidate.name;
        let output = output_of(&item.candidate.relative);
        let problem = match (self.outputs.get(&output), self.ids.get(&job.id)) {
            (Some(other), _) => Some((
                format!("`{other}` becomes the same new file, `{output}`"),
                "rename one of the two files",
            )),
            (None, Some(other)) => Some((
                format!("`{other}` has the same id, `{}`", job.id),
                "remove one of the two files, or change its id",
            )),
            (None, None) => None,
        };
        match problem {
            Some((message, fix)) => {
                item.report.refuse(Line::whole(message, fix));
                item.job = None;
            }
            None => {
                self.outputs.insert(output, name.clone());
                self.ids.insert(job.id.clone(), name.clone());
            }
        }
    }
}
