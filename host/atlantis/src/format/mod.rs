//! The formats of Atlantis: the keys and the JSON of its locks and pull requests.

mod go_time;
mod hidden;
mod key;
mod listing;
mod lock;
mod pull;
mod read;
mod write;

pub use go_time::GoTime;
pub use hidden::{Hidden, RawValue};
pub use key::{Identity, IllegalName, KeyForm, command_key, escaped_glob, pull_key};
pub use listing::locks_json;
pub use lock::{CommandLock, CommandName, Project, ProjectLock, Pull, Repo, User, VcsHost};
pub use pull::{PlanStatus, PolicySetApproval, PolicySetStatus, ProjectStatus, PullStatus};
pub use read::{FormatError, MAX_VALUE_BYTES};
