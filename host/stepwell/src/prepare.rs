//! Prepares the next step of a run: its grant, its component and its configuration.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;
use stepwell_engine::document::{Schema, SchemaProblem};
use stepwell_engine::job::worker::{WorkerStep, wrong_name};
use stepwell_engine::job::{Scope, TemplateError, Work, evaluate, render};
use stepwell_engine::policy::{self, Capability, Denial, Grant, Grants, Request, Rule};
use stepwell_engine::run::{Bound, KnownStep, RunState, digest, known_steps};
use stepwell_engine::step::Manifest;
use stepwell_engine::store::NewRun;
use stepwell_engine::{Job, JobDefinition, Outcome, StepDefinition, project};
use stepwell_sandbox::Component;

use crate::HostError;
use crate::components::Found;
use crate::context::Context;
use crate::guests::blocking_in_place;
use crate::worker::json_bytes;
use crate::worker::work::Prepared;

/// The parts of a preparation that are the same in every run of a job.
pub(crate) struct Known {
    grant: Result<Arc<Grant>, Denial>,
    schema: Schema,
    config: Value,
}

/// The prepared steps, by the generation of the settings, the digest of the job, the index of the step, and
/// the digest of the component.
pub(crate) type KnownSteps = Mutex<HashMap<(u64, String, usize, String), Arc<Known>>>;

/// The maximum number of problems of a configuration in the message of a step.
const MOST_PROBLEMS: usize = 20;

/// The problem of an approval whose later steps work on too much.
const TOO_MUCH_BEHIND: &str = "the expressions of the steps behind the approval work on too much: at most 64 MiB in all; shorten the values that they read";

/// The name under which policies grant the locks of jobs.
const JOB: &str = "job";

/// The maximum number of prepared steps in the cache.
const MOST_KNOWN: usize = 10_000;

/// Prepares steps: decides their grant, finds their component, and renders their configuration.
pub(crate) struct Preparation {
    pub ctx: Arc<Context>,
}

impl Preparation {
    /// Decides the grant of a step, with the component that is now active for its type. `narrowing` are the policies
    /// of [`JobDefinition::narrowing`].
    pub(crate) fn decide(
        &self,
        project: &str,
        job: &JobDefinition,
        step: &StepDefinition,
        narrowing: &[&Grants],
    ) -> Result<Grant, Denial> {
        match self.ctx.sandbox.find(&step.step_type) {
            Some(component) => self.decide_for(project, job, (step, narrowing), &component),
            None => Err(Denial::new(Rule::StepTypeUnknown, "", &self.ctx.steps().unknown(&step.step_type))),
        }
    }

    /// Decides the grant of a step, whose narrowing policies these are, with this component.
    fn decide_for(
        &self,
        project: &str,
        job: &JobDefinition,
        (step, narrowing): (&StepDefinition, &[&Grants]),
        component: &Component,
    ) -> Result<Grant, Denial> {
        let request = Request {
            project,
            manifest: component.manifest(),
            digest: component.digest(),
            replaces_builtin: self.ctx.steps().replaces_builtin(component),
            narrowing,
            timeout: step.timeout,
            workspace: job.workspace,
        };
        let settings = self.ctx.settings();
        policy::decide(&settings.policies, &settings.config, &request)
    }

