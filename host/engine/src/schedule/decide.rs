//! The decision about each fire.

use chrono::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::VariantArray;

use super::timetable::{Nominal, Timetable};
use super::{Misfire, Schedule, Transition};
use crate::clock::{self, Timestamp};

/// The decision about a fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[derive(strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Decision {
    /// The fire has a run.
    Admitted,
    /// A backfill admitted the fire later.
    Backfilled,
    /// A clock change skips the time of the fire, and the rule is `skip`.
    Gap,
    /// Another fire at the same instant has the run.
    Coalesced,
    /// The schedule has a blackout at that time.
    Blackout,
    /// The schedule was paused.
    Paused,
    /// No scheduler was running, and the misfire rule or its window excludes the fire.
    Missed,
    /// No scheduler was running, and a later missed fire runs instead.
    Superseded,
    /// An earlier run had not ended, and the overlap rule is `forbid`.
    Overlap,
    /// The queue was full, or the job could not be admitted.
    Refused,
}

impl Decision {
    /// Returns the name in JSON.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Every decision, for lists.
    pub const ALL: &[Self] = <Self as VariantArray>::VARIANTS;

    /// Returns the decision with that name.
    pub fn of(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}

/// A fire and its decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fire {
    /// The nominal time of the fire.
    pub nominal: Nominal,
    /// The decision.
    pub decision: Decision,
    /// The reason in words. Empty if the decision says everything.
    pub reason: String,
    /// The due time of its run.
    pub due: Timestamp,
}

/// The fires that have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The fires in order.
    pub fires: Vec<Fire>,
    /// The time up to which every fire is decided.
    pub cursor: Timestamp,
    /// The time of the next fire. `None` when there are no more. In the past when there were more than
    /// `limit`.
    pub next: Option<Timestamp>,
}

/// A fire that is decided later than this was missed, even if a scheduler was running.
pub const PUNCTUAL: Duration = Duration::seconds(60);

/// The time, and the start of the scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// The time since which the deciding scheduler has been running without a break.
    pub since: Timestamp,
    /// The current time.
    pub now: Timestamp,
}

impl Watch {
    /// Returns a watch for a scheduler that was always running.
    pub fn always(now: Timestamp) -> Self {
        Self { since: Timestamp::MIN_UTC, now }
    }

    /// Returns whether a fire came while no scheduler was running, or one that could not decide.
    fn missed(self, at: Timestamp) -> bool {
        at < self.since || self.now - at > PUNCTUAL
    }
}

/// Decides about the fires in `(cursor, now]`: at most about `limit`, plus those at the same instant.
pub fn due(
    timetable: &Timetable,
    schedule: &Schedule,
    cursor: Timestamp,
    paused: Option<&str>,
    watch: Watch,
    limit: usize,
) -> Due {
    let now = watch.now;
    let mut fires = Vec::new();
    let mut cursor = cursor;
    let mut next = timetable.next(cursor);
    while let Some(group) = next.take_if(|group| group.first().is_some_and(|first| first.at <= now)) {
        if fires.len() >= limit {
            next = Some(group);
            break;
        }
        let Some(at) = group.first().map(|first| first.at) else { break };
        let following = timetable.next(at);
        let missed = |group: &Vec<Nominal>| {
            group.first().is_some_and(|first| first.at <= now && watch.missed(first.at))
        };
        let (last, later) = (group.len() - 1, following.as_ref().is_some_and(missed));
        for (index, nominal) in group.into_iter().enumerate() {
            let (decision, reason) = match coincidence(timetable, &nominal, index, &fires) {
                Some(decided) => decided,
                None => {
                    let is_last = !later && (index == last || timetable.coalesces);
                    decide(timetable, schedule, at, paused, watch, is_last)
                }
            };
            fires.push(Fire { due: timetable.due_at(&nominal), nominal, decision, reason });
        }
        cursor = at;
        next = following;
    }
    // A time range that was searched and holds no fire is not searched again.
    let next = next.and_then(|group| group.first().map(|first| first.at));
    if next.is_none_or(|next| next > now) {
        cursor = cursor.max(now);
    }
    Due { fires, cursor, next }
}

/// Returns the decision that follows from the clocks alone.
fn coincidence(
    timetable: &Timetable,
    nominal: &Nominal,
    index: usize,
    earlier: &[Fire],
) -> Option<(Decision, String)> {
    if nominal.transition == Some(Transition::Skipped) {
        return Some((Decision::Gap, nominal.note().to_owned()));
    }
    if !timetable.coalesces {
        return None;
    }
    let same = earlier.iter().rev().take(index).find(|fire| fire.decision != Decision::Gap)?;
    Some((Decision::Coalesced, format!("with the fire of {}", same.nominal.name())))
}

