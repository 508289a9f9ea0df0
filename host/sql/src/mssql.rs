//! Microsoft SQL Server, over tiberius.
//!
//! A batch of Transact-SQL may always contain several statements, and it has no read-only transactions. So a
//! gate that checks reserved words decides which batches may run, statements of `mode: read` are always
//! rolled back, and no session is used twice. Only the rights of a login bound it for certain.

use std::borrow::Cow;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use futures_util::TryStreamExt;
use stepwell_engine::config::Database;
use stepwell_engine::policy::SqlMode;
use tiberius::numeric::Numeric;
use tiberius::{
    AuthMethod, Client, ColumnData, ColumnType, Config, EncryptionLevel, FromSql, IntoSql, Query, QueryItem,
};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use crate::bounded::{Allowance, Bounded, Exceeded};
use crate::dialect::{self, Token, bind, quoted, quoted_part};
use crate::pool::{Access, Opened, Server};
use crate::script::{self, Part};
use crate::serve::{Control, Driver, Loaded, column, next_rows};
use crate::sink::Sink;
use crate::words::{self, Kind};
use crate::{CompactString, Error, Parameters, Value, gate, lists, tls, value};

/// The maximum number of parameters and of rows of one INSERT, below SQL Server's limits of 2,100 and 1,000.
const MAX_MARKS: usize = 2_000;
const MAX_ROWS: usize = 1_000;
/// The number of ten-thousandths up to which a double represents each one exactly.
const MOST_MONEY: f64 = 9_007_199_254_740_992.0;
/// The time limit for the login.
const LOGIN: Duration = Duration::from_secs(10);

pub(crate) struct Mssql {
    client: Client<Compat<Bounded<TcpStream, Allowance>>>,
    allowance: Allowance,
    exceeded: Exceeded,
    access: Access,
    in_transaction: bool,
}

/// Logs in and checks the rights of the login.
pub(crate) async fn connect(server: &Server) -> Result<Opened, String> {
    let mut config = Config::new();
    config.host(&server.host);
    config.port(server.port);
    config.database(&server.database);
    config.application_name("stepwell");
    config
        .authentication(AuthMethod::sql_server(&server.user, server.password.as_deref().unwrap_or_default()));
    config.handshake_timeout(Some(LOGIN));
    // The host sets deadlines. The driver's own timeout would end a long statement after 30 s.
    config.command_timeout(None);
    match server.tls {
        false => config.encryption(EncryptionLevel::NotSupported),
        true => {
            config.encryption(EncryptionLevel::Required);
            if let Some(ca) = &server.tls_ca {
                // Read the file here, so that a file without certificates is reported.
                tls::roots(Some(ca))?;
                config.trust_cert_ca(ca.display());
            }
        }
    }
    let address = (server.host.as_str(), server.port);
    let connecting = tokio::time::timeout(LOGIN, TcpStream::connect(address)).await;
    let stream =
        connecting.map_err(|_| "it does not answer within 10 s".to_owned())?.map_err(|e| e.to_string())?;
    stream.set_nodelay(true).map_err(|e| e.to_string())?;
    let (allowance, exceeded) = (Allowance::default(), Exceeded::default());
    let stream = Bounded::new(stream, allowance.clone(), exceeded.clone());
    let mut client = Client::connect(config, stream.compat_write()).await.map_err(|e| e.to_string())?;
    let rights = "SELECT @@VERSION, IS_SRVROLEMEMBER('sysadmin')";
    let row = client
        .simple_query(rights)
        .await
        .map_err(|e| e.to_string())?
        .into_row()
        .await
        .map_err(|e| e.to_string())?;
    let row = row.ok_or("it does not say what the login may do")?;
    let version: &str = row.try_get(0).ok().flatten().unwrap_or_default();
    let superuser: Option<i32> = row.try_get(1).map_err(|e| e.to_string())?;
    let version = version.lines().next().unwrap_or_default().trim().to_owned();
    let driver = Mssql { client, allowance, exceeded, access: Access::nothing(), in_transaction: false };
    Ok(Opened { driver: Box::new(driver), version, superuser: superuser == Some(1) })
}

