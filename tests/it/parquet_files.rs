//! Several Parquet files of one input: they are combined by the names of their columns, and only if no
//! value changes.

use serde_json::json;
use stepwell_tests::oracle::Oracle;

use crate::support::{Site, told};

/// Queries that write two files, the input's options besides its path, and the combined result.
const PAIRS: &[(&str, &str, &str, &str)] = &[
    (
        "SELECT 1 AS a, 'x' AS b",
        "SELECT 'y' AS b, 2 AS a",
        "by_name",
        r#"succeeded: [{"a":1,"b":"x"},{"a":2,"b":"y"}]"#,
    ),
    (
        "SELECT 1 AS a",
        "SELECT 2 AS a, 3 AS c",
        "by_name",
        "failed: /workspace/t/b.parquet: has `c` as well, unlike /workspace/t/a.parquet; write `columns: union` to have NULL where a file lacks a column",
    ),
    (
        "SELECT 1 AS a, 3 AS c",
        "SELECT 2 AS a",
        "by_name",
        "failed: /workspace/t/b.parquet: lacks `c`, unlike",
    ),
    ("SELECT 1 AS a", "SELECT 2 AS a, 'x' AS c", "union", r#"succeeded: [{"a":1,"c":null},{"a":2,"c":"x"}]"#),
    (
        "SELECT 1 AS a",
        "SELECT CAST(1.5 AS DOUBLE) AS a",
        "by_name",
        "failed: /workspace/t/b.parquet: the column `a` is float64, and int64 in /workspace/t/a.parquet: make each file an input of its own",
    ),
    ("SELECT 1 AS a", "SELECT '007' AS a", "union", "the column `a` is text, and int64 in"),
    (
        "SELECT CAST(1.5 AS DECIMAL(10, 2)) AS a",
        "SELECT CAST(1.5 AS DECIMAL(10, 4)) AS a",
        "by_name",
        "the column `a` is decimal(10,4), and decimal(10,2) in",
    ),
    (
        "SELECT CAST(1.5 AS DECIMAL(10, 2)) AS a",
        "SELECT CAST('12345678901234567890.25' AS DECIMAL(30, 2)) AS a",
        "by_name",
        r#"succeeded: [{"a":"1.50"},{"a":"12345678901234567890.25"}]"#,
    ),
    (
        "SELECT CAST(7 AS SMALLINT) AS a",
        "SELECT 9007199254740993 AS a",
        "by_name",
        r#"succeeded: [{"a":7},{"a":9007199254740993}]"#,
    ),
    (
        "SELECT CAST('2026-03-01T12:00:00' AS TIMESTAMP(3)) AS a",
        "SELECT CAST('9999-12-31T23:59:59.123456' AS TIMESTAMP(6)) AS a",
        "by_name",
        r#"succeeded: [{"a":"2026-03-01T12:00:00"},{"a":"9999-12-31T23:59:59.123456"}]"#,
    ),
    (
        "SELECT CAST('2026-03-01T12:00:00' AS TIMESTAMP) AS a",
        "SELECT moment AS a",
        "by_name",
        "the column `a` is timestamptz, and timestamp in",
    ),
];

#[tokio::test]
async fn parquet_files_go_together_where_no_value_changes() {
    let site = Site::new().file("in/one.csv", "n,moment\n1,2026-03-01T12:00:00Z\n");
    let mounts = "files:\n- {mount: /in, source: in, access: read}\n- {mount: /workspace, workspace: 8MiB, access: write}";
    let site = site.policy("data_processing", &format!("profile: large\n{mounts}")).host().await;
    for (first, second, columns, expected) in PAIRS {
        let write = |id: &str, query: &str| {
            let path = format!("t/{id}.parquet");
            json!({"id": id, "type": "data_processing", "inputs": {"one": "/in/one.csv"}, "query": format!("{query} FROM one"), "output": path})
        };
        let mut input = json!({"path": "t/*.parquet"});
        if *columns != "by_name" {
            input["columns"] = (*columns).into();
        }
        let read = json!({"id": "read", "type": "data_processing", "inputs": {"t": input}, "query": "SELECT * FROM t"});
        let job = json!({"id": "pair", "workspace": "8MiB", "steps": [write("a", first), write("b", second), read]});
        let state = site.run(&job.to_string()).await;
        for step in &state.steps[..2] {
            let end = step.end.as_ref().unwrap();
            assert!(end.outcome.is_success(), "{first}, {second}: {}", told(end));
        }
        let found = told(state.steps[2].end.as_ref().unwrap());
        assert!(found.contains(expected), "{first}, {second}:\n{found}\n{expected}");
    }
}

/// Parquet has no type for times in whole seconds, so other readers would see numbers.
#[tokio::test]
async fn times_in_seconds_are_times_for_other_readers() {
    let Some(oracle) = Oracle::find() else { return };
    let site = crate::random_tables::site("data_processing", "").await;
    std::fs::write(site.path().join("in/one.csv"), "n\n1\n").unwrap();
    let query = "SELECT CAST('2026-03-01T12:00:00' AS TIMESTAMP(0)) AS a, [CAST('2026-03-01T12:00:00' AS TIMESTAMP(0))] AS b FROM one";
    let step = json!({"type": "data_processing", "inputs": {"one": "/in/one.csv"}, "query": query, "output": "/out/x.parquet"});
    let end = site.step(step).await;
    assert!(end.outcome.is_success(), "{}", told(&end));
    let rows = oracle.ask("tables.py", &["read"], &[&site.path().join("out/x.parquet")]);
    assert_eq!(rows, [json!(["2026-03-01T12:00:00", ["2026-03-01T12:00:00"]])]);
}
