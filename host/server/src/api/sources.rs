//! Handlers for the systems that steps use: connections to databases, and Azure DevOps organizations.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use stepwell::engine::Configuration;
use stepwell::engine::config::{Connection, Database, Organization, Setting, Tls};
use stepwell::sandbox::Circuit;
use stepwell::{Host, HostError, Role};

use super::handlers::Answer;
use super::problem::Problem;
use super::{App, Caller};

/// The maximum time of a test.
const TEST: Duration = Duration::from_secs(25);

/// The connections of the configuration.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Connections {
    /// The connections, by name.
    pub items: Vec<ConnectionView>,
    /// Always null: the list has one page.
    pub next_cursor: Option<String>,
}

/// A connection of the configuration, without a secret.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ConnectionView {
    /// The name.
    pub name: String,
    /// The kind of database: `sqlite`, `postgres`, `mysql`, `mssql` or `spark`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The host, port and database of a server, or the file of SQLite.
    pub address: String,
    /// The user name of the login, or a reference to the secret with it.
    pub login: String,
    /// The encryption: `verify` or `disable`. Empty where there is no network.
    pub tls: String,
    /// Whether statements may change nothing.
    pub read_only: bool,
    /// The role of its statements. Null when it is that of the login.
    pub role: Option<String>,
    /// The maximum number of sessions of this process; null for SQLite.
    pub pool: Option<usize>,
    /// The limits that no policy exceeds, by name.
    pub limits: BTreeMap<&'static str, String>,
    /// The projects whose policies may grant it.
    pub projects: Vec<String>,
    /// The references to its secrets, by setting. Empty for callers without the role `admin`.
    pub secrets: BTreeMap<&'static str, String>,
}

/// The result of a test of a connection or an organization.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Test {
    /// The name.
    pub name: String,
    /// Whether the login works.
    pub works: bool,
    /// The duration of the login, in milliseconds. Absent when it does not work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// The version that the server reports. Absent when it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The problem. Absent when the login works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The Azure DevOps organizations of the configuration.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Organizations {
    /// The organizations, by name.
    pub items: Vec<OrganizationView>,
    /// Always null: the list has one page.
    pub next_cursor: Option<String>,
}

/// An Azure DevOps organization of the configuration, without a secret.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OrganizationView {
    /// The name.
    pub name: String,
    /// The base URL.
    pub url: String,
    /// The way of the login, as the configuration names it.
    pub login: &'static str,
    /// The directory of a service principal.
    pub tenant: Option<String>,
    /// The application's id of a service principal.
    pub client_id: Option<String>,
    /// The version of the REST API; null for the default of the step.
    pub api_version: Option<String>,
    /// The projects whose policies may grant it.
    pub projects: Vec<String>,
    /// The reference to its secret. Null for callers without the role `admin`.
    pub secret: Option<String>,
    /// The state of its server for the caller's project, in the process that answers.
    pub circuit: CircuitView,
}

/// The state of a circuit breaker.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CircuitView {
    /// `closed`; `failing` after failures that are too few to open it; or `open`: no request goes to the server.
    pub state: &'static str,
    /// The number of failures since the last success.
    pub failures: u32,
    /// The time since the last failure, in seconds. Null when there is none since the last success.
    pub failed_seconds_ago: Option<u64>,
    /// The time until the next try, in seconds. Zero while it is not open.
    pub open_seconds: u64,
}

