//! Bodies of requests, as JSON or YAML, and their problems, each with its place.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Bytes;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use stepwell::engine::document::{Document, Schema, escape};
use stepwell::engine::job::Parsed;
use stepwell::engine::run::AdmitError;
use stepwell::engine::store::Audit;
use stepwell::engine::{Diagnostic, Diagnostics, Job, project};
use stepwell::{HostError, argument};

use super::problem::{Place, Problem};
use super::{App, Caller};

/// A body that was read.
pub(super) struct Sent<T> {
    pub value: T,
    document: Document,
}

/// The body as text.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(bytes).map_err(|_| Problem::bad_request("the body is not UTF-8"))
}

/// A body that cannot be read at all.
pub(super) fn malformed(problems: Diagnostics) -> Problem {
    let told: Problem = HostError::Invalid(problems).into();
    Problem { errors: told.errors, ..Problem::bad_request(told.detail) }
}

/// Reads a body; nothing at all is an empty object.
pub(super) fn read<T: DeserializeOwned + JsonSchema + 'static>(
    app: &App,
    bytes: &Bytes,
) -> Result<Sent<T>, Problem> {
    let text = utf8(bytes)?;
    let text = if text.trim().is_empty() { "{}" } else { text };
    app.host.jobs().read_in_turn(text.len(), || {
        let document = Document::parse("body", text).map_err(malformed)?;
        let value = document.read(&Schema::of::<T>()).map_err(HostError::Invalid)?;
        Ok(Sent { value, document })
    })
}

/// The value of a body none of whose values is refused later.
pub(super) fn body<T: DeserializeOwned + JsonSchema + 'static>(
    app: &App,
    bytes: &Bytes,
) -> Result<T, Problem> {
    Ok(read(app, bytes)?.value)
}

impl<T> Sent<T> {
    /// The problem of a request that the host refuses: at its place, where a value of the body is why.
    pub fn refused(&self, error: HostError) -> Problem {
        match &error {
            HostError::Argument(name, why) => self.wrong(&format!("/{name}"), &argument(name, why)),
            HostError::Admit(
                AdmitError::UnknownVariable { name, .. } | AdmitError::WrongType { name, .. },
            ) => self.wrong(&format!("/variables/{}", escape(name)), &error.to_string()),
            _ => error.into(),
        }
    }

    /// The problem of several variables at once; none when there is at most one.
    pub fn refused_variables(&self, errors: &[AdmitError]) -> Option<Problem> {
        let name = |error: &AdmitError| match error {
            AdmitError::UnknownVariable { name, .. } | AdmitError::WrongType { name, .. } => {
                Some(format!("/variables/{}", escape(name)))
            }
            _ => None,
        };
        let found = errors.iter().filter_map(|error| {
            let pointer = name(error)?;
            Some(self.document.error(&pointer, error.to_string()))
        });
        let found: Vec<Diagnostic> = found.collect();
        (found.len() > 1).then(|| HostError::Invalid(Diagnostics(found).sorted()).into())
    }

    /// The problem of one value.
    pub fn wrong(&self, pointer: &str, message: &str) -> Problem {
        let found = self.document.error(pointer, message);
        let problem: Problem = HostError::Invalid(found.clone().into()).into();
        Problem { detail: found.message, ..problem }
    }

    /// The job at `pointer` of the body, for the caller's project.
    pub async fn job(&self, app: &App, caller: &Caller, pointer: &str) -> Result<Arc<Job>, Problem> {
        let parsed = match app.host.jobs().parse_in(caller.project(), self.document.clone(), pointer).await {
            Ok(parsed) => parsed,
            Err(error) => {
                note_refusals(app, caller, &error).await;
                return Err(error.into());
            }
        };
        let job = in_project(parsed, caller).job;
        caller.may(&job.id)?;
        Ok(Arc::new(job.into()))
    }
}

/// Between two rows of the audit log about one key and one rule.
const NOTED_EVERY: chrono::Duration = chrono::Duration::minutes(1);

/// Notes that policy refused a job: a row a minute for each key and rule.
pub(super) async fn note_refusals(app: &App, caller: &Caller, error: &HostError) {
    let HostError::Invalid(problems) = error else { return };
    let now = app.host.now();
    let rules: BTreeSet<&str> = problems.0.iter().filter_map(|problem| problem.rule.as_deref()).collect();
    let mut rows = Vec::new();
    for rule in rules {
        let known = format!("{} {rule}", caller.id());
        if app.refused.has(&known, now, NOTED_EVERY) || !app.refused.add(&known, now, NOTED_EVERY) {
            continue;
        }
        let detail = format!("a job of the project {}", caller.project());
        rows.push(Audit { detail, ..caller.audit(&app.host, "policy.refuse", rule) });
    }
    if !rows.is_empty()
        && let Err(error) = app.host.audit().append(rows).await
    {
        tracing::warn!("a refusal of policy is not in the audit log: {error}");
    }
}

/// The job under the name that it has outside of the caller's project.
pub(super) fn in_project(mut parsed: Parsed, caller: &Caller) -> Parsed {
    parsed.job.id = project::qualified(caller.project(), &parsed.job.id);
    parsed
}

/// What the author of a job should know.
pub(super) fn warnings(parsed: &Parsed) -> Vec<Place> {
    parsed.warnings.0.iter().chain(&parsed.advice.0).map(Place::from).collect()
}
