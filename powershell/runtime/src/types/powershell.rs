//! `[powershell]`: commands that a script builds and runs, in a separate runspace.

use ps_value::types::NetType;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::args::{at, string};
use super::declare::Declared::{self, Method, Property, Static};
use crate::eval::bind::{Call, Given};
use crate::eval::function::invoke_failed;
use crate::eval::streams::Target;
use crate::eval::{Collector, Interp};
use ps_syntax::{Source, Span};
use ps_value::block::ScriptBlock;
use ps_value::error::R;
use ps_value::net::NetObject;
use ps_value::scope::Scope;
use ps_value::{List, ListKind, Str, Value, text};

/// The commands, and the results of running them.
#[derive(Default)]
pub(crate) struct Hosted {
    commands: RefCell<Vec<Built>>,
    /// The variables of the runspace, from its first use.
    scope: RefCell<Option<Rc<Scope>>>,
    had_errors: Cell<bool>,
    streams: RefCell<Option<Value>>,
}

impl NetObject for Hosted {
    fn id(&self) -> NetType {
        NetType::PowerShell
    }
}

/// The `Commands` of one of them.
struct Commands(Value);

impl NetObject for Commands {
    fn id(&self) -> NetType {
        NetType::PSCommand
    }
}

struct Built {
    text: Str,
    is_script: bool,
    given: Vec<(Option<Str>, Value)>,
    ends_statement: bool,
}

/// The recorded streams and their numbers.
const STREAMS: [(&str, usize); 5] =
    [("Error", 2), ("Warning", 3), ("Verbose", 4), ("Debug", 5), ("Information", 6)];

fn hosted(value: &Value) -> Option<&Hosted> {
    match value.base() {
        Value::Net(net) => net.other().or_else(|| hosted(&net.other::<Commands>()?.0)),
        _ => None,
    }
}

fn add(value: &Value, text: &str, is_script: bool) -> R<Value> {
    if let Some(hosted) = hosted(value) {
        let built = Built { text: text.into(), is_script, given: Vec::new(), ends_statement: false };
        hosted.commands.borrow_mut().push(built);
    }
    Ok(value.clone())
}

fn give(value: &Value, name: Option<Str>, argument: Value) -> R<Value> {
    if let Some(hosted) = hosted(value)
        && let Some(last) = hosted.commands.borrow_mut().last_mut()
    {
        last.given.push((name, argument));
    }
    Ok(value.clone())
}

pub(super) const POWERSHELL: &[Declared] = &[
    Static("powershell Create()", |_, _| Ok(Value::object(Hosted::default()))),
    Static("powershell Create(object runspace)", |_, _| Ok(Value::object(Hosted::default()))),
    Method("powershell AddScript(string script)", |_, t, a| add(t, &string(a, 0), true)),
    Method("powershell AddScript(string script, bool useLocalScope)", |_, t, a| add(t, &string(a, 0), true)),
    Method("powershell AddCommand(string cmdlet)", |_, t, a| add(t, &string(a, 0), false)),
    Method("powershell AddCommand(string cmdlet, bool useLocalScope)", |_, t, a| {
        add(t, &string(a, 0), false)
    }),
    Method("powershell AddArgument(object value)", |_, t, a| give(t, None, at(a, 0))),
    Method("powershell AddParameter(string name)", |_, t, a| {
        give(t, Some(string(a, 0)), Value::Switch(true))
    }),
    Method("powershell AddParameter(string name, object value)", |_, t, a| {
        give(t, Some(string(a, 0)), at(a, 1))
    }),
    Method("powershell AddParameters(object parameters)", |_, t, a| {
        match at(a, 0).base() {
            Value::Dict(dict) => {
                for (name, value) in dict.pairs() {
                    give(t, Some(text(&name).into()), value)?;
                }
            }
            other => {
                for value in other.to_items() {
                    give(t, None, value)?;
                }
            }
        }
        Ok(t.clone())
    }),
    Method("powershell AddStatement()", |_, t, _| {
        if let Some(hosted) = hosted(t)
            && let Some(last) = hosted.commands.borrow_mut().last_mut()
        {
            last.ends_statement = true;
        }
        Ok(t.clone())
    }),
    Method("object Invoke()", |it, t, _| invoke(it, t, None)),
    Method("object Invoke(object input)", |it, t, a| invoke(it, t, Some(at(a, 0).to_items()))),
    Method("void Dispose()", |_, _, _| Ok(Value::Void)),
    Method("void Stop()", |_, _, _| Ok(Value::Void)),
    Property("bool HadErrors", |_, t, _| Ok(Value::Bool(hosted(t).is_some_and(|h| h.had_errors.get())))),
    Property("object Streams", |_, t, _| Ok(hosted(t).map(streams).unwrap_or_default())),
    Property("object Commands", |_, t, _| Ok(Value::object(Commands(t.clone())))),
];

