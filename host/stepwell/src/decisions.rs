//! The decisions of policy about all steps of a job. Steps with the same type, time limit and policies share one: a job
//! may have a thousand steps, and a policy two thousand rules.

use std::collections::HashMap;
use std::sync::Arc;

use stepwell_engine::document::is_template;
use stepwell_engine::job::locks::LockUse;
use stepwell_engine::job::worker::WorkerStep;
use stepwell_engine::job::{self, Catalog, StepDefinition};
use stepwell_engine::policy::{Capability, Denial, Grant, Grants};
use stepwell_engine::{JobDefinition, Manifest, project};

use crate::jobs::Jobs;
use crate::prepare::Preparation;

/// A grant, or the denial of the step.
pub(crate) type Decided = Result<Arc<Grant>, Denial>;

/// The decision of policy about a step, or about the locks of a group or of the job.
pub struct Granting<'j> {
    /// The step or group. `None` for the job.
    pub step: Option<&'j StepDefinition>,
    /// The grant, or the denial of the step.
    pub grant: Result<Arc<Grant>, Denial>,
    /// The denials of the parts that the step needs or names, and that the grant lacks.
    pub missing: Vec<Denial>,
}

/// The decisions about the steps of one job so far.
pub(crate) struct Decisions<'j> {
    preparation: Preparation,
    project: &'j str,
    job: &'j JobDefinition,
    /// By everything that the decision about a step depends on.
    known: HashMap<String, Decided>,
}

impl<'j> Decisions<'j> {
    pub fn new(preparation: Preparation, project: &'j str, job: &'j JobDefinition) -> Self {
        Self { preparation, project, job, known: HashMap::new() }
    }

    /// Decides about a step that has these narrowing policies: about all that it uses, or, for a group or an approval,
    /// about its locks. `None` for a group or an approval without locks.
    pub fn of(&mut self, step: &StepDefinition, narrowing: &[&Grants]) -> Option<Decided> {
        if job::is_of_the_engine(&step.step_type) && !WorkerStep::is(step) {
            let locks = || self.preparation.decide_locks(self.project, self.job, Some(step));
            return (!step.locks.is_empty()).then(|| locks().map(Arc::new));
        }
        let policies = serde_json::to_string(narrowing).unwrap_or_else(|_| step.id.clone());
        let key = format!("{} {:?} {policies}", step.step_type, step.timeout);
        let decided = || match WorkerStep::is(step) {
            true => self.preparation.decide_worker(self.project, self.job, step),
            false => self.preparation.decide(self.project, self.job, step, narrowing),
        };
        let decide = || decided().map(Arc::new);
        Some(self.known.entry(key).or_insert_with(decide).clone())
    }

    /// Decides about the locks of the job. `None` if it has none.
    pub fn of_job(&self) -> Option<Decided> {
        let locks = || self.preparation.decide_locks(self.project, self.job, None);
        (!self.job.locks.is_empty()).then(|| locks().map(Arc::new))
    }
}

/// Returns the denials of these locks, by their numbers, as far as their names are known.
pub(crate) fn refused_locks<'d>(
    locks: &'d [LockUse],
    decided: &'d Decided,
) -> impl Iterator<Item = (usize, Denial)> + 'd {
    let refused = move |lock: &LockUse| match decided {
        Ok(grant) => grant.refuse_name(Capability::Locks, lock.fixed_name()?),
        Err(_) => None,
    };
    let one = locks.iter().enumerate().filter_map(move |(number, lock)| Some((number, refused(lock)?)));
    let all = decided.as_ref().err().filter(|_| !locks.is_empty()).map(|denial| (0, denial.clone()));
    all.into_iter().chain(one)
}

/// Returns the locks of a step for which policy decides. A step that is denied as a whole has a problem of its own.
pub(crate) fn locks_of<'j>(step: &'j StepDefinition, decided: &Decided) -> &'j [LockUse] {
    match decided {
        Err(_) if !job::is_of_the_engine(&step.step_type) || WorkerStep::is(step) => &[],
        _ => &step.locks,
    }
}

/// Returns the denial of the function of a `worker` step, as far as its name is known.
pub(crate) fn refused_function(step: &StepDefinition, decided: &Decided) -> Option<Denial> {
    let function = WorkerStep::fixed_function(step)?;
    match decided {
        Ok(grant) => grant.refuse_name(Capability::Worker, function),
        Err(denial) => Some(denial.clone()),
    }
}

impl Jobs {
    /// Returns the decisions of policy about the steps of a job, and about the locks of the job and of its groups. Other
    /// tasks get their turn between steps.
    pub async fn grants<'j>(&self, job: &'j JobDefinition) -> Vec<Granting<'j>> {
        let mut decisions = Decisions::new(self.ctx.preparation(), project::of(&job.id), job);
        let mut all = Vec::new();
        if let Some(grant) = decisions.of_job() {
            let missing = match &grant {
                Ok(_) => refused_locks(&job.locks, &grant).map(|(_, denial)| denial).collect(),
                // The denial of the grant says it.
                Err(_) => Vec::new(),
            };
            all.push(Granting { step: None, grant, missing });
        }
        for (step, narrowing) in job.narrowed() {
            tokio::task::yield_now().await;
            let Some(grant) = decisions.of(step, &narrowing) else { continue };
            let mut missing = grant.as_ref().map(|grant| self.missing(step, grant)).unwrap_or_default();
            missing.extend(refused_function(step, &grant).filter(|_| grant.is_ok()));
            all.push(Granting { step: Some(step), grant, missing });
        }
        all
    }

    /// Returns the denials of the parts that a step needs or names, and that its grant lacks.
    fn missing(&self, step: &StepDefinition, grant: &Arc<Grant>) -> Vec<Denial> {
        // Steps of the engine use no component: a group has members, an approval waits, and a worker is outside.
        let own = !job::is_of_the_engine(&step.step_type);
        let mut missing = if own { grant.lacking() } else { Vec::new() };
        if let Some(manifest) = self.ctx.sandbox.manifest(&step.step_type).filter(|_| own) {
            missing.extend(refused_names(step, &manifest, grant).into_iter().map(|(_, denial)| denial));
        }
        let names = step.locks.iter().filter_map(LockUse::fixed_name);
        missing.extend(names.filter_map(|name| grant.refuse_name(Capability::Locks, name)));
        missing
    }
}

/// Returns the properties of a step that name something that policy does not grant, with the denials.
pub(crate) fn refused_names(
    step: &StepDefinition,
    manifest: &Manifest,
    grant: &Grant,
) -> Vec<(String, Denial)> {
    let named = manifest.names(&step.config).into_iter();
    let known =
        named.filter(|(property, ..)| step.config.get(property).is_some_and(|name| !is_template(name)));
    let denied = known
        .filter_map(|(property, capability, name)| Some((property, grant.refuse_name(capability, name)?)));
    denied.collect()
}
