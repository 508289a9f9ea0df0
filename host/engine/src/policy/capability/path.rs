//! Paths of requests, and patterns for them.

/// Returns whether the pattern allows the path of a request.
pub(super) fn path_matches(pattern: &str, path: &str) -> bool {
    // A server may read `/a/../b`, `/a/%2e%2e/b`, `/a/..;/b` or `/a/%252e%252e/b` as `/b`, so no pattern
    // grants such a path. Other sequences that servers decode, cut or join are granted only if the policy
    // contains them literally.
    let lower = path.to_ascii_lowercase();
    if lower.split('/').any(is_dots) || separator(&lower).is_some() {
        return false;
    }
    if ambiguous(&lower).is_some() {
        return path == pattern;
    }
    match pattern.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => path == pattern,
    }
}

/// Returns whether some server reads a part of a lower-case path as `.` or `..`: decoded, with other
/// characters that stand for dots, and without spaces and control characters, which some servers cut off.
fn is_dots(part: &str) -> bool {
    let name = part.split([';', '\0']).next().unwrap_or_default();
    let decoded: Vec<u8> = percent_encoding::percent_decode_str(name).collect();
    let text = String::from_utf8_lossy(&decoded);
    let plain = |c: char| match c {
        // One dot leader, small full stop, full-width full stop.
        '\u{2024}' | '\u{fe52}' | '\u{ff0e}' => Some('.'),
        // Two dot leader.
        '\u{2025}' => Some('\u{2025}'),
        c if c.is_whitespace() || c.is_control() => None,
        c => Some(c),
    };
    let name: String = text.chars().filter_map(plain).collect();
    matches!(name.as_str(), "." | ".." | "\u{2025}")
}

/// Returns the part of a name that some server reads as `/`.
fn separator(lower: &str) -> Option<&'static str> {
    // The last three are `/`, `\` and a fraction slash in full width or similar.
    ["%2f", "%5c", "\\", "%ef%bc%8f", "%ef%bc%bc", "%e2%81%84", "%e2%88%95"]
        .into_iter()
        .find(|text| lower.contains(text))
}

/// Returns the first sequence that servers read in different ways.
fn ambiguous(lower: &str) -> Option<&'static str> {
    let control = |at: usize| lower.get(at + 1..at + 3).is_some_and(|hex| hex < "20" || hex == "7f");
    let text = ["//", ";", "\0", "%25", "%3b"].into_iter().find(|text| lower.contains(text));
    text.or_else(|| lower.match_indices('%').any(|(at, _)| control(at)).then_some("%00"))
        .or_else(|| lower.contains("%u").then_some("%u"))
        .or_else(|| is_not_utf8(lower).then_some("bytes that are not UTF-8"))
}

/// Returns whether a path decodes to bytes that are not UTF-8, such as the longer forms of ASCII characters
/// that some servers accept.
fn is_not_utf8(path: &str) -> bool {
    percent_encoding::percent_decode_str(path).decode_utf8().is_err()
}

