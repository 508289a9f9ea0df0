//! The check of a job before it runs.

use std::pin::pin;
use std::time::Duration;

use serde_json::Value;
use stepwell_engine::document::{Document, is_template, pending};
use stepwell_engine::job::worker::WorkerStep;
use stepwell_engine::job::{self, Catalog, Node, Parsed, Plan, Read};
use stepwell_engine::policy::{Capability, Denial, Grant};
use stepwell_engine::quantity::counted;
use stepwell_engine::{Diagnostic, Diagnostics, JobDefinition, Manifest, StepDefinition, project, weight};
use stepwell_sandbox::{ComponentError, Issue, Pace};

use crate::HostError;
use crate::jobs::Jobs;
use crate::parallel::Place;

/// The maximum time for the steps' own checks of a job, in total.
const CHECKS: Duration = Duration::from_secs(20);

impl Jobs {
    /// Parses like [`crate::Host::parse`] for a job of a project, with the policies of that project. The text
    /// names the job without its project.
    ///
    /// # Errors
    /// Returns the errors of [`crate::Host::parse`].
    pub async fn parse_for(&self, project: &str, name: &str, text: &str) -> Result<Parsed, HostError> {
        self.ctx.steps().fresh().await?;
        let read = self.ctx.read_in_turn(text.len(), || job::read(name, text, &self.ctx.catalog())).await?;
        let read = read.map_err(HostError::Invalid)?;
        self.checked(project, read).await
    }

    /// Parses like [`Jobs::parse_for`], for a job at `pointer` in a document.
    ///
    /// # Errors
    /// Returns the errors of [`Jobs::parse_for`].
    pub async fn parse_in(
        &self,
        project: &str,
        document: Document,
        pointer: &str,
    ) -> Result<Parsed, HostError> {
        self.ctx.steps().fresh().await?;
        let bytes = weight([&document.value]);
        let catalog = self.ctx.catalog();
        let read = self.ctx.read_in_turn(bytes, || job::read_in(document, pointer, &catalog)).await?;
        self.checked(project, read).await
    }

    /// Reads a document of that many bytes. Large documents are read one at a time, since each may take 256
    /// MiB, and without blocking the other tasks of the thread.
    ///
    /// # Errors
    /// Fails when too many other large documents wait for their turn.
    pub async fn read_in_turn<T>(&self, bytes: usize, read: impl FnOnce() -> T) -> Result<T, HostError> {
        self.ctx.read_in_turn(bytes, read).await
    }

    /// Adds the problems that the steps themselves and the policies report.
    async fn checked(&self, project: &str, read: Read) -> Result<Parsed, HostError> {
        let Read { parsed, problems: mut found } = read;
        let Some(parsed) = parsed.filter(|_| !found.is_full()) else { return Err(HostError::Invalid(found)) };
        let wrong: Vec<String> =
            found.0.iter().filter(|found| !found.warning).map(|found| found.pointer.clone()).collect();
        // A step whose own part has errors is not called: it would report the same errors in other words.
        let pointers: Vec<String> = parsed
            .job
            .placed()
            .into_iter()
            .map(|placed| format!("{}{}", parsed.pointer, placed.pointer))
            .collect();
        let pointer = |step: usize| pointers.get(step).map_or("", String::as_str);
        let is_sound = |step: usize| {
            let at = format!("{}/", pointer(step));
            !wrong.iter().any(|wrong| format!("{wrong}/").starts_with(&at))
        };
        // Compilation has its own time limit, which does not count here. A failure to compile is reported
        // below.
        for (_, step) in parsed.job.all_steps().enumerate().filter(|(i, _)| is_sound(*i)) {
            if self.ctx.sandbox.manifest(&step.step_type).is_some() {
                self.ctx.steps().fetch(&step.step_type).await?;
                let _ = self.ctx.sandbox.warm_up(&step.step_type, Pace::Wanted).await;
            }
        }
        let mut time = pin!(tokio::time::sleep(CHECKS));
        for (i, step) in parsed.job.all_steps().enumerate().filter(|(i, _)| is_sound(*i)) {
            let Some(manifest) = self.ctx.sandbox.manifest(&step.step_type) else { continue };
            let issues = tokio::select! {
                biased;
                issues = self.validated(&step.step_type, step, &manifest) => issues,
                () = &mut time => {
                    let at = format!("{}/type", pointer(i));
                    let message = format!(
                        "the steps' own checks of this job take more than {} s; this one, of `{}`, began last",
                        CHECKS.as_secs(),
                        step.step_type
                    );
                    found.0.push(parsed.document.error(&at, message));
                    break;
                }
            };
            let issues = match issues {
                Err(HostError::Component(ComponentError::Failed(why))) => {
                    let at = format!("{}/type", pointer(i));
                    found.0.push(parsed.document.error(&at, format!("step `{}`: {why}", step.id)));
                    continue;
                }
                issues => issues?,
            };
            for issue in issues {
                let at = format!("{}{}", pointer(i), issue.pointer);
                let diagnostic = parsed.document.error(&at, issue.message);
                found.0.push(if issue.warning { diagnostic.as_warning() } else { diagnostic });
            }
        }
        self.check_grants(project, &parsed, &|step| is_sound(step).then(|| pointer(step)), &mut found).await;
        found.0.extend(self.in_order(project, &parsed, &pointers));
        found.0.extend(too_many_items(&parsed, &pointers, self.ctx.steps_per_run()));
        if found.has_errors() {
            return Err(HostError::Invalid(found.sorted()));
        }
        Ok(Parsed { warnings: found, ..parsed })
    }

