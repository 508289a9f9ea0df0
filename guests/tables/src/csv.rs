//! CSV files as batches of typed columns.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{Field as ArrowField, Schema, SchemaRef};

use crate::column::{Bad, Cells, column};
use crate::error::{Problem, shown};
use crate::kind::Kind;
use crate::options::{Matching, OnBadRow, Options, distinct};
use crate::parse::{Guess, float_keeps, guess};
use crate::scan::{Field, Scanner, Signs, Step};
use crate::source::{Opener, Source};

/// Rows that the types are guessed from.
pub const SAMPLE: usize = 1000;
/// The longest row.
pub const MAX_ROW: usize = 16 << 20;
/// The most columns.
pub const MAX_COLUMNS: usize = 10_000;
/// The most rows of a batch, and about how many bytes of text become one.
const BATCH_ROWS: usize = 8192;
const BATCH_BYTES: usize = 1 << 20;

/// A column of the table.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// Whether the job gave the type.
    pub declared: bool,
}

/// A row that was left out.
#[derive(Debug)]
pub struct Rejected {
    /// Why.
    pub problem: Problem,
    /// What the row holds.
    pub values: Vec<String>,
}

/// Takes rows that are left out.
pub type Reject = Arc<dyn Fn(Rejected) -> Result<(), Problem> + Send + Sync>;

/// The plan of a table: what its files hold.
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
    /// Where each column of the table stands in the file.
    places: Vec<Option<usize>>,
}

/// One row of the text in the buffer.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) first: usize,
    pub(crate) line: u64,
}

impl Csv {
    /// Looks at the files: their headers, and the types of their columns.
    ///
    /// # Errors
    /// When a file cannot be read, or the files do not go together.
    pub fn plan(files: &[PathBuf], options: Options, opener: Opener) -> Result<Self, Problem> {
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
                options.schema.iter().all(|(name, _)| columns.get(i).is_none_or(|column| column.name != *name))
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
            layouts.push(Layout { path: path.clone(), width: names.len(), places });
        }
        let count = columns.len();
        for layout in &mut layouts {
            layout.places.resize(count, None);
        }
        for (column, (guess, _)) in columns.iter_mut().zip(&guesses) {
            let declared = options.schema.iter().find(|(name, _)| *name == column.name);
            column.declared = declared.is_some();
            column.kind = declared.map_or_else(|| guess.kind(), |(_, kind)| kind.clone());
        }
        let missing = options.schema.iter().find(|(name, _)| columns.iter().all(|column| column.name != *name));
        if let (Some((name, _)), Some(file)) = (missing, files.first()) {
            let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            return Err(Problem::config(
                &file.display().to_string(),
                format!("`schema` names the column `{name}`, which the file does not have: its columns are {}", list(&known)),
            ));
        }
        Ok(Self { files: layouts, options, opener, columns })
    }

    /// The same plan, whose files are opened in another way.
    pub fn with_opener(self, opener: Opener) -> Self {
        Self { opener, ..self }
    }

    /// The columns that are asked for.
    pub fn schema(&self, projection: Option<&[usize]>) -> SchemaRef {
        let chosen = chosen(self.columns.len(), projection);
        let fields = chosen.iter().filter_map(|i| self.columns.get(*i));
        Arc::new(Schema::new(
            fields.map(|column| ArrowField::new(&column.name, column.kind.data_type(), true)).collect::<Vec<_>>(),
        ))
    }

    /// Reads the rows of all files.
    pub fn read(self: &Arc<Self>, projection: Option<&[usize]>, reject: Option<Reject>) -> Batches {
        let chosen = chosen(self.columns.len(), projection);
        let left = (0..self.files.len()).collect();
        Batches { table: self.clone(), schema: self.schema(projection), chosen, left, current: None, reject, failed: false }
    }
}

fn chosen(count: usize, projection: Option<&[usize]>) -> Vec<usize> {
    projection.map_or_else(|| (0..count).collect(), <[usize]>::to_vec)
}