impl Mssql {
    async fn rows(
        &mut self,
        statement: &str,
        parameters: &Parameters,
        sink: &mut Sink,
    ) -> Result<u64, Error> {
        let (statement, parameters) = lists::expanded(Database::Mssql, statement, parameters)?;
        let tokens = dialect::tokens(Database::Mssql, &statement)?;
        gate::check(Database::Mssql, self.access.mode, self.access.scripts, &tokens)?;
        let (text, values) = bind(Database::Mssql, &statement, &tokens, &parameters)?;
        let mut query = Query::new(text);
        for value in values {
            query.bind(Bound(value));
        }
        self.allowance.renew();
        if !returns_rows(&tokens) {
            let done = query.execute(&mut self.client).await.map_err(|e| error(&e))?;
            sink.columns(Vec::new())?;
            return Ok(done.total());
        }
        let mut stream = query.query(&mut self.client).await.map_err(|e| error(&e))?;
        let (mut types, mut values, mut first) = (Vec::new(), Vec::new(), true);
        while let Some(item) = stream.try_next().await.map_err(|e| error(&e))? {
            self.allowance.renew();
            match item {
                // Of several results of a batch, only the first one counts.
                QueryItem::Metadata(metadata) if metadata.result_index() == 0 => {
                    types = metadata.columns().iter().map(tiberius::Column::column_type).collect();
                    let described =
                        metadata.columns().iter().map(|c| column(c.name(), type_name(c.column_type())));
                    sink.columns(described.collect())?;
                    first = false;
                }
                QueryItem::Row(row) if row.result_index() == 0 => {
                    for (data, of) in row.into_iter().zip(&types) {
                        values.push(value_of(data, *of)?);
                    }
                    sink.push(&mut values).await?;
                }
                _ => {}
            }
        }
        if first {
            sink.columns(Vec::new())?;
        }
        Ok(0)
    }

    async fn batch(&mut self, text: &str) -> Result<(), Error> {
        self.allowance.renew();
        let stream = self.client.simple_query(text).await.map_err(|e| error(&e))?;
        stream.into_results().await.map(drop).map_err(|e| error(&e))
    }

    async fn insert(
        &mut self,
        table: &str,
        columns: &[String],
        rows: &mut mpsc::Receiver<Loaded>,
    ) -> Result<u64, Error> {
        let names: Result<Vec<_>, _> =
            columns.iter().map(|name| quoted_part(Database::Mssql, name)).collect();
        let head = format!("INSERT INTO {} ({}) VALUES ", quoted(Database::Mssql, table)?, names?.join(", "));
        let most = (MAX_MARKS / columns.len()).clamp(1, MAX_ROWS);
        let mut loaded = 0;
        while let Some(rows) = next_rows(rows).await? {
            for part in rows.chunks(most) {
                let mut mark = 0;
                let mut one = || {
                    let marks = columns.iter().map(|_| {
                        mark += 1;
                        format!("@P{mark}")
                    });
                    format!("({})", marks.collect::<Vec<_>>().join(", "))
                };
                let text = format!("{head}{}", part.iter().map(|_| one()).collect::<Vec<_>>().join(", "));
                let mut query = Query::new(text);
                for value in part.iter().flatten() {
                    query.bind(Bound(value));
                }
                self.allowance.renew();
                let last = loaded + part.len() as u64;
                query.execute(&mut self.client).await.map_err(|e| in_rows(&e, loaded + 1, last))?;
                loaded = last;
            }
        }
        Ok(loaded)
    }
}

