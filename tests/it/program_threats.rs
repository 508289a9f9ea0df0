//! Hostile programs: the operating system restricts a program that policy lets a step start, with all its
//! processes. The stand-in for `pwsh` runs the script of the step with `sh`, and everything that it starts.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use stepwell::engine::StepEnd;
use stepwell::sandbox::ProgramBounds;

use crate::support::{Running, Site, one_step, told};

const PYTHON: &str = "/usr/bin/python3";

async fn site(rule: &str, limits: &str) -> Running {
    let stand_in = "#!/bin/sh\nexec /bin/sh files/script.ps1\n";
    let site = Site::new().file("pwsh", stand_in);
    std::fs::set_permissions(site.path().join("pwsh"), PermissionsExt::from_mode(0o755)).unwrap();
    let grants = format!(
        "files:\n- {{mount: /workspace, workspace: 1MiB, access: write}}\nprocess:\n- {{program: pwsh, path: pwsh, arguments: [\"-*\", \"*\"]{rule}}}\nlimits: {{process_file_bytes: 8MiB, {limits}}}"
    );
    site.policy("powershell", &grants).host().await
}

async fn run(site: &Running, script: &str) -> StepEnd {
    site.step(json!({"type": "powershell", "runner": "pwsh", "script": script})).await
}

/// A script that runs Python.
fn python(code: &str) -> String {
    format!("exec {PYTHON} - <<'END'\n{code}\nEND\n")
}

fn has_python() -> bool {
    let found = Path::new(PYTHON).exists();
    if !found {
        eprintln!("skipped: {PYTHON} is not installed");
    }
    found
}

#[tokio::test]
async fn weaker_bounds_are_refused_unless_the_rule_allows_them() {
    let weaker = ProgramBounds::here().weaker;
    let site = site("", "").await;
    let end = run(&site, "echo hello").await;
    if weaker.is_empty() {
        assert!(told(&end).contains("succeeded"), "{}", told(&end));
        return;
    }
    assert!(told(&end).contains("PROCESS_BOUNDS_WEAKER"), "{}", told(&end));
    assert_eq!(end.receipt.denials["PROCESS_BOUNDS_WEAKER"], 1);
    let site = self::site(", allow_weaker: true", "").await;
    let job = one_step(json!({"type": "powershell", "runner": "pwsh", "script": "echo hello"}));
    let state = site.run(&job).await;
    let log = site.log(&state).await;
    assert!(weaker.iter().all(|weaker| log.iter().any(|line| line.contains(weaker.as_str()))), "{log:?}");
    // A job cannot allow it.
    let job = json!({"id": "j", "steps": [{"id": "a", "type": "powershell", "runner": "pwsh", "script": "1"}],
        "policy": {"process": [{"program": "pwsh", "allow_weaker": true}]}});
    let problems = site.host.parse("job.yaml", &job.to_string()).await.unwrap_err().to_string();
    assert!(problems.contains("`allow_weaker` belongs to the operator"), "{problems}");
}

