//! The digits of numbers.

/// The digits of a decimal number.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Digits {
    /// The significant digits, without zeros at either end. Empty for zero.
    pub significant: String,
    /// The number of digits after the decimal point that are not zeros at the end. Negative for zeros before
    /// the point: 1,200 has -2. The minimum of the type for zero.
    pub places: i64,
    /// Whether the text is a whole number without a decimal point and an exponent.
    pub is_plain: bool,
}

/// Reads a decimal number, with or without an exponent. Returns `None` for any other text.
pub(crate) fn read(text: &str) -> Option<Digits> {
    let text = text.trim();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, behind) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(behind) || whole.is_empty() && behind.is_empty() {
        return None;
    }
    let all = format!("{whole}{behind}");
    let trimmed = all.trim_end_matches('0');
    let zeros = i64::try_from(all.len() - trimmed.len()).ok()?;
    let significant = trimmed.trim_start_matches('0').to_owned();
    let places = match significant.is_empty() {
        true => i64::MIN,
        false => (i64::try_from(behind.len()).ok()? - zeros).saturating_sub(exponent),
    };
    Some(Digits { significant, places, is_plain: text.len() == mantissa.len() && !mantissa.contains('.') })
}

/// Returns the number of digits behind the point of a number in its usual notation, without an exponent and without
/// spaces. Most values of a file are of this kind.
pub(crate) fn behind(text: &str) -> Option<usize> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, behind) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (!whole.is_empty() && digits(whole) && digits(behind)).then_some(behind.len())
}

/// Returns whether a float of 64 bits, or of 32, shows all digits of the text again. A text with the digits that
/// programs write to preserve a float (17, or 9) names that float.
pub(crate) fn float_keeps(text: &str, single: bool) -> bool {
    let (sure, most) = if single { (6, 9) } else { (15, 17) };
    if text.len() <= sure && behind(text).is_some() {
        return true;
    }
    let Some(Digits { significant, .. }) = read(text) else { return true };
    let Some(last) = significant.len().checked_sub(1) else { return true };
    let Ok(value) = text.trim().parse::<f64>() else { return true };
    let narrow = value as f32;
    let fits = if single { narrow.is_finite() && narrow != 0.0 } else { value.is_finite() && value != 0.0 };
    if !fits || significant.len() > most {
        return false;
    }
    if significant.len() <= sure {
        return true;
    }
    // Parsing as the narrow type rounds once.
    let narrow = || text.trim().parse::<f32>().map(|narrow| format!("{narrow:.last$e}"));
    let again = if single { narrow().unwrap_or_default() } else { format!("{value:.last$e}") };
    let again: String =
        again.split('e').next().unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    again == significant
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_behind_the_point_do_not_count_zeros_at_the_end() {
        for (text, places) in [
            ("1.50", Some(1)),
            ("-3", Some(0)),
            ("15e-1", Some(1)),
            ("1e3", Some(-3)),
            ("1200", Some(-2)),
            (".5", Some(1)),
            ("5.", Some(0)),
            ("0.00", Some(i64::MIN)),
            ("abc", None),
            ("", None),
            (".", None),
            ("NaN", None),
            ("--1", None),
        ] {
            assert_eq!(read(text).map(|digits| digits.places), places, "{text}");
        }
        assert!(
            read("007").unwrap().is_plain && !read("7.0").unwrap().is_plain && !read("7e0").unwrap().is_plain
        );
    }

    #[test]
    fn the_usual_notation_is_counted_without_reading_it() {
        for (text, count) in [
            ("12", Some(0)),
            ("-1.50", Some(2)),
            ("1.", Some(0)),
            (".5", None),
            ("1e3", None),
            (" 1", None),
            ("", None),
        ] {
            assert_eq!(behind(text), count, "{text}");
        }
    }

    #[test]
    fn a_float_keeps_the_digits_that_it_shows_again() {
        for (text, double, single) in [
            ("0.1", true, true),
            ("16777216", true, true),
            ("16777217", true, false),
            ("0.30000000000000004", true, false),
            ("0.10000000000000001", true, false),
            ("0.100000001", true, true),
            ("9007199254740993", false, false),
            ("12345678901234567890", false, false),
            ("10000000000000000000000", true, true),
            ("1e39", true, false),
            ("1e-400", false, false),
            ("1e400", false, false),
            ("0", true, true),
            ("NaN", true, true),
            ("-1.5e3", true, true),
        ] {
            assert_eq!((float_keeps(text, false), float_keeps(text, true)), (double, single), "{text}");
        }
    }
}
