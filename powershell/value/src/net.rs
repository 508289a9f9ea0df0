//! .NET objects that are not plain values: exceptions, regular expressions, files, encodings and others.

use crate::types::NetType;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::rc::Rc;

use crate::culture::{self, Culture, DateFormat, NumberFormat};
use crate::error::R;
use crate::regex::{Found, Regex};
use crate::types::Ty;
use crate::xml::Node;
use crate::{DateTime, Str, TimeSpan, Value, text};
use ps_syntax::ast::BinaryOp;

pub use super::date_text::parse_date;
use super::net_text::{guid_text, parse_version, uri_text, version_text};

pub enum Net {
    Exception(Exception),
    StringBuilder(RefCell<String>),
    Regex(Rc<Regex>),
    Match(Rc<MatchData>),
    Group(Rc<MatchData>, usize),
    Groups(Rc<MatchData>),
    Guid([u8; 16]),
    Version([i32; 4]),
    Uri(String),
    /// The local time and its offset in minutes.
    DateOffset(DateTime, i64),
    Culture(Rc<Culture>),
    /// The formats of a culture, and whether they are read-only.
    NumberFormat(Rc<RefCell<NumberFormat>>, bool),
    DateFormat(Rc<RefCell<DateFormat>>, bool),
    TextInfo(Rc<Culture>),
    /// The Gregorian calendar.
    Calendar,
    /// The thread of the script.
    Thread,
    /// The member `.psobject`.
    PsObject(Value),
    /// A property: its owner and its name.
    Property(Value, Str),
    /// `.psbase` of a dictionary: its members without its keys.
    Base(Value),
    Enumerator(RefCell<Vec<Value>>),
    /// The entries of a dictionary, and the name of the enumerator's type.
    Entries(Vec<Value>, NetType),
    Entry(Value, Value),
    Encoding(&'static str),
    Credential(Str, Str),
    SecureString(Str),
    /// A file or a directory.
    File(FileData),
    Stopwatch(Stopwatch),
    Comparer(bool),
    TimeZone(Str),
    Hasher(&'static str, RefCell<Vec<u8>>),
    Stream(RefCell<StreamData>),
    Xml(Node),
    XmlNamespaces(RefCell<Vec<(String, String)>>),
    Generator,
    /// An object of a crate above.
    Other(Rc<dyn NetObject>),
}

/// A .NET object that a crate above declares, as values see it.
pub trait NetObject: Any {
    fn id(&self) -> NetType;

    fn text(&self) -> String {
        self.id().to_string()
    }

    /// Returns the items, if a pipeline unrolls the object.
    fn items(&self) -> Option<Vec<Value>> {
        None
    }
}

/// Metadata of a file system entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    pub is_dir: bool,
    pub is_link: bool,
    pub size: u64,
    /// The time of the last change, in ticks since the year 1, UTC.
    pub modified: i64,
    pub read_only: bool,
}

pub struct FileData {
    pub path: String,
    /// Whether it is a `DirectoryInfo`.
    pub is_dir: bool,
    /// The path as it was given, which is the text of an object made by `::new`.
    pub shown: Option<String>,
    pub meta: RefCell<Option<Meta>>,
}

#[derive(Default)]
pub struct Stopwatch {
    pub before: Cell<u64>,
    pub started: Cell<Option<u64>>,
}

/// A reader, a writer or bytes in memory.
#[derive(Default)]
pub struct StreamData {
    pub path: Option<String>,
    pub bytes: Vec<u8>,
    pub at: usize,
    pub kind: StreamKind,
    pub written: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StreamKind {
    #[default]
    Memory,
    Reader,
    Writer,
}

pub struct MatchData {
    pub regex: Rc<Regex>,
    pub text: Str,
    pub found: Option<Found>,
}

pub struct Exception {
    /// The full name of its type.
    pub kind: NetType,
    pub message: Str,
    pub inner: Option<Value>,
    /// Properties specific to the type, such as `StatusCode`.
    pub extra: Vec<(&'static str, Value)>,
}

impl Exception {
    pub fn new(kind: NetType, message: impl Into<String>) -> Self {
        Self { kind, message: message.into().into(), inner: None, extra: Vec::new() }
    }
}

pub fn is_exception(value: &Value) -> bool {
    match value.base() {
        Value::Net(net) => matches!(&**net, Net::Exception(_)),
        Value::Object(object) => object.native.borrow().as_ref().is_some_and(is_exception),
        _ => false,
    }
}

pub fn inner_exception(value: &Value) -> Option<Value> {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::Exception(exception) => exception.inner.clone(),
            _ => None,
        },
        Value::Object(object) => object.native.borrow().as_ref().and_then(inner_exception),
        _ => None,
    }
}

pub fn version(parts: [i32; 4]) -> Value {
    Value::net(Net::Version(parts))
}

pub fn match_value(regex: &Rc<Regex>, text: &Str, found: Option<Found>) -> Value {
    Value::net(Net::Match(Rc::new(MatchData { regex: regex.clone(), text: text.clone(), found })))
}

impl MatchData {
    pub fn group(&self, index: usize) -> Option<&str> {
        let (start, end) = self.range(index)?;
        self.text.get(start..end)
    }

