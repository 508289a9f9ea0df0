//! CSV.

use ps_value::types::NetType;
use std::rc::Rc;

use super::{Cmdlet, CmdletInfo, Cx, Gather};
use ps_value::error::{Category, Fault, R};
use ps_value::{Object, Shape, Str, Value, text};

pub(crate) const CMDLETS: &[CmdletInfo] = &[
    CmdletInfo {
        name: "ConvertTo-Csv",
        class: "ConvertToCsvCommand",
        params: "InputObject: object pipe mandatory | Delimiter: char @1 | UseCulture: switch | IncludeTypeInformation: switch alias=ITI | NoTypeInformation: switch alias=NTI | QuoteFields: string[] alias=QF | UseQuotes: string alias=UQ",
        default_set: "",
        make: || Box::new(ToCsv::default()),
    },
    CmdletInfo {
        name: "Export-Csv",
        class: "ExportCsvCommand",
        params: "InputObject: object pipe mandatory | Path: string @0 | LiteralPath: string alias=PSPath,LP | Force: switch | NoClobber: switch alias=NoOverwrite | Encoding: string | Append: switch | Delimiter: char @1 | UseCulture: switch | IncludeTypeInformation: switch alias=ITI | NoTypeInformation: switch alias=NTI | QuoteFields: string[] alias=QF | UseQuotes: string alias=UQ",
        default_set: "",
        make: || Box::new(ToCsv::default()),
    },
    CmdletInfo {
        name: "ConvertFrom-Csv",
        class: "ConvertFromCsvCommand",
        params: "InputObject: string[] @0 pipe mandatory empty null | Delimiter: char @1 | UseCulture: switch | Header: string[]",
        default_set: "",
        make: || {
            Gather::of(|cx, items| {
                let lines: Vec<String> = items.iter().flat_map(Value::to_items).map(|v| text(&v)).collect();
                let source = lines.join("\n");
                read(cx, &source)
            })
        },
    },
    CmdletInfo {
        name: "Import-Csv",
        class: "ImportCsvCommand",
        params: "Path: string[] @0 pipe byname | LiteralPath: string[] byname alias=PSPath,LP | Delimiter: char @1 | UseCulture: switch | Header: string[] | Encoding: string",
        default_set: "",
        make: || {
            Box::new(super::Each(|cx| {
                for (path, _) in files(cx)? {
                    let bytes = match cx.it.host.read(&path) {
                        Ok(bytes) => bytes,
                        Err(why) => {
                            let fault = cx.it.io_fault(&path, &why);
                            return cx.fail(Fault { id: "FileOpenFailure".into(), ..fault });
                        }
                    };
                    let encoding =
                        cx.text("Encoding").and_then(|e| ps_value::encoding::named(&e)).unwrap_or("");
                    let source = ps_value::encoding::decode(&bytes, encoding);
                    read(cx, &source)?;
                }
                Ok(())
            }))
        },
    },
];

/// Returns the files of `Import-Csv`. A missing file ends the cmdlet.
fn files(cx: &mut Cx<'_>) -> R<Vec<(String, bool)>> {
    let mut found = Vec::new();
    let mut paths = cx.strings("Path");
    paths.extend(cx.strings("LiteralPath"));
    for path in paths {
        let full = match cx.it.place(&path)? {
            ps_runtime::provider::Place::File(full) => full,
            ps_runtime::provider::Place::Item(..) => path.clone(),
        };
        if ps_runtime::eval::operators::Wildcard::has(&path) {
            found.extend(ps_runtime::paths::glob(cx.it, &path).into_iter().map(|p| (p, false)));
        } else if cx.it.host.metadata(&full).is_none() {
            let message = format!("Could not find file '{full}'.");
            return cx.fail(
                Fault::new(NetType::FileNotFoundException, "FileOpenFailure", Category::OpenError, message)
                    .of(full),
            );
        } else {
            found.push((full, false));
        }
    }
    Ok(found)
}

#[derive(Default)]
struct ToCsv {
    columns: Vec<Str>,
    shape: Option<Rc<Shape>>,
    out: String,
    started: bool,
    rows: usize,
    /// Whether the file already has headers, with `-Append`.
    appended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Always,
    AsNeeded,
    Never,
}

fn delimiter(cx: &mut Cx<'_>) -> char {
    if cx.flag("UseCulture") {
        return cx.it.culture.list_separator().chars().next().unwrap_or(',');
    }
    cx.text("Delimiter").and_then(|d| d.chars().next()).unwrap_or(',')
}

fn field(out: &mut String, text: &str, delimiter: char, quotes: Quotes) {
    let needs =
        || text.contains(['"', '\n', '\r', delimiter]) || text.starts_with(' ') || text.ends_with(' ');
    let quoted = match quotes {
        Quotes::Always => true,
        Quotes::AsNeeded => needs(),
        Quotes::Never => false,
    };
    if !quoted {
        out.push_str(text);
        return;
    }
    out.push('"');
    if text.contains('"') {
        out.push_str(&text.replace('"', "\"\""));
    } else {
        out.push_str(text);
    }
    out.push('"');
}

