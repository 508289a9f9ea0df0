//! Dates, random numbers, waiting, formatting and what fits nowhere else.

use super::dates::{Random, get_date, new_time_span};
use super::formatting::{format_items, out_string};
use super::{CmdletInfo, Cx, Each, Gather};
use crate::eval::Interp;
use crate::eval::overload::split_signature;
use crate::types::culture;
use crate::types::{Declared, Ty, type_of};
use ps_value::error::{Category, Fault, R};
use ps_value::net::Net;
use ps_value::types::NetType;
use ps_value::{MemberKind, ObjectKind, TimeSpan, Value, text};

pub const CMDLETS: &[CmdletInfo] = &[
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
                let guid = crate::types::new_guid(cx.it);
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
                cx.it.run_block(&block, &crate::eval::Nowhere)?;
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
                let file = crate::types::net::file_value(cx.it, &path, false, None);
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
                for (path, _) in super::items::existing(cx)? {
                    let bytes = match cx.it.host.read(&path) {
                        Ok(bytes) => bytes,
                        Err(why) => {
                            let fault = cx.it.io_fault(&path, &why);
                            cx.error(fault)?;
                            continue;
                        }
                    };
                    let hash: String = crate::types::digest(&algorithm, &[], &bytes)
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

pub fn host_value() -> Value {
    let size = Value::custom([("Width".into(), Value::Int(120)), ("Height".into(), Value::Int(50))]);
    let raw = Value::custom([
        ("WindowTitle".into(), Value::from("")),
        ("BufferSize".into(), size.clone()),
        ("WindowSize".into(), size),
        ("ForegroundColor".into(), Value::from("Gray")),
        ("BackgroundColor".into(), Value::from("Black")),
    ]);
    let ui = Value::custom([("RawUI".into(), raw), ("SupportsVirtualTerminal".into(), Value::Bool(false))]);
    Value::record(
        NetType::InternalHost,
        vec![
            ("Name", Value::from("ConsoleHost")),
            ("Version", ps_value::net::version([7, 0, 13, -1])),
            ("UI", ui),
            ("CurrentCulture", culture::value_of(ps_value::culture::default())),
            ("CurrentUICulture", culture::value_of(ps_value::culture::default())),
        ],
    )
}

impl Interp {
    /// The pipeline stage that is to stop.
    pub fn stopping(&mut self) -> u64 {
        self.stage
    }

    /// Name, kind and definition of each member, as `Get-Member` shows them.
    pub fn member_list(&mut self, value: &Value) -> Vec<(String, &'static str, String)> {
        let mut found: Vec<(String, &'static str, String)> = Vec::new();
        let names = self.property_names(value);
        let declared = matches!(value.base(), Value::Object(_));
        for name in names {
            let own = self.property(value, &name).ok().flatten().unwrap_or_default();
            let kind = crate::types::member_type(value, &name);
            let shown = match kind {
                "NoteProperty" => format!(
                    "{} {name}={}",
                    if own.is_null() { "object".to_owned() } else { type_of(&own).short_name() },
                    text(&own)
                ),
                "ScriptProperty" => format!("System.Object {name} {{get=...;}}"),
                "AliasProperty" => format!("{name} = ..."),
                _ => format!(
                    "{} {name} {{get;set;}}",
                    if own.is_null() { NetType::Object.to_string() } else { type_of(&own).short_name() }
                ),
            };
            if declared || kind != "Property" {
                found.push((name.to_string(), kind, shown));
            }
        }
        let mut next = type_of(value).info();
        while let Some(info) = next {
            for member in crate::types::members(info.id) {
                match member {
                    Declared::Property(signature, _) if !declared => {
                        let (ty, name, _) = split_signature(signature);
                        found.push((name.to_owned(), "Property", format!("{ty} {name} {{get;}}")));
                    }
                    Declared::Settable(signature, ..) if !declared => {
                        let (ty, name, _) = split_signature(signature);
                        found.push((name.to_owned(), "Property", format!("{ty} {name} {{get;set;}}")));
                    }
                    Declared::Method(signature, _) => {
                        let (_, name, _) = split_signature(signature);
                        match found.iter_mut().find(|(n, kind, _)| n == name && *kind == "Method") {
                            Some((_, _, all)) => {
                                all.push_str(", ");
                                all.push_str(signature);
                            }
                            None => found.push((name.to_owned(), "Method", (*signature).to_owned())),
                        }
                    }
                    _ => {}
                }
            }
            next = info.base.map(NetType::info);
        }
        self.common_members(value, &mut found);
        found
    }

    fn common_members(&mut self, value: &Value, found: &mut Vec<(String, &'static str, String)>) {
        if let Value::Object(object) = value.base() {
            for member in object.members.borrow().iter() {
                if let MemberKind::Method(_) = member.kind {
                    found.push((
                        member.name.to_string(),
                        "ScriptMethod",
                        format!("System.Object {}();", member.name),
                    ));
                }
            }
            if let ObjectKind::Class(class) = &object.kind {
                for method in class
                    .methods
                    .borrow()
                    .iter()
                    .filter(|m| !m.hidden && !m.is_static && m.name != class.name)
                {
                    let params: Vec<String> = method
                        .params
                        .iter()
                        .map(|(n, t, _)| {
                            format!("{} {n}", t.as_ref().map_or(NetType::Object.to_string(), Ty::short_name))
                        })
                        .collect();
                    let returns = method.returns.as_ref().map_or(
                        if method.returns_void { "void".to_owned() } else { NetType::Object.to_string() },
                        Ty::short_name,
                    );
                    found.push((
                        method.name.to_string(),
                        "Method",
                        format!("{returns} {}({})", method.name, params.join(", ")),
                    ));
                }
            }
        }
        for (name, definition) in [
            ("Equals", "bool Equals(System.Object obj)"),
            ("GetHashCode", "int GetHashCode()"),
            ("GetType", "type GetType()"),
            ("ToString", "string ToString()"),
        ] {
            if !found.iter().any(|(n, ..)| n == name) {
                found.push((name.to_owned(), "Method", definition.to_owned()));
            }
        }
    }

    pub fn static_members(&mut self, value: &Value) -> Vec<(String, &'static str, String)> {
        let ty = match value.base() {
            Value::Type(ty) => (**ty).clone(),
            other => type_of(other),
        };
        let mut found: Vec<(String, &'static str, String)> = Vec::new();
        for member in ty.info().map(|i| crate::types::members(i.id)).unwrap_or_default() {
            match member {
                Declared::Static(signature, _) => found.push((
                    split_signature(signature).1.to_owned(),
                    "Method",
                    format!("static {signature}"),
                )),
                Declared::StaticProperty(signature, _) => found.push((
                    split_signature(signature).1.to_owned(),
                    "Property",
                    format!("static {signature} {{get;}}"),
                )),
                _ => {}
            }
        }
        found
    }

    /// The methods or properties of an object, as objects.
    pub fn members_of(&mut self, value: &Value, methods: bool) -> R<Value> {
        let list = self.member_list(value);
        Ok(Value::array(
            list.into_iter()
                .filter(|(_, kind, _)| kind.contains("Method") == methods)
                .map(|(name, kind, definition)| {
                    Value::custom([
                        ("Name".into(), Value::from(name)),
                        ("MemberType".into(), Value::from(kind)),
                        ("Definition".into(), Value::from(definition)),
                    ])
                })
                .collect(),
        ))
    }
}

/// Everything that is known of an error, as text.
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
            lines.push(format!("{indent}Type    : {}", crate::types::type_of(&own).full_name()));
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
