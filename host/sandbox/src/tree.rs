//! Directories that a stranger filled: measured and deleted, whatever their depth.
//!
//! A path longer than 4,096 bytes cannot be opened, a recursion of thousands of levels overflows the stack,
//! and one descriptor per level exhausts those of the process. So a directory is always opened from its
//! parent, measuring stops at a bounded depth, and deletion moves entries up first.

use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, RawMode};
use rustix::io::Errno;

/// Maximum nesting of directories that a guest may make.
pub(crate) const MAX_DEPTH: usize = 32;
/// Maximum number of measured levels: a program outside of the sandbox may make more than a guest.
const MEASURED_DEPTH: usize = 64;

/// The content of a directory and everything below it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measured {
    /// Bytes of the files.
    pub bytes: u64,
    /// Number of files and directories.
    pub entries: u64,
}

/// Measures a directory.
///
/// # Errors
/// Fails when the directory cannot be read, or is deeper than a guest can make it.
pub fn measure(path: &Path) -> io::Result<Measured> {
    measure_up_to(path, u64::MAX)
}

/// As [`measure`], but stops at one entry more than `most`.
///
/// # Errors
/// As [`measure`].
pub(crate) fn measure_up_to(path: &Path, most: u64) -> io::Result<Measured> {
    let mut found = Measured::default();
    measure_in(open(rustix::fs::CWD, path)?.as_fd(), 0, most, &mut found)?;
    Ok(found)
}

fn measure_in(dir: BorrowedFd<'_>, depth: usize, most: u64, found: &mut Measured) -> io::Result<()> {
    if depth > MEASURED_DEPTH {
        return Err(io::Error::other("its directories are too deep"));
    }
    for entry in Dir::read_from(dir)? {
        let entry = entry?;
        if is_dots(entry.file_name()) {
            continue;
        }
        if found.entries > most {
            return Ok(());
        }
        let stat = match rustix::fs::statat(dir, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            // Deleted since it was listed.
            Err(Errno::NOENT) => continue,
            Err(error) => return Err(error.into()),
        };
        found.entries += 1;
        match FileType::from_raw_mode(stat.st_mode as RawMode) {
            FileType::Directory => {
                measure_in(open(dir, entry.file_name())?.as_fd(), depth + 1, most, found)?;
            }
            _ => found.bytes = found.bytes.saturating_add(u64::try_from(stat.st_size).unwrap_or(0)),
        }
    }
    Ok(())
}

/// A file below a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// The path below the directory.
    pub path: PathBuf,
    /// The size in bytes.
    pub bytes: u64,
}

/// Returns the regular files below a directory of at most `most` entries. Links are not followed.
///
/// # Errors
/// Fails when the directory cannot be read, or has more or deeper entries.
pub fn list(path: &Path, most: usize) -> io::Result<Vec<Found>> {
    let mut files = Vec::new();
    let root = open(rustix::fs::CWD, path)?;
    walk(root.as_fd(), most, &mut |below, dir, name, kind| {
        if kind == FileType::RegularFile {
            let stat = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
            let bytes = u64::try_from(stat.st_size).unwrap_or(0);
            files.push(Found { path: below.join(OsStr::from_bytes(name.to_bytes())), bytes });
        }
        Ok(())
    })?;
    files.sort();
    Ok(files)
}

/// Copies the files and directories of one directory of at most `most` entries into another. Links are
/// left out.
///
/// # Errors
/// Fails when something cannot be read or written, or there are more or deeper entries.
pub fn copy(from: &Path, to: &Path, most: usize) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(to)?;
    let (from, root) = (open(rustix::fs::CWD, from)?, open(rustix::fs::CWD, to)?);
    walk(from.as_fd(), most, &mut |below, dir, name, kind| {
        // Directories come before their content.
        let target = below_of(root.as_fd(), below)?;
        match kind {
            FileType::Directory => match rustix::fs::mkdirat(&target, name, Mode::RWXU) {
                Ok(()) | Err(Errno::EXIST) => Ok(()),
                Err(error) => Err(error.into()),
            },
            FileType::RegularFile => {
                let read = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
                let source = rustix::fs::openat(dir, name, read, Mode::empty())?;
                let mode = Mode::from_raw_mode(rustix::fs::fstat(&source)?.st_mode & 0o700) | Mode::WUSR;
                let write =
                    OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let file = rustix::fs::openat(&target, name, write, mode)?;
                io::copy(&mut File::from(source), &mut File::from(file)).map(drop)
            }
            _ => Ok(()),
        }
    })
}

