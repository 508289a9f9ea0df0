//! The one process that decides about the locks of Atlantis, and the migration that it runs.
//!
//! All requests for locks go through one controller, because it holds the turn of a lock while it decides. So a process
//! takes a lock of Stepwell before it decides. Its lease is renewed by the requests themselves, and after a lease that
//! expired no process gets the lock for a while, in which a request of the former holder ends.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stepwell_atlantis::bridge::{Migration, Mode, System};
use stepwell_atlantis::locks::ProjectLocks;
use stepwell_atlantis::migration::{Controller, Moved, Recommendation};
use stepwell_engine::clock::Timestamp;
use stepwell_engine::lock::{Acquire, Answer, Command, LockError, Mode as LockMode, Name, Owner, Want};
use stepwell_engine::store::{Change, Expect, Kind};

use super::site::Site;
use super::{AtlantisError, AtlantisService};
use crate::access::By;
use crate::node::machine;

/// The lock of the process that decides.
const CONTROL: &str = "atlantis-control";
/// The lease of this lock, the age at which a request renews it, and the time after an expired lease for which no
/// other process decides. A request takes at most 30 s, so it ends before another process begins.
const LEASE: Duration = Duration::from_secs(60);
const RENEW_AFTER: chrono::TimeDelta = chrono::TimeDelta::seconds(15);
const DELAY: Duration = Duration::from_secs(30);
/// The id of the record of the migration.
const RECORD: &str = "present";
/// The steps of the mode `gradual`, in percent of the locks.
const STEPS: [u8; 4] = [10, 25, 50, 100];

/// The right to decide.
pub(crate) struct Owned {
    controller: Arc<Controller>,
    token: u64,
    renewed: Timestamp,
    /// The step that is in the store.
    saved: MigrationStep,
}

/// The part of the migration that commands and rollbacks change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrationStep {
    /// The mode.
    pub mode: Mode,
    /// The share of the locks that Stepwell serves, in percent.
    #[serde(rename = "traffic-percentage")]
    pub percentage: u8,
    /// The system that serves all locks in the mode `blue-green`.
    #[serde(rename = "active-system")]
    pub active: System,
}

/// The step in the store, and the one of the configuration at that time: when the configuration changes, it counts.
#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    configured: MigrationStep,
    present: MigrationStep,
}

impl Owned {
    pub(super) fn controller(&self) -> Arc<Controller> {
        self.controller.clone()
    }
}

impl MigrationStep {
    fn of(migration: &Migration) -> Self {
        Self { mode: migration.mode, percentage: migration.percentage, active: migration.active }
    }

    /// Returns a migration with this step. Criteria belong to the mode `gradual`.
    fn applied(&self, to: &Migration) -> Migration {
        Migration { mode: self.mode, percentage: self.percentage, active: self.active, ..to.clone() }
    }

    /// Returns the next step: from shadow to a growing share of the locks, and then to all of them.
    fn next(&self) -> Option<Self> {
        let gradual = |percentage| Self { mode: Mode::Gradual, percentage, active: System::Legacy };
        match self.mode {
            Mode::Off => Some(Self { mode: Mode::Shadow, percentage: 0, active: System::Legacy }),
            Mode::Shadow => STEPS.first().map(|first| gradual(*first)),
            Mode::Gradual => {
                let larger = STEPS.iter().find(|step| **step > self.percentage).map(|step| gradual(*step));
                let all = Self { mode: Mode::BlueGreen, percentage: 0, active: System::Enhanced };
                Some(larger.unwrap_or(all))
            }
            Mode::BlueGreen if self.active == System::Legacy => {
                Some(Self { active: System::Enhanced, ..self.clone() })
            }
            Mode::BlueGreen => None,
        }
    }
}

/// The state of the migration.
#[derive(Debug, Clone, Serialize)]
pub struct MigrationState {
    /// True when the settings let the locks of Stepwell take part.
    pub enabled: bool,
    /// The present step.
    #[serde(flatten)]
    pub step: MigrationStep,
    /// The step that follows. Absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<MigrationStep>,
    /// The number of locks that each system holds. A copy of the mode `shadow` counts in both.
    pub locks: LockCounts,
    /// The process that decides. Absent when none does at the moment.
    #[serde(rename = "decided-by", skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// The locks that the last change moved, and those that stay for a reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
}

