//! The gate decides which statements may run, by their dialect and the mode of the grant.
//!
//! A gate that checks words is the second line of defense. The first line is on the server: the rights of the
//! login and, where the server has them, read-only transactions. The gate refuses statements that neither of
//! these bounds: statements that change the session for its next user, functions that reach the server's
//! files and other servers, and, in SQL Server, second statements of a batch.

use stepwell_engine::config::Database;
use stepwell_engine::policy::{Rule, SqlMode};

use crate::Error;
use crate::dialect::{Kind, Token};

/// The first words of statements, by the mode that they require.
struct Words {
    read: &'static [&'static str],
    write: &'static [&'static str],
    ddl: &'static [&'static str],
    /// Functions and words that no mode allows, wherever they occur. A `*` at the end stands for the rest of
    /// a name.
    never: &'static [&'static str],
    /// Words that may not follow `CREATE`, `ALTER` and `DROP`, since they concern the server and not the
    /// database.
    not_ddl: &'static [&'static str],
}

const POSTGRES: Words = Words {
    read: &["select", "with", "values", "table", "explain", "show"],
    write: &["insert", "update", "delete", "merge", "call"],
    ddl: &[
        "create", "alter", "drop", "truncate", "comment", "reindex", "analyze", "vacuum", "refresh",
        "cluster", "do",
    ],
    never: &[
        "pg_read_*",
        "pg_ls_*",
        "pg_stat_file",
        "pg_file_*",
        "pg_logdir_ls",
        "lo_import",
        "lo_export",
        "lo_creat",
        "lo_create",
        "lo_from_bytea",
        "lo_open",
        "lo_put",
        "lo_truncate*",
        "lo_unlink",
        "lowrite",
        "loread",
        "ts_stat",
        "ts_rewrite",
        "crosstab*",
        "connectby*",
        "xpath_table",
        "dblink*",
        "set_config",
        "pg_advisory_*",
        "pg_try_advisory_*",
        "pg_terminate_backend",
        "pg_cancel_backend",
        "pg_reload_conf",
        "pg_rotate_logfile",
        "pg_switch_wal",
        "pg_notify",
        "query_to_xml*",
        "cursor_to_xml*",
        "table_to_xml*",
        "database_to_xml*",
        "schema_to_xml*",
        "pg_logical_*",
        "pg_create_*",
        "pg_export_snapshot",
        "pg_promote",
        "inet_client_*",
        "inet_server_*",
        // Passwords, and passwords of other servers.
        "pg_authid",
        "pg_shadow",
        "pg_user_mapping*",
        "_pg_user_mappings",
        "user_mapping_options",
        "pg_subscription",
    ],
    not_ddl: &[
        "extension",
        "role",
        "user",
        "group",
        "database",
        "tablespace",
        "server",
        "foreign",
        "subscription",
        "publication",
        "system",
        "language",
        "event",
        "access",
        "cast",
        "operator",
        "transform",
        "default",
        "owned",
    ],
};

const MYSQL: Words = Words {
    read: &["select", "with", "values", "table", "explain", "show", "describe", "desc"],
    write: &["insert", "update", "delete", "replace", "call"],
    ddl: &["create", "alter", "drop", "truncate", "rename", "analyze", "optimize", "check"],
    never: &[
        "load_file",
        "outfile",
        "dumpfile",
        "get_lock",
        "release_all_locks",
        "sys_exec",
        "sys_eval",
        "master_pos_wait",
        "master_gtid_wait",
        "source_pos_wait",
        "wait_for_executed_gtid_set",
        "wsrep_*",
        "soname",
        "sql_mode",
        "character_set_client",
        "collation_connection",
        "default_storage_engine",
        "default_tmp_storage_engine",
        "storage_engine",
        "enforce_storage_engine",
    ],
    not_ddl: &[
        "user",
        "role",
        "database",
        "schema",
        "server",
        "event",
        "definer",
        "instance",
        "tablespace",
        "logfile",
        "resource",
        "undo",
        "spatial",
    ],
};