/// Opens a directory below another, one level at a time.
fn below_of(root: BorrowedFd<'_>, path: &Path) -> io::Result<OwnedFd> {
    let mut dir = root.try_clone_to_owned()?;
    for part in path.iter() {
        dir = open(&dir, part)?;
    }
    Ok(dir)
}

/// The function that a walk calls for each entry: the path of its directory, the directory, and its
/// name and kind.
type Visit<'a> = dyn FnMut(&Path, BorrowedFd<'_>, &CStr, FileType) -> io::Result<()> + 'a;

/// Visits everything below a directory, each directory before its content. Holds the names of the remaining
/// entries, and one open directory.
fn walk(root: BorrowedFd<'_>, most: usize, visit: &mut Visit<'_>) -> io::Result<()> {
    let mut left: Vec<(Rc<Path>, CString, usize)> = vec![(Rc::from(Path::new("")), CString::default(), 0)];
    let mut seen = 0;
    while let Some((above, name, depth)) = left.pop() {
        if depth > MEASURED_DEPTH {
            return Err(io::Error::other("its directories are too deep"));
        }
        let below: Rc<Path> = match name.is_empty() {
            true => above,
            false => above.join(OsStr::from_bytes(name.to_bytes())).into(),
        };
        let dir = below_of(root, &below)?;
        for name in names(dir.as_fd())? {
            seen += 1;
            if seen > most {
                return Err(io::Error::other(format!("it has more than {most} files and directories")));
            }
            let stat = match rustix::fs::statat(&dir, &*name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                // Deleted since it was listed.
                Err(Errno::NOENT) => continue,
                Err(error) => return Err(error.into()),
            };
            let kind = FileType::from_raw_mode(stat.st_mode as RawMode);
            visit(&below, dir.as_fd(), &name, kind)?;
            if kind == FileType::Directory {
                left.push((below.clone(), name, depth + 1));
            }
        }
    }
    Ok(())
}

/// Maximum number of names that are remembered to find the newest.
const TRIMMED: usize = 100_000;

/// Deletes the most recently written files of a directory until at most `bytes` and `entries` are left.
/// Deletes all of them if there are too many to compare, and then returns false.
///
/// # Errors
/// Fails when something cannot be deleted.
pub(crate) fn trim(path: &Path, bytes: u64, entries: u64) -> io::Result<bool> {
    let Ok(mut files) = dated(path) else {
        return empty(path).map(|()| false);
    };
    files.sort_unstable_by_key(|file| std::cmp::Reverse(file.changed));
    let root = open(rustix::fs::CWD, path)?;
    let Ok(mut found) = measure(path) else {
        return empty(path).map(|()| false);
    };
    for file in files {
        if found.bytes <= bytes && found.entries <= entries {
            break;
        }
        let (Some(above), Some(name)) = (file.path.parent(), file.path.file_name()) else { continue };
        remove_one(below_of(root.as_fd(), above)?.as_fd(), &CString::new(name.as_bytes())?)?;
        found.bytes = found.bytes.saturating_sub(file.bytes);
        found.entries = found.entries.saturating_sub(1);
    }
    match found.bytes <= bytes && found.entries <= entries {
        true => Ok(true),
        // There are too many directories.
        false => empty(path).map(|()| false),
    }
}

