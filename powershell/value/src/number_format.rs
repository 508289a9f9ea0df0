//! Standard and custom format strings of numbers, in a culture.
//!
//! Source: "Standard numeric format strings" and "Custom numeric format strings" of the .NET documentation.

use num_traits::Signed;
use rust_decimal::{Decimal, RoundingStrategy};

use super::Value;
use super::culture::NumberFormat;
use super::numbers::{general, shortest, shortest_single};
use super::text::number_to_string;

/// The positions of sign and symbol: `n` is the number, `$` the symbol, and `-` the sign.
const CURRENCY_POSITIVE: [&str; 4] = ["$n", "n$", "$ n", "n $"];
const CURRENCY_NEGATIVE: [&str; 16] = [
    "($n)", "-$n", "$-n", "$n-", "(n$)", "-n$", "n-$", "n$-", "-n $", "-$ n", "n $-", "$ n-", "$ -n", "n- $",
    "($ n)", "(n $)",
];
const PERCENT_POSITIVE: [&str; 4] = ["n $", "n$", "$n", "$ n"];
const PERCENT_NEGATIVE: [&str; 12] =
    ["-n $", "-n$", "-$n", "$-n", "$n-", "n-$", "n$-", "-$ n", "n $-", "$ n-", "$ -n", "n- $"];

/// The separators and signs of a number.
struct Signs<'a> {
    decimal: &'a str,
    group: Option<&'a str>,
    sizes: &'a [usize],
}

/// Formats a number. `None` when the value is not a number, or the format does not apply to it.
pub fn format(value: &Value, spec: &str, culture: &NumberFormat) -> Option<String> {
    let value = value.base();
    if !value.is_number() {
        return None;
    }
    if spec.is_empty() {
        return to_text(value, culture);
    }
    let mut chars = spec.chars();
    let letter = chars.next()?;
    let rest = chars.as_str();
    if letter.is_ascii_alphabetic() && rest.len() <= 3 && rest.bytes().all(|b| b.is_ascii_digit()) {
        let precision = if rest.is_empty() { None } else { rest.parse().ok() };
        return standard(value, letter, precision, culture);
    }
    if let Some(special) = special(value, culture) {
        return Some(special);
    }
    Some(custom(value, spec, culture))
}

/// Formats a number as `ToString()` does in a culture.
pub fn to_text(value: &Value, culture: &NumberFormat) -> Option<String> {
    special(value, culture).or_else(|| number_to_string(value).map(|text| localized(&text, culture)))
}

/// Formats a number as PowerShell prints it in a culture.
pub fn shown(value: &Value, culture: &NumberFormat) -> Option<String> {
    special(value, culture).or_else(|| super::text_of_number(value).map(|text| localized(&text, culture)))
}

/// Formats NaN and the infinities.
fn special(value: &Value, culture: &NumberFormat) -> Option<String> {
    let number = match value {
        Value::Double(v) => *v,
        Value::Single(v) => f64::from(*v),
        _ => return None,
    };
    match number {
        v if v.is_nan() => Some(culture.nan.to_string()),
        f64::INFINITY => Some(culture.infinity.to_string()),
        f64::NEG_INFINITY => Some(culture.negative_infinity.to_string()),
        _ => None,
    }
}

/// Replaces the point and the sign of a plain number by those of a culture.
fn localized(text: &str, culture: &NumberFormat) -> String {
    if &*culture.decimal == "." && &*culture.minus == "-" {
        return text.to_owned();
    }
    text.replace('-', "\u{0}").replace('.', &culture.decimal).replace('\u{0}', &culture.minus)
}

/// Formats digits with the separators of a culture; the text has no sign.
fn grouped(text: &str, signs: &Signs<'_>) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut groups: Vec<&str> = Vec::new();
    let mut left = whole;
    let mut sizes = signs.sizes.iter().copied();
    let mut size = sizes.next().unwrap_or(0);
    while signs.group.is_some() && size > 0 && left.len() > size {
        let (head, tail) = left.split_at(left.len() - size);
        groups.push(tail);
        left = head;
        size = sizes.next().unwrap_or(size);
    }
    groups.push(left);
    groups.reverse();
    let mut out = groups.join(signs.group.unwrap_or_default());
    if !fraction.is_empty() {
        out.push_str(signs.decimal);
        out.push_str(fraction);
    }
    out
}