pub(super) const COMMANDS: &[Declared] = &[
    Method("void Clear()", |_, t, _| {
        if let Some(hosted) = hosted(t) {
            hosted.commands.borrow_mut().clear();
        }
        Ok(Value::Void)
    }),
    Method("object AddScript(string script)", |_, t, a| add(t, &string(a, 0), true)),
    Method("object AddCommand(string cmdlet)", |_, t, a| add(t, &string(a, 0), false)),
    Method("object AddArgument(object value)", |_, t, a| give(t, None, at(a, 0))),
    Method("object AddParameter(string name, object value)", |_, t, a| give(t, Some(string(a, 0)), at(a, 1))),
];

fn streams(hosted: &Hosted) -> Value {
    hosted
        .streams
        .borrow_mut()
        .get_or_insert_with(|| {
            let list =
                || Value::List(Rc::new(List::new(ListKind::Collection, NetType::Object.ty(), Vec::new())));
            let pairs = STREAMS.iter().map(|(name, _)| (*name, list())).collect();
            Value::record(NetType::PSDataStreams, pairs)
        })
        .clone()
}

/// Runs the commands statement by statement; each command gets the output of the previous one.
fn invoke(it: &mut Interp, value: &Value, input: Option<Vec<Value>>) -> R<Value> {
    let Some(hosted) = hosted(value) else { return Ok(Value::Null) };
    let scope = hosted.scope.borrow_mut().get_or_insert_with(|| it.fresh_scope()).clone();
    let queues = STREAMS.map(|_| Rc::<RefCell<Vec<Value>>>::default());
    let mut redirected = (*it.streams).clone();
    for ((_, number), queue) in STREAMS.iter().zip(&queues) {
        if let Some(target) = redirected.targets.get_mut(*number) {
            *target = Target::Queue(queue.clone());
        }
    }
    let before = std::mem::replace(&mut it.streams, Rc::new(redirected));
    let mut items = Vec::new();
    let ended = it.within(scope, |it| {
        it.attempted(|it| {
            let mut piped = input;
            let count = hosted.commands.borrow().len();
            for index in 0..count {
                let out = Collector::default();
                let ends = run(it, hosted, index, piped.take(), &out)? || index + 1 == count;
                if ends {
                    items.extend(out.into_items());
                } else {
                    piped = Some(out.into_items());
                }
            }
            Ok(())
        })
    });
    it.streams = before;
    let kept = streams(hosted);
    for ((name, _), queue) in STREAMS.iter().zip(&queues) {
        let written = std::mem::take(&mut *queue.borrow_mut());
        if *name == "Error" && !written.is_empty() {
            hosted.had_errors.set(true);
        }
        if let Value::Object(object) = &kept
            && let Some(Value::List(list)) = object.get_str(name)
        {
            list.items.borrow_mut().extend(written);
        }
    }
    if let Some(record) = ended? {
        hosted.had_errors.set(true);
        return invoke_failed(&record, 0).raise();
    }
    let object = NetType::PSObject.ty();
    Ok(Value::List(Rc::new(List::new(ListKind::Collection, object, items))))
}

/// Runs one command, and returns whether its statement ends with it.
fn run(
    it: &mut Interp,
    hosted: &Hosted,
    index: usize,
    input: Option<Vec<Value>>,
    out: &Collector,
) -> R<bool> {
    let (text, is_script, given, ends) = {
        let commands = hosted.commands.borrow();
        let Some(built) = commands.get(index) else { return Ok(true) };
        (built.text.clone(), built.is_script, built.given.clone(), built.ends_statement)
    };
    let given = given
        .into_iter()
        .map(|(name, value)| match name {
            Some(name) => Given::Named { name, value: Some(value), splatted: true },
            None => Given::Value(value),
        })
        .collect();
    let piped = input.is_some();
    let ready = if is_script {
        let source = Source::new("", &text);
        let block = match ps_syntax::parse(&source) {
            Ok(block) => block,
            Err(errors) => return Err(it.parse_error(&source, &errors)),
        };
        it.hoist(&block)?;
        it.script_command(ScriptBlock::new(block), "", Call { dot: true, piped, ..Call::of(given) })?
    } else {
        match it.find_command(&text) {
            Some(found) => it.ready(found, Call { invoked: text, piped, ..Call::of(given) })?,
            None => return it.not_found(&text),
        }
    };
    it.run_ready(ready, Span::default(), input, out)?;
    Ok(ends)
}
