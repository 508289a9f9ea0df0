//! Numbers as .NET writes them: standard and custom format strings, culture en-US.
//!
//! Source: "Standard numeric format strings" and "Custom numeric format strings" of the .NET documentation.

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};
use rust_decimal::{Decimal, RoundingStrategy};

use super::Value;

/// A double with at most this many significant digits (`G15` is what PowerShell prints).
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

/// The shortest text that gives the same double again: what `ToString()` gives since .NET Core 3.0.
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
        f64::INFINITY => Some("∞".into()),
        f64::NEG_INFINITY => Some("-∞".into()),
        _ => None,
    }
}

/// Rust's `1.5e10` as .NET writes it: with an exponent only from `limit` digits on, or below 1E-05.
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

/// Formats a number; nothing when it is none, or the format is not one for it.
pub fn format(value: &Value, spec: &str) -> Option<String> {
    let value = value.base();
    if !value.is_number() {
        return None;
    }
    if spec.is_empty() {
        return super::text::number_to_string(value);
    }
    let mut chars = spec.chars();
    let letter = chars.next()?;
    let rest = chars.as_str();
    if letter.is_ascii_alphabetic() && rest.len() <= 3 && rest.bytes().all(|b| b.is_ascii_digit()) {
        let precision = if rest.is_empty() { None } else { rest.parse().ok() };
        return standard(value, letter, precision);
    }
    Some(custom(value, spec))
}

fn is_integer(value: &Value) -> bool {
    value.as_integer().is_some() || matches!(value, Value::ULong(_) | Value::Big(_))
}

fn standard(value: &Value, letter: char, precision: Option<usize>) -> Option<String> {
    Some(match letter.to_ascii_uppercase() {
        'N' => group(&fixed(value, precision.unwrap_or(2))),
        'F' => fixed(value, precision.unwrap_or(2)),
        'C' => {
            let text = group(&fixed(value, precision.unwrap_or(2)));
            match text.strip_prefix('-') {
                Some(rest) => format!("-${rest}"),
                None => format!("${text}"),
            }
        }
        'P' => {
            let scaled = match value {
                Value::Decimal(d) => Value::decimal(**d * Decimal::from(100)),
                other => Value::Double(other.as_double()? * 100.0),
            };
            format!("{}%", group(&fixed(&scaled, precision.unwrap_or(2))))
        }
        'D' if is_integer(value) => {
            let text = super::text::number_to_string(value)?;
            let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |d| ("-", d));
            format!("{sign}{digits:0>width$}", width = precision.unwrap_or(0))
        }
        'X' if is_integer(value) => {
            let text = hex(value)?;
            let text = if letter == 'x' { text.to_lowercase() } else { text };
            format!("{text:0>width$}", width = precision.unwrap_or(0))
        }
        'E' => {
            let number = value.as_double()?;
            let text = format!("{:.*e}", precision.unwrap_or(6), number);
            let (mantissa, exponent) = text.split_once('e')?;
            let exponent: i32 = exponent.parse().ok()?;
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}{letter}{sign}{:03}", exponent.abs())
        }
        'G' => match (value, precision) {
            (Value::Decimal(_), None | Some(0)) => super::text::number_to_string(value)?,
            (_, None | Some(0)) if is_integer(value) => super::text::number_to_string(value)?,
            (Value::Single(v), None | Some(0)) => shortest_single(*v),
            (_, None | Some(0)) => shortest(value.as_double()?),
            (_, Some(p)) => {
                let text = general(value.as_double()?, p);
                if letter == 'g' { text.replace('E', "e") } else { text }
            }
        },
        'R' if !is_integer(value) => shortest(value.as_double()?),
        _ => return None,
    })
}

fn hex(value: &Value) -> Option<String> {
    Some(match value {
        Value::SByte(v) => format!("{v:X}"),
        Value::Short(v) => format!("{v:X}"),
        Value::Int(v) => format!("{v:X}"),
        Value::Long(v) => format!("{v:X}"),
        Value::ULong(v) => format!("{v:X}"),
        Value::Big(v) => v.to_str_radix(16).to_uppercase(),
        other => format!("{:X}", other.as_integer()?),
    })
}

