//! The gates read statements as the servers do: random texts from pieces that lexers disagree on, around a
//! call of a function that every gate refuses. If a text passes, the server has not called it.
//!
//! `STEPWELL_SQL_FUZZ=1000000` sets the number of texts, `STEPWELL_SQL_SEED` their seed. The test of Spark has the
//! server for its texts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use stepwell::engine::Configuration;
use stepwell::engine::policy::SqlMode;
use stepwell::sandbox::sql::{Access, Connection, Connections, Error, Parameters, Totals, Value};
use stepwell_tests::servers::{self, PASSWORD};

/// The message of the function when it runs.
const MARK: &str = "the marker ran";

/// Number of sessions at one time.
const SESSIONS: u64 = 4;

/// The pieces of texts for each server.
const BEGINS: &[&str] =
    &["SELECT 1", "SELECT 'a'", "SELECT 1 AS x", "(SELECT 2)", "SELECT ", "TABLE t", "VALUES (1)"];
pub const PIECES: &[&str] = &[
    "'",
    "'",
    "''",
    "'''",
    "\"",
    "\"\"",
    "`",
    "``",
    "\\",
    "\\'",
    "\\\"",
    "\\\\",
    "'\\'",
    "'\\''",
    "--",
    "-- ",
    "--\r",
    "--\n",
    "--\t",
    "--\u{c}",
    "--\u{b}",
    "--\u{1}",
    "--\u{7f}",
    "--\u{a0}",
    "--\u{85}",
    "--\u{3000}",
    "--'",
    "-- '",
    "\n",
    "\n",
    "\r",
    "\r\n",
    "\t",
    " ",
    " ",
    " ",
    "\u{c}",
    "\u{b}",
    "\u{a0}",
    "\u{2028}",
    "\u{feff}",
    "\u{200b}",
    "\0",
    "/*",
    "/*",
    "*/",
    "*/",
    "/*/",
    "/**/",
    "/*+ */",
    "*/*",
    "$$",
    "$$",
    "$a$",
    "$ä$",
    "$1",
    "$1$$",
    "$",
    "$:a ",
    "$e'",
    ":a",
    "::text",
    ":",
    "e'",
    "E'",
    "e'\\'",
    "E'a'\n'",
    "e'\\''",
    "n'",
    "N'",
    "b'",
    "x'",
    "x'41'",
    "u&'",
    "U&\"",
    "@",
    "@@",
    "@e'",
    "@'",
    "@`",
    "?",
    "1",
    "1e",
    "1e'",
    "1e5",
    "1e-",
    "0x",
    "0x41",
    "0b1",
    "1.",
    ".5",
    "1_0",
    "a",
    "ä",
    "縗",
    "縗\\",
    "_",
    "e",
    ",",
    ",",
    "+",
    "||",
    "-",
    "(",
    ")",
    "[",
    "]",
    ";",
    " AS x",
    "%",
    "~",
    "!",
    "&",
    "=",
    ", 'b'",
    " UESCAPE '!'",
    " FROM (SELECT 1) t",
    " OR ",
];
const POSTGRES: &[&str] = &["#", "~~", "@@e'a\\''", "||e'\\''", "::text||", " IS NULL"];
const MYSQL: &[&str] = &[
    "#",
    "# ",
    "#\n",
    "/*!",
    "/*!50000 ",
    "/*M!",
    "/*!*/",
    "_utf8'",
    "_gbk'",
    "_utf8mb4 x'",
    "\\N",
    "{d '",
    "}",
    "@@x",
    "\"a\"",
    "\"\\\"",
];

pub const SPARK: &[&str] = &[
    "r'",
    "R\"",
    "r'\\'",
    "r'a'",
    "/*+ ",
    "/*+ a */",
    "/* /*+ */",
    "/*+ a */*",
    "\u{131}",
    "\u{17f}",
    "'a' 'b'",
    "-- \\\n",
    "${",
    "|>",
    "1L",
    "1BD",
    "1e5D",
    "\"a\"",
    "`a``",
    " WHERE true",
    "[0]",
    "x -> ",
    "{",
    "}",
];

