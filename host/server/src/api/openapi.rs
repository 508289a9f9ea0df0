//! The OpenAPI 3.1 document, from the table of operations and the JSON Schemas of their bodies and responses.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use stepwell::engine::JobDefinition;
use stepwell::engine::run::RunView;
use stepwell::engine::store::DeadLetter;
use stepwell::{Activated, Backfill, Explanation, Health, Metrics, StepLimits, Timeline};

use super::problem::Problem;
use super::routes::{Operation, TABLE};
use super::{
    atlantis, causes, changes, jobs, keys, locks::views as locks, policies, sources, views, workers,
};

/// Returns the OpenAPI document.
pub(crate) fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in TABLE {
        // An OpenAPI parameter cannot span several segments: clients encode the slashes of a path.
        let path = operation.path.replace("{*path}", "{path}");
        let item = paths.entry(path).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(operation.method.to_owned(), described(operation));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Stepwell",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Runs jobs in which every step is a WebAssembly component in a separate sandbox",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key, `sw_...`, or a token of the OpenID provider"}},
        },
    })
}

fn described(operation: &Operation) -> Value {
    let mut parameters: Vec<Value> = operation
        .path
        .split(['{', '}'])
        .skip(1)
        .step_by(2)
        .map(|name| {
            let name = name.trim_start_matches('*');
            json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
        })
        .collect();
    for (name, takes, description) in operation.query {
        let schema = takes.schema();
        parameters.push(json!({"name": name, "in": "query", "description": description, "schema": schema}));
        if *name == "job_id" {
            let (what, schema) = ("The former name of `job_id`.", json!({"type": "string"}));
            parameters.push(
                json!({"name": "job", "in": "query", "description": what, "deprecated": true, "schema": schema}),
            );
        }
    }
    if operation.role.is_some() && !operation.everywhere() {
        let what =
            "The project of the request. Default: `default`, otherwise the first project of the caller.";
        let schema = json!({"type": "string", "pattern": "^[a-z][a-z0-9-]{0,31}$"});
        parameters
            .push(json!({"name": "Stepwell-Project", "in": "header", "description": what, "schema": schema}));
    }
    parameters.extend(headers(operation));
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": responses(operation),
    });
    let Some(map) = described.as_object_mut() else { return described };
    if let Some(role) = operation.role {
        map.insert("security".to_owned(), json!([{"key": []}]));
        let place = if operation.everywhere() { " in all projects (`*`)" } else { "" };
        map.insert("description".to_owned(), format!("Needs the role `{}`{place}.", role.name()).into());
    }
    if operation.id == Operation::registerStep.id {
        let content = json!({"application/wasm": {"schema": {"type": "string", "format": "binary"}}});
        map.insert("requestBody".to_owned(), json!({"required": true, "content": content}));
    }
    if let Some(body) = operation.body {
        let schema = json!({"schema": {"$ref": format!("#/components/schemas/{body}")}});
        let mut content = Map::new();
        content.insert("application/yaml".to_owned(), schema.clone());
        content.insert("application/json".to_owned(), schema);
        map.insert("requestBody".to_owned(), json!({"content": content}));
    }
    described
}

