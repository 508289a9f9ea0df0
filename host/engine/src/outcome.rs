//! Every way a step can end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::policy::{Limits, Shortfall};

/// The limits of a step in its whole run, and of a run.
pub(crate) const RUN_FACTOR: &str = "run_factor";
pub(crate) const RUN_BYTES: &str = "run_bytes";
pub(crate) const ALL_BYTES: &str = "service.run_bytes";

/// Limits of time: what ran into one may be faster the next time.
const TIMES: [&str; 5] =
    ["sql_timeout", "process_timeout", "sql.timeout", "process.timeout", "connection.timeout"];

/// Where a limit is raised, by its name: a key of `limits`, or the section and the key of a rule (`sql.rows`). None for a limit
/// that is fixed.
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

/// Cuts a text to `limit` bytes, and says so.
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
    text.push_str(&format!("… {cut} bytes cut"));
}

/// How an attempt ended. The step's own failure is never confused with the platform's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "class", rename_all = "snake_case")]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    /// The step did its work.
    Succeeded,
    /// The step says that it failed.
    Failed {
        /// The step's own classification.
        kind: FailureKind,
        /// The step's own words.
        message: String,
        /// Whether the same attempt may succeed later, as the step says.
        retryable: bool,
    },
    /// The configuration, with its templates filled in, does not fit the step.
    InvalidConfig {
        /// What does not fit.
        message: String,
    },
    /// Policy refused the step before it ran.
    Denied {
        /// The id of the rule, for instance `SQL_NOT_GRANTED`.
        rule: String,
        /// What was refused, and what would grant it.
        message: String,
    },
    /// The CPU budget is used up.
    OutOfFuel {
        /// The budget, in units of fuel.
        limit: u64,
        /// The guest's functions, innermost first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        backtrace: Vec<String>,
        /// The profile that the step asks for and does not have; absent when it has it.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        hint: String,
    },
    /// The step asked for more memory than its limit.
    OverMemory {
        /// The limit in bytes; what asked for more, in words.
        message: String,
    },
    /// The wall clock ran out.
    TimedOut {
        /// The limit.
        limit: Duration,
        /// The guest's functions when its time was over, innermost first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        backtrace: Vec<String>,
    },
    /// The run was cancelled.
    Cancelled,
    /// The step waits for something outside, and wants to be called again: no failure, and no end.
    Parked {
        /// After that time.
        after: Duration,
        /// What it waits for.
        reason: String,
    },
    /// The guest did what WebAssembly does not allow.
    Trapped {
        /// The kind of trap.
        trap: String,
        /// The guest's functions, innermost first.
        backtrace: Vec<String>,
    },
    /// More than a limit allows: host calls, handles, files, rows, what a program takes.
    OverLimit {
        /// The name of the limit: a key of `limits` in policy files, a section and a key of one of its rules (`sql.rows`), or
        /// a name of its own for what is fixed (`denials`).
        limit: String,
        /// What exceeded it.
        message: String,
    },
    /// The step's output is larger than its limit.
    OutputTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Its worker died again and again while the step ran: the step is set aside, since it may be what kills it.
    Lost {
        /// How often, and what to do.
        message: String,
    },
    /// The platform failed, not the step.
    HostFault {
        /// What failed.
        message: String,
    },
}

/// Why a step says that it failed (`stepwell:step/types.failure-kind`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The configuration is wrong in a way that only running could show.
    InvalidConfig,
    /// Something that should be there is not.
    NotFound,
    /// Policy or another system refused.
    Denied,
    /// Another system is down or throttles.
    Unavailable,
    /// The step's own time limit ran out.
    TimedOut,
    /// The step saw that the run is cancelled.
    Cancelled,
    /// A plan needed more memory than the limit.
    OverMemory,
    /// The work itself failed.
    Failed,
}

/// What a successful or failed step leaves behind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Produced {
    /// One line for people.
    pub summary: String,
    /// The value for later steps.
    pub output: Value,
    /// Facts about the work.
    pub metadata: Map<String, Value>,
    /// Variables that the step set.
    pub variables: Map<String, Value>,
}

/// The end of an attempt: how it ended, what it left, and what it cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepEnd {
    /// How it ended.
    pub outcome: Outcome,
    /// What it left; empty unless it succeeded, but for the metadata of a failure.
    pub produced: Produced,
    /// What it cost.
    pub receipt: Receipt,
}

