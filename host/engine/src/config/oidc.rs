//! The OpenID provider: its bearer tokens, and the login of people in the web UI.

use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::SecretRef;
use super::connection::relative;
use super::credentials::is_private;
use crate::document::{Diagnostic, Diagnostics, Document, cut};
use crate::label;
use crate::quantity::Span;

/// An OpenID provider whose tokens (JWT, RFC 9068 and OpenID Connect Core 1.0) give people and
/// programs access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The issuer, exactly as the `iss` of its tokens: `https://...`; `http://` only for this machine. Its keys
    /// are found through `/.well-known/openid-configuration` below it.
    #[schemars(regex(pattern = "^https?://"))]
    pub issuer: String,
    /// The required value in `aud` of a bearer token: the name of this service at the provider. Tokens of a
    /// login are for `login.client_id`.
    #[schemars(length(min = 1))]
    pub audience: String,
    /// The claim with the display name. People may choose its value themselves, because no decision depends
    /// on it. Default: `sub`.
    #[serde(default = "sub")]
    pub name_claim: String,
    /// The claim with roles or groups: a list of texts, or one text with spaces. Dots reach nested claims,
    /// for instance `realm_access.roles`. Default: `roles`.
    #[serde(default = "roles")]
    pub roles_claim: String,
    /// The rights that values of that claim give.
    #[schemars(length(min = 1))]
    pub grants: Vec<OidcGrant>,
    /// The login of people in the web UI at this provider. Default: none; people log in with API keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<OidcLogin>,
}

/// The rights that a value of the roles claim gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OidcGrant {
    /// The value of the claim.
    pub value: String,
    /// The role: `worker`, `viewer`, `operator` or `admin`.
    #[schemars(regex(pattern = "^(worker|viewer|operator|admin)$"))]
    pub role: String,
    /// The projects; `*` for all projects and for resources of no project. Default: `default`.
    #[serde(default = "default_projects")]
    pub projects: Vec<String>,
}

/// The login of people in the web UI: the authorization code flow of OpenID Connect Core 1.0, with PKCE (RFC
/// 7636). `name_claim`, `roles_claim` and `grants` apply to the claims of the ID token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OidcLogin {
    /// The id of this service as a client of the provider.
    #[schemars(length(min = 1, max = 1_000))]
    pub client_id: String,
    /// The secret of the client. Default: none; the provider then knows it as a public client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretRef>,
    /// The URL at which browsers reach this service, without a path: `https://...`; `http://` only for this
    /// machine. The provider knows the redirect URI `PUBLIC_URL/ui/login/openid/callback`.
    #[schemars(length(max = 2_000))]
    pub public_url: String,
    /// The scopes of the login, `openid` among them. Default: `openid`, `profile` and `email`.
    #[serde(default = "scopes")]
    #[schemars(length(min = 1, max = 50), inner(length(min = 1, max = 200)))]
    pub scopes: Vec<String>,
    /// The name of the provider on the page of the login. Default: the host of the issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 60))]
    pub name: Option<String>,
    /// Whether claims that the ID token lacks come from the UserInfo endpoint of the provider. Default: false.
    #[serde(default)]
    pub userinfo: bool,
    /// The time after which a session ends at the latest, and the person logs in again. Until then, the session
    /// has the roles of its login. Default: 12h, a working day. From 5m to 7d.
    #[serde(default = "session")]
    pub session: Span,
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

fn scopes() -> Vec<String> {
    ["openid", "profile", "email"].map(str::to_owned).to_vec()
}

fn session() -> Span {
    Span::secs(12 * 3600)
}

/// The shortest and the longest session.
const SHORTEST: Duration = Duration::from_secs(5 * 60);
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

impl Oidc {
    /// Completes paths, and reports problems that the schema does not see.
    pub(super) fn check(&mut self, dir: &Path, document: &Document, problems: &mut Diagnostics) {
        if let Some((message, help)) = issuer_problem(&self.issuer) {
            problems.0.push(document.error("/oidc/issuer", message).help(help));
        }
        if let Some(login) = &mut self.login {
            if let Some(secret) = &mut login.client_secret {
                relative(&mut secret.0, dir);
            }
            problems.0.extend(login.problems(document));
        }
    }
}

impl OidcLogin {
    /// Returns the URL to which the provider sends a person after the login.
    pub fn redirect_uri(&self) -> String {
        format!("{}/ui/login/openid/callback", self.public_url.trim_end_matches('/'))
    }

    fn problems(&self, document: &Document) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let mut wrong = |key: &str, message: String, help: &str| {
            found.push(document.error(&format!("/oidc/login/{key}"), message).help(help));
        };
        if let Some((message, help)) = public_url_problem(&self.public_url) {
            wrong("public_url", message, help);
        }
        if !self.scopes.iter().any(|scope| scope == "openid") {
            let message = "`scopes` lacks `openid`, without which the provider sends no ID token";
            wrong("scopes", message.to_owned(), "add `openid`");
        }
        for (index, scope) in self.scopes.iter().enumerate() {
            let key = format!("scopes/{index}");
            if !is_scope(scope) {
                let message =
                    format!("`{}` is not a scope: it has no spaces, no quotes and no `\\`", cut(scope, 60));
                wrong(&key, message, "write each scope as a separate item");
            } else if self.scopes.iter().take(index).any(|earlier| earlier == scope) {
                wrong(&key, format!("`{scope}` is in the list twice"), "remove one of the two");
            }
        }
        if let Some(problem) = self.name.as_deref().and_then(label::problem) {
            wrong("name", format!("`name` {problem}"), "write the name as the page of the login shows it");
        }
        if !(SHORTEST..=LONGEST).contains(&self.session.0) {
            let message = "`session` must be from 5m, in which a person finishes a form, to 7d";
            wrong("session", message.to_owned(), "leave it out for 12h");
        }
        found
    }
}