/// Returns the headers that only some operations take.
fn headers(operation: &Operation) -> Vec<Value> {
    let mut parameters = Vec::new();
    if matches!(operation.id, "executeJob" | "runJob" | "runLegacy") {
        let what = "The trace that the run continues (W3C Trace Context).";
        parameters.push(
            json!({"name": "traceparent", "in": "header", "description": what, "schema": {"type": "string"}}),
        );
    }
    if operation.id == Operation::putJob.id || operation.id == Operation::deleteJob.id {
        for name in ["If-Match", "If-None-Match"] {
            parameters.push(json!({"name": name, "in": "header", "schema": {"type": "string"}}));
        }
    }
    let waits_for_locks = operation.id == Operation::acquireLock.id;
    if waits_for_a_run(operation) || waits_for_locks {
        let seconds = if waits_for_locks { 30 } else { 300 };
        let prefer = format!("`wait=SECONDS`, or `respond-async` (RFC 7240). Default: `wait={seconds}`.");
        parameters.push(
            json!({"name": "Prefer", "in": "header", "description": prefer, "schema": {"type": "string"}}),
        );
    }
    if operation.id == Operation::pollWork.id {
        let prefer = "`wait=SECONDS`, at most 30 (RFC 7240). Default: the answer comes at once.";
        parameters.push(
            json!({"name": "Prefer", "in": "header", "description": prefer, "schema": {"type": "string"}}),
        );
    }
    let starts_a_run =
        matches!(operation.id, "executeJob" | "runJob" | "runLegacy" | "retryRun" | "redriveDeadLetter");
    if starts_a_run || waits_for_locks {
        let what = match waits_for_locks {
            true => "A repeated request with the same key and body returns the ticket of the first one.",
            false => "A repeated request with the same key and body returns the run of the first one.",
        };
        let schema = json!({"type": "string", "minLength": 1, "maxLength": 255});
        parameters
            .push(json!({"name": "Idempotency-Key", "in": "header", "description": what, "schema": schema}));
    }
    parameters
}

/// Returns whether the operation waits for the end of a run as long as the client prefers.
fn waits_for_a_run(operation: &Operation) -> bool {
    matches!(operation.id, "executeJob" | "runLegacy")
}

fn responses(operation: &Operation) -> Value {
    let problem = |description: &str| {
        let schema = json!({"$ref": "#/components/schemas/Problem"});
        json!({"description": description, "content": {"application/problem+json": {"schema": schema}}})
    };
    let (status, schema) = operation.success;
    let mut responses = Map::new();
    responses.insert(status.to_string(), success(schema));
    if waits_for_a_run(operation) {
        responses.insert("202".to_owned(), success("Accepted"));
    }
    if operation.id == Operation::acquireLock.id {
        responses.insert("202".to_owned(), success("LockTicket"));
    }
    // These responses have several media types.
    let others: &[&str] = match operation.id {
        "prometheus" => &["application/openmetrics-text"],
        "runLogs" => &["text/event-stream", "application/json"],
        "listLockEvents" => &["text/event-stream"],
        _ => &[],
    };
    if let Some(content) =
        responses.get_mut("200").and_then(|found| found.get_mut("content")).and_then(Value::as_object_mut)
    {
        for media in others {
            content.insert((*media).to_owned(), json!({"schema": {}}));
        }
    }
    if operation.id == Operation::readiness.id {
        responses.insert("503".to_owned(), success("text/plain"));
    }
    if operation.role.is_none() {
        return responses.into();
    }
    for (status, description) in [
        ("400", "The request is malformed"),
        ("401", "There is no valid API key"),
        ("403", "The key does not allow it"),
        ("404", "There is no such resource"),
        ("408", "The body did not arrive within 10 seconds"),
        ("429", "Too many requests with this key"),
        ("500", "Stepwell failed"),
        ("501", "The body has a `Transfer-Encoding` other than `chunked`"),
        (
            "503",
            "The service is unavailable: the store cannot be written, the queue is full, or it is shutting down",
        ),
    ] {
        responses.insert(status.to_owned(), problem(description));
    }
    if changes(&operation.method.to_uppercase().parse().unwrap_or_default()) {
        for (status, description) in [
            ("409", "The current state does not allow it"),
            ("412", "The version differs from `If-Match`"),
            ("413", "The body is too large"),
            ("415", "The body has a `Content-Encoding`"),
            ("422", "The body is well-formed, but its content is invalid; `errors` lists the places"),
        ] {
            responses.insert(status.to_owned(), problem(description));
        }
    }
    responses.into()
}

fn success(schema: &str) -> Value {
    match schema {
        "" => json!({"description": "Done"}),
        "Any" => json!({"description": "Done", "content": {"application/json": {"schema": {}}}}),
        media if media.contains('/') => {
            json!({"description": "Done", "content": {media: {"schema": {"type": "string"}}}})
        }
        name => {
            let schema = json!({"$ref": format!("#/components/schemas/{name}")});
            json!({"description": "Done", "content": {"application/json": {"schema": schema}}})
        }
    }
}

