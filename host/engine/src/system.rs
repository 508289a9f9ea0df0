//! Errors of the operating system in plain language, and files with a maximum size.

use std::fs::{File, Metadata};
use std::io::{Error, ErrorKind, Read};
use std::path::Path;

/// Linux's error number for a process that has too many open files. No `ErrorKind` covers it.
const TOO_MANY_OPEN: i32 = 24;

/// Returns why an operation failed and, where known, the fix, without the error number of the system.
pub fn why(error: &Error) -> String {
    let advice = match error.kind() {
        ErrorKind::StorageFull => "free space there",
        ErrorKind::QuotaExceeded => "raise the quota of this user, or free space",
        ErrorKind::ReadOnlyFilesystem => "mount it writable, or name another place",
        ErrorKind::PermissionDenied => "give this user the right to it",
        ErrorKind::AddrInUse => "stop what uses it, or name another address",
        ErrorKind::OutOfMemory => "the machine has no memory left for it",
        _ if error.raw_os_error() == Some(TOO_MANY_OPEN) => {
            "raise the limit of open files of this process (`ulimit -n`, `LimitNOFILE`)"
        }
        _ => "",
    };
    let plain = without_number(&error.to_string());
    if advice.is_empty() || error.raw_os_error().is_none() { plain } else { format!("{plain}: {advice}") }
}

/// The maximum size of a file of certificates, in bytes: many times that of a whole system's.
pub const MAX_CERTIFICATES: usize = 16 << 20;

/// Reads a regular file of at most `most` bytes. It never reads more than one byte beyond them, and never waits for
/// a pipe or a device.
///
/// # Errors
/// Fails when the file cannot be read, is not a regular file, or is larger.
pub fn read_file(path: &Path, most: usize) -> Result<Vec<u8>, Error> {
    let check = |found: &Metadata| match found.is_file() {
        _ if found.is_dir() => Err(Error::from(ErrorKind::IsADirectory)),
        false => {
            Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file: copy its content into one"))
        }
        true if found.len() > most as u64 => Err(too_large(most)),
        true => Ok(()),
    };
    // Opening a pipe waits for its writer, so the check comes before and after.
    check(&std::fs::metadata(path)?)?;
    let file = File::open(path)?;
    let found = file.metadata()?;
    check(&found)?;
    // A buffer that never grows leaves no second copy of a secret in memory.
    let size = usize::try_from(found.len()).unwrap_or(most);
    read_into(Vec::with_capacity(size.saturating_add(1)), file, most)
}

/// Reads at most `most` bytes to the end, as from standard input, or from a file that may be a pipe.
///
/// # Errors
/// Fails when it cannot be read, or is larger.
pub fn read_bounded(from: impl Read, most: usize) -> Result<Vec<u8>, Error> {
    read_into(Vec::new(), from, most)
}

fn read_into(mut bytes: Vec<u8>, from: impl Read, most: usize) -> Result<Vec<u8>, Error> {
    from.take((most as u64).saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() > most { Err(too_large(most)) } else { Ok(bytes) }
}

/// Reads a regular file of text, as [`read_file`] does.
///
/// # Errors
/// Fails as [`read_file`] does, and when the file is not UTF-8.
pub fn read_text(path: &Path, most: usize) -> Result<String, Error> {
    text_of(read_file(path, most)?)
}

/// Returns bytes as text.
///
/// # Errors
/// Fails when they are not UTF-8.
pub fn text_of(bytes: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|_| Error::new(ErrorKind::InvalidData, "it is not text in UTF-8"))
}

fn too_large(most: usize) -> Error {
    Error::new(ErrorKind::FileTooLarge, format!("it is larger than {most} bytes, the limit"))
}

/// Removes the error numbers of the system from a text.
pub fn without_number(text: &str) -> String {
    let mut plain = text.to_owned();
    while let Some(start) = plain.find(" (os error ") {
        let Some(end) = plain.get(start..).and_then(|rest| rest.find(')')) else { break };
        plain.replace_range(start..=start + end, "");
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_of_the_system_is_shown_and_what_to_do_is() {
        for (number, expected) in [
            (2, "No such file or directory"),
            (21, "Is a directory"),
            (13, "Permission denied: give this user the right to it"),
            (28, "No space left on device: free space there"),
            (30, "Read-only file system: mount it writable, or name another place"),
            (98, "Address already in use: stop what uses it, or name another address"),
            (
                24,
                "Too many open files: raise the limit of open files of this process (`ulimit -n`, `LimitNOFILE`)",
            ),
            (5, "Input/output error"),
        ] {
            assert_eq!(why(&Error::from_raw_os_error(number)), expected);
        }
        assert_eq!(why(&Error::other("a link leads out of it")), "a link leads out of it");
        let nested = format!("line 3: {}; again", Error::from_raw_os_error(28));
        assert_eq!(without_number(&nested), "line 3: No space left on device; again");
        assert_eq!(without_number("cut (os error 2"), "cut (os error 2");
    }

    #[test]
    fn a_file_is_read_within_its_limit() {
        let error = |path: &str, most| why(&read_file(Path::new(path), most).unwrap_err());
        for device in ["/dev/zero", "/dev/null", "/proc/self/fd"] {
            let found = error(device, 10);
            assert!(found.contains("not a regular file") || found.contains("irectory"), "{device}: {found}");
        }
        // A file of the system has the size 0, and content.
        assert_eq!(error("/proc/self/environ", 0), "it is larger than 0 bytes, the limit");
        assert_eq!(error("/proc/version", 3), "it is larger than 3 bytes, the limit");
        assert!(read_text(Path::new("/proc/version"), 10_000).unwrap().starts_with("Linux"));
        assert!(read_bounded(std::io::repeat(1), 100).is_err());
        assert_eq!(read_bounded(&b"four"[..], 4).unwrap(), b"four");
        assert!(text_of(vec![0xff]).is_err());
    }
}
