//! Readers, writers, bytes in memory, encodings.

use super::args::{at, boolean, byte_range, bytes, integer, string};
use super::declare::Declared::{self, Method, New, Property, Static, StaticProperty};
use super::io::{read, write};
use crate::eval::Interp;
use ps_value::encoding::{decode, encode};
use ps_value::error::{R, net};
use ps_value::net::{Net, StreamData, StreamKind};
use ps_value::types::NetType;
use ps_value::{Value, text};

pub(super) fn encoding_at(args: &[Value], index: usize) -> &'static str {
    match args.get(index).map(Value::base) {
        Some(Value::Net(net)) => match &**net {
            Net::Encoding(name) => name,
            _ => "utf-8",
        },
        _ => "utf-8",
    }
}

pub(super) fn open_reader(it: &mut Interp, path: &str) -> R<Value> {
    let bytes = decode(&read(it, path)?, "").into_bytes();
    Ok(Value::net(Net::Stream(
        StreamData { path: Some(path.to_owned()), bytes, kind: StreamKind::Reader, ..StreamData::default() }
            .into(),
    )))
}

pub(super) fn open_writer(it: &mut Interp, path: &str, append: bool) -> R<Value> {
    let full = it.full_path(path);
    write(it, &full, &[], append)?;
    Ok(Value::net(Net::Stream(
        StreamData { path: Some(full), kind: StreamKind::Writer, ..StreamData::default() }.into(),
    )))
}

fn stream<T>(value: &Value, body: impl FnOnce(&mut StreamData) -> T) -> Option<T> {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::Stream(data) => Some(body(&mut data.borrow_mut())),
            _ => None,
        },
        _ => None,
    }
}

fn rest(data: &mut StreamData) -> String {
    let text = String::from_utf8_lossy(data.bytes.get(data.at..).unwrap_or_default()).into_owned();
    data.at = data.bytes.len();
    text
}

fn read_line(data: &mut StreamData) -> Value {
    let left = data.bytes.get(data.at..).unwrap_or_default();
    if left.is_empty() {
        return Value::Null;
    }
    let length = left.iter().position(|b| *b == b'\n').unwrap_or(left.len());
    let line =
        String::from_utf8_lossy(left.get(..length).unwrap_or_default()).trim_end_matches('\r').to_owned();
    data.at = (data.at + length + 1).min(data.bytes.len());
    Value::from(line)
}

pub(super) const READER: &[Declared] = &[
    New("StreamReader(object source)", |it, a| match at(a, 0).base() {
        Value::Net(_) => {
            let bytes =
                stream(&at(a, 0), |s| s.bytes.get(s.at..).unwrap_or_default().to_vec()).unwrap_or_default();
            Ok(Value::net(Net::Stream(
                StreamData { bytes, kind: StreamKind::Reader, ..StreamData::default() }.into(),
            )))
        }
        other if it.generic.as_ref().is_some_and(|t| t.is(NetType::StringReader)) => {
            Ok(Value::net(Net::Stream(
                StreamData {
                    bytes: text(other).into_bytes(),
                    kind: StreamKind::Reader,
                    ..StreamData::default()
                }
                .into(),
            )))
        }
        other => open_reader(it, &text(other)),
    }),
    New("StreamReader(object source, object encoding)", |it, a| open_reader(it, &string(a, 0))),
    Property("bool EndOfStream", |_, t, _| {
        Ok(Value::Bool(stream(t, |s| s.at >= s.bytes.len()).unwrap_or(true)))
    }),
    Method("string ReadLine()", |_, t, _| Ok(stream(t, read_line).unwrap_or_default())),
    Method("string ReadToEnd()", |_, t, _| Ok(stream(t, rest).map_or(Value::Null, Value::from))),
    Method("int Peek()", |_, t, _| {
        Ok(Value::Int(stream(t, |s| s.bytes.get(s.at).map_or(-1, |b| i32::from(*b))).unwrap_or(-1)))
    }),
    Method("int Read()", |_, t, _| {
        Ok(Value::Int(
            stream(t, |s| {
                let byte = s.bytes.get(s.at).map_or(-1, |b| i32::from(*b));
                s.at += 1;
                byte
            })
            .unwrap_or(-1),
        ))
    }),
    Method("void Close()", |_, _, _| Ok(Value::Void)),
    Method("void Dispose()", |_, _, _| Ok(Value::Void)),
];

fn put(it: &mut Interp, t: &Value, text: &str) -> R<Value> {
    let path = stream(t, |s| {
        if s.path.is_none() {
            s.bytes.extend_from_slice(text.as_bytes());
        }
        s.path.clone()
    });
    match path.flatten() {
        Some(path) => write(it, &path, text.as_bytes(), true),
        None => Ok(Value::Void),
    }
}

