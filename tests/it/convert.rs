//! `stepwell convert`: what it writes, what it leaves, and the way back.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stepwell_tests::web::Web;

use crate::cli::Shell;
use crate::server::Server;

const FOLDER: &str = ".stepwell-convert";
const POLICY: &str = "policy: 1\nname: old-jobs\nsteps: [sql, powershell]\nsql: [{connection: w}]\n";

/// A directory with legacy jobs.
fn shell(files: &[(&str, &str)]) -> Shell {
    let shell = Shell::new().file("policy.yaml", POLICY);
    for (name, text) in files {
        let path = shell.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    shell
}

fn script(id: &str, text: &str) -> String {
    format!("job_id: {id}\njob_type: powershell\npowershell_script: \"{text}\"\n")
}

/// Runs `stepwell convert` with the policy of the directory.
fn convert(shell: &Shell, line: &str) -> Output {
    let mut arguments: Vec<&str> = vec!["convert"];
    arguments.extend(line.split(' '));
    if !line.contains("--rollback") && !line.contains("--server") {
        arguments.extend(["--policy", "policy.yaml", "--config", "config.yaml"]);
    }
    shell.run(&arguments)
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Converts, and returns the report.
fn report(shell: &Shell, line: &str, code: i32) -> Value {
    let output = convert(shell, &format!("{line} --output json"));
    assert_eq!(output.status.code(), Some(code), "{}", told(&output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", told(&output)))
}

/// Returns the files below a folder with their contents, without the folder of manifests.
fn tree(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fn add(root: &Path, dir: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            if entry.file_name() == FOLDER {
                continue;
            }
            match path.is_dir() {
                true => {
                    found.insert(format!("{name}/"), Vec::new());
                    add(root, &path, found);
                }
                false => drop(found.insert(name, fs::read(&path).unwrap())),
            }
        }
    }
    let mut found = BTreeMap::new();
    add(dir, dir, &mut found);
    found
}

#[test]
fn originals_stay_and_a_rollback_removes_the_new_files() {
    let text = "job_id: a\njob_type: powershell\npowershell_script: |\n  # greets\n  'hello'\n";
    let shell = shell(&[("legacy/deep/a.yml", text), ("jobs/other.yaml", "id: o\n")]);
    let before = (tree(&shell.path("legacy")), tree(&shell.path("jobs")));
    let report = report(&shell, "legacy --to jobs", 0);
    assert_eq!(report["files"][0]["output"], "jobs/deep/a.yaml");
    let new = fs::read_to_string(shell.path("jobs/deep/a.yaml")).unwrap();
    assert_eq!(
        new,
        "id: a\ntimezone: UTC\nsteps:\n- id: main_step\n  name: main_step\n  type: powershell\n  script: |\n    # greets\n    'hello'\n"
    );
    let manifest = report["batches"][0]["manifest"].as_str().unwrap();
    assert_eq!(manifest, "jobs/.stepwell-convert/manifest.jsonl");
    // The stored original has the digest of the manifest.
    let lines = fs::read_to_string(shell.path(manifest)).unwrap();
    let intent = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let intent = { intent }.find(|record| record["record"] == "intent").unwrap();
    let digest = intent["original"]["digest"].as_str().unwrap();
    assert_eq!(fs::read_to_string(shell.path("jobs").join(FOLDER).join("kept").join(digest)).unwrap(), text);
    let output = convert(&shell, &format!("--rollback {manifest}"));
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert_eq!((tree(&shell.path("legacy")), tree(&shell.path("jobs"))), before);
    let again = convert(&shell, &format!("--rollback {manifest}"));
    assert!(told(&again).contains("rolled back already"), "{}", told(&again));
    // The same manifest serves the next conversion.
    assert_eq!(convert(&shell, "legacy --to jobs").status.code(), Some(0));
    assert_eq!(fs::read_to_string(shell.path("jobs/deep/a.yaml")).unwrap(), new);
}

#[test]
fn in_place_the_new_files_replace_the_legacy_ones() {
    let shell = shell(&[
        ("jobs/a.json", r#"{"job_id": "a", "job_type": "powershell", "script_content": "1"}"#),
        ("jobs/b.yaml", &script("b", "2")),
    ]);
    let before = tree(&shell.path("jobs"));
    assert_eq!(report(&shell, "jobs --to jobs", 0)["summary"]["converted"], 2);
    let after: Vec<String> = tree(&shell.path("jobs")).into_keys().collect();
    assert_eq!(after, ["a.yaml", "b.yaml"]);
    assert!(fs::read_to_string(shell.path("jobs/b.yaml")).unwrap().starts_with("id: b\n"));
    assert_eq!(report(&shell, "jobs --to jobs", 0)["summary"]["other"], 2, "both have the present form");
    let output = convert(&shell, "--rollback jobs/.stepwell-convert/manifest.jsonl");
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert_eq!(tree(&shell.path("jobs")), before);
}

/// Returns a job as JSON.
fn json_script(id: &str) -> String {
    format!(r#"{{"job_id": "{id}", "job_type": "powershell", "script_content": "'{id}'"}}"#)
}

#[test]
fn each_job_of_a_file_becomes_a_file_of_its_own() {
    let [a, b, c] = ["a", "b", "c"].map(json_script);
    let list = format!("[{a},\n {b},\n {a},\n {{\"job_id\": \"d\", \"steps\": []}}]");
    let shell = shell(&[("legacy/x/all.json", &list), ("legacy/c.yaml", &format!("jobs: [{c}]\n"))]);
    let before = tree(&shell.path("jobs"));
    let found = report(&shell, "legacy --to jobs", 2);
    let files = found["files"].as_array().unwrap().iter();
    let rows: Vec<Value> = files
        .map(|file| {
            json!([file["file"], file["entry"], file["status"], file["output"], file["problems"][0]["line"]])
        })
        .collect();
    assert_eq!(
        json!(rows),
        json!([
            ["legacy/c.yaml", 1, "converted", "jobs/c.yaml", null],
            ["legacy/x/all.json", 1, "converted", "jobs/x/a.yaml", null],
            ["legacy/x/all.json", 2, "converted", "jobs/x/b.yaml", null],
            ["legacy/x/all.json", 3, "refused", null, 3],
            ["legacy/x/all.json", 4, "refused", null, 4],
        ])
    );
    assert!(found.to_string().contains("`legacy/x/all.json, entry 1` has the same id, `a`"), "{found:#}");
    assert_eq!((&found["summary"]["files"], &found["summary"]["entries"]), (&json!(2), &json!(5)));
    go_back(&shell, "jobs");
    assert_eq!(tree(&shell.path("jobs")), before);
    // Each job runs in both forms.
    let found = report(&shell, "legacy --to jobs --compare", 2);
    assert_eq!(
        (&found["comparison"]["decision"], &found["comparison"]["compared"]),
        (&json!("continue"), &json!(3))
    );
}

/// In place, the new files replace a file with several jobs as a whole or not at all.
#[test]
fn a_file_with_several_jobs_is_replaced_as_a_whole() {
    let [a, b] = ["a", "b"].map(json_script);
    let broken = r#"{"job_id": "no id", "job_type": "sql"}"#;
    let low = r#"{"job_id": "low", "job_type": "powershell", "script_content": "1", "criticality": "low"}"#;
    for (name, entries, line, code, expected) in [
        ("all.json", format!("[{a}, {b}]"), "jobs --to jobs", 0, vec!["a.yaml", "b.yaml"]),
        // A new file has the name of the legacy file.
        ("a.yaml", format!("[{a}, {b}]"), "jobs --to jobs", 0, vec!["a.yaml", "b.yaml"]),
        ("all.json", format!("[{a}, {b}, {broken}]"), "jobs --to jobs", 2, vec!["all.json"]),
        ("all.json", format!("[{a}, 7]"), "jobs --to jobs", 2, vec!["all.json"]),
        (
            "all.json",
            format!("[{a}, {low}]"),
            "jobs --to jobs --batch-by metadata.criticality",
            2,
            vec!["all.json"],
        ),
        (
            "all.json",
            format!("[{a}, {low}]"),
            "jobs --to jobs --batch-by metadata.criticality --batch low",
            2,
            vec!["all.json"],
        ),
    ] {
        let shell = shell(&[(&format!("jobs/{name}"), &entries)]);
        let before = tree(&shell.path("jobs"));
        let found = report(&shell, line, code);
        let names: Vec<String> = tree(&shell.path("jobs")).into_keys().collect();
        assert_eq!(names, expected, "{found:#}");
        if code == 0 {
            go_back(&shell, "jobs");
        } else {
            assert!(found.to_string().contains("another part is not converted"), "{found:#}");
        }
        assert_eq!(tree(&shell.path("jobs")), before, "{name} {line}");
    }
}

#[test]
fn a_rollback_refuses_edited_files_unless_it_is_forced() {
    let shell = shell(&[
        ("jobs/a.json", r#"{"job_id": "a", "job_type": "powershell", "script_content": "1"}"#),
        ("jobs/b.yaml", &script("b", "2")),
    ]);
    let before = tree(&shell.path("jobs"));
    report(&shell, "jobs --to jobs", 0);
    fs::write(shell.path("jobs/b.yaml"), "id: edited\n").unwrap();
    let edited = tree(&shell.path("jobs"));
    let refused = convert(&shell, "--rollback jobs/.stepwell-convert/manifest.jsonl");
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        told(&refused).contains("1 file changed since the conversion") && told(&refused).contains("b.yaml")
    );
    assert_eq!(tree(&shell.path("jobs")), edited, "nothing was restored");
    let forced = convert(&shell, "--rollback jobs/.stepwell-convert/manifest.jsonl --force --output json");
    assert_eq!(forced.status.code(), Some(0), "{}", told(&forced));
    assert_eq!(tree(&shell.path("jobs")), before);
    let answer: Value = serde_json::from_slice(&forced.stdout).unwrap();
    let copy = answer["edited"][0]["copy"].as_str().unwrap();
    assert_eq!(fs::read_to_string(shell.path(copy)).unwrap(), "id: edited\n", "the edit is not lost");
}

#[test]
fn a_damaged_copy_is_never_restored() {
    let shell = shell(&[("jobs/b.yaml", &script("b", "2"))]);
    report(&shell, "jobs --to jobs", 0);
    for entry in fs::read_dir(shell.path("jobs/.stepwell-convert/kept")).unwrap().flatten() {
        fs::write(entry.path(), "damaged").unwrap();
    }
    let after = tree(&shell.path("jobs"));
    let output = convert(&shell, "--rollback jobs/.stepwell-convert/manifest.jsonl --force");
    assert!(output.status.code() == Some(2) && told(&output).contains("damaged"), "{}", told(&output));
    assert_eq!(tree(&shell.path("jobs")), after);
}

#[test]
fn a_file_that_exists_and_differs_is_not_overwritten() {
    let shell = shell(&[("legacy/a.yml", &script("a", "1")), ("jobs/a.yaml", "id: mine\n")]);
    let report_of = report(&shell, "legacy --to jobs", 2);
    assert_eq!(report_of["files"][0]["problems"][0]["message"], "`jobs/a.yaml` exists and differs");
    assert_eq!(fs::read_to_string(shell.path("jobs/a.yaml")).unwrap(), "id: mine\n");
    let replaced = report(&shell, "legacy --to jobs --overwrite", 0);
    assert!(
        replaced["files"][0]["warnings"].to_string().contains("existed, and is replaced"),
        "{replaced:#}"
    );
    convert(&shell, "--rollback jobs/.stepwell-convert/manifest.jsonl");
    assert_eq!(fs::read_to_string(shell.path("jobs/a.yaml")).unwrap(), "id: mine\n");
}

#[test]
fn links_lead_nowhere() {
    let shell = shell(&[("legacy/x/a.yml", &script("a", "1")), ("outside/b.yml", &script("b", "2"))]);
    std::os::unix::fs::symlink(shell.path("outside"), shell.path("legacy/out")).unwrap();
    std::os::unix::fs::symlink(shell.path("outside/b.yml"), shell.path("legacy/b.yml")).unwrap();
    fs::create_dir(shell.path("jobs")).unwrap();
    std::os::unix::fs::symlink(shell.path("outside"), shell.path("jobs/x")).unwrap();
    let found = report(&shell, "legacy --to jobs", 2);
    assert_eq!(found["summary"]["skipped"], 2, "{found:#}");
    assert!(found["files"].to_string().contains("a folder of the path is a symbolic link"), "{found:#}");
    assert_eq!(tree(&shell.path("outside")).len(), 1);
    // A manifest that names a path outside of its folder is refused.
    fs::create_dir_all(shell.path("evil/.stepwell-convert")).unwrap();
    let copied = json!({"digest": "0".repeat(64), "mode": 420});
    let intent = json!({"record": "intent", "number": 0, "source": "x", "original": copied, "output": "../outside/b.yml",
        "output_digest": "1".repeat(64), "replaced": null, "removes": null, "folders": []});
    fs::write(shell.path("evil/.stepwell-convert/manifest.jsonl"), format!("{intent}\n")).unwrap();
    let output = convert(&shell, "--rollback evil/.stepwell-convert/manifest.jsonl --force");
    assert!(!output.status.success() && told(&output).contains("leaves its folder"), "{}", told(&output));
    assert_eq!(tree(&shell.path("outside")).len(), 1);
}

#[test]
fn batches_come_by_criticality_and_go_back_one_by_one() {
    let with = |id: &str, level: &str| format!("{}metadata: {{criticality: {level}}}\n", script(id, id));
    let (low, critical, none) = (with("a", "low"), with("b", "critical"), script("c", "c"));
    let shell = shell(&[("legacy/a.yml", &low), ("legacy/b.yml", &critical), ("legacy/c.yml", &none)]);
    let found = report(&shell, "legacy --to jobs --batch-by metadata.criticality --batch low", 0);
    assert_eq!(tree(&shell.path("jobs")).into_keys().collect::<Vec<_>>(), ["a.yaml"], "{found:#}");
    let found = report(&shell, "legacy --to jobs --batch-by metadata.criticality", 0);
    let names: Vec<&Value> =
        found["batches"].as_array().unwrap().iter().map(|batch| &batch["batch"]).collect();
    assert_eq!(names, [&json!("low"), &json!("critical"), &Value::Null], "the least critical first");
    assert_eq!(tree(&shell.path("jobs")).len(), 3);
    let output = convert(&shell, "--rollback jobs/.stepwell-convert/manifest-critical.jsonl");
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert_eq!(tree(&shell.path("jobs")).into_keys().collect::<Vec<_>>(), ["a.yaml", "c.yaml"]);
}

#[test]
fn policy_and_connections_judge_each_new_job() {
    let sql = r#"{"job_id": "a", "job_type": "sql",
 "sql_query": "SELECT 1",
 "connection_name": "finance"}"#;
    let shell = shell(&[("legacy/a.json", sql)]);
    let found = report(&shell, "legacy --to jobs", 2);
    let problem = &found["files"][0]["problems"][0];
    assert_eq!(problem["line"], 3, "the place is in the legacy file: {problem:#}");
    assert!(tree(&shell.path("jobs")).is_empty());
}

/// Both forms run, and give the same output for each step.
#[test]
fn a_converted_job_does_what_the_legacy_job_did() {
    let sql = r#"{"job_id": "a", "job_type": "sql", "sql_query": "SELECT :n + 1 AS n", "parameters": {"n": 41}, "connection_name": "w"}"#;
    let two = "job_id: b\njob_name: Two\nsteps:\n- {id: x, type: powershell, script: \"1..3\"}\n- {id: y, type: powershell, script: \"'${{ steps.x.output }}'\"}\n";
    let text = "job_id: c\njob_type: powershell\nscript_content: |\n  # a comment\n  $x = @{a = 1}\n  \"a # b: $($x.a)\"\n";
    let shell = shell(&[("legacy/a.json", sql), ("legacy/b.yml", two), ("legacy/c.yml", text)]);
    report(&shell, "legacy --to jobs", 0);
    for name in ["a.json", "b.yml", "c.yml"] {
        let run = |file: String| {
            let output = shell.run(&[
                "run",
                &file,
                "--policy",
                "policy.yaml",
                "--config",
                "config.yaml",
                "--output",
                "json",
            ]);
            let view: Value =
                serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output)));
            let steps = view["steps"].as_array().unwrap().iter();
            let values: Vec<Value> =
                steps.map(|step| json!([step["step_id"], step["status"], step["value"]])).collect();
            (view["job_id"].clone(), view["status"].clone(), values)
        };
        let new = Path::new(name).with_extension("yaml").display().to_string();
        let (legacy, converted) = (run(format!("legacy/{name}")), run(format!("jobs/{new}")));
        assert_eq!(legacy, converted);
        assert_eq!(legacy.1, "success");
    }
    let found = report(&shell, "legacy --to jobs --compare", 0);
    assert_eq!(found["comparison"]["decision"], "continue", "{found:#}");
    assert_eq!((&found["comparison"]["compared"], &found["comparison"]["triggers"]), (&json!(3), &json!([])));
}

#[test]
fn a_check_run_runs_each_new_job_once() {
    let shell =
        shell(&[("legacy/a.yml", &script("a", "'fine'")), ("legacy/b.yml", &script("b", "throw 'no'"))]);
    let found = report(&shell, "legacy --to jobs --check-run", 1);
    let runs: BTreeMap<&str, &Value> = { found["files"].as_array().unwrap().iter() }
        .map(|file| (file["job_id"].as_str().unwrap(), &file["run"]))
        .collect();
    assert_eq!((&runs["a"]["success"], &runs["b"]["success"]), (&json!(true), &json!(false)), "{found:#}");
    // Both forms fail in the same way: no difference, and fewer than 95 % succeed.
    let found = report(&shell, "legacy --to jobs --compare", 1);
    assert_eq!(found["comparison"]["triggers"], json!(["success_rate"]), "{found:#}");
    assert_eq!(found["comparison"]["decision"], "roll_back");
}

/// The legacy system answers slowly, and with other results than the new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_legacy_api_and_v2_are_compared() {
    let server = Server::start_plain(shell(&[]), &["--policy", "policy.yaml", "--config", "config.yaml"]);
    let old = Web::start().await;
    let answer = |output: &str, seconds: f64| {
        json!({"success": true, "message": "Job executed with status: success", "execution_id": "exec_1", "status": "success",
            "duration_seconds": seconds, "output": output, "start_time": null, "end_time": null})
    };
    old.set("/api/jobs/a/run", answer("1", 30.0));
    old.set("/api/jobs/b/run", answer("something else", 30.0));
    let one = |id: &str, level: &str| format!("{}metadata: {{criticality: {level}}}\n", script(id, "1"));
    let (a, b, c) = (one("a", "low"), one("b", "high"), one("c", "low"));
    let person = shell(&[("legacy/a.yml", &a), ("legacy/b.yml", &b), ("legacy/c.yml", &c)]);
    let person = person.file("key", &format!("{}\n", server.token));
    let line = format!(
        "legacy --to jobs --compare --server http://{} --key-file key --legacy-server {}",
        server.address,
        old.url("")
    );
    let found = tokio::task::spawn_blocking(move || report(&person, &line, 1)).await.unwrap();
    let comparison = &found["comparison"];
    assert_eq!(comparison["triggers"], json!(["different_results"]), "{comparison:#}");
    assert_eq!(comparison["compared"], 2);
    assert!(
        comparison["pairs"][1]["differences"][0]
            .as_str()
            .unwrap()
            .starts_with("output: `something else` before")
    );
    assert_eq!(comparison["not_compared"][0]["file"], "legacy/c.yml", "the legacy system does not have it");
    assert_eq!(old.asked("/api/jobs/").len(), 3);
}

