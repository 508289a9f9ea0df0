//! From text to a tree: positions and error ids are those of PowerShell's own parser.

pub mod ast;
mod parser;
pub mod semantics;
mod source;
pub mod walk;

pub use parser::{parse, parse_number};
pub use source::{Source, Span, SyntaxError};
