//! The headline of the earlier orchestrator: a filter and a group over 70 million rows, by a worker in Python that
//! takes one row at a time, by the local engine, and by Spark with two threads. Wall time.
//!
//! `ROWS` selects another number of rows. Spark is that of `make spark`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};
use stepwell_tests::spark::Spark;

use crate::Result;
use crate::data::{QUERY, rows_of, stepwell};

/// The worker: the module `csv`, and a dictionary for each row.
const WORKER: &str = r#"
import csv, sys
groups = {}
with open(sys.argv[1], newline="") as file:
    for row in csv.DictReader(file):
        if int(row["flag"]) < 80:
            group = groups.setdefault(row["key"], [0, 0, 0.0])
            group[0] += 1
            group[1] += int(row["value"])
            group[2] += float(row["price"])
print(len(groups))
"#;

/// The token of Spark's server on loopback.
const TOKEN: &str = "bench-token";

pub fn run() -> Result {
    let (rows, dir) = rows_of()?;
    println!("{rows} rows, filter and group by 1,000 keys, wall time:");
    let worker = worker(&dir.join("rows.csv"))?;
    println!("  a worker in Python, CSV: {worker:.1} s");
    for file in ["rows.parquet", "rows.csv"] {
        let took = stepwell(&dir, &step(file, "local"), "64MiB")?.wall;
        println!("  local, {file}: {took:.2} s  ({:.0}x the worker)", worker / took);
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let Some(spark) = runtime.block_on(Spark::start(TOKEN)) else { return Ok(()) };
    let config = json!({
        "connections": {"lake": {"type": "spark", "host": "127.0.0.1", "port": spark.port, "tls": "disable",
            "token": "env:SPARK_TOKEN", "paths": [dir]}},
        "engines": {"spark": {"connection": "lake", "shared": {dir.display().to_string(): dir}}},
    });
    for pass in ["first", "second"] {
        let took = on_spark(&dir, &config)?;
        println!(
            "  Spark, two threads, rows.parquet, {pass} query: {took:.2} s  ({:.0}x the worker)",
            worker / took
        );
    }
    Ok(())
}

fn step(file: &str, engine: &str) -> Value {
    json!({"inputs": {"t": format!("/in/{file}")}, "query": QUERY, "output": "/in/out.csv", "engine": engine})
}

fn on_spark(dir: &Path, config: &Value) -> Result<f64> {
    let work = tempfile::tempdir()?;
    let mut step = step("rows.parquet", "spark");
    (step["id"], step["type"]) = ("q".into(), "data_processing".into());
    fs::write(work.path().join("job.json"), json!({"id": "bench", "steps": [step]}).to_string())?;
    fs::write(work.path().join("stepwell.yaml"), config.to_string())?;
    let policy = json!({"policy": 1, "name": "bench", "steps": ["data_processing"], "profile": "large",
        "files": [{"mount": "/in", "source": dir, "access": "write"}],
        "sql": [{"connection": "lake", "mode": "read"}]});
    fs::write(work.path().join("policy.yaml"), policy.to_string())?;
    let mut command = Command::new(std::env::current_exe()?.with_file_name("stepwell"));
    command.current_dir(work.path()).args(["run", "job.json", "--policy", "policy.yaml", "--output", "json"]);
    command.args(["--config", "stepwell.yaml", "--data-dir"]).arg(work.path().join("data"));
    command.env("STEPWELL_CACHE_DIR", stepwell_tests::root().join("target/bench-cache"));
    let begun = Instant::now();
    let output = command.env("SPARK_TOKEN", TOKEN).stdin(Stdio::null()).output()?;
    let took = begun.elapsed().as_secs_f64();
    let view: Value = serde_json::from_slice(&output.stdout)?;
    match view["success"] == true {
        true => Ok(took),
        false => Err(format!("{}", view["steps"]).into()),
    }
}

fn worker(csv: &Path) -> Result<f64> {
    let begun = Instant::now();
    let mut command = Command::new("python3");
    let status = command.args(["-c", WORKER]).arg(csv).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    match status.success() {
        true => Ok(begun.elapsed().as_secs_f64()),
        false => Err("the worker in Python failed".into()),
    }
}
