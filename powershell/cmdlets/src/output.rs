//! The `Write-` cmdlets.

use super::{CmdletInfo, Cx, Each};
use ps_runtime::eval::streams::{Action, HostText};
use ps_value::error::{Category, ErrorRecord, Fault, R};
use ps_value::types::NetType;
use ps_value::{Str, Value};

pub(crate) const CMDLETS: &[CmdletInfo] = &[
    CmdletInfo {
        name: "Write-Output",
        class: "WriteOutputCommand",
        params: "InputObject: object[] @0 rest pipe mandatory null empty | NoEnumerate: switch",
        default_set: "",
        make: || Box::new(Each(write_output)),
    },
    CmdletInfo {
        name: "Write-Host",
        class: "WriteHostCommand",
        params: "Object: object @0 rest pipe alias=Msg,Message | NoNewline: switch | Separator: object | ForegroundColor: consolecolor | BackgroundColor: consolecolor",
        default_set: "",
        make: || Box::new(Each(write_host)),
    },
    CmdletInfo {
        name: "Write-Error",
        class: "WriteErrorCommand",
        params: "Exception: exception set=WithException mandatory | Message: string @0 pipe set=NoException,WithException null empty alias=Msg | ErrorRecord: object set=ErrorRecord mandatory | Category: string | ErrorId: string | TargetObject: object | RecommendedAction: string | CategoryActivity: string alias=Activity | CategoryReason: string alias=Reason",
        default_set: "NoException",
        make: || Box::new(Each(write_error)),
    },
    CmdletInfo {
        name: "Write-Warning",
        class: "WriteWarningCommand",
        params: "Message: string @0 mandatory pipe empty alias=Msg",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                let message = cx.text("Message").unwrap_or_default();
                let action = cx.bound.common.warning_action.as_deref().map(Action::parse);
                cx.it.write_warning(&message, action)
            }))
        },
    },
    CmdletInfo {
        name: "Write-Verbose",
        class: "WriteVerboseCommand",
        params: "Message: string @0 mandatory pipe empty alias=Msg",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                let message = cx.text("Message").unwrap_or_default();
                let on = cx.bound.common.verbose;
                cx.it.write_verbose(&message, on)
            }))
        },
    },
    CmdletInfo {
        name: "Write-Debug",
        class: "WriteDebugCommand",
        params: "Message: string @0 mandatory pipe empty alias=Msg",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                let message = cx.text("Message").unwrap_or_default();
                let on = cx.bound.common.debug;
                cx.it.write_debug(&message, on)
            }))
        },
    },
    CmdletInfo {
        name: "Write-Information",
        class: "WriteInformationCommand",
        params: "MessageData: object @0 mandatory pipe alias=Msg,Message | Tags: string[] @1",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                let data = cx.get("MessageData").unwrap_or_default();
                let tags = cx.strings("Tags").into_iter().map(Str::from).collect();
                let action = cx.bound.common.information_action.as_deref().map(Action::parse);
                cx.it.write_information(data, None, tags, action)
            }))
        },
    },
    CmdletInfo {
        name: "Write-Progress",
        class: "WriteProgressCommand",
        params: "Activity: string @0 mandatory | Status: string @1 | Id: int @2 | PercentComplete: int | SecondsRemaining: int | CurrentOperation: string | ParentId: int | Completed: switch | SourceId: int",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                let activity = cx.text("Activity").unwrap_or_default();
                let status = cx.text("Status").unwrap_or_default();
                let percent = cx.integer("PercentComplete").and_then(|p| i32::try_from(p).ok());
                if cx.it.preference("ProgressPreference") != Action::SilentlyContinue {
                    cx.it.host.progress(&activity, &status, percent);
                }
                Ok(())
            }))
        },
    },
];

