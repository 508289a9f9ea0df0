//! The step type `parallel_group`: steps that run at the same time. The engine implements it; its members are
//! ordinary steps.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::StepDefinition;
use super::template::{Piece, pieces};
use crate::document::{Diagnostic, Diagnostics, Document, Schema};

/// The name of the step type.
pub const TYPE: &str = "parallel_group";

/// Default maximum nesting of groups.
pub const DEPTH: usize = 4;

/// Largest value of the maximum nesting of groups: documents have at most 64 levels.
pub const MAX_DEPTH: usize = 8;

/// Maximum number of branches of one group in a file.
pub const MAX_BRANCHES: usize = 1_000;

/// The configuration of a group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Maximum number of branches that run at the same time. Default: all, within `service.run_attempts` of the
    /// configuration, `max_parallel` of the queue and `limits.parallel_attempts` of the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub max_parallel: Option<u32>,
    /// The action after a branch has failed. Default: `stop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
    /// Another spelling of `on_failure`: `true` means `stop`, and `false` means `go_on`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_fast: Option<bool>,
    /// A list or an object, usually an expression: the group runs `parallel_steps` once per item, in order
    /// within the item. Default: each of `parallel_steps` is one branch.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub for_each: Option<Value>,
    /// The name of the item in expressions; its number, from 0, has the same name with `_index`. An item of an
    /// object has `key` and `value`. Default: `item`.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z_][A-Za-z0-9_]{0,63}$"))]
    pub item: Option<String>,
    /// The branches: steps, or sequences of steps with an `id`.
    #[serde(default)]
    #[schemars(length(min = 1, max = MAX_BRANCHES))]
    pub parallel_steps: Vec<Branch>,
    /// Steps that run after all branches have ended, whatever the result. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub finally: Vec<StepDefinition>,
}

/// Reads a value that is present, also `null`: a list that is missing by mistake must not turn items into branches.
fn given<'a, D: Deserializer<'a>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// The action of a group after one of its branches has failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The other branches are cancelled.
    #[default]
    Stop,
    /// No branch starts any more; those that have started continue.
    Drain,
    /// All branches run; then the group fails.
    GoOn,
}

/// A branch of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Branch {
    /// Steps that run one after the other.
    Sequence(Sequence),
    /// One step.
    Step(Box<StepDefinition>),
}

/// Steps of a branch that run one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// The id of the branch, for the output of the group.
    #[schemars(regex(pattern = "^[A-Za-z_][A-Za-z0-9_-]{0,63}$"))]
    pub id: String,
    /// The display name. Default: the id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 200))]
    pub name: String,
    /// The steps, in order.
    #[schemars(length(min = 1, max = 1_000))]
    pub steps: Vec<StepDefinition>,
}

impl Branch {
    /// Returns the id under which the group's output has the result of the branch.
    pub fn id(&self) -> &str {
        match self {
            Self::Sequence(sequence) => &sequence.id,
            Self::Step(step) => &step.id,
        }
    }

    /// Returns the steps of the branch, in order.
    pub fn steps(&self) -> &[StepDefinition] {
        match self {
            Self::Sequence(sequence) => &sequence.steps,
            Self::Step(step) => std::slice::from_ref(step),
        }
    }

    /// Returns the steps of the branch for changes.
    pub(super) fn steps_mut(&mut self) -> &mut [StepDefinition] {
        match self {
            Self::Sequence(sequence) => &mut sequence.steps,
            Self::Step(step) => std::slice::from_mut(step),
        }
    }
}

impl Group {
    /// Returns the JSON Schema of the configuration, without the members: each is checked at its own place.
    pub fn schema() -> Schema {
        Schema::of::<Outline>()
    }

    /// Returns the action after a branch has failed.
    pub fn failure(&self) -> OnFailure {
        match (self.on_failure, self.fail_fast) {
            (Some(action), _) => action,
            (None, Some(false)) => OnFailure::GoOn,
            (None, _) => OnFailure::Stop,
        }
    }

