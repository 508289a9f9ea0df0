//! Records, their changes, and the audit log.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ScheduleRow;
use crate::clock::Timestamp;
use crate::identity::Actor;

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Kind {
    /// A job: its definition.
    Job,
    /// What an operator said about a queue.
    Queue,
    /// An API key of a client.
    #[strum(serialize = "API key")]
    ApiKey,
    /// A backfill.
    Backfill,
    /// A run that failed, timed out or expired, and needs attention.
    #[strum(serialize = "dead letter")]
    DeadLetter,
    /// A process that works on runs.
    Worker,
    /// A step type that was registered while the service ran: its versions, and which of them is active.
    Step,
    /// What a component that the store has says about itself, by its digest.
    Component,
    /// The actors who stored the versions of a job, by its id.
    #[strum(serialize = "list of editors")]
    Editors,
}

impl Kind {
    /// The name as it stands in messages and databases.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A record: a small document with a version.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// A word that lists can be narrowed to, for instance `open`.
    pub state: String,
    /// Counts its changes, from 1.
    pub version: u64,
    /// The document.
    pub value: Value,
}

/// A change of a store.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Writes a record.
    Put {
        /// What it is.
        kind: Kind,
        /// Its id.
        id: String,
        /// Its state.
        state: String,
        /// The document.
        value: Value,
        /// What must be there.
        expect: Expect,
    },
    /// Removes a record.
    Remove {
        /// What it is.
        kind: Kind,
        /// Its id.
        id: String,
        /// What must be there.
        expect: Expect,
    },
    /// Writes a schedule. One that is there already keeps its pause.
    PutSchedule(ScheduleRow),
    /// Pauses a schedule, or resumes it.
    PauseSchedule {
        /// The job.
        job_id: String,
        /// Who paused it and why; none resumes it.
        paused: Option<String>,
    },
    /// Removes a schedule.
    RemoveSchedule(String),
    /// Adds a row to the audit log.
    Audit(Audit),
}

/// What must be there for a change to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Whatever.
    Any,
    /// Nothing.
    Absent,
    /// Something.
    Present,
    /// This version.
    Version(u64),
}

impl Expect {
    /// Whether a record that is there in that version is as expected.
    pub fn allows(self, version: u64) -> bool {
        match self {
            Self::Any | Self::Present => true,
            Self::Absent => false,
            Self::Version(expected) => expected == version,
        }
    }
}

/// A row for the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// When.
    pub at: Timestamp,
    /// The actor, in a form that no one can choose: `key:ID`, `user:ISSUER/SUB`, `command:USER@MACHINE`, `run:ID`,
    /// `node:MACHINE`, or `address:IP` for a request that was refused before it had an identity.
    pub by: String,
    /// The name of the key or the person, which may change and may occur twice.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The action, for instance `job.put`.
    pub action: String,
    /// The object of the action.
    pub target: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Audit {
    /// The actor for people: the name, where there is one.
    pub fn who(&self) -> &str {
        if self.name.is_empty() { &self.by } else { &self.name }
    }

    /// The actor, for comparisons with names in files.
    pub fn actor(&self) -> Actor<'_> {
        Actor { identity: &self.by, name: &self.name, groups: &[], roles: &[] }
    }
}

/// A row of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditRow {
    /// Its number, from 1.
    pub seq: u64,
    /// The row.
    #[serde(flatten)]
    pub audit: Audit,
    /// Its link in the chain of hashes; absent for a row of an earlier version until the next row is added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Databases hold these names: another name would lose the records.
    #[test]
    fn the_names_of_kinds_never_change() {
        for (kind, name) in [
            (Kind::Job, "job"),
            (Kind::Queue, "queue"),
            (Kind::ApiKey, "API key"),
            (Kind::Backfill, "backfill"),
            (Kind::DeadLetter, "dead letter"),
            (Kind::Worker, "worker"),
            (Kind::Step, "step"),
            (Kind::Component, "component"),
            (Kind::Editors, "list of editors"),
        ] {
            assert_eq!(kind.name(), name);
        }
    }
}
