//! Text tables: CSV, NDJSON and JSON. The readers return each value unchanged, or refuse it with its
//! position. The writers produce text that reads back as equal values.

mod column;
mod convert;
mod csv;
mod dialect;
#[cfg(test)]
mod divided;
mod error;
mod json;
mod kind;
mod lines;
mod marks;
mod ndjson;
mod options;
#[cfg(feature = "parquet")]
mod parquet_file;
mod parse;
mod plain;
mod rejects;
pub mod round;
mod rows;
mod scan;
mod share;
mod source;
#[cfg(test)]
mod tests;
mod texts;
mod undivided;
mod values;
mod write;

pub use column::misfit;
pub use convert::{Converted, convert, with_point};
pub use csv::{Batches, Column, Csv, Reject, Rejected};
pub use dialect::{Dialect, extension, only_for, schema_problems};
pub use error::{Problem, shown};
pub use json::{Json, Lookup};
pub use kind::{KINDS, Kind};
pub use ndjson::{JsonBatches, JsonTable};
pub use options::{Matching, OnBadRow, Options, distinct};
#[cfg(feature = "parquet")]
pub use parquet_file::{Parquet, open_parquet, parquet_fault};
pub use rejects::Rejects;
pub use rows::Rows;
pub use share::Share;
pub use source::{Explain, Meter, Opener, Source, encoding};
pub use texts::{Block, Record, Texts};
pub use undivided::{csv_obstacle, json_obstacle};
pub use values::Values;
pub use write::{CsvWriter, Output, Style, is_packed};
