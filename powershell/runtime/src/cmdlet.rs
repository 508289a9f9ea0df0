//! Cmdlets and their context.

use std::cell::RefCell;
use std::rc::Rc;

use ps_syntax::symbol::{Map, Sym};
use ps_value::error::{Category, Fault, R};
use ps_value::params::ParamTable;
use ps_value::types::NetType;
use ps_value::{Value, text};

use crate::eval::bind::Bound;
use crate::eval::{Interp, Sink};

/// A cmdlet: its name, its .NET class, its parameters.
pub struct CmdletInfo {
    pub name: &'static str,
    /// The class name without `Microsoft.PowerShell.Commands.`.
    pub class: &'static str,
    /// The declarations of the parameters, in the form of [`ParamTable::parse`].
    pub params: &'static str,
    pub default_set: &'static str,
    pub make: fn() -> Box<dyn Cmdlet>,
}

/// The work of a cmdlet at the beginning, for each object, and at the end.
pub trait Cmdlet {
    fn begin(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let _ = cx;
        Ok(())
    }

    fn process(&mut self, cx: &mut Cx<'_>) -> R<()>;

    fn end(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let _ = cx;
        Ok(())
    }
}

/// A cmdlet without state that does the same for each object.
pub struct Each(pub fn(&mut Cx<'_>) -> R<()>);

impl Cmdlet for Each {
    fn process(&mut self, cx: &mut Cx<'_>) -> R<()> {
        (self.0)(cx)
    }
}

/// A cmdlet that needs all objects: they are collected, and it runs at the end.
pub struct Gather {
    pub run: fn(&mut Cx<'_>, Vec<Value>) -> R<()>,
    pub items: Vec<Value>,
}

impl Gather {
    pub fn of(run: fn(&mut Cx<'_>, Vec<Value>) -> R<()>) -> Box<dyn Cmdlet> {
        Box::new(Self { run, items: Vec::new() })
    }
}

impl Cmdlet for Gather {
    fn process(&mut self, cx: &mut Cx<'_>) -> R<()> {
        if let Some(input) = &cx.input {
            self.items.push(input.clone());
        } else if let Some(value) = cx.get("InputObject") {
            self.items.push(value);
        }
        Ok(())
    }

    fn end(&mut self, cx: &mut Cx<'_>) -> R<()> {
        (self.run)(cx, std::mem::take(&mut self.items))
    }
}

/// The context of a cmdlet.
pub struct Cx<'a> {
    pub it: &'a mut Interp,
    pub bound: &'a Bound,
    pub table: &'a ParamTable,
    pub out: &'a dyn Sink,
    /// The object from the pipeline.
    pub input: Option<Value>,
    pub info: &'static CmdletInfo,
    pub piped: bool,
    pub class: &'a str,
}

impl Cx<'_> {
    pub fn get(&self, name: &str) -> Option<Value> {
        self.bound.get(self.table, name).cloned()
    }

    pub fn has(&self, name: &str) -> bool {
        self.bound.get(self.table, name).is_some()
    }

    pub fn flag(&self, name: &str) -> bool {
        self.bound.get(self.table, name).is_some_and(Value::truth)
    }

    pub fn text(&mut self, name: &str) -> Option<String> {
        let value = self.get(name)?;
        Some(self.it.to_text(&value))
    }

    pub fn integer(&self, name: &str) -> Option<i64> {
        self.bound.get(self.table, name)?.as_integer()
    }

    pub fn strings(&self, name: &str) -> Vec<String> {
        self.bound.get(self.table, name).map(|v| v.to_items().iter().map(text).collect()).unwrap_or_default()
    }

    pub fn values(&self, name: &str) -> Vec<Value> {
        self.bound.get(self.table, name).map(Value::to_items).unwrap_or_default()
    }

    /// Refuses to sort text in a culture with its own order.
    pub fn check_order(&mut self) -> R<()> {
        let given = self.text("Culture");
        let culture = match &given {
            Some(name) => ps_value::culture::find(name),
            None => Some(self.it.culture.clone()),
        };
        let why = match culture {
            Some(culture) if culture.sorts_as_english() => return Ok(()),
            Some(culture) => format!(
                "The culture {} has its own order of letters, which is not built in. Cultures such as en-US, de-DE, fr-FR, it-IT and the invariant one support sorting.",
                culture.name
            ),
            None => crate::types::culture::unknown(given.as_deref().unwrap_or_default()),
        };
        let kind = NetType::CultureNotFoundException;
        self.fail(Fault::new(kind, "CultureNotSupported", Category::InvalidArgument, why))
    }

    pub fn put(&mut self, value: Value) -> R<()> {
        self.out.put(self.it, value)
    }

    pub fn emit(&mut self, value: Value) -> R<()> {
        self.it.emit(value, self.out)
    }

    /// Returns an error that ends the cmdlet's statement.
    pub fn fail<T>(&mut self, fault: Fault) -> R<T> {
        fault.raise()
    }

    /// Returns whether this is the parameter set.
    pub fn in_set(&self, name: &str) -> bool {
        self.bound.set == Some(Sym::of(name))
    }

    /// Returns whether to act. With `-WhatIf`, it prints the action instead.
    pub fn should(&mut self, action: &str, target: &str) -> bool {
        let what_if = self.bound.common.what_if.unwrap_or_else(|| self.it.get("WhatIfPreference").truth());
        if what_if {
            self.it.host.write_host(
                &format!("What if: Performing the operation \"{action}\" on target \"{target}\"."),
                false,
            );
        }
        !what_if
    }
}

thread_local! {
    static PARSED: RefCell<Map<&'static str, Rc<ParamTable>>> = RefCell::default();
}

/// Returns the parameters of a cmdlet, parsed once.
pub fn table(info: &'static CmdletInfo) -> Rc<ParamTable> {
    PARSED.with_borrow_mut(|parsed| {
        parsed
            .entry(info.name)
            .or_insert_with(|| Rc::new(ParamTable::parse(info.params, info.default_set)))
            .clone()
    })
}

pub fn class_name(info: &CmdletInfo) -> String {
    if info.class.is_empty() {
        info.name.to_owned()
    } else {
        format!("Microsoft.PowerShell.Commands.{}", info.class)
    }
}
