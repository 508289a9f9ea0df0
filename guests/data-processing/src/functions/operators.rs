//! Interval arithmetic that loses no precision.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, IntervalMonthDayNanoArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Float64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
};
use datafusion::common::DFSchema;
use datafusion::error::Result;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, cast as cast_to};
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::{Scalar, argument, wrong};

/// `date + INTERVAL '90 minutes'` is a timestamp, and `3 * INTERVAL '1 day'` an interval.
#[derive(Debug)]
pub struct Intervals;

const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

const TIMES: Scalar = Scalar {
    names: &["interval_times"],
    arguments: "2",
    kind: |types| (types.len() == 2).then_some(Ok(INTERVAL)),
    run: times,
};

impl ExprPlanner for Intervals {
    fn plan_binary_op(
        &self,
        mut expr: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        let adds = matches!(expr.op, BinaryOperator::Plus | BinaryOperator::Minus);
        if !adds && expr.op != BinaryOperator::Multiply {
            return Ok(PlannerResult::Original(expr));
        }
        let (Ok(left), Ok(right)) = (expr.left.get_type(schema), expr.right.get_type(schema)) else {
            return Ok(PlannerResult::Original(expr));
        };
        let is_interval = |kind: &DataType| matches!(kind, DataType::Interval(_));
        if adds {
            let moment = DataType::Timestamp(TimeUnit::Microsecond, None);
            if left == DataType::Date32 && is_interval(&right) && !whole_days(&expr.right) {
                expr.left = cast_to(expr.left, moment);
            } else if right == DataType::Date32 && is_interval(&left) && !whole_days(&expr.left) {
                expr.right = cast_to(expr.right, moment);
            }
            return Ok(PlannerResult::Original(expr));
        }
        let (interval, number) = match (is_interval(&left), is_interval(&right)) {
            (true, false) if right.is_numeric() => (expr.left, expr.right),
            (false, true) if left.is_numeric() => (expr.right, expr.left),
            _ => return Ok(PlannerResult::Original(expr)),
        };
        Ok(PlannerResult::Planned(Arc::new(TIMES.udf()).call(vec![interval, number])))
    }
}

/// Returns whether the query contains the interval as a literal without hours.
fn whole_days(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(interval)), _) => interval.nanoseconds == 0,
        Expr::Literal(ScalarValue::IntervalYearMonth(_), _) => true,
        _ => false,
    }
}

fn times(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let intervals = cast(argument(arrays, 0)?, &INTERVAL)?;
    let numbers = cast(argument(arrays, 1)?, &DataType::Float64)?;
    let (intervals, numbers) =
        (intervals.as_primitive::<IntervalMonthDayNanoType>(), numbers.as_primitive::<Float64Type>());
    let rows = (0..intervals.len()).map(|row| {
        if intervals.is_null(row) || numbers.is_null(row) {
            return Ok(None);
        }
        match multiplied(intervals.value(row), numbers.value(row)) {
            Some(found) => Ok(Some(found)),
            None => wrong("the interval is too long".to_owned()),
        }
    });
    Ok(Arc::new(rows.collect::<Result<IntervalMonthDayNanoArray>>()?))
}

/// Multiplies an interval. Fractions of months become days (30 per month), and fractions of days become
/// hours, as in PostgreSQL.
fn multiplied(interval: IntervalMonthDayNano, number: f64) -> Option<IntervalMonthDayNano> {
    let months = f64::from(interval.months) * number;
    let days = f64::from(interval.days) * number + months.fract() * 30.0;
    let nanos = interval.nanoseconds as f64 * number + days.fract() * 86_400e9;
    let fits = |value: f64, most: f64| value.is_finite() && value.abs() < most;
    if !fits(months, 2_147_483_647.0) || !fits(days, 2_147_483_647.0) || !fits(nanos, 9.2e18) {
        return None;
    }
    let exact = number.fract() == 0.0;
    let nanos = match (exact, number as i64) {
        (true, number) => interval.nanoseconds.checked_mul(number)?,
        _ => nanos.round() as i64,
    };
    Some(IntervalMonthDayNano::new(months.trunc() as i32, days.trunc() as i32, nanos))
}
