//! The pages of a store with 100,000 runs: they are small and fast, since lists read their own page only.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cli::Shell;
use crate::person::Person;
use crate::server::{Server, until};

const RUNS: u32 = 100_000;
/// The maximum bytes of a page and its assets after compression.
const PAGE: usize = 60 << 10;
/// The maximum time of a page in an optimized build, and in a build of the tests on a busy machine.
const SOON: Duration = Duration::from_millis(100);
const SOON_HERE: Duration = Duration::from_millis(1_500);

/// Copies a run that has ended, so that there are many of the last 24 hours.
fn copy(database: &rusqlite::Connection, run: &str, runs: std::ops::Range<u32>) {
    let mut columns = database.prepare("SELECT name FROM pragma_table_info('runs')").unwrap();
    let columns: Vec<String> = columns.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let copied: Vec<String> = columns
        .iter()
        .map(|name| match name.as_str() {
            "execution_id" => "?1".to_owned(),
            "idempotency" | "fingerprint" => "NULL".to_owned(),
            time if time.ends_with("_at") => format!("{time} - ?2"),
            other => other.to_owned(),
        })
        .collect();
    let (columns, copied) = (columns.join(", "), copied.join(", "));
    let sql = format!("INSERT INTO runs ({columns}) SELECT {copied} FROM runs WHERE execution_id = ?3");
    let mut insert = database.prepare(&sql).unwrap();
    for number in runs {
        let id = format!("exec_20200101_000000_{number:06}");
        let earlier = i64::from(number) * 800_000;
        assert_eq!(insert.execute((id, earlier, run)).unwrap(), 1);
    }
}

/// Makes a run of each job and returns it.
async fn ran(server: &Server, id: &str, status: &str) -> String {
    let until_time =
        if status == "failed" { json!("${{ 'no time' }}") } else { json!("2026-01-01T00:00:00Z") };
    let job = json!({"id": id, "steps": [{"id": "a", "type": "wait", "until": until_time}]});
    assert_eq!(server.request("PUT", &format!("/api/v2/jobs/{id}"), &[], &job.to_string()).await.status, 200);
    let run = server.post(&format!("/api/v2/jobs/{id}/run"), &json!({})).await.json();
    let run = run["execution_id"].as_str().unwrap().to_owned();
    let path = format!("/api/v2/runs/{run}");
    until(id, async || server.get(&path).await.json()["status"].clone(), |now| now == status).await;
    run
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_small_and_fast_with_a_hundred_thousand_runs() {
    let server = Server::start_plain(Shell::new(), &[]);
    let (good, bad) = (ran(&server, "good", "success").await, ran(&server, "bad", "failed").await);
    let file = server.shell.path("data").join("stepwell.db");
    {
        let database = rusqlite::Connection::open(file).unwrap();
        database.busy_timeout(Duration::from_secs(20)).unwrap();
        database.execute_batch("BEGIN IMMEDIATE").unwrap();
        copy(&database, &good, 0..RUNS - 2_000);
        copy(&database, &bad, RUNS - 2_000..RUNS);
        database.execute_batch("COMMIT").unwrap();
    }
    let person = Person::log_in(&server, &server.token).await;
    let mut assets = 0;
    let overview = person.page("", &[]).await;
    for address in overview.split('"').filter(|part| part.starts_with("/ui/assets/")) {
        assets += sent(&server, address, &person.cookie).await;
    }
    assert!(assets > 10_000, "{assets}");
    let mut slow = Vec::new();
    for page in [
        "",
        "/runs",
        "/runs?job_id=good",
        "/runs?status=failed",
        "/runs?queue=UTC",
        "/runs?job_id=bad&status=failed",
        "/jobs",
        "/jobs/good",
        "/queues",
        "/dead-letters",
        "/schedules",
        "/ledger",
        "/approvals",
    ] {
        person.get(page).await;
        let mut times = Vec::new();
        for _ in 0..3 {
            let begun = Instant::now();
            assert_eq!(person.get(page).await.status, 200, "{page}");
            times.push(begun.elapsed());
        }
        let took = times.into_iter().min().unwrap();
        let bytes = sent(&server, &format!("/ui/p/default{page}"), &person.cookie).await;
        println!(
            "{page:32} {:6.1} ms, {bytes} bytes, {} with assets",
            took.as_secs_f64() * 1e3,
            bytes + assets
        );
        assert!(bytes > 0 && bytes + assets < PAGE, "{page} has {bytes} bytes, and its assets {assets}");
        let most = if cfg!(debug_assertions) { SOON_HERE } else { SOON };
        slow.extend((took > most).then(|| format!("{page}: {took:?}")));
    }
    assert!(slow.is_empty(), "{slow:?}");
}

/// Returns the bytes of a compressed answer with its head.
async fn sent(server: &Server, path: &str, cookie: &str) -> usize {
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let head = "HTTP/1.1\r\nhost: stepwell\r\nconnection: close\r\naccept-encoding: gzip";
    stream.write_all(format!("GET {path} {head}\r\ncookie: {cookie}\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{path}: {}", String::from_utf8_lossy(&answer));
    answer.len()
}
