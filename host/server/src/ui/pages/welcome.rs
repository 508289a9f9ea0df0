//! The overview of a project without jobs and runs: three things to do first.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::shown;
use crate::api::{Call, Operation, Problem};
use crate::ui::ask::Ask;
use crate::ui::value::Parts;

/// The sample job. It needs no grants.
const SAMPLE: &str = include_str!("sample.yaml");
const SAMPLE_ID: &str = "sample-pipeline";

/// Returns whether the project has neither jobs nor runs.
pub(super) async fn is_empty(ask: &Ask) -> Result<bool, Problem> {
    for operation in [&Operation::listRuns, &Operation::listJobs] {
        let answer = ask.value(Call::to(operation, &[]).query("limit", Some(1))).await?;
        if !answer.list("items").is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Shows three things to do.
pub(super) fn content(ask: &Ask) -> Markup {
    html! {
        div.page-header {
            div.page-title { h1 { "Overview" } }
            p { "This project has no jobs yet. Each of these three steps takes a minute." }
        }
        ol.columns.starts {
            li.card {
                h2 { "Run the sample pipeline" }
                p { "It computes a table, waits for three regions, and reports the result. It needs no grants, and takes about 15 seconds." }
                @if ask.may(&Operation::putJob) {
                    form method="post" action=(ask.path(&["sample"])) {
                        input type="hidden" name="csrf" value=(ask.csrf);
                        button.button type="submit" { "Run the sample" }
                    }
                } @else {
                    p.muted { "Operators can run it." }
                }
                details {
                    summary { "Show the job" }
                    pre.code tabindex="0" aria-label="The sample job" { (SAMPLE) }
                }
            }
            li.card {
                h2 { "Write a job" }
                p { "A job is a list of steps in YAML, with a schedule if it is to run by itself. The editor checks it while you type." }
                @if ask.may(&Operation::putJob) {
                    p { a.button href=(ask.path(&["editor"])) { "Write a job" } }
                } @else {
                    p.muted { "Operators can write jobs." }
                }
            }
            li.card {
                h2 { "Register a step" }
                p { "A step of your own is a WebAssembly component. This command registers it on every node:" }
                pre.code.wrap tabindex="0" aria-label="Command" { "stepwell steps register FILE" }
                button.button.plain type="button" data-copy="stepwell steps register FILE" { "Copy" }
                p { a href=(ask.path(&["steps"])) { "See the built-in steps" } }
            }
        }
    }
}

/// Stores the sample job if it is not there, and runs it.
pub(in crate::ui) async fn run_sample(ask: Ask) -> Response {
    let page = async {
        let put = Call::to(&Operation::putJob, &[SAMPLE_ID]).header("if-none-match", "*").body(SAMPLE);
        match ask.value(put).await {
            Err(problem) if problem.status != StatusCode::PRECONDITION_FAILED.as_u16() => {
                return Err(problem);
            }
            // The job is there already, perhaps with changes of its owner.
            _ => {}
        }
        let run = ask.value(Call::to(&Operation::runJob, &[SAMPLE_ID])).await?;
        Ok(Redirect::to(&ask.path(&["runs", run.text("execution_id")])).into_response())
    };
    shown(&ask, page.await)
}
