//! The query and the data of the data step: 10 million rows, filter and group by 1,000 keys, as CSV and as
//! Parquet, against DuckDB and Polars (one thread each) if Python has them. CPU seconds of the processes.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::Result;

const ROWS: u64 = 10_000_000;
pub(crate) const QUERY: &str = "SELECT key, COUNT(*) AS n, SUM(value) AS total, AVG(price) AS mean FROM t WHERE flag < 80 GROUP BY key ORDER BY key";

pub fn run() -> Result {
    let dir = stepwell_tests::root().join("target/bench-data");
    fs::create_dir_all(&dir)?;
    let csv = dir.join("rows.csv");
    if !csv.exists() {
        println!("making {} ({ROWS} rows)", csv.display());
        generate(&csv, ROWS)?;
    }
    let parquet = dir.join("rows.parquet");
    if !parquet.exists() {
        let job = json!({"inputs": {"t": "/in/rows.csv"}, "query": "SELECT * FROM t", "output": "/in/rows.parquet"});
        stepwell(&dir, &job, "512MiB")?;
    }
    println!("{ROWS} rows, filter and group by 1,000 keys, one thread, CPU seconds (least of 3):");
    for file in ["rows.parquet", "rows.csv"] {
        let job = json!({"inputs": {"t": format!("/in/{file}")}, "query": QUERY, "output": "/in/out.csv"});
        let mut best: Option<(f64, Value)> = None;
        for _ in 0..3 {
            let found = stepwell(&dir, &job, "64MiB")?;
            if best.as_ref().is_none_or(|best| found.cpu < best.0) {
                best = Some((found.cpu, found.receipt));
            }
        }
        let (own, receipt) = best.ok_or("no run")?;
        let (fuel, memory) =
            (&receipt["fuel"], receipt["memory_peak_bytes"].as_f64().unwrap_or_default() / 1048576.0);
        println!("  {file}: stepwell {own:.2} s, {memory:.0} MiB of linear memory, {fuel} fuel");
        for peer in ["duckdb", "polars"] {
            match (0..3).map(|_| python(peer, &dir.join(file))).collect::<Result<Vec<f64>>>() {
                Ok(times) => {
                    let least = times.into_iter().fold(f64::MAX, f64::min);
                    println!("    {peer} {least:.2} s  (stepwell {:.2}x)", own / least);
                }
                Err(_) => println!("    {peer}: skipped, Python does not have it (pip install {peer})"),
            }
        }
    }
    Ok(())
}

/// Makes 70 million rows, or `ROWS`, as `rows.csv` and `rows.parquet`. Returns their number and directory.
pub(crate) fn rows_of() -> Result<(u64, PathBuf)> {
    let rows = match std::env::var("ROWS") {
        Ok(rows) => rows.parse()?,
        Err(_) => 70_000_000,
    };
    let dir = stepwell_tests::root().join(format!("target/bench-parts-{rows}"));
    fs::create_dir_all(&dir)?;
    let csv = dir.join("rows.csv");
    if !csv.exists() {
        println!("making {} ({rows} rows)", csv.display());
        generate(&csv, rows)?;
    }
    if !dir.join("rows.parquet").exists() {
        let job = json!({"inputs": {"t": "/in/rows.csv"}, "query": "SELECT * FROM t", "output": "/in/rows.parquet"});
        stepwell(&dir, &job, "512MiB")?;
    }
    Ok((rows, dir))
}

/// Writes realistic rows: keys, flags, amounts, prices, words.
fn generate(path: &Path, rows: u64) -> Result {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(out, "id,key,flag,value,price,name")?;
    let mut random: u64 = 42;
    for id in 0..rows {
        // xorshift64 (Marsaglia, 2003)
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let (key, flag, value) = (random % 1000, (random >> 20) % 100, (random >> 32) % 10_000);
        writeln!(
            out,
            "{id},{key},{flag},{value},{}.{:02},item number {:06}",
            value % 500,
            random % 100,
            random % 1_000_000
        )?;
    }
    Ok(out.flush()?)
}

