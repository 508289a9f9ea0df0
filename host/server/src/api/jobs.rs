//! Handlers for lists and versions of jobs.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use futures_util::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stepwell::JobVersion;
use stepwell::engine::JobDefinition;
use stepwell::engine::clock::Timestamp;
use stepwell::engine::run::RunStatus;
use stepwell::engine::store::{JobRow, NextFire, RunFilter};

use super::handlers::{Answer, Params, limit};
use super::problem::Problem;
use super::views::Job;
use super::{App, Caller, cursor};

/// The bytes of definitions after which a page of jobs ends.
const PAGE_BYTES: usize = 4 << 20;
/// The number of jobs that a search reads at one time, and the maximum for one page.
const CHUNK: u32 = 500;
const MOST_SEARCHED: u32 = 10_000;

/// The parts of a stored job that a list shows.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct JobSummary {
    /// The job's id.
    pub job_id: String,
    /// The display name.
    pub name: String,
    /// The version, which each change increments; also the ETag.
    pub version: u64,
    /// The IANA time zone of the job.
    pub timezone: String,
    /// Whether the job runs.
    pub enabled: bool,
    /// The tags: `tags` of the job's `metadata`, as a text or a list.
    pub tags: Vec<String>,
    /// The cron pattern, `every TIME` or `at TIME`; null if the job has no schedule.
    pub schedule: Option<String>,
    /// The time at which the next fire is due; null if there is none.
    pub next: Option<Timestamp>,
    /// The actor who paused the schedule, and the reason; null if it is not paused.
    pub paused: Option<String>,
    /// The latest run; null if there is none.
    pub last_run: Option<LastRun>,
}

/// The latest run of a job.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LastRun {
    /// The run.
    pub execution_id: String,
    /// The status of the run.
    pub status: RunStatus,
    /// The time at which the run started; null until then.
    pub start_time: Option<Timestamp>,
    /// The time at which the run ended; null until then.
    pub end_time: Option<Timestamp>,
}

/// A job of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum ListedJob {
    /// With its definition.
    Whole(Box<Job>),
    /// With `fields=summary`.
    Summary(Box<JobSummary>),
}

/// Jobs.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Jobs {
    /// The items.
    pub items: Vec<ListedJob>,
    /// The `cursor` of the next page; null on the last page. A page of a search can have fewer items than its limit.
    pub next_cursor: Option<String>,
}

/// The stored versions of a job.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct JobVersions {
    /// The items.
    pub items: Vec<JobVersion>,
    /// Always null: a list has at most 50 versions.
    pub next_cursor: Option<String>,
}

/// A stored version of a job.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StoredVersion {
    #[serde(flatten)]
    pub about: JobVersion,
    /// The definition.
    #[schemars(with = "Value")]
    pub job: JobDefinition,
    /// The text of its author, with comments; null if it was not stored as YAML.
    pub source: Option<String>,
}

/// The fields of the jobs in a list.
#[derive(Clone, Copy)]
enum Fields {
    All,
    Summary,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    q: Option<String>,
    scheduled: Option<bool>,
    enabled: Option<bool>,
    fields: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

impl Wanted {
    fn fields(&self) -> Result<Fields, Problem> {
        match self.fields.as_deref() {
            None | Some("all") => Ok(Fields::All),
            Some("summary") => Ok(Fields::Summary),
            Some(_) => Err(Problem::bad_request("`fields` must be `all` or `summary`")),
        }
    }

    fn matches(&self, row: &JobRow) -> bool {
        let words = self.q.as_deref().unwrap_or_default().to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&words);
        let found = words.is_empty() || has(&row.id) || has(&row.name) || row.tags.iter().any(|tag| has(tag));
        let scheduled = self.scheduled.is_none_or(|wanted| wanted == row.schedule.is_some());
        found && scheduled && self.enabled.is_none_or(|wanted| wanted == row.enabled)
    }
}

/// Handles `GET /api/v2/jobs`.
pub(super) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<Wanted>,
) -> Answer<Jobs> {
    let fields = query.fields()?;
    let after = cursor::read("jobs", query.cursor.as_deref())?.unwrap_or_default();
    let (rows, mut next) = search(&app, &caller, &query, after).await?;
    let items = match fields {
        Fields::Summary => summaries(&app, rows).await?,
        Fields::All => {
            let (items, last) = whole(&app, rows).await?;
            next = last.or(next);
            items
        }
    };
    Ok(Json(Jobs { items, next_cursor: next.map(|after| cursor::write("jobs", &after)) }))
}

