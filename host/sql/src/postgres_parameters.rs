//! Parameters of PostgreSQL as text. The server parses each as the type that it expects.

use bytes::BytesMut;
use fit::{Misfit, Target};
use serde_json::Value as Json;
use tokio_postgres::error::DbError;
use tokio_postgres::types::{Format, IsNull, Kind, ToSql, Type};

use crate::postgres_types::type_name;
use crate::value::{self, float_text};
use crate::{Error, Parameters, Value};

/// The maximum number of characters of a value in an error.
pub(crate) const SHOWN: usize = 60;

/// A parameter in the form that the server receives.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    /// The name in the statement: `:name` or `$1`.
    name: String,
    text: Option<String>,
}

impl Bound {
    /// Creates a parameter of that type.
    ///
    /// # Errors
    /// Fails when the value does not convert to the type.
    pub fn new(name: String, value: &Value, of: &Type) -> Result<Self, Error> {
        let text = match value {
            Value::Null => None,
            Value::Json(text) => Some(structured(text, of).map_err(|why| unfit(&name, text, of, &why))?),
            Value::Text(text) if *base(of) == Type::BYTEA => {
                let why = "write bytes as hexadecimal digits, for instance `00ff`";
                Some(bytes(text).ok_or_else(|| unfit(&name, text, of, why))?)
            }
            // A number that JSON writes with a point keeps it, unless the place holds whole numbers.
            Value::Float(value) if !is_whole(of) => Some(json_number(*value)),
            value => {
                let mut text = String::new();
                write_text(&mut text, value);
                Some(text)
            }
        };
        if let Some(text) = &text
            && let Err(why) = held(text, of)
        {
            return Err(unfit(&name, text, of, &why));
        }
        Ok(Self { name, text })
    }
}

impl ToSql for Bound {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(text) = &self.text else { return Ok(IsNull::Yes) };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    tokio_postgres::types::to_sql_checked!();
}

/// Returns the statement's names of its parameters, in the order of their numbers.
pub(crate) fn names(parameters: &Parameters, values: &[&Value]) -> Vec<String> {
    let name = |(index, value): (usize, &&Value)| match parameters {
        Parameters::Named(given) => {
            let found = given.iter().find(|(_, other)| std::ptr::eq(other, *value));
            found.map_or_else(String::new, |(name, _)| format!(":{name}"))
        }
        Parameters::Positional(_) => format!("${}", index + 1),
    };
    values.iter().enumerate().map(name).collect()
}

/// Returns the error for a parameter whose text is not a value of its type, or `None` for any other error.
pub(crate) fn refused(error: &DbError, bound: &[Bound], types: &[Type]) -> Option<Error> {
    let place = error.where_()?.split("parameter $").nth(1)?;
    let digits: String = place.chars().take_while(char::is_ascii_digit).collect();
    let index = digits.parse::<usize>().ok()?.checked_sub(1)?;
    let (bound, of) = (bound.get(index)?, types.get(index)?);
    let why = format!("{} ({})", error.message(), error.code().code());
    Some(unfit(&bound.name, bound.text.as_deref().unwrap_or("NULL"), of, &why))
}

