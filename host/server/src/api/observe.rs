//! Metrics and log lines of requests, readiness, and the formats of `/metrics`.

use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use stepwell::engine::clock::Timestamp;

use super::App;
use super::problem::Problem;
use super::routes::Operation;

/// The name of the key or the person, for the access log.
#[derive(Debug, Clone)]
pub(super) struct AskedBy(pub String);

/// The maximum number of characters of a path in the log.
const PATH: usize = 300;

/// Counts each request, and logs a line about it.
pub(crate) async fn observe(State(app): State<App>, request: Request<Body>, next: Next) -> Response {
    let method = name(request.method());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let path: String = request.uri().path().chars().take(PATH).collect();
    #[allow(clippy::disallowed_methods, reason = "the duration of a response is only shown")]
    let begun = Instant::now();
    let response = next.run(request).await;
    let (took, status) = (begun.elapsed(), response.status().as_u16());
    // Paths that belong to no operation share one series.
    app.host.system().request_answered(method, route.as_deref().unwrap_or("none"), status, took);
    let key = response.extensions().get::<AskedBy>().map_or("", |asked| asked.0.as_str());
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(target: "stepwell::access", method, path, status, ms, key, "request");
    response
}

/// Returns the name of the method. Methods that no operation has share a name, since clients can invent any.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The operations that create runs.
const STARTS_RUNS: [Operation; 8] = [
    Operation::executeJob,
    Operation::scheduleJob,
    Operation::runLegacy,
    Operation::runJob,
    Operation::retryRun,
    Operation::redriveDeadLetter,
    Operation::bulkDeadLetters,
    Operation::startBackfill,
];

/// Refuses new runs while the service is shutting down. All other requests are answered.
pub(super) fn refused(app: &App, operation: Option<&Operation>) -> Option<Response> {
    let starts =
        operation.is_some_and(|operation| STARTS_RUNS.iter().any(|starts| starts.id == operation.id));
    let detail = "the service is shutting down and accepts no new runs; send the request to another node, or retry it later";
    (starts && app.host.system().is_draining())
        .then(|| Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).into_response())
}

/// The result and the time of the last check of the store. Any client may ask, and the store is checked once
/// per second.
pub(super) type Ready = tokio::sync::Mutex<Option<(Timestamp, StatusCode, String)>>;

/// The time for which the result is used.
const READY: chrono::Duration = chrono::Duration::seconds(1);

/// Returns whether the process accepts requests, its store answers and its steps are compiled, or otherwise
/// the reason.
pub(super) async fn readiness(State(app): State<App>) -> (StatusCode, String) {
    if app.host.system().is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "not ready: shutting down\n".to_owned());
    }
    let now = app.host.now();
    let mut known = app.ready.lock().await;
    if let Some((at, status, text)) = &*known
        && now - *at < READY
    {
        return (*status, text.clone());
    }
    let (status, text) = check_readiness(&app).await;
    *known = Some((now, status, text.clone()));
    (status, text)
}

async fn check_readiness(app: &App) -> (StatusCode, String) {
    let host = &app.host;
    let why = if !host.system().is_serving() {
        "starting".to_owned()
    } else if host.system().check_readable().await.is_err() {
        "the store does not answer".to_owned()
    } else {
        match host.steps().readiness() {
            found if found.ready => return (StatusCode::OK, "ok\n".to_owned()),
            found => format!("compiling {}", found.compiling.join(", ")),
        }
    };
    (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n"))
}

/// Returns the metrics of this process, in the format that the client prefers.
pub(super) async fn metrics(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let text = app.host.system().prometheus().await?;
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    Ok(if prefers_text(accept) {
        ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], plain(&text)).into_response()
    } else {
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        ([(header::CONTENT_TYPE, kind)], text).into_response()
    })
}

/// Returns whether a client prefers the older text format to OpenMetrics.
fn prefers_text(accept: &str) -> bool {
    let weight = |wanted: &str| {
        let of = |kind: &str| {
            let mut parts = kind.split(';').map(str::trim);
            (parts.next()? == wanted)
                .then(|| parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0))
        };
        accept.split(',').filter_map(of).fold(0.0, f32::max)
    };
    weight("text/plain").max(weight("text/*")) > weight("application/openmetrics-text")
}

/// Converts OpenMetrics 1.0 to the text format 0.0.4 of Prometheus: there, a counter has the name of its
/// samples, and there are no lines for units and for the end.
fn plain(openmetrics: &str) -> String {
    let mut text = String::with_capacity(openmetrics.len());
    let mut help = None;
    for line in openmetrics.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        {
            let end = if kind == "counter" { "_total" } else { "" };
            if let Some((_, words)) = help.take() {
                text.push_str(&format!("# HELP {name}{end} {words}\n"));
            }
            text.push_str(&format!("# TYPE {name}{end} {kind}\n"));
        } else if !line.starts_with('#') {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_the_one_that_the_client_prefers() {
        for (accept, expected) in [
            ("text/plain", true),
            ("text/plain;version=0.0.4", true),
            ("*/*", false),
            ("application/openmetrics-text", false),
            // The header that Prometheus sends.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                false,
            ),
            ("application/openmetrics-text;q=0.3, text/plain;q=0.7", true),
            ("text/plain;q=0", false),
        ] {
            assert_eq!(prefers_text(accept), expected, "{accept}");
        }
    }

    #[test]
    fn openmetrics_becomes_the_older_format() {
        let openmetrics = "# HELP a_runs Runs, by status.\n# TYPE a_runs counter\na_runs_total{status=\"x\"} 3\n\
            # HELP a_s_seconds Time.\n# TYPE a_s_seconds histogram\n# UNIT a_s_seconds seconds\na_s_seconds_sum 1.5\n# EOF\n";
        assert_eq!(
            plain(openmetrics),
            "# HELP a_runs_total Runs, by status.\n# TYPE a_runs_total counter\na_runs_total{status=\"x\"} 3\n\
            # HELP a_s_seconds Time.\n# TYPE a_s_seconds histogram\na_s_seconds_sum 1.5\n"
        );
    }
}
