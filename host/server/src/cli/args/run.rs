//! The options of `stepwell run`.

use std::path::PathBuf;

use clap::Args;

use super::shared::ApiArgs;

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The job file (YAML or JSON), or `-` for standard input.
    #[arg(required_unless_present = "resume", conflicts_with = "resume")]
    pub file: Option<PathBuf>,
    /// Sets a variable of the job, converted to the type of its default value. Repeatable [default: the
    /// values in the job].
    #[arg(long = "var", value_name = "NAME=VALUE", conflicts_with = "resume")]
    pub vars: Vec<String>,
    /// Continues this interrupted run from its first unfinished step [default: none; a new run starts].
    #[arg(long, value_name = "EXECUTION_ID")]
    pub resume: Option<String>,
    /// Prints the whole output of this step on standard output, as JSON; the summary goes to standard error
    /// [default: only the summary].
    #[arg(long, value_name = "STEP")]
    pub show_output: Option<String>,
    #[command(flatten)]
    pub api: ApiArgs,
}
