//! `runner: pwsh`: the real PowerShell, through the host's process capability.
//!
//! It gets three files: the script, its parameters as JSON, and a small script that reads the parameters and
//! runs the script. `-File` would convert every parameter to text.

use stepwell_sdk::process::{Command, run as start};
use stepwell_sdk::{Failure, Output, StepResult, log};

use crate::config::Powershell;
use crate::run::summary;

/// Runs the script as a block, not as a file. `exit` then sets the script's exit code, and the exit code of a
/// native program does not.
const BEGIN: &str = r#"$ProgressPreference = 'SilentlyContinue'
$ErrorActionPreference = '@ACTION@'
if ($env:STEPWELL_DIRECTORY) { Set-Location -LiteralPath $env:STEPWELL_DIRECTORY }
$problems = $null
$tree = [System.Management.Automation.Language.Parser]::ParseFile("$PSScriptRoot/script.ps1", [ref]$null, [ref]$problems)
if ($problems) {
    foreach ($problem in $problems) {
        $at = $problem.Extent.StartScriptPosition
        [Console]::Error.WriteLine("script.ps1:$($at.LineNumber):$($at.ColumnNumber): $($problem.Message) ($($problem.ErrorId))")
    }
    exit 1
}
$json = Get-Content -Raw -LiteralPath "$PSScriptRoot/parameters.json"
$tables = $json | ConvertFrom-Json -AsHashtable
$objects = $json | ConvertFrom-Json
$declared = @{}
if ($tree.ParamBlock) {
    foreach ($parameter in $tree.ParamBlock.Parameters) {
        $declared[$parameter.Name.VariablePath.UserPath] = $parameter.StaticType
    }
}
$stepwell = @{}
foreach ($name in $tables.Keys) {
    if ([System.Collections.IDictionary].IsAssignableFrom($declared[$name])) { $stepwell[$name] = $tables[$name] }
    else { $stepwell[$name] = $objects.$name }
}
& $tree.GetScriptBlock() @stepwell
exit 0
"#;

pub fn run(step: &Powershell, text: &str, directory: &str) -> StepResult {
    let parameters = serde_json::Value::Object(step.parameters.clone()).to_string();
    let begin = BEGIN.replace("@ACTION@", step.error_action.name());
    let command = Command {
        program: "pwsh".into(),
        arguments: ["-NoLogo", "-NoProfile", "-NonInteractive", "-File", "files/begin.ps1"]
            .map(str::to_owned)
            .to_vec(),
        environment: Vec::new(),
        files: vec![
            ("begin.ps1".into(), begin.into_bytes()),
            ("script.ps1".into(), text.as_bytes().to_vec()),
            ("parameters.json".into(), parameters.into_bytes()),
        ],
        // Without such a mount, the script starts in a private directory.
        directory: std::fs::metadata(directory).is_ok_and(|m| m.is_dir()).then(|| directory.to_owned()),
        input: Vec::new(),
        timeout_ms: 0,
    };
    let ended = start(&command)?;
    let output = String::from_utf8_lossy(&ended.output).into_owned();
    let errors = String::from_utf8_lossy(&ended.error_output).into_owned();
    output.lines().for_each(log::info);
    errors.lines().for_each(log::error);
    let last = errors.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let wrote = if last.is_empty() { String::new() } else { format!("; its last error: {last}") };
    let failed = match ended.code {
        Some(0) if step.fail_on_stderr && !last.is_empty() => {
            Some(format!("the script wrote errors, and `fail_on_stderr` is set: {last}"))
        }
        Some(0) => None,
        Some(code) => Some(format!("the script ended with exit code {code}{wrote}")),
        None => Some(format!("pwsh was ended by the signal {}{wrote}", ended.signal.unwrap_or_default())),
    };
    let code = ended.code.unwrap_or(-1);
    match failed {
        Some(message) => Err(Failure::failed(message).metadata("exit_code", code).metadata("runner", "pwsh")),
        None => {
            let text = output.trim_end_matches('\n');
            let output = Output::new(summary(text, 0))
                .value(text)
                .metadata("exit_code", code)
                .metadata("runner", "pwsh")
                .metadata("parameters", serde_json::Value::Object(step.parameters.clone()));
            Ok(output)
        }
    }
}
