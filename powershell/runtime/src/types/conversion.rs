//! `Convert`, `BitConverter`, `Random`.

use num_bigint::BigInt;
use ps_value::random::Rng;
use ps_value::types::NetType;
use std::cell::RefCell;

use super::args::{at, bytes, double, integer, string};
use super::declare::Declared::{self, Method, New, Static, StaticProperty};
use crate::eval::Interp;
use crate::eval::convert::narrow;
use ps_value::Value;
use ps_value::error::{R, net};

macro_rules! to {
    ($signature:literal, $name:expr) => {
        Static($signature, |it, a| to_type(it, &at(a, 0), $name))
    };
}

fn to_type(it: &mut Interp, value: &Value, id: NetType) -> R<Value> {
    match it.convert(value, &id.ty()) {
        Ok(value) => Ok(value),
        Err(flow) => match &*flow {
            ps_value::error::Flow::Error(record) if record.message().contains("too large") => net(
                NetType::OverflowException,
                format!(
                    "Value was either too large or too small for an {}.",
                    id.name().trim_start_matches("System.")
                ),
            ),
            _ => net(NetType::FormatException, "Input string was not in a correct format."),
        },
    }
}

fn from_base(args: &[Value], id: NetType) -> R<Value> {
    let radix = integer(args, 1) as u32;
    let source = string(args, 0);
    let digits = source.trim().trim_start_matches("0x").trim_start_matches("0X").to_owned();
    let digits = if radix == 16 { digits } else { source.trim().to_owned() };
    if ![2, 8, 10, 16].contains(&radix) {
        return net(NetType::ArgumentException, "Invalid Base.");
    }
    match BigInt::parse_bytes(digits.as_bytes(), radix) {
        Some(value) => {
            let wide = match id {
                NetType::Int32 if value > BigInt::from(i32::MAX) && radix != 10 => {
                    value - (BigInt::from(1_i64) << 32)
                }
                NetType::Int64 if value > BigInt::from(i64::MAX) && radix != 10 => {
                    value - (BigInt::from(1_i64) << 64)
                }
                _ => value,
            };
            match narrow(&Value::big(wide), id) {
                Some(number) => Ok(number),
                None => net(NetType::OverflowException, "Value was either too large or too small."),
            }
        }
        None => net(NetType::FormatException, "Could not find any recognizable digits."),
    }
}

fn to_base(value: i64, radix: i64, bits: u32) -> R<Value> {
    let masked = if bits == 32 { u64::from(value as i32 as u32) } else { value as u64 };
    Ok(Value::from(match radix {
        2 => format!("{masked:b}"),
        8 => format!("{masked:o}"),
        16 => format!("{masked:x}"),
        10 => value.to_string(),
        _ => return net(NetType::ArgumentException, "Invalid Base."),
    }))
}

pub fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(plain).ok()
}

pub(super) const CONVERT: &[Declared] = &[
    to!("bool ToBoolean(object value)", NetType::Boolean),
    to!("byte ToByte(object value)", NetType::Byte),
    to!("short ToInt16(object value)", NetType::Int16),
    to!("int ToInt32(object value)", NetType::Int32),
    to!("long ToInt64(object value)", NetType::Int64),
    to!("uint ToUInt32(object value)", NetType::UInt32),
    to!("ulong ToUInt64(object value)", NetType::UInt64),
    to!("double ToDouble(object value)", NetType::Double),
    to!("float ToSingle(object value)", NetType::Single),
    to!("decimal ToDecimal(object value)", NetType::Decimal),
    to!("char ToChar(object value)", NetType::Char),
    to!("datetime ToDateTime(object value)", NetType::DateTime),
    Static("byte ToByte(string value, int fromBase)", |_, a| from_base(a, NetType::Byte)),
    Static("int ToInt32(string value, int fromBase)", |_, a| from_base(a, NetType::Int32)),
    Static("long ToInt64(string value, int fromBase)", |_, a| from_base(a, NetType::Int64)),
    Static("uint ToUInt32(string value, int fromBase)", |_, a| from_base(a, NetType::UInt32)),
    Static("string ToString(object value)", |it, a| it.call_method(&at(a, 0), "ToString", &[])),
    Static("string ToString(int value, int toBase)", |_, a| to_base(integer(a, 0), integer(a, 1), 32)),
    Static("string ToString(long value, int toBase)", |_, a| to_base(integer(a, 0), integer(a, 1), 64)),
    Static("string ToString(byte value, int toBase)", |_, a| to_base(integer(a, 0), integer(a, 1), 64)),
    Static("string ToBase64String(byte[] inArray)", |_, a| Ok(Value::from(base64_of(&bytes(&at(a, 0)))))),
    Static("byte[] FromBase64String(string s)", |_, a| match from_base64(&string(a, 0)) {
        Some(bytes) => Ok(Value::bytes(&bytes)),
        None => net(
            NetType::FormatException,
            "The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding characters, or an illegal character among the padding characters.",
        ),
    }),
    Static("object ChangeType(object value, type conversionType)", |it, a| match at(a, 1).base() {
        Value::Type(ty) => it.convert(&at(a, 0), &ty.clone()),
        _ => Ok(at(a, 0)),
    }),
];

