//! The rules of policy, each with a stable id.

use std::fmt;

use serde::{Serialize, Serializer};

use super::capability::Capability;

macro_rules! rules {
    ($($(#[doc = $doc:literal])* $name:ident = $id:literal, $capability:expr;)*) => {
        /// The reason for a denial. The id appears in logs, receipts, outcomes and messages, and
        /// never changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule {
            $($(#[doc = $doc])* $name,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the id, for instance `SQL_NOT_GRANTED`.
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)*
                }
            }

            /// Returns the capability of the rule. `None` when the rule is about the step as a whole.
            pub const fn capability(self) -> Option<Capability> {
                match self {
                    $(Self::$name => $capability,)*
                }
            }

            /// Returns one sentence that says when the rule denies.
            pub fn meaning(self) -> String {
                let lines: &[&str] = match self {
                    $(Self::$name => &[$($doc,)*],)*
                };
                joined(lines)
            }
        }
    };
}

rules! {
    /// No component has the step type.
    StepTypeUnknown = "STEP_TYPE_UNKNOWN", None;
    /// The configuration disables the step type.
    StepTypeDisabled = "STEP_TYPE_DISABLED", None;
    /// The policy or the configuration pins another component for the step type.
    ComponentNotPinned = "COMPONENT_NOT_PINNED", None;
    /// The configuration of the step differs from the approved one.
    ApprovalOutdated = "APPROVAL_OUTDATED", None;
    /// No rule allows the request.
    HttpNotGranted = "HTTP_NOT_GRANTED", Some(Capability::Http);
    /// `deny.hosts` names the host.
    HttpHostDenied = "HTTP_HOST_DENIED", Some(Capability::Http);
    /// Two rules allow the request with different credentials.
    HttpAmbiguous = "HTTP_AMBIGUOUS", Some(Capability::Http);
    /// A server may obey the header instead of the request itself, and no rule lists it.
    HttpHeaderNotGranted = "HTTP_HEADER_NOT_GRANTED", Some(Capability::Http);
    /// The name resolves to an address outside of the public internet, and the rule does not list it.
    HttpAddressNotPublic = "HTTP_ADDRESS_NOT_PUBLIC", Some(Capability::Http);
    /// The step has sent as many requests as a rule or its limits allow.
    HttpTooManyRequests = "HTTP_TOO_MANY_REQUESTS", Some(Capability::Http);
    /// No rule names the connection.
    SqlNotGranted = "SQL_NOT_GRANTED", Some(Capability::Sql);
    /// The statement changes data, and the connection is granted with `mode: read`.
    SqlWriteNotGranted = "SQL_WRITE_NOT_GRANTED", Some(Capability::Sql);
    /// The mode of the grant does not cover the action of the statement.
    SqlActionNotGranted = "SQL_ACTION_NOT_GRANTED", Some(Capability::Sql);
    /// The gate refuses the statement in every mode, or in the mode of the grant.
    SqlStatementNotGranted = "SQL_STATEMENT_NOT_GRANTED", Some(Capability::Sql);
    /// The call holds several statements, and the rule has no `scripts: true`.
    SqlScriptNotGranted = "SQL_SCRIPT_NOT_GRANTED", Some(Capability::Sql);
    /// The statement left the role of the connection, or changed how the session reads strings.
    SqlRoleLeft = "SQL_ROLE_LEFT", Some(Capability::Sql);
    /// The path is outside of every mount.
    FilesNotGranted = "FILES_NOT_GRANTED", Some(Capability::Files);
    /// The path leaves its mount, by `..` or by a link.
    FilesOutsideMount = "FILES_OUTSIDE_MOUNT", Some(Capability::Files);
    /// The mount has `access: read`.
    FilesWriteNotGranted = "FILES_WRITE_NOT_GRANTED", Some(Capability::Files);
    /// No rule names the program.
    ProcessNotGranted = "PROCESS_NOT_GRANTED", Some(Capability::Process);
    /// No pattern matches the argument.
    ProcessArgumentNotGranted = "PROCESS_ARGUMENT_NOT_GRANTED", Some(Capability::Process);
    /// The rule does not list the environment variable.
    ProcessEnvironmentNotGranted = "PROCESS_ENVIRONMENT_NOT_GRANTED", Some(Capability::Process);
    /// The name of a file for the program is invalid.
    ProcessFileNotGranted = "PROCESS_FILE_NOT_GRANTED", Some(Capability::Process);
    /// The working directory is not in a mount.
    ProcessDirectoryNotGranted = "PROCESS_DIRECTORY_NOT_GRANTED", Some(Capability::Process);
    /// The machine does not enforce every bound of programs, and the rule has no `allow_weaker: true`.
    ProcessBoundsWeaker = "PROCESS_BOUNDS_WEAKER", Some(Capability::Process);
    /// Policy grants no environment variables.
    EnvironmentNotGranted = "ENVIRONMENT_NOT_GRANTED", Some(Capability::Environment);
    /// `context.read` does not name the variable or output.
    ContextReadNotGranted = "CONTEXT_READ_NOT_GRANTED", Some(Capability::Context);
    /// `context.write` does not name the variable.
    ContextWriteNotGranted = "CONTEXT_WRITE_NOT_GRANTED", Some(Capability::Context);
    /// `locks.names` does not name the lock.
    LockNotGranted = "LOCK_NOT_GRANTED", Some(Capability::Locks);
    /// `deny.locks` names the lock.
    LockDenied = "LOCK_DENIED", Some(Capability::Locks);
    /// `worker.functions` does not name the function.
    WorkerNotGranted = "WORKER_NOT_GRANTED", Some(Capability::Worker);
}

/// Joins the lines of a doc comment into one text.
pub(super) fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}