/// A run of one step.
pub(crate) struct Ran {
    /// CPU seconds of the process.
    cpu: f64,
    /// Seconds from start to end.
    pub wall: f64,
    receipt: Value,
}

/// Runs one step with the command, in parallel parts if it is split.
pub(crate) fn stepwell(dir: &Path, step: &Value, memory: &str) -> Result<Ran> {
    stepwell_with(dir, step, memory, &json!({}))
}

/// As [`stepwell`], with a configuration, whose connections policy grants.
pub(crate) fn stepwell_with(dir: &Path, step: &Value, memory: &str, config: &Value) -> Result<Ran> {
    let work = tempfile::tempdir()?;
    let mut step = step.clone();
    step["id"] = "q".into();
    step["type"] = "data_processing".into();
    fs::write(
        work.path().join("job.json"),
        json!({"id": "bench", "workspace": "1GiB", "steps": [step]}).to_string(),
    )?;
    let policy = json!({"policy": 1, "name": "bench", "steps": ["data_processing"], "profile": "large",
        "limits": {"memory": memory, "fuel": 1_000_000_000_000u64, "file_bytes": "4GiB"},
        "files": [{"mount": "/in", "source": dir, "access": "write"},
            {"mount": "/workspace", "workspace": "1GiB", "access": "write"}]});
    let mut policy = policy;
    for name in config["connections"].as_object().into_iter().flat_map(|connections| connections.keys()) {
        policy["sql"] = json!([{"connection": name, "mode": "read"}]);
    }
    fs::write(work.path().join("policy.yaml"), policy.to_string())?;
    fs::write(work.path().join("stepwell.yaml"), config.to_string())?;
    let program = std::env::current_exe()?.with_file_name("stepwell");
    let mut command = Command::new(program);
    command.current_dir(work.path()).args(["run", "job.json", "--policy", "policy.yaml", "--output", "json"]);
    command.args(["--config", "stepwell.yaml", "--data-dir"]).arg(work.path().join("data"));
    command.env("STEPWELL_CACHE_DIR", stepwell_tests::root().join("target/bench-cache"));
    command.env("STEPWELL_PARALLEL_ENABLED", "true");
    let (before, begun) = (children(), std::time::Instant::now());
    let output = command.stdin(Stdio::null()).output()?;
    let (cpu, wall) = (children() - before, begun.elapsed().as_secs_f64());
    let view: Value = serde_json::from_slice(&output.stdout)?;
    if view["success"] != true {
        return Err(format!("{}", view["steps"]).into());
    }
    Ok(Ran { cpu, wall, receipt: view["steps"][0]["receipt"].clone() })
}

fn python(peer: &str, file: &Path) -> Result<f64> {
    let file = file.display();
    let parquet = file.to_string().ends_with("parquet");
    let script = match (peer, parquet) {
        ("duckdb", _) => format!(
            "import duckdb\nc = duckdb.connect(config={{'threads': 1}})\nc.execute(\"{}\").fetchall()",
            QUERY.replace(" t ", &format!(" '{file}' "))
        ),
        (_, parquet) => format!(
            "import polars as pl\nt = pl.scan_{}('{file}')\nt.filter(pl.col('flag') < 80).group_by('key').agg(pl.len(), pl.col('value').sum(), pl.col('price').mean()).sort('key').collect(engine='streaming')",
            if parquet { "parquet" } else { "csv" }
        ),
    };
    let mut command = Command::new("python3");
    command.args(["-c", &script]).env("POLARS_MAX_THREADS", "1").stdin(Stdio::null());
    let before = children();
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(children() - before)
}

/// Returns the CPU seconds of all ended children (`/proc/self/stat`, fields 16 and 17, in ticks of 10 ms).
fn children() -> f64 {
    let stat = fs::read_to_string(PathBuf::from("/proc/self/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks =
        |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    (ticks(13) + ticks(14)) / 100.0
}
