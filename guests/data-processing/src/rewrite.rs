//! Replaces functions, operators and clauses of DuckDB and PostgreSQL with the engine's equivalents.

use std::ops::ControlFlow::{self, Break, Continue};

use sqlparser::ast::{
    BinaryOperator, DuplicateTreatment, Expr, Fetch, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident, LimitClause, ObjectName,
    ObjectNamePart, Query, Select, SelectItem, SetExpr, Statement, TableFactor, TopQuantity, Value, VisitMut,
    VisitorMut, visit_expressions, visit_expressions_mut,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use crate::macros::{AGGREGATES, MACROS, OPERATORS, RENAMED};

/// The maximum number of expression parts that repeated arguments may add to a query.
const MOST_PARTS: usize = 10_000;
/// Functions whose date part may stand without quotes: `datediff(day, a, b)`.
const PARTS_FIRST: &[&str] = &["date_add", "date_diff", "date_sub", "dateadd", "datediff", "datesub"];

/// Rewrites a statement.
///
/// # Errors
/// Fails when the query contains a construct that the engine would not run, or would run with another
/// meaning.
pub fn rewrite(statement: &mut Statement) -> Result<(), String> {
    let mut rewriter = Rewriter { parts: 0 };
    match VisitMut::visit(statement, &mut rewriter) {
        Break(problem) => Err(problem),
        Continue(()) => crate::syntax::adapt(statement),
    }
}

struct Rewriter {
    parts: usize,
}

type Flow = ControlFlow<String>;

fn refuse(what: &str) -> Flow {
    Break(what.to_owned())
}

impl VisitorMut for Rewriter {
    type Break = String;

    fn pre_visit_query(&mut self, query: &mut Query) -> Flow {
        limit(query)
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> Flow {
        for item in &mut select.projection {
            match item {
                // The result keeps the name in the query.
                SelectItem::UnnamedExpr(expr) if is_rewritten(expr) => {
                    let alias = Ident::with_quote('"', expr.to_string());
                    *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
                }
                SelectItem::Wildcard(more) | SelectItem::QualifiedWildcard(_, more)
                    if more.opt_rename.is_some() =>
                {
                    return refuse("`RENAME` is not supported: write `* EXCLUDE (old), old AS new` instead");
                }
                _ => {}
            }
        }
        Continue(())
    }

    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> Flow {
        match table {
            TableFactor::Pivot { .. } => refuse(
                "`PIVOT` is not supported: write a column for each value, as in `sum(v) FILTER (WHERE k = 'a') AS a`, and GROUP BY the rest",
            ),
            TableFactor::Unpivot { .. } => refuse(
                "`UNPIVOT` is not supported: write `SELECT 'a' AS k, a AS v FROM t UNION ALL SELECT 'b', b FROM t`",
            ),
            TableFactor::Table { sample: Some(_), .. } | TableFactor::Derived { sample: Some(_), .. } => {
                refuse(
                    "`TABLESAMPLE` is not supported: write `WHERE random() < 0.1` for a tenth of the rows, or `ORDER BY random() LIMIT 100`",
                )
            }
            _ => Continue(()),
        }
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> Flow {
        match expr {
            Expr::BinaryOp { op: BinaryOperator::BitwiseXor, .. } => {
                refuse("`^` is a power in some systems and XOR in others: write `power(a, b)` or `xor(a, b)`")
            }
            Expr::BinaryOp { left, op, right } => {
                let sign = op.to_string();
                let Some((_, template)) = OPERATORS.iter().find(|(other, _)| *other == sign) else {
                    return Continue(());
                };
                let arguments = [left.as_ref().clone(), right.as_ref().clone()];
                *expr = self.expand(template, &arguments, None)?;
                Continue(())
            }
            Expr::AtTimeZone { timestamp, time_zone } => {
                let arguments = [time_zone.as_ref().clone(), timestamp.as_ref().clone()];
                *expr = self.expand("timezone($1, $2)", &arguments, None)?;
                Continue(())
            }
            Expr::Value(value) => {
                let Some(decimal) = exact(&value.value) else { return Continue(()) };
                *expr = self.expand(&decimal, &[], None)?;
                Continue(())
            }
            Expr::Function(function) => match self.function(function)? {
                Some(new) => {
                    *expr = new;
                    Continue(())
                }
                None => Continue(()),
            },
            _ => Continue(()),
        }
    }
}

impl Rewriter {
    fn function(&mut self, function: &mut Function) -> ControlFlow<String, Option<Expr>> {
        let Some(name) = name(function) else { return Continue(None) };
        let name = match RENAMED.iter().find(|(other, _)| *other == name) {
            Some((_, new)) => rename(function, new),
            None => name,
        };
        if matches!(name.as_str(), "json_object" | "json_build_object" | "jsonb_build_object") {
            rename(function, "named_struct");
            let object = Expr::Function(function.clone());
            return self.expand("to_json($1)", &[object], None).map_continue(Some);
        }
        named_fields(&name, function);
        part_first(&name, function);
        let name = list_aggregate(&name, function).unwrap_or(name);
        let name = within(&name, function).unwrap_or(name);
        let Some(arguments) = arguments(function) else { return Continue(None) };
        if let Some((_, _, template)) =
            MACROS.iter().find(|(other, count, _)| *other == name && *count == arguments.len())
        {
            return self.expand(template, &arguments, Some(function)).map_continue(Some);
        }
        let mut counts: Vec<String> = MACROS
            .iter()
            .filter(|(other, ..)| *other == name)
            .map(|(_, count, _)| count.to_string())
            .collect();
        if counts.is_empty() || OF_THE_ENGINE.contains(&name.as_str()) {
            return Continue(None);
        }
        counts.dedup();
        let plural = if counts.last().is_some_and(|count| count == "1") { "" } else { "s" };
        Break(format!("`{name}` takes {} argument{plural}, not {}", counts.join(" or "), arguments.len()))
    }

    /// Inserts the arguments into the template.
    fn expand(
        &mut self,
        template: &str,
        arguments: &[Expr],
        call: Option<&Function>,
    ) -> ControlFlow<String, Expr> {
        let parsed = Parser::new(&GenericDialect {}).try_with_sql(template).and_then(|mut p| p.parse_expr());
        let Ok(mut expr) = parsed else { return Break(format!("`{template}` cannot be read")) };
        if let Some(call) = call {
            let _ = visit_expressions_mut(&mut expr, |part| {
                if let Expr::Function(inner) = part
                    && name(inner).is_some_and(|name| AGGREGATES.contains(&name.as_str()))
                {
                    carry(call, inner);
                }
                ControlFlow::<()>::Continue(())
            });
        }
        let mut parts = 0;
        let _ = visit_expressions_mut(&mut expr, |part| {
            if let Expr::Value(value) = part
                && let Value::Placeholder(sign) = &value.value
                && let Some(argument) = sign
                    .strip_prefix('$')
                    .and_then(|number| number.parse::<usize>().ok())
                    .and_then(|number| arguments.get(number - 1))
            {
                let _ = visit_expressions(argument, |_| {
                    parts += 1;
                    ControlFlow::<()>::Continue(())
                });
                *part = match argument {
                    Expr::BinaryOp { .. } | Expr::UnaryOp { .. } | Expr::Cast { .. } => {
                        Expr::Nested(Box::new(argument.clone()))
                    }
                    other => other.clone(),
                };
            }
            if parts > MOST_PARTS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        self.parts += parts;
        if self.parts > MOST_PARTS {
            return Break("the query nests functions too deeply: name parts of it in WITH".to_owned());
        }
        Continue(Expr::Nested(Box::new(expr)))
    }
}

/// Returns a cast to a decimal for a number with more digits than a float keeps.
fn exact(value: &Value) -> Option<String> {
    let Value::Number(text, _) = value else { return None };
    let (whole, fraction) = text.split_once('.')?;
    let digits = whole.trim_start_matches('0').len() + fraction.len();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (is_plain && (16..=38).contains(&digits))
        .then(|| format!("CAST('{text}' AS DECIMAL({}, {}))", digits.max(fraction.len()), fraction.len()))
}

/// Functions that the engine offers with another number of arguments.
const OF_THE_ENGINE: &[&str] = &[
    "age",
    "array_sort",
    "date_add",
    "date_diff",
    "date_sub",
    "datediff",
    "json_array_length",
    "list_sort",
    "string_agg",
    "to_char",
    "to_date",
    "to_timestamp",
    "date_format",
    "strftime",
    "regexp_substr",
    "date",
];

/// Returns the name of a function in lower case.
fn name(function: &Function) -> Option<String> {
    match function.name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => Some(name.value.to_ascii_lowercase()),
        _ => None,
    }
}

fn rename(function: &mut Function, name: &str) -> String {
    function.name = ObjectName::from(Ident::new(name));
    name.to_owned()
}

fn is_rewritten(expr: &Expr) -> bool {
    visit_expressions(expr, |part| {
        let found = match part {
            Expr::Function(function) => name(function).is_some_and(|name| {
                RENAMED.iter().any(|(other, _)| *other == name)
                    || MACROS.iter().any(|(other, ..)| *other == name)
                    || matches!(
                        name.as_str(),
                        "struct_pack"
                            | "list_aggregate"
                            | "mode"
                            | "percentile_disc"
                            | "json_object"
                            | "json_build_object"
                    )
            }),
            Expr::BinaryOp { op, .. } => {
                let sign = op.to_string();
                OPERATORS.iter().any(|(other, _)| *other == sign)
            }
            Expr::AtTimeZone { .. } => true,
            Expr::Value(value) => exact(&value.value).is_some(),
            _ => false,
        };
        if found { Break(()) } else { Continue(()) }
    })
    .is_break()
}

/// Returns the arguments if all of them are plain values.
fn arguments(function: &Function) -> Option<Vec<Expr>> {
    match &function.args {
        FunctionArguments::None => Some(Vec::new()),
        FunctionArguments::List(list) => list
            .args
            .iter()
            .map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
                _ => None,
            })
            .collect(),
        FunctionArguments::Subquery(_) => None,
    }
}

fn list_of(function: &mut Function) -> Option<&mut FunctionArgumentList> {
    match &mut function.args {
        FunctionArguments::List(list) => Some(list),
        _ => None,
    }
}

fn text(text: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(text.to_owned()).into())
}

fn plain(expr: Expr) -> FunctionArg {
    FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
}

/// Rewrites `struct_pack(a := 1)` as `named_struct('a', 1)`.
fn named_fields(name: &str, function: &mut Function) {
    if name != "struct_pack" {
        return;
    }
    rename(function, "named_struct");
    let Some(list) = list_of(function) else { return };
    let fields = std::mem::take(&mut list.args);
    for field in fields {
        match field {
            FunctionArg::Named { name, arg: FunctionArgExpr::Expr(value), .. } => {
                list.args.extend([plain(text(&name.value)), plain(value)]);
            }
            FunctionArg::ExprNamed { name, arg: FunctionArgExpr::Expr(value), .. } => {
                list.args.extend([plain(text(&name.to_string())), plain(value)]);
            }
            other => list.args.push(other),
        }
    }
}

/// Rewrites `datediff(day, a, b)` as `datediff('day', a, b)`.
fn part_first(name: &str, function: &mut Function) {
    if !PARTS_FIRST.contains(&name) {
        return;
    }
    if let Some(list) = list_of(function)
        && list.args.len() == 3
        && let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(first))) = list.args.first_mut()
        && let Expr::Identifier(part) = first
    {
        *first = text(&part.value);
    }
}

