//! Control groups (version 2) for programs, where the service has a part of the tree to itself.
//!
//! A program that is in a group of its own cannot leave it: memory of every kind and the number of its processes are
//! bounded by the kernel, and one write kills all of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use stepwell_engine::system::why;

/// What a group of a program is called, before the number of the service's process.
const PREFIX: &str = "stepwell-program-";
/// Where this process goes, so that the group above it can have others.
const SERVICE: &str = "stepwell-service";
/// What a group must be able to bound.
const CONTROLLERS: [&str; 2] = ["memory", "pids"];
/// How often an emptied group is removed, and the pause between: the kernel takes a moment to end processes.
const REMOVALS: (u32, Duration) = (200, Duration::from_millis(10));

static GROUPS: LazyLock<Result<ControlGroups, String>> = LazyLock::new(ControlGroups::find);

/// The part of the tree that this service has to itself.
#[derive(Debug)]
pub(crate) struct ControlGroups {
    dir: PathBuf,
}

/// The group of one program.
#[derive(Debug)]
pub(crate) struct ControlGroup {
    dir: PathBuf,
    processes: File,
}

impl ControlGroups {
    /// Those of this process, or why it has none.
    pub fn here() -> Result<&'static Self, &'static str> {
        GROUPS.as_ref().map_err(String::as_str)
    }

    fn find() -> Result<Self, String> {
        let read = |path: &str| fs::read_to_string(path).map_err(|error| format!("{path}: {}", why(&error)));
        let mount = mounted(&read("/proc/self/mounts")?).ok_or("no cgroup2 file system is mounted")?;
        let groups = read("/proc/self/cgroup")?;
        let own = own(&groups).ok_or("this process is in no control group")?;
        let own = own.trim_matches('/');
        Self::below(&if own.is_empty() { mount } else { mount.join(own) })
    }

    /// The groups of a service whose process is in `own`.
    fn below(own: &Path) -> Result<Self, String> {
        has_controllers(own)?;
        let above = own.parent().filter(|above| is_parted(above));
        let dir = match above {
            Some(above) => above.to_owned(),
            None => {
                // A group with processes cannot bound groups in it.
                part(own).map_err(|why| format!("{} is not delegated: {why}", own.display()))?;
                own.to_owned()
            }
        };
        let found = Self { dir };
        found.sweep();
        Ok(found)
    }

    /// Makes a group.
    ///
    /// # Errors
    /// When the kernel refuses a bound.
    pub fn make(&self, memory: u64, tasks: u64) -> io::Result<ControlGroup> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = self.dir.join(format!("{PREFIX}{}-{number}", std::process::id()));
        fs::create_dir(&dir)?;
        let bounded = || {
            fs::write(dir.join("memory.max"), memory.to_string())?;
            fs::write(dir.join("pids.max"), tasks.to_string())?;
            // All of it ends when one of it is out of memory. Not every kernel counts swap.
            for (file, value) in [("memory.oom.group", "1"), ("memory.swap.max", "0")] {
                if dir.join(file).exists() {
                    fs::write(dir.join(file), value)?;
                }
            }
            OpenOptions::new().write(true).open(dir.join("cgroup.procs"))
        };
        match bounded() {
            Ok(processes) => Ok(ControlGroup { dir: dir.clone(), processes }),
            Err(error) => {
                let _ = fs::remove_dir(&dir);
                Err(error)
            }
        }
    }

    /// Removes groups of services that have ended.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let service = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next());
            if service.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
                remove(&entry.path());
            }
        }
    }
}

impl ControlGroup {
    /// Takes this process in. Between fork and exec: allocates nothing.
    pub fn enter(&self) -> io::Result<()> {
        (&self.processes).write_all(b"0")
    }

    /// Kills what is in it.
    pub fn kill(&self) {
        // Kernels before 5.14 cannot; the process group is killed in any case.
        let _ = fs::write(self.dir.join("cgroup.kill"), "1");
    }

    /// Whether the kernel has killed it for its memory.
    pub fn was_out_of_memory(&self) -> bool {
        self.has_event("memory.events", "oom_kill ")
    }

    /// Whether the kernel has refused it another process or thread.
    pub fn was_out_of_tasks(&self) -> bool {
        self.has_event("pids.events", "max ")
    }

    fn has_event(&self, file: &str, event: &str) -> bool {
        let events = fs::read_to_string(self.dir.join(file)).unwrap_or_default();
        let times = events.lines().find_map(|line| line.strip_prefix(event));
        times.is_some_and(|times| times.trim() != "0")
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        remove(&self.dir);
    }
}

/// Kills what is in a group, and removes it.
fn remove(dir: &Path) {
    let _ = fs::write(dir.join("cgroup.kill"), "1");
    for _ in 0..REMOVALS.0 {
        match fs::remove_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => thread::sleep(REMOVALS.1),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!("cannot remove the control group {}: {error}", dir.display());
                return;
            }
            _ => return,
        }
    }
    tracing::warn!("the control group {} does not get empty; the next start removes it", dir.display());
}

/// Where `/proc/self/mounts` has the control groups.
fn mounted(mounts: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (place, kind) = (fields.next()?, fields.next()?);
        (kind == "cgroup2").then(|| place.into())
    })
}

/// The group that `/proc/self/cgroup` names.
fn own(groups: &str) -> Option<&str> {
    groups.lines().find_map(|line| line.strip_prefix("0::"))
}

fn has_controllers(dir: &Path) -> Result<(), String> {
    let file = dir.join("cgroup.controllers");
    let found = fs::read_to_string(&file).map_err(|error| format!("{}: {}", file.display(), why(&error)))?;
    match CONTROLLERS.iter().find(|name| !found.split_whitespace().any(|found| found == **name)) {
        Some(missing) => Err(format!("{} has no controller `{missing}`", dir.display())),
        None => Ok(()),
    }
}

