//! Time as a parameter.

use chrono::{DateTime, Duration, SecondsFormat, Utc};

/// A point in time, always UTC.
pub type Timestamp = DateTime<Utc>;

/// Returns the time `by` after `at`. A span counts for at most a thousand years, so that the result stays
/// within the calendar.
pub fn later(at: Timestamp, by: std::time::Duration) -> Timestamp {
    at.checked_add_signed(span(by)).unwrap_or(Timestamp::MAX_UTC)
}

/// Returns the time `by` before `at`. A span counts for at most a thousand years.
pub fn earlier(at: Timestamp, by: std::time::Duration) -> Timestamp {
    at.checked_sub_signed(span(by)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Converts a span for calendar arithmetic, cut to a thousand years.
pub fn span(by: std::time::Duration) -> Duration {
    const LONGEST: Duration = Duration::days(365_000);
    Duration::from_std(by).unwrap_or(LONGEST).min(LONGEST)
}

/// Formats a time for a sentence: `2026-09-01T14:30:22Z`.
pub fn short(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The source of the current time. Tests supply a clock that stands still.
pub trait Clock: Send + Sync {
    /// Returns the current time.
    fn now(&self) -> Timestamp;
}

impl Clock for Timestamp {
    fn now(&self) -> Timestamp {
        *self
    }
}
