//! Parses single values, and checks whether a text already has the one notation that its type writes.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use crate::kind::Kind;

/// The narrowest type that fits all texts of a column so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guess {
    /// NULL only.
    Nothing,
    /// `true` and `false`.
    Boolean,
    /// 64-bit whole numbers in their shortest form.
    Integer,
    /// Numbers with `scale` digits after the decimal point and up to `whole` digits before it.
    Decimal { scale: u8, whole: u8 },
    /// Numbers that a float reproduces digit by digit.
    Float,
    /// ISO dates.
    Date,
    /// ISO dates with a time.
    Timestamp,
    /// ISO dates with a time in UTC.
    TimestampTz,
    /// Any other text.
    Text,
}

/// Parses a number in its plain form: an optional minus, no needless leading zeros, no exponent. Returns the
/// number of digits before and after the decimal point.
fn plain_number(text: &[u8]) -> Option<(usize, usize)> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if whole == 0 || (whole > 1 && digits.first() == Some(&b'0')) {
        return None;
    }
    let scale = match digits.get(whole..)? {
        [] => 0,
        [b'.', rest @ ..] if !rest.is_empty() && rest.iter().all(u8::is_ascii_digit) => rest.len(),
        _ => return None,
    };
    // Only text reproduces `-0`.
    let negative_zero = digits.len() < text.len() && digits.iter().all(|byte| matches!(byte, b'0' | b'.'));
    (!negative_zero).then_some((whole, scale))
}

/// Infers the type of one text.
pub fn guess(text: &[u8]) -> Guess {
    match text.first() {
        Some(b'-' | b'0'..=b'9') => {}
        Some(b't' | b'f') if text == b"true" || text == b"false" => return Guess::Boolean,
        _ => return Guess::Text,
    }
    if let Some((whole, scale)) = plain_number(text) {
        return match scale {
            0 if integer(text).is_some() => Guess::Integer,
            1.. if whole + scale <= 38 => Guess::Decimal { scale: scale as u8, whole: whole as u8 },
            _ => Guess::Text,
        };
    }
    if date(text).is_some() {
        return Guess::Date;
    }
    match timestamp(text) {
        Some((_, Zone::None)) => Guess::Timestamp,
        Some((_, Zone::Utc)) => Guess::TimestampTz,
        _ => Guess::Text,
    }
}

/// Returns whether a float reproduces a plain number exactly.
pub fn float_keeps(text: &[u8]) -> bool {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let trailing = text.contains(&b'.') && text.ends_with(b"0");
    digits <= 15 && !trailing && plain_number(text).is_some()
}

impl Guess {
    /// Combines two guesses. `fits` means that a float reproduces all texts so far.
    pub fn and(self, other: Self, fits: bool) -> Self {
        use Guess::{Decimal, Float, Integer, Nothing, Text};
        match (self, other) {
            (Nothing, other) | (other, Nothing) => other,
            (Decimal { scale: a, whole: b }, Decimal { scale: c, whole: d }) if a == c => {
                Decimal { scale: a, whole: b.max(d) }
            }
            (a, b) if a == b => a,
            (Integer | Decimal { .. } | Float, Integer | Decimal { .. } | Float) if fits => Float,
            _ => Text,
        }
    }

    /// Returns the type of the column.
    pub fn kind(self) -> Kind {
        match self {
            Self::Nothing | Self::Text => Kind::Text,
            Self::Boolean => Kind::Boolean,
            Self::Integer => Kind::Int64,
            Self::Decimal { scale, .. } => Kind::widest_decimal(scale as i8),
            Self::Float => Kind::Float64,
            Self::Date => Kind::Date(None),
            Self::Timestamp => Kind::Timestamp(None),
            Self::TimestampTz => Kind::TimestampTz,
        }
    }
}

/// Parses a 64-bit whole number.
pub fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    match digits.len() {
        0 => None,
        1..=16 => {
            let value = short(digits)? as i64;
            Some(if negative { -value } else { value })
        }
        _ => std::str::from_utf8(text).ok()?.parse().ok(),
    }
}

