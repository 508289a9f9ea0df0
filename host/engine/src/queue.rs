//! Queues: one per time zone, each with a concurrency limit, an order and pause windows.
//!
//! The order is fair by construction: the *rank* of a run is its due time, moved ahead by `aging` for each
//! level of its priority, and the smallest rank goes first. So a run is overtaken only by runs that are due
//! at most `(their priority - its own) x aging` later, never by a run that is due more than nine `aging`
//! after it.

use std::collections::BTreeMap;

use chrono::{Datelike, Duration, NaiveDate, NaiveTime, Timelike, Weekday};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::{self, Timestamp};
use crate::document::{Diagnostics, Document, MAX_PROBLEMS, Schema, closest};
use crate::quantity::Span;
use crate::schedule::{Gap, Overlap, zone};

/// The file `timezone_queues.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QueueFile {
    /// Whether Stepwell creates a queue with the `default` settings for the zone of a job that is not listed.
    /// Default: true.
    pub on_demand: bool,
    /// Settings for queues that set nothing else.
    pub default: QueueSettings,
    /// Queues by IANA time zone.
    pub queues: BTreeMap<String, QueuePatch>,
}

impl Default for QueueFile {
    fn default() -> Self {
        Self { on_demand: true, default: QueueSettings::default(), queues: BTreeMap::new() }
    }
}

/// The settings of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QueueSettings {
    /// Maximum number of runs of this queue that run at one time, over all processes. Default: 128.
    #[schemars(range(min = 1, max = 100_000))]
    pub concurrency: u32,
    /// Maximum number of attempts that one run of this queue has at the same time, in parallel groups. Default:
    /// `service.run_attempts` of the configuration, which is also the maximum.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub max_parallel: Option<u32>,
    /// The waiting time that one level of priority is worth. Default: 60s.
    pub aging: Span,
    /// Maximum number of waiting runs; further runs are refused. Default: 1_000_000.
    #[schemars(range(min = 1))]
    pub max_waiting: u64,
    /// Times of day, in the queue's time zone, during which no run begins. Default: none.
    #[schemars(length(max = 100))]
    pub paused: Vec<Window>,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            concurrency: 128,
            max_parallel: None,
            aging: Span::secs(60),
            max_waiting: 1_000_000,
            paused: Vec::new(),
        }
    }
}

/// Settings of one queue. Missing keys come from `default`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QueuePatch {
    /// Maximum number of runs of this queue that run at one time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub concurrency: Option<u32>,
    /// Maximum number of attempts that one run of this queue has at the same time, in parallel groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000))]
    pub max_parallel: Option<u32>,
    /// The waiting time that one level of priority is worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aging: Option<Span>,
    /// Maximum number of waiting runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_waiting: Option<u64>,
    /// Times of day during which no run begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub paused: Option<Vec<Window>>,
    /// The store that holds the schedules and runs of this queue: a name under `stores` in the configuration.
    /// Default: the main store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
}

/// A time of day during which no run begins. It may extend past midnight: `{from: "22:00", to: "06:00"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The days on which the window begins: `mon` to `sun`. Default: every day.
    #[serde(default = "every_day")]
    #[schemars(length(min = 1))]
    pub days: Vec<Day>,
    /// The start, `HH:MM` in the queue's time zone.
    #[schemars(regex(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub from: String,
    /// The end, `HH:MM`. An end at or before `from` is on the next day.
    #[schemars(regex(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub to: String,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "days need no explanation")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

fn every_day() -> Vec<Day> {
    use Day::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
    vec![Mon, Tue, Wed, Thu, Fri, Sat, Sun]
}

impl Day {
    fn weekday(self) -> Weekday {
        match self {
            Self::Mon => Weekday::Mon,
            Self::Tue => Weekday::Tue,
            Self::Wed => Weekday::Wed,
            Self::Thu => Weekday::Thu,
            Self::Fri => Weekday::Fri,
            Self::Sat => Weekday::Sat,
            Self::Sun => Weekday::Sun,
        }
    }
}

