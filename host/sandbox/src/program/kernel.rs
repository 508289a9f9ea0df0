//! Programs that try to evade their control group. `make verify-cgroups` boots a kernel that has one
//! for each program.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::*;
use crate::control_group::ControlGroups;
use crate::scratch::Scratch;

const PYTHON: &str = "/usr/bin/python3";
const MEGABYTE: u64 = 1 << 20;

/// Returns whether the kernel has a control group for each program.
fn has_groups() -> bool {
    let why = ControlGroups::here().err();
    if let Some(why) = why {
        eprintln!("skipped: no control group is delegated: {why}");
    }
    why.is_none()
}

fn has_python() -> bool {
    let found = PathBuf::from(PYTHON).exists();
    if !found {
        eprintln!("skipped: {PYTHON} is not installed");
    }
    found
}

/// Returns a shell script as a program, with 64 MiB of memory and 32 processes.
fn script(text: &str) -> Program {
    Program {
        path: "/bin/sh".into(),
        arguments: vec!["-c".to_owned(), text.to_owned()],
        environment: Vec::new(),
        files: Vec::new(),
        directory: None,
        input: Vec::new(),
        read: Vec::new(),
        mounts: Vec::new(),
        network: false,
        timeout: Duration::from_secs(120),
        output_bytes: MEGABYTE,
        memory_bytes: 64 * MEGABYTE,
        tasks: 32,
        file_bytes: 16 * MEGABYTE,
        file_count: 100,
        allow_weaker: true,
    }
}

fn python(code: &str) -> Program {
    script(&format!("exec {PYTHON} - <<'END'\n{code}\nEND\n"))
}

/// Returns how a program ends: its output, or the limit that stopped it.
async fn end(program: Program) -> String {
    let dir = tempfile::tempdir().unwrap();
    let scratch = Scratch::new(dir.path().join("scratch"));
    match run(program, &scratch).await {
        Ok(Ended { noticed: Some(over), .. }) => format!("noticed {}", over.limit),
        Ok(ended) => {
            let said = [ended.output, ended.error_output].concat();
            let code =
                ended.code.map_or_else(|| format!("signal {:?}", ended.signal), |code| code.to_string());
            format!("{code}: {}", String::from_utf8_lossy(&said).trim())
        }
        Err(Error::Limit(over)) => format!("over {}", over.limit),
        Err(error) => format!("{error:?}"),
    }
}

