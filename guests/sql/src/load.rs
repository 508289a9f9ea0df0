//! Reads files as rows for a table. Each value changes from the file's notation to the type in the table.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use fit::Target;
use stepwell_sdk::sql::{Connection, Load as Loading, Value};
use stepwell_sdk::text::counted;
use stepwell_sdk::{Failure, progress};
use tables::{
    Column, Converted, Json, Kind, Lookup, OnBadRow, Opener, Options, Problem, Reject, Rejected, Rejects,
    Texts, Values, convert, misfit, with_point,
};

use crate::config::{Format, Load};
use crate::fitted::fitted;
use crate::parquet_read;
use crate::place::Lines;
use crate::run::place;
use crate::table::names;
use crate::targets;

/// The maximum number of rows per batch, and the number of bytes that ends a batch early.
const BATCH: usize = 512;
const BATCH_BYTES: usize = 1 << 20;

/// A file that is ready to load.
pub struct Source<'a> {
    what: &'a Load,
    options: Options,
    opener: Opener,
    found: Found,
    /// The target columns in the table.
    columns: Vec<String>,
    /// Their positions in the file.
    places: Vec<usize>,
    targets: Vec<Target>,
    /// The types that the job gives them.
    kinds: Vec<Option<Kind>>,
    rejects: Arc<Rejects>,
}

/// The contents of the opened file.
enum Found {
    Csv(Box<Texts>),
    Json,
    Parquet(Box<tables::Parquet>),
}

/// The conversion from a CSV field to a column value.
struct Way<'a> {
    /// The position of the field.
    place: usize,
    kind: Option<&'a Kind>,
    takes_empty: bool,
    /// Whether each text is a valid value unchanged.
    is_unchanged: bool,
}

/// The result of a load.
pub struct Done {
    /// The number of rows that went into the table.
    pub rows: u64,
    /// The number of rows that were left out.
    pub rejected: u64,
}

/// Converts a problem of the file into a failure of the step.
pub fn failure(problem: &Problem) -> Failure {
    match problem.of_config {
        true => Failure::invalid_config(problem.to_string()),
        false => Failure::failed(problem.to_string()),
    }
}

impl<'a> Source<'a> {
    /// Opens the file and finds its columns.
    pub fn open(what: &'a Load) -> Result<Self, Failure> {
        let path = place(&what.file);
        std::fs::metadata(&path).map_err(|error| {
            Failure::not_found(format!(
                "cannot read {}: {}",
                path.display(),
                stepwell_sdk::files::why(&error)
            ))
        })?;
        let options = what.options();
        let explain = stepwell_sdk::files::why;
        let opener = Opener { encoding: options.encoding, meter: Arc::new(|_| {}), explain };
        let wrong = |problem: Problem| failure(&problem);
        let (found, names) = match what.format() {
            Some(Format::Csv) => {
                let texts = Texts::open(&path, options.clone(), &opener).map_err(wrong)?;
                let names = texts.names().to_vec();
                (Found::Csv(Box::new(texts)), names)
            }
            Some(Format::Ndjson | Format::Json) => {
                let names = match &what.columns {
                    Some(columns) => columns.clone(),
                    None => keys(&path, &options, &opener).map_err(wrong)?,
                };
                (Found::Json, names)
            }
            Some(Format::Parquet) => {
                let builder = tables::open_parquet(&path, explain).map_err(wrong)?;
                let names = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
                (Found::Parquet(Box::new(builder)), names)
            }
            None => return Err(Failure::invalid_config("the format of the file is not known")),
        };
        let (columns, places) = chosen(what, &names)?;
        let rejects = match &what.rejected {
            Some(rejected) => {
                let path = place(rejected);
                Rejects::into_file(&path, explain).map_err(|error| {
                    Failure::denied(format!("cannot write {}: {}", path.display(), explain(&error)))
                })?
            }
            None => Rejects::default(),
        };
        let targets = vec![Target::unknown(); columns.len()];
        let given = Lookup::new(&options.schema);
        let kinds = columns.iter().map(|name| given.get(name).cloned()).collect();
        let rejects = Arc::new(rejects);
        Ok(Self { what, options, opener, found, columns, places, targets, kinds, rejects })
    }

    /// Asks the database for the types of the columns.
    ///
    /// # Errors
    /// Fails when the table lacks a column.
    pub fn ask(&mut self, connection: &Connection, timeout_ms: u32) -> Result<(), Failure> {
        if !self.columns.is_empty() {
            self.targets = targets::of(connection, self.what, &self.columns, timeout_ms)?;
        }
        Ok(())
    }

