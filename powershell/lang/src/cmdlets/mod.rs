//! The cmdlets: declared in one form, so that binding, help and error ids have one source.

mod archive;
mod clixml;
pub mod content;
pub mod core;
pub mod csv;
mod data_file;
pub mod dates;
pub mod files;
pub mod formatting;
pub mod items;
pub mod jobs;
pub mod json;
mod json_read;
pub mod members;
pub mod module;
pub mod objects;
pub mod output;
pub mod paths;
pub mod select;
mod session;
mod sqlcmd;
pub mod strings;
pub mod utility;
pub mod variables;
mod web;
mod xml;

use ps_value::types::NetType;
use std::cell::RefCell;
use std::rc::Rc;

use crate::eval::bind::Bound;
use crate::eval::{Interp, Sink};
use ps_syntax::symbol::{Map, Sym, fold};
use ps_value::error::{Fault, R};
use ps_value::params::ParamTable;
use ps_value::{Value, text};

/// A cmdlet: its name, its .NET class, its parameters.
pub struct CmdletInfo {
    pub name: &'static str,
    /// Without `Microsoft.PowerShell.Commands.`.
    pub class: &'static str,
    /// One declaration after the other; the form is that of [`ParamTable::parse`].
    pub params: &'static str,
    pub default_set: &'static str,
    pub make: fn() -> Box<dyn Cmdlet>,
}

/// What a cmdlet does, at the beginning, for each object, at the end.
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