    pub fn range(&self, index: usize) -> Option<(usize, usize)> {
        self.found.as_ref()?.groups.get(index).copied().flatten()
    }
}

/// Computes sums and differences of `DateTimeOffset`s.
pub fn offset_arithmetic(op: BinaryOp, left: &Value, right: &Value) -> R<Option<Value>> {
    let (Value::Net(a), op) = (left, op) else { return Ok(None) };
    let Net::DateOffset(date, offset) = &**a else { return Ok(None) };
    Ok(match (op, right) {
        (BinaryOp::Sub, Value::Net(b)) => match &**b {
            Net::DateOffset(other, other_offset) => {
                let utc = |d: &DateTime, o: i64| d.ticks() - o * 600_000_000;
                Some(Value::TimeSpan(TimeSpan(utc(date, *offset) - utc(other, *other_offset))))
            }
            _ => None,
        },
        (BinaryOp::Add, Value::TimeSpan(span)) => {
            date.plus(span.0).map(|d| Value::net(Net::DateOffset(d, *offset)))
        }
        (BinaryOp::Sub, Value::TimeSpan(span)) => {
            date.plus(-span.0).map(|d| Value::net(Net::DateOffset(d, *offset)))
        }
        _ => None,
    })
}

impl Net {
    /// Returns the object of a crate above, if it has this type.
    #[inline]
    pub fn other<T: NetObject>(&self) -> Option<&T> {
        match self {
            Self::Other(object) => {
                let object: &dyn Any = &**object;
                object.downcast_ref()
            }
            _ => None,
        }
    }

    pub fn ty(&self) -> Ty {
        match self {
            Self::Base(value) => crate::types::type_of(value),
            other => other.id().ty(),
        }
    }

