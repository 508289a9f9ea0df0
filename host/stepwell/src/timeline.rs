//! The origin of a run, the times of its attempts, and the limits of its steps.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::Job;
use stepwell_engine::policy::Limits;
use stepwell_engine::run::{Event, StepKey};
use stepwell_engine::store::{Loaded, NewRun, Source};

use crate::HostError;
use crate::runs::Runs;

/// The maximum number of attempts in a timeline.
const MOST: usize = 2_000;

/// The origin of a run, and the times of its attempts.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Timeline {
    /// The id of the run.
    pub execution_id: String,
    /// The queue of the run; null for a run outside any queue.
    pub queue: Option<String>,
    /// The priority, from 0 to 9.
    pub priority: u8,
    /// The origin: `api`, `schedule`, `backfill` or `retry`.
    pub origin: &'static str,
    /// The fire of the schedule, as the ledger names it; null for other origins.
    pub fire: Option<String>,
    /// The backfill that admitted the run; null for other origins.
    pub backfill: Option<String>,
    /// The run that this run retries; null for other origins.
    pub retry_of: Option<String>,
    /// The actors who started the run and the runs that it retries, as the audit log names them.
    pub started_by: Vec<String>,
    /// The id of the trace (W3C Trace Context); null for a run without one.
    pub trace_id: Option<String>,
    /// The time of the request.
    pub created_at: Timestamp,
    /// The time at which the run is, or was, due to begin.
    pub due_at: Timestamp,
    /// The time at which the first worker claimed the run; null until then.
    pub started_at: Option<Timestamp>,
    /// The attempts, in the order of their starts: at most 2,000.
    pub attempts: Vec<AttemptTimes>,
    /// Number of further attempts, which are left out.
    pub more_attempts: usize,
}

/// The times of an attempt. Attempts of a step that ended parked, one after the other, are one entry.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AttemptTimes {
    /// The path of the step.
    pub step_id: String,
    /// The number of the last attempt of the entry, from 1; 0 for the wait for an approval.
    pub attempt: u32,
    /// Number of attempts in the entry.
    pub attempts: u32,
    /// The start of the first attempt.
    pub started_at: Timestamp,
    /// The end of the last attempt; null while it runs.
    pub ended_at: Option<Timestamp>,
    /// The class of the outcome, `lost`, or the decision about an approval (`approved`, `rejected`); null while the
    /// attempt runs.
    pub end: Option<&'static str>,
    /// Time to compile or load the component, in microseconds.
    pub compile_us: u64,
    /// Time from the call to its end, in microseconds.
    pub run_us: u64,
}

/// The limits of one attempt of a step, under the present policy.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct StepLimits {
    /// The path of the step.
    pub step_id: String,
    /// The name of the policy; empty when no policy names the step type.
    pub policy: String,
    /// The profile from which the limits start.
    pub profile: String,
    /// The digest of the grant. The receipt of an attempt under the same grant has it as `policy`.
    pub digest: String,
    /// CPU budget in units of fuel.
    pub fuel: u64,
    /// Wall-clock time in seconds.
    pub wall_seconds: f64,
    /// Linear memory in bytes.
    pub memory_bytes: u64,
    /// Bytes that the host may hold for the step.
    pub host_bytes: u64,
    /// Number of calls from the guest to the host.
    pub host_calls: u64,
    /// Number of log lines.
    pub log_lines: u64,
    /// Bytes of the log.
    pub log_bytes: u64,
    /// Number of SQL statements.
    pub sql_statements: u64,
    /// Number of checkpoints.
    pub checkpoints: u64,
    /// Bytes that all attempts of the step in one run may write to the store.
    pub run_bytes: u64,
}

impl Runs {
    /// Returns the origin of a run, and the times of its attempts.
    ///
    /// # Errors
    /// Fails when there is no such run, or the store fails.
    pub async fn timeline(&self, execution_id: &str) -> Result<Timeline, HostError> {
        let Loaded { run, events, next } = self.ctx.store.load(execution_id).await?;
        let mut times = Times::default();
        times.add(&events);
        self.read_on(execution_id, next, |events| times.add(&events)).await?;
        Ok(times.of(run))
    }

