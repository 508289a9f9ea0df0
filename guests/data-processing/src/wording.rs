//! The replacements for expressions that the engine refuses, by the form of its message.

/// Forms of messages, with `{}` for each part that varies, and what to say, with the number of the part.
const FORMS: &[(&str, &str)] = &[
    (
        "require unique expression names but the expression \"{}\" at position {} and \"{}\" at position {} have the same name",
        "the columns `{0}` and `{2}` of the result have one name: name each of them with `AS`",
    ),
    (
        "Unary operator '{}' only supports",
        "`{0}` takes a number or an interval: cast the value, as in `{0}CAST(x AS DOUBLE)`",
    ),
    (
        "Unary operator 'NOT' requires a boolean expression, got {}",
        "`NOT` takes a condition, not {0}: write a comparison, as in `NOT x = 'a'`",
    ),
    (
        "Cannot infer common argument type for logical boolean operation {} {} {}",
        "`{1}` takes conditions, not {0} and {2}: write a comparison, as in `x = 'a'`",
    ),
    (
        "Cannot infer common argument type for comparison operation {} {} {}",
        "`{1}` does not compare {0} with {2}: cast one of them, or take a part of it, as in `x[1]` or `x['key']`",
    ),
    (
        "Cannot create filter with non-boolean predicate '{}' returning {}",
        "WHERE and HAVING take a condition, and `{0}` is {1}: write a comparison, as in `{0} = 1`",
    ),
    (
        "Can't cast value {} to type {}",
        "{0} does not fit into {1}: write `TRY_CAST`, or a wider type, such as BIGINT, DECIMAL(38, 0) or DOUBLE",
    ),
    (
        "value of {} is out of range {}",
        "{0} does not fit into {1}: write a wider type, such as DECIMAL(38, 0) or DOUBLE",
    ),
    (
        "{} is too large to store in a decimal of precision {}. Max is",
        "{0} does not fit into a decimal of {1} digits: write a wider type, such as DECIMAL(38, 2)",
    ),
    (
        "Unsupported CAST from {} to {}",
        "a value of the type {0} has no form as {1}: take a part of it, as in `x[1]` or `x['key']`, or write `to_json(x)`",
    ),
    (
        "Invalid input syntax for type interval: \"{}\"",
        "the text '{0}' is no interval: write `INTERVAL '3 days'`",
    ),
    ("Unsupported SQL type UUID", "there is no type UUID: write TEXT"),
    ("Unsupported SQL type BLOB", "there is no type BLOB: write BYTEA"),
    (
        "Unsupported SQL type TIMESTAMP{}",
        "there is no type TIMESTAMP{0}: write TIMESTAMP, or one with (0), (3), (6) or (9)",
    ),
    (
        "Unsupported SQL type {}",
        "there is no type {0}: the types are BOOLEAN, INTEGER, BIGINT, REAL, DOUBLE, DECIMAL(p, s), TEXT, BYTEA, DATE, TIME, TIMESTAMP, TIMESTAMPTZ and INTERVAL",
    ),
    (
        "column types must match schema types, expected {} but found {} at column index",
        "parts of the query give {0} and {1} for one column: cast both to one type",
    ),
    (
        "The window {} is not defined",
        "there is no window `{0}`: add `WINDOW {0} AS (PARTITION BY ... ORDER BY ...)`",
    ),
    (
        "Cannot access field at argument {}: type {} is not",
        "a value of the type {1} has no fields: `x['key']` takes an object, and `x ->> 'key'` reads JSON in a text",
    ),
    (
        "array_element does not support type {}.",
        "`x[n]` takes a list, not {0}: write `substr(x, n, 1)` for a character of a text",
    ),
    (
        "column \"{}\" must appear in the GROUP BY clause",
        "the column `{0}` stands in SELECT and not in GROUP BY: add it there, or write an aggregate, as in `max({0})`",
    ),
    (
        "HAVING clause references: {} must appear",
        "HAVING has `{0}`, which is neither in GROUP BY nor an aggregate: write conditions on rows in WHERE",
    ),
    (
        "Order by column out of bounds, specified: {}, max: {}",
        "ORDER BY names the column {0}, and the query has {1}",
    ),
    ("LIMIT must be >= 0, '{}' was provided", "LIMIT takes a number from 0 on, not {0}"),
    ("Expected LIMIT to be an integer or null, but got {}", "LIMIT takes a number from 0 on, not {0}"),
    (
        "Scalar subquery returned more than one row",
        "a subquery in the place of a value gives several rows: write `LIMIT 1`, an aggregate, or `IN (SELECT ...)`",
    ),
    (
        "Too many columns! The subquery should only return one column: {}",
        "a subquery in the place of a value gives several columns ({0}): select one of them",
    ),
    (
        "There isn't a common type to coerce {} and {} in {} expression",
        "`{2}` takes texts, not {0} and {1}: write `CAST(x AS TEXT)`",
    ),
    (
        "logical expression InSubquery",
        "`IN (SELECT ...)` compares different types, or stands outside of WHERE: cast one side, or write a join",
    ),
    (
        "Unable to cast to date",
        "the text is no date: write it as '2026-01-31', or read it with `strptime(x, '%d.%m.%Y')`",
    ),
    (
        "ate part '{}' not supported",
        "`{0}` is no part of a date: write 'year', 'quarter', 'month', 'week', 'day', 'dow', 'doy', 'hour', 'minute', 'second' or 'epoch'",
    ),
    (
        "unnest() can only be applied to array",
        "`unnest` takes a list: write `string_to_array(x, ',')` for a text",
    ),
    ("map key must be unique, duplicate key found: {}", "the key `{0}` appears twice in a map"),
    (
        "UNION queries have different number of columns",
        "the parts of UNION have different numbers of columns: select the same columns in each, or write `UNION ALL BY NAME`",
    ),
    ("converted value exceeds the representable i64 range", OUTSIDE),
    ("can be represented as nanoseconds", OUTSIDE),
    ("Overflow converting", OUTSIDE),
];

