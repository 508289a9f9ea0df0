//! Batches the frequent operations on runs: few statements for many runs.
//!
//! An item that arrives while a batch is in flight goes into the next batch. A batch is one statement, and so
//! one transaction; the rows that it returns show the completed items. A run that is not among them needs a
//! closer look: it is stale, exists already, or has a concurrency key. The shared statements for all
//! databases then process it individually.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;
use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::{Job, OnConflict};
use stepwell_engine::run::RunStatus;
use stepwell_engine::store::{Audit, ClaimQuery, NewRun, Renewal, Source};
use tokio::sync::oneshot;
use tokio_postgres::types::{ToSql, Type};

use super::session::{LOCK, Session, get};
use super::{Inner, Postgres};
use crate::audit::{End, LINKED};
use crate::journal::{PART_BYTES, PART_ROWS, Page, place};
use crate::phase::Phase;
use crate::runs::{self, Entry, Journal, New, Taken};
use crate::shared::TOUCHED_MICROS;
use crate::sql::{failed, json, micros};

/// The maximum number of runs in one batch, and the bytes of text after which a batch is full, since outputs
/// and logs may be large.
const MOST: usize = 512;
const MOST_BYTES: usize = 8 << 20;

/// The items that wait for the next batch.
pub(super) struct Batcher<T>(Arc<Mutex<Waiting<T>>>);

struct Waiting<T> {
    items: Vec<Item<T>>,
    /// Whether a task sends batches, and will see new items.
    sending: bool,
}

type Item<T> = (T, oneshot::Sender<Result<bool, StoreError>>);

impl<T> Default for Batcher<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Waiting { items: Vec::new(), sending: false })))
    }
}

/// An item that can be sent in batches.
pub(super) trait Batched: Send + Sized + 'static {
    /// Returns the bytes of its texts.
    fn bytes(&self) -> usize;

    /// Sends a batch and returns for each item whether it is done.
    fn send(inner: &Inner, items: &[Self]) -> impl Future<Output = Result<Vec<bool>, StoreError>> + Send;
}

impl<T: Batched + Sync> Batcher<T> {
    /// Sends an item together with others. Returns false if it has to be processed individually.
    async fn add(&self, inner: &Arc<Inner>, item: T) -> Result<bool, StoreError> {
        let (answer, done) = oneshot::channel();
        let first = {
            let mut waiting = self.0.lock();
            waiting.items.push((item, answer));
            !std::mem::replace(&mut waiting.sending, true)
        };
        if first {
            let (waiting, inner) = (self.0.clone(), inner.clone());
            tokio::spawn(async move { send_all(&waiting, &inner).await });
        }
        done.await.map_err(|_| failed("the batch was dropped"))?
    }
}

/// Releases the queue when the sending task is dropped with its runtime.
struct Sending<'a, T>(&'a Mutex<Waiting<T>>);

impl<T> Drop for Sending<'_, T> {
    fn drop(&mut self) {
        self.0.lock().sending = false;
    }
}

async fn send_all<T: Batched + Sync>(waiting: &Mutex<Waiting<T>>, inner: &Inner) {
    let sending = Sending(waiting);
    loop {
        let (items, answers): (Vec<T>, Vec<_>) = {
            let mut waiting = waiting.lock();
            if waiting.items.is_empty() {
                waiting.sending = false;
                // The task released the queue under the lock, so another task may already be sending.
                std::mem::forget(sending);
                return;
            }
            let mut bytes = 0;
            let fits = |(item, _): &&Item<T>| {
                let fits = bytes < MOST_BYTES;
                bytes += item.bytes();
                fits
            };
            let count = waiting.items.iter().take(MOST).take_while(fits).count();
            waiting.items.drain(..count).unzip()
        };
        let done = T::send(inner, &items).await;
        for (index, answer) in answers.into_iter().enumerate() {
            // The caller may be gone. The write stands.
            let _ = answer.send(match &done {
                Ok(done) => Ok(done.get(index).copied().unwrap_or(false)),
                // One of the items cannot be written. Individually, only that item fails.
                Err(StoreError::Failed(_)) => Ok(false),
                Err(error) => Err(error.clone()),
            });
        }
    }
}

