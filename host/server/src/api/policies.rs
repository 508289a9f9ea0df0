//! Handlers for policy: the grant of each step of a job, and of a job that is not stored.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, State};
use schemars::JsonSchema;
use serde::Serialize;
use stepwell::engine::JobDefinition;
use stepwell::engine::job;
use stepwell::engine::policy::{Denial, Grant};
use stepwell::{Host, HostError};

use super::body::in_project;
use super::handlers::Answer;
use super::v2::text;
use super::{App, Caller};

/// The grants of policy to the steps of a job.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StepGrants {
    /// The job, if it has locks, and the steps, in the order of the job. A group is listed if it has locks.
    pub items: Vec<StepGrant>,
    /// Always null: the list has one page.
    pub next_cursor: Option<String>,
}

/// The grant of policy to a step.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StepGrant {
    /// The id of the step; empty for the locks of the job itself.
    pub step_id: String,
    /// The step type; `job` for the job itself.
    pub step_type: String,
    /// The grant, or the denial of the step.
    pub grant: Decision,
    /// The parts that the step needs or names, and that policy does not grant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Refused>,
}

/// A decision of policy about a step.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Decision {
    /// The step may run.
    Granted {
        /// The digest of the whole grant.
        digest: String,
        /// The origin of the profile.
        profile: String,
        /// The profile that the component asks for, if some limits are below it.
        note: Option<String>,
        /// The parts of the grant.
        parts: Vec<Part>,
    },
    /// The step may not run.
    Denied {
        /// The denial.
        denied: Refused,
    },
}

/// A part of a grant.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Part {
    /// The name of the part: a limit, or a capability with its object.
    pub part: String,
    /// The value.
    pub value: String,
    /// The origin: the profile, or the policy with its file.
    pub from: String,
}

/// A denial of policy.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Refused {
    /// The id of the rule.
    pub rule: String,
    /// The denied action and the reason.
    pub message: String,
    /// The change that would allow it; empty when nothing would.
    pub help: String,
}

impl From<&Denial> for Refused {
    fn from(denial: &Denial) -> Self {
        let Denial { rule, message, help, .. } = denial;
        Self { rule: rule.id().to_owned(), message: message.clone(), help: help.clone() }
    }
}

/// Shows the grants of the steps of a stored job.
pub(super) async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Answer<StepGrants> {
    let id = caller.job(&id)?;
    let stored = app.host.jobs().get(&id).await?;
    Ok(Json(grants(&app.host, stored.job.definition()).await))
}

/// Shows the grants that the steps of a job would get. A denial is part of the answer, and no error.
pub(super) async fn preview(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    bytes: Bytes,
) -> Answer<StepGrants> {
    let text = text(&bytes)?;
    // Reads the registered steps of other processes, if they have changed.
    app.host.steps().list().await?;
    let catalog = app.host.steps().catalog();
    let read = || job::parse("body", text, &catalog);
    let parsed = app.host.jobs().read_in_turn(text.len(), read).await?.map_err(HostError::Invalid)?;
    let parsed = in_project(parsed, &caller);
    caller.may(&parsed.job.id)?;
    Ok(Json(grants(&app.host, &parsed.job).await))
}

/// Returns the grants of the steps of a job.
pub(crate) async fn grants(host: &Host, job: &JobDefinition) -> StepGrants {
    let mut items = Vec::new();
    let all = host.jobs().grants(job).await;
    // Steps that share a decision share its description.
    let mut described: HashMap<*const Grant, Decision> = HashMap::new();
    for decided in &all {
        let (id, kind) = decided.step.map_or(("", JOB), |step| (&step.id, &step.step_type));
        let runs = decided.step.is_some() && !job::is_of_the_engine(kind);
        items.push(StepGrant {
            step_id: id.to_owned(),
            step_type: kind.to_owned(),
            grant: match &decided.grant {
                Ok(grant) => {
                    described.entry(Arc::as_ptr(grant)).or_insert_with(|| granted(grant, runs)).clone()
                }
                Err(denial) => Decision::Denied { denied: denial.into() },
            },
            missing: decided.missing.iter().map(Refused::from).collect(),
        });
    }
    StepGrants { items, next_cursor: None }
}

/// The type under which policies grant the locks of jobs.
const JOB: &str = "job";

/// Returns each part of a grant with its value and the rule that it comes from. Limits are for steps that run.
fn granted(grant: &Grant, runs: bool) -> Decision {
    let origin = |part: &str| {
        let found = grant.trace().iter().rev().find(|(name, _)| name == part);
        found.map_or_else(|| format!("profile {}", grant.profile().name()), |(_, origin)| origin.clone())
    };
    let limits = grant.limits().list().into_iter().filter(|_| runs).map(|(name, value)| {
        let part = format!("limits.{name}");
        Part { from: origin(&part), value: format!("= {value}"), part }
    });
    let others = grant
        .parts()
        .into_iter()
        .filter(|(part, _)| runs || part.starts_with("locks") || part.starts_with("worker"));
    let others = others.map(|(part, value)| Part { part, value, from: grant.policy().to_owned() });
    Decision::Granted {
        digest: grant.digest().to_owned(),
        profile: origin("profile"),
        note: grant.shortfall().map(|short| short.in_full()),
        parts: limits.chain(others).collect(),
    }
}
