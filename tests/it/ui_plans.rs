//! The plans of the statements that pages cause: none reads a whole table, except small ones.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stepwell_tests::servers;

use crate::cli::Shell;
use crate::person::Person;
use crate::server::{Server, until};
use crate::ui_errors::pages;

/// The statements that read a whole table, by a part of their text, with the reason why they may.
const WHOLE: &[(&str, &str)] = &[
    ("FROM lock_projects", "one row for each project"),
    (" FROM runs WHERE TRUE", "a list of runs reads the newest ones by their id, until its page is full"),
    (" FROM schedules WHERE TRUE", "a list of schedules reads them by their id, until its page is full"),
    (
        "FROM audit WHERE $1 IS NULL OR seq < $1",
        "the audit log is read by its number, until the page is full",
    ),
    ("FROM audit, audit_chain AS c", "the check of the audit log reads all of it, on demand"),
    (" leases", "there is one row for each queue"),
    ("AS all_of_them", "the part that is read as a whole has one row"),
    ("phase IN (1, 4) AND started_at IS NULL", "no page looks for expired runs: the scheduler does"),
];

/// The indexes of runs for a list with a filter.
const OF_RUNS: &[&str] = &["runs_by_queue", "runs_by_job", "runs_open", "runs_unsuccessful", "runs_parked"];

/// The filters of lists: a part of the statement, its condition, and the indexes of which its plan uses one. The rows
/// of each are those that match, and not those of the whole list.
const FILTERS: &[(&str, &str, &[&str])] = &[
    (" FROM runs WHERE TRUE", " AND queue = $", OF_RUNS),
    (" FROM runs WHERE TRUE", " AND job_id = $", OF_RUNS),
    (" FROM runs WHERE TRUE", " AND status = 'failed'", OF_RUNS),
    (" FROM runs WHERE TRUE", " AND status = 'running'", OF_RUNS),
    (" FROM schedules WHERE TRUE", " AND queue = $", &["schedules_by_queue", "schedules_due"]),
    (" FROM ledger WHERE TRUE", " AND job_id = $", &["ledger_by_job"]),
    (" FROM ledger WHERE TRUE", " AND decision = $", &["ledger_by_decision", "ledger_by_job"]),
];

type Log = Arc<Mutex<Vec<String>>>;

/// Returns the statements in the log of a service that read, each with the types of its parameters.
fn statements(log: &Log) -> BTreeMap<String, String> {
    let read = |line: &String| {
        let line: Value = serde_json::from_str(line).ok()?;
        let sql = line["sql"].as_str()?.split_whitespace().collect::<Vec<_>>().join(" ");
        Some((sql, line["types"].as_str().unwrap_or_default().to_owned()))
    };
    log.lock().unwrap().iter().filter_map(read).collect()
}

/// A shell whose service logs its statements.
fn shell() -> Shell {
    Shell::new().env("STEPWELL_LOG", "stepwell::store::statements=trace").env("STEPWELL_LOG_FORMAT", "json")
}

/// Stores jobs, and makes runs of every kind. Returns the id of a failed run.
async fn filled(server: &Server) -> String {
    let wait = |seconds: u32| json!([{"id": "a", "type": "wait", "for": seconds}]);
    for job in [
        json!({"id": "nightly", "timezone": "Europe/Berlin", "schedule": {"every": "1h"}, "steps": wait(0)}),
        json!({"id": "slow", "steps": wait(3600)}),
        json!({"id": "asks", "steps": [{"id": "ok", "type": "approval", "message": "Go?"}]}),
        json!({"id": "fails", "steps": [{"id": "late", "type": "wait", "until": "${{ 'no time' }}"}]}),
    ] {
        let id = job["id"].as_str().unwrap().to_owned();
        assert_eq!(
            server.request("PUT", &format!("/api/v2/jobs/{id}"), &[], &job.to_string()).await.status,
            200
        );
        for _ in 0..if id == "fails" { 55 } else { 2 } {
            assert_eq!(server.post(&format!("/api/v2/jobs/{id}/run"), &json!({})).await.status, 202);
        }
    }
    let letters = async || server.get("/api/v2/dead-letters?limit=100").await.json();
    let letters =
        until("dead letters", letters, |all| all["items"].as_array().is_some_and(|all| all.len() == 55))
            .await;
    letters["items"][0]["execution_id"].as_str().unwrap().to_owned()
}

/// Looks at every page, with every filter, and at the next page of every list.
async fn look(person: &Person<'_>, run: &str) {
    let fill = |page: &str| {
        let names: BTreeMap<&str, &str> = [
            ("/jobs/", "fails"),
            ("/schedules/", "nightly"),
            ("/runs/", run),
            ("/dead-letters/", run),
            ("/steps/", "wait"),
            ("/approvals/", run),
        ]
        .into();
        let id = names.iter().find(|(start, _)| page.starts_with(**start)).map_or("x", |(_, id)| id);
        page.replace("{id}", id)
            .replace("{job}", "nightly")
            .replace("{run}", run)
            .replace("{step}", if page.starts_with("/steps") { "wait" } else { "late" })
            .replace("{*path}", "x")
    };
    let mut all: Vec<String> = pages().iter().map(|page| fill(page)).collect();
    let more = [
        "/jobs?q=fail&enabled=true&scheduled=true",
        "/runs?status=failed",
        "/runs?status=running",
        "/runs?job_id=fails",
        "/runs?queue=UTC",
        "/runs?job_id=fails&status=failed&queue=UTC",
        "/ledger?job_id=nightly",
        "/ledger?decision=admitted&from=2026-01-01&to=2027-01-01",
        "/schedules?queue=Europe/Berlin",
        "/calendar?month=2026-01&job_id=nightly",
        "/dead-letters?state=&job_id=fails",
        "/dead-letters?class=failed",
        "/audit?by=first&action=job&target=x",
        "/queues?why=UTC",
        "/backfills?job_id=nightly&from=2026-01-01&to=2026-01-02",
    ];
    all.extend(more.map(str::to_owned));
    while let Some(page) = all.pop() {
        let reply = person.get(&page).await;
        assert!(reply.status < 500, "{page}: {reply:?}");
        if let Some(next) = next_page(&reply.body).filter(|_| !page.contains("cursor")) {
            all.push(next);
        }
    }
}