/// Replaces `$1` in a message of the server with the name in the statement.
pub(crate) fn renamed(message: &str, names: &[String]) -> String {
    let mut out = String::new();
    let mut rest = message;
    while let Some((before, after)) = rest.split_once("parameter $") {
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, tail) = after.split_at(digits);
        let name = number.parse::<usize>().ok().and_then(|number| names.get(number.checked_sub(1)?));
        out.push_str(before);
        match name {
            Some(name) => out.push_str(&format!("parameter `{name}`")),
            None => out.push_str(&format!("parameter ${number}")),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn unfit(name: &str, value: &str, of: &Type, why: &str) -> Error {
    let shown = stepwell_engine::document::cut(value, SHOWN);
    Error::InvalidStatement(format!(
        "the parameter `{name}` is `{shown}`, and the database expects the type `{}` there: {why}",
        of.name().trim_start_matches('_').to_owned()
            + if matches!(of.kind(), Kind::Array(_)) { "[]" } else { "" }
    ))
}

/// Explains why a type would change a text that it accepts. The digits and lengths of a column are not known
/// here, because the server reports the type without them.
fn held(text: &str, of: &Type) -> Result<(), String> {
    match Target::of("postgres", &type_name(base(of), -1)).why(text) {
        None => Ok(()),
        Some(Misfit { has, holds, fix }) => Err(format!("it {has}, and the type {holds}: {fix}")),
    }
}

fn is_whole(of: &Type) -> bool {
    [Type::INT2, Type::INT4, Type::INT8, Type::OID].contains(base(of))
}

/// Formats a float as JSON does: `1.0` and not `1`.
fn json_number(value: f64) -> String {
    let text = float_text(value);
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if is_plain { text + ".0" } else { text }
}

/// Returns the base type of a domain.
fn base(of: &Type) -> &Type {
    match of.kind() {
        Kind::Domain(inner) => base(inner),
        _ => of,
    }
}

fn is_json(of: &Type) -> bool {
    [Type::JSON, Type::JSONB].contains(base(of))
}

/// Formats a list or an object as a value of the type.
fn structured(text: &str, of: &Type) -> Result<String, String> {
    if is_json(of) {
        return Ok(text.to_owned());
    }
    let value: Json = serde_json::from_str(text).map_err(|_| "it is not JSON".to_owned())?;
    let mut out = String::new();
    match (base(of).kind(), &value) {
        (Kind::Array(item), Json::Array(items)) => array(&mut out, items, item)?,
        (Kind::Composite(_), _) => out = plain(&value, of)?.unwrap_or_default(),
        _ => {
            let what = if value.is_array() { "a list" } else { "an object" };
            return Err(format!(
                "{what} goes into an array, a composite type or JSON: for JSON, write `CAST(:name AS jsonb)`"
            ));
        }
    }
    Ok(out)
}

/// Formats an array (postgresql.org/docs/current/arrays.html#ARRAYS-IO).
fn array(out: &mut String, items: &[Json], of: &Type) -> Result<(), String> {
    out.push('{');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        match item {
            Json::Array(inner) if !is_json(of) && !matches!(base(of).kind(), Kind::Composite(_)) => {
                array(out, inner, of)?;
            }
            item => match plain(item, of)? {
                None => out.push_str("NULL"),
                Some(text) => quoted(out, &text),
            },
        }
    }
    out.push('}');
    Ok(())
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        if c == '"' || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

/// Formats one value as its type. Returns `None` for NULL.
fn plain(value: &Json, of: &Type) -> Result<Option<String>, String> {
    let text = unchecked(value, of)?;
    if let Some(text) = &text {
        held(text, of)?;
    }
    Ok(text)
}

fn unchecked(value: &Json, of: &Type) -> Result<Option<String>, String> {
    Ok(match (value, base(of).kind()) {
        (Json::Null, _) => None,
        (value, _) if is_json(of) => Some(value.to_string()),
        (Json::String(text), _) if *base(of) == Type::BYTEA => {
            Some(bytes(text).ok_or("write bytes as hexadecimal digits, for instance `00ff`")?)
        }
        (Json::String(text), _) => Some(text.clone()),
        (Json::Bool(_) | Json::Number(_), _) => Some(value.to_string()),
        (Json::Array(items), Kind::Array(item)) => {
            let mut out = String::new();
            array(&mut out, items, item)?;
            Some(out)
        }
        (Json::Array(_) | Json::Object(_), Kind::Composite(fields)) => {
            let known = |name: &str| fields.iter().any(|field| field.name() == name);
            if let Some(name) = value.as_object().and_then(|map| map.keys().find(|name| !known(name))) {
                return Err(format!("the type has no field `{name}`"));
            }
            if value.as_array().is_some_and(|items| items.len() != fields.len()) {
                return Err(format!("the type has {} fields", fields.len()));
            }
            let mut out = String::from("(");
            for (index, field) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                let part = value.get(index).or_else(|| value.get(field.name())).unwrap_or(&Json::Null);
                if let Some(text) = plain(part, field.type_())? {
                    quoted(&mut out, &text);
                }
            }
            out.push(')');
            Some(out)
        }
        (Json::Array(_), _) => return Err("an item is a list".to_owned()),
        (Json::Object(_), _) => return Err("an item is an object".to_owned()),
    })
}

/// Converts hexadecimal digits, the form of bytes in rows, to the form that the server reads.
fn bytes(text: &str) -> Option<String> {
    let digits = text.strip_prefix("\\x").unwrap_or(text);
    let fits = digits.len().is_multiple_of(2) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| format!("\\x{digits}"))
}

