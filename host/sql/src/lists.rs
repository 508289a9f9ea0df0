//! Lists as parameters: `IN (:ids)`.
//!
//! A list travels as JSON. Where a list is the only item in the parentheses of `IN`, each of its items
//! becomes a separate parameter. In PostgreSQL, which has arrays, `IN (:ids)` becomes `= ANY(:ids)`. No value
//! is in an empty list. In any other place a list goes to the database unchanged: as an array in PostgreSQL,
//! as JSON text in the other databases.

use std::borrow::Cow;

use serde_json::Value as Json;
use stepwell_engine::config::Database;

use crate::dialect::{Kind, Token, tokens};
use crate::{Error, Parameters, Value};

/// The maximum number of list items that become parameters.
pub(crate) const MAX_ITEMS: usize = 1_000;

/// A statement with its parameters.
pub(crate) type Statement<'a> = (Cow<'a, str>, Cow<'a, Parameters>);

/// Returns the statement without lists in the parentheses of `IN`.
///
/// # Errors
/// Fails on a list that is too long, that contains lists or objects, or that is not the only item.
pub(crate) fn expanded<'a>(
    kind: Database,
    text: &'a str,
    parameters: &'a Parameters,
) -> Result<Statement<'a>, Error> {
    let has_list = match parameters {
        Parameters::Positional(values) => values.iter().any(is_list),
        Parameters::Named(values) => values.iter().any(|(_, value)| is_list(value)),
    };
    if !has_list {
        return Ok((Cow::Borrowed(text), Cow::Borrowed(parameters)));
    }
    let tokens = tokens(kind, text)?;
    let mut work = Work { kind, text, parameters, out: String::new(), copied: 0, given: Vec::new() };
    let mut marks = 0;
    for (index, token) in tokens.iter().enumerate() {
        let Some(found) = work.mark(token, &mut marks) else { continue };
        match found.list.filter(|_| is_in_list(&tokens, index)) {
            Some(list) => work.list(&tokens, index, &found.name, list)?,
            None => work.given.extend(found.value.cloned()),
        }
    }
    Ok(work.finish())
}

fn is_list(value: &Value) -> bool {
    matches!(value, Value::Json(text) if text.trim_start().starts_with('['))
}

/// Returns whether the parameter is in the parentheses of `IN`.
fn is_in_list(tokens: &[Token<'_>], index: usize) -> bool {
    let mut depth = 0usize;
    for at in (0..index).rev() {
        let Some(token) = tokens.get(at) else { return false };
        match (token.kind, token.text) {
            (Kind::Sign, ")") => depth += 1,
            (Kind::Sign, "(") if depth > 0 => depth -= 1,
            (Kind::Sign, "(") => {
                return at.checked_sub(1).and_then(|at| tokens.get(at)).is_some_and(|token| token.is("in"));
            }
            _ => {}
        }
    }
    false
}

/// A parameter of the statement.
struct Found<'a> {
    name: String,
    list: Option<&'a str>,
    value: Option<&'a Value>,
}

struct Work<'a> {
    kind: Database,
    text: &'a str,
    parameters: &'a Parameters,
    out: String,
    copied: usize,
    /// Values in order, for positional parameters.
    given: Vec<Value>,
}

