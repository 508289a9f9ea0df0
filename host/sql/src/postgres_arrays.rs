//! Arrays of PostgreSQL (`array_send` in its sources).

use crate::Value;
use crate::bounded::ROW;
use crate::postgres_parameters::write_text;
use crate::postgres_types::{Decoder, Unread};
use crate::value::{JsonText, TooLong};

/// The maximum length of the text of an array. A number of 14 bytes may have a text of 130,000.
const TEXT: u64 = 4 * ROW;

/// Decodes an array: JSON, nested by its dimensions. An array whose numbering does not begin at 1 becomes the text
/// that the client shows, because a list cannot hold the numbers.
pub(crate) fn array(raw: &[u8], element: &Decoder) -> Result<Value, Unread> {
    let mut rest = raw;
    let (sizes, bounds) = head(&mut rest).ok_or(Unread::Form)?;
    let mut out = JsonText::new(TEXT);
    if sizes.is_empty() {
        return Ok(Value::Json("[]".into()));
    }
    if bounds.iter().all(|(first, _)| *first == 1) {
        nested(&mut out, &mut rest, &sizes, element, &JSON)?;
        return Ok(Value::Json(out.finish()));
    }
    for (first, last) in bounds {
        out.push(&format!("[{first}:{last}]"))?;
    }
    out.push("=")?;
    nested(&mut out, &mut rest, &sizes, element, &SHOWN)?;
    Ok(Value::Text(out.finish()))
}

/// The sizes of the dimensions, and the numbers of their first and last items.
type Dimensions = (Vec<usize>, Vec<(i32, i64)>);

/// Reads the dimensions of an array.
fn head(rest: &mut &[u8]) -> Option<Dimensions> {
    let mut next = || -> Option<i32> {
        let (word, after) = rest.split_at_checked(4)?;
        *rest = after;
        Some(i32::from_be_bytes(word.try_into().ok()?))
    };
    let dimensions = usize::try_from(next()?).ok().filter(|count| *count <= 6)?;
    next()?;
    next()?;
    let (mut sizes, mut bounds) = (Vec::new(), Vec::new());
    for _ in 0..dimensions {
        let size = next()?;
        sizes.push(usize::try_from(size).ok()?);
        let first = next()?;
        bounds.push((first, i64::from(first) + i64::from(size) - 1));
    }
    Some((sizes, bounds))
}

/// A notation of arrays.
struct Style {
    open: &'static str,
    close: &'static str,
    null: &'static str,
    item: fn(&mut JsonText, &Value) -> Result<(), TooLong>,
}

const JSON: Style = Style { open: "[", close: "]", null: "null", item: JsonText::value };
const SHOWN: Style = Style { open: "{", close: "}", null: "NULL", item: shown };

fn nested(
    out: &mut JsonText,
    rest: &mut &[u8],
    sizes: &[usize],
    element: &Decoder,
    style: &Style,
) -> Result<(), Unread> {
    let Some((size, inner)) = sizes.split_first() else {
        let Some(raw) = item(rest).ok_or(Unread::Form)? else { return Ok(out.push(style.null)?) };
        return Ok((style.item)(out, &element.value(raw)?)?);
    };
    out.push(style.open)?;
    for index in 0..*size {
        if index > 0 {
            out.push(",")?;
        }
        nested(out, rest, inner, element, style)?;
    }
    Ok(out.push(style.close)?)
}

/// Takes the bytes of the next item; the inner `None` is NULL.
fn item<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let (length, after) = rest.split_at_checked(4)?;
    let length = i32::from_be_bytes(length.try_into().ok()?);
    let Ok(length) = usize::try_from(length) else {
        *rest = after;
        return Some(None);
    };
    let (raw, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(Some(raw))
}

/// Writes an item as `psql` shows it within an array.
fn shown(out: &mut JsonText, value: &Value) -> Result<(), TooLong> {
    let text = match value {
        Value::Boolean(value) => if *value { "t" } else { "f" }.to_owned(),
        Value::Timestamp(text) => text.replacen('T', " ", 1),
        Value::TimestampWithZone(text) => text.replacen('T', " ", 1).replacen('Z', "+00", 1),
        value => {
            let mut text = String::new();
            write_text(&mut text, value);
            text
        }
    };
    let special = |c: char| c.is_ascii_whitespace() || "{},\"\\".contains(c);
    if !text.is_empty() && !text.eq_ignore_ascii_case("null") && !text.contains(special) {
        return out.push(&text);
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    out.push(&format!("\"{escaped}\""))
}

#[cfg(test)]
mod tests {
    use tokio_postgres::types::Type;

    use super::*;
    use crate::postgres_types::decoder;

    #[test]
    fn an_array_with_its_own_numbering_is_the_text_of_the_client() {
        let words = |words: &[i32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
        let text = |text: &str| [&(text.len() as i32).to_be_bytes(), text.as_bytes()].concat();
        let of = decoder(&Type::TEXT).unwrap();
        let items = [text("a b"), words(&[-1]), text("")].concat();
        for (bounds, wanted) in [
            (vec![3, 1], Value::Json("[\"a b\",null,\"\"]".into())),
            (vec![3, 0], Value::Text("[0:2]={\"a b\",NULL,\"\"}".into())),
            (vec![1, 1, 3, -1], Value::Text("[1:1][-1:1]={{\"a b\",NULL,\"\"}}".into())),
        ] {
            let head = words(&[bounds.len() as i32 / 2, 1, 25]);
            let raw = [head, words(&bounds), items.clone()].concat();
            assert_eq!(array(&raw, &of), Ok(wanted));
        }
    }

    #[test]
    fn a_short_array_does_not_become_a_text_without_an_end() {
        let words = |words: &[i32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
        let empty = words(&[2, 0, 25, i32::MAX, 1, 0, 1]);
        // A number with 131,000 digits before its point.
        let number = [1, 32_750, 0, 0, 7].iter().flat_map(|word: &i16| word.to_be_bytes());
        let number = [words(&[10]), number.collect()].concat();
        let numbers = [words(&[1, 0, 1700, 1_000, 1]), number.repeat(1_000)].concat();
        for (raw, of) in [(empty, Type::TEXT), (numbers, Type::NUMERIC)] {
            assert_eq!(array(&raw, &decoder(&of).unwrap()), Err(Unread::Long), "{of}");
        }
        assert_eq!(array(&[0, 0], &decoder(&Type::TEXT).unwrap()), Err(Unread::Form));
    }
}
