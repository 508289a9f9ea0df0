//! The kernel's treatment of control groups. If no groups with controllers are delegated to these tests, they
//! show what works without: `make verify-cgroups` boots a kernel that has them.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use super::*;

const MEGABYTE: u64 = 1 << 20;
/// Set for a process of these tests that acts as another service.
const OTHER_SERVICE: &str = "STEPWELL_TEST_OTHER_SERVICE";

/// Returns the groups of this process, if there are any.
fn delegated() -> Option<&'static ControlGroups> {
    ControlGroups::here().inspect_err(|why| eprintln!("skipped: no control group is delegated: {why}")).ok()
}

/// Returns a place for groups that have no limits but can be killed, which also works on kernels whose
/// controllers are elsewhere.
fn place() -> Option<ControlGroups> {
    if let Ok(groups) = ControlGroups::here() {
        return Some(ControlGroups { dir: groups.dir.clone() });
    }
    let [mounts, groups] =
        ["/proc/self/mounts", "/proc/self/cgroup"].map(|path| fs::read_to_string(path).unwrap());
    let dir = mounted(&mounts)?.join(own(&groups)?.trim_matches('/'));
    let writable = rustix::fs::access(dir.join("cgroup.procs"), rustix::fs::Access::WRITE_OK).is_ok();
    if !writable {
        eprintln!("skipped: no control group can be made in {}", dir.display());
    }
    writable.then_some(ControlGroups { dir })
}

/// Makes a group without limits.
fn unbounded(place: &ControlGroups) -> Arc<ControlGroup> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let dir = place.dir.join(format!("{PREFIX}{}-test-{number}", std::process::id()));
    fs::create_dir(&dir).unwrap();
    let locked = File::open(&dir).unwrap();
    locked.try_lock().unwrap();
    let processes = OpenOptions::new().write(true).open(dir.join("cgroup.procs")).unwrap();
    Arc::new(ControlGroup { dir, processes, _locked: locked })
}

/// Starts a shell in a group, in the same way as a program.
fn start(group: &Arc<ControlGroup>, script: &str) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let entered = group.clone();
    #[allow(unsafe_code, reason = "as programs are started")]
    // SAFETY: `enter` makes one system call.
    unsafe {
        command.pre_exec(move || entered.enter());
    }
    command.spawn().unwrap()
}

fn text(dir: &Path, file: &str) -> String {
    fs::read_to_string(dir.join(file)).unwrap().trim().to_owned()
}

/// Counts the processes of a group.
fn members(dir: &Path) -> usize {
    text(dir, "cgroup.procs").lines().count()
}

/// Waits until a condition is true.
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..3_000 {
        if is_so() {
            return;
        }
        thread::sleep(REMOVALS.1);
    }
    panic!("not within 30 s: {what}");
}

/// `tail` keeps the output that it may have to print: 30 MB in each of the processes.
const HOLD: &str = "(head -c 30000000 /dev/zero; sleep 300) | tail -c 30000000";

#[test]
fn processes_that_have_too_much_memory_together_end_together() {
    let Some(groups) = delegated() else { return };
    let many = format!("for i in 1 2 3 4; do {HOLD} & done; sleep 300");
    let apart = format!("setsid sh -c 'for i in 1 2 3 4; do {HOLD} & done; sleep 300' & sleep 300");
    for (what, script, memory, is_killed) in [
        ("one process", HOLD, 16, true),
        ("four processes", many.as_str(), 64, true),
        ("four in a session of their own", apart.as_str(), 64, true),
        ("four with enough for all", many.as_str(), 256, false),
        (
            "files of four times as much",
            "head -c 250000000 /dev/zero > $TMPDIR/stepwell-f; rm $TMPDIR/stepwell-f",
            64,
            false,
        ),
    ] {
        let script = format!("TMPDIR=${{TMPDIR:-/tmp}}; {script}");
        let group = Arc::new(groups.make(memory * MEGABYTE, 64).unwrap());
        assert_eq!(text(group.path(), "memory.max"), (memory * MEGABYTE).to_string());
        assert_eq!(text(group.path(), "memory.oom.group"), "1");
        if group.path().join("memory.swap.max").exists() {
            assert_eq!(text(group.path(), "memory.swap.max"), "0", "it does not have as much again in swap");
        }
        let mut child = start(&group, &script);
        if is_killed {
            assert_eq!(child.wait().unwrap().signal(), Some(9), "{what}");
            wait_until(what, || members(group.path()) == 0);
        } else if what.starts_with("four") {
            wait_until(what, || text(group.path(), "memory.current").parse::<u64>().unwrap() > 120_000_000);
        } else {
            assert!(child.wait().unwrap().success(), "{what}");
        }
        assert_eq!(group.was_out_of_memory(), is_killed, "{what}");
        end(group, child);
    }
}

