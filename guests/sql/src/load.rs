//! Files as rows for a table.

use std::fs::File;
use std::io::{BufRead, BufReader};

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use stepwell_sdk::files::said;
use stepwell_sdk::prelude::serde_json;
use stepwell_sdk::sql::{Connection, Load as Loading, Value};
use stepwell_sdk::{Failure, progress};

use crate::config::{Format, Load};
use crate::parquet_file;
use crate::run::place;
use crate::table::parameter;

/// Rows handed over at a time.
const BATCH: usize = 512;

/// Loads the file; the number of rows.
pub fn load(connection: &Connection, what: &Load, timeout_ms: u32) -> Result<u64, Failure> {
    let path = place(&what.file);
    let file = File::open(&path).map_err(|error| {
        Failure::not_found(format!("cannot read {}: {}", path.display(), stepwell_sdk::files::why(&error)))
    })?;
    let begin = |columns: &[String]| Ok::<_, Failure>(connection.load(&what.table, columns, timeout_ms)?);
    match what.format.or_else(|| Format::of(&what.file)) {
        Some(Format::Csv) => csv_rows(what, file, begin),
        Some(Format::Ndjson) => ndjson_rows(what, file, begin),
        Some(Format::Parquet) => parquet_rows(what, file, begin),
        None => Err(Failure::invalid_config("the format of the file is not known")),
    }
}

/// Takes rows and hands them over in batches.
struct Batches {
    loading: Loading,
    rows: Vec<Vec<Value>>,
    count: u64,
}

impl Batches {
    fn new(loading: Loading) -> Self {
        Self { loading, rows: Vec::with_capacity(BATCH), count: 0 }
    }

    fn push(&mut self, row: Vec<Value>) -> Result<(), Failure> {
        self.rows.push(row);
        if self.rows.len() == BATCH { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> Result<(), Failure> {
        self.loading.write(&self.rows)?;
        self.count += self.rows.len() as u64;
        self.rows.clear();
        progress(self.count, None, "rows");
        Ok(())
    }

    fn finish(mut self) -> Result<u64, Failure> {
        if !self.rows.is_empty() {
            self.hand_over()?;
        }
        Ok(Loading::finish(self.loading)?)
    }
}

/// Which columns of the file go, and where they stand in it.
fn chosen(what: &Load, found: &[String]) -> Result<(Vec<String>, Vec<usize>), Failure> {
    let wanted = what.columns.as_deref().unwrap_or(found);
    let place = |name: &String| {
        found.iter().position(|other| other == name).ok_or_else(|| {
            let known = found.join("`, `");
            Failure::invalid_config(format!("{} has no column `{name}`; it has `{known}`", what.file))
        })
    };
    Ok((wanted.to_vec(), wanted.iter().map(place).collect::<Result<_, _>>()?))
}

fn csv_rows(
    what: &Load,
    file: File,
    begin: impl FnOnce(&[String]) -> Result<Loading, Failure>,
) -> Result<u64, Failure> {
    let mut reader = csv::ReaderBuilder::new().buffer_capacity(256 << 10).from_reader(file);
    let wrong = |error: csv::Error| Failure::failed(format!("{}: {}", what.file, said(&error)));
    let header: Vec<String> = reader.headers().map_err(wrong)?.iter().map(str::to_owned).collect();
    let (columns, places) = chosen(what, &header)?;
    let mut batches = Batches::new(begin(&columns)?);
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(wrong)? {
        let field = |place: &usize| match record.get(*place) {
            None | Some("") => Value::Null,
            Some(text) => Value::Text(text.to_owned()),
        };
        batches.push(places.iter().map(field).collect())?;
    }
    batches.finish()
}

/// The columns are the keys of the first object; a key that a later one lacks is NULL there.
fn ndjson_rows(
    what: &Load,
    file: File,
    begin: impl FnOnce(&[String]) -> Result<Loading, Failure>,
) -> Result<u64, Failure> {
    let (mut begin, mut loading, mut columns) = (Some(begin), None, Vec::new());
    for (number, line) in BufReader::with_capacity(256 << 10, file).lines().enumerate() {
        let wrong = |why: String| Failure::failed(format!("{}, line {}: {why}", what.file, number + 1));
        let line = line.map_err(|error| wrong(said(&error)))?;
        if line.trim().is_empty() {
            continue;
        }
        let mut object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&line).map_err(|error| wrong(error.to_string()))?;
        if let Some(begin) = begin.take() {
            columns = match &what.columns {
                Some(columns) => columns.clone(),
                None => object.keys().cloned().collect(),
            };
            loading = Some(Batches::new(begin(&columns)?));
        }
        let row = columns.iter().map(|name| match object.remove(name) {
            None => Value::Null,
            Some(value) => parameter(&value).unwrap_or_else(|| Value::Json(value.to_string())),
        });
        let row = row.collect();
        // A key that no column has would be lost without a word.
        if what.columns.is_none()
            && let Some(key) = object.keys().next()
        {
            return Err(wrong(format!("the key `{key}` is not in the first line: name the `columns`")));
        }
        if let Some(loading) = &mut loading {
            loading.push(row)?;
        }
    }
    loading.map_or(Ok(0), Batches::finish)
}

fn parquet_rows(
    what: &Load,
    file: File,
    begin: impl FnOnce(&[String]) -> Result<Loading, Failure>,
) -> Result<u64, Failure> {
    let wrong = |error: &(dyn std::error::Error + 'static)| {
        Failure::failed(format!("{}: {}", what.file, said(error)))
    };
    let file = parquet_file::Pieces::of(file).map_err(|e| wrong(&e))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| wrong(&e))?;
    let found: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    let (columns, places) = chosen(what, &found)?;
    let reader = builder.with_batch_size(BATCH).build().map_err(|e| wrong(&e))?;
    let mut batches = Batches::new(begin(&columns)?);
    for batch in reader {
        let batch = batch.map_err(|e| wrong(&e))?;
        let columns = places.iter().map(|place| parquet_file::values(batch.column(*place), &found[*place]));
        let mut columns =
            columns.collect::<Result<Vec<_>, _>>()?.into_iter().map(Vec::into_iter).collect::<Vec<_>>();
        for _ in 0..batch.num_rows() {
            batches.push(columns.iter_mut().map(|column| column.next().unwrap_or(Value::Null)).collect())?;
        }
    }
    batches.finish()
}
