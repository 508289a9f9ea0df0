//! Charts as SVG. Attributes carry the data, since pages have no inline styles.

use maud::{Markup, html};

use super::show;

/// The number of ended runs in an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hour {
    /// The start of the hour, as people read it.
    pub label: String,
    pub runs: u64,
    pub failed: u64,
}

/// The size of a chart of hours, and the height of its labels.
const WIDTH: u64 = 480;
const HEIGHT: u64 = 110;
const FOOT: u64 = 18;

/// Shows the ended runs of each hour as bars, with the failed ones as their lower part.
pub(super) fn throughput(hours: &[Hour]) -> Markup {
    let most = hours.iter().map(|hour| hour.runs).max().unwrap_or(0).max(1);
    let total: u64 = hours.iter().map(|hour| hour.runs).sum();
    let label = format!(
        "{} ended in {}, at most {} in one hour",
        counted_runs(total),
        show::counted(hours.len(), "hour"),
        show::count(most)
    );
    bars(hours, &label, |hour| {
        let (all, failed) = (part(hour.runs, most), part(hour.failed, most));
        let words = format!("{}: {}, {} failed", hour.label, counted_runs(hour.runs), hour.failed);
        (vec![(failed, "failed"), (all.saturating_sub(failed), "success")], words)
    })
}

/// Shows the part of the ended runs of each hour that failed.
pub(super) fn failures(hours: &[Hour]) -> Markup {
    let (runs, failed) =
        hours.iter().fold((0, 0), |(runs, failed), hour| (runs + hour.runs, failed + hour.failed));
    let label =
        format!("{} of {} failed, {}", show::count(failed), counted_runs(runs), percent(failed, runs));
    bars(hours, &label, |hour| {
        let words = format!("{}: {}", hour.label, percent(hour.failed, hour.runs));
        (vec![(part(hour.failed, hour.runs.max(1)), "failed")], words)
    })
}

fn counted_runs(runs: u64) -> String {
    show::counted(usize::try_from(runs).unwrap_or(usize::MAX), "run")
}

/// Shows a rate of failures.
pub(super) fn percent(failed: u64, runs: u64) -> String {
    match runs {
        0 => "no runs".to_owned(),
        runs => format!("{:.1} %", 100.0 * failed as f64 / runs as f64),
    }
}

/// Returns the height of a bar. A bar that is not empty is visible.
fn part(value: u64, most: u64) -> u64 {
    let height = (HEIGHT - FOOT - 4).saturating_mul(value) / most.max(1);
    if value > 0 { height.max(2) } else { 0 }
}

/// Shows a bar for each hour: its parts from below, each with a height and a status, and its words.
fn bars<'a>(hours: &[Hour], label: &str, shown: impl Fn(&Hour) -> (Vec<(u64, &'a str)>, String)) -> Markup {
    let step = WIDTH / (hours.len() as u64).max(1);
    html! {
        svg.bars viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(label) {
            line.grid x1="0" x2=(WIDTH) y1=(HEIGHT - FOOT) y2=(HEIGHT - FOOT) {}
            @for (place, hour) in (0u64..).zip(hours) {
                @let (parts, words) = shown(hour);
                g {
                    title { (words) }
                    @for (below, (height, status)) in stacked(parts) {
                        rect.bar data-status=(status) x=(place * step + 1) width=(step.saturating_sub(2).max(1))
                            y=(HEIGHT - FOOT - below - height) height=(height) {}
                    }
                }
                @if place % 6 == 0 {
                    text x=(place * step) y=(HEIGHT - 4) { (hour.label) }
                }
            }
        }
    }
}

/// Returns each part that is not empty, with the height of the parts below it.
fn stacked(parts: Vec<(u64, &str)>) -> Vec<(u64, (u64, &str))> {
    let mut below = 0;
    let placed = parts.into_iter().map(|part| {
        let place = (below, part);
        below += part.0;
        place
    });
    placed.filter(|(_, (height, _))| *height > 0).collect()
}

