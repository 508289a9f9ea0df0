//! Runs the script of a step.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ps_lang::eval::Interp;
use ps_lang::value::{Dict, DictKind, Str};
use ps_lang::{Ending, Script, Value};
use sha2::{Digest, Sha256};
use stepwell_sdk::{Failure, Output, StepResult};

use crate::config::{Action, ExecutionPolicy, Powershell, Runner};
use crate::host::{Granted, Seen};

/// Bytes of text in the metadata of a step whose output is objects.
const TEXT_IN_METADATA: usize = 16 << 10;

pub fn run(step: &Powershell) -> StepResult {
    let directory = step.working_directory.clone().unwrap_or_else(|| "/workspace".into());
    if step.action == Action::Check {
        return crate::check::check(step, &directory);
    }
    let (path, text) = source(step, &directory)?;
    // Tests begin in their own folder, as they do under Pester.
    let temporary = directory.clone();
    let directory = match (step.action, &step.working_directory, path.rsplit_once('/')) {
        (Action::Test, None, Some((folder, _))) if !folder.is_empty() => folder.to_owned(),
        _ => directory,
    };
    permit(step, &path, &text)?;
    if step.runner == Runner::Pwsh {
        return crate::pwsh::run(step, &text, &directory);
    }
    let script =
        Script::parse(&path, &text).map_err(|errors| Failure::invalid_config(told(&path, &text, &errors)))?;
    look_over(step, &script)?;
    let seen: Rc<RefCell<Seen>> = Rc::default();
    let host = Granted {
        directory,
        temporary,
        seen: seen.clone(),
        started: Instant::now(),
        told_at: Duration::from_millis(250),
    };
    let mut interp = Interp::new(Box::new(host));
    interp.global.put_str("ErrorActionPreference", Value::from(step.error_action.name()));
    let parameters =
        step.parameters.iter().map(|(name, json)| (Str::from(name.as_str()), value(json))).collect();
    if step.action == Action::Test {
        return crate::test::test(step, &mut interp, &script, parameters, &seen);
    }
    let ending = interp.run_script(&script, parameters);
    finish(step, &mut interp, &ending, &seen.borrow())
}

/// What the parser found, a line for each.
fn told(path: &str, text: &str, errors: &[ps_lang::syntax::SyntaxError]) -> String {
    let source = ps_lang::syntax::Source::new(path, text);
    let lines: Vec<String> = errors
        .iter()
        .map(|error| {
            let (line, column) = source.position(error.span.start);
            format!("{path}:{line}:{column}: {} ({})", error.message, error.id)
        })
        .collect();
    lines.join("\n")
}

/// Refuses a script that cannot have what it needs, before anything of it runs.
fn look_over(step: &Powershell, script: &Script) -> Result<(), Failure> {
    let report = ps_lang::check::check(script);
    let lines: Vec<String> = report
        .refused()
        .map(|f| format!("{}:{}:{}: {}", script.source.path, f.line, f.column, f.message))
        .collect();
    if step.refuses() && !lines.is_empty() {
        return Err(Failure::invalid_config(format!(
            "the script needs what the sandbox does not have, and nothing of it was run:\n{}\n(`on_unavailable: warn` runs it all the same; `runner: pwsh` runs it on the host, where policy grants that)",
            lines.join("\n")
        )));
    }
    lines.iter().for_each(stepwell_sdk::log::warn);
    Ok(())
}

/// The path and the text of the script.
fn source(step: &Powershell, directory: &str) -> Result<(String, String), Failure> {
    match (&step.script, &step.script_path) {
        (Some(text), _) => Ok(("/script.ps1".into(), text.clone())),
        (None, Some(path)) => {
            let full = if path.starts_with('/') {
                path.clone()
            } else {
                format!("{}/{path}", directory.trim_end_matches('/'))
            };
            match std::fs::read_to_string(&full) {
                Ok(text) => Ok((full, text)),
                Err(error) => Err(unreadable(&full, error.kind())),
            }
        }
        (None, None) => Err(Failure::invalid_config("give `script` or `script_path`")),
    }
}

/// Why a script file cannot be read, and what would grant it.
fn unreadable(path: &str, kind: std::io::ErrorKind) -> Failure {
    let folder =
        path.rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder });
    match kind {
        std::io::ErrorKind::NotFound => Failure::not_found(format!(
            "script_path: there is no file {path}; if no mount holds {folder}, add `files: [{{mount: {folder}, source: DIRECTORY, access: read}}]` to the policy"
        )),
        std::io::ErrorKind::InvalidData => Failure::failed(format!("script_path: {path} is not UTF-8 text")),
        kind => Failure::failed(format!("script_path: {path} cannot be read: {kind}")),
    }
}

