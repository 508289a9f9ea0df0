//! The queues: one lane for each time zone.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use stepwell::engine::document::cut;

use super::{overview, shown};
use crate::api::{Call, Operation, Problem};
use crate::ui::actions::Button;
use crate::ui::ask::Ask;
use crate::ui::asked::Asked;
use crate::ui::chart::{self, Mark, NOW};
use crate::ui::clock;
use crate::ui::layout::Section;
use crate::ui::show;
use crate::ui::value::Parts;

/// The maximum number of lanes, of fires in all lanes together, and of fires in the text of a lane.
const LANES: usize = 40;
const FIRES: usize = 1000;
const LISTED: usize = 5;
/// The maximum number of characters of a name in an address that the page repeats.
const NAME: usize = 80;
/// The least number of minutes between two marks of a schedule.
const APART: u32 = 15;

/// The queue that a person asks about or wants to pause.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::ui) struct Wanted {
    why: Option<String>,
    pause: Option<String>,
}

/// Shows a lane for each queue.
pub(in crate::ui) async fn page(Asked(ask, wanted): Asked<Wanted>) -> Response {
    let page = async {
        for name in wanted.why.iter().chain(&wanted.pause) {
            known(name)?;
        }
        let queues = ask.get(&Operation::listQueues, &[]).await?;
        let fires =
            Call::to(&Operation::listFires, &[]).query("apart", Some(APART)).query("limit", Some(FIRES));
        let fires = ask.value(fires).await?;
        let why = match &wanted.why {
            Some(queue) => why(&ask, queue).await?,
            None => html! {},
        };
        let now = ask.ui.app.host.now();
        let lanes = queues.list("items");
        let until =
            clock::read(fires.text("until")).map_or_else(String::new, |at| clock::wall(at, chrono_tz::UTC));
        Ok(ask.page(Section::Queues, "Queues", html! {
            div.page-header {
                div.page-title { h1 { "Queues" } }
                p { "Each time zone has its own queue. Its runs start by priority, in the order of their time." }
            }
            @if let Some(queue) = wanted.pause.as_deref() { (pause_form(&ask, queue)) }
            (why)
            div.parts #live hx-get="" hx-trigger="every 5s" hx-select="#live" hx-swap="outerMorph" {
                @if lanes.is_empty() {
                    (show::empty("No queue has runs", html! {
                        p { "A job runs in the queue of its time zone. " a href=(ask.path(&["jobs"])) { "Run a job" } " to see its queue here." }
                    }))
                }
                @for queue in lanes.iter().take(LANES) { (lane(&ask, queue, &fires, now)) }
                @if lanes.len() > LANES {
                    p.muted { (show::counted(lanes.len() - LANES, "more queue")) ". " code { "stepwell queues list" } " lists all." }
                }
                @if fires.list("items").len() >= FIRES {
                    p.muted { "The lanes show the fires before " (until) "." }
                }
            }
        }))
    };
    shown(&ask, page.await)
}

/// Refuses a name that is not the name of a queue.
fn known(name: &str) -> Result<(), Problem> {
    let missing = || {
        let name = cut(name, NAME);
        let detail = format!("there is no queue `{name}`: a queue is a time zone, such as Europe/Berlin");
        Problem::new(StatusCode::NOT_FOUND, detail)
    };
    name.parse::<Tz>().map(|_| ()).map_err(|_| missing())
}

fn lane(ask: &Ask, queue: &Value, fires: &Value, now: DateTime<Utc>) -> Markup {
    let name = queue.text("queue");
    let (zone, id) = (clock::zone_of(name), show::anchor(name));
    let coming: Vec<&Value> =
        fires.list("items").iter().filter(|fire| fire.text("timezone") == name).collect();
    let label = format!("{name}: the fires of the next 24 hours, which the list below names");
    html! {
        section.card #(id) aria-labelledby={ (id) "-name" } {
            div.card-header {
                div.page-title {
                    h2 id={ (id) "-name" } { (name) }
                    (overview::state(queue))
                    span.muted { "now " (clock::wall(now, zone)) }
                }
                (controls(ask, queue))
            }
            @if let Some(by) = queue.at("paused").as_str() {
                div.alert data-kind="warning" { p { "Paused " (show::text(by)) ". No run of this queue starts." } }
            }
            @if queue.has("closed_until") && !queue.has("paused") {
                div.alert data-kind="info" { p { "A pause window closes the queue until " (clock::local(queue.text("closed_until"), name)) "." } }
            }
            div.lane-wrap tabindex="0" role="region" aria-label={ "Day of " (name) } {
                (chart::strip(&marks(queue, &coming, now), &label))
            }
            (windows(queue))
            (clocks(now, name))
            (figures(ask, queue))
            (next_fires(ask, &coming, name))
        }
    }
}

