//! MySQL and MariaDB.
//!
//! The driver prepares statements, so the server accepts one at a time and binds their parameters. Statements
//! of `mode: read` run in read-only transactions. A separate connection kills a statement that has to stop.

use async_trait::async_trait;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, Params, SslOpts, Value as Raw};
use stepwell_engine::config::Database;
use stepwell_engine::policy::SqlMode;
use tokio::sync::mpsc;

use crate::bounded::ROW;
use crate::dialect::{self, Token, bind, miscounted, quoted, quoted_part};
use crate::mysql_errors::{error, in_row, of_load};
use crate::mysql_values::{described, raw, value};
use crate::pool::{Access, BACKSTOP, Opened, Server};
use crate::script::{self, Part};
use crate::serve::{Control, Driver, Loaded, next_rows};
use crate::sink::Sink;
use crate::{Error, Parameters, Value, filled, gate, lists, mysql_bits, tls};

/// The maximum number of parameter marks in one statement: the protocol counts them in 16 bits.
const MAX_MARKS: usize = 65_535;
/// "This command is not supported in the prepared statement protocol yet".
const NOT_PREPARED: u16 = 1295;
/// "User has not been granted role".
const NOT_GRANTED: u16 = 1959;

pub(crate) struct Mysql {
    conn: Conn,
    opts: Opts,
    role: Option<String>,
    is_mariadb: bool,
    access: Access,
    in_transaction: bool,
    /// Whether an answer of the server is outstanding. If the caller is dropped meanwhile, the session is
    /// lost.
    waits: bool,
}

/// Logs in and checks the rights of the login.
pub(crate) async fn connect(server: &Server) -> Result<Opened, String> {
    if server.database.eq_ignore_ascii_case("mysql") {
        return Err(
            "the database `mysql` holds accounts and their passwords; connect to another one".to_owned()
        );
    }
    let mut opts = OptsBuilder::default()
        .user(Some(&server.user))
        .pass(server.password.as_deref())
        .db_name(Some(&server.database))
        .prefer_socket(false)
        .max_allowed_packet(usize::try_from(ROW).ok())
        .stmt_cache_size(64);
    opts = match server.host.starts_with('/') {
        true => opts.socket(Some(&server.host)),
        false => opts.ip_or_hostname(server.host.clone()).tcp_port(server.port),
    };
    if server.tls {
        let mut store = rustls::RootCertStore::empty();
        let roots = tls::roots(server.tls_ca.as_deref())?.into_iter();
        let usable = roots.filter(|root| store.add(root.clone()).is_ok());
        let usable = usable.map(|root| root.as_ref().to_vec().into()).collect();
        opts = opts.ssl_opts(SslOpts::default().with_disable_built_in_roots(true).with_root_certs(usable));
    }
    let opts = Opts::from(opts);
    let shown = |error: mysql_async::Error| error.to_string();
    let connecting = tokio::time::timeout(std::time::Duration::from_secs(10), Conn::new(opts.clone()));
    let mut conn =
        connecting.await.map_err(|_| "it does not answer within 10 s".to_owned())?.map_err(shown)?;
    let version: Option<String> = conn.query_first("SELECT VERSION()").await.map_err(shown)?;
    let version = version.unwrap_or_default();
    let is_mariadb = version.to_ascii_lowercase().contains("mariadb");
    let grants = grants(&mut conn, is_mariadb).await.map_err(shown)?;
    let role = server.role.clone();
    let superuser = grants.iter().any(|grant| rules(grant));
    let access = Access::nothing();
    let driver = Mysql { conn, opts, role, is_mariadb, access, in_transaction: false, waits: false };
    Ok(Opened { driver: Box::new(driver), version, superuser })
}

/// Returns the lines of SHOW GRANTS for the login and for every role that it may take, directly or through
/// other roles.
async fn grants(conn: &mut Conn, is_mariadb: bool) -> Result<Vec<String>, mysql_async::Error> {
    let mut grants: Vec<String> = conn.query("SHOW GRANTS").await?;
    let roles = match is_mariadb {
        true => "SELECT DISTINCT ROLE_NAME, '' FROM information_schema.APPLICABLE_ROLES",
        false => "SELECT DISTINCT ROLE_NAME, ROLE_HOST FROM information_schema.APPLICABLE_ROLES",
    };
    let roles: Vec<(String, String)> = match conn.query(roles).await {
        Ok(roles) => roles,
        // A server without roles has no such table.
        Err(mysql_async::Error::Server(found)) if [1109, 1146].contains(&found.code) => Vec::new(),
        Err(error) => return Err(error),
    };
    let text = |name: &str| format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'"));
    let own: Option<String> = match is_mariadb {
        true => conn.query_first::<Option<String>, _>("SELECT CURRENT_ROLE()").await?.flatten(),
        false => None,
    };
    for (role, host) in roles {
        let shown = match is_mariadb {
            true => match conn.query_drop(format!("SET ROLE {}", text(&role))).await {
                Ok(()) => "SHOW GRANTS".to_owned(),
                // The role comes with another role, whose grants are listed separately.
                Err(mysql_async::Error::Server(found)) if found.code == NOT_GRANTED => continue,
                Err(error) => return Err(error),
            },
            false => format!("SHOW GRANTS FOR CURRENT_USER() USING {}@{}", text(&role), text(&host)),
        };
        let of_role: Vec<String> = conn.query(shown).await?;
        grants.extend(of_role);
    }
    if is_mariadb {
        let role = own.map_or_else(|| "NONE".to_owned(), |role| text(&role));
        conn.query_drop(format!("SET ROLE {role}")).await?;
    }
    Ok(grants)
}

