//! The `azure_devops` step: triggers a pipeline run and follows it to its end (REST API 7.1).
//!
//! A pipeline must never be triggered twice for one step. So the step notes what it is about to do before
//! it triggers, and the run's id right after; an attempt that finds a note re-attaches instead.

mod api;
mod config;
mod follow;
mod results;

pub use config::AzureDevOps;

stepwell_sdk::export_step!(AzureDevOps);