const MSSQL: Words = Words {
    read: &["select", "with"],
    write: &[
        "insert", "update", "delete", "merge", "exec", "execute", "declare", "if", "begin", "set", "print",
        "throw",
    ],
    ddl: &["create", "alter", "drop", "truncate"],
    never: &[
        "xp_*",
        "sp_configure",
        "sp_executesql",
        "sp_addlinkedserver",
        "sp_oa*",
        "sp_setapprole",
        "openrowset",
        "openquery",
        "opendatasource",
        "openxml",
        "bulk",
        "shutdown",
        "kill",
        "dbcc",
        "backup",
        "restore",
        "grant",
        "revoke",
        "deny",
        "reconfigure",
        "use",
        "revert",
        "waitfor",
        "setuser",
        // Password hashes.
        "loginproperty",
        "sql_logins",
        "syslogins",
        "sysxlogins",
        "sysxlgns",
        "syslnklgns",
        "readtext",
        "writetext",
        "updatetext",
        "commit",
        "rollback",
    ],
    not_ddl: &[
        "login",
        "user",
        "role",
        "database",
        "server",
        "credential",
        "certificate",
        "assembly",
        "endpoint",
        "external",
        "application",
        "availability",
        "event",
        "cryptographic",
        "master",
        "remote",
        "workload",
        "resource",
        "authorization",
        "asymmetric",
        "symmetric",
        "security",
    ],
};

const SPARK: Words = Words {
    read: &["select", "with", "values", "table", "explain", "show", "describe", "desc"],
    // `CALL` is missing: procedures take paths as texts.
    write: &["insert", "update", "delete", "merge"],
    ddl: &["create", "alter", "drop", "truncate", "comment", "analyze", "refresh", "replace"],
    never: &[
        // Methods of any class of the server.
        "reflect",
        "try_reflect",
        "java_method",
        // Files and addresses that a document names.
        "xpath",
        "xpath_boolean",
        "xpath_double",
        "xpath_float",
        "xpath_int",
        "xpath_long",
        "xpath_number",
        "xpath_short",
        "xpath_string",
        // Files of the server, by their options.
        "from_xml",
        "schema_of_xml",
        "from_avro",
        "to_avro",
        "schema_of_avro",
        "from_protobuf",
        "to_protobuf",
    ],
    not_ddl: &[
        // Functions are classes.
        "function",
        "database",
        "schema",
        "namespace",
        "catalog",
        "connection",
        "variable",
        "flow",
        "streaming",
        "materialized",
    ],
};

/// Reserved words of Transact-SQL that begin a statement with changes. Since they are reserved, an occurrence
/// without brackets is such a statement.
const MSSQL_CHANGES: &[&str] = &[
    "insert", "update", "delete", "merge", "exec", "execute", "into", "create", "alter", "drop", "truncate",
    "declare",
];

/// Words between `CREATE`, `ALTER` or `DROP` and what it is about.
const MODIFIERS: &[&str] = &[
    "or",
    "replace",
    "if",
    "not",
    "exists",
    "global",
    "local",
    "temporary",
    "temp",
    "unlogged",
    "unique",
    "trusted",
    "constraint",
    "aggregate",
];

impl Words {
    /// Returns the mode that a statement needs by its first word.
    fn mode(&self, first: &Token<'_>) -> Result<SqlMode, Error> {
        let modes = [(self.read, SqlMode::Read), (self.write, SqlMode::Write), (self.ddl, SqlMode::Ddl)];
        let mode = modes.into_iter().find(|(words, _)| words.iter().any(|word| first.is(word)));
        mode.map(|(_, mode)| mode).ok_or_else(|| {
            let shown: String = first.text.chars().take(40).collect();
            denied(&format!("`{shown}` does not begin a statement that steps may run"))
        })
    }

    /// Refuses a statement that contains a word that is not for steps, or that is about an object of the server.
    fn refuse(&self, first: &Token<'_>, tokens: &[Token<'_>]) -> Result<(), Error> {
        for token in tokens {
            if [Kind::Word, Kind::Quoted].contains(&token.kind) && names(self.never, token.text) {
                return Err(denied(&format!("`{}` is not for steps", token.text)));
            }
        }
        let about = tokens.iter().skip(1).find(|token| !MODIFIERS.iter().any(|word| token.is(word)));
        match about {
            Some(about)
                if ["create", "alter", "drop", "rename"].iter().any(|word| first.is(word))
                    && names(self.not_ddl, about.text) =>
            {
                Err(denied(&format!("{} {} is for the server's administrators", first.text, about.text)))
            }
            _ => Ok(()),
        }
    }
}