#[test]
fn the_page_of_a_report_escapes_what_files_say() {
    let hostile = "job_id: \"<img src=x onerror=alert(1)>\"\njob_type: powershell\npowershell_script: '1'\n";
    let shell = shell(&[("legacy/<b>.yml", hostile), ("legacy/a.yml", &script("a", "1"))]);
    let output = convert(&shell, "legacy --to jobs --report report.html");
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    let page = fs::read_to_string(shell.path("report.html")).unwrap();
    assert!(!page.contains("<img") && !page.contains("<b>.yml"), "{page}");
    assert!(page.contains("&lt;b&gt;.yml") && page.contains("Conversion of legacy jobs"), "{page}");
    let refused = convert(&shell, "legacy --to jobs --report report.txt");
    assert!(told(&refused).contains("ends with .json or .html"), "{}", told(&refused));
}

#[test]
fn options_without_effect_are_refused() {
    let shell = shell(&[("legacy/a.yml", &script("a", "1"))]);
    for (line, part) in [
        ("legacy", "--to DIR"),
        ("--to jobs", "name the legacy files"),
        ("legacy --to jobs --force", "--force"),
        ("legacy --to jobs --batch low", "--batch-by"),
        ("legacy --to jobs --legacy-server http://127.0.0.1:1", "for --compare"),
        ("--rollback jobs/.stepwell-convert/manifest.jsonl --compare", "--compare"),
        ("--rollback none.jsonl", "a manifest is in a folder"),
        ("--rollback .stepwell-convert/none.jsonl", "no such file"),
    ] {
        let output = convert(&shell, line);
        assert!(output.status.code() == Some(2) && told(&output).contains(part), "{line}: {}", told(&output));
    }
    assert!(!shell.path("jobs").exists());
}

