//! Servers that break the rules of Spark Connect, or keep to them and are malicious.
//!
//! Each case says how a statement ends and in which time. After each, the same connection, whose pool has one place,
//! serves a statement of a server that is honest again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use prost::Message as _;
use proto::execute_plan_response::{ExecutionProgress, ResponseType};
use spark_connect_proto as proto;
use stepwell_engine::Configuration;
use stepwell_engine::policy::SqlMode;

use super::crafted;
use super::fake::{Behaviour, Fake, Reply, Then, arrow, complete, in_session};
use crate::{Access, Connections, Error, Parameters, Totals};

/// The memory that a statement may take up, with that of the server in the same process.
const MEMORY: u64 = 300 << 20;

/// Words that are not for the author of a step.
const INNER: &[&str] = &[
    " arrow",
    "buffer",
    "flatbuf",
    "tonic",
    "grpc",
    "h2",
    "http",
    "protobuf",
    "panic",
    "status",
    "decod",
    "schema error",
    "ipc",
    "offset",
    "index",
    "byte array",
    "0x",
    "aaaa",
];

/// The end of a statement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum End {
    /// With so many rows.
    Rows(usize),
    Database,
    Invalid,
    Unavailable,
    Limit,
    TimedOut,
}

/// The expected end of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub end: End,
    /// The time limit of the statement, and the time in which it ends, in seconds.
    pub limit: u64,
    pub within: u64,
}

struct Case {
    name: &'static str,
    behaviour: fn(&str, usize) -> Option<Reply>,
    wanted: Wanted,
}

impl Case {
    const fn new(name: &'static str, end: End, behaviour: fn(&str, usize) -> Option<Reply>) -> Self {
        Self { name, behaviour, wanted: Wanted { end, limit: 20, within: 15 } }
    }

    const fn within(mut self, limit: u64, within: u64) -> Self {
        self.wanted.limit = limit;
        self.wanted.within = within;
        self
    }
}

pub(super) fn only(messages: Vec<Bytes>) -> Option<Reply> {
    Some(Reply { messages, then: Then::Ends })
}

fn then(messages: Vec<Bytes>, then: Then) -> Option<Reply> {
    Some(Reply { messages, then })
}

fn fails(code: u16, message: impl Into<String>, details: usize) -> Option<Reply> {
    then(Vec::new(), Then::Fails { code, message: message.into(), details })
}

fn progress(id: &str) -> Bytes {
    in_session("server-side", id, Some(ResponseType::ExecutionProgress(ExecutionProgress::default())))
}

fn is_operation(method: &str) -> bool {
    ["ExecutePlan", "ReattachExecute"].contains(&method)
}

/// Servers that are silent, or never come to an end.
const PATIENCE: &[Case] = &[
    Case::new("no answer to `Config`", End::Unavailable, |method, _| {
        (method == "Config").then(|| then(Vec::new(), Then::Silent)).flatten()
    })
    .within(2, 10),
    Case::new("no answer to `AnalyzePlan`", End::Unavailable, |method, _| {
        (method == "AnalyzePlan").then(|| then(Vec::new(), Then::Silent)).flatten()
    })
    .within(2, 10),
    Case::new("`Config` without an end", End::Database, |method, _| {
        (method == "Config").then(|| then(vec![Bytes::new()], Then::Repeats)).flatten()
    })
    .within(2, 10),
    Case::new("streams that end at once", End::Unavailable, |method, _| {
        is_operation(method).then(|| only(Vec::new())).flatten()
    }),
    Case::new("streams that end after the same answer", End::Unavailable, |method, _| {
        is_operation(method).then(|| only(vec![progress("1")])).flatten()
    }),
    Case::new("empty batches without an end", End::TimedOut, |method, _| {
        is_operation(method).then(|| then(vec![arrow("1", crafted::numbers(0))], Then::Repeats)).flatten()
    })
    .within(2, 12),
    Case::new("progress without an end", End::TimedOut, |method, _| {
        is_operation(method).then(|| then(vec![progress("1")], Then::Repeats)).flatten()
    })
    .within(2, 12),
    Case::new("empty messages without an end", End::TimedOut, |method, _| {
        is_operation(method).then(|| then(vec![Bytes::new()], Then::Repeats)).flatten()
    })
    .within(2, 12),
    Case::new("no answer to `ExecutePlan`", End::TimedOut, |method, _| {
        is_operation(method).then(|| then(Vec::new(), Then::Silent)).flatten()
    })
    .within(2, 10),
    Case::new("a reattachment that always fails", End::Unavailable, |method, _| match method {
        "ExecutePlan" => only(Vec::new()),
        "ReattachExecute" => fails(14, "gone", 0),
        _ => None,
    })
    .within(30, 20),
    Case::new("a reattachment without an answer", End::TimedOut, |method, _| match method {
        "ExecutePlan" => only(Vec::new()),
        "ReattachExecute" => then(Vec::new(), Then::Silent),
        _ => None,
    })
    .within(2, 10),
    Case::new("a reattachment that is refused", End::Database, |method, _| match method {
        "ExecutePlan" => only(Vec::new()),
        "ReattachExecute" => fails(13, "java.lang.IllegalStateException: buffer", 0),
        _ => None,
    }),
    Case::new("no answer to `ReleaseExecute`", End::Rows(1), |method, _| {
        (method == "ReleaseExecute").then(|| then(Vec::new(), Then::Silent)).flatten()
    })
    .within(20, 10),
    Case::new("no answer to `ReleaseSession`", End::Rows(1), |method, _| {
        (method == "ReleaseSession").then(|| then(Vec::new(), Then::Silent)).flatten()
    }),
    Case::new("no answer to `Interrupt`", End::TimedOut, |method, _| match method {
        "ExecutePlan" => then(Vec::new(), Then::Stalls),
        "Interrupt" | "ReleaseExecute" => then(Vec::new(), Then::Silent),
        _ => None,
    })
    .within(2, 14),
];

