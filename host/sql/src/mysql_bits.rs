//! `BIT` of MariaDB, which has two wire forms.
//!
//! A column of a table, of a temporary table or of a union arrives as bytes, as in MySQL. An expression over
//! one (a scalar subquery, `MAX`, `COALESCE`) arrives as decimal digits, and its description has the flag
//! `BINARY`. A window function and a union also have that flag, but arrive as bytes. The words of the
//! statement tell them apart where the bytes do not.

use mysql_async::Column as Described;
use mysql_async::consts::{ColumnFlags, ColumnType};

use crate::Value;
use crate::dialect::{Kind, Token};

/// The character set of binary data.
pub(crate) const BINARY: u16 = 63;

/// The wire form of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Bytes, the highest first.
    Bytes,
    /// Decimal digits, unless the bytes of a value indicate otherwise.
    Digits,
    /// Bytes, unless the length of a value indicates otherwise.
    Window,
    /// Bytes that the server describes as text: an expression over a bit and a literal, as in
    /// `IFNULL(b, b'0')`.
    Literal,
}

/// Returns the form of each column of a statement. For columns other than `BIT`, the form has no meaning.
pub(crate) fn forms(
    columns: &[Described],
    statement: &str,
    tokens: &[Token<'_>],
    is_mariadb: bool,
) -> Vec<Form> {
    let expression = |column: &Described| {
        is_mariadb
            && column.column_type() == ColumnType::MYSQL_TYPE_BIT
            && column.flags().contains(ColumnFlags::BINARY_FLAG)
    };
    let short = |column: &Described| {
        is_mariadb
            && column.column_type() == ColumnType::MYSQL_TYPE_VAR_STRING
            && column.character_set() == BINARY
            && column.column_length() <= 8
    };
    if !columns.iter().any(|column| expression(column) || short(column)) {
        return vec![Form::Bytes; columns.len()];
    }
    let windows = windows(tokens, columns.len());
    let literals = marked(tokens, columns.len(), false, |item| chooses_bits(item, statement));
    let form = |((column, window), literal): ((&Described, bool), bool)| match expression(column) {
        false if literal && short(column) => Form::Literal,
        false => Form::Bytes,
        true if window => Form::Window,
        true => Form::Digits,
    };
    columns.iter().zip(windows).zip(literals).map(form).collect()
}

/// Converts a value of `bits` bits to a number.
pub(crate) fn number(bytes: &[u8], bits: u32, form: Form) -> Value {
    let width = usize::try_from(bits.div_ceil(8)).unwrap_or(8);
    let digits = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    let is_text = match form {
        Form::Bytes | Form::Literal => false,
        Form::Digits => digits,
        Form::Window => digits && bytes.len() != width,
    };
    let number = match is_text {
        true => bytes
            .iter()
            .fold(0u64, |number, digit| number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'))),
        false => bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte)),
    };
    i64::try_from(number).map_or_else(|_| Value::Decimal(number.to_string().into()), Value::Integer)
}

