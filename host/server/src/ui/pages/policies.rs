//! Policies: the grants of a stored job, and of a job that is not stored.

use axum::extract::Extension;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::common::{alert, header, hidden, refused, table};
use crate::api::{Call, Operation, Problem, encoded};
use crate::ui::ask::Ask;
use crate::ui::asked::Asked;
use crate::ui::assets::EDITOR;
use crate::ui::guard::Fields;
use crate::ui::layout::Section;
use crate::ui::show;
use crate::ui::value::Parts;

/// The number of steps that a page shows, and its maximum.
const ROWS: usize = 50;
const MOST_ROWS: usize = 10_000;

/// A job for the form of a project without a job.
const SAMPLE: &str = "id: sample\nsteps:\n- id: get\n  type: http\n  url: https://example.com/\n";

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(in crate::ui) struct Of {
    job: String,
    rows: Option<usize>,
}

/// Shows the grants of a stored job, if the address names one, and the form for other jobs.
pub(in crate::ui) async fn page(Asked(ask, Of { job, rows }): Asked<Of>) -> Response {
    let rows = rows.unwrap_or(ROWS);
    if !(1..=MOST_ROWS).contains(&rows) {
        let message = format!("`rows` must be a number from 1 to {MOST_ROWS}");
        return ask.problem(&Problem::bad_request(message));
    }
    let (found, text) = match job.trim() {
        "" => (None, SAMPLE.to_owned()),
        id => match ask.get(&Operation::getJob, &[id]).await {
            Ok(stored) => {
                let text = super::dead_letters::local(stored.at("job"));
                (Some(ask.get(&Operation::showPolicy, &[id]).await), text)
            }
            Err(problem) => return ask.problem(&problem),
        },
    };
    let stored = found.as_ref().map(|found| {
        let (name, more): (String, _) = (encoded(job.trim()).collect(), (rows + 5 * ROWS).min(MOST_ROWS));
        let more = (more > rows).then(|| format!("{}?job={name}&rows={more}", ask.path(&["policies"])));
        answer(&ask, found, rows, more)
    });
    whole(&ask, &job, &text, stored, None)
}

/// Shows the grants that the job of the form would get.
pub(in crate::ui) async fn preview(ask: Ask, Extension(fields): Extension<Fields>) -> Response {
    if let Err(problem) = ask.needs(&Operation::previewPolicy) {
        return ask.problem(&problem);
    }
    let text = fields.get("job").replace("\r\n", "\n");
    let call = Call::to(&Operation::previewPolicy, &[])
        .header("content-type", "application/yaml")
        .body(text.clone());
    let found = ask.value(call).await;
    let tried = answer(&ask, &found, ROWS, None);
    let page = whole(&ask, "", &text, None, Some(tried));
    match &found {
        Ok(_) => page,
        Err(problem) => refused(page, problem),
    }
}

fn whole(ask: &Ask, job: &str, text: &str, stored: Option<Markup>, tried: Option<Markup>) -> Response {
    let about = "Policy decides what each step may reach and how much it may use. The files of policies are on the nodes; this page shows their effect.";
    ask.page(Section::Policies, "Policies", html! {
        (header("Policies", &[], about, html! {}))
        section.card aria-labelledby="stored" {
            h2 #stored { "A stored job" }
            form.toolbar method="get" action=(ask.path(&["policies"])) {
                label.field-inline.grow { span { "Job" } input name="job" value=(job) required data-search; }
                button.button type="submit" { "Show its grants" }
            }
            @if let Some(stored) = stored { (stored) }
        }
        @if ask.may(&Operation::previewPolicy) { (what_if(ask, text, tried)) }
    })
}

