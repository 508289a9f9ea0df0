//! The syntax of PowerShell: parses a script into a tree, with the positions and error ids of PowerShell's
//! own parser.
//!
//! The crate must not know values, types, or the evaluation of a tree: a constant of the tree is a
//! [`Literal`], and the evaluator stores its results at a node in a [`Memo`].

#![allow(missing_docs, reason = "where the name says everything, documentation would only repeat it")]

pub mod ast;
mod literal;
mod memo;
pub mod number;
mod parser;
pub mod semantics;
mod source;
pub mod symbol;
mod text;
pub mod walk;

pub use literal::Literal;
pub use memo::Memo;
pub use parser::{parse, parse_number};
pub use source::{Source, Span, SyntaxError};
pub use text::{Str, utf16_len};
