//! The place in a plan that divides the work of the parts from the work of the merge.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::JoinType;
use datafusion::error::Result;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::limit::{GlobalLimitExec, LocalLimitExec};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::scalar_subquery::ScalarSubqueryExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::unnest::UnnestExec;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ChildrenPropertiesMode, ExecutionPlan, ReplaceChildrenOptions};

use super::mark::Mark;

/// The aggregates whose value follows from the values of the parts.
const AGGREGATES: &[&str] = &[
    "approx_distinct",
    "avg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bool_and",
    "bool_or",
    "corr",
    "count",
    "covar_pop",
    "covar_samp",
    "max",
    "median",
    "min",
    "mode",
    "percentile_cont",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "stddev",
    "stddev_pop",
    "sum",
    "var",
    "var_pop",
];

const LIMIT: &str = "a LIMIT without ORDER BY takes the first rows of the input";
const WINDOW: &str = "a window function needs all rows";

/// A node above the cut, and the place of the child that leads to the input.
type Step = (Arc<dyn ExecutionPlan>, usize);

/// The cut of a plan.
pub struct Cut {
    /// The nodes above the cut, from the top.
    above: Vec<Step>,
    /// The plan of a part.
    part: Arc<dyn ExecutionPlan>,
    /// The aggregate that the merge completes.
    aggregate: Option<Arc<dyn ExecutionPlan>>,
}

/// Finds the cut of a plan, or the reason why there is none.
pub fn find(plan: &Arc<dyn ExecutionPlan>, mark: &Mark, input: &str) -> Result<Result<Cut, String>> {
    let mut scans = Vec::new();
    search(plan, mark, &mut Vec::new(), &mut scans);
    let scan = match scans.as_slice() {
        [scan] => scan,
        [] => return Ok(Err(format!("the query does not read `{input}`"))),
        _ => return Ok(Err(format!("the query reads `{input}` more than once"))),
    };
    let (mut above, mut below) = way(plan, scan);
    if below.fetch().is_some() {
        return Ok(Err(LIMIT.to_owned()));
    }
    while let Some((node, child)) = above.pop() {
        if let Some(aggregate) = node.downcast_ref::<AggregateExec>() {
            return match (obstacle(aggregate), aggregate.mode()) {
                (Some(reason), _) => Ok(Err(reason)),
                // The aggregate over grouping sets has two halves already.
                (None, AggregateMode::Partial) => Ok(Ok(Cut { above, part: node, aggregate: None })),
                (None, _) => Ok(Ok(Cut { above, part: partial(aggregate)?, aggregate: Some(node) })),
            };
        }
        if sorts(&node) {
            above.push((node, child));
            if let Some(reason) = above.iter().rev().find_map(|(node, _)| ordered(node)) {
                return Ok(Err(reason));
            }
            break;
        }
        if let Some(reason) = whole(&node, child, input) {
            return Ok(Err(reason));
        }
        below = node;
    }
    Ok(Ok(Cut { above, part: below, aggregate: None }))
}

/// Collects the ways to the scans of the input, as places of children.
fn search(node: &Arc<dyn ExecutionPlan>, mark: &Mark, way: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
    if mark.is_on(node) {
        found.push(way.clone());
    }
    for (place, child) in node.children().into_iter().enumerate() {
        way.push(place);
        search(child, mark, way, found);
        way.pop();
    }
}

/// Returns the nodes on a way, and the node at its end.
fn way(plan: &Arc<dyn ExecutionPlan>, places: &[usize]) -> (Vec<Step>, Arc<dyn ExecutionPlan>) {
    let mut steps = Vec::with_capacity(places.len());
    let mut node = plan.clone();
    for place in places {
        let Some(child) = node.children().get(*place).map(|child| Arc::clone(child)) else { break };
        steps.push((std::mem::replace(&mut node, child), *place));
    }
    (steps, node)
}

fn sorts(node: &Arc<dyn ExecutionPlan>) -> bool {
    node.is::<SortExec>() || node.is::<SortPreservingMergeExec>()
}

/// Returns the reason why a node needs all rows in their order.
fn ordered(node: &Arc<dyn ExecutionPlan>) -> Option<String> {
    if node.is::<WindowAggExec>() || node.is::<BoundedWindowAggExec>() {
        return Some(WINDOW.to_owned());
    }
    node.downcast_ref::<AggregateExec>().and_then(obstacle)
}

