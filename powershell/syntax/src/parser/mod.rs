//! A recursive descent over the text. The meaning of a character depends on its place (an argument, an
//! expression, the name of a type), so there is no list of tokens: each rule reads the text in its own way.
//!
//! Source: the PowerShell Language Specification 3.0 (Microsoft), chapters 2 and 15, and the messages and ids
//! that PowerShell 7 reports.

mod block;
mod class;
mod command;
mod expression;
mod lexer;
mod literals;
mod primary;
mod statement;

use std::rc::Rc;

pub use literals::parse_number;

use super::ast::Block;
use super::source::{Source, Span, SyntaxError};

/// The parser's list has the error; this ends a rule that cannot continue.
#[derive(Debug)]
pub(super) struct Abort;
type P<T> = Result<T, Abort>;

/// Maximum nesting of statements and expressions: the tree is walked by recursion.
const MAX_DEPTH: usize = 250;

pub(super) struct Parser<'a> {
    source: Rc<Source>,
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    errors: Vec<SyntaxError>,
    depth: usize,
    requires: Vec<super::ast::Requirement>,
    namespaces: Vec<crate::Str>,
    /// Whether a line end counts as white space, as between parentheses.
    no_comma: bool,
    /// Attributes before a type definition.
    pending: Vec<super::ast::Attribute>,
}

/// Parses a script.
///
/// # Errors
/// Returns every error, the first one first.
pub fn parse(source: &Rc<Source>) -> Result<Rc<Block>, Vec<SyntaxError>> {
    let text = source.text.clone();
    let mut parser = Parser {
        source: source.clone(),
        text: &text,
        bytes: text.as_bytes(),
        pos: 0,
        errors: Vec::new(),
        depth: 0,
        requires: Vec::new(),
        namespaces: Vec::new(),
        no_comma: false,
        pending: Vec::new(),
    };
    let block = parser.script();
    match block {
        Ok(block) if parser.errors.is_empty() => {
            let block = Rc::new(block);
            let errors = crate::semantics::check(&block);
            if errors.is_empty() { Ok(block) } else { Err(errors) }
        }
        _ => Err(parser.errors),
    }
}

impl Parser<'_> {
    fn span(&self, start: usize) -> Span {
        Span::new(start, self.pos)
    }

    fn here(&self) -> Span {
        Span::new(self.pos, self.pos)
    }

    fn error<T>(&mut self, id: &'static str, message: impl Into<String>, span: Span) -> P<T> {
        self.note(id, message, span);
        Err(Abort)
    }

    /// Records an error after which parsing continues.
    fn note(&mut self, id: &'static str, message: impl Into<String>, span: Span) {
        self.errors.push(SyntaxError { id, message: message.into(), span });
    }

    fn deeper<T>(&mut self, rule: impl FnOnce(&mut Self) -> P<T>) -> P<T> {
        if self.depth >= MAX_DEPTH {
            let here = self.here();
            return self.error("ScriptTooComplicated", "The script is too complicated to parse.", here);
        }
        self.depth += 1;
        let result = rule(self);
        self.depth -= 1;
        result
    }

    fn unexpected<T>(&mut self) -> P<T> {
        let (text, span) = self.token();
        self.error("UnexpectedToken", format!("Unexpected token '{text}' in expression or statement."), span)
    }
}