/// With a fixed number of decimals.
pub fn fixed(value: &Value, decimals: usize) -> String {
    match value {
        Value::Decimal(d) => {
            let rounded =
                d.round_dp_with_strategy(decimals.min(28) as u32, RoundingStrategy::MidpointAwayFromZero);
            unsigned_zero(format!("{rounded:.decimals$}"))
        }
        Value::Double(v) if special(*v).is_some() => special(*v).unwrap_or_default(),
        Value::Double(v) => unsigned_zero(format!("{v:.decimals$}")),
        Value::Single(v) => unsigned_zero(format!("{:.decimals$}", f64::from(*v))),
        other => {
            let text = super::text::number_to_string(other).unwrap_or_default();
            if decimals == 0 { text } else { format!("{text}.{}", "0".repeat(decimals)) }
        }
    }
}

fn unsigned_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|b| matches!(b, b'0' | b'.')) => rest.to_owned(),
        _ => text,
    }
}

/// With commas between thousands.
fn group(text: &str) -> String {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |t| ("-", t));
    let (whole, rest) = text.find('.').map_or((text, ""), |at| text.split_at(at));
    let mut grouped = String::from(sign);
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 && c.is_ascii_digit() {
            grouped.push(',');
        }
        grouped.push(c);
    }
    grouped + rest
}

/// The sections of a custom format: positive, negative, zero.
fn sections(spec: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    let mut chars = spec.chars();
    while let Some(c) = chars.next() {
        let Some(last) = parts.last_mut() else { break };
        match (c, quote) {
            ('\\', None) => {
                last.push(c);
                last.extend(chars.next());
            }
            ('\'' | '"', None) => {
                quote = Some(c);
                last.push(c);
            }
            (c, Some(q)) if c == q => {
                quote = None;
                last.push(c);
            }
            (';', None) => parts.push(String::new()),
            _ => last.push(c),
        }
    }
    parts
}

/// What a section of a custom format asks for.
#[derive(Default)]
struct Plan {
    whole: Vec<char>,
    fraction: Vec<char>,
    percent: bool,
    permille: bool,
    grouped: bool,
    /// Commas right before the point divide by a thousand each.
    scale: u32,
    exponent: Option<(char, bool, usize)>,
}

enum Piece {
    Digit(bool),
    Point,
    Exponent,
    Text(String),
}

fn custom(value: &Value, spec: &str) -> String {
    let parts = sections(spec);
    let number = value.as_double().unwrap_or(0.0);
    let negative = number < 0.0;
    let is_zero = number == 0.0;
    let (section, minus) = match parts.len() {
        1 => (parts.first(), negative),
        2 => {
            if negative {
                (parts.get(1), false)
            } else {
                (parts.first(), false)
            }
        }
        _ if is_zero => (parts.get(2), false),
        _ if negative => match parts.get(1) {
            Some(own) if !own.is_empty() => (Some(own), false),
            _ => (parts.first(), true),
        },
        _ => (parts.first(), false),
    };
    let section = section.map(String::as_str).unwrap_or_default();
    if section.is_empty() {
        return if minus { "-".into() } else { String::new() };
    }
    let (plan, pieces) = plan(section);
    let text = fill(value, &plan, &pieces);
    let shows_digit = text.bytes().any(|b| (b'1'..=b'9').contains(&b));
    if minus && (shows_digit || plan.whole.is_empty() && plan.fraction.is_empty()) {
        format!("-{text}")
    } else {
        text
    }
}

