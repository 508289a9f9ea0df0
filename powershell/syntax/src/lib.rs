//! The syntax of PowerShell: from the text of a script to a tree, with the positions and error ids of
//! PowerShell's own parser.
//!
//! The crate must not know values, types, or how a tree runs: a constant of the tree is a [`Literal`], and what the
//! evaluator remembers at a node is a [`Memo`].

#![allow(missing_docs, reason = "where the name says it, a line of documentation would only repeat it")]

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
