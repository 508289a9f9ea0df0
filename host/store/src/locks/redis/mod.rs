//! Locks in Redis 6 or later: one server, or a cluster.
//!
//! A command reads the records that it concerns by one script, runs on them in this process ([`Part`]), and writes its
//! changes by a second script. The second script changes nothing unless the project still has the version that the
//! first one read, and unless time has changed nothing since. Otherwise the command starts again. So a command takes
//! effect as a whole, when its second script runs, and the commands of all processes have one order.
//!
//! The alternative is a mutex on the server. It needs as many round trips, and the end of a process that holds it
//! stops the others until the mutex expires; the version is still necessary then, against a process that stalls.
//! Within one process, the commands of a project take turns. Between processes, a command starts again for each
//! command that another process finished meanwhile. `stepwell-benches locks` compares this with a mutex.
//!
//! All keys of a project share a hash tag, `{stepwell:PROJECT}`, so one node of a cluster has them all.
//!
//! The time is that of the server. Tokens are also not smaller than the time in microseconds: they continue to grow
//! when a failover loses the last writes.

mod failure;
mod listen;
mod reading;
mod records;
mod server;
mod settings;
#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeSet;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use parking_lot::Mutex;
use redis::Value;
use stepwell_engine::clock::{Timestamp, later};
use stepwell_engine::lock::{
    Answer, Change, Check, Command, EventRow, ListFilter, LockError, LockView, Locks, Measure, Meter,
    Missing, Name, Part, ProjectTickets, Settings,
};
use tokio::sync::broadcast;
use tokio::time::{sleep, timeout};

use super::{ANNOUNCEMENTS, EACH, TICK};
use crate::sql::{micros, time};
use failure::Fault;
use reading::name;
use records::{Key, Keys, Writes};
use server::Server;
use settings::PATIENCE;
pub use settings::RedisSettings;

const COMMIT: &str = include_str!("commit.lua");
const LIST: &str = include_str!("list.lua");

/// The times that a command starts again because others changed the locks.
const CONFLICTS: u32 = 100;
/// The times that a command starts again because the server refused it, and the first pause, which doubles.
const REFUSALS: u32 = 6;
const PAUSE: Duration = Duration::from_millis(25);
/// The projects whose commands take turns independently.
const TURNS: usize = 64;
/// The projects that one tick asks at the same time.
const PROJECTS: usize = 16;

/// Locks in Redis.
pub struct RedisLocks {
    server: Arc<Server>,
    settings: Settings,
    /// The sender of the announcements of this process.
    own: Arc<str>,
    changes: broadcast::Sender<Change>,
    /// The turns of the commands of this process, by project.
    turns: [tokio::sync::Mutex<()>; TURNS],
    hasher: RandomState,
    /// The projects that are in the list of projects for sure.
    projects: Mutex<BTreeSet<String>>,
    /// The time of the last tick, and when time next changed something then.
    ticked: Mutex<Option<(Timestamp, Option<Timestamp>)>>,
    /// Whether a task passes on the announcements of other processes.
    listening: OnceLock<()>,
    meter: OnceLock<Arc<dyn Meter>>,
}

/// The result of a command.
struct Done {
    answer: Result<Answer, LockError>,
    changes: BTreeSet<Change>,
    measures: Vec<Measure>,
    /// The time from the command until time next changes its records.
    next: Option<chrono::Duration>,
}

impl RedisLocks {
    /// Creates the locks of a server or a cluster, which is connected at the first command.
    pub fn new(redis: RedisSettings, settings: Settings) -> Self {
        Self {
            server: Arc::new(Server::new(redis)),
            settings,
            own: format!("{:016x}", fastrand::u64(..)).into(),
            changes: broadcast::channel(ANNOUNCEMENTS).0,
            turns: std::array::from_fn(|_| tokio::sync::Mutex::default()),
            hasher: RandomState::new(),
            projects: Mutex::default(),
            ticked: Mutex::default(),
            listening: OnceLock::new(),
            meter: OnceLock::new(),
        }
    }

    fn keys(&self, project: &str) -> Keys {
        Keys::new(&self.server.settings.prefix, project)
    }

    /// Returns the time that counts, of a server with this time.
    fn at(&self, server: i64, at: Timestamp) -> Timestamp {
        if self.server.settings.callers_time { at } else { time(server) }
    }

