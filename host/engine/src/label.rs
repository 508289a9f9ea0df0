//! Names that people choose and that logs, tables and terminals show.

/// The beginnings of identities in logs and in lists of approvers. A name that begins like one could be taken
/// for it.
const RESERVED: [&str; 6] = ["role:", "user:", "group:", "key:", "command:", "node:"];

/// Returns why a text cannot be a name: it has characters that control a terminal or reorder text, or white
/// space at an end, which no reader sees.
pub fn problem(name: &str) -> Option<String> {
    if let Some(found) = name.chars().find(|c| is_hidden(*c)) {
        return Some(format!(
            "must not contain the character U+{:04X}, which controls how text is shown",
            u32::from(found)
        ));
    }
    (name.trim() != name).then(|| "must not begin or end with white space".to_owned())
}

/// As [`problem`], for the name of a person, a key or another identity.
pub fn identity_problem(name: &str) -> Option<String> {
    if let Some(reserved) = RESERVED.iter().find(|reserved| begins_with(name, reserved)) {
        return Some(format!("must not begin with `{reserved}`, with which other identities begin"));
    }
    problem(name)
}

/// Returns a name that another system chose, with a mark in place of each character that no reader sees.
pub fn shown(name: &str) -> String {
    name.trim().chars().map(|c| if is_hidden(c) { '\u{fffd}' } else { c }).collect()
}

fn begins_with(name: &str, reserved: &str) -> bool {
    name.get(..reserved.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(reserved))
}

/// Returns whether a character controls a terminal, reorders text, or has neither width nor effect.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_a_reader_sees() {
        for (name, word) in [
            ("\u{1b}[31mred", "U+001B"),
            ("a\nb", "U+000A"),
            ("a\u{0}b", "U+0000"),
            ("\u{202e}gpj", "U+202E"),
            ("a\u{200b}b", "U+200B"),
            ("a\u{9b}", "U+009B"),
            (" a", "white space"),
            ("a\u{a0}", "white space"),
            ("role:admin", "`role:`"),
            ("Key:first", "`key:`"),
            ("command:root@x", "`command:`"),
        ] {
            let found = identity_problem(name);
            assert!(found.as_ref().is_some_and(|why| why.contains(word)), "{name:?}: {found:?}");
        }
        for name in ["", "ci", "Anna Müller", "build (Linux)", "a: b", "keys", "日本"] {
            assert_eq!(identity_problem(name), None, "{name:?}");
        }
        assert_eq!(problem("role:admin"), None);
        assert_eq!(shown(" a\u{1b}[31m\u{202e}b\n"), "a\u{fffd}[31m\u{fffd}b");
    }
}
