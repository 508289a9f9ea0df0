//! `Export-Clixml` and `Import-Clixml`.
//!
//! Source of the format: [MS-PSRP], "Serialization of objects", for the part that PowerShell writes to files.

use ps_value::types::NetType;
use std::rc::Rc;

use super::{CmdletInfo, Cx, Each, Gather};
use ps_runtime::eval::Interp;
use ps_runtime::types::conversion::base64_of;
use ps_runtime::types::lookup;
use ps_value::error::{Category, Fault, R};
use ps_value::net::Net;
use ps_value::xml::{Node, escape, parse_document};
use ps_value::{Dict, DictKind, List, ListKind, Str, Value, text};

const NAMESPACE: &str = "http://schemas.microsoft.com/powershell/2004/04";

pub(super) const CMDLETS: &[CmdletInfo] = &[
    CmdletInfo {
        name: "Export-Clixml",
        class: "ExportClixmlCommand",
        params: "Path: string @0 mandatory alias=PSPath,LP,LiteralPath | InputObject: object pipe mandatory null empty | Depth: int range=1..100 | Force: switch | NoClobber: switch alias=NoOverwrite",
        default_set: "",
        make: || Gather::of(export),
    },
    CmdletInfo {
        name: "Import-Clixml",
        class: "ImportClixmlCommand",
        params: "Path: string[] @0 pipe byname mandatory alias=PSPath,LP,LiteralPath | First: int | Skip: int",
        default_set: "",
        make: || Box::new(Each(import)),
    },
];

fn export(cx: &mut Cx<'_>, items: Vec<Value>) -> R<()> {
    let path = cx.text("Path").unwrap_or_default();
    let full = cx.it.full_path(&path);
    if cx.flag("NoClobber") && !cx.flag("Force") && cx.it.host.metadata(&full).is_some() {
        let message = format!("File {full} already exists and NoClobber was specified.");
        return cx
            .fail(Fault::new(NetType::IOException, "NoClobber", Category::ResourceExists, message).of(full));
    }
    let depth = cx.integer("Depth").unwrap_or(2).max(1) as usize;
    let mut writer = Writer { it: cx.it, out: String::new(), objects: 0 };
    writer.out.push_str(&format!("<Objs Version=\"1.1.0.1\" xmlns=\"{NAMESPACE}\">\n"));
    for item in &items {
        writer.value(item, None, depth, 1)?;
    }
    writer.out.push_str("</Objs>");
    let written = writer.out;
    cx.it.write_text(&path, &written, false)
}