    /// Returns the warning that the groups of a job run their branches one after the other.
    fn in_order(&self, project: &str, parsed: &Parsed, pointers: &[String]) -> Option<Diagnostic> {
        let first = parsed.job.all_steps().position(|step| step.group.is_some())?;
        let off = self.ctx.parallel_off(project, &parsed.job)?;
        let message = "parallel execution is off: the branches of groups run one after the other";
        let at = match off {
            Place::Job => format!("{}/features/parallel_execution", parsed.pointer),
            _ => format!("{}/type", pointers.get(first).map_or("", String::as_str)),
        };
        Some(parsed.document.error(&at, message).help(off.fix()).as_warning())
    }

    /// Adds the problems that policy has with each sound step, for which `pointer` returns its place. A job
    /// may have a thousand steps and two thousand rules for each, so other tasks get their turn between
    /// steps, and the check ends with its request.
    async fn check_grants<'p>(
        &self,
        project: &str,
        parsed: &Parsed,
        pointer: &(dyn Fn(usize) -> Option<&'p str> + Sync),
        found: &mut Diagnostics,
    ) {
        found.0.extend(self.refused_locks(project, parsed, None, &parsed.pointer));
        for (index, step) in parsed.job.all_steps().enumerate() {
            let Some(place) = pointer(index) else { continue };
            tokio::task::yield_now().await;
            found.0.extend(self.refused_locks(project, parsed, Some(step), place));
            let denied = self.function_denial(project, &parsed.job, step);
            found.0.extend(denied.map(|denial| refused(parsed, &format!("{place}/function"), &denial)));
            let Some(manifest) = self.ctx.sandbox.manifest(&step.step_type) else { continue };
            let at = format!("{place}/type");
            match self.ctx.preparation().decide(project, &parsed.job, step) {
                Err(denial) => found.0.push(refused(parsed, &at, &denial)),
                Ok(grant) => {
                    found.0.extend(not_granted(parsed, place, step, &manifest, &grant));
                    let lacking = grant.lacking();
                    found.0.extend(lacking.iter().map(|denial| refused(parsed, &at, denial).as_warning()));
                    found.0.extend(grant.shortfall().map(|short| {
                        parsed.document.error(&at, short.message).help(short.help).as_warning()
                    }));
                }
            }
        }
    }

    /// Returns the locks of a job (`None`), or of a step, that policy does not grant, as far as their names are known.
    fn refused_locks(
        &self,
        project: &str,
        parsed: &Parsed,
        step: Option<&StepDefinition>,
        at: &str,
    ) -> Vec<Diagnostic> {
        let denials = self.lock_denials(project, &parsed.job, step).into_iter();
        denials.map(|(lock, denial)| refused(parsed, &format!("{at}/locks/{lock}/name"), &denial)).collect()
    }

