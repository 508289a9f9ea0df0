//! Rewords the engine's messages for users of the step.

use crate::macros::{MACROS, RENAMED};
use crate::near::nearest;
use crate::wording;

/// Functions of other systems and their replacements.
pub const INSTEAD: &[(&str, &str)] = &[
    ("array_fill", "`array_repeat(x, n)`"),
    ("charindex", "`strpos(x, 'a')`"),
    ("columns", "the names of the columns"),
    ("curdate", "`current_date`"),
    ("date_from_parts", "`make_date(year, month, day)`"),
    ("eomonth", "`last_day(x)`"),
    ("format", "`'order ' || n`, or `lpad(CAST(n AS TEXT), 5, '0')`"),
    ("from_json", "`json_extract(x, '$.key')`"),
    ("hash", "`md5(x)`"),
    ("hex", "`to_hex(n)` for a number, or `encode(x, 'hex')` for a text"),
    ("histogram", "`SELECT x, count(*) FROM t GROUP BY x`"),
    ("isnumeric", "`TRY_CAST(x AS DOUBLE) IS NOT NULL`"),
    ("json_array", "`to_json([a, b])`"),
    ("json_build_array", "`to_json([a, b])`"),
    ("json_each", "`unnest(json_keys(x))`, and `json_extract(x, key)`"),
    ("json_object_agg", "`'{' || string_agg(to_json(k) || ':' || to_json(v), ',') || '}'`"),
    ("json_transform", "`json_extract(x, '$.key')`"),
    ("json_type", "`json_typeof(x)`"),
    ("list_reduce", "`list_sum(l)`, or an aggregate over `unnest(l)`"),
    ("mad", "`median(abs(x - m))`, where `m` is the median"),
    ("make_interval", "`INTERVAL '3 days'`, or `n * INTERVAL '1 day'`"),
    ("printf", "`'order ' || n`, or `lpad(CAST(n AS TEXT), 5, '0')`"),
    ("product", "`exp(sum(ln(x)))` for numbers above 0"),
    ("quote_literal", "`'''' || replace(x, '''', '''''') || ''''`"),
    ("read_csv", "the name of an input, whose file stands under `inputs`"),
    ("read_json", "the name of an input, whose file stands under `inputs`"),
    ("read_parquet", "the name of an input, whose file stands under `inputs`"),
    ("replicate", "`repeat(x, n)`"),
    ("space", "`repeat(' ', n)`"),
    ("str_to_date", "`strptime(x, '%d.%m.%Y')`"),
    ("strip_accents", "`translate(x, 'äöüé', 'aoue')`"),
    ("struct_insert", "`named_struct('a', s['a'], 'b', 2)`"),
    ("to_number", "`CAST(x AS DECIMAL(12, 2))`"),
    ("unix_timestamp", "`epoch(x)`"),
    ("width_bucket", "`floor((x - low) / width) + 1`"),
];

/// The message for a query that the parser does not take because of its depth.
pub const TOO_DEEP: &str = "too many parentheses, subqueries or CASE stand within each other (the limit is 50, and a subquery counts as two): name the inner ones with `WITH`";

