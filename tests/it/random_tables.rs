//! Python's csv and json modules, pandas, DuckDB and pyarrow write random tables in random dialects.
//! `data_processing` reads each of them unchanged, and Python reads the output of `data_processing`.
//!
//! `STEPWELL_TABLES` is their number, and `STEPWELL_SEED` selects others.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use stepwell::store::SqliteStore;
use stepwell_tests::oracle::Oracle;

use crate::support::{Running, Site, told};

/// Makes a host with a directory for the files of the oracle and one for results; `more` is the rest of
/// the policy.
pub async fn site(steps: &str, more: &str) -> Running {
    let mounts = "files:\n- {mount: /in, source: in, access: read}\n- {mount: /out, source: out, access: write}\n- {mount: /workspace, workspace: 64MiB, access: write}";
    let site = Site::new().file("in/.here", "").file("out/.here", "");
    let site = site.with(|builder| builder.store(Arc::new(SqliteStore::in_memory())));
    site.policy(steps, &format!("profile: large\n{mounts}\n{more}")).host().await
}

/// A file and the destination of its rows: `json` is the output of the step, everything else a file
/// with that name.
pub struct Order<'a> {
    pub number: &'a Value,
    pub input: &'a Value,
    pub sink: &'a str,
}

/// Sends files through queries to their destinations. Returns the output of each step, or its error.
pub async fn send(site: &Running, orders: &[Order<'_>]) -> Vec<Result<Value, String>> {
    let mut ends = Vec::with_capacity(orders.len());
    for orders in orders.chunks(40) {
        let file = |order: &Order<'_>| format!("/out/{}.{}", order.number, order.sink);
        let step = |(at, order): (usize, &Order<'_>)| {
            let mut step =
                json!({"id": format!("s{at}"), "type": "data_processing", "inputs": {"t": order.input}});
            step["query"] = "SELECT * FROM t".into();
            step["continue_on_failure"] = true.into();
            match order.sink {
                "json" => step["max_rows"] = 10_000.into(),
                _ => step["output"] = file(order).into(),
            }
            step
        };
        let steps: Vec<Value> = orders.iter().enumerate().map(step).collect();
        let state = site.run(&json!({"id": "send", "workspace": "64MiB", "steps": steps}).to_string()).await;
        for (order, step) in orders.iter().zip(&state.steps) {
            let end = step.end.as_ref().unwrap();
            if order.sink == "json" && end.outcome.is_success() {
                std::fs::write(site.path().join(&file(order)[1..]), end.produced.output.to_string()).unwrap();
            }
            ends.push(match end.outcome.is_success() {
                true => Ok(end.produced.output.clone()),
                false => {
                    // A partially written file is not a result.
                    let _ = std::fs::remove_file(site.path().join(&file(order)[1..]));
                    Err(told(end))
                }
            });
        }
    }
    ends
}

/// Returns the errors that the oracle finds in the results.
pub fn check(oracle: &Oracle, site: &Path) -> Vec<String> {
    let wrong = oracle.ask("tables.py", &["check"], &[&site.join("in"), &site.join("out")]);
    wrong.iter().map(Value::to_string).collect()
}

#[tokio::test]
async fn tables_of_other_programs_are_read_as_they_are() {
    let Some(oracle) = Oracle::find() else { return };
    let setting = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let (seed, count) = (setting("STEPWELL_SEED", "1"), setting("STEPWELL_TABLES", "120"));
    let site = site("data_processing", "").await;
    let tables = oracle.ask("tables.py", &["write", &seed, &count], &[&site.path().join("in")]);
    let mut wrong = Vec::new();
    let orders: Vec<Order<'_>> = tables
        .iter()
        .map(|table| Order {
            number: &table["number"],
            input: &table["input"],
            sink: table["sink"].as_str().unwrap(),
        })
        .collect();
    for (table, end) in tables.iter().zip(send(&site, &orders).await) {
        wrong.extend(end.err().map(|why| format!("{table}: {why}")));
    }
    wrong.extend(check(&oracle, site.path()));
    assert!(wrong.is_empty(), "STEPWELL_SEED={seed}: {} of {count}\n{}", wrong.len(), wrong.join("\n"));
    // A single changed digit is detected.
    let results = std::fs::read_dir(site.path().join("out")).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: &std::path::PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    let spoilt = results.filter(|path| path.extension().is_some_and(|end| end == "json" || end == "csv"));
    let spoilt = spoilt.filter(|path| text(path).contains('8')).min().unwrap();
    std::fs::write(&spoilt, text(&spoilt).replacen('8', "9", 1)).unwrap();
    assert_eq!(check(&oracle, site.path()).len(), 1, "{}", spoilt.display());
}
