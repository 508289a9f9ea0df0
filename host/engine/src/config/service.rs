//! What a service does beside running steps: where it listens, what it keeps, who may ask, what it tells others.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Setting;
use crate::quantity::{Bytes, Span};

/// The service's own settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Service {
    /// Where the API listens. Default: `127.0.0.1:7450`; what is reachable from elsewhere belongs behind TLS.
    pub listen: SocketAddr,
    /// Requests of one API key or person in a second; twice as many in a burst. Default: 100.
    pub rate_limit: NonZeroU32,
    /// What is logged: `warn`, `info`, or by part, for instance `stepwell=debug`. Default: `warn,stepwell=info`: starts
    /// and stops, the begin and end of each run, and a line for each request.
    pub log: String,
    /// Runs that this process works on at once, over all queues. Default: 256. Each worker reserves 4 GiB of address
    /// space, not of memory, for the instance of its step: hence at most 10000.
    #[schemars(range(min = 1, max = 10_000))]
    pub workers: u32,
    /// How long running steps may go on after SIGTERM. Default: 30s, what Kubernetes allows.
    pub drain: Span,
    /// How long a claim lasts without being renewed: the time after which another process takes over the runs of
    /// one that has died. Default: 15s.
    pub lease: Span,
    /// Bytes that the `steps` of one run may write to the store together, over all their attempts: ends, outputs, variables,
    /// logs and checkpoints. Policies bound each step (`limits.run_bytes`). Default: 1GiB.
    pub run_bytes: Bytes,
    /// Names by which clients may reach the API, beside addresses and `localhost`: what `Host` of a request may be. Default:
    /// none; then requests are checked only where `listen` is a loopback address.
    pub hosts: Vec<String>,
    /// Addresses and networks (`10.0.0.0/8`) of the proxies in front of the service: from these, `X-Forwarded-For` names the
    /// client, and the bound of connections from one address does not hold. Default: none.
    pub proxies: Vec<String>,
    /// Bounds of the streams that follow logs.
    pub streams: Streams,
    /// How long records are stored.
    pub retention: Retention,
}

/// Bounds of the streams (SSE) that follow logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Streams {
    /// Streams of one API key or person at once. Default: 8.
    #[schemars(range(min = 1, max = 1_000))]
    pub per_key: u32,
    /// Streams of this process at once. Default: 256.
    #[schemars(range(min = 1, max = 10_000))]
    pub total: u32,
    /// When a stream ends; the client goes on where it was, with `Last-Event-ID`. Default: 15m.
    pub lasts: Span,
}

impl Default for Streams {
    fn default() -> Self {
        Self { per_key: 8, total: 256, lasts: Span::secs(15 * 60) }
    }
}

/// What belongs to a project. What no project lists belongs to `default`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Project {
    /// Connections that policies for this project may grant.
    pub connections: Vec<String>,
    /// Secrets that policies for this project may have injected.
    pub secrets: Vec<String>,
    /// Azure DevOps organizations that policies for this project may grant.
    pub organizations: Vec<String>,
}

/// An OpenID provider whose tokens (JWT, RFC 9068 and OpenID Connect Core 1.0) let people and programs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The issuer, as the `iss` of its tokens has it. Its keys are found by `/.well-known/openid-configuration` below it.
    #[schemars(regex(pattern = "^https?://"))]
    pub issuer: String,
    /// What `aud` of a token must hold: the name of this service at the provider.
    #[schemars(length(min = 1))]
    pub audience: String,
    /// The claim that names people where they are shown. It may be one that people choose themselves: nothing is decided by
    /// it. Default: `sub`.
    #[serde(default = "sub")]
    pub name_claim: String,
    /// The claim with roles or groups: a list of texts, or one text with spaces; nested ones with dots, for instance
    /// `realm_access.roles`. Default: `roles`.
    #[serde(default = "roles")]
    pub roles_claim: String,
    /// What values of that claim let their holders do.
    #[schemars(length(min = 1))]
    pub grants: Vec<OidcGrant>,
}

/// What a value of the roles claim lets its holders do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OidcGrant {
    /// The value.
    pub value: String,
    /// `viewer`, `operator` or `admin`.
    #[schemars(regex(pattern = "^(viewer|operator|admin)$"))]
    pub role: String,
    /// The projects; `*` for all, and for what belongs to none. Default: `default`.
    #[serde(default = "default_projects")]
    pub projects: Vec<String>,
}

fn sub() -> String {
    "sub".to_owned()
}

fn roles() -> String {
    "roles".to_owned()
}

fn default_projects() -> Vec<String> {
    vec![crate::project::DEFAULT.to_owned()]
}

/// Reports to other systems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// Where traces go: the base URL of an OTLP receiver over HTTP, for instance `http://localhost:4318`. Default: nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^https?://"))]
    pub otlp_endpoint: Option<String>,
    /// Headers of requests there, for instance `authorization`: values, or references to secrets that hold them.
    pub otlp_headers: BTreeMap<String, Setting>,
    /// Of this many runs that come without a trace of their own, one is traced. Default: 1, every run.
    #[schemars(range(min = 1))]
    pub sample_one_in: u32,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { otlp_endpoint: None, otlp_headers: BTreeMap::new(), sample_one_in: 1 }
    }
}

/// How long records are stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Runs that have ended, with their logs and workspaces. Default: 30d.
    pub runs: Span,
    /// Ended runs of one job at most. Default: 10_000.
    #[schemars(range(min = 1))]
    pub runs_per_job: u32,
    /// Rows of the fire ledger. Default: 90d.
    pub ledger: Span,
    /// Rows of the audit log. Default: 365d.
    pub audit: Span,
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
