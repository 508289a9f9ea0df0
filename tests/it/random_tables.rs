//! Random tables that the csv module and the json module of Python, pandas, DuckDB and pyarrow write in random dialects:
//! `data_processing` reads each as it is, and what it writes is what Python reads again.
//!
//! `STEPWELL_TABLES` is their number, and `STEPWELL_SEED` chooses others.

use std::path::Path;

use serde_json::{Value, json};
use stepwell_tests::oracle::Oracle;

use crate::support::{Running, Site, told};

/// A host with the files of the oracle, and a directory for results.
pub async fn site() -> Running {
    let mounts = "files:\n- {mount: /in, source: in, access: read}\n- {mount: /out, source: out, access: write}\n- {mount: /workspace, workspace: 64MiB, access: write}";
    let site = Site::new().file("in/.here", "").file("out/.here", "");
    site.policy("data_processing", &format!("profile: large\n{mounts}")).host().await
}

/// Sends a file through a query into a place: `json` is the output of the step, everything else a file of that name.
/// What failed, if anything did.
pub async fn send(site: &Running, input: &Value, sink: &str, number: &Value) -> Result<Value, String> {
    let mut step = json!({"type": "data_processing", "inputs": {"t": input}, "query": "SELECT * FROM t"});
    let file = format!("{number}.{sink}");
    match sink {
        "json" => step["max_rows"] = 10_000.into(),
        _ => step["output"] = format!("/out/{file}").into(),
    }
    let end = site.step(step).await;
    if !end.outcome.is_success() {
        return Err(told(&end));
    }
    if sink == "json" {
        std::fs::write(site.path().join("out").join(file), end.produced.output.to_string()).unwrap();
    }
    Ok(end.produced.output)
}

/// What the oracle finds wrong with the results.
pub fn check(oracle: &Oracle, site: &Path) -> Vec<String> {
    let wrong = oracle.ask("tables.py", &["check"], &[&site.join("in"), &site.join("out")]);
    wrong.iter().map(Value::to_string).collect()
}

#[tokio::test]
async fn tables_of_other_programs_are_read_as_they_are() {
    let Some(oracle) = Oracle::find() else { return };
    let setting = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let (seed, count) = (setting("STEPWELL_SEED", "1"), setting("STEPWELL_TABLES", "120"));
    let site = site().await;
    let tables = oracle.ask("tables.py", &["write", &seed, &count], &[&site.path().join("in")]);
    let mut wrong = Vec::new();
    for table in &tables {
        let sink = table["sink"].as_str().unwrap();
        if let Err(why) = send(&site, &table["input"], sink, &table["number"]).await {
            wrong.push(format!("{table}: {why}"));
        }
    }
    wrong.extend(check(&oracle, site.path()));
    assert!(wrong.is_empty(), "STEPWELL_SEED={seed}: {} of {count}\n{}", wrong.len(), wrong.join("\n"));
}