impl QueueFile {
    /// Returns the JSON Schema of the file.
    pub fn schema() -> Schema {
        Schema::of::<Self>()
    }

    /// Reads a queue file.
    ///
    /// # Errors
    /// Returns every problem of the file, with its place.
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostics> {
        let document = Document::parse(name, text)?;
        let file: Self = document.read(&Self::schema())?;
        let zones: Vec<String> = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name().to_owned()).collect();
        let mut problems = Diagnostics::default();
        let unknown = file.queues.keys().filter(|queue| queue.parse::<Tz>().is_err());
        // The search for a similar name takes time.
        for queue in unknown.take(MAX_PROBLEMS + 1) {
            let at = format!("/queues/{}", crate::document::escape(queue));
            let help = closest(queue, &zones).map_or_else(
                || "for instance Europe/Berlin or UTC".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("`{queue}` is not an IANA time zone");
            problems.0.push(document.error_at_key(&at, message).help(help));
        }
        file.closed_always(&document, &mut problems);
        if problems.has_errors() { Err(problems.sorted()) } else { Ok(file) }
    }

    /// Reports queues whose windows cover the whole week: none of their runs would ever begin.
    fn closed_always(&self, document: &Document, problems: &mut Diagnostics) {
        let mut windows: Vec<(String, &[Window])> =
            vec![("/default/paused".to_owned(), &self.default.paused)];
        windows.extend(self.queues.iter().filter_map(|(queue, patch)| {
            Some((format!("/queues/{}/paused", crate::document::escape(queue)), patch.paused.as_deref()?))
        }));
        for (at, _) in windows.iter().filter(|(_, windows)| cover_the_week(windows)) {
            let message = "these windows cover the whole week: the queue would never open".to_owned();
            let help =
                "leave a gap between `to` and `from`, or pause the queue with `stepwell queues pause ZONE`";
            problems.0.push(document.error_at_key(at, message).help(help));
        }
    }

    /// Returns the settings of the queue of a zone. `None` when the queue is not listed and queues are not
    /// created on demand.
    pub fn settings(&self, queue: &str) -> Option<QueueSettings> {
        let default = &self.default;
        match self.queues.get(queue) {
            Some(patch) => Some(QueueSettings {
                concurrency: patch.concurrency.unwrap_or(default.concurrency),
                max_parallel: patch.max_parallel.or(default.max_parallel),
                aging: patch.aging.unwrap_or(default.aging),
                max_waiting: patch.max_waiting.unwrap_or(default.max_waiting),
                paused: patch.paused.clone().unwrap_or_else(|| default.paused.clone()),
            }),
            None => self.on_demand.then(|| default.clone()),
        }
    }
}

impl QueueSettings {
    /// Returns the rank of a run. The smallest rank goes first.
    pub fn rank(&self, due: Timestamp, priority: u8) -> Timestamp {
        clock::earlier(due, self.aging.0.saturating_mul(u32::from(priority)))
    }

    /// Returns the time until which a window stops runs from beginning. `None` when the queue is open.
    pub fn closed_until(&self, zone: Tz, now: Timestamp) -> Option<Timestamp> {
        let mut until = None;
        // One window may follow another; the search covers a week of them.
        while let Some(end) = self.paused.iter().filter_map(|w| w.covers(zone, until.unwrap_or(now))).max() {
            until = Some(end);
            if end - now > Duration::days(7) {
                break;
            }
        }
        until
    }

    /// Returns the times within `[from, to)` at which the windows close the queue, each with its end.
    pub fn closures(&self, zone: Tz, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let begins = self.paused.iter().flat_map(|window| window.begins(zone, from, to));
        let mut begins: Vec<Timestamp> = std::iter::once(from).chain(begins).collect();
        begins.sort();
        let mut closures: Vec<(Timestamp, Timestamp)> = Vec::new();
        for begin in begins {
            let is_within = closures.last().is_some_and(|(_, until)| begin < *until);
            if let Some(until) = self.closed_until(zone, begin).filter(|_| !is_within) {
                closures.push((begin, until));
            }
        }
        closures
    }
}