macro_rules! schemas {
    ($($name:literal: $type:ty,)*) => {
        // Each type needs its own generator: a shared one would add the definitions of earlier types to every
        // schema.
        [$(($name, settings($name).into_generator().into_root_schema_for::<$type>().to_value()),)*]
    };
}

/// Returns the settings for a schema: a request may leave out what has a default, and an answer what is skipped.
fn settings(name: &str) -> SchemaSettings {
    let settings = SchemaSettings::draft2020_12();
    if TABLE.iter().any(|operation| operation.body == Some(name)) {
        settings
    } else {
        settings.for_serialize()
    }
}

/// Returns the names of the fields of a body. `None` when the document does not list them.
pub(crate) fn fields_of(body: &str) -> Option<Vec<&'static str>> {
    static SCHEMAS: LazyLock<Value> = LazyLock::new(schemas);
    let properties = SCHEMAS.get(body)?.get("properties")?.as_object()?;
    Some(properties.keys().map(String::as_str).collect())
}

fn schemas() -> Value {
    let all = schemas! {
        "Problem": Problem, "Run": RunView, "RunRow": views::Run, "Runs": views::Runs, "Timeline": Timeline, "StepLimits": StepLimits, "Accepted": views::Accepted,
        "ExecuteRequest": views::ExecuteRequest, "ScheduleRequest": views::ScheduleRequest,
        "Scheduled": views::Scheduled, "EngineStatus": views::EngineStatus, "StepTypes": views::StepTypes,
        "LegacyRun": views::LegacyRun, "JobDefinition": JobDefinition, "Job": views::Job, "Jobs": jobs::Jobs, "JobVersions": jobs::JobVersions, "JobVersion": jobs::StoredVersion,
        "RunRequest": views::RunRequest, "Schedule": views::Schedule, "Schedules": views::Schedules, "ComingFires": stepwell::ComingFires, "HoursOfRuns": views::HoursOfRuns, "Preview": views::PreviewAnswer,
        "Reason": views::Reason, "Ledger": views::Ledger, "Backfill": Backfill, "Backfills": views::Backfills,
        "BackfillRequest": views::BackfillRequest, "BackfillAnswer": views::BackfillAnswer,
        "RetryRequest": views::RetryRequest, "Explanation": Explanation, "Receipts": views::Receipts,
        "Artifacts": views::Artifacts, "Decision": views::Decision, "ApprovalDetails": views::ApprovalDetails, "Approvals": views::Approvals,
        "DeadLetter": DeadLetter, "DeadLetters": views::DeadLetters, "BulkRequest": views::BulkRequest,
        "BulkAnswer": views::BulkAnswer, "Queues": views::Queues, "Steps": views::Steps, "Step": views::Step,
        "ActivatedStep": Activated, "RollbackRequest": views::RollbackRequest, "Metrics": Metrics,
        "Health": Health, "CheckedJob": views::CheckedJob, "CleanedUp": views::CleanedUp, "AuditLog": views::AuditLog, "AuditReport": stepwell::AuditReport, "Keys": views::Keys,
        "KeyRequest": keys::KeyRequest, "Sessions": views::Sessions, "Causes": causes::Causes,
        "StepGrants": policies::StepGrants, "Connections": sources::Connections, "Test": sources::Test,
        "Organizations": sources::Organizations, "StepJobs": views::StepJobs, "NewKey": keys::NewKeyAnswer,
        "Locks": locks::Locks, "Lock": locks::Lock, "LockTicket": locks::LockTicket, "HeldLock": locks::HeldLock,
        "TokenCheck": stepwell::engine::lock::Check, "LockEvents": locks::LockEvents, "LockDeadlocks": locks::LockDeadlocks,
        "AcquireRequest": locks::AcquireRequest, "ExtendRequest": locks::ExtendRequest, "RenewRequest": locks::RenewRequest,
        "ReleaseRequest": locks::ReleaseRequest, "ForceReleaseRequest": locks::ForceReleaseRequest, "ForceReleased": locks::ForceReleased,
        "TryLockRequest": atlantis::TryLockRequest, "UnlockPullRequest": atlantis::UnlockPullRequest,
        "NewWorker": stepwell::NewWorker, "RegisteredWorker": stepwell::RegisteredWorker, "RemoteWorkers": workers::RemoteWorkers,
        "PollRequest": workers::PollRequest, "WorkItems": workers::WorkItems, "HeartbeatRequest": workers::HeartbeatRequest,
        "Heartbeat": stepwell::Heartbeat, "CompleteRequest": workers::CompleteRequest, "FailRequest": workers::FailRequest,
        "MigrateRequest": atlantis::MigrateRequest, "AdvanceRequest": atlantis::AdvanceRequest,
    };
    let mut schemas = Map::new();
    for (name, mut schema) in all {
        let Some(map) = schema.as_object_mut() else { continue };
        map.remove("$schema");
        // Shared definitions get the name of their owner as a prefix, so that two types may have the same
        // name.
        let defs = map.remove("$defs").and_then(|defs| defs.as_object().cloned()).unwrap_or_default();
        rename(&mut schema, name);
        for (def, mut inner) in defs {
            rename(&mut inner, name);
            schemas.insert(format!("{name}.{def}"), inner);
        }
        schemas.insert(name.to_owned(), schema);
    }
    deprecate(&mut schemas);
    schemas.into()
}

