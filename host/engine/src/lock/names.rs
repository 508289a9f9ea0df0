//! Names of locks, and owners of tickets.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::LockError;
use super::limits::{ACTOR_BYTES, NAME_BYTES, SESSION_BYTES};
use crate::label;

/// The name of a lock within its project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Arc<str>);

impl Name {
    /// Checks a name.
    ///
    /// # Errors
    /// Fails with [`LockError::InvalidName`] when the text is empty or too long, contains `..`, or has characters
    /// that a reader does not see.
    pub fn new(text: &str) -> Result<Self, LockError> {
        match problem(text) {
            Some(why) => Err(LockError::InvalidName { name: shown(text), why }),
            None => Ok(Self(text.into())),
        }
    }

    /// Returns the text of the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn problem(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("must not be empty".to_owned());
    }
    if text.len() > NAME_BYTES {
        return Some(format!("has {} bytes, and a name has at most {NAME_BYTES}", text.len()));
    }
    if text == "." {
        return Some("must not be `.`, which addresses leave out".to_owned());
    }
    if text.contains("..") {
        return Some("must not contain `..`, which programs read as a parent directory".to_owned());
    }
    label::problem(text)
}

/// Returns a text for a message: without hidden characters, and not longer than a name.
pub(super) fn shown(text: &str) -> String {
    let mut text = label::shown(text);
    crate::shorten(&mut text, NAME_BYTES);
    text
}

impl TryFrom<String> for Name {
    type Error = LockError;

    fn try_from(text: String) -> Result<Self, LockError> {
        Self::new(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The owner of a ticket.
///
/// Locks of one session belong together: a session that waits releases none of its locks, which is what a deadlock
/// consists of. A part is a place within the session. The whole session, with an empty part, ends after all its
/// parts, and a step of a run ends after the steps within it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// The identity of the actor: `run:ID`, `key:ID`, `user:ISSUER/SUB` or `command:USER@MACHINE`.
    pub actor: String,
    /// The session, chosen by the client or named after the first ticket. Of a run: its id.
    pub session: String,
    /// The part of the session: the path of a step, or empty for all of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub part: String,
}

impl Owner {
    /// Creates the owner of a whole session.
    pub fn new(actor: &str, session: &str) -> Self {
        Self { actor: actor.to_owned(), session: session.to_owned(), part: String::new() }
    }

    /// Creates the owner of a part of a session.
    pub fn part(actor: &str, session: &str, part: &str) -> Self {
        Self { part: part.to_owned(), ..Self::new(actor, session) }
    }

    /// Returns whether the other owner is this one, or a part of it.
    pub fn covers(&self, other: &Self) -> bool {
        let within = |rest: &str| rest.is_empty() || rest.starts_with(['/', '.', '[']);
        self.actor == other.actor
            && self.session == other.session
            && (self.part.is_empty() || other.part.strip_prefix(&self.part).is_some_and(within))
    }

    pub(super) fn party(&self) -> Party {
        (self.actor.clone(), self.session.clone())
    }

    pub(super) fn check(&self) -> Result<(), LockError> {
        for (field, text, most) in [
            ("actor", &self.actor, ACTOR_BYTES),
            ("session", &self.session, SESSION_BYTES),
            ("part", &self.part, SESSION_BYTES),
        ] {
            let found = match text.len() > most {
                true => Some(format!("has {} bytes, and the limit is {most}", text.len())),
                false => label::problem(text),
            };
            let found = found
                .or_else(|| (field == "actor" && text.is_empty()).then(|| "must not be empty".to_owned()));
            if let Some(why) = found {
                return Err(LockError::Invalid { field, why });
            }
        }
        Ok(())
    }
}

/// Shows an owner as a message names it: `run:exec_1`, or `run:exec_1 (load)`.
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.actor)?;
        if self.part.is_empty() { Ok(()) } else { write!(f, " ({})", self.part) }
    }
}

/// An actor and one of its sessions.
pub type Party = (String, String);

/// The mode of a lock.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Mode {
    /// One holder, for writers.
    Exclusive,
    /// Any number of holders, and no exclusive one, for readers.
    Shared,
}

impl Mode {
    /// Returns whether the two modes exclude each other.
    pub fn conflicts(self, other: Self) -> bool {
        self == Self::Exclusive || other == Self::Exclusive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_a_reader_sees_and_no_path_upwards() {
        for name in ["deploy-prod", "org/repo/./default/", "Umgebung Köln", "日本", "a.b", &"x".repeat(256)]
        {
            assert_eq!(Name::new(name).unwrap().as_str(), name);
        }
        for (name, why) in [
            ("", "must not be empty"),
            ("../etc", "must not contain `..`"),
            ("a/../b", "must not contain `..`"),
            ("a\nb", "U+000A"),
            ("a\u{0}", "U+0000"),
            ("\u{202e}a", "U+202E"),
            (" a", "white space"),
        ] {
            let error = Name::new(name).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
            assert!(!error.contains(['\n', '\u{0}', '\u{202e}']), "{error}");
        }
        let long = Name::new(&"n".repeat(10 << 10)).unwrap_err().to_string();
        assert!(long.contains("has 10240 bytes") && long.len() < 500, "{long}");
        assert!(serde_json::from_str::<Name>("\"a..b\"").is_err());
    }

    #[test]
    fn an_owner_covers_its_parts() {
        let whole = Owner::new("run:1", "1");
        let step = |part| Owner::part("run:1", "1", part);
        for (owner, other, expected) in [
            (&whole, step("load"), true),
            (&step("each"), step("each[3].load"), true),
            (&step("each[3]"), step("each[3].load"), true),
            (&step("each[3]"), step("each[31].load"), false),
            (&step("load"), step("loads"), false),
            (&step("load"), whole.clone(), false),
            (&whole, Owner::new("run:1", "2"), false),
            (&whole, Owner::new("run:2", "1"), false),
        ] {
            assert_eq!(owner.covers(&other), expected, "{owner} {other}");
        }
    }
}
