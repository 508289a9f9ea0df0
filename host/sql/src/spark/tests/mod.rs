//! Tests against a server that does what each test says.
#![allow(clippy::disallowed_methods, reason = "the times of these tests are real")]

mod crafted;
mod fake;
mod hostile;
mod hostile_data;