struct Writer<'a> {
    it: &'a mut Interp,
    out: String,
    objects: usize,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value, name: Option<&str>, depth: usize, level: usize) -> R<()> {
        if let Some((tag, content)) = self.simple(value) {
            let content = escape(&coded(&content), false);
            return self.line(level, &format!("<{tag}{}>{content}</{tag}>", named(name)));
        }
        if value.is_null() {
            return self.line(level, &format!("<Nil{} />", named(name)));
        }
        let id = self.objects;
        self.objects += 1;
        self.line(level, &format!("<Obj{} RefId=\"{id}\">", named(name)))?;
        let names = self.it.type_names(value);
        self.line(level + 1, &format!("<TN RefId=\"{id}\">"))?;
        for name in &names {
            self.line(level + 2, &format!("<T>{}</T>", escape(name, false)))?;
        }
        self.line(level + 1, "</TN>")?;
        self.content(value, depth, level + 1)?;
        self.line(level, "</Obj>")
    }

    fn content(&mut self, value: &Value, depth: usize, level: usize) -> R<()> {
        match value.base() {
            Value::Enum(own) => {
                self.line(level, &format!("<ToString>{}</ToString>", escape(&text(value), false)))?;
                self.line(level, &format!("<I32>{}</I32>", own.value))
            }
            Value::Dict(dict) if !dict.is_set() => {
                self.line(level, "<DCT>")?;
                for (key, item) in dict.pairs() {
                    self.line(level + 1, "<En>")?;
                    self.value(&key, Some("Key"), depth, level + 2)?;
                    self.nested(&item, Some("Value"), depth, level + 2)?;
                    self.line(level + 1, "</En>")?;
                }
                self.line(level, "</DCT>")
            }
            Value::Array(_) | Value::List(_) => {
                self.line(level, "<LST>")?;
                for item in value.to_items() {
                    self.nested(&item, None, depth, level + 1)?;
                }
                self.line(level, "</LST>")
            }
            _ => {
                let custom = matches!(value.base(), Value::Object(o) if matches!(o.kind, ps_value::ObjectKind::Custom));
                let tag = if custom { "MS" } else { "Props" };
                if !custom {
                    let shown = self.it.to_text(value);
                    self.line(level, &format!("<ToString>{}</ToString>", escape(&coded(&shown), false)))?;
                }
                self.line(level, &format!("<{tag}>"))?;
                for name in self.it.property_names(value) {
                    let item = self.it.property(value, &name)?.unwrap_or_default();
                    self.nested(&item, Some(&name), depth, level + 1)?;
                }
                self.line(level, &format!("</{tag}>"))
            }
        }
    }

    /// Writes a value below the requested depth as its text.
    fn nested(&mut self, value: &Value, name: Option<&str>, depth: usize, level: usize) -> R<()> {
        if depth == 0 && !value.is_null() && self.simple(value).is_none() {
            let shown = self.it.to_text(value);
            return self.value(&Value::from(shown), name, 0, level);
        }
        self.value(value, name, depth.saturating_sub(1), level)
    }

    fn line(&mut self, level: usize, line: &str) -> R<()> {
        self.out.push_str(&"  ".repeat(level));
        self.out.push_str(line);
        self.out.push('\n');
        Ok(())
    }

    /// Returns the tag and the text of a simple value.
    fn simple(&mut self, value: &Value) -> Option<(&'static str, String)> {
        let shown = || text(value);
        Some(match value.base() {
            Value::Str(own) => ("S", own.to_string()),
            Value::Bool(own) | Value::Switch(own) => ("B", own.to_string()),
            Value::Char(own) => ("C", u32::from(*own).to_string()),
            Value::Int(_) => ("I32", shown()),
            Value::Long(_) => ("I64", shown()),
            Value::Byte(_) => ("By", shown()),
            Value::Double(own) => ("Db", format!("{own}")),
            Value::Decimal(_) => ("D", shown()),
            Value::DateTime(_) => ("DT", self.it.format_value(value, "o").ok()?),
            Value::TimeSpan(span) => ("TS", duration(span.0)),
            Value::Block(block) => ("SBK", block.text().to_owned()),
            Value::Array(array) if array.element.is(NetType::Byte) => {
                ("BA", base64_of(&ps_runtime::types::args::bytes(value)))
            }
            Value::Net(net) => match &**net {
                Net::Guid(_) => ("G", shown()),
                Net::Version(_) => ("Version", shown()),
                Net::Uri(own) => ("URI", own.clone()),
                Net::Xml(node) => ("XD", node.outer()),
                _ => return None,
            },
            _ => return None,
        })
    }
}

fn named(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!(" N=\"{}\"", escape(&coded(name), true)))
}

/// Encodes characters that XML cannot contain as `_xHHHH_`.
fn coded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c.is_control() || c == '_' && rest.get(1..2).is_some_and(|x| x.eq_ignore_ascii_case("x")) {
            out.push_str(&format!("_x{:04X}_", u32::from(c)));
        } else {
            out.push(c);
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    out
}

fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("_x") {
        out.push_str(before);
        let code = after.get(..4).filter(|_| after.get(4..5) == Some("_"));
        match code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = after.get(5..).unwrap_or_default();
            }
            None => {
                out.push_str("_x");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Formats ticks of 100 ns as `P1DT2H3M4.5S`.
fn duration(ticks: i64) -> String {
    let sign = if ticks < 0 { "-" } else { "" };
    let (seconds, rest) = (ticks.unsigned_abs() / 10_000_000, ticks.unsigned_abs() % 10_000_000);
    let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
    let part = |count: u64, unit: char| if count > 0 { format!("{count}{unit}") } else { String::new() };
    let fraction =
        if rest > 0 { format!(".{:07}", rest).trim_end_matches('0').to_owned() } else { String::new() };
    let seconds = match (seconds % 60, fraction.as_str()) {
        (0, "") => String::new(),
        (whole, fraction) => format!("{whole}{fraction}S"),
    };
    let time = format!("{}{}{seconds}", part(hours, 'H'), part(minutes, 'M'));
    match (days, time.is_empty()) {
        (0, true) => "PT0S".to_owned(),
        (days, true) => format!("{sign}P{days}D"),
        (days, false) => format!("{sign}P{}T{time}", part(days, 'D')),
    }
}

fn ticks(text: &str) -> Option<i64> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (days, time) = text.strip_prefix('P')?.split_once('T').unwrap_or((text.strip_prefix('P')?, ""));
    let mut seconds = days.strip_suffix('D').unwrap_or("0").parse::<f64>().ok()? * 86400.0;
    let mut number = String::new();
    for c in time.chars() {
        let unit = match c {
            'H' => 3600.0,
            'M' => 60.0,
            'S' => 1.0,
            c => {
                number.push(c);
                continue;
            }
        };
        seconds += std::mem::take(&mut number).parse::<f64>().ok()? * unit;
    }
    let ticks = (seconds * 1e7).round() as i64;
    Some(if negative { -ticks } else { ticks })
}

fn import(cx: &mut Cx<'_>) -> R<()> {
    for path in cx.strings("Path") {
        let source = cx.it.read_text(&path)?;
        let parsed = parse_document(&source).ok();
        let document = parsed.as_ref().and_then(|value| match value.base() {
            Value::Net(net) => match &**net {
                Net::Xml(node) => node.elements().into_iter().next(),
                _ => None,
            },
            _ => None,
        });
        let Some(root) = document.filter(|root| root.data().name == "Objs") else {
            let message = format!("{path} is not a file that Export-Clixml has written.");
            return cx.fail(
                Fault::new(NetType::XmlException, "XmlError", Category::InvalidData, message).of(path),
            );
        };
        let skip = cx.integer("Skip").unwrap_or(0).max(0) as usize;
        let first = cx.integer("First").map_or(usize::MAX, |first| first.max(0) as usize);
        let mut reader = Reader { it: cx.it, objects: Vec::new(), types: Vec::new() };
        let mut values = Vec::new();
        for element in root.elements() {
            values.push(reader.value(&element)?);
        }
        for value in values.into_iter().skip(skip).take(first) {
            cx.put(value)?;
        }
    }
    Ok(())
}

struct Reader<'a> {
    it: &'a mut Interp,
    /// Objects and lists of type names by number, for references.
    objects: Vec<(String, Value)>,
    types: Vec<(String, Vec<String>)>,
}

fn attribute(node: &Node, name: &str) -> Option<String> {
    node.attributes().into_iter().find(|a| a.data().name == name).map(|a| decoded(&a.data().value))
}

