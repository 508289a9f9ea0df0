//! Scripts and their results in PowerShell: each `cases/NAME.ps1` prints the content of `cases/NAME.txt`.
//!
//! Golden data, measured on a real PowerShell, is compared if it is present: a case is a JSON line with
//! `script`, `stdout`, `exit_code`, `errors` and `files`. `PS_GOLDEN` names other files with such cases,
//! separated by colons; `PS_CASE` selects a single case and shows its differences; `PS_SHOW` shows those of
//! all cases.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where its helper fails"
)]

mod native;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use native::{Native, Seen};
use ps_lang::interpreter;
use ps_lang::value::{Dict, DictKind, Str};
use ps_lang::{Script, Value};
use serde_json::Value as Json;

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => n.as_i64().map_or_else(
            || Value::Double(n.as_f64().unwrap_or(0.0)),
            |n| i32::try_from(n).map_or(Value::Long(n), Value::Int),
        ),
        Json::String(s) => Value::from(s.as_str()),
        Json::Array(items) => Value::array(items.iter().map(value).collect()),
        Json::Object(pairs) => {
            let pairs = pairs.iter().map(|(k, v)| (k.as_str(), value(v)));
            Value::Dict(Rc::new(Dict::from_pairs(DictKind::Hashtable, pairs)))
        }
    }
}

struct Outcome {
    stdout: String,
    code: i32,
    errors: Vec<String>,
    files: BTreeMap<String, Vec<u8>>,
}

fn run(case: &Json, root: &Path) -> Outcome {
    if let Some(files) = case["input_files"].as_object() {
        for (name, content) in files {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content.as_str().unwrap_or_default()).unwrap();
        }
    }
    let seen: Rc<RefCell<Seen>> = Rc::default();
    let host = Native {
        root: root.to_owned(),
        seen: seen.clone(),
        started: Instant::now(),
        limit: Duration::from_secs(20),
    };
    let mut it = interpreter(Box::new(host));
    let text = case["script"].as_str().unwrap();
    let (code, mut errors) = match Script::parse("/script/script.ps1", text) {
        Err(errors) => (1, errors.iter().take(1).map(|e| e.id.to_owned()).collect()),
        Ok(script) => {
            let parameters = case["parameters"].as_object().into_iter().flatten();
            let parameters = parameters.map(|(k, v)| (Str::from(k.as_str()), value(v))).collect();
            let ending = it.run_script(&script, parameters);
            (ending.code, Vec::new())
        }
    };
    let seen = seen.borrow();
    errors.extend(seen.errors.iter().map(|r| r.id.borrow().to_string()));
    let mut files = BTreeMap::new();
    collect(root, root, &mut files);
    Outcome { stdout: seen.stdout.clone(), code, errors, files }
}

fn collect(root: &Path, dir: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
}

const JSON_IS_CUT: &str = "WARNING: Resulting JSON is truncated";

