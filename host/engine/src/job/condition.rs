//! Conditions of steps: `${{ vars.deploy and steps.extract.metadata.row_count > 0 }}`.
//!
//! Jinja accepts any value as a condition, and takes every text except the empty one as true, including
//! `"false"` and `no`. A condition of a step accepts only true and false, in each part that `and`, `or`,
//! `not` and parentheses join.

use super::expression::{Expressions, check_size};
use super::functions::Work;
use super::seen::Scope;
use super::template::{Piece, TemplateError, contained, pieces};
use crate::document::cut;

/// Evaluates a `when` condition, with or without `${{ }}`.
///
/// # Errors
/// Fails when the text is not an expression, names something undefined, or has a part that is neither true
/// nor false.
pub fn evaluate(condition: &str, scope: &Scope, work: &Work) -> Result<bool, TemplateError> {
    let source = source(condition);
    contained(|| {
        check_size(source)
            .and_then(|()| truth(source, &Expressions::new(scope, work), 0))
            .map_err(|message| TemplateError { pointer: String::new(), message })
    })
}

/// Returns whether a condition names the status of one of those steps, or the status of the run.
pub fn asks_about(condition: &str, step_ids: &[&str]) -> bool {
    // `steps["load"]["status"]` equals `steps.load.status`, and is the only way to write a name with a dash.
    let mut path = source(condition).split_whitespace().collect::<Vec<_>>().join(" ");
    path = path.replace("[ ", "[").replace(" ]", "]");
    for (bracket, dot) in [("[\"", "."), ("['", "."), ("\"]", ""), ("']", "")] {
        path = path.replace(bracket, dot);
    }
    let names = |wanted: &str| {
        path.match_indices(wanted).any(|(start, _)| {
            let of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
            let before = path.get(..start).and_then(|text| text.chars().next_back());
            let after = path.get(start + wanted.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(of_name) && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
        })
    };
    let of_step = step_ids.iter().any(|id| names(&format!("steps.{id}.status")));
    of_step || names("run.status") || names("run.failed_step")
}

/// Returns the expression of a condition.
pub(super) fn source(condition: &str) -> &str {
    match pieces(condition).as_deref() {
        Ok([Piece::Expression(source)]) => source,
        _ => condition,
    }
}

/// Maximum nesting of parentheses and `not`s that are taken apart; deeper nesting is one part.
const MAX_DEPTH: usize = 32;

fn truth(source: &str, known: &Expressions<'_>, depth: usize) -> Result<bool, String> {
    let source = source.trim();
    if depth < MAX_DEPTH
        && let Some(parts) = Parts::of(source)
    {
        return match parts {
            Parts::Any(parts) => any(&parts, true, known, depth),
            Parts::All(parts) => any(&parts, false, known, depth).map(|found| !found),
            Parts::Not(inner) => Ok(!truth(inner, known, depth + 1)?),
            Parts::Parentheses(inner) => truth(inner, known, depth + 1),
        };
    }
    let value = known.value(source)?;
    match value.kind() {
        minijinja::value::ValueKind::Bool => Ok(value.is_true()),
        kind => {
            let what = match kind {
                minijinja::value::ValueKind::String => {
                    format!("the text `{}`", cut(value.as_str().unwrap_or_default(), 60))
                }
                minijinja::value::ValueKind::Number => format!("the number {value}"),
                minijinja::value::ValueKind::None => "null".to_owned(),
                kind => format!("a {kind}"),
            };
            Err(format!(
                "`{source}` is {what}, and a condition must be true or false: compare it, for instance `{source} == ...`"
            ))
        }
    }
}

/// Returns whether one of the parts has the wanted truth value; the parts after it are not evaluated.
fn any(parts: &[&str], wanted: bool, known: &Expressions<'_>, depth: usize) -> Result<bool, String> {
    for part in parts {
        if truth(part, known, depth + 1)? == wanted {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The parts of a condition.
enum Parts<'a> {
    Any(Vec<&'a str>),
    All(Vec<&'a str>),
    Not(&'a str),
    Parentheses(&'a str),
}

impl<'a> Parts<'a> {
    /// Splits a condition at its loosest operator. `None` when it is one part.
    fn of(source: &'a str) -> Option<Self> {
        let words = top_words(source);
        // `a if b else c` binds more loosely than everything else.
        if words.iter().any(|word| word.text == "if") {
            return None;
        }
        let split = |operator: &str| {
            let mut parts = Vec::new();
            let mut begin = 0;
            for word in words.iter().filter(|word| word.text == operator) {
                parts.push(source.get(begin..word.start)?);
                begin = word.start + operator.len();
            }
            parts.push(source.get(begin..)?);
            Some(parts).filter(|parts| parts.len() > 1)
        };
        if let Some(parts) = split("or") {
            return Some(Self::Any(parts));
        }
        if let Some(parts) = split("and") {
            return Some(Self::All(parts));
        }
        if words.first().is_some_and(|word| word.text == "not" && word.start == 0) {
            return Some(Self::Not(source.get("not".len()..)?));
        }
        let inner = source.strip_prefix('(')?.strip_suffix(')')?;
        balanced(inner).then_some(Self::Parentheses(inner))
    }
}

struct Word<'a> {
    start: usize,
    text: &'a str,
}

/// Returns the words of an expression outside of quotes and brackets.
fn top_words(source: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut begun: Option<usize> = None;
    let mut visit = |i: usize, c: char, depth: Option<i32>| {
        let part_of_word = c.is_alphanumeric() || c == '_' || c == '.';
        match begun {
            None if part_of_word && depth == Some(0) => begun = Some(i),
            Some(start) if !part_of_word => {
                words.push(Word { start, text: source.get(start..i).unwrap_or_default() });
                begun = None;
            }
            _ => {}
        }
    };
    scan(source, &mut visit);
    visit(source.len(), ' ', Some(0));
    words
}

/// Returns whether every bracket that opens in the text closes in it.
fn balanced(source: &str) -> bool {
    let mut whole = true;
    let last = scan(source, |_, _, depth| whole &= depth.is_none_or(|depth| depth >= 0));
    whole && last == 0
}

/// Visits each character with the number of open brackets around it, `None` within quotes. Returns the number
/// at the end.
fn scan(source: &str, mut visit: impl FnMut(usize, char, Option<i32>)) -> i32 {
    let (mut depth, mut quote, mut escaped) = (0, None, false);
    for (i, c) in source.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, ')' | ']' | '}') => depth -= 1,
            (None, _) => {}
        }
        visit(i, c, Some(depth).filter(|_| quote.is_none() && !matches!(c, '"' | '\'')));
        if quote.is_none() && matches!(c, '(' | '[' | '{') {
            depth += 1;
        }
    }
    depth
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::job::seen::seen;

    fn scope() -> Scope {
        let steps = json!({
            "extract": {"output": {"ok": "no"}, "metadata": {"row_count": 7}, "status": "success"},
            "load": {"output": null, "metadata": {}, "status": "failed"},
        });
        let vars = json!({"day": "2025-09-01", "limit": 5, "deploy": true, "off": false, "text": "false", "no": "no", "empty": ""});
        Scope { steps: seen(&steps), vars: Arc::new(vars.as_object().unwrap().clone()), ..Scope::default() }
    }

    #[test]
    fn conditions_are_true_or_false() {
        for (condition, truth) in [
            ("${{ steps.extract.metadata.row_count > 5 }}", true),
            ("steps.extract.status == 'success'", true),
            ("vars.limit > 5", false),
            ("'x' in vars.day", false),
            ("'x' not in vars.day", true),
            ("vars.nope is defined and vars.nope", false),
            ("vars.deploy", true),
            ("not vars.deploy", false),
            ("not not vars.deploy", true),
            ("not vars.off and vars.deploy", true),
            ("vars.off or (vars.deploy and not vars.off)", true),
            ("(vars.off or vars.deploy) and (vars.limit == 5)", true),
            ("not (vars.off or vars.deploy)", false),
            ("'a or b' == vars.day or vars.deploy", true),
            ("(vars.limit + 1) * 2 == 12", true),
            ("true if vars.deploy else false", true),
            ("steps['load'].status in ['failed', 'timeout']", true),
            ("vars.off and vars.text", false),
            ("true", true),
        ] {
            assert_eq!(evaluate(condition, &scope(), &Work::of_a_step()), Ok(truth), "{condition}");
        }
    }

    #[test]
    fn what_is_neither_is_an_error_that_names_it() {
        for (condition, named) in [
            ("vars.text", "`vars.text` is the text `false`"),
            ("not vars.text", "`vars.text` is the text `false`"),
            ("vars.deploy and vars.no", "`vars.no` is the text `no`"),
            ("vars.off or not (vars.no)", "`vars.no` is the text `no`"),
            ("vars.empty", "`vars.empty` is the text ``"),
            ("steps.extract.output.ok", "`steps.extract.output.ok` is the text `no`"),
            ("steps.extract.output", "is a map"),
            ("steps.load.output", "is null"),
            ("vars.limit", "is the number 5"),
            ("'yes' if vars.deploy else 'no'", "is the text `yes`"),
            ("vars.nope", "`vars.nope` is not defined"),
            ("vars.deploy and", "unexpected end"),
        ] {
            let error = evaluate(condition, &scope(), &Work::of_a_step()).unwrap_err().to_string();
            assert!(error.contains(named), "{condition}: {error}");
        }
    }

    #[test]
    fn a_condition_may_ask_how_a_step_or_the_run_ended() {
        for (condition, step, asks) in [
            ("${{ steps.load.status == 'failed' }}", Some("load"), true),
            ("steps['load'].status == 'failed'", Some("load"), true),
            ("'failed' == steps[ \"load-all\" ]['status']", Some("load-all"), true),
            ("not steps.load.status == 'success'", Some("load"), true),
            ("steps.load.status_code == 1", Some("load"), false),
            ("my_steps.load.status == 1", Some("load"), false),
            ("steps.extract.status == 'success'", Some("load"), false),
            ("steps.load.output == 'failed'", Some("load"), false),
            ("run.status == 'failed'", Some("load"), true),
            ("run.status == 'timeout'", None, true),
            ("vars.deploy", Some("load"), false),
        ] {
            assert_eq!(asks_about(condition, step.as_slice()), asks, "{condition}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}vars.deploy{}", "(".repeat(40), ")".repeat(40));
        assert_eq!(evaluate(&deep, &scope(), &Work::of_a_step()), Ok(true));
    }
}
