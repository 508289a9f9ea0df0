//! The stored versions of jobs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stepwell_engine::clock::Timestamp;
use stepwell_engine::job::Job;
use stepwell_engine::store::{Audit, Change, Expect, Kind, Record};
use stepwell_engine::{JobDefinition, StoreError};

use crate::HostError;
use crate::jobs::Jobs;

/// The maximum number of stored versions of a job.
const MOST_VERSIONS: usize = 50;
/// The maximum bytes of the stored versions of a job. The latest version always stays.
const MOST_BYTES: u64 = 16 << 20;
/// The maximum bytes of a text that is stored as its author wrote it.
const MOST_SOURCE: usize = 256 << 10;

/// A stored version of a job, without its definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JobVersion {
    /// The number of the version.
    pub version: u64,
    /// The time at which it was stored; null for a version that was stored before versions were listed.
    pub at: Option<Timestamp>,
    /// The actor who stored it, as the audit log names actors; empty when it is unknown.
    pub by: String,
    /// The name of the actor.
    pub name: String,
    /// The bytes of the definition.
    pub bytes: u64,
}

/// A stored version of a job, with its definition.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionOfJob {
    /// The version.
    pub about: JobVersion,
    /// The definition.
    pub job: JobDefinition,
    /// The text of its author, with comments, if it was stored as YAML.
    pub source: Option<String>,
}

/// Returns the id of the record of a version.
fn id_of(job_id: &str, version: u64) -> String {
    format!("{job_id}@{version}")
}

fn put(kind: Kind, id: String, value: Value, expect: Expect) -> Change {
    Change::Put { kind, id, state: String::new(), value, expect }
}

/// Returns the text of an author when it is worth its place: YAML can have comments, and JSON has none.
fn worth(source: Option<&str>) -> Option<&str> {
    source.filter(|text| text.len() <= MOST_SOURCE && !text.trim_start().starts_with('{'))
}

impl Jobs {
    /// Returns the changes that add a version to the list of a job. `stored` is the present record of the job.
    pub(crate) async fn noted(
        &self,
        job: &Job,
        source: Option<&str>,
        stored: Option<&Record>,
        audit: &Audit,
    ) -> Result<Vec<Change>, HostError> {
        let (list, mut versions) = self.version_list(&job.id).await?;
        let expect = list.map_or(Expect::Absent, Expect::Version);
        let mut changes = Vec::new();
        let present = stored.map_or(0, |record| record.version);
        versions.retain(|known| known.version <= present);
        if let Some(record) = stored.filter(|_| versions.last().is_none_or(|last| last.version != present)) {
            let bytes = record.value.to_string().len() as u64;
            let (by, name) = (String::new(), String::new());
            versions.push(JobVersion { version: present, at: None, by, name, bytes });
            let value = json!({"job": record.value, "source": null});
            changes.push(put(Kind::JobVersion, id_of(&job.id, present), value, Expect::Any));
        }
        let definition: Value = serde_json::from_str(job.text()).unwrap_or_default();
        let source = worth(source);
        let bytes = (job.text().len() + source.map_or(0, str::len)) as u64;
        let (by, name) = (audit.by.clone(), audit.name.clone());
        versions.push(JobVersion { version: present + 1, at: Some(audit.at), by, name, bytes });
        let value = json!({"job": definition, "source": source});
        changes.push(put(Kind::JobVersion, id_of(&job.id, present + 1), value, Expect::Any));
        let surplus = surplus(&versions);
        for old in versions.drain(..surplus) {
            changes.push(forget(&job.id, old.version));
        }
        let value = serde_json::to_value(versions).unwrap_or_default();
        changes.push(put(Kind::Versions, job.id.clone(), value, expect));
        Ok(changes)
    }

    /// Stores the text of a job whose definition does not change, if its author changed the comments.
    pub(crate) async fn rewritten(
        &self,
        job: &Job,
        version: u64,
        source: Option<&str>,
        audit: &Audit,
    ) -> Result<(), HostError> {
        let Some(source) = worth(source) else { return Ok(()) };
        let id = id_of(&job.id, version);
        let Some(record) = self.ctx.store.record(Kind::JobVersion, &id).await? else { return Ok(()) };
        if record.value.get("source").and_then(Value::as_str) == Some(source) {
            return Ok(());
        }
        let definition = record.value.get("job").cloned().unwrap_or_default();
        let value = json!({"job": definition, "source": source});
        let change = put(Kind::JobVersion, id, value, Expect::Version(record.version));
        Ok(self.ctx.store.write(vec![change, Change::Audit(audit.clone())]).await?)
    }