#[async_trait]
impl Driver for Mssql {
    async fn begin_use(&mut self, access: &Access) -> Result<(), Error> {
        self.access = access.clone();
        let millis = access.timeout.as_millis().max(1);
        self.batch(&format!("SET LOCK_TIMEOUT {millis}; SET XACT_ABORT ON; SET QUOTED_IDENTIFIER ON")).await
    }

    async fn run(&mut self, statement: &str, parameters: &Parameters, sink: &mut Sink) -> Result<u64, Error> {
        if self.access.mode > SqlMode::Read || self.in_transaction {
            let result = self.rows(statement, parameters, sink).await;
            return result.map_err(|error| self.exceeded.or(error));
        }
        self.batch("BEGIN TRANSACTION").await?;
        let result = self.rows(statement, parameters, sink).await.map_err(|error| self.exceeded.or(error));
        if !result.as_ref().is_err_and(Error::leaves_rows) {
            self.batch("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION").await?;
        }
        result
    }

    fn split(&self, text: &str) -> Result<Vec<Part>, Error> {
        script::split(Database::Mssql, text)
    }

    /// Runs a batch unchanged. It discards the rows of its results, at most as many bytes as one row may
    /// have, and counts the changed rows.
    async fn run_part(&mut self, batch: &str, _: &mut Sink) -> Result<u64, Error> {
        gate::check(Database::Mssql, self.access.mode, true, &dialect::tokens(Database::Mssql, batch)?)?;
        self.allowance.renew();
        let done = Query::new(batch).execute(&mut self.client).await;
        done.map(|done| done.total()).map_err(|e| self.exceeded.or(error(&e)))
    }

    async fn control(&mut self, control: Control) -> Result<(), Error> {
        let text = match (control, self.access.mode) {
            (Control::Begin, _) => "BEGIN TRANSACTION",
            (Control::Commit, SqlMode::Write | SqlMode::Ddl) => "COMMIT TRANSACTION",
            _ => "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION",
        };
        self.in_transaction = control == Control::Begin;
        self.batch(text).await
    }

    async fn load(
        &mut self,
        table: &str,
        columns: &[String],
        rows: &mut mpsc::Receiver<Loaded>,
    ) -> Result<u64, Error> {
        if self.in_transaction {
            return self.insert(table, columns, rows).await;
        }
        self.batch("BEGIN TRANSACTION").await?;
        let loaded = self.insert(table, columns, rows).await;
        let end =
            if loaded.is_ok() { "COMMIT TRANSACTION" } else { "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION" };
        self.batch(end).await?;
        loaded
    }

    async fn abort(&mut self) -> bool {
        self.in_transaction = false;
        // The attention signal stops the batch. The server answers when it has stopped.
        self.client.cancel_query().await.is_ok()
            && self.batch("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION").await.is_ok()
    }

    async fn reset(&mut self) -> bool {
        // The driver cannot ask for a clean session, so the next use gets a new one.
        false
    }
}

/// Returns whether a batch begins with a statement that returns rows or has an OUTPUT clause.
fn returns_rows(tokens: &[Token<'_>]) -> bool {
    let first = tokens.iter().find(|token| token.text != "(");
    let begins = first.is_some_and(|first| {
        ["select", "with", "exec", "execute", "declare"].iter().any(|word| first.is(word))
    });
    let changes =
        |token: &Token<'_>| ["insert", "update", "delete", "merge"].iter().any(|word| token.is(word));
    tokens.iter().any(|token| token.is("output"))
        || begins && !(first.is_some_and(|f| f.is("with")) && tokens.iter().any(changes))
}

/// A parameter. Text is Unicode, and the server converts it to the type that it expects.
struct Bound<'a>(&'a Value);

