//! The store on PostgreSQL beyond the contract: versions, clocks, TLS, several databases, nodes that notify
//! each other.

use chrono::Duration;
use serde_json::json;
use stepwell::engine::StoreError;
use stepwell::engine::store::prelude::*;
use stepwell::engine::store::{Change, LedgerFilter, NewRun, Renewal, RunFilter, ScheduleRow, Wake};
use stepwell::store::{MIGRATIONS, Migration, PostgresSettings, PostgresStore};
use stepwell_tests::certificates::Authority;
use stepwell_tests::proxy::{Fault, Proxy};
use stepwell_tests::{guest, servers};

use crate::cli::Shell;
use crate::server::{Server, ask_bytes, until};
use crate::stores::{ids, job, new_run, now, query};

/// The migration of a large table may take longer than any other statement.
#[tokio::test]
async fn a_migration_takes_as_long_as_it_takes() {
    const LONG: &[Migration] = &[
        MIGRATIONS[0],
        MIGRATIONS[1],
        MIGRATIONS[2],
        Migration { version: 4, works_since: 1, sqlite: "", postgres: "SELECT pg_sleep(16)" },
    ];
    let Some(database) = servers::postgres().await else { return };
    let settings: PostgresSettings = database.url().parse().unwrap();
    let store = PostgresStore::with(settings.migrations(LONG));
    assert_eq!(store.queues(now()).await.unwrap(), []);
    assert_eq!(store.vitals(now()).await.unwrap()[0].schema, 4);
}

/// Nodes of two versions over one database: the newer one migrates while the older one works. The older one
/// refuses to start only after the parts that it needs were removed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_node_works_beside_a_newer_one_until_the_schema_is_contracted() {
    const EXPANDED: &[Migration] = &[
        MIGRATIONS[0],
        MIGRATIONS[1],
        MIGRATIONS[2],
        MIGRATIONS[3],
        MIGRATIONS[4],
        MIGRATIONS[5],
        MIGRATIONS[6],
        Migration {
            version: 8,
            works_since: 1,
            sqlite: "",
            postgres: "ALTER TABLE runs ADD COLUMN note TEXT; CREATE INDEX runs_by_note ON runs (note) WHERE note IS NOT NULL;
                CREATE TABLE notes (note TEXT PRIMARY KEY)",
        },
    ];
    const CONTRACTED: &[Migration] = &[
        EXPANDED[0],
        EXPANDED[1],
        EXPANDED[2],
        EXPANDED[3],
        EXPANDED[4],
        EXPANDED[5],
        EXPANDED[6],
        EXPANDED[7],
        Migration {
            version: 9,
            works_since: 8,
            sqlite: "",
            postgres: "ALTER TABLE runs DROP COLUMN fingerprint",
        },
    ];
    let Some(database) = servers::postgres().await else { return };
    // The older node is the present program; it works all the time.
    let server = Server::start(Shell::new().env("STEPWELL_STORE", database.url()));
    let job =
        json!({"job": {"id": "echo", "steps": [{"id": "s", "type": "probe", "case": "echo", "text": "x"}]}});
    let works = async || server.post("/api/v2/jobs/execute", &job).await.status;
    assert_eq!(works().await, 200);
    let settings = || database.url().parse::<PostgresSettings>().unwrap();
    let newer = PostgresStore::with(settings().migrations(EXPANDED));
    let migrating = async { newer.insert(&new_run("by-the-newer"), Vec::new()).await.unwrap() };
    let working = async {
        for _ in 0..20 {
            assert_eq!(works().await, 200);
        }
    };
    tokio::join!(migrating, working);
    assert_eq!(newer.vitals(now()).await.unwrap()[0].schema, 8);
    // Each reads what the other has written, and another older node may start.
    assert!(newer.list(&RunFilter { limit: 100, ..RunFilter::default() }).await.unwrap().len() > 20);
    assert_eq!(server.get("/api/v2/runs/by-the-newer").await.status, 200);
    let another = PostgresStore::with(settings());
    assert_eq!(another.row("by-the-newer").await.unwrap().execution_id, "by-the-newer");
    // The next release removes the parts that the oldest needs: it does not start, and reports why.
    drop(server);
    let newest = PostgresStore::with(settings().migrations(CONTRACTED));
    newest.row("by-the-newer").await.unwrap();
    let told = PostgresStore::with(settings()).row("by-the-newer").await.unwrap_err().to_string();
    assert!(told.contains("schema has version 9") && told.contains("upgrade it"), "{told}");
    assert!(PostgresStore::with(settings().migrations(EXPANDED)).row("by-the-newer").await.is_ok());
}

