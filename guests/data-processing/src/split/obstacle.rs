//! Reasons why a step reads its input whole, found before any rows are read.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};
use stepwell_sdk::Failure;
use tables::{csv_obstacle, json_obstacle};

use crate::config::{BadRows, Format};
use crate::errors::of_problem;
use crate::inputs::Source;
use crate::shares::Split;
use crate::text;

/// Returns the reason that the configuration and the files of the inputs give.
pub fn of_inputs(sources: &[Source], split: &Split) -> Result<Option<String>, Failure> {
    if let Some(source) = sources.iter().find(|source| source.spec.on_bad_row == Some(BadRows::Collect)) {
        let name = &source.name;
        return Ok(Some(format!("`on_bad_row: collect` of `{name}` writes all its bad rows to one file")));
    }
    let Some(Source { spec, files, .. }) = sources.iter().find(|source| source.name == split.input) else {
        return Ok(None);
    };
    let found = match spec.format() {
        Some(Format::Csv) => csv_obstacle(files, &spec.options(), &text::quiet(spec)),
        Some(Format::Ndjson | Format::Json) => json_obstacle(files, &text::quiet(spec)),
        Some(Format::Parquet) | None => Ok(None),
    };
    found.map_err(|problem| of_problem(&problem).metadata("input", split.input.as_str()))
}

/// Returns the reason that a function gives whose value changes from call to call.
pub fn of_functions(plan: &LogicalPlan) -> Result<Option<String>> {
    let mut found = None;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::ScalarFunction(call) = expr
                    && call.func.signature().volatility != Volatility::Immutable
                {
                    found = Some(format!("`{}` has another value in each part", call.func.name()));
                    return Ok(TreeNodeRecursion::Stop);
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(found)
}
