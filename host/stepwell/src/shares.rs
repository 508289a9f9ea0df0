//! The jobs that recently used more than their share of the cores.
//!
//! The threat: a job that takes the cores from the others, in one long run or in many short ones. The use of
//! each job halves every few seconds. A job exceeds its share when it used more than the mean of the recent
//! jobs.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The time after which the use of a job counts half.
const HALF: Duration = Duration::from_secs(5);
/// The seconds that each job may use in that time before it is compared with others.
const FREE: f64 = 0.05;
/// The seconds that all other jobs together must have used in that time: with less, no other job waits.
const OTHERS: f64 = 0.002;
/// The maximum number of jobs that are compared. Users choose the names of jobs, so there may be many.
const MOST_JOBS: usize = 4_096;
/// The seconds of use below which a job is forgotten.
const NOTHING: f64 = 0.000_5;
/// The number of half-lives after which the scale is reset. A number can hold twice as many.
const MOST_HALVES: f64 = 400.0;

/// The seconds for which jobs have used the cores.
///
/// All entries decay at the same rate, so no entry changes with time: instead, later use is added with a
/// larger weight.
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

    /// Records that a job has used a core for that long.
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

    /// Returns whether a job has used more than its share.
    pub fn is_over(&self, job: &str, now: Instant) -> bool {
        let used = self.jobs.get(job).copied().unwrap_or_default();
        let scale = self.scale(now);
        let others = self.total - used;
        used > FREE * scale && others > OTHERS * scale && used * self.jobs.len() as f64 > self.total
    }

    fn scale(&self, now: Instant) -> f64 {
        (now.saturating_duration_since(self.begin).as_secs_f64() / HALF.as_secs_f64()).exp2()
    }

    /// Removes, from time to time, the jobs whose use has decayed.
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

    /// Each case has the milliseconds that `a` and `b` use in each of ten seconds, and whether each is then
    /// over its share.
    #[test]
    fn a_job_over_the_mean_is_over_its_share() {
        for (a, b, over) in [
            (10, 10, [false, false]),
            (900, 10, [true, false]),
            (10, 900, [false, true]),
            // A single job may use everything.
            (900, 0, [false, false]),
            // A small use does not delay other jobs.
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
    fn a_job_beside_others_that_hardly_run_may_use_everything() {
        let now = Instant::now();
        let mut shares = Shares::new(now);
        shares.used("busy", Duration::from_secs(5), now);
        for (time, over) in [(1, false), (10, true)] {
            shares.used("other", Duration::from_millis(time), now);
            assert_eq!(shares.is_over("busy", now), over, "{time} ms");
        }
    }

    #[test]
    fn old_use_does_not_count() {
        let begin = Instant::now();
        let mut shares = Shares::new(begin);
        shares.used("early", Duration::from_secs(10), begin);
        let later = begin + Duration::from_secs(60);
        shares.used("late", Duration::from_secs(1), later);
        assert!(!shares.is_over("early", later));
        assert_eq!(shares.jobs.len(), 2);
        shares.used("late", Duration::from_secs(1), begin + Duration::from_secs(600));
        assert_eq!(shares.jobs.len(), 1, "decayed use is removed");
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
            shares.used("b", Duration::from_millis(10), now);
            assert!(shares.is_over("a", now) && !shares.is_over("b", now), "hour {hour}");
        }
    }
}
