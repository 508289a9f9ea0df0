//! The options of `stepwell demo`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The port on 127.0.0.1; 0 selects a free one [default: 7450, or a free one when another program uses it].
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// A directory that stays after the demo, and with which a later demo continues: a new or an empty one, or that of
    /// an earlier demo [default: a temporary directory, which the end of the demo deletes].
    #[arg(long, value_name = "DIR")]
    pub directory: Option<PathBuf>,
}
