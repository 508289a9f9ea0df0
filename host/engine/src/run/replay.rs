//! The state of a run from a journal that is read in parts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::preview::{SHOWN, preview};
use super::view::{SENTENCE, SHOWN_IN_ALL};
use super::{Event, IllegalEvent, RunState, apply};
use crate::outcome::{Produced, StepEnd, shorten};
use crate::store::NewRun;

/// Builds the state of a run from its events as they arrive. It holds only the state, however many events
/// there are.
#[derive(Debug)]
pub struct Replay {
    state: RunState,
    illegal: Option<IllegalEvent>,
    /// The last event, if it says that the engine gave up the run.
    fault: Option<Event>,
    /// The bounds of a state for display.
    shown: Option<Shown>,
}

/// The parts that a state for display omits from the end of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Bytes of the whole output, if the state holds only its start.
    pub output_bytes: Option<u64>,
    /// Number of items of the whole output, if it is a list and the state holds only its start.
    pub output_items: Option<u64>,
    /// Whether the metadata is incomplete.
    pub metadata: bool,
}

#[derive(Debug, Default)]
struct Shown {
    /// The path of the step whose output stays complete.
    whole: Option<String>,
    /// Bytes of outputs and metadata that the state holds, by step.
    held: BTreeMap<usize, usize>,
}

impl Replay {
    /// Returns the replay before any event.
    pub fn new(run: NewRun) -> Self {
        Self { state: RunState::new(run), illegal: None, fault: None, shown: None }
    }

    /// Returns a replay for display: the state holds the start of outputs and metadata, and no variables. The
    /// output of the step `whole` stays complete.
    pub fn for_display(run: NewRun, whole: Option<String>) -> Self {
        Self { shown: Some(Shown { whole, ..Shown::default() }), ..Self::new(run) }
    }

    /// Applies further events.
    pub fn add(&mut self, events: &[Event]) {
        for event in events {
            self.fault = matches!(event, Event::Faulted { .. }).then(|| event.clone());
            if self.illegal.is_some() {
                continue;
            }
            self.illegal = apply(&mut self.state, event).err();
            if let Some(shown) = &mut self.shown {
                shown.cut_after(&mut self.state, event);
            }
        }
    }

    /// Returns the state after all events. When the last event says that the engine gave up the run,
    /// impossible events are ignored: they are the reason.
    ///
    /// # Errors
    /// Returns the first event that cannot follow the events before it.
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

impl Shown {
    /// Shortens the end of the step of an event, and of the groups around it, which may have ended with it.
    fn cut_after(&mut self, state: &mut RunState, event: &Event) {
        let Some(index) = event.step().and_then(|key| state.position(key)) else { return };
        let around: Vec<usize> = state.around(index).map(|seat| seat.group).collect();
        for step in std::iter::once(index).chain(around) {
            self.cut(state, step);
        }
    }

    fn cut(&mut self, state: &mut RunState, index: usize) {
        state.variables = Arc::default();
        let Some(step) = state.steps.get_mut(index) else { return };
        let Some(end) = step.end.as_ref().filter(|_| step.cut.is_none()) else { return };
        self.held.remove(&index);
        let left = SHOWN_IN_ALL.saturating_sub(self.held.values().sum()).min(SHOWN);
        let output = preview(
            &end.produced.output,
            if self.whole.as_deref() == Some(&*step.path) { usize::MAX } else { left },
        );
        let metadata = Value::Object(end.produced.metadata.clone());
        let metadata = preview(&metadata, left);
        let bytes = |shown: u64| usize::try_from(shown).unwrap_or(SHOWN).min(SHOWN);
        self.held.insert(index, bytes(output.bytes) + bytes(metadata.bytes));
        step.cut = Some(Cut {
            output_bytes: output.truncated.then_some(output.bytes),
            output_items: output.items.filter(|_| output.truncated),
            metadata: metadata.truncated,
        });
        let mut summary = end.produced.summary.clone();
        shorten(&mut summary, SENTENCE);
        let produced = Produced {
            summary,
            output: output.value,
            metadata: match metadata.value {
                Value::Object(metadata) => metadata,
                _ => Map::new(),
            },
            variables: Map::new(),
        };
        let (outcome, receipt) = (end.outcome.shortened(SENTENCE), end.receipt.clone());
        step.end = Some(Arc::new(StepEnd { outcome, produced, receipt }));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Timestamp;
    use crate::outcome::{Outcome, Receipt};
    use crate::run::{RunView, StepKey, StepStatus};
    use crate::{Job, JobDefinition};

    /// 300 steps, each with an output and metadata of 100 KB and a variable: a reader holds 1 MiB of 60 MB.
    #[test]
    fn a_reader_holds_what_it_shows() {
        let steps: Vec<_> = (0..300).map(|n| json!({"id": format!("s{n}"), "type": "x"})).collect();
        let job: Job =
            serde_json::from_value::<JobDefinition>(json!({"id": "j", "steps": steps})).unwrap().into();
        let at = Timestamp::default();
        let mut replay = Replay::for_display(NewRun::of(job.into(), "exec_1", at), Some("s7".to_owned()));
        replay.add(&[Event::Started { at }]);
        for step in 0..300 {
            let output = json!(vec!["x".repeat(1_000); 100]);
            let metadata = [("m".to_owned(), json!("y".repeat(100_000)))].into_iter().collect();
            let variables = [(format!("v{step}"), json!("z".repeat(1_000)))].into_iter().collect();
            let produced = Produced { summary: "w".repeat(100_000), output, metadata, variables };
            let end =
                Arc::new(StepEnd { outcome: Outcome::Succeeded, produced, receipt: Receipt::default() });
            let key = StepKey::from(format!("s{step}").as_str());
            replay.add(&[
                Event::StepStarted { step: key.clone(), attempt: 1, at },
                Event::StepEnded { step: key, attempt: 1, end, at },
            ]);
        }
        let state = replay.end().unwrap();
        let held: usize =
            state.steps.iter().map(|step| step.end.as_ref().unwrap().produced.output.to_string().len()).sum();
        assert!((200_000..1_400_000).contains(&held) && state.variables.is_empty(), "{held}");
        assert_eq!(state.steps[7].end.as_ref().unwrap().produced.output[99], "x".repeat(1_000));
        let view = RunView::from(&state);
        assert_eq!((view.steps.len(), view.steps[299].status), (300, StepStatus::Success));
        assert_eq!((view.steps[0].value_truncated, view.steps[0].value_bytes), (true, Some(100_301)));
        assert_eq!(view.steps[0].value_items, Some(100));
        assert!(view.steps[0].metadata_truncated);
        let shown = serde_json::to_string(&view).unwrap().len();
        assert!(shown < 6 << 20, "{shown} bytes");
    }
}
