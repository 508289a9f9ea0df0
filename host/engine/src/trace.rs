//! Traces: which run, step and call belong together, over processes and systems.
//!
//! The format between systems is `traceparent` (W3C Trace Context, version 00). Spans of runs and attempts have ids that
//! follow from their names, so that whoever moves a run next continues its trace.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// A place in a trace: what is done next belongs under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Trace {
    /// The trace.
    pub trace_id: u128,
    /// The span above; 0 for none.
    pub span_id: u64,
    /// Whether spans are recorded.
    pub sampled: bool,
}

impl Trace {
    /// The id of the trace, as text.
    pub fn id(self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// The same trace, below another span.
    #[must_use]
    pub fn below(self, span_id: u64) -> Self {
        Self { span_id, ..self }
    }
}

/// As `traceparent`.
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
        // Later versions may say more; 255 is none.
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
        text.parse().map_err(|()| format!("`{text}` is no traceparent"))
    }
}

/// The id of the span of that name: FNV-1a, 64 bits (draft-eastlake-fnv), and never 0.
pub fn span_id(name: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    name.bytes().fold(0xcbf2_9ce4_8422_2325, step).max(1)
}

/// The span of a run.
pub fn run_span(execution_id: &str) -> u64 {
    span_id(execution_id)
}

/// The span of an attempt.
pub fn attempt_span(execution_id: &str, step_id: &str, attempt: u32) -> u64 {
    span_id(&format!("{execution_id}/{step_id}/{attempt}"))
}

/// Something that was done, when it is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Where it belongs: the trace, and the span above.
    pub under: Trace,
    /// Its own id.
    pub span_id: u64,
    /// What it is.
    pub name: String,
    /// Whether it asked another system.
    pub client: bool,
    /// Its begin.
    pub start: Timestamp,
    /// Its end.
    pub end: Timestamp,
    /// Facts, by the names of OpenTelemetry's semantic conventions where there are some.
    pub attributes: Vec<(&'static str, String)>,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// Where spans go. Called between a worker's own work: it must not block.
pub trait Spans: Send + Sync {
    /// Takes a span.
    fn take(&self, span: Span);
}

/// A call of a step to another system, measured from the begin of its attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its span.
    pub span_id: u64,
    /// What it is.
    pub name: String,
    /// When it began.
    pub after: Duration,
    /// How long it took.
    pub took: Duration,
    /// Facts about it.
    pub attributes: Vec<(&'static str, String)>,
    /// Why it failed, if it did.
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