    /// Returns the changes that remove all versions of a job.
    pub(crate) async fn forgotten(&self, id: &str) -> Result<Vec<Change>, HostError> {
        let (list, versions) = self.version_list(id).await?;
        let Some(list) = list else { return Ok(Vec::new()) };
        let mut changes: Vec<Change> = versions.iter().map(|known| forget(id, known.version)).collect();
        let (id, expect) = (id.to_owned(), Expect::Version(list));
        changes.push(Change::Remove { kind: Kind::Versions, id, expect });
        Ok(changes)
    }

    /// Returns the version of the record with the list, and the list.
    async fn version_list(&self, id: &str) -> Result<(Option<u64>, Vec<JobVersion>), HostError> {
        let record = self.ctx.store.record(Kind::Versions, id).await?;
        Ok(match record {
            Some(record) => (Some(record.version), serde_json::from_value(record.value).unwrap_or_default()),
            None => (None, Vec::new()),
        })
    }

    /// Returns the stored versions of a job, newest first, without their definitions: at most 50.
    ///
    /// # Errors
    /// Fails when there is no such job, or the store fails.
    pub async fn versions(&self, id: &str) -> Result<Vec<JobVersion>, HostError> {
        let (_, mut versions) = self.version_list(id).await?;
        if versions.is_empty() {
            // The job is older than the list.
            let stored = self.get(id).await?;
            let bytes = stored.job.text().len() as u64;
            let (by, name) = (String::new(), String::new());
            versions.push(JobVersion { version: stored.version, at: None, by, name, bytes });
        }
        versions.reverse();
        Ok(versions)
    }

    /// Returns a stored version of a job.
    ///
    /// # Errors
    /// Fails when there is no such version, or the store fails.
    pub async fn version(&self, id: &str, version: u64) -> Result<VersionOfJob, HostError> {
        let missing = || StoreError::NoRecord(Kind::JobVersion.name(), id_of(id, version));
        let about = self.versions(id).await?.into_iter().find(|known| known.version == version);
        let about = about.ok_or_else(missing)?;
        let Some(record) = self.ctx.store.record(Kind::JobVersion, &id_of(id, version)).await? else {
            let stored = self.get(id).await?;
            if stored.version != version {
                return Err(missing().into());
            }
            return Ok(VersionOfJob { about, job: stored.job.definition().clone(), source: None });
        };
        let definition = record.value.get("job").cloned().unwrap_or_default();
        let source = record.value.get("source").and_then(Value::as_str).map(str::to_owned);
        let job = serde_json::from_value(definition).map_err(|error| {
            StoreError::Failed(format!("version {version} of the job {id} cannot be read: {error}"))
        })?;
        Ok(VersionOfJob { about, job, source })
    }
}

fn forget(job_id: &str, version: u64) -> Change {
    Change::Remove { kind: Kind::JobVersion, id: id_of(job_id, version), expect: Expect::Any }
}

/// Returns the number of old versions that have no place.
fn surplus(versions: &[JobVersion]) -> usize {
    let mut bytes = 0;
    let fits = |known: &&JobVersion| {
        bytes += known.bytes;
        bytes <= MOST_BYTES
    };
    let room = versions.iter().rev().take(MOST_VERSIONS).take_while(fits).count();
    versions.len().saturating_sub(room.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_make_room() {
        let of = |bytes: &[u64]| -> Vec<JobVersion> {
            let version = |(i, bytes): (usize, &u64)| {
                let (by, name) = (String::new(), String::new());
                JobVersion { version: i as u64 + 1, at: None, by, name, bytes: *bytes }
            };
            bytes.iter().enumerate().map(version).collect()
        };
        assert_eq!(surplus(&of(&[])), 0);
        assert_eq!(surplus(&of(&[10; 50])), 0);
        assert_eq!(surplus(&of(&[10; 53])), 3);
        assert_eq!(surplus(&of(&[9 << 20, 9 << 20, 1])), 1);
        assert_eq!(surplus(&of(&[1, 90 << 20])), 1);
    }

    #[test]
    fn only_yaml_is_stored_as_it_was_written() {
        assert_eq!(worth(Some("# why\nid: a\n")), Some("# why\nid: a\n"));
        assert_eq!(worth(Some("  {\"id\": \"a\"}")), None);
        assert_eq!(worth(Some(&"x".repeat(MOST_SOURCE + 1))), None);
    }
}