fn decide(
    timetable: &Timetable,
    schedule: &Schedule,
    at: Timestamp,
    paused: Option<&str>,
    watch: Watch,
    is_last: bool,
) -> (Decision, String) {
    if let Some(reason) = timetable.closed_at(at) {
        return (Decision::Blackout, reason.to_owned());
    }
    if let Some(by) = paused {
        return (Decision::Paused, by.to_owned());
    }
    if !watch.missed(at) {
        return (Decision::Admitted, String::new());
    }
    let late = watch.now - at;
    let missed = format!("missed by {} because no scheduler was running", in_words(late));
    let window = schedule.misfire_window;
    if late > clock::span(window.0) {
        return (Decision::Missed, format!("{missed}; older than the misfire window of {window}"));
    }
    match schedule.misfire {
        Misfire::Skip => (Decision::Missed, format!("{missed}; skipped (misfire: skip)")),
        Misfire::Latest if !is_last => {
            (Decision::Superseded, format!("{missed}; a later missed fire runs instead (misfire: latest)"))
        }
        Misfire::Latest => (Decision::Admitted, format!("{missed}; runs now (misfire: latest)")),
        Misfire::All => (Decision::Admitted, format!("{missed}; runs now (misfire: all)")),
    }
}

/// Formats a length of time in its two largest units: `1m 14s`.
fn in_words(time: Duration) -> String {
    let secs = time.num_seconds().max(0);
    let (days, hours, minutes) = (secs / 86_400, secs / 3600 % 24, secs / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) if secs < 10 => format!("{:.1}s", time.as_seconds_f64().max(0.0)),
        (0, 0, 0) => format!("{secs}s"),
        (0, 0, _) => format!("{minutes}m {}s", secs % 60),
        (0, ..) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

/// Returns the fires in `[from, to)` that a backfill runs, at most `limit`: all except those that a clock
/// change or a blackout excludes.
pub fn backfill(timetable: &Timetable, from: Timestamp, to: Timestamp, limit: usize) -> Vec<Fire> {
    let mut fires: Vec<Fire> = Vec::new();
    let mut next = timetable.next(from - Duration::milliseconds(1));
    while let Some(group) = next.filter(|group| group.first().is_some_and(|first| first.at < to)) {
        if fires.len() >= limit {
            break;
        }
        let Some(at) = group.first().map(|first| first.at) else { break };
        for (index, nominal) in group.into_iter().enumerate() {
            let (decision, reason) =
                match (coincidence(timetable, &nominal, index, &fires), timetable.closed_at(at)) {
                    (Some(decided), _) => decided,
                    (None, Some(reason)) => (Decision::Blackout, reason.to_owned()),
                    (None, None) => (Decision::Backfilled, String::new()),
                };
            fires.push(Fire { due: at, nominal, decision, reason });
        }
        next = timetable.next(at);
    }
    fires
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schedule::Calendars;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_name_of_a_decision_is_its_name_in_json() {
        for decision in Decision::ALL {
            assert_eq!(json!(decision), decision.name());
            assert_eq!(Decision::of(decision.name()), Some(*decision));
        }
        assert_eq!((Decision::of("Gap"), Decision::of("")), (None, None));
    }

    fn timetable(schedule: serde_json::Value, zone: &str) -> (Timetable, Schedule) {
        let schedule: Schedule = serde_json::from_value(schedule).unwrap();
        let calendars: Calendars = serde_json::from_value(json!({"holidays": ["2026-12-25"]})).unwrap();
        let made = at("2026-01-01T00:00:00Z");
        (Timetable::new("job", &schedule, zone.parse().unwrap(), &calendars, made).unwrap(), schedule)
    }

    #[test]
    fn intervals_are_at_whole_seconds_whenever_they_were_made() {
        let schedule: Schedule = serde_json::from_value(json!({"every": "1m"})).unwrap();
        let made = at("2026-01-01T10:20:09.412027Z");
        let timetable = Timetable::new("job", &schedule, chrono_tz::UTC, &Calendars::new(), made).unwrap();
        let due = due(&timetable, &schedule, made, None, Watch::always(at("2026-01-01T10:22:30Z")), 10);
        let times: Vec<String> = due.fires.iter().map(|fire| fire.nominal.at.to_string()).collect();
        assert_eq!(times, ["2026-01-01 10:21:09 UTC", "2026-01-01 10:22:09 UTC"]);
    }

    /// Returns the decisions between two instants: `HH:MM+OFFSET decision`, with the day if it differs.
    fn decisions(schedule: serde_json::Value, zone: &str, from: &str, now: &str) -> Vec<String> {
        let (timetable, schedule) = timetable(schedule, zone);
        let due = due(&timetable, &schedule, at(from), None, Watch::always(at(now)), 1000);
        let shown =
            |fire: &Fire| format!("{} {}", fire.nominal.wall.format("%d %H:%M%:z"), fire.decision.name());
        due.fires.iter().map(shown).collect()
    }

    #[test]
    fn spring_in_berlin_by_each_rule() {
        let spring =
            |schedule| decisions(schedule, "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:40Z");
        let all = |gap: &str| json!({"cron": "30 2 * * *", "dst": {"gap": gap}, "misfire": "all"});
        assert_eq!(spring(all("skip")), ["29 02:30+01:00 gap"]);
        assert_eq!(spring(all("next_valid")), ["29 02:30+01:00 admitted"]);
        assert_eq!(spring(all("shift")), [""; 0]);
        let shifted =
            decisions(all("shift"), "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z");
        assert_eq!(shifted, ["29 02:30+01:00 admitted"]);
        // A moved fire meets another one: one run, two rows.
        let half = json!({"cron": "*/30 2-3 * * *", "dst": {"gap": "shift"}, "misfire": "all"});
        let both = decisions(half, "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z");
        assert_eq!(
            both,
            [
                "29 02:00+01:00 admitted",
                "29 03:00+02:00 coalesced",
                "29 02:30+01:00 admitted",
                "29 03:30+02:00 coalesced"
            ]
        );
    }

    #[test]
    fn autumn_in_berlin_by_each_rule() {
        let autumn =
            |schedule| decisions(schedule, "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T03:00:00Z");
        let rule =
            |overlap: &str| json!({"cron": "30 2 * * *", "dst": {"overlap": overlap}, "misfire": "all"});
        assert_eq!(autumn(rule("first")), ["25 02:30+02:00 admitted"]);
        assert_eq!(autumn(rule("second")), ["25 02:30+01:00 admitted"]);
        assert_eq!(autumn(rule("both")), ["25 02:30+02:00 admitted", "25 02:30+01:00 admitted"]);
        // An interval continues at its pace, in the order of time.
        let pace = decisions(
            json!({"cron": "*/30 * * * *", "misfire": "all"}),
            "Europe/Berlin",
            "2026-10-24T23:59:00Z",
            "2026-10-25T02:00:00Z",
        );
        assert_eq!(
            pace.join(", "),
            "25 02:00+02:00 admitted, 25 02:30+02:00 admitted, 25 02:00+01:00 admitted, 25 02:30+01:00 admitted, 25 03:00+01:00 admitted"
        );
    }

    #[test]
    fn missed_fires_follow_their_rule() {
        let missed = |rule: serde_json::Value| {
            let mut schedule = json!({"cron": "0 * * * *"});
            schedule.as_object_mut().unwrap().extend(rule.as_object().unwrap().clone());
            decisions(schedule, "UTC", "2026-01-01T00:30:00Z", "2026-01-01T04:30:00Z").join(", ")
        };
        assert_eq!(
            missed(json!({"misfire": "skip"})),
            "01 01:00+00:00 missed, 01 02:00+00:00 missed, 01 03:00+00:00 missed, 01 04:00+00:00 missed"
        );
        assert_eq!(
            missed(json!({})),
            "01 01:00+00:00 superseded, 01 02:00+00:00 superseded, 01 03:00+00:00 superseded, 01 04:00+00:00 admitted"
        );
        assert_eq!(
            missed(json!({"misfire": "all", "misfire_window": "2h"})),
            "01 01:00+00:00 missed, 01 02:00+00:00 missed, 01 03:00+00:00 admitted, 01 04:00+00:00 admitted"
        );
    }

    /// An outage of 45 seconds, and one fire after it: `latest` runs one fire of the outage, `skip` none.
    #[test]
    fn a_short_outage_is_one_too() {
        let summary = |misfire: &str| {
            let (timetable, schedule) = timetable(json!({"every": "10s", "misfire": misfire}), "UTC");
            let (since, now) = (at("2026-01-01T00:00:45Z"), at("2026-01-01T00:00:50.5Z"));
            let fires =
                due(&timetable, &schedule, at("2026-01-01T00:00:10Z"), None, Watch { since, now }, 100).fires;
            let shown = |fire: &Fire| format!("{} {}", fire.nominal.wall.format("%S"), fire.decision.name());
            (fires.iter().map(shown).collect::<Vec<_>>().join(", "), fires[0].reason.clone())
        };
        assert_eq!(
            summary("skip"),
            (
                "20 missed, 30 missed, 40 missed, 50 admitted".to_owned(),
                "missed by 30s because no scheduler was running; skipped (misfire: skip)".to_owned()
            )
        );
        assert_eq!(
            summary("latest"),
            (
                "20 superseded, 30 superseded, 40 admitted, 50 admitted".to_owned(),
                "missed by 30s because no scheduler was running; a later missed fire runs instead (misfire: latest)"
                    .to_owned()
            )
        );
        assert_eq!(summary("all").0, "20 admitted, 30 admitted, 40 admitted, 50 admitted");
    }

    #[test]
    fn lateness_is_told_in_its_two_largest_units() {
        for (millis, expected) in
            [(2_540, "2.5s"), (73_602, "1m 13s"), (3_600_000, "1h 0m"), (90_061_000, "1d 1h")]
        {
            assert_eq!(in_words(Duration::milliseconds(millis)), expected);
        }
    }

    #[test]
    fn a_limit_stops_in_between_and_goes_on_where_it_stopped() {
        let (timetable, schedule) = timetable(json!({"every": "1s", "misfire": "all"}), "UTC");
        let (mut cursor, now) = (at("2026-01-01T00:00:00Z"), at("2026-01-01T00:00:30.5Z"));
        let mut names = Vec::new();
        loop {
            let due = due(&timetable, &schedule, cursor, None, Watch::always(now), 7);
            names.extend(due.fires.iter().map(|fire| fire.nominal.name()));
            cursor = due.cursor;
            if due.next.unwrap() > now {
                break;
            }
        }
        let count = names.len();
        names.dedup();
        assert_eq!((count, names.len()), (30, 30));
        assert_eq!(cursor, now);
    }

    #[test]
    fn blackouts_pauses_starts_and_ends() {
        let schedule = json!({"cron": "0 12 * * *", "start": "2026-12-24", "end": "2026-12-28T12:00",
            "blackout": [{"calendar": "holidays"}, {"from": "2026-12-27", "to": "2026-12-27T13:00", "reason": "audit"}]});
        let (from, to) = ("2026-12-20T00:00:00Z", "2026-12-31T00:00:00Z");
        let (timetable, parsed) = timetable(schedule, "Europe/Paris");
        let fires = due(&timetable, &parsed, at(from), Some("by ann"), Watch::always(at(to)), 100).fires;
        let summary: Vec<String> = fires
            .iter()
            .map(|f| format!("{} {} {}", f.nominal.wall.format("%d"), f.decision.name(), f.reason))
            .collect();
        assert_eq!(
            summary,
            [
                "24 paused by ann",
                "25 blackout calendar holidays",
                "26 paused by ann",
                "27 blackout audit",
                "28 paused by ann"
            ]
        );
        let filled = backfill(&timetable, at(from), at(to), 100);
        let filled: Vec<&str> = filled.iter().map(|fire| fire.decision.name()).collect();
        assert_eq!(filled, ["backfilled", "blackout", "backfilled", "blackout", "backfilled"]);
    }

    #[test]
    fn a_jitter_of_any_length_stays_within_the_calendar() {
        for jitter in ["36500d", "9999999999999h", "1000000000000000000s"] {
            let (timetable, _) = timetable(json!({"every": "3s", "jitter": jitter}), "UTC");
            let from = at("2026-01-01T00:00:00Z");
            for nominal in timetable.next(from).unwrap() {
                let due = timetable.due_at(&nominal);
                assert!(due >= nominal.at && due < at("3030-01-01T00:00:00Z"), "{jitter}: {due}");
            }
        }
    }

    #[test]
    fn jitter_is_within_its_bounds_and_stays_what_it_is() {
        let (timetable, schedule) =
            timetable(json!({"every": "1m", "jitter": "30s", "misfire": "all"}), "UTC");
        let fires = due(
            &timetable,
            &schedule,
            at("2026-01-01T00:00:00Z"),
            None,
            Watch::always(at("2026-01-01T02:00:00Z")),
            200,
        )
        .fires;
        let moved: std::collections::BTreeSet<i64> =
            fires.iter().map(|fire| (fire.due - fire.nominal.at).num_milliseconds()).collect();
        assert!(
            moved.len() > 100 && *moved.first().unwrap() >= 0 && *moved.last().unwrap() <= 30_000,
            "{moved:?}"
        );
        assert_eq!(timetable.due_at(&fires[7].nominal), fires[7].due);
    }

    #[test]
    fn what_is_no_schedule_says_all_that_is_wrong() {
        let schedule: Schedule = serde_json::from_value(json!({"cron": "0 0 30 2 *", "start": "soon",
            "blackout": [{"calendar": "none"}]}))
        .unwrap();
        let problems =
            Timetable::new("job", &schedule, chrono_tz::UTC, &Calendars::new(), at("2026-01-01T00:00:00Z"))
                .unwrap_err();
        let keys: Vec<&str> = problems.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["start", "cron", "blackout/0"], "{problems:?}");
    }
}