#[test]
fn a_process_that_the_service_would_protect_ends_as_well() {
    let Some(groups) = delegated() else { return };
    if fs::write("/proc/self/oom_score_adj", "-1000").is_err() {
        return eprintln!("skipped: this user cannot protect itself");
    }
    let group = Arc::new(groups.make(16 * MEGABYTE, 64).unwrap());
    // Without the second line it loops forever.
    let script = format!(
        "test $(cat /proc/self/oom_score_adj) = -1000 || exit 1\necho 1000 > /proc/self/oom_score_adj\n{HOLD}"
    );
    let mut child = start(&group, &script);
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    assert!(group.was_out_of_memory());
    fs::write("/proc/self/oom_score_adj", "0").unwrap();
    end(group, child);
}

#[test]
fn a_program_that_has_what_it_may_is_not_blamed_for_the_memory_of_all() {
    let Some(groups) = delegated() else { return };
    let all = groups.dir.join("memory.max");
    let used = text(&groups.dir, "memory.current").parse::<u64>().unwrap();
    // The memory limit of the whole service, as for a systemd unit.
    if fs::write(&all, (used + 32 * MEGABYTE).to_string()).is_err() {
        return eprintln!("skipped: this user cannot bound the service");
    }
    let group = Arc::new(groups.make(512 * MEGABYTE, 64).unwrap());
    // As programs do: the service is larger, and survives.
    let script =
        format!("echo 1000 > /proc/self/oom_score_adj; for i in 1 2 3 4; do {HOLD} & done; sleep 300");
    let mut child = start(&group, &script);
    let ended = child.wait().unwrap().signal();
    fs::write(&all, "max").unwrap();
    assert_eq!((ended, group.was_out_of_memory(), group.was_sacrificed()), (Some(9), false, true));
    end(group, child);
}

#[test]
fn a_fork_bomb_stops_at_its_bound() {
    let Some(groups) = delegated() else { return };
    for (what, script, is_out) in [
        ("two for one", "b() { b | b & }; b; sleep 300", true),
        ("in sessions of their own", "while :; do setsid sleep 300 & done", true),
        ("as many as it may", "for i in $(seq 20); do sleep 300 & done; sleep 300", false),
    ] {
        let group = Arc::new(groups.make(512 * MEGABYTE, 32).unwrap());
        let child = start(&group, script);
        match is_out {
            true => wait_until(what, || group.was_out_of_tasks()),
            false => wait_until(what, || members(group.path()) >= 21),
        }
        for _ in 0..20 {
            assert!(text(group.path(), "pids.current").parse::<u64>().unwrap() <= 32, "{what}");
            thread::sleep(REMOVALS.1);
        }
        assert_eq!(group.was_out_of_tasks(), is_out, "{what}");
        assert!(!group.was_out_of_memory(), "{what}");
        end(group, child);
    }
}

/// Kills a group: none of its processes and nothing of the group remains.
fn end(group: Arc<ControlGroup>, mut child: Child) {
    let dir = group.path().to_owned();
    group.kill();
    child.wait().unwrap();
    wait_until("it is empty", || members(&dir) == 0);
    drop(group);
    assert!(!dir.exists());
}

