//! Follows one run from its trigger to its end, across attempts and restarts.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use stepwell_sdk::prelude::{context, json, log, serde_json};
use stepwell_sdk::{Failure, Output, StepResult};

use crate::api::{Answer, Run};
use crate::config::AzureDevOps;
use crate::results::Timeline;

/// The sleep between two checks for cancellation.
const SLICE: Duration = Duration::from_millis(200);
/// The longest sleep before a run is triggered. During a longer wait, the step parks and holds no worker.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// The number of consecutive failed checks after which the attempt gives up.
const PATIENCE: u32 = 5;
/// From this wait on, the step parks and does not sleep. Parking costs a fresh sandbox, but holds no
/// resources meanwhile.
const PARK_FROM: Duration = Duration::from_secs(1);

/// The note of the step for later attempts, saved as its checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Note {
    /// The step has parked, since Azure DevOps throttles it. It has triggered no run, or no known run.
    Throttled {
        /// The newest run that an earlier attempt noted before it triggered.
        after: Option<u64>,
        /// The start of the wait, in seconds since 1970.
        since: u64,
    },
    /// The step is about to trigger. `after` is the newest run before that.
    Triggering { after: u64 },
    /// The step has triggered this run.
    Triggered {
        run_id: u64,
        /// The time of the trigger, in seconds since 1970.
        #[serde(default)]
        since: u64,
        /// The number of consecutive failed checks.
        #[serde(default)]
        failures: u32,
        /// Whether the step parked itself. If not, an attempt died or failed.
        #[serde(default)]
        parked: bool,
    },
    /// The run has ended, so a further attempt triggers a new one.
    Done,
}

impl Note {
    /// Notes a run that was just triggered or found.
    fn triggered(run_id: u64) -> Self {
        Self::Triggered { run_id, since: now(), failures: 0, parked: false }
    }
}

/// The reason why the wait ended early.
enum Interrupted {
    Cancelled,
    OutOfTime,
}

impl AzureDevOps {
    /// Triggers a run or attaches to one, then waits for it.
    pub fn follow(&self) -> StepResult {
        // This first call shows the host that the step stops in an orderly way.
        let cancelled = context::is_cancelled();
        let note = load()?;
        let mut watch = Watch { since: now(), failures: 0 };
        let run = match note {
            // The host ran the parked step once more to clean up.
            Some(Note::Triggered { run_id, .. }) if cancelled => return Err(self.cancelled(run_id)),
            _ if cancelled => return Err(Failure::cancelled("the run is cancelled")),
            Some(Note::Triggered { run_id, since, failures, parked }) => {
                if parked {
                    watch = Watch { since, failures };
                } else {
                    log::info(format!("re-attaching to the pipeline run {run_id} of an earlier attempt"));
                }
                match self.look(run_id, &mut watch)? {
                    Ok(answer) => answer.value,
                    Err(wait) => return self.park(run_id, wait, &watch),
                }
            }
            note => {
                let (after, since) = match note {
                    Some(Note::Triggering { after }) => (Some(after), watch.since),
                    Some(Note::Throttled { after, since }) => (after, since),
                    _ => (None, watch.since),
                };
                let begun = after.map_or_else(|| self.trigger_once(), |after| self.recover(after));
                match begun {
                    Err(failure) if is_throttled(&failure) => {
                        return self.park_throttled(failure, after, since);
                    }
                    run => run?,
                }
            }
        };
        if !self.wait_for_completion {
            let output = Output::new(format!("Pipeline #{} started", run.id));
            return Ok(self.describe(output, &run));
        }
        self.wait(run, watch)
    }

    fn trigger_once(&self) -> Result<Run, Failure> {
        let newest = patiently(|| self.runs())?.value.first().map_or(0, |run| run.id);
        context::save_checkpoint(&Note::Triggering { after: newest })?;
        self.trigger_noted()
    }

