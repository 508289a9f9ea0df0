//! The step's log. Lines on standard output and standard error also go to the log, within its limits.

#[cfg(target_arch = "wasm32")]
use crate::bindings::stepwell::log::log as wit;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::log as wit;

pub use wit::Level;

/// Writes one line, with fields for programs that read the log.
pub fn write(level: Level, message: &str, fields: &[(&str, &str)]) {
    let fields: Vec<_> = fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    wit::write(level, message, &fields);
}

/// Logs a line for the developer of the step.
pub fn debug(message: impl AsRef<str>) {
    write(Level::Debug, message.as_ref(), &[]);
}

/// Logs a line for the operator.
pub fn info(message: impl AsRef<str>) {
    write(Level::Info, message.as_ref(), &[]);
}

/// Logs a condition that the operator should check.
pub fn warn(message: impl AsRef<str>) {
    write(Level::Warn, message.as_ref(), &[]);
}

/// Logs a failure.
pub fn error(message: impl AsRef<str>) {
    write(Level::Error, message.as_ref(), &[]);
}