/// The end of a conversion that was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Continues,
    GoesBack,
}

/// The command is killed with SIGKILL at 24 points, from the first record of the manifest to the last, in the folder
/// of the legacy files and in another one. Each file is then whole, old or new; the conversion continues to its end,
/// or goes back to its start.
#[test]
fn a_killed_conversion_continues_or_goes_back() {
    const JOBS: usize = 30;
    let text = |n: usize| match n % 2 {
        0 => format!("{{\"job_id\": \"j{n}\", \"job_type\": \"powershell\", \"script_content\": \"{n}\"}}"),
        _ => script(&format!("j{n}"), &n.to_string()),
    };
    let name = |n: usize| match n % 2 {
        0 => format!("jobs/{n:02}.json"),
        _ => format!("jobs/sub{}/{n:02}.yaml", n % 3),
    };
    let names: Vec<(String, String)> = (0..JOBS).map(|n| (name(n), text(n))).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let mut killed = 0;
    for to in ["jobs", "new"] {
        let (line, whole) = (format!("jobs --to {to}"), shell(&files));
        let before = tree(&whole.path(to));
        report(&whole, &line, 0);
        let after = tree(&whole.path(to));
        for point in 0..12 {
            let then = if point % 2 == 0 { Then::Continues } else { Then::GoesBack };
            let shell = shell(&files);
            killed += usize::from(kill_at(&shell, (&line, to), 1 + point * 2 * JOBS / 12));
            never_half(&tree(&shell.path(to)), &before, &after);
            if then == Then::Continues {
                report(&shell, &line, 0);
                assert_eq!(tree(&shell.path(to)), after, "{to} {point}");
            }
            // The way back is whole, from wherever the conversion ended.
            go_back(&shell, to);
            assert_eq!(tree(&shell.path(to)), before, "{to} {point}");
            assert_eq!(fs::read_dir(shell.path(to).join(FOLDER).join("temporary")).unwrap().count(), 0);
        }
    }
    assert!(killed >= 20, "{killed} of 24 were killed before their end");
}

