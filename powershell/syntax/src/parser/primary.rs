//! Values and the members, calls and indexes after them.

use super::lexer::{is_dash, is_double_quote, is_name, is_single_quote};
use super::{P, Parser};
use crate::Literal;
use crate::ast::*;
use crate::source::Span;

impl Parser<'_> {
    /// Parses a value with the members, calls, indexes and `++` after it.
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
            if self.at_end() {
                self.note("ExpectedExpression", "An expression was expected after '('.", span);
                return self.error(
                    "MissingEndParenthesisInExpression",
                    "Missing closing ')' in expression.",
                    span,
                );
            }
            if self.peek() == ')' {
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
        let parsed = self.with_commas(|p| {
            loop {
                p.ends()?;
                if p.peek() == '}' {
                    return p.close_brace(start);
                }
                if p.at_end() {
                    return Err(super::Abort);
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
        });
        self.unclosed(start, parsed)?;
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
            let value = Literal::from(text);
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

    pub(crate) fn postfix(&mut self, mut expr: Expr, start: usize) -> P<Expr> {
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

    pub(super) fn stepped(&mut self, target: Expr, start: usize, grows: bool) -> P<Expr> {
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

    /// Parses the arguments after the opening parenthesis, and the closing one.
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
}

/// Returns `$true`, `$false` and `$null`, which are constant.
fn constant(var: &VarRef) -> Option<ExprKind> {
    if var.scope != VarScope::Any {
        return None;
    }
    Some(ExprKind::Const(match var.name.to_ascii_lowercase().as_str() {
        "true" => Literal::Bool(true),
        "false" => Literal::Bool(false),
        "null" => Literal::Null,
        _ => return None,
    }))
}
