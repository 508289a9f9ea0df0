//! One request over one connection to one address.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use wasmtime_wasi_http::Error;

/// Maximum bytes of the header section, in each direction.
const HEADER_BYTES: usize = 64 << 10;
/// Maximum header lines of a response.
const HEADER_LINES: usize = 100;

/// The system's trust roots as a TLS configuration, read once.
static TLS: LazyLock<Result<Arc<ClientConfig>, String>> = LazyLock::new(|| {
    let mut roots = rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err("the system has no trust roots: install ca-certificates".to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
});

pub(super) fn connect_error(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => Error::ConnectionRefused,
        _ => Error::Connect(error),
    }
}

/// Starts TLS with the system's trust roots.
pub(crate) async fn handshake(
    tcp: TcpStream,
    host: &str,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Error> {
    let config = TLS.as_ref().map_err(|why| Error::InternalError(Some(why.clone())))?;
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Error::HttpRequestUriInvalid)?;
    tokio_rustls::TlsConnector::from(config.clone()).connect(name, tcp).await.map_err(Error::Tls)
}

/// Sends one request, and returns the response and the task that drives its connection.
pub(crate) async fn exchange<S>(
    stream: S,
    request: Request<http_body_util::combinators::UnsyncBoxBody<Bytes, Error>>,
    first_byte: Duration,
) -> Result<(Response<hyper::body::Incoming>, AbortOnDropHandle<()>), Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEADER_BYTES).max_headers(HEADER_LINES);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
    // The task ends with the response's body: dropping the body drops the connection.
    let driver = AbortOnDropHandle::new(tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("an HTTP connection ended: {error}");
        }
    }));
    let answer = timeout(first_byte, sender.send_request(request)).await;
    let response = answer.map_err(|_| Error::ConnectionReadTimeout)??;
    // The buffer's own limit applies to a single read.
    let bytes: usize =
        response.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes > HEADER_BYTES {
        return Err(Error::HttpResponseHeaderSectionSize(Some(HEADER_BYTES as u32)));
    }
    Ok((response, driver))
}