/// Rights on every database that concern only data. Any other right, including rights missing from this list,
/// concerns the server.
const OF_DATA: &[&str] = &[
    "ALTER",
    "ALTER ROUTINE",
    "CREATE",
    "CREATE ROUTINE",
    "CREATE TEMPORARY TABLES",
    "CREATE VIEW",
    "DELETE HISTORY",
    "DROP",
    "EVENT",
    "EXECUTE",
    "INDEX",
    "LOCK TABLES",
    "PROCESS",
    "REFERENCES",
    "SELECT",
    "SHOW DATABASES",
    "SHOW VIEW",
    "SHOW_ROUTINE",
    "SHOW CREATE ROUTINE",
    "TRIGGER",
    "USAGE",
];

/// Rights with which a login can grant itself further rights if it has them on the server's own tables.
const WRITES: &[&str] = &["ALL PRIVILEGES", "INSERT", "UPDATE", "DELETE", "ALTER", "DROP", "CREATE"];

/// Returns whether a line of SHOW GRANTS lets the login do everything, read and write the server's files, or
/// acquire further rights.
fn rules(grant: &str) -> bool {
    let grant = grant.to_ascii_uppercase();
    let Some(rest) = grant.strip_prefix("GRANT ") else { return false };
    // `GRANT role TO user`: the rights of the role are on separate lines.
    let Some((rights, object)) = rest.split_once(" ON ") else { return false };
    let rights: Vec<&str> = rights.split(',').map(str::trim).collect();
    let object = object.split(" TO ").next().unwrap_or_default();
    if rights.contains(&"PROXY") {
        return true;
    }
    match object.trim() {
        "*.*" => {
            let more =
                grant.rsplit_once(" WITH ").is_some_and(|(_, options)| options.contains("GRANT OPTION"));
            more || rights.iter().any(|right| !OF_DATA.contains(right))
        }
        object if object.starts_with("`MYSQL`.") || object.starts_with("MYSQL.") => {
            rights.iter().any(|right| WRITES.contains(right))
        }
        // A pattern for database names, as in `my%`.
        object if object.starts_with("`%") || object.starts_with("`MY%") || object.starts_with("`MYSQL%") => {
            rights.iter().any(|right| WRITES.contains(right))
        }
        _ => false,
    }
}

impl Mysql {
    async fn rows(
        &mut self,
        statement: &str,
        parameters: &Parameters,
        sink: &mut Sink,
    ) -> Result<u64, Error> {
        let (statement, parameters) = lists::expanded(Database::Mysql, statement, parameters)?;
        let tokens = dialect::tokens(Database::Mysql, &statement)?;
        gate::check(Database::Mysql, self.access.mode, self.access.scripts, &tokens)?;
        let (text, values) = bind(Database::Mysql, &statement, &tokens, &parameters)?;
        let prepared = match self.conn.prep(text.as_str()).await {
            // Definitions with bodies, on servers that cannot prepare them. The gate has checked that this is
            // one statement.
            Err(mysql_async::Error::Server(found)) if found.code == NOT_PREPARED && values.is_empty() => {
                self.conn.query_drop(text.as_str()).await.map_err(|e| error(&e))?;
                return Ok(self.conn.affected_rows());
            }
            other => other.map_err(|e| error(&e))?,
        };
        if usize::from(prepared.num_params()) != values.len() {
            return Err(miscounted(prepared.num_params().into(), values.len()));
        }
        self.fits(&tokens, &parameters).await?;
        let values: Vec<Raw> = values.into_iter().map(raw).collect();
        let parameters = if values.is_empty() { Params::Empty } else { Params::Positional(values) };
        let mut result = self.conn.exec_iter(&prepared, parameters).await.map_err(|e| error(&e))?;
        let columns = result.columns().unwrap_or_default();
        let affected = if columns.is_empty() { result.affected_rows() } else { 0 };
        sink.columns(columns.iter().map(described).collect())?;
        let mut values = Vec::with_capacity(columns.len());
        let forms = mysql_bits::forms(&columns, &statement, &tokens, self.is_mariadb);
        while let Some(row) = result.next().await.map_err(|e| error(&e))? {
            let found = row.unwrap().into_iter().zip(columns.iter().zip(&forms));
            values.extend(found.map(|(raw, (column, form))| value(raw, column, *form)));
            sink.push(&mut values).await?;
        }
        // Procedures end with a result without rows, after any number of results with rows.
        result.drop_result().await.map_err(|e| error(&e))?;
        Ok(affected)
    }

