//! Plans and runs the query.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::common::config::Dialect;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use futures::StreamExt;
use stepwell_sdk::prelude::{Step, json};
use stepwell_sdk::text::counted;
use stepwell_sdk::{
    Failure, Invocation, Issue, Need, Output, Pending, Profile, StepResult, context, progress, values,
};
use tables::Meter;
use url::Url;

use crate::config::{DataProcessing, Duplicates, Format, InputSpec};
use crate::errors::{failure, of_problem};
use crate::files::{Files, count};
use crate::functions::{self, UTC};
use crate::names::Names;
use crate::parquet::{self, nested};
use crate::paths;
use crate::rewrite::rewrite;
use crate::spill::{Scratch, is_granted};
use crate::text::{Taken, TextTable};
use crate::write::Sink;

/// The memory that planning, readers and writers need in addition to the memory that the plan's operators
/// account for.
const OVERHEAD: u64 = 24 << 20;

impl Step for DataProcessing {
    const TYPE: &str = "data_processing";
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &str = "Runs a SQL query over CSV, NDJSON, JSON and Parquet files";
    const NEEDS: &[Need] = &[Need::new(
        "files",
        "read the inputs, write the output, spill to /scratch when a plan outgrows memory",
    )];
    const PROFILE: Profile = Profile::Large;
    const IDEMPOTENT: bool = true;

    fn validate(&self, _: &Pending) -> Vec<Issue> {
        self.issues()
    }

    fn run(self, _: &Invocation) -> StepResult {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(|e| Failure::failed(e.to_string()))?
            .block_on(run(&self))
    }
}

async fn run(step: &DataProcessing) -> StepResult {
    let mut inputs = Vec::new();
    let mut bytes = 0;
    for (name, input) in &step.inputs {
        let spec = input.spec();
        let files = paths::expand(&spec.path)?;
        bytes += files.iter().filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum::<u64>();
        inputs.push((name, spec, files));
    }
    let read = Arc::new(AtomicU64::new(0));
    let session = session(Files::new(bytes, read.clone()))?;
    let file_count: usize = inputs.iter().map(|(_, _, files)| files.len()).sum();
    let (mut names, mut rejects, mut parquet_files) = (Names::default(), Vec::new(), Vec::new());
    names.rename(step.duplicates == Some(Duplicates::Rename));
    for (name, spec, files) in &inputs {
        names.input(name);
        let counted = read.clone();
        let meter: Meter = Arc::new(move |more| count(&counted, bytes, more));
        let table = if spec.format() == Some(Format::Parquet) {
            parquet_files.extend(files.iter());
            let table = parquet::table(&session, spec, files, &mut names).await;
            table.map_err(|e| explained(&e, &names, &parquet_files).metadata("input", name.as_str()))?
        } else {
            let taken = Taken::open(spec)?;
            rejects.push(taken.clone());
            text_table(spec, files, meter, taken, &mut names)
                .map_err(|problem| problem.metadata("input", name.as_str()))?
        };
        let reference = TableReference::bare(name.to_ascii_lowercase());
        session.register_table(reference, table).map_err(|e| failure(&e, &names))?;
    }

    let frame = frame(&session, &names, &step.query).await?;
    let columns: Vec<String> = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut stream = frame.execute_stream().await.map_err(|e| explained(&e, &names, &parquet_files))?;
    let schema = shown(&stream.schema(), &names.output(&step.query, &columns))?;
    let output = step.output.as_ref().map(|output| output.spec());
    let mut sink = match &output {
        Some(spec) => Sink::file(spec, &schema)?,
        None => Sink::rows(step.max_rows),
    };
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|e| explained(&e, &names, &parquet_files))?;
        rows += batch.num_rows();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &options)
            .map_err(|e| failure(&e.into(), &names))?;
        sink.write(&batch)?;
    }
    let value = sink.finish()?;
    let mut rejected = 0;
    for taken in &rejects {
        taken.rows.finish().map_err(|problem| of_problem(&problem))?;
        rejected += taken.rows.count();
    }
    progress(bytes, Some(bytes), "done");

    let written = output.map(|spec| paths::absolute(&spec.path).display().to_string());
    let target = written.as_ref().map_or(String::new(), |path| format!(" into {path}"));
    let without = if rejected > 0 { format!(" Rows left out: {rejected}.") } else { String::new() };
    Ok(Output::new(format!("Query gave {}{target}.{without}", counted(rows as u64, "row")))
        .value(value.unwrap_or_else(|| json!({ "path": written, "row_count": rows })))
        .metadata("row_count", rows)
        .metadata("column_count", schema.fields().len())
        .metadata("input_files", file_count)
        .metadata("rows_rejected", rejected)
        .metadata("bytes_read", read.load(Ordering::Relaxed))
        .metadata("output_path", written))
}