impl Postgres {
    pub(super) async fn insert(&self, new: &Arc<New>) -> Option<Result<(), StoreError>> {
        let run = &new.run;
        let looks = run.key.as_ref().is_some_and(|key| key.on_conflict != OnConflict::Queue);
        if looks || !run.inherited.is_empty() || !runs::has_room(&self.inner.shared, run) {
            return None;
        }
        self.inserts.add(&self.inner, new.clone()).await.map(|done| done.then_some(())).transpose()
    }

    pub(super) async fn commit(&self, entry: &Arc<Entry>) -> Option<Result<(), StoreError>> {
        let commit = &entry.commit;
        if commit.dead.is_some() || !commit.forget_checkpoints.is_empty() || !commit.audit.is_empty() {
            return None;
        }
        self.commits.add(&self.inner, entry.clone()).await.map(|done| done.then_some(())).transpose()
    }
}

const INSERT: &str = "WITH r AS (SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[],
        $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::bigint[], $13::bigint[],
        $14::text[], $15::text[], $16::text[]) AS r(execution_id, job_id, digest, queue, phase, priority, rank, due_at,
        expires_at, created_at, key, key_limit, scheduled, idempotency, fingerprint, run)),
    added AS (INSERT INTO runs (execution_id, job_id, digest, queue, phase, status, priority, rank, due_at, scheduled_at,
        expires_at, created_at, updated_at, key, key_limit, scheduled, idempotency, fingerprint)
        SELECT execution_id, job_id, digest, queue, phase, 'queued', priority, rank, due_at, due_at, expires_at, created_at,
        created_at, key, key_limit, scheduled, idempotency, fingerprint FROM r
        ON CONFLICT DO NOTHING RETURNING execution_id),
    written AS (INSERT INTO journal (execution_id, fence, n, lines, run)
        SELECT execution_id, 0, 0, 0, run FROM r WHERE execution_id IN (SELECT execution_id FROM added))
    SELECT execution_id FROM added";

impl Batched for Arc<New> {
    fn bytes(&self) -> usize {
        self.text.len()
    }

    async fn send(inner: &Inner, items: &[Self]) -> Result<Vec<bool>, StoreError> {
        let session = inner.pool.get().await?;
        define(inner, &session, items.iter().map(|item| &item.run)).await?;
        let texts =
            |of: fn(&NewRun) -> &str| -> Vec<&str> { items.iter().map(|item| of(&item.run)).collect() };
        let maybe = |of: fn(&NewRun) -> Option<&str>| -> Vec<Option<&str>> {
            items.iter().map(|item| of(&item.run)).collect()
        };
        let ints = |of: fn(&NewRun) -> i64| -> Vec<i64> { items.iter().map(|item| of(&item.run)).collect() };
        let limits: Vec<Option<i64>> =
            items.iter().map(|item| item.run.key.as_ref().map(|key| key.limit.into())).collect();
        let journal: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
        let params: [&(dyn ToSql + Sync); 16] = [
            &texts(|run| &run.execution_id),
            &texts(|run| &run.job.id),
            &texts(|run| run.job.digest()),
            &maybe(|run| run.queue.as_deref()),
            &ints(|item| runs::first_phase(item).number()),
            &ints(|run| run.priority.into()),
            &ints(|run| micros(run.rank)),
            &ints(|run| micros(run.scheduled_time)),
            &ints(|run| micros(run.expires_at())),
            &ints(|run| micros(run.created_at)),
            &maybe(|run| run.key.as_ref().map(|key| key.name.as_str())),
            &limits,
            &ints(|run| matches!(run.source, Source::Schedule { .. }).into()),
            &maybe(|run| run.idempotency.as_ref().map(|known| known.key.as_str())),
            &maybe(|run| run.idempotency.as_ref().map(|known| known.fingerprint.as_str())),
            &journal,
        ];
        let insert = async || {
            let rows = session.rows(INSERT, &params).await?;
            rows.iter().map(|row| get::<String>(row, 0)).collect::<Result<HashSet<_>, _>>()
        };
        let added = if items.iter().all(|item| item.audit.is_empty()) {
            insert().await?
        } else {
            session.batch("BEGIN").await?;
            let work = async || {
                let added = insert().await?;
                let made = items.iter().filter(|item| added.contains(item.run.execution_id.as_str()));
                audit(&session, made.flat_map(|item| &item.audit)).await?;
                session.batch("COMMIT").await?;
                Ok(added)
            };
            match work().await {
                Ok(added) => added,
                Err(error) => {
                    session.roll_back().await;
                    return Err(error);
                }
            }
        };
        Ok(items.iter().map(|item| added.contains(item.run.execution_id.as_str())).collect())
    }
}