    /// Compares the parameters of an INSERT or an UPDATE with the columns that they fill. This needs the right to
    /// read the table; without it, the server alone decides.
    async fn fits(&mut self, tokens: &[Token<'_>], parameters: &Parameters) -> Result<(), Error> {
        let Some(filled) = filled::of(tokens, parameters) else { return Ok(()) };
        let Ok(prepared) = self.conn.prep(filled.query.as_str()).await else { return Ok(()) };
        let columns: Vec<_> = prepared.columns().iter().map(described).collect();
        filled.check(Database::Mysql, &columns)
    }

    async fn command(&mut self, text: &str) -> Result<(), Error> {
        self.conn.query_drop(text).await.map_err(|e| error(&e))
    }

    async fn insert(
        &mut self,
        table: &str,
        columns: &[String],
        rows: &mut mpsc::Receiver<Loaded>,
    ) -> Result<u64, Error> {
        let names: Result<Vec<_>, _> =
            columns.iter().map(|name| quoted_part(Database::Mysql, name)).collect();
        let head = format!("INSERT INTO {} ({}) VALUES ", quoted(Database::Mysql, table)?, names?.join(", "));
        let one = format!("({})", vec!["?"; columns.len()].join(", "));
        let most = (MAX_MARKS / columns.len()).clamp(1, 1_000);
        let mut loaded = 0;
        while let Some(rows) = next_rows(rows).await? {
            for part in rows.chunks(most) {
                let text = format!("{head}{}", vec![one.as_str(); part.len()].join(", "));
                let values: Vec<Raw> = part.iter().flatten().map(raw).collect();
                if let Err(found) = self.conn.exec_drop(text, Params::Positional(values)).await {
                    let problem = in_row(&found, loaded);
                    return Err(match problem {
                        Some(problem) => problem,
                        None => self.row_by_row(&head, &one, part, loaded, found).await,
                    });
                }
                if self.conn.get_warnings() > 0
                    && let Some(changed) = self.changed(loaded).await?
                {
                    return Err(changed);
                }
                loaded += part.len() as u64;
            }
        }
        Ok(loaded)
    }

    /// Returns the changes that the server reports for a part of a load, since it makes them without an
    /// error.
    async fn changed(&mut self, before: u64) -> Result<Option<Error>, Error> {
        let found: Option<(String, u16, String)> =
            self.conn.query_first("SHOW WARNINGS LIMIT 1").await.map_err(|e| error(&e))?;
        let Some((_, code, message)) = found else { return Ok(None) };
        let row =
            message.rsplit_once(" at row ").and_then(|(why, row)| Some((why, row.parse::<u64>().ok()?)));
        Ok(row.map(|(why, row)| of_load(why, code).in_row(before + row)))
    }

    /// Returns the error of a part of a load, which names no row, with the first row that the server refuses
    /// individually. Its changes to earlier rows are rolled back with the load.
    async fn row_by_row(
        &mut self,
        head: &str,
        one: &str,
        part: &[Vec<Value>],
        before: u64,
        found: mysql_async::Error,
    ) -> Error {
        if !matches!(&found, mysql_async::Error::Server(server) if server.state.starts_with("23")) {
            return error(&found);
        }
        for (row, number) in part.iter().zip(before + 1..) {
            let values = Params::Positional(row.iter().map(raw).collect());
            if let Err(mysql_async::Error::Server(server)) =
                self.conn.exec_drop(format!("{head}{one}"), values).await
            {
                let why = server.message.split(" at row ").next().unwrap_or_default();
                return of_load(why, server.code).in_row(number);
            }
        }
        error(&found)
    }
}

#[async_trait]
impl Driver for Mysql {
    async fn begin_use(&mut self, access: &Access) -> Result<(), Error> {
        self.access = access.clone();
        let seconds = (access.timeout + BACKSTOP).as_secs_f64();
        let limit = match self.is_mariadb {
            true => format!("max_statement_time = {seconds:.3}"),
            false => format!("max_execution_time = {}", (access.timeout + BACKSTOP).as_millis()),
        };
        // The gate must read the strings of a statement as the server will.
        // Combined modes reenable their members.
        let mode =
            ["NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "ANSI", "DB2", "MAXDB", "MSSQL", "ORACLE", "POSTGRESQL"]
                .iter()
                .fold("@@sql_mode".to_owned(), |mode, name| format!("REPLACE({mode}, '{name}', '')"));
        self.command(&format!(
            "SET SESSION {limit}, lock_wait_timeout = {0}, innodb_lock_wait_timeout = {0}, \
             time_zone = '+00:00', sql_mode = {mode}",
            seconds.ceil().max(1.0)
        ))
        .await?;
        match &self.role {
            Some(role) => self.command(&format!("SET ROLE {}", quoted_part(Database::Mysql, role)?)).await,
            None => Ok(()),
        }
    }

    async fn run(&mut self, statement: &str, parameters: &Parameters, sink: &mut Sink) -> Result<u64, Error> {
        let wraps = self.access.mode == SqlMode::Read && !self.in_transaction;
        self.waits = true;
        if wraps {
            self.command("START TRANSACTION READ ONLY").await?;
        }
        let result = self.rows(statement, parameters, sink).await;
        if wraps && !result.as_ref().is_err_and(Error::leaves_rows) {
            self.command("COMMIT").await?;
        }
        self.waits = false;
        result
    }

    fn split(&self, text: &str) -> Result<Vec<Part>, Error> {
        script::split(Database::Mysql, text)
    }

    async fn control(&mut self, control: Control) -> Result<(), Error> {
        let text = match (control, self.access.mode) {
            (Control::Begin, SqlMode::Read) => "START TRANSACTION READ ONLY",
            (Control::Begin, _) => "START TRANSACTION",
            (Control::Commit, _) => "COMMIT",
            (Control::Rollback, _) => "ROLLBACK",
        };
        self.in_transaction = control == Control::Begin;
        self.waits = true;
        let done = self.command(text).await;
        self.waits = false;
        done
    }

    async fn load(
        &mut self,
        table: &str,
        columns: &[String],
        rows: &mut mpsc::Receiver<Loaded>,
    ) -> Result<u64, Error> {
        self.waits = true;
        let own = !self.in_transaction;
        if own {
            self.command("START TRANSACTION").await?;
        }
        let loaded = self.insert(table, columns, rows).await;
        if own {
            self.command(if loaded.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        }
        self.waits = false;
        loaded
    }

    async fn abort(&mut self) -> bool {
        // An unread answer would count as the answer to the next statement.
        let lost = std::mem::replace(&mut self.waits, false);
        let kill = if lost { "CONNECTION" } else { "QUERY" };
        let Ok(mut other) = Conn::new(self.opts.clone()).await else { return false };
        let killed = other.query_drop(format!("KILL {kill} {}", self.conn.id())).await;
        let _ = other.disconnect().await;
        // Reads the remaining data in transit.
        killed.is_ok() && !lost && self.conn.ping().await.is_ok() && self.command("ROLLBACK").await.is_ok()
    }

    async fn reset(&mut self) -> bool {
        self.in_transaction = false;
        // COM_RESET_CONNECTION rolls back, drops temporary tables and locks, and forgets variables.
        matches!(self.conn.reset().await, Ok(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_that_rule_the_server_are_known_by_their_grants() {
        for (grant, found) in [
            ("GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION", true),
            ("GRANT SELECT, FILE ON *.* TO `x`@`%`", true),
            ("GRANT SUPER ON *.* TO `x`@`%`", true),
            ("GRANT USAGE ON *.* TO `x`@`%` IDENTIFIED BY PASSWORD '*0'", false),
            ("GRANT ALL PRIVILEGES ON `shop`.* TO `x`@`%`", false),
            ("GRANT ALL PRIVILEGES ON `shop`.* TO `x`@`%` WITH GRANT OPTION", false),
            ("GRANT SELECT, SHOW VIEW ON *.* TO `x`@`%`", false),
            ("GRANT SELECT ON *.* TO `x`@`%` WITH GRANT OPTION", true),
            ("GRANT CREATE USER ON *.* TO `x`@`%`", true),
            ("GRANT SYSTEM_VARIABLES_ADMIN,ROLE_ADMIN ON *.* TO `x`@`%`", true),
            ("GRANT SOMETHING_NEW_ADMIN ON *.* TO `x`@`%`", true),
            ("GRANT SELECT, INSERT, UPDATE ON *.* TO `x`@`%`", true),
            ("GRANT UPDATE ON `mysql`.* TO `x`@`%`", true),
            ("GRANT INSERT ON `mysql`.`user` TO `x`@`%`", true),
            ("GRANT SELECT ON `mysql`.* TO `x`@`%`", false),
            ("GRANT UPDATE ON `%`.* TO `x`@`%`", true),
            ("GRANT PROXY ON ''@'%' TO `x`@`%` WITH GRANT OPTION", true),
            ("GRANT `files`@`%` TO `x`@`%`", false),
        ] {
            assert_eq!(rules(grant), found, "{grant}");
        }
    }
}
