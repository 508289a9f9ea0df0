//! Rollback of registered steps to an earlier version.

use stepwell_engine::reference::{StepRef, compare_versions};
use stepwell_engine::store::{Audit, Change, Expect, Kind, Wake};

use super::{Activated, StepRecord, VersionRecord, put};
use crate::HostError;
use crate::steps::Steps;

impl Steps {
    /// Makes an earlier version of a step type active: the given one, or the one that was registered before
    /// the active one. Admitted runs keep their versions.
    ///
    /// # Errors
    /// Fails when there is no such version, the vendor is reserved, or the store fails.
    pub async fn roll_back(
        &self,
        step_type: &str,
        version: Option<&str>,
        audit: Audit,
    ) -> Result<Activated, HostError> {
        self.refresh().await?;
        self.may_change(step_type, &audit)?;
        let (mut said, expect) = self.step_record(step_type).await?;
        if said.versions.is_empty() {
            return Err(self.not_registered(step_type, "rolled back"));
        }
        let previous = said.version_of(&said.digest);
        let Some(chosen) = said.earlier(step_type, version)?.cloned() else {
            return self.restore_built_in(step_type, previous, expect, audit).await;
        };
        said.digest = chosen.digest.clone();
        said.at = self.ctx.clock.now();
        let from = previous.clone().unwrap_or_default();
        let audit = Audit { detail: format!("{from} -> {}", chosen.version), ..audit };
        self.ctx.store.write(vec![put(step_type, &said, expect), Change::Audit(audit)]).await?;
        self.refresh().await?;
        self.ctx.store.announce(Wake::Steps);
        let refused = match self.load(&chosen.digest).await? {
            Some(component) => self.refused_jobs(&component).await?,
            None => Vec::new(),
        };
        let VersionRecord { version, digest, .. } = chosen;
        Ok(Activated { step_type: step_type.to_owned(), version, digest, previous, refused })
    }

    /// Makes the built-in step active again when there is no earlier registered version. Refuses when no
    /// built-in step has this name.
    async fn restore_built_in(
        &self,
        step_type: &str,
        previous: Option<String>,
        expect: Expect,
        audit: Audit,
    ) -> Result<Activated, HostError> {
        let built_in =
            self.ctx.sandbox.built_in(step_type).and_then(|digest| self.ctx.sandbox.by_digest(&digest));
        let Some(built_in) = built_in else {
            return Err(HostError::Refused(format!(
                "version {} is the first registered version of `{step_type}`; there is no earlier one",
                previous.unwrap_or_default()
            )));
        };
        let gone = Change::Remove { kind: Kind::Step, id: step_type.to_owned(), expect };
        let detail = format!("{} -> built in", previous.clone().unwrap_or_default());
        self.ctx.store.write(vec![gone, Change::Audit(Audit { detail, ..audit })]).await?;
        self.refresh().await?;
        self.ctx.store.announce(Wake::Steps);
        Ok(Activated {
            step_type: step_type.to_owned(),
            version: built_in.manifest().version.clone(),
            digest: built_in.digest().to_owned(),
            previous,
            refused: self.refused_jobs(&built_in).await?,
        })
    }
}

impl StepRecord {
    /// Returns the version to activate. `None` means the version before the first one.
    fn earlier(&self, step_type: &str, version: Option<&str>) -> Result<Option<&VersionRecord>, HostError> {
        let Some(wanted) = version else {
            let active = self.versions.iter().position(|version| version.digest == self.digest);
            let before = active.and_then(|active| active.checked_sub(1));
            return Ok(before.and_then(|before| self.versions.get(before)));
        };
        let text = format!("{step_type}@{wanted}");
        let reference = StepRef::parse(&text).map_err(HostError::Refused)?;
        let fitting = self.versions.iter().filter(|known| reference.matches(&known.version, &known.digest));
        let found = fitting.max_by(|a, b| compare_versions(&a.version, &b.version));
        found.map(Some).ok_or_else(|| {
            let known: Vec<&str> = self.versions.iter().map(|known| known.version.as_str()).collect();
            HostError::Refused(format!(
                "version `{wanted}` of `{step_type}` is not registered; the registered versions are {}",
                known.join(", ")
            ))
        })
    }
}
