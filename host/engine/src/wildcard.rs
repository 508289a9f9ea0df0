//! Patterns in which `*` stands for any text, and every other character for itself.

/// Returns whether the pattern matches the whole text, in a time that is linear in both lengths.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text_and_nothing_else_is_special() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "a/b\nc", true),
            ("**", "a", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("a", "A", false),
            ("a*", "a", true),
            ("*a", "ba", true),
            ("*a", "ab", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("ab*ba", "aba", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*c*e", "abcd", false),
            ("*ab", "aab", true),
            ("*aab*b", "aaabb", true),
            ("*\u{e9}*", "caf\u{e9}s", true),
            ("a?[b]{c,d}\\", "a?[b]{c,d}\\", true),
            ("a?", "ab", false),
            ("[ab]", "a", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    /// The first match of each part is enough. A search for later matches would take exponential time here.
    #[test]
    fn many_stars_take_no_longer_than_their_texts() {
        assert!(!matches(&"a*".repeat(1_000), &"a".repeat(999)));
        assert!(matches(&"a*".repeat(1_000), &"a".repeat(1_000)));
        assert!(!matches(&format!("{}b", "*a".repeat(500)), &"a".repeat(5_000)));
    }
}
