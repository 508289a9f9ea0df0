//! Retention: what is removed, and when.

use std::time::Duration;

use stepwell_engine::clock;
use stepwell_engine::store::{Audit, CleanUp};

use crate::HostError;
use crate::system::System;

/// A day.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Runs that go in one transaction.
const CHUNK: u32 = 1000;
/// Runs that a dry run counts at most.
const COUNTED: u32 = 1_000_000;

/// What [`System::clean_up`] removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CleanUpOptions {
    /// Runs that ended before that many days. Default: what the retention says.
    pub days: Option<u32>,
    /// Runs go even where their dead letters are open. Default: these are kept.
    pub include_dead: bool,
    /// Nothing goes; it is only counted. Default: it goes.
    pub dry_run: bool,
}

/// What [`System::clean_up`] removed, or would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CleanedUp {
    /// Runs that went.
    pub runs: usize,
    /// Runs that are as old, and are kept since their dead letters are open.
    pub kept_dead: usize,
}

impl System {
    /// Removes what is older than the retention says, or as `options` say for runs. `audit` is written with the first
    /// runs that go, in one transaction; a dry run writes nothing.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn clean_up(
        &self,
        options: CleanUpOptions,
        mut audit: Option<Audit>,
    ) -> Result<CleanedUp, HostError> {
        let CleanUpOptions { days, include_dead, dry_run } = options;
        let query = |include_dead, dry_run, limit, audit| {
            let (now, retention) = (self.ctx.clock.now(), &self.ctx.settings().config.service.retention);
            CleanUp {
                runs_before: match days {
                    Some(days) => clock::earlier(now, DAY.saturating_mul(days)),
                    None => clock::earlier(now, retention.runs.0),
                },
                runs_per_job: retention.runs_per_job,
                ledger_before: clock::earlier(now, retention.ledger.0),
                audit_before: clock::earlier(now, retention.audit.0),
                limit,
                include_dead,
                dry_run,
                now,
                audit,
            }
        };
        let mut done = CleanedUp::default();
        if dry_run || !include_dead {
            let free = self.ctx.store.clean_up(query(include_dead, true, COUNTED, None)).await?.len();
            let all = self.ctx.store.clean_up(query(true, true, COUNTED, None)).await?.len();
            done.kept_dead = all.saturating_sub(free);
            if dry_run {
                return Ok(CleanedUp { runs: free, ..done });
            }
        }
        loop {
            let gone = self.ctx.store.clean_up(query(include_dead, false, CHUNK, audit.take())).await?;
            for id in &gone {
                let dir = self.ctx.base.join("runs").join(id);
                if let Err(error) = stepwell_sandbox::tree::remove(&dir)
                    && error.kind() != std::io::ErrorKind::NotFound
                {
                    tracing::warn!("{}: {error}", dir.display());
                }
            }
            done.runs += gone.len();
            if gone.len() < CHUNK as usize {
                return Ok(done);
            }
        }
    }
}
