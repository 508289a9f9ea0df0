//! Conditions on a result.

use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::Deserialize;
use stepwell_sdk::Failure;
use stepwell_sdk::prelude::serde_json::{self, Value as Json};
use stepwell_sdk::sql::{Column, Value};
use stepwell_sdk::text::counted;
use stepwell_sdk::values;

use crate::table::{json, text};

/// Conditions that fail the step when they do not hold.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The expected number of rows: returned, loaded, or changed by a statement that returns no rows.
    #[serde(default)]
    pub rows: Option<Rows>,
    /// Conditions that each row must meet.
    #[serde(default)]
    pub values: Vec<Condition>,
}

/// A number of rows: an exact number or a range.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Rows {
    /// Exactly this number of rows.
    Exactly(u64),
    /// From `min` to `max` rows.
    Between(Bounds),
}

/// Inclusive bounds of a number of rows.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// The minimum. Default: 0.
    #[serde(default)]
    pub min: u64,
    /// The maximum. Default: none.
    #[serde(default)]
    pub max: Option<u64>,
}

/// A condition on a column that every row must meet.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The name of the column.
    pub column: String,
    /// The required value. Numbers compare as numbers, all other values as text.
    #[serde(default)]
    pub equals: Option<Json>,
    /// The minimum value.
    #[serde(default)]
    pub min: Option<Json>,
    /// The maximum value.
    #[serde(default)]
    pub max: Option<Json>,
    /// Whether the value must not be NULL. Default: false.
    #[serde(default)]
    pub not_null: bool,
}

impl Expect {
    /// Checks rows. `before` is the number of earlier rows.
    ///
    /// # Errors
    /// Fails at the first row that does not meet a condition.
    pub fn check(&self, columns: &[Column], rows: &[Vec<Value>], before: u64) -> Result<(), Failure> {
        for condition in &self.values {
            let Some(index) = columns.iter().position(|column| column.name == condition.column) else {
                let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
                let message = format!(
                    "`expect` names the column `{}`; the result has `{}`",
                    condition.column,
                    known.join("`, `")
                );
                return Err(Failure::invalid_config(message));
            };
            for (number, row) in rows.iter().enumerate() {
                let value = row.get(index).unwrap_or(&Value::Null);
                if let Some(wanted) = condition.broken(value) {
                    let shown = if matches!(value, Value::Null) {
                        "NULL".to_owned()
                    } else {
                        format!("`{}`", text(value))
                    };
                    let row = before + number as u64 + 1;
                    return Err(Failure::failed(format!(
                        "`expect`: `{}` is {shown} in row {row}, and {wanted}",
                        condition.column
                    )));
                }
            }
        }
        Ok(())
    }

    /// Checks the number of rows.
    ///
    /// # Errors
    /// Fails when the number is not the expected one.
    pub fn count(&self, count: u64, what: &str) -> Result<(), Failure> {
        let (min, max) = match self.rows {
            None => return Ok(()),
            Some(Rows::Exactly(rows)) => (rows, Some(rows)),
            Some(Rows::Between(bounds)) => (bounds.min, bounds.max),
        };
        if count >= min && max.is_none_or(|max| count <= max) {
            return Ok(());
        }
        let wanted = match max {
            Some(max) if max == min => format!("{min}"),
            Some(max) => format!("{min} to {max}"),
            None => format!("{min} or more"),
        };
        Err(Failure::failed(format!("`expect`: {} {what}, and {wanted} must be", counted(count, "row"))))
    }
}

impl Condition {
    /// Describes the expected value if the condition does not hold.
    fn broken(&self, value: &Value) -> Option<String> {
        if matches!(value, Value::Null) {
            let asks = self.not_null || self.equals.as_ref().is_some_and(|wanted| !wanted.is_null());
            return asks.then(|| "must have a value".to_owned());
        }
        if let Some(wanted) = &self.equals
            && order(value, wanted) != Ordering::Equal
        {
            return Some(format!("must be {wanted}"));
        }
        if let Some(min) = &self.min
            && order(value, min) == Ordering::Less
        {
            return Some(format!("must be {min} at least"));
        }
        if let Some(max) = &self.max
            && order(value, max) == Ordering::Greater
        {
            return Some(format!("must be {max} at most"));
        }
        None
    }
}

