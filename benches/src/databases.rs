//! A million rows between databases and files, against the databases' own clients in the same run.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stepwell::Host;
use stepwell::engine::run::RunState;
use stepwell_tests::servers::{self, Database, PASSWORD};

use crate::service::job;
use crate::{Result, median};

const ROWS: u64 = 1_000_000;
const ROUNDS: usize = 3;
const COLUMNS: &str = "id bigint, day date, at timestamp, region varchar(20), amount numeric(12,2), quantity int, rate double precision, note varchar(60)";

pub fn run() -> Result {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(compare())
}

async fn compare() -> Result {
    let Some(database) = servers::postgres().await else { return Ok(()) };
    let made = format!(
        "INSERT INTO sales SELECT g, date '2020-01-01' + (g % 2000)::int, timestamp '2020-01-01' + g * interval '37 s', \
         'region ' || g % 50, (g % 100000) / 7.0, g % 1000, g / 3.0, 'a note of some length, number ' || g \
         FROM generate_series(1, {ROWS}) AS t (g)"
    );
    let owner = format!("ALTER TABLE sales OWNER TO {}", database.name);
    let owner_of_copy = format!("ALTER TABLE loaded OWNER TO {}", database.name);
    let (sales, loaded) =
        (format!("CREATE TABLE sales ({COLUMNS})"), format!("CREATE UNLOGGED TABLE loaded ({COLUMNS})"));
    database.fill(&[&sales, &made, &loaded, &owner, &owner_of_copy, "ANALYZE sales"]).await;
    let dir = tempfile::tempdir()?;
    let host = host(&database, dir.path())?;
    let csv = dir.path().join("sales.csv");

    println!("{ROWS} rows of eight columns, median of {ROUNDS}, in turns:");
    let (mut theirs, mut ours, mut peak) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let copy = format!("\\copy (SELECT * FROM sales) TO '{}' CSV HEADER", csv.display());
        theirs.push(psql(&database, &copy)?);
        let watch = Watch::start();
        ours.push(
            step(&host, json!({"query": "SELECT * FROM sales", "output": "sales.parquet"}), None).await?,
        );
        peak = watch.stop();
    }
    print_ratio("PostgreSQL to a file (psql \\copy to CSV; ours to Parquet)", theirs, ours);
    let watch = Watch::start();
    step(
        &host,
        json!({"query": format!("SELECT * FROM sales LIMIT {}", ROWS / 10), "output": "sales.parquet"}),
        None,
    )
    .await?;
    println!(
        "  memory of the host above its start: {} MiB, with a tenth of the rows {} MiB",
        peak >> 20,
        watch.stop() >> 20
    );

    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    let load = json!({"load": {"file": "in.csv", "table": "loaded"}});
    for _ in 0..ROUNDS {
        database.fill(&["TRUNCATE loaded"]).await;
        theirs.push(psql(&database, &format!("\\copy loaded FROM '{}' CSV HEADER", csv.display()))?);
        database.fill(&["TRUNCATE loaded"]).await;
        ours.push(step(&host, load.clone(), Some(&csv)).await?);
    }
    print_ratio("a file to PostgreSQL (psql \\copy)", theirs, ours);

    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let file = dir.path().join("theirs.db");
        empty(&file)?;
        let begin = Instant::now();
        let import = format!(".import --csv --skip 1 '{}' loaded", csv.display());
        let done = Command::new("sqlite3").arg(&file).arg(import).status();
        if !done.is_ok_and(|status| status.success()) {
            println!("  skipped: sqlite3 is not installed");
            return Ok(());
        }
        theirs.push(begin.elapsed());
        empty(&dir.path().join("ours.db"))?;
        let mut config = load.clone();
        config["connection_name"] = "lite".into();
        ours.push(step(&host, config, Some(&csv)).await?);
    }
    print_ratio("a file to SQLite (sqlite3 .import)", theirs, ours);
    Ok(())
}

