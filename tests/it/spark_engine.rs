//! `data_processing` on Spark: a query runs there only if it gives the rows of the local engine.
//!
//! `STEPWELL_ENGINE_QUERIES` is the number of generated queries, and `STEPWELL_SEED` selects others.

use serde_json::{Value, json};
use stepwell::engine::{Outcome, StepEnd};
use stepwell_tests::servers::PASSWORD;
use stepwell_tests::spark::Spark;

use crate::engine_queries::Queries;
use crate::support::{Running, Site, told};

const MOUNTS: &str = "files:\n- {mount: /in, source: in, access: write}\n- {mount: /own, source: own, access: write}\n\
     - {mount: /workspace, workspace: 64MiB, access: write}";

/// Makes a host whose directory `in` Spark sees, and whose directory `own` it does not.
async fn site(port: u16, engines: &str, grants: &str) -> Running {
    let site = Site::new().file("in/.here", "").file("own/.here", "").file("token", PASSWORD);
    let dir = site.path().join("in").display().to_string();
    let config = format!(
        "connections:\n  lake: {{type: spark, host: 127.0.0.1, port: {port}, tls: disable, token: 'file:token', paths: ['{dir}', 'file://{dir}']}}\n\
         engines:\n  spark: {{connection: lake, shared: {{in: '{dir}'}}, {engines}}}\n"
    );
    site.config(&config)
        .policy("data_processing", &format!("profile: large\n{MOUNTS}\n{grants}"))
        .host()
        .await
}

const READ: &str = "sql: [{connection: lake, mode: read}]";

async fn query(site: &Running, more: Value) -> StepEnd {
    let mut step = json!({"type": "data_processing", "inputs": {"t": "/in/t.parquet"}, "max_rows": 100_000});
    step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    site.step(step).await
}

/// Writes the tables `t` and `u`, with every type and with NULL in each column.
async fn tables(site: &Running) {
    let (t, u) = crate::engine_queries::tables();
    std::fs::write(site.path().join("own/t.csv"), t).unwrap();
    std::fs::write(site.path().join("own/u.csv"), u).unwrap();
    let schema = json!({
        "id": "int64", "k": "text", "n": "int64", "f": "float64", "d": "decimal(12,2)", "e": "decimal(5,0)",
        "b": "boolean", "day": "date", "at": "timestamp", "moment": "timestamptz",
    });
    let wide = "SELECT *, CAST(n AS INT) AS i, CAST(n AS SMALLINT) AS s, CAST(f AS REAL) AS r FROM t";
    for output in ["/in/t.parquet", "/own/t.parquet", "/in/parts/a.parquet", "/in/parts/b.parquet"] {
        let input = json!({"t": {"path": "/own/t.csv", "schema": schema}});
        let end =
            query(site, json!({"engine": "local", "inputs": input, "query": wide, "output": output})).await;
        assert!(end.outcome.is_success(), "{}", told(&end));
    }
    let schema = json!({"k": "text", "n": "int64", "w": "decimal(6,3)"});
    let input = json!({"u": {"path": "/own/u.csv", "schema": schema}});
    let end =
        query(site, json!({"inputs": input, "query": "SELECT * FROM u", "output": "/in/u.parquet"})).await;
    assert!(end.outcome.is_success(), "{}", told(&end));
}

#[tokio::test]
async fn queries_run_where_they_fit() {
    let Some(mut spark) = Spark::start(PASSWORD).await else { return };
    let site = site(spark.port, "min_bytes: 1", READ).await;
    tables(&site).await;
    same_rows(&site).await;
    choices(&site).await;
    remote(&site).await;
    without_grant(spark.port).await;
    let health = site.host.system().health().await.engine_health;
    assert_eq!((health["spark"].status, health["local"].status), ("healthy", "healthy"));
    broken(&site, &mut spark).await;
}

