//! From a step whose turn has come to an attempt that can run. Pure but for the grant's lookup.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use stepwell_engine::document::Schema;
use stepwell_engine::job::{Catalog, evaluate, render};
use stepwell_engine::policy::{self, Denial, Grant, Request};
use stepwell_engine::run::RunState;
use stepwell_engine::{Job, JobDefinition, Outcome, StepDefinition, project};

use crate::Host;
use crate::node::lock;

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
    /// What policy grants to a step.
    pub(crate) fn decide(
        &self,
        project: &str,
        job: &JobDefinition,
        step: &StepDefinition,
    ) -> Result<Grant, Denial> {
        let missing =
            || Denial::new("STEP_TYPE_UNKNOWN", "", &format!("there is no step type `{}`", step.step_type));
        let manifest = self.sandbox.manifest(&step.step_type).ok_or_else(missing)?;
        let digest = self.sandbox.digest(&step.step_type).ok_or_else(missing)?;
        let narrowing: Vec<_> = job.policy.iter().chain(&step.policy).collect();
        let request = Request {
            project,
            manifest: &manifest,
            digest: &digest,
            narrowing: &narrowing,
            timeout: step.timeout,
            workspace: job.workspace,
        };
        let settings = self.settings();
        policy::decide(&settings.policies, &settings.config, &request)
    }

    /// What is known of a step before it runs, and stays so: policies are read once, and a job is its digest.
    fn known(&self, job: &Job, index: usize, step: &StepDefinition) -> Option<Arc<Known>> {
        let digest = self.sandbox.digest(&step.step_type)?;
        let key = (job.digest().to_owned(), index, digest);
        if let Some(known) = lock(&self.known).get(&key) {
            return Some(known.clone());
        }
        let manifest = self.sandbox.manifest(&step.step_type)?;
        let grant = self.decide(project::of(&job.id), job, step).map(Arc::new);
        let config =
            Value::Object(step.config_for(&manifest, self.settings().config.left_out(&step.step_type)));
        let known = Arc::new(Known { grant, schema: manifest.config_schema.clone(), config });
        let mut all = lock(&self.known);
        if all.len() >= MOST_KNOWN {
            // Whichever: what is used comes back at the next use.
            all.clear();
        }
        all.insert(key, known.clone());
        Some(known)
    }

    pub(crate) fn prepare(&self, state: &RunState, index: usize, step: &StepDefinition) -> Prepared {
        let scope = state.scope(index);
        let invalid = |message: String| Prepared::Refused(Outcome::InvalidConfig { message });
        if let Some(condition) = &step.when {
            match evaluate(condition, &scope) {
                Ok(true) => {}
                Ok(false) => return Prepared::Skip(format!("its condition is false: {condition}")),
                Err(error) => return invalid(format!("`when`: {error}")),
            }
        }
        let Some(known) = self.known(&state.run.job, index, step) else {
            return invalid(format!("there is no step type `{}`", step.step_type));
        };
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
