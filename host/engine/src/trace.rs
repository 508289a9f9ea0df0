//! Traces: the runs, steps and calls that belong together, over processes and systems.
//!
//! The format between systems is `traceparent` (W3C Trace Context, version 00). The span ids of runs and
//! attempts are derived from their names, so that the next worker continues the trace of a run.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// A place in a trace: later spans belong below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Trace {
    /// The id of the trace.
    pub trace_id: u128,
    /// The id of the parent span. 0 for none.
    pub span_id: u64,
    /// Whether spans are recorded.
    pub sampled: bool,
}

impl Trace {
    /// Returns the id of the trace as text.
    pub fn id(self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// Returns the same trace below another span.
    #[must_use]
    pub fn below(self, span_id: u64) -> Self {
        Self { span_id, ..self }
    }
}

/// Formats the trace as `traceparent`.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

impl FromStr for Trace {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('-');
        let mut hex = |length: usize| {
            let part = parts.next().filter(|part| part.len() == length);
            part.filter(|part| part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
        };
        let (version, trace, span, flags) = (hex(2), hex(32), hex(16), hex(2));
        let (Some(version), Some(trace), Some(span), Some(flags)) = (version, trace, span, flags) else {
            return Err(());
        };
        let number = |text: &str| u128::from_str_radix(text, 16).map_err(drop);
        let trace_id = number(trace)?;
        // Later versions may add fields. Version 255 is invalid.
        if trace_id == 0 || version == "ff" || version == "00" && parts.next().is_some() {
            return Err(());
        }
        let span_id = u64::try_from(number(span)?).map_err(drop)?;
        Ok(Self { trace_id, span_id, sampled: number(flags)? & 1 == 1 })
    }
}

impl From<Trace> for String {
    fn from(trace: Trace) -> Self {
        trace.to_string()
    }
}

impl TryFrom<String> for Trace {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|()| format!("`{text}` is not a `traceparent`"))
    }
}

/// Returns the id of the span with that name: FNV-1a, 64 bits (draft-eastlake-fnv), and never 0.
pub fn span_id(name: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    name.bytes().fold(0xcbf2_9ce4_8422_2325, step).max(1)
}

/// Returns the span of a run.
pub fn run_span(execution_id: &str) -> u64 {
    span_id(execution_id)
}

/// Returns the span of an attempt.
pub fn attempt_span(execution_id: &str, step_id: &str, attempt: u32) -> u64 {
    span_id(&format!("{execution_id}/{step_id}/{attempt}"))
}

/// A finished piece of work.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// The trace and the parent span.
    pub under: Trace,
    /// The id of the span.
    pub span_id: u64,
    /// The name of the work.
    pub name: String,
    /// Whether the work called another system.
    pub client: bool,
    /// The start time.
    pub start: Timestamp,
    /// The end time.
    pub end: Timestamp,
    /// Facts, named by OpenTelemetry's semantic conventions where these define a name.
    pub attributes: Vec<(&'static str, String)>,
    /// The reason for a failure.
    pub error: Option<String>,
}

/// The receiver of spans. Workers call it between their own work, so it must not block.
pub trait Spans: Send + Sync {
    /// Accepts a span.
    fn take(&self, span: Span);
}

/// A call of a step to another system, measured from the start of its attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The id of the span.
    pub span_id: u64,
    /// The name of the call.
    pub name: String,
    /// The time from the start of the attempt to the start of the call.
    pub after: Duration,
    /// The duration of the call.
    pub took: Duration,
    /// Facts about the call.
    pub attributes: Vec<(&'static str, String)>,
    /// The reason for a failure.
    pub error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traceparent_is_read_as_the_standard_says() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(good.parse::<Trace>().unwrap().to_string(), good);
        assert!(!"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00".parse::<Trace>().unwrap().sampled);
        assert!("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more".parse::<Trace>().is_ok());
        for bad in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01",
        ] {
            assert!(bad.parse::<Trace>().is_err(), "{bad}");
        }
    }
}