    /// Returns the limits of a step of a run under the present policy. `None` for a step that policy denies, and for
    /// steps of the engine.
    ///
    /// # Errors
    /// Fails when there is no such run or step, or the store fails.
    pub async fn limits(&self, execution_id: &str, step_id: &str) -> Result<Option<StepLimits>, HostError> {
        let state = self.shown(execution_id).await?;
        let definition = state.position_of(step_id).and_then(|index| state.definition(index));
        let missing = || HostError::NoStep(execution_id.to_owned(), step_id.to_owned());
        let id = definition.ok_or_else(missing)?.id.clone();
        let grants = self.ctx.preparation().grants_of_run(&state.run);
        let grant = grants.into_iter().find(|(step, _)| step.id == id).and_then(|(_, grant)| grant.ok());
        Ok(grant.map(|grant| {
            let Limits { fuel, wall, memory, host_bytes, host_calls, .. } = grant.limits().clone();
            let Limits { log_lines, log_bytes, sql_statements, checkpoints, run_bytes, .. } =
                grant.limits().clone();
            StepLimits {
                step_id: step_id.to_owned(),
                policy: grant.policy().to_owned(),
                profile: <&str>::from(grant.profile()).to_owned(),
                digest: grant.digest().to_owned(),
                fuel: fuel.0,
                wall_seconds: wall.0.as_secs_f64(),
                memory_bytes: memory.0,
                host_bytes: host_bytes.0,
                host_calls: host_calls.0,
                log_lines: log_lines.0,
                log_bytes: log_bytes.0,
                sql_statements: sql_statements.0,
                checkpoints: checkpoints.0,
                run_bytes: run_bytes.0,
            }
        }))
    }
}

/// The times of the attempts of a run, from its events.
#[derive(Default)]
struct Times {
    started_at: Option<Timestamp>,
    steps: BTreeMap<StepKey, Vec<AttemptTimes>>,
    count: usize,
    more: usize,
}

impl Times {
    fn add(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::Started { at } => self.started_at = self.started_at.or(Some(*at)),
                Event::StepStarted { step, attempt, at } => self.open(step, *attempt, *at),
                Event::ApprovalRequested { step, at, .. } => self.open(step, 0, *at),
                Event::StepEnded { step, end, at, .. } => {
                    let (compile, run) = (end.receipt.compile_us, end.receipt.run_us);
                    self.close(step, *at, end.outcome.class(), (compile, run));
                }
                Event::AttemptLost { step, at, .. } => self.close(step, *at, "lost", (0, 0)),
                Event::ApprovalDecided { step, approved, at, .. } => {
                    self.close(step, *at, if *approved { "approved" } else { "rejected" }, (0, 0));
                }
                _ => {}
            }
        }
    }

    fn open(&mut self, step: &StepKey, attempt: u32, at: Timestamp) {
        if self.count >= MOST {
            self.more += 1;
            return;
        }
        self.count += 1;
        self.steps.entry(step.clone()).or_default().push(AttemptTimes {
            step_id: String::new(),
            attempt,
            attempts: 1,
            started_at: at,
            ended_at: None,
            end: None,
            compile_us: 0,
            run_us: 0,
        });
    }

    fn close(&mut self, step: &StepKey, at: Timestamp, end: &'static str, (compile, run): (u64, u64)) {
        let Some(attempts) = self.steps.get_mut(step) else { return };
        let Some(mut last) = attempts.pop() else { return };
        if last.ended_at.is_some() {
            attempts.push(last);
            return;
        }
        last.ended_at = Some(at);
        last.end = Some(end);
        (last.compile_us, last.run_us) = (compile, run);
        match attempts.last_mut().filter(|before| end == "parked" && before.end == Some(end)) {
            Some(before) => {
                before.attempt = last.attempt;
                before.attempts += 1;
                before.ended_at = last.ended_at;
                before.compile_us += compile;
                before.run_us += run;
                self.count -= 1;
            }
            None => attempts.push(last),
        }
    }

    fn of(self, run: NewRun) -> Timeline {
        let (origin, fire, backfill, retry_of) = match run.source {
            Source::Api => ("api", None, None, None),
            Source::Schedule { nominal } => ("schedule", Some(nominal), None, None),
            Source::Backfill { id, nominal } => ("backfill", Some(nominal), Some(id), None),
            Source::Retry { of } => ("retry", None, None, Some(of)),
        };
        Timeline {
            execution_id: run.execution_id,
            queue: run.queue,
            priority: run.priority,
            origin,
            fire,
            backfill,
            retry_of,
            started_by: run.started_by,
            trace_id: run.trace.map(|trace| trace.id()),
            created_at: run.created_at,
            due_at: run.scheduled_time,
            started_at: self.started_at,
            attempts: named(self.steps, &run.job),
            more_attempts: self.more,
        }
    }
}

