//! Statements.

use ps_value::types::NetType;
use std::rc::Rc;

use super::{Collector, Interp, Sink};
use ps_syntax::ast::*;
use ps_syntax::symbol::Sym;
use ps_value::Value;
use ps_value::error::{ErrorRecord, Fault, Flow, R};

impl Interp {
    /// Runs statements. An uncaught error of one statement ends only that statement.
    pub fn run(&mut self, stmts: &Stmts, out: &dyn Sink) -> R<()> {
        for stmt in &stmts.list {
            if let Err(flow) = self.exec(stmt, out) {
                self.settle(flow, stmt, stmts, out)?;
            }
        }
        Ok(())
    }

    /// Handles an error of a statement: a trap takes it, it is reported, or it propagates.
    fn settle(&mut self, flow: Box<Flow>, stmt: &Stmt, stmts: &Stmts, out: &dyn Sink) -> R<()> {
        let Flow::Error(record) = &*flow else { return Err(flow) };
        let record = record.clone();
        self.locate_error(&record, stmt.span);
        self.success = false;
        if !stmts.traps.is_empty()
            && let Some(handled) = self.trap(&record, &stmts.traps, out)?
        {
            return if handled { Ok(()) } else { Err(flow) };
        }
        if record.ends_script.get() || self.tries > 0 {
            return Err(flow);
        }
        self.report_statement(record)
    }

    /// Adds the place to an error that has none.
    pub fn locate_error(&mut self, record: &Rc<ErrorRecord>, span: ps_syntax::Span) {
        let mut place = record.position.borrow_mut();
        if place.is_none() {
            *place = Some(self.position(span));
        }
        if record.stack.borrow().is_empty() {
            *record.stack.borrow_mut() = self.stack_text(span).into();
        }
    }

    /// Returns whether a trap has handled the error and continues, or ends the block. `None` when no
    /// trap matches.
    fn trap(&mut self, record: &Rc<ErrorRecord>, traps: &[Trap], out: &dyn Sink) -> R<Option<bool>> {
        let types = exception_types(record);
        for trap in traps {
            if let Some(name) = &trap.kind {
                let wanted = self.resolve_type(name)?;
                if !types.iter().any(|ty| ty.extends(&wanted)) {
                    continue;
                }
            }
            self.remember_error(record);
            let scope = super::Scope::new(Some(self.scope.clone()), false);
            scope.put_str("_", Value::Error(record.clone()));
            let Some(body) = &trap.body.end else { return Ok(Some(false)) };
            return match self.within(scope, |it| it.run(body, out)) {
                Err(flow) if matches!(*flow, Flow::Continue(_)) => Ok(Some(true)),
                Err(flow) if matches!(*flow, Flow::Break(_)) => Ok(Some(false)),
                Err(flow) => Err(flow),
                Ok(()) => {
                    self.show_error(record)?;
                    Ok(Some(true))
                }
            };
        }
        Ok(None)
    }

    pub fn exec(&mut self, stmt: &Stmt, out: &dyn Sink) -> R<()> {
        match &stmt.kind {
            StmtKind::Expr(expr) => self.expression_statement(expr, out),
            StmtKind::Assign(assign) => {
                self.assign(assign)?;
                self.success = true;
                Ok(())
            }
            StmtKind::Pipe(pipe) => self.pipeline(pipe, out),
            StmtKind::If(clauses, otherwise) => {
                for (condition, body) in clauses {
                    if self.condition(condition)? {
                        return self.run(body, out);
                    }
                }
                otherwise.as_ref().map_or(Ok(()), |body| self.run(body, out))
            }
            StmtKind::ForEach(each) => self.for_each(each, out),
            StmtKind::For(for_) => self.for_loop(for_, stmt, out),
            StmtKind::While(label, condition, body) => {
                while self.condition(condition)? {
                    self.tick(stmt.span)?;
                    if self.turn(body, *label, out)? {
                        break;
                    }
                }
                Ok(())
            }
            StmtKind::Do { label, body, condition, until } => loop {
                self.tick(stmt.span)?;
                if self.turn(body, *label, out)? || self.condition(condition)? == *until {
                    return Ok(());
                }
            },
            StmtKind::Switch(switch) => self.switch(switch, out),
            StmtKind::Try(attempt) => self.attempt(attempt, out),
            StmtKind::Return(value) => {
                if let Some(value) = value {
                    let before = std::mem::replace(&mut self.returning, true);
                    let result = self.exec(value, out);
                    self.returning = before;
                    result?;
                }
                Err(Box::new(Flow::Return))
            }
            StmtKind::Throw(value) => self.throw(value.as_deref(), stmt),
            StmtKind::Exit(value) => {
                let code = value.as_deref().map(|v| self.stmt_value(v)).transpose()?;
                Err(Box::new(Flow::Exit(code.map_or(0, |code| exit_code(&code)))))
            }
            StmtKind::Break(label) => {
                let label = self.label(label.as_ref())?;
                Err(Box::new(Flow::Break(label)))
            }
            StmtKind::Continue(label) => {
                let label = self.label(label.as_ref())?;
                Err(Box::new(Flow::Continue(label)))
            }
            StmtKind::Function(function) => self.define_function(function),
            StmtKind::Type(def) => self.define_type(def),
            StmtKind::Chain(left, and, right) => {
                if let Err(flow) = self.exec(left, out) {
                    let empty = Stmts::default();
                    self.settle(flow, left, &empty, out)?;
                }
                if self.success == *and { self.exec(right, out) } else { Ok(()) }
            }
            StmtKind::Group(stmts) => self.run(stmts, out),
            StmtKind::Nothing => Ok(()),
        }
    }

