//! PostgreSQL, and servers that speak its protocol.
//!
//! Statements use the extended protocol, which accepts one at a time and binds parameters as text. The server
//! itself parses each parameter as the type that it expects. Statements of `mode: read` run in read-only
//! transactions.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, pin_mut};
use stepwell_engine::config::Database;
use stepwell_engine::policy::SqlMode;
use tokio::sync::mpsc;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};
use tokio_postgres::types::Type;
use tokio_postgres::{CancelToken, Client, Config, SimpleQueryMessage, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::bounded::{Exceeded, too_long};
use crate::dialect::{self, Token, bind, miscounted, quoted, quoted_part};
use crate::pool::{Access, BACKSTOP, Opened, Server};
use crate::postgres_parameters::{self, Bound, refused, write_text};
use crate::postgres_stream::{LOGIN, Place, Unreached};
use crate::postgres_types::{Raw, Unread, decoder, type_name};
use crate::script::{self, Part};
use crate::serve::{Control, Driver, Loaded, column, next_rows};
use crate::sink::Sink;
use crate::words::{self, Kind};
use crate::{Error, Parameters, Value, filled, gate, lists, postgres_text, tls};

/// The size in bytes of a COPY message.
const COPY_BYTES: usize = 128 << 10;

/// Statements that change rows, alone or after WITH.
const CHANGES: &[&str] = &["insert", "update", "delete", "merge"];

pub(crate) struct Postgres {
    client: Client,
    cancel: CancelToken,
    place: Place,
    tls: Option<MakeRustlsConnect>,
    exceeded: Exceeded,
    role: Option<String>,
    access: Access,
    in_transaction: bool,
    /// Whether a statement has left the role of the connection.
    left: bool,
    /// Whether the driver has looked up a type of the database. It prepares statements for that, and a clean
    /// session has none.
    asked: bool,
}

/// Logs in and checks the rights of the login.
pub(crate) async fn connect(server: &Server) -> Result<Opened, String> {
    let shown = |error: tokio_postgres::Error| describe(&error);
    let mut config = Config::new();
    config.user(&server.user).dbname(&server.database).application_name("stepwell");
    if let Some(password) = &server.password {
        config.password(password);
    }
    let tls = match server.tls {
        true => Some(MakeRustlsConnect::new(tls::client(server.tls_ca.as_deref())?)),
        false => None,
    };
    config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
    let place = Place { host: server.host.clone(), port: server.port };
    let exceeded = Exceeded::default();
    let logging_in = tokio::time::timeout(LOGIN, place.log_in(&config, tls.as_ref(), &exceeded));
    let client = logging_in.await.map_err(|_| "it does not answer within 10 s".to_owned())?.map_err(
        |why| match why {
            Unreached::Stream(error) => format!("error connecting to server: {error}"),
            Unreached::Refused(error) => describe(&error),
        },
    )?;
    let rights = "SELECT version(), r.rolsuper OR r.rolcreaterole OR r.rolreplication OR EXISTS (
            SELECT FROM pg_roles g
            WHERE pg_has_role(session_user, g.oid, 'member') AND (g.rolsuper OR g.rolname IN
                ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')))
        FROM pg_roles r WHERE r.rolname = session_user";
    let row = client.query_one(rights, &[]).await.map_err(shown)?;
    let (version, superuser): (String, bool) =
        (row.try_get(0).map_err(shown)?, row.try_get(1).map_err(shown)?);
    let cancel = client.cancel_token();
    let role = server.role.clone();
    let driver = Postgres {
        client,
        cancel,
        place,
        tls,
        exceeded,
        role,
        access: Access::nothing(),
        in_transaction: false,
        left: false,
        asked: false,
    };
    Ok(Opened { driver: Box::new(driver), version, superuser })
}

impl Postgres {
    async fn prepared(
        &mut self,
        statement: &str,
        tokens: &[Token<'_>],
        parameters: &Parameters,
    ) -> Result<Prepared, Error> {
        gate::check(Database::Postgres, self.access.mode, self.access.scripts, tokens)?;
        let (text, values) = bind(Database::Postgres, statement, tokens, parameters)?;
        let names = postgres_parameters::names(parameters, &values);
        let prepared = if self.wraps() {
            // Both requests go out together.
            let (begun, prepared) =
                tokio::join!(self.client.batch_execute("BEGIN READ ONLY"), self.client.prepare(&text));
            begun.map_err(|e| error(&e))?;
            prepared
        } else {
            self.client.prepare(&text).await
        };
        let described = prepared.map_err(|e| placed(&e, &text).about(&names))?;
        let of_columns = described.columns().iter().map(tokio_postgres::Column::type_);
        let mut types = described.params().iter().chain(of_columns);
        self.asked |= types.any(|of| Type::from_oid(of.oid()).is_none());
        if described.params().len() != values.len() {
            return Err(miscounted(described.params().len(), values.len()));
        }
        self.fits(tokens, parameters).await?;
        let bound = names.into_iter().zip(values).zip(described.params());
        let bound = bound.map(|((name, value), of)| Bound::new(name, value, of)).collect::<Result<_, _>>()?;
        let runs = match postgres_text::wrapped(&described, &text) {
            Some(text) => self.client.prepare(&text).await.map_err(|e| error(&e))?,
            None => described.clone(),
        };
        Ok(Prepared { described, runs, bound })
    }

    /// Compares the parameters of an INSERT or an UPDATE with the columns that they fill. The statement itself is
    /// valid, so the server knows these columns. Nothing runs, so the right to read is not needed.
    async fn fits(&mut self, tokens: &[Token<'_>], parameters: &Parameters) -> Result<(), Error> {
        let Some(filled) = filled::of(tokens, parameters) else { return Ok(()) };
        let described = self.client.prepare(&filled.query).await.map_err(|e| error(&e))?;
        let columns = described.columns();
        self.asked |= columns.iter().any(|column| Type::from_oid(column.type_().oid()).is_none());
        let columns = columns.iter().map(|c| column(c.name(), type_name(c.type_(), c.type_modifier())));
        filled.check(Database::Postgres, &columns.collect::<Vec<_>>())
    }

    /// Returns whether each statement has its own read-only transaction.
    fn wraps(&self) -> bool {
        self.access.mode == SqlMode::Read && !self.in_transaction
    }

    async fn rows(
        &mut self,
        statement: &str,
        parameters: &Parameters,
        sink: &mut Sink,
    ) -> Result<u64, Error> {
        let (statement, parameters) = lists::expanded(Database::Postgres, statement, parameters)?;
        let tokens = dialect::tokens(Database::Postgres, &statement)?;
        let reads = !tokens.iter().any(|token| CHANGES.iter().any(|word| token.is(word)));
        let Prepared { described, runs, bound } = self.prepared(&statement, &tokens, &parameters).await?;
        let columns = described.columns();
        let decoders: Vec<_> = runs.columns().iter().map(|column| decoder(column.type_())).collect();
        if decoders.iter().any(Option::is_none) {
            return Err(Error::InvalidStatement(postgres_text::without_form(columns)));
        }
        let unfit = |e: tokio_postgres::Error| {
            let about = e.as_db_error().and_then(|found| refused(found, &bound, described.params()));
            about.unwrap_or_else(|| error(&e))
        };
        let rows = self.client.query_raw(&runs, bound.iter().cloned()).await.map_err(unfit)?;
        pin_mut!(rows);
        sink.columns(
            columns.iter().map(|c| column(c.name(), type_name(c.type_(), c.type_modifier()))).collect(),
        )?;
        let mut values = Vec::with_capacity(decoders.len());
        while let Some(row) = rows.next().await {
            let row = row.map_err(unfit)?;
            for (index, (decoder, column)) in decoders.iter().zip(columns).enumerate() {
                let unread = || Error::Database(postgres_text::unread(column));
                let raw: Option<Raw<'_>> = row.try_get(index).map_err(|_| unread())?;
                values.push(match (raw, decoder) {
                    (Some(raw), Some(decode)) => decode.value(raw.0).map_err(|why| match why {
                        Unread::Form => unread(),
                        Unread::Long => too_long(),
                    })?,
                    _ => Value::Null,
                });
            }
            sink.push(&mut values).await?;
        }
        // For a SELECT, the server reports the number of returned rows.
        Ok(if reads { 0 } else { rows.rows_affected().unwrap_or(0) })
    }

    async fn batch(&self, text: &str) -> Result<(), Error> {
        self.client.batch_execute(text).await.map_err(|e| error(&e))
    }

    /// Runs one of the host's own statements, and checks in the same round trip whether the session still has
    /// the connection's role, and still reads strings as the gate does.
    async fn end(&mut self, text: &str) -> Result<(), Error> {
        if !self.can_change() {
            return self.batch(text).await;
        }
        let text = format!("{text}; SELECT current_user, current_setting('standard_conforming_strings')");
        let found = self.client.simple_query(&text).await.map_err(|e| error(&e))?;
        let role = self.role.as_deref();
        let is_kept = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => {
                role.is_none_or(|role| row.get(0) == Some(role)) && row.get(1) == Some("on")
            }
            _ => false,
        };
        self.left = !found.iter().any(is_kept);
        if self.left { Err(Error::role_changed()) } else { Ok(()) }
    }

    /// Returns whether a statement may change the session. Without a role, a read-only transaction cannot.
    fn can_change(&self) -> bool {
        self.role.is_some() || self.access.mode > SqlMode::Read
    }

    /// Returns the result of a statement, unless it has changed the session.
    async fn in_role<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        if !self.can_change() || result.as_ref().is_err_and(Error::leaves_rows) {
            return result;
        }
        match self.end("").await {
            // A failed transaction answers no query; the role is checked at its end.
            Err(_) if result.is_err() && !self.left => result,
            Err(error) => Err(error),
            Ok(()) => result,
        }
    }

    async fn copy(&self, text: &str, rows: &mut mpsc::Receiver<Loaded>) -> Result<u64, Error> {
        let sink = self.client.copy_in::<_, Bytes>(text).await.map_err(|e| error(&e))?;
        pin_mut!(sink);
        let mut buffer = String::with_capacity(COPY_BYTES + 4096);
        while let Some(rows) = next_rows(rows).await? {
            for row in rows {
                copy_row(&mut buffer, &row)?;
            }
            if buffer.len() >= COPY_BYTES {
                let full = std::mem::replace(&mut buffer, String::with_capacity(COPY_BYTES + 4096));
                sink.send(full.into()).await.map_err(|e| error(&e))?;
            }
        }
        sink.send(buffer.into()).await.map_err(|e| error(&e))?;
        sink.finish().await.map_err(|e| e.as_db_error().and_then(in_row).unwrap_or_else(|| error(&e)))
    }
}

/// A statement and its replacement, which returns columns of unsupported types as text.
struct Prepared {
    described: Statement,
    runs: Statement,
    bound: Vec<Bound>,
}

#[async_trait]
impl Driver for Postgres {
    async fn begin_use(&mut self, access: &Access) -> Result<(), Error> {
        self.access = access.clone();
        let millis = (access.timeout + BACKSTOP).as_millis();
        let idle = (access.idle + BACKSTOP).as_millis();
        let role = match &self.role {
            Some(role) => format!("; SET ROLE {}", quoted(Database::Postgres, role)?),
            None => String::new(),
        };
        let read_only = if access.mode == SqlMode::Read { "on" } else { "off" };
        let text = format!(
            "SET statement_timeout = {millis}; SET lock_timeout = {millis}; \
             SET idle_in_transaction_session_timeout = {idle}; SET standard_conforming_strings = on; \
             SET IntervalStyle = postgres; SET DateStyle = ISO; SET extra_float_digits = 1; SET bytea_output = hex; SET default_transaction_read_only = {read_only}{role}"
        );
        self.batch(&text).await
    }

    async fn run(&mut self, statement: &str, parameters: &Parameters, sink: &mut Sink) -> Result<u64, Error> {
        let wrapped = self.wraps();
        let result = self.rows(statement, parameters, sink).await.map_err(|error| self.exceeded.or(error));
        if !wrapped {
            return self.in_role(result).await;
        }
        if !result.as_ref().is_err_and(Error::leaves_rows) {
            self.end(if result.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        }
        result
    }

    fn split(&self, text: &str) -> Result<Vec<Part>, Error> {
        script::split(Database::Postgres, text)
    }

    async fn control(&mut self, control: Control) -> Result<(), Error> {
        let text = match (control, self.access.mode) {
            (Control::Begin, SqlMode::Read) => "BEGIN READ ONLY",
            (Control::Begin, _) => "BEGIN",
            (Control::Commit, _) => "COMMIT",
            (Control::Rollback, _) => "ROLLBACK",
        };
        self.in_transaction = control == Control::Begin;
        self.end(text).await
    }

    async fn load(
        &mut self,
        table: &str,
        columns: &[String],
        rows: &mut mpsc::Receiver<Loaded>,
    ) -> Result<u64, Error> {
        let names: Result<Vec<_>, _> =
            columns.iter().map(|name| quoted_part(Database::Postgres, name)).collect();
        let target = format!("{} ({})", quoted(Database::Postgres, table)?, names?.join(", "));
        // The driver loses its connection when COPY itself is refused, so the table is checked before.
        let defaults = vec!["DEFAULT"; columns.len()].join(", ");
        let check = format!("INSERT INTO {target} VALUES ({defaults})");
        self.client.prepare(&check).await.map_err(|e| error(&e))?;
        let text = format!("COPY {target} FROM STDIN");
        let loaded = self.copy(&text, rows).await;
        self.in_role(loaded).await
    }

    async fn abort(&mut self) -> bool {
        if self.left {
            return false;
        }
        if !self.place.cancel(&self.cancel, self.tls.as_ref()).await {
            return false;
        }
        // The stopped statement answers before this one. If it had ended, the cancellation hits this one instead. A
        // transaction is no longer usable.
        self.in_transaction = false;
        self.end("ROLLBACK").await.is_ok() || !self.left && self.end("ROLLBACK").await.is_ok()
    }

    async fn reset(&mut self) -> bool {
        self.in_transaction = false;
        if self.left || self.asked {
            return false;
        }
        // DISCARD ALL does not run in a transaction, so it must be a separate statement.
        self.batch("ROLLBACK").await.is_ok() && self.batch("DISCARD ALL").await.is_ok()
    }
}

/// Formats a row for COPY in text format (postgresql.org/docs/current/sql-copy.html).
fn copy_row(out: &mut String, row: &[Value]) -> Result<(), Error> {
    for (index, value) in row.iter().enumerate() {
        if index > 0 {
            out.push('\t');
        }
        match value {
            Value::Null => out.push_str("\\N"),
            Value::Text(text) | Value::Json(text) => {
                let mut rest = text.as_str();
                while let Some(at) = rest.find(['\\', '\t', '\n', '\r', '\0']) {
                    let (plain, odd) = rest.split_at(at);
                    out.push_str(plain);
                    out.push_str(match odd.as_bytes().first() {
                        Some(b'\\') => "\\\\",
                        Some(b'\t') => "\\t",
                        Some(b'\n') => "\\n",
                        Some(b'\r') => "\\r",
                        _ => {
                            return Err(Error::invalid(
                                "a text with the character NUL, which PostgreSQL cannot hold",
                            ));
                        }
                    });
                    rest = odd.get(1..).unwrap_or_default();
                }
                out.push_str(rest);
            }
            Value::Bytes(_) => {
                // The backslash belongs to the text.
                out.push('\\');
                write_text(out, value);
            }
            value => write_text(out, value),
        }
    }
    out.push('\n');
    Ok(())
}

fn error(error: &tokio_postgres::Error) -> Error {
    placed(error, "")
}

/// Returns the error of a statement with its line.
fn placed(error: &tokio_postgres::Error, statement: &str) -> Error {
    let Some(found) = error.as_db_error() else {
        if !error.is_closed() {
            tracing::warn!("a connection to PostgreSQL was lost: {}", describe(error));
        }
        return Error::lost();
    };
    if found.detail().or(found.hint()).is_some() {
        tracing::info!("PostgreSQL refused a statement of a step: {}", in_full(found));
    }
    let text = words::on_line(line(found, statement), db_error(found));
    let class = found.code().code().get(..2).unwrap_or_default();
    match *found.code() {
        SqlState::QUERY_CANCELED => Error::TimedOut,
        SqlState::READ_ONLY_SQL_TRANSACTION => Error::read_only(),
        SqlState::LOCK_NOT_AVAILABLE => Error::Unavailable(text),
        SqlState::INSUFFICIENT_PRIVILEGE => Error::Database(text),
        // Connections, retryable transactions, resources, shutdown.
        _ if ["08", "40", "53", "57"].contains(&class) => Error::Unavailable(text),
        // Syntax, names and invalid parameters.
        _ if class == "42" => Error::InvalidStatement(text),
        _ => Error::Database(text),
    }
}

/// Returns the line of a statement that an error concerns. PostgreSQL counts characters.
fn line(found: &DbError, statement: &str) -> Option<usize> {
    let ErrorPosition::Original(position) = found.position()? else { return None };
    let before = usize::try_from(*position).ok()?.checked_sub(1)?;
    let at = statement.char_indices().nth(before).map_or(statement.len(), |(at, _)| at);
    words::line(statement, at)
}

/// Returns the error of a row of a load: `COPY t, line 2, column amount: "1,5"`.
fn in_row(found: &DbError) -> Option<Error> {
    let mut parts = found.where_()?.strip_prefix("COPY ")?.split(", ").skip(1);
    let row = parts.next()?.strip_prefix("line ")?.split(':').next()?.parse().ok()?;
    let column = parts.next().and_then(|part| part.strip_prefix("column ")?.split(':').next());
    let code = found.code().code();
    let column = column.or(found.column());
    Some(words::of_load(column, found.message(), code, Kind::of_postgres(code)).in_row(row))
}

/// Returns the message that a guest may see. Details and hints contain values of rows and names from parts of
/// the server that the guest has no access to.
fn db_error(error: &DbError) -> String {
    let code = error.code().code();
    words::reworded(Database::Postgres, error.message(), code, Kind::of_postgres(code))
}

/// Returns the message for the operator, with the details and the hint.
fn in_full(error: &DbError) -> String {
    let mut text = format!("{} ({})", error.message(), error.code().code());
    for more in [error.detail(), error.hint()].into_iter().flatten() {
        text.push_str(": ");
        text.push_str(more);
    }
    text
}

/// Returns the problem for the operator, down to its cause.
fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(found) = error.as_db_error() {
        return in_full(found);
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_copy_escape_what_it_reads() {
        let text = |text: &str| Value::Text(text.into());
        for (row, line) in [
            (vec![Value::Integer(1), Value::Null, text("a\tb")], "1\t\\N\ta\\tb\n"),
            (vec![text("\\N"), text("x\r\ny\\")], "\\\\N\tx\\r\\ny\\\\\n"),
            (
                vec![Value::Bytes(vec![0, 255]), Value::Boolean(true), Value::Float(1.5)],
                "\\\\x00ff\ttrue\t1.5\n",
            ),
        ] {
            let mut out = String::new();
            copy_row(&mut out, &row).unwrap();
            assert_eq!(out, line);
        }
        assert!(copy_row(&mut String::new(), &[text("a\0")]).is_err());
    }
}
