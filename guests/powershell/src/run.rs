//! Runs the script of a step.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ps_lang::eval::Interp;
use ps_lang::value::{Dict, DictKind, Str};
use ps_lang::{Ending, Script, Value};
use sha2::{Digest, Sha256};
use stepwell_sdk::text::counted;
use stepwell_sdk::values::bytes_text;
use stepwell_sdk::{Failure, Output, StepResult};

use crate::config::{Action, ExecutionPolicy, Powershell, Runner};
use crate::host::{Granted, Seen};

/// The depth to which properties of .NET objects are written. Objects that a script builds itself are
/// written completely.
const OBJECT_DEPTH: usize = 8;
/// The maximum bytes of text in the metadata of a step whose output is objects.
const TEXT_IN_METADATA: usize = 16 << 10;

pub fn run(step: &Powershell) -> StepResult {
    let directory = step.working_directory.clone().unwrap_or_else(|| "/workspace".into());
    if step.action == Action::Check {
        return crate::check::check(step, &directory);
    }
    let (path, text) = source(step, &directory)?;
    // Tests start in their own folder, as they do under Pester.
    let temporary = directory.clone();
    let directory = match (step.action, &step.working_directory, path.rsplit_once('/')) {
        (Action::Test, None, Some((folder, _))) if !folder.is_empty() => folder.to_owned(),
        _ => directory,
    };
    permit(step, &path, &text)?;
    if step.runner == Runner::Pwsh {
        return crate::pwsh::run(step, &text, &directory);
    }
    let script = Script::parse(&path, &text)
        .map_err(|errors| Failure::invalid_config(described(&path, &text, &errors)))?;
    check_needs(step, &script)?;
    let seen: Rc<RefCell<Seen>> = Rc::default();
    let host = Granted {
        directory,
        temporary,
        seen: seen.clone(),
        started: Instant::now(),
        told_at: Duration::from_millis(250),
    };
    let mut interp = ps_lang::interpreter(Box::new(host));
    interp.global.put_str("ErrorActionPreference", Value::from(step.error_action.name()));
    let parameters = parameters(step, &script);
    if step.action == Action::Test {
        return crate::test::test(step, &mut interp, &script, parameters, &seen);
    }
    let ending = interp.run_script(&script, parameters);
    finish(step, &mut interp, &ending, &seen.borrow())
}

/// Formats the parser's errors, one line per error.
fn described(path: &str, text: &str, errors: &[ps_lang::syntax::SyntaxError]) -> String {
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

/// Refuses a script whose needs the sandbox cannot meet, before any part of it runs.
fn check_needs(step: &Powershell, script: &Script) -> Result<(), Failure> {
    let report = ps_lang::check::check(script);
    let lines: Vec<String> = report
        .refused()
        .map(|f| format!("{}:{}:{}: {}", script.source.path, f.line, f.column, f.message))
        .collect();
    if step.refuses() && !lines.is_empty() {
        return Err(Failure::invalid_config(format!(
            "the script needs what the sandbox does not have, and nothing of it was run:\n{}\n(`on_unavailable: warn` runs it anyway; `runner: pwsh` runs it on the host, where policy grants that)",
            lines.join("\n")
        )));
    }
    lines.iter().for_each(stepwell_sdk::log::warn);
    Ok(())
}

/// Returns the path and the text of the script.
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

/// Explains why a script file cannot be read, and which grant would allow it.
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

/// Enforces the execution policy. No other part of Stepwell enforces it.
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
    let digest = bytes_text(&Sha256::digest(text.as_bytes()));
    if step.allowed_scripts.iter().any(|allowed| allowed.trim().eq_ignore_ascii_case(&digest)) {
        return Ok(());
    }
    Err(Failure::denied(format!(
        "{path} is not among `allowed_scripts`, which this execution_policy asks for; its SHA-256 is {digest}"
    )))
}

/// Converts the parameters for the script. An object becomes a hashtable where the script declares one.
fn parameters(step: &Powershell, script: &Script) -> Vec<(Str, Value)> {
    let is_table = |name: &str| {
        let declared = script.block.params.iter().find(|param| param.var.name.eq_ignore_ascii_case(name));
        let kind = declared.and_then(|param| param.kind.as_ref()).map(|kind| kind.name.to_ascii_lowercase());
        kind.is_some_and(|kind| {
            matches!(
                kind.trim_start_matches("system.").trim_start_matches("collections."),
                "hashtable" | "idictionary" | "specialized.ordereddictionary"
            )
        })
    };
    let given = step.parameters.iter();
    given.map(|(name, json)| (Str::from(name.as_str()), value(json, is_table(name)))).collect()
}

