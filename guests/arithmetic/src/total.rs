//! `sum` and `avg` that never wrap, and a `median` of decimals that keeps the digit between two values.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Int64Array, PrimitiveArray, UInt64Array,
};
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DECIMAL128_MAX_PRECISION, DECIMAL128_MAX_SCALE, DataType, Decimal32Type,
    Decimal64Type, Decimal128Type, Field, FieldRef, Int64Type, UInt64Type,
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

use tables::round::{fits, quotient};

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
            Some(shape) => Ok(Box::new(Sum { shape, entry: Entry::default() })),
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
            Some(shape) => Ok(Box::new(Groups { shape, entries: Vec::new() })),
            None => self.inner.create_groups_accumulator(given),
        }
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }
}

/// The values to add, and their sum.
#[derive(Clone, Debug)]
struct Shape {
    average: bool,
    kind: DataType,
    result: DataType,
}

/// The sum of one group so far, and the number of its values.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    sum: i128,
    count: u64,
}

impl Entry {
    /// Adds a value. Returns whether the sum overflows: sums of `NARROW` values cannot, since each has at
    /// most 64 bits and there are fewer than 2^63 of them.
    #[inline(always)]
    fn add<const NARROW: bool>(&mut self, value: i128, count: u64) -> bool {
        self.count += count;
        if NARROW {
            self.sum = self.sum.wrapping_add(value);
            return false;
        }
        let (sum, over) = self.sum.overflowing_add(value);
        self.sum = sum;
        over
    }
}

/// Calls a function with the values of an array, and with whether they have at most 64 bits.
macro_rules! by_kind {
    ($kind:expr, $values:expr, $run:ident($($more:expr),*)) => {
        match $kind {
            DataType::Int64 => $run::<Int64Type, true>($values.as_primitive(), $($more),*),
            DataType::UInt64 => $run::<UInt64Type, true>($values.as_primitive(), $($more),*),
            DataType::Decimal32(..) => $run::<Decimal32Type, true>($values.as_primitive(), $($more),*),
            DataType::Decimal64(..) => $run::<Decimal64Type, true>($values.as_primitive(), $($more),*),
            _ => $run::<Decimal128Type, false>($values.as_primitive(), $($more),*),
        }
    };
}

/// Adds an array to one sum.
fn add_all<T: ArrowPrimitiveType<Native: Into<i128>>, const NARROW: bool>(
    values: &PrimitiveArray<T>,
    entry: &mut Entry,
) -> bool {
    let mut over = false;
    let mut sum = *entry;
    if values.null_count() == 0 {
        values.values().iter().for_each(|value| over |= sum.add::<NARROW>((*value).into(), 1));
    } else {
        values.iter().flatten().for_each(|value| over |= sum.add::<NARROW>(value.into(), 1));
    }
    *entry = sum;
    over
}

/// Takes an array out of one sum.
fn take_all<T: ArrowPrimitiveType<Native: Into<i128>>, const NARROW: bool>(
    values: &PrimitiveArray<T>,
    entry: &mut Entry,
) -> bool {
    values.iter().flatten().fold(false, |over, value| {
        entry.count = entry.count.saturating_sub(1);
        let (sum, now) = entry.sum.overflowing_sub(value.into());
        entry.sum = sum;
        over | now
    })
}

/// Adds each value to the sum of its group.
fn add_each<T: ArrowPrimitiveType<Native: Into<i128>>, const NARROW: bool>(
    values: &PrimitiveArray<T>,
    groups: &[usize],
    filter: Option<&BooleanArray>,
    entries: &mut [Entry],
) -> bool {
    let mut over = false;
    let mut add = |group: usize, value: T::Native| {
        if let Some(entry) = entries.get_mut(group) {
            over |= entry.add::<NARROW>(value.into(), 1);
        }
    };
    match filter {
        None if values.null_count() == 0 => {
            values.values().iter().zip(groups).for_each(|(value, group)| add(*group, *value));
        }
        filter => {
            let passes = |row: usize| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
            let rows = values.iter().zip(groups).enumerate();
            rows.filter(|(row, _)| passes(*row)).for_each(|(_, (value, group))| {
                if let Some(value) = value {
                    add(*group, value);
                }
            });
        }
    }
    over
}

/// Counts the rows of each value.
fn count_each<T: ArrowPrimitiveType<Native: Into<i128>>, const NARROW: bool>(
    values: &PrimitiveArray<T>,
    seen: &mut HashMap<i128, u64>,
    more: bool,
) {
    for value in values.iter().flatten() {
        let count = seen.entry(value.into()).or_default();
        *count = if more { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            seen.remove(&value.into());
        }
    }
}

impl Shape {
    fn checked(&self, over: bool) -> Result<()> {
        if over { Err(self.too_large()) } else { Ok(()) }
    }

