//! Templates in the configuration of steps: every field may contain one, and is checked once its value
//! is known.

use serde_json::{Value, json};
use stepwell::engine::document::escape;
use stepwell::engine::job::Catalog;

use crate::support::{Running, Site, told};

/// Configurations of the built-in steps that together have every field, with those of its objects and lists.
fn configurations() -> Vec<(&'static str, Value)> {
    let rows = json!({"rows": {"min": 0, "max": 9}, "values": [{"column": "n", "equals": 1, "min": 0, "max": 2, "not_null": true}]});
    let resources = json!({
        "repositories": {"r": {"branch": "main", "version": "abc"}}, "pipelines": {"p": {"version": "1"}},
        "builds": {"b": {"version": "1"}}, "containers": {"c": {"version": "1"}}, "packages": {"p": {"version": "1"}},
    });
    vec![
        (
            "sql",
            json!({"connection_name": "shop", "query": "SELECT 1 AS n", "parameters": {"a": 1}, "output": {"path": "x.csv", "format": "csv"}, "max_rows": 5, "duplicates": "rename", "expect": rows}),
        ),
        (
            "sql",
            json!({"connection_name": "shop", "query": "SELECT 1 AS n", "parameters": ["a", 2], "output": "x.csv", "expect": {"rows": 1}}),
        ),
        ("sql", json!({"connection_name": "shop", "script": "SELECT 1", "transaction": true})),
        ("sql", json!({"connection_name": "shop", "script_path": "x.sql"})),
        ("sql", json!({"connection_name": "shop", "procedure": "reports.refresh"})),
        (
            "sql",
            json!({"connection_name": "shop", "load": {"file": "x.csv", "table": "t", "mode": "append", "format": "csv", "columns": ["n"]}}),
        ),
        (
            "data_processing",
            json!({"inputs": {"a": "x.csv", "b": {"path": "y.csv", "format": "csv", "schema": [{"name": "n", "type": "int64"}], "delimiter": ";", "header": true}}, "query": "SELECT 1", "output": {"path": "z.csv", "format": "csv"}, "max_rows": 5, "duplicates": "rename", "engine": "auto"}),
        ),
        ("data_processing", json!({"inputs": {"a": "x.csv"}, "query": "SELECT 1", "output": "z.csv"})),
        // As the engine makes them: `parts` of a job takes no template.
        (
            "data_processing",
            json!({"inputs": {"a": "x.csv"}, "query": "SELECT 1", "split": {"input": "a", "parts": 1, "part": 0, "to": "x"}}),
        ),
        (
            "data_processing",
            json!({"inputs": {"a": "x.csv"}, "query": "SELECT 1", "split": {"input": "a", "parts": 1, "from": [{"status": "success", "output": {"file": "x"}}]}}),
        ),
        (
            "powershell",
            json!({"script": "1 + 1", "action": "run", "runner": "interpreter", "parameters": {"a": [1]}, "execution_policy": "bypass", "allowed_scripts": ["00"], "error_action": "stop", "fail_on_stderr": true, "on_unavailable": "warn", "working_directory": "/workspace"}),
        ),
        (
            "powershell",
            json!({"script_path": "x.ps1", "action": "test", "tags": ["a"], "exclude_tags": ["b"]}),
        ),
        (
            "http",
            json!({"method": "POST", "url": "https://example.com/a", "headers": {"x-a": "b"}, "query": {"q": ["1"]}, "body": {"json": {"a": 1}}, "expect_status": [200, "2xx"], "retries": 1, "follow_redirects": 1, "max_bytes": 5, "extract": {"a": "/a"}, "pages": {"limit": 5, "items": "/a"}}),
        ),
        ("http", json!({"url": "https://example.com/a", "body": {"form": {"a": "b"}}, "save_to": "x.json"})),
        ("http", json!({"url": "https://example.com/a", "body": {"text": "b"}, "idempotency_key": "k"})),
        ("http", json!({"url": "https://example.com/a", "body": {"file": "b"}})),
        (
            "file_operation",
            json!({"operation": "compress", "path": "a", "to": "b.zip", "overwrite": true, "format": "zip", "max_files": 5}),
        ),
        ("file_operation", json!({"operation": "extract", "path": "a.zip", "to": "b", "max_bytes": 5})),
        ("file_operation", json!({"operation": "checksum", "path": "a", "algorithm": "md5", "expect": "00"})),
        (
            "file_operation",
            json!({"operation": "delete", "path": "a", "recursive": true, "missing_ok": true}),
        ),
        ("file_operation", json!({"operation": "wait", "path": "a", "every": 1, "wait_timeout": 5})),
        (
            "azure_devops",
            json!({"organization": "contoso", "project": "data", "pipeline_id": 1, "branch": "main", "parameters": {"a": "b"}, "variables": {"a": 1}, "stages_to_skip": ["a"], "resources": resources, "preview": false, "show_logs": "all", "save_logs": "a", "save_artifacts": "b", "wait_for_completion": true, "poll_interval": 1, "organization_url": "https://dev.azure.com/contoso", "api_version": "7.1"}),
        ),
        ("wait", json!({"for": 1})),
        ("wait", json!({"until": "2026-03-01T06:00:00+01:00"})),
        ("wait", json!({"file": "/workspace/x", "every": 1})),
    ]
}

