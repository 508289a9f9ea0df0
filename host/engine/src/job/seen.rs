//! The values that expressions see, read in place.
//!
//! The threat: outputs and variables may have many MiB, and a job evaluates expressions for each of its steps. A copy
//! of them for each step costs memory and time that no budget counts. So an expression gets a view of the values, and
//! only the texts that it reads are copied.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectExt, ObjectRepr, Serde, Value};
use parking_lot::Mutex;
use serde_json::{Map, Value as Json};
use yoke::erased::ErasedArcCart;
use yoke::{Yoke, Yokeable};

use crate::outcome::StepEnd;

/// Minimum bytes of a text of which an evaluation keeps one copy for all its reads.
const LONG: usize = 256;

/// The values that expressions can name. They may be large, and are shared with the run.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// `steps.ID.output`, `.metadata`, `.status` and `.summary` of steps that have ended.
    pub steps: Vec<(String, SeenStep)>,
    /// The variables: `vars.NAME`.
    pub vars: Arc<Map<String, Json>>,
    /// The run: `run.execution_id`, `.scheduled_time`, `.start_time`, `.status`, `.failed_step`, `.step_token`
    /// and `.branch_dir`.
    pub run: Map<String, Json>,
    /// The job: `job.id`, `.name` and `.timezone`.
    pub job: Map<String, Json>,
    /// The locks that the step, a group around it or the job holds: `locks.NAME.token` and `.name`.
    pub locks: Map<String, Json>,
    /// The items of the groups around the step, and their numbers, by their names.
    pub items: Map<String, Json>,
}

/// A step as expressions see it: its status, and its results when it has ended.
#[derive(Debug, Clone)]
pub struct SeenStep {
    /// The status.
    pub status: &'static str,
    /// The end of the step, if it has run.
    pub end: Option<Arc<StepEnd>>,
}

/// Returns the values that expressions see. Those of the run are not copied.
pub(super) fn context(scope: &Scope) -> Value {
    let texts = Texts::default();
    let step = |(id, step): &(String, SeenStep)| {
        let step = StepObject { step: step.clone(), texts: texts.clone() };
        (id.clone(), Value::from_object(step))
    };
    let mut context = vec![
        ("steps".to_owned(), Value::from_pairs(scope.steps.iter().map(step))),
        ("vars".to_owned(), Shared::map(&scope.vars, &texts)),
        ("run".to_owned(), Value::from(Serde(&scope.run))),
        ("job".to_owned(), Value::from(Serde(&scope.job))),
    ];
    if !scope.locks.is_empty() {
        context.push(("locks".to_owned(), Value::from(Serde(&scope.locks))));
    }
    let items = scope.items.iter().map(|(name, item)| (name.clone(), Value::from(Serde(item))));
    Value::from_pairs(context.into_iter().chain(items))
}

/// The copies of long texts, by their addresses. The context of the evaluation holds the texts.
type Texts = Arc<Mutex<HashMap<usize, Value>>>;

/// A part of a value that several owners share.
#[derive(Clone, Copy, Yokeable)]
enum Node<'a> {
    Value(&'a Json),
    Map(&'a Map<String, Json>),
}

impl<'a> Node<'a> {
    fn map(self) -> Option<&'a Map<String, Json>> {
        match self {
            Self::Value(value) => value.as_object(),
            Self::Map(map) => Some(map),
        }
    }

    fn list(self) -> Option<&'a Vec<Json>> {
        match self {
            Self::Value(value) => value.as_array(),
            Self::Map(_) => None,
        }
    }
}

/// A list or a map, which expressions read in place.
#[derive(Clone)]
pub(super) struct Shared {
    node: Yoke<Node<'static>, ErasedArcCart>,
    texts: Texts,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.node.get() {
            Node::Value(value) => write!(f, "{value}"),
            Node::Map(map) => write!(f, "{map:?}"),
        }
    }
}

impl Shared {
    /// Returns a view of a map.
    fn map(map: &Arc<Map<String, Json>>, texts: &Texts) -> Value {
        let node =
            Yoke::attach_to_cart(map.clone(), |map: &Map<String, Json>| Node::Map(map)).erase_arc_cart();
        Value::from_object(Self { node, texts: texts.clone() })
    }

    /// Returns the value as JSON.
    pub fn json(&self) -> Json {
        match self.node.get() {
            Node::Value(value) => Json::clone(value),
            Node::Map(map) => Json::Object(Map::clone(map)),
        }
    }

