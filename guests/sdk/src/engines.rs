//! The engines for queries over large data. The capability is `sql`.

#[cfg(target_arch = "wasm32")]
use crate::bindings::stepwell::sql::engines as wit;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::engines as wit;

pub use wit::{Engine, Offer, Spark};

/// Returns the engines that the operator offers to this step.
pub fn offered() -> Offer {
    wit::offered()
}

/// Returns the path under which Spark sees a file of this step, or `None` if it does not see the file.
pub fn locate(path: &str) -> Option<String> {
    wit::locate(path)
}

/// Records the engine that ran the query. `fell_back` is true if Spark was to run it and could not.
pub fn used(engine: Engine, fell_back: bool) {
    wit::used(engine, fell_back);
}
