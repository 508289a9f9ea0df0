//! The most frequent value of a group.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};
use datafusion::scalar::ScalarValue;

/// `mode(x)`. Of several equally frequent values, it returns the first one.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Mode {
    signature: Signature,
}

impl Default for Mode {
    fn default() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Mode {
    fn name(&self) -> &str {
        "mode"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        types.first().cloned().ok_or_else(|| DataFusionError::Plan("`mode` takes a value".to_owned()))
    }

    fn accumulator(&self, given: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Counts { kind: given.return_field.data_type().clone(), ..Counts::default() }))
    }

    fn state_fields(&self, given: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |name: &str, kind: DataType| {
            let item = Arc::new(Field::new_list_field(kind, true));
            Arc::new(Field::new(format!("{}[{name}]", given.name), DataType::List(item), true))
        };
        Ok(vec![list("values", given.return_field.data_type().clone()), list("counts", DataType::Int64)])
    }
}

#[derive(Debug)]
struct Counts {
    kind: DataType,
    /// The frequency of each value, and its position among the other values.
    seen: HashMap<ScalarValue, (i64, usize)>,
    bytes: usize,
}

impl Default for Counts {
    fn default() -> Self {
        Self { kind: DataType::Null, seen: HashMap::new(), bytes: 0 }
    }
}

impl Counts {
    fn add(&mut self, value: ScalarValue, count: i64) {
        let place = self.seen.len();
        if let Some((all, _)) = self.seen.get_mut(&value) {
            *all += count;
        } else {
            self.bytes += value.size() + size_of::<(ScalarValue, (i64, usize))>();
            self.seen.insert(value, (count, place));
        }
    }
}

impl Accumulator for Counts {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(values) = values.first() else { return Ok(()) };
        for row in (0..values.len()).filter(|row| values.is_valid(*row)) {
            self.add(ScalarValue::try_from_array(values, row)?, 1);
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let most = self.seen.iter().max_by_key(|(_, (count, place))| (*count, std::cmp::Reverse(*place)));
        most.map_or_else(|| ScalarValue::try_from(&self.kind), |(value, _)| Ok(value.clone()))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.bytes
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let mut seen: Vec<_> = self.seen.iter().collect();
        seen.sort_by_key(|(_, (_, place))| *place);
        let values: Vec<ScalarValue> = seen.iter().map(|(value, _)| (*value).clone()).collect();
        let counts: Vec<ScalarValue> =
            seen.iter().map(|(_, (count, _))| ScalarValue::Int64(Some(*count))).collect();
        Ok(vec![
            ScalarValue::List(ScalarValue::new_list_nullable(&values, &self.kind)),
            ScalarValue::List(ScalarValue::new_list_nullable(&counts, &DataType::Int64)),
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [values, counts] = states else { return Ok(()) };
        let (values, counts) = (values.as_list::<i32>(), counts.as_list::<i32>());
        for row in 0..values.len() {
            let (values, counts) = (values.value(row), counts.value(row));
            let counts = counts.as_primitive::<Int64Type>();
            for item in 0..values.len() {
                self.add(ScalarValue::try_from_array(&values, item)?, counts.value(item));
            }
        }
        Ok(())
    }
}
