//! The migration from the locks of Atlantis to those of Stepwell: which system decides, how both compare, and the way
//! back.

mod controller;
mod metrics;
mod routes;

pub use controller::{Controller, Difference, Moved};
pub use metrics::{
    Comparison, Figures, MAX_ERRORS, MAX_MEMORY, MIN_PERFORMANCE, Metrics, Recommendation, Sample,
};
pub use routes::{Request, Routes};
