//! Functions, script blocks and script files as commands.

use ps_value::types::NetType;
use std::cell::RefCell;
use std::rc::Rc;

use super::bind::{Bound, Call, Given};
use super::pipeline::{Command, Ready};
use super::{Frame, Interp, Sink, convert};
use ps_syntax::ast::Block;
use ps_syntax::symbol::Sym;
use ps_syntax::{Source, Span};
use ps_value::block::ScriptBlock;
use ps_value::error::{Flow, R};
use ps_value::net::Net;
use ps_value::params::ParamTable;
use ps_value::scope::{Scope, VariableMeta};
use ps_value::{Str, Value, text};

pub(crate) struct ScriptCommand {
    block: Rc<ScriptBlock>,
    table: Rc<ParamTable>,
    bound: Bound,
    scope: Rc<Scope>,
    frame: Frame,
    name: Str,
    dot: bool,
    piped: bool,
    input: Vec<Value>,
    is_file: bool,
    /// Whether a filter or `process` has bound its pipeline parameters.
    initialized: bool,
    /// Whether the present object could not be bound.
    skipped: bool,
}

impl Interp {
    pub fn script_command(&mut self, block: Rc<ScriptBlock>, name: &str, call: Call) -> R<Ready> {
        let parent = match &block.session {
            Some(session) if !call.dot => Some(session.clone()),
            _ => Some(self.scope.clone()),
        };
        let scope = if call.dot { self.scope.clone() } else { Scope::new(parent, false) };
        self.script_in(block, name, call, scope, false)
    }

    fn script_in(
        &mut self,
        block: Rc<ScriptBlock>,
        name: &str,
        call: Call,
        scope: Rc<Scope>,
        is_file: bool,
    ) -> R<Ready> {
        let Call { invoked, given, dot, piped, span } = call;
        let table = self.table_of(&block)?;
        let name = Str::from(name);
        let frame = Frame {
            name: if name.is_empty() { "<ScriptBlock>".into() } else { name.clone() },
            invoked,
            source: self.source.clone(),
            span,
        };
        let bound = match self.bind(
            &table,
            given,
            &name,
            piped && table.params.iter().any(|p| p.sets.iter().any(|s| s.pipe || s.by_name)),
        ) {
            Ok(bound) => bound,
            Err(flow) => {
                if let Flow::Error(record) = &*flow {
                    super::pipeline::tag(self, record, &name, &name, span, false);
                }
                return Err(flow);
            }
        };
        let common = bound.common.clone();
        let command = ScriptCommand {
            block,
            table,
            bound,
            scope,
            frame,
            name: name.clone(),
            dot,
            piped,
            input: Vec::new(),
            is_file,
            initialized: false,
            skipped: false,
        };
        Ok(Ready { command: Box::new(command), class: name.clone(), name, common, is_script: true })
    }

    /// Runs a `.ps1` file.
    pub fn script_file(&mut self, path: &str, call: Call) -> R<Ready> {
        let content = self.read_text(path)?;
        let full = self.full_path(path);
        let source = Source::new(&full, &content);
        let block = match ps_syntax::parse(&source) {
            Ok(block) => block,
            Err(errors) => return Err(self.parse_error(&source, &errors)),
        };
        let name = source.name().to_owned();
        let scope = if call.dot { self.scope.clone() } else { Scope::new(Some(self.scope.clone()), true) };
        self.hoist(&block)?;
        self.script_in(ScriptBlock::new(block), &name, call, scope, true)
    }

    /// Returns the module or closure whose code runs.
    pub fn session(&self) -> Option<Rc<Scope>> {
        self.scope.clone().outward().find_map(|scope| scope.script.borrow().clone())
    }

    /// Runs the body of a block in the present scope.
    pub fn run_block(&mut self, block: &Rc<ScriptBlock>, out: &dyn Sink) -> R<()> {
        let before = std::mem::replace(&mut self.source, block.ast.source.clone());
        let mut result = Ok(());
        for part in [&block.ast.begin, &block.ast.process, &block.ast.end].into_iter().flatten() {
            result = self.run(part, out);
            if result.is_err() {
                break;
            }
        }
        self.source = before;
        match result {
            Err(flow) if matches!(*flow, Flow::Return) => Ok(()),
            other => other,
        }
    }

