//! Parses numbers in a culture, as .NET's `Parse` does.
//!
//! Source: `NumberStyles` and the `Parse` methods of the .NET documentation.

use num_bigint::BigInt;
use rust_decimal::Decimal;

use super::culture::NumberFormat;

pub const LEADING_WHITE: i64 = 1;
pub const TRAILING_WHITE: i64 = 2;
pub const LEADING_SIGN: i64 = 4;
pub const INTEGER: i64 = 7;
pub const TRAILING_SIGN: i64 = 8;
pub const PARENTHESES: i64 = 16;
pub const POINT: i64 = 32;
pub const THOUSANDS: i64 = 64;
pub const NUMBER: i64 = 111;
pub const EXPONENT: i64 = 128;
pub const FLOAT: i64 = 231;
pub const CURRENCY: i64 = 256;
pub const HEX: i64 = 512;

/// Maximum length of a text that is read as a number.
const LONGEST: usize = 10_000;

/// The parts of a number: digits before and after the point, and an exponent.
struct Parts {
    negative: bool,
    whole: String,
    fraction: String,
    exponent: i32,
}

pub fn double(text: &str, style: i64, culture: &NumberFormat) -> Option<f64> {
    match parts(text, style, culture) {
        Some(parts) => parts.plain().parse().ok(),
        None => special(text, culture),
    }
}

pub fn decimal(text: &str, style: i64, culture: &NumberFormat) -> Option<Decimal> {
    let parts = parts(text, style, culture)?;
    let plain = parts.plain();
    if parts.exponent == 0 { plain.parse().ok() } else { Decimal::from_scientific(&plain).ok() }
}

/// Reads a whole number. It may have a fraction or an exponent if nothing of the number is lost.
pub fn whole(text: &str, style: i64, culture: &NumberFormat) -> Option<BigInt> {
    if style & HEX != 0 {
        return hex(text, style);
    }
    let mut parts = parts(text, style, culture)?;
    let mut exponent = parts.exponent;
    while exponent > 0 && parts.whole.len() < LONGEST {
        exponent -= 1;
        let next = if parts.fraction.is_empty() { '0' } else { parts.fraction.remove(0) };
        parts.whole.push(next);
    }
    while exponent < 0 {
        exponent += 1;
        match parts.whole.pop() {
            Some(digit) => parts.fraction.insert(0, digit),
            None => break,
        }
    }
    if exponent != 0 || parts.fraction.bytes().any(|b| b != b'0') {
        return None;
    }
    let sign = if parts.negative { "-" } else { "" };
    format!("{sign}0{}", parts.whole).parse().ok()
}

fn hex(text: &str, style: i64) -> Option<BigInt> {
    let text = if style & LEADING_WHITE != 0 { text.trim_start() } else { text };
    let text = if style & TRAILING_WHITE != 0 { text.trim_end() } else { text };
    if text.is_empty() || text.len() > LONGEST || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    BigInt::parse_bytes(text.as_bytes(), 16)
}

impl Parts {
    fn plain(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let point = if self.fraction.is_empty() { "" } else { "." };
        let zero = if self.whole.is_empty() { "0" } else { "" };
        let exponent = if self.exponent == 0 { String::new() } else { format!("e{}", self.exponent) };
        format!("{sign}{zero}{}{point}{}{exponent}", self.whole, self.fraction)
    }
}

