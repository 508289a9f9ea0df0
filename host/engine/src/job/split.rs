//! `split: {input, parts}`: a step that works on its input in parts. A run has a group of parts, and then the step
//! itself, which merges them.
//!
//! The schema of a step type says whether it can: its property `split` has `x-stepwell-split`. A part gets
//! `split.part` (its number, from 0) and `split.to` (a path in the workspace for its result); the merge gets
//! `split.from` (the results of the parts in order, as the output of a group has them).

use serde_json::{Value, json};

use super::check::Catalog;
use super::group::{self, Branch, Group, Sequence};
use super::{JobDefinition, Placed, Retry, StepDefinition, locks};
use crate::document::{Diagnostics, Document};
use crate::quantity::Span;

/// The key of the property `split` in the schema of a step type.
const SPLIT: &str = "x-stepwell-split";

/// The name of the number of a part in expressions.
const ITEM: &str = "split_part";

/// Maximum number of parts.
const MAX_PARTS: u64 = 64;

/// Returns the number of parts that a step is written with. `None` for a step that is not split, or is a part or the
/// merge already.
fn parts(step: &StepDefinition, catalog: &dyn Catalog) -> Option<Value> {
    let split = step.config.get("split")?.as_object()?;
    let manifest = catalog.manifest(&step.step_type)?;
    let marked = manifest.config_schema.value().pointer("/properties/split")?.get(SPLIT)?;
    let written = !split.contains_key("part") && !split.contains_key("from");
    (marked == &Value::Bool(true) && written).then(|| split.get("parts").cloned().unwrap_or_default())
}

/// Returns whether a step is a part of another one.
pub(super) fn is_part(step: &StepDefinition) -> bool {
    step.config.get("split").is_some_and(|split| split.get("part").is_some())
}

