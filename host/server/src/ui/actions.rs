//! Buttons and forms: each is for one operation of the API.
//!
//! A form names its operation, the parameters of its path, and the page that follows. Its fields are the keys of the
//! body: `reason` is a text, and `approved:json` is a value as JSON. A field without a text is left out. The page that
//! follows may name the run that the change has made: `.../runs/{execution_id}`.

use axum::extract::Extension;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::ask::Ask;
use super::asked::Path;
use super::flash::Flash;
use super::guard::{Fields, no_field};
use super::login::local;
use super::value::Parts;
use crate::api::{Call, Operation, Problem, TABLE, fields_of};

/// A button that sends a form.
pub(super) struct Button<'b> {
    operation: &'b Operation,
    parameters: &'b [&'b str],
    label: &'b str,
    /// The text that the next page shows.
    done: &'b str,
    /// The page that follows.
    next: String,
    class: &'static str,
    confirm: Option<String>,
    /// Whether the question has a field for a reason.
    has_reason: bool,
    fields: Vec<(&'static str, String)>,
    extra: Option<Markup>,
}

impl<'b> Button<'b> {
    pub fn new(operation: &'b Operation, parameters: &'b [&'b str], label: &'b str, next: String) -> Self {
        Self {
            operation,
            parameters,
            label,
            done: "",
            next,
            class: "button plain",
            confirm: None,
            has_reason: false,
            fields: Vec::new(),
            extra: None,
        }
    }

    /// Sets the text that the next page shows after a success.
    pub fn done(self, done: &'b str) -> Self {
        Self { done, ..self }
    }

    /// Marks the main action of a page.
    pub fn primary(self) -> Self {
        Self { class: "button", ..self }
    }

    /// Marks an action that cannot be undone, and asks before it.
    pub fn danger(self, question: impl Into<String>) -> Self {
        Self { class: "button danger", confirm: Some(question.into()), ..self }
    }

    /// Asks before the action, with a field for a reason.
    pub fn reason(self, question: impl Into<String>) -> Self {
        Self { confirm: Some(question.into()), ..self }.with_reason()
    }

    /// Adds a field for a reason to the question.
    pub fn with_reason(self) -> Self {
        Self { has_reason: true, ..self }
    }

    /// Adds a field that is not shown.
    pub fn field(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// Adds fields that are shown before the button.
    pub fn with(self, extra: Markup) -> Self {
        Self { extra: Some(extra), ..self }
    }

    /// Shows the button to people who may use its operation.
    pub fn show(self, ask: &Ask) -> Markup {
        if !ask.may(self.operation) {
            return html! {};
        }
        let action = ask.path(&["do", self.operation.id]);
        html! {
            form.action method="post" action=(action) data-confirm=[self.confirm] {
                input type="hidden" name="csrf" value=(ask.csrf);
                input type="hidden" name="_next" value=(self.next);
                @if !self.done.is_empty() { input type="hidden" name="_done" value=(self.done); }
                @for parameter in self.parameters { input type="hidden" name="_parameter" value=(parameter); }
                @for (name, value) in &self.fields { input type="hidden" name=(name) value=(value); }
                @if self.has_reason { input type="hidden" name="reason" value="" data-reason="Reason (optional)"; }
                @if let Some(extra) = self.extra { (extra) }
                button class=(self.class) type="submit" { (self.label) }
            }
        }
    }
}

/// Sends the form of a button to the API.
pub(super) async fn act(
    ask: Ask,
    Path((_, id)): Path<(String, String)>,
    Extension(fields): Extension<Fields>,
) -> Response {
    let known = TABLE.iter().find(|operation| operation.id == id && operation.method != "get");
    let Some(operation) = known else {
        return ask.problem(&Problem::new(StatusCode::NOT_FOUND, "there is no such operation"));
    };
    let call = match call(operation, &fields) {
        Ok(call) => call,
        Err(problem) => return ask.problem(&problem),
    };
    let (flash, made) = match ask.value(call).await {
        Ok(answer) => (
            Flash { is_problem: false, text: fields.get("_done").to_owned() },
            answer.text("execution_id").to_owned(),
        ),
        Err(problem) => {
            (Flash { is_problem: true, text: said(&problem) }, fields.get("_parameter").to_owned())
        }
    };
    // The run that a change has made, or the one that it did not change.
    let made: String = crate::api::encoded(&made).collect();
    let next = fields.get("_next").replace("{execution_id}", &made);
    let mut response = Redirect::to(local(&next)).into_response();
    if !flash.text.is_empty() {
        flash.add(&mut response);
    }
    response
}

/// Returns a problem in one text.
pub(super) fn said(problem: &Problem) -> String {
    let places = problem.errors.iter().map(|place| match &place.help {
        Some(help) => format!("{} ({help})", place.message),
        None => place.message.clone(),
    });
    let places: Vec<String> = places.collect();
    if places.is_empty() { problem.detail.clone() } else { places.join("; ") }
}

/// The fields of every form of a button. The others belong to the operation.
const OWN: [&str; 4] = ["csrf", "_next", "_done", "_parameter"];

/// Returns the request that a form means.
fn call(operation: &Operation, fields: &Fields) -> Result<Call, Problem> {
    let parameters: Vec<&str> =
        fields.iter().filter(|(name, _)| *name == "_parameter").map(|(_, value)| value).collect();
    let mut call = Call::to(operation, &parameters);
    let known = operation.body.map_or_else(|| Some(Vec::new()), fields_of);
    let mut body = Map::new();
    for (name, value) in fields.iter().filter(|(name, _)| !OWN.contains(name)) {
        let field = name.strip_suffix(":json").unwrap_or(name);
        if !name.starts_with('?') && !known.as_ref().is_none_or(|known| known.contains(&field)) {
            return Err(no_field(name, known.as_deref().unwrap_or_default()));
        }
        if value.is_empty() {
            continue;
        }
        if let Some(name) = name.strip_prefix('?') {
            call = call.query(name, Some(value));
            continue;
        }
        let (name, value) = match name.strip_suffix(":json") {
            Some(name) => {
                let read = serde_json::from_str(value);
                (name, read.map_err(|error| Problem::bad_request(format!("`{name}`: {error}")))?)
            }
            None => (name, Value::from(value)),
        };
        body.insert(name.to_owned(), value);
    }
    Ok(if operation.body.is_some() { call.json(&Value::Object(body)) } else { call })
}