const OUTSIDE: &str = "a timestamp is before 1677-09-21 or after 2262-04-11, which nanoseconds do not reach: cast both sides to TIMESTAMP, which has microseconds";

/// Functions that need `OVER`.
const WINDOWS: &[&str] =
    &["cume_dist", "dense_rank", "lag", "lead", "nth_value", "ntile", "percent_rank", "rank", "row_number"];

/// Returns what to say in place of the engine's message. The message has the documented names of types.
pub fn reworded(text: &str) -> Option<String> {
    if let Some(said) = arithmetic(text).or_else(|| cast(text)).or_else(|| regex(text)).or_else(|| call(text))
    {
        return Some(said);
    }
    FORMS.iter().find_map(|(form, said)| {
        let parts = parts(text, form)?;
        let fill = |said: String, (place, part): (usize, &&str)| said.replace(&format!("{{{place}}}"), part);
        Some(parts.iter().enumerate().fold((*said).to_owned(), fill))
    })
}

/// Returns the parts of a text that stand in the place of `{}`. The last one ends at the end of its line.
fn parts<'a>(text: &'a str, form: &str) -> Option<Vec<&'a str>> {
    let mut fixed = form.split("{}");
    let first = fixed.next()?;
    let mut rest = text.get(text.find(first)? + first.len()..)?;
    let mut found = Vec::new();
    for next in fixed {
        let end = match next {
            "" => rest.find('\n').unwrap_or(rest.len()),
            next => rest.find(next)?,
        };
        found.push(rest.get(..end)?.trim());
        rest = rest.get(end + next.len()..)?;
    }
    Some(found)
}

fn arithmetic(text: &str) -> Option<String> {
    let found = parts(text, "Cannot coerce arithmetic expression {} to valid types")
        .or_else(|| parts(text, "Cannot get result type for temporal operation {}: "))?;
    let whole = found.first()?;
    let (left, sign, right) = ["+", "-", "*", "/", "%"].iter().find_map(|sign| {
        let (left, right) = whole.split_once(&format!(" {sign} "))?;
        Some((left, *sign, right))
    })?;
    let has = |kind: &str| left.starts_with(kind) || right.starts_with(kind);
    let instead = if has("timestamp") || has("date") || has("time") {
        match sign {
            "+" | "-" => "write `x + INTERVAL '1 day'`, or `x + n * INTERVAL '1 day'` for a column",
            _ => "take a number from it with `date_part('epoch', x)`",
        }
    } else if has("list") || has("object") {
        "take a part of it, as in `x[1]` or `x['key']`"
    } else if has("text") && sign == "+" {
        "write `a || b` to join texts, or `CAST(x AS DOUBLE)` to calculate"
    } else {
        "cast them to numbers, as in `CAST(x AS DOUBLE)` or `CAST(x AS DECIMAL(12, 2))`"
    };
    Some(format!("`{sign}` does not take {left} and {right}: {instead}"))
}

