//! The locks of projects and of commands.

use super::read::{self, FormatError, Object};
use super::write::{self, Writer, Written};
use super::{GoTime, Hidden, Identity};

/// A lock of a project in a workspace, which a pull request holds. The fields have the names and the order of
/// Atlantis.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectLock {
    /// The project.
    pub project: Project,
    /// The pull request that holds the lock.
    pub pull: Pull,
    /// The user whose command took the lock.
    pub user: User,
    /// The workspace.
    pub workspace: String,
    /// The time at which the lock was taken.
    pub time: GoTime,
}

/// A project: a directory of a repository, and the name that the repository's configuration gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Project {
    /// The name, or empty.
    pub project_name: String,
    /// The owner and the name of the repository.
    pub repo_full_name: String,
    /// The directory: `.` is the root.
    pub path: String,
}

/// A pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pull {
    /// The number.
    pub num: i64,
    /// The commit at its head.
    pub head_commit: String,
    /// Its page.
    pub url: String,
    /// The branch with the changes.
    pub head_branch: String,
    /// The branch that receives the changes.
    pub base_branch: String,
    /// A setting of checkouts, since 2026.
    pub hardened_non_pr_ref_checkout: bool,
    /// The author's name.
    pub author: String,
    /// The description, since 2026.
    pub body: String,
    /// 0 is open, 1 is closed.
    pub state: i64,
    /// The repository that receives the changes.
    pub base_repo: Repo,
}

/// A repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repo {
    /// The owner and the name.
    pub full_name: String,
    /// The owner.
    pub owner: String,
    /// The name.
    pub name: String,
    /// The clone URL with a token.
    pub clone_url: Hidden,
    /// The clone URL without the token.
    pub sanitized_clone_url: String,
    /// The host.
    pub vcs_host: VcsHost,
}

/// The host of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VcsHost {
    /// The name of the host.
    pub hostname: String,
    /// 0 GitHub, 1 GitLab, 2 Bitbucket Cloud, 3 Bitbucket Server, 4 Azure DevOps, 5 Gitea.
    pub kind: i64,
}

/// A user of the version control system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub username: String,
    /// The teams. `None` where Atlantis did not ask for them.
    pub teams: Option<Vec<String>>,
}

/// A lock of a command for the whole installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandLock {
    /// The time at which the lock was taken, in seconds since 1970.
    pub unix_time: i64,
    /// The command.
    pub command: CommandName,
}

/// The number of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandName(pub i64);

/// The commands, by their numbers. `autoplan` has the name of `plan`, so both have one lock.
const COMMANDS: [&str; 10] = [
    "apply",
    "plan",
    "unlock",
    "policy_check",
    "approve_policies",
    "plan",
    "version",
    "import",
    "state",
    "cancel",
];

impl CommandName {
    /// `apply`, the only command that Atlantis itself locks.
    pub const APPLY: Self = Self(0);
    /// `plan`.
    pub const PLAN: Self = Self(1);
    /// A plan that a push starts. Its lock is that of `plan`.
    pub const AUTOPLAN: Self = Self(5);

    /// The name, which is empty for a number that Atlantis does not know.
    #[must_use]
    pub fn name(self) -> &'static str {
        usize::try_from(self.0).ok().and_then(|at| COMMANDS.get(at)).copied().unwrap_or_default()
    }

    /// The command with a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        COMMANDS.iter().zip(0..).find(|(known, _)| **known == name).map(|(_, number)| Self(number))
    }
}

impl ProjectLock {
    /// Reads a lock, without its clone URL.
    ///
    /// # Errors
    /// Fails when the value is not JSON, or a field holds another type.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut lock = Self::parse_whole(bytes)?;
        lock.pull.base_repo.clone_url = Hidden::default();
        Ok(lock)
    }

    /// Reads a lock with its clone URL, to write it again.
    pub(crate) fn parse_whole(bytes: &[u8]) -> Result<Self, FormatError> {
        read::object(bytes, |lock| {
            let project = lock.object("Project")?;
            let user = lock.object("User")?;
            let time = lock.text("Time")?;
            let is_zero = time.is_empty();
            Ok(Self {
                project: Project {
                    project_name: project.text("ProjectName")?,
                    repo_full_name: project.text("RepoFullName")?,
                    path: project.text("Path")?,
                },
                pull: Pull::read(&lock.object("Pull")?)?,
                user: User { username: user.text("Username")?, teams: user.texts("Teams")? },
                workspace: lock.text("Workspace")?,
                time: GoTime::parse(&time).or_else(|| is_zero.then(GoTime::default)).ok_or_else(|| {
                    FormatError::Field { field: "Time".to_owned(), expected: "a time (RFC 3339)" }
                })?,
            })
        })
    }

    /// The JSON that Atlantis would write.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        write::json(self)
    }

    /// The project and workspace that the lock is for.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity { project: self.project.clone(), workspace: self.workspace.clone() }
    }
}

