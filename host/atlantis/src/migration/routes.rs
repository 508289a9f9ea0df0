//! Decides which system serves a lock. Pure: no store, no clock.
//!
//! The invariant: while a lock is held or waited for, every request for it goes to the same system, whatever happens
//! to the settings meanwhile. Otherwise each system could grant it.

use std::collections::BTreeMap;
use std::hash::Hasher as _;

use crate::bridge::{Criterion, Migration, Mode, System};

/// A request for a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'r> {
    /// The key of the lock.
    pub key: &'r str,
    /// The name of the project, or empty.
    pub project: &'r str,
    /// The workspace.
    pub workspace: &'r str,
    /// The groups of the user who asks.
    pub groups: &'r [String],
}

/// The system of one lock, while the lock is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seat {
    system: System,
    waiting: usize,
    is_held: bool,
}

impl Seat {
    fn can_move(self, target: Option<System>) -> bool {
        self.is_held && self.waiting == 0 && target.is_some_and(|to| to != self.system)
    }
}

/// The systems of all locks in use.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Routes {
    migration: Migration,
    seats: BTreeMap<String, Seat>,
}

impl Routes {
    /// Routes without locks in use. Add the locks that a store holds with [`Self::found`] before the first request.
    #[must_use]
    pub fn new(migration: Migration) -> Self {
        Self { migration, seats: BTreeMap::new() }
    }

    /// The settings.
    #[must_use]
    pub const fn migration(&self) -> &Migration {
        &self.migration
    }

    /// Changes the settings. Locks in use stay where they are.
    pub fn change(&mut self, migration: Migration) {
        self.migration = migration;
    }

    /// A lock that a system already holds.
    pub fn found(&mut self, key: &str, system: System) {
        self.seats.entry(key.to_owned()).or_insert(Seat { system, waiting: 0, is_held: true }).is_held = true;
    }

    /// Returns the system that serves a request. The request counts as waiting until [`Self::acquired`] or
    /// [`Self::gave_up`].
    pub fn enter(&mut self, request: &Request<'_>) -> System {
        let preferred = preferred(&self.migration, request);
        let seat = self.seats.entry(request.key.to_owned());
        let seat = seat.or_insert(Seat { system: preferred, waiting: 0, is_held: false });
        seat.waiting += 1;
        seat.system
    }

    /// Sends the only request for a lock to another system. Returns false when the lock is held or others wait.
    pub fn fall_back(&mut self, key: &str, to: System) -> bool {
        match self.seats.get_mut(key) {
            Some(seat) if !seat.is_held && seat.waiting == 1 => {
                seat.system = to;
                true
            }
            _ => false,
        }
    }

    /// The request that entered holds the lock now.
    pub fn acquired(&mut self, key: &str) {
        self.leave(key, |seat| seat.is_held = true);
    }

    /// The request that entered does not want the lock any more, or did not get it.
    pub fn gave_up(&mut self, key: &str) {
        self.leave(key, |_| {});
    }

    /// The holder has released the lock.
    pub fn released(&mut self, key: &str) {
        if let Some(seat) = self.seats.get_mut(key) {
            seat.is_held = false;
            self.forget(key);
        }
    }

    fn leave(&mut self, key: &str, change: impl FnOnce(&mut Seat)) {
        if let Some(seat) = self.seats.get_mut(key) {
            seat.waiting = seat.waiting.saturating_sub(1);
            change(seat);
            self.forget(key);
        }
    }

    fn forget(&mut self, key: &str) {
        if self.seats.get(key).is_some_and(|seat| seat.waiting == 0 && !seat.is_held) {
            self.seats.remove(key);
        }
    }

    /// The system that would serve a request for a lock that is not in use.
    #[must_use]
    pub fn preferred(&self, request: &Request<'_>) -> System {
        preferred(&self.migration, request)
    }

    /// The system that a lock in use is in.
    #[must_use]
    pub fn seat(&self, key: &str) -> Option<System> {
        self.seats.get(key).map(|seat| seat.system)
    }

    /// The locks that another system would serve now, and that can move: they are held, and no request waits.
    pub fn movable(&self) -> impl Iterator<Item = (&str, System)> {
        let target = target(&self.migration);
        self.seats
            .iter()
            .filter(move |(_, seat)| seat.can_move(target))
            .map(|(key, seat)| (key.as_str(), seat.system))
    }

    /// True when [`Self::movable`] has a lock, in a system.
    #[must_use]
    pub fn is_movable(&self, key: &str, from: System) -> bool {
        let target = target(&self.migration);
        self.seats.get(key).is_some_and(|seat| seat.system == from && seat.can_move(target))
    }

    /// A lock was moved, byte for byte, and is absent from the system that it came from.
    ///
    /// Returns false, and changes nothing, when a request has come in between.
    pub fn moved(&mut self, key: &str, to: System) -> bool {
        match self.seats.get_mut(key) {
            Some(seat) if seat.is_held && seat.waiting == 0 => {
                seat.system = to;
                true
            }
            _ => false,
        }
    }
}

