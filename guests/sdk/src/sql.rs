//! The operator's databases, addressed by connection name.

use crate::Failure;
#[cfg(target_arch = "wasm32")]
use crate::bindings::stepwell::sql::sql as wit;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::sql as wit;

pub use wit::{
    Column, ColumnBatch, ColumnValues, Connection, Error, Load, Parameters, Rows, ScriptReport,
    StatementReport, Texts, Transaction, Value,
};

impl ColumnBatch {
    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.nulls.len()
    }

    /// Returns whether the column has no rows.
    pub fn is_empty(&self) -> bool {
        self.nulls.is_empty()
    }
}

impl Texts {
    /// Iterates over the individual texts.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let mut from = 0;
        self.ends.iter().map(move |end| {
            let to = *end as usize;
            let text = self.text.get(from..to).unwrap_or_default();
            from = to;
            text
        })
    }
}

macro_rules! values {
    ($($from:ty => $variant:ident;)*) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}

values! {
    bool => Boolean;
    i32 => Integer;
    u32 => Integer;
    i64 => Integer;
    f64 => Float;
    &str => Text;
    String => Text;
    Vec<u8> => Bytes;
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(why) => Self::denied(why),
            Error::UnknownConnection(name) => {
                Self::denied(format!("denied by policy: opening the connection `{name}` (SQL_NOT_GRANTED)"))
            }
            Error::InvalidStatement(why) => Self::invalid_config(why),
            Error::Limit(why) | Error::Database(why) => Self::failed(why),
            Error::TimedOut => Self::timed_out("the statement ran longer than its timeout, and was stopped"),
            Error::Unavailable(why) => Self::unavailable(why),
        }
    }
}

/// Returns whether the statement returns rows, judging by its keywords.
pub fn returns_rows(query: &str) -> bool {
    const GIVE: &[&str] = &[
        "SELECT", "WITH", "VALUES", "TABLE", "EXPLAIN", "SHOW", "DESCRIBE", "DESC", "CALL", "EXEC", "EXECUTE",
    ];
    GIVE.contains(&first_word(query).as_str()) || has_word(query, "RETURNING") || has_word(query, "OUTPUT")
}

/// Returns whether the statement contains this word, in any case.
pub fn has_word(query: &str, word: &str) -> bool {
    query.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found.eq_ignore_ascii_case(word))
}

fn first_word(query: &str) -> String {
    let mut rest = query.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    while rest.starts_with("--") || rest.starts_with("/*") {
        let end = if rest.starts_with("--") { "\n" } else { "*/" };
        rest = rest.split_once(end).map_or("", |(_, rest)| rest).trim_start();
    }
    rest.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_ascii_uppercase()
}
