//! The operator's configuration: the names of connections, credentials, organizations and secrets, and where
//! they are.

mod atlantis;
mod azure_devops;
mod connection;
mod credentials;
mod engines;
mod locks;
mod oidc;
mod service;
pub mod spark;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::descriptor::is_type_name;
use crate::document::{Diagnostics, Document, Schema};
use crate::policy::{Capability, HttpRule, LimitsPatch};
use crate::reference::type_of;
use crate::schedule::Calendars;
use crate::step::Manifest;

use connection::relative;

pub use atlantis::{Atlantis, Criterion, EnhancedLocking, FeatureFlags, LockMigration};
pub use azure_devops::{AzureDevOps, ORGANIZATIONS, Organization, ServicePrincipal};
pub use connection::{Connection, ConnectionLimits, Database, Setting, Tls};
pub use credentials::{
    ClientAuthentication, ClientCredentials, Credential, CredentialKind, Provider, is_private,
};
pub use engines::{Engines, LocalEngine, SparkEngine};
pub use locks::LockSettings;
pub use oidc::{Oidc, OidcGrant, OidcLogin};
pub use service::{CircuitBreaker, Features, Project, Retention, Service, Streams, Telemetry, log_problem};

/// The configuration file, `stepwell.yaml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Configuration {
    /// SQL connections by name.
    pub connections: BTreeMap<String, Connection>,
    /// Credentials of HTTP requests by name, for `credential` in policies. Guests never see them.
    pub credentials: BTreeMap<String, Credential>,
    /// Azure DevOps organizations: a short form for a credential and a rule of each.
    pub azure_devops: AzureDevOps,
    /// Secrets by name, for `inject` in policies. Guests never see them.
    pub secrets: BTreeMap<String, SecretRef>,
    /// The encrypted file with the values of `store:` secrets. `stepwell secrets` writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_store: Option<SecretStore>,
    /// The operator's settings for step types, by name.
    pub step_types: BTreeMap<String, StepType>,
    /// The engines of `data_processing`: the sandbox, and a Spark for large inputs.
    pub engines: Engines,
    /// Calendars by name, for the `blackout` of schedules: dates and ranges without fires.
    pub calendars: Calendars,
    /// When steps stop sending requests to a server that fails.
    pub circuit_breaker: CircuitBreaker,
    /// Features that are off unless they are set.
    pub features: Features,
    /// The installation of Atlantis whose locks Stepwell reads, and can take over. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub atlantis: Option<Atlantis>,
    /// The way from the locks of Atlantis to those of Stepwell. Default: off.
    #[serde(rename = "enhanced-locking")]
    pub enhanced_locking: EnhancedLocking,
    /// Settings of `stepwell serve`.
    pub service: Service,
    /// Projects by name: lower-case letters, digits and `-`. The project `default` always exists.
    pub projects: BTreeMap<String, Project>,
    /// The OpenID provider whose tokens give access, and at which people log in. Default: none; only API keys
    /// give access.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc: Option<Oidc>,
    /// Reports to other systems: traces.
    pub telemetry: Telemetry,
    /// The store of runs: the URL of a PostgreSQL database (`postgres://USER:PASSWORD@HOST/DATABASE`), or a
    /// reference to a secret that holds the URL. Default: a SQLite file in the data directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<Setting>,
    /// Further stores by name, for the `store` of queues: URLs, or references to secrets that hold the URLs.
    pub stores: BTreeMap<String, Setting>,
    /// The locks that jobs and other clients share: their store, the order of requests, and the reaction to deadlocks.
    pub locks: LockSettings,
    /// The directory of workspaces, locks and, unless `store` is set, runs; relative to the configuration
    /// file. Default: the user's data directory, for instance `~/.local/share/stepwell`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// Policy files; relative to the configuration file. Default: none; steps get the profile `standard` and
    /// no capability.
    pub policies: Vec<PathBuf>,
    /// The file with the settings of the queues; relative to the configuration file. Default:
    /// `timezone_queues.yaml` beside it, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queues: Option<PathBuf>,
    /// Components to register as steps; relative to the configuration file. Default: none.
    pub steps: Vec<PathBuf>,
    /// Reserved vendor names, the part before `/` of a step type, with the actors who may register their
    /// types besides `steps` and `--step`. Default: none is reserved.
    pub vendors: BTreeMap<String, Vendor>,
}