/// Servers whose messages are wrong or large.
const MESSAGES: &[Case] = &[
    Case::new("an id of an answer that never changes", End::Rows(5), |method, _| {
        let batches =
            || vec![arrow("1", crafted::numbers(2)), arrow("1", crafted::numbers(3)), complete("1")];
        is_operation(method).then(|| only(batches())).flatten()
    }),
    Case::new("an id of an answer that is huge", End::Database, |method, _| {
        let id = "A".repeat(8 << 20);
        is_operation(method).then(|| only(vec![arrow(&id, crafted::numbers(2))])).flatten()
    }),
    Case::new("another session of an operation", End::Unavailable, |method, _| {
        is_operation(method).then(|| only(vec![in_session("other", "1", None), complete("2")])).flatten()
    }),
    Case::new("another session of `Config`", End::Unavailable, |method, _| {
        let other =
            proto::ConfigResponse { server_side_session_id: "other".to_owned(), ..Default::default() };
        (method == "Config").then(|| only(vec![other.encode_to_vec().into()])).flatten()
    }),
    Case::new("a huge session id", End::Unavailable, |method, _| {
        let huge =
            proto::AnalyzePlanResponse { server_side_session_id: "A".repeat(8 << 20), ..Default::default() };
        (method == "AnalyzePlan").then(|| only(vec![huge.encode_to_vec().into()])).flatten()
    }),
    Case::new("an error without a class", End::Database, |method, _| match method {
        "ExecutePlan" => fails(13, "A".repeat(10_000), 0),
        _ => None,
    }),
    Case::new("a huge class", End::Database, |method, _| match method {
        "ExecutePlan" => fails(13, format!("[{}] text. SQLSTATE: 42000", "A".repeat(10_000)), 0),
        _ => None,
    }),
    Case::new("a long text of an error with signs of terminals", End::Invalid, |method, _| match method {
        "ExecutePlan" => fails(13, format!("[X] \x1b[31m{}. SQLSTATE: 42000", "é".repeat(2_000)), 0),
        _ => None,
    }),
    Case::new("a line without an end", End::Invalid, |method, _| match method {
        "ExecutePlan" => fails(13, format!("[X] text. SQLSTATE: 42000; line {} pos 1", usize::MAX), 0),
        _ => None,
    }),
    Case::new("an error larger than its frames", End::Unavailable, |method, _| {
        is_operation(method).then(|| fails(13, "A".repeat(1 << 20), 0)).flatten()
    })
    .within(30, 20),
    Case::new("huge details of an error", End::Unavailable, |method, _| {
        is_operation(method).then(|| fails(13, "short", 1 << 20)).flatten()
    })
    .within(30, 20),
    Case::new("a login that is refused", End::Unavailable, |method, _| match method {
        "Config" => fails(16, "Invalid authentication token", 0),
        _ => None,
    }),
    Case::new("a message that is too long", End::Limit, |method, _| {
        is_operation(method).then(|| only(vec![Bytes::from(vec![0; 17 << 20])])).flatten()
    }),
    Case::new("a message that claims to have 4 GiB", End::Limit, |method, _| {
        let raw = Bytes::from_static(&[0, 0xff, 0xff, 0xff, 0xff, 1]);
        is_operation(method).then(|| then(Vec::new(), Then::Raw(raw))).flatten()
    }),
    Case::new("a message that is none", End::Database, |method, _| {
        is_operation(method).then(|| only(vec![Bytes::from_static(&[0xff; 20])])).flatten()
    }),
    Case::new("a message of millions of metrics", End::Rows(1), |method, _| {
        let metric = [10, 0].repeat(7 << 20);
        // The field `metrics`, with the length of its content.
        let mut message = vec![34];
        prost::encoding::encode_varint(metric.len() as u64, &mut message);
        message.extend(metric);
        let messages = || vec![message.into(), arrow("1", crafted::numbers(1)), complete("2")];
        is_operation(method).then(|| only(messages())).flatten()
    }),
    Case::new("a million settings", End::Database, |method, _| {
        (method == "Config").then(|| only(vec![Bytes::from([18, 0].repeat(7 << 20))])).flatten()
    }),
];