    /// Returns the denials of the locks of a job (`None`), or of a step, by their numbers.
    fn lock_denials(
        &self,
        project: &str,
        job: &JobDefinition,
        step: Option<&StepDefinition>,
    ) -> Vec<(usize, Denial)> {
        let locks = step.map_or(&job.locks, |step| &step.locks);
        if locks.is_empty() {
            return Vec::new();
        }
        let own = step.filter(|step| !job::is_of_the_engine(&step.step_type));
        let preparation = self.ctx.preparation();
        let grant = match own {
            Some(step) => preparation.decide(project, job, step),
            None => preparation.decide_locks(project, job, step),
        };
        let grant = match grant {
            Ok(grant) => grant,
            // A step that is denied as a whole has a problem of its own.
            Err(_) if own.is_some() => return Vec::new(),
            Err(denial) => return vec![(0, denial)],
        };
        let fixed = locks.iter().enumerate().filter_map(|(i, lock)| Some((i, lock.fixed_name()?)));
        fixed.filter_map(|(i, name)| Some((i, grant.refuse_name(Capability::Locks, name)?))).collect()
    }

    /// Returns the denial of the function of a `worker` step, as far as its name is known.
    fn function_denial(&self, project: &str, job: &JobDefinition, step: &StepDefinition) -> Option<Denial> {
        let function = WorkerStep::function_of(step).filter(|name| !name.contains("${{"))?;
        match self.ctx.preparation().decide_worker(project, job, step) {
            Ok(grant) => grant.refuse_name(Capability::Worker, function),
            Err(denial) => Some(denial),
        }
    }

    /// Returns the objections of the component of `reference` to the configuration of a step, as JSON
    /// pointers and messages.
    pub(crate) async fn validated(
        &self,
        reference: &str,
        step: &StepDefinition,
        manifest: &Manifest,
    ) -> Result<Vec<Issue>, HostError> {
        let left_out = self.ctx.settings().config.left_out(&step.step_type);
        let config = Value::Object(step.config_for(manifest, left_out));
        let config = manifest.config_schema.fitted(&config).into_owned();
        let (sandbox, reference) = (self.ctx.sandbox.clone(), reference.to_owned());
        let name = reference.clone();
        let check = async move { sandbox.validate(&reference, &config, pending(&config)).await };
        Ok(self.ctx.among_guests(&name, check).await?)
    }

    /// Returns the decisions of policy about the steps of a job, and about the locks of the job and of its groups. A job
    /// may have a thousand steps and two thousand rules for each, so other tasks get their turn between steps.
    pub async fn grants<'j>(&self, job: &'j JobDefinition) -> Vec<Granting<'j>> {
        let (project, mut all) = (project::of(&job.id), Vec::new());
        // Other steps of the engine use no other capability: a group has members, and an approval waits.
        let own = |step: &StepDefinition| !job::is_of_the_engine(&step.step_type);
        let decided = |step: &&StepDefinition| own(step) || WorkerStep::is(step) || !step.locks.is_empty();
        let of_job = (!job.locks.is_empty()).then_some(None);
        for step in of_job.into_iter().chain(job.all_steps().filter(decided).map(Some)) {
            tokio::task::yield_now().await;
            let (grant, mut missing) = match step.filter(|step| own(step)) {
                Some(step) => {
                    let grant = self.ctx.preparation().decide(project, job, step);
                    let missing = grant.as_ref().map(|grant| self.missing(step, grant)).unwrap_or_default();
                    (grant, missing)
                }
                None => match step.filter(|step| WorkerStep::is(step)) {
                    Some(step) => {
                        let denied = self.function_denial(project, job, step).into_iter().collect();
                        (self.ctx.preparation().decide_worker(project, job, step), denied)
                    }
                    None => (self.ctx.preparation().decide_locks(project, job, step), Vec::new()),
                },
            };
            if grant.is_ok() {
                missing.extend(self.lock_denials(project, job, step).into_iter().map(|(_, denial)| denial));
            }
            all.push(Granting { step, grant, missing });
        }
        all
    }

    /// Returns the denials of the parts that a step needs or names, and that its grant lacks.
    fn missing(&self, step: &StepDefinition, grant: &Grant) -> Vec<Denial> {
        let mut missing = grant.lacking();
        if let Some(manifest) = self.ctx.sandbox.manifest(&step.step_type) {
            missing.extend(refused_names(step, &manifest, grant).into_iter().map(|(_, denial)| denial));
        }
        missing
    }
}