async fn site() -> Running {
    let grants = "sql:\n- {connection: shop, mode: write}\nfiles:\n- {mount: /workspace, workspace: 1MiB, access: write}";
    let config = "connections: {shop: {type: sqlite, path: shop.db}}";
    Site::new().database("shop.db", "CREATE TABLE t (n)").config(config).policy("'*'", grants).host().await
}

fn job(step_type: &str, config: &Value, vars: &Value) -> String {
    let mut step = config.clone();
    step["id"] = "a".into();
    step["type"] = step_type.into();
    json!({"id": "j", "workspace": "1MiB", "vars": vars, "steps": [step]}).to_string()
}

/// The pointers of all values below `value`.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (escape(key), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(i, value)| (i.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (key, value) in members {
        let at = format!("{at}/{key}");
        places(value, &at, found);
        found.push(at);
    }
}

#[tokio::test]
async fn every_field_may_be_a_template_and_every_text_may_have_one() {
    let site = site().await;
    let mut problems = Vec::new();
    for (step_type, config) in configurations() {
        let mut pointers = Vec::new();
        places(&config, "", &mut pointers);
        for pointer in pointers {
            let value = config.pointer(&pointer).unwrap();
            let part = value.as_str().map(|text| format!("{text}${{{{ vars.v }}}}"));
            for template in [Some("${{ vars.v }}".to_owned()), part].into_iter().flatten() {
                let mut config = config.clone();
                *config.pointer_mut(&pointer).unwrap() = template.clone().into();
                if let Err(error) =
                    site.host.parse("job.yaml", &job(step_type, &config, &json!({"v": value}))).await
                {
                    problems.push(format!("{step_type}{pointer}: {template}: {error}"));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The table above is complete.
#[tokio::test]
async fn the_table_has_every_field() {
    let site = site().await;
    for step_type in site.host.sandbox().types().iter().filter(|name| *name != "probe") {
        let manifest = site.host.sandbox().manifest(step_type).unwrap();
        let schema = manifest.config_schema.value();
        for field in schema["properties"].as_object().unwrap().keys().filter(|field| *field != "timeout") {
            let known = configurations()
                .iter()
                .any(|(name, config)| name == step_type && config.get(field).is_some());
            assert!(known, "no configuration of `{step_type}` has `{field}`");
        }
    }
}

/// A rendered value is checked once it is known, and works like a literal one.
#[tokio::test]
async fn what_is_rendered_is_checked_and_works() {
    let site = site().await;
    for (step_type, config, vars, expected) in [
        ("wait", json!({"for": "${{ vars.n }}"}), json!({"n": 0}), "succeeded"),
        ("wait", json!({"for": "${{ vars.n }}"}), json!({"n": "soon"}), "not the text `soon`"),
        ("wait", json!({"until": "${{ vars.day }}T10:00:00Z"}), json!({"day": "2020-01-01"}), "succeeded"),
        (
            "wait",
            json!({"until": "${{ vars.day }}T10:00:00Z"}),
            json!({"day": "x"}),
            "`xT10:00:00Z` is not a time",
        ),
        (
            "sql",
            json!({"connection_name": "shop", "query": "SELECT ${{ vars.n }} AS n"}),
            json!({"n": 7}),
            r#"[{"n":7}]"#,
        ),
        (
            "sql",
            json!({"connection_name": "shop", "query": "${{ vars.q }}"}),
            json!({"q": " "}),
            "the query is empty",
        ),
        ("powershell", json!({"script": "1 + ${{ vars.n }}"}), json!({"n": 2}), "3"),
        (
            "file_operation",
            json!({"operation": "${{ vars.o }}", "path": "a/${{ vars.p }}"}),
            json!({"o": "mkdir", "p": "b"}),
            "succeeded",
        ),
    ] {
        let state = site.run(&job(step_type, &config, &vars)).await;
        let found = told(state.steps[0].end.as_ref().unwrap());
        assert!(found.contains(expected), "{step_type} {config} {vars}: {found}");
    }
}

#[tokio::test]
async fn templates_in_sql_warn_once() {
    let site = site().await;
    for (query, parameters, warnings) in
        [("SELECT '${{ vars.d }}', '${{ vars.d }}'", json!([]), 1), ("SELECT ?", json!(["${{ vars.d }}"]), 0)]
    {
        let config = json!({"connection_name": "shop", "query": query, "parameters": parameters});
        let parsed = site.host.parse("job.yaml", &job("sql", &config, &json!({"d": "x"}))).await.unwrap();
        let found =
            parsed.warnings.0.iter().filter(|warning| warning.message.contains("injection risk")).count();
        assert_eq!(found, warnings, "{query}");
    }
}

/// A step gets exactly the values of a job file, also through variables, templates, other steps and
/// their outputs.
#[tokio::test]
async fn values_of_job_files_keep_their_digits() {
    let site = site().await;
    for (written, kind, value) in [
        ("7", "integer", json!(7)),
        ("-1.5", "real", json!(-1.5)),
        ("9007199254740992", "integer", json!(9_007_199_254_740_992_i64)),
        ("9007199254740993", "text", json!("9007199254740993")),
        ("12345678901234567890", "text", json!("12345678901234567890")),
        ("3.10", "text", json!("3.10")),
        ("01234", "text", json!("01234")),
        ("0755", "text", json!("0755")),
        ("1e3", "text", json!("1e3")),
        ("0x1F", "text", json!("0x1F")),
        ("1_000", "text", json!("1_000")),
        ("NO", "text", json!("NO")),
        ("12:30", "text", json!("12:30")),
        ("2026-03-01", "text", json!("2026-03-01")),
        ("true", "integer", json!(1)),
        ("~", "null", json!(null)),
    ] {
        let query = "SELECT typeof(:v) AS kind, :v AS v";
        let job = format!(
            "id: j\nvars: {{v: {written}, list: [{written}]}}\nsteps:\n\
             - {{id: a, type: sql, connection_name: shop, query: '{query}', parameters: {{v: {written}}}}}\n\
             - {{id: b, type: sql, connection_name: shop, query: '{query}', parameters: {{v: '${{{{ vars.list[0] }}}}'}}}}\n\
             - {{id: c, type: sql, connection_name: shop, query: '{query}', parameters: {{v: '${{{{ steps.b.output[0].v }}}}'}}}}\n"
        );
        let state = site.run(&job).await;
        for step in &state.steps {
            let end = step.end.as_ref().unwrap();
            assert_eq!(end.produced.output, json!([{"kind": kind, "v": value}]), "{written}: {}", told(end));
        }
    }
    // A field for a number gets a number.
    for (rows, why) in
        [("1e1", None), ("0x1F", None), ("+5", None), ("010", Some("write `10`")), ("1.5", Some("max_rows"))]
    {
        let job = format!(
            "id: j\nsteps:\n- {{id: a, type: sql, connection_name: shop, query: SELECT 1 AS n, max_rows: {rows}}}\n"
        );
        match why {
            None => {
                let state = site.run(&job).await;
                let end = state.steps[0].end.as_ref().unwrap();
                assert_eq!(end.produced.output, json!([{"n": 1}]), "{rows}: {}", told(end));
            }
            Some(why) => {
                let error = site.host.parse("job.yaml", &job).await.unwrap_err().to_string();
                assert!(error.contains(why), "{rows}: {error}");
            }
        }
    }
}
