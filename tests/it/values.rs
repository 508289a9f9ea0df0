//! The values of the matrix, by database.

/// The way a value is compared with the client's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Plain,
    Boolean,
    Float,
    /// `T` and `Z` of ISO 8601 instead of the client's space and `+00`.
    Moment,
    Bytes,
    /// Without its quotes: numbers whose digits JSON would change are text.
    Json,
    /// Its items, joined by `~`.
    List,
}

/// A value of a database.
#[derive(Debug, Clone, Copy)]
pub struct Given {
    pub kind: &'static str,
    pub sql: &'static str,
    pub form: Form,
    /// The expression that the client shows, `{}` for the value.
    pub shown: &'static str,
    /// Whether the value is also tested as a parameter.
    pub back: bool,
}

const fn plain(kind: &'static str, sql: &'static str) -> Given {
    given(kind, sql, Form::Plain)
}

const fn given(kind: &'static str, sql: &'static str, form: Form) -> Given {
    Given { kind, sql, form, shown: "{}", back: true }
}

/// A value that a table or a parameter cannot have.
const fn only(kind: &'static str, sql: &'static str) -> Given {
    Given { kind, sql, form: Form::Plain, shown: "{}", back: false }
}

/// JSON that returns as other JSON: a number that became text stays text, and a text is read as JSON.
const fn json(kind: &'static str, sql: &'static str) -> Given {
    Given { kind, sql, form: Form::Json, shown: "{}", back: false }
}

const fn list(kind: &'static str, sql: &'static str) -> Given {
    Given { kind, sql, form: Form::List, shown: "array_to_string({}, '~', 'NULL')", back: true }
}

const fn bytes(kind: &'static str, sql: &'static str) -> Given {
    Given { kind, sql, form: Form::Bytes, shown: "hex({})", back: true }
}

pub const SQLITE: &[Given] = &[
    plain("NULL", "NULL"),
    plain("integer", "9007199254740992"),
    plain("integer", "9007199254740993"),
    plain("integer", "-9223372036854775807 - 1"),
    given("real", "0.1", Form::Float),
    given("real", "1e300", Form::Float),
    given("real", "1.0", Form::Float),
    plain("text", "'ä'"),
    plain("text", "'00123'"),
    plain("text", "' two' || char(10) || 'lines, \"quoted\" '"),
    plain("text", "''"),
    plain("text", "'NULL'"),
    plain("text", "'12345678901234567890.10'"),
    bytes("blob", "x'00ff'"),
    bytes("blob", "x''"),
];

/// User-defined types in PostgreSQL's list.
pub const POSTGRES_TYPES: &str = "
CREATE TYPE mood AS ENUM ('sad', 'very happy');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN price AS numeric(10,2) CHECK (VALUE >= 0);
CREATE DOMAIN spot AS point;
";

