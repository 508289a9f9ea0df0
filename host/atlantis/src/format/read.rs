//! Reads JSON as Go's decoder does: names in any case, absent fields and `null` are zero, other fields do not
//! matter. Problems name the field and never the text in it.

use serde_json::{Map, Value};
use thiserror::Error;

/// The longest value that is read. Atlantis writes a few kilobytes for a lock, and more for the description of a
/// pull request or the policies of many projects.
pub const MAX_VALUE_BYTES: usize = 8 * 1024 * 1024;
/// The most items of one list.
const MAX_ITEMS: usize = 100_000;

/// A value that does not have the form of its kind. The text of the value is in none of the messages, because it
/// may hold a token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FormatError {
    /// The value is not JSON.
    #[error("the value is not JSON: line {line}, column {column}")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// A field holds another type.
    #[error("`{field}` is not {expected}")]
    Field {
        /// The field with those around it, as `Pull.Num`.
        field: String,
        /// The type, with its article.
        expected: &'static str,
    },
    /// The value is longer than what is read.
    #[error("the value has {bytes} bytes, and at most {MAX_VALUE_BYTES} are read")]
    TooLong {
        /// The number of bytes.
        bytes: usize,
    },
}

/// Parses the object that a value is.
pub(super) fn object<T>(
    bytes: &[u8],
    of: impl FnOnce(&Object<'_>) -> Result<T, FormatError>,
) -> Result<T, FormatError> {
    if bytes.len() > MAX_VALUE_BYTES {
        return Err(FormatError::TooLong { bytes: bytes.len() });
    }
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| FormatError::NotJson { line: error.line(), column: error.column() })?;
    match &value {
        Value::Object(fields) => of(&Object { fields: Some(fields), path: String::new() }),
        _ => Err(FormatError::Field { field: "the value".to_owned(), expected: "an object" }),
    }
}

/// A JSON object, or the absence of one, which has only zero values.
pub(super) struct Object<'v> {
    fields: Option<&'v Map<String, Value>>,
    path: String,
}

impl<'v> Object<'v> {
    fn get(&self, name: &str) -> Option<&'v Value> {
        let fields = self.fields?;
        let exact = fields.get(name);
        let found =
            exact.or_else(|| fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v));
        found.filter(|value| !value.is_null())
    }

    fn place(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn other(&self, name: &str, expected: &'static str) -> FormatError {
        FormatError::Field { field: self.place(name), expected }
    }

    pub(super) fn text(&self, name: &str) -> Result<String, FormatError> {
        let Some(value) = self.get(name) else { return Ok(String::new()) };
        value.as_str().map(str::to_owned).ok_or_else(|| self.other(name, "a text"))
    }

    pub(super) fn number(&self, name: &str) -> Result<i64, FormatError> {
        let Some(value) = self.get(name) else { return Ok(0) };
        value.as_i64().ok_or_else(|| self.other(name, "a whole number"))
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, FormatError> {
        let Some(value) = self.get(name) else { return Ok(false) };
        value.as_bool().ok_or_else(|| self.other(name, "true or false"))
    }

    pub(super) fn object(&self, name: &str) -> Result<Object<'v>, FormatError> {
        let fields = match self.get(name) {
            None => None,
            Some(Value::Object(fields)) => Some(fields),
            Some(_) => return Err(self.other(name, "an object")),
        };
        Ok(Object { fields, path: self.place(name) })
    }

    fn items(&self, name: &str) -> Result<Option<&'v Vec<Value>>, FormatError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) if items.len() <= MAX_ITEMS => Ok(Some(items)),
            Some(_) => Err(self.other(name, "a list of at most 100,000 items")),
        }
    }

    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, FormatError> {
        let Some(items) = self.items(name)? else { return Ok(None) };
        let text = |item: &Value| match item {
            Value::Null => Ok(String::new()),
            Value::String(text) => Ok(text.clone()),
            _ => Err(self.other(name, "a list of texts")),
        };
        items.iter().map(text).collect::<Result<_, _>>().map(Some)
    }

    pub(super) fn objects<T>(
        &self,
        name: &str,
        of: impl Fn(&Object<'v>) -> Result<T, FormatError>,
    ) -> Result<Option<Vec<T>>, FormatError> {
        let Some(items) = self.items(name)? else { return Ok(None) };
        let object = |(at, item): (usize, &'v Value)| {
            let path = format!("{}[{at}]", self.place(name));
            match item {
                Value::Null => of(&Object { fields: None, path }),
                Value::Object(fields) => of(&Object { fields: Some(fields), path }),
                _ => Err(FormatError::Field { field: path, expected: "an object" }),
            }
        };
        items.iter().enumerate().map(object).collect::<Result<_, _>>().map(Some)
    }
}
