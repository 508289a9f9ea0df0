//! Pipelines: each command gets its objects one at a time from the previous command.

use ps_value::types::NetType;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::bind::Common;
use super::streams::{Observer, Streams, Target};
use super::{Interp, Sink};
use ps_syntax::Span;
use ps_syntax::ast::{Element, ElementKind, Expr, Pipe, RedirectTo, Redirection};
use ps_syntax::symbol::Sym;
use ps_value::error::{Flow, R};
use ps_value::scope::Scope;
use ps_value::{List, ListKind, Str, Value};

/// A command of a pipeline while it runs.
pub trait Command {
    fn begin(&mut self, it: &mut Interp, out: &dyn Sink) -> R<()>;
    /// Handles one object, or none for a command that begins a pipeline.
    fn process(&mut self, it: &mut Interp, input: Option<Value>, out: &dyn Sink) -> R<()>;
    fn end(&mut self, it: &mut Interp, out: &dyn Sink) -> R<()>;
}

/// A command that is ready to run.
pub struct Ready {
    pub command: Box<dyn Command>,
    /// The name in error ids and `InvocationInfo`.
    pub name: Str,
    pub class: Str,
    pub common: Common,
    /// Whether this is a script's function, whose errors have their own places.
    pub is_script: bool,
}

struct Stage {
    ready: RefCell<Ready>,
    id: u64,
    span: Span,
    scope: Rc<Scope>,
    streams: Option<Rc<Streams>>,
    queues: Vec<Rc<RefCell<Vec<Value>>>>,
    begun: Cell<bool>,
    pending: RefCell<Vec<Value>>,
    files: Vec<FileTarget>,
    out_variable: Option<RefCell<Vec<Value>>>,
    pipeline_variable: Option<Str>,
    observers: Vec<(Str, Observer)>,
}

/// `> file`: the output is collected, and formatted at the end.
struct FileTarget {
    stream: u8,
    path: String,
    append: bool,
    kept: Rc<RefCell<Vec<Value>>>,
}

struct Running<'a> {
    stages: Vec<Stage>,
    out: &'a dyn Sink,
}

/// The output of one stage.
struct StageSink<'a> {
    running: &'a Running<'a>,
    at: usize,
}

impl Sink for StageSink<'_> {
    fn put(&self, it: &mut Interp, value: Value) -> R<()> {
        if let Some(stage) = self.running.stages.get(self.at) {
            stage.flush(it, self)?;
            if let Some(kept) = &stage.out_variable {
                kept.borrow_mut().push(value.clone());
            }
            if let Some(name) = &stage.pipeline_variable {
                stage.scope.put_str(name, value.clone());
            }
            if let Some(file) = stage.files.iter().find(|f| f.stream == 1) {
                file.kept.borrow_mut().push(value);
                return Ok(());
            }
        }
        self.pass(it, value)
    }
}

impl StageSink<'_> {
    fn pass(&self, it: &mut Interp, value: Value) -> R<()> {
        let Some(next) = self.running.stages.get(self.at + 1) else {
            return self.running.out.put(it, value);
        };
        if !next.begun.get() {
            next.pending.borrow_mut().push(value);
            return Ok(());
        }
        self.running.process(it, self.at + 1, Some(value))
    }
}

impl Stage {
    /// Passes on the content of the redirected streams.
    fn flush(&self, it: &mut Interp, sink: &StageSink<'_>) -> R<()> {
        for queue in &self.queues {
            if queue.borrow().is_empty() {
                continue;
            }
            let items = std::mem::take(&mut *queue.borrow_mut());
            for item in items {
                match self.files.iter().find(|f| f.stream == 1) {
                    Some(file) => file.kept.borrow_mut().push(item),
                    None => sink.pass(it, item)?,
                }
            }
        }
        Ok(())
    }
}

