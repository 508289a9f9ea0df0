//! A person's view of a project: requests to the API, and the pages that show the answers.

use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use http_body_util::{BodyExt, Limited};
use maud::Markup;
use serde_json::Value;
use stepwell::engine::clock::Timestamp;
use stepwell::{Caller, Role};
use tokio::sync::OwnedMutexGuard;
use tower::ServiceExt;

use super::asked::{self, Asked, Nothing};
use super::flash::Flash;
use super::guard::{Fields, Known, Visitor};
use super::layout::{self, Section};
use super::{ROOT, Ui, csrf};
use crate::api::{Call, Operation, Peer, Problem, SignedIn};

/// The maximum size of an answer that a page shows, in bytes.
const MAX_ANSWER: usize = 32 << 20;

/// A person who looks at a project.
#[derive(Clone)]
pub(super) struct Ask {
    pub ui: Ui,
    pub visitor: Visitor,
    pub project: String,
    /// The token for changes, in the form of this response.
    pub csrf: String,
    caller: Caller,
    peer: Option<Peer>,
    headers: HeaderMap,
}

/// A page that takes parameters has the extractor [`Asked`].
impl FromRequestParts<Ui> for Ask {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, ui: &Ui) -> Result<Self, Response> {
        let Asked(ask, Nothing {}) = Asked::<Nothing>::from_request_parts(parts, ui).await?;
        Ok(ask)
    }
}

impl Ask {
    /// Returns the view of the person who sends a request.
    pub async fn with_any_query(parts: &mut Parts, ui: &Ui) -> Result<Self, Response> {
        let params = RawPathParams::from_request_parts(parts, ui).await;
        let params = params.map_err(|_| layout::problem(&asked::unreadable(), None))?;
        let project = params.iter().find(|(name, _)| *name == "project").map_or("", |(_, value)| value);
        let project = project.to_owned();
        let gone = || Problem::new(StatusCode::UNAUTHORIZED, "log in to see this page");
        let visitor = parts.extensions.get::<Visitor>().cloned();
        let visitor = visitor.ok_or_else(|| layout::problem(&gone(), None))?;
        let caller = ui.app.host.sessions().caller(&visitor.who, &project);
        let caller = caller.map_err(|error| layout::problem(&Problem::from(error), None))?;
        let (peer, headers) = (parts.extensions.get::<Peer>().copied(), parts.headers.clone());
        let csrf = csrf::masked(&visitor.session.csrf);
        let csrf = csrf.ok_or_else(|| layout::problem(&csrf::no_random_numbers(), None))?;
        let ask = Self { ui: ui.clone(), visitor, project, csrf, caller, peer, headers };
        let (known, fields) = (parts.extensions.get::<Known>(), parts.extensions.get::<Fields>());
        let fits = known.zip(fields).map_or(Ok(()), |(Known(known), fields)| fields.only(known));
        fits.map_err(|problem| layout::problem(&problem, Some(&ask)))?;
        Ok(ask)
    }

    /// Returns the address of a page of the project. Each part is one segment.
    pub fn path(&self, segments: &[&str]) -> String {
        let mut path = format!("{ROOT}/p/{}", self.project);
        for segment in segments {
            path.push('/');
            path.extend(crate::api::encoded(segment));
        }
        path
    }

    /// Returns the current time.
    pub fn now(&self) -> Timestamp {
        self.ui.app.host.now()
    }

    /// Waits for the turn of the session; see [`super::turns`].
    pub async fn turn(&self) -> OwnedMutexGuard<()> {
        self.ui.turns.of(&self.visitor.session.id).await
    }

    /// Returns whether the person may use an operation.
    pub fn may(&self, operation: &Operation) -> bool {
        let held =
            if operation.everywhere() { self.caller.role_everywhere() } else { Some(self.caller.role()) };
        let is_for_all = !operation.of_all_jobs() || !self.caller.is_for_some_jobs();
        operation.role.is_none_or(|role| held.is_some_and(|held| held.may(role))) && is_for_all
    }

    /// Refuses a person who may not use an operation, for what needs no request to the API.
    pub fn needs(&self, operation: &Operation) -> Result<(), Problem> {
        if self.may(operation) {
            return Ok(());
        }
        let role = operation.role.map_or("", Role::name);
        Err(Problem::new(StatusCode::FORBIDDEN, format!("this needs the role {role}")))
    }

    /// Returns the role in this project.
    pub fn role(&self) -> Role {
        self.caller.role()
    }

    /// Returns the answer of the API as it is.
    pub async fn raw(&self, mut call: Call) -> Result<Response, Problem> {
        let body = Body::from(std::mem::take(&mut call.body));
        self.sent(call, body).await
    }

    /// Returns the value of the answer to a request whose body arrives while the API reads it.
    pub async fn streamed(&self, call: Call, body: Body) -> Result<Value, Problem> {
        read(self.sent(call, body).await?).await
    }

    async fn sent(&self, call: Call, body: Body) -> Result<Response, Problem> {
        if let Some(odd) = call.odd {
            return Err(Problem::bad_request(odd));
        }
        let mut request = Request::builder().method(call.method).uri(call.path);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let request = request.header("stepwell-project", &self.project).header("host", "localhost");
        let mut request = request
            .body(body)
            .map_err(|error| Problem::bad_request(format!("the request is invalid: {error}")))?;
        let extensions = request.extensions_mut();
        extensions.insert(SignedIn(self.visitor.who.clone()));
        if let Some(peer) = self.peer {
            extensions.insert(peer);
        }
        if let Some(forwarded) = self.headers.get("x-forwarded-for") {
            request.headers_mut().insert("x-forwarded-for", forwarded.clone());
        }
        let Ok(response) = self.ui.api.clone().oneshot(request).await;
        Ok(response)
    }

    /// Returns the value of a successful answer; null when it has no content.
    pub async fn value(&self, call: Call) -> Result<Value, Problem> {
        read(self.raw(call).await?).await
    }

    /// Returns the value of the answer to a request that only reads.
    pub async fn get(&self, operation: &Operation, parameters: &[&str]) -> Result<Value, Problem> {
        self.value(Call::to(operation, parameters)).await
    }

    /// Returns a page.
    pub fn page(&self, section: Section, title: &str, content: Markup) -> Response {
        // A part of a page that renews itself would take a message away from the page that is about to show it.
        let flash = Flash::of(&self.headers).filter(|_| !self.headers.contains_key("hx-request"));
        let had = flash.is_some();
        let mut response = layout::page(self, section, title, flash.as_ref(), content);
        if had {
            Flash::forget(&mut response);
        }
        response
    }

    /// Returns the page about a problem.
    pub fn problem(&self, problem: &Problem) -> Response {
        layout::problem(problem, Some(self))
    }

    /// Returns the projects of the person.
    pub fn projects(&self) -> Vec<(String, Role)> {
        self.ui.app.host.sessions().projects(&self.visitor.who)
    }
}

/// Reads an answer: the value of a success, or the problem.
async fn read(response: Response) -> Result<Value, Problem> {
    let status = response.status();
    let cut = |_| Problem::new(StatusCode::BAD_GATEWAY, "the answer of the API is too large for a page");
    let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await.map_err(cut)?.to_bytes();
    if status.is_success() {
        return Ok(serde_json::from_slice(&body).unwrap_or(Value::Null));
    }
    let unknown = || Problem::new(status, format!("the API answered {status}"));
    Err(serde_json::from_slice(&body).unwrap_or_else(|_| unknown()))
}