    /// Loads the rows.
    pub fn load(mut self, connection: &Connection, timeout_ms: u32) -> Result<Done, Failure> {
        if self.columns.is_empty() {
            // The JSON file contains no objects.
            return Ok(Done { rows: 0, rejected: self.rejects.count() });
        }
        let loading = connection.load(&self.what.table, &self.columns, timeout_ms)?;
        let mut batches = Batches::new(&self.what.file, loading);
        let found = std::mem::replace(&mut self.found, Found::Json);
        match found {
            Found::Csv(texts) => self.csv(*texts, &mut batches)?,
            Found::Json => self.json(&connection.dialect(), &mut batches)?,
            Found::Parquet(builder) => self.parquet(*builder, &mut batches)?,
        }
        let rows = batches.finish()?;
        self.rejects.finish().map_err(|problem| failure(&problem))?;
        Ok(Done { rows, rejected: self.rejects.count() })
    }

    fn csv(&self, mut texts: Texts, batches: &mut Batches<'_>) -> Result<(), Failure> {
        let wrong = |problem: Problem| failure(&problem);
        let reject = self.reject();
        let comma = self.options.decimal_comma;
        let ways: Vec<Way<'_>> =
            self.places.iter().enumerate().map(|(index, place)| self.way(index, *place)).collect();
        while let Some(block) = texts.block(reject.as_ref()).map_err(wrong)? {
            for row in 0..block.len() {
                let record = block.record(row);
                let value = |(index, way): (usize, &Way<'_>)| match record.cell(way.place, way.takes_empty) {
                    None => Ok(Value::Null),
                    Some(text) if way.is_unchanged => Ok(Value::Text(text.to_owned())),
                    Some(text) => self.value(index, way.kind, text, comma),
                };
                let values: Result<Vec<Value>, Problem> = ways.iter().enumerate().map(value).collect();
                let line = block.line(row);
                match values {
                    Ok(values) => batches.push(values, line)?,
                    Err(problem) => self.refused(problem, line, || block.values(row))?,
                }
            }
        }
        Ok(())
    }

