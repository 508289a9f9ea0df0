//! The values of documents, variables, templates and outputs, read so that no digit changes.
//!
//! JSON numbers are 64-bit floating-point numbers. A number that JSON would write with other characters than
//! the source stays text: `3.10`, `01234`, whole numbers beyond 2^53. Where a schema asks for a number, such
//! a text becomes a number again. The guest SDK follows the same rules (`stepwell_sdk::values`).

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use crate::levels::{self, TooDeep};

/// The largest whole number up to which a double represents each one: 2^53.
const EXACT: u64 = 1 << 53;

/// A text that is not a value of JSON, or not one that is accepted.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// The text is not JSON.
    #[error("is not JSON: {}", json_problem(.0))]
    NotJson(serde_json::Error),
    /// The value has too many levels.
    #[error(transparent)]
    TooDeep(#[from] TooDeep),
}

/// Reads JSON. A number that a double would change becomes text.
///
/// # Errors
/// Fails when the text is not JSON, or has too many levels.
pub fn read_json(text: &str) -> Result<Value, Unread> {
    read_with(text, is_exact)
}

/// Reads the output of a step. A 64-bit whole number stays a number: the step chose to write a number, and
/// the host keeps all its digits.
///
/// # Errors
/// Fails when the text is not JSON, or has too many levels.
pub fn read_output(text: &str) -> Result<Value, Unread> {
    read_with(text, |number| is_exact(number) || is_whole_of_64_bits(number))
}

fn read_with(text: &str, is_kept: impl Fn(&str) -> bool) -> Result<Value, Unread> {
    levels::check_text(text)?;
    let read = serde_json::from_str(&keep_digits_but(text, is_kept)).map(|Once(value)| value);
    // Report the place of an error in the original text.
    read.map_err(|error| Unread::NotJson(serde_json::from_str::<Once>(text).err().unwrap_or(error)))
}

/// A value whose objects have each key once. serde_json silently takes the last of two values for a key.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OnceVisitor)
    }
}

struct OnceVisitor;