impl ToCsv {
    fn quotes(cx: &mut Cx<'_>, column: &str) -> Quotes {
        let fields = cx.strings("QuoteFields");
        if !fields.is_empty() {
            return if fields.iter().any(|f| ps_syntax::symbol::same(f, column)) {
                Quotes::Always
            } else {
                Quotes::Never
            };
        }
        match cx.text("UseQuotes").unwrap_or_default().to_lowercase().as_str() {
            "never" => Quotes::Never,
            "asneeded" => Quotes::AsNeeded,
            _ => Quotes::Always,
        }
    }

    fn start(&mut self, cx: &mut Cx<'_>, item: &Value) -> R<()> {
        self.started = true;
        let is_export = cx.info.name == "Export-Csv";
        if is_export && cx.flag("Append") {
            let path = cx.text("Path").or_else(|| cx.text("LiteralPath")).unwrap_or_default();
            if cx.it.is_file(&path) {
                let body = cx.it.read_text(&path)?;
                if let Some(first) = body.lines().find(|l| !l.starts_with('#')) {
                    self.columns = records(first, delimiter(cx))
                        .into_iter()
                        .next()
                        .unwrap_or_default()
                        .into_iter()
                        .map(Str::from)
                        .collect();
                    self.appended = !self.columns.is_empty();
                }
            }
        }
        if self.appended {
            let names = cx.it.property_names(item);
            let missing =
                self.columns.iter().find(|c| !names.iter().any(|n| ps_syntax::symbol::same(n, c))).cloned();
            if let (Some(missing), false) = (missing, cx.flag("Force")) {
                let path = cx.text("Path").unwrap_or_default();
                let message = format!(
                    "Cannot append CSV content to the following file: {path}. The appended object does not have a property that corresponds to the following column: {missing}. To continue with mismatched properties, add the -Force parameter, and then retry the command."
                );
                return cx.fail(
                    Fault::new(
                        NetType::InvalidOperationException,
                        "CannotAppendCsvWithMismatchedPropertyNames",
                        Category::InvalidData,
                        message,
                    )
                    .of(&*missing),
                );
            }
            return Ok(());
        }
        self.columns = cx.it.property_names(item);
        if cx.flag("IncludeTypeInformation") {
            let name = cx.it.type_names(item).first().cloned().unwrap_or_default();
            self.out.push_str(&format!("#TYPE {name}\n"));
        }
        let separator = delimiter(cx);
        for (i, column) in self.columns.clone().iter().enumerate() {
            if i > 0 {
                self.out.push(separator);
            }
            let quotes = Self::quotes(cx, column);
            field(&mut self.out, column, separator, quotes);
        }
        self.out.push('\n');
        Ok(())
    }

    fn row(&mut self, cx: &mut Cx<'_>, item: &Value, separator: char, plain: Option<Quotes>) -> R<()> {
        // Rows of the same shape need no check of their names.
        let values = match item {
            Value::Object(object) if self.shape.as_ref().is_some_and(|s| Rc::ptr_eq(s, &object.shape())) => {
                Some(object.values())
            }
            _ => None,
        };
        for i in 0..self.columns.len() {
            if i > 0 {
                self.out.push(separator);
            }
            let Some(column) = self.columns.get(i).cloned() else { continue };
            let value = match &values {
                Some(values) => values.get(i).cloned().unwrap_or_default(),
                None => cx.it.property(item, &column)?.unwrap_or_default(),
            };
            let quotes = match plain {
                Some(quotes) => quotes,
                None => Self::quotes(cx, &column),
            };
            match &value {
                Value::Null | Value::Void => {}
                Value::Str(text) => field(&mut self.out, text, separator, quotes),
                Value::Array(_) | Value::List(_) => {
                    field(&mut self.out, &ps_value::text::type_text(&value), separator, quotes)
                }
                other => {
                    let text = cx.it.shown(other);
                    field(&mut self.out, &text, separator, quotes);
                }
            }
        }
        self.out.push('\n');
        self.rows += 1;
        Ok(())
    }
}

impl Cmdlet for ToCsv {
    fn process(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let Some(item) = cx.input.clone().or_else(|| cx.get("InputObject")) else { return Ok(()) };
        let items = if cx.input.is_some() { vec![item] } else { item.to_items() };
        for item in items {
            if !self.started {
                self.start(cx, &item)?;
                if let Value::Object(object) = &item
                    && object.members.borrow().is_empty()
                    && object.native.borrow().is_none()
                {
                    let shape = object.shape();
                    if shape.names.len() == self.columns.len()
                        && shape.names.iter().zip(&self.columns).all(|((_, a), b)| a == b)
                    {
                        self.shape = Some(shape);
                    }
                }
            }
            let separator = delimiter(cx);
            let plain =
                if cx.has("QuoteFields") || cx.has("UseQuotes") { None } else { Some(Quotes::Always) };
            self.row(cx, &item, separator, plain)?;
        }
        Ok(())
    }

