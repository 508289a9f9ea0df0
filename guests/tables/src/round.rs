//! Rounding of decimals, and local times of texts.

use arrow_buffer::i256;

/// A division by zero.
#[derive(Debug)]
pub struct DivideByZero;

/// Returns `value * 10^digits / divisor`, rounded half away from zero. `None` is an overflow.
///
/// # Errors
/// Fails when the divisor is zero.
pub fn quotient(value: i128, digits: i8, divisor: i128) -> Result<Option<i128>, DivideByZero> {
    if divisor == 0 {
        return Err(DivideByZero);
    }
    let power = u32::from(digits.unsigned_abs());
    let narrow = || match digits < 0 {
        false => Some((value.checked_mul(10_i128.checked_pow(power)?)?, divisor)),
        true => Some((value, divisor.checked_mul(10_i128.checked_pow(power)?)?)),
    };
    if let Some((value, divisor)) = narrow() {
        return Ok(round_half_away(value, divisor));
    }
    let wide = || {
        let power = i256::from_i128(10).checked_pow(power)?;
        let (value, divisor) = (i256::from_i128(value), i256::from_i128(divisor));
        let (value, divisor) = match digits < 0 {
            false => (value.checked_mul(power)?, divisor),
            true => (value, divisor.checked_mul(power)?),
        };
        let (whole, rest) = (value.checked_div(divisor)?, value.checked_rem(divisor)?);
        let up = rest.wrapping_abs().checked_mul(i256::from_i128(2))? >= divisor.wrapping_abs();
        let away = i256::from_i128(if value.is_negative() == divisor.is_negative() { 1 } else { -1 });
        if up { whole.checked_add(away)? } else { whole }.to_i128()
    };
    Ok(wide())
}

fn round_half_away(value: i128, divisor: i128) -> Option<i128> {
    let (whole, rest) = (value.checked_div(divisor)?, value.checked_rem(divisor)?);
    let up = rest.unsigned_abs() >= divisor.unsigned_abs().div_ceil(2);
    let away = if (value < 0) == (divisor < 0) { 1 } else { -1 };
    if up { whole.checked_add(away) } else { Some(whole) }
}

/// Returns whether a decimal has at most this many digits.
pub fn fits(value: i128, precision: u8) -> bool {
    10_u128.checked_pow(u32::from(precision)).is_none_or(|limit| value.unsigned_abs() < limit)
}

/// Removes the offset from the text of a timestamp.
pub fn without_offset(text: &str) -> &str {
    let Some((day, time)) = text.split_at_checked(10) else { return text };
    let local = time.trim_end_matches(['Z', 'z']);
    let end = local.find(['+', '-']).unwrap_or(local.len());
    text.get(..day.len() + end).map_or(text, str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_are_rounded_half_away_from_zero() {
        for (value, digits, divisor, found) in [
            (1000, 4, 3, Some(3_333_333)),
            (2, 4, 3, Some(6667)),
            (-2, 4, 3, Some(-6667)),
            (1, 0, 2, Some(1)),
            (-1, 0, 2, Some(-1)),
            (1, 0, -2, Some(-1)),
            (1, 0, 3, Some(0)),
            (37, -1, 1, Some(4)),
            (-35, -1, 1, Some(-4)),
            (i128::MAX, 4, 10_000, Some(i128::MAX)),
            (i128::MAX, 4, -10_000, Some(-i128::MAX)),
            (i128::MAX, 4, 1, None),
            (i128::MIN, 0, -1, None),
        ] {
            assert_eq!(quotient(value, digits, divisor).unwrap(), found, "{value} {digits} {divisor}");
        }
        assert!(quotient(1, 0, 0).is_err());
    }

    #[test]
    fn texts_lose_their_offset_only() {
        for (text, local) in [
            ("2026-03-01T23:30:00-05:00", "2026-03-01T23:30:00"),
            ("2026-03-01 23:30:00.5 +05", "2026-03-01 23:30:00.5"),
            ("2026-03-01T23:30:00Z", "2026-03-01T23:30:00"),
            ("2026-03-01 23:30:00", "2026-03-01 23:30:00"),
            ("2026-03-01", "2026-03-01"),
            ("x", "x"),
        ] {
            assert_eq!(without_offset(text), local);
        }
    }
}
