//! Encodings of texts.

/// Returns the internal name of an encoding from the name in a script.
pub fn named(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().trim_start_matches("system.text.") {
        "utf8" | "utf-8" | "utf8nobom" | "default" | "utf8encoding" | "oem" | "65001" => "utf-8",
        "utf8bom" | "utf-8-bom" => "utf-8-bom",
        "ascii" | "us-ascii" | "asciiencoding" | "20127" => "us-ascii",
        "unicode" | "utf-16" | "utf16" | "utf-16le" | "unicodeencoding" | "string" | "1200" => "utf-16",
        "bigendianunicode" | "utf-16be" => "utf-16BE",
        "utf32" | "utf-32" => "utf-32",
        "latin1" | "iso-8859-1" | "windows-1252" | "28591" | "1252" => "iso-8859-1",
        _ => return None,
    })
}

/// Decodes bytes as text. A byte order mark overrides the requested encoding.
pub fn decode(bytes: &[u8], encoding: &str) -> String {
    if let Some(rest) = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]) {
        return String::from_utf8_lossy(rest).into_owned();
    }
    if let Some(rest) = bytes.strip_prefix(&[0xff, 0xfe]) {
        return wide(rest, false);
    }
    if let Some(rest) = bytes.strip_prefix(&[0xfe, 0xff]) {
        return wide(rest, true);
    }
    match encoding {
        "us-ascii" => bytes.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '?' }).collect(),
        "iso-8859-1" => bytes.iter().map(|b| char::from(*b)).collect(),
        "utf-16" => wide(bytes, false),
        "utf-16BE" => wide(bytes, true),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn wide(bytes: &[u8], big: bool) -> String {
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| match pair {
            [a, b] if big => u16::from_be_bytes([*a, *b]),
            [a, b] => u16::from_le_bytes([*a, *b]),
            _ => 0,
        })
        .collect();
    String::from_utf16_lossy(&units)
}

/// Encodes text as bytes, with a byte order mark if the encoding has one and it is wanted.
pub fn encode(text: &str, encoding: &str, mark: bool) -> Vec<u8> {
    match encoding {
        "us-ascii" => text.chars().map(|c| if c.is_ascii() { c as u8 } else { b'?' }).collect(),
        "iso-8859-1" => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect(),
        "utf-16" => marked(mark, &[0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes)),
        "utf-16BE" => marked(mark, &[0xfe, 0xff], text.encode_utf16().flat_map(u16::to_be_bytes)),
        "utf-32" => marked(mark, &[0xff, 0xfe, 0, 0], text.chars().flat_map(|c| u32::from(c).to_le_bytes())),
        "utf-8-bom" => marked(mark, &[0xef, 0xbb, 0xbf], text.bytes()),
        _ => text.as_bytes().to_vec(),
    }
}

fn marked(mark: bool, order: &[u8], bytes: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut out = if mark { order.to_vec() } else { Vec::new() };
    out.extend(bytes);
    out
}
