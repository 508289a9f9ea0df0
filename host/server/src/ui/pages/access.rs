//! API keys, and the sessions of people.

use axum::extract::Extension;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::common::{alert, header, hidden, options, refused, table};
use super::shown;
use crate::api::{Call, Operation, Problem};
use crate::ui::actions::Button;
use crate::ui::ask::Ask;
use crate::ui::guard::Fields;
use crate::ui::layout::Section;
use crate::ui::show;
use crate::ui::value::Parts;

/// The maximum number of keys, and of sessions, that the page shows.
const MOST: usize = 500;

/// Shows the API keys and the sessions.
pub(in crate::ui) async fn page(ask: Ask) -> Response {
    let page = whole(&ask, html! {}, &Fields::default()).await;
    shown(&ask, page)
}

/// Creates a key. Only this answer shows its token.
pub(in crate::ui) async fn create(ask: Ask, Extension(fields): Extension<Fields>) -> Response {
    let made = match request(&fields) {
        Ok(body) => ask.value(Call::to(&Operation::createKey, &[]).json(&body)).await,
        Err(problem) => Err(problem),
    };
    let page = match made {
        Ok(key) => whole(&ask, token(&key), &Fields::default()).await,
        Err(problem) => {
            let page = whole(&ask, alert(&problem), &fields).await;
            page.map(|page| refused(page, &problem))
        }
    };
    shown(&ask, page)
}

/// Returns the body of a request for a key.
fn request(fields: &Fields) -> Result<Value, Problem> {
    let mut body = Map::new();
    body.insert("name".to_owned(), fields.get("name").trim().into());
    body.insert("role".to_owned(), fields.get("role").into());
    for name in ["projects", "jobs"] {
        let list: Vec<&str> =
            fields.get(name).split([',', ' ', '\n']).map(str::trim).filter(|part| !part.is_empty()).collect();
        if !list.is_empty() {
            body.insert(name.to_owned(), json!(list));
        }
    }
    let expires = fields.get("expires_at").trim();
    if !expires.is_empty() {
        let read = chrono::NaiveDateTime::parse_from_str(expires, "%Y-%m-%dT%H:%M");
        let at = read.map_err(|_| Problem::bad_request("the end of the key is not a date and a time"))?;
        body.insert("expires_at".to_owned(), at.and_utc().to_rfc3339().into());
    }
    Ok(body.into())
}

/// Shows the token of a new key.
fn token(made: &Value) -> Markup {
    html! {
        div.alert data-kind="success" role="status" {
            p { strong { "The key of " (show::text(made.text("key.name"))) " is ready." } " Copy it now: no page shows it again." }
            pre.code.wrap tabindex="0" aria-label="The new key" { (made.text("token")) }
        }
    }
}

