//! The overview of a project.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::common;
use super::queues::age;
use super::{shown, welcome};
use crate::api::{Call, Operation, Problem};
use crate::ui::ask::Ask;
use crate::ui::asked::Asked;
use crate::ui::chart::{self, Hour};
use crate::ui::clock;
use crate::ui::layout::Section;
use crate::ui::show;
use crate::ui::value::Parts;

/// The maximum number of rows in each list of the page.
const ROWS: usize = 6;

/// The parts of the page. Each renews itself at its own pace, and its request names it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::ui) struct Wanted {
    part: Option<String>,
}

/// Shows the state of a project at one glance.
pub(in crate::ui) async fn page(Asked(ask, wanted): Asked<Wanted>) -> Response {
    let page = async {
        let part = wanted.part.unwrap_or_default();
        if !["", "now", "day"].contains(&part.as_str()) {
            return Err(Problem::bad_request("`part` must be `now` or `day`"));
        }
        if part.is_empty() && welcome::is_empty(&ask).await? {
            return Ok(ask.page(Section::Overview, "Overview", welcome::content(&ask)));
        }
        let now = if part == "day" {
            html! {}
        } else {
            now(&ask).await?
        };
        let day = if part == "now" {
            html! {}
        } else {
            day(&ask).await?
        };
        Ok(ask.page(
            Section::Overview,
            "Overview",
            html! {
                div.page-header { div.page-title { h1 { "Overview" } } }
                (now)
                (day)
            },
        ))
    };
    shown(&ask, page.await)
}

/// Shows the present state: it changes every few seconds.
async fn now(ask: &Ask) -> Result<Markup, Problem> {
    let runs = Call::to(&Operation::listRuns, &[])
        .query("status", Some("running"))
        .query("steps", Some(true))
        .query("limit", Some(ROWS));
    let running = ask.value(runs).await?;
    // One fire of each schedule.
    let fires = Call::to(&Operation::listFires, &[]).query("apart", Some(24 * 60)).query("limit", Some(ROWS));
    let fires = ask.value(fires).await?;
    let queues = ask.get(&Operation::listQueues, &[]).await?;
    let health = match ask.ui.app.host.steps().readiness().ready {
        true => Value::Null,
        false => ask.get(&Operation::systemHealth, &[]).await?,
    };
    Ok(html! {
        div.parts #now hx-get="?part=now" hx-trigger="every 3s" hx-select="#now" hx-swap="outerMorph" {
            (compiling(health.at("steps")))
            (figures(ask, queues.list("items")))
            div.columns {
                (running_now(ask, &running))
                (due_next(ask, &fires))
            }
            (depths(ask, queues.list("items")))
        }
    })
}

/// Shows which steps are ready while others are compiled.
fn compiling(steps: &Value) -> Markup {
    let (left, done) = (steps.list("compiling"), steps.list("compiled"));
    let names = |types: &[Value]| {
        html! {
            @for (place, name) in types.iter().filter_map(Value::as_str).enumerate() {
                @if place > 0 { ", " } code { (show::text(name)) }
            }
        }
    };
    html! {
        @if !left.is_empty() {
            div.alert data-kind="info" {
                p {
                    "Steps are compiled, once for this machine: " (done.len()) " of " (done.len() + left.len()) " ready. \
                    A run that needs another one waits for it."
                }
                meter min="0" max=(done.len() + left.len()) value=(done.len()) aria-label="Compiled steps" {}
                @if !done.is_empty() { p { "Ready: " (names(done)) "." } }
                p { "Next: " (names(left)) "." }
            }
        }
    }
}

fn figures(ask: &Ask, queues: &[Value]) -> Markup {
    let sum = |name: &str| queues.iter().map(|queue| queue.number(name)).sum::<u64>();
    let (ready, running) = (sum("ready") + sum("blocked"), sum("running"));
    let stopped = queues.iter().filter(|queue| queue.has("paused")).count();
    let oldest = queues.iter().map(|queue| queue.float("oldest_seconds")).fold(0.0, f64::max);
    html! {
        div.stats {
            a.stat href={ (ask.path(&["runs"])) "?status=running" } {
                span.stat-label { "Running" } span.stat-value { (show::count(running)) }
            }
            a.stat href={ (ask.path(&["runs"])) "?status=queued" } {
                span.stat-label { "Ready, not started" } span.stat-value { (show::count(ready)) }
                @if ready > 0 { span.stat-note { "oldest: " (show::seconds(&oldest.into())) } }
            }
            a.stat href=(ask.path(&["queues"])) {
                span.stat-label { "Queues" } span.stat-value { (queues.len()) }
                @if stopped > 0 { span.stat-note { (stopped) " paused" } }
            }
        }
    }
}

