//! Reads CSV files as batches of typed columns.

use std::collections::{HashSet, VecDeque};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{Field as ArrowField, Schema, SchemaRef};

use crate::column::{Bad, Cells, column};
use crate::error::{Problem, shown};
use crate::json::Lookup;
use crate::kind::Kind;
use crate::lines;
use crate::options::{Matching, OnBadRow, Options};
use crate::parse::Guess;
use crate::rows::{Row, Rows};
use crate::share::{Piece, Share};
use crate::source::{Explain, Opener};

/// The number of rows from which to infer types.
pub const SAMPLE: usize = 1000;
/// The maximum size of a row in bytes.
pub const MAX_ROW: usize = 16 << 20;
/// The maximum number of columns.
pub const MAX_COLUMNS: usize = 10_000;
/// The maximum number of rows in a batch.
const BATCH_ROWS: usize = 8192;

/// A column of the table.
#[derive(Debug, Clone)]
pub struct Column {
    /// The name of the column.
    pub name: String,
    /// The type of the column.
    pub kind: Kind,
    /// Whether the job gave the type.
    pub declared: bool,
}

/// A row that was left out.
#[derive(Debug)]
pub struct Rejected {
    /// The reason for leaving it out.
    pub problem: Problem,
    /// The values in the row.
    pub values: Vec<String>,
}

/// Receives the rows that were left out.
pub type Reject = Arc<dyn Fn(Rejected) -> Result<(), Problem> + Send + Sync>;

/// The plan of a table: the contents of its files.
pub struct Csv {
    files: Vec<Layout>,
    options: Options,
    opener: Opener,
    /// The columns of the table.
    pub columns: Vec<Column>,
}

#[derive(Clone)]
struct Layout {
    path: PathBuf,
    width: usize,
    /// The position of each table column in the file.
    places: Vec<Option<usize>>,
    /// The bytes in which the rows to read begin; all of them without a range.
    part: Option<Range<u64>>,
}

impl Csv {
    /// Inspects the headers of the files and the types of their columns.
    ///
    /// # Errors
    /// Fails when a file cannot be read, or the files do not match each other.
    pub fn plan(files: &[PathBuf], options: Options, opener: Opener) -> Result<Self, Problem> {
        let given = Lookup::new(&options.schema);
        let mut columns: Vec<Column> = Vec::new();
        let mut layouts: Vec<Layout> = Vec::new();
        let mut guesses: Vec<(Guess, bool)> = Vec::new();
        for path in files {
            let mut reader = Rows::open(path, &options, &opener)?;
            let names = reader.names(&options)?;
            let first = layouts.first().map(|layout| layout.path.display().to_string());
            let places = places(&mut columns, &names, &options, first.as_deref(), &reader.name)?;
            guesses.resize(columns.len(), (Guess::Nothing, true));
            let open = |i: usize, guesses: &[(Guess, bool)]| {
                columns.get(i).is_none_or(|column| given.get(&column.name).is_none())
                    && guesses.get(i).is_some_and(|(guess, _)| *guess == Guess::Nothing)
            };
            let wanted: Vec<(usize, usize)> = places
                .iter()
                .enumerate()
                .filter_map(|(i, place)| place.filter(|_| open(i, &guesses)).map(|place| (i, place)))
                .collect();
            if !wanted.is_empty() {
                reader.sample(&options, &wanted, &mut guesses)?;
            }
            layouts.push(Layout { path: path.clone(), width: names.len(), places, part: None });
        }
        let count = columns.len();
        for layout in &mut layouts {
            layout.places.resize(count, None);
        }
        for (column, (guess, _)) in columns.iter_mut().zip(&guesses) {
            let declared = given.get(&column.name);
            column.declared = declared.is_some();
            column.kind = declared.map_or_else(|| guess.kind(), Clone::clone);
        }
        let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let names: HashSet<&str> = known.iter().copied().collect();
        let missing = options.schema.iter().find(|(name, _)| !names.contains(name.as_str()));
        if let (Some((name, _)), Some(file)) = (missing, files.first()) {
            return Err(Problem::config(
                &file.display().to_string(),
                format!(
                    "`schema` names the column `{name}`, which the file does not have: its columns are {}",
                    list(&known)
                ),
            ));
        }
        Ok(Self { files: layouts, options, opener, columns })
    }

    /// Returns the same plan with a different way to open its files.
    pub fn with_opener(self, opener: Opener) -> Self {
        Self { opener, ..self }
    }

    /// Returns the same plan for a part of the rows.
    ///
    /// # Errors
    /// Fails when the size of a file is unknown.
    pub fn with_share(mut self, share: Share) -> Result<Self, Problem> {
        let paths: Vec<PathBuf> = self.files.iter().map(|layout| layout.path.clone()).collect();
        for (layout, part) in self.files.iter_mut().zip(parts(&paths, share, self.opener.explain)?) {
            layout.part = part;
        }
        Ok(self)
    }