impl<'a> IntoSql<'a> for Bound<'a> {
    fn into_sql(self) -> ColumnData<'a> {
        match self.0 {
            Value::Null => ColumnData::String(None),
            Value::Boolean(value) => ColumnData::Bit(Some(*value)),
            Value::Integer(value) => ColumnData::I64(Some(*value)),
            Value::Float(value) => {
                numeric(*value).map_or(ColumnData::F64(Some(*value)), |it| ColumnData::Numeric(Some(it)))
            }
            Value::Bytes(bytes) => ColumnData::Binary(Some(Cow::Borrowed(bytes))),
            Value::Decimal(text)
            | Value::Text(text)
            | Value::Date(text)
            | Value::Time(text)
            | Value::Timestamp(text)
            | Value::TimestampWithZone(text)
            | Value::Uuid(text)
            | Value::Json(text) => ColumnData::String(Some(Cow::Borrowed(text))),
        }
    }
}

/// Converts a float of at most 15 digits to a decimal, because the server shows only 6 digits of a float in a
/// column of text.
fn numeric(value: f64) -> Option<Numeric> {
    let text = value.to_string();
    let text = if text.contains('.') { text } else { text + ".0" };
    let (whole, fraction) = text.split_once('.')?;
    let digits = format!("{whole}{fraction}");
    let fits = digits.trim_start_matches(['-', '0']).len() <= 15 && fraction.len() <= 22;
    let scale = u8::try_from(fraction.len()).ok()?;
    fits.then_some(Numeric::new_with_scale(digits.parse().ok()?, scale))
}

fn value_of(data: ColumnData<'static>, of: ColumnType) -> Result<Value, Error> {
    let odd = |e: tiberius::error::Error| error(&e);
    let unread = || Error::Database("the result has a moment that cannot be read".to_owned());
    let money = matches!(of, ColumnType::Money | ColumnType::Money4);
    Ok(match data {
        ColumnData::U8(Some(value)) => Value::Integer(value.into()),
        ColumnData::I16(Some(value)) => Value::Integer(value.into()),
        ColumnData::I32(Some(value)) => Value::Integer(value.into()),
        ColumnData::I64(Some(value)) => Value::Integer(value),
        ColumnData::F32(Some(value)) => {
            Value::Float(value.to_string().parse().unwrap_or_else(|_| value.into()))
        }
        // The driver returns money as a double, which holds each ten-thousandth exactly up to 2^53 of them.
        ColumnData::F64(Some(value)) if money && (value * 1e4).abs() > MOST_MONEY => {
            return Err(Error::Database(format!(
                "an amount of the type `money` near {value:.0} has more digits than can be read: write `CAST(... AS decimal(19, 4))`"
            )));
        }
        ColumnData::F64(Some(value)) if money => Value::Decimal(format!("{value:.4}").into()),
        ColumnData::F64(Some(value)) => Value::Float(value),
        ColumnData::Bit(Some(value)) => Value::Boolean(value),
        ColumnData::String(Some(text)) => Value::Text(text.into_owned().into()),
        ColumnData::Guid(Some(guid)) => Value::Uuid(value::uuid(guid.as_bytes())),
        ColumnData::Binary(Some(bytes)) => Value::Bytes(bytes.into_owned()),
        ColumnData::Numeric(Some(number)) => {
            Value::Decimal(value::decimal(number.value(), number.scale()).into())
        }
        ColumnData::Xml(Some(xml)) => Value::Text(xml.into_owned().into_string().into()),
        ColumnData::Date(Some(_)) => {
            let date = NaiveDate::from_sql(&data).map_err(odd)?;
            date.map_or(Value::Null, |date| Value::Date(date.to_string().into()))
        }
        ColumnData::Time(Some(_)) => {
            let time = NaiveTime::from_sql(&data).map_err(odd)?;
            time.map_or(Value::Null, |time| {
                let mut text = CompactString::default();
                value::time(&mut text, time.num_seconds_from_midnight(), time.nanosecond());
                Value::Time(text)
            })
        }
        ColumnData::DateTime(Some(_))
        | ColumnData::SmallDateTime(Some(_))
        | ColumnData::DateTime2(Some(_)) => {
            let time = NaiveDateTime::from_sql(&data).map_err(odd)?;
            let text = time.map(|time| value::timestamp(time).ok_or_else(unread)).transpose()?;
            text.map_or(Value::Null, Value::Timestamp)
        }
        ColumnData::DateTimeOffset(Some(_)) => {
            // In tiberius 0.13, `DateTime<Utc>` subtracts the offset from a value that is already in UTC.
            let time = DateTime::<FixedOffset>::from_sql(&data).map_err(odd)?;
            let text = time.map(|time| value::timestamp(time.naive_utc()).ok_or_else(unread)).transpose()?;
            text.map_or(Value::Null, |mut text| {
                text.push('Z');
                Value::TimestampWithZone(text)
            })
        }
        _ => Value::Null,
    })
}