fn running_now(ask: &Ask, running: &Value) -> Markup {
    html! {
        section.card aria-labelledby="running" {
            div.card-header { h2 #running { "Running now" } a href={ (ask.path(&["runs"])) "?status=running" } { "All" } }
            @if running.list("items").is_empty() {
                p.muted { "No run is running." }
            } @else {
                (common::table("Runs that are running", html! {
                    thead { tr { th scope="col" { "Job" } th scope="col" { "Step" } th scope="col" { "Since" } } }
                    tbody {
                        @for run in running.list("items") {
                            tr {
                                td { a href=(ask.path(&["runs", run.text("execution_id")])) { (show::text(run.text("job_id"))) } }
                                td { (or_dash(run.text("step"))) }
                                td { (show::time(run.text("start_time"))) }
                            }
                        }
                    }
                }))
            }
        }
    }
}

fn due_next(ask: &Ask, fires: &Value) -> Markup {
    html! {
        section.card aria-labelledby="due" {
            div.card-header { h2 #due { "Due next" } a href=(ask.path(&["schedules"])) { "Schedules" } }
            @if fires.list("items").is_empty() {
                p.muted { "No schedule fires in the next 24 hours." }
            } @else {
                (common::table("Next fires", html! {
                    thead { tr { th scope="col" { "Job" } th scope="col" { "Due" } } }
                    tbody {
                        @for fire in fires.list("items") {
                            tr {
                                td {
                                    a href=(ask.path(&["schedules", fire.text("job_id")])) { (show::text(fire.text("job_id"))) }
                                    div.muted { (fire.text("timezone")) }
                                }
                                td {
                                    (clock::local(fire.text("due_at"), fire.text("timezone")))
                                    @if fire.text("decision") != "admitted" { " " span.tag { (fire.text("decision")) } }
                                }
                            }
                        }
                    }
                }))
            }
        }
    }
}

fn depths(ask: &Ask, queues: &[Value]) -> Markup {
    let most = 2 * ROWS;
    html! {
        section.card aria-labelledby="depths" {
            div.card-header { h2 #depths { "Queues" } a href=(ask.path(&["queues"])) { "All queues" } }
            @if queues.is_empty() {
                p.muted { "No queue has runs." }
            } @else {
                (common::table("Depths of queues", html! {
                    thead { tr {
                        th scope="col" { "Zone" } th scope="col" { "State" } th.number scope="col" { "Ready" }
                        th.number scope="col" { "Waiting" } th.number scope="col" { "Running" } th.number scope="col" { "Oldest" }
                    } }
                    tbody {
                        @for queue in queues.iter().take(most) {
                            tr {
                                td { a href={ (ask.path(&["queues"])) "#" (show::anchor(queue.text("queue"))) } { (queue.text("queue")) } }
                                td { (state(queue)) }
                                td.number { (show::count(queue.number("ready") + queue.number("closed") + queue.number("held"))) }
                                td.number { (show::count(queue.number("waiting") + queue.number("blocked"))) }
                                td.number { (queue.number("running")) " of " (queue.number("concurrency")) }
                                td.number { (age(queue, "ready", "oldest_seconds")) }
                            }
                        }
                    }
                }))
                @if queues.len() > most { p.muted { (show::counted(queues.len() - most, "more queue")) "." } }
            }
        }
    }
}

/// Shows whether runs of a queue start.
pub(in crate::ui) fn state(queue: &Value) -> Markup {
    match () {
        () if queue.has("paused") => html! { span.status data-status="parked" { "paused" } },
        () if queue.has("closed_until") => html! { span.status data-status="waiting" { "closed" } },
        () if !queue.is("served") => html! { span.status data-status="lost" { "not served here" } },
        () => html! { span.status data-status="success" { "open" } },
    }
}

/// Shows the last day: it changes slowly, and its figures are sums.
async fn day(ask: &Ask) -> Result<Markup, Problem> {
    let hours = ask.get(&Operation::metricsByHour, &[]).await?;
    let approvals = ask.value(Call::to(&Operation::listApprovals, &[]).query("limit", Some(ROWS))).await?;
    let health = ask.get(&Operation::systemHealth, &[]).await?;
    let causes = ask.get(&Operation::deadLetterCauses, &[]).await?;
    Ok(html! {
        div.parts #day hx-get="?part=day" hx-trigger="every 30s" hx-select="#day" hx-swap="outerMorph" {
            div.columns {
                (approvals_card(ask, approvals.list("items")))
                (failed_lately(ask, &causes))
            }
            (last_day(hours.list("items")))
            (parts(ask, &health))
        }
    })
}

fn approvals_card(ask: &Ask, approvals: &[Value]) -> Markup {
    html! {
        section.card aria-labelledby="approvals" {
            div.card-header { h2 #approvals { "Waiting for a person" } a href=(ask.path(&["approvals"])) { "All" } }
            @if approvals.is_empty() {
                p.muted { "No run waits for an approval." }
            } @else {
                ul.rows {
                    @for approval in approvals {
                        @let (run, step) = (approval.text("execution_id"), approval.text("step_id"));
                        li {
                            a href=(ask.path(&["approvals", run, step])) { (show::text(approval.text("job_id"))) ", " (show::text(step)) }
                            p { (show::text(approval.text("message"))) }
                            p.muted.small { "since " (show::time(approval.text("since"))) ", until " (show::time(approval.text("until"))) }
                        }
                    }
                }
            }
        }
    }
}

fn failed_lately(ask: &Ask, causes: &Value) -> Markup {
    let mut latest: Vec<&Value> = causes.list("items").iter().collect();
    latest.sort_by(|a, b| b.text("last_at").cmp(a.text("last_at")));
    let letters = ask.path(&["dead-letters"]);
    html! {
        section.card aria-labelledby="failed" {
            div.card-header { h2 #failed { "Failed lately" } a href=(letters) { "Dead letters" } }
            @if latest.is_empty() {
                p.muted { "No failed run needs attention." }
            } @else {
                ul.rows {
                    @for cause in latest.into_iter().take(ROWS) {
                        @let key: String = crate::api::encoded(cause.text("cause")).collect();
                        li {
                            a href={ (letters) "?cause=" (key) } {
                                span.status data-status="failed" { (cause.text("class").replace('_', " ")) }
                                " " strong { (show::count(cause.number("count"))) "×" }
                            }
                            p { (show::text(cause.text("message"))) }
                            p.muted.small {
                                (jobs(cause)) ", last " (show::time(cause.text("last_at")))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Names the first jobs of a cause.
fn jobs(cause: &Value) -> String {
    let names: Vec<&str> = cause.list("jobs").iter().take(3).filter_map(Value::as_str).collect();
    let more =
        if cause.list("jobs").len() > names.len() || cause.is("more_jobs") { " and others" } else { "" };
    format!("{}{more}", show::text(&names.join(", ")))
}

fn last_day(items: &[Value]) -> Markup {
    let hour = |item: &Value| Hour {
        label: clock::read(item.text("hour")).map_or_else(String::new, |at| at.format("%H:%M").to_string()),
        runs: item.number("runs"),
        failed: item.number("failed"),
    };
    let hours: Vec<Hour> = items.iter().map(hour).collect();
    let (runs, failed) =
        hours.iter().fold((0, 0), |(runs, failed), hour| (runs + hour.runs, failed + hour.failed));
    html! {
        section.card aria-labelledby="last-day" {
            div.card-header { h2 #last-day { "The last 24 hours" } span.muted { "hours of UTC" } }
            div.columns {
                figure {
                    figcaption { strong { (show::count(runs)) } (if runs == 1 { " run" } else { " runs" }) " ended" }
                    (chart::throughput(&hours))
                }
                figure {
                    figcaption { strong { (chart::percent(failed, runs)) } " failed (" (show::count(failed)) ")" }
                    (chart::failures(&hours))
                }
            }
            table.visually-hidden {
                caption { "Ended and failed runs of each hour" }
                thead { tr { th scope="col" { "Hour (UTC)" } th scope="col" { "Ended" } th scope="col" { "Failed" } } }
                tbody {
                    @for hour in &hours { tr { th scope="row" { (hour.label) } td { (hour.runs) } td { (hour.failed) } } }
                }
            }
        }
    }
}

fn parts(ask: &Ask, health: &Value) -> Markup {
    html! {
        section.card aria-labelledby="health" {
            div.card-header { h2 #health { "Health" } span.muted { "Stepwell " (health.text("version")) ", zones " (health.text("tzdb")) } }
            dl.facts {
                @for (name, part) in health.entries("parts") {
                    dt { (name) }
                    dd {
                        @if part.text("status") == "healthy" {
                            span.status data-status="success" { "healthy" }
                        } @else {
                            span.status data-status="failed" { (part.text("status")) } " " (show::text(part.text("message")))
                        }
                    }
                }
                @for (name, engine) in health.entries("engine_health").into_iter().filter(|(name, _)| *name != "local") {
                    dt { "engine " (name) }
                    dd {
                        @if engine.text("status") == "healthy" {
                            span.status data-status="success" { "healthy" }
                        } @else {
                            span.status { (engine.text("status")) } " " (show::text(engine.text("reason")))
                        }
                    }
                }
                dt { "checked" } dd { (show::time(&ask.ui.app.host.now().to_rfc3339())) }
            }
        }
    }
}

fn or_dash(text: &str) -> String {
    if text.is_empty() { "–".to_owned() } else { show::text(text) }
}
