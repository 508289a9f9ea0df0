//! Decodes values of PostgreSQL from the binary format of its protocol (`*_send` in its sources).

use tokio_postgres::types::{FromSql, Kind, Type};

use crate::postgres_arrays::array;
use crate::value::{TooLong, date, digits, time, uuid};
use crate::{CompactString, Value};

/// The bytes of a value.
pub(crate) struct Raw<'a>(pub &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The decoder of a type.
#[derive(Debug, Clone)]
pub(crate) enum Decoder {
    Plain(fn(&[u8]) -> Option<Value>),
    /// An array with one or more dimensions of values with this decoder.
    Array(Box<Decoder>),
}

/// The reason why a value has no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// Its bytes do not match its type.
    Form,
    /// Its text is too long.
    Long,
}

impl From<TooLong> for Unread {
    fn from(_: TooLong) -> Self {
        Self::Long
    }
}

impl Decoder {
    /// Decodes a value.
    pub fn value(&self, raw: &[u8]) -> Result<Value, Unread> {
        match self {
            Self::Plain(decode) => decode(raw).ok_or(Unread::Form),
            Self::Array(element) => array(raw, element),
        }
    }
}

/// Returns the decoder of a type, or `None` if the host does not decode it.
pub(crate) fn decoder(of: &Type) -> Option<Decoder> {
    match of.kind() {
        Kind::Array(element) => return Some(Decoder::Array(Box::new(decoder(element)?))),
        Kind::Domain(base) => return decoder(base),
        Kind::Enum(_) => return Some(Decoder::Plain(text)),
        _ => {}
    }
    let decode: fn(&[u8]) -> Option<Value> = match *of {
        Type::BOOL => |raw| Some(Value::Boolean(*raw.first()? != 0)),
        Type::INT2 => |raw| Some(Value::Integer(i16::from_be_bytes(raw.try_into().ok()?).into())),
        Type::INT4 => |raw| Some(Value::Integer(i32::from_be_bytes(raw.try_into().ok()?).into())),
        Type::INT8 => |raw| Some(Value::Integer(i64::from_be_bytes(raw.try_into().ok()?))),
        Type::OID | Type::XID | Type::CID => {
            |raw| Some(Value::Integer(u32::from_be_bytes(raw.try_into().ok()?).into()))
        }
        // The shortest decimal for the four bytes, without the digits that a double would add.
        Type::FLOAT4 => {
            |raw| f32::from_be_bytes(raw.try_into().ok()?).to_string().parse().ok().map(Value::Float)
        }
        Type::FLOAT8 => |raw| Some(Value::Float(f64::from_be_bytes(raw.try_into().ok()?))),
        Type::NUMERIC => |raw| numeric(raw).map(Value::Decimal),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::XML | Type::UNKNOWN => text,
        Type::CHAR => |raw| {
            Some(Value::Text(match *raw.first()? {
                0 => CompactString::default(),
                byte if byte.is_ascii() => char::from(byte).to_string().into(),
                byte => format!("\\{byte:03o}").into(),
            }))
        },
        Type::BYTEA => |raw| Some(Value::Bytes(raw.to_vec())),
        Type::JSON => |raw| Some(Value::Json(std::str::from_utf8(raw).ok()?.into())),
        Type::JSONB => |raw| Some(Value::Json(std::str::from_utf8(raw.strip_prefix(&[1])?).ok()?.into())),
        Type::UUID => |raw| (raw.len() == 16).then(|| Value::Uuid(uuid(raw))),
        Type::DATE => |raw| day(i32::from_be_bytes(raw.try_into().ok()?)).map(Value::Date),
        Type::TIME => |raw| clock(i64::from_be_bytes(raw.try_into().ok()?)).map(Value::Time),
        Type::TIMETZ => |raw| {
            let (micros, zone) = raw.split_at_checked(8)?;
            let mut out = clock(i64::from_be_bytes(micros.try_into().ok()?))?;
            // Seconds west of Greenwich.
            let east = -i32::from_be_bytes(zone.try_into().ok()?);
            out.push(if east < 0 { '-' } else { '+' });
            digits(&mut out, east.unsigned_abs() / 3600, 2);
            out.push(':');
            digits(&mut out, east.unsigned_abs() / 60 % 60, 2);
            if east % 60 != 0 {
                out.push(':');
                digits(&mut out, east.unsigned_abs() % 60, 2);
            }
            Some(Value::Time(out))
        },
        Type::TIMESTAMP => |raw| moment(i64::from_be_bytes(raw.try_into().ok()?), "").map(Value::Timestamp),
        Type::TIMESTAMPTZ => {
            |raw| moment(i64::from_be_bytes(raw.try_into().ok()?), "Z").map(Value::TimestampWithZone)
        }
        Type::INTERVAL => |raw| interval(raw).map(Value::Text),
        Type::INET | Type::CIDR => |raw| network(raw).map(Value::Text),
        Type::MACADDR | Type::MACADDR8 => |raw| {
            let parts: Vec<String> = raw.iter().map(|byte| format!("{byte:02x}")).collect();
            Some(Value::Text(parts.join(":").into()))
        },
        Type::BIT | Type::VARBIT => |raw| {
            let (count, bytes) = raw.split_at_checked(4)?;
            let count = usize::try_from(i32::from_be_bytes(count.try_into().ok()?)).ok()?;
            let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
            Some(Value::Text(bits.take(count).map(|bit| if bit == 1 { '1' } else { '0' }).collect()))
        },
        Type::VOID => |_| Some(Value::Null),
        _ if of.name() == "citext" => text,
        _ => return None,
    };
    Some(Decoder::Plain(decode))
}