    fn trigger_noted(&self) -> Result<Run, Failure> {
        let run = patiently(|| self.trigger())?.value;
        context::save_checkpoint(&Note::triggered(run.id))?;
        log::info(format!("triggered the pipeline run {} ({})", run.id, run.name));
        Ok(run)
    }

    /// An earlier attempt died between its note and the response. This function finds out whether it
    /// triggered a run.
    fn recover(&self, after: u64) -> Result<Run, Failure> {
        let mine = ours(&patiently(|| self.runs())?.value, after, &self.template_parameters());
        match mine.as_slice() {
            [] => self.trigger_noted(),
            [run] => {
                log::info(format!(
                    "re-attaching to the pipeline run {}, which an earlier attempt triggered",
                    run.id
                ));
                context::save_checkpoint(&Note::triggered(run.id))?;
                Ok(run.clone())
            }
            several => {
                let ids: Vec<String> = several.iter().map(|run| run.id.to_string()).collect();
                Err(Failure::failed(format!(
                    "an earlier attempt may have triggered one of the pipeline runs {}, and it is not known which; check them, and run the job again if none of them is the one",
                    ids.join(", ")
                )))
            }
        }
    }

    fn wait(&self, mut run: Run, mut watch: Watch) -> StepResult {
        let interval = Duration::from_secs_f64(self.poll_interval);
        let mut wait = interval;
        loop {
            let timeline = self.timeline(run.id);
            self.report(&run, &timeline);
            if run.state == "completed" {
                return self.finish(&run, &timeline);
            }
            if wait >= PARK_FROM {
                return self.park(run.id, wait, &watch);
            }
            match self.pause(wait, &watch) {
                Ok(()) => {}
                Err(Interrupted::Cancelled) => return Err(self.cancelled(run.id)),
                Err(Interrupted::OutOfTime) => return Err(out_of_time(run.id)),
            }
            wait = match self.look(run.id, &mut watch)? {
                Ok(answer) => {
                    run = answer.value;
                    answer.retry_after.unwrap_or_default().max(interval)
                }
                Err(wait) => wait,
            };
        }
    }

    /// Checks the run. If the check fails and is retryable, returns the time until the next check.
    fn look(&self, run_id: u64, watch: &mut Watch) -> Result<Result<Answer<Run>, Duration>, Failure> {
        match self.run_of(run_id) {
            Ok(answer) => {
                watch.failures = 0;
                Ok(Ok(answer))
            }
            // A failed check does not affect the pipeline.
            Err(failure) if failure.retryable && watch.failures < PATIENCE => {
                watch.failures += 1;
                log::warn(format!("checking the pipeline run {run_id} failed: {}", failure.message));
                let pause = Duration::from_secs_f64(self.poll_interval) * watch.failures;
                Ok(Err(asked_to_wait(&failure).unwrap_or(pause)))
            }
            Err(failure) => Err(failure.metadata("run_id", run_id)),
        }
    }

