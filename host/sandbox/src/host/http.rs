//! `wasi:http/outgoing-handler`: requests that policy allows, to addresses that it allows.
//!
//! The threat: a guest reaches what the host can reach, learns the host's credentials, or makes it hold
//! endless bytes. So policy decides about scheme, host, port, method and path of each request; the name is
//! resolved once, and every address must be allowed; the connection goes to exactly that address; the
//! credential is added last. No redirects, HTTP/1.1 only, one connection per request.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use serde_json::Map;
use stepwell_engine::policy::capability::Http;
use stepwell_engine::policy::{Counted, Decided, Grant, HttpRequest, HttpRule, Rule, overrides};
use stepwell_engine::quantity::counted;
use stepwell_engine::step::{LogLine, Report};
use stepwell_engine::{Receipt, StepSink};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use wasmtime::component::Linker;
use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks};

use super::bodies::{Direction, Incoming, Metered};
use super::breaker::Breakers;
use super::capability::{Hosted, Parts};
use super::connect::{connect_error, exchange, handshake};
use super::lookups::{Lookups, Share};
use super::messages::{self, BODY_PIECE};
use super::target::Target;
use crate::credentials::{Credentials, Ready};
use crate::guest::Guest;
use crate::host::calls::{self, Traced};
use crate::mask::{Masked, Needles};
use crate::reached::{Of, Reached};

/// The headers in which a step names the credential that a request needs, where several rules allow it. They
/// are not sent. Registered components may use the second one.
const CREDENTIAL: [&str; 2] = ["stepwell-credential", "stepwell-organization"];

/// The data that all attempts share.
pub(crate) struct Outbound {
    pub credentials: Credentials,
    pub breakers: Breakers,
    pub lookups: Lookups,
}

/// The HTTP of one attempt.
pub(crate) struct Hooks {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    outbound: Arc<Outbound>,
    project: String,
    pub(super) grant: Arc<Grant>,
    sink: Option<StepSink>,
    traced: Traced,
    pub(super) concurrent: Arc<Semaphore>,
    lookups: Share,
    usage: Mutex<Usage>,
    denials: Arc<AtomicU64>,
    pub(super) sent: AtomicU64,
    pub(super) received: AtomicU64,
    pub(super) reached: Reached,
}

#[derive(Default)]
struct Usage {
    requests: u64,
    by_rule: std::collections::BTreeMap<(usize, usize), u64>,
    hosts: Vec<String>,
    secrets: std::collections::BTreeSet<String>,
    denied: std::collections::BTreeMap<Rule, u64>,
}

impl Hosted for Http {
    type State = Hooks;

    fn state(parts: &mut Parts<'_>) -> Hooks {
        let Parts { setup, grant, reached, traced, .. } = parts;
        Hooks::new(
            setup.outbound.clone(),
            &setup.project,
            grant.clone(),
            setup.sink.clone(),
            traced.clone(),
            reached,
        )
    }

    fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
        messages::add_to_linker(linker)
    }

    fn write(state: &Hooks, receipt: &mut Receipt) {
        state.write(receipt);
    }
}

impl Hooks {
    pub fn new(
        outbound: Arc<Outbound>,
        project: &str,
        grant: Arc<Grant>,
        sink: Option<StepSink>,
        traced: Traced,
        reached: &Reached,
    ) -> Self {
        let permits = usize::try_from(grant.limits().http_concurrent.0).unwrap_or(1);
        Self {
            shared: Arc::new(Shared {
                outbound,
                project: project.to_owned(),
                grant,
                sink,
                traced,
                concurrent: Arc::new(Semaphore::new(permits)),
                lookups: Share::default(),
                usage: Mutex::default(),
                denials: Arc::default(),
                sent: AtomicU64::new(0),
                received: AtomicU64::new(0),
                reached: reached.clone(),
            }),
        }
    }

    /// Returns the number of denials so far.
    pub fn denials(&self) -> Arc<AtomicU64> {
        self.shared.denials.clone()
    }

