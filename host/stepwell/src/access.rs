//! Permissions: roles, projects, and the caller of an operation.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stepwell_engine::store::Audit;
use stepwell_engine::{StoreError, project};

use crate::context::Context;
use crate::keys::{ApiKey, everywhere};
use crate::node::machine;
use crate::{Host, HostError};

/// The permissions of the holder of a key. Each role includes the previous ones, except that a viewer takes no work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Takes the work of `worker` steps, and nothing else.
    Worker,
    /// Reads everything but keys and the audit log.
    Viewer,
    /// Runs, cancels, approves and pauses.
    Operator,
    /// Creates keys, registers steps, cleans up and reads the audit log.
    Admin,
}

impl Role {
    /// All roles, in ascending order.
    pub const ALL: [Self; 4] = [Self::Worker, Self::Viewer, Self::Operator, Self::Admin];

    /// Returns the name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Returns the role with that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Returns whether the role allows what needs the other one.
    pub fn may(self, needed: Self) -> bool {
        self >= needed && (needed != Self::Worker || self != Self::Viewer)
    }

    /// Returns the names of this role and the ones that it includes.
    pub fn all(self) -> Vec<&'static str> {
        Self::ALL.into_iter().filter(|role| self.may(*role)).map(Self::name).collect()
    }
}

/// The identity behind an action, for the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// A unique identifier, which no person or key can choose.
    pub identity: String,
    /// The display name.
    pub name: String,
}

/// A person or an API key, with its roles.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// A value that is unique to each key and person, for request limits. No key or person can choose it.
    pub id: String,
    /// The display name.
    pub name: String,
    /// The values of the provider's roles claim.
    pub groups: Vec<String>,
    /// The roles, and the projects in which each applies.
    pub grants: Vec<(Role, Vec<String>)>,
    /// Patterns of the job ids that it covers. Empty: all jobs.
    pub jobs: Vec<String>,
}

impl From<ApiKey> for Identity {
    fn from(key: ApiKey) -> Self {
        Self {
            id: format!("key:{}", key.id),
            name: key.name,
            groups: Vec::new(),
            grants: vec![(key.role, key.projects)],
            jobs: key.jobs,
        }
    }
}

impl Identity {
    /// Returns the role in that project, if any.
    fn role_in(&self, project: &str) -> Option<Role> {
        self.roles_in(project).max()
    }

    /// Returns all roles in that project.
    fn roles_in(&self, project: &str) -> impl Iterator<Item = Role> {
        let here = move |projects: &[String]| projects.iter().any(|own| own == "*" || own == project);
        self.grants.iter().filter(move |(_, projects)| here(projects)).map(|(role, _)| *role)
    }

    /// Returns the role for resources that belong to no project, if any.
    fn role_everywhere(&self) -> Option<Role> {
        let all = self.grants.iter().filter(|(_, projects)| projects.iter().any(|own| own == "*"));
        all.map(|(role, _)| *role).max()
    }

    /// Returns the project of a request that names none: `default` where that is allowed, otherwise the
    /// first.
    fn first_project(&self) -> Option<&str> {
        if self.role_in(project::DEFAULT).is_some() {
            return Some(project::DEFAULT);
        }
        self.grants.iter().flat_map(|(_, projects)| projects).next().map(String::as_str)
    }
}

/// The name of the command in the audit log.
pub const COMMAND: &str = "command";

/// An identity that acts in a project. Only this type converts job names in requests to job names in the
/// store.
#[derive(Debug, Clone)]
pub struct Caller {
    who: Arc<Identity>,
    project: String,
    role: Role,
    /// Whether the caller reaches all projects at once: only the command on the node's own store does, when
    /// it names no project.
    unbounded: bool,
}

/// API keys, roles and projects.
#[derive(Clone)]
pub struct Access {
    pub(crate) ctx: Arc<Context>,
}

