//! Text forms of dates and times, the same for every step: ISO 8601, fractions without trailing zeros, and
//! `Z` for an instant in UTC. Years outside 1 to 9999 follow PostgreSQL: `12345-01-01`, `0044-03-15 BC`.

/// Formats the date `days` after 1970-01-01: `2026-03-01`.
pub fn date(days: i64) -> String {
    let (day, era) = day(days);
    day + era
}

/// Formats a time of day, in units since midnight of which `per_second` make one second: `12:30:45.5`.
pub fn time(parts: i64, per_second: i64) -> String {
    let seconds = parts.div_euclid(per_second);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hour:02}:{minute:02}:{second:02}{}", fraction(parts.rem_euclid(per_second), per_second))
}

/// Formats a timestamp, in fractions of a second since 1970-01-01: `2026-03-01T12:00:00`, with a `Z` for an
/// instant in UTC.
pub fn timestamp(parts: i64, per_second: i64, is_utc: bool) -> String {
    let of_day = 86_400 * per_second;
    let (day, era) = day(parts.div_euclid(of_day));
    format!("{day}T{}{}{era}", time(parts.rem_euclid(of_day), per_second), if is_utc { "Z" } else { "" })
}

/// Formats a duration, in fractions of a second: `PT90.5S`, `-PT1S`.
pub fn duration(parts: i64, per_second: i64) -> String {
    let (size, per) = (i128::from(parts).abs(), i128::from(per_second));
    let rest = i64::try_from(size % per).unwrap_or(0);
    format!("{}PT{}{}S", if parts < 0 { "-" } else { "" }, size / per, fraction(rest, per_second))
}

/// Formats the fraction of a second.
fn fraction(parts: i64, per_second: i64) -> String {
    let nanos = parts * (1_000_000_000 / per_second);
    match format!("{nanos:09}").trim_end_matches('0') {
        "" => String::new(),
        digits => format!(".{digits}"),
    }
}

/// Returns the date and the era suffix that follows its time. The algorithm is from Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms".
fn day(days: i64) -> (String, &'static str) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (year, era) = if year > 0 { (year, "") } else { (1 - year, " BC") };
    (format!("{year:04}-{month:02}-{day:02}"), era)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_form() {
        for (found, text) in [
            (date(0), "1970-01-01"),
            (date(11_016), "2000-02-29"),
            (date(-719_162), "0001-01-01"),
            (date(-719_163), "0001-12-31 BC"),
            (date(i64::from(i32::MAX)), "5881580-07-11"),
            (time(45_045_500, 1_000), "12:30:45.5"),
            (time(1, 1_000_000_000), "00:00:00.000000001"),
            (timestamp(-1, 1_000_000, false), "1969-12-31T23:59:59.999999"),
            (timestamp(1_772_366_400, 1, true), "2026-03-01T12:00:00Z"),
            (timestamp(-62_135_596_801, 1, true), "0001-12-31T23:59:59Z BC"),
            (timestamp(i64::MIN, 1_000_000, false), "290309-12-21T19:59:05.224192 BC"),
            (duration(90_500, 1_000), "PT90.5S"),
            (duration(i64::MIN, 1_000_000_000), "-PT9223372036.854775808S"),
        ] {
            assert_eq!(found, text);
        }
    }
}
