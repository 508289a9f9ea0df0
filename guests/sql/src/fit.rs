//! The values that a table column can hold. A load refuses a value that the database would change silently:
//! databases round decimals, cut times from dates and drop time zones.

/// The facts that a load knows about a column of the table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// The database's name of its type; empty if unknown.
    pub type_name: String,
    /// Whether the column accepts an empty text as a value.
    pub takes_empty: bool,
    /// Whether the column holds numbers.
    pub is_number: bool,
    check: Check,
}

/// The way in which a column would change a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Check {
    #[default]
    Nothing,
    /// Digits after the decimal point beyond this number.
    Places(usize),
    /// Fractional digits of a second beyond this number, and whether a time zone would be dropped.
    Seconds(usize, bool),
    /// The time of day of a timestamp.
    Day,
    /// More digits than a float preserves. SQLite converts a number to a float unless it is a 64-bit integer.
    Fifteen,
}

impl Target {
    /// Creates a column of unknown type.
    pub fn unknown() -> Self {
        Self { takes_empty: true, ..Self::default() }
    }

    /// Creates a column of this type.
    pub fn of(dialect: &str, type_name: &str) -> Self {
        let name = type_name.to_ascii_lowercase();
        let target = match dialect {
            "sqlite" => sqlite(&name),
            _ => server(dialect, &name),
        };
        Self { type_name: type_name.to_owned(), ..target }
    }

    /// Returns whether the column holds every text unchanged, or the database itself reports the misfit.
    pub fn takes_all(&self) -> bool {
        self.check == Check::Nothing
    }

    /// Explains why the column would not hold the text unchanged. Returns `None` if it would, or if the
    /// database itself reports the misfit.
    pub fn misfit(&self, text: &str) -> Option<String> {
        let shown = || tables::shown(text);
        match self.check {
            Check::Nothing => None,
            Check::Places(most) => (places(text)? > most).then(|| {
                format!(
                    "`{}` has more digits behind the point than the column of the type `{}` holds: round it before the load, or widen the column",
                    shown(), self.type_name
                )
            }),
            Check::Day => time(text)?.bytes().any(|byte| byte.is_ascii_digit() && byte != b'0').then(|| {
                format!("`{}` has a time, and the column of the type `{}` holds days only: cut it before the load, or change the column", shown(), self.type_name)
            }),
            Check::Seconds(most, drops_zone) => {
                let time = time(text)?;
                let (clock, zone) = match time.find(['Z', '+', '-']) {
                    Some(at) => time.split_at_checked(at)?,
                    None => (time, ""),
                };
                let digits = clock.split_once('.').map_or(0, |(_, behind)| behind.trim_end_matches('0').len());
                if digits > most {
                    return Some(format!("`{}` has more digits of a second than the column of the type `{}` holds: round it before the load, or widen the column", shown(), self.type_name));
                }
                let moves = zone.bytes().any(|byte| byte.is_ascii_digit() && byte != b'0');
                (drops_zone && moves).then(|| {
                    format!("`{}` has a zone, and the column of the type `{}` has none: write it in UTC, or change the column", shown(), self.type_name)
                })
            }
            Check::Fifteen => {
                let is_number = text.parse::<f64>().is_ok_and(f64::is_finite) && !text.ends_with(['f', 'y', 'n']);
                let kept = text.parse::<i64>().is_ok() || digits(text) <= 15;
                (is_number && !kept).then(|| {
                    format!("`{}` has more digits than SQLite keeps in a column of the type `{}`: declare the column as TEXT", shown(), self.type_name)
                })
            }
        }
    }
}

/// Creates a column of SQLite, by the rules of type affinity in sqlite.org/datatype3.html.
fn sqlite(name: &str) -> Target {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let number = Target { check: Check::Fifteen, ..Target::default() };
    match name {
        _ if has(&["int"]) => Target { is_number: true, ..number },
        _ if has(&["char", "clob", "text"]) => Target::unknown(),
        "" => Target::unknown(),
        _ if has(&["blob"]) => Target::unknown(),
        _ => Target { is_number: has(&["real", "floa", "doub", "num", "dec"]), ..number },
    }
}

/// Creates a column of a database server.
fn server(dialect: &str, name: &str) -> Target {
    let (base, within) = match name.split_once('(') {
        Some((base, rest)) => (base.trim_end(), rest.strip_suffix(')')),
        None => (name, None),
    };
    let base = base.trim_end_matches(" unsigned");
    let number = |check| Target { is_number: true, check, ..Target::default() };
    let checked = |check| Target { check, ..Target::default() };
    let seconds = || within.and_then(|digits| digits.trim().parse().ok());
    let default = if dialect == "mysql" { 0 } else { 6 };
    match base {
        "int" | "integer" | "bigint" | "smallint" | "tinyint" | "mediumint" | "int2" | "int4" | "int8"
        | "year" => number(Check::Places(0)),
        "numeric" | "decimal" => {
            let scale = within.and_then(|digits| digits.split_once(',')?.1.trim().parse().ok());
            number(scale.map_or(Check::Nothing, Check::Places))
        }
        "real" | "float" | "float4" | "float8" | "double" | "money" => number(Check::Nothing),
        "date" => checked(Check::Day),
        // The time types of SQL Server have their own increments.
        _ if dialect == "mssql" => text_or_not(base),
        "timestamp" | "datetime" => checked(Check::Seconds(seconds().unwrap_or(default), true)),
        "timestamptz" => checked(Check::Seconds(seconds().unwrap_or(default), false)),
        "time" => checked(Check::Seconds(seconds().unwrap_or(default), false)),
        _ => text_or_not(base),
    }
}

