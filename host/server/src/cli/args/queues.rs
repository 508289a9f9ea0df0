//! The commands of `stepwell queues`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum QueuesCommand {
    /// Lists queues.
    List,
    /// Pauses a queue: none of its runs begins, and runs that have begun continue.
    Pause {
        /// The time zone of the queue, for instance Europe/Berlin.
        zone: String,
        /// The reason, for the record [default: none].
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Resumes a queue.
    Resume {
        /// The time zone of the queue, for instance Europe/Berlin.
        zone: String,
    },
}