    /// Returns the grant of each step of a run, with the components that the run began with.
    pub(crate) fn grants_of_run<'r>(
        &self,
        run: &'r NewRun,
    ) -> Vec<(&'r StepDefinition, Result<Grant, Denial>)> {
        let (job, project) = (run.job.definition(), project::of(&run.job.id));
        let decide = |(step, narrowing): (&'r StepDefinition, Vec<&'r Grants>)| {
            let pinned =
                run.components.get(&step.step_type).and_then(|pin| self.ctx.sandbox.by_digest(&pin.digest));
            let grant = match pinned {
                Some(component) => self.decide_for(project, job, (step, &narrowing), &component),
                None => self.decide(project, job, step, &narrowing),
            };
            (step, grant)
        };
        job.narrowed().into_iter().map(decide).collect()
    }

    /// Returns the cached parts of a step's preparation. They never change: a process reads its policies once
    /// per generation of its settings, and the key contains the digest of the job.
    fn known(&self, job: &Job, index: usize, step: &StepDefinition, component: &Component) -> Arc<Known> {
        // The generation is read before the settings, so that no key of new settings has a decision of old
        // settings.
        let key = (self.ctx.generation(), job.digest().to_owned(), index, component.digest().to_owned());
        if let Some(known) = self.ctx.known.lock().get(&key) {
            return known.clone();
        }
        let manifest = component.manifest();
        let narrowing = job.narrowing(step);
        let grant = self.decide_for(project::of(&job.id), job, (step, &narrowing), component).map(Arc::new);
        let config =
            Value::Object(step.config_for(manifest, self.ctx.settings().config.left_out(&step.step_type)));
        let known = Arc::new(Known { grant, schema: manifest.config_schema.clone(), config });
        let mut all = self.ctx.known.lock();
        if all.len() >= MOST_KNOWN {
            // Steps that are in use return to the cache when they run next.
            all.clear();
        }
        all.insert(key, known.clone());
        known
    }

    /// Returns the grant that decides about the locks of a step.
    pub(crate) fn grant_of(
        &self,
        state: &RunState,
        index: usize,
        step: &StepDefinition,
        component: &Component,
    ) -> Result<Arc<Grant>, Denial> {
        self.known(&state.run.job, index, step, component).grant.clone()
    }

    /// Decides about the locks of a job (`None`), or of a step of the engine.
    pub(crate) fn decide_locks(
        &self,
        project: &str,
        job: &JobDefinition,
        step: Option<&StepDefinition>,
    ) -> Result<Grant, Denial> {
        let settings = self.ctx.settings();
        let (kind, narrowing) = match step {
            Some(step) => (step.step_type.as_str(), job.narrowing(step)),
            None => (JOB, job.policy.iter().collect()),
        };
        policy::decide_locks(&settings.policies, &settings.config, (project, kind), &narrowing)
    }

    /// Decides the grant of a step of the type `worker`.
    pub(crate) fn decide_worker(
        &self,
        project: &str,
        job: &JobDefinition,
        step: &StepDefinition,
    ) -> Result<Grant, Denial> {
        let settings = self.ctx.settings();
        let (kind, narrowing) = (step.step_type.as_str(), job.narrowing(step));
        let (policies, config) = (&settings.policies, &settings.config);
        policy::decide_engine_step(policies, config, (project, kind), &narrowing, step.timeout)
    }

    /// Returns the maximum number of attempts of this step type that the run may have at one time.
    pub(crate) fn most_parallel(
        &self,
        state: &RunState,
        index: usize,
        step: &StepDefinition,
        component: &Component,
    ) -> usize {
        // A denied step ends at once.
        let known = self.known(&state.run.job, index, step, component);
        let most = known.grant.as_ref().map_or(u64::MAX, |grant| grant.limits().parallel_attempts.0);
        usize::try_from(most).unwrap_or(usize::MAX)
    }

    /// Returns the reason to skip a step, or `None` when the step runs.
    ///
    /// # Errors
    /// Fails when its condition is neither true nor false.
    pub(crate) fn skipped(
        state: &RunState,
        index: usize,
        step: &StepDefinition,
        work: &Work,
    ) -> Result<Option<String>, Outcome> {
        let Some(condition) = &step.when else { return Ok(None) };
        match evaluate(condition, &state.scope(index), work) {
            Ok(true) => Ok(None),
            Ok(false) => Ok(Some(format!("its condition is false: {condition}"))),
            Err(error) => Err(Outcome::InvalidConfig { message: format!("`when`: {error}") }),
        }
    }

    /// Returns the component of a step of a run, or the outcome of the step when there is none.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub(crate) async fn component(
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

    /// Renders the configuration of a step, and adds the defaults from the configuration of the host.
    fn filled(
        &self,
        config: &Value,
        manifest: &Manifest,
        scope: &Scope,
        work: &Work,
    ) -> Result<Value, TemplateError> {
        let mut config = render(config, scope, work)?;
        if let Value::Object(map) = &mut config {
            for (name, value) in self.ctx.settings().config.defaults(manifest, map) {
                map.entry(name).or_insert(value);
            }
        }
        Ok(config)
    }

    /// Returns the subject of an approval: the job, the message, and the known configurations of later steps.
    ///
    /// # Errors
    /// Fails when these configurations work on too much together.
    pub(crate) fn bound(
        &self,
        state: &RunState,
        step: usize,
        message: &str,
        work: &Work,
    ) -> Result<Bound, &'static str> {
        let known = self.known_configurations(state, step, work)?.into_iter();
        Ok(Bound {
            job: state.run.job.digest().to_owned(),
            message: digest(&message.into()),
            steps: known.map(|(id, config)| (id, digest(&config))).collect(),
        })
    }

    /// Returns the configurations of later steps that are known when the step at `step` requests an approval,
    /// with the ids of the steps.
    ///
    /// # Errors
    /// As [`Self::bound`]. A configuration that its own expressions make invalid is unknown.
    pub(crate) fn known_configurations(
        &self,
        state: &RunState,
        step: usize,
        work: &Work,
    ) -> Result<Vec<(String, Value)>, &'static str> {
        let plan = state.run.job.plan();
        let known = known_steps(state, step).into_iter().filter_map(|KnownStep { node, scopes }| {
            let definition = &plan.node(node)?.definition;
            if WorkerStep::is(definition) {
                let config = Value::Object(definition.config.clone());
                let filled = scopes.iter().map(|scope| render(&config, scope, work).ok());
                return Some((definition.id.clone(), only_one(filled)?));
            }
            let pin = state.run.components.get(&definition.step_type);
            let component = match pin {
                Some(pin) => self.ctx.sandbox.by_digest(&pin.digest),
                None => self.ctx.sandbox.find(&definition.step_type),
            }?;
            let left_out = self.ctx.settings().config.left_out(&definition.step_type);
            let config = Value::Object(definition.config_for(component.manifest(), left_out));
            let filled =
                scopes.iter().map(|scope| self.filled(&config, component.manifest(), scope, work).ok());
            Some((definition.id.clone(), only_one(filled)?))
        });
        let known = known.collect();
        if work.is_exceeded() { Err(TOO_MUCH_BEHIND) } else { Ok(known) }
    }

    /// Renders the configuration of a step of the type `worker`, and decides whether it may call its function.
    ///
    /// # Errors
    /// Returns the outcome of a step that cannot have its work done.
    pub(crate) fn prepare_work(
        &self,
        state: &RunState,
        index: usize,
        step: &StepDefinition,
        work: &Work,
    ) -> Result<Prepared, Outcome> {
        let invalid = |message: String| Outcome::InvalidConfig { message };
        let job = &state.run.job;
        let grant = self.decide_worker(project::of(&job.id), job.definition(), step).map_err(denied)?;
        let config = Value::Object(step.config.clone());
        let config = blocking_in_place(job.text().len(), || render(&config, &state.scope(index), work))
            .map_err(|error| invalid(format!("{}: {error}", error.pointer)))?;
        unchanged(state, index, step, &config)?;
        let schema = WorkerStep::schema();
        let config = schema.fitted(&config).into_owned();
        if let Some(problems) = in_words(&schema.problems(&config)) {
            return Err(invalid(problems));
        }
        let WorkerStep { function, input, wait } =
            serde_json::from_value(config).map_err(|error| invalid(error.to_string()))?;
        if let Some(why) = wrong_name(&function) {
            return Err(invalid(format!("/function: {why}")));
        }
        if let Some(denial) = grant.refuse_name(Capability::Worker, &function) {
            return Err(denied(denial));
        }
        let (bytes, most) = (json_bytes(&input), grant.limits().input_bytes.0);
        if bytes > most {
            let message = format!("the input has {bytes} bytes; the limit is {most}");
            return Err(Outcome::OverLimit { limit: "input_bytes".to_owned(), message });
        }
        let (limits, context) = (grant.limits().clone(), grant.context().to_vec());
        Ok(Prepared { function, input, wait: wait.0, limits, context })
    }

    /// Renders the configuration of a step, and decides its grant.
    ///
    /// # Errors
    /// Returns the outcome of a step that cannot run.
    pub(crate) fn prepare(
        &self,
        state: &RunState,
        index: usize,
        step: &StepDefinition,
        component: &Component,
        work: &Work,
    ) -> Result<(Value, Arc<Grant>), Outcome> {
        blocking_in_place(state.run.job.text().len(), || {
            self.prepare_now(state, index, (step, component), work)
        })
    }

    fn prepare_now(
        &self,
        state: &RunState,
        index: usize,
        (step, component): (&StepDefinition, &Component),
        work: &Work,
    ) -> Result<(Value, Arc<Grant>), Outcome> {
        let invalid = |message: String| Outcome::InvalidConfig { message };
        let known = self.known(&state.run.job, index, step, component);
        let grant = known.grant.as_ref().map_err(|denial| denied(denial.clone()))?;
        let config = self
            .filled(&known.config, component.manifest(), &state.scope(index), work)
            .map_err(|error| invalid(format!("{}: {error}", error.pointer)))?;
        unchanged(state, index, step, &config)?;
        let config = known.schema.fitted(&config).into_owned();
        match in_words(&known.schema.problems(&config)) {
            None => Ok((config, grant.clone())),
            Some(problems) => Err(invalid(problems)),
        }
    }
}

