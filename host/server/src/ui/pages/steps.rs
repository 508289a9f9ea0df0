//! Step types: the list, one of them, the differences of two versions, and the registration of a component.

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header as name};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use super::common::{address, facts, header, some, table};
use super::schema::{differences, tree};
use super::shown;
use crate::api::{Call, Operation, Problem};
use crate::ui::actions::{Button, said};
use crate::ui::ask::Ask;
use crate::ui::asked::{Asked, Path};
use crate::ui::layout::Section;
use crate::ui::show;
use crate::ui::value::Parts;

/// The maximum number of jobs that the page of a step type shows.
const MOST_JOBS: u32 = 50;
/// The characters of a digest that tables show.
const SHORT: usize = 19;

/// Shows the step types.
pub(in crate::ui) async fn list(ask: Ask) -> Response {
    let page = async {
        let steps = ask.get(&Operation::listSteps, &[]).await?;
        let about = "Each step runs in a sandbox of its own, with the capabilities that policy grants it.";
        Ok(ask.page(
            Section::Steps,
            "Steps",
            html! {
                (header("Steps", &[], about, html! {}))
                (steps_table(&ask, steps.list("items")))
                @if ask.may(&Operation::registerStep) { (upload_form(&ask)) }
            },
        ))
    };
    shown(&ask, page.await)
}

fn steps_table(ask: &Ask, steps: &[Value]) -> Markup {
    table(
        "Step types",
        html! {
            thead { tr {
                th scope="col" { "Type" } th scope="col" { "Version" } th scope="col" { "Source" }
                th scope="col" { "Capabilities" } th scope="col" { "Profile" } th scope="col" { "Summary" }
            } }
            tbody {
                @for step in steps {
                    tr {
                        th scope="row" { a href=(ask.path(&["steps", step.text("step_type")])) { code { (show::text(step.text("step_type"))) } } }
                        td { (show::text(step.text("version"))) }
                        td { (source(step)) }
                        td { @for need in step.list("needs") { span.tag { (need.text("capability")) } " " } }
                        td { (step.text("profile")) }
                        td { (show::text(step.text("summary"))) }
                    }
                }
            }
        },
    )
}

/// Returns the source of the active version.
fn source(step: &Value) -> &'static str {
    let active = step.list("versions").iter().find(|version| version.is("active"));
    match active.map_or("", |version| version.text("source")) {
        "built_in" => "Built in",
        "registered" => "Registered",
        "local" => "Configuration",
        _ => "Engine",
    }
}

