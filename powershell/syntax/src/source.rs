//! The text of a script, and places in it.

use std::rc::Rc;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    #[inline]
    pub fn new(start: usize, end: usize) -> Self {
        let fit = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { start: fit(start), end: fit(end) }
    }

    #[inline]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end.max(self.start) }
    }
}

#[derive(Debug)]
pub struct Source {
    /// The path of the script. Empty for text from another source.
    pub path: String,
    pub text: Rc<str>,
}

impl Source {
    #[inline]
    pub fn new(path: &str, text: &str) -> Rc<Self> {
        Rc::new(Self { path: path.to_owned(), text: text.into() })
    }

    /// Returns the last part of the path, which error ids contain.
    #[inline]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    #[inline]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// Returns line and column, from 1; the column counts UTF-16 units.
    pub fn position(&self, offset: u32) -> (usize, usize) {
        let before = self.text.get(..offset as usize).unwrap_or(&self.text);
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(start..).unwrap_or_default().encode_utf16().count() + 1;
        (line, column)
    }

    /// Returns the text of a line, from 1, without its end.
    #[inline]
    pub fn line(&self, number: usize) -> &str {
        self.text.lines().nth(number.saturating_sub(1)).unwrap_or_default()
    }
}

/// An error that the parser found.
#[derive(Debug, Clone)]
pub struct SyntaxError {
    pub id: &'static str,
    pub message: String,
    pub span: Span,
}
