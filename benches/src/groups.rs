//! Groups: items of one run compared with the same steps as separate runs, and the growth with their number.

use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use stepwell::Host;
use stepwell::engine::run::{Admission, RunStatus};

use crate::Result;
use crate::service::job;

/// Runs in flight of the comparison, as many as attempts of one run.
const FLIGHT: usize = 64;

pub fn run() -> Result {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let wasm = std::fs::read(stepwell_tests::guest("hello_step"))?;
        println!("no-op steps, every transition durable (SQLite, WAL, FULL):");
        for count in [100, 1_000, 10_000] {
            let alone = separate(&wasm, count).await?;
            let (items, events) = in_one_run(&wasm, count).await?;
            println!(
                "  {count:>6}: {alone:>6.0}/s as separate runs, {items:>6.0}/s as items of one run: {:.2}; {:.0} bytes of journal each",
                items / alone,
                events as f64 / count as f64
            );
        }
        naps().await
    })
}

async fn host(wasm: &[u8], dir: &std::path::Path) -> Result<Host> {
    let host = Host::builder().data_dir(dir).parallel_execution(true).compile_on_demand().build()?;
    host.register(wasm.to_vec()).await?;
    host.serve().await?;
    Ok(host)
}

/// Returns the steps per second of runs with one step.
async fn separate(wasm: &[u8], count: usize) -> Result<f64> {
    let dir = tempfile::tempdir()?;
    let host = Arc::new(host(wasm, dir.path()).await?);
    let job = job(json!({"id": "one", "steps": [{"id": "s", "type": "hello", "who": "you"}]}))?;
    let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let begin = Instant::now();
    let tasks = (0..FLIGHT).map(|_| {
        let (host, job, next) = (host.clone(), job.clone(), next.clone());
        tokio::spawn(async move {
            while next.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < count {
                let limit = std::time::Duration::from_secs(600);
                let run = host.runs().run_queued(&job, Admission::default(), None, None, limit).await;
                let (_, state) = run.map_err(|error| error.to_string())?;
                if state.status != RunStatus::Success {
                    return Err(format!("a run ended as {:?}", state.status));
                }
            }
            Ok::<_, String>(())
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await??;
    }
    Ok(count as f64 / begin.elapsed().as_secs_f64())
}

/// Returns the steps per second of a run with that number of items, and the bytes of its journal.
async fn in_one_run(wasm: &[u8], count: usize) -> Result<(f64, u64)> {
    let dir = tempfile::tempdir()?;
    let host = host(wasm, dir.path()).await?;
    let items: Vec<usize> = (0..count).collect();
    let job = job(json!({"id": "many", "vars": {"list": items}, "timeout_seconds": 3600, "steps": [
        {"id": "g", "type": "parallel_group", "for_each": "${{ vars.list }}", "parallel_steps": [
            {"id": "s", "type": "hello", "who": "${{ item }} of you"}]}]}))?;
    let begin = Instant::now();
    let limit = std::time::Duration::from_secs(1_800);
    let (admitted, state) = host.runs().run_queued(&job, Admission::default(), None, None, limit).await?;
    let took = begin.elapsed().as_secs_f64();
    if state.status != RunStatus::Success {
        return Err(format!(
            "the run ended as {:?}: {:?}",
            state.status,
            state.steps.first().map(|s| s.message())
        )
        .into());
    }
    let database = rusqlite::Connection::open(dir.path().join("stepwell.db"))?;
    let bytes = database.query_row(
        "SELECT SUM(LENGTH(events)) FROM journal WHERE execution_id = ?1",
        [&admitted.execution_id],
        |row| row.get::<_, u64>(0),
    )?;
    Ok((count as f64 / took, bytes))
}

/// Runs a group of eight waits of one second.
async fn naps() -> Result {
    let dir = tempfile::tempdir()?;
    let host = Host::builder().data_dir(dir.path()).parallel_execution(true).compile_on_demand().build()?;
    host.serve().await?;
    let nap = |i: usize| json!({"id": format!("n{i}"), "type": "wait", "for": 1});
    let naps: Vec<_> = (0..8).map(nap).collect();
    let job =
        job(json!({"id": "naps", "steps": [{"id": "g", "type": "parallel_group", "parallel_steps": naps}]}))?;
    let limit = std::time::Duration::from_secs(60);
    host.runs().run_queued(&job, Admission::default(), None, None, limit).await?;
    let begin = Instant::now();
    host.runs().run_queued(&job, Admission::default(), None, None, limit).await?;
    println!("a group of 8 waits of 1 s: {:.2} s", begin.elapsed().as_secs_f64());
    Ok(())
}
