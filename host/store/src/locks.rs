//! Locks in the database of a store.
//!
//! A command loads the records that it concerns, runs on them ([`Part`]), and writes the changed records back, in one
//! transaction. The transactions of one project run one after another: they hold a lock on its name. So tokens and the
//! numbers of events grow in the order of the commands, and two commands never decide on the same free lock.

mod records;
mod redis;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use stepwell_engine::StoreError;
use stepwell_engine::clock::{Timestamp, later};
use stepwell_engine::lock::{
    Answer, Change, Check, Command, EventRow, ListFilter, LockError, LockView, Locks, Meter, Missing, Name,
    Part, ProjectTickets, Settings,
};
use stepwell_engine::store::Wake;
use tokio::sync::broadcast;

use crate::shared::Shared;
use crate::sql::{Sql, time};
use crate::store::{Database, SqlStore};

/// The announcements that a reader may fall behind. A reader that lost some looks at everything.
const ANNOUNCEMENTS: usize = 1024;
/// The records that are over that one command ends.
const EACH: u32 = 1000;
/// The time for which a process does not look again for what is over, unless it knows of something.
const TICK: Duration = Duration::from_millis(500);

pub(crate) use records::TABLES;
pub use redis::{RedisLocks, RedisSettings};

/// Locks in SQLite or PostgreSQL, beside the runs of a store.
pub struct SqlLocks<D> {
    store: Arc<SqlStore<D>>,
    settings: Settings,
    changes: broadcast::Sender<Change>,
    /// The time of the last tick, and when time next changed something then.
    ticked: Mutex<Option<(Timestamp, Option<Timestamp>)>>,
    /// Whether a task passes on the announcements of other processes.
    listening: OnceLock<()>,
    meter: OnceLock<Arc<dyn Meter>>,
}

impl<D> SqlLocks<D> {
    /// Creates the locks of a store.
    pub fn new(store: Arc<SqlStore<D>>, settings: Settings) -> Self {
        let changes = broadcast::channel(ANNOUNCEMENTS).0;
        let (listening, meter) = (OnceLock::new(), OnceLock::new());
        Self { store, settings, changes, ticked: Mutex::default(), listening, meter }
    }
}

/// Runs a command in a transaction, announces the tickets with events, and returns the answer. With a limit, the
/// command also concerns so many records that time has something to do with.
async fn change<D: Database>(
    locks: &SqlLocks<D>,
    project: &str,
    command: Command,
    due: Option<u32>,
    at: Timestamp,
) -> Result<Answer, LockError> {
    let (name, settings) = (project.to_owned(), locks.settings);
    let write = move |db: &dyn Sql, _: &Shared| {
        db.lock(&format!("locks {name}"))?;
        let at = time(db.lease_time(at)?);
        let counts = records::counts(db, &name)?;
        let mut part = Part::new(settings, counts.last_token, counts.elsewhere());
        if let Some(limit) = due {
            let due = records::due_of(db, &name, at, limit)?;
            records::load(db, &name, &mut part, due)?;
        }
        if let Some(idle) = records::in_the_way(db, &name, counts, &command)? {
            records::load(db, &name, &mut part, idle)?;
        }
        load(db, &name, &mut part, &command, at)?;
        let before = records::Before::of(&part);
        let effects = part.apply(&command, at);
        records::save(db, &name, &part, &before, &effects, counts)?;
        let told = (Change::of(&name, &effects.events), effects.measures(part.table()));
        Ok((effects.answer, told, part.table().next_due()))
    };
    let (answer, (changes, measures), due) = locks.store.0.write(write).await.map_err(failed)?;
    if let Some(meter) = locks.meter.get() {
        measures.into_iter().for_each(|measure| meter.take(measure));
    }
    if let Some((_, next)) = &mut *locks.ticked.lock() {
        *next = [*next, due].into_iter().flatten().min();
    }
    for change in changes {
        let Change { project, ticket } = change.clone();
        locks.store.0.announce(Wake::Locks { project, ticket });
        // Without readers in this process, there is nothing to do here.
        let _ = locks.changes.send(change);
    }
    answer
}

/// Reads the records that a command concerns.
async fn read<D: Database, T: Send + 'static>(
    locks: &SqlLocks<D>,
    project: &str,
    command: Command,
    at: Option<Timestamp>,
    read: impl FnOnce(&Part, Timestamp) -> T + Send + 'static,
) -> Result<T, LockError> {
    let (project, settings) = (project.to_owned(), locks.settings);
    let work = move |db: &dyn Sql, _: &Shared| {
        let at = match at {
            Some(at) => time(db.lease_time(at)?),
            None => Timestamp::UNIX_EPOCH,
        };
        let mut part = Part::new(settings, 0, Default::default());
        load(db, &project, &mut part, &command, at)?;
        Ok(read(&part, at))
    };
    locks.store.0.read(work).await.map_err(failed)
}

async fn show_one<D: Database>(
    locks: &SqlLocks<D>,
    project: &str,
    name: &Name,
    at: Timestamp,
) -> Result<Option<LockView>, LockError> {
    let wanted = name.clone();
    read(locks, project, naming(name, None), Some(at), move |part, at| part.table().show(&wanted, at)).await
}

/// Returns a command that concerns what a reader of a lock, or of a token, reads.
fn naming(name: &Name, token: Option<u64>) -> Command {
    Command::ForceRelease { name: name.clone(), token, by: String::new(), reason: String::new() }
}

