//! Small parts of pages: texts of steps, times, statuses, sizes.

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde_json::Value;
use stepwell::engine::label::is_hidden;
use stepwell::engine::quantity::Bytes;

use super::value::Parts;

/// The maximum number of characters of a text in a page.
const MOST: usize = 4_000;

/// Shows a text of a step or a person, in one or more lines. Characters that could reorder or hide text are replaced by
/// a visible one, and a long text is cut.
pub(super) fn text(text: &str) -> String {
    let shown = |c: char| if c != '\n' && c != '\t' && is_hidden(c) { '\u{fffd}' } else { c };
    match text.char_indices().nth(MOST) {
        None => text.chars().map(shown).collect(),
        Some((end, _)) => {
            let start: String = text.get(..end).unwrap_or_default().chars().map(shown).collect();
            format!("{start}… ({})", stepwell::engine::quantity::counted(text.len() - end, "more byte"))
        }
    }
}

/// Shows a time of the API with its zone, and the distance to now, which a script writes and renews.
pub(super) fn time(at: &str) -> Markup {
    let Ok(known) = DateTime::parse_from_rfc3339(at) else {
        return html! { span.none { "–" } };
    };
    let absolute = known.with_timezone(&Utc).format("%Y-%m-%d %H:%M:%S UTC").to_string();
    html! { span.nowrap { (absolute) } " " (since(at, None)) }
}

/// Shows the distance between a time and now; its title is the time in the zone, or in that of the browser.
pub(super) fn since(at: &str, zone: Option<&str>) -> Markup {
    html! { time.muted.nowrap datetime=(at) data-relative data-zone=[zone] {} }
}

/// Shows a status with its own shape and colour.
pub(super) fn status(name: &str) -> Markup {
    let words = name.replace('_', " ");
    html! { span.status data-status=(name) { (words) } }
}

/// Shows a duration in seconds.
pub(super) fn seconds(value: &Value) -> String {
    match value.as_f64() {
        Some(seconds) if seconds < 10.0 => format!("{seconds:.2} s"),
        Some(seconds) if seconds < 60.0 => format!("{seconds:.1} s"),
        Some(seconds) if seconds.is_finite() && seconds >= 0.0 => {
            let (minutes, rest) = (seconds as u64 / 60, seconds as u64 % 60);
            match (minutes / 60, minutes % 60) {
                (0, minutes) => format!("{minutes} min {rest} s"),
                (hours, 0) if hours < 48 => format!("{hours} h"),
                (hours, minutes) if hours < 48 => format!("{hours} h {minutes} min"),
                (hours, _) => format!("{} d {} h", hours / 24, hours % 24),
            }
        }
        _ => "–".to_owned(),
    }
}

/// Shows a number of bytes.
pub(super) fn bytes(value: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(unit, _)| value >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", value as f64 / *unit as f64),
        None => format!("{}", Bytes::new(value)),
    }
}

/// Shows a number with separators between thousands.
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut shown = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push('\u{202f}');
        }
        shown.push(digit);
    }
    shown
}

/// Shows a number with its noun, in the singular for 1.
pub(super) fn counted(value: usize, noun: &str) -> String {
    stepwell::engine::quantity::counted(count(value as u64), noun)
}

/// Shows the link to the next page of a list, if there is one. `here` is the address of this page without its cursor.
pub(super) fn next_page(answer: &Value, here: &str) -> Markup {
    next_part(answer, here, "Next page")
}

/// As [`next_page`], with another label.
pub(super) fn next_part(answer: &Value, here: &str, label: &str) -> Markup {
    let cursor = answer.text("next_cursor");
    let cursor: String = crate::api::encoded(cursor).collect();
    let joint = if here.contains('?') { '&' } else { '?' };
    html! {
        @if !cursor.is_empty() {
            nav.pagination aria-label="Pages" {
                a.button.plain href={ (here) (joint) "cursor=" (cursor) } rel="next" { (label) }
            }
        }
    }
}

/// Returns a name as the id of an element: other characters than letters, digits and `-` become `-`.
pub(super) fn anchor(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    format!("at-{}", name.chars().map(plain).collect::<String>())
}

/// Shows a notice in place of an empty list.
pub(super) fn empty(what: &str, hint: Markup) -> Markup {
    html! {
        div.empty { p { strong { (what) } } (hint) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_step_cannot_steer_a_page() {
        assert_eq!(text("a\u{1b}[2J\u{202e}b\nc\td"), "a\u{fffd}[2J\u{fffd}b\nc\td");
        assert!(text(&"x".repeat(10_000_000)).len() < 5_000);
        let shown = html! { (text("<script>alert(1)</script>")) }.into_string();
        assert_eq!(shown, "&lt;script&gt;alert(1)&lt;/script&gt;");
    }

    #[test]
    fn a_time_has_its_zone_and_a_place_for_its_distance() {
        let shown = time("2026-11-29T08:15:00+01:00").into_string();
        assert!(
            shown.contains(">2026-11-29 07:15:00 UTC<")
                && shown.contains("datetime=\"2026-11-29T08:15:00+01:00\" data-relative"),
            "{shown}"
        );
        assert!(time("").into_string().contains('–'));
    }

    #[test]
    fn figures_are_short() {
        assert_eq!(seconds(&json!(1.2345)), "1.23 s");
        for (value, shown) in [(61.4, "1 min 1 s"), (3_700.0, "1 h 1 min"), (172_800.0, "2 d 0 h")] {
            assert_eq!(seconds(&json!(value)), shown);
        }
        assert_eq!(seconds(&Value::Null), "–");
        assert_eq!(
            (bytes(0), bytes(1_500), bytes(3 << 30)),
            ("0B".into(), "1.5 KiB".into(), "3.0 GiB".into())
        );
        assert_eq!((counted(1, "row"), counted(1_000, "row")), ("1 row".into(), "1\u{202f}000 rows".into()));
        assert_eq!((count(7), count(1_234_567)), ("7".into(), "1\u{202f}234\u{202f}567".into()));
    }
}
