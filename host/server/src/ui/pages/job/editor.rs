//! The editor of a job: its text beside a form. Each side changes the other.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Extension;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use stepwell::engine::document::{Document, cut};
use stepwell::engine::project;
use stepwell::engine::schedule::zone;

use super::form::Form;
use super::versions::{self, text_of};
use super::{change, text, written};
use crate::api::{Call, Operation, Place, Problem};
use crate::ui::ask::Ask;
use crate::ui::asked::{Asked, Path};
use crate::ui::assets::EDITOR;
use crate::ui::diff;
use crate::ui::flash::Flash;
use crate::ui::guard::Fields;
use crate::ui::layout::Section;
use crate::ui::pages::shown;
use crate::ui::show;
use crate::ui::value::Parts;

/// The maximum number of bytes of a text for which the form and the preview follow each change.
pub(super) const MOST_TEXT: usize = 256 << 10;

/// The text of a new job.
const NEW: &str = "\
# The form changes this text, and this text changes the form.
id: my-job
name: My job
timezone: UTC

steps:
  - id: first
    type: wait
    for: 1
";

/// The text in the editor, and the stored job that it changes.
#[derive(Default)]
struct Draft<'d> {
    /// The id of the stored job; empty for a new one.
    id: &'d str,
    /// The version of the stored job that the text is made from.
    version: &'d str,
    text: &'d str,
    problems: Vec<Place>,
    /// The consequence of the problems.
    consequence: &'static str,
    /// The text of the stored job, when another person has changed it meanwhile.
    conflict: Option<String>,
}