/// Rewrites `list_aggregate(l, 'max')` as `list_max(l)`.
fn list_aggregate(name: &str, function: &mut Function) -> Option<String> {
    if name != "list_aggregate" {
        return None;
    }
    let list = list_of(function)?;
    let new = match list.args.get(1)? {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))) => match &value.value {
            Value::SingleQuotedString(name) => format!("list_{}", name.to_ascii_lowercase()),
            _ => return None,
        },
        _ => return None,
    };
    list.args.remove(1);
    Some(rename(function, &new))
}

/// Rewrites `WITHIN GROUP` for functions that take their values in parentheses here, and returns their name
/// here.
fn within(name: &str, function: &mut Function) -> Option<String> {
    if function.within_group.is_empty() || !matches!(name, "mode" | "percentile_disc" | "string_agg") {
        return None;
    }
    let order = std::mem::take(&mut function.within_group);
    let list = list_of(function)?;
    if name == "string_agg" {
        list.clauses.push(FunctionArgumentClause::OrderBy(order));
        return None;
    }
    list.args.splice(0..0, order.into_iter().next().map(|by| plain(by.expr)));
    (name == "percentile_disc").then(|| rename(function, "quantile_disc"))
}

/// Moves the clauses inside and after the parentheses of the call to the aggregate of its macro.
fn carry(call: &Function, inner: &mut Function) {
    if let Some(filter) = &call.filter {
        inner.filter = Some(match inner.filter.take() {
            Some(own) => Box::new(Expr::BinaryOp {
                left: Box::new(Expr::Nested(own)),
                op: BinaryOperator::And,
                right: Box::new(Expr::Nested(filter.clone())),
            }),
            None => filter.clone(),
        });
    }
    if call.over.is_some() {
        inner.over.clone_from(&call.over);
    }
    if let (FunctionArguments::List(from), Some(to)) = (&call.args, list_of(inner)) {
        if from.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
            to.duplicate_treatment = from.duplicate_treatment;
        }
        to.clauses.extend(from.clauses.iter().cloned());
    }
}

