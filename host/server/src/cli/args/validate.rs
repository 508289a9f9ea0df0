//! The options of `stepwell validate`.

use std::path::PathBuf;

use clap::Args;

use super::shared::ApiArgs;

#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// Job files (YAML or JSON), folders of them, or `-` for standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub api: ApiArgs,
}