/// Shows the editor for a new job.
pub(in crate::ui) async fn new(ask: Ask) -> Response {
    shown(&ask, page(&ask, Draft { text: NEW, ..Draft::default() }).await)
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(in crate::ui) struct From {
    version: Option<u64>,
}

/// Shows the editor for a stored job, with the text of an earlier version if one is given.
pub(in crate::ui) async fn edit(
    Asked(ask, from): Asked<From>,
    Path((_, id)): Path<(String, String)>,
) -> Response {
    let page = async {
        let stored = ask.get(&Operation::getJob, &[&id]).await?;
        let latest = stored.number("version");
        let text = match versions::read(&ask, &id, from.version.unwrap_or(latest), latest).await {
            Ok(found) => text_of(&found),
            Err(problem) if from.version.is_some() => return Err(problem),
            Err(_) => written(stored.at("job")),
        };
        let version = latest.to_string();
        page(&ask, Draft { id: &id, version: &version, text: &text, ..Draft::default() }).await
    };
    shown(&ask, page.await)
}

/// Returns the JSON Schemas of the step types.
async fn types(ask: &Ask) -> Result<BTreeMap<String, Value>, Problem> {
    let steps = ask.value(Call::to(&Operation::listSteps, &[])).await?;
    let schema = |step: &Value| (step.text("step_type").to_owned(), step.at("config_schema").clone());
    let mut types: BTreeMap<String, Value> = steps.list("items").iter().map(schema).collect();
    types.entry(stepwell::engine::job::group::TYPE.to_owned()).or_default();
    Ok(types)
}

async fn page(ask: &Ask, draft: Draft<'_>) -> Result<Response, Problem> {
    ask.needs(&Operation::putJob)?;
    let types = types(ask).await?;
    let title = if draft.id.is_empty() { "New job".to_owned() } else { format!("Edit {}", draft.id) };
    let post = ask.path(&["editor", "form"]);
    let content = html! {
        div.page-header {
            nav.crumbs aria-label="Breadcrumbs" {
                ol {
                    li { a href=(ask.path(&["jobs"])) { "Jobs" } }
                    @if !draft.id.is_empty() { li { a href=(ask.path(&["jobs", draft.id])) { (show::text(draft.id)) } } }
                    li { (if draft.id.is_empty() { "New" } else { "Edit" }) }
                }
            }
            div.page-title { h1 { (show::text(&title)) } }
        }
        (problems(&draft))
        (conflict(&draft))
        div.columns.builder {
            section.card aria-labelledby="text-title" {
                h2 #text-title { "Text" }
                (text_form(ask, &draft))
            }
            section.card aria-labelledby="form-title" {
                h2 #form-title { "Form" }
                (form(&post, &types, 0, &Made::of(draft.text)))
            }
        }
        datalist #zones { @for name in zone::names() { option value=(name) {} } }
        section #preview.columns aria-label="Preview" hx-post=(ask.path(&["editor", "preview"]))
            hx-trigger="load, input delay:1s from:#text" hx-include="#text" hx-swap="innerMorph" hx-sync="this:replace" {
            p.muted { "The preview follows the text." }
        }
        script src=(EDITOR.address()) defer {}
    };
    let mut response = ask.page(Section::Jobs, &title, content);
    if draft.conflict.is_some() {
        *response.status_mut() = StatusCode::PRECONDITION_FAILED;
    } else if !draft.problems.is_empty() {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

fn text_form(ask: &Ask, draft: &Draft<'_>) -> Markup {
    html! {
        form.form method="post" action=(ask.path(&["editor", "save"])) {
            input type="hidden" name="csrf" value=(ask.csrf);
            input type="hidden" name="id" value=(draft.id);
            input type="hidden" name="version" value=(draft.version);
            div.field {
                label for="text" { "Job as YAML" }
                textarea #text name="text" rows="30" spellcheck="false" data-editor="yaml" data-draft=(draft_key(ask, draft))
                    data-validate=(ask.path(&["editor", "validate"])) { "\n" (draft.text) }
            }
            div.actions {
                @if draft.conflict.is_some() {
                    button.button.danger type="submit" { "Save over the stored version" }
                } @else {
                    button.button type="submit" { "Save" }
                }
                @if ask.may(&Operation::executeJob) {
                    button.button.plain type="submit" formaction=(ask.path(&["editor", "try"])) { "Test run" }
                }
            }
            p.hint { "A test run runs this text once, without storing it. It has the grants and the effects of any other run." }
        }
    }
}

/// Returns the name under which the browser keeps the text until it is stored.
fn draft_key(ask: &Ask, draft: &Draft<'_>) -> String {
    if draft.id.is_empty() { ask.path(&["editor"]) } else { ask.path(&["jobs", draft.id, "edit"]) }
}

fn problems(draft: &Draft<'_>) -> Markup {
    html! {
        @if !draft.problems.is_empty() {
            div.alert data-kind="error" role="alert" {
                p { strong { (draft.consequence) } }
                ul {
                    @for place in &draft.problems {
                        li {
                            @if place.line > 0 { "Line " (place.line) ": " }
                            (show::text(&place.message))
                            @if let Some(help) = &place.help { " (" (show::text(help)) ")" }
                        }
                    }
                }
            }
        }
    }
}

fn conflict(draft: &Draft<'_>) -> Markup {
    html! {
        @if let Some(stored) = &draft.conflict {
            section.card aria-labelledby="conflict" {
                h2 #conflict { "Another person has changed this job" }
                div.alert data-kind="warning" role="alert" {
                    p { "Your text is not stored. The differences from the stored version are below. Take over what you need, or save your text over it." }
                }
                (diff::shown(stored, draft.text, "Differences from the stored version"))
            }
        }
    }
}

/// A text, its text after a change of the form, and the reason why there is no such text.
#[derive(Default)]
struct Made<'t> {
    text: &'t str,
    new: Option<String>,
    problem: Option<String>,
}

impl<'t> Made<'t> {
    fn of(text: &'t str) -> Self {
        Self { text, ..Self::default() }
    }

    /// Makes the change that the fields mean.
    fn by(fields: &'t Fields) -> Self {
        let text = fields.get("text");
        match made(fields, text) {
            Ok(new) => Self { text, new, problem: None },
            Err(problem) => Self { text, new: None, problem: Some(problem) },
        }
    }
}

/// Shows the form for a text, with the steps after the first `from`.
fn form(post: &str, types: &BTreeMap<String, Value>, from: usize, made: &Made<'_>) -> Markup {
    let text = made.new.as_deref().unwrap_or(made.text);
    let shown = |job: &Value| Form::new(post, types, from).show(job);
    html! {
        div #builder hx-post=(post) hx-trigger="input delay:500ms from:#text" hx-target:inherited="#builder" hx-swap:inherited="outerMorph"
            hx-include:inherited="#text, #form-from" hx-sync:inherited="#builder:queue all" {
            @if let Some(new) = &made.new { textarea #new-text hidden readonly aria-label="New text" data-set-editor="text" { "\n" (new) } }
            @if let Some(problem) = &made.problem { div.alert data-kind="error" role="alert" { p { (show::text(problem)) } } }
            @if text.len() > MOST_TEXT {
                p.muted { "The text is too long for the form. Change it in the editor." }
            } @else {
                @match Document::parse("job", text).map(|document| document.value) {
                    Ok(job) => { (shown(&job)) }
                    Err(_) if text.trim().is_empty() => { (shown(&Value::Null)) }
                    Err(_) => { p.muted { "The form returns when the text can be read. The editor marks the place." } }
                }
            }
        }
    }
}

/// Makes a change of the form in the text, and returns both.
pub(in crate::ui) async fn change(ask: Ask, Extension(fields): Extension<Fields>) -> Response {
    if let Err(problem) = ask.needs(&Operation::putJob) {
        return ask.problem(&problem);
    }
    let _turn = ask.turn().await;
    let types = match types(&ask).await {
        Ok(types) => types,
        Err(problem) => return ask.problem(&problem),
    };
    let page = [fields.get("page"), fields.get("from")].into_iter().find(|text| !text.is_empty());
    let from = page.and_then(|text| text.parse().ok()).unwrap_or_default();
    let made = Made::by(&fields);
    let status = if made.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    (status, Html(form(&ask.path(&["editor", "form"]), &types, from, &made).into_string())).into_response()
}

/// Returns the text after the change that the fields mean, if they mean one.
fn made(fields: &Fields, text: &str) -> Result<Option<String>, String> {
    // The text of an editor may be long.
    if fields.get("edit").is_empty() {
        return Ok(None);
    }
    let job = match text.trim().is_empty() {
        true => Value::Null,
        false => Document::parse("job", text).map(|document| document.value).unwrap_or_default(),
    };
    let change = change::meant(fields, &job)?;
    change.map(|change| text::changed(text, &change)).transpose()
}

/// Returns the problems of a text, for the editor.
pub(in crate::ui) async fn validate(ask: Ask, body: String) -> Response {
    let _turn = ask.turn().await;
    let call = Call::to(&Operation::validateJob, &[]).header("content-type", "application/yaml").body(body);
    let found = match ask.value(call).await {
        Ok(checked) => checked.list("warnings").to_vec(),
        Err(problem) => problems_of(&problem).iter().map(|place| json!(place)).collect(),
    };
    let diagnostic = |place: &Value| {
        json!({
            "line": place.number("line").max(1), "column": place.number("column").max(1),
            "severity": place.text("severity"), "message": show::text(place.text("message")),
            "fix": place.at("help").as_str().map(show::text),
        })
    };
    Json(json!({"diagnostics": found.iter().map(diagnostic).collect::<Vec<_>>()})).into_response()
}

/// Returns the problems of an input, each with its place. A problem without a place belongs to the first line.
fn problems_of(problem: &Problem) -> Vec<Place> {
    if !problem.errors.is_empty() {
        return problem.errors.clone();
    }
    let (severity, pointer, help) = ("error".into(), String::new(), None);
    vec![Place { severity, pointer, line: 0, column: 0, message: problem.detail.clone(), help }]
}

/// Stores the text.
pub(in crate::ui) async fn save(ask: Ask, Extension(fields): Extension<Fields>) -> Response {
    let (stored, version) = (fields.get("id"), fields.get("version"));
    let text = fields.get("text").replace("\r\n", "\n");
    let consequence = "The job is not stored.";
    let draft = Draft { id: stored, version, text: &text, consequence, ..Draft::default() };
    let read = Document::parse("job", &text);
    if let Some(problem) = read.as_ref().ok().and_then(|document| moved(stored, document)) {
        return refused(&ask, problem, draft).await;
    }
    let read = read.map(|document| id_of(&document.value));
    let id = if stored.is_empty() { read.unwrap_or_default() } else { stored.to_owned() };
    if id.is_empty() {
        // The check names the place.
        return refused(&ask, check(&ask, &text).await, draft).await;
    }
    let call =
        Call::to(&Operation::putJob, &[&id]).header("content-type", "application/yaml").body(text.clone());
    let call = match version.is_empty() {
        true => call.header("if-none-match", "*"),
        false => call.header("if-match", format!("\"{version}\"")),
    };
    match ask.value(call).await {
        Ok(job) => {
            let warnings: Vec<&str> =
                job.list("warnings").iter().map(|place| place.text("message")).collect();
            let mut text = format!("Version {} is stored.", job.number("version"));
            if !warnings.is_empty() {
                text.push_str(&format!(" {}", warnings.join("; ")));
            }
            let mut response = Redirect::to(&ask.path(&["jobs", &id])).into_response();
            Flash { is_problem: false, text }.add(&mut response);
            response
        }
        // The stored job is another one by now, or there is none.
        Err(problem) if problem.status == 412 || problem.status == 404 && !stored.is_empty() => {
            conflicting(&ask, &id, draft, problem).await
        }
        Err(problem) => refused(&ask, problem, draft).await,
    }
}

/// Returns the problem of a text whose id is not the id of the stored job that it changes.
fn moved(stored: &str, document: &Document) -> Option<Problem> {
    let id = id_of(&document.value);
    if stored.is_empty() || id.is_empty() || id == stored {
        return None;
    }
    let message = format!(
        "the id of a stored job stays the same: this is the job `{stored}`, and the text has the id `{}`",
        cut(&id, 80)
    );
    let help = format!("write `id: {stored}`; to store the text as another job, copy it to a new job");
    let (line, column) = document.places("/id").map_or((0, 0), |(value, _)| value);
    let (severity, pointer) = ("error".into(), "/id".to_owned());
    let place = Place { severity, pointer, line, column, message: message.clone(), help: Some(help) };
    Some(Problem { errors: vec![place], ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, message) })
}

/// Returns the id of a job in its file.
fn id_of(job: &Value) -> String {
    let ids = [job.text("id"), job.text("job_id"), job.text("job.id")];
    ids.into_iter().find(|id| !id.is_empty()).map(project::local).unwrap_or_default().to_owned()
}

/// Returns the problem of a text.
async fn check(ask: &Ask, text: &str) -> Problem {
    let call = Call::to(&Operation::validateJob, &[]).header("content-type", "application/yaml").body(text);
    let fallback = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the job needs an id");
    ask.value(call).await.err().unwrap_or(fallback)
}

/// Shows the editor again, with the problems of the text.
async fn refused(ask: &Ask, problem: Problem, draft: Draft<'_>) -> Response {
    let page = page(ask, Draft { problems: problems_of(&problem), ..draft }).await;
    shown(ask, page)
}

/// Shows the editor again, with the differences from the stored version.
async fn conflicting(ask: &Ask, id: &str, draft: Draft<'_>, problem: Problem) -> Response {
    let page = async {
        if draft.id.is_empty() {
            let message = format!("there is a job `{id}` already: change the id, or edit that job");
            let problem = Problem { detail: message, ..problem };
            return page(ask, Draft { problems: problems_of(&problem), ..draft }).await;
        }
        let stored = match ask.get(&Operation::getJob, &[id]).await {
            Ok(stored) => stored,
            Err(problem) if problem.status == 404 => {
                let message = format!(
                    "another person has deleted the job `{id}` meanwhile: save the text again to store it as a new job"
                );
                let problem = Problem { detail: message, ..problem };
                // The text has no stored job any more.
                return page(ask, Draft { id: "", version: "", problems: problems_of(&problem), ..draft })
                    .await;
            }
            Err(problem) => return Err(problem),
        };
        let version = stored.number("version").to_string();
        let text = match ask.get(&Operation::getJobVersion, &[id, &version]).await {
            Ok(found) => text_of(&found),
            Err(_) => written(stored.at("job")),
        };
        page(ask, Draft { version: &version, conflict: Some(text), ..draft }).await
    };
    let page = page.await;
    shown(ask, page)
}

/// Runs the text once, without storing it.
pub(in crate::ui) async fn try_out(ask: Ask, Extension(fields): Extension<Fields>) -> Response {
    let text = fields.get("text").replace("\r\n", "\n");
    let call = Call::to(&Operation::executeJob, &[])
        .header("content-type", "application/yaml")
        .header("prefer", "respond-async")
        .body(text.clone());
    match ask.value(call).await {
        Ok(accepted) => {
            let mut response =
                Redirect::to(&ask.path(&["runs", accepted.text("execution_id")])).into_response();
            let text =
                "This is a test run. The text is not stored: go back in the browser to continue.".to_owned();
            Flash { is_problem: false, text }.add(&mut response);
            response
        }
        Err(problem) => {
            let (id, version) = (fields.get("id"), fields.get("version"));
            let consequence = "The test run does not start.";
            let draft = Draft { id, version, text: &text, consequence, ..Draft::default() };
            refused(&ask, problem, draft).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_new_job_is_a_job() {
        assert_eq!(id_of(&Document::parse("job", NEW).unwrap().value), "my-job");
        assert_eq!(id_of(&json!({"job_id": "a"})), "a");
        assert_eq!(id_of(&json!({"job": {"id": "team/b"}})), "b");
        assert_eq!(id_of(&json!([1])), "");
    }

    #[test]
    fn a_stored_job_keeps_its_id() {
        let document = Document::parse("job", "name: x\nid: b\n").unwrap();
        let problem = moved("a", &document).unwrap();
        assert_eq!((problem.errors[0].line, problem.errors[0].column), (2, 5));
        assert_eq!(
            problem.detail,
            "the id of a stored job stays the same: this is the job `a`, and the text has the id `b`"
        );
        assert!(moved("b", &document).is_none() && moved("", &document).is_none());
    }

    #[test]
    fn a_change_of_the_form_changes_the_text() {
        let fields = Fields::of(&[("edit", "set"), ("at", "/steps/0/for"), ("value", "5"), ("as", "number")]);
        let new = made(&fields, NEW).unwrap().unwrap();
        assert_eq!(new, NEW.replace("for: 1", "for: 5"));
        assert_eq!(made(&Fields::of(&[("text", NEW)]), NEW).unwrap(), None);
        assert!(made(&fields, "a: [").is_err());
        let shown = Made { text: NEW, new: Some(new), problem: Some("<why>".to_owned()) };
        let html = form("/form", &BTreeMap::new(), 0, &shown).into_string();
        assert!(
            html.contains("data-set-editor=\"text\"")
                && html.contains("for: 5")
                && html.contains("&lt;why&gt;")
        );
        let html = form("/form", &BTreeMap::new(), 0, &Made::of("a: [")).into_string();
        assert!(html.contains("The form returns"));
    }
}
