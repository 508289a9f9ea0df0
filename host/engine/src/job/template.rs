//! Expressions in job files: `${{ steps.extract.metadata.row_count }}`.
//!
//! Expressions are minijinja's (Jinja2), strict: an undefined name is an error. There are no statements. A
//! string that consists of one expression becomes the value of the expression with its type; otherwise the
//! values are inserted into the text.

use serde_json::{Map, Value};

use super::expression::Expressions;
use super::functions::Work;
use super::seen::Scope;
use crate::contain;
use crate::document::escape;
use crate::levels;

/// A template that cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// JSON pointer to the string, relative to the rendered value.
    pub pointer: String,
    /// The problem.
    pub message: String,
}

/// A piece of a string with templates.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Plain text.
    Text(&'a str),
    /// The source of an expression.
    Expression(&'a str),
}

/// Fills in every template within `value`. All of them together do the given work at most, and the result has a
/// bounded number of levels.
///
/// # Errors
/// Returns the first template that cannot be filled in.
pub fn render(value: &Value, scope: &Scope, work: &Work) -> Result<Value, TemplateError> {
    let value = contained(|| filled(value, &mut String::new(), &Expressions::new(scope, work)))?;
    match levels::check(&value) {
        Ok(()) => Ok(value),
        Err(deep) => {
            let message = format!("the value, with its templates filled in, {deep}");
            Err(TemplateError { pointer: String::new(), message })
        }
    }
}

/// Treats an expression that makes its library panic, for instance with numbers out of range, as an
/// invalid expression.
pub(super) fn contained<T>(evaluate: impl FnOnce() -> Result<T, TemplateError>) -> Result<T, TemplateError> {
    contain::contained(evaluate).unwrap_or_else(|_| {
        let message = "an expression cannot be evaluated: a number or a range in it is out of bounds";
        Err(TemplateError { pointer: String::new(), message: message.to_owned() })
    })
}

fn filled(value: &Value, pointer: &mut String, known: &Expressions<'_>) -> Result<Value, TemplateError> {
    let end = pointer.len();
    match value {
        Value::String(text) if text.contains("${{") => {
            render_text(text, known).map_err(|message| TemplateError { pointer: pointer.clone(), message })
        }
        Value::Array(items) => {
            let mut list = Vec::with_capacity(items.len());
            for (i, item) in items.iter().enumerate() {
                pointer.push('/');
                pointer.push_str(&i.to_string());
                list.push(filled(item, pointer, known)?);
                pointer.truncate(end);
            }
            Ok(Value::Array(list))
        }
        Value::Object(map) => {
            let mut object = Map::new();
            for (key, item) in map {
                pointer.push('/');
                pointer.push_str(&escape(key));
                object.insert(key.clone(), filled(item, pointer, known)?);
                pointer.truncate(end);
            }
            Ok(Value::Object(object))
        }
        other => Ok(other.clone()),
    }
}

/// Splits a string into text and expressions. Braces within quotes belong to the expression.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        let end = expression_end(after).ok_or_else(|| "`${{` without `}}`".to_owned())?;
        let (source, tail) = after.split_at(end);
        pieces.push(Piece::Expression(source.trim()));
        rest = tail.strip_prefix("}}").unwrap_or_default();
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

fn expression_end(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '}') if text.get(i..)?.starts_with("}}") => return Some(i),
            _ => {}
        }
    }
    None
}

fn render_text(text: &str, known: &Expressions<'_>) -> Result<Value, String> {
    let pieces = pieces(text)?;
    if let [Piece::Expression(source)] = pieces.as_slice() {
        return known.json(source);
    }
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Expression(source) => match known.json(source)? {
                Value::String(text) => out.push_str(&text),
                other => out.push_str(&other.to_string()),
            },
        }
    }
    Ok(Value::String(out))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::job::seen::seen;

    fn scope() -> Scope {
        let json = json!({
            "extract": {"output": {"path": "a.csv"}, "metadata": {"row_count": 7}, "status": "success"}
        });
        let vars = json!({"day": "2025-09-01", "limit": 5});
        Scope { steps: seen(&json), vars: Arc::new(vars.as_object().unwrap().clone()), ..Scope::default() }
    }

    #[test]
    fn one_expression_keeps_its_type_and_more_make_a_text() {
        for (template, value) in [
            (json!("${{ vars.limit }}"), json!(5)),
            (json!("${{ steps.extract.output }}"), json!({"path": "a.csv"})),
            (json!("${{ vars.limit + steps.extract.metadata.row_count }}"), json!(12)),
            (json!("out/${{ vars.day }}/${{ vars.limit }}.csv"), json!("out/2025-09-01/5.csv")),
            (json!("${{ '}}' ~ vars.day }}"), json!("}}2025-09-01")),
            (json!("${{ vars.day | upper | replace('-', '') }}"), json!("20250901")),
            (json!({"a": ["${{ vars.limit }}", "plain", 1]}), json!({"a": [5, "plain", 1]})),
        ] {
            assert_eq!(render(&template, &scope(), &Work::of_a_step()).unwrap(), value, "{template}");
        }
    }

    #[test]
    fn templates_that_build_a_value_with_too_many_levels_are_refused() {
        let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
        let vars = json!({"a": nested(40)});
        let scope = Scope { vars: Arc::new(vars.as_object().unwrap().clone()), ..Scope::default() };
        assert!(render(&json!({"x": "${{ [vars.a] }}"}), &scope, &Work::of_a_step()).is_ok());
        let template = (0..24).fold(json!("${{ vars.a }}"), |inner, _| json!([inner]));
        assert!(render(&template, &scope, &Work::of_a_step()).is_ok());
        let error = render(&json!([template]), &scope, &Work::of_a_step()).unwrap_err();
        assert!(error.message.contains("has more than 64 levels"), "{error}");
    }

    #[test]
    fn undefined_names_and_broken_syntax_are_errors_with_their_place() {
        for (template, pointer) in [
            (json!({"q": "${{ vars.nope }}"}), "/q"),
            (json!(["x", "${{ steps.load.output }}"]), "/1"),
            (json!("${{ vars.day"), ""),
            (json!("${{ 1 + }}"), ""),
        ] {
            assert_eq!(
                render(&template, &scope(), &Work::of_a_step()).unwrap_err().pointer,
                pointer,
                "{template}"
            );
        }
    }
}
