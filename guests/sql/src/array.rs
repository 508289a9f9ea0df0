//! Lists of JSON as arrays of PostgreSQL (postgresql.org/docs/current/arrays.html#ARRAYS-IO).

use fit::Target;
use tables::Json;

/// Formats a list as an array of these items.
///
/// # Errors
/// Explains why an item does not fit.
pub fn literal(list: &[Json], item: &Target) -> Result<String, String> {
    let mut out = String::new();
    array(&mut out, list, item)?;
    Ok(out)
}

fn array(out: &mut String, items: &[Json], of: &Target) -> Result<(), String> {
    let is_json = ["json", "jsonb"].contains(&of.type_name.as_str());
    out.push('{');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let text = match item {
            Json::Null => {
                out.push_str("NULL");
                continue;
            }
            Json::List(inner) if !is_json => {
                array(out, inner, of)?;
                continue;
            }
            Json::Text(text) if of.is_hex() => format!("\\x{}", text.trim_start_matches("\\x")),
            Json::Text(text) if !is_json => text.clone(),
            Json::Object(_) if !is_json => {
                return Err(format!(
                    "an item is an object, and the items of the column have the type `{}`: write the items as that type",
                    of.type_name
                ));
            }
            item => item.text(),
        };
        match of.misfit(&text) {
            Some(why) => return Err(format!("item {}: {why}", index + 1)),
            None => quoted(out, &text),
        }
    }
    out.push('}');
    Ok(())
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        if c == '"' || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_become_arrays_of_their_items() {
        for (json, item, wanted) in [
            ("[1, null, 3]", "int4", Ok("{\"1\",NULL,\"3\"}")),
            ("[]", "int4", Ok("{}")),
            ("[[1, 2], [3, 4]]", "int4", Ok("{{\"1\",\"2\"},{\"3\",\"4\"}}")),
            ("[12345678901234567890.10]", "numeric", Ok("{\"12345678901234567890.10\"}")),
            (r#"["a\"b", "c\\d", "NULL", ""]"#, "text", Ok(r#"{"a\"b","c\\d","NULL",""}"#)),
            (r#"[true, "x"]"#, "text", Ok(r#"{"true","x"}"#)),
            (r#"["00ff"]"#, "bytea", Ok(r#"{"\\x00ff"}"#)),
            (r#"[{"a": [1.50]}, [2]]"#, "jsonb", Ok(r#"{"{\"a\":[1.50]}","[2]"}"#)),
            ("[1.005]", "numeric(5,2)", Err("item 1: `1.005` has more digits")),
            (r#"["2026-01-31 10:00"]"#, "date", Err("has a time")),
            (r#"[{"a": 1}]"#, "int4", Err("an item is an object")),
        ] {
            let Ok(Json::List(list)) = Json::parse(json) else { panic!("{json}") };
            match (literal(&list, &Target::of("postgres", item)), wanted) {
                (Ok(found), Ok(wanted)) => assert_eq!(found, wanted),
                (Err(found), Err(wanted)) => assert!(found.contains(wanted), "{found}"),
                (found, _) => panic!("{json}: {found:?}"),
            }
        }
    }
}
