//! Expressions in job files: `${{ steps.extract.metadata.row_count }}`.
//!
//! Expressions are minijinja's (Jinja2), strict: an undefined name is an error. There are no statements. A
//! string that is one expression becomes the expression's value with its type; otherwise the values are
//! put into the text.

use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use serde_json::{Map, Value};

/// What expressions can name.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Scope {
    /// `steps.ID.output`, `.metadata`, `.status` and `.summary`, of steps that have ended.
    pub steps: Map<String, Value>,
    /// `vars.NAME`.
    pub vars: Map<String, Value>,
    /// `run.execution_id`, `.scheduled_time`, `.start_time`, `.status`, `.failed_step` and `.step_token`.
    pub run: Map<String, Value>,
    /// `job.id`, `.name` and `.timezone`.
    pub job: Map<String, Value>,
}

/// A template that cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// JSON pointer to the string, below what was rendered.
    pub pointer: String,
    /// What is wrong.
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

/// Fills in every template within `value`.
///
/// # Errors
/// The first one that cannot be filled in.
pub fn render(value: &Value, scope: &Scope) -> Result<Value, TemplateError> {
    walk(value, "", &mut |pointer, text| {
        render_text(text, scope).map_err(|message| TemplateError { pointer: pointer.to_owned(), message })
    })
}

/// The value of an expression.
pub(super) fn value_of(source: &str, scope: &Scope) -> Result<minijinja::Value, String> {
    let env = environment();
    let value = compile(&env, source)?.eval(context(scope)).map_err(|error| describe(source, &error))?;
    if value.is_undefined() { Err(undefined(source)) } else { Ok(value) }
}

/// Syntax and names of an expression: what it names from outside, as `steps.extract.output`.
pub(super) fn names(source: &str) -> Result<Vec<String>, String> {
    let env = environment();
    let mut names: Vec<String> = compile(&env, source)?.undeclared_variables(true).into_iter().collect();
    names.sort();
    Ok(names)
}

/// Calls `visit` for each string that holds a template, and builds the value of the results.
pub(super) fn walk<E>(
    value: &Value,
    pointer: &str,
    visit: &mut dyn FnMut(&str, &str) -> Result<Value, E>,
) -> Result<Value, E> {
    match value {
        Value::String(text) if text.contains("${{") => visit(pointer, text),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(i, item)| walk(item, &format!("{pointer}/{i}"), visit))
            .collect::<Result<Vec<_>, E>>()
            .map(Value::Array),
        Value::Object(map) => map
            .iter()
            .map(|(key, item)| {
                let pointer = format!("{pointer}/{}", crate::document::escape(key));
                Ok((key.clone(), walk(item, &pointer, visit)?))
            })
            .collect::<Result<Map<_, _>, E>>()
            .map(Value::Object),
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

fn render_text(text: &str, scope: &Scope) -> Result<Value, String> {
    let env = environment();
    let context = context(scope);
    let evaluate = |source: &str| {
        let value = compile(&env, source)?.eval(&context).map_err(|error| describe(source, &error))?;
        if value.is_undefined() {
            return Err(undefined(source));
        }
        serde_json::to_value(&value).map_err(|error| format!("`{source}`: {error}"))
    };
    let pieces = pieces(text)?;
    if let [Piece::Expression(source)] = pieces.as_slice() {
        return evaluate(source);
    }
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Expression(source) => match evaluate(source)? {
                Value::String(text) => out.push_str(&text),
                other => out.push_str(&other.to_string()),
            },
        }
    }
    Ok(Value::String(out))
}

fn context(scope: &Scope) -> minijinja::Value {
    minijinja::Value::from(minijinja::value::Serde(scope))
}

fn undefined(source: &str) -> String {
    format!("`{source}` is not defined")
}

fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env
}

fn compile<'e>(env: &'e Environment<'_>, source: &'e str) -> Result<minijinja::Expression<'e, 'e>, String> {
    check_size(source)?;
    env.compile_expression(source).map_err(|error| describe(source, &error))
}

