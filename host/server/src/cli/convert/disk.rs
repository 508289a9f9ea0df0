//! Changes of files: each is whole or has not happened, also after a crash.

use std::fs::{self, File, Permissions};
use std::io::{Error, ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use stepwell::engine::document::MAX_BYTES;
use stepwell::engine::system::read_file;

/// Returns the SHA-256 of a content, in hexadecimal.
pub(super) fn digest(content: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(content))
}

/// A file as it is.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub bytes: Vec<u8>,
    /// The permission bits.
    pub mode: u32,
}

impl Content {
    pub fn digest(&self) -> String {
        digest(&self.bytes)
    }
}

/// Reads a file, or returns `None` when there is none. A symbolic link is refused, because a change would replace the
/// link or the file behind it.
pub(super) fn content(path: &Path) -> Result<Option<Content>, Error> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if found.is_symlink() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is a symbolic link"));
    }
    let mode = found.permissions().mode() & 0o777;
    Ok(Some(Content { bytes: read_file(path, MAX_BYTES)?, mode }))
}

/// Writes a file as a whole: first below `temporary`, in the same file system, then under its name.
pub(super) fn write(temporary: &Path, path: &Path, content: &[u8], mode: u32) -> Result<(), Error> {
    let mut file = tempfile::NamedTempFile::new_in(temporary)?;
    file.write_all(content)?;
    file.as_file().set_permissions(Permissions::from_mode(mode & 0o777))?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_parent(path)
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Err(_) => Ok(()),
        Ok(()) => sync_parent(path),
    }
}

/// Makes the change of a directory durable.
fn sync_parent(path: &Path) -> Result<(), Error> {
    match path.parent() {
        Some(parent) => {
            File::open(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })?.sync_all()
        }
        None => Ok(()),
    }
}

/// Returns the path below a directory. A relative path that leaves the directory is refused, and so is one that goes
/// through a symbolic link.
pub(super) fn below(dir: &Path, relative: &str) -> Result<PathBuf, Error> {
    let refused = |why: &str| Error::new(ErrorKind::InvalidInput, format!("{relative}: {why}"));
    let mut path = dir.to_owned();
    let mut parts = Path::new(relative).components().peekable();
    if parts.peek().is_none() {
        return Err(refused("the path is empty"));
    }
    while let Some(part) = parts.next() {
        let Component::Normal(name) = part else {
            return Err(refused("the path leaves its folder"));
        };
        path.push(name);
        let is_link = fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink());
        if is_link && parts.peek().is_some() {
            return Err(refused("a folder of the path is a symbolic link"));
        }
    }
    Ok(path)
}

/// Returns the folders above a file that are missing, relative to `dir`, the outermost first.
pub(super) fn missing_folders(dir: &Path, relative: &str) -> Vec<String> {
    let parents: Vec<&Path> = Path::new(relative).ancestors().skip(1).collect();
    let missing = |parent: &&Path| !parent.as_os_str().is_empty() && !dir.join(parent).exists();
    parents.into_iter().rev().filter(missing).map(|parent| parent.display().to_string()).collect()
}

/// Creates the folders above a file.
pub(super) fn create_folders(dir: &Path, relative: &str) -> Result<(), Error> {
    for folder in missing_folders(dir, relative) {
        let path = dir.join(folder);
        fs::create_dir(&path)?;
        sync_parent(&path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_their_folder() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/tmp", dir.path().join("out")).unwrap();
        for (relative, fine) in [
            ("a.yaml", true),
            ("b/a.yaml", true),
            ("../a", false),
            ("/etc/x", false),
            ("out/x", false),
            ("", false),
        ] {
            assert_eq!(below(dir.path(), relative).is_ok(), fine, "{relative}");
        }
        assert!(content(&dir.path().join("out")).is_err());
        assert!(content(&dir.path().join("none")).unwrap().is_none());
    }

    #[test]
    fn a_file_is_replaced_with_its_permissions() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(missing_folders(dir.path(), "a/b/c.yaml"), ["a", "a/b"]);
        create_folders(dir.path(), "a/b/c.yaml").unwrap();
        assert!(missing_folders(dir.path(), "a/b/c.yaml").is_empty());
        let path = below(dir.path(), "a/b/c.yaml").unwrap();
        write(dir.path(), &path, b"x", 0o640).unwrap();
        let found = content(&path).unwrap().unwrap();
        assert_eq!((found.bytes.as_slice(), found.mode), (&b"x"[..], 0o640));
        remove(&path).unwrap();
        remove(&path).unwrap();
    }
}
