//! A plan as one statement for Spark.
//!
//! Each node becomes a subquery whose columns are called `c0`, `c1` and so on, so that names in files and in the
//! query need no rules of their own.

use std::collections::HashMap;

use datafusion::catalog::default_table_source::source_as_provider;
use datafusion::common::{DFSchema, JoinType, NullEquality};
use datafusion::datasource::listing::ListingTable;
use datafusion::logical_expr::{
    Aggregate, Distinct, Expr, FetchType, Filter, Join, Limit, LogicalPlan, Projection, SkipType, Sort,
    SortExpr, TableScan, Union,
};

use super::expression::{Floats, MAX_STATEMENT, Refused, Scope};
use super::kinds::{is_float, spark};
use super::remote::Remote;
use crate::parquet::kind_name;

/// The expression in the place of a float that the engines order differently.
const STRANGE: &str = "raise_error('a column has NaN or -0')";

/// The paths of the files of a table on Spark's side, by the local paths.
pub type Places = HashMap<Vec<String>, Vec<String>>;

/// Writes the statement.
///
/// # Errors
/// Returns the reason why its rows may differ in Spark.
pub fn statement(plan: &LogicalPlan, places: &Places) -> Refused<String> {
    let text = Writer { places }.node(plan)?.text;
    match text.len() > MAX_STATEMENT {
        true => Err("the query is too long for one statement".to_owned()),
        false => Ok(text),
    }
}

/// Returns the statement that reads files of Spark, each with these columns.
pub fn from_files(items: &str, paths: &[String]) -> String {
    let reads = paths.iter().map(|path| format!("SELECT {items} FROM {}", file(path)));
    reads.collect::<Vec<_>>().join(" UNION ALL ")
}

/// Writes the files at a path as a table.
pub fn file(path: &str) -> String {
    format!("parquet.{}", name(path))
}

fn name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A node as a query.
struct Query {
    text: String,
    /// The floats in each column.
    floats: Vec<Floats>,
    /// Whether its rows have an order.
    is_sorted: bool,
}

struct Writer<'a> {
    places: &'a Places,
}

