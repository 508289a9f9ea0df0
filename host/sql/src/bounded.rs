//! Bounds the memory that one answer of a server can take up in the host.
//!
//! The threat: a row of a gigabyte (`SELECT repeat('x', 1000000000)`), which a driver reads into memory
//! before it can count it. The stream of a connection fails as soon as a message announces a greater length.
//! Where the protocol has no such lengths, the stream fails when more bytes have arrived than a row may have.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::Error;

/// The maximum number of bytes of one row in the server's encoding.
pub(crate) const ROW: u64 = 16 << 20;

/// Counts the bytes from a server.
pub(crate) trait Count: Unpin + Send {
    /// Returns whether these bytes are still within the bound.
    fn count(&mut self, bytes: &[u8]) -> bool;
}

/// Messages of PostgreSQL: a byte for the kind, and a four-byte length that includes itself.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    head: [u8; 5],
    /// The number of header bytes received.
    known: usize,
    /// The number of message bytes still to come.
    left: u64,
}

impl Count for Messages {
    fn count(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let taken = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                self.left -= taken as u64;
                bytes = bytes.get(taken..).unwrap_or_default();
                continue;
            }
            if let Some(place) = self.head.get_mut(self.known) {
                *place = *first;
            }
            (self.known, bytes) = (self.known + 1, rest);
            if self.known == self.head.len() {
                let [_, length @ ..] = self.head;
                self.left = u64::from(u32::from_be_bytes(length)).saturating_sub(4);
                self.known = 0;
                if self.left > ROW {
                    return false;
                }
            }
        }
        true
    }
}

/// The number of bytes since the last row, whatever they contain.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowance(Arc<AtomicU64>);

impl Allowance {
    /// Restarts the count at a row or at the start of an answer.
    pub fn renew(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

impl Count for Allowance {
    fn count(&mut self, bytes: &[u8]) -> bool {
        let bytes = bytes.len() as u64;
        self.0.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) <= ROW
    }
}

/// Whether a connection has exceeded the bound.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exceeded(Arc<AtomicBool>);

impl Exceeded {
    /// Returns the error for the guest if the bound is the reason why its statement failed.
    pub fn or(&self, error: Error) -> Error {
        if self.0.load(Ordering::Relaxed) { too_long() } else { error }
    }
}

pub(crate) fn too_long() -> Error {
    let message = format!(
        "a row of the result or a statement has more than {ROW} bytes: read a part of the value, for instance with `substring`"
    );
    Error::limit("sql_row_bytes", message)
}

/// The bounded stream of a connection.
pub(crate) struct Bounded<S, C> {
    stream: S,
    count: C,
    exceeded: Exceeded,
}

impl<S, C> Bounded<S, C> {
    /// Creates a stream that fails and sets `exceeded` once `count` reports too many bytes.
    pub fn new(stream: S, count: C, exceeded: Exceeded) -> Self {
        Self { stream, count, exceeded }
    }

    /// Returns the underlying stream.
    pub fn inner(&self) -> &S {
        &self.stream
    }
}

impl<S: AsyncRead + Unpin, C: Count> AsyncRead for Bounded<S, C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = into.filled().len();
        if !this.exceeded.0.load(Ordering::Relaxed) {
            ready!(Pin::new(&mut this.stream).poll_read(cx, into))?;
            if this.count.count(into.filled().get(before..).unwrap_or_default()) {
                return Poll::Ready(Ok(()));
            }
            this.exceeded.0.store(true, Ordering::Relaxed);
            into.set_filled(before);
        }
        Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "an answer of the server is too long")))
    }
}

impl<S: AsyncWrite + Unpin, C: Unpin> AsyncWrite for Bounded<S, C> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, length: u32) -> Vec<u8> {
        let mut bytes = vec![kind];
        bytes.extend((length + 4).to_be_bytes());
        bytes.resize(5 + usize::try_from(length).unwrap().min(1 << 20), 0);
        bytes
    }

    #[test]
    fn a_long_message_is_known_by_its_first_bytes_however_they_come() {
        let short: Vec<u8> =
            [message(b'T', 0), message(b'D', 7), message(b'D', 1 << 20), message(b'C', 3)].concat();
        let long = [short.clone(), message(b'D', 1 << 30)].concat();
        for pieces in [1, 3, 4, 5, 4096, usize::MAX] {
            let mut count = Messages::default();
            assert!(short.chunks(pieces.min(short.len())).all(|piece| count.count(piece)));
            assert_eq!((count.known, count.left), (0, 0));
            let mut count = Messages::default();
            assert!(!long.chunks(pieces.min(long.len())).all(|piece| count.count(piece)));
        }
        // The longest message, and one with an invalid length.
        let mut count = Messages::default();
        assert!(count.count(&message(b'D', u32::try_from(ROW).unwrap())));
        assert!(!Messages::default().count(&message(b'D', u32::try_from(ROW).unwrap() + 1)));
        assert!(!Messages::default().count(b"D\xff\xff\xff\xff"));
    }

    #[tokio::test]
    async fn a_stream_fails_for_good_once_too_much_has_come() {
        use tokio::io::AsyncReadExt;
        let allowance = Allowance::default();
        let exceeded = Exceeded::default();
        let endless = tokio::io::repeat(1);
        let mut stream = Bounded::new(endless, allowance.clone(), exceeded.clone());
        let mut piece = vec![0; 1 << 20];
        for _ in 0..100 {
            stream.read_exact(&mut piece).await.unwrap();
            allowance.renew();
        }
        let mut read = 0u64;
        while let Ok(count) = stream.read(&mut piece).await {
            read += count as u64;
        }
        assert!(read <= ROW, "{read}");
        allowance.renew();
        assert!(stream.read(&mut piece).await.is_err());
        assert!(matches!(exceeded.or(Error::TimedOut), Error::Limit(_)));
        assert_eq!(Exceeded::default().or(Error::TimedOut), Error::TimedOut);
    }
}
