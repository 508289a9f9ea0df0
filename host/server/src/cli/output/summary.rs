//! A run for people: its steps, where one trapped, and the beginning of what each gave to later steps.

use console::style;
use serde_json::Value;
use stepwell::engine::quantity::{Bytes, Count};

use crate::Exit;
use crate::cli::output::table::{Sheet, columns_of_the_terminal, text, whole, words};
use crate::display::plain;

/// Rows and columns of a list of objects that are shown.
const ROWS: usize = 10;
const COLUMNS: usize = 8;
/// Lines of any other value that are shown, and characters of each.
const LINES: usize = 12;
const LINE: usize = 120;
/// Characters of a summary in the list of steps.
const BRIEF: usize = 200;
/// Characters of a cell.
const CELL: usize = 40;

/// The summary of a run that has ended, or stands somewhere.
pub(crate) fn summary(view: &Value) -> String {
    let steps = view.get("steps").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut sheet = Sheet::new(&[
        whole("step"),
        whole("type"),
        whole("status"),
        whole("seconds"),
        whole("fuel"),
        whole("memory"),
        words("result"),
    ]);
    let all = flat(steps);
    for (depth, step) in &all {
        let cost = |name: &str| step.pointer(&format!("/receipt/{name}")).and_then(Value::as_u64);
        sheet.row([
            format!("{}{}", "  ".repeat(*depth), text(step, "/step_id")),
            text(step, "/step_type"),
            status(step),
            seconds(step),
            cost("fuel").map_or_else(String::new, |fuel| Count::new(fuel).to_string()),
            cost("memory_peak_bytes").map_or_else(String::new, |bytes| Bytes::new(bytes).to_string()),
            brief(&text(step, "/output")),
        ]);
    }
    let mut parts = vec![plain(&text(view, "/message")), sheet.text()];
    for (_, step) in &all {
        let id = text(step, "/step_id");
        let frames = step.pointer("/outcome/backtrace").and_then(Value::as_array);
        let frames = frames.into_iter().flatten();
        parts.extend(frames.map(|frame| plain(&format!("  {id}: {}", text(frame, "")))));
    }
    let id = text(view, "/execution_id");
    parts.extend(steps.iter().filter_map(|step| output(step, &id)));
    parts.push(plain(&format!("run {id}: {} in {} s", text(view, "/status"), seconds(view))));
    parts.join("\n")
}

/// Maximum number of steps in the table.
const STEPS: usize = 200;

/// Returns the steps of a run, a group before its members, each with its depth.
fn flat(steps: &[Value]) -> Vec<(usize, &Value)> {
    fn add<'v>(depth: usize, steps: &'v [Value], found: &mut Vec<(usize, &'v Value)>) {
        let list =
            |of: &'v Value, key: &str| of.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for step in steps {
            if found.len() >= STEPS {
                return;
            }
            found.push((depth, step));
            for branch in list(step, "branches") {
                add(depth + 1, list(branch, "steps"), found);
            }
            add(depth + 1, list(step, "finally"), found);
        }
    }
    let mut found = Vec::new();
    add(0, steps, &mut found);
    found
}

fn seconds(of: &Value) -> String {
    format!("{:.2}", of.get("duration_seconds").and_then(Value::as_f64).unwrap_or(0.0))
}

/// The beginning of a summary or a message, in one line: a step may write a book.
pub(crate) fn brief(message: &str) -> String {
    let words: Vec<&str> = message.split_whitespace().collect();
    stepwell::engine::document::cut(&words.join(" "), BRIEF)
}

/// The status of a step, with the class of a failure that has one of its own.
fn status(step: &Value) -> String {
    let (status, class) = (text(step, "/status"), text(step, "/outcome/class"));
    match (status.as_str(), class.as_str()) {
        ("failed", "" | "failed") => status,
        ("failed", class) => format!("failed ({class})"),
        _ => status,
    }
}

/// Returns the exit code of a command that waited for a run.
pub(crate) fn exit_of(view: &Value) -> Exit {
    match view.get("status").and_then(Value::as_str) {
        Some("success") => Exit::Success,
        Some("cancelled") => Exit::Cancelled,
        _ => Exit::RunFailed,
    }
}

/// The beginning of a step's value, when it has one that says more than its summary.
fn output(step: &Value, execution_id: &str) -> Option<String> {
    let value = step.get("value")?;
    let empty = match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    if empty {
        return None;
    }
    let id = plain(&text(step, "/step_id"));
    let (shown, mut cut) = preview(value);
    let shown = within_the_terminal(&shown);
    cut |= step.get("value_truncated").and_then(Value::as_bool).unwrap_or(false);
    let head = style(format!("output of {id}:")).bold();
    Some(match cut {
        true => {
            let execution_id = plain(execution_id);
            let all = format!("(the beginning; all: stepwell runs show {execution_id} --show-output {id})");
            format!("{head} {}\n{shown}", style(all).dim())
        }
        false => format!("{head}\n{shown}"),
    })
}