impl Writer<'_> {
    fn node(&self, plan: &LogicalPlan) -> Refused<Query> {
        let query = match plan {
            LogicalPlan::TableScan(scan) => self.scan(scan),
            LogicalPlan::SubqueryAlias(alias) => self.node(&alias.input),
            LogicalPlan::Projection(projection) => self.projection(projection),
            LogicalPlan::Filter(filter) => self.filter(filter),
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            LogicalPlan::Sort(sort) => self.sort(sort),
            LogicalPlan::Limit(limit) => self.limit(limit),
            LogicalPlan::Join(join) => self.join(join),
            LogicalPlan::Union(union) => self.union(union),
            LogicalPlan::Distinct(Distinct::All(input)) => self.distinct(input),
            LogicalPlan::Distinct(Distinct::On(_)) => Err("`DISTINCT ON` stays local".to_owned()),
            LogicalPlan::Window(_) => Err("window functions stay local".to_owned()),
            other => {
                let shown = other.display().to_string();
                let node = shown.split([':', ' ']).next().unwrap_or_default();
                Err(format!("a query with `{node}` stays local"))
            }
        }?;
        match query.text.len() > MAX_STATEMENT {
            true => Err("the query is too long for one statement".to_owned()),
            false => Ok(query),
        }
    }

    fn scan(&self, scan: &TableScan) -> Refused<Query> {
        let unknown = || "a table is not a file".to_owned();
        let provider = source_as_provider(&scan.source).map_err(|_| unknown())?;
        let paths = match (provider.downcast_ref::<ListingTable>(), provider.downcast_ref::<Remote>()) {
            (Some(listing), _) => {
                let urls =
                    listing.table_paths().iter().map(|url| url.as_str().to_owned()).collect::<Vec<_>>();
                self.places.get(&urls).cloned().ok_or_else(unknown)?
            }
            (_, Some(remote)) => vec![remote.path.clone()],
            _ => return Err(unknown()),
        };
        let (mut items, mut columns) = (Vec::new(), Vec::new());
        for field in scan.projected_schema.fields() {
            let kind = spark(field.data_type()).ok_or_else(|| {
                format!(
                    "the column `{}` has the type {}, which stays local",
                    field.name(),
                    kind_name(field.data_type())
                )
            })?;
            let at = columns.len();
            items.push(format!("CAST({} AS {kind}) AS f{at}", name(field.name())));
            columns.push(match is_float(field.data_type()) {
                true => format!(
                    "CASE WHEN isnan(f{at}) OR (f{at} = 0 AND CAST(f{at} AS STRING) LIKE '-%') THEN {STRANGE} ELSE f{at} END AS c{at}"
                ),
                false => format!("f{at} AS c{at}"),
            });
        }
        let inner = from_files(&list(items, "1 AS f"), &paths);
        let floats = vec![Floats::Plain; columns.len()];
        let text = format!("SELECT {} FROM ({inner}) AS t", list(columns, "1 AS c"));
        // The plan is not optimized, so that a scan has neither filters nor limits.
        match scan.filters.is_empty() && scan.fetch.is_none() {
            true => Ok(Query { text, floats, is_sorted: false }),
            false => Err("a scan with conditions stays local".to_owned()),
        }
    }

    fn projection(&self, projection: &Projection) -> Refused<Query> {
        let input = self.node(&projection.input)?;
        let columns = named(&input, "t");
        let scope = Scope { schema: projection.input.schema(), columns: &columns };
        let items = projection.expr.iter().map(|expr| scope.expression(expr)).collect::<Refused<Vec<_>>>()?;
        let floats = items.iter().map(|item| item.floats).collect();
        let items = items.into_iter().enumerate().map(|(at, item)| format!("{} AS c{at}", item.text));
        let text = format!("SELECT {} FROM ({}) AS t", list(items.collect(), "1 AS c"), input.text);
        Ok(Query { text, floats, is_sorted: input.is_sorted })
    }

    fn filter(&self, filter: &Filter) -> Refused<Query> {
        let input = self.node(&filter.input)?;
        let columns = named(&input, "t");
        let scope = Scope { schema: filter.input.schema(), columns: &columns };
        let condition = scope.expression(&filter.predicate)?.text;
        let text = format!("SELECT * FROM ({}) AS t WHERE {condition}", input.text);
        Ok(Query { text, ..input })
    }

    fn aggregate(&self, aggregate: &Aggregate) -> Refused<Query> {
        let input = self.node(&aggregate.input)?;
        let columns = named(&input, "t");
        let scope = Scope { schema: aggregate.input.schema(), columns: &columns };
        if aggregate.group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_))) {
            return Err("`GROUPING SETS`, `ROLLUP` and `CUBE` stay local".to_owned());
        }
        let groups = aggregate.group_expr.iter().map(|expr| scope.ordered(expr));
        let groups = groups.collect::<Refused<Vec<_>>>()?;
        let mut items = groups.clone();
        for expr in &aggregate.aggr_expr {
            items.push(scope.aggregate(expr)?.text);
        }
        let floats = vec![Floats::Plain; items.len()];
        let items: Vec<String> =
            items.into_iter().enumerate().map(|(at, item)| format!("{item} AS c{at}")).collect();
        let mut text = format!("SELECT {} FROM ({}) AS t", list(items, "1 AS c"), input.text);
        if !groups.is_empty() {
            text.push_str(&format!(" GROUP BY {}", groups.join(", ")));
        }
        Ok(Query { text, floats, is_sorted: false })
    }

    fn sort(&self, sort: &Sort) -> Refused<Query> {
        let input = self.node(&sort.input)?;
        let columns = named(&input, "t");
        let scope = Scope { schema: sort.input.schema(), columns: &columns };
        let key = |key: &SortExpr| {
            let order = if key.asc { "ASC" } else { "DESC" };
            let nulls = if key.nulls_first { "FIRST" } else { "LAST" };
            Ok(format!("{} {order} NULLS {nulls}", scope.ordered(&key.expr)?))
        };
        let keys = sort.expr.iter().map(key).collect::<Refused<Vec<_>>>()?;
        let mut text = format!("SELECT * FROM ({}) AS t ORDER BY {}", input.text, keys.join(", "));
        if let Some(fetch) = sort.fetch {
            text.push_str(&format!(" LIMIT {fetch}"));
        }
        Ok(Query { text, is_sorted: true, ..input })
    }

    fn limit(&self, limit: &Limit) -> Refused<Query> {
        let input = self.node(&limit.input)?;
        let (Ok(SkipType::Literal(skip)), Ok(FetchType::Literal(fetch))) =
            (limit.get_skip_type(), limit.get_fetch_type())
        else {
            return Err("a calculated limit stays local".to_owned());
        };
        if !input.is_sorted {
            return Err("a limit without an order gives any rows".to_owned());
        }
        let most = i32::MAX as usize;
        let fetch = fetch.map_or(Ok(String::new()), |fetch| match fetch <= most {
            true => Ok(format!(" LIMIT {fetch}")),
            false => Err("a limit of more than 2147483647 rows stays local".to_owned()),
        })?;
        let skip = if skip > 0 { format!(" OFFSET {skip}") } else { String::new() };
        let text = format!("SELECT * FROM ({}) AS t{fetch}{skip}", input.text);
        Ok(Query { text, ..input })
    }

    fn join(&self, join: &Join) -> Refused<Query> {
        let (left, right) = (self.node(&join.left)?, self.node(&join.right)?);
        let (of_left, of_right) = (named(&left, "l"), named(&right, "r"));
        let (word, both) = match join.join_type {
            JoinType::Inner => ("JOIN", true),
            JoinType::Left => ("LEFT JOIN", true),
            JoinType::Right => ("RIGHT JOIN", true),
            JoinType::Full => ("FULL JOIN", true),
            JoinType::LeftSemi => ("LEFT SEMI JOIN", false),
            JoinType::LeftAnti if !join.null_aware => ("LEFT ANTI JOIN", false),
            _ => return Err("this kind of join stays local".to_owned()),
        };
        let pair = of_pair(join, &of_left, &of_right)?;
        let columns: Vec<(String, Floats)> = match both {
            true => of_left.iter().chain(&of_right).cloned().collect(),
            false => of_left,
        };
        let floats = columns.iter().map(|(_, floats)| *floats).collect();
        let items = columns.iter().enumerate().map(|(at, (text, _))| format!("{text} AS c{at}")).collect();
        let text = format!(
            "SELECT {} FROM ({}) AS l {word} ({}) AS r ON {pair}",
            list(items, "1 AS c"),
            left.text,
            right.text
        );
        Ok(Query { text, floats, is_sorted: false })
    }

    fn union(&self, union: &Union) -> Refused<Query> {
        let kinds = union.schema.fields().iter().map(|field| {
            spark(field.data_type()).ok_or_else(|| {
                format!(
                    "the column `{}` has the type {}, which stays local",
                    field.name(),
                    kind_name(field.data_type())
                )
            })
        });
        let kinds = kinds.collect::<Refused<Vec<_>>>()?;
        let (mut texts, mut floats) = (Vec::new(), vec![Floats::Plain; kinds.len()]);
        for input in &union.inputs {
            let query = self.node(input)?;
            floats = floats.iter().zip(&query.floats).map(|(one, other)| *one.min(other)).collect();
            let items = kinds.iter().enumerate().map(|(at, kind)| format!("CAST(c{at} AS {kind}) AS c{at}"));
            texts.push(format!("SELECT {} FROM ({}) AS t", list(items.collect(), "1 AS c"), query.text));
        }
        Ok(Query { text: texts.join(" UNION ALL "), floats, is_sorted: false })
    }

    fn distinct(&self, input: &LogicalPlan) -> Refused<Query> {
        let query = self.node(input)?;
        if query.floats.iter().any(|floats| *floats != Floats::Plain) {
            return Err("`DISTINCT` of calculated floats stays local".to_owned());
        }
        let text = format!("SELECT DISTINCT * FROM ({}) AS t", query.text);
        Ok(Query { text, is_sorted: false, ..query })
    }
}