/// Checks a statement before it is sent.
///
/// # Errors
/// Returns the rule that refuses it.
pub(crate) fn check(kind: Database, mode: SqlMode, scripts: bool, tokens: &[Token<'_>]) -> Result<(), Error> {
    let words = match kind {
        // SQLite's own authorizer is more precise.
        Database::Sqlite => return Ok(()),
        Database::Postgres => &POSTGRES,
        Database::Mysql => &MYSQL,
        Database::Mssql => &MSSQL,
        Database::Spark => &SPARK,
    };
    let mut tokens = tokens;
    while let Some((last, before)) = tokens.split_last()
        && last.text == ";"
    {
        tokens = before;
    }
    let first = tokens
        .iter()
        .find(|token| token.text != "(")
        .ok_or_else(|| Error::invalid("the statement is empty"))?;
    let mut needed = words.mode(first)?;
    words.refuse(first, tokens)?;
    match kind {
        Database::Postgres if into_table(tokens) => needed = needed.max(SqlMode::Ddl),
        Database::Postgres if sets_by_view(tokens) => {
            return Err(denied("a change of `pg_settings` changes the session"));
        }
        Database::Mssql => needed = mssql(first, tokens, scripts, needed)?,
        Database::Spark => needed = spark::check(first, tokens, needed)?,
        Database::Mysql => {
            mysql::check(first, tokens)?;
            if locks_rows(tokens) {
                needed = needed.max(SqlMode::Write);
            }
        }
        _ => {}
    }
    let may_have_parts = kind != Database::Spark && compound(first);
    if kind != Database::Mssql && tokens.iter().any(|token| token.text == ";") && !may_have_parts {
        return Err(Error::invalid(
            "the text holds several statements: one call runs one statement; a `script` runs several, where policy says so",
        ));
    }
    if needed <= mode {
        return Ok(());
    }
    match mode {
        SqlMode::Read => Err(Error::read_only()),
        _ => Err(denied(&format!(
            "the connection is granted with `mode: {}`, and this needs `mode: {}`",
            mode.name(),
            needed.name()
        ))),
    }
}

/// Returns whether a statement writes to the view of the settings: PostgreSQL turns an UPDATE of it into `set_config`.
fn sets_by_view(tokens: &[Token<'_>]) -> bool {
    let is_view = |token: &Token<'_>| {
        [Kind::Word, Kind::Quoted].contains(&token.kind) && names(&["pg_settings"], token.text)
    };
    let writes =
        |token: &Token<'_>| ["update", "insert", "delete", "merge"].iter().any(|word| token.is(word));
    tokens.iter().any(is_view) && tokens.iter().any(writes)
}

/// Returns whether a statement locks the rows that it reads: `LOCK IN SHARE MODE`, `FOR SHARE`, `FOR UPDATE`.
fn locks_rows(tokens: &[Token<'_>]) -> bool {
    tokens.windows(2).any(|pair| match pair {
        [first, second] => {
            first.is("lock") && second.is("in")
                || first.is("for") && (second.is("share") || second.is("update"))
        }
        _ => false,
    })
}

/// Returns whether the statement has a body in which semicolons separate its parts.
fn compound(first: &Token<'_>) -> bool {
    first.is("create") || first.is("alter")
}

fn denied(why: &str) -> Error {
    Error::denied(Rule::SqlStatementNotGranted, why)
}

/// Returns whether the list contains the name, quoted or not.
fn names(list: &[&str], name: &str) -> bool {
    let name = name.trim_matches(['"', '`', '[', ']']);
    list.iter().any(|entry| {
        let (start, whole) = entry.strip_suffix('*').map_or((*entry, true), |start| (start, false));
        let mut chars = name.chars();
        start.chars().all(|wanted| chars.next().is_some_and(|c| same(c, wanted)))
            && (!whole || chars.next().is_none())
    })
}

/// Returns whether a server may read the character as this one. MySQL and SQL Server ignore accents and
/// widths when they compare names.
fn same(c: char, wanted: char) -> bool {
    match c {
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(c) - 0xfee0).is_some_and(|c| c.eq_ignore_ascii_case(&wanted))
        }
        // Latin letters with diacritics, and letters in other shapes.
        '\u{aa}'..='\u{24f}'
        | '\u{1d00}'..='\u{1eff}'
        | '\u{2070}'..='\u{218f}'
        | '\u{24b6}'..='\u{24e9}' => wanted != '_',
        _ => c.eq_ignore_ascii_case(&wanted),
    }
}

/// Returns whether the statement contains `SELECT ... INTO t`, which creates a table, as opposed to
/// `INSERT INTO` and `MERGE INTO`.
fn into_table(tokens: &[Token<'_>]) -> bool {
    tokens.windows(2).any(|pair| match pair {
        [before, token] => token.is("into") && !before.is("insert") && !before.is("merge"),
        _ => false,
    })
}

/// Returns the mode that a batch of SQL Server requires, unless another check refuses the batch.
fn mssql(first: &Token<'_>, tokens: &[Token<'_>], scripts: bool, needed: SqlMode) -> Result<SqlMode, Error> {
    let needed = needed.max(mssql_needs(tokens));
    procedures(tokens)?;
    other_servers(tokens)?;
    let harmless =
        |next: &Token<'_>| next.kind == Kind::Variable || next.is("nocount") || next.is("xact_abort");
    if first.is("set") && !tokens.get(1).is_some_and(harmless) {
        return Err(denied("`SET` is for variables: what changes the session is not for steps"));
    }
    one_statement(first, tokens, scripts || needed == SqlMode::Ddl)?;
    Ok(needed)
}