    async fn eval(&self, script: &str, keys: &Keys, arguments: &[String]) -> Result<Value, Fault> {
        let mut command = redis::cmd("EVAL");
        command.arg(script).arg(keys.all().len()).arg(keys.all()).arg(arguments);
        self.server.ask(&command).await
    }

    /// Reads by a script, which can run again without harm.
    async fn read(&self, script: &str, keys: &Keys, arguments: &[String]) -> Result<Value, Fault> {
        self.eval(script, keys, arguments).await.map_err(Fault::of_read)
    }

    /// Tries until there is a result, for a bounded time.
    async fn retried<T, F: Future<Output = Result<T, Fault>>>(
        &self,
        attempt: impl Fn() -> F,
    ) -> Result<T, LockError> {
        let tries = async {
            let (mut conflicts, mut refusals) = (0, 0);
            loop {
                let (count, most, pause) = match attempt().await {
                    Ok(result) => return Ok(result),
                    Err(Fault::Conflict) => (&mut conflicts, CONFLICTS, Duration::from_micros(200)),
                    Err(fault @ Fault::Refused(_)) if refusals >= REFUSALS => return Err(fault.into_error()),
                    Err(Fault::Refused(_)) => (&mut refusals, REFUSALS, PAUSE),
                    Err(fault) => return Err(fault.into_error()),
                };
                *count += 1;
                if *count > most {
                    return Err(LockError::Busy);
                }
                // Processes that met must not meet again.
                sleep(pause.mul_f64(fastrand::f64() * f64::from(1u32 << (*count).min(6)))).await;
            }
        };
        let late = || {
            format!(
                "{} did not serve the command within {} s",
                self.server.settings.place(),
                PATIENCE.as_secs()
            )
        };
        timeout(PATIENCE, tries).await.unwrap_or_else(|_| Err(LockError::Unavailable(late())))
    }

    /// Runs a command, and announces the tickets with events. With a limit, the command also concerns so many records
    /// that time has something to do with.
    async fn change(
        &self,
        project: &str,
        command: &Command,
        due: Option<u32>,
        at: Timestamp,
    ) -> Result<Answer, LockError> {
        let done = self.retried(|| self.attempt(project, command, due, at)).await?;
        if let Some((_, next)) = &mut *self.ticked.lock() {
            let due = done.next.map(|next| at + next);
            *next = [*next, due].into_iter().flatten().min();
        }
        if let Some(meter) = self.meter.get() {
            done.measures.into_iter().for_each(|measure| meter.take(measure));
        }
        for change in done.changes {
            // Without readers in this process, there is nothing to do here.
            let _ = self.changes.send(change);
        }
        done.answer
    }

