//! What a job file says about a `powershell` step.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use stepwell_sdk::{Invocation, Issue, Need, Step, StepResult};

/// Configuration of `powershell`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Powershell {
    /// The script itself. Either this or `script_path`.
    #[serde(default)]
    pub script: Option<String>,
    /// The file of the script: relative to `working_directory`, or absolute within a granted mount.
    #[serde(default)]
    pub script_path: Option<String>,
    /// Parameters of the script, by name. Numbers, booleans, arrays and objects keep their type; objects are
    /// hashtables. Default: none.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// Which scripts may run. `restricted`: no script files. `remote_signed`: a script file only when `allowed_scripts`
    /// has its checksum. `all_signed`: the same for `script` too. `unrestricted` and `bypass`: every script. Default:
    /// `bypass`, since policy decides what a script can reach.
    #[serde(default)]
    pub execution_policy: ExecutionPolicy,
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
    /// Where the script begins. Default: `/workspace`.
    #[serde(default)]
    pub working_directory: Option<String>,
}

/// Which scripts may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionPolicy {
    #[serde(alias = "Restricted")]
    Restricted,
    #[serde(alias = "AllSigned")]
    AllSigned,
    #[serde(alias = "RemoteSigned")]
    RemoteSigned,
    #[serde(alias = "Unrestricted")]
    Unrestricted,
    #[default]
    #[serde(alias = "Bypass")]
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

impl Step for Powershell {
    const TYPE: &str = "powershell";
    const SUMMARY: &str = "Runs a PowerShell 7 script in the sandbox";
    const NEEDS: &[Need] = &[
        Need { capability: "files", purpose: "read and write the files of the script" },
        Need { capability: "http", purpose: "send the requests of the script" },
    ];

    fn validate(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        match (&self.script, &self.script_path) {
            (Some(_), Some(_)) => {
                issues.push(Issue::at("/script_path", "give `script` or `script_path`, not both"))
            }
            (None, None) => issues.push(Issue::at("", "give `script` or `script_path`")),
            (Some(script), None) => {
                if let Err(errors) = ps_lang::Script::parse("/script.ps1", script) {
                    let source = ps_lang::syntax::Source::new("/script.ps1", script);
                    issues.extend(errors.iter().map(|error| {
                        let (line, column) = source.position(error.span.start);
                        Issue::at(
                            "/script",
                            format!("line {line}, column {column}: {} ({})", error.message, error.id),
                        )
                    }));
                }
            }
            (None, Some(_)) => {}
        }
        issues
    }

    fn run(self, invocation: &Invocation) -> StepResult {
        crate::run::run(&self, invocation)
    }
}
