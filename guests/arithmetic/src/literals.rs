//! Decimals beside floats. The engine would cast both to a decimal of 15 digits after the point, which loses
//! digits of the float, or calculate with floats.
//!
//! A number in the query is exact, so beside a decimal it is a decimal: `price * 1.1`, `coalesce(price, 0.0)`.
//! A column of floats is not exact, so beside it a decimal becomes a float.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{Between, BinaryExpr, Case, Cast, InList, ScalarFunction, TryCast};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Operator, Union, cast};
use datafusion::optimizer::AnalyzerRule;
use datafusion::scalar::ScalarValue;

/// Functions whose arguments have one type.
const OF_ONE_TYPE: &[&str] = &["coalesce", "greatest", "ifnull", "least", "make_array", "nullif", "nvl"];

/// Settles the types of decimals and floats before the engine coerces them.
#[derive(Debug)]
pub struct Literals;

impl AnalyzerRule for Literals {
    fn name(&self) -> &str {
        "literals"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(settled).map(|plan| plan.data)
    }
}

fn settled(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let plan = match plan {
        LogicalPlan::Union(union) => return union_of(union),
        other => other,
    };
    let mut schema = merge_schema(&plan.inputs());
    if let LogicalPlan::TableScan(scan) = &plan {
        schema.merge(&scan.projected_schema);
    }
    let names = NamePreserver::new(&plan);
    plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let expr = expr.transform_up(|expr| settled_expr(expr, &schema))?;
        Ok(expr.update_data(|expr| name.restore(expr)))
    })?
    .map_data(LogicalPlan::recompute_schema)
}

fn settled_expr(mut expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let changed = match &mut expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if op.is_numerical_operators() => {
            // The engine calculates with floats if one side is a float.
            exact(&mut [left.as_mut(), right.as_mut()], schema)
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if op.supports_propagation() => {
            settle(&mut [left.as_mut(), right.as_mut()], schema)
        }
        Expr::Cast(Cast { expr, field }) | Expr::TryCast(TryCast { expr, field })
            if field.data_type().is_integer() || is_decimal(field.data_type()) =>
        {
            let found = decimal(expr).filter(|found| found != expr.as_ref());
            found.map(|found| **expr = found).is_some()
        }
        Expr::Between(Between { expr, low, high, .. }) => {
            settle(&mut [expr.as_mut(), low.as_mut(), high.as_mut()], schema)
        }
        Expr::InList(InList { expr, list, .. }) => {
            let mut all: Vec<&mut Expr> = list.iter_mut().collect();
            all.push(expr);
            settle(&mut all, schema)
        }
        Expr::Case(Case { expr, when_then_expr, else_expr }) => {
            let (mut whens, mut thens): (Vec<&mut Expr>, Vec<&mut Expr>) =
                when_then_expr.iter_mut().map(|(when, then)| (when.as_mut(), then.as_mut())).unzip();
            thens.extend(else_expr.iter_mut().map(Box::as_mut));
            let compared = expr.is_some();
            whens.extend(expr.iter_mut().map(Box::as_mut));
            let results = settle(&mut thens, schema);
            (compared && settle(&mut whens, schema)) || results
        }
        Expr::ScalarFunction(ScalarFunction { func, args }) if OF_ONE_TYPE.contains(&func.name()) => {
            settle(&mut args.iter_mut().collect::<Vec<_>>(), schema)
        }
        _ => false,
    };
    Ok(Transformed::new_transformed(expr, changed))
}

/// Makes one kind of number of the expressions, and returns whether one changed.
fn settle(group: &mut [&mut Expr], schema: &DFSchema) -> bool {
    if exact(group, schema) {
        return true;
    }
    let kinds = kinds(group, schema);
    if !kinds.iter().any(is_float) || !kinds.iter().any(is_decimal) {
        return false;
    }
    for (expr, kind) in group.iter_mut().zip(&kinds) {
        if is_decimal(kind) {
            **expr = cast(std::mem::take(*expr), DataType::Float64);
        }
    }
    true
}

/// Makes decimals of the numbers of the query beside decimals, unless there is another float.
fn exact(group: &mut [&mut Expr], schema: &DFSchema) -> bool {
    let kinds = kinds(group, schema);
    if !kinds.iter().any(is_decimal) {
        return false;
    }
    let floats = group.iter().zip(&kinds).map(|(expr, kind)| is_float(kind).then(|| decimal(expr)));
    let found: Vec<Option<Option<Expr>>> = floats.collect();
    if found.iter().all(Option::is_none) || found.iter().flatten().any(Option::is_none) {
        return false;
    }
    for (expr, found) in group.iter_mut().zip(found) {
        if let Some(Some(found)) = found {
            **expr = found;
        }
    }
    true
}