impl<'a> Work<'a> {
    /// Returns the parameter that a token represents, if any. `marks` counts the unnamed parameters.
    fn mark(&self, token: &Token<'_>, marks: &mut usize) -> Option<Found<'a>> {
        let (name, value) = match (self.parameters, token.kind) {
            (Parameters::Named(given), Kind::Named) => {
                let (_, value) = given.iter().find(|(name, _)| name == token.text)?;
                (token.text.to_owned(), Some(value))
            }
            (Parameters::Positional(given), Kind::Question) if self.kind != Database::Postgres => {
                *marks += 1;
                (marks.to_string(), given.get(*marks - 1))
            }
            (Parameters::Positional(given), Kind::Variable) if self.kind == Database::Postgres => {
                let number: usize = token.text.strip_prefix('$')?.parse().ok()?;
                (number.to_string(), given.get(number.checked_sub(1)?))
            }
            _ => return None,
        };
        let list = match value {
            Some(Value::Json(text)) if value.is_some_and(is_list) => Some(text.as_str()),
            _ => None,
        };
        Some(Found { name, list, value })
    }

    fn list(&mut self, tokens: &[Token<'_>], index: usize, name: &str, list: &str) -> Result<(), Error> {
        let at = |offset: usize| index.checked_sub(offset).and_then(|at| tokens.get(at));
        let (Some(mark), Some(open), Some(inside)) = (at(0), at(1), at(2)) else { return Ok(()) };
        let close = tokens.get(index + 1).filter(|token| token.kind == Kind::Sign && token.text == ")");
        let (Some(close), "(", true) = (close, open.text, inside.is("in")) else {
            return Err(Error::InvalidStatement(format!(
                "the list `{name}` shares the brackets of `IN` with something else: write it alone, as in `IN (:{name})`"
            )));
        };
        let items = items(name, list)?;
        if self.kind == Database::Postgres {
            let not = at(3).filter(|token| token.is("not"));
            let start = not.map_or(inside.start, |token| token.start);
            let before = usize::from(mark.kind == Kind::Named);
            let written = self.text.get(mark.start - before..mark.end()).unwrap_or_default();
            let word = if not.is_some() { "<> ALL" } else { "= ANY" };
            self.replace(start, close.end(), &format!("{word}({written})"));
            return Ok(());
        }
        let inner = match (items.len(), self.kind) {
            (0, Database::Mysql) => "SELECT NULL FROM DUAL WHERE FALSE".to_owned(),
            (0, Database::Mssql) => "SELECT CAST(NULL AS nvarchar(1)) WHERE 1 = 0".to_owned(),
            (0, Database::Spark) => "SELECT NULL WHERE FALSE".to_owned(),
            (0, _) => "SELECT NULL WHERE 0".to_owned(),
            (count, _) => {
                let one = |number: usize| match mark.kind {
                    Kind::Named => format!(":{}", item_name(name, number)),
                    _ => "?".to_owned(),
                };
                (1..=count).map(one).collect::<Vec<_>>().join(", ")
            }
        };
        self.replace(open.end(), close.start, &inner);
        self.given.extend(items);
        Ok(())
    }

    fn replace(&mut self, from: usize, to: usize, by: &str) {
        self.out.push_str(self.text.get(self.copied..from).unwrap_or_default());
        self.out.push_str(by);
        self.copied = to;
    }

    fn finish(mut self) -> Statement<'a> {
        if self.copied == 0 {
            return (Cow::Borrowed(self.text), Cow::Borrowed(self.parameters));
        }
        self.out.push_str(self.text.get(self.copied..).unwrap_or_default());
        let parameters = match self.parameters {
            _ if self.kind == Database::Postgres => Cow::Borrowed(self.parameters),
            Parameters::Positional(_) => Cow::Owned(Parameters::Positional(self.given)),
            Parameters::Named(values) => Cow::Owned(Parameters::Named(self.named(values))),
        };
        (Cow::Owned(self.out), parameters)
    }

    /// Returns the parameters by name, including the items of lists. A list stays where the statement uses it
    /// unchanged.
    fn named(&self, values: &[(String, Value)]) -> Vec<(String, Value)> {
        let rest = tokens(self.kind, &self.out).unwrap_or_default();
        let used = |name: &str| rest.iter().any(|token| token.kind == Kind::Named && token.text == name);
        let mut named = Vec::new();
        for (name, value) in values {
            let Value::Json(text) = value else {
                named.push((name.clone(), value.clone()));
                continue;
            };
            let items = if is_list(value) { items(name, text).unwrap_or_default() } else { Vec::new() };
            let numbered = items.into_iter().zip(1..).map(|(item, number)| (item_name(name, number), item));
            let before = named.len();
            named.extend(numbered.filter(|(name, _)| used(name)));
            // An unused parameter is reported as superfluous, unless it was an empty list.
            let empty = is_list(value)
                && text.trim_matches(|c: char| c.is_whitespace() || "[]".contains(c)).is_empty();
            if used(name) || named.len() == before && !empty {
                named.push((name.clone(), value.clone()));
            }
        }
        named
    }
}

fn item_name(name: &str, number: usize) -> String {
    format!("{name}__{number}")
}

/// Returns the items of a list as parameters.
fn items(name: &str, list: &str) -> Result<Vec<Value>, Error> {
    let wrong = |why: String| Error::InvalidStatement(format!("the list `{name}` {why}"));
    let items: Vec<Json> = serde_json::from_str(list).map_err(|_| wrong("is not JSON".to_owned()))?;
    if items.len() > MAX_ITEMS {
        let count = items.len();
        return Err(wrong(format!(
            "has {count} items, and `IN` takes at most {MAX_ITEMS}: load them into a table, and join it"
        )));
    }
    let item = |(number, item): (usize, &Json)| {
        Ok(match item {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Boolean(*value),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Value::Integer(whole),
                None => Value::Decimal(number.to_string().into()),
            },
            Json::String(text) => Value::Text(text.as_str().into()),
            Json::Array(_) | Json::Object(_) => {
                return Err(wrong(format!(
                    "has a list or an object as item {}: `IN` compares single values",
                    number + 1
                )));
            }
        })
    };
    items.iter().enumerate().map(item).collect()
}

