//! Reads bodies of requests, as JSON or YAML, and reports their problems, each with its place.

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

/// The parsed body of a request.
pub(super) struct Sent<T> {
    pub value: T,
    document: Document,
}

/// Returns the body as text.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(bytes).map_err(|_| Problem::bad_request("the body is not UTF-8"))
}

/// Returns the problem of a body that is not a document.
pub(super) fn malformed(problems: Diagnostics) -> Problem {
    let problem: Problem = HostError::Invalid(problems).into();
    Problem { errors: problem.errors, ..Problem::bad_request(problem.detail) }
}

/// Reads a body. An empty body is an empty object.
pub(super) async fn read<T: DeserializeOwned + JsonSchema + 'static>(
    app: &App,
    bytes: &Bytes,
) -> Result<Sent<T>, Problem> {
    let text = utf8(bytes)?;
    let text = if text.trim().is_empty() { "{}" } else { text };
    let read = || {
        let document = Document::parse("body", text).map_err(malformed)?;
        let value = document.read(&Schema::of::<T>()).map_err(HostError::Invalid)?;
        Ok(Sent { value, document })
    };
    app.host.jobs().read_in_turn(text.len(), read).await?
}

/// Reads a body whose values cannot be refused later, and returns its value.
pub(super) async fn body<T: DeserializeOwned + JsonSchema + 'static>(
    app: &App,
    bytes: &Bytes,
) -> Result<T, Problem> {
    Ok(read(app, bytes).await?.value)
}

impl<T> Sent<T> {
    /// Returns the problem of a request that the host refuses, with its place if a value of the body is the
    /// cause.
    pub fn refused(&self, error: HostError) -> Problem {
        match &error {
            HostError::Argument(name, why) => self.wrong(&format!("/{name}"), &argument(name, why)),
            HostError::Admit(
                AdmitError::UnknownVariable { name, .. } | AdmitError::WrongType { name, .. },
            ) => self.wrong(&format!("/variables/{}", escape(name)), &error.to_string()),
            _ => error.into(),
        }
    }

    /// Returns the problem of several variables at once, or `None` when at most one is wrong.
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

    /// Returns the problem of one value.
    pub fn wrong(&self, pointer: &str, message: &str) -> Problem {
        let found = self.document.error(pointer, message);
        let problem: Problem = HostError::Invalid(found.clone().into()).into();
        Problem { detail: found.message, ..problem }
    }

    /// Returns the job at `pointer` of the body, for the caller's project.
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

/// The minimum interval between two rows of the audit log about one key and one rule.
const NOTE_INTERVAL: chrono::Duration = chrono::Duration::minutes(1);

/// Records in the audit log that policy refused a job: one row per minute for each key and rule.
pub(super) async fn note_refusals(app: &App, caller: &Caller, error: &HostError) {
    let HostError::Invalid(problems) = error else { return };
    let now = app.host.now();
    let rules: BTreeSet<&str> = problems.0.iter().filter_map(|problem| problem.rule.as_deref()).collect();
    let mut rows = Vec::new();
    for rule in rules {
        let known = format!("{} {rule}", caller.id());
        if app.refused.has(&known, now, NOTE_INTERVAL) || !app.refused.add(&known, now, NOTE_INTERVAL) {
            continue;
        }
        let detail = format!("a job of the project {}", caller.project());
        rows.push(Audit { detail, ..caller.audit(&app.host, "policy.refuse", rule) });
    }
    if !rows.is_empty()
        && let Err(error) = app.host.audit().append(rows).await
    {
        tracing::warn!("cannot write a refusal of policy to the audit log: {error}");
    }
}

/// Changes the job's id to the name that it has outside of the caller's project.
pub(super) fn in_project(mut parsed: Parsed, caller: &Caller) -> Parsed {
    parsed.job.id = project::qualified(caller.project(), &parsed.job.id);
    parsed
}

/// Returns the warnings for the author of a job.
pub(super) fn warnings(parsed: &Parsed) -> Vec<Place> {
    parsed.warnings.0.iter().chain(&parsed.advice.0).map(Place::from).collect()
}
