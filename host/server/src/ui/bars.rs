//! The durations of runs as bars, the newest on the right.

use maud::{Markup, html};
use serde_json::Value;

use super::show;
use super::value::Parts;

/// The size of the picture, and the width of a bar with its gap, in pixels.
const WIDTH: usize = 640;
const HEIGHT: usize = 96;
const STEP: usize = 12;
const LEAST: f64 = 3.0;

/// A bar: its run, its status, the seconds, and its height.
#[derive(Debug, PartialEq)]
struct Bar<'r> {
    id: &'r str,
    status: &'r str,
    seconds: Option<f64>,
    height: usize,
}

/// Returns the seconds of a run, if it has ended.
pub(super) fn seconds(run: &Value) -> Option<f64> {
    let time = |key: &str| chrono::DateTime::parse_from_rfc3339(run.text(key)).ok();
    let (start, end) = (time("start_time")?, time("end_time")?);
    Some((end - start).num_milliseconds().max(0) as f64 / 1_000.0)
}

/// Returns the status whose colour and shape a bar has.
fn tone(status: &str) -> &str {
    if status == "expired" { "timeout" } else { status }
}

/// Returns the bars of runs that are listed newest first.
fn bars(runs: &[Value]) -> Vec<Bar<'_>> {
    let most = WIDTH / STEP;
    let longest = runs.iter().take(most).filter_map(seconds).fold(0.0, f64::max).max(0.001);
    let bar = |run| {
        let seconds = seconds(run);
        // A run without a duration has the least height, too.
        let share = seconds.unwrap_or_default() / longest;
        let height = (share * HEIGHT as f64).clamp(LEAST, HEIGHT as f64).round() as usize;
        Bar { id: run.text("execution_id"), status: run.text("status"), seconds, height }
    };
    runs.iter().take(most).rev().map(bar).collect()
}

/// Draws the durations of runs that are listed newest first. `link` returns the address of a run.
pub(super) fn drawn(runs: &[Value], link: impl Fn(&str) -> String) -> Markup {
    let all = bars(runs);
    let longest = all.iter().filter_map(|bar| bar.seconds).fold(0.0, f64::max);
    let failed = all.iter().filter(|bar| !matches!(bar.status, "success" | "running" | "queued")).count();
    let words = format!(
        "Durations of the last {}, the newest on the right; the longest took {}; {failed} did not succeed",
        show::counted(all.len(), "run"),
        show::seconds(&longest.into())
    );
    html! {
        svg.bars viewBox={ "0 0 " (WIDTH) " " (HEIGHT + 1) } role="group" aria-label=(words) preserveAspectRatio="xMinYMax meet" {
            line.grid x1="0" x2=(WIDTH) y1=(HEIGHT) y2=(HEIGHT) {}
            @for (index, bar) in all.iter().enumerate() {
                @let text = format!("{}: {}, {}", bar.id, bar.status.replace('_', " "), show::seconds(&bar.seconds.into()));
                a href=(link(bar.id)) aria-label=(text) {
                    title { (text) }
                    rect.bar data-status=(tone(bar.status)) x=(index * STEP + 1) y=(HEIGHT - bar.height)
                        width=(STEP - 3) height=(bar.height) {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn heights_follow_the_longest_run() {
        let run = |id: &str, seconds: u32| {
            json!({"execution_id": id, "status": "success", "start_time": "2026-01-01T00:00:00Z",
                "end_time": format!("2026-01-01T00:00:{seconds:02}Z")})
        };
        let runs = [run("c", 10), run("b", 40), json!({"execution_id": "a", "status": "running"})];
        let found: Vec<(&str, usize)> = bars(&runs).iter().map(|bar| (bar.id, bar.height)).collect();
        assert_eq!(found, [("a", 3), ("b", HEIGHT), ("c", HEIGHT / 4)]);
        let many: Vec<Value> = (0..500).map(|_| run("<x>", 0)).collect();
        let html = drawn(&many, |_| String::new()).into_string();
        assert!(bars(&many).len() == WIDTH / STEP && !html.contains("<x>"));
    }
}
