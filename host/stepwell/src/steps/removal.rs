//! Removal of registered steps that no stored job needs.

use stepwell_engine::StepDefinition;
use stepwell_engine::reference::{StepRef, compare_versions, type_of};
use stepwell_engine::store::{Audit, Change, Kind, Wake};
use stepwell_sandbox::Component;

use super::refusal::{counted, listed};
use super::{MOST_REFUSED, RefusedJob, VersionRecord, put};
use crate::HostError;
use crate::steps::Steps;

impl Steps {
    /// Removes a registered step type, or one of its versions (`acme/invoice@1.2.0`). Admitted runs continue
    /// with their components.
    ///
    /// # Errors
    /// Fails when the step is not registered, the version is active, stored jobs use it and `force` is not
    /// set, or the store fails.
    pub async fn remove(&self, step_type: &str, force: bool, audit: Audit) -> Result<(), HostError> {
        self.refresh().await?;
        let reference = StepRef::parse(step_type).map_err(HostError::Refused)?;
        let name = reference.type_name;
        self.may_change(name, &audit)?;
        let (mut said, expect) = self.step_record(name).await?;
        if said.versions.is_empty() {
            return Err(self.not_registered(name, "removed"));
        }
        let meant = |known: &VersionRecord| reference.matches(&known.version, &known.digest);
        let gone: Vec<String> =
            said.versions.iter().filter(|known| meant(known)).map(|known| known.digest.clone()).collect();
        let change = if step_type == name {
            Change::Remove { kind: Kind::Step, id: name.to_owned(), expect }
        } else {
            let active = said.digest.clone();
            if said.versions.iter().any(|known| meant(known) && known.digest == active) {
                return Err(HostError::Refused(format!(
                    "`{step_type}` is the active version; make another one active first: `stepwell steps rollback {name} VERSION`"
                )));
            }
            let before = said.versions.len();
            said.versions.retain(|known| !meant(known));
            if said.versions.len() == before {
                return Err(HostError::Refused(self.unknown(step_type)));
            }
            put(name, &said, expect)
        };
        if !force {
            self.is_unused(step_type, &gone).await?;
        }
        self.ctx.store.write(vec![change, Change::Audit(audit)]).await?;
        self.ctx.store.announce(Wake::Steps);
        self.refresh().await
    }

    /// Refuses to remove components that steps of stored jobs need: no other component of their type could
    /// run them, or the next one refuses them.
    async fn is_unused(&self, step_type: &str, gone: &[String]) -> Result<(), HostError> {
        let name = type_of(step_type);
        let all = self.ctx.sandbox.components(name).into_iter().map(|(component, _)| component);
        let left: Vec<Component> =
            all.filter(|found| !gone.iter().any(|gone| gone == found.digest())).collect();
        let mut refused = Vec::new();
        let mut after = String::new();
        while refused.len() < MOST_REFUSED {
            let jobs = self.ctx.jobs().list(&after, 500).await?;
            let Some(last) = jobs.last() else { break };
            after.clone_from(&last.job.id);
            for job in &jobs {
                for step in job.job.all_steps().filter(|step| type_of(&step.step_type) == name) {
                    if let Some(message) = self.would_lack(step, gone, &left).await? {
                        let (job_id, step_id) = (job.job.id.clone(), step.id.clone());
                        refused.push(RefusedJob { job_id, step_id, message });
                    }
                }
            }
        }
        if refused.is_empty() {
            return Ok(());
        }
        let head = format!(
            "`{step_type}` is not removed: {} of stored jobs would not run without it; change or delete them, or use `--force` (`force=true`)",
            counted(refused.len())
        );
        Err(HostError::Refused(listed(head, &refused)))
    }

    /// Returns the reason why a step could not run without these components: no component of its type
    /// remains, or the remaining one refuses its configuration.
    async fn would_lack(
        &self,
        step: &StepDefinition,
        gone: &[String],
        left: &[Component],
    ) -> Result<Option<String>, HostError> {
        let Ok(reference) = StepRef::parse(&step.step_type) else { return Ok(None) };
        // A step that uses another component now keeps it.
        let today = self.ctx.sandbox.digest(&step.step_type);
        if today.is_none_or(|today| !gone.contains(&today)) {
            return Ok(None);
        }
        let fits = |found: &&Component| reference.matches(&found.manifest().version, found.digest());
        let next = left.iter().filter(fits);
        let next = next.max_by(|a, b| compare_versions(&a.manifest().version, &b.manifest().version));
        match next {
            None => Ok(Some(format!("there is no other component of `{}`", step.step_type))),
            Some(next) => self.objection(step, next).await,
        }
    }
}
