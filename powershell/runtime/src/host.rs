//! What a script may ask of the world, and who answers.

use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

pub use ps_value::net::Meta;

use ps_value::error::ErrorRecord;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Warning,
    Verbose,
    Debug,
    Information,
}

#[derive(Debug, Clone)]
pub struct HttpRequest {
    pub method: String,
    pub uri: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// In seconds, for the first byte of the answer; 0 for what policy allows.
    pub timeout: u64,
}

#[derive(Debug, Clone)]
pub struct HttpResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A statement for a database.
#[derive(Debug, Clone)]
pub struct SqlRequest {
    /// The name of the operator's connection.
    pub connection: String,
    /// Batches, one after the other.
    pub batches: Vec<String>,
    /// In seconds, for each; 0 for what policy allows.
    pub timeout: u64,
}

/// What a batch gave.
#[derive(Debug, Clone, Default)]
pub struct SqlRows {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

/// A value of a database. Texts are ISO 8601 where they are times.
#[derive(Debug, Clone)]
pub enum Cell {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Decimal(String),
    Text(String),
    Bytes(Vec<u8>),
    Time(String),
    Timestamp(String),
    Uuid(String),
}

/// The world outside of a script.
///
/// Paths are absolute and use `/`. Nothing here may block for ever: the caller's limits end it.
pub trait Host {
    /// Output, as text with its line ends.
    fn output(&mut self, text: &str);

    /// `Write-Host`
    fn write_host(&mut self, text: &str, no_newline: bool) {
        self.output(text);
        if !no_newline {
            self.output("\n");
        }
    }

    fn message(&mut self, stream: Stream, text: &str) {
        let prefix = match stream {
            Stream::Warning => "WARNING: ",
            Stream::Verbose => "VERBOSE: ",
            Stream::Debug => "DEBUG: ",
            Stream::Information => "",
        };
        self.output(&format!("{prefix}{text}\n"));
    }

    /// An error that reached the error stream, and how PowerShell shows it.
    fn error(&mut self, record: &Rc<ErrorRecord>, shown: &str);

    /// `Write-Progress`: activity, status, percent.
    fn progress(&mut self, activity: &str, status: &str, percent: Option<i32>) {
        let _ = (activity, status, percent);
    }

    /// An object of the output, before it is formatted; false when it is not to be formatted.
    fn object(&mut self, value: &ps_value::Value) -> bool {
        let _ = value;
        true
    }

    /// Why the script has to stop, if it has to.
    fn interrupted(&mut self) -> Option<String> {
        None
    }

    /// Whether the script has run so long that its place is worth telling; then [`Host::place`] tells it.
    fn wants_place(&mut self) -> bool {
        false
    }

    fn place(&mut self, path: &str, line: usize) {
        let _ = (path, line);
    }

    fn halted(&mut self, why: &str) {
        let _ = why;
    }

    /// Ticks since the year 1, UTC.
    fn now(&mut self) -> i64;

    /// Nanoseconds of a clock that only goes forward.
    fn monotonic(&mut self) -> u64;

    fn sleep(&mut self, milliseconds: u64);

    fn random(&mut self) -> u64;

    fn environment(&mut self) -> BTreeMap<String, String>;

    /// The working directory that a script begins in.
    fn working_directory(&mut self) -> String;

    fn temporary_directory(&mut self) -> String {
        "/tmp".into()
    }

    fn metadata(&mut self, path: &str) -> Option<Meta>;

    /// Names in a directory.
    fn list(&mut self, path: &str) -> io::Result<Vec<String>>;

    fn read(&mut self, path: &str) -> io::Result<Vec<u8>>;

    fn write(&mut self, path: &str, bytes: &[u8], append: bool) -> io::Result<()>;

    fn create_dir(&mut self, path: &str) -> io::Result<()>;

    fn remove_file(&mut self, path: &str) -> io::Result<()>;

    fn remove_dir(&mut self, path: &str) -> io::Result<()>;

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;

    fn set_modified(&mut self, path: &str, ticks: i64) -> io::Result<()> {
        let _ = (path, ticks);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Sends a request, and follows no redirect.
    ///
    /// # Errors
    /// Why there is no answer, for people.
    fn http(&mut self, request: &HttpRequest) -> Result<HttpResponse, String>;

    /// Runs batches of SQL over a connection of its own, and gives what each of them gave.
    ///
    /// # Errors
    /// Why it did not, for people.
    fn sql(&mut self, request: &SqlRequest) -> Result<Vec<SqlRows>, String>;
}
