use Database::{Mssql, Mysql, Postgres, Spark};
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
        (Postgres, Read, "SELECT setting FROM pg_settings WHERE name = 'work_mem'"),
        (Mysql, Write, "SELECT * FROM t LOCK IN SHARE MODE"),
        (Mysql, Write, "SELECT * FROM t FOR SHARE"),
        (Mysql, Write, "SELECT * FROM t FOR UPDATE"),
        (Mssql, Ddl, "SELECT a INTO t FROM s"),
        (Mssql, Ddl, "CREATE TABLE t (a int)"),
        (Spark, Read, "SELECT /*+ BROADCAST(b) */ * FROM a JOIN b USING (id) WHERE x = 1L"),
        (Spark, Read, "SELECT transform(xs, x -> x + 1), \"text\", r'\\', t.`delete` FROM t"),
        (Spark, Read, "WITH x AS (SELECT 1) SELECT * FROM x |> WHERE true"),
        (Spark, Write, "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x"),
        (Spark, Write, "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE"),
        (Spark, Write, "INSERT OVERWRITE t SELECT 1"),
        (Spark, Ddl, "CREATE TABLE t USING parquet AS SELECT * FROM a JOIN b USING (id)"),
        (Spark, Ddl, "CREATE OR REPLACE TEMPORARY VIEW v AS SELECT 1"),
    ] {
        for mode in [Read, Write, Ddl] {
            let found = checked(kind, mode, false, text);
            assert_eq!(found.is_ok(), mode >= needed, "{mode:?} {text}: {found:?}");
        }
    }
}

