//! Sends each request to its system, compares both, and moves locks from one to the other.

mod moves;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::Hasher as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Mutex as Turn;

use super::metrics::{Comparison, Metrics, Sample};
use super::parts::{Difference, Elapsed, Moved, Observed, Watch, merged};
use super::routes::{Request, Routes};
use crate::bridge::{Migration, Mode, System};
use crate::format::{Identity, ProjectLock};
use crate::locks::{Damaged, LegacyError, Listing, ProjectLocks, Reach, StoredLock, TryLock, Unlocked, Wait};

/// The locks that are known to have been compared. When there are more, all are new again.
const MAX_COMPARED: usize = 100_000;
/// The differences that are remembered.
const MAX_DIFFERENCES: usize = 1_000;
/// The locks that can be decided at the same time. Two locks may share a turn, and one lock always has the same.
const TURNS: usize = 64;

/// Both systems, with the decision which of them serves a lock.
///
/// All requests for locks have to come through one controller: it holds the turn of a lock while it decides.
pub struct Controller {
    legacy: Arc<dyn ProjectLocks>,
    enhanced: Arc<dyn ProjectLocks>,
    elapsed: Elapsed,
    watch: Watch,
    state: Mutex<State>,
    turns: Vec<Turn<()>>,
}

#[derive(Default)]
struct State {
    routes: Routes,
    metrics: Metrics,
    differences: VecDeque<Difference>,
    /// The locks that may also be in the other system, because their move did not end.
    copies: BTreeSet<String>,
    /// The keys of the locks that were compared since the start.
    compared: BTreeSet<String>,
}

/// A request on its way. When it ends in any way, also when its future is dropped, the lock may be held in its system
/// and stays there until a release says that it is free.
struct Entered<'c> {
    controller: &'c Controller,
    key: &'c str,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.controller.state().routes.acquired(self.key);
    }
}

impl Controller {
    /// Starts with the locks that both systems hold. Returns the keys that both hold with different holders: they
    /// are served by the legacy system until an operator releases one.
    ///
    /// # Errors
    /// Fails when a system cannot be read, because a lock that is not known could be granted twice.
    pub async fn start(
        legacy: Arc<dyn ProjectLocks>,
        enhanced: Arc<dyn ProjectLocks>,
        migration: Migration,
        elapsed: Elapsed,
    ) -> Result<(Self, Vec<String>), LegacyError> {
        let is_shadow = migration.mode == Mode::Shadow;
        let mut routes = Routes::new(migration);
        let (ours, theirs) = (legacy.list().await?, enhanced.list().await?);
        let mut twice = Vec::new();
        let mut held: BTreeMap<String, &StoredLock> = BTreeMap::new();
        for lock in &ours.locks {
            let key = lock.lock.identity().key();
            routes.found(&key, System::Legacy);
            held.entry(key).or_insert(lock);
        }
        for lock in &theirs.locks {
            let identity = lock.lock.identity();
            match held.get(&identity.key()) {
                None => routes.found(&identity.key(), System::Enhanced),
                // The copy for the comparison.
                Some(_) if is_shadow => {}
                // A move that ended before the copy was deleted.
                Some(other) if other.raw == lock.raw => drop(enhanced.unlock(&identity).await?),
                Some(_) => twice.push(identity.key()),
            }
        }
        let state = Mutex::new(State { routes, ..State::default() });
        let turns = (0..TURNS).map(|_| Turn::new(())).collect();
        Ok((Self { legacy, enhanced, elapsed, watch: Arc::new(|_| {}), state, turns }, twice))
    }

    /// Sends each operation and each rollback to a function.
    #[must_use]
    pub fn watched(mut self, watch: Watch) -> Self {
        self.watch = watch;
        self
    }

    /// Takes a lock for a user who is in some groups.
    ///
    /// # Errors
    /// Fails when the system of the lock does.
    pub async fn try_lock(&self, lock: &ProjectLock, groups: &[String]) -> Result<TryLock, LegacyError> {
        let identity = lock.identity();
        let key = identity.key();
        let _turn = self.turn(&key).await;
        let request =
            Request { key: &key, project: &lock.project.project_name, workspace: &lock.workspace, groups };
        let system = self.seat(&request, &identity).await?;
        let entered = Entered { controller: self, key: &key };
        let mut answer = self.timed(system, self.of(system).try_lock(lock)).await;
        if system == System::Enhanced
            && answer.as_ref().is_err_and(LegacyError::is_unserved)
            && self.falls_back(&key)
        {
            answer = self.timed(System::Legacy, self.legacy.try_lock(lock)).await;
        }
        if self.is_compared(system) {
            self.shadow_try_lock(lock, answer.as_ref().ok()).await;
        }
        drop(entered);
        self.roll_back_if_needed();
        answer
    }

