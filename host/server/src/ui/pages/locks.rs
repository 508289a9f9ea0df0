//! The locks of a project: who holds them, who waits, and the deadlocks.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use stepwell::engine::document::cut;

use super::common::{address, facts, header, some, table};
use super::shown;
use crate::api::{Call, Operation};
use crate::ui::actions::Button;
use crate::ui::ask::Ask;
use crate::ui::asked::{Asked, Path};
use crate::ui::layout::Section;
use crate::ui::show;
use crate::ui::value::Parts;

/// The locks of a page of the list.
const PAGE: u32 = 50;
/// The deadlocks that the list shows, and the holders, waiting tickets and events that the page of a lock shows.
const DEADLOCKS: u32 = 5;
const MOST_HOLDERS: usize = 100;
const MOST_QUEUED: usize = 100;
const EVENTS: u32 = 50;
/// The characters of a text in a cell.
const CELL: usize = 300;

/// The filter of the list, and the place in it.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(in crate::ui) struct Filters {
    prefix: String,
    cursor: String,
}

/// Lists the locks that are held or waited for.
pub(in crate::ui) async fn list(Asked(ask, filters): Asked<Filters>) -> Response {
    let page = async {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let call = Call::to(&Operation::listLocks, &[])
            .query("prefix", given(&filters.prefix))
            .query("limit", Some(PAGE))
            .query("cursor", given(&filters.cursor));
        let locks = ask.value(call).await?;
        let deadlocks = Call::to(&Operation::listLockDeadlocks, &[]).query("limit", Some(DEADLOCKS));
        let deadlocks = ask.value(deadlocks).await?;
        let page = ask.path(&["locks"]);
        let here = address(&page, &[("prefix", &filters.prefix)]);
        let about = "Names that runs and clients hold, one at a time or together with others.";
        Ok(ask.page(
            Section::Locks,
            "Locks",
            html! {
                (header("Locks", &[], about, html! {}))
                form.toolbar method="get" action=(page) role="search" {
                    label.field-inline { span { "Begins with" } input name="prefix" value=(filters.prefix) maxlength="256" data-search; }
                    button.button.plain type="submit" { "Filter" }
                }
                section #live aria-label="Locks" hx-get="" hx-trigger="every 5s" hx-select="#live" hx-swap="outerMorph" {
                    (rows(&ask, locks.list("items")))
                    (show::next_page(&locks, &here))
                    (deadlocks_of(&ask, deadlocks.list("items")))
                }
            },
        ))
    };
    shown(&ask, page.await)
}

fn rows(ask: &Ask, locks: &[Value]) -> Markup {
    if locks.is_empty() {
        return show::empty(
            "No locks",
            html! {
                p { "No lock is held or waited for. " code { "stepwell locks with NAME -- COMMAND" } " holds one while a command runs." }
            },
        );
    }
    table(
        "Locks",
        html! {
            thead { tr {
                th scope="col" { "Lock" } th scope="col" { "Mode" } th scope="col" { "Holder" } th scope="col" { "Since" }
                th scope="col" { "Until" } th.number scope="col" { "Waiting" } th scope="col" { "Reason" }
            } }
            tbody { @for lock in locks { (row(ask, lock)) } }
        },
    )
}

fn row(ask: &Ask, lock: &Value) -> Markup {
    let (name, others) = (lock.text("name"), lock.number("holders").saturating_sub(1));
    let holder = lock.at("holder");
    html! {
        tr {
            th scope="row" { a href=(ask.path(&["locks", name])) { code { (show::text(name)) } } }
            @if lock.has("holder") {
                td { (lock.text("mode")) }
                td { (owner(ask, holder)) @if others > 0 { " and " (show::count(others)) " more" } }
                td { (show::time(holder.text("since"))) }
                td { (until(holder)) }
            } @else {
                td { "free" } td {} td {} td {}
            }
            td.number { (show::count(lock.number("waiting"))) }
            td { (brief(holder.text("reason"))) }
        }
    }
}

/// Shows an owner. A run has a link to its page.
fn owner(ask: &Ask, of: &Value) -> Markup {
    let actor = of.text("actor");
    html! {
        @match actor.strip_prefix("run:") {
            Some(run) => { a href=(ask.path(&["runs", run])) { code { (show::text(actor)) } } }
            None => { code { (show::text(actor)) } }
        }
        @if !of.text("part").is_empty() { " (" (show::text(of.text("part"))) ")" }
    }
}

/// Shows the end of a lease.
fn until(hold: &Value) -> Markup {
    match hold.has("until") {
        true => show::time(hold.text("until")),
        false => html! { "its release" },
    }
}

fn brief(text: &str) -> String {
    show::text(&cut(text, CELL))
}

fn deadlocks_of(ask: &Ask, deadlocks: &[Value]) -> Markup {
    html! {
        @if !deadlocks.is_empty() {
            section.card aria-labelledby="deadlocks" {
                h2 #deadlocks { "Newest deadlocks" }
                (table("Deadlocks", html! {
                    thead { tr {
                        th scope="col" { "Time" } th scope="col" { "Owner" } th scope="col" { "State" } th scope="col" { "Cycle" }
                    } }
                    tbody { @for deadlock in deadlocks {
                        tr {
                            td { (show::time(deadlock.text("at"))) }
                            td { (owner(ask, deadlock)) }
                            td { @if deadlock.is("unresolved") { "still waits" } @else { "ended" } }
                            td { (brief(deadlock.text("cycle"))) }
                        }
                    } }
                }))
            }
        }
    }
}