/// The operator's settings for a step type, which override policies and jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StepType {
    /// Whether its steps run. Default: true.
    pub enabled: bool,
    /// The only component that may have this name: `sha256:...`, as `stepwell steps inspect` shows it.
    /// Default: the present component.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^sha256:[0-9a-f]{64}$"))]
    pub digest: Option<String>,
    /// Keys of the step's configuration that a job may omit, with their default values.
    pub defaults: Map<String, Value>,
    /// Limits that no policy exceeds for this type.
    pub limits: LimitsPatch,
}

/// The actors who may register the step types of a vendor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Vendor {
    /// The actors who may register, roll back and remove its types: an API key (`key:NAME` or `key:ID`; a
    /// bare name means a key), a person (`user:ISSUER/SUB`), or `command`, the command on a machine with
    /// access to the store. Default: none; then only `steps` of the configuration and `--step` add them.
    pub registered_by: Vec<String>,
}

impl Default for StepType {
    fn default() -> Self {
        Self { enabled: true, digest: None, defaults: Map::new(), limits: LimitsPatch::default() }
    }
}

/// A file with encrypted values. Without the key, which belongs elsewhere, it reveals only names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretStore {
    /// The file; relative to the configuration file. It is safe to copy and store it with other files.
    pub file: PathBuf,
    /// The file of the key, which only its owner may read; relative to the configuration file. `stepwell
    /// secrets` creates it with the first secret.
    pub key: PathBuf,
}

/// The source of a secret: `env:NAME`, `file:PATH` (relative to the configuration file), or `store:NAME` of
/// the `secret_store`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SecretRef(
    #[schemars(regex(pattern = "^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|store:[A-Za-z0-9._-]{1,128})$"))]
    pub  String,
);

/// Files beside the configuration file that hold one section each, under the same key as there.
pub const SECTION_FILES: &[(&str, &str)] = &[
    ("connections.yaml", "connections"),
    ("azure_devops.yaml", "azure_devops"),
    ("step_types.yaml", "step_types"),
];

impl Configuration {
    /// Returns the JSON Schema of the file.
    pub fn schema() -> Schema {
        Schema::of::<Self>()
    }

    /// Reads a configuration file. Relative paths start in `dir`.
    ///
    /// # Errors
    /// Returns every problem of the file, with its place.
    pub fn parse(name: &str, text: &str, dir: &Path) -> Result<Self, Diagnostics> {
        Self::parse_all(&[(name.to_owned(), text.to_owned())], dir)
    }

    /// Reads a configuration that is spread over the file itself and [`SECTION_FILES`] beside it, each as its
    /// name and its text. Relative paths start in `dir`.
    ///
    /// # Errors
    /// Returns every problem of every file, with its place.
    pub fn parse_all(files: &[(String, String)], dir: &Path) -> Result<Self, Diagnostics> {
        let (mut read, mut problems) = (Vec::new(), Diagnostics::default());
        for (name, text) in files {
            let parsed = Document::parse(name, text)
                .and_then(|document| Ok((document.read::<Self>(&Self::schema())?, document)));
            match parsed {
                Ok((config, document)) => read.push((name, config, document)),
                Err(found) => problems.0.extend(found.0),
            }
        }
        let has_store = read.iter().any(|(_, config, _)| config.secret_store.is_some());
        let (mut whole, mut first) = (Self::default(), None);
        for (name, mut config, document) in read {
            config.check(dir, has_store, &document, &mut problems);
            config.add_engines(dir, &document, &mut problems);
            match SECTION_FILES.iter().find(|(file, _)| Path::new(name).ends_with(file)) {
                Some((_, section)) => whole.add(section, config, &document, &mut problems),
                None => (whole, first) = (config, Some(document)),
            }
        }
        if let Some(document) = first {
            whole.check_engines(&document, &mut problems);
        }
        if problems.has_errors() { Err(problems.sorted()) } else { Ok(whole) }
    }