const CHAIN: &str = "SELECT last, last_hash FROM audit_chain WHERE id = 1 FOR UPDATE";
const OPEN: &str = "SELECT seq, at, row FROM audit WHERE n IS NULL ORDER BY seq LIMIT $1";
const LINK: &str = "UPDATE audit SET n = c.n, hash = c.hash
    FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS c(seq, n, hash) WHERE audit.seq = c.seq";
const NOTE: &str = "INSERT INTO audit (at, row, n, hash)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[]) AS c(at, row, n, hash) ORDER BY n";
const END: &str = "UPDATE audit_chain SET last = $1, last_hash = $2 WHERE id = 1";

/// [`audit::audit`](crate::audit::audit) for many rows at once.
async fn audit<'a>(
    session: &Session,
    rows: impl Iterator<Item = &'a Audit> + Send,
) -> Result<(), StoreError> {
    let found = session.rows(CHAIN, &[]).await?;
    let row = found.first().ok_or_else(|| failed("the audit log has no chain"))?;
    let number = u64::try_from(get::<i64>(row, 0)?).map_err(failed)?;
    let mut end = End { number, hash: get(row, 1)? };
    if end.number == 0 {
        begin(session, &mut end).await?;
    }
    let (mut times, mut texts, mut numbers, mut hashes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let (at, text) = (micros(row.at), json(row)?);
        end.add(at, &text);
        times.push(at);
        texts.push(text);
        numbers.push(end.number as i64);
        hashes.push(end.hash.clone());
    }
    session.rows(NOTE, &[&times, &texts, &numbers, &hashes]).await?;
    session.rows(END, &[&(end.number as i64), &end.hash]).await.map(drop)
}

/// Begins the chain with the rows of earlier versions.
async fn begin(session: &Session, end: &mut End) -> Result<(), StoreError> {
    loop {
        let (mut seqs, mut numbers, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
        for row in session.rows(OPEN, &[&LINKED]).await? {
            end.add(get(&row, 1)?, get(&row, 2)?);
            seqs.push(get::<i64>(&row, 0)?);
            numbers.push(end.number as i64);
            hashes.push(end.hash.clone());
        }
        if seqs.is_empty() {
            return Ok(());
        }
        session.rows(LINK, &[&seqs, &numbers, &hashes]).await?;
    }
}

/// Stores the definitions of jobs, and marks them as used.
async fn define<'r>(
    inner: &Inner,
    session: &Session,
    runs: impl Iterator<Item = &'r NewRun> + Send,
) -> Result<(), StoreError> {
    let mut missing: BTreeMap<&str, (&Arc<Job>, i64)> = BTreeMap::new();
    for run in runs {
        let (digest, at) = (run.job.digest(), micros(run.created_at));
        let known = inner.defined.lock().get(digest).copied();
        if known.is_none_or(|known| at - known > TOUCHED_MICROS) {
            missing.insert(digest, (&run.job, at));
        }
    }
    let sql = "INSERT INTO definitions (digest, job, used_at)
        VALUES ($1, $2, COALESCE($3, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint))
        ON CONFLICT (digest) DO UPDATE SET used_at = excluded.used_at";
    for (digest, (job, at)) in missing {
        let now = inner.pool.settings.callers_time.then_some(at);
        session.rows(sql, &[&digest, &job.text(), &now]).await?;
        inner.shared.keep(job);
        let mut defined = inner.defined.lock();
        if defined.len() > MOST * 8 {
            defined.clear();
        }
        defined.insert(digest.to_owned(), at);
    }
    Ok(())
}