/// Whether a group gives its controllers to those in it, and this user may make more.
fn is_parted(dir: &Path) -> bool {
    let given = fs::read_to_string(dir.join("cgroup.subtree_control")).unwrap_or_default();
    let writable = |name: &str| rustix::fs::access(dir.join(name), rustix::fs::Access::WRITE_OK).is_ok();
    CONTROLLERS.iter().all(|name| given.split_whitespace().any(|given| given == *name))
        && writable("")
        && writable("cgroup.procs")
}

/// Moves this process out of a group, so that it can bound others.
fn part(own: &Path) -> Result<(), String> {
    let told = |error: io::Error| why(&error);
    let me = std::process::id().to_string();
    let processes = fs::read_to_string(own.join("cgroup.procs")).map_err(told)?;
    if processes.lines().any(|process| process != me) {
        return Err("other processes are in it".to_owned());
    }
    let inner = own.join(SERVICE);
    match fs::create_dir(&inner) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(told(error)),
        _ => {}
    }
    fs::write(inner.join("cgroup.procs"), &me).map_err(told)?;
    let wanted = CONTROLLERS.map(|name| format!("+{name}")).join(" ");
    fs::write(own.join("cgroup.subtree_control"), wanted).map_err(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_of_this_process_is_found() {
        let mounts = "proc /proc proc rw 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n\
                      cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        assert_eq!(mounted(mounts).unwrap(), Path::new("/sys/fs/cgroup/unified"));
        assert_eq!(mounted("proc /proc proc rw 0 0\n"), None);
        assert_eq!(own("9:pids:/x\n0::/system.slice/a.service\n"), Some("/system.slice/a.service"));
        assert_eq!(own("9:pids:/x\n"), None);
    }

    /// A directory that looks like a group.
    fn group(dir: &Path, controllers: &str, processes: &str) {
        fs::create_dir_all(dir).unwrap();
        for (name, text) in
            [("cgroup.controllers", controllers), ("cgroup.procs", processes), ("cgroup.subtree_control", "")]
        {
            fs::write(dir.join(name), text).unwrap();
        }
    }

    #[test]
    fn a_group_is_used_where_it_is_delegated_and_has_no_other_processes() {
        let root = tempfile::tempdir().unwrap();
        let me = std::process::id().to_string();
        let refused = |name: &str, controllers: &str, processes: &str| {
            let dir = root.path().join(name);
            group(&dir, controllers, processes);
            ControlGroups::below(&dir).unwrap_err()
        };
        assert!(refused("a", "cpu pids", &me).contains("no controller `memory`"));
        assert!(refused("b", "cpu memory pids", &format!("{me}\n1\n")).contains("other processes"));
        let dir = root.path().join("c");
        group(&dir, "cpu memory pids", &me);
        assert_eq!(ControlGroups::below(&dir).unwrap().dir, dir);
        assert_eq!(fs::read_to_string(dir.join(SERVICE).join("cgroup.procs")).unwrap(), me);
        assert_eq!(fs::read_to_string(dir.join("cgroup.subtree_control")).unwrap(), "+memory +pids");
        // Another process of the service, or one that systemd has put into a group of its own.
        let inner = dir.join("service");
        group(&inner, "memory pids", &me);
        fs::write(dir.join("cgroup.subtree_control"), "memory pids").unwrap();
        assert_eq!(ControlGroups::below(&inner).unwrap().dir, dir);
    }

    #[test]
    fn the_kernel_kills_what_is_in_a_group_and_removes_it() {
        use std::os::unix::process::CommandExt;
        let groups = ["/proc/self/mounts", "/proc/self/cgroup"].map(|path| fs::read_to_string(path).unwrap());
        let found = mounted(&groups[0]).zip(own(&groups[1]));
        let Some(dir) = found.map(|(mount, own)| {
            mount.join(own.trim_start_matches('/')).join(format!("stepwell-test-{}", std::process::id()))
        }) else {
            return eprintln!("skipped: there is no cgroup2");
        };
        if fs::create_dir(&dir).is_err() {
            return eprintln!("skipped: no group can be made here");
        }
        let processes = OpenOptions::new().write(true).open(dir.join("cgroup.procs")).unwrap();
        let group = std::sync::Arc::new(ControlGroup { dir: dir.clone(), processes });
        let entered = group.clone();
        // It starts a session of its own, and one more process: the group has both.
        let mut command = std::process::Command::new("setsid");
        command.args(["sh", "-c", "sleep 300 & sleep 300"]);
        #[allow(unsafe_code, reason = "as programs are started")]
        // SAFETY: `enter` makes one system call.
        unsafe {
            command.pre_exec(move || entered.enter());
        }
        let mut child = command.spawn().unwrap();
        let members = || fs::read_to_string(dir.join("cgroup.procs")).unwrap().lines().count();
        for _ in 0..500 {
            if members() >= 3 {
                break;
            }
            thread::sleep(REMOVALS.1);
        }
        assert!(members() >= 2, "{}", members());
        group.kill();
        assert!(!child.wait().unwrap().success());
        drop(command);
        drop(group);
        assert!(!dir.exists());
    }

    #[test]
    fn groups_of_services_that_have_ended_are_removed() {
        let root = tempfile::tempdir().unwrap();
        let (dead, living) = (format!("{PREFIX}999999999-0"), format!("{PREFIX}{}-0", std::process::id()));
        for name in [dead.as_str(), living.as_str(), "other"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        // A group's files do not keep it from being removed; those of a file system do.
        ControlGroups { dir: root.path().to_owned() }.sweep();
        let left = |name: &str| root.path().join(name).exists();
        assert_eq!([left(&living), left("other")], [true, true]);
    }
}
