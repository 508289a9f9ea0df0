//! The server: its connections, their limits, and an orderly shutdown.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, Request, header};
use axum::response::Response;
use futures_util::StreamExt;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use stepwell::{ApiKey, By, Host, HostError, NewKey, Role};
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::bounds::{Answering, Connections, Names, Peer, Proxies};
use super::connection::{TwoLengths, Watched};
use super::{App, Front, router};
use crate::telemetry::LogFormat;
use crate::{Exit, file_error, print};

/// The maximum time for a client to send its headers, and for a connection to be idle between requests.
const HEADERS: Duration = Duration::from_secs(10);
/// The maximum number of headers of a request.
const MAX_HEADERS: usize = 64;
/// The maximum size of a request's headers, in bytes.
const MAX_HEADER_BYTES: usize = 16 << 10;
/// The maximum number of concurrent connections.
const MAX_CONNECTIONS: usize = 4096;

/// The time for the last responses at the end, and then for the tasks of connections.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// Whether requests hold threads at the end of the service. Such threads cannot be stopped, so the process
/// must end without them.
pub(crate) static IS_STUCK: AtomicBool = AtomicBool::new(false);

/// The settings of the server.
pub(crate) struct Serving {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The maximum number of requests per second with one key.
    pub rate: NonZeroU32,
    /// Adds the pages for people to the API.
    pub pages: Box<dyn FnOnce(App, Router) -> Router + Send>,
    /// Tells the address of the running service.
    pub announce: Box<dyn FnOnce(SocketAddr) + Send>,
}

/// Serves until SIGTERM or SIGINT, then drains: no run starts, all other requests are answered, and the
/// connections close last. A second SIGINT ends the process at once. SIGHUP calls `hang_up`, which may end the
/// service as well.
pub(crate) async fn serve(
    host: Host,
    serving: Serving,
    hang_up: impl Fn() -> ControlFlow<()>,
) -> Result<Exit, HostError> {
    let Serving { listen, rate, pages, announce } = serving;
    let fail = |error| file_error(listen.to_string().into(), error);
    forbid_dumps();
    // Problems of the settings show before anything exists.
    let proxies = Proxies::read(&host.configuration().service.proxies).map_err(HostError::Refused)?;
    let listener = listener(listen).map_err(fail)?;
    let address = listener.local_addr().map_err(fail)?;
    let names = names(&host, address);
    let (app, api) = router(host.clone(), rate, Front { names, proxies: proxies.clone() })?;
    let router = pages(app, api);
    first_key(&host).await?;
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate()).map_err(fail)?, signal(SignalKind::interrupt()).map_err(fail)?);
    let mut again = signal(SignalKind::hangup()).map_err(fail)?;
    let service = host.serve().await?;
    started(&host, address).await;
    announce(address);
    let stop = async {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = again.recv() => if hang_up().is_break() { break },
            }
        }
        let limit = host.configuration().service.drain;
        tracing::info!("shutting down: no new run starts; running steps may continue for {limit}");
        tokio::select! {
            released = service.drain() => Some(released),
            _ = interrupt.recv() => None,
        }
    };
    let most = descriptors() / 2;
    let open = Arc::new(Connections::new(most.min(MAX_CONNECTIONS), proxies));
    let tasks = TaskTracker::new();
    let (connections, drained) = accept(listener, router, (open.clone(), tasks.clone()), stop).await;
    end(connections, &open, &tasks).await;
    match drained {
        Some(0) => tracing::info!("stopped: no step was interrupted"),
        Some(count) => {
            tracing::warn!(runs = count, "stopped: runs were interrupted in a step, which will run again")
        }
        None => tracing::warn!("stopped at once: interrupted steps will run again"),
    }
    Ok(Exit::Success)
}

/// The number of connections that the operating system accepts for a busy process.
const BACKLOG: u32 = 4096;

/// Listens on an address. The library's own function allows 1,024 waiting connections, which one client can
/// use up within a moment.
fn listener(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Ends all connections. Clients that still wait get up to one second for their response. Afterwards, their
/// requests end, except for those that hold a thread at that moment.
async fn end(connections: GracefulShutdown, open: &Connections, tasks: &TaskTracker) {
    let _ = tokio::time::timeout(LAST_ANSWERS, connections.shutdown()).await;
    open.close_all();
    tasks.close();
    if tokio::time::timeout(LAST_ANSWERS, tasks.wait()).await.is_err() {
        tracing::warn!(requests = tasks.len(), "requests do not end, and end with the process");
        IS_STUCK.store(true, Ordering::Relaxed);
    }
}

/// Forbids core dumps, which would contain secrets. It also stops other processes of the same user from
/// reading the memory and the environment of the service.
fn forbid_dumps() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!("other processes of this user can read the memory of the service: {error}");
    }
    let nothing = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = rustix::process::setrlimit(rustix::process::Resource::Core, nothing) {
        tracing::warn!("cannot forbid core dumps, which would contain secrets: {error}");
    }
}

/// Returns the names that the service answers to. It checks names on a loopback address, or if it has
/// configured names.
fn names(host: &Host, address: SocketAddr) -> Names {
    let own = host.configuration().service.hosts.clone();
    Names { checked: address.ip().is_loopback() || !own.is_empty(), own }
}