fn controls(ask: &Ask, queue: &Value) -> Markup {
    let (name, here) = (queue.text("queue"), ask.path(&["queues"]));
    let encoded: String = crate::api::encoded(name).collect();
    html! {
        div.page-actions {
            @if waiting(queue) > 0 {
                a.button.plain.small href={ (here) "?why=" (encoded) "#why" } { "Why is it not moving?" }
            }
            @if queue.has("paused") {
                (Button::new(&Operation::resumeQueue, &[name], "Resume", here).done("The queue is open again.").show(ask))
            } @else if ask.may(&Operation::pauseQueue) {
                a.button.plain.small href={ (here) "?pause=" (encoded) "#pause" } { "Pause" }
            }
        }
    }
}

/// Returns the number of runs that have not started or wait.
fn waiting(queue: &Value) -> u64 {
    ["ready", "closed", "held", "waiting", "blocked"].iter().map(|name| queue.number(name)).sum()
}

/// The form is outside of the part that renews itself.
fn pause_form(ask: &Ask, queue: &str) -> Markup {
    let reason = html! {
        div.field {
            label for="reason" { "Reason" }
            input #reason name="reason" maxlength="1000" autocomplete="off";
            p.hint { "The explanation of each waiting run shows the reason." }
        }
    };
    let next = ask.path(&["queues"]);
    html! {
        section.card #pause aria-labelledby="pause-title" {
            h2 #pause-title { "Pause " (show::text(&cut(queue, NAME))) }
            p { "No run of the queue starts until an administrator resumes it. Runs that have started continue." }
            (Button::new(&Operation::pauseQueue, &[queue], "Pause the queue", next.clone()).done("The queue is paused.").with(reason).show(ask))
            p { a href=(next) { "Cancel" } }
        }
    }
}

fn marks(queue: &Value, fires: &[&Value], now: DateTime<Utc>) -> Vec<Mark> {
    let (name, start) = (queue.text("queue"), now - Duration::minutes(NOW));
    let zone = clock::zone_of(name);
    let minute = |at: DateTime<Utc>| (at - start).num_minutes();
    let mut marks = Vec::new();
    marks.extend(queue.list("closures").iter().filter_map(|closure| {
        let (from, until) = (clock::read(closure.text("from"))?, clock::read(closure.text("until"))?);
        Some(Mark::Closed { from: minute(from), to: minute(until).min(chart::STRIP) })
    }));
    marks.extend(clock::strip(now, zone));
    marks.extend(ticks(fires, zone, start));
    marks
}

/// Returns one mark for all fires in the same five minutes.
fn ticks(fires: &[&Value], zone: Tz, start: DateTime<Utc>) -> Vec<Mark> {
    let mut slots: BTreeMap<i64, (String, usize)> = BTreeMap::new();
    for fire in fires {
        let Some(at) = clock::read(fire.text("due_at")) else { continue };
        let first = || (format!("{} {}", clock::wall(at, zone), show::text(fire.text("job_id"))), 0);
        slots.entry((at - start).num_minutes() / 5 * 5).or_insert_with(first).1 += 1;
    }
    let mark = |(minute, (words, count)): (i64, (String, usize))| {
        let words = if count > 1 { format!("{words} and {} more", count - 1) } else { words };
        Mark::Fire { minute, words }
    };
    slots.into_iter().map(mark).collect()
}

/// Names the pause windows of the strip in words.
fn windows(queue: &Value) -> Markup {
    let zone = clock::zone_of(queue.text("queue"));
    let wall = |at: &str| clock::read(at).map_or_else(String::new, |at| clock::wall(at, zone));
    html! {
        @if !queue.list("closures").is_empty() {
            p { "Pause windows:"
                @for (place, closure) in queue.list("closures").iter().enumerate() {
                    @if place > 0 { "," }
                    " " (wall(closure.text("from"))) " to " (wall(closure.text("until")))
                }
                "." }
        }
    }
}

fn clocks(now: DateTime<Utc>, zone: &str) -> Markup {
    html! {
        @for (_, words) in clock::changes(now, clock::zone_of(zone), 24) {
            div.alert data-kind="info" { p { (words) } }
        }
    }
}

fn figures(ask: &Ask, queue: &Value) -> Markup {
    let name: String = crate::api::encoded(queue.text("queue")).collect();
    let (running, most) = (queue.number("running"), queue.number("concurrency").max(1));
    let runs = ask.path(&["runs"]);
    html! {
        div.stats {
            div.stat {
                span.stat-label { "Running" }
                span.stat-value { (running) span.stat-note { " of " (queue.number("concurrency")) } }
                meter min="0" max=(most) value=(running.min(most)) aria-label={ (running) " of " (show::counted(most as usize, "slot")) " in use" } {}
            }
            a.stat href={ (runs) "?status=queued&queue=" (name) } {
                span.stat-label { "Ready" } span.stat-value { (show::count(queue.number("ready"))) }
                span.stat-note { "at most " (show::count(queue.number("max_waiting"))) }
            }
            div.stat {
                span.stat-label { "Oldest ready" } span.stat-value { (age(queue, "ready", "oldest_seconds")) }
            }
            div.stat {
                span.stat-label { "Held or closed" } span.stat-value { (show::count(queue.number("held") + queue.number("closed"))) }
            }
            div.stat {
                span.stat-label { "Waiting for a time" } span.stat-value { (show::count(queue.number("waiting"))) }
            }
            div.stat {
                span.stat-label { "Waiting for a key" } span.stat-value { (show::count(queue.number("blocked"))) }
                @if queue.number("blocked") > 0 { span.stat-note { "oldest: " (age(queue, "blocked", "blocked_oldest_seconds")) } }
            }
        }
    }
}

