//! Control groups (version 2) for programs, if a part of the tree is delegated to the service.
//!
//! The kernel limits all kinds of memory and the number of processes of a group, and one write kills the
//! whole group. A program cannot leave its group if Landlock stops it from writing to the tree, whose files
//! belong to its own user.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use stepwell_engine::system::why;

/// The start of the name of a program's group, before the process id of the service.
const PREFIX: &str = "stepwell-program-";
/// The group that this process moves to, so that its former group can contain others.
const SERVICE: &str = "stepwell-service";
/// The controllers that a group needs.
const CONTROLLERS: [&str; 2] = ["memory", "pids"];
/// Number of attempts to create a group under another name, or to split one.
const TRIES: usize = 16;
/// Number of attempts to remove an emptied group, and the pause between them: the kernel needs a moment to
/// end processes.
const REMOVALS: (u32, Duration) = (200, Duration::from_millis(10));

static GROUPS: LazyLock<Result<ControlGroups, String>> = LazyLock::new(ControlGroups::find);

/// The part of the tree that is delegated to this service.
#[derive(Debug)]
pub(crate) struct ControlGroups {
    dir: PathBuf,
}

/// The group of one program.
#[derive(Debug)]
pub(crate) struct ControlGroup {
    dir: PathBuf,
    processes: File,
    /// The lock of the directory: a group whose lock is free belongs to a service that has ended.
    _locked: File,
}

impl ControlGroups {
    /// Returns the groups of this process, or the reason why it has none.
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

    /// Returns the groups of a service whose process is in `own`.
    fn below(own: &Path) -> Result<Self, String> {
        has_controllers(own)?;
        let above = own.parent().filter(|above| is_given(own, above) && is_parted(above));
        let dir = match above {
            Some(above) => above.to_owned(),
            None => {
                // A group with processes cannot limit groups in it.
                part(own).map_err(|why| format!("{} is not delegated: {why}", own.display()))?;
                own.to_owned()
            }
        };
        let found = Self { dir };
        found.sweep();
        Ok(found)
    }

    /// Creates a group.
    ///
    /// # Errors
    /// Fails when the kernel refuses a limit.
    pub fn make(&self, memory: u64, tasks: u64) -> io::Result<ControlGroup> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut tried = 0;
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let dir = self.dir.join(format!("{PREFIX}{}-{number}", std::process::id()));
            tried += 1;
            match ControlGroup::make(dir, memory, tasks) {
                // A dead service had the process id of this one, or another starting service mistakes the
                // group for that of a dead service before it is locked.
                Err(error) if tried < TRIES && is_taken(&error) => {}
                made => return made,
            }
        }
    }

    /// Removes groups of services that have ended, with the processes in them.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let is_program = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
            // Groups that vanish at this moment need no removal.
            if is_program && File::open(entry.path()).is_ok_and(|dir| dir.try_lock().is_ok()) {
                remove(&entry.path());
            }
        }
    }
}

/// Returns whether the name of a group is in use, or the group is gone.
fn is_taken(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, NotFound, WouldBlock};
    // Files of a removed group report that there is no such device.
    matches!(error.kind(), AlreadyExists | NotFound | WouldBlock)
        || error.raw_os_error() == Some(libc::ENODEV)
}

impl ControlGroup {
    fn make(dir: PathBuf, memory: u64, tasks: u64) -> io::Result<Self> {
        fs::create_dir(&dir)?;
        let locked = File::open(&dir)?;
        // A taken lock belongs to another service, which removes the group.
        locked.try_lock()?;
        let bounded = || {
            fs::write(dir.join("memory.max"), memory.to_string())?;
            fs::write(dir.join("pids.max"), tasks.to_string())?;
            // When one process runs out of memory, the whole group ends. Not every kernel counts swap.
            for (file, value) in [("memory.oom.group", "1"), ("memory.swap.max", "0")] {
                if dir.join(file).exists() {
                    fs::write(dir.join(file), value)?;
                }
            }
            OpenOptions::new().write(true).open(dir.join("cgroup.procs"))
        };
        match bounded() {
            Ok(processes) => Ok(Self { dir, processes, _locked: locked }),
            Err(error) => {
                let _ = fs::remove_dir(&dir);
                Err(error)
            }
        }
    }

    /// Returns the place of the group in the tree, which is the part of the tree that the program may read.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Adds this process to the group. Runs between fork and exec, so it allocates nothing.
    pub fn enter(&self) -> io::Result<()> {
        (&self.processes).write_all(b"0")
    }

    /// Kills all processes in the group.
    pub fn kill(&self) {
        // Kernels before 5.14 cannot; the process group is killed in any case.
        let _ = fs::write(self.dir.join("cgroup.kill"), "1");
    }

    /// Returns whether the kernel has killed it because it used too much memory.
    pub fn was_out_of_memory(&self) -> bool {
        self.was_killed_for_memory() && self.has_event("memory.events", "oom ")
    }

    /// Returns whether the kernel has killed it because the machine, or the service with all of its programs,
    /// had too little memory.
    pub fn was_sacrificed(&self) -> bool {
        self.was_killed_for_memory() && !self.has_event("memory.events", "oom ")
    }

    fn was_killed_for_memory(&self) -> bool {
        self.has_event("memory.events", "oom_kill ")
    }

    /// Returns whether the kernel has refused it another process or thread.
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

/// Kills the processes in a group, and removes it.
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

/// Returns where `/proc/self/mounts` lists the control groups.
fn mounted(mounts: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (place, kind) = (fields.next()?, fields.next()?);
        (kind == "cgroup2").then(|| place.into())
    })
}

/// Returns the group that `/proc/self/cgroup` names.
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