    /// Returns the type's identity; `.psbase` of a dictionary has that of the dictionary.
    fn id(&self) -> NetType {
        match self {
            Self::Exception(e) => e.kind,
            Self::StringBuilder(_) => NetType::StringBuilder,
            Self::Regex(_) => NetType::Regex,
            Self::Match(_) => NetType::Match,
            Self::Group(..) => NetType::Group,
            Self::Groups(_) => NetType::GroupCollection,
            Self::Guid(_) => NetType::Guid,
            Self::Version(_) => NetType::Version,
            Self::Uri(_) => NetType::Uri,
            Self::DateOffset(..) => NetType::DateTimeOffset,
            Self::Culture(_) => NetType::CultureInfo,
            Self::NumberFormat(..) => NetType::NumberFormatInfo,
            Self::DateFormat(..) => NetType::DateTimeFormatInfo,
            Self::TextInfo(_) => NetType::TextInfo,
            Self::Calendar => NetType::GregorianCalendar,
            Self::Thread => NetType::Thread,
            Self::PsObject(_) => NetType::PSObject,
            Self::Property(..) => NetType::PSNoteProperty,
            Self::Base(value) => crate::types::type_of(value).info().map_or(NetType::Object, |info| info.id),
            Self::Enumerator(_) => NetType::ArrayListEnumeratorSimple,
            Self::Entries(_, id) => *id,
            Self::Entry(..) => NetType::DictionaryEntry,
            Self::Encoding(name) => match *name {
                "us-ascii" => NetType::ASCIIEncoding,
                "utf-16" | "utf-16BE" => NetType::UnicodeEncoding,
                "utf-32" => NetType::UTF32Encoding,
                "iso-8859-1" => NetType::Latin1Encoding,
                _ => NetType::UTF8Encoding,
            },
            Self::Credential(..) => NetType::PSCredential,
            Self::SecureString(_) => NetType::SecureString,
            Self::File(file) => {
                if file.is_dir {
                    NetType::DirectoryInfo
                } else {
                    NetType::FileInfo
                }
            }
            Self::Stopwatch(_) => NetType::Stopwatch,
            Self::Comparer(_) => NetType::StringComparer,
            Self::TimeZone(_) => NetType::TimeZoneInfo,
            Self::Hasher(name, _) => match *name {
                "MD5" => NetType::MD5,
                "SHA1" => NetType::SHA1,
                "SHA384" => NetType::SHA384,
                "SHA512" => NetType::SHA512,
                "HMACSHA1" => NetType::HMACSHA1,
                "HMACSHA256" => NetType::HMACSHA256,
                "HMACSHA512" => NetType::HMACSHA512,
                "HMACMD5" => NetType::HMACMD5,
                _ => NetType::SHA256,
            },
            Self::Stream(stream) => match stream.borrow().kind {
                StreamKind::Memory => NetType::MemoryStream,
                StreamKind::Reader => NetType::StreamReader,
                StreamKind::Writer => NetType::StreamWriter,
            },
            Self::Xml(node) => node.net_type(),
            Self::XmlNamespaces(_) => NetType::XmlNamespaceManager,
            Self::Generator => NetType::RNGCryptoServiceProvider,
            Self::Other(object) => object.id(),
        }
    }

    pub fn text(&self) -> String {
        match self {
            Self::Exception(e) => format!("{}: {}", e.kind.name(), e.message),
            Self::StringBuilder(s) => s.borrow().clone(),
            Self::Regex(regex) => regex.pattern.to_string(),
            Self::Match(data) => data.group(0).unwrap_or_default().to_owned(),
            Self::Group(data, index) => data.group(*index).unwrap_or_default().to_owned(),
            Self::Guid(bytes) => guid_text(bytes),
            Self::Version(parts) => version_text(parts, 4),
            Self::Uri(uri) => uri_text(uri),
            Self::DateOffset(date, offset) => date
                .custom("MM/dd/yyyy HH:mm:ss zzz", *offset, &culture::invariant().dates.borrow())
                .unwrap_or_default(),
            Self::Culture(culture) => culture.name.to_string(),
            Self::TimeZone(name) => name.to_string(),
            Self::PsObject(value) | Self::Base(value) => text(value),
            Self::Property(owner, name) => format!("{} {name}", crate::types::type_of(owner).short_name()),
            Self::File(file) => file.shown.clone().unwrap_or_else(|| file.path.clone()),
            Self::Xml(node) => node.display(),
            Self::Other(object) => object.text(),
            other => other.ty().full_name(),
        }
    }

