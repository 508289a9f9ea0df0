//! Builds typed columns from the texts in a block.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{ArrayRef, BooleanArray, PrimitiveArray, StringArray, new_null_array};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer};

use crate::csv::Column;
use crate::error::{Problem, shown};
use crate::kind::Kind;
use crate::parse;
use crate::rows::Row;
use crate::scan::Field;

/// A value that does not match its column.
pub(crate) struct Bad {
    pub(crate) row: usize,
    pub(crate) value: String,
}

/// The cells of one column in a block.
pub(crate) struct Cells<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) fields: &'a [Field],
    pub(crate) rows: &'a [Row],
    pub(crate) place: usize,
    pub(crate) nulls: Option<&'a [String]>,
    pub(crate) comma: bool,
    /// Whether the value must already be written in the type's own notation.
    pub(crate) exact: bool,
}

impl<'a> Cells<'a> {
    /// Iterates over the cells; `None` is NULL.
    fn each(&self, is_text: bool) -> impl Iterator<Item = Option<&'a [u8]>> {
        self.rows.iter().map(move |row| {
            let field = self.fields.get(row.first + self.place)?;
            cell(*field, self.text, self.nulls, is_text)
        })
    }
}

/// Returns the bytes of a field; `None` is NULL.
pub(crate) fn cell<'a>(
    field: Field,
    text: &'a [u8],
    nulls: Option<&[String]>,
    is_text: bool,
) -> Option<&'a [u8]> {
    let bytes = field.of(text);
    if bytes.is_empty() {
        let kept = is_text
            && (field.quoted() && nulls.is_none()
                || nulls.is_some_and(|nulls| !nulls.iter().any(String::is_empty)));
        return kept.then_some(bytes);
    }
    match nulls {
        Some(nulls) if nulls.iter().any(|null| null.as_bytes() == bytes) => None,
        _ => Some(bytes),
    }
}

/// Converts a number to decimal-point notation. Returns `None` where the decimal sign is a comma but the text
/// contains a point.
pub(crate) fn pointed(bytes: &[u8], comma: bool) -> Option<Cow<'_, [u8]>> {
    if !comma {
        return Some(Cow::Borrowed(bytes));
    }
    let number = bytes.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'.' | b'-' | b'+'));
    if !number || !bytes.contains(&b',') {
        // With a decimal comma, `1.234` could mean 1234 or 1.234. The value becomes text, or is refused.
        let unclear = number && bytes.contains(&b'.');
        return (!unclear).then_some(Cow::Borrowed(bytes));
    }
    if bytes.contains(&b'.') {
        return None;
    }
    Some(Cow::Owned(bytes.iter().map(|byte| if *byte == b',' { b'.' } else { *byte }).collect()))
}

/// Builds a column of values and returns at most `most` of the values that do not match its type.
pub(crate) fn column(kind: &Kind, cells: &Cells<'_>, most: usize) -> (ArrayRef, Vec<Bad>) {
    let mut bad = Vec::new();
    let array: ArrayRef = match kind {
        Kind::Text => return (texts(cells), bad),
        Kind::Boolean => booleans(cells, most, &mut bad),
        Kind::Int64 => {
            let exact = cells.exact;
            let read =
                |bytes: &[u8]| parse::integer(bytes).filter(|_| !exact || parse::is_canonical_integer(bytes));
            Arc::new(values::<Int64Type>(cells, most, &mut bad, read))
        }
        Kind::Float64 => {
            let (exact, comma) = (cells.exact, cells.comma);
            let read = |bytes: &[u8]| {
                let bytes = pointed(bytes, comma)?;
                parse::float(&bytes).filter(|_| !exact || parse::float_keeps(&bytes))
            };
            Arc::new(values::<Float64Type>(cells, most, &mut bad, read))
        }
        Kind::Decimal(precision, scale) => {
            let (exact, comma) = (cells.exact, cells.comma);
            let read = |bytes: &[u8]| parse::decimal(&pointed(bytes, comma)?, *precision, *scale, exact).ok();
            let array = values::<Decimal128Type>(cells, most, &mut bad, read);
            Arc::new(array.with_data_type(kind.data_type()))
        }
        Kind::Date(None) => Arc::new(values::<Date32Type>(cells, most, &mut bad, parse::date)),
        Kind::Date(Some(format)) => {
            let read = |bytes: &[u8]| parse::date_as(std::str::from_utf8(bytes).ok()?, format);
            Arc::new(values::<Date32Type>(cells, most, &mut bad, read))
        }
        Kind::Timestamp(None) => {
            let read = |bytes: &[u8]| match parse::timestamp(bytes)? {
                (micros, parse::Zone::None) => Some(micros),
                _ => None,
            };
            Arc::new(values::<TimestampMicrosecondType>(cells, most, &mut bad, read))
        }
        Kind::Timestamp(Some(format)) => {
            let read = |bytes: &[u8]| parse::timestamp_as(std::str::from_utf8(bytes).ok()?, format);
            Arc::new(values::<TimestampMicrosecondType>(cells, most, &mut bad, read))
        }
        Kind::TimestampTz => {
            let exact = cells.exact;
            let read = |bytes: &[u8]| match parse::timestamp(bytes)? {
                (micros, parse::Zone::Utc) => Some(micros),
                (micros, parse::Zone::Offset(_)) if !exact => Some(micros),
                _ => None,
            };
            Arc::new(values::<TimestampMicrosecondType>(cells, most, &mut bad, read).with_timezone("+00:00"))
        }
        Kind::List(_) | Kind::Object(_) => new_null_array(&kind.data_type(), cells.rows.len()),
    };
    (array, bad)
}

