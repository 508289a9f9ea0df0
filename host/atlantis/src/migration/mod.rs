//! The migration from the locks of Atlantis to those of Stepwell: which system decides, how both compare, and the way
//! back.

mod controller;
mod metrics;
mod parts;
mod routes;

pub use controller::Controller;
pub use metrics::{
    Comparison, Figures, MAX_ERRORS, MAX_MEMORY, MIN_PERFORMANCE, Metrics, Recommendation, Sample,
};
pub use parts::{Difference, Elapsed, Moved, Observed, Watch, merged};
pub use routes::{Request, Routes};