/// A conversion of files with several jobs is killed. At every moment, each job is in its new file or in the legacy one.
#[test]
fn a_killed_conversion_of_several_jobs_loses_none() {
    let names: Vec<(String, String)> = (0..6)
        .map(|n| {
            let jobs: Vec<String> = (0..5).map(|i| json_script(&format!("f{n}-{i}"))).collect();
            // The first file has the name of one of its new files.
            let name = if n == 0 { "jobs/f0-2.yaml".to_owned() } else { format!("jobs/f{n}.json") };
            (name, format!("[{}]", jobs.join(",\n")))
        })
        .collect();
    let files: Vec<(&str, &str)> = names.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let line = "jobs --to jobs";
    let whole = shell(&files);
    let before = tree(&whole.path("jobs"));
    assert_eq!(report(&whole, line, 0)["summary"]["converted"], 30);
    let after = tree(&whole.path("jobs"));
    for point in 0..12 {
        let shell = shell(&files);
        kill_at(&shell, (line, "jobs"), 1 + point * 5);
        let now = tree(&shell.path("jobs"));
        for (n, (name, _)) in names.iter().enumerate() {
            let legacy = name.strip_prefix("jobs/").unwrap();
            let is_there = now.get(legacy).is_some_and(|text| text.starts_with(b"["));
            let all =
                (0..5).all(|i| now.get(&format!("f{n}-{i}.yaml")) == after.get(&format!("f{n}-{i}.yaml")));
            assert!(is_there || all, "{point}: {now:?}");
        }
        if point % 2 == 0 {
            report(&shell, line, 0);
            assert_eq!(tree(&shell.path("jobs")), after, "{point}");
        }
        go_back(&shell, "jobs");
        assert_eq!(tree(&shell.path("jobs")), before, "{point}");
    }
}

