//! The move of the store from an old database to a new one: phases, flags and health.
//!
//! Everything here is pure: no clock, no I/O. The store applies the phases, and the service measures.

mod flags;
mod health;
mod phase;

pub use flags::{Flags, InvalidFlag, Switches};
pub use health::{Health, HealthStatus, Measures, Operation, Standing, System, Watch};
pub use phase::{Phase, PhaseError, RollbackStep};