impl Running<'_> {
    fn enter(
        &self,
        it: &mut Interp,
        at: usize,
        step: impl FnOnce(&mut Ready, &mut Interp, &StageSink<'_>) -> R<()>,
    ) -> R<()> {
        let Some(stage) = self.stages.get(at) else { return Ok(()) };
        let sink = StageSink { running: self, at };
        let Ok(mut ready) = stage.ready.try_borrow_mut() else { return Ok(()) };
        let scope = std::mem::replace(&mut it.scope, stage.scope.clone());
        let streams = stage.streams.as_ref().map(|own| std::mem::replace(&mut it.streams, own.clone()));
        let source = it.source.clone();
        let stage_before = std::mem::replace(&mut it.stage, stage.id);
        let result = step(&mut ready, it, &sink);
        it.scope = scope;
        it.stage = stage_before;
        it.source = source;
        if let Some(streams) = streams {
            it.streams = streams;
        }
        let result = result.map_err(|flow| qualify(it, flow, &ready, stage.span));
        drop(ready);
        stage.flush(it, &sink)?;
        result
    }

    fn process(&self, it: &mut Interp, at: usize, input: Option<Value>) -> R<()> {
        self.enter(it, at, |ready, it, sink| ready.command.process(it, input, sink))
    }

    fn run(&self, it: &mut Interp, first: Option<&Expr>, input: Option<Vec<Value>>) -> R<()> {
        for at in 0..self.stages.len() {
            let Some(stage) = self.stages.get(at) else { break };
            let result = self.enter(it, at, |ready, it, sink| ready.command.begin(it, sink));
            stage.begun.set(true);
            self.stopped(result, at)?;
        }
        let mut stopped_at = None;
        let mut note = |running: &Self, result: R<()>| -> R<bool> {
            match running.stage_of(&result) {
                Some(at) => {
                    stopped_at = Some(at);
                    Ok(true)
                }
                None => result.map(|()| false),
            }
        };
        let mut over = false;
        for at in 1..self.stages.len() {
            let pending =
                self.stages.get(at).map(|s| std::mem::take(&mut *s.pending.borrow_mut())).unwrap_or_default();
            for value in pending {
                if over {
                    break;
                }
                let result = self.process(it, at, Some(value));
                over = note(self, result)?;
            }
        }
        if !over {
            let result = match (first, input) {
                (Some(expr), _) => self.feed(it, expr),
                (None, Some(items)) => items.into_iter().try_for_each(|item| self.process(it, 0, Some(item))),
                (None, None) => self.process(it, 0, None),
            };
            note(self, result)?;
        }
        for at in stopped_at.unwrap_or(0)..self.stages.len() {
            let result = self.enter(it, at, |ready, it, sink| ready.command.end(it, sink));
            self.stopped(result, at)?;
        }
        Ok(())
    }

    fn stage_of(&self, result: &R<()>) -> Option<usize> {
        let Err(flow) = result else { return None };
        let Flow::Stop(id) = &**flow else { return None };
        self.stages.iter().position(|s| s.id == *id)
    }

    fn stopped(&self, result: R<()>, _at: usize) -> R<()> {
        if self.stage_of(&result).is_some() { Ok(()) } else { result }
    }

    /// Sends the values of an expression to the first command.
    fn feed(&self, it: &mut Interp, expr: &Expr) -> R<()> {
        struct First<'a, 'b>(&'a Running<'b>);
        impl Sink for First<'_, '_> {
            fn put(&self, it: &mut Interp, value: Value) -> R<()> {
                self.0.process(it, 0, Some(value))
            }
        }
        let first = First(self);
        if let ps_syntax::ast::ExprKind::Binary(ps_syntax::ast::BinaryOp::Range, from, to) = &expr.kind {
            let (from, to) = (it.eval(from)?, it.eval(to)?);
            if let (Value::Int(from), Value::Int(to)) = (&from, &to) {
                let (mut at, to) = (*from, *to);
                loop {
                    first.put(it, Value::Int(at))?;
                    if at == to {
                        return Ok(());
                    }
                    at += if at < to { 1 } else { -1 };
                }
            }
            let range = it.range(&from, &to)?;
            return it.emit(range, &first);
        }
        let value = it.eval(expr)?;
        it.emit(value, &first)
    }
}

/// Adds the id, the place and the command to an error of a command.
pub(crate) fn qualify(it: &mut Interp, flow: Box<Flow>, ready: &Ready, span: Span) -> Box<Flow> {
    if let Flow::Error(record) = &*flow {
        tag(it, record, &ready.name, &ready.class, span, ready.is_script);
    }
    flow
}

pub(crate) fn tag(
    it: &mut Interp,
    record: &Rc<ps_value::error::ErrorRecord>,
    name: &str,
    class: &str,
    span: Span,
    is_script: bool,
) {
    if record.raw.get() {
        record.raw.set(false);
    }
    if record.position.borrow().is_none() {
        if !is_script && !record.qualified.get() && !record.id.borrow().is_empty() {
            if !class.is_empty() {
                let id = format!("{},{class}", record.id.borrow());
                *record.id.borrow_mut() = id.into();
            }
            record.qualified.set(true);
            *record.command.borrow_mut() = name.into();
            if record.activity.borrow().is_empty() {
                *record.activity.borrow_mut() = name.into();
            }
        }
        *record.position.borrow_mut() = Some(it.position(span));
    }
}

