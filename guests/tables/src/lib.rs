//! Tables that are written as text: CSV, NDJSON and JSON, read so that each value arrives as it is, or is refused with
//! its place.

mod column;
mod csv;
mod error;
mod json;
mod kind;
mod marks;
mod ndjson;
mod options;
mod parse;
mod rows;
mod scan;
mod source;
#[cfg(test)]
mod tests;
mod values;

pub use csv::{Batches, Column, Csv, Reject, Rejected};
pub use error::{Problem, shown};
pub use json::Json;
pub use kind::{KINDS, Kind};
pub use ndjson::{JsonBatches, JsonTable};
pub use options::{Matching, OnBadRow, Options, distinct};
pub use rows::Rows;
pub use source::{Explain, Meter, Opener, Source, encoding};
pub use values::Values;
