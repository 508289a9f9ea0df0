//! The content of files.

use ps_value::types::NetType;
use std::io;

use super::given::{PATHS, existing, given};
use super::{Cmdlet, CmdletInfo, Cx, Each};
use ps_runtime::eval::operators::Wildcard;
use ps_runtime::paths::{glob, leaf, parent, path_not_found};
use ps_runtime::provider::Place;
use ps_value::error::{Category, Fault, R};
use ps_value::{Value, text};

pub(crate) const CONTENT: &[CmdletInfo] = &[
    CmdletInfo {
        name: "Get-Content",
        class: "GetContentCommand",
        params: "Path: string[] @0 pipe byname mandatory set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory | ReadCount: long | TotalCount: long alias=First,Head | Tail: int alias=Last | Filter: string | Include: string[] | Exclude: string[] | Force: switch | Delimiter: string | Wait: switch | Raw: switch | Encoding: string | AsByteStream: switch | Stream: string",
        default_set: "Path",
        make: || Box::new(Each(get_content)),
    },
    CmdletInfo {
        name: "Set-Content",
        class: "SetContentCommand",
        params: "Path: string[] @0 byname mandatory set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory | Value: object[] @1 pipe byname mandatory null empty | PassThru: switch | Filter: string | Force: switch | NoNewline: switch | Encoding: string | AsByteStream: switch",
        default_set: "Path",
        make: || Box::new(Write { append: false, values: Vec::new() }),
    },
    CmdletInfo {
        name: "Add-Content",
        class: "AddContentCommand",
        params: "Path: string[] @0 byname mandatory set=Path | LiteralPath: string[] byname alias=PSPath,LP set=LiteralPath mandatory | Value: object[] @1 pipe byname mandatory null empty | PassThru: switch | Filter: string | Force: switch | NoNewline: switch | Encoding: string | AsByteStream: switch",
        default_set: "Path",
        make: || Box::new(Write { append: true, values: Vec::new() }),
    },
    CmdletInfo {
        name: "Clear-Content",
        class: "ClearContentCommand",
        params: PATHS,
        default_set: "Path",
        make: || {
            Box::new(Each(|cx| {
                for (path, _) in existing(cx)? {
                    if let Err(why) = cx.it.host.write(&path, &[], false) {
                        let fault = cx.it.io_fault(&path, &why);
                        cx.error(fault)?;
                    }
                }
                Ok(())
            }))
        },
    },
    CmdletInfo {
        name: "Out-File",
        class: "OutFileCommand",
        params: "FilePath: string @0 alias=Path set=ByPath mandatory | LiteralPath: string byname alias=PSPath,LP set=ByLiteralPath mandatory | Encoding: string @1 | Append: switch | Force: switch | NoClobber: switch alias=NoOverwrite | Width: int | NoNewline: switch | InputObject: object pipe null",
        default_set: "ByPath",
        make: || Box::new(OutFile::default()),
    },
];

fn get_content(cx: &mut Cx<'_>) -> R<()> {
    for path in given(cx) {
        let place = cx.it.place(&path);
        let Some(Place::Item(drive, name)) = cx.report(place)? else { continue };
        match cx.it.drive_item(drive, &name) {
            Some(value) => cx.put(value)?,
            None => cx.error(path_not_found(&format!("{}:{name}", drive.name().to_lowercase())))?,
        }
    }
    let encoding = match cx.text("Encoding") {
        Some(name) => ps_value::encoding::named(&name).unwrap_or(""),
        None => "",
    };
    for (path, is_dir) in existing(cx)? {
        if is_dir {
            let message = format!("Access to the path '{path}' is denied.");
            cx.error(
                Fault::new(
                    NetType::UnauthorizedAccessException,
                    "GetContentReaderUnauthorizedAccessError",
                    Category::PermissionDenied,
                    message,
                )
                .of(path),
            )?;
            continue;
        }
        let bytes = match cx.it.host.read(&path) {
            Ok(bytes) => bytes,
            Err(why) => {
                let fault = cx.it.io_fault(&path, &why);
                cx.error(Fault { id: "GetContentReaderUnauthorizedAccessError".into(), ..fault })?;
                continue;
            }
        };
        if cx.flag("AsByteStream") {
            let value = Value::bytes(&bytes);
            if cx.flag("Raw") {
                cx.put(value)?
            } else {
                cx.emit(value)?
            }
            continue;
        }
        let body = ps_value::encoding::decode(&bytes, encoding);
        if cx.flag("Raw") {
            let value = Value::from(body);
            cx.put(value)?;
            continue;
        }
        put_lines(cx, &path, &body)?;
    }
    Ok(())
}

/// Returns a line with the notes that `Get-Content` adds. They are expensive, so only the notes that a script
/// uses stay.
fn noted(wanted: bool, path: &str, count: usize, value: Value) -> Value {
    if !wanted {
        return value;
    }
    let ext = ps_value::Ext::new(value, None);
    for (name, note) in [
        ("PSPath", Value::from(path)),
        ("PSParentPath", Value::from(parent(path))),
        ("PSChildName", Value::from(leaf(path))),
        ("ReadCount", Value::Long(count as i64)),
    ] {
        ext.set(ps_value::Member { name: name.into(), kind: ps_value::MemberKind::Note(note) });
    }
    Value::Ext(std::rc::Rc::new(ext))
}