impl Interp {
    pub fn pipeline(&mut self, pipe: &Pipe, out: &dyn Sink) -> R<()> {
        let mut elements = pipe.elements.as_slice();
        let mut first = None;
        if let [Element { kind: ElementKind::Expr(expr), redirections, .. }, rest @ ..] = elements {
            if rest.is_empty() {
                self.success = true;
                return self.redirected_expression(expr, redirections, out);
            }
            first = Some(expr);
            elements = rest;
        }
        let piped = first.is_some();
        let mut stages = Vec::with_capacity(elements.len());
        for (i, element) in elements.iter().enumerate() {
            stages.push(self.stage(element, piped || i > 0)?);
        }
        // The arguments have seen the previous `$?`.
        self.success = true;
        self.run_stages(stages, first, None, out)
    }

    /// Runs one command with objects as its input.
    pub fn run_ready(
        &mut self,
        ready: Ready,
        span: Span,
        input: Option<Vec<Value>>,
        out: &dyn Sink,
    ) -> R<()> {
        let stage = self.make_stage(ready, span, &[])?;
        self.run_stages(vec![stage], None, input, out)
    }

    fn run_stages(
        &mut self,
        stages: Vec<Stage>,
        first: Option<&Expr>,
        input: Option<Vec<Value>>,
        out: &dyn Sink,
    ) -> R<()> {
        self.enter()?;
        let failed_before = std::mem::replace(&mut self.failed, false);
        let running = Running { stages, out };
        let result = running.run(self, first, input);
        self.depth = self.depth.saturating_sub(1);
        for stage in &running.stages {
            self.finish_stage(stage)?;
        }
        self.success = result.is_ok() && !self.failed;
        self.failed = failed_before;
        result
    }

    fn finish_stage(&mut self, stage: &Stage) -> R<()> {
        for (name, observer) in &stage.observers {
            let items = std::mem::take(&mut *observer.kept.borrow_mut());
            self.keep_observed(&stage.scope, name, items);
        }
        if let Some(kept) = &stage.out_variable
            && let Some(name) = &stage.ready.borrow().common.out_variable
        {
            let items = std::mem::take(&mut *kept.borrow_mut());
            self.keep_observed(&stage.scope, name, items);
        }
        for file in &stage.files {
            let items = std::mem::take(&mut *file.kept.borrow_mut());
            self.write_redirected(&file.path, items, file.append)?;
        }
        Ok(())
    }

    /// Saves observed items for `-ErrorVariable x`, or adds them for `+x`.
    fn keep_observed(&mut self, scope: &Rc<Scope>, name: &str, mut items: Vec<Value>) {
        let (name, adds) = name.strip_prefix('+').map_or((name, false), |n| (n, true));
        let sym = Sym::of(name);
        if adds && let Some(Value::List(list)) = scope.get_here(sym) {
            list.items.borrow_mut().append(&mut items);
            return;
        }
        scope
            .put_str(name, Value::List(Rc::new(List::new(ListKind::ArrayList, NetType::Object.ty(), items))));
    }