/// The generated queries give the same rows on both engines, or do not run on Spark.
async fn same_rows(site: &Running) {
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let (seed, count) =
        (setting("STEPWELL_SEED").unwrap_or(1), setting("STEPWELL_ENGINE_QUERIES").unwrap_or(60));
    let (mut ran, mut unfit, mut failed) = (0, Vec::new(), Vec::new());
    for (number, text) in Queries::new(seed).take(usize::try_from(count).unwrap()).enumerate() {
        let ask = async |engine: &str| {
            let inputs = json!({"t": "/in/t.parquet", "u": "/in/u.parquet"});
            query(site, json!({"inputs": inputs, "query": text, "engine": engine})).await
        };
        let (local, there) = (ask("local").await, ask("spark").await);
        assert!(
            !told(&local).contains("invalid_config"),
            "query {number} is not one: {text}\n{}",
            told(&local)
        );
        if there.outcome.is_success() && local.outcome.is_success() {
            ran += 1;
            let is_sorted = text.contains("ORDER BY");
            let difference = difference(&local.produced.output, &there.produced.output, is_sorted);
            assert_eq!(difference, None, "query {number} of seed {seed}: {text}");
        } else if told(&there).contains("Spark cannot run the query") {
            unfit.push(format!("{text}: {}", told(&there)));
        } else {
            let why = told(&there);
            let is_ours = ["PARSE", "MISMATCH", "UNRESOLVED", "SQL_STATEMENT_NOT_GRANTED", "Syntax"];
            assert!(!is_ours.iter().any(|word| why.contains(word)), "query {number}: {text}\n{why}");
            assert!(!there.outcome.is_success(), "only Spark runs {text}\n{}", told(&local));
            failed.push(format!("{text}: {why}"));
        }
    }
    println!("{ran} queries ran on both engines; unfit: {unfit:#?}; failed: {failed:#?}");
    assert!(ran * 10 >= count * 6, "only {ran} of {count} queries ran on Spark: {unfit:#?} {failed:#?}");
}

/// Returns the first difference between two results. Sums of floats may differ in the last digits.
fn difference(one: &Value, other: &Value, is_sorted: bool) -> Option<String> {
    let rows = |result: &Value| {
        let mut rows = result.as_array().cloned().unwrap_or_default();
        if !is_sorted {
            rows.sort_by_key(Value::to_string);
        }
        rows
    };
    let (ones, others) = (rows(one), rows(other));
    if ones.len() != others.len() {
        return Some(format!("{} rows, and {} on Spark", ones.len(), others.len()));
    }
    let is_close = |one: &Value, other: &Value| match (one.as_f64(), other.as_f64()) {
        (Some(a), Some(b)) if one.is_f64() && other.is_f64() => (a - b).abs() <= 1e-12 * a.abs().max(b.abs()),
        _ => one == other,
    };
    let differs = |(one, other): &(&Value, &Value)| {
        let (Some(one), Some(other)) = (one.as_object(), other.as_object()) else { return true };
        !one.keys().eq(other.keys())
            || !one.values().zip(other.values()).all(|(one, other)| is_close(one, other))
    };
    let found = ones.iter().zip(&others).find(differs)?;
    Some(format!("local {}, and on Spark {}", found.0, found.1))
}

