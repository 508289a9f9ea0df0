//! Reads JSON files as batches of typed columns.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, ListArray, RecordBatch, RecordBatchOptions, StringArray, StructArray, new_null_array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::column::{misfit, scalar};
use crate::csv::{Column, MAX_COLUMNS, Reject, Rejected};
use crate::error::{Problem, shown};
use crate::json::Json;
use crate::kind::Kind;
use crate::options::{OnBadRow, Options};
use crate::parse::{Guess, float_keeps, guess};
use crate::source::Opener;
use crate::values::Values;

const BATCH_ROWS: usize = 4096;

/// The common shape of the values of a key.
#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Nothing,
    Bool,
    Number(Guess, bool),
    Text,
    List(Box<Shape>),
    Object(Vec<(String, Shape)>),
}

/// Two shapes that no single column can hold.
struct Clash(&'static str, &'static str, String);

impl Shape {
    fn name(&self) -> &'static str {
        match self {
            Self::Nothing => "null",
            Self::Bool => "boolean",
            Self::Number(..) => "number",
            Self::Text => "text",
            Self::List(_) => "list",
            Self::Object(_) => "object",
        }
    }

    fn add(&mut self, value: &Json, path: &str) -> Result<(), Clash> {
        let clash = |shape: &Self, found| Err(Clash(shape.name(), found, path.to_owned()));
        match value {
            Json::Null => {}
            Json::Bool(_) => match self {
                Self::Nothing => *self = Self::Bool,
                Self::Bool => {}
                other => return clash(other, "boolean"),
            },
            Json::Text(_) => match self {
                Self::Nothing => *self = Self::Text,
                Self::Text => {}
                other => return clash(other, "text"),
            },
            Json::Number(text) => {
                let bytes = text.as_bytes();
                let keeps = float_keeps(bytes) || exponent(text);
                let found = if exponent(text) { Guess::Float } else { guess(bytes) };
                match self {
                    Self::Nothing => *self = Self::Number(found, keeps),
                    Self::Number(all, fits) => {
                        *fits = *fits && keeps;
                        *all = all.and(found, *fits);
                    }
                    other => return clash(other, "number"),
                }
            }
            Json::List(items) => {
                if *self == Self::Nothing {
                    *self = Self::List(Box::new(Self::Nothing));
                }
                let Self::List(inner) = self else { return clash(self, "list") };
                let path = format!("{path}[]");
                return items.iter().try_for_each(|item| inner.add(item, &path));
            }
            Json::Object(entries) => {
                if *self == Self::Nothing {
                    *self = Self::Object(Vec::new());
                }
                let Self::Object(fields) = self else { return clash(self, "object") };
                for (key, value) in entries {
                    let at = format!("{path}.{key}");
                    match fields.iter_mut().find(|(name, _)| name == key) {
                        Some((_, shape)) => shape.add(value, &at)?,
                        None => {
                            let mut shape = Self::Nothing;
                            shape.add(value, &at)?;
                            fields.push((key.clone(), shape));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Nothing | Self::Text => Kind::Text,
            Self::Bool => Kind::Boolean,
            Self::Number(guess, _) => guess.kind(),
            Self::List(item) => Kind::List(Box::new(item.kind())),
            // An object without keys has no columns, so it stays JSON text.
            Self::Object(fields) if fields.is_empty() => Kind::Text,
            Self::Object(fields) => {
                Kind::Object(fields.iter().map(|(name, shape)| (name.clone(), shape.kind())).collect())
            }
        }
    }
}

fn exponent(text: &str) -> bool {
    text.contains(['e', 'E']) && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// The plan of a table of JSON objects.
pub struct JsonTable {
    files: Vec<PathBuf>,
    options: Options,
    opener: Opener,
    /// The columns of the table.
    pub columns: Vec<Column>,
}

impl JsonTable {
    /// Inspects all values of all files, unless a schema declares their types.
    ///
    /// # Errors
    /// Fails when a file cannot be read, or a key has values of several types.
    pub fn plan(files: &[PathBuf], options: Options, opener: Opener) -> Result<Self, Problem> {
        let declared =
            |name: &str| options.schema.iter().find(|(other, _)| other == name).map(|(_, kind)| kind.clone());
        let mut shapes: Vec<(String, Shape)> = Vec::new();
        for (name, _) in &options.schema {
            shapes.push((name.clone(), Shape::Nothing));
        }
        let mut seen: std::collections::HashSet<String> = std::collections::HashSet::new();
        for path in files {
            let mut values = Values::open(path, &opener)?;
            while let Some((line, value)) = values.next_value()? {
                let Json::Object(entries) = value else {
                    if options.on_bad_row == OnBadRow::Skip {
                        continue;
                    }
                    return Err(no_object(values.name(), line));
                };
                for (key, value) in &entries {
                    seen.insert(key.clone());
                    let place = match shapes.iter().position(|(name, _)| name == key) {
                        Some(place) => place,
                        None => {
                            if shapes.len() >= MAX_COLUMNS {
                                let what = format!("the objects have more than {MAX_COLUMNS} keys together");
                                return Err(Problem::at(values.name(), line, what));
                            }
                            shapes.push((key.clone(), Shape::Nothing));
                            shapes.len() - 1
                        }
                    };
                    let Some((_, shape)) = shapes.get_mut(place) else { continue };
                    if declared(key).is_some() {
                        continue;
                    }
                    shape.add(value, key).map_err(|Clash(before, now, path)| {
                        let what = format!(
                            "`{}` is a {now} here and a {before} before: write `schema: {{{key}: text}}` to have both as text",
                            shown(&path)
                        );
                        Problem::at(values.name(), line, what).in_column(key)
                    })?;
                }
            }
        }
        if let (Some((name, _)), Some(file)) =
            (options.schema.iter().find(|(name, _)| !seen.is_empty() && !seen.contains(name)), files.first())
        {
            let what = format!("`schema` names the key `{name}`, which no object has");
            return Err(Problem::config(&file.display().to_string(), what));
        }
        let columns = shapes.into_iter().map(|(name, shape)| {
            let given = declared(&name);
            Column { declared: given.is_some(), kind: given.unwrap_or_else(|| shape.kind()), name }
        });
        Ok(Self { files: files.to_vec(), columns: columns.collect(), options, opener })
    }

    /// Returns the same plan with a different way to open its files.
    pub fn with_opener(self, opener: Opener) -> Self {
        Self { opener, ..self }
    }

    /// Returns the schema of the requested columns.
    pub fn schema(&self, projection: Option<&[usize]>) -> SchemaRef {
        let field = |column: &Column| Field::new(&column.name, column.kind.data_type(), true);
        let fields: Vec<Field> = match projection {
            None => self.columns.iter().map(field).collect(),
            Some(chosen) => chosen.iter().filter_map(|i| self.columns.get(*i)).map(field).collect(),
        };
        Arc::new(Schema::new(fields))
    }

    /// Reads the rows of all files.
    pub fn read(self: &Arc<Self>, projection: Option<&[usize]>, reject: Option<Reject>) -> JsonBatches {
        let chosen = projection.map_or_else(|| (0..self.columns.len()).collect(), <[usize]>::to_vec);
        JsonBatches {
            schema: self.schema(projection),
            table: self.clone(),
            chosen,
            left: self.files.iter().cloned().collect(),
            current: None,
            reject,
            failed: false,
        }
    }
}

fn no_object(file: &str, line: u64) -> Problem {
    Problem::at(file, line, "the value is no object: a table is made of objects, one for each row")
}

/// Iterates over the rows of a table of JSON objects in batches.
pub struct JsonBatches {
    table: Arc<JsonTable>,
    schema: SchemaRef,
    chosen: Vec<usize>,
    left: VecDeque<PathBuf>,
    current: Option<Values>,
    reject: Option<Reject>,
    failed: bool,
}

impl Iterator for JsonBatches {
    type Item = Result<RecordBatch, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.advance().transpose();
        self.failed = !matches!(next, Some(Ok(_)));
        next
    }
}

impl JsonBatches {
    fn advance(&mut self) -> Result<Option<RecordBatch>, Problem> {
        let skipping = self.table.options.on_bad_row == OnBadRow::Skip;
        loop {
            if self.current.is_none() {
                let Some(next) = self.left.pop_front() else { return Ok(None) };
                self.current = Some(Values::open(&next, &self.table.opener)?);
            }
            let Some(mut values) = self.current.take() else { return Ok(None) };
            let mut rows: Vec<Vec<Json>> = Vec::new();
            let mut lines = Vec::new();
            while rows.len() < BATCH_ROWS {
                let Some((line, value)) = values.next_value()? else { break };
                match self.row(values.name(), line, &value) {
                    Ok(row) => {
                        rows.push(row);
                        lines.push(line);
                    }
                    Err(problem) if skipping => {
                        if let Some(reject) = &self.reject {
                            reject(Rejected { problem, values: vec![value.text()] })?;
                        }
                    }
                    Err(problem) => return Err(problem),
                }
            }
            if rows.is_empty() {
                continue;
            }
            let mut arrays = Vec::new();
            for (place, i) in self.chosen.iter().enumerate() {
                let Some(column) = self.table.columns.get(*i) else { continue };
                let cells: Vec<Option<&Json>> =
                    rows.iter().map(|row| row.get(place).filter(|value| **value != Json::Null)).collect();
                arrays.push(build(&column.kind, &cells));
            }
            let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
            let batch = RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)
                .map_err(|_| Problem::at(values.name(), 0, "the columns do not go together"));
            self.current = Some(values);
            return batch.map(Some);
        }
    }

    /// Returns the selected values of one row, each of which matches its column.
    fn row(&self, file: &str, line: u64, value: &Json) -> Result<Vec<Json>, Problem> {
        let Json::Object(entries) = value else { return Err(no_object(file, line)) };
        let table = &self.table;
        let find =
            |name: &str| entries.iter().find(|(key, _)| key == name).map_or(&Json::Null, |(_, value)| value);
        let every = table.options.on_bad_row == OnBadRow::Skip;
        for (i, column) in table.columns.iter().enumerate() {
            if (every || self.chosen.contains(&i)) && !fits(&column.kind, find(&column.name)) {
                return Err(misfit(file, line, column, &find(&column.name).text()));
            }
        }
        let chosen = self.chosen.iter().filter_map(|i| table.columns.get(*i));
        Ok(chosen.map(|column| find(&column.name).clone()).collect())
    }
}

fn fits(kind: &Kind, value: &Json) -> bool {
    match (kind, value) {
        (_, Json::Null) | (Kind::Text, _) => true,
        (Kind::List(item), Json::List(items)) => items.iter().all(|value| fits(item, value)),
        (Kind::Object(fields), Json::Object(entries)) => entries
            .iter()
            .all(|(key, value)| fields.iter().any(|(name, kind)| name == key && fits(kind, value))),
        (Kind::List(_) | Kind::Object(_), _) | (_, Json::List(_) | Json::Object(_)) => false,
        (Kind::Boolean, Json::Bool(_)) => true,
        (Kind::Boolean, _) | (_, Json::Bool(_)) => false,
        (kind, Json::Number(text) | Json::Text(text)) => scalar(kind, &[Some(text)]).1,
    }
}

fn build(kind: &Kind, cells: &[Option<&Json>]) -> ArrayRef {
    match kind {
        Kind::Text => Arc::new(cells.iter().map(|cell| cell.map(Json::text)).collect::<StringArray>()),
        Kind::List(item) => list(item, kind, cells),
        Kind::Object(fields) => {
            let present: Vec<bool> = cells.iter().map(Option::is_some).collect();
            let columns = fields.iter().map(|(name, kind)| {
                let inner: Vec<Option<&Json>> = cells
                    .iter()
                    .map(|cell| match cell {
                        Some(Json::Object(entries)) => {
                            entries.iter().find(|(key, _)| key == name).map(|(_, value)| value)
                        }
                        _ => None,
                    })
                    .map(|value| value.filter(|value| **value != Json::Null))
                    .collect();
                build(kind, &inner)
            });
            let DataType::Struct(types) = kind.data_type() else {
                return new_null_array(&kind.data_type(), cells.len());
            };
            match StructArray::try_new(types, columns.collect(), Some(NullBuffer::from(present))) {
                Ok(array) => Arc::new(array),
                Err(_) => new_null_array(&kind.data_type(), cells.len()),
            }
        }
        _ => {
            let texts: Vec<Option<String>> = cells.iter().map(|cell| cell.map(Json::text)).collect();
            let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
            scalar(kind, &texts).0
        }
    }
}

fn list(item: &Kind, kind: &Kind, cells: &[Option<&Json>]) -> ArrayRef {
    let mut inner: Vec<Option<&Json>> = Vec::new();
    let mut lengths = Vec::with_capacity(cells.len());
    for cell in cells {
        let items = match cell {
            Some(Json::List(items)) => items.as_slice(),
            _ => &[],
        };
        lengths.push(items.len());
        inner.extend(items.iter().map(|value| Some(value).filter(|value| **value != Json::Null)));
    }
    let nulls = NullBuffer::from(cells.iter().map(Option::is_some).collect::<Vec<_>>());
    let field = Arc::new(Field::new("item", item.data_type(), true));
    match ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), build(item, &inner), Some(nulls)) {
        Ok(array) => Arc::new(array),
        Err(_) => new_null_array(&kind.data_type(), cells.len()),
    }
}