pub(super) const WRITER: &[Declared] = &[
    New("StreamWriter(object target)", |it, a| match at(a, 0).base() {
        Value::Net(_) => Ok(at(a, 0)),
        other => open_writer(it, &text(other), false),
    }),
    New("StreamWriter(object target, bool append)", |it, a| open_writer(it, &string(a, 0), boolean(a, 1))),
    New("StreamWriter(object target, bool append, object encoding)", |it, a| {
        open_writer(it, &string(a, 0), boolean(a, 1))
    }),
    Declared::Settable("bool AutoFlush", |_, _, _| Ok(Value::Bool(true)), |_, _, _| Ok(Value::Void)),
    Method("void Write(object value)", |it, t, a| {
        let text = it.to_text(&at(a, 0));
        put(it, t, &text)
    }),
    Method("void WriteLine()", |it, t, _| put(it, t, "\n")),
    Method("void WriteLine(object value)", |it, t, a| {
        let text = it.to_text(&at(a, 0));
        put(it, t, &format!("{text}\n"))
    }),
    Method("void WriteLine(string format, params object[] args)", |it, t, a| {
        match it.format(&string(a, 0), a.get(1..).unwrap_or_default()) {
            Ok(text) => put(it, t, &format!("{text}\n")),
            Err(why) => net(NetType::FormatException, why),
        }
    }),
    Method("void Flush()", |_, _, _| Ok(Value::Void)),
    Method("void Close()", |_, _, _| Ok(Value::Void)),
    Method("void Dispose()", |_, _, _| Ok(Value::Void)),
];

pub(super) const MEMORY: &[Declared] = &[
    New("MemoryStream()", |_, _| Ok(Value::net(Net::Stream(StreamData::default().into())))),
    New("MemoryStream(byte[] buffer)", |_, a| {
        Ok(Value::net(Net::Stream(StreamData { bytes: bytes(&at(a, 0)), ..StreamData::default() }.into())))
    }),
    Property("long Length", |_, t, _| Ok(Value::Long(stream(t, |s| s.bytes.len() as i64).unwrap_or(0)))),
    Declared::Settable(
        "long Position",
        |_, t, _| Ok(Value::Long(stream(t, |s| s.at as i64).unwrap_or(0))),
        |_, t, a| {
            stream(t, |s| s.at = integer(a, 0).max(0) as usize);
            Ok(Value::Void)
        },
    ),
    Method("byte[] ToArray()", |_, t, _| {
        Ok(Value::bytes(&stream(t, |s| s.bytes.clone()).unwrap_or_default()))
    }),
    Method("void Write(byte[] buffer, int offset, int count)", |_, t, a| {
        let more = byte_range(a);
        stream(t, |s| {
            s.bytes.extend(more);
            s.at = s.bytes.len();
        });
        Ok(Value::Void)
    }),
    Method("void WriteByte(byte value)", |_, t, a| {
        stream(t, |s| s.bytes.push(integer(a, 0) as u8));
        Ok(Value::Void)
    }),
    Method("void Close()", |_, _, _| Ok(Value::Void)),
    Method("void Dispose()", |_, _, _| Ok(Value::Void)),
];

fn own(value: &Value) -> &'static str {
    encoding_at(std::slice::from_ref(value), 0)
}

pub(super) const ENCODING: &[Declared] = &[
    StaticProperty("System.Text.Encoding UTF8", |_, _| Ok(Value::net(Net::Encoding("utf-8-bom")))),
    StaticProperty("System.Text.Encoding ASCII", |_, _| Ok(Value::net(Net::Encoding("us-ascii")))),
    StaticProperty("System.Text.Encoding Unicode", |_, _| Ok(Value::net(Net::Encoding("utf-16")))),
    StaticProperty("System.Text.Encoding BigEndianUnicode", |_, _| Ok(Value::net(Net::Encoding("utf-16BE")))),
    StaticProperty("System.Text.Encoding UTF32", |_, _| Ok(Value::net(Net::Encoding("utf-32")))),
    StaticProperty("System.Text.Encoding Latin1", |_, _| Ok(Value::net(Net::Encoding("iso-8859-1")))),
    StaticProperty("System.Text.Encoding Default", |_, _| Ok(Value::net(Net::Encoding("utf-8")))),
    Static("System.Text.Encoding GetEncoding(string name)", |_, a| {
        match ps_value::encoding::named(&string(a, 0)) {
            Some(name) => Ok(Value::net(Net::Encoding(name))),
            None => net(
                NetType::ArgumentException,
                format!("'{}' is not a supported encoding name. (Parameter 'name')", string(a, 0)),
            ),
        }
    }),
    Property("string WebName", |_, t, _| Ok(Value::from(own(t).trim_end_matches("-bom")))),
    Property("string BodyName", |_, t, _| Ok(Value::from(own(t).trim_end_matches("-bom")))),
    Property("string EncodingName", |_, t, _| {
        Ok(Value::from(match own(t) {
            "us-ascii" => "US-ASCII",
            "utf-16" => "Unicode",
            "iso-8859-1" => "Western European (ISO)",
            _ => "Unicode (UTF-8)",
        }))
    }),
    Property("int CodePage", |_, t, _| {
        Ok(Value::Int(match own(t) {
            "us-ascii" => 20127,
            "utf-16" => 1200,
            "iso-8859-1" => 28591,
            _ => 65001,
        }))
    }),
    Method("byte[] GetBytes(string s)", |_, t, a| Ok(Value::bytes(&encode(&string(a, 0), own(t), false)))),
    Method("byte[] GetBytes(char[] chars)", |_, t, a| {
        let text: String = at(a, 0).to_items().iter().map(text).collect();
        Ok(Value::bytes(&encode(&text, own(t), false)))
    }),
    Method("string GetString(byte[] bytes)", |_, t, a| Ok(Value::from(decode(&bytes(&at(a, 0)), own(t))))),
    Method("string GetString(byte[] bytes, int index, int count)", |_, t, a| {
        let part = byte_range(a);
        Ok(Value::from(decode(&part, own(t))))
    }),
    Method("int GetByteCount(string s)", |_, t, a| {
        Ok(Value::from(encode(&string(a, 0), own(t), false).len()))
    }),
];
