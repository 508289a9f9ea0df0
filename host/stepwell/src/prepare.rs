//! From a step whose turn has come to an attempt that can run.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;
use stepwell_engine::document::Schema;
use stepwell_engine::job::{Scope, TemplateError, evaluate, render};
use stepwell_engine::policy::{self, Denial, Grant, Request, Rule};
use stepwell_engine::run::{Bound, RunState, digest, known_steps};
use stepwell_engine::step::Manifest;
use stepwell_engine::store::NewRun;
use stepwell_engine::{Job, JobDefinition, Outcome, StepDefinition, project, weight};
use stepwell_sandbox::Component;

use crate::HostError;
use crate::components::Found;
use crate::context::Context;
use crate::guests::blocking_in_place;

/// What is known of a step before it runs.
pub(crate) struct Known {
    grant: Result<Arc<Grant>, Denial>,
    schema: Schema,
    config: Value,
}

/// Steps by the generation of the settings, the digest of their job, their index, and the digest of their component.
pub(crate) type KnownSteps = Mutex<HashMap<(u64, String, usize, String), Arc<Known>>>;

/// Problems of a configuration that the end of a step tells of.
const MOST_TOLD: usize = 20;

/// Maximum number of prepared steps in the cache.
const MOST_KNOWN: usize = 10_000;

/// What comes before an attempt: the grant, the component and the configuration of a step.
pub(crate) struct Preparation {
    pub ctx: Arc<Context>,
}

impl Preparation {
    /// What policy grants to a step: with the component that its type means now.
    pub(crate) fn decide(
        &self,
        project: &str,
        job: &JobDefinition,
        step: &StepDefinition,
    ) -> Result<Grant, Denial> {
        match self.ctx.sandbox.find(&step.step_type) {
            Some(component) => self.decide_for(project, job, step, &component),
            None => Err(Denial::new(Rule::StepTypeUnknown, "", &self.ctx.steps().unknown(&step.step_type))),
        }
    }

    /// What policy grants to a step with this component.
    fn decide_for(
        &self,
        project: &str,
        job: &JobDefinition,
        step: &StepDefinition,
        component: &Component,
    ) -> Result<Grant, Denial> {
        let narrowing: Vec<_> = job.policy.iter().chain(&step.policy).collect();
        let request = Request {
            project,
            manifest: component.manifest(),
            digest: component.digest(),
            replaces_builtin: self.ctx.steps().replaces_builtin(component),
            narrowing: &narrowing,
            timeout: step.timeout,
            workspace: job.workspace,
        };
        let settings = self.ctx.settings();
        policy::decide(&settings.policies, &settings.config, &request)
    }

