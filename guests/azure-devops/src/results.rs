//! Reads the details of a run in addition to its result: the timeline, logs and artifacts.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use stepwell_sdk::http::Request;
use stepwell_sdk::prelude::log;
use stepwell_sdk::{Failure, progress};

use crate::api::Run;
use crate::config::{AzureDevOps, ShowLogs, escape};

/// The maximum number of bytes and of lines of one log to show.
const SHOWN_BYTES: usize = 64 << 10;
const SHOWN_LINES: usize = 200;
/// The number of errors in the message of a failure.
const NAMED: usize = 3;

/// The stages, jobs and tasks of a run.
#[derive(Debug, Default, Deserialize)]
pub struct Timeline {
    #[serde(default)]
    pub records: Vec<Record>,
}

/// A stage, a phase, a job or a task.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    pub id: String,
    #[serde(default)]
    pub parent_id: Option<String>,
    #[serde(default, rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub state: String,
    #[serde(default)]
    pub result: Option<String>,
    #[serde(default)]
    pub issues: Option<Vec<Problem>>,
    #[serde(default)]
    pub log: Option<LogRef>,
}

/// An error or a warning of a task.
#[derive(Debug, Clone, Deserialize)]
pub struct Problem {
    #[serde(default, rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub message: String,
}

/// The reference to the log of a task.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct LogRef {
    pub id: u64,
}

#[derive(Deserialize)]
struct List<T> {
    value: Vec<T>,
}

#[derive(Deserialize)]
struct BuildArtifact {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    signed_content: Option<Signed>,
}

#[derive(Deserialize)]
struct Signed {
    url: String,
}

impl Timeline {
    /// Returns the number of finished tasks and of all tasks.
    pub fn tasks(&self) -> (u64, u64) {
        let tasks = self.records.iter().filter(|record| record.kind == "Task");
        let over = tasks.clone().filter(|record| record.state == "completed").count();
        (over as u64, tasks.count() as u64)
    }

    /// Returns the running records, from the stage down to the task.
    pub fn running(&self) -> Option<String> {
        let deepest = ["Task", "Job", "Stage"].iter().find_map(|kind| {
            self.records.iter().find(|record| record.kind == **kind && record.state == "inProgress")
        });
        deepest.map(|record| self.path(record))
    }

    /// Returns the first errors of tasks, each with its location.
    pub fn errors(&self) -> Vec<String> {
        let failed = self.records.iter().filter(|record| record.kind == "Task" && record.has_failed());
        let described = failed.map(|record| {
            let error = record.issues.iter().flatten().find(|issue| issue.kind == "error");
            let why = error.map_or(String::new(), |issue| format!(": {}", issue.message));
            format!("{}{why}", self.path(record))
        });
        described.take(NAMED).collect()
    }

    /// Returns the path of a record: `Deploy > Tests > Run tests`.
    fn path(&self, record: &Record) -> String {
        let mut names = vec![record.name.as_str()];
        let mut above = record.parent_id.as_deref();
        // The depth of stage, phase, job and task.
        for _ in 0..4 {
            let Some(found) = above.and_then(|id| self.records.iter().find(|record| record.id == id)) else {
                break;
            };
            if found.kind != "Phase" {
                names.push(&found.name);
            }
            above = found.parent_id.as_deref();
        }
        names.reverse();
        names.join(" > ")
    }
}

impl Record {
    fn has_failed(&self) -> bool {
        self.result.as_deref() == Some("failed")
    }
}

impl AzureDevOps {
    /// Returns the timeline, best effort: an unreadable timeline does not affect the run.
    pub fn timeline(&self, run: u64) -> Timeline {
        let answer = self.call::<Option<Timeline>>(&Request::new("GET", self.build(run, "/timeline")));
        match answer {
            Ok(answer) => answer.value.unwrap_or_default(),
            Err(failure) => {
                log::debug(format!("the timeline of the run {run} cannot be read: {}", failure.message));
                Timeline::default()
            }
        }
    }

    /// Reports the progress of the run.
    pub fn report(&self, run: &Run, timeline: &Timeline) {
        let (over, all) = timeline.tasks();
        let what = timeline.running().unwrap_or_else(|| run.state.clone());
        progress(over, (all > 0).then_some(all), &format!("tasks of the pipeline run {}: {what}", run.id));
    }