/// Explains that a text is not a value of a type.
fn cast(text: &str) -> Option<String> {
    let found = parts(text, "Cannot cast string '{}' to value of {} type")
        .or_else(|| parts(text, "Cannot cast value '{}' to value of {} type"))
        .or_else(|| {
            let found = parts(text, "Error parsing timestamp from '{}': ")?;
            Some(vec![found.first().copied()?, "timestamp"])
        })?;
    let (value, kind) = (found.first()?, found.get(1)?);
    let name = match *kind {
        "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64" => "BIGINT",
        "float16" | "float32" | "float64" => "DOUBLE",
        "boolean" => "BOOLEAN",
        "time" => "TIME",
        "date" | "timestamp" | "timestamptz" => {
            let form = if *kind == "date" { "2026-01-31" } else { "2026-01-31 10:20:30" };
            return Some(format!(
                "the text '{value}' is no {kind}: write it as '{form}', or read it with `strptime(x, '%d.%m.%Y')`"
            ));
        }
        decimal if decimal.starts_with("decimal") => "DECIMAL(12, 2)",
        _ => return None,
    };
    Some(format!(
        "the text '{value}' is no {kind}: write `TRY_CAST(x AS {name})` to have NULL in place of such texts, or compare with a text"
    ))
}

fn regex(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("regex parse error:")?;
    let pattern = rest.lines().map(str::trim).find(|line| !line.is_empty())?;
    let why = rest.lines().rev().find_map(|line| line.trim().strip_prefix("error: "))?;
    Some(format!("`{pattern}` is no regular expression: {why}"))
}

/// Explains that a function does not take these types.
fn call(text: &str) -> Option<String> {
    let found = parts(text, "given name and argument types '{}'")?;
    let (name, types) = found.first()?.split_once('(')?;
    if name == "array_element" {
        let kind = types.split(',').next().unwrap_or_default();
        return Some(format!(
            "`x[n]` takes a list, not {kind}: write `substr(x, n, 1)` for a character of a text"
        ));
    }
    let types = types.trim_end_matches(')');
    let types = if types.is_empty() { "no arguments".to_owned() } else { types.replace(", ", " and ") };
    Some(format!(
        "`{name}` does not take {types}: `typeof(x)` shows the type of a value, and `CAST` changes it"
    ))
}

/// Explains that a function needs `OVER`.
pub fn window(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    WINDOWS
        .contains(&lower.as_str())
        .then(|| format!("`{lower}` needs a window: write `{lower}(...) OVER (ORDER BY x)`"))
}

/// The engine's types with parts in parentheses, and their documented names.
const NESTED: &[(&str, &str)] = &[
    ("FixedSizeList(", "list"),
    ("LargeListView(", "list"),
    ("LargeList(", "list"),
    ("ListView(", "list"),
    ("List(", "list"),
    ("Struct(", "object"),
    ("Map(", "map"),
    ("Union(", "union"),
    ("Interval(", "interval"),
    ("Duration(", "interval"),
    ("Time32(", "time"),
    ("Time64(", "time"),
    ("FixedSizeBinary(", "bytes"),
    ("RunEndEncoded(", "value"),
];

/// The engine's simple types and their documented names. A literal has its value in parentheses after them.
const SIMPLE: &[(&str, &str)] = &[
    ("LargeUtf8", "text"),
    ("Utf8View", "text"),
    ("Utf8", "text"),
    ("LargeBinary", "bytes"),
    ("BinaryView", "bytes"),
    ("Binary", "bytes"),
    ("Float16", "float16"),
    ("Float32", "float32"),
    ("Float64", "float64"),
    ("UInt64", "uint64"),
    ("UInt32", "uint32"),
    ("UInt16", "uint16"),
    ("UInt8", "uint8"),
    ("Int64", "int64"),
    ("Int32", "int32"),
    ("Int16", "int16"),
    ("Int8", "int8"),
    ("Date32", "date"),
    ("Date64", "date"),
    ("Boolean", "boolean"),
];

/// Replaces the engine's names of types, and shows its literals as the query writes them.
pub fn types(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let starts = !made.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let (new, length) = match starts.then(|| kind(rest)).flatten() {
            Some(found) => found,
            None => (next.to_string(), next.len_utf8()),
        };
        made.push_str(&new);
        rest = rest.get(length..).unwrap_or_default();
    }
    made
}

