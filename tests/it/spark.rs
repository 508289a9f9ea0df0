//! Connections to Spark, against a real Spark with its Connect server.
//!
//! A server takes a while to start, so that each test asks one server many things.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stepwell::engine::{Outcome, StepEnd};
use stepwell_tests::proxy::Proxy;
use stepwell_tests::servers::PASSWORD;
use stepwell_tests::spark::Spark;

use crate::sql_lexers::{self, Dialect};
use crate::support::{Running, Site, told};

const FILES: &str = "files: [{mount: /workspace, workspace: 64MiB, access: write}]";

async fn site(port: u16, more: &str, grant: &str) -> Running {
    let connection =
        format!("{{type: spark, host: 127.0.0.1, port: {port}, tls: disable, token: 'file:token'{more}}}");
    Site::new()
        .file("token", PASSWORD)
        .config(&format!("connections: {{lake: {connection}}}"))
        .policy("sql", &format!("profile: large\nsql: [{{connection: lake, {grant}}}]\n{FILES}"))
        .host()
        .await
}

async fn sql(site: &Running, config: Value) -> StepEnd {
    let mut step = json!({"type": "sql", "connection_name": "lake"});
    step.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    site.step(step).await
}

#[tokio::test]
async fn statements_run_on_spark_within_their_bounds() {
    let Some(mut spark) = Spark::start(PASSWORD).await else { return };
    values_and_parameters(&spark).await;
    statements(&spark).await;
    files(&spark).await;
    bounds(&spark).await;
    lost_connections(&spark).await;
    texts(&spark).await;
    let site = site(spark.port, "", "mode: read").await;
    assert!(sql(&site, json!({"query": "SELECT 1"})).await.outcome.is_success());
    spark.kill();
    let end = sql(&site, json!({"query": "SELECT 1"})).await;
    // Another test may have the port by now.
    assert!(told(&end).contains("cannot connect to `lake`"), "{}", told(&end));
    assert!(matches!(&end.outcome, Outcome::Failed { retryable: true, .. }), "{:?}", end.outcome);
}

async fn values_and_parameters(spark: &Spark) {
    let site = site(spark.port, "", "mode: read").await;
    // Two minus signs would begin a comment.
    for (query, parameters, x) in [
        ("SELECT 10 -:n AS x", json!({"n": -5}), json!(15)),
        ("SELECT 10-? AS x", json!([-5]), json!(15)),
        (
            "SELECT -? , ' \n reflect(\"java.lang.System\", \"lineSeparator\") AS x -- ' AS y, 7 AS x",
            json!([-5]),
            json!(7),
        ),
    ] {
        let end = sql(&site, json!({"query": query, "parameters": parameters})).await;
        assert_eq!(end.produced.output[0]["x"], x, "{query}: {}", told(&end));
    }
    let query = "SELECT 1Y a, 9007199254740993 b, CAST(12.5 AS decimal(10, 2)) c, float(0.1) d, 'ä' e, X'00ff' f, true g, \
        date '2025-09-01' h, timestamp_ntz '2025-09-01 14:30:22' j, timestamp '2025-09-01 14:30:22+02:00' k, NULL n, \
        array(1, NULL) o, named_struct('x', 1.50BD, 'y', array(date '2025-09-01')) p, map('k', double('NaN')) q, \
        interval '1 02:03:04.5' day to second r, interval '1-2' year to month s, CAST('-0.0' AS double) t, \
        CAST(NULL AS int) u, double('infinity') v, 1e300 w";
    let end = sql(&site, json!({"query": query})).await;
    let wanted = json!([{
        "a": 1, "b": "9007199254740993", "c": "12.50", "d": 0.1, "e": "ä", "f": "00ff", "g": true,
        "h": "2025-09-01", "j": "2025-09-01T14:30:22", "k": "2025-09-01T12:30:22Z", "n": null,
        "o": [1, null], "p": {"x": "1.50", "y": ["2025-09-01"]}, "q": {"k": "NaN"},
        "r": "1 day 02:03:04.5", "s": "1 year 2 months", "t": -0.0, "u": null, "v": "Infinity", "w": 1e300,
    }]);
    assert!(end.outcome.is_success(), "{}", told(&end));
    assert_eq!(end.produced.output, wanted);
    // An empty result has its columns.
    let end = sql(&site, json!({"query": "SELECT 1 AS a WHERE false"})).await;
    assert_eq!(end.produced.output, json!([]), "{}", told(&end));
    for (query, parameters, wanted) in [
        ("SELECT :t AS v", json!({"t": "'; DROP TABLE t; --"}), json!("'; DROP TABLE t; --")),
        ("SELECT :t AS v", json!({"t": null}), Value::Null),
        ("SELECT :t AS v", json!({"t": "\\' || 'x\\"}), json!("\\' || 'x\\")),
        (
            "SELECT :t || :u AS v",
            json!({"t": "''\"`\n\\", "u": "' ? :t ${env:CANARY} -- /*"}),
            json!("''\"`\n\\' ? :t ${env:CANARY} -- /*"),
        ),
        ("SELECT :t || :t AS v", json!({"t": "a"}), json!("aa")),
        ("SELECT :n + 1 AS v", json!({"n": 2}), json!(3)),
        ("SELECT concat(?, ?) AS v", json!(["a", "b"]), json!("ab")),
        ("SELECT count(*) AS v FROM range(5) WHERE id IN (:l)", json!({"l": [1, 3, 9]}), json!(2)),
        ("SELECT count(*) AS v FROM range(5) WHERE id NOT IN (:l)", json!({"l": []}), json!(5)),
        // A text that no variable of the server's environment is put into.
        ("SELECT '${env:CANARY}' AS v", json!({}), json!("${env:CANARY}")),
        ("SELECT current_timezone() AS v", json!({}), json!("UTC")),
    ] {
        let end = sql(&site, json!({"query": query, "parameters": parameters})).await;
        assert_eq!(end.produced.output[0]["v"], wanted, "{query}: {}", told(&end));
    }
    for (query, parameters, why) in [
        ("SELECT :t", json!({}), "`:t` has no value"),
        ("SELECT ?", json!([1, 2]), "has 1 parameter, and the step gives 2"),
        ("SELECT\n  nope", json!({}), "line 2: A column, variable, or function parameter with name `nope`"),
        ("SELEC 1", json!({}), "`SELEC` does not begin a statement"),
        ("SELECT 1 +", json!({}), "Syntax error"),
        ("SELECT * FROM nope", json!({}), "TABLE_OR_VIEW_NOT_FOUND"),
        ("SELECT 1 / (id - id) FROM range(3)", json!({}), "(DIVIDE_BY_ZERO): write a / NULLIF(b, 0)"),
        ("SELECT int('x')", json!({}), "CAST_INVALID_INPUT"),
        ("SELECT raise_error('own')", json!({}), "own"),
    ] {
        let end = sql(&site, json!({"query": query, "parameters": parameters})).await;
        assert!(told(&end).contains(why), "{query}: {}", told(&end));
    }
}