/// Queues in separate databases: each with its schedules, ledger and runs, and a missing database stops
/// no other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_may_have_a_store_of_its_own() {
    let Some(database) = servers::postgres().await else { return };
    let proxy = Proxy::start(database.port).await;
    let place = |schema: &str| format!("{}&schema={schema}", database.url());
    let europe = place("europe").replace(&format!(":{}/", database.port), &format!(":{}/", proxy.port));
    let config = "connections: {w: {type: sqlite, path: w.db}}\nstore: 'env:HOME_STORE'\nstores: {europe: 'env:EUROPE_STORE'}\n";
    let shell = Shell::new()
        .file("config.yaml", config)
        .file("timezone_queues.yaml", "queues: {Europe/Berlin: {store: europe}}")
        .env("HOME_STORE", place("home"))
        .env("EUROPE_STORE", europe);
    let server = Server::start(shell);
    let job = |id: &str, zone: &str| json!({"id": id, "timezone": zone, "schedule": {"every": "1s"}, "steps": [{"id": "s", "type": "probe", "case": "echo", "text": "x"}]});
    for (id, zone) in [("berlin", "Europe/Berlin"), ("utc", "UTC")] {
        let reply =
            server.request("PUT", &format!("/api/v2/jobs/{id}"), &[], &job(id, zone).to_string()).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    let done = async |id: &str| {
        let runs = server.get(&format!("/api/v2/runs?job_id={id}&status=success")).await;
        if runs.status == 200 { runs.json()["items"].as_array().unwrap().len() } else { 0 }
    };
    for id in ["berlin", "utc"] {
        until("both schedules run", async || done(id).await, |count| *count >= 2).await;
    }
    let (home, away) =
        (PostgresStore::new(&place("home")).unwrap(), PostgresStore::new(&place("europe")).unwrap());
    let all = RunFilter { limit: 100, ..RunFilter::default() };
    let jobs_of = async |store: &PostgresStore| {
        store
            .list(&all)
            .await
            .unwrap()
            .iter()
            .map(|row| row.job_id.clone())
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(jobs_of(&home).await, ["utc".to_owned()].into());
    assert_eq!(jobs_of(&away).await, ["berlin".to_owned()].into());
    let ledger = LedgerFilter { limit: 1, ..LedgerFilter::default() };
    assert_eq!(away.ledger(&ledger).await.unwrap()[0].job_id, "berlin");
    // Lists contain both, and a run is found in either.
    let runs = server.get("/api/v2/runs?limit=1000").await.json();
    let run = runs["items"].as_array().unwrap().iter().find(|run| run["job_id"] == "berlin").unwrap();
    let run = run["execution_id"].as_str().unwrap();
    assert_eq!(server.get(&format!("/api/v2/runs/{run}")).await.json()["status"], "success");
    // One database disappears: its queue stops, and the other continues.
    proxy.set(Fault::Refuse);
    proxy.reset();
    let before = home.list(&all).await.unwrap().len();
    let more = async || home.list(&all).await.unwrap().len();
    until("the other queue continues", more, |count| *count >= before + 3).await;
    proxy.set(Fault::None);
    let before = away.list(&all).await.unwrap().len();
    let more = async || away.list(&all).await.unwrap().len();
    until("the queue is back", more, |count| *count >= before + 2).await;
}

/// A component that is registered at one node runs on every node.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registered_step_reaches_every_node() {
    let Some(database) = servers::postgres().await else { return };
    let start =
        |token: &str| Server::start_without_probe(Shell::new().env("STEPWELL_STORE", database.url()), token);
    let first = start("");
    let second = start(&first.token);
    let job = json!({"job": {"id": "greets", "steps": [{"id": "s", "type": "hello", "who": "you"}]}});
    assert_eq!(second.post("/api/v2/jobs/execute", &job).await.status, 422, "there is no such step");
    let wasm = std::fs::read(guest("hello_step")).unwrap();
    let authorization = format!("Bearer {}", first.token);
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/wasm")];
    let reply = ask_bytes(&first.address, "POST", "/api/v2/steps", &headers, &wasm).await.unwrap();
    assert_eq!(reply.status, 201, "{reply:?}");
    let digest = reply.json()["digest"].as_str().unwrap().to_owned();
    let runs = async || second.post("/api/v2/jobs/execute", &job).await.status;
    until("the other node has it", runs, |status| *status == 200).await;
    let known = async |node: &Server| {
        let steps = node.get("/api/v2/steps").await.json();
        steps["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|step| step["step_type"] == "hello")
            .map(|step| step["digest"].clone())
    };
    assert_eq!((known(&first).await, known(&second).await), (Some(json!(digest)), Some(json!(digest))));
    // A node that starts later has it, too; built-in steps are not replaced; and removed steps are gone.
    let third = start(&first.token);
    assert_eq!(known(&third).await, Some(json!(digest)));
    let wait = std::fs::read(guest("wait")).unwrap();
    let reply = ask_bytes(&first.address, "POST", "/api/v2/steps", &headers, &wait).await.unwrap();
    assert!(reply.status == 409 && reply.body.contains("comes with the service"), "{reply:?}");
    let reply = ask_bytes(&first.address, "POST", "/api/v2/steps", &headers, b"nonsense").await.unwrap();
    assert_eq!(reply.status, 422, "{reply:?}");
    assert_eq!(first.request("DELETE", "/api/v2/steps/hello", &[], "").await.status, 204);
    until("it is gone everywhere", async || known(&second).await, |found| found.is_none()).await;
}

/// A node whose clock is wrong takes over no runs: the database measures leases.
#[tokio::test]
async fn a_wrong_clock_takes_no_claim_and_no_lease() {
    let Some(database) = servers::postgres().await else { return };
    let store = PostgresStore::new(&database.url()).unwrap();
    let (begin, minute) = (chrono::Utc::now(), Duration::minutes(1));
    store
        .insert(&NewRun { scheduled_time: begin, created_at: begin, ..new_run("one") }, Vec::new())
        .await
        .unwrap();
    let claim = store.claim(query(9, begin)).await.unwrap();
    assert_eq!(ids(&claim), ["one"]);
    let ahead = begin + Duration::days(1);
    assert_eq!(store.claim(query(9, ahead)).await.unwrap(), [], "a day ahead, the claim still lasts");
    let taken = store.claim_run("one", "v", ahead, ahead + minute).await;
    assert!(matches!(taken, Err(StoreError::Claimed(..))), "{taken:?}");
    // A node whose clock is behind keeps its claims.
    let behind = begin - Duration::days(1);
    let renewed = store.renew(&[("one".to_owned(), 1)], behind, behind + minute).await.unwrap();
    assert_eq!(renewed, [Renewal::Kept(None)]);
    assert!(store.row("one").await.unwrap().claimed_until.unwrap() > begin + minute / 2);
    let schedule = ScheduleRow {
        job_id: "job".to_owned(),
        job: job("job"),
        made: begin,
        cursor: begin,
        next: Some(begin),
        paused: None,
    };
    store.write(vec![Change::PutSchedule(schedule)]).await.unwrap();
    assert_eq!(store.lease_schedulers("w", begin, begin + minute).await.unwrap(), ["UTC"]);
    assert_eq!(store.lease_schedulers("v", ahead, ahead + minute).await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_store_behind_tls_is_the_one_that_its_certificate_says() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new(dir.path());
    let Some(database) = servers::postgres_with_tls(&authority).await else { return };
    let base =
        database.url().replace("127.0.0.1", "localhost").replace("sslmode=disable", "sslmode=verify-full");
    let trusted = format!("{base}&sslrootcert={}", authority.roots().display());
    let known = PostgresStore::new(&trusted).unwrap();
    assert_eq!(known.queues(now()).await.unwrap(), []);
    let strange = PostgresStore::new(&base).unwrap().queues(now()).await.unwrap_err().to_string();
    assert!(strange.to_lowercase().contains("certificate"), "{strange}");
    let named = PostgresStore::new(&trusted.replace("localhost", "127.0.0.1")).unwrap().queues(now()).await;
    assert!(named.is_err(), "the certificate has another name");
}

/// Announcements of one process reach others at once, but not the process itself.
#[tokio::test]
async fn processes_hear_of_each_other() {
    let Some(database) = servers::postgres().await else { return };
    let [one, other] = [0, 1].map(|_| PostgresStore::new(&database.url()).unwrap());
    assert_eq!(one.queues(now()).await.unwrap(), []);
    let (mut own, mut heard) = (one.announcements().unwrap(), other.announcements().unwrap());
    // Both report when they listen.
    for listener in [&mut own, &mut heard] {
        assert_eq!(listener.recv().await.unwrap(), Wake::Claims);
    }
    for wake in
        [Wake::Queue("Europe/Berlin".to_owned()), Wake::Schedules, Wake::Queue("Europe/Berlin".to_owned())]
    {
        one.announce(wake);
    }
    let hear = async |from: &mut tokio::sync::broadcast::Receiver<Wake>| {
        tokio::time::timeout(std::time::Duration::from_secs(2), from.recv()).await.ok().and_then(Result::ok)
    };
    assert_eq!(hear(&mut heard).await, Some(Wake::Queue("Europe/Berlin".to_owned())));
    assert_eq!(hear(&mut heard).await, Some(Wake::Schedules));
    assert_eq!(hear(&mut own).await, None);
}
