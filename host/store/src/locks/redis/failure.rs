//! Errors of Redis, in words of Stepwell.

use redis::{ErrorKind, RedisError};
use stepwell_engine::lock::LockError;

use super::settings::ANSWER;

/// The reason why a request to Redis failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// Redis did not run the request, and may run it later.
    Refused(String),
    /// There was no answer. Redis may have run the request.
    Lost(String),
    /// The same request fails again.
    Broken(String),
    /// Another process changed the locks in the meantime, or time did.
    Conflict,
}

impl Fault {
    pub fn into_error(self) -> LockError {
        match self {
            Self::Refused(why) | Self::Lost(why) => LockError::Unavailable(why),
            Self::Broken(why) => LockError::Failed(why),
            Self::Conflict => LockError::Busy,
        }
    }

    /// Returns the fault of a request that changes nothing: it is as good as refused.
    pub fn of_read(self) -> Self {
        match self {
            Self::Lost(why) => Self::Refused(why),
            other => other,
        }
    }
}

/// The refusals that end by themselves or by an operator, each with its meaning.
const TEMPORARY: &[(&str, &str)] = &[
    ("OOM", "is full: raise its `maxmemory`, or delete other data; locks can be released meanwhile"),
    ("READONLY", "is a read-only replica: name the primary, or wait for the end of the failover"),
    ("NOREPLICAS", "has fewer replicas than `min-replicas-to-write` asks for"),
    ("MASTERDOWN", "is a replica without its primary"),
    ("LOADING", "loads its data after a start"),
    ("CLUSTERDOWN", "is part of a cluster that lacks the node for these locks"),
    ("TRYAGAIN", "moves these locks to another node"),
    ("MOVED", "has moved these locks to another node"),
    ("ASK", "moves these locks to another node"),
    ("UNBLOCKED", "became a replica"),
    ("BUSY", "runs a script of another program for a long time"),
    ("MISCONF", "cannot write its data to the disk; its log has the reason"),
    ("max number of clients reached", "has its maximum number of clients"),
];

/// The refusals that need a change, each with it.
const PERMANENT: &[(&str, &str)] = &[
    ("NOAUTH", "needs a password: add it to the URL, `redis://USER:PASSWORD@HOST`"),
    ("WRONGPASS", "refuses the user or the password of the URL"),
    ("NOPERM", "does not let this user do that: docs/locks.md lists the permissions"),
    ("This instance has cluster support disabled", "is no cluster: remove `cluster=true` from the URL"),
    (
        "WRONGTYPE",
        "has other data under the keys of locks: give the locks another `prefix` or database, or delete that data",
    ),
    (
        "DAMAGED",
        "lost a part of the locks, or another program changed them: release no lock twice, stop those who hold locks, delete the keys of the project, and check `maxmemory-policy`",
    ),
];

/// Describes an error of the library.
pub(super) fn fault(place: &str, error: &RedisError) -> Fault {
    let detail = error.detail().unwrap_or_default();
    if error.is_timeout() {
        return Fault::Lost(format!("{place} did not answer within {} s", ANSWER.as_secs()));
    }
    if error.kind() == ErrorKind::AuthenticationFailed {
        return Fault::Broken(format!("{place} refuses the user or the password of the URL"));
    }
    match (error.code(), error.kind()) {
        (Some(code), _) => refusal(place, code, detail),
        (None, ErrorKind::ClusterConnectionNotFound) => {
            Fault::Refused(format!("{place}: no connection to the node that has these locks"))
        }
        (None, ErrorKind::Io) => Fault::Lost(format!("the connection to {place} ended")),
        (None, _) => Fault::Broken(format!("{place} did not answer as Redis does")),
    }
}

/// Describes a refusal of the server. Before Redis 7, an error within a script has the code `ERR`, and its own code in
/// its text.
fn refusal(place: &str, code: &str, detail: &str) -> Fault {
    let has = |wanted: &str| {
        let words = detail.split([' ', ':']).map(|word| word.trim_start_matches('-'));
        code == wanted
            || code == "ERR" && (words.into_iter().any(|word| word == wanted) || detail.starts_with(wanted))
    };
    if let Some((_, meaning)) = TEMPORARY.iter().find(|(known, _)| has(known)) {
        return Fault::Refused(format!("{place} {meaning}"));
    }
    let Some((known, meaning)) = PERMANENT.iter().find(|(known, _)| has(known)) else {
        let code: String = code.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
        return Fault::Broken(format!("{place} refuses the request with the error {code}"));
    };
    // The texts of our own scripts.
    let which = if *known == "DAMAGED" { format!(": {}", own(detail)) } else { String::new() };
    Fault::Broken(format!("{place} {meaning}{which}"))
}

/// Returns the text that a script of Stepwell gave to its error, without the additions of Redis.
fn own(detail: &str) -> String {
    let detail = detail.rsplit("DAMAGED ").next().unwrap_or(detail);
    let detail = detail.split(" script: ").next().unwrap_or(detail);
    detail.chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_a_meaning_in_every_version_of_redis() {
        let of = |code: &str, detail: &str| refusal("redis://h", code, detail);
        for (code, detail, expected) in [
            ("OOM", "command not allowed when used memory > 'maxmemory'.", "is full"),
            (
                "ERR",
                "Error running script (call to f_12): @user_script:3: -OOM command not allowed",
                "is full",
            ),
            ("ERR", "Error running script: @user_script: 5: -READONLY You can't write", "read-only replica"),
            ("READONLY", "You can't write against a read only replica.", "read-only replica"),
            ("NOREPLICAS", "Not enough good replicas to write.", "min-replicas-to-write"),
            ("MASTERDOWN", "Link with MASTER is down", "without its primary"),
            ("ERR", "max number of clients reached", "its maximum number of clients"),
        ] {
            let Fault::Refused(why) = of(code, detail) else { panic!("{code} {detail}") };
            assert!(why.starts_with("redis://h ") && why.contains(expected), "{why}");
        }
        for (code, detail, expected) in [
            ("WRONGPASS", "invalid username-password pair", "refuses the user"),
            (
                "ERR",
                "Error running script: @user_script: 7: WRONGTYPE Operation against",
                "under the keys of locks",
            ),
            ("NOPERM", "this user has no permissions", "permissions"),
            (
                "DAMAGED",
                "the ticket t1 is missing in {s:p}:tickets script: 12, on @user_script:1.",
                ": the ticket t1 is missing in {s:p}:tickets",
            ),
            ("ERR", "unknown command 'EVAL' with args: s3cret", "with the error ERR"),
        ] {
            let Fault::Broken(why) = of(code, detail) else { panic!("{code} {detail}") };
            assert!(why.contains(expected) && !why.contains("s3cret") && !why.contains("script:"), "{why}");
        }
    }
}