pub(super) const BIT_CONVERTER: &[Declared] = &[
    Static("string ToString(byte[] value)", |_, a| {
        let parts: Vec<String> = bytes(&at(a, 0)).iter().map(|b| format!("{b:02X}")).collect();
        Ok(Value::from(parts.join("-")))
    }),
    Static("byte[] GetBytes(int value)", |_, a| Ok(Value::bytes(&(integer(a, 0) as i32).to_le_bytes()))),
    Static("byte[] GetBytes(long value)", |_, a| Ok(Value::bytes(&integer(a, 0).to_le_bytes()))),
    Static("byte[] GetBytes(short value)", |_, a| Ok(Value::bytes(&(integer(a, 0) as i16).to_le_bytes()))),
    Static("byte[] GetBytes(double value)", |_, a| Ok(Value::bytes(&double(a, 0).to_le_bytes()))),
    Static("int ToInt32(byte[] value, int startIndex)", |_, a| {
        Ok(Value::Int(little(&at(a, 0), integer(a, 1), 4) as i32))
    }),
    Static("uint ToUInt32(byte[] value, int startIndex)", |_, a| {
        Ok(Value::UInt(little(&at(a, 0), integer(a, 1), 4) as u32))
    }),
    Static("long ToInt64(byte[] value, int startIndex)", |_, a| {
        Ok(Value::Long(little(&at(a, 0), integer(a, 1), 8) as i64))
    }),
    Static("short ToInt16(byte[] value, int startIndex)", |_, a| {
        Ok(Value::Short(little(&at(a, 0), integer(a, 1), 2) as i16))
    }),
    StaticProperty("bool IsLittleEndian", |_, _| Ok(Value::Bool(true))),
];

fn little(value: &Value, start: i64, length: usize) -> u64 {
    let bytes = bytes(value);
    let part = bytes.iter().skip(start.max(0) as usize).take(length);
    part.enumerate().fold(0, |sum, (i, b)| sum | u64::from(*b) << (8 * i))
}

fn next(value: &Value, low: i64, high: i64) -> R<Value> {
    if let Value::Net(net) = value
        && let Some(rng) = net.other::<RefCell<Rng>>()
    {
        return Ok(Value::Int(rng.borrow_mut().between(low, high) as i32));
    }
    Ok(Value::Int(low as i32))
}

pub(super) const RANDOM: &[Declared] = &[
    New("Random()", |it, _| {
        let seed = it.host.random();
        Ok(Value::object(RefCell::new(Rng::new(seed))))
    }),
    New("Random(int Seed)", |_, a| Ok(Value::object(RefCell::new(Rng::new(integer(a, 0) as u64))))),
    Method("int Next()", |_, t, _| next(t, 0, i64::from(i32::MAX))),
    Method("int Next(int maxValue)", |_, t, a| next(t, 0, integer(a, 0))),
    Method("int Next(int minValue, int maxValue)", |_, t, a| next(t, integer(a, 0), integer(a, 1))),
    Method("double NextDouble()", |_, t, _| {
        Ok(Value::Double(match t {
            Value::Net(net) => net.other::<RefCell<Rng>>().map_or(0.0, |rng| rng.borrow_mut().fraction()),
            _ => 0.0,
        }))
    }),
];
