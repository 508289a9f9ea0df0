//! Connections to databases, and Azure DevOps organizations.

use axum::response::Response;
use maud::{Markup, html};
use serde_json::Value;

use super::common::{header, hidden, lead, table};
use super::shown;
use crate::api::{Call, Operation};
use crate::ui::actions::said;
use crate::ui::ask::Ask;
use crate::ui::asked::Path;
use crate::ui::layout::Section;
use crate::ui::show;
use crate::ui::value::Parts;

/// Shows the connections.
pub(in crate::ui) async fn list(ask: Ask) -> Response {
    let page = async {
        let connections = ask.get(&Operation::listConnections, &[]).await?;
        let about = "Databases that steps may use where policy grants them. They are in the configuration of the nodes; secrets are references.";
        Ok(ask.page(Section::Connections, "Connections", html! {
            (header("Connections", &[], about, html! {}))
            (tabs(&ask, false))
            @if connections.list("items").is_empty() {
                (show::empty("No connections", html! { p { "Add one under " code { "connections" } " of the configuration, and start the service again." } }))
            } @else { (connections_table(&ask, connections.list("items"))) }
        }))
    };
    shown(&ask, page.await)
}

fn tabs(ask: &Ask, is_azure: bool) -> Markup {
    html! {
        nav.tabs aria-label="Kinds of connections" {
            ul {
                li { a href=(ask.path(&["connections"])) aria-current=[(!is_azure).then_some("page")] { "Databases" } }
                li { a href=(ask.path(&["connections", "azure-devops"])) aria-current=[is_azure.then_some("page")] { "Azure DevOps" } }
            }
        }
    }
}

fn joined(value: &Value) -> String {
    let names: Vec<String> = value.list("").iter().map(|name| show::text(name.text(""))).collect();
    names.join(", ")
}

fn connections_table(ask: &Ask, connections: &[Value]) -> Markup {
    let may_test = ask.may(&Operation::testConnection);
    table(
        "Connections",
        html! {
            thead { tr {
                th scope="col" { "Name" } th scope="col" { "Type" } th scope="col" { "Address" } th scope="col" { "Login" }
                th scope="col" { "TLS" } th scope="col" { "Statements" } th scope="col" { "Limits" } th scope="col" { "Projects" }
                th scope="col" { "Secrets" } @if may_test { th scope="col" { "Actions" } }
            } }
            tbody {
                @for connection in connections {
                    tr {
                        th scope="row" { (show::text(connection.text("name"))) }
                        td { code { (connection.text("type")) } }
                        td { code { (show::text(connection.text("address"))) } }
                        td {
                            (show::text(connection.text("login")))
                            @if connection.has("role") { " as " (show::text(connection.text("role"))) }
                        }
                        td { @if connection.text("tls").is_empty() { "–" } @else { (connection.text("tls")) } }
                        td { @if connection.is("read_only") { "Read only" } @else { "As policy grants" } }
                        td { (limits(connection)) }
                        td { (joined(connection.at("projects"))) }
                        td { @for (name, reference) in connection.entries("secrets") { (name) ": " code { (show::text(reference.text(""))) } " " } }
                        @if may_test { td { (test_form(ask, &["connections", connection.text("name"), "test"])) } }
                    }
                }
            }
        },
    )
}

fn limits(connection: &Value) -> Markup {
    html! {
        @if connection.has("pool") { (show::counted(connection.number("pool") as usize, "session")) } @else { "No sessions" }
        @for (name, value) in connection.entries("limits") { ", " (name) " " (value.text("")) }
    }
}

fn test_form(ask: &Ask, path: &[&str]) -> Markup {
    html! {
        form.actions method="post" action=(ask.path(path)) {
            (hidden(ask, ""))
            button.button.plain.small type="submit" { "Test" }
        }
    }
}

/// Logs in to a connection.
pub(in crate::ui) async fn test(ask: Ask, Path((_, name)): Path<(String, String)>) -> Response {
    let next = ask.path(&["connections"]);
    tested(&ask, Call::to(&Operation::testConnection, &[&name]), &name, &next).await
}