    fn way(&self, index: usize, place: usize) -> Way<'_> {
        let kind = self.kind(index);
        let (takes_empty, is_unchanged) = match (kind, self.targets.get(index)) {
            (Some(kind), _) => (*kind == Kind::Text, false),
            (None, Some(target)) => {
                let number = self.options.decimal_comma && target.is_number;
                (target.takes_empty, !number && target.takes_all())
            }
            (None, None) => (true, true),
        };
        Way { place, kind, takes_empty, is_unchanged }
    }

    /// Loads JSON objects. Numbers keep their digits. In SQLite, where each value has its own type, they stay
    /// numbers.
    fn json(&self, dialect: &str, batches: &mut Batches<'_>) -> Result<(), Failure> {
        let wrong = |problem: Problem| failure(&problem);
        let path = place(&self.what.file);
        let mut objects = Values::open(&path, &self.opener).map_err(wrong)?;
        while let Some((line, object)) = objects.next_value().map_err(wrong)? {
            let Json::Object(entries) = &object else {
                let problem = Problem { what: NO_OBJECT.to_owned(), ..Problem::default() };
                self.refused(problem, line, || vec![object.text()])?;
                continue;
            };
            let mut values = Vec::with_capacity(self.columns.len());
            let mut problem = None;
            let found = Lookup::new(entries);
            for (index, name) in self.columns.iter().enumerate() {
                let found = found.get(name).unwrap_or(&Json::Null);
                match self.json_value(index, found, dialect) {
                    Ok(value) => values.push(value),
                    Err(found) => {
                        problem = Some(found);
                        break;
                    }
                }
            }
            match problem {
                None => batches.push(values, line)?,
                Some(problem) => self.refused(problem, line, || vec![object.text()])?,
            }
        }
        Ok(())
    }

    fn parquet(&self, builder: tables::Parquet, batches: &mut Batches<'_>) -> Result<(), Failure> {
        let path = place(&self.what.file);
        let damaged = || match tables::parquet_fault(&path, stepwell_sdk::files::why) {
            Some(problem) => failure(&problem),
            None => {
                Failure::failed(format!("{}: the data are damaged: write the file again", self.what.file))
            }
        };
        let reader = builder.with_batch_size(BATCH).build().map_err(|_| damaged())?;
        let mut row = 0;
        for batch in reader {
            let batch = batch.map_err(|_| damaged())?;
            let columns = self.places.iter().zip(&self.columns);
            let columns = columns.map(|(place, name)| {
                parquet_read::values(batch.column(*place)).map_err(|why| {
                    Failure::invalid_config(format!("{}, column `{name}`: {why}", self.what.file))
                })
            });
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
            for _ in 0..batch.num_rows() {
                row += 1;
                let places = columns.iter_mut().zip(&self.targets).zip(&self.columns);
                let values = places.map(|((column, target), name)| {
                    fitted(target, column.next().unwrap_or(Value::Null)).map_err(|why| {
                        Failure::failed(format!("{}, row {row}, column `{name}`: {why}", self.what.file))
                    })
                });
                batches.push(values.collect::<Result<_, _>>()?, 0)?;
            }
        }
        Ok(())
    }

    /// Returns the type that the job gives a column.
    fn kind(&self, index: usize) -> Option<&Kind> {
        self.kinds.get(index)?.as_ref()
    }

    /// Converts a text to a column value.
    fn value(&self, index: usize, kind: Option<&Kind>, text: &str, comma: bool) -> Result<Value, Problem> {
        let name = self.columns.get(index).map_or("", String::as_str);
        let Some(target) = self.targets.get(index) else { return Ok(Value::Null) };
        let value = match kind {
            Some(kind) => {
                let column = || Column { name: name.to_owned(), kind: kind.clone(), declared: true };
                match convert(kind, text, comma).ok_or_else(|| misfit("", 0, &column(), text))? {
                    Converted::Text(text) => Value::Text(text.into_owned()),
                    Converted::Boolean(value) => Value::Boolean(value),
                    Converted::Date(text) => Value::Date(text),
                    Converted::Timestamp(text) => Value::Timestamp(text),
                    Converted::TimestampTz(text) => Value::TimestampWithZone(text),
                }
            }
            None if comma && target.is_number => match with_point(text, true) {
                Some(text) => Value::Text(text.into_owned()),
                None => {
                    let what = format!(
                        "`{}` has a point, and `decimal: \",\"` says that a comma is the decimal sign: write it without separators of thousands",
                        tables::shown(text)
                    );
                    return Err(Problem { what, ..Problem::default() }.in_column(name));
                }
            },
            None => Value::Text(text.to_owned()),
        };
        fitted(target, value).map_err(|what| Problem { what, ..Problem::default() }.in_column(name))
    }

    fn json_value(&self, index: usize, found: &Json, dialect: &str) -> Result<Value, Problem> {
        match (found, self.kind(index)) {
            (Json::Null, _) => Ok(Value::Null),
            (Json::Text(text), kind) => self.value(index, kind, text, false),
            (found, Some(kind)) => self.value(index, Some(kind), &found.text(), false),
            (Json::Bool(value), None) => Ok(Value::Boolean(*value)),
            (Json::Number(text), None) => match number(text, dialect) {
                Value::Text(_) => self.value(index, None, text, false).map(|value| match value {
                    Value::Text(text) => Value::Decimal(text),
                    other => other,
                }),
                // A column of text would show a float in the database's own notation.
                Value::Float(_) if self.targets.get(index).is_some_and(|target| target.is_text) => {
                    Ok(Value::Decimal(text.clone()))
                }
                number => self.fitted(index, number),
            },
            (found, None) => self.fitted(index, Value::Json(found.text())),
        }
    }

    fn fitted(&self, index: usize, value: Value) -> Result<Value, Problem> {
        let name = self.columns.get(index).map_or("", String::as_str);
        let Some(target) = self.targets.get(index) else { return Ok(value) };
        fitted(target, value).map_err(|what| Problem { what, ..Problem::default() }.in_column(name))
    }

    /// Returns the handler for rows whose width differs from the header.
    fn reject(&self) -> Option<Reject> {
        let rejects = self.rejects.clone();
        (self.options.on_bad_row == OnBadRow::Skip)
            .then(|| Arc::new(move |row: Rejected| rejects.take(&row)) as Reject)
    }

    /// Leaves a row out, or fails.
    fn refused(
        &self,
        problem: Problem,
        line: u64,
        values: impl FnOnce() -> Vec<String>,
    ) -> Result<(), Failure> {
        let problem = Problem { file: self.what.file.clone(), line, ..problem };
        if self.options.on_bad_row == OnBadRow::Fail {
            return Err(failure(&problem));
        }
        self.rejects.take(&Rejected { problem, values: values() }).map_err(|problem| failure(&problem))
    }
}

