//! Handlers for lists over all schedules, and for figures by hour.

use axum::Json;
use axum::extract::{Extension, State};
use serde::Deserialize;
use stepwell::engine::clock::Timestamp;
use stepwell::engine::schedule::Schedule as Times;
use stepwell::engine::store::{ScheduleFilter, ScheduleRow};
use stepwell::{Coming, ComingFires, HostError};

use super::handlers::{Answer, Params, limit, page};
use super::problem::Problem;
use super::views::{HoursOfRuns, ListedSchedule, Schedule, Schedules};
use super::{App, Caller, cursor};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SchedulesQuery {
    queue: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

pub(super) async fn list_schedules(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<SchedulesQuery>,
) -> Answer<Schedules> {
    let after = cursor::read("schedules", query.cursor.as_deref())?;
    let filter = ScheduleFilter {
        project: caller.bound().map(str::to_owned),
        queue: query.queue,
        ..ScheduleFilter::default()
    };
    let fetch = |after: Option<String>, limit| {
        let (host, filter) = (app.host.clone(), ScheduleFilter { after, limit, ..filter.clone() });
        async move { host.schedules().list(&filter).await }
    };
    let own = |row: &ScheduleRow| caller.covers(&row.job_id);
    let (rows, next) = page(limit(query.limit), after, fetch, own, |row| row.job_id.clone()).await?;
    let listed = |row: &ScheduleRow| ListedSchedule {
        schedule: Schedule { problem: app.host.schedules().problem(row), ..Schedule::from(row) },
        name: row.job.name.clone(),
        enabled: row.job.enabled,
        times: row.job.schedule.as_ref().map(in_one_line).unwrap_or_default(),
    };
    let next_cursor = next.map(|id| cursor::write("schedules", &id));
    Ok(Json(Schedules { items: rows.iter().map(listed).collect(), next_cursor }))
}

/// Returns the times of a schedule in one line.
fn in_one_line(schedule: &Times) -> String {
    match (&schedule.cron, &schedule.every, &schedule.at) {
        (Some(cron), ..) => format!("cron {cron}"),
        (_, Some(every), _) => format!("every {every}"),
        (.., Some(at)) => format!("at {at}"),
        _ => String::new(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FiresQuery {
    /// The name of the parameter in the command.
    #[serde(alias = "job")]
    job_id: Option<String>,
    queue: Option<String>,
    from: Option<String>,
    to: Option<String>,
    apart: Option<u32>,
    limit: Option<u32>,
}

pub(super) async fn fires(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<FiresQuery>,
) -> Answer<ComingFires> {
    let wrong = |error: HostError| match error {
        HostError::Argument(..) => Problem::bad_request(error.to_string()),
        error => error.into(),
    };
    let instant = |text: Option<String>, default: Timestamp| match text {
        Some(text) => {
            app.host.schedules().time_in(&text, "UTC").map_err(|e| Problem::bad_request(e.to_string()))
        }
        None => Ok(default),
    };
    let from = instant(query.from, app.host.now())?;
    let of = ScheduleFilter {
        project: caller.bound().map(str::to_owned),
        queue: query.queue,
        ..ScheduleFilter::default()
    };
    let wanted = Coming {
        of,
        job_id: query.job_id.map(|id| caller.job(&id)).transpose()?,
        from,
        to: instant(query.to, from + chrono::Duration::hours(24))?,
        apart: chrono::Duration::minutes(query.apart.unwrap_or(0).into()),
        limit: limit(query.limit) as usize,
    };
    let found = app.host.schedules().coming(&wanted, |row| caller.covers(&row.job_id)).await;
    found.map(Json).map_err(wrong)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HoursQuery {
    hours: Option<u32>,
}

pub(super) async fn by_hour(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<HoursQuery>,
) -> Answer<HoursOfRuns> {
    let items = app.host.system().by_hour(caller.bound(), query.hours.unwrap_or(24)).await?;
    Ok(Json(HoursOfRuns { items, next_cursor: None }))
}