    /// Returns the schema of the requested columns.
    pub fn schema(&self, projection: Option<&[usize]>) -> SchemaRef {
        let chosen = chosen(self.columns.len(), projection);
        let fields = chosen.iter().filter_map(|i| self.columns.get(*i));
        Arc::new(Schema::new(
            fields
                .map(|column| ArrowField::new(&column.name, column.kind.data_type(), true))
                .collect::<Vec<_>>(),
        ))
    }

    /// Reads the rows of all files.
    pub fn read(self: &Arc<Self>, projection: Option<&[usize]>, reject: Option<Reject>) -> Batches {
        let chosen = chosen(self.columns.len(), projection);
        let read = |layout: &Layout| layout.part.as_ref().is_none_or(|part| !part.is_empty());
        let left = self.files.iter().enumerate().filter(|(_, layout)| read(layout)).map(|(file, _)| file);
        Batches {
            table: self.clone(),
            schema: self.schema(projection),
            chosen,
            left: left.collect(),
            current: None,
            reject,
            failed: false,
        }
    }
}

/// Returns the part of each file. A file that is read to its end has no end.
pub(crate) fn parts(
    paths: &[PathBuf],
    share: Share,
    explain: Explain,
) -> Result<Vec<Option<Range<u64>>>, Problem> {
    let size = |path: &PathBuf| {
        let wrong = |error| Problem::at(&path.display().to_string(), 0, explain(&error));
        std::fs::metadata(path).map(|found| found.len()).map_err(wrong)
    };
    let sizes = paths.iter().map(size).collect::<Result<Vec<_>, _>>()?;
    let parts = share.of_files(&sizes).into_iter().zip(&sizes);
    Ok(parts.map(|(part, size)| (part != (0..*size)).then_some(part)).collect())
}

fn chosen(count: usize, projection: Option<&[usize]>) -> Vec<usize> {
    projection.map_or_else(|| (0..count).collect(), <[usize]>::to_vec)
}

