//! The test of an Azure DevOps organization, and the state of its server.
//!
//! The threat: a test sends a credential to another server, or shows it. So the address comes from the
//! configuration alone, no redirect is followed, and the result has the status of the answer without its text.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, HOST};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use tokio::net::TcpStream;
use url::{Position, Url};

use stepwell_engine::system::why;

use crate::Sandbox;
use crate::credentials::Ready;
use crate::host::breaker::Circuit;
use crate::host::connect::{exchange, handshake};
use crate::host::lookups::Share;

/// The maximum time of a test.
const TIME: Duration = Duration::from_secs(20);

/// The answer of an organization to a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// The status of the answer.
    pub status: u16,
    /// The time until the answer.
    pub took: Duration,
}

#[allow(clippy::disallowed_methods, reason = "a duration is measured")]
fn now() -> Instant {
    Instant::now()
}

impl Sandbox {
    /// Logs in to an Azure DevOps organization, and asks for one of its projects.
    ///
    /// # Errors
    /// Returns the problem, for the operator.
    pub async fn test_organization(&self, name: &str) -> Result<Answered, String> {
        let began = now();
        let asked = tokio::time::timeout(TIME, self.ask_organization(name));
        let status = asked.await.unwrap_or_else(|_| Err(format!("no answer within {} s", TIME.as_secs())))?;
        match status {
            StatusCode::OK => Ok(Answered { status: status.as_u16(), took: began.elapsed() }),
            // Azure DevOps sends people to its login page.
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::FOUND
            | StatusCode::NON_AUTHORITATIVE_INFORMATION => {
                Err(format!("it refuses the login ({status}): check the secret, its end date and its scopes"))
            }
            status => Err(format!("it answered {status}: check `url` and `api_version`")),
        }
    }

    /// Returns the state of the server of an organization for a project, if it has failed.
    pub fn circuit(&self, project: &str, base_url: &str) -> Option<Circuit> {
        let url = Url::parse(base_url).ok()?;
        let server = format!("{}:{}", host_of(&url), url.port_or_known_default()?);
        self.outbound.breakers.state(project, &server, now())
    }

    async fn ask_organization(&self, name: &str) -> Result<StatusCode, String> {
        let outbound = &self.outbound;
        let (base, ready) = outbound.credentials.of_organization(name, &outbound.lookups).await?;
        let url =
            Url::parse(&format!("{}/_apis/projects?%24top=1&api-version=7.0", base.trim_end_matches('/')));
        let url = url.map_err(|error| error.to_string())?;
        let (host, port) = (host_of(&url), url.port_or_known_default().unwrap_or(443));
        let addresses = outbound.lookups.find(&Share::default(), host.to_owned(), port).await;
        let addresses = addresses.map_err(|_| "its host cannot be resolved".to_owned())?;
        let tcp = TcpStream::connect(addresses.as_slice()).await.map_err(|error| why(&error))?;
        let request = request(&url, ready)?;
        let request = request.map(|body| body.map_err(|never| match never {}).boxed_unsync());
        let answer = if url.scheme() == "https" {
            exchange(handshake(tcp, host).await.map_err(|error| error.to_string())?, request, TIME).await
        } else {
            exchange(tcp, request, TIME).await
        };
        Ok(answer.map_err(|error| error.to_string())?.0.status())
    }
}

/// Returns the host of a URL. Brackets belong to the URL, and not to an address.
fn host_of(url: &Url) -> &str {
    url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
}

fn request(url: &Url, ready: Ready) -> Result<Request<Empty<Bytes>>, String> {
    let request = Request::builder()
        .uri(&url[Position::BeforePath..Position::AfterQuery])
        .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(ACCEPT, "application/json")
        .header(ready.header, ready.value);
    request.body(Empty::new()).map_err(|error| error.to_string())
}
