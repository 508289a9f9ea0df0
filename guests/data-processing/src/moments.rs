//! Timestamps in a plan: microseconds where the engine would choose nanoseconds, which end in the year 2262,
//! and texts as DuckDB and PostgreSQL write them.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, plan_err};
use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::expr::{Between, BinaryExpr, Case, Cast, InList, ScalarFunction, TryCast};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, ScalarUDF, cast};
use datafusion::optimizer::AnalyzerRule;
use datafusion::prelude::SessionContext;

use crate::functions::{RANGE, SERIES, TEXT};

/// Functions whose arguments have one type.
const OF_ONE_TYPE: &[&str] = &["coalesce", "greatest", "ifnull", "least", "make_array", "nullif", "nvl"];

/// Adds the rules to a session, one before and one after the engine coerces types.
///
/// # Errors
/// Fails when a function is not registered.
pub fn register(session: &SessionContext) -> Result<SessionContext> {
    let state = session.state();
    let functions =
        Functions { series: state.udf(SERIES)?, range: state.udf(RANGE)?, text: state.udf(TEXT)? };
    let mut rules = state.analyzer().rules.clone();
    rules.insert(0, Arc::new(Rule { after: false, functions: functions.clone() }));
    rules.push(Arc::new(Rule { after: true, functions }));
    let state = SessionStateBuilder::new_from_existing(state).with_analyzer_rules(rules).build();
    Ok(SessionContext::new_with_state(state))
}

#[derive(Debug, Clone)]
struct Functions {
    series: Arc<ScalarUDF>,
    range: Arc<ScalarUDF>,
    text: Arc<ScalarUDF>,
}

#[derive(Debug)]
struct Rule {
    /// Whether the types are coerced.
    after: bool,
    functions: Functions,
}

impl AnalyzerRule for Rule {
    fn name(&self) -> &str {
        if self.after { "texts_of_moments" } else { "moments" }
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| self.plan(plan)).map(|plan| plan.data)
    }
}

impl Rule {
    fn plan(&self, plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
        if let LogicalPlan::Union(union) = &plan {
            for column in 0..union.schema.fields().len() {
                let fields = union.inputs.iter().filter_map(|input| input.schema().fields().get(column));
                apart(&fields.map(|field| field.data_type().clone()).collect::<Vec<_>>())?;
            }
            return Ok(Transformed::no(plan));
        }
        if matches!(plan, LogicalPlan::Limit(_)) {
            return Ok(Transformed::no(plan));
        }
        let mut schema = merge_schema(&plan.inputs());
        if let LogicalPlan::TableScan(scan) = &plan {
            schema.merge(&scan.projected_schema);
        }
        let names = NamePreserver::new(&plan);
        plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let expr = expr.transform_up(|expr| match self.after {
                true => self.texts(expr, &schema),
                false => self.micros(expr, &schema),
            })?;
            Ok(expr.update_data(|expr| name.restore(expr)))
        })?
        .map_data(LogicalPlan::recompute_schema)
    }

    /// Gives the operands of a comparison, and other values of one type, the type of the timestamp among
    /// them.
    fn micros(&self, mut expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let changed = match &mut expr {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if op.supports_propagation() => {
                settle(&mut [left.as_mut(), right.as_mut()], true, schema)?
            }
            Expr::Between(Between { expr, low, high, .. }) => {
                settle(&mut [expr.as_mut(), low.as_mut(), high.as_mut()], true, schema)?
            }
            Expr::InList(InList { expr, list, .. }) => {
                let mut all: Vec<&mut Expr> = list.iter_mut().collect();
                all.push(expr);
                settle(&mut all, true, schema)?
            }
            Expr::Case(Case { when_then_expr, else_expr, .. }) => {
                let mut all: Vec<&mut Expr> =
                    when_then_expr.iter_mut().map(|(_, then)| then.as_mut()).collect();
                all.extend(else_expr.iter_mut().map(Box::as_mut));
                settle(&mut all, false, schema)?
            }
            Expr::ScalarFunction(ScalarFunction { func, args }) => match func.name() {
                name if OF_ONE_TYPE.contains(&name) => {
                    settle(&mut args.iter_mut().collect::<Vec<_>>(), false, schema)?
                }
                name @ ("generate_series" | "range") if is_moment(args.first(), schema) => {
                    *func = match name {
                        "range" => self.functions.range.clone(),
                        _ => self.functions.series.clone(),
                    };
                    true
                }
                _ => false,
            },
            Expr::Cast(Cast { expr: inner, field }) | Expr::TryCast(TryCast { expr: inner, field })
                if matches!(field.data_type(), DataType::Timestamp(TimeUnit::Microsecond, _))
                    && inner.get_type(schema)?.is_integer() =>
            {
                // Seconds since 1970, as for every other unit.
                let zone = match field.data_type() {
                    DataType::Timestamp(_, zone) => zone.clone(),
                    _ => None,
                };
                **inner = cast(std::mem::take(inner.as_mut()), DataType::Timestamp(TimeUnit::Second, zone));
                true
            }
            _ => false,
        };
        Ok(Transformed::new_transformed(expr, changed))
    }

    /// Writes timestamps that become text with a space in place of the `T`.
    fn texts(&self, mut expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let changed = match &mut expr {
            Expr::Cast(Cast { expr: inner, field }) | Expr::TryCast(TryCast { expr: inner, field })
                if field.data_type().is_string()
                    && matches!(inner.get_type(schema)?, DataType::Timestamp(..)) =>
            {
                **inner = self.functions.text.call(vec![std::mem::take(inner.as_mut())]);
                true
            }
            _ => false,
        };
        Ok(Transformed::new_transformed(expr, changed))
    }
}

fn is_moment(expr: Option<&Expr>, schema: &DFSchema) -> bool {
    let kind = expr.and_then(|expr| expr.get_type(schema).ok());
    matches!(kind, Some(DataType::Timestamp(TimeUnit::Microsecond, _)))
}

/// Casts dates, and texts in comparisons, to the type of the timestamps among the values.
fn settle(group: &mut [&mut Expr], compared: bool, schema: &DFSchema) -> Result<bool> {
    let kinds: Vec<DataType> =
        group.iter().map(|expr| expr.get_type(schema).unwrap_or(DataType::Null)).collect();
    apart(&kinds)?;
    let mut moments = kinds.iter().filter(|kind| matches!(kind, DataType::Timestamp(..)));
    let Some(first) = moments.next().cloned() else { return Ok(false) };
    if matches!(first, DataType::Timestamp(TimeUnit::Nanosecond, _)) || moments.any(|kind| *kind != first) {
        return Ok(false);
    }
    let mut changed = false;
    for (expr, kind) in group.iter_mut().zip(&kinds) {
        if *kind == DataType::Date32 || (compared && kind.is_string()) {
            **expr = cast(std::mem::take(*expr), first.clone());
            changed = true;
        }
    }
    Ok(changed)
}

/// Refuses dates and timestamps beside numbers. The engine would read the numbers as days since 1970.
fn apart(kinds: &[DataType]) -> Result<()> {
    let is_time = |kind: &DataType| {
        matches!(kind, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) | DataType::Time64(_))
    };
    match kinds.iter().any(is_time) && kinds.iter().any(DataType::is_numeric) {
        true => plan_err!(
            "a date or a time stands beside a number: write `DATE '2026-01-31'` or `TIMESTAMP '2026-01-31 10:20:30'` in place of the number, or take a number from the date with `date_part('year', x)`"
        ),
        false => Ok(()),
    }
}