fn plan(section: &str) -> (Plan, Vec<Piece>) {
    let mut plan = Plan::default();
    let mut pieces = Vec::new();
    let mut after_point = false;
    let mut commas = 0;
    let chars: Vec<char> = section.chars().collect();
    let mut i = 0;
    while let Some(&c) = chars.get(i) {
        i += 1;
        match c {
            '0' | '#' => {
                if commas > 0 && !after_point && !plan.whole.is_empty() {
                    plan.grouped = true;
                }
                commas = 0;
                if after_point {
                    plan.fraction.push(c)
                } else {
                    plan.whole.push(c)
                }
                pieces.push(Piece::Digit(after_point));
            }
            '.' => {
                if !after_point {
                    plan.scale = commas;
                    after_point = true;
                    pieces.push(Piece::Point);
                }
                commas = 0;
            }
            ',' if !plan.whole.is_empty() && !after_point => commas += 1,
            ',' => {}
            '%' => {
                plan.percent = true;
                pieces.push(Piece::Text("%".into()));
            }
            '‰' => {
                plan.permille = true;
                pieces.push(Piece::Text("‰".into()));
            }
            'E' | 'e' if exponent_at(&chars, i).is_some() => {
                if let Some((sign, width, next)) = exponent_at(&chars, i) {
                    plan.exponent = Some((c, sign, width));
                    pieces.push(Piece::Exponent);
                    i = next;
                }
            }
            '\\' => {
                pieces.extend(chars.get(i).map(|c| Piece::Text(c.to_string())));
                i += 1;
            }
            '\'' | '"' => {
                let start = i;
                while chars.get(i).is_some_and(|q| *q != c) {
                    i += 1;
                }
                pieces.push(Piece::Text(chars.get(start..i).unwrap_or_default().iter().collect()));
                i += 1;
            }
            other => pieces.push(Piece::Text(other.to_string())),
        }
    }
    if !after_point {
        plan.scale = commas;
    }
    (plan, pieces)
}

fn exponent_at(chars: &[char], mut at: usize) -> Option<(bool, usize, usize)> {
    let sign = matches!(chars.get(at), Some('+'));
    if matches!(chars.get(at), Some('+' | '-')) {
        at += 1;
    }
    let from = at;
    while chars.get(at) == Some(&'0') {
        at += 1;
    }
    (at > from).then_some((sign, at - from, at))
}

