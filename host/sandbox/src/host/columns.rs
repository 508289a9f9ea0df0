//! Rows as columns.

use stepwell_sql::Value;

use crate::guest::bindings::stepwell::sql::sql::{ColumnBatch, ColumnValues, Texts};

/// The columns of rows that are all as wide as the first.
pub(super) fn of(rows: Vec<Vec<Value>>) -> Vec<ColumnBatch> {
    let width = rows.first().map_or(0, Vec::len);
    let count = rows.len();
    let mut columns: Vec<Vec<Value>> = (0..width).map(|_| Vec::with_capacity(count)).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    columns.into_iter().map(column).collect()
}

fn column(values: Vec<Value>) -> ColumnBatch {
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
        // A batch is bounded far below this.
        texts.ends.push(u32::try_from(texts.text.len()).unwrap_or(u32::MAX));
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_the_type_of_its_values() {
        let text = |text: &str| Value::Text(text.to_owned());
        let rows = vec![
            vec![Value::Integer(1), text("a"), Value::Integer(1), Value::Null],
            vec![Value::Null, text(""), text("x"), Value::Null],
            vec![Value::Integer(3), Value::Null, Value::Null, Value::Null],
        ];
        let columns = of(rows);
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
        assert!(of(Vec::new()).is_empty());
    }
}
