//! A host that is none: what `cargo test` runs a step against.

use serde_json::Value;

use crate::pending::check;
use crate::{Issue, Pending, Step};

/// What a step has against a configuration; what holds a template (`${{ ... }}`) is pending.
pub fn validate<S: Step>(config: &Value) -> Vec<Issue> {
    check::<S>(&config.to_string(), &Pending::new(templates(config, "")))
}

fn templates(value: &Value, at: &str) -> Vec<String> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| templates(value, &format!("{at}{}", crate::pointer([key.as_str()]))))
            .collect(),
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(i, value)| templates(value, &format!("{at}/{i}"))).collect()
        }
        Value::String(text) if text.contains("${{") => vec![at.to_owned()],
        _ => Vec::new(),
    }
}
