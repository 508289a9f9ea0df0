//! A circuit breaker for each project and server: while the server fails repeatedly, requests fail at once, so
//! that a server in trouble is left alone and steps learn soon. (Michael Nygard, "Release It!")
//!
//! The threat: a step that fails many requests closes a server to others, or fills the memory of the host with
//! breakers. So only failures of the server count, each project has its own breakers, and a bounded number of
//! them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use stepwell_engine::config::CircuitBreaker;

/// Maximum number of servers of a project that fail at one time. A rule for `*.example.com` allows any number
/// of hosts. Beyond that, the failures that are longest ago are forgotten.
const MAX_SERVERS: usize = 1_000;

/// The breakers of servers that have failed, by project and server. All others are closed.
#[derive(Default)]
pub(crate) struct Breakers {
    settings: CircuitBreaker,
    projects: Mutex<BTreeMap<String, BTreeMap<String, Breaker>>>,
}

struct Breaker {
    failures: u32,
    /// The last failure.
    failed_at: Instant,
    /// Open until then; afterwards one request tries.
    until: Option<Instant>,
}

/// The state of a server that has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circuit {
    /// The number of failures in a row.
    pub failures: u32,
    /// The time since the last failure.
    pub failed_ago: Duration,
    /// The time for which no request goes to the server. Zero while the breaker is closed.
    pub open_for: Duration,
}

impl Breakers {
    pub fn new(settings: CircuitBreaker) -> Self {
        Self { settings, projects: Mutex::default() }
    }

    /// Returns whether a request may go out at `now`; otherwise for how long none may.
    pub fn admit(&self, project: &str, server: &str, now: Instant) -> Result<(), Duration> {
        let mut projects = self.projects.lock();
        let found = projects.get_mut(project).and_then(|servers| servers.get_mut(server));
        let Some(until) = found.and_then(|breaker| breaker.until.as_mut()) else { return Ok(()) };
        if *until > now {
            return Err(*until - now);
        }
        // This request tries; others wait for its result.
        *until = now + self.settings.open_for.0;
        Ok(())
    }

    /// Records the result of a request.
    pub fn record(&self, project: &str, server: &str, worked: bool, now: Instant) {
        let mut projects = self.projects.lock();
        if worked {
            let Some(servers) = projects.get_mut(project) else { return };
            let before = servers.remove(server);
            if servers.is_empty() {
                projects.remove(project);
            }
            if before.is_some_and(|breaker| breaker.until.is_some()) {
                tracing::info!(project, server, "the server works again: its circuit breaker is closed");
            }
            return;
        }
        let servers = projects.entry(project.to_owned()).or_default();
        if servers.len() >= MAX_SERVERS && !servers.contains_key(server) {
            forget_one(servers);
        }
        let fresh = || Breaker { failures: 0, failed_at: now, until: None };
        let breaker = servers.entry(server.to_owned()).or_insert_with(fresh);
        breaker.failures = breaker.failures.saturating_add(1);
        breaker.failed_at = now;
        if breaker.failures >= self.settings.failures {
            if breaker.until.is_none() {
                let failures = breaker.failures;
                tracing::warn!(project, server, failures, "the server fails: its circuit breaker is open");
            }
            breaker.until = Some(now + self.settings.open_for.0);
        }
    }

    /// Returns the state at `now` of a server that has failed since its last success.
    pub fn state(&self, project: &str, server: &str, now: Instant) -> Option<Circuit> {
        let projects = self.projects.lock();
        let breaker = projects.get(project)?.get(server)?;
        Some(Circuit {
            failures: breaker.failures,
            failed_ago: now.saturating_duration_since(breaker.failed_at),
            open_for: breaker.until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now)),
        })
    }

    /// Returns the number of open breakers at `now`, by project.
    pub fn open(&self, now: Instant) -> Vec<(String, usize)> {
        let is_open = |breaker: &&Breaker| breaker.until.is_some_and(|until| until > now);
        let projects = self.projects.lock();
        projects.iter().map(|(name, all)| (name.clone(), all.values().filter(is_open).count())).collect()
    }
}