    /// Subtracts the size of the value from the work that is left, as for other values.
    pub fn size(&self, left: u64, each: u64) -> Option<u64> {
        match self.node.get() {
            Node::Value(value) => size(value, left, each),
            Node::Map(map) => size_of_map(map, left, each),
        }
    }

    /// Returns a part of the value.
    fn part(&self, find: impl for<'a> Fn(Node<'a>) -> Option<&'a Json>) -> Option<Value> {
        let part = find(*self.node.get())?;
        Some(match part {
            Json::Array(_) | Json::Object(_) => {
                let node = self.node.try_map_project_cloned(|node, _| find(*node).map(Node::Value).ok_or(()));
                Value::from_object(Self { node: node.ok()?, texts: self.texts.clone() })
            }
            Json::String(text) => text_of(text, &self.texts),
            other => Value::from(Serde(other)),
        })
    }
}

fn size_of_map(map: &Map<String, Json>, left: u64, each: u64) -> Option<u64> {
    let left = left.checked_sub(each)?;
    map.iter().try_fold(left, |left, (key, value)| {
        size(value, left.checked_sub(each.saturating_add(key.len() as u64))?, each)
    })
}

fn size(value: &Json, left: u64, each: u64) -> Option<u64> {
    match value {
        Json::Object(map) => size_of_map(map, left, each),
        Json::Array(items) => {
            items.iter().try_fold(left.checked_sub(each)?, |left, item| size(item, left, each))
        }
        Json::String(text) => left.checked_sub(each)?.checked_sub(text.len() as u64),
        _ => left.checked_sub(each),
    }
}

/// Returns a text, and copies it once only.
fn text_of(text: &str, texts: &Texts) -> Value {
    if text.len() < LONG {
        return Value::from(text);
    }
    texts.lock().entry(text.as_ptr().addr()).or_insert_with(|| Value::from(text)).clone()
}

impl Object for Shared {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if self.node.get().list().is_some() { ObjectRepr::Seq } else { ObjectRepr::Map }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str() {
            Some(name) => self.get_value_by_str(name),
            None => {
                let index = key.as_usize()?;
                self.part(|node| node.list()?.get(index))
            }
        }
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.part(|node| node.map()?.get(key))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match self.node.get().list() {
            Some(items) => Enumerator::Seq(items.len()),
            None => self.mapped_enumerator(|shared| {
                let keys = shared.node.get().map().into_iter().flat_map(Map::keys);
                Box::new(keys.map(|key| Value::from(key.as_str())))
            }),
        }
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        let node = self.node.get();
        node.list().map(Vec::len).or_else(|| node.map().map(Map::len))
    }
}

/// A step in the context of expressions.
#[derive(Debug)]
struct StepObject {
    step: SeenStep,
    texts: Texts,
}

impl Object for StepObject {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let end = self.step.end.as_ref();
        match key {
            "status" => Some(Value::from(self.step.status)),
            "output" => Some(end.map_or_else(|| Value::from(()), |end| self.output(end))),
            "metadata" => Some(end.map_or_else(|| Value::from(Serde(Map::new())), |end| self.metadata(end))),
            "summary" => {
                Some(end.map_or_else(|| Value::from(""), |end| text_of(&end.produced.summary, &self.texts)))
            }
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&["status", "output", "metadata", "summary"])
    }
}

impl StepObject {
    fn output(&self, end: &Arc<StepEnd>) -> Value {
        match &end.produced.output {
            Json::Array(_) | Json::Object(_) => {
                let node =
                    Yoke::attach_to_cart(end.clone(), |end: &StepEnd| Node::Value(&end.produced.output));
                Value::from_object(Shared { node: node.erase_arc_cart(), texts: self.texts.clone() })
            }
            Json::String(text) => text_of(text, &self.texts),
            other => Value::from(Serde(other)),
        }
    }

    fn metadata(&self, end: &Arc<StepEnd>) -> Value {
        let node = Yoke::attach_to_cart(end.clone(), |end: &StepEnd| Node::Map(&end.produced.metadata));
        Value::from_object(Shared { node: node.erase_arc_cart(), texts: self.texts.clone() })
    }
}

