//! The schedule of a job, and the pure functions that turn it into fires.
//!
//! A *fire* is one nominal time of a schedule. Each fire has exactly one row in the ledger, with the decision
//! about it: [`Timetable::next`] lists the nominal times, and [`due`] decides about those that have come.

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

/// The schedule of a job: one of `cron`, `every` and `at`, in the job's time zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// A cron pattern of five fields, or six with seconds first. It may be a nickname such as `@daily`, and
    /// contain `L`, `W`, `#` and `H`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub cron: Option<String>,
    /// A fixed time between two fires, at least one second, counted from `start` or from the creation of the
    /// schedule. Clock changes do not affect it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
    /// A single fire at this time: with an offset, or as a wall time of the job's time zone.
    #[serde(default, alias = "scheduled_time", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub at: Option<String>,
    /// The time before which no fire comes. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub start: Option<String>,
    /// The time after which no fire comes. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub end: Option<String>,
    /// The handling of wall times that a clock change skips or repeats.
    #[serde(default, skip_serializing_if = "Dst::is_default")]
    pub dst: Dst,
    /// The handling of fires that came while no scheduler was running. Default: `latest`, because most jobs
    /// work on the present state, so that one run is enough.
    #[serde(default, skip_serializing_if = "is_default")]
    pub misfire: Misfire,
    /// Missed fires that are older than this do not run. Default: 24h.
    #[serde(default = "one_day", skip_serializing_if = "is_one_day")]
    pub misfire_window: Span,
    /// The handling of a fire while an earlier run of this schedule has not ended. Default: `allow`, as
    /// in cron.
    #[serde(default, skip_serializing_if = "is_default")]
    pub overlap: RunOverlap,
    /// Runs start up to this much later than their fire, each by a fixed part of it. At most 30 days.
    /// Default: 0.
    #[serde(default = "zero", skip_serializing_if = "is_zero")]
    pub jitter: Span,
    /// Times without fires: dates, ranges, and calendars of the configuration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub blackout: Vec<Blackout>,
}

/// The handling of wall times that a clock change skips or repeats. The default follows cron: a pattern runs
/// once a day at each time that it lists (`next_valid`, `first`). If its minute or hour begins with `*` or
/// `H/`, it means "every so often" and follows elapsed time (`skip`, `both`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dst {
    /// The handling of skipped wall times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
    /// The handling of repeated wall times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
}

impl Dst {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The handling of fires that came while no scheduler was running.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Misfire {
    /// None of them runs.
    Skip,
    /// The latest of them runs.
    #[default]
    Latest,
    /// All of them run.
    All,
}

/// The handling of a fire while an earlier run of the schedule has not ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOverlap {
    /// The new run starts beside the earlier one.
    #[default]
    Allow,
    /// The fire does not run.
    Forbid,
    /// The earlier run is cancelled, and the new run follows it.
    Replace,
}

/// The largest jitter of a job that is checked. Stored jobs with a larger one keep it.
pub(crate) const MAX_JITTER: Span = Span::secs(30 * 24 * 3600);

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
