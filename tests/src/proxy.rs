//! A TCP proxy that simulates faults of the connection between a node and its database.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;

/// A fault of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Fault {
    /// No fault.
    None,
    /// New connections close at once.
    Refuse,
    /// No byte passes, and neither side is notified.
    HalfOpen,
    /// Each piece of data is delayed.
    Slow,
    /// The end of a transaction reaches the server, but the connection is cut before its answer returns, once
    /// in a few times.
    CutAfterCommit,
}

impl Fault {
    const ALL: [Self; 5] = [Self::None, Self::Refuse, Self::HalfOpen, Self::Slow, Self::CutAfterCommit];
}

/// A proxy, which ends with the runtime.
#[derive(Clone)]
pub struct Proxy {
    pub port: u16,
    state: Arc<State>,
}

struct State {
    fault: AtomicU8,
    upstream: SocketAddr,
    /// Closes the open connections.
    reset: broadcast::Sender<()>,
    accepted: AtomicU64,
    seen: AtomicU64,
}

impl Proxy {
    /// Starts a proxy in front of this port of the machine.
    pub async fn start(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("{error}"));
        let own = listener.local_addr().map_or(0, |address| address.port());
        let state = Arc::new(State {
            fault: AtomicU8::new(0),
            upstream: ([127, 0, 0, 1], port).into(),
            reset: broadcast::channel(16).0,
            accepted: AtomicU64::new(0),
            seen: AtomicU64::new(0),
        });
        let proxy = Self { port: own, state: state.clone() };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                state.accepted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(client, state.clone()));
            }
        });
        proxy
    }

    /// Applies this fault from now on, also to open connections.
    pub fn set(&self, fault: Fault) {
        self.state.fault.store(fault as u8, Ordering::Relaxed);
    }

    /// Cuts the open connections.
    pub fn reset(&self) {
        // Without open connections, there is no receiver.
        let _ = self.state.reset.send(());
    }

    /// Returns the number of connection requests.
    pub fn accepted(&self) -> u64 {
        self.state.accepted.load(Ordering::Relaxed)
    }
}

impl State {
    fn fault(&self) -> Fault {
        let number = usize::from(self.fault.load(Ordering::Relaxed));
        Fault::ALL.get(number).copied().unwrap_or(Fault::None)
    }
}

async fn serve(client: TcpStream, state: Arc<State>) {
    if state.fault() == Fault::Refuse {
        return;
    }
    let Ok(server) = TcpStream::connect(state.upstream).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let mut reset = state.reset.subscribe();
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        () = forward(from_client, to_server, &state, true) => {}
        () = forward(from_server, to_client, &state, false) => {}
        _ = reset.recv() => {}
    }
}

async fn forward(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    state: &State,
    to_server: bool,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let piece = buffer.get(..count).unwrap_or_default();
        match state.fault() {
            Fault::Slow => tokio::time::sleep(Duration::from_millis(40)).await,
            // The received data is lost.
            Fault::HalfOpen => std::future::pending().await,
            _ => {}
        }
        if to.write_all(piece).await.is_err() {
            return;
        }
        let has = |text: &[u8]| memchr::memmem::find(piece, text).is_some();
        if to_server && state.fault() == Fault::CutAfterCommit && (has(b"COMMIT") || has(b"\"event\":")) {
            let seen = state.seen.fetch_add(1, Ordering::Relaxed);
            if seen.is_multiple_of(4) {
                // The server has received the request and executes it.
                tokio::time::sleep(Duration::from_millis(5)).await;
                return;
            }
        }
    }
}