    async fn attempt(
        &self,
        project: &str,
        command: &Command,
        due: Option<u32>,
        at: Timestamp,
    ) -> Result<Done, Fault> {
        let index = usize::try_from(self.hasher.hash_one(project)).unwrap_or_default() % TURNS;
        let _turn = match self.turns.get(index) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        };
        let keys = self.keys(project);
        let asked = match due {
            Some(limit) => self.due(&keys, limit, at).await?.missing,
            None => Missing::default(),
        };
        let (mut part, mut state, mut decided) = self.load(&keys, asked, command, at).await?;
        let idle = self.idle(&keys, state.names, command).await?;
        if !idle.is_empty() {
            (part, state, decided) = self.load(&keys, idle, command, at).await?;
        }
        let before = part.clone();
        let effects = part.apply(command, decided);
        let (changes, measures) = (Change::of(project, &effects.events), effects.measures(part.table()));
        let next = records::next_change(&part, decided);
        let read = std::mem::replace(&mut state.version, format!("{:032x}", fastrand::u128(..)));
        let writes = Writes::of(&before, &part, &effects, &mut state)?;
        if !writes.is_empty() {
            state.last_token = part.table().last_token();
            let until = [records::next_change(&before, decided), next].into_iter().flatten().min();
            let needs_room = matches!(command, Command::Acquire(_));
            let mut arguments = vec![read];
            arguments.extend(self.window(decided, until));
            arguments.push(if needs_room { "" } else { "full" }.to_owned());
            let text = listen::announcement(&self.own, &changes);
            let channel = text.as_ref().map(|_| listen::channel(&self.server.settings.prefix));
            arguments.extend([channel.unwrap_or_default(), text.unwrap_or_default()]);
            arguments.extend(writes.into_arguments(&state));
            self.register(project).await?;
            self.commit(&keys, &arguments).await?;
        }
        Ok(Done { answer: effects.answer, changes, measures, next: next.map(|next| next - decided) })
    }

    /// Returns the times from and before which a decision holds.
    fn window(&self, decided: Timestamp, until: Option<Timestamp>) -> [String; 2] {
        match self.server.settings.callers_time {
            true => [String::new(), String::new()],
            false => {
                let until = until.unwrap_or(Timestamp::MAX_UTC);
                [micros(decided).to_string(), micros(until).to_string()]
            }
        }
    }

    async fn commit(&self, keys: &Keys, arguments: &[String]) -> Result<(), Fault> {
        match records::read::<String>(self.eval(COMMIT, keys, arguments).await?)?.as_str() {
            "done" => Ok(()),
            _ => Err(Fault::Conflict),
        }
    }

    fn projects_key(&self) -> String {
        format!("{}:projects", self.server.settings.prefix)
    }

    /// Enters a project into the list of projects, before its first lock.
    async fn register(&self, project: &str) -> Result<(), Fault> {
        if self.projects.lock().contains(project) {
            return Ok(());
        }
        let mut add = redis::cmd("SADD");
        add.arg(self.projects_key()).arg(project);
        self.server.ask(&add).await.map_err(Fault::of_read)?;
        self.projects.lock().insert(project.to_owned());
        Ok(())
    }

    /// Returns the projects with locks. Those of this process are entered again when a failover lost them.
    async fn all_projects(&self) -> Result<BTreeSet<String>, Fault> {
        let mut members = redis::cmd("SMEMBERS");
        members.arg(self.projects_key());
        let answer = self.server.ask(&members).await.map_err(Fault::of_read)?;
        let mut all: BTreeSet<String> = records::read::<Vec<String>>(answer)?.into_iter().collect();
        let lost: Vec<String> =
            self.projects.lock().iter().filter(|known| !all.contains(*known)).cloned().collect();
        for project in lost {
            self.projects.lock().remove(&project);
            self.register(&project).await?;
            all.insert(project);
        }
        Ok(all)
    }

    /// Counts the tickets of a project.
    async fn count(&self, project: String) -> Result<ProjectTickets, Fault> {
        let keys = self.keys(&project);
        let (mut waiting, mut open) = (redis::cmd("HGET"), redis::cmd("ZCARD"));
        waiting.arg(keys.get(Key::State)).arg("waiting");
        open.arg(keys.get(Key::Sessions));
        let waiting = self.server.ask(&waiting).await.map_err(Fault::of_read)?;
        let waiting = records::read::<Option<u64>>(waiting)?.unwrap_or_default();
        let open: u64 = records::read(self.server.ask(&open).await.map_err(Fault::of_read)?)?;
        // A command may run between the two answers.
        Ok(ProjectTickets { project, holding: open.saturating_sub(waiting), waiting })
    }

    /// Ends everything of a project that is over, and returns the time until the next end.
    async fn tick_one(
        &self,
        project: &str,
        limit: u32,
        at: Timestamp,
    ) -> Result<Option<chrono::Duration>, LockError> {
        let keys = self.keys(project);
        let due = self.retried(|| self.due(&keys, 1, at)).await?;
        if due.missing.is_empty() {
            return Ok(due.next);
        }
        self.change(project, &Command::Tick, Some(limit), at).await?;
        Ok(self.retried(|| self.due(&keys, 1, at)).await?.next)
    }
}

#[async_trait]
impl Locks for RedisLocks {
    async fn run(&self, project: &str, command: Command, at: Timestamp) -> Result<Answer, LockError> {
        let due = (command == Command::Tick).then_some(EACH);
        self.change(project, &command, due, at).await
    }

