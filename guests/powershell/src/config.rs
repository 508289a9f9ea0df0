//! The job file's configuration of a `powershell` step.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use stepwell_sdk::{Action as Declared, Invocation, Issue, Need, Pending, Step, StepResult};

/// Configuration of `powershell`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Powershell {
    /// The action on the script. `run` runs it. `test` runs it as a test file with `Describe`, `It` and
    /// `Should`, and the step fails when a test does not pass. `check` runs nothing and returns the needs of
    /// the script; `script_path` may be a folder of scripts. Default: `run`.
    #[serde(default)]
    pub action: Action,
    /// The program that runs the script. `interpreter`: the interpreter in the sandbox. `pwsh`: the real
    /// PowerShell of the host, outside the sandbox, where policy grants `process` for it; its output is text.
    /// Default: `interpreter`.
    #[serde(default)]
    #[schemars(extend("x-stepwell-grant" = "process", "x-stepwell-own" = ["interpreter"]))]
    pub runner: Runner,
    /// The text of the script. Give either this or `script_path`.
    #[serde(default)]
    pub script: Option<String>,
    /// The script file. The path is relative to `working_directory`, or absolute within a granted mount.
    #[serde(default)]
    pub script_path: Option<String>,
    /// Parameters of the script, by name. Numbers, booleans and lists keep their type. An object becomes a
    /// `PSCustomObject`, or a hashtable where the script declares the parameter as `[hashtable]`. Default:
    /// none.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// The scripts that may run. `restricted`: no script files. `remote_signed`: a script file only when
    /// `allowed_scripts` has its checksum. `all_signed`: the same, also for `script`. `unrestricted` and
    /// `bypass`: every script. Default: `bypass`, since policy decides what a script can reach.
    #[serde(default)]
    pub execution_policy: PolicyName,
    /// The SHA-256 checksums, in hexadecimal, of the scripts that `remote_signed` and `all_signed` allow. An
    /// operator sets them in `step_types.yaml`. Default: none.
    #[serde(default)]
    pub allowed_scripts: Vec<String>,
    /// The initial value of `$ErrorActionPreference`. Default: `continue`, as in PowerShell: after most
    /// errors the script continues.
    #[serde(default)]
    pub error_action: ErrorAction,
    /// Whether the step fails when the script writes to the error stream. Default: false, as in PowerShell:
    /// the exit code decides.
    #[serde(default)]
    pub fail_on_stderr: bool,
    /// The handling of a script that needs something that the sandbox cannot have, such as COM, the registry,
    /// a vendor's module or a program, and does not guard the use with a `try` or a test. Default: `refuse`,
    /// before any part of the script runs.
    #[serde(default)]
    pub on_unavailable: OnUnavailable,
    /// With `action: test`, the tags of the tests to run. Default: all tests.
    #[serde(default)]
    pub tags: Vec<String>,
    /// With `action: test`, the tags of the tests to leave out. Default: none.
    #[serde(default)]
    pub exclude_tags: Vec<String>,
    /// The initial working directory of the script. Default: `/workspace`.
    #[serde(default)]
    pub working_directory: Option<String>,
}

/// The program that runs a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Runner {
    #[default]
    Interpreter,
    Pwsh,
}

/// The action on a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    #[default]
    Run,
    Test,
    Check,
}

/// The handling of a script that needs something that the sandbox cannot have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnUnavailable {
    /// The script does not start.
    #[default]
    Refuse,
    /// The script runs, and the log has a warning for each such need.
    Warn,
}

/// The name of an execution policy, in Stepwell's notation (`remote_signed`) or PowerShell's
/// (`RemoteSigned`), in any case.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PolicyName(String);

impl Default for PolicyName {
    fn default() -> Self {
        Self("bypass".to_owned())
    }
}

impl PolicyName {
    /// Returns the policy, or `None` if the name is unknown.
    pub fn policy(&self) -> Option<ExecutionPolicy> {
        Some(match self.0.trim().replace(['_', '-'], "").to_ascii_lowercase().as_str() {
            "restricted" => ExecutionPolicy::Restricted,
            "allsigned" => ExecutionPolicy::AllSigned,
            "remotesigned" => ExecutionPolicy::RemoteSigned,
            "unrestricted" => ExecutionPolicy::Unrestricted,
            "bypass" => ExecutionPolicy::Bypass,
            // PowerShell does the same on Windows without a group policy.
            "undefined" | "default" => ExecutionPolicy::Restricted,
            _ => return None,
        })
    }
}

