//! Locks in the memory of one process, for embedders and for tests.

use std::collections::{BTreeMap, VecDeque};

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::broadcast;

use super::{
    Answer, Check, Command, EventRow, ListFilter, LockError, LockView, Locks, Name, Settings, Table, apply,
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
    changes: broadcast::Sender<String>,
}

struct Project {
    table: Table,
    events: VecDeque<EventRow>,
    number: u64,
}

impl MemoryLocks {
    /// Creates a back end without locks.
    pub fn new(settings: Settings) -> Self {
        Self { settings, projects: Mutex::default(), changes: broadcast::channel(ANNOUNCEMENTS).0 }
    }

    /// Reads a project, as if it were empty when it has no locks.
    fn read<T>(&self, project: &str, read: impl FnOnce(&Table) -> T) -> T {
        match self.projects.lock().get(project) {
            Some(project) => read(&project.table),
            None => read(&Table::new(self.settings)),
        }
    }

    fn announce(&self, project: &str) {
        // Without readers, there is nothing to do.
        let _ = self.changes.send(project.to_owned());
    }
}

impl Project {
    fn new(settings: Settings) -> Self {
        Self { table: Table::new(settings), events: VecDeque::new(), number: 0 }
    }

    /// Runs a command, and returns its answer and whether anything happened.
    fn run(&mut self, command: &Command, at: Timestamp) -> (Result<Answer, LockError>, bool) {
        let effects = apply(&mut self.table, command, at);
        let changed = !effects.events.is_empty();
        for event in effects.events {
            self.number += 1;
            self.events.push_back(EventRow { number: self.number, event });
        }
        self.events.drain(..self.events.len().saturating_sub(EVENTS));
        (effects.answer, changed)
    }
}

#[async_trait]
impl Locks for MemoryLocks {
    async fn run(&self, project: &str, command: Command, at: Timestamp) -> Result<Answer, LockError> {
        let (answer, changed) = {
            let mut projects = self.projects.lock();
            if projects.len() >= PROJECTS && !projects.contains_key(project) {
                let what = format!("{PROJECTS} projects have locks");
                let fix = "use a back end with a database";
                return Err(LockError::Limit { what, limit: PROJECTS, fix });
            }
            let found = projects.entry(project.to_owned()).or_insert_with(|| Project::new(self.settings));
            found.run(&command, at)
        };
        if changed {
            self.announce(project);
        }
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
        let (mut changed, mut next) = (Vec::new(), None);
        {
            let mut projects = self.projects.lock();
            for (name, project) in projects.iter_mut() {
                let due = |project: &Project| project.table.next_due();
                if changed.len() < limit as usize && due(project).is_some_and(|due| due <= at) {
                    let (_, happened) = project.run(&Command::Tick, at);
                    changed.extend(happened.then(|| name.clone()));
                }
                next = [next, due(project)].into_iter().flatten().min();
            }
        }
        changed.iter().for_each(|project| self.announce(project));
        Ok(next)
    }

    fn changes(&self) -> broadcast::Receiver<String> {
        self.changes.subscribe()
    }
}
