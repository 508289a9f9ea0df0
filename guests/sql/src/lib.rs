//! The `sql` step: one query over a connection of the operator's, its rows as output or in a file.

mod config;
mod table;
mod write;

pub use config::Sql;

stepwell_sdk::export_step!(Sql);