/// Shows one lock.
pub(in crate::ui) async fn page(ask: Ask, Path((_, name)): Path<(String, String)>) -> Response {
    let page = async {
        let lock = ask.get(&Operation::getLock, &[&name]).await?;
        let events =
            Call::to(&Operation::listLockEvents, &[]).query("name", Some(&name)).query("limit", Some(EVENTS));
        let events = ask.value(events).await?;
        let above = [("Locks", ask.path(&["locks"]))];
        Ok(ask.page(
            Section::Locks,
            &name,
            html! {
                (header(&name, &above, "", html! {}))
                div.parts #live hx-get="" hx-trigger="every 5s" hx-select="#live" hx-swap="outerMorph" {
                    section.card aria-labelledby="state" {
                        h2 #state { "State" }
                        (facts(&[
                            ("Mode", some(if lock.has("mode") { lock.text("mode") } else { "free" })),
                            ("Last token", Some(html! { (lock.number("last_token")) })),
                            ("Goes to no other owner until", lock.has("closed_until").then(|| show::time(lock.text("closed_until")))),
                        ]))
                    }
                    (holders(&ask, lock.list("holders")))
                    (queue(&ask, &lock))
                    (history(&ask, events.list("items")))
                }
                (force_form(&ask, &name, &lock))
            },
        ))
    };
    shown(&ask, page.await)
}

fn holders(ask: &Ask, holders: &[Value]) -> Markup {
    html! {
        @if !holders.is_empty() {
            section.card aria-labelledby="holders" {
                h2 #holders { "Holders" }
                (table("Holders", html! {
                    thead { tr {
                        th scope="col" { "Holder" } th.number scope="col" { "Token" } th scope="col" { "Since" } th scope="col" { "Until" }
                        th.number scope="col" { "Priority" } th scope="col" { "Session" } th scope="col" { "Reason" }
                    } }
                    tbody { @for holder in holders.iter().take(MOST_HOLDERS) {
                        tr {
                            th scope="row" { (owner(ask, holder)) }
                            td.number { (holder.number("token")) }
                            td { (show::time(holder.text("since"))) }
                            td { (until(holder)) }
                            td.number { (holder.number("priority")) }
                            td { code { (brief(holder.text("session"))) } }
                            td { (brief(holder.text("reason"))) }
                        }
                    } }
                }))
                (more(holders.len(), MOST_HOLDERS, "more holder"))
            }
        }
    }
}

/// Says how many of a list the page leaves out.
fn more(count: usize, most: usize, what: &str) -> Markup {
    html! {
        @if count > most { p.muted { (show::counted(count - most, what)) ". " code { "stepwell locks show" } " lists more." } }
    }
}

fn queue(ask: &Ask, lock: &Value) -> Markup {
    let (queue, waiting) = (lock.list("queue"), lock.number("waiting"));
    html! {
        @if !queue.is_empty() {
            section.card aria-labelledby="queue" {
                h2 #queue { "Queue" }
                p.muted { "In the expected order. The position is that by priority and time." }
                (table("Queue", html! {
                    thead { tr {
                        th.number scope="col" { "Position" } th scope="col" { "Waits" } th scope="col" { "Mode" } th scope="col" { "Since" }
                        th scope="col" { "Until" } th.number scope="col" { "Priority" } th scope="col" { "Because" } th scope="col" { "Reason" }
                    } }
                    tbody { @for waiter in queue.iter().take(MOST_QUEUED) {
                        tr {
                            td.number { (waiter.number("position")) }
                            th scope="row" { (owner(ask, waiter)) }
                            td { (waiter.text("mode")) }
                            td { (show::time(waiter.text("since"))) }
                            td { (show::time(waiter.text("until"))) }
                            td.number { (waiter.number("priority")) }
                            td { (brief(waiter.text("waits_for"))) }
                            td { (brief(waiter.text("reason"))) }
                        }
                    } }
                }))
                (more(usize::try_from(waiting).unwrap_or(usize::MAX), MOST_QUEUED, "more request"))
            }
        }
    }
}

/// Shows events, the newest first.
fn history(ask: &Ask, events: &[Value]) -> Markup {
    html! {
        section.card aria-labelledby="events" {
            h2 #events { "Events" }
            @if events.is_empty() {
                p.muted { "No event of this lock is among those that are remembered." }
            } @else {
                (table("Events", html! {
                    thead { tr {
                        th scope="col" { "Time" } th scope="col" { "Event" } th scope="col" { "Owner" }
                        th.number scope="col" { "Token" } th scope="col" { "Detail" }
                    } }
                    tbody { @for event in events.iter().rev() {
                        tr {
                            td { (show::time(event.text("at"))) }
                            td { code { (event.text("kind")) } }
                            td { (owner(ask, event)) }
                            td.number { @if event.has("token") { (event.number("token")) } }
                            td { (brief(event.text("detail"))) }
                        }
                    } }
                }))
            }
        }
    }
}

/// Shows the form that takes the lock away from its holders. It is not in the part that reloads, so that a reason that a
/// person writes stays.
fn force_form(ask: &Ask, name: &str, lock: &Value) -> Markup {
    let count = lock.list("holders").len();
    if count == 0 || !ask.may(&Operation::forceReleaseLock) {
        return html! {};
    }
    let reason = html! {
        div.field {
            label for="force-reason" { "Reason" }
            input #force-reason name="reason" maxlength="500" required autocomplete="off";
        }
    };
    let parameters = [name];
    let button =
        Button::new(&Operation::forceReleaseLock, &parameters, "Take away", ask.path(&["locks", name]))
            .done("The lock is taken away from its holders.")
            .with(reason);
    html! {
        section.card aria-labelledby="force" {
            h2 #force { "Take the lock away" }
            p.muted { "The holders lose the lock, whether or not they know: they may still act on what it protects." }
            (button.danger("Take the lock away from all its holders?").show(ask))
        }
    }
}