    fn expression_statement(&mut self, expr: &Expr, out: &dyn Sink) -> R<()> {
        // `$x++` as a statement has no output; `($x++)` is the value.
        if let ExprKind::Step(..) = expr.kind {
            self.eval(expr)?;
            self.success = true;
            return Ok(());
        }
        if let ExprKind::Cast(ty, inner) = &expr.kind
            && ty.name.name.eq_ignore_ascii_case("void")
        {
            self.eval(inner)?;
            self.success = true;
            return Ok(());
        }
        if let ExprKind::Sub(stmts) = &expr.kind {
            return self.run(stmts, out);
        }
        let value = self.eval(expr)?;
        if !matches!(expr.kind, ExprKind::Paren(_)) {
            self.success = true;
        }
        self.emit(value, out)
    }

    /// Returns the value of a statement: the value of an expression, or the output of anything else.
    pub fn stmt_value(&mut self, stmt: &Stmt) -> R<Value> {
        match &stmt.kind {
            StmtKind::Expr(expr) => {
                let value = self.eval(expr)?;
                self.success = true;
                Ok(value)
            }
            StmtKind::Assign(assign) => self.assign(assign),
            _ => {
                let collector = Collector::default();
                self.exec(stmt, &collector)?;
                Ok(collector.into_value())
            }
        }
    }

    pub fn condition(&mut self, stmt: &Stmt) -> R<bool> {
        let result = self.stmt_value(stmt);
        match result {
            Ok(value) => Ok(value.truth()),
            Err(flow) => {
                if let Flow::Error(record) = &*flow {
                    self.locate_error(record, stmt.span);
                }
                Err(flow)
            }
        }
    }

    /// Runs one iteration of a loop, and returns whether the loop ends.
    pub fn turn(&mut self, body: &Stmts, label: Option<Sym>, out: &dyn Sink) -> R<bool> {
        let Err(flow) = self.run(body, out) else { return Ok(false) };
        match &*flow {
            Flow::Break(to) if to.is_none() || *to == label => Ok(true),
            Flow::Continue(to) if to.is_none() || *to == label => Ok(false),
            _ => Err(flow),
        }
    }

    fn label(&mut self, expr: Option<&Expr>) -> R<Option<Sym>> {
        let Some(expr) = expr else { return Ok(None) };
        let value = self.eval(expr)?;
        Ok(Some(Sym::of(&ps_value::text(&value))))
    }

    fn for_loop(&mut self, for_: &For, stmt: &Stmt, out: &dyn Sink) -> R<()> {
        if let Some(init) = &for_.init {
            self.exec(init, &super::Nowhere)?;
        }
        loop {
            if let Some(condition) = &for_.condition
                && !self.condition(condition)?
            {
                return Ok(());
            }
            self.tick(stmt.span)?;
            if self.turn(&for_.body, for_.label, out)? {
                return Ok(());
            }
            if let Some(step) = &for_.step {
                self.exec(step, &super::Nowhere)?;
            }
        }
    }

