//! Dates, random numbers, waiting, formatting and what fits nowhere else.

use super::{Cmdlet, CmdletInfo, Cx, Each, Gather};
use crate::eval::Interp;
use crate::eval::call::split_signature;
use crate::eval::error::{Category, Fault, R};
use crate::format::{TableOptions, entry};
use crate::symbol::same;
use crate::types::net::Net;
use crate::types::{Declared, Ty, type_of};
use crate::value::{DateKind, DateTime, MemberKind, ObjectKind, TimeSpan, Value, text};

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
                cx.it.host.sleep(milliseconds.max(0.0) as u64);
                Ok(())
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
        name: "Get-Culture",
        class: "GetCultureCommand",
        params: "Name: string[] @0",
        default_set: "",
        make: || Box::new(Each(|cx| cx.put(Value::net(Net::Culture("en-US".into()))))),
    },
    CmdletInfo {
        name: "Get-UICulture",
        class: "GetUICultureCommand",
        params: "",
        default_set: "",
        make: || Box::new(Each(|cx| cx.put(Value::net(Net::Culture("en-US".into()))))),
    },
    CmdletInfo {
        name: "Get-TimeZone",
        class: "GetTimeZoneCommand",
        params: "Id: string[] | Name: string[] @0 | ListAvailable: switch",
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
                    "PSInvalidOperationException",
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
        params: "Property: object[] @0 | AutoSize: switch | HideTableHeaders: switch | Wrap: switch | RepeatHeader: switch | GroupBy: object | View: string | ShowError: switch | DisplayError: switch | Force: switch | Expand: string | InputObject: object pipe null",
        default_set: "",
        make: || Gather::of(|cx, items| format_items(cx, items, true)),
    },
    CmdletInfo {
        name: "Format-List",
        class: "FormatListCommand",
        params: "Property: object[] @0 | GroupBy: object | View: string | ShowError: switch | DisplayError: switch | Force: switch | Expand: string | InputObject: object pipe null",
        default_set: "",
        make: || Gather::of(|cx, items| format_items(cx, items, false)),
    },
    CmdletInfo {
        name: "ConvertTo-SecureString",
        class: "ConvertToSecureStringCommand",
        params: "String: string @0 pipe mandatory | SecureKey: object @1 | AsPlainText: switch | Force: switch | Key: byte[]",
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
        params: "SecureString: object @0 pipe mandatory | AsPlainText: switch | Key: byte[]",
        default_set: "",
        make: || {
            Box::new(Each(|cx| {
                let Some(Value::Net(net)) = cx.get("SecureString") else { return Ok(()) };
                match (&*net, cx.flag("AsPlainText")) {
            (Net::SecureString(secret), true) => cx.put(Value::Str(secret.clone())),
            _ => cx.fail(Fault::new("PSNotSupportedException", "NotSupported", Category::NotImplemented, "Only ConvertFrom-SecureString -AsPlainText is available: there is no key to encrypt with in the sandbox.")),
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
                    let fault = cx.it.io_fault(&path, &why, "");
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
                            let fault = cx.it.io_fault(&path, &why, "");
                            cx.error(fault)?;
                            continue;
                        }
                    };
                    let hash: String = crate::types::digest(&algorithm, &[], &bytes)
                        .iter()
                        .map(|b| format!("{b:02X}"))
                        .collect();
                    cx.put(Value::record(
                        "Microsoft.PowerShell.Commands.FileHashInfo",
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

/// Random numbers that a seed decides: xorshift64*.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// From `low` to one less than `high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let range = high.saturating_sub(low).max(1) as u64;
        low + (self.next() % range) as i64
    }

    pub fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
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
        "System.Management.Automation.Internal.Host.InternalHost",
        vec![
            ("Name", Value::from("ConsoleHost")),
            ("Version", crate::types::net::version([7, 0, 13, -1])),
            ("UI", ui),
            ("CurrentCulture", Value::from("en-US")),
        ],
    )
}

fn get_date(cx: &mut Cx<'_>) -> R<()> {
    use chrono::{Datelike, Timelike};
    let mut date = match cx.get("Date").as_ref().map(Value::base) {
        Some(Value::DateTime(date)) => *date,
        _ => match cx.integer("UnixTimeSeconds") {
            Some(seconds) => DateTime::new(
                crate::value::datetime::UNIX_EPOCH + seconds * crate::value::datetime::TICKS_PER_SECOND,
                DateKind::Local,
            )
            .unwrap_or(crate::value::datetime::MIN),
            None => DateTime::new(cx.it.host.now(), DateKind::Local).unwrap_or(crate::value::datetime::MIN),
        },
    };
    let parts = ["Year", "Month", "Day", "Hour", "Minute", "Second", "Millisecond"];
    if parts.iter().any(|p| cx.has(p)) {
        let at = date.chrono();
        let pick = |cx: &Cx<'_>, name: &str, own: u32| {
            cx.integer(name).and_then(|v| u32::try_from(v).ok()).unwrap_or(own)
        };
        let time =
            [pick(cx, "Hour", at.hour()), pick(cx, "Minute", at.minute()), pick(cx, "Second", at.second())];
        let fraction = cx
            .integer("Millisecond")
            .map_or(date.ticks() % crate::value::datetime::TICKS_PER_SECOND, |m| m * 10_000);
        match DateTime::from_parts(
            pick(cx, "Year", at.year() as u32) as i32,
            pick(cx, "Month", at.month()),
            pick(cx, "Day", at.day()),
            time,
            fraction,
            date.kind(),
        ) {
            Some(made) => date = made,
            None => {
                return cx.fail(Fault::new(
                    "System.ArgumentOutOfRangeException",
                    "System.ArgumentOutOfRangeException",
                    Category::NotSpecified,
                    "Year, Month, and Day parameters describe an un-representable DateTime.",
                ));
            }
        }
    }
    if cx.flag("AsUTC") {
        date = date.with_kind(DateKind::Utc);
    }
    if let Some(format) = cx.text("Format") {
        let format = match format.to_ascii_lowercase().as_str() {
            "filedate" => "yyyyMMdd".to_owned(),
            "filedatetime" => "yyyyMMddTHHmmssffff".to_owned(),
            "filedateuniversal" => "yyyyMMddZ".to_owned(),
            "filedatetimeuniversal" => "yyyyMMddTHHmmssffffZ".to_owned(),
            _ => format,
        };
        return match date.format(&format) {
            Some(text) => cx.put(Value::from(text)),
            None => cx.fail(Fault::new(
                "System.FormatException",
                "System.FormatException",
                Category::NotSpecified,
                "Input string was not in a correct format.",
            )),
        };
    }
    if let Some(format) = cx.text("UFormat") {
        return cx.put(Value::from(unix_format(date, &format)));
    }
    cx.put(Value::DateTime(date))
}

/// `-UFormat`: the conversions of `date(1)`.
fn unix_format(date: DateTime, format: &str) -> String {
    let mut out = String::new();
    let mut chars = format.trim_start_matches('+').chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let custom = match chars.next() {
            Some('Y') => "yyyy",
            Some('y') => "yy",
            Some('m') => "MM",
            Some('d') => "dd",
            Some('H') => "HH",
            Some('I') => "hh",
            Some('M') => "mm",
            Some('S') => "ss",
            Some('p') => "tt",
            Some('A') => "dddd",
            Some('a') => "ddd",
            Some('B') => "MMMM",
            Some('b' | 'h') => "MMM",
            Some('F') => "yyyy-MM-dd",
            Some('D') => "MM/dd/yy",
            Some('T') => "HH:mm:ss",
            Some('R') => "HH:mm",
            Some('Z') => "'+00'",
            Some('j') => {
                use chrono::Datelike;
                out.push_str(&format!("{:03}", date.date().ordinal()));
                continue;
            }
            Some('s') => {
                out.push_str(
                    &((date.ticks() - crate::value::datetime::UNIX_EPOCH)
                        / crate::value::datetime::TICKS_PER_SECOND)
                        .to_string(),
                );
                continue;
            }
            Some('n') => "'\n'",
            Some('t') => "'\t'",
            Some(other) => {
                out.push(other);
                continue;
            }
            None => break,
        };
        out.push_str(&date.custom(custom, 0).unwrap_or_default());
    }
    out
}

fn new_time_span(cx: &mut Cx<'_>) -> R<()> {
    if cx.has("Start") || cx.has("End") {
        let now = cx.it.host.now();
        let of = |cx: &Cx<'_>, name: &str| match cx.get(name).as_ref().map(Value::base) {
            Some(Value::DateTime(date)) => date.ticks(),
            _ => now,
        };
        let (start, end) = (of(cx, "Start"), of(cx, "End"));
        return cx.put(Value::TimeSpan(TimeSpan(end - start)));
    }
    let part = |cx: &Cx<'_>, name: &str, unit: i64| cx.integer(name).unwrap_or(0) * unit;
    let ticks = part(cx, "Days", 864_000_000_000)
        + part(cx, "Hours", 36_000_000_000)
        + part(cx, "Minutes", 600_000_000)
        + part(cx, "Seconds", 10_000_000)
        + part(cx, "Milliseconds", 10_000);
    cx.put(Value::TimeSpan(TimeSpan(ticks)))
}

