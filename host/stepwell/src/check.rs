//! The check of a job before it runs.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use serde_json::Value;
use stepwell_engine::document::{Document, pending};
use stepwell_engine::job::{self, Catalog, Node, Parsed, Plan, Read};
use stepwell_engine::policy::{Denial, Grant};
use stepwell_engine::quantity::counted;
use stepwell_engine::{Diagnostic, Diagnostics, Manifest, StepDefinition, weight};
use stepwell_sandbox::{ComponentError, Issue, Pace};

use crate::HostError;
use crate::decisions::{Decisions, locks_of, refused_function, refused_locks, refused_names};
use crate::jobs::Jobs;
use crate::keys::hash;
use crate::parallel::Place;

/// The maximum time for the steps' own checks of a job, in total.
const CHECKS: Duration = Duration::from_secs(20);
/// The maximum number of accepted configurations that a process remembers, with a digest of 64 bytes each.
const MOST_ACCEPTED: usize = 20_000;

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
        let has_errors = |at: &String| wrong.iter().any(|wrong| is_below(wrong, at));
        let sound: Vec<bool> = pointers.iter().map(|at| !has_errors(at)).collect();
        let is_sound = |step: usize| sound.get(step).is_some_and(|is| *is);
        // Compilation has its own time limit, which does not count here. A failure to compile is reported
        // below.
        let sound_steps = parsed.job.all_steps().enumerate().filter(|(i, _)| is_sound(*i));
        let types: BTreeSet<&str> = sound_steps.map(|(_, step)| step.step_type.as_str()).collect();
        for step_type in types {
            if self.ctx.sandbox.manifest(step_type).is_some() {
                self.ctx.steps().fetch(step_type).await?;
                let _ = self.ctx.sandbox.warm_up(step_type, Pace::Wanted).await;
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
        let mut decisions = Decisions::new(self.ctx.preparation(), project, &parsed.job);
        let refused_lock = |at: &str, (lock, denial): (usize, Denial)| {
            refused(parsed, &format!("{at}/locks/{lock}/name"), &denial)
        };
        if let Some(grant) = decisions.of_job() {
            let denials = refused_locks(&parsed.job.locks, &grant);
            found.0.extend(denials.map(|denied| refused_lock(&parsed.pointer, denied)));
        }
        for (index, (step, narrowing)) in parsed.job.narrowed().into_iter().enumerate() {
            let Some(place) = pointer(index) else { continue };
            tokio::task::yield_now().await;
            let Some(grant) = decisions.of(step, &narrowing) else { continue };
            let denials = refused_locks(locks_of(step, &grant), &grant);
            found.0.extend(denials.map(|denied| refused_lock(place, denied)));
            let denied = refused_function(step, &grant);
            found.0.extend(denied.map(|denial| refused(parsed, &format!("{place}/function"), &denial)));
            let Some(manifest) = self.ctx.sandbox.manifest(&step.step_type) else { continue };
            let at = format!("{place}/type");
            match grant {
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
        // The check is pure, so a configuration that a component has accepted is not checked again: an editor asks
        // after each change, and a job may have a thousand steps.
        let accepted = || Some(hash(&format!("{} {config}", self.ctx.sandbox.find(reference)?.digest())));
        let key = accepted();
        if key.as_ref().is_some_and(|key| self.ctx.node.accepted.lock().contains(key)) {
            return Ok(Vec::new());
        }
        let (sandbox, name, sent) = (self.ctx.sandbox.clone(), reference.to_owned(), config.clone());
        let check = async move { sandbox.validate(&name, &sent, pending(&sent)).await };
        let issues = self.ctx.among_guests(reference, check).await?;
        // Another component may have become the active one meanwhile.
        if let Some(key) = key.filter(|key| issues.is_empty() && accepted().as_ref() == Some(key)) {
            let mut all = self.ctx.node.accepted.lock();
            if all.len() >= MOST_ACCEPTED {
                all.clear();
            }
            all.insert(key);
        }
        Ok(issues)
    }
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

/// Returns whether a pointer is that of a value, or of a part of it.
fn is_below(pointer: &str, value: &str) -> bool {
    pointer.strip_prefix(value).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
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
