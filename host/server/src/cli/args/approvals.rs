//! The commands of `stepwell approvals`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ApprovalsCommand {
    /// Lists steps that wait for an approval.
    List,
    /// Shows the question of an approval step, and the configurations that the approval covers.
    Show {
        /// The id of the run.
        execution_id: String,
        /// The step. Its id differs from that of the option `--step`, which every command has.
        #[arg(id = "approval_step", value_name = "STEP", help = "The id of the step")]
        step: String,
    },
    /// Approves a step.
    Approve(DecisionArgs),
    /// Rejects a step.
    Reject(DecisionArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DecisionArgs {
    /// The id of the run.
    pub execution_id: String,
    /// The step. Its id differs from that of the option `--step`, which every command has.
    #[arg(id = "approval_step", value_name = "STEP", help = "The id of the step")]
    pub step: String,
    /// A comment, for the record [default: none].
    #[arg(long, default_value = "", hide_default_value = true)]
    pub comment: String,
    /// The digest of the approved content, as `approvals show` prints it. The decision is refused if the
    /// content has changed [default: none; any content].
    #[arg(long, value_name = "SHA256")]
    pub digest: Option<String>,
}