#[derive(Default)]
struct Random {
    items: Vec<Value>,
}

impl Cmdlet for Random {
    fn begin(&mut self, cx: &mut Cx<'_>) -> R<()> {
        if let Some(seed) = cx.integer("SetSeed") {
            cx.it.random = Rng::new(seed as u64);
        }
        Ok(())
    }

    fn process(&mut self, cx: &mut Cx<'_>) -> R<()> {
        if cx.has("InputObject") {
            self.items.extend(cx.values("InputObject"));
            return Ok(());
        }
        let count = cx.integer("Count").unwrap_or(1).max(1);
        for _ in 0..count {
            let value = number_between(cx)?;
            cx.put(value)?;
        }
        Ok(())
    }

    fn end(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let mut items = std::mem::take(&mut self.items);
        let count =
            if cx.flag("Shuffle") { items.len() } else { cx.integer("Count").unwrap_or(1).max(0) as usize };
        for _ in 0..count.min(items.len()) {
            let at = cx.it.random.between(0, items.len() as i64) as usize;
            let item = items.swap_remove(at);
            cx.put(item)?;
        }
        Ok(())
    }
}

fn number_between(cx: &mut Cx<'_>) -> R<Value> {
    let (low, high) = (cx.get("Minimum"), cx.get("Maximum"));
    let real =
        |v: &Option<Value>| matches!(v.as_ref().map(Value::base), Some(Value::Double(_) | Value::Single(_)));
    if real(&low) || real(&high) {
        let (a, b) = (
            low.and_then(|v| v.as_double()).unwrap_or(0.0),
            high.and_then(|v| v.as_double()).unwrap_or(f64::MAX),
        );
        return Ok(Value::Double(a + cx.it.random.fraction() * (b - a)));
    }
    let long = crate::types::native("System.Int64");
    let wide = matches!(low.as_ref().map(Value::base), Some(Value::Long(_)))
        || matches!(high.as_ref().map(Value::base), Some(Value::Long(_)));
    let a = low.map(|v| cx.it.convert(&v, &long)).transpose()?.and_then(|v| v.as_integer()).unwrap_or(0);
    let b = high
        .map(|v| cx.it.convert(&v, &long))
        .transpose()?
        .and_then(|v| v.as_integer())
        .unwrap_or(i64::from(i32::MAX));
    if a >= b {
        let message =
            format!("The Minimum value ({a}) cannot be greater than or equal to the Maximum value ({b}).");
        return cx.fail(Fault::new(
            "System.ArgumentException",
            "MinGreaterThanOrEqualMax",
            Category::InvalidArgument,
            message,
        ));
    }
    let value = cx.it.random.between(a, b);
    Ok(if wide { Value::Long(value) } else { Value::Int(value as i32) })
}

