//! The locks of an installation of Atlantis: its own answers, and the migration to the locks of Stepwell.

mod control;
mod measures;
mod site;
mod values;

use std::sync::Arc;
use std::time::Duration;

use stepwell_atlantis::bridge::{Bridge, Mode, System};
use stepwell_atlantis::format::{CommandLock, CommandName, GoTime, Identity, ProjectLock};
use stepwell_atlantis::locks::{
    InstallationError, LegacyError, Listing, ProjectLocks as _, Reach, Report, StoredLock, TryLock, Unlocked,
    Wait,
};
use stepwell_atlantis::migration::{Comparison, Controller, Difference, Metrics, merged};
use stepwell_engine::StoreError;
use stepwell_engine::clock::short;
use stepwell_engine::lock::LockError;
use tokio::time::sleep;

use crate::HostError;
use crate::access::By;
use crate::context::Context;
use crate::service::POLL;

pub use control::{LockCounts, MigrationState, MigrationStep};
pub(crate) use site::{Parts, Site, check};
pub use site::{installation, locking};

/// The first pause between two tries to take a lock of Atlantis, and the longest. Each pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The longest wait of one request.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// The time between two rounds of a service.
const ROUND: Duration = Duration::from_secs(5);
/// The most locks of one request.
const MOST_LOCKS: usize = 32;

