//! The batches of a conversion, by a value of the jobs.

use serde_json::Value;
use stepwell::engine::document::cut;

/// The words for criticality, the least critical first.
const RANKS: [&[&str]; 4] = [&["low"], &["medium", "normal", "moderate"], &["high"], &["critical"]];
/// The maximum characters of a batch's name.
const LONGEST: usize = 80;

/// Returns the batch of a job: the value at a key such as `metadata.criticality`. A legacy file may have the key at
/// its top, which a conversion moves to `metadata`.
pub(super) fn of(job: &Value, key: &str) -> Option<String> {
    let at = |key: &str| key.split('.').try_fold(job, |value, part| value.get(part));
    let found = at(key).or_else(|| at(key.strip_prefix("metadata.")?))?;
    let name = match found {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(_) | Value::Bool(_) => found.to_string(),
        _ => return None,
    };
    (!name.is_empty()).then(|| cut(&name, LONGEST))
}

/// Returns the position of a batch: known words by rank, then other words, and jobs without a value last, since their
/// criticality is unknown.
pub(super) fn rank(name: Option<&str>) -> (usize, String) {
    let Some(name) = name else { return (RANKS.len() + 1, String::new()) };
    let word = name.to_lowercase();
    let known = RANKS.iter().position(|words| words.contains(&word.as_str()));
    (known.unwrap_or(RANKS.len()), word)
}

/// Returns whether a failure of such a job is a critical one.
pub(super) fn is_critical(name: Option<&str>) -> bool {
    matches!(rank(name).0, 2 | 3)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_least_critical_batch_comes_first() {
        let mut names = [None, Some("critical"), Some("zeta"), Some("Low"), Some("high"), Some("normal")];
        names.sort_by_key(|name| rank(*name));
        assert_eq!(names, [Some("Low"), Some("normal"), Some("high"), Some("critical"), Some("zeta"), None]);
        assert!(is_critical(Some("High")) && !is_critical(Some("low")) && !is_critical(None));
    }

    #[test]
    fn a_batch_is_a_value_of_the_job() {
        assert_eq!(
            of(&json!({"metadata": {"criticality": " high "}}), "metadata.criticality").as_deref(),
            Some("high")
        );
        assert_eq!(of(&json!({"criticality": 1}), "metadata.criticality").as_deref(), Some("1"));
        assert_eq!(of(&json!({"metadata": {"criticality": []}}), "metadata.criticality"), None);
    }
}