    fn for_each(&mut self, each: &ForEach, out: &dyn Sink) -> R<()> {
        let span = each.items.span;
        // A range needs no array.
        if let StmtKind::Expr(Expr { kind: ExprKind::Binary(BinaryOp::Range, from, to), .. }) =
            &each.items.kind
        {
            let (from, to) = (self.eval(from)?, self.eval(to)?);
            if let (Value::Int(from), Value::Int(to)) = (&from, &to) {
                let (mut at, to) = (*from, *to);
                loop {
                    self.set_variable(&each.variable, Value::Int(at))?;
                    self.tick(span)?;
                    if self.turn(&each.body, each.label, out)? || at == to {
                        return Ok(());
                    }
                    at += if at < to { 1 } else { -1 };
                }
            }
            let range = self.range(&from, &to)?;
            return self.for_each_in(each, range, out);
        }
        let items = self.stmt_value(&each.items)?;
        self.for_each_in(each, items, out)
    }

    fn for_each_in(&mut self, each: &ForEach, items: Value, out: &dyn Sink) -> R<()> {
        let items = match &items {
            Value::Null | Value::Void => return Ok(()),
            Value::Dict(dict) if dict.is_set() => dict.keys(),
            other => self.enumerate(other),
        };
        for item in items {
            self.set_variable(&each.variable, item)?;
            self.tick(each.items.span)?;
            if self.turn(&each.body, each.label, out)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn throw(&mut self, value: Option<&Stmt>, stmt: &Stmt) -> R<()> {
        let value = match value {
            Some(value) => self.stmt_value(value)?,
            None => match self.get("_") {
                Value::Error(record) => Value::Error(record),
                _ => Value::Null,
            },
        };
        let record = self.thrown(value);
        self.locate_error(&record, stmt.span);
        let preference = self.get("ErrorActionPreference");
        if self.tries == 0 && ps_value::text(&preference).eq_ignore_ascii_case("SilentlyContinue") {
            self.remember_error(&record);
            return Ok(());
        }
        Err(Box::new(Flow::Error(record)))
    }

    /// Runs the body of a `try`, and returns the error that would be caught.
    pub fn attempted(&mut self, body: impl FnOnce(&mut Self) -> R<()>) -> R<Option<Rc<ErrorRecord>>> {
        let (scope, frames) = (self.scope.clone(), self.frames.len());
        let (streams, depth, source) = (self.streams.clone(), self.depth, self.source.clone());
        self.tries += 1;
        let result = body(self);
        self.tries -= 1;
        let Err(flow) = result else { return Ok(None) };
        match *flow {
            Flow::Error(record) => {
                self.scope = scope;
                self.frames.truncate(frames);
                self.streams = streams;
                self.depth = depth;
                self.source = source;
                self.remember_error(&record);
                Ok(Some(record))
            }
            Flow::Exit(_) | Flow::Stop(_) => Err(flow),
            Flow::Break(_) | Flow::Continue(_) | Flow::Return => Ok(None),
        }
    }

    fn attempt(&mut self, attempt: &Try, out: &dyn Sink) -> R<()> {
        let (scope, frames, streams, depth) =
            (self.scope.clone(), self.frames.len(), self.streams.clone(), self.depth);
        let catches = !attempt.catches.is_empty();
        self.tries += usize::from(catches);
        let mut result = self.run(&attempt.body, out);
        self.tries -= usize::from(catches);
        if let Err(flow) = &result
            && let Flow::Error(record) = &**flow
        {
            self.scope = scope.clone();
            self.frames.truncate(frames);
            self.streams = streams.clone();
            self.depth = depth;
            let record = record.clone();
            if let Some(body) = self.catching(attempt, &record)? {
                let record = unwrapped(attempt, body, record);
                self.remember_error(&record);
                result = self.run_catch(body, &record, out);
            }
        }
        if let Some(finally) = &attempt.finally {
            self.scope = scope;
            self.streams = streams;
            let exit = matches!(&result, Err(flow) if matches!(**flow, Flow::Stop(_)));
            let tries = self.tries;
            let ended = if exit { self.run(finally, &super::Nowhere) } else { self.run(finally, out) };
            self.tries = tries;
            ended?;
        }
        result
    }

    fn run_catch(&mut self, body: &Stmts, record: &Rc<ErrorRecord>, out: &dyn Sink) -> R<()> {
        let sym = self.syms.underscore;
        let before = self.scope.get_here(sym);
        self.scope.put(sym, &self.names.underscore, Value::Error(record.clone()));
        let result = self.run(body, out);
        match before {
            Some(value) => {
                self.scope.put(sym, &self.names.underscore, value);
            }
            None => {
                self.scope.remove(sym);
            }
        }
        result
    }

    /// Returns the first catch block that matches the type of an error.
    fn catching<'a>(&mut self, attempt: &'a Try, record: &ErrorRecord) -> R<Option<&'a Stmts>> {
        let types = exception_types(record);
        for (i, ty) in types.iter().enumerate() {
            for (kinds, body) in &attempt.catches {
                if kinds.is_empty() {
                    if i + 1 == types.len() {
                        return Ok(Some(body));
                    }
                    continue;
                }
                for kind in kinds {
                    let wanted = self.resolve_type(kind)?;
                    if ty.extends(&wanted) {
                        return Ok(Some(body));
                    }
                }
            }
            // Only errors that a call has wrapped are unwrapped.
            if !ty.is(NetType::MethodInvocationException) && !ty.is(NetType::CmdletInvocationException) {
                let general = attempt.catches.iter().find(|(kinds, _)| kinds.is_empty());
                if i == 0 && general.is_some() && types.len() == 1 {
                    return Ok(general.map(|(_, body)| body));
                }
            }
        }
        Ok(attempt.catches.iter().find(|(kinds, _)| kinds.is_empty()).map(|(_, body)| body))
    }