/// The error of an operation on the locks of Atlantis.
#[derive(Debug, thiserror::Error)]
pub enum AtlantisError {
    /// The configuration names no installation.
    #[error(
        "the configuration names no installation of Atlantis: add `atlantis: {{file: ...}}` or `atlantis: {{redis: ...}}`"
    )]
    Absent,
    /// Another process decides.
    #[error(
        "`{0}` decides about the locks of Atlantis: send the request to that service (`--server URL`), or stop it first"
    )]
    Elsewhere(String),
    /// The present state does not allow it.
    #[error("{0}")]
    Refused(String),
    /// The request is wrong in itself, or asks for a feature that is off.
    #[error("{0}")]
    Wrong(String),
    /// The store of Atlantis, or the locks of Stepwell, refused or failed.
    #[error(transparent)]
    Locks(#[from] LegacyError),
    /// The store of Atlantis cannot be checked.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// The store of Stepwell failed.
    #[error(transparent)]
    Host(#[from] HostError),
}

impl From<LockError> for AtlantisError {
    fn from(error: LockError) -> Self {
        Self::Host(error.into())
    }
}

impl From<StoreError> for AtlantisError {
    fn from(error: StoreError) -> Self {
        Self::Host(error.into())
    }
}

/// A request for one lock, or for several at once.
#[derive(Debug, Clone, Default)]
pub struct TryLocks {
    /// The locks. A request takes all of them, or none.
    pub locks: Vec<ProjectLock>,
    /// The groups of the user, for `canary-criteria`.
    pub groups: Vec<String>,
    /// The longest wait. `None`: as the settings say.
    pub wait: Option<Duration>,
    /// The priority. `None`: the lowest.
    pub priority: Option<u8>,
}

/// The locks of the installation of Atlantis that the configuration names.
#[derive(Clone)]
pub struct AtlantisService {
    pub(crate) ctx: Arc<Context>,
}

impl AtlantisService {
    fn site(&self) -> Result<&Site, AtlantisError> {
        self.ctx.atlantis.as_ref().ok_or(AtlantisError::Absent)
    }

    /// Returns the settings of the locks, with the origin of each.
    ///
    /// # Errors
    /// Fails without an installation.
    pub fn settings(&self) -> Result<&Bridge, AtlantisError> {
        Ok(&self.site()?.bridge)
    }

    /// Returns whether the lock of `apply` can be changed.
    ///
    /// # Errors
    /// Fails without an installation.
    pub fn has_apply_lock(&self) -> Result<bool, AtlantisError> {
        Ok(self.site()?.has_apply_lock)
    }

    /// Returns the controller of this process, if it decides at the moment.
    async fn running(&self, site: &Site) -> Option<Arc<Controller>> {
        site.owned.lock().await.as_ref().map(control::Owned::controller)
    }

    /// Measures an operation of the store of Atlantis that no controller measures.
    async fn timed<T>(
        &self,
        site: &Site,
        operation: impl Future<Output = Result<T, LegacyError>>,
    ) -> Result<T, LegacyError> {
        let start = self.ctx.now();
        let answer = operation.await;
        let took = (self.ctx.now() - start).to_std().unwrap_or_default();
        let failed = matches!(
            answer,
            Err(LegacyError::Store { .. } | LegacyError::Damaged { .. } | LegacyError::Busy { .. })
        );
        site.measures.operation(System::Legacy, took, failed);
        answer
    }

    /// Returns the locks of Atlantis and those that Stepwell serves for it.
    ///
    /// # Errors
    /// Fails when one of the systems does.
    pub async fn list(&self) -> Result<Listing, AtlantisError> {
        let site = self.site()?;
        if let Some(controller) = self.running(site).await {
            return Ok(controller.list().await?);
        }
        let legacy = self.timed(site, site.legacy.list()).await?;
        let is_shadow = self.state_mode(site).await? == Mode::Shadow;
        Ok(merged(legacy, site.enhanced.list().await?, is_shadow))
    }

    /// Returns the lock with a key, as Atlantis shows it.
    ///
    /// # Errors
    /// Fails when one of the systems does, and for a text that is no key.
    pub async fn get(&self, key: &str) -> Result<Option<StoredLock>, AtlantisError> {
        let site = self.site()?;
        let of = Identity::of_key(key).ok_or(LegacyError::Key)?;
        if let Some(controller) = self.running(site).await {
            return Ok(controller.get(&of).await?);
        }
        match self.timed(site, site.legacy.get(&of)).await? {
            Some(lock) => Ok(Some(lock)),
            None => Ok(site.enhanced.get(&of).await?),
        }
    }

    /// Releases the lock with a key, as Atlantis shows it.
    ///
    /// # Errors
    /// Fails when the system of the lock does, another process decides, and for a text that is no key.
    pub async fn unlock(&self, by: &By, key: &str) -> Result<Option<StoredLock>, AtlantisError> {
        let site = self.site()?;
        let of = Identity::of_key(key).ok_or(LegacyError::Key)?;
        let controller = self.controller(site).await?;
        let released = controller.unlock(&of).await;
        self.finished(site, None).await?;
        if let Ok(Some(lock)) = &released {
            self.note(by, "atlantis.unlock", key, &format!("of pull request {}", lock.lock.pull.num)).await?;
        }
        Ok(released?)
    }

    /// Releases the locks of a pull request.
    ///
    /// # Errors
    /// Fails when one of the systems does, a lock in reach is damaged, or another process decides.
    pub async fn unlock_by_pull(
        &self,
        by: &By,
        repo: &str,
        pull: i64,
        reach: Reach,
    ) -> Result<Unlocked, AtlantisError> {
        let site = self.site()?;
        let controller = self.controller(site).await?;
        let unlocked = controller.unlock_by_pull(repo, pull, reach).await;
        self.finished(site, None).await?;
        let count = unlocked.as_ref().map_or(0, |unlocked| unlocked.deleted.len());
        if count > 0 {
            let target = format!("{repo}#{pull}");
            self.note(by, "atlantis.unlock", &target, &format!("{count} of the pull request")).await?;
        }
        Ok(unlocked?)
    }

    /// Takes locks, all of them or none. Returns an answer for each lock until the first that was refused.
    ///
    /// # Errors
    /// Fails when the settings do not allow the request, one of the systems does, or another process decides.
    pub async fn try_locks(&self, by: &By, request: &TryLocks) -> Result<Vec<TryLock>, AtlantisError> {
        let site = self.site()?;
        let patience = Patience::of(&site.bridge, request)?;
        let answers = self.patiently(site, request, &patience).await;
        self.finished(site, None).await?;
        let answers = answers?;
        if answers.iter().all(|answer| answer.acquired) {
            for answer in &answers {
                let detail = format!("for pull request {}", answer.current.lock.pull.num);
                self.note(by, "atlantis.lock", &answer.current.key, &detail).await?;
            }
        }
        Ok(answers)
    }

    async fn patiently(
        &self,
        site: &Site,
        request: &TryLocks,
        patience: &Patience,
    ) -> Result<Vec<TryLock>, AtlantisError> {
        let (start, mut pause, mut tries) = (self.ctx.now(), FIRST_PAUSE, patience.tries);
        loop {
            let controller = self.controller(site).await?;
            let answers = all_or_none(&controller, request).await?;
            let passed = (self.ctx.now() - start).to_std().unwrap_or_default();
            let left = patience.limit.saturating_sub(passed);
            if tries == 0 || left.is_zero() || answers.iter().all(|answer| answer.acquired) {
                return Ok(answers);
            }
            let queued = match (&*request.locks, patience.queues) {
                ([lock], true) => {
                    let wait = Wait { limit: left, priority: request.priority.unwrap_or_default() };
                    controller.wait(lock, &request.groups, &wait).await?
                }
                _ => None,
            };
            if let Some(answer) = queued {
                return Ok(vec![answer]);
            }
            sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            tries -= 1;
        }
    }

    /// Locks the command `apply` for the whole installation.
    ///
    /// # Errors
    /// Fails when the store of Atlantis does, and when the command is locked.
    pub async fn lock_apply(&self, by: &By) -> Result<CommandLock, AtlantisError> {
        let site = self.site()?;
        let time = GoTime::utc(self.ctx.now());
        let lock = self.timed(site, site.legacy.lock_command(CommandName::APPLY, time)).await?;
        self.note(by, "atlantis.lock", "apply", "").await?;
        Ok(lock)
    }

    /// Releases the lock of the command `apply`.
    ///
    /// # Errors
    /// Fails when the store of Atlantis does, and when the command is not locked.
    pub async fn unlock_apply(&self, by: &By) -> Result<(), AtlantisError> {
        let site = self.site()?;
        self.timed(site, site.legacy.unlock_command(CommandName::APPLY)).await?;
        self.note(by, "atlantis.unlock", "apply", "").await
    }

    /// Checks the store of Atlantis, and changes nothing.
    ///
    /// # Errors
    /// Fails when the store cannot be read.
    pub async fn validate(&self) -> Result<Report, AtlantisError> {
        Ok(self.site()?.installation.report().await?)
    }

    /// Returns the comparison of both systems in this process, which has no figures while another process decides.
    ///
    /// # Errors
    /// Fails without an installation.
    pub async fn comparison(&self) -> Result<Comparison, AtlantisError> {
        let running = self.running(self.site()?).await;
        Ok(running.map_or_else(|| Metrics::default().comparison(), |controller| controller.comparison()))
    }

    /// Returns the different answers of both systems that this process remembers, the oldest first.
    ///
    /// # Errors
    /// Fails without an installation.
    pub async fn differences(&self) -> Result<Vec<Difference>, AtlantisError> {
        Ok(self.running(self.site()?).await.map(|controller| controller.differences()).unwrap_or_default())
    }

    /// Checks the health of both systems and moves locks, until this process ends.
    pub(crate) async fn serve(&self) {
        let Some(site) = &self.ctx.atlantis else { return self.ctx.node.draining.cancelled().await };
        let mut last = String::new();
        while !self.ctx.is_draining() {
            let problem = self.tend(site).await.err().map(|error| error.to_string()).unwrap_or_default();
            if problem != last && !problem.is_empty() {
                tracing::warn!("the migration from Atlantis does not proceed: {problem}");
            }
            last = problem;
            tokio::select! {
                biased;
                () = self.ctx.node.draining.cancelled() => break,
                () = sleep(ROUND.max(POLL)) => {}
            }
        }
        self.leave().await;
    }

    async fn note(&self, by: &By, action: &str, target: &str, detail: &str) -> Result<(), AtlantisError> {
        let row = self.ctx.audit().row(by, action, target, detail);
        Ok(self.ctx.audit().append(vec![row]).await?)
    }
}

/// The tries of a request.
struct Patience {
    limit: Duration,
    tries: u32,
    /// Whether the request waits in the queue of Stepwell, where Stepwell serves the lock.
    queues: bool,
}

impl Patience {
    /// Reads the settings: `locks.timeout` and `locks.retries` bound the tries, and a request says more where the
    /// features allow it.
    fn of(bridge: &Bridge, request: &TryLocks) -> Result<Self, AtlantisError> {
        let (settings, features) = (&bridge.settings, &bridge.settings.features);
        let refused = |why: String| Err(AtlantisError::Wrong(why));
        let needs = |what: &str, key: &str| {
            refused(format!("{what} needs `enhanced-locking.{key}: true` in the configuration"))
        };
        let is_on = |feature: bool| settings.enabled && feature;
        match request {
            TryLocks { locks, .. } if locks.is_empty() || locks.len() > MOST_LOCKS => {
                return refused(format!("a request names from 1 to {MOST_LOCKS} locks"));
            }
            TryLocks { locks, .. } if locks.len() > 1 && !is_on(features.batch) => {
                return needs("a request for several locks", "feature-flags.batch-operations");
            }
            TryLocks { wait: Some(_), .. } if !is_on(features.timeouts) => {
                return needs("`wait`", "feature-flags.enhanced-timeouts");
            }
            TryLocks { priority: Some(_), .. } if !is_on(features.priority_queue) => {
                return needs("`priority`", "feature-flags.priority-queuing");
            }
            TryLocks { priority: Some(10..), .. } => {
                return refused("`priority` is a number from 0 to 9".to_owned());
            }
            _ => {}
        }
        // Outside of the compatibility mode, further tries are a feature.
        let has_retries = !settings.enabled || settings.compatibility || features.retries;
        let retries = if has_retries { settings.retries } else { 0 };
        let limit = request.wait.unwrap_or(settings.timeout).min(LONGEST_WAIT);
        let (limit, tries) = match (limit.is_zero(), retries) {
            (true, 0) => (Duration::ZERO, 0),
            (true, tries) => (LONGEST_WAIT, tries),
            (false, 0) => (limit, u32::MAX),
            (false, tries) => (limit, tries),
        };
        Ok(Self { limit, tries, queues: is_on(features.priority_queue || features.deadlock_detection) })
    }
}

/// Takes all locks, in the order of their keys. After a refusal, it releases those that it took.
async fn all_or_none(controller: &Controller, request: &TryLocks) -> Result<Vec<TryLock>, AtlantisError> {
    let mut locks: Vec<&ProjectLock> = request.locks.iter().collect();
    locks.sort_by_key(|lock| lock.identity().key());
    let mut answers: Vec<TryLock> = Vec::new();
    for lock in locks {
        let answer = controller.try_lock(lock, &request.groups).await;
        if !answer.as_ref().is_ok_and(|answer| answer.acquired) {
            for taken in answers.iter().filter(|answer| answer.acquired) {
                controller.unlock(&taken.current.lock.identity()).await?;
            }
            answers.clear();
        }
        let answer = answer?;
        let is_refused = !answer.acquired;
        answers.push(answer);
        if is_refused {
            break;
        }
    }
    Ok(answers)
}

/// Shows the moment at which a command was locked, as Atlantis does.
#[must_use]
pub fn command_time(lock: &CommandLock) -> String {
    let at = chrono::DateTime::from_timestamp(lock.unix_time, 0).unwrap_or_default();
    short(at).replace('T', " ").trim_end_matches('Z').to_owned()
}
