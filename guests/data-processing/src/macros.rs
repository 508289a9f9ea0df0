//! Functions and operators of DuckDB and PostgreSQL for which the engine has an equivalent.

/// Functions with another name in the engine. The contents of their parentheses and all clauses after them
/// stay unchanged.
pub const RENAMED: &[(&str, &str)] = &[
    ("approx_count_distinct", "approx_distinct"),
    ("arbitrary", "any_value"),
    ("array_aggregate", "list_aggregate"),
    ("ceiling", "ceil"),
    ("every", "bool_and"),
    ("first", "first_value"),
    ("fsum", "sum"),
    ("gen_random_uuid", "uuid"),
    ("last", "last_value"),
    ("lcase", "lower"),
    ("list", "array_agg"),
    ("list_aggr", "list_aggregate"),
    ("list_value", "make_array"),
    ("listagg", "string_agg"),
    ("group_concat", "string_agg"),
    ("logical_and", "bool_and"),
    ("logical_or", "bool_or"),
    ("newid", "uuid"),
    ("prefix", "starts_with"),
    ("str_split", "string_to_array"),
    ("string_split", "string_to_array"),
    ("split", "string_to_array"),
    ("suffix", "ends_with"),
    ("sum_no_overflow", "sum"),
    ("ucase", "upper"),
    ("variance", "var_samp"),
];

