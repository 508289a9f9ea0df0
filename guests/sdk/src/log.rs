//! The step's log. Standard output and standard error are kept too, bounded, as lines of their own.

#[cfg(target_arch = "wasm32")]
use crate::bindings::stepwell::log::log as wit;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::log as wit;

pub use wit::Level;

/// Writes one line with fields for machines.
pub fn write(level: Level, message: &str, fields: &[(&str, &str)]) {
    let fields: Vec<_> = fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    wit::write(level, message, &fields);
}

/// What a developer of the step wants to know.
pub fn debug(message: impl AsRef<str>) {
    write(Level::Debug, message.as_ref(), &[]);
}

/// What an operator wants to know.
pub fn info(message: impl AsRef<str>) {
    write(Level::Info, message.as_ref(), &[]);
}

/// What an operator should look at.
pub fn warn(message: impl AsRef<str>) {
    write(Level::Warn, message.as_ref(), &[]);
}

/// What went wrong.
pub fn error(message: impl AsRef<str>) {
    write(Level::Error, message.as_ref(), &[]);
}
