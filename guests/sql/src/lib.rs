//! The `sql` step: runs a statement, a script, a procedure or a load over one of the operator's connections.

mod array;
mod config;
mod expect;
mod fitted;
mod hints;
mod load;
mod options;
mod parquet_file;
mod parquet_read;
mod place;
mod run;
mod table;
mod targets;
mod time;
mod write;

pub use config::Sql;

stepwell_sdk::export_step!(Sql);
