//! Settings of the service: its address, its retention, its access control and its reports.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Setting;
use crate::document::{Diagnostics, Document, cut};
use crate::quantity::{Bytes, Span};

/// Settings of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Service {
    /// The address of the API. Default: `127.0.0.1:7450`. Put an address that other machines can reach
    /// behind TLS.
    pub listen: SocketAddr,
    /// Requests per second of one API key or person; a burst may have twice as many. Default: 100.
    pub rate_limit: NonZeroU32,
    /// The log filter: `warn`, `info`, or a level per part, for instance `stepwell=debug`. Default:
    /// `warn,stepwell=info`: starts and stops, the start and end of each run, and a line for each request.
    #[schemars(length(max = 1_000))]
    pub log: String,
    /// Maximum number of runs that this process works on at one time, over all queues. Default: 256.
    /// Each worker reserves 4 GiB of address space (not of memory) for the instance of its step, so the
    /// maximum is 10000.
    #[schemars(range(min = 1, max = 10_000))]
    pub workers: u32,
    /// The time for which running steps may continue after SIGTERM. Default: 30s, the default of Kubernetes. At
    /// most 24h: a process that ends later looks like one that hangs.
    pub drain: Span,
    /// The time for which a claim lasts without renewal: after it, another process takes over the runs of a
    /// process that has died. Default: 15s. From 1s, because a renewal takes a write to the store, to 1h, because
    /// the runs of a dead process wait as long.
    pub lease: Span,
    /// Maximum bytes that the `steps` of one run may write to the store together, over all their attempts:
    /// ends, outputs, variables, logs and checkpoints. Policies limit each step (`limits.run_bytes`).
    /// Default: 1GiB.
    pub run_bytes: Bytes,
    /// Maximum number of attempts of one run at one time, within its groups. Each attempt beyond the first also
    /// counts among `workers`. Default: 64, so that one run leaves room for others.
    #[schemars(range(min = 1, max = 10_000))]
    pub run_attempts: u32,
    /// Maximum number of steps of items of one run, over all its groups. Default: 10000; each takes
    /// about 1 KiB of memory while the run is worked on.
    #[schemars(range(min = 1, max = 100_000))]
    pub run_steps: u32,
    /// Maximum nesting of groups in a job. Default: 4, since a deeper job is hard to follow. At most 8.
    #[schemars(range(min = 1, max = 8))]
    pub group_depth: u32,
    /// Names by which clients may reach the API, besides addresses and `localhost`: the accepted values of
    /// the `Host` header. Default: none; requests are then checked only when `listen` is a loopback address.
    #[schemars(length(max = 1_000), inner(length(max = 253)))]
    pub hosts: Vec<String>,
    /// Addresses and networks (`10.0.0.0/8`) of the proxies in front of the service. Requests from them name
    /// the client in `X-Forwarded-For`, and the limit on connections per address does not apply to them.
    /// Default: none.
    #[schemars(length(max = 1_000), inner(length(max = 64)))]
    pub proxies: Vec<String>,
    /// Limits of the streams that follow logs.
    pub streams: Streams,
    /// The times for which records are stored.
    pub retention: Retention,
}

/// Limits of the streams (SSE) that follow logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Streams {
    /// Maximum number of streams of one API key or person at one time. Default: 8.
    #[schemars(range(min = 1, max = 1_000))]
    pub per_key: u32,
    /// Maximum number of streams of this process at one time. Default: 256.
    #[schemars(range(min = 1, max = 10_000))]
    pub total: u32,
    /// The time after which a stream ends; the client continues with `Last-Event-ID`. Default: 15m. From 1s to
    /// 24h: a stream holds memory and a connection.
    pub lasts: Span,
}

impl Default for Streams {
    fn default() -> Self {
        Self { per_key: 8, total: 256, lasts: Span::secs(15 * 60) }
    }
}

/// The circuit breakers of HTTP requests: one for each project and each server, which is a host and a port.
/// While a server fails, requests to it fail at once, so that the server can recover and steps learn soon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CircuitBreaker {
    /// The number of failures in a row that open the breaker: no answer, or a status from 500 on. Default: 5,
    /// more than a restart of one of several servers causes.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub failures: u32,
    /// The time for which no request goes out; then one request tries. Default: 30s, in which most servers
    /// restart. At most 1h.
    pub open_for: Span,
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self { failures: 5, open_for: Span::secs(30) }
    }
}

impl CircuitBreaker {
    /// Reports problems that the schema does not see.
    pub(super) fn check(&self, document: &Document, problems: &mut Diagnostics) {
        let time = self.open_for.0;
        if time.is_zero() || time > std::time::Duration::from_secs(3600) {
            let message = "`open_for` must be more than 0, and at most 1h";
            problems.0.push(document.error("/circuit_breaker/open_for", message));
        }
    }
}

/// The members of a project. A resource that no project lists belongs to `default`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Project {
    /// Connections that policies for this project may grant.
    pub connections: Vec<String>,
    /// Secrets that policies for this project may inject.
    pub secrets: Vec<String>,
    /// Credentials that policies for this project may name.
    pub credentials: Vec<String>,
    /// Azure DevOps organizations that policies for this project may grant.
    pub organizations: Vec<String>,
    /// Features for the runs of this project. Default: those of the configuration.
    pub features: Features,
}

/// Features that are off unless they are set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Features {
    /// Whether branches of a `parallel_group` run at the same time. When it is off, they run one after the other,
    /// with the same results. The environment variable `STEPWELL_PARALLEL_ENABLED` (or
    /// `PIPELINE_PARALLEL_ENABLED`) overrides it. Default: off, as before there were groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_execution: Option<bool>,
}

