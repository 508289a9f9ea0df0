//! JSON values that steps write, so that no step changes a digit.
//!
//! JSON numbers hold the values of a 64-bit double. Whole numbers up to 2^53 and floats are JSON numbers.
//! Decimals, larger whole numbers, NaN and the infinities are text. Text that is read as JSON follows the
//! same rule: a number that JSON would write with other characters becomes text.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use crate::Failure;

/// The largest whole number, 2^53, up to which a double represents every whole number exactly.
const EXACT: u64 = 1 << 53;

/// Converts a whole number; beyond 2^53 it becomes text.
pub fn integer(value: i64) -> Value {
    if value.unsigned_abs() <= EXACT { value.into() } else { Value::String(value.to_string()) }
}

/// Converts an unsigned whole number; beyond 2^53 it becomes text.
pub fn unsigned(value: u64) -> Value {
    if value <= EXACT { value.into() } else { Value::String(value.to_string()) }
}

/// Converts a float; a float that is not a JSON number becomes text.
pub fn float(value: f64) -> Value {
    Number::from_f64(value).map_or_else(|| Value::String(float_text(value)), Value::Number)
}

/// Formats a float: `1.5`, `1e300`, `NaN`, `Infinity`, `-Infinity`.
pub fn float_text(value: f64) -> String {
    let size = value.abs();
    match value {
        _ if value.is_nan() => "NaN".to_owned(),
        _ if value.is_infinite() => if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        _ if size != 0.0 && !(1e-5..1e16).contains(&size) => format!("{value:e}"),
        _ => value.to_string(),
    }
}

/// Widens a four-byte float to the double with the same decimal digits, without the digits that a plain
/// widening adds.
pub fn single(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| value.into())
}

/// Formats bytes as text, with two lowercase hexadecimal digits per byte.
pub fn bytes_text(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

/// Reads JSON. Numbers that a double would change become text.
///
/// # Errors
/// Fails when the text is not JSON.
pub fn read_json(text: &str) -> Result<Value, serde_json::Error> {
    let read = serde_json::from_str(&keep_digits(text)).map(|Once(value)| value);
    // The error gives its position in the original text.
    read.map_err(|error| serde_json::from_str::<Once>(text).err().unwrap_or(error))
}

/// A value whose objects have each key once. Of two values of a key, serde_json silently takes the last.
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

/// Describes the problem in a text that is not JSON, starting with its position:
/// `line 1, column 5: expected value`.
pub fn json_problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    match error.line() {
        0 => what.to_owned(),
        line => format!("line {line}, column {}: {what}", error.column()),
    }
}

/// Returns the JSON text with every number in quotes that JSON would write with other characters.
pub fn keep_digits(text: &str) -> Cow<'_, str> {
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
                if is_number(token) && !is_exact(token) {
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

/// Returns whether a text is a number in the JSON grammar.
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

/// Returns whether a JSON number keeps its digits: it is written back with the same characters or, with an
/// exponent, with the same digits.
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

/// A number in decimal digits. Two of them compare by value, whatever their notation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digits {
    negative: bool,
    digits: String,
    /// The number of digits before the decimal point; negative for zeros after it.
    magnitude: i64,
}

/// Returns the digits of a number, or `None` for a text that is not a finite number.
pub fn digits(number: &str) -> Option<Digits> {
    let lower = number.to_ascii_lowercase();
    if !is_number(&lower) {
        return None;
    }
    let (mantissa, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
    let unsigned = mantissa.trim_start_matches('-');
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all = format!("{whole}{fraction}");
    let kept = all.trim_start_matches('0');
    let before = i64::try_from(whole.len()).ok()? - i64::try_from(all.len() - kept.len()).ok()?;
    let digits = kept.trim_end_matches('0').to_owned();
    let magnitude = before.checked_add(exponent.parse().ok()?)?;
    Some(match digits.is_empty() {
        true => Digits { negative: false, digits, magnitude: 0 },
        false => Digits { negative: mantissa.starts_with('-'), digits, magnitude },
    })
}

impl Ord for Digits {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.digits.is_empty(), number.negative) {
            (true, _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        };
        let size = || self.magnitude.cmp(&other.magnitude).then_with(|| self.digits.cmp(&other.digits));
        sign(self).cmp(&sign(other)).then_with(|| match sign(self) {
            0 => Ordering::Equal,
            -1 => size().reverse(),
            _ => size(),
        })
    }
}