    /// Checks again after `wait`, in another sandbox.
    fn park(&self, run_id: u64, wait: Duration, watch: &Watch) -> StepResult {
        let left = self.limit().map(|limit| limit.saturating_sub(watch.elapsed()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(out_of_time(run_id));
        }
        let Watch { since, failures } = *watch;
        context::save_checkpoint(&Note::Triggered { run_id, since, failures, parked: true })?;
        context::park(left.map_or(wait, |left| wait.min(left)), &format!("the pipeline run {run_id}"))?;
        Ok(Output::new(""))
    }

    /// Retries the trigger after the time that Azure DevOps requests, in another sandbox. Fails if the step's
    /// time ends before that.
    fn park_throttled(&self, failure: Failure, after: Option<u64>, since: u64) -> StepResult {
        let wait = asked_to_wait(&failure).unwrap_or(LONGEST_SLEEP).max(PARK_FROM);
        let waited = Watch { since, failures: 0 }.elapsed();
        if self.limit().is_some_and(|limit| limit.saturating_sub(waited) <= wait) {
            return Err(failure);
        }
        context::save_checkpoint(&Note::Throttled { after, since })?;
        context::park(wait, "Azure DevOps, which throttles its organization,")?;
        Ok(Output::new(""))
    }

    /// Returns the time limit of the wait for the pipeline.
    fn limit(&self) -> Option<Duration> {
        self.timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    }

    /// Sleeps, and wakes up when there is a reason to stop.
    fn pause(&self, wait: Duration, watch: &Watch) -> Result<(), Interrupted> {
        let until = Instant::now() + wait;
        loop {
            if context::is_cancelled() {
                return Err(Interrupted::Cancelled);
            }
            if self.limit().is_some_and(|limit| watch.elapsed() >= limit) {
                return Err(Interrupted::OutOfTime);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(SLICE));
        }
    }

    fn finish(&self, run: &Run, timeline: &Timeline) -> StepResult {
        let id = run.id;
        let files =
            self.collect(run, timeline).map_err(|failure| failure.metadata("run_id", id.to_string()))?;
        context::save_checkpoint(&Note::Done)?;
        match run.result.as_deref().unwrap_or("unknown") {
            "succeeded" => {
                let output =
                    self.describe(Output::new(format!("Pipeline #{id} completed successfully")), run);
                Ok(if files.is_empty() { output } else { output.metadata("files", files) })
            }
            result => {
                let verdict = if result == "canceled" { "was canceled in Azure DevOps" } else { "failed" };
                let errors = timeline.errors();
                let why = if errors.is_empty() { String::new() } else { format!(": {}", errors.join("; ")) };
                let failure = Failure::failed(format!("Pipeline #{id} {verdict}{why}; see {}", run.url));
                Err(failure
                    .metadata("run_id", id.to_string())
                    .metadata("result", result)
                    .metadata("errors", errors)
                    .metadata("url", run.url.as_str()))
            }
        }
    }

    /// Returns the YAML that would run.
    pub fn show_preview(&self) -> StepResult {
        let yaml = self.final_yaml()?;
        let summary = format!("Pipeline {} can run so; nothing was triggered", self.pipeline_id.text());
        Ok(Output::new(summary)
            .value(json!({"final_yaml": yaml}))
            .metadata("organization", self.organization.as_str())
            .metadata("project", self.project.as_str())
            .metadata("pipeline_id", self.pipeline_id.text())
            .metadata("preview", true))
    }

    fn cancelled(&self, id: u64) -> Failure {
        match self.cancel(id) {
            Ok(()) => Failure::cancelled(format!("cancelled, and the pipeline run {id} with it")),
            Err(failure) => {
                let why = failure.message;
                Failure::cancelled(format!(
                    "cancelled; the pipeline run {id} continues, because cancelling it failed: {why}"
                ))
            }
        }
        .metadata("run_id", id)
    }

    fn describe(&self, output: Output, run: &Run) -> Output {
        let parameters = json!(self.template_parameters());
        output
            .value(json!({"id": run.id, "name": run.name, "state": run.state, "result": run.result, "url": run.url}))
            .metadata("organization", self.organization.as_str())
            .metadata("project", self.project.as_str())
            .metadata("pipeline_id", self.pipeline_id.text())
            .metadata("run_id", run.id.to_string())
            .metadata("branch", self.branch.clone())
            .metadata("parameters", parameters)
            .metadata("url", run.url.as_str())
    }
}

/// Repeats a request after the time that Azure DevOps requests, as long as it throttles. A request with
/// the status 429 has had no effect. [`AzureDevOps::park_throttled`] handles a wait that is too long
/// for this attempt.
fn patiently<T>(request: impl Fn() -> Result<T, Failure>) -> Result<T, Failure> {
    for tries in 0..PATIENCE {
        let failure = match request() {
            Err(failure) if is_throttled(&failure) => failure,
            done => return done,
        };
        let wait = asked_to_wait(&failure).unwrap_or(Duration::from_secs(1 << tries));
        if wait > LONGEST_SLEEP || wait >= context::remaining() {
            return Err(failure);
        }
        log::info(format!(
            "Azure DevOps throttles; the next request goes out in {:.1} s",
            wait.as_secs_f64()
        ));
        let until = Instant::now() + wait;
        while Instant::now() < until {
            if context::is_cancelled() {
                return Err(Failure::cancelled("the run is cancelled"));
            }
            std::thread::sleep(until.saturating_duration_since(Instant::now()).min(SLICE));
        }
    }
    request()
}

/// Returns whether Azure DevOps throttled the request and did nothing.
fn is_throttled(failure: &Failure) -> bool {
    failure.metadata.get("http_status") == Some(&json!(429))
}

/// The longest wait, in seconds, that a response may request.
const LONGEST_WAIT: f64 = 86_400.0;

/// Returns the wait that Azure DevOps requests.
fn asked_to_wait(failure: &Failure) -> Option<Duration> {
    let asked = failure.metadata.get("retry_after_seconds").and_then(serde_json::Value::as_f64)?;
    Some(Duration::from_secs_f64(asked.clamp(0.0, LONGEST_WAIT)))
}

/// Returns the runs after `after` that have our parameters.
fn ours(runs: &[Run], after: u64, parameters: &std::collections::BTreeMap<String, String>) -> Vec<Run> {
    let same = |run: &&Run| {
        let found = run.template_parameters.clone().unwrap_or_default();
        parameters.iter().all(|(name, value)| found.get(name).and_then(|v| v.as_str()) == Some(value))
    };
    runs.iter().filter(|run| run.id > after).filter(same).cloned().collect()
}

/// The wait for a run, across attempts.
struct Watch {
    since: u64,
    failures: u32,
}

impl Watch {
    fn elapsed(&self) -> Duration {
        Duration::from_secs(now().saturating_sub(self.since))
    }
}

/// Returns the seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn out_of_time(run_id: u64) -> Failure {
    Failure::timed_out(format!(
        "the pipeline run {run_id} has not completed in time; it continues, and a further attempt attaches to it"
    ))
    .metadata("run_id", run_id)
}