async fn statements(spark: &Spark) {
    let read = site(spark.port, "", "mode: read").await;
    let write = site(spark.port, "", "mode: write").await;
    let ceiling = site(spark.port, ", read_only: true", "mode: read").await;
    let ddl =
        site(spark.port, ", settings: {spark.sql.shuffle.partitions: '3'}", "mode: ddl, scripts: true").await;
    for (site, query, why) in [
        (&read, "CREATE TABLE t (n int) USING parquet", "SQL_WRITE_NOT_GRANTED"),
        (&ceiling, "CREATE TABLE t (n int) USING parquet", "SQL_WRITE_NOT_GRANTED"),
        (&write, "CREATE TABLE t (n int) USING parquet", "SQL_STATEMENT_NOT_GRANTED"),
        (&ddl, "SET spark.sql.runSQLOnFiles = true", "SQL_STATEMENT_NOT_GRANTED"),
        (&ddl, "SELECT reflect('java.lang.System', 'getenv', 'CANARY')", "SQL_STATEMENT_NOT_GRANTED"),
        (
            &read,
            "EXPLAIN EXECUTE IMMEDIATE 'CREATE TABLE z USING parquet AS SELECT 1'",
            "SQL_STATEMENT_NOT_GRANTED",
        ),
        (
            &ddl,
            "ALTER VIEW v SET TBLPROPERTIES ('view.sqlConfig.spark.sql.variable.substitute'='true')",
            "SQL_STATEMENT_NOT_GRANTED",
        ),
        (&ddl, "SELECT TRANSFORM(id) USING 'env' FROM range(1)", "SQL_STATEMENT_NOT_GRANTED"),
    ] {
        let end = sql(site, json!({"query": query})).await;
        assert!(told(&end).contains(why), "{query}: {}", told(&end));
    }
    let script = "CREATE TABLE t (n int, s string) USING parquet;\nINSERT INTO t VALUES (1, 'a;b'), (2, \"it's\");\n\
                  INSERT INTO t SELECT id, 'x' FROM range(2) -- ; no\n";
    let end = sql(&ddl, json!({"script": script, "transaction": false})).await;
    assert!(end.outcome.is_success(), "{}", told(&end));
    let end =
        sql(&read, json!({"query": "WITH x AS (SELECT * FROM t) SELECT count(*) AS n, max(s) AS s FROM x"}))
            .await;
    assert_eq!(end.produced.output, json!([{"n": 4, "s": "x"}]), "{}", told(&end));
    let end =
        sql(&write, json!({"query": "WITH x AS (SELECT 7 AS n) INSERT INTO t SELECT n, 'y' FROM x"})).await;
    assert!(end.outcome.is_success(), "{}", told(&end));
    let end =
        sql(&read, json!({"query": "WITH x AS (SELECT 7 AS n) INSERT INTO t SELECT n, 'y' FROM x"})).await;
    assert!(told(&end).contains("SQL_WRITE_NOT_GRANTED"), "{}", told(&end));
    let end = sql(&ddl, json!({"script": "SELECT 1;\n\nDROP TABLE nope", "transaction": false})).await;
    assert!(told(&end).contains("line 3: "), "{}", told(&end));
    // Each use has a session of its own.
    let end = sql(&ddl, json!({"query": "CREATE TEMPORARY VIEW mine AS SELECT 1 AS a"})).await;
    assert!(end.outcome.is_success(), "{}", told(&end));
    let end = sql(&ddl, json!({"query": "SELECT * FROM mine"})).await;
    assert!(told(&end).contains("TABLE_OR_VIEW_NOT_FOUND"), "{}", told(&end));
    let end = sql(&ddl, json!({"script": "SELECT 1"})).await;
    assert!(!end.outcome.is_success() && told(&end).contains("no transactions"), "{}", told(&end));
}

