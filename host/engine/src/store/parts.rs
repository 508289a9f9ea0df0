//! Parts of the record of a run, as readers get them one after the other.

use super::{LogRecord, NewRun};
use crate::run::Event;

/// A run, and the first part of what happened to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The run.
    pub run: NewRun,
    /// What happened, oldest first, without the checkpoint.
    pub events: Vec<Event>,
    /// Where the rest begins; none when this is all.
    pub next: Option<Place>,
}

/// A further part of what happened to a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventPage {
    /// What happened, oldest first.
    pub events: Vec<Event>,
    /// Where the rest begins; none when this is all.
    pub next: Option<Place>,
}

/// A place in the journal of a run: the commit that a reader has read last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The claim of the commit.
    pub fence: u64,
    /// Its number within the claim.
    pub number: u64,
    /// Whether the reader gets the checkpoint, too: a worker does.
    pub with_checkpoint: bool,
}

/// A place in the log of a run: after the commit `number` of the claim `fence`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogPlace {
    /// The token of a claim.
    pub fence: u64,
    /// The number of a commit of it.
    pub number: u64,
    /// Lines before this place.
    pub lines: u64,
}

/// A part of the log of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogPage {
    /// The lines.
    pub records: Vec<LogRecord>,
    /// Where the next page begins.
    pub next: LogPlace,
}