fn write_output(cx: &mut Cx<'_>) -> R<()> {
    if cx.input.is_some() {
        let value = cx.input.clone().unwrap_or_default();
        return cx.put(value);
    }
    let value = cx.get("InputObject").unwrap_or_default();
    if cx.flag("NoEnumerate") {
        let value = match value.items() {
            Some(mut items) if items.len() == 1 => items.pop().unwrap_or_default(),
            _ => value,
        };
        return cx.put(value);
    }
    // Each of several arguments is opened; a single one was opened when it was bound.
    match value.base() {
        Value::Array(array) => {
            let items = array.items.borrow().clone();
            let several = items.len() > 1;
            items.into_iter().try_for_each(|item| if several { cx.emit(item) } else { cx.put(item) })
        }
        _ => cx.emit(value),
    }
}

fn write_host(cx: &mut Cx<'_>) -> R<()> {
    let separator = cx.text("Separator").unwrap_or_else(|| " ".into());
    let value = cx.get("Object").unwrap_or(Value::Void);
    let shown = joined(cx, &value, &separator);
    let no_newline = cx.flag("NoNewline");
    let action = cx.bound.common.information_action.as_deref().map(Action::parse);
    cx.it.write_information(Value::from(shown), Some(HostText { no_newline }), vec!["PSHOST".into()], action)
}

fn joined(cx: &mut Cx<'_>, value: &Value, separator: &str) -> String {
    match value.base() {
        Value::Array(_) | Value::List(_) => {
            let items = value.items().unwrap_or_default();
            let texts: Vec<String> = items.iter().map(|item| joined(cx, item, separator)).collect();
            texts.join(separator)
        }
        Value::Dict(dict) if !dict.is_set() => {
            let texts: Vec<String> =
                dict.pairs().iter().map(|_| NetType::DictionaryEntry.to_string()).collect();
            texts.join(separator)
        }
        _ => cx.it.shown(value),
    }
}

fn write_error(cx: &mut Cx<'_>) -> R<()> {
    let record = match (cx.get("ErrorRecord"), cx.get("Exception")) {
        (Some(Value::Error(record)), _) => record,
        (_, exception) => {
            let message = cx.text("Message");
            let id = cx.text("ErrorId");
            let category =
                cx.text("Category").and_then(|c| Category::parse(&c)).unwrap_or(Category::NotSpecified);
            let target = cx.get("TargetObject").unwrap_or_default();
            match exception {
                Some(exception) => {
                    let id = id.unwrap_or_else(|| ps_runtime::types::type_of(&exception).full_name());
                    let record = ErrorRecord::new(exception, id.into(), category, target);
                    if let Some(message) = message.filter(|m| !m.is_empty()) {
                        *record.details.borrow_mut() = Some(message.into());
                    }
                    record
                }
                None => {
                    let id = id.unwrap_or_else(|| NetType::WriteErrorException.to_string());
                    Fault::new(NetType::WriteErrorException, &id, category, message.unwrap_or_default())
                        .of(target)
                        .record()
                }
            }
        }
    };
    // The error belongs to the function or script that writes it.
    let frame = cx.it.frames.last().cloned();
    let name = frame.as_ref().map_or_else(String::new, |f| {
        if &*f.name == "<ScriptBlock>" { String::new() } else { f.name.to_string() }
    });
    if !record.qualified.get() {
        if !name.is_empty() {
            let id = format!("{},{name}", record.id.borrow());
            *record.id.borrow_mut() = id.into();
        }
        record.qualified.set(true);
        *record.activity.borrow_mut() =
            cx.text("CategoryActivity").unwrap_or_else(|| "Write-Error".into()).into();
    }
    if let Some(reason) = cx.text("CategoryReason") {
        *record.reason.borrow_mut() = reason.into();
    }
    *record.command.borrow_mut() = "Write-Error".into();
    if record.position.borrow().is_none()
        && let Some(frame) = frame
        && frame.span.end > frame.span.start
    {
        *record.position.borrow_mut() =
            Some(ps_value::error::Position { source: frame.source, span: frame.span });
    }
    let action = cx.action();
    cx.it.failed = true;
    cx.it.write_error(record, action)
}
