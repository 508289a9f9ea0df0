//! Measures of locks, for the metrics of a process.

use std::time::Duration;

use super::apply::Effects;
use super::event::EventKind;
use super::table::Table;

/// The receiver of measures. It must not block.
pub trait Meter: Send + Sync {
    /// Counts an event.
    fn take(&self, measure: Measure);
}

/// An event, as a meter counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// The kind of the event.
    pub kind: EventKind,
    /// The time from the request to the grant, in the first `acquired` event of a ticket.
    pub waited: Option<Duration>,
}

/// The tickets of a project, as numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectTickets {
    /// The project.
    pub project: String,
    /// The tickets that hold locks.
    pub holding: u64,
    /// The tickets that wait, or rest between two waits.
    pub waiting: u64,
}

impl Effects {
    /// Returns the measures of a command that has changed this table.
    pub fn measures(&self, table: &Table) -> Vec<Measure> {
        let mut granted = None;
        let mut measure = |event: &super::Event| {
            let mut waited = None;
            if event.kind == EventKind::Acquired && granted != Some(event.ticket.clone()) {
                granted = Some(event.ticket.clone());
                let ticket = table.ticket(&event.ticket);
                waited = ticket.and_then(|ticket| (event.at - ticket.since).to_std().ok());
            }
            Measure { kind: event.kind, waited }
        };
        self.events.iter().map(&mut measure).collect()
    }
}
