//! The texts that a column or a parameter of a database holds unchanged. Databases round decimals, cut times
//! from dates and drop time zones without an error. A load and a statement refuse such a text.
//!
//! Each server has one table of its types. A text that the server itself refuses needs no rule.

mod check;
mod digits;
mod keys;
mod moment;
mod mssql;
mod mysql;
mod postgres;
mod span;
mod sqlite;

use check::Check;

/// The maximum number of characters of a value in a message.
const SHOWN: usize = 100;

/// The facts about a column or the place of a parameter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// The database's name of its type; empty if unknown.
    pub type_name: String,
    /// Whether the column accepts an empty text as a value.
    pub takes_empty: bool,
    /// Whether the column holds numbers.
    pub is_number: bool,
    /// Whether the column holds texts.
    pub is_text: bool,
    check: Check,
}

/// The reason why a type would change a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The property of the text, as in "has a time".
    pub has: String,
    /// The limit of the type, as in "holds days only".
    pub holds: String,
    /// The suggested fix.
    pub fix: String,
}

impl Misfit {
    fn new(has: impl Into<String>, holds: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { has: has.into(), holds: holds.into(), fix: fix.into() }
    }
}

/// The kind of values of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Number,
    Text,
    /// Values of every kind, each as it is.
    Any,
    Other,
}

/// A row of a server's table: the names of a type, its kind, and the way in which it would change a text.
type Row = (&'static [&'static str], Form, fn(&Type<'_>) -> Check);

/// The parts of a type name: `decimal(10,2) unsigned` has the base `decimal` and the numbers 10 and 2.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Type<'a> {
    base: &'a str,
    numbers: Vec<i64>,
    /// The words around the numbers, as in `interval day to second(3)`.
    words: &'a str,
}

impl<'a> Type<'a> {
    fn of(name: &'a str) -> Self {
        let (head, within) = match name.split_once('(') {
            Some((head, rest)) => (head, rest.split(')').next().unwrap_or_default()),
            None => (name, ""),
        };
        let head = head.trim();
        let (base, words) = head.split_once(' ').unwrap_or((head, ""));
        let numbers = within.split(',').map_while(|number| number.trim().parse().ok()).collect();
        Self { base, numbers, words }
    }

    fn first(&self) -> Option<i64> {
        self.numbers.first().copied()
    }

    /// Returns the first number as a count.
    fn count(&self) -> Option<usize> {
        usize::try_from(self.first()?).ok()
    }

    /// Returns the digits after the decimal point: 2 in `decimal(10,2)`, 0 in `decimal(10)`.
    fn scale(&self) -> Option<i64> {
        self.numbers.get(1).copied().or(self.first().map(|_| 0))
    }

    /// Returns the fractional digits of a second.
    fn seconds(&self, default: usize) -> usize {
        self.count().unwrap_or(default)
    }
}

impl Target {
    /// Creates a column of unknown type.
    pub fn unknown() -> Self {
        Self { takes_empty: true, ..Self::default() }
    }

    /// Creates a column of this type.
    pub fn of(dialect: &str, type_name: &str) -> Self {
        let name = type_name.to_ascii_lowercase();
        let (form, check) = match dialect {
            "sqlite" => sqlite::row(&name),
            "mysql" => found(mysql::TYPES, &name),
            "mssql" => found(mssql::TYPES, &name),
            _ => match name.strip_suffix("[]") {
                Some(item) => (Form::Other, Check::Items(Box::new(Self::of(dialect, item)))),
                None => found(postgres::TYPES, &name),
            },
        };
        Self {
            type_name: type_name.to_owned(),
            takes_empty: matches!(form, Form::Text | Form::Any),
            is_number: form == Form::Number,
            is_text: form == Form::Text,
            check,
        }
    }

    /// Creates a column of MySQL that holds these names: an `enum`, or a `set` of several at once.
    pub fn names(type_name: &str, names: Vec<String>, is_set: bool) -> Self {
        let check = Check::Names(names, is_set);
        Self { type_name: type_name.to_owned(), takes_empty: true, is_number: false, is_text: true, check }
    }

    /// Returns whether the column holds every text unchanged, or the database itself reports the misfit.
    pub fn takes_all(&self) -> bool {
        self.check == Check::Nothing
    }

    /// Returns whether the database reads a text as the bits of its characters, and a number as a number.
    pub fn is_bits(&self) -> bool {
        self.check == Check::Bits
    }

    /// Returns whether a text is the hexadecimal digits of bytes.
    pub fn is_hex(&self) -> bool {
        self.check == Check::Hex
    }

    /// Returns whether the database stores a float of 64 bits as it is, and finds its own form for its text.
    pub fn takes_floats(&self) -> bool {
        matches!(self.check, Check::Affinity(_) | Check::Double)
    }

    /// Returns the type of the items if the column holds arrays.
    pub fn item(&self) -> Option<&Self> {
        match &self.check {
            Check::Items(item) => Some(item),
            _ => None,
        }
    }

    /// Returns why the type would not hold the text unchanged. Returns `None` if it would, or if the database
    /// itself reports the misfit.
    pub fn why(&self, text: &str) -> Option<Misfit> {
        check::why(&self.check, text)
    }

    /// Returns why the type would not hold these bytes unchanged.
    pub fn why_bytes(&self, bytes: &[u8]) -> Option<Misfit> {
        match self.check {
            Check::Width(width) => check::padded(bytes.len(), width),
            _ => None,
        }
    }

    /// Explains why the column would not hold the text unchanged.
    pub fn misfit(&self, text: &str) -> Option<String> {
        self.why(text).map(|why| self.message(text, &why))
    }

    /// Formats the reason for the column.
    pub fn message(&self, text: &str, why: &Misfit) -> String {
        let Misfit { has, holds, fix } = why;
        format!("`{}` {has}, and the column of the type `{}` {holds}: {fix}", shown(text), self.type_name)
    }
}

fn found(table: &[Row], name: &str) -> (Form, Check) {
    let of = Type::of(name);
    let row = table.iter().find(|(names, ..)| names.contains(&of.base));
    row.map_or((Form::Other, Check::Nothing), |(_, form, check)| (*form, check(&of)))
}

/// Formats a value for a message.
fn shown(value: &str) -> String {
    let mut text: String = value.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if value.chars().nth(SHOWN).is_some() {
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests;
