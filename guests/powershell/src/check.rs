//! `action: check`: determines the needs of scripts without running them.

use std::fs;

use ps_lang::Script;
use ps_lang::check::check as check_language;
use ps_lang::needs::Lack;
use serde_json::{Value, json};
use stepwell_sdk::{Failure, Output, StepResult};

use crate::config::Powershell;

/// The ends of the names of scripts.
pub const FILES: &[&str] = &[".ps1", ".psm1"];

/// The maximum number of scripts in a folder to check.
const MAX_SCRIPTS: usize = 10_000;

pub fn check(step: &Powershell, directory: &str) -> StepResult {
    let mut scripts = Vec::new();
    match (&step.script, &step.script_path) {
        (Some(text), _) => scripts.push(report("/script.ps1", text)),
        (None, path) => {
            let path = path.clone().unwrap_or_default();
            let path = if path.starts_with('/') { path } else { format!("{directory}/{path}") };
            let mut files = Vec::new();
            gather(path.trim_end_matches('/'), &mut files).map_err(|error| {
                Failure::not_found(format!("script_path {path}: {}", stepwell_sdk::files::why(&error)))
            })?;
            files.sort();
            for file in files {
                match fs::read(&file) {
                    Ok(bytes) => scripts.push(report(&file, &ps_lang::value::encoding::decode(&bytes, ""))),
                    Err(error) => {
                        return Err(Failure::not_found(format!(
                            "{file}: {}",
                            stepwell_sdk::files::why(&error)
                        )));
                    }
                }
            }
        }
    }
    let runs = scripts.iter().filter(|script| script["runs"] == true).count();
    let total = scripts.len();
    let summary = format!("{runs} of {total} run as they are");
    Ok(Output::new(summary).value(json!({ "runs": runs, "total": total, "scripts": scripts })))
}

/// Collects the scripts of a folder and its subfolders. A file yields itself.
fn gather(path: &str, files: &mut Vec<String>) -> std::io::Result<()> {
    if !fs::metadata(path)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let below = format!("{path}/{name}");
        let kind = fs::symlink_metadata(&below)?;
        if kind.is_dir() && !name.starts_with('.') {
            gather(&below, files)?;
        } else if kind.is_file() && FILES.iter().any(|end| name.to_lowercase().ends_with(end)) {
            if files.len() >= MAX_SCRIPTS {
                return Err(std::io::Error::other(format!("there are more than {MAX_SCRIPTS} scripts")));
            }
            files.push(below);
        }
    }
    Ok(())
}

/// Reports on one script. It runs unchanged if it parses and the sandbox lacks nothing that it needs
/// unconditionally.
fn report(path: &str, text: &str) -> Value {
    let script = match Script::parse(path, text) {
        Ok(script) => script,
        Err(errors) => {
            let source = ps_lang::syntax::Source::new(path, text);
            let findings: Vec<Value> = errors
                .iter()
                .map(|error| {
                    let (line, column) = source.position(error.span.start);
                    json!({ "line": line, "column": column, "lack": "syntax", "name": error.id,
                        "message": error.message, "foreseen": false })
                })
                .collect();
            return json!({ "path": path, "runs": false, "uses": [], "findings": findings });
        }
    };
    let found = check_language(&script);
    let findings: Vec<Value> = found
        .findings
        .iter()
        .map(|f| {
            let lack = match f.lack {
                Lack::Unknown => "unknown",
                Lack::Missing => "missing",
                Lack::Unavailable => "unavailable",
            };
            json!({ "line": f.line, "column": f.column, "lack": lack, "name": f.name,
                "message": f.message, "foreseen": f.guarded })
        })
        .collect();
    json!({ "path": path, "runs": found.open().next().is_none(), "uses": found.uses, "findings": findings })
}
