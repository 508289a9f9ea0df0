//! Azure DevOps organizations: a short form for a credential and a rule of each organization. No other part
//! of the host knows Azure DevOps.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::connection::relative;
use super::credentials::{ClientAuthentication, ClientCredentials, Provider, TOKEN_TIME, token_url_problem};
use super::{SecretRef, Setting};
use crate::document::{Diagnostics, Document};
use crate::policy::HttpRule;
use crate::step::Manifest;

/// The scope of Azure DevOps in Microsoft Entra ID
/// (learn.microsoft.com, "Use Azure DevOps REST APIs with a service principal").
const SCOPE: &str = "499b84ac-1321-427f-aa17-267ca6975798/.default";
/// The authority that issues tokens, by default.
const AUTHORITY: &str = "https://login.microsoftonline.com";

/// The place of the organizations in the configuration.
pub const ORGANIZATIONS: &str = "azure_devops.organizations";

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
    /// The personal access token, scoped to this organization. Either this or `service_principal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pat: Option<SecretRef>,
    /// An application of Microsoft Entra ID, whose tokens the host fetches and renews.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_principal: Option<ServicePrincipal>,
    /// The version of the REST API that is asked for. Default: 7.1; an older Azure DevOps Server knows less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9]+\\.[0-9]+(-preview(\\.[0-9]+)?)?$"))]
    pub api_version: Option<String>,
}

/// An application that logs in with a secret of its own (OAuth 2.0 client credentials, RFC 6749 section 4.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServicePrincipal {
    /// The directory: its id or its domain.
    #[schemars(regex(pattern = "^[A-Za-z0-9.-]+$"))]
    pub tenant: String,
    /// The application's id.
    pub client_id: String,
    /// The application's secret.
    pub client_secret: SecretRef,
    /// Where tokens are asked for. Default: `https://login.microsoftonline.com`; national clouds have their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

impl AzureDevOps {
    /// Expands a rule for an organization. `None` when there is no such organization.
    pub(super) fn expand(&self, rule: &HttpRule, organization: &str) -> Option<HttpRule> {
        let found = self.organizations.get(organization)?;
        let url = url::Url::parse(&found.base_url(organization)).ok()?;
        let path = url.path().trim_end_matches('/');
        Some(HttpRule {
            url: Some(url.origin().ascii_serialization()),
            methods: ["GET", "POST", "PATCH"].map(str::to_owned).to_vec(),
            paths: vec![format!("{path}/*")],
            ..rule.clone()
        })
    }

    /// Returns the values that a step gets for its properties `organization_url` and `api_version`, if it has
    /// them.
    pub(super) fn defaults(&self, manifest: &Manifest, organization: &str) -> Map<String, Value> {
        let Some(found) = self.organizations.get(organization) else { return Map::new() };
        let version = found.api_version.clone().map(Value::from);
        let all = [("organization_url", Some(found.base_url(organization).into())), ("api_version", version)];
        let taken = all.into_iter().filter(|(property, _)| manifest.takes(property));
        taken.filter_map(|(property, value)| Some((property.to_owned(), value?))).collect()
    }
}

impl Organization {
    /// Returns the key of the way to log in, and the application that logs in, if it is not a person.
    pub fn login(&self) -> (&'static str, Option<&ServicePrincipal>) {
        match &self.service_principal {
            Some(principal) => ("service_principal", Some(principal)),
            None => ("pat", None),
        }
    }

    /// Returns the reference to the secret of the login.
    pub fn secret(&self) -> Option<&SecretRef> {
        self.pat.as_ref().or(self.service_principal.as_ref().map(|principal| &principal.client_secret))
    }

    /// Returns the base URL of the organization of that name.
    pub fn base_url(&self, name: &str) -> String {
        self.url.clone().unwrap_or_else(|| format!("https://dev.azure.com/{name}"))
    }

    /// Returns the source of the organization's credential.
    pub fn provider(&self) -> Option<Provider> {
        match (&self.pat, &self.service_principal) {
            (Some(pat), _) => Some(Provider::Header {
                header: "authorization".to_owned(),
                format: "Basic {basic}".to_owned(),
                secret: pat.clone(),
            }),
            (None, Some(principal)) => Some(Provider::Token(ClientCredentials {
                token_url: principal.token_url(),
                client_id: Setting(principal.client_id.clone()),
                client_secret: principal.client_secret.clone(),
                scope: Some(SCOPE.to_owned()),
                parameters: BTreeMap::new(),
                authentication: ClientAuthentication::Body,
                timeout: TOKEN_TIME,
            })),
            (None, None) => None,
        }
    }

    /// Returns the settings that refer to secrets, with their keys.
    pub(super) fn references(&self) -> impl Iterator<Item = (&'static str, &SecretRef)> {
        let principal = self.service_principal.as_ref().map(|principal| &principal.client_secret);
        let keys = [("pat", self.pat.as_ref()), ("service_principal.client_secret", principal)];
        keys.into_iter().filter_map(|(key, secret)| Some((key, secret?)))
    }

    /// Completes paths and reports problems.
    pub(super) fn check(&mut self, name: &str, dir: &Path, document: &Document, problems: &mut Diagnostics) {
        let at = format!("/azure_devops/organizations/{name}");
        let mut wrong = |key: &str, message: String| {
            problems.0.push(document.error(&format!("{at}{key}"), message));
        };
        let url = self.base_url(name);
        if !is_web(&url) {
            wrong("/url", format!("`{url}` is not a URL: write for instance https://dev.azure.com/{name}"));
        }
        match (&self.pat, &self.service_principal) {
            (None, None) => wrong("", "missing key `pat` or `service_principal`: how to log in".to_owned()),
            (Some(_), Some(_)) => {
                wrong(
                    "/service_principal",
                    "`pat` and `service_principal` are two ways to log in: set one of them".to_owned(),
                );
            }
            _ => {}
        }
        if let Some(principal) = &mut self.service_principal {
            if let Some(authority) = &principal.authority {
                if !is_web(authority) {
                    let message = format!(
                        "`{authority}` is not a URL: write for instance https://login.microsoftonline.us"
                    );
                    wrong("/service_principal/authority", message);
                } else if let Some(problem) = token_url_problem(&principal.token_url()) {
                    wrong("/service_principal/authority", problem);
                }
            }
            relative(&mut principal.client_secret.0, dir);
        }
        if let Some(pat) = &mut self.pat {
            relative(&mut pat.0, dir);
        }
    }
}

impl ServicePrincipal {
    fn token_url(&self) -> String {
        let authority = self.authority.as_deref().unwrap_or(AUTHORITY);
        format!("{}/{}/oauth2/v2.0/token", authority.trim_end_matches('/'), self.tenant)
    }
}

fn is_web(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
