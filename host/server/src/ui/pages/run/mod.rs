//! The pages of a run.

mod files;
mod graph;
mod log;
mod parquet;
mod preview;
mod scale;
mod step;
mod steps;
mod timeline;
mod usage;

use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use stepwell::Cause;
use stepwell::engine::run::RunStatus;
use stepwell::engine::store::Resolution;

use super::shown;
use crate::api::{Call, Operation, Problem};
use crate::ui::actions::Button;
use crate::ui::ask::Ask;
use crate::ui::asked::{Asked, Path};
use crate::ui::layout::Section;
use crate::ui::route::{Route, routes};
use crate::ui::value::Parts;
use crate::ui::{show, words};

/// The pages of a run.
pub(super) const PAGES: &[Route] = routes! {
    get "/ui/p/{project}/runs/{id}" page;
    get "/ui/p/{project}/runs/{id}/log" log::page;
    get "/ui/p/{project}/runs/{id}/log/stream" log::stream;
    get "/ui/p/{project}/runs/{id}/log.txt" log::text;
    get "/ui/p/{project}/runs/{id}/steps/{step}" step::page;
    get "/ui/p/{project}/runs/{id}/steps/{step}/output.json" step::download;
    get "/ui/p/{project}/runs/{id}/files" files::list;
    get "/ui/p/{project}/runs/{id}/files/{*path}" files::view;
    get "/ui/p/{project}/runs/{id}/download/{*path}" files::download;
    get "/ui/p/{project}/runs/{id}/image/{*path}" files::image;
};

/// Returns whether a run has ended.
fn has_ended(run: &Value) -> bool {
    RunStatus::of(run.text("status")).is_none_or(RunStatus::is_terminal)
}

fn is_dead(run: &Value) -> bool {
    RunStatus::of(run.text("status")).is_some_and(RunStatus::is_dead)
}

/// Returns a run without outputs.
async fn of(ask: &Ask, id: &str) -> Result<Value, Problem> {
    ask.value(Call::to(&Operation::getRun, &[id]).query("values", Some(false))).await
}

/// The number of rows in each list of the page, and its maximum.
const ROWS: usize = 100;
const MOST_ROWS: usize = 5_000;

/// The size of the lists.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Size {
    rows: Option<usize>,
}