/// Returns the differences from the case.
fn differences(case: &Json, outcome: &Outcome) -> Vec<String> {
    let mut found = Vec::new();
    let expected = case["stdout"].as_str().unwrap_or_default();
    // The data comes from 7.0; later versions warn about JSON that they cut.
    let stdout: String =
        outcome.stdout.split_inclusive('\n').filter(|line| !line.starts_with(JSON_IS_CUT)).collect();
    if stdout != expected {
        found.push(format!("stdout:\n--- expected\n{expected}\n--- got\n{stdout}\n---"));
    }
    let code = case["exit_code"].as_i64().unwrap_or(0);
    if i64::from(outcome.code) != code {
        found.push(format!("exit code: expected {code}, got {}", outcome.code));
    }
    let ids: Vec<String> = case["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|e| e["id"].as_str().unwrap_or_default().to_owned())
        .collect();
    if outcome.errors != ids {
        found.push(format!("errors: expected {ids:?}, got {:?}", outcome.errors));
    }
    for (name, content) in case["files"].as_object().into_iter().flatten() {
        let own = outcome.files.get(name.as_str());
        let same = match content {
            Json::String(text) => own.is_some_and(|own| own == text.as_bytes()),
            Json::Object(_) => {
                let hex: String =
                    own.map(|o| o.iter().map(|b| format!("{b:02x}")).collect()).unwrap_or_default();
                content["hex"].as_str() == Some(hex.as_str())
            }
            _ => true,
        };
        if !same {
            found.push(format!(
                "file {name}: expected {content}, got {:?}",
                own.map(|o| String::from_utf8_lossy(o).into_owned())
            ));
        }
    }
    found
}

fn cases(path: &Path) -> Vec<Json> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.lines().filter(|l| !l.trim().is_empty()).map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// Runs all cases of a file, and returns the names of those that differ.
fn check(path: &Path) -> (usize, Vec<String>) {
    let only = std::env::var("PS_CASE").ok();
    let show = only.is_some() || std::env::var_os("PS_SHOW").is_some();
    let scratch = std::env::temp_dir().join(format!("ps-golden-{}", std::process::id()));
    let mut wrong = Vec::new();
    let all = cases(path);
    let mut count = 0;
    for case in &all {
        let id = case["id"].as_str().unwrap().to_owned();
        if only.as_ref().is_some_and(|only| !id.starts_with(only.as_str())) {
            continue;
        }
        count += 1;
        let root = scratch.join(&id);
        std::fs::create_dir_all(&root).unwrap();
        let outcome = run(case, &root);
        let found = differences(case, &outcome);
        if !found.is_empty() {
            if show {
                println!("##### {id}\n{}\n{}", case["script"].as_str().unwrap_or_default(), found.join("\n"));
            }
            wrong.push(id);
        }
        let _ = std::fs::remove_dir_all(&root);
    }
    (count, wrong)
}

/// Deep recursion needs more stack in a build without optimization than the guest has.
fn with_stack<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(1 << 30).spawn(body).unwrap().join().unwrap()
}

fn without_times(text: &str) -> String {
    let line = |line: &str| match line.rsplit_once(' ') {
        Some((head, time)) if head.contains("] ") && time.trim_end().ends_with("ms") => format!("{head}\n"),
        _ => line.to_owned(),
    };
    text.split_inclusive('\n').map(line).collect()
}

#[test]
fn scripts_do_what_powershell_does() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<PathBuf> = std::fs::read_dir(here).unwrap().flatten().map(|e| e.path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "ps1"));
    files.sort();
    let mut wrong = Vec::new();
    for path in &files {
        let script = std::fs::read_to_string(path).unwrap();
        let expected = std::fs::read_to_string(path.with_extension("txt")).unwrap();
        let root = std::env::temp_dir().join(format!("ps-case-{}", std::process::id()));
        let outcome = with_stack(move || {
            std::fs::create_dir_all(&root).unwrap();
            let outcome = run(&serde_json::json!({ "script": script }), &root);
            std::fs::remove_dir_all(&root).unwrap();
            outcome
        });
        // The duration of a test varies.
        let outcome = Outcome { stdout: without_times(&outcome.stdout), ..outcome };
        if outcome.stdout != expected || outcome.code != 0 {
            let name = path.file_name().unwrap().to_string_lossy();
            wrong.push(format!(
                "##### {name} ended with {}\n--- expected\n{expected}\n--- got\n{}\n---\nerrors: {:?}",
                outcome.code, outcome.stdout, outcome.errors
            ));
        }
    }
    assert!(files.len() > 5 && wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Minimum percentage of any golden data that must be equal: less means that something is broken.
const FLOOR: f64 = 90.0;

#[test]
fn golden_data() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/powershell/golden");
    let files: Vec<PathBuf> = match std::env::var("PS_GOLDEN") {
        Ok(paths) => paths.split(':').map(PathBuf::from).collect(),
        Err(_) => vec![beside.join("snippets.jsonl"), beside.join("jobs.jsonl")],
    };
    for path in files {
        if !path.exists() {
            println!("skipped: no golden data at {}", path.display());
            continue;
        }
        let shown = path.display().to_string();
        let (count, wrong) = with_stack(move || check(&path));
        let right = count - wrong.len();
        let percent = 100.0 * right as f64 / count.max(1) as f64;
        println!("{shown}: {right} of {count} equal ({percent:.1} %)\n{wrong:?}");
        assert!(percent >= FLOOR, "{shown}: {percent:.1} %");
    }
}
