//! The permissions of a step. The default is to deny, and the smallest of four opinions applies.
//!
//! The threat: a step, or a job file, takes more than the operator meant to give. So a grant is the
//! operator's policy, narrowed by the `policy` of the job and of the step, narrowed by the needs of the
//! component, under a compiled-in ceiling. Only [`decide`] makes a [`Grant`]; nothing widens one.

pub mod capability;
mod decide;
mod file;
mod grant;
mod limits;
mod refusal;
mod rule;

pub use capability::{
    Access, Capability, ContextRule, Counted, Decided, FileRule, HttpGrant, HttpRequest, HttpRule, Inject,
    LockRule, MountGrant, MountSource, ProcessGrant, ProcessRule, SqlGrant, SqlMode, SqlRule, is_public,
    overrides,
};
pub use decide::{PolicySet, Request, decide, decide_engine_step, decide_locks};
pub use file::{Deny, Grants, LogRule, Origin, Policy};
pub use grant::Grant;
pub use limits::{Limits, LimitsPatch, Profile};
pub use refusal::{Denial, Shortfall};
pub use rule::Rule;