    /// Returns the name of the item in expressions.
    pub fn item_name(&self) -> &str {
        self.item.as_deref().unwrap_or("item")
    }

    /// Returns every step directly within the group, with the JSON pointer to it from the group.
    pub fn members(&self) -> impl Iterator<Item = (String, &StepDefinition)> {
        let branches = self.parallel_steps.iter().enumerate().flat_map(|(i, branch)| {
            let at = move |k: usize| match branch {
                Branch::Sequence(_) => format!("/parallel_steps/{i}/steps/{k}"),
                Branch::Step(_) => format!("/parallel_steps/{i}"),
            };
            branch.steps().iter().enumerate().map(move |(k, step)| (at(k), step))
        });
        let finally = self.finally.iter().enumerate().map(|(k, step)| (format!("/finally/{k}"), step));
        branches.chain(finally)
    }
}

/// The configuration of a group with its members as plain values.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Group")]
#[allow(dead_code, reason = "only its schema is used")]
struct Outline {
    #[schemars(range(min = 1, max = 10_000))]
    max_parallel: Option<u32>,
    on_failure: Option<OnFailure>,
    fail_fast: Option<bool>,
    for_each: Option<Value>,
    #[schemars(rename = "as", regex(pattern = "^[A-Za-z_][A-Za-z0-9_]{0,63}$"))]
    item: Option<String>,
    #[schemars(length(min = 1, max = MAX_BRANCHES))]
    parallel_steps: Vec<Map<String, Value>>,
    #[schemars(length(max = 100))]
    #[serde(default)]
    finally: Vec<Map<String, Value>>,
}

/// Reports the problems of a group that its schema cannot find. `around` are the groups with `for_each` that contain
/// it, and `ids` those of all steps.
pub(super) fn check(
    group: &Group,
    around: &[&Group],
    ids: &[String],
    document: &Document,
    at: &str,
    found: &mut Diagnostics,
) {
    if group.on_failure.is_some() && group.fail_fast.is_some() {
        let message = "`fail_fast` and `on_failure` say the same thing";
        found.0.push(document.error(&format!("{at}/fail_fast"), message).help("leave one of them out"));
    }
    if group.for_each.is_none() && group.item.is_some() {
        let message = "`as` names the item of `for_each`, which this group does not have";
        found.0.push(document.error(&format!("{at}/as"), message).help("add `for_each`, or leave `as` out"));
    }
    let name = group.item_name();
    if let Some(taken) = taken(name, around).filter(|_| group.for_each.is_some()) {
        let at = if group.item.is_some() { format!("{at}/as") } else { at.to_owned() };
        let message = format!("expressions here use the name `{taken}` for something else");
        found.0.push(document.error(&at, message).help("choose another name with `as`"));
    }
    if let Some(kind) = group.for_each.as_ref().and_then(not_a_list) {
        let message = format!("`for_each` must be a list or an object, not {kind}");
        let help = "write a list, an object, or one expression that gives one: `for_each: ${{ vars.files }}`";
        found.0.push(document.error(&format!("{at}/for_each"), message).help(help));
    }
    let sequences = group.parallel_steps.iter().enumerate();
    let mut seen = std::collections::BTreeSet::new();
    for (i, branch) in sequences {
        let Branch::Sequence(sequence) = branch else { continue };
        if ids.contains(&sequence.id) || !seen.insert(&sequence.id) {
            let at = format!("{at}/parallel_steps/{i}/id");
            let message = format!("two steps or branches have the id `{}`", sequence.id);
            found.0.push(document.error(&at, message).help("choose another id for one of them"));
        }
        if group.for_each.is_some() {
            let message = "with `for_each`, `parallel_steps` is the sequence of steps of one item";
            let help = "write the steps of this branch directly into `parallel_steps`";
            found.0.push(document.error(&format!("{at}/parallel_steps/{i}"), message).help(help));
        }
    }
}

