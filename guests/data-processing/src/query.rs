//! Plans and runs the query.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::json::ReaderBuilder;
use datafusion::arrow::json::reader::infer_json_schema_from_iterator;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use stepwell_sdk::prelude::{Step, json, serde_json};
use stepwell_sdk::{
    Failure, Invocation, Issue, Need, Output, Pending, Profile, StepResult, context, progress,
};
use url::Url;

use crate::config::{Column, DataProcessing, Format, InputSpec, decimal};
use crate::files::Files;
use crate::paths;
use crate::spill::{Scratch, is_granted};
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
    for (name, spec, files) in &inputs {
        let table =
            table(&session, spec, files).await.map_err(|e| failure(&e).metadata("input", name.as_str()))?;
        session.register_table(name.as_str(), table).map_err(|e| failure(&e))?;
    }

    let read_only =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let frame = session.sql_with_options(&step.query, read_only).await.map_err(|e| failure(&e))?;
    let schema: SchemaRef = Arc::new(frame.schema().as_arrow().clone());
    let output = step.output.as_ref().map(|output| output.spec());
    let mut sink = match &output {
        Some(spec) => Sink::file(spec, &schema)?,
        None => Sink::rows(step.max_rows),
    };
    let mut rows = 0;
    let mut stream = frame.execute_stream().await.map_err(|e| failure(&e))?;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|e| failure(&e))?;
        rows += batch.num_rows();
        sink.write(&batch)?;
    }
    let value = sink.finish()?;
    progress(bytes, Some(bytes), "done");

    let written = output.map(|spec| paths::absolute(&spec.path).display().to_string());
    let target = written.as_ref().map_or(String::new(), |path| format!(" into {path}"));
    Ok(Output::new(format!("Query gave {rows} rows{target}."))
        .value(value.unwrap_or_else(|| json!({ "path": written, "row_count": rows })))
        .metadata("row_count", rows)
        .metadata("column_count", schema.fields().len())
        .metadata("input_files", file_count)
        .metadata("bytes_read", read.load(Ordering::Relaxed))
        .metadata("output_path", written))
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
        .map_err(|e| failure(&e))?;
    let root = Url::parse("file:///").map_err(|e| Failure::failed(e.to_string()))?;
    runtime.register_object_store(&root, Arc::new(files));
    Ok(SessionContext::new_with_config_rt(config, runtime))
}

async fn table(
    session: &SessionContext,
    spec: &InputSpec,
    files: &[PathBuf],
) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    if spec.format() == Some(Format::Json) {
        return json_table(spec, files);
    }
    let format: Arc<dyn FileFormat> = match spec.format() {
        Some(Format::Csv) => Arc::new(
            CsvFormat::default()
                .with_has_header(spec.header.unwrap_or(true))
                .with_delimiter(spec.delimiter()),
        ),
        Some(Format::Ndjson) => Arc::new(JsonFormat::default()),
        _ => Arc::new(ParquetFormat::default()),
    };
    let options = ListingOptions::new(format).with_file_extension("");
    let urls = files.iter().map(|file| url(file)).collect::<Result<Vec<_>, _>>()?;
    let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options);
    let config = match &spec.schema {
        Some(columns) => config.with_schema(schema(columns)),
        None => config.infer_schema(&session.state()).await?,
    };
    Ok(Arc::new(ListingTable::try_new(config)?))
}

/// Reads JSON arrays whole: DataFusion's own reader for them starts a thread, which a guest cannot.
fn json_table(spec: &InputSpec, files: &[PathBuf]) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    let mut rows: Vec<serde_json::Value> = Vec::new();
    for file in files {
        let text = std::fs::read(file)?;
        let parsed: Vec<serde_json::Value> = serde_json::from_slice(&text).map_err(|error| {
            DataFusionError::Plan(format!("{} is not an array of JSON objects: {error}", file.display()))
        })?;
        rows.extend(parsed);
    }
    let schema = match &spec.schema {
        Some(columns) => schema(columns),
        None => Arc::new(infer_json_schema_from_iterator(rows.iter().map(Ok))?),
    };
    let mut decoder = ReaderBuilder::new(schema.clone()).build_decoder()?;
    decoder.serialize(&rows)?;
    let batches = decoder.flush()?.into_iter().collect();
    Ok(Arc::new(MemTable::try_new(schema, vec![batches])?))
}

fn url(file: &Path) -> Result<ListingTableUrl, DataFusionError> {
    let mut url = Url::parse("file:///").map_err(|e| DataFusionError::External(e.into()))?;
    url.set_path(&file.to_string_lossy());
    ListingTableUrl::try_new(url, None)
}

fn schema(columns: &[Column]) -> SchemaRef {
    let fields = columns.iter().map(|column| Field::new(&column.name, data_type(&column.kind), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn data_type(kind: &str) -> DataType {
    match kind {
        "boolean" => DataType::Boolean,
        "int64" => DataType::Int64,
        "float64" => DataType::Float64,
        "date" => DataType::Date32,
        "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
        _ => match decimal(kind) {
            Some((precision, scale)) => DataType::Decimal128(precision, scale),
            None => DataType::Utf8,
        },
    }
}

fn failure(error: &DataFusionError) -> Failure {
    let text = match error.find_root() {
        // The text of a file's error names the file; what the system said of it is in plain words.
        DataFusionError::ObjectStore(_) | DataFusionError::IoError(_) | DataFusionError::External(_) => {
            stepwell_sdk::files::plain(&error.strip_backtrace())
        }
        _ => error.strip_backtrace(),
    };
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => Failure::over_memory(format!(
            "the plan needs more memory than the limit: grant the profile `large` or more `memory`, a `/scratch` mount to spill into, or narrow the query ({text})"
        )),
        DataFusionError::SQL(..)
        | DataFusionError::Plan(_)
        | DataFusionError::SchemaError(..)
        | DataFusionError::NotImplemented(_) => Failure::invalid_config(text),
        DataFusionError::ObjectStore(_) | DataFusionError::IoError(_) => Failure::not_found(text),
        _ => Failure::failed(text),
    }
}
