//! The files between the parts and the merge: a stream of Arrow batches without rows, whose columns are those
//! of the input, and behind it the stream of the result.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use stepwell_sdk::Failure;
use tables::{Output, Problem};

/// The end of the names of these files.
pub const EXTENSION: &str = "arrow";

/// The first bytes of these files.
const BEGIN: [u8; 4] = [0xff; 4];

/// Writes the result of a part.
pub struct Writer {
    path: PathBuf,
    stream: StreamWriter<Output>,
}

impl Writer {
    /// Creates the file, and the directories above it.
    pub fn create(path: PathBuf, input: &Schema, result: &Schema) -> Result<Self, Failure> {
        let mut file = Output::create(&path).map_err(|error| {
            Failure::denied(format!("cannot write {}: {}", path.display(), stepwell_sdk::files::why(&error)))
        })?;
        let stream = StreamWriter::try_new(&mut file, input).and_then(|mut head| head.finish());
        let stream = stream.and_then(|()| StreamWriter::try_new(file, result));
        match stream {
            Ok(stream) => Ok(Self { path, stream }),
            Err(error) => Err(unwritten(&path, &error)),
        }
    }

    /// Writes some rows.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        self.stream.write(batch).map_err(|error| unwritten(&self.path, &error))
    }

    /// Completes the file.
    pub fn finish(self) -> Result<(), Failure> {
        let file = self.stream.into_inner().map_err(|error| unwritten(&self.path, &error))?;
        file.finish().map_err(|error| unwritten(&self.path, &error))
    }
}

fn unwritten(path: &Path, error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::failed(format!("cannot write {}: {}", path.display(), stepwell_sdk::files::said(error)))
}

/// Reads a file of a part.
pub struct Reader {
    name: String,
    /// The columns of the input.
    pub input: SchemaRef,
    stream: StreamReader<BufReader<File>>,
}

impl Reader {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        let name = path.display().to_string();
        let why = |error: std::io::Error| {
            Problem::at(&name, 0, format!("cannot be read: {}", stepwell_sdk::files::why(&error)))
        };
        let mut file = BufReader::new(File::open(path).map_err(why)?);
        // Of another file, the reader would take the first bytes for the length of the next.
        if !file.fill_buf().map_err(why)?.starts_with(&BEGIN) {
            return Err(damaged(&name));
        }
        let damaged = |_: ArrowError| damaged(&name);
        let mut head = StreamReader::try_new(&mut file, None).map_err(damaged)?;
        let input = head.schema();
        head.by_ref().try_for_each(|batch| batch.map(drop)).map_err(damaged)?;
        let stream = StreamReader::try_new(file, None).map_err(damaged)?;
        Ok(Self { name, input, stream })
    }

    /// Returns whether the rows have columns of these types.
    pub fn fits(&self, schema: &Schema) -> bool {
        let own = self.stream.schema();
        let kinds = own.fields().iter().map(|field| field.data_type());
        kinds.eq(schema.fields().iter().map(|field| field.data_type()))
    }

    /// Returns the rows as batches with these columns.
    fn batches(self, schema: SchemaRef) -> impl Iterator<Item = Result<RecordBatch>> {
        let name = self.name;
        self.stream.map(move |batch| {
            let batch = batch.map_err(|_| external(damaged(&name)))?;
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            Ok(RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &options)?)
        })
    }
}

fn damaged(name: &str) -> Problem {
    Problem::at(name, 0, "is not the complete result of a part")
}

fn external(problem: Problem) -> DataFusionError {
    DataFusionError::External(Box::new(problem))
}

/// The results of all parts, one after the other.
#[derive(Debug)]
struct Results {
    files: Vec<PathBuf>,
    schema: SchemaRef,
}

/// Returns the scan of the results of all parts.
pub fn scan(files: Vec<PathBuf>, schema: SchemaRef) -> Result<Arc<dyn ExecutionPlan>> {
    let results: Arc<dyn PartitionStream> = Arc::new(Results { files, schema: schema.clone() });
    Ok(Arc::new(StreamingTableExec::try_new(schema, vec![results], None, [], false, None)?))
}

impl PartitionStream for Results {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let schema = self.schema.clone();
        let batches = self.files.clone().into_iter().flat_map(move |path| {
            let opened = Reader::open(&path).map(|file| file.batches(schema.clone()));
            let (batches, failed) = match opened {
                Ok(batches) => (Some(batches), None),
                Err(problem) => (None, Some(Err(external(problem)))),
            };
            failed.into_iter().chain(batches.into_iter().flatten())
        });
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), futures::stream::iter(batches)))
    }
}