/// Properties that are former names of others, by the schema that has both.
const OLD_NAMES: &[(&str, &[&str])] =
    &[("Runs.Run", &["started_at", "ended_at", "queue"]), ("RunRow", &["started_at", "ended_at", "queue"])];

/// Marks former names as deprecated.
fn deprecate(schemas: &mut Map<String, Value>) {
    for (schema, names) in OLD_NAMES {
        let properties = schemas.get_mut(*schema).and_then(|schema| schema.get_mut("properties"));
        let Some(properties) = properties.and_then(Value::as_object_mut) else { continue };
        for name in *names {
            if let Some(property) = properties.get_mut(*name).and_then(Value::as_object_mut) {
                property.insert("deprecated".to_owned(), true.into());
            }
        }
    }
}

/// Points references at the components of the document.
fn rename(value: &mut Value, owner: &str) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter_mut() {
                match inner.as_str().and_then(|text| text.strip_prefix("#/$defs/")) {
                    Some(name) if key == "$ref" => {
                        *inner = format!("#/components/schemas/{owner}.{name}").into();
                    }
                    _ => rename(inner, owner),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, owner)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_are_deprecated_beside_their_new_ones() {
        let document = document();
        for (schema, names) in OLD_NAMES {
            let properties = &document["components"]["schemas"][*schema]["properties"];
            for name in *names {
                assert_eq!(properties[*name]["deprecated"], true, "{schema}.{name}");
            }
            assert!(properties["start_time"].is_object() && properties["start_time"]["deprecated"].is_null());
        }
    }

    #[test]
    fn answers_require_what_they_always_have_and_requests_what_they_need() {
        let document = document();
        for (schema, field, is_required) in [
            ("LockTicket", "ahead", false),
            ("LockTicket", "ticket", true),
            ("Queues.QueueStatus", "closures", false),
            ("CheckedJob", "groups", false),
            ("AcquireRequest", "wait", false),
            ("AcquireRequest", "locks", true),
        ] {
            let required = document["components"]["schemas"][schema]["required"].as_array().unwrap();
            assert_eq!(required.iter().any(|name| name == field), is_required, "{schema}.{field}");
        }
    }

    /// The fragment of each problem's type is a heading of docs/api.md.
    #[test]
    fn every_problem_has_its_section() {
        let page = include_str!("../../../../docs/api.md");
        let document = document();
        let operations = document["paths"].as_object().into_iter().flat_map(|paths| paths.values());
        let responses = operations
            .flat_map(|item| item.as_object().into_iter().flat_map(|item| item.values()))
            .flat_map(|operation| operation["responses"].as_object().into_iter().flat_map(|all| all.keys()));
        for status in
            responses.filter_map(|status| status.parse::<u16>().ok()).filter(|status| *status >= 400)
        {
            assert!(page.contains(&format!("\n{status}: ")), "{status}");
        }
    }
}
