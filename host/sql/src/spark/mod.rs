//! Apache Spark, over Spark Connect.
//!
//! Spark has no accounts and no transactions of its own. The gate decides which statements may run, and the settings
//! of the session take away what the gate cannot see: variables in texts that stand for the server's environment, and
//! paths as tables where the connection names none. Each use has a session of its own, which ends with it.

mod answers;
mod batches;
mod errors;
mod rows;
mod session;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use proto::expression::{ExprType, Literal, literal};
use proto::{data_type, relation};
use spark_connect_proto as proto;
use stepwell_engine::config::Database;
use stepwell_engine::config::spark::{FILES, SESSION};
use tokio::sync::mpsc;

use crate::dialect::{self, bind};
use crate::pool::{Access, Opened, Server};
use crate::script::{self, Part};
use crate::serve::{Control, Driver, Loaded};
use crate::sink::Sink;
use crate::{Error, Parameters, Value, gate, lists};
use batches::Batches;
use errors::error;
use session::Session;

/// The time that a server has to stop an operation, or to drop its answers.
const STOPPING: Duration = Duration::from_secs(2);

pub(crate) struct Spark {
    session: Session,
    access: Access,
    database: String,
    paths: Vec<String>,
    settings: BTreeMap<String, String>,
    /// The id of the operation that runs.
    running: Option<String>,
}

/// Connects, and asks for the version.
pub(crate) async fn connect(server: &Server) -> Result<Opened, String> {
    let mut session = Session::connect(server).await?;
    let version = tokio::time::timeout(session::FIRST, session.version()).await;
    let version = version.map_err(|_| "it does not answer within 30 s".to_owned())?;
    let version = version.map_err(|status| error(&status).to_string())?;
    let driver = Spark {
        session,
        access: Access::nothing(),
        database: server.database.clone(),
        paths: server.paths.clone(),
        settings: server.settings.clone(),
        running: None,
    };
    Ok(Opened { driver: Box::new(driver), version, superuser: false })
}

impl Spark {
    /// Runs a statement that the gate has passed. Of the rows of a query, the server makes no more than `limit`.
    async fn execute(
        &mut self,
        query: String,
        values: Vec<&Value>,
        limit: Option<i32>,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let pos_arguments = values.into_iter().map(argument).collect::<Result<_, _>>()?;
        let sql = proto::Sql { query, pos_arguments, ..Default::default() };
        let mut relation = proto::Relation { common: None, rel_type: Some(relation::RelType::Sql(sql)) };
        if let Some(limit) = limit {
            let limit = proto::Limit { input: Some(Box::new(relation)), limit };
            relation =
                proto::Relation { common: None, rel_type: Some(relation::RelType::Limit(Box::new(limit))) };
        }
        let id = session::operation_id().ok_or_else(|| Error::Database("no random numbers".to_owned()))?;
        self.running = Some(id.clone());
        let result = self.fetch(relation, id, sink).await;
        match &result {
            Ok(()) => self.forget().await,
            // The task of the connection stops the operation.
            Err(error) if error.leaves_rows() => {}
            Err(_) => {
                self.abort().await;
            }
        }
        result
    }

    /// Runs an operation, and reads its rows.
    async fn fetch(&mut self, relation: proto::Relation, id: String, sink: &mut Sink) -> Result<(), Error> {
        let mut operation = self.session.execute(relation, id).await.map_err(|status| error(&status))?;
        let (mut batches, mut row, mut is_first) = (Batches::default(), Vec::new(), true);
        while let Some(data) = self.session.next(&mut operation).await.map_err(|status| error(&status))? {
            let schema = batches.begin(data)?;
            if std::mem::take(&mut is_first) {
                sink.columns(rows::columns(&schema))?;
            }
            while let Some(batch) = batches.next()? {
                for at in 0..batch.num_rows() {
                    // The deadline holds also while rows are only counted.
                    tokio::task::consume_budget().await;
                    for column in batch.columns() {
                        row.push(rows::value(column, at)?);
                    }
                    sink.push(&mut row).await?;
                }
            }
        }
        if is_first {
            sink.columns(Vec::new())?;
        }
        Ok(())
    }

    /// Lets the server drop the answers of the operation. It does so by itself after a while.
    async fn forget(&mut self) {
        if let Some(id) = self.running.take() {
            let _ = tokio::time::timeout(STOPPING, self.session.forget(&id)).await;
        }
    }

