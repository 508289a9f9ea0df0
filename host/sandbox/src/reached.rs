//! The last limit that an attempt reached, if the guest gets an error and continues.
//!
//! A guest that handles a full disk and succeeds has succeeded. A guest that fails is reported as over that
//! limit: the host knows which limit it was, and the guest may not report it. A limit is forgotten when the
//! same operation works again.

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use stepwell_engine::system::without_number;
use stepwell_engine::{FailureKind, Outcome};

/// The resource of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// Bytes of files.
    Space,
    /// Names of files and directories.
    Names,
    /// Open files and directories.
    Open,
    /// The rows, bytes or time of a statement.
    Statement,
    /// The resources of a program.
    Program,
    /// Requests and their bodies.
    Request,
    /// The data that the step stores in its run.
    Context,
    /// A file of the workspace that another branch writes.
    Conflict,
}

#[derive(Debug)]
struct Refusal {
    of: Of,
    limit: &'static str,
    message: String,
    /// The refused amount.
    wanted: u64,
}

/// The last reached limit, shared by all checks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reached(Arc<Mutex<Option<Refusal>>>);

impl Reached {
    fn last(&self) -> MutexGuard<'_, Option<Refusal>> {
        self.0.lock()
    }

    /// Records that `limit` refused `wanted`, with its message.
    pub fn refused(&self, of: Of, limit: &'static str, message: String, wanted: u64) {
        let mut last = self.last();
        if !last.as_ref().is_some_and(|refusal| refusal.of == Of::Conflict) {
            *last = Some(Refusal { of, limit, message, wanted });
        }
    }

    /// Records that another branch writes the same file, with a message. The attempt then fails with it, also if
    /// the guest succeeds: its file is not there.
    pub fn conflicting(&self, message: String) {
        *self.last() = Some(Refusal { of: Of::Conflict, limit: "", message, wanted: 0 });
    }

    /// Records that an operation of this size worked.
    pub fn granted(&self, of: Of, got: u64) {
        let mut last = self.last();
        if last.as_ref().is_some_and(|refusal| refusal.of == of && got >= refusal.wanted) {
            *last = None;
        }
    }

    /// Explains the end of an attempt that failed by its own report. Unchanged if no limit explains it.
    pub fn explain(&self, outcome: Outcome) -> Outcome {
        let last = self.last();
        let Some(refusal) = last.as_ref() else { return outcome };
        if refusal.of == Of::Conflict {
            let message = refusal.message.clone();
            return Outcome::Failed { kind: FailureKind::Failed, message, retryable: false };
        }
        let over = |message| Outcome::OverLimit { limit: refusal.limit.to_owned(), message };
        match &outcome {
            Outcome::Failed { kind, message, .. } if refusal.fits(*kind) => over(refusal.with(message)),
            Outcome::Trapped { trap, .. } => over(refusal.with(trap)),
            _ => outcome,
        }
    }
}

impl Refusal {
    /// Returns whether the limit may cause a failure of that kind.
    fn fits(&self, kind: FailureKind) -> bool {
        let over = Outcome::OverLimit { limit: self.limit.to_owned(), message: String::new() };
        match kind {
            FailureKind::Failed => true,
            FailureKind::TimedOut => over.is_over_time() || self.limit == "wall",
            FailureKind::Denied | FailureKind::Unavailable => self.of == Of::Request,
            _ => false,
        }
    }

