//! The steps of a run as a picture: its groups with the branches that there are now, and the status of each step.

use std::collections::BTreeMap;

use maud::Markup;
use serde_json::{Value, json};

use crate::ui::ask::Ask;
use crate::ui::graph;
use crate::ui::value::Parts;

/// The maximum number of branches that a group counts.
const BRANCHES: usize = 10_000;

/// Draws the steps of a run.
pub(super) fn drawn(ask: &Ask, run: &Value) -> Markup {
    let mut statuses = BTreeMap::new();
    let steps = steps(run.list("steps"), &mut statuses);
    let link = |id: &str| Some(ask.path(&["runs", run.text("execution_id"), "steps", id]));
    graph::drawn(&json!({"steps": steps}), &link, &|id| statuses.get(id).map(|status| (*status).to_owned()))
}

/// Returns steps in the form of a job, and notes their statuses.
fn steps<'v>(all: &'v [Value], statuses: &mut BTreeMap<&'v str, &'v str>) -> Vec<Value> {
    all.iter().map(|step| one(step, statuses)).collect()
}

fn one<'v>(step: &'v Value, statuses: &mut BTreeMap<&'v str, &'v str>) -> Value {
    statuses.insert(step.text("step_id"), step.text("status"));
    let mut shown = json!({"id": step.text("step_id"), "type": step.text("step_type")});
    let branches = step.list("branches").iter();
    let mut branches: Vec<Value> =
        branches.map(|branch| json!({"steps": steps(branch.list("steps"), statuses)})).collect();
    let more = usize::try_from(step.number("more_branches")).unwrap_or(BRANCHES);
    branches.resize(branches.len() + more.min(BRANCHES), Value::Null);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("parallel_steps".to_owned(), branches.into());
        shown.insert("finally".to_owned(), steps(step.list("finally"), statuses).into());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_the_branches_of_the_run_with_their_statuses() {
        let step = |id: &str, status: &str| json!({"step_id": id, "step_type": "wait", "status": status});
        let run = json!([step("load", "success"), {"step_id": "g", "step_type": "parallel_group", "status": "running",
            "branches": [{"branch_id": "g[0]", "steps": [step("g[0].a", "failed")]},
                {"branch_id": "g[1]", "steps": [step("g[1].a", "running"), step("g[1].b", "pending")]}],
            "more_branches": 40, "finally": [step("g.last", "pending")]}]);
        let mut statuses = BTreeMap::new();
        let steps = steps(run.list(""), &mut statuses);
        assert_eq!(statuses.get("g[1].a"), Some(&"running"));
        let status = |id: &str| statuses.get(id).map(|status| (*status).to_owned());
        let html =
            graph::drawn(&json!({"steps": steps}), &|id| Some(format!("/{id}")), &status).into_string();
        for part in [
            "42 branches",
            "and 40 more",
            "<title>g[0].a: wait, failed</title>",
            "href=\"/g[1].b\"",
            "<title>g.last: wait, pending</title>",
            "data-status=\"running\"",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
}
