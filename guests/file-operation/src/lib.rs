//! The step `file_operation`: copies, moves, deletes, lists, checks, packs and unpacks files of the granted mounts.
//!
//! What it can reach is what the mounts hold; that is the host's to keep. What it must see to itself: an archive names
//! its files, and must not name one outside of where it is unpacked, nor become larger than the step says.

mod archive;
mod config;
mod files;
mod select;

pub use config::FileOperation;

stepwell_sdk::export_step!(FileOperation);
