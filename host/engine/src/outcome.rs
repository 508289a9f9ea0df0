//! Every outcome of a step.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::policy::{Limits, Shortfall};
use crate::quantity::counted;

/// The names of the limits that apply to a step over its whole run, and to a whole run.
pub(crate) const RUN_FACTOR: &str = "run_factor";
pub(crate) const RUN_BYTES: &str = "run_bytes";
pub(crate) const ALL_BYTES: &str = "service.run_bytes";

/// Limits of time: an attempt that exceeds one may be faster the next time.
const TIMES: [&str; 5] =
    ["sql_timeout", "process_timeout", "sql.timeout", "process.timeout", "connection.timeout"];

/// Returns how to raise a limit, by its name: a key of `limits`, or the section and the key of a rule
/// (`sql.rows`). `None` for a fixed limit.
pub fn raise(limit: &str) -> Option<String> {
    match limit.split_once('.') {
        _ if limit == ALL_BYTES => Some(format!("raise `{limit}` in the configuration")),
        _ if Limits::NAMES.contains(&limit) => Some(format!("raise `limits.{limit}` in the policy")),
        Some(("files", "workspace")) => {
            Some("raise `workspace` of the job, and of the policy's `files`".to_owned())
        }
        Some(("connection", key)) => {
            Some(format!("raise `{key}` in the `limits` of the connection in the configuration"))
        }
        Some((section, key)) => Some(format!("raise `{key}` in the policy's `{section}`")),
        None => None,
    }
}

/// Cuts a text to `limit` bytes and notes the number of bytes cut.
pub fn shorten(text: &mut String, limit: usize) {
    if text.len() <= limit {
        return;
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let cut = text.len() - end;
    text.truncate(end);
    text.push_str(&format!("… {} cut", counted(cut, "byte")));
}

/// The owner of a time limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeOf {
    /// The attempt: the step's `timeout`, or the policy's `limits.wall`.
    #[default]
    Attempt,
    /// A group around the step, or the group itself, by its path.
    Group(String),
    /// The job: its `timeout_seconds`.
    Job,
    /// The steps of `on_failure` and `finally` together: the job's `finally_timeout`.
    Finally,
    /// The time for which a step may be parked: the job's `parked_timeout`.
    Parked,
}

impl TimeOf {
    fn is_attempt(&self) -> bool {
        *self == Self::Attempt
    }

    /// Says whose time of `limit` ran out, and how to get more. `place` is the function of the guest.
    fn message(&self, limit: Duration, place: &str) -> String {
        let limit = crate::quantity::Span::new(limit);
        match self {
            Self::Attempt => format!(
                "the step ran out of time after {limit}{place}; raise `timeout` of the step, or `limits.wall` in the policy"
            ),
            Self::Group(group) => {
                format!(
                    "the group `{group}` ran out of its time of {limit}{place}; raise `timeout` of the group"
                )
            }
            Self::Job => {
                format!("the job ran out of its time of {limit}{place}; raise `timeout_seconds` of the job")
            }
            Self::Finally => format!(
                "the steps that clean up ran out of their time of {limit}{place}; raise `finally_timeout` of the job"
            ),
            Self::Parked => {
                format!("the step was parked for longer than {limit}; raise `parked_timeout` of the job")
            }
        }
    }
}