    /// Adds the one section of a separate file.
    fn add(&mut self, section: &str, from: Self, document: &Document, problems: &mut Diagnostics) {
        let nothing = match section {
            "connections" => Self { connections: BTreeMap::new(), ..from.clone() },
            "azure_devops" => Self { azure_devops: AzureDevOps::default(), ..from.clone() },
            _ => Self { step_types: BTreeMap::new(), ..from.clone() },
        };
        if nothing != Self::default() {
            problems.0.push(document.error("", format!("this file holds `{section}` and nothing else")));
        }
        let mut twice = Vec::new();
        merge(&mut self.connections, from.connections, "/connections", &mut twice);
        let organizations = &mut self.azure_devops.organizations;
        merge(organizations, from.azure_devops.organizations, "/azure_devops/organizations", &mut twice);
        merge(&mut self.step_types, from.step_types, "/step_types", &mut twice);
        for at in twice {
            problems.0.push(
                document.error(&at, "the configuration file has this name, too: remove one of the two"),
            );
        }
    }

    fn check(&mut self, dir: &Path, has_store: bool, document: &Document, problems: &mut Diagnostics) {
        for (name, connection) in &mut self.connections {
            connection.check(&format!("/connections/{name}"), dir, document, problems);
        }
        for (name, credential) in &mut self.credentials {
            credential.check(name, dir, document, problems);
        }
        self.circuit_breaker.check(document, problems);
        self.locks.check(document, problems);
        if let Some(atlantis) = &self.atlantis {
            atlantis.check(&|name| self.has_project(name), document, problems);
        }
        self.service.check(document, problems);
        if let Some(oidc) = &mut self.oidc {
            oidc.check(dir, document, problems);
        }
        for (name, organization) in &mut self.azure_devops.organizations {
            organization.check(name, dir, document, problems);
        }
        if let Some(store) = &mut self.secret_store {
            (store.file, store.key) = (dir.join(&store.file), dir.join(&store.key));
        }
        for secret in self.secrets.values_mut() {
            relative(&mut secret.0, dir);
        }
        let headers = self.telemetry.otlp_headers.values_mut();
        let redis = self.atlantis.iter_mut().filter_map(|atlantis| atlantis.redis.as_mut());
        let redis = redis.chain(&mut self.locks.redis);
        for store in self.store.iter_mut().chain(self.stores.values_mut()).chain(redis).chain(headers) {
            relative(&mut store.0, dir);
        }
        let file = self.atlantis.iter_mut().filter_map(|atlantis| atlantis.file.as_mut());
        let files = self.policies.iter_mut().chain(&mut self.steps).chain(&mut self.queues);
        let files = files.chain(&mut self.data_dir).chain(file);
        files.for_each(|path| *path = dir.join(&*path));
        self.check_projects(document, problems);
        for name in self.vendors.keys().filter(|name| name.contains('/') || !is_type_name(name)) {
            let message = format!(
                "`{name}` is not the name of a vendor: lower-case letters, digits and `_`, for instance `acme`"
            );
            problems.0.push(document.error_at_key(&format!("/vendors/{name}"), message));
        }
        for (name, secret) in self.references() {
            if !has_store && secret.0.starts_with("store:") {
                let message = "there is no `secret_store`: add its `file` and `key`";
                problems.0.push(document.error(&format!("/{}", name.replace('.', "/")), message));
            }
        }
    }