pub(super) fn connections(port: u16) -> Connections {
    let config = format!(
        "connections: {{lake: {{type: spark, host: 127.0.0.1, port: {port}, tls: disable, pool: 1}}}}"
    );
    let config = Configuration::parse("config.yaml", &config, std::path::Path::new("/")).unwrap();
    Connections::new(Arc::new(config), Arc::new(|_| Err("no secret".to_owned())))
}

fn access(limit: u64) -> Access {
    let timeout = Duration::from_secs(limit);
    Access { mode: SqlMode::Write, scripts: true, rows: 100_000, timeout, idle: timeout }
}

/// Runs a statement whose rows are only counted.
pub(super) async fn execute(connections: &Connections, limit: u64) -> Result<u64, Error> {
    let access = access(limit);
    let totals = Arc::new(Totals::new(u64::MAX, u64::MAX));
    let connection = connections.open("lake", access.clone(), totals).await?;
    connection.execute("SELECT 1".to_owned(), Parameters::Positional(Vec::new()), access.timeout).await
}

/// Runs a statement, and returns the number of its rows.
async fn query(connections: &Connections, limit: u64) -> Result<usize, Error> {
    let access = access(limit);
    let totals = Arc::new(Totals::new(u64::MAX, u64::MAX));
    let connection = connections.open("lake", access.clone(), totals).await?;
    let parameters = Parameters::Positional(Vec::new());
    let mut rows = connection.query("SELECT 1".to_owned(), parameters, access.timeout).await?;
    let mut count = 0;
    loop {
        match rows.next(1_000).await?.len() {
            0 => return Ok(count),
            more => count += more,
        }
    }
}

fn ended(result: &Result<usize, Error>) -> End {
    match result {
        Ok(rows) => End::Rows(*rows),
        Err(Error::Database(_)) => End::Database,
        Err(Error::InvalidStatement(_)) => End::Invalid,
        Err(Error::Unavailable(_)) => End::Unavailable,
        Err(Error::Limit(_)) => End::Limit,
        Err(Error::TimedOut) => End::TimedOut,
        Err(other) => panic!("{other:?}"),
    }
}

/// Returns the problem of the end of a statement, if there is one.
async fn problem(fake: &Fake, behaviour: Behaviour, wanted: Wanted) -> Option<String> {
    let connections = connections(fake.port);
    fake.behave(Some(behaviour));
    let begun = Instant::now();
    let result = tokio::time::timeout(Duration::from_secs(40), query(&connections, wanted.limit)).await;
    let took = begun.elapsed();
    fake.behave(None);
    let Ok(result) = result else { return Some("does not end".to_owned()) };
    if ended(&result) != wanted.end {
        return Some(format!("ends with {result:?}, and not with {:?}", wanted.end));
    }
    if let Err(error) = &result {
        let text = error.to_string();
        let is_inner = INNER.iter().any(|word| text.to_ascii_lowercase().contains(word));
        if is_inner || text.chars().count() > 700 || text.contains(char::is_control) {
            return Some(format!("says {text:?}"));
        }
    }
    if took > Duration::from_secs(wanted.within) {
        return Some(format!("takes {took:?}"));
    }
    let begun = Instant::now();
    let next = query(&connections, 15).await;
    if ended(&next) != End::Rows(1) || begun.elapsed() > Duration::from_secs(12) {
        return Some(format!("leaves a connection that ends with {next:?} after {:?}", begun.elapsed()));
    }
    drop(connections);
    for _ in 0..80 {
        if fake.connections() == 0 {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Some(format!("leaves {} connections open", fake.connections()))
}

/// Begins to measure the largest memory of this process.
fn measure() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Returns the largest memory since then.
fn largest() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// Tries the behaviours one after the other.
pub(super) async fn check(cases: impl IntoIterator<Item = (&str, Behaviour, Wanted)>) {
    let fake = Fake::start().await;
    let mut found = Vec::new();
    for (name, behaviour, wanted) in cases {
        measure();
        let before = largest();
        let problem = problem(&fake, behaviour, wanted).await;
        let grown = largest().saturating_sub(before);
        let large = (grown > MEMORY).then(|| format!("takes {} MiB", grown >> 20));
        found.extend(problem.into_iter().chain(large).map(|problem| format!("{name}: {problem}")));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_odd_messages_ends_its_own_statement_alone() {
    check(MESSAGES.iter().map(|case| (case.name, Arc::new(case.behaviour) as Behaviour, case.wanted))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_never_ends_has_the_time_of_its_statement() {
    let alone = async |case: &'static Case| {
        let fake = Fake::start().await;
        let found = problem(&fake, Arc::new(case.behaviour), case.wanted).await;
        found.map(|problem| format!("{}: {problem}", case.name))
    };
    let found = futures_util::future::join_all(PATIENCE.iter().map(alone)).await;
    let found: Vec<String> = found.into_iter().flatten().collect();
    assert!(found.is_empty(), "{found:#?}");
}