/// A run moves only if its claim is still the latest and nothing else has to be done. The rows exclude a run
/// that ends with a concurrency key, and a released run that has to be cancelled.
const COMMIT: &str = "WITH c AS (SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[],
        $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::text[])
        AS c(id, fence, n, phase, status, at, started, due, lines, events, logs)),
    moved AS (UPDATE runs SET phase = c.phase, status = COALESCE(c.status, runs.status), updated_at = c.at,
        started_at = COALESCE(runs.started_at, c.started), due_at = COALESCE(c.due, runs.due_at),
        ended_at = CASE WHEN c.phase = 5 THEN c.at END,
        worker = CASE WHEN c.phase = 3 THEN runs.worker END,
        claimed_until = CASE WHEN c.phase = 3 THEN runs.claimed_until END
        FROM c WHERE runs.execution_id = c.id AND runs.fence = c.fence AND runs.phase = 3
        AND (c.phase = 3 AND c.status IS NOT NULL OR c.phase = 5 AND runs.key IS NULL OR c.phase < 3 AND runs.cancel IS NULL)
        RETURNING runs.execution_id AS id, runs.fence AS fence),
    kept AS (SELECT runs.execution_id AS id, runs.fence AS fence FROM runs JOIN c ON runs.execution_id = c.id
        WHERE c.phase = 3 AND c.status IS NULL AND runs.fence = c.fence AND runs.phase = 3 FOR UPDATE OF runs),
    written AS (INSERT INTO journal (execution_id, fence, n, lines, events, logs)
        SELECT id, fence, n, lines, events, logs FROM c
        WHERE (id, fence) IN (SELECT id, fence FROM moved UNION ALL SELECT id, fence FROM kept)
        ON CONFLICT (execution_id, fence, n) DO NOTHING RETURNING execution_id, fence)
    SELECT execution_id, fence FROM written";

impl Batched for Arc<Entry> {
    fn bytes(&self) -> usize {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        length(&self.events) + length(&self.logs)
    }

    async fn send(inner: &Inner, items: &[Self]) -> Result<Vec<bool>, StoreError> {
        let ints = |of: fn(&Self) -> i64| -> Vec<i64> { items.iter().map(of).collect() };
        let maybe = |of: fn(&Self) -> Option<i64>| -> Vec<Option<i64>> { items.iter().map(of).collect() };
        let ids: Vec<&str> = items.iter().map(|item| item.commit.execution_id.as_str()).collect();
        let status: Vec<Option<&str>> =
            items.iter().map(|item| item.commit.status.map(RunStatus::name)).collect();
        let events: Vec<Option<&str>> = items.iter().map(|item| item.events.as_deref()).collect();
        let logs: Vec<Option<&str>> = items.iter().map(|item| item.logs.as_deref()).collect();
        let params: [&(dyn ToSql + Sync); 11] = [
            &ids,
            &ints(|item| item.commit.fence as i64),
            &ints(|item| item.commit.number as i64),
            &ints(|item| runs::next_phase(&item.commit).unwrap_or(Phase::Claimed).number()),
            &status,
            &ints(|item| micros(item.commit.at)),
            &maybe(|item| item.commit.started_at.map(micros)),
            &maybe(|item| runs::next_due(&item.commit)),
            &ints(|item| item.commit.logs.len() as i64),
            &events,
            &logs,
        ];
        let session = inner.pool.get().await?;
        let rows = session.rows(COMMIT, &params).await?;
        let key = |row| Ok((get::<&str>(row, 0)?, get::<i64>(row, 1)?));
        let written = rows.iter().map(key).collect::<Result<HashSet<_>, StoreError>>()?;
        let done =
            |item: &Self| written.contains(&(item.commit.execution_id.as_str(), item.commit.fence as i64));
        Ok(items.iter().map(done).collect())
    }
}

