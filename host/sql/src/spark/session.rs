//! A session of the Spark Connect protocol, and the operations that run in it.
//!
//! The messages are those of `spark/connect/base.proto`. Operations are reattachable: when the connection is lost,
//! the server keeps the operation, and the session continues it by its id, after the last answer that arrived.

use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use proto::execute_plan_request::{RequestOption, request_option};
use proto::{
    analyze_plan_request, analyze_plan_response, config_request, interrupt_request, release_execute_request,
};
use spark_connect_proto as proto;
use tokio::time::{Instant, sleep};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status, Streaming};
use uuid::Uuid;

use super::answers::{self, Answer, Method};
use crate::pool::Server;
use crate::tls;

/// The time limit for the connection to the server.
const CONNECTING: Duration = Duration::from_secs(10);
/// The time limit for the first answer. A server that has just started takes a while to begin its first session.
pub(super) const FIRST: Duration = Duration::from_secs(30);
/// The time after which a silent server is asked for a sign of life, and the time that it has to answer.
const ALIVE: Duration = Duration::from_secs(30);
/// The waits before the attempts to continue an operation after a lost connection.
const WAITS: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
/// The time after which the end of a stream is the usual one: servers end streams after minutes, and an operation may
/// have no answer for hours.
const STEADY: Duration = Duration::from_secs(10);
/// The maximum length of an id that the server makes.
const ID: usize = 256;
/// The maximum number of characters of a version that is shown.
const VERSION: usize = 60;
/// The name of the client in the logs of the server.
const CLIENT: &str = "stepwell";

/// A session on the server. It ends with [`Session::release`], or by itself when it is idle for an hour, the default of
/// `spark.connect.session.manager.defaultSessionTimeout`.
pub(super) struct Session {
    channel: Channel,
    id: String,
    user: String,
    authorization: Option<MetadataValue<Ascii>>,
    /// The server's own id of the session. The server refuses requests with the id of a session that it has lost.
    server_id: Option<String>,
}

/// A running operation.
pub(super) struct Operation {
    id: String,
    stream: Streaming<Answer>,
    /// The time at which the stream began.
    since: Instant,
    /// The id of the last answer that arrived.
    last: Option<String>,
    /// The number of times that the session continued the operation since then.
    continued: usize,
}

