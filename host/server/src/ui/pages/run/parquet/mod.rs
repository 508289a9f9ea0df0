//! The first rows of a Parquet file.

mod check;
mod thrift;

use axum::body::Bytes;
use data_encoding::HEXLOWER;
use maud::{Markup, html};
use parquet::basic::{Compression, ConvertedType, LogicalType};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::record::Field;
use parquet::schema::types::ColumnDescPtr;
use stepwell::engine::document::cut;

use crate::ui::{show, values};

/// The maximum size of a file.
pub(super) const MOST: usize = 32 << 20;
/// The rows, the columns and the characters of a cell.
const ROWS: usize = 100;
const COLUMNS: usize = 40;
const CELL: usize = 200;

/// The start of a file.
#[derive(Debug, PartialEq, Eq)]
struct Start {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    /// The numbers of all rows and of all columns.
    all: (i64, usize),
}

/// Shows the first rows of a file. The reader may fail on a damaged file, and then ends in its own thread.
pub(super) async fn shown(bytes: Bytes) -> Markup {
    let read = tokio::task::spawn_blocking(move || start(&bytes)).await;
    match read.unwrap_or_else(|_| Err("the file is damaged: it cannot be read".to_owned())) {
        Ok(start) => table(&start),
        Err(why) => {
            html! { p { "There is no preview: " (show::text(&cut(&why, CELL))) ". Download it to see its content." } }
        }
    }
}

fn table(start: &Start) -> Markup {
    let (rows, columns) = start.all;
    html! {
        (values::grid(&start.head, &start.rows, "Rows of the file"))
        p.muted {
            "The page shows " (start.rows.len()) " of " (show::counted(rows.unsigned_abs() as usize, "row"))
            @if columns > start.head.len() { " and " (start.head.len()) " of " (show::counted(columns, "column")) }
            "."
        }
    }
}

/// Reads the first rows.
fn start(bytes: &Bytes) -> Result<Start, String> {
    check::footer(bytes)?;
    let damaged = |error: parquet::errors::ParquetError| format!("the file is damaged: {error}");
    let reader = SerializedFileReader::new(bytes.clone()).map_err(damaged)?;
    let file = reader.metadata().file_metadata();
    let columns = file.schema_descr().columns();
    let head: Vec<String> =
        columns.iter().take(COLUMNS).map(|column| cut(&column.path().string(), CELL)).collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    // Small groups of rows may follow each other.
    for group in 0..reader.num_row_groups().min(ROWS) {
        let before = rows.len();
        if before >= ROWS || head.is_empty() {
            break;
        }
        let group = reader.get_row_group(group).map_err(damaged)?;
        let count = usize::try_from(group.metadata().num_rows()).unwrap_or_default().min(ROWS - before);
        rows.resize_with(before + count, Vec::new);
        for (place, column) in columns.iter().take(COLUMNS).enumerate() {
            let cells = cells(bytes, &*group, place, column, count)?;
            for (row, cell) in rows.iter_mut().skip(before).zip(cells) {
                row.push(cell);
            }
        }
    }
    Ok(Start { head, rows, all: (file.num_rows(), columns.len()) })
}

/// Reads the first cells of a column.
fn cells(
    bytes: &Bytes,
    group: &dyn RowGroupReader,
    place: usize,
    column: &ColumnDescPtr,
    count: usize,
) -> Result<Vec<String>, String> {
    let name = || cut(&column.path().string(), 60);
    if column.max_rep_level() > 0 {
        return Ok(vec!["(a list)".to_owned(); count]);
    }
    let chunk = group.metadata().column(place);
    if !matches!(chunk.compression(), Compression::UNCOMPRESSED | Compression::SNAPPY) {
        let compression = chunk.compression();
        return Err(format!(
            "it is compressed with {compression}, and the preview reads Snappy and no compression"
        ));
    }
    let from = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
    let range = usize::try_from(from).ok().zip(usize::try_from(chunk.compressed_size()).ok());
    let pages = range.and_then(|(from, length)| bytes.get(from..from.checked_add(length)?));
    let pages =
        pages.ok_or_else(|| format!("the file is damaged: the column {} is outside of it", name()))?;
    check::pages(pages, count).map_err(|why| format!("{why} (column {})", name()))?;
    let reader = group.get_column_reader(place).map_err(|error| format!("the file is damaged: {error}"))?;
    let cells = read(reader, column, count).map_err(|error| format!("the file is damaged: {error}"))?;
    if cells.len() < count {
        return Err(format!("the file is damaged: the column {} has fewer rows than the others", name()));
    }
    Ok(cells)
}

fn read(reader: ColumnReader, column: &ColumnDescPtr, count: usize) -> parquet::errors::Result<Vec<String>> {
    let field = |field: Field| field.to_string();
    match reader {
        ColumnReader::BoolColumnReader(reader) => {
            of(reader, column, count, |value| field(Field::convert_bool(column, *value)))
        }
        ColumnReader::Int32ColumnReader(reader) => {
            of(reader, column, count, |value| field(Field::convert_int32(column, *value)))
        }
        ColumnReader::Int64ColumnReader(reader) => {
            of(reader, column, count, |value| field(Field::convert_int64(column, *value)))
        }
        ColumnReader::Int96ColumnReader(reader) => {
            of(reader, column, count, |value| field(Field::convert_int96(column, *value)))
        }
        ColumnReader::FloatColumnReader(reader) => {
            of(reader, column, count, |value| field(Field::convert_float(column, *value)))
        }
        ColumnReader::DoubleColumnReader(reader) => {
            of(reader, column, count, |value| field(Field::convert_double(column, *value)))
        }
        ColumnReader::ByteArrayColumnReader(reader) => {
            of(reader, column, count, |value| bytes(column, value))
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            of(reader, column, count, |value| bytes(column, value))
        }
    }
}

/// Reads the first values of a column, with an empty cell in the place of each that is absent.
fn of<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    column: &ColumnDescPtr,
    count: usize,
    shown: impl Fn(&T::T) -> String,
) -> parquet::errors::Result<Vec<String>> {
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    let (read, ..) = reader.read_records(count, Some(&mut levels), None, &mut values)?;
    let most = column.max_def_level();
    let mut values = values.iter();
    let mut cell = |place: usize| match levels.get(place) {
        Some(level) if *level < most => String::new(),
        _ => values.next().map(&shown).unwrap_or_default(),
    };
    Ok((0..read).map(&mut cell).collect())
}

/// Shows bytes: a text, a number, or their start in hexadecimal digits.
fn bytes(column: &ColumnDescPtr, value: &ByteArray) -> String {
    let data = value.data();
    let is_decimal = matches!(column.logical_type_ref(), Some(LogicalType::Decimal(_)))
        || column.converted_type() == ConvertedType::DECIMAL;
    if is_decimal && data.len() <= 32 {
        return Field::convert_byte_array(column, value.clone())
            .map_or_else(|_| hex(data), |field| field.to_string());
    }
    // A character has at most four bytes.
    let start = data.get(..4 * CELL).unwrap_or(data);
    match std::str::from_utf8(start) {
        Ok(text) => cut(text, CELL),
        Err(error) if error.error_len().is_none() && start.len() < data.len() => {
            cut(&String::from_utf8_lossy(start.get(..error.valid_up_to()).unwrap_or_default()), CELL)
        }
        Err(_) => hex(data),
    }
}

fn hex(data: &[u8]) -> String {
    let start = data.get(..32).unwrap_or(data);
    format!("{}{}", HEXLOWER.encode(start), if start.len() < data.len() { "…" } else { "" })
}

#[cfg(test)]
mod tests;