    /// Returns the results of groups. A group without a value is NULL.
    fn results(&self, entries: &[Entry]) -> Result<ArrayRef> {
        let groups = entries.iter().map(|entry| (entry.count > 0).then_some(*entry));
        Ok(match self.result {
            DataType::Int64 => {
                let fit = |entry: Entry| i64::try_from(entry.sum).map_err(|_| self.too_large());
                Arc::new(groups.map(|group| group.map(fit).transpose()).collect::<Result<Int64Array>>()?)
            }
            DataType::UInt64 => {
                let fit = |entry: Entry| u64::try_from(entry.sum).map_err(|_| self.too_large());
                Arc::new(groups.map(|group| group.map(fit).transpose()).collect::<Result<UInt64Array>>()?)
            }
            DataType::Decimal128(precision, scale) => {
                let fit = |entry| self.decimal(entry, precision, scale);
                let found =
                    groups.map(|group| group.map(fit).transpose()).collect::<Result<Decimal128Array>>()?;
                Arc::new(found.with_precision_and_scale(precision, scale)?)
            }
            _ => return Err(DataFusionError::Execution("the type has no sum".to_owned())),
        })
    }

    fn decimal(&self, entry: Entry, precision: u8, scale: i8) -> Result<i128> {
        let from = match self.kind {
            DataType::Decimal32(_, scale)
            | DataType::Decimal64(_, scale)
            | DataType::Decimal128(_, scale) => scale,
            _ => 0,
        };
        let found = match self.average {
            true => quotient(entry.sum, scale - from, i128::from(entry.count)).ok().flatten(),
            false => Some(entry.sum),
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
}

/// The sum of one group.
#[derive(Debug)]
struct Sum {
    shape: Shape,
    entry: Entry,
}

impl Accumulator for Sum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(values) = values.first() else { return Ok(()) };
        let over = by_kind!(self.shape.kind, values, add_all(&mut self.entry));
        self.shape.checked(over)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(values) = values.first() else { return Ok(()) };
        let over = by_kind!(self.shape.kind, values, take_all(&mut self.entry));
        self.shape.checked(over)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&self.shape.results(&[self.entry])?, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![
            ScalarValue::Decimal128(Some(self.entry.sum), DECIMAL128_MAX_PRECISION, 0),
            ScalarValue::UInt64(Some(self.entry.count)),
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [sums, counts] = states else { return Ok(()) };
        let (sums, counts) = (sums.as_primitive::<Decimal128Type>(), counts.as_primitive::<UInt64Type>());
        let mut over = false;
        for (sum, count) in sums.iter().flatten().zip(counts.iter().flatten()) {
            over |= self.entry.add::<false>(sum, count);
        }
        self.shape.checked(over)
    }
}

/// The sum of the distinct values of one group.
#[derive(Debug)]
struct Distinct {
    shape: Shape,
    /// Each value, and the number of rows that have it.
    seen: HashMap<i128, u64>,
}

impl Distinct {
    fn count(&mut self, values: &[ArrayRef], more: bool) {
        if let Some(values) = values.first() {
            by_kind!(self.shape.kind, values, count_each(&mut self.seen, more));
        }
    }
}

impl Accumulator for Distinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.count(values, true);
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.count(values, false);
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut entry = Entry::default();
        let over = self.seen.keys().fold(false, |over, value| over | entry.add::<false>(*value, 1));
        self.shape.checked(over)?;
        ScalarValue::try_from_array(&self.shape.results(&[entry])?, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.seen.capacity() * size_of::<(i128, u64)>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let decimal = |value| ScalarValue::Decimal128(Some(value), DECIMAL128_MAX_PRECISION, 0);
        let values: Vec<ScalarValue> = self.seen.keys().copied().map(decimal).collect();
        Ok(vec![ScalarValue::List(ScalarValue::new_list_nullable(&values, &STATE))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [lists] = states else { return Ok(()) };
        for list in lists.as_list::<i32>().iter().flatten() {
            count_each::<Decimal128Type, false>(list.as_primitive(), &mut self.seen, true);
        }
        Ok(())
    }
}

/// The sums of many groups.
#[derive(Debug)]
struct Groups {
    shape: Shape,
    entries: Vec<Entry>,
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        count: usize,
    ) -> Result<()> {
        self.entries.resize(count, Entry::default());
        let Some(values) = values.first() else { return Ok(()) };
        let over = by_kind!(self.shape.kind, values, add_each(groups, filter, &mut self.entries));
        self.shape.checked(over)
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        self.shape.results(&emit.take_needed(&mut self.entries))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let entries = emit.take_needed(&mut self.entries);
        let sums = Decimal128Array::from_iter_values(entries.iter().map(|entry| entry.sum));
        let sums = sums.with_precision_and_scale(DECIMAL128_MAX_PRECISION, 0)?;
        let counts = UInt64Array::from_iter_values(entries.iter().map(|entry| entry.count));
        Ok(vec![Arc::new(sums), Arc::new(counts)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.entries.resize(count, Entry::default());
        let [sums, counts] = states else { return Ok(()) };
        let (sums, counts) = (sums.as_primitive::<Decimal128Type>(), counts.as_primitive::<UInt64Type>());
        let mut over = false;
        for ((sum, count), group) in sums.values().iter().zip(counts.values()).zip(groups) {
            if let Some(entry) = self.entries.get_mut(*group) {
                over |= entry.add::<false>(*sum, *count);
            }
        }
        self.shape.checked(over)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, |values| values.len());
        let mut each = Self { shape: self.shape.clone(), entries: Vec::new() };
        each.update_batch(values, &(0..rows).collect::<Vec<_>>(), filter, rows)?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
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
