//! The command: its output, its exit codes, and the files that it leaves.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use expect_test::{expect, expect_file};
use serde_json::Value;
use stepwell_tests::terminal::Terminal;
use stepwell_tests::{guest, root};
use tempfile::TempDir;

use crate::pages::missing;

/// A directory to run the command in.
#[derive(Clone)]
pub struct Shell {
    dir: std::sync::Arc<TempDir>,
    env: Vec<(String, String)>,
}

impl Shell {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let shell = Self { dir: dir.into(), env: Vec::new() };
        let policy = "policy: 1\nname: probes\nsteps: [probe]\nsql: [{connection: w}]\n";
        rusqlite::Connection::open(shell.path("w.db")).unwrap().execute_batch("CREATE TABLE t (n)").unwrap();
        shell
            .file("policy.yaml", policy)
            .file("config.yaml", "connections: {w: {type: sqlite, path: w.db}}\n")
    }

    pub fn file(self, name: &str, content: &str) -> Self {
        fs::write(self.path(name), content).unwrap();
        self
    }

    /// Sets an environment variable for commands.
    pub fn env(mut self, name: &str, value: impl AsRef<std::path::Path>) -> Self {
        self.env.push((name.to_owned(), value.as_ref().display().to_string()));
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The arguments, with the probe and its policy.
    pub fn with_probe(&self, arguments: &[&str]) -> Vec<String> {
        let probe = guest("probe").display().to_string();
        let more = ["--policy", "policy.yaml", "--config", "config.yaml", "--step", &probe];
        arguments.iter().chain(&more).map(|a| (*a).to_owned()).collect()
    }

    pub fn command(&self, arguments: &[String]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stepwell-under-test"));
        command.args(arguments).current_dir(self.dir.path()).stdin(Stdio::null());
        command.env("STEPWELL_DATA_DIR", self.path("data"));
        command.env("STEPWELL_CACHE_DIR", root().join("target/test-cache"));
        command.envs(self.env.iter().cloned());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
        self.command(&arguments).output().unwrap()
    }

    fn probe(&self, arguments: &[&str]) -> Output {
        self.command(&self.with_probe(arguments)).output().unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const JOB: &str = "id: job-1
name: A job
vars: {who: you}
steps:
- {id: one, name: First, type: probe, case: echo, text: '${{ vars.who }}'}
- {id: two, type: probe, case: trap, continue_on_failure: true}
- {id: three, type: probe, case: log, count: 2, text: \"a\\u001b[31mb\"}
";

#[test]
fn bad_input_ends_with_2_names_the_place_and_writes_nothing() {
    let module = "\0asm\u{1}\0\0\0";
    for (name, file, arguments, said) in [
        ("broken YAML", "steps: [", vec!["run", "x"], "x:1:"),
        ("wrong type", "id: a\nsteps: 7\n", vec!["run", "x"], "x:2:8"),
        (
            "unknown field",
            "id: a\nstepz: []\nsteps: [{id: s, type: sql}]",
            vec!["validate", "x"],
            "did you mean `steps`?",
        ),
        ("unknown step type", "id: a\nsteps: [{id: s, type: sgl}]", vec!["run", "x"], "did you mean `sql`?"),
        (
            "undefined reference",
            "id: a\nsteps: [{id: s, type: sql, connection_name: w, query: '${{ steps.t.output }}'}]",
            vec!["run", "x"],
            "there is no step `t`",
        ),
        (
            "reference to itself",
            "id: a\nsteps: [{id: s, type: sql, connection_name: w, query: '${{ steps.s.output }}'}]",
            vec!["run", "x"],
            "refers to itself",
        ),
        (
            "connection without a grant",
            "id: a\nsteps: [{id: s, type: sql, connection_name: w, query: SELECT 1}]",
            vec!["run", "x"],
            "SQL_NOT_GRANTED",
        ),
        (
            "missing connection",
            "id: a\nsteps: [{id: s, type: probe, case: sql}, {id: t, type: sql, connection_name: none, query: SELECT 1}]",
            vec!["run", "x", "--policy", "sql.yaml"],
            "opening the connection `none`: not granted: ",
        ),
        ("missing file", "", vec!["run", "nowhere.yaml"], "nowhere.yaml: No such file"),
        ("directory", "", vec!["run", "."], "Is a directory"),
        ("not wasm", "id: a", vec!["steps", "inspect", "policy.wasm"], "policy.wasm: No such file"),
        ("no component", module, vec!["run", "x", "--step", "x"], "not a component"),
        ("no wasm", "hello", vec!["run", "x", "--step", "x"], "not WebAssembly"),
        ("unknown variable", JOB, vec!["run", "x", "--var", "whom=me"], "did you mean `who`?"),
        ("no variable", JOB, vec!["run", "x", "--var", "whom"], "NAME=VALUE"),
        ("no run", "", vec!["run", "--resume", "exec_1"], "there is no run `exec_1`"),
        (
            "unknown policy key",
            "policy: 1\nname: p\nsteps: [sql]\nhttps: []",
            vec!["steps", "list", "--policy", "x"],
            "did you mean `http`?",
        ),
        (
            "policy above the ceiling",
            "policy: 1\nname: p\nsteps: [sql]\nlimits: {memory: 8GiB}",
            vec!["steps", "list", "--policy", "x"],
            "above the ceiling of 2GiB",
        ),
        (
            "policy without its connection",
            "policy: 1\nname: p\nsteps: [sql]\nsql: [{connection: none}]",
            vec!["steps", "list", "--policy", "x"],
            "the connection `none` is not in the configuration",
        ),
        (
            "missing database",
            "connections: {a: {type: sqlite, path: none.db}}",
            vec!["steps", "list", "--config", "x"],
            "x:1:",
        ),
        (
            "disabled",
            "id: a\nenabled: false\nsteps: [{id: s, type: probe, case: noop}]",
            vec!["run", "x"],
            "not enabled",
        ),
    ] {
        let grant = "policy: 1\nname: s\nsteps: [sql]\nsql: [{connection: w}]\n";
        let shell = Shell::new().file("x", file).file("sql.yaml", grant);
        let needs_probe = file.contains("probe");
        let output = if needs_probe { shell.probe(&arguments) } else { shell.run(&arguments) };
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {stderr}");
        assert!(stderr.contains(said), "{name}: {stderr}");
        assert!(!stderr.contains("panicked"), "{name}: {stderr}");
        assert!(output.stdout.is_empty(), "{name}: {}", text(&output.stdout));
        let left = fs::read_dir(shell.path("data")).map_or(0, |entries| {
            entries
                .flatten()
                .filter(|e| e.file_name() != "stepwell.db-shm" && e.file_name() != "stepwell.db-wal")
                .count()
        });
        // A look for a run opens the store; nothing else does.
        assert!(left == 0 || name == "no run", "{name} left {left} files");
    }
}

#[test]
fn a_run_prints_the_response_of_the_v2_api() {
    let shell = Shell::new().file("job.yaml", JOB);
    let output = shell.probe(&["run", "job.yaml", "--var", "who=me", "--output", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let view: Value = serde_json::from_slice(&output.stdout).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    expect!["success message execution_id job_id job_name status timezone due_at wakes_at start_time end_time duration_seconds steps step_count successful_steps failed_steps skipped_steps cancelled_steps"]
        .assert_eq(&keys(&view));
    expect!["step_id step_name step_type status duration_seconds output value value_bytes metadata attempts outcome receipt"]
        .assert_eq(&keys(&view["steps"][0]));
    assert_eq!((&view["success"], &view["status"]), (&Value::Bool(true), &Value::from("success")));
    assert_eq!((view["successful_steps"].clone(), view["failed_steps"].clone()), (2.into(), 1.into()));
    assert_eq!(view["steps"][1]["outcome"]["class"], "trapped");
    let frames = view["steps"][1]["outcome"]["backtrace"].to_string();
    assert!(frames.contains("probe::Probe as") && frames.contains("(probe/src/lib.rs"), "{frames}");

    let id = view["execution_id"].as_str().unwrap();
    let shown: Value =
        serde_json::from_slice(&shell.run(&["runs", "show", id, "--output", "json"]).stdout).unwrap();
    assert_eq!(shown, view);
    assert!(text(&shell.run(&["runs", "list"]).stdout).contains(id));
    let log = text(&shell.run(&["runs", "logs", id]).stdout);
    assert!(log.contains("warn three/1 a\u{fffd}[31mb n=0"), "{log}");
    let again = shell.probe(&["run", "--resume", id]);
    assert!(text(&again.stderr).contains("has ended already"));
    assert_eq!(again.status.code(), Some(0));
}

#[test]
fn a_failed_run_exits_with_1_and_shows_where_it_trapped() {
    let shell =
        Shell::new().file("job.yaml", "id: j\nsteps: [{id: a, type: probe, case: panic, text: why}]\n");
    let output = shell.probe(&["run", "job.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    let stdout = text(&output.stdout);
    assert!(stdout.contains("failed (trapped)") && stdout.contains("probe::Probe"), "{stdout}");
    assert!(!text(&output.stderr).contains('\u{1b}'), "no colours where there is no terminal");
}

/// A typing error in its name would create a new project.
#[test]
fn a_project_is_one_of_those_that_the_configuration_lists() {
    let shell = Shell::new()
        .file("projects.yaml", "projects: {team: {}}")
        .file("job.yaml", "id: j\nsteps: [{id: a, type: wait, for: 0}]\n");
    for command in
        [&["run", "job.yaml"][..], &["jobs", "put", "job.yaml"], &["jobs", "list"], &["runs", "list"]]
    {
        for (project, exit) in [("team", 0), ("default", 0), ("ghost", 2)] {
            let config = ["--config", "projects.yaml", "--project", project];
            let ended = shell.run(&[command, &config[..]].concat());
            let told = text(&ended.stderr);
            assert_eq!(ended.status.code(), Some(exit), "{command:?} {project}: {told}");
            let said = "there is no project `ghost` in the configuration; it has team";
            assert_eq!(told.contains(said), exit == 2, "{command:?} {project}: {told}");
        }
    }
}

#[test]
fn ctrl_c_leaves_a_cancelled_run() {
    let shell = Shell::new().file("job.yaml", "id: j\nsteps: [{id: a, type: probe, case: await_cancel}]\n");
    let child = shell.command(&shell.with_probe(&["run", "job.yaml", "--output", "json"]));
    let mut child = { child }.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // Once the step is running, its run is in the store.
    let started = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(25));
        text(&shell.run(&["runs", "list"]).stdout).contains("running")
    });
    assert!(started);
    std::thread::sleep(Duration::from_millis(200));
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(text(&shell.run(&["runs", "list"]).stdout).contains("cancelled"));
}

/// Values come from standard input, and names are listed; errors include the fix.
#[test]
fn secrets_are_kept_listed_and_removed() {
    let config = "secret_store: {file: secrets.json, key: key}
secrets: {token: 'store:kept'}
azure_devops: {organizations: {contoso: {pat: 'store:kept'}}}\n";
    let shell = Shell::new().file("store.yaml", config).file("none.yaml", "secrets: {token: 'store:kept'}\n");
    let secrets = |arguments: &[&str], value: &str| {
        let all: Vec<String> = [&["secrets"], arguments].concat().iter().map(|a| (*a).to_owned()).collect();
        let mut command = shell.command(&all);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), value.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    for (arguments, value, code, said) in [
        (&["list", "--config", "store.yaml"][..], "", 0, "USED BY"),
        (&["set", "kept", "--config", "store.yaml"], "hunter2\n", 0, "kept: stored in"),
        (&["list", "--config", "store.yaml"], "", 0, "token, azure_devops.organizations.contoso.pat"),
        (&["set", "a b", "--config", "store.yaml"], "x", 2, "`a b` is not a name"),
        (&["set", "kept", "--config", "store.yaml"], "", 2, "the value has 0 bytes"),
        (&["set", "kept"], "x", 2, "the configuration has no `secret_store`"),
        (&["list", "--config", "none.yaml"], "", 2, "there is no `secret_store`: add its `file` and `key`"),
        (&["rm", "kept", "--config", "store.yaml"], "", 0, "kept: removed"),
        (&["rm", "kept", "--config", "store.yaml"], "", 2, "there is no secret `kept`"),
    ] {
        let (found, told) = secrets(arguments, value);
        assert_eq!(found, Some(code), "{arguments:?}: {told}");
        assert!(told.contains(said), "{arguments:?}: {told}");
        assert!(!told.contains("hunter2"), "{arguments:?}: {told}");
    }
    let audit = text(&shell.run(&["audit"]).stdout);
    assert!(audit.contains("secret.set") && audit.contains("secret.remove"), "{audit}");
}

#[test]
fn schemas_are_checked_in() {
    let shell = Shell::new();
    for kind in ["job", "policy", "config", "queues", "openapi"] {
        let output = shell.run(&["schema", kind]);
        expect_file![root().join(format!("docs/schema/{kind}.json"))].assert_eq(&text(&output.stdout));
    }
    // The program generates each of these tables.
    for (page, name, table) in [
        ("docs/api.md", "operations", stepwell_server::operations_table()),
        ("docs/cli.md", "commands", stepwell_server::commands_table()),
        ("docs/policy.md", "capabilities", stepwell_server::reference::capabilities_table()),
        ("docs/policy.md", "rules", stepwell_server::reference::rules_table()),
        ("docs/policy.md", "limits", stepwell_server::reference::limits_table()),
    ] {
        let path = root().join(page);
        let text = fs::read_to_string(&path).unwrap();
        let (before, after) = text.split_once(&format!("<!-- {name} -->\n")).unwrap();
        let (_, after) = after.split_once("<!-- end -->").unwrap();
        expect_file![path].assert_eq(&format!("{before}<!-- {name} -->\n{table}<!-- end -->{after}"));
    }
}

#[test]
fn steps_and_policies_are_shown() {
    let shell = Shell::new().file("job.yaml", JOB);
    let list = text(&shell.run(&["steps", "list"]).stdout);
    for name in ["azure_devops", "data_processing", "sql"] {
        assert!(list.contains(name), "{list}");
    }
    let inspected =
        text(&shell.run(&["steps", "inspect", &guest("hello_step").display().to_string()]).stdout);
    assert!(inspected.starts_with("hello 0.1.0: Greets a person\ncomponent: sha256:"), "{inspected}");
    let policy = text(&shell.probe(&["policy", "show", "job.yaml"]).stdout);
    for line in [
        "step one (probe)",
        "limits.memory = 64MiB  (profile standard)",
        "sql w read, 10_000 rows, 10s  (policy `probes`)",
    ] {
        assert!(policy.contains(line), "{policy}");
    }
    let valid = text(&shell.probe(&["validate", "job.yaml"]).stdout);
    assert_eq!(valid, "job.yaml: the job `job-1` is valid (3 steps)\n");
}

#[test]
fn the_smallest_step_runs() {
    let (job, component) = (root().join("examples/hello-step/job.yaml"), guest("hello_step"));
    let output = Shell::new().run(&["run", job.to_str().unwrap(), "--step", component.to_str().unwrap()]);
    assert!(text(&output.stdout).contains("Hello, you!"), "{}", text(&output.stderr));
}

/// The example of a report: its job, its tests, and the needs of its scripts.
#[test]
fn the_report_in_powershell_runs() {
    let example = root().join("examples/powershell-report");
    let path = |name: &str| example.join(name).display().to_string();
    let shell = Shell::new();
    let output = shell.run(&["run", &path("job.yaml"), "--policy", &path("policy.yaml"), "--output", "json"]);
    let view: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(view["success"], true, "{view}");
    let workspace = shell.path("data/runs").join(view["execution_id"].as_str().unwrap()).join("workspace");
    let page = fs::read_to_string(workspace.join("report.html")).unwrap();
    for expected in [
        "<title>Stock</title>",
        "<h1>Stock on 1 September 2025</h1>",
        "<h2>To be ordered: 3</h2>",
        "<tr><td>Lisbon</td><td>C-300</td><td>Bracket &quot;L&quot;</td><td>0</td></tr>",
    ] {
        assert!(page.contains(expected), "{page}");
    }

    let junit = shell.path("junit.xml");
    let tests =
        shell.run(&["step", "test-script", &path("scripts"), "--junit", &junit.display().to_string()]);
    let told = text(&tests.stdout);
    assert!(
        tests.status.success() && told.contains("4 tests in 1 file: 4 passed"),
        "{told}\n{}",
        text(&tests.stderr)
    );
    assert!(
        fs::read_to_string(junit).unwrap().contains("tests=\"4\" skipped=\"0\" failures=\"0\" errors=\"0\"")
    );

    let check = shell.run(&["step", "check-script", &path("scripts")]);
    let told = text(&check.stdout);
    assert!(check.status.success() && told.contains("2 of 2 run as they are"), "{told}");
}

#[test]
fn what_scripts_lack_and_tests_that_fail_are_told() {
    let shell = Shell::new()
        .file("a.ps1", "Get-ADUser x\ngit status\nGet-Date")
        .file("b.ps1", "if (")
        .file("c.Tests.ps1", "Describe 'x' { It 'y' { 1 | Should -Be 2 } }")
        .file("d.Tests.ps1", "throw 'broken'");
    let check = shell.run(&["step", "check-script", "a.ps1", "b.ps1"]);
    let told = text(&check.stdout);
    for expected in [
        "a.ps1: needs something else",
        "  1:1  Get-ADUser needs ActiveDirectory",
        "  2:1  `git` is a program",
        "b.ps1: does not parse",
        "  1:5  Missing condition in if statement after 'if ('.",
        "0 of 2 run as they are",
        "     1  git",
    ] {
        assert!(told.contains(expected), "{told}");
    }
    assert_eq!(check.status.code(), Some(1));
    let tests = shell.run(&["step", "test-script", "."]);
    let told = text(&tests.stdout);
    for expected in [
        "  [-] y",
        "    Expected 2, but got 1.",
        "at /scripts/c.Tests.ps1:1",
        "1 test in 2 files: 0 passed, 1 failed; 1 of the files did not end well",
    ] {
        assert!(told.contains(expected), "{told}");
    }
    assert_eq!(tests.status.code(), Some(1));
    let missing = shell.run(&["step", "check-script", "nowhere"]);
    assert_eq!(missing.status.code(), Some(2), "{}", text(&missing.stderr));
}

/// A step of another language, whose actions the command calls as it calls those of PowerShell.
#[test]
fn scripts_of_another_language_are_checked_and_tested() {
    let wasm = guest("language_step").display().to_string();
    let shell = Shell::new()
        .file("good.sum", "2 + 3 = 5\n")
        .file("bad.sum", "2 + 3 = 5\ntwo plus two\n")
        .file("good.test.sum", "1 + 1 = 2\n20 + 30 = 50\n")
        .file("bad.test.sum", "1 + 1 = 3\n")
        .file("greet.ps1", "'hello'\n")
        .file("greet.Tests.ps1", "Describe 'x' { It 'y' { 1 | Should -Be 1 } }\n");
    for (arguments, code, told) in [
        ("check-script good.sum", 0, "1 of 1 run as they are"),
        ("check-script bad.sum", 1, "  2:0  is no sum"),
        ("check-script good.sum greet.ps1", 0, "2 of 2 run as they are"),
        ("check-script .", 1, "5 of 6 run as they are"),
        ("check-script . --type powershell", 0, "2 of 2 run as they are"),
        ("check-script greet.ps1 --type acme/sums", 1, "does not parse"),
        ("check-script good.sum --type acme/none", 2, "no step `acme/none` declares the action `check`"),
        ("check-script config.yaml", 2, "give --type, one of acme/sums, powershell"),
        ("test-script good.test.sum", 0, "2 tests in 1 file: 2 passed"),
        ("test-script good.test.sum --tag 30", 0, "1 test in 1 file: 1 passed, 1 not chosen"),
        ("test-script bad.test.sum", 1, "1 test in 1 file: 0 passed, 1 failed"),
        ("test-script good.test.sum greet.Tests.ps1", 0, "3 tests in 2 files: 3 passed"),
        ("test-script .", 1, "4 tests in 3 files: 3 passed, 1 failed"),
    ] {
        let arguments: Vec<&str> = ["step"].into_iter().chain(arguments.split(' ')).collect();
        let output = shell.run(&[&arguments[..], &["--step", &wasm]].concat());
        let all = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(all.contains(told), "{arguments:?}: {all}");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {all}");
    }
}

/// The example of the README, as `make demo` runs it: in a terminal, and through a pipe.
#[test]
fn the_daily_pipeline_runs() {
    let shell = Shell::new();
    let programs = shell.path("programs");
    fs::create_dir(&programs).unwrap();
    for (name, program) in [
        ("stepwell", env!("CARGO_BIN_EXE_stepwell-under-test")),
        ("azure-devops-emulator", env!("CARGO_BIN_EXE_azure-devops-emulator")),
        ("make-shop-db", env!("CARGO_BIN_EXE_make-shop-db")),
    ] {
        std::os::unix::fs::symlink(program, programs.join(name)).unwrap();
    }
    let demo = |work: &str| {
        let mut command = Command::new(root().join("examples/daily-pipeline/run.sh"));
        command.arg(&programs).arg(shell.path(work)).env("TERM", "xterm-256color").env_remove("NO_COLOR");
        command.env("STEPWELL_CACHE_DIR", root().join("target/test-cache"));
        command
    };
    let (status, screen) = Terminal::start(demo("terminal"), 100).unwrap().end().unwrap();
    assert!(status.success() && screen.contains("Job Daily sales completed successfully"), "{screen}");
    let output = demo("work").output().unwrap();
    let stdout = text(&output.stdout);
    assert!(output.status.success(), "{stdout}\n{}", text(&output.stderr));
    assert!(stdout.contains("Job Daily sales completed successfully"), "{stdout}");
    assert_eq!(missing(&crate::readme::demo(), &stdout), None, "README.md shows another demo:\n{stdout}");
    let report = stdout.split("report.csv:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let report: Vec<&str> = report.lines().map(str::trim).collect();
    expect![[r#"
        region,orders,revenue,percent_of_target
        north,949,30340.2,139.8
        south,758,27417.3,147.4
        west,574,18855.2,135.2
        east,552,18256.1,130.9
        overseas,180,6201.7,133.4"#]]
    .assert_eq(&report.join("\n"));
}
