//! Times of zones, as people read them.

use chrono::{DateTime, Duration, NaiveDate, Offset, Timelike, Utc};
use chrono_tz::Tz;
use maud::{Markup, html};
use stepwell::engine::schedule::zone;

use super::chart::{Mark, NOW, STRIP};
use super::show;

/// Returns the zone of that name, or UTC.
pub(super) fn zone_of(name: &str) -> Tz {
    name.parse().unwrap_or(chrono_tz::UTC)
}

/// Reads a time of the API.
pub(super) fn read(at: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(at).ok().map(|at| at.with_timezone(&Utc))
}

/// Returns a time in a zone, with the name of its offset: `Sun 2026-11-29 08:15 CET`.
pub(super) fn wall(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M %Z").to_string()
}

/// Shows a time in the zone of its queue, and the distance to now.
pub(super) fn local(at: &str, zone: &str) -> Markup {
    let Some(known) = read(at) else {
        return html! { span.muted { "–" } };
    };
    html! {
        span.nowrap { (wall(known, zone_of(zone))) }
        " " (show::since(at, Some(zone)))
    }
}

/// Returns the clock changes of the next hours in words.
pub(super) fn changes(now: DateTime<Utc>, zone: Tz, hours: i64) -> Vec<(DateTime<Utc>, String)> {
    let found = zone::changes(zone, now, now + Duration::hours(hours)).into_iter();
    found.map(|(at, before, after)| (at, change(at, i64::from(after - before), zone))).collect()
}

/// Describes a clock change.
pub(super) fn change(at: DateTime<Utc>, seconds: i64, zone: Tz) -> String {
    let way = if seconds > 0 { "forward" } else { "back" };
    let minutes = seconds.abs() / 60;
    let by = match (minutes / 60, minutes % 60) {
        (hours, 0) if hours > 0 => format!("{hours} h"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    };
    let effect = if seconds > 0 { "times in between do not exist" } else { "times in between come twice" };
    format!("The clocks go {way} by {by} to {}: {effect}.", wall(at, zone))
}

/// Returns the marks of a strip from one hour before now: the hours, of which each third has its label, and the clock
/// changes.
pub(super) fn strip(now: DateTime<Utc>, zone: Tz) -> Vec<Mark> {
    let start = now - Duration::minutes(NOW);
    let mut marks: Vec<Mark> = Vec::new();
    for minute in 0..=STRIP {
        let local = (start + Duration::minutes(minute)).with_timezone(&zone);
        if local.minute() == 0 {
            // A label at an end of the strip would be cut.
            let has_room = (20..=STRIP - 20).contains(&minute) && local.hour().is_multiple_of(3);
            let label = if has_room { local.format("%H:%M").to_string() } else { String::new() };
            marks.push(Mark::Hour { minute, label });
        }
    }
    let changes = changes(now, zone, 24).into_iter();
    marks.extend(changes.map(|(at, words)| Mark::Clocks { minute: (at - start).num_minutes(), words }));
    marks
}

/// Returns the start of a day in a zone. A day whose midnight the clocks skip starts with its first instant.
pub(super) fn midnight(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let wall = day.and_hms_opt(0, 0, 0).unwrap_or_default();
    match wall.and_local_timezone(zone) {
        chrono::LocalResult::Single(at) | chrono::LocalResult::Ambiguous(at, _) => at.with_timezone(&Utc),
        chrono::LocalResult::None => {
            let before = wall - Duration::hours(3);
            let offset = before.and_local_timezone(zone).earliest().map(|at| at.offset().fix());
            let shifted = offset.and_then(|offset| wall.and_local_timezone(offset).single());
            shifted.map_or_else(|| wall.and_utc(), |at| at.with_timezone(&Utc))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        read(text).unwrap()
    }

    #[test]
    fn times_have_their_zone() {
        let berlin = zone_of("Europe/Berlin");
        assert_eq!(wall(at("2026-11-29T07:15:00Z"), berlin), "Sun 2026-11-29 08:15 CET");
        assert_eq!(zone_of("nowhere"), chrono_tz::UTC);
        assert!(local("", "UTC").into_string().contains('–'));
    }

    #[test]
    fn clock_changes_are_in_words() {
        let berlin = zone_of("Europe/Berlin");
        let autumn = changes(at("2026-10-24T12:00:00Z"), berlin, 24);
        assert_eq!(
            autumn[0].1,
            "The clocks go back by 1 h to Sun 2026-10-25 02:00 CET: times in between come twice."
        );
        let lord_howe = changes(at("2026-10-03T00:00:00Z"), zone_of("Australia/Lord_Howe"), 24);
        assert!(lord_howe[0].1.starts_with("The clocks go forward by 30 min to "), "{}", lord_howe[0].1);
        assert!(changes(at("2026-11-29T12:00:00Z"), berlin, 24).is_empty());
    }

    #[test]
    fn a_strip_has_the_hours_of_its_zone() {
        // At the end of summer time, 02:00 comes twice.
        let marks = strip(at("2026-10-24T22:30:00Z"), zone_of("Europe/Berlin"));
        let labels: Vec<&str> = marks
            .iter()
            .filter_map(|mark| match mark {
                Mark::Hour { label, .. } if !label.is_empty() => Some(label.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(labels, ["00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"]);
        let clocks = marks.iter().filter(|mark| matches!(mark, Mark::Clocks { minute: 210, .. })).count();
        assert_eq!(clocks, 1, "{marks:?}");
        // India is half an hour beside the others.
        let marks = strip(at("2026-11-29T12:00:00Z"), zone_of("Asia/Kolkata"));
        assert_eq!(marks[0], Mark::Hour { minute: 30, label: String::new() });
    }

    #[test]
    fn days_start_at_midnight_if_there_is_one() {
        let day = |text: &str| text.parse().unwrap();
        assert_eq!(midnight(day("2026-11-01"), zone_of("Europe/Berlin")), at("2026-10-31T23:00:00Z"));
        // The clocks of Beirut skip midnight in spring.
        assert_eq!(midnight(day("2026-03-29"), zone_of("Asia/Beirut")), at("2026-03-28T22:00:00Z"));
    }
}