/// Takes no run at all when a run with a concurrency key is ready. Such queues are processed run by run.
const CLAIM: &str = "WITH now AS (SELECT COALESCE($2, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS at),
    plain AS (SELECT NOT EXISTS (SELECT 1 FROM runs WHERE queue = $1 AND phase = 1 AND key IS NOT NULL AND holds = 0) AS is),
    expired AS (SELECT execution_id FROM runs
        WHERE queue = $1 AND phase = 3 AND claimed_until <= (SELECT at FROM now) AND (SELECT plain.is FROM plain)
        ORDER BY claimed_until, execution_id LIMIT $3 FOR UPDATE SKIP LOCKED),
    ready AS (SELECT execution_id FROM runs
        WHERE queue = $1 AND phase = 1 AND ($4 OR started_at IS NOT NULL OR cancel IS NOT NULL) AND (SELECT plain.is FROM plain)
        ORDER BY rank LIMIT GREATEST(0, LEAST($3, $5 - (SELECT COUNT(*) FROM runs
            WHERE queue = $1 AND phase = 3 AND claimed_until > (SELECT at FROM now))) - (SELECT COUNT(*) FROM expired))
        FOR UPDATE SKIP LOCKED),
    taken AS (SELECT execution_id, 0 AS class FROM expired UNION ALL SELECT execution_id, 1 FROM ready),
    claimed AS (UPDATE runs SET phase = 3, fence = fence + 1, worker = $6, claimed_until = $7 + (SELECT at FROM now),
        holds = CASE WHEN key IS NULL THEN 0 ELSE 1 END
        FROM taken WHERE runs.execution_id = taken.execution_id
        RETURNING runs.execution_id, runs.fence, runs.cancel, runs.digest, runs.rank, taken.class)
    SELECT execution_id, fence, cancel, digest FROM claimed ORDER BY class, rank";
const KEYED: &str =
    "SELECT EXISTS (SELECT 1 FROM runs WHERE queue = $1 AND phase = 1 AND key IS NOT NULL AND holds = 0)";
const PROMOTE: &str = "UPDATE runs SET phase = 1 WHERE queue = $1 AND phase = 2 AND due_at <= $2";

/// Claims runs of a queue. Returns `None` when one of them has a concurrency key that needs a check.
pub(super) async fn claim(inner: &Inner, query: &ClaimQuery) -> Result<Option<Vec<Taken>>, StoreError> {
    let session = inner.pool.get().await?;
    let (lock_it, promote) =
        (session.prepared(LOCK, &[Type::TEXT]).await?, session.prepared(PROMOTE, &[]).await?);
    let (keyed, take) = (session.prepared(KEYED, &[]).await?, session.prepared(CLAIM, &[]).await?);
    let (now, lease) = (micros(query.now), inner.lease_now(query.now));
    let (limit, concurrency) = (i64::from(query.limit), i64::from(query.concurrency));
    let length = (query.until - query.now).num_microseconds().unwrap_or(0);
    let name = format!("queue {}", query.queue);
    let params: [&(dyn ToSql + Sync); 7] =
        [&query.queue, &lease, &limit, &query.open, &concurrency, &query.worker, &length];
    let client = session.client();
    let locked: [&(dyn ToSql + Sync); 1] = [&name];
    let due: [&(dyn ToSql + Sync); 2] = [&query.queue, &now];
    let queue: [&(dyn ToSql + Sync); 1] = [&query.queue];
    // All requests go out together, and the server runs them in order: one round trip.
    let all = async {
        let (begun, locked, promoted, keyed, taken, ended) = tokio::join!(
            biased;
            client.batch_execute("BEGIN"),
            client.execute(&lock_it, &locked),
            client.execute(&promote, &due),
            client.query(&keyed, &queue),
            client.query(&take, &params),
            client.batch_execute("COMMIT"),
        );
        begun.and(locked.map(drop)).and(promoted.map(drop)).and(ended)?;
        Ok((keyed?, taken?))
    };
    let (keyed, taken) = match session.wait(all).await {
        Ok(found) => found,
        Err(error) => {
            session.roll_back().await;
            return Err(error);
        }
    };
    if keyed.first().map(|row| get::<bool>(row, 0)).transpose()?.unwrap_or(false) {
        return Ok(None);
    }
    read(inner, &session, taken).await.map(Some)
}