fn what_if(ask: &Ask, text: &str, tried: Option<Markup>) -> Markup {
    html! {
        section.card aria-labelledby="what-if" {
            h2 #what-if { "What if" }
            p { "Shows the grants that a job would get, without storing or running it." }
            div.columns {
                form.form method="post" action=(ask.path(&["policies", "preview"])) {
                    (hidden(ask, ""))
                    div.field {
                        label for="job" { "Job (YAML)" }
                        textarea.mono #job name="job" rows="18" spellcheck="false" data-editor="yaml" required { "\n" (text) }
                    }
                    div { button.button type="submit" { "Show the grants" } }
                }
                div #answer {
                    @match tried {
                        Some(tried) => (tried),
                        None => p.muted { "The grants appear here." },
                    }
                }
            }
            script src=(EDITOR.address()) defer {}
        }
    }
}

/// Shows the grants of the first steps, and a link to more of them.
fn answer(ask: &Ask, found: &Result<Value, Problem>, rows: usize, more: Option<String>) -> Markup {
    let grants = match found {
        Err(problem) => return alert(problem),
        Ok(grants) => grants,
    };
    let count = grants.list("items").len();
    html! {
        @for (place, step) in grants.list("items").iter().take(rows).enumerate() { (step_of(ask, place, step)) }
        @if count > rows {
            nav.pagination aria-label="More steps" {
                span.muted { "The first " (rows) " of " (show::counted(count, "step")) "." }
                @if let Some(more) = more { a.button.plain href=(more) { "Show more" } }
            }
        }
    }
}

fn step_of(ask: &Ask, place: usize, step: &Value) -> Markup {
    let is_denied = step.has("grant.denied");
    let heading = format!("step-{place}");
    let step_type = step.text("step_type");
    let name = step_type.split('@').next().unwrap_or_default();
    html! {
        section.stack aria-labelledby=(heading) {
            div.card-header {
                h3 id=(heading) {
                    @if step.text("step_id").is_empty() { "The job" } @else { (show::text(step.text("step_id"))) }
                }
                span {
                    a href=(ask.path(&["steps", name])) { code { (show::text(step_type)) } } " "
                    span.status data-status=(if is_denied { "failed" } else { "success" }) { (if is_denied { "denied" } else { "granted" }) }
                }
            }
            @if is_denied { (denial(step.at("grant.denied"))) }
            @for missing in step.list("missing") { (denial(missing)) }
            @if !is_denied { (parts(step)) }
        }
    }
}

/// Shows a denial with the change that would allow it.
fn denial(denial: &Value) -> Markup {
    html! {
        div.alert data-kind="warning" {
            p { code { (denial.text("rule")) } " " (show::text(denial.text("message"))) }
            @if !denial.text("help").is_empty() { p { strong { "Fix: " } (show::text(denial.text("help"))) } }
        }
    }
}

/// Shows the parts of a grant: capabilities in a table, and limits folded.
fn parts(step: &Value) -> Markup {
    let (limits, others): (Vec<&Value>, Vec<&Value>) =
        step.list("grant.parts").iter().partition(|part| part.text("part").starts_with("limits."));
    let note = step.text("grant.note");
    html! {
        @if others.is_empty() { p.muted { "No capability: the step works with its input alone." } }
        @else { (parts_table("Granted capabilities", &others)) }
        @if !note.is_empty() { div.alert data-kind="warning" { p { (show::text(note)) } } }
        details {
            summary { "Limits, from " (show::text(step.text("grant.profile"))) }
            (parts_table("Limits", &limits))
        }
        p.muted.small { "Digest of the grant: " code { (step.text("grant.digest")) } }
    }
}

fn parts_table(label: &str, parts: &[&Value]) -> Markup {
    table(
        label,
        html! {
            thead { tr { th scope="col" { "Part" } th scope="col" { "Value" } th scope="col" { "From" } } }
            tbody {
                @for part in parts {
                    tr {
                        th scope="row" { code { (show::text(part.text("part"))) } }
                        td { (show::text(part.text("value").trim_start_matches("= "))) }
                        td { (show::text(part.text("from"))) }
                    }
                }
            }
        },
    )
}