/// Each function's name, number of arguments, and replacement. `$1` is the first argument.
pub const MACROS: &[(&str, usize, &str)] = &[
    // Text
    ("base64", 1, "encode($1, 'base64')"),
    ("to_base64", 1, "encode($1, 'base64')"),
    ("from_base64", 1, "decode($1, 'base64')"),
    ("unicode", 1, "ascii($1)"),
    ("ord", 1, "ascii($1)"),
    ("string_agg", 1, "string_agg($1, ',')"),
    ("regexp_full_match", 2, "regexp_like($1, '^(?:' || $2 || ')$')"),
    ("regexp_matches", 2, "regexp_like($1, $2)"),
    ("regexp_matches", 3, "regexp_like($1, $2, $3)"),
    ("regexp_substr", 2, "(regexp_match($1, '(' || $2 || ')'))[1]"),
    (
        "regexp_extract",
        2,
        "CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN coalesce((regexp_match($1, '(' || $2 || ')'))[1], '') END",
    ),
    (
        "regexp_extract",
        3,
        "CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN coalesce((regexp_match($1, '(' || $2 || ')'))[$3 + 1], '') END",
    ),
    // Numbers
    ("mod", 2, "$1 % $2"),
    ("div", 2, "($1 - $1 % $2) / $2"),
    ("sign", 1, "CASE WHEN $1 > 0 THEN 1 WHEN $1 < 0 THEN -1 WHEN $1 = 0 THEN 0 END"),
    ("xor", 2, "($1 | $2) - ($1 & $2)"),
    ("isinf", 1, "abs($1) = CAST('Infinity' AS DOUBLE)"),
    ("isfinite", 1, "abs($1) < CAST('Infinity' AS DOUBLE)"),
    // Conditions
    ("if", 3, "CASE WHEN $1 THEN $2 ELSE $3 END"),
    ("iff", 3, "CASE WHEN $1 THEN $2 ELSE $3 END"),
    ("iif", 3, "CASE WHEN $1 THEN $2 ELSE $3 END"),
    ("isnull", 1, "$1 IS NULL"),
    // Dates and times
    ("getdate", 0, "now()"),
    ("localtimestamp", 0, "CAST(now() AS TIMESTAMP)"),
    ("century", 1, "CAST(ceil(date_part('year', $1) / 100.0) AS INTEGER)"),
    ("decade", 1, "date_part('year', $1) / 10"),
    ("year", 1, "date_part('year', $1)"),
    ("quarter", 1, "date_part('quarter', $1)"),
    ("month", 1, "date_part('month', $1)"),
    ("week", 1, "date_part('week', $1)"),
    ("weekofyear", 1, "date_part('week', $1)"),
    ("day", 1, "date_part('day', $1)"),
    ("dayofmonth", 1, "date_part('day', $1)"),
    ("dayofweek", 1, "date_part('dow', $1)"),
    ("weekday", 1, "date_part('dow', $1)"),
    ("isodow", 1, "date_part('isodow', $1)"),
    ("isoyear", 1, "date_part('isoyear', $1)"),
    ("dayofyear", 1, "date_part('doy', $1)"),
    ("hour", 1, "date_part('hour', $1)"),
    ("minute", 1, "date_part('minute', $1)"),
    ("second", 1, "date_part('second', $1)"),
    ("yearweek", 1, "date_part('isoyear', $1) * 100 + date_part('week', $1)"),
    ("dayname", 1, "date_format($1, '%A')"),
    ("monthname", 1, "date_format($1, '%B')"),
    ("last_day", 1, "CAST(date_trunc('month', $1) + INTERVAL '1 month' - INTERVAL '1 day' AS DATE)"),
    ("epoch", 1, "date_part('epoch', $1)"),
    ("epoch_ms", 1, "CAST(arrow_cast($1, 'Timestamp(Millisecond, None)') AS BIGINT)"),
    ("epoch_us", 1, "CAST(arrow_cast($1, 'Timestamp(Microsecond, None)') AS BIGINT)"),
    ("epoch_ns", 1, "CAST(arrow_cast($1, 'Timestamp(Nanosecond, None)') AS BIGINT)"),
    ("date", 1, "CAST($1 AS DATE)"),
    ("date_add", 2, "$1 + $2"),
    ("date_sub", 2, "$1 - $2"),
    ("dateadd", 3, "$3 + CAST($2 || ' ' || $1 AS INTERVAL)"),
    ("date_add", 3, "$3 + CAST($2 || ' ' || $1 AS INTERVAL)"),
    ("datediff", 2, "CAST($1 AS DATE) - CAST($2 AS DATE)"),
    ("age", 1, "age(current_date, $1)"),
    ("to_years", 1, "CAST($1 || ' years' AS INTERVAL)"),
    ("to_months", 1, "CAST($1 || ' months' AS INTERVAL)"),
    ("to_weeks", 1, "CAST($1 || ' weeks' AS INTERVAL)"),
    ("to_days", 1, "CAST($1 || ' days' AS INTERVAL)"),
    ("to_hours", 1, "CAST($1 || ' hours' AS INTERVAL)"),
    ("to_minutes", 1, "CAST($1 || ' minutes' AS INTERVAL)"),
    ("to_seconds", 1, "CAST($1 || ' seconds' AS INTERVAL)"),
    (
        "time_bucket",
        2,
        "date_bin($1, CAST($2 AS TIMESTAMP), CASE WHEN date_part('year', $1) <> 0 OR date_part('month', $1) <> 0 THEN TIMESTAMP '2000-01-01 00:00:00' ELSE TIMESTAMP '2000-01-03 00:00:00' END)",
    ),
    (
        "make_timestamp",
        6,
        "CAST(make_date($1, $2, $3) || 'T' || lpad($4 || '', 2, '0') || ':' || lpad($5 || '', 2, '0') || ':' || CASE WHEN $6 < 10 THEN '0' ELSE '' END || $6 AS TIMESTAMP)",
    ),
    ("strftime", 2, "date_format($1, date_format_of($2))"),
    ("to_char", 2, "date_format($1, date_format_of($2))"),
    ("date_format", 2, "date_format($1, date_format_of($2))"),
    ("to_timestamp", 1, "moment_of($1)"),
    ("to_timestamp", 2, "strptime($1, $2)"),
    ("to_date", 2, "CAST(strptime($1, $2) AS DATE)"),
    // Lists
    ("list_unique", 1, "cardinality(array_compact(array_distinct($1)))"),
    ("list_count", 1, "array_length(array_compact($1))"),
    ("list_sort", 1, "array_sort($1, 'ASC', 'NULLS LAST')"),
    ("list_sort", 2, "array_sort($1, $2, 'NULLS LAST')"),
    ("array_sort", 1, "array_sort($1, 'ASC', 'NULLS LAST')"),
    ("array_sort", 2, "array_sort($1, $2, 'NULLS LAST')"),
    ("list_reverse_sort", 1, "array_sort($1, 'DESC', 'NULLS LAST')"),
    ("list_first", 1, "array_element($1, 1)"),
    ("list_last", 1, "array_element($1, -1)"),
    ("list_min", 1, "array_min($1)"),
    ("list_string_agg", 1, "array_to_string($1, ',')"),
    ("list_string_agg", 2, "array_to_string($1, $2)"),
    // Objects
    ("struct_extract", 2, "get_field($1, $2)"),
    ("map_contains", 2, "array_has(map_keys($1), $2)"),
    // JSON
    ("json_extract_path", 2, "json_extract($1, $2)"),
    ("json_extract_path_text", 2, "json_extract_string($1, $2)"),
    ("jsonb_extract_path", 2, "json_extract($1, $2)"),
    ("jsonb_extract_path_text", 2, "json_extract_string($1, $2)"),
    ("json_exists", 2, "json_extract($1, $2) IS NOT NULL"),
    ("json_array_length", 2, "json_array_length(json_extract($1, $2))"),
    ("jsonb_array_length", 1, "json_array_length($1)"),
    ("jsonb_typeof", 1, "json_typeof($1)"),
    ("to_jsonb", 1, "to_json($1)"),
    ("row_to_json", 1, "to_json($1)"),
    ("json_agg", 1, "to_json(array_agg($1))"),
    ("jsonb_agg", 1, "to_json(array_agg($1))"),
    ("json_group_array", 1, "to_json(array_agg($1))"),
    // Aggregates
    ("count_star", 0, "count(*)"),
    ("count_if", 1, "count(CASE WHEN $1 THEN 1 END)"),
    ("countif", 1, "count(CASE WHEN $1 THEN 1 END)"),
    ("geomean", 1, "exp(avg(ln($1)))"),
    ("approx_quantile", 2, "approx_percentile_cont($2) WITHIN GROUP (ORDER BY $1)"),
    ("arg_max", 2, ARG_MAX),
    ("argmax", 2, ARG_MAX),
    ("max_by", 2, ARG_MAX),
    ("arg_min", 2, ARG_MIN),
    ("argmin", 2, ARG_MIN),
    ("min_by", 2, ARG_MIN),
    ("quantile", 2, QUANTILE),
    ("quantile_disc", 2, QUANTILE),
];