/// The number of minutes in a week.
const WEEK: usize = 7 * 24 * 60;

/// Returns whether the windows leave no minute of the week open.
fn cover_the_week(windows: &[Window]) -> bool {
    let mut closed = vec![false; WEEK];
    for (begin, length) in windows.iter().flat_map(Window::minutes) {
        for minute in begin..begin + length {
            if let Some(slot) = closed.get_mut(minute % WEEK) {
                *slot = true;
            }
        }
    }
    closed.into_iter().all(|closed| closed)
}

impl Window {
    /// Returns, for each day, the minute of the week (from Monday) at which the window begins, and
    /// its length.
    fn minutes(&self) -> Vec<(usize, usize)> {
        let minute = |text: &str| {
            let time = NaiveTime::parse_from_str(text, "%H:%M").ok()?;
            Some(time.hour() as usize * 60 + time.minute() as usize)
        };
        let Some((from, to)) = minute(&self.from).zip(minute(&self.to)) else { return Vec::new() };
        let length = if to > from { to - from } else { to + 24 * 60 - from };
        let begin = |day: &Day| day.weekday().num_days_from_monday() as usize * 24 * 60 + from;
        self.days.iter().map(|day| (begin(day), length)).collect()
    }

    /// Returns the times after `from` and before `to` at which this window begins.
    fn begins(&self, zone: Tz, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
        let Ok(time) = NaiveTime::parse_from_str(&self.from, "%H:%M") else { return Vec::new() };
        let first = from.with_timezone(&zone).date_naive();
        let days = first.iter_days().take_while(|day| *day <= to.with_timezone(&zone).date_naive());
        let own = days.filter(|day| self.days.iter().any(|wanted| wanted.weekday() == day.weekday()));
        let instant = |day: NaiveDate| {
            zone::resolve(zone, day.and_time(time), Gap::NextValid, Overlap::First)
                .first()
                .map(|found| found.at)
        };
        own.filter_map(instant).filter(|at| from < *at && *at < to).collect()
    }

