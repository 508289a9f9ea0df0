//! A state from a journal that is read in parts.

use super::{Event, IllegalEvent, RunState, apply};
use crate::store::NewRun;

/// Makes the state of a run from its events, as they come. It holds the state alone, however many events there are.
#[derive(Debug)]
pub struct Replay {
    state: RunState,
    illegal: Option<IllegalEvent>,
    /// The last event, where it says that the engine gave the run up.
    fault: Option<Event>,
}

impl Replay {
    /// Before any event.
    pub fn new(run: NewRun) -> Self {
        Self { state: RunState::new(run), illegal: None, fault: None }
    }

    /// Applies further events.
    pub fn add(&mut self, events: &[Event]) {
        for event in events {
            self.fault = matches!(event, Event::Faulted { .. }).then(|| event.clone());
            if self.illegal.is_none() {
                self.illegal = apply(&mut self.state, event).err();
            }
        }
    }

    /// The state after all events. When the last one says that the engine gave the run up, events that cannot follow are
    /// left out: they are why.
    ///
    /// # Errors
    /// The first event that cannot follow the ones before it.
    pub fn end(mut self) -> Result<RunState, IllegalEvent> {
        match (self.illegal, self.fault) {
            (None, _) => Ok(self.state),
            (Some(illegal), None) => Err(illegal),
            (Some(_), Some(fault)) => {
                apply(&mut self.state, &fault)?;
                Ok(self.state)
            }
        }
    }
}