fn arranged(pattern: Option<&&str>, number: &str, symbol: &str, minus: &str) -> String {
    let mut out = String::new();
    for c in pattern.copied().unwrap_or("n").chars() {
        match c {
            'n' => out.push_str(number),
            '$' => out.push_str(symbol),
            '-' => out.push_str(minus),
            other => out.push(other),
        }
    }
    out
}

fn is_integer(value: &Value) -> bool {
    value.as_integer().is_some() || matches!(value, Value::ULong(_) | Value::Big(_))
}

fn standard(value: &Value, letter: char, precision: Option<usize>, culture: &NumberFormat) -> Option<String> {
    if let Some(special) = special(value, culture) {
        return matches!(letter.to_ascii_uppercase(), 'N' | 'F' | 'C' | 'P' | 'E' | 'G' | 'R')
            .then_some(special);
    }
    Some(match letter.to_ascii_uppercase() {
        'N' => number(value, precision.unwrap_or(culture.digits), Some(&culture.group), culture),
        'F' => number(value, precision.unwrap_or(culture.digits), None, culture),
        'C' => currency(value, precision.unwrap_or(culture.currency_digits), culture),
        'P' => percent(value, precision.unwrap_or(culture.percent_digits), culture)?,
        'D' if is_integer(value) => {
            let text = number_to_string(value)?;
            let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |d| (&*culture.minus, d));
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
            let sign = if exponent < 0 { &*culture.minus } else { &*culture.plus };
            format!("{}{letter}{sign}{:03}", localized(mantissa, culture), exponent.abs())
        }
        'G' => {
            let text = match (value, precision) {
                (Value::Decimal(_), None | Some(0)) => number_to_string(value)?,
                (_, None | Some(0)) if is_integer(value) => number_to_string(value)?,
                (Value::Single(v), None | Some(0)) => shortest_single(*v),
                (_, None | Some(0)) => shortest(value.as_double()?),
                (_, Some(p)) => {
                    let text = general(value.as_double()?, p);
                    if letter == 'g' { text.replace('E', "e") } else { text }
                }
            };
            localized(&text, culture)
        }
        'R' if !is_integer(value) => localized(&shortest(value.as_double()?), culture),
        'R' if matches!(value, Value::Big(_)) => localized(&number_to_string(value)?, culture),
        _ => return None,
    })
}

fn number(value: &Value, digits: usize, group: Option<&str>, culture: &NumberFormat) -> String {
    let text = fixed(value, digits);
    let signs = Signs { decimal: &culture.decimal, group, sizes: &culture.sizes };
    match text.strip_prefix('-') {
        Some(rest) => format!("{}{}", culture.minus, grouped(rest, &signs)),
        None => grouped(&text, &signs),
    }
}

fn currency(value: &Value, digits: usize, culture: &NumberFormat) -> String {
    let text = fixed(value, digits);
    let signs = Signs {
        decimal: &culture.currency_decimal,
        group: Some(&culture.currency_group),
        sizes: &culture.sizes,
    };
    match text.strip_prefix('-') {
        Some(rest) => {
            let pattern = CURRENCY_NEGATIVE.get(culture.currency_negative);
            arranged(pattern, &grouped(rest, &signs), &culture.currency, &culture.minus)
        }
        None => {
            let pattern = CURRENCY_POSITIVE.get(culture.currency_positive);
            arranged(pattern, &grouped(&text, &signs), &culture.currency, "")
        }
    }
}

