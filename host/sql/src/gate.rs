//! What a statement may be, by its dialect and the mode of the grant.
//!
//! A gate of words is the second line: the first is the server's own, the login's rights and, where the server has
//! them, read-only transactions. It refuses what neither bounds: statements that change the session for whoever uses
//! it next, functions that reach the server's files and other servers, and, in SQL Server, second statements of a batch.

use stepwell_engine::config::Database;
use stepwell_engine::policy::SqlMode;

use crate::Error;
use crate::dialect::{Kind, Token};

/// The first words of statements, by the mode that they need.
struct Words {
    read: &'static [&'static str],
    write: &'static [&'static str],
    ddl: &'static [&'static str],
    /// Functions and words that no mode allows, wherever they stand; `*` at the end stands for the rest of a name.
    never: &'static [&'static str],
    /// What may not follow `CREATE`, `ALTER` and `DROP`: it is about the server and not about the database.
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
        "pg_promote",
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
        "soname",
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
    ],
};

/// Reserved words of Transact-SQL that begin a statement which changes something. As they are reserved, one that
/// stands there without brackets is that statement.
const MSSQL_CHANGES: &[&str] = &[
    "insert", "update", "delete", "merge", "exec", "execute", "into", "create", "alter", "drop", "truncate",
    "declare",
];

/// Looks at a statement before it is sent.
///
/// # Errors
/// The rule that refuses it.
pub(crate) fn check(kind: Database, mode: SqlMode, scripts: bool, tokens: &[Token<'_>]) -> Result<(), Error> {
    let words = match kind {
        // SQLite's own authorizer knows better.
        Database::Sqlite => return Ok(()),
        Database::Postgres => &POSTGRES,
        Database::Mysql => &MYSQL,
        Database::Mssql => &MSSQL,
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
    let needed = [(words.read, SqlMode::Read), (words.write, SqlMode::Write), (words.ddl, SqlMode::Ddl)];
    let needed = needed.into_iter().find(|(words, _)| words.iter().any(|word| first.is(word)));
    let Some((_, mut needed)) = needed else {
        let shown: String = first.text.chars().take(40).collect();
        return Err(denied(&format!("`{shown}` does not begin a statement that steps may run")));
    };
    for token in tokens {
        if [Kind::Word, Kind::Quoted].contains(&token.kind) && names(words.never, token.text) {
            return Err(denied(&format!("`{}` is not for steps", token.text)));
        }
    }
    let about = tokens.iter().skip(1).find(|token| {
        ![
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
        ]
        .iter()
        .any(|word| token.is(word))
    });
    if ["create", "alter", "drop"].iter().any(|word| first.is(word))
        && let Some(about) = about
        && names(words.not_ddl, about.text)
    {
        return Err(denied(&format!("{} {} is for the server's administrators", first.text, about.text)));
    }
    match kind {
        Database::Postgres if into_table(tokens) => needed = needed.max(SqlMode::Ddl),
        Database::Mssql => needed = mssql(first, tokens, scripts, needed)?,
        _ => {}
    }
    if kind != Database::Mssql && tokens.iter().any(|token| token.text == ";") && !compound(first) {
        return Err(Error::invalid(
            "the text holds several statements: one call runs one statement; a `script` runs several, where policy says so",
        ));
    }
    if needed <= mode {
        return Ok(());
    }
    match mode {
        SqlMode::Read => Err(Error::read_only()),
        _ => Err(denied(&format!("the connection is granted for {mode:?}, and this needs {needed:?}"))),
    }
}

/// Statements with bodies, in which semicolons separate their parts.
fn compound(first: &Token<'_>) -> bool {
    first.is("create") || first.is("alter")
}

fn denied(why: &str) -> Error {
    Error::Denied(format!("SQL_STATEMENT_NOT_GRANTED: {why}"))
}

/// Whether the list has the name, quoted or not.
fn names(list: &[&str], name: &str) -> bool {
    let name = name.trim_matches(['"', '`', '[', ']']);
    list.iter().any(|entry| match entry.strip_suffix('*') {
        Some(start) => name.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start)),
        None => name.eq_ignore_ascii_case(entry),
    })
}

/// `SELECT ... INTO t`, which makes a table, beside `INSERT INTO` and `MERGE INTO`.
fn into_table(tokens: &[Token<'_>]) -> bool {
    tokens.windows(2).any(|pair| match pair {
        [before, token] => token.is("into") && !before.is("insert") && !before.is("merge"),
        _ => false,
    })
}

/// The mode that a batch of SQL Server needs, when nothing else speaks against it.
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

/// The mode that the reserved words of a batch need.
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

/// What follows `EXEC` is the plain name of a procedure of the database: a variable there may name any, and what the server
/// brings runs text, reaches other databases or programs.
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
        let mut parts = Vec::new();
        while let [name, after @ ..] = rest
            && [Kind::Word, Kind::Quoted].contains(&name.kind)
        {
            parts.push(name.text.trim_matches(['"', '[', ']']).to_ascii_lowercase());
            match after {
                [dot, after @ ..] if dot.text == "." => rest = after,
                _ => break,
            }
        }
        let systems = ["sp_", "xp_", "sys"];
        if !(1..=2).contains(&parts.len()) {
            return Err(denied("`EXEC` takes the plain name of a procedure: `EXEC schema.name`"));
        }
        if parts.iter().any(|part| systems.iter().any(|system| part.starts_with(system))) {
            return Err(denied("procedures of the server (`sp_`, `xp_`, `sys`) are not for steps"));
        }
    }
    Ok(())
}

