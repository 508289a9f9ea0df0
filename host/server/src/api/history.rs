//! Handlers for the results of fires, and for runs that ended badly: the ledger, backfills and dead letters.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use stepwell::engine::StoreError;
use stepwell::engine::clock::Timestamp;
use stepwell::engine::document::cut;
use stepwell::engine::schedule;
use stepwell::engine::store::{DeadLetter, Kind, LedgerFilter, LedgerRow};
use stepwell::{Backfill, Retry};

use super::body::{body, read};
use super::handlers::{Answer, Page, Params, limit, page, time};
use super::problem::Problem;
use super::runs::edited;
use super::v2::{accepted, idempotency};
use super::views::{
    BackfillAnswer, BackfillRequest, Backfills, BulkAction, BulkAnswer, BulkRequest, DeadLetters, Ledger,
    Reason, RetryRequest,
};
use super::{App, Caller, causes, cursor};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LedgerQuery {
    /// The name of the parameter in the command.
    #[serde(alias = "job")]
    job_id: Option<String>,
    decision: Option<String>,
    from: Option<String>,
    to: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

pub(super) async fn ledger(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<LedgerQuery>,
) -> Answer<Ledger> {
    let limit = limit(query.limit);
    let decision = match query.decision {
        Some(name) => {
            let found = schedule::Decision::of(&name);
            Some(found.ok_or_else(|| {
                let known = schedule::Decision::ALL
                    .iter()
                    .map(|decision| decision.name())
                    .collect::<Vec<_>>()
                    .join(", ");
                Problem::bad_request(format!(
                    "`{}` is not a decision of the ledger; the decisions are {known}",
                    cut(&name, 40)
                ))
            })?)
        }
        None => None,
    };
    let instant = |name: &str, text: Option<String>| {
        let read = |text: String| {
            let read = app.host.schedules().time_in(&text, "UTC");
            read.map_err(|error| Problem::bad_request(format!("`{name}`: {error}")))
        };
        text.map(read).transpose()
    };
    let after = match cursor::read("ledger", query.cursor.as_deref())? {
        Some(text) => Some(place(&text).ok_or_else(cursor::unknown)?),
        None => None,
    };
    let filter = LedgerFilter {
        job_id: query.job_id.map(|id| caller.job(&id)).transpose()?,
        decision,
        from: instant("from", query.from)?,
        to: instant("to", query.to)?,
        ..LedgerFilter::default()
    };
    let fetch = |after, limit| {
        let (host, filter) = (app.host.clone(), LedgerFilter { after, limit, ..filter.clone() });
        async move { host.schedules().ledger(&filter).await }
    };
    let own = |row: &LedgerRow| caller.covers(&row.job_id);
    let place = |row: &LedgerRow| (row.due_at, row.job_id.clone(), row.nominal.clone());
    let (items, next) = page(limit, after, fetch, own, place).await?;
    let text = |(at, job, nominal): (Timestamp, String, String)| {
        format!("{}|{job}|{nominal}", at.timestamp_micros())
    };
    let next_cursor = next.map(|next| cursor::write("ledger", &text(next)));
    Ok(Json(Ledger { items, next_cursor }))
}

fn place(cursor: &str) -> Option<(Timestamp, String, String)> {
    let mut parts = cursor.splitn(3, '|');
    let at = Timestamp::from_timestamp_micros(parts.next()?.parse().ok()?)?;
    Some((at, parts.next()?.to_owned(), parts.next()?.to_owned()))
}

pub(super) async fn list_backfills(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<Page>,
) -> Answer<Backfills> {
    let fetch = |after: Option<String>, limit| {
        let host = app.host.clone();
        async move { host.schedules().backfills(&after.unwrap_or_default(), limit).await }
    };
    let own = |backfill: &Backfill| caller.covers(&backfill.job_id);
    let after = cursor::read("backfills", query.cursor.as_deref())?;
    let (items, next) = page(limit(query.limit), after, fetch, own, |backfill| backfill.id.clone()).await?;
    let next_cursor = next.map(|id| cursor::write("backfills", &id));
    Ok(Json(Backfills { items, next_cursor }))
}

pub(super) async fn start_backfill(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    bytes: Bytes,
) -> Answer<BackfillAnswer> {
    let request = read::<BackfillRequest>(&app, &bytes).await?;
    let BackfillRequest { job_id, from, to, priority, dry_run } = &request.value;
    let job_id = caller.job(job_id)?;
    let timezone = app.host.jobs().get(&job_id).await?.job.timezone.clone();
    let answer = async {
        let (from, to) = (time(&app, "from", from, &timezone)?, time(&app, "to", to, &timezone)?);
        if *dry_run {
            return Ok(BackfillAnswer::Plan(app.host.schedules().plan_backfill(&job_id, from, to).await?));
        }
        let audit = caller.audit(&app.host, "backfill.start", &job_id);
        app.host
            .schedules()
            .start_backfill(&job_id, from, to, *priority, audit)
            .await
            .map(BackfillAnswer::Started)
    };
    answer.await.map(Json).map_err(|error| request.refused(error))
}

pub(super) async fn get_backfill(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer<Backfill> {
    let (backfill, _) = app.host.schedules().backfill(&id).await?;
    caller.sees(&backfill.job_id, StoreError::NoRecord(Kind::Backfill.name(), id))?;
    Ok(Json(backfill))
}

pub(super) async fn cancel_backfill(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer<Backfill> {
    let (backfill, _) = app.host.schedules().backfill(&id).await?;
    caller.sees(&backfill.job_id, StoreError::NoRecord(Kind::Backfill.name(), id.clone()))?;
    Ok(Json(
        app.host.schedules().cancel_backfill(&id, caller.audit(&app.host, "backfill.cancel", &id)).await?,
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LettersQuery {
    state: Option<String>,
    /// The name of the parameter in the command.
    #[serde(alias = "job")]
    job_id: Option<String>,
    class: Option<String>,
    cause: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

pub(super) async fn list_dead_letters(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Params(query): Params<LettersQuery>,
) -> Answer<DeadLetters> {
    let limit = limit(query.limit);
    let state = causes::state(query.state)?;
    let job = query.job_id.map(|id| caller.job(&id)).transpose()?;
    let fetch = |after: Option<String>, limit| {
        let (host, state) = (app.host.clone(), state.clone());
        async move { host.dead_letters().list(state.as_deref(), &after.unwrap_or_default(), limit).await }
    };
    let own = |letter: &DeadLetter| {
        caller.covers(&letter.job_id)
            && job.as_ref().is_none_or(|job| *job == letter.job_id)
            && query.class.as_ref().is_none_or(|class| *class == letter.class)
            && query.cause.as_ref().is_none_or(|cause| *cause == causes::key(letter))
    };
    let after = cursor::read("dead-letters", query.cursor.as_deref())?;
    let (items, next) = page(limit, after, fetch, own, |letter| letter.execution_id.clone()).await?;
    let is_first = query.cursor.is_none() && next.is_none();
    if let Some(cause) = query.cause.as_ref().filter(|_| is_first && items.is_empty()) {
        known_cause(&app, &caller, cause).await?;
    }
    let next_cursor = next.map(|id| cursor::write("dead-letters", &id));
    Ok(Json(DeadLetters { items, next_cursor }))
}

/// Refuses a cause that no dead letter has, open or resolved.
async fn known_cause(app: &App, caller: &Caller, cause: &str) -> Result<(), Problem> {
    let fetch = |after: Option<String>, limit| {
        let host = app.host.clone();
        async move { host.dead_letters().list(None, &after.unwrap_or_default(), limit).await }
    };
    let own = |letter: &DeadLetter| caller.covers(&letter.job_id) && causes::key(letter) == cause;
    let (found, _) = page(1, None, fetch, own, |letter: &DeadLetter| letter.execution_id.clone()).await?;
    if !found.is_empty() {
        return Ok(());
    }
    let cause = cut(cause, 40);
    let detail =
        format!("no dead letter has the cause `{cause}`; `GET /api/v2/dead-letters/causes` lists the causes");
    Err(Problem::new(StatusCode::NOT_FOUND, detail))
}

/// Returns a dead letter, if its job belongs to the caller's project.
async fn letter(app: &App, caller: &Caller, id: &str) -> Result<DeadLetter, Problem> {
    let (letter, _) = app.host.dead_letters().get(id).await?;
    caller.sees(&letter.job_id, StoreError::NoRecord(Kind::DeadLetter.name(), id.to_owned()))?;
    Ok(letter)
}

pub(super) async fn get_dead_letter(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer<DeadLetter> {
    letter(&app, &caller, &id).await.map(Json)
}

pub(super) async fn redrive(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let request = read::<RetryRequest>(&app, &bytes).await?;
    letter(&app, &caller, &id).await?;
    let idempotency = idempotency(&headers, &caller, &format!("dead_letter.redrive {id}"), &bytes)?;
    let job = edited(&app, &caller, &request).await?;
    let audit = caller.audit(&app.host, "dead_letter.redrive", &id);
    let retry = Retry { from_start: request.value.from_start, job, idempotency };
    let admitted = app.host.dead_letters().redrive(&id, retry, audit).await?;
    Ok(accepted(&admitted))
}

pub(super) async fn discard(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Answer<DeadLetter> {
    let reason: Reason = body(&app, &bytes).await?;
    letter(&app, &caller, &id).await?;
    Ok(Json(
        app.host
            .dead_letters()
            .discard(&id, &reason.reason, caller.audit(&app.host, "dead_letter.discard", &id))
            .await?,
    ))
}

pub(super) async fn bulk(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    bytes: Bytes,
) -> Answer<BulkAnswer> {
    let request: BulkRequest = body(&app, &bytes).await?;
    let ids = match request.ids {
        Some(ids) => ids,
        None => {
            let job = request.job_id.as_ref().map(|id| caller.job(id)).transpose()?;
            let fetch = |after: Option<String>, limit| {
                let host = app.host.clone();
                async move { host.dead_letters().list(Some("open"), &after.unwrap_or_default(), limit).await }
            };
            let own = |letter: &DeadLetter| {
                caller.covers(&letter.job_id)
                    && job.as_ref().is_none_or(|job| *job == letter.job_id)
                    && request.cause.as_ref().is_none_or(|cause| *cause == causes::key(letter))
            };
            let (open, _) = page(1000, None, fetch, own, |letter| letter.execution_id.clone()).await?;
            open.into_iter().map(|letter| letter.execution_id).collect()
        }
    };
    let mut answer = BulkAnswer::default();
    for id in ids {
        let done = async {
            letter(&app, &caller, &id).await?;
            Ok::<_, Problem>(match request.action {
                BulkAction::Redrive => {
                    let audit = caller.audit(&app.host, "dead_letter.redrive", &id);
                    Some(app.host.dead_letters().redrive(&id, Retry::default(), audit).await?.execution_id)
                }
                BulkAction::Discard => {
                    let audit = caller.audit(&app.host, "dead_letter.discard", &id);
                    app.host.dead_letters().discard(&id, &request.reason, audit).await?;
                    None
                }
            })
        };
        match done.await {
            Ok(run) => drop(answer.done.insert(id, run)),
            Err(problem) => drop(answer.failed.insert(id, problem.detail)),
        }
    }
    Ok(Json(answer))
}
