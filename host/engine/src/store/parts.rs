//! Parts of the record of a run, which readers get one after another.

use super::{LogRecord, NewRun};
use crate::run::Event;

/// A run, and the first part of its events.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The run as it was admitted.
    pub run: NewRun,
    /// The events, oldest first, without the checkpoint.
    pub events: Vec<Event>,
    /// The start of the rest. `None` when this is everything.
    pub next: Option<Place>,
}

/// A further part of the events of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventPage {
    /// The events, oldest first.
    pub events: Vec<Event>,
    /// The start of the rest. `None` when this is everything.
    pub next: Option<Place>,
}

/// A place in the journal of a run: the last commit that a reader has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The fence of the claim.
    pub fence: u64,
    /// The number of the commit within the claim.
    pub number: u64,
    /// Whether the reader also gets the checkpoint, as a worker does.
    pub with_checkpoint: bool,
}

/// A place in the log of a run: after the commit `number` of the claim `fence`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogPlace {
    /// The fence of the claim.
    pub fence: u64,
    /// The number of the commit within the claim.
    pub number: u64,
    /// Number of lines before this place.
    pub lines: u64,
}

/// A part of the log of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogPage {
    /// The lines of this part.
    pub records: Vec<LogRecord>,
    /// The start of the next page.
    pub next: LogPlace,
}
