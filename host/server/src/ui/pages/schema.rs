//! The JSON Schema of a step's configuration as a tree, and the differences between two texts.

use maud::{Markup, html};
use serde_json::Value;

use crate::ui::show;
use crate::ui::value::Parts;

/// The maximum depth of the tree, and its maximum number of properties.
const MOST_LEVELS: usize = 8;
const MOST_PROPERTIES: usize = 2_000;

/// Shows a schema of an object as a tree of its properties.
pub(super) fn tree(schema: &Value) -> Markup {
    let mut left = MOST_PROPERTIES;
    let content = properties(schema, schema, 0, &mut left);
    html! {
        div.tree {
            (content)
            @if left == 0 { p.muted { "The tree is cut after " (MOST_PROPERTIES) " properties." } }
        }
    }
}

fn properties(root: &Value, schema: &Value, level: usize, left: &mut usize) -> Markup {
    let required: Vec<&str> = schema.list("required").iter().map(|name| name.text("")).collect();
    let all = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let mut items = Vec::new();
    for (name, property) in all {
        if *left == 0 {
            break;
        }
        *left -= 1;
        items.push(property_item(root, (name, property), required.contains(&name.as_str()), (level, left)));
    }
    html! { @if !items.is_empty() { ul { @for item in items { li { (item) } } } } }
}

fn property_item(
    root: &Value,
    (name, property): (&str, &Value),
    is_required: bool,
    (level, left): (usize, &mut usize),
) -> Markup {
    let property = resolved(root, property);
    let line = html! {
        code { (show::text(name)) }
        span.tag { (kind(property)) }
        @if is_required { span.tag { "required" } }
        @if let Some(default) = property.get("default").filter(|default| !default.is_null()) {
            span.muted { "Default: " code { (show::text(&default.to_string())) } }
        }
    };
    let about = property.text("description");
    let below = match level + 1 < MOST_LEVELS {
        true => inside(root, property).map(|inner| properties(root, inner, level + 1, left)),
        false => None,
    };
    let below = below.filter(|below| !below.0.is_empty());
    html! {
        @if let Some(below) = below {
            details { summary { (line) } @if !about.is_empty() { p.muted { (show::text(about)) } } (below) }
        } @else {
            div.tree-leaf { (line) @if !about.is_empty() { span.muted { (show::text(about)) } } }
        }
    }
}

/// Returns the schema that a reference names, or the schema itself.
fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let reference = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
    reference.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

/// Returns the schema of the objects in a value: of the value itself, or of its items.
fn inside<'s>(root: &'s Value, schema: &'s Value) -> Option<&'s Value> {
    let candidates = [Some(schema), schema.get("items"), schema.get("additionalProperties")];
    let alternatives = ["anyOf", "oneOf", "allOf"].into_iter().flat_map(|key| schema.list(key));
    let mut all = candidates.into_iter().flatten().chain(alternatives).map(|found| resolved(root, found));
    all.find(|found| found.get("properties").is_some())
}

/// Returns the type of a property in words.
fn kind(schema: &Value) -> String {
    let values = schema.list("enum");
    if !values.is_empty() {
        let values: Vec<String> = values.iter().take(12).map(Value::to_string).collect();
        return show::text(&values.join(" | "));
    }
    let own = match schema.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        Some(Value::Array(kinds)) => kinds
            .iter()
            .filter_map(Value::as_str)
            .filter(|kind| *kind != "null")
            .collect::<Vec<_>>()
            .join(" or "),
        _ => "any value".to_owned(),
    };
    match (own.as_str(), schema.at("items").text("type")) {
        ("array", inner) if !inner.is_empty() => show::text(&format!("list of {inner}")),
        ("array", _) => "list".to_owned(),
        _ => show::text(&own),
    }
}

/// The maximum number of different lines of which the differences are searched.
const MOST_LINES: usize = 1_500;
/// The number of equal lines around a difference.
const AROUND: usize = 3;

