//! Begins groups: evaluates their conditions and lists.

use std::sync::Arc;

use serde_json::{Map, Value};
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::{Work, render};
use stepwell_engine::quantity::counted;
use stepwell_engine::run::{Event, Item};
use stepwell_engine::step::LogLine;
use stepwell_engine::store::LogRecord;
use stepwell_engine::workspace::{Workspace, Writer, Writes, Written};
use stepwell_engine::{Outcome, Produced, Receipt, StepDefinition, StepEnd, project};

use super::Worker;
use crate::HostError;
use crate::prepare::Preparation;

impl Worker<'_> {
    /// Begins a group: evaluates its condition and its list of items.
    pub(super) async fn begin_group(
        &mut self,
        step: usize,
        attempt: u32,
        at: Timestamp,
    ) -> Result<(), HostError> {
        let Some(definition) = self.state.definition(step).cloned() else { return Ok(()) };
        let key = self.state.key(step);
        let known = self.state.group(step).is_some();
        let items = match known {
            // A group that is tried again keeps its items.
            true => Ok(None),
            false => match self.skipped(step, &definition).await {
                Ok(Some(reason)) => return self.push(Event::StepSkipped { step: key, reason, at }),
                Ok(None) => self.items(step).await,
                Err(outcome) => Err(outcome),
            },
        };
        match items {
            Ok(items) => {
                let job = &self.state.run.job;
                let in_order = !self.runs.ctx.runs_in_parallel(project::of(&job.id), job);
                if in_order {
                    tracing::info!(
                        step = definition.id,
                        "parallel execution is off: the branches of the group run one after the other"
                    );
                    self.log_in_order(step, attempt, at);
                }
                self.push(Event::GroupStarted { step: key, attempt, items, in_order, at })
            }
            Err(outcome) => {
                let end = StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() };
                self.push(Event::StepStarted { step: key.clone(), attempt, at })?;
                self.push(Event::StepEnded { step: key, attempt, end: Arc::new(end), at })
            }
        }
    }

    /// Returns the reason to skip a step, or `None` when the step runs.
    pub(super) async fn skipped(
        &self,
        step: usize,
        definition: &StepDefinition,
    ) -> Result<Option<String>, Outcome> {
        let state = &self.state;
        let skipped = |work: &Work| Preparation::skipped(state, step, definition, work);
        self.runs.ctx.evaluated(&state.run.job.id, skipped).await
    }

    /// Adds a line to the log of the run, for the first of its groups that runs its branches one after the other.
    fn log_in_order(&mut self, step: usize, attempt: u32, at: Timestamp) {
        let Some(known) = self.state.steps.get(step).filter(|_| !self.state.has_group_in_order()) else {
            return;
        };
        let job = &self.state.run.job;
        let fix = self.runs.ctx.parallel_off(project::of(&job.id), job).map(|place| place.fix());
        let message = format!(
            "parallel execution is off: the branches of groups run one after the other ({})",
            fix.unwrap_or_default()
        );
        let line = LogLine { level: "warn".to_owned(), message, fields: Map::new() };
        self.logs.push(LogRecord { seq: 0, at, step_id: known.path.to_string(), attempt, line });
    }

    /// Returns the workspace as an attempt of a step uses it.
    pub(super) fn workspace_of(&mut self, step: usize) -> Workspace {
        let dir = self.runs.ctx.workspace(&self.state.run.execution_id);
        let branch_dir = self.state.branch_dir(step);
        let writes = branch_dir.is_some().then(|| {
            let (all, branches) = (self.written(), Arc::new(self.state.branches_of(step)));
            let config = self.state.definition(step).map(|step| serde_json::json!(step.config));
            let names_part = config.is_some_and(|config| config.to_string().contains(".part"));
            let step = self.state.steps.get(step).map_or_else(|| "".into(), |step| step.path.clone());
            Writes { all, writer: Writer { step, branches }, names_part }
        });
        let named = self.state.names_branch_dir(step);
        Workspace { dir, branch_dir: branch_dir.filter(|_| named), writes }
    }

    /// Returns the files that branches have written in this try of the run. A process that takes the run over
    /// knows them from the receipts.
    fn written(&mut self) -> Arc<Written> {
        match &self.written {
            Some((attempt, written)) if *attempt == self.state.attempt => written.clone(),
            _ => {
                let written = Arc::new(self.state.written());
                self.written = Some((self.state.attempt, written.clone()));
                written
            }
        }
    }

    /// Returns the items of a group with `for_each`.
    async fn items(&self, step: usize) -> Result<Option<Arc<Vec<Item>>>, Outcome> {
        let list = self.state.definition(step).and_then(|step| step.group.as_deref()?.for_each.clone());
        let Some(list) = list else { return Ok(None) };
        let invalid = |message: String| Outcome::InvalidConfig { message: format!("`for_each`{message}") };
        let (ctx, state) = (&self.runs.ctx, &self.state);
        let filled = ctx.evaluated(&state.run.job.id, |work| render(&list, &state.scope(step), work)).await;
        let filled = filled.map_err(|error| invalid(format!(": {error}")))?;
        let items: Vec<Item> = match filled {
            Value::Array(items) => items.into_iter().map(|value| Item { key: None, value }).collect(),
            Value::Object(map) => {
                map.into_iter().map(|(key, value)| Item { key: Some(key), value }).collect()
            }
            other => {
                let kind = match other {
                    Value::Null => "null",
                    Value::Bool(_) => "true or false",
                    Value::Number(_) => "a number",
                    _ => "text",
                };
                return Err(invalid(format!(
                    " must be a list or an object, and is {kind}: write an expression that gives a list"
                )));
            }
        };
        let most = self.runs.ctx.steps_per_run();
        let used = self.state.repeated_steps();
        let per_item = self.state.steps_per_item(step);
        if items.len().saturating_mul(per_item).saturating_add(used) > most {
            return Err(invalid(format!(
                " has {} items with {} each, and a run has at most {most} steps of items, of which {used} are taken: shorten the list, divide it among several runs, or raise `service.run_steps`",
                items.len(),
                counted(per_item, "step")
            )));
        }
        Ok(Some(Arc::new(items)))
    }
}