/// The rollback itself is killed, and runs again.
#[test]
fn a_killed_rollback_continues() {
    let names: Vec<(String, String)> =
        (0..20).map(|n| (format!("jobs/{n:02}.yml"), script(&format!("j{n}"), &n.to_string()))).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let shell = shell(&files);
    let before = tree(&shell.path("jobs"));
    for point in 0..6 {
        report(&shell, "jobs --to jobs", 0);
        let after = tree(&shell.path("jobs"));
        let arguments = ["convert", "--rollback", "jobs/.stepwell-convert/manifest.jsonl"].map(str::to_owned);
        let mut child =
            shell.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let first = shell.path("jobs").join(format!("{:02}.yml", point * 3));
        wait_until(|| first.exists() || child.try_wait().unwrap().is_some());
        let _ = child.kill();
        child.wait().unwrap();
        never_half(&tree(&shell.path("jobs")), &before, &after);
        go_back(&shell, "jobs");
        assert_eq!(tree(&shell.path("jobs")), before, "{point}");
    }
}

fn go_back(shell: &Shell, to: &str) {
    let output = convert(shell, &format!("--rollback {to}/.stepwell-convert/manifest.jsonl"));
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
}

/// Waits for a condition, by looking often.
fn wait_until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_micros(50));
    }
}

