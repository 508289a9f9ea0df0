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
use crate::data::{QUERY, rows_of, stepwell, stepwell_with};

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
    let token = dir.join("token");
    fs::write(&token, TOKEN)?;
    let config = json!({
        "connections": {"lake": {"type": "spark", "host": "127.0.0.1", "port": spark.port, "tls": "disable",
            "token": format!("file:{}", token.display()), "paths": [dir]}},
        "engines": {"spark": {"connection": "lake", "shared": {dir.display().to_string(): dir}}},
    });
    for pass in ["first", "second"] {
        let took = stepwell_with(&dir, &step("rows.parquet", "spark"), "64MiB", &config)?.wall;
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

fn worker(csv: &Path) -> Result<f64> {
    let begun = Instant::now();
    let mut command = Command::new("python3");
    let status = command.args(["-c", WORKER]).arg(csv).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    match status.success() {
        true => Ok(begun.elapsed().as_secs_f64()),
        false => Err("the worker in Python failed".into()),
    }
}