impl Session {
    /// Connects to a server. The session on it begins with the first request.
    pub async fn connect(server: &Server) -> Result<Self, String> {
        let host = if server.host.contains(':') { format!("[{}]", server.host) } else { server.host.clone() };
        let scheme = if server.tls { "https" } else { "http" };
        let endpoint = Endpoint::from_shared(format!("{scheme}://{host}:{}", server.port));
        let mut endpoint = endpoint
            .map_err(|error| causes(&error))?
            .connect_timeout(CONNECTING)
            .http2_keep_alive_interval(ALIVE)
            .keep_alive_timeout(ALIVE);
        if server.tls {
            let config = encrypted(&server.host, server.tls_ca.as_deref())?;
            endpoint = endpoint.tls_config(config).map_err(|error| causes(&error))?;
        }
        let connecting = tokio::time::timeout(CONNECTING, endpoint.connect()).await;
        let channel = connecting
            .map_err(|_| "it does not answer within 10 s".to_owned())?
            .map_err(|error| causes(&error))?;
        let token = server.password.as_ref().map(|token| format!("Bearer {token}").parse());
        let authorization: Option<MetadataValue<Ascii>> =
            token.transpose().map_err(|_| "its token has characters that no token has".to_owned())?;
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| error.to_string())?;
        Ok(Self {
            channel,
            id: uuid::Builder::from_random_bytes(random).into_uuid().to_string(),
            user: server.user.clone(),
            authorization: authorization.map(|mut value| {
                value.set_sensitive(true);
                value
            }),
            server_id: None,
        })
    }

    /// Returns the version that the server reports.
    pub async fn version(&mut self) -> Result<String, Status> {
        let request = proto::AnalyzePlanRequest {
            session_id: self.id.clone(),
            client_observed_server_side_session_id: self.server_id.clone(),
            user_context: self.user(),
            client_type: Some(CLIENT.to_owned()),
            analyze: Some(analyze_plan_request::Analyze::SparkVersion(analyze_plan_request::SparkVersion {})),
        };
        let answer: proto::AnalyzePlanResponse = self.ask(Method::Analyze, request).await?;
        self.check(&answer.server_side_session_id)?;
        match answer.result {
            Some(analyze_plan_response::Result::SparkVersion(found)) => {
                let version: String =
                    found.version.chars().filter(|c| !c.is_control()).take(VERSION).collect();
                Ok(format!("Spark {version}"))
            }
            _ => Err(Status::internal("the server does not say its version")),
        }
    }

    /// Sets settings of the session.
    pub async fn set(&mut self, settings: impl Iterator<Item = (String, String)>) -> Result<(), Status> {
        let pairs = settings.map(|(key, value)| proto::KeyValue { key, value: Some(value) }).collect();
        let set = config_request::Set { pairs, silent: None };
        let operation =
            config_request::Operation { op_type: Some(config_request::operation::OpType::Set(set)) };
        let request = proto::ConfigRequest {
            session_id: self.id.clone(),
            client_observed_server_side_session_id: self.server_id.clone(),
            user_context: self.user(),
            operation: Some(operation),
            client_type: Some(CLIENT.to_owned()),
        };
        let answer: proto::ConfigResponse = self.ask(Method::Config, request).await?;
        self.check(&answer.server_side_session_id)
    }

    /// Sends a request that may be sent again, until an answer arrives.
    async fn ask<Q, A>(&self, method: Method, request: Q) -> Result<A, Status>
    where
        Q: prost::Message + Clone + 'static,
        A: prost::Message + Default + 'static,
    {
        let mut waits = WAITS.into_iter();
        loop {
            match (self.once(method, request.clone()).await, waits.next()) {
                (Err(status), Some(wait)) if is_lost(&status) => sleep(wait).await,
                (Err(status), _) if status.code() == Code::OutOfRange => {
                    return Err(Status::internal(status.message().to_owned()));
                }
                (answer, _) => return answer,
            }
        }
    }

    /// Sends a request once.
    async fn once<Q, A>(&self, method: Method, request: Q) -> Result<A, Status>
    where
        Q: prost::Message + 'static,
        A: prost::Message + Default + 'static,
    {
        answers::single(self.channel.clone(), method, self.request(request)).await
    }

    /// Checks that an answer belongs to the session: settings of a session that the server has lost are lost too.
    fn check(&mut self, server_id: &str) -> Result<(), Status> {
        match &self.server_id {
            _ if server_id.is_empty() => Ok(()),
            None if server_id.len() <= ID => {
                self.server_id = Some(server_id.to_owned());
                Ok(())
            }
            Some(known) if known == server_id => Ok(()),
            _ => Err(Status::unavailable("the server has another session")),
        }
    }

    /// Starts an operation.
    pub async fn execute(&mut self, relation: proto::Relation, id: String) -> Result<Operation, Status> {
        let reattachable = proto::ReattachOptions { reattachable: true };
        let request = proto::ExecutePlanRequest {
            session_id: self.id.clone(),
            client_observed_server_side_session_id: self.server_id.clone(),
            user_context: self.user(),
            operation_id: Some(id.clone()),
            plan: Some(proto::Plan { op_type: Some(proto::plan::OpType::Root(relation)) }),
            client_type: Some(CLIENT.to_owned()),
            request_options: vec![RequestOption {
                request_option: Some(request_option::RequestOption::ReattachOptions(reattachable)),
            }],
            ..Default::default()
        };
        let request = self.request(request);
        let stream = match answers::stream(self.channel.clone(), Method::Execute, request).await {
            Ok(stream) => stream,
            // The server may have the operation already.
            Err(status) if is_lost(&status) => self.reattach(&id, None, status).await?,
            Err(status) => return Err(status),
        };
        Ok(Operation { id, stream, since: now(), last: None, continued: 0 })
    }

    /// Returns the data of the next answer of an operation that has some, or `None` at its end.
    pub async fn next(&mut self, operation: &mut Operation) -> Result<Option<Bytes>, Status> {
        loop {
            // A server that is quicker than its client leaves time for others, and for the deadline.
            tokio::task::consume_budget().await;
            let lost = match operation.stream.message().await {
                Ok(Some(answer)) => {
                    self.check(&answer.session)?;
                    operation.arrived(&answer.id)?;
                    if answer.complete.is_some() {
                        return Ok(None);
                    }
                    match answer.data() {
                        Some(data) => return Ok(Some(data)),
                        None => continue,
                    }
                }
                // The server ends long streams before the result is complete.
                Ok(None) => Status::unavailable("the stream ended before the result"),
                Err(status) if is_lost(&status) => status,
                Err(status) => return Err(status),
            };
            if operation.since.elapsed() >= STEADY {
                operation.continued = 0;
            }
            operation.continued += 1;
            if operation.continued > WAITS.len() {
                return Err(lost);
            }
            operation.stream = self.reattach(&operation.id, operation.last.clone(), lost).await?;
            operation.since = now();
        }
    }

    /// Continues an operation after a lost connection. Returns `lost` when the server cannot be reached.
    async fn reattach(
        &self,
        id: &str,
        last: Option<String>,
        mut lost: Status,
    ) -> Result<Streaming<Answer>, Status> {
        for wait in WAITS {
            sleep(wait).await;
            let request = proto::ReattachExecuteRequest {
                session_id: self.id.clone(),
                client_observed_server_side_session_id: self.server_id.clone(),
                user_context: self.user(),
                operation_id: id.to_owned(),
                client_type: Some(CLIENT.to_owned()),
                last_response_id: last.clone(),
            };
            match answers::stream(self.channel.clone(), Method::Reattach, self.request(request)).await {
                Ok(stream) => return Ok(stream),
                Err(status) if is_lost(&status) => lost = status,
                Err(status) => return Err(status),
            }
        }
        Err(lost)
    }

    /// Stops an operation on the server.
    pub async fn interrupt(&self, id: &str) -> Result<(), Status> {
        let request = proto::InterruptRequest {
            session_id: self.id.clone(),
            client_observed_server_side_session_id: self.server_id.clone(),
            user_context: self.user(),
            client_type: Some(CLIENT.to_owned()),
            interrupt_type: proto::interrupt_request::InterruptType::OperationId.into(),
            interrupt: Some(interrupt_request::Interrupt::OperationId(id.to_owned())),
        };
        self.once(Method::Interrupt, request).await.map(|_: proto::InterruptResponse| ())
    }

    /// Lets the server drop the answers of an operation.
    pub async fn forget(&self, id: &str) -> Result<(), Status> {
        let all = release_execute_request::ReleaseAll {};
        let request = proto::ReleaseExecuteRequest {
            session_id: self.id.clone(),
            client_observed_server_side_session_id: self.server_id.clone(),
            user_context: self.user(),
            operation_id: id.to_owned(),
            client_type: Some(CLIENT.to_owned()),
            release: Some(release_execute_request::Release::ReleaseAll(all)),
        };
        self.once(Method::ReleaseExecute, request).await.map(|_: proto::ReleaseExecuteResponse| ())
    }

    /// Ends the session on the server.
    pub async fn release(&self) -> Result<(), Status> {
        let request = proto::ReleaseSessionRequest {
            session_id: self.id.clone(),
            user_context: self.user(),
            client_type: Some(CLIENT.to_owned()),
            allow_reconnect: false,
        };
        self.once(Method::ReleaseSession, request).await.map(|_: proto::ReleaseSessionResponse| ())
    }

    fn user(&self) -> Option<proto::UserContext> {
        let user = self.user.clone();
        Some(proto::UserContext { user_id: user.clone(), user_name: user, extensions: Vec::new() })
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(value) = &self.authorization {
            request.metadata_mut().insert("authorization", value.clone());
        }
        request
    }
}