/// Returns problems of a configuration in one sentence. `None` when there are none.
fn in_words(problems: &[SchemaProblem]) -> Option<String> {
    let problem = |p: &SchemaProblem| format!("{}: {}", p.pointer, p.message);
    let shown: Vec<String> = problems.iter().take(MOST_PROBLEMS).map(problem).collect();
    (!shown.is_empty()).then(|| shown.join("; "))
}

fn denied(denial: Denial) -> Outcome {
    Outcome::Denied { rule: denial.rule.id().to_owned(), message: denial.in_full() }
}

/// Refuses a configuration that differs from the approved one.
fn unchanged(state: &RunState, index: usize, step: &StepDefinition, config: &Value) -> Result<(), Outcome> {
    let Some(approval) = changed_since(state, index, &step.id, config) else { return Ok(()) };
    let message = format!(
        "the configuration of `{}` differs from the one that `{approval}` approved: retry the run from the start to request a new approval",
        step.id
    );
    Err(Outcome::Denied { rule: Rule::ApprovalOutdated.id().to_owned(), message })
}

/// Returns the configuration that all scopes give.
fn only_one(mut filled: impl Iterator<Item = Option<Value>>) -> Option<Value> {
    let first = filled.next()??;
    filled.all(|other| other.as_ref() == Some(&first)).then_some(first)
}

/// Returns the approval that was bound to another configuration of this step.
fn changed_since<'s>(state: &'s RunState, index: usize, id: &str, config: &Value) -> Option<&'s str> {
    let now = std::cell::OnceCell::new();
    let bound = |index: usize| Some((state.definition(index)?, state.steps.get(index)?));
    let mut before = state.approvals_before(index).filter_map(bound);
    let other = |(_, step): &(_, &stepwell_engine::run::StepState)| {
        let approved = step.bound.as_ref().and_then(|bound| bound.steps.get(id));
        approved.is_some_and(|approved| approved != now.get_or_init(|| digest(config)))
    };
    before.find(other).map(|(definition, _)| definition.id.as_str())
}
