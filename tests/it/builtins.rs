//! The built-in steps in the sandbox.

use std::sync::Arc;

use serde_json::{Value, json};
use stepwell::engine::Manifest;
use stepwell::engine::job::Catalog;
use stepwell::sandbox::{Sandbox, SandboxOptions};
use stepwell_builtins::BUILTINS;
use stepwell_tests::root;

use crate::support::{Running, Site, one_step, told};

/// Each component's manifest matches the file beside it. `UPDATE_EXPECT=1` writes it.
#[tokio::test]
async fn manifests_are_what_the_components_say() {
    let cache_dir = Some(root().join("target/test-cache/components"));
    let sandbox = Sandbox::new(SandboxOptions { cache_dir, ..SandboxOptions::default() }).unwrap();
    for builtin in BUILTINS {
        let described: Arc<Manifest> = sandbox.register(builtin.wasm).await.unwrap();
        let text = serde_json::to_string_pretty(&*described).unwrap() + "\n";
        assert_eq!(described.type_name, builtin.name);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(root().join(format!("host/builtins/manifests/{}.json", builtin.name)), text)
                .unwrap();
        } else {
            assert_eq!(builtin.manifest, text, "run the tests once with UPDATE_EXPECT=1");
        }
    }
    assert_eq!(
        sandbox.types(),
        ["azure_devops", "data_processing", "file_operation", "http", "powershell", "sql", "wait"]
    );
}

const SHOP: &str = "
    CREATE TABLE t (n INTEGER, x REAL, name TEXT, raw BLOB);
    INSERT INTO t VALUES (1, 1.5, 'one', x'00ff'), (2, NULL, 'two', NULL), (3, 3, 'dré', NULL);
    CREATE TABLE big (n INTEGER);
    WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000) INSERT INTO big SELECT n FROM c;
";

async fn shop(mode: &str) -> Running {
    let grants = format!(
        "sql:\n- {{connection: shop, mode: {mode}, rows: 2_500, timeout: 2s}}\nfiles:\n- {{mount: /workspace, workspace: 1MiB, access: write}}"
    );
    let site =
        Site::new().database("shop.db", SHOP).config("connections: {shop: {type: sqlite, path: shop.db}}");
    site.policy("sql", &grants).host().await
}

fn query(text: &str) -> Value {
    json!({ "query": text })
}

fn sql(mut step: Value) -> Value {
    step["type"] = "sql".into();
    step["connection_name"] = "shop".into();
    step
}