fn list(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(50).map(|name| format!("`{}`", shown(name))).collect();
    let more = if names.len() > 50 { format!(" and {} more", names.len() - 50) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// Where the columns of the table stand in a file; adds those that the table does not have yet.
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

/// The rows of one file, block by block.
pub struct Rows {
    name: String,
    source: Source,
    scanner: Scanner,
    text: Vec<u8>,
    at: usize,
    line: u64,
    ended: bool,
    fields: Vec<Field>,
    rows: Vec<Row>,
    width: Option<usize>,
    carried: bool,
}

impl Rows {
    /// Opens a file, and skips what stands before the table.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(path: &std::path::Path, options: &Options, opener: &Opener) -> Result<Self, Problem> {
        let source = opener.open(path)?;
        let signs = Signs { delimiter: options.delimiter, quote: options.quote, escape: options.escape };
        let mut rows = Self {
            name: source.name().to_owned(),
            source,
            scanner: Scanner::new(signs),
            text: Vec::new(),
            at: 0,
            line: 1,
            ended: false,
            fields: Vec::new(),
            rows: Vec::new(),
            width: None,
            carried: false,
        };
        for _ in 0..options.skip {
            rows.skip_line()?;
        }
        Ok(rows)
    }

    fn skip_line(&mut self) -> Result<(), Problem> {
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                self.at += end + 1;
                self.line += 1;
                return Ok(());
            }
            if self.ended {
                self.at = self.text.len();
                return Ok(());
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> Result<(), Problem> {
        self.text.drain(..self.at);
        self.at = 0;
        if self.text.len() > MAX_ROW {
            let mut fields = Vec::new();
            let step = self.scanner.record(&mut self.text, 0, true, &mut fields);
            return Err(match step {
                Step::Open { lines } => self.open_quote(lines),
                _ => Problem::at(&self.name, self.line, format!("the row is longer than {} MiB", MAX_ROW >> 20)),
            });
        }
        self.ended = !self.source.read(&mut self.text)?;
        Ok(())
    }

    fn open_quote(&self, lines: u32) -> Problem {
        let what = "a quote opens here and is not closed; double quotes within a value, or write `quote: \"\"` where quotes have no meaning";
        Problem::at(&self.name, self.line + u64::from(lines), what)
    }

    /// The names of the columns.
    ///
    /// # Errors
    /// When the file is empty, or a name stands there twice.
    pub fn names(&mut self, options: &Options) -> Result<Vec<String>, Problem> {
        let line = self.line;
        if !self.block(1, None)? {
            let what = if options.header { "is empty: a CSV file begins with the names of its columns" } else { "is empty: nothing shows how many columns it has" };
            return Err(Problem::at(&self.name, 0, what));
        }
        let found: Vec<String> = self.fields.iter().map(|field| self.string(*field)).collect();
        self.width = Some(found.len());
        if found.len() > MAX_COLUMNS {
            return Err(Problem::at(&self.name, line, format!("has more than {MAX_COLUMNS} columns")));
        }
        if !options.header {
            self.carried = true;
            if options.schema.is_empty() {
                return Ok((1..=found.len()).map(|n| format!("column_{n}")).collect());
            }
            if options.schema.len() != found.len() {
                let what = format!("has {} columns, but `schema` names {}", found.len(), options.schema.len());
                return Err(Problem::at(&self.name, line, what));
            }
            return Ok(options.schema.iter().map(|(name, _)| name.clone()).collect());
        }
        if let Some(place) = found.iter().position(String::is_empty) {
            let what = format!("column {} has no name: name it, or write `header: false`", place + 1);
            return Err(Problem::at(&self.name, line, what));
        }
        distinct(found, options.rename_duplicates).map_err(|repeated| {
            let names = list(&repeated.iter().map(String::as_str).collect::<Vec<_>>());
            let what = format!("the header names {names} more than once: rename them, or write `duplicates: rename`");
            Problem::at(&self.name, line, what)
        })
    }

    fn string(&self, field: Field) -> String {
        String::from_utf8_lossy(field.of(&self.text)).into_owned()
    }

    fn values(&self, row: Row) -> Vec<String> {
        let width = self.width.unwrap_or(0);
        self.fields.iter().skip(row.first).take(width).map(|field| self.string(*field)).collect()
    }

    /// Scans up to `most` rows into the buffer; false at the end of the file.
    fn block(&mut self, most: usize, reject: Option<&Reject>) -> Result<bool, Problem> {
        if std::mem::take(&mut self.carried) {
            return Ok(true);
        }
        self.fields.clear();
        self.rows.clear();
        // What is scanned must not move: a block ends where more text is to be read.
        while self.rows.len() < most {
            if self.at >= self.text.len() && self.ended {
                break;
            }
            let first = self.fields.len();
            match self.scanner.record(&mut self.text, self.at, self.ended, &mut self.fields) {
                Step::Record { next, lines } => {
                    let line = self.line;
                    let blank = next - self.at <= 2 && self.is_blank(first);
                    self.at = next;
                    self.line += u64::from(lines);
                    let width = self.fields.len() - first;
                    if blank && self.width != Some(1) {
                        self.fields.truncate(first);
                    } else if self.width.is_some_and(|wanted| wanted != width) {
                        self.ragged(first, line, reject)?;
                    } else {
                        self.rows.push(Row { first, line });
                    }
                }
                Step::More => {
                    self.fields.truncate(first);
                    if !self.rows.is_empty() {
                        break;
                    }
                    self.fields.clear();
                    self.fill()?;
                }
                Step::AfterQuote { at, lines } => {
                    let line = self.line + u64::from(lines);
                    let byte = self.text.get(at..).and_then(|rest| String::from_utf8_lossy(rest.get(..rest.len().min(4))?).chars().next());
                    let what = format!(
                        "`{}` stands after a closing quote: write a quote within a value twice, or another `delimiter`",
                        byte.map(|c| shown(&c.to_string())).unwrap_or_default()
                    );
                    return Err(Problem::at(&self.name, line, what));
                }
                Step::Open { lines } => return Err(self.open_quote(lines)),
            }
            if self.fields.len() > (BATCH_BYTES / 4).max(first + 1) && !self.rows.is_empty() {
                break;
            }
        }
        Ok(!self.rows.is_empty())
    }

    fn is_blank(&self, first: usize) -> bool {
        let only = self.fields.get(first..).unwrap_or_default();
        matches!(only, [field] if !field.quoted() && field.of(&self.text).is_empty())
    }

    fn ragged(&mut self, first: usize, line: u64, reject: Option<&Reject>) -> Result<(), Problem> {
        let values: Vec<String> = self.fields.iter().skip(first).map(|field| self.string(*field)).collect();
        self.fields.truncate(first);
        let wanted = self.width.unwrap_or(0);
        let fields = |n: usize| if n == 1 { "1 field".to_owned() } else { format!("{n} fields") };
        let what = format!(
            "the row has {} where the table has {wanted} columns: mend the row, set `delimiter` or `quote`, or write `on_bad_row: skip`",
            fields(values.len())
        );
        let problem = Problem::at(&self.name, line, what);
        match reject {
            Some(reject) => reject(Rejected { problem, values }),
            None => Err(problem),
        }
    }

    /// Guesses types from the first rows.
    fn sample(&mut self, options: &Options, wanted: &[(usize, usize)], guesses: &mut [(Guess, bool)]) -> Result<(), Problem> {
        let ignore: Reject = Arc::new(|_| Ok(()));
        let mut seen = 0;
        while seen < SAMPLE && self.block(SAMPLE - seen, Some(&ignore))? {
            seen += self.rows.len();
            for row in &self.rows {
                for (column, place) in wanted {
                    let Some(field) = self.fields.get(row.first + place) else { continue };
                    let Some((all, fits)) = guesses.get_mut(*column) else { continue };
                    let bytes = field.of(&self.text);
                    if *all == Guess::Text || bytes.is_empty() {
                        continue;
                    }
                    if options.null_values.as_ref().is_some_and(|nulls| nulls.iter().any(|null| null.as_bytes() == bytes)) {
                        continue;
                    }
                    let pointed = crate::column::pointed(bytes, options.decimal_comma);
                    let bytes = pointed.as_deref().unwrap_or(b"x");
                    *fits = *fits && float_keeps(bytes);
                    *all = all.and(guess(bytes), *fits);
                }
            }
        }
        Ok(())
    }

    /// Scans the next rows of a file for a reader of texts; each row with its line. NULL is `None`.
    ///
    /// # Errors
    /// When a row does not fit.
    pub fn texts(&mut self, options: &Options) -> Result<Option<Vec<(u64, Vec<Option<String>>)>>, Problem> {
        if !self.block(512, None)? {
            return Ok(None);
        }
        let width = self.width.unwrap_or(0);
        let value = |field: &Field| {
            let bytes = field.of(&self.text);
            let null = match &options.null_values {
                None => bytes.is_empty() && !field.quoted(),
                Some(nulls) => nulls.iter().any(|null| null.as_bytes() == bytes),
            };
            (!null).then(|| self.string(*field))
        };
        let rows = self.rows.iter().map(|row| {
            (row.line, self.fields.iter().skip(row.first).take(width).map(value).collect())
        });
        Ok(Some(rows.collect()))
    }
}

/// The rows of a table as batches.
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
        let mut rows = Rows::open(&layout.path, &table.options, &table.opener)?;
        let names = rows.names(&table.options)?;
        if names.len() != layout.width {
            return Err(Problem::at(&rows.name, 0, "the file changed while it was read"));
        }
        Ok(rows)
    }

    fn batch(&self, file: usize, rows: &mut Rows, reject: Option<&Reject>) -> Result<RecordBatch, Problem> {
        if let Some(reject) = reject {
            let every: Vec<usize> = (0..self.table.columns.len()).collect();
            let (_, bad) = self.columns(file, rows, &every, usize::MAX);
            if !bad.is_empty() {
                let mut worst: std::collections::BTreeMap<usize, (usize, Bad)> = std::collections::BTreeMap::new();
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

    fn columns(&self, file: usize, rows: &Rows, wanted: &[usize], most: usize) -> (Vec<ArrayRef>, Vec<(usize, Bad)>) {
        let (mut arrays, mut all) = (Vec::with_capacity(wanted.len()), Vec::new());
        for i in wanted {
            let Some(found) = self.table.columns.get(*i) else { continue };
            let place = self.table.files.get(file).and_then(|layout| layout.places.get(*i).copied().flatten());
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