fn empty(file: &Path) -> Result {
    // The file may not exist.
    let _ = std::fs::remove_file(file);
    rusqlite::Connection::open(file)?.execute_batch(&format!("CREATE TABLE loaded ({COLUMNS})"))?;
    Ok(())
}

fn host(database: &Database, dir: &Path) -> Result<Host> {
    empty(&dir.join("ours.db"))?;
    std::fs::write(dir.join("password"), PASSWORD)?;
    let config =
        format!("connections: {{db: {}, lite: {{type: sqlite, path: ours.db}}}}\n", database.connection(""));
    std::fs::write(dir.join("stepwell.yaml"), config)?;
    let policy = "policy: 1\nname: p\nsteps: [sql]\nprofile: large\nlimits: {sql_rows: 2_000_000, sql_bytes: 1GiB}\n\
        sql: [{connection: db, mode: write}, {connection: lite, mode: write}]\n\
        files: [{mount: /workspace, workspace: 1GiB, access: write}]\n";
    std::fs::write(dir.join("policy.yaml"), policy)?;
    let builder = Host::builder().config_file(dir.join("stepwell.yaml")).policy_file(dir.join("policy.yaml"));
    Ok(builder.data_dir(dir.join("data")).build()?)
}

fn psql(database: &Database, command: &str) -> Result<Duration> {
    let begin = Instant::now();
    let done = Command::new("psql")
        .args([
            "-q",
            "-h",
            &database.host,
            "-p",
            &database.port.to_string(),
            "-U",
            &database.name,
            "-d",
            &database.name,
        ])
        .env("PGPASSWORD", PASSWORD)
        .args(["-c", command])
        .status()?;
    if done.success() { Ok(begin.elapsed()) } else { Err("psql failed".into()) }
}

/// Returns the duration of a step with this configuration, with a file as `in.csv` of its workspace.
async fn step(host: &Host, config: Value, file: Option<&Path>) -> Result<Duration> {
    let mut step = json!({"id": "s", "type": "sql", "connection_name": "db"});
    for (key, value) in config.as_object().into_iter().flatten() {
        step[key] = value.clone();
    }
    let job = job(json!({"id": "databases", "workspace": "1GiB", "steps": [step]}))?;
    let id = host.runs().submit(job.definition().clone(), Default::default()).await?;
    if let Some(file) = file {
        std::fs::create_dir_all(host.runs().workspace(&id))?;
        std::fs::copy(file, host.runs().workspace(&id).join("in.csv"))?;
    }
    let state: RunState = host.runs().resume(&id, &Quiet, Default::default()).await?;
    let end = state.steps.first().and_then(|step| step.end.clone()).ok_or("no end")?;
    if !end.outcome.is_success() {
        return Err(end.outcome.message().to_owned().into());
    }
    std::fs::remove_dir_all(host.runs().workspace(&id))?;
    Ok(Duration::from_micros(end.receipt.run_us))
}

struct Quiet;

impl stepwell::Observer for Quiet {
    fn notice(&self, _: &RunState, _: usize, _: stepwell::Notice<'_>) {}
}

fn print_ratio(what: &str, theirs: Vec<Duration>, ours: Vec<Duration>) {
    let (theirs, ours) = (median(theirs), median(ours));
    println!("  {what}: {theirs:.2?}, ours {ours:.2?}: {:.2}x", ours.as_secs_f64() / theirs.as_secs_f64());
}

/// Samples the memory of this process.
struct Watch {
    stop: Arc<AtomicBool>,
    peak: Arc<AtomicU64>,
    start: u64,
}

impl Watch {
    fn start() -> Self {
        let (stop, peak): (Arc<AtomicBool>, Arc<AtomicU64>) = Default::default();
        let (stopped, highest) = (stop.clone(), peak.clone());
        std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                highest.fetch_max(resident(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        Self { stop, peak, start: resident() }
    }

    /// Returns how far it rose above its start.
    fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.peak.load(Ordering::Relaxed).saturating_sub(self.start)
    }
}

/// Returns the resident bytes of this process (`/proc/self/statm`, in pages of 4 KiB).
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}