/// Numbers of locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LockCounts {
    /// Those in the store of Atlantis.
    pub legacy: usize,
    /// Those in Stepwell.
    pub enhanced: usize,
}

impl AtlantisService {
    /// Returns the migration in force: that of the configuration, with the step that a command or a rollback has set
    /// since.
    async fn migration(&self, site: &Site) -> Result<Migration, AtlantisError> {
        let settings = &site.bridge.settings;
        if !settings.enabled {
            return Ok(Migration::default());
        }
        let configured = MigrationStep::of(&settings.migration);
        let record = self.ctx.store.record(Kind::AtlantisMigration, RECORD).await?;
        let saved = record.and_then(|record| serde_json::from_value::<Saved>(record.value).ok());
        let saved = saved.filter(|saved| saved.configured == configured);
        Ok(saved
            .map_or_else(|| settings.migration.clone(), |saved| saved.present.applied(&settings.migration)))
    }

    /// Returns the mode in force.
    pub(super) async fn state_mode(&self, site: &Site) -> Result<Mode, AtlantisError> {
        Ok(self.migration(site).await?.mode)
    }

    /// Returns the controller, after this process has the right to decide.
    pub(super) async fn controller(&self, site: &Site) -> Result<Arc<Controller>, AtlantisError> {
        let mut owned = site.owned.lock().await;
        if let Some(held) = &mut *owned {
            if self.ctx.now() - held.renewed < RENEW_AFTER {
                return Ok(held.controller.clone());
            }
            match self.renew(site, held.token).await {
                Ok(at) => {
                    held.renewed = at;
                    return Ok(held.controller.clone());
                }
                Err(error) if error.is_temporary() || matches!(error, LockError::Failed(_)) => {
                    return Err(error.into());
                }
                // Another process may have decided meanwhile, so the locks are read again.
                Err(_) => *owned = None,
            }
        }
        let (token, renewed) = self.take_control(site).await?;
        match self.started(site).await {
            Ok((controller, saved)) => {
                *owned = Some(Owned { controller: controller.clone(), token, renewed, saved });
                Ok(controller)
            }
            Err(error) => {
                self.give_up_control(site, token).await;
                Err(error)
            }
        }
    }

    async fn started(&self, site: &Site) -> Result<(Arc<Controller>, MigrationStep), AtlantisError> {
        let migration = self.migration(site).await?;
        let step = MigrationStep::of(&migration);
        let clock = self.ctx.clock.clone();
        let start = clock.now();
        let elapsed = Arc::new(move || (clock.now() - start).to_std().unwrap_or_default());
        let swept = site.enhanced.sweep().await?;
        if swept > 0 {
            tracing::info!("{swept} values of locks of Atlantis had no lock, and are deleted");
        }
        let (legacy, enhanced) = (site.legacy.clone(), site.enhanced.clone());
        let (controller, twice) = Controller::start(legacy, enhanced, migration, elapsed).await?;
        for key in twice {
            tracing::warn!(
                key,
                "Atlantis and Stepwell both hold this lock, with different pull requests: release one"
            );
        }
        let measures = site.measures.clone();
        Ok((Arc::new(controller.watched(Arc::new(move |observed| measures.take(observed)))), step))
    }

    async fn take_control(&self, site: &Site) -> Result<(u64, Timestamp), AtlantisError> {
        let (name, now) = (control()?, self.ctx.now());
        let ticket = self.ctx.locks().new_ticket();
        let mut request = Acquire::new(
            &ticket,
            Owner::new(&actor(), ""),
            vec![Want::new(name.clone(), LockMode::Exclusive)],
        );
        (request.lease, request.lock_delay) = (Some(LEASE), DELAY);
        request.reason = "decides about the locks of Atlantis".to_owned();
        match self.ctx.locks.run(&site.project, Command::Acquire(Box::new(request)), now).await? {
            Answer::Acquired { held, .. } => {
                let token = held.first().map(|held| held.token);
                let lost = || LockError::Failed("a lock was taken without a token".to_owned());
                Ok((token.ok_or_else(lost)?, now))
            }
            _ => Err(AtlantisError::Elsewhere(self.decided_by(site).await?.unwrap_or_default())),
        }
    }