/// The outcome of an attempt. A failure of the step is never reported as a failure of the platform, or
/// vice versa.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "class", rename_all = "snake_case")]
#[derive(strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    /// The step did its work.
    Succeeded,
    /// The step reported a failure.
    Failed {
        /// The classification that the step chose.
        kind: FailureKind,
        /// The message of the step.
        message: String,
        /// Whether the same attempt may succeed later, according to the step.
        retryable: bool,
    },
    /// The configuration, with its templates filled in, does not match the schema of the step.
    InvalidConfig {
        /// The mismatch.
        message: String,
    },
    /// Policy denied the step before it ran.
    Denied {
        /// The id of the rule, for instance `SQL_NOT_GRANTED`.
        rule: String,
        /// The denied action, and the change that would allow it.
        message: String,
    },
    /// The attempt used up its CPU budget.
    OutOfFuel {
        /// The budget, in units of fuel.
        limit: u64,
        /// The functions of the guest, innermost first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        backtrace: Vec<String>,
        /// The profile that the step asks for but lacks. Absent when the step has that profile.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        hint: String,
    },
    /// The step asked for more memory than its limit.
    OverMemory {
        /// The limit in bytes, and the part that asked for more.
        message: String,
    },
    /// The attempt exceeded its wall-clock time.
    TimedOut {
        /// The time limit.
        limit: Duration,
        /// The functions of the guest when its time ran out, innermost first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        backtrace: Vec<String>,
        /// The owner of the limit. Absent for the attempt itself.
        #[serde(default, skip_serializing_if = "TimeOf::is_attempt")]
        of: TimeOf,
    },
    /// The run was cancelled.
    Cancelled,
    /// The step waits for something outside and asks to be called again. This is neither a failure nor
    /// an end.
    Parked {
        /// The time until the next call.
        after: Duration,
        /// The thing that the step waits for.
        reason: String,
    },
    /// The guest did something that WebAssembly forbids.
    Trapped {
        /// The kind of trap.
        trap: String,
        /// The functions of the guest, innermost first.
        backtrace: Vec<String>,
    },
    /// The attempt exceeded a limit of host calls, handles, files, rows or the resources of a program.
    OverLimit {
        /// The name of the limit: a key of `limits` in policy files, a section and a key of one of its rules
        /// (`sql.rows`), or a separate name for a fixed limit (`denials`).
        limit: String,
        /// The excess.
        message: String,
    },
    /// The step's output is larger than its limit.
    OutputTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The worker died several times while the step ran. The step is set aside, because it may be the cause.
    Lost {
        /// The number of deaths, and what to do about them.
        message: String,
    },
    /// The wait for locks ran out.
    LockTimeout {
        /// The locks, and who holds them.
        message: String,
    },
    /// The wait for locks was part of a deadlock.
    Deadlock {
        /// The cycle: who holds which lock, and who waits for it.
        message: String,
    },
    /// A lock was lost while the attempt ran: its lease expired, or a person took it away.
    LockLost {
        /// The lock, and how it was lost.
        message: String,
    },
    /// The platform failed, not the step.
    HostFault {
        /// The failure.
        message: String,
    },
}

/// The reason that a step gives for its failure (`stepwell:step/types.failure-kind`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The configuration has a fault that only running could show.
    InvalidConfig,
    /// A required thing does not exist.
    NotFound,
    /// Policy or another system denied an action.
    Denied,
    /// Another system is down or limits the rate of requests.
    Unavailable,
    /// The step exceeded a time limit of its own.
    TimedOut,
    /// The step noticed that the run is cancelled.
    Cancelled,
    /// A query plan needed more memory than the limit.
    OverMemory,
    /// The work itself failed.
    Failed,
}

/// The results of a successful or failed step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Produced {
    /// A one-line summary for people.
    pub summary: String,
    /// The output for later steps.
    pub output: Value,
    /// Facts about the work.
    pub metadata: Map<String, Value>,
    /// The variables that the step set.
    pub variables: Map<String, Value>,
}

/// The end of an attempt: its outcome, its results and its cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepEnd {
    /// The outcome of the attempt.
    pub outcome: Outcome,
    /// The results. Empty unless the attempt succeeded, except for the metadata of a failure.
    pub produced: Produced,
    /// The cost of the attempt.
    pub receipt: Receipt,
}

impl StepEnd {
    /// Adds to an end for lack of memory or fuel that the step has a smaller profile than it asks for.
    #[must_use]
    pub fn advised(mut self, shortfall: Option<&Shortfall>) -> Self {
        let Some(shortfall) = shortfall.map(Shortfall::in_full) else { return self };
        match &mut self.outcome {
            Outcome::OutOfFuel { hint, .. } => *hint = shortfall,
            Outcome::OverMemory { message }
            | Outcome::Failed { kind: FailureKind::OverMemory, message, .. } => {
                message.push_str("; ");
                message.push_str(&shortfall);
            }
            _ => {}
        }
        self
    }
}

