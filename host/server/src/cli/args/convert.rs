//! The options of `stepwell convert`.

use std::path::PathBuf;

use clap::Args;
use url::Url;

use super::shared::{ApiArgs, base};

#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    /// Legacy job files (YAML or JSON), or folders of them with all folders below.
    #[arg(value_name = "FILE", conflicts_with = "rollback")]
    pub files: Vec<PathBuf>,
    /// The folder for the new job files. If it contains the legacy files, the new files replace them
    /// [default: none; a conversion needs it].
    #[arg(long, value_name = "DIR", conflicts_with = "rollback")]
    pub to: Option<PathBuf>,
    /// Converts and checks everything, and writes no job file and no manifest.
    #[arg(long)]
    pub dry_run: bool,
    /// Writes the report to this file, as JSON or HTML by its name [default: none; a summary goes to standard
    /// output].
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Replaces files that this command did not write, and stores copies of them beside the manifest.
    #[arg(long)]
    pub overwrite: bool,
    /// Converts in batches by this key of the jobs, the least critical first, each with a manifest [default:
    /// none; all files are one batch].
    #[arg(long, value_name = "KEY")]
    pub batch_by: Option<String>,
    /// Converts only the batch with this value of --batch-by [default: all batches].
    #[arg(long, value_name = "VALUE")]
    pub batch: Option<String>,
    /// Runs each converted job once. Its steps do their work.
    #[arg(long, conflicts_with = "dry_run")]
    pub check_run: bool,
    /// Runs each job in its legacy form and in its new form, and compares status, output and duration. Its
    /// steps do their work twice.
    #[arg(long, conflicts_with = "dry_run")]
    pub compare: bool,
    /// The URL of the system that runs the legacy form for --compare, by `POST /api/jobs/{id}/run` [default:
    /// the service of --server, or this process].
    #[arg(long, value_name = "URL", value_parser = base)]
    pub legacy_server: Option<Url>,
    /// The file that contains the API key for --legacy-server [default: the key for --server].
    #[arg(long, value_name = "FILE")]
    pub legacy_key_file: Option<PathBuf>,
    /// Restores the files of the conversion that has this manifest [default: none; the command converts].
    #[arg(long, value_name = "MANIFEST")]
    pub rollback: Option<PathBuf>,
    /// With --rollback, also restores files that have changed since the conversion, and stores copies of them.
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub api: ApiArgs,
}
