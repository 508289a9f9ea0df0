//! Reads JSON files as batches of typed columns.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, ListArray, RecordBatch, RecordBatchOptions, StringArray, StructArray, new_null_array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::column::{misfit, scalar};
use crate::csv::{Column, MAX_COLUMNS, Reject, Rejected, parts};
use crate::error::{Problem, shown};
use crate::json::{Json, Lookup};
use crate::kind::Kind;
use crate::options::{OnBadRow, Options};
use crate::parse::{Guess, float_keeps, guess};
use crate::share::{Piece, Place, Share};
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
    /// Only the texts that stand for floats without a JSON number: `NaN`, `Infinity`, `-Infinity`.
    NamedFloat,
    List(Box<Shape>),
    Object(Shapes),
}

/// The shapes of the values of an object by their keys, in the order of the first occurrence.
#[derive(Debug, Clone, PartialEq, Default)]
struct Shapes {
    list: Vec<(String, Shape)>,
    places: HashMap<String, usize>,
}

impl Shapes {
    /// Returns the shape of a key; a new key has no value yet.
    fn of(&mut self, key: &str) -> Option<&mut Shape> {
        let place = match self.places.get(key) {
            Some(place) => *place,
            None => {
                self.list.push((key.to_owned(), Shape::Nothing));
                self.places.insert(key.to_owned(), self.list.len() - 1);
                self.list.len() - 1
            }
        };
        self.list.get_mut(place).map(|(_, shape)| shape)
    }
}

/// Two shapes that no single column can hold.
struct Clash(&'static str, &'static str, String);