/// The cost of an attempt. A killed attempt has a receipt too.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// Fuel used, in units of about one WebAssembly instruction.
    pub fuel: u64,
    /// Largest amount of linear memory in use at one time, in bytes.
    pub memory_peak_bytes: u64,
    /// Largest number of bytes that the host held for the step at one time, beyond the step's own memory.
    #[serde(default)]
    pub host_peak_bytes: u64,
    /// Number of log lines that the log accepted.
    #[serde(default)]
    pub log_lines: u64,
    /// Bytes of these log lines.
    #[serde(default)]
    pub log_bytes: u64,
    /// Number of SQL statements.
    #[serde(default)]
    pub sql_statements: u64,
    /// The engine that ran the query of the step, for steps that can choose one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineUse>,
    /// Number of checkpoints saved.
    #[serde(default)]
    pub checkpoints: u64,
    /// Bytes that the attempt wrote to the store: its end, output, variables, log and checkpoints.
    #[serde(default)]
    pub stored_bytes: u64,
    /// Time to compile or load the component, in microseconds.
    pub compile_us: u64,
    /// Time from the call to its end, in microseconds.
    pub run_us: u64,
    /// Longest time for which the attempt held a thread without letting others run, in microseconds.
    #[serde(default)]
    pub longest_turn_us: u64,
    /// Number of host calls per interface.
    pub host_calls: BTreeMap<String, u64>,
    /// Hosts that the attempt contacted, as `host:port`.
    pub hosts: Vec<String>,
    /// Bytes received (files, HTTP and SQL).
    pub bytes_in: u64,
    /// Bytes sent (files, HTTP).
    pub bytes_out: u64,
    /// Number of denials by policy, per rule id.
    pub denials: BTreeMap<String, u64>,
    /// Files of the workspace that a step of a group opened for writing, at most 100.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub workspace_files: BTreeSet<String>,
    /// Names of the secrets, credentials and organizations that the host used for requests of the step, and of
    /// the connections that it opened.
    #[serde(default)]
    pub secrets: BTreeSet<String>,
    /// Digest of the component: `sha256:...`.
    pub component: String,
    /// Digest of the grant of the attempt: `sha256:...`.
    pub policy: String,
}

/// The engine of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EngineUse {
    /// The engine.
    pub name: EngineName,
    /// Whether Spark was to run the query and could not.
    pub fell_back: bool,
}

/// An engine for queries over large data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum EngineName {
    /// The step itself, in its sandbox.
    Local,
    /// The operator's Spark.
    Spark,
}