/// Writes the condition of a join.
fn of_pair(join: &Join, left: &[(String, Floats)], right: &[(String, Floats)]) -> Refused<String> {
    let schema: DFSchema = join
        .left
        .schema()
        .join(join.right.schema())
        .map_err(|_| "the columns of a join are not clear".to_owned())?;
    let columns: Vec<(String, Floats)> = left.iter().chain(right).cloned().collect();
    let scope = Scope { schema: &schema, columns: &columns };
    let sign = match join.null_equality {
        NullEquality::NullEqualsNothing => "=",
        NullEquality::NullEqualsNull => "<=>",
    };
    let mut conditions = Vec::new();
    for (one, other) in &join.on {
        let (one, other) = scope.compared(one, other)?;
        conditions.push(format!("({one} {sign} {other})"));
    }
    if let Some(filter) = &join.filter {
        conditions.push(scope.expression(filter)?.text);
    }
    Ok(if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") })
}

/// Returns the columns of a query under its alias.
fn named(query: &Query, alias: &str) -> Vec<(String, Floats)> {
    query.floats.iter().enumerate().map(|(at, floats)| (format!("{alias}.c{at}"), *floats)).collect()
}

fn list(items: Vec<String>, nothing: &str) -> String {
    if items.is_empty() { nothing.to_owned() } else { items.join(", ") }
}