/// Builds a column of single texts, each parsed as the given type, and returns whether all of them match.
pub(crate) fn scalar(kind: &Kind, texts: &[Option<&str>]) -> (ArrayRef, bool) {
    let (mut text, mut fields, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for cell in texts {
        let start = text.len();
        text.extend_from_slice(cell.unwrap_or_default().as_bytes());
        rows.push(Row { first: fields.len(), line: 0 });
        fields.push(Field::plain(start, text.len()));
    }
    let cells = Cells {
        text: &text,
        fields: &fields,
        rows: &rows,
        place: 0,
        nulls: None,
        comma: false,
        exact: false,
    };
    let (array, bad) = column(kind, &cells, 1);
    (array, bad.is_empty())
}

fn note(bad: &mut Vec<Bad>, most: usize, row: usize, value: &[u8]) {
    if bad.len() < most {
        bad.push(Bad { row, value: String::from_utf8_lossy(value).into_owned() });
    }
}

fn values<T: ArrowPrimitiveType>(
    cells: &Cells<'_>,
    most: usize,
    bad: &mut Vec<Bad>,
    read: impl Fn(&[u8]) -> Option<T::Native>,
) -> PrimitiveArray<T> {
    let mut all = Vec::with_capacity(cells.rows.len());
    let mut nulls = NullBufferBuilder::new(cells.rows.len());
    for (row, cell) in cells.each(false).enumerate() {
        match cell.map(|bytes| (bytes, read(bytes))) {
            Some((_, Some(value))) => {
                all.push(value);
                nulls.append_non_null();
                continue;
            }
            Some((bytes, None)) => note(bad, most, row, bytes),
            None => {}
        }
        all.push(T::Native::default());
        nulls.append_null();
    }
    PrimitiveArray::new(ScalarBuffer::from(all), nulls.finish())
}

fn booleans(cells: &Cells<'_>, most: usize, bad: &mut Vec<Bad>) -> ArrayRef {
    let mut all = BooleanBufferBuilder::new(cells.rows.len());
    let mut nulls = NullBufferBuilder::new(cells.rows.len());
    for (row, cell) in cells.each(false).enumerate() {
        let value = match cell {
            None => None,
            Some(b"true") => Some(true),
            Some(b"false") => Some(false),
            Some(bytes) if !cells.exact && bytes.eq_ignore_ascii_case(b"true") => Some(true),
            Some(bytes) if !cells.exact && bytes.eq_ignore_ascii_case(b"false") => Some(false),
            Some(bytes) => {
                note(bad, most, row, bytes);
                None
            }
        };
        all.append(value.unwrap_or_default());
        nulls.append(value.is_some());
    }
    Arc::new(BooleanArray::new(all.finish(), nulls.finish()))
}

fn texts(cells: &Cells<'_>) -> ArrayRef {
    let mut bytes = Vec::with_capacity(cells.rows.len() * 8);
    let mut offsets: Vec<i32> = Vec::with_capacity(cells.rows.len() + 1);
    let mut nulls = NullBufferBuilder::new(cells.rows.len());
    offsets.push(0);
    for cell in cells.each(true) {
        match cell {
            Some(cell) => {
                bytes.extend_from_slice(cell);
                nulls.append_non_null();
            }
            None => nulls.append_null(),
        }
        // A block is far smaller than 2 GiB.
        offsets.push(i32::try_from(bytes.len()).unwrap_or(i32::MAX));
    }
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    match StringArray::try_new(offsets, Buffer::from_vec(bytes), nulls.finish()) {
        Ok(array) => Arc::new(array),
        Err(_) => new_null_array(&Kind::Text.data_type(), cells.rows.len()),
    }
}

/// Describes the problem of a value and a schema that accepts it.
pub fn misfit(file: &str, line: u64, column: &Column, value: &str) -> Problem {
    let wider = wider(&column.kind, value, column.declared);
    let why = if column.declared { "as `schema` says" } else { "as the rows before it are" };
    let what = format!(
        "`{}` is no {}, {why}: write `schema: {{{}: {wider}}}`{}",
        shown(value),
        column.kind,
        key(&column.name),
        if column.declared { ", or leave such rows out with `on_bad_row: skip`" } else { "" }
    );
    Problem::at(file, line, what).in_column(&column.name)
}

/// Returns a type that accepts the value.
fn wider(kind: &Kind, value: &str, declared: bool) -> String {
    let bytes = value.as_bytes();
    let digits = value.trim_start_matches(['-', '+']);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let scale = digits.split_once('.').map_or(0, |(_, behind)| behind.len());
    match kind {
        Kind::Decimal(_, now) if plain && digits.matches('.').count() < 2 => {
            let scale = scale.max(usize::try_from(*now).unwrap_or(0)).min(37);
            format!("\"decimal(38,{scale})\"")
        }
        Kind::Int64 | Kind::Float64
            if plain && !digits.starts_with("00") && scale > 0 && parse::float_keeps(bytes) && !declared =>
        {
            "float64".to_owned()
        }
        _ => "text".to_owned(),
    }
}

/// Formats a name as a YAML key within braces.
fn key(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    if plain { name.to_owned() } else { format!("\"{}\"", shown(name)) }
}