/// Returns why a pattern is invalid or matches no request, and the fix.
pub(super) fn path_problem(pattern: &str) -> Option<String> {
    if !pattern.starts_with('/') {
        return Some(format!("the path `{pattern}` must start with `/`"));
    }
    let (text, star) = match pattern.strip_suffix('*') {
        Some(text) => (text, true),
        None => (pattern, false),
    };
    if text.contains('*') {
        return Some(format!("the path `{pattern}` may have one `*`, at its end"));
    }
    let none = |why: String| Some(format!("the path `{pattern}` matches no request: {why}"));
    if let Some(found) = text.chars().find(|c| matches!(c, '?' | '#') || c.is_whitespace() || c.is_control())
    {
        return none(match found {
            '?' | '#' => format!("leave out what begins with `{found}`; a policy compares the path alone"),
            found => format!("write {found:?} as a request has it, for instance `%20` for a space"),
        });
    }
    let lower = text.to_ascii_lowercase();
    let mut parts: Vec<&str> = lower.split('/').collect();
    if star {
        // The rest of this part is open: `/.*` is for `/.well-known`.
        parts.pop();
    }
    if parts.into_iter().any(is_dots) {
        return none(
            "requests with `.` or `..` as a part of their path are refused; write the path that is meant"
                .to_owned(),
        );
    }
    if let Some(found) = separator(&lower) {
        return none(format!("requests with `{found}` in their path are refused; write the path without it"));
    }
    if text.len() > 1 && text.trim_matches('/').is_empty() {
        return none(format!("write `/{}`", if star { "*" } else { "" }));
    }
    match ambiguous(&lower).filter(|_| star) {
        Some(found) => {
            none(format!("`{found}` is allowed in whole paths only, without `*` at the end: write each path"))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_matches_no_request_is_refused_with_the_fix() {
        for (pattern, problem) in [
            ("v1", "must start with `/`"),
            ("", "must start with `/`"),
            ("/*/a", "one `*`"),
            ("/a**", "one `*`"),
            ("/a/../b", "write the path that is meant"),
            ("/a/..", "write the path that is meant"),
            ("/./", "write the path that is meant"),
            ("/.", "write the path that is meant"),
            ("/a/%2E%2e/b", "write the path that is meant"),
            ("/a/..;x/b", "write the path that is meant"),
            ("/a/../*", "write the path that is meant"),
            ("/a%2Fb", "`%2f`"),
            ("/a%5cb", "`%5c`"),
            ("/a\\b", "`\\`"),
            ("//", "write `/`"),
            ("///", "write `/`"),
            ("//*", "write `/*`"),
            ("/a//b*", "without `*`"),
            ("/a;x*", "without `*`"),
            ("/a%25*", "without `*`"),
            ("/a%0a*", "without `*`"),
            ("/a?x=1", "begins with `?`"),
            ("/a#b", "begins with `#`"),
            ("/a b", "`%20`"),
            ("/a\t", "as a request has it"),
        ] {
            let found = path_problem(pattern).unwrap_or_default();
            assert!(found.contains(problem), "{pattern}: {found}");
        }
    }

    #[test]
    fn a_path_that_some_server_reads_otherwise_matches_no_open_pattern() {
        for path in [
            "/open/../x",
            "/open/%2e%2E/x",
            "/open/..;a/x",
            "/open/..%2fx",
            "/open/%252e/x",
            "/open/%c0%ae%c0%ae/x",
            "/open/..%c0%afx",
            "/open/%u002e%u002e/x",
            "/open/%EF%BC%8E%ef%bc%8e/x",
            "/open/%E2%80%A5/x",
            "/open/.%20./x",
            "/open/%20../x",
            "/open/..%09/x",
            "/open/a%EF%BC%8Fb",
            "/open/%ff",
            "/open//x",
        ] {
            assert!(!path_matches("/open/*", path), "{path}");
        }
        for path in ["/open/a%20b", "/open/b%C3%BCcher", "/open/a..b", "/open/...", "/open/.well-known"] {
            assert!(path_matches("/open/*", path), "{path}");
        }
    }

    /// Every accepted pattern matches something.
    #[test]
    fn a_pattern_that_is_accepted_matches_a_request() {
        for (pattern, path) in [
            ("/", "/"),
            ("/*", "/a"),
            ("/a/b", "/a/b"),
            ("/a*", "/abc/d"),
            ("/.*", "/.well-known"),
            ("/a/..*", "/a/..b"),
            ("/.well-known/x", "/.well-known/x"),
            ("/a%20b", "/a%20b"),
            ("/a//b", "/a//b"),
            ("/a;v=1", "/a;v=1"),
            ("/a%25b", "/a%25b"),
            ("/b\u{fc}cher", "/b\u{fc}cher"),
        ] {
            assert_eq!(path_problem(pattern), None, "{pattern}");
            assert!(path_matches(pattern, path), "{pattern} {path}");
        }
    }
}
