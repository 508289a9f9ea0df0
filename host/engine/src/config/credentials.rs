//! Credentials by name, for the `http` rules of policies. The host adds them to requests, and no guest
//! sees them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::connection::relative;
use super::{SecretRef, Setting};
use crate::document::{Diagnostics, Document, cut, escape};
use crate::quantity::Span;

/// A credential of HTTP requests. Its `kind` decides which keys it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// The way to log in.
    pub kind: CredentialKind,
    /// `static` only: the name of the header, for instance `x-api-key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub header: Option<String>,
    /// `static` only: the value of the header, in which `{}` stands for the secret: `Bearer {}`. Default:
    /// `{}`, the secret alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1_000))]
    pub format: Option<String>,
    /// `static` only: the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretRef>,
    /// `basic` only: the user name, or a reference to a secret that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Setting>,
    /// `basic` only: the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretRef>,
    /// `client_credentials` only: the URL of the token endpoint, `https://...`; `http://` only for this
    /// machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2_000))]
    pub token_url: Option<String>,
    /// `client_credentials` only: the id of the client, or a reference to a secret that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Setting>,
    /// `client_credentials` only: the secret of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretRef>,
    /// `client_credentials` only: the scope of the token. Default: none; the server chooses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2_000))]
    pub scope: Option<String>,
    /// `client_credentials` only: further fields of the request for a token that are not secret, for
    /// instance `audience`. Default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// `client_credentials` only: the place of the client's id and secret in the request for a token.
    /// Default: `body`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_authentication: Option<ClientAuthentication>,
    /// `client_credentials` only: the maximum time for getting a token. Default: 15s; at most 60s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
}

/// A kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CredentialKind {
    /// A header that holds a secret.
    Static,
    /// A user name and a password (HTTP basic authentication, RFC 7617).
    Basic,
    /// A token that the host gets with an id and a secret, and renews (OAuth 2.0 client credentials, RFC
    /// 6749 section 4.4).
    ClientCredentials,
}

/// The place of a client's id and secret in a request for a token (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// The fields `client_id` and `client_secret` of the body.
    #[default]
    Body,
    /// The header `authorization`, as HTTP basic authentication.
    Basic,
}

/// The source of a credential, complete for its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// A header in whose format `{}` stands for the secret, and `{basic}` for `:secret` in base64.
    Header {
        /// The name of the header.
        header: String,
        /// The format of its value.
        format: String,
        /// The secret.
        secret: SecretRef,
    },
    /// HTTP basic authentication.
    Basic {
        /// The user name.
        user: Setting,
        /// The password.
        password: SecretRef,
    },
    /// A token.
    Token(ClientCredentials),
}

/// The way to a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCredentials {
    /// The URL of the token endpoint.
    pub token_url: String,
    /// The id of the client.
    pub client_id: Setting,
    /// The secret of the client.
    pub client_secret: SecretRef,
    /// The scope of the token.
    pub scope: Option<String>,
    /// Further fields of the request.
    pub parameters: BTreeMap<String, String>,
    /// The place of the id and the secret.
    pub authentication: ClientAuthentication,
    /// The maximum time for getting a token.
    pub timeout: Duration,
}

/// The maximum time for getting a token, by default: a busy server answers, and a step does not lose its own
/// time to a server that does not.
pub(super) const TOKEN_TIME: Duration = Duration::from_secs(15);
/// The longest such time.
const MAX_TOKEN_TIME: Duration = Duration::from_secs(60);

/// Fields of a request for a token that other keys set.
const RESERVED_FIELDS: [&str; 4] = ["client_id", "client_secret", "grant_type", "scope"];