    /// Runs a block with arguments and `$_`, in the scope of its caller.
    pub fn call_with_item(
        &mut self,
        block: &Rc<ScriptBlock>,
        item: Value,
        args: &[Value],
        out: &dyn Sink,
    ) -> R<()> {
        let scope = Scope::new(Some(self.scope.clone()), false);
        scope.put(self.syms.underscore, &self.names.underscore, item);
        let given = args.iter().cloned().map(Given::Value).collect();
        let ready = self.script_in(block.clone(), "", Call::of(given), scope, false)?;
        self.run_ready(ready, Span::default(), None, out)
    }

    /// Calls a block with arguments, as a delegate.
    pub fn call_block(&mut self, block: &Rc<ScriptBlock>, args: &[Value]) -> R<Value> {
        let out = super::Collector::default();
        let given = args.iter().cloned().map(Given::Value).collect();
        let ready = self.script_command(block.clone(), "", Call::of(given))?;
        self.run_ready(ready, Span::default(), None, &out)?;
        Ok(out.into_value())
    }

    /// Calls a method or property of the script, with `$this`.
    pub fn call_with_this(&mut self, block: &Rc<ScriptBlock>, this: &Value, args: &[Value]) -> R<Value> {
        let scope = Scope::new(Some(self.scope.clone()), false);
        scope.put(self.syms.this, &self.names.this, this.clone());
        let out = super::Collector::default();
        let given = args.iter().cloned().map(Given::Value).collect();
        let ready = self.script_in(block.clone(), "", Call::of(given), scope, false)?;
        self.run_ready(ready, Span::default(), None, &out)?;
        Ok(out.into_value())
    }

    /// Evaluates `$block.Invoke(...)`, and collects its output.
    pub fn invoke_block(&mut self, object: &Value, args: &[Value]) -> R<Value> {
        let Value::Block(block) = object.base() else { return Ok(Value::Null) };
        let block = block.clone();
        let out = super::Collector::default();
        let given = args.iter().cloned().map(Given::Value).collect();
        self.tries += 1;
        let result = self
            .script_command(block, "", Call::of(given))
            .and_then(|ready| self.run_ready(ready, Span::default(), None, &out));
        self.tries -= 1;
        if let Err(flow) = result {
            if let Flow::Error(record) = &*flow {
                return invoke_failed(record, args.len()).raise();
            }
            return Err(flow);
        }
        let items = out.into_items();
        Ok(Value::List(Rc::new(ps_value::List::new(
            ps_value::ListKind::Collection,
            NetType::PSObject.ty(),
            items,
        ))))
    }
}

impl ScriptCommand {
    /// Sets the parameters in the scope, with defaults for missing ones.
    fn initialize(&mut self, it: &mut Interp) -> R<()> {
        let ast = self.block.ast.clone();
        let scope = self.scope.clone();
        if !self.dot || !ast.params.is_empty() {
            let dict = it.bound_dict(&self.table, &self.bound);
            scope.put_str("PSBoundParameters", dict);
        }
        if !self.table.advanced && !self.dot {
            scope.put(it.syms.args, &it.names.args, Value::array(std::mem::take(&mut self.bound.rest)));
        }
        if self.table.advanced {
            let set = self.bound.set.map_or("__AllParameterSets".into(), |s| it.set_name(&ast, s));
            let cmdlet = Value::object(crate::types::net::CmdletState {
                name: self.name.clone(),
                set,
                common: self.bound.common.clone(),
                scope: scope.clone(),
            });
            scope.put_str("PSCmdlet", cmdlet);
        }
        self.preferences();
        self.set_parameters(it, &ast, |_| true)
    }

    fn set_parameters(&mut self, it: &mut Interp, ast: &Block, to_default: impl Fn(usize) -> bool) -> R<()> {
        let scope = self.scope.clone();
        for (at, spec) in self.table.params.iter().enumerate() {
            let param = ast.params.get(spec.index);
            let value = match self.bound.values.get(at).cloned().flatten() {
                Some(value) => value,
                None if !to_default(at) => continue,
                None => match param.and_then(|p| p.default.as_ref()) {
                    Some(default) => {
                        let value = it.within(scope.clone(), |it| it.eval(default))?;
                        match &spec.ty {
                            Some(ty) => convert::for_variable(it, &value, ty, &spec.name)?,
                            None if spec.is_switch => Value::Switch(value.truth()),
                            None => {
                                if let Value::Void = value {
                                    Value::Null
                                } else {
                                    value
                                }
                            }
                        }
                    }
                    None if spec.is_switch => Value::Switch(false),
                    None => match &spec.ty {
                        Some(ty) if ty.is(NetType::String) => Value::from(""),
                        Some(ty) => ty.default_value(),
                        None => Value::Null,
                    },
                },
            };
            let index = scope.put(spec.sym, &spec.name, value);
            if spec.ty.is_some() || !spec.validators.is_empty() {
                scope.set_meta(
                    index,
                    VariableMeta {
                        ty: spec.ty.clone(),
                        validators: spec.validators.clone(),
                        ..VariableMeta::default()
                    },
                );
            }
        }
        Ok(())
    }

