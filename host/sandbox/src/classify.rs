//! Converts the end of a call to an [`Outcome`].

use serde_json::{Map, Value};
use stepwell_engine::policy::Limits;
use stepwell_engine::values::Unread;
use stepwell_engine::{FailureKind, Outcome, Produced, values};
use wasmtime::component::ResourceTableError;
use wasmtime::{PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi_http::FieldMapError;

use crate::guest::bindings::exports::stepwell::step::step as wit;
use crate::guest::bindings::stepwell::step::types::FailureKind as WitKind;
use crate::guest::{Guest, LimitReached};
use crate::trap::{self, LastWords};

/// wasmtime's type for this error is private; only its text identifies it.
const HOST_CALL_BYTES: &str = "fuel allocated for hostcalls has been exhausted";

/// The same for the resources that a component holds in its tables.
const HANDLES: &str = "store handle limit exceeded";

/// The name of the bound on levels of values.
pub(crate) const LEVELS: &str = "levels";

/// Returns the bytes of the guest's answer.
pub(crate) fn answer_bytes(answer: &Result<wit::Outcome, wit::Failure>) -> usize {
    match answer {
        Ok(done) => done.summary.len() + done.output.len() + done.metadata.len(),
        Err(failure) => failure.message.len() + failure.metadata.len(),
    }
}

/// The maximum memory of the values of an output, in multiples of `output_bytes`.
const TREE: u64 = 16;

/// Converts the guest's answer to an outcome and its results.
pub(crate) fn answered(
    answer: Result<wit::Outcome, wit::Failure>,
    variables: Map<String, Value>,
    limits: &Limits,
) -> (Outcome, Produced) {
    if answer_bytes(&answer) as u64 > limits.output_bytes.0 {
        return (Outcome::OutputTooLarge { limit: limits.output_bytes.0 }, Produced::default());
    }
    let trees = match &answer {
        Ok(done) => values::held_by(&done.output) + values::held_by(&done.metadata),
        Err(failure) => values::held_by(&failure.metadata),
    };
    if trees > limits.output_bytes.0.saturating_mul(TREE) {
        let limit = "output_bytes".to_owned();
        let message = format!(
            "the values of the output take {trees} bytes in memory, and {TREE} times `output_bytes` ({}) are allowed: return \
             fewer values, or write them to a file",
            limits.output_bytes
        );
        return (Outcome::OverLimit { limit, message }, Produced::default());
    }
    match answer {
        Ok(done) => match (parse(&done.output), parse_object(&done.metadata)) {
            (Ok(output), Ok(metadata)) => {
                (Outcome::Succeeded, Produced { summary: done.summary, output, metadata, variables })
            }
            (Err(error), _) => (unread("output", &error), Produced::default()),
            (_, Err(error)) => (unread("metadata", &error), Produced::default()),
        },
        Err(failure) => {
            let metadata = parse_object(&failure.metadata).unwrap_or_default();
            let outcome = match kind(failure.kind) {
                // The same class for a plan that reports the problem early and for an allocation that fails.
                FailureKind::OverMemory => Outcome::OverMemory { message: failure.message },
                kind => Outcome::Failed { kind, message: failure.message, retryable: failure.retryable },
            };
            (outcome, Produced { metadata, ..Produced::default() })
        }
    }
}

/// The reason why an answer is refused.
enum Refused {
    Unread(Unread),
    NoObject,
}

fn parse(text: &str) -> Result<Value, Refused> {
    if text.is_empty() { Ok(Value::Null) } else { values::read_output(text).map_err(Refused::Unread) }
}

fn parse_object(text: &str) -> Result<Map<String, Value>, Refused> {
    match parse(text)? {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        _ => Err(Refused::NoObject),
    }
}

fn unread(what: &str, refused: &Refused) -> Outcome {
    let why = match refused {
        Refused::Unread(Unread::TooDeep(deep)) => {
            let message = format!("the {what} of the step {deep}");
            return Outcome::OverLimit { limit: LEVELS.to_owned(), message };
        }
        Refused::Unread(Unread::NotJson(error)) => values::json_problem(error),
        Refused::NoObject => "it is not an object".to_owned(),
    };
    let message = format!("the step returned {what} that is not the JSON it should be: {why}");
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

/// Converts an error of the call to an outcome. `stderr` is the guest's standard error.
pub(crate) fn stopped(error: &wasmtime::Error, guest: &Guest, limits: &Limits, stderr: &[String]) -> Outcome {
    let outcome = why(error, guest, limits, stderr);
    // A guest that ignores an error of the host aborts, or its language exits.
    let gave_up = matches!(error.downcast_ref(), Some(Trap::UnreachableCodeReached)) || error.is::<I32Exit>();
    if gave_up { guest.reached.explain(outcome) } else { outcome }
}

fn why(error: &wasmtime::Error, guest: &Guest, limits: &Limits, stderr: &[String]) -> Outcome {
    if let Some(refused) = guest.limiter.refused() {
        return Outcome::OverMemory { message: refused.to_owned() };
    }
    if let Some(reached) = error.downcast_ref::<LimitReached>() {
        return Outcome::OverLimit { limit: reached.limit.to_owned(), message: reached.message.clone() };
    }
    if error.chain().any(|cause| cause.to_string().contains(HOST_CALL_BYTES)) {
        let message =
            format!("a host call copied more than {} of the guest's memory", limits.host_call_bytes);
        return Outcome::OverLimit { limit: "host_call_bytes".to_owned(), message };
    }
    let is_full = |cause: &(dyn std::error::Error + 'static)| {
        matches!(cause.downcast_ref(), Some(ResourceTableError::Full))
    };
    if error.chain().any(|cause| is_full(cause) || cause.to_string().contains(HANDLES)) {
        let message = format!("more than {} handles at once", limits.handles);
        return Outcome::OverLimit { limit: "handles".to_owned(), message };
    }
    let fields = error.chain().find_map(|cause| cause.downcast_ref::<FieldMapError>());
    if let Some(FieldMapError::TotalSizeTooBig | FieldMapError::TooManyFields) = fields {
        return trapped("the step put more than 16 KiB of fields into one set of headers", error, &[]);
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return fault(error, "too many steps run at once in this process; lower `service.workers`");
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return trapped(&format!("the step called exit({}) instead of returning", exit.0), error, stderr);
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => {
            Outcome::OutOfFuel { limit: limits.fuel.0, backtrace: trap::frames(error), hint: String::new() }
        }
        // The text that a guest prints before it aborts explains the abort. Other traps explain themselves.
        Some(Trap::UnreachableCodeReached) => {
            trapped(trap::kind(Trap::UnreachableCodeReached), error, stderr)
        }
        Some(found) => trapped(trap::kind(*found), error, &[]),
        // An error of a host function that none of the cases above explain.
        None => match mistake(error) {
            Some(mistake) => trapped(mistake, error, &[]),
            None => fault(error, "the sandbox failed"),
        },
    }
}

/// Reports a failure of the platform. The service's log contains the engine's message.
pub(crate) fn fault(error: &wasmtime::Error, message: &str) -> Outcome {
    tracing::error!("{message}: {error:#}");
    Outcome::HostFault { message: format!("{message}; the service's log has the reason") }
}

/// Identifies a mistake of the guest at its boundary, which the engine reports as a plain error.
fn mistake(error: &wasmtime::Error) -> Option<&'static str> {
    let text = error.root_cause().to_string();
    [
        ("handle", "the step used a handle that it does not have"),
        ("utf-8", "the step passed text that is not UTF-8"),
        ("UTF-8", "the step passed text that is not UTF-8"),
        ("out of bounds", "the step passed a list or a text outside of its memory"),
        ("resource", "the step misused a resource of the host"),
        ("poll list", "the step waited for nothing"),
        ("instantiate", "the step cannot be instantiated within its limits"),
    ]
    .iter()
    .find(|(word, _)| text.contains(word))
    .map(|(_, mistake)| *mistake)
}

fn trapped(kind: &str, error: &wasmtime::Error, stderr: &[String]) -> Outcome {
    let mut backtrace = trap::frames(error);
    let Some(LastWords { message, traceback }) = trap::last_words(stderr) else {
        let place = backtrace.first().map_or(String::new(), |frame| format!(", in {frame}"));
        return Outcome::Trapped { trap: format!("{kind}{place}"), backtrace };
    };
    // The traceback of the guest's own language comes first.
    if !traceback.is_empty() {
        backtrace.splice(0..0, traceback);
        backtrace.truncate(trap::MAX_FRAMES);
    }
    Outcome::Trapped { trap: format!("{kind}: {message}"), backtrace }
}
