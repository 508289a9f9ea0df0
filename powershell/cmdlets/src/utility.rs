//! Dates, random numbers, waiting, formatting and other utilities.

use super::dates::{Random, get_date, new_time_span};
use super::formatting::{format_items, out_string};
use super::{CmdletInfo, Cx, Each, Gather};
use ps_runtime::host_object::host_value;
use ps_runtime::types::culture;
use ps_value::error::{Category, Fault, R};
use ps_value::net::Net;
use ps_value::types::NetType;
use ps_value::{TimeSpan, Value, text};

pub(crate) const CMDLETS: &[CmdletInfo] = &[
    CmdletInfo {
        name: "Get-Date",
        class: "GetDateCommand",
        params: "Date: datetime @0 pipe byname alias=LastWriteTime | UnixTimeSeconds: long alias=UnixTime | Year: int | Month: int | Day: int | Hour: int | Minute: int | Second: int | Millisecond: int | DisplayHint: string | Format: string | UFormat: string | AsUTC: switch",
        default_set: "",
        make: || Box::new(Each(get_date)),
    },
    CmdletInfo {
        name: "New-TimeSpan",
        class: "NewTimeSpanCommand",
        params: "Start: datetime @0 pipe byname alias=LastWriteTime set=Date | End: datetime @1 set=Date | Days: int set=Time | Hours: int set=Time | Minutes: int set=Time | Seconds: int set=Time | Milliseconds: int set=Time",
        default_set: "Date",
        make: || Box::new(Each(new_time_span)),
    },
    CmdletInfo {
        name: "Start-Sleep",
        class: "StartSleepCommand",
        params: "Seconds: double @0 pipe set=Seconds mandatory | Milliseconds: int alias=ms set=Milliseconds mandatory",
        default_set: "Seconds",
        make: || {
            Box::new(Each(|cx| {
                let seconds = cx.get("Seconds").and_then(|v| v.as_double()).unwrap_or(0.0) * 1000.0;
                let milliseconds = cx.integer("Milliseconds").map_or(seconds, |m| m as f64);
                cx.it.sleep(milliseconds.max(0.0) as u64)
            }))
        },
    },
    CmdletInfo {
        name: "Get-Random",
        class: "GetRandomCommand",
        params: "Maximum: object @0 set=Number | InputObject: object[] @0 pipe null set=List,Shuffle mandatory | Minimum: object set=Number | Count: int set=Number,List | SetSeed: int | Shuffle: switch set=Shuffle",
        default_set: "Number",
        make: || Box::new(Random::default()),
    },
    CmdletInfo {
        name: "New-Guid",
        class: "NewGuidCommand",
        params: "",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                let guid = ps_runtime::types::new_guid(cx.it);
                cx.put(guid)
            }))
        },
    },
    CmdletInfo {
        name: "Measure-Command",
        class: "MeasureCommandCommand",
        params: "Expression: scriptblock @0 mandatory | InputObject: object pipe",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                let Some(Value::Block(block)) = cx.get("Expression") else { return Ok(()) };
                let before = cx.it.host.monotonic();
                cx.it.run_block(&block, &ps_runtime::eval::Nowhere)?;
                let after = cx.it.host.monotonic();
                cx.put(Value::TimeSpan(TimeSpan((after.saturating_sub(before) / 100) as i64)))
            }))
        },
    },
    CmdletInfo {
        name: "Get-Error",
        class: "GetErrorCommand",
        params: "InputObject: object @0 pipe set=Error | Newest: int set=Newest alias=Last",
        default_set: "Newest",
        make: || Box::new(Each(get_error)),
    },
    CmdletInfo {
        name: "Get-Culture",
        class: "GetCultureCommand",
        params: "Name: string[] @0 pipe set=Name | NoUserOverrides: switch | ListAvailable: switch set=List",
        default_set: "",
        make: || Box::new(Each(get_culture)),
    },
    CmdletInfo {
        name: "Get-UICulture",
        class: "GetUICultureCommand",
        params: "",
        default_set: "",
        make: || Box::new(Each(|cx| cx.put(culture::value_of(cx.it.ui_culture.clone())))),
    },
    CmdletInfo {
        name: "Get-TimeZone",
        class: "GetTimeZoneCommand",
        params: "Name: string[] @0",
        default_set: "",
        make: || Box::new(Each(|cx| cx.put(Value::net(Net::TimeZone("UTC".into()))))),
    },
    CmdletInfo {
        name: "Get-Host",
        class: "GetHostCommand",
        params: "",
        default_set: "",
        make: || Box::new(Each(|cx| cx.put(host_value()))),
    },
    CmdletInfo {
        name: "Clear-Host",
        class: "",
        params: "",
        default_set: "",
        make: || Box::new(Each(|_| Ok(()))),
    },
    CmdletInfo {
        name: "Read-Host",
        class: "ReadHostCommand",
        params: "Prompt: object @0 rest | AsSecureString: switch | MaskInput: switch",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                cx.fail(Fault::new(
                    NetType::PSInvalidOperationException,
                    "InvalidOperation",
                    Category::InvalidOperation,
                    "PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.",
                ))
            }))
        },
    },
    CmdletInfo {
        name: "Out-String",
        class: "OutStringCommand",
        params: "InputObject: object pipe null | Stream: switch | Width: int | NoNewline: switch",
        default_set: "",
        make: || Gather::of(out_string),
    },
    CmdletInfo {
        name: "Format-Table",
        class: "FormatTableCommand",
        params: "Property: object[] @0 | AutoSize: switch | HideTableHeaders: switch | Wrap: switch | GroupBy: object | Force: switch | InputObject: object pipe null",
        default_set: "",
        make: || Gather::of(|cx, items| format_items(cx, items, true)),
    },
    CmdletInfo {
        name: "Format-List",
        class: "FormatListCommand",
        params: "Property: object[] @0 | GroupBy: object | Force: switch | InputObject: object pipe null",
        default_set: "",
        make: || Gather::of(|cx, items| format_items(cx, items, false)),
    },
    CmdletInfo {
        name: "ConvertTo-SecureString",
        class: "ConvertToSecureStringCommand",
        params: "String: string @0 pipe mandatory | AsPlainText: switch | Force: switch",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                let secret = cx.text("String").unwrap_or_default();
                cx.put(Value::net(Net::SecureString(secret.into())))
            }))
        },
    },
    CmdletInfo {
        name: "ConvertFrom-SecureString",
        class: "ConvertFromSecureStringCommand",
        params: "SecureString: object @0 pipe mandatory | AsPlainText: switch",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                let Some(Value::Net(net)) = cx.get("SecureString") else { return Ok(()) };
                match (&*net, cx.flag("AsPlainText")) {
            (Net::SecureString(secret), true) => cx.put(Value::Str(secret.clone())),
            _ => cx.fail(Fault::new(NetType::PSNotSupportedException, "NotSupported", Category::NotImplemented, "Only ConvertFrom-SecureString -AsPlainText is available: there is no key to encrypt with in the sandbox.")),
        }
            }))
        },
    },
    CmdletInfo {
        name: "New-TemporaryFile",
        class: "NewTemporaryFileCommand",
        params: "",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                let path = format!(
                    "{}/tmp{:08x}.tmp",
                    cx.it.host.temporary_directory().trim_end_matches('/'),
                    cx.it.host.random() as u32
                );
                if let Err(why) = cx.it.host.write(&path, &[], false) {
                    let fault = cx.it.io_fault(&path, &why);
                    return cx.error(fault);
                }
                let file = ps_runtime::types::net::file_value(cx.it, &path, false, None);
                cx.put(file)
            }))
        },
    },
    CmdletInfo {
        name: "Get-FileHash",
        class: "",
        params: "Path: string[] @0 pipe byname mandatory set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory | InputStream: object set=Stream mandatory | Algorithm: string",
        default_set: "Path",
        make: || {
            Box::new(Each(|cx| {
                let algorithm = cx.text("Algorithm").unwrap_or_else(|| "SHA256".into()).to_uppercase();
                for (path, _) in super::given::existing(cx)? {
                    let bytes = match cx.it.host.read(&path) {
                        Ok(bytes) => bytes,
                        Err(why) => {
                            let fault = cx.it.io_fault(&path, &why);
                            cx.error(fault)?;
                            continue;
                        }
                    };
                    let hash: String = ps_runtime::types::digest(&algorithm, &[], &bytes)
                        .iter()
                        .map(|b| format!("{b:02X}"))
                        .collect();
                    cx.put(Value::record(
                        NetType::FileHashInfo,
                        vec![
                            ("Algorithm", Value::from(algorithm.as_str())),
                            ("Hash", Value::from(hash)),
                            ("Path", Value::from(path)),
                        ],
                    ))?;
                }
                Ok(())
            }))
        },
    },
];

