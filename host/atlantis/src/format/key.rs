//! The keys under which Atlantis stores locks and pull requests.

use thiserror::Error;

use super::{CommandName, Project, Pull};

/// The project and the workspace that a lock is for: what makes two locks the same lock.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The project.
    pub project: Project,
    /// The workspace.
    pub workspace: String,
}

/// The relation of the key of a stored lock to the lock in its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyForm {
    /// The key that Atlantis uses now.
    Current,
    /// The key of versions without names of projects. Atlantis changes it at its next start.
    Old,
    /// A key of those versions that looks like a current key of another project, because the path has several
    /// parts. Atlantis never changes it, lists it under the current key, and neither finds nor deletes it there.
    OldUnseen,
    /// The key belongs to another lock than the value: one of both is damaged.
    Other,
}

/// A name that the keys of pull requests cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what} {name:?} contains illegal string \"::\"")]
pub struct IllegalName {
    /// The kind of the name.
    pub what: &'static str,
    /// The name that Atlantis prints, which is the name of the host for both kinds.
    pub name: String,
}

/// Maximum characters of each name in a new key.
const MOST_CHARACTERS: usize = 500;

impl Identity {
    /// The reason why Atlantis, or a person, could not name a new lock by its key: the name of the field, and the rule.
    /// Locks that exist may break the rules.
    #[must_use]
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        let Project { project_name, repo_full_name, path } = &self.project;
        let fields = [
            ("Project.RepoFullName", repo_full_name),
            ("Project.Path", path),
            ("Workspace", &self.workspace),
            ("Project.ProjectName", project_name),
        ];
        for (field, name) in fields {
            if name.chars().count() > MOST_CHARACTERS {
                return Some((field, "must have at most 500 characters"));
            }
            if name.chars().any(char::is_control) {
                return Some((field, "must not contain control characters"));
            }
            if name.split('/').any(|part| part == "..") {
                return Some((field, "must not contain the part `..`"));
            }
        }
        let has_owner =
            repo_full_name.contains('/') && repo_full_name.split('/').all(|part| !part.is_empty());
        if !has_owner {
            return Some((
                "Project.RepoFullName",
                "must be the owner and the name of a repository, as in `org/infra`",
            ));
        }
        if path.is_empty() {
            return Some(("Project.Path", "must name a directory; `.` is the root"));
        }
        if self.workspace.is_empty() || self.workspace.contains('/') {
            return Some(("Workspace", "must be a name without `/`"));
        }
        None
    }

    /// The key: `{repository}/{path}/{workspace}/{project}`. Nothing in it is escaped.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.old_key(), self.project.project_name)
    }

    /// The key of versions without names of projects.
    #[must_use]
    pub fn old_key(&self) -> String {
        let Project { repo_full_name, path, .. } = &self.project;
        format!("{repo_full_name}/{path}/{}", self.workspace)
    }

    /// The relation of a key to this lock, which comes from the value.
    #[must_use]
    pub fn form_of(&self, key: &str) -> KeyForm {
        if key == self.key() {
            KeyForm::Current
        } else if key != self.old_key() {
            KeyForm::Other
        } else if looks_current(key) {
            KeyForm::OldUnseen
        } else {
            KeyForm::Old
        }
    }

    /// Reads a key as Atlantis does: the first two parts are the repository, the last two are the workspace and the
    /// name. A repository with more parts is cut, but its key is the same.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        if !looks_current(key) {
            return None;
        }
        let (rest, project_name) = key.rsplit_once('/')?;
        let (rest, workspace) = rest.rsplit_once('/')?;
        let (second, _) = rest.match_indices('/').nth(1)?;
        let (repo, path) = rest.split_at_checked(second)?;
        let project = Project {
            project_name: project_name.to_owned(),
            repo_full_name: repo.to_owned(),
            path: path.strip_prefix('/')?.to_owned(),
        };
        Some(Self { project, workspace: workspace.to_owned() })
    }
}

/// True for a key that Atlantis takes for a current one: at least five parts, in one line.
fn looks_current(key: &str) -> bool {
    key.bytes().filter(|byte| *byte == b'/').count() >= 4 && !key.contains('\n')
}

/// The key of a command's lock.
#[must_use]
pub fn command_key(command: CommandName) -> String {
    format!("{}/lock", command.name())
}

/// The key of a pull request: `{host}::{repository}::{number}`.
///
/// # Errors
/// Fails when the host or the repository contains `::`.
pub fn pull_key(pull: &Pull) -> Result<String, IllegalName> {
    let (host, repo) = (&pull.base_repo.vcs_host.hostname, &pull.base_repo.full_name);
    for (what, name) in [("vcs hostname", host), ("repo name", repo)] {
        if name.contains("::") {
            return Err(IllegalName { what, name: host.clone() });
        }
    }
    Ok(format!("{host}::{repo}::{}", pull.num))
}