/// Parses 1 to 16 digits and nothing else.
fn short(digits: &[u8]) -> Option<u64> {
    if digits.len() < 4 {
        let mut value = 0;
        for byte in digits {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            value = value * 10 + u64::from(digit);
        }
        return (!digits.is_empty()).then_some(value);
    }
    if digits.len() > 8 {
        let (high, low) = digits.split_last_chunk::<8>()?;
        return Some(short(high)? * 100_000_000 + eight(u64::from_le_bytes(*low))?);
    }
    // The first four and the last four digits. The shift removes the digits that they share and inserts
    // zeros.
    let first = u64::from(u32::from_le_bytes(*digits.first_chunk()?));
    let last = u64::from(u32::from_le_bytes(*digits.last_chunk()?));
    let shift = (8 - digits.len()) * 8;
    let zeros = 0x3030_3030 & ((1_u64 << shift) - 1);
    eight(last << 32 | (first << shift & 0xffff_ffff) | zeros)
}

/// Parses eight digits, the first one in the lowest byte.
fn eight(word: u64) -> Option<u64> {
    const HIGH: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    let beyond_nine = (word.wrapping_add(0x0606_0606_0606_0606) & HIGH) >> 4;
    if (word & HIGH) | beyond_nine != 0x3333_3333_3333_3333 {
        return None;
    }
    let digits = word & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let high = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let low = (pairs >> 16 & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    Some(high.wrapping_add(low) >> 32)
}

/// Returns whether the text is the canonical form of a whole number.
pub fn is_canonical_integer(text: &[u8]) -> bool {
    matches!(text, [b'0'] | [b'-', b'1'..=b'9', ..] | [b'1'..=b'9', ..])
}

/// The reason why a text is not a decimal of a given precision and scale.
pub enum NoDecimal {
    /// The text is not a number.
    NotANumber,
    /// The text has too many digits after the decimal point.
    Scale,
    /// The text has too many digits before the decimal point.
    Precision,
}

/// Parses a number as a whole number of units of `scale`. With `exact`, the text must have exactly `scale`
/// digits after the decimal point.
pub fn decimal(text: &[u8], precision: u8, scale: i8, exact: bool) -> Result<i128, NoDecimal> {
    match short_decimal(text, precision, scale) {
        Some(value) => Ok(value),
        None => long_decimal(text, precision, scale, exact),
    }
}

/// Parses the usual case: a plain number with as many digits after the decimal point as the type has.
fn short_decimal(text: &[u8], precision: u8, scale: i8) -> Option<i128> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let behind = usize::try_from(scale).ok().filter(|scale| (1..=8).contains(scale))?;
    let (whole, rest) = digits.split_at_checked(digits.len().checked_sub(behind + 1)?)?;
    let [b'.', behind @ ..] = rest else { return None };
    if whole.len() > 8 || (whole.len() > 1 && whole.starts_with(b"0")) {
        return None;
    }
    let value = short(whole)? * 10_u64.pow(scale as u32) + short(behind)?;
    if (negative && value == 0) || (precision < 17 && value >= 10_u64.pow(precision.into())) {
        return None;
    }
    let value = i128::from(value);
    Some(if negative { -value } else { value })
}

fn long_decimal(text: &[u8], precision: u8, scale: i8, exact: bool) -> Result<i128, NoDecimal> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] if !exact => (false, rest),
        _ => (false, text),
    };
    let mut value = 0_i128;
    let mut behind: Option<i8> = None;
    let mut seen = 0_usize;
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                seen += 1;
                if let Some(count) = &mut behind {
                    if *count == scale {
                        if *byte == b'0' && !exact {
                            continue;
                        }
                        return Err(NoDecimal::Scale);
                    }
                    *count += 1;
                }
                value = value
                    .checked_mul(10)
                    .and_then(|value| value.checked_add(i128::from(byte - b'0')))
                    .ok_or(NoDecimal::Precision)?;
            }
            b'.' if behind.is_none() => behind = Some(0),
            _ => return Err(NoDecimal::NotANumber),
        }
    }
    let behind = behind.unwrap_or(0);
    if seen == 0 {
        return Err(NoDecimal::NotANumber);
    }
    if exact && (behind != scale || plain_number(text).is_none()) {
        return Err(NoDecimal::Scale);
    }
    for _ in behind..scale {
        value = value.checked_mul(10).ok_or(NoDecimal::Precision)?;
    }
    if value >= 10_i128.checked_pow(u32::from(precision)).unwrap_or(i128::MAX) {
        return Err(NoDecimal::Precision);
    }
    Ok(if negative { -value } else { value })
}

