//! Files and settings of operators that are too large, of another kind, or make no sense: each is refused at once, with
//! its place, before anything is created.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::cli::Shell;

/// The most memory that a command may take, in KiB, and its longest time.
const MEMORY: u64 = 600 << 10;
const TIME: Duration = Duration::from_secs(60);

/// Waits for the end of a command, and returns its exit code, its errors and its largest memory. Ends a command that
/// takes too much.
fn watched(mut child: Child) -> (Option<i32>, String, u64) {
    let (began, mut peak) = (Instant::now(), 0);
    let status = format!("/proc/{}/status", child.id());
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let found = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = found.map_or(peak, |kib| kib.trim().trim_end_matches(" kB").parse().unwrap());
        if peak > MEMORY || began.elapsed() > TIME {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned(), peak)
}

fn shell() -> Shell {
    let secrets = "secret_store: {file: FILE, key: key}\nsecrets: {token: 'store:x'}\n";
    let shell = Shell::new()
        .file("job.yaml", "{id: a, steps: [{id: w, type: wait, for: 0}]}")
        .file("zero.yaml", "policies: [/dev/zero]\n")
        .file("pipe.yaml", "policies: [pipe]\n")
        .file("store-zero.yaml", &secrets.replace("FILE", "/dev/zero"))
        .file("store-pipe.yaml", &secrets.replace("FILE", "pipe"));
    let made = std::process::Command::new("mkfifo").arg(shell.path("pipe")).status().unwrap();
    assert!(made.success());
    for (dir, file) in [("piped", "pipe"), ("endless", "/dev/zero")] {
        std::fs::create_dir(shell.path(dir)).unwrap();
        std::os::unix::fs::symlink(shell.path(file), shell.path(dir).join("stepwell.db")).unwrap();
    }
    for (name, size) in [("large.yaml", 5_u64 << 20), ("large.wasm", 65 << 20), ("large.key", 5000)] {
        std::fs::File::create(shell.path(name)).unwrap().set_len(size).unwrap();
    }
    shell
}

/// No command reads more of a file than the file may have, or waits for a pipe that no process writes to.
#[test]
fn files_are_read_within_their_limits() {
    let shell = shell();
    let (large, irregular) = ("it is larger than", "it is not a regular file");
    for (line, expected) in [
        ("validate /dev/zero", large),
        ("validate job.yaml large.yaml", large),
        ("run /dev/zero", large),
        ("jobs put /dev/zero", large),
        ("runs list --server http://127.0.0.1:9 --key-file /dev/zero", large),
        ("runs list --server http://127.0.0.1:9 --key-file large.key", large),
        ("validate job.yaml --policy /dev/zero", irregular),
        ("validate job.yaml --policy large.yaml", large),
        ("validate job.yaml --policy pipe", irregular),
        ("validate job.yaml --config zero.yaml", irregular),
        ("validate job.yaml --config pipe.yaml", irregular),
        ("config show --config /dev/zero", irregular),
        ("config show --config pipe", irregular),
        ("config show --config large.yaml", large),
        ("queues list --queues /dev/zero", irregular),
        ("queues list --queues pipe", irregular),
        ("steps register /dev/zero", irregular),
        ("steps register pipe", irregular),
        ("steps register large.wasm", large),
        ("steps inspect ./large.wasm", large),
        ("validate job.yaml --step /dev/zero", irregular),
        ("secrets list --config store-zero.yaml", irregular),
        ("secrets list --config store-pipe.yaml", irregular),
        ("runs list --data-dir piped", irregular),
        ("runs list --data-dir endless", irregular),
    ] {
        let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let mut command = shell.command(&arguments);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let (code, errors, peak) = watched(child.unwrap());
        // A store that cannot be opened is a failure of Stepwell, and no wrong command line.
        let expected_code = if line.contains("--data-dir") { 3 } else { 2 };
        assert_eq!(code, Some(expected_code), "{line}: {errors} ({peak} KiB)");
        assert!(errors.contains(expected), "{line}: {errors}");
        assert!(peak < MEMORY, "{line}: {peak} KiB");
    }
}

