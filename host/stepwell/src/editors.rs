//! The users who stored the versions of a job.

use serde::{Deserialize, Serialize};
use stepwell_engine::job::Job;
use stepwell_engine::store::{Change, Expect, Kind};

use crate::HostError;
use crate::jobs::Jobs;

/// The maximum number of versions of a job whose editors are known.
const MOST_EDITORS: usize = 100;
/// The number of attempts to store a job while others store it.
pub(crate) const TRIES: u32 = 5;

/// The user who stored a version of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Editor {
    digest: String,
    by: String,
}

impl Jobs {
    /// Adds the editor of this version of the job to the list of its editors.
    pub(crate) async fn edited_by(&self, job: &Job, by: &str) -> Result<Change, HostError> {
        let record = self.ctx.store.record(Kind::Editors, &job.id).await?;
        let expect = record.as_ref().map_or(Expect::Absent, |record| Expect::Version(record.version));
        let mut editors: Vec<Editor> =
            record.and_then(|record| serde_json::from_value(record.value).ok()).unwrap_or_default();
        let new = Editor { digest: job.digest().to_owned(), by: by.to_owned() };
        editors.retain(|known| *known != new);
        editors.push(new);
        let surplus = editors.len().saturating_sub(MOST_EDITORS);
        editors.drain(..surplus);
        let value = serde_json::to_value(editors).unwrap_or_default();
        Ok(Change::Put { kind: Kind::Editors, id: job.id.clone(), state: String::new(), value, expect })
    }

    /// Returns the users who may have stored this version of a job. If its editor is unknown, these are all
    /// known editors of the job.
    pub(crate) async fn editors(&self, job: &Job) -> Result<Vec<String>, HostError> {
        let record = self.ctx.store.record(Kind::Editors, &job.id).await?;
        let all: Vec<Editor> =
            record.and_then(|record| serde_json::from_value(record.value).ok()).unwrap_or_default();
        let known = all.iter().any(|editor| editor.digest == job.digest());
        let own = all.into_iter().filter(|editor| !known || editor.digest == job.digest());
        Ok(own.map(|editor| editor.by).collect())
    }
}