pub(super) async fn list_connections(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Answer<Connections> {
    let mut found = connections(&app.host.configuration());
    found.items.retain(|connection| is_for(&caller, &connection.projects));
    if caller.role() < Role::Admin {
        found.items.iter_mut().for_each(|connection| connection.secrets.clear());
    }
    Ok(Json(found))
}

/// Returns whether a resource of these projects is for the caller.
fn is_for(caller: &Caller, projects: &[String]) -> bool {
    caller.confined().is_none_or(|own| projects.iter().any(|project| project == own))
}

/// Returns the connections of a configuration.
pub(crate) fn connections(config: &Configuration) -> Connections {
    let shown = |(name, connection): (&String, &Connection)| {
        let [address, login, tls] = described(connection);
        let limits = [
            ("rows", connection.limits.rows.map(|rows| rows.to_string())),
            ("timeout", connection.limits.timeout.map(|timeout| timeout.to_string())),
        ];
        ConnectionView {
            name: name.clone(),
            kind: connection.kind.name(),
            address,
            login,
            tls,
            read_only: connection.read_only,
            role: connection.role.clone(),
            pool: (connection.kind != Database::Sqlite).then(|| connection.pool()),
            limits: limits.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
            projects: config.projects_of_connection(name).into_iter().map(str::to_owned).collect(),
            secrets: connection.references().into_iter().map(|(key, secret)| (key, secret.0)).collect(),
        }
    };
    Connections { items: config.connections.iter().map(shown).collect(), next_cursor: None }
}

/// Returns the address, the login and the encryption of a connection. References to secrets stay references.
fn described(connection: &Connection) -> [String; 3] {
    if connection.kind == Database::Sqlite {
        let path = connection.path.as_ref().map(|path| path.display().to_string());
        return [path.unwrap_or_default(), String::new(), String::new()];
    }
    let text =
        |setting: &Option<Setting>| setting.as_ref().map(|setting| setting.0.clone()).unwrap_or_default();
    let host = text(&connection.host);
    let place = match host.starts_with('/') {
        true => format!("{host} {}", text(&connection.database)),
        false if connection.database.is_none() => format!("{host}:{}", connection.port()),
        false => format!("{host}:{}/{}", connection.port(), text(&connection.database)),
    };
    let tls = match connection.tls() {
        _ if host.starts_with('/') => "",
        Tls::Verify => "verify",
        Tls::Disable => "disable",
    };
    [place, text(&connection.user), tls.to_owned()]
}

pub(super) async fn test_connection(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Answer<Test> {
    if !app.host.configuration().connections.contains_key(&name) {
        return Err(missing("connection", &name));
    }
    note(&app, &caller, "connection.test", &name).await?;
    let tested = tokio::time::timeout(TEST, connection_test(&app.host, &name)).await;
    Ok(Json(tested.unwrap_or_else(|_| Test::late(name))))
}

/// Logs in to a connection of the configuration.
pub(crate) async fn connection_test(host: &Host, name: &str) -> Test {
    let tested = host.sandbox().connections().test(name).await;
    Test::of(name, tested.map(|tested| (tested.took, Some(tested.version))))
}

impl Test {
    fn of(name: &str, tested: Result<(Duration, Option<String>), String>) -> Self {
        let name = name.to_owned();
        match tested {
            Ok((took, server)) => {
                let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                Self { name, works: true, ms: Some(ms), server, message: None }
            }
            Err(why) => Self { name, works: false, ms: None, server: None, message: Some(why) },
        }
    }

    fn late(name: String) -> Self {
        Self::of(&name, Err(format!("no answer within {} s", TEST.as_secs())))
    }
}

pub(super) async fn list_organizations(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Answer<Organizations> {
    let config = app.host.configuration();
    let mut items = Vec::new();
    for (name, organization) in &config.azure_devops.organizations {
        let projects: Vec<String> =
            config.projects_of_organization(name).into_iter().map(str::to_owned).collect();
        if is_for(&caller, &projects) {
            items.push(organization_view(&app.host, &caller, (name, organization), projects));
        }
    }
    Ok(Json(Organizations { items, next_cursor: None }))
}

fn organization_view(
    host: &Host,
    caller: &Caller,
    (name, organization): (&str, &Organization),
    projects: Vec<String>,
) -> OrganizationView {
    let url = organization.base_url(name);
    let (login, application) = organization.login();
    OrganizationView {
        name: name.to_owned(),
        login,
        tenant: application.map(|application| application.tenant.clone()),
        client_id: application.map(|application| application.client_id.clone()),
        api_version: organization.api_version.clone(),
        projects,
        secret: organization.secret().filter(|_| caller.role() >= Role::Admin).map(|secret| secret.0.clone()),
        circuit: host.sandbox().circuit(caller.project(), &url).into(),
        url,
    }
}

impl From<Option<Circuit>> for CircuitView {
    fn from(found: Option<Circuit>) -> Self {
        let open_seconds = found.map_or(0, |circuit| circuit.open_for.as_millis().div_ceil(1000));
        let state = match found {
            None => "closed",
            Some(_) if open_seconds > 0 => "open",
            Some(_) => "failing",
        };
        Self {
            state,
            failures: found.map_or(0, |circuit| circuit.failures),
            failed_seconds_ago: found.map(|circuit| circuit.failed_ago.as_secs()),
            open_seconds: u64::try_from(open_seconds).unwrap_or(u64::MAX),
        }
    }
}

pub(super) async fn test_organization(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Answer<Test> {
    if !app.host.configuration().azure_devops.organizations.contains_key(&name) {
        return Err(missing("Azure DevOps organization", &name));
    }
    note(&app, &caller, "organization.test", &name).await?;
    let tested = app.host.sandbox().test_organization(&name).await;
    Ok(Json(Test::of(&name, tested.map(|answered| (answered.took, None)))))
}

fn missing(kind: &str, name: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("the configuration has no {kind} `{name}`"))
}

async fn note(app: &App, caller: &Caller, action: &str, name: &str) -> Result<(), HostError> {
    app.host.audit().append(vec![caller.audit(&app.host, action, name)]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circuit_is_closed_failing_or_open() {
        let circuit = |open_for| Circuit { failures: 3, failed_ago: Duration::from_secs(2), open_for };
        for (found, state, open_seconds) in [
            (None, "closed", 0),
            (Some(circuit(Duration::ZERO)), "failing", 0),
            (Some(circuit(Duration::from_millis(1_200))), "open", 2),
        ] {
            let view = CircuitView::from(found);
            assert_eq!((view.state, view.open_seconds), (state, open_seconds));
        }
    }
}