/// Raises the limit of file descriptors to the maximum that this process may have, and returns it. The usual
/// 1,024 would be fewer than the connections.
fn descriptors() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: maximum, maximum };
    let granted = if setrlimit(Resource::Nofile, wanted).is_ok() { maximum } else { current };
    granted.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX))
}

/// Logs one line about the started service.
async fn started(host: &Host, address: SocketAddr) {
    let stores = host.system().vitals().await.unwrap_or_default();
    let stores: Vec<String> =
        stores.iter().map(|store| format!("{} {}", store.product, store.place)).collect();
    let policies = host.system().policy_names();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        listen = %address,
        store = stores.join(", "),
        policies = if policies.is_empty() { "none".to_owned() } else { policies.join(", ") },
        steps = stepwell::engine::job::Catalog::types(&host.steps().catalog()).len(),
        "started"
    );
}

/// Prints the address of the service on standard output, for the program that started it.
pub(crate) fn announce(format: LogFormat, address: SocketAddr) {
    let text = format!("listening on http://{address}");
    match format {
        LogFormat::Text => print(&text),
        LogFormat::Json => {
            let line = serde_json::json!({"level": "INFO", "message": text, "listen": address.to_string()});
            print(&line.to_string());
        }
    }
}

/// Accepts connections until `stop` completes. Returns its result.
async fn accept<T>(
    listener: TcpListener,
    router: Router,
    (open, tasks): (Arc<Connections>, TaskTracker),
    stop: impl Future<Output = T>,
) -> (GracefulShutdown, T) {
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEADER_BYTES);
    let graceful = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            ended = &mut stop => return (graceful, ended),
        };
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, peer.ip()),
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Without room for it, the connection closes.
        let Some(one) = open.open(peer) else { continue };
        // Small responses are sent at once.
        let _ = stream.set_nodelay(true);
        let (router, of) = (router.clone(), one.clone());
        let two_lengths = TwoLengths::default();
        let stream = Watched::new(stream, two_lengths.clone());
        let service = tower::service_fn(move |mut request: axum::http::Request<_>| {
            request.extensions_mut().insert(Peer(peer));
            request.extensions_mut().insert(two_lengths.clone());
            answered(router.clone(), request, of.answering())
        });
        let service = TowerToHyperService::new(service);
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let watched = graceful.watch(connection);
        let open = open.clone();
        tasks.spawn(async move {
            tokio::select! {
                ended = watched => if let Err(error) = ended {
                    tracing::debug!("a connection ended: {error}");
                },
                () = one.close.cancelled() => tracing::debug!("an idle connection was closed for a new one"),
            }
            open.closed(&one);
        });
    }
}

/// Answers a request. The connection is busy until the response begins, or until the end of a stream.
async fn answered<B>(
    router: Router,
    request: Request<B>,
    answering: Answering,
) -> Result<Response, Infallible>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    let in_chunks = request.headers().contains_key(header::TRANSFER_ENCODING);
    let mut response = router.oneshot(request).await?;
    if in_chunks {
        // The connection was watched for requests with two lengths up to this one.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let kind = response.headers().get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| kind != "text/event-stream") {
        return Ok(response);
    }
    Ok(response.map(|body| {
        Body::from_stream(body.into_data_stream().map(move |chunk| {
            let _until_its_end = &answering;
            chunk
        }))
    }))
}

/// The name of the file in the data directory that holds the first key.
const FIRST_KEY: &str = "first-api-key";

/// The hours for which the first key is valid.
const FIRST_KEY_HOURS: i64 = 24;

/// Creates the first admin key when no key is valid and no provider is configured, in a file that only this
/// user can read. Printed text would end up in the journal or in the log of a container.
async fn first_key(host: &Host) -> Result<(), HostError> {
    let now = host.now();
    let valid = |key: &ApiKey| key.expires_at.is_none_or(|at| at > now);
    if host.configuration().oidc.is_some() || host.access().list().await?.iter().any(valid) {
        return Ok(());
    }
    let by = By { identity: format!("node:{}", host.system().machine()), name: "serve".to_owned() };
    let new = NewKey {
        name: "first".to_owned(),
        role: Role::Admin,
        projects: stepwell::everywhere(),
        jobs: Vec::new(),
        expires_at: Some(now + chrono::Duration::hours(FIRST_KEY_HOURS)),
    };
    let (key, token) = host.access().create(new, &by).await?;
    let path = match host.system().write_private(FIRST_KEY, &format!("{token}\n")) {
        Ok(path) => path,
        Err(error) => {
            // The key cannot be shown, so it is useless, and would stop the next start from creating one.
            host.access().revoke(&key.id, &by).await?;
            return Err(error);
        }
    };
    let how = "create keys with it (`stepwell keys create`), and remove the file";
    tracing::info!(file = %path.display(), "the first API key (role admin, for {FIRST_KEY_HOURS} hours) is in this file: {how}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn the_memory_of_a_service_is_its_own() {
        super::forbid_dumps();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        assert_eq!(getrlimit(Resource::Core).maximum, Some(0));
    }
}