/// Reports a list that is a variable whose default, and therefore each value, is no list.
pub(super) fn check_default(
    group: &Group,
    vars: &Map<String, Value>,
    document: &Document,
    at: &str,
    found: &mut Diagnostics,
) {
    let Some(Value::String(text)) = &group.for_each else { return };
    let pieces = pieces(text);
    let Ok([Piece::Expression(source)]) = pieces.as_deref() else { return };
    let Some((name, value)) = source.trim().strip_prefix("vars.").and_then(|name| vars.get_key_value(name))
    else {
        return;
    };
    let kind = match value {
        Value::String(_) => "text",
        Value::Number(_) => "a number",
        Value::Bool(_) => "true or false",
        Value::Null | Value::Array(_) | Value::Object(_) => return,
    };
    let message = format!("`for_each` must be a list or an object, and the variable `{name}` is {kind}");
    let help = format!("make the default of `{name}` a list: its type is the type of the variable");
    found.0.push(document.error(&format!("{at}/for_each"), message).help(&help));
}

/// The names and words of expressions.
pub(super) const TAKEN: &[&str] = &[
    "steps", "vars", "run", "job", "locks", "true", "True", "false", "False", "none", "None", "null", "and",
    "or", "not", "in", "is", "if", "else",
];

/// Returns the name of an item, or of its number, that expressions use for something else.
fn taken(name: &str, around: &[&Group]) -> Option<String> {
    let own = [name.to_owned(), format!("{name}_index")];
    let outer = |taken: &String| {
        around.iter().any(|group| {
            let outer = group.item_name();
            outer == taken || taken.strip_suffix("_index") == Some(outer)
        })
    };
    own.into_iter().find(|own| TAKEN.contains(&own.as_str()) || outer(own))
}

/// Returns the kind of a value of `for_each` that is no list, no object, and not one expression.
fn not_a_list(list: &Value) -> Option<&'static str> {
    match list {
        Value::String(text) => match pieces(text).ok()?.as_slice() {
            [Piece::Expression(_)] => None,
            _ => Some("text"),
        },
        Value::Number(_) => Some("a number"),
        Value::Bool(_) => Some("true or false"),
        Value::Null => Some("nothing"),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns the fix of a problem that the schema of a group or of a branch finds.
fn fix(pointer: &str, branch: Option<&Value>) -> Option<&'static str> {
    let mut parts = pointer.rsplit('/');
    let (last, before) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let is_number = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
    let is_sequence = branch.is_some_and(|branch| branch.get("steps").is_some());
    let is_untyped = is_sequence && branch.is_some_and(|branch| branch.get("type").is_none());
    match (last, before) {
        ("parallel_steps", _) => Some(BRANCHES),
        ("steps", _) if branch.is_some() => {
            Some("write a list of at least one step, such as `[{id: a, type: wait, for: 1}]`")
        }
        ("finally", _) => Some("write a list of steps, or leave `finally` out"),
        (_, "parallel_steps") if is_number && is_sequence => {
            Some("a sequence has `id`, `steps`, and perhaps a `name`")
        }
        (_, "parallel_steps") if is_number => Some(BRANCH),
        (_, "steps" | "finally") if is_number => {
            Some("a step has an `id`, a `type` and the keys of its type")
        }
        ("type", _) if is_sequence => Some(UNTYPED),
        ("id", _) => Some("write letters, digits, `_` and `-`, beginning with a letter or `_`"),
        (key, _) if is_untyped && key != "name" => Some(
            "a sequence has `id`, `name` and `steps` only: move the key to its steps, or remove `steps` and write one \
             step",
        ),
        _ => None,
    }
}

/// The fix of a group without branches.
const BRANCHES: &str =
    "write a list of at least one branch, such as `parallel_steps: [{id: a, type: wait, for: 1}]`";

/// The forms of a branch.
const BRANCH: &str = "a branch is a step with `id` and `type`, or a sequence with `id` and `steps`";

