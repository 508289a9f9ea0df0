//! A program to run, its mounts, and a limit that it exceeded.

use std::path::PathBuf;
use std::time::Duration;

use stepwell_engine::policy::Access;
use stepwell_engine::quantity::Bytes;

/// A program to run.
pub(crate) struct Program {
    pub path: PathBuf,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// The files for the directory `files` in its private directory. The program does not start there, so no
    /// file name configures it.
    pub files: Vec<(String, Vec<u8>)>,
    /// The value of `STEPWELL_DIRECTORY`.
    pub directory: Option<PathBuf>,
    pub input: Vec<u8>,
    /// Directories that it may read and execute besides the system's.
    pub read: Vec<PathBuf>,
    pub mounts: Vec<Mount>,
    pub network: bool,
    pub timeout: Duration,
    pub output_bytes: u64,
    pub memory_bytes: u64,
    pub tasks: u64,
    pub file_bytes: u64,
    pub file_count: u64,
    /// Whether it may run on a machine that cannot enforce all bounds.
    pub allow_weaker: bool,
}

/// A mount of the step.
#[derive(Debug, Clone)]
pub(crate) struct Mount {
    /// The path of the mount in the step.
    pub place: String,
    pub path: PathBuf,
    pub access: Access,
    /// The maximum size. `None` for a directory of the host.
    pub bytes: Option<u64>,
    /// The name of the limit of the size.
    pub limit: &'static str,
}

/// A limit that a program exceeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Over {
    /// The name of the limit.
    pub limit: &'static str,
    pub message: String,
}

impl Over {
    pub fn memory(bytes: u64) -> Self {
        let bytes = Bytes::new(bytes);
        let message = format!(
            "the program took more than {bytes} of memory, all its processes together, and was stopped"
        );
        Self { limit: "process_memory", message }
    }

    pub fn tasks(tasks: u64) -> Self {
        let message = format!("the program had more than {tasks} processes and threads, and was stopped");
        Self { limit: "process_tasks", message }
    }

    pub fn output(bytes: u64) -> Self {
        let bytes = Bytes::new(bytes);
        let message = format!("the program wrote more than {bytes} to its output, and was stopped");
        Self { limit: "process_output_bytes", message }
    }
}