    /// Waits for a lock in the queue of the enhanced system. Returns `None` when the legacy system serves the lock,
    /// which has no queue. While a request waits, the lock stays in its system.
    ///
    /// # Errors
    /// Fails when the system of the lock does, and when the wait was part of a deadlock.
    pub async fn wait(
        &self,
        lock: &ProjectLock,
        groups: &[String],
        wait: &Wait,
    ) -> Result<Option<TryLock>, LegacyError> {
        let identity = lock.identity();
        let key = identity.key();
        let entered = {
            let _turn = self.turn(&key).await;
            let (project, workspace) = (&lock.project.project_name, &lock.workspace);
            let request = Request { key: &key, project, workspace, groups };
            if self.seat(&request, &identity).await? == System::Legacy {
                self.state().routes.gave_up(&key);
                return Ok(None);
            }
            Entered { controller: self, key: &key }
        };
        // The turn is free meanwhile, so that the holder can release the lock.
        let answer = self.enhanced.lock_within(lock, wait).await;
        drop(entered);
        answer.map(Some)
    }

    /// Releases a lock.
    ///
    /// # Errors
    /// Fails when the system of the lock does.
    pub async fn unlock(&self, of: &Identity) -> Result<Option<StoredLock>, LegacyError> {
        self.release(of, None).await
    }

    /// Releases the locks of a pull request, in both systems.
    ///
    /// # Errors
    /// Fails when one of the systems does, and before it releases any when a lock in reach is damaged. After another
    /// failure, a second call releases the rest.
    pub async fn unlock_by_pull(&self, repo: &str, pull: i64, reach: Reach) -> Result<Unlocked, LegacyError> {
        let found = self.list().await?.by_pull(repo, pull, reach);
        let found = found.map_err(|Damaged { key, problem }| LegacyError::Damaged {
            phrase: "deserializing lock",
            key,
            problem,
        })?;
        let mut unlocked = Unlocked { deleted: Vec::new(), spared: found.spared };
        for lock in found.deleted {
            // Another pull request may hold it by now.
            unlocked.deleted.extend(self.release(&lock.lock.identity(), Some(pull)).await?);
        }
        Ok(unlocked)
    }

    /// Releases a lock, or only when a pull request holds it.
    async fn release(&self, of: &Identity, pull: Option<i64>) -> Result<Option<StoredLock>, LegacyError> {
        let key = of.key();
        let _turn = self.turn(&key).await;
        let system = self.state().routes.seat(&key).unwrap_or_default();
        let answer = self.release_in(system, of, pull).await;
        if self.is_compared(system) {
            let enhanced = self.release_in(System::Enhanced, of, pull).await;
            if self.state().compared.contains(&key) {
                self.compare_releases(&key, &answer, &enhanced);
            }
        }
        if let Ok(released) = &answer
            && (pull.is_none() || released.is_some())
        {
            self.state().routes.released(&key);
            self.delete_copy(of, system, released.as_ref()).await;
        }
        self.roll_back_if_needed();
        answer
    }

    async fn release_in(
        &self,
        system: System,
        of: &Identity,
        pull: Option<i64>,
    ) -> Result<Option<StoredLock>, LegacyError> {
        let locks = self.of(system);
        match pull {
            None => self.timed(system, locks.unlock(of)).await,
            Some(pull) => self.timed(system, locks.unlock_if_owned_by_pull(of, pull)).await,
        }
    }

    /// Returns a lock.
    ///
    /// # Errors
    /// Fails when the system of the lock does.
    pub async fn get(&self, of: &Identity) -> Result<Option<StoredLock>, LegacyError> {
        let system = self.state().routes.seat(&of.key()).unwrap_or_default();
        self.timed(system, self.of(system).get(of)).await
    }