#[tokio::test]
async fn sql_gives_rows_binds_parameters_and_says_what_is_wrong() {
    let site = shop("read").await;
    let bound = |query: &str, parameters: Value| json!({"query": query, "parameters": parameters});
    let endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c";
    for (step, expected) in [
        (
            query("SELECT n x, name FROM t WHERE n < 3"),
            r#"succeeded: [{"x":1,"name":"one"},{"x":2,"name":"two"}]"#,
        ),
        (query("SELECT x, raw FROM t WHERE n = 1"), r#"succeeded: [{"x":1.5,"raw":"00ff"}]"#),
        (bound("SELECT name FROM t WHERE n = :n", json!({"n": 2})), r#"succeeded: [{"name":"two"}]"#),
        (bound("SELECT name FROM t WHERE n = ?", json!([3])), r#"succeeded: [{"name":"dré"}]"#),
        (bound("SELECT n FROM t WHERE name = ?", json!(["one'; DROP TABLE t; --"])), "succeeded: []"),
        (json!({"query": "SELECT n FROM t", "max_rows": 2}), r#"succeeded: [{"n":1},{"n":2}]"#),
        (query("SELECT 1; SELECT 2"), "failed: the text holds several statements"),
        (query("SELECT 1; garbage"), "failed: the text holds several statements"),
        (
            query("SELECT n FROM t WHERE n = :n"),
            "failed: the statement has 1 parameter, and the step gives 0",
        ),
        (
            bound("SELECT n FROM t WHERE n = :n", json!({"m": 1})),
            "failed: the statement has no parameter `:m`",
        ),
        (query("SELEC 1"), "failed: near \"SELEC\": syntax error"),
        (query("SELECT * FROM missing"), "failed: no such table: missing"),
        (query("SELECT n FROM big"), "over_limit: the result has more than 2500 rows"),
        (query("INSERT INTO t (n) VALUES (9)"), "failed: denied"),
        (query("DROP TABLE t"), "failed: denied"),
        (query("ATTACH 'other.db' AS other"), "failed: denied"),
        (query("PRAGMA journal_mode = DELETE"), "failed: denied"),
        (query("SELECT load_extension('x')"), "failed: "),
        (query(endless), "over_limit: the statement ran longer than its timeout"),
    ] {
        let end = site.step(sql(step.clone())).await;
        let found = told(&end).replace("failed: SQL_ACTION_NOT_GRANTED", "failed: denied");
        let found = found.replace("failed: SQL_WRITE_NOT_GRANTED", "failed: denied");
        assert!(found.starts_with(expected), "{step}\n  {found}\n  {expected}");
    }
    let end =
        site.step(json!({"type": "sql", "connection_name": "${{ 'other' }}", "query": "SELECT 1"})).await;
    assert!(told(&end).contains("denied by policy: opening the connection `other`"), "{}", told(&end));
    assert_eq!(end.receipt.denials["SQL_NOT_GRANTED"], 1);
}

#[tokio::test]
async fn sql_writes_where_it_may() {
    let site = shop("write").await;
    let end = site.step(sql(query("UPDATE t SET name = 'x' WHERE n < 3"))).await;
    assert_eq!(end.produced.metadata["affected_rows"], 2);
    let end = site.step(sql(query("DROP TABLE t"))).await;
    assert!(told(&end).contains("SQL_ACTION_NOT_GRANTED"), "{}", told(&end));
    let site = shop("ddl").await;
    let end = site.step(sql(query("CREATE TABLE more (n INTEGER)"))).await;
    assert_eq!(told(&end), "succeeded: null");
}

#[tokio::test]
async fn a_statement_stops_with_its_step() {
    let site =
        Site::new().database("shop.db", SHOP).config("connections: {shop: {type: sqlite, path: shop.db}}");
    let site = site
        .policy("sql", "limits: {sql_timeout: 60s}\nsql: [{connection: shop, mode: write, timeout: 60s}]");
    let site = site.host().await;
    let endless = "INSERT INTO big WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c WHERE n < 0";
    let mut step = sql(query(endless));
    step["timeout"] = json!("300ms");
    let end = site.step(step).await;
    assert!(!end.outcome.is_success(), "{}", told(&end));
    // The statement's lock is free at once; a wait for it would end in "locked" after 2 s.
    let end = site.step(sql(query("INSERT INTO big VALUES (1)"))).await;
    assert_eq!(end.produced.metadata["affected_rows"], 1, "{}", told(&end));
    assert!(end.receipt.run_us < 1_900_000, "{} us", end.receipt.run_us);
}

#[tokio::test]
async fn sql_writes_files_and_data_processing_reads_them() {
    let site = Site::new()
        .database("shop.db", SHOP)
        .config("connections: {shop: {type: sqlite, path: shop.db}}")
        .policy(
            "sql, data_processing",
            "profile: large\nsql: [{connection: shop}]\nfiles: [{mount: /workspace, workspace: 1MiB, access: write}]",
        );
    let site = site.host().await;
    let state = site
        .run(
            "id: test
workspace: 1MiB
steps:
  - {id: csv, type: sql, connection_name: shop, query: 'SELECT n, x, name FROM t', output: out/t.csv}
  - {id: ndjson, type: sql, connection_name: shop, query: 'SELECT n, name FROM t', output: t.ndjson}
  - {id: parquet, type: sql, connection_name: shop, query: 'SELECT n, x, name, raw FROM t', output: t.parquet}
  - id: join
    type: data_processing
    inputs: {a: out/t.csv, b: t.ndjson, c: t.parquet}
    query: SELECT a.name, b.n AS b, c.x FROM a JOIN b ON a.n = b.n JOIN c ON c.n = b.n ORDER BY b.n
",
        )
        .await;
    let join = state.steps[3].end.as_ref().unwrap();
    let expected = json!([
        {"name": "one", "b": 1, "x": 1.5}, {"name": "two", "b": 2, "x": null}, {"name": "dré", "b": 3, "x": 3.0},
    ]);
    assert_eq!(join.produced.output, expected, "{}", told(join));
    // `/scratch` is optional, so its absence is not a denial.
    let log = site.log(&state).await;
    assert!(!log.iter().any(|line| line.contains("denied")), "{log:?}");
    assert_eq!(state.steps[2].end.as_ref().unwrap().produced.metadata["row_count"], 3);
}

/// A directory that is full or unreadable: the step's message has no error numbers of the system.
#[tokio::test]
async fn errors_of_files_are_plain_sentences() {
    let policy = "profile: large\nsql: [{connection: shop, mode: write}]\nfiles:
- {mount: /in, source: in}
- {mount: /workspace, workspace: 64KiB, access: write}";
    let rows: String = (0..20_000).map(|n| format!("{n},a text that takes some room {n}\n")).collect();
    let site = Site::new()
        .database("shop.db", SHOP)
        .file("in/rows.csv", format!("n,name\n{rows}"))
        .config("connections: {shop: {type: sqlite, path: shop.db}}")
        .policy("sql, data_processing, powershell", policy);
    let site = site.host().await;
    let wide = "SELECT n, 'a text that takes some room ' || (n * 7919) AS name FROM big";
    let sql = |more: Value| {
        let mut step = json!({"type": "sql", "connection_name": "shop"});
        step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        step
    };
    let data = |output: &str| json!({"type": "data_processing", "inputs": {"a": "/in/rows.csv"}, "query": "SELECT * FROM a", "output": output});
    for (step, said) in [
        (sql(json!({"query": wide, "output": "out.csv"})), "the size that policy grants its mount"),
        (sql(json!({"query": wide, "output": "out.ndjson"})), "the size that policy grants its mount"),
        (sql(json!({"load": {"file": "/nowhere/t.csv", "table": "t"}})), "cannot read /nowhere/t.csv: "),
        (data("out.csv"), "cannot write the output: "),
        (data("out.ndjson"), "cannot write the output: "),
        (
            json!({"type": "powershell", "script": "Set-Content -Path /workspace/big.txt -Value ('x' * 200000) -ErrorAction Stop"}),
            "/workspace/big.txt",
        ),
    ] {
        let end = site.step(step.clone()).await;
        let told = told(&end);
        assert!(!told.starts_with("succeeded") && told.contains(said), "{step}: {told}");
        assert!(!told.contains("os error"), "{step}: {told}");
    }
}

#[tokio::test]
async fn data_processing_streams_spills_and_says_what_is_wrong() {
    let mut csv = String::from("id,grp,value,name\n");
    for i in 0..400_000 {
        csv.push_str(&format!("{i},{},{}.5,row number {i} with some more text\n", i % 7, i % 100));
    }
    let grants = "profile: large\nlimits: {memory: 56MiB}\nfiles:
- {mount: /in, source: in}
- {mount: /workspace, workspace: 64MiB, access: write}\n";
    let site = Site::new()
        .file("in/rows.csv", &csv)
        .file("in/part-1.ndjson", "{\"a\": 1}\n{\"a\": 2}\n")
        .file("in/part-2.ndjson", "{\"a\": 3}\n")
        .file("in/array.json", "[{\"a\": 1, \"b\": \"x\"}]")
        .policy("data_processing", grants)
        .host()
        .await;
    let over = |input: &str, query: &str| json!({"inputs": {"t": input}, "query": query});
    let rows = |query: &str| over("/in/rows.csv", query);
    let columns = [("id", "int64"), ("grp", "string"), ("value", "decimal(10,2)"), ("name", "string")];
    let columns = columns.map(|(name, kind)| json!({"name": name, "type": kind}));
    let typed = json!({"path": "/in/rows.csv", "schema": columns});
    for (step, expected) in [
        (over("/in/part-*.ndjson", "SELECT SUM(a) AS s FROM t"), r#"succeeded: [{"s":6}]"#),
        (over("/in/array.json", "SELECT b FROM t"), r#"succeeded: [{"b":"x"}]"#),
        (
            json!({"inputs": {"t": typed}, "query": "SELECT MAX(value) AS m FROM t"}),
            r#"succeeded: [{"m":"99.50"}]"#,
        ),
        (
            rows("SELECT grp, COUNT(*) AS n FROM t GROUP BY grp ORDER BY grp LIMIT 1"),
            r#"succeeded: [{"grp":0,"n":57143}]"#,
        ),
        (rows("SELECT id FROM t"), "failed: the query gives more than 1,000 rows"),
        (rows("SELEC 1"), "failed: "),
        (rows("SELECT nope FROM t"), "failed: "),
        (rows("DROP TABLE t"), "failed: "),
        (rows("COPY t TO '/in/x.csv'"), "failed: "),
        (over("/in/none.csv", "SELECT 1"), "failed: cannot open /in/none.csv"),
        (over("/etc/passwd.csv", "SELECT 1"), "failed: cannot open /etc/passwd.csv"),
        (
            json!({"inputs": {"t": "/in/rows.csv"}, "query": "SELECT 1 AS a", "output": "/in/x.csv"}),
            "failed: cannot write /in/x.csv",
        ),
        // Without scratch, the sort cannot spill.
        (sort(), "over_memory: the plan needs more memory"),
    ] {
        let mut whole = step.clone();
        whole["type"] = "data_processing".into();
        let end = site.step(whole).await;
        assert!(told(&end).starts_with(expected), "{step}\n  {}", told(&end));
    }
    // The same sort, with a place to spill.
    let site = Site::new()
        .file("in/rows.csv", &csv)
        .policy(
            "data_processing",
            &format!("{grants}- {{mount: /scratch, scratch: 256MiB, access: write}}\n"),
        )
        .host()
        .await;
    let mut step = sort();
    step["type"] = "data_processing".into();
    let job = one_step(step);
    let state = site.run(&job.replace("1MiB", "64MiB")).await;
    let end = state.steps[0].end.as_ref().unwrap();
    assert!(told(end).contains("400000"), "{}", told(end));
    assert!(end.receipt.memory_peak_bytes <= 56 << 20);
}

fn sort() -> Value {
    json!({"inputs": {"t": "/in/rows.csv"}, "query": "SELECT * FROM t ORDER BY name", "output": "sorted.parquet"})
}

/// The operator's settings for step types override policies and jobs.
#[tokio::test]
async fn the_configuration_of_step_types_is_enforced() {
    let other = format!("sha256:{}", "0".repeat(64));
    let config = format!(
        "step_types:
  http: {{enabled: false}}
  wait: {{digest: '{other}'}}
  file_operation: {{defaults: {{operation: list, path: /in}}, limits: {{memory: 32MiB}}}}
"
    );
    let grants = "files: [{mount: /in, source: in, access: read}]\nlimits: {memory: 48MiB}";
    let site = Site::new().file("in/a.txt", "a").config(&config);
    let site = site.policy("'*'", grants).host().await;
    for (step, expected) in [
        (json!({"type": "http", "url": "http://x/"}), "has switched `http` off [STEP_TYPE_DISABLED]"),
        (json!({"type": "wait", "for": 0}), "pins another component for `wait` than sha256:"),
    ] {
        let error = site.host.parse("job.yaml", &one_step(step)).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let end = site.step(json!({"type": "file_operation"})).await;
    assert!(told(&end).contains("/in/a.txt"), "{}", told(&end));
    let end =
        site.step(json!({"type": "file_operation", "operation": "checksum", "path": "/in/a.txt"})).await;
    assert!(told(&end).starts_with("succeeded: \"ca978112"), "{}", told(&end));
    let parsed = site.host.parse("job.yaml", &one_step(json!({"type": "file_operation"}))).await.unwrap();
    let grant = site.host.jobs().grants(&parsed.job).await.remove(0).grant.unwrap();
    assert_eq!(grant.limits().memory.0, 32 << 20);
    assert!(grant.trace().contains(&("limits.memory".to_owned(), "step_types".to_owned())));
    let tight = Site::new().config("step_types: {wait: {limits: {fuel: 1000}}}").host().await;
    let end = tight.step(json!({"type": "wait", "for": 0})).await;
    assert_eq!(end.outcome.class(), "out_of_fuel", "{}", told(&end));
    // A typing error in a default is reported when the host starts.
    let slip = Site::new().config("step_types: {http: {defaults: {retriez: 1}}}");
    let error = slip.try_host().map(drop).unwrap_err().to_string();
    assert!(error.contains("step_types.http.defaults.retriez") && error.contains("no such key"), "{error}");
}