/// Shows a run.
async fn page(
    Asked(ask, size): Asked<Size>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let page = async {
        let rows = size.rows.unwrap_or(ROWS);
        if !(1..=MOST_ROWS).contains(&rows) {
            return Err(Problem::bad_request(format!("`rows` must be a number from 1 to {MOST_ROWS}")));
        }
        let run = of(&ask, &id).await?;
        let times = ask.get(&Operation::runTimeline, &[&id]).await?;
        let waits = !has_ended(&run) && run.text("status") != "running" || is_dead(&run);
        let why = if waits { ask.get(&Operation::explainRun, &[&id]).await.ok() } else { None };
        let letter = if is_dead(&run) { ask.get(&Operation::getDeadLetter, &[&id]).await.ok() } else { None };
        let (ended, here) = (has_ended(&run), ask.path(&["runs", &id]));
        let path = if rows == ROWS { here.clone() } else { format!("{here}?rows={rows}") };
        let left_out = steps::left_out(&run, &times, rows);
        let title = format!("Run {id}");
        let mut response = ask.page(Section::Runs, &title, html! {
            div.page-header {
                (crumbs(&ask, &id, None))
                div.page-title { h1 { (show::text(run.text("job_name"))) } code { (id) } }
                div.page-actions { (actions(&ask, &run)) (copy()) }
            }
            (tabs(&ask, &id, "run"))
            @if let Some(letter) = &letter { (dead_letter(&ask, &id, letter)) }
            div #live.stack hx-get=[(!ended).then_some(&path)] hx-trigger=[(!ended).then_some("every 2s")]
                hx-select=[(!ended).then_some("#live")] hx-swap=[(!ended).then_some("outerMorph")] {
                (state(&run, why.as_ref()))
                (facts(&ask, &run, &times))
                @if !run.list("steps").is_empty() {
                    section.card aria-labelledby="graph" { h2 #graph { "Graph" } (graph::drawn(&ask, &run)) }
                }
                section.card aria-labelledby="timeline" {
                    h2 #timeline { "Timeline" }
                    (timeline::Rows::of(&run, &times, ask.now().timestamp_micros() as f64 / 1e6, rows).draw())
                    (legend())
                    (steps::times(&ask, &times, rows))
                }
                section.card aria-labelledby="steps" {
                    div.card-header { h2 #steps { "Steps" } span.muted { (counts(&run)) } }
                    (steps::tree(&ask, &run, rows))
                    @if left_out > 0 {
                        @let more = (rows + 5 * ROWS).min(MOST_ROWS);
                        nav.pagination aria-label="More rows" {
                            span { (show::count(left_out as u64)) " more" }
                            @if more > rows { a.button.plain href={ (here) "?rows=" (more) "#steps" } { "Show more" } }
                        }
                    }
                }
            }
        });
        if ended && headers.contains_key("hx-request") {
            // The buttons of a run that has ended are others.
            response.headers_mut().insert("hx-refresh", HeaderValue::from_static("true"));
        }
        Ok(response)
    };
    shown(&ask, page.await)
}

/// Shows the way to a page of a run.
fn crumbs(ask: &Ask, id: &str, below: Option<&str>) -> Markup {
    html! {
        nav.crumbs aria-label="Breadcrumb" {
            ol {
                li { a href=(ask.path(&["runs"])) { "Runs" } }
                @match below {
                    Some(below) => {
                        li { a href=(ask.path(&["runs", id])) { (id) } }
                        li aria-current="page" { (show::text(below)) }
                    }
                    None => li aria-current="page" { (id) }
                }
            }
        }
    }
}

/// Shows the button that copies the address of the page.
fn copy() -> Markup {
    html! { button.button.plain type="button" data-copy { "Copy link" } }
}

/// Shows the pages of a run.
fn tabs(ask: &Ask, id: &str, current: &str) -> Markup {
    let pages = [("run", "Run", &[][..]), ("log", "Log", &["log"][..]), ("files", "Files", &["files"][..])];
    html! {
        nav.tabs aria-label="Pages of the run" {
            ul {
                @for (key, label, rest) in pages {
                    li {
                        a href=(ask.path(&[&["runs", id], rest].concat())) aria-current=[(key == current).then_some("page")] { (label) }
                    }
                }
            }
        }
    }
}

fn actions(ask: &Ask, run: &Value) -> Markup {
    let id = run.text("execution_id");
    let here = ask.path(&["runs", id]);
    let parameters = [id];
    let button = |operation, label, next| Button::new(operation, &parameters, label, next);
    if !has_ended(run) {
        let question = format!("Cancel the run {id}? Its running steps stop.");
        return button(&Operation::cancelRun, "Cancel", here)
            .done("The run is being cancelled.")
            .danger(question)
            .with_reason()
            .show(ask);
    }
    let new = || format!("{}/{{execution_id}}", ask.path(&["runs"]));
    html! {
        @if run.text("status") != "success" {
            (button(&Operation::retryRun, "Retry from the failed step", new()).done("This run retries the failed one.").show(ask))
        }
        (button(&Operation::retryRun, "Run again from the start", new())
            .done("This run repeats the earlier one.").field("from_start:json", "true").show(ask))
    }
}

fn dead_letter(ask: &Ask, id: &str, letter: &Value) -> Markup {
    let resolution = serde_json::from_value::<Option<Resolution>>(letter.at("resolution").clone());
    if let Ok(Some(resolution)) = resolution {
        return html! { p.muted { "The dead letter is closed: " (words::marked(&resolution.next_step(id))) "." } };
    }
    let parameters = [id];
    let next = format!("{}/{{execution_id}}", ask.path(&["runs"]));
    let reason = html! {
        label.field-inline { span { "Reason" } input name="reason" maxlength="1000" autocomplete="off"; }
    };
    html! {
        section.card aria-labelledby="letter" {
            h2 #letter { "Dead letter" }
            p { "The run needs a decision: run it again, or close it with a reason." }
            div.toolbar {
                (Button::new(&Operation::redriveDeadLetter, &parameters, "Run again", next)
                    .done("This run repeats the dead letter.").show(ask))
                (Button::new(&Operation::discardDeadLetter, &parameters, "Discard", ask.path(&["runs", id]))
                    .done("The dead letter is closed.").with(reason).danger("Close the dead letter without running it again?").show(ask))
            }
        }
    }
}

/// Shows the result of a run, or the reason why it does not continue.
fn state(run: &Value, why: Option<&Value>) -> Markup {
    let status = run.text("status");
    let kind = match status {
        "success" => "success",
        "failed" | "timeout" | "expired" => "error",
        "cancelled" => "warning",
        _ => "info",
    };
    let causes: Vec<Cause> = why
        .map(|why| {
            why.list("causes").iter().filter_map(|cause| serde_json::from_value(cause.clone()).ok()).collect()
        })
        .unwrap_or_default();
    html! {
        div.alert data-kind=(kind) role="status" {
            div.page-title { (show::status(status)) strong { (words::marked(run.text("message"))) } }
            @for cause in causes.iter().take(20) {
                p { (words::marked(&cause.in_words())) }
                p { strong { "Fix: " } (words::marked(cause.fix())) }
            }
            @if let Some(note) = why.map(|why| why.text("note")).filter(|note| !note.is_empty()) { p.muted { (words::marked(note)) } }
        }
    }
}

fn facts(ask: &Ask, run: &Value, times: &Value) -> Markup {
    let since = timeline::second(run.text("start_time"))
        .map(|start| ask.now().timestamp_micros() as f64 / 1e6 - start);
    let took = match (has_ended(run), since) {
        (true, _) => run.at("duration_seconds").clone(),
        (false, since) => json!(since),
    };
    let fact = |name: &str, value: Markup| html! { dt { (name) } dd { (value) } };
    let moment = |name: &str, at: &str| html! { @if !at.is_empty() { (fact(name, show::time(at))) } };
    html! {
        section.card aria-labelledby="facts" {
            h2 #facts { "Facts" }
            dl.facts {
                (fact("Job", html! { a href=(ask.path(&["jobs", run.text("job_id")])) { (show::text(run.text("job_id"))) } }))
                (fact("Queue", html! { @if times.has("queue") { (show::text(times.text("queue"))) } @else { "none" } }))
                (fact("Priority", html! { (times.number("priority")) }))
                (fact("Origin", origin(ask, times)))
                @if !times.list("started_by").is_empty() {
                    (fact("Started by", html! {
                        @for (place, by) in times.list("started_by").iter().filter_map(Value::as_str).take(20).enumerate() {
                            @if place > 0 { ", " } (show::text(by))
                        }
                    }))
                }
                (moment("Requested", times.text("created_at")))
                (moment("Due", run.text("due_at")))
                (moment("Started", run.text("start_time")))
                (moment("Continues", run.text("wakes_at")))
                (moment("Ended", run.text("end_time")))
                (fact("Duration", html! { (show::seconds(&took)) }))
                (fact("Time zone", html! { (show::text(run.text("timezone"))) }))
                @if times.has("trace_id") { (fact("Trace id", html! { code { (times.text("trace_id")) } })) }
            }
        }
    }
}

fn origin(ask: &Ask, times: &Value) -> Markup {
    html! {
        @match times.text("origin") {
            "schedule" => { "Schedule, fire " (show::text(times.text("fire"))) }
            "backfill" => { "Backfill " code { (times.text("backfill")) } ", fire " (show::text(times.text("fire"))) }
            "retry" => { "Retry of " a href=(ask.path(&["runs", times.text("retry_of")])) { code { (times.text("retry_of")) } } }
            _ => "Request"
        }
    }
}

fn counts(run: &Value) -> String {
    let named = [
        ("successful_steps", "succeeded"),
        ("failed_steps", "failed"),
        ("skipped_steps", "skipped"),
        ("cancelled_steps", "cancelled"),
    ];
    let parts = named.iter().filter(|(key, _)| run.number(key) > 0);
    let parts: Vec<String> =
        parts.map(|(key, word)| format!("{} {word}", show::count(run.number(key)))).collect();
    let all = stepwell::engine::quantity::counted(run.number("step_count") as usize, "step");
    if parts.is_empty() { all } else { format!("{all}: {}", parts.join(", ")) }
}

/// Names the colours of the timeline.
fn legend() -> Markup {
    let kinds = [
        ("queued", "in the queue"),
        ("compile", "compiling"),
        ("running", "running"),
        ("success", "succeeded"),
        ("failed", "failed"),
        ("waiting", "waits for an attempt"),
        ("parked", "parked"),
    ];
    html! {
        ul.legend aria-label="Colours of the timeline" {
            @for (kind, words) in kinds {
                li { svg.swatch viewBox="0 0 16 12" aria-hidden="true" { rect.bar data-status=(kind) x="1" y="1" width="14" height="10" {} } (words) }
            }
        }
    }
}