pub const POSTGRES: &[Given] = &[
    plain("NULL", "NULL::int"),
    given("boolean", "true", Form::Boolean),
    plain("smallint", "'-32768'::int2"),
    plain("integer", "2147483647"),
    plain("bigint", "9007199254740992"),
    plain("bigint", "9007199254740993"),
    plain("bigint", "'-9223372036854775808'::int8"),
    plain("numeric", "1.50"),
    plain("numeric", "'0.00'::numeric"),
    plain("numeric", "12345678901234567890.12345678901234567890"),
    plain("numeric", "1e-20"),
    plain("numeric", "'NaN'::numeric"),
    plain("numeric", "'-Infinity'::numeric"),
    given("real", "0.1::real", Form::Float),
    given("real", "16777217::real", Form::Float),
    given("double precision", "0.1::float8", Form::Float),
    given("double precision", "1e300::float8", Form::Float),
    given("double precision", "5e-324::float8", Form::Float),
    plain("double precision", "'NaN'::float8"),
    plain("double precision", "'Infinity'::float8"),
    plain("double precision", "'-Infinity'::float8"),
    plain("text", "'ä'"),
    plain("text", "'00123'"),
    plain("text", "E'two\\nlines, \"quoted\"'"),
    plain("text", "''::text"),
    plain("text", "' padded '"),
    plain("text", "'NULL'"),
    plain("char(n)", "'ab'::char(5)"),
    plain("\"char\"", "'c'::\"char\""),
    plain("name", "'abc'::name"),
    given("bytea", "'\\x00ff'::bytea", Form::Bytes),
    given("bytea", "''::bytea", Form::Bytes),
    plain("date", "date '2026-03-01'"),
    plain("date", "date '0044-03-15 BC'"),
    plain("date", "date '12345-01-01'"),
    plain("date", "date 'infinity'"),
    plain("time", "time '24:00'"),
    plain("time", "time '12:30:45.5'"),
    Given { shown: "{} || ':00'", ..plain("timetz", "timetz '12:30:45+02'") },
    plain("timetz", "timetz '12:30:45-05:30'"),
    given("timestamp", "timestamp '2026-03-01 12:00:00.123456'", Form::Moment),
    given("timestamp", "timestamp '0044-03-15 12:00 BC'", Form::Moment),
    given("timestamp", "timestamp '12345-01-01 00:00'", Form::Moment),
    given("timestamp", "timestamp '-infinity'", Form::Moment),
    given("timestamptz", "timestamptz '2026-03-01 12:00:00+05:30'", Form::Moment),
    given("timestamptz", "timestamptz '0044-03-15 12:00+00 BC'", Form::Moment),
    given("timestamptz", "timestamptz 'infinity'", Form::Moment),
    plain("interval", "interval '1 mon -2 days 03:04:05.6'"),
    plain("interval", "interval '-1 year 1 mon'"),
    plain("interval", "interval '0'"),
    plain("interval", "interval '100000:00:00'"),
    plain("interval", "interval '2562047788 hours'"),
    plain("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid"),
    json("json", "'{\"b\": 1.50, \"a\": 1e400}'::json"),
    json("jsonb", "'{\"a\": [1, null, 1.50, 12345678901234567890]}'::jsonb"),
    json("jsonb", "'\"text\"'::jsonb"),
    given("jsonb", "'{\"a\": [1, null, true, \"x\", 1.5]}'::jsonb", Form::Json),
    plain("xml", "'<a>1</a>'::xml"),
    plain("inet", "inet '10.1.2.3/24'"),
    plain("inet", "inet '::ffff:1.2.3.4'"),
    plain("inet", "inet '::1.2.3.4'"),
    plain("cidr", "cidr '2001:db8::/32'"),
    plain("macaddr", "macaddr '08:00:2b:01:02:03'"),
    plain("macaddr8", "macaddr8 '08:00:2b:01:02:03:04:05'"),
    plain("bit", "B'101'"),
    plain("varbit", "''::varbit"),
    plain("money", "'-1234.50'::money"),
    plain("point", "point '(1,2.5)'"),
    plain("line", "line '{1,2,3}'"),
    plain("lseg", "lseg '[(0,0),(1,1)]'"),
    plain("box", "box '(1,1),(0,0)'"),
    plain("path", "path '((0,0),(1,1))'"),
    plain("polygon", "polygon '((0,0),(1,1),(1,0))'"),
    plain("circle", "circle '<(0,0),2>'"),
    plain("tsvector", "'fat cat'::tsvector"),
    plain("tsquery", "'fat & cat'::tsquery"),
    plain("int4range", "'[1,5)'::int4range"),
    plain("numrange", "'(,1.50]'::numrange"),
    plain("daterange", "'empty'::daterange"),
    plain("int4multirange", "'{[1,3),[5,8)}'::int4multirange"),
    plain("oid", "42::oid"),
    plain("regclass", "'pg_class'::regclass"),
    plain("regtype", "'int4'::regtype"),
    plain("pg_lsn", "'16/B374D848'::pg_lsn"),
    plain("xid8", "'18446744073709551615'::xid8"),
    plain("tid", "'(1,2)'::tid"),
    plain("jsonpath", "'$.a[*]'::jsonpath"),
    only("record", "ROW(1, 'x', NULL)"),
    plain("composite", "ROW(1, 'a \"b\", c')::pair"),
    plain("enum", "'very happy'::mood"),
    plain("domain", "'1.50'::price"),
    plain("domain over a point", "'(1,2)'::spot"),
    list("integer[]", "ARRAY[1, NULL, 3]"),
    list("integer[][]", "ARRAY[[1, 2], [3, NULL]]"),
    list("integer[]", "'{}'::int[]"),
    list("bigint[]", "ARRAY[9007199254740993, 1]"),
    list("numeric[]", "ARRAY[1.50, 12345678901234567890.1, 'NaN']"),
    list("text[]", "ARRAY['a', 'b,c', '\"q\"', 'NULL', '', NULL]"),
    list("date[]", "ARRAY[date '2026-03-01', NULL]"),
    list("enum[]", "ARRAY['sad', 'very happy']::mood[]"),
    list("point[]", "ARRAY[point '(1,2)', NULL]"),
    list("composite[]", "ARRAY[ROW(1, 'x')::pair]"),
    list("int4range[]", "ARRAY['[1,5)'::int4range]"),
    list("interval[]", "ARRAY[interval '1 day 2:03:00']"),
];