    /// Makes the error record of `throw` from a value.
    pub fn thrown(&mut self, value: Value) -> Rc<ErrorRecord> {
        let record = match value.base() {
            Value::Error(record) => record.clone(),
            exception if ps_value::net::is_exception(exception) => {
                let id = ps_value::error::exception_message(exception);
                ErrorRecord::new(
                    exception.clone(),
                    id,
                    ps_value::error::Category::OperationStopped,
                    Value::Null,
                )
            }
            Value::Null | Value::Void => Fault::new(
                NetType::RuntimeException,
                "ScriptHalted",
                ps_value::error::Category::OperationStopped,
                "ScriptHalted",
            )
            .record(),
            other => {
                let text = ps_value::text(other);
                Fault::new(
                    NetType::RuntimeException,
                    &text,
                    ps_value::error::Category::OperationStopped,
                    text.clone(),
                )
                .of(other.clone())
                .record()
            }
        };
        record.qualified.set(true);
        record.ends_script.set(true);
        record
    }
}

/// Returns the type of an error's exception, and those of its inner exceptions.
fn exception_types(record: &ErrorRecord) -> Vec<crate::types::Ty> {
    let mut types = vec![record.exception_type()];
    let mut inner = ps_value::net::inner_exception(&record.exception);
    while let Some(exception) = inner {
        types.push(crate::types::type_of(&exception));
        inner = ps_value::net::inner_exception(&exception);
    }
    types
}

/// Returns the error that a `catch [Type]` sees when `-ErrorAction Stop` has stopped it: the error of the
/// exception itself, which knows nothing of the command.
fn unwrapped(attempt: &Try, body: &Stmts, record: Rc<ErrorRecord>) -> Rc<ErrorRecord> {
    let typed = attempt.catches.iter().any(|(kinds, own)| !kinds.is_empty() && std::ptr::eq(own, body));
    let runtime = record.exception_type().extends(&NetType::RuntimeException.ty());
    if !(typed && runtime && record.stopped.get()) {
        return record;
    }
    let id = record.id.borrow().split(',').next().unwrap_or_default().into();
    let own = ErrorRecord::new(record.exception.clone(), id, record.category.get(), record.target.clone());
    *own.position.borrow_mut() = record.position.borrow().clone();
    own.qualified.set(true);
    own.ends_script.set(true);
    own
}

/// Returns the code of `exit`. A value that is not a number is 0.
pub(crate) fn exit_code(value: &Value) -> i32 {
    match value.base() {
        Value::Str(text) => text.trim().parse().unwrap_or(0),
        Value::Bool(v) => i32::from(*v),
        other => other.as_double().map_or(0, |v| v as i32),
    }
}