#[tokio::test]
async fn a_fork_bomb_ends_with_its_step_and_its_processes() {
    let site = site(", allow_weaker: true", "process_tasks: 64").await;
    for script in [
        "b() { b | b & }; b; sleep 60",
        "while :; do sleep 60 & done",
        "f() { while :; do (exec sleep 60) & done; }; f & f & f & sleep 60",
    ] {
        let begun = Instant::now();
        let end = run(&site, script).await;
        // If the kernel limits the number, the program sees an error and may end by itself.
        let ended = told(&end).contains("process_tasks") || ProgramBounds::here().weaker.is_empty();
        assert!(ended && !end.outcome.is_success(), "{script}: {}", told(&end));
        assert!(begun.elapsed() < Duration::from_secs(30), "{script}: {:?}", begun.elapsed());
        for _ in 0..100 {
            if left(&site) == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(left(&site), 0, "{script}");
        assert!(told(&run(&site, "echo hello").await).contains("succeeded"), "the next one is not harmed");
    }
}

/// Counts processes whose home was in the scratch directory of this host.
fn left(site: &Running) -> usize {
    let base = site.host.runs().workspace("x").ancestors().nth(3).unwrap().join("scratch");
    let home = format!("HOME={}", base.display());
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let environments = processes.filter_map(|entry| std::fs::read(entry.path().join("environ")).ok());
    environments.filter(|environment| String::from_utf8_lossy(environment).contains(&home)).count()
}

#[tokio::test]
async fn memory_counts_over_all_processes_and_of_every_kind() {
    if !has_python() {
        return;
    }
    let site = site(", allow_weaker: true", "process_memory: 256MiB, process_timeout: 30s").await;
    let touch = "\nfor i in range(0, len(m), 4096): m[i] = 1\nimport time; time.sleep(20)";
    for (what, code) in [
        ("shared", format!("import mmap; m = mmap.mmap(-1, 1 << 30){touch}")),
        (
            "children",
            "import os, time\nfor _ in range(4):\n  if os.fork() == 0:\n    m = bytearray(100 << 20)\n    time.sleep(20)\ntime.sleep(20)".to_owned(),
        ),
        (
            "memfd",
            "import os, time\nkept = []\nfor i in range(128):\n  f = os.memfd_create('x'); os.write(f, b'x' * (4 << 20)); kept.append(f)\ntime.sleep(20)".to_owned(),
        ),
    ] {
        let begun = Instant::now();
        let end = run(&site, &python(&code)).await;
        assert!(told(&end).contains("process_memory"), "{what}: {}", told(&end));
        assert!(begun.elapsed() < Duration::from_secs(15), "{what}: {:?}", begun.elapsed());
    }
    // A single process that requests too much gets an error itself.
    let end =
        run(&site, &python("try:\n  bytearray(1 << 30)\nexcept MemoryError:\n  print('refused')")).await;
    assert!(told(&end).contains("refused"), "{}", told(&end));
    let end = run(&site, &python("m = bytearray(64 << 20); print('fits')")).await;
    assert!(told(&end).contains("fits"), "{}", told(&end));
}

#[tokio::test]
async fn a_program_that_is_ended_for_its_memory_takes_no_other_along() {
    let site = site(", allow_weaker: true", "process_memory: 64MiB, process_timeout: 60s").await;
    // `tail` keeps the output that it may have to print.
    let hungry =
        "for i in 1 2 3 4; do (head -c 30000000 /dev/zero; sleep 50) | tail -c 30000000 & done; sleep 50";
    let (hungry, modest) = tokio::join!(run(&site, hungry), run(&site, "sleep 5; echo whole"));
    assert!(told(&hungry).contains("process_memory"), "{}", told(&hungry));
    assert!(told(&modest).contains("whole"), "{}", told(&modest));
}

#[tokio::test]
async fn files_count_together_with_what_has_no_name() {
    if !has_python() {
        return;
    }
    let site = site(", allow_weaker: true", "file_count: 100, process_timeout: 30s").await;
    for (what, code, expected) in [
        (
            "many files",
            "for i in range(20):\n  open(f'f{i}', 'wb').write(b'x' * (1 << 20))",
            "process_file_bytes",
        ),
        (
            "files without a name",
            "import os, time\nkept = []\nfor i in range(20):\n  f = open('f', 'wb'); f.write(b'x' * (1 << 20)); f.flush(); os.unlink('f'); kept.append(f)\ntime.sleep(20)",
            "process_file_bytes",
        ),
        ("names", "for i in range(500):\n  open(f'f{i}', 'w')", "file_count"),
        (
            "the workspace",
            "import os, time\nfor i in range(8):\n  open(os.environ['STEPWELL_DIRECTORY'] + f'/f{i}', 'wb').write(b'x' * (1 << 19))\ntime.sleep(20)",
            "mount",
        ),
        (
            "space behind the end",
            "import ctypes, os\nc = ctypes.CDLL(None, use_errno=True)\nf = os.open('f', os.O_CREAT | os.O_RDWR)\nr = c.fallocate(f, 1, ctypes.c_long(0), ctypes.c_long(64 << 20))\nprint('refused' if r else os.fstat(f).st_blocks)",
            "refused",
        ),
    ] {
        let end = run(&site, &python(code)).await;
        assert!(told(&end).contains(expected), "{what}: {}", told(&end));
    }
}

#[tokio::test]
async fn a_program_reaches_no_named_socket() {
    if !has_python() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    listener.set_nonblocking(true).unwrap();
    let code = format!(
        "import socket\nfor kind in [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET]:\n  for name in ['{}', '\\0abstract', '/run/systemd/journal/socket']:\n    try:\n      socket.socket(socket.AF_UNIX, kind).connect(name)\n      print('connected', kind, name)\n    except PermissionError:\n      pass\na, b = socket.socketpair()\na.send(b'x')\nprint('a pair', b.recv(1) == b'x')",
        path.display()
    );
    for rule in [", allow_weaker: true", ", allow_weaker: true, network: true"] {
        let site = site(rule, "").await;
        let end = run(&site, &python(&code)).await;
        assert!(told(&end).contains("succeeded: \"a pair True\""), "{rule}: {}", told(&end));
        assert!(listener.accept().is_err(), "{rule}: a client connected");
    }
}

#[tokio::test]
async fn a_program_cannot_reach_the_service_or_the_kernel() {
    if !has_python() {
        return;
    }
    let site = site(", allow_weaker: true", "").await;
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("file");
    std::fs::write(&file, "x").unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    // Each call prints its error: 1 is EPERM, 38 ENOSYS.
    let begin = "import ctypes, os, resource\nc = ctypes.CDLL(None, use_errno=True)\ndef call(*a):\n  r = c.syscall(*[ctypes.c_long(x) if isinstance(x, int) else x for x in a])\n  print('done' if r >= 0 else ctypes.get_errno(), end=' ')\nparent = os.getppid()\n";
    let x86 = cfg!(target_arch = "x86_64");
    for (what, code, expected) in [
        // unshare, setns, clone with a new user namespace, clone3
        (
            "namespaces",
            "call(272, 0x10000000); call(308, 0, 0); call(56, 0x10000000, 0, 0, 0, 0); call(435, 0, 0)",
            "1 1 1 38",
        ),
        // ptrace, process_vm_readv, pidfd_getfd, perf_event_open
        (
            "other processes",
            "call(101, 16, parent, 0, 0); call(310, parent, 0, 0, 0, 0, 0); call(438, 0, 0, 0); call(298, 0, 0, -1, -1, 0)",
            "1 1 1 1",
        ),
        // bpf, keyctl, userfaultfd, io_uring_setup, add_key
        (
            "the kernel",
            "call(321, 0, 0, 0); call(250, 0, 0); call(323, 0); call(425, 1, 0); call(248, 0, 0, 0, 0, 0)",
            "1 1 1 1 1",
        ),
        // mount, init_module, shmget, mq_open, personality
        (
            "what is not listed",
            "call(165, 0, 0, 0, 0, 0); call(175, 0, 0, 0); call(29, 0, 4096, 0o1600); call(240, b'/x', 0o102, 0o600, 0); call(135, 0)",
            "38 38 38 38 38",
        ),
        // getpid by the number of the x32 interface
        ("x32", "call(0x40000000 + 39)", "38"),
        // prlimit64, setpriority, sched_setaffinity of the service
        (
            "limits of the service",
            "call(302, parent, 7, b'\\0' * 16, 0); call(141, 0, parent, 19); call(203, parent, 8, b'\\1' + b'\\0' * 7)",
            "1 1 1",
        ),
        ("a new session", "call(112); call(109, 0, 0)", "1 1"),
    ] {
        if !x86 {
            eprintln!("skipped: the numbers of the calls are those of x86-64: {what}");
            continue;
        }
        let end = run(&site, &python(&format!("{begin}{code}"))).await;
        assert!(told(&end).contains(&format!("succeeded: \"{expected} \"")), "{what}: {}", told(&end));
    }
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let file = file.display();
    for (what, script, expected) in [
        ("signals", "kill -9 $PPID 2>/dev/null; kill -0 -1 2>/dev/null; kill -0 $PPID 2>/dev/null || echo no".to_owned(), "\"no\""),
        ("modes of files outside", format!("chmod 666 {file} 2>/dev/null || echo no"), "\"no\""),
        ("modes that lock out", format!("chmod 000 {file} 2>/dev/null || echo no"), "\"no\""),
        ("modes of its own", "touch own; chmod +x own; stat -c %a own".to_owned(), "\"700\""),
        ("owners of files outside", format!("chown 1 {file} 2>/dev/null || echo no"), "\"no\""),
        ("capabilities", "n=0; while read a b; do case $a$b in Cap*:0000000000000000) n=$((n+1));; esac; done < /proc/self/status; echo $n".to_owned(), "\"5\""),
        ("dumps", "ulimit -c".to_owned(), "\"0\""),
        ("who goes first when memory is short", "read n < /proc/self/oom_score_adj; echo $n".to_owned(), "\"1000\""),
    ] {
        let end = run(&site, &script).await;
        assert!(told(&end).contains(expected), "{what}: {}", told(&end));
    }
    assert_eq!(std::fs::metadata(outside.path().join("file")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string("/proc/self/limits").unwrap(), limits);
}

#[tokio::test]
async fn real_programs_run_within_the_bounds() {
    let site = site(", allow_weaker: true, network: true", "").await;
    let (address, served) = serve().await;
    for (program, script, expected) in [
        ("bash", "bash -c 'x=$(seq 3 | sort -r | head -1); cat <(echo $x)'".to_owned(), "\"3\""),
        (
            "git",
            "git init -q repo && cd repo && git config user.name x && git config user.email x@y && echo 1 > f && git add f && git commit -qm one && cd .. && git clone -q repo copy && cat copy/f".to_owned(),
            "\"1\"",
        ),
        (PYTHON, python("import subprocess, threading, tempfile, shutil, socket\nt = threading.Thread(target=lambda: None); t.start(); t.join()\nd = tempfile.mkdtemp(); open(d + '/a', 'w').write('x'); shutil.copyfile(d + '/a', d + '/b')\nprint(subprocess.run(['echo', 'ran'], capture_output=True, text=True).stdout.strip())"), "\"ran\""),
        ("curl", format!("curl -sS http://{address}/"), "\"hello\""),
    ] {
        if Command::new("sh").args(["-c", &format!("command -v {program}")]).output().is_ok_and(|o| !o.status.success()) {
            eprintln!("skipped: {program} is not installed");
            continue;
        }
        let end = run(&site, &script).await;
        assert!(told(&end).contains(expected), "{program}: {}", told(&end));
    }
    served.abort();
}

/// A server that says hello.
async fn serve() -> (std::net::SocketAddr, tokio::task::JoinHandle<()>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            use std::io::Write;
            let mut stream = stream.into_std().unwrap();
            stream.set_nonblocking(false).unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ =
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello");
        }
    });
    (address, serving)
}

