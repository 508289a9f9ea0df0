//! The resources of an attempt: the used part of its limits, its calls, and its denials.

use maud::{Markup, html};
use serde_json::{Value, json};
use stepwell::engine::policy::Rule;

use crate::ui::show;
use crate::ui::value::Parts;

/// The maximum number of entries of a list in a receipt.
const MOST: usize = 100;

/// A limit, and its use by an attempt.
struct Meter {
    name: &'static str,
    used: f64,
    allowed: f64,
    /// Formats both.
    shown: fn(f64) -> String,
}

fn number(value: f64) -> String {
    show::count(value as u64)
}

fn size(value: f64) -> String {
    show::bytes(value as u64)
}

fn time(value: f64) -> String {
    show::seconds(&json!(value))
}

fn meters(receipt: &Value, limits: &Value) -> Vec<Meter> {
    let calls: u64 = receipt.entries("host_calls").iter().filter_map(|(_, count)| count.as_u64()).sum();
    let meter = |name, used: f64, key: &str, shown| Meter { name, used, allowed: limits.float(key), shown };
    let used = |key: &str| receipt.float(key);
    let all = vec![
        meter("CPU (fuel)", used("fuel"), "fuel", number as fn(f64) -> String),
        meter("Memory", used("memory_peak_bytes"), "memory_bytes", size),
        meter("Memory of the host", used("host_peak_bytes"), "host_bytes", size),
        meter("Time", used("run_us") / 1e6, "wall_seconds", time),
        meter("Host calls", calls as f64, "host_calls", number),
        meter("Log lines", used("log_lines"), "log_lines", number),
        meter("Log", used("log_bytes"), "log_bytes", size),
        meter("SQL statements", used("sql_statements"), "sql_statements", number),
        meter("Checkpoints", used("checkpoints"), "checkpoints", number),
        meter("Stored, of the limit for all attempts", used("stored_bytes"), "run_bytes", size),
    ];
    all.into_iter().filter(|meter| meter.used > 0.0 || meter.allowed > 0.0).collect()
}

/// Shows the use of the limits as bars.
pub(super) fn bars(receipt: &Value, limits: &Value) -> Markup {
    html! {
        div.bars {
            @for Meter { name, used, allowed, shown } in meters(receipt, limits) {
                @let words = if allowed > 0.0 { format!("{} of {}", shown(used), shown(allowed)) } else { shown(used) };
                div.meter-row {
                    span { (name) }
                    span.muted { (words) }
                    @if allowed > 0.0 {
                        meter min="0" max=(allowed) low=(allowed * 0.8) high=(allowed * 0.95) optimum="0" value=(used.min(allowed))
                            aria-label={ (name) ": " (words) } {}
                    }
                }
            }
        }
    }
}

/// Shows a list of names with numbers.
fn counts(entries: &[(&str, &Value)], label: &str) -> Markup {
    html! {
        @if !entries.is_empty() {
            div {
                h3 { (label) }
                dl.facts {
                    @for (name, count) in entries.iter().take(MOST) {
                        dt { code { (show::text(name)) } } dd { (show::count(count.as_u64().unwrap_or_default())) }
                    }
                }
            }
        }
    }
}

fn names(list: &[Value], label: &str) -> Markup {
    let names: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    html! {
        @if !names.is_empty() {
            div {
                h3 { (label) }
                ul { @for name in names.iter().take(MOST) { li { code { (show::text(name)) } } } }
                @if names.len() > MOST { p.muted { (names.len() - MOST) " more" } }
            }
        }
    }
}

/// Shows the calls of an attempt to its host and to other systems.
pub(super) fn calls(receipt: &Value) -> Markup {
    html! {
        div.columns {
            (counts(&receipt.entries("host_calls"), "Host calls"))
            (names(receipt.list("hosts"), "Hosts"))
            (names(receipt.list("secrets"), "Credentials and connections"))
            (names(receipt.list("workspace_files"), "Files written"))
            div {
                h3 { "Data" }
                dl.facts {
                    dt { "Received" } dd { (show::bytes(receipt.number("bytes_in"))) }
                    dt { "Sent" } dd { (show::bytes(receipt.number("bytes_out"))) }
                    dt { "Component" } dd { code { (show::text(receipt.text("component"))) } }
                    dt { "Grant" } dd { code { (show::text(receipt.text("policy"))) } }
                }
            }
        }
    }
}

/// Shows the denials of an attempt with the meaning of their rules, and the lines of the log that name the change
/// that would allow them.
pub(super) fn denials(receipt: &Value, lines: &[String]) -> Markup {
    let denials = receipt.entries("denials");
    let meaning = |id: &str| Rule::ALL.iter().find(|rule| rule.id() == id).map(|rule| rule.meaning());
    html! {
        @if !denials.is_empty() {
            h3 { "Denied by policy" }
            ul {
                @for (rule, count) in &denials {
                    li {
                        code { (rule) } ", " (stepwell::engine::quantity::counted(show::count(count.as_u64().unwrap_or_default()), "time"))
                        @if let Some(meaning) = meaning(rule) { ": " (crate::ui::words::marked(&meaning)) }
                        @for line in lines.iter().filter(|line| line.contains(&format!("[{rule}]"))) {
                            pre.code.wrap tabindex="0" { (show::text(line)) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_compare_the_use_with_the_limits() {
        let receipt = json!({"fuel": 900, "memory_peak_bytes": 1 << 20, "run_us": 2_000_000, "host_calls": {"log": 3, "http": 4}});
        let limits = json!({"fuel": 1_000, "memory_bytes": 2 << 20, "wall_seconds": 1.0, "host_calls": 10});
        let shown = bars(&receipt, &limits).into_string();
        for expected in [
            "max=\"1000\" low=\"800\" high=\"950\"",
            "1.0 MiB of 2.0 MiB",
            "7 of 10",
            "2.00 s of 1.00 s",
            "value=\"1\"",
        ] {
            assert!(shown.contains(expected), "{expected}: {shown}");
        }
        assert!(!bars(&receipt, &Value::Null).into_string().contains("<meter"));
    }

    #[test]
    fn a_denial_shows_its_rule_and_the_change() {
        let receipt = json!({"denials": {"HTTP_NOT_GRANTED": 2}});
        let lines =
            ["denied by policy: GET https://a/<b>: not granted; write `http: ...` [HTTP_NOT_GRANTED]"
                .to_owned()];
        let shown = denials(&receipt, &lines).into_string();
        assert!(
            shown.contains("2 times: No rule allows the request.") && shown.contains("https://a/&lt;b&gt;"),
            "{shown}"
        );
    }
}