/// Returns the mode that the reserved words of a batch require.
fn mssql_needs(tokens: &[Token<'_>]) -> SqlMode {
    let has = |words: &[&str]| tokens.iter().any(|token| words.iter().any(|word| token.is(word)));
    let makes_table = tokens.windows(2).any(|pair| match pair {
        [before, token] => {
            token.is("into") && !before.is("insert") && !before.is("merge") && before.kind != Kind::Sign
        }
        _ => false,
    }) && tokens.first().is_some_and(|first| first.is("select") || first.is("with"));
    if makes_table || has(MSSQL.ddl) {
        SqlMode::Ddl
    } else if has(MSSQL_CHANGES) {
        SqlMode::Write
    } else {
        SqlMode::Read
    }
}

/// Checks that `EXEC` is followed by the plain name of a procedure of the database. A variable there could
/// name any procedure, and the server's own procedures run text or reach other databases or programs.
fn procedures(tokens: &[Token<'_>]) -> Result<(), Error> {
    let called = tokens.iter().enumerate().filter(|(_, token)| token.is("exec") || token.is("execute"));
    for (at, _) in called {
        let mut rest = tokens.get(at + 1..).unwrap_or_default();
        // `EXEC @result = name`.
        if let [variable, equals, after @ ..] = rest
            && variable.kind == Kind::Variable
            && equals.text == "="
        {
            rest = after;
        }
        let (mut parts, mut dots) = (Vec::new(), 0);
        while let [name, after @ ..] = rest
            && [Kind::Word, Kind::Quoted].contains(&name.kind)
        {
            parts.push(name.text);
            match after {
                [dot, after @ ..] if dot.text == "." => (rest, dots) = (after, dots + 1),
                _ => break,
            }
        }
        // `db..name` omits a part.
        if !(1..=2).contains(&parts.len()) || dots + 1 != parts.len() {
            return Err(denied("`EXEC` takes the plain name of a procedure: `EXEC schema.name`"));
        }
        if parts.iter().any(|part| names(&["sp_*", "xp_*", "sys*"], part)) {
            return Err(denied("procedures of the server (`sp_`, `xp_`, `sys`) are not for steps"));
        }
    }
    Ok(())
}

/// Refuses names with a server prefix, since they reach other servers.
fn other_servers(tokens: &[Token<'_>]) -> Result<(), Error> {
    let mut dots = 0;
    let mut after_dot = false;
    for token in tokens {
        match token.kind {
            Kind::Sign if token.text == "." => {
                dots += 1;
                after_dot = true;
            }
            Kind::Word | Kind::Quoted if after_dot => after_dot = false,
            _ => (dots, after_dot) = (0, false),
        }
        if dots > 2 {
            return Err(denied("a name of four parts reaches another server"));
        }
    }
    Ok(())
}

/// Requires a single statement per batch of SQL Server, unless scripts are granted, and refuses texts that
/// run as statements.
fn one_statement(first: &Token<'_>, tokens: &[Token<'_>], scripts: bool) -> Result<(), Error> {
    let runs_text = tokens.windows(2).any(|pair| match pair {
        [before, token] => {
            (before.is("exec") || before.is("execute")) && (token.text == "(" || token.is("as"))
        }
        _ => false,
    });
    if runs_text {
        return Err(denied("`EXECUTE (...)` and `EXECUTE AS` are not for steps"));
    }
    let begins = [
        "insert", "update", "delete", "merge", "exec", "execute", "declare", "if", "while", "set", "print",
        "begin",
    ];
    let starts = tokens.iter().filter(|token| begins.iter().any(|word| token.is(word))).count();
    // `UPDATE ... SET`, and the branches of MERGE.
    let own = match () {
        () if first.is("merge") => usize::MAX,
        () if first.is("update") || tokens.iter().any(|token| token.is("update")) => 2,
        () => 1,
    };
    if !scripts && (tokens.iter().any(|token| token.text == ";") || starts > own) {
        let why =
            "the batch holds several statements, and the policy grants this connection without `scripts`";
        return Err(Error::denied(Rule::SqlScriptNotGranted, why));
    }
    Ok(())
}

mod mysql;
mod spark;

pub(crate) use spark::{only_queries, paths as spark_paths};

#[cfg(test)]
mod composed;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod transact_sql;
