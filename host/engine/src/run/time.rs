//! The time limits of a run.

use super::RunState;
use crate::clock::{self, Timestamp};
use crate::outcome::{Outcome, TimeOf};

impl RunState {
    /// Returns the time at which the job, or its `on_failure` and `finally`, runs out of time. `None` before
    /// the start.
    pub fn deadline(&self) -> Option<Timestamp> {
        let cleans_up_since = self.verdict.map(|verdict| verdict.at).or(self.ending.map(|ending| ending.at));
        if let Some(since) = cleans_up_since {
            return Some(clock::later(since, self.run.job.finally_timeout.0));
        }
        let limit = clock::span(self.run.job.timeout_seconds.0);
        let limit = limit.checked_add(&self.parked).unwrap_or(limit);
        self.started_at.map(|started| started.checked_add_signed(limit).unwrap_or(Timestamp::MAX_UTC))
    }

    /// Returns the end of the time of a group that runs.
    pub(super) fn group_deadline(&self, index: usize) -> Option<Timestamp> {
        let limit = self.definition(index)?.timeout?;
        let started = self.steps.get(index)?.group_started?;
        Some(clock::later(started, limit.0))
    }

    /// Returns the time by which an attempt of a step must end: that of the job, and of the groups around it.
    pub fn deadline_of(&self, index: usize) -> Option<Timestamp> {
        let of_groups = self.limiting(index).filter_map(|group| self.group_deadline(group));
        of_groups.chain(self.deadline()).min()
    }

    /// Returns the outermost group around a step whose time has run out.
    pub(super) fn late_group(&self, index: usize, at: Timestamp) -> Option<usize> {
        let is_late = |group: &usize| self.group_deadline(*group).is_some_and(|deadline| at >= deadline);
        self.limiting(index).filter(is_late).last()
    }

    /// Returns the groups whose time limits a step, the innermost first. The `finally` of a group runs after its time.
    fn limiting(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        self.around(index).filter(|seat| seat.branch.is_some()).map(|seat| seat.group)
    }

    /// Returns the end of a group that ran out of time, or of everything within it.
    pub(super) fn group_timed_out(&self, group: usize) -> Outcome {
        let limit = self.definition(group).and_then(|definition| definition.timeout).map(|limit| limit.0);
        let path = self.steps.get(group).map_or_else(String::new, |step| step.path.to_string());
        Outcome::TimedOut { limit: limit.unwrap_or_default(), backtrace: Vec::new(), of: TimeOf::Group(path) }
    }

    /// Returns the outcome of an attempt of a step that ends now, with the owner of the time that ran out: an attempt
    /// has at most the time that is left of the groups around it, and of the job.
    pub fn with_owner_of_time(&self, index: usize, outcome: Outcome, now: Timestamp) -> Outcome {
        let Outcome::TimedOut { limit, backtrace, of: TimeOf::Attempt } = outcome else { return outcome };
        let job = &self.run.job;
        let (limit, of) = match self.late_group(index, now).map(|group| self.group_timed_out(group)) {
            _ if self.deadline().is_some_and(|deadline| now >= deadline) => {
                match self.verdict.is_some() || self.is_ending() {
                    true => (job.finally_timeout.0, TimeOf::Finally),
                    false => (job.timeout_seconds.0, TimeOf::Job),
                }
            }
            Some(Outcome::TimedOut { limit, of, .. }) => (limit, of),
            _ => (limit, TimeOf::Attempt),
        };
        Outcome::TimedOut { limit, backtrace, of }
    }
}
