//! .NET values from text.

use ps_value::date_text::parse_offset;
use ps_value::net::{Net, version};
use ps_value::net_text::{parse_guid, parse_version};
use ps_value::types::NetType;
use ps_value::{DateKind, Value, text};

use super::net::file_value;
use crate::eval::Interp;

/// Converts a text with the type's own `Parse`.
pub(crate) fn from_text(it: &mut Interp, id: NetType, value: &Value) -> Result<Option<Value>, String> {
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
                let (date, offset) = parse_offset(&source, &ps_value::culture::invariant().dates.borrow(), 0)
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
        NetType::Encoding => ps_value::encoding::named(&source).map(|e| Value::net(Net::Encoding(e))),
        NetType::FileInfo | NetType::DirectoryInfo => {
            let path = it.full_path(&source);
            Some(file_value(it, &path, id == NetType::DirectoryInfo, Some(source)))
        }
        _ => None,
    })
}
