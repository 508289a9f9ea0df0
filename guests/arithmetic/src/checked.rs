//! Checked operators in the place of the engine's: the same types and names, but an overflow is an error, and
//! a quotient or a cast is rounded.

use std::hash::Hash;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Datum, Decimal128Array, Float64Array, Int64Array, PrimitiveArray, StringArray,
    UInt64Array,
};
use datafusion::arrow::compute::kernels::numeric::{add, mul, neg, sub};
use datafusion::arrow::compute::{CastOptions, cast, cast_with_options, try_binary};
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, Float64Type, Int64Type,
    UInt64Type,
};
use datafusion::arrow::error::ArrowError;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, config::ConfigOptions};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::BinaryExpr;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::type_coercion::binary::BinaryTypeCoercer;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_expr_common::datum::apply;
use datafusion::scalar::ScalarValue;

use tables::round::{fits, quotient, without_offset};

/// Puts checked operators into a plan whose types are coerced.
#[derive(Debug)]
pub struct Checks;

impl AnalyzerRule for Checks {
    fn name(&self) -> &str {
        "checks"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(checked).map(|plan| plan.data)
    }
}

fn checked(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
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
        let expr = expr.transform_up(|expr| checked_expr(expr, &schema))?;
        Ok(expr.update_data(|expr| name.restore(expr)))
    })
}

fn checked_expr(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    Ok(match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            match Kind::of(op, left.get_type(schema)?, right.get_type(schema)?) {
                Some(kind) => Transformed::yes(kind.call(vec![*left, *right])),
                None => Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })),
            }
        }
        Expr::Negative(inner) if inner.get_type(schema)?.is_signed_integer() => {
            Transformed::yes(Kind::Minus.call(vec![*inner]))
        }
        Expr::Cast(mut cast) if is_text(&cast.expr, cast.field.data_type(), schema)? => {
            cast.expr = Box::new(Kind::Local.call(vec![*cast.expr]));
            Transformed::yes(Expr::Cast(cast))
        }
        Expr::TryCast(mut cast) if is_text(&cast.expr, cast.field.data_type(), schema)? => {
            cast.expr = Box::new(Kind::Local.call(vec![*cast.expr]));
            Transformed::yes(Expr::TryCast(cast))
        }
        Expr::Cast(mut cast) if rounds(&cast.expr, cast.field.data_type(), schema)? => {
            cast.expr = Box::new(Kind::Whole.call(vec![*cast.expr]));
            Transformed::yes(Expr::Cast(cast))
        }
        Expr::TryCast(mut cast) if rounds(&cast.expr, cast.field.data_type(), schema)? => {
            cast.expr = Box::new(Kind::Whole.call(vec![*cast.expr]));
            Transformed::yes(Expr::TryCast(cast))
        }
        other => Transformed::no(other),
    })
}

/// Returns whether a cast loses digits after the decimal point.
fn rounds(expr: &Expr, to: &DataType, schema: &DFSchema) -> Result<bool> {
    let from = expr.get_type(schema)?;
    Ok(to.is_integer() && (from.is_floating() || matches!(from, DataType::Decimal128(_, scale) if scale > 0)))
}

fn is_text(expr: &Expr, to: &DataType, schema: &DFSchema) -> Result<bool> {
    Ok(matches!(to, DataType::Date32 | DataType::Timestamp(_, None)) && expr.get_type(schema)?.is_string())
}

/// An operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Binary(Operator),
    /// The sign.
    Minus,
    /// Rounding before a cast to whole numbers.
    Whole,
    /// Removing the offset of a text, before a cast to a date or a timestamp without a zone.
    Local,
}

impl Kind {
    /// Returns the checked operator for operands of these types, if the engine's own is not exact.
    fn of(op: Operator, left: DataType, right: DataType) -> Option<Self> {
        use Operator::{BitwiseShiftLeft, BitwiseShiftRight, Divide, Minus, Multiply, Plus};
        let whole = left.is_integer() && right.is_integer();
        let decimal = matches!((&left, &right), (DataType::Decimal128(..), DataType::Decimal128(..)));
        let found = match op {
            Plus | Minus | Multiply => whole || decimal,
            BitwiseShiftLeft | BitwiseShiftRight => whole,
            Divide => decimal,
            _ => false,
        };
        found.then_some(Self::Binary(op))
    }