/// Parts of messages, and the suggested replacement.
const CAUSES: &[(&str, &str)] = &[
    ("RecursionLimitExceeded", TOO_DEEP),
    ("only supports a single SQL statement", "`query` takes one statement: write a step for each"),
    (
        "Overflow in AvgAccumulator",
        "the sum behind the average has more digits than a decimal holds: cast to DOUBLE before",
    ),
    (
        "does not support logical expression ScalarSubquery",
        "a subquery compares values of the query around it in a way that is not supported: write a join with a GROUP BY",
    ),
    ("overflow on abs", "`abs` of the smallest integer does not fit: cast to `DECIMAL(38, 0)` before"),
    ("Overflow happened on FACTORIAL", "`factorial` takes numbers up to 20"),
    ("Divide by zero", "a division by zero: write `a / NULLIF(b, 0)` to have NULL there"),
    (
        "OuterReferenceColumn",
        "a subquery in FROM takes a value of the table beside it, which is not supported: write a join; for lists, write `SELECT id, unnest(l) AS x FROM t`",
    ),
    ("Unsupported SQL type HUGEINT", "there is no type HUGEINT: write DECIMAL(38, 0)"),
    ("Unsupported SQL type JSON", "there is no type JSON: a text holds JSON, and `x ->> 'key'` reads it"),
    (
        "found: PIVOT",
        "`PIVOT` is not supported: write a column for each value, as in `sum(v) FILTER (WHERE k = 'a') AS a`",
    ),
    ("found: SUMMARIZE", "`SUMMARIZE` is not supported: write `SELECT count(*), min(x), max(x) FROM t`"),
    ("found: SAMPLE", "`SAMPLE` is not supported: write `WHERE random() < 0.1` for a tenth of the rows"),
    (
        "found: USING",
        "the query has a USING that is not supported here: for `USING SAMPLE`, write `WHERE random() < 0.1`",
    ),
    (
        "found: MATCH_CONDITION",
        "`ASOF JOIN` is not supported: write a join with `<=` and `QUALIFY row_number() OVER (...) = 1`",
    ),
    (
        "Expected: MATCH_CONDITION",
        "`ASOF JOIN` is not supported: write a join with `<=` and `QUALIFY row_number() OVER (...) = 1`",
    ),
    ("failed to match any signature", ""),
    ("Failed to coerce arguments", ""),
    ("user-defined coercion failed", ""),
];

/// Prefixes that the engine puts before its messages.
const PREFIXES: &[&str] = &[
    "DataFusion error: ",
    "Error during planning: ",
    "Internal error: ",
    "Schema error: ",
    "SQL error: ",
    "Arrow error: ",
    "Parquet error: ",
    "Object Store error: ",
    "External error: ",
    "Execution error: ",
    "IO error: ",
    "Io error: ",
    "External: ",
    "Invalid argument error: ",
    "Compute error: ",
    "Cast error: ",
    "Parser error: ",
    "Csv error: ",
    "Json error: ",
    "Optimizer rule 'simplify_expressions' failed",
    "caused by",
    "Resources exhausted: ",
    "ParserError(\"",
    "TokenizerError(\"",
    "sql parser error: ",
    "This feature is not implemented: ",
    "type_coercion",
];

/// Removes the engine's terms and settings from a message.
pub fn plain(text: &str) -> String {
    let text = text.rsplit_once("caused by\n").map_or(text, |(_, cause)| cause);
    if let Some(explanation) = unknown_function(text) {
        return explanation;
    }
    if let Some((_, explanation)) =
        CAUSES.iter().find(|(part, explanation)| text.contains(part) && !explanation.is_empty())
    {
        return (*explanation).to_owned();
    }
    if let Some(explanation) = unfit_arguments(text) {
        return explanation;
    }
    let mut text = stepwell_sdk::files::plain(text);
    for prefix in PREFIXES {
        text = text.replace(prefix, "");
    }
    let text = wording::types(&text).replace("datafusion.public.", "");
    if let Some(explanation) = wording::reworded(&text) {
        return explanation;
    }
    // The engine's settings are not meant for users of the step.
    let sentences: Vec<&str> = text.split(". ").filter(|sentence| !sentence.contains("datafusion")).collect();
    let text = sentences.join(". ").replace("\")", "").replace("DataFusion", "the engine");
    let text = text.trim().trim_end_matches("\")").to_owned();
    if let Some((_, what)) = text.split_once("Arithmetic overflow: ") {
        return match what.strip_prefix("Overflow happened on: ") {
            Some(what) => format!("`{what}` overflows: cast a value to `DECIMAL(38, 0)` or DOUBLE before"),
            None => format!("{what}: cast a value to DOUBLE before"),
        };
    }
    if text.contains(" { ") || text.contains("({") {
        // The dump of a plan.
        let what = text.split([':', '{']).next().unwrap_or_default().trim();
        return format!("{what}: this part of the query is not supported");
    }
    if text.is_empty() { "the types of the query do not go together".to_owned() } else { text }
}

