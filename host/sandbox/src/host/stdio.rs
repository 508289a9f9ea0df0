//! The output that a guest prints: bounded, and stored as lines of its log.
//!
//! The default stream of wasmtime-wasi uses `AsyncWriteStream`, which an empty write can grow without bound
//! (GHSA-5m8g-xhq4-4h93). `p2_stream` is overridden, and never blocks.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use stepwell_engine::quantity::counted;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use super::held::Held;

/// Standard output or standard error of one attempt.
#[derive(Debug, Clone)]
pub(crate) struct Captured(Arc<Mutex<Buffer>>);

#[derive(Debug)]
struct Buffer {
    bytes: Vec<u8>,
    limit: usize,
    dropped: u64,
    held: Held,
}

impl Captured {
    pub fn new(limit: u64, held: &Held) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Self(Arc::new(Mutex::new(Buffer { bytes: Vec::new(), limit, dropped: 0, held: held.clone() })))
    }

    /// Returns the lines so far as text, with a marker if some were cut.
    pub fn lines(&self) -> Vec<String> {
        let buffer = self.0.lock();
        let text = String::from_utf8_lossy(&buffer.bytes);
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if buffer.dropped > 0 {
            lines.push(format!("… truncated {}", counted(buffer.dropped, "byte")));
        }
        lines
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
        buffer.bytes.extend_from_slice(kept);
        buffer.dropped += cut.len() as u64;
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
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_counted_and_never_an_error() {
        let mut stream = Captured::new(8, &Held::new(8));
        for text in ["one\n", "", "two\nthree\n"] {
            stream.write(Bytes::from_static(text.as_bytes())).unwrap();
        }
        assert_eq!(stream.lines(), ["one", "two", "… truncated 6 bytes"]);
    }
}