#[tokio::test]
async fn nothing_of_programs_is_left() {
    let site = site(", allow_weaker: true", "").await;
    let scratch = site.host.runs().workspace("x").ancestors().nth(3).unwrap().join("scratch");
    for _ in 0..5 {
        let end = run(&site, "mkdir -p a/b/c; echo x > a/b/c/f; sleep 300 & echo hello").await;
        assert!(end.outcome.is_success(), "{}", told(&end));
    }
    let own: Vec<_> = std::fs::read_dir(&scratch).unwrap().flatten().map(|entry| entry.path()).collect();
    let dirs: Vec<_> = own.iter().filter(|path| path.is_dir()).collect();
    assert_eq!(dirs.len(), 1, "{own:?}");
    assert_eq!(std::fs::read_dir(dirs[0]).unwrap().count(), 0);
    drop(site);
}

/// Returns the bytes of a directory on disk, as `du` does.
fn du(path: &Path) -> u64 {
    let found = Command::new("du").args(["-s", "-B1"]).arg(path).output().unwrap();
    String::from_utf8(found.stdout).unwrap().split_whitespace().next().unwrap().parse().unwrap()
}

/// Files that a program writes to a workspace beyond its quota do not stay until the retention, however the
/// attempt ends.
#[tokio::test]
async fn what_a_program_wrote_beyond_the_quota_of_a_workspace_comes_back() {
    let site = site(", allow_weaker: true", "file_count: 200").await;
    let first = "cd $STEPWELL_DIRECTORY; head -c 300000 /dev/zero > kept";
    for (what, script, end, deleted) in [
        (
            "one file",
            "head -c 6000000 /dev/zero > f; sleep 20",
            "over_limit",
            "the most recently written files in /workspace were deleted",
        ),
        ("one file, and an end", "head -c 6000000 /dev/zero > f", "over_limit", "deleted"),
        (
            "many files",
            "for i in $(seq 60); do head -c 100000 /dev/zero > f$i; done; sleep 20",
            "over_limit",
            "deleted",
        ),
        (
            "below directories",
            "mkdir -p a/b; head -c 6000000 /dev/zero > a/b/f; sleep 20",
            "over_limit",
            "deleted",
        ),
        (
            "a background process",
            "(head -c 6000000 /dev/zero > f) & sleep 1; exit 3",
            "over_limit",
            "deleted",
        ),
        ("names", "for i in $(seq 1000); do : > f$i; done; sleep 20", "over_limit", "deleted"),
        (
            "directories",
            "for i in $(seq 1000); do mkdir d$i; done; sleep 20",
            "over_limit",
            "everything in /workspace was deleted",
        ),
    ] {
        let script = format!("cd $STEPWELL_DIRECTORY; {script}");
        let step = |id: &str, script: &str| json!({"id": id, "type": "powershell", "runner": "pwsh", "script": script});
        let job = json!({"id": "j", "workspace": "1MiB", "steps": [step("a", first), step("b", &script)]})
            .to_string();
        let state = site.run(&job).await;
        let ended = state.steps[1].end.as_deref().unwrap();
        assert_eq!(ended.outcome.class(), end, "{what}: {}", told(ended));
        assert!(told(ended).contains(deleted), "{what}: {}", told(ended));
        let workspace = site.host.runs().workspace(&state.run.execution_id);
        // The directories themselves use some blocks.
        assert!(du(&workspace) <= (1 << 20) + 65_536, "{what}: {}", du(&workspace));
        let kept = workspace.join("kept").exists();
        assert_eq!(kept, !deleted.starts_with("everything"), "{what}: what an earlier step wrote");
        assert!(site.log(&state).await.iter().any(|line| line.contains("deleted")), "{what}");
    }
}

