//! A stored job as YAML that a person would write: what names it comes first.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

/// The keys that come first, of the job and of each step. The others follow in the order of their names.
const FIRST: &[&str] = &[
    "id",
    "name",
    "description",
    "type",
    "enabled",
    "timezone",
    "schedule",
    "vars",
    "if",
    "query",
    "script",
];
/// The keys that come last: lists of steps.
const LAST: &[&str] = &["steps", "on_failure", "finally"];

pub(crate) fn yaml(job: &Value) -> String {
    serde_saphyr::to_string(&Ordered(job)).unwrap_or_default().trim_end().to_owned()
}

struct Ordered<'a>(&'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(map) => {
                let place = |key: &str| match FIRST.iter().position(|first| *first == key) {
                    Some(place) => place,
                    None => {
                        FIRST.len() + LAST.iter().position(|last| *last == key).map_or(0, |place| place + 1)
                    }
                };
                let mut keys: Vec<&String> = map.keys().collect();
                keys.sort_by_key(|key| (place(key), key.as_str()));
                let mut ordered = serializer.serialize_map(Some(map.len()))?;
                for key in keys {
                    if let Some(value) = map.get(key) {
                        ordered.serialize_entry(key, &Ordered(value))?;
                    }
                }
                ordered.end()
            }
            Value::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&Ordered(item))?;
                }
                list.end()
            }
            other => other.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stepwell::engine::document::Document;

    use super::*;

    /// Texts that YAML would read as something else come back as the texts that they are.
    #[test]
    fn a_job_is_written_in_the_order_of_people_and_reads_back_as_it_was() {
        let job = json!({"steps": [{"type": "wait", "for": 1, "id": "w"}], "timezone": "UTC", "id": "a",
            "vars": {"n": "01234", "yes": "no", "t": "2026-01-01", "x": "a: b # c", "z": "two\nlines", "e": ""}});
        let text = yaml(&job);
        assert!(
            text.starts_with("id: a\ntimezone: UTC\nvars:\n") && text.contains("- id: w\n  type: wait\n"),
            "{text}"
        );
        assert_eq!(Document::parse("job.yaml", &text).unwrap().value, job, "{text}");
    }
}
