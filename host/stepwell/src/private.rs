//! The data directory is for its owner alone: it holds definitions, outputs and the audit log.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

const DIRECTORY: u32 = 0o700;
const FILE: u32 = 0o600;

/// Takes the rights of others to a directory, and to what is in it, away; one that is not there is made private by
/// [`make`] later.
///
/// A directory that belongs to somebody else (a volume of Kubernetes is root's) stays as it is. What cannot be changed
/// is logged, and stops nothing.
pub(crate) fn directory(path: &Path) {
    tighten(path);
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        // What is further below can be reached through these only.
        tighten(&entry.path());
    }
}

/// Makes a directory for its owner alone, with those above it, where there is none.
pub(crate) fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(DIRECTORY).create(path)
}

/// Writes a file for its owner alone, in place of one that is there.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn tighten(path: &Path) {
    let Ok(found) = fs::symlink_metadata(path) else { return };
    let wanted = if found.is_dir() { DIRECTORY } else { FILE };
    let mode = found.permissions().mode() & 0o777;
    if found.is_symlink()
        || mode & 0o077 == 0
        || fs::metadata("/proc/self").is_ok_and(|me| me.uid() != found.uid())
    {
        return;
    }
    match fs::set_permissions(path, Permissions::from_mode(wanted)) {
        Ok(()) => tracing::warn!(
            "{}: other users could read it (mode {mode:04o}); the mode is {wanted:04o} now",
            path.display()
        ),
        Err(error) => {
            tracing::warn!("{}: other users can read it (mode {mode:04o}): {error}", path.display())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_others_could_read_is_for_the_owner_alone_afterwards() {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("new/data");
        make(&dir).unwrap();
        assert_eq!(mode(&dir), 0o700);
        let (old, database, runs) =
            (place.path().join("old"), place.path().join("old/db"), place.path().join("old/runs"));
        fs::create_dir_all(&runs).unwrap();
        fs::write(&database, "x").unwrap();
        for (path, loose) in [(&old, 0o755), (&runs, 0o750), (&database, 0o644)] {
            fs::set_permissions(path, Permissions::from_mode(loose)).unwrap();
        }
        directory(&old);
        assert_eq!((mode(&old), mode(&runs), mode(&database)), (0o700, 0o700, 0o600));
    }

    #[test]
    fn a_file_is_made_for_the_owner_alone() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("key");
        write(&path, "one").unwrap();
        write(&path, "two").unwrap();
        assert_eq!((mode(&path), fs::read_to_string(&path).unwrap().as_str()), (0o600, "two"));
    }
}
