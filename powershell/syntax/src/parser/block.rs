//! Script blocks, parameter lists, statement lists.

use std::cell::Cell;
use std::rc::Rc;

use super::{P, Parser};
use crate::ast::*;
use crate::source::Span;
use crate::symbol::Sym;

const UNCLOSED: &str = "Missing closing '}' in statement block or type definition.";

impl Parser<'_> {
    /// Parses a whole script.
    pub(super) fn script(&mut self) -> P<Block> {
        if self.looking_at("\u{feff}") {
            self.bump();
        }
        self.lines()?;
        self.usings()?;
        let mut block = self.block_body(0, true)?;
        block.text = Span::new(0, self.bytes.len());
        if !self.at_end() {
            return self.unexpected();
        }
        Ok(block)
    }

    fn usings(&mut self) -> P<()> {
        while self.looking_at_keyword("using") {
            let start = self.pos;
            self.keyword("using");
            self.space()?;
            let kind = self.word().to_ascii_lowercase();
            self.pos += kind.len();
            self.space()?;
            let from = self.pos;
            while !matches!(self.peek(), '\n' | '\r' | ';' | '\0') {
                self.bump();
            }
            let value = self.text.get(from..self.pos).unwrap_or_default().trim().to_owned();
            match kind.as_str() {
                "namespace" => self.namespaces.push(value.into()),
                "module" | "assembly" => {
                    let span = self.span(start);
                    self.requires.push(Requirement { what: format!("using {kind}"), value, span });
                }
                _ => {
                    let span = self.span(start);
                    self.note(
                        "UsingStatementNotSupported",
                        "The using statement must name a namespace, a module or an assembly.",
                        span,
                    );
                }
            }
            self.ends()?;
        }
        Ok(())
    }

    /// Skips line ends and semicolons.
    pub(super) fn ends(&mut self) -> P<()> {
        loop {
            self.lines()?;
            if !self.eat(";") {
                return Ok(());
            }
        }
    }

    /// Parses the content of braces or of a file: parameters and then statements or named blocks.
    pub(super) fn block_body(&mut self, start: usize, _top: bool) -> P<Block> {
        self.ends()?;
        let mut block = Block {
            source: self.source.clone(),
            span: Span::default(),
            text: Span::default(),
            params: Vec::new(),
            attributes: Vec::new(),
            begin: None,
            process: None,
            end: None,
            requires: Vec::new(),
            namespaces: Vec::new(),
            has_param_block: false,
        };
        self.param_block(&mut block)?;
        self.ends()?;
        if self.named_block().is_some() {
            self.named_blocks(&mut block)?;
        } else {
            let stmts = self.statements()?;
            if !stmts.list.is_empty() || !stmts.traps.is_empty() {
                block.end = Some(stmts);
            }
        }
        block.requires = std::mem::take(&mut self.requires);
        block.namespaces = self.namespaces.clone();
        block.span = self.span(start);
        block.text = block.span;
        Ok(block)
    }

    fn param_block(&mut self, block: &mut Block) -> P<()> {
        let start = self.pos;
        let mut attributes = Vec::new();
        while self.peek() == '[' {
            let before = self.errors.len();
            match self.attribute() {
                Ok(attribute) => attributes.push(attribute),
                Err(_) => {
                    self.errors.truncate(before);
                    self.pos = start;
                    return Ok(());
                }
            }
            self.lines()?;
        }
        let at = self.pos;
        if self.keyword("param") {
            self.lines()?;
            if self.eat("(") {
                block.params = self.parameters("MissingEndParenthesisInFunctionParameterList")?;
                block.attributes = attributes;
                block.has_param_block = true;
                return Ok(());
            }
            self.pos = at;
        }
        self.pos = start;
        Ok(())
    }

    /// Parses the parameters after the opening parenthesis, and the closing one.
    pub(super) fn parameters(&mut self, missing: &'static str) -> P<Vec<Param>> {
        let mut params: Vec<Param> = Vec::new();
        self.lines()?;
        let mut after_comma = None;
        while self.peek() != ')' {
            let Some(param) = self.parameter()? else {
                if let Some(comma) = after_comma {
                    let span = Span::new(comma, comma);
                    return self.error("MissingExpressionAfterToken", "Missing expression after ','.", span);
                }
                break;
            };
            if params.iter().any(|p| p.var.sym == param.var.sym) {
                let message = format!("Duplicate parameter ${} in parameter list.", param.var.name);
                self.note("DuplicateFormalParameter", message, param.span);
            }
            params.push(param);
            self.lines()?;
            if !self.eat(",") {
                break;
            }
            after_comma = Some(self.pos);
            self.lines()?;
            if self.peek() == ')' {
                let span = Span::new(self.pos, self.pos);
                let at = after_comma.map_or(span, |at| Span::new(at, at));
                return self.error("MissingExpressionAfterToken", "Missing expression after ','.", at);
            }
        }
        if !self.eat(")") {
            let here = self.here();
            return self.error(missing, "Missing ')' in function parameter list.", here);
        }
        Ok(params)
    }

    fn parameter(&mut self) -> P<Option<Param>> {
        let start = self.pos;
        let mut attributes = Vec::new();
        let mut kind = None;
        while self.peek() == '[' {
            let attribute = self.attribute()?;
            if attribute.is_type {
                kind = Some(attribute.name.clone());
            }
            attributes.push(attribute);
            self.lines()?;
        }
        if self.peek() != '$' {
            return match attributes.is_empty() {
                true => Ok(None),
                false => self.unexpected(),
            };
        }
        let var = self.variable()?;
        let after = self.pos;
        self.lines()?;
        let default = if self.peek() == '=' {
            self.pos += 1;
            self.lines()?;
            let at = self.pos;
            let Some(value) = self.without_commas(|p| p.expression())? else {
                let span = Span::new(at, at);
                return self.error("MissingExpressionAfterToken", "Missing expression after '='.", span);
            };
            Some(value)
        } else {
            self.pos = after;
            None
        };
        Ok(Some(Param { var, kind, attributes, default, span: self.span(start) }))
    }

    /// Parses a rule in which a comma ends the expression.
    pub(super) fn without_commas<T>(&mut self, rule: impl FnOnce(&mut Self) -> P<T>) -> P<T> {
        let before = std::mem::replace(&mut self.no_comma, true);
        let result = rule(self);
        self.no_comma = before;
        result
    }

    pub(super) fn with_commas<T>(&mut self, rule: impl FnOnce(&mut Self) -> P<T>) -> P<T> {
        let before = std::mem::replace(&mut self.no_comma, false);
        let result = rule(self);
        self.no_comma = before;
        result
    }

    fn named_block(&self) -> Option<&'static str> {
        ["begin", "process", "end", "dynamicparam"].into_iter().find(|word| self.looking_at_keyword(word))
    }

    fn named_blocks(&mut self, block: &mut Block) -> P<()> {
        loop {
            self.ends()?;
            let start = self.pos;
            let Some(word) = self.named_block() else {
                if self.peek() == '}' || self.at_end() {
                    return Ok(());
                }
                let (text, span) = self.token();
                let message = format!(
                    "unexpected token '{text}', expected 'begin', 'process', 'end', or 'dynamicparam'."
                );
                return self.error("MissingNamedBlocks", message, span);
            };
            self.keyword(word);
            self.lines()?;
            if word == "dynamicparam" {
                let span = self.span(start);
                return self.error(
                    "ReservedKeywordNotAllowed",
                    "The 'dynamicparam' keyword is not supported in this version of the language.",
                    span,
                );
            }
            let Some(stmts) = self.statement_block()? else {
                let span = Span::new(start + word.len(), start + word.len());
                return self.error(
                    "MissingNamedStatementBlock",
                    format!("Missing statement block after '{word}' keyword."),
                    span,
                );
            };
            let place = match word {
                "begin" => &mut block.begin,
                "process" => &mut block.process,
                _ => &mut block.end,
            };
            if place.replace(stmts).is_some() {
                let span = self.span(start);
                self.note(
                    "DuplicateScriptCommandClause",
                    format!("Script command clause '{word}' has already been defined."),
                    span,
                );
            }
        }
    }

    /// Parses `{ statements }`, if they are next.
    pub(super) fn statement_block(&mut self) -> P<Option<Stmts>> {
        let start = self.pos;
        if !self.eat("{") {
            return Ok(None);
        }
        let stmts = self.deeper(|p| p.with_commas(Self::statements));
        let mut stmts = self.unclosed(start, stmts)?;
        self.close_brace(start)?;
        stmts.span = self.span(start);
        Ok(Some(stmts))
    }

    pub(super) fn close_brace(&mut self, start: usize) -> P<()> {
        if self.eat("}") {
            return Ok(());
        }
        if !self.at_end() {
            return self.unexpected();
        }
        let span = Span::new(start, start + 1);
        self.error("MissingEndCurlyBrace", UNCLOSED, span)
    }

    /// Also reports the bracket that an error at the end of the text leaves open.
    pub(super) fn unclosed<T>(&mut self, open: usize, result: P<T>) -> P<T> {
        if result.is_err() && self.at_end() && self.bytes.get(open) != Some(&b'(') {
            self.note("MissingEndCurlyBrace", UNCLOSED, Span::new(open, open + 1));
        }
        result
    }

    /// Parses `{ ... }` as a value.
    pub(super) fn script_block(&mut self) -> P<Rc<Block>> {
        let start = self.pos;
        self.pos += 1;
        let block = self.deeper(|p| p.with_commas(|p| p.block_body(start, false)));
        let mut block = self.unclosed(start, block)?;
        self.close_brace(start)?;
        block.span = self.span(start);
        block.text = Span::new(start + 1, self.pos - 1);
        Ok(Rc::new(block))
    }

    /// Parses statements up to the closing token.
    pub(super) fn statements(&mut self) -> P<Stmts> {
        let mut stmts = Stmts::default();
        self.ends()?;
        let start = self.pos;
        while !self.at_end() && !matches!(self.peek(), '}' | ')') {
            let mut trapped = false;
            if let Some(trap) = self.trap()? {
                stmts.traps.push(trap);
                trapped = true;
            } else if let Some(stmt) = self.statement()? {
                stmts.list.push(stmt);
            } else {
                return self.unexpected();
            }
            stmts.span = self.span(start);
            self.space()?;
            let c = self.peek();
            let closed = trapped
                || stmts.list.last().is_some_and(|s| ends_with_block(&s.kind))
                || matches!(self.bytes.get(self.pos.wrapping_sub(1)), Some(b'\n'));
            if !(closed || self.at_end() || matches!(c, '\n' | '\r' | ';' | '}' | ')')) {
                return self.unexpected();
            }
            self.ends()?;
        }
        Ok(stmts)
    }

    fn trap(&mut self) -> P<Option<Trap>> {
        let start = self.pos;
        if !self.keyword("trap") {
            return Ok(None);
        }
        self.lines()?;
        let kind = if self.peek() == '[' { Some(self.type_literal()?) } else { None };
        self.lines()?;
        if self.peek() != '{' {
            let span = Span::new(start + 4, start + 4);
            return self.error("MissingTrapStatement", "Missing statement block in trap statement.", span);
        }
        Ok(Some(Trap { kind, body: self.script_block()? }))
    }

    pub(super) fn var_ref(&self, name: &str) -> VarRef {
        let (scope, plain) = split_scope(name);
        VarRef { name: plain.into(), sym: Sym::of(plain), scope, cache: Cell::new((0, 0)) }
    }
}

/// Returns whether the statement ends with its own closing brace, so that the next may follow on the
/// same line.
fn ends_with_block(kind: &StmtKind) -> bool {
    matches!(
        kind,
        StmtKind::If(..)
            | StmtKind::While(..)
            | StmtKind::For(_)
            | StmtKind::ForEach(_)
            | StmtKind::Switch(_)
            | StmtKind::Try(_)
            | StmtKind::Function(_)
            | StmtKind::Type(_)
            | StmtKind::Group(_)
    )
}

/// Splits the scope or drive before the colon from a variable's name.
pub(super) fn split_scope(name: &str) -> (VarScope, &str) {
    let Some((prefix, rest)) = name.split_once(':') else { return (VarScope::Any, name) };
    let scope = match prefix.to_ascii_lowercase().as_str() {
        "global" => VarScope::Global,
        "script" => VarScope::Script,
        "local" => VarScope::Local,
        "private" => VarScope::Private,
        "env" => VarScope::Env,
        "function" => VarScope::Function,
        "alias" => VarScope::Alias,
        "variable" => VarScope::Variable,
        "using" => VarScope::Using,
        _ if rest.is_empty() => return (VarScope::Any, name),
        _ => return (VarScope::Drive, name),
    };
    (scope, rest)
}