/// Returns the documented name of the type or the literal at the beginning of a text, and its length there.
fn kind(text: &str) -> Option<(String, usize)> {
    if let Some(inner) = text.strip_prefix("Timestamp(").and_then(|_| within(text)) {
        let zoned = inner.contains('"') || inner.contains("Some(");
        let name = if zoned { "timestamptz" } else { "timestamp" };
        return Some((name.to_owned(), "Timestamp()".len() + inner.len()));
    }
    if let Some((name, _)) = NESTED.iter().find(|(theirs, _)| text.starts_with(theirs)) {
        let ours = NESTED.iter().find(|(theirs, _)| theirs == name)?.1;
        return Some((ours.to_owned(), name.len() + within(text)?.len() + 1));
    }
    for decimal in ["Decimal32", "Decimal64", "Decimal128", "Decimal256"] {
        if text.starts_with(decimal) {
            return Some(("decimal".to_owned(), decimal.len()));
        }
    }
    let (theirs, ours) = SIMPLE.iter().find(|(theirs, _)| text.starts_with(theirs))?;
    let after = text.get(theirs.len()..)?;
    if let Some(value) = after.starts_with('(').then(|| within(text)).flatten() {
        let length = theirs.len() + value.len() + 2;
        let value = match value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
            Some(text) => format!("'{text}'"),
            None => value.to_owned(),
        };
        return Some((value, length));
    }
    let ends = !after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    ends.then(|| ((*ours).to_owned(), theirs.len()))
}

/// Returns the text within the first parentheses, up to the one that closes them.
fn within(text: &str) -> Option<&str> {
    let start = text.find('(')? + 1;
    let mut depth = 1_usize;
    for (at, c) in text.get(start..)?.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 1 => return text.get(start..start + at),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_their_documented_names() {
        for (theirs, ours) in [
            ("Utf8View + Int64", "text + int64"),
            ("Struct(\"b\": List(Int64)) = Int64", "object = int64"),
            ("Timestamp(ns), Timestamp(µs, \"+00:00\")", "timestamp, timestamptz"),
            ("count(Int64(1)) > Utf8(\"a\")", "count(1) > 'a'"),
            ("Decimal128(38, 10) and UInt64", "decimal(38, 10) and uint64"),
            ("'MyUtf8' Int64x List(", "'MyUtf8' Int64x List("),
            ("ä Interval(MonthDayNano)", "ä interval"),
        ] {
            assert_eq!(types(theirs), ours);
        }
    }

    #[test]
    fn refusals_have_what_to_write() {
        for (said, part) in [
            (
                "Cannot coerce arithmetic expression timestamp + int64 to valid types",
                "`+` does not take timestamp and int64: write `x + INTERVAL '1 day'`",
            ),
            ("Cannot coerce arithmetic expression text + text to valid types", "write `a || b`"),
            (
                "Cannot get result type for temporal operation date * int64: Invalid date arithmetic",
                "`*` does not take date and int64",
            ),
            ("Cannot coerce arithmetic expression list - int64 to valid types", "x['key']"),
            (
                "Cannot cast string 'x' to value of int32 type",
                "the text 'x' is no int32: write `TRY_CAST(x AS BIGINT)`",
            ),
            ("Cannot cast string 'x' to value of date type", "strptime"),
            (
                "Error parsing timestamp from 'x': timestamp must contain at least 10 characters",
                "the text 'x' is no timestamp: write it as '2026-01-31 10:20:30'",
            ),
            (
                "Cannot infer common argument type for comparison operation list = int64",
                "`=` does not compare list with int64",
            ),
            (
                "Invalid regex\n\nregex parse error:\n    (\n    ^\nerror: unclosed group",
                "`(` is no regular expression: unclosed group",
            ),
            (
                "Function 'abs' expects Numeric but received String. No function matches the given name and argument types 'abs(text)'. You might",
                "`abs` does not take text: ",
            ),
            (
                "While expanding wildcard, column \"t.id\" must appear in the GROUP BY clause or",
                "the column `t.id` stands in SELECT",
            ),
            ("Unsupported SQL type TIMESTAMP(4)", "there is no type TIMESTAMP(4): write TIMESTAMP"),
        ] {
            let found = reworded(said).unwrap_or_default();
            assert!(found.contains(part), "{said}\n  {found}\n  {part}");
        }
        assert_eq!(reworded("Expected: an expression, found: EOF"), None);
        assert!(window("ROW_NUMBER").unwrap().contains("row_number(...) OVER"));
    }
}
