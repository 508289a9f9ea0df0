//! Copies the audit logs of pinned stores to the home store.
//!
//! A row and the change that it is about share a transaction in the pinned store. The copies, and the number of the
//! last copied row, share a transaction in the home store. So each row is copied once, whichever process does it.

use stepwell_engine::StoreError;
use stepwell_engine::store::{Change, Expect, Kind};

use super::{PinnedStores, named};
use crate::sql::parse;

/// Rows of an audit log that are copied in one transaction.
const COPIED: u32 = 500;

impl PinnedStores {
    /// Copies the new rows of a pinned store's audit log to the home store, when there are some. What is not copied
    /// now is copied before the log is next read.
    pub(super) async fn copy_if(&self, noted: bool, index: usize) {
        if !noted || index == 0 {
            return;
        }
        if let Err(error) = self.copy(index).await {
            tracing::warn!("rows of an audit log are copied later: {error}");
        }
    }

    /// Copies what is new in every pinned store.
    pub(super) async fn copy_all(&self) {
        for index in 1..self.stores.len() {
            self.copy_if(true, index).await;
        }
    }

    /// Copies the rows of a pinned store's audit log that the home store lacks.
    async fn copy(&self, index: usize) -> Result<(), StoreError> {
        let Some((name, store)) = self.stores.get(index) else { return Ok(()) };
        loop {
            let known = self.home()?.record(Kind::AuditCopy, name).await?;
            let expect = known.as_ref().map_or(Expect::Absent, |record| Expect::Version(record.version));
            let copied = known.and_then(|record| record.value.as_u64()).unwrap_or(0);
            let chain = store.audit_chain().await.map_err(|error| named(name, error))?;
            // A new database counts from 1 again.
            let after = if chain.last < copied { 0 } else { copied };
            let rows = store.audit_links(after, COPIED).await.map_err(|error| named(name, error))?;
            let Some(last) = rows.last().map(|row| row.number) else { return Ok(()) };
            let mut changes = Vec::new();
            for row in &rows {
                changes.push(Change::Audit(parse(&row.text)?));
            }
            let (kind, id, state) = (Kind::AuditCopy, name.clone(), String::new());
            changes.push(Change::Put { kind, id, state, value: last.into(), expect });
            match self.home()?.write(changes).await {
                // Another process has copied them.
                Err(StoreError::Conflict(..) | StoreError::AlreadyThere(..)) => {}
                written => written?,
            }
        }
    }
}

/// Returns whether there is a row of the audit log among the changes.
pub(super) fn has_audit(changes: &[Change]) -> bool {
    changes.iter().any(|change| matches!(change, Change::Audit(_)))
}