async fn whole(ask: &Ask, note: Markup, fields: &Fields) -> Result<Response, Problem> {
    let keys = ask.get(&Operation::listKeys, &[]).await?;
    let sessions = ask.get(&Operation::listSessions, &[]).await?;
    let about = "Programs and people use API keys. People can also log in at an OpenID provider, if the configuration has one.";
    Ok(ask.page(Section::Access, "Access", html! {
        (header("Access", &[], about, html! {}))
        (note)
        section.card aria-labelledby="keys" { h2 #keys { "API keys" } (keys_table(ask, keys.list("items"))) }
        @if ask.may(&Operation::createKey) { (create_form(ask, fields)) }
        section.card aria-labelledby="sessions" { h2 #sessions { "Sessions" } (sessions_table(ask, sessions.list("items"), keys.list("items"))) }
    }))
}

/// Returns a list of names in one text.
fn listed(value: &Value) -> String {
    let names: Vec<String> = value.list("").iter().map(|name| show::text(name.text(""))).collect();
    names.join(", ")
}

fn keys_table(ask: &Ask, keys: &[Value]) -> Markup {
    let here = ask.path(&["access"]);
    html! {
        (table("API keys", html! {
            thead { tr {
                th scope="col" { "Name" } th scope="col" { "Id" } th scope="col" { "Role" } th scope="col" { "Projects" }
                th scope="col" { "Jobs" } th scope="col" { "Created" } th scope="col" { "Ends" } th scope="col" { "Actions" }
            } }
            tbody {
                @for key in keys.iter().take(MOST) {
                    @let id = key.text("id");
                    tr {
                        th scope="row" { (show::text(key.text("name"))) }
                        td { code { (id) } }
                        td { span.tag { (key.text("role")) } }
                        td { (listed(key.at("projects"))) }
                        td { @if key.list("jobs").is_empty() { "All" } @else { (listed(key.at("jobs"))) } }
                        td { (show::time(key.text("created_at"))) }
                        td { @if key.has("expires_at") { (show::time(key.text("expires_at"))) } @else { "Never" } }
                        td { div.actions {
                            (Button::new(&Operation::revokeKey, &[id], "Revoke", here.clone())
                                .danger(format!("Revoke the key of {}? Its holder loses access, and its sessions end.", key.text("name")))
                                .done("The key is revoked.").show(ask))
                        } }
                    }
                }
            }
        }))
        @if keys.len() > MOST { p.muted { "The first " (MOST) " keys are shown." } }
    }
}

const ROLES: &[(&str, &str)] = &[
    ("viewer", "Viewer: sees everything of its projects"),
    ("worker", "Worker: takes the work of `worker` steps, and nothing else"),
    ("operator", "Operator: also changes jobs and runs them"),
    ("admin", "Admin: also changes steps, keys and queues"),
];

fn create_form(ask: &Ask, fields: &Fields) -> Markup {
    let role = if fields.get("role").is_empty() { "viewer" } else { fields.get("role") };
    let projects = if fields.get("name").is_empty() { ask.project.as_str() } else { fields.get("projects") };
    html! {
        section.card aria-labelledby="create" {
            h2 #create { "Create a key" }
            form.form method="post" action=(ask.path(&["access", "keys"])) autocomplete="off" {
                (hidden(ask, ""))
                div.field {
                    label for="name" { "Name" }
                    input #name name="name" required maxlength="100" value=(fields.get("name")) aria-describedby="name-hint";
                    p.hint #name-hint { "The person or program that holds the key. The audit log shows it." }
                }
                div.field { label for="role" { "Role" } select #role name="role" { (options(ROLES, role)) } }
                div.field {
                    label for="projects" { "Projects" }
                    input #projects name="projects" value=(projects) aria-describedby="projects-hint";
                    p.hint #projects-hint { "Names with commas between them. " code { "*" } " stands for all projects, and for what belongs to no project." }
                }
                div.field {
                    label for="jobs" { "Jobs" }
                    input #jobs name="jobs" value=(fields.get("jobs")) aria-describedby="jobs-hint";
                    p.hint #jobs-hint { "Patterns of job ids with commas between them, for instance " code { "billing-*" } ". Empty: all jobs." }
                }
                div.field {
                    label for="expires_at" { "Ends (UTC)" }
                    input #expires_at name="expires_at" type="datetime-local" value=(fields.get("expires_at")) aria-describedby="expires-hint";
                    p.hint #expires-hint { "Empty: the key does not end." }
                }
                div { button.button type="submit" { "Create key" } }
            }
        }
    }
}

fn sessions_table(ask: &Ask, sessions: &[Value], keys: &[Value]) -> Markup {
    let here = ask.path(&["access"]);
    let own = &ask.visitor.session.id;
    html! {
        (table("Sessions", html! {
            thead { tr {
                th scope="col" { "Person" } th scope="col" { "Id" } th scope="col" { "Login" } th scope="col" { "Last used" }
                th scope="col" { "Ends" } th scope="col" { "Actions" }
            } }
            tbody {
                @for session in sessions.iter().take(MOST) {
                    @let id = session.text("id");
                    tr {
                        th scope="row" { (holder(session, keys)) @if id == own { " " span.tag { "This session" } } }
                        td { code { (id) } }
                        td { (show::time(session.text("created_at"))) }
                        td { (show::time(session.text("seen_at"))) }
                        td { (show::time(session.text("ends_at"))) }
                        td { div.actions {
                            (Button::new(&Operation::endSession, &[id], "End", here.clone())
                                .danger("End this session? The person has to log in again.").done("The session is ended.").show(ask))
                        } }
                    }
                }
            }
        }))
        @if sessions.len() > MOST { p.muted { "The first " (MOST) " sessions are shown." } }
    }
}

/// Returns the holder of a session: the name of the key, or of the person.
fn holder(session: &Value, keys: &[Value]) -> String {
    let key = session.text("holder.key");
    let name = match key.is_empty() {
        true => session.text("holder.person.name"),
        false => keys.iter().find(|known| known.text("id") == key).map_or(key, |known| known.text("name")),
    };
    show::text(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_a_request_for_a_key() {
        let fields =
            Fields::read(b"name=+ann+&role=operator&projects=a,+b%0Ac&jobs=&expires_at=2026-12-01T10%3A30");
        let body = request(&fields).unwrap();
        assert_eq!(
            body,
            json!({"name": "ann", "role": "operator", "projects": ["a", "b", "c"], "expires_at": "2026-12-01T10:30:00+00:00"})
        );
        assert!(request(&Fields::read(b"name=a&role=viewer&expires_at=soon")).is_err());
    }
}