/// Returns steps that have succeeded or failed with these results, for tests.
#[cfg(test)]
pub(super) fn seen(steps: &Json) -> Vec<(String, SeenStep)> {
    use crate::outcome::{Outcome, Produced, Receipt};

    let step = |(id, step): (&String, &Json)| {
        let status = if step["status"] == "failed" { "failed" } else { "success" };
        let metadata = step["metadata"].as_object().cloned().unwrap_or_default();
        let output = step["output"].clone();
        let produced = Produced { output, metadata, ..Produced::default() };
        let end = StepEnd { outcome: Outcome::Succeeded, produced, receipt: Receipt::default() };
        (id.clone(), SeenStep { status, end: Some(Arc::new(end)) })
    };
    steps.as_object().into_iter().flatten().map(step).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::job::functions::Work;
    use crate::job::render;

    /// Expressions give the same values for a shared value as for one that they make themselves.
    #[test]
    fn a_shared_value_acts_as_any_other() {
        let value = json!({"z": [1, 2.5, -3, 18446744073709551615u64], "a": {"text": "x".repeat(300), "no": null}, "on": true});
        let steps =
            seen(&json!({"load": {"output": value, "metadata": {"rows": 7}}, "bare": {"output": "y"}}));
        let vars = json!({"v": value, "list": [[1, "a"], {"k": "b"}], "empty": {}, "none": []});
        let scope = Scope { steps, vars: Arc::new(vars.as_object().unwrap().clone()), ..Scope::default() };
        for (source, expected) in [
            ("vars.v", value.clone()),
            ("steps.load.output", value.clone()),
            (
                "steps.load",
                json!({"status": "success", "output": value, "metadata": {"rows": 7}, "summary": ""}),
            ),
            ("steps | length", json!(2)),
            ("steps | list", json!(["load", "bare"])),
            ("steps.bare.output", json!("y")),
            ("steps.load.metadata.rows + 1", json!(8)),
            ("vars.v == steps.load.output", json!(true)),
            ("vars.v == {'z': vars.v.z, 'a': vars.v.a, 'on': true}", json!(true)),
            ("vars.list == [[1, 'a'], {'k': 'b'}]", json!(true)),
            ("[1, 'a'] in vars.list", json!(true)),
            ("vars.v.z[-1]", json!(18446744073709551615u64)),
            ("vars.v.z[1:3]", json!([2.5, -3])),
            ("vars.v.z | sum > 0 and vars.v.z | max == vars.v.z | last", json!(true)),
            ("vars.v.z | sort | first", json!(-3)),
            ("vars.v | list", json!(["z", "a", "on"])),
            ("vars.v | items | map(attribute=0) | list", json!(["z", "a", "on"])),
            ("vars.v | dictsort | map('first') | list", json!(["a", "on", "z"])),
            ("vars.list | map('length') | list", json!([2, 1])),
            ("vars.list | tojson", json!("[[1, \"a\"], {\"k\": \"b\"}]")),
            ("vars.list ~ ''", json!("[[1, 'a'], {'k': 'b'}]")),
            ("[[1, 'a'], {'k': 'b'}] ~ ''", json!("[[1, 'a'], {'k': 'b'}]")),
            ("vars.v.a.text | length", json!(300)),
            ("vars.v.a.text == steps.load.output.a.text", json!(true)),
            ("vars.v.a.no is none and vars.v.b is undefined", json!(true)),
            ("'on' in vars.v and 'off' not in vars.v", json!(true)),
            ("(vars.empty or vars.none or 'neither')", json!("neither")),
            ("vars.v is mapping and vars.list is sequence", json!(true)),
            ("{'copy': vars.v.a, 'more': [vars.list]} | tojson | length > 300", json!(true)),
        ] {
            let template = json!(format!("${{{{ {source} }}}}"));
            assert_eq!(render(&template, &scope, &Work::of_a_step()), Ok(expected), "{source}");
        }
    }

    /// A text of 8 MiB that an expression names often, and a list of 200,000 items of which it reads one, are neither
    /// copied nor converted: the work is that of a short text.
    #[test]
    fn an_expression_takes_work_for_what_it_reads() {
        let value = json!({"many": vec![json!({"id": 1}); 200_000], "text": "x".repeat(8 << 20)});
        let steps = seen(&json!({"load": {"output": value, "metadata": {}}}));
        let scope = Scope { steps, ..Scope::default() };
        for (source, expected) in [
            ("steps.load.output.many[199999].id", json!(1)),
            ("steps.load.output.many | length", json!(200_000)),
            ("[steps.load.output.text, steps.load.output.text] | length", json!(2)),
        ] {
            let work = Work::short();
            let template = json!(format!("${{{{ {source} }}}}"));
            assert_eq!(render(&template, &scope, &work), Ok(expected), "{source}");
            assert!(!work.is_exceeded(), "{source}");
        }
        let work = Work::short();
        assert!(
            render(&json!("${{ steps.load.output.many }}"), &scope, &work).is_err() && work.is_exceeded()
        );
    }
}