#[cfg(test)]
mod tests {
    use Database::{Mssql, Mysql, Postgres, Sqlite};

    use super::*;

    fn json(text: &str) -> Value {
        Value::Json(text.into())
    }

    #[test]
    fn a_list_in_the_brackets_of_in_becomes_its_items() {
        for (kind, text, list, shown) in [
            (Mysql, "a IN (:l) AND b = :b", "[1, \"x\"]", "a IN (:l__1, :l__2) AND b = :b"),
            (
                Mysql,
                "a NOT IN (:l) OR b = :b",
                "[]",
                "a NOT IN (SELECT NULL FROM DUAL WHERE FALSE) OR b = :b",
            ),
            (Mssql, "a in ( :l ) AND b = :b", "[1]", "a in (:l__1) AND b = :b"),
            (Sqlite, "a IN (:l) AND :b", "[]", "a IN (SELECT NULL WHERE 0) AND :b"),
            (
                Sqlite,
                "a IN (SELECT value FROM json_each(:l)) AND :b",
                "[1]",
                "a IN (SELECT value FROM json_each(:l)) AND :b",
            ),
            (Postgres, "a NOT IN (:l) AND b IN (1) AND :b", "[1]", "a <> ALL(:l) AND b IN (1) AND :b"),
            (Postgres, "a IN (:l) AND b = :b", "[]", "a = ANY(:l) AND b = :b"),
            (Postgres, "':l' IN (:l) AND :b", "[]", "':l' = ANY(:l) AND :b"),
        ] {
            let given =
                Parameters::Named(vec![("l".to_owned(), json(list)), ("b".to_owned(), Value::Integer(7))]);
            let (found, parameters) = expanded(kind, text, &given).unwrap();
            assert_eq!(found, shown, "{kind:?}");
            let (bound, values) =
                crate::dialect::bind(kind, &found, &tokens(kind, &found).unwrap(), &parameters).unwrap();
            assert!(!values.is_empty(), "{bound}");
        }
    }

    #[test]
    fn lists_in_order_and_lists_that_do_not_fit() {
        let given = Parameters::Positional(vec![Value::Integer(7), json("[1, null]"), Value::Integer(8)]);
        let (text, values) = expanded(Mysql, "? = a AND b IN (?) AND c = ?", &given).unwrap();
        assert_eq!(text, "? = a AND b IN (?, ?) AND c = ?");
        let wanted = [Value::Integer(7), Value::Integer(1), Value::Null, Value::Integer(8)];
        assert_eq!(values.as_ref(), &Parameters::Positional(wanted.to_vec()));
        let (text, _) = expanded(Postgres, "$1 = a AND b IN ($2) AND c = $3", &given).unwrap();
        assert_eq!(text, "$1 = a AND b = ANY($2) AND c = $3");
        let long = format!("[{}]", vec!["1"; MAX_ITEMS + 1].join(","));
        for (text, list, why) in [
            ("a IN (:l, 1)", "[1]", "write it alone"),
            ("a IN (:l)", "[[1]]", "item 1"),
            ("a IN (:l)", long.as_str(), "at most 1000"),
        ] {
            let given = Parameters::Named(vec![("l".to_owned(), json(list))]);
            let error = expanded(Mysql, text, &given).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