    /// Sets `-ErrorAction` and similar parameters as variables of the function's scope.
    fn preferences(&self) {
        let common = &self.bound.common;
        let scope = &self.scope;
        for (name, value) in [
            ("ErrorActionPreference", &common.error_action),
            ("WarningPreference", &common.warning_action),
            ("InformationPreference", &common.information_action),
        ] {
            if let Some(value) = value {
                scope.put_str(name, Value::Str(value.clone()));
            }
        }
        for (name, value) in [("VerbosePreference", common.verbose), ("DebugPreference", common.debug)] {
            if let Some(on) = value {
                scope.put_str(name, Value::from(if on { "Continue" } else { "SilentlyContinue" }));
            }
        }
        if let Some(on) = common.what_if {
            scope.put_str("WhatIfPreference", Value::Bool(on));
        }
    }

    /// Runs a part of the function with its frame and its scope.
    fn part(&mut self, it: &mut Interp, out: &dyn Sink, which: Part) -> R<()> {
        let ast = self.block.ast.clone();
        let stmts = match which {
            Part::Begin => &ast.begin,
            Part::Process => &ast.process,
            Part::End => &ast.end,
        };
        let Some(stmts) = stmts else { return Ok(()) };
        it.tick(stmts.span)?;
        it.frames.push(self.frame.clone());
        let source = std::mem::replace(&mut it.source, ast.source.clone());
        let depth = it.frames.len();
        let result = it.within(self.scope.clone(), |it| it.run(stmts, out));
        it.source = source;
        it.frames.truncate(depth - 1);
        match result {
            Err(flow) => match *flow {
                Flow::Return => Ok(()),
                Flow::Exit(code) if self.is_file => {
                    it.set_last_exit(code);
                    Err(Box::new(Flow::Return))
                }
                other => Err(Box::new(other)),
            },
            Ok(()) => Ok(()),
        }
    }

    fn enumerator(&self, items: Vec<Value>) -> Value {
        Value::net(Net::Enumerator(RefCell::new(items)))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Begin,
    Process,
    End,
}

impl Command for ScriptCommand {
    fn begin(&mut self, it: &mut Interp, out: &dyn Sink) -> R<()> {
        it.enter()?;
        let result = self.begin_inner(it, out);
        it.depth = it.depth.saturating_sub(1);
        ended(result)
    }

    fn process(&mut self, it: &mut Interp, input: Option<Value>, out: &dyn Sink) -> R<()> {
        let ast = self.block.ast.clone();
        if ast.process.is_none() {
            if let Some(value) = input {
                if self.piped
                    && it.takes_input(&self.table, &self.bound)
                    && self.table.params.iter().any(|p| p.sets.iter().any(|s| s.pipe || s.by_name))
                {
                    self.bind_piped(it, &value)?;
                }
                self.input.push(value);
            } else if self.piped {
                it.check_mandatory(&self.table, &self.bound)?;
            }
            return Ok(());
        }
        if let Some(value) = input {
            self.skipped = false;
            if it.takes_input(&self.table, &self.bound)
                && !self.bind_piped(it, &value)?
                && (self.table.advanced || self.skipped)
            {
                return Ok(());
            }
            self.scope.put(it.syms.underscore, &it.names.underscore, value.clone());
            let one = self.enumerator(vec![value]);
            self.scope.put(it.syms.input, &it.names.input, one);
        }
        ended(self.part(it, out, Part::Process))
    }