fn unknown_function(text: &str) -> Option<String> {
    let rest = text.split("Invalid function '").nth(1)?;
    let name = rest.split('\'').next()?;
    let instead = INSTEAD.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
    if let Some(explanation) = wording::window(name) {
        return Some(explanation);
    }
    let known = RENAMED.iter().map(|(other, _)| *other).chain(MACROS.iter().map(|(other, ..)| *other));
    let near = nearest(name, known)
        .or_else(|| rest.split("Did you mean '").nth(1).and_then(|rest| rest.split('\'').next()));
    Some(match (instead, near) {
        (Some((_, instead)), _) => format!("there is no function `{name}`: write {instead}"),
        (None, Some(near)) => format!("there is no function `{name}`: the nearest is `{near}`"),
        (None, None) => format!("there is no function `{name}`"),
    })
}

/// Explains that a function does not accept these types.
fn unfit_arguments(text: &str) -> Option<String> {
    if !CAUSES.iter().any(|(part, explanation)| explanation.is_empty() && text.contains(part)) {
        return None;
    }
    let quoted = |before: &str| text.split(before).nth(1).and_then(|rest| rest.split('\'').next());
    let name = quoted("a call to '").or_else(|| quoted("unction '"))?;
    Some(format!(
        "`{name}` does not take values of these types, or not so many: look at their types with `typeof(x)`, and cast them"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_no_words_of_the_engine() {
        for (said, shown) in [
            (
                "Error during planning: Invalid function 'eomonth'.\nDid you mean 'month'?",
                "there is no function `eomonth`: write `last_day(x)`",
            ),
            (
                "Error during planning: Invalid function 'foo'.\nDid you mean 'floor'?",
                "there is no function `foo`: the nearest is `floor`",
            ),
            (
                "Arrow error: Divide by zero error",
                "a division by zero: write `a / NULLIF(b, 0)` to have NULL there",
            ),
            (
                "Arrow error: Cast error: Cannot cast string 'x' to value of Int64 type",
                "the text 'x' is no int64: write `TRY_CAST(x AS BIGINT)` to have NULL in place of such texts, or compare with a text",
            ),
            (
                "moments\ncaused by\nError during planning: a date or a time stands beside a number",
                "a date or a time stands beside a number",
            ),
            (
                "Error during planning: Invalid function 'list_srt'.\nDid you mean 'list_sum'?",
                "there is no function `list_srt`: the nearest is `list_sort`",
            ),
            (
                "Error during planning: Invalid function 'row_number'.\nDid you mean 'power'?",
                "`row_number` needs a window: write `row_number(...) OVER (ORDER BY x)`",
            ),
            (
                "Optimizer rule 'eliminate_limit' failed\ncaused by\nError during planning: LIMIT must be >= 0, '-1' was provided",
                "LIMIT takes a number from 0 on, not -1",
            ),
            ("Execution error: too much. Set datafusion.sql_parser.x to true", "too much"),
            (
                "Error during planning: Failed to coerce arguments to satisfy a call to 'to_char' function: coercion from Float64, Utf8 to the signature OneOf(Exact(Date32, Utf8)) failed",
                "`to_char` does not take values of these types, or not so many: look at their types with `typeof(x)`, and cast them",
            ),
            (
                "This feature is not implemented: Unsupported ast node Pivot { table: Derived { lateral: false } }",
                "Unsupported ast node Pivot: this part of the query is not supported",
            ),
        ] {
            assert_eq!(plain(said), shown);
        }
    }
}