    /// Returns the end of this window when it covers `at`.
    fn covers(&self, zone: Tz, at: Timestamp) -> Option<Timestamp> {
        let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").ok();
        let (from, to) = (time(&self.from)?, time(&self.to)?);
        let today = at.with_timezone(&zone).date_naive();
        // The window may have begun today, or yesterday and extend past midnight.
        [Some(today), today.pred_opt()].into_iter().flatten().find_map(|day| {
            if !self.days.iter().any(|wanted| wanted.weekday() == day.weekday()) {
                return None;
            }
            let last = if to > from { day } else { day.succ_opt()? };
            let instant = |wall| {
                zone::resolve(zone, wall, Gap::NextValid, Overlap::First).first().map(|found| found.at)
            };
            let (begin, end) = (instant(day.and_time(from))?, instant(last.and_time(to))?);
            (begin <= at && at < end).then_some(end)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn priority_is_worth_a_stated_time_of_waiting() {
        let settings = QueueSettings::default();
        let (early, late) = (at("2026-01-01T00:00:00Z"), at("2026-01-01T00:08:59Z"));
        assert!(settings.rank(late, 9) < settings.rank(early, 0), "nine levels are worth nine minutes");
        assert!(settings.rank(at("2026-01-01T00:09:01Z"), 9) > settings.rank(early, 0), "and not more");
        assert!(settings.rank(early, 1) < settings.rank(early, 0));
    }

    /// Each search for a similar zone takes a fraction of a millisecond: a file with 20,000 zones would take seconds.
    #[test]
    fn a_bounded_number_of_unknown_zones_is_reported() {
        let zones: Vec<String> = (0..20_000).map(|n| format!("  Europe/Berlin{n}: {{}}")).collect();
        let text = format!("queues:\n{}", zones.join("\n"));
        let problems = QueueFile::parse("timezone_queues.yaml", &text).unwrap_err();
        assert_eq!(problems.0.len(), MAX_PROBLEMS + 1);
    }

    #[test]
    fn windows_close_a_queue_and_open_it_again() {
        let text = "
default: {concurrency: 4}
queues:
  Europe/Berlin:
    paused:
    - {from: '22:00', to: '06:00'}
    - {days: [sat, sun], from: '06:00', to: '22:00'}
  UTC: {}
";
        let file = QueueFile::parse("timezone_queues.yaml", text).unwrap();
        let berlin = file.settings("Europe/Berlin").unwrap();
        let until = |now: &str| {
            let until = berlin.closed_until(chrono_tz::Europe::Berlin, at(now));
            until.map_or_else(|| "open".to_owned(), |until| until.format("%a %H:%MZ").to_string())
        };
        for (now, expected) in [
            ("2026-01-07T12:00:00Z", "open"),
            ("2026-01-07T21:00:00Z", "Thu 05:00Z"),
            ("2026-01-08T04:59:59Z", "Thu 05:00Z"),
            ("2026-01-08T05:00:00Z", "open"),
            // From Friday evening through the weekend without a break.
            ("2026-01-09T21:30:00Z", "Mon 05:00Z"),
            ("2026-07-08T20:00:00Z", "Thu 04:00Z"),
        ] {
            assert_eq!(until(now), expected, "{now}");
        }
        let closures = berlin.closures(
            chrono_tz::Europe::Berlin,
            at("2026-01-08T04:00:00Z"),
            at("2026-01-09T22:00:00Z"),
        );
        let closures: Vec<String> = closures
            .iter()
            .map(|(from, until)| format!("{} {}", from.format("%a %H:%M"), until.format("%a %H:%M")))
            .collect();
        assert_eq!(closures, ["Thu 04:00 Thu 05:00", "Thu 21:00 Fri 05:00", "Fri 21:00 Mon 05:00"]);
        assert_eq!((berlin.concurrency, file.settings("UTC").unwrap().paused.len()), (4, 0));
        assert!(file.settings("Asia/Tokyo").is_some());
        let listed = QueueFile::parse("q.yaml", "on_demand: false\nqueues: {UTC: {}}").unwrap();
        assert!(listed.settings("Asia/Tokyo").is_none());
    }

    #[test]
    fn windows_that_never_open_are_refused() {
        for (windows, refused) in [
            ("[{from: '00:00', to: '00:00'}]", true),
            ("[{from: '09:30', to: '09:30'}]", true),
            ("[{from: '08:00', to: '20:00'}, {from: '20:00', to: '08:00'}]", true),
            (
                "[{days: [mon, tue, wed, thu, fri], from: '00:00', to: '00:00'}, {days: [sat, sun], from: '00:00', to: '00:00'}]",
                true,
            ),
            ("[{from: '08:00', to: '20:00'}, {from: '20:01', to: '08:00'}]", false),
            ("[{days: [sat, sun], from: '00:00', to: '00:00'}]", false),
            ("[]", false),
        ] {
            for text in [
                format!("default: {{paused: {windows}}}\n"),
                format!("queues:\n  UTC: {{paused: {windows}}}\n"),
            ] {
                let outcome = QueueFile::parse("q.yaml", &text).map_err(|error| error.to_string());
                assert_eq!(outcome.is_err(), refused, "{text}: {outcome:?}");
                assert!(!refused || outcome.unwrap_err().contains("the queue would never open"), "{text}");
            }
        }
    }

    #[test]
    fn a_queue_file_tells_all_that_is_wrong() {
        let outcome = QueueFile::parse("q.yaml", "queues:\n  Europe/Berln: {}\n  Utopia: {}\n")
            .unwrap_err()
            .to_string();
        assert!(
            outcome.contains("did you mean `Europe/Berlin`?") && outcome.contains("`Utopia`"),
            "{outcome}"
        );
        assert!(
            QueueFile::parse("q.yaml", "default: {concurency: 3}")
                .unwrap_err()
                .to_string()
                .contains("concurrency")
        );
        assert!(QueueFile::parse("q.yaml", "default: {paused: [{from: '25:00', to: '26:00'}]}").is_err());
    }
}
