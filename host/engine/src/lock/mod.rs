//! Locks with names: their holders, their queues, and the end of a deadlock.
//!
//! [`apply`] is pure: it changes a [`Table`] by a [`Command`], and returns the answer and the events. It reads no
//! clock and does no I/O. Back ends ([`Locks`]) store the table and run `apply` on the part of it that a command
//! concerns ([`Part`]).
//!
//! A lock goes to one exclusive holder, or to any number of shared ones. Every grant has a *fencing token*, a number
//! that is larger than every earlier token of the project. A service that a holder writes to can compare tokens, and
//! refuse a holder whose lease has ended without its notice.

mod apply;
mod command;
mod deadlock;
mod error;
mod event;
pub mod history;
pub mod limits;
mod locks;
mod memory;
mod meter;
mod names;
mod part;
mod queue;
mod table;
#[cfg(test)]
mod tests;
mod view;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use apply::{Effects, apply};
pub use command::{Acquire, Answer, Command, End, Held, Want};
pub use deadlock::{Detect, Victim};
pub use error::LockError;
pub use event::{Cycle, Edge, Event, EventKind, Link};
pub use locks::{Change, EventRow, ListFilter, Locks, wait_for};
pub use memory::MemoryLocks;
pub use meter::{Measure, Meter, ProjectTickets};
pub use names::{Mode, Name, Owner, Party};
pub use part::{Missing, Part};
pub use table::{Changed, Elsewhere, Hold, LockRecord, State, Table, Ticket};
pub use view::{Check, HolderView, LockView, WaiterView};

/// The settings of the locks of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The waiting time that one level of priority is worth. Default: 60 s, as for queues of runs.
    pub aging: Duration,
    /// The reaction to a deadlock. Default: resolve.
    pub detect: Detect,
    /// The choice of the wait that a deadlock ends. Default: the youngest.
    pub victim: Victim,
}

impl Default for Settings {
    fn default() -> Self {
        Self { aging: Duration::from_secs(60), detect: Detect::default(), victim: Victim::default() }
    }
}
