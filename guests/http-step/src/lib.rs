//! The `http` step: one request, or the pages of a list.
//!
//! Policy decides about each request, including pages and redirects. The host adds credentials, so that they
//! never reach the step.

mod answer;
mod charset;
mod config;
mod exchange;

pub use config::Http;

stepwell_sdk::export_step!(Http);