    /// Shows and saves the logs and artifacts that the configuration asks for, and returns the written files.
    pub fn collect(&self, run: &Run, timeline: &Timeline) -> Result<Vec<String>, Failure> {
        let mut files = Vec::new();
        let logs = timeline.records.iter().filter(|record| record.kind == "Task");
        for record in logs {
            let Some(LogRef { id }) = record.log else { continue };
            let shown = match self.show_logs {
                ShowLogs::All => true,
                ShowLogs::Failed => record.has_failed(),
                ShowLogs::None => false,
            };
            if shown {
                self.show(run.id, id, &timeline.path(record))?;
            }
            if let Some(dir) = &self.save_logs {
                let name = format!("{id:03} {}.txt", plain(&record.name));
                let from = Request::new("GET", self.build(run.id, &format!("/logs/{id}")));
                files.push(self.save(&from, &place(dir).join(name))?);
            }
        }
        if let Some(dir) = &self.save_artifacts {
            let list =
                self.call::<List<BuildArtifact>>(&Request::new("GET", self.build(run.id, "/artifacts")))?;
            for artifact in list.value.value {
                let url = self.pipeline(&format!("runs/{}/artifacts", run.id));
                let url = format!("{url}&artifactName={}&$expand=signedContent", escape(&artifact.name));
                let found = self.call::<Artifact>(&Request::new("GET", url))?.value;
                let url = match found.signed_content {
                    Some(signed) => signed.url,
                    // Azure DevOps Server serves the artifacts itself.
                    None => {
                        let url = self.build(run.id, "/artifacts");
                        format!("{url}&artifactName={}&$format=zip", escape(&artifact.name))
                    }
                };
                let path = place(dir).join(format!("{}.zip", plain(&artifact.name)));
                files.push(self.save(&Request::new("GET", url), &path)?);
            }
        }
        Ok(files)
    }

    fn show(&self, run: u64, id: u64, what: &str) -> Result<(), Failure> {
        let request =
            Request::new("GET", self.build(run, &format!("/logs/{id}"))).header("accept", "text/plain");
        let answer = self.named(&request).open()?;
        if answer.status != 200 {
            log::warn(format!(
                "the log {id} of the pipeline run {run} cannot be read (status {})",
                answer.status
            ));
            return Ok(());
        }
        // The remaining lines are available in Azure DevOps.
        let mut bytes = Vec::new();
        let read = answer.take(SHOWN_BYTES as u64).read_to_end(&mut bytes);
        read.map_err(|error| Failure::unavailable(format!("the log {id}: {error}")))?;
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        log::info(format!("{what}: the log {id} of the pipeline run {run}"));
        for line in lines.iter().skip(lines.len().saturating_sub(SHOWN_LINES)) {
            log::info(*line);
        }
        Ok(())
    }

    /// Writes a response to a file, completely or not at all.
    fn save(&self, request: &Request, path: &Path) -> Result<String, Failure> {
        let wrong = |error: io::Error| {
            Failure::failed(format!("{}: {}", path.display(), stepwell_sdk::files::why(&error)))
        };
        let mut answer = self.named(request).open().map_err(|error| {
            let mut failure = Failure::from(error);
            failure.message = format!("{}: {}", path.display(), failure.message);
            failure
        })?;
        if answer.status != 200 {
            let message =
                format!("{}: Azure DevOps answered with the status {}", path.display(), answer.status);
            return Err(Failure::unavailable(message));
        }
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(wrong)?;
        }
        let part = path.with_extension("part");
        let mut file = File::create(&part).map_err(wrong)?;
        io::copy(&mut answer, &mut file).map_err(wrong)?;
        fs::rename(&part, path).map_err(wrong)?;
        Ok(path.display().to_string())
    }
}

/// Resolves a path of the job relative to the workspace.
fn place(path: &str) -> PathBuf {
    Path::new("/workspace").join(path)
}

/// Converts a name to a part of a file name.
fn plain(name: &str) -> String {
    let fits = |c: char| c.is_alphanumeric() || " ._-".contains(c);
    let name: String = name.chars().take(100).map(|c| if fits(c) { c } else { '_' }).collect();
    name.trim_matches(['.', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use stepwell_sdk::prelude::serde_json;

    use super::*;

    #[test]
    fn a_timeline_says_what_runs_and_what_failed() {
        let timeline: Timeline = serde_json::from_str(
            r#"{"records": [
                {"id": "s", "type": "Stage", "name": "Deploy", "state": "inProgress"},
                {"id": "p", "parentId": "s", "type": "Phase", "name": "Phase", "state": "inProgress"},
                {"id": "j", "parentId": "p", "type": "Job", "name": "Tests", "state": "inProgress"},
                {"id": "a", "parentId": "j", "type": "Task", "name": "Build", "state": "completed", "result": "failed",
                 "issues": [{"type": "warning", "message": "w"}, {"type": "error", "message": "exit code 1"}], "log": {"id": 7}},
                {"id": "b", "parentId": "j", "type": "Task", "name": "Publish", "state": "inProgress", "issues": null}
            ]}"#,
        )
        .unwrap();
        assert_eq!(timeline.tasks(), (1, 2));
        assert_eq!(timeline.running().as_deref(), Some("Deploy > Tests > Publish"));
        assert_eq!(timeline.errors(), ["Deploy > Tests > Build: exit code 1"]);
    }

    #[test]
    fn names_of_tasks_become_names_of_files() {
        for (name, file) in [("Run tests", "Run tests"), ("../a/b", "_a_b"), ("a:b*c", "a_b_c"), ("..", "")] {
            assert_eq!(plain(name), file);
        }
    }
}
