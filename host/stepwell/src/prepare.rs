//! From a step whose turn has come to an attempt that can run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use stepwell_engine::document::Schema;
use stepwell_engine::job::{evaluate, render};
use stepwell_engine::policy::{self, Denial, Grant, Request};
use stepwell_engine::run::RunState;
use stepwell_engine::store::NewRun;
use stepwell_engine::{Job, JobDefinition, Outcome, StepDefinition, project};
use stepwell_sandbox::Component;

use crate::components::Found;
use crate::node::lock;
use crate::{Host, HostError};

/// What is known of a step before it runs.
pub(crate) struct Known {
    grant: Result<Arc<Grant>, Denial>,
    schema: Schema,
    config: Value,
}

/// Steps by the digest of their job, their index, and the digest of their component.
pub(crate) type KnownSteps = Mutex<HashMap<(String, usize, String), Arc<Known>>>;

/// Steps that are kept known.
const MOST_KNOWN: usize = 10_000;

/// What is to be done with a step whose turn has come.
pub(crate) enum Prepared {
    /// Its condition is false.
    Skip(String),
    /// It can run, with this configuration under this grant.
    Run(Value, Arc<Grant>),
    /// It cannot.
    Refused(Outcome),
}

impl Host {
    /// What policy grants to a step: with the component that its type means now.
    pub(crate) fn decide(
        &self,
        project: &str,
        job: &JobDefinition,
        step: &StepDefinition,
    ) -> Result<Grant, Denial> {
        match self.sandbox.find(&step.step_type) {
            Some(component) => self.decide_for(project, job, step, &component),
            None => Err(Denial::new("STEP_TYPE_UNKNOWN", "", &self.unknown(&step.step_type))),
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
            replaces_builtin: self.replaces_builtin(component),
            narrowing: &narrowing,
            timeout: step.timeout,
            workspace: job.workspace,
        };
        let settings = self.settings();
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
                run.components.get(&step.step_type).and_then(|pin| self.sandbox.by_digest(&pin.digest));
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
        let key = (job.digest().to_owned(), index, component.digest().to_owned());
        if let Some(known) = lock(&self.known).get(&key) {
            return known.clone();
        }
        let manifest = component.manifest();
        let grant = self.decide_for(project::of(&job.id), job, step, component).map(Arc::new);
        let config =
            Value::Object(step.config_for(manifest, self.settings().config.left_out(&step.step_type)));
        let known = Arc::new(Known { grant, schema: manifest.config_schema.clone(), config });
        let mut all = lock(&self.known);
        if all.len() >= MOST_KNOWN {
            // Whichever: what is used comes back at the next use.
            all.clear();
        }
        all.insert(key, known.clone());
        known
    }

    /// Has a step whose turn has come ready to run.
    ///
    /// # Errors
    /// When the store, which may have its component, failed.
    pub(crate) async fn prepare(
        &self,
        state: &RunState,
        index: usize,
        step: &StepDefinition,
    ) -> Result<Prepared, HostError> {
        let component = match self.component_of(&state.run, &step.step_type).await? {
            Found::Component(component) => Ok(component),
            Found::Unknown(message) => Err(Outcome::InvalidConfig { message }),
            Found::Gone(message) => Err(Outcome::HostFault { message }),
        };
        Ok(self.prepare_with(state, index, step, component))
    }

    fn prepare_with(
        &self,
        state: &RunState,
        index: usize,
        step: &StepDefinition,
        component: Result<Component, Outcome>,
    ) -> Prepared {
        let scope = state.scope(index);
        let invalid = |message: String| Prepared::Refused(Outcome::InvalidConfig { message });
        if let Some(condition) = &step.when {
            match evaluate(condition, &scope) {
                Ok(true) => {}
                Ok(false) => return Prepared::Skip(format!("its condition is false: {condition}")),
                Err(error) => return invalid(format!("`when`: {error}")),
            }
        }
        let component = match component {
            Ok(component) => component,
            Err(outcome) => return Prepared::Refused(outcome),
        };
        let known = self.known(&state.run.job, index, step, &component);
        let grant = match &known.grant {
            Ok(grant) => grant.clone(),
            Err(denial) => {
                let (rule, message) = (denial.rule.to_owned(), denial.in_full());
                return Prepared::Refused(Outcome::Denied { rule, message });
            }
        };
        let mut config = match render(&known.config, &scope) {
            Ok(config) => config,
            Err(error) => return invalid(format!("{}: {error}", error.pointer)),
        };
        if let Value::Object(map) = &mut config {
            for (name, value) in self.settings().config.defaults(&step.step_type, map) {
                map.entry(name).or_insert(value);
            }
        }
        let problems = known.schema.problems(&config);
        if problems.is_empty() {
            return Prepared::Run(config, grant);
        }
        let problem = |p: &stepwell_engine::document::SchemaProblem| format!("{}: {}", p.pointer, p.message);
        invalid(problems.iter().map(problem).collect::<Vec<_>>().join("; "))
    }
}