impl Shape {
    fn name(&self) -> &'static str {
        match self {
            Self::Nothing => "null",
            Self::Bool => "boolean",
            Self::Number(..) => "number",
            Self::Text | Self::NamedFloat => "text",
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
            Json::Text(text) => match self {
                Self::Nothing if is_named_float(text) => *self = Self::NamedFloat,
                Self::NamedFloat if is_named_float(text) => {}
                Self::Nothing | Self::NamedFloat => *self = Self::Text,
                Self::Text => {}
                Self::Number(all, fits) if is_named_float(text) => *all = all.and(Guess::Float, *fits),
                other => return clash(other, "text"),
            },
            Json::Number(text) => {
                let bytes = text.as_bytes();
                let keeps = float_keeps(bytes) || exponent(text);
                let found = if exponent(text) { Guess::Float } else { guess(bytes) };
                match self {
                    Self::Nothing => *self = Self::Number(found, keeps),
                    Self::NamedFloat => *self = Self::Number(found.and(Guess::Float, keeps), keeps),
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
                    *self = Self::Object(Shapes::default());
                }
                let Self::Object(fields) = self else { return clash(self, "object") };
                for (key, value) in entries {
                    let at = format!("{path}.{key}");
                    if let Some(shape) = fields.of(key) {
                        shape.add(value, &at)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Nothing | Self::Text | Self::NamedFloat => Kind::Text,
            Self::Bool => Kind::Boolean,
            Self::Number(guess, _) => guess.kind(),
            Self::List(item) => Kind::List(Box::new(item.kind())),
            // An object without keys has no columns, so it stays JSON text.
            Self::Object(fields) if fields.list.is_empty() => Kind::Text,
            Self::Object(fields) => {
                Kind::Object(fields.list.iter().map(|(name, shape)| (name.clone(), shape.kind())).collect())
            }
        }
    }
}

/// Returns whether the text is the form of a float that JSON numbers lack.
fn is_named_float(text: &str) -> bool {
    matches!(text, "NaN" | "Infinity" | "-Infinity")
}

fn exponent(text: &str) -> bool {
    text.contains(['e', 'E']) && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// The plan of a table of JSON objects.
pub struct JsonTable {
    files: Vec<(PathBuf, Piece)>,
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
        Self::plan_share(files, options, opener, Share::new(0, 1), u64::MAX)
    }

    /// Inspects all values of all files, or the first of them, for a table of a part of the objects.
    ///
    /// # Errors
    /// Fails when a file cannot be read, or a key has values of several types.
    pub fn plan_share(
        files: &[PathBuf],
        options: Options,
        opener: Opener,
        share: Share,
        most: u64,
    ) -> Result<Self, Problem> {
        let mut left = most;
        let mut pieces = Vec::with_capacity(files.len());
        let declared = Lookup::new(&options.schema);
        let mut shapes = Shapes::default();
        for (name, _) in &options.schema {
            shapes.of(name);
        }
        let mut seen: std::collections::HashSet<String> = std::collections::HashSet::new();
        for (path, part) in files.iter().zip(parts(files, share, opener.explain)?) {
            let mut values = Values::open(path, &opener)?;
            let mut edges = Edges::default();
            while left > 0
                && let Some((line, value)) = values.next_value()?
            {
                left -= 1;
                edges.pass(part.as_ref(), Place { at: values.start(), line });
                let Json::Object(entries) = value else {
                    if options.on_bad_row == OnBadRow::Skip {
                        continue;
                    }
                    return Err(no_object(values.name(), line));
                };
                for (key, value) in &entries {
                    if !seen.contains(key) {
                        seen.insert(key.clone());
                    }
                    let Some(shape) = shapes.of(key) else { continue };
                    if declared.get(key).is_some() {
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
                if shapes.list.len() > MAX_COLUMNS {
                    let what = format!("the objects have more than {MAX_COLUMNS} keys together");
                    return Err(Problem::at(values.name(), line, what));
                }
            }
            pieces.extend(edges.piece(part).map(|piece| (path.clone(), piece)));
        }
        let unseen = options.schema.iter().find(|(name, _)| !seen.is_empty() && !seen.contains(name));
        if let (Some((name, _)), Some(file)) = (unseen, files.first()) {
            let what = format!("`schema` names the key `{name}`, which no object has");
            return Err(Problem::config(&file.display().to_string(), what));
        }
        let columns = shapes.list.into_iter().map(|(name, shape)| {
            let given = declared.get(&name).cloned();
            Column { declared: given.is_some(), kind: given.unwrap_or_else(|| shape.kind()), name }
        });
        let columns = columns.collect();
        Ok(Self { files: pieces, columns, options, opener })
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
        let mut checked = chosen.clone();
        if self.options.on_bad_row == OnBadRow::Skip {
            checked = (0..self.columns.len()).collect();
        }
        JsonBatches {
            schema: self.schema(projection),
            table: self.clone(),
            chosen,
            checked,
            left: self.files.iter().cloned().collect(),
            current: None,
            reject,
            failed: false,
        }
    }
}

/// The first value of a part of a file, and the first value after it.
#[derive(Default)]
struct Edges {
    start: Option<Place>,
    end: Option<Place>,
}

impl Edges {
    /// Takes the next value of the file.
    fn pass(&mut self, part: Option<&Range<u64>>, place: Place) {
        let Some(part) = part else { return };
        if self.start.is_none() && place.at >= part.start {
            self.start = Some(place);
        }
        if self.end.is_none() && place.at >= part.end {
            self.end = Some(place);
        }
    }

    /// Returns the piece of the file that begins with the values of the part.
    fn piece(self, part: Option<Range<u64>>) -> Option<Piece> {
        let Some(part) = part else { return Some(Piece::WHOLE) };
        match part.start {
            _ if part.is_empty() => None,
            0 => Some(Piece::between(None, self.end)),
            _ => self.start.map(|start| Piece::between(Some(start), self.end)),
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
    /// The columns whose values must match their types.
    checked: Vec<usize>,
    left: VecDeque<(PathBuf, Piece)>,
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
                let Some((path, piece)) = self.left.pop_front() else { return Ok(None) };
                self.current = Some(Values::open_piece(&path, &self.table.opener, piece)?);
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
        let columns = &self.table.columns;
        let lookup = Lookup::new(entries);
        let find = |name: &str| lookup.get(name).unwrap_or(&Json::Null);
        for column in self.checked.iter().filter_map(|i| columns.get(*i)) {
            if !fits(&column.kind, find(&column.name)) {
                return Err(misfit(file, line, column, &find(&column.name).text()));
            }
        }
        let chosen = self.chosen.iter().filter_map(|i| columns.get(*i));
        Ok(chosen.map(|column| find(&column.name).clone()).collect())
    }
}

fn fits(kind: &Kind, value: &Json) -> bool {
    match (kind, value) {
        (_, Json::Null) | (Kind::Text, _) => true,
        (Kind::List(item), Json::List(items)) => items.iter().all(|value| fits(item, value)),
        (Kind::Object(fields), Json::Object(entries)) => {
            let fields = Lookup::new(fields);
            entries.iter().all(|(key, value)| fields.get(key).is_some_and(|kind| fits(kind, value)))
        }
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
            let lookups: Vec<Option<Lookup<'_, Json>>> = cells
                .iter()
                .map(|cell| match cell {
                    Some(Json::Object(entries)) => Some(Lookup::new(entries)),
                    _ => None,
                })
                .collect();
            let columns = fields.iter().map(|(name, kind)| {
                let values = lookups.iter().map(|lookup| lookup.as_ref().and_then(|found| found.get(name)));
                let inner: Vec<Option<&Json>> =
                    values.map(|value| value.filter(|value| **value != Json::Null)).collect();
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
