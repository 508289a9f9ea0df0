//! `sum` and `avg` that never wrap, and a `median` of decimals that keeps the digit between two values.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Int64Array, UInt64Array,
};
use datafusion::arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DECIMAL128_MAX_SCALE, DataType, Decimal32Type, Decimal64Type, Decimal128Type,
    Field, FieldRef, Int64Type, UInt64Type,
};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions_aggregate::average::avg_udaf;
use datafusion::functions_aggregate::median::median_udaf;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF, Signature,
    Volatility,
};
use datafusion::scalar::ScalarValue;

use super::round::{fits, quotient};

/// The aggregates, under the names of the engine's own.
pub fn aggregates() -> [AggregateUDF; 3] {
    let total = |average, inner: Arc<AggregateUDF>| AggregateUDF::from(Total { average, inner });
    let median = Median { inner: median_udaf(), signature: Signature::user_defined(Volatility::Immutable) };
    [total(false, sum_udaf()), total(true, avg_udaf()), AggregateUDF::from(median)]
}

/// The type of a sum in progress.
const STATE: DataType = DataType::Decimal128(DECIMAL128_MAX_PRECISION, 0);

/// `sum` of whole numbers and decimals, and `avg` of decimals. The engine's own aggregate takes other types.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Total {
    average: bool,
    inner: Arc<AggregateUDF>,
}

impl Total {
    /// Returns how to calculate with this type, or `None` for a type of the engine's own aggregate.
    fn shape(&self, kind: &DataType) -> Option<Shape> {
        use DataType::{Decimal32, Decimal64, Decimal128, Int64, UInt64};
        let (more, most) = (DECIMAL128_MAX_PRECISION, DECIMAL128_MAX_SCALE);
        let result = match kind {
            Int64 | UInt64 if !self.average => kind.clone(),
            Decimal32(precision, scale) | Decimal64(precision, scale) | Decimal128(precision, scale) => {
                match self.average {
                    false => Decimal128((precision + 10).min(more), *scale),
                    true => Decimal128((precision + 4).min(more), (scale + 4).min(most)),
                }
            }
            _ => return None,
        };
        Some(Shape { average: self.average, kind: kind.clone(), result })
    }

    fn given(&self, given: &AccumulatorArgs) -> Option<Shape> {
        given.expr_fields.first().and_then(|field| self.shape(field.data_type()))
    }
}

impl AggregateUDFImpl for Total {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types.first().and_then(|kind| self.shape(kind)) {
            Some(shape) => Ok(shape.result),
            None => self.inner.return_type(types),
        }
    }

    fn accumulator(&self, given: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        match self.given(&given) {
            Some(shape) if given.is_distinct => Ok(Box::new(Distinct { shape, seen: HashMap::new() })),
            Some(shape) => Ok(Box::new(Sum { shape, sum: 0, count: 0 })),
            None => self.inner.accumulator(given),
        }
    }

    fn create_sliding_accumulator(&self, given: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        match self.given(&given) {
            Some(_) => self.accumulator(given),
            None => self.inner.create_sliding_accumulator(given),
        }
    }

    fn state_fields(&self, given: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let kind = given.input_fields.first().map(|field| field.data_type());
        if kind.and_then(|kind| self.shape(kind)).is_none() {
            return self.inner.state_fields(given);
        }
        let field = |name: &str, kind| Arc::new(Field::new(format!("{}[{name}]", given.name), kind, true));
        Ok(if given.is_distinct {
            vec![field("values", DataType::List(Arc::new(Field::new_list_field(STATE, true))))]
        } else {
            vec![field("sum", STATE), field("count", DataType::UInt64)]
        })
    }

    fn groups_accumulator_supported(&self, given: AccumulatorArgs) -> bool {
        match self.given(&given) {
            Some(_) => !given.is_distinct,
            None => self.inner.groups_accumulator_supported(given),
        }
    }

    fn create_groups_accumulator(&self, given: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        match self.given(&given) {
            Some(shape) => Ok(Box::new(Groups { shape, sums: Vec::new(), counts: Vec::new() })),
            None => self.inner.create_groups_accumulator(given),
        }
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }
}

/// What is summed, and the result.
#[derive(Clone, Debug)]
struct Shape {
    average: bool,
    kind: DataType,
    result: DataType,
}

