//! Evaluates the tree: statements, expressions, pipelines, commands.

pub(crate) mod arithmetic;
pub(crate) mod assign;
pub mod bind;
pub(crate) mod bind_input;
pub(crate) mod call;
pub mod command;
mod command_info;
pub(crate) mod compare;
pub(crate) mod construct;
pub(crate) mod convert;
pub(crate) mod define;
pub(crate) mod expr;
pub(crate) mod function;
pub(crate) mod index;
pub(crate) mod instance;
pub(crate) mod member;
mod members;
pub mod operators;
pub mod overload;
pub(crate) mod params;
pub(crate) mod pipeline;
pub(crate) mod regex;
pub(crate) mod report;
pub(crate) mod stmt;
pub mod streams;
pub(crate) mod switch;
pub(crate) mod validate;
pub(crate) mod variables;

use ps_value::types::NetType;
use std::cell::RefCell;
use std::rc::Rc;

use crate::host::Host;
pub use command_info::{computed, with_item};
use ps_syntax::symbol::{Map, Sym};
use ps_syntax::{Source, Span, SyntaxError};
use ps_value::error::{Category, Fault, Flow, Position, R};
use ps_value::scope::Scope;
use ps_value::{Str, Value};
use streams::Streams;

/// The destination of output, one object at a time.
pub trait Sink {
    fn put(&self, it: &mut Interp, value: Value) -> R<()>;
}

/// Keeps the output.
#[derive(Default)]
pub struct Collector(pub RefCell<Vec<Value>>);

impl Sink for Collector {
    fn put(&self, _: &mut Interp, value: Value) -> R<()> {
        self.0.borrow_mut().push(value);
        Ok(())
    }
}

impl Collector {
    /// Returns nothing, the one value, or an array.
    pub fn into_value(self) -> Value {
        let mut items = self.0.into_inner();
        match items.len() {
            0 => Value::Void,
            1 => items.pop().unwrap_or_default(),
            _ => Value::array(items),
        }
    }

    pub fn into_items(self) -> Vec<Value> {
        self.0.into_inner()
    }
}

/// Drops the output.
pub struct Nowhere;

impl Sink for Nowhere {
    fn put(&self, _: &mut Interp, _: Value) -> R<()> {
        Ok(())
    }
}

/// A call in progress, for `InvocationInfo` and `Get-PSCallStack`.
#[derive(Clone)]
pub struct Frame {
    pub name: Str,
    /// The name in the call: an alias, `&`.
    pub invoked: Str,
    pub source: Rc<Source>,
    pub span: Span,
}

/// The state of a run.
pub struct Interp {
    pub host: Box<dyn Host>,
    pub global: Rc<Scope>,
    pub scope: Rc<Scope>,
    pub streams: Rc<Streams>,
    /// The value of `$?`.
    pub success: bool,
    /// Number of enclosing `try` blocks of the running code.
    pub tries: usize,
    pub depth: usize,
    pub frames: Vec<Frame>,
    pub source: Rc<Source>,
    pub location: crate::provider::Locations,
    pub(crate) regexes: regex::Cache,
    pub(crate) overloads: overload::Overloads,
    pub classes: Map<Sym, crate::types::Ty>,
    pub namespaces: Vec<Str>,
    pub modules: Vec<Rc<crate::modules::Module>>,
    pub env: crate::provider::Environment,
    pub printer: Rc<crate::format::Printer>,
    /// The cmdlets and aliases of the session.
    pub registry: Rc<crate::registry::Registry>,
    pub(crate) parts: crate::parts::Parts,
    pub(crate) seed: u64,
    pub syms: WellKnown,
    pub names: WellKnownNames,
    /// Whether the output of a class's method comes from its `return`.
    pub returning: bool,
    /// The type whose static member runs.
    pub generic: Option<crate::types::Ty>,
    /// The running stage of a pipeline, which may ask earlier stages to stop.
    pub stage: u64,
    /// Counts pipelines, so that each can be stopped separately.
    pub(crate) pipelines: u64,
    pub(crate) ticks: u32,
    /// Whether the running function has reported by `WriteError` that it failed.
    pub failed: bool,
    /// Whether the script uses the notes of lines, such as `ReadCount`, which are expensive.
    pub notes: bool,
    /// Unsupported features of PowerShell that the script has used.
    pub lacking: Vec<String>,
    /// Members that `Update-TypeData` has given to types, by type name.
    pub type_data: Vec<(Str, ps_value::Member)>,
    /// The scope that `$using:` reads within a job.
    pub using: Option<Rc<Scope>>,
    /// Number of variables that exist from the start.
    pub automatic: usize,
    /// Number of columns of the console.
    pub width: usize,
    /// The value of `CurrentCulture`.
    pub culture: Rc<ps_value::culture::Culture>,
    pub ui_culture: Rc<ps_value::culture::Culture>,
}