impl Access {
    /// Returns the identity of a user who runs the command directly on the store.
    pub fn command_user(&self) -> By {
        let user = rustix::process::getuid().as_raw();
        let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let is = |line: &&str| line.split(':').nth(2) == Some(&user.to_string());
        let name = known.lines().find(is).and_then(|line| line.split(':').next());
        let name = name.map_or_else(|| user.to_string(), str::to_owned);
        By { identity: format!("command:{name}@{}", machine()), name: COMMAND.to_owned() }
    }

    /// Returns the caller for the command on the node's own store. Its user can write to the store, so a key
    /// could not restrict it.
    pub fn command(&self, project: Option<&str>) -> Caller {
        let By { identity, name } = self.command_user();
        let who = Identity {
            id: identity,
            name,
            groups: Vec::new(),
            grants: vec![(Role::Admin, everywhere())],
            jobs: Vec::new(),
        };
        Caller {
            who: Arc::new(who),
            project: project.unwrap_or(project::DEFAULT).to_owned(),
            role: Role::Admin,
            unbounded: project.is_none(),
        }
    }

    /// Returns the caller for a project, or for the identity's first project.
    ///
    /// # Errors
    /// Returns [`HostError::Forbidden`] when the identity has no role in the project. The error does not
    /// reveal whether the project exists. An identity with a role there learns that it does not exist.
    pub fn caller(&self, who: Identity, project: Option<&str>) -> Result<Caller, HostError> {
        let project = project
            .or(who.first_project())
            .ok_or_else(|| HostError::Forbidden("this token has no role in any project".to_owned()))?
            .to_owned();
        let role = who
            .role_in(&project)
            .ok_or_else(|| HostError::Forbidden(format!("you have no role in the project `{project}`")))?;
        if !self.ctx.settings().config.has_project(&project) {
            return Err(StoreError::NoRecord("project", project).into());
        }
        Ok(Caller { who: Arc::new(who), project, role, unbounded: false })
    }
}

impl Caller {
    /// Returns the name in the store of one of the project's jobs, given the name that the caller uses.
    ///
    /// # Errors
    /// Fails when the job belongs to another project, or the key does not cover it.
    pub fn job(&self, name: &str) -> Result<String, HostError> {
        let (named, local) = name.split_once('/').unwrap_or((self.project.as_str(), name));
        if named != self.project && !self.unbounded {
            return Err(StoreError::NoRecord("job", name.to_owned()).into());
        }
        let id = project::qualified(named, local);
        self.may(&id)?;
        Ok(id)
    }

    /// Refuses a job that the key does not cover.
    ///
    /// # Errors
    /// Returns [`HostError::Forbidden`] when the key does not cover the job.
    pub fn may(&self, job_id: &str) -> Result<(), HostError> {
        match self.covers(job_id) {
            true => Ok(()),
            false => Err(HostError::Forbidden(format!("this key is not for the job `{job_id}`"))),
        }
    }

    /// Checks access like [`Caller::may`], for a resource of a job that callers of other projects must not
    /// see.
    ///
    /// # Errors
    /// Returns `missing` when the job belongs to another project, and [`HostError::Forbidden`] when the key
    /// does not cover it.
    pub fn sees(&self, job_id: &str, missing: StoreError) -> Result<(), HostError> {
        if project::of(job_id) != self.project && !self.unbounded {
            return Err(missing.into());
        }
        self.may(job_id)
    }

    /// Returns whether the job belongs to the caller's project and the key covers it.
    pub fn covers(&self, job_id: &str) -> bool {
        let jobs = &self.who.jobs;
        let local = project::local(job_id);
        (self.unbounded || project::of(job_id) == self.project)
            && (jobs.is_empty() || jobs.iter().any(|pattern| matches(pattern, local)))
    }

    /// Returns the project of the request.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// Returns whether the key is restricted to jobs that match a pattern.
    pub fn is_for_some_jobs(&self) -> bool {
        !self.who.jobs.is_empty()
    }

    /// Returns the project to which lists and figures are restricted, if any.
    pub fn bound(&self) -> Option<&str> {
        (!self.unbounded).then_some(&*self.project)
    }