impl Operation {
    /// Remembers the last answer, behind which the operation continues.
    fn arrived(&mut self, id: &str) -> Result<(), Status> {
        if id.is_empty() || self.last.as_deref() == Some(id) {
            return Ok(());
        }
        if id.len() > ID {
            return Err(Status::internal("an answer has an id that is too long"));
        }
        self.last = Some(id.to_owned());
        self.continued = 0;
        Ok(())
    }
}

fn now() -> Instant {
    #[allow(clippy::disallowed_methods, reason = "the age of a stream is measured")]
    Instant::now()
}

/// Returns a new id of an operation.
pub(super) fn operation_id() -> Option<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok()?;
    let id: Uuid = uuid::Builder::from_random_bytes(random).into_uuid();
    Some(id.to_string())
}

/// Returns whether the connection is lost, and not the operation.
pub(super) fn is_lost(status: &Status) -> bool {
    // What the transport reports has the error of the transport as its source. A server sends none.
    let is_transport = status.source().is_some() && status.code() != Code::OutOfRange;
    is_transport
        || status.code() == Code::Unavailable
        || status.message().contains("INVALID_CURSOR.DISCONNECTED")
}

fn encrypted(host: &str, ca: Option<&Path>) -> Result<ClientTlsConfig, String> {
    Ok(ClientTlsConfig::new().domain_name(host).trust_anchors(tls::store(ca)?.roots))
}

/// Returns an error with its causes: the transport's own text says only that it failed.
fn causes(error: &dyn std::error::Error) -> String {
    let (mut texts, mut next) = (vec![error.to_string()], error.source());
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // A layer may repeat the text below it.
        if texts.last() != Some(&cause_text) {
            texts.push(cause_text);
        }
        next = cause.source();
    }
    let text = texts.join(": ");
    match text.contains("InvalidContentType") {
        true => "the server speaks no TLS: set `tls: disable` if it is on this machine or on a trusted network, or put a \
            proxy with TLS in front of it"
            .to_owned(),
        false => text,
    }
}
