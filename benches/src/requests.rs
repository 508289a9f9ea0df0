//! An HTTP request from a guest through the whole path, against the same client called directly.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full};
use hyper::client::conn::http1::handshake;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use stepwell::Host;
use tokio::net::{TcpListener, TcpStream};

use crate::service::job;
use crate::{Result, median};

const REQUESTS: u64 = 500;
const ROUNDS: usize = 9;

pub fn run() -> Result {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(compare())
}

async fn compare() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(|_| async {
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"ok"))))
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    let dir = tempfile::tempdir()?;
    rusqlite::Connection::open(dir.path().join("w.db"))?.execute_batch("CREATE TABLE t (n)")?;
    let (config, policy) = (dir.path().join("stepwell.yaml"), dir.path().join("policy.yaml"));
    std::fs::write(&config, "connections: {w: {type: sqlite, path: w.db}}\n")?;
    let grants = format!(
        "policy: 1\nname: p\nsteps: [probe]\nprofile: large\nlimits: {{http_requests: 10_000}}\nsql: [{{connection: w}}]\n\
         http: [{{url: 'http://{address}', max_requests: 10_000, allow_private: ['127.0.0.1/32']}}]\n"
    );
    std::fs::write(&policy, grants)?;
    let host = Host::builder().config_file(config).policy_file(policy).build()?;
    host.register(std::fs::read(stepwell_tests::guest("probe"))?).await?;
    let (mut direct, mut guest) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        for _ in 0..REQUESTS {
            let (mut sender, connection) =
                handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
            let driver = tokio::spawn(connection);
            let request = Request::get("/").header("host", address.to_string()).body(Empty::<Bytes>::new())?;
            sender.send_request(request).await?.into_body().collect().await?;
            driver.abort();
        }
        direct.push(begin.elapsed() / REQUESTS as u32);
        let none = step(&host, &address.to_string(), 0).await?;
        let all = step(&host, &address.to_string(), REQUESTS).await?;
        guest.push(all.saturating_sub(none) / REQUESTS as u32);
    }
    let (direct, guest) = (median(direct), median(guest));
    println!("an HTTP request over a connection of its own, median of {ROUNDS} times {REQUESTS}:");
    println!(
        "  the client alone: {direct:?}\n  from a guest:     {guest:?} (+{:?})",
        guest.saturating_sub(direct)
    );
    Ok(())
}

/// Returns the duration of a step that sends this number of requests.
async fn step(host: &Host, address: &str, count: u64) -> Result<Duration> {
    let job = job(json!({"id": "requests", "steps": [
        {"id": "r", "type": "probe", "case": "http_many", "url": format!("http://{address}/"), "count": count}]}))?;
    let ran = host.run(job.definition().clone(), Default::default()).await?;
    let state = host.runs().get(&ran.execution_id).await?;
    let end = state.steps.first().and_then(|step| step.end.clone()).ok_or("no end")?;
    let answers = end.produced.output.as_array().cloned().unwrap_or_default();
    if answers.len() as u64 != count || answers.iter().any(|status| status != "200") {
        return Err(format!("{}: {:?}", end.outcome.message(), answers.first()).into());
    }
    Ok(Duration::from_micros(end.receipt.run_us))
}