async fn files(spark: &Spark) {
    let (shared, secret) = (spark.path("shared"), spark.path("secret"));
    for dir in [&shared, &secret] {
        std::fs::create_dir(dir).unwrap();
        std::fs::write(dir.join("a.csv"), "1\n2\n").unwrap();
    }
    let (shared, secret) = (shared.display(), secret.display());
    let tables = site(spark.port, "", "mode: ddl").await;
    let files = site(spark.port, &format!(", paths: ['{shared}']"), "mode: ddl").await;
    let end = sql(&files, json!({"query": format!("SELECT sum(_c0) AS n FROM csv.`{shared}/*.csv`")})).await;
    assert_eq!(end.produced.output, json!([{"n": 3.0}]), "{}", told(&end));
    let end = sql(&files, json!({"query": format!("CREATE TABLE made USING parquet LOCATION '{shared}/made' AS SELECT 5 AS n")})).await;
    assert!(end.outcome.is_success(), "{}", told(&end));
    assert!(spark.path("shared/made").is_dir());
    // What a streaming query has written: a list of files in place of the directory's own.
    let crafted = spark.path("shared/crafted");
    std::fs::create_dir_all(crafted.join("_spark_metadata")).unwrap();
    std::fs::create_dir(spark.path("secret/k=1")).unwrap();
    std::fs::write(spark.path("secret/k=1/s.txt"), "TOPSECRET\n").unwrap();
    std::fs::write(crafted.join("own.txt"), "own\n").unwrap();
    let listed = json!({"path": format!("file://{secret}/k=1/s.txt"), "size": 10, "isDir": false,
        "modificationTime": 1_700_000_000_000_u64, "blockReplication": 1, "blockSize": 33_554_432, "action": "add"});
    std::fs::write(crafted.join("_spark_metadata/0"), format!("v1\n{listed}")).unwrap();
    let end = sql(&files, json!({"query": format!("SELECT value FROM text.`{shared}/crafted`")})).await;
    assert_eq!(end.produced.output, json!([{"value": "own"}]), "{}", told(&end));
    for (site, query) in [
        (&tables, format!("SELECT * FROM csv.`{shared}/a.csv`")),
        (&tables, format!("CREATE TABLE other (n int) USING csv LOCATION '{shared}'")),
        (&files, format!("SELECT * FROM csv.`{secret}/a.csv`")),
        (&files, format!("SELECT * FROM csv.`{shared}/../secret/a.csv`")),
        (&files, format!("SELECT * FROM text.`file:{secret}/a.csv`")),
        (&files, format!("SELECT * FROM x@vr'\\' JOIN csv.`{secret}/a.csv` -- '")),
        (&files, format!("SELECT xpath_string('<!DOCTYPE a SYSTEM \"file:{secret}/a.csv\"><a/>', '/a')")),
        (&files, "SELECT * FROM text.secret".to_owned()),
        (&files, format!("SELECT * FROM text.`{shared}/{{.,/x}}./secret/a.csv`")),
        (&files, format!("SELECT /*+ a */* FROM text.`{secret}/a.csv` -- */ FROM range(1)")),
        (&files, format!("SELECT * FROM \u{131}dentifier('text').`{secret}/a.csv`")),
        (&files, format!("CREATE TABLE other (v string) USING csv LOCATION '{shared}/.' './secret'")),
        (&files, format!("CREATE TABLE other (n int) USING csv LOCATION '{secret}'")),
        (&files, format!("CREATE TABLE other (n int) USING csv LOCATION '\"{shared}/x'")),
        (&files, format!("SELECT * FROM text.```{shared}/a.csv`")),
        (&files, format!("SELECT * FROM text.IDENTIFIER('`{secret}/a.csv`')")),
        (&files, format!("CREATE TEMPORARY VIEW v USING csv OPTIONS (path '{secret}')")),
        (&files, format!("INSERT OVERWRITE DIRECTORY '{secret}' USING csv SELECT 1")),
    ] {
        let end = sql(site, json!({"query": query})).await;
        assert!(!end.outcome.is_success(), "{query}: {}", told(&end));
    }
}

