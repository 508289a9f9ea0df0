//! The time limits of a run.

use super::{RunState, RunStatus};
use crate::clock::{self, Timestamp};
use crate::outcome::{Outcome, TimeOf};

/// A limit of the time of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeLimit {
    /// The time of the branches of this group.
    Group(usize),
    /// The time of the `finally` of this group.
    Finally(usize),
}

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

    /// Returns the end of the time of the branches of a group.
    pub(super) fn group_deadline(&self, index: usize) -> Option<Timestamp> {
        let limit = self.definition(index)?.timeout?;
        let started = self.steps.get(index)?.group_started?;
        Some(clock::later(started, limit.0))
    }

    /// Returns the end of the time of the `finally` of a group. `None` while it does not run.
    pub(super) fn finally_deadline(&self, group: usize) -> Option<Timestamp> {
        let since = self.group(group)?.finally_since?;
        Some(clock::later(since, self.run.job.finally_timeout.0))
    }

    /// Returns the time by which an attempt of a step must end: that of the job, and of the groups around it.
    pub fn deadline_of(&self, index: usize) -> Option<Timestamp> {
        let of_groups = self.limiting(index).filter_map(|limit| self.end_of_time(limit));
        of_groups.chain(self.deadline()).min()
    }

    /// Returns the outermost time around a step that has run out.
    pub(super) fn late(&self, index: usize, at: Timestamp) -> Option<TimeLimit> {
        let is_late = |limit: &TimeLimit| self.end_of_time(*limit).is_some_and(|deadline| at >= deadline);
        self.limiting(index).filter(is_late).last()
    }

    /// Returns what limits the time of a step besides the job, the innermost first. The `finally` of a group runs
    /// after the time of the group.
    fn limiting(&self, index: usize) -> impl Iterator<Item = TimeLimit> + '_ {
        self.around(index).map(|seat| match seat.branch {
            Some(_) => TimeLimit::Group(seat.group),
            None => TimeLimit::Finally(seat.group),
        })
    }

    fn end_of_time(&self, limit: TimeLimit) -> Option<Timestamp> {
        match limit {
            TimeLimit::Group(group) => self.group_deadline(group),
            TimeLimit::Finally(group) => self.finally_deadline(group),
        }
    }

    /// Returns whether the time of the job is over, and not that of its `on_failure` and `finally`.
    pub(super) fn job_is_late(&self, at: Timestamp) -> bool {
        match self.ending {
            _ if self.verdict.is_some() => false,
            Some(ending) => ending.status == RunStatus::Timeout,
            None => self.deadline().is_some_and(|deadline| at >= deadline),
        }
    }

    /// Returns the end of the steps of a job that ran out of time.
    pub(super) fn job_timed_out(&self) -> Outcome {
        let limit = self.run.job.timeout_seconds.0;
        Outcome::TimedOut { limit, backtrace: Vec::new(), of: TimeOf::Job }
    }

    /// Returns the end of a `finally` that ran out of time.
    pub(super) fn finally_timed_out(&self) -> Outcome {
        let limit = self.run.job.finally_timeout.0;
        Outcome::TimedOut { limit, backtrace: Vec::new(), of: TimeOf::Finally }
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
        let owner = match self.late(index, now) {
            _ if self.deadline().is_some_and(|deadline| now >= deadline) => {
                match self.verdict.is_some() || self.is_ending() {
                    true => self.finally_timed_out(),
                    false => self.job_timed_out(),
                }
            }
            Some(TimeLimit::Group(group)) => self.group_timed_out(group),
            Some(TimeLimit::Finally(_)) => self.finally_timed_out(),
            None => return Outcome::TimedOut { limit, backtrace, of: TimeOf::Attempt },
        };
        match owner {
            Outcome::TimedOut { limit, of, .. } => Outcome::TimedOut { limit, backtrace, of },
            other => other,
        }
    }
}
