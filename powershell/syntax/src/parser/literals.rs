//! Variables, numbers, strings and bare words.

use rust_decimal::Decimal;

use super::lexer::{ends_word, is_double_quote, is_name, is_single_quote, is_space};
use super::{P, Parser};
use crate::Literal;
use crate::ast::*;
use crate::source::Span;

impl Parser<'_> {
    /// Parses `$name`, `$scope:name` or `${any name}`.
    pub(super) fn variable(&mut self) -> P<VarRef> {
        let start = self.pos;
        self.pos += 1;
        if self.peek() == '{' {
            let Some(length) = self.rest().find('}') else {
                let span = Span::new(start, self.bytes.len());
                return self.error(
                    "IncompleteDollarVariableReference",
                    "Incomplete variable reference token.",
                    span,
                );
            };
            let raw = self.text.get(self.pos + 1..self.pos + length).unwrap_or_default();
            let name: String = raw.replace('`', "");
            self.pos += length + 1;
            if name.is_empty() {
                let span = self.span(start);
                return self.error("EmptyVariableReference", "Braced variable name cannot be empty.", span);
            }
            return Ok(self.var_ref(&name));
        }
        let from = self.pos;
        if matches!(self.peek(), '$' | '?' | '^') {
            self.pos += 1;
        } else {
            while is_name(self.peek())
                || (self.peek() == '?' && self.pos > from && !self.question_ends_name())
            {
                self.bump();
            }
            // One colon joins a scope or a drive to the name; two begin a static member.
            if self.peek() == ':'
                && self.peek_at(1) != ':'
                && self.pos > from
                && (is_name(self.peek_at(1)) || matches!(self.peek_at(1), '?' | '$'))
            {
                self.bump();
                while is_name(self.peek()) || (self.peek() == '?' && !self.question_ends_name()) {
                    self.bump();
                }
            }
        }
        let name = self.text.get(from..self.pos).unwrap_or_default().to_owned();
        if name.is_empty() {
            let span = self.span(start);
            return self.error("UnexpectedToken", "Unexpected token '$' in expression or statement.", span);
        }
        Ok(self.var_ref(&name))
    }

    /// Returns whether `?` ends the name, as in `$x?.y`, `$x?[0]`, `$x ?? 1` without blanks, and the
    /// ternary operator.
    fn question_ends_name(&self) -> bool {
        matches!(self.peek_at(1), '.' | '[' | '?')
    }

    pub(super) fn single_quoted(&mut self) -> P<ExprKind> {
        let start = self.pos;
        self.bump();
        let mut text = String::new();
        loop {
            let c = self.peek();
            if self.at_end() {
                let span = Span::new(start, self.bytes.len());
                return self.error(
                    "TerminatorExpectedAtEndOfString",
                    "The string is missing the terminator: '.",
                    span,
                );
            }
            self.bump();
            if is_single_quote(c) {
                if !is_single_quote(self.peek()) {
                    return Ok(ExprKind::Const(text.into()));
                }
                self.bump();
            }
            text.push(c);
        }
    }

    pub(super) fn double_quoted(&mut self) -> P<ExprKind> {
        let start = self.pos;
        self.bump();
        let mut parts = Parts::default();
        loop {
            let c = self.peek();
            if self.at_end() {
                let span = Span::new(start, self.bytes.len());
                return self.error(
                    "TerminatorExpectedAtEndOfString",
                    "The string is missing the terminator: \".",
                    span,
                );
            }
            if is_double_quote(c) {
                self.bump();
                if !is_double_quote(self.peek()) {
                    return Ok(parts.finish());
                }
                parts.text.push(c);
                self.bump();
            } else {
                self.expandable(&mut parts)?;
            }
        }
    }

    /// Parses one character, escape, variable or subexpression of an expandable string.
    fn expandable(&mut self, parts: &mut Parts) -> P<()> {
        match self.peek() {
            '`' => {
                self.bump();
                if !self.at_end() {
                    self.escape(&mut parts.text)?;
                }
            }
            '$' => {
                let start = self.pos;
                let next = self.peek_at(1);
                if next == '(' {
                    let kind = self.with_commas(Self::value_of_dollar)?;
                    parts.expr(Expr { kind, span: self.span(start) });
                } else if next == '{'
                    || is_name(next)
                    || matches!(next, '$' | '?' | '^') && !is_double_quote(self.peek_at(2))
                    || (matches!(next, '?' | '^') && is_double_quote(self.peek_at(2)))
                {
                    let var = self.variable()?;
                    if self.peek() == ':'
                        && self.peek_at(1) != ':'
                        && next != '{'
                        && !matches!(next, '$' | '?' | '^')
                    {
                        let span = Span::new(start, self.pos + 1);
                        return self.error("InvalidVariableReferenceWithDrive", "Variable reference is not valid. ':' was not followed by a valid variable name character. Consider using ${} to delimit the name.", span);
                    }
                    parts.expr(Expr { kind: ExprKind::Var(var), span: self.span(start) });
                } else {
                    parts.text.push('$');
                    self.bump();
                }
            }
            c => {
                parts.text.push(c);
                self.bump();
            }
        }
        Ok(())
    }

    fn value_of_dollar(&mut self) -> P<ExprKind> {
        self.pos += 2;
        let stmts = self.deeper(Self::statements)?;
        let after = self.pos;
        if !self.eat(")") {
            if !self.at_end() {
                return self.unexpected();
            }
            let span = Span::new(after, after);
            return self.error(
                "MissingEndParenthesisInSubexpression",
                "Missing closing ')' in subexpression.",
                span,
            );
        }
        Ok(ExprKind::Sub(stmts))
    }

    /// Parses the characters after a backtick.
    fn escape(&mut self, text: &mut String) -> P<()> {
        let c = self.bump();
        text.push(match c {
            '0' => '\0',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'e' => '\u{1b}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'u' if self.peek() == '{' => {
                let start = self.pos - 2;
                let length = self.rest().find('}').unwrap_or(0);
                let digits = self.text.get(self.pos + 1..self.pos + length).unwrap_or_default();
                let found = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                self.pos += length + 1;
                match found {
                    Some(c) => c,
                    None => {
                        let span = self.span(start);
                        return self.error("InvalidUnicodeEscapeSequence", "The Unicode escape sequence is not valid. A valid sequence is `u{ followed by one to six hexadecimal digits and a closing '}'.", span);
                    }
                }
            }
            other => other,
        });
        Ok(())
    }

    pub(super) fn here_string(&mut self) -> P<ExprKind> {
        let start = self.pos;
        self.pos += 1;
        let expands = is_double_quote(self.bump());
        while is_space(self.peek()) && !self.at_end() {
            self.bump();
        }
        if !matches!(self.peek(), '\n' | '\r') {
            let here = Span::new(self.pos, self.pos + self.peek().len_utf8());
            return self.error(
                "UnexpectedCharactersAfterHereStringHeader",
                "No characters are allowed after a here-string header but before the end of the line.",
                here,
            );
        }
        self.eat("\r");
        self.eat("\n");
        let body = self.pos;
        let closing = |line: &str| {
            let mut chars = line.chars();
            let quote = chars.next().unwrap_or('\0');
            (if expands { is_double_quote(quote) } else { is_single_quote(quote) })
                && chars.next() == Some('@')
        };
        let mut at = body;
        let end = loop {
            let line = self.text.get(at..).unwrap_or_default();
            if closing(line) {
                break at;
            }
            match line.find('\n') {
                Some(length) => at += length + 1,
                None => {
                    let span = Span::new(start, self.bytes.len());
                    let quote = if expands { "\"" } else { "'" };
                    return self.error(
                        "TerminatorExpectedAtEndOfString",
                        format!("The string is missing the terminator: {quote}@."),
                        span,
                    );
                }
            }
        };
        let mut last = end.saturating_sub(1).max(body);
        if last > body && self.bytes.get(last - 1) == Some(&b'\r') && self.bytes.get(last) == Some(&b'\n') {
            last -= 1;
        }
        let quote = self.text.get(end..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8);
        if !expands {
            let text = self.text.get(body..last).unwrap_or_default();
            self.pos = end + quote + 1;
            return Ok(ExprKind::Const(text.into()));
        }
        let mut parts = Parts::default();
        while self.pos < last {
            self.expandable(&mut parts)?;
        }
        self.pos = end + quote + 1;
        Ok(parts.finish())
    }

    /// Parses a word of a command line: text in which variables, subexpressions and quoted parts
    /// are expanded.
    pub(super) fn bare_word(&mut self) -> P<Option<Expr>> {
        let start = self.pos;
        let mut parts = Parts::default();
        loop {
            let c = self.peek();
            if self.at_end() || ends_word(c) {
                break;
            }
            if is_single_quote(c) {
                if let ExprKind::Const(value) = self.single_quoted()? {
                    parts.text.push_str(value.as_str().unwrap_or_default());
                }
            } else if is_double_quote(c) {
                match self.double_quoted()? {
                    ExprKind::Expand(list) => parts.append(list),
                    ExprKind::Const(value) => parts.text.push_str(value.as_str().unwrap_or_default()),
                    _ => {}
                }
            } else {
                self.expandable(&mut parts)?;
            }
        }
        if self.pos == start {
            return Ok(None);
        }
        Ok(Some(Expr { kind: parts.finish(), span: self.span(start) }))
    }
}

