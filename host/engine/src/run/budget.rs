//! The resources that all attempts of a step in one run may use together.
//!
//! Limits apply to one attempt. A step that parks, or fails and is tried again, would get all of them again
//! each time. So the attempts of a step share a budget: `run_factor` times the limits of one attempt, and
//! `run_bytes` in the store. The parts of one attempt, between which the step is parked, share its log.

use super::{RunState, StepState};
use crate::job::Part;
use crate::outcome::{ALL_BYTES, Outcome, Produced, RUN_BYTES, RUN_FACTOR, Receipt, StepEnd};
use crate::policy::Limits;
use crate::quantity::Bytes;

/// The resources that attempts have used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Fuel, in units.
    pub fuel: u64,
    /// Calls from the guest to the host.
    pub host_calls: u64,
    /// HTTP requests sent.
    pub http_requests: u64,
    /// SQL statements run.
    pub sql_statements: u64,
    /// Programs started.
    pub process_starts: u64,
    /// Checkpoints saved.
    pub checkpoints: u64,
    /// Bytes written to the store.
    pub stored_bytes: u64,
}

/// Calls of these interfaces are counted by the work that they start.
const HTTP: &str = "wasi:http";
const PROCESS: &str = "stepwell:process";

impl Usage {
    fn add(&mut self, receipt: &Receipt) {
        let calls = |name: &str| receipt.host_calls.get(name).copied().unwrap_or(0);
        // WASI calls include each request.
        let all = receipt.host_calls.iter().filter(|(name, _)| *name != HTTP).map(|(_, count)| *count);
        for (sum, more) in [
            (&mut self.fuel, receipt.fuel),
            (&mut self.host_calls, all.fold(0, u64::saturating_add)),
            (&mut self.http_requests, calls(HTTP)),
            (&mut self.sql_statements, receipt.sql_statements),
            (&mut self.process_starts, calls(PROCESS)),
            (&mut self.checkpoints, receipt.checkpoints),
            (&mut self.stored_bytes, receipt.stored_bytes),
        ] {
            *sum = sum.saturating_add(more);
        }
    }
}

/// A resource with a limit per attempt, and `run_factor` times that limit per run.
struct Resource {
    limit: &'static str,
    in_words: &'static str,
    of: fn(&mut Limits) -> &mut u64,
    used: fn(&Usage) -> u64,
}

const RESOURCES: [Resource; 6] = [
    Resource {
        limit: "fuel",
        in_words: "units of fuel",
        of: |limits| &mut limits.fuel.0,
        used: |usage| usage.fuel,
    },
    Resource {
        limit: "host_calls",
        in_words: "calls to the host",
        of: |limits| &mut limits.host_calls.0,
        used: |usage| usage.host_calls,
    },
    Resource {
        limit: "http_requests",
        in_words: "HTTP requests",
        of: |limits| &mut limits.http_requests.0,
        used: |usage| usage.http_requests,
    },
    Resource {
        limit: "sql_statements",
        in_words: "SQL statements",
        of: |limits| &mut limits.sql_statements.0,
        used: |usage| usage.sql_statements,
    },
    Resource {
        limit: "process_starts",
        in_words: "programs",
        of: |limits| &mut limits.process_starts.0,
        used: |usage| usage.process_starts,
    },
    Resource {
        limit: "checkpoints",
        in_words: "checkpoints",
        of: |limits| &mut limits.checkpoints.0,
        used: |usage| usage.checkpoints,
    },
];

impl Resource {
    /// Returns the limits of one attempt and of the run.
    fn limits(&self, limits: &Limits) -> (u64, u64) {
        let one = *(self.of)(&mut limits.clone());
        (one, one.saturating_mul(limits.run_factor.0.max(1)))
    }

    /// Returns whether the run has less left than an attempt may use.
    fn is_short(&self, limits: &Limits, used: &Usage) -> bool {
        let (one, all) = self.limits(limits);
        all.saturating_sub((self.used)(used)) < one
    }

    /// Returns the end of a step that has used up its budget in the run.
    fn used_up(&self, limits: &Limits, used: &Usage) -> Option<Outcome> {
        let (one, all) = self.limits(limits);
        if one == 0 || (self.used)(used) < all {
            return None;
        }
        let Self { limit, in_words, .. } = self;
        let message = format!(
            "all attempts of the step in this run together have used up their {all} {in_words}: `{limit}` times `run_factor`"
        );
        Some(Outcome::OverLimit { limit: RUN_FACTOR.to_owned(), message })
    }
}

fn too_much_stored(limits: &Limits) -> Outcome {
    let message = format!(
        "all attempts of the step in this run together have written {} to the store",
        limits.run_bytes
    );
    Outcome::OverLimit { limit: RUN_BYTES.to_owned(), message }
}

fn run_is_full(most: Bytes) -> Outcome {
    let message = format!("all steps of the run together have written {most} to the store");
    Outcome::OverLimit { limit: ALL_BYTES.to_owned(), message }
}

