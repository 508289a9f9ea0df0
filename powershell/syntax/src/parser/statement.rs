//! Statements.

use super::{P, Parser};
use crate::ast::*;
use crate::source::Span;
use crate::symbol::Sym;

impl Parser<'_> {
    /// Parses the statement that begins here, if there is one.
    pub(super) fn statement(&mut self) -> P<Option<Stmt>> {
        self.deeper(Self::statement_here)
    }

    fn statement_here(&mut self) -> P<Option<Stmt>> {
        let start = self.pos;
        self.type_attributes()?;
        let label = self.label()?;
        let word = self.word().to_ascii_lowercase();
        let known = !word.is_empty() && self.looking_at_keyword(&word);
        let kind = match word.as_str() {
            _ if !known => None,
            "if" => Some(self.if_statement()?),
            "while" => Some(self.while_statement(label)?),
            "do" => Some(self.do_statement(label)?),
            "for" => Some(self.for_statement(label)?),
            "foreach" => Some(self.foreach_statement(label)?),
            "switch" => Some(self.switch_statement(label)?),
            "try" => Some(self.try_statement()?),
            "function" | "filter" => Some(self.function(&word)?),
            "workflow" => {
                let span = Span::new(start, start + word.len());
                return self.error(
                    "WorkflowNotSupportedInPowerShellCore",
                    "Workflow is not supported in PowerShell 6+.",
                    span,
                );
            }
            "using" if self.using_statement() => {
                let span = Span::new(start, start + word.len());
                return self.error(
                    "UsingMustBeAtStartOfScript",
                    "A 'using' statement must appear before any other statements in a script.",
                    span,
                );
            }
            "class" | "enum" => self.type_definition(&word)?,
            "return" | "throw" | "exit" => Some(self.leave(&word)?),
            "break" | "continue" => Some(self.jump(&word)?),
            "data" => self.data()?,
            "param" => {
                let (text, span) = self.token();
                return self.error(
                    "UnexpectedToken",
                    format!("Unexpected token '{text}' in expression or statement."),
                    span,
                );
            }
            _ => None,
        };
        match kind {
            Some(kind) => Ok(Some(Stmt { kind, span: self.span(start) })),
            None => self.pipeline_chain(),
        }
    }

    /// Returns whether `using` is the keyword here, and not a command of that name.
    fn using_statement(&self) -> bool {
        let rest =
            self.text.get(self.pos + "using".len()..).unwrap_or_default().trim_start_matches([' ', '\t']);
        ["namespace ", "module ", "assembly "]
            .iter()
            .any(|kind| rest.get(..kind.len()).is_some_and(|word| word.eq_ignore_ascii_case(kind)))
    }

    /// Parses attributes before `class` and `enum`, such as `[Flags()]`.
    fn type_attributes(&mut self) -> P<()> {
        self.pending.clear();
        let start = self.pos;
        let errors = self.errors.len();
        let mut found = Vec::new();
        while self.peek() == '[' {
            match self.attribute() {
                Ok(attribute) => found.push(attribute),
                Err(_) => break,
            }
            self.lines()?;
        }
        if !found.is_empty() && (self.looking_at_keyword("class") || self.looking_at_keyword("enum")) {
            self.pending = found;
        } else {
            self.errors.truncate(errors);
            self.pos = start;
        }
        Ok(())
    }

    fn label(&mut self) -> P<Option<Sym>> {
        let start = self.pos;
        if self.peek() != ':' || !super::lexer::is_name(self.peek_at(1)) {
            return Ok(None);
        }
        self.pos += 1;
        let name = self.word().to_owned();
        self.pos += name.len();
        self.lines()?;
        let next = self.word().to_ascii_lowercase();
        if matches!(next.as_str(), "while" | "do" | "for" | "foreach" | "switch") {
            return Ok(Some(Sym::of(&name)));
        }
        self.pos = start;
        Ok(None)
    }

    /// Parses the parenthesis after a keyword.
    fn open(&mut self, keyword: &str, id: &'static str, message: &str) -> P<usize> {
        let after = self.pos;
        self.lines()?;
        if !self.eat("(") {
            let span = Span::new(after, after);
            return self.error(id, message.replace("{0}", keyword), span);
        }
        let at = self.pos;
        self.lines()?;
        Ok(at)
    }

    fn condition(&mut self, keyword: &str, missing: (&'static str, String)) -> P<Stmt> {
        let (id, message) = match keyword {
            "if" | "elseif" => {
                ("MissingOpenParenthesisInIfStatement", "Missing '(' after '{0}' in if statement.")
            }
            _ => ("MissingOpenParenthesisAfterKeyword", "Missing opening '(' after keyword '{0}'."),
        };
        let at = self.open(keyword, id, message)?;
        let Some(condition) = self.with_commas(Self::pipeline_chain)? else {
            let span = Span::new(at, at);
            return self.error(missing.0, missing.1, span);
        };
        self.close(keyword)?;
        Ok(condition)
    }

    fn close(&mut self, keyword: &str) -> P<()> {
        let after = self.pos;
        self.lines()?;
        if self.eat(")") {
            return Ok(());
        }
        if !self.at_end() && !matches!(self.peek(), '{' | '}') {
            return self.unexpected();
        }
        if self.peek() == '{' && keyword == "for" {
            return self.unexpected();
        }
        let span = Span::new(after, after);
        self.error(
            "MissingEndParenthesisAfterStatement",
            format!("Missing closing ')' after expression in '{keyword}' statement."),
            span,
        )
    }

    fn body(&mut self, id: &'static str, message: &str) -> P<Stmts> {
        let after = self.pos;
        self.lines()?;
        match self.statement_block()? {
            Some(stmts) => Ok(stmts),
            None => {
                let span = Span::new(after, after);
                self.error(id, message, span)
            }
        }
    }

    fn if_statement(&mut self) -> P<StmtKind> {
        let mut clauses = Vec::new();
        let mut word = "if";
        loop {
            self.keyword(word);
            let missing = (
                "IfStatementMissingCondition",
                format!("Missing condition in if statement after '{word} ('."),
            );
            let condition = self.condition(word, missing)?;
            let body = self.body(
                "MissingStatementBlock",
                &format!("Missing statement block after '{word}' ( condition )."),
            )?;
            clauses.push((condition, body));
            let after = self.pos;
            self.lines()?;
            if self.looking_at_keyword("elseif") {
                word = "elseif";
                continue;
            }
            if self.keyword("else") {
                let body = self.body(
                    "MissingStatementBlockAfterElse",
                    "Missing statement block after 'else' keyword.",
                )?;
                return Ok(StmtKind::If(clauses, Some(body)));
            }
            self.pos = after;
            return Ok(StmtKind::If(clauses, None));
        }
    }

    fn while_statement(&mut self, label: Option<Sym>) -> P<StmtKind> {
        self.keyword("while");
        let missing =
            ("MissingExpressionAfterKeyword", "Missing expression after 'while' in loop.".to_owned());
        let condition = self.condition("while", missing)?;
        let body = self.body("MissingLoopStatement", "Missing statement body in while loop.")?;
        Ok(StmtKind::While(label, Box::new(condition), body))
    }

    fn do_statement(&mut self, label: Option<Sym>) -> P<StmtKind> {
        self.keyword("do");
        let body = self.body("MissingLoopStatement", "Missing statement body in do loop.")?;
        let after = self.pos;
        self.lines()?;
        let until = self.looking_at_keyword("until");
        let word = if until { "until" } else { "while" };
        if !self.keyword(word) {
            let span = Span::new(after, after);
            return self.error(
                "MissingWhileOrUntilInDoWhile",
                "Missing while or until keyword in do loop.",
                span,
            );
        }
        let missing =
            ("MissingExpressionAfterKeyword", format!("Missing expression after '{word}' in loop."));
        let condition = Box::new(self.condition(word, missing)?);
        Ok(StmtKind::Do { label, body, condition, until })
    }

    fn for_statement(&mut self, label: Option<Sym>) -> P<StmtKind> {
        self.keyword("for");
        self.open("for", "MissingOpenParenthesisAfterKeyword", "Missing opening '(' after keyword '{0}'.")?;
        let mut parts = [None, None, None];
        let last = parts.len() - 1;
        for (i, part) in parts.iter_mut().enumerate() {
            self.lines()?;
            if !matches!(self.peek(), ';' | ')') {
                *part = self.with_commas(Self::pipeline_chain)?;
            }
            self.space()?;
            let separated = self.eat(";") || (i < last && matches!(self.peek(), '\n' | '\r'));
            if !separated {
                break;
            }
        }
        self.close("for")?;
        let body = self.body("MissingLoopStatement", "Missing statement body in for loop.")?;
        let [init, condition, step] = parts;
        Ok(StmtKind::For(Box::new(For { label, init, condition, step, body })))
    }

    fn foreach_statement(&mut self, label: Option<Sym>) -> P<StmtKind> {
        self.keyword("foreach");
        self.space()?;
        // `-Parallel` belonged to workflows.
        self.open(
            "foreach",
            "MissingOpenParenthesisAfterKeyword",
            "Missing opening '(' after keyword '{0}'.",
        )?;
        let at = self.pos;
        if self.peek() != '$' {
            let span = Span::new(at, at);
            return self.error(
                "MissingVariableNameAfterForeach",
                "Missing variable name after foreach.",
                span,
            );
        }
        let variable = self.variable()?;
        let after = self.pos;
        self.lines()?;
        if !self.keyword("in") {
            let span = Span::new(after, after);
            return self.error("MissingInInForeach", "Missing 'in' after variable in foreach loop.", span);
        }
        let after = self.pos;
        self.lines()?;
        let Some(items) = self.with_commas(Self::pipeline_chain)? else {
            let span = Span::new(after, after);
            return self.error(
                "MissingForeachExpression",
                "Missing expression after 'in' in foreach loop.",
                span,
            );
        };
        let after = self.pos;
        self.lines()?;
        if !self.eat(")") {
            if !self.at_end() && self.peek() != '{' {
                return self.unexpected();
            }
            let span = Span::new(after, after);
            return self.error(
                "MissingEndParenthesisAfterForeach",
                "Missing closing ')' after expression part of foreach loop.",
                span,
            );
        }
        let body = self.body("MissingForeachStatement", "Missing statement body in foreach loop.")?;
        Ok(StmtKind::ForEach(Box::new(ForEach { label, variable, items, body })))
    }

    fn switch_statement(&mut self, label: Option<Sym>) -> P<StmtKind> {
        self.keyword("switch");
        let mut switch = Switch {
            label,
            kind: SwitchKind::Equal,
            case_sensitive: false,
            file: false,
            items: Stmt { kind: StmtKind::Nothing, span: Span::default() },
            clauses: Vec::new(),
            default: None,
        };
        loop {
            self.lines()?;
            if self.peek() != '-' {
                break;
            }
            let start = self.pos;
            self.pos += 1;
            let flag = self.word().to_ascii_lowercase();
            self.pos += flag.len();
            let is = |name: &str| !flag.is_empty() && name.starts_with(&flag);
            match () {
                () if is("wildcard") => switch.kind = SwitchKind::Wildcard,
                () if is("regex") => switch.kind = SwitchKind::Regex,
                () if is("exact") => switch.kind = SwitchKind::Equal,
                () if is("casesensitive") => switch.case_sensitive = true,
                () if is("file") => {
                    switch.file = true;
                    self.space()?;
                    let from = self.pos;
                    let Some(file) = self.argument()? else {
                        let here = self.here();
                        return self.error(
                            "MissingFilenameOption",
                            "Missing file name after -file in switch statement.",
                            here,
                        );
                    };
                    switch.items = Stmt { kind: StmtKind::Expr(file), span: self.span(from) };
                }
                () => {
                    let span = self.span(start);
                    return self.error(
                        "InvalidSwitchFlag",
                        format!("The parameter '-{flag}' is not valid for switch statement."),
                        span,
                    );
                }
            }
        }
        if !switch.file {
            switch.items = self.condition(
                "switch",
                ("MissingSwitchConditionExpression", "Missing condition in switch statement clause.".into()),
            )?;
        }
        self.switch_clauses(&mut switch)?;
        Ok(StmtKind::Switch(Box::new(switch)))
    }

    fn switch_clauses(&mut self, switch: &mut Switch) -> P<()> {
        let after = self.pos;
        self.lines()?;
        let open = self.pos;
        if !self.eat("{") {
            let span = Span::new(after, after);
            return self.error(
                "MissingCurlyBraceInSwitchStatement",
                "Missing opening '{' in switch statement.",
                span,
            );
        }
        loop {
            self.ends()?;
            if self.peek() == '}' || self.at_end() {
                return self.close_brace(open);
            }
            let clause = self.switch_clause(switch);
            self.unclosed(open, clause)?;
        }
    }

    fn switch_clause(&mut self, switch: &mut Switch) -> P<()> {
        let start = self.pos;
        let default = self.looking_at_keyword("default");
        let condition = if default {
            self.keyword("default");
            None
        } else {
            self.with_commas(Self::argument)?
        };
        if !default && condition.is_none() {
            let here = self.here();
            return self.error(
                "MissingSwitchConditionExpression",
                "Missing condition in switch statement clause.",
                here,
            );
        }
        let body =
            self.body("MissingSwitchStatementClause", "Missing statement block in switch statement clause.")?;
        match condition {
            Some(condition) => switch.clauses.push((condition, body)),
            None if switch.default.is_some() => {
                let span = self.span(start);
                return self.error(
                    "MultipleSwitchDefaultClauses",
                    "A switch statement must have only one default clause.",
                    span,
                );
            }
            None => switch.default = Some(body),
        }
        Ok(())
    }

    fn try_statement(&mut self) -> P<StmtKind> {
        self.keyword("try");
        let body =
            self.body("MissingTryStatementBlock", "The Try statement is missing its statement block.")?;
        let mut catches = Vec::new();
        let mut finally = None;
        loop {
            let after = self.pos;
            self.lines()?;
            if self.keyword("catch") {
                let mut kinds = Vec::new();
                self.lines()?;
                while self.peek() == '[' {
                    kinds.push(self.type_literal()?);
                    self.lines()?;
                    if self.eat(",") {
                        self.lines()?;
                    }
                }
                let body =
                    self.body("MissingCatchHandlerBlock", "The Catch block is missing its statement block.")?;
                catches.push((kinds, body));
                continue;
            }
            if self.keyword("finally") {
                finally = Some(self.body(
                    "MissingFinallyStatementBlock",
                    "The Finally block is missing its statement block.",
                )?);
            } else {
                self.pos = after;
                if catches.is_empty() {
                    let span = Span::new(after, after);
                    return self.error(
                        "MissingCatchOrFinally",
                        "The Try statement is missing its Catch or Finally block.",
                        span,
                    );
                }
            }
            return Ok(StmtKind::Try(Box::new(Try { body, catches, finally })));
        }
    }

    fn leave(&mut self, word: &str) -> P<StmtKind> {
        self.keyword(word);
        self.space()?;
        let value = self.pipeline_chain()?.map(Box::new);
        Ok(match word {
            "return" => StmtKind::Return(value),
            "throw" => StmtKind::Throw(value),
            _ => StmtKind::Exit(value),
        })
    }

    fn jump(&mut self, word: &str) -> P<StmtKind> {
        self.keyword(word);
        self.space()?;
        let at_value = self.peek() == '$' || super::lexer::is_name(self.peek());
        let label = if at_value { self.argument()? } else { None };
        Ok(if word == "break" { StmtKind::Break(label) } else { StmtKind::Continue(label) })
    }

    fn data(&mut self) -> P<Option<StmtKind>> {
        let start = self.pos;
        self.keyword("data");
        self.lines()?;
        let name = self.word().to_owned();
        self.pos += name.len();
        self.lines()?;
        if self.peek() != '{' {
            self.pos = start;
            return Ok(None);
        }
        let Some(stmts) = self.statement_block()? else { return Ok(None) };
        if name.is_empty() {
            return Ok(Some(StmtKind::Group(stmts)));
        }
        let span = self.span(start);
        let target = Expr { kind: ExprKind::Var(self.var_ref(&name)), span };
        let value = Expr { kind: ExprKind::Sub(stmts), span };
        let value = Stmt { kind: StmtKind::Expr(value), span };
        Ok(Some(StmtKind::Assign(Box::new(Assign { target, op: AssignOp::Set, value }))))
    }

    /// Parses pipelines joined by `&&` and `
    ///
    /// `.
    pub(super) fn pipeline_chain(&mut self) -> P<Option<Stmt>> {
        let start = self.pos;
        let Some(mut left) = self.pipeline()? else { return Ok(None) };
        loop {
            self.space()?;
            let and = self.looking_at("&&");
            if !and && !self.looking_at("||") {
                break;
            }
            self.pos += 2;
            let after = self.pos;
            self.lines()?;
            let Some(right) = self.pipeline()? else {
                let span = Span::new(after, after);
                return self.error(
                    "EmptyPipelineChainElement",
                    format!(
                        "An empty pipeline chain element is not allowed after '{}'.",
                        if and { "&&" } else { "||" }
                    ),
                    span,
                );
            };
            left =
                Stmt { kind: StmtKind::Chain(Box::new(left), and, Box::new(right)), span: self.span(start) };
        }
        if self.peek() == '&' {
            let span = Span::new(self.pos, self.pos + 1);
            return self.error(
                "AmpersandNotAllowed",
                "The ampersand (&) character is not allowed. The & operator is reserved for future use; wrap an ampersand in double quotation marks (\"&\") to pass it as part of a string.",
                span,
            );
        }
        Ok(Some(left))
    }
}
