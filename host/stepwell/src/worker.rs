//! The worker: claims a run, and moves it until it has ended.

use std::fs::{self, File};
use std::sync::Arc;
use std::time::Duration;

use stepwell_engine::clock::Timestamp;
use stepwell_engine::run::{Effect, Event, RunState, RunStatus, apply, next};
use stepwell_engine::step::{Deterministic, LogLine, Progress, Report};
use stepwell_engine::store::{Claim, Commit, LogRecord};
use stepwell_engine::{Outcome, Produced, Receipt, StepEnd, StepRequest, StepRunner, StepSink, StoreError};
use tokio::sync::mpsc::Receiver;
use tokio::time::{interval, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::prepare::Prepared;
use crate::{Host, HostError};

/// How long a claim lasts without being renewed, and how often it is.
const LEASE: Duration = Duration::from_secs(15);
const RENEW: Duration = Duration::from_secs(5);
/// Lines of log that wait for the next commit before they get one of their own.
const LOG_LINES_TO_COMMIT: usize = 64;

/// Something that a watcher of a run may show.
#[derive(Debug)]
pub enum Notice<'a> {
    /// The run has moved; it is on disk.
    Event(&'a Event),
    /// The running step logs.
    Log(&'a LogLine),
    /// The running step has come this far.
    Progress(&'a Progress),
    /// The host does something for the step that takes time.
    Preparing(&'a str),
}

/// Watches a run. Called by the worker between its own work: it should not block.
pub trait Observer: Send + Sync {
    /// Something happened at the step of this index; the run's state is the one after it.
    fn notice(&self, state: &RunState, step: usize, notice: Notice<'_>);
}

/// Shows nothing.
pub(crate) struct Silent;

impl Observer for Silent {
    fn notice(&self, _: &RunState, _: usize, _: Notice<'_>) {}
}

/// A run in the hands of this worker.
struct Worker<'a> {
    host: &'a Host,
    observer: &'a dyn Observer,
    cancel: CancellationToken,
    state: RunState,
    fence: u64,
    /// Events that the state has and the store has not: they share the next commit.
    pending: Vec<Event>,
    logs: Vec<LogRecord>,
}

impl Host {
    /// Moves a run until it has ended: from its beginning, or from the first unfinished step when an earlier
    /// process died. A finished step never runs again. Cancelling `cancel` ends the run as cancelled.
    ///
    /// # Errors
    /// When there is no such run, another process moves it, or the store failed. The state of a run that
    /// failed is no error.
    pub async fn resume(
        &self,
        execution_id: &str,
        observer: &dyn Observer,
        cancel: CancellationToken,
    ) -> Result<RunState, HostError> {
        let lock = self.lock(execution_id)?;
        let claim = self.claim(execution_id).await?;
        let Claim { run, events, fence } = claim;
        let state = RunState::replay(run, &events)?;
        let renewing = self.keep_claim(execution_id.to_owned(), fence);
        let mut worker =
            Worker { host: self, observer, cancel, state, fence, pending: Vec::new(), logs: Vec::new() };
        let driven = worker.drive().await;
        drop(renewing);
        // A claim that is lost cannot be given back, and need not be.
        let _ = self.store.release(execution_id, fence).await;
        drop(lock);
        driven?;
        Ok(worker.state)
    }

    /// A lock that the operating system takes back when this process dies: it tells a dead worker of this
    /// machine from a live one before its claim expires.
    fn lock(&self, execution_id: &str) -> Result<File, HostError> {
        // It becomes a path.
        if !execution_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(StoreError::NotFound(execution_id.to_owned()).into());
        }
        let dir = self.runs_dir.join(execution_id);
        let path = dir.join("lock");
        let file = |error| HostError::File { path: path.clone(), error };
        fs::create_dir_all(&dir).map_err(file)?;
        let lock = File::create(&path).map_err(file)?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(fs::TryLockError::WouldBlock) => Err(HostError::Busy(execution_id.to_owned())),
            Err(fs::TryLockError::Error(error)) => Err(file(error)),
        }
    }

    async fn claim(&self, execution_id: &str) -> Result<Claim, StoreError> {
        let now = self.clock.now();
        match self.store.claim(execution_id, now, now + LEASE).await {
            // Its holder was a process of this machine, since the store is a file here, and we have its lock.
            Err(StoreError::Claimed(_, until)) => self.store.claim(execution_id, until, now + LEASE).await,
            claimed => claimed,
        }
    }

    fn keep_claim(&self, execution_id: String, fence: u64) -> AbortOnDropHandle<()> {
        let (store, clock) = (self.store.clone(), self.clock.clone());
        AbortOnDropHandle::new(tokio::spawn(async move {
            let mut ticks = interval(RENEW);
            loop {
                ticks.tick().await;
                if let Err(error) = store.renew(&execution_id, fence, clock.now() + LEASE).await {
                    // Each write checks the fence: a lost claim is found there, and loudly.
                    tracing::warn!("{error}");
                }
            }
        }))
    }
}

impl Worker<'_> {
    async fn drive(&mut self) -> Result<(), HostError> {
        let now = self.now();
        match self.state.status {
            RunStatus::Queued => self.push(Event::Started { at: now })?,
            RunStatus::Running => self.forget_lost_attempt(now)?,
            _ => {}
        }
        while let Some(Effect::RunStep { step, attempt, not_before }) = next(&self.state) {
            if let Some(ended) = self.wait(not_before).await? {
                self.push(ended)?;
                continue;
            }
            self.step(step, attempt).await?;
        }
        self.commit().await
    }

    /// An attempt that was running when its worker died is lost.
    fn forget_lost_attempt(&mut self, at: Timestamp) -> Result<(), HostError> {
        let running =
            |step: &stepwell_engine::run::StepState| step.status == stepwell_engine::run::StepStatus::Running;
        let Some(step) = self.state.steps.iter().position(running) else { return Ok(()) };
        let attempt = self.state.steps.get(step).map_or(0, |step| step.attempt);
        self.push(Event::AttemptLost { step, attempt, at })
    }

    /// Waits for the next attempt; the event that ends the run instead, if one does.
    async fn wait(&mut self, not_before: Option<Timestamp>) -> Result<Option<Event>, HostError> {
        if let Some(due) = not_before {
            // What is decided is on disk before time passes.
            self.commit().await?;
            let until = self.state.deadline().map_or(due, |deadline| due.min(deadline));
            let pause = (until - self.now()).to_std().unwrap_or_default();
            let cancel = self.cancel.clone();
            tokio::select! {
                () = sleep(pause) => {}
                () = cancel.cancelled() => {}
            }
        }
        let at = self.now();
        if self.cancel.is_cancelled() {
            return Ok(Some(Event::Cancelled { at }));
        }
        let late = self.state.deadline().is_some_and(|deadline| at >= deadline);
        Ok(late.then_some(Event::TimedOut { at }))
    }

    async fn step(&mut self, step: usize, attempt: u32) -> Result<(), HostError> {
        let Some(definition) = self.state.run.job.steps.get(step).cloned() else { return Ok(()) };
        let at = self.now();
        let (config, grant) = match self.host.prepare(&self.state, &definition) {
            Prepared::Skip(reason) => return self.push(Event::StepSkipped { step, reason, at }),
            Prepared::Refused(outcome) => {
                self.push(Event::StepStarted { step, attempt, at })?;
                let end = StepEnd { outcome, produced: Produced::default(), receipt: Receipt::default() };
                return self.push(Event::StepEnded { step, attempt, end: Arc::new(end), at });
            }
            Prepared::Run(config, grant) => (config, grant),
        };
        self.push(Event::StepStarted { step, attempt, at })?;
        self.commit().await?;
        let (sink, mut reports) = StepSink::channel();
        let remaining =
            self.state.deadline().map_or(Duration::MAX, |d| (d - at).to_std().unwrap_or_default());
        let request = StepRequest {
            execution_id: self.state.run.execution_id.clone(),
            job_id: self.state.run.job.id.clone(),
            step_id: definition.id.clone(),
            step_type: definition.step_type.clone(),
            attempt,
            config,
            grant: *grant,
            outputs: self.state.outputs(),
            variables: self.state.variables.clone(),
            checkpoint: self.state.steps.get(step).and_then(|step| step.checkpoint.clone()),
            workspace: Some(self.host.workspace(&self.state.run.execution_id)),
            deterministic: self.deterministic(&definition.id, attempt),
            remaining,
            cancel: self.cancel.clone(),
            sink,
        };
        let end = self.watch(step, attempt, request, &mut reports).await?;
        let at = self.now();
        self.push(Event::StepEnded { step, attempt, end: Arc::new(end), at })
    }

    /// Runs the attempt and takes its reports until both have ended.
    async fn watch(
        &mut self,
        step: usize,
        attempt: u32,
        request: StepRequest,
        reports: &mut Receiver<Report>,
    ) -> Result<StepEnd, HostError> {
        let sandbox = self.host.sandbox.clone();
        let step_id = request.step_id.clone();
        let mut running = AbortOnDropHandle::new(tokio::spawn(async move { sandbox.run(request).await }));
        let mut ended = None;
        loop {
            tokio::select! {
                biased;
                report = reports.recv() => match report {
                    Some(report) => self.report(step, attempt, &step_id, report).await?,
                    // The sink is gone with the attempt.
                    None => break,
                },
                end = &mut running, if ended.is_none() => ended = Some(end),
            }
        }
        let end = match ended {
            Some(end) => end,
            None => running.await,
        };
        Ok(end.unwrap_or_else(|error| StepEnd {
            outcome: Outcome::HostFault { message: format!("the attempt stopped: {error}") },
            produced: Produced::default(),
            receipt: Receipt::default(),
        }))
    }

    async fn report(
        &mut self,
        step: usize,
        attempt: u32,
        step_id: &str,
        report: Report,
    ) -> Result<(), HostError> {
        match report {
            Report::Progress(progress) => {
                self.observer.notice(&self.state, step, Notice::Progress(&progress))
            }
            Report::Preparing(what) => self.observer.notice(&self.state, step, Notice::Preparing(&what)),
            Report::Log(line) => {
                self.observer.notice(&self.state, step, Notice::Log(&line));
                self.logs.push(LogRecord { at: self.now(), step_id: step_id.to_owned(), attempt, line });
                if self.logs.len() >= LOG_LINES_TO_COMMIT {
                    self.commit().await?;
                }
            }
            Report::Checkpoint { data, saved } => {
                self.push(Event::CheckpointSaved { step, data })?;
                let committed = self.commit().await;
                let answer = match &committed {
                    Ok(()) => Ok(()),
                    Err(error) => Err(error.to_string()),
                };
                // A step that is gone does not wait for the answer.
                let _ = saved.send(answer);
                committed?;
            }
        }
        Ok(())
    }

    fn push(&mut self, event: Event) -> Result<(), HostError> {
        let (state, _) = apply(self.state.clone(), &event)?;
        self.state = state;
        self.pending.push(event);
        Ok(())
    }

    /// Writes what is pending, and tells the observer once it is on disk.
    async fn commit(&mut self) -> Result<(), HostError> {
        if self.pending.is_empty() && self.logs.is_empty() {
            return Ok(());
        }
        let events = std::mem::take(&mut self.pending);
        let commit = Commit {
            execution_id: self.state.run.execution_id.clone(),
            fence: self.fence,
            events: events.clone(),
            logs: std::mem::take(&mut self.logs),
            status: self.state.status,
            at: self.now(),
        };
        self.host.store.commit(commit).await?;
        for event in &events {
            self.observer.notice(&self.state, step_of(event), Notice::Event(event));
        }
        Ok(())
    }

    fn deterministic(&self, step_id: &str, attempt: u32) -> Option<Deterministic> {
        let seed = self.host.deterministic?;
        let time = self.state.run.scheduled_time;
        let salt =
            step_id.bytes().fold(u64::from(attempt), |salt, byte| salt.wrapping_mul(31) ^ u64::from(byte));
        Some(Deterministic { time, seed: seed ^ salt })
    }

    fn now(&self) -> Timestamp {
        self.host.clock.now()
    }
}

fn step_of(event: &Event) -> usize {
    match event {
        Event::StepStarted { step, .. }
        | Event::CheckpointSaved { step, .. }
        | Event::StepEnded { step, .. }
        | Event::StepSkipped { step, .. }
        | Event::AttemptLost { step, .. } => *step,
        Event::Started { .. } | Event::Cancelled { .. } | Event::TimedOut { .. } => 0,
    }
}
