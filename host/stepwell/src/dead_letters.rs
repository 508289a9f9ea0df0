//! Dead letters: runs that failed, timed out or expired.

use std::sync::Arc;

use stepwell_engine::StoreError;
use stepwell_engine::store::{Audit, Change, DeadLetter, Expect, Kind, Record, Resolution};

use crate::context::Context;
use crate::{Admitted, HostError, Retry};

/// The dead letters of a host.
#[derive(Clone)]
pub struct DeadLetters {
    pub(crate) ctx: Arc<Context>,
}

impl DeadLetters {
    /// Lists dead letters by run, after `after`: all, or those of a state (`open`, `redriven`, `discarded`).
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn list(
        &self,
        state: Option<&str>,
        after: &str,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, HostError> {
        self.ctx.store.records(Kind::DeadLetter, state, after, limit).await?.iter().map(letter).collect()
    }

    /// Returns a dead letter, and its version.
    ///
    /// # Errors
    /// Fails when the run has no dead letter, or the store fails.
    pub async fn get(&self, execution_id: &str) -> Result<(DeadLetter, u64), HostError> {
        let missing = || StoreError::NoRecord(Kind::DeadLetter.name(), execution_id.to_owned());
        let record = self.ctx.store.record(Kind::DeadLetter, execution_id).await?.ok_or_else(missing)?;
        Ok((letter(&record)?, record.version))
    }

    /// Redrives a dead letter, with an edited job if one is given. The new run, the state of the dead letter
    /// and the row of the audit log are one transaction. A repeated request returns the run of the first one.
    ///
    /// # Errors
    /// Returns the errors of [`crate::Runs::retry`]. Also fails when the dead letter is resolved.
    pub async fn redrive(
        &self,
        execution_id: &str,
        retry: Retry,
        audit: Audit,
    ) -> Result<Admitted, HostError> {
        let idempotency = retry.idempotency.clone();
        if let Some(admitted) = self.ctx.runs().started_before(idempotency.as_ref()).await? {
            return Ok(admitted);
        }
        match self.redrive_open(execution_id, retry, audit).await {
            Ok(admitted) => Ok(admitted),
            // A request with the same key may have been faster.
            Err(error) => self.ctx.runs().started_before(idempotency.as_ref()).await?.ok_or(error),
        }
    }

    async fn redrive_open(
        &self,
        execution_id: &str,
        retry: Retry,
        audit: Audit,
    ) -> Result<Admitted, HostError> {
        let (letter, version) = self.open_letter(execution_id).await?;
        let (by, at) = (audit.who().to_owned(), audit.at);
        // When two callers redrive it, only one of them finds the expected version.
        let resolved = |id: &str| {
            let resolution = Resolution::Redriven { execution_id: id.to_owned(), by: by.clone(), at };
            let letter = DeadLetter { resolution: Some(resolution), ..letter.clone() };
            vec![put(&letter, "redriven", Expect::Version(version))]
        };
        self.ctx.runs().retry_with(execution_id, retry, audit, resolved).await
    }

    /// Discards a dead letter without another run.
    ///
    /// # Errors
    /// Fails when the run has no dead letter, it is resolved, or the store fails.
    pub async fn discard(
        &self,
        execution_id: &str,
        reason: &str,
        audit: Audit,
    ) -> Result<DeadLetter, HostError> {
        let (mut letter, version) = self.open_letter(execution_id).await?;
        letter.resolution = Some(Resolution::Discarded {
            reason: reason.to_owned(),
            by: audit.who().to_owned(),
            at: audit.at,
        });
        self.ctx
            .store
            .write(vec![put(&letter, "discarded", Expect::Version(version)), Change::Audit(audit)])
            .await?;
        Ok(letter)
    }

    async fn open_letter(&self, execution_id: &str) -> Result<(DeadLetter, u64), HostError> {
        let (letter, version) = self.get(execution_id).await?;
        match letter.resolution {
            None => Ok((letter, version)),
            Some(resolution) => Err(HostError::Refused(format!(
                "the dead letter `{execution_id}` is resolved: {}",
                resolution.next_step(execution_id)
            ))),
        }
    }
}

fn letter(record: &Record) -> Result<DeadLetter, HostError> {
    let read = serde_json::from_value(record.value.clone());
    Ok(read.map_err(|error| {
        StoreError::Failed(format!("the dead letter {} cannot be read: {error}", record.id))
    })?)
}

fn put(letter: &DeadLetter, state: &str, expect: Expect) -> Change {
    Change::Put {
        kind: Kind::DeadLetter,
        id: letter.execution_id.clone(),
        state: state.to_owned(),
        value: serde_json::to_value(letter).unwrap_or_default(),
        expect,
    }
}
