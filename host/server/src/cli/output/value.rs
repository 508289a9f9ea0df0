//! The beginning of a value that a step gave to later steps.

use console::style;
use serde_json::Value;

use crate::cli::output::table::{columns_of_the_terminal, text};
use crate::display::plain;

/// Rows and columns of a list of objects that are shown.
const ROWS: usize = 10;
const COLUMNS: usize = 8;
/// Lines of any other value that are shown, and characters of each.
const LINES: usize = 12;
const LINE: usize = 120;
/// Characters of a cell.
const CELL: usize = 40;

/// The beginning of a step's value, when it has one that says more than its summary.
pub(super) fn output(step: &Value, execution_id: &str) -> Option<String> {
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
    let truncated = step.get("value_truncated").and_then(Value::as_bool).unwrap_or(false);
    let all = match truncated {
        true => step.get("value_items").and_then(Value::as_u64).map_or(All::Unknown, All::Items),
        false => All::Here,
    };
    let (shown, mut cut) = preview(value, all);
    let shown = within_the_terminal(&shown);
    cut |= truncated;
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

/// The items of a list of which a value may hold the first ones only.
#[derive(Clone, Copy)]
enum All {
    /// The value holds all.
    Here,
    /// There are that many.
    Items(u64),
    /// There may be more than the value holds.
    Unknown,
}

/// A value as text, and whether something is left out.
fn preview(value: &Value, all: All) -> (String, bool) {
    if let Some(shown) = rows(value, all) {
        return shown;
    }
    let all = if matches!(all, All::Here) { all } else { All::Unknown };
    // A list in an object, as the steps that read data give it, with what stands beside it.
    if let Some(map) = value.as_object()
        && let Some((name, list)) = map.iter().find(|(_, value)| rows(value, all).is_some())
        && let Some((table, cut)) = rows(list, all)
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
fn rows(value: &Value, all: All) -> Option<(String, bool)> {
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
    let held = items.len() as u64;
    match all {
        All::Unknown => shown.push(format!("    ... at least {held} rows in all")),
        All::Items(count) => shown.push(format!("    ... {count} rows in all")),
        All::Here if items.len() > ROWS => shown.push(format!("    ... {held} rows in all")),
        All::Here => {}
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
            assert_eq!(preview(&value, All::Here), (expected.to_owned(), false), "{value}");
        }
    }

    #[test]
    fn large_values_are_cut_and_say_so() {
        let many: Vec<Value> = (0..25).map(|n| json!({ "n": n })).collect();
        let (shown, cut) = preview(&json!(many), All::Here);
        assert!(cut && shown.ends_with("... 25 rows in all"), "{shown}");
        let shown = preview(&json!([{"n": 1}]), All::Items(5_000)).0;
        assert!(shown.ends_with("... 5000 rows in all"), "{shown}");
        let shown = preview(&json!({"rows": many}), All::Unknown).0;
        assert!(shown.ends_with("... at least 25 rows in all"), "{shown}");
        for value in [json!([{"a": "x".repeat(41)}]), json!("x".repeat(121)), json!("\n".repeat(13))] {
            assert!(preview(&value, All::Here).1, "{value}");
        }
        let step = json!({"step_id": "s", "value": "x", "value_truncated": true});
        assert!(output(&step, "exec_1").unwrap().contains("stepwell runs show exec_1 --show-output s"));
        assert_eq!(output(&json!({"step_id": "s", "value": {}}), "exec_1"), None);
    }
}