/// Headers that delimit a request or name its destination, or that the host itself sets.
const RESERVED_HEADERS: [&str; 11] = [
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Credential {
    /// Returns the source of the credential. `None` when a key of its kind is missing, which [`Credential::check`]
    /// reports.
    pub(super) fn provider(&self) -> Option<Provider> {
        Some(match self.kind {
            CredentialKind::Static => Provider::Header {
                header: self.header.clone()?,
                format: self.format.clone().unwrap_or_else(|| "{}".to_owned()),
                secret: self.secret.clone()?,
            },
            CredentialKind::Basic => {
                Provider::Basic { user: self.user.clone()?, password: self.password.clone()? }
            }
            CredentialKind::ClientCredentials => Provider::Token(ClientCredentials {
                token_url: self.token_url.clone()?,
                client_id: self.client_id.clone()?,
                client_secret: self.client_secret.clone()?,
                scope: self.scope.clone(),
                parameters: self.parameters.clone(),
                authentication: self.client_authentication.unwrap_or_default(),
                timeout: self.timeout.map_or(TOKEN_TIME, |timeout| timeout.0),
            }),
        })
    }

    /// Returns the settings that refer to secrets, with their keys.
    pub(super) fn references(&self) -> Vec<(&'static str, SecretRef)> {
        let settings = [("user", &self.user), ("client_id", &self.client_id)];
        let secrets =
            [("secret", &self.secret), ("password", &self.password), ("client_secret", &self.client_secret)];
        let named =
            settings.into_iter().filter_map(|(key, setting)| Some((key, setting.as_ref()?.reference()?)));
        named.chain(secrets.into_iter().filter_map(|(key, secret)| Some((key, secret.clone()?)))).collect()
    }

    /// Completes paths and reports problems.
    pub(super) fn check(&mut self, name: &str, dir: &Path, document: &Document, problems: &mut Diagnostics) {
        let at = format!("/credentials/{}", escape(name));
        if !is_name(name) {
            let message =
                format!("`{name}` is not the name of a credential: 1 to 64 letters, digits, `_` and `-`");
            problems.0.push(document.error_at_key(&at, message));
        }
        for setting in [&mut self.user, &mut self.client_id].into_iter().flatten() {
            relative(&mut setting.0, dir);
        }
        for secret in [&mut self.secret, &mut self.password, &mut self.client_secret].into_iter().flatten() {
            relative(&mut secret.0, dir);
        }
        let mut wrong = |key: &str, message: String| {
            problems.0.push(document.error(&format!("{at}{key}"), message));
        };
        let kind: &str = self.kind.into();
        for (key, of, required, given) in self.keys() {
            let owner: &str = of.into();
            if given && of != self.kind {
                wrong(
                    &format!("/{key}"),
                    format!("`{key}` is for `kind: {owner}`, and this one is `{kind}`"),
                );
            } else if required && !given && of == self.kind {
                wrong("", format!("missing key `{key}` of a credential with `kind: {kind}`"));
            }
        }
        for (key, problem) in self.wrong_values() {
            wrong(&key, problem);
        }
    }

    /// Returns each key with the kind that has it, whether that kind requires it, and whether it is given.
    fn keys(&self) -> [(&'static str, CredentialKind, bool, bool); 12] {
        use CredentialKind::{Basic, ClientCredentials as Client, Static};
        [
            ("header", Static, true, self.header.is_some()),
            ("format", Static, false, self.format.is_some()),
            ("secret", Static, true, self.secret.is_some()),
            ("user", Basic, true, self.user.is_some()),
            ("password", Basic, true, self.password.is_some()),
            ("token_url", Client, true, self.token_url.is_some()),
            ("client_id", Client, true, self.client_id.is_some()),
            ("client_secret", Client, true, self.client_secret.is_some()),
            ("scope", Client, false, self.scope.is_some()),
            ("parameters", Client, false, !self.parameters.is_empty()),
            ("client_authentication", Client, false, self.client_authentication.is_some()),
            ("timeout", Client, false, self.timeout.is_some()),
        ]
    }

    /// Returns the values that the schema cannot refuse, each with its key and the problem.
    fn wrong_values(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut wrong = |key: &str, problem: Option<String>| {
            found.extend(problem.map(|problem| (format!("/{key}"), problem)));
        };
        wrong("header", self.header.as_deref().and_then(header_problem));
        let format =
            self.format.as_deref().filter(|format| !format.contains("{}") || !is_header_value(format));
        wrong(
            "format",
            format.map(|_| {
                "`format` needs `{}`, the place of the secret, and no control characters".to_owned()
            }),
        );
        let user = self.user.as_ref().filter(|user| user.reference().is_none() && user.0.contains(':'));
        wrong("user", user.map(|_| "a user name cannot contain `:`, which ends it in the header".to_owned()));
        wrong("token_url", self.token_url.as_deref().and_then(token_url_problem));
        for name in self.parameters.keys().filter(|name| RESERVED_FIELDS.contains(&name.as_str())) {
            let own = "the host sets this field from the other keys of the credential";
            wrong(&format!("parameters/{}", escape(name)), Some(own.to_owned()));
        }
        let timeout = self.timeout.filter(|timeout| timeout.0.is_zero() || timeout.0 > MAX_TOKEN_TIME);
        wrong("timeout", timeout.map(|_| "`timeout` must be more than 0, and at most 60s".to_owned()));
        found
    }
}

/// Returns whether a text can be the name of a credential.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    !name.is_empty() && name.len() <= 64 && name.chars().all(fits)
}

/// Returns why a header cannot hold a credential.
fn header_problem(name: &str) -> Option<String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Some(format!(
            "`{}` is not the name of a header: write for instance x-api-key",
            cut(name, 60)
        ));
    }
    let reserved = RESERVED_HEADERS.iter().any(|header| name.eq_ignore_ascii_case(header));
    let proxies = name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("proxy-"));
    (reserved || proxies)
        .then(|| format!("the header `{name}` cannot hold a credential: it has another meaning"))
}

fn is_header_value(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f))
}

/// Returns the problem of the URL of a token endpoint. A secret goes there, so it is encrypted unless it stays
/// on this machine.
pub(super) fn token_url_problem(text: &str) -> Option<String> {
    let wrong =
        || format!("`{}` is not a URL: write for instance https://login.example.com/token", cut(text, 200));
    let Ok(url) = url::Url::parse(text) else { return Some(wrong()) };
    if url.host().is_none() {
        return Some(wrong());
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Some("the URL of a token endpoint has no login and no fragment".to_owned());
    }
    match url.scheme() {
        _ if is_private(&url) => None,
        "http" => {
            Some("a secret goes to this URL: write https://, or use a server on this machine".to_owned())
        }
        _ => Some(wrong()),
    }
}

/// Returns whether no other machine can read what is sent to a URL: the connection is encrypted, or stays on this
/// machine.
pub fn is_private(url: &url::Url) -> bool {
    let is_local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    url.scheme() == "https" || url.scheme() == "http" && is_local
}
