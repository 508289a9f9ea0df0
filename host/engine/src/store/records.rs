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
    /// The definition of a job.
    Job,
    /// An operator's settings for a queue.
    Queue,
    /// An API key of a client.
    #[strum(serialize = "API key")]
    ApiKey,
    /// A backfill of a schedule.
    Backfill,
    /// A run that failed, timed out or expired, and needs attention.
    #[strum(serialize = "dead letter")]
    DeadLetter,
    /// A process that works on runs.
    Worker,
    /// A step type that was registered while the service ran, with its versions and the active version.
    Step,
    /// The description of a stored component, by its digest.
    Component,
    /// The actors who stored the versions of a job, by its id.
    #[strum(serialize = "list of editors")]
    Editors,
    /// The copied part of the audit log of a pinned store, as a record of the home store, by the name of the
    /// pinned store.
    #[strum(serialize = "copy of an audit log")]
    AuditCopy,
    /// The number of changes of a schedule in one of several stores, by the id of its job.
    #[strum(serialize = "version of a schedule")]
    ScheduleVersion,
    /// A decision about an approval of a run that a worker holds, because other branches of its group run. The id
    /// is that of the run and the path of the step, and the state is the id of the run.
    Decision,
    /// A session of a person in the web UI, by the digest of its token. The state is its holder.
    Session,
    /// A login at the OpenID provider that has opened a session, by its digest, so that it opens no other one.
    /// The state is the holder of the session.
    Login,
    /// The list of the stored versions of a job, by its id.
    #[strum(serialize = "list of versions")]
    Versions,
    /// A version of a job. The id is that of the job, `@` and the number of the version.
    #[strum(serialize = "version of a job")]
    JobVersion,
    /// The remaining changes of a schedule that is, or was, in a pinned store, by the id of its job.
    #[strum(serialize = "move of a schedule")]
    ScheduleMove,
    /// The part of the events of locks that is in the audit log, by project.
    #[strum(serialize = "audit of locks")]
    LockAudit,
    /// The value of a lock of Atlantis that Stepwell serves, by the id of its ticket. It holds a token of Atlantis, so
    /// no answer and no log shows it.
    #[strum(serialize = "value of a lock of Atlantis")]
    AtlantisLock,
    /// The present step of the migration from Atlantis, which a command or a rollback has set.
    #[strum(serialize = "migration from Atlantis")]
    AtlantisMigration,
    /// The work of a step of the type `worker`, by its id. The state says who has it.
    Work,
    /// The input of such work, by the id of the work.
    #[strum(serialize = "input of work")]
    WorkInput,
    /// Work that waits for a worker, by project, function and id: a worker looks through its own functions alone.
    #[strum(serialize = "open work")]
    OpenWork,
    /// Work that a worker has, by its id.
    #[strum(serialize = "lease of work")]
    WorkLease,
    /// The end of work that its run has not taken up yet, by the id of the work, which begins with that of the run.
    #[strum(serialize = "end of work")]
    WorkEnd,
    /// A process outside of Stepwell that takes work, by its id. The state is its project.
    #[strum(serialize = "remote worker")]
    RemoteWorker,
}

impl Kind {
    /// Returns the name in messages and databases.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A record: a small document with a version.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The kind of the record.
    pub kind: Kind,
    /// The id of the record.
    pub id: String,
    /// A word by which lists can be filtered, for instance `open`.
    pub state: String,
    /// The number of changes, from 1.
    pub version: u64,
    /// The document itself.
    pub value: Value,
}

/// A change to a store.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Writes a record.
    Put {
        /// The kind of the record.
        kind: Kind,
        /// The id of the record.
        id: String,
        /// The state of the record.
        state: String,
        /// The new document.
        value: Value,
        /// The condition for the change.
        expect: Expect,
    },
    /// Removes a record.
    Remove {
        /// The kind of the record.
        kind: Kind,
        /// The id of the record.
        id: String,
        /// The condition for the change.
        expect: Expect,
    },
    /// Writes a schedule. An existing schedule stays paused.
    PutSchedule(ScheduleRow),
    /// Pauses a schedule, or resumes it.
    PauseSchedule {
        /// The id of the job.
        job_id: String,
        /// The actor and the reason. `None` resumes the schedule.
        paused: Option<String>,
    },
    /// Removes a schedule.
    RemoveSchedule(String),
    /// Adds a row to the audit log.
    Audit(Audit),
}

impl Change {
    /// Returns the row for the audit log, if the change is one.
    pub fn into_audit(self) -> Option<Audit> {
        match self {
            Self::Audit(row) => Some(row),
            _ => None,
        }
    }
}

/// The condition for a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Any state.
    Any,
    /// The record must not exist.
    Absent,
    /// The record must exist.
    Present,
    /// The record must have this version.
    Version(u64),
}

impl Expect {
    /// Returns whether an existing record of that version meets the condition.
    pub fn allows(self, version: u64) -> bool {
        match self {
            Self::Any | Self::Present => true,
            Self::Absent => false,
            Self::Version(expected) => expected == version,
        }
    }
}

/// A new row for the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// The time of the action.
    pub at: Timestamp,
    /// The actor, in a form that the actor cannot choose: `key:ID`, `user:ISSUER/SUB`,
    /// `command:USER@MACHINE`, `run:ID`, `node:MACHINE`, or `address:IP` for a request that was refused
    /// before it had an identity.
    pub by: String,
    /// The name of the key or the person, which may change and need not be unique.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The action, for instance `job.put`.
    pub action: String,
    /// The object of the action.
    pub target: String,
    /// Details of the action.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Audit {
    /// Returns the actor for people: the name, if there is one.
    pub fn who(&self) -> &str {
        if self.name.is_empty() { &self.by } else { &self.name }
    }

    /// Returns the actor, for comparisons with names in files.
    pub fn actor(&self) -> Actor<'_> {
        Actor { identity: &self.by, name: &self.name, groups: &[], roles: &[] }
    }
}

/// A stored row of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditRow {
    /// The number of the row, from 1.
    pub seq: u64,
    /// The content of the row.
    #[serde(flatten)]
    pub audit: Audit,
    /// The link of the row in the chain of hashes. Absent for a row of an earlier version until the next row
    /// is added.
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
            (Kind::Decision, "decision"),
            (Kind::AuditCopy, "copy of an audit log"),
            (Kind::ScheduleVersion, "version of a schedule"),
            (Kind::ScheduleMove, "move of a schedule"),
            (Kind::LockAudit, "audit of locks"),
            (Kind::AtlantisLock, "value of a lock of Atlantis"),
            (Kind::AtlantisMigration, "migration from Atlantis"),
            (Kind::Work, "work"),
            (Kind::WorkInput, "input of work"),
            (Kind::OpenWork, "open work"),
            (Kind::WorkLease, "lease of work"),
            (Kind::WorkEnd, "end of work"),
            (Kind::RemoteWorker, "remote worker"),
            (Kind::Login, "login"),
            (Kind::Versions, "list of versions"),
            (Kind::JobVersion, "version of a job"),
        ] {
            assert_eq!(kind.name(), name);
        }
    }
}
