//! The lock of a BoltDB file, which every program that opens one takes.

use std::fmt;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock, major, minor};
use rustix::io::Errno;

/// The pause between two tries, and their number: one second, as Atlantis waits.
const PAUSE: Duration = Duration::from_millis(50);
const TRIES: usize = 20;
/// The most processes and open files that the search for a holder visits.
const MAX_VISITED: usize = 10_000;

/// The process that holds a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The process id, when it is visible from here.
    pub process: Option<i32>,
    /// The name of its program.
    pub program: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.process, &self.program) {
            (Some(process), Some(program)) => write!(f, "process {process} ({program})"),
            (Some(process), None) => write!(f, "process {process}"),
            (None, _) => f.write_str("a process that is not visible from here"),
        }
    }
}

/// The reason why a file could not be locked.
#[derive(Debug)]
pub(super) enum Refused {
    Held(Holder),
    Failed(std::io::Error),
}

/// The access that a lock allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// Locks a file for up to one second. The lock ends when the file is closed.
pub(super) fn lock(file: &File, access: Access) -> Result<(), Refused> {
    let operation = match access {
        Access::Read => FlockOperation::NonBlockingLockShared,
        Access::Write => FlockOperation::NonBlockingLockExclusive,
    };
    for attempt in 0..=TRIES {
        match flock(file, operation) {
            Ok(()) => return Ok(()),
            Err(Errno::AGAIN | Errno::INTR) if attempt < TRIES => thread::sleep(PAUSE),
            Err(Errno::AGAIN | Errno::INTR) => break,
            Err(error) => return Err(Refused::Failed(error.into())),
        }
    }
    Err(Refused::Held(holder(file)))
}

/// Finds the holder in the kernel's list of locks.
fn holder(file: &File) -> Holder {
    let unknown = Holder { process: None, program: None };
    let Ok(metadata) = file.metadata() else { return unknown };
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    let process = holders(&locks, metadata.ino(), metadata.dev())
        .into_iter()
        .find(|(process, is_device)| *is_device || has_open(*process, &metadata));
    let Some((process, _)) = process else { return unknown };
    let name = fs::read_to_string(format!("/proc/{process}/comm")).ok();
    Holder { process: Some(process), program: name.map(|name| name.trim_end().to_owned()) }
}

/// The processes with a `flock` on the inode, and whether the device is the same, too. Layered file systems show
/// another device to programs than to the list.
fn holders(locks: &str, inode: u64, device: u64) -> Vec<(i32, bool)> {
    let mut found = Vec::new();
    for line in locks.lines().take(MAX_VISITED) {
        // `1: FLOCK  ADVISORY  WRITE 4711 08:01:131090 0 EOF`; a line with `->` waits.
        let mut words = line.split_ascii_whitespace().skip(1);
        if words.next() != Some("FLOCK") {
            continue;
        }
        let (Some(process), Some(place)) = (words.nth(2), words.next()) else { continue };
        let mut parts = place.split(':');
        let part = |text: Option<&str>| u32::from_str_radix(text?, 16).ok();
        let of_device = (part(parts.next()), part(parts.next()));
        let of_inode = parts.next().and_then(|text| text.parse::<u64>().ok());
        if let (Ok(process @ 1..), true) = (process.parse(), of_inode == Some(inode)) {
            found.push((process, of_device == (Some(major(device)), Some(minor(device)))));
        }
    }
    found
}

/// True when a process has the file open.
fn has_open(process: i32, file: &fs::Metadata) -> bool {
    let Ok(open) = fs::read_dir(format!("/proc/{process}/fd")) else { return false };
    let same = |other: fs::Metadata| other.ino() == file.ino() && other.dev() == file.dev();
    open.flatten().take(MAX_VISITED).any(|entry| fs::metadata(entry.path()).is_ok_and(same))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_locks_names_the_holder() {
        let list = "1: POSIX  ADVISORY  WRITE 11 08:01:77 0 EOF\n\
                    2: FLOCK  ADVISORY  WRITE 12 08:01:77 0 EOF\n\
                    2: -> FLOCK  ADVISORY  WRITE 13 08:01:77 0 EOF\n\
                    3: FLOCK  ADVISORY  READ  14 00:2d:77 0 EOF\n\
                    4: FLOCK  ADVISORY  WRITE 0 08:01:77 0 EOF\nnoise\n";
        assert_eq!(holders(list, 77, rustix::fs::makedev(8, 1)), [(12, true), (14, false)]);
        assert_eq!(holders(list, 78, 0), []);
    }

    #[test]
    fn a_holder_is_shown_with_what_is_known() {
        let shown = |process, program: Option<&str>| {
            Holder { process, program: program.map(str::to_owned) }.to_string()
        };
        assert_eq!(shown(Some(7), Some("atlantis")), "process 7 (atlantis)");
        assert_eq!(shown(None, None), "a process that is not visible from here");
    }
}