fn load() -> Result<Option<Note>, Failure> {
    let Some(note) = context::load_checkpoint()? else { return Ok(None) };
    serde_json::from_value(note)
        .map(Some)
        .map_err(|error| Failure::failed(format!("the note of an earlier attempt cannot be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_ours_when_it_is_newer_and_has_our_parameters() {
        let run = |id: u64, value: &str| Run {
            id,
            name: String::new(),
            state: "inProgress".to_owned(),
            result: None,
            url: String::new(),
            template_parameters: json!({"Environment": value, "More": "x"}).as_object().cloned(),
        };
        let runs = [run(12, "production"), run(11, "test"), run(10, "production")];
        let parameters = [("Environment".to_owned(), "production".to_owned())].into();
        let ids = |after| ours(&runs, after, &parameters).iter().map(|run| run.id).collect::<Vec<_>>();
        assert_eq!(ids(10), [12]);
        assert_eq!(ids(9), [12, 10]);
        assert!(ids(12).is_empty());
    }

    #[test]
    fn notes_are_small_and_stable() {
        for (note, json) in [
            (Note::Throttled { after: None, since: 7 }, r#"{"throttled":{"after":null,"since":7}}"#),
            (Note::Triggering { after: 4 }, r#"{"triggering":{"after":4}}"#),
            (
                Note::Triggered { run_id: 5, since: 7, failures: 0, parked: true },
                r#"{"triggered":{"run_id":5,"since":7,"failures":0,"parked":true}}"#,
            ),
            (Note::Done, r#""done""#),
        ] {
            assert_eq!(serde_json::to_string(&note).unwrap(), json);
            assert_eq!(serde_json::from_str::<Note>(json).unwrap(), note);
        }
    }
}