impl StepEnd {
    /// Adds to an end for want of memory or fuel that the step has a smaller profile than it asks for.
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

/// What an attempt cost. There is one for killed attempts too.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// Units of fuel used, about one per WebAssembly instruction.
    pub fuel: u64,
    /// Most linear memory in use at once, in bytes.
    pub memory_peak_bytes: u64,
    /// Most bytes that the host held for the step at once, beside the step's own memory.
    #[serde(default)]
    pub host_peak_bytes: u64,
    /// Lines of the log that were taken.
    #[serde(default)]
    pub log_lines: u64,
    /// Their bytes.
    #[serde(default)]
    pub log_bytes: u64,
    /// SQL statements.
    #[serde(default)]
    pub sql_statements: u64,
    /// Checkpoints that were saved.
    #[serde(default)]
    pub checkpoints: u64,
    /// Bytes that the attempt wrote to the store: its end, output, variables, log and checkpoints.
    #[serde(default)]
    pub stored_bytes: u64,
    /// Time spent compiling or loading the component, in microseconds.
    pub compile_us: u64,
    /// Time from the call to its end, in microseconds.
    pub run_us: u64,
    /// Longest time for which the attempt held a thread without letting others run, in microseconds.
    #[serde(default)]
    pub longest_turn_us: u64,
    /// Host calls per interface.
    pub host_calls: BTreeMap<String, u64>,
    /// Hosts that were contacted, as `host:port`.
    pub hosts: Vec<String>,
    /// Bytes that came in (files, HTTP and SQL).
    pub bytes_in: u64,
    /// Bytes that went out (files, HTTP).
    pub bytes_out: u64,
    /// Refusals by policy, by rule id.
    pub denials: BTreeMap<String, u64>,
    /// Names of the secrets and organizations whose credentials the host sent for it, and of the connections that it opened.
    #[serde(default)]
    pub secrets: BTreeSet<String>,
    /// `sha256:...` of the component.
    pub component: String,
    /// `sha256:...` of the grant it ran under.
    pub policy: String,
}

impl Outcome {
    /// True for success.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Succeeded)
    }

    /// Whether another attempt may end differently: the step's own word, or a cause outside the step.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Failed { retryable, .. } => *retryable,
            Self::TimedOut { .. } | Self::HostFault { .. } => true,
            _ => self.is_over_time(),
        }
    }

    /// Whether a statement or a program ran for as long as it may.
    pub fn is_over_time(&self) -> bool {
        matches!(self, Self::OverLimit { limit, .. } if TIMES.contains(&limit.as_str()))
    }

    /// Whether the budget of the step in its run is used up: then another attempt ends in the same way.
    pub fn ends_budget(&self) -> bool {
        matches!(self, Self::OverLimit { limit, .. } if [RUN_FACTOR, RUN_BYTES, ALL_BYTES].contains(&limit.as_str()))
    }

    /// The same with texts of at most `limit` bytes, for those who list many.
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
            | Self::HostFault { message }
            | Self::Trapped { trap: message, .. } => shorten(message, limit),
            _ => {}
        }
        short
    }

    /// The class as it stands in JSON, for instance `out_of_fuel`.
    pub fn class(&self) -> &'static str {
        self.into()
    }

    /// The guest's functions at its end, innermost first, where they are known.
    pub fn backtrace(&self) -> &[String] {
        match self {
            Self::Trapped { backtrace, .. }
            | Self::OutOfFuel { backtrace, .. }
            | Self::TimedOut { backtrace, .. } => backtrace,
            _ => &[],
        }
    }

    /// The innermost function, as the end of a sentence's part.
    fn place(&self) -> String {
        self.backtrace().first().map_or(String::new(), |frame| format!(", in {frame}"))
    }

    /// One sentence for people; empty for success.
    pub fn message(&self) -> String {
        match self {
            Self::Succeeded => String::new(),
            Self::Failed { message, .. }
            | Self::InvalidConfig { message }
            | Self::OverMemory { message }
            | Self::Lost { message }
            | Self::HostFault { message } => message.clone(),
            Self::Denied { rule, message } => format!("denied by policy: {message} [{rule}]"),
            Self::OutOfFuel { limit, hint, .. } => format!(
                "the step used up its CPU budget of {limit} units of fuel{}; {}",
                self.place(),
                if hint.is_empty() { "raise `limits.fuel` in the policy" } else { hint }
            ),
            Self::TimedOut { limit, .. } => format!(
                "the step ran out of time after {}{}; raise `timeout` of the step, or `limits.wall` in the policy",
                crate::quantity::Span::new(*limit),
                self.place()
            ),
            Self::Cancelled => "cancelled".to_owned(),
            Self::Parked { reason, .. } => reason.clone(),
            Self::Trapped { trap, .. } => trap.clone(),
            Self::OverLimit { limit, message } => match raise(limit) {
                // What a guest passes on says it already.
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
            Outcome::TimedOut { limit: Duration::ZERO, backtrace: Vec::new() },
            Outcome::HostFault { message: String::new() },
        ] {
            assert_eq!(json!(outcome).get("class"), Some(&json!(outcome.class())));
        }
    }

    #[test]
    fn an_exhausted_limit_says_what_to_raise_and_where() {
        for (limit, message, told) in [
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
            assert_eq!(outcome.message(), told);
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
