//! Limits that give a step an error: a failing attempt ends as `over_limit`, with the name of the limit and
//! the key to raise.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use stepwell::engine::Outcome;
use stepwell_tests::web::Web;

use crate::support::{Running, Site, one_step, probe, told};

/// Returns the class and name of the limit.
fn named(outcome: &Outcome) -> String {
    match outcome {
        Outcome::OverLimit { limit, .. } => limit.clone(),
        other => other.class().to_owned(),
    }
}

const FILES: &str = "files:
- {mount: /workspace, workspace: 512KiB, access: write}
- {mount: /scratch, scratch: 256KiB, access: write}
- {mount: /out, source: out, access: write}
context: {write: [seen]}";

async fn site(limits: &str, sql: &str) -> Running {
    let grants = format!("{FILES}\nlimits: {{wall: 20s, file_bytes: 1MiB, file_count: 50, {limits}}}");
    Site::new()
        .file("out/there", "x")
        .database("w.db", "CREATE TABLE t (n)")
        .config("connections: {w: {type: sqlite, path: w.db}}")
        .policy("probe", &format!("sql: [{{connection: w{sql}}}]\n{grants}"))
        .host()
        .await
}

fn limit(text: &str, path: &str) -> Value {
    json!({"text": text, "path": path, "connection": "w"})
}

#[tokio::test]
async fn every_limit_at_which_a_step_gets_an_error_is_named() {
    for (limits, sql, text, path, name, message) in [
        ("", "", "space", "/workspace", "files.workspace", "/workspace may hold 512KiB, and"),
        ("", "", "space", "/scratch", "files.scratch", "/scratch may hold 256KiB, and"),
        ("", "", "space", "/out", "file_bytes", "1MiB"),
        (
            "",
            "",
            "names",
            "/scratch",
            "file_count",
            "the mounts of the step may have 50 files and directories",
        ),
        ("file_handles: 20", "", "open", "/scratch", "file_handles", "20 files and directories open at once"),
        ("", "", "depth", "/scratch", "file_depth", "at most 32 directories within each other"),
        ("sql_rows: 500", "", "rows", "", "sql_rows", "the result has more than 500 rows"),
        ("", ", rows: 50", "rows", "", "sql.rows", "the result has more than 50 rows"),
        ("sql_bytes: 64KiB", "", "bytes", "", "sql_bytes", "more than 65536 bytes of rows in all"),
        ("sql_statements: 9", "", "statements", "", "sql_statements", "more than 9 statements"),
        ("", "", "connections", "", "sql_connections", "close one of them"),
        ("", "", "a long statement", "", "sql_statement_bytes", "at most 65536 bytes"),
        ("", "", "parameters", "", "sql_parameters", "at most 100 parameters"),
        ("", "", "a large value", "", "sqlite_value_bytes", "more than 1048576 bytes, the most for SQLite"),
        ("", "", "memory", "", "sqlite_memory", "sort, group or join fewer rows"),
        ("sql_timeout: 1s", "", "time", "", "sql_timeout", "was stopped after 1s"),
        ("", ", timeout: 500ms", "time", "", "sql.timeout", "was stopped after 500ms"),
        ("context_bytes: 64KiB", "", "variables", "", "context_bytes", "more than 65536 bytes"),
        ("", "", "checkpoint", "", "checkpoint_bytes", "a checkpoint has at most 65536 bytes"),
    ] {
        let site = site(limits, sql).await;
        let end = site.probe("limit", limit(text, path)).await;
        assert_eq!(named(&end.outcome), name, "{text} {path}: {}", told(&end));
        let told = told(&end);
        assert!(told.contains(message), "{text} {path}: {told}");
        // A limit that can be raised names the key once.
        let raise = match name {
            "files.workspace" => "raise `workspace` of the job, and of the policy's `files`".to_owned(),
            "files.scratch" => "raise `scratch` in the policy's `files`".to_owned(),
            "sql.rows" | "sql.timeout" => format!("raise `{}` in the policy's `sql`", &name[4..]),
            name if stepwell::engine::policy::Limits::NAMES.contains(&name) => {
                format!("raise `limits.{name}` in the policy")
            }
            _ => String::new(),
        };
        let count = told.matches("raise `").count();
        assert!(told.contains(&raise) && count == usize::from(!raise.is_empty()), "{text} {path}: {told}");
        // Neither error numbers of the system nor a library's words.
        for raw in ["os error", "database or disk is full", "out of memory", "too big", "interrupted"] {
            assert!(!told.contains(raw), "{text} {path}: {told}");
        }
        let again = ["sql_timeout", "sql.timeout"].contains(&name);
        assert_eq!(end.outcome.is_retryable(), again, "{text} {path}");
    }
}

