//! The streams besides the output: errors, warnings and others, and their destinations.

use ps_value::types::NetType;
use std::cell::RefCell;
use std::rc::Rc;

use super::Interp;
use crate::host::Stream;
use ps_value::error::{Category, ErrorRecord, Fault, Flow, R};
use ps_value::{Str, Value, text};

#[derive(Clone, Default)]
pub enum Target {
    #[default]
    Host,
    Nowhere,
    /// Into the output of the redirected command.
    Queue(Rc<RefCell<Vec<Value>>>),
}

/// The destinations of the streams 2 to 6.
#[derive(Clone, Default)]
pub struct Streams {
    pub targets: [Target; 7],
    /// The `-ErrorVariable` and similar parameters of the running commands.
    pub observers: Vec<Observer>,
}

#[derive(Clone)]
pub struct Observer {
    pub stream: u8,
    pub kept: Rc<RefCell<Vec<Value>>>,
}

impl Streams {
    pub fn target(&self, stream: u8) -> Target {
        self.targets.get(usize::from(stream)).cloned().unwrap_or_default()
    }
}

/// `Continue`, `Stop` and the other actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    SilentlyContinue,
    Stop,
    Continue,
    Inquire,
    Ignore,
}

impl Action {
    pub fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "silentlycontinue" | "0" => Self::SilentlyContinue,
            "stop" | "1" => Self::Stop,
            "inquire" | "3" => Self::Inquire,
            "ignore" | "4" => Self::Ignore,
            _ => Self::Continue,
        }
    }
}

/// A stream of details, which a preference or a common parameter turns on.
struct Detail {
    number: u8,
    preference: &'static str,
    stream: Stream,
    kind: NetType,
}

const VERBOSE: Detail = Detail {
    number: 4,
    preference: "VerbosePreference",
    stream: Stream::Verbose,
    kind: NetType::VerboseRecord,
};
const DEBUG: Detail =
    Detail { number: 5, preference: "DebugPreference", stream: Stream::Debug, kind: NetType::DebugRecord };

impl Interp {
    pub fn preference(&self, name: &str) -> Action {
        Action::parse(&text(&self.get(name)))
    }

    /// Writes an error that does not end the command.
    pub fn write_error(&mut self, record: Rc<ErrorRecord>, action: Option<Action>) -> R<()> {
        let action = action.unwrap_or_else(|| self.preference("ErrorActionPreference"));
        self.success = false;
        match action {
            Action::Ignore => Ok(()),
            Action::Stop | Action::Inquire => {
                record.ends_script.set(true);
                record.stopped.set(true);
                Err(Box::new(Flow::Error(record)))
            }
            Action::SilentlyContinue => {
                self.remember_error(&record);
                self.observe(2, &Value::Error(record));
                Ok(())
            }
            Action::Continue => {
                self.remember_error(&record);
                self.show_error(&record)
            }
        }
    }

    fn observe(&mut self, stream: u8, value: &Value) {
        for observer in self.streams.observers.iter().filter(|o| o.stream == stream) {
            observer.kept.borrow_mut().push(value.clone());
        }
    }

    /// Adds an error at the head of `$Error`.
    pub fn remember_error(&mut self, record: &Rc<ErrorRecord>) {
        let Some(Value::List(list)) = self.global.get_here(self.syms.error) else { return };
        let mut items = list.items.borrow_mut();
        if let Some(Value::Error(first)) = items.first()
            && Rc::ptr_eq(first, record)
        {
            return;
        }
        if self.lacking.len() < 256 {
            self.lacking.extend(crate::needs::lacks(record));
        }
        items.insert(0, Value::Error(record.clone()));
        items.truncate(256);
    }

    /// Sends an error to the error stream.
    pub fn show_error(&mut self, record: &Rc<ErrorRecord>) -> R<()> {
        self.observe(2, &Value::Error(record.clone()));
        match self.streams.target(2) {
            Target::Host => {
                let shown = self.error_view(record);
                self.host.error(record, &shown);
            }
            Target::Nowhere => {}
            Target::Queue(queue) => queue.borrow_mut().push(Value::Error(record.clone())),
        }
        Ok(())
    }

