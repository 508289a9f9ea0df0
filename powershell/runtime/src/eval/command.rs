//! Commands by name: aliases, functions, cmdlets, scripts.

use ps_value::types::NetType;
use std::rc::Rc;

use super::bind::{Bound, Call, Given};
use super::pipeline::{Command as Runs, Ready};
use super::streams::Action;
use super::{Interp, Sink};
use crate::cmdlet::{Cmdlet, CmdletInfo, Cx};
use ps_syntax::Span;
use ps_syntax::ast::{Command, Invoke};
use ps_syntax::symbol::{Sym, fold};
use ps_value::block::FunctionInfo;
use ps_value::error::{Category, Fault, R};
use ps_value::params::ParamTable;
use ps_value::{Str, Value, text};

/// The target of a command name.
#[derive(Clone)]
pub enum Resolved {
    Function(Rc<FunctionInfo>),
    Cmdlet(&'static CmdletInfo),
    Script(String),
}

impl Interp {
    /// Follows aliases.
    pub fn alias_target(&self, name: &str) -> Option<Str> {
        let sym = Sym::of(name);
        self.scope
            .clone()
            .outward()
            .find_map(|scope| scope.alias(sym))
            .or_else(|| self.registry.alias(name).map(Str::from))
    }

    pub fn find_function(&self, name: &str) -> Option<Rc<FunctionInfo>> {
        let sym = Sym::of(name);
        let mut scope = &self.scope;
        loop {
            if let Some(found) = scope.function(sym) {
                return Some(found);
            }
            scope = match &scope.parent {
                Some(parent) => parent,
                None => return None,
            };
        }
    }

    pub fn find_command(&mut self, name: &str) -> Option<Resolved> {
        let mut name = Str::from(name);
        for _ in 0..8 {
            match self.alias_target(&name) {
                Some(target) if *target != *name => name = target,
                _ => break,
            }
        }
        if let Some(function) = self.find_function(&name) {
            return Some(Resolved::Function(function));
        }
        let plain = name.rsplit_once('\\').map_or(&*name, |(module, plain)| {
            if module.contains(['/', ':', '.']) && module.starts_with('.') { &*name } else { plain }
        });
        if let Some(cmdlet) = self.registry.find(plain) {
            return Some(Resolved::Cmdlet(cmdlet));
        }
        if let Some((module, plain)) = name.rsplit_once('\\')
            && self.modules.iter().any(|m| ps_syntax::symbol::same(&m.name, module))
            && let Some(function) = self.find_function(plain)
        {
            return Some(Resolved::Function(function));
        }
        if fold(&name).ends_with(".ps1") || name.contains('/') && self.is_file(&format!("{name}.ps1")) {
            let path = if self.is_file(&name) { name.to_string() } else { format!("{name}.ps1") };
            if self.is_file(&path) {
                return Some(Resolved::Script(path));
            }
        }
        None
    }

    /// Prepares a command with its arguments bound.
    pub fn prepare(&mut self, command: &Command, span: Span, piped: bool) -> R<Ready> {
        let target = self.eval(&command.name)?;
        let invoked: Str = match command.invoke {
            Invoke::Plain => text(&target).into(),
            Invoke::Call => "&".into(),
            Invoke::Dot => ".".into(),
        };
        let dot = command.invoke == Invoke::Dot;
        match target.base() {
            Value::Block(block) => {
                let block = block.clone();
                let given = self.gather(&command.args)?;
                return self.script_command(block, "", Call { invoked, given, dot, piped, span });
            }
            Value::Net(net) => {
                if let Some(info) = net.other::<Resolved>() {
                    let info = info.clone();
                    let call = Call { invoked, given: Vec::new(), dot, piped, span };
                    return self.prepare_resolved(info, command, call);
                }
            }
            Value::Null | Value::Void => {
                let symbol = if dot { "." } else { "&" };
                return Fault::runtime("BadExpression", format!("The expression after '{symbol}' in a pipeline element produced an object that was not valid. It must result in a command name, a script block, or a CommandInfo object.")).raise();
            }
            _ => {}
        }
        let name = self.to_text(&target);
        let resolved = match self.find_command(&name) {
            Some(resolved) => resolved,
            None => match self.find_command(&format!("Get-{name}")) {
                Some(resolved) if !name.contains('-') && !name.is_empty() => resolved,
                _ => return self.not_found(&name),
            },
        };
        let call = Call { invoked, given: Vec::new(), dot, piped, span };
        self.prepare_resolved(resolved, command, call)
    }