    pub fn write(&self, receipt: &mut Receipt) {
        let usage = self.shared.usage.lock();
        if usage.requests > 0 {
            receipt.host_calls.insert("wasi:http".to_owned(), usage.requests);
        }
        receipt.hosts = usage.hosts.clone();
        receipt.secrets.extend(usage.secrets.clone());
        for (rule, count) in &usage.denied {
            *receipt.denials.entry(rule.id().to_owned()).or_default() += count;
        }
        receipt.bytes_out += self.shared.sent.load(Ordering::Relaxed);
        receipt.bytes_in += self.shared.received.load(Ordering::Relaxed);
    }
}

type Answer = Result<(Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

impl WasiHttpHooks for Hooks {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        (self.forbidden_header_filter())(name)
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        // This applies to trailers too: wasmtime-wasi-http asks the filter for both.
        Arc::new(|name| {
            wasmtime_wasi_http::DEFAULT_FORBIDDEN_HEADERS.contains(name)
                || name.as_str().starts_with("proxy-")
        })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_PIECE
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        let shared = self.shared.clone();
        Box::new(async move {
            let response = shared.send(request, options.unwrap_or_default()).await?;
            let done: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async { Ok(()) });
            Ok((response, done))
        })
    }
}

impl Shared {
    pub(super) async fn send(
        self: Arc<Self>,
        mut request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Response<WasiBody>, Error> {
        let call = self.traced.http(&mut request);
        let answer = self.permitted(request, options).await;
        calls::answered(call, &answer);
        answer
    }

    async fn permitted(
        self: Arc<Self>,
        mut request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Response<WasiBody>, Error> {
        let target = Target::of(request.uri())?;
        let [named, older] = CREDENTIAL.map(|header| request.headers_mut().remove(header));
        let named = named.or(older);
        let named = named.as_ref().and_then(|name| name.to_str().ok());
        let Decided { rule, counts } = self.decide(request.method().as_str(), &target, named)?;
        if let Some(header) = rule.refused_header(request.headers().keys().map(HeaderName::as_str)) {
            let denial = self.grant.refuse_header(&target.host, header);
            return Err(self.deny(denial.rule, &denial.in_full()));
        }
        self.count(&counts)?;
        #[allow(clippy::disallowed_methods, reason = "how long a server fails is measured")]
        let now = Instant::now;
        // A project's requests open only its own breaker, because they must not affect another project's view
        // of a server.
        let server = target.server();
        if let Err(left) = self.outbound.breakers.admit(&self.project, &server, now()) {
            let name = rule.label().unwrap_or(&server);
            let seconds = left.as_secs().max(1);
            let why = format!("`{name}` has failed repeatedly: no request goes there for {seconds} s");
            return Err(Error::InternalError(Some(why)));
        }
        let short_timeout = self.has_short_timeout(&options);
        let answer = self.clone().exchange(&rule, target, request, options).await;
        if let Some(worked) = worked(&answer, short_timeout) {
            self.outbound.breakers.record(&self.project, &server, worked, now());
        }
        answer
    }

    /// Returns whether the guest waits for a shorter time than it may: a server that is too slow for it may
    /// then be fast enough.
    fn has_short_timeout(&self, options: &RequestOptions) -> bool {
        let limits = self.grant.limits();
        let less =
            |wanted: Option<Duration>, allowed: Duration| wanted.is_some_and(|wanted| wanted < allowed);
        less(options.connect_timeout, limits.http_connect.0)
            || less(options.first_byte_timeout, limits.http_first_byte.0)
            || less(options.between_bytes_timeout, limits.http_between_bytes.0)
    }

    /// Removes the headers that only the host may set from the trailers of a guest: a server may read a
    /// trailer as if it were a header (RFC 9110, "Limitations on Use of Trailers").
    pub(super) fn without_credentials(&self, mut trailers: HeaderMap) -> HeaderMap {
        for rule in self.grant.http().rules() {
            if let Some(header) = self.outbound.credentials.header_of(rule) {
                trailers.remove(header);
            }
        }
        let named: Vec<HeaderName> =
            trailers.keys().filter(|name| overrides(name.as_str())).cloned().collect();
        for name in named {
            trailers.remove(name);
        }
        trailers.remove(AUTHORIZATION);
        trailers.remove(COOKIE);
        trailers
    }

    /// Sends a request that policy allows.
    async fn exchange(
        self: Arc<Self>,
        rule: &HttpRule,
        target: Target,
        mut request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Response<WasiBody>, Error> {
        let limits = self.grant.limits();
        let permit = self.concurrent.clone().try_acquire_owned().map_err(|_| {
            let message =
                format!("more than {} at the same time", counted(limits.http_concurrent, "request"));
            self.reached.refused(Of::Request, "http_concurrent", message, 1);
            Error::ConnectionLimitReached
        })?;
        let connect = clamp(options.connect_timeout, limits.http_connect.0);
        let address = self.resolve(rule, &target, connect).await?;
        let needles = self.inject(rule, &mut request).await?;
        address_to(&mut request, &target)?;
        let total = sleep(limits.http_total.0);
        let between = clamp(options.between_bytes_timeout, limits.http_between_bytes.0);
        let first = clamp(options.first_byte_timeout, limits.http_first_byte.0);
        let shared = self.clone();
        let request = request.map(|body| Metered::new(body, shared.clone(), Direction::Out).boxed_unsync());
        let mut total = Box::pin(total);
        let exchange = async {
            let tcp = timeout(connect, TcpStream::connect(address))
                .await
                .map_err(|_| Error::ConnectionTimeout)?
                .map_err(connect_error)?;
            // The connection must go to the address of the decision.
            if tcp.peer_addr().map_err(connect_error)?.ip() != address.ip() {
                return Err(Error::DestinationIpProhibited);
            }
            if target.scheme == "https" {
                let tls = timeout(connect, handshake(tcp, &target.host))
                    .await
                    .map_err(|_| Error::ConnectionTimeout)??;
                exchange(tls, request, first).await
            } else {
                exchange(tcp, request, first).await
            }
        };
        let (response, driver) = tokio::select! {
            answer = exchange => answer?,
            () = &mut total => return Err(Error::HttpResponseTimeout),
        };
        let body = move |body: hyper::body::Incoming| Incoming {
            body: Metered::new(body.map_err(Error::from), self, Direction::In),
            between,
            idle: Box::pin(sleep(between)),
            total,
            since: None,
            bytes: 0,
            _driver: driver,
            _permit: permit,
        };
        shared.reached.granted(Of::Request, 1);
        let (mut parts, incoming) = response.into_parts();
        let Some(needles) = needles else {
            return Ok(Response::from_parts(parts, body(incoming).boxed_unsync()));
        };
        if let Some(coding) = parts.headers.get(CONTENT_ENCODING).filter(|coding| *coding != "identity") {
            let coding = coding.to_str().ok().map(str::to_owned);
            return Err(Error::HttpResponseContentCoding(coding));
        }
        let sink = shared.sink.clone();
        let report = move || {
            let message = "the response contained the credential of the request; it was masked".to_owned();
            if let Some(sink) = &sink {
                sink.offer(Report::Log(LogLine { level: "warn".to_owned(), message, fields: Map::new() }));
            }
        };
        if needles.mask_headers(&mut parts.headers) {
            report();
        }
        Ok(Response::from_parts(parts, Masked::new(body(incoming), needles, report).boxed_unsync()))
    }

    fn decide(&self, method: &str, target: &Target, organization: Option<&str>) -> Result<Decided, Error> {
        let request = HttpRequest {
            method,
            scheme: &target.scheme,
            host: &target.host,
            port: target.port,
            path: &target.path,
        };
        let decided = self.grant.decide_http(&request, organization);
        decided.map_err(|denial| self.deny(denial.rule, &denial.in_full()))
    }

    fn deny(&self, rule: Rule, message: &str) -> Error {
        self.denials.fetch_add(1, Ordering::Relaxed);
        let mut usage = self.usage.lock();
        *usage.denied.entry(rule).or_default() += 1;
        if let Some(sink) = &self.sink {
            let message = format!("denied by policy: {message} [{rule}]");
            sink.offer(Report::Log(LogLine { level: "warn".to_owned(), message, fields: Map::new() }));
        }
        if rule == Rule::HttpAddressNotPublic {
            Error::DestinationIpProhibited
        } else {
            Error::HttpRequestDenied
        }
    }

    fn count(&self, counts: &[Counted]) -> Result<(), Error> {
        let refused = {
            let mut usage = self.usage.lock();
            usage.requests += 1;
            let most = self.grant.limits().http_requests.0;
            let mut refused = (usage.requests > most).then_some(("http_requests", most));
            for count in counts {
                let by_rule = usage.by_rule.entry(count.rule).or_default();
                *by_rule += 1;
                let over = count.max.filter(|max| *by_rule > max.0);
                refused = refused.or(over.map(|max| ("http.max_requests", max.0)));
            }
            refused
        };
        if let Some((limit, most)) = refused {
            let message = format!("more than {}", counted(most, "request"));
            self.reached.refused(Of::Request, limit, message, 1);
            return Err(self.deny(Rule::HttpTooManyRequests, "the step has used up its number of requests"));
        }
        Ok(())
    }

    /// Resolves the name once. One address that is not allowed refuses them all: a name that points inside as
    /// well as outside is not trustworthy.
    async fn resolve(&self, rule: &HttpRule, target: &Target, limit: Duration) -> Result<SocketAddr, Error> {
        let addresses: Vec<SocketAddr> = match target.host.parse::<IpAddr>() {
            Ok(address) => vec![(address, target.port).into()],
            Err(_) => {
                let lookup = self.outbound.lookups.find(&self.lookups, target.host.clone(), target.port);
                let found = timeout(limit, lookup).await.map_err(|_| Error::DnsTimeout)?;
                found.map_err(|_| Error::DnsError { rcode: None, info_code: None })?
            }
        };
        for address in &addresses {
            if !rule.allows_address(address.ip()) {
                let denial = self.grant.refuse_address(&target.host, address.ip());
                return Err(self.deny(denial.rule, &denial.in_full()));
            }
        }
        let address = addresses.first().copied().ok_or(Error::DestinationNotFound)?;
        let mut usage = self.usage.lock();
        let host = target.server();
        if !usage.hosts.contains(&host) {
            usage.hosts.push(host);
        }
        Ok(address)
    }

    /// Adds the credential of the rule, and returns the texts to mask in the response.
    async fn inject(
        &self,
        rule: &HttpRule,
        request: &mut Request<WasiBody>,
    ) -> Result<Option<Needles>, Error> {
        let outbound = &self.outbound;
        let Some((name, ready)) = outbound.credentials.get(rule, &outbound.lookups).await else {
            return Ok(None);
        };
        let Ready { header, value, needles } = ready.map_err(|why| {
            tracing::error!(credential = name, "cannot add a credential: {why}");
            let problem = "the host could not add the credential; its log has the reason";
            Error::InternalError(Some(problem.to_owned()))
        })?;
        self.usage.lock().secrets.insert(name);
        request.headers_mut().insert(header, value);
        // A compressed response cannot be searched for the credential.
        request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        Ok(Some(needles).filter(|needles| !needles.is_empty()))
    }
}

/// Returns what a response shows about its server: success, failure, or nothing. Mistakes of the guest, and
/// responses that it did not wait for, are not failures of the server.
fn worked<T>(answer: &Result<Response<T>, Error>, short_timeout: bool) -> Option<bool> {
    match answer {
        Ok(response) => Some(response.status().as_u16() < 500),
        Err(Error::ConnectionTimeout | Error::ConnectionReadTimeout | Error::DnsTimeout) if short_timeout => {
            None
        }
        Err(Error::Hyper(error)) if error.is_user() => None,
        Err(
            Error::Hyper(_)
            | Error::Connect(_)
            | Error::Tls(_)
            | Error::DnsTimeout
            | Error::ConnectionRefused
            | Error::ConnectionTerminated
            | Error::ConnectionTimeout
            | Error::ConnectionReadTimeout
            | Error::HttpResponseTimeout
            | Error::HttpResponseIncomplete
            | Error::HttpProtocolError,
        ) => Some(false),
        Err(_) => None,
    }
}

/// Limits the guest's time: at most the time that policy allows, and never zero.
fn clamp(wanted: Option<Duration>, allowed: Duration) -> Duration {
    wanted.map_or(allowed, |wanted| wanted.clamp(Duration::from_millis(1), allowed))
}

/// Writes the target into a request in the origin form: the authority appears in the Host header only.
fn address_to(request: &mut Request<WasiBody>, target: &Target) -> Result<(), Error> {
    *request.uri_mut() = request
        .uri()
        .path_and_query()
        .map_or_else(|| Ok(Uri::from_static("/")), |path| path.as_str().parse())
        .map_err(|_| Error::HttpRequestUriInvalid)?;
    let host = if target.host.contains(':') { format!("[{}]", target.host) } else { target.host.clone() };
    let default_port = matches!((target.scheme.as_str(), target.port), ("http", 80) | ("https", 443));
    let value = if default_port { host } else { format!("{host}:{}", target.port) };
    let value = HeaderValue::from_str(&value).map_err(|_| Error::HttpRequestUriInvalid)?;
    request.headers_mut().insert(http::header::HOST, value);
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::lookups::system_lookup;
    use super::*;

    pub fn nothing_granted() -> Arc<Shared> {
        let outbound = Outbound {
            credentials: Credentials::new(Arc::default()),
            breakers: Breakers::default(),
            lookups: Lookups::new(Box::new(system_lookup)),
        };
        let (grant, reached) = (Arc::new(Grant::nothing()), Reached::default());
        Hooks::new(Arc::new(outbound), "", grant, None, Traced::default(), &reached).shared
    }

    #[test]
    fn only_failures_of_the_server_count_against_it() {
        let answered = |status: u16| Ok(Response::builder().status(status).body(()).unwrap());
        for (answer, short_timeout, expected) in [
            (answered(200), false, Some(true)),
            (answered(404), false, Some(true)),
            (answered(503), false, Some(false)),
            (Err(Error::ConnectionRefused), false, Some(false)),
            (Err(Error::ConnectionReadTimeout), false, Some(false)),
            (Err(Error::ConnectionReadTimeout), true, None),
            (Err(Error::HttpResponseTimeout), true, Some(false)),
            (Err(Error::ConnectionLimitReached), false, None),
            (Err(Error::HttpRequestBodySize(None)), false, None),
            (Err(Error::HttpResponseBodySize(None)), false, None),
            (Err(Error::HttpResponseContentCoding(None)), false, None),
            (Err(Error::InternalError(None)), false, None),
            (Err(Error::HttpRequestDenied), false, None),
        ] {
            assert_eq!(worked(&answer, short_timeout), expected, "{answer:?} {short_timeout}");
        }
    }

    #[test]
    fn targets() {
        for (uri, expected) in [
            ("https://API.example.com/x?y", Some(("https", "api.example.com", 443, "/x"))),
            ("http://127.0.0.1:8080/", Some(("http", "127.0.0.1", 8080, "/"))),
            ("http://[::1]/", Some(("http", "::1", 80, "/"))),
            ("http://user@evil/", None),
            ("/only/a/path", None),
        ] {
            let target = Target::of(&uri.parse().unwrap());
            let found =
                target.as_ref().ok().map(|t| (t.scheme.as_str(), t.host.as_str(), t.port, t.path.as_str()));
            assert_eq!(found, expected, "{uri}");
        }
    }
}
