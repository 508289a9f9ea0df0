//! The environment of a script: the capabilities that policy grants to the step.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ps_lang::Value;
use ps_lang::host::{Cell, Host, HttpRequest, HttpResponse, Meta, SqlRequest, SqlRows, Stream};
use ps_lang::value::error::ErrorRecord;
use stepwell_sdk::http::Request;
use stepwell_sdk::sql::{Connection, Parameters, Value as SqlValue, returns_rows};
use stepwell_sdk::{Failure, context, log};

/// The maximum number of output objects. More would not fit into the output of a step.
const MAX_OBJECTS: usize = 10_000;
/// The maximum number of bytes of output text.
const MAX_TEXT: usize = 1 << 20;
/// The maximum size in bytes of a response that a script reads completely.
const MAX_ANSWER: usize = 64 << 20;
/// The number of rows of a result to fetch at a time.
const SQL_BATCH: u32 = 2048;
/// The script has to stop this long before the host stops the step, so that it can report its position.
const MARGIN: Duration = Duration::from_millis(300);

/// The output of the script.
#[derive(Default)]
pub struct Seen {
    pub objects: Vec<Value>,
    pub text: String,
    pub errors: Vec<String>,
    pub warnings: u64,
    pub halted: Option<String>,
    /// Whether the script produced more output than the host stores.
    pub truncated: bool,
}

pub struct Granted {
    pub directory: String,
    pub temporary: String,
    pub seen: Rc<RefCell<Seen>>,
    pub started: Instant,
    /// The time of the next report of the script's position.
    pub told_at: Duration,
}

/// Converts a time to ticks: units of 100 ns since the year 1.
fn ticks(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    ps_lang::value::datetime::UNIX_EPOCH + i64::try_from(since.as_nanos() / 100).unwrap_or(0)
}

impl Host for Granted {
    fn output(&mut self, text: &str) {
        let mut seen = self.seen.borrow_mut();
        if seen.text.len() + text.len() <= MAX_TEXT {
            seen.text.push_str(text);
        } else {
            seen.truncated = true;
        }
        drop(seen);
        let _ = io::stdout().write_all(text.as_bytes());
    }

    /// Text for people goes to the log, not to the output of the step.
    fn write_host(&mut self, text: &str, no_newline: bool) {
        let end = if no_newline { "" } else { "\n" };
        let _ = io::stdout().write_all(format!("{text}{end}").as_bytes());
    }

    fn message(&mut self, stream: Stream, text: &str) {
        match stream {
            Stream::Warning => {
                self.seen.borrow_mut().warnings += 1;
                log::warn(text);
            }
            Stream::Information => log::info(text),
            Stream::Verbose | Stream::Debug => log::debug(text),
        }
    }

    fn http(&mut self, request: &HttpRequest) -> Result<HttpResponse, String> {
        let mut sent = Request::new(&request.method, request.uri.clone()).body(request.body.clone());
        for (name, value) in &request.headers {
            sent = sent.header(name, value);
        }
        if request.timeout > 0 {
            sent = sent.timeout(Duration::from_secs(request.timeout));
        }
        let failed = |error| format!("{}: {error}", request.uri);
        let answer = sent.open().map_err(failed)?;
        let headers = answer.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let answer = answer.whole(MAX_ANSWER).map_err(failed)?;
        Ok(HttpResponse { status: answer.status, headers, body: answer.body })
    }

    fn sql(&mut self, request: &SqlRequest) -> Result<Vec<SqlRows>, String> {
        statements(request).map_err(|failure| failure.message)
    }

    fn error(&mut self, record: &Rc<ErrorRecord>, shown: &str) {
        // An error takes one log line: its position and its message.
        let line = match shown.split_once("\nLine |") {
            Some((place, _)) => format!("{place}: {}", record.text()),
            None => shown.to_owned(),
        };
        log::error(line.split_whitespace().collect::<Vec<_>>().join(" "));
        let mut seen = self.seen.borrow_mut();
        if seen.errors.len() < 100 {
            seen.errors.push(shown.trim_end().to_owned());
        }
    }

    fn progress(&mut self, activity: &str, status: &str, percent: Option<i32>) {
        let message = if status.is_empty() { activity.to_owned() } else { format!("{activity}: {status}") };
        let done = u64::try_from(percent.unwrap_or(0).clamp(0, 100)).unwrap_or(0);
        context::progress(done, Some(100), &message);
    }

    fn object(&mut self, value: &Value) -> bool {
        let mut seen = self.seen.borrow_mut();
        if seen.objects.len() < MAX_OBJECTS {
            seen.objects.push(value.clone());
        } else {
            seen.truncated = true;
        }
        true
    }

    fn interrupted(&mut self) -> Option<String> {
        (context::remaining() <= MARGIN).then(|| "the time of the step ran out".to_owned())
    }

    /// The position is due after a quarter of a second, a half, one, two and so on: when fuel ends a script,
    /// it cannot report its position any more.
    fn wants_place(&mut self) -> bool {
        let wants = self.started.elapsed() >= self.told_at;
        if wants {
            self.told_at = self.started.elapsed() * 2;
        }
        wants
    }