    fn prepare_resolved(&mut self, resolved: Resolved, command: &Command, call: Call) -> R<Ready> {
        if let (Resolved::Function(_), true) = (&resolved, self.strict() >= 2)
            && let [
                ps_syntax::ast::Arg::Value(ps_syntax::ast::Expr {
                    kind: ps_syntax::ast::ExprKind::Paren(inner),
                    span: at,
                }),
            ] = command.args.as_slice()
            && command.name.span.end == at.start
            && matches!(&inner.kind, ps_syntax::ast::StmtKind::Expr(e) if matches!(e.kind, ps_syntax::ast::ExprKind::Array(_)))
        {
            return Fault::runtime("StrictModeFunctionCallWithParens", "The function or command was called as if it were a method. Parameters should be separated by spaces. For information about parameters, see the about_Parameters Help topic.").raise();
        }
        let given = self.gather(&command.args)?;
        self.ready(resolved, Call { given, ..call })
    }

    pub fn ready(&mut self, resolved: Resolved, call: Call) -> R<Ready> {
        match resolved {
            Resolved::Function(function) => {
                let name = function.name.clone();
                self.script_command(function.block.clone(), &name, call)
            }
            Resolved::Cmdlet(info) => self.cmdlet_command(info, call.given, call.piped, call.span),
            Resolved::Script(path) => self.script_file(&path, call),
        }
    }

    pub fn not_found<T>(&mut self, name: &str) -> R<T> {
        let needs = crate::needs::unavailable(name);
        let message = match needs {
            Some(why) => format!(
                "The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable program here: {why}"
            ),
            None => format!(
                "The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable program.\nCheck the spelling of the name, or if a path was included, verify that the path is correct and try again."
            ),
        };
        let record = Fault::new(
            NetType::CommandNotFoundException,
            "CommandNotFoundException",
            Category::ObjectNotFound,
            message,
        )
        .of(name)
        .record();
        record.qualified.set(true);
        *record.command.borrow_mut() = name.into();
        Err(Box::new(ps_value::error::Flow::Error(record)))
    }

    fn cmdlet_command(
        &mut self,
        info: &'static CmdletInfo,
        given: Vec<Given>,
        piped: bool,
        span: Span,
    ) -> R<Ready> {
        let table = crate::cmdlet::table(info);
        let class: Str = crate::cmdlet::class_name(info).into();
        let bound = match self.bind(&table, given, info.name, piped) {
            Ok(bound) => bound,
            Err(flow) => {
                if let ps_value::error::Flow::Error(record) = &*flow {
                    super::pipeline::tag(self, record, info.name, &class, span, false);
                }
                return Err(flow);
            }
        };
        let mut pipes =
            table.params.iter().enumerate().filter(|(_, p)| p.sets.iter().any(|s| s.pipe || s.by_name));
        let simple = match (pipes.next(), pipes.next()) {
            (Some((at, spec)), None)
                if spec.ty.as_ref().is_none_or(|t| *t == NetType::Object.ty() || t.is(NetType::PSObject))
                    && bound.given.get(at) != Some(&true)
                    && !spec.sets.iter().any(|s| s.mandatory) =>
            {
                Some(at)
            }
            _ => None,
        };
        let common = bound.common.clone();
        let command =
            CmdletCommand { info, class: class.clone(), cmdlet: (info.make)(), table, bound, piped, simple };
        Ok(Ready { command: Box::new(command), name: info.name.into(), class, common, is_script: false })
    }
}

/// A built-in cmdlet in a pipeline.
struct CmdletCommand {
    info: &'static CmdletInfo,
    class: Str,
    cmdlet: Box<dyn Cmdlet>,
    table: Rc<ParamTable>,
    bound: Bound,
    piped: bool,
    /// The one parameter that takes pipeline objects unchanged.
    simple: Option<usize>,
}

impl CmdletCommand {
    fn with<T>(
        &mut self,
        it: &mut Interp,
        input: Option<Value>,
        out: &dyn Sink,
        step: impl FnOnce(&mut dyn Cmdlet, &mut Cx<'_>) -> R<T>,
    ) -> R<T> {
        let mut cx = Cx {
            it,
            bound: &self.bound,
            table: &self.table,
            out,
            input,
            info: self.info,
            piped: self.piped,
            class: &self.class,
        };
        step(&mut *self.cmdlet, &mut cx)
    }
}

impl Runs for CmdletCommand {
    fn begin(&mut self, it: &mut Interp, out: &dyn Sink) -> R<()> {
        self.with(it, None, out, |cmdlet, cx| cmdlet.begin(cx))
    }

