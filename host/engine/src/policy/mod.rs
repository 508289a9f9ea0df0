//! What a step may do. Deny by default; the smallest of four opinions wins.
//!
//! The threat: a step, or a job file, that takes more than the operator meant to give. So a grant is the
//! operator's policy, narrowed by the job's and the step's own `policy`, narrowed by what the component
//! asks for, under a ceiling that is compiled in. Only [`decide`] makes a [`Grant`]; nothing widens one.

pub mod capability;
mod decide;
mod file;
mod grant;
mod limits;
mod refusal;
mod rule;

pub use capability::{
    Access, Capability, ContextRule, Counted, Decided, FileRule, HttpGrant, HttpRequest, HttpRule, Inject,
    MountGrant, MountSource, ProcessGrant, ProcessRule, SqlGrant, SqlMode, SqlRule, is_public, overrides,
};
pub use decide::{PolicySet, Request, decide};
pub use file::{Deny, Grants, LogRule, Policy};
pub use grant::Grant;
pub use limits::{Limits, LimitsPatch, Profile};
pub use refusal::{Denial, Shortfall};
pub use rule::Rule;
