//! Reading the answers of the API.

use serde_json::Value;

/// Parts of a value by a path of keys: `outcome.class`. A part that is absent is null, an empty text, zero or an empty
/// list.
pub(super) trait Parts {
    fn at(&self, path: &str) -> &Value;

    fn text(&self, path: &str) -> &str {
        self.at(path).as_str().unwrap_or_default()
    }

    fn number(&self, path: &str) -> u64 {
        self.at(path).as_u64().unwrap_or_default()
    }

    fn float(&self, path: &str) -> f64 {
        self.at(path).as_f64().unwrap_or_default()
    }

    fn is(&self, path: &str) -> bool {
        self.at(path).as_bool().unwrap_or_default()
    }

    fn has(&self, path: &str) -> bool {
        !self.at(path).is_null()
    }

    fn list(&self, path: &str) -> &[Value] {
        self.at(path).as_array().map_or(&[], Vec::as_slice)
    }

    /// Returns the entries of an object, in its order.
    fn entries(&self, path: &str) -> Vec<(&str, &Value)> {
        let map = self.at(path).as_object().into_iter().flatten();
        map.map(|(name, value)| (name.as_str(), value)).collect()
    }
}

impl Parts for Value {
    fn at(&self, path: &str) -> &Value {
        let keys = path.split('.').filter(|key| !key.is_empty());
        keys.fold(self, |value, key| value.get(key).unwrap_or(&Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_have_paths() {
        let value = json!({"a": {"b": [1, 2], "c": "x"}, "n": 3, "yes": true});
        assert_eq!((value.text("a.c"), value.number("n"), value.list("a.b").len()), ("x", 3, 2));
        assert!(value.is("yes") && value.has("a") && !value.has("a.z.y") && value.text("n").is_empty());
        assert_eq!(value.at("").number("n"), 3);
    }
}