    fn process(&mut self, it: &mut Interp, input: Option<Value>, out: &dyn Sink) -> R<()> {
        let Some(value) = input else {
            return self.with(it, None, out, |cmdlet, cx| cmdlet.process(cx));
        };
        if let Some(at) = self.simple {
            if let Some(place) = self.bound.values.get_mut(at) {
                *place = Some(value.clone());
            }
            return self.with(it, Some(value), out, |cmdlet, cx| cmdlet.process(cx));
        }
        for (place, given) in self.bound.values.iter_mut().zip(&self.bound.given) {
            if !given {
                *place = None;
            }
        }
        let taken = match it.bind_input(&self.table, &mut self.bound, &value) {
            Ok(taken) => taken,
            Err(flow) => {
                return self.with(it, Some(value), out, |_, cx| cx.report::<()>(Err(flow)).map(drop));
            }
        };
        if !taken {
            let message = "The input object cannot be bound to any parameters for the command either because the command does not take pipeline input or the input and its properties do not match any of the parameters that take pipeline input.";
            let fault = Fault::new(
                NetType::ParameterBindingException,
                "InputObjectNotBound",
                Category::InvalidArgument,
                message,
            )
            .of(value.clone());
            return self.with(it, Some(value), out, |_, cx| cx.error(fault));
        }
        let unset = self.bound.set;
        if unset.is_none() && !self.bound.sets.is_empty() {
            self.bound.set = self.input_set();
        }
        it.check_mandatory(&self.table, &self.bound)
            .or_else(|flow| if self.given_by_input() { Ok(()) } else { Err(flow) })?;
        let result = self.with(it, Some(value), out, |cmdlet, cx| cmdlet.process(cx));
        self.bound.set = unset;
        result
    }

    fn end(&mut self, it: &mut Interp, out: &dyn Sink) -> R<()> {
        self.with(it, None, out, |cmdlet, cx| cmdlet.end(cx))
    }
}

impl CmdletCommand {
    /// Returns the set of a parameter that the pipeline has supplied.
    fn input_set(&self) -> Option<Sym> {
        let from_input = self.table.params.iter().zip(&self.bound.values).zip(&self.bound.given).find_map(
            |((spec, value), given)| {
                (value.is_some() && !given)
                    .then(|| spec.sets.iter().filter_map(|s| s.set).find(|s| self.bound.sets.contains(s)))
                    .flatten()
            },
        );
        from_input.or(self.table.default_set)
    }

    fn given_by_input(&self) -> bool {
        self.table.params.iter().zip(&self.bound.values).all(|(spec, value)| {
            value.is_some()
                || !spec.sets.iter().any(|s| s.mandatory && (s.set.is_none() || s.set == self.bound.set))
        })
    }
}

impl Cx<'_> {
    pub fn action(&self) -> Option<Action> {
        self.bound.common.error_action.as_deref().map(Action::parse)
    }

    /// Writes an error that does not end the cmdlet.
    pub fn error(&mut self, fault: Fault) -> R<()> {
        let record = fault.record();
        self.write_record(record)
    }

    pub fn write_record(&mut self, record: Rc<ps_value::error::ErrorRecord>) -> R<()> {
        self.name_record(&record);
        self.it.failed = true;
        let action = self.action();
        if action == Some(Action::Stop)
            || action.is_none() && self.it.preference("ErrorActionPreference") == Action::Stop
        {
            record.ends_script.set(true);
        }
        self.it.write_error(record, action)
    }

    pub fn name_record(&mut self, record: &Rc<ps_value::error::ErrorRecord>) {
        if !record.qualified.get() {
            let id = format!("{},{}", record.id.borrow(), self.class);
            *record.id.borrow_mut() = id.into();
            record.qualified.set(true);
        }
        *record.command.borrow_mut() = self.info.name.into();
        if record.activity.borrow().is_empty() {
            *record.activity.borrow_mut() = self.info.name.into();
        }
    }

    /// Writes the error of a failed action, unless it is not an error at all.
    pub fn report<T>(&mut self, result: R<T>) -> R<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(flow) => match &*flow {
                ps_value::error::Flow::Error(record)
                    if !record.ends_script.get() && record.position.borrow().is_none() =>
                {
                    let record = record.clone();
                    record.raw.set(false);
                    self.write_record(record)?;
                    Ok(None)
                }
                _ => Err(flow),
            },
        }
    }
}