/// The execution policy, which nothing but this step enforces.
fn permit(step: &Powershell, path: &str, text: &str) -> Result<(), Failure> {
    let is_file = step.script_path.is_some();
    let policy = step
        .execution_policy
        .policy()
        .ok_or_else(|| Failure::invalid_config("`execution_policy` names no execution policy"))?;
    let signed = match policy {
        ExecutionPolicy::Restricted if is_file => {
            return Err(Failure::denied(format!(
                "execution_policy `restricted` lets no script file run: {path}"
            )));
        }
        ExecutionPolicy::AllSigned => true,
        ExecutionPolicy::RemoteSigned => is_file,
        _ => false,
    };
    if !signed {
        return Ok(());
    }
    let digest: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    if step.allowed_scripts.iter().any(|allowed| allowed.trim().eq_ignore_ascii_case(&digest)) {
        return Ok(());
    }
    Err(Failure::denied(format!(
        "{path} is not among `allowed_scripts`, which this execution_policy asks for; its SHA-256 is {digest}"
    )))
}

/// JSON as PowerShell has it: whole numbers are integers, objects are hashtables.
fn value(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(v) => Value::Bool(*v),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => i32::try_from(whole).map_or(Value::Long(whole), Value::Int),
            None => Value::Double(number.to_string().parse().unwrap_or(0.0)),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::array(items.iter().map(value).collect()),
        Json::Object(pairs) => {
            let pairs = pairs.iter().map(|(name, json)| (name.as_str(), value(json)));
            Value::Dict(Rc::new(Dict::from_pairs(DictKind::Hashtable, pairs)))
        }
    }
}

fn finish(step: &Powershell, interp: &mut Interp, ending: &Ending, seen: &Seen) -> StepResult {
    if let Some(why) = &seen.halted {
        return Err(Failure::timed_out(why.clone()));
    }
    let errors = seen.errors.len();
    let last = seen.errors.last().cloned().unwrap_or_default();
    if ending.code != 0 || step.fail_on_stderr && errors > 0 {
        let message = match (&ending.error, ending.code) {
            (Some(_), _) => last,
            (None, 0) => format!("the script wrote {errors} error(s), and `fail_on_stderr` is set: {last}"),
            (None, code) if last.is_empty() => format!("the script ended with exit code {code}"),
            (None, code) => format!("the script ended with exit code {code}; its last error: {last}"),
        };
        let mut failure =
            Failure::failed(message).metadata("exit_code", ending.code).metadata("error_count", errors);
        if let Some(record) = &ending.error {
            failure = failure.metadata("error_id", record.id.borrow().to_string());
            if let Some((line, _)) = record.line() {
                failure = failure.metadata("line", line);
            }
        }
        return Err(failure);
    }
    let text = seen.text.trim_end_matches('\n');
    let objects = seen.objects.iter().any(|value| !ps_lang::cmdlets::json::is_text(value));
    let mut output = Output::new(summary(text, seen.objects.len()))
        .metadata("exit_code", ending.code)
        .metadata("error_count", errors)
        .metadata("warning_count", seen.warnings)
        .metadata("parameters", serde_json::Value::Object(step.parameters.clone()));
    if let Some(path) = &step.script_path {
        output = output.metadata("script_path", path.as_str());
    }
    if seen.truncated {
        output = output.metadata("truncated", true);
    }
    if !objects {
        return Ok(output.value(text));
    }
    let json = ps_lang::cmdlets::json::to_text(interp, &seen.objects, 8);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap_or_default();
    let end =
        text.char_indices().map(|(at, _)| at).take_while(|at| *at <= TEXT_IN_METADATA).last().unwrap_or(0);
    let kept = if text.len() <= TEXT_IN_METADATA { text } else { text.get(..end).unwrap_or_default() };
    Ok(output.value(value).metadata("text", kept))
}

/// The last line that says something, which is what scripts end with.
pub fn summary(text: &str, count: usize) -> String {
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    match line.char_indices().nth(200) {
        _ if line.is_empty() && count == 0 => "the script produced no output".to_owned(),
        _ if line.is_empty() && count == 1 => "the script produced 1 object".to_owned(),
        _ if line.is_empty() => format!("the script produced {count} objects"),
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line.to_owned(),
    }
}