    /// Returns the locks of both systems. A lock that moves, and a copy for the comparison, are there once.
    ///
    /// # Errors
    /// Fails when one of the systems does.
    pub async fn list(&self) -> Result<Listing, LegacyError> {
        let legacy = self.timed(System::Legacy, self.legacy.list()).await?;
        let enhanced = self.timed(System::Enhanced, self.enhanced.list()).await?;
        let is_shadow = {
            let mut state = self.state();
            state.metrics.memory(System::Legacy, legacy.bytes());
            state.metrics.memory(System::Enhanced, enhanced.bytes());
            state.routes.migration().mode == Mode::Shadow
        };
        Ok(merged(legacy, enhanced, is_shadow))
    }

    /// Changes the settings. Locks in use stay where they are until [`Self::settle`] moves them. When `shadow` ends,
    /// the copies for the comparison are deleted first: otherwise they would be in the way of later requests.
    ///
    /// # Errors
    /// Fails when the copies cannot be deleted. The settings are as before.
    pub async fn change(&self, migration: Migration) -> Result<(), LegacyError> {
        let _turns = self.all_turns().await;
        let was_shadow = self.state().routes.migration().mode == Mode::Shadow;
        if was_shadow && migration.mode != Mode::Shadow {
            for lock in self.enhanced.list().await?.locks {
                let identity = lock.lock.identity();
                if self.state().routes.seat(&identity.key()) != Some(System::Enhanced) {
                    self.enhanced.unlock(&identity).await?;
                }
            }
        }
        let mut state = self.state();
        state.routes.change(migration);
        state.metrics.restarted();
        Ok(())
    }

    /// Makes the legacy system the active one when the health of the enhanced one is bad. Returns true when it did.
    pub fn check_health(&self) -> bool {
        let is_bad = !self.state().metrics.comparison().compatible;
        is_bad && self.roll_back()
    }

    /// The comparison of both systems.
    #[must_use]
    pub fn comparison(&self) -> Comparison {
        self.state().metrics.comparison()
    }

    /// The differences since the start, the oldest first.
    #[must_use]
    pub fn differences(&self) -> Vec<Difference> {
        self.state().differences.iter().cloned().collect()
    }

