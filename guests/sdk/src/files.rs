//! Errors of files in plain words.

use std::io::{Error, ErrorKind};

/// The error code of WASI for a path that is in no mount.
const NOT_CAPABLE: i32 = 76;

/// Why an operation on a file failed, without the error number of the system.
pub fn why(error: &Error) -> String {
    match (error.kind(), error.raw_os_error()) {
        (ErrorKind::NotFound, _) => {
            "there is no such file or directory; a mount of the policy (`files`) must hold it".to_owned()
        }
        (_, Some(NOT_CAPABLE)) => "it is outside of the mounts that policy grants (`files`)".to_owned(),
        (ErrorKind::PermissionDenied, Some(_)) => "policy does not grant it (`files`)".to_owned(),
        (kind, Some(_)) => kind.to_string(),
        (_, None) => error.to_string(),
    }
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
        ] {
            assert!(!why(&error).contains("os error"), "{}", why(&error));
        }
        assert_eq!(why(&Error::other("half of a file")), "half of a file");
    }
}
