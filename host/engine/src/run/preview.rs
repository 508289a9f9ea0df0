//! A value for display: complete if it is small, and otherwise its start.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};

/// Maximum bytes of a value, as JSON, that are shown with a run.
pub const SHOWN: usize = 64 << 10;

/// A value, or its start.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The value, or a part of it with the same structure.
    pub value: Value,
    /// Bytes of the whole value, as JSON.
    pub bytes: u64,
    /// Number of items of the whole value, if it is a list.
    pub items: Option<u64>,
    /// Whether the value is incomplete.
    pub truncated: bool,
}

/// Returns about `limit` bytes of a value: lists keep their first items, text its start.
pub fn preview(value: &Value, limit: usize) -> Preview {
    let bytes = json_bytes(value);
    let truncated = bytes > limit;
    let items = value.as_array().map(|items| items.len() as u64);
    let value = if truncated { cut(value, limit) } else { value.clone() };
    Preview { value, bytes: bytes as u64, items, truncated }
}

fn cut(value: &Value, limit: usize) -> Value {
    match value {
        Value::String(text) => {
            let mut end = text.len().min(limit);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            let cut = text.get(..end).unwrap_or_default();
            Value::String(if end < text.len() { format!("{cut}…") } else { cut.to_owned() })
        }
        Value::Array(items) => {
            let (mut kept, mut left) = (Vec::new(), limit);
            for item in items {
                let bytes = json_bytes(item) + 1;
                if bytes <= left {
                    left -= bytes;
                    kept.push(item.clone());
                    continue;
                }
                // Half a row is useless unless there is no other.
                if kept.is_empty() && left > 2 {
                    kept.push(cut(item, left / 2));
                }
                break;
            }
            Value::Array(kept)
        }
        Value::Object(entries) => {
            let (mut kept, mut left) = (Map::new(), limit);
            for (key, item) in entries {
                let bytes = json_bytes(item) + key.len() + 4;
                if bytes <= left {
                    left -= bytes;
                    kept.insert(key.clone(), item.clone());
                } else if key.len() + 8 < left / 2 {
                    // A large item leaves room for later items.
                    left /= 2;
                    kept.insert(key.clone(), cut(item, left - key.len()));
                }
            }
            Value::Object(kept)
        }
        other => other.clone(),
    }
}

/// Counts the bytes of a value as JSON without storing the text.
fn json_bytes(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Neither counting nor serializing a value can fail.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn small_values_are_whole_and_large_ones_keep_their_beginning() {
        let rows: Vec<Value> = (0..1000).map(|n| json!({"n": n, "text": "x".repeat(20)})).collect();
        for (value, expected) in [
            (json!(null), json!(null)),
            (json!({"a": [1, 2]}), json!({"a": [1, 2]})),
            (json!("ä".repeat(400)), json!("ä".repeat(50) + "…")),
            (json!(rows), json!(rows[..2])),
            (json!({"rows": rows, "count": 1000}), json!({"rows": rows[..1], "count": 1000})),
            (json!([["x".repeat(500)]]), json!([["x".repeat(25) + "…"]])),
        ] {
            let found = preview(&value, 100);
            assert_eq!(found.value, expected);
            assert_eq!(found.truncated, value != expected);
            assert_eq!(found.bytes, value.to_string().len() as u64);
            assert_eq!(found.items, value.as_array().map(|items| items.len() as u64));
            assert!(json_bytes(&found.value) <= 120, "{}", found.value);
        }
    }

    #[test]
    fn keys_without_end_are_bounded_too() {
        let many: Map<String, Value> =
            (0..10_000).map(|n| (format!("key-{n}"), json!("x".repeat(100)))).collect();
        let found = preview(&Value::Object(many), 1000);
        assert!(found.truncated && json_bytes(&found.value) <= 1100, "{}", json_bytes(&found.value));
    }
}
