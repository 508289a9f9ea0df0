//! Files that belong only to this user, so that their content is trusted.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// Writes a file for this user only, completely or not at all.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut unique = [0; 8];
    getrandom::fill(&mut unique).map_err(std::io::Error::other)?;
    let temporary = path.with_extension(format!("{:016x}.tmp", u64::from_le_bytes(unique)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(content)?;
    drop(file);
    fs::rename(temporary, path)
}

pub(crate) fn read_or_make_key(path: &Path) -> std::io::Result<[u8; 32]> {
    if !path.exists() {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(std::io::Error::other)?;
        // Two processes may do this at once: the first link wins, and both read it.
        let temporary = path.with_extension(format!("{}", std::process::id()));
        write_private(&temporary, &key)?;
        let linked = fs::hard_link(&temporary, path);
        fs::remove_file(&temporary)?;
        match linked {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    let mut key = [0; 32];
    open_own(path)?.read_exact(&mut key)?;
    Ok(key)
}

/// Opening a link fails.
pub(crate) const NO_LINKS: i32 = OFlags::NOFOLLOW.bits().cast_signed();

/// Opens a file that belongs to this user and that others cannot write to.
pub(crate) fn open_own(path: &Path) -> std::io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(NO_LINKS).open(path)?;
    let found = file.metadata()?;
    let own = found.is_file() && found.uid() == rustix::process::geteuid().as_raw();
    match own && found.mode() & 0o022 == 0 {
        true => Ok(file),
        false => Err(std::io::Error::other(format!("{} is not a file of this user's alone", path.display()))),
    }
}