impl Shape {
    /// Calls `take` with each value that is not NULL, and its row.
    fn each(&self, values: &ArrayRef, mut take: impl FnMut(usize, i128) -> Result<()>) -> Result<()> {
        macro_rules! each {
            ($kind:ty) => {{
                let values = values.as_primitive::<$kind>();
                if values.null_count() == 0 {
                    values
                        .values()
                        .iter()
                        .enumerate()
                        .try_for_each(|(row, value)| take(row, i128::from(*value)))
                } else {
                    let rows = values.iter().enumerate();
                    rows.filter_map(|(row, value)| Some((row, value?)))
                        .try_for_each(|(row, value)| take(row, i128::from(value)))
                }
            }};
        }
        match self.kind {
            DataType::Int64 => each!(Int64Type),
            DataType::UInt64 => each!(UInt64Type),
            DataType::Decimal32(..) => each!(Decimal32Type),
            DataType::Decimal64(..) => each!(Decimal64Type),
            _ => each!(Decimal128Type),
        }
    }

    /// Returns the results of groups. A group without a value is NULL.
    fn results(&self, sums: &[i128], counts: &[u64]) -> Result<ArrayRef> {
        let groups = sums.iter().zip(counts).map(|(sum, count)| (*count > 0).then_some((*sum, *count)));
        Ok(match self.result {
            DataType::Int64 => {
                let fit = |(sum, _)| i64::try_from(sum).map_err(|_| self.too_large());
                Arc::new(groups.map(|group| group.map(fit).transpose()).collect::<Result<Int64Array>>()?)
            }
            DataType::UInt64 => {
                let fit = |(sum, _)| u64::try_from(sum).map_err(|_| self.too_large());
                Arc::new(groups.map(|group| group.map(fit).transpose()).collect::<Result<UInt64Array>>()?)
            }
            DataType::Decimal128(precision, scale) => {
                let fit = |group| self.decimal(group, precision, scale);
                let found =
                    groups.map(|group| group.map(fit).transpose()).collect::<Result<Decimal128Array>>()?;
                Arc::new(found.with_precision_and_scale(precision, scale)?)
            }
            _ => return Err(DataFusionError::Execution("the type has no sum".to_owned())),
        })
    }

    fn decimal(&self, (sum, count): (i128, u64), precision: u8, scale: i8) -> Result<i128> {
        let from = match self.kind {
            DataType::Decimal32(_, scale)
            | DataType::Decimal64(_, scale)
            | DataType::Decimal128(_, scale) => scale,
            _ => 0,
        };
        let found = match self.average {
            true => quotient(sum, scale - from, i128::from(count))?,
            false => Some(sum),
        };
        found.filter(|found| fits(*found, precision)).ok_or_else(|| self.too_large())
    }

    fn too_large(&self) -> DataFusionError {
        let (name, to) = match (self.average, &self.kind) {
            (true, _) => ("average", "DOUBLE"),
            (false, DataType::Int64 | DataType::UInt64) => ("sum", "DECIMAL(38, 0)"),
            (false, _) => ("sum", "DOUBLE"),
        };
        let limit = match self.result {
            DataType::Int64 | DataType::UInt64 => "a whole number of 64 bits",
            _ => "a decimal of 38 digits",
        };
        DataFusionError::Execution(format!("the {name} does not fit {limit}: cast the values to {to} before"))
    }

    fn add(&self, sum: i128, value: i128) -> Result<i128> {
        sum.checked_add(value).ok_or_else(|| self.too_large())
    }
}

/// The sum of one group.
#[derive(Debug)]
struct Sum {
    shape: Shape,
    sum: i128,
    count: u64,
}

impl Sum {
    fn all(&mut self, values: &[ArrayRef], sign: i128) -> Result<()> {
        let Some(values) = values.first() else { return Ok(()) };
        let (shape, mut sum, mut count) = (&self.shape, self.sum, self.count);
        shape.each(values, |_, value| {
            sum = shape.add(sum, value * sign)?;
            count = count.saturating_add_signed(sign as i64);
            Ok(())
        })?;
        (self.sum, self.count) = (sum, count);
        Ok(())
    }
}

impl Accumulator for Sum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.all(values, 1)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.all(values, -1)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&self.shape.results(&[self.sum], &[self.count])?, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![
            ScalarValue::Decimal128(Some(self.sum), DECIMAL128_MAX_PRECISION, 0),
            ScalarValue::UInt64(Some(self.count)),
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [sums, counts] = states else { return Ok(()) };
        let (sums, counts) = (sums.as_primitive::<Decimal128Type>(), counts.as_primitive::<UInt64Type>());
        for (sum, count) in sums.iter().flatten().zip(counts.iter().flatten()) {
            self.sum = self.shape.add(self.sum, sum)?;
            self.count += count;
        }
        Ok(())
    }
}

/// The sum of the distinct values of one group.
#[derive(Debug)]
struct Distinct {
    shape: Shape,
    /// Each value, and the number of rows that have it.
    seen: HashMap<i128, u64>,
}