fn empty(path: &Path) -> io::Result<()> {
    remove(path)?;
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

/// A file and the time of its last change, which its writer cannot set.
struct Dated {
    path: PathBuf,
    bytes: u64,
    changed: (i64, i64),
}

fn dated(path: &Path) -> io::Result<Vec<Dated>> {
    let mut files = Vec::new();
    let root = open(rustix::fs::CWD, path)?;
    walk(root.as_fd(), TRIMMED, &mut |below, dir, name, kind| {
        if kind != FileType::Directory {
            let stat = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
            files.push(Dated {
                path: below.join(OsStr::from_bytes(name.to_bytes())),
                bytes: u64::try_from(stat.st_size).unwrap_or(0),
                changed: (stat.st_ctime, i64::try_from(stat.st_ctime_nsec).unwrap_or_default()),
            });
        }
        Ok(())
    })?;
    Ok(files)
}

/// Deletes a directory with its content. The next call deletes anything that a crash leaves.
///
/// # Errors
/// Returns the first entry that cannot be deleted.
pub fn remove(path: &Path) -> io::Result<()> {
    let dir = match open(rustix::fs::CWD, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let mut moved = 0u64;
    // Each round removes one level.
    while remove_level(dir.as_fd(), &mut moved)? {}
    std::fs::remove_dir(path)
}

/// Deletes the content of a directory, and moves the content of its subdirectories into it. Returns true when
/// something is left.
fn remove_level(dir: BorrowedFd<'_>, moved: &mut u64) -> io::Result<bool> {
    let mut left = false;
    for name in names(dir)? {
        if remove_one(dir, &name)? {
            continue;
        }
        let below = open(dir, &*name)?;
        for inner in names(below.as_fd())? {
            if !remove_one(below.as_fd(), &inner)? {
                left = true;
                move_up(below.as_fd(), &inner, dir, moved)?;
            }
        }
        rustix::fs::unlinkat(dir, &*name, AtFlags::REMOVEDIR)?;
    }
    Ok(left)
}

/// Moves a directory into another, under an unused name.
fn move_up(from: BorrowedFd<'_>, name: &CStr, to: BorrowedFd<'_>, moved: &mut u64) -> io::Result<()> {
    loop {
        *moved += 1;
        let fresh = format!(".removed-{moved}");
        match rustix::fs::renameat_with(from, name, to, &fresh, rustix::fs::RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(()),
            Err(Errno::EXIST) => {}
            Err(Errno::ACCESS) => rustix::fs::chmodat(from, name, Mode::RWXU, AtFlags::empty())?,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Deletes a file or an empty directory. Returns false for a directory with content.
fn remove_one(dir: BorrowedFd<'_>, name: &CStr) -> io::Result<bool> {
    match rustix::fs::unlinkat(dir, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(true),
        // Linux returns ISDIR; POSIX specifies PERM.
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    match rustix::fs::unlinkat(dir, name, AtFlags::REMOVEDIR) {
        Ok(()) => Ok(true),
        Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn names(dir: BorrowedFd<'_>) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(dir)? {
        let entry = entry?;
        if !is_dots(entry.file_name()) {
            names.push(entry.file_name().to_owned());
        }
    }
    Ok(names)
}

fn is_dots(name: &CStr) -> bool {
    matches!(name.to_bytes(), b"." | b"..")
}

/// Opens a directory that is not a link. A directory that its owner may not read is made readable.
fn open(dir: impl AsFd, name: impl rustix::path::Arg + Copy) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(&dir, name, flags, Mode::empty()) {
        Err(Errno::ACCESS) => {
            rustix::fs::chmodat(&dir, name, Mode::RWXU, AtFlags::empty())?;
            Ok(rustix::fs::openat(&dir, name, flags, Mode::empty())?)
        }
        opened => Ok(opened?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes nested directories without a path that is too long.
    fn chain(root: &Path, levels: usize, name: &str) {
        let mut dir = open(rustix::fs::CWD, root).unwrap();
        for _ in 0..levels {
            rustix::fs::mkdirat(&dir, name, Mode::RWXU).unwrap();
            let flags = OFlags::CREATE | OFlags::WRONLY;
            drop(rustix::fs::openat(&dir, "file", flags, Mode::RUSR | Mode::WUSR).unwrap());
            dir = open(&dir, name).unwrap();
        }
    }

    #[test]
    fn what_is_deeper_than_any_path_is_measured_or_refused_and_deleted() {
        let root = tempfile::tempdir().unwrap();
        let (flat, deep) = (root.path().join("flat"), root.path().join("deep"));
        std::fs::create_dir(&flat).unwrap();
        std::fs::create_dir(&deep).unwrap();
        // 30 names of 250 bytes are longer than any path may be.
        chain(&flat, 30, &"n".repeat(250));
        std::fs::write(flat.join("seven"), "1234567").unwrap();
        assert_eq!(measure(&flat).unwrap(), Measured { bytes: 7, entries: 61 });
        chain(&deep, 5_000, "d");
        assert!(measure(&deep).is_err());
        for path in [&flat, &deep] {
            remove(path).unwrap();
            assert!(!path.exists());
        }
        assert!(remove(&deep).is_ok(), "a directory that does not exist is deleted already");
    }

    #[test]
    fn copies_and_lists_are_bounded_and_follow_no_link() {
        let root = tempfile::tempdir().unwrap();
        let (from, to) = (root.path().join("from"), root.path().join("to"));
        std::fs::create_dir_all(from.join("a/b")).unwrap();
        std::fs::create_dir(from.join("empty")).unwrap();
        std::fs::write(from.join("a/b/file"), "12345").unwrap();
        std::fs::write(from.join("top"), "1").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", from.join("link")).unwrap();
        let files = |dir: &Path| {
            let found = list(dir, 100).unwrap().into_iter();
            found.map(|file| (file.path.display().to_string(), file.bytes)).collect::<Vec<_>>()
        };
        let expected = vec![("a/b/file".to_owned(), 5), ("top".to_owned(), 1)];
        copy(&from, &to, 100).unwrap();
        assert_eq!((files(&from), files(&to)), (expected.clone(), expected));
        assert!(to.join("empty").is_dir() && !to.join("link").exists());
        assert!(list(&from, 5).is_err() && copy(&from, &root.path().join("more"), 5).is_err());
        // A link in place of a directory of the copy leads nowhere.
        let trap = root.path().join("trap");
        std::fs::create_dir(&trap).unwrap();
        std::os::unix::fs::symlink(&to, trap.join("a")).unwrap();
        assert!(copy(&from, &trap, 100).is_err());
        let deep = root.path().join("deep");
        std::fs::create_dir(&deep).unwrap();
        chain(&deep, 3_000, "d");
        assert!(list(&deep, 1 << 20).is_err() && copy(&deep, &root.path().join("x"), 1 << 20).is_err());
        remove(&deep).unwrap();
    }

    #[test]
    fn what_was_written_last_goes_first() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("dir");
        std::fs::create_dir_all(dir.join("a/b")).unwrap();
        for (name, bytes) in [("first", 400), ("a/second", 400), ("a/b/third", 400), ("fourth", 400)] {
            std::fs::write(dir.join(name), vec![b'x'; bytes]).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        // A time that any program may set does not count.
        let old = std::fs::File::options().write(true).open(dir.join("fourth")).unwrap();
        old.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        let left = || {
            list(&dir, 100)
                .unwrap()
                .into_iter()
                .map(|file| file.path.display().to_string())
                .collect::<Vec<_>>()
        };
        assert!(trim(&dir, 1_600, 100).unwrap());
        assert_eq!(left().len(), 4, "all of it fits");
        assert!(trim(&dir, 1_000, 100).unwrap());
        assert_eq!(left(), ["a/second", "first"]);
        // Two directories and two files.
        assert!(trim(&dir, 1_000, 3).unwrap());
        assert_eq!(left(), ["first"]);
        assert!(!trim(&dir, 1_000, 1).unwrap(), "directories are not told apart");
        assert_eq!(measure(&dir).unwrap(), Measured::default());
        chain(&dir, 200, "d");
        assert!(!trim(&dir, 1_000, 100).unwrap(), "too deep to be measured");
        assert_eq!(measure(&dir).unwrap(), Measured::default());
    }

    #[test]
    fn links_are_deleted_and_not_followed() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("kept/inner")).unwrap();
        std::fs::write(root.path().join("kept/file"), "x").unwrap();
        let dir = root.path().join("dir");
        std::fs::create_dir_all(dir.join("a")).unwrap();
        std::os::unix::fs::symlink("../../kept", dir.join("a/link")).unwrap();
        std::os::unix::fs::symlink("../kept", dir.join("link")).unwrap();
        assert_eq!(measure(&dir).unwrap().entries, 3);
        remove(&dir).unwrap();
        assert!(
            !dir.exists()
                && root.path().join("kept/file").exists()
                && root.path().join("kept/inner").exists()
        );
    }
}