/// Converts JSON to PowerShell values: whole numbers become integers, objects become `PSCustomObject`s
/// or hashtables.
fn value(json: &serde_json::Value, table: bool) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(v) => Value::Bool(*v),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => i32::try_from(whole).map_or(Value::Long(whole), Value::Int),
            (None, Some(whole)) => Value::ULong(whole),
            (None, None) => Value::Double(number.to_string().parse().unwrap_or(0.0)),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::array(items.iter().map(|item| value(item, table)).collect()),
        Json::Object(pairs) if table => {
            let pairs = pairs.iter().map(|(name, json)| (name.as_str(), value(json, true)));
            Value::Dict(Rc::new(Dict::from_pairs(DictKind::Hashtable, pairs)))
        }
        Json::Object(pairs) => {
            Value::custom(pairs.iter().map(|(name, json)| (Str::from(name.as_str()), value(json, false))))
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
        let mut failure = Failure::failed(message)
            .metadata("exit_code", ending.code)
            .metadata("error_count", errors)
            .metadata("text", kept(&seen.text));
        if let Some(record) = &ending.error {
            failure = failure.metadata("error_id", record.id.borrow().to_string());
            if let Some((line, _)) = record.line() {
                failure = failure.metadata("line", line);
            }
        }
        return Err(failure);
    }
    let text = seen.text.trim_end_matches('\n');
    let objects = seen.objects.iter().any(|value| !ps_lang::json::is_text(value));
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
    let json = ps_lang::json::to_text(interp, &seen.objects, OBJECT_DEPTH)
        .map_err(|why| Failure::failed(why).metadata("text", kept(text)))?;
    let value = stepwell_sdk::values::read_json(&json)
        .map_err(|_| Failure::failed("the output of the script has no form in JSON"))?;
    Ok(output.value(value).metadata("text", kept(text)))
}

/// Returns the beginning of a text, as much as fits into metadata.
fn kept(text: &str) -> &str {
    let text = text.trim_end_matches('\n');
    if text.len() <= TEXT_IN_METADATA {
        return text;
    }
    let end =
        text.char_indices().map(|(at, _)| at).take_while(|at| *at <= TEXT_IN_METADATA).last().unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// Returns the last nonblank line of the output, which is typically the summary of a script.
pub fn summary(text: &str, count: usize) -> String {
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    match line.char_indices().nth(200) {
        _ if line.is_empty() && count == 0 => "the script produced no output".to_owned(),
        _ if line.is_empty() => format!("the script produced {}", counted(count as u64, "object")),
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ps_lang::json::to_text;
    use serde_json::json;

    /// Creates an interpreter whose host gives the script no access to anything.
    fn interp() -> Interp {
        let seen: Rc<RefCell<Seen>> = Rc::default();
        ps_lang::interpreter(Box::new(Granted {
            directory: "/".into(),
            temporary: "/".into(),
            seen,
            started: Instant::now(),
            told_at: Duration::from_secs(3600),
        }))
    }

    #[test]
    fn what_goes_in_comes_out() {
        let mut it = interp();
        for json in [
            json!(null),
            json!([null, true, 0, -1, 2_147_483_648_i64, 9_007_199_254_740_992_i64]),
            json!([0.1, 1.5, -2.0, 1e300, 5e-324, 123456.789]),
            json!(["", " ", "007", "1.10", "12345678901234567890", "2026-03-01T00:00:00Z", "é😀", "a\nb"]),
            json!([[], [1], [[1, 2], []], {}]),
            json!({"zulu": 1, "alpha": {"b": [], "a": [{"x": null}]}, "Mid": [1]}),
        ] {
            for table in [false, true] {
                let items = [value(&json, table)];
                let text = to_text(&mut it, &items, OBJECT_DEPTH).unwrap_or_else(|why| panic!("{why}"));
                let back =
                    stepwell_sdk::values::read_json(&text).unwrap_or_else(|why| panic!("{text}: {why}"));
                assert_eq!(back.to_string(), json.to_string(), "table: {table}");
            }
        }
    }

    #[test]
    fn what_nests_too_deep_is_refused() {
        let mut it = interp();
        let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
        let why = to_text(&mut it, &[value(&deep, false)], OBJECT_DEPTH).unwrap_err();
        assert!(why.contains("nests deeper than 64 levels"), "{why}");
    }

    #[test]
    fn objects_have_the_kind_that_the_script_declares() {
        let script =
            Script::parse("/s.ps1", "param([hashtable]$Table, $Object, [Collections.IDictionary]$Other)");
        let step: Powershell = serde_json::from_value(json!({
            "script": "1", "parameters": {"table": {"a": {"b": 1}}, "Object": {"a": 1}, "Other": {"a": 1}},
        }))
        .unwrap();
        let kinds: Vec<String> = parameters(&step, &script.unwrap_or_else(|_| panic!("it parses")))
            .iter()
            .map(|(_, value)| ps_lang::types::type_of(value).name())
            .collect();
        assert_eq!(kinds, ["Hashtable", "PSCustomObject", "Hashtable"]);
    }
}