    fn end(&mut self, cx: &mut Cx<'_>) -> R<()> {
        let out = std::mem::take(&mut self.out);
        if cx.info.name == "ConvertTo-Csv" {
            return lines(&out).try_for_each(|line| cx.put(Value::from(line)));
        }
        let Some(path) = cx.text("Path").or_else(|| cx.text("LiteralPath")) else {
            return cx.fail(Fault::new(
                NetType::InvalidOperationException,
                "CannotSpecifyPathAndLiteralPath",
                Category::InvalidData,
                "You must specify either the -Path or -LiteralPath parameters, but not both.",
            ));
        };
        let full = cx.it.full_path(&path);
        if cx.flag("NoClobber") && !cx.flag("Append") && cx.it.is_file(&path) {
            let message = format!("The file '{full}' already exists.");
            return cx.fail(
                Fault::new(NetType::IOException, "NoClobber", Category::ResourceExists, message).of(full),
            );
        }
        if !cx.should("Export-Csv", &path) {
            return Ok(());
        }
        let encoding = cx.text("Encoding").and_then(|e| ps_value::encoding::named(&e)).unwrap_or("utf-8");
        let append = cx.flag("Append");
        let bytes = ps_value::encoding::encode(&out, encoding, !append);
        if let Err(why) = cx.it.host.write(&full, &bytes, append) {
            let (kind, message) = if why.kind() == std::io::ErrorKind::NotFound {
                (NetType::DirectoryNotFoundException, format!("Could not find a part of the path '{full}'."))
            } else {
                (NetType::UnauthorizedAccessException, format!("Access to the path '{full}' is denied."))
            };
            return cx.fail(Fault::new(kind, "FileOpenFailure", Category::OpenError, message));
        }
        Ok(())
    }
}

/// Returns the records of a text, which may contain line ends within quotes.
fn lines(text: &str) -> impl Iterator<Item = String> {
    let mut out: Vec<String> = Vec::new();
    let mut quoted = false;
    let mut line = String::new();
    for c in text.chars() {
        if c == '"' {
            quoted = !quoted;
        }
        if c == '\n' && !quoted {
            out.push(std::mem::take(&mut line));
        } else {
            line.push(c);
        }
    }
    if !line.is_empty() {
        out.push(line);
    }
    out.into_iter()
}

/// Returns the fields of each record.
pub(crate) fn records(source: &str, delimiter: char) -> Vec<Vec<String>> {
    let separator = u8::try_from(u32::from(delimiter)).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(source.as_bytes());
    reader.records().flatten().map(|r| r.iter().map(str::to_owned).collect()).collect()
}

fn read(cx: &mut Cx<'_>, source: &str) -> R<()> {
    let mut body = source;
    if body.starts_with("#TYPE") {
        body = body.split_once('\n').map_or("", |(_, rest)| rest);
    }
    let separator = u8::try_from(u32::from(delimiter(cx))).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(body.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut header = cx.strings("Header");
    if header.is_empty() {
        if !reader.read_record(&mut record).unwrap_or(false) {
            return Ok(());
        }
        header = record.iter().map(|f| f.trim_start().to_owned()).collect();
    }
    let mut names: Vec<Str> = Vec::new();
    let mut missing = 0;
    for name in &header {
        if names.iter().any(|n| ps_syntax::symbol::same(n, name)) && !name.is_empty() {
            let message = format!("The member \"{name}\" is already present.");
            return cx.fail(Fault::new(
                NetType::ExtendedTypeSystemException,
                "AlreadyPresentPSMemberInfoInternalCollectionAdd",
                Category::NotSpecified,
                message,
            ));
        }
        if name.is_empty() {
            missing += 1;
            names.push(format!("H{missing}").into());
        } else {
            names.push(name.as_str().into());
        }
    }
    if header.iter().any(String::is_empty) {
        cx.it.write_warning("One or more headers were not specified. Default names starting with \"H\" have been used in place of any missing headers.", None)?;
    }
    let shape = Rc::new(Shape::of(names));
    let count = shape.names.len();
    let open_end = !body.ends_with(['\n', '"']);
    while reader.read_record(&mut record).unwrap_or(false) {
        let mut values = Vec::with_capacity(count);
        for i in 0..count {
            values.push(match record.get(i) {
                // A text that ends after a delimiter has no field there.
                Some("")
                    if i + 1 == record.len() && open_end && reader.position().byte() >= body.len() as u64 =>
                {
                    Value::Null
                }
                Some(field) => Value::from(field),
                None => Value::Null,
            });
        }
        cx.it.tick(ps_syntax::Span::default())?;
        cx.put(Value::Object(Rc::new(Object::shaped(shape.clone(), values))))?;
    }
    Ok(())
}
