//! The step `http`: one request, or the pages of a list.
//!
//! Policy decides about each request, the pages and redirects among them; credentials are the host's, and never here.

mod answer;
mod config;
mod exchange;

pub use config::Http;

stepwell_sdk::export_step!(Http);