/// Parses a float. NaN and the infinities are given by name.
pub fn float(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let value: f64 = text.parse().ok()?;
    // A number beyond the largest float would become infinite.
    let named = text.bytes().any(|byte| byte.is_ascii_alphabetic() && !matches!(byte, b'e' | b'E'));
    (value.is_finite() || named).then_some(value)
}

fn number<const N: usize>(text: &[u8]) -> Option<u32> {
    let digits: &[u8; N] = text.first_chunk()?;
    digits
        .iter()
        .try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0')))
}

/// Parses `2026-01-31` as days since 1970.
pub fn date(text: &[u8]) -> Option<i32> {
    if text.len() != 10 || text.get(4) != Some(&b'-') || text.get(7) != Some(&b'-') {
        return None;
    }
    // The year before 1 is 1 BC, not 0, so `0000-01-01` is text.
    let year = i32::try_from(number::<4>(text)?).ok().filter(|year| *year > 0)?;
    days(NaiveDate::from_ymd_opt(year, number::<2>(text.get(5..)?)?, number::<2>(text.get(8..)?)?)?)
}

fn days(date: NaiveDate) -> Option<i32> {
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

/// Parses a date in another format.
pub fn date_as(text: &str, format: &str) -> Option<i32> {
    days(NaiveDate::parse_from_str(text, format).ok()?)
}

/// The zone of a timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// No zone.
    None,
    /// UTC, written as `Z`.
    Utc,
    /// An offset in seconds.
    Offset(i32),
}