fn fill(value: &Value, plan: &Plan, pieces: &[Piece]) -> String {
    let mut exponent = 0;
    let number = match value {
        Value::Decimal(d) if plan.exponent.is_none() => {
            let mut d = d.abs();
            if plan.percent {
                d *= Decimal::from(100);
            }
            for _ in 0..plan.scale {
                d /= Decimal::from(1000);
            }
            let places = plan.fraction.len() as u32;
            let rounded = d.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
            format!("{rounded:.*}", plan.fraction.len())
        }
        Value::Big(big) if plan.exponent.is_none() => format!(
            "{}{}{}",
            big.abs(),
            if plan.fraction.is_empty() { "" } else { "." },
            "0".repeat(plan.fraction.len())
        ),
        other => {
            let mut v = other.as_double().unwrap_or(0.0).abs();
            v *= if plan.percent {
                100.0
            } else if plan.permille {
                1000.0
            } else {
                1.0
            };
            v /= 1000_f64.powi(plan.scale as i32);
            if plan.exponent.is_some() && v != 0.0 {
                exponent = v.log10().floor() as i32 + 1 - plan.whole.len().max(1) as i32;
                v /= 10_f64.powi(exponent);
            }
            round_half_up(v, plan.fraction.len())
        }
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
    let whole = whole.trim_start_matches('0');
    let required = plan.whole.iter().position(|c| *c == '0').map_or(0, |at| plan.whole.len() - at);
    let whole = format!("{whole:0>required$}");
    let kept = plan.fraction.iter().rposition(|c| *c == '0').map_or(0, |at| at + 1);
    let mut fraction = fraction.to_owned();
    while fraction.len() > kept && fraction.ends_with('0') {
        fraction.pop();
    }
    assemble(plan, pieces, &whole, &fraction, exponent)
}

/// With this many decimals, from the 15 significant digits that custom formats look at.
fn round_half_up(value: f64, decimals: usize) -> String {
    let text = general(value, 15);
    match text.parse::<Decimal>() {
        Ok(d) => {
            let d = d.round_dp_with_strategy(decimals.min(28) as u32, RoundingStrategy::MidpointAwayFromZero);
            format!("{d:.decimals$}")
        }
        Err(_) => format!("{value:.decimals$}"),
    }
}

fn assemble(plan: &Plan, pieces: &[Piece], whole: &str, fraction: &str, exponent: i32) -> String {
    let mut out = String::new();
    let mut whole_left = plan.whole.len();
    let mut written = 0;
    let mut fractions = fraction.chars();
    let total = whole.chars().count();
    let put = |out: &mut String, digits: &str, written: &mut usize| {
        for c in digits.chars() {
            if plan.grouped && *written > 0 && (total - *written).is_multiple_of(3) {
                out.push(',');
            }
            out.push(c);
            *written += 1;
        }
    };
    for piece in pieces {
        match piece {
            Piece::Digit(false) => {
                // The first place takes the digits that have no place of their own.
                let take = if whole_left == plan.whole.len() {
                    (total + 1).saturating_sub(whole_left)
                } else {
                    usize::from(written + whole_left <= total)
                };
                let digits: String = whole.chars().skip(written).take(take).collect();
                put(&mut out, &digits, &mut written);
                whole_left -= 1;
            }
            Piece::Digit(true) => out.extend(fractions.next()),
            Piece::Point => {
                if plan.whole.is_empty() && written == 0 {
                    put(&mut out, whole, &mut written);
                }
                if !fraction.is_empty() {
                    out.push('.');
                }
            }
            Piece::Exponent => {
                if let Some((letter, plus, width)) = plan.exponent {
                    let sign = if exponent < 0 {
                        "-"
                    } else if plus {
                        "+"
                    } else {
                        ""
                    };
                    out.push_str(&format!("{letter}{sign}{:0width$}", exponent.abs()));
                }
            }
            Piece::Text(text) => out.push_str(text),
        }
    }
    out
}

/// A text as a double, as .NET's `Parse` with `NumberStyles.Float | AllowThousands` reads it.
pub fn parse_double(text: &str) -> Option<f64> {
    let trimmed = text.trim();
    let plain = strip_thousands(trimmed)?;
    match plain.as_str() {
        "NaN" => Some(f64::NAN),
        "∞" | "Infinity" => Some(f64::INFINITY),
        "-∞" | "-Infinity" => Some(f64::NEG_INFINITY),
        other
            if other.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'+' | b'-' | b'e' | b'E')) =>
        {
            other.parse().ok()
        }
        _ => None,
    }
}

fn strip_thousands(text: &str) -> Option<String> {
    let (whole, _) = text.split_once('.').unwrap_or((text, ""));
    if text.contains(',') && (text.rfind(',') > text.find('.').or(Some(usize::MAX)) || whole.starts_with(','))
    {
        return None;
    }
    Some(text.replace(',', ""))
}

pub fn parse_decimal(text: &str) -> Option<Decimal> {
    let plain = strip_thousands(text.trim())?;
    let plain = plain.strip_prefix('+').unwrap_or(&plain);
    if plain.contains(['e', 'E']) { Decimal::from_scientific(plain).ok() } else { plain.parse().ok() }
}

pub fn parse_big(text: &str) -> Option<BigInt> {
    let text = text.trim();
    text.strip_prefix('+').unwrap_or(text).parse().ok()
}

/// A double, rounded to the nearest integer, ties to the even one: how .NET's `Convert` does it.
pub fn round_to_integer(value: f64) -> Option<BigInt> {
    use num_traits::FromPrimitive;
    if value.is_finite() { BigInt::from_f64(value.round_ties_even()) } else { None }
}

pub fn decimal_to_big(value: &Decimal) -> Option<BigInt> {
    value.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven).to_i128().map(BigInt::from)
}