fn kinds(group: &[&mut Expr], schema: &DFSchema) -> Vec<DataType> {
    group.iter().map(|expr| expr.get_type(schema).unwrap_or(DataType::Null)).collect()
}

fn is_decimal(kind: &DataType) -> bool {
    kind.is_decimal()
}

fn is_float(kind: &DataType) -> bool {
    kind.is_floating()
}

/// Returns the decimal of an expression that consists of numbers of the query.
fn decimal(expr: &Expr) -> Option<Expr> {
    match expr {
        Expr::Literal(ScalarValue::Float64(Some(value)), metadata) => {
            Some(Expr::Literal(digits(*value)?, metadata.clone()))
        }
        Expr::Literal(value, _) if value.data_type().is_integer() || value.data_type().is_decimal() => {
            Some(expr.clone())
        }
        Expr::Negative(inner) => Some(Expr::Negative(Box::new(decimal(inner)?))),
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: op @ (Operator::Plus | Operator::Minus | Operator::Multiply),
            right,
        }) => {
            let (left, right) = (Box::new(decimal(left)?), Box::new(decimal(right)?));
            Some(Expr::BinaryExpr(BinaryExpr { left, op: *op, right }))
        }
        _ => None,
    }
}

/// Returns the decimal that has the digits of a number in the query.
fn digits(value: f64) -> Option<ScalarValue> {
    // The shortest digits that read back as this float: those of the query, up to 15 of them.
    let text = value.to_string();
    let scale = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let number: i128 = text.replace('.', "").parse().ok()?;
    let count = number.unsigned_abs().to_string().len().max(scale).max(1);
    let (precision, scale) = (u8::try_from(count).ok()?, i8::try_from(scale).ok()?);
    (precision <= DECIMAL128_MAX_PRECISION).then_some(ScalarValue::Decimal128(Some(number), precision, scale))
}

/// Settles the columns of `UNION`.
fn union_of(union: Union) -> Result<Transformed<LogicalPlan>> {
    let columns = union.inputs.first().map_or(0, |input| input.schema().fields().len());
    let mut inputs: Vec<LogicalPlan> = union.inputs.iter().map(|input| LogicalPlan::clone(input)).collect();
    let mut changed = false;
    for column in 0..columns {
        let kinds: Vec<DataType> = inputs
            .iter()
            .map(|input| {
                input.schema().fields().get(column).map_or(DataType::Null, |field| field.data_type().clone())
            })
            .collect();
        if !kinds.iter().any(is_float) || !kinds.iter().any(is_decimal) {
            continue;
        }
        changed = true;
        let literals: Vec<Option<Expr>> = inputs.iter().map(|input| literal(input, column)).collect();
        let to_decimal = kinds.iter().zip(&literals).all(|(kind, found)| !is_float(kind) || found.is_some());
        for ((input, kind), found) in inputs.iter_mut().zip(&kinds).zip(literals) {
            let new = match found {
                Some(found) if to_decimal && is_float(kind) => Some(found),
                _ if !to_decimal && is_decimal(kind) => None,
                _ => continue,
            };
            *input = with_column(input, column, new)?;
        }
    }
    if !changed {
        return Ok(Transformed::no(LogicalPlan::Union(union)));
    }
    let inputs = inputs.into_iter().map(Arc::new).collect();
    Ok(Transformed::yes(LogicalPlan::Union(Union::try_new_with_loose_types(inputs)?)))
}

/// Returns the decimal that a column of a `SELECT` consists of.
fn literal(input: &LogicalPlan, column: usize) -> Option<Expr> {
    match input {
        LogicalPlan::Projection(projection) => decimal(&projection.expr.get(column)?.clone().unalias()),
        _ => None,
    }
}

/// Replaces a column, by default with itself as a float.
fn with_column(input: &LogicalPlan, column: usize, new: Option<Expr>) -> Result<LogicalPlan> {
    let columns = input.schema().columns();
    let exprs = columns.into_iter().enumerate().map(|(place, known)| {
        if place != column {
            return Expr::Column(known);
        }
        let Column { relation, name, .. } = known.clone();
        let new = new.clone().unwrap_or_else(|| cast(Expr::Column(known), DataType::Float64));
        new.alias_qualified(relation, name)
    });
    LogicalPlanBuilder::from(input.clone()).project(exprs.collect::<Vec<_>>())?.build()
}