impl<'de> Visitor<'de> for OnceVisitor {
    type Value = Once;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E>(self) -> Result<Once, E> {
        Ok(Once(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Once, E> {
        Ok(Once(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Once, E> {
        Ok(Once(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Once, E> {
        Ok(Once(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Once, E> {
        Ok(Once(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Once, E> {
        Ok(Once(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Once, E> {
        Ok(Once(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Once, A::Error> {
        let mut list = Vec::new();
        while let Some(Once(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Once(list.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Once, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let Once(value) = entries.next_value()?;
            match map.entry(key) {
                Entry::Vacant(entry) => entry.insert(value),
                Entry::Occupied(entry) => {
                    let key: String = entry.key().chars().take(100).collect();
                    return Err(A::Error::custom(format!("the key `{key}` appears twice in an object")));
                }
            };
        }
        Ok(Once(map.into()))
    }
}

fn is_whole_of_64_bits(number: &str) -> bool {
    let same = |written: String| written == number;
    number.parse::<i64>().is_ok_and(|value| same(value.to_string()))
        || number.parse::<u64>().is_ok_and(|value| same(value.to_string()))
}

/// Describes why a text is not JSON, with its place first: `line 1, column 5: expected value`.
pub fn json_problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    match error.line() {
        0 => what.to_owned(),
        line => format!("line {line}, column {}: {what}", error.column()),
    }
}

/// Puts the numbers that would be written with other characters in quotes, so that the text keeps
/// every digit.
pub fn keep_digits(text: &str) -> Cow<'_, str> {
    keep_digits_but(text, is_exact)
}

fn keep_digits_but(text: &str, is_kept: impl Fn(&str) -> bool) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let (mut out, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at),
            b'-' | b'0'..=b'9' => {
                let rest = bytes.get(at..).unwrap_or_default();
                let part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
                let end = at + rest.iter().position(|byte| !part(byte)).unwrap_or(rest.len());
                let token = text.get(at..end).unwrap_or_default();
                if is_number(token) && !is_kept(token) {
                    out.push_str(text.get(copied..at).unwrap_or_default());
                    out.extend(["\"", token, "\""]);
                    copied = end;
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// Returns an upper bound of the memory that the values of a JSON text need, in bytes. A list of small
/// numbers needs many times its text.
pub fn held_by(text: &str) -> u64 {
    const VALUE: u64 = size_of::<Value>() as u64;
    /// The memory of a key and its map entry.
    const KEY: u64 = 48;
    let bytes = text.as_bytes();
    let (mut held, mut at) = (VALUE + bytes.len() as u64, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at),
            _ => {
                held += match byte {
                    b',' | b'[' | b'{' => VALUE,
                    b':' => KEY,
                    _ => 0,
                };
                at += 1;
            }
        }
    }
    held
}

/// Returns the end of the JSON string that begins at `start`.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// Returns whether a text is a number in the grammar of JSON.
pub fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let rest = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (rest, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|text| digits(text.strip_prefix(['+', '-']).unwrap_or(text)))
}

/// Returns whether a number keeps its digits as a JSON number: JSON writes it with the same characters or,
/// where it has an exponent, with the same digits.
pub fn is_exact(number: &str) -> bool {
    if number.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit()) {
        return number != "-0" && number.parse::<i64>().is_ok_and(|value| value.unsigned_abs() <= EXACT);
    }
    let Some(held) = number.parse().ok().and_then(Number::from_f64) else { return false };
    let held = held.to_string();
    held == number || number.contains(['e', 'E']) && significant(&held) == significant(number)
}

/// Returns the digits of a number without leading zeros, and the power of ten of the last digit. Trailing
/// zeros that only fill up to the decimal point do not count.
fn significant(number: &str) -> Option<(bool, String, i64)> {
    let lower = number.to_ascii_lowercase();
    let (mantissa, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = if fraction == "0" { "" } else { fraction };
    let digits = format!("{}{fraction}", whole.trim_start_matches('-'));
    let mut last = exponent.parse::<i64>().ok()? - i64::try_from(fraction.len()).ok()?;
    let mut digits = digits.trim_start_matches('0').to_owned();
    while fraction.is_empty() && digits.ends_with('0') {
        digits.pop();
        last += 1;
    }
    Some((mantissa.starts_with('-'), digits, last))
}

/// Returns whether two texts are the same number, with any zeros and any exponent.
pub fn same_number(one: &str, other: &str) -> bool {
    fn value(number: &str) -> Option<(bool, String, i64)> {
        let lower = number.to_ascii_lowercase();
        let (mantissa, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{}{fraction}", whole.trim_start_matches(['-', '+']));
        let digits = all.trim_start_matches('0').trim_end_matches('0').to_owned();
        if digits.is_empty() {
            return Some((false, digits, 0));
        }
        let zeros = all.len() - all.trim_end_matches('0').len();
        let last = exponent.parse::<i64>().ok()? - i64::try_from(fraction.len()).ok()?
            + i64::try_from(zeros).ok()?;
        Some((mantissa.starts_with('-'), digits, last))
    }
    value(one).is_some_and(|one| value(other) == Some(one))
}

/// Converts a plain YAML scalar that reads as `number`. The result is text unless JSON writes the number with
/// the same characters.
pub fn scalar(written: &str, number: Number) -> Value {
    match is_written_so(written, &number) {
        true => Value::Number(number),
        false => Value::String(written.to_owned()),
    }
}

/// Returns whether JSON writes a number with these characters.
fn is_written_so(written: &str, number: &Number) -> bool {
    is_exact(written) && number.to_string() == written
}

/// Returns the number of a text whose digits JSON would not keep. `None` for other texts, and for texts with
/// a leading zero, which some programs read as octal.
pub fn number_of(text: &str) -> Option<Number> {
    let (sign, rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (if text.starts_with('-') { "-" } else { "" }, rest),
        None => ("", text),
    };
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = rest.strip_prefix(prefix).filter(|_| text == rest) {
            return u64::from_str_radix(digits, radix).ok().map(Number::from);
        }
    }
    let rest = rest.strip_prefix('.').map_or_else(|| rest.to_owned(), |fraction| format!("0.{fraction}"));
    let plain = format!("{sign}{rest}");
    if !is_number(&plain) {
        return None;
    }
    let whole = rest.bytes().all(|byte| byte.is_ascii_digit());
    let of_whole = || match sign {
        "-" => plain.parse::<i64>().ok().map(Number::from),
        _ => plain.parse::<u64>().ok().map(Number::from),
    };
    let of_float = || {
        let value: f64 = plain.parse().ok()?;
        let is_whole = value.fract() == 0.0 && value.abs() <= EXACT as f64;
        if is_whole { Some((value as i64).into()) } else { Number::from_f64(value) }
    };
    let number = if whole { of_whole() } else { of_float() };
    number.filter(|number| !is_written_so(text, number))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_that_a_double_changes_are_text() {
        for (text, value) in [
            ("[1, -1.5, 1.0]", json!([1, -1.5, 1.0])),
            ("[1.50, 1e400, -0]", json!(["1.50", "1e400", "-0"])),
            ("9007199254740992", json!(9_007_199_254_740_992_i64)),
            ("9007199254740993", json!("9007199254740993")),
            ("[1e-07, 1E3, 1.50e3]", json!([1e-7, 1000.0, "1.50e3"])),
            ("{\"1.50\": 1.50, \"a\\\"1.50\": 2}", json!({"1.50": "1.50", "a\"1.50": 2})),
        ] {
            assert_eq!(read_json(text).unwrap(), value, "{text}");
        }
        for (text, value) in [
            ("[9007199254740993, -9223372036854775808]", json!([9_007_199_254_740_993_i64, i64::MIN])),
            ("[18446744073709551615, 18446744073709551616]", json!([u64::MAX, "18446744073709551616"])),
            ("[1.50, -0]", json!(["1.50", "-0"])),
        ] {
            assert_eq!(read_output(text).unwrap(), value, "{text}");
        }
        for wrong in ["01", "1.", "-", "1.50.2", "[1.50", "{\"a\": +1}", "1e"] {
            assert!(read_json(wrong).is_err(), "{wrong}");
        }
        let error = read_json("[1.50,\n 2.50 x]").unwrap_err();
        assert_eq!(error.to_string(), "is not JSON: line 2, column 7: expected `,` or `]`");
    }

    #[test]
    fn a_key_that_stands_twice_is_an_error_with_its_place() {
        for text in ["{\"a\": 1, \"a\": 2}", "[{\"b\": {\"a\": 1.50, \"a\": 1}}]"] {
            let error = read_json(text).unwrap_err();
            let problem = error.to_string();
            assert!(
                problem.starts_with("is not JSON: line 1, column ")
                    && problem.contains("the key `a` appears twice"),
                "{problem}"
            );
        }
        assert_eq!(read_json("{\"z\": [1], \"a\": {}}").unwrap().to_string(), "{\"z\":[1],\"a\":{}}");
        assert!(same_number("1.50", "1.5e0") && same_number("100", "1e2") && !same_number("1.5", "1.51"));
    }

    #[test]
    fn many_small_values_take_many_times_their_text() {
        assert_eq!(held_by(&format!("[0{}]", ",0".repeat(999))), 1001 * size_of::<Value>() as u64 + 2001);
        let long = format!("\"{}\"", "[,\\\",{:".repeat(1000));
        assert_eq!(held_by(&long), size_of::<Value>() as u64 + long.len() as u64, "a text is one value");
        assert!(held_by("{\"a\": 1, \"b\": 2}") > held_by("[1, 2]"));
    }

    #[test]
    fn a_text_is_a_number_again_where_one_is_asked_for() {
        for (text, number) in [
            ("1.50", Some(json!(1.5))),
            ("1e9", Some(json!(1_000_000_000))),
            (".5", Some(json!(0.5))),
            ("+5", Some(json!(5))),
            ("0x1F", Some(json!(31))),
            ("0o17", Some(json!(15))),
            ("18446744073709551615", Some(json!(u64::MAX))),
            ("010", None),
            ("-010", None),
            ("5", None),
            ("1e400", None),
            ("99999999999999999999", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(number_of(text).map(Value::Number), number, "{text}");
        }
    }
}