/// Removes the breaker whose last failure is longest ago.
fn forget_one(servers: &mut BTreeMap<String, Breaker>) {
    let oldest = servers.iter().min_by_key(|(_, breaker)| breaker.failed_at).map(|(name, _)| name.clone());
    if let Some(name) = oldest {
        servers.remove(&name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_a_server_has_its_failures_and_its_pause() {
        let (breakers, start) = (Breakers::default(), start());
        assert_eq!(breakers.state("a", "s:1", start), None);
        let most = breakers.settings.failures;
        for _ in 0..most {
            breakers.record("a", "s:1", false, start);
        }
        let later = start + Duration::from_secs(1);
        let pause = breakers.settings.open_for.0 - Duration::from_secs(1);
        let found = Circuit { failures: most, failed_ago: Duration::from_secs(1), open_for: pause };
        assert_eq!(breakers.state("a", "s:1", later), Some(found));
        assert_eq!(breakers.state("b", "s:1", later), None);
    }

    #[allow(clippy::disallowed_methods, reason = "some moment to begin with")]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_closes_when_a_try_works() {
        let (breakers, start) = (Breakers::default(), start());
        let at = |seconds| start + Duration::from_secs(seconds);
        let admit = |server: &str, seconds| breakers.admit("p", server, at(seconds));
        let record = |worked, seconds| breakers.record("p", "a:1", worked, at(seconds));
        for _ in 0..4 {
            record(false, 0);
        }
        record(true, 0);
        for second in 0..5 {
            assert!(admit("a:1", second).is_ok());
            record(false, second);
        }
        assert_eq!(admit("a:1", 5), Err(Duration::from_secs(29)));
        assert_eq!(breakers.open(at(5)), [("p".to_owned(), 1)]);
        assert!(admit("a:2", 5).is_ok() && admit("b:1", 5).is_ok(), "each server has its own");
        assert!(breakers.admit("q", "a:1", at(5)).is_ok(), "each project has its own");
        // One request tries, and no other meanwhile.
        assert!(admit("a:1", 34).is_ok());
        assert!(admit("a:1", 35).is_err());
        record(false, 35);
        assert!(admit("a:1", 64).is_err());
        assert!(admit("a:1", 65).is_ok());
        record(true, 66);
        assert!(admit("a:1", 66).is_ok() && admit("a:1", 66).is_ok());
        assert_eq!(breakers.open(at(66)), []);
    }

    #[test]
    fn the_settings_decide_when_it_opens_and_for_how_long() {
        let settings: CircuitBreaker = serde_json::from_str(r#"{"failures": 2, "open_for": "10s"}"#).unwrap();
        let (breakers, start) = (Breakers::new(settings), start());
        breakers.record("p", "a:1", false, start);
        assert!(breakers.admit("p", "a:1", start).is_ok());
        breakers.record("p", "a:1", false, start);
        assert_eq!(breakers.admit("p", "a:1", start), Err(Duration::from_secs(10)));
    }

    #[test]
    fn a_project_holds_a_bounded_number_of_them_and_forgets_the_oldest() {
        let (breakers, start) = (Breakers::default(), start());
        let server = |number: u64| format!("host-{number}:443");
        for number in 0..MAX_SERVERS as u64 + 1 {
            for _ in 0..5 {
                breakers.record("p", &server(number), false, start + Duration::from_millis(number));
            }
        }
        let now = start + Duration::from_secs(2);
        assert_eq!(breakers.open(now), [("p".to_owned(), MAX_SERVERS)]);
        assert!(breakers.admit("p", &server(0), now).is_ok(), "the oldest is forgotten");
        assert!(breakers.admit("p", &server(1), now).is_err());
    }
}
