//! `stepwell validate`, and the check of job files that every command makes which sends one.

use std::collections::BTreeSet;

use serde_json::Value;

use stepwell::engine::job;
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

pub(super) async fn validate(args: &ValidateArgs) -> Ends {
    let sources = files::read_all(&args.files)?;
    let client = Client::new(&args.api).await?;
    let mut answers = Vec::new();
    for (source, checked) in sources.iter().zip(check_all(&client, &sources).await?) {
        let (id, steps) = (text(&checked, "/job_id"), text(&checked, "/steps"));
        if args.api.output == Output::Text {
            let noun = if steps == "1" { "step" } else { "steps" };
            print(&plain(&format!("{}: the job `{id}` is valid ({steps} {noun})", source.name)));
        }
        answers.push(checked);
    }
    let names: Vec<String> = sources.into_iter().map(|source| source.name).collect();
    show_all(args.api.output, &names, answers);
    Ok(Exit::Success)
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
        eprintln!("compiling `{step_type}` for the sandbox (once; the result is cached)");
    }
}

/// Checks every file, so that nothing is stored when one is wrong; warnings go to standard error.
pub(super) async fn check_all(client: &Client, sources: &[Source]) -> Result<Vec<Value>, Failure> {
    let (mut checked, mut failures) = (Vec::new(), Vec::new());
    for source in sources {
        match check(client, source).await {
            Ok(answer) => {
                if let Some(warnings) = client::warnings(&answer, &source.name, &source.text) {
                    eprintln!("{warnings}\n");
                }
                checked.push(answer);
            }
            Err(failure) => failures.push(failure),
        }
    }
    let Some(exit) = failures.first().map(|failure| failure.exit) else { return Ok(checked) };
    let messages: Vec<String> = failures.into_iter().map(|failure| failure.message).collect();
    Err(Failure { exit, message: messages.join("\n\n"), lost: false })
}

/// The job of a file as JSON, after it was checked as it stands there, so that its problems have their places.
pub(super) async fn job_value(client: &Client, source: &Source) -> Result<Value, Failure> {
    check(client, source).await?;
    let document = stepwell::engine::document::Document::parse(&source.name, &source.text)
        .map_err(HostError::Invalid)?;
    Ok(document.value)
}
