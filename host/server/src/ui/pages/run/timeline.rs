//! The timeline of a run: a row for each step, as SVG.

use std::collections::BTreeMap;

use chrono::DateTime;
use maud::{Markup, html};
use serde_json::{Value, json};
use stepwell::engine::document::cut;

use super::scale::Scale;
use crate::ui::show;
use crate::ui::value::Parts;

/// The places of the drawing.
const WIDTH: f64 = 1_000.0;
const LABELS: f64 = 250.0;
const ROW: usize = 26;
const HEAD: usize = 24;

/// A row of the timeline.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub label: String,
    pub depth: usize,
    pub bars: Vec<Bar>,
}

/// A time of a row: from and to in seconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bar {
    pub kind: &'static str,
    pub from: f64,
    pub to: f64,
    /// The words for a mouse that points to it.
    pub words: String,
}

impl Bar {
    fn new(kind: &'static str, from: f64, to: f64, words: &str) -> Self {
        let took = show::seconds(&json!((to - from).max(0.0)));
        Self { kind, from, to: to.max(from), words: format!("{words}: {took}") }
    }

    /// Returns whether something happens in this time.
    fn is_busy(&self) -> bool {
        !matches!(self.kind, "queued" | "waiting" | "parked")
    }
}

/// Returns a time of the API in seconds since 1970.
pub(super) fn second(at: &str) -> Option<f64> {
    DateTime::parse_from_rfc3339(at).ok().map(|at| at.timestamp_micros() as f64 / 1e6)
}

/// Returns the status whose colour the end of an attempt has.
pub(super) fn colour(end: &str) -> &'static str {
    match end {
        "" => "running",
        "succeeded" | "approved" => "success",
        "timed_out" => "timeout",
        "cancelled" => "cancelled",
        "parked" => "parked",
        "lost" => "lost",
        _ => "failed",
    }
}

/// The rows of a timeline.
pub(super) struct Rows<'v> {
    attempts: BTreeMap<&'v str, Vec<&'v Value>>,
    /// The time at which open bars end.
    until: f64,
    rows: Vec<Row>,
    /// The maximum number of rows.
    most: usize,
    left_out: usize,
}

impl<'v> Rows<'v> {
    /// Returns the rows of a run, from its steps and the times of its attempts, until a time. A timeline has at most `most`
    /// rows.
    pub fn of(run: &'v Value, times: &'v Value, now: f64, most: usize) -> Self {
        let mut attempts: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for attempt in times.list("attempts") {
            attempts.entry(attempt.text("step_id")).or_default().push(attempt);
        }
        let until = second(run.text("end_time")).unwrap_or(now);
        let mut rows = Self { attempts, until, rows: Vec::new(), most, left_out: 0 };
        let ready =
            second(times.text("due_at")).into_iter().chain(second(times.text("created_at"))).reduce(f64::max);
        if let Some(ready) = ready.filter(|ready| *ready <= until) {
            let start = second(times.text("started_at")).unwrap_or(until);
            let bars = vec![Bar::new("queued", ready, start, "In the queue")];
            rows.rows.push(Row { label: "Queue".to_owned(), depth: 0, bars });
        }
        rows.add(run.list("steps"), 0);
        rows
    }