/// Returns which of `count` columns are window functions or come from a union.
fn windows(tokens: &[Token<'_>], count: usize) -> Vec<bool> {
    marked(tokens, count, true, is_window)
}

/// Returns whether an item of a select list chooses between values, one of which is a literal of bits.
fn chooses_bits(item: &[Token<'_>], statement: &str) -> bool {
    const CHOOSE: &[&str] = &["ifnull", "coalesce", "nvl", "if", "case", "nvl2"];
    let is_bits = |token: &Token<'_>| {
        let before = statement.get(..token.start).unwrap_or_default();
        let text = token.text.to_ascii_lowercase();
        token.kind == Kind::Constant && (before.ends_with(['b', 'B']) || text.starts_with("0b"))
    };
    let first = unwrapped(item).first();
    first.is_some_and(|first| CHOOSE.iter().any(|word| first.is(word))) && item.iter().any(is_bits)
}

/// Returns which of `count` columns have an item in the select list that `is` accepts. All columns of a union
/// have the same result.
fn marked(
    tokens: &[Token<'_>],
    count: usize,
    of_union: bool,
    is_marked: impl Fn(&[Token<'_>]) -> bool,
) -> Vec<bool> {
    let (mut depth, mut base) = (0usize, None);
    let (mut items, mut item, mut listing) = (Vec::new(), Vec::new(), false);
    for token in tokens {
        if token.kind == Kind::Word {
            // The parentheses around the whole statement.
            base.get_or_insert(depth);
        }
        let at_top = base.is_some_and(|base| depth <= base);
        let is = |words: &[&str]| words.iter().any(|word| token.is(word));
        let mut ends = at_top && (is(&["from", "limit", "order", "into"]) || token.text == ";");
        match (token.kind, token.text) {
            (Kind::Sign, "(") => depth += 1,
            (Kind::Sign, ")") => {
                depth = depth.saturating_sub(1);
                ends = base.is_some_and(|base| depth < base);
                base = base.map(|base| base.min(depth));
            }
            _ if at_top && is(&["union", "except", "intersect"]) => return vec![of_union; count],
            _ if at_top && is(&["select"]) && items.is_empty() => {
                listing = true;
                continue;
            }
            (Kind::Sign, ",") if at_top && listing => {
                items.push(std::mem::take(&mut item));
                continue;
            }
            _ => {}
        }
        if listing && ends {
            items.push(std::mem::take(&mut item));
            listing = false;
        } else if listing {
            item.push(*token);
        }
    }
    items.push(item);
    items.retain(|item| !item.is_empty());
    // `*` stands for the number of columns that the other items leave.
    let all = |item: &Vec<Token<'_>>| item.last().is_some_and(|last| last.text == "*");
    let star = items.iter().position(all).unwrap_or(items.len());
    let mut found: Vec<bool> = items.iter().take(star).map(|item| is_marked(item)).collect();
    let after: Vec<bool> = items.iter().skip(star + 1).map(|item| is_marked(item)).collect();
    found.resize(count.saturating_sub(after.len()), false);
    found.extend(after);
    found.resize(count, false);
    found
}

/// Returns whether an item of a select list is itself a window function, or `LAST_VALUE` of expressions.
fn is_window(item: &[Token<'_>]) -> bool {
    let item = match item {
        [named @ .., word, _] if word.is("as") => named,
        item => item,
    };
    let item = unwrapped(item);
    let mut depth = 0usize;
    for token in item {
        match (token.kind, token.text) {
            (Kind::Sign, "(") => depth += 1,
            (Kind::Sign, ")") => depth = depth.saturating_sub(1),
            _ if depth == 0 && token.is("over") => return true,
            _ => {}
        }
    }
    item.first().is_some_and(|first| first.is("last_value"))
}

/// Removes the parentheses around the whole text, unless it is a subquery.
fn unwrapped<'a, 't>(mut tokens: &'a [Token<'t>]) -> &'a [Token<'t>] {
    while let [first, inner @ .., last] = tokens {
        let mut depth = 0usize;
        let closes_before = inner.iter().filter(|token| token.kind == Kind::Sign).any(|token| {
            match token.text {
                "(" => depth += 1,
                ")" if depth == 0 => return true,
                ")" => depth -= 1,
                _ => {}
            }
            false
        });
        let is_query = inner.first().is_some_and(|token| token.is("select") || token.is("with"));
        if first.text != "(" || last.text != ")" || closes_before || is_query {
            break;
        }
        tokens = inner;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use stepwell_engine::config::Database;

    use super::*;
    use crate::dialect::tokens;

    #[test]
    fn bits_are_read_in_both_forms() {
        use Form::{Bytes, Digits, Window};
        for (bytes, bits, form, wanted) in [
            (&b"\x35"[..], 8, Bytes, 53),
            (b"5", 8, Digits, 5),
            (b"53", 8, Digits, 53),
            (b"\x05", 8, Digits, 5),
            (b"5", 8, Window, 53),
            (b"200", 8, Window, 200),
            (b"\x01\x05", 9, Digits, 261),
            (b"261", 9, Digits, 261),
            (b"", 1, Digits, 0),
        ] {
            assert_eq!(number(bytes, bits, form), Value::Integer(wanted), "{bytes:?} {form:?}");
        }
        let most = Value::Decimal(u64::MAX.to_string().into());
        assert_eq!(number(&[255; 8], 64, Bytes), most);
        assert_eq!(number(u64::MAX.to_string().as_bytes(), 64, Digits), most);
    }

    #[test]
    fn choices_between_bits_are_found_by_their_literals() {
        for (text, wanted) in [
            ("SELECT IFNULL(b, b'0'), b, COALESCE(b, 0) FROM t", "100"),
            ("SELECT CASE WHEN k THEN b ELSE 0b1 END AS x, (IF(k, b, B'1')) FROM t", "11"),
            ("SELECT b'101', CONCAT(b, 'b')", "00"),
        ] {
            let tokens = tokens(Database::Mysql, text).unwrap();
            let found = marked(&tokens, wanted.len(), false, |item| chooses_bits(item, text));
            let found: String = found.iter().map(|is| if *is { '1' } else { '0' }).collect();
            assert_eq!(found, wanted, "{text}");
        }
    }

    #[test]
    fn window_functions_are_found_in_the_select_list() {
        for (text, wanted) in [
            ("SELECT MAX(b) OVER (), b FROM t", "10"),
            ("SELECT COALESCE(MAX(b) OVER (), b), (MAX(b) OVER ()) AS x FROM t", "01"),
            ("SELECT (SELECT MAX(b) OVER () FROM t), 1", "00"),
            ("SELECT b, t.*, MAX(b) OVER () FROM t, u", "0001"),
            ("WITH c AS (SELECT 1, 2) SELECT (SELECT b FROM t), MAX(b) OVER () FROM c", "01"),
            ("SELECT (SELECT b FROM t) UNION ALL SELECT b FROM t", "1"),
            ("(SELECT (SELECT b FROM t UNION SELECT 1))", "0"),
            ("((SELECT b FROM t) UNION ALL (SELECT b FROM t)) LIMIT 1", "1"),
            ("(SELECT b FROM t) ORDER BY (SELECT 1 UNION SELECT 2)", "0"),
            ("(SELECT MAX(b) OVER ())", "1"),
            ("SELECT LAST_VALUE(1, b) FROM t;", "1"),
            ("CALL p()", "00"),
        ] {
            let tokens = tokens(Database::Mysql, text).unwrap();
            let found: String =
                windows(&tokens, wanted.len()).iter().map(|is| if *is { '1' } else { '0' }).collect();
            assert_eq!(found, wanted, "{text}");
        }
    }
}