/// Returns the name of a type as in a statement, with its digits and its length.
pub(crate) fn type_name(of: &Type, modifier: i32) -> String {
    if let Kind::Array(item) = of.kind() {
        return format!("{}[]", type_name(item, modifier));
    }
    let name = match *of {
        Type::CHAR => "\"char\"",
        Type::BPCHAR => "char",
        _ => of.name(),
    };
    let within = match (of, modifier) {
        (_, ..0) => return name.to_owned(),
        (of, _) if [Type::TIME, Type::TIMETZ, Type::TIMESTAMP, Type::TIMESTAMPTZ].contains(of) => {
            Some(modifier)
        }
        (of, _) if [Type::BIT, Type::VARBIT].contains(of) => Some(modifier),
        (of, _) if *of == Type::INTERVAL => return interval_name(modifier),
        (of, _) if *of == Type::NUMERIC => {
            let Some(digits) = modifier.checked_sub(4).filter(|digits| *digits >= 0) else {
                return name.to_owned();
            };
            // The scale has 11 bits, of which the highest is its sign.
            let scale = ((digits & 0x7ff) ^ 0x400) - 0x400;
            return format!("{name}({},{scale})", digits >> 16 & 0xffff);
        }
        (of, _) if [Type::VARCHAR, Type::BPCHAR].contains(of) => modifier.checked_sub(4),
        _ => None,
    };
    within.map_or_else(|| name.to_owned(), |within| format!("{name}({within})"))
}

/// Returns the name of an interval type, such as `interval day to hour`. Its modifier holds a bit for each unit,
/// and the digits of a second.
fn interval_name(modifier: i32) -> String {
    const UNITS: &[(i32, &str)] =
        &[(2, "year"), (1, "month"), (3, "day"), (10, "hour"), (11, "minute"), (12, "second")];
    const ALL: i32 = 0x7fff;
    let (range, digits) = (modifier >> 16 & ALL, modifier & 0xffff);
    let mut name = "interval".to_owned();
    if range != ALL {
        let mut units = UNITS.iter().filter(|(bit, _)| range >> bit & 1 == 1).map(|(_, unit)| *unit);
        if let Some(first) = units.next() {
            name.push(' ');
            name.push_str(first);
        }
        if let Some(last) = units.next_back() {
            name.push_str(" to ");
            name.push_str(last);
        }
    }
    if digits != 0xffff {
        name.push_str(&format!("({digits})"));
    }
    name
}

