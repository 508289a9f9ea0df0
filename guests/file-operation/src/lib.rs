//! The `file_operation` step: copies, moves, deletes, lists, checks, packs and unpacks files of the granted
//! mounts.
//!
//! The host confines the step to its mounts. The step itself has to ensure that an archive neither names a
//! file outside its target directory nor grows larger than the step allows.

mod archive;
mod config;
mod files;
mod select;

pub use config::FileOperation;

stepwell_sdk::export_step!(FileOperation);
