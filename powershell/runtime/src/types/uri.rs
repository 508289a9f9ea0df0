//! `Uri`, and encodings for the web.

use super::args::{at, integer, string};
use super::declare::Declared::{self, Method, New, Property, Static};
use ps_value::error::{R, net};
use ps_value::net::Net;
use ps_value::net_text::uri_text;
use ps_value::types::NetType;
use ps_value::{Value, text};

struct Parts<'a> {
    scheme: &'a str,
    user: &'a str,
    host: &'a str,
    port: Option<i32>,
    path: &'a str,
    query: &'a str,
    fragment: &'a str,
}

fn split_uri(uri: &str) -> Parts<'_> {
    let (scheme, rest) = uri.split_once("://").unwrap_or(("", uri));
    let (rest, fragment) = rest.find('#').map_or((rest, ""), |at| rest.split_at(at));
    let (rest, query) = rest.find('?').map_or((rest, ""), |at| rest.split_at(at));
    let (authority, path) = if scheme.is_empty() {
        ("", rest)
    } else {
        rest.find('/').map_or((rest, "/"), |at| rest.split_at(at))
    };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port.parse().ok()),
        _ => (host, None),
    };
    Parts { scheme, user, host, port, path, query, fragment }
}

fn uri_of(value: &Value) -> String {
    match value.base() {
        Value::Net(net) => match &**net {
            Net::Uri(uri) => uri.clone(),
            _ => String::new(),
        },
        other => text(other),
    }
}

fn default_port(scheme: &str) -> i32 {
    match scheme.to_ascii_lowercase().as_str() {
        "http" => 80,
        "https" => 443,
        "ftp" => 21,
        _ => -1,
    }
}

