//! When a job is due: its schedule, and the pure functions that turn it into fires.
//!
//! A *fire* is one nominal time of a schedule. Each has exactly one row in the ledger, which says what became of
//! it: [`Timetable::next`] lists the nominal times, [`due`] decides about those that have come.

mod calendar;
mod cron;
mod decide;
mod timetable;
#[cfg(test)]
mod vixie;
pub mod zone;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::Span;

pub use calendar::{Blackout, Calendars};
pub use decide::{Decision, Due, Fire, PUNCTUAL, Watch, backfill, due};
pub use timetable::{Nominal, Timetable};
pub use zone::{Gap, Overlap, Transition, check_once, check_range, parse_time};

/// When a job is due: one of `cron`, `every` and `at`, in the job's time zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// A cron pattern of five fields, or six with seconds first; `@daily` and the like; `L`, `W`, `#` and `H`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub cron: Option<String>,
    /// A fixed time between two fires, at least a second, counted from `start` or from when the schedule was made.
    /// Changes of the clocks do not touch it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    /// One fire, at that time: with an offset, or a wall time of the job's zone.
    #[serde(default, alias = "scheduled_time", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub at: Option<String>,
    /// No fire before that time. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub start: Option<String>,
    /// No fire after that time. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub end: Option<String>,
    /// What happens at wall times that a change of the clocks skips or repeats.
    #[serde(default, skip_serializing_if = "Dst::is_default")]
    pub dst: Dst,
    /// What happens to fires that came while no scheduler was running. Default: `latest`, since most jobs work on the
    /// present state, and once is enough.
    #[serde(default, skip_serializing_if = "is_default")]
    pub misfire: Misfire,
    /// Missed fires that are older than this do not run. Default: 24h.
    #[serde(default = "one_day", skip_serializing_if = "is_one_day")]
    pub misfire_window: Span,
    /// What happens to a fire while an earlier run of this schedule has not ended. Default: `allow`, as cron does.
    #[serde(default, skip_serializing_if = "is_default")]
    pub overlap: RunOverlap,
    /// Runs start up to this much later than their fire, each by its own fixed part of it. Default: 0.
    #[serde(default = "zero", skip_serializing_if = "is_zero")]
    pub jitter: Span,
    /// Times without fires: dates, ranges, and calendars of the configuration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub blackout: Vec<Blackout>,
}

/// What happens at wall times that a change of the clocks skips or repeats. The default follows cron: a pattern
/// runs once a day at each time that it lists (`next_valid`, `first`), unless its minute or hour begins with `*` or
/// `H/`: then it means "every so often" and follows elapsed time (`skip`, `both`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dst {
    /// Wall times that are skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
    /// Wall times that are repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
}

impl Dst {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What happens to fires that came while no scheduler was running.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Misfire {
    /// They are left out.
    Skip,
    /// The latest of them runs.
    #[default]
    Latest,
    /// All of them run.
    All,
}

/// What happens to a fire while an earlier run of the schedule has not ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOverlap {
    /// It runs beside it.
    #[default]
    Allow,
    /// It is left out.
    Forbid,
    /// The earlier run is cancelled, and this one follows it.
    Replace,
}

const fn one_day() -> Span {
    Span::secs(24 * 3600)
}

fn is_one_day(span: &Span) -> bool {
    *span == one_day()
}

const fn zero() -> Span {
    Span::secs(0)
}

fn is_zero(span: &Span) -> bool {
    *span == zero()
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
