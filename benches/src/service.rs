//! The service: jobs a second against a floor of our own, lateness of schedules, memory of parked runs, next fires.

use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::json;
use stepwell::Host;
use stepwell::engine::JobDefinition;
use stepwell::engine::job::Job;
use stepwell::engine::run::Admission;
use stepwell::engine::schedule::{Calendars, Schedule, Timetable};
use stepwell::engine::store::{Change, LedgerFilter, RunFilter, ScheduleRow};
use tokio::sync::oneshot;

use crate::steps::Raw;
use crate::{Result, median};

const STEPS: usize = 3;
const TIME: Duration = Duration::from_secs(4);

pub fn run() -> Result {
    next_fire()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        throughput().await?;
        parked().await?;
        schedules().await
    })
}

/// Jobs of three no-op steps, every transition durable, against a bare guest a step and a bare writer.
async fn throughput() -> Result {
    let wasm = std::fs::read(stepwell_tests::guest("hello_step"))?;
    let raw = Arc::new(Raw::new(&wasm)?);
    println!("jobs of {STEPS} no-op steps, every transition durable (SQLite, WAL, FULL):");
    for flight in [1, 16, 512] {
        let floor = floor(&raw, flight).await?;
        let ours = ours(&wasm, flight).await?;
        println!(
            "  {flight:>3} in flight: floor {:>6.0}/s p50 {:?}; stepwell {:>6.0}/s p50 {:?} p99 {:?}: {:.2} of the floor",
            floor.rate,
            floor.p50,
            ours.rate,
            ours.p50,
            ours.p99,
            ours.rate / floor.rate
        );
    }
    Ok(())
}

struct Figures {
    rate: f64,
    p50: Duration,
    p99: Duration,
}

fn figures(mut times: Vec<Duration>, took: Duration) -> Figures {
    times.sort();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    Figures { rate: times.len() as f64 / took.as_secs_f64(), p50: at(50), p99: at(99) }
}

/// Has `flight` tasks do `work` again and again.
async fn load<F>(flight: usize, work: impl Fn() -> F + Clone + Send + 'static) -> Result<Figures>
where
    F: Future<Output = std::result::Result<(), String>> + Send,
{
    let started = Instant::now();
    let tasks = (0..flight).map(|_| {
        let work = work.clone();
        tokio::spawn(async move {
            let mut times = Vec::new();
            while started.elapsed() < TIME {
                let begin = Instant::now();
                work().await?;
                times.push(begin.elapsed());
            }
            Ok::<_, String>(times)
        })
    });
    let mut times = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        times.extend(task.await??);
    }
    Ok(figures(times, started.elapsed()))
}

/// A row that is to be on disk, and who waits for it.
type Row = (u64, oneshot::Sender<()>);

async fn floor(raw: &Arc<Raw>, flight: usize) -> Result<Figures> {
    let dir = tempfile::tempdir()?;
    let writer = bare_writer(&dir.path().join("floor.db"))?;
    let (raw, number) = (raw.clone(), Arc::new(AtomicU64::new(0)));
    let figures = load(flight, move || {
        let (raw, writer, number) = (raw.clone(), writer.clone(), number.clone());
        async move {
            let write = async || {
                let (sender, done) = oneshot::channel();
                writer.send((number.fetch_add(1, Ordering::Relaxed), sender)).map_err(|e| e.to_string())?;
                done.await.map_err(|e| e.to_string())
            };
            write().await?;
            for _ in 0..STEPS {
                raw.once().await.map_err(|e| e.to_string())?;
                write().await?;
            }
            Ok(())
        }
    });
    figures.await
}

fn bare_writer(path: &Path) -> Result<mpsc::Sender<Row>> {
    let mut connection = rusqlite::Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT)")?;
    let (sender, rows) = mpsc::channel::<Row>();
    std::thread::spawn(move || -> rusqlite::Result<()> {
        while let Ok(first) = rows.recv() {
            let group: Vec<Row> = std::iter::once(first).chain(rows.try_iter().take(511)).collect();
            let transaction = connection.transaction()?;
            for (id, _) in &group {
                let mut insert = transaction.prepare_cached("INSERT INTO t VALUES (?1, ?2)")?;
                insert.execute((id, "a transition of a run, as small as one can be"))?;
            }
            transaction.commit()?;
            for (_, done) in group {
                // Whoever waited may have gone.
                let _ = done.send(());
            }
        }
        Ok(())
    });
    Ok(sender)
}

fn job(value: serde_json::Value) -> Result<Arc<Job>> {
    Ok(Arc::new(serde_json::from_value::<JobDefinition>(value)?.into()))
}

async fn ours(wasm: &[u8], flight: usize) -> Result<Figures> {
    let dir = tempfile::tempdir()?;
    let host = Host::builder()
        .data_dir(dir.path())
        .queues(serde_json::from_value(json!({"default": {"concurrency": 1000}}))?);
    let host = host.build()?;
    host.register(wasm.to_vec()).await?;
    let service = host.serve().await?;
    let steps: Vec<_> =
        (0..STEPS).map(|i| json!({"id": format!("s{i}"), "type": "hello", "who": "you"})).collect();
    let job = job(json!({"id": "noop", "steps": steps}))?;
    let figures = {
        let host = host.clone();
        load(flight, move || {
            let (host, job) = (host.clone(), job.clone());
            async move {
                let ran =
                    host.run_queued(&job, Admission::default(), None, None, Duration::from_secs(60)).await;
                let (admitted, state) = ran.map_err(|e| e.to_string())?;
                match state.status {
                    stepwell::engine::run::RunStatus::Success => Ok(()),
                    other => Err(format!("{} is {}", admitted.execution_id, other.name())),
                }
            }
        })
        .await?
    };
    service.drain().await;
    Ok(figures)
}

