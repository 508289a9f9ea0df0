//! What a job file says about a `powershell` step.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use stepwell_sdk::{Invocation, Issue, Need, Pending, Step, StepResult};

/// Configuration of `powershell`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Powershell {
    /// What is done with the script. `run`: it runs. `test`: it runs as a file of tests, with `Describe`, `It` and `Should`; the
    /// step fails when a test does not pass. `check`: nothing runs, and the output says what the script needs; `script_path`
    /// may be a folder of scripts. Default: `run`.
    #[serde(default)]
    pub action: Action,
    /// What runs the script. `interpreter`: the one in the sandbox. `pwsh`: the real PowerShell of the host, outside of the
    /// sandbox, where policy grants `process` for it; its output is text. Default: `interpreter`.
    #[serde(default)]
    pub runner: Runner,
    /// The script itself. Either this or `script_path`.
    #[serde(default)]
    pub script: Option<String>,
    /// The file of the script: relative to `working_directory`, or absolute within a granted mount.
    #[serde(default)]
    pub script_path: Option<String>,
    /// Parameters of the script, by name. Numbers, booleans and lists have their own type; an object is a `PSCustomObject`, or
    /// a hashtable where the script declares the parameter as `[hashtable]`. Default: none.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// Which scripts may run. `restricted`: no script files. `remote_signed`: a script file only when `allowed_scripts`
    /// has its checksum. `all_signed`: the same for `script` too. `unrestricted` and `bypass`: every script. Default:
    /// `bypass`, since policy decides what a script can reach.
    #[serde(default)]
    pub execution_policy: PolicyName,
    /// SHA-256 checksums, in hexadecimal, of the scripts that `remote_signed` and `all_signed` let run. An operator
    /// sets them in `step_types.yaml`. Default: none.
    #[serde(default)]
    pub allowed_scripts: Vec<String>,
    /// What `$ErrorActionPreference` is at the beginning. Default: `continue`, as in PowerShell: after most errors the
    /// script goes on.
    #[serde(default)]
    pub error_action: ErrorAction,
    /// The step fails when anything was written to the error stream. Default: false, as in PowerShell: the exit code
    /// decides.
    #[serde(default)]
    pub fail_on_stderr: bool,
    /// What happens to a script that needs what the sandbox cannot have, such as COM, the registry, the module of a vendor
    /// or a program, and has not foreseen it by a `try` or a test. Default: `refuse`, before anything of it runs.
    #[serde(default)]
    pub on_unavailable: OnUnavailable,
    /// With `action: test`, only tests that have one of these tags. Default: all tests.
    #[serde(default)]
    pub tags: Vec<String>,
    /// With `action: test`, no tests that have one of these tags. Default: none are left out.
    #[serde(default)]
    pub exclude_tags: Vec<String>,
    /// Where the script begins. Default: `/workspace`.
    #[serde(default)]
    pub working_directory: Option<String>,
}

/// What runs a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Runner {
    #[default]
    Interpreter,
    Pwsh,
}

/// What is done with a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    #[default]
    Run,
    Test,
    Check,
}

/// What happens to a script that needs what the sandbox cannot have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnUnavailable {
    /// It does not begin.
    #[default]
    Refuse,
    /// It runs, and the log has a warning for each.
    Warn,
}

/// The name of an execution policy, as here (`remote_signed`) or as in PowerShell (`RemoteSigned`), in any case.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PolicyName(String);

impl Default for PolicyName {
    fn default() -> Self {
        Self("bypass".to_owned())
    }
}

impl PolicyName {
    /// The policy; none where the name is none.
    pub fn policy(&self) -> Option<ExecutionPolicy> {
        Some(match self.0.trim().replace(['_', '-'], "").to_ascii_lowercase().as_str() {
            "restricted" => ExecutionPolicy::Restricted,
            "allsigned" => ExecutionPolicy::AllSigned,
            "remotesigned" => ExecutionPolicy::RemoteSigned,
            "unrestricted" => ExecutionPolicy::Unrestricted,
            "bypass" => ExecutionPolicy::Bypass,
            // What PowerShell does then on a machine without a group policy, on Windows.
            "undefined" | "default" => ExecutionPolicy::Restricted,
            _ => return None,
        })
    }
}

/// Which scripts may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionPolicy {
    Restricted,
    AllSigned,
    RemoteSigned,
    Unrestricted,
    Bypass,
}

/// What an error does that does not end the script by itself.
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
    /// Whether a script that needs what the sandbox cannot have is not begun.
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
