//! `stepwell:log`, and the lines that a guest prints.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Map, Value};
use stepwell_engine::StepSink;
use stepwell_engine::policy::{Denial, Limits};
use stepwell_engine::quantity::counted;
use stepwell_engine::step::{LogLine, Report};

use crate::guest::Guest;
use crate::guest::bindings::stepwell::log::log::{Host, Level};

/// The bounded log of one attempt, which the guest and its standard output share.
#[derive(Debug, Clone)]
pub(crate) struct LogBook {
    sink: Option<StepSink>,
    book: Arc<Mutex<Book>>,
}

/// The lines of a log wait here until the sink has room for them.
#[derive(Debug)]
struct Book {
    waiting: VecDeque<LogLine>,
    /// The maximum number of lines and bytes, and the number so far.
    limit: (u64, u64),
    taken: (u64, u64),
    line_bytes: usize,
    dropped: u64,
}

/// Maximum number of fields of a line; the rest is dropped.
const MAX_FIELDS: usize = 64;
/// The cost of a field besides its bytes.
const FIELD: usize = 64;

/// Maximum number of the host's own lines (denials) beyond the guest's limit.
const HOST_LINES: usize = 128;

impl LogBook {
    pub fn new(sink: Option<StepSink>, limits: &Limits) -> Self {
        let book = Book {
            waiting: VecDeque::new(),
            limit: (limits.log_lines.0, limits.log_bytes.0),
            taken: (0, 0),
            line_bytes: usize::try_from(limits.log_line_bytes.0).unwrap_or(usize::MAX),
            dropped: 0,
        };
        Self { sink, book: Arc::new(Mutex::new(book)) }
    }

    /// Accepts a line of the guest, cut to the allowed length.
    pub fn line(&self, level: &str, mut message: String, fields: Map<String, Value>) {
        let mut book = self.book.lock();
        let field_bytes: usize = fields.iter().map(|(k, v)| k.len() + v.as_str().map_or(0, str::len)).sum();
        let keep = book.line_bytes.saturating_sub(field_bytes);
        let fields = if keep == 0 { Map::new() } else { fields };
        truncate(&mut message, if keep == 0 { book.line_bytes } else { keep });
        let bytes = (message.len() + field_bytes) as u64;
        let (lines, sum) = (book.taken.0 + 1, book.taken.1.saturating_add(bytes));
        if lines > book.limit.0 || sum > book.limit.1 {
            book.dropped += 1;
            // Later lines are dropped too, also by the next part of the attempt when the step parks.
            book.taken = book.limit;
            return;
        }
        book.taken = (lines, sum);
        book.waiting.push_back(LogLine { level: level.to_owned(), message, fields });
    }

    /// Returns whether the log is full.
    pub fn is_full(&self) -> bool {
        let book = self.book.lock();
        book.taken.0 == book.limit.0 || book.taken.1 == book.limit.1
    }

    /// Returns the number of lines and bytes so far, or its limit once it has dropped something.
    pub fn taken(&self) -> (u64, u64) {
        self.book.lock().taken
    }

    /// Counts a dropped line.
    pub fn drop_line(&self) {
        self.book.lock().dropped += 1;
    }

    /// Accepts a line of the host.
    pub fn host_line(&self, level: &str, message: String) {
        let mut book = self.book.lock();
        if book.waiting.len() < HOST_LINES {
            book.waiting.push_back(LogLine { level: level.to_owned(), message, fields: Map::new() });
        }
    }

    /// Writes a denial with its reason, and the change that would allow the action.
    pub fn denied(&self, denial: &Denial) {
        self.host_line("warn", format!("denied by policy: {} [{}]", denial.in_full(), denial.rule));
    }

    /// Sends the waiting lines, and waits for room: a guest that logs faster than its lines are stored
    /// slows down.
    pub async fn flush(&self) {
        let next = || self.book.lock().waiting.pop_front();
        while let Some(line) = next() {
            if let Some(sink) = &self.sink {
                sink.send(Report::Log(line)).await;
            }
        }
    }

    /// Reports how many lines were dropped, and sends everything.
    pub async fn close(&self) {
        self.note_dropped();
        self.flush().await;
    }

    fn note_dropped(&self) {
        let mut book = self.book.lock();
        // If nothing was left at the start, an earlier part of the attempt has reported that.
        if book.dropped > 0 && book.limit.0 > 0 && book.limit.1 > 0 {
            let message = format!("… {} dropped: the log is at its limit", counted(book.dropped, "line"));
            book.waiting.push_back(LogLine { level: "warn".to_owned(), message, fields: Map::new() });
        }
    }
}

/// Cuts `text` to `limit` bytes at a character, and notes the number of bytes cut.
pub(crate) fn truncate(text: &mut String, limit: usize) {
    if text.len() <= limit {
        return;
    }
    let cut = text.len() - limit;
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.push_str(&format!("… {} cut", counted(cut, "byte")));
}

impl Host for Guest {
    async fn write(
        &mut self,
        level: Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.calls.count("stepwell:log");
        let level = match level {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        let given: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.owed.bytes(message.len() + given + FIELD * fields.len(), 1);
        if self.log.is_full() {
            self.log.drop_line();
            return Ok(());
        }
        let fields = fields.into_iter().take(MAX_FIELDS);
        let fields = fields.map(|(name, value)| (name, Value::String(value))).collect();
        self.log.line(level, message, fields);
        self.log.flush().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_cut_dropped_and_counted() {
        let (sink, mut reports) = StepSink::channel();
        let mut limits = Limits::TINY;
        limits.log_lines.0 = 2;
        limits.log_line_bytes.0 = 8;
        let log = LogBook::new(Some(sink), &limits);
        for text in ["short", "far too long ä", "third"] {
            log.line("info", text.to_owned(), Map::new());
        }
        log.close().await;
        drop(log);
        let mut lines = Vec::new();
        while let Some(Report::Log(line)) = reports.recv().await {
            lines.push(line.message);
        }
        assert_eq!(lines, ["short", "far too … 7 bytes cut", "… 1 line dropped: the log is at its limit"]);
    }
}