#[test]
fn killing_reaches_what_has_gone_away() {
    let Some(groups) = place() else { return };
    for (what, script, count) in [
        ("children", "sleep 300 & sleep 300 & sleep 300", 3),
        ("a session", "setsid sh -c 'sleep 300 & sleep 300' & sleep 300", 4),
        ("forked twice", "(setsid sh -c 'sleep 300 & sleep 300' &) & wait; sleep 300", 3),
        ("who began has ended", "(setsid sh -c 'trap \"\" TERM HUP; sleep 300 & sleep 300' &) &", 2),
        ("stopped", "sh -c 'kill -STOP $$' & sleep 300", 2),
    ] {
        let group = unbounded(&groups);
        let child = start(&group, script);
        wait_until(what, || members(group.path()) >= count);
        end(group, child);
    }
    // Dropping the group does the same.
    let group = unbounded(&groups);
    let dir = group.path().to_owned();
    let mut child = start(&group, "setsid sleep 300 & sleep 300");
    wait_until("both", || members(&dir) >= 2);
    drop(Arc::into_inner(group));
    assert_eq!((dir.exists(), child.wait().unwrap().signal()), (false, Some(9)));
}

#[test]
fn what_a_dead_service_left_goes_and_what_a_living_one_has_stays() {
    let Some(groups) = place() else { return };
    let living = unbounded(&groups);
    let child = start(&living, "exec sleep 300");
    // Process ids of dead services are reused, here for the first process.
    let dead = groups.dir.join(format!("{PREFIX}1-0"));
    fs::create_dir(&dead).unwrap();
    let mut left = Command::new("setsid").args(["sh", "-c", "sleep 300 & sleep 300"]).spawn().unwrap();
    fs::write(dead.join("cgroup.procs"), left.id().to_string()).unwrap();
    groups.sweep();
    assert_eq!(left.wait().unwrap().signal(), Some(9));
    assert!(!dead.exists());
    assert_eq!(members(living.path()), 1);
    end(living, child);
}

#[test]
fn a_service_that_starts_again_finds_its_groups() {
    let Some(groups) = delegated() else { return };
    // This process is in the inner group now, like a process that its supervisor restarts there.
    let again = ControlGroups::find().unwrap();
    assert_eq!(again.dir, groups.dir);
    let made = again.make(64 * MEGABYTE, 64).unwrap();
    assert_eq!(made.path().parent(), Some(groups.dir.as_path()));
}

/// Another service, in a group in which it has started a process before it asks for its groups.
#[test]
fn two_services_bound_their_programs_side_by_side() {
    if let Ok(expected) = std::env::var(OTHER_SERVICE) {
        let mut compiler = Command::new("sleep").arg("300").spawn().unwrap();
        let groups = ControlGroups::find().unwrap();
        assert_eq!(groups.dir, Path::new(&expected));
        let group = Arc::new(groups.make(64 * MEGABYTE, 64).unwrap());
        let child = start(&group, "exec sleep 300");
        assert_eq!(members(group.path()), 1);
        end(group, child);
        compiler.kill().unwrap();
        compiler.wait().unwrap();
        return;
    }
    let Some(groups) = delegated() else { return };
    let living = Arc::new(groups.make(64 * MEGABYTE, 64).unwrap());
    let child = start(&living, "exec sleep 300");
    let apart = groups.dir.join("other-service");
    fs::create_dir(&apart).unwrap();
    // Root may write to every group, but uses only its own. For another user, all of them are delegated.
    let own = if rustix::process::geteuid().is_root() { &apart } else { &groups.dir };
    for (dir, expected) in [(&apart, own), (&groups.dir.join(SERVICE), &groups.dir)] {
        let me = std::env::current_exe().unwrap();
        let name = "control_group::kernel::two_services_bound_their_programs_side_by_side";
        let mut other = Command::new(me);
        other.args(["--exact", name, "--nocapture"]).env(OTHER_SERVICE, expected);
        let processes = OpenOptions::new().write(true).open(dir.join("cgroup.procs")).unwrap();
        let enter = move || (&processes).write_all(b"0");
        #[allow(unsafe_code, reason = "as programs are started")]
        // SAFETY: `enter` makes one system call.
        unsafe {
            other.pre_exec(enter);
        }
        let ended = other.output().unwrap();
        assert!(ended.status.success(), "{}: {}", dir.display(), String::from_utf8_lossy(&ended.stderr));
        assert_eq!(members(living.path()), 1, "the other one leaves the programs of this one alone");
    }
    end(living, child);
    for dir in [apart.join(SERVICE), apart] {
        let _ = fs::remove_dir(dir);
    }
}
