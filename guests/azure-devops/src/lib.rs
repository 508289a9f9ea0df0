//! The `azure_devops` step: triggers a pipeline run and follows it to its end (REST API 7.1).
//!
//! The step must never trigger a pipeline twice. So it saves a note before it triggers, and the run's id
//! immediately afterwards. An attempt that finds a note attaches to that run.

mod api;
mod config;
mod follow;
mod results;

pub use config::AzureDevOps;

stepwell_sdk::export_step!(AzureDevOps);