/// `auto` says where a query ran, and why.
async fn choices(site: &Running) {
    for (step, engine, reason) in [
        (json!({"query": "SELECT count(*) AS n FROM t"}), "spark", "the inputs have"),
        (json!({"query": "SELECT count(*) AS n FROM t", "engine": "local"}), "local", "the step asks for it"),
        (json!({"query": "SELECT count(*) AS n FROM t", "engine": "spark"}), "spark", "the step asks for it"),
        (
            json!({"query": "SELECT count(*) AS n FROM t", "inputs": {"t": "/in/parts/*.parquet"}}),
            "spark",
            "the inputs",
        ),
        (
            json!({"query": "SELECT count(*) AS n FROM t", "inputs": {"t": "/own/t.parquet"}}),
            "local",
            "Spark does not see /own/t.parquet of the input `t`",
        ),
        (
            json!({"query": "SELECT count(*) AS n FROM t", "inputs": {"t": "/own/t.csv"}}),
            "local",
            "is not Parquet",
        ),
        (json!({"query": "SELECT upper(k) AS n FROM t LIMIT 1"}), "local", "`upper` stays local"),
        (json!({"query": "SELECT n FROM t LIMIT 1"}), "local", "a limit without an order"),
        (
            json!({"query": "SELECT sum(n) OVER (ORDER BY id) AS n FROM t"}),
            "local",
            "window functions stay local",
        ),
        (json!({"query": "SELECT d / 3 AS n FROM t"}), "local", "`rounded_quotient` stays local"),
        (json!({"query": "SELECT count(*) AS n FROM t WHERE f * 2 = 0"}), "local", "NaN and -0"),
        (json!({"query": "SELECT id FROM t", "output": "/workspace/o.parquet"}), "spark", "the inputs have"),
    ] {
        let end = query(site, step.clone()).await;
        let metadata = &end.produced.metadata;
        assert_eq!(metadata["engine"], engine, "{step}: {}", told(&end));
        let found = metadata["engine_reason"].as_str().unwrap();
        assert!(found.contains(reason), "{step}: {found}");
        let used = end.receipt.engine.unwrap();
        assert_eq!((<&str>::from(used.name), used.fell_back), (engine, false), "{step}");
    }
    for (step, reason) in [
        (json!({"query": "SELECT upper(k) FROM t"}), "Spark cannot run the query: `upper` stays local"),
        (json!({"query": "SELECT nope FROM t"}), "there is no column `nope`"),
        (json!({"query": "SELECT 1 / (id - id) AS x FROM t"}), "DIVIDE_BY_ZERO"),
    ] {
        let mut step = step;
        step["engine"] = "spark".into();
        let end = query(site, step.clone()).await;
        assert!(told(&end).contains(reason), "{step}: {}", told(&end));
    }
    // A query that fails on both engines fails as on the local one.
    let end = query(site, json!({"query": "SELECT 1 / (id - id) AS x FROM t"})).await;
    assert!(!end.outcome.is_success() && end.receipt.engine.unwrap().fell_back, "{}", told(&end));
    // Of NaN, only the local engine knows the order.
    let strange = "SELECT id, CASE WHEN id = 3 THEN CAST('NaN' AS DOUBLE) ELSE f END AS f FROM t";
    let end =
        query(site, json!({"engine": "local", "query": strange, "output": "/in/strange.parquet"})).await;
    assert!(end.outcome.is_success(), "{}", told(&end));
    let end =
        query(site, json!({"inputs": {"t": "/in/strange.parquet"}, "query": "SELECT max(f) AS f FROM t"}))
            .await;
    assert_eq!(end.produced.output, json!([{"f": "NaN"}]), "{}", told(&end));
    assert_eq!(end.produced.metadata["engine"], "local");
    let reason = end.produced.metadata["engine_reason"].as_str().unwrap();
    assert!(reason.contains("a column has NaN or -0"), "{reason}");
}

/// Only Spark reads a URL, whose columns it names.
async fn remote(site: &Running) {
    let ask = async |url: &str, text: &str| {
        let inputs = json!({"u": {"path": url, "format": "parquet"}, "t": "/in/t.parquet"});
        query(site, json!({"inputs": inputs, "query": text})).await
    };
    let url = format!("file://{}/in/parts", site.path().display());
    let end = ask(&url, "SELECT count(*) AS n, sum(u.d) - sum(t.d) AS d FROM u JOIN t ON u.id = t.id").await;
    assert_eq!(end.produced.output, json!([{"n": 400, "d": "0.00"}]), "{}", told(&end));
    assert_eq!(end.produced.metadata["engine_reason"], "only Spark reads the inputs");
    let end = ask(&url, "SELECT * FROM u ORDER BY id LIMIT 1").await;
    let local = query(site, json!({"engine": "local", "query": "SELECT * FROM t ORDER BY id LIMIT 1"})).await;
    assert_eq!(end.produced.output, local.produced.output, "{}", told(&end));
    for (url, text, why) in [
        ("file:///etc", "SELECT 1 FROM u", "it is not below the connection's `paths`"),
        (&format!("{url}/none"), "SELECT 1 FROM u", "PATH_NOT_FOUND"),
        (&url, "SELECT upper(k) FROM u", "Spark cannot run the query: `upper` stays local"),
        (&url, "SELECT nope FROM u", "there is no column `nope`"),
    ] {
        let end = ask(url, text).await;
        assert!(told(&end).contains(why), "{url} {text}: {}", told(&end));
    }
}

