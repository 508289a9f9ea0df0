//! The interface of a script to the world outside.

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
    /// The time to the first byte of the response, in seconds; 0 for the limit of policy.
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
    /// Batches, one after another.
    pub batches: Vec<String>,
    /// The time for each batch, in seconds; 0 for the limit of policy.
    pub timeout: u64,
}

/// The result of a batch.
#[derive(Debug, Clone, Default)]
pub struct SqlRows {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

/// A value of a database. Texts are ISO 8601 if they are times.
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
/// Paths are absolute and use `/`. No call may block forever: the caller's limits end it.
pub trait Host {
    /// Prints output, as text with its line ends.
    fn output(&mut self, text: &str);

    /// Prints the output of `Write-Host`.
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

    /// Receives an error of the error stream, and its display in PowerShell.
    fn error(&mut self, record: &Rc<ErrorRecord>, shown: &str);

    /// Receives the activity, status and percentage of `Write-Progress`.
    fn progress(&mut self, activity: &str, status: &str, percent: Option<i32>) {
        let _ = (activity, status, percent);
    }

    /// Receives an output object before it is formatted. Returns false when it should not be formatted.
    fn object(&mut self, value: &ps_value::Value) -> bool {
        let _ = value;
        true
    }

    /// Returns why the script must stop, if it must.
    fn interrupted(&mut self) -> Option<String> {
        None
    }

    /// Returns whether the script has run so long that its place should be reported with [`Host::place`].
    fn wants_place(&mut self) -> bool {
        false
    }

    fn place(&mut self, path: &str, line: usize) {
        let _ = (path, line);
    }

    fn halted(&mut self, why: &str) {
        let _ = why;
    }

    /// Returns ticks since the year 1, UTC.
    fn now(&mut self) -> i64;

    /// Returns nanoseconds of a monotonic clock.
    fn monotonic(&mut self) -> u64;

    fn sleep(&mut self, milliseconds: u64);

    fn random(&mut self) -> u64;

    fn environment(&mut self) -> BTreeMap<String, String>;

    /// Returns the initial working directory of a script.
    fn working_directory(&mut self) -> String;

    fn temporary_directory(&mut self) -> String {
        "/tmp".into()
    }

    fn metadata(&mut self, path: &str) -> Option<Meta>;

    /// Returns the names in a directory.
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

    /// Sends a request without following redirects.
    ///
    /// # Errors
    /// Returns why there is no response, for people.
    fn http(&mut self, request: &HttpRequest) -> Result<HttpResponse, String>;

    /// Runs batches of SQL on a separate connection, and returns the results of each.
    ///
    /// # Errors
    /// Returns why it failed, for people.
    fn sql(&mut self, request: &SqlRequest) -> Result<Vec<SqlRows>, String>;
}