/// Kills a conversion when its manifest has this many records. Returns whether it was still running.
fn kill_at(shell: &Shell, (line, to): (&str, &str), records: usize) -> bool {
    let mut arguments = vec!["convert".to_owned()];
    arguments.extend(line.split(' ').map(str::to_owned));
    arguments.extend(["--policy", "policy.yaml", "--config", "config.yaml"].map(str::to_owned));
    let mut child = shell.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let manifest = shell.path(to).join(FOLDER).join("manifest.jsonl");
    let lines = || fs::read(&manifest).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count());
    wait_until(|| lines() >= records || child.try_wait().unwrap().is_some());
    let running = child.try_wait().unwrap().is_none();
    let _ = child.kill();
    child.wait().unwrap();
    running
}

/// Each file has its old or its new content, and each job has at least one file.
fn never_half(
    now: &BTreeMap<String, Vec<u8>>,
    before: &BTreeMap<String, Vec<u8>>,
    after: &BTreeMap<String, Vec<u8>>,
) {
    for (name, content) in now {
        let is_whole = before.get(name) == Some(content) || after.get(name) == Some(content);
        assert!(is_whole, "{name}: {}", String::from_utf8_lossy(content));
    }
    let stem = |name: &String| name.split('.').next().unwrap().to_owned();
    let stems: Vec<String> = now.keys().map(stem).collect();
    for name in before.keys().filter(|name| !name.ends_with('/')) {
        assert!(stems.contains(&stem(name)), "{name} is lost");
    }
}