/// The decision of policy about a step, or about the locks of a group or of the job.
pub struct Granting<'j> {
    /// The step or group. `None` for the job.
    pub step: Option<&'j StepDefinition>,
    /// The grant, or the denial of the step.
    pub grant: Result<Grant, Denial>,
    /// The denials of the parts that the step needs or names, and that the grant lacks.
    pub missing: Vec<Denial>,
}

/// Returns the lists that a job writes out and that have more items than a run may have steps of items.
fn too_many_items(parsed: &Parsed, pointers: &[String], most: usize) -> Vec<Diagnostic> {
    let plan = Plan::of(&parsed.job);
    let items_of = |node: &Node| match node.definition.group.as_deref()?.for_each.as_ref()? {
        Value::Array(items) => Some(items.len()),
        Value::Object(items) => Some(items.len()),
        _ => None,
    };
    let found = plan.nodes().iter().zip(pointers).filter_map(|(node, pointer)| {
        let mut items = items_of(node)?;
        let own = items;
        let steps = node.members.as_ref()?.body.len();
        // The items of a list around this one have the list each.
        let around = std::iter::successors(node.repeated_by, |group| plan.node(*group)?.repeated_by);
        for group in around {
            items = items.saturating_mul(plan.node(group).and_then(items_of).unwrap_or(1));
        }
        let message = match items == own {
            true => format!(
                "`for_each` has {items} items with {} each, and a run has at most {most} steps of items",
                counted(steps, "step")
            ),
            false => format!(
                "`for_each` has {own} items with {} each, which is {} with the lists around it, and a run has at most {most} steps of items",
                counted(steps, "step"),
                items.saturating_mul(steps)
            ),
        };
        let help = "shorten the list, divide it among several runs, or raise `service.run_steps` in the configuration";
        let is_over = items.saturating_mul(steps) > most;
        is_over.then(|| parsed.document.error(&format!("{pointer}/for_each"), message).help(help))
    });
    found.collect()
}

/// Returns a diagnostic for a denial, at its place in the job.
fn refused(parsed: &Parsed, at: &str, denial: &Denial) -> stepwell_engine::Diagnostic {
    let message = format!("denied by policy: {} [{}]", denial.message, denial.rule);
    let mut diagnostic = parsed.document.error(at, message);
    diagnostic.rule = Some(denial.rule.id().to_owned());
    if denial.help.is_empty() { diagnostic } else { diagnostic.help(denial.help.clone()) }
}

/// Returns the names in a step's configuration that policy does not grant, such as a connection, a program or
/// a credential.
fn not_granted(
    parsed: &Parsed,
    at: &str,
    step: &StepDefinition,
    manifest: &Manifest,
    grant: &Grant,
) -> Vec<stepwell_engine::Diagnostic> {
    let denied = refused_names(step, manifest, grant).into_iter();
    denied.map(|(property, denial)| refused(parsed, &format!("{at}/{property}"), &denial)).collect()
}

/// Returns the properties of a step that name something that policy does not grant, with the denials.
fn refused_names(step: &StepDefinition, manifest: &Manifest, grant: &Grant) -> Vec<(String, Denial)> {
    let named = manifest.names(&step.config).into_iter();
    let known =
        named.filter(|(property, ..)| step.config.get(property).is_some_and(|name| !is_template(name)));
    let denied = known
        .filter_map(|(property, capability, name)| Some((property, grant.refuse_name(capability, name)?)));
    denied.collect()
}
