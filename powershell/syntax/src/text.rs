//! Shared texts, and their lengths.

use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

/// Returns the length in UTF-16 units.
#[inline]
pub fn utf16_len(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// A shared text. An append changes it in place when it has one owner.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Str(Rc<String>);

impl Str {
    #[inline]
    pub fn push_str(&mut self, more: &str) {
        Rc::make_mut(&mut self.0).push_str(more);
    }

    /// Returns the length in UTF-16 units, as .NET counts it.
    #[inline]
    pub fn utf16_len(&self) -> usize {
        utf16_len(&self.0)
    }
}

impl Deref for Str {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Str {
    #[inline]
    fn from(text: &str) -> Self {
        Self(Rc::new(text.to_owned()))
    }
}

impl From<String> for Str {
    #[inline]
    fn from(text: String) -> Self {
        Self(Rc::new(text))
    }
}

impl fmt::Display for Str {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Str {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}
