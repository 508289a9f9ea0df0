//! Text files as tables of the query, read in batches and only for the columns that the query uses.

use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use stepwell_sdk::Failure;
use stepwell_sdk::prelude::serde_json;
use tables::{Csv, JsonTable, Meter, Opener, Problem, Reject, Rejected, Rejects};

use crate::config::{Format, InputSpec};
use crate::paths;

/// A table that is read from text.
#[derive(Clone)]
pub struct TextTable {
    source: Source,
    schema: SchemaRef,
    taken: Arc<Taken>,
}

#[derive(Clone)]
enum Source {
    Csv(Arc<Csv>),
    Json(Arc<JsonTable>),
}

/// Rows that were left out. They count once even if the query reads their table twice.
#[derive(Default)]
pub struct Taken {
    /// The rejected rows.
    pub rows: Rejects,
    claimed: AtomicBool,
}

impl Taken {
    /// Opens the file for rejected rows if one is configured.
    pub fn open(spec: &InputSpec) -> Result<Arc<Self>, Failure> {
        let Some(path) = &spec.rejected else { return Ok(Arc::default()) };
        let path = paths::absolute(path);
        let rows = Rejects::into_file(&path, stepwell_sdk::files::why).map_err(|error| {
            Failure::denied(format!("cannot write {}: {}", path.display(), stepwell_sdk::files::why(&error)))
        })?;
        Ok(Arc::new(Self { rows, claimed: AtomicBool::new(false) }))
    }
}

impl TextTable {
    /// Inspects the files of an input.
    pub fn plan(
        spec: &InputSpec,
        files: &[PathBuf],
        meter: Meter,
        taken: Arc<Taken>,
    ) -> Result<Self, Problem> {
        let options = spec.options();
        // The query reads again the bytes that were read for planning, and they count once.
        let quiet =
            Opener { encoding: options.encoding, meter: Arc::new(|_| {}), explain: stepwell_sdk::files::why };
        let opener = Opener { meter, ..quiet.clone() };
        let source = if spec.format() == Some(Format::Csv) {
            Source::Csv(Arc::new(Csv::plan(files, options, quiet)?.with_opener(opener)))
        } else {
            Source::Json(Arc::new(JsonTable::plan(files, options, quiet)?.with_opener(opener)))
        };
        let schema = match &source {
            Source::Csv(table) => table.schema(None),
            Source::Json(table) => table.schema(None),
        };
        Ok(Self { source, schema, taken })
    }

    /// Returns the column names in the files.
    pub fn names(&self) -> Vec<String> {
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    /// Returns the same table with other column names.
    pub fn renamed(mut self, names: &[String]) -> Self {
        let fields = self.schema.fields().iter().zip(names);
        let fields = fields.map(|(field, name)| Field::clone(field).with_name(name));
        self.schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        self
    }
}

impl fmt::Debug for TextTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextTable")
    }
}

#[async_trait]
impl TableProvider for TextTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(chosen) => Arc::new(self.schema.project(chosen)?),
            None => self.schema.clone(),
        };
        let scan = Scan { table: self.clone(), schema: schema.clone(), projection: projection.cloned() };
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![Arc::new(scan)], None, [], false, limit)?))
    }
}

/// One scan of a table.
struct Scan {
    table: TextTable,
    schema: SchemaRef,
    projection: Option<Vec<usize>>,
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scan")
    }
}

impl PartitionStream for Scan {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let taken = self.table.taken.clone();
        let reject: Option<Reject> = (!taken.claimed.swap(true, Ordering::Relaxed))
            .then(|| Arc::new(move |row: Rejected| taken.rows.take(&row)) as Reject);
        let projection = self.projection.as_deref();
        let batches: Box<dyn Iterator<Item = Result<RecordBatch, Problem>> + Send> = match &self.table.source
        {
            Source::Csv(table) => Box::new(table.read(projection, reject)),
            Source::Json(table) => Box::new(table.read(projection, reject)),
        };
        let schema = self.schema.clone();
        let named = batches.map(move |batch| {
            let batch = batch.map_err(|problem| DataFusionError::External(Box::new(problem)))?;
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            Ok(RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &options)?)
        });
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), futures::stream::iter(named)))
    }
}

/// Writes a row of JSON on one line.
pub fn write_line(into: &mut dyn Write, value: &serde_json::Value) -> std::io::Result<()> {
    serde_json::to_writer(&mut *into, value)?;
    into.write_all(b"\n")
}