fn text(raw: &[u8]) -> Option<Value> {
    std::str::from_utf8(raw).ok().map(|text| Value::Text(text.into()))
}

/// Decodes base-10,000 digits, the weight of the first one, the sign, and the number of digits after the
/// decimal point.
fn numeric(raw: &[u8]) -> Option<CompactString> {
    let mut words = raw.chunks_exact(2).filter_map(|word| Some(i16::from_be_bytes(word.try_into().ok()?)));
    let count = usize::try_from(words.next()?).ok()?;
    let weight = i32::from(words.next()?);
    let sign = words.next()? as u16;
    let scale = usize::try_from(words.next()?).ok()?;
    match sign {
        0xC000 => return Some("NaN".into()),
        0xD000 => return Some("Infinity".into()),
        0xF000 => return Some("-Infinity".into()),
        _ => {}
    }
    let groups: Vec<u32> = words.take(count).map(|group| u32::from(group as u16)).collect();
    let group =
        |index: i32| usize::try_from(index).ok().and_then(|index| groups.get(index)).copied().unwrap_or(0);
    let mut out = CompactString::with_capacity(count * 4 + scale + 2);
    if sign == 0x4000 {
        out.push('-');
    }
    if weight < 0 {
        out.push('0');
    }
    for index in 0..=weight {
        digits(&mut out, group(index), if index == 0 { 1 } else { 4 });
    }
    if scale > 0 {
        out.push('.');
        let point = out.len();
        let mut index = weight + 1;
        while out.len() < point + scale {
            digits(&mut out, group(index), 4);
            index += 1;
        }
        out.truncate(point + scale);
    }
    Some(out)
}

/// Formats days since 2000-01-01. Dates before the year 1 are `BC` dates, as the server writes them.
fn day(days: i32) -> Option<CompactString> {
    match days {
        i32::MAX => return Some("infinity".into()),
        i32::MIN => return Some("-infinity".into()),
        _ => {}
    }
    let mut out = CompactString::with_capacity(10);
    let era = civil(&mut out, i64::from(days) + 10_957);
    out.push_str(era);
    Some(out)
}

/// Appends the date that is `days` after 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms"), and returns the suffix that follows it.
fn civil(out: &mut CompactString, days: i64) -> &'static str {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    // There is no year 0: the year before 1 is 1 BC.
    let (year, era) = if year > 0 { (year, "") } else { (1 - year, " BC") };
    date(out, year as u32, month as u32, of_month as u32);
    era
}

/// Formats microseconds since midnight.
fn clock(micros: i64) -> Option<CompactString> {
    let mut out = CompactString::with_capacity(15);
    let seconds = u32::try_from(micros.div_euclid(1_000_000)).ok()?;
    time(&mut out, seconds, micros.rem_euclid(1_000_000) as u32 * 1_000);
    Some(out)
}

/// Formats microseconds since 2000-01-01.
fn moment(micros: i64, zone: &str) -> Option<CompactString> {
    const DAY: i64 = 86_400_000_000;
    match micros {
        i64::MAX => return Some("infinity".into()),
        i64::MIN => return Some("-infinity".into()),
        _ => {}
    }
    let mut out = CompactString::with_capacity(27);
    let era = civil(&mut out, micros.div_euclid(DAY) + 10_957);
    out.push('T');
    let of_day = micros.rem_euclid(DAY);
    time(&mut out, (of_day / 1_000_000) as u32, (of_day % 1_000_000) as u32 * 1_000);
    out.push_str(zone);
    out.push_str(era);
    Some(out)
}