fn out_string(cx: &mut Cx<'_>, items: Vec<Value>) -> R<()> {
    let width = cx.integer("Width").map(|w| w.max(1) as usize);
    let body = crate::format::to_text_width(cx.it, items, width)?;
    if cx.flag("Stream") {
        let body = body.strip_suffix('\n').unwrap_or(&body).to_owned();
        return body.split('\n').try_for_each(|line| cx.put(Value::from(line)));
    }
    let body = if cx.flag("NoNewline") { body.replace('\n', "") } else { body };
    cx.put(Value::from(body))
}

/// The columns of `-Property`.
fn wanted_columns(cx: &mut Cx<'_>, sample: &Value) -> R<Vec<crate::format::Column>> {
    use crate::format::{Align, Column};
    let mut columns = Vec::new();
    for property in cx.values("Property") {
        if let Value::Str(name) = property.base()
            && crate::eval::operators::Wildcard::has(name)
        {
            let pattern = crate::eval::operators::Wildcard::new(name, false);
            columns.extend(
                cx.it.property_names(sample).iter().filter(|n| pattern.matches(n)).map(|n| Column::named(n)),
            );
            continue;
        }
        let wanted = super::objects::wanted(&property);
        let mut label = wanted.label.clone().unwrap_or_default();
        if wanted.options.is_none()
            && let Some(own) = cx.it.property_names(sample).into_iter().find(|n| same(n, &label))
        {
            label = own;
        }
        let mut column = Column { label, by: wanted.by.clone(), format: None, align: None, width: None };
        if let Some(options) = &wanted.options {
            for (key, value) in options.pairs() {
                let key = text(&key).to_lowercase();
                if "formatstring".starts_with(&key) && !key.is_empty() {
                    column.format = Some(text(&value));
                } else if "alignment".starts_with(&key) && !key.is_empty() {
                    column.align =
                        Some(if same(&text(&value), "right") { Align::Right } else { Align::Left });
                } else if "width".starts_with(&key) && !key.is_empty() {
                    column.width = value.as_integer().map(|w| w.max(1) as usize);
                }
            }
        }
        columns.push(column);
    }
    Ok(columns)
}