/// Bytes of one expression.
const MAX_SOURCE: usize = 16 << 10;
/// Operators, brackets, filters, names and attributes of one expression. Each may nest the tree by one level, and minijinja
/// walks the tree by recursion: 10,000 levels overflow a thread's stack, which no process survives.
const MAX_PARTS: usize = 500;

/// Refuses an expression that is too large before it is parsed.
pub(super) fn check_size(source: &str) -> Result<(), String> {
    let begin: String = source.chars().take(30).collect();
    if source.len() > MAX_SOURCE {
        return Err(format!("`{begin}...`: the expression is too long: at most {MAX_SOURCE} bytes"));
    }
    let (mut parts, mut quote, mut escaped, mut in_word) = (0usize, None, false, false);
    for c in source.chars() {
        let word = c.is_alphanumeric() || c == '_';
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => (quote, parts) = (Some(c), parts + 1),
            (None, _) if c.is_whitespace() => {}
            (None, _) if word && in_word => {}
            (None, _) => parts += 1,
        }
        in_word = word && quote.is_none();
    }
    if parts > MAX_PARTS {
        return Err(format!(
            "`{begin}...`: the expression is too complex: at most {MAX_PARTS} names, values and operators"
        ));
    }
    Ok(())
}

fn describe(source: &str, error: &minijinja::Error) -> String {
    let why = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    format!("`{source}`: {why}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope() -> Scope {
        let json = json!({
            "extract": {"output": {"path": "a.csv"}, "metadata": {"row_count": 7}, "status": "success"}
        });
        let vars = json!({"day": "2025-09-01", "limit": 5});
        Scope {
            steps: json.as_object().unwrap().clone(),
            vars: vars.as_object().unwrap().clone(),
            ..Scope::default()
        }
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
            assert_eq!(render(&template, &scope()).unwrap(), value, "{template}");
        }
    }

    #[test]
    fn undefined_names_and_broken_syntax_are_errors_with_their_place() {
        for (template, pointer) in [
            (json!({"q": "${{ vars.nope }}"}), "/q"),
            (json!(["x", "${{ steps.load.output }}"]), "/1"),
            (json!("${{ vars.day"), ""),
            (json!("${{ 1 + }}"), ""),
        ] {
            assert_eq!(render(&template, &scope()).unwrap_err().pointer, pointer, "{template}");
        }
    }

    /// Each of these overflows the stack of minijinja's parser, compiler or destructor; some may not even be correct.
    #[test]
    fn expressions_that_would_overflow_the_stack_are_refused() {
        let many = |text: &str| text.repeat(20_000);
        for source in [
            format!("1{}", many("+1")),
            format!("'a'{}", many("~'a'")),
            format!("'a'{}", many("|upper")),
            format!("{}true", many("not ")),
            format!("{}1", many("-")),
            format!("vars{}", many(".a")),
            format!("vars{}", many("[0]")),
            format!("vars{}", many("()")),
            format!("{}1{}", many("("), many(")")),
            format!("{}1{}", many("["), many("]")),
            format!("{}1{}", many("{'a':"), many("}")),
            format!("1{}", many(" if 1 else 1")),
            format!("1{}", many(" and 1")),
            format!("1{}", many("**1")),
            format!("1{}", many(" is defined")),
            format!("1{}", many(" < 1")),
            "a".repeat(100_000),
        ] {
            let error = render(&json!(format!("${{{{ {source} }}}}")), &scope()).unwrap_err().message;
            assert!(error.contains("too complex") || error.contains("too long"), "{error}");
            assert!(error.len() < 200);
            assert!(names(&source).is_err());
            assert!(crate::job::evaluate(&source, &scope()).is_err());
            // As large as may be.
            let largest: String = source.chars().take(490).collect();
            let _ = render(&json!(format!("${{{{ {largest} }}}}")), &scope());
            let _ = crate::job::evaluate(&largest, &scope());
        }
        let sum = format!("1{}", "+1".repeat(240));
        assert_eq!(render(&json!(format!("${{{{ {sum} }}}}")), &scope()), Ok(json!(241)));
    }

    #[test]
    fn names_that_an_expression_uses() {
        assert_eq!(names("steps.a.output.x + vars.y | default(3)").unwrap(), ["steps.a.output.x", "vars.y"]);
    }
}
