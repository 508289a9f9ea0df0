//! Measures the resources that a program uses while it runs, over all its processes.
//!
//! Files are always counted here. Memory and processes are counted here only if the kernel has no control
//! group for them: several times per second, so that a program may have more for a moment.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process_group};
use stepwell_engine::quantity::Bytes;

use crate::bounded::Over;
use crate::tree;

/// The pause between two looks. It grows when a look takes long.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(1);
/// The time between two checks for a sudden growth of processes.
const STEP: Duration = Duration::from_millis(10);
/// The time of the first look.
const FIRST: Duration = Duration::from_millis(20);
/// The files are measured at every third look.
const FILES_EVERY: u32 = 3;

/// The limits of a program.
#[derive(Debug, Clone)]
pub(crate) struct Quota {
    /// The limits of memory and tasks, if no control group enforces them.
    pub memory_and_tasks: Option<(u64, u64)>,
    /// The private directory.
    pub home: Directory,
    /// Directories of the step that it may write to.
    pub mounts: Vec<Directory>,
}

/// A directory and its limits.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    pub path: PathBuf,
    pub bytes: u64,
    pub entries: u64,
    /// The name of the limit of its bytes.
    pub name: &'static str,
    /// The name of the place in messages to the step's author.
    pub what: String,
}

/// Watches until the program has ended (`ended` is closed), and returns the limit that it exceeded.
pub(crate) fn watch(group: Pid, quota: &Quota, ended: &Receiver<()>) -> Option<Over> {
    let (mut waited, mut pause, mut round) = (Duration::ZERO, FIRST, 0u32);
    let mut usual = tasks_of_machine();
    loop {
        if !matches!(ended.recv_timeout(STEP), Err(RecvTimeoutError::Timeout)) {
            return None;
        }
        waited += STEP;
        // A program that forks endlessly has many processes before the next look, and then leaves no time for
        // one: it is stopped meanwhile.
        let allowed = quota.memory_and_tasks.map_or(u64::MAX, |(_, tasks)| usual.saturating_add(tasks));
        let suspicious = quota.memory_and_tasks.is_some() && tasks_of_machine() > allowed;
        if !suspicious && waited < pause {
            continue;
        }
        let stopped = suspicious && kill_process_group(group, Signal::STOP).is_ok();
        round = round.wrapping_add(1);
        #[allow(clippy::disallowed_methods, reason = "how long a look takes bounds how often it is taken")]
        let begun = Instant::now();
        if let Some(over) = quota.exceeded(group, round.is_multiple_of(FILES_EVERY)) {
            return Some(over);
        }
        if stopped {
            // Other processes have started on the machine.
            usual = tasks_of_machine();
            // The program may have ended.
            let _ = kill_process_group(group, Signal::CONT);
        }
        (waited, pause) = (Duration::ZERO, PAUSE.max(begun.elapsed() * 2).min(LONGEST));
    }
}

/// Returns the number of processes and threads of this machine: one short file.
fn tasks_of_machine() -> u64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let all = text.split_whitespace().nth(3).and_then(|field| field.split_once('/')?.1.parse().ok());
    all.unwrap_or_default()
}

impl Quota {
    /// Returns the limit that the program exceeds.
    fn exceeded(&self, group: Pid, files: bool) -> Option<Over> {
        if self.memory_and_tasks.is_none() && !files {
            return None;
        }
        let members = members(group);
        let mut held = Held::default();
        if files {
            members.iter().for_each(|pid| held.add(*pid));
        }
        if let Some((memory, tasks)) = self.memory_and_tasks {
            let taken = members.iter().filter_map(|pid| Taken::of(*pid));
            let (used, running) = taken
                .fold((held.memory, 0), |sum, taken: Taken| (sum.0 + taken.memory, sum.1 + taken.threads));
            if running > tasks {
                return Some(Over::tasks(tasks));
            }
            if used > memory {
                return Some(Over::memory(memory));
            }
        }
        if files { self.files_exceeded(held.disk) } else { None }
    }

    /// Returns the limit on files that is exceeded. `deleted` bytes belong to files that no longer have
    /// a name.
    pub fn files_exceeded(&self, deleted: u64) -> Option<Over> {
        let mounts = self.mounts.iter().find_map(|mount| mount.exceeded(0));
        self.home.exceeded(deleted).or(mounts)
    }
}

impl Directory {
    fn exceeded(&self, more: u64) -> Option<Over> {
        let (bytes, entries, what) = (self.bytes, self.entries, &self.what);
        let over = |limit, said: String| {
            Some(Over { limit, message: format!("the program had {said}, and was stopped") })
        };
        match tree::measure_up_to(&self.path, entries) {
            Ok(found) if found.entries > entries => {
                over("file_count", format!("more than {entries} files and directories in {what}"))
            }
            Ok(found) if found.bytes.saturating_add(more) > bytes => {
                over(self.name, format!("more than {} in {what}", Bytes::new(bytes)))
            }
            Ok(_) => None,
            // A file was deleted while it was measured; the next look measures it again.
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(_) => over("file_depth", format!("more than 64 directories within each other in {what}")),
        }
    }
}

