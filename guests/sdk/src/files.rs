//! Plain-English messages for file errors.

use std::io::{Error, ErrorKind};

/// The WASI error code for a path outside every mount.
const NOT_CAPABLE: i32 = 76;
/// The WASI error codes for a limit that is reached, for a failed stream, and for a full disk.
const QUOTA: i32 = 19;
const STREAM: i32 = 29;
const NO_SPACE: i32 = 51;

/// Explains why a file operation failed, without the system's error number.
pub fn why(error: &Error) -> String {
    match (error.kind(), error.raw_os_error()) {
        (ErrorKind::NotFound, _) => {
            "there is no such file or directory; a mount of the policy (`files`) must hold it".to_owned()
        }
        (_, Some(NOT_CAPABLE)) => "it is outside of the mounts that policy grants (`files`)".to_owned(),
        (ErrorKind::PermissionDenied, Some(_)) => "policy does not grant it (`files`)".to_owned(),
        (_, Some(QUOTA)) => {
            "a limit of policy is reached: the size of the mount, or the number of files (`files`, `limits`)"
                .to_owned()
        }
        (_, Some(STREAM)) => {
            "reading or writing failed; the size that policy grants its mount may be used up (`files`)"
                .to_owned()
        }
        (_, Some(NO_SPACE)) => "the disk of the service is full: its operator frees space there".to_owned(),
        (kind, Some(_)) => kind.to_string(),
        (_, None) => error.to_string(),
    }
}

/// Explains an error in which a library wrapped a file error. The system's message is in its source or in its
/// text.
pub fn said(error: &(dyn std::error::Error + 'static)) -> String {
    let mut inner = Some(error);
    while let Some(found) = inner {
        if let Some(of_file) = found.downcast_ref::<Error>().filter(|found| found.raw_os_error().is_some()) {
            return why(of_file);
        }
        inner = match found.downcast_ref::<Error>().and_then(Error::get_ref) {
            Some(within) => Some(within),
            None => found.source(),
        };
    }
    plain(&error.to_string())
}

/// The prefixes that libraries put before their messages.
const PREFIXES: &[&str] =
    &["Parquet error: ", "Arrow error: ", "Arrow: ", "External: ", "IO error: ", "Io error: "];

/// Removes the system's error numbers and the library prefixes from a message.
pub fn plain(text: &str) -> String {
    let mut rest = text;
    while let Some(bare) = PREFIXES.iter().find_map(|prefix| rest.strip_prefix(prefix)) {
        rest = bare;
    }
    let mut plain = rest.to_owned();
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
    fn no_number_of_the_system_is_shown() {
        for error in [
            Error::from_raw_os_error(2),
            Error::from_raw_os_error(13),
            Error::from_raw_os_error(28),
            Error::from_raw_os_error(NOT_CAPABLE),
            Error::from_raw_os_error(QUOTA),
            Error::from_raw_os_error(STREAM),
        ] {
            assert!(!why(&error).contains("os error"), "{}", why(&error));
        }
        assert_eq!(why(&Error::other("half of a file")), "half of a file");
        let wrapped = Error::other(Error::from_raw_os_error(28));
        let text = Error::other(format!("line 3: {}; again", Error::from_raw_os_error(28)));
        assert_eq!(said(&wrapped), why(&Error::from_raw_os_error(28)));
        assert!(said(&text).starts_with("line 3: ") && said(&text).ends_with("; again"), "{}", said(&text));
        assert!(!said(&text).contains("os error"), "{}", said(&text));
    }
}
