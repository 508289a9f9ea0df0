//! The output that a guest prints: bounded, and stored as lines of its log when each line is complete.
//!
//! The default stream of wasmtime-wasi uses `AsyncWriteStream`, which an empty write can grow without bound
//! (GHSA-5m8g-xhq4-4h93). `p2_stream` is overridden, and never blocks.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::Map;
use stepwell_engine::quantity::counted;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use super::held::Held;
use super::log::LogBook;

/// Standard output or standard error of one attempt.
#[derive(Debug, Clone)]
pub(crate) struct Captured(Arc<Mutex<Buffer>>);

#[derive(Debug)]
struct Buffer {
    bytes: Vec<u8>,
    limit: usize,
    dropped: u64,
    held: Held,
    /// The log that gets the lines, and their level.
    log: LogBook,
    level: &'static str,
    /// The number of bytes that the log has.
    logged: usize,
}

impl Captured {
    pub fn new(limit: u64, held: &Held, log: &LogBook, level: &'static str) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let (held, log) = (held.clone(), log.clone());
        let buffer = Buffer { bytes: Vec::new(), limit, dropped: 0, held, log, level, logged: 0 };
        Self(Arc::new(Mutex::new(buffer)))
    }

    /// Logs a last line without its end, and the number of bytes that were cut.
    pub fn close(&self) {
        let mut buffer = self.0.lock();
        let end = buffer.bytes.len();
        buffer.log_up_to(end);
        if buffer.dropped > 0 {
            buffer.log.line(buffer.level, truncated(buffer.dropped), Map::new());
        }
    }

    /// Returns the lines so far as text, with a marker if some were cut.
    pub fn lines(&self) -> Vec<String> {
        let buffer = self.0.lock();
        let text = String::from_utf8_lossy(&buffer.bytes);
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if buffer.dropped > 0 {
            lines.push(truncated(buffer.dropped));
        }
        lines
    }
}

fn truncated(bytes: u64) -> String {
    format!("… truncated {}", counted(bytes, "byte"))
}

impl Buffer {
    /// Logs the lines up to a position.
    fn log_up_to(&mut self, end: usize) {
        let text = String::from_utf8_lossy(self.bytes.get(self.logged..end).unwrap_or_default());
        for line in text.lines() {
            self.log.line(self.level, line.to_owned(), Map::new());
        }
        self.logged = end;
    }
}

impl IsTerminal for Captured {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Captured {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only WASI 0.3 uses this function, and WASI 0.3 is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Captured {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let mut buffer = self.0.lock();
        let room = buffer.limit.saturating_sub(buffer.bytes.len()).min(bytes.len());
        let (kept, cut) = bytes.split_at(room);
        buffer.held.take(kept.len() as u64).map_err(StreamError::Trap)?;
        let before = buffer.bytes.len();
        buffer.bytes.extend_from_slice(kept);
        buffer.dropped += cut.len() as u64;
        if let Some(last) = kept.iter().rposition(|byte| *byte == b'\n') {
            buffer.log_up_to(before + last + 1);
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}

#[async_trait]
impl Pollable for Captured {
    /// Waits until the store has room for the lines: a guest that prints faster slows down.
    async fn ready(&mut self) {
        let log = self.0.lock().log.clone();
        log.flush().await;
    }
}

#[cfg(test)]
mod tests {
    use stepwell_engine::StepSink;
    use stepwell_engine::policy::Limits;
    use stepwell_engine::step::Report;

    use super::*;

    #[tokio::test]
    async fn what_is_too_much_is_counted_and_never_an_error() {
        let (sink, mut reports) = StepSink::channel();
        let log = LogBook::new(Some(sink), &Limits::TINY);
        let mut stream = Captured::new(8, &Held::new(8), &log, "info");
        for text in ["one\n", "", "two\nthree\n"] {
            stream.write(Bytes::from_static(text.as_bytes())).unwrap();
        }
        assert_eq!(stream.lines(), ["one", "two", "… truncated 6 bytes"]);
        // The log has each line once: complete ones at once, and the rest at the end.
        stream.ready().await;
        let mut next = async || match reports.recv().await {
            Some(Report::Log(line)) => line.message,
            other => panic!("{other:?}"),
        };
        assert_eq!((next().await, next().await), ("one".to_owned(), "two".to_owned()));
        stream.close();
        log.flush().await;
        assert_eq!(next().await, "… truncated 6 bytes");
    }
}