/// Plans a query, which may only read.
async fn frame(session: &SessionContext, names: &Names, query: &str) -> Result<DataFrame, Failure> {
    let read_only =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let query = names.resolve(query).map_err(Failure::invalid_config)?;
    let state = session.state();
    let mut statement = state.sql_to_statement(&query, &dialect(&query)).map_err(|e| failure(&e, names))?;
    if let Statement::Statement(statement) = &mut statement {
        names.number(statement);
        rewrite(statement).map_err(Failure::invalid_config)?;
    }
    let plan = state.statement_to_plan(statement).await.map_err(|e| failure(&e, names))?;
    read_only.verify_plan(&plan).map_err(|e| failure(&e, names))?;
    session.execute_logical_plan(plan).await.map_err(|e| failure(&e, names))
}

/// Explains why a query failed. The engine does not name a damaged Parquet file, so this function reads the
/// Parquet inputs to find it.
fn explained(error: &DataFusionError, names: &Names, parquet: &[&PathBuf]) -> Failure {
    let of_file = error.to_string().to_ascii_lowercase().contains("parquet");
    let fault = |path: &&PathBuf| tables::parquet_fault(path, stepwell_sdk::files::why);
    match parquet.iter().filter(|_| of_file).find_map(fault) {
        Some(problem) => of_problem(&problem),
        None => failure(error, names),
    }
}

/// Returns the columns of the result under these names, which must be distinct.
fn shown(schema: &Schema, names: &[String]) -> Result<SchemaRef, Failure> {
    values::distinct(names.iter().map(String::as_str))?;
    let fields = schema.fields().iter().zip(names);
    // The nullability that a column declares does not always match its batches.
    let fields = fields.map(|(field, name)| Field::clone(field).with_name(name).with_nullable(true));
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

fn session(files: Files) -> Result<SessionContext, Failure> {
    // One instance is one thread, so more partitions would only cost memory.
    let mut config = SessionConfig::new().with_target_partitions(1).with_information_schema(false);
    let options = config.options_mut();
    options.execution.collect_statistics = false;
    options.execution.sort_spill_reservation_bytes = 2 << 20;
    options.catalog.has_header = true;
    options.execution.time_zone = Some(UTC.to_owned());

    let room = context::memory_limit().saturating_sub(OVERHEAD).max(8 << 20);
    let pool =
        TrackConsumersPool::new(FairSpillPool::new(room as usize), NonZeroUsize::MIN.saturating_add(2));
    let disk = if is_granted() {
        DiskManagerBuilder::default().with_temp_file_factory(Arc::new(Scratch::default()))
    } else {
        DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled)
    };
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .with_disk_manager_builder(disk)
        .build_arc()
        .map_err(|e| failure(&e, &Names::default()))?;
    let root = Url::parse("file:///").map_err(|e| Failure::failed(e.to_string()))?;
    runtime.register_object_store(&root, Arc::new(files));
    let mut session = SessionContext::new_with_config_rt(config, runtime);
    functions::register(&mut session).map_err(|e| failure(&e, &Names::default()))?;
    Ok(arithmetic::register(&session))
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

fn text_table(
    spec: &InputSpec,
    files: &[PathBuf],
    meter: Meter,
    taken: Arc<Taken>,
    names: &mut Names,
) -> Result<Arc<dyn TableProvider>, Failure> {
    let table = TextTable::plan(spec, files, meter, taken).map_err(|problem| of_problem(&problem))?;
    table.schema().fields().iter().for_each(|field| nested(field.data_type(), names));
    let columns = names.table(&table.names());
    Ok(Arc::new(table.renamed(&columns)))
}
