//! Replaces notation that the engine reads in another way than DuckDB and PostgreSQL, or does not read.

use std::ops::ControlFlow::{self, Break, Continue};

use sqlparser::ast::{
    AccessExpr, ArrayElemTypeDef, DataType, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentList, FunctionArguments, Ident, ObjectName, Statement, Subscript, TimezoneInfo,
    UnaryOperator, Value, ValueWithSpan, VisitMut, VisitorMut,
};

/// The fractional digits of a second in a timestamp, as in DuckDB and PostgreSQL. The engine's nanoseconds
/// end in the year 2262.
const MICROSECONDS: u64 = 6;
const NANOSECONDS: u64 = 9;
/// The function that turns a pattern with an escape character into one with backslashes.
pub const LIKE_PATTERN: &str = "like_pattern";
/// The characters that mean something else in the patterns of `SIMILAR TO` in DuckDB and PostgreSQL.
const UNCLEAR: [char; 6] = ['%', '_', '.', '^', '$', '\\'];

/// Adapts a statement.
///
/// # Errors
/// Fails when a part of the query means different things in different systems.
pub fn adapt(statement: &mut Statement) -> Result<(), String> {
    match VisitMut::visit(statement, &mut Adapter) {
        Break(problem) => Err(problem),
        Continue(()) => Ok(()),
    }
}

struct Adapter;

impl VisitorMut for Adapter {
    type Break = String;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<String> {
        match expr {
            Expr::TypedString(literal) => {
                let digits = literal.value.clone().into_string().map_or(0, |text| fraction(&text));
                timestamps(&mut literal.data_type, digits);
            }
            Expr::Cast { data_type, expr, .. } => {
                let digits = match expr.as_ref() {
                    Expr::Value(value) => value.clone().into_string().map_or(0, |text| fraction(&text)),
                    _ => 0,
                };
                timestamps(data_type, digits);
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                // Names after a name belong to it: `table.column[1]`.
                let mut is_name = matches!(root.as_ref(), Expr::Identifier(_));
                for part in access_chain {
                    is_name = is_name && matches!(part, AccessExpr::Dot(_));
                    if !is_name {
                        access(part);
                    }
                }
            }
            Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } => {
                if let Some(escape) = escape_char.take() {
                    escaped(pattern, escape);
                }
            }
            Expr::SimilarTo { .. } => return similar(expr),
            _ => {}
        }
        Continue(())
    }
}

/// Counts the fractional digits of a second, up to zeros at the end.
fn fraction(text: &str) -> usize {
    let Some((_, rest)) = text.split_once('.') else { return 0 };
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default().trim_end_matches('0').len()
}

/// Gives a timestamp without a precision the precision that holds `digits` fractional digits.
fn timestamps(kind: &mut DataType, digits: usize) {
    let precision = if digits > 6 { NANOSECONDS } else { MICROSECONDS };
    match kind {
        DataType::Timestamp(given, _) => *given = given.or(Some(precision)),
        DataType::Datetime(given) | DataType::TimestampNtz(given) => {
            *kind = DataType::Timestamp(given.or(Some(precision)), TimezoneInfo::None);
        }
        DataType::Custom(name, _) => {
            let given = match name.to_string().to_ascii_lowercase().as_str() {
                "timestamp_s" => 0,
                "timestamp_ms" => 3,
                "timestamp_us" => MICROSECONDS,
                "timestamp_ns" => NANOSECONDS,
                _ => return,
            };
            *kind = DataType::Timestamp(Some(given), TimezoneInfo::None);
        }
        DataType::Array(
            ArrayElemTypeDef::AngleBracket(item)
            | ArrayElemTypeDef::SquareBracket(item, _)
            | ArrayElemTypeDef::Parenthesis(item),
        ) => timestamps(item, digits),
        _ => {}
    }
}

/// Adapts `list[n].field`, `list[:n]` and `list[n:]`.
fn access(part: &mut AccessExpr) {
    match part {
        AccessExpr::Dot(field) => {
            if let Expr::Identifier(name) = field {
                *field = text(&name.value);
            }
        }
        AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, stride: None }) => {
            lower_bound.get_or_insert_with(|| number("1"));
            upper_bound.get_or_insert_with(|| Expr::UnaryOp {
                op: UnaryOperator::Minus,
                expr: Box::new(number("1")),
            });
        }
        AccessExpr::Subscript(_) => {}
    }
}

/// Writes a pattern with backslashes in place of another escape character.
fn escaped(pattern: &mut Box<Expr>, escape: ValueWithSpan) {
    if matches!(&escape.value, Value::SingleQuotedString(sign) if sign == "\\") {
        return;
    }
    let arguments = [pattern.as_ref().clone(), Expr::Value(escape)];
    **pattern = call(LIKE_PATTERN, arguments);
}

/// Rewrites `x SIMILAR TO 'a|b'` as a regular expression for the whole text. The signs of SQL patterns and
/// the dot differ between systems.
fn similar(expr: &mut Expr) -> ControlFlow<String> {
    let Expr::SimilarTo { negated, expr: value, pattern, escape_char } = expr else { return Continue(()) };
    let Expr::Value(given) = pattern.as_ref() else { return unclear() };
    let Value::SingleQuotedString(given) = &given.value else { return unclear() };
    if escape_char.is_some() || given.contains(UNCLEAR) {
        return unclear();
    }
    let arguments = [value.as_ref().clone(), text(&format!("^(?:{given})$"))];
    let found = call("regexp_like", arguments);
    *expr = match *negated {
        true => Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(found) },
        false => found,
    };
    Continue(())
}