fn text_or_not(base: &str) -> Target {
    let words = ["char", "text", "clob", "blob", "bytea", "binary", "name", "enum", "set"];
    Target { takes_empty: words.iter().any(|word| base.contains(word)), ..Target::default() }
}

/// Counts the digits after the decimal point without trailing zeros, and takes an exponent into account.
/// Returns `None` if the text is not a number.
fn places(text: &str) -> Option<usize> {
    let text = text.trim();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, behind) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole.trim_start_matches(['-', '+'])) || !digits(behind) {
        return None;
    }
    let behind = behind.trim_end_matches('0');
    let places = match behind {
        "" => {
            let whole = whole.trim_start_matches(['-', '+', '0']);
            if whole.is_empty() {
                return Some(0);
            }
            -i64::try_from(whole.len() - whole.trim_end_matches('0').len()).ok()?
        }
        behind => i64::try_from(behind.len()).ok()?,
    };
    Some(usize::try_from(places.saturating_sub(exponent)).unwrap_or(0))
}

/// Returns the part after an ISO date, or the whole text of a time of day.
fn time(text: &str) -> Option<&str> {
    let text = text.trim();
    match text.as_bytes() {
        [_, _, _, _, b'-', _, _, b'-', _, _, b'T' | b't' | b' ', ..] => text.get(11..),
        [b'0'..=b'9', b'0'..=b'9', b':', ..] => Some(text),
        _ => None,
    }
}

/// Counts the significant digits of a number.
fn digits(text: &str) -> usize {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    if mantissa.contains('.') { digits.trim_end_matches('0').len() } else { digits.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_the_database_would_change_is_refused() {
        for (dialect, type_name, kept, refused) in [
            (
                "postgres",
                "numeric(10,2)",
                &["1.50", "1.500", "-3", "abc", "", "15e-1", "NaN"][..],
                &["1.005", "1e-3"][..],
            ),
            ("postgres", "numeric", &["1.005"], &[]),
            ("postgres", "int4", &["7", "007", "7.0", "1e3", "100e-2"], &["1.5", "15e-1"]),
            ("mysql", "bigint unsigned", &["18446744073709551615"], &["0.5"]),
            ("mysql", "decimal(10,2)", &["0.10"], &["0.101"]),
            ("mysql", "date", &["2026-01-31", "2026-01-31 00:00:00"], &["2026-01-31 10:00:00"]),
            (
                "postgres",
                "date",
                &["2026-01-31", "infinity", "2026-01-31T00:00:00Z"],
                &["2026-01-31T00:00:01"],
            ),
            (
                "mysql",
                "datetime",
                &["2026-01-31 10:20:30", "2026-01-31T10:20:30.000"],
                &["2026-01-31 10:20:30.5"],
            ),
            ("mysql", "datetime(3)", &["2026-01-31 10:20:30.125"], &["2026-01-31 10:20:30.1255"]),
            ("mysql", "time", &["10:20:30"], &["10:20:30.5"]),
            (
                "postgres",
                "timestamp",
                &["2026-01-31 10:20:30.123456", "2026-01-31T10:20:30Z", "2026-01-31 10:20:30+00:00"],
                &["2026-01-31T10:20:30+02:00", "2026-01-31 10:20:30.1234567"],
            ),
            ("postgres", "timestamptz", &["2026-01-31T10:20:30+02:00"], &["2026-01-31T10:20:30.1234567Z"]),
            ("postgres", "text", &["1.005", "2026-01-31T10:20:30+02:00"], &[]),
            (
                "sqlite",
                "NUMERIC(10,2)",
                &["1.005", "9223372036854775807", "123456789012345", "12345678901234.5", "nan", "abc"],
                &["12345678901234567890", "0.1234567890123456"],
            ),
            ("sqlite", "VARCHAR(9)", &["12345678901234567890"], &[]),
            ("mssql", "datetime2", &["2026-01-31 10:20:30.1234567"], &[]),
        ] {
            let target = Target::of(dialect, type_name);
            for text in kept {
                assert_eq!(target.misfit(text), None, "{type_name} {text}");
            }
            for text in refused {
                assert!(target.misfit(text).is_some_and(|why| why.contains(text)), "{type_name} {text}");
            }
        }
    }

    #[test]
    fn columns_of_text_take_the_empty_text_and_columns_of_numbers_the_decimal_sign() {
        for (dialect, type_name, takes_empty, is_number) in [
            ("postgres", "varchar", true, false),
            ("postgres", "int4", false, true),
            ("postgres", "uuid", false, false),
            ("postgres", "interval", false, false),
            ("mysql", "char", true, false),
            ("mysql", "double", false, true),
            ("mssql", "nvarchar", true, false),
            ("mssql", "bit", false, false),
            ("sqlite", "", true, false),
            ("sqlite", "DECIMAL", false, true),
            ("sqlite", "date", false, false),
        ] {
            let target = Target::of(dialect, type_name);
            assert_eq!(
                (target.takes_empty, target.is_number),
                (takes_empty, is_number),
                "{dialect} {type_name}"
            );
        }
    }
}