/// Writes a value in the form that PostgreSQL reads.
pub(crate) fn write_text(out: &mut String, value: &Value) {
    use std::fmt::Write;
    // Writing to a string cannot fail.
    let _ = match value {
        Value::Null => Ok(()),
        Value::Boolean(value) => write!(out, "{value}"),
        Value::Integer(value) => write!(out, "{value}"),
        Value::Float(value) => out.write_str(&float_text(*value)),
        Value::Bytes(bytes) => {
            out.push_str("\\x");
            value::hex(out, bytes);
            Ok(())
        }
        Value::Decimal(text)
        | Value::Text(text)
        | Value::Date(text)
        | Value::Time(text)
        | Value::Timestamp(text)
        | Value::TimestampWithZone(text)
        | Value::Uuid(text)
        | Value::Json(text) => out.write_str(text),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(value: &Value, of: &Type) -> Result<Option<String>, String> {
        Bound::new(":p".to_owned(), value, of).map(|bound| bound.text).map_err(|error| error.to_string())
    }

    #[test]
    fn values_take_the_type_of_their_place() {
        let json = |text: &str| Value::Json(text.into());
        for (value, of, text) in [
            (Value::Null, Type::INT4, None),
            (Value::Boolean(true), Type::TEXT, Some("true")),
            (Value::Float(f64::INFINITY), Type::FLOAT8, Some("Infinity")),
            (Value::Text("00FF".into()), Type::BYTEA, Some("\\x00FF")),
            (Value::Text("\\x00ff".into()), Type::BYTEA, Some("\\x00ff")),
            (json("[1, null, 3]"), Type::INT4_ARRAY, Some("{\"1\",NULL,\"3\"}")),
            (json("[[1, 2], [3, 4]]"), Type::INT4_ARRAY, Some("{{\"1\",\"2\"},{\"3\",\"4\"}}")),
            (json(r#"["a\"b", "c\\d", "NULL", ""]"#), Type::TEXT_ARRAY, Some(r#"{"a\"b","c\\d","NULL",""}"#)),
            (json("[]"), Type::TEXT_ARRAY, Some("{}")),
            (json("[\"00ff\"]"), Type::BYTEA_ARRAY, Some("{\"\\\\x00ff\"}")),
            (json(r#"[{"a": [1]}, [2]]"#), Type::JSONB_ARRAY, Some(r#"{"{\"a\":[1]}","[2]"}"#)),
            (json(r#"{"a": 1.50}"#), Type::JSONB, Some(r#"{"a": 1.50}"#)),
            (Value::Float(1.0), Type::NUMERIC, Some("1.0")),
            (Value::Float(-1.0), Type::TEXT, Some("-1.0")),
            (Value::Float(1.0), Type::INT4, Some("1")),
            (Value::Float(0.5), Type::FLOAT8, Some("0.5")),
            (Value::Text("2026-01-31T00:00:00Z".into()), Type::DATE, Some("2026-01-31T00:00:00Z")),
            (Value::Text("infinity".into()), Type::TIMESTAMP, Some("infinity")),
            (Value::Text("1.005".into()), Type::NUMERIC, Some("1.005")),
            (Value::Text("a".into()), Type::CHAR, Some("a")),
        ] {
            assert_eq!(bound(&value, &of).unwrap().as_deref(), text, "{value:?} {of}");
        }
        for (value, of, why) in [
            (json("[1]"), Type::INT4, "`int4`"),
            (json("{\"a\": 1}"), Type::TEXT, "CAST(:name AS jsonb)"),
            (json("[{\"a\": 1}]"), Type::INT4_ARRAY, "`int4[]` there: an item is an object"),
            (Value::Text("hello".into()), Type::BYTEA, "hexadecimal digits"),
            (
                Value::Text("2026-01-31 10:00".into()),
                Type::DATE,
                "it has a time, and the type holds days only",
            ),
            (Value::Text("01.02.2026".into()), Type::DATE, "write it as `2026-01-31`"),
            (Value::Text("2026-01-31T10:00:00+02:00".into()), Type::TIMESTAMP, "it has a zone"),
            (Value::Timestamp("2026-01-31T10:00:00.1234567".into()), Type::TIMESTAMP, "keeps 6"),
            (Value::Text("2026-01-31 10:00".into()), Type::TIME, "it has a day"),
            (Value::Text("1.5 months".into()), Type::INTERVAL, "a fraction of a month"),
            (Value::Text("abc".into()), Type::CHAR, "keeps 1 byte"),
            (Value::Text("n".repeat(64).as_str().into()), Type::NAME, "keeps 63 bytes"),
            (Value::Text("1.005".into()), Type::MONEY, "keeps 2"),
            (Value::Text("{\"a\": 1, \"a\": 2}".into()), Type::JSONB, "the key `a` twice"),
            (Value::Integer(9_007_199_254_740_993), Type::FLOAT8, "more digits than a float"),
            (Value::Integer(-1), Type::OID, "it is negative"),
            (json("[\"2026-01-31 10:00\"]"), Type::DATE_ARRAY, "it has a time"),
        ] {
            let error = bound(&value, &of).unwrap_err();
            assert!(error.contains(why) && error.contains("`:p`"), "{error}");
        }
    }

    #[test]
    fn messages_name_parameters_as_the_statement_does() {
        let names = [":a".to_owned(), ":b".to_owned()];
        let message = "could not determine data type of parameter $2, nor of parameter $9";
        assert_eq!(
            renamed(message, &names),
            "could not determine data type of parameter `:b`, nor of parameter $9"
        );
    }
}