/// Steps and programs write into the same workspace: the sum of both is limited in every attempt, in
/// any order.
#[tokio::test]
async fn programs_and_guests_share_the_quota_of_a_workspace() {
    let site = Site::new().file("pwsh", "#!/bin/sh\nexec /bin/sh files/script.ps1\n");
    std::fs::set_permissions(site.path().join("pwsh"), PermissionsExt::from_mode(0o755)).unwrap();
    let files = "files: [{mount: /workspace, workspace: 1MiB, access: write}]";
    let site = site
        .probe_policy(files, "")
        .policy(
            "powershell",
            &format!("{files}\nprocess: [{{program: pwsh, path: pwsh, arguments: [\"-*\", \"*\"], allow_weaker: true}}]"),
        )
        .host()
        .await;
    let program = |id: &str, script: &str| {
        let script = format!("cd $STEPWELL_DIRECTORY; {script}");
        json!({"id": id, "type": "powershell", "runner": "pwsh", "script": script, "retry": {"max_attempts": 2, "backoff": "10ms", "on": ["any"]}})
    };
    let guest = |id: &str, name: &str, count: u32| json!({"id": id, "type": "probe", "case": "write", "path": format!("/workspace/{name}"), "count": count});
    let write = |name: &str, bytes: u32| format!("head -c {bytes} /dev/zero > {name}");
    for (what, steps, passes) in [
        ("both fit", vec![program("a", &write("p", 500_000)), guest("b", "g", 500_000)], true),
        ("a program first", vec![program("a", &write("p", 900_000)), guest("b", "g", 200_000)], false),
        ("a guest first", vec![guest("a", "g", 900_000), program("b", &write("p", 500_000))], false),
        (
            "many small ones",
            vec![program("a", "for i in $(seq 30); do head -c 50000 /dev/zero > f$i; done")],
            false,
        ),
        (
            "deleted bytes can be used again",
            vec![
                program("a", &write("p", 900_000)),
                program("b", "rm p"),
                guest("c", "g", 900_000),
                program("d", "rm g"),
                guest("e", "h", 900_000),
            ],
            true,
        ),
    ] {
        let job = json!({"id": "j", "workspace": "1MiB", "steps": steps}).to_string();
        let state = site.run(&job).await;
        let ends: Vec<_> = state.steps.iter().filter_map(|step| step.end.as_deref().map(told)).collect();
        let passed =
            state.steps.iter().all(|step| step.end.as_ref().is_some_and(|end| end.outcome.is_success()));
        assert_eq!(passed, passes, "{what}: {ends:?}");
        if passes {
            let du = Command::new("du")
                .args(["-s", "--apparent-size", "-B1"])
                .arg(site.host.runs().workspace(&state.run.execution_id))
                .output();
            let du = String::from_utf8(du.unwrap().stdout).unwrap();
            // The directory itself uses some bytes.
            assert!(
                du.split_whitespace().next().unwrap().parse::<u64>().unwrap() <= (1 << 20) + 8_192,
                "{what}: {du}"
            );
        }
    }
}
