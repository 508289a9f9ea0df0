//! The files of a conversion with what they hold, in batches.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use stepwell::engine::job::convert::{Converted, Entries, Entry, Found, convert};

use super::batch;
use super::find::{Candidate, Files};
use super::report::{FileReport, Line, Status};

/// A file, or an entry of a file that holds several, on the way to its report.
pub(super) struct Item {
    pub candidate: Arc<Candidate>,
    pub report: FileReport,
    /// The new file, relative to the target folder.
    pub output: String,
    /// The entry of a file that holds several.
    pub entry: Option<Part>,
    /// The new job, until something refuses it.
    pub job: Option<Box<Converted>>,
    /// The value for `metadata.criticality`, whichever key makes the batches.
    pub criticality: Option<String>,
}

/// An entry of a file that holds several.
pub(super) struct Part {
    /// The entry alone, as JSON.
    pub text: String,
    /// Whether every entry of the file is a job of the same batch.
    pub is_of_whole: bool,
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
        let (count, converted) = of_file(Arc::new(candidate));
        let mut items = Vec::new();
        for found in converted {
            let (item, value) = match found {
                Ok(found) => found,
                Err(report) => {
                    reports.push(*report);
                    continue;
                }
            };
            let name = key.and_then(|key| batch::of(&value, key));
            match only.is_none_or(|only| name.as_deref() == Some(only)) {
                true => items.push((item, value, name)),
                false => reports.push(of_another_batch(item.report, name)),
            }
        }
        let is_whole =
            items.len() == count && items.iter().zip(items.iter().skip(1)).all(|(a, b)| a.2 == b.2);
        for (mut item, value, name) in items {
            if let Some(part) = &mut item.entry {
                part.is_of_whole = is_whole;
            }
            item.criticality = batch::of(&value, CRITICALITY);
            item.report.batch.clone_from(&name);
            seen.check(&mut item);
            let place = batch::rank(name.as_deref());
            found.entry(place).or_insert_with(|| Batch { name, items: Vec::new() }).items.push(item);
        }
    }
    (found.into_values().collect(), reports)
}

fn of_another_batch(report: FileReport, batch: Option<String>) -> FileReport {
    let mut report = report.emptied(Status::Skipped);
    report.reason = Some("it belongs to another batch".to_owned());
    report.batch = batch;
    report
}

/// An item with the value of its job, or the report of an entry without one.
type Read = Result<(Item, Value), Box<FileReport>>;

/// Converts one file. Returns the number of its entries, and each of them.
fn of_file(candidate: Arc<Candidate>) -> (usize, Vec<Read>) {
    let report = FileReport::new(&candidate.name, Status::Converted);
    let entries = match convert(&candidate.name, &candidate.text) {
        Entries::One(found) => {
            let output = Path::new(&candidate.relative).with_extension("yaml").display().to_string();
            return (1, vec![item(candidate, (report, found), output, None)]);
        }
        Entries::Several(entries) => entries,
    };
    let of_entry = |(i, entry): (usize, Entry)| {
        let Entry { found, line, column, text } = entry;
        let report = FileReport::of_entry(&candidate.name, i + 1, (line, column));
        let name = match &found {
            Found::Job(job) => format!("{}.yaml", job.id),
            Found::Refused(_) | Found::Other(_) => String::new(),
        };
        let output = Path::new(&candidate.relative).with_file_name(name).display().to_string();
        let part = Part { text, is_of_whole: false };
        item(Arc::clone(&candidate), (report, found), output, Some(part))
    };
    (entries.len(), entries.into_iter().enumerate().map(of_entry).collect())
}

/// Makes the item of a file or an entry.
fn item(
    candidate: Arc<Candidate>,
    (mut report, found): (FileReport, Found),
    output: String,
    entry: Option<Part>,
) -> Read {
    let (job, value) = match found {
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
    Ok((Item { candidate, report, output, entry, job, criticality: None }, value))
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
        let (name, output, is_entry) = (item.report.name(), &item.output, item.entry.is_some());
        let same_id = self.ids.get(&job.id).map(|other| {
            let fix = match is_entry {
                true => "remove one of the two jobs, or change its id",
                false => "remove one of the two files, or change its id",
            };
            (format!("`{other}` has the same id, `{}`", job.id), fix)
        });
        let same_output = self.outputs.get(output).map(|other| {
            let fix = match is_entry {
                true => "change the id of this job, or rename the other file",
                false => "rename one of the two files",
            };
            (format!("`{other}` becomes the same new file, `{output}`"), fix)
        });
        // The entries of a file have the names of their ids.
        let problem = if is_entry { same_id.or(same_output) } else { same_output.or(same_id) };
        match problem {
            Some((message, fix)) => {
                item.report.refuse(Line::whole(message, fix));
                item.job = None;
            }
            None => {
                self.outputs.insert(output.clone(), name.clone());
                self.ids.insert(job.id.clone(), name);
            }
        }
    }
}
