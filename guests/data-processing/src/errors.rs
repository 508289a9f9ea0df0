//! Rewords the engine's errors for the users of the step: what happened, where, and what to write instead.

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use stepwell_sdk::Failure;
use tables::Problem;

use crate::messages::plain;
use crate::names::Names;

/// Explains why a query failed.
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
