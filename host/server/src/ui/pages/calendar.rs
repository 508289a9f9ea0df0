//! A month of fires: those of the ledger with their decision, and those to come.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use axum::response::Response;
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};
use chrono_tz::Tz;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use stepwell::engine::document::cut;

use super::common::address;
use super::ledger::nominal;
use super::schedules::header;
use super::shown;
use crate::api::{Call, Operation, Problem};
use crate::ui::ask::Ask;
use crate::ui::asked::Asked;
use crate::ui::clock;
use crate::ui::layout::Section;
use crate::ui::show;
use crate::ui::value::Parts;

/// The maximum number of fires of the ledger and of fires to come in a month, and of fires that a day lists.
const FIRES: usize = 3000;
const COMING: usize = 1000;
const LISTED: usize = 4;
/// The least number of minutes between two coming fires of a schedule, unless a job is chosen.
const APART: u32 = 6 * 60;

/// The maximum number of characters of a part of the address that an error repeats.
const NAME: usize = 40;
/// The years of the calendar.
const YEARS: RangeInclusive<i32> = 1970..=2999;

/// The month, the zone of its days, and the job.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(in crate::ui) struct Wanted {
    month: Option<String>,
    zone: Option<String>,
    job_id: Option<String>,
    /// The day whose fires are listed below the month.
    day: Option<String>,
}

/// A fire on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fire {
    at: DateTime<Utc>,
    job: String,
    decision: String,
    run: String,
    past: bool,
}

/// The view of a month.
struct Month {
    first: NaiveDate,
    zone: Tz,
    job: Option<String>,
    day: Option<NaiveDate>,
}

impl Month {
    fn of(wanted: &Wanted, now: DateTime<Utc>) -> Result<Self, Problem> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let name = given(&wanted.zone).unwrap_or_else(|| "UTC".to_owned());
        let unknown = || {
            Problem::bad_request(format!(
                "`{}` is not a time zone; an example is Europe/Berlin",
                cut(&name, NAME)
            ))
        };
        let zone: Tz = name.parse().map_err(|_| unknown())?;
        let today = now.with_timezone(&zone).date_naive();
        let first = match given(&wanted.month) {
            Some(month) => {
                let month = cut(&month, NAME);
                let odd = || Problem::bad_request(format!("`{month}` is not a month; an example is 2026-11"));
                let first: NaiveDate = format!("{month}-01").parse().map_err(|_| odd())?;
                if !is_shown(first) {
                    let (from, to) = (YEARS.start(), YEARS.end());
                    let detail =
                        format!("the calendar has the months from {from}-01 to {to}-12, not `{month}`");
                    return Err(Problem::bad_request(detail));
                }
                first
            }
            None => today.with_day(1).unwrap_or(today),
        };
        let day = match given(&wanted.day) {
            Some(day) => Some(day_of(&day, first)?),
            None => None,
        };
        Ok(Self { first, zone, job: given(&wanted.job_id), day })
    }

    fn next(&self) -> NaiveDate {
        self.first + Months::new(1)
    }

    fn range(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        (clock::midnight(self.first, self.zone), clock::midnight(self.next(), self.zone))
    }

    /// Returns the weeks of the month, each from Monday to Sunday.
    fn weeks(&self) -> Vec<Vec<NaiveDate>> {
        let before = u64::from(self.first.weekday().num_days_from_monday());
        let mut day = self.first - Days::new(before);
        let mut weeks = Vec::new();
        while day < self.next() {
            let week: Vec<NaiveDate> = day.iter_days().take(7).collect();
            day = day + Days::new(7);
            weeks.push(week);
        }
        weeks
    }

    /// Returns the address of another month of this view, or of a day of this month.
    fn address(&self, ask: &Ask, first: NaiveDate, day: Option<NaiveDate>) -> String {
        let (month, day) = (first.format("%Y-%m").to_string(), day.map(|day| day.to_string()));
        let query = [
            ("month", month.as_str()),
            ("zone", self.zone.name()),
            ("job_id", self.job.as_deref().unwrap_or_default()),
            ("day", day.as_deref().unwrap_or_default()),
        ];
        address(&ask.path(&["calendar"]), &query)
    }
}