impl Accumulator for Distinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(values) = values.first() else { return Ok(()) };
        let seen = &mut self.seen;
        self.shape.each(values, |_, value| {
            *seen.entry(value).or_default() += 1;
            Ok(())
        })
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(values) = values.first() else { return Ok(()) };
        let seen = &mut self.seen;
        self.shape.each(values, |_, value| {
            if let Some(count) = seen.get_mut(&value) {
                *count -= 1;
                if *count == 0 {
                    seen.remove(&value);
                }
            }
            Ok(())
        })
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sum = self.seen.keys().try_fold(0, |sum, value| self.shape.add(sum, *value))?;
        ScalarValue::try_from_array(&self.shape.results(&[sum], &[self.seen.len() as u64])?, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.seen.capacity() * size_of::<(i128, u64)>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values =
            self.seen.keys().map(|value| ScalarValue::Decimal128(Some(*value), DECIMAL128_MAX_PRECISION, 0));
        let values: Vec<ScalarValue> = values.collect();
        Ok(vec![ScalarValue::List(ScalarValue::new_list_nullable(&values, &STATE))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [lists] = states else { return Ok(()) };
        for list in lists.as_list::<i32>().iter().flatten() {
            for value in list.as_primitive::<Decimal128Type>().iter().flatten() {
                *self.seen.entry(value).or_default() += 1;
            }
        }
        Ok(())
    }
}

/// The sums of many groups.
#[derive(Debug)]
struct Groups {
    shape: Shape,
    sums: Vec<i128>,
    counts: Vec<u64>,
}

impl Groups {
    fn grow(&mut self, groups: usize) {
        self.sums.resize(groups, 0);
        self.counts.resize(groups, 0);
    }

    fn add(&mut self, group: usize, value: i128, count: u64) -> Result<()> {
        if let (Some(sum), Some(all)) = (self.sums.get_mut(group), self.counts.get_mut(group)) {
            *sum = match sum.checked_add(value) {
                Some(sum) => sum,
                None => return Err(self.shape.too_large()),
            };
            *all += count;
        }
        Ok(())
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        count: usize,
    ) -> Result<()> {
        self.grow(count);
        let Some(values) = values.first() else { return Ok(()) };
        let shape = self.shape.clone();
        let passes = |row: usize| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        shape.each(values, |row, value| match groups.get(row) {
            Some(group) if passes(row) => self.add(*group, value, 1),
            _ => Ok(()),
        })
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let (sums, counts) = (emit.take_needed(&mut self.sums), emit.take_needed(&mut self.counts));
        self.shape.results(&sums, &counts)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let (sums, counts) = (emit.take_needed(&mut self.sums), emit.take_needed(&mut self.counts));
        let sums = Decimal128Array::from(sums).with_precision_and_scale(DECIMAL128_MAX_PRECISION, 0)?;
        Ok(vec![Arc::new(sums), Arc::new(UInt64Array::from(counts))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.grow(count);
        let [sums, counts] = states else { return Ok(()) };
        let (sums, counts) = (sums.as_primitive::<Decimal128Type>(), counts.as_primitive::<UInt64Type>());
        for ((sum, count), group) in sums.values().iter().zip(counts.values()).zip(groups) {
            self.add(*group, *sum, *count)?;
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, |values| values.len());
        let mut each = Self { shape: self.shape.clone(), sums: Vec::new(), counts: Vec::new() };
        each.update_batch(values, &(0..rows).collect::<Vec<_>>(), filter, rows)?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<i128>() + self.counts.capacity() * size_of::<u64>()
    }
}

/// `median`. Two decimals have a median with one more digit than they have.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Median {
    inner: Arc<AggregateUDF>,
    signature: Signature,
}

impl AggregateUDFImpl for Median {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        use DataType::{Decimal32, Decimal64, Decimal128};
        match types {
            [Decimal32(precision, scale) | Decimal64(precision, scale) | Decimal128(precision, scale)]
                if *scale < DECIMAL128_MAX_SCALE =>
            {
                Ok(vec![Decimal128((precision + 1).min(DECIMAL128_MAX_PRECISION), scale + 1)])
            }
            [kind] if kind.is_decimal() || kind.is_floating() => Ok(vec![kind.clone()]),
            [kind] if kind.is_integer() || kind.is_null() => Ok(vec![DataType::Float64]),
            _ => Err(DataFusionError::Plan("`median` takes one number: cast the value".to_owned())),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn accumulator(&self, given: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.inner.accumulator(given)
    }

    fn state_fields(&self, given: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(given)
    }

    fn groups_accumulator_supported(&self, given: AccumulatorArgs) -> bool {
        self.inner.groups_accumulator_supported(given)
    }

    fn create_groups_accumulator(&self, given: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        self.inner.create_groups_accumulator(given)
    }
}