/// Formats an interval as `psql` shows it: `1 year 2 mons -3 days +04:05:06.7`.
fn interval(raw: &[u8]) -> Option<CompactString> {
    let micros = i64::from_be_bytes(raw.get(..8)?.try_into().ok()?);
    let days = i32::from_be_bytes(raw.get(8..12)?.try_into().ok()?);
    let months = i32::from_be_bytes(raw.get(12..16)?.try_into().ok()?);
    match (micros, days, months) {
        (i64::MAX, i32::MAX, i32::MAX) => return Some("infinity".into()),
        (i64::MIN, i32::MIN, i32::MIN) => return Some("-infinity".into()),
        _ => {}
    }
    let (mut out, mut before) = (CompactString::default(), false);
    for (number, unit) in [(months / 12, "year"), (months % 12, "mon"), (days, "day")] {
        if number != 0 {
            let space = if out.is_empty() { "" } else { " " };
            let sign = if before && number > 0 { "+" } else { "" };
            let plural = if number == 1 { "" } else { "s" };
            out.push_str(&format!("{space}{sign}{number} {unit}{plural}"));
            before = number < 0;
        }
    }
    if micros != 0 || out.is_empty() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(if micros < 0 {
            "-"
        } else if before {
            "+"
        } else {
            ""
        });
        let size = micros.unsigned_abs();
        // The hours may exceed those of a time of day.
        let seconds = u32::try_from(size / 1_000_000).ok();
        match seconds {
            Some(seconds) => time(&mut out, seconds, (size % 1_000_000) as u32 * 1_000),
            None => {
                let (hours, rest) = (size / 3_600_000_000, size % 3_600_000_000);
                out.push_str(&hours.to_string());
                let mut minutes = CompactString::default();
                time(&mut minutes, (rest / 1_000_000) as u32, (rest % 1_000_000) as u32 * 1_000);
                out.push_str(minutes.get(2..)?);
            }
        }
    }
    Some(out)
}

/// Formats an address, with its network bits unless they cover the whole address.
fn network(raw: &[u8]) -> Option<CompactString> {
    let (head, address) = raw.split_at_checked(4)?;
    let (bits, cidr) = (*head.get(1)?, *head.get(2)? != 0);
    let (shown, all) = match address.len() {
        4 => (std::net::Ipv4Addr::from(<[u8; 4]>::try_from(address).ok()?).to_string(), 32),
        16 => (six(<[u8; 16]>::try_from(address).ok()?), 128),
        _ => return None,
    };
    Some(if bits == all && !cidr { shown } else { format!("{shown}/{bits}") }.into())
}

/// Formats an IPv6 address as the server does. An address that ends with an IPv4 address has dots there.
fn six(address: [u8; 16]) -> String {
    match address {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] if (a, b) != (0, 0) => format!("::{a}.{b}.{c}.{d}"),
        address => std::net::Ipv6Addr::from(address).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_with_their_digits_and_lengths() {
        for (of, modifier, name) in [
            (Type::NUMERIC, 655_366, "numeric(10,2)"),
            (Type::NUMERIC, 198_659, "numeric(3,-1)"),
            (Type::NUMERIC, -1, "numeric"),
            (Type::NUMERIC_ARRAY, 655_366, "numeric(10,2)[]"),
            (Type::VARCHAR, 7, "varchar(3)"),
            (Type::BPCHAR, 8, "char(4)"),
            (Type::CHAR, -1, "\"char\""),
            (Type::BIT, 3, "bit(3)"),
            (Type::TIME, 0, "time(0)"),
            (Type::TIMESTAMP, -1, "timestamp"),
            (Type::INTERVAL, -1, "interval"),
            (Type::INTERVAL, 67_174_399, "interval hour"),
            (Type::INTERVAL, 470_286_339, "interval day to second(3)"),
            (Type::INTERVAL, 2_147_418_112, "interval(0)"),
            (Type::TEXT_ARRAY, -1, "text[]"),
        ] {
            assert_eq!(type_name(&of, modifier), name);
        }
    }
}
