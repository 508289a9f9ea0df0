//! Arrays of PostgreSQL (`array_send` in its sources).

use crate::Value;
use crate::postgres_parameters::write_text;
use crate::postgres_types::Decoder;
use crate::value::float_text;

/// Decodes an array: JSON, nested by its dimensions. An array whose numbering does not begin at 1 becomes the text
/// that the client shows, because a list cannot hold the numbers.
pub(crate) fn array(raw: &[u8], element: &Decoder) -> Option<Value> {
    let mut rest = raw;
    let mut next = || -> Option<i32> {
        let (word, after) = rest.split_at_checked(4)?;
        rest = after;
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
    if sizes.is_empty() {
        return Some(Value::Json("[]".into()));
    }
    let mut out = String::new();
    if bounds.iter().all(|(first, _)| *first == 1) {
        nested(&mut out, &mut rest, &sizes, element, &JSON)?;
        return Some(Value::Json(out.into()));
    }
    for (first, last) in bounds {
        out.push_str(&format!("[{first}:{last}]"));
    }
    out.push('=');
    nested(&mut out, &mut rest, &sizes, element, &SHOWN)?;
    Some(Value::Text(out.into()))
}

/// A notation of arrays.
struct Style {
    open: char,
    close: char,
    null: &'static str,
    item: fn(&mut String, &Value),
}

const JSON: Style = Style { open: '[', close: ']', null: "null", item: json };
const SHOWN: Style = Style { open: '{', close: '}', null: "NULL", item: shown };

fn nested(
    out: &mut String,
    rest: &mut &[u8],
    sizes: &[usize],
    element: &Decoder,
    style: &Style,
) -> Option<()> {
    let Some((size, inner)) = sizes.split_first() else {
        let (length, after) = rest.split_at_checked(4)?;
        let length = i32::from_be_bytes(length.try_into().ok()?);
        let Ok(length) = usize::try_from(length) else {
            *rest = after;
            out.push_str(style.null);
            return Some(());
        };
        let (raw, after) = after.split_at_checked(length)?;
        *rest = after;
        (style.item)(out, &element.value(raw)?);
        return Some(());
    };
    out.push(style.open);
    for index in 0..*size {
        if index > 0 {
            out.push(',');
        }
        nested(out, rest, inner, element, style)?;
    }
    out.push(style.close);
    Some(())
}

/// Writes a value into JSON. Numbers that lose no digits are numbers, bytes are hexadecimal digits.
fn json(out: &mut String, value: &Value) {
    let mut quote = |text: &str| {
        out.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => out.push(c),
            }
        }
        out.push('"');
    };
    match value {
        Value::Null => out.push_str("null"),
        Value::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Integer(value) => out.push_str(&value.to_string()),
        Value::Float(value) if value.is_finite() => out.push_str(&float_text(*value)),
        Value::Float(value) => quote(&float_text(*value)),
        Value::Decimal(text) if text.ends_with(|c: char| c.is_ascii_digit()) => out.push_str(text),
        Value::Json(text) => out.push_str(text),
        Value::Bytes(bytes) => {
            let mut text = String::new();
            crate::value::hex(&mut text, bytes);
            quote(&text);
        }
        Value::Decimal(text)
        | Value::Text(text)
        | Value::Date(text)
        | Value::Time(text)
        | Value::Timestamp(text)
        | Value::TimestampWithZone(text)
        | Value::Uuid(text) => quote(text),
    }
}

/// Writes an item as `psql` shows it within an array.
fn shown(out: &mut String, value: &Value) {
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
        return out.push_str(&text);
    }
    out.push('"');
    for c in text.chars() {
        if c == '"' || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
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
            assert_eq!(array(&raw, &of), Some(wanted));
        }
    }
}