/// Lines cut at the width of the terminal, where there is one: a table that wraps cannot be read.
fn within_the_terminal(lines: &str) -> String {
    let Some(columns) = columns_of_the_terminal() else { return lines.to_owned() };
    let cut = |line: &str| console::truncate_str(line, columns, "…").into_owned();
    lines.lines().map(cut).collect::<Vec<_>>().join("\n")
}

/// A value as text, and whether something is left out.
fn preview(value: &Value) -> (String, bool) {
    if let Some(shown) = rows(value) {
        return shown;
    }
    // A list in an object, as the steps that read data give it, with what stands beside it.
    if let Some(map) = value.as_object()
        && let Some((name, list)) = map.iter().find(|(_, value)| rows(value).is_some())
        && let Some((table, cut)) = rows(list)
    {
        let beside: serde_json::Map<String, Value> =
            map.iter().filter(|(other, _)| *other != name).map(|(k, v)| (k.clone(), v.clone())).collect();
        let (rest, more) = if beside.is_empty() { (String::new(), false) } else { tree(&beside.into()) };
        let rest = if rest.is_empty() { rest } else { format!("{rest}\n") };
        return (format!("{rest}  {}:\n{table}", plain(name)), cut || more);
    }
    tree(value)
}

/// A list of objects as a table.
fn rows(value: &Value) -> Option<(String, bool)> {
    let items = value.as_array().filter(|items| !items.is_empty() && items.iter().all(Value::is_object))?;
    let mut names: Vec<&String> = Vec::new();
    for name in items.iter().take(ROWS).filter_map(Value::as_object).flat_map(serde_json::Map::keys) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut cut = items.len() > ROWS || names.len() > COLUMNS;
    let mut lines: Vec<Vec<String>> =
        vec![names.iter().take(COLUMNS).map(|name| short(&plain(name), &mut cut)).collect()];
    for item in items.iter().take(ROWS) {
        let cell = |name: &&String| item.get(name.as_str()).map_or_else(String::new, compact);
        let cells: Vec<String> = names.iter().take(COLUMNS).map(cell).collect();
        lines.push(cells.iter().map(|cell| short(&plain(cell), &mut cut)).collect());
    }
    let width = |column: usize| {
        lines
            .iter()
            .filter_map(|line| line.get(column))
            .map(|cell| console::measure_text_width(cell))
            .max()
            .unwrap_or(0)
    };
    let line = |cells: &Vec<String>| {
        let padded = cells.iter().enumerate().map(|(i, cell)| {
            let missing = width(i).saturating_sub(console::measure_text_width(cell)) + 2;
            format!("{cell}{}", " ".repeat(missing))
        });
        format!("    {}", padded.collect::<String>().trim_end())
    };
    let mut shown: Vec<String> = lines.iter().map(line).collect();
    if items.len() > ROWS {
        shown.push(format!("    ... {} rows in all", items.len()));
    }
    Some((shown.join("\n"), cut))
}

/// A value in one line: text as it is, anything else as JSON.
fn compact(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn short(text: &str, cut: &mut bool) -> String {
    match text.char_indices().nth(CELL) {
        None => text.to_owned(),
        Some((end, _)) => {
            *cut = true;
            format!("{}…", text.get(..end).unwrap_or_default())
        }
    }
}

/// Any other value: text as it is, else indented JSON.
fn tree(value: &Value) -> (String, bool) {
    let whole = match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    let mut cut = whole.lines().count() > LINES;
    let lines = whole.lines().take(LINES).map(|line| {
        let shown: String = line.chars().take(LINE).collect();
        cut |= shown.len() < line.len();
        format!("  {}", plain(&shown))
    });
    let lines: Vec<String> = lines.collect();
    (lines.join("\n"), cut)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_shown_as_tables_or_trees() {
        for (value, expected) in [
            (json!([{"a": 1, "b": "x"}, {"a": 22}]), "    a   b\n    1   x\n    22"),
            (
                json!({"rows": [{"a": 1}], "row_count": 1}),
                "  {\n    \"row_count\": 1\n  }\n  rows:\n    a\n    1",
            ),
            (json!("two\nlines"), "  two\n  lines"),
            (json!([1, 2]), "  [\n    1,\n    2\n  ]"),
            (json!(7), "  7"),
            (json!("\u{1b}[2J"), "  \u{fffd}[2J"),
        ] {
            assert_eq!(preview(&value), (expected.to_owned(), false), "{value}");
        }
    }

    #[test]
    fn large_values_are_cut_and_say_so() {
        let many: Vec<Value> = (0..25).map(|n| json!({ "n": n })).collect();
        let (shown, cut) = preview(&json!(many));
        assert!(cut && shown.ends_with("... 25 rows in all"), "{shown}");
        for value in [json!([{"a": "x".repeat(41)}]), json!("x".repeat(121)), json!("\n".repeat(13))] {
            assert!(preview(&value).1, "{value}");
        }
        let step = json!({"step_id": "s", "value": "x", "value_truncated": true});
        assert!(output(&step, "exec_1").unwrap().contains("stepwell runs show exec_1 --show-output s"));
        assert_eq!(output(&json!({"step_id": "s", "value": {}}), "exec_1"), None);
    }
}
