//! Which jobs used more than their part of the cores lately.
//!
//! The threat: a job that takes the cores from the others, in one long run or in many short ones. The time of each job fades by half
//! every few seconds. A job has more than its part when it used more than the mean of the jobs of that time.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The time after which half of what a job used is forgotten.
const HALF: Duration = Duration::from_secs(5);
/// What each job may use in that time before it is compared with others.
const FREE: f64 = 0.05;
/// Jobs that are remembered; others are not compared. A stranger chooses the names of jobs.
const MOST_JOBS: usize = 4_096;
/// A job that used less than this many seconds is forgotten.
const NOTHING: f64 = 0.000_5;
/// Half-lives after which the scale is reset. A number can hold twice as many.
const MOST_HALVES: f64 = 400.0;

/// Seconds that jobs have used the cores.
///
/// All entries fade alike, so that none has to be touched for it: instead, what is added later counts for more.
#[derive(Debug)]
pub(crate) struct Shares {
    begin: Instant,
    cleared: Instant,
    total: f64,
    jobs: HashMap<String, f64>,
}

impl Shares {
    pub fn new(now: Instant) -> Self {
        Self { begin: now, cleared: now, total: 0.0, jobs: HashMap::new() }
    }

    /// Notes that a job has used a core for that long.
    pub fn used(&mut self, job: &str, time: Duration, now: Instant) {
        self.clear(now);
        let added = time.as_secs_f64() * self.scale(now);
        let count = self.jobs.len();
        match self.jobs.get_mut(job) {
            Some(used) => *used += added,
            None if count < MOST_JOBS => drop(self.jobs.insert(job.to_owned(), added)),
            None => return,
        }
        self.total += added;
    }

    /// Whether a job has used more than its part.
    pub fn is_over(&self, job: &str, now: Instant) -> bool {
        let used = self.jobs.get(job).copied().unwrap_or_default();
        used > FREE * self.scale(now) && used * self.jobs.len() as f64 > self.total
    }

    fn scale(&self, now: Instant) -> f64 {
        (now.saturating_duration_since(self.begin).as_secs_f64() / HALF.as_secs_f64()).exp2()
    }

    /// Forgets, from time to time, the jobs whose use has faded.
    fn clear(&mut self, now: Instant) {
        if now.saturating_duration_since(self.cleared) <= HALF {
            return;
        }
        self.cleared = now;
        let scale = self.scale(now);
        self.jobs.retain(|_, used| *used > NOTHING * scale);
        if scale.log2() > MOST_HALVES {
            self.jobs.values_mut().for_each(|used| *used /= scale);
            self.begin = now;
        }
        self.total = self.jobs.values().sum();
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "an instant to count from")]
mod tests {
    use super::*;

    /// Milliseconds of use by `a` and `b` in each of ten seconds, and whether each is over its part then.
    #[test]
    fn who_uses_more_than_the_mean_is_over() {
        for (a, b, over) in [
            (10, 10, [false, false]),
            (900, 10, [true, false]),
            (10, 900, [false, true]),
            // Alone, a job has no part but all of it.
            (900, 0, [false, false]),
            // Little use delays no other job.
            (6, 1, [false, false]),
        ] {
            let begin = Instant::now();
            let mut shares = Shares::new(begin);
            for second in 0..10 {
                let now = begin + Duration::from_secs(second);
                for (job, time) in [("a", a), ("b", b)] {
                    if time > 0 {
                        shares.used(job, Duration::from_millis(time), now);
                    }
                }
            }
            let now = begin + Duration::from_secs(10);
            assert_eq!([shares.is_over("a", now), shares.is_over("b", now)], over, "{a} and {b} ms");
        }
    }

    #[test]
    fn what_was_used_long_ago_does_not_count() {
        let begin = Instant::now();
        let mut shares = Shares::new(begin);
        shares.used("early", Duration::from_secs(10), begin);
        let later = begin + Duration::from_secs(60);
        shares.used("late", Duration::from_secs(1), later);
        assert!(!shares.is_over("early", later));
        assert_eq!(shares.jobs.len(), 2);
        shares.used("late", Duration::from_secs(1), begin + Duration::from_secs(600));
        assert_eq!(shares.jobs.len(), 1, "what has faded is forgotten");
    }

    #[test]
    fn many_names_take_bounded_memory_and_years_no_precision() {
        let begin = Instant::now();
        let mut shares = Shares::new(begin);
        for n in 0..10_000 {
            shares.used(&format!("job{n}"), Duration::from_millis(1), begin);
        }
        assert_eq!(shares.jobs.len(), MOST_JOBS);
        for hour in 1..10_000 {
            let now = begin + Duration::from_secs(3600 * hour);
            shares.used("a", Duration::from_secs(1), now);
            shares.used("b", Duration::from_millis(1), now);
            assert!(shares.is_over("a", now) && !shares.is_over("b", now), "hour {hour}");
        }
    }
}
