//! The `data_processing` step: SQL over files, by DataFusion inside the sandbox.
//!
//! Data flows through in batches: files are read in pieces of a megabyte, plans spill to `/scratch` when
//! policy grants it, results stream into the output file.

mod config;
#[cfg(feature = "query")]
mod errors;
#[cfg(feature = "query")]
mod files;
#[cfg(feature = "query")]
mod names;
mod options;
#[cfg(feature = "query")]
mod parquet;
#[cfg_attr(not(feature = "query"), allow(dead_code, reason = "only the query reads files"))]
mod paths;
#[cfg(feature = "query")]
mod query;
#[cfg(feature = "query")]
mod spill;
#[cfg(feature = "query")]
mod text;
#[cfg(feature = "query")]
mod values;
#[cfg(feature = "query")]
mod write;

pub use config::DataProcessing;

#[cfg(feature = "query")]
stepwell_sdk::export_step!(DataProcessing);