/// Returns the rows of a page, and the id after which the next page begins, if there may be one.
async fn search(
    app: &App,
    caller: &Caller,
    query: &Wanted,
    mut after: String,
) -> Result<(Vec<JobRow>, Option<String>), Problem> {
    let wanted = limit(query.limit) as usize;
    let (mut items, mut searched) = (Vec::new(), 0);
    loop {
        let found = app.host.jobs().rows(&after, CHUNK).await?;
        let is_last = found.len() < CHUNK as usize;
        for row in found {
            if items.len() == wanted {
                return Ok((items, Some(after)));
            }
            after.clone_from(&row.id);
            if caller.covers(&row.id) && query.matches(&row) {
                items.push(row);
            }
        }
        searched += CHUNK;
        match (is_last, searched >= MOST_SEARCHED) {
            (true, _) => return Ok((items, None)),
            (false, true) => return Ok((items, Some(after))),
            (false, false) => {}
        }
    }
}

/// Returns the jobs with their definitions, and the id after which the rest begins when they are too long for a page.
async fn whole(app: &App, rows: Vec<JobRow>) -> Result<(Vec<ListedJob>, Option<String>), Problem> {
    let (mut items, mut bytes) = (Vec::new(), 0);
    let mut after = None;
    for row in rows {
        if bytes > PAGE_BYTES {
            return Ok((items, after));
        }
        let stored = match app.host.jobs().get(&row.id).await.map_err(Problem::from) {
            Ok(stored) => stored,
            // Another caller has removed the job.
            Err(problem) if problem.status == StatusCode::NOT_FOUND.as_u16() => continue,
            Err(problem) => return Err(problem),
        };
        bytes += stored.job.text().len();
        items.push(ListedJob::Whole(Box::new(Job::from(&stored))));
        after = Some(row.id);
    }
    Ok((items, None))
}

/// Returns the jobs without their definitions.
async fn summaries(app: &App, rows: Vec<JobRow>) -> Result<Vec<ListedJob>, Problem> {
    let scheduled = rows.iter().filter(|row| row.schedule.is_some());
    let ids: Vec<String> = scheduled.map(|row| row.id.clone()).collect();
    let fires = if ids.is_empty() { Vec::new() } else { app.host.jobs().next_fires(&ids).await? };
    let last = rows.iter().map(|row| last_run(app, row.id.clone()));
    let last = try_join_all(last).await?;
    let item = |(row, last_run): (JobRow, Option<LastRun>)| {
        let fire = fires.iter().find(|fire: &&NextFire| fire.job_id == row.id);
        ListedJob::Summary(Box::new(JobSummary {
            next: fire.and_then(|fire| fire.next),
            paused: fire.and_then(|fire| fire.paused.clone()),
            job_id: row.id,
            name: row.name,
            version: row.version,
            timezone: row.timezone,
            enabled: row.enabled,
            tags: row.tags,
            schedule: row.schedule,
            last_run,
        }))
    };
    Ok(rows.into_iter().zip(last).map(item).collect())
}

async fn last_run(app: &App, job_id: String) -> Result<Option<LastRun>, Problem> {
    let filter = RunFilter { job_id: Some(job_id), limit: 1, ..RunFilter::default() };
    let found = app.host.runs().list(&filter).await?.into_iter().next();
    Ok(found.map(|row| LastRun {
        execution_id: row.execution_id,
        status: row.status,
        start_time: row.started_at,
        end_time: row.ended_at,
    }))
}

/// Handles `GET /api/v2/jobs/{id}/versions`.
pub(super) async fn versions(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer<JobVersions> {
    let id = caller.job(&id)?;
    Ok(Json(JobVersions { items: app.host.jobs().versions(&id).await?, next_cursor: None }))
}

/// Handles `GET /api/v2/jobs/{id}/versions/{version}`.
pub(super) async fn version(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((id, version)): Path<(String, String)>,
) -> Answer<StoredVersion> {
    let id = caller.job(&id)?;
    let number = version.parse::<u64>().map_err(|_| Problem::bad_request("a version is a whole number"))?;
    let found = app.host.jobs().version(&id, number).await?;
    Ok(Json(StoredVersion { about: found.about, job: found.job, source: found.source }))
}
