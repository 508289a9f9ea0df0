//! The moves of locks from one system to the other.

use std::collections::BTreeSet;

use super::{Controller, Moved};
use crate::bridge::System;
use crate::format::Identity;
use crate::locks::{LegacyError, Restored, StoredLock};

impl Controller {
    /// Moves the locks that are not in the system that serves all locks now, byte for byte: first they are stored
    /// there, and then they are deleted here. Locks for which a request waits stay.
    pub async fn settle(&self) -> Moved {
        let mut moved = Moved::default();
        for from in [System::Legacy, System::Enhanced] {
            let keys: BTreeSet<String> = {
                let state = self.state();
                let movable = state.routes.movable().filter(|(_, system)| *system == from);
                movable.map(|(key, _)| key.to_owned()).collect()
            };
            if !keys.is_empty()
                && let Err(error) = self.settle_from(from, keys.clone(), &mut moved).await
            {
                let done: BTreeSet<String> =
                    moved.moved.iter().chain(moved.stayed.iter().map(|(key, _)| key)).cloned().collect();
                let rest = keys.into_iter().filter(|key| !done.contains(key));
                moved.stayed.extend(rest.map(|key| (key, error.to_string())));
            }
        }
        moved
    }

    async fn settle_from(
        &self,
        from: System,
        mut keys: BTreeSet<String>,
        moved: &mut Moved,
    ) -> Result<(), LegacyError> {
        // A key does not say where its path ends, so the stored lock gives its identity.
        for lock in self.of(from).list().await?.locks {
            let identity = lock.lock.identity();
            let key = identity.key();
            if !keys.remove(&key) {
                continue;
            }
            let _turn = self.turn(&key).await;
            match self.move_one(&identity, &key, from).await {
                Ok(true) => moved.moved.push(key),
                Ok(false) => {}
                Err(reason) => moved.stayed.push((key, reason)),
            }
        }
        if !keys.is_empty() {
            self.forget_free(&keys, from, moved).await?;
        }
        Ok(())
    }

    /// Forgets locks that may have been held after an error, and are free.
    async fn forget_free(
        &self,
        keys: &BTreeSet<String>,
        from: System,
        moved: &mut Moved,
    ) -> Result<(), LegacyError> {
        let _turns = self.all_turns().await;
        let listing = self.of(from).list().await?;
        let held: BTreeSet<String> = listing.locks.iter().map(|lock| lock.lock.identity().key()).collect();
        for key in keys.iter().filter(|key| !held.contains(*key)) {
            match listing.damaged.iter().find(|damaged| damaged.key == *key) {
                Some(damaged) => moved.stayed.push((key.clone(), damaged.problem.clone())),
                None => self.state().routes.released(key),
            }
        }
        Ok(())
    }

    async fn move_one(&self, identity: &Identity, key: &str, from: System) -> Result<bool, String> {
        let to = from.other();
        if !self.state().routes.is_movable(key, from) {
            return Ok(false);
        }
        let Some(lock) = self.of(from).get(identity).await.map_err(|error| error.to_string())? else {
            self.state().routes.released(key);
            return Ok(false);
        };
        if let Some(by) = self.of(from).stranger(identity).await.map_err(|error| error.to_string())? {
            return Err(format!("`{by}` waits for it in Stepwell"));
        }
        self.state().copies.insert(key.to_owned());
        match self.of(to).restore(&lock.key, &lock.raw).await.map_err(|error| error.to_string())? {
            Restored::Stored | Restored::Present => {}
            Restored::Occupied(other) => {
                self.state().copies.remove(key);
                return Err(format!("pull request {} holds it in the other system", other.lock.pull.num));
            }
        }
        // Both systems have it now, with one holder. A failure here leaves it so until the next move, release or start.
        self.of(from).unlock(identity).await.map_err(|error| error.to_string())?;
        let mut state = self.state();
        state.copies.remove(key);
        Ok(state.routes.moved(key, to))
    }

    /// Deletes what a move that did not end has left of a released lock in the other system.
    pub(super) async fn delete_copy(&self, of: &Identity, system: System, released: Option<&StoredLock>) {
        let key = of.key();
        let Some(released) = released.filter(|_| self.state().copies.contains(&key)) else { return };
        let other = self.of(system.other());
        let is_gone = match other.get(of).await {
            Ok(Some(copy)) if copy.raw == released.raw => other.unlock(of).await.is_ok(),
            Ok(_) => true,
            Err(_) => false,
        };
        if is_gone {
            self.state().copies.remove(&key);
        }
    }
}