/// Rewrites `FETCH FIRST` and `TOP` as `LIMIT`.
fn limit(query: &mut Query) -> Flow {
    let top = match query.body.as_mut() {
        SetExpr::Select(select) => select.top.take(),
        _ => None,
    };
    let (quantity, odd) = match (query.fetch.take(), top) {
        (Some(Fetch { with_ties, percent, quantity }), _) => {
            (Some(quantity.unwrap_or_else(|| number(1))), with_ties || percent)
        }
        (None, Some(top)) => {
            let quantity = match top.quantity {
                Some(TopQuantity::Expr(expr)) => expr,
                Some(TopQuantity::Constant(count)) => number(count),
                None => number(1),
            };
            (Some(quantity), top.with_ties || top.percent)
        }
        (None, None) => return Continue(()),
    };
    if odd {
        return refuse(
            "`WITH TIES` and `PERCENT` are not supported: write `QUALIFY rank() OVER (ORDER BY x) <= 10`",
        );
    }
    match &mut query.limit_clause {
        Some(LimitClause::LimitOffset { limit: limit @ None, .. }) => *limit = quantity,
        Some(_) => return refuse("the query has LIMIT and FETCH or TOP: write one of them"),
        None => {
            query.limit_clause =
                Some(LimitClause::LimitOffset { limit: quantity, offset: None, limit_by: Vec::new() });
        }
    }
    Continue(())
}