    fn check_projects(&self, document: &Document, problems: &mut Diagnostics) {
        for name in self.projects.keys() {
            if !crate::project::is_name(name) || name == crate::project::DEFAULT {
                let message = format!(
                    "`{name}`: a project has another name than `default`, of lower-case letters, digits and `-`"
                );
                problems.0.push(document.error_at_key(&format!("/projects/{name}"), message));
            }
        }
        let granted = self.oidc.iter().flat_map(|oidc| oidc.grants.iter().enumerate());
        for (index, grant) in granted {
            for name in grant.projects.iter().filter(|name| *name != "*" && !self.has_project(name)) {
                let at = format!("/oidc/grants/{index}/projects");
                problems
                    .0
                    .push(document.error(&at, format!("there is no project `{name}` under `projects`")));
            }
        }
    }

    /// Returns whether a project with this name exists.
    pub fn has_project(&self, name: &str) -> bool {
        name == crate::project::DEFAULT || self.projects.contains_key(name)
    }

    /// Returns the projects that a resource belongs to.
    fn owners(&self, listed: impl Fn(&Project) -> bool) -> Vec<&str> {
        let owners: Vec<&str> = self
            .projects
            .iter()
            .filter(|(_, project)| listed(project))
            .map(|(name, _)| name.as_str())
            .collect();
        if owners.is_empty() { vec![crate::project::DEFAULT] } else { owners }
    }

    /// Returns the projects whose policies may grant a connection.
    pub fn projects_of_connection(&self, name: &str) -> Vec<&str> {
        self.owners(|project| project.connections.iter().any(|listed| listed == name))
    }

    /// Returns the projects whose policies may grant an Azure DevOps organization.
    pub fn projects_of_organization(&self, name: &str) -> Vec<&str> {
        self.owners(|project| project.organizations.iter().any(|listed| listed == name))
    }

    /// Describes the projects of a policy that a resource does not belong to.
    pub(crate) fn strangers(
        &self,
        is_for: &dyn Fn(&str) -> bool,
        listed: impl Fn(&Project) -> bool,
    ) -> Option<String> {
        let owners = self.owners(listed);
        let all = std::iter::once(crate::project::DEFAULT).chain(self.projects.keys().map(String::as_str));
        let strangers: Vec<&str> = all.filter(|name| is_for(name) && !owners.contains(name)).collect();
        (!strangers.is_empty()).then(|| {
            format!(
                "belongs to {}, and the policy is for {}",
                listed_briefly(&owners),
                listed_briefly(&strangers)
            )
        })
    }