/// A mark on a strip of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// A fire, at a minute of the strip.
    Fire { minute: i64, words: String },
    /// A change of the clocks.
    Clocks { minute: i64, words: String },
    /// A full hour, with its label.
    Hour { minute: i64, label: String },
    /// A time in which nothing starts.
    Closed { from: i64, to: i64 },
}

/// The minutes of a strip: one hour before now, and 24 hours after it.
pub(super) const STRIP: i64 = 25 * 60;
/// The minute of a strip that is now.
pub(super) const NOW: i64 = 60;

/// Shows a strip of 25 hours. A minute is half a unit wide.
pub(super) fn strip(marks: &[Mark], label: &str) -> Markup {
    let x = |minute: i64| format!("{:.1}", minute.clamp(0, STRIP) as f64 / 2.0);
    html! {
        svg.lane viewBox={ "0 0 " (STRIP / 2) " 56" } role="img" aria-label=(label) {
            rect.track x="0" y="8" width=(STRIP / 2) height="26" {}
            @for mark in marks {
                @match mark {
                    Mark::Closed { from, to } => {
                        rect.closed x=(x(*from)) y="8" width=(x(to - from)) height="26" { title { "The queue is closed." } }
                    }
                    Mark::Hour { minute, label } => {
                        line.grid x1=(x(*minute)) x2=(x(*minute)) y1="8" y2="34" {}
                        @if !label.is_empty() { text x=(x(*minute)) y="50" text-anchor="middle" { (label) } }
                    }
                    Mark::Fire { minute, words } => {
                        line.tick x1=(x(*minute)) x2=(x(*minute)) y1="12" y2="30" { title { (words) } }
                    }
                    Mark::Clocks { minute, words } => {
                        line.clocks x1=(x(*minute)) x2=(x(*minute)) y1="0" y2="40" { title { (words) } }
                    }
                }
            }
            line.now x1=(x(NOW)) x2=(x(NOW)) y1="2" y2="40" { title { "Now" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(runs: u64, failed: u64) -> Hour {
        Hour { label: "08:00".into(), runs, failed }
    }

    #[test]
    fn bars_are_as_high_as_their_part_of_the_most() {
        assert_eq!((part(10, 10), part(5, 10), part(0, 10), part(1, 100_000)), (88, 44, 0, 2));
        assert_eq!(
            stacked(vec![(2, "failed"), (0, "x"), (5, "success")]),
            [(0, (2, "failed")), (2, (5, "success"))]
        );
    }

    #[test]
    fn charts_have_a_text() {
        let hours = [hour(10, 1), hour(0, 0)];
        let chart = throughput(&hours).into_string();
        assert!(
            chart.contains(r#"aria-label="10 runs ended in 2 hours, at most 10 in one hour""#),
            "{chart}"
        );
        assert!(chart.contains("<title>08:00: 10 runs, 1 failed</title>"), "{chart}");
        let chart = failures(&hours).into_string();
        assert!(chart.contains(r#"aria-label="1 of 10 runs failed, 10.0 %""#), "{chart}");
        assert_eq!(percent(0, 0), "no runs");
        // A chart without hours is a chart, too.
        assert!(throughput(&[]).into_string().contains("0 runs"));
    }

    #[test]
    fn marks_of_a_strip_stay_on_it() {
        let marks = [
            Mark::Closed { from: NOW, to: 10 * STRIP },
            Mark::Fire { minute: -5, words: "a & b".into() },
            Mark::Hour { minute: 120, label: "09:00".into() },
        ];
        let strip = strip(&marks, "Fires").into_string();
        assert!(strip.contains(r#"x1="0.0""#) && strip.contains("a &amp; b"), "{strip}");
        assert!(strip.contains(r#"width="750.0""#) && strip.contains(">09:00</text>"), "{strip}");
    }
}
