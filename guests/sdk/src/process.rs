//! Programs on the host, where policy grants them.

use crate::Failure;
#[cfg(target_arch = "wasm32")]
use crate::bindings::stepwell::process::process as wit;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::process as wit;

pub use wit::{Command, Ended, Error, run};

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(why) => Self::denied(why),
            Error::Unavailable(why) => Self::unavailable(why),
            Error::TimedOut => Self::timed_out("the program exceeded its time limit, and was killed"),
            Error::Limit(why) => Self::failed(why),
        }
    }
}
