//! Keys that appear twice in an object of JSON.

use std::collections::HashSet;

/// The maximum depth. Databases refuse deeper texts, or the reader of the file does.
const MOST: usize = 1_000;

/// Returns the first key that appears twice in one object of a JSON text. A text that is not JSON may give any
/// result, because the database refuses it.
pub(crate) fn twice(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    // One set of keys for each open object, `None` for an open list.
    let mut open: Vec<Option<HashSet<String>>> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' => open.push(Some(HashSet::new())),
            b'[' => open.push(None),
            b'}' | b']' => drop(open.pop()),
            b'"' => {
                let end = end(bytes, at);
                let after = bytes.get(end..)?.iter().find(|byte| !byte.is_ascii_whitespace());
                if after == Some(&b':')
                    && let Some(Some(keys)) = open.last_mut()
                {
                    let key = unescaped(text.get(at + 1..end.checked_sub(1)?)?);
                    if !keys.insert(key.clone()) {
                        return Some(key);
                    }
                }
                at = end;
                continue;
            }
            _ => {}
        }
        if open.len() > MOST {
            return None;
        }
        at += 1;
    }
    None
}

/// Returns the end of the string that begins at `start`, behind its quote.
fn end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Returns a key with its escapes replaced, so that `\u0061` equals `a`.
fn unescaped(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    let mut chars = key.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('u') => {
                let code = chars.as_str().get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
                chars.nth(3);
                // Halves of surrogate pairs stay apart, each as its own mark.
                match code.map(|code| (char::from_u32(code), code)) {
                    Some((Some(c), _)) => out.push(c),
                    Some((None, code)) => out.push_str(&format!("\\u{code:04x}")),
                    None => out.push('\u{fffd}'),
                }
            }
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_appears_twice_in_one_object_is_found() {
        for (text, key) in [
            (r#"{"a": 1, "a": 2}"#, Some("a")),
            (r#"{"a": 1, "\u0061": 2}"#, Some("a")),
            (r#"[{"a": 1}, {"a": 2}]"#, None),
            (r#"{"a": {"a": 1}, "b": "a"}"#, None),
            (r#"{"a": {"b": 1, "c": {}, "b": 2}}"#, Some("b")),
            (r#"{"a\"": 1, "a": "b\\", "b": [{"x": 1, "x" : 2}]}"#, Some("x")),
            ("[1, 2", None),
            ("\"a", None),
            ("", None),
        ] {
            assert_eq!(twice(text).as_deref(), key, "{text}");
        }
    }
}