fn format_items(cx: &mut Cx<'_>, items: Vec<Value>, table: bool) -> R<()> {
    let items: Vec<Value> = items.into_iter().filter(|v| !v.is_null()).collect();
    let Some(first) = items.first().cloned() else { return Ok(()) };
    let plain =
        !cx.has("Property") && !cx.has("GroupBy") && matches!(first.base(), Value::Str(_) | Value::Char(_))
            || first.is_number() && !cx.has("Property");
    if plain {
        let body = crate::format::to_text(cx.it, items)?;
        return cx.put(entry(body));
    }
    let group = cx.get("GroupBy").map(|g| super::objects::wanted(&g));
    let mut parts: Vec<(Option<String>, Vec<Value>)> = Vec::new();
    for item in items {
        let key = match &group {
            Some(by) => {
                let value = super::core::computed(cx.it, &item, &by.by)?;
                let shown = cx.it.to_text(&value);
                Some(format!("   {}: {shown}", by.label.clone().unwrap_or_default()))
            }
            None => None,
        };
        match parts.last_mut() {
            Some((own, list)) if *own == key => list.push(item),
            _ => parts.push((key, vec![item])),
        }
    }
    let mut body = String::from("\n");
    for (title, list) in parts {
        let Some(first) = list.first().cloned() else { continue };
        let mut columns = wanted_columns(cx, &first)?;
        if columns.is_empty() {
            columns = crate::format::default_columns(cx.it, &first, table); if table { columns.truncate(crate::format::MAX_COLUMNS); }
        }
        if let Some(title) = &title {
            body.push_str(&format!("{}{title}\n\n", if body == "\n" { "\n" } else { "" }));
        }
        if table {
            let options = TableOptions { hide_headers: cx.flag("HideTableHeaders"), wrap: cx.flag("Wrap") };
            body.push_str(&crate::format::table_of(cx.it, &list, &columns, &options)?);
            body.push('\n');
        } else {
            for item in &list {
                body.push_str(&crate::format::list_block(cx.it, item, &columns)?); } if !columns.is_empty() { body.push('\n'); }
        }
    }
    cx.put(entry(body))
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
                    if own.is_null() { "System.Object".to_owned() } else { type_of(&own).short_name() }
                ),
            };
            if declared || kind != "Property" {
                found.push((name.to_string(), kind, shown));
            }
        }
        let mut next = type_of(value).info();
        while let Some(info) = next {
            for member in info.members {
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
            next = crate::types::find(info.base).filter(|b| b.name != info.name);
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
                            format!("{} {n}", t.as_ref().map_or("System.Object".to_owned(), Ty::short_name))
                        })
                        .collect();
                    let returns = method.returns.as_ref().map_or(
                        if method.returns_void { "void".to_owned() } else { "System.Object".to_owned() },
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
        for member in ty.info().map(|i| i.members).unwrap_or_default() {
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
