//! The operator's configuration: what connections, organizations and secrets are called, and where they are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::{Diagnostics, Document, Schema};
use crate::policy::{Grants, HttpRule, Inject, LimitsPatch};
use crate::quantity::Span;
use crate::schedule::Calendars;

/// The configuration file, `stepwell.yaml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Configuration {
    /// SQL connections by name.
    pub connections: BTreeMap<String, Connection>,
    /// Azure DevOps.
    pub azure_devops: AzureDevOps,
    /// Secrets by name, for `inject` in policies. Guests never see them.
    pub secrets: BTreeMap<String, SecretRef>,
    /// Where the values of `store:` secrets are kept, encrypted. `stepwell secrets` writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_store: Option<SecretStore>,
    /// What the operator says about step types, by name.
    pub step_types: BTreeMap<String, StepType>,
    /// Calendars by name, for the `blackout` of schedules: dates and ranges without fires.
    pub calendars: Calendars,
    /// What `stepwell serve` does beside running steps.
    pub service: Service,
}

/// The service's own settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Service {
    /// Runs that this process works on at once, over all queues. Default: 256. Each worker reserves 4 GiB of address
    /// space, not of memory, for the instance of its step: hence at most 10000.
    #[schemars(range(min = 1, max = 10_000))]
    pub workers: u32,
    /// How long running steps may go on after SIGTERM. Default: 30s, what Kubernetes allows.
    pub drain: Span,
    /// How long a claim lasts without being renewed: the time after which another process takes over the runs of
    /// one that has died. Default: 15s.
    pub lease: Span,
    /// What is kept, and how long.
    pub retention: Retention,
}

/// What is kept, and how long.
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
        Self { workers: 256, drain: Span::secs(30), lease: Span::secs(15), retention: Retention::default() }
    }
}

impl Default for Retention {
    fn default() -> Self {
        const DAY: u64 = 24 * 3600;
        let days = |days| Span::secs(days * DAY);
        Self { runs: days(30), runs_per_job: 10_000, ledger: days(90), audit: days(365) }
    }
}

/// What the operator says about a step type, whatever policies and jobs say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StepType {
    /// Whether its steps run. Default: true.
    pub enabled: bool,
    /// The one component that may bear this name: `sha256:...`, as `stepwell steps inspect` shows it. Default: the one that
    /// is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^sha256:[0-9a-f]{64}$"))]
    pub digest: Option<String>,
    /// Keys of the step's configuration that a job may leave out, and their values then.
    pub defaults: Map<String, Value>,
    /// Limits that no policy exceeds for this type.
    pub limits: LimitsPatch,
}

impl Default for StepType {
    fn default() -> Self {
        Self { enabled: true, digest: None, defaults: Map::new(), limits: LimitsPatch::default() }
    }
}

/// A SQL connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Connection {
    /// A SQLite file.
    Sqlite {
        /// The file; relative to the configuration file. It must exist.
        path: PathBuf,
    },
}

/// Azure DevOps organizations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AzureDevOps {
    /// Organizations by name.
    pub organizations: BTreeMap<String, Organization>,
}

/// An Azure DevOps organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// The base URL. Default: `https://dev.azure.com/NAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The personal access token, scoped to this organization.
    pub pat: SecretRef,
}

/// A file with encrypted values. Without the key, which belongs elsewhere, it tells nothing but names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretStore {
    /// The file; relative to the configuration file. It may be copied and kept with other files.
    pub file: PathBuf,
    /// The file of the key, which its owner alone may read; relative to the configuration file. It is made with the
    /// first secret.
    pub key: PathBuf,
}

/// Where a secret comes from: `env:NAME`, `file:PATH` (relative to the configuration file), or `store:NAME` of the
/// `secret_store`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SecretRef(
    #[schemars(regex(pattern = "^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|store:[A-Za-z0-9._-]{1,128})$"))]
    pub  String,
);

/// What the secret of an organization is called in an [`Inject`].
const PAT_PREFIX: &str = "azure_devops.organizations.";

impl Configuration {
    /// The JSON Schema of the file.
    pub fn schema() -> Schema {
        Schema::of::<Self>()
    }

