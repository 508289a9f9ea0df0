//! The answer of `GET /api/locks`.

use super::ProjectLock;
use super::write::{self, Writer, Written};

struct Locks(Option<Vec<Detail>>);

struct Detail {
    name: String,
    lock: ProjectLock,
}

/// The JSON that Atlantis answers to `GET /api/locks`. Atlantis orders the locks at random; here they are in the
/// order of their keys.
#[must_use]
pub fn locks_json<'l>(locks: impl IntoIterator<Item = &'l ProjectLock>) -> Vec<u8> {
    let detail = |lock: &ProjectLock| Detail { name: lock.identity().key(), lock: lock.clone() };
    let mut details: Vec<Detail> = locks.into_iter().map(detail).collect();
    details.sort_by(|a, b| a.name.cmp(&b.name));
    write::json(&Locks((!details.is_empty()).then_some(details)))
}

impl Written for Locks {
    fn write(&self, to: &mut Writer) {
        to.object(|to| to.field("Locks", &self.0));
    }
}

impl Written for Detail {
    fn write(&self, to: &mut Writer) {
        let ProjectLock { project, pull, user, workspace, time } = &self.lock;
        to.object(|to| {
            to.field("Name", &self.name);
            to.field("ProjectName", &project.project_name);
            to.field("ProjectRepo", &project.repo_full_name);
            to.field("ProjectRepoPath", &project.path);
            to.field("PullID", &pull.num.to_string());
            to.field("PullURL", &pull.url);
            to.field("User", &user.username);
            to.field("Workspace", workspace);
            to.field("Time", &time.text());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_the_pull_request_is_a_text() {
        let mut lock = ProjectLock { workspace: "default".to_owned(), ..ProjectLock::default() };
        lock.pull.num = 7;
        lock.project.repo_full_name = "org/repo".to_owned();
        lock.project.path = ".".to_owned();
        let json = String::from_utf8(locks_json([&lock])).unwrap();
        let expected = r#"{"Locks":[{"Name":"org/repo/./default/","ProjectName":"","ProjectRepo":"org/repo","ProjectRepoPath":".","PullID":"7","PullURL":"","User":"","Workspace":"default","Time":"0001-01-01T00:00:00Z"}]}"#;
        assert_eq!(json, expected);
        assert_eq!(locks_json([]), br#"{"Locks":null}"#);
    }
}
