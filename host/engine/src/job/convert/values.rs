//! Values of legacy jobs that the present form writes in another way.

use serde_json::{Map, Number, Value, json};

use crate::document::{escape, is_secret_name};

/// A text that a system fills in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Template {
    /// The present form fills it in.
    Present,
    /// It looks like a template of an older system.
    Old,
}

/// Returns whether one of the texts of a value is a template.
pub(super) fn template(value: &Value) -> Option<Template> {
    match value {
        Value::String(text) if text.contains("${{") => Some(Template::Present),
        Value::String(text) if is_old(text) => Some(Template::Old),
        Value::Array(items) => items.iter().find_map(template),
        Value::Object(map) => map.values().find_map(template),
        _ => None,
    }
}

/// Returns whether a text has `{{ name }}`.
fn is_old(text: &str) -> bool {
    text.split("{{").skip(1).any(|rest| {
        let name =
            rest.split("}}").next().filter(|name| name.len() < rest.len()).map(str::trim).unwrap_or_default();
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
    })
}

/// Returns the name and the pointer of the first secret of a key: its own value, or one below it. A template is a
/// reference and no secret.
pub(super) fn secret(key: &str, value: &Value, pointer: &str) -> Option<(String, String)> {
    match value {
        Value::String(text) => {
            let lower = text.to_lowercase();
            let named = is_secret_name(key);
            let inside = key.to_lowercase().contains("connection")
                && (lower.contains("password=") || lower.contains("pwd="));
            let is_secret = !text.is_empty() && !text.contains("${{") && (named || inside);
            is_secret.then(|| (key.to_owned(), pointer.to_owned()))
        }
        Value::Object(map) => {
            map.iter().find_map(|(key, value)| secret(key, value, &format!("{pointer}/{}", escape(key))))
        }
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(i, value)| secret(key, value, &format!("{pointer}/{i}")))
        }
        _ => None,
    }
}

/// Returns the number that a text holds. `None` for a number, a time span with a unit, and anything else.
pub(super) fn number(value: &Value) -> Option<Value> {
    let text = value.as_str()?.trim();
    let whole = text.parse::<u64>().ok().map(Number::from);
    let number = whole.or_else(|| Number::from_f64(text.parse::<f64>().ok()?));
    let is_plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    number.filter(|_| is_plain).map(Value::Number)
}

/// Returns the truth value of a text or a number. `None` for a truth value, and for anything else.
pub(super) fn yes_or_no(value: &Value) -> Option<bool> {
    let text = match value {
        Value::String(text) => text.trim().to_lowercase(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    match text.as_str() {
        "true" | "yes" | "y" | "on" | "1" | "enabled" | "active" => Some(true),
        "false" | "no" | "n" | "off" | "0" | "disabled" | "inactive" => Some(false),
        _ => None,
    }
}

/// Returns whether a text can be the id of a job.
pub(super) fn is_id(id: &str) -> bool {
    let is_inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    id.len() <= 64 && id.starts_with(|c: char| c.is_ascii_alphanumeric()) && id.bytes().all(is_inner)
}

/// Returns an id that is close to a text.
pub(super) fn suggested(text: &str) -> String {
    let mut id = String::new();
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') => id.push(c.to_ascii_lowercase()),
            _ if id.ends_with('-') => {}
            _ => id.push('-'),
        }
    }
    let id: String = id.trim_matches(['-', '.', '_']).chars().take(64).collect();
    if id.is_empty() { "daily-report".to_owned() } else { id }
}

/// A schedule as a file has it.
pub(super) enum Written {
    /// It has the present form, or its problems are those of the present form.
    Present,
    /// It has an older form. The present one.
    Old(Value),
    /// It has no form that can be converted. The reason.
    Unknown(String),
}

/// The old names of keys of a schedule, and the unit of a time between two fires.
const INTERVALS: &[(&str, &str)] = &[
    ("interval_seconds", "s"),
    ("interval_minutes", "m"),
    ("interval_hours", "h"),
    ("every_seconds", "s"),
    ("every_minutes", "m"),
    ("every_hours", "h"),
];