async fn bounds(spark: &Spark) {
    let few = site(spark.port, ", limits: {rows: 100}", "mode: read").await;
    let end = sql(&few, json!({"query": "SELECT * FROM range(1000000000)"})).await;
    assert!(told(&end).contains("more than 100 rows"), "{}", told(&end));
    let site = site(spark.port, "", "mode: read").await;
    let begun = Instant::now();
    let slow = "SELECT count(*) FROM range(100000) a CROSS JOIN range(100000) b WHERE hash(a.id, b.id) = 1";
    let end = sql(&site, json!({"query": slow, "timeout": "2s"})).await;
    assert!(told(&end).contains("ran out of time"), "{}", told(&end));
    // Both cores of the server are free again.
    let end = sql(&site, json!({"query": "SELECT count(*) AS n FROM range(1000)"})).await;
    assert_eq!(end.produced.output, json!([{"n": 1000}]), "{}", told(&end));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    for large in ["repeat('x', 20000000)", "array_repeat(NULL, 3000000)", "array_repeat(true, 3000000)"] {
        let end = sql(&site, json!({"query": format!("SELECT {large} AS v")})).await;
        assert!(told(&end).contains("larger than 16 MiB"), "{large}: {}", told(&end));
    }
}

/// The connection breaks several times per second while statements run and while their rows arrive, and they end well.
async fn lost_connections(spark: &Spark) {
    let proxy = Proxy::start(spark.port).await;
    let site = site(proxy.port, "", "mode: read").await;
    let cut = {
        let proxy = proxy.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(300)).await;
                proxy.reset();
            }
        })
    };
    let slow =
        "SELECT count(*) AS n FROM range(20000) a CROSS JOIN range(20000) b WHERE hash(a.id, b.id) % 2 = 7";
    let end = sql(&site, json!({"query": slow})).await;
    assert_eq!(end.produced.output, json!([{"n": 0}]), "{}", told(&end));
    let many = "SELECT id FROM range(0, 30000, 1, 8) WHERE hash(id) <> 5 ORDER BY id";
    let end = sql(&site, json!({"query": many, "output": "all.csv"})).await;
    cut.abort();
    assert!(end.outcome.is_success(), "{}", told(&end));
    assert_eq!(end.produced.output["row_count"], json!(30_000), "{}", told(&end));
}

/// The gate reads random texts as Spark does.
async fn texts(spark: &Spark) {
    let port = spark.port;
    let dialect = Dialect {
        kind: "spark",
        connection: format!(
            "{{type: spark, host: 127.0.0.1, port: {port}, tls: disable, token: 'env:X', pool: 5}}"
        ),
        markers: &[
            ", from_xml()",
            "+from_xml()",
            ", `from_xml`()",
            ", FROM_XML /**/ ()",
            ", builtin.from_xml()",
        ],
        mark: "`from_xml` requires",
        plain: ("SELECT from_csv()", "`from_csv` requires"),
        pieces: [sql_lexers::PIECES, sql_lexers::SPARK].concat(),
    };
    let clock = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let seed = std::env::var("STEPWELL_SQL_SEED").map_or(clock as u64, |seed| seed.parse().unwrap());
    let texts = std::env::var("STEPWELL_SQL_FUZZ").map_or(1_000, |texts| texts.parse().unwrap());
    println!("STEPWELL_SQL_SEED={seed}");
    sql_lexers::try_texts(&dialect, texts, seed).await;
}