/// The fix of a sequence with a type.
pub(super) const UNTYPED: &str =
    "a branch with `steps` is a sequence and has no `type`: leave `type` out, or remove `steps`";

/// Checks a part of a group, and adds the fix of each problem.
fn check_part(
    value: &Value,
    document: &Document,
    at: &str,
    (schema, branch): (&Schema, Option<&Value>),
    found: &mut Diagnostics,
) {
    found.0.extend(document.check(value, at, schema).into_iter().map(|problem| {
        let is_vague = problem.help.as_deref().is_none_or(|help| help.starts_with("known keys"));
        match fix(&problem.pointer, branch).filter(|_| is_vague) {
            Some(fix) => problem.help(fix),
            None => problem,
        }
    }));
}

/// Reports what cannot be read of a step of the job, if it is a group: its configuration, its members, and groups
/// that are nested too deep.
pub(super) fn check_written(
    step: &Value,
    document: &Document,
    at: &str,
    depth: usize,
    found: &mut Diagnostics,
) {
    let group = step.as_object().filter(|step| step.get("type").and_then(Value::as_str) == Some(TYPE));
    let Some(group) = group.filter(|_| !found.is_full()) else { return };
    if depth == MAX_DEPTH {
        found.0.push(too_deep(document, at, MAX_DEPTH));
        return;
    }
    let own = |(key, _): &(&String, &Value)| !super::STEP_KEYS.contains(&key.as_str());
    let config: Map<String, Value> =
        group.iter().filter(own).map(|(key, value)| (key.clone(), value.clone())).collect();
    let has_branches = config.contains_key("parallel_steps");
    check_part(&Value::Object(config), document, at, (&Group::schema(), None), found);
    if !has_branches && let Some(missing) = found.0.iter_mut().rfind(|missing| missing.pointer == at) {
        missing.help.get_or_insert_with(|| BRANCHES.to_owned());
    }
    let list = |key: &str| group.get(key).and_then(Value::as_array).into_iter().flatten().enumerate();
    for (i, branch) in list("parallel_steps").filter(|(_, branch)| branch.is_object()) {
        let at = format!("{at}/parallel_steps/{i}");
        if branch.get("type").is_none() && branch.get("steps").is_some() {
            check_part(branch, document, &at, (&Schema::of::<SequenceOutline>(), Some(branch)), found);
            let steps = branch.get("steps").and_then(Value::as_array).into_iter().flatten();
            steps.enumerate().for_each(|(k, step)| {
                check_member(step, document, &format!("{at}/steps/{k}"), depth, found);
            });
        } else {
            check_member(branch, document, &at, depth, found);
        }
    }
    for (i, step) in list("finally") {
        check_member(step, document, &format!("{at}/finally/{i}"), depth, found);
    }
}

/// Returns the problem of a group that is nested too deep.
pub(super) fn too_deep(document: &Document, at: &str, most: usize) -> Diagnostic {
    let message = format!("groups are nested too deep: at most {most} levels");
    let help = match most {
        MAX_DEPTH => "move steps into a separate job, or join two groups",
        _ => {
            "move steps into a separate job, join two groups, or raise `service.group_depth` in the configuration"
        }
    };
    document.error(at, message).help(help)
}

fn check_member(step: &Value, document: &Document, at: &str, depth: usize, found: &mut Diagnostics) {
    check_part(step, document, at, (&Schema::of::<StepDefinition>(), Some(step)), found);
    check_written(step, document, at, depth + 1, found);
}

/// A sequence with its steps as plain values.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code, reason = "only its schema is used")]
struct SequenceOutline {
    #[schemars(regex(pattern = "^[A-Za-z_][A-Za-z0-9_-]{0,63}$"))]
    id: String,
    #[serde(default)]
    #[schemars(length(max = 200))]
    name: String,
    #[schemars(length(min = 1, max = 1_000))]
    steps: Vec<Map<String, Value>>,
}