fn get_culture(cx: &mut Cx<'_>) -> R<()> {
    if cx.flag("ListAvailable") {
        return culture::list(true, true).into_iter().try_for_each(|found| cx.put(found));
    }
    let names = cx.values("Name");
    if names.is_empty() {
        let current = cx.it.culture.clone();
        return cx.put(culture::value_of(current));
    }
    for name in names {
        let name = text(&name);
        match ps_value::culture::find(&name) {
            Some(found) => cx.put(culture::value_of(found))?,
            None => cx.error(
                Fault::new(
                    NetType::CultureNotFoundException,
                    "ItemNotFoundException",
                    Category::ObjectNotFound,
                    culture::unknown(&name),
                )
                .of(name),
            )?,
        }
    }
    Ok(())
}

/// Returns all known facts about an error as text.
fn get_error(cx: &mut Cx<'_>) -> R<()> {
    let records = match cx.get("InputObject") {
        Some(given) => vec![given],
        None => {
            let all = cx.it.get("Error").to_items();
            let newest = cx.integer("Newest").unwrap_or(1).max(0) as usize;
            all.into_iter().take(newest).collect()
        }
    };
    for record in records {
        let Value::Error(record) = record.base() else { continue };
        let mut lines = vec!["Exception             : ".to_owned()];
        let mut exception = Some(record.exception.clone());
        let mut indent = "    ".to_owned();
        while let Some(own) = exception {
            let message = ps_value::error::exception_message(&own);
            lines.push(format!("{indent}Type    : {}", ps_runtime::types::type_of(&own).full_name()));
            lines.push(format!("{indent}Message : {message}"));
            exception = ps_value::net::inner_exception(&own);
            if exception.is_some() {
                lines.push(format!("{indent}InnerException : "));
                indent.push_str("    ");
            }
        }
        let target = cx.it.to_text(&record.target);
        if !target.is_empty() {
            lines.push(format!("TargetObject          : {target}"));
        }
        lines.push(format!("CategoryInfo          : {}", record.category_text()));
        lines.push(format!("FullyQualifiedErrorId : {}", record.id.borrow()));
        if let (Some((line, column)), Some(position)) = (record.line(), &*record.position.borrow()) {
            lines.push("InvocationInfo        : ".to_owned());
            lines.push(format!("    ScriptLineNumber : {line}"));
            lines.push(format!("    OffsetInLine     : {column}"));
            lines.push(format!("    ScriptName       : {}", position.source.path));
            lines.push(format!("    Line             : {}", position.source.line(line).trim()));
        }
        lines.push(format!("ScriptStackTrace      : {}", record.stack.borrow()));
        cx.put(Value::from(format!("\n{}\n", lines.join("\n"))))?;
    }
    Ok(())
}
