//! The requests of workers, and the answers to them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use stepwell_engine::clock::Timestamp;

use super::{MOST_CAPACITY, MOST_FUNCTIONS};

/// A worker, as it registers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWorker {
    /// The name for lists, for instance that of the machine: letters, digits, `_`, `.`, `:` and `-`.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// The names of its functions.
    #[schemars(length(min = 1, max = MOST_FUNCTIONS), inner(length(min = 1, max = 128)))]
    pub functions: Vec<String>,
    /// The maximum number of items of work that the worker has at one time. Default: 1.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = MOST_CAPACITY))]
    pub capacity: u32,
}

fn one() -> u32 {
    1
}

/// The answer to a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RegisteredWorker {
    /// The id of the worker, for its other requests.
    pub worker: String,
    /// The seconds after which work without a heartbeat is lost.
    pub lease_seconds: u64,
}

/// Work that a worker has taken.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct WorkItem {
    /// The id of the work.
    pub work: String,
    /// The id of the run.
    pub run: String,
    /// The id of the job.
    pub job_id: String,
    /// The path of the step.
    pub step: String,
    /// The number of the attempt.
    pub attempt: u32,
    /// The function to call.
    pub function: String,
    /// The input of the function.
    pub input: Map<String, Value>,
    /// The number of this lease: all later requests about the work send it.
    pub fence: u64,
    /// The end of the lease, unless a heartbeat moves it.
    pub lease_until: Timestamp,
    /// The end of the time of the work. Heartbeats do not move it.
    pub ends_at: Timestamp,
}

/// The answer to a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Heartbeat {
    /// The end of the lease.
    pub lease_until: Timestamp,
    /// Whether the work is no longer needed: the run is cancelled or has ended, or the step has.
    pub cancelled: bool,
}

/// A result of a worker.
#[derive(Debug, Clone, PartialEq)]
pub enum WorkResult {
    /// The function has returned.
    Completed {
        /// The output of the step.
        output: Value,
        /// One sentence for people. May be empty.
        summary: String,
        /// The variables that the step sets.
        variables: Map<String, Value>,
    },
    /// The function has failed.
    Failed {
        /// A word for the failure: a kind such as `unavailable`, or a name of the function's own.
        code: String,
        /// The problem.
        message: String,
        /// Whether the same work may succeed later.
        retryable: bool,
    },
}

/// A lease that a worker says it has: the worker, the work and the fence.
#[derive(Debug, Clone, Copy)]
pub struct Claimed<'a> {
    /// The id of the worker.
    pub worker: &'a str,
    /// The id of the work.
    pub work: &'a str,
    /// The number of the lease.
    pub fence: u64,
}