/// Shows the age of the oldest run, if there is one.
pub(super) fn age(queue: &Value, runs: &str, seconds: &str) -> String {
    if queue.number(runs) == 0 { "–".to_owned() } else { show::seconds(queue.at(seconds)) }
}

/// Names the next fire of each job of the strip.
fn next_fires(ask: &Ask, fires: &[&Value], zone: &str) -> Markup {
    let mut jobs = BTreeSet::new();
    let first: Vec<&&Value> = fires.iter().filter(|fire| jobs.insert(fire.text("job_id"))).collect();
    html! {
        @if first.is_empty() {
            p.muted { "No schedule of this zone fires in the next 24 hours." }
        } @else {
            p { "The next fire of each job:" }
            ul.fires {
                @for fire in first.iter().take(LISTED) {
                    li {
                        a href=(ask.path(&["schedules", fire.text("job_id")])) { (show::text(fire.text("job_id"))) }
                        " " (clock::local(fire.text("due_at"), zone))
                        @if fire.text("decision") != "admitted" { " " span.tag { (fire.text("decision")) } }
                    }
                }
            }
            @if first.len() > LISTED {
                p { a href=(address(ask, zone)) { (show::counted(first.len() - LISTED, "more job")) } }
            }
        }
    }
}

/// Returns the address of the schedules of a zone.
fn address(ask: &Ask, zone: &str) -> String {
    let zone: String = crate::api::encoded(zone).collect();
    format!("{}?queue={zone}", ask.path(&["schedules"]))
}

/// Explains why the oldest run of a queue that has not started or waits does not move.
async fn why(ask: &Ask, queue: &str) -> Result<Markup, Problem> {
    let mut oldest = Value::Null;
    for status in ["queued", "waiting", "parked"] {
        let call = Call::to(&Operation::listRuns, &[])
            .query("queue", Some(queue))
            .query("status", Some(status))
            .query("oldest_first", Some(true))
            .query("limit", Some(1));
        if let Some(found) = ask.value(call).await?.list("items").first() {
            oldest = found.clone();
            break;
        }
    }
    let id = oldest.text("execution_id").to_owned();
    let explained = match id.is_empty() {
        true => Value::Null,
        false => ask.get(&Operation::explainRun, &[&id]).await?,
    };
    Ok(html! {
        section.card #why aria-labelledby="why-title" {
            h2 #why-title { "Why is " (show::text(&cut(queue, NAME))) " not moving?" }
            @if id.is_empty() {
                p { "No run of this queue waits now." }
            } @else {
                p { "The oldest run that waits is " a href=(ask.path(&["runs", &id])) { code { (id) } } " of " (show::text(oldest.text("job_id"))) "." }
                (explanation(&explained))
            }
        }
    })
}

/// Shows the causes of a delay and their fixes.
pub(in crate::ui) fn explanation(explained: &Value) -> Markup {
    html! {
        p { strong { (show::text(explained.text("summary"))) } }
        @if !explained.list("causes").is_empty() {
            ul.rows {
                @for cause in explained.list("causes") {
                    li {
                        span.tag { (cause.text("cause").replace('_', " ")) }
                        @for part in ["message", "by", "waits_for"] {
                            @if !cause.text(part).is_empty() { " " (show::text(cause.text(part))) }
                        }
                        p.muted { "Fix: " (show::text(cause.text("fix"))) }
                    }
                }
            }
        }
        @if explained.has("note") { p.muted { (show::text(explained.text("note"))) } }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fires_of_the_same_minutes_share_a_mark() {
        let fire = |at: &str, job: &str| json!({"due_at": at, "job_id": job});
        let fires = [
            fire("2026-11-29T12:01:00Z", "a"),
            fire("2026-11-29T12:04:59Z", "b"),
            fire("2026-11-29T12:05:00Z", "c"),
        ];
        let fires: Vec<&Value> = fires.iter().collect();
        let start = "2026-11-29T12:00:00Z".parse().unwrap();
        let marks = ticks(&fires, chrono_tz::UTC, start);
        let words = |text: &str| format!("Sun 2026-11-29 {text}");
        let expected = [
            Mark::Fire { minute: 0, words: words("12:01 UTC a and 1 more") },
            Mark::Fire { minute: 5, words: words("12:05 UTC c") },
        ];
        assert_eq!(marks, expected);
    }
}