/// A document that comes through a pipe, as `<(command)` of a shell sends it, is read.
#[test]
fn a_job_may_come_through_a_pipe() {
    let shell = shell();
    let job = std::fs::read(shell.path("job.yaml")).unwrap();
    let pipe = shell.path("pipe");
    let writer = std::thread::spawn(move || std::fs::write(pipe, job).unwrap());
    let output = shell.run(&["validate", "pipe"]);
    writer.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Settings that the schema allows and that make no sense: the key, and a part of the message.
const SENSELESS: &[(&str, &str)] = &[
    ("service: {lease: 1ms}", "`lease` must be from 1s"),
    ("service: {lease: 2h}", "`lease` must be from 1s"),
    ("service: {lease: 9999999999999h}", "`lease` must be from 1s"),
    ("service: {drain: 25h}", "`drain` must be at most 24h"),
    ("service: {streams: {lasts: 0}}", "`lasts` must be from 1s to 24h"),
    ("service: {retention: {audit: 0s}}", "`audit` must be from 1h"),
    ("service: {retention: {runs: 1s}}", "`runs` must be from 1h"),
    ("service: {retention: {ledger: 40000d}}", "`ledger` must be from 1h"),
    ("service: {run_bytes: 1KiB}", "`run_bytes` must be at least 1MiB"),
    ("service: {log: '[[[='}", "is not a part of a log filter"),
    ("service: {log: 'warn,stepwell=loud'}", "is not a part of a log filter"),
    ("service: {log: inof}", "is not a part of a log filter"),
    ("service: {log: 'warn,stepwell'}", "is not a part of a log filter"),
    ("service: {log: '=debug{x}'}", "is not a part of a log filter"),
    ("service: {hosts: ['*']}", "is not the name of a host"),
    ("service: {hosts: [a.example, 'a b']}", "is not the name of a host"),
    ("service: {hosts: ['']}", "is not the name of a host"),
    ("service: {hosts: ['a.example:80']}", "is not the name of a host"),
    ("service: {proxies: [10.0.0.1, 1.2.3.4/99]}", "is neither an address nor a network"),
    ("service: {proxies: [x]}", "is neither an address nor a network"),
    ("store: 'postgres://a@b/c?sslmode=foo'", "sslmode=foo"),
    ("store: 'postgres://a@b:99999/c'", "the URL of the store"),
    ("stores: {far: 'postgres://a@b/c?pool=1'}", "pool=1"),
];

/// `config show`, `validate` and `serve` refuse each, and `serve` creates nothing.
#[test]
fn settings_that_make_no_sense_are_refused_before_anything_is_created() {
    for (text, expected) in SENSELESS {
        for line in
            ["config show --config c.yaml", "validate job.yaml --config c.yaml", "serve --config c.yaml"]
        {
            let shell = Shell::new()
                .file("c.yaml", &format!("{text}\n"))
                .file("job.yaml", "{id: a, steps: [{id: w, type: wait, for: 0}]}");
            let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let mut command = shell.command(&arguments);
            let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
            let (code, errors, _) = watched(child.unwrap());
            assert_eq!(code, Some(2), "{text}: {line}: {errors}");
            assert!(errors.contains(expected), "{text}: {line}: {errors}");
            assert!(!shell.path("data").exists(), "{text}: {line}");
        }
    }
    let fine = "service: {lease: 1s, drain: 0s, log: 'warn,stepwell_server::api=DEBUG', hosts: [a.example, b_c, '::1'], proxies: [10.0.0.0/8, '::1'], retention: {audit: 1h}}\n";
    let output = Shell::new().file("c.yaml", fine).run(&["config", "show", "--config", "c.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Of many problems, 100 are shown, and names in a message are few.
#[test]
fn messages_about_many_names_stay_short() {
    let names = |count: usize| (0..count).map(|n| format!("q{n}")).collect::<Vec<_>>().join(", ");
    let policy = |name: &str, projects: &str, more: &str| {
        format!("policy: 1\nname: {name}\nsteps: [sql]\nprojects: [{projects}]\n{more}")
    };
    let projects: String = (0..3000).map(|n| format!("  q{n}: {{}}\n")).collect();
    let config = format!("connections: {{w: {{type: sqlite, path: w.db}}}}\nprojects:\n{projects}");
    let many = (0..300).map(|n| policy(&format!("p{n}"), "'*'", "")).collect::<Vec<_>>().join("---\n");
    for (config, policy, expected) in [
        ("{features: {}}", policy("p", &names(1000), ""), "there are more problems; fix these first"),
        ("{features: {}}", policy("p", &names(3000), ""), "1000"),
        ("{features: {}}", many, "there are more problems; fix these first"),
        (config.as_str(), policy("p", &names(900), "sql: [{connection: w}]\n"), "and 890 more"),
        (
            "{features: {}}",
            "policy: 1\nname: p\nsteps: [http]\nhttp: &a [*a]\n".to_owned(),
            "inside the value",
        ),
        ("projects: &a {p: *a}", policy("p", "default", ""), "inside the value"),
    ] {
        let shell = Shell::new().file("c.yaml", config).file("p.yaml", &policy);
        let output = shell.run(&["config", "show", "--resolved", "--config", "c.yaml", "--policy", "p.yaml"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{expected}: {errors}");
        assert!(errors.contains(expected), "{expected}: {errors}");
        assert!(errors.len() < 64 << 10, "{expected}: {} bytes", errors.len());
        assert!(!errors.contains("weak"), "{errors}");
    }
}
