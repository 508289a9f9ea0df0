//! An estimate of the size of values that does not visit all of them.

use serde_json::Value;

/// Estimates the bytes of some values, and stops as soon as there are clearly many.
pub fn weight<'v>(values: impl IntoIterator<Item = &'v Value>) -> usize {
    const ENOUGH: usize = 64 << 10;
    let mut bytes = 0;
    let mut left: Vec<&Value> = values.into_iter().collect();
    while let Some(value) = left.pop().filter(|_| bytes < ENOUGH) {
        bytes += 16;
        match value {
            Value::String(text) => bytes += text.len(),
            Value::Array(items) if items.len() > ENOUGH / 16 => return ENOUGH,
            Value::Array(items) => left.extend(items),
            Value::Object(map) if map.len() > ENOUGH / 16 => return ENOUGH,
            Value::Object(map) => left.extend(map.values()),
            _ => {}
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_weighed_until_they_are_known_to_be_many() {
        for (value, least, most) in [
            (json!(null), 16, 16),
            (json!({"a": "xyz", "b": [1, 2]}), 70, 100),
            (json!("x".repeat(100_000)), 100_000, 100_016),
            (json!(vec![0; 1_000_000]), 64 << 10, 64 << 10),
            (json!([vec![0; 4_000], vec![0; 4_000]]), 64 << 10, 66 << 10),
        ] {
            let found = weight([&value]);
            assert!((least..=most).contains(&found), "{found}");
        }
    }
}