impl Reader<'_> {
    fn value(&mut self, node: &Node) -> R<Value> {
        let content = node.inner_text();
        let ty = match node.data().name.as_str() {
            "S" => return Ok(Value::from(decoded(&content))),
            "Nil" => return Ok(Value::Null),
            "B" => return Ok(Value::Bool(content.eq_ignore_ascii_case("true"))),
            "C" => {
                let c = content.parse().ok().and_then(char::from_u32).unwrap_or('\0');
                return self.convert(&c.to_string(), "char");
            }
            "TS" => {
                return Ok(ticks(&content).map_or(Value::Null, |t| Value::TimeSpan(ps_value::TimeSpan(t))));
            }
            "BA" => {
                let decoded = ps_runtime::types::conversion::from_base64(content.trim());
                return Ok(Value::bytes(&decoded.unwrap_or_default()));
            }
            "Obj" => return self.object(node),
            "Ref" => {
                let id = attribute(node, "RefId").unwrap_or_default();
                return Ok(self
                    .objects
                    .iter()
                    .find(|(own, _)| *own == id)
                    .map(|(_, v)| v.clone())
                    .unwrap_or_default());
            }
            "I32" => "int",
            "I64" => "long",
            "I16" => "int16",
            "U16" => "uint16",
            "U32" => "uint32",
            "U64" => "uint64",
            "SB" => "sbyte",
            "By" => "byte",
            "Db" => "double",
            "Sg" => "float",
            "D" => "decimal",
            "DT" => "datetime",
            "G" => "guid",
            "URI" => "uri",
            "Version" => "version",
            "XD" => "xml",
            _ => return Ok(Value::from(decoded(&content))),
        };
        self.convert(&content, ty)
    }

    fn convert(&mut self, content: &str, ty: &str) -> R<Value> {
        match lookup(ty) {
            Some(ty) => self.it.convert(&Value::from(content), &ty),
            None => Ok(Value::from(content)),
        }
    }

    fn object(&mut self, node: &Node) -> R<Value> {
        let id = attribute(node, "RefId").unwrap_or_default();
        let mut names: Vec<String> = Vec::new();
        let mut pairs: Vec<(Str, Value)> = Vec::new();
        let mut inner = None;
        for part in node.elements() {
            match part.data().name.as_str() {
                "TN" => {
                    names = part.elements().iter().map(Node::inner_text).collect();
                    self.types.push((attribute(&part, "RefId").unwrap_or_default(), names.clone()));
                }
                "TNRef" => {
                    let wanted = attribute(&part, "RefId").unwrap_or_default();
                    let found = self.types.iter().find(|(own, _)| *own == wanted);
                    names = found.map(|(_, names)| names.clone()).unwrap_or_default();
                }
                "MS" | "Props" => {
                    for property in part.elements() {
                        let name = attribute(&property, "N").unwrap_or_default();
                        let value = self.value(&property)?;
                        pairs.push((name.into(), value));
                    }
                }
                "LST" | "IE" | "QUE" | "STK" => {
                    let items = part.elements().iter().map(|item| self.value(item)).collect::<R<Vec<_>>>()?;
                    let array = names.first().is_none_or(|name| name.ends_with("[]"));
                    inner = Some(match array {
                        true => Value::array(items),
                        false => {
                            Value::List(Rc::new(List::new(ListKind::ArrayList, NetType::Object.ty(), items)))
                        }
                    });
                }
                "DCT" => {
                    let ordered = names.first().is_some_and(|name| name.contains("Ordered"));
                    let kind = if ordered { DictKind::Ordered } else { DictKind::Hashtable };
                    let dict = Dict::new(kind, true);
                    for entry in part.elements() {
                        let parts = entry.elements();
                        if let [key, value] = parts.as_slice() {
                            let (key, value) = (self.value(key)?, self.value(value)?);
                            dict.insert(&key, value);
                        }
                    }
                    inner = Some(Value::Dict(Rc::new(dict)));
                }
                "ToString" => {}
                _ if inner.is_none() => inner = Some(self.value(&part)?),
                _ => {}
            }
        }
        let value = match inner {
            Some(inner) if pairs.is_empty() => inner,
            _ => {
                let object = Value::custom(pairs);
                if let (Value::Object(own), false) = (&object, names.is_empty()) {
                    let plain =
                        |name: &String| name.contains("PSCustomObject") || name == NetType::Object.name();
                    let shown = |name: &String| {
                        let known = name.starts_with("Deserialized.") || plain(name);
                        Str::from(if known { name.clone() } else { format!("Deserialized.{name}") })
                    };
                    if !names.iter().all(plain) {
                        *own.type_names.borrow_mut() = names.iter().map(shown).collect();
                    }
                }
                object
            }
        };
        self.objects.push((id, value.clone()));
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::{coded, decoded, duration, ticks};

    #[test]
    fn texts_and_durations_come_back() {
        for text in ["plain", "a\nb", "_x0041_", "tab\there", ""] {
            assert_eq!(decoded(&coded(text)), text);
        }
        for span in [0, 1, 10_000_000, 937_840_050_000, -600_000_000, 864_000_000_000] {
            assert_eq!(ticks(&duration(span)), Some(span), "{}", duration(span));
        }
    }
}
