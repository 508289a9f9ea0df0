//! Converts ISO 8601 dates and times to the numbers that Parquet uses.

/// Returns the number of days from 1970-01-01 to an ISO 8601 date.
pub fn days(text: &str) -> Option<i32> {
    let &[a, b, c, d, b'-', e, f, b'-', g, h] = text.as_bytes() else { return None };
    let (year, month, day) = (number(&[a, b, c, d])?, number(&[e, f])?, number(&[g, h])?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // The algorithm is from Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    i32::try_from(era * 146_097 + of_era - 719_468).ok()
}

/// Returns the number of microseconds from 1970-01-01 to an ISO 8601 time, with or without a `Z`. Returns
/// `None` for digits below a microsecond, which the type does not hold.
pub fn moment(text: &str) -> Option<i64> {
    let (date, time) = (text.get(..10)?, text.get(10..)?);
    let time = time.strip_suffix('Z').unwrap_or(time);
    let &[b'T' | b' ', a, b, b':', c, d, b':', e, f, ref fraction @ ..] = time.as_bytes() else {
        return None;
    };
    let mut micros = 0;
    let places = match fraction {
        [] => fraction,
        [b'.', places @ ..] => places,
        _ => return None,
    };
    if places.iter().skip(6).any(|digit| *digit != b'0') {
        return None;
    }
    for place in 0..6 {
        micros = micros * 10 + places.get(place).map_or(Some(0), |byte| number(&[*byte]))?;
    }
    let (hour, minute, second) = (number(&[a, b])?, number(&[c, d])?, number(&[e, f])?);
    let seconds = i64::from(days(date)?) * 86_400 + hour * 3600 + minute * 60 + second;
    Some(seconds * 1_000_000 + micros)
}

/// Parses a decimal number.
fn number(digits: &[u8]) -> Option<i64> {
    let mut number = 0;
    for digit in digits {
        number = number * 10 + i64::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_become_numbers() {
        for (text, number) in
            [("1970-01-01", 0), ("2000-02-29", 11_016), ("1969-12-31", -1), ("2025-09-01", 20_332)]
        {
            assert_eq!(days(text), Some(number), "{text}");
        }
        for (text, micros) in [
            ("1970-01-01T00:00:00", 0),
            ("2025-09-01T14:30:22.5", 1_756_737_022_500_000),
            ("1969-12-31T23:59:59.999999", -1),
        ] {
            assert_eq!(moment(text), Some(micros), "{text}");
        }
        for odd in [
            "infinity",
            "2025-13-01",
            "2025-9-1",
            "+12345-01-01",
            "2025-09-01T1:2",
            "2025-09-01T14:30:22.1234567",
        ] {
            assert!(days(odd).is_none() && moment(odd).is_none(), "{odd}");
        }
    }
}
