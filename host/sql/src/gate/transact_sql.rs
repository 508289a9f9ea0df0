//! Transact-SQL texts and the gate's verdict on each. There is no free server that could give the expected
//! verdicts.

use Verdict::{Ddl, Read, Refused, Script, Write};
use stepwell_engine::config::Database;
use stepwell_engine::policy::SqlMode;

use super::check;
use crate::{Error, dialect};

/// The minimum that a policy must grant.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Read,
    Write,
    /// Mode `write` and `scripts`.
    Script,
    Ddl,
    Refused,
}

pub(super) fn verdict(text: &str) -> Verdict {
    let tokens = dialect::tokens(Database::Mssql, text);
    let passes = |mode, scripts| {
        tokens.clone().and_then(|tokens| check(Database::Mssql, mode, scripts, &tokens))
            == Ok::<(), Error>(())
    };
    match () {
        () if passes(SqlMode::Read, false) => Read,
        () if passes(SqlMode::Write, false) => Write,
        () if passes(SqlMode::Write, true) => Script,
        () if passes(SqlMode::Ddl, true) => Ddl,
        () => Refused,
    }
}

const TEXTS: &[(&str, Verdict)] = &[
    // Statements that read.
    ("SELECT 1", Read),
    ("SELECT * FROM db.dbo.t WHERE a = 'it''s'", Read),
    ("WITH x AS (SELECT 1 AS a) SELECT a FROM x", Read),
    ("SELECT [delete], [exec] FROM [t;u]", Read),
    ("SELECT \"drop\" FROM t", Read),
    ("SELECT 'DELETE FROM t' AS a -- DROP TABLE t", Read),
    ("SELECT 1 /* outer /* inner */ DELETE FROM t */", Read),
    ("SELECT N'ä''' + 'EXEC p'", Read),
    ("SELECT a AS [x]]y DELETE FROM t] FROM u", Read),
    ("SELECT 1 -- a\r\nFROM t", Read),
    ("SELECT 0x, 1", Refused),
    ("SELECT $1.5, -1e-3, .5, 5.", Read),
    // The ends of comments, strings and names.
    ("SELECT 1 -- a\nDELETE FROM t", Write),
    ("SELECT 1 -- a\rDELETE FROM t", Refused),
    ("SELECT 1 -- a\u{85}DELETE FROM t", Refused),
    ("SELECT 1 -- a\u{2028}DELETE FROM t", Refused),
    ("SELECT 1 /* /* */ DELETE FROM t -- */ */", Read),
    ("SELECT 1 /* a */ DELETE FROM t", Write),
    ("SELECT 1 /*/ DELETE FROM t /*/", Refused),
    ("SELECT '\\' DELETE FROM t --'", Write),
    ("SELECT 'a\\\n' DELETE FROM t", Write),
    ("SELECT 'a' \\\nDELETE FROM t", Refused),
    ("SELECT [a]] DELETE FROM t", Refused),
    ("SELECT [a] DELETE FROM t", Write),
    ("SELECT \"a\"\" DELETE FROM t", Refused),
    ("SELECT N'a' DELETE FROM t", Write),
    ("SELECT 1 # DELETE FROM t", Write),
    ("SELECT `DELETE FROM t`", Write),
    // The ends of numbers.
    ("SELECT 1DELETE FROM t", Refused),
    ("SELECT 1.DELETE FROM t", Refused),
    ("SELECT 1.5DELETE FROM t", Refused),
    ("SELECT .5DELETE FROM t", Refused),
    ("SELECT 1e5DELETE FROM t", Refused),
    ("SELECT 1eDELETE FROM t", Refused),
    ("SELECT 1e+DELETE FROM t", Refused),
    ("SELECT 0x1DELETE FROM t", Refused),
    ("SELECT $5DELETE FROM t", Refused),
    ("SELECT 1e'DELETE FROM t'", Refused),
    // White space.
    ("SELECT 1\u{a0}DELETE FROM t", Refused),
    ("SELECT\u{3000}1", Refused),
    ("SELECT 1\u{200b}DELETE FROM t", Refused),
    ("SELECT 1\0", Refused),
    ("SELECT 1\u{b}DELETE FROM t", Refused),
    ("SELECT 1\u{c}", Refused),
    // Statements that change rows.
    ("INSERT INTO t VALUES (1)", Write),
    ("INSERT t EXEC p", Script),
    ("UPDATE t SET a = 1 WHERE b = 2", Write),
    ("DELETE FROM t", Write),
    ("MERGE t USING s ON 1=1 WHEN MATCHED THEN DELETE;", Write),
    ("WITH x AS (SELECT 1 AS a) DELETE FROM x", Write),
    ("SELECT 1 DELETE FROM t", Write),
    ("SELECT 1 DELETE FROM t DELETE FROM u", Script),
    ("SELECT 1; DELETE FROM t", Script),
    ("DECLARE @a int = 1; DELETE FROM t", Script),
    ("IF 1 = 1 DELETE FROM t", Script),
    ("SET @a = 1", Write),
    ("SET NOCOUNT ON", Write),
    // Statements that change tables.
    ("CREATE TABLE t (a int)", Ddl),
    ("SELECT a INTO u FROM t", Ddl),
    ("SELECT a INTO #u FROM t", Ddl),
    ("TRUNCATE TABLE t", Ddl),
    ("SELECT 1 DROP TABLE t", Ddl),
    // Procedures.
    ("EXEC p", Write),
    ("EXEC dbo.p @a = 1, @b = :b", Write),
    ("EXEC @r = dbo.p", Write),
    ("EXEC [dbo].[p]", Write),
    ("EXEC @p", Refused),
    ("EXEC :p :t", Refused),
    ("EXEC ?", Refused),
    ("EXEC ('DELETE FROM t')", Refused),
    ("EXEC('DELETE FROM t') AT linked", Refused),
    ("EXEC 'sp_executesql'", Refused),
    ("EXEC sp_executesql N'DELETE FROM t'", Refused),
    ("EXEC SP_EXECUTESQL N'x'", Refused),
    ("EXEC [sp_executesql] N'x'", Refused),
    ("EXEC \"sp_executesql\" N'x'", Refused),
    ("EXEC /* */ sp_executesql N'x'", Refused),
    ("EXEC ｓｐ_executesql N'x'", Refused),
    ("EXEC dbo.sp_executesql N'x'", Refused),
    ("EXEC master..sp_who", Refused),
    ("EXEC master.dbo.p", Refused),
    ("EXEC linked.db.dbo.p", Refused),
    ("EXEC sys.p", Refused),
    ("EXEC sp_MSforeachtable 'x'", Refused),
    ("EXECUTE AS USER = 'dbo'", Refused),
    ("SELECT 1 EXECUTE sp_prepexec 1", Refused),
    // Other servers, files, the session, the server.
    ("SELECT * FROM OPENROWSET('a', 'b', 'c')", Refused),
    ("SELECT * FROM OPENQUERY(linked, 'x')", Refused),
    ("SELECT * FROM linked.db.dbo.t", Refused),
    ("SELECT * FROM linked...t", Refused),
    ("SELECT * FROM [linked] . [db] . [dbo] . [t]", Refused),
    ("BULK INSERT t FROM 'x'", Refused),
    ("SELECT * FROM t COMMIT", Refused),
    ("SELECT 1 ROLLBACK", Refused),
    ("SELECT 1 USE master", Refused),
    ("SELECT 1 WAITFOR DELAY '1:00'", Refused),
    ("SELECT 1 KILL 5", Refused),
    ("SELECT 1 SHUTDOWN", Refused),
    ("SELECT 1 GRANT ALL TO x", Refused),
    ("SELECT 1 REVERT", Refused),
    ("SELECT 1 DBCC FREEPROCCACHE", Refused),
    ("SELECT 1 BACKUP DATABASE x TO DISK = 'x'", Refused),
    ("SET ROWCOUNT 1", Refused),
    ("SET IDENTITY_INSERT t ON", Refused),
    ("CREATE LOGIN x WITH PASSWORD = 'x'", Refused),
    ("ALTER SERVER ROLE sysadmin ADD MEMBER x", Refused),
    ("GO", Refused),
    ("", Refused),
];

#[test]
fn each_text_needs_what_it_does() {
    let mut wrong = Vec::new();
    for (text, wanted) in TEXTS {
        let found = verdict(text);
        if found != *wanted {
            wrong.push(format!("{text:?}: {found:?}, and not {wanted:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