/// Returns the processes of a group.
pub(crate) fn members(group: Pid) -> Vec<i32> {
    let group = group.as_raw_nonzero().get().to_string();
    processes(|fields| fields.nth(2) == Some(group.as_str()))
}

/// Reaps the processes that a group left to this process, which may be the first of a container. The group's
/// leader stays.
pub(crate) fn reap_orphans(group: Pid) {
    let (leader, me) = (group.as_raw_nonzero().get(), std::process::id().to_string());
    let number = leader.to_string();
    for pid in processes(|fields| fields.nth(1) == Some(&me) && fields.next() == Some(&number)) {
        if pid != leader {
            // A process that has not ended yet was killed; the end of the next program reaps it.
            let _ = rustix::process::waitpid(Pid::from_raw(pid), WaitOptions::NOHANG);
        }
    }
}

/// Returns the processes whose fields of `/proc/PID/stat`, from the state on, match.
fn processes<'a>(are: impl Fn(&mut dyn Iterator<Item = &str>) -> bool + 'a) -> Vec<i32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let stat = fs::read(entry.path().join("stat")).unwrap_or_default();
        let stat = String::from_utf8_lossy(&stat);
        // The name of the program may contain any characters.
        let Some((_, fields)) = stat.rsplit_once(')') else { continue };
        if are(&mut fields.split_whitespace()) {
            found.push(pid);
        }
    }
    found
}

/// Returns the number of processes and threads of a user.
pub(crate) fn tasks_of(user: u32) -> u64 {
    let mut tasks = 0;
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let is_process = entry.file_name().to_str().is_some_and(|name| name.parse::<i32>().is_ok());
        if is_process && entry.metadata().is_ok_and(|found| found.uid() == user) {
            let pid = entry.file_name().to_str().and_then(|name| name.parse().ok()).unwrap_or_default();
            tasks += Taken::of(pid).map_or(1, |taken| taken.threads);
        }
    }
    tasks
}

/// The resources of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Taken {
    memory: u64,
    threads: u64,
}

impl Taken {
    fn of(pid: i32) -> Option<Self> {
        Self::read(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
    }

    /// Reads memory that is private or shared with other processes. Code and other files can be reloaded.
    fn read(status: &str) -> Option<Self> {
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        let kilobytes = ["RssAnon:", "RssShmem:"].iter().filter_map(|name| number(name)).sum::<u64>();
        Some(Self { memory: kilobytes * 1024, threads: number("Threads:")? })
    }
}

/// Files without a name that processes hold open.
#[derive(Debug, Default)]
struct Held {
    seen: BTreeSet<(u64, u64)>,
    /// Bytes of those in memory.
    memory: u64,
    disk: u64,
}

impl Held {
    fn add(&mut self, pid: i32) {
        let mut found = BTreeMap::new();
        for entry in fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten() {
            let Ok(file) = fs::metadata(entry.path()) else { continue };
            if file.is_file() && file.nlink() == 0 {
                found.insert((file.dev(), file.ino()), (entry.path(), file.blocks().saturating_mul(512)));
            }
        }
        for (file, (path, bytes)) in found {
            if self.seen.insert(file) {
                match is_memory(&path) {
                    true => self.memory = self.memory.saturating_add(bytes),
                    false => self.disk = self.disk.saturating_add(bytes),
                }
            }
        }
    }
}

fn is_memory(path: &Path) -> bool {
    fs::read_link(path).is_ok_and(|name| name.as_os_str().as_encoded_bytes().starts_with(b"/memfd:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_what_linux_says() {
        let status = "Name:\tx\nVmRSS:\t  900 kB\nRssAnon:\t  400 kB\nRssFile:\t  300 kB\nRssShmem:\t  200 kB\nThreads:\t3\n";
        assert_eq!(Taken::read(status), Some(Taken { memory: 600 << 10, threads: 3 }));
        assert_eq!(Taken::read(""), None);
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(Taken::of(me).is_some_and(|taken| taken.memory > 0 && taken.threads > 0));
    }

    #[test]
    fn a_deleted_file_that_is_open_counts() {
        use std::io::Write;
        let me = i32::try_from(std::process::id()).unwrap();
        let before = {
            let mut held = Held::default();
            held.add(me);
            held.disk
        };
        let mut file = tempfile::tempfile_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        file.write_all(&vec![1; 1 << 20]).unwrap();
        file.sync_all().unwrap();
        let mut held = Held::default();
        held.add(me);
        assert!(held.disk >= before + (1 << 20), "{held:?}");
    }
}
