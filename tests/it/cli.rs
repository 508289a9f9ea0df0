//! The command: its output, its exit codes, and the files that it leaves.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use expect_test::{expect, expect_file};
use serde_json::Value;
use stepwell::engine::StoreError;
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
fn a_core_module_is_not_a_component() {
    let shell = Shell::new().file("job.yaml", JOB).file("module.wasm", "\0asm\u{1}\0\0\0");
    for arguments in [&["run", "job.yaml", "--step", "module.wasm"][..], &["steps", "inspect", "module.wasm"]]
    {
        let output = shell.run(arguments);
        let told = text(&output.stderr);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()), "{told}");
        assert!(told.starts_with("error: module.wasm: ") && told.contains("not a component"), "{told}");
    }
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

#[test]
fn messages_about_missing_records_name_commands_that_exist() {
    for kind in ["job", "schedule", "queue", "API key", "backfill", "dead letter", "step"] {
        let message = StoreError::NoRecord(kind, "x".to_owned()).to_string();
        let line = message.split('`').nth(3).unwrap_or_else(|| panic!("{message}"));
        let mut words = line.split(' ');
        assert_eq!(words.next(), Some("stepwell"), "{message}");
        let mut command = stepwell_server::command_tree();
        for word in words.take_while(|word| !word.starts_with('-')) {
            command = command.find_subcommand(word).unwrap_or_else(|| panic!("{message}")).clone();
        }
        assert!(!command.has_subcommands(), "{message}");
    }
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
        ("docs/cli.md", "exit codes", stepwell_server::exit_codes_table()),
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
    assert!(check.status.success() && told.contains("2 of 2 scripts run as they are"), "{told}");
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
