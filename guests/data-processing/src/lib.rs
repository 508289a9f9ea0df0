//! The `data_processing` step: SQL over files, by DataFusion inside the sandbox.
//!
//! Data flows through in batches. The step reads files in pieces of a megabyte, plans spill to `/scratch`
//! when policy grants it, and results stream into the output file.

#[cfg_attr(not(feature = "query"), allow(dead_code, reason = "only the query counts days"))]
mod calendar;
mod config;
#[cfg(feature = "query")]
mod engines;
#[cfg(feature = "query")]
mod errors;
#[cfg(feature = "query")]
mod files;
#[cfg_attr(not(feature = "query"), allow(dead_code, reason = "only the query formats dates"))]
mod formats;
#[cfg(feature = "query")]
mod functions;
#[cfg(feature = "query")]
mod inputs;
#[cfg_attr(not(feature = "query"), allow(dead_code, reason = "only the query reads JSON in texts"))]
mod json_path;
#[cfg_attr(not(feature = "query"), allow(dead_code, reason = "only the query has functions"))]
mod macros;
#[cfg_attr(not(feature = "query"), allow(dead_code, reason = "only the query fails"))]
mod messages;
#[cfg(feature = "query")]
mod moments;
#[cfg_attr(not(feature = "query"), allow(dead_code, reason = "only the query has columns"))]
mod names;
#[cfg_attr(not(feature = "query"), allow(dead_code, reason = "only the query fails"))]
mod near;
mod options;
#[cfg(feature = "query")]
mod parquet;
#[cfg_attr(not(feature = "query"), allow(dead_code, reason = "only the query reads files"))]
mod paths;
#[cfg(feature = "query")]
mod query;
#[cfg_attr(not(feature = "query"), allow(dead_code, reason = "only the query is rewritten"))]
mod rewrite;
#[cfg_attr(not(feature = "query"), allow(dead_code, reason = "only the query is split"))]
mod shares;
#[cfg(feature = "query")]
mod spill;
#[cfg(feature = "query")]
mod split;
#[cfg_attr(not(feature = "query"), allow(dead_code, reason = "only the query has notation"))]
mod syntax;
#[cfg(feature = "query")]
mod text;
#[cfg(feature = "query")]
mod values;
#[cfg_attr(not(feature = "query"), allow(dead_code, reason = "only the query fails"))]
mod wording;
#[cfg(feature = "query")]
mod write;

pub use config::DataProcessing;

#[cfg(feature = "query")]
stepwell_sdk::export_step!(DataProcessing);
