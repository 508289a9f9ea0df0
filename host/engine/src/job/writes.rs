//! The files that steps write, by the schemas of their types: two branches of a group must not write the same one.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::check::Catalog;
use super::split::is_part;
use super::{Placed, plan};
use crate::document::{Diagnostics, Document, escape};
use crate::workspace::plain;

/// The key of a property of a configuration schema whose value is a file that the step writes: a path, or an
/// object with a `path`.
const WRITES: &str = "x-stepwell-writes";

/// Maximum number of schemas that the search for such a property visits, and their maximum depth.
const MOST: usize = 10_000;
const DEEPEST: usize = 32;

/// Reports literal paths that two branches of a group write, or each item of a group.
pub(super) fn check_writes(
    placed: &[Placed<'_>],
    document: &Document,
    pointer: &str,
    catalog: &dyn Catalog,
    found: &mut Diagnostics,
) {
    let mut writers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, place) in placed.iter().enumerate().filter(|(_, place)| place.parent.is_some()) {
        // Conditions may choose one of the writers.
        if found.is_full() || is_conditional(placed, index) || is_part(place.step) {
            continue;
        }
        let Some(manifest) = catalog.manifest(&place.step.step_type) else { continue };
        for (below, path) in files(manifest.config_schema.value(), &place.step.config) {
            let Some(path) = in_workspace(path) else { continue };
            let before = writers.entry(path.clone()).or_default();
            let other = before.iter().find(|other| plan::are_beside(placed, index, **other));
            let id = &place.step.id;
            let message = match (other.and_then(|other| placed.get(*other)), repeated_by(placed, index)) {
                (Some(other), _) => format!(
                    "the steps `{}` and `{id}` write the same file, `{path}`, and are in different branches of a group",
                    other.step.id
                ),
                (None, Some(group)) => format!("each item of `{group}` writes the same file, `{path}`"),
                (None, None) => {
                    before.push(index);
                    continue;
                }
            };
            let at = format!("{pointer}{}{below}", place.pointer);
            let help = format!("give each branch its own file: `${{{{ run.branch_dir }}}}/{path}`");
            found.0.push(document.error(&at, message).help(help));
        }
    }
}

/// Returns whether a step, or a group around it, has a condition.
fn is_conditional(placed: &[Placed<'_>], index: usize) -> bool {
    let around = plan::path(placed, index).into_iter().map(|parent| parent.group).chain([index]);
    around.filter_map(|step| placed.get(step)).any(|place| place.step.when.is_some())
}

/// Returns the id of the innermost group whose items repeat a step.
fn repeated_by<'j>(placed: &[Placed<'j>], index: usize) -> Option<&'j str> {
    let around = plan::path(placed, index).into_iter().rev().filter(|parent| parent.branch.is_some());
    let mut groups = around.filter_map(|parent| placed.get(parent.group));
    let repeats =
        |place: &&Placed<'j>| place.step.group.as_deref().is_some_and(|group| group.for_each.is_some());
    groups.find(repeats).map(|place| place.step.id.as_str())
}

/// Returns the path from the root of the workspace, if it is known before the run.
fn in_workspace(path: &str) -> Option<String> {
    let below = match path.strip_prefix('/') {
        Some(rest) => rest.strip_prefix("workspace/")?,
        None => path,
    };
    (!path.contains("${{")).then(|| plain(below))
}

/// Returns the files that a step with this configuration writes, each with its JSON pointer.
fn files<'c>(schema: &Value, config: &'c Map<String, Value>) -> Vec<(String, &'c str)> {
    let mut search = Search { root: schema, left: MOST, found: Vec::new() };
    search.members(schema, config, "", 0);
    search.found
}

struct Search<'s, 'c> {
    root: &'s Value,
    left: usize,
    found: Vec<(String, &'c str)>,
}

impl<'s, 'c> Search<'s, 'c> {
    fn visit(&mut self, schema: &'s Value, value: &'c Value, at: &str, depth: usize) {
        if self.left == 0 || depth == DEEPEST {
            return;
        }
        self.left -= 1;
        if schema.get(WRITES) == Some(&Value::Bool(true)) {
            let (below, path) = match value {
                Value::Object(map) => ("/path", map.get("path")),
                other => ("", Some(other)),
            };
            let pointer = format!("{at}{below}");
            if let Some(path) = path.and_then(Value::as_str)
                && self.found.iter().all(|(known, _)| *known != pointer)
            {
                self.found.push((pointer, path));
            }
            return;
        }
        if let Some(map) = value.as_object() {
            self.members(schema, map, at, depth);
        }
        if let (Some(items), Some(list)) = (schema.get("items"), value.as_array()) {
            for (i, item) in list.iter().enumerate() {
                self.visit(items, item, &format!("{at}/{i}"), depth + 1);
            }
        }
        for choice in self.choices(schema) {
            self.visit(choice, value, at, depth + 1);
        }
    }

    fn members(&mut self, schema: &'s Value, map: &'c Map<String, Value>, at: &str, depth: usize) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties");
        for (name, value) in map {
            let of_name = properties.and_then(|properties| properties.get(name)).or(others);
            if let Some(schema) = of_name {
                self.visit(schema, value, &format!("{at}/{}", escape(name)), depth + 1);
            }
        }
    }

    /// Returns the schemas that also describe the same value.
    fn choices(&self, schema: &'s Value) -> Vec<&'s Value> {
        let lists = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|key| schema.get(key)?.as_array());
        let target = schema.get("$ref").and_then(Value::as_str);
        let target = target.and_then(|target| self.root.pointer(target.strip_prefix('#')?));
        lists.flatten().chain(target).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_names_the_files_that_a_step_writes() {
        let schema = json!({
            "properties": {
                "output": {"anyOf": [{"$ref": "#/$defs/Output"}, {"type": "null"}], "x-stepwell-writes": true},
                "inputs": {"additionalProperties": {"$ref": "#/$defs/Input"}},
                "steps": {"items": {"properties": {"to": {"x-stepwell-writes": true}}}},
                "path": {"type": "string"},
                "loop": {"$ref": "#/$defs/Loop"},
            },
            "$defs": {
                "Input": {"anyOf": [{"type": "string"}, {"properties": {"rejected": {"x-stepwell-writes": true}}}]},
                "Loop": {"$ref": "#/$defs/Loop"},
            },
        });
        for (config, expected) in [
            (json!({"output": "a.csv"}), vec!["/output a.csv"]),
            (json!({"output": {"path": "a.csv", "format": "csv"}}), vec!["/output/path a.csv"]),
            (json!({"inputs": {"x": {"rejected": "bad"}, "y": "in.csv"}}), vec!["/inputs/x/rejected bad"]),
            (json!({"steps": [{"to": "a"}, {"to": "b"}]}), vec!["/steps/0/to a", "/steps/1/to b"]),
            (json!({"path": "in.csv", "loop": {}, "other": "x"}), vec![]),
        ] {
            let found = files(&schema, config.as_object().unwrap());
            let found: Vec<String> = found.into_iter().map(|(at, path)| format!("{at} {path}")).collect();
            assert_eq!(found, expected, "{config}");
        }
    }

    #[test]
    fn paths_of_the_workspace_have_one_form() {
        for (path, expected) in [
            ("./a/../x.csv", Some("x.csv")),
            ("/workspace/x.csv", Some("x.csv")),
            ("/scratch/x.csv", None),
            ("${{ run.branch_dir }}/x.csv", None),
        ] {
            assert_eq!(in_workspace(path).as_deref(), expected, "{path}");
        }
    }
}
