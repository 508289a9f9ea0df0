//! Runs a query on Spark.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
    new_null_array,
};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::optimize_projections::OptimizeProjections;
use datafusion::optimizer::simplify_expressions::SimplifyExpressions;
use datafusion::optimizer::{Optimizer, OptimizerContext};
use stepwell_sdk::sql::{self, ColumnBatch, ColumnValues, Connection, Parameters, Rows, Texts};
use stepwell_sdk::{Failure, Output, StepResult, engines, log};

use super::kinds;
use super::literal::quoted;
use super::statement::{Places, file, from_files, statement};
use crate::config::DataProcessing;
use crate::inputs::{Inputs, Source};
use crate::parquet::url;
use crate::query::{Read, columns, frame, report, write};

/// The number of rows that are asked for at once.
const ROWS: u32 = 2048;

/// The maximum number of files of one input that are named one by one.
const MOST_FILES: usize = 100;

/// The reason why a query did not run on Spark.
pub enum Refusal {
    /// Its rows may differ there, or Spark does not see its files.
    Unfit(String),
    /// Spark failed.
    Failed(Failure),
    /// The step fails on every engine.
    Step(Failure),
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Self::Unfit(reason)
    }
}

impl From<sql::Error> for Refusal {
    fn from(error: sql::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// A connection to Spark.
pub struct Server(Connection);

impl Server {
    /// Opens the connection of the engine.
    ///
    /// # Errors
    /// Fails when Spark cannot be reached.
    pub fn open(connection: &str) -> Result<Self, sql::Error> {
        Connection::open(connection).map(Self)
    }

    fn query(&self, statement: &str) -> Result<Rows, sql::Error> {
        self.0.query(statement, &Parameters::Positional(Vec::new()), 0)
    }

    /// Returns the columns of the files at a path of Spark.
    pub fn columns(&self, path: &str) -> Result<SchemaRef, Refusal> {
        let rows = self.query(&format!("SELECT * FROM {} LIMIT 0", file(path)))?;
        let field = |column: sql::Column| {
            let kind = kinds::local(&column.type_name).ok_or_else(|| {
                format!(
                    "the column `{}` of {path} has the type {}, which this step does not know",
                    column.name, column.type_name
                )
            })?;
            Ok(Field::new(column.name, kind, true))
        };
        let fields = rows.columns().into_iter().map(field).collect::<Result<Vec<_>, String>>()?;
        Ok(Arc::new(Schema::new(fields)))
    }

    /// Returns the number of rows of each table.
    fn counts(&self, tables: &[&Vec<String>]) -> Result<Vec<i64>, Refusal> {
        let count =
            |paths: &&Vec<String>| format!("(SELECT count(*) FROM ({}))", from_files("1 AS f", paths));
        let counts: Vec<String> = tables.iter().map(count).collect();
        let rows = self.query(&format!("SELECT {}", counts.join(", ")))?;
        let row = rows.next(1)?.into_iter().next().unwrap_or_default();
        let number = |value| match value {
            sql::Value::Integer(number) => Some(number),
            _ => None,
        };
        let found: Option<Vec<i64>> = row.into_iter().map(number).collect();
        found.filter(|found| found.len() == tables.len()).ok_or_else(|| Refusal::Failed(strange()))
    }
}

/// Runs a query on Spark. Returns the output, and the number of rows in the files.
///
/// # Errors
/// Returns the reason why it did not, and whether the local engine can run it.
pub async fn run(
    step: &DataProcessing,
    sources: &[Source],
    server: impl FnOnce() -> Result<Server, sql::Error>,
) -> Result<(Output, u64), Refusal> {
    let located = sources.iter().filter(|source| source.remote.is_none()).map(Located::of);
    let located = located.collect::<Result<Vec<_>, Refusal>>()?;
    let inputs = Inputs::plan(step, sources, None).await.map_err(Refusal::Step)?;
    let frame = frame(&inputs, &step.query).await.map_err(Refusal::Step)?;
    let columns = columns(&frame);
    let plan = analyzed(&inputs, frame.logical_plan().clone())?;
    let kinds: Vec<DataType> = plan.schema().fields().iter().map(|field| field.data_type().clone()).collect();
    let mut places = Places::new();
    for input in &located {
        let urls = input.files.iter().filter_map(|file| url(file).ok()).map(|url| url.as_str().to_owned());
        places.insert(urls.collect(), input.paths.clone());
    }
    let statement = statement(&plan, &places)?;
    let server = server()?;
    same_rows(&server, &located)?;
    log::debug(format!("Spark runs {statement}"));
    let rows = server.query(&statement)?;
    let fields = columns.iter().zip(&kinds).map(|(name, kind)| Field::new(name, kind.clone(), true));
    let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let failed = std::cell::Cell::new(false);
    let batches = std::iter::from_fn(|| match batch(&rows, &schema) {
        Ok(batch) => batch.map(Ok),
        Err(failure) => {
            failed.set(true);
            Some(Err(failure))
        }
    });
    let written = write(step, &inputs, &columns, schema.clone(), futures::stream::iter(batches)).await;
    match written {
        Ok(written) => {
            let rows = located.iter().map(|input| input.rows.unsigned_abs()).sum();
            Ok((report(step, &inputs, written, Read { rejected: 0, bytes: 0 }), rows))
        }
        Err(failure) if failed.get() => Err(Refusal::Failed(failure)),
        Err(failure) => Err(Refusal::Step(failure)),
    }
}

/// Returns the plan with types, with constants in the place of their calculations, and without unused columns.
fn analyzed(inputs: &Inputs, plan: LogicalPlan) -> Result<LogicalPlan, Refusal> {
    let wrong = |e| Refusal::Step(inputs.explained(&e));
    let state = inputs.session.state();
    let plan = state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {}).map_err(wrong)?;
    let rules = Optimizer::with_rules(vec![
        Arc::new(SimplifyExpressions::new()),
        Arc::new(OptimizeProjections::new()),
    ]);
    rules.optimize(plan, &OptimizerContext::new(), |_, _| {}).map_err(wrong)
}

/// An input whose files Spark sees.
struct Located {
    name: String,
    files: Vec<PathBuf>,
    /// The paths on Spark's side: of each file, or one with wildcards.
    paths: Vec<String>,
    rows: i64,
}

impl Located {
    fn of(source: &Source) -> Result<Self, Refusal> {
        let name = &source.name;
        let unseen = |path: &Path| format!("Spark does not see {} of the input `{name}`", path.display());
        // Spark leaves such files out.
        let is_hidden = |file: &PathBuf| {
            file.iter().any(|part| part.to_str().is_none_or(|part| part.starts_with(['_', '.'])))
        };
        if let Some(file) = source.files.iter().find(|file| is_hidden(file)) {
            return Err(format!("Spark leaves out {}, because of its name", file.display()).into());
        }
        let (mut rows, mut first) = (0_i64, None);
        for file in &source.files {
            let found = tables::open_parquet(file, stepwell_sdk::files::why)
                .map_err(|problem| Refusal::Step(crate::errors::of_problem(&problem)))?;
            let metadata = found.metadata().file_metadata();
            rows = rows.saturating_add(metadata.num_rows());
            let schema = metadata.schema_descr_ptr().root_schema_ptr();
            if first.get_or_insert_with(|| schema.clone()) != &schema {
                return Err(format!("the files of the input `{name}` have different columns").into());
            }
        }
        let pattern = crate::paths::absolute(&source.spec.path);
        let text = pattern.to_string_lossy();
        let is_simple = !text.contains("**") && !text.contains(['[', '{', '\\']);
        let paths = match source.files.len() {
            1 => locate(&source.files, unseen)?,
            _ if is_simple => locate(&[pattern.clone()], unseen)?,
            many if many <= MOST_FILES => locate(&source.files, unseen)?,
            many => {
                return Err(
                    format!("the {many} files of the input `{name}` need one path with `*` alone").into()
                );
            }
        };
        for path in &paths {
            quoted(path)?;
        }
        Ok(Self { name: name.clone(), files: source.files.clone(), paths, rows })
    }
}

fn locate(files: &[PathBuf], unseen: impl Fn(&Path) -> String) -> Result<Vec<String>, Refusal> {
    let of = |file: &PathBuf| {
        let path = file.to_str().and_then(engines::locate);
        path.ok_or_else(|| Refusal::Unfit(unseen(file)))
    };
    files.iter().map(of).collect()
}

/// Compares the numbers of rows, so that a directory that is another one on Spark's side is noticed.
fn same_rows(server: &Server, located: &[Located]) -> Result<(), Refusal> {
    if located.is_empty() {
        return Ok(());
    }
    let tables: Vec<&Vec<String>> = located.iter().map(|input| &input.paths).collect();
    let counts = server.counts(&tables)?;
    for (input, count) in located.iter().zip(counts) {
        if count != input.rows {
            return Err(Refusal::Unfit(format!(
                "Spark sees {count} rows in the input `{}`, which has {}",
                input.name, input.rows
            )));
        }
    }
    Ok(())
}

/// Returns the next rows as a batch. `None` marks the end.
fn batch(rows: &Rows, schema: &SchemaRef) -> Result<Option<RecordBatch>, Failure> {
    let columns = rows.next_columns(ROWS)?;
    let Some(count) = columns.first().map(ColumnBatch::len) else { return Ok(None) };
    if columns.len() != schema.fields().len() {
        return Err(strange());
    }
    let arrays = columns.iter().zip(schema.fields()).map(|(column, field)| {
        let array = array(column).ok_or_else(strange)?;
        cast_with_options(&array, field.data_type(), &CastOptions { safe: false, ..Default::default() })
            .map_err(|_| strange())
    });
    let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    RecordBatch::try_new_with_options(schema.clone(), arrays, &options).map(Some).map_err(|_| strange())
}

fn strange() -> Failure {
    Failure::unavailable("Spark returned other columns than the query has")
}

/// Returns a column as it arrives: as numbers or as texts. Returns `None` for values of several types.
fn array(column: &ColumnBatch) -> Option<ArrayRef> {
    fn numbers<T: Copy>(values: &[T], nulls: &[bool]) -> Vec<Option<T>> {
        values.iter().zip(nulls).map(|(value, is_null)| (!is_null).then_some(*value)).collect()
    }
    let nulls = &column.nulls;
    let texts = |texts: &Texts| -> ArrayRef {
        let values = texts.iter().zip(nulls).map(|(text, is_null)| (!is_null).then_some(text));
        Arc::new(values.collect::<StringArray>())
    };
    Some(match &column.values {
        ColumnValues::Booleans(values) => Arc::new(BooleanArray::from(numbers(values, nulls))),
        ColumnValues::Integers(values) => Arc::new(Int64Array::from(numbers(values, nulls))),
        ColumnValues::Floats(values) => Arc::new(Float64Array::from(numbers(values, nulls))),
        ColumnValues::Decimals(found)
        | ColumnValues::Texts(found)
        | ColumnValues::Dates(found)
        | ColumnValues::Timestamps(found)
        | ColumnValues::TimestampsWithZone(found) => texts(found),
        ColumnValues::Others(_) if nulls.iter().all(|is_null| *is_null) => {
            new_null_array(&DataType::Null, nulls.len())
        }
        ColumnValues::Others(_) => return None,
    })
}