/// Logs in to an Azure DevOps organization.
pub(in crate::ui) async fn test_organization(ask: Ask, Path((_, name)): Path<(String, String)>) -> Response {
    let next = ask.path(&["connections", "azure-devops"]);
    tested(&ask, Call::to(&Operation::testOrganization, &[&name]), &name, &next).await
}

async fn tested(ask: &Ask, call: Call, name: &str, next: &str) -> Response {
    match ask.value(call).await {
        Ok(result) => lead(next, !result.is("works"), verdict(name, &result)),
        Err(problem) => lead(next, true, said(&problem)),
    }
}

/// Returns the result of a test in one sentence.
fn verdict(name: &str, result: &Value) -> String {
    if !result.is("works") {
        return format!("{name} does not work: {}", result.text("message"));
    }
    let server = result.text("server");
    let server = if server.is_empty() { String::new() } else { format!(": {server}") };
    format!("{name} works ({} ms){server}", result.number("ms"))
}

/// Shows the Azure DevOps organizations.
pub(in crate::ui) async fn organizations(ask: Ask) -> Response {
    let page = async {
        let organizations = ask.get(&Operation::listOrganizations, &[]).await?;
        let about = "Organizations whose pipelines steps may start where policy grants them. The host logs in; steps never see the secret.";
        let above = [("Connections", ask.path(&["connections"]))];
        Ok(ask.page(Section::Connections, "Azure DevOps", html! {
            (header("Azure DevOps", &above, about, html! {}))
            (tabs(&ask, true))
            @if organizations.list("items").is_empty() {
                (show::empty("No organizations", html! { p { "Add one to the organizations of the configuration, and start the service again." } }))
            } @else { (organizations_table(&ask, organizations.list("items"))) }
        }))
    };
    shown(&ask, page.await)
}

fn organizations_table(ask: &Ask, organizations: &[Value]) -> Markup {
    let may_test = ask.may(&Operation::testOrganization);
    table(
        "Azure DevOps organizations",
        html! {
            thead { tr {
                th scope="col" { "Name" } th scope="col" { "Address" } th scope="col" { "Login" } th scope="col" { "Circuit breaker" }
                th scope="col" { "API version" } th scope="col" { "Projects" } th scope="col" { "Secret" }
                @if may_test { th scope="col" { "Actions" } }
            } }
            tbody {
                @for organization in organizations {
                    tr {
                        th scope="row" { (show::text(organization.text("name"))) }
                        td { code { (show::text(organization.text("url"))) } }
                        td { (login(organization)) }
                        td { (circuit(organization.at("circuit"))) }
                        td { @if organization.has("api_version") { (organization.text("api_version")) } @else { "Default" } }
                        td { (joined(organization.at("projects"))) }
                        td { @if organization.has("secret") { code { (show::text(organization.text("secret"))) } } @else { "–" } }
                        @if may_test { td { (test_form(ask, &["connections", "azure-devops", organization.text("name"), "test"])) } }
                    }
                }
            }
        },
    )
}

fn login(organization: &Value) -> Markup {
    html! {
        @if organization.text("login") == "pat" { "Personal access token" }
        @else {
            "Service principal " code { (show::text(organization.text("client_id"))) }
            " of " (show::text(organization.text("tenant")))
        }
    }
}

/// Shows the state of a circuit breaker, with its last failure.
fn circuit(circuit: &Value) -> Markup {
    let (state, shape) = match circuit.text("state") {
        "open" => ("open", "failed"),
        "failing" => ("failing", "waiting"),
        _ => ("closed", "success"),
    };
    html! {
        span.status data-status=(shape) { (state) }
        @if circuit.has("failed_seconds_ago") {
            " " (show::counted(circuit.number("failures") as usize, "failure")) ", the last one " (circuit.number("failed_seconds_ago")) " s ago"
        }
        @if circuit.number("open_seconds") > 0 { "; the next try is in " (circuit.number("open_seconds")) " s" }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_result_of_a_test_is_one_sentence() {
        for (result, text) in [
            (json!({"works": true, "ms": 12, "server": "PostgreSQL 16"}), "w works (12 ms): PostgreSQL 16"),
            (json!({"works": true, "ms": 3}), "w works (3 ms)"),
            (json!({"works": false, "message": "connection refused"}), "w does not work: connection refused"),
        ] {
            assert_eq!(verdict("w", &result), text);
        }
    }
}
