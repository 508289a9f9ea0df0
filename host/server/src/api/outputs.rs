//! Returns the complete output of a step.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use serde_json::Value;

use super::problem::Problem;
use super::runs::allowed;
use super::{App, Caller};

pub(super) async fn step_output(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((id, step)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    allowed(&app, &caller, &id).await?;
    match app.host.runs().step_output(&id, &step).await? {
        Some(value) => Ok(Json(value)),
        None => {
            let detail = format!("the step `{step}` has no output: it has not succeeded in this run");
            Err(Problem::new(StatusCode::NOT_FOUND, detail))
        }
    }
}
