//! A job: its definition, schedule, runs and versions.

mod change;
pub(super) mod editor;
mod fields;
mod form;
mod lines;
pub(super) mod preview;
mod shape;
mod text;
pub(super) mod versions;

use axum::extract::Extension;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::{Map, Value, json};
use stepwell::engine::job::from_text;
use stepwell::engine::project;

use super::shown;
use crate::api::{Call, Operation, Problem};
use crate::definition::yaml;
use crate::ui::actions::{Button, said};
use crate::ui::ask::Ask;
use crate::ui::asked::Path;
use crate::ui::flash::Flash;
use crate::ui::guard::Fields;
use crate::ui::layout::Section;
use crate::ui::pages::{common, schedules};
use crate::ui::value::Parts;
use crate::ui::{bars, graph, show};

/// The number of runs and of fires that the page shows.
const RUNS: u32 = 50;
const LISTED_RUNS: usize = 15;
const FIRES: u32 = 5;

/// Returns the definition as a person would write it: with the id inside of the project.
fn written(job: &Value) -> String {
    let mut job = job.clone();
    if let Some(id) = job.get_mut("id") {
        *id = project::local(id.as_str().unwrap_or_default()).into();
    }
    yaml(&job) + "\n"
}

/// Shows a job.
pub(in crate::ui) async fn page(ask: Ask, Path((_, id)): Path<(String, String)>) -> Response {
    let page = async {
        let stored = ask.get(&Operation::getJob, &[&id]).await?;
        let job = stored.at("job");
        let runs = Call::to(&Operation::listRuns, &[]).query("job_id", Some(&id)).query("limit", Some(RUNS));
        let runs = ask.value(runs).await?;
        let fires = match stored.has("schedule") {
            true => {
                let call = Call::to(&Operation::previewSchedule, &[&id]).query("count", Some(FIRES));
                ask.value(call).await.map_err(|problem| said(&problem))
            }
            false => Ok(Value::Null),
        };
        let name = show::text(job.text("name"));
        Ok(ask.page(Section::Jobs, &name, html! {
            (header(&ask, &id, &stored))
            div.columns {
                section.card aria-labelledby="about" { h2 #about { "About" } (facts(&stored)) }
                section.card aria-labelledby="fires" { h2 #fires { "Schedule" } (schedule(&ask, &id, &stored, &fires)) }
            }
            section.card aria-labelledby="steps" { h2 #steps { "Steps" } (graph::drawn(job, &|_| None, &|_| None)) }
            (run_form(&ask, &id, job))
            (history(&ask, &id, runs.list("items")))
            section.card aria-labelledby="definition" {
                div.card-header { h2 #definition { "Definition" } }
                pre.code tabindex="0" { (show::text(&written(job))) }
            }
        }))
    };
    shown(&ask, page.await)
}

fn header(ask: &Ask, id: &str, stored: &Value) -> Markup {
    let (job, jobs) = (stored.at("job"), ask.path(&["jobs"]));
    let here = ask.path(&["jobs", id]);
    html! {
        div.page-header {
            nav.crumbs aria-label="Breadcrumbs" { ol { li { a href=(jobs) { "Jobs" } } li { (show::text(id)) } } }
            div.page-title {
                h1 { (show::text(job.text("name"))) }
                @if !job.is("enabled") { span.tag { "Disabled" } }
                @if stored.has("schedule.paused") { span.tag { "Paused" } }
            }
            div.page-actions {
                @if ask.may(&Operation::putJob) { a.button href=(ask.path(&["jobs", id, "edit"])) { "Edit" } }
                a.button.plain href=(ask.path(&["jobs", id, "versions"])) { "Versions" }
                @if stored.has("schedule.paused") {
                    (Button::new(&Operation::resumeSchedule, &[id], "Resume", here).done("The schedule is active again.").show(ask))
                } @else if stored.has("schedule") {
                    (Button::new(&Operation::pauseSchedule, &[id], "Pause", here).reason(format!("Pause the schedule of {id}? It starts no runs until it is resumed."))
                            .done("The schedule is paused.").show(ask))
                }
                (Button::new(&Operation::deleteJob, &[id], "Delete", jobs)
                    .danger(format!("Delete the job {id}, its schedule and its versions? Its runs stay."))
                    .done("The job is deleted.").show(ask))
            }
            @if !job.text("description").is_empty() { p { (show::text(job.text("description"))) } }
        }
    }
}

fn facts(stored: &Value) -> Markup {
    let job = stored.at("job");
    html! {
        dl.facts {
            dt { "Id" } dd { code { (show::text(job.text("id"))) } }
            dt { "Zone" } dd { (job.text("timezone")) }
            dt { "Version" } dd { (stored.number("version")) }
            dt { "Priority" } dd { (job.number("priority")) }
            @if job.has("concurrency") {
                dt { "Concurrency" } dd { code { (show::text(job.text("concurrency.key"))) } ": at most " (job.number("concurrency.limit")) }
            }
            dt { "Variables" }
            dd {
                @let vars = job.entries("vars");
                @if vars.is_empty() { "None" } @else {
                    ul.plain { @for (name, value) in vars.iter().take(50) { li { code { (show::text(name)) " = " (show::text(&value.to_string())) } } } }
                }
            }
        }
    }
}

fn schedule(ask: &Ask, id: &str, stored: &Value, fires: &Result<Value, String>) -> Markup {
    let job = stored.at("job");
    let plan = job.at("schedule");
    html! {
        @if plan.is_null() {
            p.muted { "This job has no schedule: it runs on demand." }
            @if ask.may(&Operation::putJob) { p { a href=(ask.path(&["jobs", id, "edit"])) { "Add a schedule" } } }
        } @else {
            dl.facts {
                @for (key, name) in [("cron", "Cron"), ("every", "Every"), ("at", "At")] {
                    @if plan.has(key) {
                        dt { (name) }
                        dd { code { (show::text(&plan.at(key).as_str().map_or_else(|| plan.at(key).to_string(), str::to_owned))) } }
                    }
                }
                @if stored.has("schedule.paused") { dt { "Paused" } dd { (show::text(stored.text("schedule.paused"))) } }
            }
            @match fires {
                Ok(fires) => { (schedules::fires(fires, stored.text("job.timezone"))) }
                Err(why) => { div.alert data-kind="error" { p { (show::text(why)) } } }
            }
        }
    }
}

/// Shows the form that runs a job, with its variables.
fn run_form(ask: &Ask, id: &str, job: &Value) -> Markup {
    if !ask.may(&Operation::runJob) {
        return html! {};
    }
    let vars = job.entries("vars");
    html! {
        section.card aria-labelledby="run" {
            h2 #run { "Run" }
            form.form method="post" action=(ask.path(&["jobs", id, "run"])) {
                input type="hidden" name="csrf" value=(ask.csrf);
                @for (index, (name, value)) in vars.iter().take(100).enumerate() {
                    div.field {
                        label for={ "var-" (index) } { code { (show::text(name)) } }
                        @let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                        @if text.contains('\n') || value.is_object() || value.is_array() {
                            textarea.mono id={ "var-" (index) } name={ "var:" (name) } spellcheck="false" { "\n" (text) }
                        } @else {
                            input id={ "var-" (index) } name={ "var:" (name) } value=(text) autocomplete="off";
                        }
                    }
                }
                div.field {
                    label for="priority" { "Priority" }
                    select #priority name="priority" {
                        option value="" { "As in the job" }
                        @for priority in (0..=9).rev() { option value=(priority) { (priority) } }
                    }
                    p.hint { "9 goes before 0." }
                }
                div { button.button type="submit" { "Run now" } }
            }
        }
    }
}

/// Runs a job with the variables of the form.
pub(in crate::ui) async fn run(
    ask: Ask,
    Path((_, id)): Path<(String, String)>,
    Extension(fields): Extension<Fields>,
) -> Response {
    let begun = async {
        let stored = ask.get(&Operation::getJob, &[&id]).await?;
        let vars = stored.at("job.vars").as_object().cloned().unwrap_or_default();
        let mut variables = Map::new();
        for (name, text) in fields.iter().filter_map(|(name, text)| Some((name.strip_prefix("var:")?, text)))
        {
            let value = from_text(&vars, name, &text.replace("\r\n", "\n"));
            let value =
                value.map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
            if vars.get(name) != Some(&value) {
                variables.insert(name.to_owned(), value);
            }
        }
        let mut body = json!({"variables": variables});
        let priority = priority_of(fields.get("priority"))?;
        if let (Some(priority), Some(map)) = (priority, body.as_object_mut()) {
            map.insert("priority".to_owned(), priority.into());
        }
        ask.value(Call::to(&Operation::runJob, &[&id]).json(&body)).await
    };
    match begun.await {
        Ok(accepted) => Redirect::to(&ask.path(&["runs", accepted.text("execution_id")])).into_response(),
        Err(problem) => {
            let mut response = Redirect::to(&ask.path(&["jobs", &id])).into_response();
            Flash { is_problem: true, text: said(&problem) }.add(&mut response);
            response
        }
    }
}

/// Returns the priority of the form, if it has one.
fn priority_of(text: &str) -> Result<Option<u8>, Problem> {
    let wrong =
        |_| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the priority must be a number from 0 to 9");
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(wrong) }
}

fn history(ask: &Ask, id: &str, runs: &[Value]) -> Markup {
    let all = format!("{}?job_id={}", ask.path(&["runs"]), crate::api::encoded(id));
    html! {
        section.card #history aria-labelledby="runs" hx-get="" hx-trigger="every 5s" hx-select="#history" hx-swap="outerMorph" {
            div.card-header { h2 #runs { "Runs" } @if !runs.is_empty() { a href=(all) { "All runs" } } }
            @if runs.is_empty() {
                p.muted { "This job has not run yet." }
            } @else {
                (bars::drawn(runs, |run| ask.path(&["runs", run])))
                (common::table("Runs", html! {
                    thead { tr { th scope="col" { "Run" } th scope="col" { "Status" } th scope="col" { "Due" } th scope="col" { "Started" } th.number scope="col" { "Duration" } } }
                    tbody {
                        @for run in runs.iter().take(LISTED_RUNS) {
                            tr {
                                th scope="row" { a href=(ask.path(&["runs", run.text("execution_id")])) { code { (run.text("execution_id")) } } }
                                td { (show::status(run.text("status"))) }
                                td { (show::time(run.text("due_at"))) }
                                td { (show::time(run.text("start_time"))) }
                                td.number { (show::seconds(&bars::seconds(run).into())) }
                            }
                        }
                    }
                }))
            }
        }
    }
}