/// Returns the present form of a schedule.
pub(super) fn schedule(written: &Value) -> Written {
    match written {
        Value::String(text) if is_pattern(text) => Written::Old(json!({"cron": text.trim()})),
        Value::String(_) => {
            Written::Unknown("the schedule is a text, and no pattern of five or six fields".to_owned())
        }
        Value::Object(map) => of_map(map),
        _ => Written::Unknown("the schedule must be a map".to_owned()),
    }
}

/// Returns whether a text looks like a cron pattern.
fn is_pattern(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('@') || matches!(text.split_whitespace().count(), 5 | 6)
}

fn of_map(map: &Map<String, Value>) -> Written {
    let mut new = Map::new();
    let mut changed = false;
    for (key, value) in map {
        let interval = INTERVALS.iter().find(|(name, _)| name == key);
        let (name, value) = match (key.as_str(), interval) {
            (_, Some((_, unit))) => match value.as_u64().filter(|n| *n > 0) {
                Some(n) => ("every", json!(format!("{n}{unit}"))),
                None => {
                    return Written::Unknown(format!(
                        "`{key}` of the schedule must be a whole number above 0"
                    ));
                }
            },
            ("cron_expression" | "expression" | "pattern", None) => ("cron", value.clone()),
            ("run_at" | "scheduled_time", None) => ("at", value.clone()),
            ("start_date" | "start_time", None) => ("start", value.clone()),
            ("end_date" | "end_time", None) => ("end", value.clone()),
            // The other keys say it already.
            ("type", None) if value.is_string() => {
                changed = true;
                continue;
            }
            (key, None) => (key, value.clone()),
        };
        changed |= name != key;
        if new.insert(name.to_owned(), value).is_some() {
            return Written::Unknown(format!("the schedule gives `{name}` twice"));
        }
    }
    if changed { Written::Old(Value::Object(new)) } else { Written::Present }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_old_forms_are_read() {
        assert_eq!(number(&json!("300")), Some(json!(300)));
        assert_eq!(number(&json!("1.5")), Some(json!(1.5)));
        for other in [json!("5m"), json!(300), json!("-1"), json!("inf"), json!("1e3")] {
            assert_eq!(number(&other), None, "{other}");
        }
        assert_eq!(yes_or_no(&json!("Yes")), Some(true));
        assert_eq!(yes_or_no(&json!(0)), Some(false));
        assert_eq!(yes_or_no(&json!(true)), None);
        assert_eq!(suggested("Daily Report / 2"), "daily-report-2");
        assert_eq!(suggested("///"), "daily-report");
        assert!(is_id("sql-job-001") && !is_id("a b") && !is_id("-a") && !is_id(""));
        assert_eq!(template(&json!(["SELECT {{ day }}"])), Some(Template::Old));
        assert_eq!(template(&json!({"a": "${{ vars.x }}"})), Some(Template::Present));
        assert_eq!(template(&json!("$x = @{ a = @{} }; '{{1}}'")), None);
    }

    #[test]
    fn schedules_of_old_forms_are_read() {
        let old = |written: Value| match schedule(&written) {
            Written::Old(new) => new,
            Written::Present => json!("present"),
            Written::Unknown(why) => json!(why),
        };
        assert_eq!(old(json!("0 6 * * *")), json!({"cron": "0 6 * * *"}));
        assert_eq!(old(json!({"type": "interval", "interval_minutes": 5})), json!({"every": "5m"}));
        assert_eq!(old(json!({"cron_expression": "@daily"})), json!({"cron": "@daily"}));
        assert_eq!(old(json!({"cron": "@daily"})), json!("present"));
        assert_eq!(
            old(json!("every day")),
            json!("the schedule is a text, and no pattern of five or six fields")
        );
    }
}
