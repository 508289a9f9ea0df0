//! The audit log: actions and actors, in a chain of hashes that reveals changes.

use std::sync::Arc;

use chrono::Duration;
use serde_json::{Value, json};
use stepwell::Host;
use stepwell::engine::store::prelude::*;
use stepwell::engine::store::{Audit, Change, CleanUp};
use stepwell::store::{PostgresStore, SqliteStore};
use stepwell_tests::servers;

use crate::cli::Shell;
use crate::server::{Server, until};
use crate::stores::{new_run, now, stores};

fn row(n: u64) -> Audit {
    Audit {
        at: now() + Duration::seconds(i64::try_from(n).unwrap()),
        by: "key:0a1b2c3d".to_owned(),
        name: "ann".to_owned(),
        action: "job.put".to_owned(),
        target: format!("job-{n}"),
        detail: String::new(),
    }
}

async fn report(store: &Arc<dyn Store>, expected: Option<&str>) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let host = Host::builder().data_dir(dir.path()).store(store.clone()).build().unwrap();
    serde_json::to_value(host.audit().verify(expected).await.unwrap()).unwrap()
}

/// Rows of several concurrent transactions are in one chain; retention cuts its start, and the rest can
/// be checked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_chain_of_the_audit_log_holds_on_every_store() {
    for (name, store, _place) in stores().await {
        let tasks: Vec<_> = (0..20)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(async move {
                    store
                        .write(vec![Change::Audit(row(2 * n)), Change::Audit(row(2 * n + 1))])
                        .await
                        .unwrap();
                    store.insert(&new_run(&format!("run-{n}")), vec![Change::Audit(row(n))]).await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let found = report(&store, None).await;
        assert_eq!(
            (&found["intact"], &found["rows"], &found["open"]),
            (&json!(true), &json!(60), &json!(0)),
            "{name}"
        );
        let head = found["head"].as_str().unwrap().to_owned();
        store.write(vec![Change::Audit(row(40))]).await.unwrap();
        assert_eq!(report(&store, Some(&head)).await["intact"], true, "{name}: it continues");
        let other = format!("60:{}", "0".repeat(64));
        assert_eq!(report(&store, Some(&other)).await["intact"], false, "{name}");
        // A head beyond the end, a head that retention has removed, and the present head.
        let beyond = report(&store, Some(&format!("99:{}", "0".repeat(64)))).await;
        assert_eq!((&beyond["intact"], &beyond["expected"]), (&json!(false), &json!("missing")), "{name}");
        let (why, help) =
            (beyond["broken"]["why"].as_str().unwrap(), beyond["broken"]["help"].as_str().unwrap());
        assert!(why.starts_with("the log ends with row 61, and the expected row 99 is missing"), "{why}");
        assert!(help.contains("restored from a backup"), "{help}");
        assert_eq!(beyond["broken"]["seq"], Value::Null, "{name}");
        assert_eq!(report(&store, Some(&head)).await["expected"], "found", "{name}");
        // Retention.
        let query = CleanUp {
            runs_before: now() - Duration::days(1),
            runs_per_job: 1000,
            ledger_before: now() - Duration::days(1),
            audit_before: now() + Duration::seconds(10),
            now: now(),
            limit: 100,
            dry_run: false,
            include_dead: true,
            audit: None,
        };
        store.clean_up(query.clone()).await.unwrap();
        let cut = report(&store, None).await;
        assert_eq!(cut["intact"], true, "{name}: {cut}");
        assert_eq!(cut["rows"].as_u64().unwrap() + cut["removed"].as_u64().unwrap(), 61, "{name}: {cut}");
        // Retention removes everything, and the chain continues.
        store.clean_up(CleanUp { audit_before: now() + Duration::days(1), ..query }).await.unwrap();
        assert_eq!(report(&store, None).await["rows"], 0, "{name}");
        let removed = report(&store, Some(&format!("1:{}", "0".repeat(64)))).await;
        assert_eq!((&removed["intact"], &removed["expected"]), (&json!(true), &json!("removed")), "{name}");
        store.write(vec![Change::Audit(row(50))]).await.unwrap();
        let last = report(&store, None).await;
        assert_eq!(
            (&last["intact"], &last["rows"], &last["removed"]),
            (&json!(true), &json!(1), &json!(61)),
            "{name}"
        );
    }
}

/// After any change to a row, the check names the first changed row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_was_touched_is_named() {
    for (what, sql, broken, seq, after, why) in [
        (
            "changed",
            "UPDATE audit SET row = replace(row, 'job-4', 'job-9')",
            5,
            Some(5),
            Some(4),
            "was changed",
        ),
        (
            "another actor",
            "UPDATE audit SET row = replace(row, 'ann', 'bob') WHERE seq = 3",
            3,
            Some(3),
            Some(2),
            "was changed",
        ),
        ("removed", "DELETE FROM audit WHERE seq = 2", 2, None, Some(1), "the row is missing"),
        (
            "the oldest removed",
            "DELETE FROM audit WHERE seq = 1",
            1,
            None,
            None,
            "the first row of the log is missing",
        ),
        (
            "the oldest changed",
            "UPDATE audit SET at = at - 1 WHERE seq = 1",
            1,
            Some(1),
            None,
            "which is the first, was changed",
        ),
        ("all removed", "DELETE FROM audit", 1, None, None, "there should be 10 rows"),
        (
            "the newest removed",
            "DELETE FROM audit WHERE seq = 10",
            10,
            None,
            Some(9),
            "the newest rows are missing",
        ),
        ("the time moved", "UPDATE audit SET at = at - 1 WHERE seq = 7", 7, Some(7), Some(6), "was changed"),
        (
            "swapped",
            "UPDATE audit SET n = -n WHERE seq IN (4, 5); UPDATE audit SET n = 9 + n WHERE seq IN (4, 5)",
            4,
            Some(5),
            Some(3),
            "was changed",
        ),
        (
            "added",
            "UPDATE audit SET n = n + 100 WHERE n > 5; INSERT INTO audit (at, row, n, hash) VALUES (1, '{}', 6, 'x')",
            6,
            Some(6),
            Some(5),
            "added from outside",
        ),
        (
            "added without a number, with an old time",
            "INSERT INTO audit (at, row) VALUES (1, (SELECT row FROM audit WHERE seq = 2))",
            11,
            Some(11),
            Some(10),
            "added from outside",
        ),
        (
            "added in the middle without a number",
            "UPDATE audit SET seq = -seq WHERE seq > 6; UPDATE audit SET seq = 1 - seq WHERE seq < 0;
            INSERT INTO audit (seq, at, row) VALUES (7, 1, '{}')",
            7,
            Some(7),
            Some(6),
            "added from outside",
        ),
        (
            "added with a number before the first",
            "INSERT INTO audit (at, row, n, hash) VALUES (1, '{}', -1, 'x')",
            11,
            Some(11),
            Some(10),
            "added from outside",
        ),
        (
            "added with a number after the last",
            "INSERT INTO audit (at, row, n, hash) VALUES (1, '{}', 99, 'x')",
            11,
            Some(11),
            Some(10),
            "added from outside",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.db");
        let store: Arc<dyn Store> = Arc::new(SqliteStore::new(&path));
        for n in 0..10 {
            store.write(vec![Change::Audit(row(n))]).await.unwrap();
        }
        assert_eq!(report(&store, None).await["intact"], true, "{what}");
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let found = report(&store, None).await;
        assert_eq!(
            (&found["intact"], &found["broken"]["number"]),
            (&json!(false), &json!(broken)),
            "{what}: {found}"
        );
        assert_eq!(
            (&found["broken"]["seq"], &found["broken"]["after"]),
            (&json!(seq), &json!(after)),
            "{what}: {found}"
        );
        assert!(found["broken"]["why"].as_str().unwrap().contains(why), "{what}: {found}");
        assert!(!found["broken"]["help"].as_str().unwrap().is_empty(), "{what}");
        // The next row heals nothing.
        let next = store.write(vec![Change::Audit(row(10))]).await;
        let found = report(&store, None).await;
        assert_eq!(found["intact"], false, "{what}: {next:?} {found}");
    }
}

/// The chain begins with the rows of an earlier version, however many there are. A later row without a link is
/// never adopted, and stays reported until the retention removes the rows around it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_chain_begins_with_the_rows_of_an_earlier_version_and_adopts_none_later() {
    let Some(database) = servers::postgres().await else { return };
    let (one, two) =
        (PostgresStore::new(&database.url()).unwrap(), PostgresStore::new(&database.url()).unwrap());
    one.insert(&new_run("first"), Vec::new()).await.unwrap();
    let url = database.url();
    let place = url.split('?').next().unwrap();
    let (client, connection) = tokio_postgres::connect(place, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let old = serde_json::to_string(&row(1)).unwrap();
    let many = "INSERT INTO stepwell.audit (at, row) SELECT n, $1 FROM generate_series(1, 2500) AS n";
    client.execute(many, &[&old]).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(one);
    let figures = async || {
        let found = report(&store, None).await;
        (
            found["intact"].clone(),
            found["rows"].clone(),
            found["open"].clone(),
            found["broken"]["seq"].clone(),
        )
    };
    assert_eq!(figures().await, (json!(true), json!(0), json!(2500), json!(null)));
    // By the statement for many runs, and by the one for a single change, on another node.
    two.insert(&new_run("a"), vec![Change::Audit(row(2))]).await.unwrap();
    two.write(vec![Change::Audit(row(3))]).await.unwrap();
    assert_eq!(figures().await, (json!(true), json!(2502), json!(0), json!(null)));
    client.execute("INSERT INTO stepwell.audit (at, row) VALUES (7, $1)", &[&old]).await.unwrap();
    let seq = client.query_one("SELECT max(seq) FROM stepwell.audit", &[]).await.unwrap().get::<_, i64>(0);
    assert_eq!(figures().await, (json!(false), json!(2502), json!(0), json!(seq)));
    two.insert(&new_run("b"), vec![Change::Audit(row(4))]).await.unwrap();
    two.write(vec![Change::Audit(row(5))]).await.unwrap();
    assert_eq!(figures().await, (json!(false), json!(2504), json!(0), json!(seq)));
}

/// Runs the command over the store of the service, and returns its exit code and output.
fn says(server: &Server, line: &str) -> (Option<i32>, String) {
    let output = server.shell.run(&line.split(' ').collect::<Vec<_>>());
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn rows(log: &Value, action: &str) -> Vec<Value> {
    log["items"].as_array().unwrap().iter().filter(|row| row["action"] == action).cloned().collect()
}

/// Further audit rows besides changes: denials, uses of secrets, failed logins, reloads; each with
/// an identity.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_secrets_logins_and_reloads_leave_rows() {
    let web = stepwell_tests::web::Web::start().await;
    web.set("/x", json!({"ok": true}));
    let url = web.url("");
    let policy = format!(
        "policy: 1\nname: p\nsteps: [probe, http]\nsql: [{{connection: w}}]\nhttp: [{{url: '{url}', methods: [GET], allow_private: ['127.0.0.1/32'], inject: {{header: authorization, format: 'Bearer {{}}', secret: token}}}}]\n"
    );
    let config = "connections: {w: {type: sqlite, path: w.db}}\nsecrets: {token: 'env:TOKEN'}\n";
    let shell =
        Shell::new().file("config.yaml", config).file("policy.yaml", &policy).env("TOKEN", "canary-7b1f");
    let server = Server::start(shell);
    // A step that uses a secret twice, and is denied a host.
    let step =
        |id: &str, url: &str| json!({"id": id, "type": "http", "url": url, "continue_on_failure": true});
    let job = json!({"job": {"id": "calls", "steps": [step("a", &format!("{url}/x")), step("b", "https://elsewhere.example/")]}});
    let run = server.post("/api/v2/jobs/execute", &job).await.json();
    let id = run["execution_id"].as_str().unwrap().to_owned();
    let log = async || server.get("/api/v2/audit?limit=1000").await.json();
    let used =
        until("the use is noted", async || rows(&log().await, "secret.use"), |rows| !rows.is_empty()).await;
    assert_eq!(used.len(), 1, "{used:?}");
    assert_eq!(
        (&used[0]["target"], &used[0]["by"]),
        (&json!("token"), &json!(format!("run:{id}"))),
        "{used:?}"
    );
    let denied = rows(&log().await, "policy.deny");
    assert!(
        denied
            .iter()
            .any(|row| row["by"] == format!("run:{id}")
                && row["target"].as_str().unwrap().starts_with("HTTP_")),
        "{denied:?}"
    );
    // A job that policy denies: one row, however often it is sent.
    let refused = json!({"id": "sql", "steps": [{"id": "s", "type": "sql", "connection_name": "w", "query": "SELECT 1"}]});
    for _ in 0..5 {
        assert_eq!(server.post("/api/v2/jobs/validate", &refused).await.status, 422);
    }
    let found = rows(&log().await, "policy.refuse");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0]["by"].as_str().unwrap().starts_with("key:") && found[0]["name"] == "first", "{found:?}");
    // A flood of failed logins: one row for the address.
    for n in 0..40 {
        let key = format!("Bearer sw_{n:08x}_nonsense");
        server.raw("GET", "/api/v2/jobs", &[("authorization", &key)], "").await.unwrap();
    }
    let found = rows(&log().await, "login.fail");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["by"], "address:127.0.0.1");
    // Reloads, valid and invalid.
    server.signal("HUP");
    until("the reload is noted", async || rows(&log().await, "system.reload").len(), |count| *count == 1)
        .await;
    std::fs::write(server.shell.path("policy.yaml"), "policy: 1\nnonsense: 1\n").unwrap();
    server.signal("HUP");
    let reloads =
        until("so is the other", async || rows(&log().await, "system.reload"), |rows| rows.len() == 2).await;
    assert!(reloads[0]["detail"].as_str().unwrap().contains("nothing changes"), "{reloads:?}");
    // The first key, and the chain over everything.
    let made = rows(&log().await, "key.create");
    assert!(made[0]["by"].as_str().unwrap().starts_with("node:"), "{made:?}");
    let verified = server.get("/api/v2/audit/verify").await.json();
    assert_eq!(verified["intact"], true, "{verified}");
    // The command names its user and machine, and describes the break.
    let (code, out) = says(&server, "audit verify");
    assert!(code == Some(0) && out.contains("intact") && out.contains("head: "), "{out}");
    let (_, out) = says(&server, "keys create command-made");
    assert!(out.starts_with("sw_"), "{out}");
    let made = rows(&log().await, "key.create");
    let by = made[0]["by"].as_str().unwrap();
    assert!(by.starts_with("command:") && by.contains('@'), "{made:?}");
    let database = rusqlite::Connection::open(server.shell.path("data/stepwell.db")).unwrap();
    database.execute("UPDATE audit SET row = replace(row, 'first', 'worst') WHERE n = 1", []).unwrap();
    let (code, out) = says(&server, "audit verify");
    assert!(
        code == Some(1)
            && out.contains(
                "broken at row 1 of the chain, the row with seq 1: the row, which is the first, was changed"
            ),
        "{out}"
    );
    assert!(out.contains("\nhelp: compare it with a backup"), "{out}");
    database.execute("DELETE FROM audit WHERE n = 1", []).unwrap();
    let (code, out) = says(&server, "audit verify");
    assert!(
        code == Some(1) && out.contains("broken at row 1 of the chain: the first row of the log is missing"),
        "{out}"
    );
    // An invalid head gets a description of a valid one.
    for wrong in ["0:00", "9:xyz", "9", "99999999999999999999:00", "-1:00"] {
        let output = server.shell.run(&["audit", "verify", &format!("--expect={wrong}")]);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.code() == Some(2) && errors.contains("NUMBER:HASH, the `head`"),
            "{wrong}: {errors}"
        );
    }
}