/// A text as a pattern of Redis that matches only this text.
#[must_use]
pub fn escaped_glob(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\' | '^' | '-') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_lock_has_a_key_that_names_it() {
        for (repo, path, workspace, name, field) in [
            ("org/infra", ".", "default", "", None),
            ("group/sub/infra", "a/b", "default", "web", None),
            ("org", ".", "default", "", Some("Project.RepoFullName")),
            ("org/", ".", "default", "", Some("Project.RepoFullName")),
            ("org/../x", ".", "default", "", Some("Project.RepoFullName")),
            ("org/infra", "../..", "default", "", Some("Project.Path")),
            ("org/infra", "a\nb", "default", "", Some("Project.Path")),
            ("org/infra", "", "default", "", Some("Project.Path")),
            ("org/infra", ".", "a/b", "", Some("Workspace")),
            ("org/infra", ".", "", "", Some("Workspace")),
            ("org/infra", ".", "default", "\u{1b}", Some("Project.ProjectName")),
        ] {
            let project =
                Project { project_name: name.into(), repo_full_name: repo.into(), path: path.into() };
            let identity = Identity { project, workspace: workspace.into() };
            assert_eq!(identity.problem().map(|(field, _)| field), field, "{identity:?}");
            if field.is_none() {
                assert_eq!(Identity::of_key(&identity.key()).map(|found| found.key()), Some(identity.key()));
            }
        }
        let long = Project {
            repo_full_name: format!("org/{}", "x".repeat(500)),
            path: ".".into(),
            ..Project::default()
        };
        assert!(Identity { project: long, workspace: "default".into() }.problem().is_some());
    }

    fn identity(repo: &str, path: &str, workspace: &str, name: &str) -> Identity {
        let project =
            Project { repo_full_name: repo.to_owned(), path: path.to_owned(), project_name: name.to_owned() };
        Identity { project, workspace: workspace.to_owned() }
    }

    #[test]
    fn the_value_says_which_form_a_key_has() {
        let root = identity("org/repo", ".", "default", "");
        let nested = identity("org/repo", "modules/vpc", "default", "");
        for (lock, key, form) in [
            (&root, "org/repo/./default/", KeyForm::Current),
            (&root, "org/repo/./default", KeyForm::Old),
            (&nested, "org/repo/modules/vpc/default/", KeyForm::Current),
            (&nested, "org/repo/modules/vpc/default", KeyForm::OldUnseen),
            (&nested, "org/repo/modules/vpd/default/", KeyForm::Other),
            (&root, "", KeyForm::Other),
        ] {
            assert_eq!(lock.form_of(key), form, "{key}");
        }
    }

    #[test]
    fn keys_are_read_as_atlantis_reads_them() {
        for (key, expected) in [
            ("org/repo/./default/", Some(identity("org/repo", ".", "default", ""))),
            ("org/repo/a/b/c/default/name", Some(identity("org/repo", "a/b/c", "default", "name"))),
            ("org/repo/modules/vpc/default", Some(identity("org/repo", "modules", "vpc", "default"))),
            ("group/sub/repo/./default/", Some(identity("group/sub", "repo/.", "default", ""))),
            ("////", Some(identity("/", "", "", ""))),
            ("org/repo/./default", None),
            ("org/repo/./a\nb/", None),
            ("", None),
        ] {
            let read = Identity::of_key(key);
            assert_eq!(read, expected, "{key}");
            assert_eq!(read.map_or(key.to_owned(), |identity| identity.key()), key);
        }
    }

    #[test]
    fn keys_of_commands_and_pulls() {
        assert_eq!(command_key(CommandName::APPLY), "apply/lock");
        assert_eq!(command_key(CommandName::PLAN), command_key(CommandName::AUTOPLAN));
        let mut pull = Pull { num: 7, ..Pull::default() };
        pull.base_repo.vcs_host.hostname = "github.com".to_owned();
        pull.base_repo.full_name = "org/repo".to_owned();
        assert_eq!(pull_key(&pull).unwrap(), "github.com::org/repo::7");
        pull.base_repo.full_name = "org::repo".to_owned();
        let message = pull_key(&pull).unwrap_err().to_string();
        assert_eq!(message, "repo name \"github.com\" contains illegal string \"::\"");
    }

    #[test]
    fn a_name_is_no_pattern() {
        assert_eq!(escaped_glob(r"org/a*[b]?\"), r"org/a\*\[b\]\?\\");
    }
}
