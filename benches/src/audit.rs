//! The audit log: rows per second with the chain of hashes, against the same rows without it in the same run.

use std::path::Path;
use std::time::{Duration, Instant};

use stepwell::Host;
use stepwell::engine::store::prelude::*;
use stepwell::engine::store::{Audit, Change};
use stepwell::store::SqliteStore;

use crate::{Result, median};

/// The number of rows per transaction, and of measured transactions.
const SIZES: [(usize, usize); 3] = [(1, 300), (16, 300), (1000, 20)];
const TURNS: usize = 5;

pub fn run() -> Result {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("rows of the audit log, each transaction durable (SQLite, WAL, FULL), median of {TURNS} turns:");
    for (rows, transactions) in SIZES {
        let (mut plain, mut chained) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            let dir = tempfile::tempdir()?;
            plain.push(bare(&dir.path().join("plain.db"), rows, transactions)?);
            chained.push(runtime.block_on(ours(&dir.path().join("stepwell.db"), rows, transactions))?);
        }
        let rate = |took: Vec<Duration>| (rows * transactions) as f64 / median(took).as_secs_f64();
        let (plain, chained) = (rate(plain), rate(chained));
        println!(
            "  {rows:>4} in a transaction: without the chain {plain:>7.0}/s, with it {chained:>7.0}/s: {:.2}",
            chained / plain
        );
    }
    runtime.block_on(check())
}

fn row(n: usize) -> Audit {
    Audit {
        at: chrono::Utc::now(),
        by: "key:0a1b2c3d".to_owned(),
        name: "ann".to_owned(),
        action: "job.run".to_owned(),
        target: format!("exec_20260901_020000_{n:06}"),
        detail: "nightly-backup".to_owned(),
    }
}

/// Writes the rows through the store, which links them.
async fn ours(path: &Path, rows: usize, transactions: usize) -> Result<Duration> {
    let store = SqliteStore::new(path);
    store.write(vec![Change::Audit(row(0))]).await?;
    let begun = Instant::now();
    for _ in 0..transactions {
        store.write((0..rows).map(|n| Change::Audit(row(n))).collect()).await?;
    }
    Ok(begun.elapsed())
}

/// Writes the same rows directly, into a table without links.
fn bare(path: &Path, rows: usize, transactions: usize) -> Result<Duration> {
    let mut connection = rusqlite::Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE audit (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, row TEXT NOT NULL) STRICT;
        CREATE INDEX audit_by_time ON audit (at)",
    )?;
    let begun = Instant::now();
    for _ in 0..transactions {
        let transaction = connection.transaction()?;
        for n in 0..rows {
            let row = row(n);
            let text = serde_json::to_string(&row)?;
            let mut insert = transaction.prepare_cached("INSERT INTO audit (at, row) VALUES (?1, ?2)")?;
            insert.execute((row.at.timestamp_micros(), text))?;
        }
        transaction.commit()?;
    }
    Ok(begun.elapsed())
}

/// Measures how fast the chain is checked.
async fn check() -> Result {
    const ROWS: usize = 100_000;
    let dir = tempfile::tempdir()?;
    let host = Host::builder().data_dir(dir.path()).compile_on_demand().build()?;
    for first in (0..ROWS).step_by(1000) {
        host.audit().append((first..first + 1000).map(row).collect()).await?;
    }
    let begun = Instant::now();
    let report = host.audit().verify(None).await?;
    let took = begun.elapsed();
    if !report.intact || report.rows < ROWS as u64 {
        return Err(format!("the chain is not intact: {report:?}").into());
    }
    println!("  audit verify: {:.0} rows/s", report.rows as f64 / took.as_secs_f64());
    Ok(())
}
