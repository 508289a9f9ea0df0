//! White space, comments, characters.

use super::{P, Parser};
use crate::ast::Requirement;
use crate::source::Span;

/// Returns whether a character may occur in a name.
pub(super) fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

pub(super) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2013}' | '\u{2014}' | '\u{2015}')
}

pub(super) fn is_single_quote(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}')
}

pub(super) fn is_double_quote(c: char) -> bool {
    matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}')
}

pub(super) fn is_space(c: char) -> bool {
    c == ' '
        || c == '\t'
        || c == '\u{b}'
        || c == '\u{c}'
        || c == '\u{a0}'
        || c == '\u{85}'
        || (c != '\n' && c != '\r' && !c.is_ascii() && c.is_whitespace())
}

/// Returns whether a character always ends a word.
pub(super) fn ends_word(c: char) -> bool {
    matches!(c, '\n' | '\r' | '(' | ')' | '{' | '}' | ';' | ',' | '|' | '&' | '\0') || is_space(c)
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> char {
        self.text.get(self.pos..).and_then(|t| t.chars().next()).unwrap_or('\0')
    }

    pub(super) fn peek_at(&self, offset: usize) -> char {
        self.text.get(self.pos + offset..).and_then(|t| t.chars().next()).unwrap_or('\0')
    }

    pub(super) fn at_end(&self) -> bool {
        self.pos >= self.bytes.len()
    }

    pub(super) fn bump(&mut self) -> char {
        let c = self.peek();
        if !self.at_end() {
            self.pos += c.len_utf8();
        }
        c
    }

    pub(super) fn rest(&self) -> &str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    pub(super) fn looking_at(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.looking_at(text);
        if found {
            self.pos += text.len();
        }
        found
    }

    /// Skips white space and comments of this line, and lines that a backtick joins.
    pub(super) fn space(&mut self) -> P<()> {
        loop {
            match self.peek() {
                '`' if matches!(self.peek_at(1), '\n' | '\r') => {
                    self.pos += if self.looking_at("`\r\n") { 3 } else { 2 };
                }
                '#' => self.comment_line(),
                '<' if self.looking_at("<#") => self.comment_block()?,
                c if is_space(c) && !self.at_end() => {
                    self.bump();
                }
                _ => return Ok(()),
            }
        }
    }

    /// Skips white space, comments and line ends.
    pub(super) fn lines(&mut self) -> P<()> {
        loop {
            self.space()?;
            if !matches!(self.peek(), '\n' | '\r') || self.at_end() {
                return Ok(());
            }
            self.bump();
        }
    }

    fn comment_line(&mut self) {
        let start = self.pos;
        let rest = self.rest();
        let length = rest.find('\n').unwrap_or(rest.len());
        self.pos += length;
        let line = self.text.get(start..self.pos).unwrap_or_default().trim_end();
        if line.get(..9).is_some_and(|word| word.eq_ignore_ascii_case("#requires")) {
            self.requirement(line, Span::new(start, start + line.len()));
        }
    }

    fn requirement(&mut self, line: &str, span: Span) {
        let rest = line.get(9..).unwrap_or_default();
        for part in rest.split(" -").skip(1) {
            let (what, value) = part.split_once([' ', ':']).unwrap_or((part, ""));
            self.requires.push(Requirement {
                what: what.to_ascii_lowercase(),
                value: value.trim().to_owned(),
                span,
            });
        }
    }

    fn comment_block(&mut self) -> P<()> {
        let start = self.pos;
        match self.rest().find("#>") {
            Some(length) => {
                self.pos += length + 2;
                Ok(())
            }
            None => {
                let span = Span::new(start, self.bytes.len());
                self.pos = self.bytes.len();
                self.error(
                    "MissingTerminatorMultiLineComment",
                    "The terminator '#>' is missing from the multiline comment.",
                    span,
                )
            }
        }
    }

    /// Consumes a word of letters if it is this one, in any case.
    pub(super) fn keyword(&mut self, word: &str) -> bool {
        let found = self.looking_at_keyword(word);
        if found {
            self.pos += word.len();
        }
        found
    }

    pub(super) fn looking_at_keyword(&self, word: &str) -> bool {
        let rest = self.rest();
        rest.get(..word.len()).is_some_and(|text| text.eq_ignore_ascii_case(word))
            && !rest.get(word.len()..).and_then(|t| t.chars().next()).is_some_and(|c| is_name(c) || c == '-')
    }

    /// Returns the word of letters, digits and underscores that begins here, without consuming it.
    pub(super) fn word(&self) -> &str {
        let rest = self.rest();
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    /// Returns the text and the place of the next token, as an error names it.
    pub(super) fn token(&mut self) -> (String, Span) {
        let start = self.pos;
        let c = self.peek();
        let mut end = start;
        if is_single_quote(c) || is_double_quote(c) {
            let mut chars = self.rest().char_indices().skip(1);
            let same = if is_single_quote(c) { is_single_quote } else { is_double_quote };
            end += chars.find(|(_, c)| same(*c)).map_or(self.rest().len(), |(at, c)| at + c.len_utf8());
        } else if ends_word(c) {
            let two = ["&&", "||"].into_iter().find(|two| self.looking_at(two));
            end += two.map_or(c.len_utf8(), str::len);
        } else if c == '$' || is_name(c) {
            let rest = self.rest();
            let first = c.len_utf8();
            let more = rest.get(first..).unwrap_or_default();
            end += first + more.find(|c: char| !is_name(c)).unwrap_or(more.len());
        } else if is_dash(c) && is_name(self.peek_at(c.len_utf8())) {
            let more = self.text.get(start + c.len_utf8()..).unwrap_or_default();
            end += c.len_utf8() + more.find(|c: char| !is_name(c)).unwrap_or(more.len());
        } else {
            end += c.len_utf8();
        }
        let end = end.min(self.bytes.len());
        (self.text.get(start..end).unwrap_or_default().to_owned(), Span::new(start, end))
    }
}
