//! What a step may do. Deny by default; the smallest of four opinions wins.
//!
//! The threat: a step, or a job file, that takes more than the operator meant to give. So a grant is the
//! operator's policy, narrowed by the job's and the step's own `policy`, narrowed by what the component
//! asks for, under a ceiling that is compiled in. Only [`decide`] makes a [`Grant`]; nothing widens one.

mod decide;
mod file;
mod grant;
mod http;
mod limits;
mod path;
mod refusal;
mod variables;

pub use decide::{PolicySet, Request, decide};
pub use file::{Access, ContextRule, Deny, FileRule, Grants, LogRule, Policy, ProcessRule, SqlMode, SqlRule};
pub use grant::{Counted, Decided, Grant, HttpGrant, MountGrant, MountSource, ProcessGrant, SqlGrant};
pub use http::{HttpRequest, HttpRule, Inject, is_public, overrides};
pub use limits::{Limits, LimitsPatch, Profile};
pub use refusal::{Denial, Shortfall};
