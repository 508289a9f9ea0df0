//! Values of steps as tables and trees, in bounded pages.

use maud::{Markup, html};
use serde_json::Value;
use stepwell::engine::document::cut;

use super::show;

/// The maximum number of rows and columns of a table, and of nodes of a tree.
const ROWS: usize = 200;
const COLUMNS: usize = 40;
const NODES: usize = 2_000;
/// The maximum number of characters of a value in a cell, and of a text in a tree.
const CELL: usize = 200;
const TEXT: usize = 1_000;
/// The number of levels that are open at first.
const OPEN: usize = 2;

/// Shows a value: a list of objects with the same keys as a table, every other value as a tree.
pub(super) fn value(value: &Value, label: &str) -> Markup {
    match columns(value) {
        Some(columns) => table(value.as_array().map_or(&[], Vec::as_slice), &columns, label),
        None => tree(value),
    }
}

/// Returns the keys of a list of objects that all have the same keys.
fn columns(value: &Value) -> Option<Vec<&str>> {
    let rows = value.as_array()?;
    let first = rows.first()?.as_object()?;
    let same = |row: &Value| {
        let row = row.as_object();
        row.is_some_and(|row| row.len() == first.len() && row.keys().all(|key| first.contains_key(key)))
    };
    let fits = (1..=COLUMNS).contains(&first.len());
    (fits && rows.iter().all(same)).then(|| first.keys().map(String::as_str).collect())
}

fn table(rows: &[Value], columns: &[&str], label: &str) -> Markup {
    let shown: Vec<Vec<String>> = rows
        .iter()
        .take(ROWS)
        .map(|row| columns.iter().map(|column| cell(row.get(column).unwrap_or(&Value::Null))).collect())
        .collect();
    let more = rows.len().saturating_sub(ROWS);
    html! {
        (grid(columns, &shown, label))
        @if more > 0 { p.muted { (show::counted(more, "more row")) ". Download the whole value to see all of it." } }
    }
}

/// Shows a table of texts.
pub(super) fn grid<C: AsRef<str>>(columns: &[C], rows: &[Vec<String>], label: &str) -> Markup {
    html! {
        div.table-wrap tabindex="0" role="region" aria-label={ "Table: " (label) } {
            table.table {
                thead { tr { @for column in columns { th scope="col" { (show::text(column.as_ref())) } } } }
                tbody {
                    @for row in rows {
                        tr { @for cell in row { td { (show::text(cell)) } } }
                    }
                }
            }
        }
    }
}

/// Returns a value in a short text.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => cut(text, CELL),
        other => cut(&other.to_string(), CELL),
    }
}

fn tree(value: &Value) -> Markup {
    let mut left = NODES;
    html! {
        div.tree { ul { (node(None, value, &mut left, 0)) } }
        @if left == 0 {
            p.muted { "The page shows the first " (show::counted(NODES, "value")) ". Download the whole value to see the others." }
        }
    }
}

fn node(name: Option<&str>, value: &Value, left: &mut usize, depth: usize) -> Markup {
    if *left == 0 {
        return html! {};
    }
    *left -= 1;
    let children: Vec<(String, &Value)> = match value {
        Value::Array(items) => {
            items.iter().take(*left).enumerate().map(|(at, item)| (at.to_string(), item)).collect()
        }
        Value::Object(map) => map.iter().take(*left).map(|(name, item)| (cut(name, CELL), item)).collect(),
        _ => Vec::new(),
    };
    let kind = match value {
        Value::Array(items) => format!("list of {}", items.len()),
        Value::Object(map) => format!("object with {}", show::counted(map.len(), "key")),
        _ => String::new(),
    };
    html! {
        li {
            @if children.is_empty() {
                div.tree-leaf { (named(name)) code { (leaf(value)) } }
            } @else {
                details open[depth < OPEN] {
                    summary { (named(name)) span.muted { (kind) } }
                    ul { @for (name, item) in &children { (node(Some(name), item, left, depth + 1)) } }
                }
            }
        }
    }
}

fn named(name: Option<&str>) -> Markup {
    html! { @if let Some(name) = name { strong { (show::text(name)) } } }
}

fn leaf(value: &Value) -> String {
    match value {
        Value::String(text) => show::text(&format!("\"{}\"", cut(text, TEXT))),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_of_like_objects_are_tables_and_others_are_trees() {
        let rows: Vec<Value> = (0..500).map(|n| json!({"n": n, "name": "<b>", "tags": [1, 2]})).collect();
        let shown = value(&json!(rows), "Output").into_string();
        assert!(shown.contains("<th scope=\"col\">tags</th>") && shown.contains("&lt;b&gt;"), "{shown}");
        assert_eq!((shown.matches("<tr>").count(), shown.contains("300 more rows")), (201, true));
        for other in [
            json!([{"a": 1}, {"b": 1}]),
            json!([]),
            json!({"a": [1, {"b": null}]}),
            json!([{}, {}]),
            json!(7),
        ] {
            assert!(value(&other, "Output").into_string().contains("class=\"tree\""), "{other}");
        }
    }

    #[test]
    fn a_tree_is_bounded() {
        let wide = value(&json!({"a": vec![0; 100_000], "b": vec!["x".repeat(100_000); 99]}), "Output")
            .into_string();
        assert!(wide.matches("<li>").count() <= NODES && wide.len() < 400_000, "{}", wide.len());
        assert!(wide.contains("Download the whole value"));
        let long = value(&json!("\u{1b}[2J".repeat(100_000)), "Output").into_string();
        assert!(long.len() < 10_000 && !long.contains('\u{1b}'));
        let mut deep = json!(1);
        for _ in 0..120 {
            deep = json!([deep]);
        }
        assert!(value(&deep, "Output").into_string().contains("<code>1</code>"));
    }
}
