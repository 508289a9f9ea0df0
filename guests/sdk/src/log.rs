//! The step's log. Lines on standard output and standard error go to the log, too, within its limits.

#[cfg(target_arch = "wasm32")]
use crate::bindings::stepwell::log::log as wit;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::log as wit;

pub use wit::Level;

/// Writes one line with fields for programs that read the log.
pub fn write(level: Level, message: &str, fields: &[(&str, &str)]) {
    let fields: Vec<_> = fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    wit::write(level, message, &fields);
}

/// Logs what a developer of the step wants to know.
pub fn debug(message: impl AsRef<str>) {
    write(Level::Debug, message.as_ref(), &[]);
}

/// Logs what an operator wants to know.
pub fn info(message: impl AsRef<str>) {
    write(Level::Info, message.as_ref(), &[]);
}

/// Logs what an operator should check.
pub fn warn(message: impl AsRef<str>) {
    write(Level::Warn, message.as_ref(), &[]);
}

/// Logs what went wrong.
pub fn error(message: impl AsRef<str>) {
    write(Level::Error, message.as_ref(), &[]);
}
