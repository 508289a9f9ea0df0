//! Formats numbers as .NET does in the invariant culture.

/// Formats a double with at most this many significant digits (PowerShell prints `G15`).
pub fn general(value: f64, precision: usize) -> String {
    if let Some(text) = special(value) {
        return text;
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0".into() } else { "0".into() };
    }
    let digits = format!("{:.*e}", precision.max(1) - 1, value);
    layout(&digits, precision, "E", 2)
}

/// Returns the shortest text that reads as the same double: the result of `ToString()` since .NET Core 3.0.
pub fn shortest(value: f64) -> String {
    if let Some(text) = special(value) {
        return text;
    }
    if value == 0.0 {
        return if value.is_sign_negative() { "-0".into() } else { "0".into() };
    }
    layout(&format!("{value:e}"), 15, "E", 2)
}

pub fn shortest_single(value: f32) -> String {
    if let Some(text) = special(f64::from(value)) {
        return text;
    }
    if value == 0.0 {
        return "0".into();
    }
    layout(&format!("{value:e}"), 7, "E", 2)
}

fn special(value: f64) -> Option<String> {
    match value {
        v if v.is_nan() => Some("NaN".into()),
        f64::INFINITY => Some("Infinity".into()),
        f64::NEG_INFINITY => Some("-Infinity".into()),
        _ => None,
    }
}

/// Converts Rust's `1.5e10` to .NET's layout: with an exponent only from `limit` digits on, or below 1E-05.
fn layout(scientific: &str, limit: usize, letter: &str, exponent_digits: usize) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |m| ("-", m));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_end_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    if exponent >= limit as i32 || exponent < -5 + i32::from(exponent == -5) {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let sign_of = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{first}{point}{rest}{letter}{sign_of}{:0exponent_digits$}", exponent.abs());
    }
    if exponent < 0 {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("{sign}0.{zeros}{digits}");
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        return format!("{sign}{digits}{}", "0".repeat(whole - digits.len()));
    }
    let (left, right) = digits.split_at(whole);
    format!("{sign}{left}.{right}")
}
