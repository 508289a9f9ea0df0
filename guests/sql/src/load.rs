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
struct Batches<'a> {
    file: &'a str,
    loading: Loading,
    rows: Vec<Vec<Value>>,
    count: u64,
    lines: Lines,
}

impl<'a> Batches<'a> {
    fn new(file: &'a str, loading: Loading) -> Self {
        Self { file, loading, rows: Vec::with_capacity(BATCH), count: 0, lines: Lines::default() }
    }

    /// Takes a row, and the line of the file that it begins on.
    fn push(&mut self, row: Vec<Value>, line: Option<u64>) -> Result<(), Failure> {
        self.rows.push(row);
        self.lines.note(self.count + self.rows.len() as u64, line);
        if self.rows.len() == BATCH { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> Result<(), Failure> {
        let written = self.loading.write(&self.rows).map_err(Failure::from);
        written.map_err(|failure| self.lines.place(self.file, failure))?;
        self.count += self.rows.len() as u64;
        self.rows.clear();
        progress(self.count, None, "rows");
        Ok(())
    }

    fn finish(mut self) -> Result<u64, Failure> {
        if !self.rows.is_empty() {
            self.hand_over()?;
        }
        let (file, lines) = (self.file, self.lines);
        Loading::finish(self.loading).map_err(|error| lines.place(file, Failure::from(error)))
    }
}

/// The line of the file on which each row begins. An entry stands for the rows up to the next entry: each of them begins one line
/// after the row before it.
#[derive(Debug, Default)]
struct Lines(Vec<(u64, u64)>);

/// Most entries; the rows after them are named by their number.
const MAX_LINES: usize = 100_000;

impl Lines {
    fn note(&mut self, row: u64, line: Option<u64>) {
        let Some(line) = line else { return };
        let expected = self.0.last().map(|(from, begin)| begin + (row - from));
        if expected != Some(line) && self.0.len() < MAX_LINES {
            self.0.push((row, line));
        }
    }

    fn of(&self, row: u64) -> Option<u64> {
        let after = self.0.partition_point(|(from, _)| *from <= row);
        let (from, line) = self.0.get(after.checked_sub(1)?)?;
        (self.0.len() < MAX_LINES || after < self.0.len()).then(|| line + (row - from))
    }

    /// The failure with the place in the file, where the database names a row.
    fn place(&self, file: &str, mut failure: Failure) -> Failure {
        let found = failure.message.strip_prefix("row ").and_then(|rest| rest.split_once(": "));
        if let Some((row, why)) = found
            && let Ok(row) = row.parse()
        {
            failure.message = match self.of(row) {
                Some(line) => format!("{file}, line {line}: {why}"),
                None => format!("{file}, row {row}: {why}"),
            };
        }
        failure
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
    let mut batches = Batches::new(&what.file, begin(&columns)?);
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(wrong)? {
        let field = |place: &usize| match record.get(*place) {
            None | Some("") => Value::Null,
            Some(text) => Value::Text(text.to_owned()),
        };
        let line = record.position().map(csv::Position::line);
        batches.push(places.iter().map(field).collect(), line)?;
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
            loading = Some(Batches::new(&what.file, begin(&columns)?));
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
            loading.push(row, Some(number as u64 + 1))?;
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
    let mut batches = Batches::new(&what.file, begin(&columns)?);
    for batch in reader {
        let batch = batch.map_err(|e| wrong(&e))?;
        let columns = places.iter().map(|place| parquet_file::values(batch.column(*place), &found[*place]));
        let mut columns =
            columns.collect::<Result<Vec<_>, _>>()?.into_iter().map(Vec::into_iter).collect::<Vec<_>>();
        for _ in 0..batch.num_rows() {
            let row = columns.iter_mut().map(|column| column.next().unwrap_or(Value::Null)).collect();
            batches.push(row, None)?;
        }
    }
    batches.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_a_database_refuses_is_named_by_its_line() {
        let mut lines = Lines::default();
        // The second row has a line break in quotes.
        for (row, line) in [(1, 2), (2, 3), (3, 5), (4, 6)] {
            lines.note(row, Some(line));
        }
        for (message, placed) in [
            ("row 1: too long", "in.csv, line 2: too long"),
            ("row 3: column `a`: no number", "in.csv, line 5: column `a`: no number"),
            ("row 4: no", "in.csv, line 6: no"),
            ("the server is gone", "the server is gone"),
            ("row of nothing", "row of nothing"),
        ] {
            assert_eq!(lines.place("in.csv", Failure::failed(message)).message, placed);
        }
        assert_eq!(
            Lines::default().place("in.parquet", Failure::failed("row 7: no")).message,
            "in.parquet, row 7: no"
        );
    }
}
