//! Retention: removal of old data.

use std::time::Duration;

use stepwell_engine::clock;
use stepwell_engine::store::{Audit, CleanUp};

use crate::HostError;
use crate::system::System;

/// The length of a day.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// The number of runs that one transaction removes.
const CHUNK: u32 = 1000;
/// The maximum number of runs that a dry run counts.
const COUNTED: u32 = 1_000_000;

/// The scope of [`System::clean_up`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CleanUpOptions {
    /// Removes runs that ended more than this many days ago. Default: the retention of the configuration.
    pub days: Option<u32>,
    /// Also removes runs with open dead letters. Default: these stay.
    pub include_dead: bool,
    /// Only counts the runs. Default: removes them.
    pub dry_run: bool,
}

/// The result of [`System::clean_up`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CleanedUp {
    /// Number of runs that were removed, or that a real run would remove.
    pub runs: usize,
    /// Number of runs of the same age that stay because their dead letters are open.
    pub kept_dead: usize,
}

impl System {
    /// Removes data older than the retention, which `options` can override for runs. Writes `audit` in the
    /// same transaction as the first removed runs. A dry run writes nothing.
    ///
    /// # Errors
    /// Fails when the store fails.
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