fn number(number: u64) -> Expr {
    Expr::Value(Value::Number(number.to_string(), false).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(query: &str) -> Result<String, String> {
        let mut parsed = Parser::parse_sql(&GenericDialect {}, query).unwrap();
        rewrite(&mut parsed[0]).map(|()| parsed[0].to_string())
    }

    #[test]
    fn calls_become_what_the_engine_has_and_keep_the_names_of_their_columns() {
        for (query, made) in [
            ("SELECT ucase(a) FROM t", "SELECT upper(a) AS \"ucase(a)\" FROM t"),
            ("SELECT mod(a + 1, 2) AS m FROM t", "SELECT ((a + 1) % 2) AS m FROM t"),
            ("SELECT list(DISTINCT a ORDER BY b) AS l", "SELECT array_agg(DISTINCT a ORDER BY b) AS l"),
            (
                "SELECT count_if(a) FILTER (WHERE b) OVER (ORDER BY c) AS n",
                "SELECT (count(CASE WHEN a THEN 1 END) FILTER (WHERE b) OVER (ORDER BY c)) AS n",
            ),
            ("SELECT a ->> 'k' AS k", "SELECT (json_extract_string(a, 'k')) AS k"),
            ("SELECT list_aggregate(l, 'max') AS m", "SELECT list_max(l) AS m"),
            ("SELECT datediff(day, a, b) AS n", "SELECT datediff('day', a, b) AS n"),
            ("SELECT mode() WITHIN GROUP (ORDER BY a) AS m", "SELECT mode(a) AS m"),
            ("SELECT struct_pack(a := 1) AS s", "SELECT named_struct('a', 1) AS s"),
            ("SELECT a FROM t FETCH FIRST 3 ROWS ONLY", "SELECT a FROM t LIMIT 3"),
            ("SELECT TOP 3 a FROM t", "SELECT a FROM t LIMIT 3"),
            ("SELECT upper(a) FROM t", "SELECT upper(a) FROM t"),
            ("SELECT 0.5, 123456789.123456 FROM t", "SELECT 0.5, 123456789.123456 FROM t"),
            (
                "SELECT 0.1234567890123456 AS x FROM t",
                "SELECT (CAST('0.1234567890123456' AS DECIMAL(16,16))) AS x FROM t",
            ),
            ("SELECT a AT TIME ZONE 'UTC' AS x FROM t", "SELECT (timezone('UTC', a)) AS x FROM t"),
        ] {
            assert_eq!(rewritten(query).as_deref(), Ok(made), "{query}");
        }
        for (query, problem) in [
            ("SELECT a ^ 2 FROM t", "power(a, b)"),
            ("SELECT last_day(a, b) FROM t", "`last_day` takes 1 argument, not 2"),
            ("SELECT regexp_extract(a) FROM t", "`regexp_extract` takes 2 or 3 arguments, not 1"),
        ] {
            assert!(rewritten(query).unwrap_err().contains(problem), "{query}");
        }
        let nested = format!("SELECT {}a{} AS x", "div(".repeat(14), ", 2)".repeat(14));
        assert!(rewritten(&nested).unwrap_err().contains("WITH"));
    }
}