impl PartialOrd for Digits {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Returns the names that occur more than once, each of them once, in their order.
pub fn repeated<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let (mut seen, mut found) = (HashSet::new(), Vec::new());
    for name in names {
        if !seen.insert(name) && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// Rejects columns that share a name, and names them.
///
/// # Errors
/// Fails when a name occurs more than once.
pub fn distinct<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<(), Failure> {
    let repeated = repeated(names);
    if repeated.is_empty() {
        return Ok(());
    }
    Err(Failure::invalid_config(format!(
        "the result has several columns named `{}`: name each with `AS`, or set `duplicates: rename`",
        repeated.join("`, `")
    )))
}

/// Makes all names distinct: the second `id` becomes `id_2`, or the next free name.
pub fn renamed(names: &[String]) -> Vec<String> {
    let mut taken: HashSet<String> = names.iter().cloned().collect();
    let mut seen = HashSet::new();
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        if seen.insert(name) {
            found.push(name.clone());
            continue;
        }
        let other = (2..).map(|number: u32| format!("{name}_{number}"));
        found.extend(other.filter(|other| taken.insert(other.clone())).take(1));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_that_a_double_changes_are_text() {
        for (text, value) in [
            ("1", json!(1)),
            ("-1.5", json!(-1.5)),
            ("1.50", json!("1.50")),
            ("1.0", json!(1.0)),
            ("100.00", json!("100.00")),
            ("0.1", json!(0.1)),
            ("0.10000000000000000001", json!("0.10000000000000000001")),
            ("9007199254740992", json!(9_007_199_254_740_992_i64)),
            ("9007199254740993", json!("9007199254740993")),
            ("-12345678901234567890", json!("-12345678901234567890")),
            ("-0", json!("-0")),
            ("1e400", json!("1e400")),
            ("1e-07", json!(1e-7)),
            ("1E3", json!(1000.0)),
            ("1.50e3", json!("1.50e3")),
            ("[\"1.50\", {\"1.50\": 1.50, \"a\\\"\": 2}]", json!(["1.50", {"1.50": "1.50", "a\"": 2}])),
        ] {
            assert_eq!(read_json(text).unwrap(), value, "{text}");
        }
        for wrong in ["01", "1.", "-", "1.50.2", "[1.50", "{\"a\": +1}", "1e"] {
            assert!(read_json(wrong).is_err(), "{wrong}");
        }
        let error = read_json("[1.50,\n 2.50 x]").unwrap_err();
        assert_eq!(json_problem(&error), "line 2, column 7: expected `,` or `]`");
    }

    #[test]
    fn values_have_one_form() {
        assert_eq!(
            [integer(1 << 53), integer(i64::MIN)],
            [json!(1_i64 << 53), json!("-9223372036854775808")]
        );
        assert_eq!(unsigned(u64::MAX), json!("18446744073709551615"));
        assert_eq!([float(1.5), float(f64::NAN)], [json!(1.5), json!("NaN")]);
        for (value, text) in [
            (f64::NEG_INFINITY, "-Infinity"),
            (1.0, "1"),
            (0.1, "0.1"),
            (1e300, "1e300"),
            (5e-324, "5e-324"),
            (single(0.1), "0.1"),
        ] {
            assert_eq!(float_text(value), text);
        }
        assert_eq!(bytes_text(&[0, 255]), "00ff");
    }

    #[test]
    fn numbers_compare_by_their_digits() {
        let ordered = [
            "-12345678901234567891",
            "-1.5",
            "-1",
            "0",
            "0.001",
            "1e-2",
            "1",
            "1.0000000000000000001",
            "9",
            "10",
            "1e400",
        ];
        for (index, one) in ordered.iter().enumerate() {
            for (place, other) in ordered.iter().enumerate() {
                assert_eq!(digits(one).cmp(&digits(other)), index.cmp(&place), "{one} {other}");
            }
        }
        for (one, other) in [("1.50", "1.5"), ("100", "1e2"), ("-0", "0.0"), ("0.010", "1e-2")] {
            assert_eq!(digits(one), digits(other));
        }
        assert!(digits("NaN").or(digits("01")).or(digits("")).is_none());
    }

    #[test]
    fn a_key_that_stands_twice_is_an_error_with_its_place() {
        let error = read_json("{\"b\": {\"a\": 1.50, \"a\": 1}}").unwrap_err();
        let problem = json_problem(&error);
        assert!(
            problem.starts_with("line 1, column ") && problem.contains("the key `a` appears twice"),
            "{problem}"
        );
    }

    #[test]
    fn names_that_repeat_are_refused_or_numbered() {
        let names = ["id", "a", "id", "id_2", "id"].map(str::to_owned);
        assert!(distinct(names.iter().map(String::as_str)).unwrap_err().message.contains("named `id`"));
        assert!(distinct(["a", "b"]).is_ok());
        assert_eq!(renamed(&names), ["id", "a", "id_3", "id_2", "id_4"]);
    }
}
