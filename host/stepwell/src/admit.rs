//! Admission: turns a job into a run.

use std::sync::Arc;

use stepwell_engine::StoreError;
use stepwell_engine::job::{Job, split};
use stepwell_engine::run::{Admission, AdmitError, admit};
use stepwell_engine::schedule::check_once;
use stepwell_engine::store::{Audit, Change, Idempotency, Inserted, NewRun, Source};

use crate::HostError;
use crate::runs::Runs;

/// An admitted run, or the run that the same request created earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// The run.
    pub execution_id: String,
    /// Whether the same request, according to its idempotency key, created this run earlier.
    pub replayed: bool,
    /// A note about a result that the caller may not expect.
    pub note: Option<String>,
}

/// A request to run an ended run again.
#[derive(Debug, Clone, Default)]
pub struct Retry {
    /// Whether the new run starts from the first step. Default: from the failed one.
    pub from_start: bool,
    /// The job of the new run. Default: the job of the old one.
    pub job: Option<Arc<Job>>,
    /// The idempotency key of the request.
    pub idempotency: Option<Idempotency>,
}

impl Runs {
    /// Admits a job: saves it as a run in the queue of its time zone, or for the caller if the admission says
    /// so. Writes `audit` in the same transaction.
    ///
    /// # Errors
    /// Fails when the job is disabled, the job lacks a variable, the queue is full, or the store fails.
    pub async fn enqueue(
        &self,
        job: &Arc<Job>,
        admission: Admission,
        idempotency: Option<Idempotency>,
        audit: Option<Audit>,
    ) -> Result<Admitted, HostError> {
        let now = self.ctx.clock.now();
        if let (Source::Api, Some(due)) = (&admission.source, admission.due) {
            check_once(due, now).map_err(|why| HostError::Argument("scheduled_time", why))?;
        }
        let run = admit(job, admission, String::new(), now)?;
        self.insert(run, idempotency, audit, |_| Ok(Vec::new())).await
    }

    /// Assigns an id, a rank and a queue to the run, and saves it. `before` receives each id that is tried,
    /// and returns the changes that the transaction writes with the run, in addition to `audit`.
    pub(crate) async fn insert(
        &self,
        run: NewRun,
        idempotency: Option<Idempotency>,
        audit: Option<Audit>,
        mut before: impl FnMut(&str) -> Result<Vec<Change>, HostError>,
    ) -> Result<Admitted, HostError> {
        self.ctx.steps().fresh().await?;
        let mut run = self.ranked(run)?;
        run.idempotency = idempotency;
        if let Some(by) = audit.as_ref().map(|audit| &audit.by)
            && !run.started_by.contains(by)
        {
            run.started_by.push(by.clone());
        }
        self.ctx.steps().keep_components([&run]).await?;
        loop {
            run.execution_id = self.ctx.next_id(run.created_at);
            let mut with = before(&run.execution_id)?;
            let audit = audit.clone().map(|audit| Audit { target: run.execution_id.clone(), ..audit });
            with.extend(audit.map(Change::Audit));
            match self.ctx.timed("insert", self.ctx.store.insert(&run, with)).await {
                Ok(inserted) => {
                    self.inserted(&run, &inserted);
                    return Ok(Admitted { execution_id: run.execution_id, replayed: false, note: None });
                }
                Err(StoreError::Exists(_)) => {}
                Err(StoreError::Replayed(execution_id)) => {
                    return Ok(Admitted { execution_id, replayed: true, note: None });
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Adds the parts of split steps, the components of the steps, the rank and the limit of its queue to a run.
    pub(crate) fn ranked(&self, mut run: NewRun) -> Result<NewRun, HostError> {
        run.trace.get_or_insert_with(|| self.ctx.new_trace());
        if let Some(expanded) = split::expanded(&run.job, &self.ctx.catalog()) {
            run.job = Arc::new(expanded.into());
        }
        run.components = self.ctx.steps().pins(&run.job);
        if let Some(queue) = &run.queue {
            let settings = self
                .ctx
                .settings()
                .queues
                .settings(queue)
                .ok_or_else(|| AdmitError::NoQueue(queue.clone()))?;
            run.rank = settings.rank(run.scheduled_time, run.priority);
            run.max_waiting = settings.max_waiting;
        }
        Ok(run)
    }

    fn inserted(&self, run: &NewRun, inserted: &Inserted) {
        self.ctx.cancel_held(&inserted.to_cancel, &format!("replaced by the run {}", run.execution_id));
        if let Some(queue) = &run.queue {
            self.ctx.serve_queue(queue);
            self.ctx.wake([queue.as_str()]);
            self.ctx.announce_queues([queue.clone()]);
        }
    }
}
