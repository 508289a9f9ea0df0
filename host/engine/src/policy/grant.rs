//! The result of the decision: a grant, and the questions that it answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::capability::{ContextRule, Granted, HttpGrant, MountGrant, ProcessGrant, SqlGrant};
use super::limits::{Limits, Profile};
use super::refusal::Whose;
use crate::quantity::Span;

/// The capabilities and limits of one attempt. Only [`super::decide`] makes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grant {
    pub(super) component: String,
    pub(super) policy: String,
    pub(super) profile: Profile,
    pub(super) limits: Limits,
    #[serde(flatten)]
    pub(super) granted: Granted,
    /// The subject of the grant, for denials.
    #[serde(skip)]
    pub(super) whose: Whose,
    /// The origin of the profile and of each limit. Not part of the digest.
    #[serde(skip)]
    pub(super) trace: Vec<(String, String)>,
    #[serde(skip)]
    pub(super) digest: String,
}

impl Grant {
    /// Returns a grant of nothing, for calls that must be pure. Instances and tables have the limits of the ceiling,
    /// because a component may need them to be instantiated at all; memory has the limit of `large`.
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

    /// Returns the digest of the component that the grant is for: `sha256:...`.
    pub fn component(&self) -> &str {
        &self.component
    }

    /// Returns the limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns the grant with each limit reduced to the given one.
    #[must_use]
    pub fn within(self: &Arc<Self>, limits: &Limits) -> Arc<Self> {
        let limits = self.limits.min(limits);
        if limits == self.limits {
            return self.clone();
        }
        Arc::new(Self { limits, ..Self::clone(self) })
    }

    /// Returns the profile that the limits started from.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Returns the HTTP requests.
    pub fn http(&self) -> &HttpGrant {
        &self.granted.http
    }

    /// Returns the connections by name.
    pub fn sql(&self) -> &BTreeMap<String, SqlGrant> {
        &self.granted.sql
    }

    /// Returns the directories.
    pub fn files(&self) -> &[MountGrant] {
        &self.granted.files
    }

    /// Returns the programs by name.
    pub fn process(&self) -> &BTreeMap<String, ProcessGrant> {
        &self.granted.process
    }

    /// Returns the environment variables.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.granted.environment
    }

    /// Returns whether the step may see `name`: a variable, or `steps.ID` for an output.
    pub fn may_read(&self, name: &str) -> bool {
        let layers = &self.granted.context;
        !layers.is_empty() && layers.iter().all(|layer| layer.names("read", name))
    }

    /// Returns whether the step may set the variable.
    pub fn may_write(&self, name: &str) -> bool {
        ContextRule::may_write(&self.granted.context, name)
    }

    /// Returns the rules about variables, all of which an access needs.
    pub fn context(&self) -> &[ContextRule] {
        &self.granted.context
    }

    /// Returns the policy that the grant comes from.
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// Returns the name and value of each part that is not a limit, for `policy show`. All come from
    /// the policy.
    pub fn parts(&self) -> Vec<(String, String)> {
        self.granted.parts()
    }

    /// Returns the name and origin of the profile and of each limit, for `policy show`.
    pub fn trace(&self) -> &[(String, String)] {
        &self.trace
    }

    /// Returns the digest of the whole grant, for the receipt: `sha256:...`.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Adds the digest to the grant, which costs more than any other part.
    pub(super) fn sealed(mut self) -> Self {
        let json = serde_json::to_vec(&self).unwrap_or_default();
        self.digest = format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(json)));
        self
    }
}