fn is_shown(month: NaiveDate) -> bool {
    YEARS.contains(&month.year())
}

/// Reads a day of a month.
fn day_of(text: &str, first: NaiveDate) -> Result<NaiveDate, Problem> {
    let odd = || {
        Problem::bad_request(format!(
            "`{}` is not a day of the month; an example is {first}",
            cut(text, NAME)
        ))
    };
    let day: NaiveDate = text.parse().map_err(|_| odd())?;
    if day.with_day(1) == Some(first) { Ok(day) } else { Err(odd()) }
}

/// The fires that a part of the page shows: those of a range, with a least number of minutes between two of a schedule.
struct Part<'m> {
    job: Option<&'m String>,
    zone: Tz,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    apart: Option<u32>,
}

/// Shows the month.
pub(in crate::ui) async fn page(Asked(ask, wanted): Asked<Wanted>) -> Response {
    let page = async {
        let now = ask.ui.app.host.now();
        let month = Month::of(&wanted, now)?;
        let (from, to) = month.range();
        let apart = month.job.is_none().then_some(APART);
        let part = Part { job: month.job.as_ref(), zone: month.zone, from, to, apart };
        let (fires, incomplete) = fires(&ask, &part, now).await?;
        let days = by_day(fires, month.zone);
        let day = match month.day {
            Some(day) => one_day(&ask, &month, day, now).await?,
            None => html! {},
        };
        Ok(ask.page(Section::Schedules, "Calendar", html! {
            (header(&ask, "calendar", "Calendar", "Each time that a schedule was due, with its decision, and each time to come."))
            (form(&ask, &month))
            @if month.job.is_none() {
                p.muted { "Schedules that fire often are shown every " (APART / 60) " hours. Choose a job to see all of its fires." }
            }
            (change_notes(&month))
            @if let Some(note) = incomplete { div.alert data-kind="warning" { p { (note) } } }
            (grid(&ask, &month, &days, now))
            (day)
        }))
    };
    shown(&ask, page.await)
}

/// Returns the fires of a part, and a note when some are missing.
async fn fires(
    ask: &Ask,
    part: &Part<'_>,
    now: DateTime<Utc>,
) -> Result<(Vec<Fire>, Option<String>), Problem> {
    let Part { job, zone, from, to, apart } = *part;
    let (mut fires, mut note, mut cursor) = (Vec::new(), None, None::<String>);
    loop {
        if from >= now {
            break;
        }
        let call = Call::to(&Operation::listLedger, &[])
            .query("job_id", job)
            .query("from", Some(from.to_rfc3339()))
            .query("to", Some(to.to_rfc3339()))
            .query("limit", Some(1000))
            .query("cursor", cursor.take());
        let ledger = ask.value(call).await?;
        fires.extend(ledger.list("items").iter().filter_map(past));
        cursor = Some(ledger.text("next_cursor").to_owned()).filter(|cursor| !cursor.is_empty());
        if cursor.is_none() {
            break;
        }
        if fires.len() >= FIRES {
            note = Some(format!(
                "The calendar shows the latest {}. Choose a job to see all of its fires.",
                show::counted(fires.len(), "fire")
            ));
            break;
        }
    }
    if to > now {
        let call = Call::to(&Operation::listFires, &[])
            .query("job_id", job)
            .query("from", Some(from.max(now).to_rfc3339()))
            .query("to", Some(to.to_rfc3339()))
            .query("apart", apart)
            .query("limit", Some(COMING));
        let coming = ask.value(call).await?;
        fires.extend(coming.list("items").iter().filter_map(future));
        if clock::read(coming.text("until")).is_some_and(|until| until < to) {
            let until =
                clock::read(coming.text("until")).map_or_else(String::new, |at| clock::wall(at, zone));
            note = Some(format!(
                "The calendar shows fires to come up to {until}. Choose a job to see more of them."
            ));
        }
    }
    Ok((fires, note))
}

fn past(row: &Value) -> Option<Fire> {
    let at = clock::read(nominal(row.text("nominal"))).or_else(|| clock::read(row.text("due_at")))?;
    Some(fire(row, at, true))
}

fn future(row: &Value) -> Option<Fire> {
    Some(fire(row, clock::read(row.text("nominal")).or_else(|| clock::read(row.text("due_at")))?, false))
}

