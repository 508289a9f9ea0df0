//! Times as Go writes them in JSON.

use chrono::{DateTime, FixedOffset, Timelike, Utc};

/// A time with its offset from UTC, as Go's `time.Time` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoTime(DateTime<FixedOffset>);

impl GoTime {
    /// A time in UTC.
    #[must_use]
    pub fn utc(time: DateTime<Utc>) -> Self {
        Self(time.fixed_offset())
    }

    /// A time with the offset of a zone.
    #[must_use]
    pub const fn with_offset(time: DateTime<FixedOffset>) -> Self {
        Self(time)
    }

    /// Reads RFC 3339, as Go's JSON decoder does: years 0 to 9999, no leap seconds.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let time = DateTime::parse_from_rfc3339(text).ok()?;
        let is_plain = text.as_bytes().get(10) == Some(&b'T');
        (is_plain && time.nanosecond() < 1_000_000_000).then_some(Self(time))
    }

    /// The instant.
    #[must_use]
    pub fn instant(self) -> DateTime<Utc> {
        self.0.to_utc()
    }

    /// Writes RFC 3339 with nanoseconds without trailing zeros, and `Z` for UTC.
    #[must_use]
    pub fn text(self) -> String {
        let mut text = self.0.format("%Y-%m-%dT%H:%M:%S").to_string();
        let nanoseconds = self.0.nanosecond();
        if nanoseconds > 0 {
            let digits = format!("{nanoseconds:09}");
            text.push('.');
            text.push_str(digits.trim_end_matches('0'));
        }
        if self.0.offset().local_minus_utc() == 0 {
            text.push('Z');
        } else {
            text.push_str(&self.0.format("%:z").to_string());
        }
        text
    }
}

/// The time that Go writes for a lock without a time.
impl Default for GoTime {
    fn default() -> Self {
        Self(DateTime::from_timestamp(-62_135_596_800, 0).unwrap_or_default().fixed_offset())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_go_writes_them() {
        for (read, written) in [
            ("2026-08-22T00:51:47.123456789+02:00", "2026-08-22T00:51:47.123456789+02:00"),
            ("2026-08-22T00:51:47.120000000Z", "2026-08-22T00:51:47.12Z"),
            ("2026-08-22T00:51:47.000+00:00", "2026-08-22T00:51:47Z"),
            ("2026-08-22T00:51:47-09:30", "2026-08-22T00:51:47-09:30"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ] {
            assert_eq!(GoTime::parse(read).map(GoTime::text).as_deref(), Some(written));
        }
        assert_eq!(GoTime::default().text(), "0001-01-01T00:00:00Z");
    }

    #[test]
    fn other_texts_are_no_times() {
        for text in [
            "",
            "2026-08-22",
            "2026-08-22 00:51:47Z",
            "2026-08-22T23:59:60Z",
            "2026-13-01T00:00:00Z",
            "1724287907",
        ] {
            assert_eq!(GoTime::parse(text), None, "{text}");
        }
    }
}