/// Names with a server in front reach other servers.
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

/// A batch of SQL Server with one statement, unless scripts are granted; and no text that is run.
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
        return Err(Error::Denied(
            "SQL_SCRIPT_NOT_GRANTED: the batch holds several statements, and the policy grants this connection without `scripts`"
                .to_owned(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use Database::{Mssql, Mysql, Postgres};
    use SqlMode::{Ddl, Read, Write};

    use super::*;
    use crate::dialect;

    fn checked(kind: Database, mode: SqlMode, scripts: bool, text: &str) -> Result<(), Error> {
        check(kind, mode, scripts, &dialect::tokens(kind, text)?)
    }

    #[test]
    fn statements_need_their_mode() {
        for (kind, needed, text) in [
            (Postgres, Read, "SELECT 1"),
            (Postgres, Read, "( SELECT 1 ) UNION SELECT 2;"),
            (Postgres, Read, "WITH x AS (SELECT 1) SELECT * FROM x"),
            (Postgres, Read, "SELECT 'drop table t; --' AS \"delete\""),
            (Postgres, Write, "INSERT INTO t SELECT 1"),
            (Postgres, Write, "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE"),
            (Postgres, Ddl, "SELECT 1 INTO t"),
            (Postgres, Ddl, "DO $$ BEGIN a; b; END $$"),
            (Postgres, Ddl, "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END"),
            (Mysql, Read, "SHOW TABLES"),
            (Mysql, Write, "REPLACE INTO t VALUES (1)"),
            (Mysql, Ddl, "ALTER TABLE t ADD c int"),
            (Mssql, Read, "SELECT TOP 1 [update] FROM t"),
            (Mssql, Write, "UPDATE t SET a = 1"),
            (Mssql, Write, "EXEC dbo.p @a = 1"),
            (Mssql, Write, "INSERT INTO t SELECT 1"),
            (
                Mssql,
                Write,
                "MERGE t USING s ON 1=1 WHEN MATCHED THEN UPDATE SET a=1 WHEN NOT MATCHED THEN INSERT VALUES (1)",
            ),
            (Mssql, Ddl, "SELECT a INTO t FROM s"),
            (Mssql, Ddl, "CREATE TABLE t (a int)"),
        ] {
            for mode in [Read, Write, Ddl] {
                let found = checked(kind, mode, false, text);
                assert_eq!(found.is_ok(), mode >= needed, "{mode:?} {text}: {found:?}");
            }
        }
    }

    #[test]
    fn what_reaches_beyond_the_database_is_for_no_mode() {
        for (kind, text) in [
            (Postgres, "SET ROLE postgres"),
            (Postgres, "RESET ALL"),
            (Postgres, "COPY t TO PROGRAM 'sh'"),
            (Postgres, "COMMIT"),
            (Postgres, "LISTEN x"),
            (Postgres, "GRANT ALL ON t TO x"),
            (Postgres, "SELECT pg_read_file('/etc/passwd')"),
            (Postgres, "SELECT \"pg_read_binary_file\"('x')"),
            (Postgres, "SELECT lo_import('/etc/passwd')"),
            (Postgres, "SELECT * FROM dblink_connect('x')"),
            (Postgres, "SELECT set_config('role', 'postgres', false)"),
            (Postgres, "SELECT pg_advisory_lock(1)"),
            (Postgres, "SELECT query_to_xml('x', true, true, '')"),
            (Postgres, "CREATE EXTENSION dblink"),
            (Postgres, "CREATE OR REPLACE LANGUAGE plpython3u"),
            (Postgres, "ALTER SYSTEM SET x = 1"),
            (Mysql, "LOAD DATA LOCAL INFILE 'x' INTO TABLE t"),
            (Mysql, "SELECT 1 INTO OUTFILE '/tmp/x'"),
            (Mysql, "SELECT LOAD_FILE('/etc/passwd')"),
            (Mysql, "SELECT `load_file`('/etc/passwd')"),
            (Mysql, "SET GLOBAL x = 1"),
            (Mysql, "CREATE USER x"),
            (Mysql, "CREATE FUNCTION f RETURNS STRING SONAME 'x.so'"),
            (Mysql, "KILL 1"),
            (Mysql, "SELECT GET_LOCK('a', 1)"),
            (Mssql, "EXEC xp_cmdshell 'dir'"),
            (Mssql, "EXEC [xp_cmdshell] 'dir'"),
            (Mssql, "EXEC ('DROP TABLE t')"),
            (Mssql, "EXECUTE AS LOGIN = 'sa'"),
            (Mssql, "SELECT * FROM OPENROWSET('x', 'y', 'z')"),
            (Mssql, "USE master"),
            (Mssql, "WAITFOR DELAY '1:00'"),
            (Mssql, "ALTER LOGIN sa ENABLE"),
            (Mssql, "SELECT 1 WAITFOR DELAY '1:00'"),
            (Mssql, "EXEC :p :t"),
            (Mssql, "EXEC @p @t"),
            (Mssql, "DECLARE @p nvarchar(99) = 'sp_executesql' EXEC @p N'DROP TABLE t'"),
            (Mssql, "EXEC sp_MSforeachdb N'DROP TABLE t'"),
            (Mssql, "EXEC [sp_prepexec] 1"),
            (Mssql, "EXEC dbo.sp_send_dbmail @query = 'x'"),
            (Mssql, "EXEC @r = sys.sp_x"),
            (Mssql, "EXEC other.db.dbo.p"),
            (Mssql, "SELECT * FROM linked.db.dbo.t"),
            (Mssql, "SELECT * FROM [linked]...[t]"),
            (Mssql, "SELECT 1DELETE FROM t WHERE 1=1COMMIT"),
            (Mssql, "SET ROWCOUNT 1"),
            (Postgres, "SELECT 1 --\r, set_config('role', 'none', false)"),
            (Postgres, "SELECT 1 AS x --\rINTO made"),
            (Postgres, "SELECT E'a'\n'\\'' , pg_try_advisory_lock(8) --'"),
            (Postgres, "SELECT e'a' -- b\n '\\'' , pg_notify('a', 'b') --'"),
            (Postgres, "SELECT * FROM ts_stat($$SELECT to_tsvector(set_config('role', 'none', false))$$)"),
            (Postgres, "SELECT ts_rewrite('a', 'SELECT b')"),
            (Postgres, "SELECT lo_from_bytea(0, 'x')"),
            (Postgres, "SELECT 1\u{a0}"),
            (Postgres, "SELECT 1\u{b}"),
            (Postgres, "SELECT/*\u{85}*/1"),
            (Mysql, "SELECT 5 --\u{a0} + get_lock('x',0) FROM (SELECT 1 AS `\u{a0}`) t"),
            (Mysql, "SELECT 5 --\u{3000} + 1"),
            (Mysql, "SELECT 5 --\u{2028} + 1"),
            (Mysql, "SELECT a\u{feff}b"),
            (Mysql, "SELECT 1\0"),
        ] {
            let found = checked(kind, Ddl, true, text);
            assert!(
                matches!(&found, Err(Error::Denied(why)) if why.starts_with("SQL_STATEMENT_NOT_GRANTED: ")),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn what_is_unusual_and_plain_passes() {
        for (kind, mode, text) in [
            (Postgres, Read, "SELECT 1\r\nFROM t -- a comment\r\nWHERE a = 'x\u{a0}\r y'"),
            (Postgres, Read, "SELECT 'a'\n'b', E'c\\n', 1.5e-3, 0xff, 1_000, .5, 2."),
            (Postgres, Read, "SELECT \"a\u{a0}b\", grün FROM t"),
            (Mysql, Read, "SELECT 1e5, x'ff', `a b` -- ok"),
            (Mssql, Write, "EXEC dbo.p @a = 1"),
            (Mssql, Write, "EXEC @r = [dbo].[p] :a"),
            (Mssql, Write, "EXECUTE p"),
            (Mssql, Read, "SELECT * FROM db.dbo.t, dbo.u WHERE t.a = u.b"),
            (Mssql, Read, "SELECT 1.5, 0xFF, 1E5 FROM db..t"),
            (Mssql, Write, "SET @a = 1"),
            (Mssql, Write, "SET NOCOUNT ON"),
        ] {
            let found = checked(kind, mode, true, text);
            assert!(found.is_ok(), "{text}: {found:?}");
        }
    }

    #[test]
    fn a_call_runs_one_statement() {
        for (kind, mode, scripts, text, allowed) in [
            (Postgres, Write, true, "SELECT 1; DELETE FROM t", false),
            (Mysql, Write, true, "SELECT 1; DELETE FROM t", false),
            (Mssql, Write, false, "SELECT 1; DELETE FROM t", false),
            (Mssql, Write, false, "UPDATE t SET a = 1 DELETE FROM t", false),
            (Mssql, Write, false, "SELECT 1 DELETE FROM t DELETE FROM u", false),
            (Mssql, Read, true, "SELECT 1 DELETE FROM t", false),
            (Mssql, Write, true, "DECLARE @a int = 1; UPDATE t SET a = @a; DELETE FROM t", true),
            (Postgres, Read, false, "SELECT 1;", true),
            (Postgres, Read, false, "", false),
            (Postgres, Read, false, " ; ", false),
        ] {
            let found = checked(kind, mode, scripts, text);
            assert_eq!(found.is_ok(), allowed, "{text}: {found:?}");
        }
    }
}