const BEYOND: &[(Database, &str)] = &[
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
    (Mysql, "RENAME USER x TO y"),
    (Mysql, "RENAME /* a */ `user` x TO y"),
    (Mysql, "CREATE OR REPLACE USER x"),
    (Mysql, "DROP USER IF EXISTS x"),
    (Postgres, "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO x"),
    (Postgres, "DROP OWNED BY x"),
    (Mssql, "ALTER AUTHORIZATION ON SCHEMA::x TO y"),
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
    (Spark, "SELECT reflect('java.lang.Runtime', 'getRuntime')"),
    (Spark, "SELECT system.builtin.`java_method`('a', 'b')"),
    (Spark, "SELECT TRANSFORM(a) USING 'sh' FROM t"),
    (Spark, "SELECT TRANSFORM(a) USING ? FROM t"),
    (Spark, "SELECT * FROM (FROM t MAP a USING \"sh\" AS b)"),
    (Spark, "SELECT * FROM IDENTIFIER('text.`/etc/passwd`')"),
    (Spark, "SELECT * FROM t WITH ('path' = '/etc')"),
    (Spark, "SET spark.sql.runSQLOnFiles = true"),
    (Spark, "RESET"),
    (Spark, "USE other"),
    (Spark, "ADD JAR '/x.jar'"),
    (Spark, "LOAD DATA INPATH '/etc/passwd' INTO TABLE t"),
    (Spark, "INSERT OVERWRITE LOCAL DIRECTORY '/tmp/x' USING csv SELECT 1"),
    (Spark, "CREATE FUNCTION f AS 'a.b.C' USING JAR '/x.jar'"),
    (Spark, "CREATE OR REPLACE TEMPORARY FUNCTION f AS 'a.b.C'"),
    (Spark, "CREATE TABLE t USING jdbc"),
    (Spark, "CREATE TABLE t USING parquet.x"),
    (Spark, "CREATE TEMPORARY VIEW v USING csv OPTIONS (path '/etc/passwd')"),
    (Spark, "CREATE TABLE t (a int) STORED BY 'a.b.C'"),
    (Spark, "CREATE TABLE t (a int) ROW FORMAT SERDE 'a.b.C'"),
    (Spark, "ALTER TABLE t SET SERDEPROPERTIES ('path' = '/etc')"),
    (Spark, "EXECUTE IMMEDIATE 'SELECT 1'"),
    (Spark, "BEGIN SELECT 1; END"),
    (Spark, "DECLARE VARIABLE a INT"),
    (Spark, "CACHE TABLE t"),
    (Spark, "FROM t INSERT INTO u SELECT *"),
    (Spark, "SELECT 1 -- \\\n' , reflect('a', 'b') --'"),
    (Spark, "SELECT /* /*+ */ 1, reflect('a', 'b') -- */ */"),
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
    (Postgres, "UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'"),
    (Postgres, "UPDATE pg_catalog.\"pg_settings\" SET setting = '0' WHERE name = 'statement_timeout'"),
    (Postgres, "WITH x AS (UPDATE pg_settings SET setting = 'off' RETURNING 1) SELECT * FROM x"),
    (Postgres, "MERGE INTO pg_settings USING t ON true WHEN MATCHED THEN UPDATE SET setting = 'off'"),
    (Postgres, "SELECT pg_export_snapshot()"),
    (Postgres, "SELECT inet_client_addr()"),
    (Mysql, "SELECT master_gtid_wait('0-1-1')"),
    (Mysql, "SELECT 5 --\u{a0} + get_lock('x',0) FROM (SELECT 1 AS `\u{a0}`) t"),
    (Mysql, "SELECT 5 --\u{3000} + 1"),
    (Mysql, "SELECT 5 --\u{2028} + 1"),
    (Mysql, "SELECT a\u{feff}b"),
    (Mysql, "SELECT 1\0"),
    (Mysql, "SELECT sýs_exec('x')"),
    (Mysql, "SELECT `SÝS_ÉVAL`('x')"),
    (Mysql, "CREATE PROCEDURE p() EXECUTE IMMEDIATE 'x'"),
    (Mysql, "CREATE PROCEDURE p() BEGIN PREPARE s FROM 'x'; EXECUTE s; END"),
    (Mysql, "CREATE PROCEDURE p() SET NAMES gbk"),
    (Mysql, "CREATE PROCEDURE p() SET sql_mode = 'ANSI'"),
    (Mysql, "SHOW GRANTS"),
    (Mysql, "show/**/grants for current_user()"),
    (Mysql, "SHOW CREATE USER"),
    (Mysql, "SHOW CREATE SERVER s"),
    (Mysql, "SHOW BINLOG EVENTS"),
    (Mysql, "SHOW ALL SLAVES STATUS"),
    (Mysql, "CREATE PROCEDURE p() SHOW GRANTS"),
    (Mysql, "CREATE PROCEDURE p() BEGIN SELECT 1; SHOW CREATE USER CURRENT_USER; END"),
    (Mysql, "SELECT * FROM mysql.user"),
    (Mysql, "SELECT * FROM `mysql` . global_priv"),
    (Mysql, "TABLE MySQL.servers"),
    (Mysql, "CREATE VIEW v AS SELECT * FROM mysql.user"),
    (Mysql, "CREATE TABLE t (a int) DATA DIRECTORY = '/tmp'"),
    (Mysql, "CREATE TABLE t (a int) ENGINE=MyISAM INDEX DIRECTORY '/tmp'"),
    (Mysql, "ALTER TABLE t PARTITION BY HASH (a) (PARTITION p DATA DIRECTORY '/tmp')"),
    (Mysql, "CREATE TABLE t (a int) ENGINE=FEDERATED"),
    (Mysql, "CREATE TABLE t (a int) ENGINE = 'federatedx'"),
    (Mysql, "CREATE TABLE t ENGINE `CONNECT`"),
    (Mysql, "ALTER TABLE t ENGINE=Spider"),
    (Mysql, "ALTER TABLE t CONNECTION='mysql://a@b/c'"),
    (Mysql, "ALTER TABLE t FILE_NAME '/etc/passwd'"),
    (Mysql, "CREATE PROCEDURE p() CREATE TABLE t (a int) ENGINE=S3"),
    (Mysql, "CREATE PROCEDURE p() SET default_storage_engine = 'CONNECT'"),
    (Postgres, "SELECT rolpassword FROM pg_authid"),
    (Postgres, "SELECT * FROM pg_catalog.\"pg_shadow\""),
    (Postgres, "SELECT umoptions FROM pg_user_mappings"),
    (Postgres, "SELECT * FROM information_schema.user_mapping_options"),
    (Postgres, "SELECT subconninfo FROM pg_subscription"),
    (Mssql, "SELECT password_hash FROM sys.sql_logins"),
    (Mssql, "SELECT * FROM master..[syslogins]"),
    (Mssql, "SELECT LOGINPROPERTY('sa', 'PasswordHash')"),
    (Mssql, "EXEC ｘｐ_cmdshell 'dir'"),
    (Mssql, "EXEC [sp＿MSforeachdb] N'x'"),
    (Mssql, "SELECT 'a' \\\n, 1"),
    (Postgres, "SELECT 1e'\\'' , pg_notify('a', 'b') --'"),
    (Postgres, "SELECT 'a' @@e'\\'' , pg_notify('a', 'b') --'"),
];

#[test]
fn what_reaches_beyond_the_database_is_for_no_mode() {
    for (kind, text) in BEYOND {
        let found = checked(*kind, Ddl, true, text);
        assert!(
            matches!(&found, Err(Error::Denied { rule: Rule::SqlStatementNotGranted, .. })),
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
        (Mysql, Write, "UPDATE größe SET names = 'ä', übrig = 1.5e+3"),
        (Mysql, Ddl, "CREATE TABLE t (a text CHARACTER SET utf8mb4)"),
        (Mysql, Ddl, "CREATE TABLE t (engine varchar(9), connection int, data int) ENGINE=InnoDB"),
        (Mysql, Write, "UPDATE t SET engine = 'connect', connection = 'x', file_name = 'y'"),
        (Mysql, Read, "SHOW FULL COLUMNS FROM t"),
        (Mysql, Read, "SHOW CREATE TABLE t"),
        (Mysql, Read, "SHOW GLOBAL STATUS LIKE 'a'"),
        (Mysql, Read, "SHOW COUNT(*) WARNINGS"),
        (Mysql, Read, "SHOW CHARACTER SET"),
        (Mysql, Read, "SELECT t.show, t.mysql FROM t"),
        (Postgres, Read, "SELECT @ -5, a @> b, 'a' @@ 'b'"),
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
