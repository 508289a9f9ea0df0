//! Plans the inputs of a step as tables of a session.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use stepwell_sdk::{Failure, context};
use tables::{Meter, Share};
use url::Url;

use crate::config::{DataProcessing, Duplicates, Format, Input, InputSpec};
use crate::engines::Remote;
use crate::errors::{failure, of_problem};
use crate::files::{Files, count};
use crate::functions::{self, UTC};
use crate::names::Names;
use crate::parquet::{self, nested};
use crate::paths;
use crate::spill::{Scratch, is_granted};
use crate::split::mark::Mark;
use crate::text::{Taken, TextTable};

/// The memory that planning, readers and writers need in addition to the memory that the plan's operators
/// account for.
const OVERHEAD: u64 = 24 << 20;

/// The way to read the input that is divided.
#[derive(Clone)]
pub enum Reading {
    /// Its first rows give the types of its columns. They need not be those of all rows.
    Sample,
    /// The rows of one part.
    Part(Share),
    /// No rows: the parts have read them. These are the columns of a text table.
    Merged(SchemaRef),
}

/// An input with its files.
pub struct Source {
    pub name: String,
    pub spec: InputSpec,
    pub files: Vec<PathBuf>,
    /// The table, if only Spark reads the files.
    pub remote: Option<Arc<Remote>>,
}

/// Finds the files of all inputs.
pub fn sources(step: &DataProcessing) -> Result<Vec<Source>, Failure> {
    let source = |(name, input): (&String, &Input)| {
        let spec = input.spec();
        let files = if spec.is_remote() { Vec::new() } else { paths::expand(&spec.path)? };
        Ok(Source { name: name.clone(), spec, files, remote: None })
    };
    step.inputs.iter().map(source).collect()
}

/// The tables of a query, and everything that counts while they are read.
pub struct Inputs {
    pub session: SessionContext,
    pub names: Names,
    /// The size of all files.
    pub bytes: u64,
    read: Arc<AtomicU64>,
    /// The rows that each input leaves out.
    pub rejects: Vec<(String, Arc<Taken>)>,
    parquet: Vec<PathBuf>,
    pub file_count: usize,
    /// The scans of the input that is divided.
    pub mark: Mark,
    /// The columns of that input if it is text, as its files name them.
    pub columns: SchemaRef,
}

impl Inputs {
    /// Plans the inputs. `split` names the one that is divided.
    pub async fn plan(
        step: &DataProcessing,
        sources: &[Source],
        split: Option<(&str, &Reading)>,
    ) -> Result<Self, Failure> {
        let files = sources.iter().flat_map(|source| &source.files);
        let bytes = files.clone().filter_map(|file| file.metadata().ok()).map(|found| found.len()).sum();
        let read = Arc::new(AtomicU64::new(0));
        let mut inputs = Self {
            session: session(Files::new(bytes, read.clone()), split.is_some())?,
            names: Names::default(),
            bytes,
            read,
            rejects: Vec::new(),
            parquet: Vec::new(),
            file_count: files.count(),
            mark: Mark::default(),
            columns: Arc::new(Schema::empty()),
        };
        inputs.names.rename(step.duplicates == Some(Duplicates::Rename));
        for source @ Source { name, .. } in sources {
            let reading = split.filter(|(input, _)| input == name).map(|(_, reading)| reading);
            inputs.names.input(name);
            let table = inputs.table(source, reading).await;
            let table = table.map_err(|problem| problem.metadata("input", name.as_str()))?;
            let reference = TableReference::bare(name.to_ascii_lowercase());
            inputs.session.register_table(reference, table).map_err(|e| failure(&e, &inputs.names))?;
        }
        Ok(inputs)
    }

    async fn table(
        &mut self,
        source: &Source,
        reading: Option<&Reading>,
    ) -> Result<Arc<dyn TableProvider>, Failure> {
        let Source { name, spec, files, remote } = source;
        if let Some(remote) = remote {
            let table = parquet::named(&self.session, remote.clone(), &mut self.names);
            return table.map_err(|e| self.explained(&e));
        }
        if spec.format() == Some(Format::Parquet) {
            self.parquet.extend(files.iter().cloned());
            let share = reading.map(|reading| match reading {
                Reading::Part(share) => (&self.mark, Some(*share)),
                Reading::Sample | Reading::Merged(_) => (&self.mark, None),
            });
            let table = parquet::table(&self.session, spec, files, share, &mut self.names).await;
            return table.map_err(|e| self.explained(&e));
        }
        let taken = Taken::open(spec)?;
        self.rejects.push((name.clone(), taken.clone()));
        let (read, bytes) = (self.read.clone(), self.bytes);
        let meter: Meter = Arc::new(move |more| count(&read, bytes, more));
        let table = TextTable::plan(spec, files, meter, taken, reading).map_err(|e| of_problem(&e))?;
        let columns = table.schema();
        columns.fields().iter().for_each(|field| nested(field.data_type(), &mut self.names));
        let named = self.names.table(&table.names());
        if reading.is_none() {
            return Ok(Arc::new(table.renamed(&named)));
        }
        self.columns = columns;
        Ok(Arc::new(table.marked(self.mark.clone()).renamed(&named)))
    }

    /// Returns the number of bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Completes the files of rows that were left out, and returns the number of these rows by input.
    pub fn rejected(&self) -> Result<Vec<(&str, u64)>, Failure> {
        let count = |(name, taken)| {
            let taken: &Arc<Taken> = taken;
            taken.rows.finish().map_err(|problem| of_problem(&problem))?;
            Ok((name, taken.rows.count()))
        };
        self.rejects.iter().map(|(name, taken)| count((name.as_str(), taken))).collect()
    }

    /// Explains why a query failed. The engine does not name a damaged Parquet file, so this function reads
    /// the Parquet inputs to find it.
    pub fn explained(&self, error: &DataFusionError) -> Failure {
        let of_file = error.to_string().to_ascii_lowercase().contains("parquet");
        let fault = |path: &PathBuf| tables::parquet_fault(path, stepwell_sdk::files::why);
        match self.parquet.iter().filter(|_| of_file).find_map(fault) {
            Some(problem) => of_problem(&problem),
            None => failure(error, &self.names),
        }
    }
}

fn session(files: Files, split: bool) -> Result<SessionContext, Failure> {
    // One instance is one thread, so more partitions would only cost memory.
    let mut config = SessionConfig::new().with_target_partitions(1).with_information_schema(false);
    let options = config.options_mut();
    options.execution.collect_statistics = false;
    options.execution.sort_spill_reservation_bytes = 2 << 20;
    options.catalog.has_header = true;
    options.execution.time_zone = Some(UTC.to_owned());
    if split {
        // The filter of an operator must not reach a scan that runs in another step.
        options.optimizer.enable_dynamic_filter_pushdown = false;
        options.optimizer.enable_topk_dynamic_filter_pushdown = false;
        options.optimizer.enable_join_dynamic_filter_pushdown = false;
        options.optimizer.enable_aggregate_dynamic_filter_pushdown = false;
        // A file of groups is smaller than a file of rows.
        options.execution.skip_partial_aggregation_probe_rows_threshold = usize::MAX;
    }

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
