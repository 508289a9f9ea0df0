//! Pipelines, commands, their arguments and redirections.

use super::lexer::{ends_word, is_dash, is_double_quote, is_name, is_single_quote, is_space};
use super::{P, Parser};
use crate::Literal;
use crate::ast::*;
use crate::source::Span;

impl Parser<'_> {
    /// Parses an assignment, an expression or commands joined by `|`.
    pub(super) fn pipeline(&mut self) -> P<Option<Stmt>> {
        let start = self.pos;
        let first = if self.starts_expression() {
            let Some(expr) = self.expression()? else { return Ok(None) };
            let end = self.pos;
            self.space()?;
            if let Some(op) = self.assignment_operator() {
                return self.assignment(start, expr, op).map(Some);
            }
            let redirections = self.redirections()?;
            if redirections.is_empty() {
                self.pos = end;
            }
            Element { kind: ElementKind::Expr(expr), redirections, span: Span::new(start, end) }
        } else {
            match self.command()? {
                Some(element) => element,
                None => return Ok(None),
            }
        };
        let mut elements = vec![first];
        self.pipeline_tail(&mut elements)?;
        let span = self.span(start);
        let lone = elements.len() == 1 && elements.iter().all(|e| e.redirections.is_empty());
        let kind = match elements.pop() {
            Some(Element { kind: ElementKind::Expr(expr), .. }) if lone => StmtKind::Expr(expr),
            Some(last) => {
                elements.push(last);
                StmtKind::Pipe(Pipe { elements })
            }
            None => StmtKind::Nothing,
        };
        Ok(Some(Stmt { kind, span }))
    }

    fn pipeline_tail(&mut self, elements: &mut Vec<Element>) -> P<()> {
        loop {
            let end = self.pos;
            self.space()?;
            // A pipe at the start of the next line continues the pipeline.
            if matches!(self.peek(), '\n' | '\r') {
                self.lines()?;
                if self.peek() != '|' || self.looking_at("||") {
                    self.pos = end;
                    return Ok(());
                }
            }
            if self.peek() != '|' || self.looking_at("||") {
                self.pos = end;
                return Ok(());
            }
            self.pos += 1;
            let after = self.pos;
            self.lines()?;
            if self.peek() == '|' || self.at_end() || matches!(self.peek(), ';' | '}' | ')') {
                let span = Span::new(after, after);
                return self.error("EmptyPipeElement", "An empty pipe element is not allowed.", span);
            }
            let start = self.pos;
            let word_like = matches!(self.peek(), '&' | '.' | '%' | '?') || is_name(self.peek());
            if !word_like && self.starts_expression() {
                let before = self.errors.len();
                let _ = self.expression();
                self.errors.truncate(before);
                let span = self.span(start);
                return self.error(
                    "ExpressionsMustBeFirstInPipeline",
                    "Expressions are only allowed as the first element of a pipeline.",
                    span,
                );
            }
            match self.command()? {
                Some(element) => elements.push(element),
                None => return self.unexpected(),
            }
        }
    }

    fn assignment_operator(&mut self) -> Option<(AssignOp, &'static str)> {
        let ops = [
            ("??=", AssignOp::Coalesce),
            ("+=", AssignOp::Op(BinaryOp::Add)),
            ("-=", AssignOp::Op(BinaryOp::Sub)),
            ("*=", AssignOp::Op(BinaryOp::Mul)),
            ("/=", AssignOp::Op(BinaryOp::Div)),
            ("%=", AssignOp::Op(BinaryOp::Rem)),
            ("=", AssignOp::Set),
        ];
        let (text, op) = ops.into_iter().find(|(text, _)| self.looking_at(text))?;
        self.pos += text.len();
        Some((op, text))
    }

    fn assignment(&mut self, start: usize, target: Expr, (op, text): (AssignOp, &str)) -> P<Stmt> {
        if !assignable(&target) {
            let span = target.span;
            return self.error(
                "InvalidLeftHandSide",
                "The assignment expression is not valid. The input to an assignment operator must be an object that is able to accept assignments, such as a variable or a property.",
                span,
            );
        }
        let after = self.pos;
        self.lines()?;
        let Some(value) = self.statement()? else {
            let span = Span::new(after, after);
            return self.error(
                "ExpectedValueExpression",
                format!("You must provide a value expression following the '{text}' operator."),
                span,
            );
        };
        let span = self.span(start);
        Ok(Stmt { kind: StmtKind::Assign(Box::new(Assign { target, op, value })), span })
    }

    /// Returns whether an expression begins here, and not the name of a command.
    fn starts_expression(&self) -> bool {
        let c = self.peek();
        match c {
            '$' | '(' | '{' | '[' | '!' | '@' | ',' => true,
            _ if is_single_quote(c) || is_double_quote(c) => true,
            '+' => {
                self.looking_at("++")
                    || self.peek_at(1).is_ascii_digit()
                    || matches!(self.peek_at(1), '$' | '(')
            }
            '0'..='9' => self.number_stands_alone(),
            '.' => self.peek_at(1).is_ascii_digit() && self.number_stands_alone(),
            _ if is_dash(c) => {
                let next = self.peek_at(c.len_utf8());
                if next == '-' || next.is_ascii_digit() || matches!(next, '$' | '(' | '.') {
                    return true;
                }
                let word: String = self
                    .rest()
                    .chars()
                    .skip(1)
                    .take_while(|c| is_name(*c))
                    .collect::<String>()
                    .to_ascii_lowercase();
                matches!(word.as_str(), "not" | "bnot" | "join" | "split" | "isplit" | "csplit")
            }
            _ => false,
        }
    }

    fn number_stands_alone(&self) -> bool {
        let rest = self.rest();
        let Some((_, length)) = super::literals::scan_number(rest) else { return false };
        match rest.get(length..).and_then(|t| t.chars().next()) {
            None => true,
            Some(c) => !is_name(c) && !matches!(c, ':' | '\\' | '/' | '@') || (c == '/' || c == '*'),
        }
    }

    pub(super) fn command(&mut self) -> P<Option<Element>> {
        let start = self.pos;
        let mut invoke = Invoke::Plain;
        if self.peek() == '&' && !self.looking_at("&&") {
            self.pos += 1;
            invoke = Invoke::Call;
        } else if self.peek() == '.'
            && (is_space(self.peek_at(1)) || matches!(self.peek_at(1), '$' | '(' | '{' | '"' | '\'' | '\n'))
        {
            self.pos += 1;
            invoke = Invoke::Dot;
        }
        if invoke != Invoke::Plain {
            self.lines()?;
        }
        let name = match invoke {
            Invoke::Plain => self.command_name()?,
            _ => self.with_commas(|p| p.without_commas(Self::argument))?,
        };
        let Some(name) = name else {
            if invoke == Invoke::Plain {
                return Ok(None);
            }
            let span = self.span(start);
            let symbol = if invoke == Invoke::Call { "&" } else { "." };
            return self.error("MissingExpression", format!("The expression after '{symbol}' in a pipeline element produced an object that was not valid. It must result in a command name, a script block, or a CommandInfo object."), span);
        };
        let mut args = Vec::new();
        let mut redirections = Vec::new();
        let mut end = self.pos;
        let mut named_only = true;
        loop {
            self.space()?;
            let more = self.redirections()?;
            if !more.is_empty() {
                redirections.extend(more);
                end = self.pos;
                continue;
            }
            match self.command_argument(&mut named_only)? {
                Some(arg) => args.push(arg),
                None => break,
            }
            end = self.pos;
        }
        self.pos = end;
        let span = self.span(start);
        let command = Command { name, invoke, args };
        Ok(Some(Element { kind: ElementKind::Command(command), redirections, span }))
    }

    fn command_name(&mut self) -> P<Option<Expr>> {
        let c = self.peek();
        if ends_word(c) || self.at_end() || matches!(c, '>' | '<' | '=') && c != '=' {
            return Ok(None);
        }
        self.bare_word()
    }

    fn command_argument(&mut self, parameters: &mut bool) -> P<Option<Arg>> {
        let start = self.pos;
        let c = self.peek();
        if self.at_end() || matches!(c, '\n' | '\r' | ';' | '|' | '&' | ')' | '}') {
            return Ok(None);
        }
        if is_dash(c) && *parameters {
            let rest = self.text.get(start + c.len_utf8()..).unwrap_or_default();
            let next = rest.chars().next().unwrap_or('\0');
            if next == '-' && rest.get(1..).and_then(|t| t.chars().next()).is_none_or(ends_word) {
                self.pos += c.len_utf8() + 1;
                *parameters = false;
                return Ok(Some(Arg::EndOfParameters));
            }
            if next.is_alphabetic() || next == '_' || next == '?' {
                return self.parameter_argument(start).map(Some);
            }
        }
        if c == '@' && (is_name(self.peek_at(1)) || self.peek_at(1) == '$') && self.peek_at(1) != '\'' {
            self.pos += 1;
            let name = self.word().to_owned();
            self.pos += name.len();
            if self.peek() == ':' {
                self.pos += 1;
                let more = self.word().to_owned();
                self.pos += more.len();
                let var = self.var_ref(&format!("{name}:{more}"));
                return Ok(Some(Arg::Splat(var, self.span(start))));
            }
            if !name.is_empty() {
                let var = self.var_ref(&name);
                return Ok(Some(Arg::Splat(var, self.span(start))));
            }
            self.pos = start;
        }
        match self.argument_list()? {
            Some(value) => Ok(Some(Arg::Value(value))),
            None => self.unexpected(),
        }
    }

    fn parameter_argument(&mut self, start: usize) -> P<Arg> {
        self.bump();
        let from = self.pos;
        while !ends_word(self.peek()) && !matches!(self.peek(), ':' | '.' | '[' | '=' | '\'' | '"') {
            self.bump();
        }
        let name = self.text.get(from..self.pos).unwrap_or_default().into();
        let mut value = None;
        if self.peek() == ':' {
            self.pos += 1;
            self.space()?;
            value = self.argument_list()?;
            if value.is_none() {
                let text = self.text.get(start..self.pos).unwrap_or_default().trim_end().to_owned();
                let here = Span::new(self.pos, self.pos);
                return self.error(
                    "ParameterRequiresArgument",
                    format!("The parameter {text} requires an argument."),
                    here,
                );
            }
        }
        Ok(Arg::Named { name, value, span: self.span(start) })
    }

    /// Parses one argument, or several joined by commas.
    fn argument_list(&mut self) -> P<Option<Expr>> {
        self.joined(Self::argument)
    }

    /// Parses one argument: an expression that begins with its own character, or a bare word.
    pub(super) fn argument(&mut self) -> P<Option<Expr>> {
        let c = self.peek();
        if self.at_end() {
            return Ok(None);
        }
        match c {
            '(' | '{' => self.primary_argument(),
            '@' if matches!(self.peek_at(1), '(' | '{' | '\'' | '"') => self.primary_argument(),
            '$' if self.variable_stands_alone() => self.primary_argument(),
            _ if is_single_quote(c) || is_double_quote(c) => self.primary_argument(),
            _ if ends_word(c) => Ok(None),
            '0'..='9' | '.' | '+' | '-' => match self.number_argument() {
                Some(number) => Ok(Some(number)),
                None => self.bare_word(),
            },
            _ => self.bare_word(),
        }
    }

    fn primary_argument(&mut self) -> P<Option<Expr>> {
        self.with_commas(Self::primary)
    }

    /// Returns whether a `$` begins an expression, and not a word such as `$x/y`.
    fn variable_stands_alone(&self) -> bool {
        let rest = self.rest();
        let Some(after) = rest.strip_prefix('$') else { return false };
        if after.starts_with('(') {
            return true;
        }
        let length = if after.starts_with('{') {
            match after.find('}') {
                Some(end) => end + 1,
                None => return true,
            }
        } else {
            let mut length = 0;
            for (i, c) in after.char_indices() {
                let colon = c == ':'
                    && i > 0
                    && after.get(i + 1..).and_then(|t| t.chars().next()).is_some_and(is_name);
                let special = i == 0 && matches!(c, '$' | '?' | '^');
                if !(is_name(c) || colon || special || (c == '?' && i > 0)) {
                    break;
                }
                length = i + c.len_utf8();
                if special {
                    break;
                }
            }
            length
        };
        match after.get(length..).and_then(|t| t.chars().next()) {
            _ if length == 0 => false,
            None => true,
            Some(c) => {
                ends_word(c)
                    || matches!(c, '.' | '[' | ':' | '=' | '?' | '+' | '-')
                        && !after.get(length..).is_some_and(|t| {
                            t.starts_with('-')
                                || t.starts_with('=')
                                || t.starts_with('+') && !t.starts_with("++")
                                || (t.starts_with('.')
                                    && !t.get(1..).unwrap_or_default().starts_with(|c: char| {
                                        is_name(c) || matches!(c, '(' | '$' | '\'' | '"')
                                    }))
                                || (t.starts_with(':') && !t.starts_with("::"))
                        })
            }
        }
    }

    fn number_argument(&mut self) -> Option<Expr> {
        let start = self.pos;
        let rest = self.rest();
        let (value, length) = super::literals::scan_number(rest)?;
        let next = rest.get(length..).and_then(|t| t.chars().next());
        if !next.is_none_or(ends_word) {
            return None;
        }
        let text = rest.get(..length)?.to_owned();
        self.pos += length;
        let plain = value.text_of_number().as_deref() == Some(text.as_str());
        let value = if plain { value } else { Literal::Written(Box::new(value), text.into()) };
        Some(Expr { kind: ExprKind::Const(value), span: self.span(start) })
    }

    fn redirections(&mut self) -> P<Vec<Redirection>> {
        let mut found = Vec::new();
        loop {
            let start = self.pos;
            self.space()?;
            let (from, at) = match (self.peek(), self.peek_at(1)) {
                ('>', _) => (1, 0),
                (c @ ('1'..='6'), '>') => (c as u8 - b'0', 1),
                ('*', '>') => (0, 1),
                _ => {
                    self.pos = start;
                    return Ok(found);
                }
            };
            let operator = self.pos;
            self.pos += at + 1;
            let append = self.eat(">");
            if !append && self.looking_at("&1") {
                self.pos += 2;
                found.push(Redirection { from, to: RedirectTo::Output });
                continue;
            }
            if !append && self.looking_at("&2") {
                let span = Span::new(operator, self.pos + 2);
                let text = self.text.get(operator..self.pos + 2).unwrap_or_default().to_owned();
                return self.error(
                    "RedirectionNotSupported",
                    format!("The '{text}' operator is reserved for future use."),
                    span,
                );
            }
            let after = self.pos;
            self.space()?;
            let Some(file) = self.argument()? else {
                let span = Span::new(after, after);
                return self.error(
                    "MissingFileSpecification",
                    "Missing file specification after redirection operator.",
                    span,
                );
            };
            found.push(Redirection { from, to: RedirectTo::File(file, append) });
        }
    }
}

fn assignable(target: &Expr) -> bool {
    match &target.kind {
        ExprKind::Const(Literal::Null)
        | ExprKind::Var(_)
        | ExprKind::Index { .. }
        | ExprKind::Member { .. } => true,
        ExprKind::Array(items) => items.iter().all(assignable),
        ExprKind::Constrained(_, inner) | ExprKind::Cast(_, inner) => assignable(inner),
        ExprKind::Paren(stmt) => matches!(&stmt.kind, StmtKind::Expr(inner) if assignable(inner)),
        _ => false,
    }
}