/// Returns whether a text is a scope (RFC 6749 section 3.3).
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte))
}

/// Returns the problem of an issuer, and its fix.
fn issuer_problem(text: &str) -> Option<(String, &'static str)> {
    const EXAMPLE: &str = "copy `issuer` of the provider's /.well-known/openid-configuration";
    let Some(url) = Url::parse(text).ok().filter(Url::has_host) else {
        return Some((format!("`{}` is not a URL", cut(text, 200)), EXAMPLE));
    };
    if !is_private(&url) {
        return Some(("the keys of the provider come from this URL, and are not encrypted".to_owned(), FIX));
    }
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    (!is_plain).then(|| ("an issuer has no login, no query and no fragment".to_owned(), EXAMPLE))
}

const FIX: &str = "write https://, or use a server on this machine";

/// Returns the problem of the URL of this service, and its fix.
fn public_url_problem(text: &str) -> Option<(String, &'static str)> {
    const EXAMPLE: &str = "write for instance https://stepwell.example";
    let Some(url) = Url::parse(text).ok().filter(Url::has_host) else {
        return Some((format!("`{}` is not a URL", cut(text, 200)), EXAMPLE));
    };
    if !is_private(&url) {
        return Some(("the codes of logins go to this URL, and are not encrypted".to_owned(), FIX));
    }
    let is_origin = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    (!is_origin).then(|| {
        ("the pages are at `/ui` of a host: this URL has more than a host and a port".to_owned(), EXAMPLE)
    })
}

#[cfg(test)]
mod tests {
    use crate::config::Configuration;

    /// Returns the problems of a configuration, each with its line and its fix.
    fn problems(login: &str) -> Vec<String> {
        let text = format!(
            "oidc:\n  issuer: https://login.example\n  audience: a\n  grants: [{{value: v, role: viewer}}]\n  login:\n{login}"
        );
        let parsed = Configuration::parse("stepwell.yaml", &text, std::path::Path::new("/etc"));
        let found = parsed.err().map(|problems| problems.0).unwrap_or_default();
        found
            .into_iter()
            .map(|one| format!("{}: {} ({})", one.line, one.message, one.help.unwrap_or_default()))
            .collect()
    }

    #[test]
    fn a_login_names_its_problems_with_their_lines_and_fixes() {
        let url = "    public_url: https://stepwell.example\n";
        let id = "    client_id: me\n";
        for (login, expected) in [
            (format!("{id}{url}"), &[][..]),
            (format!("{id}    public_url: http://127.0.0.1:7450/\n"), &[]),
            (format!("{id}    public_url: 'http://[::1]:7450'\n"), &[]),
            (
                format!("{id}    public_url: http://stepwell.example\n"),
                &[
                    "7: the codes of logins go to this URL, and are not encrypted (write https://, or use a server on this machine)",
                ],
            ),
            (
                format!("{id}    public_url: https://stepwell.example/ui\n"),
                &[
                    "7: the pages are at `/ui` of a host: this URL has more than a host and a port (write for instance https://stepwell.example)",
                ],
            ),
            (
                format!("{id}    public_url: stepwell.example\n"),
                &["7: `stepwell.example` is not a URL (write for instance https://stepwell.example)"],
            ),
            (
                format!("{id}{url}    scopes: [profile, 'a b', profile]\n"),
                &[
                    "8: `scopes` lacks `openid`, without which the provider sends no ID token (add `openid`)",
                    "8: `a b` is not a scope: it has no spaces, no quotes and no `\\` (write each scope as a separate item)",
                    "8: `profile` is in the list twice (remove one of the two)",
                ],
            ),
            (
                format!("{id}{url}    session: 8d\n"),
                &[
                    "8: `session` must be from 5m, in which a person finishes a form, to 7d (leave it out for 12h)",
                ],
            ),
            (
                format!("{id}{url}    client_secret: store:openid\n"),
                &["8: there is no `secret_store`: add its `file` and `key` ()"],
            ),
            (
                format!("{id}{url}    name: \"Ac\\u202eme\"\n"),
                &[
                    "8: `name` must not contain the character U+202E, which controls how text is shown (write the name as the page of the login shows it)",
                ],
            ),
        ] {
            assert_eq!(problems(&login), expected, "{login}");
        }
        for (login, word) in [
            (url.to_owned(), "client_id"),
            (id.to_owned(), "public_url"),
            (format!("{id}{url}    client_secret: hunter2\n"), "client_secret"),
            (format!("{id}{url}    pkce: false\n"), "pkce"),
        ] {
            let found = problems(&login);
            assert!(found.len() == 1 && found[0].contains(word), "{login}: {found:?}");
        }
    }

    #[test]
    fn an_issuer_is_encrypted_unless_it_is_on_this_machine() {
        for (issuer, problem) in [
            ("https://login.example/realms/acme", None),
            ("http://127.0.0.1:8080", None),
            ("http://localhost:8080/x", None),
            ("http://login.example", Some("are not encrypted")),
            ("http://localhost.evil.example", Some("are not encrypted")),
            ("https://login.example/?a=b", Some("no query")),
            ("https://ann@login.example/", Some("no login")),
            ("https://", Some("is not a URL")),
        ] {
            let found = super::issuer_problem(issuer).map(|(message, _)| message);
            match problem {
                None => assert_eq!(found, None, "{issuer}"),
                Some(words) => assert!(
                    found.as_deref().is_some_and(|found| found.contains(words)),
                    "{issuer}: {found:?}"
                ),
            }
        }
    }
}
