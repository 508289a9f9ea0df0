//! The service: jobs per second compared with a minimal writer, and the duration of a request.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;
use stepwell::Host;
use stepwell::engine::JobDefinition;
use stepwell::engine::job::Job;
use stepwell::engine::run::Admission;
use tokio::sync::oneshot;

use crate::Result;
use crate::http::Server;
use crate::steps::Raw;

const STEPS: usize = 3;
const TIME: Duration = Duration::from_secs(4);

pub fn run() -> Result {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        throughput().await?;
        execute().await
    })
}

/// Jobs of three no-op steps, every transition durable, compared with a bare guest per step and a
/// bare writer.
async fn throughput() -> Result {
    let wasm = std::fs::read(stepwell_tests::guest("hello_step"))?;
    let raw = Arc::new(Raw::new(&wasm)?);
    println!("jobs of {STEPS} no-op steps, every transition durable (SQLite, WAL, FULL):");
    for flight in [1, 16, 512] {
        let floor = floor(&raw, flight).await?;
        println!("  {flight:>3} in flight: the floor {:>6.0}/s, p50 {:?}", floor.rate, floor.p50);
        for (name, figures) in
            [("library", ours(&wasm, flight).await?), ("HTTP", over_http(flight, STEPS).await?)]
        {
            let Figures { rate, p50, p99 } = figures;
            println!(
                "      {name:<7} {rate:>6.0}/s, p50 {p50:?}, p99 {p99:?}: {:.2} of the floor",
                rate / floor.rate
            );
        }
    }
    Ok(())
}

/// Jobs of this number of steps, each sent with `POST /api/v2/jobs/execute`, which waits for the end.
async fn over_http(flight: usize, steps: usize) -> Result<Figures> {
    let dir = tempfile::tempdir()?;
    let server = Server::start(dir.path())?;
    let mut clients = Vec::new();
    for _ in 0..flight {
        clients.push(server.client().await?);
    }
    let (clients, job) = (Arc::new(Mutex::new(clients)), request(steps));
    let figures = load(flight, move || {
        let (clients, job) = (clients.clone(), job.clone());
        async move {
            let client = clients.lock().ok().and_then(|mut free| free.pop());
            let mut client = client.ok_or("no connection is free")?;
            let answer = client.execute(&job, true).await.map_err(|e| e.to_string())?;
            if let Ok(mut free) = clients.lock() {
                free.push(client);
            }
            if answer["success"] == true { Ok(()) } else { Err(answer.to_string()) }
        }
    });
    figures.await
}

fn request(steps: usize) -> Bytes {
    let steps: Vec<_> =
        (0..steps).map(|i| json!({"id": format!("s{i}"), "type": "hello", "who": "you"})).collect();
    json!({"job": {"id": "noop", "steps": steps}}).to_string().into()
}

/// `POST /api/v2/jobs/execute` of a one-step job by one client, alternating with an fsync of the same disk.
async fn execute() -> Result {
    const ROUNDS: usize = 1000;
    let dir = tempfile::tempdir()?;
    let server = Server::start(dir.path())?;
    let (mut client, job) = (server.client().await?, request(1));
    let mut file = std::fs::File::create(dir.path().join("synced"))?;
    let (mut ours, mut syncs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        client.execute(&job, true).await?;
        ours.push(begin.elapsed());
        let begin = Instant::now();
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        syncs.push(begin.elapsed());
    }
    let (ours, sync) = (figures(ours, TIME), figures(syncs, TIME));
    println!("POST /api/v2/jobs/execute of one no-op step: p50 {:?}, p99 {:?}", ours.p50, ours.p99);
    println!("  one fsync beside it:                       p50 {:?}, p99 {:?}", sync.p50, sync.p99);
    Ok(())
}

pub(crate) struct Figures {
    rate: f64,
    pub p50: Duration,
    pub p99: Duration,
}

/// Returns the figures of some times, which took `took` in total.
pub(crate) fn figures(mut times: Vec<Duration>, took: Duration) -> Figures {
    times.sort();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    Figures { rate: times.len() as f64 / took.as_secs_f64(), p50: at(50), p99: at(99) }
}

/// Runs `work` repeatedly in `flight` tasks.
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

/// A row to write to disk, and the channel of its waiting task.
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
                // The waiting task may have ended.
                let _ = done.send(());
            }
        }
        Ok(())
    });
    Ok(sender)
}

pub(crate) fn job(value: serde_json::Value) -> Result<Arc<Job>> {
    Ok(Arc::new(serde_json::from_value::<JobDefinition>(value)?.into()))
}

async fn ours(wasm: &[u8], flight: usize) -> Result<Figures> {
    let dir = tempfile::tempdir()?;
    // Otherwise the service compiles all steps meanwhile.
    let host = Host::builder()
        .data_dir(dir.path())
        .compile_on_demand()
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
                let ran = host
                    .runs()
                    .run_queued(&job, Admission::default(), None, None, Duration::from_secs(60))
                    .await;
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
