//! Nodes over one PostgreSQL: runs of one no-op step per second with 1, 2 and 4 nodes, compared with bare
//! claims by pgbench and with other job queues that run here.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stepwell::Host;
use stepwell::engine::JobDefinition;
use stepwell::engine::job::Job;
use stepwell::engine::run::RunStatus;
use stepwell::engine::store::prelude::*;
use stepwell::engine::store::{NewRun, RunFilter, RunRow};
use stepwell::store::PostgresStore;
use stepwell_tests::servers::{self, Database, PASSWORD};

use crate::Result;
use crate::service::figures;

const RUNS: usize = 12_000;
const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo"];
const STEADY: usize = 1000;

pub fn run() -> Result {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let Some(database) = servers::postgres().await else { return Ok(()) };
        println!("{RUNS} runs of one no-op step, claimed, run and committed, on PostgreSQL:");
        for nodes in [1, 2, 4] {
            let bare = bare(&database, nodes).await?;
            let (rate, lateness) = ours(&database, nodes).await?;
            println!(
                "  {nodes} nodes {rate:>6.0}/s, beside {bare:>6.0}/s bare claims by {nodes} clients of pgbench: {:.2}; p99 from being due to the begin, one run in 5 ms: {lateness:?}",
                rate / bare
            );
        }
        peers(&database)
    })
}

/// Claims with `FOR UPDATE SKIP LOCKED`, one per transaction, by this number of clients.
async fn bare(database: &Database, clients: usize) -> Result<f64> {
    database
        .fill(&[
            "DROP TABLE IF EXISTS bare",
            "CREATE TABLE bare (id bigint PRIMARY KEY, state int NOT NULL)",
            "INSERT INTO bare SELECT n, 0 FROM generate_series(1, 200000) AS n",
            "CREATE INDEX bare_ready ON bare (id) WHERE state = 0",
            "VACUUM ANALYZE bare",
        ])
        .await;
    database.fill(&[&format!("GRANT ALL ON bare TO {}", database.name)]).await;
    let dir = tempfile::tempdir()?;
    let script = dir.path().join("claim.sql");
    std::fs::write(
        &script,
        "UPDATE bare SET state = 1 WHERE id = (SELECT id FROM bare WHERE state = 0 ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING id;\n",
    )?;
    let output = Command::new("pgbench")
        .env("PGPASSWORD", PASSWORD)
        .args([
            "-h",
            &database.host,
            "-p",
            &database.port.to_string(),
            "-U",
            &database.name,
            "-n",
            "-M",
            "prepared",
            "-T",
            "5",
        ])
        .args(["-c", &clients.to_string(), "-j", &clients.to_string(), "-f"])
        .arg(&script)
        .arg(&database.name)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("tps = "))
        .ok_or_else(|| format!("{text}{output:?}"))?;
    Ok(line.split(' ').next().unwrap_or_default().parse()?)
}

/// A node as a separate process, until this is dropped.
struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Node {
    fn start(url: &str) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["node", url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().ok_or("no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        Ok(Self(child))
    }
}

/// Runs the process that [`Node::start`] starts.
pub fn node(url: &str) -> Result {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let dir = tempfile::tempdir()?;
        let host = Host::builder().data_dir(dir.path()).store_url(url).compile_on_demand().build()?;
        host.register(std::fs::read(stepwell_tests::guest("hello_step"))?).await?;
        // Compile it before the measurement starts.
        let warm: JobDefinition = serde_json::from_value(job())?;
        let memory = Host::builder().sandbox(host.sandbox().clone()).compile_on_demand().build()?;
        memory.run(warm, Default::default()).await?;
        let _service = host.serve().await?;
        println!("ready");
        tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
        Ok(())
    })
}

fn job() -> Value {
    json!({"id": "noop", "steps": [{"id": "s", "type": "hello", "who": "you"}]})
}

/// Returns runs per second, and the p99 of a run's waiting time under low load.
async fn ours(database: &Database, nodes: usize) -> Result<(f64, Duration)> {
    let url = format!("{}&schema=nodes_{nodes}", database.url());
    let store = Arc::new(PostgresStore::new(&url)?);
    let job: Arc<Job> = Arc::new(serde_json::from_value::<JobDefinition>(job())?.into());
    let new = |number: usize, now| {
        let mut run = NewRun::of(job.clone(), &format!("exec_20260101_000000_{number:06}"), now);
        run.queue = ZONES.get(number % ZONES.len()).map(|zone| (*zone).to_owned());
        run
    };
    let mut inserts = tokio::task::JoinSet::new();
    for number in 0..RUNS {
        let (store, run) = (store.clone(), new(number, chrono::Utc::now()));
        inserts.spawn(async move { store.insert(&run, Vec::new()).await });
    }
    while let Some(done) = inserts.join_next().await {
        done??;
    }
    let all = (0..nodes).map(|_| Node::start(&url)).collect::<Result<Vec<_>>>()?;
    let rows = ended(&*store, RUNS).await?;
    let first = rows.iter().filter_map(|row| row.started_at).min().ok_or("nothing began")?;
    let last = rows.iter().filter_map(|row| row.ended_at).max().ok_or("nothing ended")?;
    let rate = RUNS as f64 / (last - first).as_seconds_f64();
    for number in 0..STEADY {
        store.insert(&new(RUNS + number, chrono::Utc::now()), Vec::new()).await?;
        for zone in ZONES {
            store.announce(stepwell::engine::store::Wake::Queue(zone.to_owned()));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rows = ended(&*store, RUNS + STEADY).await?;
    let steady = rows
        .iter()
        .filter(|row| row.execution_id.as_str() >= format!("exec_20260101_000000_{RUNS:06}").as_str());
    let late = steady.filter_map(|row| (row.started_at? - row.created_at).to_std().ok()).collect();
    drop(all);
    Ok((rate, figures(late, Duration::from_secs(1)).p99))
}

async fn ended(store: &dyn Store, count: usize) -> Result<Vec<RunRow>> {
    let filter = RunFilter { status: Some(RunStatus::Success), limit: u32::MAX, ..RunFilter::default() };
    let begun = Instant::now();
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let rows = store.list(&filter).await?;
        if rows.len() >= count {
            return Ok(rows);
        }
        if begun.elapsed() > Duration::from_secs(180) {
            return Err(format!("{} of {count} ended", rows.len()).into());
        }
    }
}

/// Measures other job queues that are installed.
fn peers(database: &Database) -> Result {
    let dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/peers"));
    if !dir.join("node_modules").is_dir() {
        println!("  skipped: the peers are not installed (npm ci in benches/peers)");
        return Ok(());
    }
    let output = Command::new("node")
        .arg("run.mjs")
        .arg(database.url())
        .arg(RUNS.to_string())
        .current_dir(dir)
        .output()?;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let found: Value = serde_json::from_str(line)?;
        println!(
            "  {:<16} {:>6.0} jobs/s; p99 pick-up, one job in 5 ms: {} ms",
            found["name"].as_str().unwrap_or_default(),
            found["rate"].as_f64().unwrap_or_default(),
            found["pickup_p99_ms"]
        );
    }
    if !output.status.success() {
        println!("  the peers failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
