//! The databases that a step may use, and the statements that it may run there.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Layers, Missing, Policed};
use crate::Configuration;
use crate::document::closest;
use crate::policy::grant::Grant;
use crate::policy::refusal::{Denial, list, plain};
use crate::policy::rule::Rule;
use crate::quantity::{Count, Span, counted};

/// The capability to use SQL connections.
pub struct Sql;

/// A SQL connection that a step may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlRule {
    /// The name of a connection in the configuration.
    #[schemars(length(max = 200))]
    pub connection: String,
    /// The statements that the step may run. Default: `read`.
    #[serde(default)]
    pub mode: SqlMode,
    /// Whether one call may run a script of several statements. For `mssql`, where a batch looks like a
    /// single statement: whether a batch may hold more than one. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub scripts: bool,
    /// Maximum number of rows of one result. Default: `limits.sql_rows`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Count>,
    /// Maximum time of one statement. Default: `limits.sql_timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
}

/// The statements that a step may run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum SqlMode {
    /// SELECT only.
    #[default]
    Read,
    /// Also INSERT, UPDATE and DELETE.
    Write,
    /// Also CREATE, ALTER and DROP.
    Ddl,
}

impl SqlMode {
    /// Returns the name as policies spell it.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A connection of a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SqlGrant {
    /// The statements that the step may run.
    pub mode: SqlMode,
    /// Whether a call may run several statements.
    pub scripts: bool,
    /// Maximum number of rows of one result.
    pub rows: Count,
    /// Maximum time of one statement.
    pub timeout: Span,
}

impl Policed for Sql {
    type Rules = Vec<SqlRule>;
    type Grant = BTreeMap<String, SqlGrant>;

    const THREAT: &'static str = "A statement does more than the operator granted: it writes where it may read, changes its \
        session, or reaches files and other servers through the database. So connections are granted by name with a mode; the \
        database enforces the mode where it can, a gate refuses statements by their words, and rows, bytes and time are bounded.";
    const NOT_GRANTED: Rule = Rule::SqlNotGranted;
    const ANYTHING: &'static str = "any connection";
    const EXAMPLE: &'static str = "[{connection: NAME, mode: read}]";
    const IS_OURS: bool = true;

    fn missing(rules: &Self::Rules, config: &Configuration, is_for: &dyn Fn(&str) -> bool) -> Vec<Missing> {
        let mut missing = Vec::new();
        for (i, rule) in rules.iter().enumerate() {
            let (at, kind, name) = (format!("/{i}/connection"), "the connection", &rule.connection);
            match config.connections.get(name) {
                Some(found) if found.read_only && rule.mode > SqlMode::Read => {
                    let message = format!("{kind} `{name}` is `read_only`, and this grants more than `read`");
                    missing.push(Missing { at, message, near: None });
                }
                _ => missing.extend(Missing::of(at, kind, name, &config.connections, || {
                    config.strangers(is_for, |project| project.connections.contains(name))
                })),
            }
        }
        missing
    }

    fn fold(layers: &Layers<'_, Self::Rules>) -> Self::Grant {
        let mut granted = BTreeMap::new();
        for rule in layers.operator.into_iter().flatten() {
            let (rows, time) = (layers.limits.sql_rows, layers.limits.sql_timeout);
            let mut sql = SqlGrant {
                mode: rule.mode,
                scripts: rule.scripts,
                rows: rule.rows.unwrap_or(rows).min(rows),
                timeout: rule.timeout.unwrap_or(time).min(time),
            };
            let Some(narrower) = layers.narrower(|narrow| narrow.connection == rule.connection) else {
                continue;
            };
            for narrow in narrower {
                sql.mode = sql.mode.min(narrow.mode);
                sql.scripts &= narrow.scripts;
                sql.rows = sql.rows.min(narrow.rows.unwrap_or(sql.rows));
                sql.timeout = sql.timeout.min(narrow.timeout.unwrap_or(sql.timeout));
            }
            granted.insert(rule.connection.clone(), sql);
        }
        granted
    }

    fn is_empty(grant: &Self::Grant) -> bool {
        grant.is_empty()
    }

    fn parts(grant: &Self::Grant) -> Vec<(String, String)> {
        let part = |(name, sql): (&String, &SqlGrant)| {
            (
                format!("sql {name}"),
                format!("{}, {}, {}", sql.mode.name(), counted(sql.rows, "row"), sql.timeout),
            )
        };
        grant.iter().map(part).collect()
    }

    fn refuse_name(grant: &Grant, name: &str) -> Option<Denial> {
        (!grant.sql().contains_key(name)).then(|| grant.refuse_connection(name))
    }
}

impl Grant {
    /// Denies a connection.
    pub fn refuse_connection(&self, name: &str) -> Denial {
        let granted: Vec<String> = self.sql().keys().cloned().collect();
        let why = (!granted.is_empty()).then(|| match closest(name, &granted) {
            Some(near) => format!("{} grants `{near}`: did you mean that?", self.whose.name()),
            None => format!("{} grants {}", self.whose.name(), list(&granted)),
        });
        let yaml = format!("[{{connection: {}, mode: read}}]", plain(name));
        self.whose.refuse(Rule::SqlNotGranted, &format!("opening the connection `{name}`"), why, &yaml)
    }
}