    /// Returns the limit's message, with the guest's message if that says more.
    fn with(&self, said: &str) -> String {
        let said = without_number(said);
        match &self.message {
            known if said.is_empty() || known.contains(&said) => known.clone(),
            known if said.contains(known) => said,
            known => format!("{known} (the step says: {said})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(kind: FailureKind, message: &str) -> Outcome {
        Outcome::Failed { kind, message: message.to_owned(), retryable: false }
    }

    fn ended_as(reached: &Reached, outcome: Outcome) -> String {
        let outcome = reached.explain(outcome);
        format!("{}: {}", outcome.class(), outcome.message())
    }

    #[test]
    fn a_failure_is_explained_by_the_limit_that_was_refused_last() {
        let reached = Reached::default();
        let ends = |kind, said: &str| ended_as(&reached, failed(kind, said));
        assert_eq!(ends(FailureKind::Failed, "no"), "failed: no");
        reached.refused(Of::Statement, "sql_rows", "more than 7 rows".to_owned(), 1);
        reached.refused(Of::Space, "file_bytes", "/out is full".to_owned(), 100);
        let raise = "raise `limits.file_bytes` in the policy";
        for (kind, said, expected) in [
            (
                FailureKind::Failed,
                "Disk quota exceeded (os error 19)",
                format!("over_limit: /out is full (the step says: Disk quota exceeded); {raise}"),
            ),
            (FailureKind::Failed, "x: /out is full", format!("over_limit: x: /out is full; {raise}")),
            (FailureKind::Failed, "full", format!("over_limit: /out is full; {raise}")),
            // A guest's message about another problem stays unchanged.
            (FailureKind::Unavailable, "down", "failed: down".to_owned()),
            (FailureKind::NotFound, "gone", "failed: gone".to_owned()),
            (FailureKind::InvalidConfig, "wrong", "failed: wrong".to_owned()),
            (FailureKind::Denied, "denied", "failed: denied".to_owned()),
            (FailureKind::TimedOut, "late", "failed: late".to_owned()),
            (FailureKind::Cancelled, "seen", "failed: seen".to_owned()),
        ] {
            assert_eq!(ends(kind, said), expected, "{kind:?}");
        }
        let trapped =
            Outcome::Trapped { trap: "it panicked: Os { code: 19 }".to_owned(), backtrace: Vec::new() };
        assert!(
            ended_as(&reached, trapped).starts_with("over_limit: /out is full (the step says: it panicked")
        );
        assert_eq!(ended_as(&reached, Outcome::Succeeded), "succeeded: ");
        assert_eq!(ended_as(&reached, Outcome::Cancelled), "cancelled: cancelled");
    }

    #[test]
    fn a_file_of_another_branch_fails_the_attempt_whatever_the_guest_says() {
        let reached = Reached::default();
        reached.conflicting("WORKSPACE_CONFLICT: x".to_owned());
        reached.refused(Of::Space, "file_bytes", "full".to_owned(), 100);
        for outcome in [
            Outcome::Succeeded,
            failed(FailureKind::Failed, "no"),
            failed(FailureKind::Denied, "resource busy"),
            Outcome::Trapped { trap: "it panicked".to_owned(), backtrace: Vec::new() },
        ] {
            assert_eq!(ended_as(&reached, outcome), "failed: WORKSPACE_CONFLICT: x");
        }
    }

    #[test]
    fn what_works_again_is_forgotten() {
        for (of, got, forgotten) in [
            (Of::Space, 100, true),
            (Of::Space, 1_000, true),
            // A few bytes fit into the rest.
            (Of::Space, 99, false),
            (Of::Names, 100, false),
            (Of::Program, 100, false),
        ] {
            let reached = Reached::default();
            reached.refused(Of::Space, "file_bytes", "full".to_owned(), 100);
            reached.granted(of, got);
            let end = ended_as(&reached, failed(FailureKind::Failed, "no"));
            assert_eq!(end == "failed: no", forgotten, "{of:?} {got}: {end}");
        }
    }

    #[test]
    fn a_time_explains_what_ran_out_of_time() {
        let reached = Reached::default();
        let message = "the statement ran longer than its timeout, and was stopped after 10s";
        reached.refused(Of::Statement, "sql_timeout", message.to_owned(), 1);
        let said = "the statement ran longer than its timeout, and was stopped";
        let expected = format!("over_limit: {message}; raise `limits.sql_timeout` in the policy");
        assert_eq!(ended_as(&reached, failed(FailureKind::TimedOut, said)), expected);
    }
}