    /// Returns the only project that the caller sees. `None` when the caller may see every project.
    pub fn confined(&self) -> Option<&str> {
        self.bound().filter(|_| self.who.role_everywhere().is_none())
    }

    /// Returns the display name of the caller.
    pub fn name(&self) -> &str {
        &self.who.name
    }

    /// Returns a value that is unique to each key and person in each project.
    pub fn id(&self) -> String {
        format!("{}/{}", self.project, self.who.id)
    }

    /// Returns the caller's role in the project.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Returns whether a role of the caller in the project allows what needs the role `needed`.
    pub fn may_act(&self, needed: Role) -> bool {
        self.role.may(needed) || self.who.roles_in(&self.project).any(|role| role.may(needed))
    }

    /// Returns the caller's role for resources that belong to no project.
    pub fn role_everywhere(&self) -> Option<Role> {
        self.who.role_everywhere()
    }

    /// Returns a row of the audit log for an action of the caller.
    pub fn audit(&self, host: &Host, action: &str, target: &str) -> Audit {
        host.audit().row(&self.by(), action, target, "")
    }

    /// Returns the identity for the audit log.
    pub fn by(&self) -> By {
        By { identity: self.who.id.clone(), name: self.who.name.clone() }
    }

    /// Returns the identity without its projects.
    pub fn who(&self) -> &Identity {
        &self.who
    }
}

/// Returns whether a pattern covers a text; `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    stepwell_engine::wildcard::matches(pattern, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_is_also_a_viewer_stays_a_worker() {
        for (roles, allowed) in [
            (&[Role::Worker][..], [true, false, false, false]),
            (&[Role::Viewer], [false, true, false, false]),
            (&[Role::Worker, Role::Viewer], [true, true, false, false]),
            (&[Role::Operator], [true, true, true, false]),
        ] {
            let mut caller = caller("default", &[]);
            let grants = roles.iter().map(|role| (*role, everywhere())).collect();
            let who = Identity { grants, ..caller.who().clone() };
            (caller.role, caller.who) = (who.role_in("default").unwrap(), Arc::new(who));
            assert_eq!(Role::ALL.map(|role| caller.may_act(role)), allowed, "{roles:?}");
        }
    }

    fn caller(project: &str, jobs: &[&str]) -> Caller {
        let who = Identity {
            id: "1".to_owned(),
            name: "ann".to_owned(),
            groups: Vec::new(),
            grants: vec![(Role::Operator, vec![project.to_owned()])],
            jobs: jobs.iter().map(|job| (*job).to_owned()).collect(),
        };
        Caller { who: Arc::new(who), project: project.to_owned(), role: Role::Operator, unbounded: false }
    }

    #[test]
    fn a_caller_reaches_the_jobs_of_its_project() {
        for (project, jobs, name, reached) in [
            ("default", &[][..], "etl", Some("etl")),
            ("default", &[], "team-a/etl", None),
            ("team-a", &[], "etl", Some("team-a/etl")),
            ("team-a", &[], "team-a/etl", Some("team-a/etl")),
            ("team-a", &[], "team-b/etl", None),
            ("team-a", &["bill-*"], "bill-1", Some("team-a/bill-1")),
            ("team-a", &["bill-*"], "etl", None),
        ] {
            let found = caller(project, jobs).job(name).ok();
            assert_eq!(found.as_deref(), reached, "{project} {name}");
        }
        assert!(!caller("team-a", &[]).covers("etl") && !caller("default", &[]).covers("team-a/etl"));
    }

    #[test]
    fn patterns_cover_jobs() {
        for (pattern, job, covered) in [
            ("billing-*", "billing-1", true),
            ("billing-*", "shop", false),
            ("*", "shop", true),
            ("*-nightly", "shop-nightly", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abcd", false),
            ("shop", "shop2", false),
        ] {
            assert_eq!(matches(pattern, job), covered, "{pattern} {job}");
        }
    }
}
