//! Jobs from bug reports about other products: each folder of `tests/cases` has a job, and the correct
//! results in `expect.txt`.
//!
//! Lines of `expect.txt`:
//!
//! ```text
//! # the reports, and what is right
//! exit N                                              the exit code of the command
//! STEP.status|summary|message|kind|output|metadata == JSON     what the step ended with
//! STEP.output|message|... ~ TEXT                      contains, whatever the case; !~ does not contain
//! file PATH == JSON | ~ TEXT | !~ TEXT                a file of the run's workspace
//! out == JSON | ~ TEXT | !~ TEXT                      what the command prints
//! ```
//!
//! A folder with `run.sh` is run by it; `$STEPWELL` is the command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use stepwell_tests::root;
use stepwell_tests::servers::{self, Database, PASSWORD};
use tempfile::TempDir;

/// The results of a case.
struct Got {
    code: i32,
    printed: String,
    steps: Vec<Value>,
    workspace: Option<PathBuf>,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_gives_what_is_right() {
    let (mut ran, mut wrong) = (0, Vec::new());
    let (postgres, mariadb) = (servers::postgres().await, servers::mysql().await);
    for folder in folders() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        if std::env::var("STEPWELL_CASE").is_ok_and(|only| !name.contains(&only)) {
            continue;
        }
        let dir = TempDir::new().unwrap();
        let case = dir.path().join("case");
        copy(&folder, &case);
        copy(&folder.join("../servers"), &dir.path().join("servers"));
        if !connect(&case, &[("POSTGRES", &postgres), ("MARIADB", &mariadb)]) {
            eprintln!("skipped: the case {name} needs a server that is not here");
            continue;
        }
        let got = run(&case);
        ran += 1;
        let expected = fs::read_to_string(folder.join("expect.txt")).unwrap();
        wrong.extend(
            expected.lines().filter_map(|line| check(line, &got)).map(|why| format!("{name}: {why}")),
        );
    }
    assert!(wrong.is_empty(), "{} of {ran} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(ran > 0);
}

fn folders() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("tests/cases")).unwrap();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|folder| folder.join("expect.txt").exists());
    folders.sort();
    folders
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// Adds connections to the configuration. Returns false if the case names a missing server.
fn connect(case: &Path, servers: &[(&str, &Option<Database>)]) -> bool {
    fs::create_dir_all(case.join("data")).unwrap();
    fs::write(case.join("password"), PASSWORD).unwrap();
    let path = case.join("stepwell.yaml");
    let Ok(mut config) = fs::read_to_string(&path) else { return true };
    for (name, database) in servers {
        match database {
            Some(database) => config = config.replace(name, &database.connection("")),
            None if config.contains(name) => return false,
            None => {}
        }
    }
    fs::write(path, config).unwrap();
    true
}

fn run(case: &Path) -> Got {
    let program = env!("CARGO_BIN_EXE_stepwell-under-test");
    let has = |name: &str| case.join(name).exists();
    let mut command = match has("run.sh") {
        true => Command::new("bash"),
        false => Command::new(program),
    };
    if has("run.sh") {
        command.arg("run.sh");
    } else {
        command.args(["run", "job.yaml", "--output", "json"]);
        for (option, file) in [("--policy", "policy.yaml"), ("--config", "stepwell.yaml")] {
            if has(file) {
                command.args([option, file]);
            }
        }
    }
    let data = case.join("store");
    command.current_dir(case).env("STEPWELL", program).env("STEPWELL_DATA_DIR", &data);
    command.env("STEPWELL_CACHE_DIR", root().join("target/test-cache"));
    let output = command.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let view: Value = serde_json::Deserializer::from_str(&printed)
        .into_iter()
        .next()
        .and_then(Result::ok)
        .unwrap_or_default();
    Got {
        code: output.status.code().unwrap_or(-1),
        steps: view["steps"].as_array().cloned().unwrap_or_default(),
        printed: format!("{}{printed}", String::from_utf8_lossy(&output.stderr)),
        workspace: fs::read_dir(data.join("runs"))
            .ok()
            .and_then(|mut runs| Some(runs.next()?.ok()?.path().join("workspace"))),
    }
}

/// Returns the problem of a line, if there is one.
fn check(line: &str, got: &Got) -> Option<String> {
    if line.trim().is_empty() || line.starts_with('#') {
        return None;
    }
    if let Some(code) = line.strip_prefix("exit ") {
        let right = code.parse() == Ok(got.code);
        return (!right).then(|| format!("{line}: the code is {}\n{}", got.code, got.printed));
    }
    let operators = [" == ", " !~ ", " ~ "];
    let at = |operator: &str| line.find(operator).map(|at| (at, operator.to_owned()));
    let (at, operator) = operators.into_iter().filter_map(at).min()?;
    let (place, wanted) = (&line[..at], &line[at + operator.len()..]);
    let found = find(place, got);
    let text = match &found {
        Some(Value::String(text)) => text.clone(),
        Some(value) => spaced(value),
        None => String::new(),
    };
    let contains = text.to_lowercase().contains(&wanted.to_lowercase());
    let right = match operator.trim() {
        "==" => found.as_ref() == Some(&serde_json::from_str(wanted).unwrap()),
        "~" => contains,
        _ => !contains,
    };
    (!right).then(|| format!("{line}\n    got {text}"))
}

/// Returns the value at the place of an expectation.
fn find(place: &str, got: &Got) -> Option<Value> {
    if place == "out" {
        return Some(got.printed.clone().into());
    }
    if let Some(path) = place.strip_prefix("file ") {
        let file = fs::read(got.workspace.as_ref()?.join(path)).ok()?;
        return Some(String::from_utf8_lossy(&file).into_owned().into());
    }
    let (step, what) = place.split_once('.').unwrap_or_else(|| panic!("not understood: {place}"));
    let step = got.steps.iter().find(|found| found["step_id"] == step)?;
    let found = match what {
        "output" => &step["value"],
        "summary" => &step["output"],
        "metadata" => &step["metadata"],
        "status" if step["outcome"].is_null() => &step["status"],
        "status" => &step["outcome"]["class"],
        "message" | "kind" => &step["outcome"][what],
        _ => panic!("not understood: {place}"),
    };
    (!found.is_null()).then(|| found.clone())
}

/// Formats JSON with a space after each comma and colon, as in the expectations.
fn spaced(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) => {
            let entry = |(name, value): (&String, &Value)| {
                format!("{}: {}", Value::from(name.as_str()), spaced(value))
            };
            format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
