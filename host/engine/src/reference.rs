//! The step types that jobs and policies name: `acme/invoice`, with a version (`acme/invoice@1.2`), or with
//! the digest of a component (`acme/invoice@sha256:...`).

use std::cmp::Ordering;

use semver::Version;

/// A reference to a step type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRef<'a> {
    /// The type without its version.
    pub type_name: &'a str,
    /// The component of that type.
    pub wanted: Wanted<'a>,
}

/// The component that a reference selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// The active component.
    Active,
    /// The newest component of that major version.
    Major(u64),
    /// The newest component of that minor version.
    Minor(u64, u64),
    /// The component of exactly that version.
    Exact(Version),
    /// The component with that digest: `sha256:` and 64 hexadecimal digits.
    Digest(&'a str),
}

/// Returns the type of a reference, with or without a version.
pub fn type_of(reference: &str) -> &str {
    reference.split_once('@').map_or(reference, |(name, _)| name)
}

impl<'a> StepRef<'a> {
    /// Reads a reference.
    ///
    /// # Errors
    /// Fails when the text after `@` is neither a version nor a digest.
    pub fn parse(reference: &'a str) -> Result<Self, String> {
        let Some((type_name, said)) = reference.split_once('@') else {
            return Ok(Self { type_name: reference, wanted: Wanted::Active });
        };
        let wanted = wanted(said).ok_or_else(|| {
            format!(
                "`{said}` is neither a version nor a digest: after `@` write a version (1, 1.2 or 1.2.3), or `sha256:` and 64 hexadecimal digits"
            )
        })?;
        Ok(Self { type_name, wanted })
    }

    /// Returns whether the reference selects a component of this type with this version and digest. Without a
    /// version, it selects any.
    pub fn matches(&self, version: &str, digest: &str) -> bool {
        let plain = || Version::parse(version).ok().filter(|version| version.pre.is_empty());
        match &self.wanted {
            Wanted::Active => true,
            Wanted::Digest(wanted) => *wanted == digest,
            Wanted::Major(major) => plain().is_some_and(|found| found.major == *major),
            Wanted::Minor(major, minor) => {
                plain().is_some_and(|found| (found.major, found.minor) == (*major, *minor))
            }
            Wanted::Exact(wanted) => Version::parse(version).is_ok_and(|found| {
                let built = wanted.build.is_empty() || wanted.build == found.build;
                built && wanted.cmp_precedence(&found) == Ordering::Equal
            }),
        }
    }

    /// Returns how specific the reference is: a digest is more specific than a full version, and a full
    /// version more than a part of one.
    pub(crate) fn precision(&self) -> u8 {
        match self.wanted {
            Wanted::Active => 0,
            Wanted::Major(_) => 1,
            Wanted::Minor(..) => 2,
            Wanted::Exact(_) => 3,
            Wanted::Digest(_) => 4,
        }
    }
}

fn wanted(said: &str) -> Option<Wanted<'_>> {
    if let Some(hex) = said.strip_prefix("sha256:") {
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        return (hex.len() == 64 && hex.bytes().all(digit)).then_some(Wanted::Digest(said));
    }
    let number = |text: &str| {
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|_| plain && (text == "0" || !text.starts_with('0')))
    };
    match said.split('.').collect::<Vec<_>>().as_slice() {
        [major] => number(major).map(Wanted::Major),
        [major, minor] => Some(Wanted::Minor(number(major)?, number(minor)?)),
        _ => Version::parse(said).ok().map(Wanted::Exact),
    }
}

/// Compares versions by their precedence. A text that is not a version comes before every version.
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    match (Version::parse(a), Version::parse(b)) {
        (Ok(a), Ok(b)) => a.cmp_precedence(&b),
        (a, b) => a.is_ok().cmp(&b.is_ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    #[test]
    fn a_reference_means_the_versions_that_it_begins() {
        for (wanted, version, meant) in [
            ("a/b", "1.2.3", true),
            ("a/b@1", "1.2.3", true),
            ("a/b@1", "2.0.0", false),
            ("a/b@1", "1.3.0-beta", false),
            ("a/b@1.2", "1.2.0", true),
            ("a/b@1.2", "1.20.0", false),
            ("a/b@1.2.3", "1.2.3", true),
            ("a/b@1.2.3", "1.2.30", false),
            ("a/b@1.2.3", "1.2.3+build.5", true),
            ("a/b@1.2.3+build.6", "1.2.3+build.5", false),
            ("a/b@1.3.0-beta", "1.3.0-beta", true),
            ("a/b@0", "0.1.0", true),
            ("a/b@1", "yesterday", false),
        ] {
            assert_eq!(StepRef::parse(wanted).unwrap().matches(version, DIGEST), meant, "{wanted} {version}");
        }
        let by_digest = format!("a/b@{DIGEST}");
        assert!(StepRef::parse(&by_digest).unwrap().matches("yesterday", DIGEST));
        assert!(!StepRef::parse(&by_digest).unwrap().matches("1.0.0", "sha256:bb"));
    }

    #[test]
    fn what_is_no_version_is_refused_with_what_would_be_one() {
        for wrong in ["a@", "a@v1", "a@latest", "a@1.", "a@1.x", "a@01", "a@1.2.3.4", "a@sha256:AB", "a@^1"] {
            let error = StepRef::parse(wrong).unwrap_err();
            assert!(error.contains("write a version (1, 1.2 or 1.2.3)"), "{wrong}: {error}");
        }
    }

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(compare_versions("1.10.0", "1.9.0"), Ordering::Greater);
        assert_eq!(compare_versions("1.0.0-rc.1", "1.0.0"), Ordering::Less);
        assert_eq!(compare_versions("old", "0.0.1"), Ordering::Less);
    }
}
