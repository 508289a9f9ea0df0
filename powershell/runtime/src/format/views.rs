//! The properties that a type shows, and their layout.

use crate::eval::Interp;
use crate::eval::command::Resolved;
use ps_value::error::R;
use ps_value::net::Net;
use ps_value::types::NetType;
use ps_value::{ObjectKind, Str, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// A column of a table, or a line of a list.
#[derive(Clone)]
pub struct Column {
    pub label: Str,
    /// The name of a property, or a block.
    pub by: Value,
    pub format: Option<String>,
    pub align: Option<Align>,
    pub width: Option<usize>,
}

impl Column {
    pub fn named(name: &str) -> Self {
        Self { label: name.into(), by: Value::from(name), format: None, align: None, width: None }
    }

    fn aligned(name: &str, align: Align) -> Self {
        Self { align: Some(align), ..Self::named(name) }
    }

    /// Returns the value of an object. `None` when it has no such property.
    pub fn value(&self, it: &mut Interp, object: &Value) -> R<Option<Value>> {
        match self.by.base() {
            Value::Block(_) => {
                it.tries += 1;
                let result = crate::eval::computed(it, object, &self.by);
                it.tries -= 1;
                Ok(result.ok().map(|v| if let Value::Void = v { Value::Null } else { v }))
            }
            Value::Str(name) => it.property(object, name),
            _ => Ok(None),
        }
    }
}

#[derive(Clone)]
pub(super) enum Layout {
    Table(Vec<Column>),
    /// A list. Without columns, each object has its own.
    List(Vec<Column>),
    /// Lines in a format specific to the type.
    Lines,
}

pub(super) struct View {
    pub layout: Layout,
    /// The type of the view. Without one, any object joins the group.
    pub of: Option<String>,
    pub title: Option<String>,
}

impl View {
    pub(super) fn takes(&self, other: &Self) -> bool {
        match &self.of {
            None => true,
            Some(own) => other.of.as_ref() == Some(own) && self.title == other.title,
        }
    }
}

/// Returns every property as a column.
pub fn columns_of(it: &mut Interp, value: &Value) -> Vec<Column> {
    it.property_names(value).iter().map(|name| Column::named(name)).collect()
}

/// Returns the view of an object. `None` for values that print as a line.
pub(super) fn view_of(it: &mut Interp, value: &Value) -> Option<View> {
    let left = |names: &[&str]| names.iter().map(|n| Column::aligned(n, Align::Left)).collect::<Vec<_>>();
    let own = |name: &str, layout: Layout| Some(View { layout, of: Some(name.to_owned()), title: None });
    match value.base() {
        Value::Object(object) => {
            if let ObjectKind::Net(info) = &object.kind {
                if let Some(view) = record_view(info.name, value, it) {
                    return Some(view);
                }
                if !info.text_of.is_empty()
                    && !info.name.contains("MatchInfo")
                    && !info.name.contains("PathInfo")
                    && !info.name.contains("WebResponse")
                {
                    return None;
                }
            }
        }
        Value::Dict(dict) if !dict.is_set() => {
            let mut columns = left(&["Name", "Value"]);
            if let Some(first) = columns.first_mut() {
                first.width = Some(30);
            }
            return own("dictionary", Layout::Table(columns));
        }
        Value::DateTime(_) => return own(NetType::DateTime.name(), Layout::Lines),
        Value::TimeSpan(_) => {
            return own(
                NetType::TimeSpan.name(),
                Layout::List(
                    [
                        "Days",
                        "Hours",
                        "Minutes",
                        "Seconds",
                        "Milliseconds",
                        "Ticks",
                        "TotalDays",
                        "TotalHours",
                        "TotalMinutes",
                        "TotalSeconds",
                        "TotalMilliseconds",
                    ]
                    .iter()
                    .map(|n| Column::named(n))
                    .collect(),
                ),
            );
        }
        Value::Switch(_) => {
            return Some(View {
                layout: Layout::Table(vec![Column::named("IsPresent")]),
                of: None,
                title: None,
            });
        }
        Value::Type(_) => {
            return own(
                NetType::RuntimeType.name(),
                Layout::Table(left(&["IsPublic", "IsSerial", "Name", "BaseType"])),
            );
        }
        Value::Ref(_) => {
            return Some(View { layout: Layout::Table(vec![Column::named("Value")]), of: None, title: None });
        }
        Value::Net(net) => return net_view(it, net, value),
        _ => return None,
    }
    let columns = columns_of(it, value);
    if columns.is_empty() {
        return None;
    }
    let layout = if columns.len() <= 4 { Layout::Table(columns) } else { Layout::List(Vec::new()) };
    Some(View { layout, of: None, title: None })
}

fn net_view(it: &mut Interp, net: &Net, value: &Value) -> Option<View> {
    let left = |names: &[&str]| names.iter().map(|n| Column::aligned(n, Align::Left)).collect::<Vec<_>>();
    let own = |name: &str, layout: Layout| Some(View { layout, of: Some(name.to_owned()), title: None });
    match net {
        Net::Entry(..) => {
            let mut columns = left(&["Name", "Value"]);
            if let Some(first) = columns.first_mut() {
                first.width = Some(30);
            }
            own("dictionary", Layout::Table(columns))
        }
        Net::Version(_) => {
            own(NetType::Version.name(), Layout::Table(left(&["Major", "Minor", "Build", "Revision"])))
        }
        Net::Guid(_) => own(NetType::Guid.name(), Layout::List(vec![Column::named("Guid")])),
        Net::File(file) => {
            let title = format!("    Directory: {}", crate::paths::parent(&file.path));
            let mut columns = vec![
                Column::aligned("Mode", Align::Left),
                Column::aligned("LastWriteTime", Align::Right),
                Column::aligned("Length", Align::Right),
                Column::aligned("Name", Align::Left),
            ];
            for (column, width) in columns.iter_mut().zip([5, 26, 14]) {
                column.width = Some(width);
            }
            if let Some(column) = columns.get_mut(1) {
                column.format = Some("{0:d} {0,10:t}".into());
            }
            Some(View { layout: Layout::Table(columns), of: Some("file".into()), title: Some(title) })
        }
        Net::Culture(_) => {
            let mut columns = left(&["LCID", "Name", "DisplayName"]);
            for (column, width) in columns.iter_mut().zip([16, 16]) {
                column.width = Some(width);
            }
            own("culture", Layout::Table(columns))
        }
        Net::NumberFormat(..) | Net::DateFormat(..) | Net::TextInfo(_) => {
            Some(View { layout: Layout::List(Vec::new()), of: None, title: None })
        }
        net if net.other::<Resolved>().is_some() => {
            own("command", Layout::Table(left(&["CommandType", "Name", "Version", "Source"])))
        }
        Net::Exception(_)
        | Net::StringBuilder(_)
        | Net::Match(_)
        | Net::Group(..)
        | Net::Stopwatch(_)
        | Net::Uri(_)
        | Net::Credential(..)
        | Net::DateOffset(..)
        | Net::Property(..)
        | Net::Xml(_) => {
            let columns = columns_of(it, value);
            let layout = if columns.len() <= 4 { Layout::Table(columns) } else { Layout::List(Vec::new()) };
            Some(View { layout, of: None, title: None })
        }
        _ => None,
    }
}

/// Returns the view of a record.
fn record_view(name: &str, value: &Value, it: &mut Interp) -> Option<View> {
    let left = |names: &[&str]| names.iter().map(|n| Column::aligned(n, Align::Left)).collect::<Vec<_>>();
    let table = |columns: Vec<Column>| {
        Some(View { layout: Layout::Table(columns), of: Some(name.to_owned()), title: None })
    };
    match name.rsplit('.').next().unwrap_or_default() {
        "GroupInfo" => {
            let mut columns = vec![
                Column::aligned("Count", Align::Right),
                Column::aligned("Name", Align::Left),
                Column::aligned("Group", Align::Left),
            ];
            if let Some(count) = columns.first_mut() {
                count.width = Some(5);
            }
            if let Some(name) = columns.get_mut(1) {
                name.width = Some(25);
            }
            if it.property(value, "Group").ok().flatten().is_none() {
                columns.pop();
            }
            table(columns)
        }
        "PSVariable" => {
            let mut columns = left(&["Name", "Value"]);
            if let Some(first) = columns.first_mut() {
                first.width = Some(30);
            }
            table(columns)
        }
        "MemberDefinition" => {
            let ty = it.property(value, "TypeName").ok().flatten().unwrap_or_default();
            let title = format!("   TypeName: {}", ps_value::text(&ty));
            Some(View {
                layout: Layout::Table(left(&["Name", "MemberType", "Definition"])),
                of: Some(name.to_owned()),
                title: Some(title),
            })
        }
        "PathInfo" => table(left(&["Path"])),
        "FileHashInfo" => table(left(&["Algorithm", "Hash", "Path"])),
        "AliasInfo" => table(left(&["CommandType", "DisplayName", "Version", "Source"])),
        "MatchInfo" => Some(View { layout: Layout::Lines, of: Some(name.to_owned()), title: None }),
        _ => None,
    }
}

/// Returns the lines of a value with its own format.
pub(super) fn lines(it: &mut Interp, value: &Value) -> String {
    match value.base() {
        Value::DateTime(date) => {
            let hint = match value {
                Value::Ext(ext) => ext.get("DisplayHint"),
                _ => None,
            };
            let hint = match hint {
                Some(ps_value::MemberKind::Note(hint)) => ps_value::text(&hint).to_lowercase(),
                _ => String::new(),
            };
            let format = match hint.as_str() {
                "date" => "D",
                "time" => "T",
                _ => "F",
            };
            format!("{}\n", date.format(format, &it.culture.dates.borrow()).unwrap_or_default())
        }
        Value::Object(object) => {
            let get = |name: &str| object.get_str(name).map(|v| ps_value::text(&v)).unwrap_or_default();
            let path = get("Path");
            let place = if path == "InputStream" {
                String::new()
            } else {
                format!("{}:{}:", get("Filename"), get("LineNumber"))
            };
            format!("{place}{}\n", get("Line"))
        }
        other => format!("{}\n", it.shown(&other.clone())),
    }
}
