//! The server: connections, their limits, and an orderly end.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use stepwell::{Host, HostError};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::keys::{self, NewKey, Role};
use super::router;
use crate::{Exit, file_error, print};

/// How long a client may take to send its headers, and a kept connection may be idle.
const HEADERS: Duration = Duration::from_secs(10);
/// Headers of a request.
const MAX_HEADERS: usize = 64;
/// Bytes of a request's headers.
const MAX_HEADER_BYTES: usize = 16 << 10;
/// Connections at once.
const MAX_CONNECTIONS: usize = 4096;

/// Serves until SIGTERM or SIGINT, then drains.
///
/// SIGHUP calls `reload`.
pub(crate) async fn serve(
    host: Host,
    listen: SocketAddr,
    rate: NonZeroU32,
    reload: impl Fn(),
) -> Result<Exit, HostError> {
    let fail = |error| file_error(listen.to_string().into(), error);
    let listener = TcpListener::bind(listen).await.map_err(fail)?;
    let address = listener.local_addr().map_err(fail)?;
    first_key(&host).await?;
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate()).map_err(fail)?, signal(SignalKind::interrupt()).map_err(fail)?);
    let mut again = signal(SignalKind::hangup()).map_err(fail)?;
    let service = host.serve().await?;
    print(&format!("listening on http://{address}"));
    let stop = async {
        loop {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = interrupt.recv() => return,
                _ = again.recv() => reload(),
            }
        }
    };
    let connections = accept(listener, router(host.clone(), rate)?, stop).await;
    eprintln!(
        "draining: nothing new begins; steps that run may go on for {}",
        host.configuration().service.drain
    );
    let drained = tokio::select! {
        let_go = service.drain() => Some(let_go),
        _ = interrupt.recv() => None,
    };
    // Clients that still wait get their answer, or not.
    let _ = tokio::time::timeout(Duration::from_secs(1), connections.shutdown()).await;
    match drained {
        Some(0) => eprintln!("drained"),
        Some(count) => eprintln!("{count} runs were let go in the middle of a step; they are done again"),
        None => eprintln!("left at once; what ran is done again"),
    }
    Ok(Exit::Success)
}

/// Takes connections until `stop`.
async fn accept(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) -> GracefulShutdown {
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
            () = &mut stop => return graceful,
        };
        let stream = match accepted {
            Ok((stream, _)) if graceful.count() < MAX_CONNECTIONS => stream,
            // Too many connections: this one is closed.
            Ok(_) => continue,
            Err(error) => {
                tracing::warn!("a connection was not accepted: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Small answers are not held back for more.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = watched.await {
                tracing::debug!("a connection ended: {error}");
            }
        });
    }
}

/// Makes the first admin key where there is none.
async fn first_key(host: &Host) -> Result<(), HostError> {
    if !keys::list(host).await?.is_empty() {
        return Ok(());
    }
    let new = NewKey {
        name: "first".to_owned(),
        role: Role::Admin,
        projects: keys::everywhere(),
        jobs: Vec::new(),
        expires_at: None,
    };
    let (_, token) = keys::create(host, new, "serve").await?;
    print(&format!("the first API key, shown this once: {token}"));
    Ok(())
}