/// Returns the reason why a node needs all rows of the input, unless it works row by row on this child.
fn whole(node: &Arc<dyn ExecutionPlan>, child: usize, input: &str) -> Option<String> {
    if node.fetch().is_some() || node.is::<GlobalLimitExec>() || node.is::<LocalLimitExec>() {
        return Some(LIMIT.to_owned());
    }
    let simple = node.is::<FilterExec>()
        || node.is::<ProjectionExec>()
        || node.is::<UnnestExec>()
        || node.is::<CrossJoinExec>()
        || node.is::<CooperativeExec>()
        || node.is::<CoalescePartitionsExec>()
        || child == 0 && node.is::<ScalarSubqueryExec>();
    let hash = node.downcast_ref::<HashJoinExec>().map(|join| *join.join_type());
    let join = hash.or_else(|| node.downcast_ref::<NestedLoopJoinExec>().map(|join| *join.join_type()));
    match join {
        _ if simple => None,
        Some(join) if each_for_itself(join, child) => None,
        Some(JoinType::Left | JoinType::Right | JoinType::Full) => {
            Some(format!("an outer join keeps rows of the other table without a partner in `{input}`"))
        }
        Some(_) => Some(format!("IN or EXISTS looks at all rows of `{input}`")),
        None if node.is::<UnionExec>() => Some("UNION adds rows that are not of the input".to_owned()),
        None => ordered(node).or_else(|| Some(format!("a step of the query needs all rows of `{input}`"))),
    }
}

/// Returns whether each row of one side of a join has its result without the other rows of this side.
fn each_for_itself(join: JoinType, side: usize) -> bool {
    use JoinType::{Inner, Left, LeftAnti, LeftMark, LeftSemi, Right, RightAnti, RightMark, RightSemi};
    match side {
        0 => matches!(join, Inner | Left | LeftSemi | LeftAnti | LeftMark),
        _ => matches!(join, Inner | Right | RightSemi | RightAnti | RightMark),
    }
}

/// Returns the reason why an aggregate cannot be put together from parts.
fn obstacle(aggregate: &AggregateExec) -> Option<String> {
    use AggregateMode::{Partial, Single, SinglePartitioned};
    if !matches!(aggregate.mode(), Partial | Single | SinglePartitioned) {
        return Some("the query aggregates in several steps".to_owned());
    }
    aggregate.aggr_expr().iter().find_map(|call| {
        let name = call.fun().name();
        if !call.order_bys().is_empty() {
            return Some(format!("the ORDER BY in `{name}` needs all rows"));
        }
        let known = AGGREGATES.contains(&name);
        (!known).then(|| format!("`{name}` cannot be put together from the values of the parts"))
    })
}

/// Returns the aggregate that ends with the states of its groups.
fn partial(aggregate: &AggregateExec) -> Result<Arc<dyn ExecutionPlan>> {
    Ok(Arc::new(AggregateExec::try_new(
        AggregateMode::Partial,
        aggregate.group_expr().clone(),
        aggregate.aggr_expr().to_vec(),
        aggregate.filter_expr().to_vec(),
        aggregate.input.clone(),
        aggregate.input_schema.clone(),
    )?))
}

impl Cut {
    /// Returns the columns of the result of a part.
    pub fn schema(&self) -> SchemaRef {
        self.part.schema()
    }

    /// Returns the plan of a part, with the subqueries whose values it uses.
    pub fn part(&self) -> Arc<dyn ExecutionPlan> {
        let mut plan = self.part.clone();
        for (node, child) in self.above.iter().rev() {
            if let Some(exec) = node.downcast_ref::<ScalarSubqueryExec>().filter(|_| *child == 0) {
                let (subqueries, results) = (exec.subqueries().to_vec(), exec.results().clone());
                plan = Arc::new(ScalarSubqueryExec::new(plan, subqueries, results));
            }
        }
        plan
    }

    /// Returns the plan of the merge, which reads the results of all parts from `source`.
    pub fn merge(&self, source: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
        let mut plan = source;
        let aggregate = self.aggregate.as_ref().and_then(|node| node.downcast_ref::<AggregateExec>());
        if let Some(aggregate) = aggregate {
            let first = partial(aggregate)?;
            // Planning the first half may have changed the calls.
            let half = first.downcast_ref::<AggregateExec>().unwrap_or(aggregate);
            plan = Arc::new(AggregateExec::try_new(
                AggregateMode::Final,
                half.group_expr().as_final(),
                half.aggr_expr().to_vec(),
                half.filter_expr().to_vec(),
                plan,
                aggregate.input_schema.clone(),
            )?);
        }
        for (node, child) in self.above.iter().rev() {
            let mut children: Vec<_> = node.children().into_iter().cloned().collect();
            if let Some(place) = children.get_mut(*child) {
                *place = plan;
            }
            let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
            plan = node.clone().replace_children(children, options)?;
        }
        Ok(plan)
    }
}
