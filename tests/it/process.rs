//! Programs of the host: the programs that policy lets a step start, and their restrictions. The stand-in for
//! `pwsh` runs the script of the step with `sh`.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stepwell::engine::StepEnd;
use stepwell::engine::run::RunStatus;
use tokio_util::sync::CancellationToken;

use crate::support::{Running, Site, Unwatched, one_step, told};

const ARGUMENTS: &str =
    r#"arguments: ["-NoLogo", "-NoProfile", "-NonInteractive", "-File", "files/begin.ps1"]"#;

/// A site with a stand-in for pwsh.
fn site() -> Site {
    let stand_in = "#!/bin/sh\n[ \"$*\" = '-NoLogo -NoProfile -NonInteractive -File files/begin.ps1' ] || exit 99\n[ -s files/begin.ps1 ] || exit 98\nexec /bin/sh files/script.ps1\n";
    let site =
        Site::new().file("pwsh", stand_in).file("in/x.txt", "within\n").file("secret.txt", "outside\n");
    std::fs::set_permissions(site.path().join("pwsh"), PermissionsExt::from_mode(0o755)).unwrap();
    site
}

async fn granted(more: &str) -> Running {
    let grants = format!(
        "files:\n- {{mount: /workspace, workspace: 1MiB, access: write}}\n- {{mount: /in, source: in, access: read}}\nprocess:\n- {{program: pwsh, path: pwsh, allow_weaker: true, {ARGUMENTS}{more}}}\nlimits: {{process_output_bytes: 64KiB, process_file_bytes: 64KiB}}"
    );
    site().policy("powershell", &grants).host().await
}

async fn pwsh(site: &Running, script: &str, more: Value) -> StepEnd {
    let mut step = json!({"type": "powershell", "runner": "pwsh", "script": script});
    step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    site.step(step).await
}

