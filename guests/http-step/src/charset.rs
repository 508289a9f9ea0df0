//! The charset of an answer: that of its type, of its byte order mark, or of the document itself.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

use crate::config::failed;
use crate::exchange::Stop;

/// The bytes in which a document declares its charset.
const HEAD: usize = 1024;

/// Decodes the text of a body, without a byte order mark. The charset is that of the type, of the byte order
/// mark, or of the XML or HTML document, in this order. Default: UTF-8.
pub fn text(body: &[u8], content_type: &str) -> Result<String, Stop> {
    let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let kind = kind.trim().to_ascii_lowercase();
    let parameter = |part: &str| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    };
    let named = parameters.split(';').find_map(parameter);
    let declared = || if Encoding::for_bom(body).is_some() { None } else { declared(body, &kind) };
    let label =
        named.map(Cow::Owned).or_else(|| declared().map(Cow::Owned)).unwrap_or(Cow::Borrowed("utf-8"));
    let charset = Encoding::for_label(label.as_bytes())
        .ok_or_else(|| failed(format!("the charset `{label}` of the answer is unknown: use `save_to`")))?;
    let (text, charset, malformed) = charset.decode(body);
    if malformed {
        let at = first_unread(charset, body);
        return Err(failed(format!(
            "the answer ({kind}) is not text in {}, from byte {at} on: have the server name its charset in `Content-Type`, or use `save_to`",
            charset.name()
        )));
    }
    Ok(text.into_owned())
}

/// Returns the charset that an XML or HTML document declares. A declaration that is readable byte by byte is
/// not UTF-16, whatever it says.
fn declared(body: &[u8], kind: &str) -> Option<String> {
    let head = String::from_utf8_lossy(body.get(..body.len().min(HEAD)).unwrap_or_default()).into_owned();
    let head = head.to_ascii_lowercase();
    let start = head.trim_start();
    let label = if let Some(declaration) = start.strip_prefix("<?xml") {
        value(declaration.split_once("?>")?.0, "encoding")
    } else if kind == "text/html" || kind == "application/xhtml+xml" {
        head.split("<meta").skip(1).find_map(|tag| value(tag.split('>').next()?, "charset"))
    } else {
        None
    }?;
    match Encoding::for_label(label.as_bytes()) {
        Some(charset) if charset.output_encoding() != charset => Some(UTF_8.name().to_owned()),
        _ => Some(label),
    }
}

/// Returns the value of an attribute: `name="value"`, also within the value of another one, as in
/// `content="text/html; charset=latin1"`.
fn value(text: &str, name: &str) -> Option<String> {
    let after = text.split_once(name)?.1.trim_start().strip_prefix('=')?.trim_start();
    let after = after.trim_start_matches(['"', '\'']);
    let end = after.find(|c: char| matches!(c, '"' | '\'' | ';' | '/' | '>') || c.is_whitespace());
    let found = after.get(..end.unwrap_or(after.len()))?;
    (!found.is_empty()).then(|| found.to_owned())
}

/// Returns the number of the first byte, starting at 1, that is not text in the charset.
fn first_unread(charset: &'static Encoding, body: &[u8]) -> usize {
    let mut decoder = charset.new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length_without_replacement(body.len()).unwrap_or(0);
    let (_, read, _) = decoder.decode_to_utf8_without_replacement(body, &mut vec![0; room], true);
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_in_the_charset_of_its_type_or_of_the_document() {
        for (body, content_type, expected) in [
            (&b"Jos\xe9 5 \xa4"[..], "text/plain; charset=ISO-8859-15", Some("Jos\u{e9} 5 \u{20ac}")),
            (b"Jos\xe9", "text/plain; Charset=\"latin1\"", Some("Jos\u{e9}")),
            (b"\xef\xbb\xbf{}", "application/json", Some("{}")),
            (b"\xff\xfea\0", "text/csv", Some("a")),
            ("\u{e9}".as_bytes(), "", Some("\u{e9}")),
            (b"\xe9", "text/plain", None),
            (b"a", "text/plain; charset=klingon", None),
            // XML declares its encoding, whatever its type.
            (
                b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe9</a>",
                "application/xml",
                Some("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\u{e9}</a>"),
            ),
            (
                b"<?xml version='1.0' encoding = 'iso-8859-15' ?>\xa4",
                "application/soap+xml; action=x",
                Some("<?xml version='1.0' encoding = 'iso-8859-15' ?>\u{20ac}"),
            ),
            (
                "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\u{e9}".as_bytes(),
                "text/xml; charset=utf-8",
                Some("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\u{e9}"),
            ),
            (
                b"\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\xc3\xa9",
                "text/xml",
                Some("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\u{e9}"),
            ),
            (b"<?xml version=\"1.0\" encoding=\"klingon\"?>", "text/xml", None),
            (
                "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\u{e9}".as_bytes(),
                "text/xml",
                Some("<?xml version=\"1.0\" encoding=\"UTF-16\"?>\u{e9}"),
            ),
            (b"<?xml version=\"1.0\"?>\xe9", "text/xml", None),
            // HTML declares it in a `meta` element.
            (
                b"<html><meta name=x><META charset=windows-1252>\x80",
                "text/html",
                Some("<html><meta name=x><META charset=windows-1252>\u{20ac}"),
            ),
            (
                b"<meta http-equiv=\"Content-Type\" content=\"text/html; charset=latin1\">\xe9",
                "text/html",
                Some("<meta http-equiv=\"Content-Type\" content=\"text/html; charset=latin1\">\u{e9}"),
            ),
            (b"<meta charset=latin1>\xe9", "text/plain", None),
        ] {
            assert_eq!(text(body, content_type).ok().as_deref(), expected, "{content_type}");
        }
    }
}