    /// Returns the items, if a pipeline unrolls the object.
    pub fn items(&self) -> Option<Vec<Value>> {
        match self {
            Self::Enumerator(items) => Some(items.borrow().clone()),
            Self::Entries(items, _) => Some(items.clone()),
            Self::Groups(data) => {
                Some((0..data.regex.groups.len()).map(|i| Value::net(Self::Group(data.clone(), i))).collect())
            }
            Self::Xml(node) => node.list(),
            Self::Other(object) => object.items(),
            _ => None,
        }
    }

    /// Returns a number that distinguishes objects that are compared by value.
    pub fn identity(&self) -> u64 {
        match self {
            Self::Guid(bytes) => {
                bytes.iter().fold(0, |h: u64, b| h.wrapping_mul(31).wrapping_add(u64::from(*b)))
            }
            Self::Version(parts) => {
                parts.iter().fold(0, |h: u64, p| h.wrapping_mul(31).wrapping_add(*p as u64))
            }
            Self::Uri(uri) => uri.bytes().fold(0, |h: u64, b| h.wrapping_mul(31).wrapping_add(u64::from(b))),
            _ => 0,
        }
    }

    pub fn same_value(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Guid(a), Self::Guid(b)) => a == b,
            (Self::Version(a), Self::Version(b)) => a == b,
            (Self::Uri(a), Self::Uri(b)) => a == b,
            (Self::DateOffset(a, x), Self::DateOffset(b, y)) => {
                a.ticks() - x * 600_000_000 == b.ticks() - y * 600_000_000
            }
            (Self::Encoding(a), Self::Encoding(b)) => a == b,
            (Self::Culture(a), Self::Culture(b)) => a.name == b.name,
            (Self::Xml(a), Self::Xml(b)) => a.same(b),
            _ => false,
        }
    }

    pub fn order(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Self::Version(a), Value::Str(b)) => Some(a.cmp(&parse_version(b).ok()?)),
            (Self::Guid(_), Value::Str(b)) => Some(self.text().cmp(&b.to_lowercase())),
            (_, Value::Net(b)) => match (self, &**b) {
                (Self::Version(a), Self::Version(b)) => Some(a.cmp(b)),
                (Self::DateOffset(a, x), Self::DateOffset(b, y)) => {
                    Some((a.ticks() - x * 600_000_000).cmp(&(b.ticks() - y * 600_000_000)))
                }
                (Self::Guid(_), Self::Guid(_)) => Some(self.text().cmp(&b.text())),
                _ => None,
            },
            _ => None,
        }
    }

    pub fn format(&self, spec: &str, culture: &DateFormat) -> Option<String> {
        Some(match self {
            Self::DateOffset(date, offset) => match spec {
                "" => {
                    let pattern = culture.both(&culture.short_date, &culture.long_time);
                    date.custom(&format!("{pattern} zzz"), *offset, culture)?
                }
                "o" | "O" => {
                    let plain = culture::invariant();
                    date.custom("yyyy-MM-ddTHH:mm:ss.fffffffzzz", *offset, &plain.dates.borrow())?
                }
                "u" | "r" | "R" => date.plus(-offset * 600_000_000)?.format(spec, culture)?,
                one if one.chars().count() == 1 => date.format(one, culture)?,
                custom => date.custom(custom, *offset, culture)?,
            },
            Self::Guid(bytes) => {
                let text = guid_text(bytes);
                match spec {
                    "N" | "n" => text.replace('-', ""),
                    "B" | "b" => format!("{{{text}}}"),
                    "P" | "p" => format!("({text})"),
                    _ => text,
                }
            }
            Self::Version(parts) if !spec.is_empty() => version_text(parts, spec.parse().unwrap_or(4)),
            other => other.text(),
        })
    }

    /// Returns the names of data properties that the type's declaration lacks.
    pub fn own_names(&self) -> Option<Vec<Str>> {
        match self {
            Self::Xml(node) => Some(node.property_names()),
            _ => None,
        }
    }

    pub fn set_property(&self, name: &str, value: &Value) -> bool {
        match self {
            Self::Xml(node) => node.set_property(name, &text(value)),
            _ => false,
        }
    }
}