/// Reports to other systems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// The destination of traces: the base URL of an OTLP receiver over HTTP, for instance
    /// `http://localhost:4318`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^https?://"))]
    pub otlp_endpoint: Option<String>,
    /// Headers of these requests, for instance `authorization`: values, or references to secrets that hold
    /// the values.
    pub otlp_headers: BTreeMap<String, Setting>,
    /// One of this many runs that arrive without a trace is traced. Default: 1, every run.
    #[schemars(range(min = 1))]
    pub sample_one_in: u32,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { otlp_endpoint: None, otlp_headers: BTreeMap::new(), sample_one_in: 1 }
    }
}

/// The times for which records are stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Retention of ended runs, with their logs and workspaces. Default: 30d. Each retention is from 1h, so that a
    /// mistake can be seen before everything is removed, to 100 years (36500d).
    pub runs: Span,
    /// Maximum number of ended runs per job. Default: 10_000.
    #[schemars(range(min = 1))]
    pub runs_per_job: u32,
    /// Retention of rows of the fire ledger. Default: 90d.
    pub ledger: Span,
    /// Retention of rows of the audit log. Default: 365d.
    pub audit: Span,
}

/// A time of the service: its place, its bounds, and their reason.
type Time = (&'static str, fn(&Service) -> Span, Duration, Duration, &'static str);

/// The times of the service.
const TIMES: [Time; 6] = [
    (
        "drain",
        |service| service.drain,
        Duration::ZERO,
        DAY,
        "at most 24h: a later end looks like a process that hangs",
    ),
    (
        "lease",
        |service| service.lease,
        Duration::from_secs(1),
        HOUR,
        "from 1s, because a renewal takes a write to the store, to 1h, because the runs of a dead process wait as long",
    ),
    (
        "streams/lasts",
        |service| service.streams.lasts,
        Duration::from_secs(1),
        DAY,
        "from 1s to 24h: a stream holds memory and a connection",
    ),
    ("retention/runs", |service| service.retention.runs, HOUR, CENTURY, RETAINED),
    ("retention/ledger", |service| service.retention.ledger, HOUR, CENTURY, RETAINED),
    ("retention/audit", |service| service.retention.audit, HOUR, CENTURY, RETAINED),
];
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const CENTURY: Duration = Duration::from_secs(36_500 * 24 * 3600);
const RETAINED: &str =
    "from 1h, so that a mistake can be seen before everything is removed, to 100 years (36500d)";
/// The smallest budget of a run. The end of one step takes a few KiB.
const MIN_RUN_BYTES: u64 = 1 << 20;

impl Service {
    /// Reports problems that the schema does not see.
    pub(super) fn check(&self, document: &Document, problems: &mut Diagnostics) {
        for (key, time, least, most, reason) in TIMES {
            if !(least..=most).contains(&time(self).0) {
                let name = key.rsplit('/').next().unwrap_or(key);
                let message = format!("`{name}` must be {reason}");
                problems.0.push(document.error(&format!("/service/{key}"), message));
            }
        }
        if self.run_bytes.0 < MIN_RUN_BYTES {
            let message = "`run_bytes` must be at least 1MiB: the end of each step takes a few KiB";
            problems.0.push(document.error("/service/run_bytes", message));
        }
        if let Some(message) = log_problem(&self.log) {
            problems.0.push(document.error("/service/log", message));
        }
        for (index, host) in self.hosts.iter().enumerate().filter(|(_, host)| !is_host(host)) {
            let message =
                format!("`{host}` is not the name of a host: write it without a port and without `*`");
            problems.0.push(document.error(&format!("/service/hosts/{index}"), message));
        }
        for (index, proxy) in self.proxies.iter().enumerate() {
            if proxy.parse::<IpNet>().is_err() && proxy.parse::<IpAddr>().is_err() {
                let message = format!("`{proxy}` is neither an address nor a network such as 10.0.0.0/8");
                problems.0.push(document.error(&format!("/service/proxies/{index}"), message));
            }
        }
    }
}

/// Returns the problem of a log filter. Its parts are levels, and targets with levels: a word that is no level
/// would be a target, and the filter would hide everything else.
pub fn log_problem(filter: &str) -> Option<String> {
    let wrong = filter.split(',').find(|part| !is_filter(part.trim()))?;
    Some(format!(
        "`{}` is not a part of a log filter: write a level (`warn`), or a level per part (`stepwell=debug`)",
        cut(wrong, 100)
    ))
}

fn is_filter(part: &str) -> bool {
    let is_level = |text: &str| {
        ["off", "error", "warn", "info", "debug", "trace"]
            .iter()
            .any(|level| level.eq_ignore_ascii_case(text))
    };
    let is_target = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:-.".contains(&byte))
    };
    match part.split_once('=') {
        Some((target, level)) => is_target(target) && is_level(level),
        None => is_level(part),
    }
}

/// Returns whether a text is an address, or a name of labels of letters, digits, `-` and `_`.
fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    text.parse::<IpAddr>().is_ok() || text.strip_suffix('.').unwrap_or(text).split('.').all(is_label)
}

impl Default for Service {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 7450).into(),
            rate_limit: NonZeroU32::MIN.saturating_add(99),
            log: "warn,stepwell=info".to_owned(),
            workers: 256,
            drain: Span::secs(30),
            lease: Span::secs(15),
            run_bytes: Bytes::new(1 << 30),
            run_attempts: 64,
            run_steps: 10_000,
            group_depth: 4,
            hosts: Vec::new(),
            proxies: Vec::new(),
            streams: Streams::default(),
            retention: Retention::default(),
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        const DAY: u64 = 24 * 3600;
        let days = |days| Span::secs(days * DAY);
        Self { runs: days(30), runs_per_job: 10_000, ledger: days(90), audit: days(365) }
    }
}
