//! Plans and runs the query.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::config::Dialect;
use datafusion::common::{Column, TableReference};
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use futures::StreamExt;
use stepwell_sdk::prelude::{Step, json};
use stepwell_sdk::{
    Failure, Invocation, Issue, Need, Output, Pending, Profile, StepResult, context, progress, values,
};
use tables::Meter;
use url::Url;

use crate::config::{DataProcessing, Format, InputSpec};
use crate::errors::{failure, of_problem};
use crate::files::{Files, count};
use crate::functions;
use crate::names::Names;
use crate::paths;
use crate::rewrite::rewrite;
use crate::spill::{Scratch, is_granted};
use crate::text::{Rejects, TextTable};
use crate::write::Sink;

/// Memory that planning, readers and writers need beside what the plan's operators account for.
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
    let (mut names, mut rejects) = (Names::default(), Vec::new());
    for (name, spec, files) in &inputs {
        let counted = read.clone();
        let meter: Meter = Arc::new(move |more| count(&counted, bytes, more));
        let table = if spec.format() == Some(Format::Parquet) {
            parquet_table(&session, files, &mut names)
                .await
                .map_err(|e| failure(&e, &names).metadata("input", name.as_str()))?
        } else {
            let taken = Rejects::open(spec)?;
            rejects.push(taken.clone());
            text_table(spec, files, meter, taken, &mut names)
                .map_err(|problem| problem.metadata("input", name.as_str()))?
        };
        let reference = TableReference::bare(name.to_ascii_lowercase());
        session.register_table(reference, table).map_err(|e| failure(&e, &names))?;
    }

    let read_only =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let query = names.resolve(&step.query).map_err(Failure::invalid_config)?;
    let state = session.state();
    let mut statement = state.sql_to_statement(&query, &dialect(&query)).map_err(|e| failure(&e, &names))?;
    if let Statement::Statement(statement) = &mut statement {
        rewrite(statement).map_err(Failure::invalid_config)?;
    }
    let plan = state.statement_to_plan(statement).await.map_err(|e| failure(&e, &names))?;
    read_only.verify_plan(&plan).map_err(|e| failure(&e, &names))?;
    let frame = session.execute_logical_plan(plan).await.map_err(|e| failure(&e, &names))?;
    let schema = shown(frame.schema().as_arrow(), &step.query, &names)?;
    let output = step.output.as_ref().map(|output| output.spec());
    let mut sink = match &output {
        Some(spec) => Sink::file(spec, &schema)?,
        None => Sink::rows(step.max_rows),
    };
    let mut rows = 0;
    let mut stream = frame.execute_stream().await.map_err(|e| failure(&e, &names))?;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|e| failure(&e, &names))?;
        rows += batch.num_rows();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &options)
            .map_err(|e| failure(&e.into(), &names))?;
        sink.write(&batch)?;
    }
    let value = sink.finish()?;
    let mut rejected = 0;
    for taken in &rejects {
        taken.finish()?;
        rejected += taken.count.load(Ordering::Relaxed);
    }
    progress(bytes, Some(bytes), "done");

    let written = output.map(|spec| paths::absolute(&spec.path).display().to_string());
    let target = written.as_ref().map_or(String::new(), |path| format!(" into {path}"));
    let without = if rejected > 0 { format!(" Rows left out: {rejected}.") } else { String::new() };
    Ok(Output::new(format!("Query gave {rows} rows{target}.{without}"))
        .value(value.unwrap_or_else(|| json!({ "path": written, "row_count": rows })))
        .metadata("row_count", rows)
        .metadata("column_count", schema.fields().len())
        .metadata("input_files", file_count)
        .metadata("rows_rejected", rejected)
        .metadata("bytes_read", read.load(Ordering::Relaxed))
        .metadata("output_path", written))
}

/// The columns of the result, each with a name of its own.
fn shown(schema: &Schema, query: &str, names: &Names) -> Result<SchemaRef, Failure> {
    let engine: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let output = names.output(query, &engine);
    values::distinct(output.iter().map(String::as_str))?;
    let fields = schema.fields().iter().zip(output);
    // What a column says of NULL is not always what its batches hold.
    let fields = fields.map(|(field, name)| Field::clone(field).with_name(name).with_nullable(true));
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

fn session(files: Files) -> Result<SessionContext, Failure> {
    // One instance is one thread: more partitions would only cost memory.
    let mut config = SessionConfig::new().with_target_partitions(1).with_information_schema(false);
    let options = config.options_mut();
    options.execution.collect_statistics = false;
    options.execution.sort_spill_reservation_bytes = 2 << 20;
    options.catalog.has_header = true;

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
    Ok(session)
}

/// Functions of lists that take an expression (`x -> x + 1`) need a parser that reads `->` so.
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
    rejects: Arc<Rejects>,
    names: &mut Names,
) -> Result<Arc<dyn TableProvider>, Failure> {
    let table = TextTable::plan(spec, files, meter, rejects).map_err(|problem| of_problem(&problem))?;
    table.schema().fields().iter().for_each(|field| nested(field.data_type(), names));
    let columns = names.table(&table.names());
    Ok(Arc::new(table.renamed(&columns)))
}

async fn parquet_table(
    session: &SessionContext,
    files: &[PathBuf],
    names: &mut Names,
) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension("");
    let urls = files.iter().map(|file| url(file)).collect::<Result<Vec<_>, _>>()?;
    let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options);
    let config = config.infer_schema(&session.state()).await?;
    let table: Arc<dyn TableProvider> = Arc::new(ListingTable::try_new(config)?);
    let schema = table.schema();
    schema.fields().iter().for_each(|field| nested(field.data_type(), names));
    let given: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let columns = names.table(&given);
    if columns == given {
        return Ok(table);
    }
    let renamed = given.iter().zip(&columns);
    let renamed = renamed.map(|(given, name)| Expr::Column(Column::new_unqualified(given)).alias(name));
    Ok(session.read_table(table)?.select(renamed.collect::<Vec<_>>())?.into_view())
}

/// Takes the names of the fields within a column.
fn nested(kind: &DataType, names: &mut Names) {
    match kind {
        DataType::Struct(fields) => {
            for field in fields {
                names.field(field.name());
                nested(field.data_type(), names);
            }
        }
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            nested(item.data_type(), names);
        }
        _ => {}
    }
}

fn url(file: &Path) -> Result<ListingTableUrl, DataFusionError> {
    let mut url = Url::parse("file:///").map_err(|e| DataFusionError::External(e.into()))?;
    url.set_path(&file.to_string_lossy());
    ListingTableUrl::try_new(url, None)
}