fn unclear() -> ControlFlow<String> {
    Break(
        "the pattern of `SIMILAR TO` is a regular expression in some systems and has `%` and `_` in others: write `x LIKE 'a%'`, or `regexp_like(x, '^(?:a.*)$')`"
            .to_owned(),
    )
}

/// Returns a pattern of `LIKE` whose escape character is the backslash. An empty `escape` escapes nothing.
///
/// # Errors
/// Fails when `escape` has several characters, or when the pattern ends in it.
pub fn like_pattern(pattern: &str, escape: &str) -> Result<String, String> {
    let mut signs = escape.chars();
    let sign = signs.next();
    if signs.next().is_some() {
        return Err(format!("`ESCAPE` takes one character, not '{escape}'"));
    }
    let mut made = String::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    while let Some(next) = rest.next() {
        let (literal, next) = match next {
            next if Some(next) == sign => match rest.next() {
                Some(after) => (true, after),
                None => {
                    return Err(format!(
                        "the pattern '{pattern}' ends in its escape character: write it twice"
                    ));
                }
            },
            next => (next == '\\', next),
        };
        if literal && matches!(next, '%' | '_' | '\\') {
            made.push('\\');
        }
        made.push(next);
    }
    Ok(made)
}

fn text(text: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(text.to_owned()).into())
}

fn number(digits: &str) -> Expr {
    Expr::Value(Value::Number(digits.to_owned(), false).into())
}

fn call(name: &str, arguments: [Expr; 2]) -> Expr {
    let args = arguments.map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)));
    Expr::Function(Function {
        name: ObjectName::from(Ident::new(name)),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: args.to_vec(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use sqlparser::dialect::GenericDialect;
    use sqlparser::parser::Parser;

    use super::*;

    fn adapted(query: &str) -> Result<String, String> {
        let mut statement = Parser::parse_sql(&GenericDialect {}, query).unwrap().remove(0);
        adapt(&mut statement)?;
        Ok(statement.to_string())
    }

    #[test]
    fn notation_becomes_that_of_the_engine() {
        for (query, made) in [
            ("SELECT TIMESTAMP '1500-01-01'", "SELECT TIMESTAMP(6) '1500-01-01'"),
            (
                "SELECT TIMESTAMP '2026-01-01 00:00:00.123456789'",
                "SELECT TIMESTAMP(9) '2026-01-01 00:00:00.123456789'",
            ),
            ("SELECT CAST(a AS TIMESTAMP(3))", "SELECT CAST(a AS TIMESTAMP(3))"),
            ("SELECT CAST(a AS DATETIME)", "SELECT CAST(a AS TIMESTAMP(6))"),
            ("SELECT CAST(a AS TIMESTAMP_NS)", "SELECT CAST(a AS TIMESTAMP(9))"),
            ("SELECT a::TIMESTAMP[]", "SELECT a::TIMESTAMP(6)[]"),
            ("SELECT CAST(a AS TIMESTAMP WITH TIME ZONE)", "SELECT CAST(a AS TIMESTAMP(6) WITH TIME ZONE)"),
            ("SELECT a[2].k.z", "SELECT a[2].'k'.'z'"),
            ("SELECT t.a[2].k, t.a[1]", "SELECT t.a[2].'k', t.a[1]"),
            ("SELECT (a[2]).k", "SELECT (a[2]).'k'"),
            ("SELECT a[:2], a[2:], a[:]", "SELECT a[1:2], a[2:-1], a[1:-1]"),
            ("SELECT a LIKE b ESCAPE '!'", "SELECT a LIKE like_pattern(b, '!')"),
            ("SELECT a NOT ILIKE 'x' ESCAPE '\\'", "SELECT a NOT ILIKE 'x'"),
            ("SELECT a SIMILAR TO 'b|c'", "SELECT regexp_like(a, '^(?:b|c)$')"),
            ("SELECT a NOT SIMILAR TO 'b'", "SELECT NOT regexp_like(a, '^(?:b)$')"),
        ] {
            assert_eq!(adapted(query).as_deref(), Ok(made), "{query}");
        }
        for query in ["SELECT a SIMILAR TO 'b%'", "SELECT a SIMILAR TO b", "SELECT a SIMILAR TO 'b.*'"] {
            assert!(adapted(query).unwrap_err().contains("LIKE"), "{query}");
        }
    }

    #[test]
    fn an_escape_character_becomes_a_backslash() {
        for (pattern, escape, made) in [
            ("a!%c%", "!", Ok("a\\%c%")),
            ("a!!b", "!", Ok("a!b")),
            ("a!xb", "!", Ok("axb")),
            ("a\\b", "!", Ok("a\\\\b")),
            ("a\\%", "", Ok("a\\\\%")),
            ("a%%b", "%", Ok("a\\%b")),
            ("a\\_b", "\\", Ok("a\\_b")),
            ("ä€_", "€", Ok("ä\\_")),
            ("a!", "!", Err("ends in its escape character")),
            ("a", "!!", Err("takes one character")),
        ] {
            match (like_pattern(pattern, escape), made) {
                (Ok(found), made) => assert_eq!(Ok(found.as_str()), made, "{pattern} {escape}"),
                (Err(problem), Err(part)) => assert!(problem.contains(part), "{problem}"),
                (Err(problem), _) => panic!("{pattern} {escape}: {problem}"),
            }
        }
    }
}