/// Reads the first parts of the journals of runs, like `journal::page` for one run. It reads a text only when
/// it is in the part.
const PAGES: &str = "SELECT wanted.id, part.run, part.events, part.fence, part.n, part.rows
    FROM unnest($1::text[]) AS wanted(id), LATERAL (
        SELECT run, events, fence, n, count(*) OVER () AS rows, row_number() OVER (ORDER BY fence, n) AS place,
            (sum(COALESCE(octet_length(events), 0)) OVER (ORDER BY fence, n) - COALESCE(octet_length(events), 0))::bigint AS before
        FROM journal WHERE execution_id = wanted.id AND (run IS NOT NULL OR events IS NOT NULL)) AS part
    WHERE part.before < $2::bigint AND part.place <= $3::bigint ORDER BY wanted.id, part.fence, part.n";

/// Reads the claimed runs and their history.
async fn read(
    inner: &Inner,
    session: &Session,
    rows: Vec<tokio_postgres::Row>,
) -> Result<Vec<Taken>, StoreError> {
    let mut taken = Vec::with_capacity(rows.len());
    let mut unknown = Vec::new();
    for row in &rows {
        let (id, digest): (&str, &str) = (get(row, 0)?, get(row, 3)?);
        let fence = u64::try_from(get::<i64>(row, 1)?).map_err(failed)?;
        let job = match inner.shared.known(digest) {
            Some(job) => Some(job),
            None => {
                let found = session.rows("SELECT job FROM definitions WHERE digest = $1", &[&digest]).await?;
                inner.shared.read(digest, found.first().map(|row| get(row, 0)).transpose()?)
            }
        };
        let run = match inner.shared.fresh(id, fence) {
            Some(run) => Journal::Fresh(Box::new(run)),
            None => {
                unknown.push(id);
                Journal::Stored(Page::default())
            }
        };
        taken.push((id, Taken { id: id.to_owned(), run, job, fence, cancel: get(row, 2)? }));
    }
    if !unknown.is_empty() {
        let mut pages: HashMap<String, Page> = HashMap::new();
        for row in session.rows(PAGES, &[&unknown, &PART_BYTES, &PART_ROWS]).await? {
            let page = pages.entry(get(&row, 0)?).or_default();
            page.rows.push((get(&row, 1)?, get(&row, 2)?));
            let more = get::<i64>(&row, 5)? > page.rows.len() as i64;
            page.next = more.then_some(place(get(&row, 3)?, get(&row, 4)?, true));
        }
        for (id, taken) in &mut taken {
            if let Journal::Stored(page) = &mut taken.run {
                *page = pages.remove(*id).unwrap_or_default();
            }
        }
    }
    Ok(taken.into_iter().map(|(_, taken)| taken).collect())
}

const RENEW: &str = "WITH c AS (SELECT * FROM unnest($1::text[], $2::bigint[]) AS c(id, fence)),
    kept AS (UPDATE runs SET claimed_until = $3 + COALESCE($4, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
        FROM c WHERE runs.execution_id = c.id AND runs.fence = c.fence AND runs.phase = 3
        RETURNING c.id, c.fence, runs.cancel)
    SELECT id, fence, cancel FROM kept";

pub(super) async fn renew(
    inner: &Inner,
    claims: &[(String, u64)],
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Renewal>, StoreError> {
    let ids: Vec<&str> = claims.iter().map(|(id, _)| id.as_str()).collect();
    let fences: Vec<i64> = claims.iter().map(|(_, fence)| *fence as i64).collect();
    let length = (until - now).num_microseconds().unwrap_or(0);
    let session = inner.pool.get().await?;
    let rows = session.rows(RENEW, &[&ids, &fences, &length, &inner.lease_now(now)]).await?;
    let mut kept: HashMap<(String, i64), Option<String>> = HashMap::new();
    for row in &rows {
        kept.insert((get(row, 0)?, get(row, 1)?), get(row, 2)?);
    }
    let became = |(id, fence): &(String, u64)| match kept.remove(&(id.clone(), *fence as i64)) {
        Some(cancel) => Renewal::Kept(cancel),
        None => Renewal::Lost,
    };
    Ok(claims.iter().map(became).collect())
}
