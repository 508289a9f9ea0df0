//! Who asks: an API key or a token of the OpenID provider, its role, and the project that the request is about.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use stepwell::engine::clock::Timestamp;
use stepwell::engine::store::{Audit, Change};
use stepwell::engine::{StoreError, project};

use super::keys::{self, ApiKey, By, Role};
use super::problem::Problem;
use super::{App, oidc};

/// The header that names the project of a request.
const PROJECT: &str = "stepwell-project";
/// How long a key or a token that was good is looked up without a turn and without regard to the failures of its address.
const GOOD: chrono::Duration = chrono::Duration::minutes(10);

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
    /// Apart for each key and person, for limits of requests; nobody can choose it.
    pub id: String,
    /// For people.
    pub name: String,
    /// Values of the provider's roles claim.
    pub groups: Vec<String>,
    /// Roles, and the projects that each is for.
    pub grants: Vec<(Role, Vec<String>)>,
    /// Patterns of job ids that it is for; all when empty.
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
pub(super) fn command(app: &App, headers: &HeaderMap) -> Caller {
    let By { identity, name } = By::command(&app.host);
    let who = Identity {
        id: identity,
        name,
        groups: Vec::new(),
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
pub(super) async fn caller(app: &App, headers: &HeaderMap, client: IpAddr) -> Result<Caller, Problem> {
    let who = identity(app, headers, client).await?;
    if app.limiter(&who.id).check().is_err() {
        let detail = format!("more than {} requests in a second with this key", app.rate);
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail));
    }
    in_project(app, who, headers)
}

/// Whether who asked a while ago may still see that job.
pub(super) async fn still(app: &App, headers: &HeaderMap, client: IpAddr, job_id: &str) -> bool {
    if app.command {
        return true;
    }
    let found = match identity(app, headers, client).await {
        Ok(who) => in_project(app, who, headers),
        Err(problem) => Err(problem),
    };
    match found {
        Ok(caller) => caller.covers(job_id),
        // A store or a provider that is away says nothing about the key.
        Err(problem) => problem.status >= 500 || problem.status == StatusCode::TOO_MANY_REQUESTS.as_u16(),
    }
}

/// Who asks. Counts by address what is refused, before anything is looked up for it in the store.
async fn identity(app: &App, headers: &HeaderMap, client: IpAddr) -> Result<Identity, Problem> {
    let unauthorized = |detail: &str| Problem::new(StatusCode::UNAUTHORIZED, detail);
    let token = headers
        .get(axum::http::header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer ")))
        .map(str::trim);
    let now = app.host.now();
    // A good key is not kept out by strangers at its address.
    let known = token.map(keys::hash);
    let is_good = || known.as_ref().is_some_and(|known| app.good.has(known, now, GOOD));
    let mut good = is_good();
    // Of many first requests with one key, a few look it up, and the others find that it is good.
    let _turn = match good {
        true => None,
        false => Some(app.looking.acquire().await),
    };
    good = good || is_good();
    if !good && !app.failures.may_try(client, now) {
        good = match (token, &known) {
            (Some(token), Some(hash)) => may_be_good(app, token, hash, now).await,
            _ => false,
        };
        if !good {
            return Err(too_many_failures());
        }
    }
    let found = match token {
        None => Err(unauthorized(
            "send an API key: `Authorization: Bearer sw_...`; `stepwell keys create` makes one",
        )),
        Some(token) => identity_of(app, token).await,
    };
    let failed = found.as_ref().err().filter(|problem| problem.status == StatusCode::UNAUTHORIZED.as_u16());
    if !good && failed.is_none() {
        app.failures.passed(client, now);
    }
    match (&found, failed) {
        (Ok(_), _) => {
            if let Some(known) = known {
                app.good.add(&known, now, GOOD);
            }
        }
        (_, Some(problem)) => {
            if let Some(known) = known {
                app.good.remove(&known);
                app.ring.remove(&known);
            }
            if let Some(count) = app.failures.failed(client, now) {
                note_failed(app, client, count, &problem.detail).await;
            }
        }
        _ => {}
    }
    found
}

fn too_many_failures() -> Problem {
    let detail = "too many requests from this address have failed to log in";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, detail)
}

/// Whether a key or a token is worth a look although its address has used up its failures: a key whose hash is known, or a
/// token that a known key of the provider has signed. Neither asks anybody for each try.
async fn may_be_good(app: &App, token: &str, hash: &str, now: Timestamp) -> bool {
    if token.starts_with("sw_") {
        return keys::id_of(token).is_some() && app.ring.has(hash, now, || keys::hashes(&app.host)).await;
    }
    app.oidc.as_ref().is_some_and(|provider| provider.has_signed(token, now))
}

/// Who holds a key or a token.
async fn identity_of(app: &App, token: &str) -> Result<Identity, Problem> {
    let unauthorized = |detail: &str| Problem::new(StatusCode::UNAUTHORIZED, detail);
    match (&app.oidc, token.starts_with("sw_")) {
        (Some(provider), false) => {
            provider.identity(token, app.host.now()).await.map_err(|error| match error {
                oidc::Error::Refused(why) => unauthorized(&why),
                oidc::Error::Unavailable(why) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, why),
            })
        }
        _ => app
            .key(token)
            .await?
            .ok_or_else(|| unauthorized("this key is not known, has expired, or was revoked")),
    }
}

/// A row about failed logins: one a minute for each address.
async fn note_failed(app: &App, client: IpAddr, count: u64, why: &str) {
    let by = By { identity: format!("address:{client}"), name: String::new() };
    let row = keys::audit(&app.host, &by, "login.fail", "", &format!("{count} times: {why}"));
    if let Err(error) = app.host.store().write(vec![Change::Audit(row)]).await {
        tracing::warn!("failed logins of {client} are not in the audit log: {error}");
    }
}

/// The project that a request is about.
fn in_project(app: &App, who: Identity, headers: &HeaderMap) -> Result<Caller, Problem> {
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

    /// The project that the caller sees nothing beside of: none for those who may see every project.
    pub fn confined(&self) -> Option<&str> {
        self.bound().filter(|_| self.who.role_everywhere().is_none())
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
        keys::audit(&app.host, &self.by(), action, target, "")
    }

    /// Who acts, for the audit log.
    pub fn by(&self) -> By {
        By { identity: self.who.id.clone(), name: self.who.name.clone() }
    }

    /// Who asks, apart from their projects.
    pub fn who(&self) -> &Identity {
        &self.who
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
