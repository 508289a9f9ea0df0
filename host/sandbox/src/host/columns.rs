//! Columns of rows.

use stepwell_sql::Value;

use crate::guest::bindings::stepwell::sql::sql::{ColumnBatch, ColumnValues, Texts};

/// Converts a column to the form of the interface: a single type if all its values have that type.
pub(super) fn of(values: Vec<Value>) -> ColumnBatch {
    let nulls = values.iter().map(|value| *value == Value::Null).collect();
    let kind = values.iter().find(|value| **value != Value::Null).map(std::mem::discriminant);
    let is_one =
        values.iter().all(|value| *value == Value::Null || Some(std::mem::discriminant(value)) == kind);
    let first = values.iter().find(|value| **value != Value::Null);
    let values = match first {
        Some(Value::Boolean(_)) if is_one => ColumnValues::Booleans(each(&values, |value| match value {
            Value::Boolean(value) => *value,
            _ => false,
        })),
        Some(Value::Integer(_)) if is_one => ColumnValues::Integers(each(&values, |value| match value {
            Value::Integer(value) => *value,
            _ => 0,
        })),
        Some(Value::Float(_)) if is_one => ColumnValues::Floats(each(&values, |value| match value {
            Value::Float(value) => *value,
            _ => 0.0,
        })),
        Some(Value::Decimal(_)) if is_one => ColumnValues::Decimals(texts(&values)),
        Some(Value::Text(_)) if is_one => ColumnValues::Texts(texts(&values)),
        Some(Value::Date(_)) if is_one => ColumnValues::Dates(texts(&values)),
        Some(Value::Timestamp(_)) if is_one => ColumnValues::Timestamps(texts(&values)),
        Some(Value::TimestampWithZone(_)) if is_one => ColumnValues::TimestampsWithZone(texts(&values)),
        _ => ColumnValues::Others(values.into_iter().map(Into::into).collect()),
    };
    ColumnBatch { nulls, values }
}

fn each<T>(values: &[Value], form: impl Fn(&Value) -> T) -> Vec<T> {
    values.iter().map(form).collect()
}

fn texts(values: &[Value]) -> Texts {
    let mut texts = Texts { ends: Vec::with_capacity(values.len()), text: String::new() };
    for value in values {
        if let Value::Decimal(text)
        | Value::Text(text)
        | Value::Date(text)
        | Value::Timestamp(text)
        | Value::TimestampWithZone(text) = value
        {
            texts.text.push_str(text);
        }
        // The limit of a batch is far smaller than this.
        texts.ends.push(u32::try_from(texts.text.len()).unwrap_or(u32::MAX));
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_the_type_of_its_values() {
        let text = |text: &str| Value::Text(text.into());
        let columns = [
            vec![Value::Integer(1), Value::Null, Value::Integer(3)],
            vec![text("a"), text(""), Value::Null],
            vec![Value::Integer(1), text("x"), Value::Null],
            vec![Value::Null, Value::Null, Value::Null],
        ];
        let columns = columns.map(of);
        let nulls: Vec<_> = columns.iter().map(|column| column.nulls.clone()).collect();
        assert_eq!(
            nulls,
            [vec![false, true, false], vec![false, false, true], vec![false, false, true], vec![true; 3]]
        );
        assert!(matches!(&columns[0].values, ColumnValues::Integers(values) if *values == [1, 0, 3]));
        assert!(
            matches!(&columns[1].values, ColumnValues::Texts(texts) if texts.ends == [1, 1, 1] && texts.text == "a")
        );
        assert!(matches!(&columns[2].values, ColumnValues::Others(values) if values.len() == 3));
        assert!(matches!(&columns[3].values, ColumnValues::Others(_)));
    }
}
