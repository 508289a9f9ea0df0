//! The changes that the fields and buttons of the form make in a job file.

use serde_json::{Map, Value, json};
use stepwell::engine::document::{Document, escape};
use stepwell::engine::job::{approval, group, worker};

use super::text::Change;
use crate::ui::guard::Fields;
use crate::ui::value::Parts;

/// The maximum number of steps whose ids a new id must differ from.
const MOST_IDS: usize = 10_000;

/// Returns the change that a form means, if it means one. `job` is the value of the file.
pub(super) fn meant(fields: &Fields, job: &Value) -> Result<Option<Change>, String> {
    let at = fields.get("at").to_owned();
    let change = match fields.get("edit") {
        "" => return Ok(None),
        "set" => match read(fields.get("value"), fields.get("as"))? {
            Some(value) => Change::Set(at, value),
            None => Change::Remove(at),
        },
        "remove" => Change::Remove(at),
        "up" => Change::Raise(at),
        "down" => {
            let (above, index) = at.rsplit_once('/').unwrap_or_default();
            let next = index.parse::<usize>().unwrap_or_default() + 1;
            Change::Raise(format!("{above}/{next}"))
        }
        "step" => Change::Push(at, step(fields.get("type"), job)?),
        "sequence" => {
            let id = free(job, "branch");
            let first = json!({"id": free(job, "step"), "type": "wait", "for": 1});
            Change::Push(at, json!({"id": id, "steps": [first]}))
        }
        "variable" => {
            let name = fields.get("name").trim();
            if name.is_empty() {
                return Err("a variable needs a name".to_owned());
            }
            if job.at("vars").get(name).is_some() {
                return Err(format!("there is a variable `{name}` already"));
            }
            Change::Set(
                format!("/vars/{}", escape(name)),
                read(fields.get("value"), "scalar")?.unwrap_or_else(|| "".into()),
            )
        }
        "schedule" => schedule(fields.get("value"), job),
        other => return Err(format!("the form has no change `{other}`")),
    };
    Ok(Some(change))
}

/// Reads the text of a field. A field without a text has no value.
fn read(text: &str, kind: &str) -> Result<Option<Value>, String> {
    let plain = text.replace("\r\n", "\n");
    let trimmed = plain.trim();
    if trimmed.is_empty() {
        return Ok(None);
    }
    Ok(Some(match kind {
        "long" => Value::from(plain),
        "number" | "scalar" => scalar(trimmed),
        "json" => serde_json::from_str(trimmed).map_err(|error| format!("this is not a value: {error}"))?,
        "list" => trimmed.lines().map(str::trim).filter(|line| !line.is_empty()).map(scalar).collect(),
        "yaml" => Document::parse("field", &plain).map_err(|found| found.to_string())?.value,
        _ => Value::from(trimmed),
    }))
}

/// Returns a number or a switch, or the text itself.
fn scalar(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
        _ => text.into(),
    }
}

/// Returns a new step of a type.
fn step(step_type: &str, job: &Value) -> Result<Value, String> {
    let name = step_type.rsplit('/').next().unwrap_or(step_type);
    let id: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let mut step = Map::new();
    step.insert("id".to_owned(), free(job, &id).into());
    step.insert("type".to_owned(), step_type.into());
    match step_type {
        "" => return Err("choose the type of the step".to_owned()),
        group::TYPE => {
            let member = json!({"id": free(job, "branch"), "type": "wait", "for": 1});
            step.insert("parallel_steps".to_owned(), json!([member]));
        }
        approval::TYPE => drop(step.insert("message".to_owned(), "May this go ahead?".into())),
        worker::TYPE => drop(step.insert("function".to_owned(), "my_function".into())),
        "wait" => drop(step.insert("for".to_owned(), 1.into())),
        _ => {}
    }
    Ok(step.into())
}

/// Returns the change to another kind of schedule, which keeps the other settings.
fn schedule(kind: &str, job: &Value) -> Change {
    let at = "/schedule".to_owned();
    let value = match kind {
        "cron" => "0 6 * * *",
        "every" => "1h",
        "at" => "2030-01-01T06:00:00",
        _ => return Change::Remove(at),
    };
    let mut map = Map::from_iter([(kind.to_owned(), value.into())]);
    for (key, value) in job.entries("schedule") {
        if !["cron", "every", "at"].contains(&key) {
            map.insert(key.to_owned(), value.clone());
        }
    }
    Change::Set(at, map.into())
}