/// Reports the problems of a split that the schema of the step cannot find.
pub(super) fn check_split(
    (step, at): (&StepDefinition, &str),
    placed: &[Placed<'_>],
    document: &Document,
    catalog: &dyn Catalog,
    found: &mut Diagnostics,
) {
    let Some(parts) = parts(step, catalog) else { return };
    locks::check_split(step, document, at, found);
    if parts.is_string() {
        let message = "`parts` must be a number: the steps of a run are known when the run begins";
        found.0.push(document.error(&format!("{at}/split/parts"), message).help("write it without `${{ }}`"));
    }
    for own in [parts_id(step), part_id(step)] {
        if placed.iter().any(|place| place.step.id == own) {
            let message = format!("the parts of `{}` use the id `{own}`, which another step has", step.id);
            found.0.push(document.error(&format!("{at}/split"), message).help("rename the other step"));
        }
    }
}

/// Returns whether a step merges the results of this group of parts.
pub(crate) fn merges(step: &StepDefinition, group: &StepDefinition) -> bool {
    let has_results = step.config.get("split").is_some_and(|split| split.get("from").is_some());
    let is_split = group.group.as_deref().is_some_and(|group| group.item.as_deref() == Some(ITEM));
    has_results && is_split && parts_id(step) == group.id
}

fn parts_id(step: &StepDefinition) -> String {
    format!("{}_parts", step.id)
}

fn part_id(step: &StepDefinition) -> String {
    format!("{}_part", step.id)
}

/// Returns the job as a run executes it, with the parts of its split steps. `None` if no step is split.
pub fn expanded(job: &JobDefinition, catalog: &dyn Catalog) -> Option<JobDefinition> {
    let is_split = |step: &StepDefinition| parts(step, catalog).is_some();
    if !job.all_steps().any(is_split) {
        return None;
    }
    let each = |steps: &[StepDefinition]| steps.iter().flat_map(|step| expand(step, catalog)).collect();
    Some(JobDefinition {
        steps: each(&job.steps),
        on_failure: each(&job.on_failure),
        finally: each(&job.finally),
        ..job.clone()
    })
}

fn expand(step: &StepDefinition, catalog: &dyn Catalog) -> Vec<StepDefinition> {
    let mut step = step.clone();
    if let Some(group) = &mut step.group {
        let branches = group.parallel_steps.iter().flat_map(|branch| {
            let steps: Vec<_> = branch.steps().iter().flat_map(|step| expand(step, catalog)).collect();
            match branch {
                Branch::Sequence(sequence) => {
                    vec![Branch::Sequence(Sequence { steps, ..sequence.clone() })]
                }
                // The steps of an item are one sequence already.
                Branch::Step(_) if group.for_each.is_some() || steps.len() == 1 => {
                    steps.into_iter().map(|step| Branch::Step(Box::new(step))).collect()
                }
                Branch::Step(step) => {
                    let (id, name) = (step.id.clone(), step.name.clone());
                    vec![Branch::Sequence(Sequence { id, name, steps })]
                }
            }
        });
        let branches = branches.collect();
        group.finally = group.finally.iter().flat_map(|step| expand(step, catalog)).collect();
        group.parallel_steps = branches;
    }
    match parts(&step, catalog).and_then(|parts| parts.as_u64()) {
        Some(count) => pieces(step, count.clamp(1, MAX_PARTS)),
        None => vec![step],
    }
}

/// Returns the group of the parts of a step, and the step that merges them.
fn pieces(mut merge: StepDefinition, count: u64) -> Vec<StepDefinition> {
    let with = |more: Value| {
        let mut config = merge.config.clone();
        if let (Some(Value::Object(split)), Value::Object(more)) = (config.get_mut("split"), more) {
            split.extend(more);
        }
        config
    };
    let part = StepDefinition {
        id: part_id(&merge),
        name: format!("{} (part)", merge.name),
        when: None,
        continue_on_failure: false,
        locks: Vec::new(),
        config: with(json!({"part": format!("${{{{ {ITEM} }}}}"), "to": "${{ run.branch_dir }}/part"})),
        ..merge.clone()
    };
    let parts = StepDefinition {
        id: parts_id(&merge),
        name: format!("{} (parts)", merge.name),
        step_type: group::TYPE.to_owned(),
        continue_on_failure: merge.continue_on_failure,
        when: merge.when.clone(),
        // Each part has the retries of the step.
        retry: Some(Retry { max_attempts: 1, backoff: Span::secs(1), on: None }),
        on_lost: None,
        locks: Vec::new(),
        timeout: None,
        policy: None,
        group: Some(Box::new(Group {
            for_each: Some((0..count).collect()),
            item: Some(ITEM.to_owned()),
            parallel_steps: vec![Branch::Step(Box::new(part))],
            ..Group::default()
        })),
        config: serde_json::Map::new(),
    };
    merge.config = with(json!({"from": format!("${{{{ steps[\"{}\"].output }}}}", parts.id)}));
    vec![parts, merge]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::job::Plan;
    use crate::policy::Profile;
    use crate::step::Manifest;

    struct OneType;

    impl Catalog for OneType {
        fn manifest(&self, step_type: &str) -> Option<Arc<Manifest>> {
            let split = json!({"properties": {"split": {"x-stepwell-split": step_type == "tables"}}});
            Some(Arc::new(Manifest {
                type_name: step_type.to_owned(),
                version: "1.0.0".to_owned(),
                summary: String::new(),
                config_schema: split.into(),
                needs: Vec::new(),
                profile: Profile::Standard,
                idempotent: true,
            }))
        }
        fn types(&self) -> Vec<String> {
            Vec::new()
        }
    }

    fn expanded_ids(steps: Value) -> Option<Vec<String>> {
        let job: JobDefinition = serde_json::from_value(json!({"id": "j", "steps": steps})).unwrap();
        let expanded = expanded(&job, &OneType)?;
        let again = super::expanded(&expanded, &OneType);
        assert!(again.is_none(), "the expansion of an expanded job");
        let plan = Plan::of(&expanded);
        Some(plan.nodes().iter().map(|node| node.definition.id.clone()).collect())
    }

    #[test]
    fn a_split_step_becomes_its_parts_and_their_merge() {
        let split =
            |id: &str, kind: &str| json!({"id": id, "type": kind, "split": {"input": "t", "parts": 3}});
        let group = |more: Value| {
            let mut group = json!({"id": "g", "type": "parallel_group"});
            group.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            group
        };
        for (steps, expected) in [
            (json!([split("a", "tables")]), Some("a_parts a_part a")),
            (json!([split("a", "other")]), None),
            (json!([{"id": "a", "type": "tables", "split": {"input": "t", "parts": 3, "part": 1}}]), None),
            (json!([{"id": "a", "type": "tables", "split": ","}]), None),
            (
                json!([group(json!({"parallel_steps": [split("a", "tables"), split("b", "other")]}))]),
                Some("g a_parts a_part a b"),
            ),
            (
                json!([group(json!({"for_each": [1], "parallel_steps": [split("a", "tables")]}))]),
                Some("g a_parts a_part a"),
            ),
        ] {
            let found = expanded_ids(steps.clone()).map(|ids| ids.join(" "));
            assert_eq!(found.as_deref(), expected, "{steps}");
        }
    }

    /// For the rest of the job, the parts and their merge are one step.
    #[test]
    fn a_split_step_whose_parts_fail_has_failed() {
        use crate::outcome::{FailureKind, Outcome, Produced, Receipt, StepEnd};
        use crate::run::{Event, RunState, apply};

        let job = json!({"id": "j", "steps": [
            {"id": "a", "type": "tables", "split": {"input": "t", "parts": 2}},
            {"id": "other", "type": "x"},
            {"id": "react", "type": "x", "when": "${{ steps.a.status == 'failed' }}"}]});
        let job: JobDefinition = serde_json::from_value(job).unwrap();
        let job = Arc::new(super::expanded(&job, &OneType).unwrap().into());
        let at = crate::clock::Timestamp::UNIX_EPOCH;
        let mut state = RunState::new(crate::store::NewRun::of(job, "exec_1", at));
        let items: Vec<crate::run::Item> =
            [0, 1].map(|i| crate::run::Item { key: None, value: json!(i) }).to_vec();
        let outcome =
            Outcome::Failed { kind: FailureKind::Failed, message: "no".to_owned(), retryable: false };
        let end = Arc::new(StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() });
        for event in [
            Event::Started { at },
            Event::GroupStarted {
                step: "a_parts".into(),
                attempt: 1,
                items: Some(Arc::new(items)),
                in_order: true,
                at,
            },
            Event::StepStarted { step: "a_parts[0].a_part".into(), attempt: 1, at },
            Event::StepEnded { step: "a_parts[0].a_part".into(), attempt: 1, end, at },
        ] {
            apply(&mut state, &event).unwrap();
        }
        let shown: Vec<String> =
            state.steps.iter().map(|step| format!("{} {}", step.path, step.status.name())).collect();
        assert_eq!(
            shown[..5].join(", "),
            "a_parts failed, a failed, other skipped, react pending, a_parts[0].a_part failed"
        );
        let shown = state.scope(state.position_of("react").unwrap());
        assert_eq!(
            crate::job::evaluate("${{ steps.a.status == 'failed' }}", &shown, &crate::job::Work::short()),
            Ok(true)
        );
    }

    #[test]
    fn a_part_and_the_merge_know_their_places() {
        let job = json!({"id": "j", "max_retries": 2, "steps": [{"id": "a-b", "type": "tables", "when": "${{ true }}",
            "timeout": "5s", "query": "q", "split": {"input": "t", "parts": 2}}]});
        let job: JobDefinition = serde_json::from_value(job).unwrap();
        let job = serde_json::to_value(expanded(&job, &OneType).unwrap()).unwrap();
        let (group, merge) = (&job["steps"][0], &job["steps"][1]);
        assert_eq!((&group["for_each"], &group["when"]), (&json!([0, 1]), &json!("${{ true }}")));
        assert_eq!(group["retry"]["max_attempts"], 1);
        let part = &group["parallel_steps"][0];
        assert_eq!(
            (&part["query"], &part["timeout"], &part["when"]),
            (&json!("q"), &json!("5s"), &Value::Null)
        );
        let split = json!({"input": "t", "parts": 2, "part": "${{ split_part }}", "to": "${{ run.branch_dir }}/part"});
        assert_eq!(part["split"], split);
        let from = "${{ steps[\"a-b_parts\"].output }}";
        assert_eq!(merge["split"], json!({"input": "t", "parts": 2, "from": from}));
    }
}