    /// What policy grants to each step of a run: with the components that it began with.
    pub(crate) fn grants_of_run<'r>(
        &self,
        run: &'r NewRun,
    ) -> Vec<(&'r StepDefinition, Result<Grant, Denial>)> {
        let (job, project) = (run.job.definition(), project::of(&run.job.id));
        let decide = |step: &'r StepDefinition| {
            let pinned =
                run.components.get(&step.step_type).and_then(|pin| self.ctx.sandbox.by_digest(&pin.digest));
            let grant = match pinned {
                Some(component) => self.decide_for(project, job, step, &component),
                None => self.decide(project, job, step),
            };
            (step, grant)
        };
        job.all_steps().map(decide).collect()
    }

    /// What is known of a step before it runs, and stays so: policies are read once, and a job is its digest.
    fn known(&self, job: &Job, index: usize, step: &StepDefinition, component: &Component) -> Arc<Known> {
        // Read before the settings: what was decided by old ones is not found once there are new ones.
        let key = (self.ctx.generation(), job.digest().to_owned(), index, component.digest().to_owned());
        if let Some(known) = self.ctx.known.lock().get(&key) {
            return known.clone();
        }
        let manifest = component.manifest();
        let grant = self.decide_for(project::of(&job.id), job, step, component).map(Arc::new);
        let config =
            Value::Object(step.config_for(manifest, self.ctx.settings().config.left_out(&step.step_type)));
        let known = Arc::new(Known { grant, schema: manifest.config_schema.clone(), config });
        let mut all = self.ctx.known.lock();
        if all.len() >= MOST_KNOWN {
            // Whichever: what is used comes back at the next use.
            all.clear();
        }
        all.insert(key, known.clone());
        known
    }

    /// Why a step whose turn has come is skipped, if it is.
    ///
    /// # Errors
    /// When its condition is neither true nor false.
    pub(crate) fn skipped(
        state: &RunState,
        index: usize,
        step: &StepDefinition,
    ) -> Result<Option<String>, Outcome> {
        let Some(condition) = &step.when else { return Ok(None) };
        match evaluate(condition, &state.scope(index)) {
            Ok(true) => Ok(None),
            Ok(false) => Ok(Some(format!("its condition is false: {condition}"))),
            Err(error) => Err(Outcome::InvalidConfig { message: format!("`when`: {error}") }),
        }
    }

    /// The component of a step of a run, or why there is none.
    ///
    /// # Errors
    /// When the store, which may have it, failed.
    pub(crate) async fn found(
        &self,
        state: &RunState,
        step: &StepDefinition,
    ) -> Result<Result<Component, Outcome>, HostError> {
        Ok(match self.ctx.steps().component_of(&state.run, &step.step_type).await? {
            Found::Component(component) => Ok(component),
            Found::Unknown(message) => Err(Outcome::InvalidConfig { message }),
            Found::Gone(message) => Err(Outcome::HostFault { message }),
        })
    }

    /// The configuration of a step, filled in, with what the host's configuration adds to it.
    fn filled(&self, config: &Value, manifest: &Manifest, scope: &Scope) -> Result<Value, TemplateError> {
        let mut config = render(config, scope)?;
        if let Value::Object(map) = &mut config {
            for (name, value) in self.ctx.settings().config.defaults(manifest, map) {
                map.entry(name).or_insert(value);
            }
        }
        Ok(config)
    }

    /// What an approval is about: the job, the message, and the configuration of later steps as far as it is known.
    pub(crate) fn bound(&self, state: &RunState, step: usize, message: &str) -> Bound {
        let known = self.known_configurations(state, step).into_iter();
        Bound {
            job: state.run.job.digest().to_owned(),
            message: digest(&message.into()),
            steps: known.map(|(id, config)| (id, digest(&config))).collect(),
        }
    }

    /// The configurations of later steps that are known while the step at `step` asks for an approval, by the ids of the steps.
    pub(crate) fn known_configurations(&self, state: &RunState, step: usize) -> Vec<(String, Value)> {
        let job = &state.run.job;
        let known = known_steps(state, step).into_iter().filter_map(|(index, scopes)| {
            let definition = job.step(index)?;
            let pin = state.run.components.get(&definition.step_type);
            let component = match pin {
                Some(pin) => self.ctx.sandbox.by_digest(&pin.digest),
                None => self.ctx.sandbox.find(&definition.step_type),
            }?;
            let left_out = self.ctx.settings().config.left_out(&definition.step_type);
            let config = Value::Object(definition.config_for(component.manifest(), left_out));
            let mut filled =
                scopes.iter().map(|scope| self.filled(&config, component.manifest(), scope).ok());
            let first = filled.next()??;
            let same = filled.all(|other| other.as_ref() == Some(&first));
            same.then(|| (definition.id.clone(), first))
        });
        known.collect()
    }

    /// The configuration of a step, filled in, and what is granted to it.
    ///
    /// # Errors
    /// How the step ends that cannot run.
    pub(crate) fn prepare(
        &self,
        state: &RunState,
        index: usize,
        step: &StepDefinition,
        component: &Component,
    ) -> Result<(Value, Arc<Grant>), Outcome> {
        // What its expressions can see.
        let outputs = state.steps.iter().filter_map(|step| step.end.as_ref()).map(|end| &end.produced.output);
        let bytes = state.run.job.text().len() + weight(outputs.chain(state.variables.values()));
        blocking_in_place(bytes, || self.prepare_now(state, index, step, component))
    }

    fn prepare_now(
        &self,
        state: &RunState,
        index: usize,
        step: &StepDefinition,
        component: &Component,
    ) -> Result<(Value, Arc<Grant>), Outcome> {
        let invalid = |message: String| Outcome::InvalidConfig { message };
        let known = self.known(&state.run.job, index, step, component);
        let grant = known.grant.as_ref().map_err(|denial| {
            let (rule, message) = (denial.rule.id().to_owned(), denial.in_full());
            Outcome::Denied { rule, message }
        })?;
        let config = self
            .filled(&known.config, component.manifest(), &state.scope(index))
            .map_err(|error| invalid(format!("{}: {error}", error.pointer)))?;
        if let Some(approval) = changed_since(state, index, &step.id, &config) {
            let message = format!(
                "the configuration of `{}` is not the one that was approved in `{approval}`: retry the run from the start, so that it asks again",
                step.id
            );
            return Err(Outcome::Denied { rule: Rule::ApprovalOutdated.id().to_owned(), message });
        }
        let config = known.schema.fitted(&config).into_owned();
        let problems = known.schema.problems(&config);
        if problems.is_empty() {
            return Ok((config, grant.clone()));
        }
        let problem = |p: &stepwell_engine::document::SchemaProblem| format!("{}: {}", p.pointer, p.message);
        Err(invalid(problems.iter().take(MOST_TOLD).map(problem).collect::<Vec<_>>().join("; ")))
    }
}

/// The approval that was about another configuration of this step.
fn changed_since<'s>(state: &'s RunState, index: usize, id: &str, config: &Value) -> Option<&'s str> {
    let now = std::cell::OnceCell::new();
    let mut before = state.run.job.all_steps().zip(&state.steps).take(index);
    let other = |(_, step): &(_, &stepwell_engine::run::StepState)| {
        let approved = step.bound.as_ref().and_then(|bound| bound.steps.get(id));
        approved.is_some_and(|approved| approved != now.get_or_init(|| digest(config)))
    };
    before.find(other).map(|(definition, _)| definition.id.as_str())
}