/// Parses `2026-01-31T10:20:30.5`, also with a space in place of the `T`, as microseconds since 1970.
pub fn timestamp(text: &[u8]) -> Option<(i64, Zone)> {
    let day = date(text.get(..10)?)?;
    if !matches!(text.get(10), Some(b'T' | b' ')) || text.get(13) != Some(&b':') {
        return None;
    }
    let (hour, minute) = (number::<2>(text.get(11..)?)?, number::<2>(text.get(14..)?)?);
    let (second, mut rest) = match text.get(16) {
        Some(b':') => (number::<2>(text.get(17..)?)?, text.get(19..)?),
        _ => return None,
    };
    let mut micros = 0;
    if let [b'.', fraction @ ..] = rest {
        let count = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 || count > 6 {
            return None;
        }
        for i in 0..6 {
            let digit = fraction.get(i).filter(|_| i < count).map_or(0, |byte| u32::from(byte - b'0'));
            micros = micros * 10 + digit;
        }
        rest = fraction.get(count..)?;
    }
    let zone = match rest {
        [] => Zone::None,
        b"Z" => Zone::Utc,
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let hours = number::<2>(rest)?;
            let minutes = match rest.get(2..)? {
                [] => 0,
                [b':', minutes @ ..] | minutes if minutes.len() == 2 => number::<2>(minutes)?,
                _ => return None,
            };
            let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
            Zone::Offset(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => return None,
    };
    NaiveTime::from_hms_opt(hour, minute, second)?;
    let seconds = i64::from(day) * 86_400 + i64::from(hour * 3600 + minute * 60 + second);
    let shifted = seconds - if let Zone::Offset(offset) = zone { i64::from(offset) } else { 0 };
    Some((shifted * 1_000_000 + i64::from(micros), zone))
}

/// Parses a date and time in another format.
pub fn timestamp_as(text: &str, format: &str) -> Option<i64> {
    Some(NaiveDateTime::parse_from_str(text, format).ok()?.and_utc().timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(texts: &[&str]) -> Kind {
        let (mut all, mut fits) = (Guess::Nothing, true);
        for text in texts {
            fits &= float_keeps(text.as_bytes());
            all = all.and(guess(text.as_bytes()), fits);
        }
        all.kind()
    }

    #[test]
    fn a_column_has_the_type_that_gives_each_digit_back() {
        for (texts, kind) in [
            (&["1", "-20", "300"][..], Kind::Int64),
            (&["01", "2"], Kind::Text),
            (&["0", "00"], Kind::Text),
            (&["+1", "2"], Kind::Text),
            (&["-0"], Kind::Text),
            (&["1e3"], Kind::Text),
            (&["9223372036854775807"], Kind::Int64),
            (&["9223372036854775808"], Kind::Text),
            (&["1.10", "2.50"], Kind::Decimal(38, 2)),
            (&["1.10", "2.5"], Kind::Text),
            (&["1.5", "2.25", "3"], Kind::Float64),
            (&["1.5", "0.1234567890123456789"], Kind::Text),
            (&["true", "false"], Kind::Boolean),
            (&["true", "TRUE"], Kind::Text),
            (&["2026-01-31", "2026-02-29"], Kind::Text),
            (&["2026-01-31"], Kind::Date(None)),
            (&["31.01.2026"], Kind::Text),
            (&["0000-01-01"], Kind::Text),
            (&["2026-01-31T10:00:00Z"], Kind::TimestampTz),
            (&["2026-01-31 10:00:00+01:00"], Kind::Text),
            (&["2026-01-31 10:00:00.25"], Kind::Timestamp(None)),
            (&["2026-01-31", "2026-01-31 10:00:00"], Kind::Text),
            (&["NaN"], Kind::Text),
            (&[" 1"], Kind::Text),
            (&[], Kind::Text),
        ] {
            assert_eq!(column(texts), kind, "{texts:?}");
        }
    }

    #[test]
    fn decimals_are_exact_or_refused() {
        let read = |text: &str, exact| decimal(text.as_bytes(), 5, 2, exact).ok();
        assert_eq!(read("1.5", false), Some(150));
        assert_eq!(read("-1.500", false), Some(-150));
        assert_eq!(read("+12", false), Some(1200));
        assert_eq!(read("999.99", true), Some(99999));
        for bad in ["1.505", "1000", "", "-", ".", "1..2", "1e2", "NaN"] {
            assert_eq!(read(bad, false), None, "{bad}");
        }
        for bad in ["1.5", "01.50", "+1.50", "1.500", "-0.00"] {
            assert_eq!(read(bad, true), None, "{bad}");
        }
    }

    #[test]
    fn short_numbers_are_read_as_long_ones_are() {
        let digits = "1234567890123456";
        for length in 1..=16 {
            for (place, byte) in
                (0..length).flat_map(|place| "019/:-. a\u{7f}".bytes().map(move |byte| (place, byte)))
            {
                let mut text = digits.as_bytes()[..length].to_vec();
                text[place] = byte;
                let expected = str::from_utf8(&text).unwrap().parse::<i64>().ok();
                assert_eq!(integer(&text), expected, "{text:?}");
                for (scale, precision) in [(1, 38), (2, 5), (2, 38), (8, 12)] {
                    for sign in ["", "-"] {
                        let mut text = [sign.as_bytes(), &text].concat();
                        if length > scale as usize {
                            text.insert(text.len() - scale as usize, b'.');
                        }
                        if let Some(value) = short_decimal(&text, precision, scale) {
                            assert_eq!(
                                long_decimal(&text, precision, scale, true).ok(),
                                Some(value),
                                "{text:?}"
                            );
                        } else if text.len() > scale as usize + 1 && text.len() < 10 {
                            assert!(long_decimal(&text, precision, scale, true).is_err(), "{text:?}");
                        }
                    }
                }
            }
        }
    }
}