fn fire(row: &Value, at: DateTime<Utc>, past: bool) -> Fire {
    let text = |name: &str| row.text(name).to_owned();
    Fire { at, job: text("job_id"), decision: text("decision"), run: text("execution_id"), past }
}

/// Returns the fires of each day, the earliest first.
fn by_day(mut fires: Vec<Fire>, zone: Tz) -> BTreeMap<NaiveDate, Vec<Fire>> {
    fires.sort_by(|a, b| (a.at, &a.job).cmp(&(b.at, &b.job)));
    let mut days: BTreeMap<NaiveDate, Vec<Fire>> = BTreeMap::new();
    for fire in fires {
        days.entry(fire.at.with_timezone(&zone).date_naive()).or_default().push(fire);
    }
    days
}

fn form(ask: &Ask, month: &Month) -> Markup {
    let (before, after) = (month.first - Months::new(1), month.next());
    html! {
        form.toolbar method="get" action=(ask.path(&["calendar"])) role="search" {
            label.field-inline { span { "Month" } input name="month" type="month" value=(month.first.format("%Y-%m")) pattern="[0-9]{4}-[0-9]{2}"; }
            label.field-inline { span { "Zone" } input name="zone" list="zones" value=(month.zone.name()); }
            label.field-inline { span { "Job" } input name="job_id" data-search value=(month.job.clone().unwrap_or_default()); }
            button.button type="submit" { "Show" }
            @for (month_of, rel) in [(before, "prev"), (after, "next")] {
                @if is_shown(month_of) {
                    a.button.plain href=(month.address(ask, month_of, None)) rel=(rel) { (month_of.format("%B")) }
                }
            }
        }
        datalist #zones { @for zone in chrono_tz::TZ_VARIANTS { option value=(zone.name()) {} } }
    }
}

fn change_notes(month: &Month) -> Markup {
    let (from, to) = month.range();
    html! {
        @for (_, words) in clock::changes(from, month.zone, (to - from).num_hours()) {
            div.alert data-kind="info" { p { (words) } }
        }
    }
}