pub(crate) fn list(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(50).map(|name| format!("`{}`", shown(name))).collect();
    let more = if names.len() > 50 { format!(" and {} more", names.len() - 50) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// Returns the positions of the table's columns in a file, and adds columns that the table does not have yet.
fn places(
    columns: &mut Vec<Column>,
    names: &[String],
    options: &Options,
    first: Option<&str>,
    file: &str,
) -> Result<Vec<Option<usize>>, Problem> {
    let new = |name: &String| Column { name: name.clone(), kind: Kind::Text, declared: false };
    let Some(first) = first else {
        columns.extend(names.iter().map(new));
        return Ok((0..names.len()).map(Some).collect());
    };
    if options.matching == Matching::ByPosition || !options.header {
        if names.len() != columns.len() {
            let what = format!("has {} columns where {first} has {}", names.len(), columns.len());
            return Err(Problem::at(file, 0, what));
        }
        return Ok((0..names.len()).map(Some).collect());
    }
    let index: std::collections::HashMap<&str, usize> =
        names.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
    let lacking: Vec<&str> =
        columns.iter().map(|c| c.name.as_str()).filter(|name| !index.contains_key(name)).collect();
    let known: std::collections::HashSet<&str> = columns.iter().map(|c| c.name.as_str()).collect();
    let added: Vec<String> = names.iter().filter(|name| !known.contains(name.as_str())).cloned().collect();
    if options.matching == Matching::ByName && !(lacking.is_empty() && added.is_empty()) {
        let mut what = Vec::new();
        if !lacking.is_empty() {
            what.push(format!("lacks {}", list(&lacking)));
        }
        if !added.is_empty() {
            what.push(format!("has {} as well", list(&added.iter().map(String::as_str).collect::<Vec<_>>())));
        }
        let fix = "write `columns: union` to have NULL where a file lacks a column";
        return Err(Problem::at(file, 0, format!("{}, unlike {first}; {fix}", what.join(" and "))));
    }
    let mut places: Vec<Option<usize>> =
        columns.iter().map(|column| index.get(column.name.as_str()).copied()).collect();
    places.extend(added.iter().map(|name| index.get(name.as_str()).copied()));
    columns.extend(added.iter().map(new));
    if columns.len() > MAX_COLUMNS {
        return Err(Problem::at(file, 0, format!("the files have more than {MAX_COLUMNS} columns together")));
    }
    Ok(places)
}

/// Iterates over the rows of a table in batches.
pub struct Batches {
    table: Arc<Csv>,
    schema: SchemaRef,
    chosen: Vec<usize>,
    left: VecDeque<usize>,
    current: Option<(usize, Rows)>,
    reject: Option<Reject>,
    failed: bool,
}

impl Iterator for Batches {
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

impl Batches {
    fn advance(&mut self) -> Result<Option<RecordBatch>, Problem> {
        loop {
            if self.current.is_none() {
                let Some(next) = self.left.pop_front() else { return Ok(None) };
                self.current = Some((next, self.begin(next)?));
            }
            let skipping = self.table.options.on_bad_row == OnBadRow::Skip;
            let ignore: Reject = Arc::new(|_| Ok(()));
            let reject = skipping.then(|| self.reject.clone().unwrap_or(ignore));
            let Some((file, mut rows)) = self.current.take() else { return Ok(None) };
            if rows.block(BATCH_ROWS, reject.as_ref())? {
                let batch = self.batch(file, &mut rows, reject.as_ref());
                self.current = Some((file, rows));
                return batch.map(Some);
            }
        }
    }

    fn begin(&self, file: usize) -> Result<Rows, Problem> {
        let table = &self.table;
        let missing = || Problem::config("", "the table has no such file");
        let layout = table.files.get(file).ok_or_else(missing)?;
        let Some(part) = &layout.part else {
            return self.at_start(layout, Piece::WHOLE, &table.opener);
        };
        let size = std::fs::metadata(&layout.path).map_or(u64::MAX, |found| found.len());
        let header = self.at_start(layout, Piece::WHOLE, &table.opener.quiet())?;
        let first = if table.options.header { header.line() } else { 0 };
        let (starts, ends) = (part.start > 0, part.end < size);
        let wanted: Vec<u64> = [(starts, part.start), (ends, part.end)]
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, at)| *at)
            .collect();
        let found = lines::rows_at(&layout.path, &table.options, table.opener.explain, first, &wanted)?;
        let start = found.first().copied().filter(|_| starts);
        let end = found.last().copied().filter(|_| ends);
        let piece = Piece::between(start, end);
        if !starts {
            return self.at_start(layout, piece, &table.opener);
        }
        let rows = Rows::open_piece(&layout.path, &table.options, &table.opener, piece)?;
        Ok(rows.with_width(layout.width))
    }

    /// Opens a piece that begins with the file, and reads the header.
    fn at_start(&self, layout: &Layout, piece: Piece, opener: &Opener) -> Result<Rows, Problem> {
        let options = &self.table.options;
        let mut rows = Rows::open_piece(&layout.path, options, opener, piece)?;
        if rows.names(options)?.len() != layout.width {
            return Err(Problem::at(&rows.name, 0, "the file changed while it was read"));
        }
        Ok(rows)
    }

    fn batch(&self, file: usize, rows: &mut Rows, reject: Option<&Reject>) -> Result<RecordBatch, Problem> {
        if let Some(reject) = reject {
            let every: Vec<usize> = (0..self.table.columns.len()).collect();
            let (_, bad) = self.columns(file, rows, &every, usize::MAX);
            if !bad.is_empty() {
                let mut worst: std::collections::BTreeMap<usize, (usize, Bad)> =
                    std::collections::BTreeMap::new();
                for (column, bad) in bad {
                    worst.entry(bad.row).or_insert((column, bad));
                }
                for (row, (column, bad)) in &worst {
                    let Some(found) = rows.rows.get(*row).copied() else { continue };
                    let problem = self.problem(*column, bad, rows, found);
                    reject(Rejected { problem, values: rows.values(found) })?;
                }
                let mut place = 0;
                rows.rows.retain(|_| {
                    place += 1;
                    !worst.contains_key(&(place - 1))
                });
            }
        }
        let (arrays, bad) = self.columns(file, rows, &self.chosen, 1);
        if let Some((column, bad)) = bad.into_iter().min_by_key(|(_, bad)| bad.row)
            && let Some(row) = rows.rows.get(bad.row).copied()
        {
            return Err(self.problem(column, &bad, rows, row));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.rows.len()));
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)
            .map_err(|_| Problem::at(&rows.name, 0, "the columns do not go together"))
    }

    fn columns(
        &self,
        file: usize,
        rows: &Rows,
        wanted: &[usize],
        most: usize,
    ) -> (Vec<ArrayRef>, Vec<(usize, Bad)>) {
        let (mut arrays, mut all) = (Vec::with_capacity(wanted.len()), Vec::new());
        for i in wanted {
            let Some(found) = self.table.columns.get(*i) else { continue };
            let place =
                self.table.files.get(file).and_then(|layout| layout.places.get(*i).copied().flatten());
            let Some(place) = place else {
                arrays.push(new_null_array(&found.kind.data_type(), rows.rows.len()));
                continue;
            };
            let cells = Cells {
                text: &rows.text,
                fields: &rows.fields,
                rows: &rows.rows,
                place,
                nulls: self.table.options.null_values.as_deref(),
                comma: self.table.options.decimal_comma,
                exact: !found.declared,
            };
            let (array, bad) = column(&found.kind, &cells, most);
            arrays.push(array);
            all.extend(bad.into_iter().map(|bad| (*i, bad)));
        }
        (arrays, all)
    }

    fn problem(&self, column: usize, bad: &Bad, rows: &Rows, row: Row) -> Problem {
        let Some(found) = self.table.columns.get(column) else {
            return Problem::at(&rows.name, row.line, "a value does not fit");
        };
        crate::column::misfit(&rows.name, row.line, found, &bad.value)
    }
}