/// A cmdlet that does the same for each object, and remembers nothing.
pub struct Each(pub fn(&mut Cx<'_>) -> R<()>);

impl Cmdlet for Each {
    fn process(&mut self, cx: &mut Cx<'_>) -> R<()> {
        (self.0)(cx)
    }
}

/// A cmdlet that needs all objects: they are gathered, and it runs at the end.
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

/// What a cmdlet works with.
pub struct Cx<'a> {
    pub it: &'a mut Interp,
    pub bound: &'a Bound,
    pub table: &'a ParamTable,
    pub out: &'a dyn Sink,
    /// The object of the pipeline.
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

    /// Refuses to order text by a culture that has an order of its own.
    pub fn check_order(&mut self) -> R<()> {
        let given = self.text("Culture");
        let culture = match &given {
            Some(name) => ps_value::culture::find(name),
            None => Some(self.it.culture.clone()),
        };
        let why = match culture {
            Some(culture) if culture.sorts_as_english() => return Ok(()),
            Some(culture) => format!(
                "The culture {} has an order of letters of its own, which is not built in. Cultures such as en-US, de-DE, fr-FR, it-IT and the invariant one can be sorted by.",
                culture.name
            ),
            None => crate::types::culture::unknown(given.as_deref().unwrap_or_default()),
        };
        let kind = NetType::CultureNotFoundException;
        self.fail(Fault::new(kind, "CultureNotSupported", ps_value::error::Category::InvalidArgument, why))
    }

    pub fn put(&mut self, value: Value) -> R<()> {
        self.out.put(self.it, value)
    }

    pub fn emit(&mut self, value: Value) -> R<()> {
        self.it.emit(value, self.out)
    }

    /// An error that ends the cmdlet's statement.
    pub fn fail<T>(&mut self, fault: Fault) -> R<T> {
        fault.raise()
    }

    /// Whether the set of parameters is this one.
    pub fn in_set(&self, name: &str) -> bool {
        self.bound.set == Some(Sym::of(name))
    }

    /// `-WhatIf` says what would be done instead of doing it.
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

static TABLES: &[&[CmdletInfo]] = &[
    core::CMDLETS,
    objects::CMDLETS,
    output::CMDLETS,
    utility::CMDLETS,
    variables::CMDLETS,
    items::CMDLETS,
    content::CONTENT,
    module::CMDLETS,
    json::CMDLETS,
    csv::CMDLETS,
    session::CMDLETS,
    sqlcmd::CMDLETS,
    archive::CMDLETS,
    clixml::CMDLETS,
    data_file::CMDLETS,
    jobs::CMDLETS,
    strings::CMDLETS,
    web::CMDLETS,
    xml::CMDLETS,
    crate::pester::CMDLETS,
];

/// Aliases that are there from the beginning.
static ALIASES: &[(&str, &str)] = &[
    ("%", "ForEach-Object"),
    ("?", "Where-Object"),
    ("foreach", "ForEach-Object"),
    ("where", "Where-Object"),
    ("select", "Select-Object"),
    ("sort", "Sort-Object"),
    ("group", "Group-Object"),
    ("measure", "Measure-Object"),
    ("compare", "Compare-Object"),
    ("diff", "Compare-Object"),
    ("gu", "Get-Unique"),
    ("gm", "Get-Member"),
    ("sls", "Select-String"),
    ("ft", "Format-Table"),
    ("fl", "Format-List"),
    ("fw", "Format-Wide"),
    ("fc", "Format-Custom"),
    ("tee", "Tee-Object"),
    ("iex", "Invoke-Expression"),
    ("icm", "Invoke-Command"),
    ("irm", "Invoke-RestMethod"),
    ("iwr", "Invoke-WebRequest"),
    ("gv", "Get-Variable"),
    ("sv", "Set-Variable"),
    ("set", "Set-Variable"),
    ("nv", "New-Variable"),
    ("rv", "Remove-Variable"),
    ("clv", "Clear-Variable"),
    ("gal", "Get-Alias"),
    ("sal", "Set-Alias"),
    ("nal", "New-Alias"),
    ("echo", "Write-Output"),
    ("write", "Write-Output"),
    ("oh", "Out-Host"),
    ("gci", "Get-ChildItem"),
    ("dir", "Get-ChildItem"),
    ("ls", "Get-ChildItem"),
    ("gi", "Get-Item"),
    ("ni", "New-Item"),
    ("ri", "Remove-Item"),
    ("rm", "Remove-Item"),
    ("del", "Remove-Item"),
    ("erase", "Remove-Item"),
    ("rd", "Remove-Item"),
    ("rmdir", "Remove-Item"),
    ("cpi", "Copy-Item"),
    ("copy", "Copy-Item"),
    ("cp", "Copy-Item"),
    ("mi", "Move-Item"),
    ("move", "Move-Item"),
    ("mv", "Move-Item"),
    ("rni", "Rename-Item"),
    ("ren", "Rename-Item"),
    ("si", "Set-Item"),
    ("cli", "Clear-Item"),
    ("gp", "Get-ItemProperty"),
    ("gpv", "Get-ItemPropertyValue"),
    ("sp", "Set-ItemProperty"),
    ("gc", "Get-Content"),
    ("cat", "Get-Content"),
    ("type", "Get-Content"),
    ("ac", "Add-Content"),
    ("clc", "Clear-Content"),
    ("gl", "Get-Location"),
    ("pwd", "Get-Location"),
    ("sl", "Set-Location"),
    ("cd", "Set-Location"),
    ("chdir", "Set-Location"),
    ("pushd", "Push-Location"),
    ("popd", "Pop-Location"),
    ("rvpa", "Resolve-Path"),
    ("cvpa", "Convert-Path"),
    ("gcm", "Get-Command"),
    ("gmo", "Get-Module"),
    ("ipmo", "Import-Module"),
    ("epcsv", "Export-Csv"),
    ("ipcsv", "Import-Csv"),
    ("sleep", "Start-Sleep"),
    ("cls", "Clear-Host"),
    ("clear", "Clear-Host"),
    ("gerr", "Get-Error"),
    ("gjb", "Get-Job"),
    ("sajb", "Start-Job"),
    ("rcjb", "Receive-Job"),
    ("wjb", "Wait-Job"),
    ("h", "Get-History"),
    ("history", "Get-History"),
    ("md", "mkdir"),
    ("gdr", "Get-PSDrive"),
    ("gps", "Get-Process"),
    ("ps", "Get-Process"),
    ("kill", "Stop-Process"),
    ("saps", "Start-Process"),
    ("start", "Start-Process"),
];

thread_local! {
    static BY_NAME: Map<String, &'static CmdletInfo> = all().map(|info| (fold(info.name).into_owned(), info)).collect();
    static BY_ALIAS: Map<&'static str, &'static str> = ALIASES.iter().copied().collect();
    static PARSED: RefCell<Map<&'static str, Rc<ParamTable>>> = RefCell::default();
}

/// Every cmdlet that is declared.
pub fn all() -> impl Iterator<Item = &'static CmdletInfo> {
    TABLES.iter().flat_map(|table| table.iter())
}

pub fn find(name: &str) -> Option<&'static CmdletInfo> {
    BY_NAME.with(|names| names.get(&*fold(name)).copied())
}

pub fn alias(name: &str) -> Option<&'static str> {
    BY_ALIAS.with(|aliases| aliases.get(&*fold(name)).copied())
}

pub fn aliases() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    ALIASES.iter()
}

/// The parameters of a cmdlet, parsed once.
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
