//! Steps are compiled before a run waits for them, and no run waits for another step's compilation.

use std::time::{Duration, Instant};

use serde_json::json;
use stepwell::Host;
use stepwell::sandbox::Pace;
use tempfile::tempdir;

use crate::cli::Shell;
use crate::support::one_step;

const ALL: &[&str] =
    &["azure_devops", "data_processing", "file_operation", "http", "powershell", "sql", "wait"];

/// Returns a configuration that disables all steps except these.
fn only(types: &[&str]) -> String {
    let off: Vec<String> = ALL
        .iter()
        .filter(|name| !types.contains(name))
        .map(|name| format!("  {name}: {{enabled: false}}\n"))
        .collect();
    format!("step_types:\n{}", off.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_compiles_what_can_run_and_says_when_it_is_ready() {
    let dir = tempdir().unwrap();
    let config = dir.path().join("config.yaml");
    // `sql` has no connection, so it cannot run.
    std::fs::write(&config, only(&["wait", "sql"])).unwrap();
    let cache = dir.path().join("cache");
    let host = Host::builder()
        .data_dir(dir.path().join("data"))
        .cache_dir(&cache)
        .config_file(&config)
        .build()
        .unwrap();
    assert_eq!(host.steps().readiness().compiling, ["wait"]);
    let service = host.serve().await.unwrap();
    let begun = Instant::now();
    while !host.steps().readiness().ready {
        assert!(begun.elapsed() < Duration::from_secs(120), "{:?}", host.steps().readiness());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(host.sandbox().is_loaded("wait") && !host.sandbox().is_loaded("sql"));
    service.drain().await;
    // Another process finds it in the cache.
    let next = Host::builder()
        .data_dir(dir.path().join("next"))
        .cache_dir(&cache)
        .config_file(&config)
        .build()
        .unwrap();
    assert!(!next.sandbox().needs_compiling("wait"));
    let (begun, mut warmed) = (Instant::now(), Vec::new());
    assert_eq!(next.steps().warm_up(|step| warmed.push(step.step_type.clone())).await.unwrap(), 1);
    assert_eq!(warmed, ["wait"]);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

/// While the largest component compiles, a small one compiles at the same time, and its job is checked
/// and run.
#[tokio::test]
async fn nobody_waits_for_another_steps_compilation() {
    let dir = tempdir().unwrap();
    let host = Host::builder().data_dir(dir.path()).build().unwrap();
    for pace in [Pace::Background, Pace::Wanted] {
        let large = host.clone();
        tokio::spawn(async move { large.sandbox().warm_up("data_processing", pace).await });
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let job = host.parse("job.yaml", &one_step(json!({"type": "wait", "for": 0}))).await.unwrap().job;
    assert!(host.run(job, Default::default()).await.unwrap().success);
    assert!(!host.sandbox().is_loaded("data_processing"), "it was there before the small one");
}

#[test]
fn the_command_compiles_into_the_cache() {
    let shell = Shell::new().file("only.yaml", &only(&["wait"])).env("STEPWELL_CACHE_DIR", "cache");
    let arguments = ["warm-up", "--config", "only.yaml"].map(str::to_owned);
    let output = shell.command(&arguments).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && shown.starts_with("1/1 wait "), "{shown}");
    let compiled = std::fs::read_dir(shell.path("cache/components")).unwrap().flatten();
    let compiled = compiled.filter(|entry| entry.path().extension().is_some_and(|end| end == "cwasm"));
    assert_eq!(compiled.count(), 1);
}
