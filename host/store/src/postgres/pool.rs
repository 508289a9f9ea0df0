//! A small pool of sessions. It connects them one after another, to avoid a storm of connections.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use stepwell_engine::StoreError;
use stepwell_engine::system::{MAX_CERTIFICATES, read_file, why};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_postgres::{Client, Connection, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::schema;
use super::session::{Session, failure};
use super::settings::{PATIENCE, Settings};

/// The pause after a failed connect, and the number of times that it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const DOUBLINGS: u32 = 4;

/// The sessions of a process.
pub(super) struct Pool {
    pub settings: Settings,
    idle: Arc<Mutex<Vec<Arc<Session>>>>,
    slots: Arc<Semaphore>,
    /// Held by the task that connects.
    door: tokio::sync::Mutex<Door>,
    /// Whether a connect has just failed. Requests are then refused at once.
    closed: Arc<AtomicBool>,
    connects: AtomicU64,
}

/// The state of the connection to the server.
#[derive(Default)]
struct Door {
    failures: u32,
    why: String,
    migrated: bool,
}

/// A session on loan. It returns to the pool when it is dropped, unless it is broken.
pub(super) struct Loan {
    session: Arc<Session>,
    idle: Arc<Mutex<Vec<Arc<Session>>>>,
    _slot: OwnedSemaphorePermit,
}

impl Deref for Loan {
    type Target = Session;
    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if self.session.works() {
            self.idle.lock().push(self.session.clone());
        }
    }
}

impl Pool {
    pub fn new(settings: Settings) -> Self {
        Self {
            idle: Arc::default(),
            slots: Arc::new(Semaphore::new(settings.pool)),
            door: tokio::sync::Mutex::default(),
            closed: Arc::default(),
            connects: AtomicU64::new(0),
            settings,
        }
    }

    /// Returns the number of sessions made.
    pub fn connects(&self) -> u64 {
        self.connects.load(Ordering::Relaxed)
    }

    /// Returns a session that works as far as the pool knows.
    pub async fn get(&self) -> Result<Loan, StoreError> {
        let slot = match timeout(PATIENCE, self.slots.clone().acquire_owned()).await {
            Ok(Ok(slot)) => slot,
            _ => {
                let why = format!("all {} sessions of this process are busy", self.settings.pool);
                return Err(StoreError::Unavailable(why));
            }
        };
        let idle = || {
            let mut idle = self.idle.lock();
            idle.retain(|session| session.works());
            idle.pop()
        };
        let session = match idle() {
            Some(session) => session,
            None => {
                let mut door = self.door.lock().await;
                match idle() {
                    Some(session) => session,
                    None => self.connect(&mut door).await?,
                }
            }
        };
        Ok(Loan { session, idle: self.idle.clone(), _slot: slot })
    }

    /// Opens a session. After a failure, no task tries again for a while, so that a recovering server does
    /// not get all requests at once.
    async fn connect(&self, door: &mut Door) -> Result<Arc<Session>, StoreError> {
        let unavailable = |why: &str| StoreError::Unavailable(format!("{}: {why}", self.settings.place));
        if self.closed.load(Ordering::Relaxed) {
            return Err(unavailable(&door.why));
        }
        self.connects.fetch_add(1, Ordering::Relaxed);
        match self.open(door).await {
            Ok(session) => {
                door.failures = 0;
                Ok(Arc::new(session))
            }
            Err(StoreError::Unavailable(why)) => {
                let pause = FIRST_PAUSE * 2u32.pow(door.failures.min(DOUBLINGS));
                // Processes that failed together must not return together.
                let pause = pause.mul_f64(0.5 + fastrand::f64());
                door.failures += 1;
                let error = unavailable(&why);
                door.why = why;
                self.closed.store(true, Ordering::Relaxed);
                let closed = self.closed.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(pause).await;
                    closed.store(false, Ordering::Relaxed);
                });
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn open(&self, door: &mut Door) -> Result<Session, StoreError> {
        let connected = async {
            let session = Session::new(connect(&self.settings, drop).await?);
            session.prepare_for_use(&self.settings.schema).await.map(|()| session)
        };
        let no_answer = |_| StoreError::Unavailable("no answer".to_owned());
        let session = timeout(PATIENCE, connected).await.map_err(no_answer)??;
        // No time limit: changing a large table takes more than seconds, and no operation can run before
        // that.
        if door.migrated {
            schema::check(&session, self.settings.migrations).await?;
        } else {
            schema::migrate(&session, &self.settings.schema, self.settings.migrations).await?;
            door.migrated = true;
        }
        Ok(session)
    }
}

/// Connects, and passes unsolicited messages of the server to `messages`.
pub(super) async fn connect(
    settings: &Settings,
    messages: impl FnMut(tokio_postgres::AsyncMessage) + Send + 'static,
) -> Result<Client, StoreError> {
    if settings.tls {
        let tls = MakeRustlsConnect::new(tls(settings)?);
        let (client, connection) = settings.config.connect(tls).await.map_err(|e| failure(&e))?;
        tokio::spawn(keep(connection, messages));
        return Ok(client);
    }
    let (client, connection) = settings.config.connect(NoTls).await.map_err(|e| failure(&e))?;
    tokio::spawn(keep(connection, messages));
    Ok(client)
}

async fn keep<S>(
    mut connection: Connection<Socket, S>,
    mut messages: impl FnMut(tokio_postgres::AsyncMessage),
) where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    while let Some(message) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
        match message {
            Ok(message) => messages(message),
            Err(error) => {
                tracing::debug!("a session of the store has ended: {error}");
                return;
            }
        }
    }
}

fn tls(settings: &Settings) -> Result<ClientConfig, StoreError> {
    let mut roots = RootCertStore::empty();
    match &settings.tls_ca {
        Some(path) => {
            let wrong =
                |why: &dyn std::fmt::Display| StoreError::Failed(format!("{}: {why}", path.display()));
            let text = read_file(path, MAX_CERTIFICATES).map_err(|e| wrong(&why(&e)))?;
            let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
            let found = found.map_err(|e| wrong(&e))?;
            if roots.add_parsable_certificates(found).0 == 0 {
                return Err(wrong(&"no certificates in PEM"));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(crate::sql::failed)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