    /// The settings in use, after a rollback those of the rollback.
    #[must_use]
    pub fn migration(&self) -> Migration {
        self.state().routes.migration().clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A state is changed by single calls that do not panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn turn(&self, key: &str) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let mut hasher = fnv::FnvHasher::default();
        hasher.write(key.as_bytes());
        let at = usize::try_from(hasher.finish() % TURNS as u64).unwrap_or_default();
        match self.turns.get(at) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        }
    }

    /// All turns, in their order. No request is under way meanwhile.
    async fn all_turns(&self) -> Vec<tokio::sync::MutexGuard<'_, ()>> {
        let mut turns = Vec::with_capacity(self.turns.len());
        for turn in &self.turns {
            turns.push(turn.lock().await);
        }
        turns
    }

    /// True when the other system decides, too. A lock that is still in the enhanced system has no second answer.
    fn is_compared(&self, system: System) -> bool {
        system == System::Legacy && self.state().routes.migration().mode == Mode::Shadow
    }

    fn of(&self, system: System) -> &dyn ProjectLocks {
        match system {
            System::Legacy => &*self.legacy,
            System::Enhanced => &*self.enhanced,
        }
    }

    /// The system of a request. A lock that is not in use yet and that the enhanced system should serve may be held
    /// in the legacy one by Atlantis itself.
    async fn seat(&self, request: &Request<'_>, identity: &Identity) -> Result<System, LegacyError> {
        let (is_new, preferred, mode) = {
            let routes = &self.state().routes;
            (routes.seat(request.key).is_none(), routes.preferred(request), routes.migration().mode)
        };
        match (is_new, preferred) {
            (true, System::Enhanced) => {
                let held = self.timed(System::Legacy, self.legacy.get(identity)).await?;
                if held.is_some() {
                    self.state().routes.found(request.key, System::Legacy);
                }
            }
            // A job of Stepwell may hold it or wait for it.
            (true, System::Legacy) if matches!(mode, Mode::Gradual | Mode::BlueGreen) => {
                if let Some(by) = self.enhanced.stranger(identity).await? {
                    return Err(LegacyError::Stranger { key: request.key.to_owned(), by });
                }
            }
            _ => {}
        }
        Ok(self.state().routes.enter(request))
    }

    /// Gives a lock that is not in use to the legacy system, when the settings allow it.
    fn falls_back(&self, key: &str) -> bool {
        let mut state = self.state();
        state.routes.migration().fallback && state.routes.fall_back(key, System::Legacy)
    }

    async fn timed<T>(
        &self,
        system: System,
        operation: impl Future<Output = Result<T, LegacyError>>,
    ) -> Result<T, LegacyError> {
        let start = (self.elapsed)();
        let answer = operation.await;
        let took = (self.elapsed)().saturating_sub(start);
        let failed = matches!(
            answer,
            Err(LegacyError::Store { .. } | LegacyError::Damaged { .. } | LegacyError::Busy { .. })
        );
        let sample = Sample { took, failed };
        self.state().metrics.observe(system, sample);
        (self.watch)(Observed::Operation(system, sample));
        answer
    }

    /// Lets the enhanced system decide, too, and makes its state that of the legacy one.
    async fn shadow_try_lock(&self, lock: &ProjectLock, legacy: Option<&TryLock>) {
        let Some(legacy) = legacy else {
            // The legacy system gave no answer, so there is nothing to compare.
            let _ = self.timed(System::Enhanced, self.enhanced.try_lock(lock)).await;
            return;
        };
        if self.is_new_to_comparison(&lock.identity().key()) {
            let before = (!legacy.acquired).then_some(&legacy.current);
            self.mirror(&lock.identity(), before).await;
        }
        let Ok(enhanced) = self.timed(System::Enhanced, self.enhanced.try_lock(lock)).await else { return };
        let text = |answer: &TryLock| {
            let word = if answer.acquired { "acquired" } else { "held" };
            format!("{word} by pull request {}", answer.current.lock.pull.num)
        };
        if self.compare("try_lock", &lock.identity().key(), text(legacy), text(&enhanced)) {
            self.mirror(&lock.identity(), Some(&legacy.current)).await;
        }
    }

    /// Returns whether this is the first comparison of a lock. The legacy system may hold it for longer than both are
    /// compared.
    fn is_new_to_comparison(&self, key: &str) -> bool {
        let compared = &mut self.state().compared;
        if compared.len() >= MAX_COMPARED {
            compared.clear();
        }
        compared.insert(key.to_owned())
    }

    fn compare_releases(
        &self,
        key: &str,
        legacy: &Result<Option<StoredLock>, LegacyError>,
        enhanced: &Result<Option<StoredLock>, LegacyError>,
    ) {
        let text = |lock: &Option<StoredLock>| match lock {
            Some(lock) => format!("released by pull request {}", lock.lock.pull.num),
            None => "nothing to release".to_owned(),
        };
        if let (Ok(legacy), Ok(enhanced)) = (legacy, enhanced) {
            self.compare("unlock", key, text(legacy), text(enhanced));
        }
    }

    async fn mirror(&self, of: &Identity, lock: Option<&StoredLock>) {
        // A failure shows at the next comparison.
        let _ = self.enhanced.unlock(of).await;
        if let Some(lock) = lock {
            let _ = self.enhanced.restore(&lock.key, &lock.raw).await;
        }
    }

    fn compare(&self, operation: &'static str, key: &str, legacy: String, enhanced: String) -> bool {
        let is_different = legacy != enhanced;
        let mut state = self.state();
        state.metrics.compared(is_different);
        if is_different {
            if state.routes.migration().logs {
                tracing::warn!(operation, key, legacy, enhanced, "the systems gave different answers");
            }
            if state.differences.len() == MAX_DIFFERENCES {
                state.differences.pop_front();
            }
            state.differences.push_back(Difference { operation, key: key.to_owned(), legacy, enhanced });
        }
        is_different
    }

    fn roll_back_if_needed(&self) {
        let is_bad = {
            let state = self.state();
            state.metrics.exceeds(state.routes.migration().threshold)
        };
        if is_bad {
            self.roll_back();
        }
    }

    fn roll_back(&self) -> bool {
        let mut state = self.state();
        let migration = state.routes.migration();
        let is_active = migration.mode == Mode::BlueGreen && migration.active == System::Enhanced;
        if !(is_active && migration.checks_health && migration.rolls_back) {
            return false;
        }
        let next = Migration { active: System::Legacy, ..migration.clone() };
        state.routes.change(next);
        state.metrics.rolled_back();
        drop(state);
        (self.watch)(Observed::RolledBack);
        true
    }
}
