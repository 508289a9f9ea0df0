//! Errors of the operating system in plain language.

use std::io::{Error, ErrorKind};

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
}
