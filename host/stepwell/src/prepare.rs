//! From a step whose turn has come to an attempt that can run. Pure but for the grant's lookup.

use serde_json::Value;
use stepwell_engine::document::schema_problems;
use stepwell_engine::job::{Catalog, evaluate, render};
use stepwell_engine::policy::{self, Denial, Grant, Request};
use stepwell_engine::run::RunState;
use stepwell_engine::{JobDefinition, Outcome, StepDefinition};

use crate::Host;

/// What is to be done with a step whose turn has come.
pub(crate) enum Prepared {
    /// Its condition is false.
    Skip(String),
    /// It can run, with this configuration under this grant.
    Run(Value, Box<Grant>),
    /// It cannot.
    Refused(Outcome),
}

impl Host {
    /// What policy grants to a step.
    pub(crate) fn decide(&self, job: &JobDefinition, step: &StepDefinition) -> Result<Grant, Denial> {
        let missing = || Denial {
            rule: "STEP_TYPE_UNKNOWN",
            message: format!("there is no step type `{}`", step.step_type),
        };
        let manifest = self.sandbox.manifest(&step.step_type).ok_or_else(missing)?;
        let digest = self.sandbox.digest(&step.step_type).ok_or_else(missing)?;
        let narrowing: Vec<_> = job.policy.iter().chain(&step.policy).collect();
        let request = Request {
            manifest: &manifest,
            digest: &digest,
            narrowing: &narrowing,
            timeout: step.timeout,
            workspace: job.workspace,
        };
        policy::decide(&self.policies, &self.config, &request)
    }

    pub(crate) fn prepare(&self, state: &RunState, step: &StepDefinition) -> Prepared {
        let scope = state.scope();
        let invalid = |message: String| Prepared::Refused(Outcome::InvalidConfig { message });
        if let Some(condition) = &step.when {
            match evaluate(condition, &scope) {
                Ok(true) => {}
                Ok(false) => return Prepared::Skip(format!("its condition is false: {condition}")),
                Err(error) => return invalid(format!("`when`: {error}")),
            }
        }
        let grant = match self.decide(&state.run.job, step) {
            Ok(grant) => grant,
            Err(denial) => {
                let Denial { rule, message } = denial;
                return Prepared::Refused(Outcome::Denied { rule: rule.to_owned(), message });
            }
        };
        let Some(manifest) = self.sandbox.manifest(&step.step_type) else {
            return invalid(format!("there is no step type `{}`", step.step_type));
        };
        let mut config = match render(&Value::Object(step.config_for(&manifest)), &scope) {
            Ok(config) => config,
            Err(error) => return invalid(format!("{}: {error}", error.pointer)),
        };
        if let Value::Object(map) = &mut config {
            for (name, value) in self.config.defaults(&step.step_type, map) {
                map.entry(name).or_insert(value);
            }
        }
        let problems = schema_problems(&config, &manifest.config_schema);
        if problems.is_empty() {
            return Prepared::Run(config, Box::new(grant));
        }
        let problem = |p: &stepwell_engine::document::SchemaProblem| format!("{}: {}", p.pointer, p.message);
        invalid(problems.iter().map(problem).collect::<Vec<_>>().join("; "))
    }
}