/// Returns whether the parent group may contain those of programs. Root may write to every group: it must be
/// the group that this service has split before, or one that systemd has marked as delegated.
fn is_given(own: &Path, above: &Path) -> bool {
    let marked = ["user.delegate", "trusted.delegate"].iter().any(|name| {
        let mut value = [0u8; 1];
        rustix::fs::getxattr(above, *name, &mut value).is_ok() && value == *b"1"
    });
    !rustix::process::geteuid().is_root() || own.file_name().is_some_and(|name| name == SERVICE) || marked
}

/// Returns whether a group passes its controllers on, and this user may create groups in it.
fn is_parted(dir: &Path) -> bool {
    let given = fs::read_to_string(dir.join("cgroup.subtree_control")).unwrap_or_default();
    let writable = |name: &str| rustix::fs::access(dir.join(name), rustix::fs::Access::WRITE_OK).is_ok();
    CONTROLLERS.iter().all(|name| given.split_whitespace().any(|given| given == *name))
        && writable("")
        && writable("cgroup.procs")
}

/// Moves this process and its children out of a group, so that the group can limit others.
fn part(own: &Path) -> Result<(), String> {
    let describe = |error: io::Error| why(&error);
    let inner = own.join(SERVICE);
    let wanted = CONTROLLERS.map(|name| format!("+{name}")).join(" ");
    let mut tried = 0;
    loop {
        let processes = fs::read_to_string(own.join("cgroup.procs")).map_err(describe)?;
        if processes.lines().any(|process| !is_own(process)) {
            return Err("other processes are in it".to_owned());
        }
        match fs::create_dir(&inner) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(describe(error)),
            _ => {}
        }
        for process in processes.lines() {
            match fs::write(inner.join("cgroup.procs"), process) {
                // The process has ended.
                Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
                moved => moved.map_err(describe)?,
            }
        }
        tried += 1;
        match fs::write(own.join("cgroup.subtree_control"), &wanted) {
            // A process has been started in the meantime.
            Err(error) if tried < TRIES && error.kind() == io::ErrorKind::ResourceBusy => {}
            parted => return parted.map_err(describe),
        }
    }
}

/// Returns whether a process is this one or one of its descendants, for instance one that compiles
/// a component.
fn is_own(process: &str) -> bool {
    let me = std::process::id();
    let Ok(mut pid) = process.parse::<u32>() else { return false };
    // Each process has a parent, up to the first.
    for _ in 0..TRIES {
        // Processes of another namespace have the number 0.
        if pid == me || pid == 0 {
            return pid == me;
        }
        let stat = fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
        let stat = String::from_utf8_lossy(&stat);
        // The name of the program may contain any characters.
        let above =
            stat.rsplit_once(')').and_then(|(_, fields)| fields.split_whitespace().nth(1)?.parse().ok());
        match above {
            Some(above) => pid = above,
            // A process that has ended is in no group.
            None => return !Path::new("/proc").join(process).exists(),
        }
    }
    false
}

#[cfg(test)]
mod kernel;

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

    /// Makes a directory that looks like a group.
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
        // Another process of the service, and a process whose group is in a writable one: root may write to
        // every group, and uses only groups that are marked as delegated to it.
        fs::write(dir.join("cgroup.subtree_control"), "memory pids").unwrap();
        let is_root = rustix::process::geteuid().is_root();
        for (name, marked, expected) in
            [(SERVICE, false, true), ("other", false, !is_root), ("marked", true, true)]
        {
            let inner = dir.join(name);
            group(&inner, "memory pids", &me);
            let flags = rustix::fs::XattrFlags::empty();
            if marked && rustix::fs::setxattr(&dir, "user.delegate", b"1", flags).is_err() {
                eprintln!("skipped: files have no attributes here");
                continue;
            }
            let found = ControlGroups::below(&inner).unwrap().dir;
            assert_eq!(found, if expected { dir.clone() } else { inner }, "{name}");
        }
    }

    #[test]
    fn groups_of_services_that_have_ended_are_removed() {
        let root = tempfile::tempdir().unwrap();
        // The first process of the machine lives, and so does this one: process ids of dead services
        // are reused.
        let (dead, again) = (format!("{PREFIX}1-0"), format!("{PREFIX}{}-0", std::process::id()));
        let living = format!("{PREFIX}999999999-0");
        for name in [dead.as_str(), again.as_str(), living.as_str(), "other"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        let locked = File::open(root.path().join(&living)).unwrap();
        locked.try_lock().unwrap();
        ControlGroups { dir: root.path().to_owned() }.sweep();
        // Killed groups stay here, because they are plain directories in which the write leaves a file.
        let killed = [dead.as_str(), again.as_str(), living.as_str(), "other"];
        let killed = killed.map(|name| root.path().join(name).join("cgroup.kill").exists());
        assert_eq!(killed, [true, true, false, false]);
    }

    #[test]
    fn processes_that_this_one_has_started_are_its_own() {
        let mut child = std::process::Command::new("sh")
            .args(["-c", "sleep 60 & echo $!; wait"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut grandchild = String::new();
        let output = child.stdout.take().unwrap();
        io::BufRead::read_line(&mut io::BufReader::new(output), &mut grandchild).unwrap();
        let own = [child.id().to_string(), grandchild.trim().to_owned(), std::process::id().to_string()];
        let others = ["0".to_owned(), "1".to_owned(), "x".to_owned()];
        assert_eq!(
            (own.each_ref().map(|pid| is_own(pid)), others.each_ref().map(|pid| is_own(pid))),
            ([true; 3], [false; 3])
        );
        std::process::Command::new("kill").arg(&own[1]).status().unwrap();
        child.wait().unwrap();
    }
}
