//! The commands of `stepwell step`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::shared::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum StepCommand {
    /// Reports what scripts need that the sandbox lacks, without running them.
    CheckScript(CheckScriptArgs),
    /// Runs files of tests of scripts in the sandbox.
    TestScript(TestScriptArgs),
}

/// The scripts, and the steps that run them.
#[derive(Debug, Args)]
pub(crate) struct ScriptArgs {
    /// Scripts, or folders of scripts.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// The folder that the sandbox sees, read-only [default: the current folder if all scripts are in it,
    /// otherwise the folder of the first script].
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// The step type that runs the scripts [default: the one that declares files of such names].
    #[arg(long = "type", id = "script_type", value_name = "TYPE")]
    pub step_type: Option<String>,
    /// The file of a component that runs scripts of another language. Repeatable [default: none].
    #[arg(long = "step", id = "script_step", value_name = "WASM")]
    pub step: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckScriptArgs {
    #[command(flatten)]
    pub scripts: ScriptArgs,
    /// The format of the report.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct TestScriptArgs {
    #[command(flatten)]
    pub scripts: ScriptArgs,
    /// The file for the results as JUnit XML [default: none].
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Runs only tests with this tag. Repeatable [default: all tests].
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,
    /// Skips tests with this tag. Repeatable [default: none].
    #[arg(long, value_name = "TAG")]
    pub exclude_tag: Vec<String>,
}
