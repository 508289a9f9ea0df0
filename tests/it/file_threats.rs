//! Threats T-29 to T-31: a step's files stay within their directory and its bounds, with openat2 and without.

use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Site, told};

/// Makes a directory for the step, and files outside of it.
fn sandbox(at: &Path) {
    for dir in ["box/sub/deep", "outside"] {
        std::fs::create_dir_all(at.join(dir)).unwrap();
    }
    std::fs::write(at.join("outside/secret"), "SECRET").unwrap();
    std::fs::write(at.join("box/ok.txt"), "ok").unwrap();
    for (link, to) in [
        ("up", ".."),
        ("out", "../outside"),
        ("out_file", "../outside/secret"),
        ("chain", "out_file"),
        ("abs", "/etc"),
        ("loop", "loop"),
        ("dangling", "../outside/new"),
        ("sub/link_up", "../.."),
        ("proc", "/proc"),
        ("fd", "/proc/self/fd"),
    ] {
        symlink(to, at.join("box").join(link)).unwrap();
    }
    symlink(at.join("outside/secret"), at.join("box/abs_file")).unwrap();
}

/// Returns the tricks of the probe that worked, in a command with this launcher.
fn tried(dir: &Path, launcher: Option<&Path>) -> Vec<String> {
    sandbox(dir);
    let write = |name: &str, text: String| {
        std::fs::write(dir.join(name), text).unwrap();
        dir.join(name)
    };
    let job = json!({"id": "t", "steps": [{"id": "s", "type": "probe", "case": "tricks", "path": "/box"}]});
    let job = write("job.yaml", job.to_string());
    rusqlite::Connection::open(dir.join("w.db")).unwrap().execute_batch("CREATE TABLE t (n)").unwrap();
    let config = write("config.yaml", "connections: {w: {type: sqlite, path: w.db}}".to_owned());
    let policy = "policy: 1\nname: p\nsteps: [probe]\nsql: [{connection: w}]\nfiles: [{mount: /box, source: box, access: write}]\n";
    let policy = write("policy.yaml", policy.to_owned());
    let stepwell = env!("CARGO_BIN_EXE_stepwell-under-test");
    let mut command = match launcher {
        Some(launcher) => Command::new(launcher),
        None => Command::new(stepwell),
    };
    if launcher.is_some() {
        command.arg(stepwell);
    }
    let done = command
        .arg("run")
        .arg(job)
        .args(["--output", "json", "--step"])
        .arg(stepwell_tests::guest("probe"))
        .arg("--config")
        .arg(config)
        .arg("--policy")
        .arg(policy)
        .arg("--data-dir")
        .arg(dir.join("data"))
        .env("STEPWELL_CACHE_DIR", stepwell_tests::root().join("target/test-cache"))
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&done.stdout).into_owned();
    let run: Value = serde_json::from_str(&shown)
        .unwrap_or_else(|error| panic!("{error}: {shown}{}", String::from_utf8_lossy(&done.stderr)));
    let output = run["steps"][0]["metadata"]["worked"].clone();
    let worked: Vec<String> = serde_json::from_value(output).unwrap_or_else(|_| panic!("{run:#}"));

    let secret = dir.join("outside/secret");
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "SECRET");
    assert_eq!(std::fs::metadata(&secret).unwrap().nlink(), 1);
    let outside: Vec<_> =
        std::fs::read_dir(dir.join("outside")).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!(outside, ["secret"]);
    worked
}

#[test]
fn no_path_leads_out_of_a_directory_with_openat2_or_without() {
    let tools = tempfile::tempdir().unwrap();
    let launcher = tools.path().join("no_openat2");
    let source = stepwell_tests::root().join("tests/it/no_openat2.c");
    let made = Command::new("cc").args(["-O1", "-o"]).arg(&launcher).arg(source).status();
    assert!(made.is_ok_and(|status| status.success()), "cc, which links Rust programs too, does not work");
    let (with, without) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (with, without) = (tried(with.path(), None), tried(without.path(), Some(&launcher)));
    // Names that only look like a way out are ordinary names.
    let plain = |found: &str| {
        found.contains("\\\\") || found.contains('%') || !found.is_ascii() || found.contains("\\u")
    };
    for found in &with {
        assert!(!found.contains("SECRET"), "{found}");
        assert!(!found.contains("outside/secret\"") || plain(found), "{found}");
    }
    assert!(
        with.iter().any(|found| found.starts_with("list \"sub/..\"")),
        "what is inside can be reached: {with:#?}"
    );
    assert_eq!(with, without);
}

/// T-30: quotas of bytes apply despite holes, links and names.
#[tokio::test]
async fn no_link_and_no_hole_gets_around_a_quota() {
    let site = Site::new()
        .file("in/large.bin", vec![b'x'; 900 << 10])
        .probe_policy("files: [{mount: /in, source: in, access: read}, {mount: /workspace, workspace: 1MiB, access: write}]", "")
        .host()
        .await;
    for (case, config, expected) in [
        (
            "sparse",
            json!({"path": "/workspace/hole", "count": 1_u64 << 40}),
            "over_limit: /workspace may hold 1MiB, and",
        ),
        (
            "write",
            json!({"path": "/workspace/big", "count": 2 << 20}),
            "over_limit: /workspace may hold 1MiB, and",
        ),
        ("write", json!({"path": "/workspace/fits", "count": 900 << 10}), "succeeded"),
        ("symlink", json!({"path": "/workspace/link"}), "failed"),
        (
            "files",
            json!({"path": "/workspace", "count": 5000}),
            "over_limit: the mounts of the step may have 1024 files",
        ),
    ] {
        let end = site.probe(case, config.clone()).await;
        assert!(told(&end).starts_with(expected), "{case} {config}: {}", told(&end));
    }
}

/// Returns the bytes in a directory on disk.
fn bytes_in(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.metadata().map_or(0, |found| if found.is_file() { found.len() } else { 0 }))
        .sum()
}

/// Whatever several handles do to the same files, in any order: the disk never holds more than the quota, and
/// all deleted bytes can be used again.
#[tokio::test]
async fn a_quota_holds_over_all_handles_and_what_is_deleted_comes_back() {
    let grants = "files: [{mount: /workspace, workspace: 1MiB, access: write}]";
    let site = Site::new().probe_policy(grants, "").host().await;
    for seed in 1..=40 {
        for count in [301, 300] {
            let step = crate::support::probe(
                "shuffle",
                json!({"path": "/workspace", "text": seed.to_string(), "count": count}),
            );
            let state = site.run(&crate::support::one_step(step)).await;
            let end = state.steps[0].end.as_ref().unwrap();
            let fits = if count == 300 { 1 << 20 } else { 0 };
            assert_eq!(told(end), format!("succeeded: {fits}"), "seed {seed}");
            let used = bytes_in(&site.host.runs().workspace(&state.run.execution_id));
            assert!(used <= 1 << 20, "seed {seed}: {used} bytes");
        }
    }
}

#[tokio::test]
async fn directories_have_a_bounded_depth() {
    let grants = "files: [{mount: /workspace, workspace: 1MiB, access: write}, {mount: /scratch, scratch: 64KiB, access: write}]";
    let site = Site::new().probe_policy(grants, "").host().await;
    for path in ["/workspace", "/scratch"] {
        let end = site.probe("descend", json!({ "path": path })).await;
        assert_eq!(told(&end), "succeeded: 32", "{path}");
    }
}