/// A line of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'t> {
    Same(&'t str),
    Removed(&'t str),
    Added(&'t str),
}

/// Compares two texts line by line: the longest common sequence stays.
pub(super) fn compared<'t>(from: &'t str, to: &'t str) -> Vec<Line<'t>> {
    let (mut old, mut new): (Vec<&str>, Vec<&str>) = (from.lines().collect(), to.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let mut lines: Vec<Line<'t>> = old.drain(..start).map(Line::Same).collect();
    new.drain(..start);
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let same = old.split_off(old.len() - end);
    new.truncate(new.len() - end);
    lines.extend(between(&old, &new));
    lines.extend(same.into_iter().map(Line::Same));
    lines
}

fn between<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Line<'t>> {
    let all = || old.iter().map(|line| Line::Removed(line)).chain(new.iter().map(|line| Line::Added(line)));
    if old.is_empty() || new.is_empty() || old.len() > MOST_LINES || new.len() > MOST_LINES {
        return all().collect();
    }
    // The length of the longest common sequence of what follows each pair of places.
    let width = new.len() + 1;
    let mut lengths = vec![0_u16; (old.len() + 1) * width];
    let at = |lengths: &[u16], a: usize, b: usize| lengths.get(a * width + b).copied().unwrap_or(0);
    for (a, one) in old.iter().enumerate().rev() {
        for (b, other) in new.iter().enumerate().rev() {
            let length = match one == other {
                true => at(&lengths, a + 1, b + 1) + 1,
                false => at(&lengths, a + 1, b).max(at(&lengths, a, b + 1)),
            };
            if let Some(place) = lengths.get_mut(a * width + b) {
                *place = length;
            }
        }
    }
    let (mut a, mut b, mut lines) = (0, 0, Vec::new());
    while let (Some(one), Some(other)) = (old.get(a), new.get(b)) {
        if one == other {
            lines.push(Line::Same(one));
            (a, b) = (a + 1, b + 1);
        } else if at(&lengths, a + 1, b) >= at(&lengths, a, b + 1) {
            lines.push(Line::Removed(one));
            a += 1;
        } else {
            lines.push(Line::Added(other));
            b += 1;
        }
    }
    lines.extend(old.iter().skip(a).map(|line| Line::Removed(line)));
    lines.extend(new.iter().skip(b).map(|line| Line::Added(line)));
    lines
}

/// Shows the differences between two texts, with a few equal lines around each.
pub(super) fn differences(label: &str, from: &str, to: &str) -> Markup {
    let lines = compared(from, to);
    let is_near = |place: usize| {
        let range = place.saturating_sub(AROUND)..(place + AROUND + 1).min(lines.len());
        lines.get(range).is_some_and(|near| near.iter().any(|line| !matches!(line, Line::Same(_))))
    };
    let shown: Vec<usize> = (0..lines.len()).filter(|place| is_near(*place)).collect();
    html! {
        @if shown.is_empty() { p { "No differences." } }
        @else {
            pre.code.diff tabindex="0" aria-label=(label) {
                @for (index, place) in shown.iter().enumerate() {
                    @if index > 0 && shown.get(index - 1) != place.checked_sub(1).as_ref() { span data-change="place" { "…" } }
                    @match lines.get(*place) {
                        Some(Line::Same(text)) => span data-change="same" { (show::text(text)) },
                        Some(Line::Removed(text)) => span data-change="removed" { (show::text(text)) },
                        Some(Line::Added(text)) => span data-change="added" { (show::text(text)) },
                        None => {},
                    }
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
    fn a_comparison_has_removed_and_added_lines() {
        use Line::{Added, Removed, Same};
        assert_eq!(compared("a\nb\nc", "a\nx\nc"), [Same("a"), Removed("b"), Added("x"), Same("c")]);
        assert_eq!(compared("", "a"), [Added("a")]);
        assert_eq!(compared("a", ""), [Removed("a")]);
        assert_eq!(compared("a\na", "a"), [Same("a"), Removed("a")]);
        let found = compared("1\n2\n3\n4", "0\n2\nx\n4\n5");
        let (old, new): (Vec<_>, Vec<_>) = (
            found
                .iter()
                .filter_map(|line| match line {
                    Same(text) | Removed(text) => Some(*text),
                    Added(_) => None,
                })
                .collect(),
            found
                .iter()
                .filter_map(|line| match line {
                    Same(text) | Added(text) => Some(*text),
                    Removed(_) => None,
                })
                .collect(),
        );
        assert_eq!((old.join(""), new.join("")), ("1234".to_owned(), "02x45".to_owned()));
        let (long, other) = ("a\n".repeat(5_000), "b\n".repeat(5_000));
        assert_eq!(compared(&long, &other).len(), 10_000);
    }

    #[test]
    fn a_schema_is_a_tree_of_properties() {
        let schema = json!({"required": ["url"], "properties": {
            "url": {"type": "string", "description": "Where <to>"},
            "mode": {"enum": ["a", "b"], "default": "a"},
            "rules": {"type": "array", "items": {"$ref": "#/$defs/Rule"}},
        }, "$defs": {"Rule": {"type": "object", "properties": {"name": {"type": ["string", "null"]}}}}});
        let shown = tree(&schema).into_string();
        for part in [
            "required",
            "Where &lt;to&gt;",
            "&quot;a&quot; | &quot;b&quot;",
            "<details>",
            "<code>name</code>",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        let endless = json!({"properties": {"a": {"$ref": "#"}}});
        assert!(tree(&endless).into_string().len() < 10_000);
    }
}