/// Alternating text and expressions.
#[derive(Default)]
struct Parts {
    list: Vec<Part>,
    text: String,
}

impl Parts {
    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.list.push(Part::Text(std::mem::take(&mut self.text).into()));
        }
    }

    fn expr(&mut self, expr: Expr) {
        self.flush();
        self.list.push(Part::Expr(expr));
    }

    fn append(&mut self, list: Vec<Part>) {
        for part in list {
            match part {
                Part::Text(text) => self.text.push_str(&text),
                Part::Expr(expr) => self.expr(expr),
            }
        }
    }

    fn finish(mut self) -> ExprKind {
        if self.list.is_empty() {
            return ExprKind::Const(self.text.into());
        }
        self.flush();
        ExprKind::Expand(self.list)
    }
}

/// Returns the number at the start of a text, and its length with suffixes and multipliers.
pub(super) fn scan_number(text: &str) -> Option<(Literal, usize)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let sign = matches!(bytes.first(), Some(b'+' | b'-'));
    if sign {
        at += 1;
    }
    let negative = bytes.first() == Some(&b'-');
    let radix = match (bytes.get(at), bytes.get(at + 1).map(u8::to_ascii_lowercase)) {
        (Some(b'0'), Some(b'x')) => 16,
        (Some(b'0'), Some(b'b')) if matches!(bytes.get(at + 2), Some(b'0' | b'1')) => 2,
        _ => 10,
    };
    let digits_at = if radix == 10 { at } else { at + 2 };
    at = digits_at;
    let mut real = false;
    while let Some(b) = bytes.get(at) {
        let c = char::from(*b);
        if c.is_digit(radix) {
            at += 1;
        } else if radix == 10
            && c == '.'
            && !real
            && bytes.get(at + 1) != Some(&b'.')
            && (bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
                || (at > digits_at
                    && !bytes
                        .get(at + 1)
                        .is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_' || *b == b'$' || *b == b'(')))
        {
            real = true;
            at += 1;
        } else if radix == 10 && matches!(c, 'e' | 'E') && at > digits_at && exponent(bytes, at).is_some() {
            real = true;
            at = exponent(bytes, at)?;
            break;
        } else {
            break;
        }
    }
    if at == digits_at {
        return None;
    }
    let digits = text.get(digits_at..at)?;
    let (suffix, multiplier, length) = suffixes(text.get(at..)?);
    let value = build(digits, radix, real, negative, suffix, multiplier)?;
    Some((value, at + length))
}

fn exponent(bytes: &[u8], mut at: usize) -> Option<usize> {
    at += 1;
    if matches!(bytes.get(at), Some(b'+' | b'-')) {
        at += 1;
    }
    let from = at;
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    (at > from).then_some(at)
}

/// Returns the type suffix, the multiplier, and the length of both.
fn suffixes(rest: &str) -> (String, i64, usize) {
    let word: String = rest.chars().take_while(|c| is_name(*c)).collect::<String>().to_ascii_lowercase();
    let mut base = word.as_str();
    let mut multiplier = 1;
    for (name, power) in [("kb", 1), ("mb", 2), ("gb", 3), ("tb", 4), ("pb", 5)] {
        if let Some(start) = base.strip_suffix(name) {
            base = start;
            multiplier = 1 << (10 * power);
        }
    }
    let known = ["", "l", "d", "u", "ul", "s", "us", "y", "uy", "n"];
    match known.contains(&base) && !(base.is_empty() && multiplier == 1) {
        true => (base.to_owned(), multiplier, word.len()),
        false => (String::new(), 1, 0),
    }
}

fn build(
    digits: &str,
    radix: u32,
    real: bool,
    negative: bool,
    suffix: String,
    multiplier: i64,
) -> Option<Literal> {
    use num_bigint::BigInt;
    if suffix == "d"
        || (radix == 10
            && suffix.is_empty()
            && !real
            && BigInt::parse_bytes(digits.as_bytes(), 10)? > BigInt::from(i64::MAX))
    {
        let parsed = if digits.contains(['e', 'E']) {
            Decimal::from_scientific(digits).ok()
        } else {
            digits.trim_end_matches('.').parse::<Decimal>().ok()
        };
        if let Some(value) = parsed.and_then(|d| d.checked_mul(Decimal::from(multiplier))) {
            return Some(Literal::decimal(if negative { -value } else { value }));
        }
        if suffix == "d" {
            return None;
        }
        let value: f64 = digits.parse().ok()?;
        return Some(Literal::Double(if negative { -value } else { value } * multiplier as f64));
    }
    if real {
        let value: f64 = digits.parse().ok()?;
        let value = if negative { -value } else { value } * multiplier as f64;
        return match suffix.as_str() {
            "" => Some(Literal::Double(value)),
            _ => integer(BigInt::from(value.round_ties_even() as i64), &suffix),
        };
    }
    let mut value = BigInt::parse_bytes(digits.as_bytes(), radix)?;
    if radix != 10 {
        let bits = digits.trim_start_matches('0').len() * if radix == 16 { 4 } else { 1 };
        if suffix.is_empty()
            && bits <= 32
            && value > BigInt::from(i32::MAX)
            && digits.len() >= if radix == 16 { 8 } else { 32 }
        {
            value -= BigInt::from(1_i64 << 32);
        } else if (suffix.is_empty() || suffix == "l") && bits == 64 && value > BigInt::from(i64::MAX) {
            value -= BigInt::from(1_i128 << 64);
        }
    }
    let value = value * multiplier;
    integer(if negative { -value } else { value }, &suffix)
}

fn integer(value: num_bigint::BigInt, suffix: &str) -> Option<Literal> {
    Some(match suffix {
        "l" => Literal::Long(i64::try_from(&value).ok()?),
        "u" => match u32::try_from(&value) {
            Ok(v) => Literal::UInt(v),
            Err(_) => Literal::ULong(u64::try_from(&value).ok()?),
        },
        "ul" => Literal::ULong(u64::try_from(&value).ok()?),
        "s" => Literal::Short(i16::try_from(&value).ok()?),
        "us" => Literal::UShort(u16::try_from(&value).ok()?),
        "y" => Literal::SByte(i8::try_from(&value).ok()?),
        "uy" => Literal::Byte(u8::try_from(&value).ok()?),
        "n" => Literal::big(value),
        _ => match (i32::try_from(&value), i64::try_from(&value)) {
            (Ok(v), _) => Literal::Int(v),
            (_, Ok(v)) => Literal::Long(v),
            _ => Literal::Double(value.to_string().parse().ok()?),
        },
    })
}

/// Reads a whole text as a number, as the parser would.
pub fn parse_number(text: &str) -> Option<Literal> {
    let text = text.trim();
    match scan_number(text) {
        Some((value, length)) if length == text.len() => Some(value),
        _ => None,
    }
}

pub(super) fn negate(value: &Literal) -> Option<Literal> {
    Some(match value {
        Literal::Int(v) => v.checked_neg().map_or(Literal::Long(-i64::from(*v)), Literal::Int),
        Literal::Long(2_147_483_648) => Literal::Int(i32::MIN),
        Literal::Long(v) => Literal::Long(v.checked_neg()?),
        Literal::Double(v) => Literal::Double(-v),
        Literal::Decimal(v) => Literal::decimal(-**v),
        _ => return None,
    })
}