    async fn statement(
        &mut self,
        text: &str,
        parameters: &Parameters,
        sink: &mut Sink,
    ) -> Result<u64, Error> {
        let (statement, parameters) = lists::expanded(Database::Spark, text, parameters)?;
        let tokens = dialect::tokens(Database::Spark, &statement)?;
        gate::check(Database::Spark, self.access.mode, self.access.scripts, &tokens)?;
        gate::spark_paths(&tokens, &self.paths)?;
        let (text, values) = bind(Database::Spark, &statement, &tokens, &parameters)?;
        // One more row than may be shows that there are too many.
        let most = i32::try_from(sink.max_rows.saturating_add(1)).ok();
        let limit = most.filter(|_| gate::only_queries(&tokens));
        self.execute(text, values, limit, sink).await?;
        Ok(0)
    }
}

#[async_trait]
impl Driver for Spark {
    async fn begin_use(&mut self, access: &Access) -> Result<(), Error> {
        self.access = access.clone();
        let fixed = SESSION.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let files = (FILES.to_owned(), (!self.paths.is_empty()).to_string());
        let settings = self.settings.clone().into_iter().chain(fixed).chain([files]);
        self.session.set(settings).await.map_err(|status| error(&status))?;
        if self.database.is_empty() {
            return Ok(());
        }
        let used = format!("USE {}", dialect::quoted(Database::Spark, &self.database)?);
        let mut sink = Sink::counting(u64::MAX, std::sync::Arc::new(crate::Totals::new(u64::MAX, u64::MAX)));
        self.execute(used, Vec::new(), None, &mut sink).await
    }

    async fn run(&mut self, statement: &str, parameters: &Parameters, sink: &mut Sink) -> Result<u64, Error> {
        self.statement(statement, parameters, sink).await
    }

    fn split(&self, text: &str) -> Result<Vec<Part>, Error> {
        script::split(Database::Spark, text)
    }

    async fn control(&mut self, _: Control) -> Result<(), Error> {
        Err(Error::invalid(
            "a `spark` connection has no transactions: write `transaction: false`, and each statement of the script takes effect by itself",
        ))
    }

    async fn load(&mut self, _: &str, _: &[String], _: &mut mpsc::Receiver<Loaded>) -> Result<u64, Error> {
        Err(Error::invalid(
            "a `spark` connection takes no rows of a load: write them to a file below one of its `paths`, and run \
             INSERT INTO t SELECT * FROM parquet.`/path/of/the/file`",
        ))
    }

    async fn abort(&mut self) -> bool {
        let Some(id) = &self.running else { return true };
        let stopped = tokio::time::timeout(STOPPING, self.session.interrupt(id)).await;
        self.forget().await;
        stopped.is_ok_and(|stopped| stopped.is_ok())
    }

    async fn reset(&mut self) -> bool {
        let _ = self.session.release().await;
        // The next use begins a session of its own.
        false
    }
}

/// Returns a parameter as a literal, which no text of the statement is made of.
fn argument(value: &Value) -> Result<proto::Expression, Error> {
    use literal::LiteralType as L;
    let odd = |text: &str| Error::invalid(format!("the parameter `{text}` is not a moment that Spark has"));
    let literal_type = match value {
        Value::Null => {
            L::Null(proto::DataType { kind: Some(data_type::Kind::Null(data_type::Null::default())) })
        }
        Value::Boolean(value) => L::Boolean(*value),
        Value::Integer(value) => L::Long(*value),
        Value::Float(value) => L::Double(*value),
        Value::Decimal(text) => {
            L::Decimal(literal::Decimal { value: text.to_string(), precision: None, scale: None })
        }
        Value::Bytes(bytes) => L::Binary(bytes.clone().into()),
        Value::Date(text) => {
            let date: NaiveDate = text.parse().map_err(|_| odd(text))?;
            let days = date.signed_duration_since(NaiveDate::default()).num_days();
            L::Date(i32::try_from(days).map_err(|_| odd(text))?)
        }
        Value::Timestamp(text) => {
            let moment: NaiveDateTime = text.parse().map_err(|_| odd(text))?;
            L::TimestampNtz(moment.and_utc().timestamp_micros())
        }
        Value::TimestampWithZone(text) => {
            let moment = DateTime::parse_from_rfc3339(text).map_err(|_| odd(text))?;
            L::Timestamp(moment.timestamp_micros())
        }
        Value::Text(text) | Value::Time(text) | Value::Uuid(text) | Value::Json(text) => {
            L::String(text.to_string())
        }
    };
    let literal = Literal { literal_type: Some(literal_type), data_type: None };
    Ok(proto::Expression { common: None, expr_type: Some(ExprType::Literal(literal)) })
}
