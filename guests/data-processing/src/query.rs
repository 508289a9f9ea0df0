//! Plans and runs the query.

use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::config::Dialect;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::DataFrame;
use datafusion::sql::parser::Statement;
use futures::{Stream, StreamExt, TryStreamExt};
use stepwell_sdk::prelude::serde_json::Value;
use stepwell_sdk::prelude::{Step, json};
use stepwell_sdk::text::counted;
use stepwell_sdk::{
    Failure, Invocation, Issue, Need, Output, Pending, Profile, StepResult, progress, values,
};

use crate::config::DataProcessing;
use crate::engines;
use crate::errors::failure;
use crate::inputs::{Inputs, Source};
use crate::messages::TOO_DEEP;
use crate::names::{Names, levels};
use crate::paths;
use crate::rewrite::rewrite;
use crate::shares::Role;
use crate::split;
use crate::write::Sink;

/// The levels from which a refused query is too deep.
const MOST_LEVELS: usize = 50;

impl Step for DataProcessing {
    const TYPE: &str = "data_processing";
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &str = "Runs a SQL query over CSV, NDJSON, JSON and Parquet files";
    const NEEDS: &[Need] = &[
        Need::new(
            "files",
            "read the inputs, write the output, spill to /scratch when a plan outgrows memory",
        ),
        Need::optional("sql", "run queries over large inputs on the operator's Spark"),
    ];
    const PROFILE: Profile = Profile::Large;
    const IDEMPOTENT: bool = true;

    fn validate(&self, _: &Pending) -> Vec<Issue> {
        let mut issues = self.issues();
        issues.extend(syntax(&self.query).map(|why| Issue::at("/query", why).concerns("/query")));
        issues
    }

    fn run(self, _: &Invocation) -> StepResult {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(|e| Failure::failed(e.to_string()))?
            .block_on(run(&self))
    }
}

async fn run(step: &DataProcessing) -> StepResult {
    match step.split.as_ref().map(|split| (split, split.role())) {
        Some((split, Role::Part { part, to })) => split::part::run(step, split, part, to).await,
        Some((split, Role::Merge)) => split::merge::run(step, split).await,
        Some((_, Role::Whole)) | None => engines::run(step).await,
    }
}

/// Runs the query over the whole inputs.
pub async fn whole(step: &DataProcessing, sources: &[Source]) -> StepResult {
    let inputs = Inputs::plan(step, sources, None).await?;
    let frame = frame(&inputs, &step.query).await?;
    let columns = columns(&frame);
    let wrong = |e| inputs.explained(&e);
    let stream = frame.execute_stream().await.map_err(wrong)?;
    let schema = stream.schema();
    let written = write(step, &inputs, &columns, schema, stream.map_err(wrong)).await?;
    let rejected = inputs.rejected()?.iter().map(|(_, count)| count).sum();
    Ok(report(step, &inputs, written, Read { rejected, bytes: inputs.bytes_read() }))
}

/// The result of a query.
pub struct Written {
    value: Option<Value>,
    rows: usize,
    columns: usize,
}

/// The rows and bytes that were read for a result.
pub struct Read {
    /// The number of rows that were left out.
    pub rejected: u64,
    /// The number of bytes.
    pub bytes: u64,
}

/// Returns the names of the columns that the engine gives.
pub fn columns(frame: &DataFrame) -> Vec<String> {
    frame.schema().fields().iter().map(|field| field.name().clone()).collect()
}

/// Writes the rows of the result to the output file, or keeps them.
pub async fn write(
    step: &DataProcessing,
    inputs: &Inputs,
    columns: &[String],
    schema: SchemaRef,
    stream: impl Stream<Item = Result<RecordBatch, Failure>>,
) -> Result<Written, Failure> {
    let schema = shown(&schema, &inputs.names.output(&step.query, columns))?;
    let mut stream = std::pin::pin!(stream);
    let mut sink = match &step.output {
        Some(output) => Sink::file(&output.spec(), &schema)?,
        None => Sink::rows(step.max_rows),
    };
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        rows += batch.num_rows();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &options)
            .map_err(|e| failure(&e.into(), &inputs.names))?;
        sink.write(&batch)?;
    }
    Ok(Written { value: sink.finish()?, rows, columns: schema.fields().len() })
}

/// Describes the result.
pub fn report(step: &DataProcessing, inputs: &Inputs, result: Written, read: Read) -> Output {
    progress(inputs.bytes, Some(inputs.bytes), "done");
    let written = step.output.as_ref().map(|output| paths::absolute(&output.spec().path));
    let written = written.map(|path| path.display().to_string());
    let target = written.as_ref().map_or(String::new(), |path| format!(" into {path}"));
    let without =
        if read.rejected > 0 { format!(" Rows left out: {}.", read.rejected) } else { String::new() };
    let rows = result.rows;
    Output::new(format!("Query gave {}{target}.{without}", counted(rows as u64, "row")))
        .value(result.value.unwrap_or_else(|| json!({ "path": written, "row_count": rows })))
        .metadata("row_count", rows)
        .metadata("column_count", result.columns)
        .metadata("input_files", inputs.file_count)
        .metadata("rows_rejected", read.rejected)
        .metadata("bytes_read", read.bytes)
        .metadata("output_path", written)
}

/// Plans a query, which may only read.
pub async fn frame(inputs: &Inputs, query: &str) -> Result<DataFrame, Failure> {
    let (session, names) = (&inputs.session, &inputs.names);
    let read_only =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let query = names.resolve(query).map_err(Failure::invalid_config)?;
    let state = session.state();
    // In some places the parser reports its limit as another error.
    let refused = |error| match levels(&query) < MOST_LEVELS {
        true => failure(&error, names),
        false => Failure::invalid_config(TOO_DEEP),
    };
    let mut statement = state.sql_to_statement(&query, &dialect(&query)).map_err(refused)?;
    if let Statement::Statement(statement) = &mut statement {
        names.number(statement);
        rewrite(statement).map_err(Failure::invalid_config)?;
    }
    let plan = state.statement_to_plan(statement).await.map_err(|e| failure(&e, names))?;
    read_only.verify_plan(&plan).map_err(|e| failure(&e, names))?;
    session.execute_logical_plan(plan).await.map_err(|e| failure(&e, names))
}

/// Returns the reason why a query cannot be read.
fn syntax(query: &str) -> Option<String> {
    if query.trim().is_empty() {
        return None;
    }
    let error = SessionStateBuilder::new().build().sql_to_statement(query, &dialect(query)).err()?;
    Some(match levels(query) < MOST_LEVELS {
        true => failure(&error, &Names::default()).message,
        false => TOO_DEEP.to_owned(),
    })
}

/// Returns the columns of the result under these names, which must be distinct.
fn shown(schema: &Schema, names: &[String]) -> Result<SchemaRef, Failure> {
    values::distinct(names.iter().map(String::as_str))?;
    let fields = schema.fields().iter().zip(names);
    // The nullability that a column declares does not always match its batches.
    let fields = fields.map(|(field, name)| Field::clone(field).with_name(name).with_nullable(true));
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

/// Chooses the parser. List functions that take an expression (`x -> x + 1`) need one that reads `->` as a
/// lambda.
fn dialect(query: &str) -> Dialect {
    let lower = query.to_ascii_lowercase();
    let takes = ["_transform", "_filter", "_any_match", "list_apply"];
    match takes.iter().any(|name| lower.contains(name)) {
        true => Dialect::DuckDB,
        false => Dialect::Generic,
    }
}