#[tokio::test]
async fn a_program_can_neither_leave_nor_change_its_control_group() {
    if !has_groups() {
        return;
    }
    let begin = "exec 2>/dev/null; read line < /proc/self/cgroup; line=${line#0::}; own=/sys/fs/cgroup$line; above=${own%/*}\n";
    for (what, text, expected) in [
        ("its bounds", "read m < $own/memory.max; read p < $own/pids.max; echo $m $p", "0: 67108864 32"),
        (
            "its files",
            "for f in memory.max memory.high memory.oom.group memory.swap.max pids.max cgroup.freeze cgroup.kill cgroup.type
             cgroup.subtree_control cgroup.max.depth memory.reclaim memory.pressure
             do (echo max > $own/$f) && echo $f; done; echo none",
            "0: none",
        ),
        (
            "the groups beside it",
            "for g in $own $above $above/stepwell-service /sys/fs/cgroup; do for f in cgroup.procs cgroup.threads
             do (echo 0 > $g/$f) && echo $g/$f; done; done
             read now < /proc/self/cgroup; [ \"${now#0::}\" = \"$line\" ] && echo still",
            "0: still",
        ),
        ("a group in it", "mkdir $own/sub || echo no", "0: no"),
        ("a group beside it", "mkdir $above/sub || echo no", "0: no"),
        ("its end", "rmdir $own || echo no", "0: no"),
        ("its modes", "chmod 700 $own || chmod 600 $own/memory.max || echo no", "0: no"),
        ("what others have", "ls $above || ls /sys/fs/cgroup || read x < $above/cgroup.procs || echo no", "0: no"),
        ("the file by which it came in", "for f in /proc/self/fd/*; do echo ${f##*/}; done | sort -n | tail -n 1", "0: 10"),
        ("another mount", "mkdir m; mount -t cgroup2 none m || unshare -C true || echo no", "0: no"),
        ("its place when memory is short", "read n < /proc/self/oom_score_adj; echo $n", "0: 1000"),
        ("protection", "echo -1000 > /proc/self/oom_score_adj || echo no", "0: no"),
        ("a session", "setsid true || echo no", "0: no"),
    ] {
        assert_eq!(end(script(&format!("{begin}{text}"))).await, expected, "{what}");
    }
}

#[tokio::test]
async fn memory_of_every_kind_counts_in_a_control_group() {
    if !has_groups() || !has_python() {
        return;
    }
    let begin = "import fcntl, mmap, os, socket, time\nkept = []\ndef fill(write):\n  try:\n    while True: write(b'x' * 65536)\n  except BlockingIOError: pass\n";
    for (what, code, expected) in [
        (
            "shared",
            "m = mmap.mmap(-1, 256 << 20)\nfor i in range(0, len(m), 4096): m[i] = 1",
            "over process_memory",
        ),
        (
            "children",
            "for _ in range(4):\n  if os.fork() == 0: break\nm = b'x' * (24 << 20)",
            "over process_memory",
        ),
        (
            "pipes",
            "for _ in range(100):\n  a, b = os.pipe(); fcntl.fcntl(b, 1031, 1 << 20); os.set_blocking(b, False); kept.append((a, b)); fill(lambda x: os.write(b, x))",
            "over process_memory",
        ),
        (
            "sockets",
            "for _ in range(4):\n  if os.fork() == 0: break\nfor _ in range(120):\n  a, b = socket.socketpair(); b.setblocking(False); kept.append((a, b)); fill(b.send)",
            "over process_memory",
        ),
        (
            "files in memory",
            "for _ in range(100):\n  f = os.memfd_create('x'); os.write(f, b'x' * (1 << 20)); kept.append(f)",
            "over process_memory",
        ),
        (
            "files in memory that are closed but mapped",
            "for _ in range(100):\n  f = os.memfd_create('x'); os.write(f, b'x' * (1 << 20)); kept.append(mmap.mmap(f, 1 << 20)); os.close(f)",
            "over process_memory",
        ),
        (
            "files that the kernel can write",
            "for _ in range(20):\n  open('f', 'wb').write(b'x' * (12 << 20))\nprint('fits'); os._exit(0)",
            "0: fits",
        ),
        ("half of it", "m = b'x' * (24 << 20); print('fits'); os._exit(0)", "0: fits"),
        (
            "more than a process may have",
            "try: bytearray(1 << 30)\nexcept MemoryError: print('refused'); os._exit(0)",
            "0: refused",
        ),
    ] {
        let begun = Instant::now();
        assert_eq!(end(python(&format!("{begin}{code}\ntime.sleep(110)"))).await, expected, "{what}");
        assert!(begun.elapsed() < Duration::from_secs(100), "{what}: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn bombs_end_with_their_program() {
    if !has_groups() {
        return;
    }
    for (what, text, expected) in [
        ("two for one", "b() { b | b & }; b; sleep 2; : | : | :; exit 1", "noticed process_tasks"),
        ("many that sleep", "while :; do sleep 300 & done", "noticed process_tasks"),
        (
            "many that are left",
            "i=0; while [ $i -lt 20 ]; do sleep 300 & i=$((i + 1)); done; echo left",
            "0: left",
        ),
        ("left behind twice", "((sleep 300 & sleep 300) &) & echo left", "0: left"),
        ("stopped", "sh -c 'kill -STOP $$' & echo left", "0: left"),
        ("deaf", "(trap '' TERM HUP INT QUIT; while :; do sleep 1; done) & echo left", "0: left"),
    ] {
        let begun = Instant::now();
        assert_eq!(end(script(&format!("exec 2>/dev/null; {text}"))).await, expected, "{what}");
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}: {:?}", begun.elapsed());
    }
    let mut program = script("while :; do sleep 300 & done 2>/dev/null; wait; b() { b | b & }; b; sleep 300");
    program.timeout = Duration::from_secs(5);
    let ended = end(program).await;
    assert!(ended == "TimedOut" || ended == "noticed process_tasks", "{ended}");
    assert_eq!(groups_left(), 0, "no group is left");
}

/// Counts the groups of this process's programs.
fn groups_left() -> usize {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap();
    let own = own.lines().find_map(|line| line.strip_prefix("0::")).unwrap().to_owned();
    let above = PathBuf::from(format!("/sys/fs/cgroup{own}")).parent().unwrap().to_owned();
    let prefix = format!("stepwell-program-{}-", std::process::id());
    fs::read_dir(above)
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .count()
}

#[tokio::test]
async fn the_disk_is_bounded_beside_the_control_group() {
    if !has_groups() || !has_python() {
        return;
    }
    for (what, code, expected) in [
        (
            "many files",
            "for i in range(20):\n  open(f'f{i}', 'wb').write(b'x' * (2 << 20))",
            "over process_file_bytes",
        ),
        ("one file", "open('f', 'wb').write(b'x' * (32 << 20))", "over process_file_bytes"),
        (
            "files without a name",
            "kept = []\nfor i in range(20):\n  f = open('f', 'wb'); f.write(b'x' * (2 << 20)); f.flush(); os.unlink('f'); kept.append(f)",
            "over process_file_bytes",
        ),
        ("names", "for i in range(500): open(f'f{i}', 'w')", "over file_count"),
    ] {
        let ended = end(python(&format!("import os, time\n{code}\ntime.sleep(100)"))).await;
        // The limit on one file is an error that Python reports itself.
        let noticed =
            what == "one file" && (ended.contains("File too large") || ended == "noticed process_file_bytes");
        assert!(ended == expected || noticed, "{what}: {ended}");
    }
}

#[tokio::test]
async fn a_program_that_is_ended_takes_no_other_along() {
    if !has_groups() {
        return;
    }
    // `tail` keeps the output that it may have to print.
    let hungry =
        "for i in 1 2 3 4; do (head -c 30000000 /dev/zero; sleep 100) | tail -c 30000000 & done; sleep 100";
    let (hungry, bomb, modest) = tokio::join!(
        end(script(hungry)),
        end(script("exec 2>/dev/null; while :; do sleep 300 & done")),
        end(script("sleep 5; echo whole"))
    );
    assert_eq!(
        [hungry.as_str(), &bomb, &modest],
        ["over process_memory", "noticed process_tasks", "0: whole"]
    );
}