    fn place(&mut self, path: &str, line: usize) {
        let seconds = self.started.elapsed().as_secs_f64();
        log::debug(format!("still running after {seconds:.1} s, at {path}:{line}"));
    }

    fn halted(&mut self, why: &str) {
        self.seen.borrow_mut().halted = Some(why.to_owned());
    }

    fn now(&mut self) -> i64 {
        ticks(SystemTime::now())
    }

    fn monotonic(&mut self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn sleep(&mut self, milliseconds: u64) {
        // Sleep in pieces to notice the end of the step's time: the interpreter then calls `interrupted`.
        let mut left = Duration::from_millis(milliseconds);
        while !left.is_zero() && context::remaining() > MARGIN {
            let piece = left.min(Duration::from_millis(200));
            std::thread::sleep(piece);
            left -= piece;
        }
    }

    fn random(&mut self) -> u64 {
        // Without random numbers, the clock differs from run to run.
        getrandom::u64().unwrap_or_else(|_| self.monotonic())
    }

    fn environment(&mut self) -> BTreeMap<String, String> {
        std::env::vars().collect()
    }

    fn working_directory(&mut self) -> String {
        self.directory.clone()
    }

    fn temporary_directory(&mut self) -> String {
        self.temporary.clone()
    }

    fn metadata(&mut self, path: &str) -> Option<Meta> {
        // The root of the mounts is a directory, even if WASI reports otherwise.
        if path == "/" {
            return Some(Meta { is_dir: true, is_link: false, size: 0, modified: 0, read_only: true });
        }
        let found = fs::metadata(path).ok()?;
        Some(Meta {
            is_dir: found.is_dir(),
            is_link: fs::symlink_metadata(path).is_ok_and(|m| m.is_symlink()),
            size: found.len(),
            modified: found.modified().map(ticks).unwrap_or(0),
            read_only: found.permissions().readonly(),
        })
    }

    fn list(&mut self, path: &str) -> io::Result<Vec<String>> {
        let names = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
        fs::read_dir(path).and_then(|entries| entries.map(names).collect()).map_err(plain)
    }

    fn read(&mut self, path: &str) -> io::Result<Vec<u8>> {
        fs::read(path).map_err(plain)
    }

    fn write(&mut self, path: &str, bytes: &[u8], append: bool) -> io::Result<()> {
        let mut options = fs::OpenOptions::new();
        options.create(true).write(true).append(append).truncate(!append);
        options.open(path).and_then(|mut file| file.write_all(bytes)).map_err(plain)
    }

    fn create_dir(&mut self, path: &str) -> io::Result<()> {
        fs::create_dir(path).map_err(plain)
    }

    fn remove_file(&mut self, path: &str) -> io::Result<()> {
        fs::remove_file(path).map_err(plain)
    }

    fn remove_dir(&mut self, path: &str) -> io::Result<()> {
        fs::remove_dir(path).map_err(plain)
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(from, to).map_err(plain)
    }
}

/// Rewords an error for users. Cmdlets act on its kind.
fn plain(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), stepwell_sdk::files::why(&error))
}

/// Runs batches over one connection, in order, until one fails.
fn statements(request: &SqlRequest) -> Result<Vec<SqlRows>, Failure> {
    let connection = Connection::open(&request.connection)?;
    let timeout = u32::try_from(request.timeout.saturating_mul(1000)).unwrap_or(u32::MAX);
    let nothing = Parameters::Positional(Vec::new());
    let mut results = Vec::new();
    for batch in &request.batches {
        if !returns_rows(batch) {
            connection.execute(batch, &nothing, timeout)?;
            continue;
        }
        let rows = connection.query(batch, &nothing, timeout)?;
        let columns = rows.columns().into_iter().map(|column| column.name).collect();
        let mut result = SqlRows { columns, rows: Vec::new() };
        loop {
            let next = rows.next(SQL_BATCH)?;
            if next.is_empty() {
                break;
            }
            result.rows.extend(next.into_iter().map(|row| row.into_iter().map(cell).collect()));
        }
        results.push(result);
    }
    Ok(results)
}

fn cell(value: SqlValue) -> Cell {
    match value {
        SqlValue::Null => Cell::Null,
        SqlValue::Boolean(yes) => Cell::Boolean(yes),
        SqlValue::Integer(n) => Cell::Integer(n),
        SqlValue::Float(n) => Cell::Float(n),
        SqlValue::Decimal(text) => Cell::Decimal(text),
        SqlValue::Text(text) | SqlValue::Json(text) => Cell::Text(text),
        SqlValue::Bytes(bytes) => Cell::Bytes(bytes),
        SqlValue::Time(text) => Cell::Time(text),
        SqlValue::Date(text) | SqlValue::Timestamp(text) | SqlValue::TimestampWithZone(text) => {
            Cell::Timestamp(text)
        }
        SqlValue::Uuid(text) => Cell::Uuid(text),
    }
}