/// The scripts that may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionPolicy {
    Restricted,
    AllSigned,
    RemoteSigned,
    Unrestricted,
    Bypass,
}

/// The effect of a non-terminating error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorAction {
    #[default]
    #[serde(alias = "Continue")]
    Continue,
    #[serde(alias = "Stop")]
    Stop,
    #[serde(alias = "SilentlyContinue")]
    SilentlyContinue,
}

impl ErrorAction {
    pub fn name(self) -> &'static str {
        match self {
            Self::Continue => "Continue",
            Self::Stop => "Stop",
            Self::SilentlyContinue => "SilentlyContinue",
        }
    }
}

impl Powershell {
    /// Returns whether the step refuses a script that needs something that the sandbox cannot have.
    pub fn refuses(&self) -> bool {
        self.on_unavailable == OnUnavailable::Refuse && self.runner == Runner::Interpreter
    }
}

impl Step for Powershell {
    const TYPE: &str = "powershell";
    const SUMMARY: &str = "Runs a PowerShell 7 script in the sandbox";
    const NEEDS: &[Need] = &[
        Need::optional("files", "read and write the files of the script"),
        Need::optional("http", "send the requests of the script"),
        Need::optional("sql", "run the statements of `Invoke-Sqlcmd`"),
        Need::optional("environment", "show it as `$env:`"),
        Need::optional("process", "start the real PowerShell, where `runner: pwsh` asks for it"),
    ];
    const ACTIONS: &[Declared] = &[Declared::check(crate::check::FILES), Declared::test(crate::test::FILES)];

    fn validate(&self, _: &Pending) -> Vec<Issue> {
        let mut issues = Vec::new();
        match (&self.script, &self.script_path) {
            (Some(_), Some(_)) => {
                issues.push(Issue::at("/script_path", "give `script` or `script_path`, not both"))
            }
            (None, None) => issues.push(Issue::at("", "give `script` or `script_path`")),
            (Some(script), None) => match ps_lang::Script::parse("/script.ps1", script) {
                Ok(script) if self.action != Action::Check && self.refuses() => {
                    let report = ps_lang::check::check(&script);
                    issues.extend(report.refused().map(|f| {
                        let message = format!("line {}, column {}: {}", f.line, f.column, f.message);
                        let decides = ["/action", "/runner", "/on_unavailable"];
                        decides.into_iter().fold(Issue::at("/script", message), Issue::concerns)
                    }));
                }
                Ok(_) => {}
                Err(_) if self.runner == Runner::Pwsh => {}
                Err(errors) => {
                    let source = ps_lang::syntax::Source::new("/script.ps1", script);
                    issues.extend(errors.iter().map(|error| {
                        let (line, column) = source.position(error.span.start);
                        Issue::at(
                            "/script",
                            format!("line {line}, column {column}: {} ({})", error.message, error.id),
                        )
                        .concerns("/runner")
                    }));
                }
            },
            (None, Some(_)) => {}
        }
        if self.execution_policy.policy().is_none() {
            issues.push(Issue::at(
                "/execution_policy",
                "use restricted, all_signed, remote_signed, unrestricted or bypass, or PowerShell's spelling of them",
            ));
        }
        if self.runner == Runner::Pwsh && self.action != Action::Run {
            let message = "`pwsh` only runs scripts: leave `action` out, or `runner`";
            issues.push(Issue::at("/runner", message).concerns("/action"));
        }
        if self.action != Action::Test && !(self.tags.is_empty() && self.exclude_tags.is_empty()) {
            let message = "`tags` and `exclude_tags` choose tests: give `action: test`";
            issues.push(Issue::at("/tags", message).concerns("/action"));
        }
        issues
    }

    fn run(self, _: &Invocation) -> StepResult {
        crate::run::run(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn execution_policies_have_the_spellings_of_powershell() {
        for (name, policy) in [
            ("RemoteSigned", Some(ExecutionPolicy::RemoteSigned)),
            ("remote_signed", Some(ExecutionPolicy::RemoteSigned)),
            ("REMOTESIGNED", Some(ExecutionPolicy::RemoteSigned)),
            ("AllSigned", Some(ExecutionPolicy::AllSigned)),
            ("Unrestricted", Some(ExecutionPolicy::Unrestricted)),
            ("Undefined", Some(ExecutionPolicy::Restricted)),
            ("signed", None),
        ] {
            assert_eq!(PolicyName(name.to_owned()).policy(), policy, "{name}");
        }
        assert_eq!(PolicyName::default().policy(), Some(ExecutionPolicy::Bypass));
    }
}
