//! The bytes of a connection: a client that reads nothing, and requests with two lengths.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// The time after which a connection closes when its client takes none of the bytes that wait for it.
const STALL: Duration = Duration::from_secs(30);

/// A request with `Content-Length` and `Transfer-Encoding` was seen on a connection. A proxy and this service
/// may disagree about the end of such a request, and the HTTP library hides one of the headers.
#[derive(Debug, Clone, Default)]
pub(super) struct TwoLengths(Arc<AtomicBool>);

impl TwoLengths {
    pub fn seen(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A stream that fails when its peer takes no bytes for too long.
pub(super) struct Watched<S> {
    stream: S,
    stalled: Option<Pin<Box<Sleep>>>,
    heads: Heads,
}

impl<S> Watched<S> {
    pub fn new(stream: S, two_lengths: TwoLengths) -> Self {
        Self { stream, stalled: None, heads: Heads::new(two_lengths) }
    }

    /// Waits for the peer, and fails when it has taken nothing for too long.
    fn stalled<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let sleep = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(STALL)));
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client reads nothing")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.heads.read(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, data);
        self.stalled(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.stalled(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.stalled(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Finds the heads of requests in the bytes of a connection, as far as their bodies have a declared length.
/// A connection ends with its first request in chunks.
struct Heads {
    two_lengths: TwoLengths,
    at: At,
    /// The line that is being read, without its end, cut.
    line: Vec<u8>,
    length: Option<u64>,
    is_encoded: bool,
    has_lines: bool,
}

enum At {
    Head,
    /// The bytes of the body that are left.
    Body(u64),
    /// Nothing of interest follows.
    End,
}

/// The number of bytes of a line that are stored: longer than the names and values of both headers.
const LINE: usize = 64;

impl Heads {
    fn new(two_lengths: TwoLengths) -> Self {
        Self {
            two_lengths,
            at: At::Head,
            line: Vec::new(),
            length: None,
            is_encoded: false,
            has_lines: false,
        }
    }

    fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match &mut self.at {
                At::End => return,
                At::Body(left) => {
                    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    *left -= taken as u64;
                    if *left == 0 {
                        self.at = At::Head;
                    }
                    bytes = bytes.get(taken..).unwrap_or_default();
                }
                At::Head => {
                    let end = bytes.iter().position(|byte| *byte == b'\n');
                    let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
                    let room = LINE.saturating_sub(self.line.len());
                    self.line.extend(part.iter().take(room));
                    bytes = rest.get(1..).unwrap_or_default();
                    if end.is_some() {
                        self.line_ended();
                    }
                }
            }
        }
    }

    fn line_ended(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim_ascii();
        if !line.is_empty() {
            self.has_lines = true;
            let mut parts = line.splitn(2, |byte| *byte == b':');
            let (name, value) = (parts.next().unwrap_or_default(), parts.next());
            if name.eq_ignore_ascii_case(b"transfer-encoding") {
                self.is_encoded = true;
            } else if name.eq_ignore_ascii_case(b"content-length") {
                let digits = value.and_then(|value| std::str::from_utf8(value).ok());
                self.length = Some(digits.and_then(|digits| digits.trim().parse().ok()).unwrap_or(0));
            }
            return;
        }
        // Lines before the first one of a request may be empty.
        if !std::mem::take(&mut self.has_lines) {
            return;
        }
        let (length, is_encoded) = (self.length.take(), std::mem::take(&mut self.is_encoded));
        if is_encoded && length.is_some() {
            self.two_lengths.0.store(true, Ordering::Relaxed);
        }
        self.at = match length {
            _ if is_encoded => At::End,
            Some(length) if length > 0 => At::Body(length),
            _ => At::Head,
        };
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_nothing_ends_its_connection_and_a_slow_one_does_not() {
        let (stream, mut client) = duplex(16);
        let mut watched = Watched::new(stream, TwoLengths::default());
        let failed = watched.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
        let (stream, mut slow) = duplex(16);
        let mut watched = Watched::new(stream, TwoLengths::default());
        let reads = tokio::spawn(async move {
            let mut bytes = [0; 8];
            for _ in 0..8 {
                tokio::time::sleep(STALL - Duration::from_secs(1)).await;
                slow.read_exact(&mut bytes).await.unwrap();
            }
        });
        watched.write_all(&[0; 64]).await.unwrap();
        reads.await.unwrap();
        drop(client.shutdown().await);
    }

    #[test]
    fn two_lengths_are_found_in_each_order_and_in_later_requests() {
        let (te, cl) = ("Transfer-Encoding: chunked\r\n", "Content-Length: 5\r\n");
        for (text, expected) in [
            (format!("POST / HTTP/1.1\r\n{te}{cl}\r\n"), true),
            (format!("POST / HTTP/1.1\r\n{cl}{te}\r\n"), true),
            ("POST / HTTP/1.1\ncontent-length: 5\ntransfer-encoding: x\n\n".to_owned(), true),
            (
                format!(
                    "GET / HTTP/1.1\r\n\r\n\r\nPOST / HTTP/1.1\r\n{cl}\r\n12345POST / HTTP/1.1\r\n{cl}{te}\r\n"
                ),
                true,
            ),
            (format!("POST / HTTP/1.1\r\n{cl}\r\n{te}{te}POST / HTTP/1.1\r\n\r\n"), false),
            (format!("POST / HTTP/1.1\r\n{te}\r\n{cl}{te}"), false),
            (format!("GET / HTTP/1.1\r\n{cl}\r\n12345GET / HTTP/1.1\r\n{te}\r\n"), false),
        ] {
            for size in [1, 7, 1000] {
                let found = TwoLengths::default();
                let mut heads = Heads::new(found.clone());
                text.as_bytes().chunks(size).for_each(|part| heads.read(part));
                assert_eq!(found.seen(), expected, "{text:?} in parts of {size}");
            }
        }
    }
}