/// 10,000 runs that wait for something outside.
async fn parked() -> Result {
    const RUNS: u64 = 10_000;
    let dir = tempfile::tempdir()?;
    let host = Host::builder().data_dir(dir.path()).build()?;
    let service = host.serve().await?;
    let job = job(json!({"id": "waits", "steps": [{"id": "w", "type": "wait", "for": 3600}]}))?;
    host.enqueue(&job, Admission::default(), None, None).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = resident()?;
    for _ in 0..RUNS {
        host.enqueue(&job, Admission::default(), None, None).await?;
    }
    loop {
        let queues = host.queue_status().await?;
        if queues.iter().map(|queue| queue.ready + queue.running).sum::<u64>() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let each = resident()?.saturating_sub(before) as f64 / RUNS as f64;
    println!("{RUNS} parked runs: {each:.0} bytes of memory each");
    service.drain().await;
    Ok(())
}

fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/statm")?;
    Ok(status.split(' ').nth(1).ok_or("statm")?.parse::<u64>()? * 4096)
}

/// 100,000 schedules over all zones, all due within one minute.
async fn schedules() -> Result {
    const COUNT: usize = 100_000;
    let dir = tempfile::tempdir()?;
    let host = Host::builder().data_dir(dir.path()).build()?;
    let begin = host.now() + chrono::Duration::seconds(25);
    let zones = chrono_tz::TZ_VARIANTS;
    let mut changes = Vec::new();
    for number in 0..COUNT {
        let due = begin + chrono::Duration::milliseconds(60_000 * number as i64 / COUNT as i64);
        let zone = zones[number % zones.len()].name();
        let job = job(json!({"id": format!("job-{number}"), "timezone": zone,
            "schedule": {"every": "1h", "start": due.to_rfc3339()}, "steps": [{"id": "w", "type": "wait", "for": 0}]}))?;
        let row = ScheduleRow {
            job_id: job.id.clone(),
            job,
            made: due,
            cursor: host.now(),
            next: Some(due),
            paused: None,
        };
        changes.push(Change::PutSchedule(row));
        if changes.len() == 1000 {
            host.store().write(std::mem::take(&mut changes)).await?;
        }
    }
    host.store().write(changes).await?;
    let service = host.serve().await?;
    tokio::time::sleep((begin - host.now()).to_std().unwrap_or_default() + Duration::from_secs(70)).await;
    let ledger = host.ledger(&LedgerFilter { limit: u32::MAX, ..LedgerFilter::default() }).await?;
    let late = |at: DateTime<Utc>, due: DateTime<Utc>| (at - due).to_std().unwrap_or_default();
    let decided = figures(ledger.iter().map(|row| late(row.decided_at, row.due_at)).collect(), TIME);
    let rows = host.runs(&RunFilter { limit: u32::MAX, ..RunFilter::default() }).await?;
    let begun: Vec<Duration> =
        rows.iter().filter_map(|row| Some(late(row.started_at?, row.due_at))).collect();
    let (count, begun) = (begun.len(), figures(begun, TIME));
    println!(
        "{COUNT} schedules over {} zones due in one minute: {} fired, p50 {:?} p99 {:?} late; {count} begun, p99 {:?} late",
        zones.len(),
        ledger.len(),
        decided.p50,
        decided.p99,
        begun.p99
    );
    service.drain().await;
    Ok(())
}

/// The next fire of a pattern in every zone: ours against croner alone.
fn next_fire() -> Result {
    println!("next fire, over all zones, median:");
    let from: DateTime<Utc> = "2026-03-28T12:34:56Z".parse()?;
    for pattern in ["* * * * *", "0 9 * * MON-FRI", "0 0 1 * *"] {
        let schedule: Schedule = serde_json::from_value(json!({"cron": pattern}))?;
        let cron = croner::Cron::from_str(pattern)?;
        let (mut ours, mut alone) = (Vec::new(), Vec::new());
        for zone in chrono_tz::TZ_VARIANTS {
            let timetable = Timetable::new("job", &schedule, zone, &Calendars::new(), from)
                .map_err(|e| format!("{e:?}"))?;
            let local = from.with_timezone(&zone);
            let begin = Instant::now();
            for _ in 0..20 {
                std::hint::black_box(timetable.next(std::hint::black_box(from)));
            }
            ours.push(begin.elapsed() / 20);
            let begin = Instant::now();
            for _ in 0..20 {
                std::hint::black_box(cron.find_next_occurrence(std::hint::black_box(&local), false).ok());
            }
            alone.push(begin.elapsed() / 20);
        }
        let (ours, alone) = (median(ours), median(alone));
        println!(
            "  {pattern}: croner {alone:?}, stepwell {ours:?} ({:.2}x)",
            ours.as_secs_f64() / alone.as_secs_f64()
        );
    }
    Ok(())
}
