//! The checks of statements for MySQL and MariaDB beyond their words.

use super::{Kind, Token, denied, names};
use crate::Error;

/// The forms of `SHOW` without secrets. Others show the password hash of a login (`SHOW GRANTS`,
/// `SHOW CREATE USER`), the password of another server (`SHOW CREATE SERVER`), or statements of other users
/// (`SHOW BINLOG EVENTS`).
const SHOWN: &[&str] = &[
    "tables",
    "table",
    "columns",
    "fields",
    "index",
    "indexes",
    "keys",
    "databases",
    "schemas",
    "create",
    "warnings",
    "errors",
    "count",
    "engines",
    "character",
    "charset",
    "collation",
    "procedure",
    "function",
    "package",
    "triggers",
    "events",
    "status",
    "variables",
    "privileges",
    "explain",
    "analyze",
];

/// The forms of `SHOW CREATE` without secrets.
const SHOWN_CREATE: &[&str] = &[
    "table",
    "view",
    "procedure",
    "function",
    "package",
    "trigger",
    "event",
    "sequence",
    "database",
    "schema",
];

/// Words between `SHOW` and what it shows.
const SHOW_MODIFIERS: &[&str] = &["full", "extended", "global", "session", "local", "storage", "open"];

/// Engines whose tables are files outside the database's directory, or tables of other servers.
const ENGINES: &[&str] =
    &["connect", "federated", "federatedx", "spider", "s3", "sphinx", "oqgraph", "mroonga"];

/// Options of a table that name a file or another server.
const OPTIONS: &[&str] = &["connection", "file_name"];

/// Checks a statement, with its body. It may not contain texts that run as statements, words that change how the
/// server reads statements, and ways to secrets and files of the server.
pub(super) fn check(first: &Token<'_>, tokens: &[Token<'_>]) -> Result<(), Error> {
    for (at, token) in tokens.iter().enumerate() {
        let next = |more: usize| tokens.get(at + more);
        let follows = |more: usize, words: &[&str]| {
            next(more).is_some_and(|next| words.iter().any(|word| next.is(word)))
        };
        let assigns = next(2).is_some_and(|next| next.text == "=" || next.text == ":");
        let runs_text =
            token.is("execute") && follows(1, &["immediate"]) || token.is("prepare") && follows(2, &["from"]);
        let charset = token.is("set") && follows(1, &["names", "character", "charset"]) && !assigns;
        if runs_text || charset {
            return Err(denied(&format!("`{}` is not for steps", token.text)));
        }
        let is_name = [Kind::Word, Kind::Quoted].contains(&token.kind);
        if is_name && names(&["mysql"], token.text) && next(1).is_some_and(|next| next.text == ".") {
            return Err(denied("the database `mysql` holds accounts and their passwords"));
        }
        if (token.is("data") || token.is("index")) && follows(1, &["directory"]) {
            return Err(denied("`DIRECTORY` names a directory of the server"));
        }
        let is_part = at.checked_sub(1).and_then(|before| tokens.get(before)).is_some_and(|t| t.text == ".");
        if token.is("show") && !is_part {
            shows(tokens.get(at + 1..).unwrap_or_default())?;
        }
    }
    let changes = first.is("create") || first.is("alter");
    if changes && tokens.iter().any(|token| token.is("table")) { options(tokens) } else { Ok(()) }
}

/// Checks the words after `SHOW`.
fn shows(after: &[Token<'_>]) -> Result<(), Error> {
    let is_any = |token: &Token<'_>, words: &[&str]| words.iter().any(|word| token.is(word));
    let mut words = after.iter().skip_while(|token| is_any(token, SHOW_MODIFIERS));
    let Some(what) = words.next() else { return Ok(()) };
    let known = match words.next() {
        Some(made) if what.is("create") => is_any(made, SHOWN_CREATE),
        _ => is_any(what, SHOWN),
    };
    if known { Ok(()) } else { Err(denied(&format!("`SHOW {}` is not for steps", what.text))) }
}

/// Checks the options of a table.
fn options(tokens: &[Token<'_>]) -> Result<(), Error> {
    for (at, token) in tokens.iter().enumerate() {
        let mut value = tokens.get(at + 1..).unwrap_or_default();
        if let [sign, after @ ..] = value
            && sign.text == "="
        {
            value = after;
        }
        let Some(value) = value.first() else { continue };
        let engine = value.text.trim_matches('\'');
        if token.is("engine") && names(ENGINES, engine) {
            return Err(denied(&format!("the engine `{engine}` reaches files or other servers")));
        }
        if OPTIONS.iter().any(|option| token.is(option)) && value.kind == Kind::Constant {
            return Err(denied(&format!("`{}` names a file or another server", token.text)));
        }
    }
    Ok(())
}
