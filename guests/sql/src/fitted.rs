//! The form in which a column takes a value of a file.

use fit::Target;
use stepwell_sdk::sql::Value;
use tables::Json;

use crate::array;

/// Returns the value in the form in which the column takes it.
///
/// # Errors
/// Explains why the column would not hold it unchanged.
pub fn fitted(target: &Target, value: Value) -> Result<Value, String> {
    let why = match &value {
        // The database reads a float as one only where it has a number; elsewhere it may round its digits.
        Value::Float(float) if float.is_finite() => {
            let text = stepwell_sdk::values::float_text(*float);
            if target.is_text {
                return fitted(target, Value::Text(text));
            }
            if target.takes_floats() { None } else { target.misfit(&text) }
        }
        Value::Integer(whole) if !target.takes_all() && !target.is_bits() => {
            target.misfit(&whole.to_string())
        }
        Value::Bytes(bytes) => target.why_bytes(bytes).map(|why| target.message("bytes", &why)),
        Value::Json(text) | Value::Text(text) if target.item().is_some() && text.starts_with('[') => {
            if let (Some(item), Ok(Json::List(list))) = (target.item(), Json::parse(text)) {
                return array::literal(&list, item).map(Value::Text);
            }
            target.misfit(text)
        }
        Value::Text(text) | Value::Decimal(text) if target.is_bits() => {
            return target.misfit(text).map_or_else(|| bits(text), Err);
        }
        Value::Text(text) if target.is_hex() => {
            let bytes = || Value::Text(format!("\\x{}", text.trim_start_matches("\\x")));
            return target.misfit(text).map_or_else(|| Ok(bytes()), Err);
        }
        Value::Text(text)
        | Value::Decimal(text)
        | Value::Json(text)
        | Value::Date(text)
        | Value::Time(text)
        | Value::Timestamp(text)
        | Value::TimestampWithZone(text) => target.misfit(text),
        _ => None,
    };
    why.map_or(Ok(value), Err)
}

/// Converts a whole number to bits. MySQL reads a text as the codes of its characters, and a number as a number.
fn bits(text: &str) -> Result<Value, String> {
    let number = text.trim().parse::<u64>();
    let number = number.map_err(|_| format!("`{}` has more than 64 bits", tables::shown(text)))?;
    Ok(i64::try_from(number).map_or_else(|_| Value::Bytes(number.to_be_bytes().to_vec()), Value::Integer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_the_form_of_their_column() {
        let text = |text: &str| Value::Text(text.to_owned());
        for (dialect, of, value, wanted) in [
            ("postgres", "bytea", text("00ff"), Ok(text("\\x00ff"))),
            ("postgres", "bytea", text("hello"), Err("is not hexadecimal")),
            ("postgres", "int4[]", Value::Json("[1,null]".to_owned()), Ok(text("{\"1\",NULL}"))),
            ("postgres", "int4[]", text("{1}"), Ok(text("{1}"))),
            (
                "postgres",
                "jsonb",
                Value::Json("{\"a\":1}".to_owned()),
                Ok(Value::Json("{\"a\":1}".to_owned())),
            ),
            ("postgres", "float8", Value::Float(0.1), Ok(Value::Float(0.1))),
            ("postgres", "float4", Value::Float(16_777_217.0), Err("more digits than a float")),
            ("postgres", "numeric(5,2)", Value::Float(1.005), Err("keeps 2")),
            ("mysql", "bit", text("5"), Ok(Value::Integer(5))),
            ("mysql", "bit", text("18446744073709551615"), Ok(Value::Bytes(vec![255; 8]))),
            ("mysql", "bit", Value::Integer(5), Ok(Value::Integer(5))),
            ("mysql", "bit", text("b'1'"), Err("is no whole number")),
            ("mysql", "year", Value::Integer(26), Err("is no year of four digits")),
            ("mysql", "binary(4)", Value::Bytes(vec![1]), Err("adds zeros up to 4")),
            ("sqlite", "TEXT", Value::Float(0.30000000000000004), Ok(text("0.30000000000000004"))),
            ("sqlite", "REAL", Value::Float(0.30000000000000004), Ok(Value::Float(0.30000000000000004))),
            ("sqlite", "REAL", Value::Integer(9_007_199_254_740_993), Err("declare the column as TEXT")),
            ("mssql", "nvarchar(max)", Value::Float(1_234_567.5), Ok(text("1234567.5"))),
        ] {
            match (fitted(&Target::of(dialect, of), value), wanted) {
                (Ok(found), Ok(wanted)) => assert_eq!(found, wanted, "{dialect} {of}"),
                (Err(found), Err(wanted)) => assert!(found.contains(wanted), "{found}"),
                (found, _) => panic!("{dialect} {of}: {found:?}"),
            }
        }
    }
}
