//! From the way a call ended to the one [`Outcome`] that says so.

use serde_json::{Map, Value};
use stepwell_engine::policy::Limits;
use stepwell_engine::{FailureKind, Outcome, Produced};
use wasmtime::component::ResourceTableError;
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::guest::bindings::exports::stepwell::step::step as wit;
use crate::guest::bindings::stepwell::step::types::FailureKind as WitKind;
use crate::guest::{Guest, LimitReached};

/// Frames of a backtrace that are kept.
const MAX_FRAMES: usize = 32;
/// wasmtime's type for this is private; its text is all there is.
const HOST_CALL_BYTES: &str = "fuel allocated for hostcalls has been exhausted";

/// How the guest answered, and what that leaves.
pub(crate) fn answered(
    answer: Result<wit::Outcome, wit::Failure>,
    variables: Map<String, Value>,
    limits: &Limits,
) -> (Outcome, Produced) {
    let bytes = match &answer {
        Ok(done) => done.summary.len() + done.output.len() + done.metadata.len(),
        Err(failure) => failure.message.len() + failure.metadata.len(),
    };
    if bytes as u64 > limits.output_bytes.0 {
        return (Outcome::OutputTooLarge { limit: limits.output_bytes.0 }, Produced::default());
    }
    match answer {
        Ok(done) => match (parse(&done.output), parse_object(&done.metadata)) {
            (Ok(output), Ok(metadata)) => {
                (Outcome::Succeeded, Produced { summary: done.summary, output, metadata, variables })
            }
            (Err(error), _) => (not_json("output", &error), Produced::default()),
            (_, Err(error)) => (not_json("metadata", &error), Produced::default()),
        },
        Err(failure) => {
            let metadata = parse_object(&failure.metadata).unwrap_or_default();
            let outcome = match kind(failure.kind) {
                // One class for a plan that says so in time and for an allocation that does not.
                FailureKind::OverMemory => Outcome::OverMemory { message: failure.message },
                kind => Outcome::Failed { kind, message: failure.message, retryable: failure.retryable },
            };
            (outcome, Produced { metadata, ..Produced::default() })
        }
    }
}

fn parse(text: &str) -> Result<Value, String> {
    if text.is_empty() { Ok(Value::Null) } else { serde_json::from_str(text).map_err(|e| e.to_string()) }
}

fn parse_object(text: &str) -> Result<Map<String, Value>, String> {
    match parse(text)? {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        _ => Err("it is not an object".to_owned()),
    }
}

fn not_json(what: &str, error: &str) -> Outcome {
    let message = format!("the step returned {what} that is not the JSON it should be: {error}");
    Outcome::Failed { kind: FailureKind::Failed, message, retryable: false }
}

fn kind(kind: WitKind) -> FailureKind {
    match kind {
        WitKind::InvalidConfig => FailureKind::InvalidConfig,
        WitKind::NotFound => FailureKind::NotFound,
        WitKind::Denied => FailureKind::Denied,
        WitKind::Unavailable => FailureKind::Unavailable,
        WitKind::TimedOut => FailureKind::TimedOut,
        WitKind::Cancelled => FailureKind::Cancelled,
        WitKind::OverMemory => FailureKind::OverMemory,
        WitKind::Failed => FailureKind::Failed,
    }
}

/// What an error of the call means. `printed` is the last thing the guest wrote to standard error.
pub(crate) fn stopped(
    error: &wasmtime::Error,
    guest: &Guest,
    limits: &Limits,
    printed: Option<&str>,
) -> Outcome {
    if let Some(refused) = guest.limiter.refused() {
        return Outcome::OverMemory { message: refused.to_owned() };
    }
    if let Some(reached) = error.downcast_ref::<LimitReached>() {
        return Outcome::OverLimit { limit: reached.limit.to_owned(), message: reached.message.clone() };
    }
    if error.chain().any(|cause| cause.to_string().contains(HOST_CALL_BYTES)) {
        let message =
            format!("a host call took over more than {} of the guest's memory", limits.host_call_bytes);
        return Outcome::OverLimit { limit: "host_call_bytes".to_owned(), message };
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref::<ResourceTableError>() {
        let message = format!("more than {} handles at once", limits.handles);
        return Outcome::OverLimit { limit: "handles".to_owned(), message };
    }
    if let Some(error) = error.downcast_ref::<PoolConcurrencyLimitError>() {
        return Outcome::HostFault { message: format!("too many steps at once: {error}") };
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        let trap = format!("the step called exit({}) instead of returning", exit.0);
        return Outcome::Trapped { trap, backtrace: Vec::new() };
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Outcome::OutOfFuel { limit: limits.fuel.0 },
        Some(trap) => trapped(trap.to_string(), error, printed),
        // An error of a host function that none of the above explains.
        None if is_guests_fault(error) => trapped(error.root_cause().to_string(), error, printed),
        None => Outcome::HostFault { message: format!("{error:#}") },
    }
}

/// Misuse of handles and strings that are not UTF-8 are told by plain errors.
fn is_guests_fault(error: &wasmtime::Error) -> bool {
    let text = error.root_cause().to_string();
    ["unknown handle", "handle index", "utf-8", "UTF-8", "out of bounds", "resource", "instantiate"]
        .iter()
        .any(|word| text.contains(word))
}

fn trapped(trap: String, error: &wasmtime::Error, printed: Option<&str>) -> Outcome {
    let backtrace: Vec<String> = error
        .downcast_ref::<WasmBacktrace>()
        .map(|backtrace| backtrace.frames().iter().take(MAX_FRAMES).map(frame).collect())
        .unwrap_or_default();
    let trap = match printed {
        Some(printed) => format!("{trap}: {printed}"),
        None => trap,
    };
    Outcome::Trapped { trap, backtrace }
}

fn frame(frame: &wasmtime::FrameInfo) -> String {
    match frame.func_name() {
        Some(name) => demangled(name),
        None => format!("function {}", frame.func_index()),
    }
}

/// Rust's names without their hash.
fn demangled(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}
