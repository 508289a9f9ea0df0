//! Date formats: with `%`, or in PostgreSQL's notation.

use std::borrow::Cow;

/// PostgreSQL's format letters and their equivalents, longest first.
const LETTERS: &[(&str, &str)] = &[
    ("FMHH24", "%-H"),
    ("FMMonth", "%B"),
    ("FMDay", "%A"),
    ("FMDD", "%-d"),
    ("FMMM", "%-m"),
    ("HH24", "%H"),
    ("HH12", "%I"),
    ("YYYY", "%Y"),
    ("IYYY", "%G"),
    ("DDD", "%j"),
    ("Mon", "%b"),
    ("YY", "%y"),
    ("MM", "%m"),
    ("DD", "%d"),
    ("Dy", "%a"),
    ("HH", "%I"),
    ("MI", "%M"),
    ("SS", "%S"),
    ("MS", "%3f"),
    ("US", "%6f"),
    ("IW", "%V"),
    ("AM", "%p"),
    ("PM", "%p"),
];

/// Converts a format to `%` notation. `.%f` is a fraction of a second of any length.
///
/// # Errors
/// Fails when the format has letters without a meaning.
pub fn percent(format: &str) -> Result<Cow<'_, str>, String> {
    if format.contains('%') {
        return Ok(match format.contains(".%f") {
            true => Cow::Owned(format.replace(".%f", "%.f")),
            false => Cow::Borrowed(format),
        });
    }
    let mut made = String::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        if let Some((letters, sign)) = LETTERS.iter().find(|(letters, _)| rest.starts_with(letters)) {
            made.push_str(sign);
            rest = rest.get(letters.len()..).unwrap_or_default();
        } else if first == '"' {
            let (quoted, after) = rest.get(1..).and_then(|rest| rest.split_once('"')).unwrap_or((rest, ""));
            made.push_str(quoted);
            rest = after;
        } else if first.is_alphabetic() {
            return Err(format!(
                "the format `{format}` has `{rest}`, which is not known: write it with `%`, as in '%d.%m.%Y %H:%M'"
            ));
        } else {
            made.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    Ok(Cow::Owned(made))
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn letters_of_postgresql_become_signs() {
        for (format, made) in [
            ("DD.MM.YYYY", "%d.%m.%Y"),
            ("YYYY-MM-DD\"T\"HH24:MI:SS.MS", "%Y-%m-%dT%H:%M:%S.%3f"),
            ("FMDD. FMMonth", "%-d. %B"),
            ("%Y %H:%M:%S.%f", "%Y %H:%M:%S%.f"),
        ] {
            assert_eq!(percent(format).as_deref(), Ok(made));
        }
        assert!(percent("YYYY-MM-DDTHH24").unwrap_err().contains("`THH24`"));
    }
}
