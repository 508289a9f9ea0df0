//! Reads the journal of a run in parts, since its history may be larger than a reader should hold at once.

use std::sync::Arc;

use stepwell_engine::StoreError;
use stepwell_engine::job::Job;
use stepwell_engine::run::Event;
use stepwell_engine::store::{EventPage, Loaded, NewRun, Place};

use crate::runs;
use crate::shared::Shared;
use crate::sql::{Sql, params, parse};

/// The bytes of events in one part. A row that begins within them belongs to the part, whatever its length.
pub(crate) const PART_BYTES: i64 = 1 << 20;
/// The maximum number of rows in one part.
pub(crate) const PART_ROWS: i64 = 1024;

/// A part of a journal.
#[derive(Default)]
pub(crate) struct Page {
    pub rows: Vec<JournalRow>,
    pub next: Option<Place>,
}

/// The run, in its first row, and the events.
pub(crate) type JournalRow = (Option<String>, Option<String>);

/// A first part, as far as it can be read. A part that cannot be read is an event that follows no other, so
/// that the damage concerns this run and not the readers of many runs.
pub(crate) struct First {
    pub job: Option<Arc<Job>>,
    pub run: Option<NewRun>,
    pub events: EventPage,
}

impl Page {
    /// Returns the run and the events of a first part. `job` is `None` when it cannot be read.
    pub fn first(self, job: Option<Arc<Job>>) -> First {
        let run = self.rows.iter().filter_map(|(admitted, _)| admitted.as_deref()).next_back();
        let run = run.and_then(|text| parse::<NewRun>(text).ok());
        let is_damaged = job.is_none() || run.is_none();
        let run = run.zip(job.clone()).map(|(run, job)| NewRun { job, ..run });
        let mut events = self.events();
        if is_damaged {
            events.events.insert(0, Event::Unreadable);
        }
        First { job, run, events }
    }

    fn events(self) -> EventPage {
        let rows = self.rows.into_iter().filter_map(|(_, happened)| happened);
        EventPage { events: rows.flat_map(|text| happened(&text)).collect(), next: self.next }
    }
}

/// Returns the events of a row.
fn happened(text: &str) -> Vec<Event> {
    parse(text).unwrap_or_else(|_| vec![Event::Unreadable])
}

/// Returns the job of a run, or `None` when its definition cannot be read.
fn job(db: &dyn Sql, shared: &Shared, id: &str) -> Result<Option<Arc<Job>>, StoreError> {
    let sql = "SELECT digest FROM runs WHERE execution_id = $1";
    let digest: String = db.one(sql, params![id])?.ok_or_else(|| StoreError::NotFound(id.to_owned()))?;
    shared.job(db, &digest)
}

/// Returns the part of a journal after `after`, or the first part. It does not read log lines.
pub(crate) fn page(
    db: &dyn Sql,
    id: &str,
    after: Option<Place>,
    with_checkpoint: bool,
) -> Result<Page, StoreError> {
    let (fence, n) = after.map_or((-1, 0), key);
    let lines = if with_checkpoint { i64::MIN } else { 0 };
    let wanted = "execution_id = $1 AND (fence, n) > ($2, $3) AND lines >= $4
        AND (run IS NOT NULL OR events IS NOT NULL)";
    let sql = format!(
        "SELECT fence, n, COALESCE(octet_length(events), 0) FROM journal WHERE {wanted} ORDER BY fence, n LIMIT $5"
    );
    let rows: Vec<(i64, i64, i64)> = db.many(&sql, params![id, fence, n, lines, PART_ROWS + 1])?;
    let mut bytes = 0;
    let fits = |(index, row): &(usize, &(i64, i64, i64))| {
        let fits = bytes < PART_BYTES && (*index as i64) < PART_ROWS;
        bytes += row.2;
        fits
    };
    let count = rows.iter().enumerate().take_while(fits).count();
    let Some((last_fence, last_n, _)) = count.checked_sub(1).and_then(|last| rows.get(last)).copied() else {
        return Ok(Page::default());
    };
    let sql = format!(
        "SELECT run, events FROM journal WHERE {wanted} AND (fence, n) <= ($5, $6) ORDER BY fence, n"
    );
    let next = (rows.len() > count).then(|| place(last_fence, last_n, with_checkpoint));
    Ok(Page { rows: db.many(&sql, params![id, fence, n, lines, last_fence, last_n])?, next })
}

/// Returns the position of a row.
pub(crate) fn place(fence: i64, n: i64, with_checkpoint: bool) -> Place {
    let number = |value: i64| u64::try_from(value).unwrap_or(0);
    Place { fence: number(fence), number: number(n), with_checkpoint }
}

fn key(place: Place) -> (i64, i64) {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    (number(place.fence), number(place.number))
}

pub(crate) fn load(db: &dyn Sql, shared: &Shared, id: &str) -> Result<Loaded, StoreError> {
    let job = job(db, shared, id)?;
    let First { job, run, events: EventPage { events, next } } = page(db, id, None, false)?.first(job);
    let run = match run {
        Some(run) => run,
        None => NewRun::unreadable(job, &runs::row(db, id)?),
    };
    Ok(Loaded { run, events, next })
}

pub(crate) fn events(db: &dyn Sql, id: &str, after: Place) -> Result<EventPage, StoreError> {
    Ok(page(db, id, Some(after), after.with_checkpoint)?.events())
}

/// Returns the contents of the last commit with events.
pub(crate) fn latest(db: &dyn Sql, shared: &Shared, id: &str) -> Result<(Arc<Job>, Vec<Event>), StoreError> {
    let job = job(db, shared, id)?;
    let sql = "SELECT events FROM journal WHERE execution_id = $1 AND events IS NOT NULL AND lines >= 0
        ORDER BY fence DESC, n DESC LIMIT 1";
    let text: Option<String> = db.one(sql, params![id])?;
    let events = text.as_deref().map(happened).unwrap_or_default();
    match job {
        Some(job) => Ok((job, events)),
        None => Ok((Arc::new(Job::unreadable(&runs::row(db, id)?.job_id)), vec![Event::Unreadable])),
    }
}