/// Returns the address of the next page of a list.
fn next_page(body: &str) -> Option<String> {
    let (before, _) = body.split_once("\" rel=\"next\">Next page")?;
    let address = before.rsplit_once("href=\"")?.1.replace("&amp;", "&");
    address.strip_prefix("/ui/p/default").map(str::to_owned)
}

/// Fails if a statement reads a whole table without a reason, or a list with a filter uses no index for it. `plan`
/// returns the lines of the plan of a statement, and `whole` whether a line reads a table as a whole.
fn check(all: &BTreeMap<String, String>, plan: impl Fn(&str) -> Vec<String>, whole: impl Fn(&str) -> bool) {
    assert!(all.len() > 40, "{}", all.len());
    let mut wrong = Vec::new();
    let mut used = vec![0; FILTERS.len()];
    for sql in all.keys() {
        let lines = plan(sql);
        if lines.iter().any(|line| whole(line)) && !WHOLE.iter().any(|(part, _)| sql.contains(part)) {
            wrong.push(format!("{sql}\n    reads a whole table: {}", lines.join(", ")));
        }
        for (at, (list, condition, indexes)) in FILTERS.iter().enumerate() {
            if !sql.contains(list) || !sql.contains(condition) {
                continue;
            }
            used[at] += 1;
            if !lines.iter().any(|line| indexes.iter().any(|index| line.contains(index))) {
                wrong.push(format!("{sql}\n    has no index for `{condition}`: {}", lines.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (filter, used) in FILTERS.iter().zip(used) {
        assert!(used > 0, "no page has the filter {filter:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_of_a_page_has_an_index_in_sqlite() {
    let (server, log) = Server::start_logged(shell());
    let run = filled(&server).await;
    let person = Person::log_in(&server, &server.token).await;
    look(&person, &run).await;
    let database = rusqlite::Connection::open(server.shell.path("data").join("stepwell.db")).unwrap();
    let plan = |sql: &str| {
        let mut plan = database.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let mut rows = plan.raw_query();
        let mut found: Vec<String> = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            found.push(row.get(3).unwrap());
        }
        found
    };
    let all = statements(&log);
    check(&all, plan, |line| {
        line.starts_with("SCAN ") && !line.contains("USING") && !line.contains("CONSTANT")
    });
    // A count of the runs of one phase reads no ended ones: there may be 100,000.
    let counts: Vec<&String> =
        all.keys().filter(|sql| sql.contains("COUNT(*)") && sql.contains(" phase = ")).collect();
    assert!(counts.len() >= 4, "{counts:?}");
    for sql in counts {
        let lines = plan(sql);
        let reads_ended = |line: &&String| line.contains("runs_by_");
        assert_eq!(lines.iter().find(reads_ended), None, "{sql}: {lines:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_of_a_page_has_an_index_in_postgresql() {
    let Some(database) = servers::postgres().await else { return };
    let shell = shell()
        .env("PAGES_STORE", database.url())
        .file("config.yaml", "connections: {w: {type: sqlite, path: w.db}}\nstore: 'env:PAGES_STORE'\n");
    let (server, log) = Server::start_logged(shell);
    let run = filled(&server).await;
    let person = Person::log_in(&server, &server.token).await;
    look(&person, &run).await;
    let url = database.url().replace("&pool=8", "");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let schema = "SELECT schemaname FROM pg_tables WHERE tablename = 'runs'";
    let schema: String = client.query_one(schema, &[]).await.unwrap().get(0);
    let settings = "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan";
    client.batch_execute(&format!("SET search_path = {schema}; {settings}")).await.unwrap();
    let all = statements(&log);
    let mut plans = BTreeMap::new();
    for (sql, types) in &all {
        let nulls = vec!["NULL"; types.split(',').filter(|name| !name.is_empty()).count()].join(", ");
        let (types, nulls) = match nulls.as_str() {
            "" => (String::new(), String::new()),
            nulls => (format!("({types})"), format!("({nulls})")),
        };
        client.batch_execute(&format!("PREPARE plan{types} AS {sql}")).await.unwrap();
        let rows = client.simple_query(&format!("EXPLAIN EXECUTE plan{nulls}")).await.unwrap();
        client.batch_execute("DEALLOCATE plan").await.unwrap();
        let lines = rows.iter().filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        plans.insert(sql.clone(), lines.collect::<Vec<String>>());
    }
    let plan = |sql: &str| plans.get(sql).cloned().unwrap_or_default();
    check(&all, plan, |line| line.contains("Seq Scan on"));
}
