//! The answers of operations, in the parts that a session reads.
//!
//! The full message of the protocol has lists of small messages, and takes up to fifty times its size in memory. What a
//! message here does not name is skipped.

use bytes::Bytes;
use proto::execute_plan_response::{ArrowBatch, ResultComplete};
use spark_connect_proto as proto;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::bounded::ROW;

/// An `ExecutePlanResponse`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Answer {
    #[prost(message, optional, tag = "2")]
    pub batch: Option<ArrowBatch>,
    #[prost(string, tag = "13")]
    pub id: String,
    #[prost(message, optional, tag = "14")]
    pub complete: Option<ResultComplete>,
    /// The server's own id of the session.
    #[prost(string, tag = "15")]
    pub session: String,
}

/// A method of the service.
#[derive(Debug, Clone, Copy)]
pub(super) enum Method {
    Analyze,
    Config,
    Execute,
    Interrupt,
    Reattach,
    ReleaseExecute,
    ReleaseSession,
}

/// The maximum size of an answer that has no rows.
const SHORT: u64 = 1 << 20;

/// Calls a method whose answer is a stream.
pub(super) async fn stream<Q: prost::Message + 'static>(
    channel: Channel,
    method: Method,
    request: Request<Q>,
) -> Result<Streaming<Answer>, Status> {
    call(channel, method, request, ROW).await
}

/// Calls a method that has one answer. The library reads all answers of a server that has more, and rests for nothing
/// else meanwhile.
pub(super) async fn single<Q, A>(channel: Channel, method: Method, request: Request<Q>) -> Result<A, Status>
where
    Q: prost::Message + 'static,
    A: prost::Message + Default + 'static,
{
    let mut answers = call::<Q, A>(channel, method, request, SHORT).await?;
    let answer = answers.message().await?.ok_or_else(|| Status::internal("there is no answer"))?;
    match answers.message().await? {
        None => Ok(answer),
        Some(_) => Err(Status::internal("there are several answers")),
    }
}

async fn call<Q, A>(
    channel: Channel,
    method: Method,
    request: Request<Q>,
    most: u64,
) -> Result<Streaming<A>, Status>
where
    Q: prost::Message + 'static,
    A: prost::Message + Default + 'static,
{
    let path = PathAndQuery::from_static(match method {
        Method::Analyze => "/spark.connect.SparkConnectService/AnalyzePlan",
        Method::Config => "/spark.connect.SparkConnectService/Config",
        Method::Execute => "/spark.connect.SparkConnectService/ExecutePlan",
        Method::Interrupt => "/spark.connect.SparkConnectService/Interrupt",
        Method::Reattach => "/spark.connect.SparkConnectService/ReattachExecute",
        Method::ReleaseExecute => "/spark.connect.SparkConnectService/ReleaseExecute",
        Method::ReleaseSession => "/spark.connect.SparkConnectService/ReleaseSession",
    });
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut client = Grpc::new(channel).max_decoding_message_size(most);
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let answers = client.server_streaming(request, path, ProstCodec::<Q, A>::default()).await?;
    Ok(answers.into_inner())
}

impl Answer {
    /// Returns the data of the answer, if it has some.
    pub fn data(self) -> Option<Bytes> {
        self.batch.map(|batch| batch.data)
    }
}
