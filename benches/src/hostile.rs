//! A service with hostile guests: the waiting time of others.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::Result;
use crate::http::{Client, Server};
use crate::service::{Figures, figures};

/// The duration of each kind.
const TIME: Duration = Duration::from_secs(5);
/// The pause between two requests of the waiting clients.
const PAUSE: Duration = Duration::from_millis(5);
/// Number of attempts of each kind at one time.
const AT_ONCE: usize = 2;

/// A hostile attempt ends by itself a little after the others have stopped measuring.
const POLICY: &str = "policy: 1
name: hostile
steps: [probe]
limits: {wall: 6s}
context: {read: [seen, steps.first], write: [seen]}
files: [{mount: /scratch, scratch: 64MiB, access: write}]
# The probe is refused without a connection, and does not use it.
sql: [{connection: w}]
";

pub fn run() -> Result {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(compare())
}

async fn compare() -> Result {
    let dir = tempfile::tempdir()?;
    let server = start(dir.path())?;
    println!(
        "{AT_ONCE} hostile attempts of each kind at once, for {} s, and two others beside them:",
        TIME.as_secs()
    );
    let alone = beside(&server).await?;
    show("nothing", &alone, &alone, 0);
    for (name, steps) in kinds() {
        let job: Bytes = json!({"job": {
            "id": "hostile", "vars": {"long": "x".repeat(100_000)}, "steps": steps,
        }})
        .to_string()
        .into();
        let hostile = (0..AT_ONCE).map(|_| again(&server, &job));
        let (ended, found) = tokio::join!(futures_util::future::join_all(hostile), beside(&server));
        let ended: Vec<u64> = ended.into_iter().collect::<Result<_>>()?;
        show(name, &alone, &found?, ended.iter().sum());
    }
    let metrics = server.client().await?.text("/metrics").await?;
    println!("  renewals of leases, and their lateness in seconds:");
    for line in metrics.lines().filter(|line| line.starts_with("stepwell_renewal_lateness_seconds_")) {
        println!("    {line}");
    }
    Ok(())
}

fn start(dir: &Path) -> Result<Server> {
    let (policy, config) = (dir.join("policy.yaml"), dir.join("stepwell.yaml"));
    std::fs::write(&policy, POLICY)?;
    std::fs::write(&config, "connections: {w: {type: sqlite, path: w.db}}\n")?;
    rusqlite::Connection::open(dir.join("w.db"))?.execute_batch("CREATE TABLE t (n)")?;
    let probe = stepwell_tests::guest("probe");
    Server::start_with(dir, |command| {
        command.arg("--step").arg(probe).arg("--policy").arg(policy).arg("--config").arg(config);
    })
}

/// Returns the kinds of attacks: jobs of a guest with only its own directory and variables.
fn kinds() -> Vec<(&'static str, Value)> {
    let mut kinds = vec![
        ("computes", json!([{"id": "s", "type": "probe", "case": "spin"}])),
        ("takes memory", json!([{"id": "s", "type": "probe", "case": "memory"}])),
        ("fills 60 MiB", json!([{"id": "s", "type": "probe", "case": "dirty", "count": 60}])),
        ("recurses", json!([{"id": "s", "type": "probe", "case": "recurse"}])),
        (
            "logs",
            json!([{"id": "s", "type": "probe", "case": "log", "count": 100_000, "text": "x".repeat(1000)}]),
        ),
        ("gives a large output", json!([{"id": "s", "type": "probe", "case": "output", "count": 1_000_000}])),
        (
            "makes files",
            json!([{"id": "s", "type": "probe", "case": "files", "path": "/scratch", "count": 1000}]),
        ),
        (
            "has bodies held",
            json!([{"id": "s", "type": "probe", "case": "hold", "text": "bodies", "count": 1500}]),
        ),
        // The host evaluates these, before any guest runs.
        (
            "has texts rendered",
            json!([{"id": "s", "type": "probe", "case": "noop",
            "text": "${{ vars.long | upper | length }}".repeat(400)}]),
        ),
    ];
    for (name, what) in [
        ("calls log.write", "log"),
        ("calls random", "random"),
        ("calls poll", "poll"),
        ("calls set-variable", "variable"),
        ("calls get-output", "output"),
        ("calls what is cheap", "cheap"),
    ] {
        let first = json!({"id": "first", "type": "probe", "case": "output", "count": 500_000});
        kinds.push((name, json!([first, {"id": "s", "type": "probe", "case": "work", "text": what}])));
    }
    kinds
}

/// Runs a hostile job repeatedly, and returns how many runs ended.
async fn again(server: &Server, job: &Bytes) -> Result<u64> {
    let mut client = server.client().await?;
    let (started, mut ended) = (Instant::now(), 0);
    while started.elapsed() < TIME {
        client.execute(job, true).await?;
        ended += 1;
    }
    Ok(ended)
}

/// The measurements of two other clients meanwhile: one asks whether the service lives, one runs a
/// no-op step.
struct Seen {
    health: Figures,
    step: Figures,
}

async fn beside(server: &Server) -> Result<Seen> {
    let (mut asking, mut running) = (server.client().await?, server.client().await?);
    let noop = json!({"job": {"id": "noop", "steps": [{"id": "s", "type": "hello", "who": "you"}]}});
    let noop = Bytes::from(noop.to_string());
    let health = measured(async || asking.text("/healthz").await.map(drop));
    let step = measured(async || running.execute(&noop, true).await.map(drop));
    let (health, step) = tokio::try_join!(health, step)?;
    Ok(Seen { health, step })
}

async fn measured(mut work: impl AsyncFnMut() -> Result) -> Result<Figures> {
    let (started, mut times) = (Instant::now(), Vec::new());
    while started.elapsed() < TIME {
        let begin = Instant::now();
        work().await?;
        times.push(begin.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    Ok(figures(times, TIME))
}

fn show(name: &str, alone: &Seen, found: &Seen, ended: u64) {
    let ratio = |now: Duration, then: Duration| now.as_secs_f64() / then.as_secs_f64().max(1e-9);
    println!(
        "  {name:<22} /healthz p50 {:>8.2?} p99 {:>8.2?}; a no-op step p50 {:>8.2?} ({:.1} of alone) p99 {:>8.2?} ({:.1}); {ended} runs",
        found.health.p50,
        found.health.p99,
        found.step.p50,
        ratio(found.step.p50, alone.step.p50),
        found.step.p99,
        ratio(found.step.p99, alone.step.p99),
    );
}

impl Client {
    /// Returns the body of a response.
    async fn text(&mut self, path: &str) -> Result<String> {
        let body = self.get(path).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}
