//! The status of a pull request: its projects and where each of them is between plan and apply.

use super::read::{self, FormatError, Object};
use super::write::{self, Writer, Written};
use super::{Hidden, Pull};

/// The projects that a pull request changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullStatus {
    /// The projects.
    pub projects: Option<Vec<ProjectStatus>>,
    /// The pull request.
    pub pull: Pull,
}

/// A project of a pull request. It is also the result of a command that Atlantis merges into the status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectStatus {
    /// The workspace.
    pub workspace: String,
    /// The directory.
    pub repo_rel_dir: String,
    /// The name of the project, or empty.
    pub project_name: String,
    /// The policy sets that were checked.
    pub policy_status: Option<Vec<PolicySetStatus>>,
    /// The number of the status.
    pub status: PlanStatus,
}

/// The number of a status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlanStatus(pub i64);

const STATUSES: [&str; 8] = [
    "plan_errored",
    "planned",
    "planned_no_changes",
    "apply_errored",
    "applied",
    "plan_discarded",
    "policy_check_errored",
    "policy_check_passed",
];

impl PlanStatus {
    /// The plan was discarded, as Atlantis notes when a user deletes a lock.
    pub const DISCARDED: Self = Self(5);

    /// The name, which is empty for a number that Atlantis does not know.
    #[must_use]
    pub fn name(self) -> &'static str {
        usize::try_from(self.0).ok().and_then(|at| STATUSES.get(at)).copied().unwrap_or_default()
    }
}

/// The result of a policy set for a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicySetStatus {
    /// The name of the policy set.
    pub policy_set_name: String,
    /// True when the check passed.
    pub passed: bool,
    /// The approvals.
    pub approvals: Option<Vec<PolicySetApproval>>,
    /// Hashes of the items that need approval.
    pub hashes: Option<Vec<String>>,
    /// The pattern that splits the output into items.
    pub policy_item_regex: String,
}

/// The approval of a policy set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicySetApproval {
    /// The user who approved.
    pub approver: String,
    /// The items that the approval covers.
    pub hashes: Option<Vec<String>>,
}

impl PullStatus {
    /// Reads a status, without the clone URL.
    ///
    /// # Errors
    /// Fails when the value is not JSON, or a field holds another type.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        Self::parse_whole(bytes).map(Self::without_clone_url)
    }

    /// Drops the clone URL.
    pub(crate) fn without_clone_url(mut self) -> Self {
        self.pull.base_repo.clone_url = Hidden::default();
        self
    }

    /// Reads a status with its clone URL, to write it again.
    pub(crate) fn parse_whole(bytes: &[u8]) -> Result<Self, FormatError> {
        read::object(bytes, |status| {
            Ok(Self {
                projects: status.objects("Projects", ProjectStatus::read)?,
                pull: Pull::read(&status.object("Pull")?)?,
            })
        })
    }

    /// The JSON that Atlantis would write.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        write::json(self)
    }

    /// Sets the status of the first project in a workspace and a directory, as Atlantis does: the name of the
    /// project does not count.
    pub(crate) fn set(&mut self, workspace: &str, dir: &str, status: PlanStatus) {
        let mut projects = self.projects.iter_mut().flatten();
        if let Some(project) = projects.find(|p| p.workspace == workspace && p.repo_rel_dir == dir) {
            project.status = status;
        }
    }

    /// The status after the results of a command, as Atlantis merges them. A status of another commit or base
    /// branch is replaced.
    pub(crate) fn after(current: Option<Self>, pull: &Pull, results: &[ProjectStatus]) -> Self {
        let mut current = match current {
            Some(current) if !is_outdated(&current.pull, pull) => current,
            outdated => return Self::replaced(outdated.as_ref(), pull, results),
        };
        for result in results {
            let projects = current.projects.get_or_insert_default();
            match projects.iter_mut().find(|project| project.is_same(result)) {
                Some(project) => project.update(result),
                None => projects.push(result.clone()),
            }
        }
        current
    }

    /// Replaces an outdated status. Approvals of policies stay until the next check.
    fn replaced(outdated: Option<&Self>, pull: &Pull, results: &[ProjectStatus]) -> Self {
        // Go's slice stays `null` when nothing is appended.
        let projects = (!results.is_empty()).then(|| results.to_vec());
        let mut fresh = Self { projects, pull: pull.clone() };
        let old = outdated.and_then(|status| status.projects.as_deref()).unwrap_or_default();
        for project in fresh.projects.iter_mut().flatten() {
            let policies =
                |old: &&ProjectStatus| old.policy_status.as_ref().is_some_and(|sets| !sets.is_empty());
            if let Some(old) = old.iter().filter(|old| old.is_same(project)).find(policies) {
                project.policy_status.clone_from(&old.policy_status);
            }
        }
        fresh
    }
}

/// True for a status of another head, or of another base branch when the new base branch is known.
fn is_outdated(of: &Pull, pull: &Pull) -> bool {
    of.head_commit != pull.head_commit
        || !pull.base_branch.is_empty() && (of.base_branch.is_empty() || of.base_branch != pull.base_branch)
}