impl RunState {
    /// Returns the bytes that attempts have written to the store.
    pub fn stored_bytes(&self) -> u64 {
        self.steps.iter().fold(0, |sum, step| step.used.stored_bytes.saturating_add(sum))
    }

    /// Returns the part of `most` bytes that is left for a step. Steps that clean up after others have
    /// separate budgets.
    fn left_of(&self, most: Bytes, step: usize) -> u64 {
        match self.part_of(step) {
            Part::Steps => most.0.saturating_sub(self.stored_bytes()),
            Part::OnFailure | Part::Finally => u64::MAX,
        }
    }

    /// Returns the limits of the next attempt of a step, or of its next part: the smaller of its own limits
    /// and of the rest of the step's budget in this run, and of the bytes that the run may write (`most`).
    ///
    /// # Errors
    /// Returns the end of a step that has nothing left.
    pub fn allowance(&self, step: usize, limits: &Limits, most: Bytes) -> Result<Limits, Outcome> {
        let Some(known) = self.steps.get(step) else { return Ok(limits.clone()) };
        let mut left = known.allowance(limits)?;
        match self.left_of(most, step) {
            0 => return Err(run_is_full(most)),
            bytes => left.run_bytes.0 = left.run_bytes.0.min(bytes),
        }
        Ok(left)
    }

    /// Returns the end of an attempt that ran with [`RunState::allowance`]. If the budget of the run stopped
    /// it, the end says so.
    #[must_use]
    pub fn judged(&self, step: usize, limits: &Limits, most: Bytes, end: StepEnd) -> StepEnd {
        let Some(known) = self.steps.get(step) else { return end };
        let end = known.judged(limits, end);
        if end.outcome.ends_budget() || end.receipt.stored_bytes <= self.left_of(most, step) {
            return end;
        }
        StepEnd { outcome: run_is_full(most), produced: Produced::default(), ..end }
    }
}

impl StepState {
    /// Adds the resources that an attempt has used.
    pub(super) fn count(&mut self, receipt: &Receipt) {
        self.used.add(receipt);
        let (lines, bytes) = self.logged;
        self.logged = (lines.saturating_add(receipt.log_lines), bytes.saturating_add(receipt.log_bytes));
    }

    fn allowance(&self, limits: &Limits) -> Result<Limits, Outcome> {
        let mut left = limits.clone();
        for resource in &RESOURCES {
            if let Some(outcome) = resource.used_up(limits, &self.used) {
                return Err(outcome);
            }
            let (one, all) = resource.limits(limits);
            *(resource.of)(&mut left) = one.min(all.saturating_sub((resource.used)(&self.used)));
        }
        left.run_bytes.0 = limits.run_bytes.0.saturating_sub(self.used.stored_bytes);
        if left.run_bytes.0 == 0 {
            return Err(too_much_stored(limits));
        }
        Ok(self.with_one_log(left))
    }

    /// Returns the limits of an attempt that only stops work that the step has started elsewhere: its own
    /// limits, because no attempt follows. The log is still the log of the attempt before.
    pub fn last_allowance(&self, limits: &Limits) -> Limits {
        self.with_one_log(limits.clone())
    }

    fn with_one_log(&self, mut limits: Limits) -> Limits {
        limits.log_lines.0 = limits.log_lines.0.saturating_sub(self.logged.0);
        limits.log_bytes.0 = limits.log_bytes.0.saturating_sub(self.logged.1);
        limits
    }

