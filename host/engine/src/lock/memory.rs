//! Locks in the memory of one process, for embedders and for tests.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::broadcast;

use super::{
    Answer, Change, Check, Command, EventRow, ListFilter, LockError, LockView, Locks, Measure, Meter, Name,
    ProjectTickets, Settings, Table, apply,
};
use crate::clock::Timestamp;

/// The events of a project that can be read: enough for a reader that falls behind for a while.
const EVENTS: usize = 10_000;
/// The announcements that a reader may fall behind. A reader that lost some looks at everything.
const ANNOUNCEMENTS: usize = 256;
/// The projects with locks. A service has far fewer.
const PROJECTS: usize = 10_000;

/// Locks in memory. They end with the process.
pub struct MemoryLocks {
    settings: Settings,
    projects: Mutex<BTreeMap<String, Project>>,
    changes: broadcast::Sender<Change>,
    meter: OnceLock<Arc<dyn Meter>>,
}

struct Project {
    table: Table,
    events: VecDeque<EventRow>,
    number: u64,
}

impl MemoryLocks {
    /// Creates a back end without locks.
    pub fn new(settings: Settings) -> Self {
        let changes = broadcast::channel(ANNOUNCEMENTS).0;
        Self { settings, projects: Mutex::default(), changes, meter: OnceLock::new() }
    }

    /// Reads a project, as if it were empty when it has no locks.
    fn read<T>(&self, project: &str, read: impl FnOnce(&Table) -> T) -> T {
        match self.projects.lock().get(project) {
            Some(project) => read(&project.table),
            None => read(&Table::new(self.settings)),
        }
    }

    /// Passes on the results of a command.
    fn tell(&self, Told { changes, measures }: Told) {
        if let Some(meter) = self.meter.get() {
            measures.into_iter().for_each(|measure| meter.take(measure));
        }
        for change in changes {
            // Without readers, there is nothing to do.
            let _ = self.changes.send(change);
        }
    }
}

/// The results of commands that are not their answers.
#[derive(Default)]
struct Told {
    /// The tickets with events.
    changes: BTreeSet<Change>,
    measures: Vec<Measure>,
}

impl Project {
    fn new(settings: Settings) -> Self {
        Self { table: Table::new(settings), events: VecDeque::new(), number: 0 }
    }

    /// Runs a command, and returns its answer.
    fn run(
        &mut self,
        name: &str,
        command: &Command,
        at: Timestamp,
        told: &mut Told,
    ) -> Result<Answer, LockError> {
        let effects = apply(&mut self.table, command, at);
        told.changes.extend(Change::of(name, &effects.events));
        told.measures.extend(effects.measures(&self.table));
        for event in effects.events {
            self.number += 1;
            self.events.push_back(EventRow { number: self.number, event });
        }
        self.events.drain(..self.events.len().saturating_sub(EVENTS));
        effects.answer
    }
}

#[async_trait]
impl Locks for MemoryLocks {
    async fn run(&self, project: &str, command: Command, at: Timestamp) -> Result<Answer, LockError> {
        let mut told = Told::default();
        let answer = {
            let mut projects = self.projects.lock();
            if projects.len() >= PROJECTS && !projects.contains_key(project) {
                let what = format!("{PROJECTS} projects have locks");
                let fix = "use a back end with a database";
                return Err(LockError::Limit { what, limit: PROJECTS, fix });
            }
            let found = projects.entry(project.to_owned()).or_insert_with(|| Project::new(self.settings));
            found.run(project, &command, at, &mut told)
        };
        self.tell(told);
        answer
    }

    async fn ticket(&self, project: &str, id: &str) -> Result<Answer, LockError> {
        let answer = self.read(project, |table| table.answer(id));
        answer.ok_or_else(|| LockError::UnknownTicket(id.to_owned()))
    }

    async fn check(&self, project: &str, name: &Name, token: u64, at: Timestamp) -> Result<Check, LockError> {
        Ok(self.read(project, |table| table.check(name, token, at)))
    }

    async fn show(&self, project: &str, name: &Name, at: Timestamp) -> Result<LockView, LockError> {
        let view = self.read(project, |table| table.show(name, at));
        view.ok_or_else(|| LockError::UnknownLock(name.clone()))
    }

    async fn list(
        &self,
        project: &str,
        filter: &ListFilter,
        at: Timestamp,
    ) -> Result<Vec<LockView>, LockError> {
        let ListFilter { prefix, after, limit } = filter;
        Ok(self.read(project, |table| table.list(prefix, after.as_ref(), *limit as usize, at)))
    }

    async fn events(&self, project: &str, after: u64, limit: u32) -> Result<Vec<EventRow>, LockError> {
        let projects = self.projects.lock();
        let rows = projects.get(project).into_iter().flat_map(|project| &project.events);
        Ok(rows.filter(|row| row.number > after).take(limit as usize).cloned().collect())
    }

    async fn tick(&self, at: Timestamp, limit: u32) -> Result<Option<Timestamp>, LockError> {
        let (mut told, mut next) = (Told::default(), None);
        {
            let mut projects = self.projects.lock();
            for (name, project) in projects.iter_mut() {
                let due = |project: &Project| project.table.next_due();
                if told.changes.len() < limit as usize && due(project).is_some_and(|due| due <= at) {
                    // A tick is never refused.
                    let _ = project.run(name, &Command::Tick, at, &mut told);
                }
                next = [next, due(project)].into_iter().flatten().min();
            }
        }
        self.tell(told);
        Ok(next)
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    async fn projects(&self) -> Result<Vec<ProjectTickets>, LockError> {
        let projects = self.projects.lock();
        let count = |(name, project): (&String, &Project)| {
            let open = |pending: bool| {
                let tickets = project.table.tickets();
                let counted = tickets.filter(|ticket| ticket.is_open() && ticket.is_pending() == pending);
                counted.count() as u64
            };
            ProjectTickets { project: name.clone(), holding: open(false), waiting: open(true) }
        };
        Ok(projects.iter().map(count).collect())
    }

    fn measure(&self, meter: Arc<dyn Meter>) {
        // The first one counts.
        let _ = self.meter.set(meter);
    }
}
