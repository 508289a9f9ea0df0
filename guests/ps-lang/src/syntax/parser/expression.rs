//! Expressions, by precedence.

use std::rc::Rc;

use super::lexer::{is_dash, is_double_quote, is_name, is_single_quote};
use super::{P, Parser};
use crate::syntax::ast::*;
use crate::syntax::source::Span;
use crate::value::Value;

/// A binary operator with its precedence; higher binds tighter.
#[derive(Clone, Copy)]
enum Infix {
    And,
    Or,
    Op(BinaryOp),
    Coalesce,
}

impl Parser<'_> {
    /// An expression with the ternary operator, which binds least.
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

    /// The binary operator that stands here: what, precedence, length.
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
                let word: String = rest.chars().take_while(|c| is_name(*c)).collect();
                match word_operator(&word.to_ascii_lowercase()) {
                    Some((op, precedence)) => (op, precedence, c.len_utf8() + word.len()),
                    None => (Infix::Op(BinaryOp::Sub), 9, c.len_utf8()),
                }
            }
            _ => return None,
        })
    }

    /// Operands joined by commas.
    fn array_literal(&mut self) -> P<Option<Expr>> {
        let start = self.pos;
        let Some(first) = self.unary()? else { return Ok(None) };
        if self.no_comma {
            return Ok(Some(first));
        }
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
            match self.unary()? {
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

    fn unary(&mut self) -> P<Option<Expr>> {
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
            {
                if let Some(negative) = super::literals::negate(value) {
                    return Ok(Some(Expr { kind: ExprKind::Const(negative), span: self.span(start) }));
                }
            }
            return Ok(Some(Expr { kind: ExprKind::Unary(op, Box::new(operand)), span: self.span(start) }));
        }
        if c == '[' {
            return self.bracketed().map(Some);
        }
        self.primary()
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

    fn steppable(&mut self, target: &Expr, sign: &str) -> P<()> {
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

    /// A cast, a constrained variable, or a type as a value.
    fn bracketed(&mut self) -> P<Expr> {
        let start = self.pos;
        let mut attributes = vec![self.attribute()?];
        loop {
            let end = self.pos;
            self.space()?;
            // Attributes may stand on a line of their own before what they belong to.
            if attributes.iter().any(|a| !a.is_type) {
                self.lines()?;
            }
            if self.peek() == '[' {
                attributes.push(self.attribute()?);
                continue;
            }
            let lone = attributes.len() == 1 && attributes.iter().all(|a| a.is_type);
            let types = attributes.iter().all(|a| a.is_type);
            if types && end == self.pos && (self.peek() == '.' && self.peek_at(1) != '.' || self.looking_at("::")) {
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

    /// A value with what is applied to it: members, calls, indexes, `++`.
    pub(super) fn primary(&mut self) -> P<Option<Expr>> {
        let start = self.pos;
        let Some(expr) = self.value()? else { return Ok(None) };
        self.postfix(expr, start).map(Some)
    }

    fn value(&mut self) -> P<Option<Expr>> {
        let start = self.pos;
        let c = self.peek();
        let kind = match c {
            '$' if self.looking_at("$(") => {
                self.pos += 2;
                ExprKind::Sub(self.group(
                    start,
                    "MissingEndParenthesisInSubexpression",
                    "Missing closing ')' in subexpression.",
                )?)
            }
            '$' => {
                let var = self.variable()?;
                constant(&var).unwrap_or(ExprKind::Var(var))
            }
            '(' => self.parenthesized(start)?,
            '{' => ExprKind::Block(self.script_block()?),
            '@' => match self.peek_at(1) {
                '(' => {
                    self.pos += 2;
                    ExprKind::ArrayOf(self.group(
                        start,
                        "MissingEndParenthesisInSubexpression",
                        "Missing closing ')' in subexpression.",
                    )?)
                }
                '{' => {
                    self.pos += 2;
                    self.hash_literal(start)?
                }
                q if is_single_quote(q) || is_double_quote(q) => self.here_string()?,
                _ => {
                    self.pos += 1;
                    let name = self.word().to_owned();
                    self.pos += name.len();
                    if name.is_empty() {
                        let span = self.span(start);
                        return self.error("UnrecognizedToken", "Unrecognized token in source text.", span);
                    }
                    let span = self.span(start);
                    return self.error("SplattingNotPermitted", format!("The splatting operator '@' cannot be used to reference variables in an expression. '@{name}' can be used only as an argument to a command. To reference variables in an expression use '${name}'."), span);
                }
            },
            _ if is_single_quote(c) => self.single_quoted()?,
            _ if is_double_quote(c) => self.double_quoted()?,
            '0'..='9' | '.' => match super::literals::scan_number(self.rest()) {
                Some((value, length)) => {
                    self.pos += length;
                    if is_name(self.peek()) {
                        let end = self.pos + self.word().len();
                        let text = self.text.get(start..end).unwrap_or_default().to_owned();
                        return self.error(
                            "UnexpectedToken",
                            format!("Unexpected token '{text}' in expression or statement."),
                            Span::new(start, end),
                        );
                    }
                    ExprKind::Const(value)
                }
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(Expr { kind, span: self.span(start) }))
    }

    fn parenthesized(&mut self, start: usize) -> P<ExprKind> {
        self.pos += 1;
        let after = self.pos;
        self.lines()?;
        let Some(stmt) = self.with_commas(|p| p.deeper(Self::pipeline_chain))? else {
            let span = Span::new(after, after);
            if self.at_end() || self.peek() == ')' {
                return self.error("ExpectedExpression", "An expression was expected after '('.", span);
            }
            return self.unexpected();
        };
        self.close_group(start, "MissingEndParenthesisInExpression", "Missing closing ')' in expression.")?;
        Ok(ExprKind::Paren(Box::new(stmt)))
    }

    fn group(&mut self, start: usize, id: &'static str, message: &str) -> P<Stmts> {
        let stmts = self.with_commas(|p| p.deeper(Self::statements))?;
        self.close_group(start, id, message)?;
        Ok(stmts)
    }

    fn close_group(&mut self, _start: usize, id: &'static str, message: &str) -> P<()> {
        let after = self.pos;
        self.lines()?;
        if self.eat(")") {
            return Ok(());
        }
        let same_line = !self.text.get(after..self.pos).unwrap_or_default().contains('\n');
        if !self.at_end() && same_line && self.peek() != '}' {
            return self.unexpected();
        }
        let span = Span::new(after, after);
        self.error(id, message, span)
    }

    fn hash_literal(&mut self, start: usize) -> P<ExprKind> {
        let mut pairs: Vec<(Expr, Stmt)> = Vec::new();
        self.with_commas(|p| {
            loop {
                p.ends()?;
                if p.peek() == '}' || p.at_end() {
                    return p.close_brace(start);
                }
                let Some(key) = p.hash_key()? else {
                    if p.peek() == '=' {
                        let here = p.here();
                        return p.error(
                            "MissingKeyInHashLiteral",
                            "Missing key before '=' in hash literal.",
                            here,
                        );
                    }
                    return p.unexpected();
                };
                let after = p.pos;
                p.lines()?;
                if !p.eat("=") {
                    let span = Span::new(after, after);
                    return p.error(
                        "MissingEqualsInHashLiteral",
                        "Missing '=' operator after key in hash literal.",
                        span,
                    );
                }
                let after = p.pos;
                p.lines()?;
                let Some(value) = p.statement()? else {
                    let span = Span::new(after, after);
                    return p.error(
                        "MissingStatementInHashLiteral",
                        "Missing statement after '=' in hash literal.",
                        span,
                    );
                };
                p.duplicate_key(&pairs, &key);
                pairs.push((key, value));
                p.space()?;
                if !(p.at_end() || matches!(p.peek(), '\n' | '\r' | ';' | '}')) {
                    return p.unexpected();
                }
            }
        })?;
        Ok(ExprKind::Hash(pairs))
    }

    fn hash_key(&mut self) -> P<Option<Expr>> {
        let start = self.pos;
        let c = self.peek();
        if is_name(c) && !c.is_ascii_digit() || (is_dash(c) && !self.peek_at(1).is_ascii_digit()) {
            while is_name(self.peek()) || is_dash(self.peek()) {
                self.bump();
            }
            let text = self.text.get(start..self.pos).unwrap_or_default();
            let value = Value::from(text);
            return Ok(Some(Expr { kind: ExprKind::Const(value), span: self.span(start) }));
        }
        self.unary()
    }

    fn duplicate_key(&mut self, pairs: &[(Expr, Stmt)], key: &Expr) {
        let ExprKind::Const(value) = &key.kind else { return };
        let Some(text) = value.as_str() else { return };
        let same = |(other, _): &(Expr, Stmt)| match &other.kind {
            ExprKind::Const(other) => other.as_str().is_some_and(|other| crate::symbol::same(other, text)),
            _ => false,
        };
        if pairs.iter().any(same) {
            let message = format!("Duplicate keys '{text}' are not allowed in hash literals.");
            self.note("DuplicateKeyInHashLiteral", message, key.span);
        }
    }

    fn postfix(&mut self, mut expr: Expr, start: usize) -> P<Expr> {
        loop {
            let c = self.peek();
            let (conditional, length) = match c {
                '?' if self.looking_at("?.") && is_name(self.peek_at(2)) => (true, 2),
                '?' if self.looking_at("?[") => (true, 1),
                '.' if self.peek_at(1) != '.' => (false, 1),
                ':' if self.looking_at("::") => (false, 2),
                '[' => (false, 0),
                '+' if self.looking_at("++") => return self.stepped(expr, start, true),
                _ if is_dash(c)
                    && is_dash(self.peek_at(c.len_utf8()))
                    && matches!(
                        expr.kind,
                        ExprKind::Var(_) | ExprKind::Member { .. } | ExprKind::Index { .. }
                    ) =>
                {
                    return self.stepped(expr, start, false);
                }
                _ => return Ok(expr),
            };
            if matches!(expr.kind, ExprKind::Const(ref v) if v.is_number())
                && c == '.'
                && !is_name(self.peek_at(1))
            {
                return Ok(expr);
            }
            self.pos += length;
            expr = if self.peek() == '[' && (c == '[' || conditional) {
                self.index(expr, conditional, start)?
            } else {
                self.member(expr, c == ':', conditional, start)?
            };
        }
    }

    fn stepped(&mut self, target: Expr, start: usize, grows: bool) -> P<Expr> {
        self.pos += 2;
        self.steppable(&target, if grows { "++" } else { "--" })?;
        Ok(Expr { kind: ExprKind::Step(Box::new(target), grows, true), span: self.span(start) })
    }

    fn index(&mut self, target: Expr, conditional: bool, start: usize) -> P<Expr> {
        self.pos += 1;
        let after = self.pos;
        self.lines()?;
        let Some(index) = self.with_commas(Self::expression)? else {
            let span = Span::new(after, after);
            return self.error(
                "MissingArrayIndexExpression",
                "Array index expression is missing or not valid.",
                span,
            );
        };
        let after = self.pos;
        self.lines()?;
        if !self.eat("]") {
            if !self.at_end() && self.peek() != '\n' {
                return self.unexpected();
            }
            let span = Span::new(after, after);
            return self.error("MissingEndSquareBracket", "Missing ']' after array index expression.", span);
        }
        let kind = ExprKind::Index { target: Box::new(target), index: Box::new(index), conditional };
        Ok(Expr { kind, span: self.span(start) })
    }

    fn member(&mut self, target: Expr, is_static: bool, conditional: bool, start: usize) -> P<Expr> {
        let after = self.pos;
        self.lines()?;
        let from = self.pos;
        let c = self.peek();
        let name = if is_name(c) {
            let word = self.word().to_owned();
            self.pos += word.len();
            Some(Expr { kind: ExprKind::Const(word.into()), span: self.span(from) })
        } else if c == '$' && !self.looking_at("$(") {
            let var = self.variable()?;
            Some(Expr { kind: ExprKind::Var(var), span: self.span(from) })
        } else {
            self.value()?
        };
        let Some(name) = name else {
            let span = Span::new(after, after);
            return self.error(
                "MissingPropertyName",
                "Missing property name after reference operator.",
                span,
            );
        };
        let (target, name) = (Box::new(target), Box::new(name));
        let kind = if self.peek() == '(' {
            self.pos += 1;
            let args = self.call_arguments()?;
            ExprKind::Call { target, name, args, is_static, conditional, cache: CallCache::default() }
        } else {
            ExprKind::Member { target, name, is_static, conditional }
        };
        let expr = Expr { kind, span: self.span(start) };
        // `.ForEach{...}` and `.Where{...}` take a block without parentheses.
        if self.peek() == '{'
            && let ExprKind::Member { target, name, is_static: false, conditional } = expr.kind
        {
            let known = matches!(&name.kind, ExprKind::Const(v) if v.as_str().is_some_and(|n| n.eq_ignore_ascii_case("foreach") || n.eq_ignore_ascii_case("where")));
            if !known {
                return Ok(Expr {
                    kind: ExprKind::Member { target, name, is_static: false, conditional },
                    span: expr.span,
                });
            }
            let at = self.pos;
            let block = ExprKind::Block(self.script_block()?);
            let args = vec![Expr { kind: block, span: self.span(at) }];
            let kind = ExprKind::Call {
                target,
                name,
                args,
                is_static: false,
                conditional,
                cache: CallCache::default(),
            };
            return Ok(Expr { kind, span: self.span(start) });
        }
        Ok(expr)
    }

    /// The arguments after the opening parenthesis, and the closing one.
    pub(super) fn call_arguments(&mut self) -> P<Vec<Expr>> {
        let mut args = Vec::new();
        self.lines()?;
        while self.peek() != ')' {
            let Some(arg) = self.without_commas(Self::expression)? else {
                if self.at_end() {
                    break;
                }
                return self.unexpected();
            };
            args.push(arg);
            let after = self.pos;
            self.lines()?;
            if !self.eat(",") {
                self.pos = after;
                break;
            }
            let comma = self.pos;
            self.lines()?;
            if self.peek() == ')' {
                let span = Span::new(comma, comma);
                return self.error("MissingExpressionAfterToken", "Missing expression after ','.", span);
            }
        }
        let after = self.pos;
        self.lines()?;
        if !self.eat(")") {
            let same_line = !self.text.get(after..self.pos).unwrap_or_default().contains('\n');
            if !self.at_end() && same_line && self.peek() != '}' {
                return self.unexpected();
            }
            let span = Span::new(after, after);
            return self.error("MissingEndParenthesisInMethodCall", "Missing ')' in method call.", span);
        }
        Ok(args)
    }

    pub(super) fn block_expr(block: Rc<Block>, span: Span) -> Expr {
        Expr { kind: ExprKind::Block(block), span }
    }
}

/// `$true`, `$false` and `$null`, which nobody can set.
fn constant(var: &VarRef) -> Option<ExprKind> {
    if var.scope != VarScope::Any {
        return None;
    }
    Some(ExprKind::Const(match var.name.to_ascii_lowercase().as_str() {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" => Value::Null,
        _ => return None,
    }))
}

/// The operator that a word after a dash names, and its precedence.
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