/// A table with the types of MySQL that no expression has.
pub const MYSQL_TYPES: &str = "
CREATE TABLE odd (y YEAR, s SET('a', 'b', 'c'), e ENUM('x', 'y z'), t TIMESTAMP NULL);
INSERT INTO odd VALUES (2026, 'a,c', 'y z', '2026-03-01 12:00:00');
";

pub const MYSQL: &[Given] = &[
    plain("YEAR", "(SELECT y FROM odd)"),
    plain("SET", "(SELECT s FROM odd)"),
    plain("ENUM", "(SELECT e FROM odd)"),
    // MariaDB reads no zone: as a parameter, a time with a zone is an error.
    Given {
        shown: "CONCAT({}, '+00')",
        back: false,
        ..given("TIMESTAMP", "(SELECT t FROM odd)", Form::Moment)
    },
    plain("NULL", "NULL"),
    plain("TINYINT", "CAST(-128 AS SIGNED)"),
    plain("BIGINT", "9007199254740993"),
    plain("BIGINT", "CAST(-9223372036854775808 AS SIGNED)"),
    plain("BIGINT UNSIGNED", "CAST(18446744073709551615 AS UNSIGNED)"),
    plain("DECIMAL", "CAST('1.50' AS DECIMAL(10,2))"),
    plain(
        "DECIMAL(65,30)",
        "CAST('-12345678901234567890123456789012345.123456789012345678901234567890' AS DECIMAL(65,30))",
    ),
    given("DOUBLE", "CAST(0.1 AS DOUBLE)", Form::Float),
    given("DOUBLE", "1e300", Form::Float),
    given("FLOAT", "CAST(0.1 AS FLOAT)", Form::Float),
    plain("VARCHAR", "'ä'"),
    plain("VARCHAR", "'00123'"),
    plain("VARCHAR", "'two words, \"quoted\" '"),
    plain("VARCHAR", "''"),
    bytes("VARBINARY", "x'00ff'"),
    plain("DATE", "DATE '2026-03-01'"),
    plain("DATE", "CAST('0000-00-00' AS DATE)"),
    plain("TIME", "CAST('-838:59:59' AS TIME)"),
    plain("TIME", "CAST('25:30:00' AS TIME)"),
    Given { shown: "TRIM(TRAILING '0' FROM {})", ..plain("TIME(6)", "CAST('12:00:00.123400' AS TIME(6))") },
    given("DATETIME", "TIMESTAMP '2026-03-01 12:00:00'", Form::Moment),
    given("DATETIME", "CAST('9999-12-31 23:59:59' AS DATETIME)", Form::Moment),
    plain("JSON", "JSON_OBJECT('a', 1.50)"),
    bytes("GEOMETRY", "ST_GeomFromText('POINT(1 2)')"),
    plain("INET6", "CAST('2001:db8::1' AS INET6)"),
    plain("UUID", "CAST('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' AS UUID)"),
];