    /// Keeps the settings that cannot change while a process runs, and returns the names of the settings that
    /// would have changed.
    pub fn keep_fixed(&mut self, running: &Self) -> Vec<&'static str> {
        let mut kept = Vec::new();
        macro_rules! keep {
            ($($($key:ident).+),* $(,)?) => {
                $(if self.$($key).+ != running.$($key).+ {
                    self.$($key).+ = running.$($key).+.clone();
                    kept.push(concat!($(".", stringify!($key)),+).trim_start_matches('.'));
                })*
            };
        }
        keep!(
            connections,
            credentials,
            azure_devops,
            secrets,
            secret_store,
            store,
            stores,
            data_dir,
            steps,
            circuit_breaker,
            locks,
            atlantis,
            enhanced_locking,
            service.workers,
            service.listen,
            service.rate_limit,
            service.hosts,
            service.proxies,
            telemetry,
            oidc,
        );
        kept
    }

    /// Returns every secret that the configuration names, with its place.
    pub fn references(&self) -> Vec<(String, SecretRef)> {
        let secrets = self.secrets.iter().map(|(name, secret)| (format!("secrets.{name}"), secret.clone()));
        let mut all: Vec<_> = secrets.collect();
        for (name, credential) in &self.credentials {
            let found = credential.references().into_iter();
            all.extend(found.map(|(key, secret)| (format!("credentials.{name}.{key}"), secret)));
        }
        for (name, organization) in &self.azure_devops.organizations {
            let at = format!("azure_devops.organizations.{name}");
            all.extend(
                organization.references().map(|(key, secret)| (format!("{at}.{key}"), secret.clone())),
            );
        }
        for (name, header) in &self.telemetry.otlp_headers {
            let at = format!("telemetry.otlp_headers.{name}");
            all.extend(header.reference().map(|secret| (at, secret)));
        }
        let login = self.oidc.as_ref().and_then(|oidc| oidc.login.as_ref()?.client_secret.clone());
        all.extend(login.map(|secret| ("oidc.login.client_secret".to_owned(), secret)));
        let stores = self.stores.iter().map(|(name, url)| (format!("stores.{name}"), url));
        let locks = self.locks.redis.iter().map(|url| ("locks.redis".to_owned(), url));
        let redis = self.atlantis.iter().filter_map(|atlantis| atlantis.redis.as_ref());
        let redis = redis.map(|url| ("atlantis.redis".to_owned(), url)).chain(locks);
        for (name, url) in stores.chain(self.store.iter().map(|url| ("store".to_owned(), url))).chain(redis) {
            all.extend(url.reference().map(|secret| (name, secret)));
        }
        for (name, connection) in &self.connections {
            let found = connection.references().into_iter();
            all.extend(found.map(|(key, secret)| (format!("connections.{name}.{key}"), secret)));
        }
        all
    }

    /// Returns the credential that a rule of a grant adds to its requests, and its name in receipts. `None` when
    /// the rule adds none; without a source when the configuration lacks it.
    pub fn credential_of(&self, rule: &HttpRule) -> Option<(String, Option<Provider>)> {
        if let Some(name) = &rule.organization {
            let found = self.azure_devops.organizations.get(name);
            let source = found.and_then(Organization::provider);
            return Some((format!("azure_devops.organizations.{name}"), source));
        }
        if let Some(name) = &rule.credential {
            let source = self.credentials.get(name).and_then(Credential::provider);
            return Some((format!("credential {name}"), source));
        }
        let inject = rule.inject.as_ref()?;
        let source = self.secrets.get(&inject.secret).map(|secret| Provider::Header {
            header: inject.header.clone(),
            format: inject.format.clone(),
            secret: secret.clone(),
        });
        Some((inject.secret.clone(), source))
    }

    /// Expands the `organization` of a rule. The rule keeps its name, which selects its credential.
    pub fn expand(&self, rule: &HttpRule) -> Option<HttpRule> {
        match &rule.organization {
            Some(name) => self.azure_devops.expand(rule, name),
            None => Some(rule.clone()),
        }
    }

    /// Returns the defaults for keys that jobs may omit from the configuration of a step.
    pub fn left_out(&self, step_type: &str) -> Map<String, Value> {
        self.step_types.get(type_of(step_type)).map(|said| said.defaults.clone()).unwrap_or_default()
    }

    /// Returns the values that the operator's configuration adds to the configuration of a step that names an
    /// organization.
    pub fn defaults(&self, manifest: &Manifest, config: &Map<String, Value>) -> Map<String, Value> {
        let named =
            manifest.names(config).into_iter().find(|(_, capability, _)| *capability == Capability::Http);
        named.map_or_else(Map::new, |(_, _, name)| self.azure_devops.defaults(manifest, name))
    }
}

/// Maximum number of names in a message.
const SHOWN: usize = 10;

/// Joins names. Of many, the first.
fn listed_briefly(names: &[&str]) -> String {
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}

fn merge<T>(into: &mut BTreeMap<String, T>, from: BTreeMap<String, T>, at: &str, twice: &mut Vec<String>) {
    for (name, value) in from {
        match into.entry(name) {
            Entry::Occupied(entry) => twice.push(format!("{at}/{}", entry.key())),
            Entry::Vacant(entry) => drop(entry.insert(value)),
        }
    }
}
