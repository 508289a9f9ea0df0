//! The steps of a run as a tree, and the times of their attempts as a table.

use std::cell::Cell;

use maud::{Markup, html};
use serde_json::{Value, json};

use super::timeline::{colour, second};
use crate::ui::ask::Ask;
use crate::ui::pages::common;
use crate::ui::value::Parts;
use crate::ui::{show, words};

/// The maximum number of branches of a group that are open at first.
const OPEN: usize = 8;

/// The steps of a run as a tree, with a maximum number of rows.
struct Tree<'v> {
    ask: &'v Ask,
    run: &'v Value,
    left: Cell<usize>,
}

/// Shows the first steps as a tree.
pub(super) fn tree(ask: &Ask, run: &Value, rows: usize) -> Markup {
    let tree = Tree { ask, run, left: Cell::new(rows) };
    html! {
        div.tree { (tree.list(run.list("steps"))) }
    }
}

/// Returns the number of rows that the longer one of both lists, the tree and the table of times, leaves out.
pub(super) fn left_out(run: &Value, times: &Value, rows: usize) -> usize {
    let longest = count(run.list("steps")).max(times.list("attempts").len());
    longest.saturating_sub(rows)
}

fn count(steps: &[Value]) -> usize {
    let of_branches =
        |step: &Value| step.list("branches").iter().map(|branch| count(branch.list("steps"))).sum::<usize>();
    steps.iter().map(|step| 1 + of_branches(step) + count(step.list("finally"))).sum()
}

impl Tree<'_> {
    /// Takes a row, if there is one left.
    fn row(&self) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left > 0
    }

    fn list(&self, steps: &[Value]) -> Markup {
        html! {
            ul { @for step in steps.iter().take_while(|_| self.row()) { li { (self.one(step)) } } }
        }
    }

    fn one(&self, step: &Value) -> Markup {
        let id = step.text("step_id");
        if !step.has("branches") {
            return html! { div.tree-leaf id={ "step-" (id) } { (line(self.ask, self.run, step)) } };
        }
        let branches = step.list("branches");
        html! {
            details id={ "step-" (id) } open {
                summary { (line(self.ask, self.run, step)) }
                ul {
                    li { div.tree-leaf { a href=(page(self.ask, self.run, id)) { "Details of the group" } } }
                    @for branch in branches.iter().take_while(|_| self.left.get() > 0) {
                        li { (self.branch(branch, branches.len() <= OPEN)) }
                    }
                    @if step.number("more_branches") > 0 {
                        li { div.tree-leaf.muted { (show::count(step.number("more_branches"))) (if step.number("more_branches") == 1 { " more branch" } else { " more branches" }) } }
                    }
                    @if !step.list("finally").is_empty() {
                        li {
                            details id={ "finally-" (id) } open { summary { "Finally" } (self.list(step.list("finally"))) }
                        }
                    }
                }
            }
        }
    }

    fn branch(&self, branch: &Value, is_open: bool) -> Markup {
        let steps = branch.list("steps");
        if let [step] = steps {
            self.row();
            return self.one(step);
        }
        html! {
            details id={ "branch-" (branch.text("branch_id")) } open[is_open] {
                summary {
                    code { (show::text(branch.text("branch_id"))) }
                    @if branch.has("key") { span.muted { (show::text(branch.text("key"))) } }
                    (show::status(branch.text("status")))
                }
                (self.list(steps))
            }
        }
    }
}

fn line(ask: &Ask, run: &Value, step: &Value) -> Markup {
    let (id, status) = (step.text("step_id"), step.text("status"));
    let decides = status == "parked" && step.text("step_type") == "approval";
    let named = !step.text("step_name").is_empty() && !id.ends_with(step.text("step_name"));
    html! {
        @if step.has("branches") { code { (show::text(id)) } }
        @else { a href=(page(ask, run, id)) { code { (show::text(id)) } } }
        @if named { span { (show::text(step.text("step_name"))) } }
        span.tag { (show::text(step.text("step_type"))) }
        (show::status(status))
        @if step.number("attempts") > 1 { span.muted { (show::counted(step.number("attempts") as usize, "attempt")) } }
        @if step.is("in_order") { span.muted { "one branch after the other" } }
        @if decides { a.button.small href=(ask.path(&["approvals", run.text("execution_id"), id])) { "Decide" } }
        @if !step.text("output").is_empty() { span.says { (words::marked(step.text("output"))) } }
        span.tree-end { (took(step)) }
    }
}

/// Returns the address of the page of a step.
fn page(ask: &Ask, run: &Value, id: &str) -> String {
    ask.path(&["runs", run.text("execution_id"), "steps", id])
}

/// Returns the duration of a step that has ended.
fn took(step: &Value) -> String {
    match step.float("duration_seconds") {
        0.0 => String::new(),
        _ => show::seconds(step.at("duration_seconds")),
    }
}

/// Shows the times of the attempts as a table.
pub(super) fn times(ask: &Ask, times: &Value, rows: usize) -> Markup {
    let attempts = times.list("attempts");
    let run = times.text("execution_id");
    html! {
        details #times {
            summary { "Times as a table" }
            (common::table("Times of the attempts", html! {
                thead {
                    tr {
                        th scope="col" { "Step" } th.number scope="col" { "Attempt" } th scope="col" { "End" }
                        th scope="col" { "Started" } th scope="col" { "Ended" } th.number scope="col" { "Duration" }
                        th.number scope="col" { "Compiling" } th.number scope="col" { "Running" }
                    }
                }
                tbody { @for attempt in attempts.iter().take(rows) { (row(ask, run, attempt)) } }
            }))
            @let more = attempts.len().saturating_sub(rows) as u64 + times.number("more_attempts");
            @if more > 0 { p.muted { "The table leaves out " (show::counted(more as usize, "attempt")) "." } }
        }
    }
}

fn row(ask: &Ask, run: &str, attempt: &Value) -> Markup {
    let (from, to) = (second(attempt.text("started_at")), second(attempt.text("ended_at")));
    let took = from.zip(to).map_or(Value::Null, |(from, to)| json!(to - from));
    let micros = |name: &str| match attempt.number(name) {
        0 => "–".to_owned(),
        micros => show::seconds(&json!(micros as f64 / 1e6)),
    };
    let (end, count) = (attempt.text("end"), attempt.number("attempts"));
    html! {
        tr {
            td { a href=(ask.path(&["runs", run, "steps", attempt.text("step_id")])) { code { (show::text(attempt.text("step_id"))) } } }
            td.number {
                @match (attempt.number("attempt"), count) {
                    (0, _) => { "approval" }
                    (last, 0 | 1) => { (last) }
                    (last, count) => { (last + 1 - count.min(last)) "–" (last) }
                }
            }
            td { span.status data-status=(colour(end)) { (if end.is_empty() { "running".to_owned() } else { end.replace('_', " ") }) } }
            td { (exact(attempt.text("started_at"))) }
            td { (exact(attempt.text("ended_at"))) }
            td.number { (show::seconds(&took)) }
            td.number { (micros("compile_us")) }
            td.number { (micros("run_us")) }
        }
    }
}

/// Shows a time of the API to the millisecond, with its zone.
pub(super) fn exact(at: &str) -> Markup {
    match chrono::DateTime::parse_from_rfc3339(at) {
        Ok(known) => html! {
            time datetime=(at) { (known.with_timezone(&chrono::Utc).format("%Y-%m-%d %H:%M:%S%.3f UTC")) }
        },
        Err(_) => html! { "–" },
    }
}