/// Returns an id that no step and no branch has.
fn free(job: &Value, base: &str) -> String {
    let base = if base.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') { base } else { "step" };
    let base = base.get(..base.len().min(40)).unwrap_or("step");
    let mut ids = Vec::new();
    collect(job, &mut ids);
    let is_free = |id: &String| !ids.contains(&id.as_str());
    let numbered = (2..MOST_IDS).map(|number| format!("{base}_{number}"));
    std::iter::once(base.to_owned()).chain(numbered).find(is_free).unwrap_or_else(|| base.to_owned())
}

fn collect<'j>(job: &'j Value, ids: &mut Vec<&'j str>) {
    for list in ["steps", "on_failure", "finally", "parallel_steps"] {
        for step in job.list(list).iter().take(MOST_IDS.saturating_sub(ids.len())) {
            ids.push(step.text("id"));
            collect(step, ids);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(fields: &[(&str, &str)], job: &Value) -> Result<Option<Change>, String> {
        meant(&Fields::of(fields), job)
    }

    #[test]
    fn fields_have_values() {
        for (kind, text, value) in [
            ("text", " a ", json!("a")),
            ("long", "a\r\nb\r\n", json!("a\nb\n")),
            ("number", "1.5", json!(1.5)),
            ("number", "${{ vars.n }}", json!("${{ vars.n }}")),
            ("scalar", "30s", json!("30s")),
            ("scalar", "true", json!(true)),
            ("json", "\"read\"", json!("read")),
            ("list", "a\n\n 2\n", json!(["a", 2])),
            ("yaml", "a: [1]\n", json!({"a": [1]})),
        ] {
            assert_eq!(read(text, kind).unwrap(), Some(value), "{kind} {text}");
        }
        assert_eq!(read(" \n", "long").unwrap(), None);
        assert!(read("a: [", "yaml").unwrap_err().contains("field:1"));
    }

    #[test]
    fn new_steps_have_free_ids() {
        let job = json!({"steps": [{"id": "wait", "type": "wait"},
            {"id": "g", "type": "parallel_group", "parallel_steps": [{"id": "wait_2", "type": "wait"}]}]});
        let found = change(&[("edit", "step"), ("at", "/steps"), ("type", "wait")], &job).unwrap();
        assert_eq!(
            found,
            Some(Change::Push("/steps".into(), json!({"id": "wait_3", "type": "wait", "for": 1})))
        );
        let found = change(&[("edit", "step"), ("at", "/steps"), ("type", "acme/in-voice")], &job).unwrap();
        assert_eq!(
            found,
            Some(Change::Push("/steps".into(), json!({"id": "in_voice", "type": "acme/in-voice"})))
        );
        assert!(change(&[("edit", "step"), ("at", "/steps")], &job).is_err());
    }

    #[test]
    fn buttons_mean_changes() {
        let job = json!({"vars": {"a": 1}, "schedule": {"cron": "@daily", "overlap": "forbid"}});
        let set = |value: Value| Some(Change::Set("/schedule".into(), value));
        let found = change(&[("edit", "schedule"), ("value", "every")], &job).unwrap();
        assert_eq!(found, set(json!({"every": "1h", "overlap": "forbid"})));
        let found = change(&[("edit", "schedule"), ("value", "none")], &job).unwrap();
        assert_eq!(found, Some(Change::Remove("/schedule".into())));
        let found = change(&[("edit", "down"), ("at", "/steps/1")], &job).unwrap();
        assert_eq!(found, Some(Change::Raise("/steps/2".into())));
        let found = change(&[("edit", "set"), ("at", "/name"), ("value", ""), ("as", "text")], &job).unwrap();
        assert_eq!(found, Some(Change::Remove("/name".into())));
        let found = change(&[("edit", "variable"), ("name", "b/c"), ("value", "x")], &job).unwrap();
        assert_eq!(found, Some(Change::Set("/vars/b~1c".into(), json!("x"))));
        assert!(change(&[("edit", "variable"), ("name", "a")], &job).is_err());
        assert_eq!(change(&[], &job).unwrap(), None);
    }
}