/// Compares two numbers digit by digit, and all other values as text.
fn order(value: &Value, wanted: &serde_json::Value) -> Ordering {
    let number = match value {
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(values::float_text(*number)),
        Value::Decimal(text) => Some(text.clone()),
        _ => None,
    };
    let wanted_number = match wanted {
        Json::Number(number) => Some(number.to_string()),
        // A number whose digits JSON would not preserve is text.
        Json::String(text) if values::is_number(text) && !values::is_exact(text) => Some(text.clone()),
        _ => None,
    };
    if let (Some(number), Some(wanted)) = (number, wanted_number) {
        return compare(&number, &wanted).unwrap_or(Ordering::Less);
    }
    let found = match json(value) {
        Json::String(text) => text,
        other => other.to_string(),
    };
    found.as_str().cmp(wanted.as_str().map_or_else(|| wanted.to_string(), str::to_owned).as_str())
}

/// Compares two decimal numbers. Returns `None` if one is not a number, such as NaN.
fn compare(one: &str, other: &str) -> Option<Ordering> {
    match (values::digits(one), values::digits(other)) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => one.parse::<f64>().ok()?.partial_cmp(&other.parse::<f64>().ok()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expect(text: &str) -> Expect {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn rows_are_counted() {
        for (wanted, count, holds) in [
            (r#"{"rows": 2}"#, 2, true),
            (r#"{"rows": 2}"#, 3, false),
            (r#"{"rows": {"min": 1}}"#, 0, false),
            (r#"{"rows": {"min": 1}}"#, 9, true),
            (r#"{"rows": {"max": 3}}"#, 4, false),
            ("{}", 4, true),
        ] {
            assert_eq!(expect(wanted).count(count, "returned").is_ok(), holds, "{wanted} {count}");
        }
    }

    #[test]
    fn values_are_compared_by_what_they_are() {
        let columns = [Column { name: "n".to_owned(), type_name: String::new() }];
        let decimal = |text: &str| Value::Decimal(text.to_owned());
        for (condition, value, holds) in [
            (r#"{"column": "n", "equals": 12.5}"#, decimal("12.50"), true),
            (r#"{"column": "n", "min": 9}"#, Value::Integer(10), true),
            (r#"{"column": "n", "equals": "12.50"}"#, decimal("12.5"), true),
            (
                r#"{"column": "n", "equals": "12345678901234567890.10"}"#,
                decimal("12345678901234567890.1"),
                true,
            ),
            (
                r#"{"column": "n", "equals": "12345678901234567890.10"}"#,
                decimal("12345678901234567890.2"),
                false,
            ),
            (r#"{"column": "n", "max": 9007199254740992}"#, Value::Integer((1 << 53) + 1), false),
            (r#"{"column": "n", "min": -5}"#, decimal("-5.01"), false),
            (r#"{"column": "n", "max": -5}"#, decimal("-5.01"), true),
            (r#"{"column": "n", "min": 0}"#, Value::Float(f64::INFINITY), true),
            (r#"{"column": "n", "min": 0}"#, Value::Float(f64::NAN), false),
            (r#"{"column": "n", "min": "9"}"#, Value::Text("10".to_owned()), false),
            (r#"{"column": "n", "max": "2025-09-01"}"#, Value::Date("2025-09-02".to_owned()), false),
            (r#"{"column": "n", "equals": true}"#, Value::Boolean(true), true),
            (r#"{"column": "n", "not_null": true}"#, Value::Null, false),
            (r#"{"column": "n", "min": 1}"#, Value::Null, true),
        ] {
            let found = expect(&format!(r#"{{"values": [{condition}]}}"#)).check(&columns, &[vec![value]], 0);
            assert_eq!(found.is_ok(), holds, "{condition}: {found:?}");
        }
        let message = expect(r#"{"values": [{"column": "m"}]}"#).check(&columns, &[], 0).unwrap_err().message;
        assert!(message.contains("the result has `n`"), "{message}");
    }
}