#[tokio::test]
async fn the_end_after_a_limit_is_what_the_step_makes_of_it() {
    let site = site("sql_rows: 500", "").await;
    for (text, path, then, class) in [
        ("space", "/scratch", "succeed", "succeeded"),
        ("rows", "", "succeed", "succeeded"),
        ("space", "/scratch", "unavailable", "failed"),
        ("rows", "", "invalid", "failed"),
        ("space", "/scratch", "panic", "files.scratch"),
        ("rows", "", "panic", "sql_rows"),
        ("space", "/scratch", "recover", "failed"),
        // A smaller amount that fits does not count as the refused one.
        ("rows", "/scratch", "recover", "sql_rows"),
    ] {
        let mut config = limit(text, path);
        config["then"] = json!(then);
        let end = site.probe("limit", config).await;
        assert_eq!(named(&end.outcome), class, "{text} {then}: {}", told(&end));
    }
    // The step's own message appears, too.
    let mut config = limit("rows", "/scratch");
    config["then"] = json!("recover");
    let end = site.probe("limit", config).await;
    assert!(told(&end).contains("(the step says: something else is wrong)"), "{}", told(&end));
    // A time limit that the step itself asks for belongs to the step.
    let end = site.probe("limit", limit("time of its own", "")).await;
    assert!(told(&end).starts_with("failed: the statement ran longer than its timeout"), "{}", told(&end));
}

/// A limit on requests may come from policy or from the step: the message names the place of each.
#[tokio::test]
async fn requests_and_their_bytes_are_named() {
    let server = Web::start().await;
    server.set("/", "0123456789".repeat(200));
    let url = server.url("/");
    let origin = server.url("");
    let rule = |more: &str| format!("http: [{{url: '{origin}', allow_private: ['127.0.0.1/32']{more}}}]");
    for (limits, more, name) in [
        ("http_requests: 3", "", "http_requests"),
        ("", ", max_requests: 2", "http.max_requests"),
        ("http_response_bytes: 4KiB", "", "http_response_bytes"),
    ] {
        let grants = format!("limits: {{wall: 20s, {limits}}}\n{}", rule(more));
        let site = Site::new().probe_policy(&grants, "").host().await;
        let end = site.probe("limit", json!({"text": "requests", "url": url})).await;
        assert_eq!(named(&end.outcome), name, "{}", told(&end));
        assert!(!end.outcome.is_retryable());
    }
}

/// A built-in step names its object, and the host names the limit.
#[tokio::test]
async fn built_in_steps_end_over_the_limit_that_they_run_into() {
    let files = "files: [{mount: /workspace, workspace: 64KiB, access: write}, {mount: /in, source: in}]\nlimits: {file_count: 20}";
    let database = "CREATE TABLE t (n); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT i FROM n";
    let site = Site::new()
        .database("w.db", database)
        .file("in/big", "x".repeat(100_000))
        .config("connections: {w: {type: sqlite, path: w.db}}")
        .policy("sql", "sql: [{connection: w, rows: 100}]")
        .policy("file_operation", files)
        .policy("powershell", &format!("{files}\nsql: [{{connection: w, rows: 100}}]"))
        .host()
        .await;
    let copies =
        "1..30 | ForEach-Object { New-Item -ItemType File -Path \"/workspace/$_\" -ErrorAction Stop }";
    for (step, name) in [
        (json!({"type": "sql", "connection_name": "w", "query": "SELECT n FROM t"}), "sql.rows"),
        (
            json!({"type": "file_operation", "operation": "copy", "path": "/in/big", "to": "/workspace/x"}),
            "files.workspace",
        ),
        (
            json!({"type": "powershell", "script": "'x' * 100000 | Set-Content -Path /workspace/x -ErrorAction Stop"}),
            "files.workspace",
        ),
        (json!({"type": "powershell", "script": copies}), "file_count"),
        (
            json!({"type": "powershell", "script": "$ErrorActionPreference = 'Stop'; Invoke-Sqlcmd -ServerInstance w -Query 'SELECT n FROM t'"}),
            "sql.rows",
        ),
    ] {
        let end = site.step(step.clone()).await;
        assert_eq!(named(&end.outcome), name, "{step}: {}", told(&end));
        assert!(!told(&end).contains("os error"), "{}", told(&end));
    }
}

