//! Secrets in a file at the place of a reference to one: no message and no snippet shows them.

/// Keys whose values are secrets, or references to secrets.
const KEYS: [&str; 6] = ["password", "pat", "client_secret", "secret", "token", "api_key"];
/// The key of a map of secrets.
const MAP: &str = "secrets";

/// Parts of names whose values no view of a configuration shows.
const NAMES: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "authorization",
    "credential",
    "cookie",
    "privatekey",
    "connectionstring",
];

/// Returns whether a name probably belongs to a secret: its last word, or its last two, match.
pub fn is_secret_name(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let plain = plain.strip_suffix('s').unwrap_or(&plain);
    plain == "pat" || NAMES.iter().any(|secret| plain.ends_with(secret))
}

/// The expected value at the place of a secret.
pub(super) const EXPECTED: &str =
    "must say where the secret comes from: env:NAME, file:PATH or store:NAME (its value is not shown)";

/// Returns a message about a value that must be a number, such as the token of a lock, without the value.
pub(super) fn of_number(message: &str) -> Option<&str> {
    let (expected, _) = message.split_once(", not ").or_else(|| message.split_once(", and "))?;
    let bounds = ["whole number", "must be at least", "must be at most"];
    bounds.iter().any(|bound| expected.contains(bound)).then_some(expected)
}

/// Returns whether the value at a pointer may be a secret.
pub(super) fn is_at(pointer: &str) -> bool {
    let mut keys = pointer.rsplit('/');
    let last = keys.next().unwrap_or_default();
    KEYS.contains(&last) || keys.next() == Some(MAP)
}

/// Replaces each secret in a line with the same number of asterisks, so that the columns do not change.
pub(super) fn masked(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, key_and_rest)) = next_key(rest) {
        shown.push_str(before);
        let end = key_and_rest.find(':').map_or(key_and_rest.len(), |colon| colon + 1);
        let (key, after) = key_and_rest.split_at(end);
        shown.push_str(key);
        let value_at = after.len() - after.trim_start().len();
        let (space, after) = after.split_at(value_at);
        shown.push_str(space);
        let value_end = after.find([',', '}']).unwrap_or(after.len());
        let (value, after) = after.split_at(value_end);
        let bare = value.trim_start_matches(['"', '\'']);
        match ["env:", "file:", "store:"].iter().any(|kind| bare.starts_with(kind)) {
            true => shown.push_str(value),
            false => shown.extend(value.chars().map(|c| if c.is_whitespace() { c } else { '*' })),
        }
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// Returns the text before the next such key, and the rest from the key on.
fn next_key(text: &str) -> Option<(&str, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let starts = KEYS.iter().flat_map(|key| text.match_indices(key).map(|(at, _)| (at, key.len())));
    let is_key = |(at, length): &(usize, usize)| {
        let (before, after) =
            (text.get(..*at).unwrap_or_default(), text.get(at + length..).unwrap_or_default());
        let colon = after.trim_start_matches(['"', '\'']).trim_start().starts_with(':');
        colon && !before.ends_with(is_word)
    };
    let (at, _) = starts.filter(is_key).min()?;
    Some(text.split_at(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_references_are_not() {
        for (line, shown) in [
            ("  password: hunter2", "  password: *******"),
            ("{\"password\": \"hun ter\", \"user\": \"u\"}", "{\"password\": **** ****, \"user\": \"u\"}"),
            ("w: {password: 'env:PG', pat: abc}", "w: {password: 'env:PG', pat: ***}"),
            ("path: /x, pattern: y", "path: /x, pattern: y"),
            ("a password is", "a password is"),
        ] {
            assert_eq!(masked(line), shown);
        }
        for (pointer, secret) in [
            ("/connections/w/password", true),
            ("/secrets/token", true),
            ("/secrets", false),
            ("/azure_devops/organizations/c/pat", true),
            ("/connections/w/path", false),
        ] {
            assert_eq!(is_at(pointer), secret, "{pointer}");
        }
    }
}
