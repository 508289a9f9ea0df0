//! The commands of `stepwell steps`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum StepsCommand {
    /// Lists the step types.
    List,
    /// Registers components as steps, for every node that uses the store. Each becomes the active
    /// version of its type; runs admitted before keep their versions. Refuses a version that would make
    /// stored jobs invalid.
    Register {
        /// The component files.
        #[arg(required = true, value_name = "WASM")]
        files: Vec<PathBuf>,
        /// Registers even if the version makes stored jobs invalid, or belongs to another component.
        #[arg(long)]
        force: bool,
    },
    /// Makes an earlier version of a registered step active: the previously registered one, or the given one.
    Rollback {
        /// The step type.
        #[arg(id = "TYPE")]
        step_type: String,
        /// The version (1, 1.2 or 1.2.3), or the digest [default: the previously registered version].
        #[arg(id = "VERSION")]
        version: Option<String>,
    },
    /// Removes a registered step, or one version of it (TYPE@VERSION). Refuses while stored jobs need it.
    Remove {
        /// The step type, or TYPE@VERSION.
        #[arg(id = "TYPE")]
        step_type: String,
        /// Removes the step even if stored jobs could not run without it.
        #[arg(long)]
        force: bool,
    },
    /// Lists the stored jobs that use a step type.
    Jobs {
        /// The step type.
        #[arg(id = "TYPE")]
        step_type: String,
    },
    /// Shows the descriptor of a step type (also TYPE@VERSION) or of a component file.
    Inspect {
        /// A step type, or a `.wasm` file.
        #[arg(id = "TYPE|WASM")]
        step: String,
    },
}
