//! A circuit breaker per organization: while its server fails repeatedly, requests fail at once, so that a
//! server in trouble is left alone and steps learn soon. (Michael Nygard, "Release It!")

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Failures in a row that open it.
const FAILURES: u32 = 5;
/// The time for which it is open before one request may try.
const OPEN: Duration = Duration::from_secs(30);

/// The breakers, by name. Default: all closed.
#[derive(Default)]
pub(crate) struct Breakers(Mutex<BTreeMap<String, Breaker>>);

#[derive(Default)]
struct Breaker {
    failures: u32,
    /// Open until then; afterwards one request tries.
    until: Option<Instant>,
}

impl Breakers {
    /// Whether a request may go out at `now`; otherwise how long none may.
    pub fn admit(&self, name: &str, now: Instant) -> Result<(), Duration> {
        let mut breakers = self.0.lock();
        let Some(breaker) = breakers.get_mut(name) else { return Ok(()) };
        match breaker.until {
            Some(until) if until > now => Err(until - now),
            Some(_) => {
                // This request tries; others wait for what it finds.
                breaker.until = Some(now + OPEN);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Records the result of a request.
    pub fn record(&self, name: &str, worked: bool, now: Instant) {
        let mut breakers = self.0.lock();
        if worked {
            breakers.remove(name);
            return;
        }
        let breaker = breakers.entry(name.to_owned()).or_default();
        breaker.failures += 1;
        if breaker.failures >= FAILURES {
            breaker.until = Some(now + OPEN);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "some moment to begin with")]
    fn it_opens_after_failures_in_a_row_and_closes_when_a_try_works() {
        let (breakers, start) = (Breakers::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        for _ in 0..4 {
            breakers.record("a", false, at(0));
        }
        breakers.record("a", true, at(0));
        for second in 0..5 {
            assert!(breakers.admit("a", at(second)).is_ok());
            breakers.record("a", false, at(second));
        }
        assert_eq!(breakers.admit("a", at(5)), Err(Duration::from_secs(29)));
        assert!(breakers.admit("b", at(5)).is_ok(), "each has its own");
        // One request tries, and no other meanwhile.
        assert!(breakers.admit("a", at(34)).is_ok());
        assert!(breakers.admit("a", at(35)).is_err());
        breakers.record("a", false, at(35));
        assert!(breakers.admit("a", at(64)).is_err());
        assert!(breakers.admit("a", at(65)).is_ok());
        breakers.record("a", true, at(66));
        assert!(breakers.admit("a", at(66)).is_ok() && breakers.admit("a", at(66)).is_ok());
    }
}
