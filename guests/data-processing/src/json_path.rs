//! Paths into JSON values.

use tables::Json;

/// One part of a path.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// A key of an object.
    Key(String),
    /// An index from 0; a negative index counts from the end.
    Index(i64),
    /// The value itself.
    Whole,
}

/// Parses a path: `$.a.b[0]`, `$."a b"`, `/a/b`, `{a,b}`, or a key.
///
/// # Errors
/// Fails when the text is not a path.
pub fn steps(path: &str) -> Result<Vec<Part>, String> {
    let either = |key: &str| key.parse().map_or_else(|_| Part::Key(key.to_owned()), Part::Index);
    if let Some(pointer) = path.strip_prefix('/') {
        return Ok(pointer.split('/').map(either).collect());
    }
    if let Some(list) = path.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        return Ok(list.split(',').map(|key| either(key.trim())).collect());
    }
    let Some(mut rest) = path.strip_prefix('$') else { return Ok(vec![Part::Key(path.to_owned())]) };
    let unclear =
        || format!("`{path}` is no path of JSON: write one like '$.key', '$.list[0]' or '$.\"a key\".b'");
    let mut parts = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(".\"") {
            let (key, after) = after.split_once('"').ok_or_else(unclear)?;
            parts.push(Part::Key(key.to_owned()));
            rest = after;
        } else if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (key, after) = after.split_at_checked(end).ok_or_else(unclear)?;
            if key.is_empty() || key == "*" {
                return Err(unclear());
            }
            parts.push(Part::Key(key.to_owned()));
            rest = after;
        } else {
            let (index, after) =
                rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).ok_or_else(unclear)?;
            let index = index.strip_prefix('#').unwrap_or(index);
            parts.push(Part::Index(index.parse().map_err(|_| unclear())?));
            rest = after;
        }
    }
    if parts.is_empty() {
        parts.push(Part::Whole);
    }
    Ok(parts)
}

/// Returns the value at the path.
pub fn find<'a>(json: &'a Json, parts: &[Part]) -> Option<&'a Json> {
    parts.iter().try_fold(json, |json, part| match (json, part) {
        (json, Part::Whole) => Some(json),
        (Json::Object(entries), Part::Key(key)) => {
            entries.iter().find(|(other, _)| other == key).map(|(_, value)| value)
        }
        (Json::Object(entries), Part::Index(index)) => {
            let key = index.to_string();
            entries.iter().find(|(other, _)| *other == key).map(|(_, value)| value)
        }
        (Json::List(items), Part::Index(index)) => {
            let place = if *index < 0 { i64::try_from(items.len()).ok()? + index } else { *index };
            items.get(usize::try_from(place).ok()?)
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_values() {
        let json = Json::parse(r#"{"a": {"b c": [1, 2.50, {"d": null}]}, "0": "x"}"#).unwrap();
        for (path, found) in [
            ("$.a.\"b c\"[1]", Some("2.50")),
            ("$.a.\"b c\"[#-1].d", Some("null")),
            ("/a/b c/0", Some("1")),
            ("{a,b c,-1,d}", Some("null")),
            ("0", Some("\"x\"")),
            ("$.b", None),
            ("$.a[0]", None),
        ] {
            let parts = steps(path).unwrap();
            assert_eq!(
                find(&json, &parts)
                    .map(|json| {
                        let mut text = String::new();
                        json.write(&mut text);
                        text
                    })
                    .as_deref(),
                found,
                "{path}"
            );
        }
        assert!(steps("$").is_ok() && steps("$.*").is_err() && steps("$a").is_err());
    }
}