fn type_name(of: ColumnType) -> &'static str {
    use ColumnType as T;
    match of {
        T::Bit | T::Bitn => "bit",
        T::Int1 => "tinyint",
        T::Int2 => "smallint",
        T::Int4 => "int",
        T::Int8 | T::Intn => "bigint",
        T::Float4 => "real",
        T::Float8 | T::Floatn => "float",
        T::Money | T::Money4 => "money",
        T::Decimaln | T::Numericn => "decimal",
        T::Datetime | T::Datetimen | T::Datetime4 => "datetime",
        T::Datetime2 => "datetime2",
        T::DatetimeOffsetn => "datetimeoffset",
        T::Daten => "date",
        T::Timen => "time",
        T::Guid => "uniqueidentifier",
        T::BigVarBin | T::BigBinary | T::Image => "varbinary",
        T::Xml => "xml",
        _ => "nvarchar",
    }
}

fn error(found: &tiberius::error::Error) -> Error {
    let tiberius::error::Error::Server(token) = found else {
        if matches!(found, tiberius::error::Error::Conversion(_)) {
            tracing::warn!("SQL Server sent a value that cannot be read: {found}");
            return Error::Database(
                "a value of the result cannot be read: write `CAST(x AS nvarchar(max))` for its column"
                    .to_owned(),
            );
        }
        tracing::warn!("a connection to SQL Server was lost: {found}");
        return Error::lost();
    };
    let code = token.code();
    let text = words::reworded(Database::Mssql, token.message(), &code.to_string(), Kind::of_mssql(code));
    let text = words::on_line(usize::try_from(token.line()).ok().filter(|line| *line > 1), text);
    match code {
        // Deadlock, lock request time-out, resources, and the codes of Azure SQL for which a retry may help.
        1205 | 1222 | 701 | 40_197 | 40_501 | 40_613 | 49_918..=49_920 => Error::Unavailable(text),
        // Syntax, names, parameters.
        102..=195 | 201 | 207 | 208 | 2812 | 4104 | 8144..=8146 => Error::InvalidStatement(text),
        _ => Error::Database(text),
    }
}

/// Returns the error of a part of a load. SQL Server does not name the row.
fn in_rows(found: &tiberius::error::Error, first: u64, last: u64) -> Error {
    let tiberius::error::Error::Server(token) = found else { return error(found) };
    if matches!(error(found), Error::Unavailable(_)) {
        return error(found);
    }
    let (message, code) = (token.message(), token.code());
    let column = message.split_once("column '").and_then(|(_, rest)| rest.split('\'').next());
    let problem = words::of_load(column, message, &code.to_string(), Kind::of_mssql(code));
    if first == last { problem.in_row(first) } else { problem.in_rows(first, last) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_of_few_digits_are_decimals() {
        for (value, wanted) in [
            (1.0, Some("1.0")),
            (-1234567.891, Some("-1234567.891")),
            (0.30000000000000004, None),
            (1e300, None),
            (f64::NAN, None),
        ] {
            let found = numeric(value).map(|number| value::decimal(number.value(), number.scale()));
            assert_eq!(found.as_deref(), wanted, "{value}");
        }
    }
}