fn uri_part(value: &Value, pick: fn(&Parts<'_>) -> String) -> R<Value> {
    let uri = uri_of(value);
    let parts = split_uri(&uri);
    if parts.scheme.is_empty() {
        return net(
            NetType::InvalidOperationException,
            "This operation is not supported for a relative URI.",
        );
    }
    Ok(Value::from(pick(&parts)))
}

fn make_uri(args: &[Value]) -> R<Value> {
    let (first, second) = (text(&at(args, 0)), args.get(1).map(text));
    let joined = match second {
        Some(relative) if !relative.contains("://") && first.contains("://") => {
            let parts = split_uri(&first);
            let root = format!(
                "{}://{}{}",
                parts.scheme,
                parts.host,
                parts.port.map_or(String::new(), |p| format!(":{p}"))
            );
            if relative.starts_with('/') {
                format!("{root}{relative}")
            } else {
                format!("{root}{}/{relative}", parts.path.rsplit_once('/').map_or("", |(dir, _)| dir))
            }
        }
        Some(relative) if relative.contains("://") => relative,
        _ => first,
    };
    if args.len() == 1 && !joined.contains("://") && !joined.contains(':') {
        return net(
            NetType::UriFormatException,
            "Invalid URI: The format of the URI could not be determined.",
        );
    }
    Ok(Value::net(Net::Uri(joined)))
}

pub(super) const URI: &[Declared] = &[
    Property("string AbsolutePath", |_, t, _| uri_part(t, |p| p.path.to_owned())),
    Property("string AbsoluteUri", |_, t, _| Ok(Value::from(uri_text(&uri_of(t))))),
    Property("string LocalPath", |_, t, _| uri_part(t, |p| unescape_uri(p.path, false))),
    Property("string Authority", |_, t, _| {
        uri_part(t, |p| {
            format!(
                "{}{}",
                p.host,
                p.port.filter(|n| *n != default_port(p.scheme)).map_or(String::new(), |n| format!(":{n}"))
            )
        })
    }),
    Property("string Host", |_, t, _| uri_part(t, |p| p.host.to_lowercase())),
    Property("string DnsSafeHost", |_, t, _| uri_part(t, |p| p.host.to_lowercase())),
    Property("bool IsDefaultPort", |_, t, _| {
        let uri = uri_of(t);
        let parts = split_uri(&uri);
        Ok(Value::Bool(parts.port.is_none_or(|p| p == default_port(parts.scheme))))
    }),
    Property("bool IsFile", |_, t, _| Ok(Value::Bool(uri_of(t).starts_with("file:")))),
    Property("string PathAndQuery", |_, t, _| uri_part(t, |p| format!("{}{}", p.path, p.query))),
    Property("string[] Segments", |_, t, _| {
        let uri = uri_of(t);
        let segments = split_uri(&uri).path.split_inclusive('/').map(str::to_owned).collect::<Vec<_>>();
        Ok(Value::strings(segments))
    }),
    Property("int Port", |_, t, _| {
        let uri = uri_of(t);
        let parts = split_uri(&uri);
        Ok(Value::Int(parts.port.unwrap_or_else(|| default_port(parts.scheme))))
    }),
    Property("string Query", |_, t, _| uri_part(t, |p| p.query.to_owned())),
    Property("string Fragment", |_, t, _| uri_part(t, |p| p.fragment.to_owned())),
    Property("string Scheme", |_, t, _| uri_part(t, |p| p.scheme.to_lowercase())),
    Property("string OriginalString", |_, t, _| Ok(Value::from(uri_of(t)))),
    Property("bool IsAbsoluteUri", |_, t, _| Ok(Value::Bool(uri_of(t).contains("://")))),
    Property("string UserInfo", |_, t, _| uri_part(t, |p| p.user.to_owned())),
    Method("string ToString()", |_, t, _| Ok(Value::from(uri_text(&uri_of(t))))),
    New("uri(string uriString)", |_, a| make_uri(a)),
    New("uri(uri baseUri, string relativeUri)", |_, a| make_uri(a)),
    New("uri(string uriString, System.UriKind uriKind)", |_, a| make_uri(&[at(a, 0), Value::from("")])),
    Static("string EscapeDataString(string stringToEscape)", |_, a| {
        Ok(Value::from(escape_uri(&string(a, 0), "-_.~")))
    }),
    Static("string EscapeUriString(string stringToEscape)", |_, a| {
        Ok(Value::from(escape_uri(&string(a, 0), "-_.~:/?#[]@!$&'()*+,;=%")))
    }),
    Static("string UnescapeDataString(string stringToUnescape)", |_, a| {
        Ok(Value::from(unescape_uri(&string(a, 0), false)))
    }),
    Static("bool IsWellFormedUriString(string uriString, System.UriKind uriKind)", |_, a| {
        Ok(Value::Bool(integer(a, 1) == 2 || string(a, 0).contains("://") && !string(a, 0).contains(' ')))
    }),
    Static("bool TryCreate(string uriString, System.UriKind uriKind, ref result)", |it, a| {
        let valid = string(a, 0).contains("://") && !string(a, 0).ends_with("://") || integer(a, 1) != 1;
        if let (true, Value::Ref(reference)) = (valid, at(a, 2).base()) {
            it.write_reference(&reference.clone(), Value::net(Net::Uri(string(a, 0).to_string())))?;
        }
        Ok(Value::Bool(valid))
    }),
];

/// Encodes a text as `WebUtility.UrlEncode` does.
pub fn url_encode(source: &str) -> String {
    escape_uri(source, "-_.!*() ").replace(' ', "+")
}

pub fn escape_uri(source: &str, kept: &str) -> String {
    let mut out = String::new();
    for byte in source.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(char::from(byte)) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

pub fn unescape_uri(source: &str, plus: bool) -> String {
    let bytes = source.as_bytes();
    let mut out = Vec::new();
    let mut i = 0;
    while let Some(&byte) = bytes.get(i) {
        let code = if byte == b'%' {
            source.get(i + 1..i + 3).and_then(|h| u8::from_str_radix(h, 16).ok())
        } else {
            None
        };
        match code {
            Some(code) => {
                out.push(code);
                i += 3;
            }
            None => {
                out.push(if byte == b'+' && plus { b' ' } else { byte });
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Encodes a text as `HtmlEncode` does.
pub fn html_encode(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    for c in source.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{a0}'..='\u{ff}' => out.push_str(&format!("&#{};", c as u32)),
            c if c as u32 > 0xffff => out.push_str(&format!("&#{};", c as u32)),
            c => out.push(c),
        }
    }
    out
}

fn html_decode(source: &str) -> String {
    let mut out = String::new();
    let mut rest = source;
    while let Some(at) = rest.find('&') {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let decoded = rest.find(';').filter(|end| *end <= 10).and_then(|end| {
            let name = rest.get(1..end)?;
            let c = match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                "nbsp" => '\u{a0}',
                "copy" => '©',
                "euro" => '€',
                _ => {
                    let digits = name.strip_prefix('#')?;
                    let code = match digits.strip_prefix(['x', 'X']) {
                        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                        None => digits.parse().ok()?,
                    };
                    char::from_u32(code)?
                }
            };
            Some((c, end))
        });
        match decoded {
            Some((c, end)) => {
                out.push(c);
                rest = rest.get(end + 1..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }
    out + rest
}

pub(super) const WEB: &[Declared] = &[
    Static("string HtmlEncode(string value)", |_, a| Ok(Value::from(html_encode(&string(a, 0))))),
    Static("string HtmlDecode(string value)", |_, a| Ok(Value::from(html_decode(&string(a, 0))))),
    Static("string UrlEncode(string value)", |_, a| Ok(Value::from(url_encode(&string(a, 0))))),
    Static("string UrlDecode(string value)", |_, a| Ok(Value::from(unescape_uri(&string(a, 0), true)))),
    Static("object ParseQueryString(string query)", |_, a| {
        let dict = ps_value::Dict::new(ps_value::DictKind::Ordered, true);
        for pair in string(a, 0).trim_start_matches('?').split('&').filter(|p| !p.is_empty()) {
            let (k, v) = pair.split_once('=').unwrap_or((pair, ""));
            dict.insert(&Value::from(unescape_uri(k, true)), Value::from(unescape_uri(v, true)));
        }
        Ok(Value::Dict(std::rc::Rc::new(dict)))
    }),
];