/// Reads NaN and the infinities by their symbols.
fn special(text: &str, culture: &NumberFormat) -> Option<f64> {
    let text = text.trim();
    let same = |symbol: &str| !symbol.is_empty() && ps_syntax::symbol::same(text, symbol);
    let signed = |symbol: &str, sign: &str| {
        text.strip_prefix(sign).is_some_and(|t| ps_syntax::symbol::same(t, symbol))
    };
    if same(&culture.nan) || signed(&culture.nan, &culture.minus) || signed(&culture.nan, &culture.plus) {
        return Some(f64::NAN);
    }
    if same(&culture.infinity) || signed(&culture.infinity, &culture.plus) {
        return Some(f64::INFINITY);
    }
    if same(&culture.negative_infinity) {
        return Some(f64::NEG_INFINITY);
    }
    // PowerShell's own conversions accept the symbol that en-US prints.
    match text {
        "∞" => Some(f64::INFINITY),
        "-∞" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// The rest of a text, and the parts read so far.
struct Reader<'a> {
    rest: &'a str,
    style: i64,
    culture: &'a NumberFormat,
    signed: bool,
    negative: bool,
    parenthesis: bool,
    currency: bool,
}

fn parts(text: &str, style: i64, culture: &NumberFormat) -> Option<Parts> {
    if text.len() > LONGEST {
        return None;
    }
    let mut reader = Reader {
        rest: text.trim_end_matches('\0'),
        style,
        culture,
        signed: false,
        negative: false,
        parenthesis: false,
        currency: false,
    };
    reader.before();
    let (whole, fraction) = reader.digits()?;
    let exponent = reader.exponent();
    reader.after();
    if !reader.rest.is_empty() || reader.parenthesis {
        return None;
    }
    Some(Parts { negative: reader.negative, whole, fraction, exponent })
}

impl<'a> Reader<'a> {
    fn allows(&self, style: i64) -> bool {
        self.style & style != 0
    }

    /// Reads a symbol of the culture. A typed blank also matches the culture's no-break space.
    fn takes(&mut self, symbol: &str) -> bool {
        if symbol.is_empty() {
            return false;
        }
        let mut rest = self.rest.chars();
        for wanted in symbol.chars() {
            match rest.next() {
                Some(c) if c == wanted => {}
                Some(' ' | '\u{a0}' | '\u{202f}') if matches!(wanted, ' ' | '\u{a0}' | '\u{202f}') => {}
                _ => return false,
            }
        }
        self.rest = rest.as_str();
        true
    }

    fn white(&mut self) -> bool {
        match self.rest.chars().next() {
            Some(' ' | '\t'..='\r') => {
                self.rest = self.rest.get(1..).unwrap_or_default();
                true
            }
            _ => false,
        }
    }

    fn sign(&mut self) -> bool {
        let culture = self.culture;
        // A hyphen also matches the minus sign of cultures with another one.
        let negative = self.takes(&culture.minus) || &*culture.minus == "\u{2212}" && self.takes("-");
        if negative || self.takes(&culture.plus) {
            self.signed = true;
            self.negative |= negative;
            return true;
        }
        false
    }

    fn symbol(&mut self) -> bool {
        let culture = self.culture;
        if self.allows(CURRENCY) && !self.currency && self.takes(&culture.currency) {
            self.currency = true;
            return true;
        }
        false
    }

    fn before(&mut self) {
        loop {
            if self.allows(LEADING_WHITE) && (!self.signed || self.currency) && self.white()
                || self.allows(LEADING_SIGN) && !self.signed && self.sign()
                || self.symbol()
            {
                continue;
            }
            if self.allows(PARENTHESES) && !self.signed && self.takes("(") {
                (self.signed, self.negative, self.parenthesis) = (true, true, true);
                continue;
            }
            return;
        }
    }

    /// Reads the digits before and after the point. `None` if there are none.
    fn digits(&mut self) -> Option<(String, String)> {
        let culture = self.culture;
        let (mut whole, mut fraction) = (String::new(), String::new());
        let mut point = false;
        let with_currency = self.allows(CURRENCY);
        let mut any = false;
        loop {
            if let Some(digit) = self.rest.chars().next().filter(char::is_ascii_digit) {
                any = true;
                if point {
                    fraction.push(digit);
                } else if digit != '0' || !whole.is_empty() {
                    whole.push(digit);
                }
                self.rest = self.rest.get(1..).unwrap_or_default();
                continue;
            }
            let decimal = self.allows(POINT) && !point;
            if decimal
                && (self.takes(&culture.decimal) || with_currency && self.takes(&culture.currency_decimal))
            {
                point = true;
                continue;
            }
            let grouping = self.allows(THOUSANDS) && !point && any;
            if grouping
                && (self.takes(&culture.group) || with_currency && self.takes(&culture.currency_group))
            {
                continue;
            }
            break;
        }
        any.then_some((whole, fraction))
    }

    fn exponent(&mut self) -> i32 {
        if !self.allows(EXPONENT) {
            return 0;
        }
        let Some(after) = self.rest.strip_prefix(['e', 'E']) else { return 0 };
        let before = std::mem::replace(&mut self.rest, after);
        let culture = self.culture;
        let negative = self.takes(&culture.minus) || self.takes("-");
        if !negative {
            self.takes(&culture.plus);
        }
        let count = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(count);
        if digits.is_empty() {
            self.rest = before;
            return 0;
        }
        self.rest = rest;
        let exponent = digits.parse::<i32>().unwrap_or(99_999).min(99_999);
        if negative { -exponent } else { exponent }
    }

    fn after(&mut self) {
        loop {
            if self.allows(TRAILING_WHITE) && self.white()
                || self.allows(TRAILING_SIGN) && !self.signed && self.sign()
                || self.symbol()
            {
                continue;
            }
            if self.parenthesis && self.takes(")") {
                self.parenthesis = false;
                continue;
            }
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::culture;

    #[test]
    fn a_culture_decides_what_is_a_point() {
        for (culture, style, text, expected) in [
            ("de-DE", FLOAT, "6,50", Some(6.5)),
            ("de-DE", FLOAT, "1.234,5", Some(1234.5)),
            ("de-DE", FLOAT, "1,234.5", None),
            ("en-US", FLOAT, "6,50", Some(650.0)),
            ("en-US", FLOAT, "1,234.5e2", Some(123_450.0)),
            ("fr-FR", FLOAT, "1 234,5", Some(1234.5)),
            ("fr-FR", FLOAT, "1\u{202f}234,5", Some(1234.5)),
            ("de-CH", FLOAT, "1’234.5", Some(1234.5)),
            ("sv-SE", FLOAT, "-1,5", Some(-1.5)),
            ("sv-SE", FLOAT, "\u{2212}1,5", Some(-1.5)),
            ("en-US", FLOAT | CURRENCY | PARENTHESES, "($1,234.50)", Some(-1234.5)),
            ("de-DE", FLOAT | CURRENCY, "1.234,50 €", Some(1234.5)),
            ("en-US", FLOAT, " 5 ", Some(5.0)),
            ("en-US", FLOAT, "5-", None),
            ("en-US", NUMBER, "5-", Some(-5.0)),
            ("en-US", INTEGER, "1.5", None),
            ("en-US", FLOAT, "", None),
            ("en-US", FLOAT, ".", None),
            ("en-US", FLOAT, "∞", Some(f64::INFINITY)),
            ("", FLOAT, "Infinity", Some(f64::INFINITY)),
        ] {
            let found = culture::find(culture).and_then(|c| double(text, style, &c.number.borrow()));
            assert_eq!(found, expected, "{text} in {culture}");
        }
    }
}
