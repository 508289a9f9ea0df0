//! The credentials that the host adds to requests: secrets as they are, and tokens that it gets and renews.
//!
//! The threat: a guest learns a credential, or sends it to another server. So the host reads it after the
//! decision, for the rule that allowed the request, and searches the response for it.

mod token;

use std::sync::Arc;

use base64::Engine as _;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use stepwell_engine::Configuration;
use stepwell_engine::config::{ORGANIZATIONS, Provider, SecretRef, Setting};
use stepwell_engine::policy::HttpRule;
use zeroize::Zeroizing;

use crate::credentials::token::Tokens;
use crate::host::lookups::Lookups;
use crate::mask::Needles;
use crate::secrets::{self, Secret};

/// The credentials of the configuration.
pub(crate) struct Credentials {
    config: Arc<Configuration>,
    tokens: Tokens,
}

/// A credential for one request.
pub(crate) struct Ready {
    pub header: HeaderName,
    pub value: HeaderValue,
    /// The texts to mask in the response.
    pub needles: Needles,
}

impl Credentials {
    pub fn new(config: Arc<Configuration>) -> Self {
        Self { config, tokens: Tokens::default() }
    }

    /// Returns the credential of a rule, and its name in receipts. `None` when the rule adds none. An error
    /// has the reason for the host's log, and never the secret.
    pub async fn get(&self, rule: &HttpRule, lookups: &Lookups) -> Option<(String, Result<Ready, String>)> {
        let (name, source) = self.config.credential_of(rule)?;
        let ready = match source {
            Some(source) => self.ready(&name, &source, lookups).await,
            None => Err("the configuration has no such credential".to_owned()),
        };
        Some((name, ready))
    }

    /// Returns the base URL of an Azure DevOps organization, and its credential.
    ///
    /// # Errors
    /// Returns the reason why there is none, without the secret.
    pub async fn of_organization(&self, name: &str, lookups: &Lookups) -> Result<(String, Ready), String> {
        let found = self.config.azure_devops.organizations.get(name);
        let organization = found.ok_or_else(|| format!("there is no organization `{name}`"))?;
        let source = organization.provider().ok_or("the organization has no way to log in")?;
        let ready = self.ready(&format!("{ORGANIZATIONS}.{name}"), &source, lookups).await?;
        Ok((organization.base_url(name), ready))
    }

    /// Returns the header of a rule's credential.
    pub fn header_of(&self, rule: &HttpRule) -> Option<HeaderName> {
        match self.config.credential_of(rule)?.1? {
            Provider::Header { header, .. } => HeaderName::from_bytes(header.as_bytes()).ok(),
            Provider::Basic { .. } | Provider::Token(_) => Some(AUTHORIZATION),
        }
    }

    async fn ready(&self, name: &str, source: &Provider, lookups: &Lookups) -> Result<Ready, String> {
        match source {
            Provider::Header { header, format, secret } => self.in_header(header, format, secret),
            Provider::Basic { user, password } => self.basic(user, password),
            Provider::Token(client) => {
                let token = self.tokens.get(name, client, &self.config, lookups).await?;
                let text = Zeroizing::new(format!("Bearer {}", token.value.expose()));
                Ok(Ready { header: AUTHORIZATION, value: sensitive(&text)?, needles: token.needles })
            }
        }
    }

    fn in_header(&self, header: &str, format: &str, secret: &SecretRef) -> Result<Ready, String> {
        let secret = secrets::read(&self.config, secret)?;
        let encoded = basic("", &secret);
        let text = Zeroizing::new(format.replace("{basic}", &encoded));
        let text = Zeroizing::new(text.replace("{}", secret.expose()));
        let header = HeaderName::from_bytes(header.as_bytes()).map_err(|error| error.to_string())?;
        let needles = match format.contains("{basic}") {
            true => Needles::of_each(&[secret.expose(), &encoded]),
            false => Needles::of(secret.expose()),
        };
        Ok(Ready { header, value: sensitive(&text)?, needles })
    }

    fn basic(&self, user: &Setting, password: &SecretRef) -> Result<Ready, String> {
        let user = secrets::text(&self.config, user)?;
        if user.contains(':') {
            return Err("a user name cannot contain `:`".to_owned());
        }
        let password = secrets::read(&self.config, password)?;
        let encoded = basic(&user, &password);
        let text = Zeroizing::new(format!("Basic {}", *encoded));
        let needles = Needles::of_each(&[password.expose(), &encoded]);
        Ok(Ready { header: AUTHORIZATION, value: sensitive(&text)?, needles })
    }
}

/// Returns `user:secret` in base64, as in HTTP basic authentication (RFC 7617).
fn basic(user: &str, secret: &Secret) -> Zeroizing<String> {
    let text = Zeroizing::new(format!("{user}:{}", secret.expose()));
    Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(text.as_bytes()))
}

/// Returns the value of a header that no log shows.
fn sensitive(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text).map_err(|_| "it is not the value of a header".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}