const NO_OBJECT: &str = "the value is no object: a table is made of objects, one for each row";

/// Converts a JSON number. It becomes text if no SQL value holds it with all its digits.
fn number(text: &str, dialect: &str) -> Value {
    match text.parse::<i64>() {
        Ok(whole) if whole.to_string() == text => Value::Integer(whole),
        _ => match text.parse::<f64>() {
            Ok(float) if dialect == "sqlite" && float.to_string() == text => Value::Float(float),
            _ => Value::Text(text.to_owned()),
        },
    }
}

/// Returns the keys of all objects of a JSON file, in the order of their first occurrence.
fn keys(path: &Path, options: &Options, opener: &Opener) -> Result<Vec<String>, Problem> {
    const MOST: usize = 10_000;
    let mut objects = Values::open(path, opener)?;
    let (mut names, mut seen) = (Vec::new(), HashSet::new());
    while let Some((line, object)) = objects.next_value()? {
        match object {
            Json::Object(entries) => {
                for (key, _) in entries {
                    if !seen.contains(&key) {
                        seen.insert(key.clone());
                        names.push(key);
                    }
                }
            }
            _ if options.on_bad_row == OnBadRow::Skip => {}
            _ => return Err(Problem::at(objects.name(), line, NO_OBJECT)),
        }
        if names.len() > MOST {
            let what = format!("the objects have more than {MOST} keys together: name the `columns`");
            return Err(Problem::at(objects.name(), line, what));
        }
    }
    Ok(names)
}

/// Returns the columns of the file to load, and their positions in the file.
fn chosen(what: &Load, found: &[String]) -> Result<(Vec<String>, Vec<usize>), Failure> {
    let refuse = |why: String| Failure::invalid_config(format!("{}: {why}", what.file));
    let wanted = what.columns.as_deref().unwrap_or(found);
    if what.header == Some(false) && wanted.len() != found.len() {
        let why = format!(
            "the file has {}, and `columns` names {}",
            counted(found.len() as u64, "column"),
            wanted.len()
        );
        return Err(refuse(why));
    }
    let loaded: HashSet<&str> = wanted.iter().map(String::as_str).collect();
    let mut given = what.schema.iter().flatten().map(|(name, _)| name);
    if let Some(name) = given.find(|name| !loaded.contains(name.as_str())) {
        return Err(refuse(format!(
            "`schema` names `{name}`, which is not loaded: it loads {}",
            names(wanted.iter().map(String::as_str))
        )));
    }
    let mut places = HashMap::new();
    for (place, name) in found.iter().enumerate() {
        places.entry(name).or_insert(place);
    }
    let at = |(index, name): (usize, &String)| {
        if what.header == Some(false) {
            return Ok(index);
        }
        places.get(name).copied().ok_or_else(|| {
            refuse(format!("there is no column `{name}`; it has {}", names(found.iter().map(String::as_str))))
        })
    };
    Ok((wanted.to_vec(), wanted.iter().enumerate().map(at).collect::<Result<_, _>>()?))
}

/// Collects rows and passes them on in batches.
struct Batches<'a> {
    file: &'a str,
    loading: Loading,
    rows: Vec<Vec<Value>>,
    bytes: usize,
    count: u64,
    lines: Lines,
}

impl<'a> Batches<'a> {
    fn new(file: &'a str, loading: Loading) -> Self {
        Self { file, loading, rows: Vec::with_capacity(BATCH), bytes: 0, count: 0, lines: Lines::default() }
    }

    /// Adds a row and the line of the file on which it begins; 0 if the file has no lines.
    fn push(&mut self, row: Vec<Value>, line: u64) -> Result<(), Failure> {
        self.bytes += row.iter().map(size).sum::<usize>();
        self.rows.push(row);
        self.lines.note(self.count + self.rows.len() as u64, line);
        let full = self.rows.len() == BATCH || self.bytes >= BATCH_BYTES;
        if full { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> Result<(), Failure> {
        let written = self.loading.write(&self.rows).map_err(Failure::from);
        written.map_err(|failure| self.lines.place(self.file, failure))?;
        self.count += self.rows.len() as u64;
        self.rows.clear();
        self.bytes = 0;
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

fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) | Value::Json(text) | Value::Decimal(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 8,
    }
}
