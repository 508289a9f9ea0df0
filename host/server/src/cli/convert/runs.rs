//! Runs of jobs for `--check-run` and `--compare`: in this process, or by the APIs of services.

use std::sync::Arc;

use serde_json::{Value, json};
use stepwell::engine::job;
use stepwell::engine::project;
use stepwell::engine::run::{Admission, RunState};
use stepwell::{Host, Notice, Observer};
use tokio_util::sync::CancellationToken;

use super::verdict::Ran;
use crate::api::Operation;
use crate::cli::args::{ApiArgs, ConvertArgs};
use crate::cli::client::{Call, Client};
use crate::cli::waiting::ended;
use crate::failure::Failure;

/// An observer that shows nothing: the report has the result.
struct Quiet;

impl Observer for Quiet {
    fn notice(&self, _: &RunState, _: usize, _: Notice<'_>) {}
}

/// The systems that run both forms of a job.
pub(super) struct Systems<'a> {
    api: &'a ApiArgs,
    new: &'a Client,
    /// The system for the legacy form, if it is another one.
    legacy: Option<Client>,
}

impl<'a> Systems<'a> {
    pub async fn new(args: &'a ConvertArgs, client: &'a Client) -> Result<Self, Failure> {
        let legacy = match &args.legacy_server {
            Some(url) => {
                let key_file = args.legacy_key_file.clone().or_else(|| args.api.key_file.clone());
                let api = ApiArgs { server: Some(url.clone()), key_file, ..args.api.clone() };
                Some(Client::new(&api).await?)
            }
            None => None,
        };
        Ok(Self { api: &args.api, new: client, legacy })
    }

    /// Runs the new form of a job. The error is the reason why it does not run.
    pub async fn converted(&self, name: &str, text: &str, value: &Value) -> Result<Ran, String> {
        match self.new.host() {
            Some(host) => self.here(host, name, text).await,
            None => {
                let call = Call::to(&Operation::executeJob, &[]).json(&json!({ "job": value }));
                by_api(self.new, call).await
            }
        }
    }

    /// Runs the legacy form of a job: of its file in this process, or of the job that the legacy system has.
    pub async fn legacy(&self, name: &str, text: &str, id: &str) -> Result<Ran, String> {
        let client = match (&self.legacy, self.new.host()) {
            (Some(client), _) => client,
            (None, None) => self.new,
            (None, Some(host)) => {
                // Only the exact form runs as it is.
                let read = job::read(name, text, &host.steps().catalog())
                    .map_err(|problems| first(&problems.to_string()))?;
                if read.problems.has_errors() {
                    return Err(
                        "the legacy file does not run as it is: it is a near miss of the legacy form"
                            .to_owned(),
                    );
                }
                return self.here(host, name, text).await;
            }
        };
        by_api(client, Call::to(&Operation::runLegacy, &[id])).await
    }

    async fn here(&self, host: &Host, name: &str, text: &str) -> Result<Ran, String> {
        let said = |error: stepwell::HostError| first(&error.to_string());
        let project = self.api.host.project_on(host).map_err(|failure| first(&failure.message))?;
        let mut job = host.jobs().parse_for(project, name, text).await.map_err(said)?.job;
        job.id = project::qualified(project, &job.id);
        let audit = host.audit().row(&host.access().command_user(), "job.run", "", &job.id);
        let admission = Admission { queued: false, ..Admission::default() };
        let admitted =
            host.runs().enqueue(&Arc::new(job.into()), admission, None, Some(audit)).await.map_err(said)?;
        let state = host
            .runs()
            .resume(&admitted.execution_id, &Quiet, CancellationToken::new())
            .await
            .map_err(said)?;
        let view = host.runs().view(&state).await.map_err(said)?;
        Ok(ran(&serde_json::to_value(view).unwrap_or_default()))
    }
}

/// Runs a job of a service, and waits for its end.
async fn by_api(client: &Client, call: Call) -> Result<Ran, String> {
    let said = |failure: Failure| first(&failure.message);
    let answer = client.ask(call).await.map_err(said)?;
    // A run that takes long is accepted with its id.
    match (answer.get("success"), answer.get("execution_id").and_then(Value::as_str)) {
        (None, Some(id)) => Ok(ran(&ended(client, id).await.map_err(said)?)),
        _ => Ok(ran(&answer)),
    }
}

/// Returns the first line of a message.
fn first(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

/// Reads the answer of either API. The legacy one has the last output of the run, and the present one has all steps.
fn ran(view: &Value) -> Ran {
    let text = |key: &str| view.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let steps = view.get("steps").and_then(Value::as_array).into_iter().flatten().rev();
    let of_steps = steps.filter_map(|step| step.get("output")?.as_str()).find(|output| !output.is_empty());
    let output = match view.get("output").and_then(Value::as_str) {
        Some(output) => output.to_owned(),
        None => of_steps.unwrap_or_default().to_owned(),
    };
    Ran {
        success: view.get("success").and_then(Value::as_bool).unwrap_or(false),
        status: text("status"),
        output,
        duration_seconds: view.get("duration_seconds").and_then(Value::as_f64).unwrap_or(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_of_both_apis_are_read_alike() {
        let legacy =
            json!({"success": true, "status": "success", "output": "2 rows", "duration_seconds": 1.5});
        let steps = json!([{"output": "1 row"}, {"output": "2 rows"}, {"output": ""}]);
        let new = json!({"success": true, "status": "success", "steps": steps, "duration_seconds": 1.5});
        assert_eq!(ran(&legacy), ran(&new));
    }
}