    fn call(self, operands: Vec<Expr>) -> Expr {
        Arc::new(ScalarUDF::from(Checked {
            kind: self,
            signature: Signature::any(operands.len(), Volatility::Immutable),
        }))
        .call(operands)
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    kind: Kind,
    signature: Signature,
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Binary(Operator::Plus) => "checked_plus",
            Kind::Binary(Operator::Minus) => "checked_minus",
            Kind::Binary(Operator::Multiply) => "checked_times",
            Kind::Binary(Operator::Divide) => "rounded_quotient",
            Kind::Binary(Operator::BitwiseShiftLeft) => "checked_shift_left",
            Kind::Binary(_) => "checked_shift_right",
            Kind::Minus => "checked_sign",
            Kind::Whole => "rounded",
            Kind::Local => "local_text",
        }
    }

    /// Returns the name of the engine's operator, so that no column changes its name.
    fn schema_name(&self, operands: &[Expr]) -> Result<String> {
        Ok(match (self.kind, operands) {
            (Kind::Binary(op), [left, right]) => {
                format!("{} {op} {}", left.schema_name(), right.schema_name())
            }
            (Kind::Minus, [inner]) => format!("(- {})", inner.schema_name()),
            (_, [inner, ..]) => inner.schema_name().to_string(),
            _ => self.name().to_owned(),
        })
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match (self.kind, types) {
            (Kind::Binary(op), [left, right]) => BinaryTypeCoercer::new(left, &op, right).get_result_type(),
            (_, [kind]) => Ok(kind.clone()),
            _ => Err(DataFusionError::Plan("an operand is missing".to_owned())),
        }
    }

    fn invoke_with_args(&self, given: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let kind = given.return_field.data_type();
        match (self.kind, given.args.as_slice()) {
            (Kind::Binary(Operator::Plus), [left, right]) => bounded(apply(left, right, add)?),
            (Kind::Binary(Operator::Minus), [left, right]) => bounded(apply(left, right, sub)?),
            (Kind::Binary(Operator::Multiply), [left, right]) => bounded(apply(left, right, mul)?),
            (Kind::Binary(Operator::Divide), [left, right]) => {
                apply(left, right, |left, right| divide(left, right, kind))
            }
            (Kind::Binary(op), [left, right]) => {
                apply(left, right, |left, right| shift(op, left, right, kind))
            }
            (Kind::Minus, [inner]) => by_array(inner, neg),
            (Kind::Whole, [inner]) => by_array(inner, whole),
            (Kind::Local, [inner]) => by_array(inner, local),
            _ => Err(DataFusionError::Execution("an operand is missing".to_owned())),
        }
    }
}

/// Applies a function to a column or to the one value of a constant.
fn by_array(
    value: &ColumnarValue,
    run: impl Fn(&dyn Array) -> Result<ArrayRef, ArrowError>,
) -> Result<ColumnarValue> {
    Ok(match value {
        ColumnarValue::Array(array) => ColumnarValue::Array(run(array)?),
        ColumnarValue::Scalar(scalar) => {
            let array = run(&scalar.to_array()?)?;
            ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)
        }
    })
}

/// Refuses decimals of more digits than their type has. The kernels check the bits of the number only.
fn bounded(value: ColumnarValue) -> Result<ColumnarValue> {
    if matches!(value.data_type(), DataType::Decimal128(DECIMAL128_MAX_PRECISION, _)) {
        let array = value.to_array(1)?;
        let array = array.as_primitive::<Decimal128Type>();
        if array.iter().flatten().any(|value| !fits(value, DECIMAL128_MAX_PRECISION)) {
            return Err(too_long().into());
        }
    }
    Ok(value)
}

fn too_long() -> ArrowError {
    ArrowError::ArithmeticOverflow("the result has more than 38 digits".to_owned())
}

/// Divides decimals, and rounds half away from zero.
fn divide(left: &dyn Datum, right: &dyn Datum, kind: &DataType) -> Result<ArrayRef, ArrowError> {
    let ((left, one), (right, other)) = (left.get(), right.get());
    let (DataType::Decimal128(_, from), DataType::Decimal128(_, by), DataType::Decimal128(precision, to)) =
        (left.data_type(), right.data_type(), kind)
    else {
        return Err(ArrowError::InvalidArgumentError("the operands are not decimals".to_owned()));
    };
    let digits = to + by - from;
    let run = |left: i128, right: i128| -> Result<i128, ArrowError> {
        let found = quotient(left, digits, right).map_err(|_| ArrowError::DivideByZero)?;
        found.filter(|found| fits(*found, *precision)).ok_or_else(too_long)
    };
    let (left, right) = (left.as_primitive::<Decimal128Type>(), right.as_primitive::<Decimal128Type>());
    let found: Decimal128Array = binary(left, one, right, other, run)?;
    Ok(Arc::new(found.with_precision_and_scale(*precision, *to)?))
}

