//! Texts that hold tokens, behind types that no error, log or debug output can show.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// A text with a secret: the clone URL of a repository, which Atlantis stores with a live token, or a password.
///
/// [`super::ProjectLock::parse`] drops the clone URL. A caller that writes a lock for Atlantis sets it again.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Hidden(Zeroizing<String>);

impl Hidden {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// True for a text that the parser dropped, or that was never set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, for the writer of JSON and for the login only.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "<none>" } else { "<hidden>" })
    }
}

/// The bytes of a value as a store holds them, with the tokens in it.
///
/// A lock that moves from one store to another moves with these bytes, so that it arrives byte-equal. They can be
/// compared and counted, but not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct RawValue(Arc<Zeroizing<Vec<u8>>>);

impl RawValue {
    /// Hides the bytes of a value.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Arc::new(Zeroizing::new(bytes.into())))
    }

    /// The number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True for a value without bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes, tokens included: write them to a store of Atlantis, and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for RawValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} hidden bytes>", self.len())
    }
}
