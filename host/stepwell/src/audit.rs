//! The audit log: its chain, and the rows that this process adds itself.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use stepwell_engine::clock::Timestamp;
use stepwell_engine::quantity::counted;
use stepwell_engine::run::RunState;
use stepwell_engine::store::{Audit, AuditRow, Broken, Change, Outside, Walk};
use stepwell_engine::{Outcome, StepEnd};

use crate::HostError;
use crate::access::By;
use crate::context::Context;
use crate::node::machine;

/// The number of rows per read.
const PAGE: u32 = 1000;
/// The maximum number of rows about one attempt.
const MOST_NOTED: usize = 32;

/// The result of a check of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AuditReport {
    /// Whether every row is unchanged, and the expected rows exist.
    pub intact: bool,
    /// The first changed row. Null when there is none.
    pub broken: Option<Broken>,
    /// Number of checked rows.
    pub rows: u64,
    /// Number of rows before them that the retention removed.
    pub removed: u64,
    /// Number of rows that a program of an earlier version wrote before the chain began. The next row links them.
    /// Once the chain has begun, a row without a link is `broken`.
    pub open: u64,
    /// The state of the expected row. Null when no row is expected.
    pub expected: Option<Expected>,
    /// The newest row of the chain, as `NUMBER:HASH`. Saved elsewhere, it can show later whether this
    /// log was replaced.
    pub head: String,
}

/// The state of a row that an earlier check printed as its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// The row exists.
    Found,
    /// The row is missing, or has another hash.
    Missing,
    /// The retention has removed the row, so that it proves nothing. Use a newer head.
    Removed,
    /// An earlier row is broken, so that the check did not reach this row.
    Unchecked,
}

/// The audit log of a host.
#[derive(Clone)]
pub struct AuditLog {
    pub(crate) ctx: Arc<Context>,
}

impl AuditLog {
    /// Checks the chain of the audit log, and that the log contains the row `NUMBER:HASH`, which was its
    /// newest row earlier.
    ///
    /// # Errors
    /// Fails when `expected` is not of that form, or the store fails.
    pub async fn verify(&self, expected: Option<&str>) -> Result<AuditReport, HostError> {
        let expected = expected.map(read_head).transpose()?;
        loop {
            let chain = self.ctx.store.audit_chain().await?;
            let mut walk = Walk::new(&chain);
            let mut broken = None;
            let mut found = match expected {
                Some((number, hash)) if number == chain.cut && number > 0 => hash == chain.cut_hash,
                _ => false,
            };
            'pages: while walk.number < chain.last {
                let page = self.ctx.store.audit_links(walk.number, PAGE).await?;
                if page.is_empty() {
                    break;
                }
                for row in page.iter().filter(|row| row.number <= chain.last) {
                    if let Err(first) = walk.step(row) {
                        broken = Some(first);
                        break 'pages;
                    }
                    found |= expected == Some((row.number, row.hash.as_str()));
                }
                if page.iter().any(|row| row.number > chain.last) {
                    break;
                }
            }
            let broken = broken.or_else(|| walk.end(&chain).err());
            let outside = chain.outside.map(Outside::broken);
            let broken = outside.into_iter().chain(broken).min_by_key(|broken| broken.number);
            if broken.is_some() && self.ctx.store.audit_chain().await?.cut != chain.cut {
                // The retention removed rows between the two reads.
                continue;
            }
            let expected = expected.map(|(number, _)| match number {
                _ if found => (number, Expected::Found),
                _ if number < chain.cut => (number, Expected::Removed),
                _ if broken.is_some() && number > walk.number => (number, Expected::Unchecked),
                _ => (number, Expected::Missing),
            });
            let replaced = expected.filter(|(_, became)| *became == Expected::Missing);
            let broken = broken.or_else(|| replaced.map(|(number, _)| walk.replaced(number, &chain)));
            return Ok(AuditReport {
                intact: broken.is_none(),
                broken,
                rows: walk.number - chain.cut,
                removed: chain.cut,
                open: chain.open,
                expected: expected.map(|(_, became)| became),
                head: format!("{}:{}", chain.last, chain.last_hash),
            });
        }
    }

    /// Returns a row, which the caller writes in the same transaction as the change.
    pub fn row(&self, by: &By, action: &str, target: &str, detail: &str) -> Audit {
        Audit {
            at: self.ctx.now(),
            by: by.identity.clone(),
            name: by.name.clone(),
            action: action.to_owned(),
            target: target.to_owned(),
            detail: detail.to_owned(),
        }
    }

    /// Adds rows about events that changed nothing in the store, such as a refusal.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn append(&self, rows: Vec<Audit>) -> Result<(), HostError> {
        Ok(self.ctx.store.write(rows.into_iter().map(Change::Audit).collect()).await?)
    }

    /// Lists rows before row `before`, newest first.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn rows(&self, before: Option<u64>, limit: u32) -> Result<Vec<AuditRow>, HostError> {
        Ok(self.ctx.store.audit(before, limit).await?)
    }

    /// Adds a row about an action of this process itself.
    ///
    /// # Errors
    /// Fails when the store fails.
    pub async fn note(&self, action: &str, target: &str, detail: &str) -> Result<(), HostError> {
        let by = By { identity: format!("node:{}", machine()), name: String::new() };
        self.append(vec![self.row(&by, action, target, detail)]).await
    }
}

/// Reads the number and the hash of a head that an earlier check printed.
fn read_head(text: &str) -> Result<(u64, &str), HostError> {
    let read = text.split_once(':').and_then(|(number, hash)| {
        let number = number.parse::<u64>().ok().filter(|number| *number > 0)?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_hash.then_some((number, hash))
    });
    read.ok_or_else(|| {
        let why = "must be NUMBER:HASH, the `head` that an earlier check printed: a number from 1 and 64 hexadecimal digits";
        HostError::Argument("expect", why.to_owned())
    })
}

/// Returns the audit row of an approval that timed out without a decision.
pub(crate) fn not_decided(state: &RunState, step: usize, approved: bool, at: Timestamp) -> Audit {
    let step_id = state.steps.get(step).map_or("", |step| &*step.path);
    let verdict = if approved { "approved" } else { "rejected" };
    Audit {
        at,
        by: format!("run:{}", state.run.execution_id),
        name: state.run.job.id.clone(),
        action: "approval.timeout".to_owned(),
        target: state.run.execution_id.clone(),
        detail: format!("step {step_id}: {verdict} by `on_timeout`"),
    }
}

/// Returns the rows about the denials of an attempt, and about the credentials that the host used for it: one
/// row for each rule and each credential.
pub(crate) fn of_attempt(
    state: &RunState,
    step_id: &str,
    (attempt, at): (u32, Timestamp),
    end: &StepEnd,
) -> Vec<Audit> {
    let denied = match &end.outcome {
        Outcome::Denied { rule, .. } if !end.receipt.denials.contains_key(rule) => Some((rule, 1)),
        _ => None,
    };
    let denials = end.receipt.denials.iter().map(|(rule, count)| (rule, *count)).chain(denied);
    let denials = denials.map(|(rule, count)| ("policy.deny", rule, format!(", {}", counted(count, "time"))));
    let secrets = end.receipt.secrets.iter().map(|name| ("secret.use", name, String::new()));
    let row = |(action, target, more): (&str, &String, String)| Audit {
        at,
        by: format!("run:{}", state.run.execution_id),
        name: state.run.job.id.clone(),
        action: action.to_owned(),
        target: target.clone(),
        detail: format!("step {step_id}, attempt {attempt}{more}"),
    };
    denials.chain(secrets).take(MOST_NOTED).map(row).collect()
}