/// Returns the attempts of all steps in the order of their starts, with the paths of their steps.
fn named(steps: BTreeMap<StepKey, Vec<AttemptTimes>>, job: &Job) -> Vec<AttemptTimes> {
    let mut all: Vec<AttemptTimes> = Vec::new();
    for (step, attempts) in steps {
        let path = step.path(job);
        all.extend(attempts.into_iter().map(|attempt| AttemptTimes { step_id: path.clone(), ..attempt }));
    }
    all.sort_by_key(|attempt| attempt.started_at);
    all
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use chrono::TimeDelta;
    use stepwell_engine::{Outcome, Produced, Receipt, StepEnd};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::default() + TimeDelta::seconds(seconds)
    }

    fn started(step: &str, attempt: u32, seconds: i64) -> Event {
        Event::StepStarted { step: step.into(), attempt, at: at(seconds) }
    }

    fn ended(step: &str, attempt: u32, outcome: Outcome, seconds: i64) -> Event {
        let receipt = Receipt { compile_us: 2, run_us: 3, ..Receipt::default() };
        let end = Arc::new(StepEnd { outcome, produced: Produced::default(), receipt });
        Event::StepEnded { step: step.into(), attempt, end, at: at(seconds) }
    }

    #[test]
    fn checks_of_a_parked_step_are_one_entry_and_the_count_is_bounded() {
        let parked = || Outcome::Parked { after: Duration::from_secs(1), reason: "a file".to_owned() };
        let mut times = Times::default();
        times.add(&[Event::Started { at: at(0) }]);
        for check in 0..5_000_u32 {
            let second = i64::from(check) * 10;
            times.add(&[started("wait", check + 1, second), ended("wait", check + 1, parked(), second + 1)]);
        }
        times.add(&[started("wait", 5_001, 60_000), ended("wait", 5_001, Outcome::Succeeded, 60_002)]);
        times.add(&[started("last", 1, 60_003)]);
        let job: Arc<Job> = Arc::new(Job::unreadable("j"));
        let timeline = times.of(NewRun::of(job, "exec_1", at(0)));
        let shown: Vec<_> =
            timeline.attempts.iter().map(|a| (a.step_id.as_str(), a.attempt, a.attempts, a.end)).collect();
        assert_eq!(
            shown,
            [
                ("wait", 5_000, 5_000, Some("parked")),
                ("wait", 5_001, 1, Some("succeeded")),
                ("last", 1, 1, None)
            ]
        );
        assert_eq!((timeline.attempts[0].run_us, timeline.more_attempts), (15_000, 0));
        assert_eq!(
            (timeline.attempts[0].started_at, timeline.attempts[0].ended_at),
            (at(0), Some(at(49_991)))
        );
        let mut times = Times::default();
        for attempt in 0..3_000 {
            times.add(&[started("s", attempt + 1, 1), ended("s", attempt + 1, Outcome::Cancelled, 2)]);
        }
        assert_eq!((times.count, times.more), (MOST, 1_000));
    }
}