    async fn renew(&self, site: &Site, token: u64) -> Result<Timestamp, LockError> {
        let now = self.ctx.now();
        let extend = Command::Extend { name: control()?, token, by: actor(), lease: LEASE };
        self.ctx.locks.run(&site.project, extend, now).await.map(|_| now)
    }

    async fn give_up_control(&self, site: &Site, token: u64) {
        let Ok(name) = control() else { return };
        let release = Command::Release { name, token, by: actor() };
        // Otherwise its lease ends.
        let _ = self.ctx.locks.run(&site.project, release, self.ctx.now()).await;
    }

    /// Gives up the right to decide, so that another process can take it at once.
    pub(crate) async fn leave(&self) {
        let Some(site) = &self.ctx.atlantis else { return };
        if let Some(owned) = site.owned.lock().await.take() {
            self.give_up_control(site, owned.token).await;
        }
    }

    /// Returns the process that decides.
    async fn decided_by(&self, site: &Site) -> Result<Option<String>, AtlantisError> {
        match self.ctx.locks.show(&site.project, &control()?, self.ctx.now()).await {
            Ok(view) => Ok(view.holders.into_iter().next().map(|holder| holder.actor)),
            Err(LockError::UnknownLock(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Stores the step of the migration when it has changed, and ends the operation of a command, which decides
    /// nothing afterwards.
    pub(super) async fn finished(&self, site: &Site, by: Option<&By>) -> Result<(), AtlantisError> {
        let mut owned = site.owned.lock().await;
        if let Some(held) = &mut *owned {
            let present = MigrationStep::of(&held.controller.migration());
            if present != held.saved {
                self.save(site, &present, by).await?;
                held.saved = present;
            }
        }
        drop(owned);
        if !self.ctx.is_serving() {
            self.leave().await;
        }
        Ok(())
    }

    async fn save(&self, site: &Site, present: &MigrationStep, by: Option<&By>) -> Result<(), AtlantisError> {
        let configured = MigrationStep::of(&site.bridge.settings.migration);
        let value =
            serde_json::to_value(Saved { configured, present: present.clone() }).unwrap_or(Value::Null);
        let (kind, id) = (Kind::AtlantisMigration, RECORD.to_owned());
        let put = Change::Put { kind, id, state: String::new(), value, expect: Expect::Any };
        let node = By { identity: format!("node:{}", machine()), name: String::new() };
        let (by, action) = match by {
            Some(by) => (by, "atlantis.migrate"),
            None => (&node, "atlantis.rollback"),
        };
        let detail = format!("{}, {}%, active: {}", present.mode, present.percentage, present.active);
        let row = self.ctx.audit().row(by, action, "atlantis", &detail);
        Ok(self.ctx.store.write(vec![Change::Audit(row), put]).await?)
    }

    /// Returns the state of the migration. It changes nothing.
    ///
    /// # Errors
    /// Fails when one of the systems cannot be read.
    pub async fn state(&self) -> Result<MigrationState, AtlantisError> {
        let site = self.site()?;
        self.state_of(site, None).await
    }

    async fn state_of(&self, site: &Site, moved: Option<Moved>) -> Result<MigrationState, AtlantisError> {
        let step = MigrationStep::of(&self.migration(site).await?);
        let held = LockCounts {
            legacy: site.legacy.list().await?.locks.len(),
            enhanced: site.enhanced.list().await?.locks.len(),
        };
        let enabled = site.bridge.settings.enabled;
        let next = enabled.then(|| step.next()).flatten();
        let decided_by = self.decided_by(site).await?;
        Ok(MigrationState { enabled, step, next, locks: held, decided_by, moved })
    }

    /// Changes the step of the migration, and moves the locks that it concerns.
    ///
    /// # Errors
    /// Fails when the settings do not allow it, another process decides, or one of the systems fails.
    pub async fn migrate(&self, by: &By, step: &MigrationStep) -> Result<MigrationState, AtlantisError> {
        let site = self.site()?;
        step.check(site.bridge.settings.migration.canary.is_empty())?;
        if !site.bridge.settings.enabled && step.mode != Mode::Off {
            let why =
                "`enhanced-locking.enabled` is false: set it to true first, and start the service again";
            return Err(AtlantisError::Refused(why.to_owned()));
        }
        let controller = self.controller(site).await?;
        let changed = self.changed(site, &controller, step).await;
        self.finished(site, Some(by)).await?;
        self.state_of(site, Some(changed?)).await
    }

    async fn changed(
        &self,
        site: &Site,
        controller: &Controller,
        step: &MigrationStep,
    ) -> Result<Moved, AtlantisError> {
        controller.change(step.applied(&site.bridge.settings.migration)).await?;
        Ok(controller.settle().await)
    }

    /// Goes to the next step of the migration, when both systems are as good.
    ///
    /// # Errors
    /// Fails at the last step, when the comparison does not recommend it, and as [`Self::migrate`].
    pub async fn advance(&self, by: &By, force: bool) -> Result<MigrationState, AtlantisError> {
        let site = self.site()?;
        let present = MigrationStep::of(&self.migration(site).await?);
        let next = present.next().ok_or_else(|| {
            AtlantisError::Refused("Stepwell serves all locks already: there is no further step".to_owned())
        })?;
        // Without a comparison, there is nothing to judge by.
        let is_judged = present.mode != Mode::Off;
        if is_judged && !force {
            let comparison = self.controller(site).await?.comparison();
            self.finished(site, None).await?;
            if comparison.recommendation != Recommendation::Proceed {
                let issues = match comparison.issues.is_empty() {
                    true => String::new(),
                    false => format!(" ({})", comparison.issues.join(", ")),
                };
                return Err(AtlantisError::Refused(format!(
                    "the comparison recommends `{}`{issues}, and not `proceed`: wait, or add `force`",
                    comparison.recommendation
                )));
            }
        }
        self.migrate(by, &next).await
    }

    /// Goes back to the locks of Atlantis. Locks that Stepwell holds move there, and none is lost.
    ///
    /// # Errors
    /// As [`Self::migrate`].
    pub async fn roll_back(&self, by: &By) -> Result<MigrationState, AtlantisError> {
        let off = MigrationStep { mode: Mode::Off, percentage: 0, active: System::Legacy };
        self.migrate(by, &off).await
    }

    /// Checks the health and moves locks, for a service. It takes the right to decide only where there is something
    /// to decide.
    pub(super) async fn tend(&self, site: &Site) -> Result<(), AtlantisError> {
        let mode = self.migration(site).await?.mode;
        if mode == Mode::Off && site.enhanced.list().await?.locks.is_empty() {
            return Ok(());
        }
        let controller = match self.controller(site).await {
            Err(AtlantisError::Elsewhere(_)) => return Ok(()),
            controller => controller?,
        };
        if site.bridge.settings.features.health {
            controller.check_health();
        }
        let moved = controller.settle().await;
        for (key, reason) in &moved.stayed {
            tracing::debug!(key, reason, "a lock of Atlantis does not move");
        }
        self.finished(site, None).await
    }
}

impl MigrationStep {
    /// Returns whether the parts of a step belong together.
    fn check(&self, has_no_canary: bool) -> Result<(), AtlantisError> {
        let refused = |why: &str| Err(AtlantisError::Wrong(why.to_owned()));
        match self.mode {
            Mode::Gradual if self.percentage == 0 && has_no_canary => refused(
                "`gradual` needs a `traffic-percentage` from 1, or `canary-criteria` in the configuration",
            ),
            Mode::Gradual if self.percentage > 100 => {
                refused("`traffic-percentage` is a number from 0 to 100")
            }
            Mode::Off | Mode::Shadow | Mode::BlueGreen if self.percentage > 0 => {
                refused("`mode` and `traffic-percentage`: only the mode `gradual` divides the locks")
            }
            Mode::Off | Mode::Shadow | Mode::Gradual if self.active == System::Enhanced => {
                refused("`mode` and `active-system`: only the mode `blue-green` has an active system")
            }
            _ => Ok(()),
        }
    }
}

/// The name of the lock of the process that decides.
fn control() -> Result<Name, LockError> {
    Name::new(CONTROL)
}

/// The actor that holds it: this process.
fn actor() -> String {
    format!("node:{}/{}", machine(), std::process::id())
}