async fn without_grant(port: u16) {
    let site = site(port, "min_bytes: 1", "").await;
    tables(&site).await;
    let end = query(&site, json!({"query": "SELECT count(*) AS n FROM t"})).await;
    assert!(end.outcome.is_success() && end.produced.metadata["engine"] == "local", "{}", told(&end));
    let end = query(&site, json!({"query": "SELECT 1 FROM t", "engine": "spark"})).await;
    assert!(told(&end).contains("a policy grants its connection"), "{}", told(&end));
    assert!(matches!(&end.outcome, Outcome::Failed { retryable: true, .. }), "{:?}", end.outcome);
}

/// Without Spark, `auto` runs locally with one warning, and jobs that do not need it run.
async fn broken(site: &Running, spark: &mut Spark) {
    spark.kill();
    let end = query(site, json!({"query": "SELECT count(*) AS n FROM t"})).await;
    assert!(end.outcome.is_success() && end.produced.metadata["engine"] == "local", "{}", told(&end));
    let reason = end.produced.metadata["engine_reason"].as_str().unwrap();
    assert!(reason.contains("Spark failed: cannot connect to `lake`"), "{reason}");
    assert!(end.receipt.engine.unwrap().fell_back);
    let end = query(site, json!({"query": "SELECT count(*) AS n FROM t", "engine": "spark"})).await;
    assert!(matches!(&end.outcome, Outcome::Failed { retryable: true, .. }), "{:?}", end.outcome);
    let end = query(site, json!({"query": "SELECT count(*) AS n FROM t", "engine": "local"})).await;
    assert!(end.outcome.is_success(), "{}", told(&end));
    let metrics = site.host.system().prometheus().await.unwrap();
    assert!(metrics.contains("stepwell_engine_queries_total{engine=\"spark\"}"), "{metrics}");
    assert!(!metrics.contains("stepwell_engine_fallbacks_total 0"), "{metrics}");
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_reported() {
    let site = site(1, "min_bytes: 1", READ).await;
    let health = site.host.system().health().await;
    let spark = &health.engine_health["spark"];
    assert_eq!(spark.status, "unavailable");
    assert!(spark.reason.as_deref().unwrap_or_default().contains("refused"), "{spark:?}");
    let metrics = site.host.system().metrics(1).await.unwrap();
    assert_eq!(metrics.engine_health["spark"].status, "unavailable");
    tables(&site).await;
    let end = query(&site, json!({"query": "SELECT count(*) AS n FROM t"})).await;
    assert!(end.outcome.is_success(), "{}", told(&end));
}

#[tokio::test]
async fn the_local_engine_can_be_switched_off() {
    let site = Site::new()
        .config("engines: {local: {enabled: false}}")
        .policy("data_processing", &format!("profile: large\n{MOUNTS}"))
        .file("in/t.csv", "a\n1\n")
        .file("own/.here", "")
        .host()
        .await;
    let end = query(&site, json!({"inputs": {"t": "/in/t.csv"}, "query": "SELECT * FROM t"})).await;
    assert!(told(&end).contains("`engines.local.enabled`"), "{}", told(&end));
}

#[tokio::test]
async fn a_query_that_cannot_be_read_is_found_at_the_check() {
    let site = Site::new().host().await;
    for (query, wanted) in
        [("SELECT a FORM t", "/query"), ("SELECT count( FROM t", "/query"), ("SELEC 1", "/query")]
    {
        let job = json!({"id": "j", "steps": [{
            "id": "a", "type": "data_processing", "inputs": {"t": "t.csv"}, "query": query,
        }]});
        let found = site.host.parse("job.json", &job.to_string()).await;
        let Err(problems) = found else { panic!("{query}") };
        assert!(problems.to_string().contains("query"), "{query} {wanted}: {problems}");
    }
}
