//! The bound on lists and objects within each other.
//!
//! Readers of JSON work by recursion and stop at a depth of their own. A value that is stored within a larger
//! record has to stay below that depth, or the record cannot be read again.

use serde_json::Value;

/// Maximum levels of lists and objects within each other, in documents and in all values that are stored.
pub const MAX_LEVELS: usize = 64;

/// A value that has too many levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "has more than {MAX_LEVELS} levels of lists and objects within each other, which is the maximum: make it \
     flatter, or write it as text"
)]
pub struct TooDeep;

/// Checks a value.
///
/// # Errors
/// Fails when the value has more than [`MAX_LEVELS`] levels.
pub fn check(value: &Value) -> Result<(), TooDeep> {
    fn within(value: &Value, levels: usize) -> Result<(), TooDeep> {
        match (value, levels.checked_sub(1)) {
            (Value::Array(items), Some(left)) => items.iter().try_for_each(|item| within(item, left)),
            (Value::Object(map), Some(left)) => map.values().try_for_each(|item| within(item, left)),
            (Value::Array(_) | Value::Object(_), None) => Err(TooDeep),
            _ => Ok(()),
        }
    }
    within(value, MAX_LEVELS)
}

/// Checks the text of a value before it is parsed.
///
/// # Errors
/// As [`check`].
pub fn check_text(json: &str) -> Result<(), TooDeep> {
    let (mut level, mut quoted, mut escaped) = (0usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted && level == MAX_LEVELS => return Err(TooDeep),
            b'[' | b'{' if !quoted => level += 1,
            b']' | b'}' if !quoted => level = level.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_and_its_value_have_the_same_levels() {
        let lists = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        let objects = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
        for text in [
            lists(1),
            lists(64),
            lists(65),
            objects(64),
            objects(65),
            format!("[{}, {}]", lists(63), objects(63)),
            format!("[1, {}]", lists(64)),
            format!("{{\"{}\": {}}}", "[".repeat(99), lists(63)),
            format!("[\"\\\"{}\"]", "{".repeat(99)),
            format!("[{}]", vec!["[]"; 99].join(",")),
        ] {
            let value = serde_json::from_str(&text).unwrap();
            assert_eq!(check_text(&text), check(&value), "{text}");
            let is_deep = text.contains(&lists(65)) || text.contains(&objects(65)) || text.contains("[1, [");
            assert_eq!(check(&value).is_err(), is_deep, "{text}");
        }
        assert!(check_text(&"[".repeat(1 << 20)).is_err());
    }
}
