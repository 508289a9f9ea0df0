//! What was decided: a grant, and what it answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::capability::{Granted, HttpGrant, MountGrant, ProcessGrant, SqlGrant};
use super::limits::{Limits, Profile};
use super::refusal::Whose;
use crate::quantity::Span;

/// What one attempt may do. Made by [`super::decide`] alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grant {
    pub(super) component: String,
    pub(super) policy: String,
    pub(super) profile: Profile,
    pub(super) limits: Limits,
    #[serde(flatten)]
    pub(super) granted: Granted,
    /// Whose grant it is, for refusals.
    #[serde(skip)]
    pub(super) whose: Whose,
    /// Where the profile and each limit come from; not part of the digest.
    #[serde(skip)]
    pub(super) trace: Vec<(String, String)>,
    #[serde(skip)]
    pub(super) digest: String,
}

impl Grant {
    /// A grant of nothing, for calls that must be pure. A component that has many tables and instances needs them to be
    /// instantiated at all, so their limits are the ceiling; memory has the limit of `large`.
    pub fn nothing() -> Self {
        Self {
            component: String::new(),
            policy: String::new(),
            profile: Profile::Large,
            limits: Limits {
                memory: Limits::LARGE.memory,
                memories: Limits::CEILING.memories,
                tables: Limits::CEILING.tables,
                table_elements: Limits::CEILING.table_elements,
                instances: Limits::CEILING.instances,
                wall: Span::secs(10),
                ..Limits::STANDARD
            },
            granted: Granted::default(),
            whose: Whose::default(),
            trace: Vec::new(),
            digest: String::new(),
        }
    }

    /// `sha256:...` of the component that it is for.
    pub fn component(&self) -> &str {
        &self.component
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The same grant with these limits, where they are smaller.
    #[must_use]
    pub fn within(self: &Arc<Self>, limits: &Limits) -> Arc<Self> {
        let limits = self.limits.min(limits);
        if limits == self.limits {
            return self.clone();
        }
        Arc::new(Self { limits, ..Self::clone(self) })
    }

    /// The profile that the limits started from.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The HTTP requests.
    pub fn http(&self) -> &HttpGrant {
        &self.granted.http
    }

    /// The connections, by name.
    pub fn sql(&self) -> &BTreeMap<String, SqlGrant> {
        &self.granted.sql
    }

    /// The directories.
    pub fn files(&self) -> &[MountGrant] {
        &self.granted.files
    }

    /// The programs, by name.
    pub fn process(&self) -> &BTreeMap<String, ProcessGrant> {
        &self.granted.process
    }

    /// The variables of the environment.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.granted.environment
    }

    /// Whether the step may see `name`: a variable, or `steps.ID` for an output.
    pub fn may_read(&self, name: &str) -> bool {
        let layers = &self.granted.context;
        !layers.is_empty() && layers.iter().all(|layer| layer.names("read", name))
    }

    /// Whether the step may set the variable.
    pub fn may_write(&self, name: &str) -> bool {
        let layers = &self.granted.context;
        !layers.is_empty() && layers.iter().all(|layer| layer.names("write", name))
    }

    /// The policy that it comes from.
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// Name and value of each part that is not a limit, for `policy show`. All come from the policy.
    pub fn parts(&self) -> Vec<(String, String)> {
        self.granted.parts()
    }

    /// Name and origin of the profile and of each limit, for `policy show`.
    pub fn trace(&self) -> &[(String, String)] {
        &self.trace
    }

    /// `sha256:...` of everything that the grant says, for the receipt.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The grant with its digest, which costs more than anything else about it.
    pub(super) fn sealed(mut self) -> Self {
        let json = serde_json::to_vec(&self).unwrap_or_default();
        self.digest = format!("sha256:{}", hex(&Sha256::digest(json)));
        self
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