impl ProjectStatus {
    fn read(project: &Object<'_>) -> Result<Self, FormatError> {
        Ok(Self {
            workspace: project.text("Workspace")?,
            repo_rel_dir: project.text("RepoRelDir")?,
            project_name: project.text("ProjectName")?,
            policy_status: project.objects("PolicyStatus", PolicySetStatus::read)?,
            status: PlanStatus(project.number("Status")?),
        })
    }

    fn is_same(&self, other: &Self) -> bool {
        self.workspace == other.workspace
            && self.repo_rel_dir == other.repo_rel_dir
            && self.project_name == other.project_name
    }

    /// Takes the status of a result, and of its policy sets those that this project has.
    fn update(&mut self, result: &Self) {
        self.status = result.status;
        let known = self.policy_status.as_deref_mut().unwrap_or_default();
        if known.is_empty() {
            self.policy_status.clone_from(&result.policy_status);
            return;
        }
        for new in result.policy_status.iter().flatten() {
            for old in known.iter_mut().filter(|old| old.policy_set_name == new.policy_set_name) {
                old.clone_from(new);
            }
        }
    }
}

impl PolicySetStatus {
    fn read(set: &Object<'_>) -> Result<Self, FormatError> {
        let approval = |approval: &Object<'_>| {
            Ok(PolicySetApproval { approver: approval.text("Approver")?, hashes: approval.texts("Hashes")? })
        };
        Ok(Self {
            policy_set_name: set.text("PolicySetName")?,
            passed: set.flag("Passed")?,
            approvals: set.objects("Approvals", approval)?,
            hashes: set.texts("Hashes")?,
            policy_item_regex: set.text("PolicyItemRegex")?,
        })
    }
}

impl Written for PullStatus {
    fn write(&self, to: &mut Writer) {
        to.object(|to| {
            to.field("Projects", &self.projects);
            to.field("Pull", &self.pull);
        });
    }
}

impl Written for ProjectStatus {
    fn write(&self, to: &mut Writer) {
        to.object(|to| {
            to.field("Workspace", &self.workspace);
            to.field("RepoRelDir", &self.repo_rel_dir);
            to.field("ProjectName", &self.project_name);
            to.field("PolicyStatus", &self.policy_status);
            to.field("Status", &self.status.0);
        });
    }
}

impl Written for PolicySetStatus {
    fn write(&self, to: &mut Writer) {
        to.object(|to| {
            to.field("PolicySetName", &self.policy_set_name);
            to.field("Passed", &self.passed);
            to.field("Approvals", &self.approvals);
            to.field("Hashes", &self.hashes);
            to.field("PolicyItemRegex", &self.policy_item_regex);
        });
    }
}

impl Written for PolicySetApproval {
    fn write(&self, to: &mut Writer) {
        to.object(|to| {
            to.field("Approver", &self.approver);
            to.field("Hashes", &self.hashes);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pull(head: &str, base: &str) -> Pull {
        Pull { head_commit: head.to_owned(), base_branch: base.to_owned(), ..Pull::default() }
    }

    fn project(dir: &str, status: i64, passed: Option<bool>) -> ProjectStatus {
        let set = |passed| PolicySetStatus {
            policy_set_name: "p".to_owned(),
            passed,
            ..PolicySetStatus::default()
        };
        ProjectStatus {
            repo_rel_dir: dir.to_owned(),
            status: PlanStatus(status),
            policy_status: passed.map(|passed| vec![set(passed)]),
            ..ProjectStatus::default()
        }
    }

    fn short(status: &PullStatus) -> Vec<(&str, i64, Option<bool>)> {
        let passed = |p: &ProjectStatus| p.policy_status.as_ref().and_then(|sets| Some(sets.first()?.passed));
        status.projects.iter().flatten().map(|p| (p.repo_rel_dir.as_str(), p.status.0, passed(p))).collect()
    }

    #[test]
    fn results_are_merged_as_atlantis_merges_them() {
        let first = PullStatus::after(
            None,
            &pull("1", "main"),
            &[project("a", 1, None), project("b", 1, Some(false))],
        );
        assert_eq!(short(&first), [("a", 1, None), ("b", 1, Some(false))]);

        let same_commit = [project("b", 7, Some(true)), project("c", 4, None)];
        let second = PullStatus::after(Some(first), &pull("1", "main"), &same_commit);
        assert_eq!(short(&second), [("a", 1, None), ("b", 7, Some(true)), ("c", 4, None)]);

        let next_commit = PullStatus::after(Some(second), &pull("2", "main"), &[project("b", 1, None)]);
        assert_eq!(short(&next_commit), [("b", 1, Some(true))], "the approval stays until the next check");

        let unknown_base =
            PullStatus::after(Some(next_commit.clone()), &pull("2", ""), &[project("d", 1, None)]);
        assert_eq!(short(&unknown_base).len(), 2);
        let other_base = PullStatus::after(Some(next_commit), &pull("2", "next"), &[]);
        assert_eq!(other_base.projects, None, "no result is `null`, as in Go");
    }

    #[test]
    fn statuses_have_names() {
        assert_eq!(PlanStatus(4).name(), "applied");
        assert_eq!([PlanStatus(8).name(), PlanStatus(-1).name()], ["", ""]);
    }
}
