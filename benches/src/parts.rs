//! The query of the data step over many rows in 1, 2 and 4 parts, beside DuckDB with two threads. Wall time.
//!
//! `ROWS` selects another number of rows.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::json;

use crate::Result;
use crate::data::{QUERY, rows_of, stepwell};

pub fn run() -> Result {
    let (rows, dir) = rows_of()?;
    println!("{rows} rows, filter and group by 1,000 keys, wall time (least of 2):");
    for file in ["rows.parquet", "rows.csv"] {
        let peer = least(|| duckdb(&dir.join(file)))?;
        println!("  {file}: DuckDB with two threads {peer:.2} s");
        let mut whole = 0.0;
        for parts in [1, 2, 4] {
            let mut job =
                json!({"inputs": {"t": format!("/in/{file}")}, "query": QUERY, "output": "/in/out.csv"});
            if parts > 1 {
                job["split"] = json!({"input": "t", "parts": parts});
            }
            let took = least(|| Ok(stepwell(&dir, &job, "64MiB")?.wall))?;
            if parts == 1 {
                whole = took;
            }
            println!(
                "    {parts} parts {took:.2} s  ({:.2} of one, {:.2}x DuckDB)",
                took / whole,
                took / peer
            );
        }
    }
    Ok(())
}

fn least(measure: impl Fn() -> Result<f64>) -> Result<f64> {
    Ok(measure()?.min(measure()?))
}

fn duckdb(file: &Path) -> Result<f64> {
    let query = QUERY.replace(" t ", &format!(" '{}' ", file.display()));
    let script = format!(
        "import duckdb\nc = duckdb.connect(config={{'threads': 2}})\nc.execute(\"{query}\").fetchall()"
    );
    let python = stepwell_tests::root().join("target/oracle/bin/python");
    let program = if python.exists() { python } else { "python3".into() };
    let begun = Instant::now();
    let status = Command::new(program).args(["-c", &script]).stdin(Stdio::null()).status()?;
    if !status.success() {
        return Err("Python has no duckdb (make oracle)".into());
    }
    Ok(begun.elapsed().as_secs_f64())
}