/// Names that the engine itself uses.
pub struct WellKnown {
    pub underscore: Sym,
    pub this: Sym,
    pub input: Sym,
    pub args: Sym,
    pub matches: Sym,
    pub ofs: Sym,
    pub error: Sym,
    pub question: Sym,
}

/// The same names as texts, made once: they name variables of every call.
pub struct WellKnownNames {
    pub underscore: Str,
    pub this: Str,
    pub input: Str,
    pub args: Str,
    pub matches: Str,
}

/// Maximum depth of calls between functions.
pub const MAX_CALLS: usize = 1200;

impl Interp {
    /// Ends a script that was told to stop or has run out of time. Called in every loop and call.
    pub fn tick(&mut self, span: Span) -> R<()> {
        self.ticks = self.ticks.wrapping_add(1);
        if self.ticks & 0xfff != 0 {
            return Ok(());
        }
        if self.host.wants_place() {
            let line = self.source.position(span.start).0;
            let path = self.source.path.clone();
            self.host.place(&path, line);
        }
        let (line, column) = self.source.position(span.start);
        self.stop_when_interrupted(|| format!("at line {line}, column {column}"))
    }

    /// Sleeps. A script whose time runs out in a pause ends there, and does not continue as if the
    /// pause were over.
    pub fn sleep(&mut self, milliseconds: u64) -> R<()> {
        self.host.sleep(milliseconds);
        self.stop_when_interrupted(|| format!("in a pause of {} s", milliseconds as f64 / 1000.0))
    }

    fn stop_when_interrupted(&mut self, place: impl FnOnce() -> String) -> R<()> {
        let Some(why) = self.host.interrupted() else { return Ok(()) };
        let fault = Fault::new(
            NetType::OperationCanceledException,
            "Interrupted",
            Category::OperationStopped,
            format!("{why} {}", place()),
        );
        self.host.halted(&fault.message);
        Err(Box::new(Flow::Exit(1)))
    }

    pub fn enter(&mut self) -> R<()> {
        if self.depth >= MAX_CALLS {
            return Fault::runtime("CallDepthOverflow", "The script failed due to call depth overflow.")
                .raise();
        }
        self.depth += 1;
        Ok(())
    }

    pub fn position(&self, span: Span) -> Position {
        Position { source: self.source.clone(), span }
    }

    /// Runs `body` in another scope.
    pub fn within<T>(&mut self, scope: Rc<Scope>, body: impl FnOnce(&mut Self) -> R<T>) -> R<T> {
        let before = std::mem::replace(&mut self.scope, scope);
        let result = body(self);
        self.scope = before;
        result
    }

    /// Writes a value as a pipeline does: the items of collections one by one.
    pub fn emit(&mut self, value: Value, out: &dyn Sink) -> R<()> {
        match &value {
            Value::Void => Ok(()),
            Value::Array(array) => {
                let mut i = 0;
                loop {
                    let item = array.items.borrow().get(i).cloned();
                    let Some(item) = item else { return Ok(()) };
                    out.put(self, item)?;
                    i += 1;
                }
            }
            Value::List(_) | Value::Net(_) | Value::Ext(_) => match value.items() {
                Some(items) => items.into_iter().try_for_each(|item| out.put(self, item)),
                None => out.put(self, value),
            },
            Value::Dict(dict) if dict.is_set() => {
                dict.keys().into_iter().try_for_each(|key| out.put(self, key))
            }
            Value::Object(object) => match self.enumerate_object(object) {
                Some(items) => items.into_iter().try_for_each(|item| out.put(self, item)),
                None => out.put(self, value),
            },
            _ => out.put(self, value),
        }
    }

    fn enumerate_object(&self, object: &Rc<ps_value::Object>) -> Option<Vec<Value>> {
        object.native.borrow().as_ref().and_then(Value::items)
    }

    pub fn next_pipeline(&mut self) -> u64 {
        self.pipelines += 1;
        self.pipelines
    }

    /// Combines the errors of a parser into the one error that PowerShell throws.
    pub fn parse_error(&self, source: &Rc<Source>, errors: &[SyntaxError]) -> Box<Flow> {
        let Some(first) = errors.first() else {
            return Fault::runtime("ParseError", "The script does not parse.").into();
        };
        let mut message = String::new();
        for error in errors {
            let (line, column) = source.position(error.span.start);
            let text = source.line(line);
            if !message.is_empty() {
                message.push_str("\n\n");
            }
            message.push_str(&format!(
                "At line:{line} char:{column}\n+ {text}\n+ {}~\n{}",
                " ".repeat(column.saturating_sub(1)),
                error.message
            ));
        }
        let fault = Fault::new(NetType::ParseException, first.id, Category::ParserError, message);
        let record = fault.record();
        *record.details.borrow_mut() = Some(first.message.as_str().into());
        *record.position.borrow_mut() = Some(Position { source: source.clone(), span: first.span });
        record.qualified.set(true);
        Box::new(Flow::Error(record))
    }
}
