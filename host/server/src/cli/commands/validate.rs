//! `stepwell validate`, and the check of job files that every command makes which sends one.

use std::collections::BTreeSet;

use serde_json::Value;
use stepwell::engine::job;
use stepwell::engine::quantity::counted;
use stepwell::{Host, HostError};

use crate::api::Operation;
use crate::cli::Ends;
use crate::cli::args::{Output, ValidateArgs};
use crate::cli::client::{self, Call, Client};
use crate::cli::files::{self, Source};
use crate::cli::output::show_all;
use crate::cli::output::table::text;
use crate::display::plain;
use crate::failure::Failure;
use crate::{Exit, print};

/// Checks each file. A file with problems does not hide the others.
pub(super) async fn validate(args: &ValidateArgs) -> Ends {
    let sources = files::read_all(&args.files)?;
    let client = Client::new(&args.api).await?;
    let asked = sources.len();
    let (answers, failures) = check_each(&client, sources).await;
    for (source, answer) in &answers {
        let (id, steps) = (text(answer, "/job_id"), steps_of(answer));
        if args.api.output == Output::Text {
            print(&plain(&format!("{}: the job `{id}` is valid ({steps})", source.name)));
        }
    }
    let failure = Failure::joined(&failures);
    if failure.is_none() || !answers.is_empty() {
        show_all(args.api.output, asked, answers.into_iter().map(|(_, answer)| answer).collect());
    }
    failure.map_or(Ok(Exit::Success), Err)
}

/// The number of steps of a job, and of its groups if it has any.
fn steps_of(answer: &Value) -> String {
    let steps = counted(text(answer, "/steps"), "step");
    match answer.get("groups").and_then(Value::as_u64).unwrap_or(0) {
        0 => steps,
        groups => format!("{steps}, and {}", counted(groups, "group")),
    }
}

/// Checks a job file: problems have their places in it. The answer of `POST /api/v2/jobs/validate`.
pub(super) async fn check(client: &Client, source: &Source) -> Result<Value, Failure> {
    if let Some(host) = client.host() {
        announce_compiling(host, source);
    }
    let call = Call::to(&Operation::validateJob, &[]).body(source.text.clone());
    client.ask_about(call, &source.name, &source.text).await
}

/// Says which steps are compiled first, where that is done in this process.
pub(super) fn announce_compiling(host: &Host, source: &Source) {
    // The check reports problems with the job.
    let Ok(parsed) = job::parse(&source.name, &source.text, &host.steps().catalog()) else { return };
    let types: BTreeSet<&str> = parsed.job.all_steps().map(|step| step.step_type.as_str()).collect();
    for step_type in types.into_iter().filter(|step_type| host.sandbox().needs_compiling(step_type)) {
        say!("compiling `{step_type}` for the sandbox (once; the result is cached)");
    }
}

/// Checks each source, and returns those that are valid with their answers, and the failures. Warnings go to
/// standard error.
pub(super) async fn check_each(
    client: &Client,
    sources: Vec<Result<Source, Failure>>,
) -> (Vec<(Source, Value)>, Vec<Failure>) {
    let (mut checked, mut failures) = (Vec::new(), Vec::new());
    for source in sources {
        let result = match source {
            Ok(source) => check(client, &source).await.map(|answer| (source, answer)),
            Err(failure) => Err(failure),
        };
        match result {
            Ok((source, answer)) => {
                if let Some(warnings) = client::warnings(&answer, &source.name, &source.text) {
                    say!("{warnings}\n");
                }
                checked.push((source, answer));
            }
            Err(failure) => failures.push(failure),
        }
    }
    (checked, failures)
}

/// The job of a file as JSON, after it was checked as it stands there, so that its problems have their
/// places.
pub(super) async fn job_value(client: &Client, source: &Source) -> Result<Value, Failure> {
    check(client, source).await?;
    let document = stepwell::engine::document::Document::parse(&source.name, &source.text)
        .map_err(HostError::Invalid)?;
    // A file may hold the body of a request, `{"job": {...}}`.
    Ok(match document.value {
        Value::Object(mut body) if body.len() == 1 && body.contains_key("job") => {
            body.remove("job").unwrap_or_default()
        }
        job => job,
    })
}
