//! The telemetry of the command: its own log, as text or JSON, and traces over OTLP.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::ValueEnum;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{SpanExporter as Otlp, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter, SpanLinks};
use stepwell::engine::clock::Timestamp;
use stepwell::engine::config::log_problem;
use stepwell::engine::trace::{Span, Spans};
use stepwell::engine::{Configuration, Diagnostic};
use stepwell::{HostError, sandbox};
use tokio::sync::mpsc;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

/// Spans that wait to be sent; more are dropped, and counted.
const WAITING: usize = 10_000;
/// Spans in one request, and how long the first waits for the last.
const BATCH: usize = 500;
const TOGETHER: Duration = Duration::from_secs(1);
/// The longest time of a request.
const REQUEST: Duration = Duration::from_secs(10);

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// A JSON object in each line, with the ids of run, step, attempt and trace.
    Json,
}

/// The log filter of a service before it has read its configuration.
pub(crate) const SERVICE_LEVEL: &str = "warn,stepwell=info";

/// Changes what is logged while the process runs.
pub(crate) type LogFilter = reload::Handle<EnvFilter, Registry>;

/// Sets up the log, on standard error.
pub(crate) fn log(format: LogFormat, filter: &str) -> Result<LogFilter, String> {
    log_problem(filter).map_or(Ok(()), Err)?;
    let filter = EnvFilter::try_new(filter).map_err(|error| error.to_string())?;
    let (filter, handle) = reload::Layer::new(filter);
    let registry = tracing_subscriber::registry().with(filter);
    let writer = fmt::layer().with_writer(std::io::stderr).with_target(false);
    match format {
        LogFormat::Text => registry.with(writer.with_ansi(console::colors_enabled_stderr())).init(),
        LogFormat::Json => registry.with(writer.json().flatten_event(true).with_span_list(false)).init(),
    }
    Ok(handle)
}

/// Where traces go, when the configuration names a place. Sending is a task of the current runtime.
pub(crate) fn spans(config: &Configuration) -> Result<Option<Arc<dyn Spans>>, HostError> {
    let telemetry = &config.telemetry;
    let Some(endpoint) = &telemetry.otlp_endpoint else { return Ok(None) };
    let wrong = |place: String, message: String| {
        HostError::Invalid(Diagnostic::without_place(&place, message).into())
    };
    let mut headers = HashMap::new();
    for (name, setting) in &telemetry.otlp_headers {
        let value = sandbox::secrets::text(config, setting)
            .map_err(|message| wrong(format!("telemetry.otlp_headers.{name}"), message))?;
        headers.insert(name.clone(), value);
    }
    let fail = |message: String| wrong("telemetry.otlp_endpoint".to_owned(), message);
    // A cryptography library that was chosen earlier stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client =
        reqwest::Client::builder().timeout(REQUEST).build().map_err(|error| fail(error.to_string()))?;
    let mut exporter = Otlp::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_headers(headers)
        .build()
        .map_err(|error| fail(error.to_string()))?;
    exporter.set_resource(
        &Resource::builder_empty()
            .with_service_name("stepwell")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build(),
    );
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(send(exporter, receiver));
    Ok(Some(Arc::new(Queue(sender))))
}

struct Queue(mpsc::Sender<Span>);

impl Spans for Queue {
    fn take(&self, span: Span) {
        if self.0.try_send(span).is_err() {
            tracing::debug!("a span is dropped: the receiver of traces is too slow, or away");
        }
    }
}

async fn send(exporter: Otlp, mut spans: mpsc::Receiver<Span>) {
    let scope = InstrumentationScope::builder("stepwell").with_version(env!("CARGO_PKG_VERSION")).build();
    let mut batch = Vec::new();
    while spans.recv_many(&mut batch, BATCH).await > 0 {
        if batch.len() < BATCH {
            tokio::time::sleep(TOGETHER).await;
            while batch.len() < BATCH
                && let Ok(span) = spans.try_recv()
            {
                batch.push(span);
            }
        }
        let count = batch.len();
        let data = batch.drain(..).map(|span| exported(span, &scope)).collect();
        if let Err(error) = exporter.export(data).await {
            tracing::warn!("spans that the receiver did not take: {count}: {error}");
        }
    }
}

fn exported(span: Span, scope: &InstrumentationScope) -> SpanData {
    let flags = if span.under.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let trace = TraceId::from(span.under.trace_id);
    SpanData {
        span_context: SpanContext::new(
            trace,
            SpanId::from(span.span_id),
            flags,
            false,
            TraceState::default(),
        ),
        parent_span_id: SpanId::from(span.under.span_id),
        parent_span_is_remote: false,
        span_kind: if span.client { SpanKind::Client } else { SpanKind::Internal },
        name: span.name.into(),
        start_time: system_time(span.start),
        end_time: system_time(span.end),
        attributes: span.attributes.into_iter().map(|(name, value)| KeyValue::new(name, value)).collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: span.error.map_or(Status::Unset, Status::error),
        instrumentation_scope: scope.clone(),
    }
}

fn system_time(at: Timestamp) -> SystemTime {
    let micros = u64::try_from(at.timestamp_micros()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_micros(micros)
}