    /// Reports an uncaught error that has ended its statement.
    pub fn report_statement(&mut self, record: Rc<ErrorRecord>) -> R<()> {
        match self.preference("ErrorActionPreference") {
            Action::Stop | Action::Inquire => {
                record.ends_script.set(true);
                Err(Box::new(Flow::Error(record)))
            }
            Action::Ignore | Action::SilentlyContinue => {
                self.remember_error(&record);
                self.observe(2, &Value::Error(record));
                Ok(())
            }
            Action::Continue => {
                self.remember_error(&record);
                self.show_error(&record)
            }
        }
    }

    pub fn write_warning(&mut self, message: &str, action: Option<Action>) -> R<()> {
        let action = action.unwrap_or_else(|| self.preference("WarningPreference"));
        let value = Value::record(NetType::WarningRecord, vec![("Message", Value::from(message))]);
        match action {
            Action::Ignore | Action::SilentlyContinue => {
                self.observe(3, &value);
                return Ok(());
            }
            _ => self.observe(3, &value),
        }
        match self.streams.target(3) {
            Target::Host => self.host.message(Stream::Warning, message),
            Target::Nowhere => {}
            Target::Queue(queue) => queue.borrow_mut().push(value),
        }
        if action == Action::Stop {
            return stopped("WarningPreference", message);
        }
        Ok(())
    }

    pub fn write_verbose(&mut self, message: &str, on: Option<bool>) -> R<()> {
        self.write_detail(&VERBOSE, message, on)
    }

    pub fn write_debug(&mut self, message: &str, on: Option<bool>) -> R<()> {
        self.write_detail(&DEBUG, message, on)
    }

    fn write_detail(&mut self, detail: &Detail, message: &str, on: Option<bool>) -> R<()> {
        let action = match on {
            Some(true) => Action::Continue,
            Some(false) => Action::SilentlyContinue,
            None => self.preference(detail.preference),
        };
        if matches!(action, Action::SilentlyContinue | Action::Ignore) {
            return Ok(());
        }
        let value = Value::record(detail.kind, vec![("Message", Value::from(message))]);
        match self.streams.target(detail.number) {
            Target::Host => self.host.message(detail.stream, message),
            Target::Nowhere => {}
            Target::Queue(queue) => queue.borrow_mut().push(value),
        }
        if action == Action::Stop {
            return stopped(detail.preference, message);
        }
        Ok(())
    }

    /// Writes the output of `Write-Information` and `Write-Host`.
    pub fn write_information(
        &mut self,
        data: Value,
        host: Option<HostText>,
        tags: Vec<Str>,
        action: Option<Action>,
    ) -> R<()> {
        let shown = text(&data);
        let message = match &host {
            Some(_) => Value::record(
                NetType::HostInformationMessage,
                vec![
                    ("Message", Value::from(shown.as_str())),
                    ("NoNewLine", Value::Bool(host.as_ref().is_some_and(|h| h.no_newline))),
                ],
            ),
            None => data,
        };
        let record = Value::record(
            NetType::InformationRecord,
            vec![
                ("MessageData", message),
                ("Source", Value::from("")),
                ("Tags", Value::strings(tags.iter().map(ToString::to_string))),
            ],
        );
        self.observe(6, &record);
        let action = match (&host, action) {
            (_, Some(action)) => action,
            (Some(_), None) => Action::Continue,
            (None, None) => self.preference("InformationPreference"),
        };
        // Redirected records are written whether or not they are shown.
        let redirected = matches!(self.streams.target(6), Target::Queue(_));
        if action == Action::Ignore || host.is_none() && action == Action::SilentlyContinue && !redirected {
            return Ok(());
        }
        match self.streams.target(6) {
            Target::Host => match host {
                Some(host) => self.host.write_host(&shown, host.no_newline),
                None => self.host.message(Stream::Information, &shown),
            },
            Target::Nowhere => {}
            Target::Queue(queue) => queue.borrow_mut().push(record),
        }
        if action == Action::Stop {
            return stopped("InformationPreference", &shown);
        }
        Ok(())
    }
}

/// The text of `Write-Host`, with its colors and line end.
pub struct HostText {
    pub no_newline: bool,
}

fn stopped<T>(preference: &str, message: &str) -> R<T> {
    let why = format!(
        "The running command stopped because the preference variable \"{preference}\" or common parameter is set to Stop: {message}"
    );
    let record = Fault::new(
        NetType::ActionPreferenceStopException,
        "ActionPreferenceStop",
        Category::OperationStopped,
        why,
    )
    .record();
    record.ends_script.set(true);
    Err(Box::new(Flow::Error(record)))
}
