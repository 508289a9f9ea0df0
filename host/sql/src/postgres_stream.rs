//! The stream to a PostgreSQL server: over TCP or a Unix socket, with or without TLS, and with bounded
//! messages.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{CancelToken, Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::bounded::{Bounded, Exceeded, Messages};

/// The time limit for the connection to the server.
pub(crate) const LOGIN: Duration = Duration::from_secs(10);

/// The location of a server.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub host: String,
    pub port: u16,
}

/// The reason why there is no session.
pub(crate) enum Unreached {
    Stream(io::Error),
    Refused(tokio_postgres::Error),
}

impl From<tokio_postgres::Error> for Unreached {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Refused(error)
    }
}

impl From<io::Error> for Unreached {
    fn from(error: io::Error) -> Self {
        Self::Stream(error)
    }
}

/// A stream before TLS.
enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
    /// A stream that is closed when the server has closed it.
    UntilClosed(Box<Self>),
}

impl Place {
    async fn reach(&self) -> io::Result<Socket> {
        if self.host.starts_with('/') {
            let path = format!("{}/.s.PGSQL.{}", self.host, self.port);
            return Ok(Socket::Unix(UnixStream::connect(path).await?));
        }
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        Ok(Socket::Tcp(stream))
    }

    /// Logs in over a stream that fails when a message is too long and then sets `exceeded`.
    pub async fn log_in(
        &self,
        config: &Config,
        tls: Option<&MakeRustlsConnect>,
        exceeded: &Exceeded,
    ) -> Result<Client, Unreached> {
        let stream = self.reach().await?;
        let Some(tls) = tls else {
            let stream = Bounded::new(stream, Messages::default(), exceeded.clone());
            let (client, connection) = config.connect_raw(stream, NoTls).await?;
            tokio::spawn(connection);
            return Ok(client);
        };
        let tls = BoundedTls { tls: self.over(tls)?, exceeded: exceeded.clone() };
        let (client, connection) = config.connect_raw(stream, tls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Asks the server, over a separate connection, to stop the statement of a session. Returns whether the
    /// server has taken the request: it has then signalled the session, and no later statement is stopped
    /// (postgresql.org/docs/current/protocol-flow.html, "Canceling Requests in Progress").
    pub async fn cancel(&self, what: &CancelToken, tls: Option<&MakeRustlsConnect>) -> bool {
        let Ok(stream) = self.reach().await else { return false };
        let stream = Socket::UntilClosed(Box::new(stream));
        match tls {
            None => what.cancel_query_raw(stream, NoTls).await.is_ok(),
            Some(tls) => match self.over(tls) {
                Ok(tls) => what.cancel_query_raw(stream, tls).await.is_ok(),
                Err(_) => false,
            },
        }
    }

    fn over(
        &self,
        tls: &MakeRustlsConnect,
    ) -> io::Result<<MakeRustlsConnect as MakeTlsConnect<Socket>>::TlsConnect> {
        MakeTlsConnect::<Socket>::make_tls_connect(&mut tls.clone(), &self.host).map_err(io::Error::other)
    }
}

/// TLS with bounded messages. Before TLS there are no bounds.
struct BoundedTls<T> {
    tls: T,
    exceeded: Exceeded,
}

impl<T> TlsConnect<Socket> for BoundedTls<T>
where
    T: TlsConnect<Socket>,
    T::Future: Send + 'static,
{
    type Stream = Bounded<T::Stream, Messages>;
    type Error = T::Error;
    type Future = BoxFuture<'static, Result<Self::Stream, T::Error>>;

    fn connect(self, stream: Socket) -> Self::Future {
        let (connecting, exceeded) = (self.tls.connect(stream), self.exceeded);
        Box::pin(async move { Ok(Bounded::new(connecting.await?, Messages::default(), exceeded)) })
    }
}

impl<S: TlsStream + Unpin> TlsStream for Bounded<S, Messages> {
    fn channel_binding(&self) -> ChannelBinding {
        self.inner().channel_binding()
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, into),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, into),
            Self::UntilClosed(stream) => Pin::new(&mut **stream).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::UntilClosed(stream) => Pin::new(&mut **stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Self::UntilClosed(stream) => Pin::new(&mut **stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::UntilClosed(stream) => {
                let mut stream = Pin::new(&mut **stream);
                // The server may be faster. A second call changes nothing.
                let _ = ready!(stream.as_mut().poll_shutdown(cx));
                let mut rest = [0; 64];
                loop {
                    let mut rest = ReadBuf::new(&mut rest);
                    match ready!(stream.as_mut().poll_read(cx, &mut rest)) {
                        Ok(()) if !rest.filled().is_empty() => {}
                        Ok(()) | Err(_) => return Poll::Ready(Ok(())),
                    }
                }
            }
        }
    }
}