/// Texts that hide the marker, or seem to.
const WRAPPERS: &[(&str, &str)] = &[
    (", '", "'"),
    (", e'", "'"),
    (", E'", "' "),
    (", 'a' @@e'", "'"),
    ("||e'", "'"),
    (", n'", "'"),
    (" AS \"", "\""),
    (" AS `", "`"),
    (", \"", "\""),
    (" -- ", "\n"),
    (" --", "\n, 1"),
    (" # ", "\n"),
    (" /*", "*/"),
    (" /* /*", "*/ */"),
    (", $$", "$$"),
    (", $a$", "$a$"),
    (", $:a ", "$$"),
    (", $:a '", "'"),
    (" --\r", ""),
    (" --\u{c}", ""),
    (" --\u{1}", ""),
    (" --\u{a0}", " FROM (SELECT 1 AS `\u{a0}`) t"),
    (" --\u{3000}", " FROM (SELECT 1 AS `\u{3000}`) t"),
    (", \"", "\""),
    (", @'", "'"),
    (", 1e'", "'"),
    (", _utf8'", "'"),
    (", _gbk'縗", "'"),
    (", 'a'\n'", "'"),
    (", E'a'\n'", "'"),
    (", x'41' '", "'"),
    (", r'", "'"),
    (", R\"", "\""),
    (" /*+ a(", ")*/"),
    (" /* /*+ ", "*/ */"),
    (" -- \\\n", "\n"),
];
/// Texts that may end a string before the marker, and then hide its end.
const ENDS: &[&str] = &["\\'", "\\''", "''", "\\\\'", "\\\"", "\"\"", "$$", "'\n'", "*/", "`"];
const HIDES: &[&str] = &["", "", " --", " -- ", " /*", " #"];
const INSIDE: &[&str] = &[
    "\\", "\\\\", "\\'", "''", "\\''", "'", "\"", "\\\"", "\"\"", "`", "--", "-- ", "--\n", "\n", "\n'",
    "'\n'", "\r", "/*", "*/", "/*/", "$$", "$a$", "$", "#", "x", " ", "縗", "\u{a0}", "\u{2028}", "\u{85}",
    ";", "1", "@", "e'", ":a",
];

pub struct Dialect {
    pub kind: &'static str,
    /// The connection in a configuration.
    pub connection: String,
    /// Calls that the gate refuses, and the message of the server that runs one.
    pub markers: &'static [&'static str],
    pub mark: &'static str,
    /// A call that the gate does not refuse, and the message of the server that runs it.
    pub plain: (&'static str, &'static str),
    pub pieces: Vec<&'static str>,
}

async fn dialects() -> Vec<(Dialect, servers::Database)> {
    let mut found = Vec::new();
    let plain = ("SELECT plain()", MARK);
    if let Some(database) = servers::postgres().await {
        let function = |name: &str| {
            format!(
                "CREATE FUNCTION {name}() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{MARK}'; END $$"
            )
        };
        database.fill(&["CREATE TABLE t (n int)", &function("dblink_mark"), &function("plain")]).await;
        database.fill(&["GRANT SELECT ON t TO public"]).await;
        let markers = &[", dblink_mark()", "+dblink_mark()", ", \"dblink_mark\"()", ", DBLINK_MARK /**/ ()"];
        let (connection, pieces) = (database.connection("pool: 5"), [PIECES, POSTGRES].concat());
        found.push((Dialect { kind: "postgres", connection, markers, mark: MARK, plain, pieces }, database));
    }
    if let Some(database) = servers::mysql().await {
        let function = |name: &str| {
            format!(
                "CREATE FUNCTION {name}() RETURNS int DETERMINISTIC BEGIN \
                 SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{MARK}'; RETURN 1; END"
            )
        };
        database.fill(&["CREATE TABLE t (n int)", &function("sys_exec"), &function("plain")]).await;
        let markers = &[
            ", sys_exec()",
            "+sys_exec()",
            ", `sys_exec`()",
            ", SYS_EXEC ()",
            ", sýs_exec()",
            ", sys_éxeç()",
        ];
        let (connection, pieces) = (database.connection("pool: 5"), [PIECES, MYSQL].concat());
        found.push((Dialect { kind: "mysql", connection, markers, mark: MARK, plain, pieces }, database));
    }
    found
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[(self.next() % of.len() as u64) as usize]
    }

    /// Returns a text with the marker in a string, a comment or a name, unless the pieces within end it.
    fn wrapped(&mut self, dialect: &Dialect) -> String {
        let (open, close) = WRAPPERS[(self.next() % WRAPPERS.len() as u64) as usize];
        let mut text = format!("{}{open}", self.one(&["SELECT 1", "SELECT 'a'"]));
        match self.next() % 4 {
            0 => {}
            1 => text.push_str(self.one(INSIDE)),
            _ => text.push_str(self.one(ENDS)),
        }
        text.push_str(self.one(dialect.markers));
        if self.next().is_multiple_of(4) {
            text.push_str(self.one(INSIDE));
        }
        text.push_str(self.one(HIDES));
        text + close + self.one(&["", "", "", " -- '", " -- \"", " /* ' */", "\n"])
    }

    fn text(&mut self, dialect: &Dialect) -> String {
        if self.next().is_multiple_of(2) {
            return self.wrapped(dialect);
        }
        let mut text = self.one(BEGINS).to_owned();
        for _ in 0..self.next() % 6 {
            text.push_str(self.one(&dialect.pieces));
        }
        text.push_str(self.one(dialect.markers));
        for _ in 0..self.next() % 4 {
            text.push_str(self.one(&dialect.pieces));
        }
        // The hiding part is often still open.
        text.push_str(self.one(&["", "", " --'", "'", "*/", " -- */", "$$", "\"", " -- \"", "`", " -- $$"]));
        text
    }
}

