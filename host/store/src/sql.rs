//! The interface between the statements of a store and a database.
//!
//! The statements are the same for SQLite and PostgreSQL. Their parameters are `$1`, `$2` and so on, which
//! both understand. They must occur in this order in the text, since SQLite numbers them by occurrence. Only
//! operations with a better solution in one database have a separate text.

use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;
use stepwell_engine::StoreError;
use stepwell_engine::clock::Timestamp;

/// The part of the log that has each statement that reads, at the level `trace`.
pub(crate) const STATEMENTS: &str = "stepwell::store::statements";

/// A transaction, or a connection for reading.
pub(crate) trait Sql {
    /// Runs a statement and returns the number of changed rows.
    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError>;

    /// Runs a statement and passes its rows to `each`.
    fn query(&self, sql: &str, params: &[Param<'_>], each: &mut Each<'_>) -> Result<(), StoreError>;

    /// Returns whether a read has to lock its rows (`FOR UPDATE`), since other transactions write
    /// concurrently.
    fn locks_rows(&self) -> bool;

    /// Waits until no other transaction holds a lock on that name, and locks it until this transaction ends.
    fn lock(&self, name: &str) -> Result<(), StoreError>;

    /// Returns the time that measures leases: the database's own time where several machines use it,
    /// otherwise the caller's time.
    fn lease_time(&self, callers: Timestamp) -> Result<i64, StoreError>;
}

/// Receives a row.
pub(crate) type Each<'a> = dyn FnMut(Row<'_>) -> Result<(), StoreError> + 'a;

/// The value of a parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Param<'a> {
    Int(Option<i64>),
    Text(Option<&'a str>),
    Bool(bool),
    Bytes(&'a [u8]),
}

macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::sql::Param::from($value)),*] };
}
pub(crate) use params;

macro_rules! param_from {
    ($($kind:ty: $value:ident => $param:expr;)*) => {
        $(impl<'a> From<$kind> for Param<'a> {
            fn from($value: $kind) -> Self {
                $param
            }
        })*
    };
}

param_from! {
    i64: value => Self::Int(Some(value));
    Option<i64>: value => Self::Int(value);
    u64: value => Self::Int(Some(i64::try_from(value).unwrap_or(i64::MAX)));
    Option<u64>: value => Self::Int(value.map(|value| i64::try_from(value).unwrap_or(i64::MAX)));
    u32: value => Self::Int(Some(value.into()));
    Option<u32>: value => Self::Int(value.map(i64::from));
    u8: value => Self::Int(Some(value.into()));
    usize: value => Self::Int(Some(i64::try_from(value).unwrap_or(i64::MAX)));
    &'a str: value => Self::Text(Some(value));
    &'a String: value => Self::Text(Some(value));
    Option<&'a str>: value => Self::Text(value);
    Option<&'a String>: value => Self::Text(value.map(String::as_str));
    &'a Option<String>: value => Self::Text(value.as_deref());
    bool: value => Self::Bool(value);
    &'a [u8]: value => Self::Bytes(value);
}

/// The columns of a row, as a database returns them.
pub(crate) trait Columns {
    fn int(&self, index: usize) -> Result<Option<i64>, StoreError>;
    fn text(&self, index: usize) -> Result<Option<String>, StoreError>;
    fn bytes(&self, index: usize) -> Result<Vec<u8>, StoreError>;
}

/// A row.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a>(pub &'a dyn Columns);

impl Row<'_> {
    pub fn get<T: Column>(&self, index: usize) -> Result<T, StoreError> {
        T::of(self.0, index)
    }
}

/// A type that a column can be read as.
pub(crate) trait Column: Sized {
    fn of(row: &dyn Columns, index: usize) -> Result<Self, StoreError>;
}

fn there<T>(found: Option<T>, index: usize) -> Result<T, StoreError> {
    found.ok_or_else(|| StoreError::Failed(format!("column {index} is null")))
}

impl Column for Option<i64> {
    fn of(row: &dyn Columns, index: usize) -> Result<Self, StoreError> {
        row.int(index)
    }
}

impl Column for Option<String> {
    fn of(row: &dyn Columns, index: usize) -> Result<Self, StoreError> {
        row.text(index)
    }
}

impl Column for String {
    fn of(row: &dyn Columns, index: usize) -> Result<Self, StoreError> {
        there(row.text(index)?, index)
    }
}

impl Column for Vec<u8> {
    fn of(row: &dyn Columns, index: usize) -> Result<Self, StoreError> {
        row.bytes(index)
    }
}

impl Column for bool {
    fn of(row: &dyn Columns, index: usize) -> Result<Self, StoreError> {
        Ok(there(row.int(index)?, index)? != 0)
    }
}

macro_rules! integer_columns {
    ($($kind:ty),*) => {
        $(impl Column for $kind {
            fn of(row: &dyn Columns, index: usize) -> Result<Self, StoreError> {
                let found = there(row.int(index)?, index)?;
                found.try_into().map_err(|_| StoreError::Failed(format!("column {index}: {found}")))
            }
        })*
    };
}
integer_columns!(i64, u64, u32, u8);

impl Column for Option<u32> {
    fn of(row: &dyn Columns, index: usize) -> Result<Self, StoreError> {
        Ok(row.int(index)?.map(|found| u32::try_from(found).unwrap_or(u32::MAX)))
    }
}

impl<A: Column, B: Column> Column for (A, B) {
    fn of(row: &dyn Columns, index: usize) -> Result<Self, StoreError> {
        Ok((A::of(row, index)?, B::of(row, index + 1)?))
    }
}

impl<A: Column, B: Column, C: Column> Column for (A, B, C) {
    fn of(row: &dyn Columns, index: usize) -> Result<Self, StoreError> {
        Ok((A::of(row, index)?, B::of(row, index + 1)?, C::of(row, index + 2)?))
    }
}

impl<A: Column, B: Column, C: Column, D: Column> Column for (A, B, C, D) {
    fn of(row: &dyn Columns, index: usize) -> Result<Self, StoreError> {
        Ok((A::of(row, index)?, B::of(row, index + 1)?, C::of(row, index + 2)?, D::of(row, index + 3)?))
    }
}

impl dyn Sql + '_ {
    /// Returns the first row.
    pub fn one<T: Column>(&self, sql: &str, params: &[Param<'_>]) -> Result<Option<T>, StoreError> {
        Ok(self.many(sql, params)?.into_iter().next())
    }

    /// Returns every row.
    pub fn many<T: Column>(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<T>, StoreError> {
        self.rows(sql, params, |row| row.get(0))
    }

    /// Returns every row, as converted by `read`.
    pub fn rows<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        read: impl Fn(Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        self.query(sql, params, &mut |row| {
            found.push(read(row)?);
            Ok(())
        })?;
        Ok(found)
    }
}

pub(crate) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(failed)
}

pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| {
        tracing::error!("a record cannot be read: {error}");
        failed("a record cannot be read; the log of the service has the reason")
    })
}

pub(crate) fn failed(why: impl Display) -> StoreError {
    StoreError::Failed(why.to_string())
}

pub(crate) fn micros(at: Timestamp) -> i64 {
    at.timestamp_micros()
}

pub(crate) fn time(micros: i64) -> Timestamp {
    Timestamp::from_timestamp_micros(micros).unwrap_or_default()
}

/// Returns the end of a lease that lasts from `now` to `until` by the caller's clock.
pub(crate) fn until(lease_time: i64, now: Timestamp, until: Timestamp) -> i64 {
    lease_time.saturating_add((until - now).num_microseconds().unwrap_or(0))
}
