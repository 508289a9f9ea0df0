//! Expressions by precedence.

use super::lexer::{is_dash, is_double_quote, is_name, is_single_quote};
use super::{P, Parser};
use crate::ast::*;
use crate::source::Span;

/// A binary operator with its precedence; a higher one binds more tightly.
#[derive(Clone, Copy)]
enum Infix {
    And,
    Or,
    Op(BinaryOp),
    Coalesce,
}

impl Parser<'_> {
    /// Parses an expression with the ternary operator, which binds least.
    pub(super) fn expression(&mut self) -> P<Option<Expr>> {
        self.deeper(|p| {
            let start = p.pos;
            let Some(condition) = p.binary(1)? else { return Ok(None) };
            let end = p.pos;
            p.space()?;
            if p.peek() != '?' || matches!(p.peek_at(1), '?' | '.' | '[') && p.peek_at(1) == '?' {
                p.pos = end;
                return Ok(Some(condition));
            }
            p.pos += 1;
            p.lines()?;
            let yes = p.operand("?")?;
            p.lines()?;
            if !p.eat(":") {
                let here = p.here();
                return p.error(
                    "MissingColonInTernaryExpression",
                    "Missing ':' in the ternary expression.",
                    here,
                );
            }
            p.lines()?;
            let no = p.operand(":")?;
            let kind = ExprKind::Ternary(Box::new(condition), Box::new(yes), Box::new(no));
            Ok(Some(Expr { kind, span: p.span(start) }))
        })
    }

    fn operand(&mut self, operator: &str) -> P<Expr> {
        let at = self.pos;
        match self.expression()? {
            Some(expr) => Ok(expr),
            None => self.missing_operand(operator, at),
        }
    }

    fn missing_operand<T>(&mut self, operator: &str, at: usize) -> P<T> {
        let span = Span::new(at, at);
        self.error(
            "ExpectedValueExpression",
            format!("You must provide a value expression following the '{operator}' operator."),
            span,
        )
    }

    fn binary(&mut self, min: u8) -> P<Option<Expr>> {
        let start = self.pos;
        let Some(mut left) = self.array_literal()? else { return Ok(None) };
        loop {
            let end = self.pos;
            self.space()?;
            let Some((op, precedence, length)) = self.infix() else {
                self.pos = end;
                return Ok(Some(left));
            };
            if precedence < min {
                self.pos = end;
                return Ok(Some(left));
            }
            let text = self.text.get(self.pos..self.pos + length).unwrap_or_default().to_owned();
            self.pos += length;
            let after = self.pos;
            self.lines()?;
            let Some(right) = self.deeper(|p| p.binary(precedence + 1))? else {
                return self.missing_operand(&text, after);
            };
            let (left_box, right_box) = (Box::new(left), Box::new(right));
            let kind = match op {
                Infix::And => ExprKind::And(left_box, right_box),
                Infix::Or => ExprKind::Or(left_box, right_box),
                Infix::Coalesce => ExprKind::Coalesce(left_box, right_box),
                Infix::Op(op) => ExprKind::Binary(op, left_box, right_box),
            };
            left = Expr { kind, span: self.span(start) };
        }
    }

    /// Returns the next binary operator, its precedence and its length.
    fn infix(&self) -> Option<(Infix, u8, usize)> {
        let c = self.peek();
        let next = self.peek_at(c.len_utf8());
        Some(match c {
            '+' if next != '=' && next != '+' => (Infix::Op(BinaryOp::Add), 9, 1),
            '*' if next != '=' => (Infix::Op(BinaryOp::Mul), 10, 1),
            '/' if next != '=' => (Infix::Op(BinaryOp::Div), 10, 1),
            '%' if next != '=' => (Infix::Op(BinaryOp::Rem), 10, 1),
            '.' if next == '.' => (Infix::Op(BinaryOp::Range), 13, 2),
            '?' if next == '?' && self.peek_at(2) != '=' => (Infix::Coalesce, 7, 2),
            _ if is_dash(c) => {
                if next == '=' || is_dash(next) {
                    return None;
                }
                let rest = self.text.get(self.pos + c.len_utf8()..).unwrap_or_default();
                // `1-ge0`: digits may follow an operator, and are not part of its name.
                let word: String = rest.chars().take_while(|c| is_name(*c) && !c.is_ascii_digit()).collect();
                match word_operator(&word.to_ascii_lowercase()) {
                    Some((op, precedence)) => (op, precedence, c.len_utf8() + word.len()),
                    None => (Infix::Op(BinaryOp::Sub), 9, c.len_utf8()),
                }
            }
            _ => return None,
        })
    }

    /// Parses operands joined by commas.
    fn array_literal(&mut self) -> P<Option<Expr>> {
        if self.no_comma {
            return self.unary();
        }
        self.joined(Self::unary)
    }

    /// Parses one part, or an array of several parts with commas.
    pub(super) fn joined(&mut self, part: fn(&mut Self) -> P<Option<Expr>>) -> P<Option<Expr>> {
        let start = self.pos;
        let Some(first) = part(self)? else { return Ok(None) };
        let mut items = vec![first];
        loop {
            let end = self.pos;
            self.space()?;
            if !self.eat(",") {
                self.pos = end;
                break;
            }
            let comma = self.pos;
            self.lines()?;
            match part(self)? {
                Some(item) => items.push(item),
                None => {
                    let span = Span::new(comma, comma);
                    return self.error("MissingExpressionAfterToken", "Missing expression after ','.", span);
                }
            }
        }
        if items.len() == 1 {
            return Ok(items.pop());
        }
        Ok(Some(Expr { kind: ExprKind::Array(items), span: self.span(start) }))
    }

    pub(crate) fn unary(&mut self) -> P<Option<Expr>> {
        self.deeper(Self::unary_here)
    }

    fn unary_here(&mut self) -> P<Option<Expr>> {
        let start = self.pos;
        let c = self.peek();
        let two = self.peek_at(c.len_utf8());
        if (c == '+' && two == '+') || (is_dash(c) && is_dash(two)) {
            self.pos += c.len_utf8() + two.len_utf8();
            return self.step(start, c == '+');
        }
        let op = match c {
            '!' => Some((UnaryOp::Not, 1)),
            '+' => Some((UnaryOp::Plus, 1)),
            ',' if !self.no_comma => Some((UnaryOp::Comma, 1)),
            _ if is_dash(c) => self.dash_operator(c),
            _ => None,
        };
        if let Some((op, length)) = op {
            let text = self.text.get(self.pos..self.pos + length).unwrap_or_default().to_owned();
            self.pos += length;
            let after = self.pos;
            self.lines()?;
            let Some(operand) = self.unary()? else {
                let span = Span::new(after, after);
                return self.error(
                    "MissingExpressionAfterOperator",
                    format!("Missing expression after unary operator '{text}'."),
                    span,
                );
            };
            if let (UnaryOp::Minus, ExprKind::Const(value), true) =
                (op, &operand.kind, operand.span.start as usize == after)
                && let Some(negative) = super::literals::negate(value)
            {
                return Ok(Some(Expr { kind: ExprKind::Const(negative), span: self.span(start) }));
            }
            return Ok(Some(Expr { kind: ExprKind::Unary(op, Box::new(operand)), span: self.span(start) }));
        }
        if c == '[' {
            return self.bracketed().map(Some);
        }
        let start = self.pos;
        let found = self.primary()?;
        self.stepped_behind_blank(found, start)
    }

    /// Parses `$i ++`: blanks may precede the operator.
    fn stepped_behind_blank(&mut self, found: Option<Expr>, start: usize) -> P<Option<Expr>> {
        let Some(target) = found else { return Ok(None) };
        let steps =
            matches!(target.kind, ExprKind::Var(_) | ExprKind::Member { .. } | ExprKind::Index { .. });
        let blanks = self.rest().bytes().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let sign = self.rest().get(blanks..).unwrap_or_default();
        let grows = sign.starts_with("++");
        let next = sign.chars().nth(2).unwrap_or(' ');
        let operand =
            next.is_alphanumeric() || matches!(next, '$' | '(' | '[' | '@' | '"' | '\'' | '+' | '-');
        if !steps || blanks == 0 || operand || !(grows || sign.starts_with("--")) {
            return Ok(Some(target));
        }
        self.pos += blanks;
        self.stepped(target, start, grows).map(Some)
    }

    fn dash_operator(&self, c: char) -> Option<(UnaryOp, usize)> {
        let rest = self.text.get(self.pos + c.len_utf8()..).unwrap_or_default();
        let word: String = rest.chars().take_while(|c| is_name(*c)).collect::<String>().to_ascii_lowercase();
        let op = match word.as_str() {
            "not" => UnaryOp::Not,
            "bnot" => UnaryOp::BitNot,
            "join" => UnaryOp::Join,
            "split" | "isplit" => UnaryOp::Split(false),
            "csplit" => UnaryOp::Split(true),
            _ => return (!rest.starts_with('=')).then_some((UnaryOp::Minus, c.len_utf8())),
        };
        Some((op, c.len_utf8() + word.len()))
    }

    fn step(&mut self, start: usize, grows: bool) -> P<Option<Expr>> {
        let after = self.pos;
        self.lines()?;
        let sign = if grows { "++" } else { "--" };
        let Some(target) = self.unary()? else {
            let span = Span::new(after, after);
            return self.error(
                "MissingExpressionAfterOperator",
                format!("Missing expression after unary operator '{sign}'."),
                span,
            );
        };
        self.steppable(&target, sign)?;
        Ok(Some(Expr { kind: ExprKind::Step(Box::new(target), grows, false), span: self.span(start) }))
    }

    pub(crate) fn steppable(&mut self, target: &Expr, sign: &str) -> P<()> {
        let mut inner = target;
        while let ExprKind::Constrained(_, next) | ExprKind::Cast(_, next) = &inner.kind {
            inner = next;
        }
        if let ExprKind::Paren(stmt) = &inner.kind
            && let StmtKind::Expr(expr) = &stmt.kind
        {
            inner = expr;
        }
        if matches!(inner.kind, ExprKind::Var(_) | ExprKind::Index { .. } | ExprKind::Member { .. }) {
            return Ok(());
        }
        let span = target.span;
        self.error(
            "OperatorRequiresVariableOrProperty",
            format!("The '{sign}' operator works only on variables or on properties."),
            span,
        )
    }

    /// Parses a cast, a constrained variable, or a type as a value.
    fn bracketed(&mut self) -> P<Expr> {
        let start = self.pos;
        let mut attributes = vec![self.attribute()?];
        loop {
            let end = self.pos;
            self.space()?;
            // Attributes may be on a separate line before their target.
            if attributes.iter().any(|a| !a.is_type) {
                self.lines()?;
            }
            if self.peek() == '[' {
                attributes.push(self.attribute()?);
                continue;
            }
            let lone = attributes.len() == 1 && attributes.iter().all(|a| a.is_type);
            let types = attributes.iter().all(|a| a.is_type);
            if types
                && end == self.pos
                && (self.peek() == '.' && self.peek_at(1) != '.' || self.looking_at("::"))
            {
                let Some(attribute) = attributes.pop() else { return self.unexpected() };
                let at = attribute.span.start as usize;
                let ty = Expr { kind: ExprKind::Type(Self::type_ref(attribute.name)), span: attribute.span };
                let inner = self.postfix(ty, at)?;
                return Ok(self.constrain(attributes, inner, start));
            }
            let next = self.peek();
            let operand = matches!(next, '$' | '(' | '@' | '{' | '!' | '+' | ',')
                || is_single_quote(next)
                || is_double_quote(next)
                || next.is_ascii_digit()
                || (next == '.' && self.peek_at(1).is_ascii_digit())
                || (is_dash(next) && self.dash_begins_operand(next));
            if !operand || (next == ',' && lone) || (next == '+' && self.peek_at(1) == '=') {
                self.pos = end;
                if attributes.iter().any(|a| !a.is_type) {
                    return self.unexpected();
                }
                let Some(attribute) = attributes.pop() else { return self.unexpected() };
                let ty = Expr { kind: ExprKind::Type(Self::type_ref(attribute.name)), span: attribute.span };
                return Ok(self.constrain(attributes, ty, start));
            }
            let Some(operand) = self.unary()? else { return self.unexpected() };
            return Ok(self.constrain(attributes, operand, start));
        }
    }

    fn dash_begins_operand(&self, c: char) -> bool {
        let next = self.peek_at(c.len_utf8());
        next.is_ascii_digit() || matches!(next, '$' | '(' | '.') || {
            !matches!(self.dash_operator(c), Some((UnaryOp::Minus, _)) | None)
        }
    }

    fn constrain(&mut self, mut attributes: Vec<Attribute>, operand: Expr, start: usize) -> Expr {
        let span = self.span(start);
        let all_types = attributes.iter().all(|a| a.is_type);
        if matches!(operand.kind, ExprKind::Var(_)) || !all_types {
            return Expr { kind: ExprKind::Constrained(attributes, Box::new(operand)), span };
        }
        let mut inner = operand;
        while let Some(attribute) = attributes.pop() {
            let at = Span::new(attribute.span.start as usize, self.pos);
            inner = Expr { kind: ExprKind::Cast(Self::type_ref(attribute.name), Box::new(inner)), span: at };
        }
        inner
    }
}

