//! Who asks: an API key or a token of the OpenID provider, its role, and the project that the request is about.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use stepwell::engine::store::Audit;
use stepwell::engine::{StoreError, project};

use super::keys::{self, ApiKey, Role};
use super::problem::Problem;
use super::{App, oidc};

/// The header that names the project of a request.
const PROJECT: &str = "stepwell-project";

/// Who asks, for a project.
#[derive(Clone)]
pub(crate) struct Caller {
    who: Arc<Identity>,
    project: String,
    role: Role,
    /// Whether it reaches every project at once: the command on the node's own store, when it names no project.
    unbounded: bool,
}

/// Somebody who may ask.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Identity {
    /// Apart for each key and person, for limits of requests.
    pub id: String,
    /// For people: in the audit log.
    pub name: String,
    /// Roles, and the projects that each is for.
    pub grants: Vec<(Role, Vec<String>)>,
    /// Patterns of job ids that it is for; all when empty.
    pub jobs: Vec<String>,
}

impl From<ApiKey> for Identity {
    fn from(key: ApiKey) -> Self {
        Self { id: key.id, name: key.name, grants: vec![(key.role, key.projects)], jobs: key.jobs }
    }
}

impl Identity {
    /// What may be done in that project, if anything.
    fn role_in(&self, project: &str) -> Option<Role> {
        let here = |projects: &[String]| projects.iter().any(|own| own == "*" || own == project);
        self.grants.iter().filter(|(_, projects)| here(projects)).map(|(role, _)| *role).max()
    }

    /// What may be done to what belongs to no project, if anything.
    fn role_everywhere(&self) -> Option<Role> {
        let all = self.grants.iter().filter(|(_, projects)| projects.iter().any(|own| own == "*"));
        all.map(|(role, _)| *role).max()
    }

    /// The project of a request that names none: `default` where that is allowed, and else the first.
    fn first_project(&self) -> Option<&str> {
        if self.role_in(project::DEFAULT).is_some() {
            return Some(project::DEFAULT);
        }
        self.grants.iter().flat_map(|(_, projects)| projects).next().map(String::as_str)
    }
}

/// The name of the command in the audit log.
pub(crate) const COMMAND: &str = "command";

/// The command on the node's own store: its user can write the store, so that no key could bound it.
pub(super) fn command(headers: &HeaderMap) -> Caller {
    let who = Identity {
        id: COMMAND.to_owned(),
        name: COMMAND.to_owned(),
        grants: vec![(Role::Admin, keys::everywhere())],
        jobs: Vec::new(),
    };
    let named = headers.get(PROJECT).and_then(|value| value.to_str().ok());
    Caller {
        who: Arc::new(who),
        project: named.unwrap_or(project::DEFAULT).to_owned(),
        role: Role::Admin,
        unbounded: named.is_none(),
    }
}

/// Looks up who asks, and for which project.
pub(super) async fn caller(app: &App, headers: &HeaderMap) -> Result<Caller, Problem> {
    let unauthorized = |detail: &str| Problem::new(StatusCode::UNAUTHORIZED, detail);
    let token = headers
        .get(axum::http::header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer ")))
        .ok_or_else(|| {
            unauthorized("send an API key: `Authorization: Bearer sw_...`; `stepwell keys create` makes one")
        })?
        .trim();
    let who = match (&app.oidc, token.starts_with("sw_")) {
        (Some(provider), false) => {
            provider.identity(token, app.host.now()).await.map_err(|error| match error {
                oidc::Error::Refused(why) => unauthorized(&why),
                oidc::Error::Unavailable(why) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, why),
            })?
        }
        _ => app
            .key(token)
            .await?
            .ok_or_else(|| unauthorized("this key is not known, has expired, or was revoked"))?,
    };
    if app.limiter(&who.id).check().is_err() {
        let detail = format!("more than {} requests in a second with this key", app.rate);
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail));
    }
    let asked = headers.get(PROJECT).map(|value| value.to_str().unwrap_or("?"));
    let forbidden = |detail: String| Problem::new(StatusCode::FORBIDDEN, detail);
    let project = asked
        .or(who.first_project())
        .ok_or_else(|| forbidden("this token has no role in any project".to_owned()))?
        .to_owned();
    // Whether there is such a project is nobody's business who may not use it.
    let role = who.role_in(&project).filter(|_| app.host.configuration().has_project(&project));
    let role = role.ok_or_else(|| forbidden(format!("you have no role in the project `{project}`")))?;
    Ok(Caller { who: Arc::new(who), project, role, unbounded: false })
}

impl Caller {
    /// The name of one of the project's jobs everywhere, from the one that the caller uses.
    ///
    /// Refuses a job that the key is not for.
    pub fn job(&self, name: &str) -> Result<String, Problem> {
        let (named, local) = name.split_once('/').unwrap_or((self.project.as_str(), name));
        if named != self.project && !self.unbounded {
            return Err(StoreError::NoRecord("job", name.to_owned()).into());
        }
        let id = project::qualified(named, local);
        self.may(&id)?;
        Ok(id)
    }

    /// Refuses a job that the key is not for.
    pub fn may(&self, job_id: &str) -> Result<(), Problem> {
        match self.covers(job_id) {
            true => Ok(()),
            false => {
                Err(Problem::new(StatusCode::FORBIDDEN, format!("this key is not for the job `{job_id}`")))
            }
        }
    }

    /// The same, for something of a job that is not there for those of other projects.
    pub fn sees(&self, job_id: &str, missing: StoreError) -> Result<(), Problem> {
        if project::of(job_id) != self.project && !self.unbounded {
            return Err(missing.into());
        }
        self.may(job_id)
    }

    /// Whether the job is of the caller's project, and one that the key is for.
    pub fn covers(&self, job_id: &str) -> bool {
        let jobs = &self.who.jobs;
        let local = project::local(job_id);
        (self.unbounded || project::of(job_id) == self.project)
            && (jobs.is_empty() || jobs.iter().any(|pattern| keys::matches(pattern, local)))
    }

    pub fn project(&self) -> &str {
        &self.project
    }

    /// Whether the key is bounded to jobs of a pattern.
    pub fn is_for_some_jobs(&self) -> bool {
        !self.who.jobs.is_empty()
    }

    /// The project that lists and figures are bounded to, if they are.
    pub fn bound(&self) -> Option<&str> {
        (!self.unbounded).then_some(&*self.project)
    }

    pub fn name(&self) -> &str {
        &self.who.name
    }

    /// Apart for each key and person, in each project.
    pub fn id(&self) -> String {
        format!("{}/{}", self.project, self.who.id)
    }

    pub fn role(&self) -> Role {
        self.role
    }

    /// What the caller may do to what belongs to no project.
    pub fn role_everywhere(&self) -> Option<Role> {
        self.who.role_everywhere()
    }

    /// The row for the audit log.
    pub fn audit(&self, app: &App, action: &str, target: &str) -> Audit {
        keys::audit(&app.host, self.name(), action, target, "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(project: &str, jobs: &[&str]) -> Caller {
        let who = Identity {
            id: "1".to_owned(),
            name: "ann".to_owned(),
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
}
