//! Makes the data directory private to its owner: it holds definitions, outputs and the audit log.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

const DIRECTORY: u32 = 0o700;
const FILE: u32 = 0o600;

/// Makes a data directory, and the files of Stepwell in it, private to its owner. [`make`] creates a
/// directory that does not exist.
///
/// Files that do not belong to Stepwell keep their modes, and so does a directory that has no store and is
/// not empty. A directory of another owner (such as a Kubernetes volume, which belongs to root) stays
/// unchanged. A mode that cannot be changed is logged and is not an error.
pub(crate) fn directory(path: &Path) {
    // Any other directory may be a home directory, or a mistyped one, and stays unchanged.
    let is_empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    if !(path.join(STORE).is_file() || path.join("workers").is_dir() || is_empty()) {
        return;
    }
    tighten(path);
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        // Access to deeper levels requires access to these.
        if entry.file_name().to_str().is_some_and(is_of_stepwell) {
            tighten(&entry.path());
        }
    }
}

/// The file of the store.
const STORE: &str = "stepwell.db";

/// Returns whether Stepwell creates files or directories with this name in a data directory.
fn is_of_stepwell(name: &str) -> bool {
    name.starts_with(STORE)
        || matches!(name, "runs" | "workers" | "components" | "scratch" | "first-api-key" | "secrets.json")
}

/// Creates a directory that only its owner can read, and its missing parents.
pub(crate) fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(DIRECTORY).create(path)
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
            "{}: other users could read it (mode {mode:04o}); the mode is now {wanted:04o}",
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
    fn a_readable_data_directory_becomes_private() {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("new/data");
        make(&dir).unwrap();
        assert_eq!(mode(&dir), 0o700);
        let [old, database, runs, notes] =
            ["old", "old/stepwell.db", "old/runs", "old/notes"].map(|name| place.path().join(name));
        fs::create_dir_all(&runs).unwrap();
        for file in [&database, &notes] {
            fs::write(file, "x").unwrap();
        }
        for (path, loose) in [(&old, 0o755), (&runs, 0o750), (&database, 0o644), (&notes, 0o644)] {
            fs::set_permissions(path, Permissions::from_mode(loose)).unwrap();
        }
        directory(&old);
        assert_eq!([&old, &runs, &database, &notes].map(|path| mode(path)), [0o700, 0o700, 0o600, 0o644]);
        // A home directory, named by mistake.
        let [home, letter] = ["home", "home/letter"].map(|name| place.path().join(name));
        fs::create_dir(&home).unwrap();
        fs::write(&letter, "x").unwrap();
        for (path, loose) in [(&home, 0o755), (&letter, 0o644)] {
            fs::set_permissions(path, Permissions::from_mode(loose)).unwrap();
        }
        directory(&home);
        assert_eq!([&home, &letter].map(|path| mode(path)), [0o755, 0o644]);
    }
}
