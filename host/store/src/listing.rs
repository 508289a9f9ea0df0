//! Lists and counts of runs, and lists of jobs.

use std::time::Duration;

use serde_json::Value;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::run::RunStatus;
use stepwell_engine::store::{EndedRow, JobRow, Kind, RunFilter, RunRow};
use stepwell_engine::{StoreError, clock, project};

use crate::runs::{ROW, first_id, of_row};
use crate::sql::{Param, Row, Sql, micros, params, time};
use crate::times::of_project;

/// The maximum age of a run at its end, for the bound of a search by end: 31 days.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 3600);

pub(crate) fn list(db: &dyn Sql, filter: &RunFilter) -> Result<Vec<RunRow>, StoreError> {
    let first = filter.ended_since.map(|since| (micros(since), first_id(clock::earlier(since, LONGEST))));
    // The text contains only the requested conditions, so that an index can be used.
    let (mut wanted, mut values) = (vec!["TRUE".to_owned()], Vec::new());
    let mut add = |condition: &str, value| {
        values.push(value);
        wanted.push(format!("{condition} ${}", values.len()));
    };
    if let Some(job) = &filter.job_id {
        add("job_id =", Param::from(job));
    }
    // `0` follows `/`.
    let project = filter.project.as_deref().filter(|name| *name != project::DEFAULT);
    let bounds = project.map(|name| (format!("{name}/"), format!("{name}0")));
    if let Some((first, end)) = &bounds {
        add("job_id >=", Param::from(first));
        add("job_id <", Param::from(end));
    }
    if let Some(queue) = &filter.queue {
        add("queue =", Param::from(queue));
    }
    if let Some(before) = &filter.before {
        add(if filter.oldest_first { "execution_id >" } else { "execution_id <" }, Param::from(before));
    }
    if let Some((since, first)) = &first {
        add("ended_at >=", Param::from(*since));
        add("execution_id >=", Param::from(first));
    }
    if filter.project.is_some() && bounds.is_none() {
        wanted.push("job_id NOT LIKE '%/%'".to_owned());
    }
    if let Some(status) = filter.status {
        // As text, since a partial index applies only to conditions in the statement itself.
        wanted.push(format!("status = '{}'", status.name()));
        if !status.is_terminal() {
            wanted.push("phase < 5".to_owned());
        }
    }
    values.push(Param::from(filter.limit));
    // Ids begin with their time, so their order is the order of age.
    let (wanted, limit) = (wanted.join(" AND "), values.len());
    let order = if filter.oldest_first { "ASC" } else { "DESC" };
    let sql = format!("SELECT {ROW} FROM runs WHERE {wanted} ORDER BY execution_id {order} LIMIT ${limit}");
    db.rows(&sql, &values, of_row)
}

/// Returns the jobs after `after`. The database takes the shown parts out of the definitions, which stay where they are.
pub(crate) fn jobs(db: &dyn Sql, after: &str, limit: u32) -> Result<Vec<JobRow>, StoreError> {
    // Both databases return a part as JSON text.
    let (before, cast, behind) = if db.locks_rows() { ("(", "::json", ")::text") } else { ("", "", "") };
    let part = |path: &[&str]| {
        let path: String = path.iter().map(|key| format!(" -> '{key}'")).collect();
        format!("{before}value{cast}{path}{behind}")
    };
    let parts: [&[&str]; 7] = [
        &["name"],
        &["timezone"],
        &["enabled"],
        &["schedule", "cron"],
        &["schedule", "every"],
        &["schedule", "at"],
        &["metadata", "tags"],
    ];
    let parts = parts.map(part).join(", ");
    let sql = format!(
        "SELECT id, version, {parts} FROM records WHERE kind = '{}' AND id > $1 ORDER BY id LIMIT $2",
        Kind::Job.name()
    );
    db.rows(&sql, &[Param::from(after), Param::from(limit)], of_job)
}

fn of_job(row: Row<'_>) -> Result<JobRow, StoreError> {
    let part = |index: usize| -> Result<Value, StoreError> {
        let text: Option<String> = row.get(index)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    };
    let text = |index: usize| Ok::<_, StoreError>(part(index)?.as_str().map(str::to_owned));
    let words = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    };
    let mut schedule = text(5)?;
    if let (None, Some(every)) = (&schedule, words(&part(6)?)) {
        schedule = Some(format!("every {every}"));
    }
    if let (None, Some(at)) = (&schedule, text(7)?) {
        schedule = Some(format!("at {at}"));
    }
    let tags = match part(8)? {
        Value::Array(items) => items.iter().filter_map(words).collect(),
        other => words(&other).into_iter().collect(),
    };
    Ok(JobRow {
        id: row.get(0)?,
        version: row.get(1)?,
        name: text(2)?.unwrap_or_default(),
        timezone: text(3)?.unwrap_or_default(),
        enabled: part(4)?.as_bool().unwrap_or(true),
        schedule,
        tags,
    })
}

/// The microseconds of an hour.
const HOUR: i64 = 3600 * 1_000_000;

pub(crate) fn ended_by_hour(
    db: &dyn Sql,
    project: Option<&str>,
    since: Timestamp,
) -> Result<Vec<EndedRow>, StoreError> {
    let own = of_project(project);
    let sql = format!(
        "SELECT ended_at / {HOUR} AS hour, status, COUNT(*) FROM runs WHERE ended_at >= $1 {own}
        GROUP BY hour, status ORDER BY hour, status"
    );
    let rows: Vec<(i64, String, u64)> = db.many(&sql, params![micros(since)])?;
    let known = rows.into_iter().filter_map(|(hour, status, runs)| {
        Some(EndedRow { hour: time(hour * HOUR), status: RunStatus::of(&status)?, runs })
    });
    Ok(known.collect())
}