fn put_lines(cx: &mut Cx<'_>, path: &str, body: &str) -> R<()> {
    let delimiter = cx.text("Delimiter");
    let mut lines: Vec<&str> = match &delimiter {
        None => body.split('\n').map(|l| l.strip_suffix('\r').unwrap_or(l)).collect(),
        Some(d) => body.split(d.as_str()).collect(),
    };
    if lines.last().is_some_and(|l| l.is_empty()) {
        lines.pop();
    }
    if let Some(total) = cx.integer("TotalCount") {
        lines.truncate(total.max(0) as usize);
    }
    if let Some(tail) = cx.integer("Tail") {
        let from = lines.len().saturating_sub(tail.max(0) as usize);
        lines.drain(..from);
    }
    let wanted = cx.it.notes;
    match cx.integer("ReadCount") {
        Some(0) => {
            let all = lines.into_iter().map(Value::from).collect();
            cx.put(Value::array(all))
        }
        Some(count) if count > 1 => lines
            .chunks(count as usize)
            .try_for_each(|chunk| cx.put(Value::array(chunk.iter().map(|l| Value::from(*l)).collect()))),
        _ => lines.into_iter().enumerate().try_for_each(|(i, line)| {
            let value = noted(wanted, path, i + 1, Value::from(line));
            cx.put(value)
        }),
    }
}

struct Write {
    append: bool,
    values: Vec<Value>,
}

impl Cmdlet for Write {
    fn process(&mut self, cx: &mut Cx<'_>) -> R<()> {
        self.values.extend(cx.values("Value"));
        Ok(())
    }

    fn end(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let encoding = cx.text("Encoding").and_then(|e| ps_value::encoding::named(&e)).unwrap_or("utf-8");
        let bytes = if cx.flag("AsByteStream") {
            self.values.iter().map(|v| v.as_integer().unwrap_or(0) as u8).collect()
        } else {
            let end = if cx.flag("NoNewline") { "" } else { "\n" };
            let mut body = String::new();
            for value in &self.values {
                body.push_str(&cx.it.to_text(value));
                body.push_str(end);
            }
            ps_value::encoding::encode(&body, encoding, !self.append)
        };
        let literal = cx.has("LiteralPath");
        for path in given(cx) {
            let place = cx.it.place(&path);
            let Some(place) = cx.report(place)? else { continue };
            let full = match place {
                Place::Item(drive, name) => {
                    let value = if self.values.len() == 1 {
                        self.values.first().cloned().unwrap_or_default()
                    } else {
                        Value::array(self.values.clone())
                    };
                    cx.it.set_drive_item(drive, &name, value)?;
                    continue;
                }
                Place::File(full) => full,
            };
            let targets = if !literal && Wildcard::has(&path) { glob(cx.it, &path) } else { vec![full] };
            for target in targets {
                if !cx.should("Set Content", &format!("Path: {target}")) {
                    continue;
                }
                if let Err(why) = cx.it.host.write(&target, &bytes, self.append) {
                    write_failed(cx, &target, &why)?;
                }
            }
        }
        if cx.flag("PassThru") {
            for value in std::mem::take(&mut self.values) {
                cx.put(value)?;
            }
        }
        Ok(())
    }
}

fn write_failed(cx: &mut Cx<'_>, path: &str, why: &io::Error) -> R<()> {
    if why.kind() == io::ErrorKind::NotFound {
        let message = format!("Could not find a part of the path '{path}'.");
        return cx.error(
            Fault::new(
                NetType::DirectoryNotFoundException,
                "GetContentWriterDirectoryNotFoundError",
                Category::ObjectNotFound,
                message,
            )
            .of(path),
        );
    }
    let fault = cx.it.io_fault(path, why);
    cx.error(Fault { id: "GetContentWriterUnauthorizedAccessError".into(), ..fault })
}

#[derive(Default)]
struct OutFile {
    items: Vec<Value>,
}

impl Cmdlet for OutFile {
    fn begin(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let path = cx.text("FilePath").or_else(|| cx.text("LiteralPath")).unwrap_or_default();
        if cx.flag("NoClobber") && !cx.flag("Append") && cx.it.is_file(&path) {
            let full = cx.it.full_path(&path);
            let message = format!("The file '{full}' already exists.");
            return cx.fail(
                Fault::new(NetType::IOException, "NoClobber", Category::ResourceExists, message).of(full),
            );
        }
        Ok(())
    }

    fn process(&mut self, cx: &mut Cx<'_>) -> R<()> {
        if let Some(item) = cx.input.clone().or_else(|| cx.get("InputObject")) {
            self.items.push(item);
        }
        Ok(())
    }

    fn end(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let path = cx.text("FilePath").or_else(|| cx.text("LiteralPath")).unwrap_or_default();
        let items = std::mem::take(&mut self.items);
        let body = if cx.flag("NoNewline") {
            items.iter().map(text).collect::<String>()
        } else {
            ps_runtime::format::to_text_width(cx.it, items, cx.integer("Width").map(|w| w.max(1) as usize))?
        };
        let encoding = cx.text("Encoding").and_then(|e| ps_value::encoding::named(&e)).unwrap_or("utf-8");
        let append = cx.flag("Append");
        let bytes = ps_value::encoding::encode(&body, encoding, !append);
        let full = match cx.it.place(&path)? {
            Place::File(full) => full,
            Place::Item(drive, name) => return cx.it.set_drive_item(drive, &name, Value::from(body)),
        };
        if let Err(why) = cx.it.host.write(&full, &bytes, append) {
            let message = if why.kind() == io::ErrorKind::NotFound {
                format!("Could not find a part of the path '{full}'.")
            } else {
                format!("Access to the path '{full}' is denied.")
            };
            let kind = if why.kind() == io::ErrorKind::NotFound {
                NetType::DirectoryNotFoundException
            } else {
                NetType::UnauthorizedAccessException
            };
            return cx.fail(Fault::new(kind, "FileOpenFailure", Category::OpenError, message));
        }
        Ok(())
    }
}