fn percent(value: &Value, digits: usize, culture: &NumberFormat) -> Option<String> {
    let scaled = match value {
        Value::Decimal(d) => match d.checked_mul(Decimal::from(100)) {
            Some(product) => Value::decimal(product),
            None => Value::Double(value.as_double()? * 100.0),
        },
        other => Value::Double(other.as_double()? * 100.0),
    };
    let text = fixed(&scaled, digits);
    let signs = Signs { decimal: &culture.decimal, group: Some(&culture.group), sizes: &culture.sizes };
    Some(match text.strip_prefix('-') {
        Some(rest) => {
            let pattern = PERCENT_NEGATIVE.get(culture.percent_negative);
            arranged(pattern, &grouped(rest, &signs), &culture.percent, &culture.minus)
        }
        None => {
            let pattern = PERCENT_POSITIVE.get(culture.percent_positive);
            arranged(pattern, &grouped(&text, &signs), &culture.percent, "")
        }
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

/// Formats a number with a fixed number of decimals.
pub fn fixed(value: &Value, decimals: usize) -> String {
    match value {
        Value::Decimal(d) => {
            let rounded =
                d.round_dp_with_strategy(decimals.min(28) as u32, RoundingStrategy::MidpointAwayFromZero);
            unsigned_zero(format!("{rounded:.decimals$}"))
        }
        Value::Double(v) => unsigned_zero(format!("{v:.decimals$}")),
        Value::Single(v) => unsigned_zero(format!("{:.decimals$}", f64::from(*v))),
        other => {
            let text = number_to_string(other).unwrap_or_default();
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

/// Splits a custom format into sections: positive, negative, zero.
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

/// The parsed section of a custom format.
#[derive(Default)]
struct Plan {
    whole: Vec<char>,
    fraction: Vec<char>,
    percent: bool,
    permille: bool,
    grouped: bool,
    /// The number of commas right before the point, each of which divides by a thousand.
    scale: u32,
    exponent: Option<(char, bool, usize)>,
}

enum Piece {
    Digit(bool),
    Point,
    Exponent,
    Percent,
    PerMille,
    Text(String),
}

fn custom(value: &Value, spec: &str, culture: &NumberFormat) -> String {
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
        return if minus { culture.minus.to_string() } else { String::new() };
    }
    let (plan, pieces) = plan(section);
    let text = fill(value, &plan, &pieces, culture);
    let shows_digit = text.bytes().any(|b| (b'1'..=b'9').contains(&b));
    if minus && (shows_digit || plan.whole.is_empty() && plan.fraction.is_empty()) {
        format!("{}{text}", culture.minus)
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
                pieces.push(Piece::Percent);
            }
            '‰' => {
                plan.permille = true;
                pieces.push(Piece::PerMille);
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

fn fill(value: &Value, plan: &Plan, pieces: &[Piece], culture: &NumberFormat) -> String {
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
    let filled = Filled { whole: &whole, fraction: &fraction, exponent };
    assemble(plan, pieces, &filled, culture)
}

/// Rounds to this many decimals, from the 15 significant digits that custom formats use.
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

/// The digits of a number, ready for their places.
struct Filled<'a> {
    whole: &'a str,
    fraction: &'a str,
    exponent: i32,
}

fn assemble(plan: &Plan, pieces: &[Piece], filled: &Filled<'_>, culture: &NumberFormat) -> String {
    let mut out = String::new();
    let mut whole_left = plan.whole.len();
    let mut written = 0;
    let mut fractions = filled.fraction.chars();
    let whole = filled.whole;
    let total = whole.chars().count();
    let ends = group_ends(&culture.sizes, total);
    let put = |out: &mut String, digits: &str, written: &mut usize| {
        for c in digits.chars() {
            if plan.grouped && *written > 0 && ends.contains(&(total - *written)) {
                out.push_str(&culture.group);
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
                if !filled.fraction.is_empty() {
                    out.push_str(&culture.decimal);
                }
            }
            Piece::Exponent => out.push_str(&exponent_text(plan, filled.exponent, culture)),
            Piece::Percent => out.push_str(&culture.percent),
            Piece::PerMille => out.push_str(&culture.per_mille),
            Piece::Text(text) => out.push_str(text),
        }
    }
    out
}

fn exponent_text(plan: &Plan, exponent: i32, culture: &NumberFormat) -> String {
    let Some((letter, plus, width)) = plan.exponent else { return String::new() };
    let sign = match exponent {
        ..0 => &*culture.minus,
        _ if plus => &*culture.plus,
        _ => "",
    };
    format!("{letter}{sign}{:0width$}", exponent.abs())
}

/// Returns how many digits are to the right of each place where a group ends.
fn group_ends(sizes: &[usize], total: usize) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = 0;
    let mut sizes = sizes.iter().copied();
    let mut size = sizes.next().unwrap_or(0);
    while size > 0 && at + size < total {
        at += size;
        ends.push(at);
        size = sizes.next().unwrap_or(size);
    }
    ends
}