    fn judged(&self, limits: &Limits, end: StepEnd) -> StepEnd {
        let mut used = self.used;
        used.add(&end.receipt);
        if used.stored_bytes > limits.run_bytes.0 {
            return StepEnd { outcome: too_much_stored(limits), produced: Produced::default(), ..end };
        }
        if matches!(end.outcome, Outcome::Succeeded | Outcome::Parked { .. } | Outcome::Cancelled) {
            return end;
        }
        let short = RESOURCES.iter().filter(|resource| resource.is_short(limits, &self.used));
        let Some(Outcome::OverLimit { limit, message }) =
            short.filter_map(|resource| resource.used_up(limits, &used)).next()
        else {
            return end;
        };
        let message = match &end.outcome {
            Outcome::Failed { message: own, .. } => format!("{message} (the step says: {own})"),
            _ => message,
        };
        StepEnd { outcome: Outcome::OverLimit { limit, message }, ..end }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::outcome::FailureKind;
    use crate::quantity::{Bytes, Count};
    use crate::run::RunState;
    use crate::store::NewRun;
    use crate::{Job, JobDefinition};

    fn step() -> StepState {
        let job = json!({"id": "j", "steps": [{"id": "a", "type": "x"}]});
        let job: Job = serde_json::from_value::<JobDefinition>(job).unwrap().into();
        RunState::new(NewRun::of(job.into(), "exec_1", Default::default())).steps.remove(0)
    }

    fn limits() -> Limits {
        Limits {
            fuel: Count::new(100),
            http_requests: Count::new(4),
            run_factor: Count::new(3),
            run_bytes: Bytes::new(1_000),
            ..Limits::STANDARD
        }
    }

    fn receipt(fuel: u64, requests: u64, stored: u64) -> Receipt {
        let host_calls = [(HTTP.to_owned(), requests), ("wasi".to_owned(), 9)].into();
        Receipt { fuel, host_calls, stored_bytes: stored, log_lines: 2, ..Receipt::default() }
    }

    fn end(outcome: Outcome, receipt: Receipt) -> StepEnd {
        StepEnd { outcome, produced: Produced::default(), receipt }
    }

    #[test]
    fn an_attempt_gets_the_lesser_of_its_own_and_of_what_is_left() {
        let (mut step, limits) = (step(), limits());
        assert_eq!(step.allowance(&limits).unwrap(), limits);
        step.count(&receipt(250, 1, 400));
        let left = step.allowance(&limits).unwrap();
        assert_eq!((left.fuel.0, left.http_requests.0, left.run_bytes.0), (50, 4, 600));
        assert_eq!((left.log_lines.0, step.used.host_calls), (limits.log_lines.0 - 2, 9));
        step.count(&receipt(50, 1, 0));
        let outcome = step.allowance(&limits).unwrap_err();
        assert!(outcome.ends_budget());
        assert_eq!(
            outcome.message(),
            "all attempts of the step in this run together have used up their 300 units of fuel: `fuel` times \
            `run_factor`; raise `limits.run_factor` in the policy"
        );
    }

    #[test]
    fn all_steps_of_a_run_together_have_a_bound() {
        let step = |id: &str| json!({"id": id, "type": "x"});
        let job = json!({"id": "j", "steps": [step("a"), step("b")], "finally": [step("c")]});
        let job: Job = serde_json::from_value::<JobDefinition>(job).unwrap().into();
        let mut state = RunState::new(NewRun::of(job.into(), "exec_1", Default::default()));
        let (limits, most) = (limits(), Bytes::new(1_500));
        state.steps[0].count(&receipt(1, 0, 900));
        assert_eq!(state.allowance(1, &limits, most).unwrap().run_bytes.0, 600);
        let judged =
            |stored| state.judged(1, &limits, most, end(Outcome::Succeeded, receipt(1, 0, stored))).outcome;
        assert_eq!(judged(600), Outcome::Succeeded);
        assert_eq!(
            judged(601).message(),
            "all steps of the run together have written 1500B to the store; raise `service.run_bytes` in the \
            configuration"
        );
        state.steps[1].count(&receipt(1, 0, 600));
        assert!(state.allowance(1, &limits, most).unwrap_err().ends_budget());
        assert_eq!(state.allowance(2, &limits, most).unwrap(), limits, "clean-up steps run anyway");
    }

    /// A step that polls a server every five minutes for a week, with the cost of such a poll.
    #[test]
    fn who_waits_for_a_week_has_enough() {
        let mut step = step();
        let host_calls = [(HTTP.to_owned(), 3), ("wasi".to_owned(), 400)].into();
        let look = Receipt {
            fuel: 200_000_000,
            host_calls,
            log_lines: 2,
            log_bytes: 200,
            checkpoints: 1,
            stored_bytes: 2_000,
            ..Receipt::default()
        };
        for _ in 0..2_016 {
            let left = step.allowance(&Limits::STANDARD).unwrap();
            assert_eq!(
                (left.fuel, left.http_requests),
                (Limits::STANDARD.fuel, Limits::STANDARD.http_requests)
            );
            step.count(&look);
        }
    }

    #[test]
    fn the_budget_of_the_run_says_that_it_ended_the_attempt() {
        let (mut step, limits) = (step(), limits());
        let out_of_fuel = || Outcome::OutOfFuel { limit: 100, backtrace: Vec::new(), hint: String::new() };
        // The attempt's own limit applies.
        assert_eq!(step.judged(&limits, end(out_of_fuel(), receipt(100, 0, 0))).outcome, out_of_fuel());
        step.count(&receipt(250, 10, 0));
        let judged = |outcome, receipt| step.judged(&limits, end(outcome, receipt)).outcome;
        assert!(judged(out_of_fuel(), receipt(50, 0, 0)).message().contains("300 units of fuel"));
        let failed =
            || Outcome::Failed { kind: FailureKind::Denied, message: "refused".to_owned(), retryable: true };
        assert_eq!(judged(failed(), receipt(10, 1, 0)), failed());
        let told = judged(failed(), receipt(10, 3, 0)).message();
        assert!(told.contains("12 HTTP requests") && told.contains("the step says: refused"), "{told}");
        assert_eq!(judged(Outcome::Succeeded, receipt(50, 2, 1_000)), Outcome::Succeeded);
        let parked = Outcome::Parked { after: Default::default(), reason: String::new() };
        assert!(judged(parked, receipt(1, 0, 1_001)).message().contains("limits.run_bytes"));
    }
}
