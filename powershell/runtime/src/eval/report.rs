//! The display of errors: the ConciseView of PowerShell 7.

use ps_value::types::NetType;
use std::rc::Rc;

use super::Interp;
use ps_value::error::{Category, ErrorRecord};
use ps_value::{Str, Value};

impl Interp {
    /// Formats an error as the error stream shows it.
    pub fn error_view(&mut self, record: &Rc<ErrorRecord>) -> String {
        let message = record.text();
        let command = record.command.borrow().clone();
        let place = record.position.borrow().clone();
        let is_parse = record.category.get() == Category::ParserError;
        let Some(place) = place.filter(|p| !p.source.path.is_empty() || is_parse) else {
            let activity = record.activity.borrow().clone();
            let head = if activity.is_empty() {
                if command.is_empty() { "Error".to_owned() } else { command.to_string() }
            } else {
                activity.to_string()
            };
            return format!("{head}: {message}\n");
        };
        let (line, column) = place.source.position(place.span.start);
        let text = place.source.line(line).trim_end();
        let (end_line, end_column) = place.source.position(place.span.end);
        let width = if end_line == line {
            end_column.saturating_sub(column)
        } else {
            text.chars().count().saturating_sub(column - 1)
        };
        let name = if command.is_empty() || is_parse {
            if is_parse { "ParserError".to_owned() } else { record.reason.borrow().to_string() }
        } else {
            command.to_string()
        };
        let number = format!("{line:>4}");
        let underline = format!("{}{}", " ".repeat(column.saturating_sub(1)), "~".repeat(width.max(1)));
        let head = if is_parse {
            format!("ParserError: {}:{line}:{column}", place.source.path)
        } else {
            format!("{name}: {}:{line}:{column}", place.source.path)
        };
        format!("{head}\nLine |\n{number} | {text}\n     | {underline}\n     | {message}\n")
    }

    /// Formats the stack: `at f, script.ps1: line 3`.
    pub fn stack_text(&self, span: ps_syntax::Span) -> String {
        let mut lines = Vec::new();
        let mut here = (self.source.clone(), span);
        for frame in self.frames.iter().rev() {
            let (line, _) = here.0.position(here.1.start);
            let file = if here.0.path.is_empty() { "<No file>" } else { &here.0.path };
            lines.push(format!("at {}, {file}: line {line}", frame.name));
            here = (frame.source.clone(), frame.span);
        }
        let (line, _) = here.0.position(here.1.start);
        let file = if here.0.path.is_empty() { "<No file>" } else { &here.0.path };
        lines.push(format!("at <ScriptBlock>, {file}: line {line}"));
        lines.join("\n")
    }

    /// Returns `$MyInvocation`.
    pub fn invocation_value(&mut self) -> Value {
        let frame = self.frames.last().cloned();
        let name: Str = frame.as_ref().map(|f| f.name.clone()).unwrap_or_else(|| self.source.name().into());
        let (line, column) = frame.as_ref().map_or((1, 1), |f| f.source.position(f.span.start));
        let text = frame.as_ref().map_or("", |f| f.source.line(line)).to_owned();
        let path = self.source.path.clone();
        let command = Value::record(
            NetType::FunctionInfo,
            vec![
                ("Name", Value::Str(name.clone())),
                ("Path", Value::from(path.as_str())),
                ("Definition", Value::from(path.as_str())),
                ("CommandType", Value::from("Function")),
            ],
        );
        Value::record(
            NetType::InvocationInfo,
            vec![
                ("MyCommand", command),
                ("InvocationName", Value::Str(frame.as_ref().map_or(name, |f| f.invoked.clone()))),
                ("ScriptName", Value::from(path.as_str())),
                ("ScriptLineNumber", Value::from(line)),
                ("OffsetInLine", Value::from(column)),
                ("Line", Value::from(text)),
                ("PSCommandPath", Value::from(path.as_str())),
                ("PSScriptRoot", Value::from(path.rsplit_once('/').map_or("", |(dir, _)| dir))),
                (
                    "BoundParameters",
                    self.lookup(ps_syntax::symbol::Sym::of("PSBoundParameters")).unwrap_or_default(),
                ),
                ("UnboundArguments", Value::array(Vec::new())),
                ("ExpectingInput", Value::Bool(false)),
            ],
        )
    }

    /// Returns the `InvocationInfo` of an error.
    pub fn error_invocation(&mut self, record: &ErrorRecord) -> Value {
        let place = record.position.borrow().clone();
        let command = record.command.borrow().clone();
        let (line, column, text, path) = match &place {
            Some(p) => {
                let (line, column) = p.source.position(p.span.start);
                (line, column, p.source.line(line).to_owned(), p.source.path.clone())
            }
            None => (0, 0, String::new(), String::new()),
        };
        let my_command = if command.is_empty() {
            Value::Null
        } else {
            Value::record(
                NetType::CmdletInfo,
                vec![("Name", Value::Str(command.clone())), ("CommandType", Value::from("Cmdlet"))],
            )
        };
        let position = if place.is_some() {
            format!("At {path}:{line} char:{column}\n+ {text}\n+ {}", "~".repeat(text.trim().len()))
        } else {
            String::new()
        };
        Value::record(
            NetType::InvocationInfo,
            vec![
                ("MyCommand", my_command),
                ("InvocationName", Value::Str(command)),
                ("ScriptName", Value::from(path)),
                ("ScriptLineNumber", Value::from(line)),
                ("OffsetInLine", Value::from(column)),
                ("Line", Value::from(text)),
                ("PositionMessage", Value::from(position)),
            ],
        )
    }
}