    /// Reads a configuration file; relative paths start in `dir`.
    ///
    /// # Errors
    /// Every problem of the file, with its place.
    pub fn parse(name: &str, text: &str, dir: &Path) -> Result<Self, Diagnostics> {
        let document = Document::parse(name, text)?;
        let mut config: Self = document.read(&Self::schema())?;
        let mut problems = Diagnostics::default();
        for (name, connection) in &mut config.connections {
            let Connection::Sqlite { path } = connection;
            *path = dir.join(&*path);
            if !path.is_file() {
                let message = format!("there is no file {}", path.display());
                problems.0.push(document.error(&format!("/connections/{name}/path"), message));
            }
        }
        for (name, organization) in &config.azure_devops.organizations {
            let url = organization.base_url(name);
            if !url::Url::parse(&url)
                .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            {
                let message =
                    format!("`{url}` is not a URL: write for instance https://dev.azure.com/{name}");
                problems.0.push(document.error(&format!("/azure_devops/organizations/{name}/url"), message));
            }
        }
        if let Some(store) = &mut config.secret_store {
            (store.file, store.key) = (dir.join(&store.file), dir.join(&store.key));
        } else {
            let kept = |secret: &SecretRef| secret.0.starts_with("store:");
            let named = config.secrets.iter().map(|(name, secret)| (format!("/secrets/{name}"), secret));
            let of = |(name, found): (&String, &'_ Organization)| {
                (format!("/azure_devops/organizations/{name}/pat"), found.pat.clone())
            };
            let pats: Vec<_> = config.azure_devops.organizations.iter().map(of).collect();
            for (at, secret) in named.chain(pats.iter().map(|(at, secret)| (at.clone(), secret))) {
                if kept(secret) {
                    let message = "there is no `secret_store`: add its `file` and `key`";
                    problems.0.push(document.error(&at, message));
                }
            }
        }
        let pats = config.azure_devops.organizations.values_mut().map(|organization| &mut organization.pat);
        for secret in config.secrets.values_mut().chain(pats) {
            if let Some(path) = secret.0.strip_prefix("file:") {
                secret.0 = format!("file:{}", dir.join(path).display());
            }
        }
        if problems.has_errors() { Err(problems.sorted()) } else { Ok(config) }
    }

    /// What `grants` names and this configuration lacks.
    pub fn missing(&self, grants: &Grants) -> Vec<String> {
        let mut missing = Vec::new();
        for rule in
            grants.sql.iter().flatten().filter(|rule| !self.connections.contains_key(&rule.connection))
        {
            missing.push(format!("the connection `{}` is not in the configuration", rule.connection));
        }
        for rule in grants.http.iter().flatten() {
            if let Some(name) = &rule.organization
                && !self.azure_devops.organizations.contains_key(name)
            {
                missing.push(format!("the organization `{name}` is not in the configuration"));
            }
            if let Some(inject) = &rule.inject
                && !self.secrets.contains_key(&inject.secret)
            {
                missing.push(format!("the secret `{}` is not in the configuration", inject.secret));
            }
        }
        missing
    }

    /// Where the secret of an [`Inject`] comes from.
    pub fn secret(&self, name: &str) -> Option<&SecretRef> {
        match name.strip_prefix(PAT_PREFIX).and_then(|rest| rest.strip_suffix(".pat")) {
            Some(organization) => self.azure_devops.organizations.get(organization).map(|found| &found.pat),
            None => self.secrets.get(name),
        }
    }

    /// The rule with its `organization` spelt out.
    pub fn expand(&self, rule: &HttpRule) -> Option<HttpRule> {
        let Some(name) = &rule.organization else { return Some(rule.clone()) };
        let base = self.azure_devops.organizations.get(name)?.base_url(name);
        let url = url::Url::parse(&base).ok()?;
        let path = url.path().trim_end_matches('/');
        Some(HttpRule {
            url: Some(url.origin().ascii_serialization()),
            organization: None,
            methods: ["GET", "POST", "PATCH"].map(str::to_owned).to_vec(),
            paths: vec![format!("{path}/*")],
            inject: Some(Inject {
                header: "authorization".to_owned(),
                format: "Basic {basic}".to_owned(),
                secret: format!("{PAT_PREFIX}{name}.pat"),
            }),
            ..rule.clone()
        })
    }

    /// What the operator says that jobs may leave out of the configuration of a step.
    pub fn left_out(&self, step_type: &str) -> Map<String, Value> {
        self.step_types.get(step_type).map(|said| said.defaults.clone()).unwrap_or_default()
    }

    /// What the configuration adds to the configuration of a step: for `azure_devops`, the URL of the
    /// organization.
    pub fn defaults(&self, step_type: &str, config: &Map<String, Value>) -> Map<String, Value> {
        let mut defaults = Map::new();
        if step_type == "azure_devops"
            && let Some(name) = config.get("organization").and_then(Value::as_str)
            && let Some(organization) = self.azure_devops.organizations.get(name)
        {
            defaults.insert("organization_url".to_owned(), organization.base_url(name).into());
        }
        defaults
    }
}

impl Organization {
    fn base_url(&self, name: &str) -> String {
        self.url.clone().unwrap_or_else(|| format!("https://dev.azure.com/{name}"))
    }
}