    /// Adds steps, and returns the time from their first start to their last end.
    fn add(&mut self, steps: &'v [Value], depth: usize) -> Option<(f64, f64)> {
        let spans: Vec<(f64, f64)> = steps.iter().filter_map(|step| self.step(step, depth)).collect();
        spans.into_iter().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    fn push(&mut self, label: &str, depth: usize) -> Option<usize> {
        if self.rows.len() >= self.most {
            self.left_out += 1;
            return None;
        }
        self.rows.push(Row { label: label.to_owned(), depth, bars: Vec::new() });
        Some(self.rows.len() - 1)
    }

    fn step(&mut self, step: &'v Value, depth: usize) -> Option<(f64, f64)> {
        let row = self.push(step.text("step_id"), depth);
        if !step.has("branches") {
            let bars = self.bars(step);
            let span = bars.iter().map(|bar| (bar.from, bar.to)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
            self.put(row, bars);
            return span;
        }
        let mut spans = Vec::new();
        for branch in step.list("branches") {
            let steps = branch.list("steps");
            // The id of a branch with one step is the beginning of the id of that step.
            let below = match steps.len() {
                1 => depth + 1,
                _ => {
                    self.push(branch.text("branch_id"), depth + 1);
                    depth + 2
                }
            };
            spans.extend(self.add(steps, below));
        }
        spans.extend(self.add(step.list("finally"), depth + 1));
        let span = spans.into_iter().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
        self.put(row, vec![Bar::new("group", span.0, span.1, "Group")]);
        Some(span)
    }

    fn put(&mut self, row: Option<usize>, bars: Vec<Bar>) {
        if let Some(row) = row.and_then(|row| self.rows.get_mut(row)) {
            row.bars = bars;
        }
    }

    /// Returns the times of a step without branches.
    fn bars(&self, step: &Value) -> Vec<Bar> {
        let (mut bars, mut before): (Vec<Bar>, Option<(f64, &str)>) = (Vec::new(), None);
        let attempts = self.attempts.get(step.text("step_id")).map_or(&[][..], Vec::as_slice);
        for attempt in attempts {
            let Some(start) = second(attempt.text("started_at")) else { continue };
            if let Some((end, how)) = before {
                bars.push(pause(how, end, start));
            }
            let (number, is_approval) = (attempt.number("attempt"), attempt.number("attempt") == 0);
            let end = attempt.text("end");
            let (to, kind) = match (second(attempt.text("ended_at")), is_approval) {
                (Some(to), _) => (to, colour(end)),
                (None, true) => (self.until, "parked"),
                (None, false) => (self.until, "running"),
            };
            if is_approval || end == "parked" {
                let words = if is_approval { "Waited for an approval" } else { "Parked" };
                bars.push(Bar::new("parked", start, to, words));
            } else {
                let compiled = (start + attempt.number("compile_us") as f64 / 1e6).min(to);
                if compiled - start > 0.01 {
                    bars.push(Bar::new("compile", start, compiled, "Compiled"));
                }
                let words = if end.is_empty() { "running".to_owned() } else { end.replace('_', " ") };
                bars.push(Bar::new(kind, compiled, to, &format!("Attempt {number}, {words}")));
            }
            before = second(attempt.text("ended_at")).map(|to| (to, end));
        }
        let is_open = matches!(step.text("status"), "waiting" | "parked");
        if let Some((end, how)) = before.filter(|_| is_open) {
            bars.push(pause(how, end, self.until));
        }
        bars
    }

    /// Draws the timeline.
    pub fn draw(&self) -> Markup {
        let all = || self.rows.iter().flat_map(|row| &row.bars);
        let Some(start) = all().map(|bar| bar.from).reduce(f64::min) else {
            return html! { p.muted { "No step has begun." } };
        };
        let end = all().map(|bar| bar.to).fold(start, f64::max);
        let busy: Vec<(f64, f64)> =
            all().filter(|bar| bar.is_busy()).map(|bar| (bar.from - start, bar.to - start)).collect();
        let scale = Scale::new((0.0, end - start), &busy, (LABELS, WIDTH - 8.0));
        let height = HEAD + self.rows.len() * ROW + 6;
        html! {
            div.timeline-wrap tabindex="0" role="region" aria-label="Drawing of the timeline" {
                svg.timeline viewBox={ "0 0 " (WIDTH) " " (height) } role="img"
                    aria-label="Timeline of the steps. The table of times below has the same content." {
                    (grid(&scale, height))
                    @for (place, row) in self.rows.iter().enumerate() { (drawn(row, place, start, &scale)) }
                }
            }
            @if self.left_out > 0 { p.muted { "The list of steps has " (show::counted(self.left_out, "more step")) "." } }
        }
    }
}

fn pause(how: &str, from: f64, to: f64) -> Bar {
    let (kind, words) =
        if how == "parked" { ("parked", "Parked") } else { ("waiting", "Waited for the next attempt") };
    Bar::new(kind, from, to, words)
}

fn grid(scale: &Scale, height: usize) -> Markup {
    html! {
        @for (since, place) in scale.lines() {
            line.grid x1=(at(place)) x2=(at(place)) y1=(HEAD) y2=(height) {}
            text x=(at(place)) y="15" text-anchor="middle" { (elapsed(since)) }
        }
        @for idle in scale.idle() {
            rect.idle x=(at(idle.left)) y=(HEAD) width=(at(idle.right - idle.left)) height=(height - HEAD) {
                title { (show::seconds(&json!(idle.to - idle.from))) " without activity, shortened" }
            }
            text x=(at((idle.left + idle.right) / 2.0)) y="15" text-anchor="middle" { "⋯" }
        }
    }
}

fn drawn(row: &Row, place: usize, start: f64, scale: &Scale) -> Markup {
    let top = HEAD + place * ROW;
    let (indent, fits) = (6 + row.depth.min(8) * 14, 32_usize.saturating_sub(row.depth.min(8) * 2));
    html! {
        text x=(indent) y=(top + 17) { (show::text(&cut(&row.label, fits))) title { (show::text(&row.label)) } }
        @for bar in &row.bars {
            @let (left, right) = (scale.place(bar.from - start), scale.place(bar.to - start));
            rect.bar data-status=(bar.kind) x=(at(left)) y=(top + 5) width=(at((right - left).max(2.0))) height=(ROW - 10) {
                title { (show::text(&row.label)) ": " (bar.words) }
            }
        }
    }
}

fn at(place: f64) -> String {
    format!("{place:.1}")
}

/// Returns the time since the start in few characters, which differ for any two lines of the grid.
fn elapsed(seconds: f64) -> String {
    let (value, unit) = match seconds {
        0.0 => return "0".to_owned(),
        s if s < 1.0 => (s * 1e3, "ms"),
        s if s < 120.0 => (s, "s"),
        s if s < 7_200.0 => (s / 60.0, "min"),
        s => (s / 3_600.0, "h"),
    };
    let text = format!("{value:.2}");
    format!("{} {unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(second: u32) -> String {
        format!("2026-03-29T12:{:02}:{:02}Z", second / 60, second % 60)
    }

    fn attempt(step: &str, number: u32, from: u32, to: Option<u32>, end: &str) -> Value {
        json!({"step_id": step, "attempt": number, "started_at": time(from), "ended_at": to.map(time),
            "end": (!end.is_empty()).then_some(end), "compile_us": if number == 1 { 500_000 } else { 0 }})
    }

    fn kinds(row: &Row) -> Vec<&'static str> {
        row.bars.iter().map(|bar| bar.kind).collect()
    }

    #[test]
    fn attempts_become_bars_with_the_pauses_between_them() {
        let step = |id: &str, status: &str| json!({"step_id": id, "status": status});
        let group = json!({"step_id": "g", "status": "running", "branches": [
            {"branch_id": "g[0]", "steps": [step("g[0].a", "running")]},
            {"branch_id": "g[1]", "steps": [step("g[1].a", "success"), step("g[1].b", "pending")]}]});
        let run = json!({"steps": [step("load", "success"), step("ask", "parked"), group]});
        let times = json!({"created_at": time(0), "due_at": time(0), "started_at": time(5), "attempts": [
            attempt("load", 1, 5, Some(6), "failed"), attempt("load", 2, 10, Some(12), "succeeded"),
            attempt("ask", 0, 12, None, ""),
            attempt("g[0].a", 1, 12, None, ""), attempt("g[1].a", 3, 13, Some(20), "parked"),
            attempt("g[1].a", 4, 30, Some(31), "succeeded")]});
        let rows = Rows::of(&run, &times, second(&time(60)).unwrap(), 100);
        let shown: Vec<_> = rows.rows.iter().map(|row| (row.label.as_str(), row.depth, kinds(row))).collect();
        assert_eq!(
            shown,
            [
                ("Queue", 0, vec!["queued"]),
                ("load", 0, vec!["compile", "failed", "waiting", "success"]),
                ("ask", 0, vec!["parked"]),
                ("g", 0, vec!["group"]),
                ("g[0].a", 1, vec!["compile", "running"]),
                ("g[1]", 1, vec![]),
                ("g[1].a", 2, vec!["parked", "parked", "success"]),
                ("g[1].b", 2, vec![]),
            ]
        );
        let drawn = rows.draw().into_string();
        assert!(drawn.contains("Attempt 2, succeeded: 2.00 s") && !drawn.contains("style="), "{drawn}");
    }

    #[test]
    fn the_labels_of_the_axis_differ() {
        for (seconds, label) in
            [(0.25, "250 ms"), (1.5, "1.5 s"), (2.0, "2 s"), (150.0, "2.5 min"), (8_100.0, "2.25 h")]
        {
            assert_eq!(elapsed(seconds), label);
        }
        for length in (1..4_000).map(|n| f64::from(n) * f64::from(n) * 0.003) {
            let scale = Scale::new((0.0, length), &[(0.0, length)], (LABELS, WIDTH - 8.0));
            let labels: Vec<String> = scale.lines().iter().map(|(since, _)| elapsed(*since)).collect();
            let different: std::collections::BTreeSet<&String> = labels.iter().collect();
            assert!(different.len() == labels.len() && !labels.is_empty(), "{length} s: {labels:?}");
        }
    }

    #[test]
    fn the_timeline_of_any_run_is_bounded() {
        let steps: Vec<Value> =
            (0..1_000).map(|n| json!({"step_id": format!("s{n}<i>"), "status": "success"})).collect();
        let attempts: Vec<Value> =
            (0..1_000).map(|n| attempt(&format!("s{n}<i>"), 1, n, Some(n + 1), "succeeded")).collect();
        let (run, times) = (json!({"steps": steps}), json!({"attempts": attempts}));
        let drawn = Rows::of(&run, &times, 0.0, 100).draw().into_string();
        assert!(
            drawn.len() < 100_000 && drawn.contains("900 more steps") && !drawn.contains("<i>"),
            "{}",
            drawn.len()
        );
        let none = json!({});
        assert!(Rows::of(&none, &none, 0.0, 100).draw().into_string().contains("No step has begun"));
    }
}
