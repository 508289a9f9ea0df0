//! Files that belong only to this user, so that their content is trusted.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use tempfile::NamedTempFile;

/// Writes a file that only this user can read, in place of an existing one. A process that dies meanwhile, or a
/// machine that loses power, leaves the old file or the new one, never a part.
///
/// # Errors
/// Fails when the file cannot be written. The old file then stays.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    written(path, content)?.persist(path).map_err(|error| error.error)?;
    File::open(directory(path))?.sync_all()
}

/// Writes a file that only this user can read, as [`replace`] does. Fails with [`ErrorKind::AlreadyExists`] when the
/// file exists.
///
/// # Errors
/// Fails when the file exists, or cannot be written.
pub fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    written(path, content)?.persist_noclobber(path).map_err(|error| error.error)?;
    File::open(directory(path))?.sync_all()
}

/// Returns a temporary file with this content, on disk, in the directory of `path`.
fn written(path: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    let file = filled(path, content)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn filled(path: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(".")
        .suffix(".tmp")
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(directory(path))?;
    file.write_all(content)?;
    Ok(file)
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Writes a file for this user only, completely or not at all. After a loss of power it may be damaged: for files whose
/// content is checked.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    filled(path, content)?.persist(path).map(drop).map_err(|error| error.error)
}

pub(crate) fn read_or_make_key(path: &Path) -> io::Result<[u8; 32]> {
    if !path.exists() {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        match create(path, &key) {
            // Another process has made a key at the same time, and both read it.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => created?,
        }
    }
    let mut key = [0; 32];
    open_own(path)?.read_exact(&mut key)?;
    Ok(key)
}

/// Opening a link fails.
pub(crate) const NO_LINKS: i32 = OFlags::NOFOLLOW.bits().cast_signed();

/// Opens a file that belongs to this user and that others cannot write to.
pub(crate) fn open_own(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(NO_LINKS).open(path)?;
    let found = file.metadata()?;
    let own = found.is_file() && found.uid() == rustix::process::geteuid().as_raw();
    match own && found.mode() & 0o022 == 0 {
        true => Ok(file),
        false => Err(io::Error::other(format!("{} is not a file of this user's alone", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn a_reader_sees_the_old_file_or_the_new_one() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("file");
        let contents = [vec![b'a'; 100_000], vec![b'b'; 50_000]];
        replace(&path, &contents[0]).unwrap();
        let mut old = File::open(&path).unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for number in 0..40 {
                    replace(&path, &contents[(number + 1) % 2]).unwrap();
                }
            });
            while !writer.is_finished() {
                assert!(contents.contains(&fs::read(&path).unwrap()));
            }
        });
        let mut text = Vec::new();
        old.read_to_end(&mut text).unwrap();
        assert_eq!(text, contents[0], "a file that is open stays as it was");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(names(place.path()), ["file"], "nothing else stays");
    }

    #[test]
    fn a_file_is_created_once_and_whole() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("file");
        let made: Vec<bool> = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..8u8)
                .map(|number| {
                    let path = &path;
                    scope.spawn(move || {
                        let created = create(path, &vec![number; 10_000]);
                        let found = fs::read(path).unwrap();
                        assert!(found.len() == 10_000 && found.iter().all(|byte| *byte == found[0]));
                        if let Err(error) = &created {
                            assert_eq!(error.kind(), ErrorKind::AlreadyExists);
                        }
                        created.is_ok()
                    })
                })
                .collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        assert_eq!(made.iter().filter(|made| **made).count(), 1);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(names(place.path()), ["file"], "nothing else stays");
    }

    #[test]
    fn a_replaced_file_that_others_could_read_becomes_private() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("file");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(
            (fs::metadata(&path).unwrap().mode() & 0o777, fs::read(&path).unwrap()),
            (0o600, b"new".to_vec())
        );
    }
}