/// Shifts whole numbers. Lost bits are an error.
fn shift(op: Operator, left: &dyn Datum, right: &dyn Datum, kind: &DataType) -> Result<ArrayRef, ArrowError> {
    let ((left, one), (right, other)) = (left.get(), right.get());
    let wrong = || {
        ArrowError::ComputeError(
            "a shift takes 0 to 63 bits and loses none: cast to DOUBLE and multiply by a power of 2"
                .to_owned(),
        )
    };
    let places = cast(right, &DataType::Int64)?;
    let left_shift = op == Operator::BitwiseShiftLeft;
    let found: ArrayRef = if left.data_type().is_unsigned_integer() {
        let values = cast(left, &DataType::UInt64)?;
        let run = |value: u64, places: i64| {
            let places = u32::try_from(places).map_err(|_| wrong())?;
            if !left_shift {
                return Ok(value.checked_shr(places).unwrap_or(0));
            }
            value.checked_shl(places).filter(|shifted| shifted >> places == value).ok_or_else(wrong)
        };
        let found: UInt64Array = binary::<UInt64Type, Int64Type, UInt64Type>(
            values.as_primitive(),
            one,
            places.as_primitive(),
            other,
            run,
        )?;
        Arc::new(found)
    } else {
        let values = cast(left, &DataType::Int64)?;
        let run = |value: i64, places: i64| {
            let places = u32::try_from(places).map_err(|_| wrong())?;
            if !left_shift {
                return Ok(value >> places.min(63));
            }
            value.checked_shl(places).filter(|shifted| shifted >> places == value).ok_or_else(wrong)
        };
        let found: Int64Array = binary::<Int64Type, Int64Type, Int64Type>(
            values.as_primitive(),
            one,
            places.as_primitive(),
            other,
            run,
        )?;
        Arc::new(found)
    };
    let strict = CastOptions { safe: false, ..Default::default() };
    cast_with_options(&found, kind, &strict)
}

/// Applies a function to the values of two columns, or of a column and a constant.
fn binary<L, R, O>(
    left: &PrimitiveArray<L>,
    one: bool,
    right: &PrimitiveArray<R>,
    other: bool,
    run: impl Fn(L::Native, R::Native) -> Result<O::Native, ArrowError>,
) -> Result<PrimitiveArray<O>, ArrowError>
where
    L: ArrowPrimitiveType,
    R: ArrowPrimitiveType,
    O: ArrowPrimitiveType,
{
    match (one, other) {
        (true, false) if left.is_null(0) => Ok(PrimitiveArray::new_null(right.len())),
        (true, false) => {
            let left = left.value(0);
            right.try_unary(|right| run(left, right))
        }
        (false, true) if right.is_null(0) => Ok(PrimitiveArray::new_null(left.len())),
        (false, true) => {
            let right = right.value(0);
            left.try_unary(|left| run(left, right))
        }
        _ => try_binary(left, right, run),
    }
}

/// Rounds to whole numbers: decimals half away from zero, floats half to even, as PostgreSQL and DuckDB do.
fn whole(array: &dyn Array) -> Result<ArrayRef, ArrowError> {
    if let DataType::Decimal128(precision, scale) = array.data_type() {
        let (precision, scale) = (*precision, *scale);
        let unit = 10_i128.checked_pow(u32::from(scale.unsigned_abs())).ok_or_else(too_long)?;
        let rounded = array.as_primitive::<Decimal128Type>().try_unary::<_, Decimal128Type, _>(|value| {
            let found = quotient(value, 0, unit).map_err(|_| ArrowError::DivideByZero)?;
            found.and_then(|found| found.checked_mul(unit)).ok_or_else(too_long)
        })?;
        return Ok(Arc::new(rounded.with_precision_and_scale(precision, scale)?));
    }
    let kind = array.data_type();
    let floats = cast(array, &DataType::Float64)?;
    let rounded: Float64Array = floats.as_primitive::<Float64Type>().unary(f64::round_ties_even);
    cast(&rounded, kind)
}

/// Removes the offset of a text, as PostgreSQL and DuckDB do. The engine would convert the time to UTC.
fn local(array: &dyn Array) -> Result<ArrayRef, ArrowError> {
    let texts = cast(array, &DataType::Utf8)?;
    let days = cast(&texts, &DataType::Date32)?;
    let shown = texts.as_string::<i32>().iter().enumerate().map(|(row, text)| {
        // A text that the engine cannot read stays as it is, and the cast fails with it.
        text.map(|text| if days.is_valid(row) { without_offset(text) } else { text })
    });
    cast(&shown.collect::<StringArray>(), array.data_type())
}