impl Outcome {
    /// Returns whether the step succeeded.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Succeeded)
    }

    /// Returns whether another attempt may end differently, because the step says so or the cause is outside
    /// the step.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Failed { retryable, .. } => *retryable,
            Self::TimedOut { .. } | Self::HostFault { .. } => true,
            Self::LockTimeout { .. } | Self::Deadlock { .. } | Self::LockLost { .. } => true,
            _ => self.is_over_time(),
        }
    }

    /// Returns whether a statement or a program exceeded its time limit.
    pub fn is_over_time(&self) -> bool {
        matches!(self, Self::OverLimit { limit, .. } if TIMES.contains(&limit.as_str()))
    }

    /// Returns whether the step has used up its budget for the run, so that another attempt would end in the
    /// same way.
    pub fn ends_budget(&self) -> bool {
        matches!(self, Self::OverLimit { limit, .. } if [RUN_FACTOR, RUN_BYTES, ALL_BYTES].contains(&limit.as_str()))
    }

    /// Returns the outcome with texts of at most `limit` bytes each, for lists of many outcomes.
    #[must_use]
    pub fn shortened(&self, limit: usize) -> Self {
        let mut short = self.clone();
        match &mut short {
            Self::Failed { message, .. }
            | Self::InvalidConfig { message }
            | Self::Denied { message, .. }
            | Self::OverMemory { message }
            | Self::OverLimit { message, .. }
            | Self::Lost { message }
            | Self::LockTimeout { message }
            | Self::Deadlock { message }
            | Self::LockLost { message }
            | Self::HostFault { message }
            | Self::Trapped { trap: message, .. } => shorten(message, limit),
            _ => {}
        }
        short
    }

    /// Returns the class as JSON names it, for instance `out_of_fuel`.
    pub fn class(&self) -> &'static str {
        self.into()
    }

    /// Returns the functions of the guest at its end, innermost first, where they are known.
    pub fn backtrace(&self) -> &[String] {
        match self {
            Self::Trapped { backtrace, .. }
            | Self::OutOfFuel { backtrace, .. }
            | Self::TimedOut { backtrace, .. } => backtrace,
            _ => &[],
        }
    }

    /// Formats the innermost function for the end of a clause.
    fn place(&self) -> String {
        self.backtrace().first().map_or(String::new(), |frame| format!(", in {frame}"))
    }

    /// Returns one sentence for people. Empty for success.
    pub fn message(&self) -> String {
        match self {
            Self::Succeeded => String::new(),
            Self::Failed { message, .. }
            | Self::InvalidConfig { message }
            | Self::OverMemory { message }
            | Self::Lost { message }
            | Self::LockTimeout { message }
            | Self::Deadlock { message }
            | Self::LockLost { message }
            | Self::HostFault { message } => message.clone(),
            Self::Denied { rule, message } => format!("denied by policy: {message} [{rule}]"),
            Self::OutOfFuel { limit, hint, .. } => format!(
                "the step used up its CPU budget of {limit} units of fuel{}; {}",
                self.place(),
                if hint.is_empty() { "raise `limits.fuel` in the policy" } else { hint }
            ),
            Self::TimedOut { limit, of, .. } => of.message(*limit, &self.place()),
            Self::Cancelled => "cancelled".to_owned(),
            Self::Parked { reason, .. } => reason.clone(),
            Self::Trapped { trap, .. } => trap.clone(),
            Self::OverLimit { limit, message } => match raise(limit) {
                // The message from a guest may contain this advice already.
                Some(raise) if !message.contains(&raise) => format!("{message}; {raise}"),
                _ => message.clone(),
            },
            Self::OutputTooLarge { limit } => {
                format!(
                    "the output is larger than {limit} bytes; write large data to a file in the workspace"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_class_of_an_outcome_is_its_class_in_json() {
        for outcome in [
            Outcome::Succeeded,
            Outcome::Cancelled,
            Outcome::InvalidConfig { message: String::new() },
            Outcome::OverMemory { message: String::new() },
            Outcome::TimedOut { limit: Duration::ZERO, backtrace: Vec::new(), of: TimeOf::Attempt },
            Outcome::HostFault { message: String::new() },
        ] {
            assert_eq!(json!(outcome).get("class"), Some(&json!(outcome.class())));
        }
    }

    #[test]
    fn an_exhausted_limit_says_what_to_raise_and_where() {
        for (limit, message, shown) in [
            ("host_calls", "too many", "too many; raise `limits.host_calls` in the policy"),
            ("sql.rows", "too many", "too many; raise `rows` in the policy's `sql`"),
            ("process.timeout", "too long", "too long; raise `timeout` in the policy's `process`"),
            ("files.scratch", "full", "full; raise `scratch` in the policy's `files`"),
            ("files.workspace", "full", "full; raise `workspace` of the job, and of the policy's `files`"),
            (
                "connection.rows",
                "many",
                "many; raise `rows` in the `limits` of the connection in the configuration",
            ),
            ("service.run_bytes", "full", "full; raise `service.run_bytes` in the configuration"),
            ("denials", "more than 100", "more than 100"),
            ("file_depth", "too deep", "too deep"),
            (
                "sql_rows",
                "x: 7 rows; raise `limits.sql_rows` in the policy",
                "x: 7 rows; raise `limits.sql_rows` in the policy",
            ),
        ] {
            let outcome = Outcome::OverLimit { limit: limit.to_owned(), message: message.to_owned() };
            assert_eq!(outcome.message(), shown);
        }
    }

    #[test]
    fn a_limit_of_time_is_worth_another_attempt_and_others_are_not() {
        for (limit, again) in [
            ("sql_timeout", true),
            ("sql.timeout", true),
            ("process_timeout", true),
            ("process.timeout", true),
            ("sql_rows", false),
            ("process_memory", false),
            ("file_bytes", false),
            ("run_factor", false),
        ] {
            let outcome = Outcome::OverLimit { limit: limit.to_owned(), message: String::new() };
            assert_eq!(outcome.is_retryable(), again, "{limit}");
        }
    }
}