/// Loads the records that a command concerns.
fn load(
    db: &dyn Sql,
    project: &str,
    part: &mut Part,
    command: &Command,
    at: Timestamp,
) -> Result<(), StoreError> {
    loop {
        let missing: Missing = part.missing(command, at);
        if missing.is_empty() {
            return Ok(());
        }
        records::load(db, project, part, missing)?;
    }
}

fn failed(error: StoreError) -> LockError {
    match error {
        StoreError::Moved => LockError::Moved,
        StoreError::Unavailable(why) => LockError::Unavailable(why),
        StoreError::Failed(why) => LockError::Failed(why),
        other => LockError::Failed(other.to_string()),
    }
}

#[async_trait]
impl<D: Database + 'static> Locks for SqlLocks<D> {
    async fn run(&self, project: &str, command: Command, at: Timestamp) -> Result<Answer, LockError> {
        let due = (command == Command::Tick).then_some(EACH);
        change(self, project, command, due, at).await
    }

    async fn ticket(&self, project: &str, id: &str) -> Result<Answer, LockError> {
        let (command, wanted) = (Command::Cancel { ticket: id.to_owned(), by: String::new() }, id.to_owned());
        let answer = read(self, project, command, None, move |part, _| part.table().answer(&wanted)).await?;
        answer.ok_or_else(|| LockError::UnknownTicket(id.to_owned()))
    }

    async fn is_pending(&self, project: &str, id: &str) -> Result<bool, LockError> {
        let (project, wanted) = (project.to_owned(), id.to_owned());
        let read = move |db: &dyn Sql, _: &Shared| records::ticket(db, &project, &wanted);
        let ticket = self.store.0.read(read).await.map_err(failed)?;
        Ok(ticket.ok_or_else(|| LockError::UnknownTicket(id.to_owned()))?.is_pending())
    }

    async fn check(&self, project: &str, name: &Name, token: u64, at: Timestamp) -> Result<Check, LockError> {
        let wanted = name.clone();
        let check = move |part: &Part, at| part.table().check(&wanted, token, at);
        read(self, project, naming(name, Some(token)), Some(at), check).await
    }

    async fn show(&self, project: &str, name: &Name, at: Timestamp) -> Result<LockView, LockError> {
        let view = show_one(self, project, name, at).await?;
        view.ok_or_else(|| LockError::UnknownLock(name.clone()))
    }

    async fn list(
        &self,
        project: &str,
        filter: &ListFilter,
        at: Timestamp,
    ) -> Result<Vec<LockView>, LockError> {
        let (wanted, filter) = (project.to_owned(), filter.clone());
        let names = move |db: &dyn Sql, _: &Shared| records::names(db, &wanted, &filter);
        let mut views = Vec::new();
        for name in self.store.0.read(names).await.map_err(failed)? {
            views.extend(show_one(self, project, &name, at).await?);
        }
        Ok(views)
    }

    async fn events(&self, project: &str, after: u64, limit: u32) -> Result<Vec<EventRow>, LockError> {
        let project = project.to_owned();
        let read = move |db: &dyn Sql, _: &Shared| records::events(db, &project, after, limit);
        self.store.0.read(read).await.map_err(failed)
    }

    async fn tick(&self, at: Timestamp, limit: u32) -> Result<Option<Timestamp>, LockError> {
        // Each waiter of this process calls this.
        let known = self.ticked.lock().filter(|(last, next)| {
            let recent = *last <= at && at < later(*last, TICK);
            recent && next.is_none_or(|next| at < next)
        });
        if let Some((_, next)) = known {
            return Ok(next);
        }
        let projects = move |db: &dyn Sql, _: &Shared| {
            let at = time(db.lease_time(at)?);
            records::due_projects(db, at)
        };
        for project in self.store.0.read(projects).await.map_err(failed)? {
            change(self, &project, Command::Tick, Some(limit), at).await?;
        }
        let next = move |db: &dyn Sql, _: &Shared| {
            // The time of the server and the time of the caller may differ.
            let Some(next) = records::next_due(db)? else { return Ok(None) };
            Ok(Some(at + chrono::Duration::microseconds(next.saturating_sub(db.lease_time(at)?))))
        };
        let next = self.store.0.read(next).await.map_err(failed)?;
        *self.ticked.lock() = Some((at, next));
        Ok(next)
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.listening.get_or_init(|| {
            let Some(mut wakes) = self.store.0.announcements() else { return };
            let changes = self.changes.clone();
            tokio::spawn(async move {
                // Announcements that this task missed are as good as lost: waiters look once per second anyway.
                loop {
                    match wakes.recv().await {
                        Ok(Wake::Locks { project, ticket }) => drop(changes.send(Change { project, ticket })),
                        Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                        Err(broadcast::error::RecvError::Closed) => return,
                    }
                }
            });
        });
        self.changes.subscribe()
    }

    async fn projects(&self) -> Result<Vec<ProjectTickets>, LockError> {
        let read = |db: &dyn Sql, _: &Shared| records::projects(db);
        self.store.0.read(read).await.map_err(failed)
    }

    fn measure(&self, meter: Arc<dyn Meter>) {
        // The first one counts.
        let _ = self.meter.set(meter);
    }
}
