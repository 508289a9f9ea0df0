//! Connections to Spark: the keys of their own, and the settings that their sessions have.

use super::connection::{Connection, Database, Tls};

/// The settings that each session has, whatever the connection says. Checks of statements read them as Spark does
/// with these.
pub const SESSION: &[(&str, &str)] = &[
    ("spark.sql.session.timeZone", "UTC"),
    // An overflow and a text that is no number are errors, and not NULL.
    ("spark.sql.ansi.enabled", "true"),
    // A name in double quotes would be a string to the checks.
    ("spark.sql.ansi.doubleQuotedIdentifiers", "false"),
    ("spark.sql.parser.escapedStringLiterals", "false"),
    // `${env:NAME}` in a text would stand for a variable of the server's environment.
    ("spark.sql.variable.substitute", "false"),
    ("spark.sql.scripting.enabled", "false"),
    // A directory `_spark_metadata` would name files elsewhere.
    ("spark.sql.streaming.fileStreamSink.ignoreMetadata", "true"),
];

/// The setting that lets a path stand in the place of a table. It is true where a connection has `paths`.
pub const FILES: &str = "spark.sql.runSQLOnFiles";

/// The maximum number of settings of a connection.
const MAX_SETTINGS: usize = 100;

/// Returns the problems of a connection, each with its key.
pub(super) fn problems(connection: &Connection) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut wrong = |key: &str, message: String| found.push((key.to_owned(), message));
    if connection.kind != Database::Spark {
        let own = [
            ("token", connection.token.is_some()),
            ("paths", !connection.paths.is_empty()),
            ("settings", !connection.settings.is_empty()),
        ];
        for (key, _) in own.into_iter().filter(|(_, given)| *given) {
            wrong(key, format!("`{key}` is for `spark`: remove it"));
        }
        return found;
    }
    let other = [
        ("password", connection.password.is_some(), "a `spark` connection has `token`"),
        ("role", connection.role.is_some(), "`spark` has no roles to switch to: remove it"),
        ("allow_superuser", connection.allow_superuser, "`spark` has no rights of logins: remove it"),
    ];
    for (key, _, message) in other.into_iter().filter(|(_, given, _)| *given) {
        wrong(key, message.to_owned());
    }
    let host = connection.host.as_ref().map_or("", |host| host.0.as_str());
    let is_local = ["localhost", "127.0.0.1", "::1"].contains(&host);
    if connection.token.is_some() && connection.tls() == Tls::Disable && !is_local {
        let message = "a token is sent over TLS, or to this machine: remove `tls: disable`";
        wrong("tls", message.to_owned());
    }
    for (at, path) in connection.paths.iter().enumerate() {
        let is_whole = path.starts_with('/') && path.len() > 1
            || path.split_once("://").is_some_and(|(_, rest)| !rest.is_empty());
        if !is_whole || path.contains("..") || path.contains(['%', '\\', '`', '\'']) {
            let message = "a path is a directory as in `/shared/data` or `s3a://bucket/data`, without `..`";
            wrong(&format!("paths/{at}"), message.to_owned());
        }
    }
    if connection.settings.len() > MAX_SETTINGS {
        wrong("settings", format!("a connection has at most {MAX_SETTINGS} settings"));
    }
    for key in connection.settings.keys() {
        let is_fixed = key == FILES || SESSION.iter().any(|(fixed, _)| fixed == key);
        if is_fixed {
            wrong(
                &format!("settings/{key}"),
                "Stepwell sets it itself: the checks of statements rely on it".to_owned(),
            );
        } else if !key.starts_with("spark.") {
            wrong(&format!("settings/{key}"), "a setting of Spark begins with `spark.`".to_owned());
        }
    }
    found
}
