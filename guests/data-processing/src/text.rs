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
use tables::{Csv, JsonTable, Meter, Opener, Problem, Reject, Rejected, Rejects, Share};

use crate::config::{Format, InputSpec};
use crate::inputs::Reading;
use crate::paths;
use crate::split::mark::Mark;

/// The number of objects in a sample of a table.
const SAMPLE: u64 = 1000;

/// A table that is read from text.
#[derive(Clone)]
pub struct TextTable {
    source: Source,
    schema: SchemaRef,
    taken: Arc<Taken>,
    /// Notes the scans of a table that is divided.
    mark: Option<Mark>,
}

#[derive(Clone)]
enum Source {
    Csv(Arc<Csv>),
    Json(Arc<JsonTable>),
    /// Other steps have read the rows.
    Merged,
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
        reading: Option<&Reading>,
    ) -> Result<Self, Problem> {
        let options = spec.options();
        // The query reads again the bytes that were read for planning, and they count once.
        let quiet = quiet(spec);
        let opener = Opener { meter, ..quiet.clone() };
        let (source, schema) = match (reading, spec.format()) {
            (Some(Reading::Merged(columns)), _) => (Source::Merged, columns.clone()),
            (reading, Some(Format::Csv)) => {
                let mut table = Csv::plan(files, options, quiet)?;
                if let Some(Reading::Part(share)) = reading {
                    table = table.with_share(*share)?;
                }
                let schema = table.schema(None);
                (Source::Csv(Arc::new(table.with_opener(opener))), schema)
            }
            (reading, _) => {
                let (share, most) = match reading {
                    Some(Reading::Part(share)) => (*share, u64::MAX),
                    Some(Reading::Sample) => (Share::new(0, 1), SAMPLE),
                    _ => (Share::new(0, 1), u64::MAX),
                };
                let table = JsonTable::plan_share(files, options, quiet, share, most)?;
                let schema = table.schema(None);
                (Source::Json(Arc::new(table.with_opener(opener))), schema)
            }
        };
        Ok(Self { source, schema, taken, mark: None })
    }

    /// Returns the same table, whose scans are noted.
    pub fn marked(self, mark: Mark) -> Self {
        Self { mark: Some(mark), ..self }
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
        let scan: Arc<dyn PartitionStream> = Arc::new(scan);
        if let Some(mark) = &self.mark {
            mark.note(scan.clone());
        }
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![scan], None, [], false, limit)?))
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
            Source::Merged => Box::new(std::iter::empty()),
        };
        let (schema, mark) = (self.schema.clone(), self.table.mark.clone());
        let named = batches.map(move |batch| {
            let batch = batch.map_err(|problem| DataFusionError::External(Box::new(problem)))?;
            if let Some(mark) = &mark {
                mark.count(batch.num_rows() as u64);
            }
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            Ok(RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &options)?)
        });
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), futures::stream::iter(named)))
    }
}

/// Returns the way to open the files of an input without counting their bytes.
pub fn quiet(spec: &InputSpec) -> Opener {
    let encoding = spec.options().encoding;
    Opener { encoding, meter: Arc::new(|_| {}), explain: stepwell_sdk::files::why }
}

/// Writes a row of JSON on one line.
pub fn write_line(into: &mut dyn Write, value: &serde_json::Value) -> std::io::Result<()> {
    serde_json::to_writer(&mut *into, value)?;
    into.write_all(b"\n")
}