async fn open(connections: &Connections) -> Connection {
    let timeout = Duration::from_secs(30);
    let access = Access { mode: SqlMode::Read, scripts: false, rows: 1_000, timeout, idle: timeout };
    connections.open("db", access, Arc::new(Totals::new(u64::MAX, u64::MAX))).await.unwrap()
}

/// Runs the text to its end.
async fn run(connection: &Connection, text: &str, parameters: Parameters) -> Result<(), Error> {
    let mut rows = connection.query(text.to_owned(), parameters, Duration::from_secs(30)).await?;
    while !rows.next(1_000).await?.is_empty() {}
    Ok(())
}

/// Runs it with the number of parameters that it needs.
async fn tried(connection: &Connection, text: &str) -> Result<(), Error> {
    let one = || Value::Text("1".into());
    match run(connection, text, Parameters::Positional(Vec::new())).await {
        Err(Error::InvalidStatement(why)) if why.contains("has 1 parameter") => {
            run(connection, text, Parameters::Positional(vec![one()])).await
        }
        Err(Error::InvalidStatement(why)) if why.contains("`:a` has no value") => {
            run(connection, text, Parameters::Named(vec![("a".to_owned(), one())])).await
        }
        other => other,
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

/// The results of the texts.
#[derive(Debug, Default)]
struct Count {
    refused: AtomicUsize,
    wrong: AtomicUsize,
    ran: AtomicUsize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_passes_the_gate_runs_nothing_that_the_gate_did_not_see() {
    let texts = number("STEPWELL_SQL_FUZZ").unwrap_or(6_000);
    let clock = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
    let seed = number("STEPWELL_SQL_SEED").unwrap_or(clock);
    println!("STEPWELL_SQL_SEED={seed}");
    for (dialect, _database) in dialects().await {
        try_texts(&dialect, texts, seed).await;
    }
}

/// Sends so many texts to the server.
pub async fn try_texts(dialect: &Dialect, texts: u64, seed: u64) {
    let kind = dialect.kind;
    let config = format!("connections: {{db: {}}}", dialect.connection);
    let config = Configuration::parse("config.yaml", &config, std::path::Path::new("/")).unwrap();
    let connections = Connections::new(Arc::new(config), Arc::new(|_| Ok(PASSWORD.to_owned())));
    // The function reports when it runs.
    let (call, reported) = dialect.plain;
    let seen = run(&open(&connections).await, call, Parameters::Positional(Vec::new())).await;
    assert!(seen.clone().is_err_and(|error| error.to_string().contains(reported)), "{kind}: {seen:?}");
    let count = Count::default();
    let session = async |number: u64| {
        let mut random = Random(seed.wrapping_add(number));
        let mut connection = open(&connections).await;
        for _ in 0..texts / SESSIONS {
            let text = random.text(dialect);
            let counted = match tried(&connection, &text).await {
                Ok(()) => &count.ran,
                Err(error) if error.to_string().contains(dialect.mark) => {
                    panic!(
                        "{kind}: the gate lets the server run the marker: {text:?} (STEPWELL_SQL_SEED={seed})"
                    )
                }
                Err(Error::Denied { .. }) => &count.refused,
                Err(Error::Unavailable(_)) => {
                    connection = open(&connections).await;
                    &count.wrong
                }
                Err(_) => &count.wrong,
            };
            counted.fetch_add(1, Ordering::Relaxed);
        }
    };
    tokio::join!(session(0), session(1), session(2), session(3));
    println!("{kind}: {count:?}");
    let ran = count.ran.into_inner() as u64;
    assert!(ran > texts / 100, "{kind}: only {ran} of {texts} texts are statements to the server");
}