#[tokio::test]
async fn a_program_runs_where_policy_grants_it() {
    let site = granted("").await;
    for (script, more, expected) in [
        ("echo hello", json!({}), "succeeded: \"hello\""),
        ("exit 3", json!({}), "failed: the script ended with exit code 3"),
        ("echo sorry >&2; exit 1", json!({}), "exit code 1; its last error: sorry"),
        ("echo sorry >&2", json!({}), "succeeded"),
        ("echo sorry >&2", json!({"fail_on_stderr": true}), "`fail_on_stderr` is set: sorry"),
        ("kill -9 $$", json!({}), "ended by the signal 9"),
        ("cat files/parameters.json", json!({"parameters": {"a": [1, true]}}), r#"{\"a\":[1,true]}"#),
        ("ls -A . files", json!({}), r#"".:\nfiles\ntmp\n\nfiles:\nbegin.ps1\nparameters.json\nscript.ps1""#),
        ("[ \"$HOME\" = \"$PWD\" ] && stat -c %a .", json!({}), "\"700\""),
        (
            "env | cut -d= -f1 | sort | tr '\\n' ' '",
            json!({}),
            "\"DOTNET_EnableDiagnostics DOTNET_NOLOGO HOME LANG NO_COLOR PATH POWERSHELL_TELEMETRY_OPTOUT POWERSHELL_UPDATECHECK PWD STEPWELL_DIRECTORY TMPDIR \"",
        ),
        ("cd $STEPWELL_DIRECTORY; echo y > y.txt; cat y.txt", json!({}), "succeeded: \"y\""),
        ("cat $STEPWELL_DIRECTORY/x.txt", json!({"working_directory": "/in"}), "succeeded: \"within\""),
        ("echo $STEPWELL_DIRECTORY", json!({"working_directory": "/nowhere"}), "succeeded: \"\""),
    ] {
        let end = pwsh(&site, script, more).await;
        assert!(told(&end).contains(expected), "{script}: {}", told(&end));
        assert_eq!(end.receipt.host_calls["stepwell:process"], 1);
    }
}

#[tokio::test]
async fn the_operating_system_bounds_a_program() {
    let site = granted("").await;
    let outside = site.host.runs().workspace("x").ancestors().nth(4).unwrap().to_owned();
    let secret = outside.join("secret.txt");
    assert!(secret.is_file());
    let state = site.run(&one_step(json!({"type": "powershell", "runner": "pwsh", "script": "echo"}))).await;
    let landlock = !site.log(&state).await.iter().any(|line| line.contains("no Landlock"));
    for (script, expected, needs_landlock) in [
        ("cat SECRET || echo no", "succeeded: \"no\"", true),
        ("cat /etc/shadow || echo no", "succeeded: \"no\"", true),
        ("echo > /tmp/stepwell-leak || echo no", "succeeded: \"no\"", true),
        ("cd $STEPWELL_DIRECTORY; ln -s /etc here || echo no", "succeeded: \"no\"", true),
        ("cat /proc/$PPID/environ || echo no", "succeeded: \"no\"", true),
        ("kill -0 $PPID 2>/dev/null || echo no", "succeeded: \"no\"", true),
        ("bash -c 'echo > /dev/tcp/127.0.0.1/1' 2>&1 || true", "Operation not permitted", false),
        ("setsid echo away 2>&1 || true", "Operation not permitted", false),
        (
            "while read a b; do [ $a = NoNewPrivs: ] && echo $b; done < /proc/self/status; true",
            "succeeded: \"1\"",
            false,
        ),
        (
            "head -c 100000 /dev/zero > $STEPWELL_DIRECTORY/large; wc -c < $STEPWELL_DIRECTORY/large",
            "\"65536\"",
            false,
        ),
        ("ulimit -n", "succeeded: \"256\"", false),
    ] {
        if needs_landlock && !landlock {
            eprintln!("skipped: this kernel has no Landlock: {script}");
            continue;
        }
        let script = script.replace("SECRET", &secret.display().to_string());
        let end = pwsh(&site, &script, json!({})).await;
        assert!(told(&end).contains(expected), "{script}: {}", told(&end));
    }
    let end = pwsh(&site, "head -c 100000 /dev/zero | tr '\\0' x", json!({})).await;
    assert!(told(&end).starts_with("over_limit: pwsh: the program wrote more than 64KiB"), "{}", told(&end));
}

#[tokio::test]
async fn a_program_may_use_the_network_where_policy_says_so() {
    let site = granted(", network: true").await;
    let end = pwsh(&site, "bash -c 'echo > /dev/tcp/127.0.0.1/1' 2>&1 || true", json!({})).await;
    assert!(told(&end).contains("refused"), "{}", told(&end));
}

/// Returns the directory in which each run has its own.
fn runs(site: &Running) -> PathBuf {
    site.host.runs().workspace("x").ancestors().nth(2).unwrap().to_owned()
}

/// Returns the process ids that scripts have written to files of their workspaces.
fn told_of(runs: &Path) -> Vec<String> {
    let runs = std::fs::read_dir(runs).into_iter().flatten().flatten();
    let files = runs.filter_map(|run| std::fs::read_to_string(run.path().join("workspace/pid")).ok());
    files.flat_map(|pids| pids.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Returns whether one of them still runs.
fn alive(site: &Running) -> bool {
    let pids = told_of(&runs(site));
    assert!(!pids.is_empty(), "the script has told its processes");
    pids.iter().any(|pid| {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
    })
}

const LINGERS: &str = "sleep 300 & echo $! $$ > $STEPWELL_DIRECTORY/pid; ";

async fn is_gone(site: &Running) {
    for _ in 0..100 {
        if !alive(site) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it is still there");
}

#[tokio::test]
async fn nothing_of_a_program_outlives_it_or_its_time() {
    for (more, script, expected) in [
        ("", LINGERS.to_owned(), "succeeded"),
        (", timeout: 1s", format!("{LINGERS} sleep 300"), "exceeded its time limit"),
    ] {
        let site = granted(more).await;
        let started = Instant::now();
        let end = pwsh(&site, &script, json!({})).await;
        assert!(told(&end).contains(expected), "{script}: {}", told(&end));
        assert!(started.elapsed() < Duration::from_secs(60), "it was not waited for");
        is_gone(&site).await;
    }
}

#[tokio::test]
async fn a_cancelled_run_takes_its_program_with_it() {
    let site = granted("").await;
    let script = format!("{LINGERS} sleep 300");
    let job = one_step(json!({"type": "powershell", "runner": "pwsh", "script": script}));
    let cancel = CancellationToken::new();
    let (later, runs) = (cancel.clone(), runs(&site));
    tokio::spawn(async move {
        while told_of(&runs).len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        later.cancel();
    });
    let state = site.watched(&job, &Unwatched, cancel).await;
    assert_eq!(state.status, RunStatus::Cancelled);
    is_gone(&site).await;
}

#[tokio::test]
async fn what_policy_does_not_grant_is_refused() {
    // Without any grant, the job is refused before it runs.
    let site = site().policy("powershell", "files: [{mount: /in, source: in, access: read}]").host().await;
    let job = one_step(json!({"type": "powershell", "runner": "pwsh", "script": "1"}));
    let problems = site.host.parse("job.yaml", &job).await.unwrap_err().to_string();
    assert!(problems.contains("starting the program `pwsh`: not granted: "), "{problems}");

    // A program that is not installed.
    let absent = Site::new().policy("powershell", "process: [{program: pwsh, path: /no/such/pwsh}]");
    let problems = absent.try_host().err().map(|error| error.to_string()).unwrap_or_default();
    assert!(problems.contains("`pwsh` is not installed: there is no /no/such/pwsh"), "{problems}");

    // An argument that no pattern allows.
    let grants = "process: [{program: pwsh, path: pwsh, allow_weaker: true, arguments: [-NoLogo, -Command]}]";
    let narrow = self::site().policy("powershell", grants).host().await;
    let end = pwsh(&narrow, "echo hello", json!({})).await;
    assert!(told(&end).contains("PROCESS_ARGUMENT_NOT_GRANTED"), "{}", told(&end));
    assert_eq!(end.receipt.denials["PROCESS_ARGUMENT_NOT_GRANTED"], 1);

    // More than the number of starts.
    let none = format!(
        "process: [{{program: pwsh, path: pwsh, allow_weaker: true, {ARGUMENTS}}}]\nlimits: {{process_starts: 0}}"
    );
    let none = self::site().policy("powershell", &none).host().await;
    let end = pwsh(&none, "echo hello", json!({})).await;
    assert!(told(&end).contains("limits.process_starts"), "{}", told(&end));
}

#[tokio::test]
async fn the_real_pwsh_runs_where_it_is_installed() {
    let paths = ["/usr/bin/pwsh", "/opt/microsoft/powershell/7/pwsh", "/usr/local/bin/pwsh"];
    let Some(path) = paths.iter().find(|path| Path::new(path).exists()) else {
        eprintln!("skipped: pwsh is not installed");
        return;
    };
    let real = std::fs::canonicalize(path).unwrap();
    let read = real.parent().unwrap().display();
    let grants = format!(
        "process: [{{program: pwsh, path: {path}, allow_weaker: true, {ARGUMENTS}, read: [{read}]}}]"
    );
    let site = Site::new().policy("powershell", &grants).host().await;
    for (script, parameters, expected) in [
        ("param([int[]]$N) ($N | Measure-Object -Sum).Sum", json!({"N": [1, 2, 3]}), "succeeded: \"6\""),
        ("exit 3", json!({}), "exit code 3"),
        ("throw 'x'", json!({}), "exit code 1"),
        ("/bin/sh -c 'exit 4'", json!({}), "succeeded"),
        ("if (", json!({}), "MissingEndParenthesis"),
    ] {
        let end = pwsh(&site, script, json!({ "parameters": parameters })).await;
        assert!(told(&end).contains(expected), "{script}: {}", told(&end));
    }
}
