//! Durations as Go writes them: `30s`, `1m30s`, `500ms`.

use std::time::Duration;

/// The units, each with its nanoseconds. A unit comes before those that it begins with.
const UNITS: [(&str, f64); 7] =
    [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9)];

/// The longest duration that a setting takes.
pub const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Reads a duration of at most a day. `0` needs no unit.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let (mut rest, mut nanoseconds) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(digits)?;
        let unit = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (name, next) = after.split_at_checked(unit)?;
        let (_, size) = UNITS.iter().find(|(known, _)| *known == name)?;
        nanoseconds += number.parse::<f64>().ok()? * size;
        rest = next;
    }
    let duration = Duration::try_from_secs_f64(nanoseconds / 1e9).ok()?;
    (!text.is_empty() && duration <= LONGEST).then_some(duration)
}

/// Writes a duration as Go does, to the millisecond.
#[must_use]
pub fn text(duration: Duration) -> String {
    let (seconds, milliseconds) = (duration.as_secs(), duration.subsec_millis());
    if seconds == 0 && milliseconds > 0 {
        return format!("{milliseconds}ms");
    }
    let fraction = if milliseconds == 0 { String::new() } else { format!(".{milliseconds:03}") };
    let fraction = fraction.trim_end_matches('0');
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}{fraction}s"),
        (0, m, s) => format!("{m}m{s}{fraction}s"),
        (h, m, s) => format!("{h}h{m}m{s}{fraction}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        for (read, written) in [
            ("30s", "30s"),
            ("1m30s", "1m30s"),
            ("1.5h", "1h30m0s"),
            ("500ms", "500ms"),
            ("2s250ms", "2.25s"),
            ("0", "0s"),
            ("24h", "24h0m0s"),
        ] {
            assert_eq!(parse(read).map(text).as_deref(), Some(written), "{read}");
        }
        for other in ["", "30", "s", "-1s", "1d", "25h", "1..5s", "1s ", "9999999999999h", "NaNs"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
