//! .NET values from and to text.

use crate::eval::Interp;
use crate::value::types::NetType;
use crate::value::{DateKind, Value, text};

pub use super::date_text::parse_date;
use super::net::{Net, file_value, version};

/// Conversions from a text that are those of the type's own `Parse`.
pub fn from_text(it: &mut Interp, id: NetType, value: &Value) -> Result<Option<Value>, String> {
    let source = text(value);
    Ok(match id {
        NetType::Guid => Some(Value::net(Net::Guid(parse_guid(&source).ok_or(
            "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).",
        )?))),
        NetType::Version => Some(version(parse_version(&source)?)),
        NetType::Uri => Some(Value::net(Net::Uri(source))),
        NetType::DateTimeOffset => match value {
            Value::DateTime(date) => {
                Some(Value::net(Net::DateOffset(date.with_kind(DateKind::Unspecified), 0)))
            }
            _ => {
                let (date, offset) = super::date_text::parse_offset(
                    &source,
                    &crate::value::culture::invariant().dates.borrow(),
                    0,
                )
                .ok_or_else(|| format!("String '{source}' was not recognized as a valid DateTime."))?;
                Some(Value::net(Net::DateOffset(date, offset)))
            }
        },
        NetType::DateTime => match value {
            Value::Net(net) => match &**net {
                Net::DateOffset(date, _) => Some(Value::DateTime(*date)),
                _ => None,
            },
            _ => None,
        },
        NetType::MailAddress => {
            Some(Value::record(
                NetType::MailAddress,
                vec![
                    ("Address", Value::from(source.as_str())),
                    ("User", Value::from(source.split('@').next().unwrap_or_default())),
                    (
                        "Host",
                        Value::from(source.split('@').nth(1).ok_or(
                            "The specified string is not in the form required for an e-mail address.",
                        )?),
                    ),
                ],
            ))
        }
        NetType::IPAddress => {
            let address: std::net::IpAddr =
                source.parse().map_err(|_| "An invalid IP address was specified.".to_owned())?;
            Some(Value::record(
                NetType::IPAddress,
                vec![
                    ("IPAddressToString", Value::from(address.to_string())),
                    (
                        "AddressFamily",
                        Value::from(if address.is_ipv4() { "InterNetwork" } else { "InterNetworkV6" }),
                    ),
                ],
            ))
        }
        NetType::Encoding => crate::cmdlets::encoding::named(&source).map(|e| Value::net(Net::Encoding(e))),
        NetType::FileInfo | NetType::DirectoryInfo => {
            let path = it.full_path(&source);
            Some(file_value(it, &path, id == NetType::DirectoryInfo, Some(source)))
        }
        _ => None,
    })
}

pub fn parse_guid(text: &str) -> Option<[u8; 16]> {
    let plain: String = text
        .trim()
        .trim_matches(|c| matches!(c, '{' | '}' | '(' | ')'))
        .chars()
        .filter(|c| *c != '-')
        .collect();
    if plain.len() != 32 || !plain.is_ascii() {
        return None;
    }
    let mut bytes = [0; 16];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(plain.get(i * 2..i * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

pub fn guid_text(bytes: &[u8; 16]) -> String {
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    let part = |a: usize, b: usize| hex.get(a..b).unwrap_or_default().to_owned();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

pub fn parse_version(text: &str) -> Result<[i32; 4], String> {
    let mut parts = [-1; 4];
    let pieces: Vec<&str> = text.trim().split('.').collect();
    if pieces.len() < 2 || pieces.len() > 4 {
        return Err("Version string portion was too short or too long. (Parameter 'input')".into());
    }
    for (place, piece) in parts.iter_mut().zip(pieces) {
        let number: i32 =
            piece.trim().parse().map_err(|_| "Input string was not in a correct format.".to_owned())?;
        if number < 0 {
            return Err(
                "Version's parameters must be greater than or equal to zero. (Parameter 'input')".into()
            );
        }
        *place = number;
    }
    Ok(parts)
}

pub fn version_text(parts: &[i32; 4], count: usize) -> String {
    let parts: Vec<String> =
        parts.iter().take(count).take_while(|p| **p >= 0).map(ToString::to_string).collect();
    parts.join(".")
}

/// A URI as .NET shows it: with a path, when it has a host.
pub fn uri_text(uri: &str) -> String {
    match uri.split_once("://") {
        Some((scheme, rest)) if !rest.contains(['/', '?', '#']) => {
            format!("{}://{}/", scheme.to_lowercase(), rest.to_lowercase())
        }
        Some((scheme, rest)) => {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let (host, path) = rest.split_at(end);
            format!("{}://{}{path}", scheme.to_lowercase(), host.to_lowercase())
        }
        None => uri.to_owned(),
    }
}
