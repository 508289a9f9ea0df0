//! What the engine says, in the words of the step: what happened, where, and what to write instead.

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use stepwell_sdk::Failure;
use tables::Problem;

use crate::names::Names;

/// What the engine puts before its messages.
const PREFIXES: &[&str] = &[
    "Error during planning: ",
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
    "Divide by zero error",
];

/// Functions of other systems, and what to write instead.
const INSTEAD: &[(&str, &str)] = &[
    ("date_diff", "`date_part('epoch', b - a) / 86400` for days, or `CAST(b AS DATE) - CAST(a AS DATE)`"),
    ("datediff", "`date_part('epoch', b - a) / 86400` for days, or `CAST(b AS DATE) - CAST(a AS DATE)`"),
    ("age", "`b - a`, which is an interval"),
    ("quantile", "`approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY x)`, or `median(x)`"),
    ("quantile_cont", "`percentile_cont(0.5) WITHIN GROUP (ORDER BY x)`, or `median(x)`"),
    ("json_extract", "read the file as NDJSON, whose objects are reached with `column['key']`"),
    ("json_extract_string", "read the file as NDJSON, whose objects are reached with `column['key']`"),
    ("strptime", "`to_timestamp(text, '%d.%m.%Y')` or `to_date(text, '%d.%m.%Y')`"),
    ("try_strptime", "`to_timestamp(text, '%d.%m.%Y')`"),
    ("group_concat", "`string_agg(x, ',')`"),
    ("listagg", "`string_agg(x, ',')`"),
    ("list", "`array_agg(x)`"),
    ("any_value", "`first_value(x)`"),
    ("mode", "count in a subquery: `GROUP BY x ORDER BY COUNT(*) DESC LIMIT 1`"),
    ("arg_max", "`first_value(x ORDER BY y DESC)`"),
    ("arg_min", "`first_value(x ORDER BY y)`"),
    ("unnest", "`SELECT unnest(column) FROM t`"),
    ("ifnull", "`coalesce(a, b)`"),
    ("isnull", "`a IS NULL`"),
    ("if", "`CASE WHEN a THEN b ELSE c END`"),
    ("iff", "`CASE WHEN a THEN b ELSE c END`"),
    ("len", "`length(x)`"),
    ("read_csv", "name the file under `inputs`"),
    ("read_parquet", "name the file under `inputs`"),
    ("read_json", "name the file under `inputs`"),
];

/// Why a query failed.
pub fn failure(error: &DataFusionError, names: &Names) -> Failure {
    if let Some(problem) = problem(error) {
        return of_problem(problem);
    }
    let root = error.find_root();
    let text = match root {
        DataFusionError::SchemaError(schema, _) => of_schema(schema, names),
        _ => plain(&error.strip_backtrace()),
    };
    match root {
        DataFusionError::ResourcesExhausted(_) => Failure::over_memory(
            "the plan needs more memory than the limit: grant the profile `large` or more `memory`, a `/scratch` mount to spill into, or narrow the query",
        ),
        DataFusionError::SQL(..)
        | DataFusionError::Plan(_)
        | DataFusionError::SchemaError(..)
        | DataFusionError::NotImplemented(_) => Failure::invalid_config(text),
        DataFusionError::ObjectStore(_) | DataFusionError::IoError(_) => Failure::not_found(text),
        _ => Failure::failed(text),
    }
}

/// Why a file cannot be read.
pub fn of_problem(problem: &Problem) -> Failure {
    if problem.of_config {
        Failure::invalid_config(problem.to_string())
    } else {
        Failure::failed(problem.to_string())
    }
}

fn problem<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Problem> {
    let mut inner = Some(error);
    while let Some(found) = inner {
        if let Some(problem) = found.downcast_ref::<Problem>() {
            return Some(problem);
        }
        if let Some(DataFusionError::External(within)) = found.downcast_ref::<DataFusionError>()
            && let Some(problem) = within.downcast_ref::<Problem>()
        {
            return Some(problem);
        }
        inner = found.source();
    }
    None
}

fn of_schema(error: &SchemaError, names: &Names) -> String {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let mut known: Vec<String> =
                valid_fields.iter().map(|field| format!("`{}`", names.shown(field.name()))).collect();
            known.dedup();
            let more =
                if known.len() > 50 { format!(" and {} more", known.len() - 50) } else { String::new() };
            known.truncate(50);
            let known = if known.is_empty() {
                "there is none here".to_owned()
            } else {
                format!("the columns are {}{more}", known.join(", "))
            };
            format!("there is no column `{}`: {known}", field.name())
        }
        SchemaError::AmbiguousReference { field } => format!(
            "`{0}` is a column of several tables: write the table before it, as in `t.{0}`",
            names.shown(field.name())
        ),
        SchemaError::DuplicateQualifiedField { name, .. }
        | SchemaError::DuplicateUnqualifiedField { name } => {
            format!(
                "the column `{}` is there more than once: give one another name with AS",
                names.shown(name)
            )
        }
    }
}

/// A message without the engine's own words and settings.
fn plain(text: &str) -> String {
    if let Some(rest) = text.split("Invalid function '").nth(1)
        && let Some(name) = rest.split('\'').next()
    {
        let instead = INSTEAD.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        return match (instead, rest.split("Did you mean '").nth(1).and_then(|rest| rest.split('\'').next())) {
            (Some((_, instead)), _) => format!("there is no function `{name}`: write {instead}"),
            (None, Some(near)) => format!("there is no function `{name}`: the nearest is `{near}`"),
            (None, None) => format!("there is no function `{name}`"),
        };
    }
    if text.contains("Divide by zero") {
        return "a division by zero: write `a / NULLIF(b, 0)` to have NULL there".to_owned();
    }
    let mut text = stepwell_sdk::files::plain(text);
    for prefix in PREFIXES {
        text = text.replace(prefix, "");
    }
    // Settings of the engine are not for users of the step.
    let kept = text.split_inclusive(['.', '\n']).collect::<String>();
    let sentences: Vec<&str> = kept.split(". ").filter(|sentence| !sentence.contains("datafusion")).collect();
    let text = sentences.join(". ").replace("\")", "").replace("DataFusion", "the engine");
    let text = text.trim().trim_end_matches("\")").to_owned();
    if text.contains("Arithmetic overflow") {
        return format!("{text}: cast to `DECIMAL(38, 0)` or DOUBLE before");
    }
    if text.is_empty() { "the query cannot be run".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_no_words_of_the_engine() {
        for (said, shown) in [
            (
                "Error during planning: Invalid function 'len'.\nDid you mean 'ln'?",
                "there is no function `len`: write `length(x)`",
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
                "Cannot cast string 'x' to value of Int64 type",
            ),
            ("Execution error: too much. Set datafusion.sql_parser.x to true", "too much"),
        ] {
            assert_eq!(plain(said), shown);
        }
    }
}
