//! Time as a parameter.

use chrono::{DateTime, Duration, SecondsFormat, Utc};

/// A point in time, always UTC.
pub type Timestamp = DateTime<Utc>;

/// That much after `at`: a thousand years at most, so that no span that a person writes leaves the calendar.
pub fn later(at: Timestamp, by: std::time::Duration) -> Timestamp {
    at.checked_add_signed(span(by)).unwrap_or(Timestamp::MAX_UTC)
}

/// That much before `at`; a thousand years at most.
pub fn earlier(at: Timestamp, by: std::time::Duration) -> Timestamp {
    at.checked_sub_signed(span(by)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The span as the calendar has it: a thousand years at most.
pub fn span(by: std::time::Duration) -> Duration {
    const LONGEST: Duration = Duration::days(365_000);
    Duration::from_std(by).unwrap_or(LONGEST).min(LONGEST)
}

/// A time in a sentence: `2026-09-01T14:30:22Z`.
pub fn short(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Where the current time comes from. Tests bring one that stands still.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

impl Clock for Timestamp {
    fn now(&self) -> Timestamp {
        *self
    }
}