/// How the retry of a step treats each limit.
#[tokio::test]
async fn a_limit_is_not_tried_again_but_a_time_is() {
    let site = site("sql_timeout: 300ms, sql_rows: 500", "").await;
    for (text, attempts) in [("rows", 1), ("time", 2)] {
        let mut step = probe("limit", limit(text, ""));
        step["retry"] = json!({"max_attempts": 2, "backoff": "10ms"});
        let state = site.run(&one_step(step)).await;
        assert_eq!(state.steps[0].attempt, attempts, "{text}");
    }
}

/// Programs: the name of each of their limits. The stand-in for `pwsh` runs the script with `sh`.
#[tokio::test]
async fn limits_of_programs_are_named() {
    let stand_in = "#!/bin/sh\nexec /bin/sh files/script.ps1\n";
    for (limits, rule, script, name) in [
        (
            "process_output_bytes: 64KiB",
            "",
            "while :; do echo xxxxxxxxxxxxxxxx; done",
            "process_output_bytes",
        ),
        (
            "process_output_bytes: 64KiB",
            "",
            "while :; do echo xxxxxxxxxxxxxxxx >&2; done",
            "process_output_bytes",
        ),
        ("process_timeout: 1s", "", "sleep 60", "process_timeout"),
        ("", ", timeout: 1s", "sleep 60", "process.timeout"),
        (
            "process_file_bytes: 1MiB",
            "",
            "for i in 1 2 3 4; do head -c 500000 /dev/zero > f$i; done; sleep 60",
            "process_file_bytes",
        ),
        // One file of that size: the system ends the program that writes it.
        (
            "process_file_bytes: 1MiB",
            "",
            "cd $STEPWELL_DIRECTORY; head -c 2000000 /dev/zero > f",
            "process_file_bytes",
        ),
        ("file_count: 30", "", "for i in $(seq 100); do : > f$i; done; sleep 60", "file_count"),
        (
            "",
            "",
            "cd $STEPWELL_DIRECTORY; for i in 1 2 3 4 5 6; do head -c 500000 /dev/zero > f$i; done; sleep 60",
            "files.workspace",
        ),
        ("process_tasks: 32", "", "for i in $(seq 100); do sleep 60 & done; wait", "process_tasks"),
        ("process_starts: 0", "", "echo hello", "process_starts"),
    ] {
        let site = Site::new().file("pwsh", stand_in);
        std::fs::set_permissions(site.path().join("pwsh"), PermissionsExt::from_mode(0o755)).unwrap();
        let grants = format!(
            "files: [{{mount: /workspace, workspace: 1MiB, access: write}}]\nprocess: [{{program: pwsh, path: pwsh, arguments: [\"-*\", \"*\"], allow_weaker: true{rule}}}]\nlimits: {{wall: 40s, {limits}}}"
        );
        let site = site.policy("powershell", &grants).host().await;
        let begun = std::time::Instant::now();
        let end = site.step(json!({"type": "powershell", "runner": "pwsh", "script": script})).await;
        assert_eq!(named(&end.outcome), name, "{script}: {}", told(&end));
        assert!(begun.elapsed().as_secs() < 20, "{script}: {:?}", begun.elapsed());
        assert_eq!(told(&end).matches("raise `").count(), 1, "{script}: {}", told(&end));
    }
}