fn upload_form(ask: &Ask) -> Markup {
    html! {
        section.card aria-labelledby="register" {
            h2 #register { "Register a step" }
            p { "Registers a component on every node. It becomes the active version of its step type; runs that were admitted before keep their version." }
            form.form method="post" action=(ask.path(&["components"])) data-upload="application/wasm" {
                div.field { label for="file" { "Component (.wasm)" } input #file name="file" type="file" accept=".wasm,application/wasm" required; }
                label.check { input type="checkbox" name="replace" value="true"; "It may replace a built-in step" }
                label.check { input type="checkbox" name="force" value="true"; "Register it even if stored jobs would not be valid with it" }
                div { button.button type="submit" { "Register" } }
                p role="status" data-upload-result {}
            }
            noscript { p { "Without scripts, use " code { "stepwell steps register FILE" } "." } }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::ui) struct Options {
    #[serde(default)]
    replace: bool,
    #[serde(default)]
    force: bool,
}

/// Passes a component on to the API, as it arrives. The answer is for the script of the form.
pub(in crate::ui) async fn register(
    Asked(ask, Options { replace, force }): Asked<Options>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if let Err(problem) = ask.needs(&Operation::registerStep) {
        return ask.problem(&problem);
    }
    let is_wasm = headers.get(name::CONTENT_TYPE).is_some_and(|kind| kind == "application/wasm");
    if !is_wasm {
        let detail =
            "send a component as `application/wasm`; `stepwell steps register FILE` does it without scripts";
        return ask.problem(&Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let mut call = Call::to(&Operation::registerStep, &[])
        .query("replace", replace.then_some(true))
        .query("force", force.then_some(true))
        .header("content-type", "application/wasm");
    if let Some(length) = headers.get(name::CONTENT_LENGTH).and_then(|length| length.to_str().ok()) {
        call = call.header("content-length", length);
    }
    match ask.streamed(call, body).await {
        Ok(step) => {
            let text = format!("Version {} of {} is active.", step.text("version"), step.text("step_type"));
            let next = ask.path(&["steps", step.text("step_type")]);
            Json(json!({"next": next, "text": text})).into_response()
        }
        Err(problem) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_GATEWAY);
            (status, Json(json!({"problem": said(&problem)}))).into_response()
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(in crate::ui) struct Chosen {
    version: String,
}

/// Shows a step type: the active version, or another one.
pub(in crate::ui) async fn show(
    Asked(ask, Chosen { version }): Asked<Chosen>,
    Path((_, step_type)): Path<(String, String)>,
) -> Response {
    let page = async {
        let step = described(&ask, &step_type, &version).await?;
        let call = Call::to(&Operation::stepJobs, &[&step_type]).query("limit", Some(MOST_JOBS));
        let jobs = ask.value(call).await?;
        let above = [("Steps", ask.path(&["steps"]))];
        Ok(ask.page(Section::Steps, &step_type, html! {
            (header(&step_type, &above, "", html! {}))
            p { (show::text(step.text("summary"))) }
            div.columns {
                section.card aria-labelledby="about" { h2 #about { "Version " (show::text(step.text("version"))) } (about(&step)) }
                (capabilities(&ask, &step))
            }
            (versions(&ask, &step_type, &step))
            section.card aria-labelledby="schema" {
                h2 #schema { "Configuration" }
                (tree(step.at("config_schema")))
            }
            (limits(&step))
            (users(&ask, &jobs))
        }))
    };
    shown(&ask, page.await)
}

/// Returns a version of a step type; the active one for an empty text.
async fn described(ask: &Ask, step_type: &str, version: &str) -> Result<Value, Problem> {
    // The types of the engine have no component, and so no page of the API.
    let reference = if version.is_empty() { step_type.to_owned() } else { format!("{step_type}@{version}") };
    match ask.get(&Operation::getStep, &[&reference]).await {
        Err(problem) if problem.status == 404 && version.is_empty() => {
            let all = ask.get(&Operation::listSteps, &[]).await?;
            all.list("items").iter().find(|step| step.text("step_type") == step_type).cloned().ok_or(problem)
        }
        found => found,
    }
}

fn about(step: &Value) -> Markup {
    facts(&[
        ("Digest", (!step.text("digest").is_empty()).then(|| html! { code { (step.text("digest")) } })),
        ("Source", Some(html! { (source(step)) })),
        ("Smallest profile", some(step.text("profile"))),
        (
            "Idempotent",
            Some(
                html! { @if step.is("idempotent") { "Yes: running it twice has the effect of running it once" } @else { "No" } },
            ),
        ),
    ])
}

fn capabilities(ask: &Ask, step: &Value) -> Markup {
    html! {
        section.card aria-labelledby="needs" {
            div.card-header { h2 #needs { "Capabilities" } a href=(ask.path(&["policies"])) { "Policies" } }
            @if step.list("needs").is_empty() { p { "The step asks for none: it works with its input alone." } }
            @else {
                dl.facts {
                    @for need in step.list("needs") {
                        dt { code { (need.text("capability")) } @if need.is("optional") { " (optional)" } }
                        dd { (show::text(need.text("purpose"))) }
                    }
                }
            }
        }
    }
}

fn versions(ask: &Ask, step_type: &str, step: &Value) -> Markup {
    let all = step.list("versions");
    let active = all.iter().find(|version| version.is("active")).map_or("", |version| version.text("digest"));
    html! {
        @if !all.is_empty() {
            section.card aria-labelledby="versions" {
                h2 #versions { "Versions" }
                (table("Versions", html! {
                    thead { tr {
                        th scope="col" { "Version" } th scope="col" { "State" } th scope="col" { "Digest" } th scope="col" { "Registered" }
                        th scope="col" { "By" } th scope="col" { "Differences" } th scope="col" { "Actions" }
                    } }
                    tbody { @for version in all { (version_row(ask, step_type, version, active)) } }
                }))
            }
        }
    }
}

fn version_row(ask: &Ask, step_type: &str, version: &Value, active: &str) -> Markup {
    let digest = version.text("digest");
    let page = ask.path(&["steps", step_type]);
    let reference = format!("{step_type}@{digest}");
    let is_registered = version.text("source") == "registered";
    html! {
        tr {
            th scope="row" { a href=(address(&page, &[("version", digest)])) { (show::text(version.text("version"))) } }
            td { @if version.is("active") { span.tag { "Active" } } @else { span.muted { "Available" } } }
            td { code title=(digest) { (digest.get(..SHORT).unwrap_or(digest)) "…" } }
            td { @if version.has("registered_at") { (show::time(version.text("registered_at"))) } @else { "–" } }
            td { (show::text(version.text("registered_by"))) }
            td {
                @if !version.is("active") && !active.is_empty() {
                    a href=(address(&ask.path(&["steps", step_type, "differences"]), &[("from", active), ("to", digest)])) {
                        "From the active version"
                    }
                }
            }
            td { div.actions { @if is_registered {
                @if !version.is("active") {
                    (Button::new(&Operation::rollbackStep, &[step_type], "Activate", page.clone())
                        .field("version", digest).done("The version is active.").show(ask))
                }
                (remove_form(ask, &reference, version))
            } } }
        }
    }
}

fn remove_form(ask: &Ask, reference: &str, version: &Value) -> Markup {
    Button::new(&Operation::removeStep, &[reference], "Remove", ask.path(&["steps"]))
        .danger(format!(
            "Remove version {}? It is refused while stored jobs need it.",
            version.text("version")
        ))
        .done("The version is removed.")
        .show(ask)
}

fn limits(step: &Value) -> Markup {
    html! {
        @if !step.entries("limits").is_empty() {
            section.card aria-labelledby="limits" {
                h2 #limits { "Limits of the profile " (step.text("profile")) }
                p.muted { "Policies and the configuration can change them. The page of a policy shows those of each step of a job." }
                details {
                    summary { "Show the limits" }
                    dl.facts { @for (name, value) in step.entries("limits") { dt { code { (name) } } dd { (value.text("")) } } }
                }
            }
        }
    }
}

fn users(ask: &Ask, jobs: &Value) -> Markup {
    html! {
        section.card aria-labelledby="users" {
            h2 #users { "Used by" }
            @if jobs.list("items").is_empty() { p { "No stored job of this project uses it." } }
            @else {
                ul {
                    @for job in jobs.list("items") {
                        li {
                            a href=(ask.path(&["jobs", job.text("job_id")])) { (show::text(job.text("job_id"))) }
                            ": " @for (place, (step, _)) in job.entries("steps").into_iter().take(20).enumerate() { @if place > 0 { ", " } (show::text(step)) }
                        }
                    }
                }
                @if jobs.has("next_cursor") { p.muted { "There are more; " code { "stepwell steps jobs" } " lists all." } }
            }
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(in crate::ui) struct Two {
    from: String,
    to: String,
}

/// Shows the differences between two versions of a step type.
pub(in crate::ui) async fn compare(
    Asked(ask, Two { from, to }): Asked<Two>,
    Path((_, step_type)): Path<(String, String)>,
) -> Response {
    let page = async {
        let old = described(&ask, &step_type, &from).await?;
        let new = described(&ask, &step_type, &to).await?;
        let above = [("Steps", ask.path(&["steps"])), (step_type.as_str(), ask.path(&["steps", &step_type]))];
        let title = format!("{step_type}: {} and {}", old.text("version"), new.text("version"));
        let facts_of = |step: &Value| {
            pretty(
                &json!({"profile": step.at("profile"), "idempotent": step.at("idempotent"), "needs": step.at("needs")}),
            )
        };
        Ok(ask.page(Section::Steps, &title, html! {
            (header(&title, &above, "Lines with a minus sign are only in the first version, lines with a plus sign only in the second.", html! {}))
            section.card aria-labelledby="needs" {
                h2 #needs { "Capabilities" }
                (differences("Differences of the capabilities", &facts_of(&old), &facts_of(&new)))
            }
            section.card aria-labelledby="schema" {
                h2 #schema { "Configuration" }
                (differences("Differences of the configuration", &pretty(old.at("config_schema")), &pretty(new.at("config_schema"))))
            }
        }))
    };
    shown(&ask, page.await)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