/// The system that all locks should be in, when there is one.
const fn target(migration: &Migration) -> Option<System> {
    match migration.mode {
        Mode::Off | Mode::Shadow => Some(System::Legacy),
        Mode::BlueGreen => Some(migration.active),
        Mode::Gradual => None,
    }
}

/// The system for a lock that is not in use. The same lock always has the same answer, and a larger percentage only
/// moves locks to the enhanced system.
fn preferred(migration: &Migration, request: &Request<'_>) -> System {
    if let Some(system) = target(migration) {
        return system;
    }
    let is_canary = migration.canary.iter().any(|criterion| matches(criterion, request));
    let is_enhanced = is_canary || share(request.key) < migration.percentage;
    if is_enhanced { System::Enhanced } else { System::Legacy }
}

/// The place of a key among a hundred.
fn share(key: &str) -> u8 {
    let mut hasher = fnv::FnvHasher::default();
    hasher.write(key.as_bytes());
    // The upper bits of this hash differ little between short keys.
    let hash = hasher.finish();
    u8::try_from((hash ^ hash >> 32) % 100).unwrap_or_default()
}

/// True when a request meets all fields of a criterion.
fn matches(criterion: &Criterion, request: &Request<'_>) -> bool {
    let is = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
    let in_group = |group: &String| request.groups.contains(group);
    is(&criterion.project_name, request.project)
        && is(&criterion.workspace, request.workspace)
        && criterion.user_group.as_ref().is_none_or(in_group)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradual(percentage: u8, canary: Vec<Criterion>) -> Migration {
        Migration { mode: Mode::Gradual, percentage, canary, ..Migration::default() }
    }

    fn request<'r>(key: &'r str, workspace: &'r str, groups: &'r [String]) -> Request<'r> {
        Request { key, project: "test-project", workspace, groups }
    }

    #[test]
    fn a_percentage_is_a_share_of_the_locks_and_only_adds() {
        let keys: Vec<String> =
            (0..2000).map(|n| format!("org/repo-{}/modules/m{n}/default/", n % 7)).collect();
        let enhanced = |percentage| {
            let migration = gradual(percentage, Vec::new());
            let is = |key: &&String| preferred(&migration, &request(key, "default", &[])) == System::Enhanced;
            keys.iter().filter(is).collect::<Vec<_>>()
        };
        let mut before = enhanced(0);
        assert!(before.is_empty());
        for percentage in [1, 10, 25, 50, 90, 100] {
            let now = enhanced(percentage);
            assert!(before.iter().all(|key| now.contains(key)));
            let expected = 20 * usize::from(percentage);
            assert!(now.len().abs_diff(expected) <= 60, "{percentage}%: {}", now.len());
            before = now;
        }
        assert_eq!(before.len(), keys.len());
    }

    #[test]
    fn canaries_match_by_all_fields_of_a_criterion() {
        let of = |project: &str, workspace: &str, group: &str| {
            let field = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            Criterion { project_name: field(project), workspace: field(workspace), user_group: field(group) }
        };
        let beta = ["beta-users".to_owned()];
        for (criterion, workspace, groups, expected) in [
            (of("test-project", "", ""), "default", &[][..], System::Enhanced),
            (of("other", "", ""), "default", &[], System::Legacy),
            (of("", "development", ""), "development", &[], System::Enhanced),
            (of("", "development", ""), "default", &[], System::Legacy),
            (of("", "", "beta-users"), "default", &beta, System::Enhanced),
            (of("", "", "beta-users"), "default", &[], System::Legacy),
            (of("test-project", "development", ""), "default", &[], System::Legacy),
        ] {
            let migration = gradual(0, vec![criterion.clone()]);
            assert_eq!(preferred(&migration, &request("k", workspace, groups)), expected, "{criterion:?}");
        }
    }

    #[test]
    fn a_lock_in_use_stays_and_moves_only_when_no_request_waits() {
        let mut routes = Routes::new(gradual(100, Vec::new()));
        assert_eq!(routes.enter(&request("k", "w", &[])), System::Enhanced);
        routes.acquired("k");
        routes.change(Migration { mode: Mode::Off, ..Migration::default() });
        assert_eq!(routes.enter(&request("k", "w", &[])), System::Enhanced, "it is held there");
        assert_eq!((routes.movable().count(), routes.moved("k", System::Legacy)), (0, false));
        routes.gave_up("k");
        assert_eq!(routes.movable().collect::<Vec<_>>(), [("k", System::Enhanced)]);
        assert!(routes.moved("k", System::Legacy));
        assert_eq!((routes.seat("k"), routes.movable().count()), (Some(System::Legacy), 0));
        routes.released("k");
        assert_eq!(routes.seat("k"), None);
    }
}