    fn redirected_expression(&mut self, expr: &Expr, redirections: &[Redirection], out: &dyn Sink) -> R<()> {
        struct Single<'a>(&'a Expr);
        impl Command for Single<'_> {
            fn begin(&mut self, _: &mut Interp, _: &dyn Sink) -> R<()> {
                Ok(())
            }
            fn process(&mut self, it: &mut Interp, _: Option<Value>, out: &dyn Sink) -> R<()> {
                let value = it.eval(self.0)?;
                it.emit(value, out)
            }
            fn end(&mut self, _: &mut Interp, _: &dyn Sink) -> R<()> {
                Ok(())
            }
        }
        // The expression lives as long as this call; the stage must not read more.
        let targets = self.redirections(redirections)?;
        let before = self.streams.clone();
        let (streams, queues, files) = targets;
        if let Some(streams) = streams {
            self.streams = streams;
        }
        let collector = super::Collector::default();
        let result = Single(expr).process(self, None, &collector);
        self.streams = before;
        let mut items = collector.into_items();
        for queue in &queues {
            items.append(&mut queue.borrow_mut());
        }
        result?;
        if let Some(file) = files.iter().find(|f| f.stream == 1) {
            return self.write_redirected(&file.path, items, file.append);
        }
        if redirections
            .iter()
            .any(|r| matches!(r.from, 0 | 1) && matches!(&r.to, RedirectTo::File(e, _) if is_null(e)))
        {
            return Ok(());
        }
        items.into_iter().try_for_each(|item| out.put(self, item))
    }

    fn stage(&mut self, element: &Element, piped: bool) -> R<Stage> {
        let ready = match &element.kind {
            ElementKind::Command(command) => self.prepare(command, element.span, piped)?,
            ElementKind::Expr(_) => {
                return ps_value::error::Fault::runtime(
                    "ExpressionsMustBeFirstInPipeline",
                    "Expressions are only allowed as the first element of a pipeline.",
                )
                .raise();
            }
        };
        self.make_stage(ready, element.span, &element.redirections)
    }

    fn make_stage(&mut self, ready: Ready, span: Span, redirections: &[Redirection]) -> R<Stage> {
        let (mut streams, queues, files) = self.redirections(redirections)?;
        let mut observers = Vec::new();
        let common = &ready.common;
        for (stream, name) in
            [(2, &common.error_variable), (3, &common.warning_variable), (6, &common.information_variable)]
        {
            if let Some(name) = name {
                let observer = Observer { stream, kept: Rc::default() };
                let mut own = streams.as_deref().cloned().unwrap_or_else(|| (*self.streams).clone());
                own.observers.push(observer.clone());
                streams = Some(Rc::new(own));
                observers.push((name.clone(), observer));
            }
        }
        // A command without output still creates its file.
        for file in &files {
            if !file.append {
                self.write_redirected(&file.path, Vec::new(), false)?;
            }
        }
        let id = self.next_pipeline();
        Ok(Stage {
            id,
            span,
            scope: self.scope.clone(),
            streams,
            queues,
            begun: Cell::new(false),
            pending: RefCell::default(),
            files,
            out_variable: common.out_variable.as_ref().map(|_| RefCell::default()),
            pipeline_variable: common.pipeline_variable.clone(),
            observers,
            ready: RefCell::new(ready),
        })
    }

    #[allow(
        clippy::type_complexity,
        reason = "the three parts of a set of redirections, used in this file only"
    )]
    fn redirections(
        &mut self,
        redirections: &[Redirection],
    ) -> R<(Option<Rc<Streams>>, Vec<Rc<RefCell<Vec<Value>>>>, Vec<FileTarget>)> {
        if redirections.is_empty() {
            return Ok((None, Vec::new(), Vec::new()));
        }
        let mut streams = (*self.streams).clone();
        let (mut queues, mut files) = (Vec::new(), Vec::new());
        for redirection in redirections {
            let from: Vec<u8> =
                if redirection.from == 0 { vec![1, 2, 3, 4, 5, 6] } else { vec![redirection.from] };
            let target = match &redirection.to {
                RedirectTo::Output => {
                    let queue: Rc<RefCell<Vec<Value>>> = Rc::default();
                    queues.push(queue.clone());
                    Target::Queue(queue)
                }
                RedirectTo::File(path, _) if is_null(path) => {
                    if from.contains(&1) {
                        files.push(FileTarget {
                            stream: 1,
                            path: String::new(),
                            append: false,
                            kept: Rc::default(),
                        });
                    }
                    Target::Nowhere
                }
                RedirectTo::File(path, append) => {
                    let value = self.eval(path)?;
                    let path = self.to_text(&value);
                    let kept: Rc<RefCell<Vec<Value>>> = Rc::default();
                    for stream in &from {
                        files.push(FileTarget {
                            stream: *stream,
                            path: path.clone(),
                            append: *append,
                            kept: kept.clone(),
                        });
                    }
                    files.dedup_by(|a, b| Rc::ptr_eq(&a.kept, &b.kept));
                    Target::Queue(kept)
                }
            };
            for stream in from.into_iter().filter(|s| *s > 1) {
                if let Some(place) = streams.targets.get_mut(usize::from(stream)) {
                    *place = target.clone();
                }
            }
        }
        Ok((Some(Rc::new(streams)), queues, files))
    }

    fn write_redirected(&mut self, path: &str, items: Vec<Value>, append: bool) -> R<()> {
        if path.is_empty() {
            return Ok(());
        }
        let text = crate::format::to_text(self, items)?;
        self.write_text(path, &text, append)
    }
}

fn is_null(expr: &Expr) -> bool {
    matches!(&expr.kind, ps_syntax::ast::ExprKind::Const(ps_syntax::Literal::Null))
}