    async fn ticket(&self, project: &str, id: &str) -> Result<Answer, LockError> {
        let keys = self.keys(project);
        let found = self.retried(|| self.find(&keys, id)).await?;
        let (ticket, counts) = found.ok_or_else(|| LockError::UnknownTicket(id.to_owned()))?;
        let mut part = Part::new(self.settings, 0, Default::default());
        let names: Vec<Name> = ticket.wants.iter().map(|want| want.name.clone()).collect();
        part.add(Missing::default(), Vec::new(), vec![ticket]);
        match part.table().answer(id) {
            Some(Answer::Waiting { ticket, session, until, .. }) => {
                Ok(Answer::Waiting { ticket, session, until, ahead: names.into_iter().zip(counts).collect() })
            }
            answer => answer.ok_or_else(|| LockError::UnknownTicket(id.to_owned())),
        }
    }

    async fn check(&self, project: &str, name: &Name, token: u64, at: Timestamp) -> Result<Check, LockError> {
        let (keys, tokens) = (self.keys(project), [token].into());
        let asked = Missing { names: [name.clone()].into(), tokens, ..Missing::default() };
        let loaded = self.retried(|| self.load_once(&keys, &asked, false)).await?;
        let at = self.at(loaded.time, at);
        let mut part = Part::new(self.settings, 0, Default::default());
        part.add(asked, loaded.locks, loaded.tickets);
        Ok(part.table().check(name, token, at))
    }

    async fn show(&self, project: &str, name: &Name, at: Timestamp) -> Result<LockView, LockError> {
        let (keys, names) = (self.keys(project), [name.clone()]);
        let view = self.retried(|| self.views(&keys, &names, at)).await?.pop();
        view.ok_or_else(|| LockError::UnknownLock(name.clone()))
    }

    async fn list(
        &self,
        project: &str,
        filter: &ListFilter,
        at: Timestamp,
    ) -> Result<Vec<LockView>, LockError> {
        let ListFilter { prefix, after, limit } = filter;
        let from = match after {
            Some(after) if after.as_str() >= prefix.as_str() => format!("({after}\x01"),
            _ => format!("[{prefix}"),
        };
        let (keys, arguments) = (self.keys(project), [from, prefix.clone(), limit.to_string()]);
        self.retried(|| async {
            let found: Vec<String> = records::read(self.read(LIST, &keys, &arguments).await?)?;
            let names = found.iter().map(|text| name(text)).collect::<Result<Vec<_>, _>>()?;
            self.views(&keys, &names, at).await
        })
        .await
    }

    async fn events(&self, project: &str, after: u64, limit: u32) -> Result<Vec<EventRow>, LockError> {
        let mut range = redis::cmd("XRANGE");
        let keys = self.keys(project);
        range.arg(keys.get(Key::Events)).arg(format!("{}-0", after.saturating_add(1))).arg("+");
        range.arg("COUNT").arg(limit);
        let answer = self.retried(|| async { self.server.ask(&range).await.map_err(Fault::of_read) }).await?;
        let rows: Vec<(String, (String, String))> = records::read(answer).map_err(Fault::into_error)?;
        let row = |(id, (_, event)): &(String, (String, String))| {
            let number = id.split('-').next().and_then(|number| number.parse().ok()).unwrap_or_default();
            Ok(EventRow { number, event: records::parse(event)? })
        };
        rows.iter().map(row).collect::<Result<_, _>>().map_err(Fault::into_error)
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
        let projects = self.retried(|| self.all_projects()).await?;
        let next = |project: String| async move { self.tick_one(&project, limit, at).await };
        let all: Vec<Option<chrono::Duration>> =
            stream::iter(projects).map(next).buffer_unordered(PROJECTS).try_collect().await?;
        // The time of the server and the time of the caller may differ.
        let next = all.into_iter().flatten().min().map(|next| at + next);
        *self.ticked.lock() = Some((at, next));
        Ok(next)
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.listening.get_or_init(|| {
            let (server, own) = (Arc::downgrade(&self.server), self.own.clone());
            tokio::spawn(listen::listen(server, own, self.changes.clone()));
        });
        self.changes.subscribe()
    }

    async fn projects(&self) -> Result<Vec<ProjectTickets>, LockError> {
        let projects = self.retried(|| self.all_projects()).await?;
        let count = |project: String| async move { self.retried(|| self.count(project.clone())).await };
        stream::iter(projects).map(count).buffered(PROJECTS).try_collect().await
    }

    fn measure(&self, meter: Arc<dyn Meter>) {
        // The first one counts.
        let _ = self.meter.set(meter);
    }
}
