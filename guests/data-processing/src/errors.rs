//! Rewords the engine's errors for the users of the step: what happened, where, and what to write instead.

use datafusion::common::{Column, SchemaError};
use datafusion::error::DataFusionError;
use stepwell_sdk::Failure;
use tables::Problem;

use crate::messages::plain;
use crate::names::Names;
use crate::near::nearest;

/// Explains why a query failed.
pub fn failure(error: &DataFusionError, names: &Names) -> Failure {
    if let Some(problem) = problem(error) {
        return of_problem(problem);
    }
    let root = error.find_root();
    let text = match root {
        DataFusionError::SchemaError(schema, _) => of_schema(schema, names),
        _ => {
            let text = error.strip_backtrace();
            missing(&text, names).unwrap_or_else(|| plain(&text))
        }
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

/// Explains why a file cannot be read.
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

/// The maximum number of names in a message.
const MOST_NAMES: usize = 50;

/// Explains that a table or a field is not there, and names those that are.
fn missing(text: &str, names: &Names) -> Option<String> {
    let between = |start: &str, end: &str| Some(text.split_once(start)?.1.split_once(end)?.0);
    if let Some(name) = between("table function '", "' not found") {
        return Some(format!(
            "there is no function `{name}` in FROM: the functions there are `generate_series`, `range` and `unnest`"
        ));
    }
    if let Some(name) = between("table '", "' not found") {
        return Some(no_table(name.strip_prefix("datafusion.public.").unwrap_or(name), names));
    }
    let field = between("Field ", " not found in struct")?;
    let near = nearest(field, names.fields()).map(|near| format!(": the nearest is `{near}`"));
    let near = near.unwrap_or_else(|| ": `x['key']` counts upper and lower case".to_owned());
    Some(format!("there is no field `{field}` in the object{near}"))
}

fn no_table(name: &str, names: &Names) -> String {
    let near = nearest(name, names.inputs()).map(|near| format!("the nearest is `{near}`; "));
    let known = listed(names.inputs().map(str::to_owned).collect());
    format!("there is no table `{name}`: {}the tables under `inputs` are {known}", near.unwrap_or_default())
}

fn no_column(field: &Column, valid: &[Column], names: &Names) -> String {
    let table = field.relation.as_ref().map(|table| table.table().to_owned());
    let tables = || valid.iter().filter_map(|known| known.relation.as_ref().map(|table| table.table()));
    if let Some(table) = table.filter(|table| !valid.is_empty() && !tables().any(|known| known == table)) {
        let mut known: Vec<String> = tables().map(str::to_owned).collect();
        known.dedup();
        return format!(
            "there is no table `{table}` for `{table}.{}`: the tables here are {}",
            field.name(),
            listed(known)
        );
    }
    let mut known: Vec<String> = valid.iter().map(|field| names.shown(field.name())).collect();
    known.dedup();
    if known.is_empty() {
        return format!("there is no column `{}`: there is none here", field.name());
    }
    let near = nearest(field.name(), known.iter().map(String::as_str));
    let near = near.map(|near| format!("the nearest is `{near}`; ")).unwrap_or_default();
    format!("there is no column `{}`: {near}the columns are {}", field.name(), listed(known))
}

fn listed(names: Vec<String>) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<String> = names.iter().take(MOST_NAMES).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(MOST_NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn of_schema(error: &SchemaError, names: &Names) -> String {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => no_column(field, valid_fields, names),
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