    fn end(&mut self, it: &mut Interp, out: &dyn Sink) -> R<()> {
        let ast = self.block.ast.clone();
        if ast.end.is_none() {
            return Ok(());
        }
        if self.piped || !self.input.is_empty() {
            let items = std::mem::take(&mut self.input);
            let input = self.enumerator(items);
            self.scope.put(it.syms.input, &it.names.input, input);
        }
        ended(self.part(it, out, Part::End))
    }
}

/// Stops at the end of a file: `return` ends only the file.
fn ended(result: R<()>) -> R<()> {
    match result {
        Err(flow) if matches!(*flow, Flow::Return) => Ok(()),
        other => other,
    }
}

impl ScriptCommand {
    fn begin_inner(&mut self, it: &mut Interp, out: &dyn Sink) -> R<()> {
        it.frames.push(self.frame.clone());
        let source = std::mem::replace(&mut it.source, self.block.ast.source.clone());
        let depth = it.frames.len();
        let result = self.initialize(it);
        it.source = source;
        it.frames.truncate(depth - 1);
        if let Err(flow) = result {
            if let Flow::Error(record) = &*flow {
                let (name, span) = (self.name.clone(), self.frame.span);
                super::pipeline::tag(it, record, &name, &name, span, false);
            }
            return Err(flow);
        }
        self.initialized = true;
        self.part(it, out, Part::Begin)
    }

    fn bind_piped(&mut self, it: &mut Interp, value: &Value) -> R<bool> {
        // The values of the previous object are discarded.
        let mut before = Vec::with_capacity(self.bound.values.len());
        for (place, given) in self.bound.values.iter_mut().zip(&self.bound.given) {
            before.push(!given && place.is_some());
            if !given {
                *place = None;
            }
        }
        let table = self.table.clone();
        let taken = match it.bind_input(&table, &mut self.bound, value) {
            Ok(taken) => taken,
            Err(flow) => {
                let Flow::Error(record) = &*flow else { return Err(flow) };
                let (name, span) = (self.name.clone(), self.frame.span);
                super::pipeline::tag(it, record, &name, &name, span, false);
                let action = self.bound.common.error_action.as_deref().map(super::streams::Action::parse);
                // The function has not seen the error, so its `-ErrorVariable` does not contain it.
                let streams = it.streams.clone();
                let mut own = (*streams).clone();
                own.observers.clear();
                it.streams = Rc::new(own);
                let result = it.write_error(record.clone(), action);
                it.streams = streams;
                result?;
                self.skipped = true;
                return Ok(false);
            }
        };

        if !taken {
            if self.table.advanced {
                let message = "The input object cannot be bound to any parameters for the command either because the command does not take pipeline input or the input and its properties do not match any of the parameters that take pipeline input.";
                let record = ps_value::error::Fault::new(
                    NetType::ParameterBindingException,
                    "InputObjectNotBound",
                    ps_value::error::Category::InvalidArgument,
                    message,
                )
                .of(value.clone())
                .record();
                let (name, span) = (self.name.clone(), self.frame.span);
                super::pipeline::tag(it, &record, &name, &name, span, false);
                it.write_error(record, None)?;
            }
            return Ok(false);
        }
        let ast = self.block.ast.clone();
        self.set_parameters(it, &ast, |at| before.get(at) == Some(&true))?;
        let dict = it.bound_dict(&self.table, &self.bound);
        self.scope.put_str("PSBoundParameters", dict);
        Ok(true)
    }
}

impl Interp {
    /// Returns the name of a parameter set as it is written.
    fn set_name(&self, block: &Block, set: Sym) -> Str {
        let written = block
            .params
            .iter()
            .flat_map(|p| &p.attributes)
            .filter(|a| a.is("parameter"))
            .flat_map(|a| &a.named);
        for (name, value) in written {
            if ps_syntax::symbol::same(name, "ParameterSetName")
                && let Some(ps_syntax::ast::Expr { kind: ps_syntax::ast::ExprKind::Const(value), .. }) = value
                && Sym::of(&text(&value.into())) == set
            {
                return text(&value.into()).into();
            }
        }
        set.name().as_ref().into()
    }

    pub fn set_last_exit(&mut self, code: i32) {
        self.global.put_str("LASTEXITCODE", Value::Int(code));
        self.success = code == 0;
        self.failed |= code != 0;
    }
}

/// Makes the error of `Invoke` when its block or commands have failed.
pub(crate) fn invoke_failed(record: &ps_value::error::ErrorRecord, count: usize) -> ps_value::error::Fault {
    let message =
        format!("Exception calling \"Invoke\" with \"{count}\" argument(s): \"{}\"", record.message());
    let id = record.exception_type().name();
    ps_value::error::Fault::new(
        NetType::MethodInvocationException,
        &id,
        ps_value::error::Category::NotSpecified,
        message,
    )
    .because(record.exception.clone())
}