fn grid(ask: &Ask, month: &Month, days: &BTreeMap<NaiveDate, Vec<Fire>>, now: DateTime<Utc>) -> Markup {
    let today = now.with_timezone(&month.zone).date_naive();
    let none = Vec::new();
    html! {
        table.calendar {
            caption { (month.first.format("%B %Y")) ", days of " (month.zone.name()) }
            thead { tr { @for name in ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] { th scope="col" { (name) } } } }
            tbody {
                @for week in month.weeks() {
                    tr {
                        @for day in week {
                            @let fires = days.get(&day).unwrap_or(&none);
                            td data-outside[day.month() != month.first.month()] data-today[day == today] data-empty[fires.is_empty()] {
                                span.day { time datetime=(day) { span.weekday { (day.format("%a ")) } (day.format("%-d")) } }
                                @if day.month() == month.first.month() { (of_day(ask, month, day, fires)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn of_day(ask: &Ask, month: &Month, day: NaiveDate, fires: &[Fire]) -> Markup {
    let more = fires.len().saturating_sub(LISTED);
    html! {
        @if !fires.is_empty() {
            ul {
                @for fire in fires.iter().take(LISTED) { (listed(ask, month, fire)) }
                @if more > 0 { li { a href={ (month.address(ask, month.first, Some(day))) "#day" } { (more) " more" } } }
            }
        }
    }
}

/// Shows a fire as one line: its time, its job, and its decision by a shape and in words.
fn listed(ask: &Ask, month: &Month, fire: &Fire) -> Markup {
    let time = fire.at.with_timezone(&month.zone).format("%H:%M").to_string();
    let (status, words) = match (fire.decision.as_str(), fire.past) {
        ("admitted", true) => ("success", "admitted"),
        ("admitted", false) => ("queued", "to come"),
        ("backfilled", _) => ("success", "backfilled"),
        ("missed" | "refused", _) => ("failed", fire.decision.as_str()),
        ("paused" | "blackout", _) => ("parked", fire.decision.as_str()),
        _ => ("skipped", fire.decision.as_str()),
    };
    let address = match fire.run.is_empty() {
        true => ask.path(&["schedules", &fire.job]),
        false => ask.path(&["runs", &fire.run]),
    };
    let title = format!("{time} {}: {words}", show::text(&fire.job));
    html! {
        li { a href=(address) title=(title) { span.dot data-status=(status) {} span.visually-hidden { (words) " " } (time) " " (show::text(&fire.job)) } }
    }
}

/// Lists the fires of a day.
async fn one_day(ask: &Ask, month: &Month, day: NaiveDate, now: DateTime<Utc>) -> Result<Markup, Problem> {
    let (from, to) = (clock::midnight(day, month.zone), clock::midnight(day + Days::new(1), month.zone));
    let part = Part { job: month.job.as_ref(), zone: month.zone, from, to, apart: None };
    let (fires, incomplete) = fires(ask, &part, now).await?;
    let fires = by_day(fires, month.zone).remove(&day).unwrap_or_default();
    Ok(html! {
        section.card aria-labelledby="day" {
            h2 #day { (day.format("%A, %-d %B %Y")) ", " (month.zone.name()) }
            @if let Some(note) = incomplete { div.alert data-kind="warning" { p { (note) } } }
            @if fires.is_empty() { p.muted { "No schedule was due on this day, and none is to come." } }
            ul.plain.day-list { @for fire in &fires { (listed(ask, month, fire)) } }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(month: &str, zone: &str) -> Result<Month, Problem> {
        let wanted = Wanted { month: Some(month.into()), zone: Some(zone.into()), ..Wanted::default() };
        Month::of(&wanted, "2026-11-29T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_month_has_whole_weeks() {
        let november = month("2026-11", "Europe/Berlin").unwrap();
        let weeks = november.weeks();
        let (first, last) = (weeks[0][0], weeks[weeks.len() - 1][6]);
        assert_eq!((first.to_string(), last.to_string()), ("2026-10-26".into(), "2026-12-06".into()));
        assert!(weeks.iter().all(|week| week.len() == 7 && week[0].weekday() == chrono::Weekday::Mon));
        // A month that begins on Monday and ends on Sunday has four weeks.
        assert_eq!(month("2027-02", "UTC").unwrap().weeks().len(), 4);
        let (from, to) = month("2026-10", "Europe/Berlin").unwrap().range();
        assert_eq!((to - from).num_hours(), 31 * 24 + 1, "the clocks go back in October");
    }

    #[test]
    fn odd_months_and_zones_are_refused() {
        for (name, zone) in [
            ("2026-13", "UTC"),
            ("x", "UTC"),
            ("2026-11", "Mars/Base"),
            ("9999-12", "UTC"),
            ("0001-01", "UTC"),
            ("-262143-01", "UTC"),
        ] {
            assert!(month(name, zone).is_err_and(|problem| problem.status == 400), "{name} {zone}");
        }
        let before = month("1969-12", "UTC").err().map(|problem| problem.detail);
        assert_eq!(
            before.as_deref(),
            Some("the calendar has the months from 1970-01 to 2999-12, not `1969-12`")
        );
        assert!(month("1970-01", "Asia/Tokyo").is_ok() && month("2999-12", "UTC").is_ok());
        let first = "2026-11-01".parse().unwrap();
        assert!(day_of("2026-11-30", first).is_ok() && day_of("2026-12-01", first).is_err());
        assert_eq!(month("", "").unwrap().first.to_string(), "2026-11-01");
    }

    #[test]
    fn a_fire_belongs_to_the_day_of_the_zone() {
        let fire = |at: &str, job: &str| Fire {
            at: at.parse().unwrap(),
            job: job.into(),
            decision: "admitted".into(),
            run: String::new(),
            past: true,
        };
        let fires = vec![
            fire("2026-11-01T23:30:00Z", "b"),
            fire("2026-11-01T23:30:00Z", "a"),
            fire("2026-11-01T22:00:00Z", "c"),
        ];
        let days = by_day(fires, "Europe/Berlin".parse().unwrap());
        let jobs = |day: &str| -> String {
            days[&day.parse().unwrap()].iter().map(|fire| fire.job.as_str()).collect()
        };
        assert_eq!((jobs("2026-11-01"), jobs("2026-11-02")), ("c".into(), "ab".into()));
    }
}