impl Pull {
    pub(super) fn read(pull: &Object<'_>) -> Result<Self, FormatError> {
        let repo = pull.object("BaseRepo")?;
        let host = repo.object("VCSHost")?;
        Ok(Self {
            num: pull.number("Num")?,
            head_commit: pull.text("HeadCommit")?,
            url: pull.text("URL")?,
            head_branch: pull.text("HeadBranch")?,
            base_branch: pull.text("BaseBranch")?,
            hardened_non_pr_ref_checkout: pull.flag("HardenedNonPRRefCheckout")?,
            author: pull.text("Author")?,
            body: pull.text("Body")?,
            state: pull.number("State")?,
            base_repo: Repo {
                full_name: repo.text("FullName")?,
                owner: repo.text("Owner")?,
                name: repo.text("Name")?,
                clone_url: Hidden::new(repo.text("CloneURL")?),
                sanitized_clone_url: repo.text("SanitizedCloneURL")?,
                vcs_host: VcsHost { hostname: host.text("Hostname")?, kind: host.number("Type")? },
            },
        })
    }
}

impl CommandLock {
    /// Reads the lock of a command.
    ///
    /// # Errors
    /// Fails when the value is not JSON, or a field holds another type.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        read::object(bytes, |lock| {
            let unix_time = lock.object("LockMetadata")?.number("UnixTime")?;
            Ok(Self { unix_time, command: CommandName(lock.number("CommandName")?) })
        })
    }

    /// The JSON that Atlantis would write.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        write::json(self)
    }
}

impl Written for ProjectLock {
    fn write(&self, to: &mut Writer) {
        to.object(|to| {
            to.field("Project", &self.project);
            to.field("Pull", &self.pull);
            to.field("User", &self.user);
            to.field("Workspace", &self.workspace);
            to.field("Time", &self.time.text());
        });
    }
}

impl Written for Project {
    fn write(&self, to: &mut Writer) {
        to.object(|to| {
            to.field("ProjectName", &self.project_name);
            to.field("RepoFullName", &self.repo_full_name);
            to.field("Path", &self.path);
        });
    }
}

impl Written for Pull {
    fn write(&self, to: &mut Writer) {
        to.object(|to| {
            to.field("Num", &self.num);
            to.field("HeadCommit", &self.head_commit);
            to.field("URL", &self.url);
            to.field("HeadBranch", &self.head_branch);
            to.field("BaseBranch", &self.base_branch);
            to.field("HardenedNonPRRefCheckout", &self.hardened_non_pr_ref_checkout);
            to.field("Author", &self.author);
            to.field("Body", &self.body);
            to.field("State", &self.state);
            to.field("BaseRepo", &self.base_repo);
        });
    }
}

impl Written for Repo {
    fn write(&self, to: &mut Writer) {
        to.object(|to| {
            to.field("FullName", &self.full_name);
            to.field("Owner", &self.owner);
            to.field("Name", &self.name);
            to.field("CloneURL", self.clone_url.expose());
            to.field("SanitizedCloneURL", &self.sanitized_clone_url);
            to.field("VCSHost", &self.vcs_host);
        });
    }
}

impl Written for VcsHost {
    fn write(&self, to: &mut Writer) {
        to.object(|to| {
            to.field("Hostname", &self.hostname);
            to.field("Type", &self.kind);
        });
    }
}

impl Written for User {
    fn write(&self, to: &mut Writer) {
        to.object(|to| {
            to.field("Username", &self.username);
            to.field("Teams", &self.teams);
        });
    }
}

impl Written for CommandLock {
    fn write(&self, to: &mut Writer) {
        to.object(|to| {
            to.field("LockMetadata", &Metadata(self.unix_time));
            to.field("CommandName", &self.command.0);
        });
    }
}

struct Metadata(i64);

impl Written for Metadata {
    fn write(&self, to: &mut Writer) {
        to.object(|to| to.field("UnixTime", &self.0));
    }
}