/// Returns the operator of a word after a dash, and its precedence.
fn word_operator(word: &str) -> Option<(Infix, u8)> {
    let plain = match word {
        "and" => return Some((Infix::And, 1)),
        "or" => return Some((Infix::Or, 1)),
        "xor" => return Some((Infix::Op(BinaryOp::Xor), 1)),
        "band" => return Some((Infix::Op(BinaryOp::BitAnd), 2)),
        "bor" => return Some((Infix::Op(BinaryOp::BitOr), 2)),
        "bxor" => return Some((Infix::Op(BinaryOp::BitXor), 2)),
        "f" => return Some((Infix::Op(BinaryOp::Format), 12)),
        "shl" => Some(BinaryOp::Shl),
        "shr" => Some(BinaryOp::Shr),
        "is" => Some(BinaryOp::Is(true)),
        "isnot" => Some(BinaryOp::Is(false)),
        "as" => Some(BinaryOp::As),
        "join" => Some(BinaryOp::Join),
        _ => None,
    };
    if let Some(op) = plain {
        return Some((Infix::Op(op), 5));
    }
    let (case, name) = match word.strip_prefix('c') {
        Some(rest) if comparison(rest, true).is_some() => (true, rest),
        _ => match word.strip_prefix('i') {
            Some(rest) if word != "in" && comparison(rest, false).is_some() => (false, rest),
            _ => (false, word),
        },
    };
    comparison(name, case).map(|op| (Infix::Op(op), 5))
}

fn comparison(name: &str, case: bool) -> Option<BinaryOp> {
    Some(match name {
        "eq" => BinaryOp::Compare(Compare::Eq, case),
        "ne" => BinaryOp::Compare(Compare::Ne, case),
        "gt" => BinaryOp::Compare(Compare::Gt, case),
        "ge" => BinaryOp::Compare(Compare::Ge, case),
        "lt" => BinaryOp::Compare(Compare::Lt, case),
        "le" => BinaryOp::Compare(Compare::Le, case),
        "like" => BinaryOp::Like(true, case),
        "notlike" => BinaryOp::Like(false, case),
        "match" => BinaryOp::Match(true, case),
        "notmatch" => BinaryOp::Match(false, case),
        "replace" => BinaryOp::Replace(case),
        "contains" => BinaryOp::Contains(true, case),
        "notcontains" => BinaryOp::Contains(false, case),
        "in" => BinaryOp::In(true, case),
        "notin" => BinaryOp::In(false, case),
        "split" => BinaryOp::Split(case),
        _ => return None,
    })
}