const ARG_MAX: &str = "first_value($1 ORDER BY $2 DESC) FILTER (WHERE $1 IS NOT NULL AND $2 IS NOT NULL)";
const ARG_MIN: &str = "first_value($1 ORDER BY $2) FILTER (WHERE $1 IS NOT NULL AND $2 IS NOT NULL)";
const QUANTILE: &str = "array_element(array_agg($1 ORDER BY $1) FILTER (WHERE $1 IS NOT NULL), greatest(CAST(ceil($2 * count($1)) AS BIGINT), 1))";

/// The aggregates within the macros. They take over `DISTINCT`, `FILTER` and `OVER` from the call.
pub const AGGREGATES: &[&str] =
    &["approx_percentile_cont", "array_agg", "avg", "count", "first_value", "string_agg"];

/// The replacement for `a OP b`.
pub const OPERATORS: &[(&str, &str)] = &[
    ("->", "json_extract($1, $2)"),
    ("->>", "json_extract_string($1, $2)"),
    ("#>", "json_extract($1, $2)"),
    ("#>>", "json_extract_string($1, $2)"),
    ("//", "($1 - $1 % $2) / $2"),
    ("DIV", "($1 - $1 % $2) / $2"),
    ("&&", "array_has_any($1, $2)"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::INSTEAD;

    /// A test of the host runs the examples on the page.
    #[test]
    fn every_function_is_on_the_page_or_is_another_name_of_one_that_is() {
        let page = include_str!("../../../docs/data-functions.md");
        let names =
            RENAMED.iter().chain(INSTEAD).map(|(name, _)| *name).chain(MACROS.iter().map(|(name, ..)| *name));
        let lacking: Vec<&str> = names
            .filter(|name| !page.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == *name))
            .collect();
        assert!(lacking.is_empty(), "{lacking:?}");
        let lower = |name: &str| name.chars().all(|c| !c.is_uppercase());
        assert!(names_once() && MACROS.iter().all(|(name, ..)| lower(name)));
    }

    fn names_once() -> bool {
        let mut seen: Vec<_> = MACROS.iter().map(|(name, count, _)| (*name, *count)).collect();
        let all = seen.len();
        seen.sort_unstable();
        seen.dedup();
        seen.len() == all && RENAMED.iter().all(|(name, _)| !MACROS.iter().any(|(other, ..)| other == name))
    }
}
